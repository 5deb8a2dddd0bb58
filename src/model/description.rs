//! Everything an operator gets to see about one incident, as far as it could be read.

use super::definition::ProcessInstance;
use super::earlier::Past;
use super::external_task::ExternalTask;
use super::ids::IncidentId;
use super::incident::{Custom, Incident};
use super::job::Job;
use super::section::{Moment, Problem};
use crate::text::EngineText;

/// What failed: the thing behind an incident's configuration.
#[derive(Clone, Debug, PartialEq)]
pub enum FailedWork {
    /// A job; `None` if it does not exist any more.
    Job(Option<Job>),
    /// An external task; `None` if it does not exist any more.
    ExternalTask(Option<ExternalTask>),
    /// No failing work made it: a custom incident.
    Custom(Custom),
    /// The incident names neither: a blocked parent.
    Unnamed,
}

/// The answers to a describe.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// The incident described.
    pub incident: IncidentId,
    /// When it was read.
    pub read: Moment,
    /// The incident as it is now; inner `None` if it is not open any more.
    pub now: Result<Option<Incident>, Problem>,
    /// The instance; inner `None` if it has ended; none if the incident has no instance.
    pub instance: Option<Result<Option<ProcessInstance>, Problem>>,
    /// The job or external task.
    pub work: Result<FailedWork, Problem>,
    /// Stack trace or error details; inner `None` if there are none.
    pub trace: Result<Option<EngineText>, Problem>,
    /// What happened to the same work before; none if the incident names no work.
    pub past: Option<Past>,
}
