//! A retry of ten thousand jobs: whether the pace is kept, and what it takes of memory.
//!
//! `cargo bench --bench bulk` performs it against a scripted engine in a process of its own, prints the figures, and fails if the pace is missed
//! by more than five percent or memory grows while it goes on. `BULK_JOBS` and `BULK_PACE` change the numbers. What the journal takes of
//! each request is told first: it is on the disk of the system's folder for temporary files, or of `TMPDIR`, before the request goes out.

#[path = "../tests/actions/errand.rs"]
mod errand;
#[path = "../tests/actions/plant.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod plant;
#[path = "../tests/scripted/mod.rs"]
mod scripted;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bpmtop::action::desk::{ActCommand, Acted, Setup, start};
use bpmtop::action::ledger::{Ledger, Stage};
use bpmtop::action::plan::Pace;
use bpmtop::action::verb::Role;
use bpmtop::engine::{Client, ClientOptions, EngineVersion};
use bpmtop::journal::{Entry, How, Journal, Sent};
use bpmtop::text::EngineText;
use plant::{Fate, Plant, World};

/// How far the pace may be missed.
const TOLERANCE: f64 = 0.05;

/// How much memory may grow between the first tenth and the end, in MiB.
const GROWTH: f64 = 12.0;

const SERVE: &str = "--serve-so-many-jobs";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some(SERVE), Some(number)) => runtime.block_on(serve(number.parse().expect("a number"))),
        // What cargo asks of every benchmark when tests are run.
        (Some("--test"), _) => {}
        _ => runtime.block_on(measure()),
    }
}

async fn serve(number: usize) {
    let plant = Plant::start(World::with_jobs(number, Fate::Succeeds)).await;
    println!("{}", plant.server.url());
    // Ends with its parent.
    let _ = tokio::task::spawn_blocking(|| std::io::stdin().lines().count()).await;
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn engine(number: usize) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args([SERVE, &number.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut url = String::new();
    BufReader::new(child.stdout.as_mut().expect("its words")).read_line(&mut url).expect("an address");
    (child, url.trim().to_owned())
}

/// Resident memory in MiB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a figure");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
}

/// What it takes to have it on the disk that a request goes out.
fn measure_the_journal(journal: &Journal) {
    let times = 1_000;
    let mut took: Vec<Duration> = (0..times)
        .map(|step| {
            let begun = Instant::now();
            journal.append(&Entry::Sent(Sent { action: "20260301T115959.000Z-journal".into(), step })).expect("a line");
            begun.elapsed()
        })
        .collect();
    took.sort();
    let micros = |part: usize| took[(took.len() - 1) * part / 100].as_micros();
    let most = 1.0 / (took.iter().sum::<Duration>().as_secs_f64() / f64::from(times as u32));
    println!("journal: {} microseconds a line in the middle, {} for 99 of 100, {most:.0} lines a second one after the other", micros(50), micros(99));
}

/// How it went so far: noted with each ledger that is told.
#[derive(Default)]
struct Course {
    /// Of how many jobs.
    jobs: usize,
    /// After how many sent ones memory is looked at next.
    next: usize,
    /// When the first ones were known to be sent, and how many.
    first: Option<(Instant, usize)>,
    /// Resident memory after the first tenth, in MiB.
    early: Option<f64>,
    /// The most of it from then on.
    most: f64,
    /// When all were known to be sent.
    sent_all: Option<Instant>,
}

impl Course {
    fn note(&mut self, ledger: &Ledger) {
        if ledger.sent > 0 {
            self.first.get_or_insert_with(|| (Instant::now(), ledger.sent));
        }
        if ledger.sent >= self.next {
            let memory = resident();
            println!("{:>6}  {memory:>6.1} MiB", ledger.sent);
            self.early.get_or_insert(memory);
            self.most = self.most.max(memory);
            self.next += self.jobs / 10;
        }
        if ledger.sent == self.jobs {
            self.sent_all.get_or_insert_with(Instant::now);
        }
    }
}

async fn measure() {
    let (jobs, asked) = (number("BULK_JOBS", 10_000), number("BULK_PACE", 200));
    let (mut child, url) = engine(jobs);
    let client = Client::new(ClientOptions::new(url.parse().expect("an address"))).expect("a client");
    client.assume_version(EngineVersion::detect(EngineText::from("7.24.0"), None));
    let identity = errand::engine(&url);
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Arc::new(Journal::open(folder.path()).expect("a journal"));
    measure_the_journal(&journal);
    let mut desk = start(Setup::of(client, identity.clone(), Role::Operator, journal));
    desk.commands
        .send(ActCommand::Perform(errand::retry(&identity.url, jobs, Pace { per_second: asked as f64, stop_at: 20, ..errand::FAST })))
        .expect("a desk");
    println!("sent      memory");
    let mut course = Course { jobs, next: jobs / 10, ..Course::default() };
    let over: Arc<Ledger> = loop {
        let Some(told) = desk.told.recv().await else { panic!("the desk is gone") };
        let Acted::Ledgers(ledgers) = told else { continue };
        let Some(ledger) = ledgers.last() else { continue };
        course.note(ledger);
        if matches!(ledger.stage, Stage::Over(_)) {
            break Arc::clone(ledger);
        }
    };
    let ((begun, before), ended) = (course.first.expect("something was sent"), course.sent_all.expect("all was sent"));
    let pace = (jobs - before) as f64 / (ended - begun).as_secs_f64();
    let off = (pace / asked as f64 - 1.0).abs();
    let settled = Instant::now().saturating_duration_since(ended);
    let growth = course.most - course.early.unwrap_or(course.most);
    println!("{}", over.summary());
    println!("pace {pace:.1}/s of {asked}/s asked for ({:.2} % off), memory grew by {growth:.1} MiB after the first tenth", 100.0 * off);
    println!("{} requests to read back; the last outcome {:.1} s after the last request", over.reading.requests, settled.as_secs_f64());
    desk.closing.close(How::Quit).await;
    child.kill().expect("the engine ends");
    child.wait().expect("the engine has ended");
    assert!(off < TOLERANCE, "the pace was missed");
    assert!(growth < GROWTH, "memory grows with what was sent");
    assert_eq!(over.counts().get("succeeded").map(|(_, count)| *count), Some(jobs), "{}", over.summary());
    assert!(settled < Duration::from_secs(10), "what became of them comes late");
}
