//! The results of a search: what was found in one list of all kinds, and below it what may be asked besides. A list of the instances of one
//! process definition, or of those at one of its activities, is such a page too: it has a place instead of a text.
//!
//! Nothing here is polled: a search is sent once, when the operator asks for it. Rows that come later are added below what is asked
//! for, and never move the cursor.

mod known;
mod rows;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Contents, rows_in};
use crate::app::keymap::Context;
use crate::app::list::{ListState, Motion};
use crate::model::history::HistoryLevel;
use crate::model::ids::ProcessDefinitionId;
use crate::model::ids::ProcessInstanceId;
use crate::model::inquiry::Inquiry;
use crate::model::search::{Found, Hit, HitKey, Needle, Part, Place, Search, Source};
use crate::model::section::{Moment, Problem};
use crate::model::snapshot::{IncidentSet, Link, Snapshot};
use crate::poll::command::Looking;

pub use self::known::Known;
pub use self::rows::{Content, Row, RowKey};

/// What came of asking one source.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Everything read so far.
    pub hits: Vec<Hit>,
    /// How many there are in all, where that was counted.
    pub total: Option<u64>,
    /// Whether there are more pages.
    pub more: bool,
    /// Pages read.
    pub pages: u32,
    /// Why the last question failed.
    pub problem: Option<Problem>,
    /// Whether the last question was given up.
    pub given_up: bool,
}

/// A search that was sent and not answered yet.
#[derive(Clone, Debug)]
pub struct Running {
    /// The search.
    pub search: Search,
    /// When it was sent.
    pub since: Moment,
}

/// Open incidents of one instance that was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// Causes.
    pub roots: usize,
    /// Incidents from below.
    pub blocked: usize,
}

/// Page of the results of one search.
#[derive(Clone, Debug)]
pub struct ResultsPage {
    /// The text.
    pub needle: Needle,
    /// The place whose instances are listed, where it is that and not a search for the text.
    pub place: Option<Place>,
    /// What the picture knew when the search was sent.
    pub known: Known,
    /// What the engine told, by source.
    pub asked: HashMap<Source, Asked>,
    /// The rows.
    pub rows: Vec<Row>,
    /// Where the cursor is.
    pub list: ListState<RowKey>,
    /// What is under way.
    pub running: Option<Running>,
    /// When the last answer came.
    pub read: Option<Moment>,
    /// What the history keeps and this login may read of it: decides what finding nothing there means.
    pub history: HistoryLevel,
    trouble: HashMap<ProcessInstanceId, Trouble>,
    /// The incidents that `trouble` was counted in.
    counted: Option<IncidentSet>,
    moved: bool,
}

impl ResultsPage {
    /// A page with what the picture knows already.
    pub fn new(needle: Needle, snapshot: &Snapshot) -> Self {
        let mut page = Self {
            known: Known::search(&needle, snapshot),
            needle,
            place: None,
            asked: HashMap::new(),
            rows: Vec::new(),
            list: ListState::default(),
            running: None,
            read: None,
            history: snapshot.history,
            trouble: HashMap::new(),
            counted: None,
            moved: false,
        };
        page.arrange();
        page
    }

    /// A page of the instances of a place, which is called so.
    pub fn of_place(place: Place, name: Needle, snapshot: &Snapshot) -> Self {
        let mut page = Self::new(name, snapshot);
        page.place = Some(place);
        page.known = Known::default();
        page.arrange();
        page
    }

    /// The sources of the first questions.
    pub fn first_sources(&self) -> Vec<Source> {
        self.place.as_ref().map_or_else(|| Source::cheap(&self.needle), Place::sources)
    }

    /// What is asked at once. An open incident that the picture holds needs no question.
    pub fn cheap(&self, snapshot: &Snapshot) -> Vec<Source> {
        let mut sources = self.first_sources();
        if snapshot.incident(&self.needle.text().clone().into()).is_some() {
            sources.retain(|source| *source != Source::Incident);
        }
        sources
    }

