//! Incidents as the engine reports them.

use jiff::Timestamp;

use super::ids::{ActivityId, ExecutionId, IncidentId, JobDefinitionId, ProcessDefinitionId, ProcessInstanceId, TenantId};
use crate::text::EngineText;

/// One open incident (`GET /incident`).
///
/// A failure below a call activity makes one incident per ancestor: the root cause, and a *blocked parent* on each calling instance.
/// Blocked parents carry no configuration, message or job definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Its own id.
    pub id: IncidentId,
    /// `failedJob`, `failedExternalTask` or a custom type.
    pub kind: EngineText,
    /// Definition of the instance it stands on; none for batches and standalone jobs.
    pub process_definition: Option<ProcessDefinitionId>,
    /// Instance it stands on; none for batches and standalone jobs.
    pub process_instance: Option<ProcessInstanceId>,
    /// Execution it stands on.
    pub execution: Option<ExecutionId>,
    /// Activity at which it is reported; for a blocked parent the call activity.
    pub activity: Option<ActivityId>,
    /// Activity that failed, where the engine knows it.
    pub failed_activity: Option<ActivityId>,
    /// Incident one level below; its own id for a root.
    pub cause: Option<IncidentId>,
    /// The deepest incident; its own id for a root.
    pub root_cause: Option<IncidentId>,
    /// Job id of a failedJob, external task id of a failedExternalTask.
    pub configuration: Option<EngineText>,
    /// Message fixed at creation, at most 666 characters for jobs.
    pub message: Option<EngineText>,
    /// Tenant of the instance.
    pub tenant: Option<TenantId>,
    /// Job definition of the failed job.
    pub job_definition: Option<JobDefinitionId>,
    /// Note left by an operator.
    pub annotation: Option<EngineText>,
    /// When this incident was created, by the engine node's clock. A retry makes a new incident.
    pub created: Timestamp,
}

/// What an incident is that no failing work made, but a program or a person (`POST execution/{id}/create-incident`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Custom {
    /// Of a type of its own: it can be resolved.
    OwnType,
    /// It calls itself a failed job or a failed external task, and none stands behind it: the engine refuses to resolve it.
    NoWork,
}

impl Custom {
    /// What a plan says of it.
    pub fn why_not_retried(self) -> &'static str {
        match self {
            Self::OwnType => "a custom incident: nothing failed that could be retried; whoever is in charge of it resolves it with DELETE /incident/{id}",
            Self::NoWork => {
                "a custom incident: no job or external task stands behind it, so nothing can be retried, and the engine refuses to resolve it; \
                 it ends with the activity it stands at"
            }
        }
    }
}

/// The types of incidents that the engine itself makes of failing work.
const OF_WORK: [&str; 2] = ["failedJob", "failedExternalTask"];

impl Incident {
    /// Whether no failing work made it, as far as it tells by itself: one that calls itself a failed job and names some job may be custom too.
    pub fn custom(&self) -> Option<Custom> {
        match (OF_WORK.contains(&self.kind.as_wire()), &self.configuration) {
            _ if !self.is_root() => None,
            (false, _) => Some(Custom::OwnType),
            (true, None) => Some(Custom::NoWork),
            (true, Some(_)) => None,
        }
    }

    /// The cause behind this incident: its own id for a root.
    pub fn root(&self) -> &IncidentId {
        self.root_cause.as_ref().unwrap_or(&self.id)
    }

    /// The activity that failed, if it is another than the one at which the work stands and from which a retry goes on.
    pub fn failed_elsewhere(&self) -> Option<&ActivityId> {
        self.failed_activity.as_ref().filter(|failed| self.is_root() && self.activity.as_ref() != Some(failed))
    }

    /// Whether this incident is a cause of its own rather than a blocked parent.
    pub fn is_root(&self) -> bool {
        self.root_cause.as_ref().is_none_or(|root| *root == self.id)
    }
}
