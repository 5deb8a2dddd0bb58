//! How much of the engine's time may be spent, and what has been: buckets that fill with time and pay for answers. Pure.
//!
//! Dear questions have a bucket of their own, and so have those nobody acts on at once: one slow count, or one that never answers, must
//! not blind the operator to all that the engine would have told in a millisecond. What a bucket does not need flows into the others.

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

/// Who pays for a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payer {
    /// What an operator acts on, quickly answered.
    Cheap,
    /// The same where one answer costs more than is saved up.
    Dear,
    /// What nobody acts on at once, such as statistics.
    Ornament,
}

const PAYERS: [(Payer, f64); 3] = [(Payer::Cheap, 0.5), (Payer::Dear, 0.25), (Payer::Ornament, 0.25)];

/// A budget of so many busy seconds a second, divided among those who pay.
#[derive(Debug)]
pub struct Budget {
    rate: f64,
    buckets: [Bucket; 3],
    updated: Instant,
}

impl Budget {
    /// A budget of so many busy seconds a second, all of it saved up.
    pub fn new(rate: f64, now: Instant) -> Self {
        let bucket = |(_, share): (Payer, f64)| Bucket::new(rate * share, rate * share * SAVED.as_secs_f64(), now);
        Self { rate, buckets: PAYERS.map(bucket), updated: now }
    }

    /// Busy seconds a second, all told.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Lets time pass.
    pub fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.updated).as_secs_f64();
        self.updated = now;
        let mut spare: f64 = self.buckets.iter_mut().map(|bucket| bucket.pour(passed * bucket.rate)).sum();
        // What the first cannot hold goes to the next; nobody gets more than there is.
        for bucket in &mut self.buckets {
            spare = bucket.pour(spare);
        }
    }

    /// Who pays for an answer that takes this long: a dear one is more than all that is saved up for cheap ones.
    pub fn payer(&self, ornament: bool, busy: Duration) -> Payer {
        match ornament {
            true => Payer::Ornament,
            false if busy.as_secs_f64() > self.buckets[0].most => Payer::Dear,
            false => Payer::Cheap,
        }
    }

    /// How long until this one is out of debt.
    pub fn ready_in(&self, payer: Payer) -> Duration {
        self.buckets[payer as usize].ready_in()
    }

    /// Pays, into debt if need be.
    pub fn take(&mut self, payer: Payer, busy: Duration) {
        self.buckets[payer as usize].take(busy);
    }

    /// Pays, but runs into no more debt than this makes at the full rate in so much time.
    pub fn take_within(&mut self, payer: Payer, busy: Duration, time: Duration) {
        let bucket = &mut self.buckets[payer as usize];
        let floor = bucket.level.min(-bucket.rate * time.as_secs_f64());
        bucket.take(busy);
        bucket.level = bucket.level.max(floor);
    }

    /// Caps all debts so that none lasts longer than this.
    pub fn forgive_beyond(&mut self, time: Duration) {
        for bucket in &mut self.buckets {
            bucket.forgive_beyond(bucket.rate * time.as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECONDS: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn what_one_bucket_does_not_need_flows_into_the_others_and_no_more_than_the_rate_is_given() {
        let start = Instant::now();
        let mut budget = Budget::new(0.02, start);
        budget.take(budget.payer(false, SECONDS(3)), SECONDS(3));
        assert_eq!(budget.ready_in(Payer::Cheap), Duration::ZERO);
        // 3 s less the 0.05 s saved up, at 2 %: the other buckets are full, so the dear one gets all.
        budget.refill(start + SECONDS(147));
        assert!(budget.ready_in(Payer::Dear) > Duration::ZERO);
        budget.refill(start + SECONDS(148));
        assert_eq!(budget.ready_in(Payer::Dear), Duration::ZERO);
    }

    #[test]
    fn a_debt_of_cheap_answers_is_paid_back_while_a_dear_one_and_an_ornament_wait() {
        let start = Instant::now();
        let mut budget = Budget::new(0.02, start);
        budget.take(Payer::Dear, SECONDS(300));
        budget.take(Payer::Ornament, SECONDS(300));
        for _ in 0..3 {
            budget.take(budget.payer(false, Duration::from_millis(90)), Duration::from_millis(90));
        }
        assert!(budget.ready_in(Payer::Cheap) > SECONDS(10));
        budget.refill(start + SECONDS(18));
        assert_eq!(budget.ready_in(Payer::Cheap), Duration::ZERO);
    }

    #[test]
    fn a_debt_lasts_no_longer_than_it_may_and_one_from_before_is_neither_lengthened_nor_forgiven() {
        let start = Instant::now();
        let mut budget = Budget::new(0.02, start);
        budget.take_within(Payer::Cheap, SECONDS(9), SECONDS(15));
        assert_eq!(budget.ready_in(Payer::Cheap), SECONDS(15));
        budget.take(Payer::Cheap, Duration::from_millis(150));
        budget.take_within(Payer::Cheap, SECONDS(9), SECONDS(15));
        assert_eq!(budget.ready_in(Payer::Cheap), SECONDS(30));
        budget.forgive_beyond(SECONDS(15));
        assert_eq!(budget.ready_in(Payer::Cheap), SECONDS(15));
    }
}
