//! Following the work behind rows of incidents: a row goes over to the new incident of the same work, stays while it is looked at although it
//! belongs elsewhere by now, and what vanished under the cursor tells what became of it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::app::list::ListState;
use crate::model::grouping::KnownIncident;
use crate::model::ids::IncidentId;
use crate::model::snapshot::{IncidentSet, Snapshot};
use crate::model::succession::Succession;

/// Incidents behind one row that are remembered for the case that it vanishes.
const REMEMBERED: usize = 1_000;

/// What became of the incidents behind a row that vanished, as far as something of the same work is open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fate {
    /// Those that failed again, now in another row.
    pub again: usize,
    /// The newest of those.
    pub newest_again: Option<Arc<KnownIncident>>,
    /// Those that went through, and something after them failed.
    pub moved_on: usize,
    /// The newest of these failures.
    pub newest_moved_on: Option<Arc<KnownIncident>>,
}

impl Fate {
    /// Of these incidents, none of which is open any more.
    pub fn of(gone: &[Arc<KnownIncident>], set: &IncidentSet) -> Self {
        let mut fate = Self::default();
        for succession in gone.iter().filter_map(|known| set.successor(&known.incident)) {
            let (count, newest) = match &succession {
                Succession::FailedAgain(_) => (&mut fate.again, &mut fate.newest_again),
                Succession::MovedOn(_) => (&mut fate.moved_on, &mut fate.newest_moved_on),
            };
            *count += 1;
            let now = succession.incident();
            if newest.as_ref().is_none_or(|newest| newest.incident.created < now.incident.created) {
                *newest = Some(Arc::clone(now));
            }
        }
        fate
    }

    /// The incident that is open now instead, the same work's first.
    pub fn incident(&self) -> Option<&Arc<KnownIncident>> {
        self.newest_again.as_ref().or(self.newest_moved_on.as_ref())
    }
}

/// How an incident that is shown in a list of incidents came to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// It took over the row of an earlier incident of the same work.
    FailedAgain,
    /// It belongs to another row of the levels above by now, such as after a migration.
    Elsewhere,
}

/// What is followed in the open list of incidents.
#[derive(Clone, Debug, Default)]
pub(super) struct Follow {
    /// Incidents on the screen, and marked ones, as they were when they were open last.
    known: HashMap<IncidentId, Arc<KnownIncident>>,
    /// Incidents that took over the row of another.
    again: HashSet<IncidentId>,
    /// Incidents that stay although they belong elsewhere, because somebody looked at them.
    kept: HashSet<IncidentId>,
    /// The incidents behind the row under the cursor while it was there.
    behind: Vec<Arc<KnownIncident>>,
}

impl Follow {
    /// Lets rows go over to the new incidents of their work. Before the list is arranged.
    pub(super) fn go_over(&mut self, list: &mut ListState<IncidentId>, set: &IncidentSet) {
        if !set.complete {
            return;
        }
        let gone: Vec<Arc<KnownIncident>> = self.known.values().filter(|known| !set.incidents.contains_key(&known.incident.id)).cloned().collect();
        for known in gone {
            let Some(Succession::FailedAgain(now)) = set.successor(&known.incident) else { continue };
            let (old, new) = (&known.incident.id, &now.incident.id);
            if self.is_looked_at(list, old) {
                self.kept.insert(new.clone());
            }
            list.rename(old, new);
            self.again.insert(new.clone());
            self.known.remove(old);
        }
        let looked_at: Vec<IncidentId> = self.known.keys().filter(|id| self.is_looked_at(list, id)).cloned().collect();
        self.kept.extend(looked_at.into_iter().filter(|id| set.incidents.contains_key(id)));
        self.kept.retain(|id| set.incidents.contains_key(id));
    }

    fn is_looked_at(&self, list: &ListState<IncidentId>, id: &IncidentId) -> bool {
        list.selected_key() == Some(id) || list.marks().contains(id)
    }

    /// Incidents that stay in the list wherever they belong.
    pub(super) fn kept(&self) -> impl Iterator<Item = &IncidentId> {
        self.kept.iter()
    }

    /// Notes what is on the screen, after the list was arranged.
    pub(super) fn note(&mut self, list: &ListState<IncidentId>, set: &IncidentSet) {
        let shown: HashSet<&IncidentId> = list.visible().map(|(id, _)| id).chain(list.marks()).chain(list.selected_key()).collect();
        self.known.retain(|id, _| shown.contains(id));
        self.known.extend(shown.into_iter().filter_map(|id| Some((id.clone(), Arc::clone(set.incidents.get(id)?)))));
    }

    /// Notes the incidents behind the row under the cursor while it is there; a row that has vanished leaves them as they were.
    pub(super) fn note_behind<'a>(&mut self, behind: impl Iterator<Item = &'a Arc<KnownIncident>>) {
        self.behind = behind.take(REMEMBERED).cloned().collect();
    }

    /// What became of the row that vanished under the cursor.
    pub(super) fn fate(&self, snapshot: &Snapshot) -> Option<Fate> {
        Some(Fate::of(&self.behind, snapshot.incidents.get()?))
    }

    /// How this incident came into the list, where it is not simply a part of it.
    pub(super) fn trace(&self, id: &IncidentId, belongs: impl FnOnce() -> bool) -> Option<Trace> {
        if self.again.contains(id) {
            return Some(Trace::FailedAgain);
        }
        (self.kept.contains(id) && !belongs()).then_some(Trace::Elsewhere)
    }
}
