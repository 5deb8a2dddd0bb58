//! A resumption that was to keep jobs asleep and broke off, on real engines: what was left is put back by a plan, and no job runs meanwhile.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bpmtop::action::desk::ActCommand;
use bpmtop::action::ledger::{Ledger, Stage};
use bpmtop::action::outcome::{Outcome, Proof};
use bpmtop::action::plan::{ActionId, Plan};
use bpmtop::action::verb::Verb;
use bpmtop::action::wish::Asked;
use bpmtop::engine::catalogue::endpoint;
use bpmtop::engine::{Client, JobLogFilter, JobLogQuery, Page, RequestName};
use bpmtop::model::history::JobEvent;
use bpmtop::model::ids::{JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId};
use bpmtop::model::job::Job;
use jiff::Timestamp;
use reqwest::Url;
use serde_json::json;

use super::actions::{Operator, definitions_of};
use super::bench::{Bench, until};
use super::diagrams::{person, work};
use super::faults::Fault;
use super::faults::breaker::Breaker;

/// Longer than an executor with nothing to do sleeps.
const LONGEST_SLEEP: Duration = Duration::from_secs(90);

/// Two suspended instances of a process whose job definition is suspended too, each with a job that would run the moment it is awake: one has no
/// due date, that of the other has passed.
struct Sleeping {
    process: ProcessDefinitionId,
    definition: JobDefinitionId,
    instances: Vec<ProcessInstanceId>,
    jobs: Vec<Job>,
}

impl Sleeping {
    async fn on(bench: &Bench, word: &str) -> Result<Self> {
        let process = bench.deploy(word, [person(), work()]).await?;
        let definition = definitions_of(bench, &process).await?.remove(0);
        let suspended = json!({"suspended": true, "includeJobs": true});
        bench.driver().put(&format!("/job-definition/{}/suspended", definition.as_wire()), &suspended).await?;
        let mut sleeping = Self { process: process.id.clone(), definition, instances: Vec::new(), jobs: Vec::new() };
        for due in [None, Some("2021-02-03T04:05:06.000+0000")] {
            let instance = bench.driver().start(&process.key, word, &json!({"ok": true})).await?;
            let task = bench.driver().list(&format!("/task?processInstanceId={instance}")).await?[0]["id"].as_str().context("a task")?.to_owned();
            bench.driver().post(&format!("/task/{task}/complete"), &json!({})).await?;
            let id = JobId::from(bench.driver().job_ids(&format!("processInstanceId={instance}")).await?[0].as_str());
            if let Some(due) = due {
                bench.driver().put(&format!("/job/{}/duedate", id.as_wire()), &json!({"duedate": due})).await?;
            }
            bench.driver().put(&format!("/process-instance/{instance}/suspended"), &json!({"suspended": true})).await?;
            sleeping.jobs.push(now(bench, &id).await?);
            sleeping.instances.push(ProcessInstanceId::from(instance.as_str()));
        }
        ensure!(sleeping.jobs.iter().all(|job| job.suspended) && sleeping.jobs[1].due.is_some_and(|due| due < Timestamp::now()), "{:?}", sleeping.jobs);
        Ok(sleeping)
    }

    fn resumption(&self) -> Asked {
        Asked::Instances { instances: self.instances.clone(), suspend: false }
    }

    async fn now(&self, bench: &Bench) -> Result<Vec<Job>> {
        let mut jobs = Vec::new();
        for job in &self.jobs {
            jobs.push(now(bench, &job.id).await?);
        }
        Ok(jobs)
    }

