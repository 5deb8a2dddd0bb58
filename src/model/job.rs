//! Jobs and job definitions.

use jiff::Timestamp;

use super::ids::{ActivityId, DeploymentId, ExecutionId, JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId, ProcessKey, TenantId};
use super::unreadable::Unreadable;
use crate::text::EngineText;

/// One job (`GET /job`, `POST /job`).
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Where in the diagram it comes from; none for engine-internal jobs.
    pub job_definition: Option<JobDefinitionId>,
    /// Instance it belongs to.
    pub process_instance: Option<ProcessInstanceId>,
    /// Definition it belongs to.
    pub process_definition: Option<ProcessDefinitionId>,
    /// Key of that definition.
    pub process_key: Option<ProcessKey>,
    /// Execution it belongs to.
    pub execution: Option<ExecutionId>,
    /// Message of its latest failure.
    pub exception_message: Option<EngineText>,
    /// Activity that failed last.
    pub failed_activity: Option<ActivityId>,
    /// Attempts left; 0 means an incident.
    pub retries: i64,
    /// When it may run; none means at once.
    pub due: Option<Timestamp>,
    /// Whether the job itself is suspended.
    pub suspended: bool,
    /// Its priority.
    pub priority: i64,
    /// Its tenant.
    pub tenant: Option<TenantId>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// What of it could not be read.
    pub unreadable: Unreadable,
}

/// One job definition: an asynchronous place in one version of a process (`GET /job-definition`).
#[derive(Clone, Debug, PartialEq)]
pub struct JobDefinition {
    /// Its id.
    pub id: JobDefinitionId,
    /// Definition it belongs to; none for batch job definitions.
    pub process_definition: Option<ProcessDefinitionId>,
    /// Key of that definition.
    pub process_key: Option<ProcessKey>,
    /// `async-continuation`, `timer-transition`, `timer-intermediate-transition`, …
    pub job_type: EngineText,
    /// `async-before`, `async-after`, or the timer expression.
    pub configuration: Option<EngineText>,
    /// Activity it stands at.
    pub activity: Option<ActivityId>,
    /// Whether new jobs are created suspended.
    pub suspended: bool,
    /// Priority that overrides the diagram's.
    pub overriding_priority: Option<i64>,
    /// Its tenant.
    pub tenant: Option<TenantId>,
    /// Deployment it came with.
    pub deployment: Option<DeploymentId>,
}
