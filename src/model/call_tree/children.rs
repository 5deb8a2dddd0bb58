//! The instances that one instance called: gathered from the pages read so far, told apart by the place they were called at.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};

use super::build::Builder;
use super::{FOLD_FROM, NodeKey, Place};
use crate::model::ids::{ActivityId, IncidentId, ProcessDefinitionId, ProcessInstanceId, ProcessKey};
use crate::model::inquiry::{CALLED_PAGE, Called, Inquiry, Standing, Which};

/// A called instance and whether it fails.
pub(super) struct Child {
    pub called: Called,
    pub failing: bool,
}

/// The called instances of one caller, by place.
#[derive(Default)]
pub(super) struct Children {
    pub places: Vec<(Place, Vec<Child>)>,
    /// How many there are in all, and whether that is exact.
    pub total: (u64, bool),
    /// How many of them have an incident, where that is known.
    pub failing: Option<u64>,
    /// Whether more run than were read.
    pub more_running: bool,
    /// Whether rows of one place mean that there is no other: all were read, or a count proved it.
    pub one_place: bool,
    /// Which there are more of, how many if that is known, and whether they are being read.
    pub more: Vec<(Which, Option<u64>, bool)>,
    /// Why not all is known.
    pub remark: Option<String>,
}

/// What the pages of one kind told.
#[derive(Default)]
struct Pages {
    listed: u64,
    counted: Option<u64>,
    more: bool,
    reading: bool,
    /// The call activity of all that run, where a count proved it.
    all_at: Option<ActivityId>,
}

impl Children {
    pub(super) fn collect(builder: &mut Builder<'_>, caller: &Called, failing: bool) -> Self {
        let mut children = Self { total: (0, true), ..Self::default() };
        let mut rows: BTreeMap<ProcessInstanceId, Child> = BTreeMap::new();
        let mut all_at = None;
        let ended = builder.view.show_ended || builder.root_over;
        for which in [Which::Failing, Which::Running, Which::Ended] {
            if which == Which::Failing && !failing || which == Which::Ended && !ended {
                continue;
            }
            let pages = children.read(builder, caller, which, &mut rows);
            all_at = all_at.or_else(|| pages.all_at.clone());
            children.count(which, &pages);
        }
        children.one_place = all_at.is_some() || children.more.is_empty();
        children.show_way(builder, caller, &mut rows);
        let mut places: BTreeMap<Place, Vec<Child>> = BTreeMap::new();
        for mut child in rows.into_values() {
            // All that run were called at one activity: that is proved by counts, whichever page lists them.
            if !matches!(child.called.standing, Standing::Over(_)) {
                child.called.called_at = child.called.called_at.or_else(|| all_at.clone());
            }
            places.entry(builder.place_of(caller, &child.called)).or_default().push(builder.judged(child));
        }
        for group in places.values_mut() {
            // What fails first, then what runs, then what is over. Following another cause moves the cursor, not the rows.
            group.sort_by_key(|child| (!child.failing, matches!(child.called.standing, Standing::Over(_)), child.called.id.clone()));
        }
        children.places = places.into_iter().collect();
        children
    }

    /// Takes in the pages of one kind that were read, and wants those that were asked for.
    fn read(&mut self, builder: &mut Builder<'_>, caller: &Called, which: Which, rows: &mut BTreeMap<ProcessInstanceId, Child>) -> Pages {
        let asked = builder.view.opened.contains(&NodeKey::Instance(caller.id.clone()));
        let last = builder.view.pages.get(&(caller.id.clone(), which)).copied().unwrap_or(0);
        let mut pages = Pages::default();
        for number in 0..=last {
            let inquiry = Inquiry::Called(caller.id.clone(), which, number);
            builder.want(inquiry.clone());
            let Some(page) = builder.page(&caller.id, which, number) else {
                pages.reading = true;
                match builder.facts.problem(&inquiry) {
                    Some(problem) if which == Which::Ended => self.remark = Some(format!("ended called instances are not known: {}", problem.what)),
                    Some(problem) => self.remark = Some(format!("called instances not known: {}", problem.what)),
                    // On the way down rows come by themselves; who unfolds one waits for it.
                    None if number == 0 && which != Which::Failing && asked => self.remark = Some("reading what it called…".to_owned()),
                    None => {}
                }
                break;
            };
            pages.listed += page.rows.len() as u64;
            pages.counted = page.total.or(pages.counted);
            pages.all_at = pages.all_at.or_else(|| page.all_at.clone());
            pages.more = page.more;
            if let Some(problem) = &page.unread {
                self.remark = Some(format!("not all of what it called is known yet: {}", problem.what));
            }
            for row in &page.rows {
                let child = rows.entry(row.id.clone()).or_insert_with(|| Child { called: row.clone(), failing: false });
                child.failing |= which == Which::Failing;
            }
        }
        pages.reading &= last > 0;
        pages
    }

