//! When to ask which question: intervals, promises, budgets, back-off and jitter. Pure: moments come in, decisions go out.
//!
//! Background polling may keep the engine busy for a small share of one thread, the *limit*. What it costs is the engine's work as far as
//! it can be told (`slowness`), not the time answers are waited for. While the limit is used up, nothing is asked voluntarily. What would
//! become older than its promise is asked all the same, up to the *ceiling*. Of what is due, the latest by its promise goes first, weighted
//! by what an operator acts on. A slow answer halves the pace, never beyond what the promises allow, and the first quick one ends that.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::budget::{Bucket, Budget};
use super::question::Question;
use super::slowness::{Over, Slowness, Step};
use crate::model::freshness::{Hindrance, Presence};
use crate::model::snapshot::Cost;

/// Requests in flight at once, whatever the budget.
const MOST_IN_FLIGHT: usize = 4;

/// Of these, background requests.
const MOST_IN_BACKGROUND: usize = 2;

/// While the engine is slow, requests go one by one, and beside them one that the operator asked for. `/version` and the probe come on top.
const SLOW_IN_FLIGHT: usize = 2;

/// The share of one thread up to which promises are kept although the limit is used up.
const CEILING: f64 = 0.1;

/// What would become older than its promise is asked from this part of it on.
const IN_TIME: f64 = 0.6;

/// The foreground bucket: what the operator just asked for may keep a quarter of a thread busy, two seconds at once.
const FOREGROUND_RATE: f64 = 0.25;
const FOREGROUND_MOST: f64 = 2.0;

/// What a request costs the engine at least, however quick its answer: many quick ones are a load too.
const LEAST_BUSY: Duration = Duration::from_millis(1);

/// However long an answer took, the operator's next wish waits eight seconds at most.
const FOREGROUND_DEBT: f64 = 2.0;

/// No debt outlives a slowness by more than this: the shortest promise.
const LONGEST_DEBT: Duration = Duration::from_secs(15);

const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(60);

/// The interval of what has no promise, however slow the engine.
const LONGEST_INTERVAL: Duration = Duration::from_secs(15 * 60);

/// A patient question that waited for this long is as overdue as any other after its interval.
const PATIENCE: Duration = Duration::from_secs(60);

/// Costs are told for a minute, or for as long as it takes to pay for one dear answer.
const MINUTE: Duration = Duration::from_secs(60);
const LONGEST_SPREAD: Duration = Duration::from_secs(3_600);

/// While there is doubt, the engine is probed so often, by who is present; a slow probe makes the next one wait so many times longer.
const PROBES: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(20)];
const PROBE_RESTS: u32 = 4;

#[derive(Debug, Default)]
struct Entry {
    started: Option<Instant>,
    in_flight: Option<Lane>,
    /// Which step of the question was sent last.
    part: u8,
    failures: u32,
    timed_out: bool,
    not_before: Option<Instant>,
    /// Until then it is hopeless to ask.
    hopeless_until: Option<Instant>,
    urgent: bool,
    /// It is to be read anew after a time in which nothing could be read.
    catch_up: bool,
    /// On whose account the reading that is under way goes on.
    goes_on: Option<Lane>,
    /// What the last answer cost, and who paid.
    cost: Duration,
    last_lane: Lane,
}

/// On whose account a request goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lane {
    /// Watching, within the limit.
    #[default]
    Background,
    /// Watching too: without it a promise would be broken.
    Promise,
    /// What the operator just asked for, the first picture included.
    Foreground,
}

impl Lane {
    /// Whether nobody asked for it just now.
    pub fn is_watching(self) -> bool {
        self != Lane::Foreground
    }
}

/// A question that may be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// When that was read which becomes old without it, the oldest of it; none if that is not known.
    pub read: Option<Instant>,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask this question on this account.
    Ask(Question, Lane),
    /// Nothing before this much time has passed; a new wish or an answer may come earlier.
    Wait(Duration),
}

/// How a question failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The engine answered that it will not tell.
    Answered,
    /// Nothing came in time.
    TimedOut,
    /// Anything else: an error of the engine, no connection.
    Broken,
}

