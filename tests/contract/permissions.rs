//! An engine that checks authorizations: who sees what, and what is said to those who may not. It compresses, too.

use anyhow::{Context as _, Result, ensure};
use bpmtop::engine::catalogue::Permission;
use bpmtop::engine::version::Certainty;
use bpmtop::engine::{
    Client, CountQuestion, ErrorKind, ExternalTaskFilter, HistoricActivityFilter, HistoricActivityQuery, HistoricIncidentFilter, HistoricInstanceFilter,
    HistoricInstanceQuery, IncidentFilter, IncidentQuery, InstanceFilter, InstanceQuery, JobFilter, JobLogFilter, JobLogQuery, Order, Page, Problem,
    RequestName, RunningOrder, Sent,
};
use bpmtop::model::ids::ProcessInstanceId;
use bpmtop::model::rights::Right;

use super::bench::{Bench, query, refusal};
use super::diagrams::{external, people};
use super::faults::{Ids, change, rows};
use super::printed::printed;
use super::wire::Wire;

/// Somebody new, with a client of his own.
struct Person {
    name: String,
    client: Client,
    _wire: Wire,
}

async fn stranger(bench: &Bench) -> Result<Person> {
    let name = bench.user("stranger").await?;
    person(bench, name).await
}

async fn reader(bench: &Bench) -> Result<Person> {
    let name = bench.name("reader").replace('-', "x");
    bench.driver().create_user(&name, bench.password()).await?;
    bench.driver().grant(&name, 6, "*", &["READ", "READ_INSTANCE", "READ_TASK", "READ_HISTORY"]).await?;
    person(bench, name).await
}

async fn person(bench: &Bench, name: String) -> Result<Person> {
    let wire = bench.wire().await?;
    Ok(Person { client: bench.client_of(&name, bench.password(), &wire)?, name, _wire: wire })
}

pub async fn a_stranger_gets_zero_and_empty_lists_instead_of_an_error(bench: Bench) -> Result<()> {
    let process = bench.failed("hidden", 2).await?;
    let stranger = stranger(&bench).await?;
    let incidents = IncidentFilter { process_definition: Some(process.id.clone()), ..IncidentFilter::default() };
    let history = HistoricIncidentFilter { process_definition: Some(process.id.clone()), ..HistoricIncidentFilter::default() };
    let jobs = JobFilter { process_definition: Some(process.id.clone()), ..JobFilter::default() };
    for question in [
        CountQuestion::Incidents(incidents.clone()),
        CountQuestion::HistoricIncidents(history),
        CountQuestion::Jobs(jobs),
        CountQuestion::ProcessInstances(InstanceFilter { process_definition: Some(process.id.clone()), ..InstanceFilter::default() }),
    ] {
        ensure!(bench.client().count(&question).await?.data == 2, "the administrator sees them: {question:?}");
        ensure!(stranger.client.count(&question).await?.data == 0, "silently nothing: {question:?}");
    }
    for question in [CountQuestion::ProcessDefinitions, CountQuestion::JobDefinitions, CountQuestion::ExternalTasks(ExternalTaskFilter::default())] {
        ensure!(stranger.client.count(&question).await?.data == 0, "{question:?}");
    }
    let rows = stranger.client.incidents(&IncidentQuery { filter: incidents, sort: None, page: Page::first(10) }).await?.data;
    ensure!(rows.is_empty() && stranger.client.process_statistics().await?.data.is_empty());
    Ok(())
}

pub async fn one_thing_that_may_not_be_seen_names_what_is_missing(bench: Bench) -> Result<()> {
    let process = bench.failed("denied", 1).await?;
    let job = bench.job_of(&process).await?;
    let stranger = stranger(&bench).await?;
    for error in [
        stranger.client.job_stacktrace(&job).await.err().context("a stranger may not look at a trace")?,
        stranger.client.process_definition_xml(&process.id).await.err().context("nor at the diagram")?,
    ] {
        let Problem::Forbidden { user, missing, .. } = error.problem() else { anyhow::bail!("{error}") };
        ensure!(user.as_ref().is_some_and(|user| user.as_wire() == stranger.name), "{error}");
        ensure!(missing.iter().any(|lack| lack.permission.as_wire().starts_with("READ")), "{error}");
        ensure!(error.to_string().contains("lacks READ"), "{error}");
    }
    Ok(())
}

