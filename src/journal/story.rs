//! The lines of one action put together: one action with all of its targets, all actions in short, what is under way, what is frozen.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use regex::bytes::Regex;

use super::archive::{Archive, Record, Unread};
use super::entry::{Answered, Class, Count, End, Engine, Entry, How, Intent, Outcome, ReadBack, Target};
use super::exact::{Exact, to_json};
use super::lock::{is_alive, living};
use super::{FREEZE, IN_PART, LOOK, THAW, look};

/// How far back an action is looked for that was left under way, in days.
const LEFT_DAYS: i32 = 31;

/// One action with everything that is recorded of it.
#[derive(Clone, Debug)]
pub struct Story {
    /// What was meant.
    pub intent: Intent,
    /// When it was recorded.
    pub at: Timestamp,
    /// The number of that line.
    pub seq: u64,
    /// Which requests were about to go out or went out, and when.
    pub sent: BTreeMap<u64, Timestamp>,
    /// What was known of each right after.
    pub answers: BTreeMap<u64, Answered>,
    /// The latest outcome of each target that has one.
    pub outcomes: BTreeMap<u64, Outcome>,
    /// What was noted beside them, in order.
    pub notes: Vec<(Timestamp, Exact)>,
    /// How it was over, and when.
    pub end: Option<(Timestamp, End)>,
    /// What a later run found out last, and when.
    pub read_back: Option<(Timestamp, ReadBack)>,
    /// Where it stands.
    pub standing: Standing,
}

/// One action in short.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What was meant, without the lists of targets and requests.
    pub intent: Intent,
    /// When it was recorded.
    pub at: Timestamp,
    /// How many targets it has.
    pub targets: u64,
    /// The first of them, as an operator knows it.
    pub first_target: Option<Exact>,
    /// How many of its requests were about to go out or went out.
    pub sent: u64,
    /// How many targets had which outcome, as far as is recorded.
    pub counts: Vec<Count>,
    /// What else was said at its end.
    pub words: Option<Exact>,
    /// What somebody has to look at, because it was not left as it was meant to be.
    pub looks: Vec<Exact>,
    /// Whether it was to keep something asleep that it would have woken.
    pub holds: bool,
    /// Where it stands.
    pub standing: Standing,
}

/// Where an action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is over.
    Over(How),
    /// Its program ended in the middle of it, and a later run looked what became of it.
    ReadBack,
    /// A run of the program that still lives is at it.
    UnderWay,
    /// Its program ended in the middle of it, and nobody looked yet.
    Left,
}

/// An action whose program ended in the middle of it, or was left before all was known.
#[derive(Clone, Debug)]
pub struct UnderWay {
    /// The name of the action.
    pub action: Exact,
    /// What it was.
    pub sentence: Exact,
    /// Where.
    pub engine: Engine,
    /// When it began.
    pub at: Timestamp,
    /// How many of its requests were about to go out or went out.
    pub sent: u64,
    /// Of how many.
    pub of: u64,
    /// Of how many targets the outcome was not known when the program was left; none where it ended without a word.
    pub unknown: Option<u64>,
    /// How many things it left to be looked at, where that is all that is left of it: it is over, or was read back.
    pub looks: Option<u64>,
    /// The action whose held jobs it is about: its own, or those it put back.
    pub origin: Exact,
}

/// An action that a run of the program is at.
#[derive(Clone, Debug)]
pub struct AtWork {
    /// What is meant, with its targets.
    pub intent: Intent,
    /// When it began.
    pub at: Timestamp,
}

/// A freeze that is not thawed yet.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// The freeze, with what became of each of its targets.
    pub freeze: Story,
    /// What it suspended, or may have, and no thaw has resumed.
    pub left: Vec<Target>,
}