/// Whether a question may go.
#[derive(Clone, Copy)]
enum Due {
    InFlight,
    In(Duration),
    Now { overdue: f64, lane: Lane },
}

fn or_later(due: Due, ready_in: Duration) -> Due {
    if ready_in > Duration::ZERO { Due::In(ready_in) } else { due }
}

/// The schedule of one engine.
#[derive(Debug)]
pub struct Schedule {
    entries: BTreeMap<Question, Entry>,
    began: Instant,
    presence: Presence,
    background: Budget,
    ceiling: Budget,
    foreground: Bucket,
    slowness: Slowness,
    distance: Option<Duration>,
    window: VecDeque<(Instant, Duration, Lane)>,
    requests: u64,
    random: u64,
}

impl Schedule {
    /// A schedule that may keep the engine busy for `budget` of one thread (0.02 is 2 %). `seed` feeds the jitter.
    pub fn new(budget: f64, seed: u64, now: Instant) -> Self {
        Self {
            entries: Question::ALL.into_iter().map(|question| (question, Entry::default())).collect(),
            began: now,
            presence: Presence::Somebody,
            background: Budget::new(budget, now),
            ceiling: Budget::new(CEILING.max(budget), now),
            foreground: Bucket::new(FOREGROUND_RATE, FOREGROUND_MOST, now),
            slowness: Slowness::default(),
            distance: None,
            window: VecDeque::new(),
            requests: 0,
            random: seed | 1,
        }
    }

    /// Which promises are in force.
    pub fn presence(&self) -> Presence {
        self.presence
    }

    /// Somebody came or went. The short promises are in force at once: what failed is tried again without waiting for the long ones.
    pub fn set_presence(&mut self, presence: Presence, now: Instant) {
        self.presence = presence;
        if presence == Presence::Somebody {
            for entry in self.entries.values_mut() {
                entry.not_before = entry.not_before.map(|not_before| not_before.min(now + FIRST_BACK_OFF));
            }
        }
    }

    /// Since when the engine as a whole is slow or looks so, if it does.
    pub fn slow_since(&self) -> Option<Instant> {
        self.slowness.suspected_since()
    }

    /// Whether it is not known how quick the engine is, so that it is probed.
    pub fn is_in_doubt(&self, now: Instant) -> bool {
        self.slowness.is_in_doubt(now)
    }

    /// Picks what to ask now among the questions that `wanted` admits; a never asked or urgent one goes on the foreground account.
    pub fn next(&mut self, now: Instant, wanted: impl Fn(Question) -> Option<Wanted>) -> Next {
        self.background.refill(now);
        self.ceiling.refill(now);
        self.foreground.refill(now);
        let in_flight = |watching: bool| {
            let counted =
                |(question, entry): &(&Question, &Entry)| is_bounded(**question) && entry.in_flight.is_some_and(|lane| !watching || lane.is_watching());
            self.entries.iter().filter(counted).count()
        };
        let slow = self.slowness.is_in_doubt(now);
        let full = self.in_flight() >= MOST_IN_FLIGHT || slow && in_flight(false) >= SLOW_IN_FLIGHT;
        let background_full = in_flight(true) >= if slow { 1 } else { MOST_IN_BACKGROUND };
        let mut best: Option<(f64, Question, Lane)> = None;
        let mut wait = LONGEST_INTERVAL;
        for (question, wanted) in Question::ALL.into_iter().filter_map(|question| Some((question, wanted(question)?))) {
            match self.due(question, wanted, now) {
                Due::InFlight => {}
                Due::Now { .. } if full && (is_bounded(question) || self.in_flight() >= MOST_IN_FLIGHT) => {}
                // Several dear answers at once would all be debt before the first of them is known.
                Due::Now { lane, .. } if background_full && lane.is_watching() && is_bounded(question) => {}
                Due::In(later) => wait = wait.min(later),
                Due::Now { overdue, lane } if best.is_none_or(|(most, ..)| overdue > most) => best = Some((overdue, question, lane)),
                Due::Now { .. } => {}
            }
        }
        best.map_or(Next::Wait(wait.max(Duration::from_millis(1))), |(_, question, lane)| Next::Ask(question, lane))
    }

