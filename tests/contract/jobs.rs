//! Jobs: what their counts mean, how they are read, what the engine says when one fails by hand.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bpmtop::engine::catalogue::Since;
use bpmtop::engine::{CountQuestion, ErrorKind, JobFilter, JobIs, JobLogFilter, JobLogQuery, Order, Page};
use bpmtop::model::history::JobEvent;
use bpmtop::model::ids::{JobDefinitionId, JobId};
use serde_json::json;

use super::bench::{Bench, Deployed, refusal, until};
use super::diagrams::{job, person, slow, timer, work};

/// How many jobs of a process bear these marks.
async fn count(bench: &Bench, process: &Deployed, is: impl Into<Vec<JobIs>>) -> Result<u64> {
    let filter = JobFilter { is: is.into(), process_definition: Some(process.id.clone()), ..JobFilter::default() };
    Ok(bench.client().count(&CountQuestion::Jobs(filter)).await?.data)
}

pub async fn executable_counts_suspended_jobs_too(bench: Bench) -> Result<()> {
    let process = bench.deploy("suspended", [work()]).await?;
    bench.driver().suspend_job_definitions(&process.key, true, false).await?;
    bench.start_failing(&process).await?;
    ensure!(count(&bench, &process, [JobIs::Executable]).await? == 1, "executable does not look at the job's own suspension");
    ensure!(count(&bench, &process, [JobIs::Executable, JobIs::Active]).await? == 0, "active does");
    ensure!(count(&bench, &process, [JobIs::Suspended]).await? == 1);
    Ok(())
}

pub async fn a_job_that_will_be_tried_again_is_retrying(bench: Bench) -> Result<()> {
    let process = bench.deploy("retrying", [job("work", "${failing.bean}", "R5/PT1H")]).await?;
    bench.start_failing(&process).await?;
    until("the first failure", async || Ok((count(&bench, &process, [JobIs::WithException]).await? == 1).then_some(()))).await?;
    ensure!(count(&bench, &process, [JobIs::WithException, JobIs::WithRetriesLeft]).await? == 1);
    ensure!(count(&bench, &process, [JobIs::NoRetriesLeft]).await? == 0);
    ensure!(count(&bench, &process, [JobIs::Executable]).await? == 0, "its next attempt is not due");
    let read = bench.client().job(&bench.job_of(&process).await?).await?.context("the job is there")?.data;
    ensure!(read.retries == 4, "{read:?}");
    let wait = read.due.context("it is due later")?.duration_since(jiff::Timestamp::now()).as_secs();
    ensure!((3_000..4_000).contains(&wait), "due in {wait} s");
    Ok(())
}

pub async fn a_failing_execution_by_hand_answers_404_and_the_job_stays(bench: Bench) -> Result<()> {
    let process = bench.failed("by-hand", 1).await?;
    let job = bench.job_of(&process).await?;
    let (status, body) = refusal(bench.driver().post(&format!("/job/{}/execute", job.as_wire()), &json!({})).await)?;
    ensure!(status == 404, "{status}: {body}");
    ensure!(bench.client().job(&job).await?.is_some(), "404 does not mean that the job is gone");
    Ok(())
}

pub async fn two_of_the_ids_together_are_invalid_sql(bench: Bench) -> Result<()> {
    let process = bench.failed("sql", 1).await?;
    let read = bench.client().job(&bench.job_of(&process).await?).await?.context("the job is there")?.data;
    let definition = read.job_definition.context("it has a job definition")?;
    let (one, two) = (format!("jobDefinitionId={}", definition.as_wire()), format!("jobId={}", read.id.as_wire()));
    for pair in [format!("{one}&activityId=work"), format!("{one}&{two}"), format!("{two}&activityId=work")] {
        let (status, _) = refusal(bench.driver().get(&format!("/job/count?{pair}")).await)?;
        ensure!(status == 500, "{pair}: {status}");
    }
    for single in [one, two, "activityId=work".to_owned()] {
        let path = format!("/job/count?{single}&processDefinitionId={}&noRetriesLeft=true", process.id.as_wire());
        ensure!(bench.driver().count(&path).await? == 1, "one id with other filters is fine: {path}");
    }
    Ok(())
}

pub async fn jobs_are_read_by_their_ids_and_missing_ones_are_left_out(bench: Bench) -> Result<()> {
    let process = bench.failed("by-ids", 3).await?;
    let ids = bench.driver().job_ids(&format!("processDefinitionId={}", process.id.as_wire())).await?;
    let asked: Vec<JobId> = [ids[0].as_str(), "no-such-job", ids[2].as_str()].map(JobId::from).into();
    let mut read: Vec<String> = bench.client().jobs(&asked).await?.data.iter().map(|job| job.id.as_wire().to_owned()).collect();
    let mut wanted = vec![ids[0].clone(), ids[2].clone()];
    read.sort();
    wanted.sort();
    ensure!(read == wanted, "{read:?}");
    Ok(())
}

