//! The typed calls about cases (CMMN): which there are between process instances, and who called them. An engine with CMMN switched off
//! answers none, and a fork without it knows no such path.

use super::{Call, Client, one, pooled, present};
use crate::engine::catalogue::RequestName;
use crate::engine::client::Answer;
use crate::engine::error::EngineError;
use crate::engine::question::{CaseFilter, Page};
use crate::engine::request::Request;
use crate::engine::wire::cases;
use crate::model::case::{CaseActivity, CaseDefinition, HistoricCase, RunningCase};
use crate::model::ids::CaseInstanceId;
use crate::text::EngineText;

/// Every call fails with an [`EngineError`]: see [`Problem`](crate::engine::Problem) for what can go wrong.
impl Client {
    /// One page of case instances that run (`GET /case-instance`).
    ///
    /// # Errors
    ///
    /// Any problem; `NotFound` from an engine without cases.
    pub async fn case_instances(&self, filter: &CaseFilter, page: Page) -> Call<Vec<RunningCase>> {
        let request = page.onto(filter.onto(Request::to(RequestName::CaseInstanceList)));
        self.ask(request, |json| pooled(json, cases::CaseInstanceRow::into_case)).await
    }

    /// One case instance, running or over, none if the history knows none (`GET /history/case-instance/{id}`).
    ///
    /// # Errors
    ///
    /// Any problem but `NotFound`.
    pub async fn historic_case_instance(&self, id: &CaseInstanceId) -> Result<Option<Answer<HistoricCase>>, EngineError> {
        present(self.ask(Request::to(RequestName::HistoricCaseInstance).id(id.text()), |json| one(json, cases::HistoricCaseRow::into_case)).await)
    }

    /// One version of a case, none if there is no such (`GET /case-definition/{id}`).
    ///
    /// # Errors
    ///
    /// Any problem but `NotFound`.
    pub async fn case_definition(&self, id: &EngineText) -> Result<Option<Answer<CaseDefinition>>, EngineError> {
        present(self.ask(Request::to(RequestName::CaseDefinition).id(id), |json| one(json, cases::CaseDefinitionRow::into_definition)).await)
    }

    /// One page of what tasks of a case called and do, the newest first (`GET /history/case-activity-instance`).
    ///
    /// # Errors
    ///
    /// Any problem.
    pub async fn historic_case_activities(&self, case: &CaseInstanceId, page: Page) -> Call<Vec<CaseActivity>> {
        let request = page.onto(Request::to(RequestName::HistoricCaseActivityList).query_text("caseInstanceId", Some(case.text())));
        let request = request.query("sortBy", "createTime").query("sortOrder", "desc");
        self.ask(request, |json| pooled(json, cases::CaseActivityRow::into_activity)).await
    }
}
