//! The timeline of one instance: which events are shown, in which order, where the cursor is, and how far back was read. The events
//! themselves are made in [`timeline`](crate::model::timeline).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Contents;
use crate::app::filter::Filter;
use crate::app::keymap::Context;
use crate::app::list::{ListState, Motion};
use crate::model::diagram::Diagram;
use crate::model::failing;
use crate::model::grouping::KnownIncident;
use crate::model::history::HistoryLevel;
use crate::model::ids::{ActivityId, ProcessDefinitionId, ProcessInstanceId};
use crate::model::inquiry::{Finding, Inquiry, InstanceFinding};
use crate::model::naming;
use crate::model::section::{Moment, Problem, Section};
use crate::model::snapshot::Snapshot;
use crate::model::timeline::events::events;
use crate::model::timeline::rows::rows;
use crate::model::timeline::words::{Weight, lasting, words};
use crate::model::timeline::{Event, Gathered, Part, Row, RowKey, What};
use crate::poll::command::Looking;
use crate::text::age;

/// Lines above the rows at most.
const MOST_NOTICES: usize = 4;

/// A row as it is written.
#[derive(Clone, Debug)]
pub struct Told {
    /// The row.
    pub row: Row,
    /// What it says.
    pub what: String,
    /// How it weighs.
    pub weight: Weight,
    /// Where it happened.
    pub place: String,
}

/// Diagrams as the picture knows them; the same ones are not told twice.
type NamesByDefinition = Arc<HashMap<ProcessDefinitionId, Arc<Diagram>>>;

/// How the instance stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Not known yet.
    #[default]
    Unknown,
    /// It runs.
    Running,
    /// It is suspended.
    Suspended,
    /// It is over.
    Over,
    /// Neither the engine nor its history know it, any more or for this login.
    Gone,
}

/// Page of one timeline.
#[derive(Clone, Debug)]
pub struct TimelinePage {
    /// The instance.
    pub instance: ProcessInstanceId,
    /// The version of the process it runs on.
    pub definition: Option<ProcessDefinitionId>,
    /// How it stands.
    pub standing: Standing,
    /// What was read.
    pub gathered: Gathered,
    /// Where the cursor is.
    pub list: ListState<RowKey>,
    /// Whether the oldest event is on top.
    pub oldest_first: bool,
    /// Whether only failures and what users did are shown.
    pub only_trouble: bool,
    /// Which rows are shown.
    pub filter: Filter,
    /// What is hidden and why, most important first; each is one line above the rows.
    pub notices: Vec<String>,
    /// Number of all events that are known.
    pub total: usize,
    /// When the oldest of what is shown was read.
    pub read: Option<Moment>,
    told: HashMap<RowKey, Told>,
    taken: HashMap<Inquiry, Moment>,
    /// Older pages that are being read, and since when they are wanted.
    reading: BTreeMap<Part, (u32, Moment)>,
    over_since: Option<Moment>,
    names: NamesByDefinition,
    zone: TimeZone,
    height: usize,
}

impl TimelinePage {
    /// The timeline of this instance, as far as it is known already.
    pub fn new(instance: ProcessInstanceId, definition: Option<ProcessDefinitionId>, zone: TimeZone, snapshot: &Snapshot) -> Self {
        let mut page = Self {
            instance,
            definition,
            standing: Standing::default(),
            gathered: Gathered::default(),
            list: ListState::default(),
            oldest_first: false,
            only_trouble: false,
            filter: Filter::default(),
            notices: Vec::new(),
            total: 0,
            read: None,
            told: HashMap::new(),
            taken: HashMap::new(),
            reading: BTreeMap::new(),
            over_since: None,
            names: Arc::default(),
            zone,
            height: 1,
        };
        page.refresh(snapshot);
        page
    }

    /// Rows of the table in so many lines below the title.
    fn rows_in(&self, height: usize) -> usize {
        super::rows_in(height).saturating_sub(self.notices.len())
    }

