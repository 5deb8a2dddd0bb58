//! Reading back jobs and external tasks, their logs and their instances.

use std::collections::{HashMap, HashSet};

use super::{Eyes, Findings, Item, Round, allowed, clock};
use crate::action::judge::{Attempt, Facts, Here, Life, Log, Work};
use crate::action::target::Subject;
use crate::engine::{
    Change, EngineError, ExternalTaskLogFilter, ExternalTaskLogQuery, JobDefinitionFilter, JobLogFilter, JobLogOfExecutions, JobLogQuery, Order, Page,
};
use crate::model::external_task::ExternalTask;
use crate::model::history::{JobEvent, JobLogEntry};
use crate::model::ids::{JobDefinitionId, JobId, ProcessInstanceId};
use crate::model::job::Job;
use crate::text::EngineText;

/// Entries of the log read for each job.
const ENTRIES: usize = 12;

/// Changes after which a job is looked at for running, and not for how it is.
fn is_run(change: &Change) -> bool {
    matches!(change, Change::JobRetries { .. } | Change::JobRetriesBatch { .. } | Change::ExternalTaskRetries { .. })
}

fn job_of<'a>(item: &Item, round: &'a Round) -> Option<&'a Job> {
    match &item.target(round).subject {
        Subject::Job { job, .. } => Some(job),
        _ => None,
    }
}

fn task_of<'a>(item: &Item, round: &'a Round) -> Option<&'a ExternalTask> {
    match &item.target(round).subject {
        Subject::ExternalTask { task, .. } => Some(task),
        _ => None,
    }
}

impl Eyes {
    /// Jobs by their ids, and the log of those that are gone.
    pub(super) async fn jobs(&mut self, round: &Round, findings: &mut Findings) -> Result<(), EngineError> {
        let items: Vec<(&Item, &Job)> = round.items.iter().filter(|item| !item.watched).filter_map(|item| Some((item, job_of(item, round)?))).collect();
        if items.is_empty() {
            return Ok(());
        }
        let ids: Vec<JobId> = items.iter().map(|(_, job)| job.id.clone()).collect();
        let answer = self.turn().await.jobs(&ids).await?;
        let there: HashMap<&JobId, &Job> = answer.data.iter().map(|job| (&job.id, job)).collect();
        let mut gone = Vec::new();
        let mut failing = Vec::new();
        for (item, job) in items {
            let facts = findings.of(item);
            facts.now = clock(&answer);
            match there.get(&job.id) {
                Some(now) => {
                    facts.here = here_job(now, item.change(round), item.sleeps(round));
                    if item.lost && now.retries <= 0 {
                        failing.push((item, job));
                    }
                }
                None => {
                    facts.here = Here::Gone;
                    gone.push((item, job));
                }
            }
        }
        gone.extend(failing);
        self.job_logs(&gone, round, findings).await
    }

    /// The log of many jobs: those of one job definition at once, by their executions; the others one by one.
    async fn job_logs(&mut self, jobs: &[(&Item, &Job)], round: &Round, findings: &mut Findings) -> Result<(), EngineError> {
        let mut by_definition: HashMap<Option<&JobDefinitionId>, Vec<(&Item, &Job)>> = HashMap::new();
        let mut singly = Vec::new();
        for (item, job) in jobs {
            match &job.execution {
                Some(_) => by_definition.entry(job.job_definition.as_ref()).or_default().push((*item, *job)),
                None => singly.push((*item, *job)),
            }
        }
        for (definition, jobs) in by_definition.into_iter().take(round.singly) {
            let page = Page::first(u32::try_from(jobs.len() * ENTRIES).unwrap_or(Page::MOST));
            let executions = jobs.iter().filter_map(|(_, job)| job.execution.clone()).collect();
            let query = JobLogOfExecutions { executions, job_definition: definition.cloned(), page };
            let entries = allowed(self.turn().await.job_log_of(&query).await)?.map(|answer| answer.data);
            for (item, job) in jobs {
                findings.of(item).log = log_of(&job.id, entries.as_deref());
            }
        }
        for (item, job) in singly.into_iter().take(round.singly) {
            let filter = JobLogFilter { job: Some(job.id.clone()), process_instance: job.process_instance.clone(), ..JobLogFilter::default() };
            let query = JobLogQuery { filter, by_time: Some(Order::Descending), page: Page::first(ENTRIES as u32) };
            let entries = allowed(self.turn().await.job_log(&query).await)?.map(|answer| answer.data);
            findings.of(item).log = log_of(&job.id, entries.as_deref());
        }
        Ok(())
    }

