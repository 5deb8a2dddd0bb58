//! What would happen, told before it does: frozen targets, what was found by reading first, and the requests it is made of.
//!
//! | part | what belongs there |
//! |---|---|
//! | `steps` | the exact requests, in the order in which they are sent, and why that order is safe |
//! | `words` | what will happen, in one sentence; what the choices mean |
//! | `danger` | what must be typed, and whether it can be done at all |
//!
//! Here stand the types. A plan is pure: the reading that makes one is the planner's, the sending is the performer's.

mod danger;
mod steps;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::target::Target;
use super::verb::Verb;
use super::wish::{Asked, Wish};
use crate::engine::{Change, Due};
use crate::model::engine_job::EngineJob;
use crate::model::ids::{JobId, ProcessInstanceId};
use crate::model::section::Moment;
use crate::model::snapshot::EngineIdentity;

/// The name of an action: unique among all the journal holds, sortable by time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActionId(pub String);

impl ActionId {
    /// A reason as it is written into the engine: with the name of this action. Nobody else knows that name before the request is made, so where
    /// it stands, this request was done; a reason alone could have been typed by anybody.
    pub fn signed(&self, reason: &str) -> String {
        format!("{reason}{}", self.signature())
    }

    /// Whether a reason was signed with the name of this action.
    pub fn has_signed(&self, reason: &str) -> bool {
        reason.ends_with(&self.signature())
    }

    fn signature(&self) -> String {
        format!(" (bpmtop {self})")
    }
}

impl std::fmt::Display for ActionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// An action that was read for and not begun.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its name from now on.
    pub action: ActionId,
    /// What was asked, to plan anew.
    pub wish: Arc<Wish>,
    /// What is done: the wish, or what takes an earlier action back, with the values that it puts back.
    pub asked: Asked,
    /// What is done.
    pub verb: Verb,
    /// Of which engine.
    pub engine: EngineIdentity,
    /// Name of the profile.
    pub profile: Option<String>,
    /// Whether that is a production engine.
    pub production: bool,
    /// When the targets were read.
    pub read: Moment,
    /// The zone in which its sentences tell times.
    pub zone: TimeZone,
    /// What is acted on, by id and as it was, in the order in which it is sent: versions in turn, so that the first few stand for all.
    pub targets: Arc<[Target]>,
    /// What was asked for and is not acted on, with the reason.
    pub left_out: Vec<LeftOut>,
    /// What was found by reading first.
    pub warnings: Vec<Warning>,
    /// What ends with a cancelled instance: one line an instance, indented by its level.
    pub tree: Vec<TreeLine>,
    /// The levels a cancellation may begin at, the topmost first; empty for other verbs.
    pub levels: Vec<Level>,
    /// Jobs that a resumption would wake although something else suspended them.
    pub held: Vec<Held>,
    /// Whether all of those were read. Where not, they cannot be kept.
    pub held_complete: bool,
    /// Of each job definition that also has held jobs: those that a resumption may wake.
    pub free: Vec<Free>,
    /// What the engine's own jobs among the targets do once they run.
    pub effects: Vec<EngineEffect>,
    /// The undone or thawed action, if it is one of these.
    pub takes_back: Option<ActionId>,
    /// What the operator may still change.
    pub choices: Choices,
}

impl Plan {
    /// The targets that the requests name; the others of a cancellation end with them.
    pub fn heads(&self) -> Vec<&Target> {
        match self.level() {
            Some(level) => level.heads().collect(),
            None => self.targets.iter().collect(),
        }
    }

    /// A plan that knows what is done to which targets of which engine, and has found nothing else.
    pub fn of(action: ActionId, wish: Wish, verb: Verb, engine: EngineIdentity, targets: Vec<Target>) -> Self {
        Self {
            action,
            asked: wish.what.clone(),
            wish: Arc::new(wish),
            verb,
            engine,
            profile: None,
            production: false,
            read: Moment::now(),
            zone: TimeZone::UTC,
            targets: targets.into(),
            left_out: Vec::new(),
            warnings: Vec::new(),
            tree: Vec::new(),
            levels: Vec::new(),
            held: Vec::new(),
            held_complete: true,
            free: Vec::new(),
            effects: Vec::new(),
            takes_back: None,
            choices: Choices::default(),
        }
    }
}

/// Something that was asked for and is not acted on.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOut {
    /// What, as an operator knows it.
    pub label: String,
    /// Why.
    pub why: String,
}

/// What was found by reading first.
#[derive(Clone, Debug, PartialEq)]
pub struct Warning {
    /// How much it matters.
    pub weight: Weight,
    /// One sentence.
    pub text: String,
}

/// How much a warning matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Good to know.
    Note,
    /// The action may not do what it is meant to.
    Caution,
    /// The action does harm, or will be refused.
    Stop,
}

/// How the warning begins that a reason stays out of the engine's own log of operations.
pub const JOURNAL_ALONE: &str = "a reason goes into the journal alone";

/// The same for a cancellation, whose reason the engine keeps in the history of all that ends.
pub const HISTORY_ALONE: &str = "a reason goes into the history of what ends and into the journal";

/// An instance that ends with another one.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeLine {
    /// Below which level.
    pub depth: usize,
    /// Which.
    pub instance: ProcessInstanceId,
    /// As an operator knows it.
    pub label: String,
    /// Why it ends, or what of it goes on.
    pub note: String,
    /// The one the question was asked on.
    pub asked: bool,
    /// Whether it ends with the action.
    pub ends: bool,
}

