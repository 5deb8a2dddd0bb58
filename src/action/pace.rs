//! When the next change may go out: a steady pace, slower while due jobs pile up, a few first, and an end to it when too many fail.
//! Pure: the clock arrives in arguments.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The pace never falls below this part of what was asked for.
const SLOWEST: f64 = 1.0 / 16.0;

/// Due jobs are too many when they grew by what this many seconds of changes add.
const PILED_UP: f64 = 10.0;

/// The pace rises again once no more are left than this many seconds of changes add.
const WORKED_OFF: f64 = 3.0;

/// By how much it rises with each look, of what was asked for.
const RISE: f64 = 0.1;

/// What was missed while nothing could be sent is caught up only this far back, so that no burst follows a pause.
const CATCHES_UP: Duration = Duration::from_millis(500);

/// Targets whose outcome must be certain before a share of them means anything.
const ENOUGH: usize = 10;

/// Lets changes out at a pace.
#[derive(Clone, Debug)]
pub struct Pacer {
    asked: f64,
    now: f64,
    next: Instant,
    /// Due jobs before the first change and at the latest look.
    before: Option<u64>,
    latest: u64,
}

impl Pacer {
    /// A pace of so many a second, from now on.
    pub fn new(per_second: f64, now: Instant) -> Self {
        let asked = if per_second.is_finite() { per_second.max(0.01) } else { 1.0 };
        Self { asked, now: asked, next: now, before: None, latest: 0 }
    }

    /// How long to wait for the next turn, where it is too early for it.
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        self.next.checked_duration_since(now).filter(|wait| !wait.is_zero())
    }

    /// Takes a turn.
    ///
    /// # Errors
    ///
    /// How long to wait, where it is too early.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        if let Some(wait) = self.wait(now) {
            return Err(wait);
        }
        let interval = Duration::from_secs_f64(1.0 / self.now);
        let earliest = now.checked_sub(CATCHES_UP).unwrap_or(now);
        self.next = self.next.max(earliest) + interval;
        Ok(())
    }

    /// Begins anew after a pause: what was not sent meanwhile is not caught up.
    pub fn resume(&mut self, now: Instant) {
        self.next = self.next.max(now);
    }

    /// Takes in how many jobs are due. The pace is halved each time they have piled up further, and rises slowly once they are worked
    /// off: the engine's own work comes first.
    pub fn backlog(&mut self, due: u64) {
        let before = *self.before.get_or_insert(due);
        let added = due.saturating_sub(before) as f64;
        if added > PILED_UP * self.asked && due > self.latest {
            self.now = (self.now / 2.0).max(self.asked * SLOWEST);
        } else if added <= WORKED_OFF * self.asked {
            self.now = (self.now + self.asked * RISE).min(self.asked);
        }
        self.latest = due;
    }

    /// Changes a second now.
    pub fn per_second(&self) -> f64 {
        self.now
    }

    /// Whether it is slower than asked for.
    pub fn is_slowed(&self) -> bool {
        self.now < self.asked
    }
}

/// Which of many go first: `count` of them, spread over the versions, the newest version first; within one in the order given.
pub fn canary(versions: &[Option<i64>], count: usize) -> Vec<usize> {
    let mut queues: BTreeMap<Option<i64>, std::collections::VecDeque<usize>> = BTreeMap::new();
    for (place, version) in versions.iter().enumerate() {
        queues.entry(*version).or_default().push_back(place);
    }
    let mut chosen = Vec::new();
    let wanted = count.min(versions.len());
    while chosen.len() < wanted {
        for queue in queues.values_mut().rev() {
            chosen.extend(queue.pop_front().filter(|_| chosen.len() < wanted));
        }
    }
    chosen
}

/// Whether so many failures among so many certain outcomes end it: more than `stop_at` percent, once enough are certain or all are.
pub fn too_many_fail(failed: usize, certain: usize, all: usize, stop_at: u8) -> bool {
    (certain >= ENOUGH || certain == all) && failed * 100 > usize::from(stop_at) * certain
}

/// Seconds from which on an action says how long it takes.
const SPOKEN_OF: u64 = 10;

