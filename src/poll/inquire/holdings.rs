//! What one instance holds: jobs, timers, tasks, called instances, and the incidents it had. Each list is bounded; what is failed is read
//! even where the list is too long to be read whole.

use std::collections::HashSet;
use std::hash::Hash;

use super::{Counter, Found, alone};
use crate::engine::{
    CountQuestion, ExternalTaskFilter, ExternalTaskIs, HistoricIncidentFilter, HistoricIncidentQuery, InstanceFilter, JobFilter, JobIs, Order, Page,
};
use crate::model::case::CalledCase;
use crate::model::ids::ProcessInstanceId;
use crate::model::inquiry::{CalledCount, Finding, Listed, MOST_ROWS};

impl Counter {
    /// Jobs of one kind, timers or messages: those out of retries first, then those that failed and are tried again, then the others.
    pub(super) async fn jobs(&self, id: &ProcessInstanceId, kind: JobIs) -> Found {
        let filter = |marks: &[JobIs]| JobFilter { is: [&[kind], marks].concat(), process_instance: Some(id.clone()), ..JobFilter::default() };
        let (page, all) = (Page::first(MOST_ROWS), filter(&[]));
        let mut rows = self.one(self.client.jobs_where(&all, page)).await?;
        let total = if is_full(rows.len()) {
            let total = self.one(self.client.count(&CountQuestion::Jobs(all))).await?;
            // The failed ones may stand behind the first rows.
            let failed = self.one(self.client.jobs_where(&filter(&[JobIs::NoRetriesLeft]), page)).await?;
            let retrying = self.one(self.client.jobs_where(&filter(&[JobIs::WithException, JobIs::WithRetriesLeft]), page)).await?;
            rows = each_once(failed.into_iter().chain(retrying).chain(rows), |job| job.id.clone());
            total
        } else {
            rows.len() as u64
        };
        rows.sort_by_key(|job| (job.retries > 0, job.exception_message.is_none(), job.due, job.id.clone()));
        rows.truncate(MOST_ROWS as usize);
        Ok(Finding::Jobs(Listed { total: Some(total.max(rows.len() as u64)), rows }))
    }

    pub(super) async fn external_tasks(&self, id: &ProcessInstanceId) -> Found {
        let filter = |marks: &[ExternalTaskIs]| ExternalTaskFilter { is: marks.to_vec(), process_instance: Some(id.clone()), ..ExternalTaskFilter::default() };
        let (page, all) = (Page::first(MOST_ROWS), filter(&[]));
        let mut rows = self.one(self.client.external_tasks_where(&all, page)).await?;
        let total = if is_full(rows.len()) {
            let total = self.one(self.client.count(&CountQuestion::ExternalTasks(all))).await?;
            let failed = self.one(self.client.external_tasks_where(&filter(&[ExternalTaskIs::NoRetriesLeft]), page)).await?;
            rows = each_once(failed.into_iter().chain(rows), |task| task.id.clone());
            total
        } else {
            rows.len() as u64
        };
        rows.sort_by_key(|task| (task.retries != Some(0), task.error_message.is_none(), task.id.clone()));
        rows.truncate(MOST_ROWS as usize);
        Ok(Finding::ExternalTasks(Listed { total: Some(total.max(rows.len() as u64)), rows }))
    }

    /// The engine is not asked how many there are: a full list says that there may be more.
    pub(super) async fn user_tasks(&self, id: &ProcessInstanceId) -> Found {
        let mut rows = self.one(self.client.user_tasks(id, Page::first(MOST_ROWS))).await?;
        rows.sort_by_key(|task| (task.created, task.id.clone()));
        let total = (!is_full(rows.len())).then_some(rows.len() as u64);
        Ok(Finding::UserTasks(Listed { total, rows }))
    }

    pub(super) async fn called_count(&self, id: &ProcessInstanceId) -> Found {
        let called = |with_incident| InstanceFilter { called_by: Some(id.clone()), with_incident, ..InstanceFilter::default() };
        let running = self.one(self.client.count(&CountQuestion::ProcessInstances(called(false)))).await?;
        let failing = if running == 0 { Some(0) } else { alone(self.one(self.client.count(&CountQuestion::ProcessInstances(called(true)))).await)?.ok() };
        let cases = self.cases_called(id).await?;
        let failing_below_cases = cases.iter().flat_map(CalledCase::all_processes).filter(|(_, failing)| *failing).count() as u64;
        Ok(Finding::CalledCount(CalledCount { running, failing, cases: cases.len() as u64, failing_below_cases }))
    }

    /// Ended incidents only, so that open ones, however many, do not hide them.
    pub(super) async fn past_incidents(&self, id: &ProcessInstanceId) -> Found {
        let ended = Some(jiff::Timestamp::UNIX_EPOCH);
        let filter = HistoricIncidentFilter { process_instance: Some(id.clone()), ended_after: ended, ..HistoricIncidentFilter::default() };
        let query = HistoricIncidentQuery { filter: filter.clone(), by_creation: Some(Order::Descending), page: Page::first(MOST_ROWS) };
        let rows = self.one(self.client.historic_incidents(&query)).await?;
        let total = if is_full(rows.len()) { self.one(self.client.count(&CountQuestion::HistoricIncidents(filter))).await? } else { rows.len() as u64 };
        Ok(Finding::PastIncidents(Listed { total: Some(total.max(rows.len() as u64)), rows }))
    }
}

fn is_full(rows: usize) -> bool {
    rows >= MOST_ROWS as usize
}

fn each_once<T, K: Eq + Hash>(rows: impl Iterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut seen = HashSet::new();
    rows.filter(|row| seen.insert(key(row))).collect()
}
