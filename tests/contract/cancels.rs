//! Cancelling instances, one by one or in a batch: who dies with them, what is remembered, which listeners run. And the other batch: attempts.

use anyhow::{Context as _, Result, ensure};
use bpmtop::engine::catalogue::Since;
use bpmtop::engine::{Change, CountQuestion, Due, ErrorKind, JobFilter, RequestName, Sent};
use bpmtop::model::batch::HistoricBatch;
use bpmtop::model::history::InstanceState;
use bpmtop::model::ids::{BatchId, JobId, ProcessInstanceId};
use serde_json::json;

use super::actor::{Actor, properties};
use super::bench::{Bench, SOON, until};
use super::diagrams::{call, people, person, person_with_listener, work};

async fn runs(bench: &Bench, instance: &ProcessInstanceId) -> Result<bool> {
    Ok(bench.client().process_instance(instance).await?.is_some())
}

/// Three levels of calls, the deepest failing; their instances from the top down.
async fn chain(bench: &Bench, word: &str) -> Result<Vec<ProcessInstanceId>> {
    let bottom = bench.deploy(&format!("{word}-bottom"), [work()]).await?;
    let middle = bench.deploy(&format!("{word}-middle"), [call(&bottom.key)]).await?;
    let top = bench.deploy(&format!("{word}-top"), [call(&middle.key)]).await?;
    let mut levels = vec![bench.start_failing(&top).await?];
    for _ in 0..2 {
        let above = levels[levels.len() - 1].as_wire().to_owned();
        let rows = bench.driver().list(&format!("/process-instance?superProcessInstance={above}")).await?;
        levels.push(rows.first().and_then(|row| row["id"].as_str()).context("it calls one")?.into());
    }
    bench.driver().await_count(&format!("/incident/count?processInstanceId={}", levels[0].as_wire()), SOON, |count| count == 1).await?;
    Ok(levels)
}

fn cancel(instance: &ProcessInstanceId) -> Change {
    Change::DeleteInstance { instance: instance.clone(), skip_listeners: false }
}

/// Waits until a batch has done its work. Its end is written up to 30 s later.
pub async fn finished(bench: &Bench, batch: &BatchId) -> Result<HistoricBatch> {
    let past = bench.client().historic_batch(batch).await?.context("the history knows it")?.data;
    let left = JobFilter { job_definition: past.job_definition.clone(), ..JobFilter::default() };
    until("the batch has done its work", async || {
        let Some(running) = bench.client().batch(batch).await? else { return Ok(Some(())) };
        let made = running.data.jobs_made == running.data.jobs;
        Ok((made && bench.client().count(&CountQuestion::Jobs(left.clone())).await?.data == 0).then_some(()))
    })
    .await?;
    Ok(past)
}

pub async fn cancelling_any_level_ends_the_whole_chain(bench: Bench) -> Result<()> {
    let actor = Actor::new(&bench, "canceller").await?;
    for level in 0..3 {
        let levels = chain(&bench, &format!("level-{level}")).await?;
        let written = actor.makes(&bench, &cancel(&levels[level])).await?;
        ensure!(properties(&written).is_empty() && written[0].instance.as_ref() == Some(&levels[level]), "{written:?}");
        for instance in &levels {
            ensure!(!runs(&bench, instance).await?, "level {level} takes all with it");
            let past = bench.client().historic_process_instance(instance).await?.context("it is remembered")?.data;
            ensure!(matches!(past.state, InstanceState::InternallyTerminated | InstanceState::ExternallyTerminated), "{past:?}");
        }
    }
    let again = actor.client.change(&cancel(&"no-such-instance".into())).await;
    ensure!(matches!(&again.sent, Sent::Rejected(error) if error.kind() == ErrorKind::NotFound), "{again:?}");
    Ok(())
}

pub async fn a_caller_with_another_branch_outlives_what_it_called(bench: Bench) -> Result<()> {
    let bottom = bench.deploy("branch-bottom", [person()]).await?;
    let top = bench.deploy("branch-top", [super::diagrams::call_many(&bottom.key, 2, "${true}")]).await?;
    let caller = bench.start_failing(&top).await?;
    let called = bench.driver().list(&format!("/process-instance?superProcessInstance={}", caller.as_wire())).await?;
    let called: Vec<ProcessInstanceId> = called.iter().filter_map(|row| row["id"].as_str()).map(Into::into).collect();
    ensure!(called.len() == 2, "{called:?}");
    let actor = Actor::new(&bench, "pruner").await?;
    actor.makes(&bench, &cancel(&called[0])).await?;
    ensure!(runs(&bench, &caller).await? && runs(&bench, &called[1]).await?, "the other branch goes on");
    actor.makes(&bench, &cancel(&called[1])).await?;
    ensure!(!runs(&bench, &caller).await?, "and the caller ends with its last");
    Ok(())
}

