//! What can be asked of the history: ended and open incidents, instances, activities. Its logs are in `logs.rs`. No sending.

use jiff::Timestamp;

use super::{Order, Page, sorted};
use crate::engine::catalogue::RequestName;
use crate::engine::request::Request;
use crate::model::ids::{ActivityId, IncidentId, ProcessDefinitionId, ProcessInstanceId, ProcessKey, TenantId};
use crate::text::EngineText;

/// Which incidents, open or ended, of the history (level full). Default: all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoricIncidentFilter {
    /// This one. An incident keeps its id when it ends.
    pub id: Option<IncidentId>,
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
    /// Caused, in the end, by this incident.
    pub root_cause: Option<IncidentId>,
    /// With a message that fits this pattern of SQL, as [`super::containing`] makes one. Blocked parents have no message and never fit.
    pub message_like: Option<String>,
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
    pub(super) fn onto(&self, request: Request) -> Request {
        request
            .query_text("incidentId", self.id.as_ref().map(IncidentId::text))
            .query_text("incidentType", self.kind.as_ref())
            .query_text("processDefinitionId", self.process_definition.as_ref().map(ProcessDefinitionId::text))
            .query_joined("processDefinitionKeyIn", self.process_keys.iter().map(ProcessKey::as_wire))
            .query_text("activityId", self.activity.as_ref().map(ActivityId::text))
            .query_text("tenantIdIn", self.tenant.as_ref().map(TenantId::text))
            .query_text("processInstanceId", self.process_instance.as_ref().map(ProcessInstanceId::text))
            .query_text("configuration", self.configuration.as_ref())
            .query_text("rootCauseIncidentId", self.root_cause.as_ref().map(IncidentId::text))
            .query_pattern("incidentMessageLike", self.message_like.as_deref())
            .query_time("createTimeAfter", self.created_after)
            .query_time("createTimeBefore", self.created_before)
            .query_time("endTimeAfter", self.ended_after)
            .query_time("endTimeBefore", self.ended_before)
            .query_mark("open", self.only_open)
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
    pub(in crate::engine) fn request(&self) -> Request {
        let request = self.page.onto(self.filter.onto(Request::to(RequestName::HistoricIncidentList)));
        sorted(request, self.by_creation.map(|order| ("createTime", order)))
    }
}

/// Which process instances, running or ended, of the history (level activity). All bounds include the moment itself. Default: all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoricInstanceFilter {
    /// Of this version of a process.
    pub process_definition: Option<ProcessDefinitionId>,
    /// With this business key.
    pub business_key: Option<EngineText>,
    /// With a business key that fits this pattern of SQL, as [`super::containing`] makes one.
    pub business_key_like: Option<String>,
    /// Called by this instance, directly.
    pub called_by: Option<ProcessInstanceId>,
    /// In the tree of calls below this topmost instance, itself included (since 7.24).
    pub root: Option<ProcessInstanceId>,
    /// Only those that run, suspended ones included.
    pub running: bool,
    /// Only those that have ended.
    pub over: bool,
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
    pub(super) fn onto(&self, request: Request) -> Request {
        request
            .query_text("processDefinitionId", self.process_definition.as_ref().map(ProcessDefinitionId::text))
            .query_text("processInstanceBusinessKey", self.business_key.as_ref())
            .query_pattern("processInstanceBusinessKeyLike", self.business_key_like.as_deref())
            .query_text("superProcessInstanceId", self.called_by.as_ref().map(ProcessInstanceId::text))
            .query_text("rootProcessInstanceId", self.root.as_ref().map(ProcessInstanceId::text))
            .query_mark("unfinished", self.running)
            .query_mark("finished", self.over)
            .query_time("startedAfter", self.started_after)
            .query_time("startedBefore", self.started_before)
            .query_time("finishedAfter", self.finished_after)
            .query_time("finishedBefore", self.finished_before)
    }
}

/// One page of process instances of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoricInstanceQuery {
    /// Which.
    pub filter: HistoricInstanceFilter,
    /// In which order; none leaves it to the database.
    pub order: Option<InstanceOrder>,
    /// Which rows.
    pub page: Page,
}

/// The order of process instances of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceOrder {
    /// By time of start.
    ByStart(Order),
    /// By id, ascending, as the list of running instances can be ordered too: pages of both then hold the same instances.
    ById,
}

impl InstanceOrder {
    fn wire(self) -> (&'static str, Order) {
        match self {
            Self::ByStart(order) => ("startTime", order),
            Self::ById => ("instanceId", Order::Ascending),
        }
    }
}

impl HistoricInstanceQuery {
    pub(in crate::engine) fn request(&self) -> Request {
        let request = self.page.onto(self.filter.onto(Request::to(RequestName::HistoricProcessInstanceList)));
        sorted(request, self.order.map(InstanceOrder::wire))
    }
}

/// Which visits to activities, going on or over, of the history (level activity). Default: all.
///
/// The history has an index on instances: a question without one scans.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoricActivityFilter {
    /// Of this process instance.
    pub process_instance: Option<ProcessInstanceId>,
    /// Of this type, such as `callActivity`.
    pub kind: Option<EngineText>,
    /// To this activity.
    pub activity: Option<ActivityId>,
    /// Only those going on.
    pub running: bool,
    /// Only those that are over.
    pub over: bool,
}

impl HistoricActivityFilter {
    pub(super) fn onto(&self, request: Request) -> Request {
        request
            .query_text("processInstanceId", self.process_instance.as_ref().map(ProcessInstanceId::text))
            .query_text("activityType", self.kind.as_ref())
            .query_text("activityId", self.activity.as_ref().map(ActivityId::text))
            .query_mark("unfinished", self.running)
            .query_mark("finished", self.over)
    }
}

/// One page of visits to activities.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoricActivityQuery {
    /// Which.
    pub filter: HistoricActivityFilter,
    /// Sorted by time of entry; none leaves the order to the database.
    pub by_start: Option<Order>,
    /// Which rows.
    pub page: Page,
}

impl HistoricActivityQuery {
    pub(in crate::engine) fn request(&self) -> Request {
        let request = self.page.onto(self.filter.onto(Request::to(RequestName::HistoricActivityList)));
        sorted(request, self.by_start.map(|order| ("startTime", order)))
    }
}
