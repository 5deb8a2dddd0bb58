//! How processes and activities are called on screens and in reports: by name where the diagram gives one, else by key or id. The only
//! place that knows what the engine appends to ids of its own.

use super::engine_job::{self, BatchProgress, WorkKey};
use super::grouping::{Group, KnownIncident, Names};
use super::ids::{ActivityId, ProcessDefinitionId};
use super::job::JobDefinition;
use super::snapshot::Snapshot;
use crate::text::EngineText;

/// What the engine appends to the id of a multi-instance activity, for the scope around its iterations: the only id of a running process
/// that its diagram does not have.
const BODY_SUFFIX: &str = "#multiInstanceBody";

/// The same in words, behind the name.
const BODY_WORDS: &str = "(multi-instance body)";

/// A process by its name, else by its key. Where processes of other keys have the same name, the key comes first: what is cut off on a
/// narrow screen is then the part that tells nothing.
pub fn process(names: &dyn Names, definition: &ProcessDefinitionId) -> String {
    let key = || names.process_key(definition);
    match names.process_name(definition) {
        Some(name) if names.shares_name(definition) && name != *key().text() => format!("{} ({name})", key()),
        Some(name) => name.to_string(),
        None => key().to_string(),
    }
}

/// A name as somebody reads it: case and blanks tell nobody one process from another.
pub fn as_read(name: &EngineText) -> String {
    name.to_string().split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The version of a definition as ` v2`; empty where it is not known.
pub fn version(names: &dyn Names, definition: &ProcessDefinitionId) -> String {
    names.version(definition).map_or_else(String::new, |version| format!(" v{version}"))
}

/// An activity by its name, else by its id; by both, the id first, where other activities of the process have the same name.
pub fn activity(names: &dyn Names, definition: Option<&ProcessDefinitionId>, activity: &ActivityId) -> String {
    let name = definition.and_then(|definition| names.activity_name(definition, activity));
    match name {
        Some(name) if definition.is_some_and(|definition| names.activity_shares_name(definition, activity)) => format!("{} ({name})", activity_id(activity)),
        Some(name) => name.to_string(),
        None => activity_id(activity),
    }
}

/// What the engine's own work is called where a process is expected.
pub const ENGINE: &str = "(engine)";

/// Where a group of incidents stands, as an operator knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The process; of the engine's own work, [`ENGINE`].
    pub process: String,
    /// The activity; of the engine's own work, which work it is.
    pub activity: String,
    /// How far the engine's own work has come, where that is known.
    pub progress: Option<String>,
}

impl Place {
    fn of_work(known: &engine_job::Known<'_>) -> Self {
        let progress = known.progress.map(BatchProgress::words).filter(|words| !words.is_empty());
        Self { process: ENGINE.to_owned(), activity: known.job.words(), progress }
    }

    /// What an action is about: process and activity in one line.
    pub fn about(&self) -> String {
        match self.activity.as_str() {
            "-" => self.process.clone(),
            activity if self.process == ENGINE => activity.to_owned(),
            activity => format!("{} \u{b7} {activity}", self.process),
        }
    }

    /// The activity, and how far the engine's own work has come.
    pub fn what(&self) -> String {
        match &self.progress {
            Some(progress) => format!("{}: {progress}", self.activity),
            None => self.activity.clone(),
        }
    }
}

/// The place of a group.
pub fn of_group(group: &Group, snapshot: &Snapshot) -> Place {
    let names = snapshot.names();
    if let Some(work) = &group.key.work {
        return Place::of_work(&engine_job::known(work, snapshot));
    }
    let process = match (&group.definition, &group.key.process) {
        (Some(definition), _) => process(&names, definition),
        (None, Some(key)) => key.to_string(),
        (None, None) => ENGINE.to_owned(),
    };
    let activity = group.key.activity.as_ref().map_or_else(|| "-".to_owned(), |id| activity(&names, group.definition.as_ref(), id));
    Place { process, activity, progress: None }
}

/// The place of an incident.
pub fn of_incident(known: &KnownIncident, snapshot: &Snapshot) -> Place {
    let (incident, names) = (&known.incident, snapshot.names());
    if let Some(work) = WorkKey::of(incident) {
        return Place::of_work(&engine_job::known(&work, snapshot));
    }
    Place {
        process: incident.process_definition.as_ref().map_or_else(|| ENGINE.to_owned(), |id| process(&names, id)),
        activity: incident.activity.as_ref().map_or_else(|| "-".to_owned(), |id| activity(&names, incident.process_definition.as_ref(), id)),
        progress: None,
    }
}

