//! What the engine remembers: ended incidents, what happened to a job, who did what; and whether it remembers at all.
//!
//! What it remembers of a process instance itself is in `history/instance.rs`.

mod instance;

use jiff::Timestamp;

pub use self::instance::{HistoricActivity, HistoricInstance, InstanceState, VariableUpdate};
use super::ids::{ActivityId, BatchId, ExecutionId, ExternalTaskId, JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId, ProcessKey};
use super::incident::Incident;
use crate::text::EngineText;

/// What became of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentState {
    /// Still open.
    Open,
    /// Ended because its cause went away: a retry was set or the work succeeded.
    Resolved,
    /// Ended because its instance or job was removed.
    Deleted,
}

/// One incident, open or ended (`GET /history/incident`).
#[derive(Clone, Debug, PartialEq)]
pub struct HistoricIncident {
    /// The incident as it is or was.
    pub incident: Incident,
    /// What became of it.
    pub state: IncidentState,
    /// When it ended, by the engine node's clock.
    pub ended: Option<Timestamp>,
    /// Key of its process definition.
    pub process_key: Option<ProcessKey>,
    /// Topmost instance of the chain of calls.
    pub root_process_instance: Option<ProcessInstanceId>,
}

/// What one entry of the log of jobs reports, or of that of external tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobEvent {
    /// The job was created.
    Created,
    /// An attempt failed.
    Failed,
    /// It succeeded.
    Succeeded,
    /// It was removed without having run.
    Deleted,
}

/// One entry of the job log (`GET /history/job-log`).
#[derive(Clone, Debug, PartialEq)]
pub struct JobLogEntry {
    /// Its id, for reading its stack trace.
    pub id: EngineText,
    /// The job.
    pub job: JobId,
    /// When, by the engine node's clock.
    pub at: Timestamp,
    /// What happened.
    pub event: JobEvent,
    /// Attempts left before it: the engine counts them down after it has written the entry (7.18, 7.24).
    pub retries: i64,
    /// When it was due then.
    pub due: Option<Timestamp>,
    /// Message of a failure.
    pub exception_message: Option<EngineText>,
    /// Activity that failed.
    pub failed_activity: Option<ActivityId>,
    /// Node that ran it.
    pub hostname: Option<EngineText>,
    /// Instance it belonged to; none for jobs of batches and of the engine itself.
    pub instance: Option<ProcessInstanceId>,
    /// Execution it belonged to.
    pub execution: Option<ExecutionId>,
    /// Activity it stood at.
    pub activity: Option<ActivityId>,
    /// Where in the diagram it came from; none for the timer of a timed suspension, which does not tell whom it suspends.
    pub job_definition: Option<JobDefinitionId>,
    /// What kind of job it was, such as `async-continuation` or `timer-intermediate-transition` (`jobDefinitionType`).
    pub job_kind: Option<EngineText>,
}

/// One entry of the log of external tasks (`GET /history/external-task-log`).
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalTaskLogEntry {
    /// Its id.
    pub id: EngineText,
    /// The task.
    pub task: ExternalTaskId,
    /// When, by the engine node's clock.
    pub at: Timestamp,
    /// What happened.
    pub event: JobEvent,
    /// Attempts left before it; none as long as no worker counted any.
    pub retries: Option<i64>,
    /// Message of a failure.
    pub error_message: Option<EngineText>,
    /// Its topic.
    pub topic: Option<EngineText>,
    /// Worker that held it.
    pub worker: Option<EngineText>,
    /// Instance it belonged to.
    pub instance: Option<ProcessInstanceId>,
    /// Activity it stood at.
    pub activity: Option<ActivityId>,
}

