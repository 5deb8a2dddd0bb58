//! Whole actions on real engines: planned, performed, read back. What the ledger says in the end is what became of the targets.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use bpmtop::action::desk::{ActCommand, Acted, DeskHandle, Setup, start};
use bpmtop::action::ledger::{Ending, Ledger, PausedBy, Stage};
use bpmtop::action::outcome::{Outcome, Proof, Waiting};
use bpmtop::action::plan::{ActionId, Choices, Pace, Plan};
use bpmtop::action::verb::Role;
use bpmtop::action::wish::{Asked, Wish};
use bpmtop::engine::{Client, IncidentFilter, IncidentQuery, JobDefinitionFilter, Page};
use bpmtop::journal::{How, Journal};
use bpmtop::model::grouping::KnownIncident;
use bpmtop::model::ids::{JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId};
use bpmtop::model::section::Moment;
use bpmtop::model::snapshot::{EngineIdentity, Snapshot};
use serde_json::json;

use super::bench::{Bench, Deployed, SOON, until};
use super::diagrams::{call, external, job, person, timer, work};

/// A desk with a journal of its own.
pub struct Operator {
    pub desk: DeskHandle,
    pub journal: Arc<Journal>,
    picture: Arc<Snapshot>,
    /// Where nobody else looks into the journal.
    _folder: Option<tempfile::TempDir>,
    asked: u64,
}

fn engine(client: &Client, user: Option<&str>) -> EngineIdentity {
    let version = client.known_version().map(|version| version.text);
    EngineIdentity { url: client.address().to_owned(), version, user: user.map(str::to_owned), ..EngineIdentity::default() }
}

impl Operator {
    pub fn new(bench: &Bench) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let operator = Self::at(bench.client().clone(), folder.path())?;
        Ok(Self { _folder: Some(folder), ..operator })
    }

    /// With the journal of this folder, in which others may have written.
    pub fn at(client: Client, folder: &Path) -> Result<Self> {
        let engine = engine(&client, Some("demo"));
        Self::of(client, engine, folder)
    }

    /// One who reaches this engine on another way than by its address.
    pub fn on_the_way(bench: &Bench, client: Client, folder: &Path) -> Result<Self> {
        Self::of(client, engine(bench.client(), Some("demo")), folder)
    }

    fn of(client: Client, engine: EngineIdentity, folder: &Path) -> Result<Self> {
        let journal = Arc::new(Journal::open(folder)?);
        let setup = Setup::of(client, engine.clone(), Role::Admin, Arc::clone(&journal));
        Ok(Self { desk: start(setup), picture: Arc::new(Snapshot::empty(engine, Moment::now())), journal, _folder: None, asked: 0 })
    }

    pub async fn plan(&mut self, what: Asked, choose: impl FnOnce(&mut Choices)) -> Result<Arc<Plan>> {
        self.asked += 1;
        let wish = Arc::new(Wish { about: "a contract test".to_owned(), what });
        self.desk.commands.send(ActCommand::Plan { asking: self.asked, wish, picture: Arc::clone(&self.picture) })?;
        loop {
            match self.desk.told.recv().await.context("a desk")? {
                Acted::Planned(asking, plan) if asking == self.asked => {
                    let mut plan = (*plan.map_err(|no| anyhow::anyhow!("{}: {}", no.why, no.remedy))?).clone();
                    let mut choices = plan.choices.clone();
                    choose(&mut choices);
                    plan.choose(choices);
                    return Ok(Arc::new(plan));
                }
                _ => {}
            }
        }
    }

    /// The ledger, once it is as it should be.
    pub async fn ledger(&mut self, plan: &Plan, is: impl Fn(&Ledger) -> bool) -> Result<Arc<Ledger>> {
        self.ledger_of(&plan.action, is).await
    }

    /// The same of an action that may be another run's.
    pub async fn ledger_of(&mut self, action: &ActionId, is: impl Fn(&Ledger) -> bool) -> Result<Arc<Ledger>> {
        let begun = Instant::now();
        let mut last = None;
        loop {
            let told = tokio::time::timeout(Duration::from_secs(90).saturating_sub(begun.elapsed()), self.desk.told.recv()).await;
            match told {
                Ok(told) => match told.context("a desk")? {
                    Acted::Ledgers(ledgers) => last = ledgers.iter().find(|ledger| ledger.plan.action == *action).cloned(),
                    Acted::Notice(notice) => bail!("{notice}"),
                    Acted::NotBegun(_, why) => bail!("{}", why.words()),
                    _ => {}
                },
                Err(_) => bail!("not in time: {:#?}", last.map(|ledger| (ledger.headline(), ledger.outcomes.clone(), ledger.notes.clone()))),
            }
            if let Some(ledger) = last.clone().filter(|ledger| is(ledger)) {
                return Ok(ledger);
            }
        }
    }

    pub async fn perform(&mut self, plan: &Arc<Plan>) -> Result<Arc<Ledger>> {
        self.desk.commands.send(ActCommand::Perform(Arc::clone(plan)))?;
        self.ledger(plan, |ledger| matches!(ledger.stage, Stage::Over(_))).await
    }

    /// Until every target is settled or waits for more than an executor that sleeps; the action itself may go on watching.
    async fn performed(&mut self, plan: &Arc<Plan>) -> Result<Arc<Ledger>> {
        self.desk.commands.send(ActCommand::Perform(Arc::clone(plan)))?;
        self.ledger(plan, |ledger| {
            ledger.outcomes.iter().all(|outcome| outcome.is_settled() || matches!(outcome, Outcome::Waits(why) if *why != Waiting::Executor))
        })
        .await
    }

    pub async fn leave(self) -> Result<()> {
        self.desk.closing.close(How::Quit).await;
        let verified = self.journal.archive().verify(None)?;
        ensure!(verified.is_whole(), "{verified:?}");
        Ok(())
    }
}

