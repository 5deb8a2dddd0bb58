//! What can be asked of counts and lists, as values. Every parameter named here stands in the catalogue row it is sent with.
//!
//! Marks are positive only: the engine reads `active=false` as "no filter", not as the opposite. What can be asked of the history is
//! in `question/history.rs` and `question/logs.rs`. No sending.

mod history;
mod instance;
mod logs;

use jiff::Timestamp;

pub use self::history::{
    HistoricActivityFilter, HistoricActivityQuery, HistoricIncidentFilter, HistoricIncidentQuery, HistoricInstanceFilter, HistoricInstanceQuery, InstanceOrder,
};
use super::catalogue::RequestName;
use super::request::Request;
use crate::model::ids::{ActivityId, IncidentId, JobDefinitionId, ProcessDefinitionId, ProcessInstanceId, ProcessKey};
use crate::model::rights::Right;
use crate::text::EngineText;

pub use self::instance::{CaseFilter, InstanceFilter, InstanceQuery, RunningOrder};
pub use self::logs::{ExternalTaskLogFilter, ExternalTaskLogQuery, JobLogFilter, JobLogOfExecutions, JobLogQuery, UserOperationFilter, UserOperationQuery};

/// Which rows of a list to read. Every list is bounded, because an engine may refuse one that is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Rows to skip. The engine still reads them: far pages cost more.
    pub first: u32,
    /// Rows to read at most.
    pub max: u32,
}

impl Page {
    /// The most rows one page may ask for.
    pub const MOST: u32 = 10_000;

    /// The first `max` rows.
    pub fn first(max: u32) -> Self {
        Self { first: 0, max }
    }

    pub(super) fn onto(self, request: Request) -> Request {
        request.query("firstResult", self.first).query("maxResults", self.max.min(Self::MOST))
    }
}

/// Direction of a sorted list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Smallest or oldest first.
    Ascending,
    /// Largest or newest first.
    Descending,
}

impl Order {
    pub(super) fn wire(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }
}

/// Which open incidents. Default: all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncidentFilter {
    /// Of this type, such as `failedJob`.
    pub kind: Option<EngineText>,
    /// On this process definition.
    pub process_definition: Option<ProcessDefinitionId>,
    /// On one of these keys (since 7.12). Empty: any.
    pub process_keys: Vec<ProcessKey>,
    /// On this process instance.
    pub process_instance: Option<ProcessInstanceId>,
    /// Reported at this activity; for a blocked parent that is the call activity.
    pub activity: Option<ActivityId>,
    /// With this configuration: a job id or an external task id.
    pub configuration: Option<EngineText>,
    /// Caused, in the end, by this incident.
    pub root_cause: Option<IncidentId>,
    /// With a message that fits this pattern of SQL, as [`containing`] makes one. Blocked parents have no message and never fit.
    pub message_like: Option<String>,
    /// Created after this moment, exclusively (since 7.14).
    pub created_after: Option<Timestamp>,
    /// Created before this moment, exclusively (since 7.14).
    pub created_before: Option<Timestamp>,
}

impl IncidentFilter {
    fn onto(&self, request: Request) -> Request {
        request
            .query_text("incidentType", self.kind.as_ref())
            .query_text("processDefinitionId", self.process_definition.as_ref().map(ProcessDefinitionId::text))
            .query_joined("processDefinitionKeyIn", self.process_keys.iter().map(ProcessKey::as_wire))
            .query_text("processInstanceId", self.process_instance.as_ref().map(ProcessInstanceId::text))
            .query_text("activityId", self.activity.as_ref().map(ActivityId::text))
            .query_text("configuration", self.configuration.as_ref())
            .query_text("rootCauseIncidentId", self.root_cause.as_ref().map(IncidentId::text))
            .query_pattern("incidentMessageLike", self.message_like.as_deref())
            .query_time("incidentTimestampAfter", self.created_after)
            .query_time("incidentTimestampBefore", self.created_before)
    }
}

