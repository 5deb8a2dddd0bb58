//! What an event says: its words, and how much weight they have. Everything in them that came from the engine is made safe by its display.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Attempt, Change, Event, Operation, Trouble, Visit, What};
use crate::model::history::{IncidentState, InstanceState, JobEvent};
use crate::text::{EngineText, age, count_exact};

/// How an event weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// An attempt failed, or an incident was opened.
    Failure,
    /// A parent waits for a called instance that failed.
    Blocked,
    /// It went on after a failure.
    Relief,
    /// Somebody did something.
    Deed,
    /// Something was cancelled or removed.
    Warning,
    /// As it should be.
    Plain,
    /// Of minor interest.
    Muted,
}

/// What an event says. `failed_at` names [`Event::failed_at`].
pub fn words(event: &Event, failed_at: Option<&str>, zone: &TimeZone) -> (String, Weight) {
    let failed_at = failed_at.map_or_else(String::new, |failed| format!(" at {failed}"));
    match &event.what {
        What::Started(note, case) => {
            let by = case.as_ref().map_or_else(String::new, |case| format!(", called by {case}"));
            (noted(format!("instance started{by}"), note.as_ref()), Weight::Plain)
        }
        What::Over(state, reason, lasted) => over(*state, reason.as_ref(), *lasted),
        What::Entered(visit) => entered(visit),
        What::Passed(visit, lasted) => left(visit, *lasted, "passed"),
        What::Left(visit, lasted) => left(visit, *lasted, "left"),
        What::Job(attempt) => job(attempt, &failed_at),
        What::Operation(operation) => (deed(operation, zone), Weight::Deed),
        What::Variable(change) => variable(change, event.by.is_some()),
        What::Opened(trouble) => opened(trouble, &failed_at),
        What::Closed(kind, state, open, note) => closed(kind, *state, *open, note.as_ref()),
    }
}

/// A distance to the second: `480 ms`, `12 s`, `3 min 12 s`, `5 h 03 min`, `2 d 4 h`.
pub fn lasting(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds @ 60..3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        seconds @ 3_600..86_400 => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => age(time),
    }
}

fn noted(words: String, note: Option<&EngineText>) -> String {
    match note.and_then(|note| note.lines().find(|line| !line.trim().is_empty())) {
        Some(note) => format!("{words}: {}", note.trim()),
        None => words,
    }
}

fn over(state: InstanceState, reason: Option<&EngineText>, lasted: Duration) -> (String, Weight) {
    let how = match state {
        InstanceState::Completed => "completed",
        InstanceState::ExternallyTerminated => "cancelled from outside",
        InstanceState::InternallyTerminated => "ended by its caller or the process",
        InstanceState::Active | InstanceState::Suspended | InstanceState::Unknown => "over",
    };
    let weight = if state == InstanceState::Completed { Weight::Plain } else { Weight::Warning };
    (noted(format!("instance {how} after {}", lasting(lasted)), reason), weight)
}

fn entered(visit: &Visit) -> (String, Weight) {
    match (&visit.called, &visit.called_case) {
        (Some(called), _) => (format!("called {called}"), Weight::Plain),
        (None, Some(case)) => (format!("called the case {case}"), Weight::Plain),
        (None, None) => (format!("{} entered", camel(visit.kind.as_wire())), Weight::Plain),
    }
}

fn left(visit: &Visit, lasted: Duration, verb: &str) -> (String, Weight) {
    let what = if visit.called.is_some() || visit.called_case.is_some() { "call".to_owned() } else { camel(visit.kind.as_wire()) };
    let after = if lasted.is_zero() { String::new() } else { format!(" after {}", lasting(lasted)) };
    if visit.canceled {
        return (format!("{what} CANCELLED{after}"), Weight::Warning);
    }
    (format!("{what} {verb}{after}"), if verb == "passed" { Weight::Muted } else { Weight::Plain })
}

fn job(attempt: &Attempt, failed_at: &str) -> (String, Weight) {
    match attempt.event {
        JobEvent::Created => {
            let kind = attempt.kind.as_ref().map_or_else(String::new, |kind| format!(": {kind}"));
            (format!("job created{kind}"), Weight::Muted)
        }
        JobEvent::Failed => {
            let left = match attempt.left {
                Some(0) => ", out of retries".to_owned(),
                Some(1) => ", 1 retry left".to_owned(),
                Some(many) => format!(", {many} retries left"),
                None => String::new(),
            };
            (noted(format!("failed{failed_at}{left}"), attempt.message.as_ref()), Weight::Failure)
        }
        JobEvent::Succeeded => ("job succeeded".to_owned(), Weight::Relief),
        JobEvent::Deleted => ("job removed without having run".to_owned(), Weight::Muted),
    }
}

fn variable(change: &Change, by_user: bool) -> (String, Weight) {
    let done = match (change.initial, change.first) {
        (true, _) => "given at the start",
        (_, true) => "set",
        (_, false) => "changed",
    };
    let mut facts: Vec<String> = change.kind.iter().map(ToString::to_string).collect();
    facts.extend(change.size.map(|size| if size == 1 { "1 character".to_owned() } else { format!("{} characters", count_exact(size as u64)) }));
    let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
    let weight = if by_user && !change.initial { Weight::Deed } else { Weight::Muted };
    (noted(format!("variable {} {done}{facts}", change.variable), change.note.as_ref()), weight)
}