    /// Whether a question may go now, by its interval, by its promise, and by the account that pays for it.
    fn due(&self, question: Question, wanted: Wanted, now: Instant) -> Due {
        let entry = &self.entries[&question];
        if entry.in_flight.is_some() {
            return Due::InFlight;
        }
        if let Some(not_before) = entry.not_before.max(entry.hopeless_until).filter(|not_before| *not_before > now) {
            return Due::In(not_before - now);
        }
        if question == Question::Probe {
            return self.probe_due(entry, now);
        }
        if question.is_patient() {
            return self.due_if_nothing_else_is(question, now);
        }
        let slow = self.slowness.is_in_doubt(now);
        let urgent = Due::Now { overdue: f64::INFINITY, lane: Lane::Foreground };
        let cost = entry.cost.max(self.slowness.expected((question, entry.part)));
        let ceiling_in = self.ceiling.ready_in(self.ceiling.payer(question.is_ornament(), cost));
        let started = match entry.started {
            // A reading half done is worth nothing: its next step goes at once, into debt if need be.
            Some(_) if entry.goes_on.is_some_and(Lane::is_watching) && !slow => return Due::Now { overdue: f64::INFINITY, lane: entry.last_lane },
            // Whether the engine answers at all must be known before anything else, and costs it nothing.
            Some(_) if entry.urgent && question == Question::Version => return urgent,
            // The first picture is what the operator waits for; each of its questions is asked once.
            None if !question.about_visible_items() => return urgent,
            Some(_) if entry.catch_up => return or_later(Due::Now { overdue: 1e9 - question.rank() as f64, lane: Lane::Promise }, ceiling_in),
            Some(started) if !entry.urgent && entry.goes_on.is_none_or(Lane::is_watching) => started,
            _ => return or_later(urgent, self.foreground.ready_in()),
        };
        let passed = now.saturating_duration_since(started);
        let interval = if entry.goes_on.is_some() { Duration::ZERO } else { self.interval(question) };
        if passed < interval {
            return Due::In(interval - passed);
        }
        // Without it nobody would notice in time that a slow engine has stopped to answer; it asks nothing of the database.
        if question == Question::Version {
            return Due::Now { overdue: 1e6, lane: Lane::Background };
        }
        let limit_in = self.background.ready_in(self.background.payer(question.is_ornament(), cost)).max(ceiling_in);
        let half_read = if entry.goes_on.is_some() { 1.0 } else { 0.0 };
        let Some(promise) = question.promise(self.presence) else {
            let overdue = question.weight() * passed.as_secs_f64() / LONGEST_INTERVAL.as_secs_f64();
            return or_later(Due::Now { overdue, lane: Lane::Background }, limit_in.min(LONGEST_INTERVAL.saturating_sub(passed)));
        };
        let age = now.saturating_duration_since(wanted.read.unwrap_or(started).min(started));
        let overdue = question.weight() * (age.as_secs_f64() / promise.as_secs_f64() + half_read);
        let in_time = promise.mul_f64(IN_TIME).saturating_sub(age);
        if in_time.is_zero() {
            let lane = if limit_in.is_zero() { Lane::Background } else { Lane::Promise };
            return or_later(Due::Now { overdue, lane }, ceiling_in);
        }
        or_later(Due::Now { overdue, lane: Lane::Background }, limit_in.min(in_time.max(ceiling_in)))
    }

    /// The time between two askings: the shortest one, doubled for each step of slowness, never longer than the promise allows.
    fn interval(&self, question: Question) -> Duration {
        let shortest = question.shortest_interval();
        let most = question.promise(self.presence).map_or(LONGEST_INTERVAL, |promise| promise.mul_f64(IN_TIME));
        shortest.saturating_mul(1 << self.slowness.steps()).min(most.max(shortest))
    }

