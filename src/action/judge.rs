//! What became of a target, decided from what was read back. Pure: it reads no engine and no clock.
//!
//! Three rules hold whatever was read. A success needs positive evidence: an entry of a log, an instance that went on, or the state
//! that was asked for; and where the answer was no yes, evidence that this request brought it about. A change whose answer was lost is *not performed* for nobody: it becomes performed on positive evidence, else it
//! stays unknown. Times of the engine are compared with times of the engine only. How much must be read for each of the answers is
//! decided here as well, by leaving a target open as long as a part of it was not read.

mod ending;
mod state;
mod work;

#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;

use super::outcome::Outcome;
use super::target::{Subject, Target};
use crate::engine::{EngineError, Problem, Sent};
use crate::model::history::{InstanceState, JobEvent};
use crate::model::ids::IncidentId;
use crate::model::incident::Incident;
use crate::text::EngineText;

/// How long it is looked for traces of a change, counted from its sending.
pub const LOOKED_FOR: Duration = Duration::from_secs(60);

/// What was wanted of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A job or external task that has out of retries is to run.
    Run {
        /// Attempts it was given.
        attempts: u32,
    },
    /// An instance is to end.
    End,
    /// A timer is to vanish without having run.
    Vanish,
    /// Something is to be in another state.
    State {
        /// Whether it was so before.
        was_so: bool,
    },
}

/// One target whose requests were sent.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// As it was read for the plan.
    pub target: &'a Target,
    /// What was wanted.
    pub goal: Goal,
    /// What came back from sending.
    pub said: &'a Said,
    /// The newest time of the engine that was read before anything was sent.
    pub since: Option<Timestamp>,
    /// How long it is looked for traces already.
    pub looked: Duration,
}

/// What came back from sending, as far as it matters later.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// The engine says that it did it, or took it.
    Accepted,
    /// The engine says that it did not.
    Rejected {
        /// Why.
        why: EngineText,
        /// Whether it knows no such thing.
        gone: bool,
    },
    /// Nothing went out.
    NotSent(EngineText),
    /// It went out, and nothing certain came back.
    Unknown(EngineText),
}

impl From<&Sent> for Said {
    fn from(sent: &Sent) -> Self {
        match sent {
            Sent::Accepted { .. } => Self::Accepted,
            Sent::Rejected(error) => Self::Rejected { why: said(error), gone: matches!(error.problem(), Problem::NotFound) },
            Sent::NotSent(error) => Self::NotSent(said(error)),
            Sent::Unknown(error) => Self::Unknown(said(error)),
        }
    }
}

/// What was read back of a target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The engine's clock when it was read.
    pub now: Option<Timestamp>,
    /// The target itself.
    pub here: Here,
    /// Its attempts.
    pub log: Log,
    /// Its process instance.
    pub life: Life,
    /// Open incidents of its instance.
    pub incidents: Vec<Incident>,
    /// Whether the history knows that its activity was left, and not by a cancellation, after it had failed.
    pub left: Option<bool>,
    /// Changes of it by users that are newer than what was read before sending; none where they were not read yet.
    pub operations: Option<Vec<Operation>>,
    /// Whether its instance ended with the reason that only this action has written; none where that was not read, or none was written.
    pub signed: Option<bool>,
    /// Whether the batch that was made for it goes on; none where there is none.
    pub batch_goes_on: Option<bool>,
}

/// The target itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Here {
    /// It was not read yet, or could not be.
    #[default]
    NotRead,
    /// There is no such thing any more.
    Gone,
    /// A job or external task.
    Work(Work),
    /// Something else; whether it is as was asked for.
    As(bool),
}

/// A job or an external task as it is now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Work {
    /// Attempts left; none where they were never counted.
    pub left: Option<i64>,
    /// Message of its latest failure.
    pub message: Option<EngineText>,
    /// Not before this moment.
    pub next: Option<Timestamp>,
    /// What of it is suspended: it, its instance, its definition.
    pub suspended: Option<&'static str>,
    /// Its topic; none for a job.
    pub topic: Option<EngineText>,
    /// The worker that holds it.
    pub worker: Option<EngineText>,
}

