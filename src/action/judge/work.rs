//! What became of a job or an external task that was given attempts.

use jiff::Timestamp;

use super::{Case, Facts, Here, Life, Log, Work};
use crate::action::outcome::{Outcome, Proof, Waiting};
use crate::action::target::Subject;
use crate::model::history::{InstanceState, JobEvent};
use crate::model::incident::Incident;
use crate::text::EngineText;

pub(super) fn judge(case: &Case<'_>, facts: &Facts, attempts: u32) -> Outcome {
    match &facts.here {
        Here::NotRead | Here::As(_) => case.open(),
        Here::Gone => gone(case, facts),
        Here::Work(work) if case.is_accepted() || is_performed(case, facts, work) => there(case, facts, work, i64::from(attempts)),
        Here::Work(_) => case.open(),
    }
}

/// Whether somebody gave it attempts after the plan was read. What has none left can neither run nor fail before.
fn is_performed(case: &Case<'_>, facts: &Facts, work: &Work) -> bool {
    facts.is_logged() || had_none(case) && (work.left.is_some_and(|left| left > 0) || has_failed_since(case, facts))
}

fn had_none(case: &Case<'_>) -> bool {
    match &case.target.subject {
        Subject::Job { job, .. } => job.retries <= 0,
        Subject::ExternalTask { task, .. } => task.retries.is_some_and(|left| left <= 0),
        _ => false,
    }
}

/// Whether it failed after it was given attempts: by a failure newer than what was read before, or by an incident in the place of the
/// one it had.
fn has_failed_since(case: &Case<'_>, facts: &Facts) -> bool {
    let newer = match (case.since, facts.attempt(JobEvent::Failed)) {
        (Some(since), Some(failure)) => failure.at > since,
        _ => false,
    };
    let replaced = case
        .incident()
        .is_some_and(|(id, created)| facts.incidents.iter().any(|incident| is_of(case, incident) && incident.id != *id && incident.created > created));
    newer || replaced
}

/// Whether the incident is of the target itself.
fn is_of(case: &Case<'_>, incident: &Incident) -> bool {
    incident.configuration.as_ref().is_some_and(|configuration| configuration.as_wire() == case.target.id())
}

fn there(case: &Case<'_>, facts: &Facts, work: &Work, attempts: i64) -> Outcome {
    let left = work.left.unwrap_or(attempts);
    let failed = has_failed_since(case, facts);
    if left <= 0 {
        // A batch gives attempts when it comes to it. Until then the job is as it was.
        return match facts.batch_goes_on {
            Some(true) if !failed => Outcome::Waits(Waiting::Batch),
            // A request whose answer was lost may come about between reading the job and reading the log: then it has not run yet.
            _ if !failed && !case.is_accepted() => case.open(),
            _ => Outcome::FailedAgain { message: work.message.clone() },
        };
    }
    if left < attempts || failed {
        return Outcome::FailedOnce { left, next: work.next, message: work.message.clone() };
    }
    let ahead = work.next.filter(|next| facts.now.is_some_and(|now| *next > now));
    Outcome::Waits(match (work.suspended, &work.topic, ahead) {
        (_, Some(_), _) if work.worker.is_some() => Waiting::Working { worker: work.worker.clone() },
        (Some(what), _, _) => Waiting::Suspended(what),
        (None, None, Some(next)) => Waiting::NotDue(next),
        (None, None, None) => Waiting::Executor,
        (None, Some(topic), _) => Waiting::Worker { topic: topic.clone() },
    })
}

/// A job that vanished did not necessarily succeed.
fn gone(case: &Case<'_>, facts: &Facts) -> Outcome {
    if let Some(success) = facts.attempt(JobEvent::Succeeded) {
        let proof = match case.target.subject {
            Subject::ExternalTask { .. } => Proof::ExternalTaskLog,
            _ => Proof::JobLog,
        };
        // That it ran through is good, whoever gave it attempts. A request that the engine answered with an error did not.
        return match case.is_ours(facts) {
            Some(true) => failed_further_on(case, facts, success.at).unwrap_or(Outcome::Succeeded(proof)),
            Some(false) => Outcome::AlreadyDone("it has run through, and no log says that this request did it"),
            None => case.open(),
        };
    }
    match (&facts.log, facts.life) {
        (Log::NotRead, _) | (_, Life::NotRead) => case.open(),
        _ if facts.attempt(JobEvent::Deleted).is_some() => removed(facts),
        (_, Life::Over(InstanceState::Completed)) => match case.is_ours(facts) {
            Some(true) => Outcome::Succeeded(Proof::Advanced),
            Some(false) => Outcome::AlreadyDone("its instance has come to its end, and no log says that this request did it"),
            None => case.open(),
        },
        (_, Life::Over(InstanceState::ExternallyTerminated)) => Outcome::CancelledByOther { user: who(facts) },
        (_, Life::Over(_) | Life::NotKnown) => Outcome::GoneCauseUnknown,
        (_, Life::Runs) if facts.left == Some(true) => {
            let further = case.incident().and_then(|(_, created)| failed_further_on(case, facts, created));
            match case.is_ours(facts) {
                Some(true) => further.unwrap_or(Outcome::Succeeded(Proof::Advanced)),
                Some(false) => Outcome::AlreadyDone("its instance has gone on, and no log says that this request did it"),
                None => case.open(),
            }
        }
        (_, Life::Runs) => Outcome::GoneCauseUnknown,
    }
}

/// It was removed without having run. An instance that came to its end by itself removes what it does not need any more.
fn removed(facts: &Facts) -> Outcome {
    match (facts.life, who(facts)) {
        (Life::Over(InstanceState::ExternallyTerminated), user) => Outcome::CancelledByOther { user },
        (Life::Runs | Life::NotKnown, user @ Some(_)) => Outcome::CancelledByOther { user },
        _ => Outcome::GoneCauseUnknown,
    }
}

fn who(facts: &Facts) -> Option<EngineText> {
    facts.somebody_else().and_then(|operation| operation.user.clone())
}

/// What its instance failed with after that moment, and not before.
fn failed_further_on(case: &Case<'_>, facts: &Facts, after: Timestamp) -> Option<Outcome> {
    let newer = facts.incidents.iter().filter(|incident| incident.created >= after && !is_of(case, incident));
    // A root tells the message, a blocked parent only that something below it failed.
    let incident = newer.max_by_key(|incident| (incident.is_root(), incident.created))?;
    let place = incident.failed_activity.as_ref().or(incident.activity.as_ref());
    let failed_at = place.map_or_else(|| EngineText::from("an unknown place"), |activity| activity.text().clone());
    Some(Outcome::MovedOn { failed_at, message: incident.message.clone() })
}
