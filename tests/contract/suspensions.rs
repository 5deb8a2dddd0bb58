//! Suspending and resuming definitions and instances: at once, later, with what exists or without it, and what one undoes of another.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bpmtop::engine::{Change, JobLogFilter, JobLogQuery, Order, Page, RequestName};
use bpmtop::headless::Deadline;
use bpmtop::headless::tree::grow;
use bpmtop::model::call_tree::{Content, Row, Target};
use bpmtop::model::history::{JobEvent, JobLogEntry, UserOperation};
use bpmtop::model::ids::{JobDefinitionId, JobId, ProcessInstanceId};
use bpmtop::model::inquiry::{Finding, Inquiry};
use bpmtop::model::suspension::{HeldJobs, Suspended};
use bpmtop::poll::inquire::Counter;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::actor::{Actor, properties};
use super::bench::{Bench, Deployed, SOON, until};
use super::diagrams::{call, job, person, timer, work};

/// A process with a timer, an instance of it, and that timer's job and job definition.
async fn waiting(bench: &Bench, word: &str) -> Result<(Deployed, ProcessInstanceId, JobId, JobDefinitionId)> {
    let process = bench.deploy(word, [timer(), person()]).await?;
    let instance = bench.start_failing(&process).await?;
    let job = bench.job_of(&process).await?;
    let definition = bench.client().job(&job).await?.and_then(|job| job.data.job_definition).context("a job definition")?;
    Ok((process, instance, job, definition))
}

async fn job_is_suspended(bench: &Bench, job: &JobId) -> Result<bool> {
    Ok(bench.client().job(job).await?.context("the job is there")?.data.suspended)
}

async fn definition_is_suspended(bench: &Bench, definition: &JobDefinitionId) -> Result<bool> {
    Ok(bench.client().job_definition(definition).await?.context("the definition is there")?.data.suspended)
}

/// The birth of the timer that this operation made. Nothing tells whom a timer suspends: the moments must do, and they differ by a millisecond now
/// and then.
async fn timer_of(bench: &Bench, kind: &str, operation: &UserOperation, due: Timestamp) -> Result<JobLogEntry> {
    let filter = JobLogFilter { kind: Some(kind.into()), created: true, ..JobLogFilter::default() };
    let log = bench.client().job_log(&JobLogQuery { filter, by_time: Some(Order::Descending), page: Page::first(200) }).await?.data;
    let distance = |entry: &JobLogEntry| entry.at.duration_since(operation.at).abs();
    let nearest = log.into_iter().filter(|entry| entry.due == Some(due)).min_by_key(distance).context("its timer")?;
    ensure!(distance(&nearest) <= SignedDuration::from_millis(100), "born in one moment with the operation at {}: {nearest:?}", operation.at);
    Ok(nearest)
}

/// A moment that an engine keeps as it is.
fn in_future(ahead: SignedDuration) -> Result<Timestamp> {
    Ok(Timestamp::from_millisecond((Timestamp::now() + ahead).as_millisecond())?)
}

fn suspension(definition: &JobDefinitionId, suspended: bool, jobs_too: bool, at: Option<Timestamp>) -> Change {
    Change::JobDefinitionSuspension { definition: definition.clone(), suspended, jobs_too, at }
}

pub async fn a_job_definition_is_suspended_with_its_jobs_or_without(bench: Bench) -> Result<()> {
    let (process, _, job, definition) = waiting(&bench, "definition").await?;
    let actor = Actor::new(&bench, "suspender").await?;
    let written = actor.makes(&bench, &suspension(&definition, true, false, None)).await?;
    ensure!(properties(&written) == ["suspensionState"] && written[0].job_definition.as_ref() == Some(&definition), "{written:?}");
    ensure!(written[0].new.as_ref().is_some_and(|state| state.as_wire() == "suspended"), "{written:?}");
    ensure!(definition_is_suspended(&bench, &definition).await? && !job_is_suspended(&bench, &job).await?, "existing jobs go on");
    bench.start_failing(&process).await?;
    let born = format!("/job/count?processDefinitionId={}&suspended=true", process.id.as_wire());
    ensure!(bench.driver().count(&born).await? == 1, "new ones are born suspended");
    bench.prove(RequestName::SuspendJobDefinition, "suspended");
    actor.makes(&bench, &suspension(&definition, true, true, None)).await?;
    ensure!(job_is_suspended(&bench, &job).await? && bench.driver().count(&born).await? == 2);
    actor.makes(&bench, &suspension(&definition, false, false, None)).await?;
    ensure!(!definition_is_suspended(&bench, &definition).await? && bench.driver().count(&born).await? == 2, "resumed without its jobs");
    actor.makes(&bench, &suspension(&definition, false, true, None)).await?;
    ensure!(bench.driver().count(&born).await? == 0);
    bench.prove(RequestName::SuspendJobDefinition, "includeJobs");
    Ok(())
}

