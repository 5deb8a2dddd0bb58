//! How processes and activities are called on screens and in reports: by name where the diagram gives one, else by key or id.

use super::grouping::{Names, diagram_activity};
use super::ids::{ActivityId, ProcessDefinitionId};

/// A process by its name, else by its key.
pub fn process(names: &dyn Names, definition: &ProcessDefinitionId) -> String {
    names.process_name(definition).map_or_else(|| names.process_key(definition).to_string(), |name| name.to_string())
}

/// The version of a definition as ` v2`; empty where it is not known.
pub fn version(names: &dyn Names, definition: &ProcessDefinitionId) -> String {
    names.version(definition).map_or_else(String::new, |version| format!(" v{version}"))
}

/// An activity by its name, else by its id.
pub fn activity(names: &dyn Names, definition: Option<&ProcessDefinitionId>, activity: &ActivityId) -> String {
    let name = definition.and_then(|definition| names.activity_name(definition, activity));
    name.map_or_else(|| ActivityId::from(diagram_activity(activity.as_wire())).to_string(), |name| name.to_string())
}
