//! How much of the engine's time may be spent, and what has been: buckets that fill with time and pay for answers. Pure.
//!
//! Dear questions have a bucket of their own, which fills at half the rate: one slow count, or one that never answers, must not blind
//! the operator to all that the engine would have told in a millisecond. What either bucket does not need flows into the other.

use std::time::{Duration, Instant};

/// Unused background budget is saved up for this long.
const SAVED: Duration = Duration::from_secs(10);

/// A budget in seconds of busy engine time.
#[derive(Debug)]
pub struct Bucket {
    rate: f64,
    most: f64,
    level: f64,
    updated: Instant,
}

impl Bucket {
    /// A full bucket.
    pub fn new(rate: f64, most: f64, now: Instant) -> Self {
        Self { rate, most, level: most, updated: now }
    }

    /// Lets time pass.
    pub fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.updated).as_secs_f64();
        self.pour(passed * self.rate);
        self.updated = now;
    }

    /// Adds to the level and returns what does not fit.
    fn pour(&mut self, seconds: f64) -> f64 {
        let level = self.level + seconds;
        self.level = level.min(self.most);
        level - self.level
    }

    /// Pays, into debt if need be.
    pub fn take(&mut self, busy: Duration) {
        self.level -= busy.as_secs_f64();
    }

    /// Caps the debt.
    pub fn forgive_beyond(&mut self, debt: f64) {
        self.level = self.level.max(-debt);
    }

    /// How long until there is no debt.
    pub fn ready_in(&self) -> Duration {
        if self.level >= 0.0 { Duration::ZERO } else { Duration::try_from_secs_f64((-self.level / self.rate).min(3_600.0)).unwrap_or_default() }
    }
}

/// The background budget: one bucket for cheap questions, one for dear ones.
#[derive(Debug)]
pub struct Budget {
    rate: f64,
    cheap: Bucket,
    dear: Bucket,
}

impl Budget {
    /// A budget of so many busy seconds a second, all of it saved up.
    pub fn new(rate: f64, now: Instant) -> Self {
        let half = || Bucket::new(rate / 2.0, rate * SAVED.as_secs_f64() / 2.0, now);
        Self { rate, cheap: half(), dear: half() }
    }

    /// Busy seconds a second, all told.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Lets time pass.
    pub fn refill(&mut self, now: Instant) {
        let half = now.saturating_duration_since(self.cheap.updated).as_secs_f64() * self.rate / 2.0;
        let spare = self.dear.pour(half);
        let spare = self.cheap.pour(half + spare);
        self.dear.pour(spare);
        self.cheap.updated = now;
    }

    /// The bucket that pays for an answer that takes this long: a dear one is more than all a full bucket holds.
    pub fn account(&mut self, busy: Duration) -> &mut Bucket {
        if busy.as_secs_f64() > self.cheap.most { &mut self.dear } else { &mut self.cheap }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_bucket_does_not_need_flows_into_the_other_and_no_more_than_the_rate_is_given() {
        let start = Instant::now();
        let mut budget = Budget::new(0.02, start);
        budget.account(Duration::from_secs(3)).take(Duration::from_secs(3));
        assert_eq!(budget.account(Duration::ZERO).ready_in(), Duration::ZERO);
        // 3 s less the 0.1 s saved up, at 2 %: the cheap bucket is full, so the dear one gets all.
        budget.refill(start + Duration::from_secs(144));
        assert!(budget.account(Duration::from_secs(3)).ready_in() > Duration::ZERO);
        budget.refill(start + Duration::from_secs(146));
        assert_eq!(budget.account(Duration::from_secs(3)).ready_in(), Duration::ZERO);
    }

    #[test]
    fn a_debt_of_cheap_answers_is_paid_back_while_a_dear_one_waits() {
        let start = Instant::now();
        let mut budget = Budget::new(0.02, start);
        budget.account(Duration::from_secs(300)).take(Duration::from_secs(300));
        for _ in 0..3 {
            budget.account(Duration::from_millis(90)).take(Duration::from_millis(90));
        }
        assert!(budget.account(Duration::ZERO).ready_in() > Duration::from_secs(10));
        budget.refill(start + Duration::from_secs(18));
        assert_eq!(budget.account(Duration::ZERO).ready_in(), Duration::ZERO);
    }
}