    /// Takes in how the instance stands; true if that is news.
    fn take_instance(&mut self, snapshot: &Snapshot) -> bool {
        let Some(finding) = instance_finding(&self.instance, snapshot) else { return false };
        let before = (self.standing, self.gathered.instance.clone());
        let past = finding.past.as_ref().ok().and_then(Option::as_ref);
        self.standing = match (&finding.running, past) {
            (Some(running), _) if running.suspended => Standing::Suspended,
            (Some(_), _) => Standing::Running,
            (None, Some(_)) => Standing::Over,
            // The history may be known to be unreadable: then an instance that does not run is over rather than gone.
            (None, None) if finding.past.is_err() => Standing::Over,
            (None, None) => Standing::Gone,
        };
        if let Some(past) = past {
            self.gathered.instance = Some(past.clone());
        }
        self.gathered.cases.clone_from(&finding.cases);
        let definition = finding.running.as_ref().map(|running| &running.definition).or(past.map(|past| &past.definition));
        self.definition = definition.or(self.definition.as_ref()).cloned();
        let read = snapshot.findings.get(&Inquiry::Instance(self.instance.clone())).and_then(|section| section.taken);
        match self.standing {
            Standing::Over | Standing::Gone => self.over_since = self.over_since.or(read),
            _ => self.over_since = None,
        }
        before != (self.standing, self.gathered.instance.clone())
    }

    /// Takes a page in that was not taken before; one that was asked for only if it was read since then.
    fn take_page(&mut self, part: Part, page: u32, since: Option<Moment>, snapshot: &Snapshot) -> bool {
        let inquiry = Inquiry::Past(self.instance.clone(), part, page);
        let Some(section) = snapshot.findings.get(&inquiry) else { return false };
        let (Some(Finding::Past(answer)), Some(taken)) = (section.get(), section.taken) else { return false };
        if self.taken.get(&inquiry) == Some(&taken) || since.is_some_and(|since| taken.instant < since.instant) {
            return false;
        }
        self.taken.insert(inquiry, taken);
        self.gathered.take(part, page, answer);
        true
    }

    /// Tells the rows and returns their order.
    fn tell(&mut self, snapshot: &Snapshot) -> Vec<RowKey> {
        let all = events(&self.gathered);
        self.total = all.len();
        let mut told = HashMap::with_capacity(all.len());
        let mut shown = Vec::with_capacity(all.len());
        for event in all {
            let failed = event.failed_at().map(|failed| naming::failed_at(&snapshot.names(), self.definition.as_ref(), failed));
            let (what, weight) = words(&event, failed.as_deref(), &self.zone);
            let place = self.place(&event, snapshot);
            let by = event.by.as_ref().map(ToString::to_string).unwrap_or_default();
            if (!self.only_trouble || event.is_trouble_or_deed()) && self.filter.admits_parts(&[&what, &place, &by]) {
                told.insert(event.key.clone(), (what, weight, place));
                shown.push(event);
            }
        }
        let mut keys = Vec::with_capacity(shown.len());
        let before = std::mem::take(&mut self.told);
        for (key, row) in rows(shown, self.gathered.complete_since()) {
            let (what, weight, place) = match &row {
                Row::Event(event, _) => told.remove(&event.key).unwrap_or_else(|| (String::new(), Weight::Plain, String::new())),
                Row::Gap(lasting) => (self.gap_words(*lasting), Weight::Muted, String::new()),
                Row::Older => (self.older_words(), Weight::Warning, String::new()),
            };
            keys.push(key.clone());
            self.told.insert(key, Told { row, what, weight, place });
        }
        if !self.oldest_first {
            keys.reverse();
        }
        // What vanished stays readable while it is on the screen.
        for (key, row) in before {
            if self.list.visible().any(|(shown, _)| *shown == key) {
                self.told.entry(key).or_insert(row);
            }
        }
        keys
    }

    fn place(&self, event: &Event, snapshot: &Snapshot) -> String {
        let named = |activity: &ActivityId| naming::activity(&snapshot.names(), self.definition.as_ref(), activity);
        match (&event.name, &event.activity) {
            (Some(name), Some(activity)) => naming::of_body(activity, name).to_string(),
            (Some(name), None) => name.to_string(),
            (None, Some(activity)) => named(activity),
            (None, None) => String::new(),
        }
    }

