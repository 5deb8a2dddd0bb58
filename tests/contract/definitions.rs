//! Definitions, instances, diagrams and statistics.

use anyhow::{Context as _, Result, ensure};
use bpmtop::bpmn;
use bpmtop::engine::{CountQuestion, IncidentFilter, InstanceFilter, Page};
use bpmtop::model::ids::{ActivityId, ProcessInstanceId};
use jiff::SignedDuration;
use serde_json::json;

use super::bench::{Bench, SOON};
use super::diagrams::{self, call, job, person, work};

pub async fn statistics_count_roots_alone(bench: Bench) -> Result<()> {
    let bottom = bench.deploy("bottom", [work()]).await?;
    let top = bench.deploy("top", [call(&bottom.key)]).await?;
    bench.start_failing(&top).await?;
    let keys = format!("{},{}", bottom.key, top.key);
    bench.driver().await_count(&format!("/incident/count?processDefinitionKeyIn={keys}"), SOON, |count| count == 2).await?;
    let statistics = bench.client().process_statistics().await?.data;
    let of = |process: &super::bench::Deployed| statistics.iter().find(|row| row.definition.id == process.id).context("every definition has a row");
    let (cause, blocked) = (of(&bottom)?, of(&top)?);
    ensure!(cause.failed_jobs == 1 && cause.root_incidents.iter().map(|tally| tally.count).sum::<u64>() == 1, "{cause:?}");
    ensure!(cause.root_incidents[0].kind.as_wire() == "failedJob", "{cause:?}");
    ensure!(blocked.instances == 1 && blocked.failed_jobs == 0 && blocked.root_incidents.is_empty(), "{blocked:?}");
    let filter = IncidentFilter { process_definition: Some(top.id.clone()), ..IncidentFilter::default() };
    ensure!(bench.client().count(&CountQuestion::Incidents(filter)).await?.data == 1, "the plain count sees the blocked parent");
    Ok(())
}

pub async fn a_diagram_comes_as_deployed_and_gives_its_names(bench: Bench) -> Result<()> {
    let key = bench.name("names");
    let xml = diagrams::process(&key, [job("charge", "${ok}", "R1/PT0S"), person()]).replace("Name of charge", "Betrag &#34;buchen&#34; — 对账");
    let process = bench.deploy_xml(&key, &xml, None).await?;
    let read = bench.client().process_definition_xml(&process.id).await?.data;
    ensure!(read == xml, "{read}");
    let names = bpmn::read(&read)?;
    let name = |id: &str| names.name(&ActivityId::from(id)).map(|name| name.as_wire().to_owned());
    ensure!(name("charge").as_deref() == Some("Betrag \"buchen\" — 对账") && name("decide").as_deref() == Some("Decide"), "{names:?}");
    Ok(())
}

pub async fn every_version_is_listed_with_its_name_and_number(bench: Bench) -> Result<()> {
    let key = bench.name("versions");
    let first = bench.deploy_xml(&key, &diagrams::process(&key, [work()]), None).await?;
    let second = bench.deploy_xml(&key, &diagrams::process(&key, [work(), person()]), None).await?;
    let mut found = Vec::new();
    for page in 0.. {
        let rows = bench.client().process_definitions(Page { first: page * 20, max: 20 }).await?.data;
        let last = rows.len() < 20;
        found.extend(rows.into_iter().filter(|row| row.key.as_wire() == key));
        if last {
            break;
        }
    }
    found.sort_by_key(|row| row.version);
    let ids: Vec<_> = found.iter().map(|row| (row.version, &row.id)).collect();
    ensure!(ids == [(1, &first.id), (2, &second.id)], "{ids:?}");
    ensure!(found[1].name.as_ref().is_some_and(|name| name.as_wire() == format!("Name of {key}")), "{:?}", found[1]);
    ensure!(bench.client().count(&CountQuestion::ProcessDefinitions).await?.data >= 2);
    Ok(())
}

pub async fn a_definition_came_with_a_deployment_that_tells_when(bench: Bench) -> Result<()> {
    let key = bench.name("deployed");
    let before = bench.client().version().await?.engine_time.context("the engine's clock")?;
    let process = bench.deploy_xml(&key, &diagrams::process(&key, [work()]), None).await?;
    let row = bench.driver().get(&format!("/process-definition/{}", process.id.as_wire())).await?;
    let id = row["deploymentId"].as_str().context("a deployment")?;
    let mut found = None;
    for page in 0.. {
        let rows = bench.client().deployments(Page { first: page * 100, max: 100 }).await?.data;
        let last = rows.len() < 100;
        found = found.or_else(|| rows.into_iter().find(|(known, _)| known.as_wire() == id));
        if last {
            break;
        }
    }
    let time = found.context("the deployment is listed")?.1.time.context("it has a time")?;
    // The header tells whole seconds.
    ensure!(time >= before - SignedDuration::from_secs(1) && time <= before + SignedDuration::from_secs(60), "{time} is not soon after {before}");
    let namespace = row["category"].as_str().context("a category")?;
    let listed = bench.client().process_statistics().await?.data.into_iter().find(|row| row.definition.id == process.id).context("it has statistics")?;
    ensure!(listed.definition.category.is_some_and(|category| category.as_wire() == namespace), "the statistics tell the category too");
    Ok(())
}

pub async fn a_suspended_job_definition_says_so(bench: Bench) -> Result<()> {
    let process = bench.deploy("paused", [work()]).await?;
    let row = async || -> Result<_> {
        for page in 0.. {
            let rows = bench.client().job_definitions(Page { first: page * 200, max: 200 }).await?.data;
            let last = rows.len() < 200;
            if let Some(row) = rows.into_iter().find(|row| row.process_definition.as_ref() == Some(&process.id)) {
                return Ok(row);
            }
            ensure!(!last, "the job definition is listed");
        }
        unreachable!("pages end")
    };
    let before = row().await?;
    ensure!(!before.suspended && before.activity.as_ref().map(|id| id.as_wire()) == Some("work"), "{before:?}");
    ensure!(before.job_type.as_wire() == "async-continuation" && before.configuration.as_ref().is_some_and(|text| text.as_wire() == "async-before"));
    bench.driver().suspend_job_definitions(&process.key, true, false).await?;
    ensure!(row().await?.suspended);
    ensure!(bench.client().count(&CountQuestion::JobDefinitions).await?.data >= 1);
    Ok(())
}

pub async fn instances_are_read_by_their_ids_and_ended_ones_are_left_out(bench: Bench) -> Result<()> {
    let process = bench.deploy("instances", [person()]).await?;
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(ProcessInstanceId::from(bench.driver().start(&process.key, &format!("{}-{number}", process.key), &json!({})).await?.as_str()));
    }
    bench.driver().cancel_instance(ids[1].as_wire()).await?;
    bench.driver().suspend_instance(ids[2].as_wire(), true).await?;
    let mut read = bench.client().process_instances(&ids).await?.data;
    read.sort_by_key(|row| row.suspended);
    ensure!(read.len() == 2 && read[0].id == ids[0] && read[1].id == ids[2] && read[1].suspended, "{read:?}");
    ensure!(read[0].business_key.as_ref().is_some_and(|key| key.as_wire() == format!("{}-0", process.key)), "{read:?}");
    let one = bench.client().process_instance(&ids[0]).await?.context("it runs")?.data;
    ensure!(one == read[0] && one.definition == process.id, "{one:?}");
    let count = CountQuestion::ProcessInstances(InstanceFilter { process_definition: Some(process.id.clone()), ..InstanceFilter::default() });
    ensure!(bench.client().count(&count).await?.data == 2);
    Ok(())
}
