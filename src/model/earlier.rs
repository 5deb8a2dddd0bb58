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
    /// A user did this: what, who, annotation.
    Operation(EngineText, Option<EngineText>, Option<EngineText>),
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
                story.push((row.at, Event::Operation(row.kind.clone(), row.user.clone(), row.annotation.clone())));
            }
        }
        // Stable: what happened in the same millisecond keeps the order of its kind.
        story.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        story
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
        let operations = story.iter().filter(|(_, event)| matches!(event, Event::Operation(..))).count();
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
