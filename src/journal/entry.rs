//! What is recorded. The names and the order of the fields are a promise: files are kept for years.
//!
//! Fields may be added, never renamed, and [`VERSION`] rises only when an old reader would misunderstand a new line. There is no map and no
//! free JSON anywhere: what a field holds is decided here, and values of variables have no field.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::exact::Exact;
use super::origin::Who;

/// The version of the lines that are written.
pub const VERSION: u32 = 1;

/// One thing to record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Entry {
    /// An action is about to begin. On the disk before the first request goes out.
    Intent(Box<Intent>),
    /// One request of it is about to go out. On the disk before it does.
    Sent(Sent),
    /// What is known of that request right after.
    Answered(Answered),
    /// What became of one target; a later one replaces an earlier one.
    Outcome(Outcome),
    /// Something beside its requests and outcomes.
    Note(Note),
    /// The action is over, or its program ended in good order.
    End(End),
    /// Another run of the program looked what became of an action that has no end.
    ReadBack(ReadBack),
}

impl Entry {
    /// The action it belongs to.
    pub fn action(&self) -> &Exact {
        match self {
            Self::Intent(intent) => &intent.action,
            Self::Sent(sent) => &sent.action,
            Self::Answered(answered) => &answered.action,
            Self::Outcome(outcome) => &outcome.action,
            Self::Note(note) => &note.action,
            Self::End(end) => &end.action,
            Self::ReadBack(read) => &read.action,
        }
    }

    /// Whether it must be on the disk before anything else happens. Without the line that a request goes out, a power cut right after would
    /// leave a journal that tells it was never sent.
    pub(super) fn is_weighty(&self) -> bool {
        matches!(self, Self::Sent(_)) || self.is_of_a_run()
    }

    /// Whether it tells what has happened. What is meant to happen must not, where it cannot be recorded; what has happened must be recorded later.
    pub(super) fn has_happened(&self) -> bool {
        !matches!(self, Self::Intent(_) | Self::Sent(_))
    }

    /// Whether it tells which run of the program wrote it.
    pub(super) fn is_of_a_run(&self) -> bool {
        matches!(self, Self::Intent(_) | Self::End(_) | Self::ReadBack(_))
    }
}

/// What is meant to be done, by whom, where and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// The name of the action.
    pub action: Exact,
    /// Who does it.
    pub who: Who,
    /// Where.
    pub engine: Engine,
    /// The profile of the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Exact>,
    /// What is done, in one or two words, such as `retry` or [`super::FREEZE`].
    pub verb: Exact,
    /// What will happen, as it was confirmed.
    pub sentence: Exact,
    /// Why, in the operator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Exact>,
    /// How many requests it is made of.
    pub steps: u64,
    /// What is acted on.
    pub targets: Vec<Target>,
    /// What is kept asleep although the action would wake it, as it was: what a crash in between leaves changed is put back from here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Target>,
    /// The requests, without credentials and without values of variables; fewer than `steps` where the caller records only some.
    pub requests: Vec<Request>,
    /// The action this one takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo_of: Option<Exact>,
    /// The freeze this one ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thaw_of: Option<Exact>,
    /// The action that left jobs otherwise than it was to, which this one puts back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub puts_back: Option<Exact>,
    /// Whether existing jobs or running instances were meant too, for an action on definitions; its requests do not always tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs_too: Option<bool>,
    /// The role of the session, and from which one it was widened while the program ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Exact>,
    /// The newest time of the engine, by its own clock, that was seen before the first request: what is newer may come of the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_time: Option<Timestamp>,
    /// Where the journal was broken already when this was recorded: what stands before it may have been changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal_broken: Option<Exact>,
}

/// Which engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    /// Address of its REST API, without credentials.
    pub url: Exact,
    /// Its name behind that address; none for the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Exact>,
    /// Product and version, such as `Camunda 7.24.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Exact>,
    /// What it calls its installation, one for each database; none where it did not tell, and in lines of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installation: Option<Exact>,
    /// Process definitions it had, which tell it where its installation is not told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub definitions: Vec<Exact>,
    /// The newest things it had written, which a database that was set back does not know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub newest: Vec<Newest>,
}