    /// A probe is sent while there is doubt, the more seldom the longer it takes; never later than a short promise.
    fn probe_due(&self, entry: &Entry, now: Instant) -> Due {
        if !self.slowness.is_in_doubt(now) {
            return Due::In(LONGEST_INTERVAL);
        }
        let [somebody, nobody] = PROBES;
        let usual = if self.presence == Presence::Somebody { somebody } else { nobody };
        let rest = usual.max((entry.cost * PROBE_RESTS).min(LONGEST_DEBT));
        let passed = entry.started.map_or(rest, |started| now.saturating_duration_since(started));
        or_later(Due::Now { overdue: 2e9, lane: Lane::Background }, rest.saturating_sub(passed))
    }

    /// Whether a patient question may go: between the others, and where these take the whole budget, once in a while.
    fn due_if_nothing_else_is(&self, question: Question, now: Instant) -> Due {
        let entry = &self.entries[&question];
        let passed = now.saturating_duration_since(entry.started.unwrap_or(self.began));
        if entry.started.is_some() && passed < question.shortest_interval() {
            return Due::In(question.shortest_interval() - passed);
        }
        let due = Due::Now { overdue: passed.as_secs_f64() / PATIENCE.as_secs_f64(), lane: Lane::Background };
        let limit_in = self.background.ready_in(self.background.payer(true, entry.cost));
        or_later(due, limit_in.max(self.ceiling.ready_in(self.ceiling.payer(true, entry.cost))))
    }

    /// Notes that a step of a question was sent.
    pub fn sent(&mut self, question: Question, part: u8, lane: Lane, now: Instant) {
        let entry = self.entries.entry(question).or_default();
        entry.started = Some(now);
        entry.in_flight = Some(lane);
        entry.part = part;
        entry.urgent = false;
        entry.catch_up = false;
        entry.goes_on = None;
    }

    /// Notes an answer that took so many requests and `elapsed` in all.
    pub fn answered(&mut self, question: Question, requests: u32, elapsed: Duration, now: Instant) {
        if question == Question::Version {
            self.distance = Some(self.distance.map_or(elapsed, |least| least.min(elapsed)));
        }
        let busy = self.busy(requests, requests, elapsed);
        let (step, sent) = self.last_step(question, now);
        let judged = self.slowness.answered(step, requests, busy, sent, now);
        self.settle(question, requests, judged.work, now);
        let entry = self.entries.entry(question).or_default();
        (entry.failures, entry.timed_out, entry.not_before, entry.hopeless_until) = (0, false, None, None);
        if let Some(over) = judged.over {
            self.recover(over);
        }
        if question == Question::Probe {
            // How long it took, not what it cost, says when it is worth the next one.
            self.entries.entry(question).or_default().cost = busy;
        }
    }

    /// Notes a failure after `elapsed`: the question is left alone for a while, longer each time, but no longer than its promise.
    pub fn failed(&mut self, question: Question, failure: Failure, elapsed: Duration, now: Instant) {
        let busy = self.busy(1, 1, elapsed);
        let (step, sent) = self.last_step(question, now);
        let (timed_out, repeated) = (failure == Failure::TimedOut, self.entries[&question].timed_out);
        let work = match failure {
            Failure::Answered => busy,
            _ => self.slowness.failed(step, timed_out, repeated, busy, sent, now),
        };
        self.settle(question, 1, work.max(LEAST_BUSY), now);
        let failures = self.entries[&question].failures;
        let most = question.promise(self.presence).unwrap_or(LONGEST_BACK_OFF);
        let pause = self.back_off(failures).min(most);
        let entry = self.entries.entry(question).or_default();
        entry.failures += 1;
        entry.timed_out = timed_out;
        entry.not_before = Some(now + pause);
    }

    fn last_step(&self, question: Question, now: Instant) -> (Step, Instant) {
        let entry = &self.entries[&question];
        ((question, entry.part), entry.started.unwrap_or(now))
    }

