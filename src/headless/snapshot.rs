//! `bpmtop snapshot`: reads the engine once and prints what the cockpit would show.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;

use super::engine_work::EngineWorkPart;
use super::failed::FailedPart;
use super::missing::is_for_good;
use super::once::{Deadline, Unread, once};
use super::{Extent, Printed, Request};
use crate::model::cause::{self, Causes};
use crate::model::engine_job;
use crate::model::failing;
use crate::model::figure::{Figure, Unit};
use crate::model::grouping::{Group, SignatureGroup, Stage};
use crate::model::inquiry::Inquiry;
use crate::model::naming;
use crate::model::rights::Trust;
use crate::model::scope::Scope;
use crate::model::scoped::{SCOPED_FIGURES, scoped};
use crate::model::snapshot::{Link, Snapshot};
use crate::model::suspension;
use crate::poll::command::{Looking, PollCommand};
use crate::poll::task;
use crate::session::{Session, Stop};
use crate::text::{count_exact, plural, safe, truncate};

/// Definitions whose activities are read by name; beyond, activities keep their ids.
const NAMED: usize = 200;

/// Pieces of the engine's own work that are looked into.
const WORKS: usize = 50;
/// The same for processes that were called by those, where something failed in one of them.
const MOST_CALLED: usize = 100;

/// Signatures that do not tell their cause, of which a few stack traces are read.
const CAUSES: usize = 20;

/// Reads the engine of a session and returns what to print.
///
/// # Errors
///
/// When a file or the source of a secret cannot be used, the login was refused a while ago, or the engine cannot be read.
pub fn run(session: Session, request: Request) -> Result<Printed, Stop> {
    // The past is read for sparklines, which nobody sees here.
    let read = once(&session, request, "bpmtop snapshot", |setup, deadline| read(task::Setup { past: false, ..setup }, deadline))?;
    let picture = Picture::of(&read, &session.scope);
    let text = if request.json { format!("{}\n", serde_json::to_string_pretty(&picture).map_err(Stop::setup)?) } else { picture.text(&read.snapshot) };
    Ok(Printed { text, extent: picture.extent() })
}

/// What was read.
#[derive(Debug)]
struct Read {
    snapshot: Arc<Snapshot>,
    /// Why not everything was asked; none where it was.
    cut_short: Option<String>,
}

async fn read(setup: task::Setup, deadline: Deadline) -> Result<Read, Unread> {
    let mut poller = task::start(setup);
    let Some(first) = deadline.within(settled(&mut poller.snapshots, 0)).await else { return cut_short(&poller.snapshots, deadline) };
    let first = first?;
    let mut definitions: Vec<_> = first.groups.groups.iter().filter_map(|group| group.definition.clone()).take(NAMED).collect();
    let works = first.groups.groups.iter().filter_map(|group| engine_job::inquiry(group.key.work.as_ref()?, &first)).take(WORKS);
    let mut inquiries = vec![Inquiry::SuspendedCount];
    for work in works {
        if !inquiries.contains(&work) {
            inquiries.push(work);
        }
    }
    let mut looks = 0;
    loop {
        looks += 1;
        let looking = Looking { definitions: definitions.clone(), inquiries: inquiries.clone(), ..Looking::default() };
        let _ = poller.commands.send(PollCommand::Look(looking));
        let Some(snapshot) = deadline.within(settled(&mut poller.snapshots, looks)).await else { return cut_short(&poller.snapshots, deadline) };
        let snapshot = snapshot?;
        let rows = snapshot.groups.groups.iter().flat_map(|group| &group.signatures);
        let causes: Vec<_> =
            rows.filter(|row| !row.samples.is_empty()).take(CAUSES).flat_map(cause::inquiries).filter(|new| !inquiries.contains(new)).collect();
        // Where something failed in a process that it called, the diagrams of called ones tell which; they are read level by level.
        let samples = snapshot.groups.groups.iter().flat_map(|group| &group.signatures).filter_map(SignatureGroup::sample);
        let mut more = failing::unread(&snapshot.names(), samples.map(|known| &known.incident));
        more.retain(|id| !definitions.contains(id));
        more.sort();
        more.dedup();
        more.truncate((NAMED + MOST_CALLED).saturating_sub(definitions.len()));
        // Causes are read once: what failed meanwhile is told by its message.
        if more.is_empty() && (looks > 1 || causes.is_empty()) {
            return Ok(Read { snapshot, cut_short: None });
        }
        if looks == 1 {
            inquiries.extend(causes);
        }
        definitions.extend(more);
    }
}

