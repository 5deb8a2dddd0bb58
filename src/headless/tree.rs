//! `bpmtop tree`: finds an instance by id, incident or business key, reads the tree of called instances around it once, and prints it.

mod report;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::stream::{StreamExt as _, iter};

use super::missing::{is_for_good, is_slow, may_pass};
use super::once::{Deadline, Unread, once};
use super::{Extent, Printed, Request};
use crate::bpmn;
use crate::engine::{Client, EngineError, EngineVersion, ErrorKind, HistoricIncidentFilter, HistoricIncidentQuery, HistoricInstanceFilter};
use crate::engine::{HistoricInstanceQuery, InstanceFilter, InstanceOrder, InstanceQuery, Order, Page, RunningOrder};
use crate::model::call_tree::{Content, Facts, NodeKey, Row, Target, Top, Tree, Unfolded, View, build};
use crate::model::diagram::Diagram;
use crate::model::engine_job::{BatchProgress, EngineJob, is_engine_work};
use crate::model::failing;
use crate::model::grouping::KnownIncident;
use crate::model::ids::{IncidentId, JobId, ProcessDefinitionId, ProcessInstanceId};
use crate::model::incident::Incident;
use crate::model::inquiry::{Finding, Inquiry, Standing};
use crate::model::search::Needle;
use crate::model::section::{Moment, Problem};
use crate::model::snapshot::{Definitions, EngineIdentity, KnownNames};
use crate::poll::inquire::Counter;
use crate::poll::task::Setup;
use crate::session::{Session, Stop};
use crate::text::EngineText;

/// Pauses before what an engine was too busy for is asked again, the last of them again and again: one question at a time.
const PAUSES: [Duration; 4] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

/// Rounds of asking again that bring nothing, after which an engine is left alone: one that is too slow now may work through its jobs for half a
/// minute, one that fails mostly fails again.
const SLOW_IN_VAIN: usize = 6;
const FAILED_IN_VAIN: usize = 2;

/// Reasons told of what is missing.
const MOST_REASONS: usize = 10;

/// Trees printed for one business key.
const MOST_TREES: usize = 10;

/// Instances unfolded in one tree; what is below others is left out, and said so.
const MOST_UNFOLDED: usize = 100;

/// Inquiries for one tree: each instance takes about four.
const MOST_ANSWERS: usize = 4_000;

/// Diagrams read at once.
const AT_ONCE: usize = 4;

/// Definitions whose activities are read by name; beyond, activities keep their ids.
const NAMED: usize = 20;

/// Diagrams read at most, those of called processes included.
const MOST_DIAGRAMS: usize = 60;

/// What to look for, and how much to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Id of an instance or incident, or a business key.
    pub what: String,
    /// Whether instances that are over are shown too.
    pub ended: bool,
}

/// Reads the trees and returns what to print.
///
/// # Errors
///
/// When a file or the source of a secret cannot be used, the login was refused a while ago, the engine cannot be read, or it knows nothing
/// of what is looked for.
pub fn run(session: &Session, question: &Question, request: Request) -> Result<Printed, Stop> {
    let symbols = session.symbols();
    let read = once(session, request, "bpmtop tree", |setup, deadline| read(setup, question, deadline))?;
    let extent = if read.missing.is_empty() { Extent::Whole } else { Extent::Part };
    let text = if request.json { report::json(&read).map_err(Stop::setup)? } else { report::text(&read, symbols) };
    Ok(Printed { text, extent })
}

/// One tree with what was found out about it.
#[derive(Debug)]
pub struct Grown {
    /// The tree.
    pub tree: Tree,
    /// Instances of which is not known what they called, because the tree is too large.
    pub left_folded: usize,
    /// Rounds of inquiries, each of which waited for the one before.
    pub rounds: usize,
    /// Which of the engine's own work failed, with its batch, where that is what was asked for.
    pub work: Option<(EngineJob, Option<BatchProgress>)>,
    /// Why something is not known, once a reason; none where all was answered. What a login may not see is no reason.
    pub missing: Vec<String>,
}

