//! The incidents pane: groups by activity, below them signatures, below these incidents. Owns cursors, sorting, filters and depth.

mod follow;
mod order;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use self::follow::Follow;
pub use self::follow::{Fate, Trace};
pub use self::order::{GroupColumn, IncidentColumn, RECENT, SignatureColumn};
use self::order::{IncidentOrder, compare_groups, compare_signatures, direct};
use super::basis::{Basis, Parts};
use super::filter::Filter;
use super::list::{ListState, Motion};
use crate::model::grouping::{Group, GroupKey, KnownIncident, SignatureGroup, SignatureKey, Stage, key_of};
use crate::model::ids::{IncidentId, JobDefinitionId, ProcessInstanceId};
use crate::model::naming;
use crate::model::since;
use crate::model::snapshot::Snapshot;
use crate::text::{EngineText, plural, safe};

/// How far the operator has gone in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    /// All groups.
    Groups,
    /// Signatures of one group.
    Signatures(GroupKey),
    /// Incidents of one signature of one group.
    Incidents(GroupKey, SignatureKey),
}

/// State of the pane.
#[derive(Clone, Debug)]
pub struct IncidentsPane {
    level: Level,
    /// The groups.
    pub groups: ListState<GroupKey>,
    /// The signatures of the open group.
    pub signatures: ListState<SignatureKey>,
    /// The incidents of the open signature.
    pub incidents: ListState<IncidentId>,
    filters: [Filter; 3],
    bases: [Basis; 3],
    follows: [Follow; 3],
    stage: Stage,
}

impl Default for IncidentsPane {
    fn default() -> Self {
        Self {
            level: Level::Groups,
            groups: ListState::default(),
            signatures: ListState::default(),
            incidents: ListState::default(),
            filters: Default::default(),
            bases: Default::default(),
            follows: Default::default(),
            stage: Stage::default(),
        }
    }
}

impl IncidentsPane {
    /// How far the operator has gone in.
    pub fn level(&self) -> &Level {
        &self.level
    }

    fn depth(&self) -> usize {
        match self.level {
            Level::Groups => 0,
            Level::Signatures(_) => 1,
            Level::Incidents(..) => 2,
        }
    }

    /// The filter of the present level.
    pub fn filter(&self) -> &Filter {
        &self.filters[self.depth()]
    }

    /// Sets the filter of the present level.
    pub fn set_filter(&mut self, filter: Filter, snapshot: &Snapshot) {
        self.filters[self.depth()] = filter;
        self.rearrange(snapshot);
    }

    /// Takes a new reading in.
    pub fn arrange(&mut self, snapshot: &Snapshot, now: Instant) {
        let stage = snapshot.groups.stage;
        if self.stage == Stage::Processes && stage != Stage::Processes && self.depth() == 0 {
            // Rows of processes give way to rows of activities: other things altogether, not moved ones.
            self.groups = self.groups.emptied();
        }
        self.stage = stage;
        if self.bases[0].renew(self.group_parts(snapshot), self.groups.held_until(), self.groups.is_held(now)) {
            self.groups.arrange(self.sorted_groups(snapshot), now);
        }
        self.note_group(snapshot);
        let parts = Parts::default().and(&snapshot.groups);
        if self.depth() >= 1 && self.bases[1].renew(parts, self.signatures.held_until(), self.signatures.is_held(now)) {
            self.signatures.arrange(self.sorted_signatures(snapshot), now);
        }
        self.note_signature(snapshot);
        if self.depth() >= 2 {
            if self.bases[2].renew(self.incident_parts(snapshot), self.incidents.held_until(), self.incidents.is_held(now)) {
                if let Some(set) = snapshot.incidents.get() {
                    self.follows[2].go_over(&mut self.incidents, set);
                }
                self.incidents.arrange(self.sorted_incidents(snapshot), now);
            }
            self.note_incident(snapshot);
        }
    }

    fn note_group(&mut self, snapshot: &Snapshot) {
        if let Some(group) = self.groups.selected_present().and_then(|key| snapshot.groups.find(key)) {
            self.follows[0].note_behind(group.incidents());
        }
    }

    fn note_signature(&mut self, snapshot: &Snapshot) {
        let Some(signature) = self.signatures.selected_present().filter(|_| self.depth() >= 1) else { return };
        let incidents = self.signature_group(snapshot, signature).map(|row| row.incidents.clone()).unwrap_or_default();
        if !incidents.is_empty() {
            self.follows[1].note_behind(incidents.iter());
        }
    }

