//! How far an action is: what was sent, what is known of each target, what is to be read next. No sending, no reading, no clock of its own.

mod asks;
mod beside;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use self::asks::{canary, goal};
use super::eyes::{A_ROUND, Findings, Item, ONE_BY_ONE, Round};
use super::sequence::{Sequence, Stand};
use crate::action::judge::{Case, Facts, Goal, LOOKED_FOR, Said, judge};
use crate::action::outcome::sum::sum;
use crate::action::outcome::{Class, Outcome, Proof, Waiting};
use crate::action::pace;
use crate::action::plan::{Plan, Step};
use crate::action::target::{Subject, Target};
use crate::action::verb::Verb;
use crate::engine::{DATE_LAG, Delivered, Due, Sent};
use crate::model::ids::BatchId;
use crate::text::EngineText;

/// How long a success is still looked at: its instance may fail at the next place.
const WATCHED: Duration = Duration::from_secs(3);

/// Jobs that no executor minds to be given at once.
const BULK: usize = 10;

/// How often it is asked which targets were looked for long enough.
const EXPIRES: Duration = Duration::from_millis(500);

/// What is known of one target.
#[derive(Clone, Debug, Default)]
struct Known {
    outcome: Outcome,
    said: Option<Said>,
    /// When its deciding request was answered.
    sent: Option<Instant>,
    looked_at: Option<Instant>,
    batch: Option<BatchId>,
    /// Settled by an earlier look: what happened since is not this action's doing.
    pinned: bool,
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
    /// What has to be looked at, with the target it belongs to.
    looks: Vec<(usize, String)>,
    /// How many of those were told already.
    looks_told: usize,
    /// Requests that protect and will never be sent, as long as it is open whether that matters.
    forsaken: Vec<usize>,
    /// Requests that the engine refused because there is no such thing any more.
    gone: HashSet<usize>,
    /// By main request, why it will not be sent.
    hindered: HashMap<usize, String>,
    /// By the engine's clock, not after the first request went out, and not before the last answer.
    window: Option<(Timestamp, Timestamp)>,
    expired: Option<Instant>,
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
            looks: Vec::new(),
            looks_told: 0,
            forsaken: Vec::new(),
            gone: HashSet::new(),
            hindered: HashMap::new(),
            window: None,
            expired: None,
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
        let aside = self.beside(step, &said, Some(now));
        self.drop_hopeless();
        aside
    }

    /// Takes in the engine's clock of an answer, which lags behind, and how long that answer took.
    pub fn saw(&mut self, delivered: &Delivered) {
        let Some(time) = delivered.engine_time else { return };
        let sent = SignedDuration::try_from(delivered.elapsed).ok().and_then(|took| time.checked_sub(took + DATE_LAG).ok()).unwrap_or(time);
        let (first, last) = self.window.unwrap_or((sent, time));
        self.window = Some((first.min(sent), last.max(time + DATE_LAG)));
    }

    /// By the engine's clock, when its requests went out: not before the first, not after the last.
    pub fn window(&self) -> Option<(Timestamp, Timestamp)> {
        self.window
    }

    /// A request that was let go was held back, and nothing of it went out.
    pub fn held_back(&mut self, step: usize) {
        for target in self.decided_by(step) {
            self.set(target, Outcome::Planned);
        }
        self.sequence.held_back(step);
        self.drop_hopeless();
    }

    /// A request did not go out, because that could not be recorded.
    pub fn not_recorded(&mut self, step: usize, why: &str) {
        self.sequence.note(step, Stand::NotDone);
        self.beside(step, &Said::NotSent(why.into()), None);
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

    fn set(&mut self, target: usize, outcome: Outcome) {
        if self.known[target].pinned {
            return;
        }
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
        let outcome = self.with_its_more(step, said, judge(&Case { target: subject, goal, said, since: self.since, looked }, facts));
        let outcome = match (outcome, self.steps[step].change.ordered_for()) {
            (Outcome::Succeeded(Proof::State), Some(at)) => Outcome::Ordered { at },
            (outcome, _) => outcome,
        };
        if matches!(outcome, Outcome::Succeeded(_)) && matches!(goal, Goal::Run { .. }) && !self.watched.contains_key(&target) {
            self.watched.insert(target, Watched { facts: facts.clone(), until: now + WATCHED });
        }
        self.set(target, outcome);
    }

    /// Whether looking once more may tell something: something is not settled, or nothing was seen of it in time.
    pub fn can_still_tell(&self) -> bool {
        !self.open.is_empty() || self.traceless().next().is_some()
    }

    fn traceless(&self) -> impl Iterator<Item = usize> + '_ {
        self.known.iter().enumerate().filter(|(_, known)| matches!(known.outcome, Outcome::NoTrace { .. })).map(|(target, _)| target)
    }

    /// Whether reading on can still tell something.
    pub fn wants_reading(&self, now: Instant) -> bool {
        !self.watched.is_empty() || !self.open.is_empty() && self.is_in_time(now)
    }

    /// Whether it is looked for traces no longer than was said.
    fn is_in_time(&self, now: Instant) -> bool {
        self.last_sent.is_some_and(|sent| now.saturating_duration_since(sent) < LOOKED_FOR + Duration::from_secs(1))
    }

    /// Decides what was looked for long enough on what is known, whether or not a round of reading came in time. Does little when asked often.
    pub fn expire(&mut self, now: Instant) {
        if self.open.is_empty() || self.expired.is_some_and(|last| now.saturating_duration_since(last) < EXPIRES) {
            return;
        }
        self.expired = Some(now);
        let is_up = |known: &Known| known.sent.is_some_and(|sent| now.saturating_duration_since(sent) >= LOOKED_FOR);
        let is_open = |known: &Known| matches!(known.outcome, Outcome::Unknown(_) | Outcome::Accepted);
        let up: Vec<usize> = self.open.iter().copied().filter(|target| is_up(&self.known[*target]) && is_open(&self.known[*target])).collect();
        up.into_iter().for_each(|target| self.decide(target, &Facts::default(), now));
    }

    /// What is read next: what was looked at longest ago first. With `anyway`, whatever is not settled or left
    /// no trace, however long ago it was sent.
    pub fn round(&mut self, now: Instant, anyway: bool, user: Option<EngineText>) -> Option<Round> {
        let mut open: Vec<usize> = if anyway || self.is_in_time(now) { self.open.iter().copied().collect() } else { Vec::new() };
        if anyway {
            open.extend(self.traceless());
        }
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
        let round = Round {
            action: self.plan.action.clone(),
            targets: Arc::clone(&self.plan.targets),
            steps: Arc::clone(&self.steps),
            items,
            since: self.since,
            user,
            singly: ONE_BY_ONE,
        };
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
        let planned_wait = |target: usize| match &self.plan.targets[target].subject {
            Subject::Job { job, .. } => matches!(self.plan.due_of(job), Due::At(_) | Due::Keep),
            _ => matches!(self.plan.choices.due, Due::At(_) | Due::Keep),
        };
        let mut badly = Vec::new();
        for target in &self.canary {
            let outcome = &self.known[*target].outcome;
            match outcome {
                Outcome::Planned | Outcome::Sending | Outcome::Accepted | Outcome::Unknown(_) => return Canary::Open,
                Outcome::Waits(Waiting::NotDue(_)) if planned_wait(*target) => {}
                Outcome::Waits(Waiting::Suspended(_) | Waiting::NotDue(_)) => badly.push(outcome),
                Outcome::Waits(_) if self.is_waited_for(*target) => return Canary::Open,
                _ if outcome.class() == Class::Good => {}
                _ => badly.push(outcome),
            }
        }
        if badly.is_empty() { Canary::Well } else { Canary::Badly(format!("of the first {}: {}", self.canary.len(), sum(badly.into_iter()))) }
    }

    fn is_waited_for(&self, target: usize) -> bool {
        self.known[target].sent.is_some_and(|sent| sent.elapsed() < LOOKED_FOR)
    }

    /// Leaves targets out before anything is sent, because what was read for the plan does not hold for them any more. Others go first in
    /// their place. What goes by one request for many stays: the engine takes all or none.
    pub fn leave_out(&mut self, changed: &[(usize, Outcome)]) {
        if changed.is_empty() {
            return;
        }
        let mut own: HashMap<usize, Vec<usize>> = HashMap::new();
        for (at, step) in self.steps.iter().enumerate() {
            if let [target] = step.targets.as_slice() {
                own.entry(*target).or_default().push(at);
            }
        }
        let mut left = HashSet::new();
        for (target, outcome) in changed {
            if let Some(steps) = own.get(target) {
                left.extend(steps.iter().copied());
                self.set(*target, outcome.clone());
            }
        }
        self.sequence.leave_out(&left);
        let wanted = self.canary.len();
        self.canary.retain(|target| self.known[*target].outcome == Outcome::Planned);
        for at in self.sequence.ahead() {
            if self.canary.len() >= wanted {
                break;
            }
            self.canary.extend(self.steps[*at].targets.first());
        }
    }

    /// Keeps what an earlier look has settled and recorded.
    pub fn pin(&mut self, target: usize, outcome: Outcome) {
        if let Some(known) = self.known.get_mut(target) {
            known.outcome = outcome;
            known.pinned = true;
            self.open.remove(&target);
        }
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

    /// Outcomes that are not recorded yet and rest on an answer that something is not there count for nothing: it may not have come from the engine of
    /// the plan.
    pub fn distrust(&mut self, why: &str) {
        let rests = |target: &usize| matches!(self.known[*target].outcome, Outcome::AlreadyDone(_) | Outcome::GoneCauseUnknown);
        let doubtful: Vec<usize> = self.changed.iter().copied().filter(rests).collect();
        for target in doubtful {
            self.set(target, Outcome::Unknown(format!("nobody knows who answered: {why}").into()));
        }
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
        self.beside(step, said, Some(now));
    }

    /// Targets that this action changed, as far as is known. What was so already was changed by somebody else.
    pub fn performed(&self) -> impl Iterator<Item = (usize, &Target)> {
        let by_this = |known: &Known| {
            matches!(known.said, Some(Said::Accepted)) || matches!(known.outcome, Outcome::Succeeded(_) | Outcome::Ended(_)) && known.said.is_some()
        };
        let performed = move |known: &Known| by_this(known) && !matches!(known.outcome, Outcome::AlreadyDone(_));
        self.known.iter().zip(self.plan.targets.iter()).enumerate().filter(move |(_, (known, _))| performed(known)).map(|(at, (_, target))| (at, target))
    }
}