pub async fn what_an_instance_holds_is_kept_from_a_stranger(bench: Bench) -> Result<()> {
    let process = bench.deploy("kept", [people(2)]).await?;
    let instance = ProcessInstanceId::from(bench.driver().start(&process.key, "kept", &serde_json::json!({"secret": "x"})).await?.as_str());
    let query = InstanceQuery {
        filter: InstanceFilter { process_definition: Some(process.id.clone()), ..InstanceFilter::default() },
        order: Some(RunningOrder::Id),
        page: Page::first(10),
    };
    let (stranger, reader) = (stranger(&bench).await?, reader(&bench).await?);
    let sizes = async |client: &Client| -> Result<[u64; 4]> {
        Ok([
            client.process_instances_where(&query).await?.data.len() as u64,
            client.count(&CountQuestion::Executions { process_instance: instance.clone() }).await?.data,
            client.user_tasks(&instance, Page::first(10)).await?.data.len() as u64,
            client.variables(&instance, Page::first(100)).await?.data.iter().filter(|variable| variable.name.as_wire() == "secret").count() as u64,
        ])
    };
    let all = sizes(bench.client()).await?;
    ensure!(all[0] == 1 && all[1] > 2 && all[2] == 2 && all[3] == 1, "{all:?}");
    ensure!(sizes(&reader.client).await? == all, "a reader sees the same");
    ensure!(sizes(&stranger.client).await? == [0; 4], "a stranger silently nothing");
    let error = stranger.client.activity_instances(&instance).await.err().context("nor may he look at the tree")?;
    ensure!(error.kind() == ErrorKind::Forbidden && error.to_string().contains("lacks READ"), "{error}");
    ensure!(reader.client.activity_instances(&instance).await?.is_some());
    let task = bench.client().user_tasks(&instance, Page::first(1)).await?.data.remove(0).id;
    let variable = bench.client().variables(&instance, Page::first(1)).await?.data.remove(0).id;
    ensure!(reader.client.user_task(&task).await?.is_some() && reader.client.variable(&variable).await?.is_some());
    ensure!(stranger.client.user_task(&task).await?.is_none() && stranger.client.variable(&variable).await?.is_none(), "both look gone");
    Ok(())
}

pub async fn what_may_not_be_seen_looks_gone_where_the_engine_reads_it_by_a_query(bench: Bench) -> Result<()> {
    let process = bench.failed("gone", 1).await?;
    let job = bench.client().job(&bench.job_of(&process).await?).await?.context("the administrator sees it")?.data;
    let instance = job.process_instance.context("it has an instance")?;
    let filter = IncidentFilter { process_instance: Some(instance.clone()), ..IncidentFilter::default() };
    let rows = bench.client().incidents(&IncidentQuery { filter, sort: None, page: Page::first(1) }).await?.data;
    let stranger = stranger(&bench).await?;
    ensure!(stranger.client.job(&job.id).await?.is_none());
    ensure!(stranger.client.process_instance(&instance).await?.is_none());
    ensure!(stranger.client.incident(&rows.first().context("an incident")?.id).await?.is_none());
    Ok(())
}

pub async fn telemetry_names_the_permission_it_needs(bench: Bench) -> Result<()> {
    let reader = reader(&bench).await?;
    let error = reader.client.telemetry().await.err().context("a reader of processes may not read telemetry")?;
    // Here the engine lists no alternatives: its sentence is all there is.
    ensure!(error.kind() == ErrorKind::Forbidden && error.to_string().contains("'READ' permission on resource 'System'"), "{error}");
    ensure!(reader.client.version().await?.data.as_wire() == bench.target().version.text.as_wire(), "the version is for everybody");
    Ok(())
}