    fn note_incident(&mut self, snapshot: &Snapshot) {
        let Some(set) = snapshot.incidents.get() else { return };
        self.follows[2].note(&self.incidents, set);
        if let Some(known) = self.incidents.selected_present().and_then(|id| set.incidents.get(id)) {
            self.follows[2].note_behind(std::iter::once(known));
        }
    }

    /// What became of the row that vanished under the cursor; none if that row is there.
    pub fn fate(&self, snapshot: &Snapshot) -> Option<Fate> {
        let vanished = match self.level {
            Level::Groups => self.groups.selected_key().is_some_and(|key| self.groups.is_ghost(key)),
            Level::Signatures(_) => self.signatures.selected_key().is_some_and(|key| self.signatures.is_ghost(key)),
            Level::Incidents(..) => self.incidents.selected_key().is_some_and(|key| self.incidents.is_ghost(key)),
        };
        if vanished { self.follows[self.depth()].fate(snapshot) } else { None }
    }

    /// How an incident came into the open list, where it is not simply a part of it.
    pub fn trace(&self, known: &KnownIncident, snapshot: &Snapshot) -> Option<Trace> {
        let Level::Incidents(group, signature) = &self.level else { return None };
        self.follows[2].trace(&known.incident.id, || key_of(&known.incident, &snapshot.names()) == *group && SignatureKey::of(known) == *signature)
    }

    fn group_parts(&self, snapshot: &Snapshot) -> Parts {
        let parts = Parts::default().and(&snapshot.groups);
        // What counts as recent changes with time alone.
        if GroupColumn::ALL[self.groups.sort_column] == GroupColumn::Recent { parts.and_sequence(snapshot.sequence) } else { parts }
    }

    fn incident_parts(&self, snapshot: &Snapshot) -> Parts {
        let parts = Parts::default().and(&snapshot.groups);
        match IncidentColumn::ALL[self.incidents.sort_column] {
            IncidentColumn::Retries => parts.and(&snapshot.jobs).and(&snapshot.external_tasks).and(&snapshot.instances),
            IncidentColumn::BusinessKey => parts.and(&snapshot.instances),
            // A filter looks at business keys too.
            _ if !self.filters[2].is_empty() => parts.and(&snapshot.instances),
            _ => parts,
        }
    }

    /// Sorts anew at once, because the operator asked for it.
    pub fn rearrange(&mut self, snapshot: &Snapshot) {
        match self.level {
            Level::Groups => self.groups.rearrange(self.sorted_groups(snapshot)),
            Level::Signatures(_) => self.signatures.rearrange(self.sorted_signatures(snapshot)),
            Level::Incidents(..) => self.incidents.rearrange(self.sorted_incidents(snapshot)),
        }
        let parts = match self.level {
            Level::Groups => self.group_parts(snapshot),
            Level::Signatures(_) => Parts::default().and(&snapshot.groups),
            Level::Incidents(..) => self.incident_parts(snapshot),
        };
        self.bases[self.depth()] = Basis::sorted(parts);
    }

    /// When the order stops holding.
    pub fn held_until(&self) -> Option<Instant> {
        match self.level {
            Level::Groups => self.groups.held_until(),
            Level::Signatures(_) => self.signatures.held_until(),
            Level::Incidents(..) => self.incidents.held_until(),
        }
    }

    /// Tells how many rows fit.
    pub fn set_height(&mut self, rows: usize) {
        self.groups.set_height(rows);
        self.signatures.set_height(rows);
        self.incidents.set_height(rows);
    }

    /// Moves the cursor.
    pub fn go(&mut self, motion: Motion, now: Instant) {
        match self.level {
            Level::Groups => self.groups.go(motion, now),
            Level::Signatures(_) => self.signatures.go(motion, now),
            Level::Incidents(..) => self.incidents.go(motion, now),
        }
    }

    /// Whether the cursor stands on a row; an untouched list has none.
    pub fn has_cursor(&self) -> bool {
        match self.level {
            Level::Groups => self.groups.selected_key().is_some(),
            Level::Signatures(_) => self.signatures.selected_key().is_some(),
            Level::Incidents(..) => self.incidents.selected_key().is_some(),
        }
    }

