//! The rows that change something, and nothing else. Adding one means adding its name in `names.rs`, its row here, at the same place, and
//! its request in `change/request.rs`.
//!
//! What a row says of its evidence is proved on real engines by the contract tests.

use super::parameters::{body, body_since, query};
use super::{Endpoint, Entry, Evidence, HistoryNeed, Kind, Meaning, Method, Permission, RequestName, Since, State};

const UPDATE_INSTANCE: Permission = Permission::AnyOf(&["UPDATE on PROCESS_INSTANCE", "UPDATE_INSTANCE on PROCESS_DEFINITION"]);
const SUSPEND_INSTANCE: Permission = Permission::AnyOf(&[
    "SUSPEND on PROCESS_INSTANCE",
    "SUSPEND_INSTANCE on PROCESS_DEFINITION",
    "UPDATE on PROCESS_INSTANCE",
    "UPDATE_INSTANCE on PROCESS_DEFINITION",
]);
const SUSPEND_DEFINITION: Permission = Permission::AnyOf(&["SUSPEND on PROCESS_DEFINITION", "UPDATE on PROCESS_DEFINITION"]);
const UPDATE_DEFINITION: Permission = Permission::AnyOf(&["UPDATE on PROCESS_DEFINITION"]);
const WRITE_VARIABLE: Permission = Permission::AnyOf(&[
    "UPDATE_VARIABLE on PROCESS_INSTANCE",
    "UPDATE_INSTANCE_VARIABLE on PROCESS_DEFINITION",
    "UPDATE on PROCESS_INSTANCE",
    "UPDATE_INSTANCE on PROCESS_DEFINITION",
]);

const DENIED: &[(u16, Meaning)] = &[(403, Meaning::Denied)];
const DENIED_OR_GONE: &[(u16, Meaning)] = &[(403, Meaning::Denied), (404, Meaning::Gone)];

const fn entry(operation: &'static str, entity: &'static str, property: Option<&'static str>) -> Entry {
    Entry { operation, entity, property }
}

const fn state(row: RequestName, field: &'static str) -> State {
    State { row, field }
}

/// What most rows share: one thing is changed, and a login that lacks the right is told so.
const CHANGE: Endpoint = Endpoint {
    name: RequestName::SetJobRetries,
    method: Method::Put,
    path: "",
    parameters: &[],
    since: Since::ALWAYS,
    permission: UPDATE_INSTANCE,
    history: HistoryNeed::None,
    kind: Kind::Read,
    statuses: DENIED,
    note: "",
};