    /// The engine is quick again: what failed is forgiven, no debt outlives the slowness by much, and all is read anew in order.
    fn recover(&mut self, over: Over) {
        if over == Over::TakenForWork {
            self.background.forgive_beyond(LONGEST_DEBT);
            self.ceiling.forgive_beyond(LONGEST_DEBT);
            self.entries.values_mut().for_each(|entry| entry.cost = Duration::ZERO);
        }
        self.catch_up();
    }

    /// Reads everything with a promise anew, in order, after a time in which nothing was read. What is hopeless stays left alone.
    pub fn catch_up(&mut self) {
        for (question, entry) in &mut self.entries {
            (entry.failures, entry.timed_out, entry.not_before) = (0, false, None);
            let polled = question.promise(Presence::Somebody).is_some() && !question.is_ornament() && !question.about_visible_items();
            entry.catch_up = entry.started.is_some() && polled;
            if *question == Question::Probe {
                entry.cost = Duration::ZERO;
            }
        }
    }

    fn settle(&mut self, question: Question, requests: u32, work: Duration, now: Instant) {
        let entry = self.entries.entry(question).or_default();
        let lane = entry.in_flight.take().unwrap_or(Lane::Background);
        entry.last_lane = lane;
        // One cheap answer does not make a dear question cheap: it would pass where there is no debt, and pay where there is.
        entry.cost = work.max(entry.cost.mul_f64(0.8));
        self.pay(lane, question.is_ornament(), requests, work, now);
    }

    /// What of the time that answers to so many requests took was not the way to the engine and back, which was gone so many times.
    fn busy(&self, requests: u32, ways: u32, elapsed: Duration) -> Duration {
        let on_the_way = self.distance.unwrap_or(Duration::ZERO).saturating_mul(ways);
        elapsed.saturating_sub(on_the_way).max(LEAST_BUSY.saturating_mul(requests))
    }

    fn pay(&mut self, lane: Lane, ornament: bool, requests: u32, work: Duration, now: Instant) {
        self.requests += u64::from(requests);
        self.background.refill(now);
        self.ceiling.refill(now);
        let (limit, ceiling) = (self.background.payer(ornament, work), self.ceiling.payer(ornament, work));
        match lane {
            Lane::Background => {
                self.background.take(limit, work);
                self.ceiling.take(ceiling, work);
            }
            // What a promise takes beyond the limit is no debt for long: else nothing would be asked voluntarily for hours after.
            Lane::Promise => {
                self.background.take_within(limit, work, LONGEST_DEBT);
                self.ceiling.take(ceiling, work);
            }
            Lane::Foreground => {
                self.foreground.refill(now);
                self.foreground.take(work);
                self.foreground.forgive_beyond(FOREGROUND_DEBT);
            }
        }
        let requests = requests.max(1);
        self.window.extend((0..requests).map(|_| (now, work / requests, lane)));
    }

    /// What stands in the way of a question, if anything does.
    pub fn hindrance(&self, question: Question, wanted: Wanted, now: Instant) -> Option<Hindrance> {
        let entry = &self.entries[&question];
        if entry.hopeless_until.is_some() {
            return Some(Hindrance::Withheld);
        }
        if entry.in_flight.is_some() || entry.timed_out {
            return Some(Hindrance::Awaited);
        }
        if entry.failures > 0 {
            return Some(Hindrance::Failing);
        }
        let late = question.promise(self.presence).is_some_and(|promise| {
            let read = wanted.read.or(entry.started).unwrap_or(self.began);
            now.saturating_duration_since(read) >= promise.mul_f64(IN_TIME)
        });
        let ceiling = self.ceiling.payer(question.is_ornament(), entry.cost);
        (late && !self.ceiling.ready_in(ceiling).is_zero()).then_some(Hindrance::HeldBack)
    }

    /// Pause before the next attempt after this many failures in a row: doubles from 1 s to 60 s, give or take a quarter.
    pub fn back_off(&mut self, failures: u32) -> Duration {
        let plain = FIRST_BACK_OFF.saturating_mul(1 << failures.min(6)).min(LONGEST_BACK_OFF);
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let share = (self.random >> 11) as f64 / (1u64 << 53) as f64;
        plain.mul_f64(0.75 + 0.5 * share)
    }