/// What is known once the limit is reached, if that is anything.
fn cut_short(snapshots: &watch::Receiver<Arc<Snapshot>>, deadline: Deadline) -> Result<Read, Unread> {
    let snapshot = snapshots.borrow().clone();
    let known = Figure::ALL.into_iter().any(|figure| snapshot.value(figure).is_some());
    if known {
        Ok(Read { snapshot, cut_short: Some(deadline.words()) })
    } else {
        Err(Unread::Failed(anyhow::anyhow!("the engine could not be read: {}", deadline.words())))
    }
}

/// Waits until everything was asked once. An engine that does not answer is not asked twice: a script wants to know now.
async fn settled(snapshots: &mut watch::Receiver<Arc<Snapshot>>, looks: u64) -> Result<Arc<Snapshot>, Unread> {
    loop {
        let snapshot = snapshots.borrow_and_update().clone();
        match &snapshot.link {
            Link::LoginRefused { problem } => return Err(Unread::LoginRefused(anyhow::anyhow!("{}. {}", problem.what, problem.remedy))),
            Link::Down { problem, .. } | Link::PollerFailed { problem } => {
                return Err(Unread::Failed(anyhow::anyhow!("{}. {}", problem.what, problem.remedy)));
            }
            _ if snapshot.waiting.is_some() => {
                let why = snapshot.waiting.as_ref().map(|(_, problem)| format!("{}. {}", problem.what, problem.remedy)).unwrap_or_default();
                return Err(Unread::Failed(anyhow::anyhow!(why)));
            }
            _ if snapshot.settled && snapshot.looks >= looks => return Ok(snapshot),
            _ => {}
        }
        snapshots.changed().await.map_err(|ended| Unread::Failed(ended.into()))?;
    }
}

/// What is printed. The field names are a promise to scripts.
#[derive(Debug, Serialize)]
struct Picture {
    engine: EnginePart,
    taken_at: Timestamp,
    scope: Option<ScopePart>,
    /// Whether everything that this login may see was read.
    complete: bool,
    /// Why not.
    incomplete: Vec<String>,
    kpis: serde_json::Map<String, serde_json::Value>,
    /// Null where incidents were not read.
    groups: Option<Vec<GroupPart>>,
    /// Null where they were not read.
    job_definitions: Option<Vec<JobDefinitionPart>>,
    suspended: SuspendedPart,
    warnings: Vec<String>,
}

/// What is suspended in the whole engine, whatever the scope; null where it is not known.
#[derive(Debug, Serialize)]
struct SuspendedPart {
    process_definitions: Option<usize>,
    job_definitions: Option<usize>,
    process_instances: Option<u64>,
    jobs: Option<u64>,
    /// Those of the jobs that would run now: retries left, and due.
    jobs_waiting: Option<u64>,
}

impl SuspendedPart {
    fn of(whole: &Snapshot) -> Self {
        let counts = suspension::counts(&whole.findings);
        Self {
            process_definitions: whole.definitions.get().map(|rows| rows.by_id.values().filter(|row| row.suspended).count()),
            job_definitions: whole.job_definitions.get().map(|rows| rows.iter().filter(|row| row.suspended).count()),
            process_instances: counts.map(|counts| counts.instances),
            jobs: counts.map(|counts| counts.jobs),
            jobs_waiting: counts.map(|counts| counts.waiting),
        }
    }

    fn words(&self) -> String {
        let count = |count: Option<u64>| count.map_or_else(|| "not known".to_owned(), count_exact);
        let wide = |count: Option<usize>| count.map(|count| count as u64);
        format!(
            "SUSPENDED: process definitions {}, job definitions {}, instances {}, jobs {} (waiting: {})",
            count(wide(self.process_definitions)),
            count(wide(self.job_definitions)),
            count(self.process_instances),
            count(self.jobs),
            count(self.jobs_waiting)
        )
    }
}

#[derive(Debug, Serialize)]
struct EnginePart {
    product: Option<String>,
    version: Option<String>,
    name: Option<String>,
}

