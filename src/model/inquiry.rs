//! What can be asked about one process instance while somebody looks at it, and what came back. Each inquiry is one short round of
//! bounded requests; what is on the screen decides which are made.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::activity_instance::Token;
use super::case::{CalledCase, CasesAbove};
use super::cause::TraceOf;
use super::definition::ProcessInstance;
use super::engine_job::BatchProgress;
use super::external_task::ExternalTask;
use super::grouping::KnownIncident;
use super::history::{HistoricIncident, HistoricInstance, InstanceState};
use super::ids::{ActivityId, BatchId, IncidentId, JobId, ProcessDefinitionId, ProcessInstanceId, ProcessKey, TenantId};
use super::job::Job;
use super::retrying::Retrying;
use super::section::Problem;
use super::suspension::{Suspended, SuspendedCounts};
use super::timeline::{Part, PastPage};
use super::user_task::UserTask;
use super::variable::Variable;
use crate::text::EngineText;
use crate::triage::Cause;

/// Called instances in one page of an answer.
pub const CALLED_PAGE: u32 = 50;

/// Incidents of one instance that are read; a parent with thousands of failed children has as many.
pub const MOST_INCIDENTS: u32 = 200;

/// Executions from which on the activity tree of an instance is not read: the engine would load all of them at once.
pub const MOST_EXECUTIONS: u64 = 500;

/// Rows of one kind that are read of one instance, such as its jobs: it may have tens of thousands.
pub const MOST_ROWS: u32 = 200;

/// Variables in one page of an answer.
pub const VARIABLES_PAGE: u32 = 100;

/// Which of the instances that one instance called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Which {
    /// Those that run.
    Running,
    /// Those that run and have an incident, of their own or from below.
    Failing,
    /// Those that are over.
    Ended,
}

/// One thing to ask.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Inquiry {
    /// Whether an instance runs, what the history knows of it, and who called it.
    Instance(ProcessInstanceId),
    /// Open incidents of an instance.
    Incidents(ProcessInstanceId),
    /// All incidents that have this root cause: the path from the failure to the topmost instance.
    Chain(IncidentId),
    /// A page of the instances that an instance called.
    Called(ProcessInstanceId, Which, u32),
    /// Where an instance stands.
    Tokens(ProcessInstanceId),
    /// A page of one part of what happened to an instance, newest first.
    Past(ProcessInstanceId, Part, u32),
    /// Stack trace of the failure that an entry of the job log reports.
    FailureTrace(EngineText),
    /// Jobs of an instance but for its timers, those that failed first.
    Jobs(ProcessInstanceId),
    /// Timers of an instance, those that failed first.
    Timers(ProcessInstanceId),
    /// External tasks of an instance, those that failed first.
    ExternalTasks(ProcessInstanceId),
    /// Open user tasks of an instance.
    UserTasks(ProcessInstanceId),
    /// How many instances run that an instance called.
    CalledCount(ProcessInstanceId),
    /// Incidents an instance had that are not open any more.
    PastIncidents(ProcessInstanceId),
    /// Variables of an instance. They may be large and secret, so they are read only once somebody asks, and forgotten by whoever answers
    /// when nobody looks at them.
    Variables(VariablesAsk),
    /// What is suspended in the whole engine.
    Suspended,
    /// How much is suspended in the whole engine.
    SuspendedCount,
    /// What failed and has retries left in the whole engine.
    Retrying,
    /// Suspended jobs of an instance. What waits because of a suspension has no incident: nothing else tells of it.
    HeldJobs(ProcessInstanceId),
    /// A batch of the engine, and how far it is.
    Batch(BatchId),
    /// Which work a job without a definition does: the job log tells.
    JobHandler(JobId),
    /// The innermost cause that the stack trace of failed work names.
    Cause(TraceOf),
}

/// Which variables to read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VariablesAsk {
    /// Of which instance.
    pub instance: ProcessInstanceId,
    /// Which page of them.
    pub page: u32,
    /// Which reading of the page: each is another inquiry, so that what was read before never answers it.
    pub reading: u32,
}

