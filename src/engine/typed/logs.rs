//! The typed calls that read what became of things: the logs of jobs, external tasks and operations, and batches.

use super::{Call, MOST_IDS, one, pooled, present};
use crate::engine::catalogue::RequestName;
use crate::engine::client::{Answer, Client};
use crate::engine::error::{EngineError, Problem};
use crate::engine::question::{Excerpt, ExternalTaskLogQuery, JobLogOfExecutions, JobLogQuery, Page, UserOperationFilter, UserOperationQuery};
use crate::engine::request::Request;
use crate::engine::wire::{batch, past};
use crate::model::batch::{Batch, HistoricBatch};
use crate::model::history::{ExternalTaskLogEntry, JobLogEntry, UserOperation};
use crate::model::ids::{BatchId, ProcessInstanceId};
use crate::text::EngineText;

/// Every call fails with an [`EngineError`]: see [`Problem`] for what can go wrong.
impl Client {
    /// One page of what happened to jobs (`GET /history/job-log`, history level full).
    ///
    /// # Errors
    ///
    /// Any [`Problem`].
    pub async fn job_log(&self, query: &JobLogQuery) -> Call<Vec<JobLogEntry>> {
        self.list(query.request(), |json| pooled(json, past::JobLogRow::into_entry)).await
    }

    /// The latest entries of the job log for the jobs of these executions, the newest first (`POST /history/job-log`, history level full).
    /// At most [`MOST_IDS`] executions; more are a fault of the caller.
    ///
    /// # Errors
    ///
    /// Any [`Problem`]; [`Problem::FilterIgnored`] if entries came that nobody asked for.
    pub async fn job_log_of(&self, query: &JobLogOfExecutions) -> Call<Vec<JobLogEntry>> {
        debug_assert!(query.executions.len() <= MOST_IDS, "{} executions at once", query.executions.len());
        if query.executions.is_empty() {
            return Ok(Answer { data: Vec::new(), elapsed: std::time::Duration::ZERO, bytes: 0, engine_time: None });
        }
        let request = query.request();
        let place = self.place_of(&request);
        let answer = self.list(request, |json| pooled(json, past::JobLogRow::into_entry)).await?;
        let asked_for = |entry: &JobLogEntry| entry.execution.as_ref().is_some_and(|execution| query.executions.contains(execution));
        if answer.data.iter().all(asked_for) {
            return Ok(answer);
        }
        Err(EngineError::new(Some(RequestName::JobLogByExecutions), &place, Problem::FilterIgnored { what: "executionIdIn" }))
    }

    /// Stack trace of the failure that one entry of the job log reports, read up to 2 MiB (`GET /history/job-log/{id}/stacktrace`,
    /// history level full). Empty if the entry reports none.
    ///
    /// # Errors
    ///
    /// Any [`Problem`]; `NotFound` if there is no such entry any more.
    pub async fn job_log_stacktrace(&self, id: &EngineText) -> Call<Excerpt> {
        self.excerpt(Request::to(RequestName::JobLogStacktrace).id(id)).await
    }

    /// One page of what happened to external tasks (`GET /history/external-task-log`, history level full).
    ///
    /// # Errors
    ///
    /// Any [`Problem`].
    pub async fn external_task_log(&self, query: &ExternalTaskLogQuery) -> Call<Vec<ExternalTaskLogEntry>> {
        self.list(query.request(), |json| pooled(json, past::ExternalTaskLogRow::into_entry)).await
    }

    /// Who did what to a process instance, newest first (`GET /history/user-operation`, history level full). An operation that changed
    /// several properties has several rows.
    ///
    /// # Errors
    ///
    /// Any [`Problem`].
    pub async fn user_operations(&self, instance: &ProcessInstanceId, page: Page) -> Call<Vec<UserOperation>> {
        let filter = UserOperationFilter { process_instance: Some(instance.clone()), ..UserOperationFilter::default() };
        self.user_operations_where(&UserOperationQuery { filter, page }).await
    }

    /// Who did what, to a process instance or to anything else, newest first (`GET /history/user-operation`, history level full).
    ///
    /// # Errors
    ///
    /// Any [`Problem`].
    pub async fn user_operations_where(&self, query: &UserOperationQuery) -> Call<Vec<UserOperation>> {
        self.list(query.request(), |json| pooled(json, past::UserOperationRow::into_operation)).await
    }

    /// One batch that the engine works on, none if it is finished, deleted or may not be read (`GET /batch/{id}`).
    ///
    /// # Errors
    ///
    /// Any [`Problem`] but `NotFound`.
    pub async fn batch(&self, id: &BatchId) -> Result<Option<Answer<Batch>>, EngineError> {
        present(self.object(Request::to(RequestName::Batch).id(id.text()), |json| one(json, batch::BatchRow::into_batch)).await)
    }

    /// One batch, finished or not; none if the history does not know it (`GET /history/batch/{id}`, history level full).
    ///
    /// # Errors
    ///
    /// Any [`Problem`] but `NotFound`.
    pub async fn historic_batch(&self, id: &BatchId) -> Result<Option<Answer<HistoricBatch>>, EngineError> {
        present(self.object(Request::to(RequestName::HistoricBatch).id(id.text()), |json| one(json, batch::BatchRow::into_historic)).await)
    }
}
