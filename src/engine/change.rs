//! Changes of the engine as values: each is exactly one request, can be shown before it is sent, and is sent once at most.
//!
//! What a change means for the operator, which ones go together and how their outcome is told belongs to the actions, not here.
//! The request of each is in `change/request.rs`, the sending in `change/send.rs`.

mod request;
mod send;
mod value;

use std::time::Duration;

use jiff::Timestamp;

use super::catalogue::RequestName;
use super::error::EngineError;
use crate::model::ids::{BatchId, ExecutionId, ExternalTaskId, IncidentId, JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId};
use crate::text::EngineText;

/// When a job that gets attempts again is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// As before; after a retry cycle that may lie in the future.
    Keep,
    /// At once.
    Now,
    /// Not before this moment.
    At(Timestamp),
}

/// Where a variable lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableHome {
    /// The process instance.
    Instance(ProcessInstanceId),
    /// One execution, locally.
    Execution(ExecutionId),
}

/// A value to write, in the engine's own form. Its `Debug` tells the type only: values may be secret.
#[derive(Clone, PartialEq)]
pub struct NewValue {
    /// The engine's type, such as `String` or `Long`.
    pub kind: EngineText,
    /// The value as JSON; null where there is none.
    pub value: serde_json::Value,
    /// `valueInfo`, which an object needs.
    pub info: Option<serde_json::Value>,
}

impl std::fmt::Debug for NewValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewValue").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// One change of the engine.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Gives a job attempts (`PUT /job/{id}/retries`). Its incident is resolved at once, whatever becomes of the job.
    JobRetries {
        /// Which job.
        job: JobId,
        /// Attempts it has then.
        retries: u32,
        /// When it is due (since 7.19; `Keep` everywhere).
        due: Due,
    },
    /// Gives many jobs attempts in a batch of the engine (`POST /job/retries`).
    JobRetriesBatch {
        /// Which jobs, by id alone.
        jobs: Vec<JobId>,
        /// Attempts they have then.
        retries: u32,
        /// When they are due (since 7.19).
        due: Due,
    },
    /// Moves the due date of a job (`PUT /job/{id}/duedate`); none makes it due at once.
    JobDueDate {
        /// Which job.
        job: JobId,
        /// Not before this moment.
        due: Option<Timestamp>,
    },
    /// Changes the priority of a job (`PUT /job/{id}/priority`).
    JobPriority {
        /// Which job.
        job: JobId,
        /// The higher, the earlier.
        priority: i64,
    },
    /// Suspends or resumes one job (`PUT /job/{id}/suspended`).
    JobSuspension {
        /// Which job.
        job: JobId,
        /// Whether it is suspended then.
        suspended: bool,
    },
    /// Deletes a job (`DELETE /job/{id}`). For the timer of a timed suspension only: an instance would wait for ever for its own.
    DeleteJob {
        /// Which job.
        job: JobId,
    },
    /// Gives an external task attempts (`PUT /external-task/{id}/retries`).
    ExternalTaskRetries {
        /// Which task.
        task: ExternalTaskId,
        /// Attempts it has then.
        retries: u32,
    },
    /// Takes an external task back from its worker (`POST /external-task/{id}/unlock`).
    UnlockExternalTask {
        /// Which task.
        task: ExternalTaskId,
    },
    /// Suspends or resumes a job definition (`PUT /job-definition/{id}/suspended`).
    JobDefinitionSuspension {
        /// Which one.
        definition: JobDefinitionId,
        /// Whether it is suspended then.
        suspended: bool,
        /// Its existing jobs too, or only those born from then on.
        jobs_too: bool,
        /// Not now but then, by a timer job of the engine.
        at: Option<Timestamp>,
    },
    /// Overrides the priority of a job definition's jobs, or no more (`PUT /job-definition/{id}/jobPriority`).
    JobDefinitionPriority {
        /// Which one.
        definition: JobDefinitionId,
        /// The priority of new jobs; none takes that of the diagram again.
        priority: Option<i64>,
        /// Its existing jobs too. They follow even where this is false (7.18, 7.24, Operaton 1.0), and it is refused where there is no priority.
        jobs_too: bool,
    },
    /// Suspends or resumes a process definition with its job definitions (`PUT /process-definition/{id}/suspended`). No instance of a suspended one can be started.
    ProcessDefinitionSuspension {
        /// Which version.
        definition: ProcessDefinitionId,
        /// Whether it is suspended then.
        suspended: bool,
        /// Its running instances too.
        instances_too: bool,
        /// Not now but then, by a timer job of the engine.
        at: Option<Timestamp>,
    },
    /// Suspends or resumes a process instance with all of its jobs (`PUT /process-instance/{id}/suspended`).
    InstanceSuspension {
        /// Which instance.
        instance: ProcessInstanceId,
        /// Whether it is suspended then.
        suspended: bool,
    },
    /// Cancels a process instance and all it called (`DELETE /process-instance/{id}`). No reason can be given.
    DeleteInstance {
        /// Which instance.
        instance: ProcessInstanceId,
        /// Leaves out the listeners of the diagram.
        skip_listeners: bool,
    },
    /// Cancels process instances in a batch of the engine, with a reason (`POST /process-instance/delete`).
    DeleteInstances {
        /// Which instances, by id alone.
        instances: Vec<ProcessInstanceId>,
        /// Written into the history of each.
        reason: Option<String>,
        /// Leaves out the listeners of the diagram.
        skip_listeners: bool,
    },
    /// Writes a variable (`PUT /process-instance/{id}/variables/{name}` or `PUT /execution/{id}/localVariables/{name}`).
    SetVariable {
        /// Where it lives.
        home: VariableHome,
        /// Its name.
        name: EngineText,
        /// What it becomes.
        value: NewValue,
    },
    /// Writes the note of an incident, or clears it (`PUT` and `DELETE /incident/{id}/annotation`).
    IncidentAnnotation {
        /// Which incident.
        incident: IncidentId,
        /// The note; none clears it.
        text: Option<String>,
    },
    /// Writes a reason into the engine's own log of operations (`PUT /history/user-operation/{operationId}/set-annotation`).
    OperationAnnotation {
        /// Which operation.
        operation: EngineText,
        /// The reason.
        text: String,
    },
}

/// What is known right after a change was sent.
#[derive(Clone, Debug)]
pub enum Sent {
    /// The engine says that it did it; for a batch, that it took it.
    Accepted {
        /// The batch that was made, where one was.
        batch: Option<BatchId>,
    },
    /// The engine itself says that it did not.
    Rejected(EngineError),
    /// Nothing went out.
    NotSent(EngineError),
    /// It went out, and nothing certain came back. Only reading can tell what became of it.
    Unknown(EngineError),
}

/// A change that was sent, once.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// What is known of it.
    pub sent: Sent,
    /// From sending to the last byte.
    pub elapsed: Duration,
    /// The clock of whatever answered, up to [`DATE_LAG`](super::DATE_LAG) behind.
    pub engine_time: Option<Timestamp>,
}

/// A request as it would go out, without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownRequest {
    /// The row of the catalogue.
    pub name: RequestName,
    /// `PUT`, `POST` or `DELETE`.
    pub method: &'static str,
    /// The whole address.
    pub url: String,
    /// The JSON body, if there is one.
    pub body: Option<String>,
}