    fn gap_words(&self, silence: Duration) -> String {
        let nothing = match (self.filter.is_empty(), self.only_trouble) {
            (false, _) => "without a match",
            (true, true) => "without any",
            (true, false) if self.notices.is_empty() => "with nothing",
            (true, false) => "with nothing known",
        };
        let silence = if silence < Duration::from_secs(3_600) { age(silence) } else { lasting(silence) };
        format!("── {silence} {nothing} ──")
    }

    fn older_words(&self) -> String {
        let older = if self.oldest_first { "above" } else { "below" };
        match (self.reading.is_empty(), self.gathered.unfinished().is_empty()) {
            (false, _) => "reading older ones…".to_owned(),
            (true, false) => format!("INCOMPLETE {older}: enter reads {} more", crate::model::timeline::PAST_PAGE),
            (true, true) => format!("INCOMPLETE {older}: the rest cannot be read"),
        }
    }

    /// What is missing before the row that says so, in a sentence.
    pub fn missing(&self) -> String {
        let names = |parts: Vec<Part>| {
            let mut names: Vec<&str> = parts.into_iter().map(Part::words).collect();
            names.dedup();
            names.join(", ")
        };
        let mut sentences = Vec::new();
        let unfinished = self.gathered.unfinished();
        if !unfinished.is_empty() {
            sentences.push(format!("Not read so far: older {}.", names(unfinished)));
        }
        sentences.extend(self.gathered.cut().into_iter().map(|(part, problem)| format!("Older {} cannot be read: {}.", part.words(), problem.what)));
        sentences.push("What is shown before this place is therefore not all that happened.".to_owned());
        sentences.join(" ")
    }