impl Summary {
    /// A whole story in short.
    pub fn of(story: &Story) -> Self {
        let intent = Intent { targets: Vec::new(), held: Vec::new(), requests: Vec::new(), ..story.intent.clone() };
        let end = story.end.as_ref().map(|(_, end)| end);
        let told = story.read_back.as_ref().map(|(_, read)| &read.counts).or(end.map(|end| &end.counts)).filter(|counts| !counts.is_empty());
        Self {
            intent,
            at: story.at,
            targets: story.intent.targets.len() as u64,
            first_target: story.intent.targets.first().map(|target| target.label.clone()),
            sent: story.sent.len() as u64,
            counts: told.cloned().unwrap_or_else(|| count(story.outcomes.values().map(|outcome| (outcome.name.clone(), outcome.class)))),
            words: end.and_then(|end| end.words.clone()),
            looks: story.looks().cloned().collect(),
            holds: !story.intent.held.is_empty(),
            standing: story.standing,
        }
    }

    /// Whether anything is to be looked at: something failed, is not known, was never finished, or was not left as it was meant to be.
    pub fn is_failed(&self) -> bool {
        let bad = !self.looks.is_empty() || self.counts.iter().any(|count| count.count > 0 && matches!(count.class, Class::Bad | Class::Unknown));
        bad || matches!(self.standing, Standing::Left | Standing::Over(How::Failed))
    }

    /// The action whose held jobs it is about: its own, or those it put back.
    pub fn origin(&self) -> &Exact {
        self.intent.puts_back.as_ref().unwrap_or(&self.intent.action)
    }

    /// Whether it put back everything that it was to put back, as far as it was read back.
    pub fn puts_all_back(&self) -> bool {
        // Without targets it noted that nothing was left to put back.
        let told = self.targets == 0 || !self.counts.is_empty();
        let good = told && self.counts.iter().all(|count| count.class == Class::Good);
        self.intent.puts_back.is_some() && self.standing == Standing::Over(How::Done) && good && self.looks.is_empty()
    }
}

/// By place, which of these actions a later one of them put everything back for that they were to keep asleep.
pub fn put_back(actions: &[Summary]) -> Vec<Option<&Exact>> {
    let mut by: HashMap<&Exact, &Exact> = HashMap::new();
    let mut found = vec![None; actions.len()];
    for (place, action) in actions.iter().enumerate().rev() {
        found[place] = by.get(action.origin()).copied().filter(|_| action.holds);
        if action.puts_all_back() {
            by.insert(action.origin(), &action.intent.action);
        }
    }
    found
}

