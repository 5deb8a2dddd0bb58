//! What became of something that was to be in another state: suspended, resumed, noted, written.

use super::{Case, Facts, Here, Life, Log};
use crate::action::outcome::{Outcome, Proof};
use crate::model::history::JobEvent;

pub(super) fn judge(case: &Case<'_>, facts: &Facts, was_so: bool) -> Outcome {
    match &facts.here {
        // Found as it was before, it tells nothing of a change whose answer was lost.
        Here::As(true) if case.is_accepted() || !was_so || facts.is_logged() => Outcome::Succeeded(Proof::State),
        Here::Gone => gone(case, facts),
        Here::As(_) | Here::NotRead | Here::Work(_) => case.open(),
    }
}

/// What is gone cannot be looked at any more: it was changed, or it went before.
fn gone(case: &Case<'_>, facts: &Facts) -> Outcome {
    let performed = case.is_accepted() || facts.is_logged();
    match (&facts.log, facts.life) {
        _ if performed && facts.attempt(JobEvent::Succeeded).is_some() => Outcome::Succeeded(Proof::JobLog),
        (Log::NotRead, _) | (_, Life::NotRead) => case.open(),
        (_, Life::Over(_)) if performed => Outcome::AlreadyDone("it has ended meanwhile"),
        _ => Outcome::GoneCauseUnknown,
    }
}