pub async fn a_client_without_telemetry_still_knows_the_version(bench: Bench) -> Result<()> {
    let reader = reader(&bench).await?;
    let version = reader.client.identify().await?.data;
    let said = bench.driver().get("/version").await?["version"].as_str().context("a version")?.to_owned();
    ensure!(version.text.as_wire() == said && version.certainty == Certainty::Known, "{version:?}");
    let told = bench.client().identify().await?.data;
    ensure!(version.feature_level == told.feature_level, "{version:?} and with telemetry {told:?}");
    Ok(())
}

pub async fn a_reader_sees_everything_and_may_not_retry(bench: Bench) -> Result<()> {
    let process = bench.failed("read", 2).await?;
    let reader = reader(&bench).await?;
    let question = CountQuestion::Incidents(IncidentFilter { process_definition: Some(process.id.clone()), ..IncidentFilter::default() });
    ensure!(reader.client.count(&question).await?.data == 2);
    let history = HistoricIncidentFilter { process_definition: Some(process.id.clone()), ..HistoricIncidentFilter::default() };
    ensure!(reader.client.count(&CountQuestion::HistoricIncidents(history)).await?.data == 2);
    let driver = bench.driver().logged_in_as(&reader.name, bench.password());
    let jobs = driver.job_ids(&format!("processDefinitionId={}", process.id.as_wire())).await?;
    let (status, body) = refusal(driver.put(&format!("/job/{}/retries", jobs[0]), &serde_json::json!({"retries": 1})).await)?;
    ensure!(status == 403 && body.contains("missingAuthorizations"), "{status} {body}");
    Ok(())
}

pub async fn without_the_right_to_history_it_looks_empty(bench: Bench) -> Result<()> {
    let process = bench.failed("blind", 1).await?;
    let name = bench.user("half").await?;
    bench.driver().grant(&name, 6, "*", &["READ", "READ_INSTANCE"]).await?;
    let half = person(&bench, name).await?;
    let runtime = CountQuestion::Incidents(IncidentFilter { process_definition: Some(process.id.clone()), ..IncidentFilter::default() });
    ensure!(half.client.count(&runtime).await?.data == 1);
    let history = HistoricIncidentFilter { process_definition: Some(process.id.clone()), ..HistoricIncidentFilter::default() };
    ensure!(half.client.count(&CountQuestion::HistoricIncidents(history)).await?.data == 0, "a feed from history would go blind");
    ensure!(!half.client.may(Right::ReadHistory).await?.data && half.client.may(Right::ReadInstances).await?.data);
    Ok(())
}

pub async fn without_the_right_to_history_a_life_looks_gone_and_a_trace_is_denied(bench: Bench) -> Result<()> {
    let process = bench.failed("past", 1).await?;
    let job = bench.client().job(&bench.job_of(&process).await?).await?.context("the administrator sees it")?.data;
    let instance = job.process_instance.context("it has an instance")?;
    let log = JobLogFilter { job: Some(job.id), failed: true, ..JobLogFilter::default() };
    let log = JobLogQuery { filter: log, by_time: None, page: Page::first(5) };
    let failure = bench.client().job_log(&log).await?.data.remove(0).id;
    let lives = HistoricInstanceFilter { process_definition: Some(process.id.clone()), ..HistoricInstanceFilter::default() };
    let visits = HistoricActivityFilter { process_instance: Some(instance.clone()), ..HistoricActivityFilter::default() };
    let everything = async |client: &Client| -> Result<[usize; 7]> {
        let lives = HistoricInstanceQuery { filter: lives.clone(), order: None, page: Page::first(5) };
        let visits = HistoricActivityQuery { filter: visits.clone(), by_start: None, page: Page::first(5) };
        Ok([
            usize::from(client.historic_process_instance(&instance).await?.is_some()),
            client.historic_process_instances(&lives).await?.data.len(),
            client.historic_process_instances_by_ids(std::slice::from_ref(&instance)).await?.data.len(),
            client.historic_activities(&visits).await?.data.len(),
            client.variable_updates(&instance, Page::first(5), Order::Ascending).await?.data.len(),
            client.job_log(&log).await?.data.len(),
            client.user_operations(&instance, Page::first(5)).await?.data.len(),
        ])
    };
    ensure!(everything(bench.client()).await?.iter().all(|seen| *seen > 0), "the administrator sees it all");
    let name = bench.user("forgetful").await?;
    bench.driver().grant(&name, 6, "*", &["READ", "READ_INSTANCE"]).await?;
    let forgetful = person(&bench, name).await?;
    ensure!(everything(&forgetful.client).await? == [0; 7], "{:?}", everything(&forgetful.client).await?);
    let counted = CountQuestion::HistoricActivities(visits.clone());
    ensure!(forgetful.client.count(&counted).await?.data == 0 && bench.client().count(&counted).await?.data > 0);
    let denied = forgetful.client.job_log_stacktrace(&failure).await.err().context("a trace is read without a query")?;
    ensure!(denied.kind() == ErrorKind::Forbidden && denied.to_string().contains("READ_HISTORY"), "{denied}");
    let reader = reader(&bench).await?;
    ensure!(reader.client.job_log_stacktrace(&failure).await?.data.text.as_wire().contains("failing"));
    Ok(())
}