/// All that was read.
#[derive(Debug)]
struct Read {
    engine: EngineIdentity,
    /// When the reading was done.
    at: Moment,
    what: String,
    trees: Vec<Grown>,
    /// Whether there are more trees than were read.
    more: bool,
    names: Names,
    /// Why something is not known; none where all that was asked was answered.
    missing: Vec<String>,
}

/// Names of what the trees hold.
#[derive(Debug, Default)]
struct Names {
    definitions: Definitions,
    activities: HashMap<ProcessDefinitionId, std::sync::Arc<Diagram>>,
}

impl Names {
    fn known(&self) -> KnownNames<'_> {
        KnownNames { definitions: Some(&self.definitions), activities: &self.activities }
    }
}

fn unread(error: EngineError) -> Unread {
    let words = anyhow::anyhow!("{error}. {}", error.remedy());
    if error.stops_polling() { Unread::LoginRefused(words) } else { Unread::Failed(words) }
}

async fn read(setup: Setup, question: &Question, deadline: Deadline) -> Result<Read, Unread> {
    let client = setup.client;
    let mut engine = setup.engine;
    let late = || Unread::Failed(anyhow::anyhow!("the engine could not be read: {}", deadline.words()));
    let version = deadline.within(client.version()).await.ok_or_else(late)?.map_err(unread)?;
    engine.clock_offset = version.engine_time.map(|time| time.duration_since(Moment::now().wall)).filter(|offset| offset.abs().as_secs() >= 3);
    client.assume_version(EngineVersion::detect(version.data.clone(), None));
    engine.version = Some(version.data);
    if question.what.trim().is_empty() {
        return Err(Unread::Failed(anyhow::anyhow!("nothing is asked for; write: bpmtop tree ID|BUSINESS_KEY [PROFILE|URL]")));
    }
    let (targets, more) = deadline.within(find(&client, &question.what)).await.ok_or_else(late)?.map_err(unread)?;
    if targets.is_empty() {
        let what = crate::text::safe(&question.what).into_owned();
        return Err(Unread::Failed(anyhow::anyhow!(
            "no process instance, incident or business key {what}: it does not exist, is no longer in the history, or this login may not see it"
        )));
    }
    let counter = Counter::new(client.clone());
    let mut trees: Vec<Grown> = Vec::new();
    let mut missing = Vec::new();
    for target in targets {
        let work = match &target {
            Target::Incident(known) if is_engine_work(&known.incident) => {
                let job = known.incident.configuration.clone().map(JobId::from);
                Some(deadline.within(counter.work_of(known.incident.job_definition.as_ref(), job.as_ref())).await.ok_or_else(late)?.map_err(unread)?)
            }
            _ => None,
        };
        let grown = Grown { work, ..grow(&counter, target, question.ended, deadline).await.map_err(unread)? };
        for why in &grown.missing {
            if !missing.contains(why) {
                missing.push(why.clone());
            }
        }
        // Several instances with one business key mostly stand in one tree.
        let top = grown.tree.rows.first().map(|row| row.key.clone());
        if top.is_none() || !trees.iter().any(|known| known.tree.rows.first().map(|row| row.key.clone()) == top) {
            trees.push(grown);
        }
    }
    let names = match deadline.within(names(&client, &trees)).await {
        Some(names) => names.map_err(unread)?,
        // They are an ornament: ids stand in their place.
        None => Names::default(),
    };
    Ok(Read { engine, at: Moment::now(), what: question.what.clone(), trees, more, names, missing })
}

