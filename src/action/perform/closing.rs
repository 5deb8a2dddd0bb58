//! What is looked at once an action is over: whether what was to stay suspended is, and as it was, and which operations of the engine's own
//! log the reason belongs on.

use std::collections::{HashMap, HashSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::eyes::Eyes;
use super::progress::Progress;
use crate::action::plan::Plan;
use crate::action::target::{Subject, Target};
use crate::action::verb::Verb;
use crate::engine::catalogue::endpoint;
use crate::engine::{Change, Page, UserOperationFilter};
use crate::model::history::UserOperation;
use crate::model::ids::JobId;
use crate::model::job::Job;
use crate::text::EngineText;

/// Operations that a reason is written on, at most.
const EXPLAINED: usize = 200;

/// Entries of the log of operations read to find them.
const ENTRIES: u32 = 5_000;

/// What has to be told of how things were left. What begins with LOOK was not left as it was meant to be.
pub async fn look(eyes: &mut Eyes, plan: &Plan) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(held(eyes, plan).await);
    notes.extend(unlisted(plan));
    notes
}

/// Jobs that were to stay suspended although what they belong to was resumed, with the due dates they had.
async fn held(eyes: &mut Eyes, plan: &Plan) -> Vec<String> {
    if !plan.keeps_held() {
        return Vec::new();
    }
    let ids: Vec<_> = plan.held.iter().map(|held| held.job.clone()).collect();
    let Some(jobs) = eyes.jobs_now(&ids).await else { return vec!["LOOK: it could not be read whether what was to stay suspended is".to_owned()] };
    as_left(plan, &jobs)
}

fn as_left(plan: &Plan, jobs: &[Job]) -> Vec<String> {
    let all = plan.held.len();
    let awake: Vec<String> = jobs.iter().filter(|job| !job.suspended).map(|job| job.id.to_string()).collect();
    let kept = jobs.len() - awake.len();
    let before: HashMap<&JobId, Option<Timestamp>> = plan.held.iter().map(|held| (&held.job, held.due)).collect();
    let moved = |job: &&Job| before.get(&job.id).is_some_and(|due| !is_same(*due, job.due));
    let moved: Vec<String> = jobs
        .iter()
        .filter(moved)
        .map(|job| format!("{} is due {} and was due {}", job.id, time(job.due, &plan.zone), time(before.get(&job.id).copied().flatten(), &plan.zone)))
        .collect();
    let mut told = Vec::new();
    let gone = all - jobs.len().min(all);
    if awake.is_empty() && gone == 0 {
        told.push(format!("{kept} jobs that something else suspended stay suspended"));
    } else if awake.is_empty() && plan.verb == Verb::PutBack {
        // With what is gone there is nothing left to put back, and its own outcome says whether that was so before.
        told.push(format!("{kept} jobs that something else suspended stay suspended, {gone} are gone"));
    } else {
        let awake = if awake.is_empty() { "none".to_owned() } else { awake.join(", ") };
        told.push(format!("LOOK: of {all} jobs that were to stay suspended, {kept} are, {gone} are gone, these are awake: {awake}"));
    }
    if !moved.is_empty() {
        told.push(format!("LOOK: {} jobs that were to stay as they were have another due date: {}", moved.len(), moved.join("; ")));
    }
    told
}

/// Whether two dates are the same to what engines keep: their databases keep a date to the second or to the millisecond.
pub(in crate::action) fn is_same(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.duration_since(other).abs() <= SignedDuration::from_secs(1),
        (one, other) => one == other,
    }
}

