//! The rig against the real thing: `cargo test --test rig_live -- --ignored`. Needs a JDK and Maven; `cargo test` alone leaves it out.

#[path = "engine/mod.rs"]
mod engine;

use std::time::Duration;

use anyhow::Result;
use engine::{
    driver::{Driver, Refused, id_of},
    launch::RunningEngine,
    params::RigParams,
    product::ENGINES,
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

#[tokio::test]
#[ignore = "starts an engine"]
async fn a_reader_sees_everything_and_changes_nothing() -> Result<()> {
    let (_engine, driver) = started(RigParams { authorizations: true, ..RigParams::default() }).await?;
    driver.make_incidents(3, "read").await?;
    driver.create_reader("reader", "reader").await?;
    driver.create_user("stranger", "stranger").await?;
    let reader = driver.logged_in_as("reader", "reader");
    assert_eq!(reader.count("/incident/count").await?, 3);
    assert_eq!(driver.logged_in_as("stranger", "stranger").count("/incident/count").await?, 0);
    let jobs = reader.job_ids("noRetriesLeft=true").await?;
    let error = reader.retry_job(&jobs[0]).await.expect_err("a reader may not retry");
    assert_eq!(error.downcast_ref::<Refused>().expect("the engine answered").status.as_u16(), 403);
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