    /// Notes that a search was sent. One that was under way is given up by it.
    pub fn begin(&mut self, search: Search, now: Moment) {
        self.give_up();
        for source in &search.sources {
            // What is known of it, a problem included, stays until the answer comes.
            self.asked.entry(source.clone()).or_default();
        }
        self.running = Some(Running { search, since: now });
        self.arrange();
    }

    /// Forgets the search under way; false if there is none. Its answer would come too late.
    pub fn give_up(&mut self) -> bool {
        let Some(running) = self.running.take() else { return false };
        for source in &running.search.sources {
            self.asked.entry(source.clone()).or_default().given_up = true;
        }
        self.arrange();
        true
    }

    /// Takes the answers in, if it is these that are waited for.
    pub fn fill(&mut self, found: &Found) {
        if self.running.as_ref().is_none_or(|running| running.search.number != found.search.number) {
            return;
        }
        self.running = None;
        self.read = Some(found.read);
        for (source, answer) in &found.parts {
            let asked = self.asked.entry(source.clone()).or_default();
            asked.given_up = false;
            match answer {
                Ok(part) => take(asked, part, found.search.page),
                Err(problem) => asked.problem = Some(problem.clone()),
            }
        }
        self.counted = None;
        self.arrange();
    }

    /// Searches the picture again and drops what was read.
    pub fn start_anew(&mut self, snapshot: &Snapshot) {
        self.give_up();
        self.search_known(snapshot);
        self.asked.clear();
        self.list = self.list.emptied();
        self.moved = false;
        self.arrange();
    }

    /// Searches the picture; the instances of a place are not in it.
    fn search_known(&mut self, snapshot: &Snapshot) {
        if self.place.is_none() {
            self.known = Known::search(&self.needle, snapshot);
        }
    }

    /// One pass over the open incidents, when they or the rows have changed.
    pub fn count_trouble(&mut self, snapshot: &Snapshot) {
        let Some(set) = snapshot.incidents.get() else { return };
        if let Some(counted) = &mut self.counted
            && Arc::ptr_eq(&counted.incidents, &set.incidents)
        {
            // The same ones may turn out to be all there are.
            counted.complete = set.complete;
            return;
        }
        let mut trouble: HashMap<ProcessInstanceId, Trouble> = HashMap::new();
        for row in &self.rows {
            if let Content::Hit(hit, _) = &row.content
                && let Some(id) = hit.instance()
            {
                trouble.insert(id.clone(), Trouble::default());
            }
        }
        if !trouble.is_empty() {
            for known in set.incidents.values() {
                let Some(row) = known.incident.process_instance.as_ref().and_then(|id| trouble.get_mut(id)) else { continue };
                if known.incident.is_root() {
                    row.roots += 1;
                } else {
                    row.blocked += 1;
                }
            }
        }
        self.trouble = trouble;
        self.counted = Some(set.clone());
    }

    /// Open incidents of an instance; none if that is not known. That there are none is known only once all incidents are read.
    pub fn trouble(&self, instance: &ProcessInstanceId) -> Option<Trouble> {
        let complete = self.counted.as_ref()?.complete;
        self.trouble.get(instance).copied().filter(|trouble| complete || *trouble != Trouble::default())
    }

    fn arrange(&mut self) {
        self.rows = rows::rows(self);
        // That a remark or a problem is over is no loss; what was found and goes must be seen to go.
        self.list.follow(self.rows.iter().map(|row| row.key.clone()).collect(), |key| matches!(key, RowKey::Hit(_)));
        // Before anything is answered the first row is not yet what was found first.
        if !self.moved && !self.asked.is_empty() && !self.is_searching() {
            self.select_first();
        }
    }

    /// Puts the cursor on what was found first, else on what could not be asked, else on what may be asked first.
    pub fn select_first(&mut self) {
        let is_hit = |row: &&Row| matches!(row.content, Content::Hit(..));
        let is_problem = |row: &&Row| matches!(row.content, Content::Problem(..));
        let is_offer = |row: &&Row| matches!(row.content, Content::Offer(..));
        let first = self.rows.iter().find(is_hit).or_else(|| self.rows.iter().find(is_problem)).or_else(|| self.rows.iter().find(is_offer));
        if let Some(key) = first.map(|row| row.key.clone()) {
            self.list.select(&key);
        }
    }

