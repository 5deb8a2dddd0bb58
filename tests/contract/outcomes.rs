//! The fault matrix carried to its end: a change goes wrong on the way, and what became of it is read back. The engine's log of operations
//! tells what was done; no outcome may say otherwise, and what was done is found to be done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bpmtop::action::ledger::{Ledger, Stage};
use bpmtop::action::outcome::{Outcome, Waiting};
use bpmtop::action::perform::{self, Guard, Hand, Order, Record};
use bpmtop::action::plan::{Choices, Plan};
use bpmtop::action::planner::{self, facts::NoFacts};
use bpmtop::action::verb::Role;
use bpmtop::action::wish::Asked;
use bpmtop::engine::{Client, ClientOptions, IncidentFilter, IncidentQuery, JobLogFilter, JobLogQuery, Login, NewValue, Order as Direction, Page, RequestName};
use bpmtop::journal::{How, Journal};
use bpmtop::model::ids::{ExternalTaskId, IncidentId, JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId};
use bpmtop::model::snapshot::EngineIdentity;
use bpmtop::model::variable::Variable;
use futures_util::future::try_join_all;
use reqwest::Url;
use serde_json::json;

use super::actor::{evidence, operations_of, proofs};
use super::bench::{Bench, SOON, date};
use super::changes::execution_below;
use super::diagrams::{timer, work};
use super::engine::driver::id_of;
use super::engine::operations::Failure;
use super::external::locked;
use super::faults::breaker::Breaker;
use super::faults::{Fault, rows};
use super::filters::text;
use super::plans::asking_of;

/// The longest a client waits for what does not come.
const PATIENCE: Duration = Duration::from_secs(2);
/// When a slow way has carried a change at last.
const DELAY: Duration = Duration::from_secs(3);
/// How long it is looked whether something is told of a change that was not made.
const SETTLING: Duration = Duration::from_secs(5);
/// Cells filled at the same time.
const AT_ONCE: usize = 42;

/// An action that is one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Doing {
    RetryThatSucceeds,
    RetryThatFails,
    BatchRetryThatSucceeds,
    BatchRetryThatFails,
    RetryOfATask,
    Unlock,
    DueDate,
    Priority,
    SuspendJobDefinition,
    JobDefinitionPriority,
    SuspendProcess,
    SuspendInstance,
    Cancel,
    CancelWithAReason,
    Note,
    ClearTheNote,
    Variable,
    LocalVariable,
    CallOffATimer,
}

/// What is done to jobs and external tasks.
const WORK: &[Doing] = &[
    Doing::RetryThatSucceeds,
    Doing::RetryThatFails,
    Doing::BatchRetryThatSucceeds,
    Doing::BatchRetryThatFails,
    Doing::RetryOfATask,
    Doing::Unlock,
    Doing::DueDate,
    Doing::Priority,
];

/// What is done to anything else.
const STATES: &[Doing] = &[
    Doing::SuspendJobDefinition,
    Doing::JobDefinitionPriority,
    Doing::SuspendProcess,
    Doing::SuspendInstance,
    Doing::Cancel,
    Doing::CancelWithAReason,
    Doing::Note,
    Doing::ClearTheNote,
    Doing::Variable,
    Doing::LocalVariable,
    Doing::CallOffATimer,
];

/// Changes that are no action of their own: a job is suspended beside a resumption, and an operation is explained after it.
const BESIDE: [RequestName; 2] = [RequestName::SuspendJob, RequestName::AnnotateOperation];

/// What comes of it once it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Becomes {
    /// A job runs through.
    Success,
    /// A job runs through that a batch gave attempts. The operation that makes a batch names no job: where its answer was lost, it is known
    /// that the job has run through, and not whose batch that was.
    SuccessOfABatch,
    /// A job fails again.
    Failure,
    /// Nobody fetches it.
    Waiting,
    /// It is as it was wanted.
    State,
}

