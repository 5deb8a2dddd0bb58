//! A small engine in trouble, made up for tests of screens and updates. Test code only.

pub mod calls;
pub mod instance;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::definition::{ProcessDefinition, ProcessInstance};
use super::deployment::Deployment;
use super::earlier::Past;
use super::external_task::ExternalTask;
use super::figure::Figure;
use super::grouping::{KnownIncident, group};
use super::history::{HistoricIncident, IncidentState, JobEvent, JobLogEntry, UserOperation};
use super::ids::{ActivityId, DeploymentId, ExternalTaskId, IncidentId, JobId, ProcessDefinitionId};
use super::incident::Incident;
use super::job::{Job, JobDefinition};
use super::section::{Moment, Section};
use super::series::Series;
use super::since::{Deployed, FirstSeen, Sighting};
use super::snapshot::{Cost, Definitions, EngineIdentity, IncidentSet, JobCounts, Link, Snapshot};
use super::statistics::{IncidentTally, ProcessStatistics};
use crate::text::EngineText;
use crate::triage::signature;

/// The moment at which the example stands still.
pub fn noon() -> Moment {
    // A monotonic clock may have started only just now; samples of the past need room before it.
    Moment { instant: std::time::Instant::now() + Duration::from_secs(7_200), wall: "2026-03-01T12:00:00Z".parse().expect("a moment") }
}

fn ago(now: Moment, seconds: i64) -> Timestamp {
    now.wall - SignedDuration::from_secs(seconds)
}

/// An incident of the example.
pub struct Trouble {
    /// Its number; becomes its ids.
    pub number: usize,
    /// Root cause's number, if it is blocked by another.
    pub root: Option<usize>,
    /// `key:version`.
    pub definition: &'static str,
    /// Activity id.
    pub activity: &'static str,
    /// Message.
    pub message: Option<String>,
    /// Seconds since its creation.
    pub age: i64,
}

/// Makes the incident.
pub fn incident(trouble: &Trouble, now: Moment) -> Arc<KnownIncident> {
    let id = IncidentId::new(format!("incident-{:04}", trouble.number));
    let root = trouble.root.map_or_else(|| id.clone(), |root| IncidentId::new(format!("incident-{root:04}")));
    let is_root = trouble.root.is_none();
    let message = trouble.message.as_deref();
    Arc::new(KnownIncident {
        signature: signature(message.unwrap_or_default()),
        incident: Incident {
            kind: "failedJob".into(),
            process_definition: Some(ProcessDefinitionId::new(format!("{}:uuid", trouble.definition))),
            process_instance: Some(format!("instance-{:04}", trouble.number).as_str().into()),
            execution: None,
            activity: Some(trouble.activity.into()),
            failed_activity: None,
            cause: Some(root.clone()),
            root_cause: Some(root),
            configuration: is_root.then(|| EngineText::from(format!("job-{:04}", trouble.number))),
            message: message.map(EngineText::from),
            tenant: None,
            job_definition: None,
            annotation: None,
            created: ago(now, trouble.age),
            id,
        },
    })
}

fn troubles() -> Vec<Trouble> {
    let mut troubles = Vec::new();
    for number in 0..14 {
        let message = format!("Calling https://payments.example/v2/charges/ch_{number}7 for A-2026-00{number} failed: Read timed out after 30000 ms");
        troubles.push(Trouble { number, root: None, definition: "payment:2", activity: "charge-card", message: Some(message), age: 20 + 40 * number as i64 });
        let blocked = 100 + number;
        troubles.push(Trouble { number: blocked, root: Some(number), definition: "order:7", activity: "call-payment", message: None, age: 20 });
    }
    for number in 20..25 {
        let definition = if number % 2 == 0 { "invoice:1" } else { "invoice:3" };
        let message = format!("ERROR: duplicate key value violates unique constraint \"uq_ledger_entry\" Detail: Key (entry_id)=({number}88) already exists.");
        troubles.push(Trouble { number, root: None, definition, activity: "book-invoice", message: Some(message), age: 7_200 });
    }
    let connection = "Connection refused: ledger.internal/10.1.2.3:5432".to_owned();
    troubles.push(Trouble { number: 30, root: None, definition: "invoice:3", activity: "book-invoice", message: Some(connection), age: 90_000 });
    troubles.push(Trouble { number: 31, root: None, definition: "reconciliation:1", activity: "match-entries", message: None, age: 400 });
    troubles
}