    /// External tasks by their ids, and the log of those that are gone, one by one.
    pub(super) async fn external_tasks(&mut self, round: &Round, findings: &mut Findings) -> Result<(), EngineError> {
        let items: Vec<(&Item, &ExternalTask)> =
            round.items.iter().filter(|item| !item.watched).filter_map(|item| Some((item, task_of(item, round)?))).collect();
        if items.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = items.iter().map(|(_, task)| task.id.clone()).collect();
        let answer = self.turn().await.external_tasks(&ids).await?;
        let there: HashMap<_, _> = answer.data.iter().map(|task| (&task.id, task)).collect();
        let mut logs = 0;
        for (item, task) in items {
            let facts = findings.of(item);
            facts.now = clock(&answer);
            let now = there.get(&task.id);
            facts.here = now.map_or(Here::Gone, |now| here_task(now, task, item, round, clock(&answer)));
            let failing = item.lost && now.is_some_and(|now| now.retries.is_some_and(|left| left <= 0));
            if (now.is_none() || failing) && logs < round.singly {
                logs += 1;
                let filter =
                    ExternalTaskLogFilter { task: Some(task.id.clone()), process_instance: task.process_instance.clone(), ..ExternalTaskLogFilter::default() };
                let query = ExternalTaskLogQuery { filter, by_time: Some(Order::Descending), page: Page::first(ENTRIES as u32) };
                let entries = allowed(self.turn().await.external_task_log(&query).await)?;
                let attempts = entries.into_iter().flat_map(|answer| answer.data).filter(|entry| entry.task == task.id);
                findings.of(item).log = some_log(attempts.map(|entry| Attempt { at: entry.at, event: entry.event, message: entry.error_message }).collect());
            }
        }
        Ok(())
    }

    /// The timers of timed suspensions that were to be called off.
    pub(super) async fn timers(&mut self, round: &Round, findings: &mut Findings) -> Result<(), EngineError> {
        for item in round.items.iter().filter(|item| !item.watched) {
            let Subject::Timed(timed) = &item.target(round).subject else { continue };
            let answer = self.turn().await.jobs(std::slice::from_ref(&timed.job)).await?;
            if !answer.data.is_empty() {
                findings.of(item).here = Here::As(false);
                continue;
            }
            let filter = JobLogFilter { job: Some(timed.job.clone()), ..JobLogFilter::default() };
            let query = JobLogQuery { filter, by_time: Some(Order::Descending), page: Page::first(ENTRIES as u32) };
            let entries = allowed(self.turn().await.job_log(&query).await)?.map(|answer| answer.data);
            let facts = findings.of(item);
            (facts.here, facts.log) = (Here::Gone, log_of(&timed.job, entries.as_deref()));
        }
        Ok(())
    }

