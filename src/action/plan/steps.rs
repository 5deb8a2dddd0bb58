//! The exact requests of a plan, in the order in which they are sent.
//!
//! What makes the orders safe is that each leaves the engine, wherever it breaks off, with less running than intended and never with more:
//!
//! - **Retry before 7.19.** The due date moves first, while the job has no attempts and cannot run. Then it gets them. The other way round it
//!   could run before its time.
//! - **Resuming beside what something else suspended.** Suspensions do not stack: resuming an instance or a job definition with its jobs
//!   writes "active" into each job, whatever else had suspended it, and an executor may take it within milliseconds. So held jobs are
//!   *shielded*: 1. their due date moves to a day far ahead, while they are suspended; 2. the resumption; 3. they are suspended again; 4. the
//!   due date moves back. After 1 they are suspended, after 2 not due, after 3 suspended, after 4 as before. Whoever dies in between leaves
//!   jobs that do not run, and the journal holds the due dates to put back. A step 1 that fails keeps the resumption from being sent.
//! - **Resuming a job definition of whose jobs some are held.** Where they are few, nothing held is touched at all: the definition is resumed
//!   without its jobs, so that new ones are born active, and then each free job singly. A job born suspended between the reading and the
//!   first step stays suspended: reading back shows it. The shield is for more jobs than can be resumed singly; it wakes those too, but also
//!   the jobs of an instance that somebody suspends between the reading and the resumption.
//! - **Putting held jobs back** that such a sequence left where it broke off. Each is suspended first, also where it was read to be so: the due
//!   date that keeps it from running moves only once the engine has said that it is suspended.

use jiff::{SignedDuration, Timestamp};

use super::{Cancelled, Held, OtherCause, Plan, Step};
use crate::action::target::{Subject, Target};
use crate::action::verb::Verb;
use crate::action::wish::Asked;
use crate::engine::{Change, Due, EngineVersion, Since};
use crate::model::ids::{JobDefinitionId, JobId};
use crate::model::job::Job;
use crate::model::snapshot::EngineIdentity;
use crate::text::EngineText;

/// The engine from which on retries carry a due date.
const DUE_WITH_RETRIES: Since = Since::camunda7(19);

/// How far ahead shielded jobs are due: longer than anybody leaves them so, and before 2038, where the dates of some databases end.
const SHIELD: SignedDuration = SignedDuration::from_hours(365 * 24);

impl Plan {
    /// The exact requests, in the order in which they are sent.
    pub fn steps(&self) -> Vec<Step> {
        match self.verb {
            Verb::Retry => self.retries(),
            Verb::Cancel => self.cancellation(),
            Verb::ResumeJobDefinitions | Verb::Thaw | Verb::ResumeInstances => self.resumptions(),
            Verb::PutBack => self.restorations(),
            _ => self.targets.iter().enumerate().filter_map(|(at, target)| Some(Step { change: self.change_of(target)?, targets: vec![at] })).collect(),
        }
    }

    /// When shielded jobs are due: a year after the targets were read, on the engine's clock.
    pub fn shield(&self) -> Timestamp {
        let now = self.engine.engine_time(self.read);
        now.saturating_add(SHIELD).unwrap_or(now)
    }

    /// Whether jobs that something else suspended are kept so although their instance or definition is resumed with its jobs.
    pub fn keeps_held(&self) -> bool {
        let with_jobs = self.verb == Verb::ResumeInstances || self.choices.jobs_too;
        // Where not all was read there may be such jobs, although none was found.
        self.choices.others == OtherCause::Keep && with_jobs && (!self.held.is_empty() || !self.held_complete)
    }

