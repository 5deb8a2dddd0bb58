//! Answering searches: how each source becomes a few bounded requests. A search is sent once, when the operator asks for it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join;
use futures_util::stream::{StreamExt as _, iter};

use super::ask::problem;
use super::inquire::{AT_ONCE, Counter, alone, concerns_one};
use crate::engine::{
    Client, CountQuestion, EngineError, HistoricIncidentFilter, HistoricIncidentQuery, HistoricInstanceFilter, HistoricInstanceQuery, IncidentFilter,
    IncidentQuery, IncidentSort, InstanceFilter, InstanceOrder, InstanceQuery, Order, Page, RunningOrder, beginning_with, containing,
};
use crate::model::definition::ProcessInstance;
use crate::model::grouping::KnownIncident;
use crate::model::history::{HistoricInstance, IncidentState};
use crate::model::ids::{IncidentId, ProcessInstanceId};
use crate::model::inquiry::Standing;
use crate::model::search::{Among, FOUND_PAGE, Fit, Found, Hit, InstanceHit, Needle, Part, Search, Source};
use crate::model::section::Moment;

/// The most requests that one search for a text sends: four for business keys, two each for instances and incidents by id, one
/// each for jobs, external tasks and user tasks.
pub const MOST_REQUESTS: u32 = 11;

/// Time for what the engine may have to scan for. The operator sees how long it takes and can give it up.
const COSTLY_LIMIT: Duration = Duration::from_secs(60);

type Parted = Result<Part, EngineError>;

/// Where a search is answered, and what it costs is added up.
pub fn counter(client: &Client, search: &Search) -> Counter {
    let costly = search.sources.iter().any(Source::is_costly);
    Counter::new(if costly { client.with_timeout(COSTLY_LIMIT) } else { client.clone() })
}

/// Answers a search. What concerns one source alone is its problem; what concerns them all, such as no connection, ends the search.
pub async fn find(counter: &Counter, search: &Search) -> Found {
    // Boxed: the states of all sources side by side would not fit a stack.
    let answers = iter(search.sources.clone()).map(|source| async move { (part(counter, search, &source).await, source) }.boxed());
    let mut answers = answers.buffer_unordered(AT_ONCE);
    let mut parts: HashMap<Source, _> = HashMap::new();
    let mut fatal = None;
    while let Some((answer, source)) = answers.next().await {
        if let Err(error) = &answer
            && !concerns_one(error)
        {
            fatal = Some(problem(error));
        }
        parts.insert(source, answer.map_err(|error| problem(&error)));
        if fatal.is_some() {
            break;
        }
    }
    let parts = search.sources.iter().filter_map(|source| {
        let answer = parts.remove(source).or_else(|| fatal.clone().map(Err))?;
        Some((source.clone(), answer))
    });
    let parts = parts.collect();
    Found { search: search.clone(), parts, read: Moment::now() }
}

async fn part(counter: &Counter, search: &Search, source: &Source) -> Parted {
    let (needle, page) = (&search.needle, search.page);
    match source {
        Source::Running(fit) => running(counter, keyed(needle, *fit), *fit == Fit::Whole, page).boxed().await,
        Source::At(activity, process) => {
            let filter = InstanceFilter { activity: Some(activity.clone()), process_key: process.clone(), ..InstanceFilter::default() };
            running(counter, filter, false, page).boxed().await
        }
        Source::Of(place, among) => {
            let filter = InstanceFilter {
                process_definition: Some(place.definition.clone()),
                activity: place.activity.clone(),
                with_incident: *among == Among::WithIncident,
                ..InstanceFilter::default()
            };
            running(counter, filter, false, page).boxed().await
        }
        Source::Finished(fit) => finished(counter, needle, *fit, page).boxed().await,
        Source::Messages => messages(counter, needle, page).boxed().await,
        Source::Instance => instance(counter, needle).boxed().await,
        Source::Incident => incident(counter, needle).boxed().await,
        Source::Job => {
            let id = needle.text().clone().into();
            Ok(one(counter.maybe(counter.client().job(&id)).await?.map(|job| Hit::Job(Box::new(job)))))
        }
        Source::ExternalTask => {
            let id = needle.text().clone().into();
            Ok(one(counter.maybe(counter.client().external_task(&id)).await?.map(|task| Hit::ExternalTask(Box::new(task)))))
        }
        Source::UserTask => {
            let id = needle.text().clone().into();
            Ok(one(counter.maybe(counter.client().user_task(&id)).await?.map(|task| Hit::UserTask(Box::new(task)))))
        }
    }
}

