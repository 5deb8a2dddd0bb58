//! Rows of the past: what happened to a job or an external task, who did what, and when something was deployed.

use super::{Date, Pool, Text};
use crate::model::history::{ExternalTaskLogEntry, JobEvent, JobLogEntry, UserOperation};
use crate::model::since::Deployed;

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an entry of the job log", bound(deserialize = "'de: 'a"))]
pub(in crate::engine) struct JobLogRow<'a> {
    id: Text<'a>,
    job_id: Text<'a>,
    timestamp: Date,
    job_retries: Option<i64>,
    job_due_date: Option<Date>,
    job_exception_message: Option<Text<'a>>,
    failed_activity_id: Option<Text<'a>>,
    hostname: Option<Text<'a>>,
    process_instance_id: Option<Text<'a>>,
    execution_id: Option<Text<'a>>,
    activity_id: Option<Text<'a>>,
    job_definition_id: Option<Text<'a>>,
    job_definition_type: Option<Text<'a>>,
    failure_log: Option<bool>,
    success_log: Option<bool>,
    deletion_log: Option<bool>,
}

impl JobLogRow<'_> {
    pub(in crate::engine) fn into_entry(self, pool: &mut Pool) -> JobLogEntry {
        JobLogEntry {
            id: pool.share(&self.id),
            job: pool.share(&self.job_id).into(),
            at: self.timestamp.0,
            event: event(self.failure_log, self.success_log, self.deletion_log),
            retries: self.job_retries.unwrap_or(0),
            due: self.job_due_date.map(|date| date.0),
            exception_message: pool.id(&self.job_exception_message),
            failed_activity: pool.id(&self.failed_activity_id),
            hostname: pool.id(&self.hostname),
            instance: pool.id(&self.process_instance_id),
            execution: pool.id(&self.execution_id),
            activity: pool.id(&self.activity_id),
            job_definition: pool.id(&self.job_definition_id),
            job_kind: pool.id(&self.job_definition_type),
        }
    }
}

