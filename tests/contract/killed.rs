//! Operators killed with SIGKILL in the middle of an action. Each is a process of its own, this binary started again: no destructor, no task
//! and no buffer of it survives. What is left is its journal, and what the engine had taken by then.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use bpmtop::action::desk::ActCommand;
use bpmtop::action::ledger::{Ledger, Stage};
use bpmtop::action::outcome::{Outcome, Proof};
use bpmtop::action::plan::{ActionId, Choices, Pace};
use bpmtop::action::wish::Asked;
use bpmtop::engine::{Client, ClientOptions, Login};
use bpmtop::journal::{Answer, Archive, Standing, Story};
use bpmtop::model::grouping::KnownIncident;
use bpmtop::model::ids::{JobDefinitionId, ProcessDefinitionId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::actions::{Operator, definitions_of, incidents, instance_of, is_suspended, repair};
use super::bench::{Bench, Deployed, SOON};
use super::diagrams::{timer, work};

/// Names the part that this binary is to play instead of testing.
const SWITCH: &str = "BPMTOP_CONTRACT_OPERATOR";

/// Requests after which the operator is killed.
const SENT: usize = 4;

/// Requests of one action that may be under way at once, so that the journal need not know how they went.
const IN_FLIGHT: usize = 4;

/// For so long the engine writes down nothing more of an action whose program is dead.
const STILL: Duration = Duration::from_secs(1);

/// Targets of an action that is killed: at its pace it would need six seconds more.
const TARGETS: usize = 16;

const PER_SECOND: f64 = 2.0;

/// The part of an operator that is going to be killed.
#[derive(Serialize, Deserialize)]
struct Part {
    url: String,
    login: Option<(String, String)>,
    folder: PathBuf,
    what: Doing,
}

#[derive(Serialize, Deserialize)]
enum Doing {
    /// Freezes these job definitions.
    Freeze(Vec<String>),
    /// Retries all that failed in this process.
    Retry(String),
}

/// Plays the operator if this process was started for that.
pub fn operator() -> Option<ExitCode> {
    let part = std::env::var(SWITCH).ok()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let played = runtime.block_on(async { play(serde_json::from_str(&part)?).await });
    match played {
        Ok(()) => Some(ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("operator: {error:#}");
            Some(ExitCode::FAILURE)
        }
    }
}

async fn play(part: Part) -> Result<()> {
    let login = part.login.map_or(Login::None, |(user, password)| Login::Basic { user, password: password.into() });
    let client = Client::new(ClientOptions { login, ..ClientOptions::new(part.url.parse()?) })?;
    client.identify().await?;
    let asked = match &part.what {
        Doing::Freeze(definitions) => Asked::Freeze(definitions.iter().map(|id| JobDefinitionId::from(id.as_str())).collect()),
        Doing::Retry(process) => Asked::Retry(in_order(&client, &ProcessDefinitionId::from(process.as_str())).await?),
    };
    let mut operator = Operator::at(client, &part.folder)?;
    let pace = Pace { per_second: PER_SECOND, canary: 0, stop_at: 100 };
    let mut plan = (*operator.plan(asked, |choices| *choices = Choices { pace, ..choices.clone() }).await?).clone();
    if let Doing::Freeze(definitions) = &part.what {
        // Others work on this engine: only what is the test's own is frozen.
        plan.targets = plan.targets.iter().filter(|target| definitions.iter().any(|own| own == target.id())).cloned().collect();
    }
    operator.perform(&Arc::new(plan)).await?;
    Ok(())
}

/// The incidents of a process, always in the same order: a plan keeps it.
async fn in_order(client: &Client, process: &ProcessDefinitionId) -> Result<Vec<Arc<KnownIncident>>> {
    let mut found = incidents(client, process).await?;
    found.sort_by(|one, other| one.incident.id.cmp(&other.incident.id));
    Ok(found)
}

impl Doing {
    /// What the engine's log of operations is asked for to see all that this does.
    fn queries(&self) -> Vec<String> {
        match self {
            Self::Freeze(definitions) => definitions.iter().map(|id| format!("jobDefinitionId={id}")).collect(),
            Self::Retry(process) => vec![format!("processDefinitionId={process}")],
        }
    }
}

/// An operator at work, killed at the latest when the test is over.
struct Victim(Child);

impl Drop for Victim {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Has an operator begin and kills it as soon as its journal says that the fourth request goes out. Gives what the journal knows of it.
async fn killed_in_the_middle_of(bench: &Bench, folder: &Path, what: Doing) -> Result<Story> {
    let login = bench.target().admin.as_ref().map(|login| (login.user.clone(), login.password.clone()));
    let queries = what.queries();
    let part = Part { url: bench.client().address().to_owned(), login, folder: folder.to_owned(), what };
    let mut command = Command::new(std::env::current_exe()?);
    command.env(SWITCH, serde_json::to_string(&part)?).stdin(Stdio::null()).stdout(Stdio::null());
    let mut victim = Victim(command.spawn()?);
    let archive = Archive::at(folder);
    let begun = Instant::now();
    loop {
        // The line being written may be there in half.
        let stories = archive.stories(None).unwrap_or_default();
        if stories.iter().any(|story| story.sent.len() >= SENT) {
            break;
        }
        if let Some(status) = victim.0.try_wait()? {
            bail!("the operator ended by itself: {status}");
        }
        ensure!(begun.elapsed() < SOON, "the operator does not begin: {stories:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    victim.0.kill()?;
    let status = victim.0.wait()?;
    ensure!(status.signal() == Some(9), "it was killed, and did not end by itself: {status}");
    arrived(bench, &queries).await?;
    let mut stories = archive.stories(None)?;
    ensure!(stories.len() == 1, "{stories:?}");
    let story = stories.remove(0);
    ensure!(story.standing == Standing::Left && story.end.is_none(), "its end was not recorded: {story:?}");
    ensure!((SENT..TARGETS).contains(&story.sent.len()), "it was in the middle: {} sent", story.sent.len());
    Ok(story)
}

/// Waits until what was in flight has arrived, or never will: the engine writes down nothing more of it.
async fn arrived(bench: &Bench, queries: &[String]) -> Result<()> {
    let (begun, mut known) = (Instant::now(), None);
    loop {
        let mut written = 0;
        for query in queries {
            written += operations(bench, query).await?;
        }
        if known == Some(written) {
            return Ok(());
        }
        ensure!(begun.elapsed() < SOON, "the engine goes on: {known:?}, then {written} operations");
        known = Some(written);
        tokio::time::sleep(STILL).await;
    }
}

/// The targets of the requests that the journal says went out, and of those that it says were accepted.
fn sent_and_accepted(story: &Story) -> (BTreeSet<String>, BTreeSet<String>) {
    let of = |step: &u64| story.intent.requests[*step as usize].targets.iter().map(|at| story.intent.targets[*at as usize].id.as_wire().to_owned());
    let accepted = story.answers.iter().filter(|(_, answered)| answered.answer == Answer::Accepted);
    (story.sent.keys().flat_map(of).collect(), accepted.flat_map(|(step, _)| of(step)).collect())
}

async fn operations(bench: &Bench, query: &str) -> Result<usize> {
    Ok(bench.driver().list(&format!("/history/user-operation?{query}")).await?.len())
}

pub async fn a_freeze_killed_in_the_middle_is_thawed_by_another_run_and_nothing_else(bench: Bench) -> Result<()> {
    let mut definitions = Vec::new();
    for number in 0..TARGETS / 2 {
        let process = bench.deploy(&format!("cut{number}"), [timer(), work()]).await?;
        definitions.extend(definitions_of(&bench, &process).await?);
    }
    let elsewhere = definitions_of(&bench, &bench.deploy("asleep", [timer()]).await?).await?.remove(0);
    bench.driver().put(&format!("/job-definition/{}/suspended", elsewhere.as_wire()), &json!({"suspended": true})).await?;
    let folder = tempfile::tempdir()?;
    let all = definitions.iter().chain([&elsewhere]).map(|definition| definition.as_wire().to_owned()).collect();
    let story = killed_in_the_middle_of(&bench, folder.path(), Doing::Freeze(all)).await?;
    ensure!(story.intent.targets.len() == TARGETS, "what is suspended already is not frozen: {:?}", story.intent.targets);
    let (sent, accepted) = sent_and_accepted(&story);
    let mut frozen = BTreeSet::new();
    for definition in &definitions {
        if is_suspended(&bench, definition).await? {
            frozen.insert(definition.as_wire().to_owned());
        }
    }
    // The last ones were in flight: the engine alone knows.
    ensure!(accepted.is_subset(&frozen) && frozen.is_subset(&sent), "accepted {accepted:?}, frozen {frozen:?}, sent {sent:?}");
    ensure!(accepted.len() + IN_FLIGHT >= sent.len(), "accepted {accepted:?}, sent {sent:?}");

    let mut another = Operator::at(bench.client().clone(), folder.path())?;
    let left = another.journal.archive().under_way(None)?;
    ensure!(matches!(&left[..], [left] if left.sent as usize == sent.len() && left.of as usize == TARGETS && left.unknown.is_none()), "{left:?}");
    let plan = another.plan(Asked::Thaw(None), |_| ()).await?;
    let thawed: BTreeSet<String> = plan.targets.iter().map(|target| target.id().to_owned()).collect();
    ensure!(thawed == frozen, "{frozen:?} are suspended: {:?} {:?}", plan.targets, plan.left_out);
    let ledger = another.perform(&plan).await?;
    ensure!(ledger.outcomes.iter().all(|outcome| *outcome == Outcome::Succeeded(Proof::State)), "{:?}", ledger.outcomes);
    for definition in &definitions {
        ensure!(!is_suspended(&bench, definition).await?, "nothing of the freeze is left suspended");
        // Suspended and resumed, once each, or never touched.
        let touched = operations(&bench, &format!("jobDefinitionId={}&property=suspensionState", definition.as_wire())).await?;
        let expected = if frozen.contains(definition.as_wire()) { 2 } else { 0 };
        ensure!(touched == expected, "{definition}: {touched} operations instead of {expected}");
    }
    ensure!(is_suspended(&bench, &elsewhere).await?, "what was suspended before stays so");
    another.leave().await
}

/// What the engine itself wrote down of one job.
#[derive(Debug, PartialEq)]
struct Written {
    retries_set: usize,
    failures: usize,
    successes: usize,
}

async fn written(bench: &Bench, job: &str) -> Result<Written> {
    let log = bench.driver().list(&format!("/history/job-log?jobId={job}")).await?;
    let count = |what: &str| log.iter().filter(|entry| entry[what] == true).count();
    // Attempts, due date: one operation, one row for each property.
    let retries_set = operations(bench, &format!("jobId={job}&operationType=SetJobRetries&property=retries")).await?;
    Ok(Written { retries_set, failures: count("failureLog"), successes: count("successLog") })
}

/// Whether an outcome may be told of a job that had failed once before, and of which the engine wrote this down.
fn is_true(outcome: &Outcome, written: &Written) -> bool {
    let Written { retries_set, failures, successes } = *written;
    match outcome {
        Outcome::Succeeded(Proof::JobLog) => (retries_set, failures, successes) == (1, 1, 1),
        Outcome::FailedAgain { message: Some(_) } => (retries_set, failures, successes) == (1, 2, 0),
        Outcome::Stopped => (retries_set, failures, successes) == (0, 1, 0),
        // It was in flight, and never arrived.
        Outcome::NoTrace { .. } => (retries_set, failures, successes) == (0, 1, 0),
        _ => false,
    }
}

/// Every other of these jobs, in the order of the plan, runs through once it is retried: there are some of both kinds among the first few.
async fn half_repaired(bench: &Bench) -> Result<Deployed> {
    let process = bench.failed("shot", TARGETS as u64).await?;
    for known in in_order(bench.client(), &process.id).await?.iter().step_by(2) {
        repair(bench, &instance_of(known)?).await?;
    }
    Ok(process)
}

async fn recalled(another: &mut Operator, action: &str) -> Result<Arc<Ledger>> {
    let action = ActionId(action.to_owned());
    another.desk.commands.send(ActCommand::ReadBack(action.clone()))?;
    another.ledger_of(&action, |ledger| matches!(ledger.stage, Stage::Over(_))).await
}

pub async fn a_group_retry_killed_in_the_middle_is_read_back_truly_and_nothing_is_sent_twice(bench: Bench) -> Result<()> {
    let process = half_repaired(&bench).await?;
    let folder = tempfile::tempdir()?;
    let story = killed_in_the_middle_of(&bench, folder.path(), Doing::Retry(process.id.as_wire().to_owned())).await?;
    let (sent, accepted) = sent_and_accepted(&story);
    let mut another = Operator::at(bench.client().clone(), folder.path())?;
    let ledger = recalled(&mut another, story.intent.action.as_wire()).await?;
    let mut told = BTreeMap::new();
    for (target, outcome) in ledger.plan.targets.iter().zip(&ledger.outcomes) {
        let written = written(&bench, target.id()).await?;
        ensure!(written.retries_set <= 1, "{} was retried {} times", target.id(), written.retries_set);
        ensure!(is_true(outcome, &written), "told {outcome:?}, and the engine wrote {written:?}: {:?}", ledger.outcomes);
        ensure!(sent.contains(target.id()) != (*outcome == Outcome::Stopped), "{}: {outcome:?}, sent {sent:?}", target.id());
        ensure!(!accepted.contains(target.id()) || written.retries_set == 1, "{} is in the journal as accepted", target.id());
        *told.entry(outcome.name()).or_insert(0) += 1;
    }
    ensure!(told.values().sum::<usize>() == TARGETS && told.contains_key("succeeded") && told.contains_key("failed again"), "{told:?}");
    let known = another.journal.archive().action(story.intent.action.as_wire())?.context("the action")?;
    ensure!(known.standing == Standing::ReadBack && known.sent == story.sent, "reading back sends nothing: {known:?}");
    another.leave().await
}