pub async fn a_timed_suspension_is_a_timer_and_comes_when_it_is_due(bench: Bench) -> Result<()> {
    let (_, _, job, definition) = waiting(&bench, "timed").await?;
    let actor = Actor::new(&bench, "planner").await?;
    let due = in_future(SignedDuration::from_secs(4))?;
    let written = actor.makes(&bench, &suspension(&definition, true, true, Some(due))).await?;
    ensure!(written[0].job_definition.as_ref() == Some(&definition), "{written:?}");
    ensure!(!definition_is_suspended(&bench, &definition).await?, "not yet, though the log says so already");
    let timer = timer_of(&bench, "suspend-job-definition", &written[0], due).await?;
    ensure!(timer.job_definition.is_none() && timer.instance.is_none(), "it does not tell whom it suspends: {timer:?}");
    let row = bench.client().job(&timer.job).await?.context("it is a job")?.data;
    ensure!(row.due == Some(due) && row.process_definition.is_none() && row.job_definition.is_none(), "{row:?}");
    until("it is suspended", async || Ok(definition_is_suspended(&bench, &definition).await?.then_some(()))).await?;
    ensure!(Timestamp::now() >= due && job_is_suspended(&bench, &job).await?);
    bench.prove(RequestName::SuspendJobDefinition, "executionDate");
    Ok(())
}

pub async fn a_timed_suspension_whose_timer_is_deleted_never_comes(bench: Bench) -> Result<()> {
    let (process, _, job, definition) = waiting(&bench, "averted").await?;
    let actor = Actor::new(&bench, "averter").await?;
    let due = in_future(SignedDuration::from_secs(4))?;
    let versions = Change::ProcessDefinitionSuspension { definition: process.id.clone(), suspended: true, instances_too: true, at: Some(due) };
    for (change, kind) in [(suspension(&definition, true, true, Some(due)), "suspend-job-definition"), (versions, "suspend-processdefinition")] {
        let written = actor.makes(&bench, &change).await?;
        let timer = timer_of(&bench, kind, &written[0], due).await?;
        let deleted = actor.makes(&bench, &Change::DeleteJob { job: timer.job.clone() }).await?;
        ensure!(deleted[0].job.as_ref() == Some(&timer.job), "{deleted:?}");
        ensure!(bench.client().job(&timer.job).await?.is_none());
        let filter = JobLogFilter { job: Some(timer.job), deleted: true, ..JobLogFilter::default() };
        let log = bench.client().job_log(&JobLogQuery { filter, by_time: None, page: Page::first(5) }).await?.data;
        ensure!(log.len() == 1 && log[0].event == JobEvent::Deleted, "{log:?}");
    }
    tokio::time::sleep(Duration::from_secs(8)).await;
    ensure!(!definition_is_suspended(&bench, &definition).await? && !job_is_suspended(&bench, &job).await?);
    ensure!(!bench.client().process_definition(&process.id).await?.context("it is there")?.data.suspended);
    Ok(())
}

pub async fn a_timed_resumption_is_a_timer_of_its_own_kind(bench: Bench) -> Result<()> {
    let (process, _, _, definition) = waiting(&bench, "awake").await?;
    let actor = Actor::new(&bench, "waker").await?;
    let due = in_future(SignedDuration::from_hours(1))?;
    let versions = Change::ProcessDefinitionSuspension { definition: process.id.clone(), suspended: false, instances_too: false, at: Some(due) };
    for (change, kind) in [(suspension(&definition, false, true, Some(due)), "activate-job-definition"), (versions, "activate-processdefinition")] {
        let written = actor.makes(&bench, &change).await?;
        let timer = timer_of(&bench, kind, &written[0], due).await?;
        actor.makes(&bench, &Change::DeleteJob { job: timer.job }).await?;
    }
    Ok(())
}

