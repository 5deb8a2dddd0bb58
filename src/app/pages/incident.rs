//! The describe page of one incident: fields, message, past and stack trace.

mod made;

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::Contents;
use crate::app::document::{Document, Line, Tone};
use crate::app::earlier;
use crate::app::keymap::Context;
use crate::app::list::Motion;
use crate::model::description::{Description, FailedWork};
use crate::model::engine_job::{self, Part, WorkKey};
use crate::model::external_task::{ExternalTask, Hold};
use crate::model::failing;
use crate::model::figure::Figure;
use crate::model::grouping::{KnownIncident, Names, SignatureKey, key_of};
use crate::model::history::JobEvent;
use crate::model::ids::{ProcessDefinitionId, ProcessInstanceId};
use crate::model::incident::Incident;
use crate::model::job::Job;
use crate::model::naming;
use crate::model::rights::Trust;
use crate::model::section::{Moment, Problem};
use crate::model::since;
use crate::model::snapshot::Snapshot;
use crate::model::succession::Succession;
use crate::model::suspension::Suspension;
use crate::poll::command::{Looking, PollCommand};
use crate::text::{SafeLines, age, plural};
use crate::triage::{Cause, innermost};

/// Page of one incident.
#[derive(Clone, Debug)]
pub struct IncidentPage {
    /// The incident: the newest of the work that the page is about, as it is now or was when it was open last.
    pub known: Arc<KnownIncident>,
    /// The incident of the same work that was open before, where it was replaced while the page was open.
    pub before: Option<Arc<KnownIncident>>,
    /// What the work ran into after it went through, where that is certain.
    pub moved_on: Option<Arc<KnownIncident>>,
    /// When the page was opened or asked to be read again.
    pub asked: Moment,
    /// What was read, once it has arrived.
    pub description: Option<Description>,
    /// What its stack trace names as the innermost cause.
    cause: Option<Cause>,
    /// Whether the incident is not open any more.
    pub gone: bool,
    /// What is read: fields, message, past, and the stack trace as foreign text.
    pub text: Document,
    zone: TimeZone,
    /// Whether what is shown of the work is to be read anew.
    stale: bool,
}

impl IncidentPage {
    /// A page that waits for its answers.
    pub fn new(known: Arc<KnownIncident>, snapshot: &Snapshot, zone: TimeZone, now: Moment) -> Self {
        let text = Document::default();
        let mut page = Self { known, before: None, moved_on: None, asked: now, description: None, gone: false, cause: None, text, zone, stale: false };
        page.renew(snapshot);
        page
    }

    /// Takes the answers in.
    fn take(&mut self, description: Description, snapshot: &Snapshot) {
        self.cause = description.trace.as_ref().ok().and_then(Option::as_ref).and_then(|trace| innermost(trace.as_wire()));
        self.text.set_tail(match &description.trace {
            Ok(Some(trace)) => trace.safe_lines(),
            _ => SafeLines::default(),
        });
        self.description = Some(description);
        self.renew(snapshot);
    }

    /// Notes a new snapshot: names may have arrived, the incident may have been resolved.
    fn renew(&mut self, snapshot: &Snapshot) {
        self.follow(snapshot);
        self.note_work(snapshot);
        self.gone = snapshot.incidents.get().is_some_and(|set| set.complete && !set.incidents.contains_key(&self.known.incident.id));
        self.text.set_head(head(self, snapshot));
    }

    /// Follows the work rather than the incident: a new incident of the same work takes its place, and a changed one is shown as it is now.
    fn follow(&mut self, snapshot: &Snapshot) {
        let Some(set) = snapshot.incidents.get().filter(|set| set.complete) else { return };
        if let Some(now) = set.incidents.get(&self.known.incident.id) {
            self.moved_on = None;
            if now.incident.process_definition != self.known.incident.process_definition {
                self.want(snapshot.taken);
            }
            self.known = Arc::clone(now);
            return;
        }
        match set.successor(&self.known.incident) {
            Some(Succession::FailedAgain(now)) => {
                self.before = Some(std::mem::replace(&mut self.known, now));
                self.moved_on = None;
                // Nothing that was read of the earlier failure may stand below the new one.
                self.description = None;
                self.text.set_tail(SafeLines::default());
                self.text.top = 0;
                self.want(snapshot.taken);
            }
            Some(Succession::MovedOn(now)) => self.moved_on = Some(now),
            None => self.moved_on = None,
        }
    }

