//! What the engine remembers of one process instance, running or ended: its life, its activities, the changes of its variables.

use jiff::Timestamp;

use crate::model::ids::{ActivityId, CaseInstanceId, ProcessDefinitionId, ProcessInstanceId, ProcessKey, TenantId};
use crate::text::EngineText;

/// What became of a process instance (`state`, since 7.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InstanceState {
    /// It runs.
    Active,
    /// It runs, but is suspended.
    Suspended,
    /// It came to its end.
    Completed,
    /// Cancelled from outside the process, itself or the instance that called it.
    ExternallyTerminated,
    /// The processes ended it between themselves, as where a boundary event interrupts the call of it.
    InternallyTerminated,
    /// The engine gives none, or one this program does not know. It says nothing about whether the instance is over.
    Unknown,
}

impl InstanceState {
    /// Reads the engine's word for it.
    pub fn from_wire(word: &str) -> Self {
        match word {
            "ACTIVE" => Self::Active,
            "SUSPENDED" => Self::Suspended,
            "COMPLETED" => Self::Completed,
            "EXTERNALLY_TERMINATED" => Self::ExternallyTerminated,
            "INTERNALLY_TERMINATED" => Self::InternallyTerminated,
            _ => Self::Unknown,
        }
    }

    /// Whether the state says that the instance has ended. An unknown state does not.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::ExternallyTerminated | Self::InternallyTerminated)
    }

    /// The state in words for an operator.
    pub fn words(self) -> &'static str {
        match self {
            Self::Active => "running",
            Self::Suspended => "SUSPENDED",
            Self::Completed => "completed",
            Self::ExternallyTerminated => "cancelled from outside",
            Self::InternallyTerminated => "ended by its caller or the process",
            Self::Unknown => "in an unknown state",
        }
    }
}

/// One process instance, running or ended (`GET /history/process-instance`).
#[derive(Clone, Debug, PartialEq)]
pub struct HistoricInstance {
    /// Its id.
    pub id: ProcessInstanceId,
    /// The version of the process it runs or ran last; a migration changes it.
    pub definition: ProcessDefinitionId,
    /// Key of that process.
    pub process_key: Option<ProcessKey>,
    /// Name of that process, where it has one.
    pub process_name: Option<EngineText>,
    /// Number of that version.
    pub version: Option<i64>,
    /// What the business calls it.
    pub business_key: Option<EngineText>,
    /// When it started, by the engine node's clock.
    pub started: Timestamp,
    /// When it ended, by the engine node's clock; none while it runs.
    pub ended: Option<Timestamp>,
    /// What became of it.
    pub state: InstanceState,
    /// The instance that called it (`superProcessInstanceId`).
    pub caller: Option<ProcessInstanceId>,
    /// The case that called it (`superCaseInstanceId`).
    pub calling_case: Option<CaseInstanceId>,
    /// Topmost instance of the chain of calls; its own id where nothing called it.
    pub root: Option<ProcessInstanceId>,
    /// Its tenant.
    pub tenant: Option<TenantId>,
    /// Why it was cancelled, as far as anybody said.
    pub delete_reason: Option<EngineText>,
    /// Who started it, where that was a user who was logged in.
    pub start_user: Option<EngineText>,
}

impl HistoricInstance {
    /// Whether it has ended: its time of end tells it whatever the state is called.
    pub fn is_over(&self) -> bool {
        self.ended.is_some() || self.state.is_over()
    }
}

/// One visit to one activity (`GET /history/activity-instance`).
#[derive(Clone, Debug, PartialEq)]
pub struct HistoricActivity {
    /// Id of the visit.
    pub id: EngineText,
    /// The activity in the diagram.
    pub activity: ActivityId,
    /// Its name in the diagram.
    pub name: Option<EngineText>,
    /// Its type, such as `callActivity` or `userTask`.
    pub kind: EngineText,
    /// The instance that visited it.
    pub instance: ProcessInstanceId,
    /// The instance a call activity called (`calledProcessInstanceId`).
    pub called: Option<ProcessInstanceId>,
    /// The case a call activity called (`calledCaseInstanceId`).
    pub called_case: Option<CaseInstanceId>,
    /// Id of the task of a user task.
    pub task: Option<EngineText>,
    /// Who had or has that task.
    pub assignee: Option<EngineText>,
    /// When it was entered, by the engine node's clock.
    pub started: Timestamp,
    /// When it was left, by the engine node's clock; none while it waits there.
    pub ended: Option<Timestamp>,
    /// Whether it was left by a cancellation: of the instance, or by a boundary event.
    pub canceled: bool,
}

/// One change of one variable (`GET /history/detail`, history level full), without its value.
///
/// A value may be a secret and of any length. It is dropped while the answer is parsed: nothing above the engine layer ever holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableUpdate {
    /// Id of the change.
    pub id: EngineText,
    /// When, by the engine node's clock.
    pub at: Timestamp,
    /// Name of the variable.
    pub name: EngineText,
    /// Type of the value, such as `String` or `Object`.
    pub kind: Option<EngineText>,
    /// How many changes it had before: 0 for the first value.
    pub revision: i64,
    /// Whether it came with the start of the instance over the API. What a call activity passes on is not told apart from later changes.
    pub initial: bool,
    /// The user's operation it was part of, as [`super::UserOperation::operation`] names it; none where no user did it.
    pub operation: Option<EngineText>,
    /// Characters of the value where it came as text, serialised objects included; none for everything else.
    pub size: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_for_a_state_that_is_not_known_claims_nothing() {
        for (word, state, over) in [
            ("ACTIVE", InstanceState::Active, false),
            ("SUSPENDED", InstanceState::Suspended, false),
            ("COMPLETED", InstanceState::Completed, true),
            ("EXTERNALLY_TERMINATED", InstanceState::ExternallyTerminated, true),
            ("INTERNALLY_TERMINATED", InstanceState::InternallyTerminated, true),
            ("HIBERNATING", InstanceState::Unknown, false),
            ("", InstanceState::Unknown, false),
        ] {
            assert_eq!((InstanceState::from_wire(word), state.is_over()), (state, over), "{word}");
        }
    }

    #[test]
    fn an_instance_with_a_time_of_end_is_over_whatever_its_state_is_called() {
        let moment: Timestamp = "2025-01-01T00:00:00Z".parse().expect("a moment");
        let instance = |ended, state| HistoricInstance {
            id: "p".into(),
            definition: "d".into(),
            process_key: None,
            process_name: None,
            version: None,
            business_key: None,
            started: moment,
            ended,
            state,
            caller: None,
            calling_case: None,
            root: None,
            tenant: None,
            delete_reason: None,
            start_user: None,
        };
        assert!(instance(Some(moment), InstanceState::Unknown).is_over());
        assert!(instance(None, InstanceState::Completed).is_over());
        assert!(!instance(None, InstanceState::Unknown).is_over());
    }
}
