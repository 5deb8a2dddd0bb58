//! The instances that one instance called: what runs, from the runtime tables; times and call activities, from the history where it is kept.

use std::collections::HashMap;

use futures_util::FutureExt as _;
use futures_util::future::{join, join3};

use super::{Counter, Found, alone, is_too_slow};
use crate::engine::{
    CountQuestion, EngineError, HistoricActivityFilter, HistoricActivityQuery, HistoricInstanceFilter, HistoricInstanceQuery, InstanceFilter, InstanceOrder,
    InstanceQuery, Order, Page, RunningOrder,
};
use crate::model::case::CalledCase;
use crate::model::definition::ProcessInstance;
use crate::model::history::{HistoricActivity, HistoricInstance, InstanceState};
use crate::model::ids::{ActivityId, CaseInstanceId, ProcessInstanceId};
use crate::model::inquiry::{CALLED_PAGE, Called, CalledPage, Finding, Standing, Which};
use crate::model::section::Problem;
use crate::poll::ask::problem;

/// Calls read for telling which activity called whom. Whoever has more running ones mostly has them at one activity, which a count proves.
const CALLS: u32 = 200;

/// Rows asked for at once by an engine that was too slow for a whole page.
const STEP: u32 = 10;

impl Counter {
    pub(super) async fn called(&self, caller: &ProcessInstanceId, which: Which, page: u32) -> Found {
        Ok(Finding::Called(match which {
            Which::Running | Which::Failing => self.running(caller, which, page).await?,
            Which::Ended => self.ended(caller, page).await?,
        }))
    }

    /// What runs: from the history where it is kept, which has an index on callers and tells times; else from the runtime tables. A busy engine may
    /// take minutes for the count and milliseconds for the rows of one page (7.24 on H2 while it works through the jobs of a thousand called
    /// instances), so neither waits for the other, and rows are shown without the count.
    async fn running(&self, caller: &ProcessInstanceId, which: Which, page: u32) -> Result<CalledPage, EngineError> {
        let filter = InstanceFilter { called_by: Some(caller.clone()), with_incident: which == Which::Failing, ..InstanceFilter::default() };
        let rows = Page { first: page * CALLED_PAGE, max: CALLED_PAGE };
        let (total, calls, told) = join3(
            self.one(self.client.count(&CountQuestion::ProcessInstances(filter.clone()))).boxed(),
            self.calls(caller, true).boxed(),
            self.running_in_history(caller, which, rows).boxed(),
        )
        .await;
        let (total, uncounted) = unless_slow(total)?;
        let (told, history) = parted(told?);
        let (calls, calls_unknown) = parted(calls?);
        let at: HashMap<_, _> = calls.iter().filter_map(|visit| Some((visit.called.clone()?, visit.activity.clone()))).collect();
        // A page that is not full may lack what the history does not keep.
        let expected = total.map_or(CALLED_PAGE.into(), |total| total.saturating_sub(rows.first.into()).min(CALLED_PAGE.into()));
        let (rows, unlisted): (Vec<Called>, _) = if told.len() as u64 >= expected {
            (told.into_iter().map(|row| runs_by_history(at.get(&row.id).cloned(), row)).collect(), None)
        } else {
            let (listed, unlisted) = self.listed(&InstanceQuery { filter, order: Some(RunningOrder::BusinessKey), page: rows }).await?;
            let mut past = self.past_of(&listed).await?;
            (listed.into_iter().map(|row| runs(past.remove(&row.id), at.get(&row.id).cloned(), row)).collect(), unlisted)
        };
        let all_at = match total {
            Some(total) if which == Which::Running && page == 0 => self.all_at(caller, &calls, total).await?,
            _ => None,
        };
        let more =
            total.map_or(rows.len() as u64 >= u64::from(CALLED_PAGE) || unlisted.is_some(), |total| total > u64::from(page + 1) * u64::from(CALLED_PAGE));
        let cases = if which == Which::Running && page == 0 { self.cases_below(&cases_of(&calls)).await? } else { Vec::new() };
        Ok(CalledPage { rows, total, more, all_at, cases, history: history.or(calls_unknown), unread: unlisted.or(uncounted) })
    }

