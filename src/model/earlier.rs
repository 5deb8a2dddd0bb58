//! What happened before to the work behind an incident, as one story: earlier incidents, attempts of its job, what users did.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;

use super::history::{HistoricIncident, IncidentState, JobEvent, JobLogEntry, UserOperation};
use super::section::Problem;
use crate::text::EngineText;

/// The past of one incident's work, as far as it could be read; all newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// Incidents of the same job or external task, the present one among them.
    pub incidents: Result<Vec<HistoricIncident>, Problem>,
    /// Log of the job; empty for external tasks.
    pub log: Result<Vec<JobLogEntry>, Problem>,
    /// What users did to the instance.
    pub operations: Result<Vec<UserOperation>, Problem>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// An incident was opened.
    Opened,
    /// An incident ended; how, how long it had been open, and its annotation.
    Ended(IncidentState, Duration, Option<EngineText>),
    /// The job was created.
    JobCreated,
    /// An attempt failed: node, message.
    JobFailed(Option<EngineText>, Option<EngineText>),
    /// An attempt succeeded: node.
    JobSucceeded(Option<EngineText>),
    /// The job was removed without having run.
    JobDeleted,
    /// Somebody gave the work other attempts.
    Attempts(Attempts),
    /// A user did this: what, who, annotation.
    Operation(EngineText, Option<EngineText>, Option<EngineText>),
}

/// Attempts that somebody gave to work, or took from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempts {
    /// When, by the engine node's clock.
    pub at: Timestamp,
    /// Who.
    pub user: Option<EngineText>,
    /// How many it had, where that was told.
    pub from: Option<i64>,
    /// How many it has then, where that was told.
    pub to: Option<i64>,
    /// To what.
    pub reach: Reach,
    /// What was noted with it.
    pub note: Option<EngineText>,
}

/// What was given other attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// This work alone.
    Alone,
    /// All failed jobs of its job definition.
    Definition,
    /// So many by one batch, which does not tell which: perhaps this one.
    Batch(Option<u64>),
}

impl Past {
    /// Everything that happened, newest first.
    pub fn story(&self) -> Vec<(Timestamp, Event)> {
        let mut story = Vec::new();
        for row in self.incidents.iter().flatten() {
            story.push((row.incident.created, Event::Opened));
            if let Some(ended) = row.ended {
                let open = Duration::try_from(ended.duration_since(row.incident.created)).unwrap_or_default();
                story.push((ended, Event::Ended(row.state, open, row.incident.annotation.clone())));
            }
        }
        story.extend(self.log.iter().flatten().map(|entry| (entry.at, attempt(entry))));
        let mut told = HashSet::new();
        for row in self.operations.iter().flatten() {
            // One operation that changed several properties is one event.
            if row.operation.is_none() || told.insert((row.operation.clone(), row.kind.clone(), row.job.clone())) {
                let event = match self.attempts(row) {
                    Some(attempts) => Event::Attempts(attempts),
                    None => Event::Operation(row.kind.clone(), row.user.clone(), row.annotation.clone()),
                };
                story.push((row.at, event));
            }
        }
        // Stable: what happened in the same millisecond keeps the order of its kind.
        story.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        story
    }

    /// What an operation did to attempts; none for all others.
    fn attempts(&self, row: &UserOperation) -> Option<Attempts> {
        if !matches!(row.kind.as_wire(), "SetJobRetries" | "SetExternalTaskRetries") {
            return None;
        }
        let same = |other: &&UserOperation| other.operation == row.operation && other.kind == row.kind && other.job == row.job && other.at == row.at;
        let rows: Vec<&UserOperation> = match row.operation {
            Some(_) => self.operations.iter().flatten().filter(same).collect(),
            None => vec![row],
        };
        let property = |name: &str| rows.iter().find(|row| row.property.as_ref().is_some_and(|property| property.as_wire() == name));
        let number = |text: Option<&EngineText>| text.and_then(|text| text.as_wire().parse::<i64>().ok());
        let retries = property("retries");
        let reach = match (&row.job, &row.external_task, &row.job_definition) {
            (Some(_), ..) | (_, Some(_), _) => Reach::Alone,
            (None, None, Some(_)) => Reach::Definition,
            (None, None, None) if row.instance.is_some() => Reach::Alone,
            (None, None, None) => Reach::Batch(property("nrOfInstances").and_then(|row| number(row.new.as_ref())).and_then(|count| u64::try_from(count).ok())),
        };
        Some(Attempts {
            at: row.at,
            user: row.user.clone(),
            from: retries.and_then(|row| number(row.original.as_ref())),
            to: retries.and_then(|row| number(row.new.as_ref())),
            reach,
            note: row.annotation.clone(),
        })
    }