/// Something an engine had written by then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newest {
    /// What kind of thing, such as `incident`.
    #[serde(rename = "type")]
    pub kind: Exact,
    /// Its id.
    pub id: Exact,
    /// When it was written, by the engine's clock.
    pub at: Timestamp,
    /// The process instance it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<Exact>,
    /// The process definition it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<Exact>,
}

impl Engine {
    /// Whether it is reached at the same address under the same name, whatever its version is by now. Whether another one has taken its place
    /// there, only what else is recorded of it tells.
    pub fn is_same(&self, other: &Self) -> bool {
        self.url == other.url && self.name == other.name
    }
}

/// One target of an action, as it was before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// What kind of thing it is, such as `job`.
    #[serde(rename = "type")]
    pub kind: Exact,
    /// Its id.
    pub id: Exact,
    /// As an operator knows it.
    pub label: Exact,
    /// The business key of its instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_key: Option<Exact>,
    /// Its process instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<Exact>,
    /// How it was, as far as the action changes it.
    #[serde(default, skip_serializing_if = "Before::is_empty")]
    pub before: Before,
}

/// How a target was before, as far as an action may change it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Before {
    /// Attempts left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<i64>,
    /// Whether it was suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<bool>,
    /// When it was due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Its priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
    /// The note on an incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Exact>,
}

impl Before {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A request as it goes out, without credentials and without values of variables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// `PUT`, `POST` or `DELETE`.
    pub method: Exact,
    /// The path below the REST API, or the whole address.
    pub path: Exact,
    /// The JSON body as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Exact>,
    /// Which targets it is for, counted from 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<u64>,
}

/// A request is about to go out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// Of which action.
    pub action: Exact,
    /// Which one of its requests, counted from 0.
    pub step: u64,
}

/// What is known of a request right after it was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// Of which action.
    pub action: Exact,
    /// Which one of its requests, counted from 0.
    pub step: u64,
    /// The kind of answer.
    pub answer: Answer,
    /// What the engine or the network said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Exact>,
    /// The batch that the engine made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Exact>,
}

/// The kind of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The engine took it.
    Accepted,
    /// The engine itself refused it.
    Rejected,
    /// Nothing went out.
    NotSent,
    /// It went out, and nothing certain came back.
    Unknown,
}

impl Answer {
    /// Whether the request may have had its effect.
    pub fn may_have_happened(self) -> bool {
        matches!(self, Self::Accepted | Self::Unknown)
    }
}

/// What became of one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Of which action.
    pub action: Exact,
    /// Which one of its targets, counted from 0.
    pub target: u64,
    /// The name under which outcomes of one kind are counted, such as `failed again`.
    pub name: Exact,
    /// What kind of outcome it is.
    pub class: Class,
    /// What else is to be said, such as the message of the failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Exact>,
}

/// What kind of outcome it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// Something beside the requests and outcomes of an action: what has to be looked at, or that its reason is written into the engine's own log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Of which action.
    pub action: Exact,
    /// In words.
    pub words: Exact,
}

/// An action is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Of which action.
    pub action: Exact,
    /// How.
    pub how: How,
    /// What else is to be said, such as why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Exact>,
    /// How many targets had which outcome.
    pub counts: Vec<Count>,
    /// Which targets nobody can tell the outcome of, counted from 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<u64>,
}

/// How an action was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// All was sent and looked at.
    Done,
    /// The operator stopped it, or it stopped by itself.
    Stopped,
    /// It could not go on.
    Failed,
    /// The program was left meanwhile.
    Quit,
    /// The terminal was gone, or the program was told to end.
    HungUp,
}

/// How many targets had one outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The name of the outcome.
    pub name: Exact,
    /// What kind of outcome that is.
    pub class: Class,
    /// How many targets.
    pub count: u64,
}

/// What a later run found out about an action without an end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadBack {
    /// Of which action.
    pub action: Exact,
    /// Who looked.
    pub who: Who,
    /// How many targets had which outcome.
    pub counts: Vec<Count>,
    /// Which targets nobody can tell the outcome of, counted from 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<u64>,
}
