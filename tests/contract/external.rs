//! External tasks: failures workers report, and the hostile texts in them.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bpmtop::engine::{CountQuestion, ExternalTaskFilter, ExternalTaskIs};
use bpmtop::model::ids::ExternalTaskId;
use bpmtop::model::inquiry::{Finding, Inquiry};
use serde_json::json;

use super::bench::{Bench, Deployed};
use super::diagrams::external;
use super::engine::driver::id_of;
use super::engine::operations::Failure;
use super::incidents::incidents_of;

/// A process with one external task, and that task locked by `worker`.
pub async fn locked(bench: &Bench, word: &str, lock: Duration) -> Result<(Deployed, ExternalTaskId)> {
    let topic = bench.name(word);
    let process = bench.deploy(word, [external(&topic)]).await?;
    bench.driver().start(&process.key, &bench.name("parcel"), &json!({})).await?;
    let tasks = bench.driver().fetch_and_lock("worker", &topic, 1, lock).await?;
    let id = id_of(tasks.first().context("the task can be locked at once")?)?;
    Ok((process, ExternalTaskId::from(id.as_str())))
}

const ONE_MINUTE: Duration = Duration::from_secs(60);

async fn fail(bench: &Bench, task: &ExternalTaskId, message: &str, details: &str, retries: u32) -> Result<()> {
    let failure = Failure { message, details, retries, retry_after: Duration::from_secs(3_600) };
    bench.driver().fail_external_task(task.as_wire(), "worker", &failure).await
}

pub async fn a_failed_external_task_opens_an_incident_with_its_details(bench: Bench) -> Result<()> {
    let (process, task) = locked(&bench, "failed", ONE_MINUTE).await?;
    fail(&bench, &task, "Carrier answered 503", "CarrierException: booking rejected\n\tat Client.book(Client.java:77)", 0).await?;
    let row = incidents_of(&bench, &[&process]).await?.pop().context("the incident is there at once")?;
    ensure!(row.kind.as_wire() == "failedExternalTask" && row.is_root(), "{row:?}");
    ensure!(row.configuration.as_ref() == Some(task.text()), "a root names its external task: {row:?}");
    ensure!(row.failed_activity.is_none() && row.job_definition.is_none(), "neither is known of external tasks: {row:?}");
    ensure!(row.message.as_ref().is_some_and(|text| text.as_wire() == "Carrier answered 503"), "{row:?}");
    let read = bench.client().external_task(&task).await?.context("the task is there")?.data;
    ensure!(read.retries == Some(0) && read.worker.as_ref().is_some_and(|worker| worker.as_wire() == "worker"), "{read:?}");
    ensure!(read.business_key.is_some_and(|key| key.as_wire() == bench.name("parcel")), "its business key comes with it");
    let details = bench.client().external_task_error_details(&task).await?.data;
    ensure!(details.text.as_wire().ends_with("Client.java:77)") && details.cut_at.is_none(), "{details:?}");
    Ok(())
}

pub async fn a_retried_external_task_loses_its_incident(bench: Bench) -> Result<()> {
    let (process, task) = locked(&bench, "retried", ONE_MINUTE).await?;
    fail(&bench, &task, "no", "", 0).await?;
    ensure!(incidents_of(&bench, &[&process]).await?.len() == 1);
    bench.driver().retry_external_task(task.as_wire(), 1).await?;
    ensure!(incidents_of(&bench, &[&process]).await?.is_empty());
    Ok(())
}

pub async fn an_external_task_that_never_failed_has_no_details_and_no_count_of_retries(bench: Bench) -> Result<()> {
    let (_, task) = locked(&bench, "fresh", ONE_MINUTE).await?;
    let details = bench.client().external_task_error_details(&task).await?.data;
    ensure!(details.text.is_empty() && details.cut_at.is_none(), "{details:?}");
    let read = bench.client().external_task(&task).await?.context("the task is there")?.data;
    ensure!(read.retries.is_none() && read.lock_expires.is_some(), "{read:?}");
    Ok(())
}

pub async fn hostile_text_arrives_whole_and_is_shown_harmless(bench: Bench) -> Result<()> {
    let hostile = "\u{1b}[2J\u{1b}]0;title\u{7} \u{9b}31m bidi \u{202e}gnp.exe\u{202c} zero\u{200b}width tag\u{e0041} back\u{8} tab\t line\nend";
    let (process, task) = locked(&bench, "hostile", ONE_MINUTE).await?;
    fail(&bench, &task, hostile, hostile, 0).await?;
    let row = incidents_of(&bench, &[&process]).await?.pop().context("the incident is there")?;
    let message = row.message.context("it has a message")?;
    let details = bench.client().external_task_error_details(&task).await?.data.text;
    for text in [&message, &details] {
        ensure!(text.as_wire() == hostile, "the engine keeps it as it came: {text:?}");
        let shown = text.to_string();
        let dangerous = |c: char| c.is_control() || ('\u{200b}'..='\u{200f}').contains(&c) || ('\u{202a}'..='\u{202e}').contains(&c) || c > '\u{e0000}';
        ensure!(!shown.contains(dangerous), "{shown:?}");
        ensure!(shown.contains("gnp.exe") && shown.ends_with("end"), "what can be read is still there: {shown}");
    }
    Ok(())
}

