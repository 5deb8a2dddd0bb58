//! The law of freshness, played on a virtual clock: an engine that gets slow, fails, is restarted or left alone for a while. At every
//! step nothing older than its promise is presented as fresh by the function that the screen asks, requests and load stay within their
//! bounds, and soon after the trouble all is fresh again.

use proptest::prelude::*;

use super::*;
use crate::model::freshness::{Freshness, Polled, Presence, Why, worst};
use crate::model::suspension::SuspendedCounts;

/// What is wrong with the engine for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    /// Each answer takes so much longer.
    Slow(Duration),
    /// No request that was sent gets an answer before it is over, or before the time limit: a stopped process, an exhausted pool.
    Stuck,
    /// Every request that asks the database fails.
    Broken,
    /// Nothing listens; after that each answer takes a second for ten seconds.
    Restart,
    /// The operator paused polling.
    Paused,
}

/// The time limit of a request.
const LIMIT: Duration = Duration::from_secs(10);

struct Flight {
    sent: Moment,
    done: Moment,
    question: Question,
    ask: Ask,
    wrong: Option<Fault>,
    honest: Duration,
}

struct Sim {
    play: Play,
    /// What an answer costs the engine.
    honest: fn(&Ask, u64) -> Duration,
    trouble: Option<(Trouble, Moment)>,
    warm_up_until: Option<Moment>,
    flights: Vec<Flight>,
    /// When that was asked which is known of each polled thing.
    read: HashMap<Polled, Moment>,
    requests: Vec<Moment>,
    /// What the engine really did for watching.
    worked: Vec<(Moment, Duration, Question)>,
    most_percent: f64,
    /// Reasons that were told while something was stale.
    told: HashSet<Why>,
}

fn sim(budget: f64, honest: fn(&Ask, u64) -> Duration) -> Sim {
    let mut play = play();
    play.picture = Picture::new(EngineIdentity::default(), budget, 7, play.now);
    play.picture.look(Looking { seldom: vec![Inquiry::SuspendedCount], ..Looking::default() });
    let most_percent = 100.0 * budget.max(0.1);
    Sim {
        play,
        honest,
        trouble: None,
        warm_up_until: None,
        flights: Vec::new(),
        read: HashMap::new(),
        requests: Vec::new(),
        worked: Vec::new(),
        most_percent,
        told: HashSet::new(),
    }
}

fn small(_: &Ask, _: u64) -> Duration {
    MS(1)
}

/// Counts over tables of millions of rows.
fn huge(ask: &Ask, number: u64) -> Duration {
    match ask {
        Ask::Version | Ask::Probe | Ask::Telemetry => MS(2),
        Ask::Count(..) => MS(100 + number * 7919 % 1_400),
        Ask::Statistics => SECONDS(20),
        _ => MS(100),
    }
}

/// Counts that just can be kept fresh within the ceiling, not within the limit.
fn large(ask: &Ask, _: u64) -> Duration {
    match ask {
        Ask::Version | Ask::Probe | Ask::Telemetry => MS(2),
        Ask::Statistics => SECONDS(5),
        _ => MS(60),
    }
}

impl Sim {
    fn reply(&self, ask: &Ask) -> Reply {
        match ask {
            Ask::Inquiries(inquiries) => {
                let counts = Finding::SuspendedCount(SuspendedCounts::default());
                Reply::Findings(inquiries.iter().map(|inquiry| (inquiry.clone(), Ok(counts.clone()))).collect(), 0)
            }
            ask => self.play.reply(ask),
        }
    }