    /// Has the page read anew where its job or external task is another than was read: a retry of the job definition keeps the incident.
    fn note_work(&mut self, snapshot: &Snapshot) {
        let Some(description) = &self.description else { return };
        let newer = |taken: Option<Moment>| taken.filter(|taken| taken.instant > self.asked.instant && taken.instant > description.read.instant);
        let changed = match &description.work {
            Ok(FailedWork::Job(Some(job))) => snapshot.jobs.get(&job.id).is_some_and(|section| {
                let same = |now: &Option<Job>| {
                    now.as_ref().is_some_and(|now| {
                        (now.retries, now.suspended, now.due, &now.exception_message) == (job.retries, job.suspended, job.due, &job.exception_message)
                    })
                };
                newer(section.taken).is_some() && section.get().is_some_and(|now| !same(now))
            }),
            Ok(FailedWork::ExternalTask(Some(task))) => snapshot.external_tasks.get(&task.id).is_some_and(|section| {
                let same = |now: &Option<ExternalTask>| {
                    now.as_ref().is_some_and(|now| {
                        (now.retries, now.suspended, now.lock_expires, &now.error_message)
                            == (task.retries, task.suspended, task.lock_expires, &task.error_message)
                    })
                };
                newer(section.taken).is_some() && section.get().is_some_and(|now| !same(now))
            }),
            _ => false,
        };
        if changed {
            self.want(snapshot.taken);
        }
    }

    fn want(&mut self, now: Moment) {
        self.stale = true;
        self.asked = now;
    }

    /// The incident as it was read last.
    fn incident(&self) -> &Incident {
        let read = self.description.as_ref().and_then(|description| description.now.as_ref().ok()?.as_ref());
        read.unwrap_or(&self.known.incident)
    }
}

fn head(page: &IncidentPage, snapshot: &Snapshot) -> Vec<Line> {
    let mut lines = Vec::new();
    if page.gone {
        let words = match &page.moved_on {
            Some(known) => format!(
                "This incident is not open any more: the work moved on, then failed at {} {} ago; enter opens that incident. What follows is what was \
                 last known.",
                place_of(&known.incident, snapshot),
                age(since_creation(known, snapshot)),
            ),
            None => "This incident is not open any more: resolved, retried or its instance has ended. What follows is what was last known.".to_owned(),
        };
        lines.push(Line::Remark(words, Tone::Warning));
        lines.push(Line::Blank);
    } else if let Some(words) = failed_again(page, snapshot) {
        lines.push(Line::Remark(words, Tone::Critical));
        lines.push(Line::Blank);
    }
    innermost_cause(page, &mut lines);
    place(page, snapshot, &mut lines);
    instance(page, &mut lines);
    failed_work(page, snapshot, &mut lines);
    lines.push(Line::Blank);
    message(page, &mut lines);
    lines.extend(earlier::lines(page.description.as_ref().and_then(|description| description.past.as_ref()), snapshot));
    trace_heading(page, &mut lines);
    lines
}

/// What the trace names as its innermost cause, where the message does not say it: it may stand hundreds of lines down.
fn innermost_cause(page: &IncidentPage, lines: &mut Vec<Line>) {
    let Some(cause) = &page.cause else { return };
    let said = page.incident().message.as_ref().map_or("", |message| message.as_wire());
    if !cause.text.is_empty() && said.contains(&cause.text) {
        return;
    }
    lines.push(Line::Field("cause", cause.line(), Tone::Critical));
    if let Some(statement) = &cause.statement {
        lines.push(Line::Field("in statement", statement.clone(), Tone::Muted));
    }
    lines.push(Line::Blank);
}