impl Archive {
    /// All actions begun since the begin of that day (UTC), in short and in their order.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn summaries(&self, since: Option<Date>) -> Result<Vec<Summary>, Unread> {
        let mut gathered = Gathered::default();
        for record in self.records(since)? {
            gathered.add(record?);
        }
        Ok(gathered.finish(|run| is_alive(&self.folder, run)))
    }

    /// Everything about one action, by its name.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn action(&self, name: &str) -> Result<Option<Story>, Unread> {
        let name = Exact::from(name);
        let json = to_json(&name).unwrap_or_default();
        let pattern = Regex::new(&regex::escape(&String::from_utf8_lossy(&json))).ok();
        let mut stories = Stories::default();
        for record in self.records_with(None, pattern)? {
            let record = record?;
            if *record.entry.action() == name {
                stories.add(record);
            }
        }
        Ok(stories.finish(|run| is_alive(&self.folder, run)).pop())
    }

    /// All actions begun since the begin of that day (UTC), with everything, in their order.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn stories(&self, since: Option<Date>) -> Result<Vec<Story>, Unread> {
        let mut stories = Stories::default();
        for record in self.records(since)? {
            stories.add(record?);
        }
        Ok(stories.finish(|run| is_alive(&self.folder, run)))
    }

    /// Actions of the last month whose program ended in the middle of them, or was left before all was known, and that nobody looked at
    /// since; and those that left jobs otherwise than they were to keep them, which nobody put back. At one engine, or at all. What a living run is at is none. Two passes over that month, however many there are.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn under_way(&self, engine: Option<&Engine>) -> Result<Vec<UnderWay>, Unread> {
        let since = Some(month_ago());
        // Most lines are those between: they are looked at only if something was left.
        let pattern = Regex::new(&format!(r#""kind":"(?:intent|end|read_back)"|"words":"{LOOK}"#)).ok();
        let mut gathered = Gathered::default();
        for record in self.records_with(since, pattern)? {
            gathered.add(record?);
        }
        let mut left = Vec::new();
        let (all, unknown): (Vec<Summary>, Vec<Option<u64>>) = gathered.finish_with_unknown(|run| is_alive(&self.folder, run)).into_iter().unzip();
        for ((summary, unknown), put_back) in all.iter().zip(unknown).zip(put_back(&all)) {
            let Summary { intent, at, standing, looks, holds, .. } = summary;
            let is_left = *standing == Standing::Left || unknown.is_some();
            let held = *holds && !looks.is_empty() && put_back.is_none() && *standing != Standing::UnderWay;
            if (is_left || held) && engine.is_none_or(|engine| intent.engine.is_same(engine)) {
                let (action, sentence, engine) = (intent.action.clone(), intent.sentence.clone(), intent.engine.clone());
                let (looks, origin) = ((!is_left).then_some(looks.len() as u64), summary.origin().clone());
                left.push(UnderWay { action, sentence, engine, at: *at, sent: 0, of: intent.steps, unknown, looks, origin });
            }
        }
        if !left.is_empty() {
            let mut steps: HashMap<Exact, HashSet<u64>> = left.iter().map(|left| (left.action.clone(), HashSet::new())).collect();
            for record in self.records_with(since, Regex::new(r#""kind":"sent""#).ok())? {
                if let Entry::Sent(sent) = record?.entry
                    && let Some(steps) = steps.get_mut(&sent.action)
                {
                    steps.insert(sent.step);
                }
            }
            for left in &mut left {
                left.sent = steps.get(&left.action).map_or(0, |steps| steps.len() as u64);
            }
        }
        Ok(left)
    }

    /// Actions at one engine that living runs of the program are at, this one included. Costs next to nothing where none lives.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn at_work(&self, engine: &Engine) -> Result<Vec<AtWork>, Unread> {
        let runs: Vec<String> = living(&self.folder).iter().map(|run| regex::escape(run)).collect();
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let pattern = Regex::new(&format!("\"session\":\"(?:{})\"", runs.join("|"))).ok();
        let mut at_work: Vec<AtWork> = Vec::new();
        for record in self.records_with(Some(month_ago()), pattern)? {
            let record = record?;
            match record.entry {
                Entry::Intent(intent) if intent.engine.is_same(engine) => at_work.push(AtWork { intent: *intent, at: record.at }),
                Entry::End(end) => at_work.retain(|known| known.intent.action != end.action),
                _ => {}
            }
        }
        Ok(at_work)
    }

    /// The latest freeze of an engine of which something is not thawed yet, however long ago it was.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn frozen(&self, engine: &Engine) -> Result<Option<Frozen>, Unread> {
        let pattern = Regex::new(&format!("\"verb\":\"(?:{FREEZE}|{THAW})\"")).ok();
        let mut freezes = Vec::new();
        let mut thaws: HashMap<Exact, Vec<Exact>> = HashMap::new();
        for record in self.records_with(None, pattern)? {
            let Entry::Intent(intent) = record?.entry else { continue };
            if !intent.engine.is_same(engine) {
                continue;
            }
            match (intent.verb.as_wire(), intent.thaw_of) {
                (FREEZE, _) => freezes.push(intent.action),
                (THAW, Some(freeze)) => thaws.entry(freeze).or_default().push(intent.action),
                _ => {}
            }
        }
        for name in freezes.into_iter().rev() {
            let Some(freeze) = self.action(name.as_wire())? else { continue };
            let mut thawed = HashSet::new();
            for thaw in thaws.get(&name).into_iter().flatten() {
                thawed.extend(self.action(thaw.as_wire())?.into_iter().flat_map(|thaw| thaw.resumed()));
            }
            let left: Vec<Target> = freeze.touched().filter(|target| !thawed.contains(&target.id)).cloned().collect();
            if !left.is_empty() {
                return Ok(Some(Frozen { freeze, left }));
            }
        }
        Ok(None)
    }
}

impl Story {
    fn begin(intent: Intent, at: Timestamp, seq: u64) -> Self {
        Self {
            intent,
            at,
            seq,
            sent: BTreeMap::new(),
            answers: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            notes: Vec::new(),
            end: None,
            read_back: None,
            standing: Standing::Left,
        }
    }