/// What is open of a process.
pub async fn incidents(client: &Client, process: &ProcessDefinitionId) -> Result<Vec<Arc<KnownIncident>>> {
    let filter = IncidentFilter { process_definition: Some(process.clone()), ..IncidentFilter::default() };
    let found = client.incidents(&IncidentQuery { filter, sort: None, page: Page::first(5_000) }).await?;
    Ok(found.data.into_iter().map(KnownIncident::of).collect())
}

pub async fn repair(bench: &Bench, instance: &str) -> Result<()> {
    bench.driver().put(&format!("/process-instance/{instance}/variables/ok"), &json!({"value": true, "type": "Boolean"})).await?;
    Ok(())
}

pub fn instance_of(known: &KnownIncident) -> Result<String> {
    Ok(known.incident.process_instance.as_ref().context("an instance")?.as_wire().to_owned())
}

fn job_of(known: &KnownIncident) -> Result<JobId> {
    Ok(JobId::from(known.incident.configuration.clone().context("a job")?))
}

pub async fn definitions_of(bench: &Bench, process: &Deployed) -> Result<Vec<JobDefinitionId>> {
    let filter = JobDefinitionFilter { process_definition: Some(process.id.clone()), ..JobDefinitionFilter::default() };
    Ok(bench.client().job_definitions_where(&filter, Page::first(100)).await?.data.into_iter().map(|definition| definition.id).collect())
}

pub async fn is_suspended(bench: &Bench, definition: &JobDefinitionId) -> Result<bool> {
    Ok(bench.client().job_definition(definition).await?.context("it is there")?.data.suspended)
}

