//! The name of every row of the catalogue, in the order of the rows: first what reads, then what changes.

macro_rules! request_names {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Name of one row of the catalogue.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum RequestName {
            $($(#[$doc])* $name,)*
        }

        impl RequestName {
            /// Every name, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

request_names! {
    /// Names of the engines behind this address.
    Engines,
    /// Version of the REST API, which is the engine's.
    Version,
    /// Product, database and live command counters of the node that answers.
    Telemetry,
    /// Whether the caller has one permission.
    AuthorizationCheck,
    /// How many incidents are open.
    IncidentCount,
    /// Open incidents.
    IncidentList,
    /// One open incident.
    Incident,
    /// How many jobs match.
    JobCount,
    /// Jobs.
    JobList,
    /// Jobs by their ids.
    JobsByIds,
    /// One job.
    Job,
    /// Stack trace of a job's latest failure.
    JobStacktrace,
    /// How many external tasks match.
    ExternalTaskCount,
    /// External tasks.
    ExternalTaskList,
    /// External tasks by their ids.
    ExternalTasksByIds,
    /// One external task.
    ExternalTask,
    /// Details a worker reported with its latest failure.
    ExternalTaskErrorDetails,
    /// How many process instances run.
    ProcessInstanceCount,
    /// Process instances that run.
    ProcessInstanceList,
    /// Process instances by their ids.
    ProcessInstancesByIds,
    /// One process instance.
    ProcessInstance,
    /// What runs in a process instance, as a tree.
    ActivityInstances,
    /// How many executions an instance has.
    ExecutionCount,
    /// How many user tasks match.
    UserTaskCount,
    /// User tasks.
    UserTaskList,
    /// One user task.
    UserTask,
    /// Variables.
    VariableList,
    /// One variable.
    Variable,
    /// How many process definitions are deployed, every version counted.
    ProcessDefinitionCount,
    /// Process definitions.
    ProcessDefinitionList,
    /// The diagram of a process definition.
    ProcessDefinitionXml,
    /// Instances, failed jobs and incidents of every process definition.
    ProcessStatistics,
    /// How many job definitions exist.
    JobDefinitionCount,
    /// Job definitions.
    JobDefinitionList,
    /// Deployments.
    DeploymentList,
    /// How many incidents, open or ended, match.
    HistoricIncidentCount,
    /// Incidents, open or ended.
    HistoricIncidentList,
    /// What happened to jobs.
    JobLogList,
    /// Stack trace of the failure that an entry of the job log reports.
    JobLogStacktrace,
    /// How many process instances, running or ended, match.
    HistoricProcessInstanceCount,
    /// Process instances, running or ended.
    HistoricProcessInstanceList,
    /// Process instances, running or ended, by their ids.
    HistoricProcessInstancesByIds,
    /// One process instance, running or ended.
    HistoricProcessInstance,
    /// How many visits to activities match.
    HistoricActivityCount,
    /// Visits to activities.
    HistoricActivityList,
    /// Changes of the variables of an instance.
    VariableUpdateList,
    /// Who did what.
    UserOperationList,
    /// One deployment.
    Deployment,
    /// One process definition.
    ProcessDefinition,
    /// One job definition.
    JobDefinition,
    /// What happened to jobs, found by their executions.
    JobLogByExecutions,
    /// What happened to external tasks.
    ExternalTaskLogList,
    /// One batch that the engine works on.
    Batch,
    /// One batch, finished or not.
    HistoricBatch,
    /// Case instances that run.
    CaseInstanceList,
    /// One version of a case.
    CaseDefinition,
    /// One case instance, running or over.
    HistoricCaseInstance,
    /// Tasks of a case, and what they called.
    HistoricCaseActivityList,
    /// Gives a job attempts.
    SetJobRetries,
    /// Gives many jobs attempts in a batch.
    SetJobRetriesBatch,
    /// Moves the due date of a job.
    SetJobDueDate,
    /// Changes the priority of a job.
    SetJobPriority,
    /// Suspends or resumes one job.
    SuspendJob,
    /// Deletes a job.
    DeleteJob,
    /// Gives an external task attempts.
    SetExternalTaskRetries,
    /// Takes an external task back from its worker.
    UnlockExternalTask,
    /// Suspends or resumes a job definition.
    SuspendJobDefinition,
    /// Overrides the priority of the jobs of a job definition, or no more.
    SetJobDefinitionPriority,
    /// Suspends or resumes a process definition.
    SuspendProcessDefinition,
    /// Suspends or resumes a process instance.
    SuspendInstance,
    /// Cancels a process instance.
    DeleteInstance,
    /// Cancels process instances in a batch.
    DeleteInstances,
    /// Writes a variable of a process instance.
    SetInstanceVariable,
    /// Writes a variable of one execution.
    SetLocalVariable,
    /// Writes the note of an incident.
    AnnotateIncident,
    /// Clears the note of an incident.
    ClearIncidentAnnotation,
    /// Writes a reason into the log of operations.
    AnnotateOperation,
}