    /// Goes into the selected row. Returns the incident to describe on the last level.
    pub fn open(&mut self, snapshot: &Snapshot, now: Instant) -> Option<IncidentId> {
        match &self.level {
            Level::Groups => {
                let key = self.groups.selected_present()?.clone();
                self.groups.hold(now);
                self.level = Level::Signatures(key);
                self.filters[1] = Filter::default();
                self.signatures = self.signatures.emptied();
                self.bases[1] = Basis::default();
                self.follows[1] = Follow::default();
                self.signatures.arrange(self.sorted_signatures(snapshot), now);
                self.signatures.select_first();
                self.signatures.hold(now);
                None
            }
            Level::Signatures(group) => {
                let signature = self.signatures.selected_present()?.clone();
                self.level = Level::Incidents(group.clone(), signature);
                self.filters[2] = Filter::default();
                self.incidents = self.incidents.emptied();
                self.bases[2] = Basis::default();
                self.follows[2] = Follow::default();
                self.incidents.arrange(self.sorted_incidents(snapshot), now);
                self.incidents.select_first();
                self.incidents.hold(now);
                None
            }
            // A row that has vanished opens what its work ran into since.
            Level::Incidents(..) => {
                let instead = || self.fate(snapshot)?.incident().map(|known| known.incident.id.clone());
                self.incidents.selected_present().cloned().or_else(instead)
            }
        }
    }

    /// One level out; false on the first.
    pub fn back(&mut self) -> bool {
        self.level = match &self.level {
            Level::Groups => return false,
            Level::Signatures(_) => Level::Groups,
            Level::Incidents(group, _) => Level::Signatures(group.clone()),
        };
        // What is not shown any more must not keep an old picture alive.
        self.bases[self.depth() + 1] = Basis::default();
        true
    }

    /// The incident the selected row stands for: itself, or the newest of the group or signature.
    pub fn selected_incident(&self, snapshot: &Snapshot) -> Option<IncidentId> {
        match &self.level {
            Level::Groups => snapshot.groups.find(self.groups.selected_present()?)?.newest_incident().map(|known| known.incident.id.clone()),
            Level::Signatures(_) => {
                let signature = self.signatures.selected_present()?;
                self.signature_group(snapshot, signature)?.sample().map(|known| known.incident.id.clone())
            }
            Level::Incidents(..) => self.incidents.selected_present().cloned(),
        }
    }

    /// Groups on the screen, or the one that is open.
    pub fn groups_on_screen(&self, snapshot: &Snapshot) -> Vec<GroupKey> {
        match &self.level {
            Level::Groups => self.groups.visible().map(|(key, _)| key).filter(|key| snapshot.groups.find(key).is_some()).cloned().collect(),
            Level::Signatures(key) | Level::Incidents(key, _) => vec![key.clone()],
        }
    }

