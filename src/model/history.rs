//! What the engine remembers: ended incidents and what happened to a job. Needs history level full.

use jiff::Timestamp;

use super::ids::{ActivityId, JobId, ProcessInstanceId, ProcessKey};
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

/// What one entry of the job log reports.
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
    /// Attempts left after it.
    pub retries: i64,
    /// Message of a failure.
    pub exception_message: Option<EngineText>,
    /// Activity that failed.
    pub failed_activity: Option<ActivityId>,
    /// Node that ran it.
    pub hostname: Option<EngineText>,
}
