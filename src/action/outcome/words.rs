//! What became of one target, in words that cannot be taken for more than is known. Only words: no decisions.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Outcome, Proof, Waiting};
use crate::text::{EngineText, safe, truncate};

/// Cells of the engine's own words in one outcome.
const SHOWN: usize = 160;

impl Outcome {
    /// What became of it, in one safe line. Times are told by the clock of `zone`, with their day where that is not today's.
    pub fn words(&self, zone: &TimeZone, now: Timestamp) -> String {
        match self {
            Self::Planned => "not sent yet".to_owned(),
            Self::Sending => "being sent".to_owned(),
            Self::Accepted => "accepted, reading back what became of it".to_owned(),
            Self::Succeeded(proof) => format!("succeeded ({})", proof.words()),
            Self::Ended(proof) => format!("ended ({})", proof.words()),
            Self::MovedOn { failed_at, message } => with_message(format!("moved on, then failed at {}", shown(failed_at)), message.as_ref()),
            Self::FailedAgain { message } => with_message("failed again".to_owned(), message.as_ref()),
            Self::FailedOnce { left, next, message } => {
                let next = next.map(|next| format!(", next {}", clock(next, zone, now))).unwrap_or_default();
                with_message(format!("failed once, {left} left{next}"), message.as_ref())
            }
            Self::Waits(waiting) => format!("waits: {}", waiting.words(zone, now)),
            Self::AlreadyDone(why) => format!("already so: {why}"),
            Self::LeftAlone(why) => format!("left alone, nothing was sent: {why}"),
            Self::CancelledByOther { user: Some(user) } => format!("cancelled by somebody else: {}", shown(user)),
            Self::CancelledByOther { user: None } => "cancelled by somebody else".to_owned(),
            Self::GoneCauseUnknown => "gone, cause unknown: no history tells".to_owned(),
            Self::Rejected(why) => format!("rejected: {}", shown(why)),
            Self::NotPerformed(why) => format!("not performed, nothing was sent: {}", shown(why)),
            Self::Unknown(answer) => format!("unknown: {}; reading back", shown(answer)),
            Self::NoTrace { answer, seconds } => format!("unknown: no trace after {seconds} s: {}", shown(answer)),
            Self::Partly { done, of, unknown } => format!("done in part: {}", parts(*done, *of, *unknown)),
            Self::LeftHalfway(why) => format!("left halfway: {}", shown(why)),
            Self::Ordered { at } => format!("ordered, not done yet: the engine's timer is set for {}", clock(*at, zone, now)),
            Self::Stopped => "never sent: the action ended before its turn".to_owned(),
        }
    }

    /// The same for a summary of many, with `these` of them: no times, which differ from one to the next.
    pub(in crate::action) fn counted(&self, these: usize) -> String {
        let verb = |one: &str, many: &str| format!("{these} {}", if these == 1 { one } else { many });
        match self {
            Self::Planned => verb("is not sent yet", "are not sent yet"),
            Self::Sending => verb("is being sent", "are being sent"),
            Self::Accepted => verb("is being read back", "are being read back"),
            Self::Succeeded(_) => format!("{these} succeeded"),
            Self::Ended(_) => format!("{these} ended"),
            Self::MovedOn { failed_at, message } => quoted(format!("{these} moved on, then failed at {}", shown(failed_at)), message.as_ref()),
            Self::FailedAgain { message } => quoted(format!("{these} failed again"), message.as_ref()),
            Self::FailedOnce { message, .. } => quoted(format!("{these} failed and will be tried again"), message.as_ref()),
            Self::Waits(waiting) => format!("{}: {}", verb("waits", "wait"), waiting.kind()),
            Self::AlreadyDone(why) => format!("{}: {why}", verb("was so already", "were so already")),
            Self::LeftAlone(why) => format!("{}, nothing was sent: {why}", verb("was left alone", "were left alone")),
            Self::CancelledByOther { .. } => verb("was cancelled by somebody else", "were cancelled by somebody else"),
            Self::GoneCauseUnknown => verb("is gone, cause unknown", "are gone, cause unknown"),
            Self::Rejected(why) => format!("{}: {}", verb("was rejected", "were rejected"), shown(why)),
            Self::NotPerformed(why) => format!("{}: {}", verb("was not performed", "were not performed"), shown(why)),
            Self::Unknown(answer) => format!("{}: {}", verb("is unknown", "are unknown"), shown(answer)),
            Self::NoTrace { answer, .. } => format!("{}: {}", verb("is unknown, without a trace", "are unknown, without a trace"), shown(answer)),
            Self::Ordered { .. } => verb("is ordered for later, not done yet", "are ordered for later, not done yet"),
            Self::Partly { done, of, unknown } => format!("{}: {}", verb("was done in part", "were done in part"), parts(*done, *of, *unknown)),
            Self::LeftHalfway(why) => format!("{}: {}", verb("was left halfway", "were left halfway"), shown(why)),
            Self::Stopped => verb("was never sent", "were never sent"),
        }
    }

