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
use serde_json::json;

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
        // check-stock runs out of attempts after twenty seconds: one retrying job becomes an incident
        for (path, counts) in [
            ("/incident/count", 37..=38),
            ("/job/count?withException=true&withRetriesLeft=true", 2..=3),
            ("/job/count?executable=true", 1..=1),
            ("/job/count?executable=true&active=true", 0..=0),
            ("/job/count?suspended=true", 2..=2),
            ("/external-task/count?noRetriesLeft=true", 1..=1),
            ("/task/count", 4..=4),
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
    for (person, incidents, history, definitions) in [("reader", 4, 4, 16), ("no-history", 4, 0, 16), ("nobody", 0, 0, 0), ("payments-only", 2, 2, 2)] {
        let seen = driver.seen_by(person);
        assert_eq!(seen.count("/incident/count").await?, incidents, "incidents seen by {person}");
        assert_eq!(seen.count("/history/incident/count").await?, history, "history seen by {person}");
        assert_eq!(seen.count("/process-definition/count").await?, definitions, "definitions seen by {person}");
        let (member, knows) = (incidents == 4, definitions == 16);
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
