//! The rig against the real thing: `cargo test --test rig_live -- --ignored`. Needs a JDK and Maven; `cargo test` alone leaves it out.

#[path = "engine/mod.rs"]
mod engine;

use std::{net::TcpStream, time::Duration};

use anyhow::Result;
use engine::{
    cluster::{Cluster, ClusterParams},
    driver::{Driver, id_of},
    launch::RunningEngine,
    params::{History, RigParams},
    people::refusal,
    postgres::Postgres,
    product::{CAMUNDA_7_18, CAMUNDA_7_24, ENGINES, OPERATON_1_0},
};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);

async fn started(params: RigParams) -> Result<(RunningEngine, Driver)> {
    let engine = RunningEngine::start(params, &|line| eprintln!("{line}")).await?;
    let driver = engine.driver()?;
    driver.deploy_all().await?;
    Ok((engine, driver))
}

#[tokio::test]
#[ignore = "starts every engine"]
async fn every_engine_shows_the_same_situation() -> Result<()> {
    for engine in ENGINES {
        let (_engine, driver) = started(RigParams { engine, ..RigParams::default() }).await?;
        driver.populate().await?;
        // check-stock runs out of retries after twenty seconds: one retrying job becomes an incident
        for (path, counts) in [
            ("/incident/count", 57..=58),
            ("/job/count?withException=true&withRetriesLeft=true", 2..=3),
            ("/job/count?executable=true", 1..=1),
            ("/job/count?executable=true&active=true", 0..=0),
            ("/job/count?suspended=true", 2..=2),
            ("/external-task/count?noRetriesLeft=true", 2..=2),
            ("/task/count", 6..=6),
            ("/process-instance/count?processDefinitionKey=letter", 12..=12),
            ("/process-definition/count?key=invoice", 3..=3),
        ] {
            driver.await_count(path, SOON, |seen| counts.contains(&seen)).await?;
        }
        let jobs = driver.job_ids("processDefinitionKey=nightly-settlement&noRetriesLeft=true").await?;
        let mut longest = 0;
        for job in &jobs {
            longest = longest.max(driver.stack_trace(job).await?.len());
        }
        assert!(longest > 200_000, "a stack trace of {longest} bytes on {engine}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "starts every engine"]
async fn every_engine_makes_call_trees_of_every_shape() -> Result<()> {
    for engine in ENGINES {
        let (_engine, driver) = started(RigParams { engine, ..RigParams::default() }).await?;
        driver.populate_call_trees().await?;
        driver.await_count("/incident/count", SOON, |count| count == 20).await?;
        let incidents = driver.list("/incident").await?;
        for (business_key, failed, depth) in [
            ("RK-2026-0001", "acknowledge-complaint", 1),
            ("RK-2026-0002", "register-return", 2),
            ("RK-2026-0003", "score-customer", 4),
            ("RK-2026-0004", "book-carrier", 3),
            ("Monat-2026-10", "capture-invoice", 2),
            ("E-2026-0001", "create-account", 2),
        ] {
            let top = instance_of(&driver, "rootProcessInstances=true", business_key).await?;
            let own = incidents.iter().find(|incident| incident["processInstanceId"] == top["id"]).expect(business_key);
            let tree: Vec<_> = incidents.iter().filter(|incident| incident["rootCauseIncidentId"] == own["rootCauseIncidentId"]).collect();
            assert!(tree.len() == depth && tree.iter().any(|incident| incident["activityId"] == failed), "{business_key} on {engine}: {tree:?}");
        }
        assert_eq!(calls_of(&driver, "RK-2026-0003").await?, ["call-exchange exchange:1 RK-2026-0003 null"], "{engine}");
        let exchange = instance_of(&driver, "processDefinitionKey=exchange", "RK-2026-0003").await?;
        assert_eq!(
            calls_from(&driver, &id_of(&exchange)?).await?,
            ["call-payment payment:1 null null", "call-shipping shipping:1 RK-2026-0003 null"],
            "{engine}"
        );
        assert_eq!(
            calls_of(&driver, "Monat-2026-10").await?,
            ["call-invoice invoice:3 null null", "call-old-invoice invoice:1 Monat-2026-10 null"],
            "{engine}"
        );
        for referral in ["E-2026-0001", "E-2026-0002"] {
            assert_eq!(calls_of(&driver, referral).await?, [format!("call-onboarding onboarding:1 {referral} \"globex\"")], "{engine}");
        }
        assert_eq!(instance_of(&driver, "processDefinitionKey=referral", "E-2026-0002").await?["tenantId"], "acme");
    }
    Ok(())
}

/// The one running instance with a business key that fits a filter.
async fn instance_of(driver: &Driver, filter: &str, business_key: &str) -> Result<Value> {
    let mut found = driver.list(&format!("/process-instance?{filter}&businessKey={business_key}")).await?;
    assert_eq!(found.len(), 1, "{filter} {business_key}: {found:?}");
    Ok(found.remove(0))
}

async fn calls_of(driver: &Driver, business_key: &str) -> Result<Vec<String>> {
    calls_from(driver, &id_of(&instance_of(driver, "rootProcessInstances=true", business_key).await?)?).await
}

/// What an instance has called: activity, process and version, business key, tenant.
async fn calls_from(driver: &Driver, instance: &str) -> Result<Vec<String>> {
    let mut calls = Vec::new();
    for row in driver.list(&format!("/history/activity-instance?activityType=callActivity&unfinished=true&processInstanceId={instance}")).await? {
        let called = driver.get(&format!("/process-instance/{}", row["calledProcessInstanceId"].as_str().expect("a call has called"))).await?;
        let definition = called["definitionId"].as_str().expect("an instance has a definition");
        let (version, _) = definition.rsplit_once(':').expect("an id ends in a number of its own");
        let business_key = called["businessKey"].as_str().unwrap_or("null");
        calls.push(format!("{} {version} {business_key} {}", row["activityId"].as_str().expect("an activity"), called["tenantId"]));
    }
    calls.sort();
    Ok(calls)
}

#[tokio::test]
#[ignore = "starts every engine"]
async fn a_campaign_loses_letters_and_ends_with_the_last() -> Result<()> {
    for engine in ENGINES {
        let (_engine, driver) = started(RigParams { engine, ..RigParams::default() }).await?;
        let campaign = driver.start_campaign("K", 12).await?;
        driver.await_letters_settled(12).await?;
        assert_eq!(driver.count("/incident/count").await?, 6, "three letters, each once more at the campaign, on {engine}");
        let mut failed = Vec::new();
        for letter in driver.called_by(&campaign, "&withIncident=true").await? {
            failed.push(driver.get(&format!("/process-instance/{letter}")).await?["businessKey"].as_str().unwrap_or_default().to_owned());
        }
        failed.sort();
        assert_eq!(failed, ["K/12", "K/4", "K/8"], "{engine}");
        driver.cancel_instance(&driver.called_by(&campaign, "&withIncident=true").await?[0]).await?;
        driver.await_count("/incident/count", SOON, |count| count == 4).await?;
        assert_eq!(driver.repair_jobs("processDefinitionKey=letter").await?, 2);
        driver.await_count("/incident/count", SOON, |count| count == 0).await?;
        driver.await_count("/event-subscription/count?eventName=receipt-confirmed", SOON, |count| count == 11).await?;
        let letters = driver.called_by(&campaign, "").await?;
        assert_eq!(letters.len(), 11, "a cancelled letter takes its call along, and the campaign goes on");
        for letter in &letters {
            assert_eq!(driver.count(&format!("/process-instance/count?processInstanceIds={campaign}")).await?, 1);
            driver.confirm_receipt(letter).await?;
        }
        assert_eq!(driver.count("/process-instance/count").await?, 0, "{engine}");
        assert_eq!(driver.get(&format!("/history/process-instance/{campaign}")).await?["state"], "COMPLETED");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "starts an engine"]
async fn a_bubbled_incident_reaches_the_order_and_leaves_with_its_cause() -> Result<()> {
    let (_engine, driver) = started(RigParams::default()).await?;
    driver.start_order("one", &json!({"fault": "score-customer=timeout"})).await?;
    driver.await_count("/incident/count", SOON, |count| count == 3).await?;
    let incidents = driver.list("/incident").await?;
    let root = incidents.iter().find(|incident| incident["id"] == incident["rootCauseIncidentId"]).expect("one is the root");
    assert_eq!(root["activityId"], "score-customer");
    assert!(incidents.iter().all(|incident| incident["rootCauseIncidentId"] == root["id"]));
    assert_eq!(driver.repair_jobs("processDefinitionKey=fraud-check").await?, 1);
    driver.await_count("/incident/count", SOON, |count| count == 0).await?;
    driver.await_count("/external-task/count", SOON, |count| count == 1).await?;
    Ok(())
}

#[tokio::test]
#[ignore = "starts an engine"]
async fn single_operations_do_what_they_say() -> Result<()> {
    let (_engine, driver) = started(RigParams::default()).await?;
    assert_eq!(driver.make_incidents(50, "many").await?.len(), 50);
    driver.repair_jobs("processDefinitionKey=price-calculation").await?;
    driver.await_count("/incident/count", SOON, |count| count == 0).await?;

    driver.start_order("refused", &json!({"paymentMethod": "transfer"})).await?;
    driver.await_count("/event-subscription/count?eventName=payment-received", SOON, |count| count == 1).await?;
    driver.correlate("payment-received", "refused").await?;
    driver.await_count("/external-task/count", SOON, |count| count == 1).await?;
    let tasks = driver.fetch_and_lock("worker", "carrier-booking", 5, Duration::from_secs(60)).await?;
    driver.raise_bpmn_error(&id_of(&tasks[0])?, "worker", "carrier-refused").await?;
    let decisions = driver.list("/task?taskDefinitionKey=decide-refusal").await?;
    let order = decisions[0]["processInstanceId"].as_str().expect("the decision belongs to an order").to_owned();
    driver.create_incident(&order, "review", "somebody should look").await?;
    assert_eq!(driver.count("/incident/count?incidentType=review").await?, 1);
    driver.complete_task(&id_of(&decisions[0])?, &json!({})).await?;
    driver.await_count("/process-instance/count", SOON, |count| count == 0).await?;
    Ok(())
}

/// An engine that checks authorizations, with everybody in it, one failed order and one failed job of another tenant.
async fn guarded() -> Result<(RunningEngine, Driver)> {
    let (engine, driver) = started(RigParams { authorizations: true, ..RigParams::default() }).await?;
    driver.create_people().await?;
    driver.create_people().await?;
    driver.start_order("one", &json!({"fault": "score-customer=timeout", "ok": false})).await?;
    driver.start_for_tenant("onboarding", "acme", "two", &json!({"fault": "create-account=timeout"})).await?;
    driver.await_count("/incident/count", SOON, |count| count == 4).await?;
    Ok((engine, driver))
}

#[tokio::test]
#[ignore = "starts an engine"]
async fn everybody_sees_and_does_what_their_rights_say() -> Result<()> {
    let (_engine, driver) = guarded().await?;
    let failed = driver.job_ids("noRetriesLeft=true&processDefinitionKey=fraud-check").await?;
    let tenants = driver.job_ids("noRetriesLeft=true&processDefinitionKey=onboarding").await?;
    for (person, incidents, history, definitions) in [("reader", 4, 4, 23), ("no-history", 4, 0, 23), ("nobody", 0, 0, 0), ("payments-only", 2, 2, 2)] {
        let seen = driver.seen_by(person);
        assert_eq!(seen.count("/incident/count").await?, incidents, "incidents seen by {person}");
        assert_eq!(seen.count("/history/incident/count").await?, history, "history seen by {person}");
        assert_eq!(seen.count("/process-definition/count").await?, definitions, "definitions seen by {person}");
        let (member, knows) = (incidents == 4, definitions == 23);
        assert_eq!(refusal(&seen.retry_job(&tenants[0]).await), Some(if member { 403 } else { 500 }), "{person} retries a tenant's job");
        assert_eq!(refusal(&seen.start("stock-sync", "own", &json!({})).await), Some(if knows { 403 } else { 404 }), "{person} starts an instance");
        if person != "payments-only" {
            assert_eq!(refusal(&seen.retry_job(&failed[0]).await), Some(403), "{person} retries");
        }
    }
    assert!(driver.seen_by("reader").stack_trace(&failed[0]).await?.contains("Read timed out"));
    assert_eq!(refusal(&driver.seen_by("nobody").stack_trace(&failed[0]).await), Some(403));
    Ok(())
}

#[tokio::test]
#[ignore = "starts an engine"]
async fn who_has_the_payments_repairs_them() -> Result<()> {
    let (_engine, driver) = guarded().await?;
    let payments = driver.seen_by("payments-only");
    payments.start("payment", "own", &json!({"paymentMethod": "transfer"})).await?;
    payments.await_count("/event-subscription/count?eventName=payment-received", SOON, |count| count == 1).await?;
    assert_eq!(payments.repair_jobs("processDefinitionKey=fraud-check").await?, 1);
    driver.await_count("/incident/count", SOON, |count| count == 1).await?;
    Ok(())
}

#[tokio::test]
#[ignore = "starts PostgreSQL and two engines"]
async fn two_nodes_share_the_work_and_sign_for_it() -> Result<()> {
    let cluster = Cluster::start(ClusterParams::on_postgres(2), &|line| eprintln!("{line}")).await?;
    let driver = cluster.driver()?;
    assert!(cluster.nodes.iter().all(|node| node.url != cluster.url()), "the balancer stands in front");
    driver.deploy_all().await?;
    driver.make_incidents(60, "shared").await?;
    for node in &cluster.nodes {
        assert_eq!(node.driver()?.count("/incident/count").await?, 60, "each node sees everything");
    }
    for host in ["node-1", "node-2"] {
        let failures = driver.count(&format!("/history/job-log/count?failureLog=true&hostname={host}")).await?;
        assert!(failures > 0, "{host} ran some of the jobs");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "starts PostgreSQL and an engine"]
async fn a_cloned_job_is_as_good_as_any() -> Result<()> {
    let cluster = Cluster::start(ClusterParams::on_postgres(1), &|line| eprintln!("{line}")).await?;
    let made = cluster.clone_incidents(300, &|line| eprintln!("{line}")).await?;
    assert_eq!((made.incidents, made.roots), (300, 100));
    let driver = cluster.driver()?;
    for (path, count) in [("/history/incident/count?open=true", 300), ("/job/count?noRetriesLeft=true", 100), ("/process-instance/count", 300)] {
        assert_eq!(driver.count(path).await?, count, "{path}");
    }
    assert!(cluster.clone_incidents(3, &|_| {}).await.is_err(), "a clone needs an engine without incidents");
    for row in driver.list("/job?noRetriesLeft=true").await? {
        let (trace, message) = (driver.stack_trace(&id_of(&row)?).await?, row["exceptionMessage"].as_str());
        assert!(trace.contains(message.unwrap_or("java.lang.NullPointerException\n")), "the stack trace belongs to {row}");
    }
    let job = driver.list("/job?noRetriesLeft=true&maxResults=1").await?.remove(0);
    let instance = job["processInstanceId"].as_str().expect("a job has an instance");
    let key = driver.get(&format!("/process-instance/{instance}")).await?["businessKey"].clone();
    assert!(driver.repair_job(&id_of(&job)?).await?);
    driver.await_count("/incident/count", SOON, |count| count == 297).await?;
    driver.await_count("/process-instance/count", SOON, |count| count == 297).await?;
    assert_eq!(driver.count("/history/incident/count?resolved=true").await?, 3);
    let key = key.as_str().expect("a clone has a business key");
    assert_eq!(driver.count(&format!("/history/process-instance/count?finished=true&processInstanceBusinessKey={key}")).await?, 3);
    assert_eq!(driver.repair_jobs("").await?, 99);
    driver.await_count("/process-instance/count", SOON, |count| count == 0).await?;
    Ok(())
}

#[tokio::test]
#[ignore = "starts PostgreSQL and every engine"]
async fn every_engine_and_history_level_takes_a_clone() -> Result<()> {
    for (engine, history, recorded) in [(CAMUNDA_7_18, History::Full, 30), (OPERATON_1_0, History::Audit, 0), (CAMUNDA_7_24, History::None, 0)] {
        let mut params = ClusterParams::on_postgres(1);
        params.engine = RigParams { engine, history, ..params.engine };
        let cluster = Cluster::start(params, &|line| eprintln!("{line}")).await?;
        assert_eq!(cluster.clone_incidents(30, &|_| {}).await?.roots, 10, "{engine}");
        let driver = cluster.driver()?;
        assert_eq!(driver.count("/history/incident/count").await?, recorded, "only history full knows incidents, on {engine}");
        driver.repair_jobs("").await?;
        driver.await_count("/process-instance/count", SOON, |count| count == 0).await?;
    }
    Ok(())
}

#[test]
#[ignore = "starts PostgreSQL"]
fn a_dropped_server_leaves_nothing() -> Result<()> {
    let server = Postgres::start(&RigParams::default().home)?;
    assert_eq!(server.sql("select 1 + 1")?, "2");
    assert!(server.sql("select nonsense").unwrap_err().to_string().contains("nonsense"));
    let (data, port) = (server.log.with_file_name("data"), server.port);
    assert!(data.exists());
    drop(server);
    assert!(!data.exists() && TcpStream::connect(("127.0.0.1", port)).is_err());
    Ok(())
}

#[tokio::test]
#[ignore = "starts two engines"]
async fn a_dropped_engine_is_gone_and_its_neighbour_stays() -> Result<()> {
    let quiet = |_: &str| {};
    let (first, second) = tokio::try_join!(RunningEngine::start(RigParams::default(), &quiet), RunningEngine::start(RigParams::default(), &quiet))?;
    assert_ne!(first.url, second.url);
    let (gone, stays) = (first.driver()?, second.driver()?);
    drop(first);
    assert!(gone.get("/version").await.is_err());
    assert_eq!(stays.get("/version").await?["version"], "7.24.0");
    Ok(())
}
