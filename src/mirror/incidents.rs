//! The mirror of open incidents.
//!
//! The engine is asked for a count and for what is newer than the newest known row. Where both agree with what is known,
//! nothing else is asked; where they differ, something was resolved or deleted and all rows are read again. A migration or an
//! annotation changes neither: whoever compares the rows with other counts has those of one definition read again, or all of them. An index by
//! instance and by cause goes with the rows: whoever draws looks up in it.

use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::model::grouping::KnownIncident;
use crate::model::ids::{IncidentId, ProcessDefinitionId};
use crate::model::incident::Incident;
use crate::model::incident_index::IncidentIndex;
use crate::text::EngineText;
use crate::triage::{Signature, signature};

/// Rows asked for at once: about 7 MB on the wire. An engine with 100,000 incidents needs nearly as long for half as many (Camunda 7.24 on
/// PostgreSQL: 1.8 s for 5,000 and 1.9 s for 10,000 with authorizations on).
pub const PAGE_SIZE: usize = 10_000;

/// A row may become visible some time after the moment it carries, because its transaction commits later.
const OVERLAP: SignedDuration = SignedDuration::from_secs(5);

/// What to ask next to bring the mirror up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IncidentStep {
    /// `incident/count`.
    Count,
    /// Incidents created after this time.
    Newer {
        /// Lower bound on the engine's clock.
        after: Timestamp,
    },
    /// A page of all incidents, ordered by creation.
    Page {
        /// Lower bound on the engine's clock; none for the first page.
        after: Option<Timestamp>,
        /// Rows to skip, for bursts that fill more than a page in one millisecond.
        skip: usize,
    },
    /// The incidents of one definition, as many as fit a page.
    OfDefinition {
        /// Which.
        definition: ProcessDefinitionId,
    },
}

/// What is known of the open incidents.
#[derive(Debug, Default)]
pub struct IncidentMirror {
    rows: Arc<HashMap<IncidentId, Arc<KnownIncident>>>,
    /// The same rows by instance and by cause, once all of them were read.
    index: Arc<IncidentIndex>,
    /// Rows of a full reading under way.
    reading: Option<HashMap<IncidentId, Arc<KnownIncident>>>,
    counted: u64,
    complete: bool,
    /// Whether all rows are to be read again next time.
    distrusted: bool,
    /// Definitions whose rows are to be read again.
    again: Vec<ProcessDefinitionId>,
    /// Rows that did not come with those of their definition: they must turn up with another one, or something was resolved.
    missing: HashMap<IncidentId, ProcessDefinitionId>,
    changes: u64,
    full_readings: u64,
    step: Option<IncidentStep>,
    signatures: HashMap<EngineText, Signature>,
}

impl IncidentMirror {
    /// What to ask now.
    pub fn step(&self) -> IncidentStep {
        self.step.clone().unwrap_or(IncidentStep::Count)
    }

    /// Whether a reading is under way that needs further answers.
    pub fn mid_reading(&self) -> bool {
        self.step.is_some()
    }

    /// All rows known; while the first reading runs, those read so far.
    pub fn rows(&self) -> &Arc<HashMap<IncidentId, Arc<KnownIncident>>> {
        &self.rows
    }

    /// All rows known by instance and by cause; empty while the first reading runs.
    pub fn index(&self) -> &Arc<IncidentIndex> {
        &self.index
    }

    /// What the engine counted last.
    pub fn counted(&self) -> u64 {
        self.counted
    }

    /// Whether all incidents have been read at least once.
    pub fn complete(&self) -> bool {
        self.complete
    }

    /// Drops the reading under way after a failed request; what is known stays.
    pub fn interrupt(&mut self) {
        self.reading = None;
        self.step = None;
        self.again.clear();
    }

    /// Asks for a full reading next time.
    pub fn distrust(&mut self) {
        self.distrusted = true;
    }

    /// How often rows were found to have come, gone or changed.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// How often all rows were read.
    pub fn full_readings(&self) -> u64 {
        self.full_readings
    }

    /// Reads the rows of these definitions again, now. Only between two readings.
    pub fn read_again(&mut self, definitions: Vec<ProcessDefinitionId>) {
        if self.step.is_none() {
            self.again = definitions;
            self.missing.clear();
            self.next_definition();
        }
    }

    /// Reads all rows again, now. Only between two readings.
    pub fn read_all_again(&mut self) {
        if self.step.is_none() {
            self.read_all();
        }
    }

    fn next_definition(&mut self) {
        self.step = self.again.pop().map(|definition| IncidentStep::OfDefinition { definition });
    }

