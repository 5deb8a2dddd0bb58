//! What answers cost the engine, and whether it is slow as a whole. Pure.
//!
//! Waiting is not work. What a question costs is estimated from its own good answers of the last minutes, by their lower quartile: waiting
//! only ever adds. An answer that takes far longer raises a suspicion, and is charged at the estimate. A probe, the smallest question that
//! asks the database, decides: a slow one confirms that the engine is slow, a quick one that it is not. The first quick answer ends the
//! slowness at once, and what was measured meanwhile is forgotten. What stays slow for minutes is taken for work, until it is quick again.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::question::Question;

/// A question and which of its steps: a count costs other than a page of rows.
pub type Step = (Question, u8);

/// Good answers that an estimate is made from: so many, and of so much time.
const SAMPLES: usize = 64;
const RECENT: Duration = Duration::from_secs(600);

/// Slowness that lasts so long is taken for work.
const BELIEVED: Duration = Duration::from_secs(600);

/// For so long an engine whose slowness was taken for work is probed.
const PROBED: Duration = Duration::from_secs(3_600);

/// An answer is slow that takes so many times its estimate, and so much more than it.
const TIMES: u32 = 4;
const MORE: Duration = Duration::from_millis(250);

/// Without an estimate an answer of that length raises a suspicion.
const UNUSUAL: Duration = Duration::from_secs(1);

/// A smaller difference proves nothing.
const NOISE: Duration = Duration::from_millis(20);

/// What an answer without an estimate is charged with while the engine is slow.
const GUESS: Duration = Duration::from_millis(50);

/// One answer far quicker than so many proves that these were slow.
const MANY: usize = 8;

/// Steps in which the pace is halved.
const MOST_STEPS: u32 = 6;

/// What an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The engine's work, as far as can be told.
    pub work: Duration,
    /// Which slowness it ends, if it ends one.
    pub over: Option<Over>,
}

/// A slowness that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// One that was known for what it is: what was asked meanwhile was charged at what it usually costs.
    Known,
    /// One that was taken for work: what was charged for it is too much.
    TakenForWork,
}

/// How the engine answers.
#[derive(Debug, Default)]
pub struct Slowness {
    samples: BTreeMap<Step, VecDeque<(Instant, Duration)>>,
    steps: u32,
    suspected: Option<Instant>,
    confirmed: Option<Instant>,
    believed: Option<Instant>,
    quickest_probe: Option<Duration>,
}

impl Slowness {
    /// Since when the engine as a whole is slow, if it is.
    pub fn since(&self) -> Option<Instant> {
        self.confirmed.or(self.believed)
    }

    /// Since when it looks slow: a slowness that is not proven yet spares the engine too.
    pub fn suspected_since(&self) -> Option<Instant> {
        self.since().or(self.suspected)
    }

    /// Whether a probe should tell how the engine is.
    pub fn is_in_doubt(&self, now: Instant) -> bool {
        self.suspected.is_some() || self.confirmed.is_some() || self.believed.is_some_and(|believed| now.saturating_duration_since(believed) < PROBED)
    }

    /// How often the pace is to be halved.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// The quickest answer of many; fewer may have been slow by chance.
    fn quickest(&self, step: Step) -> Option<Duration> {
        let samples = self.samples.get(&step).filter(|samples| samples.len() >= MANY)?;
        samples.iter().map(|(_, took)| *took).min()
    }

    /// What the next answer will cost where slowness was taken for work only now.
    pub fn expected(&self, step: Step) -> Duration {
        self.believed.and_then(|_| self.estimate(step)).unwrap_or_default()
    }

    /// What one request of this step costs, if there were good answers.
    pub fn estimate(&self, step: Step) -> Option<Duration> {
        let before = self.confirmed;
        let good = self.samples.get(&step)?.iter().filter(|(at, _)| before.is_none_or(|before| *at < before));
        let mut good: Vec<Duration> = good.map(|(_, took)| *took).collect();
        good.sort_unstable();
        good.get(good.len().saturating_sub(1) / 4).copied()
    }

    /// Takes an answer to so many requests in, sent at `sent`, which took `busy` without the way to the engine and back.
    pub fn answered(&mut self, step: Step, requests: u32, busy: Duration, sent: Instant, now: Instant) -> Judged {
        self.believe(now);
        let each = busy / requests.max(1);
        match step.0 {
            Question::Version => Judged { work: busy.min(GUESS), over: None },
            Question::Probe => Judged { over: self.probed(busy, sent), work: busy.min(self.quickest_probe.unwrap_or(GUESS)) },
            question if question.is_steady() => self.steady(step, requests, each, sent, now),
            _ => {
                let estimate = self.estimate(step);
                self.note(step, each, sent, now);
                // It may honestly take longer than another time, and no longer than that is believed at once.
                let most = match estimate {
                    _ if self.suspected.is_none() && self.since().is_none() => estimate.map(|one| one * TIMES + MORE),
                    Some(one) => Some(one),
                    None => Some(GUESS),
                };
                let work = most.map_or(busy, |most| busy.min(most * requests.max(1)));
                Judged { work, over: None }
            }
        }
    }