    /// That each job lies as it lay at first, and that nobody ever tried one; then, that nothing keeps them from running once they may.
    async fn lie_as_they_lay(&self, bench: &Bench) -> Result<()> {
        // One that is created wakes an executor, also one that sleeps: it works while these lie.
        let control = bench.deploy("control", [work()]).await?;
        let instance = bench.driver().start(&control.key, "control", &json!({"ok": true})).await?;
        let path = format!("/process-instance/count?processInstanceIds={instance}");
        bench.driver().await_count(&path, LONGEST_SLEEP, |count| count == 0).await?;
        for (before, now) in self.jobs.iter().zip(self.now(bench).await?) {
            ensure!((now.suspended, now.due, now.retries) == (true, before.due, before.retries), "{before:?} became {now:?}");
            let filter = JobLogFilter { job: Some(now.id.clone()), ..JobLogFilter::default() };
            let log = bench.client().job_log(&JobLogQuery { filter, by_time: None, page: Page::first(100) }).await?.data;
            ensure!(!log.is_empty() && log.iter().all(|entry| entry.event == JobEvent::Created), "{log:?}");
        }
        // Instances first: a job that is awake in a suspended one loses an attempt.
        for instance in &self.instances {
            bench.driver().put(&format!("/process-instance/{}/suspended", instance.as_wire()), &json!({"suspended": false})).await?;
        }
        let resumed = json!({"suspended": false, "includeJobs": true});
        bench.driver().put(&format!("/job-definition/{}/suspended", self.definition.as_wire()), &resumed).await?;
        // What is resumed wakes no executor, and one that sleeps sleeps on.
        for job in &self.jobs {
            let ran = bench.driver().await_count(&format!("/job/count?jobId={}", job.id.as_wire()), LONGEST_SLEEP, |count| count == 0).await;
            if ran.is_err() {
                let due = bench.driver().count("/job/count?executable=true&active=true").await?;
                bail!("it does not run: {:?}, {due} are due", bench.client().job(&job.id).await?.map(|answer| answer.data));
            }
        }
        Ok(())
    }
}

async fn now(bench: &Bench, id: &JobId) -> Result<Job> {
    Ok(bench.client().job(id).await?.context("the job never ran")?.data)
}

/// Whether a job is due so far ahead that nobody meant it.
fn is_far(job: &Job) -> bool {
    job.due.is_some_and(|due| due > Timestamp::now() + jiff::SignedDuration::from_hours(300 * 24))
}

/// A breaker before the engine, and a client that goes by it.
async fn broken(bench: &Bench, row: RequestName, fault: Fault) -> Result<(Breaker, Client)> {
    let mut address = Url::parse(&bench.target().url)?;
    let engine = format!("{}:{}", address.host_str().context("a host")?, address.port_or_known_default().context("a port")?);
    let breaker = Breaker::before(engine, endpoint(row), fault, Duration::ZERO).await?;
    ensure!(address.set_host(Some("127.0.0.1")).is_ok() && address.set_port(Some(breaker.port())).is_ok());
    let client = Client::new(bench.options(address))?;
    client.assume_version(bench.target().version.clone());
    Ok((breaker, client))
}

/// A resumption that dies once its ledger is as it should be, with all its tasks and whatever was in flight. Its journal is all that stays.
fn a_resumption_that_dies(
    bench: &Bench,
    what: Asked,
    per_second: f64,
    faulty: Option<(RequestName, Fault)>,
    is: impl Fn(&Ledger, usize) -> bool,
) -> Result<(tempfile::TempDir, ActionId)> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (operator, action) = runtime.block_on(async {
        let (row, fault) = faulty.unwrap_or((RequestName::SuspendJob, Fault::None));
        let (breaker, client) = broken(bench, row, fault).await?;
        let mut operator = Operator::on_the_way(bench, client, folder.path())?;
        let plan = operator.plan(what, |choices| choices.pace.per_second = per_second).await?;
        ensure!(plan.held.len() == 2 && plan.keeps_held(), "{:?}", plan.warnings);
        operator.desk.commands.send(ActCommand::Perform(Arc::clone(&plan)))?;
        operator.ledger(&plan, |ledger| is(ledger, breaker.arrived())).await?;
        Ok::<_, anyhow::Error>((operator, plan.action.clone()))
    })?;
    // Before the desk could notice that nobody holds it any more.
    runtime.shutdown_timeout(Duration::from_secs(5));
    drop(operator);
    Ok((folder, action))
}

async fn dropped(
    bench: &Bench,
    sleeping: &Sleeping,
    per_second: f64,
    faulty: Option<(RequestName, Fault)>,
    is: impl Fn(&Ledger, usize) -> bool + Send + 'static,
) -> Result<(tempfile::TempDir, ActionId)> {
    let (place, what) = (bench.clone(), sleeping.resumption());
    let left = tokio::task::spawn_blocking(move || a_resumption_that_dies(&place, what, per_second, faulty, is)).await??;
    // What was in flight arrives, or never will: the jobs, their instances and the log of operations come to rest.
    let operations = format!("/history/user-operation/count?processDefinitionId={}", sleeping.process.as_wire());
    let mut last = None;
    until("what was in flight came to rest", async || {
        let now = (sleeping.now(bench).await?, bench.driver().count(&operations).await?);
        let is_still = last.as_ref() == Some(&now);
        last = Some(now);
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(is_still.then_some(()))
    })
    .await?;
    Ok(left)
}

