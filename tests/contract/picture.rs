//! The picture the poller paints, against the engine as a whole. Tests that compare whole figures need the engine for themselves.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bpmtop::engine::{Client, ErrorKind};
use bpmtop::model::description::FailedWork;
use bpmtop::model::figure::Figure;
use bpmtop::model::grouping::KnownIncident;
use bpmtop::model::ids::JobId;
use bpmtop::model::snapshot::{EngineIdentity, Link, Snapshot};
use bpmtop::poll::command::{Looking, PollCommand, Told};
use bpmtop::poll::task::{self, Poller, Setup};
use serde_json::json;

use super::bench::{Bench, Deployed, SOON, date, query, until};
use super::diagrams::{call, external, job, work};
use super::wire::Wire;

/// A poller at work, and the wire it asks over.
struct Watched {
    poller: Poller,
    client: Client,
    wire: Wire,
}

impl Watched {
    async fn start(bench: &Bench) -> Result<Self> {
        let wire = bench.wire().await?;
        Ok(Self::over(Client::new(bench.options(wire.url()))?, wire))
    }

    fn over(client: Client, wire: Wire) -> Self {
        let engine = EngineIdentity { url: client.address().to_owned(), ..EngineIdentity::default() };
        let poller = task::start(Setup { client: client.clone(), engine, budget: 0.02, seed: 7, past: true });
        Self { poller, client, wire }
    }

    /// Waits for a snapshot of that kind.
    async fn until(&mut self, what: &str, wished: impl Fn(&Snapshot) -> bool) -> Result<Arc<Snapshot>> {
        let mut last = None;
        let seen = tokio::time::timeout(SOON, async {
            loop {
                let snapshot = self.poller.snapshots.borrow_and_update().clone();
                if wished(&snapshot) {
                    return Ok(snapshot);
                }
                last = Some(snapshot);
                self.poller.snapshots.changed().await?;
            }
        });
        match seen.await {
            Ok(snapshot) => snapshot,
            Err(_) => {
                let figures = last.as_ref().map(|snapshot| Figure::ALL.map(|figure| (figure.key(), snapshot.value(figure))));
                anyhow::bail!("no picture with {what} within {} s; the last: {:?}, {figures:?}", SOON.as_secs(), last.map(|last| last.link.clone()))
            }
        }
    }

    async fn settled(&mut self) -> Result<Arc<Snapshot>> {
        self.until("everything asked once", |snapshot| snapshot.settled && snapshot.link == Link::Live).await
    }

    fn send(&self, command: PollCommand) -> Result<()> {
        self.poller.commands.send(command).map_err(|_| anyhow::anyhow!("the poller is gone"))
    }

    /// Lists of incidents read so far: whole ones, and those that ask for what is newer.
    fn readings(&self) -> (usize, usize) {
        let seen = self.wire.seen();
        let lists = seen.iter().filter(|asked| asked.target.contains("/incident?") && !asked.target.contains("/history/"));
        let (newer, whole): (Vec<_>, Vec<_>) = lists.partition(|asked| asked.target.contains("incidentTimestampAfter"));
        (whole.len(), newer.len())
    }
}

/// One of every kind of trouble.
async fn troubles(bench: &Bench) -> Result<(Deployed, Deployed)> {
    let bottom = bench.deploy("bottom", [work()]).await?;
    let top = bench.deploy("top", [call(&bottom.key)]).await?;
    bench.start_failing(&top).await?;
    bench.start_failing(&bottom).await?;
    let retrying = bench.deploy("retrying", [job("work", "${failing.bean}", "R5/PT1H")]).await?;
    bench.start_failing(&retrying).await?;
    let topic = bench.name("topic");
    let booking = bench.deploy("booking", [external(&topic)]).await?;
    for _ in 0..4 {
        bench.driver().start(&booking.key, "booking", &json!({})).await?;
    }
    bench.driver().fetch_and_lock("slow", &topic, 1, Duration::from_millis(500)).await?;
    let locked = bench.driver().fetch_and_lock("held", &topic, 2, Duration::from_secs(3_600)).await?;
    bench.driver().retry_external_task(locked[0]["id"].as_str().context("an id")?, 0).await?;
    let keys = format!("processDefinitionKeyIn={},{}", bottom.key, top.key);
    bench.driver().await_count(&format!("/incident/count?{keys}"), SOON, |count| count == 3).await?;
    let path = format!("/job/count?processDefinitionKey={}&withException=true", retrying.key);
    bench.driver().await_count(&path, SOON, |count| count == 1).await?;
    tokio::time::sleep(Duration::from_millis(600)).await;
    Ok((bottom, top))
}