    /// The rows of a page; of an engine that is too slow for all of them, in smaller steps one after the other, as far as it gets.
    async fn listed(&self, query: &InstanceQuery) -> Result<(Vec<ProcessInstance>, Option<Problem>), EngineError> {
        let first = match self.one(self.client.process_instances_where(query)).await {
            Err(error) if is_too_slow(&error) => error,
            listed => return Ok((listed?, None)),
        };
        let end = query.page.first + query.page.max;
        let mut listed: Vec<ProcessInstance> = Vec::new();
        let mut from = query.page.first;
        while from < end {
            let page = Page { first: from, max: STEP.min(end - from) };
            match self.one(self.client.process_instances_where(&InstanceQuery { page, ..query.clone() })).await {
                Ok(rows) => {
                    let full = rows.len() >= page.max as usize;
                    listed.extend(rows);
                    from += page.max;
                    if !full {
                        break;
                    }
                }
                Err(error) if is_too_slow(&error) && listed.is_empty() => return Err(error),
                Err(error) if is_too_slow(&error) => return Ok((listed, Some(problem(&first)))),
                Err(error) => return Err(error),
            }
        }
        Ok((listed, None))
    }

    /// The history cannot be asked for open incidents: what fails is listed by the runtime tables.
    async fn running_in_history(&self, caller: &ProcessInstanceId, which: Which, page: Page) -> Result<Result<Vec<HistoricInstance>, Problem>, EngineError> {
        if which == Which::Failing {
            return Ok(Ok(Vec::new()));
        }
        let filter = HistoricInstanceFilter { called_by: Some(caller.clone()), running: true, ..HistoricInstanceFilter::default() };
        let query = HistoricInstanceQuery { filter, order: Some(InstanceOrder::ById), page };
        alone(self.one(self.client.historic_process_instances(&query)).await)
    }

    /// When instances began, as far as the history tells.
    async fn past_of(&self, listed: &[ProcessInstance]) -> Result<HashMap<ProcessInstanceId, HistoricInstance>, EngineError> {
        let ids: Vec<_> = listed.iter().map(|row| row.id.clone()).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let (rows, _) = parted(alone(self.one(self.client.historic_process_instances_by_ids(&ids)).await)?);
        Ok(rows.into_iter().map(|row| (row.id.clone(), row)).collect())
    }

    async fn calls(&self, caller: &ProcessInstanceId, running: bool) -> Result<Result<Vec<HistoricActivity>, Problem>, EngineError> {
        let query = HistoricActivityQuery { filter: calls_of(caller, running), by_start: Some(Order::Descending), page: Page::first(CALLS) };
        alone(self.one(self.client.historic_activities(&query)).await)
    }

    /// The one activity at which all running instances were called, if that is certain although not all calls were read.
    async fn all_at(&self, caller: &ProcessInstanceId, calls: &[HistoricActivity], total: u64) -> Result<Option<ActivityId>, EngineError> {
        // A call activity may call a case: that is none of those that are counted.
        if calls.iter().any(|visit| visit.called_case.is_some()) {
            return Ok(None);
        }
        let Some(first) = calls.first().map(|visit| visit.activity.clone()).filter(|first| calls.iter().all(|visit| visit.activity == *first)) else {
            return Ok(None);
        };
        if calls.len() < CALLS as usize {
            return Ok((calls.len() as u64 >= total).then_some(first));
        }
        let filter = HistoricActivityFilter { activity: Some(first.clone()), ..calls_of(caller, true) };
        let count = alone(self.one(self.client.count(&CountQuestion::HistoricActivities(filter))).await)?;
        Ok((count == Ok(total)).then_some(first))
    }

