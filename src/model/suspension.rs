//! Suspension: what follows for one job from the states of its instance, its job definition and itself.
//!
//! The states do not stack. The engine runs a job if the job itself is not suspended; a job definition only decides how new jobs are born;
//! suspending or resuming an instance writes the same into all of its jobs, whatever their definitions say.

use jiff::Timestamp;

use super::definition::ProcessInstance;
use super::ids::{JobDefinitionId, JobId, ProcessDefinitionId};
use super::inquiry::Listed;
use super::section::Problem;
use crate::text::EngineText;

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
            (false, Some(true), false) => "job definition SUSPENDED, but this job is active: it runs; only new jobs are born suspended",
            (false, Some(false), true) => "only the job itself is SUSPENDED: it does not run until the job is resumed",
            (false, None, true) => "job SUSPENDED: it does not run until the job is resumed; whether its job definition is SUSPENDED too is not known",
            (false, Some(true), true) => "job definition and job SUSPENDED: it does not run, and new jobs are born suspended",
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

    /// Whether the engine takes the job up when it is due and has attempts left.
    pub fn is_taken_up(self) -> bool {
        !self.job
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

/// What is suspended in the whole engine, besides the definitions, which the picture holds anyway.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspended {
    /// Process instances, the first [`MOST_SUSPENDED`] by id.
    pub instances: Listed<ProcessInstance>,
    /// Jobs, whatever suspended them.
    pub jobs: u64,
    /// What is to happen later.
    pub timed: Result<Vec<TimedSuspension>, Problem>,
}

/// Suspended instances that are listed.
pub const MOST_SUSPENDED: u32 = 200;

#[cfg(test)]
mod tests {
    use super::*;

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
}