fn opened(trouble: &Trouble, failed_at: &str) -> (String, Weight) {
    let note = trouble.note.as_ref().map_or_else(String::new, |note| format!(", noted \"{note}\""));
    let open = if trouble.open { format!(", open still{note}") } else { String::new() };
    if !trouble.root {
        return (format!("incident opened: blocked by a called instance{open}"), Weight::Blocked);
    }
    let failed_at = if failed_at.is_empty() { String::new() } else { format!(", failed{failed_at}") };
    (noted(format!("incident opened{}{failed_at}{open}", of_kind(&trouble.kind)), trouble.message.as_ref()), Weight::Failure)
}

fn closed(kind: &EngineText, state: IncidentState, open: Duration, note: Option<&EngineText>) -> (String, Weight) {
    let (how, weight) = match state {
        IncidentState::Deleted => ("deleted with its instance or job", Weight::Warning),
        IncidentState::Resolved | IncidentState::Open => ("resolved", Weight::Relief),
    };
    (noted(format!("incident {how}{} after {}", of_kind(kind), lasting(open)), note), weight)
}

/// The type of an incident, where it is not that of a failed job: those are most.
fn of_kind(kind: &EngineText) -> String {
    if kind.as_wire() == "failedJob" { String::new() } else { format!(" ({kind})") }
}

/// Property, value before, value after.
type Alteration = (EngineText, Option<EngineText>, Option<EngineText>);

/// Properties whose values are no secrets. Others may be anything.
const HARMLESS: [&str; 8] = ["retries", "priority", "assignee", "owner", "dueDate", "followUpDate", "deleteReason", "processDefinitionVersion"];

fn deed(operation: &Operation, zone: &TimeZone) -> String {
    let told = |change: &&Alteration| !goes_without_saying(&operation.kind, change);
    let changes: Vec<String> = operation.changes.iter().filter(told).filter_map(|change| changed(change, zone)).collect();
    let done = done(operation);
    let done = if changes.is_empty() { done } else { format!("{done}, {}", changes.join(", ")) };
    noted(done, operation.note.as_ref())
}

/// What an operation is called already, and the due date that goes with the old attempts.
fn goes_without_saying(kind: &EngineText, (property, _, new): &Alteration) -> bool {
    property.as_wire() == "suspensionState" || kind.as_wire().contains("Retries") && property.as_wire() == "dueDate" && new.is_none()
}

fn changed((property, old, new): &Alteration, zone: &TimeZone) -> Option<String> {
    let name = HARMLESS.into_iter().find(|name| *name == property.as_wire())?;
    let value = |text: &Option<EngineText>| match text {
        Some(text) if name.ends_with("Date") => moment(text, zone),
        Some(text) if !text.is_empty() => text.to_string(),
        _ => "none".to_owned(),
    };
    let (old, new) = (value(old), value(new));
    (old != new).then(|| format!("{} {old} → {new}", camel(name)))
}

/// A date of an operation, which the engine writes as milliseconds.
fn moment(text: &EngineText, zone: &TimeZone) -> String {
    let time = text.as_wire().parse().ok().and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok());
    time.map_or_else(|| text.to_string(), |time| time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

fn done(operation: &Operation) -> String {
    let thing = match operation.entity.as_ref().map(EngineText::as_wire) {
        Some("ProcessInstance") => "instance".to_owned(),
        Some(entity) => camel(entity),
        None => "something".to_owned(),
    };
    let thing = if operation.things > 1 { format!("{} {thing}s", operation.things) } else { thing };
    let retried = || operation.changes.iter().any(|(property, _, new)| property.as_wire() == "retries" && new.as_ref().is_some_and(|new| new.as_wire() != "0"));
    let verb = match operation.kind.as_wire() {
        "SetJobRetries" | "SetExternalTaskRetries" if retried() => "retried",
        "SetJobRetries" | "SetExternalTaskRetries" if operation.changes.iter().any(|(property, ..)| property.as_wire() == "retries") => {
            "given no attempts any more"
        }
        "SetJobRetries" | "SetExternalTaskRetries" => "retries changed",
        "Create" => "created",
        "Delete" => "deleted",
        "Suspend" | "SuspendJob" => "suspended",
        "Activate" | "ActivateJob" => "resumed",
        "SuspendJobDefinition" => return "job definition suspended".to_owned(),
        "ActivateJobDefinition" => return "job definition resumed".to_owned(),
        "SuspendProcessDefinition" => return "process definition suspended".to_owned(),
        "ActivateProcessDefinition" => return "process definition resumed".to_owned(),
        "Complete" => "completed",
        "Claim" => "claimed",
        "Assign" => "assigned",
        "Delegate" => "delegated",
        "Resolve" => "resolved",
        "Update" => "changed",
        "SetVariable" => "set",
        "ModifyVariable" => "changed",
        "RemoveVariable" => "removed",
        "SetPriority" => "priority changed",
        "SetDueDate" | "SetJobDueDate" | "RecalculateDueDate" => "due date changed",
        "SetAnnotation" => "annotated",
        "ClearAnnotation" => "annotation cleared",
        "Migrate" => "migrated",
        "ModifyProcessInstance" => "modified: tokens moved",
        "RestartProcessInstance" => "restarted",
        "Unlock" => "unlocked",
        "ExecuteJob" => "executed",
        other => return format!("{thing}: {}", camel(other)),
    };
    format!("{thing} {verb}")
}

/// A name of the engine's as words: `SetRemovalTime` becomes `set removal time`.
fn camel(name: &str) -> String {
    if name == "multiInstanceBody" {
        return "multi-instance body".to_owned();
    }
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    EngineText::from(words).to_string()
}
