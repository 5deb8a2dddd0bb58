//! What became of one target, as a value; its words are in `outcome/words.rs`.

pub(super) mod sum;
mod words;

use jiff::Timestamp;

use crate::journal::IN_PART;
use crate::text::EngineText;

/// What became of one target.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Outcome {
    /// Nothing was sent for it yet.
    #[default]
    Planned,
    /// Its request is under way.
    Sending,
    /// The engine took the request; what became of it is being read.
    Accepted,
    /// A job ran through, by its success in the job log or its advanced instance; or the state asked for is there.
    Succeeded(Proof),
    /// The instance ended, as was asked for.
    Ended(Proof),
    /// The job ran through, and its instance failed again further on.
    MovedOn {
        /// Where it failed then.
        failed_at: EngineText,
        /// With what.
        message: Option<EngineText>,
    },
    /// It failed again and has out of retries.
    FailedAgain {
        /// With what.
        message: Option<EngineText>,
    },
    /// It failed, and the engine will try again by itself.
    FailedOnce {
        /// Attempts left.
        left: i64,
        /// When the next one is.
        next: Option<Timestamp>,
        /// With what.
        message: Option<EngineText>,
    },
    /// It has its attempts and has not run.
    Waits(Waiting),
    /// It was so already, or gone already: nothing was left to do.
    AlreadyDone(&'static str),
    /// It was not any more as the plan had shown it when the action began: nothing was sent for it.
    LeftAlone(&'static str),
    /// Somebody else cancelled it.
    CancelledByOther {
        /// Who, where the history tells.
        user: Option<EngineText>,
    },
    /// It is gone, and no history tells how.
    GoneCauseUnknown,
    /// The engine itself refused.
    Rejected(EngineText),
    /// Nothing went out.
    NotPerformed(EngineText),
    /// It went out, nothing certain came back, and reading has not settled it yet.
    Unknown(EngineText),
    /// It went out, nothing certain came back, and nothing was seen of it for a while.
    NoTrace {
        /// What came back instead of an answer.
        answer: EngineText,
        /// Seconds of looking.
        seconds: u64,
    },
    /// Nothing has happened yet: the engine's own timer for it is there.
    Ordered {
        /// When it is to happen.
        at: Timestamp,
    },
    /// Its first request was done, and not all of those that belong to it.
    Partly {
        /// How many were done.
        done: usize,
        /// Of how many.
        of: usize,
        /// Of how many nobody knows.
        unknown: usize,
    },
    /// Something of it was done, or may have been, and the rest was left because of that.
    LeftHalfway(EngineText),
    /// It was never sent: the action was stopped, broke off, or its program ended before.
    Stopped,
}

/// What proves a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// An entry of the job log says so.
    JobLog,
    /// An entry of the external task log says so.
    ExternalTaskLog,
    /// The instance went on or ended as it should.
    Advanced,
    /// The state asked for was read back.
    State,
    /// The history gives the reason that this action alone has written.
    Reason,
}

/// Why something that has attempts does not run.
#[derive(Clone, Debug, PartialEq)]
pub enum Waiting {
    /// It, its instance or its definition is suspended.
    Suspended(&'static str),
    /// Its due date lies ahead.
    NotDue(Timestamp),
    /// It is due and no executor took it yet.
    Executor,
    /// Nobody fetched it yet.
    Worker {
        /// The topic it waits on.
        topic: EngineText,
    },
    /// Somebody works on it.
    Working {
        /// Which worker, where known.
        worker: Option<EngineText>,
    },
    /// The engine's batch has not come to it yet.
    Batch,
}

/// What kind of outcome it is, for counting and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// As wanted.
    Good,
    /// Not as wanted.
    Bad,
    /// Not settled, and it may take long.
    Waiting,
    /// Nobody can say.
    Unknown,
    /// Not settled yet.
    Open,
    /// Nothing was done to it.
    Untouched,
}