    /// When a request sent now is answered, and how.
    fn flight(&self, question: Question, ask: Ask) -> Flight {
        let (now, honest) = (self.play.now, (self.honest)(&ask, self.requests.len() as u64));
        let limit = if ask == Ask::Statistics { SECONDS(90) } else { LIMIT };
        let warming = self.warm_up_until.is_some_and(|until| now.instant < until.instant);
        let usual = now.after(honest + if warming { SECONDS(1) } else { Duration::ZERO });
        let (done, wrong) = match self.trouble {
            None | Some((Trouble::Paused, _)) => (usual, None),
            Some((Trouble::Broken, _)) if matches!(ask, Ask::Version | Ask::Telemetry) => (usual, None),
            Some((Trouble::Broken, _)) => (now.after(MS(5)), Some(Fault::Engine { status: 500, kind: None, message: None, code: None })),
            Some((Trouble::Restart, _)) => (now.after(MS(1)), Some(Fault::Unreachable(crate::engine::error::Unreachable::Refused))),
            Some((Trouble::Slow(by), _)) => (usual.after(by), None),
            Some((Trouble::Stuck, until)) => (until.after(honest), None),
        };
        let (done, wrong) = if done.since(now) >= limit && wrong.is_none() { (now.after(limit), Some(Fault::TooSlow { after: limit })) } else { (done, wrong) };
        Flight { sent: now, done, question, ask, wrong, honest }
    }

    fn send_what_is_due(&mut self) -> Duration {
        loop {
            match self.play.picture.next(self.play.now) {
                Err(wait) => return wait,
                Ok((question, lane, ask)) => {
                    assert!(self.flights.iter().all(|flight| flight.question != question), "{question:?} twice");
                    assert!(self.flights.len() < 4, "five at once");
                    self.play.picture.sent(question, lane, &ask, self.play.now);
                    let flight = self.flight(question, ask);
                    self.requests.push(self.play.now);
                    if lane.is_watching() {
                        self.worked.push((self.play.now, flight.honest, flight.question));
                    }
                    self.flights.push(flight);
                }
            }
        }
    }

    fn take(&mut self, flight: Flight) {
        let now = self.play.now;
        let elapsed = now.since(flight.sent);
        if let Some(fault) = flight.wrong {
            let error = EngineError::new(None, "http://engine.example", fault);
            self.play.picture.fail(flight.question, &flight.ask, &error, elapsed, now);
            return;
        }
        let read: Vec<Polled> = match &flight.ask {
            // Nothing changes in this engine, so that each reading after the first is one count.
            Ask::Incidents(_) | Ask::Count(..) | Ask::Definitions(_) | Ask::JobDefinitions(_) | Ask::Telemetry => flight.question.feeds(),
            Ask::Inquiries(_) => vec![Polled::Suspended],
            _ => Vec::new(),
        };
        self.read.extend(read.into_iter().map(|polled| (polled, flight.sent)));
        let answered = Answered { reply: self.reply(&flight.ask), elapsed, requests: 1, engine_time: None };
        self.play.picture.succeed(flight.question, flight.ask, answered, now);
    }

    /// What must hold at every moment.
    fn check(&mut self) {
        let now = self.play.now;
        let shown = self.play.picture.snapshot(0, now);
        for polled in Polled::on_every_screen() {
            match shown.freshness(polled, now) {
                Freshness::Fresh => {
                    let read = self.read.get(&polled).unwrap_or_else(|| panic!("{polled:?} was never read"));
                    let (age, promise) = (now.since(*read), shown.promise(polled));
                    assert!(age <= promise, "{polled:?} is {age:?} old and called fresh: {promise:?} was promised");
                }
                Freshness::Stale(stale) => {
                    self.told.insert(stale.why);
                }
                Freshness::Unread | Freshness::Withheld => {}
            }
        }
        let percent = shown.cost.busy_percent;
        // What was saved up, and once what each question turns out to cost where slowness is taken for work.
        if percent > self.most_percent * 1.2 + 12.0 {
            let mut by: BTreeMap<Question, (usize, Duration)> = BTreeMap::new();
            for (_, work, question) in self.worked.iter().filter(|(at, ..)| now.since(*at) < SECONDS(60)) {
                let sum = by.entry(*question).or_default();
                *sum = (sum.0 + 1, sum.1 + *work);
            }
            panic!("{percent} % busy, {:?}: {by:?}", self.trouble.map(|(trouble, until)| (trouble, until.since(now))));
        }
    }