    /// Signatures on the screen: of each group the first, whose error stands for it; of an open group those listed, or the one that is open.
    pub fn signatures_on_screen<'a>(&self, snapshot: &'a Snapshot) -> Vec<&'a SignatureGroup> {
        match &self.level {
            Level::Groups => self.groups.visible().filter_map(|(key, _)| snapshot.groups.find(key)?.signatures.first()).collect(),
            Level::Signatures(_) => self.signatures.visible().filter_map(|(key, _)| self.signature_group(snapshot, key)).collect(),
            Level::Incidents(_, key) => self.signature_group(snapshot, key).into_iter().collect(),
        }
    }

    /// Since when the selected row fails, as far as the history tells.
    pub fn first_seen(&self, snapshot: &Snapshot) -> Option<String> {
        match &self.level {
            Level::Groups => since::words(snapshot, self.groups.selected_present()?, None),
            Level::Signatures(key) => since::words(snapshot, key, Some(self.signatures.selected_present()?)),
            Level::Incidents(key, signature) => since::words(snapshot, key, Some(signature)),
        }
    }

    /// The group that is open, if it still exists.
    pub fn open_group<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a Group> {
        match &self.level {
            Level::Groups => None,
            Level::Signatures(key) | Level::Incidents(key, _) => snapshot.groups.find(key),
        }
    }

    /// A signature of the open group.
    pub fn signature_group<'a>(&self, snapshot: &'a Snapshot, signature: &SignatureKey) -> Option<&'a SignatureGroup> {
        self.open_group(snapshot)?.signatures.iter().find(|group| group.key == *signature)
    }

    /// Sorts by the next column.
    pub fn sort_next(&mut self, snapshot: &Snapshot) {
        let (column, columns) = match self.level {
            Level::Groups => (&mut self.groups.sort_column, GroupColumn::ALL.len()),
            Level::Signatures(_) => (&mut self.signatures.sort_column, SignatureColumn::ALL.len()),
            Level::Incidents(..) => (&mut self.incidents.sort_column, IncidentColumn::ALL.len()),
        };
        *column = (*column + 1) % columns;
        self.rearrange(snapshot);
    }

    /// Turns the sorting round.
    pub fn sort_reverse(&mut self, snapshot: &Snapshot) {
        let reversed = match self.level {
            Level::Groups => &mut self.groups.sort_reversed,
            Level::Signatures(_) => &mut self.signatures.sort_reversed,
            Level::Incidents(..) => &mut self.incidents.sort_reversed,
        };
        *reversed = !*reversed;
        self.rearrange(snapshot);
    }

    /// Marks the selected row, or takes its mark away.
    pub fn toggle_mark(&mut self, now: Instant) {
        match self.level {
            Level::Groups => self.groups.toggle_mark(now),
            Level::Signatures(_) => self.signatures.toggle_mark(now),
            Level::Incidents(..) => self.incidents.toggle_mark(now),
        }
    }

    /// Marks all rows, or removes all marks.
    pub fn mark_all(&mut self, marked: bool) {
        match (&self.level, marked) {
            (Level::Groups, true) => self.groups.mark_all(),
            (Level::Signatures(_), true) => self.signatures.mark_all(),
            (Level::Incidents(..), true) => self.incidents.mark_all(),
            (Level::Groups, false) => self.groups.clear_marks(),
            (Level::Signatures(_), false) => self.signatures.clear_marks(),
            (Level::Incidents(..), false) => self.incidents.clear_marks(),
        }
    }

    /// Marked rows of the present level.
    pub fn marked(&self) -> usize {
        match self.level {
            Level::Groups => self.groups.marks().len(),
            Level::Signatures(_) => self.signatures.marks().len(),
            Level::Incidents(..) => self.incidents.marks().len(),
        }
    }

    /// Incidents on the screen.
    pub fn visible_incidents(&self) -> Vec<&IncidentId> {
        if self.depth() == 2 { self.incidents.visible().map(|(id, _)| id).collect() } else { Vec::new() }
    }

    fn sorted_groups(&self, snapshot: &Snapshot) -> Vec<GroupKey> {
        let column = GroupColumn::ALL[self.groups.sort_column];
        let since = snapshot.engine.engine_time(snapshot.taken) - RECENT;
        let mut groups: Vec<&Group> =
            snapshot.groups.groups.iter().filter(|group| self.filters[0].is_empty() || self.filters[0].admits(&group_text(group, snapshot))).collect();
        groups.sort_by(|a, b| direct(compare_groups(column, a, b, since, snapshot), self.groups.sort_reversed).then_with(|| a.key.cmp(&b.key)));
        groups.into_iter().map(|group| group.key.clone()).collect()
    }

    fn sorted_signatures(&self, snapshot: &Snapshot) -> Vec<SignatureKey> {
        let column = SignatureColumn::ALL[self.signatures.sort_column];
        let Some(group) = self.open_group(snapshot) else { return Vec::new() };
        let mut rows: Vec<&SignatureGroup> =
            group.signatures.iter().filter(|row| self.filters[1].is_empty() || self.filters[1].admits(&signature_text(row, snapshot))).collect();
        rows.sort_by(|a, b| direct(compare_signatures(column, a, b), self.signatures.sort_reversed).then_with(|| a.key.cmp(&b.key)));
        rows.into_iter().map(|row| row.key.clone()).collect()
    }

    fn sorted_incidents(&self, snapshot: &Snapshot) -> Vec<IncidentId> {
        let Level::Incidents(_, signature) = &self.level else { return Vec::new() };
        let column = IncidentColumn::ALL[self.incidents.sort_column];
        let own: &[Arc<KnownIncident>] = self.signature_group(snapshot, signature).map_or(&[], |group| &group.incidents);
        let belonging: HashSet<&IncidentId> = own.iter().map(|known| &known.incident.id).collect();
        let strayed = self.follows[2].kept().filter(|id| !belonging.contains(id)).filter_map(|id| snapshot.incident(id));
        let admitted = own.iter().chain(strayed).map(AsRef::as_ref).filter(|known| self.admits(known, snapshot));
        // Keys are made once for each row and not for each comparison.
        let mut rows: Vec<(IncidentOrder<'_>, &KnownIncident)> = admitted.map(|known| (IncidentOrder::of(column, known, snapshot), known)).collect();
        rows.sort_by(|(a, a_row), (b, b_row)| direct(a.cmp(b), self.incidents.sort_reversed).then_with(|| a_row.incident.id.cmp(&b_row.incident.id)));
        rows.into_iter().map(|(_, known)| known.incident.id.clone()).collect()
    }

    fn admits(&self, known: &KnownIncident, snapshot: &Snapshot) -> bool {
        let filter = &self.filters[2];
        if filter.is_empty() {
            return true;
        }
        let incident = &known.incident;
        let instance = incident.process_instance.as_ref().map(ProcessInstanceId::as_wire);
        let message = incident.message.as_ref().map(EngineText::as_wire);
        let key = business_key(known, snapshot);
        let shown = [Some(incident.id.as_wire()), instance, message, key.as_deref()].map(|part| safe(part.unwrap_or_default()));
        filter.admits_parts(&shown.each_ref().map(AsRef::as_ref))
    }
}