impl Outcome {
    /// Its kind.
    pub fn class(&self) -> Class {
        match self {
            Self::Planned | Self::Stopped | Self::NotPerformed(_) | Self::LeftAlone(_) => Class::Untouched,
            Self::Sending | Self::Accepted => Class::Open,
            Self::Succeeded(_) | Self::Ended(_) | Self::AlreadyDone(_) | Self::Ordered { .. } => Class::Good,
            Self::MovedOn { .. }
            | Self::FailedAgain { .. }
            | Self::FailedOnce { .. }
            | Self::Rejected(_)
            | Self::Partly { .. }
            | Self::LeftHalfway(_)
            | Self::CancelledByOther { .. } => Class::Bad,
            Self::Waits(_) => Class::Waiting,
            Self::Unknown(_) | Self::NoTrace { .. } | Self::GoneCauseUnknown => Class::Unknown,
        }
    }

    /// The name under which outcomes of one kind are counted, for summaries, the journal and exports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Planned => "not sent yet",
            Self::Sending => "sending",
            Self::Accepted => "accepted, being read back",
            Self::Succeeded(_) => "succeeded",
            Self::Ended(_) => "ended",
            Self::MovedOn { .. } => "moved on, failed further on",
            Self::FailedAgain { .. } => "failed again",
            Self::FailedOnce { .. } => "failed, will be tried again",
            Self::Waits(_) => "waits",
            Self::AlreadyDone(_) => "already so",
            Self::LeftAlone(_) => "left alone",
            Self::CancelledByOther { .. } => "cancelled by somebody else",
            Self::GoneCauseUnknown => "gone, cause unknown",
            Self::Rejected(_) => "rejected",
            Self::NotPerformed(_) => "not performed",
            Self::Unknown(_) => "unknown",
            Self::NoTrace { .. } => "unknown, no trace",
            Self::Ordered { .. } => "ordered for later",
            Self::Partly { .. } => IN_PART,
            Self::LeftHalfway(_) => "left halfway",
            Self::Stopped => "never sent",
        }
    }

    /// What a journal keeps of an outcome that is settled for good: that a job failed again stays true, whoever repaired it later. None for
    /// what reading on may still change.
    pub fn recorded(name: &str, words: Option<EngineText>) -> Option<Self> {
        let said = words.unwrap_or_else(|| EngineText::from(""));
        let after = |lead: &str| said.as_wire().split_once(lead).map(|(_, rest)| EngineText::from(rest));
        Some(match name {
            "failed again" => Self::FailedAgain { message: after("failed again: ") },
            "moved on, failed further on" => Self::MovedOn { failed_at: after("then failed at ").unwrap_or(said), message: None },
            "succeeded" if said.as_wire().contains("external task log") => Self::Succeeded(Proof::ExternalTaskLog),
            "succeeded" if said.as_wire().contains("job log") => Self::Succeeded(Proof::JobLog),
            _ => return None,
        })
    }

    /// Whether reading on can still change it.
    pub fn is_settled(&self) -> bool {
        !matches!(self, Self::Planned | Self::Sending | Self::Accepted | Self::Waits(_) | Self::Unknown(_) | Self::FailedOnce { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_settled_is_read_from_the_journal_as_it_was_and_what_was_open_is_not() {
        let zone = jiff::tz::TimeZone::UTC;
        let now = Timestamp::UNIX_EPOCH;
        for outcome in [
            Outcome::FailedAgain { message: Some("503".into()) },
            Outcome::Succeeded(Proof::JobLog),
            Outcome::Succeeded(Proof::ExternalTaskLog),
            Outcome::MovedOn { failed_at: "ship".into(), message: None },
        ] {
            let words = EngineText::from(outcome.words(&zone, now));
            assert_eq!(Outcome::recorded(outcome.name(), Some(words)), Some(outcome));
        }
        for open in [Outcome::Waits(Waiting::Executor), Outcome::Unknown("cut".into()), Outcome::Stopped, Outcome::Succeeded(Proof::State)] {
            assert_eq!(Outcome::recorded(open.name(), Some(EngineText::from(open.words(&zone, now)))), None, "{open:?}");
        }
    }
}