    fn add(&mut self, at: Timestamp, entry: Entry) {
        match entry {
            // A second intent of one name is none of this action.
            Entry::Intent(_) => {}
            Entry::Sent(sent) => drop(self.sent.entry(sent.step).or_insert(at)),
            Entry::Answered(answered) => drop(self.answers.insert(answered.step, answered)),
            Entry::Outcome(outcome) => drop(self.outcomes.insert(outcome.target, outcome)),
            Entry::Note(note) => self.notes.push((at, note.words)),
            Entry::End(end) => self.end = Some((at, end)),
            Entry::ReadBack(read) => self.read_back = Some((at, read)),
        }
    }

    /// What somebody has to look at, because it was not left as it was meant to be.
    pub fn looks(&self) -> impl Iterator<Item = &Exact> {
        let mut looks = Vec::new();
        self.notes.iter().map(|(_, words)| words).filter(|words| words.as_wire().starts_with(LOOK)).for_each(|words| look::add(&mut looks, words));
        looks.into_iter()
    }

    /// The targets that may have been changed: everything but what was refused, and what nothing went out for.
    pub fn touched(&self) -> impl Iterator<Item = &Target> {
        let sent = self.targets_sent();
        let touched = move |index: u64| match self.outcomes.get(&index) {
            Some(outcome) => !matches!(outcome.class, Class::Bad | Class::Untouched) || outcome.name.as_wire() == IN_PART,
            None => sent.as_ref().map_or(!self.sent.is_empty(), |sent| sent.contains(&index)),
        };
        (0..).zip(&self.intent.targets).filter(move |(index, _)| touched(*index)).map(|(_, target)| target)
    }

    /// Targets of requests that went out, or may have; none where the record does not say which request is for which target.
    fn targets_sent(&self) -> Option<BTreeSet<u64>> {
        let is_told = self.intent.requests.len() as u64 == self.intent.steps && self.intent.requests.iter().all(|request| !request.targets.is_empty());
        let went_out = |step: &u64| self.sent.contains_key(step) && self.answers.get(step).is_none_or(|answer| answer.answer.may_have_happened());
        is_told.then(|| (0..).zip(&self.intent.requests).filter(|(step, _)| went_out(step)).flat_map(|(_, request)| request.targets.clone()).collect())
    }

    /// Ids of the targets for which it did what it was meant to.
    fn resumed(&self) -> Vec<Exact> {
        let good = self.outcomes.values().filter(|outcome| outcome.class == Class::Good);
        good.filter_map(|outcome| self.intent.targets.get(usize::try_from(outcome.target).ok()?)).map(|target| target.id.clone()).collect()
    }
}

fn month_ago() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date().saturating_sub(LEFT_DAYS.days())
}

/// Actions put together from all of their lines.
#[derive(Default)]
struct Stories {
    places: HashMap<Exact, usize>,
    stories: Vec<(Story, Option<Exact>)>,
}

impl Stories {
    fn add(&mut self, record: Record) {
        match (self.places.get(record.entry.action()), record.entry) {
            (Some(place), entry) => self.stories[*place].0.add(record.at, entry),
            (None, Entry::Intent(intent)) => {
                self.places.insert(intent.action.clone(), self.stories.len());
                self.stories.push((Story::begin(*intent, record.at, record.seq), record.session));
            }
            (None, _) => {}
        }
    }

    fn finish(self, is_alive: impl Fn(&str) -> bool) -> Vec<Story> {
        let settle = |(mut story, run): (Story, Option<Exact>)| {
            let lives = || run.as_ref().is_some_and(|run| is_alive(run.as_wire()));
            story.standing = standing(story.end.as_ref().map(|(_, end)| end.how), story.read_back.is_some(), lives);
            story
        };
        self.stories.into_iter().map(settle).collect()
    }
}

/// Actions put together in short. Outcomes are kept only until the end tells them in sum.
#[derive(Default)]
struct Gathered {
    order: Vec<Exact>,
    actions: HashMap<Exact, Gathering>,
}

struct Gathering {
    summary: Summary,
    run: Option<Exact>,
    steps: HashSet<u64>,
    outcomes: HashMap<u64, (Exact, Class)>,
    end: Option<How>,
    /// Targets of unknown outcome at its end.
    unknown: u64,
    read_back: bool,
}

