//! Columns and cells of each kind of row on the page of an instance.

use super::Scene;
use super::words::{distance, value};
use crate::app::pages::instance::{Content, JobRow, Row};
use crate::model::activity_instance::Token;
use crate::model::external_task::{ExternalTask, Hold};
use crate::model::grouping::KnownIncident;
use crate::model::history::{HistoricIncident, IncidentState};
use crate::model::ids::ActivityId;
use crate::model::naming;
use crate::model::user_task::UserTask;
use crate::model::variable::Variable;
use crate::text::{Align, EngineText, age, bytes, count_exact, plural};
use crate::theme::Role;
use crate::ui::table::{Cell, Column, Width};

const fn fixed(cells: u16, rank: u8) -> Column {
    Column { title: "", width: Width::Fixed(cells), align: Align::Left, rank }
}

const fn share(least: u16, weight: u16, rank: u8) -> Column {
    Column { title: "", width: Width::Share { least, weight }, align: Align::Left, rank }
}

const FACT: [Column; 2] = [fixed(13, 0), share(10, 1, 0)];
const ALONE: [Column; 1] = [share(10, 1, 0)];
const INCIDENT: [Column; 3] = [share(16, 2, 0), fixed(12, 1), share(20, 5, 0)];
const PLACE: [Column; 3] = [share(18, 2, 0), fixed(28, 1), share(12, 3, 0)];
const JOB: [Column; 6] = [share(14, 3, 0), fixed(13, 3), fixed(10, 0), fixed(19, 4), fixed(27, 2), share(16, 6, 0)];
const EXTERNAL: [Column; 7] = [share(12, 3, 0), share(12, 3, 2), fixed(10, 0), fixed(34, 1), share(8, 2, 4), fixed(9, 5), share(14, 5, 0)];
const USER: [Column; 4] = [share(16, 4, 0), share(14, 3, 0), fixed(19, 2), share(16, 3, 1)];
const VARIABLE: [Column; 5] =
    [share(16, 3, 0), fixed(10, 1), share(10, 1, 3), Column { title: "", width: Width::Fixed(9), align: Align::Right, rank: 2 }, share(16, 7, 0)];
const PAST: [Column; 4] = [share(16, 2, 0), fixed(19, 2), fixed(24, 1), share(16, 4, 0)];

/// The columns of a row.
pub(super) fn columns(content: &Content) -> &'static [Column] {
    match content {
        Content::Fact | Content::Suspended(_) | Content::Follows(..) => &FACT,
        Content::Heading(..) | Content::ManyPlaces(_) | Content::Called(_) | Content::Unread(_) | Content::MoreVariables(_) => &ALONE,
        Content::Incident(_) => &INCIDENT,
        Content::Place(_) => &PLACE,
        Content::Job(_) => &JOB,
        Content::ExternalTask(..) => &EXTERNAL,
        Content::UserTask(_) => &USER,
        Content::Variable { .. } => &VARIABLE,
        Content::Past(_) => &PAST,
    }
}