pub async fn external_tasks_are_read_by_their_ids_and_missing_ones_are_left_out(bench: Bench) -> Result<()> {
    let (_, first) = locked(&bench, "first", ONE_MINUTE).await?;
    let (_, second) = locked(&bench, "second", ONE_MINUTE).await?;
    let read = bench.client().external_tasks(&[second.clone(), "no-such-task".into()]).await?.data;
    ensure!(read.len() == 1 && read[0].id == second && read[0].id != first, "{read:?}");
    Ok(())
}

pub async fn a_task_waiting_for_its_next_attempt_counts_as_locked(bench: Bench) -> Result<()> {
    let (process, task) = locked(&bench, "waiting", ONE_MINUTE).await?;
    fail(&bench, &task, "later", "", 2).await?;
    let filter = |is: &[ExternalTaskIs]| ExternalTaskFilter { is: is.into(), process_definition: Some(process.id.clone()), ..ExternalTaskFilter::default() };
    for (is, count) in [(ExternalTaskIs::Locked, 1), (ExternalTaskIs::NotLocked, 0), (ExternalTaskIs::WithRetriesLeft, 1), (ExternalTaskIs::NoRetriesLeft, 0)] {
        let counted = bench.client().count(&CountQuestion::ExternalTasks(filter(&[is]))).await?.data;
        ensure!(counted == count, "{is:?}: {counted}");
    }
    Ok(())
}

pub async fn a_task_out_of_attempts_carries_a_lock_that_nobody_holds(bench: Bench) -> Result<()> {
    let (process, task) = locked(&bench, "spent", ONE_MINUTE).await?;
    fail(&bench, &task, "never", "", 0).await?;
    let filter = |is: &[ExternalTaskIs]| ExternalTaskFilter { is: is.into(), process_definition: Some(process.id.clone()), ..ExternalTaskFilter::default() };
    for (is, count) in [(&[ExternalTaskIs::Locked][..], 1), (&[ExternalTaskIs::Locked, ExternalTaskIs::WithRetriesLeft], 0)] {
        let counted = bench.client().count(&CountQuestion::ExternalTasks(filter(is))).await?.data;
        ensure!(counted == count, "{is:?}: {counted}");
    }
    Ok(())
}

pub async fn an_expired_lock_ends_before_now(bench: Bench) -> Result<()> {
    let (process, _) = locked(&bench, "expired", Duration::from_secs(1)).await?;
    // The clock in the header tells whole seconds and may itself be a second old.
    tokio::time::sleep(Duration::from_millis(3_000)).await;
    let expired = |lock_ends_before| {
        CountQuestion::ExternalTasks(ExternalTaskFilter { lock_ends_before, process_definition: Some(process.id.clone()), ..ExternalTaskFilter::default() })
    };
    let now = bench.client().version().await?.engine_time.context("the engine tells its time")?;
    ensure!(bench.client().count(&expired(Some(now + jiff::SignedDuration::from_secs(1)))).await?.data == 1);
    ensure!(bench.client().count(&expired(Some(now - jiff::SignedDuration::from_secs(60)))).await?.data == 0);
    Ok(())
}

pub async fn what_failed_and_has_attempts_left_is_listed_with_its_next_attempt(bench: Bench) -> Result<()> {
    let (_, waiting) = locked(&bench, "tried", ONE_MINUTE).await?;
    let (_, out) = locked(&bench, "out", ONE_MINUTE).await?;
    let (_, held) = locked(&bench, "held", ONE_MINUTE).await?;
    fail(&bench, &waiting, "carrier 429", "", 2).await?;
    fail(&bench, &out, "carrier 503", "", 0).await?;
    let counter = bpmtop::poll::inquire::Counter::new(bench.client().clone());
    let (_, found) = counter.answer(vec![Inquiry::Retrying]).await?.pop().context("an answer")?;
    let Ok(Finding::Retrying(found)) = found else { bail!("{found:?}") };
    let row = found.tasks.iter().find(|task| task.id == waiting).context("what has retries left is listed")?;
    ensure!(row.retries == Some(2) && row.lock_expires.is_some(), "{row:?}");
    ensure!(!found.tasks.iter().any(|task| task.id == out || task.id == held), "what is out of retries, or never failed, is not");
    Ok(())
}
