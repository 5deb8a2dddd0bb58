//! Traces that changes leave elsewhere: new incidents, entries of the log of operations, batches.

use std::collections::{HashMap, HashSet};

use super::{Eyes, Findings, Item, ONE_BY_ONE, Round, allowed};
use crate::action::judge::{Facts, Here, Log, Operation};
use crate::action::target::{Subject, Target};
use crate::engine::catalogue::{Entry, endpoint};
use crate::engine::{Change, EngineError, IncidentFilter, IncidentQuery, IncidentSort, Order, Page, UserOperationFilter, UserOperationQuery};
use crate::model::history::{JobEvent, UserOperation};
use crate::model::ids::{BatchId, ProcessDefinitionId, ProcessInstanceId};
use crate::text::EngineText;

/// New incidents of one process read in a round.
const INCIDENTS: u32 = 1_000;

/// Entries of the log of operations read for one target.
const OPERATIONS: u32 = 20;

impl Eyes {
    /// Whether the batches go on.
    pub(super) async fn batches(&mut self, round: &Round, findings: &mut Findings) -> Result<(), EngineError> {
        let batches: HashSet<&BatchId> = round.items.iter().filter(|item| !item.watched).filter_map(|item| item.batch.as_ref()).collect();
        for batch in batches.into_iter().take(round.singly) {
            let goes_on = self.turn().await.batch(batch).await?.is_some_and(|batch| batch.data.jobs > 0);
            // Its last job may be done for half a minute before the batch is gone.
            for item in round.items.iter().filter(|item| item.batch.as_ref() == Some(batch)) {
                findings.of(item).batch_goes_on = Some(goes_on);
            }
        }
        Ok(())
    }

    /// Incidents that are open and were created since the action began, by process and not by instance: one request finds those of all.
    pub(super) async fn incidents(&mut self, round: &Round, findings: &mut Findings) -> Result<(), EngineError> {
        let Some(since) = round.since else { return Ok(()) };
        let wanted = |item: &&Item| item.watched || findings.facts.get(&item.target).is_some_and(|facts| wants_incidents(facts, item.lost));
        let items: Vec<&Item> = round.items.iter().filter(wanted).collect();
        let definitions: HashSet<&ProcessDefinitionId> = items.iter().filter_map(|item| definition(item.target(round))).collect();
        if definitions.is_empty() {
            return Ok(());
        }
        let mut by_instance: HashMap<ProcessInstanceId, Vec<_>> = HashMap::new();
        for definition in definitions.into_iter().take(2 * ONE_BY_ONE) {
            let filter = IncidentFilter { process_definition: Some(definition.clone()), created_after: Some(since), ..IncidentFilter::default() };
            let query = IncidentQuery { filter, sort: Some((IncidentSort::Created, Order::Descending)), page: Page::first(INCIDENTS) };
            let Some(answer) = allowed(self.turn().await.incidents(&query).await)? else { continue };
            for incident in answer.data {
                if let Some(instance) = incident.process_instance.clone() {
                    by_instance.entry(instance).or_default().push(incident);
                }
            }
        }
        for item in items.iter().filter(|item| !item.watched) {
            let own = item.target(round).instance().and_then(|instance| by_instance.get(instance));
            if let (Some(own), Some(facts)) = (own, findings.facts.get_mut(&item.target)) {
                facts.incidents.clone_from(own);
            }
        }
        findings.incidents = Some(by_instance);
        Ok(())
    }

    /// Who changed targets whose answer was lost, and who removed those that are gone.
    pub(super) async fn operations(&mut self, round: &Round, findings: &mut Findings) -> Result<(), EngineError> {
        let wanted = |item: &&Item| !item.watched && (item.lost || findings.facts.get(&item.target).is_some_and(is_removed));
        let items: Vec<&Item> = round.items.iter().filter(wanted).collect();
        let mut read: HashMap<usize, Vec<UserOperation>> = HashMap::new();
        for item in items {
            let place = head(item, round);
            let target = &round.targets[place];
            if !read.contains_key(&place) {
                if read.len() >= round.singly {
                    continue;
                }
                let operations = match filter(target, round) {
                    Some(filter) => {
                        let query = UserOperationQuery { filter, page: Page::first(OPERATIONS) };
                        allowed(self.turn().await.user_operations_where(&query).await)?.map(|answer| answer.data).unwrap_or_default()
                    }
                    None => Vec::new(),
                };
                read.insert(place, operations);
            }
            let entries = endpoint(item.change(round).name()).evidence().map_or(&[] as &[Entry], |evidence| evidence.entries);
            let told = read[&place].iter().filter_map(|operation| told(operation, entries, target, round.user.as_ref(), item.lost)).collect();
            // Read, as far as it can be.
            findings.of(item).operations = Some(told);
        }
        Ok(())
    }
}

/// Whose entries in the log of operations tell of a target: what ends with a cancelled instance has none of its own.
fn head(item: &Item, round: &Round) -> usize {
    match item.change(round) {
        Change::DeleteInstance { .. } => round.steps[item.step].targets.first().copied().unwrap_or(item.target),
        _ => item.target,
    }
}

/// Whether an open incident could tell more of it.
fn wants_incidents(facts: &Facts, lost: bool) -> bool {
    match &facts.here {
        Here::Gone => true,
        Here::Work(_) => lost,
        Here::NotRead | Here::As(_) => false,
    }
}