/// What part is printed. Figures not named here count the whole engine.
#[derive(Debug, Serialize)]
struct ScopePart {
    text: String,
    kpis: Vec<&'static str>,
    /// Null where incidents were not read.
    blocked_from_outside: Option<usize>,
}

#[derive(Debug, Serialize)]
struct GroupPart {
    tenant: Option<String>,
    process_key: Option<String>,
    process_name: Option<String>,
    versions: Vec<i64>,
    activity_id: Option<String>,
    activity_name: Option<String>,
    incident_type: String,
    /// Where it is none of a process; null for all others.
    engine_work: Option<EngineWorkPart>,
    #[serde(skip)]
    place: String,
    /// Null while only some of the incidents were read.
    roots: Option<usize>,
    /// Null, as the times are, where not all incidents were read.
    blocked: Option<usize>,
    oldest: Option<Timestamp>,
    newest: Option<Timestamp>,
    /// Null where no incident was read; of those that were read where they are not complete.
    signatures: Option<Vec<SignaturePart>>,
    signatures_complete: bool,
}

#[derive(Debug, Serialize)]
struct SignaturePart {
    signature: String,
    /// The activity that failed: another than `activity_id` where the work stands at an earlier one of the same transaction.
    failed_activity_id: Option<String>,
    failed_activity_name: Option<String>,
    failed_process_key: Option<String>,
    failed_process_name: Option<String>,
    /// The innermost causes that the stack traces read name, most frequent first; empty where the message tells the cause.
    causes: Vec<CausePart>,
    causes_read: usize,
    count: usize,
    sample: Option<String>,
}

#[derive(Debug, Serialize)]
struct CausePart {
    cause: String,
    count: usize,
}

impl SignaturePart {
    /// The error, with where it failed if that is not where the work stands.
    fn words(&self, stands_at: Option<&str>) -> String {
        let error = match self.causes.as_slice() {
            [] => self.signature.clone(),
            [first, rest @ ..] => {
                let more = if rest.is_empty() { String::new() } else { format!(", {} more causes", rest.len()) };
                format!("{} (cause read for {} of {}{more})", first.cause, self.causes_read, self.count)
            }
        };
        let Some(failed) = self.failed_activity_id.as_deref().filter(|failed| Some(*failed) != stands_at) else { return error };
        let failed = self.failed_activity_name.as_deref().unwrap_or(failed);
        format!("failed at {}: {error}", safe(failed))
    }
}

#[derive(Debug, Serialize)]
struct JobDefinitionPart {
    id: String,
    process_key: Option<String>,
    activity_id: Option<String>,
    suspended: bool,
}

impl Picture {
    fn of(read: &Read, scope: &Scope) -> Self {
        let whole = &*read.snapshot;
        let within = scope.is_on().then(|| scoped(whole, scope));
        let snapshot = within.as_ref().map_or(whole, |within| &within.snapshot);
        let mut warnings = snapshot.warnings.clone();
        let kpis = Figure::ALL.into_iter().map(|figure| (figure.key().to_owned(), kpi(snapshot, figure, &mut warnings))).collect();
        let complete = snapshot.incidents.get().is_some_and(|set| set.complete);
        let incomplete = incomplete(read);
        // Groups of nothing are no answer: that there is none is only known once incidents were read.
        let grouped = complete || !snapshot.groups.groups.is_empty();
        for (what, problem) in [
            ("incidents", &snapshot.incidents.problem),
            ("process definitions", &snapshot.definitions.problem),
            ("job definitions", &snapshot.job_definitions.problem),
        ] {
            if let Some(problem) = problem {
                warnings.push(format!("{what} are not known: {}", problem.what));
            }
        }
        Self {
            engine: EnginePart {
                product: snapshot.engine.product.clone(),
                version: snapshot.engine.version.as_ref().map(ToString::to_string),
                name: snapshot.engine.engine_name.clone(),
            },
            taken_at: snapshot.taken.wall,
            complete: incomplete.is_empty(),
            incomplete,
            scope: within.as_ref().map(|within| ScopePart {
                text: safe(scope.typed()).into_owned(),
                kpis: SCOPED_FIGURES.map(Figure::key).to_vec(),
                blocked_from_outside: complete.then_some(within.blocked_from_outside),
            }),
            kpis,
            groups: grouped.then(|| snapshot.groups.groups.iter().map(|group| group_part(group, snapshot, complete)).collect()),
            job_definitions: snapshot.job_definitions.get().map(|rows| rows.iter().map(job_definition_part).collect()),
            suspended: SuspendedPart::of(whole),
            warnings,
        }
    }

