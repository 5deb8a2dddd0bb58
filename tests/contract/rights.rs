//! Which rights a change needs beyond the first one, and where fewer are needed than one would think: in batches, and for what belongs to no process.

use anyhow::{Context as _, Result, ensure};
use bpmtop::engine::{Change, Due, JobLogFilter, JobLogQuery, Order, Page, Problem, Sent};
use bpmtop::model::ids::{JobDefinitionId, ProcessInstanceId};

use super::actor::Actor;
use super::bench::{Bench, Deployed};
use super::cancels::finished;
use super::diagrams::{person, timer};

/// Kinds of resources, as the engine numbers them.
const PROCESS_DEFINITION: u32 = 6;
const BATCH: u32 = 13;

/// Somebody with these rights on the definition of a process and no others.
async fn somebody(bench: &Bench, word: &str, process: &Deployed, rights: &[&str]) -> Result<Actor> {
    let actor = Actor::new(bench, word).await?;
    bench.driver().grant(&actor.name, PROCESS_DEFINITION, &process.key, rights).await?;
    Ok(actor)
}

/// The rights that would have sufficed for a change that was refused.
async fn lacking(actor: &Actor, change: &Change) -> Result<Vec<String>> {
    let delivered = actor.client.change(change).await;
    let Sent::Rejected(error) = &delivered.sent else { anyhow::bail!("{change:?}: {delivered:?}") };
    let Problem::Forbidden { missing, .. } = error.problem() else { anyhow::bail!("{change:?}: {error}") };
    let mut lacking: Vec<_> = missing.iter().map(|lack| lack.permission.as_wire().to_owned()).collect();
    lacking.sort();
    Ok(lacking)
}

async fn accepted(actor: &Actor, change: &Change) -> Result<()> {
    let delivered = actor.client.change(change).await;
    ensure!(matches!(delivered.sent, Sent::Accepted { .. }), "{change:?}: {delivered:?}");
    Ok(())
}

async fn job_definition(bench: &Bench, process: &Deployed) -> Result<JobDefinitionId> {
    let rows = bench.driver().list(&format!("/job-definition?processDefinitionId={}", process.id.as_wire())).await?;
    Ok(rows.first().and_then(|row| row["id"].as_str()).context("a job definition")?.into())
}

pub async fn a_suspension_that_takes_jobs_or_instances_along_needs_a_right_on_those_too(bench: Bench) -> Result<()> {
    let process = bench.deploy("along", [timer()]).await?;
    bench.start_failing(&process).await?;
    let definition = job_definition(&bench, &process).await?;
    let of_jobs = |jobs_too| Change::JobDefinitionSuspension { definition: definition.clone(), suspended: true, jobs_too, at: None };
    let of_all = |instances_too| Change::ProcessDefinitionSuspension { definition: process.id.clone(), suspended: true, instances_too, at: None };
    let updater = somebody(&bench, "updater", &process, &["READ", "UPDATE"]).await?;
    accepted(&updater, &of_jobs(false)).await?;
    ensure!(lacking(&updater, &of_jobs(true)).await? == ["UPDATE", "UPDATE_INSTANCE"]);
    let suspender = somebody(&bench, "suspender", &process, &["READ", "SUSPEND"]).await?;
    ensure!(lacking(&suspender, &of_jobs(false)).await? == ["UPDATE"], "the right to suspend is not enough for a job definition");
    accepted(&suspender, &of_all(false)).await?;
    ensure!(lacking(&suspender, &of_all(true)).await? == ["SUSPEND", "SUSPEND_INSTANCE", "UPDATE", "UPDATE_INSTANCE"]);
    let both = somebody(&bench, "both", &process, &["READ", "SUSPEND", "SUSPEND_INSTANCE"]).await?;
    accepted(&both, &of_all(true)).await
}

pub async fn the_right_to_retry_is_enough_for_a_retry_but_not_for_a_due_date(bench: Bench) -> Result<()> {
    let process = bench.failed("retriable", 1).await?;
    let job = bench.job_of(&process).await?;
    let retrier = somebody(&bench, "retrier", &process, &["READ_INSTANCE", "RETRY_JOB"]).await?;
    ensure!(lacking(&retrier, &Change::JobDueDate { job: job.clone(), due: None }).await? == ["UPDATE", "UPDATE_INSTANCE"]);
    accepted(&retrier, &Change::JobRetries { job, retries: 1, due: Due::Keep }).await
}

pub async fn whoever_may_make_a_batch_needs_no_right_on_what_it_changes(bench: Bench) -> Result<()> {
    let process = bench.deploy("powerless", [person()]).await?;
    let instance: ProcessInstanceId = bench.start_failing(&process).await?;
    let maker = Actor::new(&bench, "maker").await?;
    bench.driver().grant(&maker.name, BATCH, "*", &["CREATE", "READ"]).await?;
    ensure!(maker.client.process_instance(&instance).await?.is_none(), "it may not even see it");
    let change = Change::DeleteInstances { instances: vec![instance.clone()], reason: None, skip_listeners: false };
    finished(&bench, &maker.orders(&bench, &change).await?).await?;
    ensure!(bench.client().process_instance(&instance).await?.is_none(), "and yet it ended");
    Ok(())
}

pub async fn the_timer_of_a_timed_suspension_is_guarded_by_no_right(bench: Bench) -> Result<()> {
    let process = bench.deploy("unguarded", [timer()]).await?;
    let definition = job_definition(&bench, &process).await?;
    let due = "2040-01-02T03:04:05.678Z".parse()?;
    let change = Change::JobDefinitionSuspension { definition: definition.clone(), suspended: true, jobs_too: true, at: Some(due) };
    ensure!(matches!(bench.client().change(&change).await.sent, Sent::Accepted { .. }));
    let filter = JobLogFilter { kind: Some("suspend-job-definition".into()), created: true, ..JobLogFilter::default() };
    let log = bench.client().job_log(&JobLogQuery { filter, by_time: Some(Order::Descending), page: Page::first(50) }).await?.data;
    let timer = log.into_iter().find(|entry| entry.due == Some(due)).context("its timer")?.job;
    let stranger = Actor::new(&bench, "stranger").await?;
    ensure!(stranger.client.job(&timer).await?.is_some(), "whoever may log in sees it");
    accepted(&stranger, &Change::DeleteJob { job: timer.clone() }).await?;
    ensure!(bench.client().job(&timer).await?.is_none(), "and may delete it");
    Ok(())
}
