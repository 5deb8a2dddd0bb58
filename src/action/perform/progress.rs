//! How far an action is: what was sent, what is known of each target, what is to be read next. No sending, no reading, no clock of its own.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::eyes::{A_ROUND, Findings, Item, ONE_BY_ONE, Round};
use super::sequence::{Part, Sequence, Stand};
use crate::action::judge::{Case, Facts, Goal, LOOKED_FOR, Said, judge};
use crate::action::outcome::{Class, Outcome, Waiting};
use crate::action::pace;
use crate::action::plan::{Plan, Step};
use crate::action::target::{Subject, Target};
use crate::action::verb::Verb;
use crate::engine::{Change, Due, Sent};
use crate::model::ids::BatchId;
use crate::text::EngineText;

/// How long a success is still looked at: its instance may fail at the next place.
const WATCHED: Duration = Duration::from_secs(3);

/// Jobs that no executor minds to be given at once.
const BULK: usize = 10;

/// What is known of one target.
#[derive(Clone, Debug, Default)]
struct Known {
    outcome: Outcome,
    said: Option<Said>,
    /// When its deciding request was answered.
    sent: Option<Instant>,
    looked_at: Option<Instant>,
    batch: Option<BatchId>,
}

/// A success whose instance is still looked at.
#[derive(Debug)]
struct Watched {
    facts: Facts,
    until: Instant,
}

/// How far an action is.
#[derive(Debug)]
pub struct Progress {
    /// What was confirmed.
    pub plan: Arc<Plan>,
    /// Its requests.
    pub steps: Arc<[Step]>,
    /// Which of them may go out.
    pub sequence: Sequence,
    /// Requests that went out.
    pub sent: usize,
    known: Vec<Known>,
    canary: HashSet<usize>,
    watched: HashMap<usize, Watched>,
    /// Sent and not settled.
    open: BTreeSet<usize>,
    since: Option<Timestamp>,
    last_sent: Option<Instant>,
    rounds: usize,
    /// Outcomes that changed since they were last recorded.
    changed: HashSet<usize>,
}

/// What the first few came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Canary {
    /// Not all are settled.
    Open,
    /// They did well.
    Well,
    /// They did not.
    Badly(String),
}

impl Progress {
    /// Nothing is sent yet.
    pub fn new(plan: Arc<Plan>) -> Self {
        let steps = plan.steps().into();
        Self::with_steps(plan, steps)
    }

    /// Nothing is sent yet of these requests.
    pub fn with_steps(plan: Arc<Plan>, steps: Arc<[Step]>) -> Self {
        let canary = canary(&plan, &steps);
        let sequence = Sequence::new(&steps, &canary);
        let known = vec![Known::default(); plan.targets.len()];
        Self {
            plan,
            steps,
            sequence,
            sent: 0,
            known,
            canary,
            watched: HashMap::new(),
            open: BTreeSet::new(),
            since: None,
            last_sent: None,
            rounds: 0,
            changed: HashSet::new(),
        }
    }

    /// Takes in the newest time of the engine from before the first request.
    pub fn set_since(&mut self, since: Option<Timestamp>) {
        self.since = since;
    }

    /// The newest time of the engine from before the first request.
    pub fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// What became of each target, as far as is known.
    pub fn outcomes(&self) -> Vec<Outcome> {
        self.known.iter().map(|known| known.outcome.clone()).collect()
    }

    /// Whether a few go first.
    pub fn has_canary(&self) -> bool {
        !self.canary.is_empty()
    }

    /// Whether it gives the executor so much work that due jobs may pile up.
    pub fn is_bulk(&self) -> bool {
        self.plan.verb == Verb::Retry && self.plan.targets.len() > BULK
    }

    /// Whether a request belongs to those that go first.
    pub fn is_canary(&self, step: usize) -> bool {
        self.steps[step].targets.iter().all(|target| self.canary.contains(target))
    }