    /// The cases that an instance called and waits for, with what runs below them.
    pub(super) async fn cases_called(&self, caller: &ProcessInstanceId) -> Result<Vec<CalledCase>, EngineError> {
        let (calls, _) = parted(self.calls(caller, true).await?);
        self.cases_below(&cases_of(&calls)).await
    }

    async fn ended(&self, caller: &ProcessInstanceId, page: u32) -> Result<CalledPage, EngineError> {
        let filter = HistoricInstanceFilter { called_by: Some(caller.clone()), over: true, ..HistoricInstanceFilter::default() };
        let rows = Page { first: page * CALLED_PAGE, max: CALLED_PAGE };
        let query = HistoricInstanceQuery { filter: filter.clone(), order: Some(InstanceOrder::ByStart(Order::Descending)), page: rows };
        let (listed, calls) = join(self.one(self.client.historic_process_instances(&query)), self.calls(caller, false)).await;
        let (listed, (calls, history)) = (listed?, parted(calls?));
        let full = listed.len() >= CALLED_PAGE as usize;
        let mut unread = None;
        let total = match (page, full) {
            (0, false) => Some(listed.len() as u64),
            (0, true) => {
                let (total, uncounted) = unless_slow(self.one(self.client.count(&CountQuestion::HistoricProcessInstances(filter))).await)?;
                unread = uncounted;
                total
            }
            _ => None,
        };
        let at: HashMap<_, _> = calls.into_iter().filter_map(|visit| Some((visit.called?, visit.activity))).collect();
        let rows = listed.into_iter().map(|row| over(at.get(&row.id).cloned(), row)).collect();
        Ok(CalledPage { rows, total, more: full, all_at: None, cases: Vec::new(), history, unread })
    }
}

/// The cases that visits to call activities name.
fn cases_of(calls: &[HistoricActivity]) -> Vec<(CaseInstanceId, ActivityId)> {
    calls.iter().filter_map(|visit| Some((visit.called_case.clone()?, visit.activity.clone()))).collect()
}

fn calls_of(caller: &ProcessInstanceId, running: bool) -> HistoricActivityFilter {
    HistoricActivityFilter {
        process_instance: Some(caller.clone()),
        kind: Some("callActivity".into()),
        running,
        over: !running,
        ..HistoricActivityFilter::default()
    }
}

/// What was answered, or that the engine was too slow for it.
fn unless_slow<T>(result: Result<T, EngineError>) -> Result<(Option<T>, Option<Problem>), EngineError> {
    match result {
        Ok(answer) => Ok((Some(answer), None)),
        Err(error) if is_too_slow(&error) => Ok((None, Some(problem(&error)))),
        Err(error) => Err(error),
    }
}

fn parted<T>(result: Result<Vec<T>, Problem>) -> (Vec<T>, Option<Problem>) {
    match result {
        Ok(rows) => (rows, None),
        Err(problem) => (Vec::new(), Some(problem)),
    }
}

fn runs(past: Option<HistoricInstance>, called_at: Option<ActivityId>, row: ProcessInstance) -> Called {
    Called {
        id: row.id,
        process_key: past.as_ref().and_then(|past| past.process_key.clone()),
        definition: row.definition,
        business_key: row.business_key,
        tenant: row.tenant,
        standing: if row.suspended { Standing::Suspended } else { Standing::Running },
        started: past.map(|past| past.started),
        ended: None,
        called_at,
    }
}

fn runs_by_history(called_at: Option<ActivityId>, row: HistoricInstance) -> Called {
    let standing = if row.state == InstanceState::Suspended { Standing::Suspended } else { Standing::Running };
    Called { standing, ended: None, ..over(called_at, row) }
}

fn over(called_at: Option<ActivityId>, row: HistoricInstance) -> Called {
    Called {
        id: row.id,
        definition: row.definition,
        process_key: row.process_key,
        business_key: row.business_key,
        tenant: row.tenant,
        standing: Standing::Over(row.state),
        started: Some(row.started),
        ended: row.ended,
        called_at,
    }
}