    /// Asks this question next, on the operator's account.
    pub fn hurry(&mut self, question: Question) {
        if let Some(entry) = self.entries.get_mut(&question) {
            (entry.urgent, entry.catch_up) = (true, false);
            (entry.not_before, entry.hopeless_until) = (None, None);
        }
    }

    /// The answer just taken in was a part of a longer one: the rest is asked next, on the same account.
    pub fn go_on(&mut self, question: Question) {
        if let Some(entry) = self.entries.get_mut(&question) {
            entry.goes_on = Some(entry.last_lane);
        }
    }

    /// Leaves a question alone for this long, such as one that is forbidden.
    pub fn postpone(&mut self, question: Question, by: Duration, now: Instant) {
        if let Some(entry) = self.entries.get_mut(&question) {
            entry.hopeless_until = Some(now + by);
        }
    }

    /// Takes a wish for haste back.
    pub fn calm(&mut self, question: Question) {
        if let Some(entry) = self.entries.get_mut(&question) {
            entry.urgent = false;
        }
    }

    /// Forgets the failures of one question.
    pub fn forgive_one(&mut self, question: Question) {
        if let Some(entry) = self.entries.get_mut(&question) {
            (entry.failures, entry.timed_out, entry.not_before, entry.hopeless_until) = (0, false, None, None);
        }
    }

    /// Forgets all failures and whatever was slow, after the engine came back.
    pub fn forgive(&mut self) {
        Question::ALL.into_iter().for_each(|question| self.forgive_one(question));
        self.slowness.forget();
        self.catch_up();
    }

    /// Whether this question goes next whatever its interval: never asked, hurried, or half answered.
    pub fn is_urgent(&self, question: Question) -> bool {
        let entry = &self.entries[&question];
        !question.is_patient() && question != Question::Probe && (entry.urgent || entry.started.is_none() || entry.goes_on.is_some())
    }

    /// Whether this question failed and is left alone for a while.
    pub fn is_backing_off(&self, question: Question) -> bool {
        self.entries[&question].failures > 0
    }

    /// Stops waiting for anything in flight, because the requests were given up.
    pub fn abandon(&mut self) {
        for entry in self.entries.values_mut() {
            entry.in_flight = None;
            entry.goes_on = None;
        }
    }

    /// Notes requests outside the questions, made because the operator asked. `elapsed` holds the way to the engine and back `ways` times:
    /// once if it is the time that passed while all were made at the same time, and as often as there are requests if it is their sum.
    pub fn extra(&mut self, requests: u32, ways: u32, elapsed: Duration, now: Instant) {
        if requests > 0 {
            let busy = self.busy(requests, ways, elapsed);
            self.pay(Lane::Foreground, false, requests, busy, now);
        }
    }

    /// Whether this question awaits its answer.
    pub fn awaits(&self, question: Question) -> bool {
        self.entries[&question].in_flight.is_some()
    }

    /// Requests that await their answer.
    pub fn in_flight(&self) -> usize {
        self.entries.values().filter(|entry| entry.in_flight.is_some()).count()
    }

    /// What watching has cost in the last minute. An answer that costs more than a dear one may in a minute is spread over the time in which
    /// it is paid: nothing of the kind is asked again before.
    pub fn cost(&mut self, bytes: u64, now: Instant) -> Cost {
        let spread = |work: Duration| work.div_f64(self.ceiling.rate() / 4.0).clamp(MINUTE, LONGEST_SPREAD);
        self.window.retain(|(at, work, _)| now.saturating_duration_since(*at) <= spread(*work));
        let watching = self.window.iter().filter(|(_, _, lane)| lane.is_watching());
        let share: f64 = watching.map(|(_, work, _)| work.as_secs_f64() / spread(*work).as_secs_f64()).sum();
        let requests = self.window.iter().filter(|(at, ..)| now.saturating_duration_since(*at) <= MINUTE).count();
        Cost {
            requests_per_minute: u32::try_from(requests).unwrap_or(u32::MAX),
            busy_percent: share * 100.0,
            budget_percent: self.background.rate() * 100.0,
            ceiling_percent: self.ceiling.rate() * 100.0,
            distance: self.distance,
            requests: self.requests,
            bytes,
        }
    }
}

