//! Suspension: what follows for one job from the states of its instance, its job definition and itself.
//!
//! The states do not stack. The engine runs a job if the job itself is not suspended; a job definition only decides how new jobs are born;
//! suspending or resuming an instance writes the same into all of its jobs, whatever their definitions say.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::definition::ProcessInstance;
use super::ids::{JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId};
use super::incident::Incident;
use super::inquiry::{Finding, Inquiry};
use super::job::{Job, JobDefinition};
use super::section::{Problem, Section};
use super::snapshot::Snapshot;
use crate::text::{EngineText, plural};

/// Which of the three are suspended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Suspension {
    /// The process instance.
    pub instance: bool,
    /// The job definition; none if that is not known.
    pub definition: Option<bool>,
    /// The job.
    pub job: bool,
}

impl Suspension {
    /// What follows, in plain words; none where nothing is suspended.
    pub fn words(self) -> Option<&'static str> {
        Some(match (self.instance, self.definition, self.job) {
            // Whatever its definition, an active job runs.
            (false, Some(false) | None, false) => return None,
            (false, Some(true), false) => "job definition SUSPENDED, but this job is active: it runs; only new jobs are created suspended",
            (false, Some(false), true) => "only the job itself is SUSPENDED: it does not run until the job is resumed",
            (false, None, true) => "job SUSPENDED: it does not run until the job is resumed; whether its job definition is SUSPENDED too is not known",
            (false, Some(true), true) => "job definition and job SUSPENDED: it does not run, and new jobs are created suspended",
            (true, Some(false) | None, false) => "instance SUSPENDED, but this job is active: it is tried, fails, and burns its retries",
            (true, Some(true), false) => "instance and job definition SUSPENDED, but this job is active: it is tried, fails, and burns its retries",
            (true, Some(false), true) => "instance and job SUSPENDED: it does not run; resuming the instance resumes the job",
            (true, None, true) => {
                "instance and job SUSPENDED: it does not run; resuming the instance resumes the job, whatever its job definition, which is not known"
            }
            (true, Some(true), true) => "all three SUSPENDED: it does not run; resuming the instance resumes the job, although its definition stays suspended",
        })
    }

    /// Whether the states contradict each other, so that somebody may expect the opposite of what happens.
    pub fn surprises(self) -> bool {
        !self.job && (self.instance || self.definition == Some(true))
    }

    /// Whether the engine takes the job up when it is due and has retries left.
    pub fn is_taken_up(self) -> bool {
        !self.job
    }
}

/// The definitions that are suspended now, for telling which open incidents stand where nothing runs.
#[derive(Debug, Default)]
pub struct SuspendedDefinitions<'a> {
    job_definitions: HashSet<&'a JobDefinitionId>,
    processes: HashSet<&'a ProcessDefinitionId>,
}

impl<'a> SuspendedDefinitions<'a> {
    /// Those of a picture.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let job_definitions = snapshot.job_definitions.get().map(Vec::as_slice).unwrap_or_default().iter().filter(|row| row.suspended);
        let processes = snapshot.definitions.get().into_iter().flat_map(|all| all.by_id.values()).filter(|row| row.suspended);
        Self { job_definitions: job_definitions.map(|row| &row.id).collect(), processes: processes.map(|row| &row.id).collect() }
    }

    /// Whether the job definition or the process definition of an incident is suspended.
    pub fn include(&self, incident: &Incident) -> bool {
        incident.job_definition.as_ref().is_some_and(|id| self.job_definitions.contains(id))
            || incident.process_definition.as_ref().is_some_and(|id| self.processes.contains(id))
    }
}

/// A suspension or resumption that is to happen later (`executionDate`): the engine keeps it as a timer job.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedSuspension {
    /// The timer.
    pub job: JobId,
    /// When.
    pub at: Timestamp,
    /// Suspends rather than resumes.
    pub suspend: bool,
    /// Of which job definition, where the history tells.
    pub job_definition: Option<JobDefinitionId>,
    /// Of which version of a process, where the history tells.
    pub process_definition: Option<ProcessDefinitionId>,
    /// Who ordered it, where the history tells.
    pub user: Option<EngineText>,
}