pub(super) const CHANGES: &[Endpoint] = &[
    Endpoint {
        name: RequestName::SetJobRetries,
        path: "/job/{id}/retries",
        parameters: &[body("retries"), body_since("dueDate", 19)],
        permission: Permission::AnyOf(&[
            "RETRY_JOB on PROCESS_INSTANCE",
            "RETRY_JOB on PROCESS_DEFINITION",
            "UPDATE on PROCESS_INSTANCE",
            "UPDATE_INSTANCE on PROCESS_DEFINITION",
        ]),
        kind: Kind::Change(Evidence {
            entries: &[entry("SetJobRetries", "Job", Some("retries"))],
            state: state(RequestName::Job, "retries"),
            side_effects: "The incident of the job and those of its callers are resolved at once, whatever becomes of the job; a new failure makes a new one.",
        }),
        note: "dueDate decides by being there at all: null means at once. An unknown id is answered with 500, and a suspended job takes the attempts and waits.",
        ..CHANGE
    },
    Endpoint {
        name: RequestName::SetJobRetriesBatch,
        method: Method::Post,
        path: "/job/retries",
        parameters: &[body("retries"), body("jobIds"), body_since("dueDate", 19)],
        permission: Permission::AnyOf(&["CREATE on BATCH", "CREATE_BATCH_SET_JOB_RETRIES on BATCH"]),
        kind: Kind::Change(Evidence {
            entries: &[entry("SetJobRetries", "Job", Some("nrOfInstances"))],
            state: state(RequestName::JobsByIds, "retries"),
            side_effects: "A batch works in jobs of its own that ask for no rights. It is done when attempts were given, whatever becomes of the jobs.",
        }),
        note: "By ids alone: a query with a mistyped filter matches every job.",
        ..CHANGE
    },
    Endpoint {
        name: RequestName::SetJobDueDate,
        path: "/job/{id}/duedate",
        parameters: &[body("duedate")],
        kind: Kind::Change(Evidence { entries: &[entry("SetDueDate", "Job", Some("duedate"))], state: state(RequestName::Job, "dueDate"), side_effects: "" }),
        note: "An unknown id is answered with 500. The later turns of a repeating timer stay where they are.",
        ..CHANGE
    },
    Endpoint {
        name: RequestName::SetJobPriority,
        path: "/job/{id}/priority",
        parameters: &[body("priority")],
        statuses: DENIED_OR_GONE,
        kind: Kind::Change(Evidence {
            entries: &[entry("SetPriority", "Job", Some("priority"))],
            state: state(RequestName::Job, "priority"),
            side_effects: "",
        }),
        note: "Engines look at priorities only where they were told to.",
        ..CHANGE
    },
    Endpoint {
        name: RequestName::SuspendJob,
        path: "/job/{id}/suspended",
        parameters: &[body("suspended")],
        kind: Kind::Change(Evidence {
            entries: &[entry("SuspendJob", "Job", Some("suspensionState")), entry("ActivateJob", "Job", Some("suspensionState"))],
            state: state(RequestName::Job, "suspended"),
            side_effects: "A job that runs meanwhile fails with an optimistic lock and is rolled back.",
        }),
        note: "An unknown id is answered with 204 and logged all the same.",
        ..CHANGE
    },
    Endpoint {
        name: RequestName::DeleteJob,
        method: Method::Delete,
        path: "/job/{id}",
        statuses: DENIED_OR_GONE,
        kind: Kind::Change(Evidence {
            entries: &[entry("Delete", "Job", None)],
            state: state(RequestName::Job, "id"),
            side_effects: "A process instance whose job is deleted waits for ever.",
        }),
        note: "For the timer of a timed suspension, which belongs to no instance.",
        ..CHANGE
    },
    Endpoint {
        name: RequestName::SetExternalTaskRetries,
        path: "/external-task/{id}/retries",
        parameters: &[body("retries")],
        statuses: DENIED_OR_GONE,
        kind: Kind::Change(Evidence {
            entries: &[entry("SetExternalTaskRetries", "ExternalTask", Some("retries"))],
            state: state(RequestName::ExternalTask, "retries"),
            side_effects: "The incident of the task and those of its callers are resolved at once, whether or not a worker comes.",
        }),
        ..CHANGE
    },
    Endpoint {
        name: RequestName::UnlockExternalTask,
        method: Method::Post,
        path: "/external-task/{id}/unlock",
        statuses: DENIED_OR_GONE,
        kind: Kind::Change(Evidence {
            entries: &[entry("Unlock", "ExternalTask", None)],
            state: state(RequestName::ExternalTask, "workerId"),
            side_effects: "The worker that held the task is not told: it goes on, and what it reports is refused.",
        }),
        ..CHANGE
    },
    Endpoint {
        name: RequestName::SuspendJobDefinition,
        path: "/job-definition/{id}/suspended",
        parameters: &[body("suspended"), body("includeJobs"), body("executionDate")],
        permission: UPDATE_DEFINITION,
        kind: Kind::Change(Evidence {
            entries: &[
                entry("SuspendJobDefinition", "JobDefinition", Some("suspensionState")),
                entry("ActivateJobDefinition", "JobDefinition", Some("suspensionState")),
            ],
            state: state(RequestName::JobDefinition, "suspended"),
            side_effects: "With includeJobs, jobs are resumed that something else had suspended, and running ones fail with an optimistic lock. Suspensions do not stack.",
        }),
        note: "includeJobs needs UPDATE of the instances too. executionDate makes a timer job instead. An unknown id is answered with 204 and logged all the same.",
        ..CHANGE
    },
    Endpoint {
        name: RequestName::SetJobDefinitionPriority,
        path: "/job-definition/{id}/jobPriority",
        parameters: &[body("priority"), body("includeJobs")],
        permission: UPDATE_DEFINITION,
        statuses: DENIED_OR_GONE,
        kind: Kind::Change(Evidence {
            entries: &[entry("SetPriority", "JobDefinition", Some("overridingPriority"))],
            state: state(RequestName::JobDefinition, "overridingJobPriority"),
            side_effects: "Existing jobs get the priority too, even where includeJobs is false; without a priority they keep theirs.",
        }),
        note: "The engine refuses includeJobs together with a priority of null, and otherwise ignores it.",
        ..CHANGE
    },
    Endpoint {
        name: RequestName::SuspendProcessDefinition,
        path: "/process-definition/{id}/suspended",
        parameters: &[body("suspended"), body("includeProcessInstances"), body("executionDate")],
        permission: SUSPEND_DEFINITION,
        kind: Kind::Change(Evidence {
            entries: &[
                entry("SuspendProcessDefinition", "ProcessDefinition", Some("suspensionState")),
                entry("ActivateProcessDefinition", "ProcessDefinition", Some("suspensionState")),
            ],
            state: state(RequestName::ProcessDefinition, "suspended"),
            side_effects: "Its job definitions follow, and with includeProcessInstances its instances with all their jobs; whoever starts an instance is refused.",
        }),
        note: "includeProcessInstances needs UPDATE or SUSPEND of the instances too. executionDate makes a timer job instead. An unknown id is answered with 500.",
        ..CHANGE
    },
    Endpoint {
        name: RequestName::SuspendInstance,
        path: "/process-instance/{id}/suspended",
        parameters: &[body("suspended")],
        permission: SUSPEND_INSTANCE,
        kind: Kind::Change(Evidence {
            entries: &[entry("Suspend", "ProcessInstance", Some("suspensionState")), entry("Activate", "ProcessInstance", Some("suspensionState"))],
            state: state(RequestName::ProcessInstance, "suspended"),
            side_effects: "Its jobs follow, and are resumed even where their job definition is suspended; called instances do not.",
        }),
        note: "An unknown id is answered with 204 and logged all the same.",
        ..CHANGE
    },
    Endpoint {
        name: RequestName::DeleteInstance,
        method: Method::Delete,
        path: "/process-instance/{id}",
        parameters: &[query("skipCustomListeners")],
        permission: Permission::AnyOf(&["DELETE on PROCESS_INSTANCE", "DELETE_INSTANCE on PROCESS_DEFINITION"]),
        statuses: DENIED_OR_GONE,
        kind: Kind::Change(Evidence {
            entries: &[entry("Delete", "ProcessInstance", None)],
            state: state(RequestName::ProcessInstance, "id"),
            side_effects: "What it called ends with it, and so does its caller, unless another branch of that goes on; rights on those are not asked for.",
        }),
        note: "Carries no reason.",
        ..CHANGE
    },
    Endpoint {
        name: RequestName::DeleteInstances,
        method: Method::Post,
        path: "/process-instance/delete",
        parameters: &[body("processInstanceIds"), body("deleteReason"), body("skipCustomListeners")],
        permission: Permission::AnyOf(&["CREATE on BATCH", "CREATE_BATCH_DELETE_RUNNING_PROCESS_INSTANCES on BATCH"]),
        kind: Kind::Change(Evidence {
            entries: &[entry("Delete", "ProcessInstance", Some("nrOfInstances"))],
            state: state(RequestName::HistoricProcessInstancesByIds, "deleteReason"),
            side_effects: "A batch works in jobs of its own that ask for no rights. What each called ends with it, and so may its caller.",
        }),
        note: "The reason stands in the history of all that end with it, callers included. An id that is gone counts as done.",
        ..CHANGE
    },
    Endpoint {
        name: RequestName::SetInstanceVariable,
        path: "/process-instance/{id}/variables/{name}",
        parameters: &[body("value"), body("type"), body("valueInfo")],
        permission: WRITE_VARIABLE,
        kind: Kind::Change(Evidence { entries: &[entry("SetVariable", "Variable", None)], state: state(RequestName::VariableList, "value"), side_effects: "" }),
        note: "An unknown instance is answered with 500. A container may refuse a name with a slash in it with a page of its own.",
        ..CHANGE
    },
    Endpoint {
        name: RequestName::SetLocalVariable,
        path: "/execution/{id}/localVariables/{name}",
        parameters: &[body("value"), body("type"), body("valueInfo")],
        permission: WRITE_VARIABLE,
        kind: Kind::Change(Evidence { entries: &[entry("SetVariable", "Variable", None)], state: state(RequestName::VariableList, "value"), side_effects: "" }),
        note: "An unknown execution is answered with 500.",
        ..CHANGE
    },
    Endpoint {
        name: RequestName::AnnotateIncident,
        path: "/incident/{id}/annotation",
        parameters: &[body("annotation")],
        since: Since::camunda7(15),
        kind: Kind::Change(Evidence {
            entries: &[entry("SetAnnotation", "Incident", Some("incidentId"))],
            state: state(RequestName::Incident, "annotation"),
            side_effects: "",
        }),
        note: "An unknown id is answered with 400. A retry makes a new incident, without the note.",
        ..CHANGE
    },
    Endpoint {
        name: RequestName::ClearIncidentAnnotation,
        method: Method::Delete,
        path: "/incident/{id}/annotation",
        since: Since::camunda7(15),
        kind: Kind::Change(Evidence {
            entries: &[entry("ClearAnnotation", "Incident", Some("incidentId"))],
            state: state(RequestName::Incident, "annotation"),
            side_effects: "",
        }),
        note: "An unknown id is answered with 400.",
        ..CHANGE
    },
    Endpoint {
        name: RequestName::AnnotateOperation,
        path: "/history/user-operation/{id}/set-annotation",
        parameters: &[body("annotation")],
        permission: Permission::AnyOf(&["UPDATE on OPERATION_LOG_CATEGORY", "UPDATE_HISTORY on PROCESS_DEFINITION"]),
        history: HistoryNeed::Full,
        kind: Kind::Change(Evidence {
            entries: &[entry("SetAnnotation", "OperationLog", Some("operationId"))],
            state: state(RequestName::UserOperationList, "annotation"),
            side_effects: "Every row of the operation carries it.",
        }),
        note: "An unknown id is answered with 400. The annotation is logged as an operation of its own. The engine spells its resource OperationLogCatgeory.",
        ..CHANGE
    },
];
