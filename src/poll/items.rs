//! What is known of single things somebody looks at: one section per id, with the time it was last tried.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::section::{Moment, Problem, Section};

/// Things kept although nobody looks at them any more.
const MOST: usize = 2_000;

/// A failed item is tried again after this long, if it would not be due earlier.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// When an item is due again.
#[derive(Clone, Copy, Debug)]
struct Due {
    at: Instant,
    /// Until then it is left alone, however fresh it is to be: when it was tried, or after a failure later.
    not_before: Instant,
}

impl Due {
    fn fresh(tried: Instant, fresh_for: Duration) -> Self {
        Self { at: tried + fresh_for, not_before: tried }
    }

    fn left_alone(until: Instant) -> Self {
        Self { at: until, not_before: until }
    }
}

/// Sections by id.
#[derive(Debug)]
pub struct Items<K, V> {
    sections: Arc<HashMap<K, Section<V>>>,
    due: HashMap<K, Due>,
    fresh_for: Duration,
}

impl<K: Clone + Eq + Hash, V> Items<K, V>
where
    Section<V>: Clone,
{
    /// No items yet; each counts as fresh for this long.
    pub fn new(fresh_for: Duration) -> Self {
        Self { sections: Arc::default(), due: HashMap::new(), fresh_for }
    }

    /// All sections.
    pub fn sections(&self) -> &Arc<HashMap<K, Section<V>>> {
        &self.sections
    }

    /// Up to `most` of the wanted items that are due; never tried ones first.
    pub fn stale<'a>(&self, wanted: impl IntoIterator<Item = &'a K>, most: usize, now: Instant) -> Vec<K>
    where
        K: 'a,
    {
        let mut stale: Vec<(Option<Instant>, &K)> =
            wanted.into_iter().map(|key| (self.due.get(key).map(|due| due.at), key)).filter(|(due, _)| due.is_none_or(|due| due <= now)).collect();
        stale.sort_by_key(|(due, _)| *due);
        stale.truncate(most);
        stale.into_iter().map(|(_, key)| key.clone()).collect()
    }

    /// How late the latest of the wanted items is, as a share of how old it may become; none of those never read.
    pub fn lateness<'a>(&self, wanted: impl IntoIterator<Item = &'a K>, promise: impl Fn(&K) -> Duration, now: Moment) -> Option<f64>
    where
        K: 'a,
    {
        let late = wanted.into_iter().filter_map(|key| Some(self.sections.get(key)?.age(now)?.as_secs_f64() / promise(key).as_secs_f64()));
        late.max_by(f64::total_cmp)
    }

    /// Whether some wanted item was never tried.
    pub fn any_untried<'a>(&self, wanted: impl IntoIterator<Item = &'a K>) -> bool
    where
        K: 'a,
    {
        wanted.into_iter().any(|key| !self.due.contains_key(key))
    }

    /// Notes that these are being asked for.
    pub fn tried(&mut self, keys: &[K], now: Instant) {
        self.due.extend(keys.iter().map(|key| (key.clone(), Due::fresh(now, self.fresh_for))));
    }

    /// Notes that this is being asked for, and how long the answer will count as fresh.
    pub fn tried_for(&mut self, key: K, fresh_for: Duration, now: Instant) {
        self.due.insert(key, Due::fresh(now, fresh_for));
    }

    /// Lets an answer count as fresh for this long at most; what failed is left alone all the same.
    pub fn hasten(&mut self, key: &K, fresh_for: Duration) {
        if let Some(due) = self.due.get_mut(key) {
            due.at = due.at.min(due.not_before + fresh_for);
        }
    }

    /// Takes an answer in.
    pub fn succeed(&mut self, key: K, value: V, at: Moment) {
        Arc::make_mut(&mut self.sections).entry(key).or_default().succeed(value, at);
    }

    /// Leaves an item alone for this long, such as one that is forbidden.
    pub fn postpone(&mut self, key: &K, by: Duration, now: Instant) {
        self.due.insert(key.clone(), Due::left_alone(now + by));
    }

    /// Notes a failure for these.
    pub fn fail(&mut self, keys: &[K], problem: &Problem, now: Instant) {
        let sections = Arc::make_mut(&mut self.sections);
        for key in keys {
            sections.entry(key.clone()).or_default().fail(problem.clone());
            self.due.insert(key.clone(), Due::left_alone(now + self.fresh_for.min(AFTER_FAILURE)));
        }
    }

    /// Treats everything as stale.
    pub fn distrust(&mut self) {
        self.due.clear();
    }

    /// Forgets these at once, whether or not they are to be asked again.
    pub fn forget(&mut self, unwanted: impl Fn(&K) -> bool) {
        self.due.retain(|key, _| !unwanted(key));
        if self.sections.keys().any(&unwanted) {
            Arc::make_mut(&mut self.sections).retain(|key, _| !unwanted(key));
        }
    }

    /// Forgets what nobody wants once there is too much of it.
    pub fn prune(&mut self, wanted: impl Fn(&K) -> bool) {
        if self.due.len().max(self.sections.len()) > MOST {
            self.due.retain(|key, _| wanted(key));
            Arc::make_mut(&mut self.sections).retain(|key, _| wanted(key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untried_items_come_first_and_fresh_ones_not_at_all() {
        let now = Instant::now();
        let mut items: Items<u32, u32> = Items::new(Duration::from_secs(10));
        items.tried(&[1], now);
        items.tried(&[2], now + Duration::from_secs(8));
        let later = now + Duration::from_secs(11);
        assert_eq!(items.stale(&[1, 2, 3], 9, later), [3, 1]);
        assert!(items.any_untried(&[1, 3]));
        assert!(!items.any_untried(&[1, 2]));
    }

    #[test]
    fn what_must_not_be_kept_is_forgotten_at_once() {
        let now = Moment::now();
        let mut items: Items<u32, u32> = Items::new(Duration::from_secs(10));
        for key in [1, 2] {
            items.tried(&[key], now.instant);
            items.succeed(key, key, now);
        }
        items.forget(|key| *key == 2);
        assert_eq!((items.sections().len(), items.any_untried(&[1]), items.any_untried(&[2])), (1, false, true));
    }

    #[test]
    fn what_must_not_be_kept_is_forgotten_even_where_it_arrived_after_everything_was_distrusted() {
        let now = Moment::now();
        let mut items: Items<u32, u32> = Items::new(Duration::from_secs(10));
        items.tried(&[1], now.instant);
        items.distrust();
        items.succeed(1, 1, now);
        items.forget(|key| *key == 1);
        assert!(items.sections().is_empty());
    }

    #[test]
    fn what_is_needed_more_than_before_is_due_earlier_and_never_later() {
        let now = Instant::now();
        let mut items: Items<u32, u32> = Items::new(Duration::from_secs(60));
        items.tried(&[1], now);
        let later = now + Duration::from_secs(12);
        items.hasten(&1, Duration::from_secs(90));
        assert!(items.stale(&[1], 9, later).is_empty());
        items.hasten(&1, Duration::from_secs(12));
        assert_eq!(items.stale(&[1], 9, later), [1]);
        items.postpone(&2, Duration::from_secs(60), now);
        items.hasten(&2, Duration::from_secs(12));
        assert!(items.stale(&[2], 9, later).is_empty(), "what failed is left alone");
    }

    #[test]
    fn what_nobody_wants_is_forgotten_once_there_is_too_much() {
        let now = Moment::now();
        let mut items: Items<usize, usize> = Items::new(Duration::from_secs(10));
        for key in 0..=MOST {
            items.tried(&[key], now.instant);
            items.succeed(key, key, now);
        }
        items.distrust();
        items.prune(|key| *key < 10);
        assert_eq!(items.sections().len(), 10);
    }
}