/// Business key of an incident's instance, if that was read.
pub fn business_key(known: &KnownIncident, snapshot: &Snapshot) -> Option<String> {
    let instance = snapshot.instances.get(known.incident.process_instance.as_ref()?)?.get()?.as_ref()?;
    instance.business_key.as_ref().map(ToString::to_string)
}

/// Attempts left for what an incident is about, if that was read.
pub fn retries(known: &KnownIncident, snapshot: &Snapshot) -> Option<i64> {
    let configuration = known.incident.configuration.as_ref()?;
    match known.incident.kind.as_wire() {
        "failedJob" => Some(snapshot.jobs.get(&configuration.clone().into())?.get()?.as_ref()?.retries),
        "failedExternalTask" => snapshot.external_tasks.get(&configuration.clone().into())?.get()?.as_ref()?.retries,
        _ => None,
    }
}

/// Job definitions of one group whose jobs are counted, to tell which of its jobs have attempts again.
const COUNTED: usize = 5;

/// Groups of more incidents are not looked into: it is done for each that is on the screen.
const MOST_COUNTED: usize = 2_000;

/// Time after the newest incident of a group from which on its jobs and incidents are compared: clocks of engines tell whole seconds.
const SETTLED: jiff::SignedDuration = jiff::SignedDuration::from_secs(3);

/// The job definitions of a group whose jobs tell how many of them have attempts again; none where they are too many to count.
pub fn counted_definitions(group: &Group) -> Vec<JobDefinitionId> {
    let mut ids: Vec<JobDefinitionId> = Vec::new();
    if group.roots > MOST_COUNTED {
        return ids;
    }
    for known in group.incidents() {
        match &known.incident.job_definition {
            Some(id) if !ids.contains(id) => ids.push(id.clone()),
            Some(_) => {}
            None => return Vec::new(),
        }
        if ids.len() > COUNTED {
            return Vec::new();
        }
    }
    ids
}

/// Jobs that have attempts again although their incidents are open, as attempts that are given through a job definition leave them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    /// How many at least.
    pub jobs: u64,
    /// Of how many incidents.
    pub of: u64,
    /// Whether their job definitions are suspended.
    pub suspended: bool,
}

/// Those of a group, where its jobs were counted: fewer are out of retries than incidents are open.
pub fn again(group: &Group, snapshot: &Snapshot) -> Option<Again> {
    let ids = counted_definitions(group);
    let mut failed = 0;
    for id in &ids {
        let counted = snapshot.job_counts.get(id)?;
        failed += counted.get()?.failed;
        // Jobs and incidents are read at different times: what failed or was retried in between is no contradiction.
        let taken = counted.taken?;
        let settled = group.newest + SETTLED <= snapshot.engine.engine_time(taken) && snapshot.incidents.taken?.instant >= taken.instant;
        if !settled {
            return None;
        }
    }
    let of = group.roots as u64;
    let jobs = of.saturating_sub(failed);
    let rows = snapshot.job_definitions.get().map(Vec::as_slice).unwrap_or_default();
    let suspended = ids.iter().all(|id| rows.iter().any(|row| row.id == *id && row.suspended));
    (!ids.is_empty() && jobs > 0).then_some(Again { jobs, of, suspended })
}

