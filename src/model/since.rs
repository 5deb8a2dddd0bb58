//! Since when something fails: the earliest incident the history knows, and the deployment before it.
//!
//! A retry resolves an incident at once and a new failure makes a new one, so the oldest incident that is open now may be hours
//! younger than the trouble.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::grouping::{GroupKey, Names as _, SignatureKey};
use super::history::HistoricIncident;
use super::ids::ProcessDefinitionId;
use super::section::Section;
use super::snapshot::Snapshot;
use crate::text::{EngineText, age};
use crate::triage::Signature;

/// A deployment, as far as it says since when something runs (`GET /deployment/{id}`).
#[derive(Clone, Debug, PartialEq)]
pub struct Deployed {
    /// Its name.
    pub name: Option<EngineText>,
    /// When it was made, by the engine node's clock.
    pub at: Timestamp,
}

/// An incident that was the first of its kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// When it was created.
    pub at: Timestamp,
    /// On which definition.
    pub definition: Option<ProcessDefinitionId>,
}

/// First sightings of one group, from its earliest incidents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FirstSeen {
    /// The first incident of the group.
    pub group: Option<Sighting>,
    /// The first of each signature among the incidents read.
    pub signatures: HashMap<SignatureKey, Sighting>,
}

impl FirstSeen {
    /// From the earliest incidents of a group, oldest first. A signature that does not occur among them is not known: the first of
    /// them that comes later was not read.
    pub fn from_oldest(rows: &[HistoricIncident]) -> Self {
        let mut seen = Self::default();
        for incident in rows.iter().map(|row| &row.incident).filter(|incident| incident.is_root()) {
            let sighting = Sighting { at: incident.created, definition: incident.process_definition.clone() };
            let key = SignatureKey { signature: Signature::of(incident.message.as_ref()), failed_at: incident.failed_elsewhere().cloned() };
            seen.signatures.entry(key).or_insert_with(|| sighting.clone());
            seen.group.get_or_insert(sighting);
        }
        seen
    }
}

/// First sightings by group.
pub type FirstSeenByGroup = Arc<HashMap<GroupKey, Section<FirstSeen>>>;

/// "first seen 3 d ago, 12 min after version 7 was deployed", of a group or of one signature of it; none if that is not known.
pub fn words(snapshot: &Snapshot, group: &GroupKey, signature: Option<&SignatureKey>) -> Option<String> {
    let seen = snapshot.first_seen.get(group)?.get()?;
    let sighting = match signature {
        Some(signature) => seen.signatures.get(signature)?,
        None => seen.group.as_ref()?,
    };
    let ago = snapshot.engine.engine_time(snapshot.taken).duration_since(sighting.at);
    let mut words = format!("first seen {} ago", age(Duration::try_from(ago).unwrap_or_default()));
    if let Some(after) = after_deployment(snapshot, sighting) {
        words.push_str(", ");
        words.push_str(&after);
    }
    Some(words)
}

/// How long after the deployment of its version an incident was created.
fn after_deployment(snapshot: &Snapshot, sighting: &Sighting) -> Option<String> {
    let id = sighting.definition.as_ref()?;
    let deployment = snapshot.definitions.get()?.by_id.get(id)?.deployment.as_ref()?;
    let deployed = snapshot.deployed.get(deployment)?.get()?.as_ref()?;
    let version = snapshot.names().version(id)?;
    // A migrated incident keeps its creation but changes its definition: it may be older than the version it is on.
    let after = Duration::try_from(sighting.at.duration_since(deployed.at)).ok()?;
    Some(format!("{} after version {version} was deployed", age(after)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example;
    use crate::model::history::IncidentState;

    fn row(number: usize, message: &str, seconds: i64) -> HistoricIncident {
        let trouble = example::Trouble { number, root: None, definition: "payment:2", activity: "charge-card", message: Some(message.into()), age: seconds };
        HistoricIncident {
            incident: example::incident(&trouble, example::noon()).incident.clone(),
            state: IncidentState::Resolved,
            ended: None,
            process_key: None,
            root_process_instance: None,
        }
    }

    fn key(message: &str) -> SignatureKey {
        SignatureKey { signature: crate::triage::signature(message), failed_at: None }
    }

    #[test]
    fn a_signature_was_first_seen_with_its_own_first_incident_and_a_group_with_any() {
        let rows = [row(1, "timed out", 900), row(2, "refused", 600), row(3, "refused", 300)];
        let seen = FirstSeen::from_oldest(&rows);
        assert_eq!(seen.group.map(|sighting| sighting.at), Some(rows[0].incident.created));
        assert_eq!(seen.signatures.get(&key("refused")).map(|sighting| sighting.at), Some(rows[1].incident.created));
        assert_eq!(seen.signatures.get(&key("boom")), None);
    }

    #[test]
    fn a_blocked_parent_is_no_first_sighting() {
        let mut blocked = row(1, "", 900);
        blocked.incident.root_cause = Some("another".into());
        let seen = FirstSeen::from_oldest(&[blocked, row(2, "refused", 600)]);
        assert_eq!(seen.signatures.len(), 1);
    }

    #[test]
    fn first_sightings_are_told_with_the_deployment_before_them_once_that_is_known() {
        let now = example::noon();
        let mut snapshot = example::snapshot(now);
        let key = snapshot.groups.groups.iter().find(|group| group.key.activity == Some("charge-card".into())).expect("a group").key.clone();
        example::set_first_seen(&mut snapshot, now);
        assert_eq!(words(&snapshot, &key, None).as_deref(), Some("first seen 3 d ago, 12 min after version 2 was deployed"));
        snapshot.deployed = Arc::default();
        assert_eq!(words(&snapshot, &key, None).as_deref(), Some("first seen 3 d ago"));
        snapshot.first_seen = Arc::default();
        assert_eq!(words(&snapshot, &key, None), None);
    }
}
