//! How processes and activities are called on screens and in reports: by name where the diagram gives one, else by key or id. The only
//! place that knows what the engine appends to ids of its own.

use super::grouping::Names;
use super::ids::{ActivityId, ProcessDefinitionId};
use crate::text::EngineText;

/// What the engine appends to the id of a multi-instance activity, for the scope around its iterations: the only id of a running process
/// that its diagram does not have.
const BODY_SUFFIX: &str = "#multiInstanceBody";

/// The same in words, behind the name.
const BODY_WORDS: &str = "(multi-instance body)";

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
    name.map_or_else(|| activity_id(activity), |name| name.to_string())
}

/// An activity whose name came along with it, if it has one; else as [`activity`] has it.
pub fn named_activity(names: &dyn Names, definition: Option<&ProcessDefinitionId>, id: &ActivityId, name: Option<&EngineText>) -> String {
    name.map_or_else(|| activity(names, definition, id), |name| of_body(id, name).to_string())
}

/// An activity by its id alone: `sendLetters (multi-instance body)`.
pub fn activity_id(activity: &ActivityId) -> String {
    of_body(activity, &EngineText::from(diagram_activity(activity.as_wire()))).to_string()
}

/// Name of an activity of a diagram, told from the iterations within it where the id is that of the scope around them.
pub fn of_body(activity: &ActivityId, name: &EngineText) -> EngineText {
    let is_body = activity.as_wire().ends_with(BODY_SUFFIX);
    if is_body && !name.as_wire().ends_with(BODY_WORDS) { EngineText::from(format!("{} {BODY_WORDS}", name.as_wire())) } else { name.clone() }
}

/// Activity id as the diagram has it.
pub fn diagram_activity(activity: &str) -> &str {
    activity.strip_suffix(BODY_SUFFIX).unwrap_or(activity)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::*;
    use crate::model::snapshot::KnownNames;

    #[test]
    fn the_scope_around_iterations_is_told_in_words_by_name_and_by_id() {
        let definition = ProcessDefinitionId::from("mailing:1:x");
        let activities = HashMap::from([(definition.clone(), Arc::new(HashMap::from([(ActivityId::from("sendLetters"), EngineText::from("Send letters"))])))]);
        let names = KnownNames { definitions: None, activities: &activities };
        let named = |id: &str| activity(&names, Some(&definition), &id.into());
        assert_eq!(named("sendLetters#multiInstanceBody"), "Send letters (multi-instance body)");
        assert_eq!(named("sendLetters"), "Send letters");
        assert_eq!(named("other#multiInstanceBody"), "other (multi-instance body)");
        let along = named_activity(&names, Some(&definition), &"sendLetters#multiInstanceBody".into(), Some(&"Letters".into()));
        assert_eq!(along, "Letters (multi-instance body)");
    }
}
