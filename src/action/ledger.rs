//! An action under way or over: what was sent, what became of each target, and what is still being read.
//!
//! How outcomes are counted and summed up is in `ledger/tally.rs`, how a ledger leaves the program in `ledger/export.rs`.

mod export;
mod tally;

pub use export::Format;

use std::sync::Arc;
use std::time::Duration;

use super::outcome::{Class, Outcome};
use super::plan::{ActionId, Plan};
use super::verb::Verb;
use crate::model::section::Moment;

/// An action that was begun.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// What was confirmed.
    pub plan: Arc<Plan>,
    /// What it does, in the words it was confirmed in.
    pub sentence: String,
    /// Where it stands.
    pub stage: Stage,
    /// What became of each target, in the plan's order.
    pub outcomes: Vec<Outcome>,
    /// Requests of the plan.
    pub steps: usize,
    /// Requests that went out.
    pub sent: usize,
    /// When it began.
    pub began: Moment,
    /// When it was over.
    pub ended: Option<Moment>,
    /// How many a second now; less than asked for while due jobs pile up.
    pub pace: f64,
    /// Reading back.
    pub reading: Reading,
    /// What happened, newest last: why it stopped, what the canary showed, that a reason was written.
    pub notes: Vec<(Moment, String)>,
    /// What somebody has to look at, because it is not as it was meant to be left: it stays until the action is forgotten.
    pub look: Vec<String>,
    /// The head of the journal after the last entry, in short.
    pub head: Option<String>,
}

/// Where an action stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// The first few are sent and waited for.
    Canary,
    /// The others are sent.
    Sending,
    /// Nothing is sent until somebody says so.
    Paused(PausedBy),
    /// All that will be sent was sent; what became of it is being read.
    Verifying,
    /// Nothing is sent or read any more.
    Over(Ending),
}

/// Who or what paused an action.
#[derive(Clone, Debug, PartialEq)]
pub enum PausedBy {
    /// The operator.
    Operator,
    /// The canary did not do well.
    Canary(String),
    /// More failed than was allowed.
    Failures(String),
    /// The engine was not there, or could not be read.
    Engine(String),
    /// Another user logged in than the one who planned it.
    Login(String),
}

/// How an action was over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All was sent, and all is settled or was looked at for as long as was said.
    Done,
    /// The operator stopped it.
    Stopped,
    /// The login was refused, or the journal could not be written.
    Failed(String),
}

/// How much reading back costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// Requests made.
    pub requests: u64,
    /// Requests a second at most.
    pub per_second: f64,
    /// Until when, at the latest, counted from the last change sent.
    pub at_most: Duration,
}

impl Ledger {
    /// Whether it is over and may have left jobs otherwise than it was to keep them, so that a plan can put them back.
    pub fn leaves_held(&self) -> bool {
        let open = self.outcomes.iter().any(|outcome| outcome.class() != Class::Good);
        // As long as it is read back, the journal has it under way, and no plan is made after it.
        let is_over = matches!(self.stage, Stage::Over(_));
        match self.plan.verb {
            Verb::ResumeJobDefinitions | Verb::Thaw | Verb::ResumeInstances => is_over && !self.look.is_empty(),
            Verb::PutBack => is_over && (open || !self.look.is_empty()),
            _ => false,
        }
    }

    /// Why it cannot be taken back, whatever the engine says: what it does has no way back, or nothing of it was done.
    ///
    /// # Errors
    ///
    /// The reason, in a sentence.
    pub fn can_be_taken_back(&self) -> Result<(), &'static str> {
        match self.plan.verb {
            Verb::Retry => Err("A retry cannot be taken back: the jobs have run, or may at any moment."),
            Verb::Cancel => Err("Cancelled instances cannot be brought back."),
            Verb::Unlock => Err("A lock cannot be given back: another worker may have it."),
            Verb::CallOffTimed => Err("A timer that was called off cannot be brought back: order it anew."),
            Verb::PutBack => Err("Putting back is not taken back."),
            _ if self.sent == 0 && matches!(self.stage, Stage::Over(_)) => Err("Nothing of this action was sent: there is nothing to take back."),
            _ => Ok(()),
        }
    }

    /// The action whose jobs it is about: itself, or the one after which it puts them back.
    pub fn origin(&self) -> &ActionId {
        self.plan.takes_back.as_ref().filter(|_| self.plan.verb == Verb::PutBack).unwrap_or(&self.plan.action)
    }

    /// Whether it put back everything that was left, and that was read back.
    pub fn has_put_back(&self) -> bool {
        let good = self.outcomes.iter().all(|outcome| outcome.class() == Class::Good);
        self.plan.verb == Verb::PutBack && self.stage == Stage::Over(Ending::Done) && good && !self.leaves_held()
    }
}

/// Of these actions, the oldest first, the one that put back what this one left; none as long as nothing did.
pub fn put_back<'a>(ledgers: &'a [Arc<Ledger>], action: &ActionId, origin: &ActionId) -> Option<&'a Arc<Ledger>> {
    let begun = ledgers.iter().position(|ledger| ledger.plan.action == *action);
    let later = &ledgers[begun.map_or(0, |begun| begun + 1)..];
    later.iter().find(|ledger| ledger.has_put_back() && ledger.origin() == origin)
}
