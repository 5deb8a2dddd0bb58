//! What became of an instance that was to end, and of a timer that was to vanish.

use super::{Case, Facts, Here, Life, Log};
use crate::action::outcome::{Outcome, Proof, Waiting};
use crate::model::history::{InstanceState, JobEvent};

pub(super) fn judge(case: &Case<'_>, facts: &Facts) -> Outcome {
    match (&facts.here, facts.life) {
        (Here::Gone, Life::NotRead) => case.open(),
        // Whatever came back instead of an answer, or whether anything did.
        (Here::Gone, _) if facts.signed == Some(true) => Outcome::Ended(Proof::Reason),
        (Here::Gone, Life::Over(InstanceState::Completed | InstanceState::InternallyTerminated)) => Outcome::AlreadyDone("it had ended by itself"),
        // A batch takes what is gone for done: that the engine took it does not say that it ended this.
        (Here::Gone, _) if facts.signed == Some(false) => match facts.somebody_else() {
            Some(_) => Outcome::AlreadyDone("somebody else cancelled it meanwhile"),
            None => Outcome::AlreadyDone("it was cancelled, without this action's reason"),
        },
        (Here::Gone, life) => match (case.is_ours(facts), life) {
            (Some(true), _) => Outcome::Ended(Proof::State),
            (None, _) => case.open(),
            (Some(false), _) if facts.somebody_else().is_some() => Outcome::AlreadyDone("somebody else cancelled it meanwhile"),
            (Some(false), Life::Over(_)) => Outcome::AlreadyDone("it was cancelled, and no log says that this request did it"),
            (Some(false), _) => Outcome::GoneCauseUnknown,
        },
        (Here::NotRead, _) => case.open(),
        (_, _) if facts.batch_goes_on == Some(true) => Outcome::Waits(Waiting::Batch),
        (_, _) => case.open(),
    }
}

/// A timer that is gone may have done what it was made for.
pub(super) fn of_timer(case: &Case<'_>, facts: &Facts) -> Outcome {
    match (&facts.here, &facts.log) {
        (Here::Gone, Log::NotRead) => case.open(),
        (Here::Gone, _) if facts.attempt(JobEvent::Succeeded).is_some() => Outcome::Rejected("it had done its work before it could be called off".into()),
        (Here::Gone, _) => match case.is_ours(facts) {
            Some(true) => Outcome::Succeeded(Proof::State),
            Some(false) if facts.attempt(JobEvent::Deleted).is_some() => Outcome::AlreadyDone("it was called off, and no log says that this request did it"),
            Some(false) => Outcome::GoneCauseUnknown,
            None => case.open(),
        },
        _ => case.open(),
    }
}
