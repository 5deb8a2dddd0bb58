//! External tasks: work that remote workers fetch.

use jiff::Timestamp;

use super::ids::{ActivityId, ExecutionId, ExternalTaskId, ProcessDefinitionId, ProcessInstanceId, ProcessKey, TenantId};
use crate::text::EngineText;

/// One external task (`GET /external-task`).
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalTask {
    /// Its id.
    pub id: ExternalTaskId,
    /// Activity it stands at.
    pub activity: Option<ActivityId>,
    /// Message of its latest failure.
    pub error_message: Option<EngineText>,
    /// Execution it belongs to.
    pub execution: Option<ExecutionId>,
    /// When the worker's lock ends, or when a failed task may be fetched again.
    pub lock_expires: Option<Timestamp>,
    /// Definition it belongs to.
    pub process_definition: Option<ProcessDefinitionId>,
    /// Key of that definition.
    pub process_key: Option<ProcessKey>,
    /// Instance it belongs to.
    pub process_instance: Option<ProcessInstanceId>,
    /// Attempts left; none until a worker reports a failure.
    pub retries: Option<i64>,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Worker that holds it or held it last.
    pub worker: Option<EngineText>,
    /// Topic workers subscribe to.
    pub topic: EngineText,
    /// Its tenant.
    pub tenant: Option<TenantId>,
    /// Its priority.
    pub priority: i64,
    /// Business key of its instance.
    pub business_key: Option<EngineText>,
}
