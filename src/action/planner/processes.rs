//! Suspending and resuming versions of processes: new starts, and the running instances too.
//!
//! Suspending one suspends its job definitions as well; with its instances, their jobs too. Resuming it resumes all of them, whoever had
//! suspended them: while the process is suspended, nothing tells which were so before (7.24).

use std::collections::HashSet;

use super::definitions::{pending, tasks};
use super::reading::{Reading, plural};
use super::{Draft, Drafted};
use crate::action::plan::{Unavailable, Weight};
use crate::action::target::{Subject, Target};
use crate::action::verb::Verb;
use crate::action::wish::Asked;
use crate::engine::{CountQuestion, InstanceFilter, JobFilter, JobIs};
use crate::model::definition::ProcessDefinition;
use crate::model::ids::ProcessDefinitionId;
use crate::text::count_exact;

/// Versions of one plan.
const MOST: usize = 50;

/// Suspends or resumes these.
pub(super) async fn plan(reading: &Reading<'_>, asked: &Asked, ids: &[ProcessDefinitionId], suspend: bool) -> Drafted {
    let mut draft = Draft::of(if suspend { Verb::SuspendProcesses } else { Verb::ResumeProcesses }, asked.clone());
    let mut processes = HashSet::new();
    for id in ids {
        let label = reading.label(Some(id), None);
        if draft.targets.len() >= MOST {
            draft.leave_out(label, "one plan changes 50 versions: ask again for the others");
            continue;
        }
        let Some(definition) = reading.maybe(reading.client.process_definition(id)).await? else {
            draft.leave_out(label, reading.why_gone());
            continue;
        };
        let left = counted(reading, &mut draft, &definition, suspend).await?;
        if definition.suspended == suspend && left == 0 {
            draft.leave_out(label, if suspend { "suspended already" } else { "not suspended" });
        } else if processes.insert(id.clone()) {
            draft.targets.push(target(definition));
        }
    }
    if suspend {
        tasks(reading, &mut draft, &processes, "stopped only where running instances are suspended too").await?;
    } else if !draft.targets.is_empty() {
        let text =
            "whatever of these processes somebody suspended by name is resumed with them; resume for new starts only, and the rest one by one, to keep it";
        draft.warn(Weight::Caution, text);
    }
    pending(reading, &mut draft).await?;
    Ok(draft)
}

fn target(definition: ProcessDefinition) -> Target {
    let label = format!("{} v{}", definition.key, definition.version);
    Target { label, business_key: None, version: Some(definition.version), subject: Subject::ProcessDefinition(definition.into()) }
}

/// Says how much it concerns. Returns how many instances are not as they shall be.
async fn counted(reading: &Reading<'_>, draft: &mut Draft, definition: &ProcessDefinition, suspend: bool) -> Result<u64, Unavailable> {
    let instances =
        |suspended| CountQuestion::ProcessInstances(InstanceFilter { process_definition: Some(definition.id.clone()), suspended, ..InstanceFilter::default() });
    let jobs = |is: &[JobIs]| CountQuestion::Jobs(JobFilter { is: is.to_vec(), process_definition: Some(definition.id.clone()), ..JobFilter::default() });
    let all = reading.count(draft, "instances", instances(false)).await?.unwrap_or(0);
    let asleep = reading.count(draft, "suspended instances", instances(true)).await?.unwrap_or(0);
    let (existing, failed) =
        (reading.count(draft, "jobs", jobs(&[])).await?.unwrap_or(0), reading.count(draft, "failed jobs", jobs(&[JobIs::NoRetriesLeft])).await?.unwrap_or(0));
    let text = format!(
        "{} v{}: {} run, {} of them suspended; {}, {} failed",
        definition.key,
        definition.version,
        plural(all, "instance"),
        count_exact(asleep),
        plural(existing, "job"),
        count_exact(failed)
    );
    draft.warn(Weight::Note, text);
    Ok(if suspend { all.saturating_sub(asleep) } else { asleep })
}
