//! One target of an action, frozen when the plan was made: its id, how it was then, and how an operator knows it.

use std::sync::Arc;

use crate::engine::{NewValue, VariableHome};
use crate::model::definition::{ProcessDefinition, ProcessInstance};
use crate::model::external_task::ExternalTask;
use crate::model::grouping::KnownIncident;
use crate::model::ids::{ProcessDefinitionId, ProcessInstanceId, ProcessKey};
use crate::model::job::{Job, JobDefinition};
pub use crate::model::suspension::TimedSuspension;
use crate::model::unreadable::Unreadable;
use crate::text::EngineText;

/// One target.
#[derive(Clone, Debug)]
pub struct Target {
    /// What it is, as it was read for the plan.
    pub subject: Subject,
    /// How an operator knows it, such as `fraud-check v3 · Score customer`. Safe to show.
    pub label: String,
    /// Business key of its instance, or of the nearest caller that has one.
    pub business_key: Option<EngineText>,
    /// Version of its process.
    pub version: Option<i64>,
}

/// What a target is.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A job.
    Job {
        /// As it was.
        job: Arc<Job>,
        /// The incident it left, if one is open.
        incident: Option<Arc<KnownIncident>>,
    },
    /// An external task.
    ExternalTask {
        /// As it was.
        task: Arc<ExternalTask>,
        /// The incident it left, if one is open.
        incident: Option<Arc<KnownIncident>>,
    },
    /// A process instance.
    Instance(Arc<ProcessInstance>),
    /// A job definition.
    JobDefinition(Arc<JobDefinition>),
    /// A version of a process.
    ProcessDefinition(Arc<ProcessDefinition>),
    /// An incident, of which only the note changes.
    Incident(Arc<KnownIncident>),
    /// A variable.
    Variable {
        /// Of which instance.
        instance: ProcessInstanceId,
        /// Of which process, where that is known.
        process: Option<ProcessKey>,
        /// Where it lives.
        home: VariableHome,
        /// Its name.
        name: EngineText,
        /// What it was; none where the engine does not send it.
        before: Option<NewValue>,
        /// Whether its name says that it may be secret.
        masked: bool,
    },
    /// A timer that suspends or resumes something later.
    Timed(TimedSuspension),
}

impl Target {
    /// What of it could not be read, for what may have such values.
    pub fn unreadable(&self) -> Option<&Unreadable> {
        match &self.subject {
            Subject::Job { job, .. } => Some(&job.unreadable),
            Subject::ExternalTask { task, .. } => Some(&task.unreadable),
            _ => None,
        }
    }

    /// Its id, as the journal and exports write it.
    pub fn id(&self) -> &str {
        match &self.subject {
            Subject::Job { job, .. } => job.id.as_wire(),
            Subject::ExternalTask { task, .. } => task.id.as_wire(),
            Subject::Instance(instance) => instance.id.as_wire(),
            Subject::JobDefinition(definition) => definition.id.as_wire(),
            Subject::ProcessDefinition(definition) => definition.id.as_wire(),
            Subject::Incident(known) => known.incident.id.as_wire(),
            Subject::Variable { name, .. } => name.as_wire(),
            Subject::Timed(timed) => timed.job.as_wire(),
        }
    }

    /// What kind of thing it is, in one or two words.
    pub fn kind(&self) -> &'static str {
        match &self.subject {
            Subject::Job { .. } => "job",
            Subject::ExternalTask { .. } => "external task",
            Subject::Instance(_) => "process instance",
            Subject::JobDefinition(_) => "job definition",
            Subject::ProcessDefinition(_) => "process definition",
            Subject::Incident(_) => "incident",
            Subject::Variable { .. } => "variable",
            Subject::Timed(_) => "timer",
        }
    }

    /// The process instance it belongs to or is.
    pub fn instance(&self) -> Option<&ProcessInstanceId> {
        match &self.subject {
            Subject::Job { job, .. } => job.process_instance.as_ref(),
            Subject::ExternalTask { task, .. } => task.process_instance.as_ref(),
            Subject::Instance(instance) => Some(&instance.id),
            Subject::Incident(known) => known.incident.process_instance.as_ref(),
            Subject::Variable { instance, .. } => Some(instance),
            Subject::JobDefinition(_) | Subject::ProcessDefinition(_) | Subject::Timed(_) => None,
        }
    }

    /// The process definition it belongs to or is.
    pub fn process_definition(&self) -> Option<&ProcessDefinitionId> {
        match &self.subject {
            Subject::Job { job, .. } => job.process_definition.as_ref(),
            Subject::ExternalTask { task, .. } => task.process_definition.as_ref(),
            Subject::Instance(instance) => Some(&instance.definition),
            Subject::JobDefinition(definition) => definition.process_definition.as_ref(),
            Subject::ProcessDefinition(definition) => Some(&definition.id),
            Subject::Incident(known) => known.incident.process_definition.as_ref(),
            Subject::Timed(timed) => timed.process_definition.as_ref(),
            Subject::Variable { .. } => None,
        }
    }
}