pub async fn a_retry_that_succeeds_one_that_fails_again_and_one_that_waits_are_told_apart(bench: Bench) -> Result<()> {
    let process = bench.failed("retried", 3).await?;
    let failed = incidents(bench.client(), &process.id).await?;
    repair(&bench, &instance_of(&failed[0])?).await?;
    let suspended = instance_of(&failed[2])?;
    bench.driver().put(&format!("/process-instance/{suspended}/suspended"), &json!({"suspended": true})).await?;
    let mut operator = Operator::new(&bench)?;
    let plan = operator.plan(Asked::Retry(failed.clone()), |choices| choices.reason = "the card service is back".to_owned()).await?;
    let ledger = operator.performed(&plan).await?;
    let outcome = |known: &KnownIncident| {
        let place = plan.targets.iter().position(|target| Some(target.id()) == known.incident.configuration.as_ref().map(|id| id.as_wire()));
        place.map(|place| ledger.outcomes[place].clone()).context("a target")
    };
    ensure!(outcome(&failed[0])? == Outcome::Succeeded(Proof::JobLog), "{:?}", ledger.outcomes);
    ensure!(matches!(outcome(&failed[1])?, Outcome::FailedAgain { message: Some(_) }), "{:?}", ledger.outcomes);
    ensure!(outcome(&failed[2])? == Outcome::Waits(Waiting::Suspended("its instance")), "{:?}", ledger.outcomes);
    operator.desk.commands.send(ActCommand::Stop(plan.action.clone()))?;
    operator.leave().await
}

pub async fn a_retry_that_waits_for_its_job_definition_says_so(bench: Bench) -> Result<()> {
    let process = bench.failed("asleep", 1).await?;
    let definition = definitions_of(&bench, &process).await?.remove(0);
    let body = json!({"suspended": true, "includeJobs": true});
    bench.driver().put(&format!("/job-definition/{}/suspended", definition.as_wire()), &body).await?;
    let mut operator = Operator::new(&bench)?;
    let plan = operator.plan(Asked::Retry(incidents(bench.client(), &process.id).await?), |_| ()).await?;
    let ledger = operator.performed(&plan).await?;
    ensure!(ledger.outcomes == [Outcome::Waits(Waiting::Suspended("its job definition"))], "{:?}", ledger.outcomes);
    operator.leave().await
}

pub async fn a_retry_that_moves_on_and_fails_further_on_is_no_success(bench: Bench) -> Result<()> {
    let process = bench.deploy("further", [work(), job("ship", "${shipped ? 1 : failing.bean}", "R1/PT0S")]).await?;
    let instance = bench.driver().start(&process.key, "further", &json!({"ok": false, "shipped": false})).await?;
    bench.driver().await_count(&format!("/incident/count?processInstanceId={instance}"), SOON, |count| count == 1).await?;
    repair(&bench, &instance).await?;
    let mut operator = Operator::new(&bench)?;
    let plan = operator.plan(Asked::Retry(incidents(bench.client(), &process.id).await?), |_| ()).await?;
    let ledger = operator.perform(&plan).await?;
    match &ledger.outcomes[..] {
        [Outcome::MovedOn { failed_at, message: Some(_) }] => ensure!(failed_at.as_wire() == "ship", "{failed_at}"),
        other => bail!("{other:?}"),
    }
    operator.leave().await
}

pub async fn a_job_that_somebody_cancels_meanwhile_is_no_success(bench: Bench) -> Result<()> {
    let process = bench.failed("cancelled", 1).await?;
    let failed = incidents(bench.client(), &process.id).await?;
    let instance = instance_of(&failed[0])?;
    // It waits, so that there is time to cancel it.
    bench.driver().put(&format!("/process-instance/{instance}/suspended"), &json!({"suspended": true})).await?;
    let mut operator = Operator::new(&bench)?;
    let plan = operator.plan(Asked::Retry(failed), |_| ()).await?;
    operator.performed(&plan).await?;
    bench.driver().delete(&format!("/process-instance/{instance}")).await?;
    let ledger = operator.ledger(&plan, |ledger| matches!(ledger.stage, Stage::Over(_))).await?;
    ensure!(matches!(ledger.outcomes[..], [Outcome::CancelledByOther { user: Some(_) }]), "{:?}", ledger.outcomes);
    operator.leave().await
}