/// The plan that is offered, performed.
async fn put_back(operator: &mut Operator, action: &ActionId, jobs: usize) -> Result<Arc<Plan>> {
    let plan = operator.plan(Asked::PutBack(action.0.clone()), |_| ()).await?;
    ensure!((plan.verb, plan.targets.len()) == (Verb::PutBack, jobs), "{:?} {:?} {:?}", plan.targets, plan.left_out, plan.warnings);
    let ledger = operator.perform(&plan).await?;
    ensure!(ledger.outcomes.iter().all(|outcome| *outcome == Outcome::Succeeded(Proof::State)), "{:?} {:?}", ledger.outcomes, ledger.notes);
    ensure!(ledger.has_put_back(), "{:?}", ledger.look);
    Ok(plan)
}

pub async fn what_a_desk_that_was_dropped_after_the_shields_left_is_put_back(bench: Bench) -> Result<()> {
    let sleeping = Sleeping::on(&bench, "shielded").await?;
    // One request in twenty seconds: the resumption is not sent for long.
    let (folder, action) = dropped(&bench, &sleeping, 0.05, None, |ledger, _| ledger.sent == 1).await?;
    let jobs = sleeping.now(&bench).await?;
    ensure!(is_far(&jobs[0]) && jobs[0].suspended && jobs[1] == sleeping.jobs[1], "{jobs:?}");
    let mut another = Operator::at(bench.client().clone(), folder.path())?;
    let plan = put_back(&mut another, &action, 1).await?;
    ensure!(plan.left_out.iter().all(|left| left.why.starts_with("it is as it was before")), "{:?}", plan.left_out);
    sleeping.lie_as_they_lay(&bench).await?;
    another.leave().await
}

pub async fn what_a_desk_that_was_dropped_after_the_resumption_left_is_put_back(bench: Bench) -> Result<()> {
    let sleeping = Sleeping::on(&bench, "woken").await?;
    let silent = Some((RequestName::SuspendJob, Fault::AcceptAndSayNothing));
    let both = |ledger: &Ledger, arrived| arrived == 2 && ledger.sent == 4;
    let (folder, action) = dropped(&bench, &sleeping, 20.0, silent, both).await?;
    let jobs = sleeping.now(&bench).await?;
    ensure!(jobs.iter().all(|job| is_far(job) && !job.suspended), "both are awake, and only their due dates keep them: {jobs:?}");
    let mut another = Operator::at(bench.client().clone(), folder.path())?;
    // Read back before, as somebody would who opens it.
    another.desk.commands.send(ActCommand::ReadBack(action.clone()))?;
    let plan = another.plan(Asked::PutBack(action.0.clone()), |_| ()).await?;
    ensure!(plan.warnings.iter().any(|warning| warning.text.starts_with("2 jobs are AWAKE")), "{:?}", plan.warnings);
    put_back(&mut another, &action, 2).await?;
    sleeping.lie_as_they_lay(&bench).await?;
    let again = another.plan(Asked::PutBack(action.0.clone()), |_| ()).await?;
    ensure!(again.targets.is_empty() && again.left_out.iter().all(|left| left.why.starts_with("gone: it ran through at ")), "{:?}", again.left_out);
    another.leave().await
}

pub async fn what_lost_answers_left_is_put_back_by_another_desk(bench: Bench) -> Result<()> {
    let sleeping = Sleeping::on(&bench, "lost").await?;
    let (breaker, client) = broken(&bench, RequestName::SuspendJob, Fault::PerformThenDrop).await?;
    let folder = tempfile::tempdir()?;
    let mut operator = Operator::on_the_way(&bench, client, folder.path())?;
    let resumption = operator.plan(sleeping.resumption(), |choices| choices.pace.per_second = 20.0).await?;
    let ledger = operator.perform(&resumption).await?;
    ensure!(matches!(ledger.stage, Stage::Over(_)) && breaker.arrived() == 2 && ledger.leaves_held(), "{:?}", ledger.look);
    let jobs = sleeping.now(&bench).await?;
    ensure!(jobs.iter().all(|job| is_far(job) && job.suspended), "nobody knew that they are suspended again: {jobs:?}");
    // The same journal, on a way that does not break.
    operator.leave().await?;
    let mut operator = Operator::at(bench.client().clone(), folder.path())?;
    put_back(&mut operator, &resumption.action, 2).await?;
    sleeping.lie_as_they_lay(&bench).await?;
    operator.leave().await
}
