//! What is done once an action is over: whether what was to stay suspended is, and the reason in the engine's own log of operations.

use std::collections::{HashMap, HashSet};

use super::eyes::Eyes;
use super::hand::Hand;
use super::progress::Progress;
use crate::action::target::{Subject, Target};
use crate::engine::catalogue::endpoint;
use crate::engine::{Change, Page, Sent, UserOperationFilter};
use crate::model::history::UserOperation;
use crate::text::EngineText;

/// Operations that a reason is written on, at most.
const EXPLAINED: usize = 200;

/// Entries of the log of operations read to find them.
const ENTRIES: u32 = 5_000;

/// Looks and writes; gives what has to be told.
pub async fn look(eyes: &mut Eyes, hand: &Hand, progress: &Progress) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(held(eyes, progress).await);
    notes.extend(tree(eyes, progress).await);
    notes.extend(reason(eyes, hand, progress).await);
    notes
}

/// Jobs that were to stay suspended although what they belong to was resumed.
async fn held(eyes: &mut Eyes, progress: &Progress) -> Option<String> {
    let plan = &progress.plan;
    if !plan.keeps_held() || progress.sent == 0 {
        return None;
    }
    let ids: Vec<_> = plan.held.iter().map(|held| held.job.clone()).collect();
    let Some(jobs) = eyes.jobs_now(&ids).await else { return Some("LOOK: it could not be read whether what was to stay suspended is".to_owned()) };
    let awake: Vec<String> = jobs.iter().filter(|job| !job.suspended).map(|job| job.id.to_string()).collect();
    let kept = jobs.len() - awake.len();
    if awake.is_empty() && jobs.len() == ids.len() {
        return Some(format!("{kept} jobs that something else suspended stay suspended"));
    }
    let gone = ids.len() - jobs.len();
    Some(format!("LOOK: of {} jobs that were to stay suspended, {kept} are, {gone} are gone, these are awake: {}", ids.len(), awake.join(", ")))
}

/// Whether everything ended that the plan said would end with its target.
async fn tree(eyes: &mut Eyes, progress: &Progress) -> Option<String> {
    let level = progress.plan.level().filter(|_| progress.sent > 0)?;
    let own = level.target.instance();
    let others: Vec<_> = level.tree.iter().filter(|line| line.ends && Some(&line.instance) != own).map(|line| line.instance.clone()).collect();
    if others.is_empty() {
        return None;
    }
    let all = if others.len() + 1 >= level.count { "" } else { " that are listed" };
    Some(match eyes.still_running(&others).await {
        Some(0) => format!("the other {} instances of its tree{all} are gone too", others.len()),
        Some(running) => format!("LOOK: {running} of the other {} instances of its tree{all} still run", others.len()),
        None => format!("LOOK: whether the other {} instances of its tree ended could not be read", others.len()),
    })
}

/// The operator's reason, on the operations that were ours.
async fn reason(eyes: &mut Eyes, hand: &Hand, progress: &Progress) -> Option<String> {
    let plan = &progress.plan;
    let text = plan.choices.reason.trim();
    if text.is_empty() || progress.performed().next().is_none() {
        return None;
    }
    let Some(user) = plan.engine.user.as_deref().map(EngineText::from) else {
        return Some("which operations in the engine's log are ours is not known without a user, so the reason stands in the journal alone".to_owned());
    };
    let mut operations: Vec<EngineText> = Vec::new();
    let mut seen = HashSet::new();
    let mut by_kind: HashMap<&'static str, Vec<(&Target, &Change)>> = HashMap::new();
    for (target, subject) in progress.performed() {
        let Some(step) = progress.sequence.main_of(target) else { continue };
        let change = &progress.steps[step].change;
        for entry in endpoint(change.name()).evidence().map_or(&[][..], |evidence| evidence.entries) {
            by_kind.entry(entry.operation).or_default().push((subject, change));
        }
    }
    let wanted = progress.performed().count();
    for (kind, targets) in by_kind {
        let filter = UserOperationFilter { kind: Some(kind.into()), user: Some(user.clone()), ..UserOperationFilter::default() };
        let Some(entries) = eyes.operations_since(filter, progress.since(), Page::first(ENTRIES)).await else { continue };
        let ours = Ours::of(&targets);
        for entry in entries.iter().filter(|entry| ours.has(entry)) {
            operations.extend(entry.operation.clone().filter(|operation| seen.insert(operation.clone())));
        }
    }
    let mut written = 0;
    for operation in operations.iter().take(EXPLAINED) {
        let delivered = hand.explain(operation.clone(), text.to_owned()).await;
        match delivered.sent {
            Sent::Accepted { .. } => written += 1,
            Sent::Rejected(error) | Sent::NotSent(error) | Sent::Unknown(error) => {
                return Some(format!("the reason stands on {written} operations in the engine's log, then: {}", error.problem()));
            }
        }
    }
    Some(match (written, operations.len()) {
        (0, _) => "the engine's log of operations shows none of ours to write the reason on; the journal has it".to_owned(),
        (written, found) if found > written => format!("the reason stands on {written} of {found} operations in the engine's log, and in the journal"),
        (written, _) => format!("the reason stands on {written} operations in the engine's log, for {wanted} targets"),
    })
}

/// The things an entry may be about.
#[derive(Default)]
struct Ours {
    ids: HashSet<String>,
    instances: HashSet<String>,
    /// An operation that makes a batch names nothing.
    batch: bool,
}

impl Ours {
    fn of(targets: &[(&Target, &Change)]) -> Self {
        let mut ours = Self::default();
        for (target, change) in targets {
            match (&target.subject, change) {
                (_, Change::JobRetriesBatch { .. } | Change::DeleteInstances { .. }) => ours.batch = true,
                (Subject::Instance(instance), _) => drop(ours.instances.insert(instance.id.as_wire().to_owned())),
                (Subject::Variable { instance, .. }, _) => drop(ours.instances.insert(instance.as_wire().to_owned())),
                (Subject::Incident(known), _) => {
                    ours.instances.extend(known.incident.process_instance.iter().map(|instance| instance.as_wire().to_owned()));
                }
                _ => drop(ours.ids.insert(target.id().to_owned())),
            }
        }
        ours
    }

    fn has(&self, entry: &UserOperation) -> bool {
        let id = |text: Option<&str>| text.is_some_and(|id| self.ids.contains(id));
        let thing = entry.job.as_ref().map(|job| job.as_wire());
        let task = entry.external_task.as_ref().map(|task| task.as_wire());
        let definition = entry.job_definition.as_ref().map(|definition| definition.as_wire());
        let process = entry.process_definition.as_ref().map(|definition| definition.as_wire());
        let named = id(thing) || id(task) || thing.is_none() && id(definition) || definition.is_none() && id(process);
        let of_instance = thing.is_none() && task.is_none() && entry.instance.as_ref().is_some_and(|instance| self.instances.contains(instance.as_wire()));
        named || of_instance || self.batch && entry.instance.is_none() && thing.is_none()
    }
}