    /// A request goes out.
    pub fn sending(&mut self, step: usize) {
        self.sequence.note(step, Stand::Sending);
        for target in self.decided_by(step) {
            self.set(target, Outcome::Sending);
        }
    }

    /// A request was answered. Gives what has to be told the operator.
    pub fn answered(&mut self, step: usize, sent: &Sent, now: Instant) -> Option<String> {
        let (stand, batch) = match sent {
            Sent::Accepted { batch } => (Stand::Done, batch.clone()),
            Sent::Rejected(_) | Sent::NotSent(_) => (Stand::NotDone, None),
            Sent::Unknown(_) => (Stand::Unknown, None),
        };
        self.sequence.note(step, stand);
        if !matches!(sent, Sent::NotSent(_)) {
            self.sent += 1;
            self.last_sent = Some(now);
        }
        let said = Said::from(sent);
        for target in self.decided_by(step) {
            let known = &mut self.known[target];
            (known.said, known.sent, known.batch) = (Some(said.clone()), Some(now), batch.clone());
            self.decide(target, &Facts::default(), now);
        }
        self.drop_hopeless();
        aside(&self.steps[step].change, self.sequence.part(step), &said)
    }

    /// A request did not go out, because that could not be recorded.
    pub fn not_recorded(&mut self, step: usize, why: &str) {
        self.sequence.note(step, Stand::NotDone);
        for target in self.decided_by(step) {
            self.set(target, Outcome::NotPerformed(why.into()));
        }
    }

    /// Targets whose outcome a request decides.
    fn decided_by(&self, step: usize) -> Vec<usize> {
        self.steps[step].targets.iter().copied().filter(|target| self.sequence.main_of(*target) == Some(step)).collect()
    }

    /// Sends no more; what was not sent is told so.
    pub fn stop(&mut self) {
        self.sequence.stop();
        self.drop_hopeless();
    }

    /// Sends nothing at all any more.
    pub fn abandon(&mut self) {
        self.sequence.abandon();
        self.drop_hopeless();
    }

    /// The next request that may go out.
    pub fn next(&mut self, protecting: bool) -> Option<usize> {
        let next = self.sequence.next(protecting);
        self.drop_hopeless();
        next
    }

    fn drop_hopeless(&mut self) {
        let why = "what had to be done before it was not done";
        for step in self.sequence.take_dropped() {
            let outcome = if self.sequence.is_stopped() { Outcome::Stopped } else { Outcome::NotPerformed(why.into()) };
            for target in self.decided_by(step) {
                self.set(target, outcome.clone());
            }
        }
    }

    fn set(&mut self, target: usize, outcome: Outcome) {
        if self.known[target].outcome != outcome {
            self.known[target].outcome = outcome;
            self.changed.insert(target);
        }
        let known = &self.known[target];
        if known.said.is_some() && !known.outcome.is_settled() {
            self.open.insert(target);
        } else {
            self.open.remove(&target);
        }
    }

    fn decide(&mut self, target: usize, facts: &Facts, now: Instant) {
        let known = &self.known[target];
        let (Some(said), Some(step)) = (&known.said, self.sequence.main_of(target)) else { return };
        let subject = &self.plan.targets[target];
        let goal = goal(subject, &self.steps[step].change);
        let looked = known.sent.map_or(Duration::ZERO, |sent| now.saturating_duration_since(sent));
        let outcome = judge(&Case { target: subject, goal, said, since: self.since, looked }, facts);
        if matches!(outcome, Outcome::Succeeded(_)) && matches!(goal, Goal::Run { .. }) && !self.watched.contains_key(&target) {
            self.watched.insert(target, Watched { facts: facts.clone(), until: now + WATCHED });
        }
        self.set(target, outcome);
    }

    /// Whether reading on can still tell something.
    pub fn wants_reading(&self, now: Instant) -> bool {
        !self.watched.is_empty() || !self.open.is_empty() && self.is_in_time(now)
    }

