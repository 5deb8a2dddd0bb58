//! What of a row the engine sent could not be read. The row stays, and says so where the value would stand; no plan is made of it.

use std::sync::Arc;

use crate::text::EngineText;

/// A value that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableValue {
    /// Its name in the answer, such as `dueDate`.
    pub field: EngineText,
    /// How it begins.
    pub raw: EngineText,
}

/// The values of a row that could not be read; mostly none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unreadable(Option<Arc<[UnreadableValue]>>);

impl Unreadable {
    /// These values.
    pub fn of(values: Vec<UnreadableValue>) -> Self {
        Self((!values.is_empty()).then(|| values.into()))
    }

    /// Whether all of the row was read.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The values.
    pub fn values(&self) -> &[UnreadableValue] {
        self.0.as_deref().unwrap_or_default()
    }

    /// What stands in the place of a field that could not be read; none if it was.
    pub fn words(&self, field: &str) -> Option<String> {
        self.values().iter().find(|value| value.field.as_wire() == field).map(|value| format!("unreadable: {}", value.raw))
    }

    /// Why nothing is planned with the row.
    pub fn obstacle(&self) -> Option<String> {
        let first = self.values().first()?;
        Some(format!("its {} cannot be read: {}", first.field, first.raw))
    }
}

/// A row that may keep what of it could not be read. What does not is counted with the answer only.
pub trait KeepsUnreadable {
    /// Keeps it.
    fn keep(&mut self, unreadable: Unreadable) {
        let _ = unreadable;
    }
}

impl KeepsUnreadable for super::job::Job {
    fn keep(&mut self, unreadable: Unreadable) {
        self.unreadable = unreadable;
    }
}

impl KeepsUnreadable for super::external_task::ExternalTask {
    fn keep(&mut self, unreadable: Unreadable) {
        self.unreadable = unreadable;
    }
}

impl KeepsUnreadable for super::user_task::UserTask {
    fn keep(&mut self, unreadable: Unreadable) {
        self.unreadable = unreadable;
    }
}

impl KeepsUnreadable for super::variable::Variable {
    /// What it says may be a secret, and is dropped.
    fn keep(&mut self, unreadable: Unreadable) {
        if let Some(first) = unreadable.values().first() {
            self.problem = Some(format!("its {} cannot be read", first.field).as_str().into());
        }
    }
}

macro_rules! counted_only {
    ($($row:ty),* $(,)?) => {
        $(impl KeepsUnreadable for $row {})*
    };
}

counted_only!(
    super::activity_instance::ActivityInstance,
    super::batch::Batch,
    super::batch::HistoricBatch,
    super::definition::ProcessDefinition,
    super::definition::ProcessInstance,
    super::history::ExternalTaskLogEntry,
    super::history::HistoricActivity,
    super::history::HistoricIncident,
    super::history::HistoricInstance,
    super::history::JobLogEntry,
    super::history::UserOperation,
    super::history::VariableUpdate,
    super::incident::Incident,
    super::job::JobDefinition,
    super::since::Deployed,
    super::statistics::ProcessStatistics,
    (super::ids::DeploymentId, super::deployment::Deployment),
);