impl Doing {
    fn row(self) -> RequestName {
        match self {
            Self::RetryThatSucceeds | Self::RetryThatFails => RequestName::SetJobRetries,
            Self::BatchRetryThatSucceeds | Self::BatchRetryThatFails => RequestName::SetJobRetriesBatch,
            Self::RetryOfATask => RequestName::SetExternalTaskRetries,
            Self::Unlock => RequestName::UnlockExternalTask,
            Self::DueDate => RequestName::SetJobDueDate,
            Self::Priority => RequestName::SetJobPriority,
            Self::SuspendJobDefinition => RequestName::SuspendJobDefinition,
            Self::JobDefinitionPriority => RequestName::SetJobDefinitionPriority,
            Self::SuspendProcess => RequestName::SuspendProcessDefinition,
            Self::SuspendInstance => RequestName::SuspendInstance,
            Self::Cancel => RequestName::DeleteInstance,
            Self::CancelWithAReason => RequestName::DeleteInstances,
            Self::Note => RequestName::AnnotateIncident,
            Self::ClearTheNote => RequestName::ClearIncidentAnnotation,
            Self::Variable => RequestName::SetInstanceVariable,
            Self::LocalVariable => RequestName::SetLocalVariable,
            Self::CallOffATimer => RequestName::DeleteJob,
        }
    }

    fn becomes(self) -> Becomes {
        match self {
            Self::RetryThatSucceeds => Becomes::Success,
            Self::BatchRetryThatSucceeds => Becomes::SuccessOfABatch,
            Self::RetryThatFails | Self::BatchRetryThatFails => Becomes::Failure,
            Self::RetryOfATask => Becomes::Waiting,
            _ => Becomes::State,
        }
    }

    fn needs_definitions(self) -> bool {
        matches!(self, Self::SuspendJobDefinition | Self::JobDefinitionPriority | Self::SuspendProcess | Self::CallOffATimer)
    }
}

/// What an action is about: a failed job, and what else it needs.
#[derive(Clone, Default)]
struct Things {
    job: String,
    instance: String,
    incident: String,
    job_definition: String,
    process_definition: String,
    task: String,
    variable: Option<Arc<Variable>>,
}

fn asked(doing: Doing, things: &Things) -> Result<(Asked, Choices)> {
    let plain = Choices::default();
    let job = || JobId::from(things.job.as_str());
    let task = || ExternalTaskId::from(things.task.as_str());
    let instance = || ProcessInstanceId::from(things.instance.as_str());
    let incident = || IncidentId::from(things.incident.as_str());
    let definition = || JobDefinitionId::from(things.job_definition.as_str());
    Ok(match doing {
        Doing::RetryThatSucceeds | Doing::RetryThatFails => (Asked::RetryItems { jobs: vec![job()], tasks: Vec::new() }, plain),
        Doing::BatchRetryThatSucceeds | Doing::BatchRetryThatFails => {
            (Asked::RetryItems { jobs: vec![job()], tasks: Vec::new() }, Choices { batch: true, ..plain })
        }
        Doing::RetryOfATask => (Asked::RetryItems { jobs: Vec::new(), tasks: vec![task()] }, plain),
        Doing::Unlock => (Asked::Unlock(task()), plain),
        Doing::DueDate => (Asked::MoveDueDate { job: job(), due: "2035-01-01T00:00:00Z".parse().ok() }, plain),
        Doing::Priority => (Asked::SetJobPriority { job: job(), priority: 77 }, plain),
        Doing::SuspendJobDefinition => (Asked::JobDefinitions { definitions: vec![definition()], suspend: true }, plain),
        Doing::JobDefinitionPriority => (Asked::SetDefinitionPriority { definition: definition(), priority: Some(77) }, plain),
        Doing::SuspendProcess => (Asked::Processes { definitions: vec![ProcessDefinitionId::from(things.process_definition.as_str())], suspend: true }, plain),
        Doing::SuspendInstance => (Asked::Instances { instances: vec![instance()], suspend: true }, plain),
        Doing::Cancel => (Asked::Cancel(vec![instance()]), plain),
        Doing::CancelWithAReason => (Asked::Cancel(vec![instance()]), Choices { reason: "fault matrix".to_owned(), ..plain }),
        Doing::Note => (Asked::Annotate { incident: incident(), text: Some("noted".into()) }, plain),
        Doing::ClearTheNote => (Asked::Annotate { incident: incident(), text: None }, plain),
        Doing::Variable | Doing::LocalVariable => {
            let variable = things.variable.clone().context("a variable")?;
            let value = NewValue { kind: variable.kind.clone(), value: true.into(), info: None };
            (Asked::SetVariable { instance: instance(), variable, value }, plain)
        }
        Doing::CallOffATimer => (Asked::CallOffTimed(vec![job()]), plain),
    })
}

