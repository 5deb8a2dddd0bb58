//! The built program against the engine: what `bpmtop snapshot` and `bpmtop doctor` print, and how they exit.

use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use reqwest::Url;
use serde_json::Value;

use super::bench::{Bench, SOON};
use super::diagrams::{accept, call, job, work_at_once};

async fn snapshot(url: Url, user: &str, password: &str) -> Result<Output> {
    printed(&["snapshot"], url, user, password).await
}

/// Runs a command of `bpmtop` with `--json` and no configuration but these.
pub async fn printed(what: &[&str], url: Url, user: &str, password: &str) -> Result<Output> {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_bpmtop"));
    command.args(what).args(["--json", url.as_str()]).env_clear().stdin(std::process::Stdio::null());
    if !user.is_empty() {
        command.env("BPMTOP_USER", user).env("BPMTOP_PASSWORD", password);
    }
    Ok(tokio::task::spawn_blocking(move || command.output()).await??)
}

fn admin(bench: &Bench) -> (String, String) {
    bench.target().admin.as_ref().map(|login| (login.user.clone(), login.password.clone())).unwrap_or_default()
}

pub async fn a_snapshot_holds_the_promised_fields_and_the_engines_counts(bench: Bench) -> Result<()> {
    let process = bench.failed("printed", 2).await?;
    let wire = bench.wire().await?;
    let (user, password) = admin(&bench);
    let output = snapshot(wire.url(), &user, &password).await?;
    ensure!(output.status.code() == Some(0), "{output:?}");
    let picture: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(picture["engine"]["version"] == bench.target().version.text.as_wire(), "{}", picture["engine"]);
    picture["taken_at"].as_str().context("a time")?.parse::<jiff::Timestamp>()?;
    let kpi = |name: &str| picture["kpis"][name].as_u64().with_context(|| format!("no {name} in {}", picture["kpis"]));
    let incidents = bench.driver().count("/incident/count").await?;
    ensure!(kpi("incidents_root")? + kpi("incidents_blocked")? == incidents, "{incidents} in {}", picture["kpis"]);
    ensure!(kpi("jobs_failed")? == bench.driver().count("/job/count?noRetriesLeft=true").await?);
    ensure!(kpi("instances")? == bench.driver().count("/process-instance/count").await?);
    for name in ["jobs_retrying", "jobs_due", "external_tasks_locked", "external_tasks_expired", "external_tasks_failed"] {
        kpi(name)?;
    }
    let groups = picture["groups"].as_array().context("groups")?;
    let ours = groups.iter().find(|group| group["process_key"] == process.key.as_str()).context("our group")?;
    ensure!(ours["roots"] == 2 && ours["blocked"] == 0 && ours["incident_type"] == "failedJob" && ours["activity_id"] == "work", "{ours}");
    ensure!(ours["activity_name"] == "Name of work" && ours["process_name"] == format!("Name of {}", process.key), "{ours}");
    ensure!(ours["signatures"][0]["count"] == 2 && ours["versions"] == serde_json::json!([1]), "{ours}");
    let definitions = picture["job_definitions"].as_array().context("job definitions")?;
    ensure!(definitions.len() as u64 == bench.driver().count("/job-definition/count").await?);
    ensure!(picture["warnings"].is_array());
    ensure!(wire.seen().iter().all(|asked| asked.status.is_some_and(|status| status < 300)), "{:?}", wire.seen());
    Ok(())
}

pub async fn an_error_of_the_persistence_layer_tells_its_innermost_cause(bench: Bench) -> Result<()> {
    let too_long = job(
        "store",
        "${execution.setVariable('body', execution.id.concat(execution.id.replaceAll('.', execution.id.concat(execution.id).concat(execution.id).concat(execution.id))))}",
        "R1/PT0S",
    );
    let process = bench.deploy("store", [too_long]).await?;
    bench.start_failing(&process).await?;
    bench.driver().await_count(&format!("/incident/count?processDefinitionId={}", process.id.as_wire()), SOON, |count| count == 1).await?;
    let (user, password) = admin(&bench);
    let picture: Value = serde_json::from_slice(&snapshot(bench.elsewhere("/engine-rest")?, &user, &password).await?.stdout)?;
    let groups = picture["groups"].as_array().context("groups")?;
    let row = &groups.iter().find(|group| group["process_key"] == process.key.as_str()).context("our group")?["signatures"][0];
    ensure!(row["causes_read"] == 1 && row["causes"].as_array().is_some_and(|causes| causes.len() == 1), "{row}");
    let cause = row["causes"][0]["cause"].as_str().context("a cause")?;
    ensure!(cause.to_lowercase().contains("value too long") && cause.contains("Exception: "), "{row}");
    Ok(())
}

