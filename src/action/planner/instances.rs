//! Suspending and resuming process instances with their jobs and tasks.

use super::held::{self, Asleep};
use super::reading::{Reading, plural};
use super::{Draft, Drafted};
use crate::action::plan::{Unavailable, Weight};
use crate::action::verb::Verb;
use crate::action::wish::Asked;
use crate::engine::{CountQuestion, InstanceFilter, JobFilter, JobIs};
use crate::model::definition::ProcessInstance;
use crate::model::ids::ProcessInstanceId;

/// Instances that are looked at one by one.
const LOOKED_AT: usize = 10;

/// Instances of one plan that are resumed: what else holds the jobs of each is read.
const RESUMED: usize = 200;

/// Suspends or resumes these.
pub(super) async fn plan(reading: &Reading<'_>, asked: &Asked, ids: &[ProcessInstanceId], suspend: bool) -> Drafted {
    let mut draft = Draft::of(if suspend { Verb::SuspendInstances } else { Verb::ResumeInstances }, asked.clone());
    let found = reading.instances(ids).await?;
    let keys = reading.business_keys(&found).await?;
    let mut chosen: Vec<ProcessInstance> = Vec::new();
    for id in ids {
        match found.get(id) {
            None => draft.leave_out(format!("process instance {id}"), reading.why_gone()),
            Some(instance) if instance.suspended == suspend => {
                let label = reading.instance_target(instance.clone(), keys.get(id).cloned()).label;
                draft.leave_out(label, if suspend { "suspended already" } else { "not suspended" });
            }
            Some(instance) if !suspend && chosen.len() >= RESUMED => {
                let label = reading.instance_target(instance.clone(), keys.get(id).cloned()).label;
                draft.leave_out(label, "one plan resumes 200 instances: ask again for the others");
            }
            Some(instance) if !chosen.iter().any(|known| known.id == *id) => chosen.push(instance.clone()),
            Some(_) => {}
        }
    }
    around(reading, &mut draft, &chosen, suspend).await?;
    if !suspend {
        let mut asleep = Asleep::new();
        for (target, instance) in chosen.iter().enumerate() {
            held::of_instance(reading, &mut draft, &mut asleep, target, (&instance.id, &instance.definition)).await?;
        }
    }
    draft.targets = chosen.into_iter().map(|instance| reading.instance_target(instance.clone(), keys.get(&instance.id).cloned())).collect();
    held::tell(&mut draft);
    Ok(draft)
}

async fn around(reading: &Reading<'_>, draft: &mut Draft, chosen: &[ProcessInstance], suspend: bool) -> Result<(), Unavailable> {
    let (mut called, mut running, mut locked, mut jobs) = (0, 0, 0, 0);
    for instance in chosen.iter().take(LOOKED_AT) {
        let of = InstanceFilter { called_by: Some(instance.id.clone()), suspended: !suspend, ..InstanceFilter::default() };
        called += reading.count(draft, "called instances", CountQuestion::ProcessInstances(of)).await?.unwrap_or(0);
        let is = if suspend { Vec::new() } else { vec![JobIs::Suspended] };
        let filter = JobFilter { is, process_instance: Some(instance.id.clone()), ..JobFilter::default() };
        jobs += reading.count(draft, "jobs", CountQuestion::Jobs(filter)).await?.unwrap_or(0);
        if suspend {
            running += reading.running_jobs(draft, &instance.id).await?.unwrap_or(0);
            locked += reading.locked_tasks(draft, &instance.id).await?.unwrap_or(0);
        }
    }
    let first = if chosen.len() > LOOKED_AT { format!("of the first {LOOKED_AT}: ") } else { String::new() };
    if jobs > 0 {
        let (one, many) = if suspend { ("stops with it", "stop with them") } else { ("of it is suspended", "of them are suspended") };
        let stop = if jobs == 1 { one } else { many };
        draft.warn(Weight::Note, format!("{first}{} {stop}", plural(jobs, "job")));
    }
    if called > 0 {
        let (state, go) = if suspend { ("", "go on: suspend those too") } else { ("suspended ", "stay suspended") };
        let weight = if suspend { Weight::Caution } else { Weight::Note };
        draft.warn(weight, format!("{first}{} that they called {go}", plural(called, &format!("{state}instance"))));
    }
    if running > 0 {
        draft.warn(Weight::Caution, format!("{first}{} at work right now: it is rolled back, and done again once resumed", plural(running, "job")));
    }
    if locked > 0 {
        draft.warn(
            Weight::Caution,
            format!(
                "{first}{} locked right now: a worker that holds one cannot report what it did until it is resumed; others wait for their next attempt",
                plural(locked, "external task")
            ),
        );
    }
    Ok(())
}
