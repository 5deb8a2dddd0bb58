//! Retries: which of the jobs and external tasks that were asked for are still out of retries, and belong together.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::reading::{Reading, plural, unavailable};
use super::{Draft, Drafted, anew, effects, trouble};
use crate::action::plan::Unavailable;
use crate::action::target::{Subject, Target};
use crate::action::verb::Verb;
use crate::action::wish::Asked;
use crate::model::engine_job::WorkKey;
use crate::model::external_task::ExternalTask;
use crate::model::grouping::{GroupKey, KnownIncident, key_of};
use crate::model::ids::{ExternalTaskId, JobId};
use crate::model::incident::Custom;
use crate::model::job::Job;
use crate::text::{EngineText, retries};
use crate::triage::Signature;

/// Incidents whose work is not found that are read anew, to tell those that never had any.
const CUSTOM: usize = 20;

const JOB: &str = "failedJob";
const TASK: &str = "failedExternalTask";

/// Something to retry, with what makes it belong to others.
struct Candidate {
    target: Target,
    group: GroupKey,
    signature: Signature,
}

/// Retries what failed at these incidents.
pub(super) async fn of_incidents(reading: &Reading<'_>, asked: &Asked, incidents: &[Arc<KnownIncident>]) -> Drafted {
    let mut draft = Draft::of(Verb::Retry, asked.clone());
    gather(reading, &mut draft, incidents).await?;
    Ok(draft)
}

/// Reads the work behind these incidents and makes targets of what is out of retries.
pub(super) async fn gather(reading: &Reading<'_>, draft: &mut Draft, incidents: &[Arc<KnownIncident>]) -> Result<(), Unavailable> {
    let incidents = &anew::read(reading, draft, incidents).await?;
    let mut jobs: HashMap<JobId, &Arc<KnownIncident>> = HashMap::new();
    let mut tasks: HashMap<ExternalTaskId, &Arc<KnownIncident>> = HashMap::new();
    // In the order they were asked for, each once.
    let mut order: Vec<&Arc<KnownIncident>> = Vec::new();
    let mut seen = HashSet::new();
    for known in incidents.iter().filter(|known| seen.insert(known.incident.id.clone())) {
        let label = label_of(reading, known);
        match (known.incident.kind.as_wire(), &known.incident.configuration) {
            _ if !known.incident.is_root() => draft.leave_out(label, "it waits for a cause further down: retry that one"),
            _ if known.incident.custom().is_some() => {
                let custom = known.incident.custom().map_or("", Custom::why_not_retried);
                draft.leave_out(label, custom);
            }
            (JOB, Some(id)) => drop(jobs.insert(id.clone().into(), known)),
            (TASK, Some(id)) => drop(tasks.insert(id.clone().into(), known)),
            (kind, _) => draft.leave_out(label, format!("an incident of type {} has no job to retry", EngineText::from(kind))),
        }
        order.push(known);
    }
    let found_jobs = reading.jobs(&jobs.keys().cloned().collect::<Vec<_>>()).await?;
    let found_tasks = reading.tasks(&tasks.keys().cloned().collect::<Vec<_>>()).await?;
    let mut candidates = Vec::new();
    // An incident goes with its work: one that is open without is custom.
    let mut custom_looked_for = CUSTOM;
    for known in order {
        let Some(id) = known.incident.configuration.clone().filter(|_| known.incident.is_root()) else { continue };
        let names = reading.asking.picture.names();
        let (group, signature) = (key_of(&known.incident, &names), known.signature.clone());
        let target = match known.incident.kind.as_wire() {
            JOB => job(reading, found_jobs.get(&JobId::from(id)), Some(known)),
            TASK => task(reading, found_tasks.get(&ExternalTaskId::from(id)), Some(known)),
            _ => continue,
        };
        match target {
            Ok(target) => candidates.push(Candidate { target, group, signature }),
            Err(_) if custom_looked_for > 0 && is_missing(known, &found_jobs, &found_tasks) => {
                custom_looked_for -= 1;
                let custom = reading.maybe(reading.client.incident(&known.incident.id)).await?.is_some();
                draft.leave_out(label_of(reading, known), if custom { Custom::NoWork.why_not_retried() } else { reading.why_gone() });
            }
            Err(why) => draft.leave_out(label_of(reading, known), why),
        }
    }
    finish(reading, draft, candidates).await
}

