//! Work that failed and has retries left: the next incidents. Read as a bounded list and grouped as incidents are, by place and signature.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::external_task::ExternalTask;
use super::ids::{ActivityId, ExternalTaskId, JobId, ProcessDefinitionId, ProcessInstanceId, ProcessKey};
use super::inquiry::Listed;
use super::job::Job;
use super::snapshot::{KnownNames, Snapshot};
use crate::model::grouping::Names as _;
use crate::text::EngineText;
use crate::triage::Signature;

/// Jobs, and external tasks, that are read at most.
pub const MOST_RETRYING: u32 = 500;

/// What failed and has retries left in the whole engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Retrying {
    /// Jobs with an exception and retries left.
    pub jobs: Listed<Job>,
    /// External tasks with an error and retries left, among those that were ever fetched.
    pub tasks: Vec<ExternalTask>,
    /// External tasks that were fetched once and are neither done nor out of retries: so many were looked at, of so many.
    pub tasks_looked_at: (u64, u64),
    /// Business keys of the jobs' instances.
    pub business_keys: HashMap<ProcessInstanceId, EngineText>,
}

/// One job or external task.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// A job.
    Job(Box<Job>),
    /// An external task.
    Task(Box<ExternalTask>),
}

/// What identifies it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WorkId {
    /// A job.
    Job(JobId),
    /// An external task.
    Task(ExternalTaskId),
}

/// When it is tried next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is suspended: not before it is resumed.
    Suspended,
    /// It may be tried now.
    Now,
    /// Not before this moment.
    At(Timestamp),
    /// A worker holds it, or it waits until this moment: the engine does not tell which.
    HeldOrAt(Timestamp),
}

impl Work {
    /// What identifies it.
    pub fn id(&self) -> WorkId {
        match self {
            Self::Job(job) => WorkId::Job(job.id.clone()),
            Self::Task(task) => WorkId::Task(task.id.clone()),
        }
    }

    /// Its instance.
    pub fn instance(&self) -> Option<&ProcessInstanceId> {
        match self {
            Self::Job(job) => job.process_instance.as_ref(),
            Self::Task(task) => task.process_instance.as_ref(),
        }
    }

    /// The version of the process it belongs to.
    pub fn definition(&self) -> Option<&ProcessDefinitionId> {
        match self {
            Self::Job(job) => job.process_definition.as_ref(),
            Self::Task(task) => task.process_definition.as_ref(),
        }
    }

    /// Message of its latest failure.
    pub fn message(&self) -> Option<&EngineText> {
        match self {
            Self::Job(job) => job.exception_message.as_ref(),
            Self::Task(task) => task.error_message.as_ref(),
        }
    }

    /// Attempts left.
    pub fn left(&self) -> i64 {
        match self {
            Self::Job(job) => job.retries,
            Self::Task(task) => task.retries.unwrap_or(0),
        }
    }

    /// When it is tried next, at this moment of the engine's clock.
    pub fn next(&self, now: Timestamp) -> Next {
        match self {
            Self::Job(job) if job.suspended => Next::Suspended,
            Self::Task(task) if task.suspended => Next::Suspended,
            Self::Job(job) => job.due.filter(|due| *due > now).map_or(Next::Now, Next::At),
            Self::Task(task) => task.lock_expires.filter(|ends| *ends > now).map_or(Next::Now, Next::HeldOrAt),
        }
    }
}

/// What identifies a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupKey {
    /// Process; none for work of the engine itself.
    pub process: Option<ProcessKey>,
    /// Activity, where it is known.
    pub activity: Option<ActivityId>,
    /// Whether external tasks are meant.
    pub tasks: bool,
    /// What the messages have in common.
    pub signature: Signature,
}

/// Work of one place that failed for one cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What identifies it.
    pub key: GroupKey,
    /// Its work, that with the fewest retries left first.
    pub work: Vec<Work>,
}

impl Group {
    /// Fewest and most retries left.
    pub fn left(&self) -> (i64, i64) {
        let left = || self.work.iter().map(Work::left);
        (left().min().unwrap_or(0), left().max().unwrap_or(0))
    }

