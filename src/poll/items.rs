//! What is known of single things somebody looks at: one section per id, with the time it was last tried.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::section::{Moment, Problem, Section};

/// Things kept although nobody looks at them any more.
const MOST: usize = 2_000;

/// A failed item is tried again after this long, if it would not be due earlier.
const AFTER_FAILURE: Duration = Duration::from_secs(30);

/// Sections by id.
#[derive(Debug)]
pub struct Items<K, V> {
    sections: Arc<HashMap<K, Section<V>>>,
    due: HashMap<K, Instant>,
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
            wanted.into_iter().map(|key| (self.due.get(key).copied(), key)).filter(|(due, _)| due.is_none_or(|due| due <= now)).collect();
        stale.sort_by_key(|(due, _)| *due);
        stale.truncate(most);
        stale.into_iter().map(|(_, key)| key.clone()).collect()
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
        self.due.extend(keys.iter().map(|key| (key.clone(), now + self.fresh_for)));
    }

    /// Notes that this is being asked for, and how long the answer will count as fresh.
    pub fn tried_for(&mut self, key: K, fresh_for: Duration, now: Instant) {
        self.due.insert(key, now + fresh_for);
    }

    /// Takes an answer in.
    pub fn succeed(&mut self, key: K, value: V, at: Moment) {
        Arc::make_mut(&mut self.sections).entry(key).or_default().succeed(value, at);
    }

    /// Leaves an item alone for this long, such as one that is forbidden.
    pub fn postpone(&mut self, key: &K, by: Duration, now: Instant) {
        self.due.insert(key.clone(), now + by);
    }

    /// Notes a failure for these.
    pub fn fail(&mut self, keys: &[K], problem: &Problem, now: Instant) {
        let sections = Arc::make_mut(&mut self.sections);
        for key in keys {
            sections.entry(key.clone()).or_default().fail(problem.clone());
            self.due.insert(key.clone(), now + self.fresh_for.min(AFTER_FAILURE));
        }
    }

    /// Treats everything as stale.
    pub fn distrust(&mut self) {
        self.due.clear();
    }

    /// Forgets these at once.
    pub fn forget(&mut self, unwanted: impl Fn(&K) -> bool) {
        if self.due.keys().any(&unwanted) {
            self.due.retain(|key, _| !unwanted(key));
            Arc::make_mut(&mut self.sections).retain(|key, _| !unwanted(key));
        }
    }

    /// Forgets what nobody wants once there is too much of it.
    pub fn prune(&mut self, wanted: impl Fn(&K) -> bool) {
        if self.due.len() > MOST {
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
    fn what_nobody_wants_is_forgotten_once_there_is_too_much() {
        let now = Moment::now();
        let mut items: Items<usize, usize> = Items::new(Duration::from_secs(10));
        for key in 0..=MOST {
            items.tried(&[key], now.instant);
            items.succeed(key, key, now);
        }
        items.prune(|key| *key < 10);
        assert_eq!(items.sections().len(), 10);
    }
}
