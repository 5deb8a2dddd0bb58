//! Suspending and resuming versions of processes: new starts, and the running instances too.
//!
//! Suspending one suspends its job definitions as well; with its instances, their jobs too. Resuming it resumes all of them, whoever had
//! suspended them: while the process is suspended, its job definitions do not tell which were so before (7.24), the log of operations may.

use std::collections::{HashMap, HashSet};

use super::definitions::{pending, tasks};
use super::reading::{Reading, plural};
use super::{Draft, Drafted};
use crate::action::plan::{Unavailable, Weight};
use crate::action::target::{Subject, Target};
use crate::action::verb::Verb;
use crate::action::wish::Asked;
use crate::engine::{CountQuestion, InstanceFilter, JobDefinitionFilter, JobFilter, JobIs, Page, UserOperationFilter, UserOperationQuery};
use crate::model::definition::ProcessDefinition;
use crate::model::history::UserOperation;
use crate::model::ids::{JobDefinitionId, ProcessDefinitionId};
use crate::text::{count_exact, listed};

/// Versions of one plan.
const MOST: usize = 50;

/// Versions whose log of operations is read.
const LOGS: usize = 10;

/// Entries of that log, and job definitions of one version.
const ENTRIES: u32 = 500;

/// Job definitions named in one warning.
const NAMED: usize = 5;

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
        let text = "all job definitions of these processes are resumed with them, with or without their instances, also those that somebody suspended by \
                    name: suspend those again afterwards";
        draft.warn(Weight::Caution, text);
        by_name(reading, &mut draft).await?;
    }
    pending(reading, &mut draft).await?;
    Ok(draft)
}

/// Names the job definitions that wake although somebody had suspended them by name, as far as the log of operations tells.
async fn by_name(reading: &Reading<'_>, draft: &mut Draft) -> Result<(), Unavailable> {
    let processes: Vec<_> =
        draft.targets.iter().filter_map(|target| if let Subject::ProcessDefinition(it) = &target.subject { Some(it.id.clone()) } else { None }).collect();
    let mut named = Vec::new();
    for process in processes.iter().take(LOGS) {
        let mut operations = Vec::new();
        for kind in ["SuspendJobDefinition", "ActivateJobDefinition"] {
            let filter = UserOperationFilter { kind: Some(kind.into()), process_definition: Some(process.clone()), ..UserOperationFilter::default() };
            let query = UserOperationQuery { filter, page: Page::first(ENTRIES) };
            operations
                .extend(reading.wish(draft, "who suspended job definitions by name", reading.client.user_operations_where(&query)).await?.unwrap_or_default());
        }
        let asleep = asleep(&operations);
        if !asleep.is_empty() {
            let filter = JobDefinitionFilter { process_definition: Some(process.clone()), suspended: true };
            let rows =
                reading.wish(draft, "its job definitions", reading.client.job_definitions_where(&filter, Page::first(ENTRIES))).await?.unwrap_or_default();
            named.extend(rows.into_iter().filter(|row| asleep.contains(&row.id)).map(|row| reading.definition_target(row).label));
        }
    }
    if !named.is_empty() {
        named.sort();
        draft.warn(Weight::Caution, format!("suspended by name before, and resumed by this: {}", listed(named, NAMED)));
    }
    Ok(())
}

/// The job definitions whose latest entry is a suspension by name.
fn asleep(operations: &[UserOperation]) -> HashSet<JobDefinitionId> {
    let mut latest: HashMap<&JobDefinitionId, &UserOperation> = HashMap::new();
    for operation in operations {
        let Some(definition) = &operation.job_definition else { continue };
        let known = latest.entry(definition).or_insert(operation);
        if operation.at > known.at {
            *known = operation;
        }
    }
    let asleep = latest.into_iter().filter(|(_, operation)| operation.kind.as_wire() == "SuspendJobDefinition");
    asleep.map(|(definition, _)| definition.clone()).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example;

    #[test]
    fn what_somebody_suspended_by_name_is_what_was_not_resumed_by_name_since() {
        let entry = |definition: &str, kind: &str, second| UserOperation {
            job_definition: Some(definition.into()),
            ..example::operation(kind, "JobDefinition", jiff::Timestamp::from_second(second).expect("a moment"))
        };
        let log = [
            entry("kept", "SuspendJobDefinition", 5),
            entry("kept", "ActivateJobDefinition", 3),
            entry("woken", "ActivateJobDefinition", 9),
            entry("woken", "SuspendJobDefinition", 7),
        ];
        assert_eq!(asleep(&log), HashSet::from(["kept".into()]));
    }
}