    fn retries(&self) -> Vec<Step> {
        let retries = self.choices.retries;
        let carried = carries_due(&self.engine);
        let mut steps = Vec::new();
        // One batch gives all of its jobs the same due date.
        let mut batches: Vec<(Due, Vec<JobId>, Vec<usize>)> = Vec::new();
        for (at, target) in self.targets.iter().enumerate() {
            match &target.subject {
                Subject::Job { job, .. } => {
                    let due = self.due_of(job);
                    let carries = if carried { due } else { Due::Keep };
                    if !carried && let Some(due) = self.moved(due, job.due) {
                        steps.push(step(Change::JobDueDate { job: job.id.clone(), due }, at));
                    }
                    if self.choices.batch {
                        match batches.iter_mut().find(|(due, ..)| *due == carries) {
                            Some((_, jobs, targets)) => {
                                jobs.push(job.id.clone());
                                targets.push(at);
                            }
                            None => batches.push((carries, vec![job.id.clone()], vec![at])),
                        }
                    } else {
                        steps.push(step(Change::JobRetries { job: job.id.clone(), retries, due: carries }, at));
                    }
                }
                Subject::ExternalTask { task, .. } => steps.push(step(Change::ExternalTaskRetries { task: task.id.clone(), retries }, at)),
                _ => {}
            }
        }
        for (due, jobs, targets) in batches {
            steps.push(Step { change: Change::JobRetriesBatch { jobs, retries, due }, targets });
        }
        steps
    }

    /// When a retried job is due then. A timer that waits for a date of its own keeps it, unless it was said that it shall run now.
    pub fn due_of(&self, job: &Job) -> Due {
        match self.choices.due {
            Due::Now if self.choices.keep_dates && self.waits_for_its_date(job) => Due::Keep,
            due => due,
        }
    }

    /// Whether a job is due later by a date of its own. One that failed was due already: what is ahead of it then is a retry cycle's date.
    pub fn waits_for_its_date(&self, job: &Job) -> bool {
        job.exception_message.is_none() && job.due.is_some_and(|due| due > self.engine.engine_time(self.read))
    }

    /// When the targets are due that keep a date of their own, the first of them first.
    pub fn kept_dates(&self) -> Vec<Timestamp> {
        let jobs = self.targets.iter().filter_map(|target| match &target.subject {
            Subject::Job { job, .. } => Some(job),
            _ => None,
        });
        let mut dates: Vec<Timestamp> = jobs.filter(|job| self.waits_for_its_date(job) && self.due_of(job) == Due::Keep).filter_map(|job| job.due).collect();
        dates.sort();
        dates
    }

    /// Where a due date has to go, if it has to be moved at all.
    fn moved(&self, wanted: Due, is: Option<Timestamp>) -> Option<Option<Timestamp>> {
        match wanted {
            Due::Keep => None,
            Due::Now => is.filter(|due| *due > self.engine.engine_time(self.read)).map(|_| None),
            Due::At(then) => Some(Some(then)),
        }
    }

    /// One request for each instance that is cancelled at the chosen level; with a reason one for all of them: a batch of the engine, the only way that carries one. A batch is not logged by the
    /// instances that it ends, so the reason carries the name of the action: it proves whose request ended them.
    fn cancellation(&self) -> Vec<Step> {
        let Some(level) = self.levels.get(self.choices.level) else { return Vec::new() };
        let skip_listeners = self.choices.skip_listeners;
        let id = |cancelled: &Cancelled| level.ends.get(cancelled.first).and_then(Target::instance).cloned();
        match self.reason() {
            None => level
                .cancels
                .iter()
                .filter_map(|cancelled| {
                    let change = Change::DeleteInstance { instance: id(cancelled)?, skip_listeners };
                    Some(Step { change, targets: cancelled.places().collect() })
                })
                .collect(),
            Some(reason) => {
                let instances: Vec<_> = level.cancels.iter().filter_map(id).collect();
                let targets = level.cancels.iter().flat_map(|cancelled| cancelled.places()).collect();
                let reason = Some(self.action.signed(&reason));
                if instances.is_empty() { Vec::new() } else { vec![Step { change: Change::DeleteInstances { instances, reason, skip_listeners }, targets }] }
            }
        }
    }

    /// The reason the operator gave, if any.
    pub(super) fn reason(&self) -> Option<String> {
        let reason = self.choices.reason.trim();
        (!reason.is_empty()).then(|| reason.to_owned())
    }

    fn resumptions(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for (at, target) in self.targets.iter().enumerate() {
            let held: Vec<&Held> = self.held.iter().filter(|held| self.keeps_held() && held.target == at).collect();
            let free = self.free.iter().find(|free| free.target == at).and_then(|free| free.jobs.as_deref());
            match (&target.subject, free) {
                (Subject::JobDefinition(definition), Some(free)) if !held.is_empty() => steps.extend(self.singly(&definition.id, free, at)),
                _ => {
                    let Some(resume) = self.change_of(target) else { continue };
                    steps.extend(held.iter().filter_map(|held| self.shielded(held, Some(self.shield()))).map(|change| step(change, at)));
                    steps.push(step(resume, at));
                    let again = |held: &&Held| Change::JobSuspension { job: held.job.clone(), suspended: true };
                    steps.extend(held.iter().map(|held| step(again(held), at)));
                    steps.extend(held.iter().filter_map(|held| self.shielded(held, held.due)).map(|change| step(change, at)));
                }
            }
        }
        steps
    }