fn event(failure: Option<bool>, success: Option<bool>, deletion: Option<bool>) -> JobEvent {
    match (failure, success, deletion) {
        (Some(true), ..) => JobEvent::Failed,
        (_, Some(true), _) => JobEvent::Succeeded,
        (.., Some(true)) => JobEvent::Deleted,
        _ => JobEvent::Created,
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an entry of the log of external tasks", bound(deserialize = "'de: 'a"))]
pub(in crate::engine) struct ExternalTaskLogRow<'a> {
    id: Text<'a>,
    external_task_id: Text<'a>,
    timestamp: Date,
    topic_name: Option<Text<'a>>,
    worker_id: Option<Text<'a>>,
    retries: Option<i64>,
    error_message: Option<Text<'a>>,
    activity_id: Option<Text<'a>>,
    process_instance_id: Option<Text<'a>>,
    failure_log: Option<bool>,
    success_log: Option<bool>,
    deletion_log: Option<bool>,
}

impl ExternalTaskLogRow<'_> {
    pub(in crate::engine) fn into_entry(self, pool: &mut Pool) -> ExternalTaskLogEntry {
        ExternalTaskLogEntry {
            id: pool.share(&self.id),
            task: pool.share(&self.external_task_id).into(),
            at: self.timestamp.0,
            event: event(self.failure_log, self.success_log, self.deletion_log),
            retries: self.retries,
            error_message: pool.id(&self.error_message),
            topic: pool.id(&self.topic_name),
            worker: pool.id(&self.worker_id),
            instance: pool.id(&self.process_instance_id),
            activity: pool.id(&self.activity_id),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an operation of a user", bound(deserialize = "'de: 'a"))]
pub(in crate::engine) struct UserOperationRow<'a> {
    id: Text<'a>,
    operation_id: Option<Text<'a>>,
    operation_type: Text<'a>,
    user_id: Option<Text<'a>>,
    timestamp: Date,
    process_instance_id: Option<Text<'a>>,
    process_definition_id: Option<Text<'a>>,
    batch_id: Option<Text<'a>>,
    job_id: Option<Text<'a>>,
    job_definition_id: Option<Text<'a>>,
    external_task_id: Option<Text<'a>>,
    task_id: Option<Text<'a>>,
    entity_type: Option<Text<'a>>,
    property: Option<Text<'a>>,
    org_value: Option<Text<'a>>,
    new_value: Option<Text<'a>>,
    annotation: Option<Text<'a>>,
}

impl UserOperationRow<'_> {
    pub(in crate::engine) fn into_operation(self, pool: &mut Pool) -> UserOperation {
        // What a variable was or became may be a secret.
        let kept = self.entity_type.as_ref().is_none_or(|entity| !entity.0.eq_ignore_ascii_case("Variable"));
        UserOperation {
            id: pool.share(&self.id),
            operation: pool.id(&self.operation_id),
            kind: pool.share(&self.operation_type),
            user: pool.id(&self.user_id),
            at: self.timestamp.0,
            instance: pool.id(&self.process_instance_id),
            process_definition: pool.id(&self.process_definition_id),
            batch: pool.id(&self.batch_id),
            job: pool.id(&self.job_id),
            job_definition: pool.id(&self.job_definition_id),
            external_task: pool.id(&self.external_task_id),
            task: pool.id(&self.task_id),
            entity: pool.id(&self.entity_type),
            property: pool.id(&self.property),
            original: if kept { pool.id(&self.org_value) } else { None },
            new: if kept { pool.id(&self.new_value) } else { None },
            annotation: pool.id(&self.annotation),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a deployment", bound(deserialize = "'de: 'a"))]
pub(in crate::engine) struct DeploymentRow<'a> {
    name: Option<Text<'a>>,
    deployment_time: Date,
}

impl DeploymentRow<'_> {
    pub(in crate::engine) fn into_deployed(self, pool: &mut Pool) -> Deployed {
        Deployed { name: pool.id(&self.name), at: self.deployment_time.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(entity: &str) -> UserOperation {
        let json = format!(
            r#"{{"id":"o","operationType":"X","timestamp":"2025-01-01T00:00:00.000+0000","entityType":"{entity}","property":"p","orgValue":"old","newValue":"new",
                "jobDefinitionId":"jd","externalTaskId":"e","taskId":"t"}}"#
        );
        serde_json::from_str::<UserOperationRow<'_>>(&json).expect("an operation").into_operation(&mut Pool::default())
    }

    #[test]
    fn an_operation_tells_what_changed_but_never_what_a_variable_was_or_became() {
        let job = operation("Job");
        assert_eq!((job.property, job.original, job.new), (Some("p".into()), Some("old".into()), Some("new".into())));
        assert_eq!((job.job_definition, job.external_task, job.task), (Some("jd".into()), Some("e".into()), Some("t".into())));
        let variable = operation("Variable");
        assert_eq!((variable.property, variable.original, variable.new), (Some("p".into()), None, None));
    }

    #[test]
    fn an_entry_of_the_job_log_names_its_instance_its_activity_and_its_kind() {
        let json = r#"{"id":"l","jobId":"j","timestamp":"2025-01-01T00:00:00.000+0000","processInstanceId":"p","activityId":"a",
            "jobDefinitionType":"async-continuation","failureLog":true}"#;
        let entry = serde_json::from_str::<JobLogRow<'_>>(json).expect("an entry").into_entry(&mut Pool::default());
        assert_eq!((entry.instance, entry.activity), (Some("p".into()), Some("a".into())));
        assert_eq!((entry.job_kind, entry.event), (Some("async-continuation".into()), JobEvent::Failed));
        let batch = r#"{"id":"l","jobId":"j","timestamp":"2025-01-01T00:00:00.000+0000","processInstanceId":null}"#;
        assert_eq!(serde_json::from_str::<JobLogRow<'_>>(batch).expect("an entry").into_entry(&mut Pool::default()).instance, None);
    }
}