fn definition(key: &str, version: i64, name: &str) -> ProcessDefinition {
    ProcessDefinition {
        id: ProcessDefinitionId::new(format!("{key}:{version}:uuid")),
        key: key.into(),
        name: Some(name.into()),
        version,
        version_tag: None,
        deployment: Some(DeploymentId::new(format!("deployment-{key}-{version}"))),
        suspended: key == "invoice" && version == 1,
        tenant: None,
        category: Some("http://bpmn.io/schema/bpmn".into()),
    }
}

/// Instances and failed jobs of each version; the old invoice still has instances.
fn statistics() -> Vec<ProcessStatistics> {
    let of = |definition: ProcessDefinition| {
        let (instances, failed) = match (definition.key.as_wire(), definition.version) {
            ("order", _) => (31_204, 0),
            ("payment", _) => (14, 14),
            ("invoice", 1) => (212, 3),
            ("invoice", _) => (16_800, 3),
            _ => (0, 0),
        };
        let root_incidents = if failed == 0 { Vec::new() } else { vec![IncidentTally { kind: "failedJob".into(), count: failed }] };
        ProcessStatistics { definition, instances, failed_jobs: failed, root_incidents }
    };
    definitions().by_id.into_values().map(of).collect()
}

fn deployments(now: Moment) -> HashMap<DeploymentId, Deployment> {
    let row = |(id, days): (&str, i64)| {
        let deployment = Deployment { time: Some(ago(now, days * 86_400)), ..Deployment::default() };
        (DeploymentId::new(format!("deployment-{id}")), deployment)
    };
    [("order-7", 2), ("payment-2", 40), ("invoice-1", 400), ("invoice-3", 9)].map(row).into()
}

fn definitions() -> Definitions {
    let rows = [
        definition("order", 7, "Customer order"),
        definition("payment", 2, "Payment"),
        definition("invoice", 1, "Rechnungsprüfung"),
        definition("invoice", 3, "Rechnungsprüfung"),
        definition("reconciliation", 1, "支付对账"),
    ];
    Definitions::whole(rows.into_iter().map(|row| (row.id.clone(), row)).collect())
}

fn job_definitions() -> Vec<JobDefinition> {
    let row = |id: &str, definition: &str, activity: &str, configuration: &str, suspended| JobDefinition {
        id: id.into(),
        process_definition: Some(ProcessDefinitionId::new(format!("{definition}:uuid"))),
        process_key: definition.split(':').next().map(Into::into),
        job_type: if configuration.starts_with("DURATION") { "timer-intermediate-transition" } else { "async-continuation" }.into(),
        configuration: Some(configuration.into()),
        activity: Some(activity.into()),
        suspended,
        overriding_priority: None,
        tenant: None,
        deployment: None,
    };
    vec![
        row("jd-1", "payment:2", "charge-card", "async-before", false),
        row("jd-2", "order:7", "confirm-order", "async-after", false),
        row("jd-3", "invoice:3", "book-invoice", "async-before", true),
        row("jd-4", "payment:2", "payment-reminder", "DURATION: PT2H", false),
    ]
}

fn section<T>(data: T, now: Moment, age: u64) -> Section<T> {
    let mut section = Section::default();
    section.succeed(data, Moment { instant: now.instant - Duration::from_secs(age), wall: now.wall });
    section
}

fn set_figure(snapshot: &mut Snapshot, figure: Figure, samples: &[f64], now: Moment) {
    let state = snapshot.figures.entry(figure).or_default();
    let mut series = Series::default();
    for (index, value) in samples.iter().enumerate() {
        let at = Moment { instant: now.instant - Duration::from_secs(4 * (samples.len() - index) as u64), wall: now.wall };
        if value.is_nan() { series.gap(at) } else { series.push(at, *value) }
    }
    state.series = Arc::new(series);
    if let Some(last) = samples.last() {
        state.section = section(*last, now, 2);
    }
}