/// How much is suspended in the whole engine, besides the definitions, which the picture holds anyway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SuspendedCounts {
    /// Process instances.
    pub instances: u64,
    /// Jobs, whatever suspended them.
    pub jobs: u64,
    /// Those of them that would run now: retries left, and due. They have no incident, so nothing else shows them.
    pub waiting: u64,
}

/// What is suspended in the whole engine, besides the definitions.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspended {
    /// How much.
    pub counts: SuspendedCounts,
    /// Process instances, the first [`MOST_SUSPENDED`] by id.
    pub instances: Vec<ProcessInstance>,
    /// Jobs: all of them where [`jobs_whole`](Self::jobs_whole); else the first [`MOST_SUSPENDED`] that would run now and whose instance is active.
    pub jobs: Vec<Job>,
    /// What is to happen later.
    pub timed: Result<Vec<TimedSuspension>, Problem>,
}

impl Suspended {
    /// Whether every suspended job was read.
    pub fn jobs_whole(&self) -> bool {
        self.jobs.len() as u64 == self.counts.jobs
    }

    /// Jobs that are suspended while neither their instance nor their job definition is: whoever looks for suspended definitions and
    /// instances never finds them. A job whose job definition is not known is none of them.
    pub fn alone<'a>(&'a self, definitions: &'a [JobDefinition]) -> impl Iterator<Item = &'a Job> {
        let asleep: HashSet<&ProcessInstanceId> = self.instances.iter().map(|instance| &instance.id).collect();
        let active: HashSet<&JobDefinitionId> = definitions.iter().filter(|row| !row.suspended).map(|row| &row.id).collect();
        self.jobs.iter().filter(move |job| {
            job.process_instance.as_ref().is_none_or(|id| !asleep.contains(id)) && job.job_definition.as_ref().is_none_or(|id| active.contains(id))
        })
    }
}

/// How much is suspended in the whole engine, as far as the picture tells: the list, where it was on the screen last, counts too, and the
/// newer of the two holds.
pub fn counts(findings: &HashMap<Inquiry, Section<Finding>>) -> Option<SuspendedCounts> {
    let told = [Inquiry::Suspended, Inquiry::SuspendedCount].iter().filter_map(|inquiry| findings.get(inquiry));
    match told.max_by_key(|section| section.taken.map(|taken| taken.instant))?.get()? {
        Finding::Suspended(found) => Some(found.counts),
        Finding::SuspendedCount(counts) => Some(*counts),
        _ => None,
    }
}

/// What became of the suspended jobs of one instance, or would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldJobs {
    /// Those that would run now.
    pub waiting: usize,
    /// Those with retries left that are due later.
    pub later: usize,
    /// Those out of retries.
    pub failed: usize,
}

impl HeldJobs {
    /// Of these jobs, at this moment of the engine's clock.
    pub fn of(jobs: &[Job], now: Timestamp) -> Self {
        let mut held = Self::default();
        for job in jobs.iter().filter(|job| job.suspended) {
            match (job.retries > 0, job.due.is_none_or(|due| due <= now)) {
                (false, _) => held.failed += 1,
                (true, true) => held.waiting += 1,
                (true, false) => held.later += 1,
            }
        }
        held
    }

    /// What follows the word SUSPENDED where jobs are meant; none where there are none. The gravest comes first: work that stands still and
    /// has no incident.
    pub fn words(self) -> Option<String> {
        let (count, words) = self.gravest()?;
        Some(format!("{} {}", plural(count as u64, "job"), if count > 1 && self.waiting > 0 { "wait" } else { words }))
    }

    /// The same for one job.
    pub fn state(self) -> Option<&'static str> {
        self.gravest().map(|(_, words)| words)
    }

    fn gravest(self) -> Option<(usize, &'static str)> {
        [(self.waiting, "waits"), (self.failed, "out of retries"), (self.later, "due later")].into_iter().find(|(count, _)| *count > 0)
    }
}

