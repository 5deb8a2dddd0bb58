//! Ids and keys of the engine as types of their own, so that one can never be passed for another.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::EngineText;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(EngineText);

        impl $name {
            /// Wraps an id as the engine gave it.
            pub fn new(raw: impl Into<EngineText>) -> Self {
                Self(raw.into())
            }

            /// The exact id, for requests back to the engine and for comparisons; never for a terminal.
            pub fn as_wire(&self) -> &str {
                self.0.as_wire()
            }

            /// The id as engine text.
            pub fn text(&self) -> &EngineText {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(raw: &str) -> Self {
                Self(EngineText::from(raw))
            }
        }

        impl From<EngineText> for $name {
            fn from(text: EngineText) -> Self {
                Self(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )*};
}

ids! {
    /// Id of an open incident.
    IncidentId,
    /// Id of a job.
    JobId,
    /// Id of an external task.
    ExternalTaskId,
    /// Id of a user task.
    UserTaskId,
    /// Id of a process instance.
    ProcessInstanceId,
    /// Id of an execution within a process instance.
    ExecutionId,
    /// Id of one version of a process definition.
    ProcessDefinitionId,
    /// Key shared by all versions of a process definition.
    ProcessKey,
    /// Id of a job definition: one asynchronous place in one process definition version.
    JobDefinitionId,
    /// Id of an activity in a diagram.
    ActivityId,
    /// Id of a tenant.
    TenantId,
    /// Id of a deployment.
    DeploymentId,
    /// Id of a case instance (CMMN).
    CaseInstanceId,
    /// Id of a batch: many changes of one kind that the engine makes by jobs of its own.
    BatchId,
}