/// The example as a snapshot.
pub fn snapshot(now: Moment) -> Snapshot {
    let identity = EngineIdentity {
        url: "http://localhost:8080/engine-rest".to_owned(),
        product: Some("Camunda".to_owned()),
        version: Some("7.24.0".into()),
        user: Some("demo".to_owned()),
        ..EngineIdentity::default()
    };
    let mut snapshot = Snapshot::empty(identity, now);
    snapshot.link = Link::Live;
    snapshot.cost = Cost {
        requests_per_minute: 84,
        busy_percent: 0.6,
        budget_percent: 2.0,
        ceiling_percent: 10.0,
        distance: Some(Duration::from_millis(4)),
        requests: 840,
        bytes: 9_000,
    };
    snapshot.definitions = section(definitions(), now, 30);
    snapshot.job_definitions = section(job_definitions(), now, 5);
    snapshot.statistics = section(statistics(), now, 25);
    snapshot.deployments = section(deployments(now), now, 120);
    let counts = |jobs, failed| section(JobCounts { jobs, failed }, now, 5);
    snapshot.job_counts = Arc::new(HashMap::from([("jd-1".into(), counts(15, 14)), ("jd-2".into(), counts(2, 0)), ("jd-3".into(), counts(6, 6))]));
    let names = [("charge-card", "Charge card"), ("payment-reminder", "Payment reminder")];
    let names = names.into_iter().map(|(id, name)| (ActivityId::from(id), EngineText::from(name))).collect();
    snapshot.activity_names = Arc::new(HashMap::from([(ProcessDefinitionId::from("payment:2:uuid"), Arc::new(names))]));
    set_incidents(&mut snapshot, troubles().iter().map(|trouble| incident(trouble, now)).collect(), now);
    add_details(&mut snapshot, now);
    for (figure, samples) in [
        (Figure::IncidentsRoot, &[3.0, 3.0, 4.0, 8.0, 15.0, 20.0, 21.0][..]),
        (Figure::IncidentsBlocked, &[0.0, 0.0, 2.0, 6.0, 12.0, 14.0, 14.0]),
        (Figure::JobsFailed, &[3.0, f64::NAN, f64::NAN, 8.0, 15.0, 20.0, 21.0]),
        (Figure::JobsRetrying, &[1.0, 9.0, 12.0, 7.0, 4.0]),
        (Figure::JobsDue, &[0.0, 0.0, 5.0, 340.0, 1_250.0]),
        (Figure::JobsAcquired, &[3.0, 3.0, 6.0]),
        (Figure::ExternalFailed, &[0.0, 0.0]),
        (Figure::ExternalLocked, &[12.0, 13.0, 11.0]),
        (Figure::JobsFailedRate, &[0.0, 2.5, 0.5]),
        (Figure::JobsSucceededRate, &[12.0, 7.0, 4.5]),
        (Figure::Instances, &[48_211.0, 48_214.0, 48_230.0]),
    ] {
        set_figure(&mut snapshot, figure, samples, now);
    }
    snapshot.settled = true;
    snapshot
}

/// Puts other incidents into a snapshot.
pub fn set_incidents(snapshot: &mut Snapshot, incidents: Vec<Arc<KnownIncident>>, now: Moment) {
    let set: HashMap<_, _> = incidents.into_iter().map(|known| (known.incident.id.clone(), known)).collect();
    snapshot.groups = Arc::new(group(set.values(), &snapshot.names()));
    snapshot.incidents = section(IncidentSet::whole(set), now, 1);
}

/// The incidents of a picture, each at an execution of its own.
pub fn placed(snapshot: &Snapshot) -> Vec<Incident> {
    let all = snapshot.incidents.get().into_iter().flat_map(|set| set.incidents.values()).map(|known| &known.incident);
    all.map(|incident| Incident { execution: Some(format!("execution of {}", incident.root()).as_str().into()), ..incident.clone() }).collect()
}

fn add_details(snapshot: &mut Snapshot, now: Moment) {
    let instance = |number: usize, key: Option<&str>| {
        let id: super::ids::ProcessInstanceId = format!("instance-{number:04}").as_str().into();
        let row = ProcessInstance {
            id: id.clone(),
            definition: "payment:2:uuid".into(),
            business_key: key.map(Into::into),
            suspended: false,
            tenant: None,
            case: None,
        };
        (id, section(Some(row), now, 3))
    };
    snapshot.instances = Arc::new(HashMap::from([
        instance(0, Some("A-2026-000")),
        instance(1, Some("Bestellung-Müller-1")),
        instance(2, None),
        ("instance-0003".into(), section(None, now, 3)),
    ]));
    snapshot.jobs = Arc::new((0..3).map(|number| (JobId::new(format!("job-{number:04}")), section(Some(job(number)), now, 3))).collect());
}

/// The job behind an incident of the example.
pub fn job(number: usize) -> Job {
    Job {
        id: JobId::new(format!("job-{number:04}")),
        job_definition: Some("jd-1".into()),
        process_instance: Some(format!("instance-{number:04}").as_str().into()),
        process_definition: Some("payment:2:uuid".into()),
        process_key: Some("payment".into()),
        execution: None,
        exception_message: Some("Connection refused".into()),
        failed_activity: Some("charge-card".into()),
        retries: 0,
        due: None,
        suspended: false,
        priority: 0,
        tenant: None,
        created: None,
        unreadable: Default::default(),
    }
}