/// What the engine counts itself, figure by figure.
async fn counted(bench: &Bench) -> Result<Vec<(Figure, u64)>> {
    let now = query(&[("lockExpirationBefore", &date(jiff::Timestamp::now()))])?;
    let mut figures = Vec::new();
    for (figure, path) in [
        (Figure::JobsFailed, "/job/count?noRetriesLeft=true"),
        (Figure::JobsRetrying, "/job/count?withException=true&withRetriesLeft=true"),
        (Figure::JobsDue, "/job/count?executable=true&active=true"),
        (Figure::Instances, "/process-instance/count"),
        (Figure::ExternalFailed, "/external-task/count?noRetriesLeft=true"),
        (Figure::ExternalLocked, "/external-task/count?locked=true&withRetriesLeft=true"),
        (Figure::ExternalExpired, &format!("/external-task/count?withRetriesLeft=true&{now}")),
    ] {
        figures.push((figure, bench.driver().count(path).await?));
    }
    let statistics = bench.driver().get("/process-definition/statistics?rootIncidents=true").await?;
    let tallies = statistics.as_array().context("a list")?.iter().flat_map(|row| row["incidents"].as_array().into_iter().flatten());
    let roots: u64 = tallies.filter_map(|tally| tally["incidentCount"].as_u64()).sum();
    figures.push((Figure::IncidentsRoot, roots));
    figures.push((Figure::IncidentsBlocked, bench.driver().count("/incident/count").await? - roots));
    Ok(figures)
}

pub async fn every_figure_is_what_the_engine_counts_itself(bench: Bench) -> Result<()> {
    troubles(&bench).await?;
    let mut watched = Watched::start(&bench).await?;
    let counts = until("a moment of rest", async || {
        let counts = counted(&bench).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        Ok((counted(&bench).await? == counts).then_some(counts))
    })
    .await?;
    for figure in [Figure::JobsFailed, Figure::JobsRetrying, Figure::IncidentsRoot, Figure::IncidentsBlocked, Figure::ExternalExpired] {
        ensure!(counts.iter().any(|(known, count)| *known == figure && *count > 0), "a count of 0 proves little: {figure:?} in {counts:?}");
    }
    let same = |snapshot: &Snapshot| counts.iter().all(|(figure, count)| snapshot.value(*figure) == Some(*count as f64));
    let snapshot = watched.until(&format!("these figures: {counts:?}"), same).await?;
    ensure!(snapshot.engine.version.as_ref().map(|text| text.as_wire()) == Some(bench.target().version.text.as_wire()));
    Ok(())
}

pub async fn groups_add_up_to_the_figures(bench: Bench) -> Result<()> {
    let (bottom, top) = troubles(&bench).await?;
    let mut watched = Watched::start(&bench).await?;
    let snapshot = watched.settled().await?;
    let set = snapshot.incidents.get().context("incidents were read")?;
    ensure!(set.complete && set.total == set.incidents.len() as u64 && set.total == bench.driver().count("/incident/count").await?, "{}", set.total);
    let sum = |part: fn(&bpmtop::model::grouping::Group) -> usize| snapshot.groups.groups.iter().map(part).sum::<usize>();
    let (roots, blocked) = (sum(|group| group.roots), sum(|group| group.blocked));
    ensure!(snapshot.value(Figure::IncidentsRoot) == Some(roots as f64), "{roots}");
    ensure!(snapshot.value(Figure::IncidentsBlocked) == Some(blocked as f64), "{blocked}");
    ensure!(roots + blocked == set.incidents.len());
    ensure!(sum(|group| group.signatures.iter().map(|signature| signature.incidents.len()).sum()) == roots, "every root has one signature");
    let ours = |group: &&bpmtop::model::grouping::Group| group.key.process.as_ref().is_some_and(|key| key.as_wire() == bottom.key);
    let group = snapshot.groups.groups.iter().find(ours).context("a group of our own")?;
    ensure!((group.roots, group.blocked, group.cause_hidden) == (2, 1, 0), "{group:?}");
    let place = group.blocked_at.first().context("the parent waits somewhere")?;
    ensure!(place.process.as_ref().is_some_and(|key| key.as_wire() == top.key), "{place:?}");
    ensure!(place.activity.as_ref().is_some_and(|id| id.as_wire() == "call"), "{place:?}");
    Ok(())
}