/// Entries of the log of jobs or of external tasks about the target.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Log {
    /// It was not read yet.
    #[default]
    NotRead,
    /// There is none, or it may not be read.
    None,
    /// What it says, in any order.
    Entries(Vec<Attempt>),
}

/// One entry of such a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// When, by the engine's clock.
    pub at: Timestamp,
    /// What happened.
    pub event: JobEvent,
    /// Message of a failure.
    pub message: Option<EngineText>,
}

/// The process instance of the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Life {
    /// It was not read yet.
    #[default]
    NotRead,
    /// It does not run, and no history tells of it.
    NotKnown,
    /// It runs.
    Runs,
    /// It has ended.
    Over(InstanceState),
}

/// A change by a user, from the log of operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Who.
    pub user: Option<EngineText>,
    /// Whether it may be ours: our user did what we asked for.
    pub ours: bool,
}

/// What became of a target, as far as was read.
pub fn judge(case: &Case<'_>, facts: &Facts) -> Outcome {
    match case.said {
        Said::NotSent(why) => Outcome::NotPerformed(why.clone()),
        Said::Rejected { why, gone } => rejected(case, facts, why, *gone),
        Said::Accepted | Said::Unknown(_) => match case.goal {
            Goal::Run { attempts } => work::judge(case, facts, attempts),
            Goal::End => ending::judge(case, facts),
            Goal::Vanish => ending::of_timer(case, facts),
            Goal::State { was_so } => state::judge(case, facts, was_so),
        },
    }
}

/// An engine that knows no such thing leaves nothing to do where it was to end.
fn rejected(case: &Case<'_>, facts: &Facts, why: &EngineText, gone: bool) -> Outcome {
    match case.goal {
        Goal::End | Goal::Vanish if gone => Outcome::AlreadyDone("it was gone before"),
        Goal::Run { .. } if gone && facts.attempt(JobEvent::Succeeded).is_some() => Outcome::AlreadyDone("it had run before"),
        _ => Outcome::Rejected(why.clone()),
    }
}

impl Case<'_> {
    /// Whether the engine said that it did it.
    fn is_accepted(&self) -> bool {
        *self.said == Said::Accepted
    }

    /// Whether it is shown that this request did it: by the engine's word, or by its log of operations. None as long as that log was not
    /// read.
    fn is_ours(&self, facts: &Facts) -> Option<bool> {
        if self.is_accepted() || facts.is_logged() { Some(true) } else { facts.operations.is_some().then_some(false) }
    }

    /// The outcome as long as nothing was read that settles it.
    fn open(&self) -> Outcome {
        let seconds = self.looked.as_secs();
        match self.said {
            Said::Unknown(answer) if self.looked < LOOKED_FOR => Outcome::Unknown(answer.clone()),
            Said::Unknown(answer) => Outcome::NoTrace { answer: answer.clone(), seconds },
            _ if self.looked < LOOKED_FOR => Outcome::Accepted,
            _ => Outcome::NoTrace { answer: "the engine said that it did it, and what became of it could not be read".into(), seconds },
        }
    }

    /// The incident the target had when the plan was made.
    fn incident(&self) -> Option<(&IncidentId, Timestamp)> {
        match &self.target.subject {
            Subject::Job { incident, .. } | Subject::ExternalTask { incident, .. } => {
                incident.as_ref().map(|known| (&known.incident.id, known.incident.created))
            }
            _ => None,
        }
    }
}

impl Facts {
    /// The newest entry of this kind.
    fn attempt(&self, event: JobEvent) -> Option<&Attempt> {
        match &self.log {
            Log::Entries(entries) => entries.iter().filter(|entry| entry.event == event).max_by_key(|entry| entry.at),
            Log::NotRead | Log::None => None,
        }
    }

    /// Whether the log of operations shows what was asked for, by our user and newer than anything read before.
    fn is_logged(&self) -> bool {
        self.operations.iter().flatten().any(|operation| operation.ours)
    }

    /// Somebody else who changed it.
    fn somebody_else(&self) -> Option<&Operation> {
        self.operations.iter().flatten().find(|operation| !operation.ours)
    }
}

/// What an engine or the network said, without the address.
fn said(error: &EngineError) -> EngineText {
    EngineText::from(error.problem().to_string())
}