/// An incident opens in the transaction of its failure: a failure so much later is another one.
const SAME_FAILURE: SignedDuration = SignedDuration::from_millis(500);

/// Whether the same work failed again since somebody looks at it, or since its incident opened.
fn failed_again(page: &IncidentPage, snapshot: &Snapshot) -> Option<String> {
    if let Some(before) = &page.before {
        let ago = age(since_creation(&page.known, snapshot));
        let work = match before.incident.kind.as_wire() {
            _ if !before.incident.is_root() => "instance waits again, at the same place",
            "failedJob" => "job",
            "failedExternalTask" => "external task",
            _ => "work",
        };
        let opened = clock(before.incident.created, &page.zone);
        return Some(format!("Failed again {ago} ago: this is the new incident of the same {work}. The one before was opened {opened}."));
    }
    let past = page.description.as_ref()?.past.as_ref()?;
    let since = page.known.incident.created + SAME_FAILURE;
    let failures: Vec<_> = past.log.iter().flatten().filter(|entry| entry.event == JobEvent::Failed && entry.at > since).collect();
    let last = failures.iter().map(|entry| entry.at).max()?;
    let ago = age(Duration::try_from(snapshot.engine.engine_time(snapshot.taken).duration_since(last)).unwrap_or_default());
    Some(format!("Failed again {ago} ago, {} since this incident was opened: the engine kept the incident.", plural(failures.len() as u64, "time")))
}

fn since_creation(known: &KnownIncident, snapshot: &Snapshot) -> Duration {
    Duration::try_from(snapshot.engine.engine_time(snapshot.taken).duration_since(known.incident.created)).unwrap_or_default()
}

fn place_of(incident: &Incident, snapshot: &Snapshot) -> String {
    let activity = incident.activity.as_ref().map(|activity| naming::activity(&snapshot.names(), incident.process_definition.as_ref(), activity));
    activity.unwrap_or_else(|| "another place".to_owned())
}

fn place(page: &IncidentPage, snapshot: &Snapshot, lines: &mut Vec<Line>) {
    let incident = page.incident();
    let names = snapshot.names();
    if let Some(id) = &incident.process_definition {
        let name = names.process_name(id).map_or_else(|| names.process_key(id).to_string(), |name| format!("{name}  ({})", names.process_key(id)));
        let version = names.version(id).map_or_else(String::new, |version| format!("  v{version}"));
        lines.push(Line::Field("process", format!("{name}{version}"), Tone::Plain));
    } else {
        lines.push(Line::Field("process", "none: the engine's own work".into(), Tone::Muted));
    }
    if let Some(work) = engine_job::of_incident(&page.known, snapshot) {
        engine_work(&work, lines);
    }
    if let Some(activity) = &incident.activity {
        let name = incident.process_definition.as_ref().and_then(|id| names.activity_name(id, activity));
        lines.push(Line::Field("activity", name.map_or_else(|| naming::activity_id(activity), |name| format!("{name}  ({activity})")), Tone::Plain));
    }
    if let Some(failed) = incident.failed_elsewhere() {
        let name = naming::failed_at(&names, incident.process_definition.as_ref(), failed);
        let id = if name == naming::activity_id(failed) { String::new() } else { format!("  ({failed})") };
        lines.push(Line::Field("failed at", format!("{name}{id}"), Tone::Critical));
        let stands = incident.activity.as_ref().map_or_else(String::new, |stands| naming::activity(&names, incident.process_definition.as_ref(), stands));
        lines.push(Line::Field("retry from", format!("{stands}: the job begins there, and what ran between the two was rolled back"), Tone::Muted));
    }
    if let Some(tenant) = &incident.tenant {
        lines.push(Line::Field("tenant", tenant.to_string(), Tone::Plain));
    }
    let since = Duration::try_from(snapshot.engine.engine_time(snapshot.taken).duration_since(incident.created)).unwrap_or_default();
    lines.push(Line::Field("incident", format!("{}  {}", incident.kind, incident.id), Tone::Plain));
    lines.push(Line::Field("created", format!("{} ago  ({})", age(since), clock(incident.created, &page.zone)), Tone::Plain));
    if let Some(words) = since::words(snapshot, &key_of(incident, &names), incident.is_root().then(|| SignatureKey::of(&page.known)).as_ref()) {
        lines.push(Line::Field("this error", words, Tone::Plain));
    }
    if !incident.is_root() {
        let root = incident.root_cause.as_ref().map(ToString::to_string).unwrap_or_default();
        lines.push(Line::Field("blocked", format!("waits for a called instance; the root cause is incident {root}"), Tone::Warning));
    }
    if let Some(annotation) = &incident.annotation {
        lines.push(Line::Field("annotation", annotation.to_string(), Tone::Plain));
    }
}