/// A level at which a cancellation may begin.
#[derive(Clone, Debug)]
pub struct Level {
    /// The instances that the engine is asked to cancel, each with what it called.
    pub cancels: Vec<Cancelled>,
    /// Every instance that ends and was read, each cancelled one before what ends with it.
    pub ends: Vec<Target>,
    /// The same as it is shown, with what of the callers goes on.
    pub tree: Vec<TreeLine>,
    /// What is to be said of this level.
    pub warnings: Vec<Warning>,
    /// How many instances end at least; more where not all could be read.
    pub count: usize,
    /// Whether that is all of them.
    pub complete: bool,
}

/// An instance that the engine is asked to cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled {
    /// Its place among those that end.
    pub first: usize,
    /// How many of those, itself included, end with it.
    pub count: usize,
}

impl Cancelled {
    /// The places of those that end with it.
    pub fn places(self) -> std::ops::Range<usize> {
        self.first..self.first + self.count
    }
}

impl Level {
    /// The instances that the engine is asked to cancel.
    pub fn heads(&self) -> impl Iterator<Item = &Target> {
        self.cancels.iter().filter_map(|cancelled| self.ends.get(cancelled.first))
    }

    /// What is cancelled, in a few words.
    pub fn words(&self) -> String {
        match self.heads().collect::<Vec<_>>().as_slice() {
            [one] => one.label.clone(),
            many => format!("{} instances, each with all below it", many.len()),
        }
    }
}

/// Something suspended by another cause that a resumption would wake.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Index of the target whose resumption would wake it.
    pub target: usize,
    /// The job that would run.
    pub job: JobId,
    /// Its due date, which is put back after it was shielded.
    pub due: Option<Timestamp>,
    /// As an operator knows it.
    pub label: String,
    /// What else suspended it.
    pub cause: String,
}

/// The suspended jobs of a job definition that nothing else holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Free {
    /// Index of the job definition among the targets.
    pub target: usize,
    /// Its jobs; none where there are too many to resume each singly.
    pub jobs: Option<Vec<JobId>>,
}

/// What one piece of the engine's own work does to others once it runs: no more and no less than the same change asked for directly.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineEffect {
    /// Which work it is.
    pub job: EngineJob,
    /// How many of the targets do it.
    pub jobs: usize,
    /// To how many instances, or whatever it is done to, at most; none where nothing tells.
    pub things: Option<u64>,
    /// Whether it is just so many.
    pub exact: bool,
    /// Those, as an operator knows them, where the journal or the engine tells.
    pub named: Vec<String>,
    /// Whether these are all of them.
    pub all_named: bool,
}

/// What is done about jobs that a resumption would wake although something else suspended them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtherCause {
    /// They stay suspended.
    #[default]
    Keep,
    /// They are woken too.
    Wake,
}

/// How fast many changes are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Changes a second at most; fewer while due jobs pile up.
    pub per_second: f64,
    /// How many go first, and are waited for.
    pub canary: usize,
    /// The action stops by itself once more than this share of what was settled failed, in percent.
    pub stop_at: u8,
}

impl Default for Pace {
    fn default() -> Self {
        Self { per_second: 5.0, canary: 3, stop_at: 20 }
    }
}

/// What the operator may change before confirming. Targets stay what they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices {
    /// Attempts a retried job has then.
    pub retries: u32,
    /// When it is due.
    pub due: Due,
    /// Whether timers that wait for a date of their own keep it although the others are due now: they never failed.
    pub keep_dates: bool,
    /// How fast.
    pub pace: Pace,
    /// By a batch of the engine instead of one request each.
    pub batch: bool,
    /// Existing jobs or running instances too.
    pub jobs_too: bool,
    /// Not now but then.
    pub at: Option<Timestamp>,
    /// What happens to jobs that something else suspended.
    pub others: OtherCause,
    /// At which level a cancellation begins.
    pub level: usize,
    /// Whether listeners of the diagram are left out.
    pub skip_listeners: bool,
    /// Why, in the operator's words.
    pub reason: String,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            retries: 1,
            due: Due::Now,
            keep_dates: true,
            pace: Pace::default(),
            batch: false,
            jobs_too: true,
            at: None,
            others: OtherCause::Keep,
            level: 0,
            skip_listeners: false,
            reason: String::new(),
        }
    }
}

/// One request of a plan, and the targets it is for.
///
/// Steps that share a target are a sequence. What changes something is sent only once the engine accepted what was to come before it; what
/// guards (a held job is put back to sleep, its due date put back) is sent whatever became of the steps before. Stopping drops what was not
/// begun, and guards nothing less.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What is sent.
    pub change: Change,
    /// Indexes into the plan's targets.
    pub targets: Vec<usize>,
}

/// What a plan asks of whoever confirms it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Danger {
    /// Enter will do.
    Plain,
    /// This has to be typed.
    Type {
        /// The count or the name.
        what: String,
        /// What it is: "the number of jobs", "the name of the profile".
        meaning: &'static str,
        /// Why this is asked.
        why: String,
    },
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Unavailable {
    /// What stands in the way.
    pub why: String,
    /// What can be done instead; may be empty.
    pub remedy: String,
}

impl Unavailable {
    /// Both in one line: what stands in the way, and what can be done instead.
    pub fn words(&self) -> String {
        let sentence = |text: &str| {
            let mut signs = text.trim().trim_end_matches('.').chars();
            signs.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), signs.as_str()))
        };
        [sentence(&self.why), sentence(&self.remedy)].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}