    /// When the next of it is tried: now, or at the nearest moment known.
    pub fn next(&self, now: Timestamp) -> Next {
        let rank = |next: &Next| match next {
            Next::Now => (0, Timestamp::MIN),
            Next::At(at) | Next::HeldOrAt(at) => (1, *at),
            Next::Suspended => (2, Timestamp::MIN),
        };
        self.work.iter().map(|work| work.next(now)).min_by_key(rank).unwrap_or(Next::Now)
    }
}

/// The activity at which a job stands, by its job definition; else where it failed.
fn activity_of(job: &Job, snapshot: &Snapshot) -> Option<ActivityId> {
    let known = snapshot.job_definitions.get().map(Vec::as_slice).unwrap_or_default();
    let definition = job.job_definition.as_ref().and_then(|id| known.iter().find(|row| row.id == *id));
    definition.and_then(|row| row.activity.clone()).or_else(|| job.failed_activity.clone())
}

/// All of it in groups: most first.
pub fn groups(found: &Retrying, snapshot: &Snapshot) -> Vec<Group> {
    let names: KnownNames<'_> = snapshot.names();
    let mut groups: BTreeMap<GroupKey, Vec<Work>> = BTreeMap::new();
    let process = |work: &Work| work.definition().map(|id| names.process_key(id));
    for job in &found.jobs.rows {
        let work = Work::Job(Box::new(job.clone()));
        let key = GroupKey { process: process(&work), activity: activity_of(job, snapshot), tasks: false, signature: Signature::of(work.message()) };
        groups.entry(key).or_default().push(work);
    }
    for task in &found.tasks {
        let work = Work::Task(Box::new(task.clone()));
        let key = GroupKey { process: process(&work), activity: task.activity.clone(), tasks: true, signature: Signature::of(work.message()) };
        groups.entry(key).or_default().push(work);
    }
    let mut groups: Vec<Group> = groups.into_iter().map(|(key, work)| Group { key, work }).collect();
    for group in &mut groups {
        group.work.sort_by_key(|work| (work.left(), work.id()));
    }
    groups.sort_by(|a, b| b.work.len().cmp(&a.work.len()).then_with(|| a.key.cmp(&b.key)));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example;

    fn job(number: usize, left: i64, message: &str, due: Option<i64>) -> Job {
        let due = due.map(|seconds| example::noon().wall + jiff::SignedDuration::from_secs(seconds));
        Job { retries: left, exception_message: Some(message.into()), due, ..example::job(number) }
    }

    fn found(jobs: Vec<Job>, tasks: Vec<ExternalTask>) -> Retrying {
        Retrying { jobs: Listed { total: Some(jobs.len() as u64), rows: jobs }, tasks_looked_at: (0, 0), tasks, business_keys: HashMap::new() }
    }

    #[test]
    fn work_is_grouped_by_place_and_cause_and_tells_attempts_and_the_next_try() {
        let noon = example::noon();
        let jobs = vec![job(1, 2, "timeout after 10 ms", Some(60)), job(2, 1, "timeout after 20 ms", Some(240)), job(3, 2, "refused", None)];
        let groups = groups(&found(jobs, Vec::new()), &example::snapshot(noon));
        assert_eq!(groups.iter().map(|group| group.work.len()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!((groups[0].left(), groups[0].work[0].left()), ((1, 2), 1));
        assert_eq!(groups[0].next(noon.wall), Next::At(noon.wall + jiff::SignedDuration::from_secs(60)));
        assert_eq!(groups[1].next(noon.wall), Next::Now);
    }

    #[test]
    fn what_is_suspended_is_not_tried_and_a_lock_may_be_a_worker() {
        let noon = example::noon();
        let asleep = Work::Job(Box::new(Job { suspended: true, ..job(1, 2, "x", None) }));
        assert_eq!(asleep.next(noon.wall), Next::Suspended);
        let later = noon.wall + jiff::SignedDuration::from_secs(60);
        let task = ExternalTask { lock_expires: Some(later), ..example::external_task(1) };
        assert_eq!(Work::Task(Box::new(task.clone())).next(noon.wall), Next::HeldOrAt(later));
        assert_eq!(Work::Task(Box::new(task)).next(later), Next::Now);
    }
}
