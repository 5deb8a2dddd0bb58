//! How soon the screen tells what became of a retry, once the engine has written down that the job ran through.
//!
//! `BPMTOP_CONTRACT_URL=http://…/engine-rest cargo bench --bench outcome`, logged in as `BPMTOP_CONTRACT_USER` with
//! `BPMTOP_CONTRACT_PASSWORD` (demo, demo), retries jobs that will succeed, one action each, and prints how long it takes
//! from the success in the job log, by the engine's clock, to the ledger that shows it. The engine must be one of this machine: both clocks
//! are then the same. `OUTCOME_RETRIES` changes their number.
//!
//! What comes before that, from the key to the success, is the engine's own time: its job executor takes a job when it looks for jobs again, an
//! idle one within a minute. The longer a job waits, the less often it is looked at. So there are two series: jobs that run at once, and jobs
//! that run some seconds later, each with another fraction of a second.

#[path = "../tests/contract/diagrams.rs"]
#[allow(dead_code, reason = "the contract tests use the rest")]
mod diagrams;
#[path = "../tests/engine/mod.rs"]
mod engine;

use std::sync::Arc;
use std::time::Duration;

use bpmtop::action::desk::{ActCommand, Acted, DeskHandle, Setup, start};
use bpmtop::action::ledger::Stage;
use bpmtop::action::outcome::{Outcome, Proof};
use bpmtop::action::plan::{Choices, Plan};
use bpmtop::action::verb::Role;
use bpmtop::action::wish::{Asked, Wish};
use bpmtop::engine::{Client, ClientOptions, Due, JobLogFilter, JobLogQuery, Login, Order, Page};
use bpmtop::journal::{How, Journal};
use bpmtop::model::history::JobEvent;
use bpmtop::model::ids::JobId;
use bpmtop::model::section::Moment;
use bpmtop::model::snapshot::{EngineIdentity, Snapshot};
use engine::driver::{self, Driver};
use jiff::Timestamp;
use serde_json::json;

/// What is promised.
const PROMISED: Duration = Duration::from_secs(2);

/// An idle executor may sleep for a minute.
const LIMIT: Duration = Duration::from_secs(100);

fn main() {
    let Some(url) = std::env::var("BPMTOP_CONTRACT_URL").ok().filter(|_| !std::env::args().any(|argument| argument == "--test")) else {
        println!("outcome needs an engine of this machine: set BPMTOP_CONTRACT_URL, BPMTOP_CONTRACT_USER and BPMTOP_CONTRACT_PASSWORD");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(measure(&url));
}

async fn measure(url: &str) {
    let variable = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let (user, password) = (variable("BPMTOP_CONTRACT_USER", "demo"), variable("BPMTOP_CONTRACT_PASSWORD", "demo"));
    let retries: usize = variable("OUTCOME_RETRIES", "20").parse().expect("a number");
    let driver = Driver::new(url, Some(driver::Login::new(&user, &password))).expect("a driver");
    let login = Login::Basic { user: user.clone(), password: password.into() };
    let client = Client::new(ClientOptions { login, ..ClientOptions::new(url.parse().expect("an address")) }).expect("a client");
    let version = client.identify().await.expect("an engine").data;
    let folder = tempfile::tempdir().expect("a folder");
    let identity = EngineIdentity { url: client.address().to_owned(), version: Some(version.text.clone()), user: Some(user), ..EngineIdentity::default() };
    let journal = Arc::new(Journal::open(folder.path()).expect("a journal"));
    let desk = start(Setup::of(client.clone(), identity.clone(), Role::Operator, journal));
    let picture = Arc::new(Snapshot::empty(identity, Moment::now()));
    let mut bench = Bench { desk, picture, client, asked: 0 };
    println!("{} · {retries} single retries that succeed, of each kind", version.text);
    for kind in [Kind::AtOnce, Kind::Later] {
        let (mut engines, mut ours) = (Vec::new(), Vec::new());
        let jobs = repaired(&driver, retries).await;
        for jobs in jobs.chunks(kind.together()) {
            for Times { begun, ran, shown } in bench.retry(jobs, kind).await {
                engines.push(between(begun, ran));
                ours.push(between(ran, shown));
            }
        }
        println!("{}", kind.words());
        print("  from the key to the success in the job log, the engine's own time", &mut engines);
        print("  from there to the outcome on the screen", &mut ours);
        let late = ours.iter().filter(|took| **took > PROMISED.as_secs_f64()).count();
        println!("  later than the {} s that are promised: {late} of {}", PROMISED.as_secs(), ours.len());
    }
    bench.desk.closing.close(How::Quit).await;
}

/// When a job runs.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    AtOnce,
    Later,
}

impl Kind {
    /// Actions under way at the same time, each of which reads by itself.
    fn together(self) -> usize {
        match self {
            Self::AtOnce => 1,
            Self::Later => 4,
        }
    }

