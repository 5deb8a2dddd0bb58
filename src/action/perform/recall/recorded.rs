//! Targets and requests of an action as they were recorded, as the values they were.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::action::plan::Held;
use crate::action::target::{Subject, Target, TimedSuspension};
use crate::engine::{Change, Due, NewValue, VariableHome};
use crate::journal;
use crate::model::definition::{ProcessDefinition, ProcessInstance};
use crate::model::external_task::ExternalTask;
use crate::model::grouping::KnownIncident;
use crate::model::incident::Incident;
use crate::model::job::{Job, JobDefinition};
use crate::text::EngineText;

/// A job that was to be kept asleep, as it was recorded.
pub(super) fn kept(recorded: &journal::Target, targets: &[journal::Target]) -> Held {
    Held {
        // What is put back is a target itself.
        target: targets.iter().position(|target| target.id == recorded.id).unwrap_or_default(),
        job: recorded.id.text().clone().into(),
        due: recorded.before.due,
        label: recorded.label.to_string(),
        cause: String::new(),
    }
}

/// A target as far as it was recorded.
pub(super) fn target(recorded: &journal::Target) -> Target {
    let id = recorded.id.text();
    let instance = recorded.instance.as_ref().map(|instance| instance.text().clone());
    let before = &recorded.before;
    let suspended = before.suspended.unwrap_or_default();
    let subject = match recorded.kind.as_wire() {
        "job" => Subject::Job { job: Arc::new(job(recorded)), incident: None },
        "external task" => Subject::ExternalTask { task: Arc::new(external_task(recorded)), incident: None },
        "process instance" => Subject::Instance(Arc::new(ProcessInstance {
            id: id.clone().into(),
            definition: "".into(),
            business_key: None,
            suspended,
            tenant: None,
            case: None,
        })),
        "job definition" => Subject::JobDefinition(Arc::new(JobDefinition {
            id: id.clone().into(),
            process_definition: None,
            process_key: None,
            job_type: "".into(),
            configuration: None,
            activity: None,
            suspended,
            overriding_priority: before.priority,
            tenant: None,
            deployment: None,
        })),
        "process definition" => Subject::ProcessDefinition(Arc::new(ProcessDefinition {
            id: id.clone().into(),
            key: "".into(),
            name: None,
            version: 0,
            version_tag: None,
            deployment: None,
            suspended,
            tenant: None,
            category: None,
        })),
        "incident" => Subject::Incident(KnownIncident::of(incident(recorded))),
        "timer" => Subject::Timed(TimedSuspension {
            job: id.clone().into(),
            at: before.due.unwrap_or_default(),
            suspend: false,
            job_definition: None,
            process_definition: None,
            user: None,
        }),
        _ => {
            let instance: crate::model::ids::ProcessInstanceId = instance.unwrap_or_else(|| "".into()).into();
            Subject::Variable { home: VariableHome::Instance(instance.clone()), instance, process: None, name: id.clone(), before: None, masked: true }
        }
    };
    let business_key = recorded.business_key.as_ref().map(|key| key.text().clone());
    Target { subject, label: recorded.label.to_string(), business_key, version: None }
}

fn incident(recorded: &journal::Target) -> Incident {
    Incident {
        id: recorded.id.text().clone().into(),
        kind: "".into(),
        process_definition: None,
        process_instance: recorded.instance.as_ref().map(|instance| instance.text().clone().into()),
        execution: None,
        activity: None,
        failed_activity: None,
        cause: None,
        root_cause: None,
        configuration: None,
        message: None,
        tenant: None,
        job_definition: None,
        annotation: recorded.before.note.as_ref().map(|note| note.text().clone()),
        created: Timestamp::UNIX_EPOCH,
    }
}