    fn pass(&mut self, time: Duration) {
        let end = self.play.now.after(time);
        while self.play.now.instant < end.instant {
            let wait = self.send_what_is_due();
            let next = self.flights.iter().map(|flight| flight.done.instant).min();
            let at = (self.play.now.instant + wait.min(MS(500))).min(next.unwrap_or(end.instant)).min(end.instant);
            self.play.now = self.play.now.after(at.saturating_duration_since(self.play.now.instant));
            if let Some(index) = self.flights.iter().position(|flight| flight.done.instant <= self.play.now.instant) {
                let flight = self.flights.swap_remove(index);
                self.take(flight);
            }
            self.check();
        }
    }

    fn suffer(&mut self, trouble: Trouble, time: Duration) {
        let until = self.play.now.after(time);
        self.trouble = Some((trouble, until));
        if trouble == Trouble::Paused {
            self.play.picture.pause(true, self.play.now);
        }
        self.pass(time);
        self.trouble = None;
        match trouble {
            Trouble::Paused => self.play.picture.pause(false, self.play.now),
            Trouble::Restart => self.warm_up_until = Some(self.play.now.after(SECONDS(10))),
            // What waited for a connection gets one.
            Trouble::Slow(_) => {
                let now = self.play.now;
                self.flights.iter_mut().filter(|flight| flight.wrong.is_none()).for_each(|flight| flight.done = now.after(flight.honest));
            }
            _ => {}
        }
    }

    fn stale(&mut self) -> Vec<Polled> {
        let now = self.play.now;
        let shown = self.play.picture.snapshot(0, now);
        Polled::on_every_screen().filter(|polled| !matches!(shown.freshness(*polled, now), Freshness::Fresh | Freshness::Withheld)).collect()
    }

    /// Requests of the busiest minute.
    fn busiest_minute(&self) -> usize {
        let within = |from: &Moment| self.requests.iter().filter(|at| at.instant >= from.instant && at.since(*from) < SECONDS(60)).count();
        self.requests.iter().step_by(7).map(within).max().unwrap_or(0)
    }

    /// Share of one thread the engine really worked for watching.
    fn share(&self, from: Moment) -> f64 {
        let work: Duration = self.worked.iter().filter(|(at, ..)| at.instant >= from.instant).map(|(_, work, _)| *work).sum();
        work.as_secs_f64() / self.play.now.since(from).as_secs_f64().max(60.0)
    }
}

/// Plays one trouble and demands that all is fresh two promises after it.
fn play_through(what: &str, sim: &mut Sim, presence: Presence, trouble: Trouble, time: Duration) {
    sim.play.picture.set_presence(presence, sim.play.now);
    sim.pass(SECONDS(90));
    assert_eq!(sim.stale(), [], "{what}: before the trouble");
    let from = sim.play.now;
    sim.suffer(trouble, time);
    sim.pass(2 * Polled::Figure(Figure::JobsDue).promise(presence));
    let figures: Vec<Polled> = sim.stale().into_iter().filter(|polled| matches!(polled, Polled::Figure(_))).collect();
    assert_eq!(figures, [], "{what}: two promises after");
    sim.pass(2 * Polled::Incidents.promise(presence) - 2 * Polled::Figure(Figure::JobsDue).promise(presence));
    assert_eq!(sim.stale(), [], "{what}: all, two promises after");
    let share = sim.share(from);
    assert!(share <= 0.105, "{what}: the engine worked {share} of a thread");
}

const TROUBLES: [Trouble; 8] = [
    Trouble::Slow(Duration::from_millis(500)),
    Trouble::Slow(Duration::from_secs(2)),
    Trouble::Slow(Duration::from_secs(4)),
    Trouble::Slow(Duration::from_secs(10)),
    Trouble::Stuck,
    Trouble::Broken,
    Trouble::Restart,
    Trouble::Paused,
];