pub async fn rights_are_told_before_they_are_needed(bench: Bench) -> Result<()> {
    let (stranger, reader) = (stranger(&bench).await?, reader(&bench).await?);
    for right in Right::ALL {
        let reads = matches!(right, Right::ReadInstances | Right::ReadHistory | Right::ReadDefinitions);
        ensure!(reader.client.may(*right).await?.data == reads, "a reader: {right:?}");
        ensure!(!stranger.client.may(*right).await?.data, "a stranger: {right:?}");
    }
    Ok(())
}

pub async fn every_part_of_a_right_decides(bench: Bench) -> Result<()> {
    let name = bench.user("one").await?;
    bench.driver().grant(&name, 6, "one-process", &["READ", "READ_INSTANCE"]).await?;
    bench.driver().grant(&name, 8, "*", &["READ"]).await?;
    let driver = bench.driver().logged_in_as(&name, bench.password());
    let may = async |permission: &str, resource: &str, number: &str, id: Option<&str>| -> Result<bool> {
        let mut pairs = vec![("permissionName", permission), ("resourceName", resource), ("resourceType", number)];
        pairs.extend(id.map(|id| ("resourceId", id)));
        let answer = driver.get(&format!("/authorization/check?{}", query(&pairs)?)).await?;
        answer["authorized"].as_bool().context("a yes or no")
    };
    let (yes, definition) = (Some("one-process"), "PROCESS_DEFINITION");
    ensure!(may("READ_INSTANCE", definition, "6", yes).await?);
    ensure!(!may("READ_INSTANCE", definition, "6", None).await?, "without an id it asks for any");
    bench.prove(RequestName::AuthorizationCheck, "resourceId");
    ensure!(!may("UPDATE", definition, "6", yes).await?);
    bench.prove(RequestName::AuthorizationCheck, "permissionName");
    ensure!(may("READ", "PROCESS_INSTANCE", "8", None).await? && !may("READ", definition, "6", None).await?);
    bench.prove(RequestName::AuthorizationCheck, "resourceType");
    let nameless = query(&[("permissionName", "READ"), ("resourceType", "8")])?;
    let (status, _) = refusal(driver.get(&format!("/authorization/check?{nameless}")).await)?;
    ensure!(status == 400, "the resource's name must be there, though its number decides: {status}");
    bench.prove(RequestName::AuthorizationCheck, "resourceName");
    Ok(())
}