/// The place of a job definition.
pub fn of_job_definition(row: &JobDefinition, snapshot: &Snapshot) -> Place {
    let names = snapshot.names();
    let Some(definition) = &row.process_definition else {
        let rows = snapshot.job_definitions.get().map(Vec::as_slice).unwrap_or_default();
        return Place::of_work(&engine_job::of_row(row, rows, snapshot));
    };
    let process = match (names.process_name(definition), &row.process_key) {
        (None, Some(key)) => key.to_string(),
        _ => process(&names, definition),
    };
    Place { process, activity: row.activity.as_ref().map_or_else(|| "-".to_owned(), |id| activity(&names, Some(definition), id)), progress: None }
}

/// An activity whose name came along with it, if it has one; else as [`activity`] has it.
pub fn named_activity(names: &dyn Names, definition: Option<&ProcessDefinitionId>, id: &ActivityId, name: Option<&EngineText>) -> String {
    name.map_or_else(|| activity(names, definition, id), |name| of_body(id, name).to_string())
}

/// An activity that failed elsewhere than where the work stands: by name, with its process where that is another one. By its id alone
/// where it cannot be told which process has it.
pub fn failed_at(names: &dyn Names, definition: Option<&ProcessDefinitionId>, failed: &ActivityId) -> String {
    let Some(own) = definition else { return activity_id(failed) };
    let found = names.whereabouts(own, failed);
    match found.certain(own) {
        Some(holder) if names.process_key(holder) == names.process_key(own) => activity(names, Some(holder), failed),
        Some(holder) => format!("{} in {}", activity(names, Some(holder), failed), process(names, holder)),
        None => activity_id(failed),
    }
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
        let activities =
            HashMap::from([(definition.clone(), Arc::new([(ActivityId::from("sendLetters"), EngineText::from("Send letters"))].into_iter().collect()))]);
        let names = KnownNames { definitions: None, activities: &activities };
        let named = |id: &str| activity(&names, Some(&definition), &id.into());
        assert_eq!(named("sendLetters#multiInstanceBody"), "Send letters (multi-instance body)");
        assert_eq!(named("sendLetters"), "Send letters");
        assert_eq!(named("other#multiInstanceBody"), "other (multi-instance body)");
        let along = named_activity(&names, Some(&definition), &"sendLetters#multiInstanceBody".into(), Some(&"Letters".into()));
        assert_eq!(along, "Letters (multi-instance body)");
    }

    #[test]
    fn where_names_repeat_the_key_comes_first_whatever_case_and_blanks() {
        let row = |key: &str, name: Option<&str>| crate::model::definition::ProcessDefinition {
            id: format!("{key}:1:x").as_str().into(),
            key: key.into(),
            name: name.map(Into::into),
            version: 1,
            version_tag: None,
            deployment: None,
            suspended: false,
            tenant: None,
            category: None,
        };
        let rows = [
            row("ORDERintake", Some("Same name")),
            row("orderIntake", Some("same  Name")),
            row("payment", Some("Payment")),
            row("refund", Some("bare")),
            row("bare", None),
        ];
        let definitions = crate::model::snapshot::Definitions::whole(rows.into_iter().map(|row| (row.id.clone(), row)).collect());
        let names = |pairs: &[(&str, &str)]| {
            Arc::new(pairs.iter().map(|(id, name)| (ActivityId::from(*id), EngineText::from(*name))).collect::<crate::model::diagram::Diagram>())
        };
        let activities = HashMap::from([("payment:1:x".into(), names(&[("a1", "Check"), ("a2", "check "), ("b", "Book")]))]);
        let known = KnownNames { definitions: Some(&definitions), activities: &activities };
        let told = |key: &str| process(&known, &format!("{key}:1:x").as_str().into());
        assert_eq!(told("ORDERintake"), "ORDERintake (Same name)");
        assert_eq!(told("orderIntake"), "orderIntake (same  Name)");
        assert_eq!(told("payment"), "Payment", "its key in another case is its own");
        assert_eq!((told("refund").as_str(), told("bare").as_str()), ("refund (bare)", "bare"), "a name may be another's key");
        let payment = "payment:1:x".into();
        let place = |id: &str| activity(&known, Some(&payment), &id.into());
        assert_eq!((place("a1").as_str(), place("b").as_str()), ("a1 (Check)", "Book"));
    }
}
