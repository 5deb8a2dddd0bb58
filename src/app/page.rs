//! The describe page of one incident: a document of fields, message, past and stack trace, with scrolling and searching.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::earlier;
use super::list::Motion;
use crate::model::description::{Description, FailedWork};
use crate::model::figure::Figure;
use crate::model::grouping::{KnownIncident, Names, key_of};
use crate::model::rights::Trust;
use crate::model::section::{Moment, Problem};
use crate::model::since;
use crate::model::snapshot::Snapshot;
use crate::text::{SafeLines, age};

/// How a line of the page reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Plain.
    Plain,
    /// Something to notice.
    Warning,
    /// What failed.
    Critical,
    /// Not known or of minor interest.
    Muted,
}

/// One line of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A label and its value.
    Field(&'static str, String, Tone),
    /// Heading of a part.
    Heading(String),
    /// A line of foreign text, made safe.
    Text(String),
    /// A remark of ours.
    Remark(String, Tone),
    /// Nothing.
    Blank,
}

impl Line {
    fn contains(&self, needle: &str) -> bool {
        match self {
            Line::Field(label, value, _) => label.to_lowercase().contains(needle) || value.to_lowercase().contains(needle),
            Line::Heading(text) | Line::Text(text) | Line::Remark(text, _) => text.to_lowercase().contains(needle),
            Line::Blank => false,
        }
    }
}

/// Page of one incident.
#[derive(Clone, Debug)]
pub struct Page {
    /// The incident as it was when the page was opened.
    pub known: Arc<KnownIncident>,
    /// When the page was opened or asked to be read again.
    pub asked: Moment,
    /// What was read, once it has arrived.
    pub description: Option<Description>,
    /// Whether the incident is not open any more.
    pub gone: bool,
    /// First line on the screen.
    pub top: usize,
    /// Whether long lines are wrapped.
    pub wrap: bool,
    /// What is searched for.
    pub needle: String,
    head: Vec<Line>,
    trace: SafeLines,
    hits: Vec<usize>,
    /// Hits within the trace, which is searched only when it or the needle changes: it may be megabytes.
    trace_hits: Vec<usize>,
    height: usize,
    zone: TimeZone,
}

impl Page {
    /// A page that waits for its answers.
    pub fn new(known: Arc<KnownIncident>, snapshot: &Snapshot, zone: TimeZone, now: Moment) -> Self {
        let mut page = Self {
            known,
            asked: now,
            description: None,
            gone: false,
            top: 0,
            wrap: true,
            needle: String::new(),
            head: Vec::new(),
            trace: SafeLines::default(),
            hits: Vec::new(),
            trace_hits: Vec::new(),
            height: 1,
            zone,
        };
        page.refresh(snapshot);
        page
    }

    /// Takes the answers in.
    pub fn fill(&mut self, description: Description, snapshot: &Snapshot) {
        self.trace = match &description.trace {
            Ok(Some(trace)) => trace.safe_lines(),
            _ => SafeLines::default(),
        };
        self.description = Some(description);
        self.search_trace();
        self.refresh(snapshot);
    }

    /// Notes a new snapshot: names may have arrived, the incident may have been resolved.
    pub fn refresh(&mut self, snapshot: &Snapshot) {
        self.gone = snapshot.incidents.get().is_some_and(|set| set.complete && !set.incidents.contains_key(&self.known.incident.id));
        self.head = head(self, snapshot);
        self.find();
    }

    /// Number of lines.
    pub fn len(&self) -> usize {
        self.head.len() + self.trace.len()
    }

    /// A page always has lines.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// A line.
    pub fn line(&self, index: usize) -> Option<Line> {
        match self.head.get(index) {
            Some(line) => Some(line.clone()),
            None => self.trace.get(index - self.head.len()).map(|text| Line::Text(text.to_owned())),
        }
    }

    /// Tells how many lines fit on the screen.
    pub fn set_height(&mut self, height: usize) {
        self.height = height.max(1);
        self.top = self.top.min(self.last_top());
    }

    fn last_top(&self) -> usize {
        // Wrapped lines take more than one row, so the last lines are reached by letting the page scroll to its very end.
        if self.wrap { self.len().saturating_sub(1) } else { self.len().saturating_sub(self.height) }
    }

    /// Scrolls.
    pub fn go(&mut self, motion: Motion) {
        let page = self.height.saturating_sub(2).max(1);
        self.top = match motion {
            Motion::Up => self.top.saturating_sub(1),
            Motion::Down => self.top + 1,
            Motion::PageUp => self.top.saturating_sub(page),
            Motion::PageDown => self.top + page,
            Motion::Top => 0,
            Motion::Bottom => self.len().saturating_sub(self.height),
        }
        .min(self.last_top());
    }

