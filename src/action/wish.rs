//! What the operator asks for: a verb and the rows it was asked on, captured at the moment of the key. Nothing is read yet.

use std::sync::Arc;

use jiff::Timestamp;

use super::verb::Verb;
use crate::engine::NewValue;
use crate::model::grouping::KnownIncident;
use crate::model::ids::{ExternalTaskId, IncidentId, JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId};
use crate::model::variable::Variable;

/// Something the operator asks for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What it was asked on, in words: "Score customer of fraud-check", "3 marked incidents", "job definitions like SAP".
    pub about: String,
    /// What is asked.
    pub what: Asked,
}

/// What is asked, of what.
#[derive(Clone, Debug)]
pub enum Asked {
    /// Retry what failed at these root incidents.
    Retry(Vec<Arc<KnownIncident>>),
    /// Retry these jobs and external tasks.
    RetryItems {
        /// Jobs.
        jobs: Vec<JobId>,
        /// External tasks.
        tasks: Vec<ExternalTaskId>,
    },
    /// Retry the root causes below this instance, wherever they are in its tree.
    RetryBelow(ProcessInstanceId),
    /// Cancel these instances, or those above them.
    Cancel(Vec<ProcessInstanceId>),
    /// Suspend or resume these job definitions.
    JobDefinitions {
        /// Which.
        definitions: Vec<JobDefinitionId>,
        /// Suspend rather than resume.
        suspend: bool,
    },
    /// Suspend every active job definition of what is shown.
    Freeze(Vec<JobDefinitionId>),
    /// Resume what the freeze of this name suspended; none takes the latest one of this engine.
    Thaw(Option<String>),
    /// Suspend or resume these instances.
    Instances {
        /// Which.
        instances: Vec<ProcessInstanceId>,
        /// Suspend rather than resume.
        suspend: bool,
    },
    /// Suspend or resume these versions of processes.
    Processes {
        /// Which.
        definitions: Vec<ProcessDefinitionId>,
        /// Suspend rather than resume.
        suspend: bool,
    },
    /// Write a variable.
    SetVariable {
        /// Of which instance.
        instance: ProcessInstanceId,
        /// The variable as it was shown.
        variable: Arc<Variable>,
        /// What it becomes, checked against its type.
        value: NewValue,
    },
    /// Write a note on an incident; none clears it.
    Annotate {
        /// Which.
        incident: IncidentId,
        /// The note.
        text: Option<String>,
    },
    /// Take an external task back from its worker.
    Unlock(ExternalTaskId),
    /// Move the due date of a job; none makes it due now.
    MoveDueDate {
        /// Which.
        job: JobId,
        /// Until when.
        due: Option<Timestamp>,
    },
    /// Change the priority of a job.
    SetJobPriority {
        /// Which.
        job: JobId,
        /// The higher, the earlier.
        priority: i64,
    },
    /// Change the priority of the jobs of a job definition; none takes that of the diagram again.
    SetDefinitionPriority {
        /// Which.
        definition: JobDefinitionId,
        /// The higher, the earlier.
        priority: Option<i64>,
    },
    /// Call off suspensions or resumptions that are to happen later, by their timers.
    CallOffTimed(Vec<JobId>),
    /// Take an action of the journal back, as far as that is possible.
    Undo(String),
    /// Put back what this action of the journal was to keep asleep and left otherwise.
    PutBack(String),
}

impl Asked {
    /// The verb; taking back has that of what it does, which only the journal tells.
    pub fn verb(&self) -> Option<Verb> {
        Some(match self {
            Self::Retry(_) | Self::RetryItems { .. } | Self::RetryBelow(_) => Verb::Retry,
            Self::Cancel(_) => Verb::Cancel,
            Self::JobDefinitions { suspend: true, .. } => Verb::SuspendJobDefinitions,
            Self::JobDefinitions { suspend: false, .. } => Verb::ResumeJobDefinitions,
            Self::Freeze(_) => Verb::Freeze,
            Self::Thaw(_) => Verb::Thaw,
            Self::Instances { suspend: true, .. } => Verb::SuspendInstances,
            Self::Instances { suspend: false, .. } => Verb::ResumeInstances,
            Self::Processes { suspend: true, .. } => Verb::SuspendProcesses,
            Self::Processes { suspend: false, .. } => Verb::ResumeProcesses,
            Self::SetVariable { .. } => Verb::SetVariable,
            Self::Annotate { .. } => Verb::Annotate,
            Self::Unlock(_) => Verb::Unlock,
            Self::MoveDueDate { .. } => Verb::MoveDueDate,
            Self::SetJobPriority { .. } => Verb::SetJobPriority,
            Self::SetDefinitionPriority { .. } => Verb::SetDefinitionPriority,
            Self::CallOffTimed(_) => Verb::CallOffTimed,
            Self::PutBack(_) => Verb::PutBack,
            Self::Undo(_) => return None,
        })
    }
}
