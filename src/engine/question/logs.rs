//! What can be asked of the logs of the history (level full): what happened to jobs and external tasks, and who did what. No sending.

use jiff::Timestamp;
use serde_json::json;

use super::{Order, Page, sorted};
use crate::engine::catalogue::RequestName;
use crate::engine::request::Request;
use crate::model::ids::{BatchId, ExecutionId, ExternalTaskId, JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId};
use crate::text::EngineText;

/// Which entries of the job log. Default: all.
///
/// The history has no index on jobs, but one on instances and one on job definitions: name one of them where it is known. Of several marks
/// together the engine takes one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobLogFilter {
    /// Of this job.
    pub job: Option<JobId>,
    /// Of this process instance.
    pub process_instance: Option<ProcessInstanceId>,
    /// Of this job definition.
    pub job_definition: Option<JobDefinitionId>,
    /// Of this kind of job, such as `suspend-job-definition`, the timer of a timed suspension.
    pub kind: Option<EngineText>,
    /// Only the births of jobs.
    pub created: bool,
    /// Only attempts that failed.
    pub failed: bool,
    /// Only attempts that succeeded.
    pub succeeded: bool,
    /// Only removals of jobs that had not run.
    pub deleted: bool,
}

/// One page of the job log.
#[derive(Clone, Debug, PartialEq)]
pub struct JobLogQuery {
    /// Which.
    pub filter: JobLogFilter,
    /// Sorted by time; none leaves the order to the database.
    pub by_time: Option<Order>,
    /// Which rows.
    pub page: Page,
}

impl JobLogQuery {
    pub(in crate::engine) fn request(&self) -> Request {
        let filter = &self.filter;
        let request = Request::to(RequestName::JobLogList)
            .query_text("jobId", filter.job.as_ref().map(JobId::text))
            .query_text("processInstanceId", filter.process_instance.as_ref().map(ProcessInstanceId::text))
            .query_text("jobDefinitionId", filter.job_definition.as_ref().map(JobDefinitionId::text))
            .query_text("jobDefinitionType", filter.kind.as_ref())
            .query_mark("creationLog", filter.created)
            .query_mark("failureLog", filter.failed)
            .query_mark("successLog", filter.succeeded)
            .query_mark("deletionLog", filter.deleted);
        sorted(self.page.onto(request), self.by_time.map(|order| ("timestamp", order)))
    }
}

/// The latest entries of the job log for many jobs at once, found by the executions of the jobs: nothing takes several job ids. Jobs that
/// follow in the same execution come too.
#[derive(Clone, Debug, PartialEq)]
pub struct JobLogOfExecutions {
    /// The executions, at most [`MOST_IDS`](crate::engine::MOST_IDS).
    pub executions: Vec<ExecutionId>,
    /// Of this job definition alone: for that the history has an index, for executions it has none.
    pub job_definition: Option<JobDefinitionId>,
    /// How many entries, the newest first.
    pub page: Page,
}

impl JobLogOfExecutions {
    pub(in crate::engine) fn request(&self) -> Request {
        let ids: Vec<&str> = self.executions.iter().map(|execution| execution.as_wire()).collect();
        let request = self.page.onto(Request::to(RequestName::JobLogByExecutions)).body("executionIdIn", json!(ids));
        let request = self.job_definition.iter().fold(request, |request, definition| request.body("jobDefinitionId", json!(definition.as_wire())));
        request.body("sorting", json!([{"sortBy": "timestamp", "sortOrder": "desc"}]))
    }
}

/// Which entries of the log of external tasks. Default: all. Of several marks together the engine takes one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExternalTaskLogFilter {
    /// Of this task.
    pub task: Option<ExternalTaskId>,
    /// Of this process instance.
    pub process_instance: Option<ProcessInstanceId>,
    /// Only the births of tasks.
    pub created: bool,
    /// Only failures that workers reported.
    pub failed: bool,
    /// Only completions.
    pub succeeded: bool,
    /// Only removals.
    pub deleted: bool,
}

/// One page of the log of external tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalTaskLogQuery {
    /// Which.
    pub filter: ExternalTaskLogFilter,
    /// Sorted by time; none leaves the order to the database.
    pub by_time: Option<Order>,
    /// Which rows.
    pub page: Page,
}

impl ExternalTaskLogQuery {
    pub(in crate::engine) fn request(&self) -> Request {
        let filter = &self.filter;
        let request = Request::to(RequestName::ExternalTaskLogList)
            .query_text("externalTaskId", filter.task.as_ref().map(ExternalTaskId::text))
            .query_text("processInstanceId", filter.process_instance.as_ref().map(ProcessInstanceId::text))
            .query_mark("creationLog", filter.created)
            .query_mark("failureLog", filter.failed)
            .query_mark("successLog", filter.succeeded)
            .query_mark("deletionLog", filter.deleted);
        sorted(self.page.onto(request), self.by_time.map(|order| ("timestamp", order)))
    }
}

/// Which rows of the log of operations. Several conditions must all hold. Default: all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserOperationFilter {
    /// On this process instance. Operations on job definitions, process definitions and batches name none.
    pub process_instance: Option<ProcessInstanceId>,
    /// On this process definition.
    pub process_definition: Option<ProcessDefinitionId>,
    /// On this job.
    pub job: Option<JobId>,
    /// On this job definition.
    pub job_definition: Option<JobDefinitionId>,
    /// On this external task.
    pub external_task: Option<ExternalTaskId>,
    /// On this batch. The operation that makes a batch does not name it.
    pub batch: Option<BatchId>,
    /// Of this operation: all of its rows.
    pub operation: Option<EngineText>,
    /// By this user.
    pub user: Option<EngineText>,
    /// Of this kind, such as `SetJobRetries`.
    pub kind: Option<EngineText>,
    /// On this sort of thing, such as `Job`.
    pub entity: Option<EngineText>,
    /// Of this property, such as `retries`.
    pub property: Option<EngineText>,
    /// Done after this moment, exclusively.
    pub after: Option<Timestamp>,
    /// Done before this moment, exclusively.
    pub before: Option<Timestamp>,
}

/// One page of the log of operations, the newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct UserOperationQuery {
    /// Which.
    pub filter: UserOperationFilter,
    /// Which rows.
    pub page: Page,
}

impl UserOperationQuery {
    pub(in crate::engine) fn request(&self) -> Request {
        let filter = &self.filter;
        let request = Request::to(RequestName::UserOperationList)
            .query_text("processInstanceId", filter.process_instance.as_ref().map(ProcessInstanceId::text))
            .query_text("processDefinitionId", filter.process_definition.as_ref().map(ProcessDefinitionId::text))
            .query_text("jobId", filter.job.as_ref().map(JobId::text))
            .query_text("jobDefinitionId", filter.job_definition.as_ref().map(JobDefinitionId::text))
            .query_text("externalTaskId", filter.external_task.as_ref().map(ExternalTaskId::text))
            .query_text("batchId", filter.batch.as_ref().map(BatchId::text))
            .query_text("operationId", filter.operation.as_ref())
            .query_text("userId", filter.user.as_ref())
            .query_text("operationType", filter.kind.as_ref())
            .query_text("entityType", filter.entity.as_ref())
            .query_text("property", filter.property.as_ref())
            .query_time("afterTimestamp", filter.after)
            .query_time("beforeTimestamp", filter.before);
        sorted(self.page.onto(request), Some(("timestamp", Order::Descending)))
    }
}