    /// Who took the attempts of this work away, so that it is not tried any more: the latest of such operations, unless an attempt failed
    /// since. A batch does not tell which work it was for, so one counts only where nothing else does.
    pub fn taken_away(&self, work: &EngineText) -> Option<Attempts> {
        let failed = self.log.iter().flatten().filter(|entry| entry.event == JobEvent::Failed).map(|entry| entry.at).max();
        let is_own = |row: &UserOperation| match (&row.job, &row.external_task) {
            (Some(job), _) => job.text() == work,
            (_, Some(task)) => task.text() == work,
            (None, None) => true,
        };
        let mut found: Vec<Attempts> = self.operations.iter().flatten().filter(|row| is_own(row)).filter_map(|row| self.attempts(row)).collect();
        found.retain(|attempts| attempts.to == Some(0) && failed.is_none_or(|failed| failed < attempts.at));
        // One that took what was there before one that found nothing left.
        found.sort_by_key(|attempts| (!matches!(attempts.reach, Reach::Batch(_)), attempts.from != Some(0), attempts.at));
        found.pop()
    }

    /// Whether an attempt failed, as far as the log tells; none where it tells nothing of this work.
    pub fn has_failed(&self) -> Option<bool> {
        let log = self.log.as_ref().ok().filter(|log| !log.is_empty())?;
        Some(log.iter().any(|entry| entry.event == JobEvent::Failed))
    }

    /// Whether the history knows not even the incident that is open now.
    pub fn is_blank(&self) -> bool {
        matches!((&self.incidents, &self.log), (Ok(incidents), Ok(log)) if incidents.is_empty() && log.is_empty())
    }

    /// What could not be read.
    pub fn problems(&self) -> Vec<(&'static str, &Problem)> {
        let parts =
            [("earlier incidents", self.incidents.as_ref().err()), ("job log", self.log.as_ref().err()), ("operations", self.operations.as_ref().err())];
        parts.into_iter().filter_map(|(part, problem)| problem.map(|problem| (part, problem))).collect()
    }
}

fn attempt(entry: &JobLogEntry) -> Event {
    match entry.event {
        JobEvent::Created => Event::JobCreated,
        JobEvent::Failed => Event::JobFailed(entry.hostname.clone(), entry.exception_message.clone()),
        JobEvent::Succeeded => Event::JobSucceeded(entry.hostname.clone()),
        JobEvent::Deleted => Event::JobDeleted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example;

    #[test]
    fn the_story_is_told_newest_first_and_an_operation_on_two_properties_once() {
        let past = example::past(example::noon());
        let story = past.story();
        assert!(story.windows(2).all(|pair| pair[0].0 >= pair[1].0), "{story:?}");
        let operations = story.iter().filter(|(_, event)| matches!(event, Event::Attempts(..))).count();
        assert_eq!((past.operations.as_ref().map(Vec::len), operations), (Ok(2), 1));
    }

    #[test]
    fn a_past_that_knows_not_even_the_open_incident_is_blank_and_one_that_failed_is_not() {
        let mut past = Past { incidents: Ok(Vec::new()), log: Ok(Vec::new()), operations: Ok(Vec::new()) };
        assert!(past.is_blank());
        let problem = Problem { label: "too slow", what: "no answer".into(), remedy: "wait".into() };
        past.log = Err(problem.clone());
        assert!(!past.is_blank());
        assert_eq!(past.problems(), [("job log", &problem)]);
    }
}
