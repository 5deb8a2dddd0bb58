//! Cases (CMMN) between process instances: what called an instance that no process called, and what a case called in turn. Nothing is asked
//! unless the instance or the history names a case: most engines have none, and some have no CMMN at all.

use std::collections::HashSet;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{Counter, alone};
use crate::engine::{CaseFilter, EngineError, InstanceFilter, InstanceQuery, Page};
use crate::model::case::{CalledCase, CaseActivity, CaseNode, CaseTask, CasesAbove, DEEPEST_CASES, HistoricCase, RunningCase};
use crate::model::definition::ProcessInstance;
use crate::model::history::HistoricInstance;
use crate::model::ids::{ActivityId, CaseInstanceId, ProcessInstanceId};
use crate::model::inquiry::{Called, Standing};
use crate::model::section::Problem;

/// Tasks of one case among which the one that called something is looked for.
const TASKS: u32 = 200;

/// Process instances, and cases, that one case called and that are read.
const CALLED: u32 = 50;

/// Cases of one instance that are followed downwards, through each other.
const FOLLOWED: usize = 20;

/// What a case called: a process instance, or another case.
enum Below<'a> {
    Process(&'a ProcessInstanceId),
    Case(&'a CaseInstanceId),
}

impl Counter {
    /// The cases above a process instance that no process called; none where no case did.
    ///
    /// # Errors
    ///
    /// What concerns every request. What concerns these alone is the problem of the answer.
    pub async fn cases_above(
        &self,
        id: &ProcessInstanceId,
        running: Option<&ProcessInstance>,
        past: Option<&HistoricInstance>,
    ) -> Result<Option<CasesAbove>, EngineError> {
        let named = running.and_then(|running| running.case.clone());
        let mut above = CasesAbove { cases: Vec::new(), caller: None, problem: None };
        let first = match past {
            Some(past) => past.calling_case.clone(),
            // Without a history only the case itself tells whether it called the instance, or was given to it at its start.
            None if named.is_some() => match self.case_where(CaseFilter { calls: Some(id.clone()), ..CaseFilter::default() }).await? {
                Ok(found) => found.map(|found| found.id),
                Err(problem) => {
                    above.cases.extend(named.map(CaseNode::unread));
                    above.problem = Some(problem);
                    return Ok(Some(above));
                }
            },
            None => None,
        };
        let Some(mut next) = first else { return Ok(None) };
        let mut below = None;
        let mut seen = HashSet::new();
        while above.cases.len() < DEEPEST_CASES && seen.insert(next.clone()) {
            let (mut case, past) = self.case(&next, &mut above.problem).await?;
            let task = match &below {
                None => self.task_of(&next, Below::Process(id)).await?,
                Some(below) => self.task_of(&next, Below::Case(below)).await?,
            };
            case.task = task;
            above.cases.push(case);
            if let Some(caller) = past.as_ref().and_then(|past| past.caller.clone()) {
                above.caller = Some(caller);
                break;
            }
            let calling = match past {
                Some(past) => past.calling_case,
                None => self.above_in_runtime(&next, &mut above).await?,
            };
            let Some(calling) = calling else { break };
            below = Some(std::mem::replace(&mut next, calling));
        }
        Ok(Some(above))
    }

    /// The case that called this case, by the runtime tables; what process called it is noted.
    async fn above_in_runtime(&self, case: &CaseInstanceId, above: &mut CasesAbove) -> Result<Option<CaseInstanceId>, EngineError> {
        let filter = InstanceFilter { calls_case: Some(case.clone()), ..InstanceFilter::default() };
        let query = InstanceQuery { filter, order: None, page: Page::first(1) };
        match alone(self.one(self.client.process_instances_where(&query)).await)? {
            Ok(found) => above.caller = found.into_iter().next().map(|found| found.id),
            Err(problem) => above.problem = Some(problem),
        }
        if above.caller.is_some() {
            return Ok(None);
        }
        match self.case_where(CaseFilter { calls_case: Some(case.clone()), ..CaseFilter::default() }).await? {
            Ok(found) => Ok(found.map(|found| found.id)),
            Err(problem) => {
                above.problem = Some(problem);
                Ok(None)
            }
        }
    }

    async fn case_where(&self, filter: CaseFilter) -> Result<Result<Option<RunningCase>, Problem>, EngineError> {
        let rows = alone(self.one(self.client.case_instances(&filter, Page::first(1))).await)?;
        Ok(rows.map(|rows| rows.into_iter().next()))
    }

    /// One case, by the history where it is kept, else by the runtime tables.
    async fn case(&self, id: &CaseInstanceId, problem: &mut Option<Problem>) -> Result<(CaseNode, Option<HistoricCase>), EngineError> {
        let past = match alone(self.maybe(self.client.historic_case_instance(id)).await)? {
            Ok(past) => past,
            Err(why) => {
                *problem = Some(why);
                None
            }
        };
        if let Some(past) = past {
            return Ok((of_history(&past), Some(past)));
        }
        let running = match self.case_where(CaseFilter { id: Some(id.clone()), ..CaseFilter::default() }).await? {
            Ok(running) => running,
            Err(why) => {
                *problem = Some(why);
                None
            }
        };
        Ok((self.of_runtime(id, running).await?, None))
    }

    async fn of_runtime(&self, id: &CaseInstanceId, running: Option<RunningCase>) -> Result<CaseNode, EngineError> {
        let mut case = CaseNode::unread(id.clone());
        let Some(running) = running else { return Ok(case) };
        (case.business_key, case.tenant, case.standing) = (running.business_key, running.tenant, running.standing);
        if let Ok(Some(definition)) = alone(self.maybe(self.client.case_definition(&running.definition)).await)? {
            (case.key, case.name) = (Some(definition.key), definition.name);
        }
        Ok(case)
    }

    /// The task of a case that called something, where the history tells.
    async fn task_of(&self, case: &CaseInstanceId, below: Below<'_>) -> Result<Option<CaseTask>, EngineError> {
        let Ok(tasks) = alone(self.one(self.client.historic_case_activities(case, Page::first(TASKS))).await)? else { return Ok(None) };
        let called = tasks.into_iter().find(|task| match below {
            Below::Process(id) => task.called.as_ref() == Some(id),
            Below::Case(id) => task.called_case.as_ref() == Some(id),
        });
        Ok(called.map(|task| CaseTask { activity: task.activity, name: task.name }))
    }

    /// The cases that a process instance called, with what runs below each: those that these visits to its call activities name.
    ///
    /// # Errors
    ///
    /// What concerns every request.
    pub async fn cases_below(&self, calls: &[(CaseInstanceId, ActivityId)]) -> Result<Vec<CalledCase>, EngineError> {
        let mut left = FOLLOWED;
        let mut cases = Vec::new();
        for (id, at) in calls {
            if left == 0 {
                break;
            }
            cases.push(self.case_below(id, Some(at.clone()), &mut left, DEEPEST_CASES).await?);
        }
        Ok(cases)
    }

    /// The task at which a case waits for all that it called and that runs, where it is one and the history tells.
    async fn only_task(&self, id: &CaseInstanceId, processes: &[ProcessInstance], cases: &[CalledCase]) -> Result<Option<CaseTask>, EngineError> {
        if processes.is_empty() && cases.is_empty() {
            return Ok(None);
        }
        let Ok(tasks) = alone(self.one(self.client.historic_case_activities(id, Page::first(TASKS))).await)? else { return Ok(None) };
        let waits = |task: &&CaseActivity| {
            processes.iter().any(|row| task.called.as_ref() == Some(&row.id)) || cases.iter().any(|below| task.called_case.as_ref() == Some(&below.case.id))
        };
        let waiting: Vec<&CaseActivity> = tasks.iter().filter(waits).collect();
        let first = waiting.first().filter(|first| waiting.iter().all(|task| task.activity == first.activity));
        Ok(first.map(|task| CaseTask { activity: task.activity.clone(), name: task.name.clone() }))
    }

    fn case_below<'a>(
        &'a self,
        id: &'a CaseInstanceId,
        called_at: Option<ActivityId>,
        left: &'a mut usize,
        deeper: usize,
    ) -> BoxFuture<'a, Result<CalledCase, EngineError>> {
        // Boxed: a case may call a case.
        async move {
            *left = left.saturating_sub(1);
            let mut problem = None;
            let (mut case, _) = self.case(id, &mut problem).await?;
            let running = |with_incident| InstanceQuery {
                filter: InstanceFilter { called_by_case: Some(id.clone()), with_incident, ..InstanceFilter::default() },
                order: None,
                page: Page::first(CALLED),
            };
            let (all, failing) = (running(false), running(true));
            let (listed, failing) = self.both(self.client.process_instances_where(&all), self.client.process_instances_where(&failing)).await;
            let listed = alone(listed)?.unwrap_or_default();
            let failing: HashSet<ProcessInstanceId> = alone(failing)?.unwrap_or_default().into_iter().map(|row| row.id).collect();
            let mut more = listed.len() >= CALLED as usize;
            let mut cases = Vec::new();
            let filter = CaseFilter { called_by_case: Some(id.clone()), ..CaseFilter::default() };
            let below = alone(self.one(self.client.case_instances(&filter, Page::first(CALLED))).await)?.unwrap_or_default();
            for row in below {
                if *left == 0 || deeper == 0 {
                    more = true;
                    break;
                }
                cases.push(self.case_below(&row.id, None, left, deeper - 1).await?);
            }
            case.task = self.only_task(id, &listed, &cases).await?;
            let processes = listed.into_iter().map(|row| {
                let fails = failing.contains(&row.id);
                (called(row), fails)
            });
            Ok(CalledCase { case, called_at, processes: processes.collect(), cases, more })
        }
        .boxed()
    }
}

fn of_history(past: &HistoricCase) -> CaseNode {
    CaseNode {
        id: past.id.clone(),
        key: past.key.clone(),
        name: past.name.clone(),
        business_key: past.business_key.clone(),
        tenant: past.tenant.clone(),
        standing: past.standing,
        started: past.started,
        task: None,
    }
}

fn called(row: ProcessInstance) -> Called {
    Called {
        id: row.id,
        process_key: None,
        definition: row.definition,
        business_key: row.business_key,
        tenant: row.tenant,
        standing: if row.suspended { Standing::Suspended } else { Standing::Running },
        started: None,
        ended: None,
        called_at: None,
    }
}