pub async fn listeners_run_when_an_instance_is_cancelled_unless_they_are_left_out(bench: Bench) -> Result<()> {
    let process = bench.deploy("listening", [person_with_listener("${failing.bean}")]).await?;
    let actor = Actor::new(&bench, "quiet").await?;
    let (one, other) = (bench.start_failing(&process).await?, bench.start_failing(&process).await?);
    let failed = actor.client.change(&cancel(&one)).await;
    ensure!(!matches!(failed.sent, Sent::Accepted { .. }) && runs(&bench, &one).await?, "a failing listener keeps it alive: {failed:?}");
    actor.makes(&bench, &Change::DeleteInstance { instance: one.clone(), skip_listeners: true }).await?;
    ensure!(!runs(&bench, &one).await?);
    bench.prove(RequestName::DeleteInstance, "skipCustomListeners");
    let ids = vec![other.clone()];
    let loud = actor.orders(&bench, &Change::DeleteInstances { instances: ids.clone(), reason: None, skip_listeners: false }).await?;
    let jobs = bench.client().batch(&loud).await?.context("it is at work")?.data.job_definition.context("a job definition")?;
    let failed = format!("/job/count?jobDefinitionId={}&withException=true", jobs.as_wire());
    bench.driver().await_count(&failed, SOON, |count| count == 1).await?;
    ensure!(runs(&bench, &other).await?);
    let quiet = actor.orders(&bench, &Change::DeleteInstances { instances: ids, reason: None, skip_listeners: true }).await?;
    finished(&bench, &quiet).await?;
    ensure!(!runs(&bench, &other).await?);
    bench.prove(RequestName::DeleteInstances, "skipCustomListeners");
    bench.drop_batch(loud.as_wire()).await
}

pub async fn a_batch_cancels_with_a_reason_that_goes_down_the_calls_and_up(bench: Bench) -> Result<()> {
    let levels = chain(&bench, "reason").await?;
    let process = bench.deploy("reason-alone", [people(2)]).await?;
    let alone = bench.start_failing(&process).await?;
    let actor = Actor::new(&bench, "reasoner").await?;
    let instances = vec![levels[0].clone(), alone.clone()];
    let batch = actor.orders(&bench, &Change::DeleteInstances { instances, reason: Some("wrong prices ü".to_owned()), skip_listeners: false }).await?;
    let written = actor.operations(&bench).await?;
    ensure!(properties(&written) == ["async", "deleteReason", "nrOfInstances"] && written.iter().all(|row| row.instance.is_none()), "{written:?}");
    let past = finished(&bench, &batch).await?;
    ensure!(past.jobs == 2 && past.kind.as_ref().is_some_and(|kind| kind.as_wire() == "instance-deletion"), "{past:?}");
    ensure!(past.user.as_ref().is_some_and(|user| user.as_wire() == actor.name), "{past:?}");
    for instance in levels.iter().chain([&alone]) {
        ensure!(!runs(&bench, instance).await?);
    }
    let reason = async |instance: &ProcessInstanceId| -> Result<_> {
        Ok(bench.client().historic_process_instance(instance).await?.context("it is remembered")?.data.delete_reason)
    };
    for instance in levels.iter().chain([&alone]) {
        let reason = reason(instance).await?.context("a reason")?;
        ensure!(reason.as_wire() == "wrong prices ü", "{reason:?}");
    }
    let above = chain(&bench, "reason-above").await?;
    let change = Change::DeleteInstances { instances: vec![above[1].clone()], reason: Some("from the middle".to_owned()), skip_listeners: false };
    finished(&bench, &actor.orders(&bench, &change).await?).await?;
    for instance in &above {
        ensure!(!runs(&bench, instance).await?, "a batch kills the callers too");
        let reason = reason(instance).await?;
        ensure!(reason.as_ref().is_some_and(|reason| reason.as_wire() == "from the middle"), "{reason:?}");
    }
    bench.prove(RequestName::DeleteInstances, "processInstanceIds");
    bench.prove(RequestName::DeleteInstances, "deleteReason");
    Ok(())
}

