//! What can be asked of counts and lists, as values. Every parameter named here stands in the catalogue row it is sent with.
//!
//! Marks are positive only: the engine reads `active=false` as "no filter", not as the opposite. No sending.

mod instance;

use jiff::Timestamp;

use super::catalogue::RequestName;
use super::request::Request;
use crate::model::ids::{ActivityId, IncidentId, JobDefinitionId, ProcessDefinitionId, ProcessInstanceId, ProcessKey, TenantId};
use crate::model::rights::Right;
use crate::text::EngineText;

pub use self::instance::{InstanceFilter, InstanceQuery};

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
    fn wire(self) -> &'static str {
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
    /// With this configuration: a job id or an external task id.
    pub configuration: Option<EngineText>,
    /// Caused, in the end, by this incident.
    pub root_cause: Option<IncidentId>,
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
            .query_text("configuration", self.configuration.as_ref())
            .query_text("rootCauseIncidentId", self.root_cause.as_ref().map(IncidentId::text))
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

fn sorted(request: Request, sort: Option<(&'static str, Order)>) -> Request {
    match sort {
        Some((by, order)) => request.query("sortBy", by).query("sortOrder", order.wire()),
        None => request,
    }
}

/// Which incidents, open or ended, of the history (level full). Default: all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoricIncidentFilter {
    /// Of this type, such as `failedJob`.
    pub kind: Option<EngineText>,
    /// On this process definition.
    pub process_definition: Option<ProcessDefinitionId>,
    /// On one of these keys (since 7.12). Empty: any.
    pub process_keys: Vec<ProcessKey>,
    /// At this activity.
    pub activity: Option<ActivityId>,
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// On this process instance.
    pub process_instance: Option<ProcessInstanceId>,
    /// With this configuration: a job's id finds all incidents the job ever had.
    pub configuration: Option<EngineText>,
    /// Created after this moment, exclusively.
    pub created_after: Option<Timestamp>,
    /// Created before this moment, exclusively.
    pub created_before: Option<Timestamp>,
    /// Resolved or deleted after this moment, exclusively.
    pub ended_after: Option<Timestamp>,
    /// Resolved or deleted before this moment, exclusively.
    pub ended_before: Option<Timestamp>,
    /// Only those still open.
    pub only_open: bool,
}

impl HistoricIncidentFilter {
    fn onto(&self, request: Request) -> Request {
        let request = request
            .query_text("incidentType", self.kind.as_ref())
            .query_text("processDefinitionId", self.process_definition.as_ref().map(ProcessDefinitionId::text))
            .query_joined("processDefinitionKeyIn", self.process_keys.iter().map(ProcessKey::as_wire))
            .query_text("activityId", self.activity.as_ref().map(ActivityId::text))
            .query_text("tenantIdIn", self.tenant.as_ref().map(TenantId::text))
            .query_text("processInstanceId", self.process_instance.as_ref().map(ProcessInstanceId::text))
            .query_text("configuration", self.configuration.as_ref())
            .query_time("createTimeAfter", self.created_after)
            .query_time("createTimeBefore", self.created_before)
            .query_time("endTimeAfter", self.ended_after)
            .query_time("endTimeBefore", self.ended_before);
        if self.only_open { request.query("open", true) } else { request }
    }
}

/// One page of incidents of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoricIncidentQuery {
    /// Which.
    pub filter: HistoricIncidentFilter,
    /// Sorted by time of creation; none leaves the order to the database.
    pub by_creation: Option<Order>,
    /// Which rows.
    pub page: Page,
}

impl HistoricIncidentQuery {
    pub(super) fn request(&self) -> Request {
        let request = self.page.onto(self.filter.onto(Request::to(RequestName::HistoricIncidentList)));
        sorted(request, self.by_creation.map(|order| ("createTime", order)))
    }
}

/// Which process instances, running or ended, of the history. All bounds include the moment itself. Default: all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoricInstanceFilter {
    /// Started at this moment or later.
    pub started_after: Option<Timestamp>,
    /// Started at this moment or earlier.
    pub started_before: Option<Timestamp>,
    /// Ended at this moment or later.
    pub finished_after: Option<Timestamp>,
    /// Ended at this moment or earlier.
    pub finished_before: Option<Timestamp>,
}

impl HistoricInstanceFilter {
    fn onto(&self, request: Request) -> Request {
        request
            .query_time("startedAfter", self.started_after)
            .query_time("startedBefore", self.started_before)
            .query_time("finishedAfter", self.finished_after)
            .query_time("finishedBefore", self.finished_before)
    }
}

/// A mark a job must bear. Several must all hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobIs {
    /// Its latest attempt failed.
    WithException,
    /// It has attempts left.
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
    /// Process definitions, every version counted.
    ProcessDefinitions,
    /// Job definitions.
    JobDefinitions,
    /// Incidents of the history, open or ended (level full).
    HistoricIncidents(HistoricIncidentFilter),
    /// Process instances of the history, running or ended, called ones included.
    HistoricProcessInstances(HistoricInstanceFilter),
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
            Self::ProcessDefinitions => RequestName::ProcessDefinitionCount,
            Self::JobDefinitions => RequestName::JobDefinitionCount,
            Self::HistoricIncidents(_) => RequestName::HistoricIncidentCount,
            Self::HistoricProcessInstances(_) => RequestName::HistoricProcessInstanceCount,
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
            Self::ProcessDefinitions | Self::JobDefinitions => request,
            Self::HistoricIncidents(filter) => filter.onto(request),
            Self::HistoricProcessInstances(filter) => filter.onto(request),
        }
    }
}

/// The request that asks for a right.
pub(super) fn right_request(right: Right) -> Request {
    let (permission, resource, number) = right.names();
    Request::to(RequestName::AuthorizationCheck).query("permissionName", permission).query("resourceName", resource).query("resourceType", number)
}

/// Text that may be too long to read to its end, such as a stack trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Excerpt {
    /// What was read.
    pub text: EngineText,
    /// Where reading stopped, in bytes; none if the text is whole.
    pub cut_at: Option<usize>,
}