impl Scene<'_> {
    /// The cells of a row.
    pub(super) fn cells(&self, row: &Row) -> Vec<Cell> {
        match &row.content {
            Content::Fact | Content::Suspended(_) | Content::Follows(..) => {
                let (label, text, role) = self.head_words(row);
                vec![Cell::new(label, Role::Muted), Cell::new(text, role)]
            }
            Content::Heading(part, _) => vec![Cell::new(part.title(), Role::Header)],
            Content::ManyPlaces(executions) => {
                vec![Cell::new(format!("{} executions: too many for the engine to be asked where they are", count_exact(*executions)), Role::Muted)]
            }
            Content::Called(count) => vec![Cell::new(called_words(count), if count.failing.unwrap_or(0) > 0 { Role::Blocked } else { Role::Text })],
            Content::Unread(None) => vec![Cell::new("one variable over 2 MiB: not fetched", Role::Warning)],
            Content::Unread(Some(places)) => vec![Cell::new(format!("up to {places} variables left out: too many here are too large"), Role::Warning)],
            Content::MoreVariables(true) => vec![Cell::new("reading…", Role::Muted)],
            Content::MoreVariables(false) => vec![Cell::new("more: enter reads the next ones", Role::Info)],
            Content::Incident(known) => self.incident(known),
            Content::Place(token) => self.place(token),
            Content::Job(row) => self.job(row),
            Content::ExternalTask(task, _) => self.external_task(task),
            Content::UserTask(task) => self.user_task(task),
            Content::Variable { variable, masked, .. } => self.variable(variable, *masked),
            Content::Past(past) => self.past(past),
        }
    }

    pub(super) fn activity(&self, activity: &ActivityId) -> String {
        naming::activity(&self.whole.names(), self.page.definition().as_ref(), activity)
    }

    fn failed_at(&self, activity: &ActivityId) -> String {
        naming::failed_at(&self.whole.names(), self.page.definition().as_ref(), activity)
    }

    fn incident(&self, known: &KnownIncident) -> Vec<Cell> {
        let incident = &known.incident;
        let place = incident.activity.as_ref().map_or_else(String::new, |activity| self.activity(activity));
        let failed = incident.failed_elsewhere().map_or_else(String::new, |failed| format!("failed at {}: ", self.failed_at(failed)));
        let since = Cell::new(distance(self.now, incident.created), Role::Muted);
        let (symbol, role) = if incident.is_root() { (self.look.symbols.dot, Role::Root) } else { (self.look.symbols.hollow_dot, Role::Blocked) };
        let message = match &incident.message {
            Some(message) => format!("{failed}{}", message.line()),
            None if incident.is_root() => format!("{failed}no message"),
            None => "blocked from below: waits for a called instance that failed".to_owned(),
        };
        vec![Cell::new(place, Role::Text).led_by(vec![(format!("{symbol} "), role)]), since, Cell::new(message, role)]
    }

    fn place(&self, token: &Token) -> Vec<Cell> {
        let name = naming::named_activity(&self.whole.names(), self.page.definition().as_ref(), &token.activity, token.name.as_ref());
        let times = if token.count > 1 { format!(" {}×", count_exact(token.count)) } else { String::new() };
        let how = if token.waiting { "waits there for its job".to_owned() } else { token.kind.to_string() };
        let incidents = match token.incidents {
            0 => Cell::new("", Role::Text),
            1 => Cell::new("1 incident", Role::Root),
            many => Cell::new(format!("{} incidents", count_exact(many)), Role::Root),
        };
        vec![Cell::with_tail(name, times, Role::Text), Cell::new(how, Role::Muted), incidents]
    }

    fn job(&self, row: &JobRow) -> Vec<Cell> {
        let job = &row.job;
        let activity = row.definition.as_ref().and_then(|definition| definition.activity.as_ref()).or(job.failed_activity.as_ref());
        let place = activity.map_or_else(|| "–".to_owned(), |activity| self.activity(activity));
        let failed = row.failed_elsewhere().map(|failed| self.failed_at(failed));
        let due = match job.due {
            None => "at once".to_owned(),
            Some(due) if due > self.now && job.exception_message.is_some() && job.retries > 0 => format!("next try {}", distance(self.now, due)),
            Some(due) => format!("due {}", distance(self.now, due)),
        };
        let due = job.unreadable.words("dueDate").unwrap_or(due);
        let words = |suspended| if suspended { ("SUSPENDED", Role::BadgeSuspended) } else { ("active", Role::Muted) };
        let (definition, definition_role) = row.states.definition.map_or(("?", Role::Unknown), words);
        let (own, own_role) = words(row.states.job);
        let states =
            vec![("def ".to_owned(), Role::Muted), (definition.to_owned(), definition_role), (" job ".to_owned(), Role::Muted), (own.to_owned(), own_role)];
        vec![
            Cell::new(place, Role::Text),
            Cell::new(kind(row), Role::Muted),
            retries(Some(job.retries), job.exception_message.is_some()),
            Cell::new(due, Role::Muted),
            Cell::new("", Role::Text).led_by(states),
            message(job.exception_message.as_ref(), failed.as_deref(), job.retries <= 0),
        ]
    }

    fn external_task(&self, task: &ExternalTask) -> Vec<Cell> {
        let lock = match task.hold(self.now) {
            Hold::Held(until) => Cell::new(format!("locked, ends {}", distance(self.now, until)), Role::Text),
            Hold::HeldOrWaiting(until) => Cell::new(format!("held, or waiting until {}", self.clock_short(until)), Role::Text),
            Hold::Expired(since) => Cell::new(format!("lock EXPIRED {}", distance(self.now, since)), Role::Warning),
            Hold::Over(since) => Cell::new(format!("next attempt since {}", self.clock_short(since)), Role::Warning),
            Hold::Free => Cell::new("not locked", Role::Muted),
            Hold::OutOfAttempts => Cell::new("", Role::Muted),
        };
        let lock = task.unreadable.words("lockExpirationTime").map_or(lock, |words| Cell::new(words, Role::Warning));
        vec![
            Cell::new(task.topic.to_string(), Role::Text),
            Cell::new(task.activity.as_ref().map_or_else(String::new, |activity| self.activity(activity)), Role::Muted),
            task.retries.map_or_else(|| Cell::new("", Role::Muted), |left| retries(Some(left), task.error_message.is_some())),
            lock,
            Cell::new(task.worker.as_ref().map_or_else(String::new, ToString::to_string), Role::Muted),
            if task.suspended { Cell::new("SUSPENDED", Role::BadgeSuspended) } else { Cell::new("active", Role::Muted) },
            message(task.error_message.as_ref(), None, task.retries == Some(0)),
        ]
    }

    fn user_task(&self, task: &UserTask) -> Vec<Cell> {
        let name = task.name.as_ref().map(ToString::to_string).or_else(|| task.activity.as_ref().map(|activity| self.activity(activity)));
        let assignee = task.assignee.as_ref().map_or_else(|| Cell::new("nobody's", Role::Muted), |who| Cell::new(format!("of {who}"), Role::Text));
        let due = match task.due {
            None => Cell::new("", Role::Muted),
            Some(due) if due < self.now => Cell::new(format!("OVERDUE, due {}", distance(self.now, due)), Role::Warning),
            Some(due) => Cell::new(format!("due {}", distance(self.now, due)), Role::Text),
        };
        let due = task.unreadable.words("due").map_or(due, |words| Cell::new(words, Role::Warning));
        let mut name = Cell::new(name.unwrap_or_else(|| "no name".to_owned()), Role::Text);
        if task.suspended {
            name = name.led_by(vec![("SUSPENDED".to_owned(), Role::BadgeSuspended), (" ".to_owned(), Role::Text)]);
        }
        vec![name, assignee, Cell::new(format!("created {}", distance(self.now, task.created)), Role::Muted), due]
    }

    fn variable(&self, variable: &Variable, masked: bool) -> Vec<Cell> {
        let size = variable.value.size().map_or_else(|| "–".to_owned(), |size| bytes(size as u64));
        let (text, role) = value(variable, masked);
        vec![
            Cell::new(variable.name.to_string(), Role::Text),
            Cell::new(variable.kind.to_string(), Role::Muted),
            Cell::new(self.scope(variable), Role::Muted),
            Cell::new(size, Role::Muted),
            Cell::new(text, role),
        ]
    }

    /// Where a variable lives: in the whole instance, or in a part of it.
    pub(super) fn scope(&self, variable: &Variable) -> String {
        if variable.task.is_some() {
            return "of a task".to_owned();
        }
        if variable.execution.as_ref().is_none_or(|execution| execution.as_wire() == self.page.id.as_wire()) {
            return "instance".to_owned();
        }
        // The engine calls an activity instance `activity:id`, where that fits.
        let activity = variable.scope.as_ref().and_then(|scope| scope.as_wire().rsplit_once(':')).map(|(activity, _)| ActivityId::from(activity));
        activity.map_or_else(|| "local".to_owned(), |activity| format!("local: {}", self.activity(&activity)))
    }

    fn past(&self, past: &HistoricIncident) -> Vec<Cell> {
        let place = past.incident.activity.as_ref().map_or_else(String::new, |activity| self.activity(activity));
        let how = match past.state {
            IncidentState::Open => "open",
            IncidentState::Resolved => "resolved",
            IncidentState::Deleted => "removed",
        };
        let ended = past.ended.map_or_else(|| how.to_owned(), |ended| format!("{how} {}", distance(self.now, ended)));
        let message = past
            .incident
            .message
            .as_ref()
            .map_or_else(|| if past.incident.is_root() { "no message" } else { "was blocked from below" }.to_owned(), EngineText::line);
        vec![
            Cell::new(place, Role::Text),
            Cell::new(format!("opened {}", distance(self.now, past.incident.created)), Role::Muted),
            Cell::new(ended, Role::Muted),
            Cell::new(message, Role::Text),
        ]
    }
}