    /// What is hidden and why.
    fn notices(&self, snapshot: &Snapshot) -> Vec<String> {
        let mut notices = Vec::new();
        if self.standing == Standing::Gone && (self.total > 0 || self.gathered.instance.is_some()) {
            notices.push("GONE: this instance and its history were deleted. Shown is what was last known.".to_owned());
            return notices;
        }
        let mut refused: Vec<(String, Vec<&str>)> = Vec::new();
        let mut refuse = |why: String, part: &'static str| match refused.iter_mut().find(|(known, _)| *known == why) {
            Some((_, parts)) if parts.contains(&part) => {}
            Some((_, parts)) => parts.push(part),
            None => refused.push((why, vec![part])),
        };
        for part in Part::ALL {
            let problem = |section: &Section<Finding>| section.problem.clone();
            if let Some(problem) = snapshot.findings.get(&Inquiry::Past(self.instance.clone(), part, 0)).and_then(problem) {
                refuse(reason(&problem), part.words());
            }
        }
        if let Some(finding) = instance_finding(&self.instance, snapshot) {
            match &finding.past {
                Err(problem) => refuse(reason(problem), "start and end"),
                Ok(None) if finding.running.is_some() => {
                    refuse("the history is not kept (level none), or READ_HISTORY is missing".to_owned(), "start and end");
                }
                Ok(_) => {}
            }
        }
        let silent = self.silent_parts(snapshot);
        if !silent.is_empty() {
            let why = match snapshot.history {
                HistoryLevel::BelowFull => "the history level is below full",
                HistoryLevel::Hidden => "READ_HISTORY is missing",
                HistoryLevel::Unknown | HistoryLevel::Full if self.gathered.is_blank(Part::Entered) => "no history is kept, or READ_HISTORY is missing",
                HistoryLevel::Unknown | HistoryLevel::Full => "the history level is below full, or READ_HISTORY is missing",
            };
            silent.into_iter().for_each(|part| refuse(why.to_owned(), part.words()));
        }
        for (why, parts) in refused.into_iter().take(MOST_NOTICES / 2) {
            notices.push(format!("HIDDEN: {}", parts.join(", ")));
            notices.push(format!("because {}", why.trim_end_matches('.')));
        }
        notices
    }

    /// Parts that told nothing although there must be something to tell.
    fn silent_parts(&self, snapshot: &Snapshot) -> Vec<Part> {
        let mut silent = Vec::new();
        if !matches!(self.standing, Standing::Unknown | Standing::Gone) && self.gathered.is_blank(Part::Entered) {
            silent.push(Part::Entered);
        }
        let hidden = matches!(snapshot.history, HistoryLevel::BelowFull | HistoryLevel::Hidden);
        let unknown_incident = self.gathered.is_blank(Part::Incidents) && self.incidents(snapshot).next().is_some();
        if hidden || unknown_incident {
            let kept_at_full = [Part::Jobs, Part::Operations, Part::Variables, Part::Incidents];
            silent.extend(kept_at_full.into_iter().filter(|part| self.gathered.is_blank(*part)));
        }
        silent
    }

    /// Open incidents of the instance.
    pub fn incidents<'a>(&self, snapshot: &'a Snapshot) -> impl Iterator<Item = &'a Arc<KnownIncident>> {
        let instance = self.instance.clone();
        let all = snapshot.incidents.get().into_iter().flat_map(|set| set.incidents.values());
        all.filter(move |known| known.incident.process_instance.as_ref() == Some(&instance))
    }

    /// A row by its key; one that vanished is known while it is on the screen.
    pub fn told(&self, key: &RowKey) -> Option<&Told> {
        self.told.get(key)
    }

    /// The row under the cursor; one that has vanished is none.
    pub fn selected(&self) -> Option<&Told> {
        self.list.selected_present().and_then(|key| self.told.get(key))
    }

    /// The event under the cursor.
    pub fn selected_event(&self) -> Option<&Event> {
        match &self.selected()?.row {
            Row::Event(event, _) => Some(event),
            _ => None,
        }
    }

    /// When the instance started.
    pub fn started(&self) -> Option<Timestamp> {
        self.gathered.instance.as_ref().map(|instance| instance.started)
    }

    /// Turns the order round.
    pub fn turn(&mut self, snapshot: &Snapshot) {
        self.oldest_first = !self.oldest_first;
        let keys = self.tell(snapshot);
        self.list.rearrange(keys);
    }

    /// Shows only failures and what users did, or everything again.
    pub fn toggle_trouble(&mut self, snapshot: &Snapshot) {
        self.only_trouble = !self.only_trouble;
        let keys = self.tell(snapshot);
        self.list.rearrange(keys);
    }

    /// Shows only rows that pass this filter.
    pub fn set_filter(&mut self, filter: Filter, snapshot: &Snapshot) {
        self.filter = filter;
        let keys = self.tell(snapshot);
        self.list.rearrange(keys);
    }

    /// Reads the next pages of all parts that have older rows; false where there are none.
    pub fn read_more(&mut self, now: Moment, snapshot: &Snapshot) -> bool {
        let unfinished = self.gathered.unfinished();
        for part in &unfinished {
            let next = self.gathered.deepest(*part).map_or(1, |deepest| deepest + 1);
            self.reading.entry(*part).or_insert((next, now));
        }
        let keys = self.tell(snapshot);
        self.list.follow(keys, |_| true);
        !unfinished.is_empty()
    }

    /// What is asked while the page is looked at. Of an instance that is over, each part is asked once more and then left alone.
    fn wanted(&self) -> Vec<Inquiry> {
        let mut wanted = vec![Inquiry::Instance(self.instance.clone())];
        for part in Part::ALL {
            let inquiry = Inquiry::Past(self.instance.clone(), part, 0);
            // All visits are known by their entry unless there are too many for one page.
            let needed = part != Part::Left || self.gathered.unfinished().contains(&Part::Entered) || self.gathered.was_read(Part::Left);
            let settled = self.over_since.is_some_and(|over| self.taken.get(&inquiry).is_some_and(|taken| taken.instant > over.instant));
            if needed && !settled {
                wanted.push(inquiry);
            }
            if let Some((page, _)) = self.reading.get(&part) {
                wanted.push(Inquiry::Past(self.instance.clone(), part, *page));
            }
        }
        wanted
    }

    /// Whether all that is needed has been read or refused once.
    pub fn is_settled(&self, snapshot: &Snapshot) -> bool {
        let answered = |section: &Section<Finding>| section.data.is_some() || section.problem.is_some();
        self.wanted().iter().all(|inquiry| snapshot.findings.get(inquiry).is_some_and(answered))
    }
}