/// Whether the job or external task that an incident names was not found.
fn is_missing(known: &KnownIncident, jobs: &HashMap<JobId, Job>, tasks: &HashMap<ExternalTaskId, ExternalTask>) -> bool {
    let Some(id) = known.incident.configuration.clone() else { return false };
    if known.incident.kind.as_wire() == JOB { !jobs.contains_key(&JobId::from(id)) } else { !tasks.contains_key(&ExternalTaskId::from(id)) }
}

/// Retries jobs and external tasks by their ids.
pub(super) async fn of_items(reading: &Reading<'_>, asked: &Asked, jobs: &[JobId], tasks: &[ExternalTaskId]) -> Drafted {
    let mut draft = Draft::of(Verb::Retry, asked.clone());
    let (found_jobs, found_tasks) = (reading.jobs(jobs).await?, reading.tasks(tasks).await?);
    let mut candidates = Vec::new();
    for id in jobs.iter().collect::<BTreeSet<_>>() {
        let found = found_jobs.get(id);
        match job(reading, found, None) {
            Ok(target) => candidates.extend(found.map(|job| Candidate {
                target,
                group: group_of_job(reading, job),
                signature: Signature::of(job.exception_message.as_ref()),
            })),
            Err(why) => draft.leave_out(found.map_or_else(|| format!("job {id}"), |job| job_label(reading, job)), why),
        }
    }
    for id in tasks.iter().collect::<BTreeSet<_>>() {
        let found = found_tasks.get(id);
        match task(reading, found, None) {
            Ok(target) => {
                candidates.extend(found.map(|task| Candidate { target, group: group_of_task(task), signature: Signature::of(task.error_message.as_ref()) }))
            }
            Err(why) => draft.leave_out(
                found.map_or_else(|| format!("external task {id}"), |task| reading.label(task.process_definition.as_ref(), task.activity.as_ref())),
                why,
            ),
        }
    }
    finish(reading, &mut draft, candidates).await?;
    Ok(draft)
}

fn group_of_job(reading: &Reading<'_>, job: &Job) -> GroupKey {
    GroupKey {
        tenant: job.tenant.clone(),
        process: job.process_key.clone(),
        activity: reading.stands_at(job).cloned(),
        kind: JOB.into(),
        work: WorkKey::of_job(job),
    }
}

fn group_of_task(task: &ExternalTask) -> GroupKey {
    GroupKey { tenant: task.tenant.clone(), process: task.process_key.clone(), activity: task.activity.clone(), kind: TASK.into(), work: None }
}

fn job_label(reading: &Reading<'_>, job: &Job) -> String {
    effects::label_of_job(reading, job).unwrap_or_else(|| reading.label(job.process_definition.as_ref(), job.failed_activity.as_ref()))
}

fn label_of(reading: &Reading<'_>, known: &KnownIncident) -> String {
    if let Some(work) = effects::label_of(reading, known) {
        return work;
    }
    reading.label_of(&known.incident)
}

/// The job as a target, or why it is none.
fn job(reading: &Reading<'_>, job: Option<&Job>, known: Option<&Arc<KnownIncident>>) -> Result<Target, String> {
    let Some(job) = job else { return Err(reading.why_gone().to_owned()) };
    job.unreadable.obstacle().map_or(Ok(()), Err)?;
    if job.retries > 0 {
        return Err(has_attempts(reading, job));
    }
    let mut target = reading.job_target(job.clone(), known.and_then(|known| known.incident.activity.as_ref()), None);
    if let Some(known) = known {
        target.label = reading.label_of(&known.incident);
    }
    target.subject = Subject::Job { job: job.clone().into(), incident: known.cloned() };
    Ok(target)
}