    fn steady(&mut self, step: Step, requests: u32, each: Duration, sent: Instant, now: Instant) -> Judged {
        let (estimate, quickest) = (self.estimate(step), self.quickest(step));
        let busy = each * requests.max(1);
        let (mut work, mut over) = (busy, None);
        match estimate {
            Some(usual) if is_slow(each, usual) => {
                self.doubt(sent);
                self.halve();
                work = usual * requests.max(1);
            }
            // So quick an answer tells that all those before were slow.
            Some(_) if quickest.is_some_and(|quickest| each * TIMES + NOISE < quickest) => over = self.end(true),
            Some(_) => over = self.calm(),
            None if each > UNUSUAL => {
                self.doubt(sent);
                work = if self.confirmed.is_some() { busy.min(GUESS) } else { busy };
            }
            None if self.confirmed.is_some() && each <= MORE => over = self.end(true),
            None => {}
        }
        self.note(step, each, sent, now);
        Judged { work, over }
    }

    /// Takes a failure in: whether the time limit ended it, and what it is charged with. A question that got no answer
    /// twice, while the engine as a whole is not slow, is charged with its time: it is its own.
    pub fn failed(&mut self, step: Step, timed_out: bool, repeated: bool, busy: Duration, sent: Instant, now: Instant) -> Duration {
        self.believe(now);
        let alone = repeated && timed_out && self.since().is_none();
        let work = if alone { busy } else { busy.min(self.estimate(step).unwrap_or(GUESS)) };
        match step.0 {
            Question::Version => {}
            Question::Probe => {
                self.confirm(sent);
                self.halve();
            }
            _ => {
                self.doubt(sent);
                if timed_out {
                    self.halve();
                }
            }
        }
        work
    }

    /// Whatever was slow is over: the engine was restarted, or the operator starts anew.
    pub fn forget(&mut self) {
        self.end(false);
    }

    fn probed(&mut self, busy: Duration, sent: Instant) -> Option<Over> {
        if busy > self.quickest_probe.map_or(MORE, |quickest| MORE.max(quickest * TIMES)) {
            self.confirm(sent);
            self.halve();
            return None;
        }
        self.quickest_probe = Some(self.quickest_probe.map_or(busy, |quickest| quickest.min(busy)));
        self.end(false)
    }

    fn note(&mut self, step: Step, each: Duration, sent: Instant, now: Instant) {
        let spell = self.confirmed.is_some();
        let samples = self.samples.entry(step).or_default();
        samples.push_back((sent, each));
        // While the engine is slow nothing good comes after: what is known from before must last.
        while !spell && (samples.len() > SAMPLES || samples.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > RECENT)) {
            samples.pop_front();
        }
        if samples.len() > 2 * SAMPLES {
            samples.remove(SAMPLES);
        }
    }

    fn doubt(&mut self, sent: Instant) {
        self.suspected.get_or_insert(sent);
    }

    fn confirm(&mut self, sent: Instant) {
        if self.believed.is_none() {
            self.confirmed.get_or_insert(self.suspected.unwrap_or(sent));
        }
    }

    fn believe(&mut self, now: Instant) {
        if let Some(since) = self.confirmed.filter(|since| now.saturating_duration_since(*since) > BELIEVED) {
            (self.confirmed, self.believed) = (None, Some(since));
        }
    }

    fn halve(&mut self) {
        self.steps = (self.steps + 1).min(MOST_STEPS);
    }

    /// A quick answer where nothing else is known ends suspicion and pace; a confirmed slowness ends with it.
    fn calm(&mut self) -> Option<Over> {
        if self.confirmed.is_some() {
            return self.end(false);
        }
        if self.believed.is_none() {
            (self.suspected, self.steps) = (None, 0);
        }
        None
    }

    /// Ends whatever was slow; what was measured meanwhile, or all, is forgotten.
    fn end(&mut self, all: bool) -> Option<Over> {
        let over = match self.confirmed {
            Some(since) if !all => {
                self.samples.values_mut().for_each(|samples| samples.retain(|(at, _)| *at < since));
                Some(Over::Known)
            }
            _ if all || self.believed.is_some() => {
                self.samples.clear();
                Some(Over::TakenForWork)
            }
            _ => None,
        };
        (self.confirmed, self.believed, self.suspected, self.steps) = (None, None, None, 0);
        over
    }
}

