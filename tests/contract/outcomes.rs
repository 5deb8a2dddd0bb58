//! The fault matrix carried to its end: a change goes wrong on the way, and what became of it is read back. The engine's log of operations
//! tells what was done; no outcome may say otherwise.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bpmtop::action::ledger::Stage;
use bpmtop::action::outcome::Outcome;
use bpmtop::action::perform::{self, Guard, Hand, Order, Record};
use bpmtop::action::plan::{Choices, Plan};
use bpmtop::action::planner::{self, facts::NoFacts};
use bpmtop::action::verb::Role;
use bpmtop::action::wish::Asked;
use bpmtop::engine::{Client, ClientOptions, IncidentFilter, IncidentQuery, Login, NewValue, Page, RequestName};
use bpmtop::journal::{How, Journal};
use bpmtop::model::ids::{IncidentId, JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId};
use bpmtop::model::snapshot::EngineIdentity;
use futures_util::future::try_join_all;
use reqwest::Url;
use serde_json::json;

use super::actor::{evidence, operations_of, proofs};
use super::bench::{Bench, SOON};
use super::diagrams::{timer, work};
use super::engine::driver::id_of;
use super::faults::Fault;
use super::faults::breaker::Breaker;
use super::filters::text;
use super::plans::asking_of;

/// The longest a client waits for what does not come.
const PATIENCE: Duration = Duration::from_secs(2);
/// When a slow way has carried a change at last.
const DELAY: Duration = Duration::from_secs(3);
/// How long an outcome is waited for after the change was made or not; what is unknown then may stay so.
const SETTLING: Duration = Duration::from_secs(5);
/// Cells filled at the same time.
const AT_ONCE: usize = 42;

/// Changes that are the whole of an action.
const ROWS: [RequestName; 11] = [
    RequestName::SetJobRetries,
    RequestName::SetJobRetriesBatch,
    RequestName::SetJobDueDate,
    RequestName::SetJobPriority,
    RequestName::SuspendJobDefinition,
    RequestName::SetJobDefinitionPriority,
    RequestName::SuspendProcessDefinition,
    RequestName::SuspendInstance,
    RequestName::DeleteInstance,
    RequestName::DeleteInstances,
    RequestName::AnnotateIncident,
];

/// What an action is about: a failed job, and definitions of its own.
#[derive(Clone)]
struct Things {
    job: String,
    instance: String,
    incident: String,
    job_definition: String,
    process_definition: String,
}

fn asked(row: RequestName, things: &Things) -> (Asked, Choices) {
    let plain = Choices::default();
    let reason = "fault matrix".to_owned();
    let job = || JobId::from(things.job.as_str());
    let instance = || ProcessInstanceId::from(things.instance.as_str());
    let definition = || JobDefinitionId::from(things.job_definition.as_str());
    match row {
        RequestName::SetJobRetries => (Asked::RetryItems { jobs: vec![job()], tasks: Vec::new() }, plain),
        RequestName::SetJobRetriesBatch => (Asked::RetryItems { jobs: vec![job()], tasks: Vec::new() }, Choices { batch: true, ..plain }),
        RequestName::SetJobDueDate => (Asked::MoveDueDate { job: job(), due: "2035-01-01T00:00:00Z".parse().ok() }, plain),
        RequestName::SetJobPriority => (Asked::SetJobPriority { job: job(), priority: 77 }, plain),
        RequestName::SuspendJobDefinition => (Asked::JobDefinitions { definitions: vec![definition()], suspend: true }, plain),
        RequestName::SetJobDefinitionPriority => (Asked::SetDefinitionPriority { definition: definition(), priority: Some(77) }, plain),
        RequestName::SuspendProcessDefinition => {
            (Asked::Processes { definitions: vec![ProcessDefinitionId::from(things.process_definition.as_str())], suspend: true }, plain)
        }
        RequestName::SuspendInstance => (Asked::Instances { instances: vec![instance()], suspend: true }, plain),
        RequestName::DeleteInstance => (Asked::Cancel(instance()), plain),
        RequestName::DeleteInstances => (Asked::Cancel(instance()), Choices { reason, ..plain }),
        RequestName::AnnotateIncident => (Asked::Annotate { incident: IncidentId::from(things.incident.as_str()), text: Some("noted".into()) }, plain),
        other => unreachable!("{other:?} is no action of its own"),
    }
}

