//! When to ask which question: intervals, budgets, back-off and jitter. Pure: moments come in, decisions go out.
//!
//! Background polling may keep the engine busy for a small share of one thread. A bucket fills at that rate; an answer takes out
//! the time the engine was busy with it. While the bucket is in debt nothing is asked in the background, and of the questions that
//! are due the most overdue goes first: so all intervals stretch in proportion when the engine slows, and shrink when it recovers.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::budget::{Bucket, Budget};
use super::question::Question;
use crate::model::snapshot::Cost;

/// Requests in flight at once, whatever the budget.
const MOST_IN_FLIGHT: usize = 4;

/// Of these, background requests.
const MOST_IN_BACKGROUND: usize = 2;

/// The foreground bucket: what the operator just asked for may keep a quarter of a thread busy, two seconds at once.
const FOREGROUND_RATE: f64 = 0.25;
const FOREGROUND_MOST: f64 = 2.0;

/// What a request costs the engine at least, however quick its answer: many quick ones are a load too.
const LEAST_BUSY: Duration = Duration::from_millis(1);

/// However long an answer took, the operator's next wish waits eight seconds at most.
const FOREGROUND_DEBT: f64 = 2.0;

const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(60);

/// The interval however slow the engine: a figure older than this is asked for even if that exceeds the budget for a moment.
const LONGEST_INTERVAL: Duration = Duration::from_secs(15 * 60);

/// A patient question that waited for this long is as overdue as any other after its interval.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
struct Entry {
    started: Option<Instant>,
    in_flight: Option<Lane>,
    failures: u32,
    not_before: Option<Instant>,
    urgent: bool,
    /// On whose account the reading that is under way goes on.
    goes_on: Option<Lane>,
    /// How long the engine was busy with it last, and who paid.
    busy: Duration,
    last_lane: Lane,
}

/// On whose account a request goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lane {
    /// Watching.
    #[default]
    Background,
    /// What the operator just asked for, the first picture included.
    Foreground,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask this question on this account.
    Ask(Question, Lane),
    /// Nothing before this much time has passed; a new wish or an answer may come earlier.
    Wait(Duration),
}