/// Whether an answer is far slower than usual.
fn is_slow(each: Duration, usual: Duration) -> bool {
    each > usual * TIMES && each > usual + MORE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::figure::Figure;

    const MS: fn(u64) -> Duration = Duration::from_millis;
    const SECONDS: fn(u64) -> Duration = Duration::from_secs;
    const DUE: Step = (Question::Count(Figure::JobsDue), 0);
    const PROBE: Step = (Question::Probe, 0);

    struct Play {
        slowness: Slowness,
        now: Instant,
    }

    impl Play {
        fn new() -> Self {
            Self { slowness: Slowness::default(), now: Instant::now() }
        }

        fn answer(&mut self, step: Step, took: Duration) -> Judged {
            let sent = self.now;
            self.now += took + SECONDS(1);
            self.slowness.answered(step, 1, took, sent, self.now)
        }

        fn usually(took: Duration) -> Self {
            let mut play = Self::new();
            for _ in 0..10 {
                play.answer(DUE, took);
            }
            play
        }
    }

    #[test]
    fn a_slow_answer_is_charged_at_what_good_ones_took_and_halves_the_pace_until_a_quick_one() {
        let mut play = Play::usually(MS(20));
        assert_eq!(play.answer(DUE, SECONDS(4)).work, MS(20));
        assert_eq!(play.answer(DUE, SECONDS(4)).work, MS(20));
        assert_eq!((play.slowness.steps(), play.slowness.since()), (2, None), "a suspicion, not more");
        play.answer(DUE, MS(25));
        assert_eq!((play.slowness.steps(), play.slowness.is_in_doubt(play.now)), (0, false));
    }

    #[test]
    fn the_probe_decides_and_the_first_quick_answer_ends_a_slowness_at_once() {
        let mut play = Play::usually(MS(20));
        play.answer(PROBE, MS(2));
        play.answer(DUE, SECONDS(4));
        assert!(play.answer(PROBE, MS(3)).over.is_none() && !play.slowness.is_in_doubt(play.now), "only that answer was slow");
        let began = play.now;
        play.answer(DUE, SECONDS(4));
        play.answer(PROBE, SECONDS(3));
        assert_eq!(play.slowness.since(), Some(began));
        for _ in 0..60 {
            assert_eq!(play.answer(DUE, SECONDS(4)).work, MS(20));
        }
        assert_eq!(play.answer(DUE, MS(21)).over, Some(Over::Known));
        assert_eq!((play.slowness.since(), play.slowness.estimate(DUE)), (None, Some(MS(20))));
    }

    #[test]
    fn what_stays_slow_for_minutes_is_work_until_it_is_quick_again() {
        let mut play = Play::usually(MS(20));
        for _ in 0..90 {
            play.answer(DUE, SECONDS(4));
            play.answer(PROBE, SECONDS(4));
        }
        assert!(play.slowness.since().is_some());
        assert_eq!(play.answer(DUE, SECONDS(4)).work, SECONDS(4));
        assert!(play.slowness.is_in_doubt(play.now), "and it is probed");
        assert_eq!(play.answer(PROBE, MS(3)).over, Some(Over::TakenForWork));
        assert_eq!((play.slowness.estimate(DUE), play.answer(DUE, MS(20)).work), (None, MS(20)));
    }

    #[test]
    fn an_engine_that_was_slow_from_the_start_is_known_to_be_quick_by_its_first_quick_answer() {
        let mut play = Play::new();
        let first = play.answer(DUE, SECONDS(4));
        assert_eq!((first.work, play.slowness.is_in_doubt(play.now)), (SECONDS(4), true), "nothing tells yet that it was waiting");
        play.answer(PROBE, SECONDS(4));
        assert!(play.answer(DUE, SECONDS(4)).work < SECONDS(1), "the probe told");
        assert_eq!(play.answer(DUE, MS(5)).over, Some(Over::TakenForWork));
        assert_eq!(play.slowness.estimate(DUE), Some(MS(5)));
    }

    #[test]
    fn counts_that_honestly_take_long_are_no_slowness() {
        let mut play = Play::new();
        for round in 0..40 {
            let took = MS(400 + 300 * (round % 5));
            assert_eq!(play.answer(DUE, took).work, took);
        }
        assert_eq!(play.answer(DUE, MS(100)).over, None, "one that is quicker by chance proves nothing");
        assert!(play.slowness.since().is_none() && play.slowness.steps() == 0);
    }

    #[test]
    fn a_question_that_alone_gets_no_answer_is_charged_with_its_time_from_the_second_failure_on() {
        let mut play = Play::usually(MS(20));
        let fail = |play: &mut Play, repeated| {
            let sent = play.now;
            play.now += SECONDS(10);
            play.slowness.failed(DUE, true, repeated, SECONDS(10), sent, play.now)
        };
        assert_eq!(fail(&mut play, false), MS(20));
        play.answer(PROBE, MS(2));
        assert_eq!(fail(&mut play, true), SECONDS(10));
        play.answer(PROBE, SECONDS(4));
        assert_eq!(fail(&mut play, true), MS(20), "while the engine is slow it waits like all others");
    }
}