    /// Whether it is looked for traces no longer than was said.
    fn is_in_time(&self, now: Instant) -> bool {
        self.last_sent.is_some_and(|sent| now.saturating_duration_since(sent) < LOOKED_FOR + Duration::from_secs(1))
    }

    /// What is read next: what was looked at longest ago first. With `anyway`, whatever is not settled, however long ago it was sent.
    pub fn round(&mut self, now: Instant, anyway: bool, user: Option<EngineText>) -> Option<Round> {
        let mut open: Vec<usize> = if anyway || self.is_in_time(now) { self.open.iter().copied().collect() } else { Vec::new() };
        open.sort_by_key(|target| self.known[*target].looked_at);
        open.truncate(A_ROUND);
        // What can only be asked for one by one comes to everybody in turn.
        self.rounds += 1;
        if !open.is_empty() {
            let turned = self.rounds * ONE_BY_ONE % open.len();
            open.rotate_left(turned);
        }
        for target in &open {
            self.known[*target].looked_at = Some(now);
        }
        let watched: Vec<usize> = self.watched.keys().copied().take(A_ROUND).collect();
        let item = |target: usize, watched| {
            let known = &self.known[target];
            let lost = matches!(known.said, Some(Said::Unknown(_)));
            Some(Item { target, step: self.sequence.main_of(target)?, lost, batch: known.batch.clone(), watched })
        };
        let items: Vec<Item> =
            open.into_iter().filter_map(|target| item(target, false)).chain(watched.into_iter().filter_map(|target| item(target, true))).collect();
        let round = Round { targets: Arc::clone(&self.plan.targets), steps: Arc::clone(&self.steps), items, since: self.since, user, singly: ONE_BY_ONE };
        (!round.items.is_empty()).then_some(round)
    }

    /// Takes in what a round found.
    pub fn learn(&mut self, findings: &Findings, now: Instant) {
        for (target, facts) in &findings.facts {
            self.decide(*target, facts, now);
        }
        // What could not be read this time is still looked for, and not for ever.
        let unread: Vec<usize> = self.open.iter().copied().filter(|target| !findings.facts.contains_key(target)).collect();
        for target in unread {
            if matches!(self.known[target].outcome, Outcome::Unknown(_) | Outcome::Accepted) {
                self.decide(target, &Facts::default(), now);
            }
        }
        if let Some(incidents) = &findings.incidents {
            let watched: Vec<usize> = self.watched.keys().copied().collect();
            for target in watched {
                let own = self.plan.targets[target].instance().and_then(|instance| incidents.get(instance));
                let (Some(own), Some(watched)) = (own, self.watched.get_mut(&target)) else { continue };
                watched.facts.incidents.clone_from(own);
                let facts = watched.facts.clone();
                self.decide(target, &facts, now);
            }
            self.watched.retain(|_, watched| watched.until > now);
        } else {
            // Incidents that cannot be read do not keep an action open for ever.
            self.watched.retain(|_, watched| watched.until + WATCHED > now);
        }
    }

    /// What the first few came to.
    pub fn canary_stands(&self) -> Canary {
        let planned_wait = matches!(self.plan.choices.due, Due::At(_) | Due::Keep);
        let mut badly = Vec::new();
        for target in &self.canary {
            let outcome = &self.known[*target].outcome;
            match outcome {
                Outcome::Planned | Outcome::Sending | Outcome::Accepted | Outcome::Unknown(_) => return Canary::Open,
                Outcome::Waits(Waiting::NotDue(_)) if planned_wait => {}
                Outcome::Waits(Waiting::Suspended(_) | Waiting::NotDue(_)) => badly.push(outcome),
                Outcome::Waits(_) if self.is_waited_for(*target) => return Canary::Open,
                _ if outcome.class() == Class::Good => {}
                _ => badly.push(outcome),
            }
        }
        match badly.first() {
            None => Canary::Well,
            Some(first) => Canary::Badly(format!("of the first {}: {}", self.canary.len(), first.counted(badly.len()))),
        }
    }

