//! `bpmtop tree`: finds an instance by id, incident or business key, reads the tree of called instances around it once, and prints it.

mod report;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::stream::{StreamExt as _, iter};

use super::Request;
use super::once::{Unread, once};
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

/// The whole reading may take this long.
const LIMIT: Duration = Duration::from_secs(120);

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
pub fn run(session: &Session, question: &Question, request: Request) -> Result<String, Stop> {
    let symbols = session.symbols();
    let read = once(session, request, "bpmtop tree", LIMIT, |setup| read(setup, question))?;
    Ok(if request.json { report::json(&read).map_err(Stop::setup)? } else { report::text(&read, symbols) })
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

async fn read(setup: Setup, question: &Question) -> Result<Read, Unread> {
    let client = setup.client;
    let mut engine = setup.engine;
    let version = client.version().await.map_err(unread)?;
    engine.clock_offset = version.engine_time.map(|time| time.duration_since(Moment::now().wall)).filter(|offset| offset.abs().as_secs() >= 3);
    client.assume_version(EngineVersion::detect(version.data.clone(), None));
    engine.version = Some(version.data);
    if question.what.trim().is_empty() {
        return Err(Unread::Failed(anyhow::anyhow!("nothing is asked for; write: bpmtop tree ID|BUSINESS_KEY [PROFILE|URL]")));
    }
    let (targets, more) = find(&client, &question.what).await.map_err(unread)?;
    if targets.is_empty() {
        let what = crate::text::safe(&question.what).into_owned();
        return Err(Unread::Failed(anyhow::anyhow!(
            "no process instance, incident or business key {what}: it does not exist, is no longer in the history, or this login may not see it"
        )));
    }
    let counter = Counter::new(client.clone());
    let mut trees: Vec<Grown> = Vec::new();
    for target in targets {
        let work = match &target {
            Target::Incident(known) if is_engine_work(&known.incident) => {
                let job = known.incident.configuration.clone().map(JobId::from);
                Some(counter.work_of(known.incident.job_definition.as_ref(), job.as_ref()).await.map_err(unread)?)
            }
            _ => None,
        };
        let grown = Grown { work, ..grow(&counter, target, question.ended).await.map_err(unread)? };
        // Several instances with one business key mostly stand in one tree.
        let top = grown.tree.rows.first().map(|row| row.key.clone());
        if top.is_none() || !trees.iter().any(|known| known.tree.rows.first().map(|row| row.key.clone()) == top) {
            trees.push(grown);
        }
    }
    let names = names(&client, &trees).await.map_err(unread)?;
    Ok(Read { engine, at: Moment::now(), what: question.what.clone(), trees, more, names })
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

/// What inquiries brought.
#[derive(Debug, Default)]
struct Answers(HashMap<Inquiry, Result<Finding, Problem>>);

impl Facts for Answers {
    fn answer(&self, inquiry: &Inquiry) -> Option<&Finding> {
        self.0.get(inquiry)?.as_ref().ok()
    }

    fn problem(&self, inquiry: &Inquiry) -> Option<&Problem> {
        self.0.get(inquiry)?.as_ref().err()
    }
}

/// Asks round by round until the tree is whole, or large enough.
///
/// # Errors
///
/// What concerns every request: no connection, no login.
pub async fn grow(counter: &Counter, target: Target, ended: bool) -> Result<Grown, EngineError> {
    let mut view = View { show_ended: ended, ..View::of(target) };
    let mut answers = Answers::default();
    let mut rounds = 0;
    loop {
        let tree = build(&view, &answers);
        unfold(&mut view, &tree);
        let places = tree.rows.iter().filter_map(|row| match &row.content {
            Content::Instance(node) if !matches!(node.standing, Some(Standing::Over(_))) => {
                let more = [Inquiry::Tokens(node.id.clone()), Inquiry::Incidents(node.id.clone())];
                Some(more.into_iter().take(if node.failing || node.bubbled > 0 { 2 } else { 1 }))
            }
            _ => None,
        });
        let wants = tree.wants.iter().cloned().chain(places.flatten()).chain(held_jobs(&tree, &answers));
        let mut new: Vec<Inquiry> = wants.filter(|want| !answers.0.contains_key(want)).collect();
        new.sort();
        new.dedup();
        if new.is_empty() || answers.0.len() > MOST_ANSWERS {
            let left_folded = tree.rows.iter().filter(|row| matches!(&row.content, Content::Instance(node) if node.unfolded == Unfolded::Closed)).count();
            return Ok(Grown { tree, left_folded, rounds, work: None });
        }
        rounds += 1;
        answers.0.extend(counter.answer(new).await?);
    }
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

/// Reads the names of what the trees hold.
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
    let rows = maybe(client.process_definitions(Page::first(1_000)).await)?.map(|answer| answer.data).unwrap_or_default();
    names.definitions.by_id = rows.into_iter().map(|row| (row.id.clone(), row)).collect();
    wanted.truncate(NAMED);
    let mut tried: HashSet<ProcessDefinitionId> = HashSet::new();
    // Where something failed in a process that it called, the diagrams of called ones are read, level by level.
    while !wanted.is_empty() {
        let diagrams = iter(&wanted).map(|id| async move { (id, client.process_definition_xml(id).await) }.boxed()).buffered(AT_ONCE);
        for (id, diagram) in diagrams.collect::<Vec<_>>().await {
            // A diagram that cannot be read leaves its activities to their ids.
            if let Some(read) = maybe(diagram)?.and_then(|diagram| bpmn::read(&diagram.data).ok()) {
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