/// How long so many changes take at this pace, in words with the clock at which they are sent; none where that is no time to speak of.
pub fn lasts(changes: usize, per_second: f64, now: jiff::Timestamp, zone: &jiff::tz::TimeZone) -> Option<String> {
    if !per_second.is_finite() || per_second <= 0.0 {
        return None;
    }
    let seconds = (changes as f64 / per_second).ceil().min(1e9) as u64;
    if seconds < SPOKEN_OF {
        return None;
    }
    let until = now.checked_add(jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))).ok()?;
    let until = until.to_zoned(zone.clone());
    let form = if until.date() == now.to_zoned(zone.clone()).date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    Some(format!("about {}, until {}", crate::text::age(Duration::from_secs(seconds)), until.strftime(form)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_pace_says_how_long_it_takes_and_until_when_and_a_short_one_says_nothing() {
        let now: jiff::Timestamp = "2026-11-29T02:13:00Z".parse().expect("a moment");
        let told = |changes, pace| lasts(changes, pace, now, &jiff::tz::TimeZone::UTC);
        assert_eq!(told(48, 1.0).as_deref(), Some("about 48 s, until 02:13"));
        assert_eq!(told(48, 5.0).as_deref(), Some("about 10 s, until 02:13"));
        assert_eq!(told(10, 5.0), None);
        assert!(told(100_000, 1.0).is_some_and(|words| words.ends_with("until 2026-11-30 05:59")), "{:?}", told(100_000, 1.0));
        assert_eq!((told(1, 0.0), told(1, f64::NAN)), (None, None));
    }
    use proptest::prelude::*;

    fn run(pacer: &mut Pacer, start: Instant, count: usize, lateness: Duration) -> Duration {
        let mut now = start;
        for _ in 0..count {
            while let Err(wait) = pacer.take(now) {
                now += wait + lateness;
            }
        }
        now - start
    }

    #[test]
    fn ten_thousand_keep_the_pace_although_every_wait_is_a_little_too_long() {
        for per_second in [5.0, 50.0, 400.0] {
            let start = Instant::now();
            let took = run(&mut Pacer::new(per_second, start), start, 10_000, Duration::from_millis(2)).as_secs_f64();
            let pace = 9_999.0 / took;
            assert!((pace / per_second - 1.0).abs() < 0.05, "{pace} instead of {per_second}");
        }
    }

    #[test]
    fn no_burst_follows_a_pause() {
        let start = Instant::now();
        let mut pacer = Pacer::new(10.0, start);
        assert!(pacer.take(start).is_ok());
        let later = start + Duration::from_secs(60);
        let at_once = (0..100).take_while(|_| pacer.take(later).is_ok()).count();
        assert!(at_once <= 7, "{at_once} at once");
    }

    #[test]
    fn due_jobs_that_pile_up_halve_the_pace_and_it_recovers_slowly() {
        let mut pacer = Pacer::new(8.0, Instant::now());
        pacer.backlog(100);
        pacer.backlog(150);
        assert!(!pacer.is_slowed(), "the engine keeps up");
        pacer.backlog(300);
        assert_eq!(pacer.per_second(), 4.0);
        pacer.backlog(290);
        assert_eq!(pacer.per_second(), 4.0, "it shrinks already");
        for due in [400, 500, 600, 700, 800] {
            pacer.backlog(due);
        }
        assert_eq!(pacer.per_second(), 0.5, "never slower than a sixteenth");
        pacer.backlog(110);
        assert!((pacer.per_second() - 1.3).abs() < 1e-9);
        for _ in 0..20 {
            pacer.backlog(100);
        }
        assert_eq!(pacer.per_second(), 8.0);
    }

    #[test]
    fn the_canary_comes_from_every_version_before_one_is_asked_twice() {
        let versions = [Some(1), Some(1), Some(1), Some(3), Some(3), Some(2)];
        assert_eq!(canary(&versions, 3), [3, 5, 0]);
        assert_eq!(canary(&versions, 5), [3, 5, 0, 4, 1]);
        assert_eq!(canary(&versions, 50).len(), 6);
        assert!(canary(&[], 3).is_empty());
    }

    #[test]
    fn three_of_a_thousand_stop_nothing_and_three_of_ten_do() {
        assert!(!too_many_fail(3, 1_000, 1_000, 20));
        assert!(too_many_fail(3, 10, 1_000, 20));
        assert!(!too_many_fail(2, 10, 1_000, 20), "exactly the share that is allowed");
        assert!(!too_many_fail(2, 3, 1_000, 20), "too few to tell");
        assert!(too_many_fail(1, 1, 1, 20));
    }

    proptest! {
        #[test]
        fn the_canary_is_as_many_as_asked_for_and_nobody_twice(versions in proptest::collection::vec(proptest::option::of(0i64..4), 0..40), count in 0usize..50) {
            let mut chosen = canary(&versions, count);
            prop_assert_eq!(chosen.len(), count.min(versions.len()));
            chosen.sort_unstable();
            chosen.dedup();
            prop_assert_eq!(chosen.len(), count.min(versions.len()));
        }

        #[test]
        fn the_pace_stays_between_a_sixteenth_and_what_was_asked_for(samples in proptest::collection::vec(0u64..100_000, 0..60), asked in 0.1f64..100.0) {
            let mut pacer = Pacer::new(asked, Instant::now());
            for due in samples {
                pacer.backlog(due);
                prop_assert!(pacer.per_second() <= asked && pacer.per_second() >= asked * SLOWEST - 1e-9);
            }
        }
    }
}