pub async fn a_retried_external_task_waits_for_a_worker_and_succeeds_when_one_completes_it(bench: Bench) -> Result<()> {
    let topic = bench.name("topic");
    let process = bench.deploy("booked", [external(&topic)]).await?;
    bench.driver().start(&process.key, "booked", &json!({})).await?;
    let fetch = json!({"workerId": "w", "maxTasks": 1, "topics": [{"topicName": topic, "lockDuration": 60_000}]});
    let task = bench.driver().post("/external-task/fetchAndLock", &fetch).await?[0]["id"].as_str().context("a task")?.to_owned();
    let failure = json!({"workerId": "w", "errorMessage": "no carrier", "retries": 0, "retryTimeout": 0});
    bench.driver().post(&format!("/external-task/{task}/failure"), &failure).await?;
    let mut operator = Operator::new(&bench)?;
    let plan = operator.plan(Asked::Retry(incidents(bench.client(), &process.id).await?), |_| ()).await?;
    operator.performed(&plan).await?;
    // The engine's clock is told to the second, so for that long the worker that failed seems to hold its lock.
    let waits = [Outcome::Waits(Waiting::Worker { topic: topic.as_str().into() })];
    operator.ledger(&plan, |ledger| ledger.outcomes == waits).await?;
    bench.driver().post("/external-task/fetchAndLock", &fetch).await?;
    bench.driver().post(&format!("/external-task/{task}/complete"), &json!({"workerId": "w"})).await?;
    let ledger = operator.ledger(&plan, |ledger| matches!(ledger.stage, Stage::Over(_))).await?;
    ensure!(ledger.outcomes == [Outcome::Succeeded(Proof::ExternalTaskLog)], "{:?}", ledger.outcomes);
    operator.leave().await
}

pub async fn of_a_thousand_retried_three_bad_ones_are_found(bench: Bench) -> Result<()> {
    const MANY: u64 = 1_000;
    let process = bench.deploy("many", [work()]).await?;
    let ids = bench.driver().start_many(&process.key, MANY as usize, "many", &json!({"ok": false})).await;
    drop(ids);
    let count = format!("/incident/count?processDefinitionId={}", process.id.as_wire());
    bench.driver().await_count(&count, 3 * SOON, |count| count == MANY).await?;
    let failed = incidents(bench.client(), &process.id).await?;
    let bad: Vec<String> = failed.iter().skip(100).take(3).map(|known| instance_of(known)).collect::<Result<_>>()?;
    let good: Vec<String> = failed.iter().map(|known| instance_of(known)).collect::<Result<Vec<_>>>()?.into_iter().filter(|id| !bad.contains(id)).collect();
    for some in good.chunks(50) {
        futures_util::future::try_join_all(some.iter().map(|instance| repair(&bench, instance))).await?;
    }
    let mut operator = Operator::new(&bench)?;
    let pace = Pace { per_second: 60.0, ..Pace::default() };
    let plan = operator.plan(Asked::Retry(failed), |choices| choices.pace = pace).await?;
    let ledger = operator.perform(&plan).await?;
    let counts = ledger.counts();
    let (bad, good) = (counts.get("failed again").map(|(_, count)| *count), counts.get("succeeded").map(|(_, count)| *count));
    ensure!(ledger.stage == Stage::Over(Ending::Done) && (bad, good) == (Some(3), Some(997)), "{}: {:?}", ledger.summary(), ledger.notes);
    ensure!(ledger.summary().starts_with("997 succeeded, 3 failed again · “"), "{}", ledger.summary());
    operator.leave().await
}

pub async fn a_canary_that_fails_keeps_all_others_from_being_sent(bench: Bench) -> Result<()> {
    let process = bench.failed("canary", 8).await?;
    let mut operator = Operator::new(&bench)?;
    let plan = operator.plan(Asked::Retry(incidents(bench.client(), &process.id).await?), |_| ()).await?;
    operator.desk.commands.send(ActCommand::Perform(Arc::clone(&plan)))?;
    let ledger = operator.ledger(&plan, |ledger| matches!(ledger.stage, Stage::Paused(_))).await?;
    ensure!(matches!(&ledger.stage, Stage::Paused(PausedBy::Canary(why)) if why.contains("failed again")), "{:?}", ledger.stage);
    ensure!(ledger.sent == 3, "{}", ledger.headline());
    operator.desk.commands.send(ActCommand::Stop(plan.action.clone()))?;
    let ledger = operator.ledger(&plan, |ledger| matches!(ledger.stage, Stage::Over(_))).await?;
    ensure!(ledger.outcomes.iter().filter(|outcome| **outcome == Outcome::Stopped).count() == 5, "{}", ledger.summary());
    operator.leave().await
}

