//! The mirror of open incidents.
//!
//! The engine is asked for a count and for what is newer than the newest known row. Where both agree with what is known,
//! nothing else is asked; where they differ, something was resolved or deleted and all rows are read again. A migration or an
//! annotation changes neither, so a full reading is due now and then all the same. An index by instance and by cause goes with the rows: whoever
//! draws looks up in it.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::model::grouping::KnownIncident;
use crate::model::ids::IncidentId;
use crate::model::incident::Incident;
use crate::model::incident_index::IncidentIndex;
use crate::text::EngineText;
use crate::triage::{Signature, signature};

/// Rows asked for at once: about 7 MB on the wire. An engine with 100,000 incidents needs nearly as long for half as many (Camunda 7.24 on
/// PostgreSQL: 1.8 s for 5,000 and 1.9 s for 10,000 with authorizations on).
pub const PAGE_SIZE: usize = 10_000;

/// A row may become visible some time after the moment it carries, because its transaction commits later.
const OVERLAP: SignedDuration = SignedDuration::from_secs(5);

/// Agreeing readings after which all rows are read again, for what neither count nor time shows.
const AGREEMENTS_BEFORE_FULL: u32 = 150;

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
    agreements: u32,
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
    }

    /// Asks for a full reading next time.
    pub fn distrust(&mut self) {
        self.agreements = AGREEMENTS_BEFORE_FULL;
    }

    /// Applies the answer to [`IncidentStep::Count`].
    pub fn apply_count(&mut self, count: u64) {
        self.counted = count;
        if count == 0 {
            self.rows = Arc::default();
            self.finish(true);
        } else if !self.complete || self.agreements >= AGREEMENTS_BEFORE_FULL {
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
        }
        self.agreements += 1;
        self.step = None;
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
        self.rows = Arc::new(mem::take(reading));
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
        self.agreements = 0;
        self.complete = complete;
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
        for _ in 0..=AGREEMENTS_BEFORE_FULL {
            answer(&mut mirror, &world);
        }
        assert_eq!(mirror.rows()[&world[4].id].incident.process_definition, Some("migrated:2:x".into()));
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