pub async fn a_process_definition_is_suspended_with_its_instances_or_without_and_nobody_starts_one(bench: Bench) -> Result<()> {
    let (process, instance, job, definition) = waiting(&bench, "version").await?;
    let actor = Actor::new(&bench, "stopper").await?;
    let change = |suspended, instances_too| Change::ProcessDefinitionSuspension { definition: process.id.clone(), suspended, instances_too, at: None };
    let states = async || -> Result<[bool; 4]> {
        Ok([
            bench.client().process_definition(&process.id).await?.context("it is there")?.data.suspended,
            definition_is_suspended(&bench, &definition).await?,
            bench.client().process_instance(&instance).await?.context("it runs")?.data.suspended,
            job_is_suspended(&bench, &job).await?,
        ])
    };
    let written = actor.makes(&bench, &change(true, false)).await?;
    ensure!(properties(&written) == ["includeProcessInstances", "suspensionState"], "{written:?}");
    ensure!(states().await? == [true, true, false, false], "{:?}", states().await?);
    ensure!(bench.start_failing(&process).await.is_err(), "no instance of a suspended definition can be started");
    bench.prove(RequestName::SuspendProcessDefinition, "suspended");
    actor.makes(&bench, &change(true, true)).await?;
    ensure!(states().await? == [true; 4], "{:?}", states().await?);
    bench.prove(RequestName::SuspendProcessDefinition, "includeProcessInstances");
    actor.makes(&bench, &change(false, true)).await?;
    ensure!(states().await? == [false; 4], "{:?}", states().await?);
    Ok(())
}

pub async fn a_timed_suspension_of_a_process_definition_comes_when_it_is_due(bench: Bench) -> Result<()> {
    let (process, instance, ..) = waiting(&bench, "curfew").await?;
    let actor = Actor::new(&bench, "curfew").await?;
    let due = in_future(SignedDuration::from_secs(2))?;
    let change = Change::ProcessDefinitionSuspension { definition: process.id.clone(), suspended: true, instances_too: true, at: Some(due) };
    actor.makes(&bench, &change).await?;
    let suspended = async || -> Result<bool> { Ok(bench.client().process_instance(&instance).await?.context("it runs")?.data.suspended) };
    ensure!(!suspended().await?);
    until("it is suspended", async || Ok(suspended().await?.then_some(()))).await?;
    bench.prove(RequestName::SuspendProcessDefinition, "executionDate");
    Ok(())
}

pub async fn an_instance_that_is_resumed_wakes_its_job_though_the_job_definition_is_suspended(bench: Bench) -> Result<()> {
    let process = bench.deploy("stacked", [job("work", "${true}", "R1/PT0S"), person()]).await?;
    bench.driver().suspend_job_definitions(&process.key, true, true).await?;
    let instance = bench.start_failing(&process).await?;
    let job = bench.job_of(&process).await?;
    ensure!(job_is_suspended(&bench, &job).await?);
    let actor = Actor::new(&bench, "freezer").await?;
    let change = |suspended| Change::InstanceSuspension { instance: instance.clone(), suspended };
    let written = actor.makes(&bench, &change(true)).await?;
    ensure!(properties(&written) == ["suspensionState"] && written[0].instance.as_ref() == Some(&instance), "{written:?}");
    ensure!(bench.client().process_instance(&instance).await?.context("it runs")?.data.suspended);
    bench.prove(RequestName::SuspendInstance, "suspended");
    actor.makes(&bench, &change(false)).await?;
    until("the job runs", async || Ok(bench.client().job(&job).await?.is_none().then_some(()))).await
}

pub async fn a_suspended_caller_leaves_what_it_called_running_and_is_not_resumed_by_it(bench: Bench) -> Result<()> {
    let bottom = bench.deploy("called", [timer(), person()]).await?;
    let top = bench.deploy("caller", [call(&bottom.key)]).await?;
    let caller = bench.start_failing(&top).await?;
    let rows = bench.driver().list(&format!("/process-instance?superProcessInstance={}", caller.as_wire())).await?;
    let called: ProcessInstanceId = rows.first().and_then(|row| row["id"].as_str()).context("it calls one")?.into();
    let suspended =
        async |instance: &ProcessInstanceId| -> Result<bool> { Ok(bench.client().process_instance(instance).await?.context("it runs")?.data.suspended) };
    let actor = Actor::new(&bench, "halter").await?;
    actor.makes(&bench, &Change::InstanceSuspension { instance: caller.clone(), suspended: true }).await?;
    ensure!(suspended(&caller).await? && !suspended(&called).await? && !job_is_suspended(&bench, &bench.job_of(&bottom).await?).await?);
    actor.makes(&bench, &Change::InstanceSuspension { instance: called.clone(), suspended: true }).await?;
    actor.makes(&bench, &Change::InstanceSuspension { instance: called.clone(), suspended: false }).await?;
    ensure!(suspended(&caller).await? && !suspended(&called).await?);
    Ok(())
}