pub async fn cancelling_from_the_middle_of_three_levels_ends_the_tree_with_a_reason(bench: Bench) -> Result<()> {
    let bottom = bench.deploy("bottom", [work()]).await?;
    let middle = bench.deploy("middle", [call(&bottom.key)]).await?;
    let top = bench.deploy("top", [call(&middle.key)]).await?;
    bench.driver().start(&top.key, "tree", &json!({"ok": false})).await?;
    bench.driver().await_count(&format!("/incident/count?processDefinitionId={}", top.id.as_wire()), SOON, |count| count == 1).await?;
    let running = bench.driver().list(&format!("/process-instance?processDefinitionId={}", middle.id.as_wire())).await?;
    let instance = ProcessInstanceId::from(running[0]["id"].as_str().context("an id")?);
    let mut operator = Operator::new(&bench)?;
    let plan = operator.plan(Asked::Cancel(vec![instance]), |choices| choices.reason = "ordered twice".to_owned()).await?;
    let ledger = operator.perform(&plan).await?;
    ensure!(ledger.outcomes == vec![Outcome::Ended(Proof::Reason); 3], "{:?} {:?}", ledger.outcomes, ledger.notes);
    for process in [&bottom, &middle, &top] {
        ensure!(bench.driver().count(&format!("/process-instance/count?processDefinitionId={}", process.id.as_wire())).await? == 0);
    }
    let ended = bench.driver().list(&format!("/history/process-instance?processDefinitionId={}", top.id.as_wire())).await?;
    ensure!(ended[0]["deleteReason"] == plan.action.signed("ordered twice"), "{ended:?}");
    operator.leave().await
}

pub async fn job_definitions_of_four_processes_are_suspended_and_read_back(bench: Bench) -> Result<()> {
    let mut definitions = Vec::new();
    for word in ["sap-order", "sap-stock", "sap-bill", "sap-mail"] {
        let process = bench.deploy(word, [timer(), work()]).await?;
        definitions.extend(definitions_of(&bench, &process).await?);
    }
    let mut operator = Operator::new(&bench)?;
    let plan =
        operator.plan(Asked::JobDefinitions { definitions: definitions.clone(), suspend: true }, |choices| choices.reason = "SAP is down".into()).await?;
    let ledger = operator.perform(&plan).await?;
    ensure!(ledger.outcomes.iter().all(|outcome| *outcome == Outcome::Succeeded(Proof::State)), "{:?}", ledger.outcomes);
    for definition in &definitions {
        ensure!(is_suspended(&bench, definition).await?);
    }
    let reasoned = ledger.notes.iter().any(|(_, note)| note.starts_with(&format!("the reason was written to {} operations", definitions.len())));
    ensure!(reasoned, "{:?}", ledger.notes);
    operator.leave().await
}