/// Whether an outcome may be told of a change that was made, or was not. Nobody else touches what it is made to: whatever is otherwise than
/// before, it has done.
fn is_true(outcome: &Outcome, performed: bool) -> bool {
    match outcome {
        Outcome::Unknown(_) | Outcome::NoTrace { .. } => true,
        Outcome::NotPerformed(_) | Outcome::Rejected(_) | Outcome::Stopped | Outcome::Planned => !performed,
        Outcome::Sending | Outcome::Partly { .. } | Outcome::AlreadyDone(_) | Outcome::CancelledByOther { .. } | Outcome::GoneCauseUnknown => false,
        Outcome::Accepted | Outcome::Succeeded(_) | Outcome::MovedOn { .. } | Outcome::FailedAgain { .. } | Outcome::FailedOnce { .. } | Outcome::Waits(_) => {
            performed
        }
    }
}

async fn plan(client: &Client, user: &str, row: RequestName, things: &Things) -> Result<Plan> {
    let (what, chosen) = asked(row, things);
    let version = client.known_version().map(|version| version.text);
    let engine = EngineIdentity { url: client.address().to_owned(), version, user: Some(user.to_owned()), ..EngineIdentity::default() };
    let asking = asking_of(engine, what, Arc::new(NoFacts));
    let mut plan = planner::plan(client, &asking).await.map_err(|no| anyhow::anyhow!("{row:?}: {}", no.why))?;
    let choices = Choices { level: plan.choices.level, due: plan.choices.due, ..chosen };
    plan.choose(choices);
    Ok(plan)
}

/// Performs an action whose change meets a fault; gives what was told of it in the end, and how often it was done.
async fn fill(bench: &Bench, row: RequestName, fault: Fault, things: Things) -> Result<(Outcome, usize, usize)> {
    let name = bench.user(&format!("{row:?}o{fault:?}")).await?;
    let plan = Arc::new(plan(bench.client(), &name, row, &things).await?);
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
    let hand = Hand::new(client, Guard { read_only: false, role: Role::Admin, record }).map_err(|no| anyhow::anyhow!(no.why))?;
    let mut running = perform::start(hand, plan);
    let answered = |outcome: &Outcome| !matches!(outcome, Outcome::Planned | Outcome::Sending);
    running.ledger.wait_for(|ledger| ledger.outcomes.iter().all(answered)).await?;
    breaker.settled().await;
    let settled = running.ledger.wait_for(|ledger| ledger.outcomes.iter().all(Outcome::is_settled) || matches!(ledger.stage, Stage::Over(_)));
    // What is still unknown then may stay so.
    let _ = tokio::time::timeout(SETTLING, settled).await;
    let outcome = running.ledger.borrow().outcomes.first().cloned().context("a target")?;
    running.orders.send(Order::Close(How::Quit)).ok();
    let operations = operations_of(bench, &name).await?;
    Ok((outcome, proofs(&operations, evidence(row)?), breaker.arrived()))
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
            job_definition: String::new(),
            process_definition: String::new(),
        }
    });
    Ok(things.collect())
}

/// A process of its own for a change of definitions: two changes of one at the same time would make each other fail.
async fn with_definitions(bench: &Bench, row: RequestName, fault: Fault, things: Things) -> Result<Things> {
    if !matches!(row, RequestName::SuspendJobDefinition | RequestName::SetJobDefinitionPriority | RequestName::SuspendProcessDefinition) {
        return Ok(things);
    }
    let process = bench.deploy(&format!("{row:?}o{fault:?}"), [timer()]).await?;
    let definition = bench.driver().list(&format!("/job-definition?processDefinitionId={}", process.id.as_wire())).await?;
    let definition = definition.first().context("a job definition")?;
    ensure!(text(definition, "processDefinitionId")? == process.id.as_wire());
    Ok(Things { job_definition: id_of(definition)?, process_definition: process.id.as_wire().to_owned(), ..things })
}

