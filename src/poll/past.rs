//! Requests about the past: the history level, the steps of the back-fill, first sightings, and what happened to one incident's work.

use std::time::Duration;

use jiff::SignedDuration;

use super::ask::{Answered, Reply, problem};
use super::backfill::{BackfillStep, Change, MOST_INCIDENTS};
use crate::engine::{
    Answer, Client, CountQuestion, EngineError, HistoricIncidentFilter, HistoricIncidentQuery, HistoricInstanceFilter, JobLogFilter, JobLogQuery, Order, Page,
    UserOperationFilter, UserOperationQuery,
};
use crate::model::earlier::Past;
use crate::model::grouping::GroupKey;
use crate::model::history::UserOperation;
use crate::model::ids::{DeploymentId, JobId};
use crate::model::incident::Incident;
use crate::model::since::FirstSeen;

/// Earliest incidents of a group that are read: among them is the first of each of its signatures, or it came later than most.
const EARLIEST: u32 = 50;

/// Rows of each part of an incident's past that are read.
const PAST: u32 = 20;

/// How long before an incident somebody may have taken the attempts away by a batch, whose jobs wait for their turn.
const BEFORE_IT: SignedDuration = SignedDuration::from_mins(10);

/// Counts what the history knows.
pub async fn history(client: &Client, filter: &HistoricIncidentFilter) -> Result<Answered, EngineError> {
    Ok(Answered::from(client.count(&CountQuestion::HistoricIncidents(filter.clone())).await?, Reply::Count))
}

/// Sends one step of the back-fill.
pub async fn backfill(client: &Client, step: &BackfillStep) -> Result<Answered, EngineError> {
    let (after, before) = (Some(step.after), Some(step.before));
    let incidents = |created: bool| match created {
        true => HistoricIncidentFilter { created_after: after, created_before: before, ..HistoricIncidentFilter::default() },
        false => HistoricIncidentFilter { ended_after: after, ended_before: before, ..HistoricIncidentFilter::default() },
    };
    let question = match step.change {
        Change::Started => {
            CountQuestion::HistoricProcessInstances(HistoricInstanceFilter { started_after: after, started_before: before, ..Default::default() })
        }
        Change::Finished => {
            CountQuestion::HistoricProcessInstances(HistoricInstanceFilter { finished_after: after, finished_before: before, ..Default::default() })
        }
        Change::Created | Change::Ended if step.rows => {
            let page = Page::first(u32::try_from(MOST_INCIDENTS).unwrap_or(Page::MOST));
            let query = HistoricIncidentQuery { filter: incidents(step.change == Change::Created), by_creation: None, page };
            return Ok(Answered::from(client.historic_incidents(&query).await?, Reply::HistoricIncidents));
        }
        Change::Created | Change::Ended => CountQuestion::HistoricIncidents(incidents(step.change == Change::Created)),
    };
    Ok(Answered::from(client.count(&question).await?, Reply::Count))
}

/// Reads the earliest incidents of a group.
pub async fn first_seen(client: &Client, group: &GroupKey) -> Result<Answered, EngineError> {
    let filter = HistoricIncidentFilter {
        kind: Some(group.kind.clone()),
        process_keys: group.process.clone().into_iter().collect(),
        activity: group.activity.clone(),
        tenant: group.tenant.clone(),
        ..HistoricIncidentFilter::default()
    };
    let query = HistoricIncidentQuery { filter, by_creation: Some(Order::Ascending), page: Page::first(EARLIEST) };
    Ok(Answered::from(client.historic_incidents(&query).await?, |rows| Reply::FirstSeen(FirstSeen::from_oldest(&rows))))
}

/// Reads one deployment.
pub async fn deployment(client: &Client, id: &DeploymentId) -> Result<Answered, EngineError> {
    match client.deployment(id).await? {
        Some(answer) => Ok(Answered::from(answer, |deployed| Reply::Deployment(Some(deployed)))),
        None => Ok(Answered { reply: Reply::Deployment(None), elapsed: Duration::ZERO, requests: 1, engine_time: None }),
    }
}

/// Reads what happened to an incident's work before, its parts at the same time; none if it names no work. With the number of requests.
pub async fn of_incident(client: &Client, incident: &Incident) -> (Option<Past>, u32) {
    let Some(configuration) = incident.configuration.clone() else { return (None, 0) };
    // The instance goes with every question: the history has an index on it, and none on the job.
    let instance = incident.process_instance.as_ref();
    let incidents = async {
        let filter =
            HistoricIncidentFilter { process_instance: instance.cloned(), configuration: Some(configuration.clone()), ..HistoricIncidentFilter::default() };
        let query = HistoricIncidentQuery { filter, by_creation: Some(Order::Descending), page: Page::first(PAST) };
        data(client.historic_incidents(&query).await)
    };
    let is_job = incident.kind.as_wire() == "failedJob";
    let log = async {
        if !is_job {
            return Ok(Vec::new());
        }
        let filter = JobLogFilter { job: Some(JobId::from(configuration.clone())), process_instance: instance.cloned(), ..JobLogFilter::default() };
        data(client.job_log(&JobLogQuery { filter, by_time: Some(Order::Descending), page: Page::first(PAST) }).await)
    };
    let operations = async {
        match instance {
            Some(instance) => data(client.user_operations(instance, Page::first(PAST)).await),
            None => Ok(Vec::new()),
        }
    };
    let wide = async {
        // What gives retries to a whole job definition, or by a batch, names no instance.
        let kind = if is_job { "SetJobRetries" } else { "SetExternalTaskRetries" };
        let after = incident.created.saturating_sub(BEFORE_IT).unwrap_or(incident.created);
        let filter = UserOperationFilter { kind: Some(kind.into()), after: Some(after), ..UserOperationFilter::default() };
        let rows = data(client.user_operations_where(&UserOperationQuery { filter, page: Page::first(PAST) }).await).unwrap_or_default();
        let ours = |row: &UserOperation| row.job_definition.is_none() || row.job_definition == incident.job_definition;
        rows.into_iter().filter(|row| row.instance.is_none() && row.job.is_none() && row.external_task.is_none() && ours(row)).collect::<Vec<_>>()
    };
    let (incidents, log, operations, wide) = futures_util::future::join4(incidents, log, operations, wide).await;
    let operations = operations.map(|own| own.into_iter().chain(wide).collect());
    (Some(Past { incidents, log, operations }), 2 + u32::from(is_job) + u32::from(instance.is_some()))
}

fn data<T>(call: Result<Answer<T>, EngineError>) -> Result<T, crate::model::section::Problem> {
    call.map(|answer| answer.data).map_err(|error| problem(&error))
}