    /// Searches, and scrolls to the first hit from the top of the screen on.
    pub fn search(&mut self, needle: &str) {
        self.needle = needle.to_owned();
        self.search_trace();
        self.find();
        if let Some(hit) = self.hits.iter().copied().find(|hit| *hit >= self.top).or(self.hits.first().copied()) {
            self.top = hit.min(self.last_top());
        }
    }

    /// Scrolls to the next or previous hit, round the end.
    pub fn next_hit(&mut self, forward: bool) {
        let next = if forward {
            self.hits.iter().copied().find(|hit| *hit > self.top).or(self.hits.first().copied())
        } else {
            self.hits.iter().rev().copied().find(|hit| *hit < self.top).or(self.hits.last().copied())
        };
        if let Some(hit) = next {
            self.top = hit.min(self.last_top());
        }
    }

    /// Lines with hits.
    pub fn hits(&self) -> &[usize] {
        &self.hits
    }

    fn search_trace(&mut self) {
        let needle = self.needle.trim().to_lowercase();
        self.trace_hits = if needle.is_empty() { Vec::new() } else { self.trace.search(&needle) };
    }

    fn find(&mut self) {
        let needle = self.needle.trim().to_lowercase();
        self.hits.clear();
        if needle.is_empty() {
            return;
        }
        self.hits.extend(self.head.iter().enumerate().filter(|(_, line)| line.contains(&needle)).map(|(index, _)| index));
        self.hits.extend(self.trace_hits.iter().map(|index| index + self.head.len()));
    }
}

fn head(page: &Page, snapshot: &Snapshot) -> Vec<Line> {
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

fn place(page: &Page, snapshot: &Snapshot, lines: &mut Vec<Line>) {
    let incident = &page.known.incident;
    let names = snapshot.names();
    if let Some(id) = &incident.process_definition {
        let name = names.process_name(id).map_or_else(|| names.process_key(id).to_string(), |name| format!("{name}  ({})", names.process_key(id)));
        let version = names.version(id).map_or_else(String::new, |version| format!("  v{version}"));
        lines.push(Line::Field("process", format!("{name}{version}"), Tone::Plain));
    } else {
        lines.push(Line::Field("process", "none: the engine's own work, such as a batch".into(), Tone::Muted));
    }
    if let Some(activity) = &incident.activity {
        let name = incident.process_definition.as_ref().and_then(|id| names.activity_name(id, activity));
        lines.push(Line::Field("activity", name.map_or_else(|| activity.to_string(), |name| format!("{name}  ({activity})")), Tone::Plain));
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

fn clock(time: jiff::Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

fn instance(page: &Page, lines: &mut Vec<Line>) {
    let Some(id) = &page.known.incident.process_instance else { return };
    lines.push(Line::Field("instance", id.to_string(), Tone::Plain));
    match page.description.as_ref().and_then(|description| description.instance.as_ref()) {
        None => {}
        Some(Ok(Some(instance))) => {
            let (key, tone) = instance.business_key.as_ref().map_or(("none".to_owned(), Tone::Muted), |key| (key.to_string(), Tone::Plain));
            lines.push(Line::Field("business key", key, tone));
            if instance.suspended {
                lines.push(Line::Field("state", "the instance is SUSPENDED: nothing in it runs until it is resumed".into(), Tone::Warning));
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

fn failed_work(page: &Page, snapshot: &Snapshot, lines: &mut Vec<Line>) {
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
            if job.suspended {
                lines.push(Line::Field("state", "the job is SUSPENDED: a retry changes nothing until it is resumed".into(), Tone::Warning));
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
                lines.push(Line::Field("state", "the task is SUSPENDED: no worker can fetch it".into(), Tone::Warning));
            }
        }
    }
}

fn when(time: jiff::Timestamp, snapshot: &Snapshot, zone: &TimeZone) -> String {
    let now = snapshot.engine.engine_time(snapshot.taken);
    let distance = Duration::try_from(time.duration_since(now).abs()).unwrap_or_default();
    if time > now { format!("in {}  ({})", age(distance), clock(time, zone)) } else { format!("{} ago  ({})", age(distance), clock(time, zone)) }
}

fn message(page: &Page, lines: &mut Vec<Line>) {
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

fn trace_heading(page: &Page, lines: &mut Vec<Line>) {
    match page.description.as_ref().map(|description| &description.trace) {
        None => lines.push(Line::Heading("Stack trace: reading…".into())),
        Some(Ok(Some(_))) => lines.push(Line::Heading(format!("Stack trace, {} lines", page.trace.len()))),
        Some(Ok(None)) => lines.push(Line::Heading("No stack trace".into())),
        Some(Err(problem)) => {
            lines.push(Line::Heading("Stack trace not known".into()));
            lines.push(Line::Remark(problem.what.clone(), Tone::Warning));
            lines.push(Line::Remark(problem.remedy.clone(), Tone::Muted));
        }
    }
}