    /// Whether the first questions, those that every search begins with, await their answer.
    pub fn is_searching(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.search.sources.iter().all(|source| !source.is_costly()))
    }

    /// How long a source has been asked, if it is being asked now.
    pub fn asking(&self, source: &Source, now: Moment) -> Option<Duration> {
        let running = self.running.as_ref()?;
        running.search.sources.contains(source).then(|| now.since(running.since))
    }

    /// Notes that the operator has chosen a row.
    pub fn stay(&mut self) {
        self.moved = true;
    }

    /// The row under the cursor.
    pub fn selected(&self) -> Option<&Row> {
        self.list.selected_present().and_then(|key| self.row(key))
    }

    /// What was found and is under the cursor.
    pub fn selected_hit(&self) -> Option<&Hit> {
        match &self.selected()?.content {
            Content::Hit(hit, _) => Some(hit),
            _ => None,
        }
    }

    /// The row of a key.
    pub fn row(&self, key: &RowKey) -> Option<&Row> {
        self.rows.iter().find(|row| row.key == *key)
    }

    /// How many things were found.
    pub fn hits(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row.content, Content::Hit(..))).count()
    }

    /// The sources of the first questions that failed or were given up.
    pub fn failed(&self) -> Vec<Source> {
        let lost = |source: &Source| self.asked.get(source).is_some_and(|asked| asked.problem.is_some() || asked.given_up);
        self.first_sources().into_iter().filter(lost).collect()
    }
}

fn take(asked: &mut Asked, part: &Part, page: u32) {
    asked.problem = None;
    if page == 0 {
        asked.hits.clear();
        asked.total = None;
    }
    asked.hits.extend(part.hits.iter().cloned());
    asked.total = asked.total.or(part.total);
    asked.more = part.more;
    asked.pages = page + 1;
}

impl Contents for ResultsPage {
    fn context(&self) -> Context {
        Context::Results
    }

    fn crumb(&self) -> &'static str {
        if self.place.is_some() { "Instances" } else { "Find" }
    }

    fn set_height(&mut self, height: usize) {
        self.list.set_height(rows_in(height));
    }

    /// Notes a new picture: what was found stays as it was read, only the incidents of its instances are counted anew.
    fn refresh(&mut self, snapshot: &Snapshot) {
        if matches!(snapshot.link, Link::PollerFailed { .. }) {
            // Whoever should have answered has fallen.
            self.give_up();
        }
        if self.place.is_none() && !self.known.complete && snapshot.incidents.get().is_some_and(|set| set.complete) {
            // Now that all incidents are read, the picture can tell what it could not when it was searched.
            self.search_known(snapshot);
            self.counted = None;
            self.arrange();
        }
        if self.history != snapshot.history {
            self.history = snapshot.history;
            self.arrange();
        }
        self.count_trouble(snapshot);
    }

    /// Moves the cursor.
    fn go(&mut self, motion: Motion, now: Moment) {
        self.moved = true;
        self.list.go(motion, now.instant);
    }

    /// Adds what must be known to show the rows: names, and the instances of what was found by its id.
    fn look(&self, _snapshot: &Snapshot, looking: &mut Looking) {
        for (key, _) in self.list.visible() {
            let Some(Row { content: Content::Hit(hit, _), .. }) = self.row(key) else { continue };
            looking.definitions.extend(hit.definition().cloned());
            let by_id = matches!(hit.key(), HitKey::Incident(_) | HitKey::Job(_) | HitKey::ExternalTask(_) | HitKey::UserTask(_));
            if by_id && let Some(id) = hit.instance() {
                looking.inquiries.push(Inquiry::Instance(id.clone()));
            }
        }
    }

    fn id(&self) -> Option<String> {
        self.selected_hit().map(Hit::id)
    }

    fn instance(&self) -> Option<(ProcessInstanceId, Option<ProcessDefinitionId>)> {
        let hit = self.selected_hit()?;
        let definition = if let Hit::Instance(found) = hit { Some(found.definition.clone()) } else { None };
        hit.instance().map(|id| (id.clone(), definition))
    }
}
