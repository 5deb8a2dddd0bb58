//! Incidents: how they bubble, what a retry does to them, what their fields hold.

use anyhow::{Context as _, Result, ensure};
use bpmtop::engine::{CountQuestion, HistoricIncidentFilter, HistoricIncidentQuery, IncidentFilter, IncidentQuery, IncidentSort, Order, Page};
use bpmtop::model::grouping::KnownIncident;
use bpmtop::model::history::IncidentState;
use bpmtop::model::ids::ProcessKey;
use bpmtop::model::incident::Incident;
use bpmtop::model::snapshot::IncidentSet;
use bpmtop::model::succession::Succession;
use serde_json::json;

use super::bench::{Bench, Deployed, SOON, query, refusal, until};
use super::diagrams::{self, accept, call, job, person, work, work_at_once};

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

pub async fn a_job_that_fails_at_a_later_activity_stands_where_its_transaction_began(bench: Bench) -> Result<()> {
    let called = bench.deploy("called", [work_at_once("transfer")]).await?;
    let own = bench.deploy("own", [accept(), work_at_once("register")]).await?;
    let caller = bench.deploy("caller", [accept(), call(&called.key)]).await?;
    for (process, failed) in [(&own, "register"), (&caller, "transfer")] {
        bench.start_failing(process).await?;
        let row = until("the incident", async || Ok(incidents_of(&bench, &[process]).await?.pop())).await?;
        ensure!(row.activity.as_ref().map(|id| id.as_wire()) == Some("accept"), "{row:?}");
        ensure!(row.failed_elsewhere().map(|id| id.as_wire()) == Some(failed), "{row:?}");
        let job = bench.client().job(&bench.job_of(process).await?).await?.context("the job is there")?.data;
        ensure!(job.failed_activity.as_ref().map(|id| id.as_wire()) == Some(failed), "{job:?}");
    }
    ensure!(incidents_of(&bench, &[&called]).await?.is_empty(), "what ran in the called process was rolled back with it");
    Ok(())
}