/// Which of the engine's own work failed, how far its batch is, and what running it again does.
fn engine_work(known: &engine_job::Known<'_>, lines: &mut Vec<Line>) {
    lines.push(Line::Field("work", known.job.words(), Tone::Plain));
    if let Some(batch) = &known.job.batch {
        let progress = known.progress.map_or_else(String::new, |progress| format!("  {}", progress.words()));
        lines.push(Line::Field("batch", format!("{batch}{progress}"), Tone::Plain));
    }
    let per_job = known.progress.filter(|_| known.job.part == Part::Itself).map(|progress| progress.batch.per_job);
    let most = if per_job.is_some_and(|per_job| per_job > 1) { " at most" } else { "" };
    let role = known.job.work.role();
    lines.push(Line::Field("a retry", format!("{}{most}: it takes the role {role}", known.job.work.does(per_job)), Tone::Warning));
}

fn clock(time: jiff::Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

fn instance(page: &IncidentPage, lines: &mut Vec<Line>) {
    let Some(id) = &page.known.incident.process_instance else { return };
    lines.push(Line::Field("instance", id.to_string(), Tone::Plain));
    match page.description.as_ref().and_then(|description| description.instance.as_ref()) {
        None => {}
        Some(Ok(Some(instance))) => {
            let (key, tone) = instance.business_key.as_ref().map_or(("none".to_owned(), Tone::Muted), |key| (key.to_string(), Tone::Plain));
            lines.push(Line::Field("business key", key, tone));
            if instance.suspended {
                lines.push(Line::Field("state", "the instance is SUSPENDED".into(), Tone::Suspended));
            }
        }
        Some(Ok(None)) => lines.push(Line::Field("business key", "the instance has ended".into(), Tone::Warning)),
        Some(Err(problem)) => lines.push(unknown("business key", problem)),
    }
}

fn unknown(label: &'static str, problem: &Problem) -> Line {
    Line::Field(label, format!("not known: {}", problem.what), Tone::Warning)
}

/// Engines answer 404 for what a login may not see as well as for what is gone.
fn gone(how: &str, snapshot: &Snapshot) -> String {
    match snapshot.trust(Figure::JobsFailed) {
        Trust::Partial(_) => format!("not found: {how}, or this login may not see it"),
        _ => format!("does not exist any more: {how}"),
    }
}

fn failed_work(page: &IncidentPage, snapshot: &Snapshot, lines: &mut Vec<Line>) {
    let Some(description) = &page.description else {
        lines.push(Line::Field("job", "reading…".into(), Tone::Muted));
        return;
    };
    match &description.work {
        Err(problem) => lines.push(unknown("job", problem)),
        Ok(FailedWork::Unnamed) => {}
        Ok(FailedWork::Custom(custom)) => made::custom(&page.known.incident.kind, *custom, lines),
        Ok(FailedWork::Job(None)) => lines.push(Line::Field("job", gone("it ran, or was cancelled", snapshot), Tone::Warning)),
        Ok(FailedWork::ExternalTask(None)) => lines.push(Line::Field("external task", gone("completed, or cancelled", snapshot), Tone::Warning)),
        Ok(FailedWork::Job(Some(job))) => {
            lines.push(Line::Field("job", job.id.to_string(), Tone::Plain));
            lines.push(Line::Field("retries left", job.retries.to_string(), if job.retries == 0 { Tone::Critical } else { Tone::Plain }));
            if job.retries > 0 {
                let words =
                    "it has retries left again although the incident is open: attempts given through the job definition leave it open until the job succeeds";
                lines.push(Line::Field("incident", words.into(), Tone::Warning));
            }
            let due = job.due.map_or_else(|| "at once".to_owned(), |due| when(due, snapshot, &page.zone));
            lines.push(Line::Field("due", job.unreadable.words("dueDate").unwrap_or(due), Tone::Plain));
            // The words of the page of the instance: what follows depends on all three, and the last writer wins.
            let known = snapshot.job_definitions.get();
            let definition = job.job_definition.as_ref().and_then(|id| known?.iter().find(|row| row.id == *id)).map(|row| row.suspended);
            let instance = matches!(&description.instance, Some(Ok(Some(instance))) if instance.suspended);
            let states = Suspension { instance, definition, job: job.suspended };
            if let Some(words) = states.words() {
                let retry = if states.is_taken_up() { "" } else { ". A retry runs nothing while the job is SUSPENDED" };
                lines.push(Line::Field("suspension", format!("{words}{retry}"), Tone::Suspended));
            }
        }
        Ok(FailedWork::ExternalTask(Some(task))) => {
            lines.push(Line::Field("external task", task.id.to_string(), Tone::Plain));
            lines.push(Line::Field("topic", task.topic.to_string(), Tone::Plain));
            let retries = task.retries.map_or_else(|| "not failed yet".to_owned(), |retries| retries.to_string());
            lines.push(Line::Field("retries left", retries, if task.retries == Some(0) { Tone::Critical } else { Tone::Plain }));
            if let Some(worker) = &task.worker {
                lines.push(Line::Field("last worker", worker.to_string(), Tone::Plain));
            }
            match task.hold(snapshot.engine.engine_time(snapshot.taken)) {
                _ if !task.unreadable.is_empty() => {
                    lines.extend(task.unreadable.obstacle().map(|why| Line::Field("unreadable", why, Tone::Warning)));
                }
                Hold::Held(until) => lines.push(Line::Field("locked", format!("by its worker, ends {}", when(until, snapshot, &page.zone)), Tone::Plain)),
                Hold::HeldOrWaiting(until) => {
                    lines.push(Line::Field(
                        "locked",
                        format!("held by a worker, or waiting for its next attempt, until {}", when(until, snapshot, &page.zone)),
                        Tone::Plain,
                    ));
                }
                Hold::Over(since) => lines.push(Line::Field("can be fetched", format!("since {}", when(since, snapshot, &page.zone)), Tone::Plain)),
                Hold::Expired(since) => lines.push(Line::Field("lock EXPIRED", when(since, snapshot, &page.zone), Tone::Warning)),
                Hold::Free | Hold::OutOfAttempts => {}
            }
            if task.suspended {
                lines.push(Line::Field("state", "the task is SUSPENDED: no worker can fetch it".into(), Tone::Suspended));
            }
        }
    }
}

fn when(time: jiff::Timestamp, snapshot: &Snapshot, zone: &TimeZone) -> String {
    let now = snapshot.engine.engine_time(snapshot.taken);
    let distance = Duration::try_from(time.duration_since(now).abs()).unwrap_or_default();
    if time > now { format!("in {}  ({})", age(distance), clock(time, zone)) } else { format!("{} ago  ({})", age(distance), clock(time, zone)) }
}

fn message(page: &IncidentPage, lines: &mut Vec<Line>) {
    let first = page.known.incident.message.as_ref();
    lines.push(Line::Heading("Message".into()));
    match first {
        Some(message) => lines.extend(message.lines().map(Line::Text)),
        None if page.known.incident.is_root() => {
            let (words, tone) = made::no_message(page);
            lines.push(Line::Remark(words, tone));
        }
        None => lines.push(Line::Remark("A blocked parent carries no message; look at its root cause.".into(), Tone::Muted)),
    }
    lines.extend(made::taken_after_failure(page).map(|words| Line::Remark(words, Tone::Warning)));
    let latest = page.description.as_ref().and_then(|description| match &description.work {
        Ok(FailedWork::Job(Some(job))) => job.exception_message.as_ref(),
        Ok(FailedWork::ExternalTask(Some(task))) => task.error_message.as_ref(),
        _ => None,
    });
    // The incident keeps the message of the failure that made it; the job shows the latest.
    if let Some(latest) = latest.filter(|latest| Some(*latest) != first) {
        lines.push(Line::Blank);
        lines.push(Line::Heading("Latest failure of the same work".into()));
        lines.extend(latest.lines().map(Line::Text));
    }
    lines.push(Line::Blank);
}

fn trace_heading(page: &IncidentPage, lines: &mut Vec<Line>) {
    match page.description.as_ref().map(|description| &description.trace) {
        None => lines.push(Line::Heading("Stack trace: reading…".into())),
        Some(Ok(Some(_))) => lines.push(Line::Heading(format!("Stack trace, {} lines", page.text.tail_len()))),
        Some(Ok(None)) => lines.push(Line::Heading("No stack trace".into())),
        Some(Err(problem)) => {
            lines.push(Line::Heading("Stack trace not known".into()));
            lines.push(Line::Remark(problem.what.clone(), Tone::Warning));
            lines.push(Line::Remark(problem.remedy.clone(), Tone::Muted));
        }
    }
}

impl Contents for IncidentPage {
    fn context(&self) -> Context {
        Context::Text
    }

    fn crumb(&self) -> &'static str {
        "Incident"
    }

    fn set_height(&mut self, height: usize) {
        self.text.set_height(height);
    }

    fn refresh(&mut self, snapshot: &Snapshot) {
        self.renew(snapshot);
    }

    fn go(&mut self, motion: Motion, _now: Moment) {
        self.text.go(motion);
    }

    fn look(&self, snapshot: &Snapshot, looking: &mut Looking) {
        looking.inquiries.extend(WorkKey::of(&self.known.incident).and_then(|work| engine_job::inquiry(&work, snapshot)));
        looking.definitions.extend(self.known.incident.process_definition.clone());
        let group = key_of(&self.known.incident, &snapshot.names());
        // When work of the engine's own failed first is told by no history that names it.
        if group.work.is_none() {
            looking.groups.push(group);
        }
        looking.definitions.extend(self.moved_on.as_ref().and_then(|known| known.incident.process_definition.clone()));
        // Its job or external task is kept fresh: it may fail again without a new incident.
        looking.incidents.push(Arc::clone(&self.known));
        looking.definitions.extend(failing::unread(&snapshot.names(), [&self.known.incident]));
    }

    fn id(&self) -> Option<String> {
        Some(self.known.incident.id.to_string())
    }

    fn instance(&self) -> Option<(ProcessInstanceId, Option<ProcessDefinitionId>)> {
        let incident = &self.known.incident;
        incident.process_instance.clone().map(|id| (id, incident.process_definition.clone()))
    }

    fn fill(&mut self, description: &Description, snapshot: &Snapshot) {
        if self.known.incident.id == description.incident {
            self.take(description.clone(), snapshot);
        }
    }

    fn text(&self) -> Option<&Document> {
        Some(&self.text)
    }

    fn text_mut(&mut self) -> Option<&mut Document> {
        Some(&mut self.text)
    }

    fn wants(&mut self) -> Option<PollCommand> {
        std::mem::take(&mut self.stale).then(|| PollCommand::Describe(self.known.clone()))
    }

    fn ask_again(&mut self, now: Moment) -> Option<PollCommand> {
        self.asked = now;
        Some(PollCommand::Describe(self.known.clone()))
    }
}
