//! One instance of the example with something in every part of its page.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{ago, job, past, section};
use crate::model::activity_instance::Token;
use crate::model::definition::ProcessInstance;
use crate::model::external_task::ExternalTask;
use crate::model::history::{HistoricInstance, IncidentState, InstanceState};
use crate::model::ids::ProcessInstanceId;
use crate::model::inquiry::{CalledCount, Finding, Inquiry, InstanceFinding, Listed, Tokens, VariableRow, VariablesAsk, VariablesPage};
use crate::model::job::{Job, JobDefinition};
use crate::model::section::Moment;
use crate::model::snapshot::Snapshot;
use crate::model::user_task::UserTask;
use crate::model::variable::{Variable, VariableValue};

/// The instance of the first incident.
pub fn id() -> ProcessInstanceId {
    "instance-0000".into()
}

fn ahead(now: Moment, seconds: i64) -> Timestamp {
    now.wall + SignedDuration::from_secs(seconds)
}

/// Puts an answer to an inquiry into a picture.
pub fn answer(snapshot: &mut Snapshot, inquiry: Inquiry, finding: Finding, now: Moment) {
    Arc::make_mut(&mut snapshot.findings).insert(inquiry, section(finding, now, 3));
}

/// The instance as it runs.
pub fn running() -> ProcessInstance {
    ProcessInstance {
        id: id(),
        definition: "payment:2:uuid".into(),
        business_key: Some("A-2026-000".into()),
        suspended: false,
        tenant: Some("acme".into()),
        case: None,
    }
}

/// What the history knows of it; ended so, if it is over.
pub fn history(now: Moment, over: Option<InstanceState>) -> HistoricInstance {
    HistoricInstance {
        id: id(),
        definition: "payment:2:uuid".into(),
        process_key: Some("payment".into()),
        process_name: Some("Payment".into()),
        version: Some(2),
        business_key: Some("A-2026-000".into()),
        started: ago(now, 7_500),
        ended: over.map(|_| ago(now, 12)),
        state: over.unwrap_or(InstanceState::Active),
        caller: Some("instance-0100".into()),
        calling_case: None,
        root: Some("instance-0100".into()),
        tenant: Some("acme".into()),
        delete_reason: over.map(|_| "customer withdrew".into()),
        start_user: Some("mary".into()),
    }
}

/// Says how the instance stands.
pub fn stand(snapshot: &mut Snapshot, running: Option<ProcessInstance>, past: Option<HistoricInstance>, now: Moment) {
    let finding = InstanceFinding { running, past: Ok(past), caller: Some("instance-0100".into()), cases: None };
    answer(snapshot, Inquiry::Instance(id()), Finding::Instance(Box::new(finding)), now);
}

fn jobs(now: Moment) -> Vec<Job> {
    let failed = Job { exception_message: Some("Read timed out after 30000 ms".into()), ..job(0) };
    let retrying = Job {
        id: "job-retrying".into(),
        retries: 2,
        due: Some(ahead(now, 290)),
        exception_message: Some("HTTP 503 from https://ledger.example/v1/entries".into()),
        failed_activity: Some("book-entry".into()),
        job_definition: Some("jd-5".into()),
        suspended: true,
        ..job(0)
    };
    vec![failed, retrying]
}

/// A variable of the instance.
pub fn variable(name: &str, kind: &str, value: VariableValue) -> Variable {
    Variable {
        id: format!("variable-{name}").into(),
        name: name.into(),
        kind: kind.into(),
        value,
        execution: Some("instance-0000".into()),
        scope: Some("instance-0000".into()),
        task: None,
        object_type: None,
        format: None,
        file_name: None,
        mime_type: None,
        problem: None,
        marks: Vec::new(),
    }
}

/// Answers the first reading of the variables.
pub fn read_variables(snapshot: &mut Snapshot, rows: Vec<VariableRow>, more: bool, now: Moment) {
    let ask = VariablesAsk { instance: id(), page: 0, reading: 0 };
    answer(snapshot, Inquiry::Variables(ask), Finding::Variables(VariablesPage { rows, more }), now);
}

/// Variables of all kinds.
pub fn variables() -> Vec<VariableRow> {
    let text = |text: &str| VariableValue::of_text(text);
    let local = Variable { execution: Some("execution-7".into()), scope: Some("charge-card:7".into()), ..variable("attempt", "Integer", text("3")) };
    let order = Variable {
        object_type: Some("com.acme.Order".into()),
        format: Some("application/json".into()),
        ..variable("order", "Object", text("{\"id\":\"A-2026-000\",\"lines\":[{\"sku\":\"4711\",\"amount\":2}],\"total\":129.9}"))
    };
    let rows = [
        local,
        variable("cardNumber", "String", text("4111 1111 1111 1111")),
        variable("clientSecret", "String", text("s3cr3t-of-acme")),
        variable("invoice", "File", VariableValue::NotSent),
        variable("note", "Null", VariableValue::Null),
        order,
        variable("report", "String", VariableValue::TooLarge { bytes: 70_000 }),
    ];
    let mut rows: Vec<VariableRow> = rows.into_iter().map(|variable| VariableRow::Read(Arc::new(variable))).collect();
    rows.push(VariableRow::TooLarge { place: 7 });
    rows
}