/// One change of one property by a user (`GET /history/user-operation`).
#[derive(Clone, Debug, PartialEq)]
pub struct UserOperation {
    /// Id of the row.
    pub id: EngineText,
    /// Shared by all rows of one operation.
    pub operation: Option<EngineText>,
    /// What was done, such as `SetJobRetries`.
    pub kind: EngineText,
    /// By whom.
    pub user: Option<EngineText>,
    /// When, by the engine node's clock.
    pub at: Timestamp,
    /// In which process instance, where it was in one.
    pub instance: Option<ProcessInstanceId>,
    /// In which version of a process, where it was in one.
    pub process_definition: Option<ProcessDefinitionId>,
    /// To which batch, where it was one. The operation that makes a batch does not name it.
    pub batch: Option<BatchId>,
    /// To which job, where it was one.
    pub job: Option<JobId>,
    /// To which job definition, where it was one.
    pub job_definition: Option<JobDefinitionId>,
    /// To which external task, where it was one.
    pub external_task: Option<ExternalTaskId>,
    /// To which user task, where it was one.
    pub task: Option<EngineText>,
    /// To what sort of thing, such as `Job`, `ProcessInstance` or `Variable`.
    pub entity: Option<EngineText>,
    /// Which property of it changed, such as `retries`; none where the operation as a whole is the change.
    pub property: Option<EngineText>,
    /// What the property was before. Never kept for a variable: it could be a secret.
    pub original: Option<EngineText>,
    /// What the property became. Never kept for a variable: it could be a secret.
    pub new: Option<EngineText>,
    /// What was noted with it.
    pub annotation: Option<EngineText>,
}

/// How much the engine remembers of what this login may see. No REST field tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HistoryLevel {
    /// There was nothing to tell it by.
    #[default]
    Unknown,
    /// Incidents, job logs and operations of users are kept and can be read.
    Full,
    /// The engine keeps less.
    BelowFull,
    /// It may be kept, but this login may not read it.
    Hidden,
}

impl HistoryLevel {
    /// Tells the level by the incidents that are open, those of them the history knows, and whether the login may read the history
    /// of all processes (none if that is not known).
    pub fn infer(open: u64, known: u64, may_read: Option<bool>) -> Self {
        match (known, may_read) {
            (1.., _) => Self::Full,
            (0, Some(false)) => Self::Hidden,
            (0, Some(true)) if open > 0 => Self::BelowFull,
            _ => Self::Unknown,
        }
    }

    /// What an empty list of incidents of the past means because of it, in words for an operator; none where it means that there were none.
    pub fn hides_incidents(self) -> Option<&'static str> {
        match self {
            Self::Unknown | Self::Full => None,
            Self::BelowFull => Some("not known: history level below full"),
            Self::Hidden => self.hides_instances(),
        }
    }

    /// The same of instances that are over: a level below full keeps them.
    pub fn hides_instances(self) -> Option<&'static str> {
        match self {
            Self::Unknown | Self::Full | Self::BelowFull => None,
            Self::Hidden => Some("not known: history hidden, READ_HISTORY missing"),
        }
    }

    /// What is missing because of it, in words for an operator; none where nothing is missing or nothing is known.
    pub fn warning(self) -> Option<&'static str> {
        match self {
            Self::Unknown | Self::Full => None,
            Self::BelowFull => Some("history level below full: trends, earlier incidents and who retried what stay hidden"),
            Self::Hidden => Some("history hidden: READ_HISTORY missing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_incidents_that_the_history_does_not_know_tell_the_level_only_to_a_login_that_may_read_it() {
        assert_eq!(HistoryLevel::infer(6, 0, Some(true)), HistoryLevel::BelowFull);
        assert_eq!(HistoryLevel::infer(6, 0, Some(false)), HistoryLevel::Hidden);
        assert_eq!(HistoryLevel::infer(6, 0, None), HistoryLevel::Unknown);
        assert_eq!(HistoryLevel::infer(0, 0, Some(true)), HistoryLevel::Unknown);
    }

    #[test]
    fn one_incident_the_history_knows_proves_it_is_full() {
        assert_eq!(HistoryLevel::infer(6, 1, Some(true)), HistoryLevel::Full);
        assert_eq!(HistoryLevel::infer(0, 1, Some(false)), HistoryLevel::Full);
        assert_eq!(HistoryLevel::Full.warning(), None);
    }
}