    fn text(&self, snapshot: &Snapshot) -> String {
        let mut out = String::new();
        let engine = &self.engine;
        let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{} {} at {}, {}", known(&engine.product), known(&engine.version), snapshot.engine.url, self.taken_at);
        if let Some(scope) = &self.scope {
            let _ = writeln!(out, "scope: {}", scope.text);
        }
        for figure in Figure::ALL {
            let value = figure_text(figure, self.kpis.get(figure.key()).and_then(serde_json::Value::as_f64));
            let whole = if self.scope.is_some() && !SCOPED_FIGURES.contains(&figure) { "  whole engine" } else { "" };
            let _ = writeln!(out, "  {:<18}{value:>12}{whole}", figure.label());
        }
        let counted = |count: Option<usize>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
        if self.groups.is_none() {
            let _ = writeln!(out, "groups of incidents not known");
        }
        for group in self.groups.iter().flatten() {
            let (roots, blocked) = (counted(group.roots), counted(group.blocked));
            let signature = match group.signatures.as_deref() {
                None => "errors not known".to_owned(),
                Some([]) => String::new(),
                Some([only]) => only.words(group.activity_id.as_deref()),
                Some([first, ..]) => format!("{} of {roots}: {}", first.count, first.words(group.activity_id.as_deref())),
            };
            let of = if group.roots == Some(1) { "root " } else { "roots" };
            let _ = writeln!(out, "{roots:>7} {of} {blocked:>7} blocked  {}: {}", truncate(&group.place, 100), truncate(&signature, 100));
            let others = group.signatures.iter().flatten().skip(1);
            for other in others.filter(|other| other.failed_activity_id.is_some() && other.failed_activity_id != group.activity_id) {
                let words = format!("{} of {roots}: {}", other.count, other.words(group.activity_id.as_deref()));
                let _ = writeln!(out, "{:30}  {}", "", truncate(&words, 160));
            }
        }
        match &self.job_definitions {
            Some(rows) => drop(writeln!(out, "{}", plural(rows.len() as u64, "job definition"))),
            None => out.push_str("job definitions not known\n"),
        }
        let _ = writeln!(out, "{}", self.suspended.words());
        for warning in &self.warnings {
            let _ = writeln!(out, "warning: {warning}");
        }
        for why in &self.incomplete {
            let _ = writeln!(out, "INCOMPLETE: {why}");
        }
        out
    }

    /// How much of what was asked for this is: a picture without a figure is none.
    fn extent(&self) -> Extent {
        match (self.kpis.values().all(serde_json::Value::is_null), self.complete) {
            (true, _) => Extent::Nothing,
            (false, true) => Extent::Whole,
            (false, false) => Extent::Part,
        }
    }
}

/// What could not be read, and why. What this login may not see, or this engine does not have, is told by warnings, and so is that a rate needs two
/// readings: another run would find out no more.
fn incomplete(read: &Read) -> Vec<String> {
    let snapshot = &*read.snapshot;
    let mut why: Vec<String> = read.cut_short.iter().cloned().collect();
    let counts = Figure::ALL.into_iter().filter(|figure| figure.unit() == Unit::Count);
    let figures = counts.map(|figure| (figure.key(), snapshot.figures.get(&figure).and_then(|state| state.section.problem.as_ref())));
    let suspended = snapshot.findings.get(&Inquiry::SuspendedCount).and_then(|section| section.problem.as_ref());
    let parts = [
        ("incidents", snapshot.incidents.problem.as_ref()),
        ("process definitions", snapshot.definitions.problem.as_ref()),
        ("job definitions", snapshot.job_definitions.problem.as_ref()),
        ("permissions", snapshot.rights.problem.as_ref()),
        ("suspended instances and jobs", suspended),
    ];
    for (what, problem) in figures.chain(parts) {
        if let Some(problem) = problem.filter(|problem| !is_for_good(problem)) {
            why.push(format!("{what}: {}", problem.what));
        }
    }
    if why.is_empty() && snapshot.incidents.get().is_some_and(|set| !set.complete) {
        why.push("incidents: not all of them were read".to_owned());
    }
    why
}

