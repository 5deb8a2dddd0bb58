//! Where an incident failed, for scripts: ids, and names as far as they can be told.

use crate::model::grouping::Names as _;
use crate::model::incident::Incident;
use crate::model::snapshot::KnownNames;

/// The activity that failed and the process it belongs to.
#[derive(Debug, Default)]
pub(super) struct FailedPart {
    /// Its id as the engine tells it; none for external tasks, and for what only waits for another failure.
    pub(super) activity: Option<String>,
    /// Its name, where it is certain which process has it.
    pub(super) name: Option<String>,
    /// Key of that process: the incident's own, or that of a process it called.
    pub(super) process_key: Option<String>,
    /// Name of that process.
    pub(super) process_name: Option<String>,
}

impl FailedPart {
    /// Of one incident.
    pub(super) fn of(incident: &Incident, names: &KnownNames<'_>) -> Self {
        let Some(failed) = incident.failed_activity.as_ref().filter(|_| incident.is_root()) else { return Self::default() };
        let found = incident.process_definition.as_ref().map(|own| match incident.failed_elsewhere() {
            Some(failed) => names.whereabouts(own, failed).certain(own).cloned(),
            None => Some(own.clone()),
        });
        let holder = found.flatten();
        let text = |text: crate::text::EngineText| text.as_wire().to_owned();
        Self {
            activity: Some(failed.as_wire().to_owned()),
            name: holder.as_ref().and_then(|holder| names.activity_name(holder, failed)).map(text),
            process_key: holder.as_ref().map(|holder| names.process_key(holder).as_wire().to_owned()),
            process_name: holder.as_ref().and_then(|holder| names.process_name(holder)).map(text),
        }
    }
}