/// Whether a question counts among those in flight at once: whether the engine answers, and how quickly, must be known all the same.
fn is_bounded(question: Question) -> bool {
    !matches!(question, Question::Version | Question::Probe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::figure::Figure;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// Plays `length` of polling against an engine whose answers keep it busy for `busy`; returns the times each question was asked.
    fn play(schedule: &mut Schedule, start: Instant, length: Duration, busy: impl Fn(Question) -> Duration) -> BTreeMap<Question, Vec<Instant>> {
        let mut now = start;
        let mut asked: BTreeMap<Question, Vec<Instant>> = BTreeMap::new();
        while now < start + length {
            match schedule.next(now, |question| (!question.about_visible_items()).then(Wanted::default)) {
                Next::Ask(question, lane) => {
                    schedule.sent(question, 0, lane, now);
                    asked.entry(question).or_default().push(now);
                    now += busy(question) + MS(4);
                    schedule.answered(question, 1, busy(question) + MS(4), now);
                }
                Next::Wait(wait) => now += wait,
            }
        }
        asked
    }

    fn background_share(asked: &BTreeMap<Question, Vec<Instant>>, busy: impl Fn(Question) -> Duration, length: Duration) -> f64 {
        let total: Duration = asked.iter().map(|(question, times)| busy(*question) * u32::try_from(times.len() - 1).unwrap()).sum();
        total.as_secs_f64() / length.as_secs_f64()
    }

    #[test]
    fn a_quick_engine_is_asked_at_the_shortest_intervals() {
        let start = Instant::now();
        let mut schedule = Schedule::new(0.02, 7, start);
        let asked = play(&mut schedule, start, Duration::from_secs(60), |_| MS(1));
        assert!(asked[&Question::Incidents].len() >= 28, "{}", asked[&Question::Incidents].len());
    }

    #[test]
    fn a_slow_engine_is_kept_busy_beyond_the_limit_only_for_promises_and_never_beyond_the_ceiling() {
        // What keeps all promises takes more than a tenth of a thread, or less than the limit.
        for (incidents, others, presence, least, most) in [(1_700, 60, Presence::Somebody, 0.08, 0.1), (200, 20, Presence::Nobody, 0.015, 0.025)] {
            let start = Instant::now();
            let mut schedule = Schedule::new(0.02, 7, start);
            schedule.set_presence(presence, start);
            let busy = |question| match question {
                Question::Version => MS(0),
                Question::Incidents => MS(incidents),
                _ => MS(others),
            };
            let length = Duration::from_secs(1_800);
            let asked = play(&mut schedule, start, length, busy);
            let share = background_share(&asked, busy, length);
            // What was saved up before, and the one answer that runs into debt at the end.
            let allowance = (1.0 + 1.7) / length.as_secs_f64();
            assert!(share <= most + allowance, "kept busy for {share}");
            assert!(share > least, "the budget is not used: {share}");
            for (question, times) in &asked {
                let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
                assert!(longest <= LONGEST_INTERVAL + Duration::from_secs(5), "{question:?} starves for {longest:?}");
            }
        }
    }

    #[test]
    fn an_answer_that_costs_more_than_a_minute_allows_is_told_over_the_time_in_which_it_is_paid() {
        let start = Instant::now();
        let mut schedule = Schedule::new(0.02, 7, start);
        schedule.sent(Question::Statistics, 0, Lane::Background, start);
        schedule.answered(Question::Statistics, 1, Duration::from_secs(80), start);
        for (later, percent) in [(1, 2.5), (3_100, 2.5), (3_300, 0.0)] {
            let shown = schedule.cost(0, start + Duration::from_secs(later)).busy_percent;
            assert!((shown - percent).abs() < 0.1, "{shown} % after {later} s");
        }
    }

    #[test]
    fn distance_is_not_taken_for_load() {
        let start = Instant::now();
        let mut schedule = Schedule::new(0.02, 7, start);
        for (question, elapsed) in [(Question::Version, MS(200)), (Question::Incidents, MS(205))] {
            schedule.sent(question, 0, Lane::Background, start);
            schedule.answered(question, 1, elapsed, start);
        }
        let cost = schedule.cost(0, start + Duration::from_secs(60));
        assert!(cost.busy_percent < 0.02, "{}", cost.busy_percent);
        assert_eq!(cost.distance, Some(MS(200)));
    }

    #[test]
    fn many_quick_answers_are_a_load_too() {
        let start = Instant::now();
        let mut schedule = Schedule::new(0.02, 7, start);
        schedule.sent(Question::Inquiries, 0, Lane::Background, start);
        schedule.answered(Question::Inquiries, 600, MS(0), start);
        let cost = schedule.cost(0, start + Duration::from_secs(60));
        assert!((cost.busy_percent - 1.0).abs() < 0.01, "{}", cost.busy_percent);
    }

    #[test]
    fn distance_is_taken_off_a_wish_as_often_as_its_time_holds_it() {
        let start = Instant::now();
        let ready_after = |ways| {
            let mut schedule = Schedule::new(0.02, 7, start);
            schedule.sent(Question::Version, 0, Lane::Foreground, start);
            schedule.answered(Question::Version, 1, MS(400), start);
            // Eleven requests of a search, 0.4 s each.
            schedule.extra(11, ways, MS(4_400), start);
            schedule.foreground.ready_in()
        };
        assert_eq!(ready_after(11), Duration::ZERO, "nothing but distance");
        assert!(ready_after(1) > Duration::ZERO);
    }

    #[test]
    fn one_request_per_question_is_in_flight() {
        let start = Instant::now();
        let mut schedule = Schedule::new(0.02, 7, start);
        let only = |question| (question == Question::Incidents).then(Wanted::default);
        assert_eq!(schedule.next(start, only), Next::Ask(Question::Incidents, Lane::Foreground));
        schedule.sent(Question::Incidents, 0, Lane::Foreground, start);
        schedule.hurry(Question::Incidents);
        assert!(matches!(schedule.next(start + Duration::from_secs(60), only), Next::Wait(_)));
    }

    #[test]
    fn failures_back_off_with_jitter_up_to_a_minute() {
        let start = Instant::now();
        let mut schedule = Schedule::new(0.02, 7, start);
        for failures in 0..20 {
            let plain = (1u64 << failures.min(6)).min(60) as f64;
            let pause = schedule.back_off(failures).as_secs_f64();
            assert!(pause >= plain * 0.75 && pause <= plain * 1.25, "{failures}: {pause}");
        }
        let question = Question::Count(Figure::JobsDue);
        schedule.sent(question, 0, Lane::Background, start);
        schedule.failed(question, Failure::Broken, MS(10), start);
        assert!(matches!(schedule.next(start, |q| (q == question).then(Wanted::default)), Next::Wait(wait) if wait >= MS(750)));
        schedule.hurry(question);
        assert_eq!(schedule.next(start, |q| (q == question).then(Wanted::default)), Next::Ask(question, Lane::Foreground));
    }

    #[test]
    fn what_the_operator_asks_for_has_a_budget_of_its_own() {
        let start = Instant::now();
        let mut schedule = Schedule::new(0.001, 7, start);
        schedule.sent(Question::Incidents, 0, Lane::Background, start);
        schedule.answered(Question::Incidents, 1, Duration::from_secs(5), start);
        let later = start + Duration::from_secs(10);
        assert!(matches!(schedule.next(later, |q| (q == Question::Incidents).then(Wanted::default)), Next::Wait(_)));
        schedule.hurry(Question::Incidents);
        assert_eq!(schedule.next(later, |q| (q == Question::Incidents).then(Wanted::default)), Next::Ask(Question::Incidents, Lane::Foreground));
    }
}