    /// Applies the answer to [`IncidentStep::Count`].
    pub fn apply_count(&mut self, count: u64) {
        self.counted = count;
        if count == 0 {
            self.changes += u64::from(!self.rows.is_empty());
            self.rows = Arc::default();
            self.finish(true);
        } else if !self.complete || self.distrusted {
            self.read_all();
        } else {
            let newest = self.rows.values().map(|known| known.incident.created).max();
            match newest {
                Some(newest) => self.step = Some(IncidentStep::Newer { after: newest.saturating_sub(OVERLAP).unwrap_or(Timestamp::MIN) }),
                None => self.read_all(),
            }
        }
    }

    /// Applies the answer to [`IncidentStep::Newer`].
    pub fn apply_newer(&mut self, rows: Vec<Incident>) {
        let fits = rows.len() < PAGE_SIZE;
        let unknown: Vec<_> = rows.into_iter().filter(|row| !self.rows.contains_key(&row.id)).collect();
        let new: Vec<_> = unknown.into_iter().map(|row| self.know(row)).collect();
        if !fits || (self.rows.len() + new.len()) as u64 != self.counted {
            self.read_all();
            return;
        }
        if !new.is_empty() {
            let known = Arc::make_mut(&mut self.rows);
            known.extend(new.into_iter().map(|row| (row.incident.id.clone(), row)));
            self.index_rows();
            self.changes += 1;
        }
        self.step = None;
    }

    /// Applies the answer to [`IncidentStep::OfDefinition`].
    pub fn apply_of_definition(&mut self, rows: Vec<Incident>) {
        let Some(IncidentStep::OfDefinition { definition }) = self.step.clone() else { return };
        if rows.len() >= PAGE_SIZE {
            self.again.clear();
            self.read_all();
            return;
        }
        let read: Vec<_> = rows.into_iter().map(|row| self.know(row)).collect();
        let came: HashSet<&IncidentId> = read.iter().map(|row| &row.incident.id).collect();
        let known = self.rows.values().filter(|known| known.incident.process_definition.as_ref() == Some(&definition));
        let absent = known.filter(|known| !came.contains(&known.incident.id)).map(|known| (known.incident.id.clone(), definition.clone()));
        self.missing.extend(absent);
        let same = |row: &Arc<KnownIncident>| self.rows.get(&row.incident.id).is_some_and(|known| Arc::ptr_eq(known, row));
        let news: Vec<_> = read.iter().filter(|row| !same(row)).cloned().collect();
        if !news.is_empty() {
            let known = Arc::make_mut(&mut self.rows);
            known.extend(news.into_iter().map(|row| (row.incident.id.clone(), row)));
            self.index_rows();
            self.changes += 1;
        }
        self.next_definition();
        if self.step.is_none() {
            let still = |(id, definition): (&IncidentId, &ProcessDefinitionId)| {
                self.rows.get(id).is_some_and(|known| known.incident.process_definition.as_ref() == Some(definition))
            };
            let lost = self.missing.iter().any(still);
            self.missing.clear();
            if lost || self.rows.len() as u64 != self.counted {
                self.read_all();
            }
        }
    }

    /// Applies the answer to [`IncidentStep::Page`].
    pub fn apply_page(&mut self, rows: Vec<Incident>) {
        let Some(IncidentStep::Page { after, skip }) = self.step.clone() else { return };
        let full = rows.len() >= PAGE_SIZE;
        let newest = rows.iter().map(|row| row.created).max();
        let rows: Vec<_> = rows.into_iter().map(|row| self.know(row)).collect();
        let reading = self.reading.get_or_insert_default();
        let before = reading.len();
        reading.extend(rows.into_iter().map(|row| (row.incident.id.clone(), row)));
        let grew = reading.len() > before;
        if full && (grew || skip == 0) {
            // The lower bound steps back a millisecond, so that rows of the same millisecond are not lost between two pages.
            let bound = newest.and_then(|newest| newest.checked_sub(SignedDuration::from_millis(1)).ok());
            let skip = if bound == after { skip + PAGE_SIZE } else { 0 };
            self.step = Some(IncidentStep::Page { after: bound, skip });
            if !self.complete {
                self.rows = Arc::new(reading.clone());
            }
            return;
        }
        let rows = mem::take(reading);
        let same = rows.len() == self.rows.len() && rows.iter().all(|(id, row)| self.rows.get(id).is_some_and(|known| Arc::ptr_eq(known, row)));
        if !same {
            self.rows = Arc::new(rows);
            self.changes += 1;
        }
        // Rows may come and go while pages are read; the rows read are what the figures are made of.
        self.counted = self.rows.len() as u64;
        self.finish(true);
    }