/// Suspended instances that are listed, and suspended jobs.
pub const MOST_SUSPENDED: u32 = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example;

    #[test]
    fn what_follows_is_told_for_each_case_and_none_claims_what_is_not_known() {
        for (instance, definition, job, part, surprises) in [
            (false, Some(false), false, "", false),
            (false, Some(false), true, "only the job itself is SUSPENDED: it does not run", false),
            (false, Some(true), false, "job definition SUSPENDED, but this job is active: it runs", true),
            (false, Some(true), true, "job definition and job SUSPENDED: it does not run", false),
            (true, Some(false), false, "instance SUSPENDED, but this job is active: it is tried, fails", true),
            (true, Some(false), true, "instance and job SUSPENDED: it does not run; resuming the instance resumes the job", false),
            (true, Some(true), false, "instance and job definition SUSPENDED, but this job is active", true),
            (true, Some(true), true, "all three SUSPENDED: it does not run; resuming the instance resumes the job, although", false),
            (false, None, false, "", false),
            (false, None, true, "job SUSPENDED: it does not run until the job is resumed; whether its job definition is", false),
            (true, None, false, "instance SUSPENDED, but this job is active: it is tried, fails", true),
            (true, None, true, "instance and job SUSPENDED: it does not run; resuming the instance resumes the job, whatever its", false),
        ] {
            let states = Suspension { instance, definition, job };
            let words = states.words().unwrap_or_default();
            assert!(words.starts_with(part), "{states:?}: {words}");
            assert_eq!((states.words().is_none(), states.surprises()), (part.is_empty(), surprises), "{states:?}");
            // A sentence never contradicts what the engine does.
            assert_eq!(words.contains("does not run"), !states.is_taken_up(), "{states:?}");
            assert!(definition.is_some() || !words.contains("only") && !words.contains("all three"), "{states:?}");
            assert_eq!(words.contains("not known"), definition.is_none() && job, "{states:?}");
        }
    }

    fn job(id: &str, instance: &str, definition: &str) -> Job {
        let (process_instance, job_definition) = (Some(instance.into()), Some(definition.into()));
        Job { id: id.into(), process_instance, job_definition, suspended: true, retries: 1, ..example::job(0) }
    }

    #[test]
    fn a_job_is_suspended_alone_where_neither_its_instance_nor_its_definition_is() {
        let definitions = example::snapshot(example::noon()).job_definitions.get().cloned().expect("job definitions");
        let of = |suspended| definitions.iter().find(|row| row.suspended == suspended).expect("one of each").id.as_wire().to_owned();
        let asleep = ProcessInstance { id: "asleep".into(), suspended: true, ..example::instance::running() };
        let jobs = vec![job("a", "asleep", &of(false)), job("b", "awake", &of(true)), job("c", "awake", &of(false)), job("d", "awake", "never-read")];
        let counts = SuspendedCounts { instances: 1, jobs: 4, waiting: 4 };
        let found = Suspended { counts, instances: vec![asleep], jobs, timed: Ok(Vec::new()) };
        assert_eq!(found.alone(&definitions).map(|job| job.id.as_wire()).collect::<Vec<_>>(), ["c"]);
    }

    #[test]
    fn held_jobs_tell_first_what_stands_still_without_an_incident() {
        let now = example::noon().wall;
        let later = Some(now + jiff::SignedDuration::from_secs(60));
        let (waits, failed) = (job("a", "p", "d"), Job { retries: 0, ..job("b", "p", "d") });
        let (timer, active) = (Job { due: later, ..job("c", "p", "d") }, Job { suspended: false, ..job("d", "p", "d") });
        let words = |jobs: &[&Job]| HeldJobs::of(&jobs.iter().copied().cloned().collect::<Vec<_>>(), now).words();
        assert_eq!(words(&[&timer, &failed, &waits, &active]).as_deref(), Some("1 job waits"));
        assert_eq!(words(&[&waits, &waits]).as_deref(), Some("2 jobs wait"));
        assert_eq!(words(&[&timer, &failed]).as_deref(), Some("1 job out of retries"));
        assert_eq!(words(&[&timer]).as_deref(), Some("1 job due later"));
        assert_eq!(words(&[&active]), None);
    }
}
