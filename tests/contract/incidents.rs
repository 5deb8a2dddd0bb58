//! Incidents: how they bubble, what a retry does to them, what their fields hold.

use anyhow::{Context as _, Result, ensure};
use bpmtop::engine::{HistoricIncidentFilter, HistoricIncidentQuery, IncidentFilter, IncidentQuery, IncidentSort, Order, Page};
use bpmtop::model::history::IncidentState;
use bpmtop::model::ids::ProcessKey;
use bpmtop::model::incident::Incident;
use serde_json::json;

use super::bench::{Bench, Deployed, SOON, until};
use super::diagrams::{call, work};

/// All open incidents of these processes, oldest first.
pub async fn incidents_of(bench: &Bench, processes: &[&Deployed]) -> Result<Vec<Incident>> {
    let process_keys = processes.iter().map(|process| ProcessKey::from(process.key.as_str())).collect();
    let filter = IncidentFilter { process_keys, ..IncidentFilter::default() };
    let query = IncidentQuery { filter, sort: Some((IncidentSort::Created, Order::Ascending)), page: Page::first(1_000) };
    Ok(bench.client().incidents(&query).await?.data)
}

/// A chain of calls whose last process fails: that process, its caller, the caller's caller.
async fn chain(bench: &Bench) -> Result<[Deployed; 3]> {
    let bottom = bench.deploy("bottom", [work()]).await?;
    let middle = bench.deploy("middle", [call(&bottom.key)]).await?;
    let top = bench.deploy("top", [call(&middle.key)]).await?;
    bench.start_failing(&top).await?;
    let keys = [&bottom, &middle, &top].map(|process| process.key.clone()).join(",");
    bench.driver().await_count(&format!("/incident/count?processDefinitionKeyIn={keys}"), SOON, |count| count == 3).await?;
    Ok([bottom, middle, top])
}

pub async fn bubbled_incidents_name_their_root_and_carry_nothing_else(bench: Bench) -> Result<()> {
    let [bottom, middle, top] = chain(&bench).await?;
    let rows = incidents_of(&bench, &[&bottom, &middle, &top]).await?;
    let on = |process: &Deployed| rows.iter().find(|row| row.process_definition.as_ref() == Some(&process.id)).context("no incident on the process");
    let (root, parent, grandparent) = (on(&bottom)?, on(&middle)?, on(&top)?);
    ensure!(root.is_root() && root.cause.as_ref() == Some(&root.id) && root.root_cause.as_ref() == Some(&root.id), "{root:?}");
    let job = bench.job_of(&bottom).await?;
    ensure!(root.configuration.as_ref() == Some(job.text()), "a root names its job: {root:?}");
    ensure!(root.message.is_some() && root.job_definition.is_some(), "{root:?}");
    for (row, cause) in [(parent, root), (grandparent, parent)] {
        ensure!(!row.is_root() && row.root_cause.as_ref() == Some(&root.id), "{row:?}");
        ensure!(row.cause.as_ref() == Some(&cause.id), "the cause is one level below: {row:?}");
        ensure!(row.configuration.is_none() && row.message.is_none() && row.job_definition.is_none(), "{row:?}");
        let call = Some("call");
        ensure!(row.activity.as_ref().map(|id| id.as_wire()) == call && row.failed_activity.as_ref().map(|id| id.as_wire()) == call, "{row:?}");
        ensure!(row.kind.as_wire() == "failedJob", "{row:?}");
    }
    Ok(())
}

pub async fn an_incident_leaves_with_its_blocked_parents(bench: Bench) -> Result<()> {
    let [bottom, middle, top] = chain(&bench).await?;
    let rows = incidents_of(&bench, &[&bottom, &middle, &top]).await?;
    for row in &rows {
        let read = bench.client().incident(&row.id).await?.context("an open incident is read by its id")?;
        ensure!(read.data == *row, "{:?} is not {row:?}", read.data);
    }
    ensure!(bench.driver().repair_job(bench.job_of(&bottom).await?.as_wire()).await?, "the job was there");
    until("all three incidents are gone", async || Ok(incidents_of(&bench, &[&bottom, &middle, &top]).await?.is_empty().then_some(()))).await?;
    for row in &rows {
        ensure!(bench.client().incident(&row.id).await?.is_none(), "a closed incident is none, not an error");
    }
    Ok(())
}

pub async fn a_retry_resolves_the_incident_and_a_new_failure_makes_a_new_one(bench: Bench) -> Result<()> {
    let process = bench.failed("again", 1).await?;
    let job = bench.job_of(&process).await?;
    let first = incidents_of(&bench, &[&process]).await?.remove(0);
    bench.driver().retry_job(job.as_wire()).await?;
    let second =
        until("another incident of the same job", async || Ok(incidents_of(&bench, &[&process]).await?.into_iter().find(|row| row.id != first.id))).await?;
    ensure!(second.configuration == first.configuration && second.created > first.created, "{first:?} {second:?}");
    let filter = HistoricIncidentFilter { configuration: Some(job.text().clone()), ..HistoricIncidentFilter::default() };
    let query = HistoricIncidentQuery { filter, by_creation: Some(Order::Ascending), page: Page::first(10) };
    let history = bench.client().historic_incidents(&query).await?.data;
    let states: Vec<_> = history.iter().map(|row| (row.incident.id.clone(), row.state)).collect();
    ensure!(states == [(first.id, IncidentState::Resolved), (second.id, IncidentState::Open)], "{states:?}");
    bench.driver().set_variable(second.process_instance.context("it has an instance")?.as_wire(), "ok", &json!(true)).await
}
