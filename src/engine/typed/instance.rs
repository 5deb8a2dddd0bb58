//! The typed calls about running instances: which there are, and what one of them holds.

use super::{Call, Client, one, pooled, present};
use crate::engine::catalogue::RequestName;
use crate::engine::client::Answer;
use crate::engine::error::EngineError;
use crate::engine::question::{ExternalTaskFilter, InstanceQuery, JobFilter, Page};
use crate::engine::request::Request;
use crate::engine::wire::{self, activity_tree, instance};
use crate::model::activity_instance::ActivityInstance;
use crate::model::definition::ProcessInstance;
use crate::model::external_task::ExternalTask;
use crate::model::ids::{ExecutionId, ProcessInstanceId, UserTaskId};
use crate::model::job::Job;
use crate::model::user_task::UserTask;
use crate::model::variable::Variable;
use crate::text::EngineText;

/// Bytes of variables that are read at once: one value may be as large as the engine's memory.
const VARIABLES: usize = 2 << 20;

/// The most variables of one name at one execution that are read: its own, and those of its tasks.
const SAME_NAME: u32 = 50;

/// Every call fails with an [`EngineError`]: see [`Problem`](crate::engine::Problem) for what can go wrong.
impl Client {
    /// One page of running process instances (`GET /process-instance`).
    ///
    /// # Errors
    ///
    /// Any problem; `Unsupported` for a filter this engine would ignore.
    pub async fn process_instances_where(&self, query: &InstanceQuery) -> Call<Vec<ProcessInstance>> {
        self.list(query.request(), |json| pooled(json, wire::ProcessInstanceRow::into_process_instance)).await
    }

    /// What runs in an instance, none if it is gone (`GET /process-instance/{id}/activity-instances`). The engine loads every execution
    /// for it: ask [`CountQuestion::Executions`](crate::engine::CountQuestion::Executions) first.
    ///
    /// # Errors
    ///
    /// Any problem but `NotFound`.
    pub async fn activity_instances(&self, id: &ProcessInstanceId) -> Result<Option<Answer<ActivityInstance>>, EngineError> {
        present(self.ask(Request::to(RequestName::ActivityInstances).id(id.text()), activity_tree::tree).await)
    }

    /// One page of jobs, sorted by id so that pages do not overlap (`GET /job`).
    ///
    /// # Errors
    ///
    /// Any problem; `Unsupported` for a filter this engine would ignore.
    pub async fn jobs_where(&self, filter: &JobFilter, page: Page) -> Call<Vec<Job>> {
        let request = page.onto(filter.onto(Request::to(RequestName::JobList))).query("sortBy", "jobId").query("sortOrder", "asc");
        self.list(request, |json| pooled(json, wire::JobRow::into_job)).await
    }

    /// One page of external tasks, sorted by id so that pages do not overlap (`GET /external-task`).
    ///
    /// # Errors
    ///
    /// Any problem.
    pub async fn external_tasks_where(&self, filter: &ExternalTaskFilter, page: Page) -> Call<Vec<ExternalTask>> {
        let request = page.onto(filter.onto(Request::to(RequestName::ExternalTaskList))).query("sortBy", "id").query("sortOrder", "asc");
        self.list(request, |json| pooled(json, wire::ExternalTaskRow::into_external_task)).await
    }

    /// One page of the open user tasks of an instance, sorted by id so that pages do not overlap (`GET /task`).
    ///
    /// # Errors
    ///
    /// Any problem.
    pub async fn user_tasks(&self, instance: &ProcessInstanceId, page: Page) -> Call<Vec<UserTask>> {
        let request = page.onto(Request::to(RequestName::UserTaskList).query_text("processInstanceId", Some(instance.text())));
        let request = request.query("sortBy", "id").query("sortOrder", "asc");
        self.list(request, |json| pooled(json, instance::UserTaskRow::into_user_task)).await
    }

    /// One open user task, none if it is gone or may not be read (`GET /task/{id}`).
    ///
    /// # Errors
    ///
    /// Any problem but `NotFound`.
    pub async fn user_task(&self, id: &UserTaskId) -> Result<Option<Answer<UserTask>>, EngineError> {
        let request = Request::to(RequestName::UserTask).id(id.text());
        present(self.object(request, |json| one(json, instance::UserTaskRow::into_user_task)).await)
    }

    /// One page of the variables of an instance, those of its scopes and tasks included, sorted by name (`GET /variable-instance`).
    ///
    /// Values come with the rows. Variables of one name may change places between two pages, so the caller reads as few pages as it can.
    ///
    /// # Errors
    ///
    /// Any problem; `TooLarge` if the page is longer than 2 MiB, to be asked again with fewer rows.
    pub async fn variables(&self, instance: &ProcessInstanceId, page: Page) -> Call<Vec<Variable>> {
        let request = page.onto(Request::to(RequestName::VariableList).query_text("processInstanceIdIn", Some(instance.text())));
        let request = request.query("deserializeValues", false).query("sortBy", "variableName").query("sortOrder", "asc");
        self.list_within(VARIABLES, request, |json| pooled(json, instance::VariableRow::into_variable)).await
    }

    /// The variables of one name that an execution holds itself, with their values; of an instance, its own alone
    /// (`GET /variable-instance`). One at most: a task's variable names the execution too, but is another.
    ///
    /// # Errors
    ///
    /// Any problem; `TooLarge` if it is longer than 2 MiB.
    pub async fn local_variables(&self, execution: &ExecutionId, name: &EngineText) -> Call<Vec<Variable>> {
        let request = Request::to(RequestName::VariableList).query_text("executionIdIn", Some(execution.text())).query_text("variableName", Some(name));
        let request = Page::first(SAME_NAME).onto(request).query("deserializeValues", false).query("sortBy", "variableName").query("sortOrder", "asc");
        self.list_within(VARIABLES, request, |json| pooled(json, instance::VariableRow::into_variable)).await
    }

    /// One variable with its value, none if it is gone or may not be read (`GET /variable-instance/{id}`).
    ///
    /// # Errors
    ///
    /// Any problem but `NotFound`; `TooLarge` if it is longer than 2 MiB.
    pub async fn variable(&self, id: &EngineText) -> Result<Option<Answer<Variable>>, EngineError> {
        let request = Request::to(RequestName::Variable).id(id).query("deserializeValue", false);
        present(self.object_within(VARIABLES, request, |json| one(json, instance::VariableRow::into_variable)).await)
    }
}