/// What a text may be: an instance, an incident, a business key; running ones first, then what the history knows.
///
/// # Errors
///
/// What concerns every request: no connection, no login, an engine that is too slow.
pub async fn find(client: &Client, what: &str) -> Result<(Vec<Target>, bool), EngineError> {
    let text = EngineText::from(what);
    let keyed = |only_roots| InstanceQuery {
        filter: InstanceFilter { business_key: Some(text.clone()), only_roots, ..InstanceFilter::default() },
        order: Some(RunningOrder::Id),
        page: Page::first(MOST_TREES as u32 + 1),
    };
    let (id, incident) = (ProcessInstanceId::from(what), IncidentId::from(what));
    let (roots, all) = (keyed(true), keyed(false));
    // A business key may be anything; what cannot be an id would be refused, or taken for another address.
    let may_be_id = Needle::typed(what).is_some_and(|needle| needle.may_be_id());
    let (by_id, by_incident, roots, all) = futures_util::future::join4(
        only_if(may_be_id, client.process_instance(&id)),
        only_if(may_be_id, client.incident(&incident)),
        client.process_instances_where(&roots),
        client.process_instances_where(&all),
    )
    .await;
    if let Some(row) = maybe(by_id)?.flatten() {
        return Ok((vec![Target::Instance(row.data.id)], false));
    }
    if let Some(row) = maybe(by_incident)?.flatten() {
        return Ok((vec![Target::Incident(KnownIncident::of(row.data))], false));
    }
    let (roots, all) = (roots?.data, all?.data);
    let rows = if roots.is_empty() { all } else { roots };
    if rows.is_empty() {
        return find_ended(client, what).await;
    }
    let more = rows.len() > MOST_TREES;
    Ok((rows.into_iter().take(MOST_TREES).map(|row| Target::Instance(row.id)).collect(), more))
}

async fn find_ended(client: &Client, what: &str) -> Result<(Vec<Target>, bool), EngineError> {
    let page = Page::first(MOST_TREES as u32 + 1);
    let id = ProcessInstanceId::from(what);
    let may_be_id = Needle::typed(what).is_some_and(|needle| needle.may_be_id());
    let filter = HistoricInstanceFilter { business_key: Some(EngineText::from(what)), ..HistoricInstanceFilter::default() };
    let keyed = HistoricInstanceQuery { filter, order: Some(InstanceOrder::ByStart(Order::Descending)), page };
    let filter = HistoricIncidentFilter { id: Some(IncidentId::from(what)), ..HistoricIncidentFilter::default() };
    let incidents = HistoricIncidentQuery { filter, by_creation: None, page: Page::first(1) };
    let (by_id, keyed, incidents) = futures_util::future::join3(
        only_if(may_be_id, client.historic_process_instance(&id)),
        client.historic_process_instances(&keyed),
        client.historic_incidents(&incidents),
    )
    .await;
    if let Some(row) = maybe(by_id)?.flatten() {
        return Ok((vec![Target::Instance(row.data.id)], false));
    }
    let incident = maybe(incidents)?.and_then(|answer| answer.data.into_iter().next());
    if let Some(instance) = incident.and_then(|row| row.incident.process_instance) {
        return Ok((vec![Target::Instance(instance)], false));
    }
    let rows = maybe(keyed)?.map(|answer| answer.data).unwrap_or_default();
    let more = rows.len() > MOST_TREES;
    Ok((rows.into_iter().take(MOST_TREES).map(|row| Target::Instance(row.id)).collect(), more))
}

/// Asks what makes sense only then.
async fn only_if<T>(wanted: bool, call: impl Future<Output = Result<Option<T>, EngineError>>) -> Result<Option<T>, EngineError> {
    if wanted { call.await } else { Ok(None) }
}