    /// The instances of what is gone without a success, and of what is suspended; then, for the latter, the job definitions.
    pub(super) async fn instances(&mut self, round: &Round, findings: &mut Findings) -> Result<(), EngineError> {
        let mut wanted: Vec<(&Item, &ProcessInstanceId)> = Vec::new();
        for item in round.items.iter().filter(|item| !item.watched) {
            let Some(instance) = item.target(round).instance() else { continue };
            let needed = match (&item.target(round).subject, findings.facts.get(&item.target)) {
                (Subject::Instance(_), _) => true,
                (_, Some(facts)) => needs_instance(facts),
                (_, None) => false,
            };
            if needed {
                wanted.push((item, instance));
            }
        }
        let ids: Vec<_> = wanted.iter().map(|(_, instance)| (*instance).clone()).collect::<HashSet<_>>().into_iter().collect();
        if ids.is_empty() {
            return Ok(());
        }
        let answer = self.turn().await.process_instances(&ids).await?;
        let running: HashMap<_, _> = answer.data.into_iter().map(|instance| (instance.id.clone(), instance)).collect();
        let ended: Vec<_> = ids.into_iter().filter(|id| !running.contains_key(id)).collect();
        let mut states = HashMap::new();
        if !ended.is_empty()
            && let Some(known) = allowed(self.turn().await.historic_process_instances_by_ids(&ended).await)?
        {
            // One that ends between the two questions is still running for the history: the next round will tell.
            states = known
                .data
                .into_iter()
                .map(|past| {
                    let life = if past.is_over() { Life::Over(past.state) } else { Life::NotRead };
                    (past.id, (life, past.delete_reason))
                })
                .collect();
        }
        for (item, instance) in wanted {
            let runs = running.get(instance);
            let past = states.get(instance);
            let life = if runs.is_some() { Life::Runs } else { past.map_or(Life::NotKnown, |(life, _)| *life) };
            let change = item.change(round);
            let facts = findings.of(item);
            facts.signed = past.filter(|_| matches!(life, Life::Over(_))).and_then(|(_, reason)| is_signed(change, round, reason.as_ref()));
            facts.life = life;
            if let Subject::Instance(_) = item.target(round).subject {
                facts.here = match (runs, change) {
                    (None, _) => Here::Gone,
                    (Some(now), Change::InstanceSuspension { suspended, .. }) => Here::As(now.suspended == *suspended),
                    (Some(_), _) => Here::As(false),
                };
            } else if let (Here::Work(work), Some(now)) = (&mut facts.here, runs)
                && now.suspended
                && work.suspended.is_some()
            {
                work.suspended = Some("its instance");
            }
        }
        self.why_suspended(round, findings).await?;
        self.left_activities(round, findings).await
    }

    /// Which suspended jobs stand still because their job definition does.
    async fn why_suspended(&mut self, round: &Round, findings: &mut Findings) -> Result<(), EngineError> {
        let unexplained = |facts: &Facts| matches!(&facts.here, Here::Work(Work { suspended: Some(what), topic: None, .. }) if *what == ITSELF);
        let jobs: Vec<(&Item, &Job)> = round.items.iter().filter_map(|item| Some((item, job_of(item, round)?))).collect();
        let jobs: Vec<_> = jobs.into_iter().filter(|(item, _)| findings.facts.get(&item.target).is_some_and(unexplained)).collect();
        let versions: HashSet<_> = jobs.iter().filter_map(|(_, job)| job.process_definition.clone()).collect();
        for version in versions.into_iter().take(round.singly) {
            let filter = JobDefinitionFilter { process_definition: Some(version), suspended: true };
            let Some(suspended) = allowed(self.turn().await.job_definitions_where(&filter, Page::first(1_000)).await)? else { continue };
            let suspended: HashSet<_> = suspended.data.into_iter().map(|definition| Some(definition.id)).collect();
            for (item, _) in jobs.iter().filter(|(_, job)| suspended.contains(&job.job_definition)) {
                if let Here::Work(work) = &mut findings.of(item).here {
                    work.suspended = Some("its job definition");
                }
            }
        }
        Ok(())
    }

    /// Where no log tells of a job that is gone while its instance runs: whether its activity was left, and not by a cancellation.
    async fn left_activities(&mut self, round: &Round, findings: &mut Findings) -> Result<(), EngineError> {
        let unproven = |facts: &Facts| facts.here == Here::Gone && facts.log == Log::None && facts.life == Life::Runs;
        let items = round.items.iter().filter(|item| findings.facts.get(&item.target).is_some_and(unproven));
        let items: Vec<Item> = items.take(round.singly).cloned().collect();
        for item in items {
            let target = item.target(round);
            let (activity, incident) = match &target.subject {
                Subject::Job { job, incident } => (job.failed_activity.clone(), incident),
                Subject::ExternalTask { task, incident } => (task.activity.clone(), incident),
                _ => continue,
            };
            let (Some(instance), Some(activity), Some(incident)) = (target.instance(), activity, incident) else { continue };
            let Some(left) = allowed(self.turn().await.activities_left(instance, Page::first(100)).await)? else { continue };
            let after = incident.incident.created;
            let went_on = left.data.iter().any(|visit| visit.activity == activity && !visit.canceled && visit.ended.is_some_and(|ended| ended > after));
            findings.of(&item).left = Some(went_on);
        }
        Ok(())
    }
}