pub async fn an_instance_with_incidents_of_two_types_is_counted_once(bench: Bench) -> Result<()> {
    let process = bench.deploy("twice", [work()]).await?;
    let instance = bench.start_failing(&process).await?;
    bench.driver().await_count(&format!("/incident/count?processDefinitionId={}", process.id.as_wire()), SOON, |count| count == 1).await?;
    bench.driver().create_incident(instance.as_wire(), "review", "somebody should look").await?;
    let rows = bench.client().process_statistics().await?.data;
    let row = rows.iter().find(|row| row.definition.id == process.id).context("our definition")?;
    ensure!(row.instances == 1 && row.failed_jobs == 1 && row.root_incidents.len() == 2, "{row:?}");
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

pub async fn retries_of_a_job_definition_leave_the_incident_open(bench: Bench) -> Result<()> {
    let process = bench.failed("flavour", 1).await?;
    let job = bench.job_of(&process).await?;
    let first = incidents_of(&bench, &[&process]).await?.remove(0);
    let definition = first.job_definition.clone().context("a failed job has a job definition")?;
    bench.driver().suspend_job_definitions(&process.key, true, true).await?;
    bench.driver().put(&format!("/job-definition/{}/retries", definition.as_wire()), &json!({"retries": 1})).await?;
    let read = bench.client().job(&job).await?.context("the job is there")?.data;
    ensure!(read.retries == 1, "{read:?}");
    ensure!(incidents_of(&bench, &[&process]).await? == [first.clone()], "the incident stays, though the job has an attempt");
    bench.driver().suspend_job_definitions(&process.key, false, true).await?;
    until("the attempt is used up", async || Ok(bench.client().job(&job).await?.filter(|job| job.data.retries == 0))).await?;
    ensure!(incidents_of(&bench, &[&process]).await? == [first], "the renewed failure uses the incident that was open");
    Ok(())
}

pub async fn a_suspended_job_loses_its_incident_on_a_retry_though_nothing_runs(bench: Bench) -> Result<()> {
    let process = bench.failed("asleep", 1).await?;
    let job = bench.job_of(&process).await?;
    bench.driver().suspend_job_definitions(&process.key, true, true).await?;
    bench.driver().retry_job(job.as_wire()).await?;
    ensure!(incidents_of(&bench, &[&process]).await?.is_empty(), "the incident vanishes at once");
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let read = bench.client().job(&job).await?.context("the job still stands there")?.data;
    ensure!(read.suspended && read.retries == 1, "{read:?}");
    Ok(())
}

pub async fn an_incident_message_is_cut_at_666_characters(bench: Bench) -> Result<()> {
    let long = "x".repeat(2_000);
    let process = bench.deploy("long", [job("work", &format!("${{{long}}}"), "R1/PT0S")]).await?;
    bench.start_failing(&process).await?;
    let row = until("the incident", async || Ok(incidents_of(&bench, &[&process]).await?.pop())).await?;
    let job = bench.client().job(&bench.job_of(&process).await?).await?.context("the job is there")?.data;
    for text in [&row.message, &job.exception_message] {
        let length = text.as_ref().context("it has a message")?.as_wire().chars().count();
        ensure!(length == 666, "{length} characters");
    }
    Ok(())
}

pub async fn incidents_carry_their_tenant(bench: Bench) -> Result<()> {
    let key = bench.name("tenants");
    let xml = diagrams::process(&key, [work()]);
    for tenant in ["acme", "globex"] {
        let process = bench.deploy_xml(&key, &xml, Some(tenant)).await?;
        bench.driver().start_for_tenant(&key, tenant, &bench.name(tenant), &json!({"ok": false})).await?;
        let row = until("the incident", async || {
            let filter = IncidentFilter { process_definition: Some(process.id.clone()), ..IncidentFilter::default() };
            Ok(bench.client().incidents(&IncidentQuery { filter, sort: None, page: Page::first(5) }).await?.data.pop())
        })
        .await?;
        ensure!(row.tenant.as_ref().map(|id| id.as_wire()) == Some(tenant), "{row:?}");
    }
    Ok(())
}

pub async fn an_incident_of_a_type_of_its_own_is_a_root_without_a_job(bench: Bench) -> Result<()> {
    let process = bench.deploy("custom", [person()]).await?;
    let instance = bench.driver().start(&process.key, "custom", &json!({})).await?;
    bench.driver().create_incident(&instance, "review", "somebody should look").await?;
    let row = incidents_of(&bench, &[&process]).await?.pop().context("the incident is there at once")?;
    ensure!(row.kind.as_wire() == "review" && row.is_root() && row.job_definition.is_none(), "{row:?}");
    ensure!(row.message.as_ref().is_some_and(|text| text.as_wire() == "somebody should look"), "{row:?}");
    Ok(())
}

pub async fn an_annotation_is_read_and_changes_no_time(bench: Bench) -> Result<()> {
    let process = bench.failed("noted", 1).await?;
    let before = incidents_of(&bench, &[&process]).await?.remove(0);
    bench.driver().put(&format!("/incident/{}/annotation", before.id.as_wire()), &json!({"annotation": "known, ticket 4711"})).await?;
    let after = incidents_of(&bench, &[&process]).await?.remove(0);
    ensure!(after.annotation.as_ref().is_some_and(|text| text.as_wire() == "known, ticket 4711"), "{after:?}");
    ensure!(Incident { annotation: None, ..after } == before, "nothing else shows that somebody wrote");
    Ok(())
}

pub async fn dates_need_milliseconds_and_an_offset_in_digits(bench: Bench) -> Result<()> {
    for refused in ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00+0000", "2026-01-01T00:00:00.000+00:00"] {
        let path = format!("/incident/count?{}", query(&[("incidentTimestampAfter", refused)])?);
        let (status, body) = refusal(bench.driver().get(&path).await)?;
        ensure!(status == 400, "{refused}: {status} {body}");
    }
    let path = format!("/incident/count?{}", query(&[("incidentTimestampAfter", "2026-01-01T00:00:00.000+0000")])?);
    bench.driver().count(&path).await?;
    let process = bench.failed("dated", 1).await?;
    let filter = |created_after, created_before| IncidentFilter {
        process_definition: Some(process.id.clone()),
        created_after,
        created_before,
        ..IncidentFilter::default()
    };
    let row = incidents_of(&bench, &[&process]).await?.remove(0);
    let millisecond = jiff::SignedDuration::from_millis(1);
    for (after, before, count) in
        [(Some(row.created - millisecond), None, 1), (Some(row.created), None, 0), (None, Some(row.created + millisecond), 1), (None, Some(row.created), 0)]
    {
        let counted = bench.client().count(&CountQuestion::Incidents(filter(after, before))).await?.data;
        ensure!(counted == count, "created {}, after {after:?} and before {before:?}: {counted}; both bounds are exclusive", row.created);
    }
    Ok(())
}

