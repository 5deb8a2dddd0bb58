//! What something else suspended: the jobs that a resumption would wake although their instance, or their job definition, stays suspended.
//!
//! Suspensions do not stack in the engine (7.18, 7.24, Operaton 1.0): a resumption writes "active" into every job it reaches.

use std::collections::{HashMap, HashSet};

use super::Draft;
use super::reading::{Reading, plural, unreadable};
use crate::action::plan::{Free, Held, Unavailable, Weight};
use crate::engine::{CountQuestion, InstanceFilter, InstanceQuery, JobDefinitionFilter, JobFilter, JobIs, Page};
use crate::model::ids::{JobDefinitionId, ProcessDefinitionId, ProcessInstanceId};
use crate::model::job::{Job, JobDefinition};

/// Suspended jobs of one definition, and suspended instances of one process, that are read.
const MOST: u32 = 2_000;

/// Free jobs of one definition that are resumed singly; more take the shield.
const SINGLY: usize = 500;

/// Held jobs of one plan: each takes up to three requests.
const HELD: usize = 500;

/// Looks for the held jobs of a job definition that is to be resumed, the target of this index.
pub(super) async fn of_definition(reading: &Reading<'_>, draft: &mut Draft, target: usize, definition: &JobDefinition) -> Result<(), Unavailable> {
    let Some(process) = &definition.process_definition else { return Ok(()) };
    let asleep = InstanceFilter { process_definition: Some(process.clone()), suspended: true, ..InstanceFilter::default() };
    let instances = reading.must(reading.client.count(&CountQuestion::ProcessInstances(asleep.clone()))).await?;
    if instances == 0 {
        return Ok(());
    }
    let filter = JobFilter { is: vec![JobIs::Suspended], job_definition: Some(definition.id.clone()), ..JobFilter::default() };
    let jobs = reading.must(reading.client.count(&CountQuestion::Jobs(filter.clone()))).await?;
    if jobs > u64::from(MOST) || instances > u64::from(MOST) {
        draft.held_complete = false;
        draft.warn(
            Weight::Caution,
            format!("{} and {} are too many to tell which belong together", plural(instances, "suspended instance"), plural(jobs, "suspended job")),
        );
    }
    let query = InstanceQuery { filter: asleep, order: None, page: Page::first(MOST) };
    let asleep: HashSet<ProcessInstanceId> =
        reading.must(reading.client.process_instances_where(&query)).await?.into_iter().map(|instance| instance.id).collect();
    let rows = reading.must(reading.client.jobs_where(&filter, Page::first(MOST))).await?;
    let (held, free): (Vec<Job>, Vec<Job>) = rows.into_iter().partition(|job| job.process_instance.as_ref().is_some_and(|id| asleep.contains(id)));
    if held.is_empty() {
        return Ok(());
    }
    let label = reading.label(Some(process), definition.activity.as_ref());
    keep(draft, target, held, &label, |_| "its process instance is suspended".to_owned())?;
    let jobs = (free.len() <= SINGLY && draft.held_complete).then(|| free.into_iter().map(|job| job.id).collect());
    draft.free.push(Free { target, jobs });
    Ok(())
}

/// The job definitions of some processes that are suspended, by process.
pub(super) type Asleep = HashMap<ProcessDefinitionId, HashMap<JobDefinitionId, JobDefinition>>;

/// Looks for the held jobs of an instance that is to be resumed, the target of this index.
pub(super) async fn of_instance(
    reading: &Reading<'_>,
    draft: &mut Draft,
    known: &mut Asleep,
    target: usize,
    (instance, process): (&ProcessInstanceId, &ProcessDefinitionId),
) -> Result<(), Unavailable> {
    if !known.contains_key(process) {
        let filter = JobDefinitionFilter { process_definition: Some(process.clone()), suspended: true };
        let rows = reading.must(reading.client.job_definitions_where(&filter, Page::first(MOST))).await?;
        known.insert(process.clone(), rows.into_iter().map(|row| (row.id.clone(), row)).collect());
    }
    let Some(asleep) = known.get(process).filter(|asleep| !asleep.is_empty()) else { return Ok(()) };
    let filter = JobFilter { is: vec![JobIs::Suspended], process_instance: Some(instance.clone()), ..JobFilter::default() };
    let rows = reading.must(reading.client.jobs_where(&filter, Page::first(MOST))).await?;
    if rows.len() >= MOST as usize {
        draft.held_complete = false;
    }
    let held: Vec<Job> = rows.into_iter().filter(|job| job.job_definition.as_ref().is_some_and(|id| asleep.contains_key(id))).collect();
    let label = reading.label(Some(process), None);
    keep(draft, target, held, &label, |job| {
        let at = job.job_definition.as_ref().and_then(|id| asleep.get(id)).and_then(|definition| definition.activity.as_ref());
        format!("its job definition{} is suspended", at.map(|at| format!(" at {at}")).unwrap_or_default())
    })?;
    Ok(())
}

fn keep(draft: &mut Draft, target: usize, held: Vec<Job>, label: &str, cause: impl Fn(&Job) -> String) -> Result<(), Unavailable> {
    for job in held {
        if draft.held.len() >= HELD {
            draft.held_complete = false;
            return Ok(());
        }
        // It could not be put back as it was.
        if let Some(why) = job.unreadable.obstacle() {
            return Err(unreadable(format!("job {} is to stay suspended, and {why}", job.id)));
        }
        draft.held.push(Held { target, cause: cause(&job), due: job.due, label: label.to_owned(), job: job.id });
    }
    Ok(())
}

/// Says what was found.
pub(super) fn tell(draft: &mut Draft) {
    let held = draft.held.len() as u64;
    if held == 0 {
        return;
    }
    let (least, are) = (if draft.held_complete { "" } else { "at least " }, if held == 1 { "is" } else { "are" });
    let cause = draft.held.first().map(|held| held.cause.clone()).unwrap_or_default();
    let text = format!("{least}{} {are} suspended by another cause too ({cause}): kept suspended unless you choose to wake them", plural(held, "job"));
    draft.warn(Weight::Caution, text);
}