/// Whether the reason with which an instance ended is the one that this action's request carried: one that ended without any reason was not
/// ended by it. None where the request carried none of its own.
fn is_signed(change: &Change, round: &Round, found: Option<&EngineText>) -> Option<bool> {
    match change {
        Change::DeleteInstances { reason: Some(sent), .. } if round.action.has_signed(sent) => Some(found.is_some_and(|found| found.as_wire() == sent)),
        _ => None,
    }
}

/// What is suspended where nothing else is found to be.
const ITSELF: &str = "the job itself";

/// Whether the instance tells something that is not known yet: what is gone without a success, and what is suspended.
fn needs_instance(facts: &Facts) -> bool {
    let succeeded = matches!(&facts.log, Log::Entries(entries) if entries.iter().any(|entry| entry.event == JobEvent::Succeeded));
    match &facts.here {
        Here::Gone => !succeeded,
        Here::Work(work) => work.suspended.is_some(),
        Here::NotRead | Here::As(_) => false,
    }
}

/// A job as it is now; one that was put to sleep before its due date moved is as was asked for only if it still sleeps.
fn here_job(job: &Job, change: &Change, sleeps: bool) -> Here {
    match change {
        Change::JobDueDate { due, .. } => Here::As(job.due == *due && (job.suspended || !sleeps)),
        Change::JobPriority { priority, .. } => Here::As(job.priority == *priority),
        Change::JobSuspension { suspended, .. } => Here::As(job.suspended == *suspended),
        _ => Here::Work(Work {
            left: Some(job.retries),
            message: job.exception_message.clone(),
            next: job.due,
            suspended: job.suspended.then_some(ITSELF),
            topic: None,
            worker: None,
        }),
    }
}

/// An external task as it is now. That a lock was taken away shows in its worker and its expiry: one that only ran out keeps both, and
/// where another worker has it by now, nobody can tell whether it ran out before, unless the engine said that it unlocked it.
fn here_task(task: &ExternalTask, before: &ExternalTask, item: &Item, round: &Round, now: Option<jiff::Timestamp>) -> Here {
    let held = match (task.lock_expires, now) {
        (Some(until), Some(now)) => until > now,
        (until, _) => until.is_some(),
    };
    if !is_run(item.change(round)) {
        let another = (&task.worker, task.lock_expires) != (&before.worker, before.lock_expires);
        return Here::As(task.worker.is_none() || another && !item.lost);
    }
    let failed_wait = task.retries.is_some_and(|left| left > 0) && task.error_message.is_some();
    Here::Work(Work {
        left: task.retries,
        message: task.error_message.clone(),
        next: task.lock_expires.filter(|_| held && failed_wait),
        suspended: task.suspended.then_some("its instance"),
        topic: Some(task.topic.clone()),
        worker: task.worker.clone().filter(|_| held),
    })
}

fn log_of(job: &JobId, entries: Option<&[JobLogEntry]>) -> Log {
    let own = entries.into_iter().flatten().filter(|entry| entry.job == *job);
    some_log(own.map(|entry| Attempt { at: entry.at, event: entry.event, message: entry.exception_message.clone() }).collect())
}

/// A history that is kept knows at least how a job came about.
fn some_log(entries: Vec<Attempt>) -> Log {
    if entries.is_empty() { Log::None } else { Log::Entries(entries) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example;

    #[test]
    fn a_job_that_was_put_to_sleep_is_as_it_was_only_if_it_sleeps_and_is_due_as_then() {
        let due = "2026-03-02T05:00:00Z".parse().ok();
        let change = Change::JobDueDate { job: "job-0000".into(), due };
        let here = |due, suspended, sleeps| here_job(&Job { due, suspended, ..example::job(0) }, &change, sleeps);
        assert_eq!(here(due, true, true), Here::As(true));
        assert_eq!(here(due, false, true), Here::As(false), "it would run");
        assert_eq!(here(None, true, true), Here::As(false));
        assert_eq!(here(due, false, false), Here::As(true), "only its due date was to be moved");
    }
}