#[test]
fn whatever_happens_for_however_long_nothing_old_looks_fresh_and_all_is_fresh_two_promises_after() {
    for trouble in TROUBLES {
        for seconds in [10, 30, 120, 900] {
            for (presence, engine) in [(Presence::Somebody, small as fn(&Ask, u64) -> Duration), (Presence::Nobody, small), (Presence::Somebody, large)] {
                let budget = if seconds == 30 { 0.001 } else { 0.02 };
                let mut sim = sim(budget, engine);
                play_through(&format!("{trouble:?} for {seconds} s, {presence:?}"), &mut sim, presence, trouble, SECONDS(seconds));
            }
        }
    }
}

#[test]
fn an_engine_that_was_slow_from_the_start_is_read_anew_as_soon_as_it_is_quick() {
    for seconds in [20, 120, 900] {
        let mut sim = sim(0.02, small);
        sim.suffer(Trouble::Slow(SECONDS(4)), SECONDS(seconds));
        assert!(seconds < 30 || sim.told.contains(&Why::Slow), "{:?}", sim.told);
        sim.pass(SECONDS(30));
        assert_eq!(sim.stale(), [], "slow for {seconds} s");
    }
}

#[test]
fn while_answers_take_four_seconds_questions_go_one_by_one_incidents_most_often_and_none_is_left_out() {
    let mut sim = sim(0.02, small);
    sim.pass(SECONDS(60));
    sim.suffer(Trouble::Slow(SECONDS(4)), SECONDS(20));
    let from = sim.play.now;
    let mut asked: HashMap<Question, usize> = HashMap::new();
    let mut most = 0;
    sim.trouble = Some((Trouble::Slow(SECONDS(4)), sim.play.now.after(SECONDS(180))));
    while sim.play.now.since(from) < SECONDS(180) {
        let before: HashSet<Question> = sim.flights.iter().map(|flight| flight.question).collect();
        sim.pass(MS(100));
        sim.flights.iter().filter(|flight| !before.contains(&flight.question)).for_each(|flight| *asked.entry(flight.question).or_default() += 1);
        most = most.max(sim.flights.iter().filter(|flight| !matches!(flight.question, Question::Version | Question::Probe)).count());
    }
    assert_eq!(most, 1, "one by one");
    assert!(!sim.stale().is_empty() && sim.told.contains(&Why::Slow));
    let times = |question| asked.get(&question).copied().unwrap_or(0);
    for question in [Question::Count(Figure::JobsDue), Question::Count(Figure::Instances), Question::JobDefinitions, Question::Telemetry] {
        assert!(times(question) >= 1 && times(Question::Incidents) >= times(question), "{question:?}: {asked:?}");
    }
}

#[test]
fn counts_that_honestly_take_long_are_held_back_by_the_ceiling_and_the_picture_says_so() {
    for budget in [0.001, 0.02, 0.1, 0.5] {
        let mut sim = sim(budget, huge);
        let from = sim.play.now.after(SECONDS(60));
        sim.pass(SECONDS(900));
        let share = sim.share(from);
        assert!(share <= budget.max(0.1) * 1.7 + 0.02, "{share} of a thread within {budget}");
        assert!(budget > 0.1 || sim.told.contains(&Why::HeldBack), "{:?}", sim.told);
        assert!(!sim.told.contains(&Why::Failing) && !sim.told.contains(&Why::NoAnswer), "{:?}", sim.told);
    }
}

#[test]
fn an_idle_small_engine_is_asked_no_more_than_it_was() {
    let mut sim = sim(0.02, small);
    sim.pass(SECONDS(300));
    let minute = sim.requests.iter().filter(|at| sim.play.now.since(**at) < SECONDS(60)).count();
    assert!((150..=195).contains(&minute), "{minute} a minute");
    assert!(sim.busiest_minute() <= 225, "{}", sim.busiest_minute());
}