fn is_removed(facts: &Facts) -> bool {
    facts.here == Here::Gone && !matches!(&facts.log, Log::Entries(entries) if entries.iter().any(|entry| entry.event == JobEvent::Succeeded))
}

fn definition(target: &Target) -> Option<&ProcessDefinitionId> {
    match &target.subject {
        Subject::Job { job, .. } => job.process_definition.as_ref(),
        Subject::ExternalTask { task, .. } => task.process_definition.as_ref(),
        _ => None,
    }
}

/// The entries about one target that are newer than what was read before anything was sent.
fn filter(target: &Target, round: &Round) -> Option<UserOperationFilter> {
    let all = UserOperationFilter { after: Some(round.since?), ..UserOperationFilter::default() };
    Some(match &target.subject {
        // A job belongs to an instance, and so does the removal of both.
        Subject::Job { job, .. } if job.process_instance.is_none() => UserOperationFilter { job: Some(job.id.clone()), ..all },
        Subject::JobDefinition(definition) => UserOperationFilter { job_definition: Some(definition.id.clone()), ..all },
        Subject::ProcessDefinition(definition) => UserOperationFilter { process_definition: Some(definition.id.clone()), ..all },
        Subject::Timed(timed) => UserOperationFilter { job: Some(timed.job.clone()), ..all },
        _ => UserOperationFilter { process_instance: Some(target.instance()?.clone()), ..all },
    })
}

/// What an entry says: that our change was made, or that somebody else removed the target or its instance. Whoever does not know its own
/// user, such as a session with a token, takes nobody's operation for its own.
fn told(operation: &UserOperation, entries: &[Entry], target: &Target, user: Option<&EngineText>, lost: bool) -> Option<Operation> {
    let as_asked = entries
        .iter()
        .any(|entry| entry.operation == operation.kind.as_wire() && operation.entity.as_ref().is_none_or(|entity| entity.as_wire() == entry.entity));
    let by_us = user.is_some_and(|user| operation.user.as_ref() == Some(user));
    if lost && as_asked && by_us && is_about(operation, target) {
        return Some(Operation { user: operation.user.clone(), ours: true });
    }
    // Comments, attachments, tasks and variables are deleted too, and end nothing.
    let of_instance = operation.entity.as_ref().is_some_and(|entity| entity.as_wire() == "ProcessInstance");
    let of_job = matches!(&target.subject, Subject::Job { job, .. } if operation.job.as_ref() == Some(&job.id));
    let by_others = !as_asked || user.is_some() && !by_us;
    let removal = operation.kind.as_wire() == "Delete" && (of_instance || of_job) && by_others;
    removal.then(|| Operation { user: operation.user.clone(), ours: false })
}

/// Whether an entry is about the target itself. An instance has many jobs, and of variables and incidents the log does not tell which.
fn is_about(operation: &UserOperation, target: &Target) -> bool {
    match &target.subject {
        Subject::Job { job, .. } => operation.job.as_ref() == Some(&job.id),
        Subject::Timed(timed) => operation.job.as_ref() == Some(&timed.job),
        Subject::ExternalTask { task, .. } => operation.external_task.as_ref() == Some(&task.id),
        Subject::Instance(_) => operation.job.is_none() && operation.external_task.is_none() && operation.task.is_none(),
        Subject::JobDefinition(_) | Subject::ProcessDefinition(_) => true,
        Subject::Variable { .. } | Subject::Incident(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::example;

    const RETRIES: &[Entry] = &[Entry { operation: "SetJobRetries", entity: "Job", property: None }];

    fn operation(kind: &str, entity: &str, job: Option<&str>) -> UserOperation {
        UserOperation { job: job.map(Into::into), ..crate::model::example::operation(kind, entity, jiff::Timestamp::UNIX_EPOCH) }
    }

    #[test]
    fn an_operation_is_ours_only_if_we_know_who_we_are() {
        let target = example::job(0);
        let ours = |user: Option<&str>| {
            let user = user.map(EngineText::from);
            told(&operation("SetJobRetries", "Job", Some(target.id())), RETRIES, &target, user.as_ref(), true).is_some_and(|told| told.ours)
        };
        assert!(ours(Some("demo")));
        assert!(!ours(Some("anna")));
        assert!(!ours(None), "a session with a token");
        let removed = Entry { operation: "Delete", entity: "ProcessInstance", property: None };
        assert_eq!(told(&operation("Delete", "ProcessInstance", None), &[removed], &example::instance("p"), None, true), None, "it may have been ours");
    }

    #[test]
    fn only_the_removal_of_the_instance_or_of_the_job_itself_is_a_cancellation() {
        let target = example::job(0);
        let cancelled = |kind: &str, entity: &str, job: Option<&str>| told(&operation(kind, entity, job), RETRIES, &target, None, false).is_some();
        assert!(cancelled("Delete", "ProcessInstance", None));
        assert!(cancelled("Delete", "Job", Some(target.id())));
        assert!(!cancelled("Delete", "Job", Some("another")));
        for entity in ["Comment", "Attachment", "Task", "Variable", "IdentityLink"] {
            assert!(!cancelled("Delete", entity, None), "{entity}");
        }
        assert!(!cancelled("Suspend", "ProcessInstance", None));
    }
}