/// By what incidents are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentSort {
    /// By time of creation.
    Created,
    /// By id: stable while rows come and go, unlike a timestamp shared by thousands.
    Id,
}

/// One page of open incidents.
#[derive(Clone, Debug, PartialEq)]
pub struct IncidentQuery {
    /// Which.
    pub filter: IncidentFilter,
    /// Sorted how; none leaves the order to the database, which is the cheapest.
    pub sort: Option<(IncidentSort, Order)>,
    /// Which rows.
    pub page: Page,
}

impl IncidentQuery {
    pub(super) fn request(&self) -> Request {
        let request = self.page.onto(self.filter.onto(Request::to(RequestName::IncidentList)));
        let by = |sort| match sort {
            IncidentSort::Created => "incidentTimestamp",
            IncidentSort::Id => "incidentId",
        };
        sorted(request, self.sort.map(|(sort, order)| (by(sort), order)))
    }
}

/// The pattern of SQL that fits every text with `part` in it, with the signs that mean something in a pattern taken for themselves.
/// Whether upper and lower case differ is the database's affair.
pub fn containing(part: &str) -> String {
    format!("%{}%", literal(part))
}

/// The pattern of SQL that fits every text which begins with `part`, as [`containing`] makes one.
pub fn beginning_with(part: &str) -> String {
    format!("{}%", literal(part))
}

/// The part of a pattern that fits this text alone.
fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    for sign in text.chars() {
        if matches!(sign, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(sign);
    }
    pattern
}

fn sorted(request: Request, sort: Option<(&'static str, Order)>) -> Request {
    match sort {
        Some((by, order)) => request.query("sortBy", by).query("sortOrder", order.wire()),
        None => request,
    }
}

/// A mark a job must bear. Several must all hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobIs {
    /// Its latest attempt failed.
    WithException,
    /// It has retries left.
    WithRetriesLeft,
    /// It has none left: an incident.
    NoRetriesLeft,
    /// Attempts left, due, instance not suspended. Job-level suspension and locks are not looked at: add [`JobIs::Active`].
    Executable,
    /// Not suspended.
    Active,
    /// Suspended.
    Suspended,
    /// Locked by an executor right now (since 7.24).
    Acquired,
    /// A timer.
    Timer,
    /// A message, that is: an asynchronous continuation.
    Message,
}

impl JobIs {
    fn wire(self) -> &'static str {
        match self {
            Self::WithException => "withException",
            Self::WithRetriesLeft => "withRetriesLeft",
            Self::NoRetriesLeft => "noRetriesLeft",
            Self::Executable => "executable",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Acquired => "acquired",
            Self::Timer => "timers",
            Self::Message => "messages",
        }
    }
}

/// Which jobs. Default: all.
///
/// Of job id, job definition and activity the engine takes one only (two are invalid SQL up to 7.24); here is but the job definition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobFilter {
    /// Bearing all these marks.
    pub is: Vec<JobIs>,
    /// Of this job definition.
    pub job_definition: Option<JobDefinitionId>,
    /// Of this process definition.
    pub process_definition: Option<ProcessDefinitionId>,
    /// Of this process instance.
    pub process_instance: Option<ProcessInstanceId>,
    /// Created after this moment.
    pub created_after: Option<Timestamp>,
    /// Created before this moment.
    pub created_before: Option<Timestamp>,
    /// Due after this moment; jobs without a due date are due at once.
    pub due_after: Option<Timestamp>,
}

impl JobFilter {
    pub(super) fn onto(&self, request: Request) -> Request {
        let marked = self.is.iter().fold(request, |request, mark| request.query(mark.wire(), true));
        let window = [("gt", self.created_after), ("lt", self.created_before)];
        let window = window.into_iter().filter_map(|(bound, time)| time.map(|time| format!("{bound}_{}", super::wire::date(time))));
        let window: Vec<String> = window.collect();
        marked
            .query_text("jobDefinitionId", self.job_definition.as_ref().map(JobDefinitionId::text))
            .query_text("processDefinitionId", self.process_definition.as_ref().map(ProcessDefinitionId::text))
            .query_text("processInstanceId", self.process_instance.as_ref().map(ProcessInstanceId::text))
            .query_joined("createTimes", window.iter().map(String::as_str))
            .query_text("dueDates", self.due_after.map(|time| EngineText::from(format!("gt_{}", super::wire::date(time)))).as_ref())
    }
}

