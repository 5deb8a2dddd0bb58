//! What happened to one instance, part by part and page by page, and the stack trace of one failure of it.

use super::{Counter, Found, concerns_one};
use crate::engine::{
    EngineError, ErrorKind, HistoricActivityFilter, HistoricActivityQuery, HistoricIncidentFilter, HistoricIncidentQuery, JobLogFilter, JobLogQuery, Order,
    Page,
};
use crate::model::ids::ProcessInstanceId;
use crate::model::inquiry::Finding;
use crate::model::timeline::{PAST_PAGE, Part, PastPage, PastRows};
use crate::poll::ask::problem;
use crate::text::EngineText;

/// Changes of variables that are read where a whole page is too large: the engine sends every value with them.
const FEW_UPDATES: u32 = 20;

impl Counter {
    pub(super) async fn past(&self, id: &ProcessInstanceId, part: Part, page: u32) -> Found {
        let rows = Page { first: page.saturating_mul(PAST_PAGE), max: PAST_PAGE };
        if part == Part::Variables {
            return self.updates(id, rows).await.map(Finding::Past);
        }
        let instance = Some(id.clone());
        let rows = match part {
            Part::Entered => {
                let filter = HistoricActivityFilter { process_instance: instance, ..HistoricActivityFilter::default() };
                let query = HistoricActivityQuery { filter, by_start: Some(Order::Descending), page: rows };
                PastRows::Activities(self.one(self.client.historic_activities(&query)).await?)
            }
            Part::Left => PastRows::Activities(self.one(self.client.activities_left(id, rows)).await?),
            Part::Jobs => {
                let filter = JobLogFilter { process_instance: instance, ..JobLogFilter::default() };
                PastRows::Jobs(self.one(self.client.job_log(&JobLogQuery { filter, by_time: Some(Order::Descending), page: rows })).await?)
            }
            Part::Operations => PastRows::Operations(self.one(self.client.user_operations(id, rows)).await?),
            Part::Incidents => {
                let filter = HistoricIncidentFilter { process_instance: instance, ..HistoricIncidentFilter::default() };
                let query = HistoricIncidentQuery { filter, by_creation: Some(Order::Descending), page: rows };
                PastRows::Incidents(self.one(self.client.historic_incidents(&query)).await?)
            }
            Part::Variables => PastRows::Variables(Vec::new()),
        };
        Ok(Finding::Past(PastPage { more: rows.len() >= PAST_PAGE as usize, rows, cut: None }))
    }

    async fn updates(&self, id: &ProcessInstanceId, page: Page) -> Result<PastPage, EngineError> {
        match self.one(self.client.variable_updates(id, page, Order::Descending)).await {
            Ok(rows) => Ok(PastPage { more: rows.len() >= PAST_PAGE as usize, rows: PastRows::Variables(rows), cut: None }),
            Err(error) if error.kind() == ErrorKind::TooLarge => {
                let few = Page { max: FEW_UPDATES, ..page };
                let rows = self.one(self.client.variable_updates(id, few, Order::Descending)).await?;
                // Fewer than asked for are all there are.
                let cut = (rows.len() >= FEW_UPDATES as usize).then(|| problem(&error));
                Ok(PastPage { more: false, rows: PastRows::Variables(rows), cut })
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn failure_trace(&self, entry: &EngineText) -> Found {
        match self.one(self.client.job_log_stacktrace(entry)).await {
            Ok(excerpt) => Ok(Finding::FailureTrace(Some((excerpt.text, excerpt.cut_at)))),
            Err(error) if error.kind() == ErrorKind::NotFound && concerns_one(&error) => Ok(Finding::FailureTrace(None)),
            Err(error) => Err(error),
        }
    }
}