/// Whether a question may go.
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
    background: Budget,
    foreground: Bucket,
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
            background: Budget::new(budget, now),
            foreground: Bucket::new(FOREGROUND_RATE, FOREGROUND_MOST, now),
            distance: None,
            window: VecDeque::new(),
            requests: 0,
            random: seed | 1,
        }
    }

    /// Picks what to ask now among the questions that `wanted` admits; a never asked or urgent one goes on the foreground account.
    pub fn next(&mut self, now: Instant, wanted: impl Fn(Question) -> bool) -> Next {
        self.background.refill(now);
        self.foreground.refill(now);
        if self.in_flight() >= MOST_IN_FLIGHT {
            return Next::Wait(LONGEST_INTERVAL);
        }
        let background = self.entries.values().filter(|entry| entry.in_flight == Some(Lane::Background)).count();
        let mut best: Option<(f64, Question, Lane)> = None;
        let mut wait = LONGEST_INTERVAL;
        for question in Question::ALL.into_iter().filter(|question| wanted(*question)) {
            match self.due(question, now) {
                Due::InFlight => {}
                // Several dear answers at once would all be debt before the first of them is known.
                Due::Now { lane: Lane::Background, .. } if background >= MOST_IN_BACKGROUND && question != Question::Version => {}
                Due::In(later) => wait = wait.min(later),
                Due::Now { overdue, lane } if best.is_none_or(|(most, ..)| overdue > most) => best = Some((overdue, question, lane)),
                Due::Now { .. } => {}
            }
        }
        best.map_or(Next::Wait(wait.max(Duration::from_millis(1))), |(_, question, lane)| Next::Ask(question, lane))
    }

    /// Whether a question may go now, by its interval and by the account that pays for it.
    fn due(&mut self, question: Question, now: Instant) -> Due {
        let entry = &self.entries[&question];
        if entry.in_flight.is_some() {
            return Due::InFlight;
        }
        if let Some(not_before) = entry.not_before.filter(|not_before| *not_before > now) {
            return Due::In(not_before - now);
        }
        if question.is_patient() {
            return self.due_if_nothing_else_is(question, now);
        }
        let urgent = Due::Now { overdue: f64::INFINITY, lane: Lane::Foreground };
        let started = match entry.started {
            // A reading half done is worth nothing: its next step goes at once, into debt if need be.
            Some(_) if entry.goes_on == Some(Lane::Background) => return Due::Now { overdue: f64::INFINITY, lane: Lane::Background },
            // Whether the engine answers at all must be known before anything else, and costs it nothing.
            Some(_) if entry.urgent && question == Question::Version => return urgent,
            // The first picture is what the operator waits for; each of its questions is asked once.
            None if !question.about_visible_items() => return urgent,
            Some(started) if !entry.urgent && entry.goes_on.is_none() => started,
            _ => return or_later(urgent, self.foreground.ready_in()),
        };
        let (passed, interval) = (now.saturating_duration_since(started), question.shortest_interval());
        if passed < interval {
            return Due::In(interval - passed);
        }
        let due = Due::Now { overdue: passed.as_secs_f64() / interval.as_secs_f64(), lane: Lane::Background };
        // Without it nobody would notice in time that a slow engine has stopped to answer; it asks nothing of the database.
        if question == Question::Version {
            return due;
        }
        let busy = entry.busy;
        or_later(due, self.background.account(busy).ready_in().min(LONGEST_INTERVAL.saturating_sub(passed)))
    }

    /// Whether a patient question may go: between the others, and where these take the whole budget, once in a while.
    fn due_if_nothing_else_is(&mut self, question: Question, now: Instant) -> Due {
        let entry = &self.entries[&question];
        let (passed, busy) = (now.saturating_duration_since(entry.started.unwrap_or(self.began)), entry.busy);
        if entry.started.is_some() && passed < question.shortest_interval() {
            return Due::In(question.shortest_interval() - passed);
        }
        let due = Due::Now { overdue: passed.as_secs_f64() / PATIENCE.as_secs_f64(), lane: Lane::Background };
        or_later(due, self.background.account(busy).ready_in())
    }

    /// Notes that a question was sent.
    pub fn sent(&mut self, question: Question, lane: Lane, now: Instant) {
        let entry = self.entries.entry(question).or_default();
        entry.started = Some(now);
        entry.in_flight = Some(lane);
        entry.urgent = false;
        entry.goes_on = None;
    }

    /// Notes an answer that took so many requests and `elapsed` in all.
    pub fn answered(&mut self, question: Question, requests: u32, elapsed: Duration, now: Instant) {
        if question == Question::Version {
            self.distance = Some(self.distance.map_or(elapsed, |least| least.min(elapsed)));
        }
        self.settle(question, requests, elapsed, now);
        let entry = self.entries.entry(question).or_default();
        entry.failures = 0;
        entry.not_before = None;
    }

    /// Notes a failure after `elapsed`: the question is left alone for a while, longer each time.
    pub fn failed(&mut self, question: Question, elapsed: Duration, now: Instant) {
        self.settle(question, 1, elapsed, now);
        let failures = self.entries[&question].failures;
        let pause = self.back_off(failures);
        let entry = self.entries.entry(question).or_default();
        entry.failures += 1;
        entry.not_before = Some(now + pause);
    }

    fn settle(&mut self, question: Question, requests: u32, elapsed: Duration, now: Instant) {
        let busy = self.busy(requests, requests, elapsed);
        let entry = self.entries.entry(question).or_default();
        let lane = entry.in_flight.take().unwrap_or(Lane::Background);
        entry.last_lane = lane;
        entry.busy = busy;
        self.pay(lane, requests, busy, now);
    }

    /// What of the time that answers to so many requests took was not the way to the engine and back, which was gone so many times.
    fn busy(&self, requests: u32, ways: u32, elapsed: Duration) -> Duration {
        let on_the_way = self.distance.unwrap_or(Duration::ZERO).saturating_mul(ways);
        elapsed.saturating_sub(on_the_way).max(LEAST_BUSY.saturating_mul(requests))
    }

    fn pay(&mut self, lane: Lane, requests: u32, busy: Duration, now: Instant) {
        self.requests += u64::from(requests);
        match lane {
            Lane::Background => {
                self.background.refill(now);
                self.background.account(busy).take(busy);
            }
            Lane::Foreground => {
                self.foreground.refill(now);
                self.foreground.take(busy);
                self.foreground.forgive_beyond(FOREGROUND_DEBT);
            }
        }
        let requests = requests.max(1);
        self.window.extend((0..requests).map(|_| (now, busy / requests, lane)));
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
            entry.urgent = true;
            entry.not_before = None;
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
            entry.not_before = Some(now + by);
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
            entry.failures = 0;
            entry.not_before = None;
        }
    }

    /// Forgets all failures, after the engine came back.
    pub fn forgive(&mut self) {
        Question::ALL.into_iter().for_each(|question| self.forgive_one(question));
    }

    /// Whether this question goes next whatever its interval: never asked, hurried, or half answered.
    pub fn is_urgent(&self, question: Question) -> bool {
        let entry = &self.entries[&question];
        !question.is_patient() && (entry.urgent || entry.started.is_none() || entry.goes_on.is_some())
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
            self.pay(Lane::Foreground, requests, busy, now);
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

    /// What watching has cost in the last minute.
    pub fn cost(&mut self, bytes: u64, now: Instant) -> Cost {
        const WINDOW: Duration = Duration::from_secs(60);
        while self.window.front().is_some_and(|(at, ..)| now.saturating_duration_since(*at) > WINDOW) {
            self.window.pop_front();
        }
        let busy: Duration = self.window.iter().filter(|(_, _, lane)| *lane == Lane::Background).map(|(_, busy, _)| *busy).sum();
        Cost {
            requests_per_minute: u32::try_from(self.window.len()).unwrap_or(u32::MAX),
            busy_percent: busy.as_secs_f64() / WINDOW.as_secs_f64() * 100.0,
            budget_percent: self.background.rate() * 100.0,
            distance: self.distance,
            requests: self.requests,
            bytes,
        }
    }
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
            match schedule.next(now, |question| !question.about_visible_items()) {
                Next::Ask(question, lane) => {
                    schedule.sent(question, lane, now);
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
    fn a_slow_engine_is_never_kept_busy_beyond_the_budget() {
        let start = Instant::now();
        let mut schedule = Schedule::new(0.02, 7, start);
        let busy = |question| match question {
            Question::Version => MS(0),
            Question::Incidents => MS(1_700),
            _ => MS(60),
        };
        let length = Duration::from_secs(1_800);
        let asked = play(&mut schedule, start, length, busy);
        let share = background_share(&asked, busy, length);
        // What was saved up before, and the one answer that runs into debt at the end.
        let allowance = (0.2 + 1.7) / length.as_secs_f64();
        assert!(share <= 0.02 + allowance, "kept busy for {share}");
        assert!(share > 0.015, "the budget is not used: {share}");
        for (question, times) in &asked {
            let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
            assert!(longest <= LONGEST_INTERVAL + Duration::from_secs(5), "{question:?} starves for {longest:?}");
        }
    }

    #[test]
    fn distance_is_not_taken_for_load() {
        let start = Instant::now();
        let mut schedule = Schedule::new(0.02, 7, start);
        for (question, elapsed) in [(Question::Version, MS(200)), (Question::Incidents, MS(205))] {
            schedule.sent(question, Lane::Background, start);
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
        schedule.sent(Question::Inquiries, Lane::Background, start);
        schedule.answered(Question::Inquiries, 600, MS(0), start);
        let cost = schedule.cost(0, start + Duration::from_secs(60));
        assert!((cost.busy_percent - 1.0).abs() < 0.01, "{}", cost.busy_percent);
    }

    #[test]
    fn distance_is_taken_off_a_wish_as_often_as_its_time_holds_it() {
        let start = Instant::now();
        let ready_after = |ways| {
            let mut schedule = Schedule::new(0.02, 7, start);
            schedule.sent(Question::Version, Lane::Foreground, start);
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
        let only = |question| question == Question::Incidents;
        assert_eq!(schedule.next(start, only), Next::Ask(Question::Incidents, Lane::Foreground));
        schedule.sent(Question::Incidents, Lane::Foreground, start);
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
        schedule.sent(question, Lane::Background, start);
        schedule.failed(question, MS(10), start);
        assert!(matches!(schedule.next(start, |q| q == question), Next::Wait(wait) if wait >= MS(750)));
        schedule.hurry(question);
        assert_eq!(schedule.next(start, |q| q == question), Next::Ask(question, Lane::Foreground));
    }

    #[test]
    fn what_the_operator_asks_for_has_a_budget_of_its_own() {
        let start = Instant::now();
        let mut schedule = Schedule::new(0.001, 7, start);
        schedule.sent(Question::Incidents, Lane::Background, start);
        schedule.answered(Question::Incidents, 1, Duration::from_secs(5), start);
        let later = start + Duration::from_secs(10);
        assert!(matches!(schedule.next(later, |q| q == Question::Incidents), Next::Wait(_)));
        schedule.hurry(Question::Incidents);
        assert_eq!(schedule.next(later, |q| q == Question::Incidents), Next::Ask(Question::Incidents, Lane::Foreground));
    }
}