#[test]
fn a_broken_engine_is_not_asked_more_often_than_a_sound_one() {
    for trouble in [Trouble::Broken, Trouble::Stuck, Trouble::Restart, Trouble::Slow(SECONDS(4))] {
        let mut sim = sim(0.02, small);
        sim.pass(SECONDS(60));
        sim.requests.clear();
        sim.suffer(trouble, SECONDS(300));
        assert!(sim.busiest_minute() <= 120, "{trouble:?}: {}", sim.busiest_minute());
    }
}

#[test]
fn one_key_brings_the_short_promises_back_at_once() {
    let mut sim = sim(0.02, small);
    sim.play.picture.set_presence(Presence::Nobody, sim.play.now);
    sim.pass(SECONDS(90));
    sim.suffer(Trouble::Broken, SECONDS(50));
    sim.pass(MS(200));
    sim.play.picture.set_presence(Presence::Somebody, sim.play.now);
    assert!(!sim.stale().is_empty(), "what was fresh for nobody is old for somebody");
    sim.pass(SECONDS(4));
    assert_eq!(sim.stale(), []);
}

#[test]
fn after_a_restart_or_a_pause_what_an_operator_acts_on_is_asked_first() {
    for trouble in [Trouble::Restart, Trouble::Paused] {
        let mut sim = sim(0.02, small);
        sim.pass(SECONDS(60));
        sim.suffer(trouble, SECONDS(300));
        let mut order = Vec::new();
        // A restarted engine is asked for its version first.
        while order.len() < 30 {
            match sim.play.picture.next(sim.play.now) {
                Ok((question, lane, ask)) => {
                    sim.play.picture.sent(question, lane, &ask, sim.play.now);
                    order.push(question);
                    sim.play.now = sim.play.now.after(MS(5));
                    let answered = Answered { reply: sim.reply(&ask), elapsed: MS(5), requests: 1, engine_time: None };
                    sim.play.picture.succeed(question, ask, answered, sim.play.now);
                }
                Err(wait) => sim.play.now = sim.play.now.after(wait),
            }
        }
        let place = |question: Question| order.iter().position(|asked| *asked == question).unwrap_or(usize::MAX);
        assert!(place(Question::Incidents) <= 3 && place(Question::JobDefinitions) <= 5, "{trouble:?}: {order:?}");
        for ornament in [Question::Statistics, Question::Rights, Question::Deployments, Question::Telemetry] {
            assert!(place(Question::Count(Figure::JobsFailed)) < place(ornament), "{trouble:?}: {order:?}");
        }
    }
}

fn troubles() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        (100u64..11_000).prop_map(|by| Trouble::Slow(MS(by))),
        Just(Trouble::Stuck),
        Just(Trouble::Broken),
        Just(Trouble::Restart),
        Just(Trouble::Paused),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_row_of_troubles_makes_anything_old_look_fresh(
        row in prop::collection::vec((troubles(), 1u64..240, 0u64..40, any::<bool>()), 1..5),
        large_engine in any::<bool>(),
    ) {
        let mut sim = sim(0.02, if large_engine { large } else { small });
        for (trouble, time, rest, somebody) in row {
            sim.play.picture.set_presence(if somebody { Presence::Somebody } else { Presence::Nobody }, sim.play.now);
            sim.suffer(trouble, SECONDS(time));
            sim.pass(SECONDS(rest));
        }
        sim.play.picture.set_presence(Presence::Somebody, sim.play.now);
        sim.pass(SECONDS(35));
        let now = sim.play.now;
        let shown = sim.play.picture.snapshot(0, now);
        let stale = worst(Polled::on_every_screen().map(|polled| shown.freshness(polled, now)));
        prop_assert!(stale.is_none(), "{stale:?}");
    }
}
