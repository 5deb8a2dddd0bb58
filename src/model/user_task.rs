//! User tasks: work that waits for a person.

use jiff::Timestamp;

use super::ids::{ActivityId, ExecutionId, ProcessDefinitionId, ProcessInstanceId, UserTaskId};
use super::unreadable::Unreadable;
use crate::text::EngineText;

/// One open user task (`GET /task`).
#[derive(Clone, Debug, PartialEq)]
pub struct UserTask {
    /// Its id.
    pub id: UserTaskId,
    /// Its name; a diagram need not give one.
    pub name: Option<EngineText>,
    /// Activity it stands at (`taskDefinitionKey`); none for a task nobody modelled.
    pub activity: Option<ActivityId>,
    /// Instance it belongs to; none for a task of its own or of a case.
    pub process_instance: Option<ProcessInstanceId>,
    /// Definition it belongs to.
    pub process_definition: Option<ProcessDefinitionId>,
    /// Who works on it.
    pub assignee: Option<EngineText>,
    /// Who answers for it.
    pub owner: Option<EngineText>,
    /// When it was created.
    pub created: Timestamp,
    /// When it should be done.
    pub due: Option<Timestamp>,
    /// When it should be looked at again.
    pub follow_up: Option<Timestamp>,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Its priority; 50 unless somebody chose another.
    pub priority: i64,
    /// Execution it belongs to.
    pub execution: Option<ExecutionId>,
    /// What of it could not be read.
    pub unreadable: Unreadable,
}