    /// The due date of the so many-th: spread over the time between two looks.
    fn due(self, number: u64) -> Due {
        match self {
            Self::AtOnce => Due::Now,
            Self::Later => Due::At(Timestamp::now() + Duration::from_millis(6_000 + 370 * number % 2_100)),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::AtOnce => "run at once:",
            Self::Later => "run seven seconds later:",
        }
    }
}

/// What became of one retry, and when.
struct Times {
    begun: Timestamp,
    ran: Timestamp,
    shown: Timestamp,
}

struct Bench {
    desk: DeskHandle,
    picture: Arc<Snapshot>,
    client: Client,
    asked: u64,
}

/// Failed jobs that will succeed once they are tried again.
async fn repaired(driver: &Driver, number: usize) -> Vec<JobId> {
    let key = format!("outcome-{:x}", Timestamp::now().as_millisecond());
    driver.deploy_xml(&format!("{key}.bpmn"), &diagrams::process(&key, [diagrams::work()]), None).await.expect("a deployment");
    let instances = driver.start_many(&key, number, "outcome", &json!({"ok": false})).await.expect("instances");
    let count = format!("/incident/count?processDefinitionKeyIn={key}");
    driver.await_count(&count, LIMIT, |count| count == number as u64).await.expect("incidents");
    for instance in &instances {
        driver.set_variable(instance, "ok", &json!(true)).await.expect("it is written");
    }
    let jobs = driver.job_ids(&format!("processDefinitionKey={key}")).await.expect("jobs");
    jobs.iter().map(|id| JobId::from(id.as_str())).collect()
}

impl Bench {
    /// Retries these jobs, one action each.
    async fn retry(&mut self, jobs: &[JobId], kind: Kind) -> Vec<Times> {
        let mut plans = Vec::new();
        for job in jobs {
            plans.push(self.plan(job, kind.due(self.asked)).await);
        }
        let begun = Timestamp::now();
        for plan in &plans {
            self.desk.commands.send(ActCommand::Perform(Arc::clone(plan))).expect("a desk");
        }
        let shown = tokio::time::timeout(LIMIT, self.shown(&plans)).await.expect("outcomes in time");
        let mut times = Vec::new();
        for (job, shown) in jobs.iter().zip(shown) {
            times.push(Times { begun, ran: success(&self.client, job).await, shown });
        }
        times
    }

    async fn plan(&mut self, job: &JobId, due: Due) -> Arc<Plan> {
        self.asked += 1;
        let what = Asked::RetryItems { jobs: vec![job.clone()], tasks: Vec::new() };
        let wish = Arc::new(Wish { about: "a benchmark".to_owned(), what });
        self.desk.commands.send(ActCommand::Plan { asking: self.asked, wish, picture: Arc::clone(&self.picture) }).expect("a desk");
        loop {
            if let Acted::Planned(asking, plan) = self.desk.told.recv().await.expect("a desk")
                && asking == self.asked
            {
                let mut plan = Plan::clone(&plan.expect("a plan"));
                plan.choose(Choices { due, ..plan.choices.clone() });
                return Arc::new(plan);
            }
        }
    }

    /// When the ledgers first show the successes, as the cockpit is told of them; then the actions come to their end.
    async fn shown(&mut self, plans: &[Arc<Plan>]) -> Vec<Timestamp> {
        let mut shown = vec![None; plans.len()];
        loop {
            let Acted::Ledgers(ledgers) = self.desk.told.recv().await.expect("a desk") else { continue };
            let now = Timestamp::now();
            let mut over = 0;
            for (plan, shown) in plans.iter().zip(&mut shown) {
                let Some(ledger) = ledgers.iter().find(|ledger| ledger.plan.action == plan.action) else { continue };
                over += usize::from(matches!(ledger.stage, Stage::Over(_)));
                match &ledger.outcomes[0] {
                    Outcome::Succeeded(Proof::JobLog) => drop(shown.get_or_insert(now)),
                    outcome => assert!(!outcome.is_settled(), "{outcome:?}"),
                }
            }
            if over == plans.len() {
                return shown.into_iter().map(|shown| shown.expect("a success")).collect();
            }
        }
    }
}

/// When the engine wrote down that the job ran through.
async fn success(client: &Client, job: &JobId) -> Timestamp {
    let filter = JobLogFilter { job: Some(job.clone()), ..JobLogFilter::default() };
    let log = client.job_log(&JobLogQuery { filter, by_time: Some(Order::Descending), page: Page::first(20) }).await.expect("its log").data;
    log.into_iter().find(|entry| entry.event == JobEvent::Succeeded).expect("its success").at
}

fn between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

fn print(what: &str, seconds: &mut [f64]) {
    seconds.sort_by(f64::total_cmp);
    let (Some(least), Some(most)) = (seconds.first(), seconds.last()) else { return };
    println!("{what}: min {least:.2} s, median {:.2} s, max {most:.2} s", seconds[seconds.len() / 2]);
}