    fn read_all(&mut self) {
        self.reading = Some(HashMap::new());
        self.step = Some(IncidentStep::Page { after: None, skip: 0 });
    }

    fn finish(&mut self, complete: bool) {
        self.reading = None;
        self.step = None;
        self.distrusted = false;
        self.complete = complete;
        self.full_readings += 1;
        self.index_rows();
        let rows = &self.rows;
        if self.signatures.len() > 2 * rows.len() + 1_000 {
            self.signatures.clear();
        }
    }

    fn index_rows(&mut self) {
        self.index = Arc::new(IncidentIndex::of(&self.rows, &self.index));
    }

    /// Shares what was known before: an unchanged row keeps its storage, an equal message its signature.
    fn know(&mut self, incident: Incident) -> Arc<KnownIncident> {
        if let Some(known) = self.rows.get(&incident.id)
            && known.incident == incident
        {
            return Arc::clone(known);
        }
        let message = incident.message.clone().unwrap_or_else(|| EngineText::from(""));
        let signature = self.signatures.entry(message).or_insert_with_key(|message| signature(message.as_wire())).clone();
        Arc::new(KnownIncident { incident, signature })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn incident(number: u64, millis: i64) -> Incident {
        let id = IncidentId::new(format!("incident-{number}"));
        Incident {
            kind: "failedJob".into(),
            process_definition: None,
            process_instance: None,
            execution: None,
            activity: None,
            failed_activity: None,
            cause: Some(id.clone()),
            root_cause: Some(id.clone()),
            configuration: None,
            message: Some(EngineText::from(format!("boom {number}"))),
            tenant: None,
            job_definition: None,
            annotation: None,
            created: Timestamp::from_millisecond(1_700_000_000_000 + millis).unwrap(),
            id,
        }
    }

    /// Answers like an engine that holds `world`.
    fn answer(mirror: &mut IncidentMirror, world: &[Incident]) -> usize {
        let mut requests = 0;
        loop {
            requests += 1;
            match mirror.step() {
                IncidentStep::Count => mirror.apply_count(world.len() as u64),
                IncidentStep::Newer { after } => {
                    let mut rows: Vec<_> = world.iter().filter(|row| row.created > after).cloned().collect();
                    rows.truncate(PAGE_SIZE);
                    mirror.apply_newer(rows);
                }
                IncidentStep::Page { after, skip } => {
                    let mut rows: Vec<_> = world.iter().filter(|row| after.is_none_or(|after| row.created > after)).cloned().collect();
                    rows.sort_by(|a, b| a.created.cmp(&b.created).then_with(|| a.id.cmp(&b.id)));
                    mirror.apply_page(rows.into_iter().skip(skip).take(PAGE_SIZE).collect());
                }
                IncidentStep::OfDefinition { definition } => {
                    let rows = world.iter().filter(|row| row.process_definition.as_ref() == Some(&definition)).take(PAGE_SIZE);
                    mirror.apply_of_definition(rows.cloned().collect());
                }
            }
            if !mirror.mid_reading() {
                return requests;
            }
            assert!(requests < 100, "the mirror never settles");
        }
    }

    fn ids(mirror: &IncidentMirror) -> Vec<IncidentId> {
        let mut ids: Vec<_> = mirror.rows().keys().cloned().collect();
        ids.sort();
        ids
    }

    fn world_ids(world: &[Incident]) -> Vec<IncidentId> {
        let mut ids: Vec<_> = world.iter().map(|row| row.id.clone()).collect();
        ids.sort();
        ids
    }

    #[test]
    fn nothing_new_costs_a_count_and_an_empty_page() {
        let world: Vec<_> = (0..20).map(|number| incident(number, number as i64 * 60_000)).collect();
        let mut mirror = IncidentMirror::default();
        assert_eq!(answer(&mut mirror, &world), 2);
        assert_eq!(answer(&mut mirror, &world), 2);
        assert_eq!(mirror.step(), IncidentStep::Count);
    }

    #[test]
    fn new_incidents_are_added_without_reading_the_old_ones_again() {
        let mut world: Vec<_> = (0..20).map(|number| incident(number, number as i64)).collect();
        let mut mirror = IncidentMirror::default();
        answer(&mut mirror, &world);
        world.push(incident(99, 70_000));
        assert_eq!(answer(&mut mirror, &world), 2);
        assert_eq!(ids(&mirror), world_ids(&world));
    }

    #[test]
    fn a_resolved_incident_replaced_by_a_new_one_is_noticed_although_the_count_stands() {
        let mut world: Vec<_> = (0..20).map(|number| incident(number, number as i64)).collect();
        let mut mirror = IncidentMirror::default();
        answer(&mut mirror, &world);
        world.remove(3);
        world.push(incident(99, 70_000));
        answer(&mut mirror, &world);
        assert_eq!(ids(&mirror), world_ids(&world));
    }

    #[test]
    fn a_burst_of_more_than_a_page_in_one_millisecond_is_read_completely() {
        let world: Vec<_> = (0..(PAGE_SIZE as u64 * 2 + 7)).map(|number| incident(number, 5)).collect();
        let mut mirror = IncidentMirror::default();
        answer(&mut mirror, &world);
        assert_eq!(mirror.rows().len(), world.len());
        assert!(mirror.complete());
    }

    #[test]
    fn an_interrupted_reading_keeps_what_was_known() {
        let mut world: Vec<_> = (0..20).map(|number| incident(number, number as i64)).collect();
        let mut mirror = IncidentMirror::default();
        answer(&mut mirror, &world);
        mirror.distrust();
        mirror.apply_count(20);
        assert!(mirror.mid_reading());
        mirror.interrupt();
        assert_eq!(mirror.rows().len(), 20);
        world.clear();
        answer(&mut mirror, &world);
        assert_eq!(mirror.rows().len(), 0);
    }

    #[test]
    fn a_change_that_neither_count_nor_time_shows_is_found_by_the_next_full_reading() {
        let mut world: Vec<_> = (0..20).map(|number| incident(number, number as i64)).collect();
        let mut mirror = IncidentMirror::default();
        answer(&mut mirror, &world);
        world[4].process_definition = Some("migrated:2:x".into());
        let changes = mirror.changes();
        answer(&mut mirror, &world);
        assert_eq!((mirror.rows()[&world[4].id].incident.process_definition.clone(), mirror.changes()), (None, changes));
        mirror.distrust();
        answer(&mut mirror, &world);
        assert_eq!(mirror.changes(), changes + 1);
        assert_eq!(mirror.rows()[&world[4].id].incident.process_definition, Some("migrated:2:x".into()));
    }

    fn of(definition: &str, number: u64) -> Incident {
        Incident { process_definition: Some(definition.into()), ..incident(number, number as i64) }
    }

    #[test]
    fn incidents_that_were_migrated_are_found_by_reading_both_definitions_and_nothing_else() {
        let mut world: Vec<_> = (0..20).map(|number| of(if number < 5 { "claim:1:x" } else { "other:1:x" }, number)).collect();
        let mut mirror = IncidentMirror::default();
        answer(&mut mirror, &world);
        for row in world.iter_mut().take(5) {
            row.process_definition = Some("claim:2:x".into());
        }
        let full = mirror.full_readings();
        mirror.read_again(vec!["claim:1:x".into(), "claim:2:x".into()]);
        assert_eq!(answer(&mut mirror, &world), 2);
        assert!(world.iter().all(|row| mirror.rows()[&row.id].incident == *row));
        assert_eq!(mirror.full_readings(), full, "no full reading");
    }

    #[test]
    fn a_row_that_turns_up_at_no_definition_has_all_rows_read() {
        let mut world: Vec<_> = (0..9).map(|number| of("claim:1:x", number)).collect();
        let mut mirror = IncidentMirror::default();
        answer(&mut mirror, &world);
        world[0].process_definition = Some("claim:2:x".into());
        let full = mirror.full_readings();
        mirror.read_again(vec!["claim:1:x".into()]);
        answer(&mut mirror, &world);
        assert_eq!(mirror.full_readings(), full + 1);
        assert!(world.iter().all(|row| mirror.rows()[&row.id].incident == *row));
    }

    proptest! {
        #[test]
        fn mirror_equals_a_fresh_reading_after_any_changes(steps in prop::collection::vec((0u64..30, any::<bool>()), 0..40)) {
            let mut world: Vec<Incident> = Vec::new();
            let mut mirror = IncidentMirror::default();
            let mut clock = 0;
            let mut serial = 0;
            for (pick, add) in steps {
                clock += 1_000;
                if add || world.is_empty() {
                    serial += 1;
                    world.push(incident(serial, clock));
                } else {
                    let index = usize::try_from(pick).unwrap() % world.len();
                    world.remove(index);
                }
                if pick % 3 == 0 {
                    answer(&mut mirror, &world);
                    prop_assert_eq!(ids(&mirror), world_ids(&world));
                    for row in &world {
                        prop_assert_eq!(mirror.index().caused_by(&row.id).len(), 1, "the index follows");
                    }
                }
            }
        }
    }
}
