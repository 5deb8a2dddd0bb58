//! History: windows of time, and what became of an incident.

use anyhow::{Context as _, Result, ensure};
use bpmtop::engine::{CountQuestion, HistoricIncidentFilter, HistoricIncidentQuery, Order, Page};
use bpmtop::model::history::{HistoricIncident, IncidentState};
use bpmtop::model::ids::IncidentId;
use jiff::SignedDuration;

use super::bench::{Bench, Deployed, until};

async fn history_of(bench: &Bench, process: &Deployed) -> Result<Vec<HistoricIncident>> {
    let filter = HistoricIncidentFilter { process_definition: Some(process.id.clone()), ..HistoricIncidentFilter::default() };
    let query = HistoricIncidentQuery { filter, by_creation: Some(Order::Ascending), page: Page::first(100) };
    Ok(bench.client().historic_incidents(&query).await?.data)
}

pub async fn an_open_incident_stands_in_the_history_with_its_key_and_root_instance(bench: Bench) -> Result<()> {
    let process = bench.failed("open", 1).await?;
    let row = history_of(&bench, &process).await?.pop().context("history level is full")?;
    ensure!(row.state == IncidentState::Open && row.ended.is_none(), "{row:?}");
    ensure!(row.process_key.as_ref().map(|key| key.as_wire()) == Some(process.key.as_str()), "{row:?}");
    ensure!(row.root_process_instance == row.incident.process_instance, "{row:?}");
    Ok(())
}

pub async fn a_repaired_incident_is_resolved_and_a_cancelled_one_deleted(bench: Bench) -> Result<()> {
    let process = bench.failed("ended", 2).await?;
    let rows = history_of(&bench, &process).await?;
    let (repaired, cancelled) = (&rows[0].incident, &rows[1].incident);
    bench.driver().repair_job(repaired.configuration.as_ref().context("it names its job")?.as_wire()).await?;
    bench.driver().cancel_instance(cancelled.process_instance.as_ref().context("it has an instance")?.as_wire()).await?;
    let ended =
        until("both are ended", async || Ok(Some(history_of(&bench, &process).await?).filter(|rows| rows.iter().all(|row| row.ended.is_some())))).await?;
    let state = |id: &IncidentId| ended.iter().find(|row| row.incident.id == *id).map(|row| row.state);
    ensure!(state(&repaired.id) == Some(IncidentState::Resolved), "{ended:?}");
    ensure!(state(&cancelled.id) == Some(IncidentState::Deleted), "{ended:?}");
    Ok(())
}

pub async fn windows_of_creation_and_end_are_exact(bench: Bench) -> Result<()> {
    let process = bench.failed("window", 1).await?;
    bench.driver().repair_jobs(&format!("processDefinitionId={}", process.id.as_wire())).await?;
    let row = until("it is ended", async || Ok(history_of(&bench, &process).await?.into_iter().find(|row| row.ended.is_some()))).await?;
    let (created, ended) = (row.incident.created, row.ended.context("it is ended")?);
    let within = SignedDuration::from_secs(1);
    let base = HistoricIncidentFilter { process_definition: Some(process.id.clone()), ..HistoricIncidentFilter::default() };
    for (filter, count) in [
        (HistoricIncidentFilter { created_after: Some(created - within), ..base.clone() }, 1),
        (HistoricIncidentFilter { created_after: Some(created + within), ..base.clone() }, 0),
        (HistoricIncidentFilter { created_before: Some(created + within), ..base.clone() }, 1),
        (HistoricIncidentFilter { created_before: Some(created - within), ..base.clone() }, 0),
        (HistoricIncidentFilter { ended_after: Some(ended - within), ..base.clone() }, 1),
        (HistoricIncidentFilter { ended_after: Some(ended + within), ..base.clone() }, 0),
        (HistoricIncidentFilter { ended_before: Some(ended + within), ..base.clone() }, 1),
        (HistoricIncidentFilter { ended_before: Some(ended - within), ..base.clone() }, 0),
        (HistoricIncidentFilter { only_open: true, ..base.clone() }, 0),
    ] {
        let counted = bench.client().count(&CountQuestion::HistoricIncidents(filter.clone())).await?.data;
        ensure!(counted == count, "{counted} for {filter:?}");
    }
    Ok(())
}