fn figure_text(figure: Figure, value: Option<f64>) -> String {
    match (value, figure.unit()) {
        (None, _) => "not known".to_owned(),
        (Some(value), Unit::Count) => count_exact(value as u64),
        (Some(value), Unit::PerSecond) => format!("{value:.1}/s"),
    }
}

/// A figure as JSON; one that is not known is null with a warning, never 0.
fn kpi(snapshot: &Snapshot, figure: Figure, warnings: &mut Vec<String>) -> serde_json::Value {
    if let Some(value) = snapshot.value(figure) {
        if let Trust::Partial(right) = snapshot.trust(figure) {
            if value == 0.0 {
                warnings.push(format!("{} is not known: none is visible to this login, and {}", figure.key(), right.not_granted()));
                return serde_json::Value::Null;
            }
            warnings.push(format!("{} counts only what this login may see: {}", figure.key(), right.not_granted()));
        }
        return match figure.unit() {
            Unit::Count => (value as u64).into(),
            Unit::PerSecond => value.into(),
        };
    }
    let problem = snapshot.figures.get(&figure).and_then(|state| state.section.problem.as_ref());
    let why = match (problem, figure.unit()) {
        (Some(problem), _) => problem.what.clone(),
        (None, Unit::PerSecond) => "a rate needs two readings, and a snapshot takes one".to_owned(),
        (None, Unit::Count) => "this engine was not asked for it".to_owned(),
    };
    warnings.push(format!("{} is not known: {why}", figure.key()));
    serde_json::Value::Null
}

fn group_part(group: &Group, snapshot: &Snapshot, complete: bool) -> GroupPart {
    let place = naming::of_group(group, snapshot);
    let newest = group.newest_incident().and_then(|known| engine_job::of_incident(known, snapshot));
    // Before all incidents are read, the engine's statistics tell root incidents by process, and nothing else.
    let stage = snapshot.groups.stage;
    let read = stage == Stage::Complete;
    GroupPart {
        engine_work: newest.as_ref().map(EngineWorkPart::of),
        place: format!("{} / {}", place.process, place.what()),
        tenant: group.key.tenant.as_ref().map(ToString::to_string),
        process_key: group.key.process.as_ref().map(ToString::to_string),
        process_name: group.process_name.as_ref().map(ToString::to_string),
        versions: group.versions.keys().copied().collect(),
        activity_id: group.key.activity.as_ref().map(ToString::to_string),
        activity_name: group.activity_name.as_ref().map(ToString::to_string),
        incident_type: group.key.kind.to_string(),
        roots: (!matches!(stage, Stage::Sampled { .. })).then_some(group.roots),
        blocked: read.then_some(group.blocked),
        oldest: read.then_some(group.oldest),
        newest: read.then_some(group.newest),
        signatures: (stage != Stage::Processes).then(|| group.signatures.iter().map(|row| signature_part(row, snapshot)).collect()),
        signatures_complete: complete,
    }
}

fn signature_part(row: &SignatureGroup, snapshot: &Snapshot) -> SignaturePart {
    let names = &snapshot.names();
    let causes = Causes::of(row, snapshot);
    let failed = row.sample().map(|known| FailedPart::of(&known.incident, names)).unwrap_or_default();
    SignaturePart {
        signature: row.key.signature.to_string(),
        failed_activity_id: failed.activity,
        failed_activity_name: failed.name,
        failed_process_key: failed.process_key,
        failed_process_name: failed.process_name,
        causes_read: causes.as_ref().map_or(0, |causes| causes.read),
        causes: causes.map(|causes| causes.named).unwrap_or_default().into_iter().map(|(cause, count)| CausePart { cause, count }).collect(),
        count: row.incidents.len(),
        sample: row.sample().and_then(|known| known.incident.message.as_ref()).map(ToString::to_string),
    }
}

fn job_definition_part(row: &crate::model::job::JobDefinition) -> JobDefinitionPart {
    JobDefinitionPart {
        id: row.id.to_string(),
        process_key: row.process_key.as_ref().map(ToString::to_string),
        activity_id: row.activity.as_ref().map(ToString::to_string),
        suspended: row.suspended,
    }
}