impl Inquiry {
    /// How long an answer counts as fresh.
    pub fn fresh_for(&self) -> Duration {
        Duration::from_secs(match self {
            Self::Instance(_) | Self::Incidents(_) | Self::Chain(_) => 5,
            Self::Called(_, Which::Ended, _) => 15,
            Self::Called(..) => 10,
            Self::Tokens(_) => 12,
            // The engine sends every value with them.
            Self::Past(_, Part::Variables, _) => 60,
            Self::Past(..) => 10,
            // What is written there is never written again.
            Self::FailureTrace(_) => 3_600,
            Self::Jobs(_) | Self::Timers(_) | Self::ExternalTasks(_) | Self::UserTasks(_) => 5,
            Self::CalledCount(_) => 10,
            Self::PastIncidents(_) => 20,
            Self::Suspended | Self::Retrying | Self::HeldJobs(_) => 10,
            // Jobs have no index on their suspension, and nobody looks at it while it is asked.
            Self::SuspendedCount => 30,
            Self::Batch(_) => 15,
            // A job never becomes another.
            Self::JobHandler(_) => 3_600,
            // What failed fails again with another incident, mostly for the same cause.
            Self::Cause(_) => 3_600,
            // Longer than anybody looks: only whoever asks for them again reads them again.
            Self::Variables(_) => 86_400,
        })
    }

    /// Whether it is read once and not by itself again: when somebody asks for it, or because it never changes.
    pub fn is_read_once(&self) -> bool {
        matches!(self, Self::Variables(_) | Self::FailureTrace(_) | Self::JobHandler(_))
    }

    /// Whether the answer is nobody else's and kept by nobody else than who asked: values of variables may be secret, and a stack trace is
    /// large.
    pub fn goes_with_its_page(&self) -> bool {
        matches!(self, Self::Variables(_) | Self::FailureTrace(_))
    }

    /// The instance it is about, where it names one.
    pub fn subject(&self) -> Option<&ProcessInstanceId> {
        match self {
            Self::Instance(id)
            | Self::Incidents(id)
            | Self::Called(id, ..)
            | Self::Tokens(id)
            | Self::Past(id, ..)
            | Self::Jobs(id)
            | Self::Timers(id)
            | Self::ExternalTasks(id)
            | Self::UserTasks(id)
            | Self::CalledCount(id)
            | Self::PastIncidents(id)
            | Self::HeldJobs(id) => Some(id),
            Self::Variables(ask) => Some(&ask.instance),
            Self::Chain(_)
            | Self::FailureTrace(_)
            | Self::Suspended
            | Self::SuspendedCount
            | Self::Retrying
            | Self::Batch(_)
            | Self::JobHandler(_)
            | Self::Cause(_) => None,
        }
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// To [`Inquiry::Instance`].
    Instance(Box<InstanceFinding>),
    /// To [`Inquiry::Incidents`] and [`Inquiry::Chain`].
    Incidents(Vec<Arc<KnownIncident>>),
    /// To [`Inquiry::Called`].
    Called(CalledPage),
    /// To [`Inquiry::Tokens`].
    Tokens(Tokens),
    /// To [`Inquiry::Past`].
    Past(PastPage),
    /// To [`Inquiry::FailureTrace`]: the trace, and the byte at which reading stopped where it is not whole; none if there is no such entry.
    FailureTrace(Option<(EngineText, Option<usize>)>),
    /// To [`Inquiry::Jobs`], [`Inquiry::Timers`] and [`Inquiry::HeldJobs`].
    Jobs(Listed<Job>),
    /// To [`Inquiry::ExternalTasks`].
    ExternalTasks(Listed<ExternalTask>),
    /// To [`Inquiry::UserTasks`].
    UserTasks(Listed<UserTask>),
    /// To [`Inquiry::CalledCount`].
    CalledCount(CalledCount),
    /// To [`Inquiry::PastIncidents`].
    PastIncidents(Listed<HistoricIncident>),
    /// To [`Inquiry::Variables`].
    Variables(VariablesPage),
    /// To [`Inquiry::Suspended`].
    Suspended(Box<Suspended>),
    /// To [`Inquiry::SuspendedCount`].
    SuspendedCount(SuspendedCounts),
    /// To [`Inquiry::Retrying`].
    Retrying(Box<Retrying>),
    /// To [`Inquiry::Batch`]: none if it is gone, because it is finished or was deleted, or if this login may not see it.
    Batch(Option<Box<BatchProgress>>),
    /// To [`Inquiry::JobHandler`]: none where the history does not tell.
    JobHandler(Option<EngineText>),
    /// To [`Inquiry::Cause`]: none where there is no trace, or it names no cause.
    Cause(Option<Box<Cause>>),
}

impl Finding {
    /// Why a part of it is not known.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Called(page) => page.unread.as_ref().or(page.history.as_ref()),
            Self::Instance(finding) => finding.past.as_ref().err(),
            _ => None,
        }
    }
}