pub async fn a_job_definition_that_is_resumed_wakes_jobs_of_suspended_instances_and_they_fail(bench: Bench) -> Result<()> {
    let process = bench.deploy("woken", [job("work", "${true}", "R1/PT0S"), person()]).await?;
    bench.driver().suspend_job_definitions(&process.key, true, true).await?;
    let instance = bench.start_failing(&process).await?;
    let job = bench.job_of(&process).await?;
    let definition = bench.client().job(&job).await?.and_then(|job| job.data.job_definition).context("a job definition")?;
    let actor = Actor::new(&bench, "thawer").await?;
    actor.makes(&bench, &Change::InstanceSuspension { instance: instance.clone(), suspended: true }).await?;
    actor.makes(&bench, &suspension(&definition, false, true, None)).await?;
    ensure!(bench.client().process_instance(&instance).await?.context("it runs")?.data.suspended, "the instance stays suspended");
    bench.driver().await_count(&format!("/incident/count?processInstanceId={}", instance.as_wire()), SOON, |count| count == 1).await?;
    let failed = bench.client().job(&job).await?.context("the job is there")?.data;
    ensure!(failed.retries == 0 && failed.exception_message.is_some_and(|text| text.as_wire().contains("is suspended")));
    Ok(())
}

pub async fn a_priority_of_a_job_definition_holds_for_existing_jobs_whether_or_not_they_were_meant(bench: Bench) -> Result<()> {
    let process = bench.failed("urgent", 1).await?;
    let job = bench.job_of(&process).await?;
    let priority_of_job = async || -> Result<i64> { Ok(bench.client().job(&job).await?.context("it is there")?.data.priority) };
    let definition = bench.client().job(&job).await?.and_then(|job| job.data.job_definition).context("a job definition")?;
    let overriding = async || -> Result<_> { Ok(bench.client().job_definition(&definition).await?.context("it is there")?.data.overriding_priority) };
    let actor = Actor::new(&bench, "ranker").await?;
    let change = |priority, jobs_too| Change::JobDefinitionPriority { definition: definition.clone(), priority, jobs_too };
    for (priority, jobs_too) in [(7, false), (8, true)] {
        let written = actor.makes(&bench, &change(Some(priority), jobs_too)).await?;
        ensure!(properties(&written) == ["overridingPriority", "priority"], "{written:?}");
        ensure!(overriding().await? == Some(priority) && priority_of_job().await? == priority, "includeJobs {jobs_too} makes no difference");
    }
    bench.prove(RequestName::SetJobDefinitionPriority, "priority");
    let written = actor.makes(&bench, &change(None, false)).await?;
    ensure!(properties(&written) == ["overridingPriority"], "{written:?}");
    ensure!(overriding().await?.is_none() && priority_of_job().await? == 8, "the diagram's again, for new ones");
    let refused = actor.client.change(&change(None, true)).await;
    ensure!(format!("{refused:?}").contains("Cannot reset priority"), "{refused:?}");
    bench.prove(RequestName::SetJobDefinitionPriority, "includeJobs");
    Ok(())
}

pub async fn a_suspended_definition_leaves_external_tasks_to_their_workers(bench: Bench) -> Result<()> {
    let topic = bench.name("unstopped");
    let process = bench.deploy("unstopped", [super::diagrams::external(&topic)]).await?;
    let instance = bench.driver().start(&process.key, "x", &json!({})).await?;
    let actor = Actor::new(&bench, "hopeful").await?;
    let change = Change::ProcessDefinitionSuspension { definition: process.id.clone(), suspended: true, instances_too: false, at: None };
    actor.makes(&bench, &change).await?;
    ensure!(bench.driver().fetch_and_lock("worker", &topic, 1, Duration::from_secs(1)).await?.len() == 1, "a worker still gets it");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    actor.makes(&bench, &Change::InstanceSuspension { instance: instance.as_str().into(), suspended: true }).await?;
    ensure!(bench.driver().fetch_and_lock("worker", &topic, 1, Duration::from_secs(1)).await?.is_empty(), "only a suspended instance keeps it");
    Ok(())
}