/// How many called instances run, and how many of them fail.
pub(super) fn called_words(count: &crate::model::inquiry::CalledCount) -> String {
    let running = if count.running == 1 { "1 called instance runs".to_owned() } else { format!("{} called instances run", count_exact(count.running)) };
    let failing = match count.failing {
        None => String::new(),
        Some(0) => ", none with an incident".to_owned(),
        Some(failing) => format!(", {} with an incident", count_exact(failing)),
    };
    let cases = match count.cases {
        0 => String::new(),
        cases => {
            let below = match count.failing_below_cases {
                0 => String::new(),
                1 => ", 1 instance below fails: no incident shows it here".to_owned(),
                many => format!(", {} instances below fail: no incident shows it here", count_exact(many)),
            };
            format!("{}{below}", plural(cases, "called case"))
        }
    };
    let parts = [format!("{running}{failing}"), cases];
    // Where it called cases alone, nothing else is counted.
    let told: Vec<String> = parts.into_iter().skip(usize::from(count.running == 0 && count.cases > 0)).filter(|part| !part.is_empty()).collect();
    format!("{}: enter shows the tree", told.join("; "))
}

/// What kind of job it is, by its job definition.
pub(super) fn kind(row: &JobRow) -> String {
    let Some(definition) = &row.definition else { return if row.timer { "timer" } else { "job" }.to_owned() };
    match (definition.job_type.as_wire(), definition.configuration.as_ref().map(EngineText::as_wire)) {
        ("async-continuation", Some("async-before")) => "async before".to_owned(),
        ("async-continuation", Some("async-after")) => "async after".to_owned(),
        ("async-continuation", _) => "async".to_owned(),
        ("timer-intermediate-transition", _) => "timer".to_owned(),
        ("timer-transition", _) => "border timer".to_owned(),
        ("timer-start-event-subprocess", _) => "start timer".to_owned(),
        ("timer-task-listener", _) => "task timer".to_owned(),
        _ => definition.job_type.to_string(),
    }
}

fn retries(left: Option<i64>, failed: bool) -> Cell {
    match left {
        Some(left @ ..=0) => Cell::new(format!("retries {left}"), Role::Critical),
        Some(left) if failed => Cell::new(format!("retries {left}"), Role::Warning),
        Some(left) => Cell::new(format!("retries {left}"), Role::Muted),
        None => Cell::new("", Role::Muted),
    }
}

fn message(message: Option<&EngineText>, failed_at: Option<&str>, failed: bool) -> Cell {
    let role = if failed { Role::Root } else { Role::Warning };
    let Some(said) = message.map(EngineText::line) else { return Cell::new("", role) };
    Cell::new(failed_at.map_or_else(|| said.clone(), |place| format!("failed at {place}: {said}")), role)
}

/// How long something lasted.
pub(super) fn lasted(from: jiff::Timestamp, to: jiff::Timestamp) -> String {
    age(std::time::Duration::try_from(to.duration_since(from)).unwrap_or_default())
}