fn job(recorded: &journal::Target) -> Job {
    let before = &recorded.before;
    Job {
        id: recorded.id.text().clone().into(),
        job_definition: None,
        process_instance: recorded.instance.as_ref().map(|instance| instance.text().clone().into()),
        process_definition: None,
        process_key: None,
        execution: None,
        exception_message: None,
        failed_activity: None,
        retries: before.retries.unwrap_or(1),
        due: before.due,
        suspended: before.suspended.unwrap_or_default(),
        priority: before.priority.unwrap_or_default(),
        tenant: None,
        created: None,
        unreadable: Default::default(),
    }
}

fn external_task(recorded: &journal::Target) -> ExternalTask {
    ExternalTask {
        id: recorded.id.text().clone().into(),
        activity: None,
        error_message: None,
        execution: None,
        lock_expires: None,
        process_definition: None,
        process_key: None,
        process_instance: recorded.instance.as_ref().map(|instance| instance.text().clone().into()),
        retries: recorded.before.retries,
        suspended: recorded.before.suspended.unwrap_or_default(),
        worker: None,
        topic: "".into(),
        tenant: None,
        priority: recorded.before.priority.unwrap_or_default(),
        business_key: None,
        unreadable: Default::default(),
    }
}

/// A request as it was recorded, as the change it was.
pub(in crate::action) fn change(request: &journal::Request, targets: &[Target]) -> Option<Change> {
    let path: Vec<EngineText> = request.path.as_wire().split('?').next()?.trim_start_matches('/').split('/').map(decoded).collect();
    let path = match path.iter().position(|part| part.as_wire() == "engine") {
        Some(0) => &path[2.min(path.len())..],
        _ => &path[..],
    };
    let body: Value = request.body.as_ref().and_then(|body| serde_json::from_str(body.as_wire()).ok()).unwrap_or_default();
    let flag = |name: &str| body[name].as_bool().unwrap_or_default();
    let retries = || u32::try_from(body["retries"].as_u64().unwrap_or(1)).unwrap_or(1);
    let time = |name: &str| body[name].as_str().and_then(|text| jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()?.to_timestamp().ok());
    let words: Vec<&str> = path.iter().map(EngineText::as_wire).collect();
    Some(match (request.method.as_wire(), &words[..]) {
        ("PUT", ["job", id, "retries"]) => Change::JobRetries { job: (*id).into(), retries: retries(), due: Due::Keep },
        ("POST", ["job", "retries"]) => Change::JobRetriesBatch {
            jobs: request.targets.iter().filter_map(|at| targets.get(usize::try_from(*at).ok()?)).map(|target| target.id().into()).collect(),
            retries: retries(),
            due: Due::Keep,
        },
        ("PUT", ["job", id, "duedate"]) => Change::JobDueDate { job: (*id).into(), due: time("duedate") },
        ("PUT", ["job", id, "priority"]) => Change::JobPriority { job: (*id).into(), priority: body["priority"].as_i64()? },
        ("PUT", ["job", id, "suspended"]) => Change::JobSuspension { job: (*id).into(), suspended: flag("suspended") },
        ("DELETE", ["job", id]) => Change::DeleteJob { job: (*id).into() },
        ("PUT", ["external-task", id, "retries"]) => Change::ExternalTaskRetries { task: (*id).into(), retries: retries() },
        ("POST", ["external-task", id, "unlock"]) => Change::UnlockExternalTask { task: (*id).into() },
        ("PUT", ["job-definition", id, "suspended"]) => {
            Change::JobDefinitionSuspension { definition: (*id).into(), suspended: flag("suspended"), jobs_too: flag("includeJobs"), at: time("executionDate") }
        }
        ("PUT", ["job-definition", id, "jobPriority"]) => {
            Change::JobDefinitionPriority { definition: (*id).into(), priority: body["priority"].as_i64(), jobs_too: flag("includeJobs") }
        }
        ("PUT", ["process-definition", id, "suspended"]) => Change::ProcessDefinitionSuspension {
            definition: (*id).into(),
            suspended: flag("suspended"),
            instances_too: flag("includeProcessInstances"),
            at: time("executionDate"),
        },
        ("PUT", ["process-instance", id, "suspended"]) => Change::InstanceSuspension { instance: (*id).into(), suspended: flag("suspended") },
        ("DELETE", ["process-instance", id]) => Change::DeleteInstance { instance: (*id).into(), skip_listeners: false },
        ("POST", ["process-instance", "delete"]) => Change::DeleteInstances {
            // Its targets are also those that end with them.
            instances: body["processInstanceIds"].as_array().into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect(),
            reason: body["deleteReason"].as_str().map(str::to_owned),
            skip_listeners: false,
        },
        ("PUT", ["process-instance", id, "variables", name]) => {
            Change::SetVariable { home: VariableHome::Instance((*id).into()), name: (*name).into(), value: hidden() }
        }
        ("PUT", ["execution", id, "localVariables", name]) => {
            Change::SetVariable { home: VariableHome::Execution((*id).into()), name: (*name).into(), value: hidden() }
        }
        ("PUT", ["incident", id, "annotation"]) => Change::IncidentAnnotation { incident: (*id).into(), text: body["annotation"].as_str().map(str::to_owned) },
        ("DELETE", ["incident", id, "annotation"]) => Change::IncidentAnnotation { incident: (*id).into(), text: None },
        _ => return None,
    })
}

