//! A lively instance, made up for tests: it fails, is retried by a user, suspended, resumed, and calls another one. Test code only.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Gathered, Part, PastPage, PastRows};
use crate::model::definition::ProcessInstance;
use crate::model::example;
use crate::model::history::{
    HistoricActivity, HistoricIncident, HistoricInstance, IncidentState, InstanceState, JobEvent, JobLogEntry, UserOperation, VariableUpdate,
};
use crate::model::ids::ProcessInstanceId;
use crate::model::incident::Incident;
use crate::model::inquiry::{Finding, Inquiry, InstanceFinding};
use crate::model::section::{Moment, Section};
use crate::model::snapshot::Snapshot;

/// The instance: that of the first incident of the example.
pub fn instance() -> ProcessInstanceId {
    "instance-0000".into()
}

/// The visit in which it calls another instance.
pub const CALL: &str = "check-fraud:00000002-e5a5-11f1-a055-02fc00000001";

/// A moment so many seconds before noon.
pub fn ago(now: Moment, seconds: f64) -> Timestamp {
    now.wall - SignedDuration::from_millis((seconds * 1000.0) as i64)
}

/// A visit to an activity.
pub fn visit(now: Moment, id: &str, kind: &str, from: f64, to: Option<f64>) -> HistoricActivity {
    HistoricActivity {
        id: id.into(),
        activity: id.split(':').next().unwrap_or_default().into(),
        name: None,
        kind: kind.into(),
        instance: instance(),
        called: (kind == "callActivity").then(|| "instance-0042".into()),
        called_case: None,
        task: None,
        assignee: None,
        started: ago(now, from),
        ended: to.map(|to| ago(now, to)),
        canceled: false,
    }
}

/// An entry of the log of its job.
pub fn entry(now: Moment, id: &str, event: JobEvent, seconds: f64, retries: i64) -> JobLogEntry {
    JobLogEntry {
        id: id.into(),
        job: "job-0000".into(),
        at: ago(now, seconds),
        event,
        retries,
        due: None,
        exception_message: (event == JobEvent::Failed).then(|| "Read timed out after 30000 ms\n\x1b[31mat gateway".into()),
        failed_activity: None,
        hostname: Some("node-2".into()),
        instance: Some(instance()),
        execution: None,
        activity: Some("charge-card".into()),
        job_definition: None,
        job_kind: Some("async-continuation".into()),
    }
}

/// A row of an operation.
pub fn operation(now: Moment, id: &str, kind: &str, entity: &str, seconds: f64) -> UserOperation {
    UserOperation {
        id: format!("row-{id}").into(),
        operation: Some(id.split('/').next().unwrap_or_default().into()),
        user: Some("mary".into()),
        ..example::operation(kind, entity, ago(now, seconds))
    }
}

/// A change of a variable.
pub fn update(now: Moment, id: &str, name: &str, seconds: f64, operation: Option<&str>) -> VariableUpdate {
    VariableUpdate {
        id: id.into(),
        at: ago(now, seconds),
        name: name.into(),
        kind: Some("String".into()),
        revision: 0,
        initial: false,
        operation: operation.map(Into::into),
        size: Some(12),
    }
}

/// An incident at the card payment.
pub fn incident(now: Moment, number: usize, seconds: f64, ended: Option<f64>) -> HistoricIncident {
    let trouble = example::Trouble { number, root: None, definition: "payment:2", activity: "charge-card", message: Some("Read timed out".into()), age: 0 };
    let known = example::incident(&trouble, now);
    HistoricIncident {
        incident: Incident {
            process_instance: Some(instance()),
            configuration: Some("job-0000".into()),
            created: ago(now, seconds),
            annotation: ended.map(|_| "ticket 4711".into()),
            ..known.incident.clone()
        },
        state: if ended.is_some() { IncidentState::Resolved } else { IncidentState::Open },
        ended: ended.map(|ended| ago(now, ended)),
        process_key: Some("payment".into()),
        root_process_instance: None,
    }
}

/// What the history knows of the instance itself.
pub fn past(now: Moment) -> HistoricInstance {
    HistoricInstance {
        id: instance(),
        definition: "payment:2:uuid".into(),
        process_key: Some("payment".into()),
        process_name: None,
        version: Some(2),
        business_key: Some("A-2026-000".into()),
        started: ago(now, 15_000.0),
        ended: None,
        state: InstanceState::Active,
        caller: None,
        calling_case: None,
        root: Some(instance()),
        tenant: None,
        delete_reason: None,
        start_user: None,
    }
}

