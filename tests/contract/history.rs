//! History: windows of time, and what became of an incident.

use anyhow::{Context as _, Result, ensure};
use bpmtop::engine::{CountQuestion, HistoricIncidentFilter, HistoricIncidentQuery, HistoricInstanceFilter, Order, Page};
use bpmtop::model::history::{HistoricIncident, IncidentState};
use bpmtop::model::ids::IncidentId;
use bpmtop::model::since::FirstSeen;
use jiff::SignedDuration;
use serde_json::json;

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

pub async fn the_bounds_of_creation_and_end_exclude_the_moment_itself(bench: Bench) -> Result<()> {
    let process = bench.failed("bound", 1).await?;
    bench.driver().repair_jobs(&format!("processDefinitionId={}", process.id.as_wire())).await?;
    let row = until("it is ended", async || Ok(history_of(&bench, &process).await?.into_iter().find(|row| row.ended.is_some()))).await?;
    let (created, ended) = (row.incident.created, row.ended.context("it is ended")?);
    let millisecond = SignedDuration::from_millis(1);
    let base = HistoricIncidentFilter { process_definition: Some(process.id.clone()), ..HistoricIncidentFilter::default() };
    for (filter, count) in [
        (HistoricIncidentFilter { created_after: Some(created), ..base.clone() }, 0),
        (HistoricIncidentFilter { created_after: Some(created - millisecond), ..base.clone() }, 1),
        (HistoricIncidentFilter { created_before: Some(created), ..base.clone() }, 0),
        (HistoricIncidentFilter { created_before: Some(created + millisecond), ..base.clone() }, 1),
        (HistoricIncidentFilter { ended_after: Some(ended), ..base.clone() }, 0),
        (HistoricIncidentFilter { ended_after: Some(ended - millisecond), ..base.clone() }, 1),
        (HistoricIncidentFilter { ended_before: Some(ended), ..base.clone() }, 0),
        (HistoricIncidentFilter { ended_before: Some(ended + millisecond), ..base.clone() }, 1),
    ] {
        let counted = bench.client().count(&CountQuestion::HistoricIncidents(filter.clone())).await?.data;
        ensure!(counted == count, "{counted} for {filter:?}");
    }
    // Nobody can start an instance after this test has ended.
    let ahead = HistoricInstanceFilter { started_after: Some(created + SignedDuration::from_hours(24)), ..HistoricInstanceFilter::default() };
    ensure!(bench.client().count(&CountQuestion::HistoricProcessInstances(ahead)).await?.data == 0);
    Ok(())
}

pub async fn who_retried_a_job_is_told_with_the_reason(bench: Bench) -> Result<()> {
    let process = bench.failed("operator", 1).await?;
    let job = bench.job_of(&process).await?;
    let instance = history_of(&bench, &process).await?.remove(0).incident.process_instance.context("it has an instance")?;
    bench.driver().put(&format!("/job/{}/retries", job.as_wire()), &json!({"retries": 1})).await?;
    let retries = async || -> Result<_> {
        let rows = bench.client().user_operations(&instance, Page::first(20)).await?.data;
        Ok(rows.into_iter().filter(|row| row.kind.as_wire() == "SetJobRetries").collect::<Vec<_>>())
    };
    let row = retries().await?.into_iter().next().context("the retry is written down")?;
    ensure!(row.user.is_some() && row.job.as_ref() == Some(&job) && row.annotation.is_none(), "{row:?}");
    ensure!(row.entity.as_ref().is_some_and(|entity| entity.as_wire() == "Job"), "{row:?}");
    ensure!(row.property.as_ref().is_some_and(|property| property.as_wire() == "retries"), "{row:?}");
    ensure!(row.original == Some("0".into()) && row.new == Some("1".into()), "{row:?}");
    let operation = row.operation.context("rows of one operation share its id")?;
    let path = format!("/history/user-operation/{}/set-annotation", operation.as_wire());
    bench.driver().put(&path, &json!({"annotation": "the gateway is back"})).await?;
    let noted = retries().await?;
    ensure!(noted.iter().all(|row| row.annotation.as_ref().is_some_and(|text| text.as_wire() == "the gateway is back")), "{noted:?}");
    Ok(())
}

pub async fn a_deployment_says_when_it_was_made_and_an_unknown_one_is_none(bench: Bench) -> Result<()> {
    let process = bench.deploy("deployed", [super::diagrams::work()]).await?;
    let row = bench.driver().get(&format!("/process-definition/{}", process.id.as_wire())).await?;
    let id = row["deploymentId"].as_str().context("a definition names its deployment")?;
    let answer = bench.client().deployment(&id.into()).await?.context("the deployment is there")?;
    let age = answer.engine_time.context("the Date header is read")?.duration_since(answer.data.at).as_secs();
    ensure!((-2..120).contains(&age), "deployed {age} s ago");
    ensure!(bench.client().deployment(&"nothing".into()).await?.is_none());
    Ok(())
}

pub async fn the_first_sighting_of_a_group_outlives_a_retry(bench: Bench) -> Result<()> {
    let process = bench.failed("sighting", 1).await?;
    let job = bench.job_of(&process).await?;
    let first = history_of(&bench, &process).await?.remove(0).incident;
    bench.driver().retry_job(job.as_wire()).await?;
    until("it failed again", async || Ok(Some(history_of(&bench, &process).await?).filter(|rows| rows.len() == 2))).await?;
    let filter = HistoricIncidentFilter {
        kind: Some(first.kind.clone()),
        process_keys: vec![process.key.as_str().into()],
        activity: first.activity.clone(),
        ..HistoricIncidentFilter::default()
    };
    let query = HistoricIncidentQuery { filter, by_creation: Some(Order::Ascending), page: Page::first(50) };
    let seen = FirstSeen::from_oldest(&bench.client().historic_incidents(&query).await?.data);
    ensure!(seen.group.as_ref().is_some_and(|sighting| sighting.at == first.created), "{seen:?}");
    Ok(())
}