/// Fills every part of the page: the instance runs, one job failed, another waits while it and its definition are suspended.
pub fn fill(snapshot: &mut Snapshot, now: Moment) {
    stand(snapshot, Some(running()), Some(history(now, None)), now);
    let own = snapshot.incident(&"incident-0000".into()).cloned().into_iter();
    let below = snapshot.incident(&"incident-0100".into()).cloned().into_iter();
    answer(snapshot, Inquiry::Incidents(id()), Finding::Incidents(below.chain(own).collect()), now);
    let token = |activity: &str, kind: &str, waiting, count| Token {
        activity: activity.into(),
        name: None,
        kind: kind.into(),
        waiting,
        count,
        incidents: u64::from(waiting),
    };
    let tokens = vec![token("charge-card", "serviceTask", true, 2), token("payment-reminder", "intermediateTimer", false, 1)];
    answer(snapshot, Inquiry::Tokens(id()), Finding::Tokens(Tokens::At(tokens)), now);
    answer(snapshot, Inquiry::Jobs(id()), Finding::Jobs(Listed { rows: jobs(now), total: Some(2) }), now);
    let timer = Job { id: "job-timer".into(), job_definition: Some("jd-4".into()), retries: 3, due: Some(ahead(now, 3_700)), failed_activity: None, ..job(0) };
    let timer = Job { exception_message: None, ..timer };
    answer(snapshot, Inquiry::Timers(id()), Finding::Jobs(Listed { rows: vec![timer], total: Some(10_000) }), now);
    let task = ExternalTask {
        id: "task-1".into(),
        activity: Some("charge-card".into()),
        error_message: None,
        execution: None,
        lock_expires: Some(ago(now, 300)),
        process_definition: None,
        process_key: None,
        process_instance: Some(id()),
        retries: None,
        suspended: false,
        worker: Some("worker-eu-3".into()),
        topic: "charge".into(),
        tenant: None,
        priority: 0,
        business_key: None,
        unreadable: Default::default(),
    };
    let failing = ExternalTask {
        id: "task-2".into(),
        error_message: Some("card declined by issuer".into()),
        retries: Some(2),
        lock_expires: Some(ahead(now, 60)),
        ..task.clone()
    };
    answer(snapshot, Inquiry::ExternalTasks(id()), Finding::ExternalTasks(Listed { rows: vec![failing, task], total: Some(2) }), now);
    let user = UserTask {
        id: "user-task-1".into(),
        name: Some("Prüfe die Zahlung".into()),
        activity: Some("check".into()),
        process_instance: Some(id()),
        process_definition: None,
        assignee: Some("mary".into()),
        owner: None,
        created: ago(now, 5_000),
        due: Some(ago(now, 600)),
        follow_up: None,
        suspended: false,
        priority: 50,
        execution: None,
        unreadable: Default::default(),
    };
    answer(snapshot, Inquiry::UserTasks(id()), Finding::UserTasks(Listed { rows: vec![user], total: Some(1) }), now);
    answer(snapshot, Inquiry::CalledCount(id()), Finding::CalledCount(CalledCount { running: 3, failing: Some(1), cases: 0, failing_below_cases: 0 }), now);
    let before: Vec<_> = past(now).incidents.into_iter().flatten().filter(|row| row.state != IncidentState::Open).collect();
    answer(snapshot, Inquiry::PastIncidents(id()), Finding::PastIncidents(Listed { total: Some(before.len() as u64), rows: before }), now);
    suspend_a_job_definition(snapshot, now);
}

/// The definition of the waiting job is suspended.
fn suspend_a_job_definition(snapshot: &mut Snapshot, now: Moment) {
    let mut definitions: Vec<JobDefinition> = snapshot.job_definitions.get().cloned().unwrap_or_default();
    definitions.extend(definitions.first().cloned().map(|first| JobDefinition {
        id: "jd-5".into(),
        activity: Some("book-entry".into()),
        configuration: Some("async-after".into()),
        suspended: true,
        ..first
    }));
    snapshot.job_definitions = section(definitions, now, 5);
}

/// Suspends the instance, and the definition of the failed job, but not that job.
pub fn suspend(snapshot: &mut Snapshot, now: Moment) {
    stand(snapshot, Some(ProcessInstance { suspended: true, ..running() }), Some(history(now, None)), now);
    let mut definitions: Vec<JobDefinition> = snapshot.job_definitions.get().cloned().unwrap_or_default();
    definitions.iter_mut().filter(|row| row.id.as_wire() == "jd-1").for_each(|row| row.suspended = true);
    snapshot.job_definitions = section(definitions, now, 5);
}

/// What is found while and after the instance ends: its parts become empty, then it is over.
pub fn end(snapshot: &mut Snapshot, over: Option<InstanceState>, now: Moment) {
    empty_parts(snapshot, now);
    stand(snapshot, None, over.map(|state| history(now, Some(state))), now);
}

/// Everything in the instance is gone.
pub fn empty_parts(snapshot: &mut Snapshot, now: Moment) {
    let empty: HashMap<Inquiry, Finding> = HashMap::from([
        (Inquiry::Incidents(id()), Finding::Incidents(Vec::new())),
        (Inquiry::Tokens(id()), Finding::Tokens(Tokens::Gone)),
        (Inquiry::Jobs(id()), Finding::Jobs(Listed { rows: Vec::new(), total: Some(0) })),
        (Inquiry::Timers(id()), Finding::Jobs(Listed { rows: Vec::new(), total: Some(0) })),
        (Inquiry::ExternalTasks(id()), Finding::ExternalTasks(Listed { rows: Vec::new(), total: Some(0) })),
        (Inquiry::UserTasks(id()), Finding::UserTasks(Listed { rows: Vec::new(), total: Some(0) })),
        (Inquiry::CalledCount(id()), Finding::CalledCount(CalledCount { running: 0, failing: Some(0), cases: 0, failing_below_cases: 0 })),
    ]);
    for (inquiry, finding) in empty {
        answer(snapshot, inquiry, finding, now);
    }
}