/// All parts of the lively instance.
pub fn parts(now: Moment) -> Vec<(Part, PastRows)> {
    let change = |row: UserOperation, property: &str, old: Option<&str>, new: Option<&str>| UserOperation {
        property: Some(property.into()),
        original: old.map(Into::into),
        new: new.map(Into::into),
        ..row
    };
    let retry =
        UserOperation { job: Some("job-0000".into()), annotation: Some("gateway is back".into()), ..operation(now, "retry", "SetJobRetries", "Job", 140.0) };
    let operations = vec![
        change(operation(now, "resume", "Activate", "ProcessInstance", 900.0), "suspensionState", Some("suspended"), Some("active")),
        change(operation(now, "suspend", "Suspend", "ProcessInstance", 1_200.0), "suspensionState", Some("active"), Some("suspended")),
        change(retry.clone(), "retries", Some("0"), Some("1")),
        change(UserOperation { id: "row-retry-2".into(), ..retry }, "dueDate", Some("1772366400000"), None),
        operation(now, "create", "Create", "ProcessInstance", 15_000.0),
        operation(now, "fix", "SetVariable", "Variable", 150.0),
    ];
    let started = VariableUpdate { initial: true, ..update(now, "v-1", "order", 15_000.0, Some("create")) };
    let activities = vec![
        visit(now, "begin:00000001-e5a5-11f1-a055-02fc00000001", "startEvent", 15_000.0, Some(15_000.0)),
        visit(now, CALL, "callActivity", 15_000.0, Some(14_400.0)),
        HistoricActivity { canceled: true, ..visit(now, "await-approval:00000003-e5a5-11f1-a055-02fc00000001", "userTask", 14_400.0, Some(1_300.0)) },
    ];
    let jobs = vec![
        entry(now, "log-1", JobEvent::Created, 1_300.0, 3),
        entry(now, "log-2", JobEvent::Failed, 1_290.0, 3),
        entry(now, "log-3", JobEvent::Failed, 1_260.0, 2),
        entry(now, "log-4", JobEvent::Failed, 850.0, 1),
        entry(now, "log-5", JobEvent::Failed, 20.0, 1),
    ];
    vec![
        (Part::Entered, PastRows::Activities(activities)),
        (Part::Jobs, PastRows::Jobs(jobs)),
        (Part::Operations, PastRows::Operations(operations)),
        (Part::Variables, PastRows::Variables(vec![started, update(now, "v-2", "gateway", 150.0, Some("fix"))])),
        (Part::Incidents, PastRows::Incidents(vec![incident(now, 0, 20.0, None), incident(now, 900, 850.0, Some(140.0))])),
    ]
}

/// The lively instance as it is read.
pub fn gathered(now: Moment) -> Gathered {
    let mut gathered = Gathered::default();
    gathered.instance = Some(past(now));
    for (part, rows) in parts(now) {
        gathered.take(part, 0, &PastPage { rows, more: false, cut: None });
    }
    gathered
}

/// Puts answers into a snapshot.
pub fn answer(snapshot: &mut Snapshot, findings: impl IntoIterator<Item = (Inquiry, Finding)>, now: Moment) {
    let mut known = HashMap::clone(&snapshot.findings);
    for (inquiry, finding) in findings {
        let section: &mut Section<Finding> = known.entry(inquiry).or_default();
        section.succeed(finding, now);
    }
    snapshot.findings = Arc::new(known);
}

/// What is known of the instance itself.
pub fn standing(running: bool, past: Option<HistoricInstance>) -> (Inquiry, Finding) {
    let row = ProcessInstance { id: instance(), definition: "payment:2:uuid".into(), business_key: None, suspended: false, tenant: None, case: None };
    let finding = InstanceFinding { running: running.then_some(row), past: Ok(past), caller: None, cases: None };
    (Inquiry::Instance(instance()), Finding::Instance(Box::new(finding)))
}

/// A page as the answer to its inquiry.
pub fn page(part: Part, page: u32, rows: PastRows, more: bool) -> (Inquiry, Finding) {
    (Inquiry::Past(instance(), part, page), Finding::Past(PastPage { rows, more, cut: None }))
}

/// Puts the lively instance into a snapshot.
pub fn answer_all(snapshot: &mut Snapshot, now: Moment) {
    answer(snapshot, [standing(true, Some(past(now)))], now);
    answer(snapshot, parts(now).into_iter().map(|(part, rows)| page(part, 0, rows, false)), now);
}
