//! When the incidents that are known were compared with the engine last, definition by definition.
//!
//! Neither a count nor a time shows a migration: an incident keeps its id and its moment and stands on another definition afterwards. The
//! statistics, which are read anyway, count root incidents per definition; where they differ from what is known although nothing changed in
//! between, the incidents of that definition are read again. A note that somebody else wrote shows in no count at all: for that all rows are
//! read anew now and then, and whenever the comparison falls behind its promise.

use std::collections::HashMap;
use std::time::Duration;

use super::Picture;
use crate::mirror::PAGE_SIZE;
use crate::model::ids::ProcessDefinitionId;
use crate::model::section::Moment;
use crate::model::statistics::ProcessStatistics;
use crate::text::EngineText;

/// The longest age of the comparison: then all rows are read anew.
pub const PROMISE: Duration = Duration::from_secs(300);

/// How long the rows of an engine with more incidents than one page are not read anew for what shows in no count.
const NOTES_OF_MANY: Duration = Duration::from_secs(1_800);

/// Definitions whose incidents are read again one by one; where more differ, all rows are read.
const ONE_BY_ONE: usize = 5;

/// Root incidents of one definition, by type.
type Counts = HashMap<EngineText, u64>;

/// How far the comparison has come.
#[derive(Debug, Default)]
pub(super) struct Check {
    /// When the statistics were asked for, and how often the incidents had changed until then.
    asked: Option<(Moment, u64)>,
    /// Whether they have come and wait for the next reading of the incidents.
    waits: bool,
    /// Incidents of definitions that differ are being read; the moment they will have been compared at.
    reading: Option<Moment>,
    /// Definitions that differed, were read again and differ still, such as for a login that may not see all: told once.
    accepted: HashMap<ProcessDefinitionId, (Counts, Counts)>,
    /// When the reading of incidents under way began.
    counted: Option<Moment>,
    /// Full readings until now.
    full_readings: u64,
    /// When all rows were read last.
    full: Option<Moment>,
    /// When definitions were compared last, or all rows read.
    checked: Option<Moment>,
}

impl Check {
    /// When the incidents were compared definition by definition last.
    pub(super) fn checked(&self) -> Option<Moment> {
        self.checked
    }

    fn is_full_due(&self, incidents: u64, now: Moment) -> bool {
        let notes = if incidents <= PAGE_SIZE as u64 { PROMISE } else { NOTES_OF_MANY };
        let older = |since: Option<Moment>, than| since.is_none_or(|since| now.since(since) >= than);
        older(self.full, notes) || older(self.checked, PROMISE)
    }
}

impl Picture {
    /// Notes that the statistics are asked for.
    pub(super) fn statistics_asked(&mut self, now: Moment) {
        self.check.asked = Some((now, self.mirror.changes()));
    }

    /// Notes that they have come: they are compared once the incidents were looked at after them.
    pub(super) fn statistics_arrived(&mut self) {
        self.check.waits = true;
    }

    /// Before a count of incidents is taken in: whether all rows are to be read anew.
    pub(super) fn incidents_counted(&mut self, count: u64, now: Moment) {
        self.check.counted = Some(now);
        if self.mirror.complete() && self.check.is_full_due(count, now) {
            self.mirror.distrust();
        }
    }

    /// After an answer of the incidents was taken in.
    pub(super) fn check_definitions(&mut self) {
        if self.mirror.mid_reading() || !self.mirror.complete() {
            return;
        }
        if self.check.full_readings != self.mirror.full_readings() {
            self.check.full_readings = self.mirror.full_readings();
            (self.check.full, self.check.checked) = (self.check.counted, self.check.counted);
        }
        let settled = self.check.reading.take();
        if let Some(at) = settled {
            self.check.checked = self.check.checked.filter(|checked| checked.instant >= at.instant).or(Some(at));
        }
        let waits = std::mem::take(&mut self.check.waits);
        let Some((at, changes)) = self.check.asked.filter(|_| waits || settled.is_some()) else { return };
        if changes != self.mirror.changes() && settled.is_none() {
            // Something came or went meanwhile: what differs may be just that. The next statistics tell.
            return;
        }
        // Statistics that cannot be compared leave the age of the comparison growing, until all rows are read.
        let Some(differing) = self.differing() else { return };
        if settled.is_some() {
            self.check.accepted.extend(differing);
            return;
        }
        self.check.accepted.retain(|id, counts| differing.get(id) == Some(counts));
        let news: Vec<ProcessDefinitionId> = differing.into_keys().filter(|id| !self.check.accepted.contains_key(id)).collect();
        match news.len() {
            0 => self.check.checked = self.check.checked.filter(|checked| checked.instant >= at.instant).or(Some(at)),
            1..=ONE_BY_ONE => {
                self.check.reading = Some(at);
                self.mirror.read_again(news);
            }
            _ => {
                self.check.reading = Some(at);
                self.mirror.read_all_again();
            }
        }
    }

    /// Definitions whose root incidents are others than the statistics count, with both counts; none where these are of a login that may not
    /// read them.
    fn differing(&self) -> Option<HashMap<ProcessDefinitionId, (Counts, Counts)>> {
        let statistics = self.statistics.get()?;
        let mut known: HashMap<&ProcessDefinitionId, Counts> = HashMap::new();
        for incident in self.mirror.rows().values().map(|known| &known.incident).filter(|incident| incident.is_root()) {
            if let Some(id) = &incident.process_definition {
                *known.entry(id).or_default().entry(incident.kind.clone()).or_default() += 1;
            }
        }
        let told = |row: &ProcessStatistics| row.root_incidents.iter().filter(|tally| tally.count > 0).map(|tally| (tally.kind.clone(), tally.count)).collect();
        let told: HashMap<&ProcessDefinitionId, Counts> = statistics.iter().map(|row| (&row.definition.id, told(row))).collect();
        if told.values().all(HashMap::is_empty) && !known.is_empty() {
            return None;
        }
        let of = |counts: &HashMap<&ProcessDefinitionId, Counts>, id: &ProcessDefinitionId| counts.get(id).cloned().unwrap_or_default();
        let ids: std::collections::HashSet<&ProcessDefinitionId> = told.keys().chain(known.keys()).copied().collect();
        Some(ids.into_iter().map(|id| (id.clone(), (of(&told, id), of(&known, id)))).filter(|(_, (told, known))| told != known).collect())
    }

    /// Another login sees other incidents.
    pub(super) fn forget_check(&mut self) {
        self.check = Check { full_readings: self.mirror.full_readings(), ..Check::default() };
    }
}
