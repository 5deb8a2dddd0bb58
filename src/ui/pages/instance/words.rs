//! What rows of the page of an instance say in whole sentences: the lines of the head, and the preview of the selected row.

use std::time::Duration;

use jiff::Timestamp;
use unicode_width::UnicodeWidthChar as _;

use super::Scene;
use super::cells::{called_words, kind, lasted};
use crate::app::pages::instance::{Content, Fact, JobRow, Part, Row, RowKey, State, Suspended};
use crate::model::external_task::{ExternalTask, Hold};
use crate::model::grouping::{KnownIncident, Names as _};
use crate::model::history::{HistoricIncident, HistoricInstance, IncidentState};
use crate::model::ids::ProcessInstanceId;
use crate::model::inquiry::{Finding, Inquiry};
use crate::model::naming;
use crate::model::section::{Problem, Section};
use crate::model::user_task::UserTask;
use crate::model::variable::{Variable, VariableValue};
use crate::text::{Align, EngineText, age, bytes, pad, width, wrap_words};
use crate::theme::Role;

/// What stands for a masked value, whatever its length.
pub(super) const MASKED: &str = "••••••";

type Line = (String, Role);

/// A moment relative to now: `in 5 min`, `3 h 05 ago`.
pub(super) fn distance(now: Timestamp, time: Timestamp) -> String {
    let distance = age(Duration::try_from(time.duration_since(now).abs()).unwrap_or_default());
    if time > now { format!("in {distance}") } else { format!("{distance} ago") }
}

/// The value of a variable on one line, unless it is masked.
pub(super) fn value(variable: &Variable, masked: bool) -> Line {
    if masked {
        return (MASKED.to_owned(), Role::Muted);
    }
    match &variable.value {
        _ if variable.problem.is_some() => ("the engine could not read this value".to_owned(), Role::Warning),
        VariableValue::Null => ("null".to_owned(), Role::Muted),
        VariableValue::Text(text) => (text.line(), Role::Text),
        VariableValue::Withheld => (MASKED.to_owned(), Role::Muted),
        VariableValue::NotSent => ("bytes or a file: the engine sends no value".to_owned(), Role::Muted),
        VariableValue::TooLarge { .. } => ("over 64 KiB: not kept".to_owned(), Role::Muted),
    }
}

/// Lines in so many cells and at most so many lines. Where there are more, a long text gives way to what follows it, and says so.
pub(super) fn wrapped(lines: Vec<Line>, room: usize, most: usize) -> Vec<Line> {
    let parts = |text: &str| wrap_words(text, room).into_iter().flat_map(|line| broken(line, room)).collect::<Vec<_>>();
    let mut told: Vec<Vec<Line>> = lines.into_iter().map(|(text, role)| parts(&text).into_iter().map(|part| (part, role)).collect()).collect();
    let needed: usize = told.iter().map(Vec::len).sum();
    // The ids stand behind a message or a value; one line of them is kept below it.
    let last = if needed > most && most > 2 && told.len() > 1 { told.pop().and_then(|last| last.into_iter().next()) } else { None };
    let mut all: Vec<Line> = told.into_iter().flatten().collect();
    let most = most - usize::from(last.is_some());
    if all.len() > most {
        let left = all.len() - most;
        let left = format!(" (+{left} line{})", if left == 1 { "" } else { "s" });
        all.truncate(most);
        if let Some((last, _)) = all.last_mut() {
            *last = format!("{}{left}", pad(last, room.saturating_sub(width(&left)), Align::Left));
        }
    }
    all.extend(last);
    all
}

/// A line in parts of at most so many cells: a value may be one word of many thousand characters.
fn broken(line: String, room: usize) -> Vec<String> {
    if width(&line) <= room {
        return vec![line];
    }
    let (mut parts, mut part, mut cells) = (Vec::new(), String::new(), 0);
    for sign in line.chars() {
        let wide = sign.width().unwrap_or(0);
        if cells + wide > room && !part.is_empty() {
            parts.push(std::mem::take(&mut part));
            cells = 0;
        }
        part.push(sign);
        cells += wide;
    }
    parts.push(part);
    parts
}