pub async fn a_failure_further_on_is_told_with_its_name_and_process_in_snapshot_and_tree(bench: Bench) -> Result<()> {
    let called = bench.deploy("transfer", [work_at_once("transfer")]).await?;
    let caller = bench.deploy("claim", [accept(), call(&called.key)]).await?;
    let instance = bench.start_failing(&caller).await?;
    bench.driver().await_count(&format!("/incident/count?processDefinitionId={}", caller.id.as_wire()), SOON, |count| count == 1).await?;
    let (user, password) = admin(&bench);
    let url = bench.elsewhere("/engine-rest")?;
    let picture: Value = serde_json::from_slice(&snapshot(url.clone(), &user, &password).await?.stdout)?;
    let groups = picture["groups"].as_array().context("groups")?;
    let ours = groups.iter().find(|group| group["process_key"] == caller.key.as_str()).context("our group")?;
    ensure!(ours["activity_id"] == "accept" && ours["activity_name"] == "Name of accept", "{ours}");
    let row = &ours["signatures"][0];
    ensure!(row["failed_activity_id"] == "transfer" && row["failed_activity_name"] == "Name of transfer", "{row}");
    ensure!(row["failed_process_key"] == called.key.as_str() && row["failed_process_name"] == format!("Name of {}", called.key), "{row}");
    let tree = printed(&["tree", instance.as_wire()], url, &user, &password).await?;
    let tree: Value = serde_json::from_slice(&tree.stdout).with_context(|| format!("{tree:?}"))?;
    let cause = &tree["trees"][0]["root_causes"][0];
    ensure!(cause["activity"] == "accept" && cause["activity_name"] == "Name of accept", "{cause}");
    ensure!(cause["failed_activity"] == "transfer" && cause["failed_activity_name"] == "Name of transfer", "{cause}");
    ensure!(cause["failed_process"] == called.key.as_str(), "{cause}");
    Ok(())
}

pub async fn a_snapshot_with_a_wrong_login_asks_once_and_says_so(bench: Bench) -> Result<()> {
    let user = bench.user("printed").await?;
    let wire = bench.wire().await?;
    let output = snapshot(wire.url(), &user, "wrong").await?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(2) && output.stdout.is_empty(), "{output:?}");
    ensure!(said.contains(&format!("login of user {user} was refused")), "{said}");
    ensure!(wire.seen().len() == 1, "{} requests", wire.seen().len());
    Ok(())
}

pub async fn a_snapshot_of_no_engine_fails_in_words(bench: Bench) -> Result<()> {
    let (user, password) = admin(&bench);
    let output = snapshot(bench.elsewhere("/camunda-nonsense")?, &user, &password).await?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(2) && said.contains("not an engine"), "{output:?}");
    let wire = bench.wire().await?;
    wire.cut();
    let output = snapshot(wire.url(), &user, &password).await?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(2) && said.contains("closed without an answer"), "{said}");
    Ok(())
}

pub async fn a_doctor_finds_a_healthy_engine_healthy(bench: Bench) -> Result<()> {
    bench.failed("examined", 1).await?;
    let (user, password) = admin(&bench);
    let wire = bench.wire().await?;
    let output = printed(&["doctor"], wire.url(), &user, &password).await?;
    ensure!(output.status.code() == Some(0), "{output:?}");
    let checks: Vec<Value> = serde_json::from_slice(&output.stdout)?;
    let check = |subject: &str| checks.iter().find(|check| check["subject"] == subject).with_context(|| format!("no {subject} in {checks:?}"));
    for subject in ["connection", "engine", "login", "version", "clock", "history"] {
        ensure!(check(subject)?["verdict"] == "ok", "{}", check(subject)?);
    }
    let version = check("version")?["finding"].as_str().context("a finding")?;
    ensure!(version.contains(bench.target().version.text.as_wire()), "{version}");
    ensure!(checks.iter().filter(|check| check["subject"] == "permission").all(|check| check["verdict"] == "ok"), "{checks:?}");
    Ok(())
}