pub async fn a_failed_job_tells_everything_about_itself(bench: Bench) -> Result<()> {
    let process = bench.failed("fields", 1).await?;
    let job = bench.client().job(&bench.job_of(&process).await?).await?.context("the job is there")?.data;
    ensure!(job.process_definition.as_ref() == Some(&process.id), "{job:?}");
    ensure!(job.process_key.as_ref().map(|key| key.as_wire()) == Some(process.key.as_str()), "{job:?}");
    ensure!(job.failed_activity.as_ref().map(|id| id.as_wire()) == Some("work"), "{job:?}");
    ensure!(job.exception_message.as_ref().is_some_and(|text| text.as_wire().contains("failing.bean")), "{job:?}");
    ensure!(job.retries == 0 && !job.suspended && job.created.is_some() && job.execution.is_some(), "{job:?}");
    let trace = bench.client().job_stacktrace(&job.id).await?.data;
    ensure!(trace.cut_at.is_none() && trace.text.as_wire().contains("\n\tat "), "a stack trace has its lines: {:.200}", trace.text);
    Ok(())
}

pub async fn what_is_gone_is_none_and_not_an_error(bench: Bench) -> Result<()> {
    let client = bench.client();
    ensure!(client.job(&"gone".into()).await?.is_none());
    ensure!(client.incident(&"gone".into()).await?.is_none());
    ensure!(client.external_task(&"gone".into()).await?.is_none());
    ensure!(client.process_instance(&"gone".into()).await?.is_none());
    for error in [
        client.job_stacktrace(&"gone".into()).await.err().context("there is no such trace")?,
        client.process_definition_xml(&"gone".into()).await.err().context("there is no such diagram")?,
        client.external_task_error_details(&"gone".into()).await.err().context("there are no such details")?,
    ] {
        ensure!(error.kind() == ErrorKind::NotFound, "{error}");
    }
    Ok(())
}

/// The message holds the expression, and the trace holds the message several times.
async fn trace_of_expression(bench: &Bench, word: &str, length: usize) -> Result<bpmtop::engine::Excerpt> {
    let process = bench.deploy(word, [job("work", &format!("${{{}}}", "x".repeat(length)), "R1/PT0S")]).await?;
    bench.start_failing(&process).await?;
    until("the failure", async || Ok((count(bench, &process, [JobIs::NoRetriesLeft]).await? == 1).then_some(()))).await?;
    Ok(bench.client().job_stacktrace(&bench.job_of(&process).await?).await?.data)
}

pub async fn a_stack_trace_of_200_kilobytes_is_read_whole(bench: Bench) -> Result<()> {
    let trace = trace_of_expression(&bench, "large", 75_000).await?;
    ensure!(trace.cut_at.is_none() && trace.text.as_wire().len() > 200_000, "{} bytes, cut at {:?}", trace.text.as_wire().len(), trace.cut_at);
    ensure!(trace.text.as_wire().trim_end().ends_with("more") || trace.text.as_wire().trim_end().ends_with(')'), "it is read to its end");
    Ok(())
}

pub async fn a_stack_trace_without_end_is_cut_and_says_so(bench: Bench) -> Result<()> {
    let trace = trace_of_expression(&bench, "endless", 700_000).await?;
    ensure!(trace.cut_at == Some(2 << 20), "cut at {:?}", trace.cut_at);
    ensure!(trace.text.as_wire().len() == 2 << 20, "{} bytes", trace.text.as_wire().len());
    Ok(())
}

fn log_of(job: &JobId, order: Order) -> JobLogQuery {
    JobLogQuery { filter: JobLogFilter { job: Some(job.clone()), ..JobLogFilter::default() }, by_time: Some(order), page: Page::first(20) }
}

