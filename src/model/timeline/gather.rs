//! What was read of an instance's past so far. Pages are taken in as they come and never forgotten, so that new events at the front
//! cannot push others out between two readings.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use super::{Part, PastPage, PastRows};
use crate::model::case::CasesAbove;
use crate::model::history::{HistoricActivity, HistoricIncident, HistoricInstance, JobLogEntry, UserOperation, VariableUpdate};
use crate::model::ids::IncidentId;
use crate::model::section::Problem;
use crate::text::EngineText;

/// All that was read.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// The instance as the history last told it.
    pub instance: Option<HistoricInstance>,
    /// The cases that called it, where no process did.
    pub cases: Option<CasesAbove>,
    /// Visits to activities.
    pub visits: BTreeMap<EngineText, HistoricActivity>,
    /// Log of the jobs.
    pub jobs: BTreeMap<EngineText, JobLogEntry>,
    /// Operations of users, by row.
    pub operations: BTreeMap<EngineText, UserOperation>,
    /// Changes of variables.
    pub variables: BTreeMap<EngineText, VariableUpdate>,
    /// Incidents.
    pub incidents: BTreeMap<IncidentId, HistoricIncident>,
    reach: BTreeMap<Part, Reach>,
}

/// How far back a part was read.
#[derive(Clone, Debug, Default)]
struct Reach {
    ids: HashSet<EngineText>,
    since: Option<Timestamp>,
    deepest: u32,
    more: bool,
    cut: Option<Problem>,
}

impl Gathered {
    /// Takes a page in. The newest page that is full and shares no row with what is known left a hole behind: what lies beyond it is
    /// forgotten and can be read again.
    pub fn take(&mut self, part: Part, page: u32, answer: &PastPage) {
        let times = times(part, &answer.rows);
        let known = self.reach.get(&part);
        let hole = page == 0 && answer.more && known.is_some_and(|reach| !reach.ids.is_empty() && !times.iter().any(|(id, _)| reach.ids.contains(id)));
        if hole {
            self.forget(part);
        }
        let reach = self.reach.entry(part).or_default();
        if page >= reach.deepest {
            reach.deepest = page;
            reach.more = answer.more;
            reach.cut.clone_from(&answer.cut);
        }
        reach.since = times.iter().map(|(_, at)| *at).chain(reach.since).min();
        reach.ids.extend(times.into_iter().map(|(id, _)| id));
        self.keep(&answer.rows);
    }

    fn keep(&mut self, rows: &PastRows) {
        match rows {
            PastRows::Activities(rows) => {
                for row in rows {
                    // Two lists tell of the same visit and are not read in the same moment: the end of a visit is final.
                    if row.ended.is_some() || self.visits.get(&row.id).is_none_or(|known| known.ended.is_none()) {
                        self.visits.insert(row.id.clone(), row.clone());
                    }
                }
            }
            PastRows::Jobs(rows) => self.jobs.extend(rows.iter().map(|row| (row.id.clone(), row.clone()))),
            PastRows::Operations(rows) => self.operations.extend(rows.iter().map(|row| (row.id.clone(), row.clone()))),
            PastRows::Variables(rows) => self.variables.extend(rows.iter().map(|row| (row.id.clone(), row.clone()))),
            PastRows::Incidents(rows) => self.incidents.extend(rows.iter().map(|row| (row.incident.id.clone(), row.clone()))),
        }
    }

    fn forget(&mut self, part: Part) {
        self.reach.remove(&part);
        match part {
            Part::Entered | Part::Left => {
                let other = if part == Part::Left { Part::Entered } else { Part::Left };
                let kept = self.reach.get(&other).map(|reach| &reach.ids);
                self.visits.retain(|id, _| kept.is_some_and(|kept| kept.contains(id)));
            }
            Part::Jobs => self.jobs.clear(),
            Part::Operations => self.operations.clear(),
            Part::Variables => self.variables.clear(),
            Part::Incidents => self.incidents.clear(),
        }
    }

    /// Whether anything of a part has been read.
    pub fn was_read(&self, part: Part) -> bool {
        self.reach.contains_key(&part)
    }

    /// The deepest page of a part that was read; none before the first.
    pub fn deepest(&self, part: Part) -> Option<u32> {
        self.reach.get(&part).map(|reach| reach.deepest)
    }

    /// Whether a part was read and told nothing.
    pub fn is_blank(&self, part: Part) -> bool {
        self.reach.get(&part).is_some_and(|reach| reach.ids.is_empty())
    }

    /// Parts with older rows that can be read.
    pub fn unfinished(&self) -> Vec<Part> {
        self.reach.iter().filter(|(_, reach)| reach.more).map(|(part, _)| *part).collect()
    }

    /// Parts with older rows that cannot be read, and why.
    pub fn cut(&self) -> Vec<(Part, &Problem)> {
        self.reach.iter().filter_map(|(part, reach)| Some((*part, reach.cut.as_ref()?))).collect()
    }

    /// From this moment on all parts are known; before it something may be missing. None if everything is known.
    pub fn complete_since(&self) -> Option<Timestamp> {
        self.reach.values().filter(|reach| reach.more || reach.cut.is_some()).filter_map(|reach| reach.since).max()
    }
}

/// Id of each row and the moment by which its part is sorted.
fn times(part: Part, rows: &PastRows) -> Vec<(EngineText, Timestamp)> {
    match rows {
        PastRows::Activities(rows) => {
            let at = |row: &HistoricActivity| if part == Part::Left { row.ended.unwrap_or(row.started) } else { row.started };
            rows.iter().map(|row| (row.id.clone(), at(row))).collect()
        }
        PastRows::Jobs(rows) => rows.iter().map(|row| (row.id.clone(), row.at)).collect(),
        PastRows::Operations(rows) => rows.iter().map(|row| (row.id.clone(), row.at)).collect(),
        PastRows::Variables(rows) => rows.iter().map(|row| (row.id.clone(), row.at)).collect(),
        PastRows::Incidents(rows) => rows.iter().map(|row| (row.incident.id.text().clone(), row.incident.created)).collect(),
    }
}