pub async fn a_job_definition_suspended_under_running_work_makes_it_fail_and_run_again(bench: Bench) -> Result<()> {
    let process = bench.deploy("running", [super::diagrams::slow(), work()]).await?;
    bench.driver().start(&process.key, "running", &json!({"latencyMillis": 3_000, "ok": true})).await?;
    let job = bench.job_of(&process).await?;
    let before = bench.client().job(&job).await?.context("it runs")?.data;
    let definition = before.job_definition.context("a job definition")?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let actor = Actor::new(&bench, "hasty").await?;
    actor.makes(&bench, &suspension(&definition, true, true, None)).await?;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let row = bench.client().job(&job).await?.context("the work was rolled back, so its job is still there")?.data;
    ensure!(row.suspended && row.retries == before.retries, "and no attempt was lost: {row:?}");
    ensure!(row.exception_message.is_some_and(|text| text.as_wire().contains("updated by another transaction")), "though it says why");
    Ok(())
}

/// The counts of the whole engine, and what of them this process adds: other tests suspend things at the same time.
async fn suspended_now(bench: &Bench) -> Result<Suspended> {
    let answers = Counter::new(bench.client().clone()).answer(vec![Inquiry::Suspended]).await?;
    match answers.into_iter().next() {
        Some((_, Ok(Finding::Suspended(found)))) => Ok(*found),
        other => anyhow::bail!("{other:?}"),
    }
}

pub async fn a_job_suspended_alone_is_found_and_told_to_wait(bench: Bench) -> Result<()> {
    let process = bench.deploy("alone", [job("work", "${failing.bean}", "R5/PT1H"), timer(), person()]).await?;
    let instance = bench.start_failing(&process).await?;
    bench.driver().await_count(&format!("/job/count?processDefinitionId={}&withException=true", process.id.as_wire()), SOON, |count| count == 1).await?;
    let job = bench.job_of(&process).await?;
    let actor = Actor::new(&bench, "waker").await?;
    actor.makes(&bench, &Change::JobSuspension { job: job.clone(), suspended: true }).await?;
    let definitions = bench.client().job_definitions(Page::first(1_000)).await?.data;
    let held = async || -> Result<HeldJobs> {
        let counter = Counter::new(bench.client().clone());
        let answers = counter.answer(vec![Inquiry::HeldJobs(instance.clone())]).await?;
        ensure!(counter.spent().requests == 1);
        let Some((_, Ok(Finding::Jobs(jobs)))) = answers.into_iter().next() else { anyhow::bail!("no jobs") };
        Ok(HeldJobs::of(&jobs.rows, Timestamp::now()))
    };
    ensure!(held().await? == HeldJobs { later: 1, ..HeldJobs::default() }, "tried again in an hour");
    actor.makes(&bench, &Change::JobDueDate { job: job.clone(), due: None }).await?;
    ensure!(held().await? == HeldJobs { waiting: 1, ..HeldJobs::default() }, "due now");
    let grown = grow(&Counter::new(bench.client().clone()), Target::Instance(instance.clone()), false, Deadline::after(SOON)).await?;
    let marked = |row: &Row| matches!(&row.content, Content::Instance(node) if node.own.is_empty() && node.held.iter().any(|held| held.id == job));
    ensure!(grown.tree.rows.iter().any(marked), "the tree tells it, though no incident does: {grown:?}");
    let found = suspended_now(&bench).await?;
    ensure!(found.counts.jobs >= 1 && found.counts.waiting >= 1 && found.counts.waiting <= found.counts.jobs, "{:?}", found.counts);
    let listed = found.alone(&definitions).any(|row| row.id == job);
    ensure!(listed || !found.jobs_whole(), "{:?}", found.counts);
    bench.driver().suspend_job_definitions(&process.key, true, false).await?;
    let definitions = bench.client().job_definitions(Page::first(1_000)).await?.data;
    ensure!(!suspended_now(&bench).await?.alone(&definitions).any(|row| row.id == job), "its job definition is suspended too");
    Ok(())
}