    /// What the engine said, where it said something.
    pub fn message(&self) -> Option<&EngineText> {
        match self {
            Self::MovedOn { message, .. } | Self::FailedAgain { message } | Self::FailedOnce { message, .. } => message.as_ref(),
            Self::Rejected(text) | Self::NotPerformed(text) | Self::LeftHalfway(text) | Self::Unknown(text) | Self::NoTrace { answer: text, .. } => Some(text),
            _ => None,
        }
    }
}

impl Proof {
    /// What proves it, in a word or two.
    pub fn words(self) -> &'static str {
        match self {
            Self::JobLog => "job log",
            Self::ExternalTaskLog => "external task log",
            Self::Advanced => "its instance went on",
            Self::State => "read back",
            Self::Reason => "its history gives this action's reason",
        }
    }
}

impl Waiting {
    /// Why it waits, with the time where one is known.
    pub fn words(&self, zone: &TimeZone, now: Timestamp) -> String {
        match self {
            Self::Suspended(what) => format!("{what} is SUSPENDED"),
            Self::NotDue(due) => format!("due at {}", clock(*due, zone, now)),
            Self::Executor => "due, no executor took it yet".to_owned(),
            Self::Worker { topic } => format!("no worker fetched it from topic {} yet", shown(topic)),
            Self::Working { worker: Some(worker) } => format!("worker {} works on it", shown(worker)),
            Self::Working { worker: None } => "it is being worked on".to_owned(),
            Self::Batch => "the engine's batch has not come to it yet".to_owned(),
        }
    }

    /// Why, without what differs from one to the next.
    fn kind(&self) -> &'static str {
        match self {
            Self::Suspended(_) => "suspended",
            Self::NotDue(_) => "not due yet",
            Self::Executor => "no executor took them yet",
            Self::Worker { .. } => "no worker fetched them yet",
            Self::Working { .. } => "being worked on",
            Self::Batch => "the engine's batch goes on",
        }
    }
}

fn parts(done: usize, of: usize, unknown: usize) -> String {
    let unknown = if unknown > 0 { format!(", of {unknown} nobody knows") } else { String::new() };
    format!("{done} of {of} jobs resumed{unknown}")
}

/// The engine's own words, safe and bounded.
fn shown(text: &EngineText) -> String {
    truncate(safe(text.as_wire()).trim(), SHOWN).into_owned()
}

fn with_message(lead: String, message: Option<&EngineText>) -> String {
    match message {
        Some(message) if !message.as_wire().trim().is_empty() => format!("{lead}: {}", shown(message)),
        _ => lead,
    }
}

fn quoted(lead: String, message: Option<&EngineText>) -> String {
    match message {
        Some(message) if !message.as_wire().trim().is_empty() => format!("{lead} with “{}”", shown(message)),
        _ => lead,
    }
}

/// A time as a clock shows it, with its day if that is another one.
fn clock(time: Timestamp, zone: &TimeZone, now: Timestamp) -> String {
    let (time, today) = (time.to_zoned(zone.clone()), now.to_zoned(zone.clone()).date());
    let form = if time.date() == today { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    time.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    fn words(outcome: &Outcome) -> String {
        outcome.words(&TimeZone::UTC, at("2026-11-21T02:10:00Z"))
    }

    #[test]
    fn each_outcome_says_what_is_known_and_no_more() {
        let message = || Some(EngineText::from("Card service answered 503"));
        for (outcome, expected) in [
            (Outcome::Succeeded(Proof::JobLog), "succeeded (job log)"),
            (Outcome::FailedAgain { message: message() }, "failed again: Card service answered 503"),
            (Outcome::FailedAgain { message: Some(" ".into()) }, "failed again"),
            (Outcome::FailedOnce { left: 2, next: Some(at("2026-11-21T02:35:00Z")), message: None }, "failed once, 2 left, next 02:35"),
            (
                Outcome::FailedOnce { left: 2, next: Some(at("2026-11-22T02:35:00Z")), message: message() },
                "failed once, 2 left, next 2026-11-22 02:35: Card service answered 503",
            ),
            (Outcome::MovedOn { failed_at: "ship".into(), message: None }, "moved on, then failed at ship"),
            (Outcome::Waits(Waiting::Suspended("its job definition")), "waits: its job definition is SUSPENDED"),
            (Outcome::Waits(Waiting::Executor), "waits: due, no executor took it yet"),
            (Outcome::LeftHalfway("it is not known to be suspended".into()), "left halfway: it is not known to be suspended"),
            (Outcome::CancelledByOther { user: Some("mary".into()) }, "cancelled by somebody else: mary"),
            (Outcome::Unknown("connection cut after sending".into()), "unknown: connection cut after sending; reading back"),
            (
                Outcome::NoTrace { answer: "the engine answered with a page of a proxy (502)".into(), seconds: 60 },
                "unknown: no trace after 60 s: the engine answered with a page of a proxy (502)",
            ),
        ] {
            assert_eq!(words(&outcome), expected);
        }
    }

    #[test]
    fn a_hostile_message_becomes_one_safe_bounded_line() {
        let message = Some(EngineText::from(format!("\u{1b}]52;c;x\u{7}\n{}", "x".repeat(5000))));
        let line = words(&Outcome::FailedAgain { message });
        assert!(!line.contains(['\u{1b}', '\n', '\u{7}']), "{line}");
        assert!(line.chars().count() < 200, "{} characters", line.chars().count());
    }
}