impl Scene<'_> {
    fn clock(&self, time: Timestamp) -> String {
        time.to_zoned(self.app.settings.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The time of day, with the day where that is another one.
    pub(super) fn clock_short(&self, time: Timestamp) -> String {
        let (time, now) = (time.to_zoned(self.app.settings.zone.clone()), self.now.to_zoned(self.app.settings.zone.clone()));
        time.strftime(if time.date() == now.date() { "%H:%M" } else { "%m-%d %H:%M" }).to_string()
    }

    fn when(&self, time: Timestamp) -> String {
        format!("{} ({})", distance(self.now, time), self.clock(time))
    }

    /// A line of the head: its label, its text, its role.
    pub(super) fn head_words(&self, row: &Row) -> (&'static str, String, Role) {
        match (&row.key, &row.content) {
            (RowKey::Fact(Fact::News), _) => {
                let (text, role) = self.news();
                ("", text, role)
            }
            (RowKey::Fact(Fact::Process), _) => ("process", self.process(), Role::Text),
            (RowKey::Fact(Fact::BusinessKey), _) => {
                let (text, role) = self.business_key();
                ("business key", text, role)
            }
            (RowKey::Fact(Fact::State), _) => {
                let (text, role) = self.state();
                ("state", text, role)
            }
            (RowKey::Fact(Fact::Caller), _) => ("called by", self.caller(), Role::Text),
            (_, Content::Suspended(counts)) => {
                let (text, role) = self.suspended(counts);
                ("suspended", text, role)
            }
            (_, Content::Follows(states, jobs)) => {
                let many = if *jobs == 1 { "1 job: ".to_owned() } else { format!("{jobs} jobs: ") };
                ("", format!("{many}{}", states.words().unwrap_or_default()), if states.surprises() { Role::Warning } else { Role::Text })
            }
            _ => ("", String::new(), Role::Text),
        }
    }

    /// What happened to the instance, or why there is nothing to see.
    fn news(&self) -> Line {
        let page = self.page;
        match &page.state {
            State::Over(past) => (format!("It ended while you looked: {}. Shown is what was last known.", self.ending(past)), Role::Warning),
            State::NotFound(_) if page.seen_running => {
                ("It is gone: ended or deleted, and the history tells no more. Shown is what was last known.".to_owned(), Role::Warning)
            }
            State::NotFound(Some(problem)) => (
                format!("The engine knows no running instance {}, and its history could not be read: {}. {}", page.id, problem.what, problem.remedy),
                Role::Warning,
            ),
            State::NotFound(None) => (
                format!("The engine knows no process instance {}: it ended and is not in the history, was deleted, or this login may not see it.", page.id),
                Role::Warning,
            ),
            _ => match self.problem_of_instance() {
                Some(problem) => (format!("{}. {}", problem.what, problem.remedy), Role::Warning),
                None => ("Reading state, incidents, jobs and tasks…".to_owned(), Role::Muted),
            },
        }
    }

    fn problem_of_instance(&self) -> Option<&Problem> {
        self.whole.findings.get(&Inquiry::Instance(self.page.id.clone()))?.problem.as_ref()
    }

    fn ending(&self, past: &HistoricInstance) -> String {
        let ended = past.ended.map_or_else(String::new, |ended| format!(" {}", self.when(ended)));
        let reason = past.delete_reason.as_ref().map_or_else(String::new, |reason| format!(", reason: {reason}"));
        format!("{}{ended}{reason}", past.state.words())
    }

    fn history(&self) -> Option<&HistoricInstance> {
        self.page.finding.as_ref()?.past.as_ref().ok()?.as_ref()
    }

    fn process(&self) -> String {
        let Some(definition) = self.page.definition() else { return String::new() };
        let names = self.whole.names();
        let key = names.process_key(&definition);
        let name = names.process_name(&definition).map_or_else(|| key.to_string(), |name| format!("{name}  ({key})"));
        format!("{name} {}", naming::version(&names, &definition))
    }

    fn business_key(&self) -> Line {
        let running = self.page.finding.as_ref().and_then(|finding| finding.running.as_ref());
        let past = self.history();
        let key = running.map_or_else(|| past.and_then(|past| past.business_key.as_ref()), |running| running.business_key.as_ref());
        let tenant = running.map_or_else(|| past.and_then(|past| past.tenant.as_ref()), |running| running.tenant.as_ref());
        let tenant = tenant.map_or_else(String::new, |tenant| format!("    tenant {tenant}"));
        key.map_or_else(|| (format!("none{tenant}"), Role::Muted), |key| (format!("{key}{tenant}"), Role::Text))
    }

    fn state(&self) -> Line {
        let past = self.history();
        let begun = past.map(|past| {
            let who = past.start_user.as_ref().map_or_else(String::new, |user| format!(", by {user}"));
            format!("started {}{who}", self.when(past.started))
        });
        let unknown = match self.page.finding.as_ref().map(|finding| &finding.past) {
            Some(Err(problem)) => format!("start not known: {}", problem.what),
            _ => "start not known: the history does not know it".to_owned(),
        };
        let begun = begun.unwrap_or(unknown);
        match &self.page.state {
            State::Over(over) => {
                let lasted = over.ended.map_or_else(String::new, |ended| format!(", ran for {}", lasted(over.started, ended)));
                (format!("{}{lasted}, {begun}", self.ending(over)), Role::Text)
            }
            State::NotFound(_) => (format!("gone, {begun}"), Role::Text),
            State::Running(running) if running.suspended => (format!("SUSPENDED, {begun}"), Role::BadgeSuspended),
            State::Running(_) | State::Reading => (format!("running, {begun}"), Role::Text),
        }
    }

    fn caller(&self) -> String {
        let Some(finding) = &self.page.finding else { return String::new() };
        let cases = finding.cases.as_ref().map(|above| {
            let words: Vec<String> = above.cases.iter().map(|case| format!("case {}{}", case.label(), case.at_task())).collect();
            let unread = above.problem.as_ref().map_or_else(String::new, |problem| format!(" (not all of it is known: {})", problem.what));
            format!("{}{unread}", words.join(", called by "))
        });
        match (cases, self.page.caller()) {
            (Some(cases), Some(caller)) => format!("{cases}, called by {}", self.calling_instance(caller)),
            (Some(cases), None) => cases,
            (None, Some(caller)) => self.calling_instance(caller),
            (None, None) => String::new(),
        }
    }

    fn calling_instance(&self, caller: &ProcessInstanceId) -> String {
        let finding = self.whole.findings.get(&Inquiry::Instance(caller.clone())).and_then(Section::get);
        let definition = match finding {
            Some(Finding::Instance(finding)) => finding
                .running
                .as_ref()
                .map(|running| running.definition.clone())
                .or_else(|| finding.past.as_ref().ok()?.as_ref().map(|past| past.definition.clone())),
            _ => None,
        };
        let names = self.whole.names();
        let process =
            definition.map_or_else(String::new, |definition| format!("{}{}    ", naming::process(&names, &definition), naming::version(&names, &definition)));
        format!("{process}instance {caller}    enter opens it")
    }

    /// The states side by side.
    fn suspended(&self, counts: &Suspended) -> Line {
        let running = self.page.finding.as_ref().and_then(|finding| finding.running.as_ref());
        let instance = running.is_some_and(|running| running.suspended);
        let process = self.page.definition().and_then(|id| self.whole.definitions.get()?.by_id.get(&id).map(|row| row.suspended));
        let word = |suspended| if suspended { "SUSPENDED" } else { "active" };
        let process_word = process.map_or("not known", word);
        let of = |some: usize, all: usize, one: &str| match (some, all) {
            (_, 0) => format!("no {one}s"),
            (0, all) => format!("{all} {one}{} active", if all == 1 { "" } else { "s" }),
            (some, all) => format!("{some} of {all} {one}{} SUSPENDED", if all == 1 { "" } else { "s" }),
        };
        let definitions = match (counts.of_definitions, counts.unknown_definitions) {
            (0, unknown) if unknown > 0 || counts.more => "job definitions not known".to_owned(),
            (all, 0) => of(counts.definitions, all, "job definition"),
            (all, unknown) => format!("{}, {unknown} not known", of(counts.definitions, all, "job definition")),
        };
        let jobs = match (counts.of_jobs, counts.more) {
            (0, true) => "jobs not known".to_owned(),
            (all, more) => format!("{}{}", of(counts.jobs, all, "job"), if more { " of those read" } else { "" }),
        };
        let parts = [
            format!("instance {}", word(instance)),
            format!("process definition {process_word}{}", if process == Some(true) { " (no new instances)" } else { "" }),
            definitions,
            jobs,
        ];
        let any = instance || process == Some(true) || counts.definitions > 0 || counts.jobs > 0;
        (parts.join(" · "), if any { Role::Warning } else { Role::Muted })
    }

    /// More about the selected row: whole messages and values, and ids. What happened to the instance comes first: its row may be off the
    /// screen.
    pub(super) fn preview(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        if self.page.is_frozen() || matches!(self.page.state, State::NotFound(_)) {
            lines.push(self.news());
        }
        lines.extend(self.selected_lines());
        lines
    }

    fn selected_lines(&self) -> Vec<Line> {
        let Some(row) = self.page.selected() else {
            let ghost = self.page.list.selected_key().is_some();
            return vec![if ghost {
                ("This row is no longer there; it goes with the next key.".to_owned(), Role::Muted)
            } else {
                (format!("instance {}", self.page.id), Role::Muted)
            }];
        };
        match &row.content {
            Content::Fact | Content::Suspended(_) | Content::Follows(..) => {
                let (label, text, role) = self.head_words(row);
                let label = if label.is_empty() { String::new() } else { format!("{label}: ") };
                vec![(format!("{label}{text}"), role), (format!("instance {}", self.page.id), Role::Muted)]
            }
            Content::Heading(part, _) => self.heading(*part),
            Content::Incident(known) => incident(known),
            Content::Place(token) => vec![(format!("activity {}   {}", token.activity, token.kind), Role::Muted)],
            Content::ManyPlaces(_) => vec![("The engine would load every execution at once to tell where they are.".to_owned(), Role::Muted)],
            Content::Job(row) => self.job_lines(row),
            Content::ExternalTask(task, incident) => self.task_lines(task, incident.is_some()),
            Content::UserTask(task) => self.user_task_lines(task),
            Content::Called(count) => vec![(called_words(count), Role::Text)],
            Content::Variable { variable, secret, masked } => self.variable_lines(variable, *secret, *masked),
            Content::Unread(_) => vec![("The engine sends every value whole. What is longer than 2 MiB is not fetched.".to_owned(), Role::Muted)],
            Content::MoreVariables(_) => vec![("Enter reads the next variables, by name.".to_owned(), Role::Muted)],
            Content::Past(past) => self.past_lines(past),
        }
    }

    fn heading(&self, part: Part) -> Vec<Line> {
        let problem = match part {
            Part::Variables => self.page.variables.problem.as_ref(),
            _ => self.page.section(part, self.whole).and_then(|section| section.problem.as_ref()),
        };
        if let Some(problem) = problem {
            return vec![(problem.what.clone(), Role::Warning), (problem.remedy.clone(), Role::Muted)];
        }
        match part {
            Part::Variables => vec![(
                "Variables are read once when you press v, and again with r. Those with names of secrets are masked: enter shows one, and masks it again."
                    .to_owned(),
                Role::Muted,
            )],
            Part::Past => self.whole.history.warning().map(|warning| (warning.to_owned(), Role::Warning)).into_iter().collect(),
            Part::Jobs | Part::Timers | Part::ExternalTasks => vec![("Those that failed come first.".to_owned(), Role::Muted)],
            _ => Vec::new(),
        }
    }

    fn job_lines(&self, row: &JobRow) -> Vec<Line> {
        let job = &row.job;
        let mut lines = Vec::new();
        if let Some(words) = row.states.words() {
            lines.push((words.to_owned(), if row.states.surprises() { Role::Warning } else { Role::Text }));
        }
        let message = job.exception_message.as_ref();
        lines.extend(message.map(|message| (message.line(), if job.retries <= 0 { Role::Root } else { Role::Warning })));
        let mut facts = vec![format!("job {}", job.id), kind(row)];
        facts.extend(row.definition.as_ref().and_then(|definition| definition.activity.as_ref()).map(|activity| format!("at {activity}")));
        let due = if job.exception_message.is_some() && job.retries > 0 { "next attempt" } else { "due" };
        facts.push(job.due.map_or_else(|| format!("{due} at once"), |time| format!("{due} {}", self.when(time))));
        facts.extend(job.unreadable.obstacle());
        facts.extend(job.created.map(|created| format!("created {}", self.when(created))));
        facts.push(format!("priority {}", job.priority));
        facts.extend(row.definition.as_ref().map(|definition| format!("job definition {}", definition.id)));
        facts.extend(row.incident.as_ref().map(|_| "enter opens its incident".to_owned()));
        lines.push((facts.join("   "), Role::Muted));
        lines
    }

    fn task_lines(&self, task: &ExternalTask, has_incident: bool) -> Vec<Line> {
        let mut lines = Vec::new();
        if task.suspended {
            lines.push(("The task is SUSPENDED: no worker can fetch it.".to_owned(), Role::Warning));
        }
        lines.extend(task.error_message.as_ref().map(|message| (message.line(), if task.retries == Some(0) { Role::Root } else { Role::Warning })));
        let mut facts = vec![format!("external task {}", task.id), format!("topic {}", task.topic)];
        facts.extend(task.activity.as_ref().map(|activity| format!("at {activity}")));
        facts.extend(task.worker.as_ref().map(|worker| format!("worker {worker}")));
        facts.extend(match task.hold(self.now) {
            Hold::Held(until) => Some(format!("locked, ends {}", self.when(until))),
            Hold::HeldOrWaiting(until) => {
                Some(format!("held by that worker, or waiting for its next attempt, until {}: the engine does not tell which", self.when(until)))
            }
            Hold::Expired(since) => Some(format!("lock EXPIRED {}", self.when(since))),
            Hold::Over(since) => Some(format!("can be fetched since {}", self.when(since))),
            Hold::Free | Hold::OutOfAttempts => None,
        });
        facts.extend(task.unreadable.obstacle());
        facts.push(format!("priority {}", task.priority));
        if has_incident {
            facts.push("enter opens its incident".to_owned());
        }
        lines.push((facts.join("   "), Role::Muted));
        lines
    }

    fn user_task_lines(&self, task: &UserTask) -> Vec<Line> {
        let mut lines = Vec::new();
        lines.extend(task.name.as_ref().map(|name| (name.line(), Role::Text)));
        let mut facts = vec![format!("user task {}", task.id)];
        facts.extend(task.activity.as_ref().map(|activity| format!("at {activity}")));
        facts.push(task.assignee.as_ref().map_or_else(|| "nobody's".to_owned(), |who| format!("assigned to {who}")));
        facts.extend(task.owner.as_ref().map(|owner| format!("owner {owner}")));
        facts.push(format!("created {}", self.when(task.created)));
        facts.extend(task.due.map(|due| format!("due {}", self.when(due))));
        facts.extend(task.follow_up.map(|time| format!("follow up {}", self.when(time))));
        facts.push(format!("priority {}", task.priority));
        lines.push((facts.join("   "), Role::Muted));
        lines
    }

    fn variable_lines(&self, variable: &Variable, secret: bool, masked: bool) -> Vec<Line> {
        let mut facts = vec![format!("{}  {}  {}", variable.name, variable.kind, self.scope(variable))];
        facts.extend(variable.value.size().map(|size| bytes(size as u64)));
        facts.extend(variable.object_type.as_ref().map(|class| format!("class {class}")));
        facts.extend(variable.format.as_ref().map(|format| format!("as {format}")));
        facts.extend(variable.file_name.as_ref().map(|name| format!("file {name}")));
        facts.extend(variable.mime_type.as_ref().map(ToString::to_string));
        facts.push(format!("id {}", variable.id));
        if variable.is_marked() {
            facts.push(format!("marked {} by the engine: neither shown nor written, because bpmtop does not know that mark", variable.marks_words()));
        } else if secret {
            facts.push(if masked { "masked: enter shows it" } else { "enter masks it again" }.to_owned());
        }
        // Why a value could not be read may quote it.
        let problem = variable.problem.as_ref().filter(|_| !masked).map(|problem| (problem.line(), Role::Warning));
        vec![problem.unwrap_or_else(|| value(variable, masked)), (facts.join("   "), Role::Muted)]
    }

    fn past_lines(&self, past: &HistoricIncident) -> Vec<Line> {
        let mut lines = incident_message(past.incident.message.as_ref());
        let how = match past.state {
            IncidentState::Open => "open",
            IncidentState::Resolved => "resolved: its cause went away, by a retry or because the work succeeded",
            IncidentState::Deleted => "removed together with its job, its task or its instance",
        };
        let mut facts = vec![format!("incident {}", past.incident.id), format!("opened {}", self.when(past.incident.created))];
        facts.push(past.ended.map_or_else(|| how.to_owned(), |ended| format!("{how}, {}", self.when(ended))));
        facts.extend(past.ended.map(|ended| format!("open for {}", lasted(past.incident.created, ended))));
        lines.push((facts.join("   "), Role::Muted));
        lines.extend(past.incident.annotation.as_ref().map(|note| (format!("note: {note}"), Role::Text)));
        lines
    }
}

fn incident(known: &KnownIncident) -> Vec<Line> {
    let incident = &known.incident;
    let mut lines = if incident.is_root() {
        incident_message(incident.message.as_ref())
    } else {
        vec![("Waits for a called instance that failed. Never retry here: t leads to the cause.".to_owned(), Role::Blocked)]
    };
    let mut facts = vec![format!("incident {}", incident.id), incident.kind.to_string()];
    facts.extend(incident.activity.as_ref().map(|activity| format!("at {activity}")));
    lines.push((facts.join("   "), Role::Muted));
    lines.extend(incident.annotation.as_ref().map(|note| (format!("note: {note}"), Role::Text)));
    lines
}

fn incident_message(message: Option<&EngineText>) -> Vec<Line> {
    vec![message.map_or_else(|| ("The failure carried no message.".to_owned(), Role::Muted), |message| (message.line(), Role::Root))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[&str], room: usize, most: usize) -> Vec<String> {
        wrapped(lines.iter().map(|line| ((*line).to_owned(), Role::Text)).collect(), room, most).into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn a_long_value_gives_way_to_the_ids_below_it_and_says_how_much_is_left() {
        let value = "x".repeat(100);
        assert_eq!(told(&[&value, "id 1"], 20, 4), ["x".repeat(20), "x".repeat(20), format!("{}… (+2 lines)", "x".repeat(8)), "id 1".to_owned()]);
        assert_eq!(told(&["short", "id 1"], 20, 4), ["short", "id 1"]);
    }

    #[test]
    fn a_word_longer_than_a_line_is_broken_and_none_of_it_lost() {
        let parts = broken("支付对账ab".to_owned(), 5);
        assert_eq!(parts, ["支付", "对账a", "b"]);
        assert_eq!(broken("支".to_owned(), 1), ["支"]);
    }

    #[test]
    fn a_masked_value_looks_the_same_whatever_it_is() {
        for kind in [VariableValue::Null, VariableValue::of_text("secret"), VariableValue::NotSent, VariableValue::TooLarge { bytes: 70_000 }] {
            let variable = crate::model::example::instance::variable("pin", "String", kind);
            assert_eq!(value(&variable, true).0, MASKED);
            assert_ne!(value(&variable, false).0, MASKED);
        }
    }
}