/// An external task that failed and waits for its next attempt.
pub fn external_task(number: usize) -> ExternalTask {
    ExternalTask {
        unreadable: Default::default(),
        id: ExternalTaskId::new(format!("task-{number:04}")),
        activity: Some("ship-parcel".into()),
        error_message: Some("carrier 429 slow down".into()),
        execution: None,
        lock_expires: None,
        process_definition: Some("order:7:uuid".into()),
        process_key: Some("order".into()),
        process_instance: Some("instance-0009".into()),
        retries: Some(2),
        suspended: false,
        worker: Some("worker-1".into()),
        topic: "parcel".into(),
        tenant: None,
        priority: 0,
        business_key: Some("P-WAITS".into()),
    }
}

/// Since when the card payments of the example fail: three days, twelve minutes after their deployment.
pub fn set_first_seen(snapshot: &mut Snapshot, now: Moment) {
    let Some(group) = snapshot.groups.groups.iter().find(|group| group.key.activity == Some("charge-card".into())) else { return };
    let sighting = Sighting { at: ago(now, 3 * 86_400 + 600), definition: Some("payment:2:uuid".into()) };
    let signatures = group.signatures.iter().map(|row| (row.key.clone(), sighting.clone())).collect();
    let seen = FirstSeen { group: Some(sighting.clone()), signatures };
    snapshot.first_seen = Arc::new(HashMap::from([(group.key.clone(), section(seen, now, 60))]));
    let mut definitions = definitions();
    for row in definitions.by_id.values_mut() {
        row.deployment = Some("deployment-1".into());
    }
    snapshot.definitions = section(definitions, now, 30);
    let deployed = Deployed { name: None, at: sighting.at - SignedDuration::from_mins(12) };
    snapshot.deployed = Arc::new(HashMap::from([("deployment-1".into(), section(Some(deployed), now, 60))]));
}

/// What happened before to the job behind the first incident of the example: it failed, was retried once, and failed again.
pub fn past(now: Moment) -> Past {
    let trouble = |number, age| Trouble { number, root: None, definition: "payment:2", activity: "charge-card", message: None, age };
    let row = |number, age, ended: Option<i64>| HistoricIncident {
        incident: Incident { annotation: ended.map(|_| "ticket 4711".into()), ..incident(&trouble(number, age), now).incident.clone() },
        state: if ended.is_some() { IncidentState::Resolved } else { IncidentState::Open },
        ended: ended.map(|seconds| ago(now, seconds)),
        process_key: Some("payment".into()),
        root_process_instance: None,
    };
    let entry = |event, seconds, retries| JobLogEntry {
        id: "log".into(),
        job: "job-0000".into(),
        at: ago(now, seconds),
        event,
        retries,
        due: None,
        exception_message: (event == JobEvent::Failed).then(|| "Read timed out after 30000 ms".into()),
        failed_activity: None,
        hostname: Some("node-2".into()),
        instance: Some("instance-0000".into()),
        execution: None,
        activity: Some("charge-card".into()),
        job_definition: None,
        job_kind: Some("async-continuation".into()),
    };
    let operation = |seconds| UserOperation {
        operation: Some("operation-1".into()),
        user: Some("mary".into()),
        job: Some("job-0000".into()),
        property: Some("retries".into()),
        original: Some("0".into()),
        new: Some("1".into()),
        annotation: Some("gateway is back".into()),
        ..operation("SetJobRetries", "Job", ago(now, seconds))
    };
    Past {
        incidents: Ok(vec![row(0, 20, None), row(900, 7_260, Some(50))]),
        log: Ok(vec![entry(JobEvent::Failed, 20, 0), entry(JobEvent::Failed, 7_260, 0), entry(JobEvent::Created, 7_290, 3)]),
        operations: Ok(vec![operation(50), operation(50)]),
    }
}

/// A row of the log of operations, by demo and about nothing yet.
pub fn operation(kind: &str, entity: &str, at: Timestamp) -> UserOperation {
    UserOperation {
        id: "row".into(),
        operation: None,
        kind: kind.into(),
        user: Some("demo".into()),
        at,
        instance: None,
        process_definition: None,
        batch: None,
        job: None,
        job_definition: None,
        external_task: None,
        task: None,
        entity: Some(entity.into()),
        property: None,
        original: None,
        new: None,
        annotation: None,
    }
}
