//! The lines of one action put together: one action with all of its targets, all actions in short, what is under way, what is frozen.

mod find;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use super::archive::Record;
use super::entry::{Answered, Class, Count, End, Engine, Entry, How, Intent, Outcome, ReadBack, Target};
use super::exact::Exact;
use super::lock::Fate;
use super::{IN_PART, LOOK, look};

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
    /// The business key of the first of them that has one.
    pub first_key: Option<Exact>,
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
    /// Its end is not recorded, and a later run looked what became of it.
    ReadBack,
    /// A run of the program that still lives is at it.
    UnderWay,
    /// Its program ended in the middle of it, and nobody looked yet.
    Left,
    /// Its program ended in good order and could not write down how it ended, as on a full disk; nobody looked yet.
    Unwritten,
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
            first_key: story.intent.targets.iter().find_map(|target| target.business_key.clone()),
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
        bad || matches!(self.standing, Standing::Left | Standing::Unwritten | Standing::Over(How::Failed))
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

    fn finish(self, fate: impl Fn(&str) -> Fate) -> Vec<Story> {
        let settle = |(mut story, run): (Story, Option<Exact>)| {
            let fate = || run.as_ref().map_or(Fate::Gone, |run| fate(run.as_wire()));
            story.standing = standing(story.end.as_ref().map(|(_, end)| end.how), story.read_back.is_some(), fate);
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

    fn finish(self, fate: impl Fn(&str) -> Fate) -> Vec<Summary> {
        self.finish_with_unknown(fate).into_iter().map(|(summary, _)| summary).collect()
    }

    /// With the number of targets whose outcome was not known when the program was left, where nobody looked since.
    fn finish_with_unknown(mut self, fate: impl Fn(&str) -> Fate) -> Vec<(Summary, Option<u64>)> {
        let finish = |action: Gathering| {
            let left = matches!(action.end, Some(How::Quit | How::HungUp)) && action.unknown > 0 && !action.read_back;
            let unknown = left.then_some(action.unknown);
            (action.finish(&fate), unknown)
        };
        self.order.into_iter().filter_map(|name| self.actions.remove(&name)).map(finish).collect()
    }
}

impl Gathering {
    fn begin(mut intent: Intent, at: Timestamp, run: Option<Exact>) -> Self {
        let (targets, holds) = (std::mem::take(&mut intent.targets), !intent.held.is_empty());
        (intent.held, intent.requests) = (Vec::new(), Vec::new());
        let first_target = targets.first().map(|target| target.label.clone());
        let first_key = targets.iter().find_map(|target| target.business_key.clone());
        let targets = targets.len() as u64;
        let summary = Summary {
            intent,
            at,
            targets,
            first_target,
            first_key,
            sent: 0,
            counts: Vec::new(),
            words: None,
            looks: Vec::new(),
            holds,
            standing: Standing::Left,
        };
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

    fn finish(mut self, fate: impl Fn(&str) -> Fate) -> Summary {
        // What came after an end is the exception, and then the sum is what is left to tell.
        if self.summary.counts.is_empty() {
            self.summary.counts = count(self.outcomes.into_values());
        }
        self.summary.sent = self.summary.sent.max(self.steps.len() as u64);
        self.summary.standing = standing(self.end, self.read_back, || self.run.as_ref().map_or(Fate::Gone, |run| fate(run.as_wire())));
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

fn standing(end: Option<How>, read_back: bool, fate: impl FnOnce() -> Fate) -> Standing {
    match end {
        Some(how) => Standing::Over(how),
        None if read_back => Standing::ReadBack,
        None => match fate() {
            Fate::Lives => Standing::UnderWay,
            Fate::Unwritten => Standing::Unwritten,
            Fate::Gone => Standing::Left,
        },
    }
}