pub async fn no_fault_on_the_way_makes_an_outcome_lie(bench: Bench) -> Result<()> {
    let wanted: Vec<_> = ROWS.iter().flat_map(|row| Fault::ALL.iter().map(move |fault| (*row, *fault))).collect();
    let mut supply = things(&bench, wanted.len()).await?;
    let mut table = format!(
        "| action | {} |\n|---|{}\n",
        Fault::ALL.iter().map(|fault| format!("{fault:?}")).collect::<Vec<_>>().join(" | "),
        "---|".repeat(Fault::ALL.len())
    );
    let (mut wrong, mut filled) = (Vec::new(), Vec::new());
    for some in wanted.chunks(AT_ONCE) {
        let cells = some.iter().map(|(row, fault)| Ok((*row, *fault, supply.pop().context("a failed job")?))).collect::<Result<Vec<_>>>()?;
        let cells = cells.into_iter().map(|(row, fault, things)| {
            let bench = &bench;
            async move {
                let things = with_definitions(bench, row, fault, things).await?;
                anyhow::Ok((row, fault, fill(bench, row, fault, things).await.with_context(|| format!("{row:?} x {fault:?}"))?))
            }
        });
        for (row, fault, (outcome, performed, arrived)) in try_join_all(cells).await? {
            // Of one plan exactly one request arrives, or none.
            let once = arrived == fault.arrives() && performed == fault.performs();
            if !once || !is_true(&outcome, performed == 1) {
                wrong.push(format!("{row:?} x {fault:?}: arrived {arrived} times, done {performed} times, told: {outcome:?}"));
            }
            filled.push((row, fault, outcome));
        }
    }
    for row in ROWS {
        let told = filled.iter().filter(|(known, _, _)| *known == row).map(|(_, _, outcome)| outcome.name());
        table.push_str(&format!("| {row:?} | {} |\n", told.collect::<Vec<_>>().join(" | ")));
    }
    println!("{table}");
    ensure!(filled.len() == ROWS.len() * Fault::ALL.len(), "{} cells", filled.len());
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// The value of a variable is compared and never kept, so it is proved apart from the others.
pub async fn a_variable_is_written_and_read_back_whatever_comes_back(bench: Bench) -> Result<()> {
    let process = bench.failed("valued", 2).await?;
    let running = bench.driver().list(&format!("/process-instance?processDefinitionId={}", process.id.as_wire())).await?;
    for (instance, fault, certain) in [(&running[0], Fault::PerformThenDrop, true), (&running[1], Fault::Page502, false)] {
        let instance = ProcessInstanceId::from(text(instance, "id")?);
        let variable = bench.client().variables(&instance, Page::first(10)).await?.data.into_iter().find(|variable| variable.name.as_wire() == "ok");
        let value = NewValue { kind: "Boolean".into(), value: true.into(), info: None };
        let what = Asked::SetVariable { instance: instance.clone(), variable: Arc::new(variable.context("a variable")?), value };
        let outcome = written(&bench, fault, what).await?;
        ensure!(matches!(outcome, Outcome::Succeeded(_)) == certain && is_true(&outcome, certain), "{fault:?}: {outcome:?}");
    }
    Ok(())
}

async fn written(bench: &Bench, fault: Fault, what: Asked) -> Result<Outcome> {
    let client = bench.client();
    let engine = EngineIdentity { url: client.address().to_owned(), version: client.known_version().map(|version| version.text), ..EngineIdentity::default() };
    let asking = asking_of(engine, what, Arc::new(NoFacts));
    let plan = Arc::new(planner::plan(client, &asking).await.map_err(|no| anyhow::anyhow!(no.why))?);
    let base = Url::parse(&bench.target().url)?;
    let place = format!("{}:{}", base.host_str().context("a host")?, base.port_or_known_default().context("a port")?);
    let breaker = Breaker::before(place, bpmtop::engine::catalogue::endpoint(RequestName::SetInstanceVariable), fault, DELAY).await?;
    let mut address = base;
    ensure!(address.set_host(Some("127.0.0.1")).is_ok() && address.set_port(Some(breaker.port())).is_ok());
    let broken = Client::new(bench.options(address))?;
    broken.assume_version(bench.target().version.clone());
    let folder = tempfile::tempdir()?;
    let record = Record::into(Ok(Arc::new(Journal::open(folder.path())?)));
    let hand = Hand::new(broken, Guard { read_only: false, role: Role::Admin, record }).map_err(|no| anyhow::anyhow!(no.why))?;
    let mut running = perform::start(hand, plan);
    let settled = running.ledger.wait_for(|ledger| ledger.outcomes.iter().all(Outcome::is_settled));
    let _ = tokio::time::timeout(SETTLING, settled).await;
    let outcome = running.ledger.borrow().outcomes.first().cloned().context("a target")?;
    running.orders.send(Order::Close(How::Quit)).ok();
    Ok(outcome)
}