/// Which job definitions. Default: all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobDefinitionFilter {
    /// Of this version of a process.
    pub process_definition: Option<ProcessDefinitionId>,
    /// Suspended.
    pub suspended: bool,
}

impl JobDefinitionFilter {
    pub(super) fn onto(&self, request: Request) -> Request {
        request.query_text("processDefinitionId", self.process_definition.as_ref().map(ProcessDefinitionId::text)).query_mark("suspended", self.suspended)
    }
}

/// A mark an external task must bear. Several must all hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternalTaskIs {
    /// Held by a worker right now.
    Locked,
    /// Not held.
    NotLocked,
    /// Attempts left, or none counted yet.
    WithRetriesLeft,
    /// None left: an incident.
    NoRetriesLeft,
    /// Not suspended.
    Active,
    /// Suspended.
    Suspended,
}

impl ExternalTaskIs {
    fn wire(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::NotLocked => "notLocked",
            Self::WithRetriesLeft => "withRetriesLeft",
            Self::NoRetriesLeft => "noRetriesLeft",
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
}

/// Which external tasks. Default: all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExternalTaskFilter {
    /// Bearing all these marks.
    pub is: Vec<ExternalTaskIs>,
    /// Of this topic.
    pub topic: Option<EngineText>,
    /// Of this process definition.
    pub process_definition: Option<ProcessDefinitionId>,
    /// Of this process instance.
    pub process_instance: Option<ProcessInstanceId>,
    /// Whose lock ends before this moment.
    pub lock_ends_before: Option<Timestamp>,
    /// Whose lock ends after this moment.
    pub lock_ends_after: Option<Timestamp>,
}

impl ExternalTaskFilter {
    pub(super) fn onto(&self, request: Request) -> Request {
        self.is
            .iter()
            .fold(request, |request, mark| request.query(mark.wire(), true))
            .query_text("topicName", self.topic.as_ref())
            .query_text("processDefinitionId", self.process_definition.as_ref().map(ProcessDefinitionId::text))
            .query_text("processInstanceId", self.process_instance.as_ref().map(ProcessInstanceId::text))
            .query_time("lockExpirationBefore", self.lock_ends_before)
            .query_time("lockExpirationAfter", self.lock_ends_after)
    }
}

/// One count. Counts are cheap and small: they trigger the reading of lists.
#[derive(Clone, Debug, PartialEq)]
pub enum CountQuestion {
    /// Open incidents, blocked parents included.
    Incidents(IncidentFilter),
    /// Jobs.
    Jobs(JobFilter),
    /// External tasks.
    ExternalTasks(ExternalTaskFilter),
    /// Running process instances, called ones included.
    ProcessInstances(InstanceFilter),
    /// Executions of one process instance: what reading its tree would cost the engine.
    Executions {
        /// The instance.
        process_instance: ProcessInstanceId,
    },
    /// Open user tasks of one process definition.
    UserTasks {
        /// The definition.
        process_definition: ProcessDefinitionId,
    },
    /// Process definitions, every version counted.
    ProcessDefinitions,
    /// Job definitions.
    JobDefinitions,
    /// Incidents of the history, open or ended (level full).
    HistoricIncidents(HistoricIncidentFilter),
    /// Process instances of the history, running or ended, called ones included.
    HistoricProcessInstances(HistoricInstanceFilter),
    /// Visits to activities, going on or over.
    HistoricActivities(HistoricActivityFilter),
}

impl CountQuestion {
    /// Jobs that bear all these marks.
    pub fn jobs(marks: impl Into<Vec<JobIs>>) -> Self {
        Self::Jobs(JobFilter { is: marks.into(), ..JobFilter::default() })
    }