fn one(hit: Option<Hit>) -> Part {
    Part { hits: hit.into_iter().collect(), total: None, more: false }
}

fn keyed(needle: &Needle, fit: Fit) -> InstanceFilter {
    let text = needle.text();
    match fit {
        Fit::Whole => InstanceFilter { business_key: Some(text.clone()), ..InstanceFilter::default() },
        Fit::Begins => InstanceFilter { business_key_like: Some(beginning_with(text.as_wire())), ..InstanceFilter::default() },
        Fit::Contains => InstanceFilter { business_key_like: Some(containing(text.as_wire())), ..InstanceFilter::default() },
    }
}

/// A page and one row more, which tells whether there is another page.
fn rows(page: u32) -> Page {
    Page { first: page.saturating_mul(FOUND_PAGE), max: FOUND_PAGE + 1 }
}

/// Cuts the row too many off; true if there was one.
fn cut<T>(rows: &mut Vec<T>) -> bool {
    let more = rows.len() > FOUND_PAGE as usize;
    rows.truncate(FOUND_PAGE as usize);
    more
}

/// Running instances, topmost ones first where they are asked for apart, with the times that only the history knows.
async fn running(counter: &Counter, filter: InstanceFilter, roots_first: bool, page: u32) -> Parted {
    let client = counter.client();
    let roots_first = roots_first && page == 0;
    let all = InstanceQuery { filter: filter.clone(), order: Some(RunningOrder::Id), page: rows(page) };
    let topmost = InstanceQuery { filter: InstanceFilter { only_roots: true, ..filter.clone() }, order: Some(RunningOrder::Id), page: Page::first(FOUND_PAGE) };
    let (found, roots) = if roots_first {
        let (found, roots) = counter.both(client.process_instances_where(&all), client.process_instances_where(&topmost)).await;
        (found?, Some(roots?))
    } else {
        (counter.one(client.process_instances_where(&all)).await?, None)
    };
    let mut found = found;
    let more = cut(&mut found);
    let root_ids: Option<HashSet<ProcessInstanceId>> = roots.as_ref().map(|roots| roots.iter().map(|row| row.id.clone()).collect());
    let mut instances = roots.unwrap_or_default();
    instances.extend(found.into_iter().filter(|row| root_ids.as_ref().is_none_or(|roots| !roots.contains(&row.id))));
    let ids: Vec<_> = instances.iter().map(|row| row.id.clone()).collect();
    let counting = CountQuestion::ProcessInstances(filter);
    let total = async { if more && page == 0 { counter.one(client.count(&counting)).await.map(Some) } else { Ok(None) } };
    let times = async { if ids.is_empty() { Ok(Vec::new()) } else { counter.one(client.historic_process_instances_by_ids(&ids)).await } };
    let (total, times) = join(total, times).await;
    // What the history hides or does not keep is left out; the instances are there all the same.
    let times = alone(times)?.unwrap_or_default();
    let mut past: HashMap<ProcessInstanceId, HistoricInstance> = times.into_iter().map(|row| (row.id.clone(), row)).collect();
    let hits = instances.into_iter().map(|row| {
        let root = root_ids.as_ref().map(|roots| roots.contains(&row.id));
        let past = past.remove(&row.id);
        Hit::Instance(Box::new(runs(row, past.as_ref(), root)))
    });
    Ok(Part { hits: hits.collect(), total: total?, more })
}

