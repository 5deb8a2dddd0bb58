//! What became of the work behind an incident that is not open any more. A retry ends the incident the moment attempts are given; when the same
//! work fails again, the engine makes a new incident with another id. Who looks at the work wants to go over to that one.

use std::sync::Arc;

use super::grouping::KnownIncident;
use super::incident::Incident;
use super::snapshot::IncidentSet;

/// What of the same work, or after it, is open now.
#[derive(Clone, Debug, PartialEq)]
pub enum Succession {
    /// The same job or external task failed again, or a blocked parent waits again at the same place.
    FailedAgain(Arc<KnownIncident>),
    /// The work went through; what comes after it in the same place of the instance failed.
    MovedOn(Arc<KnownIncident>),
}

impl Succession {
    /// The incident that is open now.
    pub fn incident(&self) -> &Arc<KnownIncident> {
        match self {
            Self::FailedAgain(known) | Self::MovedOn(known) => known,
        }
    }
}

/// Whether two incidents are about the same work: job, external task, or the place where a parent waits.
pub fn is_same_work(a: &Incident, b: &Incident) -> bool {
    if a.kind != b.kind || a.is_root() != b.is_root() || a.process_instance != b.process_instance {
        return false;
    }
    match (&a.configuration, &b.configuration) {
        (Some(a_work), Some(b_work)) if a.is_root() => {
            // The text of a type of its own may be anything; only together with its place it names one thing.
            a_work == b_work && (names_work(a) || a.execution == b.execution && a.activity == b.activity)
        }
        (None, None) if !a.is_root() => a.execution.is_some() && a.execution == b.execution && a.activity == b.activity,
        _ => false,
    }
}

fn names_work(incident: &Incident) -> bool {
    matches!(incident.kind.as_wire(), "failedJob" | "failedExternalTask")
}

impl IncidentSet {
    /// What followed on an incident that is not open any more; none while it is open, while not all incidents are known, and where nothing did.
    pub fn successor(&self, gone: &Incident) -> Option<Succession> {
        if !self.complete || self.incidents.contains_key(&gone.id) {
            return None;
        }
        // Newest first.
        let of_instance = self.index.of_place(gone.process_instance.as_ref());
        let later = || of_instance.iter().filter(|known| known.incident.created >= gone.created);
        if let Some(again) = later().find(|known| is_same_work(&known.incident, gone)) {
            return Some(Succession::FailedAgain(Arc::clone(again)));
        }
        // Only the same execution proves that one came after the other: an instance may fail in several places at once.
        let goes_on = |known: &&Arc<KnownIncident>| {
            let incident = &known.incident;
            gone.is_root() && incident.is_root() && incident.created > gone.created && incident.execution.is_some() && incident.execution == gone.execution
        };
        later().find(goes_on).map(|known| Succession::MovedOn(Arc::clone(known)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::model::example;

    fn incident(id: &str, at: i64) -> Incident {
        let known = example::snapshot(example::noon()).incident(&"incident-0000".into()).expect("an incident").clone();
        Incident {
            id: id.into(),
            root_cause: Some(id.into()),
            execution: Some("e1".into()),
            created: jiff::Timestamp::from_second(1_700_000_000 + at).expect("a moment"),
            ..known.incident.clone()
        }
    }

    fn set(rows: Vec<Incident>) -> IncidentSet {
        IncidentSet::whole(rows.into_iter().map(|row| (row.id.clone(), KnownIncident::of(row))).collect::<HashMap<_, _>>())
    }

    fn followed(gone: &Incident, now: Vec<Incident>) -> Option<(&'static str, String)> {
        set(now).successor(gone).map(|succession| match &succession {
            Succession::FailedAgain(known) => ("failed again", known.incident.id.to_string()),
            Succession::MovedOn(known) => ("moved on", known.incident.id.to_string()),
        })
    }

    #[test]
    fn the_same_job_that_failed_again_is_followed_and_while_it_is_open_nothing_is() {
        let gone = incident("old", 0);
        assert_eq!(followed(&gone, vec![incident("new", 9)]), Some(("failed again", "new".into())));
        assert_eq!(followed(&gone, vec![incident("new", 9), incident("newer", 20)]), Some(("failed again", "newer".into())));
        assert_eq!(followed(&gone, vec![gone.clone(), incident("new", 9)]), None);
        assert_eq!(followed(&gone, vec![incident("before", -9)]), None, "what was before did not follow");
        let unread = IncidentSet { complete: false, ..set(vec![incident("new", 9)]) };
        assert_eq!(unread.successor(&gone), None);
    }

    #[test]
    fn an_external_task_and_a_job_of_a_batch_are_followed_by_their_own_id() {
        let task = |id: &str, at| Incident { kind: "failedExternalTask".into(), ..incident(id, at) };
        assert_eq!(followed(&task("old", 0), vec![task("new", 9)]), Some(("failed again", "new".into())));
        let of_batch = |id: &str, job: &str, at| Incident {
            process_instance: None,
            process_definition: None,
            execution: None,
            activity: None,
            configuration: Some(job.into()),
            ..incident(id, at)
        };
        assert_eq!(followed(&of_batch("old", "j1", 0), vec![of_batch("other", "j2", 8), of_batch("new", "j1", 9)]), Some(("failed again", "new".into())));
        assert_eq!(followed(&of_batch("old", "j1", 0), vec![of_batch("other", "j2", 8)]), None, "another job of the batch");
    }

    #[test]
    fn another_job_of_the_same_execution_moved_on_and_one_of_another_place_tells_nothing() {
        let gone = incident("old", 0);
        let next = |execution: &str| Incident { configuration: Some("j-next".into()), execution: Some(execution.into()), ..incident("next", 9) };
        assert_eq!(followed(&gone, vec![next("e1")]), Some(("moved on", "next".into())));
        assert_eq!(followed(&gone, vec![next("e2")]), None);
    }

    #[test]
    fn a_parent_that_waits_again_is_followed_at_its_place() {
        let parent = |id: &str, root: &str, at| Incident { configuration: None, root_cause: Some(root.into()), ..incident(id, at) };
        assert_eq!(followed(&parent("old", "r1", 0), vec![parent("new", "r2", 9)]), Some(("failed again", "new".into())));
        let elsewhere = Incident { activity: Some("elsewhere".into()), ..parent("new", "r2", 9) };
        assert_eq!(followed(&parent("old", "r1", 0), vec![elsewhere]), None);
    }

    #[test]
    fn an_incident_of_a_type_of_its_own_is_followed_only_with_its_place() {
        let custom = |id: &str, at| Incident { kind: "missing-data".into(), configuration: Some("x".into()), ..incident(id, at) };
        assert_eq!(followed(&custom("old", 0), vec![custom("new", 9)]), Some(("failed again", "new".into())));
        let elsewhere = Incident { execution: Some("e2".into()), ..custom("new", 9) };
        assert_eq!(followed(&custom("old", 0), vec![elsewhere]), None);
    }
}
