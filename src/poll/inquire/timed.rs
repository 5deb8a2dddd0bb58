//! Suspensions and resumptions that are to happen later: the engine keeps each as a timer job that does not tell whom it is for.
//!
//! The job log tells that it was created and of which kind (`GET /history/job-log?jobDefinitionType=…&creationLog=true`), the log of
//! operations whom it is for (`GET /history/user-operation`). Nothing joins the two but their time: the operation is written in the same
//! transaction, in the same millisecond or the next (7.18, 7.24).

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::{Counter, alone};
use crate::engine::{EngineError, JobLogFilter, JobLogQuery, MOST_IDS, Order, Page, UserOperationFilter, UserOperationQuery};
use crate::model::history::{JobLogEntry, UserOperation};
use crate::model::ids::JobId;
use crate::model::suspension::TimedSuspension;

/// The kinds of timers, what each does, and the operation that made it.
const KINDS: [(&str, bool, &str); 4] = [
    ("suspend-job-definition", true, "SuspendJobDefinition"),
    ("activate-job-definition", false, "ActivateJobDefinition"),
    ("suspend-processdefinition", true, "SuspendProcessDefinition"),
    ("activate-processdefinition", false, "ActivateProcessDefinition"),
];

/// Timers of one kind that are looked for, the newest first.
const MOST: u32 = 200;

/// Operations that are read between the first of these timers and the last.
const OPERATIONS: u32 = 1_000;

/// The longest time between the entry of a timer and that of its operation.
const APART: SignedDuration = SignedDuration::from_millis(50);

impl Counter {
    /// The suspensions and resumptions that are to happen later, the next first; at most 200 of each kind. Whom one is for is only told where
    /// that is certain.
    ///
    /// # Errors
    ///
    /// Why they cannot be read. Without a full history nothing tells of them, and the list is empty.
    pub async fn timed(&self) -> Result<Vec<TimedSuspension>, EngineError> {
        let mut pending = Vec::new();
        for (kind, suspend, operation) in KINDS {
            let filter = JobLogFilter { kind: Some(kind.into()), created: true, ..JobLogFilter::default() };
            let query = JobLogQuery { filter, by_time: Some(Order::Descending), page: Page::first(MOST) };
            let mut entries = self.one(self.client.job_log(&query)).await?;
            let ids: Vec<JobId> = entries.iter().map(|entry| entry.job.clone()).take(MOST_IDS).collect();
            let jobs = if ids.is_empty() { Vec::new() } else { self.one(self.client.jobs(&ids)).await? };
            entries.retain(|entry| jobs.iter().any(|job| job.id == entry.job));
            let operations = self.operations_around(operation, &entries).await?;
            for (entry, operation) in paired(&entries, &operations) {
                let Some(at) = jobs.iter().find(|job| job.id == entry.job).and_then(|job| job.due).or(entry.due) else { continue };
                let job_definition = operation.and_then(|operation| operation.job_definition.clone());
                pending.push(TimedSuspension {
                    job: entry.job.clone(),
                    at,
                    suspend,
                    process_definition: operation.and_then(|operation| operation.process_definition.clone()),
                    job_definition,
                    user: operation.and_then(|operation| operation.user.clone()),
                });
            }
        }
        pending.sort_by(|a, b| (a.at, &a.job).cmp(&(b.at, &b.job)));
        Ok(pending)
    }

    /// The operations among which are those that made these timers. Without them the timers are known, and not whom they are for.
    async fn operations_around(&self, kind: &str, entries: &[JobLogEntry]) -> Result<Vec<UserOperation>, EngineError> {
        let times = || entries.iter().map(|entry| entry.at);
        let Some((first, last)) = times().min().zip(times().max()) else { return Ok(Vec::new()) };
        let filter = UserOperationFilter {
            kind: Some(kind.into()),
            property: Some("suspensionState".into()),
            after: Some(moved(first, -APART)),
            before: Some(moved(last, APART)),
            ..UserOperationFilter::default()
        };
        let query = UserOperationQuery { filter, page: Page::first(OPERATIONS) };
        Ok(alone(self.one(self.client.user_operations_where(&query)).await)?.unwrap_or_default())
    }
}

/// A time of the engine a little earlier or later; an engine may tell one at the end of all days.
fn moved(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(at)
}

/// Each timer with its operation: the first one written at its time or just after. Where another could be meant as well, none is.
fn paired<'t>(entries: &'t [JobLogEntry], operations: &'t [UserOperation]) -> Vec<(&'t JobLogEntry, Option<&'t UserOperation>)> {
    let mut taken: HashSet<&str> = HashSet::new();
    let mut entries: Vec<&JobLogEntry> = entries.iter().collect();
    entries.sort_by_key(|entry| entry.at);
    let times: Vec<Timestamp> = entries.iter().map(|entry| entry.at).collect();
    entries
        .into_iter()
        .enumerate()
        .map(|(index, entry)| {
            // Whatever is written before the next timer belongs to this one.
            let until = times.get(index + 1).map_or(moved(entry.at, APART), |next| (*next).min(moved(entry.at, APART)));
            let alone = index.checked_sub(1).is_none_or(|before| times[before] < entry.at) && times.get(index + 1).is_none_or(|next| *next > entry.at);
            let fits = |operation: &&UserOperation| operation.at >= entry.at && (operation.at < until || operation.at == entry.at);
            let fitting: Vec<&UserOperation> = operations.iter().filter(fits).filter(|operation| !taken.contains(operation.id.as_wire())).collect();
            let one = match fitting[..] {
                [one] if alone => Some(one),
                _ => None,
            };
            taken.extend(one.map(|one| one.id.as_wire()));
            (entry, one)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example;
    use crate::model::history::JobEvent;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + millis).unwrap()
    }

    fn entry(job: &str, millis: i64) -> JobLogEntry {
        JobLogEntry {
            id: format!("log of {job}").as_str().into(),
            job: job.into(),
            at: at(millis),
            event: JobEvent::Created,
            retries: 3,
            exception_message: None,
            failed_activity: None,
            hostname: None,
            instance: None,
            activity: None,
            job_kind: None,
            due: Some(at(1_000_000)),
            execution: None,
            job_definition: None,
        }
    }

    fn operation(definition: &str, millis: i64) -> UserOperation {
        let id = format!("row of {definition}").as_str().into();
        UserOperation { id, job_definition: Some(definition.into()), ..example::operation("SuspendJobDefinition", "JobDefinition", at(millis)) }
    }

    fn told(entries: &[JobLogEntry], operations: &[UserOperation]) -> Vec<String> {
        let name = |operation: &UserOperation| operation.job_definition.as_ref().map(ToString::to_string).unwrap_or_default();
        paired(entries, operations).into_iter().map(|(entry, found)| format!("{}={}", entry.job, found.map(name).unwrap_or_default())).collect()
    }

    #[test]
    fn a_timer_belongs_to_the_operation_of_its_millisecond_or_the_next() {
        let entries = [entry("b", 100), entry("a", 0)];
        assert_eq!(told(&entries, &[operation("A", 0), operation("B", 101)]), ["a=A", "b=B"]);
    }

    #[test]
    fn where_two_could_be_meant_none_is() {
        assert_eq!(told(&[entry("a", 0), entry("b", 0)], &[operation("A", 0), operation("B", 0)]), ["a=", "b="]);
        assert_eq!(told(&[entry("a", 0)], &[operation("A", 0), operation("B", 40)]), ["a="]);
        assert_eq!(told(&[entry("a", 0)], &[operation("Before", -3), operation("Late", 900)]), ["a="]);
    }
}