fn runs(row: ProcessInstance, past: Option<&HistoricInstance>, root: Option<bool>) -> InstanceHit {
    InstanceHit {
        // What a case called has no process above it and is not the topmost one all the same.
        root: root.or_else(|| past.map(|past| past.caller.is_none())).map(|root| root && past.is_none_or(|past| past.calling_case.is_none())),
        standing: if row.suspended { Standing::Suspended } else { Standing::Running },
        started: past.map(|past| past.started),
        ended: None,
        by_id: false,
        id: row.id,
        definition: row.definition,
        business_key: row.business_key,
        tenant: row.tenant,
    }
}

/// Finished instances, the latest first.
async fn finished(counter: &Counter, needle: &Needle, fit: Fit, page: u32) -> Parted {
    let running = keyed(needle, fit);
    let filter = HistoricInstanceFilter {
        business_key: running.business_key,
        business_key_like: running.business_key_like,
        over: true,
        ..HistoricInstanceFilter::default()
    };
    let query = HistoricInstanceQuery { filter: filter.clone(), order: Some(InstanceOrder::ByStart(Order::Descending)), page: rows(page) };
    let mut found = counter.one(counter.client().historic_process_instances(&query)).await?;
    let more = cut(&mut found);
    let total = if more && page == 0 { Some(counter.one(counter.client().count(&CountQuestion::HistoricProcessInstances(filter))).await?) } else { None };
    Ok(Part { hits: found.into_iter().map(|row| Hit::Instance(Box::new(InstanceHit::past(row, false)))).collect(), total, more })
}

/// Open incidents by their messages, the newest first.
async fn messages(counter: &Counter, needle: &Needle, page: u32) -> Parted {
    let filter = IncidentFilter { message_like: Some(containing(needle.text().as_wire())), ..IncidentFilter::default() };
    let query = IncidentQuery { filter: filter.clone(), sort: Some((IncidentSort::Created, Order::Descending)), page: rows(page) };
    let mut found = counter.one(counter.client().incidents(&query)).await?;
    let more = cut(&mut found);
    let total = if more && page == 0 { Some(counter.one(counter.client().count(&CountQuestion::Incidents(filter))).await?) } else { None };
    Ok(Part { hits: found.into_iter().map(|incident| Hit::Incident(KnownIncident::of(incident))).collect(), total, more })
}

/// An instance by its id: as it runs, and what the history knows of it.
async fn instance(counter: &Counter, needle: &Needle) -> Parted {
    let id = ProcessInstanceId::from(needle.text().clone());
    let (running, past) = join(counter.maybe(counter.client().process_instance(&id)), counter.maybe(counter.client().historic_process_instance(&id))).await;
    let running = running?;
    let past = match past {
        Ok(past) => past,
        Err(error) if running.is_some() && concerns_one(&error) => None,
        // Not running, and the history does not tell: that is no proof that there never was one.
        Err(error) => return Err(error),
    };
    let hit = match (running, past) {
        (Some(row), past) => Some(InstanceHit { by_id: true, ..runs(row, past.as_ref(), None) }),
        (None, Some(past)) => Some(InstanceHit::past(past, true)),
        (None, None) => None,
    };
    Ok(one(hit.map(|hit| Hit::Instance(Box::new(hit)))))
}

/// An incident by its id, open or ended.
async fn incident(counter: &Counter, needle: &Needle) -> Parted {
    let id = IncidentId::from(needle.text().clone());
    let filter = HistoricIncidentFilter { id: Some(id.clone()), ..HistoricIncidentFilter::default() };
    let query = HistoricIncidentQuery { filter, by_creation: None, page: Page::first(1) };
    let (open, past) = join(counter.maybe(counter.client().incident(&id)), counter.one(counter.client().historic_incidents(&query))).await;
    if let Some(open) = open? {
        return Ok(one(Some(Hit::Incident(KnownIncident::of(open)))));
    }
    let past = past?.into_iter().find(|past| past.incident.id == id && past.state != IncidentState::Open);
    Ok(one(past.map(|past| Hit::EndedIncident(Box::new(past)))))
}
