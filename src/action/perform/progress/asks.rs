//! What a plan and its changes ask of each target: which go first, and what is to become of them.

use std::collections::HashSet;

use crate::action::judge::Goal;
use crate::action::pace;
use crate::action::plan::{Plan, Step};
use crate::action::target::{Subject, Target};
use crate::action::verb::Verb;
use crate::engine::Change;
use crate::text::EngineText;

/// The first few targets of a retry of many. Other changes need none: what they do is read back at once.
pub(super) fn canary(plan: &Plan, steps: &[Step]) -> HashSet<usize> {
    let count = plan.choices.pace.canary;
    if plan.verb != Verb::Retry || plan.targets.len() <= count || steps.iter().any(|step| is_batch(&step.change)) {
        return HashSet::new();
    }
    let versions: Vec<_> = plan.targets.iter().map(|target| target.version).collect();
    pace::canary(&versions, count).into_iter().collect()
}

/// Whether the engine works on it by itself.
fn is_batch(change: &Change) -> bool {
    matches!(change, Change::JobRetriesBatch { .. } | Change::DeleteInstances { .. })
}

/// What a change wants of a target.
pub(super) fn goal(target: &Target, change: &Change) -> Goal {
    match change {
        Change::JobRetries { retries, .. } | Change::JobRetriesBatch { retries, .. } | Change::ExternalTaskRetries { retries, .. } => {
            Goal::Run { attempts: *retries }
        }
        Change::DeleteInstance { .. } | Change::DeleteInstances { .. } => Goal::End,
        Change::DeleteJob { .. } => Goal::Vanish,
        _ => Goal::State { was_so: was_so(target, change) },
    }
}

/// Whether a target was so already. What cannot be told counts as so: then its state alone proves nothing.
fn was_so(target: &Target, change: &Change) -> bool {
    match (&target.subject, change) {
        (Subject::JobDefinition(before), Change::JobDefinitionSuspension { suspended, at: None, .. }) => before.suspended == *suspended,
        (Subject::ProcessDefinition(before), Change::ProcessDefinitionSuspension { suspended, at: None, .. }) => before.suspended == *suspended,
        (Subject::Instance(before), Change::InstanceSuspension { suspended, .. }) => before.suspended == *suspended,
        (Subject::JobDefinition(before), Change::JobDefinitionPriority { priority, .. }) => before.overriding_priority == *priority,
        (Subject::Job { job, .. }, Change::JobDueDate { due, .. }) => job.due == *due,
        (Subject::Job { job, .. }, Change::JobSuspension { suspended, .. }) => job.suspended == *suspended,
        (Subject::Job { job, .. }, Change::JobPriority { priority, .. }) => job.priority == *priority,
        (Subject::Incident(known), Change::IncidentAnnotation { text, .. }) => {
            known.incident.annotation.as_ref().map_or("", EngineText::as_wire) == text.as_deref().unwrap_or_default()
        }
        (Subject::Variable { before: Some(before), .. }, Change::SetVariable { value, .. }) => before == value,
        (Subject::ExternalTask { task, .. }, Change::UnlockExternalTask { .. }) => task.worker.is_none(),
        _ => true,
    }
}
