//! Logins, engine names, versions and what stands at other addresses.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bpmtop::engine::catalogue::Since;
use bpmtop::engine::version::Certainty;
use bpmtop::engine::{Client, ClientOptions, CountQuestion, EngineError, ErrorKind, IncidentFilter, Problem, Product};
use serde_json::json;

use super::bench::{Bench, refusal, until};
use super::diagrams::job;

const EVERYTHING: fn() -> CountQuestion = || CountQuestion::Incidents(IncidentFilter::default());

async fn status_of(bench: &Bench, user: &str, password: &str) -> Result<u16> {
    match bench.driver().logged_in_as(user, password).get("/version").await {
        Ok(_) => Ok(200),
        Err(error) => Ok(refusal(Err(error))?.0),
    }
}

pub async fn one_wrong_login_is_sent_once_and_never_again(bench: Bench) -> Result<()> {
    let user = bench.user("latched").await?;
    let wire = bench.wire().await?;
    let client = bench.client_of(&user, "wrong", &wire)?;
    let error = client.count(&EVERYTHING()).await.err().context("the login is wrong")?;
    ensure!(error.kind() == ErrorKind::Unauthorized && error.stops_polling(), "{error}");
    ensure!(error.to_string().contains(&format!("login of user {user} was refused")), "{error}");
    for _ in 0..20 {
        let error = client.count(&EVERYTHING()).await.err().context("nothing is sent any more")?;
        ensure!(error.kind() == ErrorKind::LoginRefused, "{error}");
    }
    ensure!(wire.seen().len() == 1 && client.usage().requests == 1, "{} requests arrived", wire.seen().len());
    until("the right password works again", async || Ok((status_of(&bench, &user, "right").await? == 200).then_some(()))).await?;
    Ok(())
}

pub async fn wrong_logins_lock_the_right_password_out_longer_each_time(bench: Bench) -> Result<()> {
    let user = bench.user("locked").await?;
    ensure!(status_of(&bench, &user, "right").await? == 200);
    ensure!(status_of(&bench, &user, "wrong").await? == 401);
    ensure!(status_of(&bench, &user, "right").await? == 401, "one wrong login locks the right one out for three seconds");
    for _ in 0..10 {
        ensure!(status_of(&bench, &user, "wrong").await? == 401);
    }
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    ensure!(status_of(&bench, &user, "wrong").await? == 401, "the second that counts: those during the lock did not");
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    ensure!(status_of(&bench, &user, "right").await? == 401, "the second lock lasts six seconds");
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    ensure!(status_of(&bench, &user, "right").await? == 200, "and then ends");
    Ok(())
}

pub async fn a_login_that_worked_outlasts_wrong_passwords_of_somebody_else(bench: Bench) -> Result<()> {
    let user = bench.user("shared").await?;
    let wire = bench.wire().await?;
    let client = bench.client_of(&user, "right", &wire)?;
    let everything = EVERYTHING();
    client.count(&everything).await?;
    for round in 0..2 {
        ensure!(status_of(&bench, &user, "wrong").await? == 401);
        ensure!(status_of(&bench, &user, "wrong").await? == 401, "those during the lock do not count");
        let before = wire.seen().len();
        let (one, two) = tokio::join!(client.count(&everything), client.count(&everything));
        ensure!(one.is_ok() && two.is_ok(), "round {round}: {one:?} {two:?}");
        let sent = wire.seen().len() - before;
        ensure!(sent <= 4, "two were refused, one tried once more, and the other followed: {sent}");
    }
    // Refused once more without a success in between, it is given up.
    ensure!(status_of(&bench, &user, "wrong").await? == 401);
    let again = async {
        tokio::time::sleep(Duration::from_millis(3_200)).await;
        status_of(&bench, &user, "wrong").await
    };
    let (asked, wrong) = tokio::join!(client.count(&everything), again);
    ensure!(wrong? == 401);
    let error = asked.err().context("the second lock lasts six seconds")?;
    ensure!(error.stops_polling(), "{error}");
    let before = wire.seen().len();
    ensure!(client.count(&EVERYTHING()).await.is_err_and(|error| error.kind() == ErrorKind::LoginRefused));
    ensure!(wire.seen().len() == before, "nothing is sent any more");
    Ok(())
}

pub async fn a_refused_login_has_no_body_and_no_login_is_told_apart(bench: Bench) -> Result<()> {
    let user = bench.user("empty").await?;
    let (status, body) = refusal(bench.driver().logged_in_as(&user, "wrong").get("/version").await)?;
    ensure!(status == 401 && body.is_empty(), "{status} {body}");
    let wire = bench.wire().await?;
    let client = Client::new(ClientOptions::new(wire.url()))?;
    if bench.target().admin.is_some() {
        let error = client.version().await.err().context("the engine asks for a login")?;
        ensure!(matches!(error.problem(), Problem::Unauthorized { user: None, .. }), "{error}");
    }
    Ok(())
}

pub async fn the_list_of_engines_needs_no_login(bench: Bench) -> Result<()> {
    let wire = bench.wire().await?;
    let names = Client::new(ClientOptions::new(wire.url()))?.engines().await?.data;
    ensure!(names.iter().any(|name| name.as_wire() == "default"), "{names:?}");
    Ok(())
}