/// Whether an outcome may be told of a change that was made, or was not. Nobody else touches what it is made to: whatever is otherwise than
/// before, it has done, and that it was made is found out.
fn is_true(outcome: &Outcome, becomes: Becomes, performed: bool) -> bool {
    match outcome {
        Outcome::Unknown(_) | Outcome::NoTrace { .. } | Outcome::NotPerformed(_) | Outcome::Rejected(_) | Outcome::Stopped => !performed,
        Outcome::Succeeded(_) | Outcome::Ended(_) => performed && matches!(becomes, Becomes::Success | Becomes::SuccessOfABatch | Becomes::State),
        Outcome::AlreadyDone(_) => performed && becomes == Becomes::SuccessOfABatch,
        Outcome::FailedAgain { .. } => performed && becomes == Becomes::Failure,
        Outcome::Waits(_) => performed && becomes != Becomes::State,
        Outcome::Planned
        | Outcome::Sending
        | Outcome::Accepted
        | Outcome::MovedOn { .. }
        | Outcome::FailedOnce { .. }
        | Outcome::CancelledByOther { .. }
        | Outcome::GoneCauseUnknown
        | Outcome::Partly { .. }
        | Outcome::LeftHalfway(_)
        | Outcome::LeftAlone(_)
        | Outcome::Ordered { .. } => false,
    }
}

async fn plan(client: &Client, user: &str, doing: Doing, things: &Things) -> Result<Plan> {
    let (what, chosen) = asked(doing, things)?;
    let version = client.known_version().map(|version| version.text);
    let engine = EngineIdentity { url: client.address().to_owned(), version, user: Some(user.to_owned()), ..EngineIdentity::default() };
    let asking = asking_of(engine, what, Arc::new(NoFacts));
    let mut plan = planner::plan(client, &asking).await.map_err(|no| anyhow::anyhow!("{doing:?}: {}", no.why))?;
    let choices = Choices { level: plan.choices.level, due: plan.choices.due, ..chosen };
    plan.choose(choices);
    Ok(plan)
}

/// What was told of an action in the end, how often it was done, and how many requests arrived.
struct Filled {
    outcome: Outcome,
    performed: usize,
    arrived: usize,
}

/// Performs an action whose change meets a fault.
async fn fill(bench: &Bench, doing: Doing, fault: Fault, things: Things) -> Result<Filled> {
    let (row, name) = (doing.row(), bench.user(&format!("{doing:?}o{fault:?}")).await?);
    let plan = Arc::new(plan(bench.client(), &name, doing, &things).await?);
    let base = Url::parse(&bench.target().url)?;
    let engine = format!("{}:{}", base.host_str().context("a host")?, base.port_or_known_default().context("a port")?);
    let breaker = Breaker::before(engine, bpmtop::engine::catalogue::endpoint(row), fault, DELAY).await?;
    let mut address = base;
    ensure!(address.set_host(Some("127.0.0.1")).is_ok() && address.set_port(Some(breaker.port())).is_ok());
    let login = Login::Basic { user: name.clone(), password: bench.password().into() };
    let client = Client::new(ClientOptions { login, ..ClientOptions::new(address) })?;
    client.assume_version(bench.target().version.clone());
    let client = if fault.is_slow() { client.with_change_timeout(PATIENCE) } else { client };
    let folder = tempfile::tempdir()?;
    let record = Record::into(Ok(Arc::new(Journal::open(folder.path())?)));
    let hand = Hand::new(client, Guard { read_only: false, role: Role::Admin, first_role: Role::Admin, record }).map_err(|no| anyhow::anyhow!(no.why))?;
    let mut running = perform::start(hand, plan);
    let answered = |outcome: &Outcome| !matches!(outcome, Outcome::Planned | Outcome::Sending);
    // An engine that is not there before the first request keeps the action waiting: it is stopped, and nothing was sent.
    let begun = |ledger: &Arc<Ledger>| ledger.outcomes.iter().all(answered) || matches!(ledger.stage, Stage::Paused(_));
    if tokio::time::timeout(2 * SOON, running.ledger.wait_for(begun)).await.is_err() {
        let ledger = running.ledger.borrow();
        bail!("it is not answered: {:?} {:?} {:?}", ledger.stage, ledger.outcomes, ledger.notes);
    }
    if !running.ledger.borrow().outcomes.iter().all(answered) {
        running.orders.send(Order::Stop).ok();
    }
    breaker.settled().await;
    let performed = proofs(&operations_of(bench, &name).await?, evidence(row)?);
    let open = |outcome: &Outcome| matches!(outcome, Outcome::Accepted | Outcome::Unknown(_) | Outcome::Waits(Waiting::Executor | Waiting::Batch));
    let certain = |outcome: &Outcome| answered(outcome) && !open(outcome);
    let settled = running.ledger.wait_for(|ledger| ledger.outcomes.iter().all(certain) || matches!(ledger.stage, Stage::Over(_)));
    // What was not made shows nothing, and stays unknown.
    let _ = tokio::time::timeout(if performed > 0 { SOON } else { SETTLING }, settled).await;
    let outcome = running.ledger.borrow().outcomes.first().cloned().context("a target")?;
    running.orders.send(Order::Close(How::Quit)).ok();
    let performed = proofs(&operations_of(bench, &name).await?, evidence(row)?);
    Ok(Filled { outcome, performed, arrived: breaker.arrived() })
}