impl Again {
    /// In few words, before the error of a group.
    pub fn short(self) -> String {
        let all = if self.jobs == self.of { String::new() } else { format!("{} of {} ", self.jobs, self.of) };
        format!("{all}retries left again{}", if self.suspended { ", SUSPENDED" } else { "" })
    }

    /// In a sentence.
    pub fn words(self) -> String {
        let have = if self.jobs == 1 { "has" } else { "have" };
        let then = if self.suspended { "SUSPENDED: does not run, and the incident stays open" } else { "the incident stays open until it succeeds" };
        format!("{} of {} {have} retries left again, {then}", self.jobs, plural(self.of, "job"))
    }
}

fn group_text(group: &Group, snapshot: &Snapshot) -> String {
    let place = naming::of_group(group, snapshot);
    let mut text = format!("{} {} {}", place.process, place.activity, group.key.kind);
    for part in [
        group.key.process.as_ref().map(ToString::to_string),
        group.key.activity.as_ref().map(ToString::to_string),
        group.key.tenant.as_ref().map(ToString::to_string),
    ]
    .into_iter()
    .flatten()
    {
        text.push(' ');
        text.push_str(&part);
    }
    for signature in &group.signatures {
        text.push(' ');
        text.push_str(&signature_text(signature, snapshot));
    }
    text
}

/// Where the incidents of a row failed, if that is not where they stand.
pub fn failed_at(row: &SignatureGroup, snapshot: &Snapshot) -> Option<String> {
    let failed = row.key.failed_at.as_ref()?;
    let definition = row.sample().and_then(|known| known.incident.process_definition.as_ref());
    Some(naming::failed_at(&snapshot.names(), definition, failed))
}

fn signature_text(row: &SignatureGroup, snapshot: &Snapshot) -> String {
    match failed_at(row, snapshot) {
        Some(failed) => format!("{failed} {} {}", row.key.failed_at.as_ref().map(ToString::to_string).unwrap_or_default(), row.key.signature),
        None => row.key.signature.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::model::example;
    use crate::model::section::Section;
    use crate::model::snapshot::JobCounts;

    /// The group of failed card payments, with so many of its jobs out of retries, counted so many seconds ago.
    fn told(failed: u64, age: u64, suspended: bool) -> Option<String> {
        let begin = example::noon();
        let now = begin.after(Duration::from_secs(120));
        let mut snapshot = example::snapshot(begin);
        let mut group = snapshot.groups.groups.iter().find(|group| group.key.activity == Some("charge-card".into())).expect("a group").clone();
        for known in group.signatures.iter_mut().flat_map(|row| &mut row.incidents) {
            Arc::make_mut(known).incident.job_definition = Some("jd-1".into());
        }
        let mut rows = snapshot.job_definitions.get().cloned().expect("job definitions");
        rows[0].id = "jd-1".into();
        rows[0].suspended = suspended;
        snapshot.job_definitions = Section { data: Some(Arc::new(rows)), ..snapshot.job_definitions.clone() };
        let mut counts: Section<JobCounts> = Section::default();
        counts.succeed(JobCounts { jobs: group.roots as u64, failed }, begin.after(Duration::from_secs(120 - age)));
        snapshot.job_counts = Arc::new(HashMap::from([("jd-1".into(), counts)]));
        snapshot.incidents.confirm(now);
        group.newest = now.wall - jiff::SignedDuration::from_secs(60);
        again(&group, &snapshot).map(Again::short)
    }

    #[test]
    fn incidents_whose_jobs_have_attempts_again_are_told_only_where_both_were_read_after_all_had_failed() {
        let roots = example::snapshot(example::noon())
            .groups
            .groups
            .iter()
            .find(|group| group.key.activity == Some("charge-card".into()))
            .map(|group| group.roots as u64);
        let roots = roots.expect("a group");
        assert_eq!(told(roots, 5, false), None);
        assert_eq!(told(0, 5, false).as_deref(), Some("retries left again"));
        assert_eq!(told(0, 5, true).as_deref(), Some("retries left again, SUSPENDED"));
        assert_eq!(told(roots - 1, 5, false), Some(format!("1 of {roots} retries left again")));
        assert_eq!(told(0, 59, false), None, "counted before the newest failed: that says nothing");
    }
}