pub async fn a_batch_that_cancels_treats_what_is_gone_as_done(bench: Bench) -> Result<()> {
    let process = bench.deploy("already", [person()]).await?;
    let (gone, there) = (bench.start_failing(&process).await?, bench.start_failing(&process).await?);
    bench.driver().cancel_instance(gone.as_wire()).await?;
    let actor = Actor::new(&bench, "late").await?;
    let change = Change::DeleteInstances { instances: vec![gone, there.clone()], reason: None, skip_listeners: false };
    let batch = actor.orders(&bench, &change).await?;
    finished(&bench, &batch).await?;
    ensure!(!runs(&bench, &there).await?);
    Ok(())
}

pub async fn attempts_for_many_are_given_in_a_batch_that_tells_nothing_of_the_jobs(bench: Bench) -> Result<()> {
    let process = bench.failed("many", 3).await?;
    let ids = bench.driver().job_ids(&format!("processDefinitionId={}", process.id.as_wire())).await?;
    let jobs: Vec<JobId> = ids[..2].iter().map(|id| id.as_str().into()).collect();
    bench.driver().suspend_job_definitions(&process.key, true, true).await?;
    let actor = Actor::new(&bench, "bulk").await?;
    let batch = actor.orders(&bench, &Change::JobRetriesBatch { jobs: jobs.clone(), retries: 5, due: Due::Keep }).await?;
    let written = actor.operations(&bench).await?;
    ensure!(properties(&written) == ["async", "nrOfInstances", "retries"], "{written:?}");
    let running = bench.client().batch(&batch).await?;
    let past = finished(&bench, &batch).await?;
    if let Some(running) = running {
        ensure!(running.data.jobs == 2 && running.data.job_definition == past.job_definition, "{running:?}");
    }
    ensure!(past.jobs == 2 && past.kind.as_ref().is_some_and(|kind| kind.as_wire() == "set-job-retries"), "{past:?}");
    let rows = bench.client().jobs(&ids.iter().map(|id| id.as_str().into()).collect::<Vec<_>>()).await?.data;
    for row in &rows {
        let asked = jobs.contains(&row.id);
        ensure!(row.retries == if asked { 5 } else { 0 }, "done, though nothing ran: {row:?}");
    }
    bench.prove(RequestName::SetJobRetriesBatch, "retries");
    bench.prove(RequestName::SetJobRetriesBatch, "jobIds");
    if bench.has(Since::camunda7(19)) {
        let later = "2040-01-02T03:04:05Z".parse()?;
        let batch = actor.orders(&bench, &Change::JobRetriesBatch { jobs: jobs.clone(), retries: 5, due: Due::At(later) }).await?;
        finished(&bench, &batch).await?;
        ensure!(bench.client().jobs(&jobs).await?.data.iter().all(|row| row.due == Some(later)));
        bench.prove(RequestName::SetJobRetriesBatch, "dueDate");
    }
    Ok(())
}

pub async fn a_batch_with_an_unknown_job_does_the_others_and_fails_for_that_one(bench: Bench) -> Result<()> {
    let process = bench.failed("stale", 1).await?;
    bench.driver().suspend_job_definitions(&process.key, true, true).await?;
    let job = bench.job_of(&process).await?;
    let actor = Actor::new(&bench, "stale").await?;
    let change = Change::JobRetriesBatch { jobs: vec!["no-such-job".into(), job.clone()], retries: 4, due: Due::Keep };
    let batch = actor.orders(&bench, &change).await?;
    until("the other is done", async || Ok(bench.client().job(&job).await?.is_some_and(|job| job.data.retries == 4).then_some(()))).await?;
    let running = bench.client().batch(&batch).await?.context("it is not over")?.data;
    let of = running.job_definition.clone().context("a job definition")?;
    bench.driver().await_count(&format!("/job/count?jobDefinitionId={}&withException=true", of.as_wire()), SOON, |count| count == 1).await?;
    ensure!(running.jobs == 2 && !running.suspended, "{running:?}");
    bench.drop_batch(batch.as_wire()).await?;
    ensure!(bench.client().batch(&batch).await?.is_none());
    let body = json!({"jobIds": []});
    ensure!(bench.driver().post("/job/retries", &body).await.is_err(), "an empty list is refused, and never sent");
    Ok(())
}
