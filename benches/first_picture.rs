//! How long the first picture of an engine takes, beside the engine's own time for the same counts and statistics.
//!
//! `BPMTOP_BENCH_URL=… BPMTOP_USER=… BPMTOP_PASSWORD=… cargo bench --bench first_picture`; the rig's clone of 100,002 incidents is the case
//! that matters. Both sides ask four requests at once, in turn, so that the ratio holds on a noisy machine.

use std::time::{Duration, Instant};

use bpmtop::engine::{Client, ClientOptions, CountQuestion, ExternalTaskFilter, ExternalTaskIs, IncidentFilter, InstanceFilter, JobIs, Login};
use bpmtop::model::figure::{Figure, Unit};
use bpmtop::model::snapshot::{EngineIdentity, Snapshot};
use bpmtop::poll::task::{self, Setup};
use futures_util::future::{join, join_all};

/// Rounds that count; one before them warms both sides up.
const ROUNDS: usize = 5;

/// The first picture must be there by then.
const LIMIT: Duration = Duration::from_secs(120);

fn main() {
    let Ok(url) = std::env::var("BPMTOP_BENCH_URL") else {
        println!("first_picture needs an engine: set BPMTOP_BENCH_URL, BPMTOP_USER and BPMTOP_PASSWORD");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(compare(&url));
}

fn client(url: &str) -> Client {
    let variable = |name: &str| std::env::var(name).ok();
    let login = match (variable("BPMTOP_USER"), variable("BPMTOP_PASSWORD")) {
        (Some(user), Some(password)) => Login::Basic { user, password: password.into() },
        _ => Login::None,
    };
    Client::new(ClientOptions { login, ..ClientOptions::new(url.parse().expect("an address")) }).expect("a client")
}

async fn compare(url: &str) {
    let (mut own, mut ours) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let (engine, picture) = (engine_alone(url).await, first_picture(url).await);
        println!("round {round}: engine {:>6} ms, first picture {:>6} ms", engine.as_millis(), picture.as_millis());
        if round > 0 {
            own.push(engine);
            ours.push(picture);
        }
    }
    own.sort();
    ours.sort();
    let (own, ours) = (own[ROUNDS / 2], ours[ROUNDS / 2]);
    println!("median: engine {} ms, first picture {} ms, ratio {:.2}", own.as_millis(), ours.as_millis(), ours.as_secs_f64() / own.as_secs_f64());
}

/// The counts and statistics of the first picture, sent by hand.
async fn engine_alone(url: &str) -> Duration {
    let client = client(url);
    let started = Instant::now();
    client.identify().await.expect("an engine");
    let now = jiff::Timestamp::now();
    let expired = ExternalTaskFilter { is: vec![ExternalTaskIs::WithRetriesLeft], lock_ends_before: Some(now), ..ExternalTaskFilter::default() };
    let questions = [
        CountQuestion::Incidents(IncidentFilter::default()),
        CountQuestion::jobs([JobIs::NoRetriesLeft]),
        CountQuestion::jobs([JobIs::WithException, JobIs::WithRetriesLeft]),
        CountQuestion::jobs([JobIs::Executable, JobIs::Active]),
        CountQuestion::ProcessInstances(InstanceFilter::default()),
        CountQuestion::external_tasks([ExternalTaskIs::NoRetriesLeft]),
        CountQuestion::external_tasks([ExternalTaskIs::Locked]),
        CountQuestion::ExternalTasks(expired),
    ];
    let counts = join_all(questions.iter().map(|question| client.count(question)));
    let (statistics, counts) = join(client.process_statistics(), counts).await;
    statistics.expect("statistics");
    assert!(counts.iter().all(Result::is_ok), "{counts:?}");
    started.elapsed()
}

async fn first_picture(url: &str) -> Duration {
    let setup = Setup { client: client(url), engine: EngineIdentity::default(), budget: 0.02, seed: 7, past: false };
    let started = Instant::now();
    let mut poller = task::start(setup);
    let shown = async {
        while !is_shown(&poller.snapshots.borrow_and_update()) {
            poller.snapshots.changed().await.expect("a poller");
        }
    };
    tokio::time::timeout(LIMIT, shown).await.expect("a first picture");
    started.elapsed()
}

/// Whether totals and a ranking are on the screen.
fn is_shown(snapshot: &Snapshot) -> bool {
    let counted = Figure::ALL.into_iter().filter(|figure| figure.unit() == Unit::Count && *figure != Figure::JobsAcquired);
    counted.into_iter().all(|figure| snapshot.value(figure).is_some()) && (snapshot.groups.roots > 0 || snapshot.value(Figure::IncidentsRoot) == Some(0.0))
}