pub async fn the_job_log_tells_what_happened_and_where(bench: Bench) -> Result<()> {
    let process = bench.failed("log", 1).await?;
    let job = bench.job_of(&process).await?;
    bench.driver().repair_job(job.as_wire()).await?;
    let log = until("the success", async || {
        let log = bench.client().job_log(&log_of(&job, Order::Ascending)).await?.data;
        Ok(log.iter().any(|entry| entry.event == JobEvent::Succeeded).then_some(log))
    })
    .await?;
    let events: Vec<_> = log.iter().map(|entry| entry.event).collect();
    ensure!(events == [JobEvent::Created, JobEvent::Failed, JobEvent::Succeeded], "{events:?}");
    ensure!(log.iter().all(|entry| entry.job == job && entry.hostname.as_ref().is_some_and(|name| !name.is_empty())), "{log:?}");
    ensure!(log[1].exception_message.as_ref().is_some_and(|text| text.as_wire().contains("failing")), "{:?}", log[1]);
    ensure!(log[1].failed_activity.as_ref().map(|id| id.as_wire()) == Some("work"), "{:?}", log[1]);
    ensure!(log.iter().all(|entry| entry.instance.is_some() && entry.instance == log[0].instance), "{log:?}");
    ensure!(log.iter().all(|entry| entry.activity.as_ref().is_some_and(|id| id.as_wire() == "work")), "{log:?}");
    ensure!(log.iter().all(|entry| entry.job_kind.as_ref().is_some_and(|kind| kind.as_wire() == "async-continuation")), "{log:?}");
    Ok(())
}

pub async fn a_cancelled_job_leaves_a_deletion_and_no_success(bench: Bench) -> Result<()> {
    let process = bench.failed("cancelled", 1).await?;
    let read = bench.client().job(&bench.job_of(&process).await?).await?.context("the job is there")?.data;
    bench.driver().cancel_instance(read.process_instance.as_ref().context("it has an instance")?.as_wire()).await?;
    let log = bench.client().job_log(&log_of(&read.id, Order::Descending)).await?.data;
    ensure!(log.first().is_some_and(|entry| entry.event == JobEvent::Deleted), "{log:?}");
    ensure!(log.iter().all(|entry| entry.event != JobEvent::Succeeded), "a job that vanished did not necessarily succeed");
    Ok(())
}

pub async fn a_job_an_executor_holds_is_acquired_where_the_engine_can_tell(bench: Bench) -> Result<()> {
    let process = bench.deploy("acquired", [slow(), person()]).await?;
    bench.driver().start(&process.key, "acquired", &json!({"latencyMillis": 6_000})).await?;
    let question = CountQuestion::Jobs(JobFilter { is: vec![JobIs::Acquired], process_definition: Some(process.id.clone()), ..JobFilter::default() });
    if bench.has(Since::camunda7(24)) {
        until("the job is held", async || Ok((bench.client().count(&question).await?.data == 1).then_some(()))).await?;
        tokio::time::sleep(Duration::from_secs(7)).await;
        ensure!(bench.client().count(&question).await?.data == 0, "nobody holds a job that is done");
        return Ok(());
    }
    let refused = bench.client().count(&question).await.err().context("an old engine is not asked")?;
    ensure!(refused.kind() == ErrorKind::Unsupported, "{refused}");
    let path = format!("/job/count?processDefinitionId={}", process.id.as_wire());
    let (plain, filtered) = (bench.driver().count(&path).await?, bench.driver().count(&format!("{path}&acquired=true&nonsense=true")).await?);
    ensure!(plain == filtered, "an old engine ignores the filter: {plain}, {filtered}");
    Ok(())
}

pub async fn unknown_filters_are_ignored_without_a_word(bench: Bench) -> Result<()> {
    let process = bench.deploy("typo", [timer()]).await?;
    for _ in 0..2 {
        bench.driver().start(&process.key, "typo", &json!({})).await?;
    }
    let path = format!("/job/count?processDefinitionId={}", process.id.as_wire());
    ensure!(bench.driver().count(&format!("{path}&noRetriesLeftt=true")).await? == 2, "a filter spelled wrong filters nothing");
    ensure!(bench.driver().count(&format!("{path}&noRetriesLeft=true")).await? == 0);
    let body = json!({"processDefinitionId": process.id.as_wire(), "jobIdz": ["none"]});
    ensure!(bench.driver().post("/job/count", &body).await?["count"] == 2, "nor does one in a body");
    Ok(())
}

pub async fn a_job_definition_counts_its_jobs(bench: Bench) -> Result<()> {
    let process = bench.failed("counts", 2).await?;
    let row = bench.client().job(&JobId::from(bench.driver().job_ids(&format!("processDefinitionId={}", process.id.as_wire())).await?[0].as_str())).await?;
    let definition: JobDefinitionId = row.and_then(|row| row.data.job_definition).context("it has a job definition")?;
    for is in [vec![], vec![JobIs::NoRetriesLeft]] {
        let filter = JobFilter { is, job_definition: Some(definition.clone()), ..JobFilter::default() };
        ensure!(bench.client().count(&CountQuestion::Jobs(filter.clone())).await?.data == 2, "{filter:?}");
    }
    Ok(())
}
