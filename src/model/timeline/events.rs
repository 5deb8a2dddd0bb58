//! The parts of the history become events in their causal order.
//!
//! Clocks tell milliseconds, and an engine does a lot in one: what happened at the same time is put into the order in which engines do it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use super::{Attempt, Change, Event, Gathered, Key, Operation, Trouble, Visit, What};
use crate::model::case::CasesAbove;
use crate::model::history::{HistoricActivity, IncidentState, JobEvent, JobLogEntry, UserOperation};
use crate::text::EngineText;

/// A visit without anything in between that is no longer than this is one event.
const PASSED_WITHIN: Duration = Duration::from_secs(1);

/// An incident is opened right after the failure that caused it (1 ms on 7.24, in the same transaction).
const SAME_TRANSACTION: Duration = Duration::from_secs(1);

/// All events, oldest first.
pub fn events(gathered: &Gathered) -> Vec<Event> {
    let deeds = Deeds::of(gathered);
    let mut events = Vec::new();
    frame(gathered, &deeds, &mut events);
    gathered.visits.values().for_each(|visit| push_visit(visit, &mut events));
    let left = attempts_left(gathered);
    events.extend(gathered.jobs.values().map(|entry| job(entry, left.get(&entry.id).copied())));
    variables(gathered, &deeds, &mut events);
    incidents(gathered, &mut events);
    operations(gathered, &deeds, &mut events);
    let names: HashMap<_, _> = gathered.visits.values().filter_map(|visit| Some((&visit.activity, visit.name.as_ref()?))).collect();
    for event in &mut events {
        if let Some(name) = event.activity.as_ref().filter(|_| event.name.is_none()).and_then(|activity| names.get(activity)) {
            event.name = Some((*name).clone());
        }
    }
    let order = |event: &Event| (event.at, rank(event), made_at(&event.key), event.key.clone());
    events.sort_by_cached_key(order);
    passed(events)
}

/// Operations by the id that all their rows share, and those that other events tell of already.
struct Deeds<'a> {
    rows: BTreeMap<(&'a EngineText, &'a EngineText), Vec<&'a UserOperation>>,
    first: HashMap<&'a EngineText, &'a UserOperation>,
    folded: HashSet<&'a EngineText>,
}

impl<'a> Deeds<'a> {
    fn of(gathered: &'a Gathered) -> Self {
        let mut rows: BTreeMap<_, Vec<&UserOperation>> = BTreeMap::new();
        for row in gathered.operations.values() {
            // A row that belongs to no operation stands for itself.
            rows.entry((row.operation.as_ref().unwrap_or(&row.id), &row.kind)).or_default().push(row);
        }
        let first = gathered.operations.values().map(|row| (row.operation.as_ref().unwrap_or(&row.id), row)).collect();
        let mut deeds = Self { rows, first, folded: HashSet::new() };
        for update in gathered.variables.values() {
            if let Some(row) = update.operation.as_ref().and_then(|operation| deeds.find(operation))
                && (row.entity.as_ref().is_some_and(|entity| entity.as_wire() == "Variable") || deeds.is_start(row))
            {
                deeds.folded.insert(row.operation.as_ref().unwrap_or(&row.id));
            }
        }
        if gathered.instance.is_some() {
            let starts: Vec<_> = gathered.operations.values().filter(|row| deeds.is_start(row)).collect();
            deeds.folded.extend(starts.into_iter().map(|row| row.operation.as_ref().unwrap_or(&row.id)));
        }
        deeds
    }

    fn find(&self, operation: &EngineText) -> Option<&'a UserOperation> {
        self.first.get(operation).copied()
    }

    fn is_start(&self, row: &UserOperation) -> bool {
        row.kind.as_wire() == "Create" && row.entity.as_ref().is_some_and(|entity| entity.as_wire() == "ProcessInstance")
    }
}

/// Start and end of the instance.
fn frame(gathered: &Gathered, deeds: &Deeds<'_>, events: &mut Vec<Event>) {
    let Some(instance) = &gathered.instance else { return };
    let start = gathered.operations.values().find(|row| deeds.is_start(row));
    let by = instance.start_user.clone().or_else(|| start.and_then(|row| row.user.clone()));
    let note = start.and_then(|row| row.annotation.clone());
    events.push(Event {
        key: Key::Started,
        at: instance.started,
        what: What::Started(note, gathered.cases.as_ref().map(by_case)),
        activity: None,
        name: None,
        by,
    });
    if let Some(ended) = instance.ended {
        let what = What::Over(instance.state, instance.delete_reason.clone(), between(instance.started, ended));
        events.push(Event { key: Key::Over, at: ended, what, activity: None, name: None, by: None });
    }
}

