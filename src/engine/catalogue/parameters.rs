//! The parameters that rows share, and how parameters are made. A filter that a list and its count take is written once here.

use super::{Carrier, Parameter, Since};

pub(super) const fn query(name: &'static str) -> Parameter {
    Parameter { name, carrier: Carrier::Query, since: Since::ALWAYS }
}

pub(super) const fn body(name: &'static str) -> Parameter {
    Parameter { name, carrier: Carrier::Body, since: Since::ALWAYS }
}

pub(super) const fn query_since(name: &'static str, minor: u16) -> Parameter {
    Parameter { name, carrier: Carrier::Query, since: Since::camunda7(minor) }
}

pub(super) const fn body_since(name: &'static str, minor: u16) -> Parameter {
    Parameter { name, carrier: Carrier::Body, since: Since::camunda7(minor) }
}

pub(super) const INCIDENT_FILTERS: [Parameter; 10] = [
    query("activityId"),
    query("incidentMessageLike"),
    query("incidentType"),
    query("processDefinitionId"),
    query_since("processDefinitionKeyIn", 12),
    query("processInstanceId"),
    query("configuration"),
    query("rootCauseIncidentId"),
    query_since("incidentTimestampAfter", 14),
    query_since("incidentTimestampBefore", 14),
];

pub(super) const HISTORIC_INCIDENT_FILTERS: [Parameter; 15] = [
    query("incidentId"),
    query("rootCauseIncidentId"),
    query("incidentMessageLike"),
    query("processDefinitionId"),
    query_since("processDefinitionKeyIn", 12),
    query("activityId"),
    query("incidentType"),
    query("tenantIdIn"),
    query("processInstanceId"),
    query("configuration"),
    query_since("createTimeAfter", 15),
    query_since("createTimeBefore", 15),
    query_since("endTimeAfter", 15),
    query_since("endTimeBefore", 15),
    query("open"),
];

pub(super) const JOB_FILTERS: [Parameter; 14] = [
    query("jobDefinitionId"),
    query("processInstanceId"),
    query("processDefinitionId"),
    query("withException"),
    query("withRetriesLeft"),
    query("noRetriesLeft"),
    query("executable"),
    query("active"),
    query("suspended"),
    query("timers"),
    query("messages"),
    query("createTimes"),
    query("dueDates"),
    query_since("acquired", 24),
];

pub(super) const EXTERNAL_TASK_FILTERS: [Parameter; 11] = [
    query("processInstanceId"),
    query("processDefinitionId"),
    query("topicName"),
    query("locked"),
    query("notLocked"),
    query("withRetriesLeft"),
    query("noRetriesLeft"),
    query("active"),
    query("suspended"),
    query("lockExpirationBefore"),
    query("lockExpirationAfter"),
];

pub(super) const INSTANCE_FILTERS: [Parameter; 13] = [
    query("superProcessInstance"),
    query("subProcessInstance"),
    query("superCaseInstance"),
    query("subCaseInstance"),
    query("businessKey"),
    query("businessKeyLike"),
    query("processDefinitionId"),
    query("processDefinitionKey"),
    query_since("withIncident", 11),
    query("rootProcessInstances"),
    query("activityIdIn"),
    query("suspended"),
    query_since("rootProcessInstanceId", 24),
];

pub(super) const HISTORIC_INSTANCE_FILTERS: [Parameter; 11] = [
    query("processDefinitionId"),
    query("processInstanceBusinessKey"),
    query("processInstanceBusinessKeyLike"),
    query("superProcessInstanceId"),
    query_since("rootProcessInstanceId", 24),
    query("unfinished"),
    query("finished"),
    query("startedAfter"),
    query("startedBefore"),
    query("finishedAfter"),
    query("finishedBefore"),
];

pub(super) const HISTORIC_ACTIVITY_FILTERS: [Parameter; 5] =
    [query("processInstanceId"), query("activityType"), query("activityId"), query("unfinished"), query("finished")];

pub(super) const JOB_LOG_FILTERS: [Parameter; 8] = [
    query("jobId"),
    query("processInstanceId"),
    query("jobDefinitionId"),
    query("jobDefinitionType"),
    query("creationLog"),
    query("failureLog"),
    query("successLog"),
    query("deletionLog"),
];

pub(super) const EXTERNAL_TASK_LOG_FILTERS: [Parameter; 6] =
    [query("externalTaskId"), query("processInstanceId"), query("creationLog"), query("failureLog"), query("successLog"), query("deletionLog")];

pub(super) const USER_OPERATION_FILTERS: [Parameter; 13] = [
    query("processInstanceId"),
    query("processDefinitionId"),
    query("jobId"),
    query("jobDefinitionId"),
    query("externalTaskId"),
    query("batchId"),
    query("operationId"),
    query("userId"),
    query("operationType"),
    query("entityType"),
    query("property"),
    query("afterTimestamp"),
    query("beforeTimestamp"),
];

pub(super) const CASE_FILTERS: [Parameter; 5] =
    [query("caseInstanceId"), query("subProcessInstance"), query("subCaseInstance"), query("superProcessInstance"), query("superCaseInstance")];

pub(super) const PAGE: [Parameter; 4] = [query("firstResult"), query("maxResults"), query("sortBy"), query("sortOrder")];

pub(super) const fn joined<const A: usize, const B: usize, const N: usize>(first: [Parameter; A], second: [Parameter; B]) -> [Parameter; N] {
    assert!(A + B == N, "the sum of the lengths");
    let mut all = [query(""); N];
    let mut place = 0;
    while place < N {
        all[place] = if place < A { first[place] } else { second[place - A] };
        place += 1;
    }
    all
}
