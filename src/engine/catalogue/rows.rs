//! The rows that read, and nothing else. Adding a call means adding its name in `names.rs` and its row here, at the same place.

use super::parameters::{
    CASE_FILTERS, EXTERNAL_TASK_FILTERS, EXTERNAL_TASK_LOG_FILTERS, HISTORIC_ACTIVITY_FILTERS, HISTORIC_INCIDENT_FILTERS, HISTORIC_INSTANCE_FILTERS,
    INCIDENT_FILTERS, INSTANCE_FILTERS, JOB_FILTERS, JOB_LOG_FILTERS, PAGE, USER_OPERATION_FILTERS, body, joined, query,
};
use super::{Endpoint, HistoryNeed, Kind, Meaning, Method, Permission, RequestName, Since};

const SEE_INSTANCE: Permission = Permission::AnyOf(&["READ on PROCESS_INSTANCE", "READ_INSTANCE on PROCESS_DEFINITION"]);
const SEE_TASK: Permission = Permission::AnyOf(&["READ on TASK", "READ_TASK on PROCESS_DEFINITION"]);
const SEE_VARIABLE: Permission =
    Permission::AnyOf(&["READ on PROCESS_INSTANCE", "READ_INSTANCE on PROCESS_DEFINITION", "READ on TASK", "READ_TASK on PROCESS_DEFINITION"]);
const SEE_DEFINITION: Permission = Permission::AnyOf(&["READ on PROCESS_DEFINITION"]);
const SEE_HISTORY: Permission = Permission::AnyOf(&["READ_HISTORY on PROCESS_DEFINITION", "READ_HISTORY on HISTORIC_PROCESS_INSTANCE"]);

const FILTERED: &[(u16, Meaning)] = &[(200, Meaning::SilentlyFiltered)];
const BY_ID: &[(u16, Meaning)] = &[(403, Meaning::Denied), (404, Meaning::Gone)];

/// What most rows share: a GET on runtime tables, filtered by what the caller may read.
const READ: Endpoint = Endpoint {
    name: RequestName::Version,
    method: Method::Get,
    path: "",
    parameters: &[],
    since: Since::ALWAYS,
    permission: SEE_INSTANCE,
    history: HistoryNeed::None,
    kind: Kind::Read,
    statuses: FILTERED,
    note: "",
};