pub async fn a_compressed_answer_is_read_like_any_other(bench: Bench) -> Result<()> {
    let process = bench.failed("zipped", 6).await?;
    let wire = bench.wire().await?;
    let client = Client::new(bench.options(wire.url()))?;
    client.assume_version(bench.target().version.clone());
    let filter = IncidentFilter { process_definition: Some(process.id.clone()), ..IncidentFilter::default() };
    let answer = client.incidents(&IncidentQuery { filter, sort: None, page: Page::first(10) }).await?;
    let head = wire.seen().pop().context("it was asked")?.answer;
    ensure!(head.contains("content-encoding: gzip"), "the engine did not compress: {head}");
    ensure!(answer.data.len() == 6 && answer.bytes > 2_048, "{} rows of {} bytes", answer.data.len(), answer.bytes);
    Ok(())
}

pub async fn a_doctor_tells_a_stranger_what_is_kept_from_him(bench: Bench) -> Result<()> {
    bench.failed("kept", 1).await?;
    let (user, wire) = (bench.user("stranger").await?, bench.wire().await?);
    let output = printed(&["doctor"], wire.url(), &user, bench.password()).await?;
    let checks: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout)?;
    let rights: Vec<_> = checks.iter().filter(|check| check["subject"] == "permission").collect();
    ensure!(rights.len() == Right::ALL.len(), "{checks:?}");
    ensure!(rights.iter().all(|check| check["verdict"] == "warning" && check["remedy"].is_string()), "{rights:?}");
    Ok(())
}

/// `SUSPEND_INSTANCE on PROCESS_DEFINITION` out of what an engine says is missing, `SUSPEND_INSTANCE` and `ProcessDefinition`.
fn right_in_words(permission: &str, resource: &str) -> String {
    let mut words = String::new();
    for sign in resource.replace(' ', "").chars() {
        if sign.is_ascii_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(sign.to_ascii_uppercase());
    }
    // Every engine spells this one so.
    format!("{permission} on {}", words.replace("CATGEORY", "CATEGORY"))
}

pub async fn a_reader_is_refused_every_change_and_told_the_rights_of_its_row(bench: Bench) -> Result<()> {
    let process = bench.failed("guarded", 1).await?;
    let topic = bench.name("guarded");
    let booking = bench.deploy("guarded-task", [external(&topic)]).await?;
    bench.driver().start(&booking.key, "x", &serde_json::json!({})).await?;
    let of = format!("processDefinitionId={}", process.id.as_wire());
    let one = async |path: String, field: &str| -> Result<String> {
        let rows = bench.driver().list(&path).await?;
        Ok(rows.first().and_then(|row| row[field].as_str()).with_context(|| format!("no {field} at {path}"))?.to_owned())
    };
    bench.driver().suspend_job_definitions(&process.key, true, true).await?;
    let ids = Ids {
        job: one(format!("/job?{of}"), "id").await?,
        external_task: one(format!("/external-task?topicName={topic}"), "id").await?,
        job_definition: one(format!("/job-definition?{of}"), "id").await?,
        process_definition: process.id.as_wire().to_owned(),
        instance: one(format!("/process-instance?{of}"), "id").await?,
        execution: one(format!("/job?{of}"), "executionId").await?,
        incident: one(format!("/incident?{of}"), "id").await?,
        operation: one(format!("/history/user-operation?processDefinitionKey={}", process.key), "operationId").await?,
    };
    let reader = reader(&bench).await?;
    let mut wrong = Vec::new();
    for row in rows() {
        let delivered = reader.client.change(&change(row.name, &ids)).await;
        let Sent::Rejected(error) = &delivered.sent else { anyhow::bail!("{:?}: {delivered:?}", row.name) };
        let Problem::Forbidden { missing, .. } = error.problem() else { anyhow::bail!("{:?}: {delivered:?}", row.name) };
        let mut told: Vec<_> = missing.iter().map(|lack| right_in_words(lack.permission.as_wire(), lack.resource.as_wire())).collect();
        told.sort();
        let Permission::AnyOf(listed) = row.permission else { anyhow::bail!("{:?} names no rights", row.name) };
        let mut listed = listed.to_vec();
        listed.sort_unstable();
        if told != listed {
            wrong.push(format!("{:?} lists {listed:?}, the engine {told:?}: {error}", row.name));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
