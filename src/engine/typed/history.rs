//! The typed calls that read the history: what became of incidents, instances, jobs and variables, and who did what.

use super::{Call, VALUES, one, pooled, present};
use crate::engine::catalogue::RequestName;
use crate::engine::client::{Answer, Client};
use crate::engine::error::EngineError;
use crate::engine::question::{Excerpt, HistoricActivityFilter, HistoricActivityQuery, HistoricIncidentQuery, HistoricInstanceQuery, JobLogQuery, Order, Page};
use crate::engine::request::Request;
use crate::engine::wire::{self, history, past};
use crate::model::history::{HistoricActivity, HistoricIncident, HistoricInstance, JobLogEntry, UserOperation, VariableUpdate};
use crate::model::ids::ProcessInstanceId;
use crate::text::EngineText;

/// Every call fails with an [`EngineError`]: see [`Problem`](crate::engine::Problem) for what can go wrong.
impl Client {
    /// One page of incidents, open or ended (`GET /history/incident`, history level full).
    ///
    /// # Errors
    ///
    /// Any [`Problem`](crate::engine::Problem).
    pub async fn historic_incidents(&self, query: &HistoricIncidentQuery) -> Call<Vec<HistoricIncident>> {
        self.ask(query.request(), |json| pooled(json, wire::IncidentRow::into_historic)).await
    }

    /// One process instance, running or ended; none if the history does not know it, any more or for this login
    /// (`GET /history/process-instance/{id}`, history level activity).
    ///
    /// # Errors
    ///
    /// Any [`Problem`](crate::engine::Problem) but `NotFound`.
    pub async fn historic_process_instance(&self, id: &ProcessInstanceId) -> Result<Option<Answer<HistoricInstance>>, EngineError> {
        let request = Request::to(RequestName::HistoricProcessInstance).id(id.text());
        present(self.ask(request, |json| one(json, history::HistoricInstanceRow::into_instance)).await)
    }

    /// One page of process instances, running or ended (`GET /history/process-instance`, history level activity).
    ///
    /// # Errors
    ///
    /// Any [`Problem`](crate::engine::Problem); `Unsupported` for a filter this engine would ignore.
    pub async fn historic_process_instances(&self, query: &HistoricInstanceQuery) -> Call<Vec<HistoricInstance>> {
        self.ask(query.request(), |json| pooled(json, history::HistoricInstanceRow::into_instance)).await
    }

    /// Those of these process instances that the history knows, in the engine's order (`POST /history/process-instance`). At most
    /// [`MOST_IDS`](super::MOST_IDS); more are a fault of the caller.
    ///
    /// # Errors
    ///
    /// Any [`Problem`](crate::engine::Problem); `FilterIgnored` if instances came that nobody asked for.
    pub async fn historic_process_instances_by_ids(&self, ids: &[ProcessInstanceId]) -> Call<Vec<HistoricInstance>> {
        let ids: Vec<_> = ids.iter().map(ProcessInstanceId::text).collect();
        let parse = |json: &[u8]| pooled(json, history::HistoricInstanceRow::into_instance);
        self.by_ids(RequestName::HistoricProcessInstancesByIds, "processInstanceIds", &ids, parse, |instance| instance.id.text()).await
    }

    /// One page of visits to activities, going on or over (`GET /history/activity-instance`, history level activity).
    ///
    /// # Errors
    ///
    /// Any [`Problem`](crate::engine::Problem).
    pub async fn historic_activities(&self, query: &HistoricActivityQuery) -> Call<Vec<HistoricActivity>> {
        self.ask(query.request(), |json| pooled(json, history::HistoricActivityRow::into_activity)).await
    }

    /// One page of the visits that are over, those left last first (`GET /history/activity-instance?finished=true`, history level
    /// activity): in the order of entry, a visit that lasted long hides behind many short ones.
    ///
    /// # Errors
    ///
    /// Any [`Problem`](crate::engine::Problem).
    pub async fn activities_left(&self, instance: &ProcessInstanceId, page: Page) -> Call<Vec<HistoricActivity>> {
        let filter = HistoricActivityFilter { process_instance: Some(instance.clone()), over: true, ..HistoricActivityFilter::default() };
        let request = HistoricActivityQuery { filter, by_start: None, page }.request().query("sortBy", "endTime").query("sortOrder", "desc");
        self.ask(request, |json| pooled(json, history::HistoricActivityRow::into_activity)).await
    }

    /// One page of the changes of an instance's variables in order of time, without their values
    /// (`GET /history/detail?variableUpdates=true`, history level full).
    ///
    /// The engine sends every value whole, and no parameter leaves them out: the answer may have 2 MiB at most.
    ///
    /// # Errors
    ///
    /// Any [`Problem`](crate::engine::Problem); `TooLarge` asks for a smaller page.
    pub async fn variable_updates(&self, instance: &ProcessInstanceId, page: Page, order: Order) -> Call<Vec<VariableUpdate>> {
        let request = Request::to(RequestName::VariableUpdateList)
            .query("variableUpdates", true)
            .query("deserializeValues", false)
            .query_text("processInstanceId", Some(instance.text()));
        let request = page.onto(request).query("sortBy", "time").query("sortOrder", order.wire());
        self.ask_within(VALUES, request, |json| pooled(json, history::VariableUpdateRow::into_update)).await
    }

    /// One page of what happened to jobs (`GET /history/job-log`, history level full).
    ///
    /// # Errors
    ///
    /// Any [`Problem`](crate::engine::Problem).
    pub async fn job_log(&self, query: &JobLogQuery) -> Call<Vec<JobLogEntry>> {
        self.ask(query.request(), |json| pooled(json, past::JobLogRow::into_entry)).await
    }

    /// Stack trace of the failure that one entry of the job log reports, read up to 2 MiB (`GET /history/job-log/{id}/stacktrace`,
    /// history level full). Empty if the entry reports none.
    ///
    /// # Errors
    ///
    /// Any [`Problem`](crate::engine::Problem); `NotFound` if there is no such entry any more.
    pub async fn job_log_stacktrace(&self, id: &EngineText) -> Call<Excerpt> {
        self.excerpt(Request::to(RequestName::JobLogStacktrace).id(id)).await
    }

    /// Who did what to a process instance, newest first (`GET /history/user-operation`, history level full). An operation that changed
    /// several properties has several rows.
    ///
    /// # Errors
    ///
    /// Any [`Problem`](crate::engine::Problem).
    pub async fn user_operations(&self, instance: &ProcessInstanceId, page: Page) -> Call<Vec<UserOperation>> {
        let request = page.onto(Request::to(RequestName::UserOperationList).query_text("processInstanceId", Some(instance.text())));
        let request = request.query("sortBy", "timestamp").query("sortOrder", "desc");
        self.ask(request, |json| pooled(json, past::UserOperationRow::into_operation)).await
    }
}