/// A due date in words, with its day and offset: it is to be put back by hand.
pub fn time(due: Option<Timestamp>, zone: &TimeZone) -> String {
    due.map_or_else(|| "at once (it had none)".to_owned(), |due| due.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S%:z").to_string())
}

/// That more ends with a cancellation than was read one by one, and is read back therefore.
fn unlisted(plan: &Plan) -> Option<String> {
    let level = plan.level().filter(|level| level.count > level.ends.len() || !level.complete)?;
    let least = if level.complete { "" } else { "at least " };
    Some(format!("{} of {least}{} instances that end are read back one by one", level.ends.len(), level.count))
}

/// Which operations of the engine's log the operator's reason belongs on.
pub struct Question {
    kinds: HashMap<&'static str, Ours>,
    user: EngineText,
    /// By the engine's clock, not before the first request and not after the last answer.
    window: (Timestamp, Timestamp),
}

impl Question {
    /// None where there is no reason, nothing was changed, or it cannot be told which operations are ours: without a user, those of others
    /// look the same.
    pub fn of(progress: &Progress) -> Option<Self> {
        let plan = &progress.plan;
        if plan.choices.reason.trim().is_empty() {
            return None;
        }
        let user = plan.engine.user.as_deref().map(EngineText::from)?;
        let (from, to) = progress.window()?;
        let mut by_kind: HashMap<&'static str, Vec<(&Target, &Change)>> = HashMap::new();
        for (target, subject) in progress.performed() {
            let Some(step) = progress.sequence.main_of(target) else { continue };
            let change = &progress.steps[step].change;
            for entry in endpoint(change.name()).evidence().map_or(&[][..], |evidence| evidence.entries) {
                by_kind.entry(entry.operation).or_default().push((subject, change));
            }
        }
        let kinds: HashMap<_, _> = by_kind.into_iter().map(|(kind, targets)| (kind, Ours::of(&targets))).collect();
        let window = (progress.since().map_or(from, |since| since.max(from)), to);
        (!kinds.is_empty()).then_some(Self { kinds, user, window })
    }

    /// The operations, each once. What somebody has written on one already stays.
    pub async fn operations(&self, eyes: &mut Eyes) -> Vec<EngineText> {
        let mut operations = Vec::new();
        let (mut seen, mut explained) = (HashSet::new(), HashSet::new());
        for (kind, ours) in &self.kinds {
            let filter = UserOperationFilter {
                kind: Some((*kind).into()),
                user: Some(self.user.clone()),
                before: Some(self.window.1),
                ..UserOperationFilter::default()
            };
            let Some(entries) = eyes.operations_since(filter, Some(self.window.0), Page::first(ENTRIES)).await else { continue };
            for entry in entries.iter().filter(|entry| entry.user.as_ref() == Some(&self.user)) {
                let Some(operation) = entry.operation.clone() else { continue };
                if entry.annotation.as_ref().is_some_and(|text| !text.as_wire().is_empty()) {
                    explained.insert(operation);
                } else if ours.has(entry) && self.window.0 <= entry.at && entry.at <= self.window.1 && seen.insert(operation.clone()) {
                    operations.push(operation);
                }
            }
        }
        operations.retain(|operation| !explained.contains(operation));
        operations.truncate(EXPLAINED);
        operations
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::example;
    use crate::action::plan::Held;
    use crate::action::wish::Asked;

    #[test]
    fn a_held_job_that_is_suspended_but_due_at_another_time_is_to_be_looked_at() {
        let due: Timestamp = "2026-03-02T05:00:00Z".parse().expect("a moment");
        let mut plan = example::plan(Asked::Instances { instances: Vec::new(), suspend: false }, vec![example::instance("p1")]);
        plan.held = vec![Held { due: Some(due), ..example::held(0, "a") }];
        let now = |due| Job { id: "a".into(), suspended: true, due, ..crate::model::example::job(0) };
        let same = as_left(&plan, &[now(Some(due + SignedDuration::from_millis(400)))]);
        assert!(same.len() == 1 && !same[0].starts_with("LOOK"), "{same:?}");
        let moved = as_left(&plan, &[now(Some(due + SignedDuration::from_hours(365 * 24)))]);
        assert!(
            moved[1].starts_with("LOOK") && moved[1].contains("a is due 2027-03-02") && moved[1].contains("was due 2026-03-02 05:00:00+00:00"),
            "{moved:?}"
        );
        assert!(as_left(&plan, &[now(None)])[1].starts_with("LOOK"));
        assert!(as_left(&plan, &[])[0].starts_with("LOOK"), "it is gone, and nobody meant it to be");
        plan.verb = Verb::PutBack;
        assert!(!as_left(&plan, &[])[0].starts_with("LOOK"), "nothing is left to put back");
    }
}