pub async fn an_engine_answers_by_its_name_too(bench: Bench) -> Result<()> {
    let process = bench.failed("named", 2).await?;
    let wire = bench.wire().await?;
    let named = Client::new(ClientOptions { engine_name: Some("default".into()), ..bench.options(wire.url()) })?;
    let question = CountQuestion::Incidents(IncidentFilter { process_definition: Some(process.id.clone()), ..IncidentFilter::default() });
    ensure!(named.count(&question).await?.data == 2 && bench.client().count(&question).await?.data == 2);
    ensure!(wire.seen()[0].target.contains("/engine/default/incident/count"), "{:?}", wire.seen());
    ensure!(named.engines().await?.data.len() == bench.client().engines().await?.data.len());
    Ok(())
}

pub async fn a_name_no_engine_has_is_explained(bench: Bench) -> Result<()> {
    let wire = bench.wire().await?;
    let client = Client::new(ClientOptions { engine_name: Some("atlantis".into()), ..bench.options(wire.url()) })?;
    let error = client.version().await.err().context("there is no such engine")?;
    ensure!(error.kind() == ErrorKind::NotAnEngine && error.to_string().contains("no process engine of that name"), "{error}");
    Ok(())
}

async fn error_at(bench: &Bench, path: &str) -> Result<EngineError> {
    let client = Client::new(bench.options(bench.elsewhere(path)?))?;
    client.version().await.err().context("there is no engine")
}

pub async fn a_servers_own_error_page_is_no_engine(bench: Bench) -> Result<()> {
    for path in ["/", "/camunda-nonsense"] {
        let error = error_at(&bench, path).await?;
        ensure!(error.kind() == ErrorKind::NotAnEngine, "{path}: {error}");
        ensure!(error.to_string().contains("HTTP Status 404"), "the page's title helps: {error}");
        ensure!(!error.to_string().contains('<') && error.remedy().contains("engine-rest"), "{error}: {}", error.remedy());
    }
    Ok(())
}

pub async fn an_address_below_the_rest_api_is_no_engine(bench: Bench) -> Result<()> {
    let path = reqwest::Url::parse(&bench.target().url)?.path().trim_end_matches('/').to_owned();
    let error = error_at(&bench, &format!("{path}/nonsense")).await?;
    ensure!(error.kind() == ErrorKind::NotAnEngine && error.to_string().contains("no such path"), "{error}");
    Ok(())
}

pub async fn version_and_product_are_told_apart(bench: Bench) -> Result<()> {
    let version = bench.client().identify().await?.data;
    let said = bench.driver().get("/version").await?["version"].as_str().context("a version")?.to_owned();
    ensure!(version.text.as_wire() == said && version.certainty == Certainty::Known, "{version:?}");
    let (product, level) = match said.split('.').collect::<Vec<_>>()[..] {
        ["7", minor, ..] => (Product::Camunda, (7, minor.parse()?)),
        _ => (Product::Operaton, (7, 24)),
    };
    ensure!(version.product == product && version.feature_level == level, "{version:?}");
    Ok(())
}

pub async fn telemetry_counts_jobs_as_they_run(bench: Bench) -> Result<()> {
    ensure!(bench.has(Since::camunda7(17)));
    let counters = async || -> Result<_> {
        let telemetry = bench.client().telemetry().await?.data;
        let command = |name| telemetry.command(name).unwrap_or(0);
        Ok((command("SuccessfulJobListener"), command("FailedJobListener"), telemetry.since))
    };
    let before = counters().await?;
    bench.failed("failing", 2).await?;
    let process = bench.deploy("succeeding", [job("work", "${true}", "R1/PT0S")]).await?;
    for _ in 0..3 {
        bench.driver().start(&process.key, "succeeding", &json!({})).await?;
    }
    until("three jobs more", async || Ok((counters().await?.0 >= before.0 + 3).then_some(()))).await?;
    let after = counters().await?;
    ensure!(after.1 >= before.1 + 2, "{before:?} {after:?}");
    ensure!(after.2 == before.2, "counting began once: {before:?} {after:?}");
    ensure!(after.2.is_some() == bench.has(Since::camunda7(24)), "an old engine does not tell when it began to count: {:?}", after.2);
    let telemetry = bench.client().telemetry().await?.data;
    ensure!(telemetry.product.is_some() && telemetry.database.is_some() && telemetry.installation.is_some(), "{telemetry:?}");
    Ok(())
}

pub async fn the_client_offers_compression_and_uses_its_connections_again(bench: Bench) -> Result<()> {
    let wire = bench.wire().await?;
    let client = Client::new(bench.options(wire.url()))?;
    for _ in 0..30 {
        client.version().await?;
    }
    let seen = wire.seen();
    ensure!(seen.iter().all(|asked| asked.header("accept-encoding").is_some_and(|kinds| kinds.contains("gzip"))), "{seen:?}");
    // The next request may be quicker than the return of a connection to its pool.
    ensure!(wire.connections() <= 5, "{} connections for {} requests", wire.connections(), seen.len());
    Ok(())
}

pub async fn an_id_stays_one_segment_of_the_path_whatever_is_in_it(bench: Bench) -> Result<()> {
    let wire = bench.wire().await?;
    let client = Client::new(bench.options(wire.url()))?;
    for id in ["../version", "a/b", "a;b=c", "%2e%2e", "ä ö?x#y"] {
        match client.job(&id.into()).await {
            Ok(found) => ensure!(found.is_none(), "{id}"),
            // A servlet container may refuse an encoded slash before the engine sees it.
            Err(error) => ensure!(matches!(error.kind(), ErrorKind::NotAnEngine | ErrorKind::Engine), "{id}: {error}"),
        }
        let asked = wire.seen().pop().context("it was asked")?.target;
        let (_, segment) = asked.split_once("/job/").with_context(|| format!("{id} became {asked}"))?;
        ensure!(!segment.contains(['/', ';', '?', '#']), "{id} became {asked}");
    }
    Ok(())
}