pub(super) const READS: &[Endpoint] = &[
    Endpoint {
        name: RequestName::Engines,
        path: "/engine",
        permission: Permission::Open,
        statuses: &[],
        note: "Always below the plain REST base. Needs no login, so it proves none.",
        ..READ
    },
    Endpoint {
        name: RequestName::Version,
        path: "/version",
        permission: Permission::Login,
        statuses: &[],
        note: "Cannot tell the vendor: Operaton and CIB seven restarted at 1.0.",
        ..READ
    },
    Endpoint {
        name: RequestName::Telemetry,
        path: "/telemetry/data",
        since: Since::camunda7(17),
        permission: Permission::AnyOf(&["READ on SYSTEM"]),
        statuses: &[(403, Meaning::Denied), (404, Meaning::Gone)],
        note: "From memory of the node that answers, telemetry switched off or not. Two nodes on one database share the installation id.",
        ..READ
    },
    Endpoint {
        name: RequestName::AuthorizationCheck,
        path: "/authorization/check",
        parameters: &[query("permissionName"), query("resourceName"), query("resourceType"), query("resourceId")],
        permission: Permission::Login,
        statuses: &[],
        note: "Without resourceId it answers for any resource: rights on one process alone give false.",
        ..READ
    },
    Endpoint {
        name: RequestName::IncidentCount,
        path: "/incident/count",
        parameters: &INCIDENT_FILTERS,
        note: "Counts blocked parents too; there is no filter for roots.",
        ..READ
    },
    Endpoint {
        name: RequestName::IncidentList,
        path: "/incident",
        parameters: &joined::<10, 4, 14>(INCIDENT_FILTERS, PAGE),
        note: "No index on the timestamp: a delta by time saves transfer, not the scan. Up to 4,000 characters a message.",
        ..READ
    },
    Endpoint { name: RequestName::Incident, path: "/incident/{id}", statuses: BY_ID, ..READ },
    Endpoint {
        name: RequestName::JobCount,
        path: "/job/count",
        parameters: &JOB_FILTERS,
        note: "executable counts suspended jobs and locked ones too: add active. Two of jobId, jobIds, jobDefinitionId and activityId together are invalid SQL.",
        ..READ
    },
    Endpoint {
        name: RequestName::JobList,
        path: "/job",
        parameters: &joined::<14, 4, 18>(JOB_FILTERS, PAGE),
        note: "Jobs of one instance are found by an index; marks alone may scan.",
        ..READ
    },
    Endpoint {
        name: RequestName::JobsByIds,
        method: Method::Post,
        path: "/job",
        parameters: &[query("firstResult"), query("maxResults"), body("jobIds")],
        note: "At most 500 ids at once.",
        ..READ
    },
    Endpoint { name: RequestName::Job, path: "/job/{id}", statuses: BY_ID, ..READ },
    Endpoint { name: RequestName::JobStacktrace, path: "/job/{id}/stacktrace", statuses: BY_ID, note: "Plain text of any length; read up to 2 MiB.", ..READ },
    Endpoint { name: RequestName::ExternalTaskCount, path: "/external-task/count", parameters: &EXTERNAL_TASK_FILTERS, ..READ },
    Endpoint { name: RequestName::ExternalTaskList, path: "/external-task", parameters: &joined::<11, 4, 15>(EXTERNAL_TASK_FILTERS, PAGE), ..READ },
    Endpoint {
        name: RequestName::ExternalTasksByIds,
        method: Method::Post,
        path: "/external-task",
        parameters: &[query("firstResult"), query("maxResults"), body("externalTaskIdIn")],
        note: "At most 500 ids at once. Rows that were not asked for betray an engine that ignored the filter.",
        ..READ
    },
    Endpoint { name: RequestName::ExternalTask, path: "/external-task/{id}", statuses: BY_ID, ..READ },
    Endpoint {
        name: RequestName::ExternalTaskErrorDetails,
        path: "/external-task/{id}/errorDetails",
        statuses: &[(403, Meaning::Denied), (404, Meaning::Gone), (500, Meaning::Gone)],
        note: "Plain text; 204 where the worker reported none. Camunda 7.24 answers an unknown id with 500 NullValueException.",
        ..READ
    },
    Endpoint { name: RequestName::ProcessInstanceCount, path: "/process-instance/count", parameters: &INSTANCE_FILTERS, ..READ },
    Endpoint {
        name: RequestName::ProcessInstanceList,
        path: "/process-instance",
        parameters: &joined::<13, 4, 17>(INSTANCE_FILTERS, PAGE),
        note: "No time of the start: the history has it. Whose activity called an instance is not told either.",
        ..READ
    },
    Endpoint {
        name: RequestName::ProcessInstancesByIds,
        method: Method::Post,
        path: "/process-instance",
        parameters: &[query("firstResult"), query("maxResults"), body("processInstanceIds")],
        note: "At most 500 ids at once.",
        ..READ
    },
    Endpoint { name: RequestName::ProcessInstance, path: "/process-instance/{id}", statuses: BY_ID, ..READ },
    Endpoint {
        name: RequestName::ActivityInstances,
        path: "/process-instance/{id}/activity-instances",
        statuses: BY_ID,
        note: "Loads every execution of the instance: count them first. Jobs that wait before or after an activity are transition instances.",
        ..READ
    },
    Endpoint { name: RequestName::ExecutionCount, path: "/execution/count", parameters: &[query("processInstanceId")], ..READ },
    Endpoint { name: RequestName::UserTaskCount, path: "/task/count", parameters: &[query("processDefinitionId")], permission: SEE_TASK, ..READ },
    Endpoint {
        name: RequestName::UserTaskList,
        path: "/task",
        parameters: &joined::<1, 4, 5>([query("processInstanceId")], PAGE),
        permission: SEE_TASK,
        ..READ
    },
    Endpoint {
        name: RequestName::UserTask,
        path: "/task/{id}",
        permission: SEE_TASK,
        statuses: BY_ID,
        note: "A task that may not be read looks gone.",
        ..READ
    },
    Endpoint {
        name: RequestName::VariableList,
        path: "/variable-instance",
        parameters: &joined::<4, 4, 8>([query("processInstanceIdIn"), query("executionIdIn"), query("variableName"), query("deserializeValues")], PAGE),
        permission: SEE_VARIABLE,
        note: "Values come with the rows, of any length, but for bytes and files. Without deserializeValues=false the engine makes objects of them, by classes it may lack.",
        ..READ
    },
    Endpoint {
        name: RequestName::Variable,
        path: "/variable-instance/{id}",
        parameters: &[query("deserializeValue")],
        permission: SEE_VARIABLE,
        statuses: BY_ID,
        note: "A variable that may not be read looks gone. The parameter is spelled in the singular here; the plural is ignored.",
        ..READ
    },
    Endpoint {
        name: RequestName::ProcessDefinitionCount,
        path: "/process-definition/count",
        parameters: &[query("latestVersion")],
        permission: SEE_DEFINITION,
        ..READ
    },
    Endpoint {
        name: RequestName::ProcessDefinitionList,
        path: "/process-definition",
        parameters: &joined::<1, 4, 5>([query("latestVersion")], PAGE),
        permission: SEE_DEFINITION,
        note: "No time of deployment: join on the deployment.",
        ..READ
    },
    Endpoint {
        name: RequestName::ProcessDefinitionXml,
        path: "/process-definition/{id}/xml",
        permission: SEE_DEFINITION,
        statuses: &[(400, Meaning::Gone), (403, Meaning::Denied), (404, Meaning::Gone)],
        note: "Camunda 7.18 answers an unknown id with 400.",
        ..READ
    },
    Endpoint {
        name: RequestName::ProcessStatistics,
        path: "/process-definition/statistics",
        parameters: &[query("failedJobs"), query("rootIncidents")],
        permission: SEE_DEFINITION,
        note: "Every version, neither paged nor filtered: a grouped scan of all executions, jobs and incidents. Slow lane only.",
        ..READ
    },
    Endpoint { name: RequestName::JobDefinitionCount, path: "/job-definition/count", permission: SEE_DEFINITION, ..READ },
    Endpoint {
        name: RequestName::JobDefinitionList,
        path: "/job-definition",
        parameters: &joined::<2, 4, 6>([query("processDefinitionId"), query("suspended")], PAGE),
        permission: SEE_DEFINITION,
        ..READ
    },
    Endpoint {
        name: RequestName::DeploymentList,
        path: "/deployment",
        parameters: &PAGE,
        permission: Permission::AnyOf(&["READ on DEPLOYMENT"]),
        note: "The only place that tells when a process definition was deployed.",
        ..READ
    },
    Endpoint {
        name: RequestName::HistoricIncidentCount,
        path: "/history/incident/count",
        parameters: &HISTORIC_INCIDENT_FILTERS,
        permission: SEE_HISTORY,
        history: HistoryNeed::Full,
        note: "0 where READ_HISTORY is missing or the history level is below full.",
        ..READ
    },
    Endpoint {
        name: RequestName::HistoricIncidentList,
        path: "/history/incident",
        parameters: &joined::<15, 4, 19>(HISTORIC_INCIDENT_FILTERS, PAGE),
        permission: SEE_HISTORY,
        history: HistoryNeed::Full,
        note: "createTimeAfter and endTimeAfter are indexed: 4 to 7 ms where nothing matches. A migration shows in neither.",
        ..READ
    },
    Endpoint {
        name: RequestName::JobLogList,
        path: "/history/job-log",
        parameters: &joined::<8, 4, 12>(JOB_LOG_FILTERS, PAGE),
        permission: SEE_HISTORY,
        history: HistoryNeed::Full,
        note: "Evidence of success is a successLog: a job that vanished did not necessarily succeed. Of failureLog and successLog together the second wins. A timed suspension is a job of the type suspend-job-definition (activate-…, …-processdefinition); which one it suspends is not told.",
        ..READ
    },
    Endpoint {
        name: RequestName::JobLogStacktrace,
        path: "/history/job-log/{id}/stacktrace",
        permission: SEE_HISTORY,
        history: HistoryNeed::Full,
        statuses: BY_ID,
        note: "Plain text of any length, read up to 2 MiB; 204 for an entry without a failure. Alone among the history it says 403 without READ_HISTORY.",
        ..READ
    },
    Endpoint {
        name: RequestName::HistoricProcessInstanceCount,
        path: "/history/process-instance/count",
        parameters: &HISTORIC_INSTANCE_FILTERS,
        permission: SEE_HISTORY,
        note: "Kept from history level activity on. Start and end are indexed: 11 ms where the runtime count takes 86. Both bounds are inclusive.",
        ..READ
    },
    Endpoint {
        name: RequestName::HistoricProcessInstanceList,
        path: "/history/process-instance",
        parameters: &joined::<11, 4, 15>(HISTORIC_INSTANCE_FILTERS, PAGE),
        permission: SEE_HISTORY,
        note: "Kept from history level activity on. Only from 7.24 on it knows a whole tree of calls by its root; before, go from caller to called.",
        ..READ
    },
    Endpoint {
        name: RequestName::HistoricProcessInstancesByIds,
        method: Method::Post,
        path: "/history/process-instance",
        parameters: &[query("firstResult"), query("maxResults"), body("processInstanceIds")],
        permission: SEE_HISTORY,
        note: "At most 500 ids at once.",
        ..READ
    },
    Endpoint {
        name: RequestName::HistoricProcessInstance,
        path: "/history/process-instance/{id}",
        permission: SEE_HISTORY,
        statuses: BY_ID,
        note: "An instance whose history may not be read looks gone.",
        ..READ
    },
    Endpoint {
        name: RequestName::HistoricActivityCount,
        path: "/history/activity-instance/count",
        parameters: &HISTORIC_ACTIVITY_FILTERS,
        permission: SEE_HISTORY,
        note: "Kept from history level activity on. Name the instance: without one it scans.",
        ..READ
    },
    Endpoint {
        name: RequestName::HistoricActivityList,
        path: "/history/activity-instance",
        parameters: &joined::<5, 4, 9>(HISTORIC_ACTIVITY_FILTERS, PAGE),
        permission: SEE_HISTORY,
        note: "Kept from history level activity on. The only place that tells which call activity called which instance.",
        ..READ
    },
    Endpoint {
        name: RequestName::VariableUpdateList,
        path: "/history/detail",
        parameters: &joined::<3, 4, 7>([query("processInstanceId"), query("variableUpdates"), query("deserializeValues")], PAGE),
        permission: SEE_HISTORY,
        history: HistoryNeed::Full,
        note: "Sends every value whole; they are dropped unread, and an answer of more than 2 MiB is given up. deserializeValues=false keeps the engine from running code of its users.",
        ..READ
    },
    Endpoint {
        name: RequestName::UserOperationList,
        path: "/history/user-operation",
        parameters: &joined::<13, 4, 17>(USER_OPERATION_FILTERS, PAGE),
        permission: SEE_HISTORY,
        history: HistoryNeed::Full,
        note: "One row for each property that changed; rows of one operation share its id. Written for users that are logged in only.",
        ..READ
    },
    Endpoint {
        name: RequestName::Deployment,
        path: "/deployment/{id}",
        permission: Permission::AnyOf(&["READ on DEPLOYMENT"]),
        statuses: BY_ID,
        note: "A deployment that may not be read looks gone.",
        ..READ
    },
    Endpoint { name: RequestName::ProcessDefinition, path: "/process-definition/{id}", permission: SEE_DEFINITION, statuses: BY_ID, ..READ },
    Endpoint { name: RequestName::JobDefinition, path: "/job-definition/{id}", permission: SEE_DEFINITION, statuses: BY_ID, ..READ },
    Endpoint {
        name: RequestName::JobLogByExecutions,
        method: Method::Post,
        path: "/history/job-log",
        parameters: &[query("firstResult"), query("maxResults"), body("executionIdIn"), body("jobDefinitionId"), body("sorting")],
        permission: SEE_HISTORY,
        history: HistoryNeed::Full,
        note: "No filter takes several jobs; executions do, and hold the jobs that follow too. The history has no index on executions, but one on job definitions.",
        ..READ
    },
    Endpoint {
        name: RequestName::ExternalTaskLogList,
        path: "/history/external-task-log",
        parameters: &joined::<6, 4, 10>(EXTERNAL_TASK_LOG_FILTERS, PAGE),
        permission: SEE_HISTORY,
        history: HistoryNeed::Full,
        note: "Evidence that a worker completed a task is a successLog.",
        ..READ
    },
    Endpoint {
        name: RequestName::Batch,
        path: "/batch/{id}",
        permission: Permission::AnyOf(&["READ on BATCH"]),
        statuses: BY_ID,
        note: "Gone once it is finished or deleted: the history tells which.",
        ..READ
    },
    Endpoint {
        name: RequestName::HistoricBatch,
        path: "/history/batch/{id}",
        permission: Permission::AnyOf(&["READ_HISTORY on BATCH"]),
        history: HistoryNeed::Full,
        statuses: BY_ID,
        note: "Finished means that the changes were made, not what became of them. The end is noticed up to 30 s late: count the jobs of its job definition.",
        ..READ
    },
    Endpoint {
        name: RequestName::CaseInstanceList,
        path: "/case-instance",
        parameters: &joined::<5, 4, 9>(CASE_FILTERS, PAGE),
        permission: Permission::Login,
        statuses: &[(404, Meaning::Gone)],
        note: "Cases know no permissions but those of tenants. caseInstanceId of a process instance is inherited by what it calls: only the case tells whom it called.",
        ..READ
    },
    Endpoint { name: RequestName::CaseDefinition, path: "/case-definition/{id}", permission: Permission::Login, statuses: BY_ID, ..READ },
    Endpoint {
        name: RequestName::HistoricCaseInstance,
        path: "/history/case-instance/{id}",
        permission: Permission::Login,
        statuses: BY_ID,
        note: "Deleting a process instance neither ends the case it called nor goes on in the case that called it.",
        ..READ
    },
    Endpoint {
        name: RequestName::HistoricCaseActivityList,
        path: "/history/case-activity-instance",
        parameters: &joined::<1, 4, 5>([query("caseInstanceId")], PAGE),
        permission: Permission::Login,
        statuses: &[(404, Meaning::Gone)],
        note: "The only place that tells which task of a case called which instance.",
        ..READ
    },
];
