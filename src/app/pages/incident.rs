//! The describe page of one incident: fields, message, past and stack trace.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::Contents;
use crate::app::document::{Document, Line, Tone};
use crate::app::earlier;
use crate::app::keymap::Context;
use crate::app::list::Motion;
use crate::model::description::{Description, FailedWork};
use crate::model::engine_job::{self, Part, WorkKey};
use crate::model::figure::Figure;
use crate::model::grouping::{KnownIncident, Names, key_of};
use crate::model::ids::{ProcessDefinitionId, ProcessInstanceId};
use crate::model::naming;
use crate::model::rights::Trust;
use crate::model::section::{Moment, Problem};
use crate::model::since;
use crate::model::snapshot::Snapshot;
use crate::poll::command::{Looking, PollCommand};
use crate::text::{SafeLines, age};

/// Page of one incident.
#[derive(Clone, Debug)]
pub struct IncidentPage {
    /// The incident as it was when the page was opened.
    pub known: Arc<KnownIncident>,
    /// When the page was opened or asked to be read again.
    pub asked: Moment,
    /// What was read, once it has arrived.
    pub description: Option<Description>,
    /// Whether the incident is not open any more.
    pub gone: bool,
    /// What is read: fields, message, past, and the stack trace as foreign text.
    pub text: Document,
    zone: TimeZone,
}

impl IncidentPage {
    /// A page that waits for its answers.
    pub fn new(known: Arc<KnownIncident>, snapshot: &Snapshot, zone: TimeZone, now: Moment) -> Self {
        let mut page = Self { known, asked: now, description: None, gone: false, text: Document::default(), zone };
        page.renew(snapshot);
        page
    }

    /// Takes the answers in.
    fn take(&mut self, description: Description, snapshot: &Snapshot) {
        self.text.set_tail(match &description.trace {
            Ok(Some(trace)) => trace.safe_lines(),
            _ => SafeLines::default(),
        });
        self.description = Some(description);
        self.renew(snapshot);
    }

    /// Notes a new snapshot: names may have arrived, the incident may have been resolved.
    fn renew(&mut self, snapshot: &Snapshot) {
        self.gone = snapshot.incidents.get().is_some_and(|set| set.complete && !set.incidents.contains_key(&self.known.incident.id));
        self.text.set_head(head(self, snapshot));
    }
}

fn head(page: &IncidentPage, snapshot: &Snapshot) -> Vec<Line> {
    let mut lines = Vec::new();
    if page.gone {
        lines.push(Line::Remark(
            "This incident is not open any more: resolved, retried or its instance has ended. What follows is what was last known.".into(),
            Tone::Warning,
        ));
        lines.push(Line::Blank);
    }
    place(page, snapshot, &mut lines);
    instance(page, &mut lines);
    failed_work(page, snapshot, &mut lines);
    lines.push(Line::Blank);
    message(page, &mut lines);
    lines.extend(earlier::lines(page.description.as_ref().and_then(|description| description.past.as_ref()), snapshot));
    trace_heading(page, &mut lines);
    lines
}

fn place(page: &IncidentPage, snapshot: &Snapshot, lines: &mut Vec<Line>) {
    let incident = &page.known.incident;
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
    if let Some(failed) = incident.failed_activity.as_ref().filter(|failed| incident.activity.as_ref() != Some(failed)) {
        lines.push(Line::Field("failed at", failed.to_string(), Tone::Critical));
    }
    if let Some(tenant) = &incident.tenant {
        lines.push(Line::Field("tenant", tenant.to_string(), Tone::Plain));
    }
    let since = Duration::try_from(snapshot.engine.engine_time(snapshot.taken).duration_since(incident.created)).unwrap_or_default();
    lines.push(Line::Field("incident", format!("{}  {}", incident.kind, incident.id), Tone::Plain));
    lines.push(Line::Field("created", format!("{} ago  ({})", age(since), clock(incident.created, &page.zone)), Tone::Plain));
    if let Some(words) = since::words(snapshot, &key_of(incident, &names), incident.is_root().then_some(&page.known.signature)) {
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
                lines.push(Line::Field("state", "the instance is SUSPENDED: nothing in it runs until it is resumed".into(), Tone::Suspended));
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
        Ok(FailedWork::Job(None)) => lines.push(Line::Field("job", gone("it ran, or was cancelled", snapshot), Tone::Warning)),
        Ok(FailedWork::ExternalTask(None)) => lines.push(Line::Field("external task", gone("completed, or cancelled", snapshot), Tone::Warning)),
        Ok(FailedWork::Job(Some(job))) => {
            lines.push(Line::Field("job", job.id.to_string(), Tone::Plain));
            lines.push(Line::Field("retries left", job.retries.to_string(), if job.retries == 0 { Tone::Critical } else { Tone::Plain }));
            let due = job.due.map_or_else(|| "at once".to_owned(), |due| when(due, snapshot, &page.zone));
            lines.push(Line::Field("due", due, Tone::Plain));
            let known = snapshot.job_definitions.get();
            let definition = job.job_definition.as_ref().and_then(|id| known?.iter().find(|row| row.id == *id)).is_some_and(|row| row.suspended);
            let words = match (job.suspended, definition) {
                (true, true) => "the job and its job definition are SUSPENDED: a retry changes nothing until they are resumed",
                (true, false) => "the job is SUSPENDED: a retry changes nothing until it is resumed",
                (false, true) => "the job definition is SUSPENDED, but this job is active: a retry runs it",
                (false, false) => "",
            };
            if !words.is_empty() {
                lines.push(Line::Field("state", words.into(), Tone::Suspended));
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
            if let Some(lock) = task.lock_expires {
                lines.push(Line::Field("lock ends", when(lock, snapshot, &page.zone), Tone::Plain));
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
            lines.push(Line::Remark("The failure carried no message; the stack trace names the exception.".into(), Tone::Muted))
        }
        None => lines.push(Line::Remark("A blocked parent carries no message; look at its root cause.".into(), Tone::Muted)),
    }
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

    fn ask_again(&mut self, now: Moment) -> Option<PollCommand> {
        self.asked = now;
        Some(PollCommand::Describe(self.known.clone()))
    }
}
