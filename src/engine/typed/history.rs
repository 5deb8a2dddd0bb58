//! The typed calls that read the history of incidents, instances, activities and variables. Its logs are in `logs.rs`.

use super::{Call, VALUES, one, pooled, present};
use crate::engine::catalogue::RequestName;
use crate::engine::client::{Answer, Client};
use crate::engine::error::EngineError;
use crate::engine::question::{HistoricActivityFilter, HistoricActivityQuery, HistoricIncidentQuery, HistoricInstanceQuery, Order, Page};
use crate::engine::request::Request;
use crate::engine::wire::{self, history};
use crate::model::history::{HistoricActivity, HistoricIncident, HistoricInstance, VariableUpdate};
use crate::model::ids::ProcessInstanceId;

/// Every call fails with an [`EngineError`]: see [`Problem`](crate::engine::Problem) for what can go wrong.
impl Client {
    /// One page of incidents, open or ended (`GET /history/incident`, history level full).
    ///
    /// # Errors
    ///
    /// Any [`Problem`](crate::engine::Problem).
    pub async fn historic_incidents(&self, query: &HistoricIncidentQuery) -> Call<Vec<HistoricIncident>> {
        self.list(query.request(), |json| pooled(json, wire::IncidentRow::into_historic)).await
    }

    /// One process instance, running or ended; none if the history does not know it, any more or for this login
    /// (`GET /history/process-instance/{id}`, history level activity).
    ///
    /// # Errors
    ///
    /// Any [`Problem`](crate::engine::Problem) but `NotFound`.
    pub async fn historic_process_instance(&self, id: &ProcessInstanceId) -> Result<Option<Answer<HistoricInstance>>, EngineError> {
        let request = Request::to(RequestName::HistoricProcessInstance).id(id.text());
        present(self.object(request, |json| one(json, history::HistoricInstanceRow::into_instance)).await)
    }

    /// One page of process instances, running or ended (`GET /history/process-instance`, history level activity).
    ///
    /// # Errors
    ///
    /// Any [`Problem`](crate::engine::Problem); `Unsupported` for a filter this engine would ignore.
    pub async fn historic_process_instances(&self, query: &HistoricInstanceQuery) -> Call<Vec<HistoricInstance>> {
        self.list(query.request(), |json| pooled(json, history::HistoricInstanceRow::into_instance)).await
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
        self.list(query.request(), |json| pooled(json, history::HistoricActivityRow::into_activity)).await
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
        self.list(request, |json| pooled(json, history::HistoricActivityRow::into_activity)).await
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
        self.list_within(VALUES, request, |json| pooled(json, history::VariableUpdateRow::into_update)).await
    }
}
