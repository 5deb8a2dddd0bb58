//! What the picture itself knows of a text: messages and activities of open incidents. No request is needed for it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::app::filter::contains;
use crate::model::grouping::{KnownIncident, Names as _};
use crate::model::ids::{ActivityId, IncidentId, ProcessKey};
use crate::model::naming::diagram_activity;
use crate::model::search::{ActivityHit, Hit, Needle};
use crate::model::snapshot::{IncidentSet, Snapshot};
use crate::triage::Signature;

/// Rows of each kind that are shown; more signatures or activities than that call for another text.
pub const MOST_ROWS: usize = 50;

/// What the picture knows.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The incident of this id; messages by signature, the most frequent first; then activities.
    pub hits: Vec<Hit>,
    /// Open incidents that were looked through; none if none are known.
    pub searched: Option<usize>,
    /// Whether these are all there are.
    pub complete: bool,
    /// Rows beyond those shown.
    pub left_out: usize,
}

impl Known {
    /// Looks through the open incidents, case aside.
    pub fn search(needle: &Needle, snapshot: &Snapshot) -> Self {
        let Some(set) = snapshot.incidents.get() else { return Self::default() };
        let word = needle.text().as_wire().to_lowercase();
        let (messages, activities) = (messages(&word, set), activities(&word, set, snapshot));
        let left_out = messages.len().saturating_sub(MOST_ROWS) + activities.len().saturating_sub(MOST_ROWS);
        let by_id = set.incidents.get(&IncidentId::from(needle.text().clone())).map(|known| Hit::Incident(Arc::clone(known)));
        let hits = by_id.into_iter().chain(messages.into_iter().take(MOST_ROWS)).chain(activities.into_iter().take(MOST_ROWS)).collect();
        Self { hits, searched: Some(set.incidents.len()), complete: set.complete, left_out }
    }
}

fn messages(word: &str, set: &IncidentSet) -> Vec<Hit> {
    let fits = |known: &&Arc<KnownIncident>| known.incident.message.as_ref().is_some_and(|message| contains(message.as_wire(), word));
    by_signature(set.incidents.values().filter(fits), false)
}

/// One row for each signature, the most frequent first.
pub fn by_signature<'a>(incidents: impl Iterator<Item = &'a Arc<KnownIncident>>, asked: bool) -> Vec<Hit> {
    let mut rows: HashMap<&Signature, (&Arc<KnownIncident>, usize)> = HashMap::new();
    for known in incidents {
        let row = rows.entry(&known.signature).or_insert((known, 0));
        row.1 += 1;
        if newer(known, row.0) {
            row.0 = known;
        }
    }
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_by(|a, b| b.1.1.cmp(&a.1.1).then_with(|| a.0.cmp(b.0)));
    rows.into_iter().map(|(_, (sample, count))| Hit::Message { sample: Arc::clone(sample), count, asked }).collect()
}

fn newer(a: &KnownIncident, b: &KnownIncident) -> bool {
    (a.incident.created, &b.incident.id) > (b.incident.created, &a.incident.id)
}

fn activities(word: &str, set: &IncidentSet, snapshot: &Snapshot) -> Vec<Hit> {
    let names = snapshot.names();
    let mut rows: HashMap<(ActivityId, Option<ProcessKey>), ActivityHit> = HashMap::new();
    for known in set.incidents.values() {
        let incident = &known.incident;
        let Some(activity) = &incident.activity else { continue };
        let name = || incident.process_definition.as_ref().and_then(|definition| names.activity_name(definition, activity));
        if !contains(activity.as_wire(), word) && !name().is_some_and(|name| contains(name.as_wire(), word)) {
            continue;
        }
        let activity = ActivityId::from(diagram_activity(activity.as_wire()));
        let process = incident.process_definition.as_ref().map(|definition| names.process_key(definition));
        let row = rows.entry((activity.clone(), process.clone())).or_insert_with(|| ActivityHit {
            activity,
            process,
            definition: incident.process_definition.clone(),
            roots: 0,
            blocked: 0,
            newest: incident.created,
        });
        row.newest = row.newest.max(incident.created);
        if incident.is_root() {
            row.roots += 1;
        } else {
            row.blocked += 1;
        }
        let version = |hit: &Option<_>| hit.as_ref().and_then(|definition| names.version(definition));
        if version(&incident.process_definition) > version(&row.definition) {
            row.definition = incident.process_definition.clone();
        }
    }
    let mut rows: Vec<ActivityHit> = rows.into_values().collect();
    rows.sort_by(|a, b| (b.roots, b.blocked).cmp(&(a.roots, a.blocked)).then_with(|| (&a.process, &a.activity).cmp(&(&b.process, &b.activity))));
    rows.into_iter().map(|hit| Hit::Activity(Box::new(hit))).collect()
}