async fn things(bench: &Bench, number: usize) -> Result<Vec<Things>> {
    let failing = bench.deploy("outcomes", [work()]).await?;
    bench.driver().start_many(&failing.key, number, "outcome", &json!({"ok": false})).await?;
    let of = format!("processDefinitionId={}", failing.id.as_wire());
    bench.driver().await_count(&format!("/incident/count?{of}"), 2 * SOON, |count| count == number as u64).await?;
    let filter = IncidentFilter { process_definition: Some(failing.id.clone()), ..IncidentFilter::default() };
    let query = IncidentQuery { filter, sort: None, page: Page::first(5_000) };
    let incidents = bench.client().incidents(&query);
    let things = incidents.await?.data.into_iter().map(|incident| {
        let wire = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Things {
            job: wire(incident.configuration.as_ref().map(|job| job.as_wire())),
            instance: wire(incident.process_instance.as_ref().map(|instance| instance.as_wire())),
            incident: incident.id.as_wire().to_owned(),
            ..Things::default()
        }
    });
    Ok(things.collect())
}

/// What an action needs beside a failed job. Definitions are of a process of its own: two changes of one at the same time would make each
/// other fail.
async fn prepared(bench: &Bench, doing: Doing, fault: Fault, mut things: Things) -> Result<Things> {
    let word = format!("{doing:?}o{fault:?}");
    if doing.needs_definitions() {
        let process = bench.deploy(&word, [timer()]).await?;
        let definition = bench.driver().list(&format!("/job-definition?processDefinitionId={}", process.id.as_wire())).await?;
        let definition = definition.first().context("a job definition")?;
        ensure!(text(definition, "processDefinitionId")? == process.id.as_wire());
        (things.job_definition, things.process_definition) = (id_of(definition)?, process.id.as_wire().to_owned());
    }
    match doing {
        Doing::RetryThatSucceeds | Doing::BatchRetryThatSucceeds => bench.driver().set_variable(&things.instance, "ok", &json!(true)).await?,
        Doing::RetryOfATask | Doing::Unlock => {
            let (_, task) = locked(bench, &word, Duration::from_secs(600)).await?;
            if doing == Doing::RetryOfATask {
                let failure = Failure { message: "no carrier", details: "", retries: 0, retry_after: Duration::ZERO };
                bench.driver().fail_external_task(task.as_wire(), "worker", &failure).await?;
            }
            things.task = task.as_wire().to_owned();
        }
        Doing::ClearTheNote => {
            let path = format!("/incident/{}/annotation", things.incident);
            bench.driver().put(&path, &json!({"annotation": "an old note"})).await?;
        }
        Doing::Variable => things.variable = Some(variable(bench, &things.instance, "ok").await?),
        Doing::LocalVariable => {
            let (instance, execution) = execution_below(bench, &word).await?;
            let path = format!("/execution/{}/localVariables/own", execution.as_wire());
            bench.driver().put(&path, &json!({"value": false, "type": "Boolean"})).await?;
            things.instance = instance.as_wire().to_owned();
            things.variable = Some(variable(bench, &things.instance, "own").await?);
        }
        Doing::CallOffATimer => things.job = timed(bench, &things.job_definition, fault).await?,
        _ => {}
    }
    Ok(things)
}