impl Gathered {
    fn add(&mut self, record: Record) {
        if let Entry::Intent(intent) = record.entry {
            self.order.push(intent.action.clone());
            // A second intent of one name is none of this action.
            self.actions.entry(intent.action.clone()).or_insert_with(|| Gathering::begin(*intent, record.at, record.session));
        } else if let Some(action) = self.actions.get_mut(record.entry.action()) {
            action.add(record.entry);
        }
    }

    fn finish(self, is_alive: impl Fn(&str) -> bool) -> Vec<Summary> {
        self.finish_with_unknown(is_alive).into_iter().map(|(summary, _)| summary).collect()
    }

    /// With the number of targets whose outcome was not known when the program was left, where nobody looked since.
    fn finish_with_unknown(mut self, is_alive: impl Fn(&str) -> bool) -> Vec<(Summary, Option<u64>)> {
        let finish = |action: Gathering| {
            let left = matches!(action.end, Some(How::Quit | How::HungUp)) && action.unknown > 0 && !action.read_back;
            let unknown = left.then_some(action.unknown);
            (action.finish(&is_alive), unknown)
        };
        self.order.into_iter().filter_map(|name| self.actions.remove(&name)).map(finish).collect()
    }
}

impl Gathering {
    fn begin(mut intent: Intent, at: Timestamp, run: Option<Exact>) -> Self {
        let (targets, holds) = (std::mem::take(&mut intent.targets), !intent.held.is_empty());
        (intent.held, intent.requests) = (Vec::new(), Vec::new());
        let first_target = targets.first().map(|target| target.label.clone());
        let targets = targets.len() as u64;
        let summary =
            Summary { intent, at, targets, first_target, sent: 0, counts: Vec::new(), words: None, looks: Vec::new(), holds, standing: Standing::Left };
        Self { summary, run, steps: HashSet::new(), outcomes: HashMap::new(), end: None, unknown: 0, read_back: false }
    }

    fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Note(note) if note.words.as_wire().starts_with(LOOK) => look::add(&mut self.summary.looks, note.words),
            Entry::Intent(_) | Entry::Answered(_) | Entry::Note(_) => {}
            Entry::Sent(sent) => drop(self.steps.insert(sent.step)),
            Entry::Outcome(outcome) => drop(self.outcomes.insert(outcome.target, (outcome.name, outcome.class))),
            Entry::End(end) => {
                self.settle(end.counts);
                self.unknown = end.unknown.len() as u64;
                self.summary.words = end.words;
                self.end = Some(end.how);
            }
            Entry::ReadBack(read) => {
                self.settle(read.counts);
                self.read_back = true;
            }
        }
    }

    fn settle(&mut self, counts: Vec<Count>) {
        self.summary.counts = counts;
        self.outcomes = HashMap::new();
        self.summary.sent = self.summary.sent.max(self.steps.len() as u64);
        self.steps = HashSet::new();
    }

    fn finish(mut self, is_alive: impl Fn(&str) -> bool) -> Summary {
        // What came after an end is the exception, and then the sum is what is left to tell.
        if self.summary.counts.is_empty() {
            self.summary.counts = count(self.outcomes.into_values());
        }
        self.summary.sent = self.summary.sent.max(self.steps.len() as u64);
        self.summary.standing = standing(self.end, self.read_back, || self.run.as_ref().is_some_and(|run| is_alive(run.as_wire())));
        self.summary
    }
}

fn count(outcomes: impl Iterator<Item = (Exact, Class)>) -> Vec<Count> {
    let mut counts: BTreeMap<Exact, (Class, u64)> = BTreeMap::new();
    for (name, class) in outcomes {
        counts.entry(name).or_insert((class, 0)).1 += 1;
    }
    counts.into_iter().map(|(name, (class, count))| Count { name, class, count }).collect()
}

fn standing(end: Option<How>, read_back: bool, lives: impl FnOnce() -> bool) -> Standing {
    match end {
        Some(how) => Standing::Over(how),
        None if read_back => Standing::ReadBack,
        None if lives() => Standing::UnderWay,
        None => Standing::Left,
    }
}