pub async fn what_was_frozen_is_thawed_by_another_run_and_nothing_else(bench: Bench) -> Result<()> {
    let process = bench.deploy("frozen", [timer(), work()]).await?;
    let definitions = definitions_of(&bench, &process).await?;
    let asleep = definitions[0].clone();
    bench.driver().put(&format!("/job-definition/{}/suspended", asleep.as_wire()), &json!({"suspended": true})).await?;
    let folder = tempfile::tempdir()?;
    let mut operator = Operator::at(bench.client().clone(), folder.path())?;
    // Others work on this engine: only what is this test's own is frozen.
    let mut plan = (*operator.plan(Asked::Freeze(definitions.clone()), |_| ()).await?).clone();
    plan.targets = plan.targets.iter().filter(|target| definitions.iter().any(|own| own.as_wire() == target.id())).cloned().collect();
    ensure!(plan.targets.len() == definitions.len() - 1, "what is suspended already is not frozen");
    let ledger = operator.perform(&Arc::new(plan)).await?;
    ensure!(ledger.outcomes.iter().all(|outcome| *outcome == Outcome::Succeeded(Proof::State)), "{:?}", ledger.outcomes);
    // The program is gone, its journal stays.
    drop(operator);
    let mut another = Operator::at(bench.client().clone(), folder.path())?;
    let plan = another.plan(Asked::Thaw(None), |_| ()).await?;
    let ledger = another.perform(&plan).await?;
    ensure!(ledger.outcomes.iter().all(|outcome| *outcome == Outcome::Succeeded(Proof::State)), "{:?}", ledger.outcomes);
    for definition in &definitions {
        ensure!(is_suspended(&bench, definition).await? == (*definition == asleep));
    }
    another.leave().await
}

pub async fn an_instance_resumed_under_a_suspended_job_definition_never_runs_its_job(bench: Bench) -> Result<()> {
    let process = bench.deploy("held", [person(), work()]).await?;
    let definition = definitions_of(&bench, &process).await?.remove(0);
    let suspended = json!({"suspended": true, "includeJobs": true});
    bench.driver().put(&format!("/job-definition/{}/suspended", definition.as_wire()), &suspended).await?;
    let instance = bench.driver().start(&process.key, "held", &json!({"ok": true})).await?;
    let task = bench.driver().list(&format!("/task?processInstanceId={instance}")).await?[0]["id"].as_str().context("a task")?.to_owned();
    bench.driver().post(&format!("/task/{task}/complete"), &json!({})).await?;
    let job = JobId::from(bench.driver().job_ids(&format!("processInstanceId={instance}")).await?[0].as_str());
    let mut operator = Operator::new(&bench)?;
    let instances = vec![ProcessInstanceId::from(instance.as_str())];
    for suspend in [true, false] {
        let plan = operator.plan(Asked::Instances { instances: instances.clone(), suspend }, |_| ()).await?;
        let ledger = operator.perform(&plan).await?;
        ensure!(ledger.outcomes == [Outcome::Succeeded(Proof::State)], "{:?} {:?}", ledger.outcomes, ledger.notes);
        let kept = ledger.notes.iter().any(|(_, note)| note == "1 jobs that something else suspended stay suspended");
        ensure!(suspend || kept, "{:?}", ledger.notes);
    }
    tokio::time::sleep(Duration::from_secs(8)).await;
    let now = bench.client().job(&job).await?.context("the job never ran")?.data;
    ensure!(now.suspended && now.due.is_none_or(|due| due < jiff::Timestamp::now()), "{now:?}");
    // Nothing is left that would keep it from running when its job definition is resumed.
    let plan = operator.plan(Asked::JobDefinitions { definitions: vec![definition], suspend: false }, |_| ()).await?;
    operator.perform(&plan).await?;
    until("the job ran", async || Ok(bench.client().job(&job).await?.is_none().then_some(()))).await?;
    operator.leave().await
}

pub async fn a_variable_a_note_and_a_due_date_are_written_and_read_back(bench: Bench) -> Result<()> {
    let process = bench.failed("noted", 1).await?;
    let failed = incidents(bench.client(), &process.id).await?;
    let mut operator = Operator::new(&bench)?;
    let note = Asked::Annotate { incident: failed[0].incident.id.clone(), text: Some("calling the bank".to_owned()) };
    let due = Asked::MoveDueDate { job: job_of(&failed[0])?, due: Some("2031-02-03T04:05:06Z".parse()?) };
    let priority = Asked::SetJobPriority { job: job_of(&failed[0])?, priority: 7 };
    for what in [note, due, priority] {
        let told = format!("{what:?}");
        let plan = operator.plan(what, |_| ()).await?;
        let ledger = operator.perform(&plan).await?;
        ensure!(ledger.outcomes == [Outcome::Succeeded(Proof::State)], "{told}: {:?}", ledger.outcomes);
    }
    operator.leave().await
}