fn instance_finding<'a>(instance: &ProcessInstanceId, snapshot: &'a Snapshot) -> Option<&'a InstanceFinding> {
    match snapshot.findings.get(&Inquiry::Instance(instance.clone()))?.get()? {
        Finding::Instance(finding) => Some(finding),
        _ => None,
    }
}

fn reason(problem: &Problem) -> String {
    let what = problem.what.trim_end_matches('.');
    if problem.remedy.is_empty() { what.to_owned() } else { format!("{what}. {}", problem.remedy) }
}

impl Contents for TimelinePage {
    fn context(&self) -> Context {
        Context::Timeline
    }

    fn crumb(&self) -> &'static str {
        "Timeline"
    }

    /// Tells how many lines fit below the title.
    fn set_height(&mut self, height: usize) {
        self.height = height;
        self.list.set_height(self.rows_in(height));
    }

    /// Takes in what was found out since, and tells the rows anew.
    fn refresh(&mut self, snapshot: &Snapshot) {
        let mut changed = self.take_instance(snapshot);
        for part in Part::ALL {
            changed |= self.take_page(part, 0, None, snapshot);
            if let Some((page, since)) = self.reading.get(&part).copied()
                && self.take_page(part, page, Some(since), snapshot)
            {
                self.reading.remove(&part);
                changed = true;
            }
        }
        let known = self.wanted().into_iter().filter_map(|inquiry| snapshot.findings.get(&inquiry)?.taken);
        self.read = known.min_by_key(|moment| moment.instant);
        let notices = self.notices(snapshot);
        changed |= notices.is_empty() != self.notices.is_empty() || !Arc::ptr_eq(&self.names, &snapshot.activity_names);
        self.notices = notices;
        self.names = Arc::clone(&snapshot.activity_names);
        self.set_height(self.height);
        if changed {
            let keys = self.tell(snapshot);
            self.list.follow(keys, |_| true);
        }
    }

    /// Moves the cursor.
    fn go(&mut self, motion: Motion, now: Moment) {
        self.list.go(motion, now.instant);
    }

    /// Adds what the page needs.
    fn look(&self, snapshot: &Snapshot, looking: &mut Looking) {
        looking.inquiries.extend(self.wanted());
        looking.definitions.extend(self.definition.clone());
        let failed = self.list.visible().filter_map(|(key, _)| match &self.told.get(key)?.row {
            Row::Event(event, _) => event.failed_at(),
            _ => None,
        });
        let failed: HashSet<&ActivityId> = failed.collect();
        looking.definitions.extend(failing::unread_of(&snapshot.names(), self.definition.as_ref(), failed));
    }

    /// Id of what the selected row is about: a job, an incident, a called instance, else the instance itself.
    fn id(&self) -> Option<String> {
        let of_event = self.selected_event().and_then(|event| match &event.what {
            What::Job(attempt) => Some(attempt.job.clone()),
            What::Opened(trouble) => Some(trouble.incident.text().clone()),
            What::Entered(visit) | What::Passed(visit, _) | What::Left(visit, _) => visit.called.as_ref().map(|called| called.text().clone()),
            _ => None,
        });
        Some(of_event.unwrap_or_else(|| self.instance.text().clone()).to_string())
    }

    fn instance(&self) -> Option<(ProcessInstanceId, Option<ProcessDefinitionId>)> {
        Some((self.instance.clone(), None))
    }

    fn filter(&self) -> Option<&Filter> {
        Some(&self.filter)
    }
}