/// Rows of a bounded list, and how many there are in all.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed<T> {
    /// The rows that were read.
    pub rows: Vec<T>,
    /// How many there are; none where there are more than were read and the engine was not asked how many.
    pub total: Option<u64>,
}

/// How many instances one instance called that run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalledCount {
    /// All of them.
    pub running: u64,
    /// Those with an incident, of their own or from below; none if that could not be counted.
    pub failing: Option<u64>,
    /// Cases (CMMN) that it called and waits for, as far as the history tells.
    pub cases: u64,
    /// Process instances below those cases that have an incident: none of it shows here.
    pub failing_below_cases: u64,
}

/// One page of variables.
#[derive(Clone, Debug, PartialEq)]
pub struct VariablesPage {
    /// Its rows, by name.
    pub rows: Vec<VariableRow>,
    /// Whether there may be more pages.
    pub more: bool,
}

/// One row of a page of variables.
#[derive(Clone, Debug, PartialEq)]
pub enum VariableRow {
    /// A variable; its `Debug` tells no value.
    Read(Arc<Variable>),
    /// One variable whose answer alone is longer than is read, at this place of all.
    TooLarge {
        /// Its place.
        place: u32,
    },
    /// Variables that were left out because too many of their page are too large.
    LeftOut {
        /// The place of the first of them.
        place: u32,
        /// How many places; fewer variables may stand there.
        count: u32,
    },
}

/// What is known of one instance.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceFinding {
    /// The instance if it runs (`GET /process-instance/{id}`).
    pub running: Option<ProcessInstance>,
    /// What the history knows of it; `None` where it knows nothing, or is not kept (`GET /history/process-instance/{id}`).
    pub past: Result<Option<HistoricInstance>, Problem>,
    /// The instance that called it (`GET /process-instance?subProcessInstance=`); from the history once it is over.
    pub caller: Option<ProcessInstanceId>,
    /// The cases that called it, where no process instance did.
    pub cases: Option<CasesAbove>,
}

impl InstanceFinding {
    /// The instance that called it, also where cases stand between.
    pub fn caller_above_cases(&self) -> Option<&ProcessInstanceId> {
        self.caller.as_ref().or_else(|| self.cases.as_ref()?.caller.as_ref())
    }
}

/// One page of called instances.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CalledPage {
    /// The instances of the page, by id.
    pub rows: Vec<Called>,
    /// How many there are in all; none if it was not counted.
    pub total: Option<u64>,
    /// Whether there are more pages.
    pub more: bool,
    /// The call activity that called all of them, where that is certain.
    pub all_at: Option<ActivityId>,
    /// Cases that it called and that run; on the first page of what runs.
    pub cases: Vec<CalledCase>,
    /// Why times and call activities are not known, where the history could not be read.
    pub history: Option<Problem>,
    /// Why the page is not whole, or nobody counted how many there are in all, where an engine was too slow for that.
    pub unread: Option<Problem>,
}

/// How an instance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It runs.
    Running,
    /// It is suspended.
    Suspended,
    /// It is over, and how.
    Over(InstanceState),
}

/// A called instance as its caller's page tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Called {
    /// Its id.
    pub id: ProcessInstanceId,
    /// Definition it runs on.
    pub definition: ProcessDefinitionId,
    /// Key of that definition, where the engine tells it.
    pub process_key: Option<ProcessKey>,
    /// Business key.
    pub business_key: Option<EngineText>,
    /// Tenant.
    pub tenant: Option<TenantId>,
    /// How it stands.
    pub standing: Standing,
    /// When it began; none without a history.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Call activity of the caller; none if not known.
    pub called_at: Option<ActivityId>,
}

/// Where an instance stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Tokens {
    /// At these places.
    At(Vec<Token>),
    /// It has so many executions that the engine is not asked for their places.
    TooMany(u64),
    /// It does not run any more.
    Gone,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_costs_the_engine_more_is_read_again_less_often() {
        let past = |part| Inquiry::Past("p1".into(), part, 0).fresh_for();
        assert!(past(Part::Variables) >= 6 * past(Part::Jobs), "values come with every change of a variable");
        let called = Inquiry::Called("p1".into(), Which::Running, 0).fresh_for();
        assert!(called >= 2 * Inquiry::Instance("p1".into()).fresh_for(), "three requests for one page");
        assert_eq!(Inquiry::SuspendedCount.fresh_for(), Duration::from_secs(30), "counts over all jobs, promised once a minute");
    }
}