/// Who called the instance where no process did.
fn by_case(above: &CasesAbove) -> String {
    above.cases.iter().map(|case| format!("case {}{}", case.label(), case.at_task())).collect::<Vec<_>>().join(", called by ")
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

fn push_visit(row: &HistoricActivity, events: &mut Vec<Event>) {
    let visit = Visit {
        kind: row.kind.clone(),
        called: row.called.clone(),
        called_case: row.called_case.clone(),
        assignee: row.assignee.clone(),
        canceled: row.canceled,
    };
    let event = |key, at, what| Event { key, at, what, activity: Some(row.activity.clone()), name: row.name.clone(), by: row.assignee.clone() };
    events.push(event(Key::Entered(row.id.clone()), row.started, What::Entered(visit.clone())));
    if let Some(ended) = row.ended {
        events.push(event(Key::Left(row.id.clone()), ended, What::Left(visit, between(row.started, ended))));
    }
}

fn job(entry: &JobLogEntry, left: Option<i64>) -> Event {
    let attempt = Attempt {
        entry: entry.id.clone(),
        job: entry.job.text().clone(),
        event: entry.event,
        kind: entry.job_kind.clone(),
        left,
        message: entry.exception_message.clone(),
        failed_at: entry.failed_activity.clone().filter(|failed| entry.activity.as_ref() != Some(failed)),
    };
    Event { key: Key::Job(entry.id.clone()), at: entry.at, what: What::Job(attempt), activity: entry.activity.clone(), name: None, by: entry.hostname.clone() }
}

/// Attempts left after each failure, where that is certain. An entry tells what was left before it; a retry cycle of the job's own counts
/// from the first failure on, and a user may set another number in between.
fn attempts_left(gathered: &Gathered) -> HashMap<EngineText, i64> {
    let mut by_job: BTreeMap<&EngineText, Vec<&JobLogEntry>> = BTreeMap::new();
    for entry in gathered.jobs.values() {
        by_job.entry(entry.job.text()).or_default().push(entry);
    }
    let mut left = HashMap::new();
    for (job, mut log) in by_job {
        log.sort_by_key(|entry| entry.at);
        let mut seen_failing = false;
        for (index, entry) in log.iter().enumerate().filter(|(_, entry)| entry.event == JobEvent::Failed) {
            let opened = gathered.incidents.values().any(|row| {
                let gap = row.incident.created.duration_since(entry.at);
                row.incident.configuration.as_ref() == Some(job) && !gap.is_negative() && Duration::try_from(gap).is_ok_and(|gap| gap <= SAME_TRANSACTION)
            });
            let next = log
                .get(index + 1)
                .filter(|next| !gathered.operations.values().any(|row| row.at >= entry.at && row.at <= next.at && row.kind.as_wire().contains("Retries")));
            let after = match (opened, next) {
                (true, _) => Some(0),
                (false, Some(next)) => Some(next.retries),
                (false, None) => seen_failing.then_some(entry.retries - 1),
            };
            left.extend(after.filter(|after| *after >= 0).map(|after| (entry.id.clone(), after)));
            seen_failing = true;
        }
    }
    left
}

fn variables(gathered: &Gathered, deeds: &Deeds<'_>, events: &mut Vec<Event>) {
    for row in gathered.variables.values() {
        let deed = row.operation.as_ref().and_then(|operation| deeds.find(operation));
        let change = Change {
            variable: row.name.clone(),
            kind: row.kind.clone(),
            size: row.size,
            first: row.revision == 0,
            initial: row.initial,
            note: deed.filter(|deed| !deeds.is_start(deed)).and_then(|deed| deed.annotation.clone()),
        };
        let by = deed.and_then(|deed| deed.user.clone());
        events.push(Event { key: Key::Variable(row.id.clone()), at: row.at, what: What::Variable(change), activity: None, name: None, by });
    }
}

fn incidents(gathered: &Gathered, events: &mut Vec<Event>) {
    for row in gathered.incidents.values() {
        let incident = &row.incident;
        let event = |key, at, what| Event { key, at, what, activity: incident.activity.clone(), name: None, by: None };
        let open = row.state == IncidentState::Open && row.ended.is_none();
        let trouble = Trouble {
            incident: incident.id.clone(),
            kind: incident.kind.clone(),
            root: incident.is_root(),
            failed_at: incident.failed_elsewhere().cloned(),
            message: incident.message.clone(),
            open,
            note: incident.annotation.clone().filter(|_| open),
        };
        events.push(event(Key::Opened(incident.id.clone()), incident.created, What::Opened(trouble)));
        if let Some(ended) = row.ended {
            let what = What::Closed(incident.kind.clone(), row.state, between(incident.created, ended), incident.annotation.clone());
            events.push(event(Key::Closed(incident.id.clone()), ended, what));
        }
    }
}

fn operations(gathered: &Gathered, deeds: &Deeds<'_>, events: &mut Vec<Event>) {
    let activity_of_job = |row: &UserOperation| {
        let job = row.job.as_ref()?;
        gathered.jobs.values().find(|entry| entry.job == *job)?.activity.clone()
    };
    let activity_of_task = |row: &UserOperation| {
        let task = row.task.as_ref()?;
        gathered.visits.values().find(|visit| visit.task.as_ref() == Some(task)).map(|visit| visit.activity.clone())
    };
    for ((id, kind), rows) in &deeds.rows {
        let Some(first) = rows.iter().min_by_key(|row| (row.at, &row.id)) else { continue };
        if deeds.folded.contains(id) {
            continue;
        }
        let things: HashSet<_> = rows.iter().map(|row| (&row.job, &row.external_task, &row.task)).collect();
        let mut changes: Vec<_> = Vec::new();
        for row in rows {
            let change = row.property.as_ref().map(|property| (property.clone(), row.original.clone(), row.new.clone()));
            changes.extend(change.filter(|change| !changes.contains(change)));
        }
        let note = rows.iter().find_map(|row| row.annotation.clone());
        let operation = Operation { kind: (*kind).clone(), entity: first.entity.clone(), things: things.len(), changes, note };
        let activity = rows.iter().find_map(|row| activity_of_job(row).or_else(|| activity_of_task(row)));
        let key = Key::Operation(first.id.clone());
        events.push(Event { key, at: first.at, what: What::Operation(operation), activity, name: None, by: first.user.clone() });
    }
}

/// Order within a millisecond: what somebody does comes before what follows from it, a creation before a failure, a failure before its
/// incident, and the end last. A visit that took no time at all is left after it was entered.
fn rank(event: &Event) -> u8 {
    match &event.what {
        What::Operation(_) => 0,
        What::Started(..) => 1,
        What::Variable(_) => 2,
        What::Left(_, lasted) if !lasted.is_zero() => 3,
        What::Entered(_) | What::Passed(..) | What::Left(..) => 4,
        What::Job(attempt) => match attempt.event {
            JobEvent::Created => 5,
            JobEvent::Succeeded => 6,
            JobEvent::Failed => 7,
            JobEvent::Deleted => 8,
        },
        What::Closed(_, _, open, _) if !open.is_zero() => 9,
        What::Opened(_) => 10,
        What::Closed(..) => 11,
        What::Over(..) => 12,
    }
}

/// When the engine made an id, where it is a UUID of version 1, as engines make them by default: the only order within a millisecond that
/// the history keeps of visits. Entering and leaving have the same one.
fn made_at(key: &Key) -> u64 {
    let id = match key {
        Key::Entered(id) | Key::Left(id) | Key::Job(id) | Key::Operation(id) | Key::Variable(id) => id.as_wire(),
        Key::Started | Key::Over | Key::Opened(_) | Key::Closed(_) => return 0,
    };
    let mut parts = id.rsplit(':').next().unwrap_or_default().split('-');
    let mut part = |digits: usize| parts.next().filter(|part| part.len() == digits).and_then(|part| u64::from_str_radix(part, 16).ok());
    match (part(8), part(4), part(4)) {
        (Some(low), Some(middle), Some(high)) if high >> 12 == 1 => (high & 0xfff) << 48 | middle << 32 | low,
        _ => 0,
    }
}

/// A short visit that is left right after it was entered is told once.
fn passed(events: Vec<Event>) -> Vec<Event> {
    let mut told: Vec<Event> = Vec::with_capacity(events.len());
    for event in events {
        if let (Key::Left(left), What::Left(visit, lasted)) = (&event.key, &event.what)
            && *lasted < PASSED_WITHIN
            && let Some(last) = told.last_mut()
            && matches!(&last.key, Key::Entered(entered) if entered == left)
        {
            last.what = What::Passed(visit.clone(), *lasted);
            continue;
        }
        told.push(event);
    }
    told
}