async fn variable(bench: &Bench, instance: &str, name: &str) -> Result<Arc<Variable>> {
    let found = bench.client().variables(&ProcessInstanceId::from(instance), Page::first(10)).await?.data;
    found.into_iter().find(|variable| variable.name.as_wire() == name).map(Arc::new).context("a variable")
}

/// The timer of a suspension that is to happen in a year in which no other does.
async fn timed(bench: &Bench, definition: &str, fault: Fault) -> Result<String> {
    let at = "2041-01-01T00:00:00Z".parse::<jiff::Timestamp>()? + jiff::SignedDuration::from_hours(fault as i64);
    let body = json!({"suspended": true, "includeJobs": false, "executionDate": date(at)});
    bench.driver().put(&format!("/job-definition/{definition}/suspended"), &body).await?;
    let filter = JobLogFilter { kind: Some("suspend-job-definition".into()), created: true, ..JobLogFilter::default() };
    let query = JobLogQuery { filter, by_time: Some(Direction::Descending), page: Page::first(100) };
    let born = bench.client().job_log(&query).await?.data.into_iter().find(|entry| entry.due == Some(at));
    Ok(born.context("its timer")?.job.as_wire().to_owned())
}

/// The cells of these actions: each as it is told, or what is wrong with it.
async fn matrix(bench: &Bench, doings: &[Doing]) -> Result<()> {
    let wanted: Vec<_> = doings.iter().flat_map(|doing| Fault::ALL.iter().map(move |fault| (*doing, *fault))).collect();
    let mut supply = things(bench, wanted.len()).await?;
    let (mut wrong, mut told) = (Vec::new(), BTreeMap::new());
    for some in wanted.chunks(AT_ONCE) {
        let cells = some.iter().map(|(doing, fault)| Ok((*doing, *fault, supply.pop().context("a failed job")?))).collect::<Result<Vec<_>>>()?;
        let cells = cells.into_iter().map(|(doing, fault, things)| async move {
            let filled = async { fill(bench, doing, fault, prepared(bench, doing, fault, things).await?).await };
            anyhow::Ok((doing, fault, filled.await.with_context(|| format!("{doing:?} x {fault:?}"))?))
        });
        for (doing, fault, Filled { outcome, performed, arrived }) in try_join_all(cells).await? {
            // Of one plan exactly one request arrives, or none. A change that a login was refused for was not made: where that login worked
            // before, it goes out once more after a reading has proven it, and never a third time.
            let again = usize::from(fault == Fault::Unauthorized);
            let once = (fault.arrives()..=fault.arrives() + again).contains(&arrived) && performed == fault.performs();
            if !once || !is_true(&outcome, doing.becomes(), performed == 1) {
                wrong.push(format!("{doing:?} x {fault:?}: arrived {arrived} times, done {performed} times, told: {outcome:?}"));
            }
            told.insert((doing, fault), outcome.name());
        }
    }
    println!("{}", markdown(doings, &told));
    wrong.extend(wanted.iter().filter(|cell| !told.contains_key(cell)).map(|(doing, fault)| format!("{doing:?} x {fault:?} is missing")));
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

fn markdown(doings: &[Doing], told: &BTreeMap<(Doing, Fault), &'static str>) -> String {
    let faults = Fault::ALL.iter().map(|fault| format!("{fault:?}")).collect::<Vec<_>>().join(" | ");
    let mut table = format!("| action | {faults} |\n|---|{}\n", "---|".repeat(Fault::ALL.len()));
    for doing in doings {
        let cells = Fault::ALL.iter().map(|fault| told.get(&(*doing, *fault)).copied().unwrap_or("MISSING"));
        table.push_str(&format!("| {doing:?} | {} |\n", cells.collect::<Vec<_>>().join(" | ")));
    }
    table
}

pub async fn no_fault_on_the_way_makes_the_outcome_of_work_lie(bench: Bench) -> Result<()> {
    matrix(&bench, WORK).await
}

pub async fn no_fault_on_the_way_makes_any_other_outcome_lie(bench: Bench) -> Result<()> {
    let played: BTreeSet<RequestName> = WORK.iter().chain(STATES).map(|doing| doing.row()).chain(BESIDE).collect();
    let missing: Vec<_> = rows().map(|row| row.name).filter(|row| !played.contains(row)).collect();
    ensure!(missing.is_empty(), "of these changes no outcome is read back: {missing:?}");
    matrix(&bench, STATES).await
}