    fn is_waited_for(&self, target: usize) -> bool {
        self.known[target].sent.is_some_and(|sent| sent.elapsed() < LOOKED_FOR)
    }

    /// Whether too many failed to go on.
    pub fn fails_too_often(&self) -> Option<String> {
        let certain = |known: &&Known| matches!(known.outcome.class(), Class::Good | Class::Bad);
        let (mut failed, mut settled) = (0, 0);
        for known in self.known.iter().filter(certain) {
            settled += 1;
            failed += usize::from(known.outcome.class() == Class::Bad);
        }
        let stop_at = self.plan.choices.pace.stop_at;
        let too_many = self.known.len() > 1 && pace::too_many_fail(failed, settled, self.known.len(), stop_at);
        too_many.then(|| format!("{failed} of {settled} failed, more than {stop_at} %"))
    }

    /// Targets whose outcome changed since it was last asked.
    pub fn take_changed(&mut self) -> Vec<(usize, Outcome)> {
        let mut changed: Vec<usize> = self.changed.drain().collect();
        changed.sort_unstable();
        changed.into_iter().map(|target| (target, self.known[target].outcome.clone())).collect()
    }

    /// A request that an earlier run of the program sent, with what it is known to have come to.
    pub fn recalled(&mut self, step: usize, said: &Said, batch: Option<BatchId>, now: Instant) {
        let stand = match said {
            Said::Accepted => Stand::Done,
            Said::Rejected { .. } | Said::NotSent(_) => Stand::NotDone,
            Said::Unknown(_) => Stand::Unknown,
        };
        self.sequence.note(step, stand);
        self.last_sent = Some(now);
        for target in self.decided_by(step) {
            let known = &mut self.known[target];
            (known.said, known.sent, known.batch) = (Some(said.clone()), Some(now), batch.clone());
            self.decide(target, &Facts::default(), now);
        }
    }

    /// Targets that were changed, as far as is known.
    pub fn performed(&self) -> impl Iterator<Item = (usize, &Target)> {
        let performed = |known: &Known| matches!(known.said, Some(Said::Accepted)) || matches!(known.outcome.class(), Class::Good) && known.said.is_some();
        self.known.iter().zip(self.plan.targets.iter()).enumerate().filter(move |(_, (known, _))| performed(known)).map(|(at, (_, target))| (at, target))
    }
}

/// The first few targets of a retry of many. Other changes need none: what they do is read back at once.
fn canary(plan: &Plan, steps: &[Step]) -> HashSet<usize> {
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
fn goal(target: &Target, change: &Change) -> Goal {
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
        (Subject::Job { job, .. }, Change::JobPriority { priority, .. }) => job.priority == *priority,
        (Subject::Incident(known), Change::IncidentAnnotation { text, .. }) => {
            known.incident.annotation.as_ref().map_or("", EngineText::as_wire) == text.as_deref().unwrap_or_default()
        }
        (Subject::Variable { before: Some(before), .. }, Change::SetVariable { value, .. }) => before == value,
        (Subject::ExternalTask { task, .. }, Change::UnlockExternalTask { .. }) => task.worker.is_none(),
        _ => true,
    }
}

/// What is to be told of a request beside the main one that was not done.
fn aside(change: &Change, part: Part, said: &Said) -> Option<String> {
    let why = match said {
        Said::Accepted => return None,
        Said::Rejected { why, .. } | Said::NotSent(why) | Said::Unknown(why) => why,
    };
    let (Change::JobDueDate { job, .. } | Change::JobSuspension { job, .. }) = change else { return None };
    Some(match part {
        Part::Main => return None,
        Part::Before => format!("the due date of job {job} was not moved, so what follows is not sent: {why}"),
        Part::More => format!("job {job} was not resumed: {why}"),
        Part::Guard => format!("LOOK AT job {job}: it may be awake, it could not be suspended again: {why}"),
        Part::Restore => format!("job {job} stays suspended, and its due date was not put back: {why}"),
    })
}