/// A question that is refused or not understood leaves the others to tell.
fn maybe<T>(result: Result<T, EngineError>) -> Result<Option<T>, EngineError> {
    match result {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::Unsupported | ErrorKind::Engine) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What can be done without, unless the login was refused: that ends everything.
fn ornament<T>(result: Result<T, EngineError>) -> Result<Option<T>, EngineError> {
    match result {
        Err(error) if error.stops_polling() => Err(error),
        other => Ok(other.ok()),
    }
}

/// What inquiries brought.
#[derive(Debug, Default)]
struct Answers(HashMap<Inquiry, Result<Finding, Problem>>);

impl Answers {
    /// What an engine was too busy for, wholly or in part, and may answer another time.
    fn unanswered(&self) -> Vec<Inquiry> {
        let mut open: Vec<Inquiry> = self.0.iter().filter(|(_, answer)| problem_of(answer).is_some_and(may_pass)).map(|(asked, _)| asked.clone()).collect();
        open.sort();
        open
    }

    /// Why something is not known, once a reason, with how often.
    fn reasons(&self) -> Vec<String> {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for problem in self.0.values().filter_map(problem_of).filter(|problem| !is_for_good(problem)) {
            *reasons.entry(&problem.what).or_default() += 1;
        }
        let all = reasons.len();
        let mut told: Vec<String> =
            reasons.into_iter().take(MOST_REASONS).map(|(why, times)| if times > 1 { format!("{why} ({times} times)") } else { why.to_owned() }).collect();
        if all > told.len() {
            told.push(format!("and {} more reasons", all - told.len()));
        }
        told
    }
}

/// Why an answer is none, or not whole.
fn problem_of(answer: &Result<Finding, Problem>) -> Option<&Problem> {
    match answer {
        Err(problem) => Some(problem),
        Ok(finding) => finding.problem(),
    }
}

impl Facts for Answers {
    fn answer(&self, inquiry: &Inquiry) -> Option<&Finding> {
        self.0.get(inquiry)?.as_ref().ok()
    }

    fn problem(&self, inquiry: &Inquiry) -> Option<&Problem> {
        self.0.get(inquiry)?.as_ref().err()
    }
}

/// Asks round by round until the tree is whole, or large enough, and once more for what a busy engine left unanswered.
///
/// # Errors
///
/// What concerns every request: no connection, no login.
pub async fn grow(counter: &Counter, target: Target, ended: bool, deadline: Deadline) -> Result<Grown, EngineError> {
    let mut view = View { show_ended: ended, ..View::of(target) };
    let mut answers = Answers::default();
    let mut rounds = 0;
    let mut in_vain = 0;
    loop {
        let tree = build(&view, &answers);
        unfold(&mut view, &tree);
        let new = wanted(&tree, &answers);
        let full = answers.0.len() > MOST_ANSWERS;
        if !new.is_empty() && !full {
            rounds += 1;
            let asked = new.len();
            let found = counter.answer_by(new, Some(deadline.until)).await?;
            let late = found.len() < asked;
            answers.0.extend(found);
            if !late {
                continue;
            }
        }
        let open = answers.unanswered();
        let is_late = tokio::time::Instant::now() >= deadline.until;
        let patience = if answers.0.values().filter_map(problem_of).any(is_slow) { SLOW_IN_VAIN } else { FAILED_IN_VAIN };
        if !open.is_empty() && !is_late && in_vain < patience {
            in_vain = if ask_again(counter, open, &mut answers, in_vain, deadline).await? { 0 } else { in_vain + 1 };
            continue;
        }
        let tree = build(&view, &answers);
        let left_folded = tree.rows.iter().filter(|row| matches!(&row.content, Content::Instance(node) if node.unfolded == Unfolded::Closed)).count();
        let mut missing = answers.reasons();
        if is_late && !wanted(&tree, &answers).is_empty() {
            missing.push(deadline.words());
        } else if full {
            missing.push(format!("the tree is larger than what {MOST_ANSWERS} questions tell; ask for an instance further down"));
        }
        return Ok(Grown { tree, left_folded, rounds, work: None, missing });
    }
}

/// What the rows of a tree still need, and was not asked.
fn wanted(tree: &Tree, answers: &Answers) -> Vec<Inquiry> {
    let places = tree.rows.iter().filter_map(|row| match &row.content {
        Content::Instance(node) if !matches!(node.standing, Some(Standing::Over(_))) => {
            let more = [Inquiry::Tokens(node.id.clone()), Inquiry::Incidents(node.id.clone())];
            Some(more.into_iter().take(if node.failing || node.bubbled > 0 { 2 } else { 1 }))
        }
        _ => None,
    });
    let wants = tree.wants.iter().cloned().chain(places.flatten()).chain(held_jobs(tree, answers));
    let mut new: Vec<Inquiry> = wants.filter(|want| !answers.0.contains_key(want)).collect();
    new.sort();
    new.dedup();
    new
}

/// Asks once more what was not answered, one after the other and after a pause: an engine that works through a thousand jobs has no time now, and
/// mostly has it soon. Whether that brought anything.
async fn ask_again(counter: &Counter, open: Vec<Inquiry>, answers: &mut Answers, tries: usize, deadline: Deadline) -> Result<bool, EngineError> {
    let before = open.len();
    let pause = PAUSES[tries.min(PAUSES.len() - 1)];
    if deadline.within(tokio::time::sleep(pause)).await.is_none() {
        return Ok(false);
    }
    for inquiry in open {
        answers.0.extend(counter.answer_by(vec![inquiry], Some(deadline.until)).await?);
    }
    Ok(answers.unanswered().len() < before)
}

/// How much is suspended in the whole engine, and where any job is, those of each instance.
fn held_jobs(tree: &Tree, answers: &Answers) -> Vec<Inquiry> {
    match answers.answer(&Inquiry::SuspendedCount) {
        Some(Finding::SuspendedCount(counts)) if counts.jobs > 0 => {
            let runs = |row: &Row| match &row.content {
                Content::Instance(node) if !matches!(node.standing, Some(Standing::Over(_))) => Some(Inquiry::HeldJobs(node.id.clone())),
                _ => None,
            };
            tree.rows.iter().filter_map(runs).collect()
        }
        _ => vec![Inquiry::SuspendedCount],
    }
}

/// Unfolds every instance, as long as there are not too many, and places where some instances fail.
fn unfold(view: &mut View, tree: &Tree) {
    for row in &tree.rows {
        let closed = matches!(&row.content, Content::Instance(node) if node.unfolded == Unfolded::Closed);
        if closed && view.opened.len() < MOST_UNFOLDED {
            view.opened.insert(row.key.clone());
        }
        if let (NodeKey::Fold(..), Content::Fold(fold)) = (&row.key, &row.content)
            && fold.unfolded == Unfolded::Closed
            && fold.failing > 0
            && tree.top != Top::Searching
        {
            view.opened.insert(row.key.clone());
        }
    }
}

/// Reads the names of what the trees hold. A name that cannot be read leaves its id to stand for it: no tree is lost for that.
async fn names(client: &Client, trees: &[Grown]) -> Result<Names, EngineError> {
    let mut wanted: Vec<ProcessDefinitionId> = Vec::new();
    for row in trees.iter().flat_map(|grown| &grown.tree.rows) {
        match &row.content {
            Content::Instance(node) => wanted.extend(node.definition.iter().chain(node.called_at.iter().filter_map(|(caller, _)| caller.as_ref())).cloned()),
            Content::Case(row) => wanted.extend(row.called_at.iter().filter_map(|(caller, _)| caller.clone())),
            Content::Fold(fold) => wanted.extend(fold.caller.iter().chain(&fold.process).cloned()),
            _ => {}
        }
    }
    wanted.sort();
    wanted.dedup();
    let mut names = Names::default();
    let rows = ornament(client.process_definitions(Page::first(1_000)).await)?.map(|answer| answer.data).unwrap_or_default();
    names.definitions.by_id = rows.into_iter().map(|row| (row.id.clone(), row)).collect();
    wanted.truncate(NAMED);
    let mut tried: HashSet<ProcessDefinitionId> = HashSet::new();
    // Where something failed in a process that it called, the diagrams of called ones are read, level by level.
    while !wanted.is_empty() {
        let diagrams = iter(&wanted).map(|id| async move { (id, client.process_definition_xml(id).await) }.boxed()).buffered(AT_ONCE);
        for (id, diagram) in diagrams.collect::<Vec<_>>().await {
            if let Some(read) = ornament(diagram)?.and_then(|diagram| bpmn::read(&diagram.data).ok()) {
                names.activities.insert(id.clone(), std::sync::Arc::new(read));
            }
        }
        tried.extend(std::mem::take(&mut wanted));
        let more = failing::unread(&names.known(), own(trees));
        wanted.extend(more.into_iter().filter(|id| !tried.contains(id)).take(MOST_DIAGRAMS.saturating_sub(tried.len())));
        wanted.sort();
        wanted.dedup();
    }
    Ok(names)
}

/// The incidents of the instances of these trees.
fn own(trees: &[Grown]) -> impl Iterator<Item = &Incident> {
    trees
        .iter()
        .flat_map(|grown| &grown.tree.rows)
        .filter_map(|row| if let Content::Instance(node) = &row.content { Some(node) } else { None })
        .flat_map(|node| &node.own)
        .map(|known| &known.incident)
}