    /// External tasks that bear all these marks.
    pub fn external_tasks(marks: impl Into<Vec<ExternalTaskIs>>) -> Self {
        Self::ExternalTasks(ExternalTaskFilter { is: marks.into(), ..ExternalTaskFilter::default() })
    }

    /// The row of the catalogue it is asked with.
    pub fn name(&self) -> RequestName {
        match self {
            Self::Incidents(_) => RequestName::IncidentCount,
            Self::Jobs(_) => RequestName::JobCount,
            Self::ExternalTasks(_) => RequestName::ExternalTaskCount,
            Self::ProcessInstances(_) => RequestName::ProcessInstanceCount,
            Self::Executions { .. } => RequestName::ExecutionCount,
            Self::UserTasks { .. } => RequestName::UserTaskCount,
            Self::ProcessDefinitions => RequestName::ProcessDefinitionCount,
            Self::JobDefinitions => RequestName::JobDefinitionCount,
            Self::HistoricIncidents(_) => RequestName::HistoricIncidentCount,
            Self::HistoricProcessInstances(_) => RequestName::HistoricProcessInstanceCount,
            Self::HistoricActivities(_) => RequestName::HistoricActivityCount,
        }
    }

    pub(super) fn request(&self) -> Request {
        let request = Request::to(self.name());
        match self {
            Self::Incidents(filter) => filter.onto(request),
            Self::Jobs(filter) => filter.onto(request),
            Self::ExternalTasks(filter) => filter.onto(request),
            Self::ProcessInstances(filter) => filter.onto(request),
            Self::Executions { process_instance } => request.query_text("processInstanceId", Some(process_instance.text())),
            Self::UserTasks { process_definition } => request.query_text("processDefinitionId", Some(process_definition.text())),
            Self::ProcessDefinitions | Self::JobDefinitions => request,
            Self::HistoricIncidents(filter) => filter.onto(request),
            Self::HistoricProcessInstances(filter) => filter.onto(request),
            Self::HistoricActivities(filter) => filter.onto(request),
        }
    }
}

/// The request that asks for a right.
pub(super) fn right_request(right: Right) -> Request {
    let (permission, resource, number) = right.names();
    Request::to(RequestName::AuthorizationCheck).query("permissionName", permission).query("resourceName", resource).query("resourceType", number)
}

/// One permission on one resource, as the catalogue words it: `RETRY_JOB on PROCESS_DEFINITION`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Permit {
    /// Such as `RETRY_JOB`.
    pub permission: &'static str,
    /// Such as `PROCESS_DEFINITION`.
    pub resource: &'static str,
    /// The engine's number of that resource.
    number: u8,
}

impl Permit {
    /// Reads the words of a row of the catalogue; none for a resource that this program never asks about.
    pub fn named(words: &'static str) -> Option<Self> {
        let (permission, resource) = words.split_once(" on ")?;
        let number = match resource {
            "PROCESS_DEFINITION" => 6,
            "TASK" => 7,
            "PROCESS_INSTANCE" => 8,
            "BATCH" => 13,
            "OPERATION_LOG_CATEGORY" => 17,
            "SYSTEM" => 21,
            _ => return None,
        };
        Some(Self { permission, resource, number })
    }

    pub(super) fn request(self, id: Option<&EngineText>) -> Request {
        let request = Request::to(RequestName::AuthorizationCheck).query("permissionName", self.permission).query("resourceName", self.resource);
        request.query("resourceType", self.number).query_text("resourceId", id)
    }
}

/// Text that may be too long to read to its end, such as a stack trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Excerpt {
    /// What was read.
    pub text: EngineText,
    /// Where reading stopped, in bytes; none if the text is whole.
    pub cut_at: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_signs_for_themselves() {
        assert_eq!(containing("50% of a_b\\"), "%50\\% of a\\_b\\\\%");
        assert_eq!(containing(""), "%%");
        assert_eq!(beginning_with("50% of a_b\\"), "50\\% of a\\_b\\\\%");
    }
}