    /// Each job to sleep, then its due date where it was; one that was due so late that it had no shield is due as it was already.
    fn restorations(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for held in &self.held {
            let Some(Subject::Job { job, .. }) = self.targets.get(held.target).map(|target| &target.subject) else { continue };
            steps.push(step(Change::JobSuspension { job: job.id.clone(), suspended: true }, held.target));
            if job.due != held.due {
                steps.push(step(Change::JobDueDate { job: job.id.clone(), due: held.due }, held.target));
            }
        }
        steps
    }

    /// The definition without its jobs, then those of its jobs that nothing else holds.
    fn singly(&self, definition: &JobDefinitionId, free: &[JobId], at: usize) -> Vec<Step> {
        let births = Change::JobDefinitionSuspension { definition: definition.clone(), suspended: false, jobs_too: false, at: self.choices.at };
        let each = free.iter().map(|job| Change::JobSuspension { job: job.clone(), suspended: false });
        std::iter::once(births).chain(each).map(|change| step(change, at)).collect()
    }

    /// Moves the due date of a held job; none where it is due so late that it needs no shield.
    fn shielded(&self, held: &Held, due: Option<Timestamp>) -> Option<Change> {
        let late = held.due.is_some_and(|due| due >= self.shield());
        (!late).then(|| Change::JobDueDate { job: held.job.clone(), due })
    }

    /// The one change that a target needs, of those verbs that need one a target.
    fn change_of(&self, target: &Target) -> Option<Change> {
        let (jobs_too, at) = (self.choices.jobs_too, self.choices.at);
        let suspended = matches!(self.verb, Verb::SuspendJobDefinitions | Verb::Freeze | Verb::SuspendInstances | Verb::SuspendProcesses);
        Some(match (&target.subject, &self.asked) {
            (Subject::JobDefinition(definition), Asked::SetDefinitionPriority { priority, .. }) => {
                // An engine refuses to take an override back from existing jobs (400).
                Change::JobDefinitionPriority { definition: definition.id.clone(), priority: *priority, jobs_too: jobs_too && priority.is_some() }
            }
            (Subject::Job { job, .. }, Asked::MoveDueDate { due, .. }) => Change::JobDueDate { job: job.id.clone(), due: *due },
            (Subject::Job { job, .. }, Asked::SetJobPriority { priority, .. }) => Change::JobPriority { job: job.id.clone(), priority: *priority },
            (Subject::ExternalTask { task, .. }, Asked::Unlock(_)) => Change::UnlockExternalTask { task: task.id.clone() },
            (Subject::Incident(known), Asked::Annotate { text, .. }) => Change::IncidentAnnotation { incident: known.incident.id.clone(), text: text.clone() },
            (Subject::Variable { home, name, .. }, Asked::SetVariable { value, .. }) => {
                Change::SetVariable { home: home.clone(), name: name.clone(), value: value.clone() }
            }
            (Subject::Timed(timed), Asked::CallOffTimed(_)) => Change::DeleteJob { job: timed.job.clone() },
            (Subject::JobDefinition(definition), _) => Change::JobDefinitionSuspension { definition: definition.id.clone(), suspended, jobs_too, at },
            (Subject::Instance(instance), _) => Change::InstanceSuspension { instance: instance.id.clone(), suspended },
            (Subject::ProcessDefinition(definition), _) => {
                Change::ProcessDefinitionSuspension { definition: definition.id.clone(), suspended, instances_too: jobs_too, at }
            }
            _ => return None,
        })
    }
}

fn step(change: Change, target: usize) -> Step {
    Step { change, targets: vec![target] }
}

/// Whether retries carry a due date; not where the version is unknown.
fn carries_due(engine: &EngineIdentity) -> bool {
    let product = engine.product.as_deref().map(EngineText::from);
    engine.version.clone().is_some_and(|version| EngineVersion::detect(version, product.as_ref()).has(DUE_WITH_RETRIES))
}