pub async fn a_new_incident_appears_without_reading_all_of_them_again(bench: Bench) -> Result<()> {
    let process = bench.failed("before", 2).await?;
    let mut watched = Watched::start(&bench).await?;
    let before = watched.settled().await?.incidents.get().context("incidents were read")?.incidents.len();
    let (whole, _) = watched.readings();
    ensure!(whole >= 1, "the first reading is a whole one");
    bench.start_failing(&process).await?;
    let size = |snapshot: &Snapshot| snapshot.incidents.get().map(|set| set.incidents.len());
    watched.until("one incident more", |snapshot| size(snapshot) == Some(before + 1)).await?;
    let (again, newer) = watched.readings();
    ensure!(again == whole && newer >= 1, "{again} whole readings after {whole}, {newer} for what is newer");
    bench.driver().repair_jobs(&format!("processDefinitionId={}", process.id.as_wire())).await?;
    let after = watched.until("three incidents less", |snapshot| size(snapshot) == Some(before - 2)).await?;
    let ours = |known: &Arc<KnownIncident>| known.incident.process_definition.as_ref() == Some(&process.id);
    ensure!(!after.incidents.get().context("incidents")?.incidents.values().any(ours), "what was repaired is gone");
    Ok(())
}

pub async fn pausing_stops_every_request(bench: Bench) -> Result<()> {
    let mut watched = Watched::start(&bench).await?;
    watched.settled().await?;
    watched.send(PollCommand::Pause(true))?;
    watched.until("a pause", |snapshot| matches!(snapshot.link, Link::Paused { .. })).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = (watched.wire.seen().len(), watched.client.usage().requests);
    tokio::time::sleep(Duration::from_secs(5)).await;
    ensure!(before == (watched.wire.seen().len(), watched.client.usage().requests), "{before:?} became {}", watched.wire.seen().len());
    watched.send(PollCommand::Pause(false))?;
    watched.until("life again", |snapshot| snapshot.link == Link::Live).await?;
    until("requests again", async || Ok((watched.wire.seen().len() > before.0).then_some(()))).await
}

pub async fn an_engine_that_goes_away_is_found_again(bench: Bench) -> Result<()> {
    bench.failed("outage", 1).await?;
    let mut watched = Watched::start(&bench).await?;
    let before = watched.settled().await?;
    watched.wire.cut();
    let down = watched.until("the loss", |snapshot| matches!(snapshot.link, Link::Down { .. })).await?;
    ensure!(down.value(Figure::IncidentsRoot) == before.value(Figure::IncidentsRoot), "the last figures stay, with their age");
    let attempts = watched.client.usage().requests;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let asked = watched.client.usage().requests - attempts;
    ensure!((1..=4).contains(&asked), "{asked} attempts in four seconds");
    let process = bench.failed("meanwhile", 1).await?;
    watched.wire.mend();
    let known = |snapshot: &Snapshot| {
        let set = snapshot.incidents.get()?;
        set.incidents.values().find(|known| known.incident.process_definition.as_ref() == Some(&process.id)).cloned()
    };
    let back = watched.until("the engine and what happened meanwhile", |snapshot| snapshot.link == Link::Live && known(snapshot).is_some()).await?;
    ensure!(back.incidents.problem.is_none());
    Ok(())
}

pub async fn a_refused_login_is_tried_once_and_a_right_one_goes_on(bench: Bench) -> Result<()> {
    let user = bench.user("poller").await?;
    let wire = bench.wire().await?;
    let mut watched = Watched::over(bench.client_of(&user, "wrong", &wire)?, wire);
    let refused = watched.until("the refusal", |snapshot| matches!(snapshot.link, Link::LoginRefused { .. })).await?;
    let Link::LoginRefused { problem } = &refused.link else { unreachable!("it was waited for") };
    ensure!(problem.label == ErrorKind::Unauthorized.label(), "{problem:?}");
    // Longer than the three seconds that one wrong login locks an account.
    tokio::time::sleep(Duration::from_secs(4)).await;
    ensure!(watched.wire.seen().len() == 1, "{} requests with a wrong login", watched.wire.seen().len());
    watched.send(PollCommand::Login { user: user.clone(), password: bench.password().into() })?;
    let live = watched.settled().await?;
    ensure!(live.engine.user.as_deref() == Some(user.as_str()), "{:?}", live.engine);
    ensure!(live.value(Figure::Instances).is_some());
    Ok(())
}