/// No value was recorded, so none is recognised.
fn hidden() -> NewValue {
    NewValue { kind: "".into(), value: Value::Array(Vec::new()), info: None }
}

/// A part of a path as it was before it was encoded.
fn decoded(part: &str) -> EngineText {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = (*first == b'%').then(|| tail.get(..2)).flatten().and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    EngineText::from(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::example;
    use crate::action::perform::record;
    use crate::action::plan::Step;
    use crate::engine::{Client, ClientOptions};

    #[test]
    fn every_request_of_the_journal_is_understood_as_the_change_it_was() {
        let base = "http://h/engine-rest".parse().expect("an address");
        let client = Client::new(ClientOptions { engine_name: Some("other".into()), ..ClientOptions::new(base) }).expect("a client");
        let due: Timestamp = "2026-01-02T03:04:05Z".parse().expect("a moment");
        let targets = [example::job(0), example::job(1)];
        for known in [
            Change::JobRetries { job: "a/b c".into(), retries: 3, due: Due::Keep },
            Change::JobRetriesBatch { jobs: vec![targets[0].id().into(), targets[1].id().into()], retries: 2, due: Due::Keep },
            Change::JobDueDate { job: "j".into(), due: Some(due) },
            Change::JobDueDate { job: "j".into(), due: None },
            Change::JobPriority { job: "j".into(), priority: -3 },
            Change::JobSuspension { job: "j".into(), suspended: true },
            Change::DeleteJob { job: "j".into() },
            Change::ExternalTaskRetries { task: "e".into(), retries: 1 },
            Change::UnlockExternalTask { task: "e".into() },
            Change::JobDefinitionSuspension { definition: "d".into(), suspended: true, jobs_too: true, at: Some(due) },
            Change::JobDefinitionPriority { definition: "d".into(), priority: Some(7), jobs_too: false },
            Change::ProcessDefinitionSuspension { definition: "p:1:d".into(), suspended: false, instances_too: true, at: None },
            Change::InstanceSuspension { instance: "i".into(), suspended: true },
            Change::DeleteInstance { instance: "i".into(), skip_listeners: false },
            Change::DeleteInstances { instances: vec![targets[0].id().into(), targets[1].id().into()], reason: None, skip_listeners: false },
            Change::DeleteInstances {
                instances: vec![targets[0].id().into(), targets[1].id().into()],
                reason: Some("twice ü (bpmtop 7)".into()),
                skip_listeners: false,
            },
            Change::IncidentAnnotation { incident: "i".into(), text: Some("ü".into()) },
            Change::IncidentAnnotation { incident: "i".into(), text: None },
        ] {
            let step = Step { change: known.clone(), targets: vec![0, 1] };
            assert_eq!(change(&record::request(&step, &client), &targets), Some(known));
        }
    }
}