    fn count(&mut self, which: Which, pages: &Pages) {
        let whole = !pages.more && !pages.reading;
        if !whole {
            self.more_running |= which == Which::Running;
            self.more.push((which, pages.counted.map(|counted| counted.saturating_sub(pages.listed)), pages.reading));
        }
        match which {
            Which::Failing => self.failing = pages.counted.or(whole.then_some(pages.listed)),
            Which::Running | Which::Ended => {
                self.total.0 += pages.counted.unwrap_or(pages.listed);
                self.total.1 &= pages.counted.is_some() || whole;
            }
        }
    }

    /// The way down is shown even where no page lists it yet.
    fn show_way(&mut self, builder: &mut Builder<'_>, caller: &Called, rows: &mut BTreeMap<ProcessInstanceId, Child>) {
        for id in builder.way_below(&caller.id) {
            if let Entry::Vacant(entry) = rows.entry(id) {
                let called = builder.called_of(entry.key());
                entry.insert(Child { called, failing: false });
                self.remark = None;
            }
        }
    }
}

impl Builder<'_> {
    /// The next instances on the way to cause and target.
    fn way_below(&self, caller: &ProcessInstanceId) -> Vec<ProcessInstanceId> {
        let below = |way: &[ProcessInstanceId]| way.iter().position(|id| id == caller).and_then(|at| way.get(at + 1)).cloned();
        let mut ids: Vec<_> = [below(&self.tree.path), below(&self.line)].into_iter().flatten().collect();
        ids.dedup();
        // What a case called stands below the case.
        ids.retain(|id| self.cases_above(id).is_none());
        ids
    }

    fn judged(&self, mut child: Child) -> Child {
        child.failing |= self.facts.incidents_of(&child.called.id).is_some_and(|rows| !rows.is_empty());
        child
    }

    /// At which call activity an instance was called: told by the incidents of both, by the history, else only of which process it is.
    fn place_of(&self, caller: &Called, called: &Called) -> Place {
        let by_chain = self.calls.get(&called.id).and_then(|call| call.at.clone());
        let at = by_chain.or_else(|| called.called_at.clone()).or_else(|| self.by_incidents(&caller.id, &called.id));
        match at {
            Some(activity) => Place::Activity(activity),
            None => Place::Process(called.process_key.clone().unwrap_or_else(|| key_of(&called.definition))),
        }
    }

    fn by_incidents(&self, caller: &ProcessInstanceId, called: &ProcessInstanceId) -> Option<ActivityId> {
        let ids: HashSet<&IncidentId> = self.facts.incidents_of(called)?.iter().map(|known| &known.incident.id).collect();
        let above = self.facts.incidents_of(caller)?.iter().find(|known| known.incident.cause.as_ref().is_some_and(|cause| ids.contains(cause)))?;
        above.incident.activity.clone()
    }
}

/// The key within a definition's id, which the engine makes as `key:version:uuid`.
fn key_of(definition: &ProcessDefinitionId) -> ProcessKey {
    ProcessKey::from(definition.as_wire().split(':').next().unwrap_or_default())
}

const _: () = assert!(FOLD_FROM < CALLED_PAGE as u64, "a fold needs less than a page");
