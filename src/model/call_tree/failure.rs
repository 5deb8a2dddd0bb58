//! Causes, and the path from one up to the topmost instance. The engine makes one incident on each instance above a failure, so the
//! incidents alone tell who called whom, without a history.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Facts;
use crate::model::grouping::KnownIncident;
use crate::model::ids::{ActivityId, IncidentId, ProcessInstanceId};
use crate::model::naming::diagram_activity;

/// The instance one was called by, and at which activity.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    pub caller: ProcessInstanceId,
    pub at: Option<ActivityId>,
}

/// The root causes among these incidents, the oldest first, as far as they are known themselves; for the others, what is known of them.
pub(super) fn causes(facts: &dyn Facts, incidents: &[Arc<KnownIncident>]) -> Vec<Arc<KnownIncident>> {
    let mut by_cause: BTreeMap<IncidentId, Arc<KnownIncident>> = BTreeMap::new();
    for known in incidents {
        let id = known.incident.root().clone();
        let root = facts.caused_by(&id).and_then(|rows| rows.iter().find(|row| row.incident.id == id)).unwrap_or(known);
        by_cause.insert(id, Arc::clone(root));
    }
    let mut causes: Vec<_> = by_cause.into_values().collect();
    causes.sort_by(|a, b| a.incident.created.cmp(&b.incident.created).then_with(|| a.incident.root().cmp(b.incident.root())));
    causes
}

/// Who called whom from the cause upwards, by called instance; and the instance of the cause.
pub(super) fn calls(cause: &IncidentId, chain: &[Arc<KnownIncident>]) -> (Option<ProcessInstanceId>, HashMap<ProcessInstanceId, Call>) {
    let mut calls = HashMap::new();
    let start = chain.iter().find(|known| known.incident.id == *cause);
    let mut below = start;
    // Each incident is passed once at most, whatever they say of each other.
    for _ in 0..chain.len() {
        let Some(incident) = below.map(|known| &known.incident) else { break };
        let above = chain.iter().find(|known| known.incident.cause.as_ref() == Some(&incident.id) && known.incident.id != incident.id);
        if let (Some(called), Some(above)) = (&incident.process_instance, above)
            && let Some(caller) = above.incident.process_instance.clone().filter(|caller| caller != called)
        {
            let at = above.incident.activity.as_ref().map(|activity| ActivityId::from(diagram_activity(activity.as_wire())));
            calls.entry(called.clone()).or_insert(Call { caller, at });
        }
        below = above;
    }
    (start.and_then(|known| known.incident.process_instance.clone()), calls)
}