pub async fn the_engines_clock_comes_with_every_answer(bench: Bench) -> Result<()> {
    let process = bench.failed("clock", 1).await?;
    let answer = bench.client().count(&CountQuestion::Incidents(IncidentFilter::default())).await?;
    let now = answer.engine_time.context("the Date header is read")?;
    let created = incidents_of(&bench, &[&process]).await?.remove(0).created;
    let age = now.duration_since(created).as_secs();
    ensure!((-2..120).contains(&age), "an incident made a moment ago is {age} s old by the engine's own clock");
    Ok(())
}

/// Root incidents of one definition by the statistics.
async fn told_of(bench: &Bench, process: &Deployed) -> Result<u64> {
    let rows = bench.client().process_statistics().await?.data;
    let row = rows.into_iter().find(|row| row.definition.id == process.id).context("the definition is among the statistics")?;
    Ok(row.root_incidents.iter().map(|tally| tally.count).sum())
}

pub async fn a_migration_keeps_the_incident_and_shows_only_in_counts_per_definition(bench: Bench) -> Result<()> {
    let from = bench.failed("migrated", 1).await?;
    let before = incidents_of(&bench, &[&from]).await?.pop().context("the incident is there")?;
    let to = bench.deploy("migrated", [work()]).await?;
    ensure!(from.id != to.id && (told_of(&bench, &from).await?, told_of(&bench, &to).await?) == (1, 0), "two versions");
    let instruction = json!({"sourceActivityIds": ["work"], "targetActivityIds": ["work"], "updateEventTrigger": false});
    let plan = json!({
        "sourceProcessDefinitionId": from.id.as_wire(),
        "targetProcessDefinitionId": to.id.as_wire(),
        "instructions": [instruction],
    });
    let instance = before.process_instance.as_ref().context("it stands on an instance")?.as_wire();
    bench.driver().post("/migration/execute", &json!({"migrationPlan": plan, "processInstanceIds": [instance]})).await?;
    let after = incidents_of(&bench, &[&from]).await?.pop().context("the incident is still there")?;
    ensure!((&after.id, after.created) == (&before.id, before.created), "id and moment stay");
    ensure!(after.process_definition.as_ref() == Some(&to.id) && after.job_definition != before.job_definition, "{after:?}");
    ensure!((told_of(&bench, &from).await?, told_of(&bench, &to).await?) == (0, 1), "only counts per definition tell");
    let job = bench.client().job(&bench.job_of(&to).await?).await?.context("the job is there")?.data;
    ensure!(job.process_definition.as_ref() == Some(&to.id), "the job moved along, which a plan goes by: {job:?}");
    let of_definition = |process: &Deployed| IncidentQuery {
        filter: IncidentFilter { process_definition: Some(process.id.clone()), ..IncidentFilter::default() },
        sort: None,
        page: Page::first(10),
    };
    ensure!(bench.client().incidents(&of_definition(&from)).await?.data.is_empty(), "its old definition has none");
    ensure!(bench.client().incidents(&of_definition(&to)).await?.data.len() == 1);
    Ok(())
}

pub async fn a_job_that_failed_again_is_found_by_the_incident_before_it(bench: Bench) -> Result<()> {
    let process = bench.failed("again", 1).await?;
    let before = incidents_of(&bench, &[&process]).await?.pop().context("the incident is there")?;
    let job = bench.job_of(&process).await?;
    bench.driver().put(&format!("/job/{}/retries", job.as_wire()), &json!({"retries": 1})).await?;
    let newer = async || Ok(incidents_of(&bench, &[&process]).await?.pop().filter(|row| row.id != before.id));
    let after = until("it fails again", newer).await?;
    let rows = [(after.id.clone(), KnownIncident::of(after.clone()))];
    let followed = IncidentSet::whole(rows.into_iter().collect()).successor(&before);
    ensure!(matches!(&followed, Some(Succession::FailedAgain(known)) if known.incident.id == after.id), "{followed:?}");
    Ok(())
}