/// Why a job is not retried that has retries left: what it does with them is not always running.
fn has_attempts(reading: &Reading<'_>, job: &Job) -> String {
    let left = format!("it has {} left again", retries(job.retries.unsigned_abs()));
    match job.due.filter(|due| *due > reading.engine_now()) {
        _ if job.suspended => format!("{left}, but is SUSPENDED: it does not run until it is resumed, and its incident stays open until it has run"),
        Some(due) => format!("{left} and waits for its date, {}", due.to_zoned(reading.asking.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z")),
        None => format!("{left}: it runs now, or as soon as a job executor takes it"),
    }
}

/// The external task as a target, or why it is none.
fn task(reading: &Reading<'_>, task: Option<&ExternalTask>, known: Option<&Arc<KnownIncident>>) -> Result<Target, String> {
    let Some(task) = task else { return Err(reading.why_gone().to_owned()) };
    task.unreadable.obstacle().map_or(Ok(()), Err)?;
    match task.retries {
        Some(0) => Ok(Target {
            label: reading.label(task.process_definition.as_ref(), task.activity.as_ref()),
            business_key: task.business_key.clone(),
            version: reading.version(task.process_definition.as_ref()),
            subject: Subject::ExternalTask { task: task.clone().into(), incident: known.cloned() },
        }),
        Some(left) if task.suspended => {
            Err(format!("it has {} left, but is SUSPENDED: no worker can fetch it until its instance is resumed", retries(left.unsigned_abs())))
        }
        Some(left) => Err(format!("it has {} left: a worker can fetch it", retries(left.unsigned_abs()))),
        None => Err("no worker reported a failure of it: it can be fetched".to_owned()),
    }
}

/// Refuses what does not belong together, names the targets and looks around them.
async fn finish(reading: &Reading<'_>, draft: &mut Draft, candidates: Vec<Candidate>) -> Result<(), Unavailable> {
    belong_together(&candidates)?;
    draft.targets = candidates.into_iter().map(|candidate| candidate.target).collect();
    let ids: Vec<_> = draft.targets.iter().filter_map(|target| target.instance().cloned()).collect();
    let instances = reading.instances(&ids).await?;
    let keys = reading.business_keys(&instances).await?;
    for target in &mut draft.targets {
        if target.business_key.is_none() {
            target.business_key = target.instance().and_then(|instance| keys.get(instance)).cloned();
        }
    }
    trouble::around_retries(reading, draft, &instances).await
}

/// One plan retries one group or one cause, never whatever happens to be open.
fn belong_together(candidates: &[Candidate]) -> Result<(), Unavailable> {
    let groups: HashSet<&GroupKey> = candidates.iter().map(|candidate| &candidate.group).collect();
    // What is no work of a process does something else each: one plan makes one of them run.
    if groups.len() > 1 && groups.iter().any(|group| group.work.is_some()) {
        let count = groups.iter().filter(|group| group.work.is_some()).count();
        let others = if groups.len() > count { ", and there is work of processes besides" } else { "" };
        return Err(unavailable(
            format!(
                "{} of the engine's own work {} among these{others}: each does something else once it runs",
                plural(count as u64, "piece"),
                if count == 1 { "is" } else { "are" }
            ),
            "retry each of them by itself",
        ));
    }
    let signatures: HashSet<&Signature> = candidates.iter().map(|candidate| &candidate.signature).collect();
    if groups.len() > 1 && signatures.len() > 1 {
        return Err(unavailable(
            format!(
                "these failed at {} with {}: one plan retries one place, or one message",
                plural(groups.len() as u64, "place"),
                plural(signatures.len() as u64, "different message")
            ),
            "retry one group, or one signature, and then the next",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::example;
    use crate::triage::signature;

    fn candidate(activity: &str, message: &str) -> Candidate {
        let group = GroupKey { tenant: None, process: Some("payment".into()), activity: Some(activity.into()), kind: JOB.into(), work: None };
        Candidate { target: example::job(0), group, signature: signature(message) }
    }

    #[test]
    fn one_place_or_one_message_belongs_together_and_nothing_else() {
        assert!(belong_together(&[candidate("a", "timeout"), candidate("a", "refused")]).is_ok());
        assert!(belong_together(&[candidate("a", "timeout"), candidate("b", "timeout")]).is_ok());
        let no = belong_together(&[candidate("a", "timeout"), candidate("b", "refused")]).unwrap_err();
        assert!(no.why.starts_with("these failed at 2 places with 2 different messages"), "{}", no.why);
        assert!(belong_together(&[]).is_ok());
    }

    #[test]
    fn the_engine_s_own_work_is_never_retried_beside_anything_else_not_even_with_the_same_message() {
        let of_batch = |definition: &str| {
            let plain = candidate("a", "timeout");
            let group = GroupKey { process: None, activity: None, work: Some(WorkKey::Definition(definition.into())), ..plain.group.clone() };
            Candidate { group, ..plain }
        };
        assert!(belong_together(&[of_batch("deletion"), of_batch("deletion")]).is_ok());
        let no = belong_together(&[of_batch("deletion"), of_batch("migration")]).unwrap_err();
        assert!(no.why.starts_with("2 pieces of the engine's own work are among these: each"), "{}", no.why);
        let no = belong_together(&[of_batch("deletion"), candidate("a", "timeout")]).unwrap_err();
        assert!(no.why.starts_with("1 piece of the engine's own work is among these, and there is work of processes"), "{}", no.why);
    }
}
