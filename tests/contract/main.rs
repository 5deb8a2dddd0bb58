//! Contract tests: what the product takes for granted about engines, run on real ones.
//!
//! `BPMTOP_CONTRACT_ENGINES=camunda-7.24.0 cargo test --test contract` starts that engine (a comma list, or `all`) and runs every test of
//! the table on it. `BPMTOP_CONTRACT_URL=http://…/engine-rest` runs them on an engine that is there already, logged in as
//! `BPMTOP_CONTRACT_USER` with `BPMTOP_CONTRACT_PASSWORD` (demo, demo); tests that need authorizations then need
//! `BPMTOP_CONTRACT_GUARDED_URL`, an engine that also compresses large answers. With neither, nothing is run: a plain `cargo test` needs no Java.
//!
//! An engine that cannot start fails its tests. The number of tests per engine is pinned, and every row and parameter of the catalogue must
//! have been exercised by the end of the run, so that no test can silently vanish.
//!
//! | file | what belongs there |
//! |---|---|
//! | `table.rs` | all tests, one line each |
//! | `bench.rs`, `actor.rs` | what a test is given, and somebody whose changes can be told from all others |
//! | `wire.rs`, `ledger.rs` | noting what was asked and what was proved |
//! | `diagrams.rs` | the processes |
//! | `../faults` | the fault matrix, shared with the tests that need no engine; `faulty.rs` fills it here |
//! | `killed.rs` | operators that are processes of their own, killed in the middle of an action; before anything else, whether this is one |
//! | `stand.rs` | starting the engines |
//! | the others | the tests |

#![allow(missing_docs)]

#[path = "../engine/mod.rs"]
mod engine;
#[path = "../faults/mod.rs"]
mod faults;

mod actions;
mod actor;
mod bench;
mod cancels;
mod cases;
mod changes;
mod definitions;
mod diagrams;
mod engine_work;
mod external;
mod faulty;
mod filters;
mod hidden;
mod history;
mod identity;
mod incidents;
mod instances;
mod jobs;
mod killed;
mod ledger;
mod lives;
mod login;
mod logs;
mod outcomes;
mod permissions;
mod picture;
mod plans;
mod printed;
mod put_back;
mod rights;
mod stand;
mod suspensions;
mod table;
mod trees;
mod wire;

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use libtest_mimic::{Arguments, Conclusion, Failed, Trial};
use stand::{Choice, Stand};
use table::{Company, On, Test, tests};

/// Tests that run on each engine. A change of these numbers is a decision, not an accident.
const PINNED: [(&str, u64); 3] = [("camunda-7.24.0", 225), ("camunda-7.18.0", 225), ("operaton-1.0.3", 225)];

/// Tests wait more than they work.
const THREADS: usize = 8;

