//! What happened to one process instance, told as one line of events. Pure: the parts of the history come in, rows come out.
//!
//! | part | what belongs there |
//! |---|---|
//! | [`gather`] | what was read of the parts so far, how far back each reaches, which are hidden |
//! | [`events`] | the parts become events in their causal order |
//! | [`rows`] | events become rows: gaps, and where the line is not complete any more |
//! | [`words`] | what an event says |

pub mod events;
#[cfg(test)]
pub(crate) mod example;
pub mod gather;
pub mod rows;
#[cfg(test)]
mod tests;
pub mod words;

use std::time::Duration;

use jiff::Timestamp;

use super::history::{HistoricActivity, HistoricIncident, IncidentState, InstanceState, JobEvent, JobLogEntry, UserOperation, VariableUpdate};
use super::ids::{ActivityId, CaseInstanceId, IncidentId, ProcessInstanceId};
use super::section::Problem;
use crate::text::EngineText;

pub use self::gather::Gathered;
pub use self::rows::{Row, RowKey};

/// Rows in one page of a part.
pub const PAST_PAGE: u32 = 200;

/// The lists of the history that tell of one instance. All are read newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Visits to activities by the time of entry.
    Entered,
    /// Visits that are over, by the time of leaving. Needed where there are too many for one page of the first.
    Left,
    /// Log of the jobs.
    Jobs,
    /// Operations of users.
    Operations,
    /// Changes of variables.
    Variables,
    /// Incidents by the time of creation.
    Incidents,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Entered, Self::Left, Self::Jobs, Self::Operations, Self::Variables, Self::Incidents];

    /// What an operator calls it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Entered | Self::Left => "activities",
            Self::Jobs => "job log",
            Self::Operations => "operations of users",
            Self::Variables => "changes of variables",
            Self::Incidents => "incidents",
        }
    }
}

/// Rows of one part.
#[derive(Clone, Debug, PartialEq)]
pub enum PastRows {
    /// Of [`Part::Entered`] and [`Part::Left`].
    Activities(Vec<HistoricActivity>),
    /// Of [`Part::Jobs`].
    Jobs(Vec<JobLogEntry>),
    /// Of [`Part::Operations`].
    Operations(Vec<UserOperation>),
    /// Of [`Part::Variables`].
    Variables(Vec<VariableUpdate>),
    /// Of [`Part::Incidents`].
    Incidents(Vec<HistoricIncident>),
}

impl PastRows {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Activities(rows) => rows.len(),
            Self::Jobs(rows) => rows.len(),
            Self::Operations(rows) => rows.len(),
            Self::Variables(rows) => rows.len(),
            Self::Incidents(rows) => rows.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One page of one part, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct PastPage {
    /// The rows.
    pub rows: PastRows,
    /// Whether there may be older ones.
    pub more: bool,
    /// Why older ones cannot be read although there are some.
    pub cut: Option<Problem>,
}

/// What an event is, for as long as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// The instance started.
    Started,
    /// The instance ended.
    Over,
    /// A visit began.
    Entered(EngineText),
    /// A visit ended.
    Left(EngineText),
    /// An entry of the job log.
    Job(EngineText),
    /// An incident was opened.
    Opened(IncidentId),
    /// An incident ended.
    Closed(IncidentId),
    /// An operation, by the id of its first row.
    Operation(EngineText),
    /// A variable changed.
    Variable(EngineText),
}

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What it is.
    pub key: Key,
    /// When, by the engine node's clock.
    pub at: Timestamp,
    /// What happened.
    pub what: What,
    /// At which activity.
    pub activity: Option<ActivityId>,
    /// How that activity is called in the diagram.
    pub name: Option<EngineText>,
    /// Which user did it, or which node.
    pub by: Option<EngineText>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The instance started: the note of who started it, and the case that called it, in words.
    Started(Option<EngineText>, Option<String>),
    /// The instance ended: how, why, after how long.
    Over(InstanceState, Option<EngineText>, Duration),
    /// An activity was entered.
    Entered(Visit),
    /// An activity was entered and left, and nothing happened in between.
    Passed(Visit, Duration),
    /// An activity was left.
    Left(Visit, Duration),
    /// Something happened to a job.
    Job(Attempt),
    /// A user did something.
    Operation(Operation),
    /// A variable changed.
    Variable(Change),
    /// An incident was opened.
    Opened(Trouble),
    /// An incident ended: what kind it was, how it ended, how long it had been open, and its annotation.
    Closed(EngineText, IncidentState, Duration, Option<EngineText>),
}

/// A visit to an activity.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    /// Type of the activity.
    pub kind: EngineText,
    /// The instance a call activity called.
    pub called: Option<ProcessInstanceId>,
    /// The case a call activity called.
    pub called_case: Option<CaseInstanceId>,
    /// Who has the user task.
    pub assignee: Option<EngineText>,
    /// Whether it was left by a cancellation.
    pub canceled: bool,
}

/// An entry of the job log.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Its id, for its stack trace.
    pub entry: EngineText,
    /// The job.
    pub job: EngineText,
    /// What happened.
    pub event: JobEvent,
    /// What kind of job it is.
    pub kind: Option<EngineText>,
    /// Attempts left after a failure, where that is certain.
    pub left: Option<i64>,
    /// Message of a failure.
    pub message: Option<EngineText>,
    /// Activity that failed, where the job stands at another one.
    pub failed_at: Option<ActivityId>,
}

/// An operation of a user.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// What was done, such as `SetJobRetries`.
    pub kind: EngineText,
    /// To what sort of thing.
    pub entity: Option<EngineText>,
    /// To how many of them.
    pub things: usize,
    /// What changed: property, before, after.
    pub changes: Vec<(EngineText, Option<EngineText>, Option<EngineText>)>,
    /// What was noted with it.
    pub note: Option<EngineText>,
}

/// A change of a variable, without its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its name.
    pub variable: EngineText,
    /// Type of the value.
    pub kind: Option<EngineText>,
    /// Characters of the value.
    pub size: Option<usize>,
    /// Whether it was the first value.
    pub first: bool,
    /// Whether it came with the start of the instance.
    pub initial: bool,
    /// What the user noted who changed it.
    pub note: Option<EngineText>,
}

/// An incident that was opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// Its id.
    pub incident: IncidentId,
    /// Its type.
    pub kind: EngineText,
    /// Whether the trouble began here rather than in a called instance.
    pub root: bool,
    /// Activity that failed, where the work stands at another one.
    pub failed_at: Option<ActivityId>,
    /// Its message.
    pub message: Option<EngineText>,
    /// Whether it is open still.
    pub open: bool,
    /// What was noted on it while it is open; once it has ended, its end tells it.
    pub note: Option<EngineText>,
}

impl Event {
    /// The activity that failed, where the work stands at another one.
    pub fn failed_at(&self) -> Option<&ActivityId> {
        match &self.what {
            What::Job(attempt) => attempt.failed_at.as_ref(),
            What::Opened(trouble) => trouble.failed_at.as_ref(),
            _ => None,
        }
    }

    /// Whether it is a failure, what became of it, or something a user did; what frames them, the start and the end, is too.
    pub fn is_trouble_or_deed(&self) -> bool {
        match &self.what {
            What::Started(..) | What::Over(..) | What::Operation(_) | What::Opened(_) | What::Closed(..) => true,
            What::Job(attempt) => matches!(attempt.event, JobEvent::Failed | JobEvent::Deleted),
            What::Variable(change) => self.by.is_some() && !change.initial,
            What::Left(visit, _) | What::Passed(visit, _) => visit.canceled,
            What::Entered(_) => false,
        }
    }
}