pub async fn the_requests_of_a_poller_are_bounded_and_counted_honestly(bench: Bench) -> Result<()> {
    let mut watched = Watched::start(&bench).await?;
    watched.settled().await?;
    ensure!(watched.wire.seen().len() < 40, "{} requests for the first picture", watched.wire.seen().len());
    let before = watched.wire.seen().len();
    tokio::time::sleep(Duration::from_secs(12)).await;
    let asked = watched.wire.seen().len() - before;
    ensure!((20..=60).contains(&asked), "{asked} requests in twelve seconds");
    let snapshot = watched.poller.snapshots.borrow().clone();
    let (told, sent) = (snapshot.cost.requests, watched.wire.seen().len() as u64);
    ensure!(sent.abs_diff(told) <= 6, "{told} told, {sent} sent");
    ensure!(snapshot.cost.busy_percent <= 2.0 * snapshot.cost.budget_percent && snapshot.cost.distance.is_some(), "{:?}", snapshot.cost);
    let peak = watched.wire.connections();
    ensure!(peak <= 6, "{peak} connections: they are used again");
    Ok(())
}

pub async fn what_somebody_looks_at_is_read_and_described(bench: Bench) -> Result<()> {
    let process = bench.failed("looked-at", 1).await?;
    let mut watched = Watched::start(&bench).await?;
    let snapshot = watched.settled().await?;
    let ours = |known: &&Arc<KnownIncident>| known.incident.process_definition.as_ref() == Some(&process.id);
    let known = snapshot.incidents.get().context("incidents")?.incidents.values().find(ours).context("ours")?.clone();
    let definition = known.incident.job_definition.clone().context("it has a job definition")?;
    let looking =
        Looking { job_definitions: vec![definition.clone()], definitions: vec![process.id.clone()], incidents: vec![Arc::clone(&known)], ..Looking::default() };
    watched.send(PollCommand::Look(looking))?;
    let job = JobId::from(known.incident.configuration.clone().context("it names its job")?);
    let instance = known.incident.process_instance.clone().context("it has an instance")?;
    let full = watched
        .until("everything about the row", |snapshot| {
            snapshot.job_counts.get(&definition).is_some_and(|section| section.get().is_some_and(|counts| (counts.jobs, counts.failed) == (1, 1)))
                && snapshot.activity_names.contains_key(&process.id)
                && snapshot.jobs.get(&job).is_some_and(|section| section.get().is_some_and(Option::is_some))
                && snapshot.instances.get(&instance).is_some_and(|section| section.get().is_some_and(Option::is_some))
        })
        .await?;
    ensure!(full.activity_names[&process.id].name(&"work".into()).is_some_and(|name| name.as_wire() == "Name of work"));
    watched.send(PollCommand::Describe(Arc::clone(&known)))?;
    let told = tokio::time::timeout(SOON, watched.poller.told.recv()).await?.context("the poller is gone")?;
    let Told::Described(described) = told else { anyhow::bail!("{told:?}") };
    ensure!(described.incident == known.incident.id);
    let Ok(FailedWork::Job(Some(read))) = &described.work else { anyhow::bail!("{:?}", described.work) };
    ensure!(read.id == job && matches!(&described.instance, Some(Ok(Some(row))) if row.id == instance), "{described:?}");
    let trace = described.trace.map_err(|problem| anyhow::anyhow!(problem.what))?.context("a failed job has a trace")?;
    ensure!(trace.as_wire().contains("failing"), "{trace:.200}");
    Ok(())
}

pub async fn job_rates_follow_the_engines_counters(bench: Bench) -> Result<()> {
    let mut watched = Watched::start(&bench).await?;
    watched.settled().await?;
    let process = bench.deploy("traffic", [job("work", "${true}", "R1/PT0S")]).await?;
    for _ in 0..20 {
        bench.driver().start(&process.key, "traffic", &json!({})).await?;
    }
    let rate = |snapshot: &Snapshot| snapshot.value(Figure::JobsSucceededRate);
    watched.until("jobs per second", |snapshot| rate(snapshot).is_some_and(|rate| rate > 1.0)).await?;
    watched.until("rest", |snapshot| rate(snapshot) == Some(0.0)).await?;
    Ok(())
}