/// The longest time for one test, once it may begin.
const LIMIT: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    if let Some(played) = killed::operator() {
        return played;
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let choices = match Choice::from_environment() {
        Ok(choices) => choices,
        Err(error) => {
            eprintln!("contract: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    if choices.is_empty() {
        println!("contract tests need an engine: set BPMTOP_CONTRACT_ENGINES=camunda-7.24.0 (or all), or BPMTOP_CONTRACT_URL; running 0 tests");
        return ExitCode::SUCCESS;
    }
    let runtime = Arc::new(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime"));
    // Every engine has its turn, whatever happened on the one before.
    let mut columns = Vec::new();
    let failures = Failures::default();
    let failed = choices.into_iter().filter(|choice| !run(choice.clone(), &arguments, &runtime, &failures, &mut columns)).count();
    ledger::print_table(&columns);
    failures.print();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What failed, of all engines. It is told once more at the very end: a long output is kept by its end.
#[derive(Clone, Default)]
struct Failures(Arc<Mutex<Vec<String>>>);

impl Failures {
    fn add(&self, name: &str, why: &str) -> Failed {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{name}: {why}"));
        Failed::from(why)
    }

    fn print(&self) {
        for failure in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            println!("failed: {failure}");
        }
    }
}

/// Runs the table on one engine.
fn run(choice: Choice, arguments: &Arguments, runtime: &Arc<tokio::runtime::Runtime>, failures: &Failures, columns: &mut Vec<ledger::Column>) -> bool {
    let stand = Arc::new(Stand::new(choice));
    let here: Vec<(usize, &Test)> = tests().enumerate().filter(|(_, test)| stand.offers(test.on)).collect();
    let left_out = tests().count() - here.len();
    let trials = here.into_iter().map(|(number, test)| trial(number, test, &stand, runtime, failures)).collect();
    let conclusion = libtest_mimic::run(arguments, trials);
    if arguments.list {
        return true;
    }
    if left_out > 0 {
        println!("{}: {left_out} tests need authorizations and were left out: BPMTOP_CONTRACT_GUARDED_URL names no engine", stand.name());
    }
    let complete = is_complete(&stand, &conclusion);
    if conclusion.num_filtered_out == 0
        && let Some(version) = stand.version()
    {
        columns.push(stand.ledger().column(stand.name(), &version));
    }
    // Engines stop here rather than at the end of the whole run: three at a time would be a crowd.
    runtime.block_on(stand.leave());
    complete && !conclusion.has_failed()
}

fn trial(number: usize, test: &'static Test, stand: &Arc<Stand>, runtime: &Arc<tokio::runtime::Runtime>, failures: &Failures) -> Trial {
    let (stand, runtime, failures) = (Arc::clone(stand), Arc::clone(runtime), failures.clone());
    let name = format!("{}::{}", stand.name(), test.name);
    let told = name.clone();
    Trial::test(name, move || {
        let outcome = runtime.block_on(async {
            let target = stand.target(test.on).await.map_err(|error| format!("the engine could not be started: {error}"))?;
            let _company = match test.company {
                Company::Any => stand.room(test.on).read().await.into(),
                Company::None => Room::from(stand.room(test.on).write().await),
            };
            match tokio::time::timeout(LIMIT, (test.run)(bench::Bench::new(target, number))).await {
                Ok(outcome) => outcome.map_err(|error| format!("{error:#}")),
                Err(_) => Err(format!("not done within {} s", LIMIT.as_secs())),
            }
        });
        outcome.map_err(|why| failures.add(&told, &why))
    })
}

/// A place at the engine, shared or alone; held while a test runs.
enum Room<'a> {
    Shared { _held: tokio::sync::RwLockReadGuard<'a, ()> },
    Alone { _held: tokio::sync::RwLockWriteGuard<'a, ()> },
}

impl<'a> From<tokio::sync::RwLockReadGuard<'a, ()>> for Room<'a> {
    fn from(held: tokio::sync::RwLockReadGuard<'a, ()>) -> Self {
        Self::Shared { _held: held }
    }
}

impl<'a> From<tokio::sync::RwLockWriteGuard<'a, ()>> for Room<'a> {
    fn from(held: tokio::sync::RwLockWriteGuard<'a, ()>) -> Self {
        Self::Alone { _held: held }
    }
}

/// Compares what ran with what should have.
fn is_complete(stand: &Stand, conclusion: &Conclusion) -> bool {
    let name = stand.name();
    let ran = conclusion.num_passed + conclusion.num_failed;
    if conclusion.num_filtered_out + conclusion.num_ignored > 0 {
        println!("{name}: {ran} contract tests run, {} filtered out: neither their number nor their coverage is checked", conclusion.num_filtered_out);
        return true;
    }
    let mut complete = true;
    match PINNED.iter().find(|(engine, _)| *engine == name) {
        Some((_, pinned)) => {
            println!("{name}: {ran} contract tests run (pinned {pinned})");
            complete = ran == *pinned;
        }
        None => println!("{name}: {ran} contract tests run (not pinned: not an engine of the rig)"),
    }
    if !On::EVERYWHERE.into_iter().all(|on| stand.offers(on)) {
        println!("{name}: how much of the catalogue was exercised is not checked, because tests were left out");
        return complete;
    }
    let Some(version) = stand.version() else { return false };
    let coverage = stand.ledger().coverage(&version);
    let missing = &coverage.missing;
    println!("{name}: {} rows and {} parameters of the catalogue, {} of them not exercised", coverage.rows, coverage.parameters, missing.len());
    for what in missing {
        println!("    {what}");
    }
    complete && missing.is_empty()
}
