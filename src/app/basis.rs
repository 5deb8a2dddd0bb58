//! What a list was arranged from, so that it is arranged again only when that has changed: most messages change nothing of it, and
//! sorting a hundred thousand rows for each of them would make keys wait.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

/// Parts of a snapshot, told by identity: a picture shares with the one before what has not changed.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    shared: Vec<Arc<dyn Any + Send + Sync>>,
    sequence: Option<u64>,
}

impl Parts {
    /// The same and this part. It is kept alive, so that no later one can be mistaken for it.
    pub fn and<T: Any + Send + Sync>(mut self, part: &Arc<T>) -> Self {
        self.shared.push(Arc::<T>::clone(part));
        self
    }

    /// The same and a part that may not be there.
    pub fn and_if_known<T: Any + Send + Sync>(self, part: Option<&Arc<T>>) -> Self {
        part.into_iter().fold(self, Parts::and)
    }

    /// The same and the number of the snapshot, for what depends on the time.
    pub fn and_sequence(mut self, sequence: u64) -> Self {
        self.sequence = Some(sequence);
        self
    }
}

impl PartialEq for Parts {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&Arc<_>, &Arc<_>)| std::ptr::addr_eq(Arc::as_ptr(a), Arc::as_ptr(b));
        self.sequence == other.sequence && self.shared.len() == other.shared.len() && self.shared.iter().zip(&other.shared).all(same)
    }
}

/// From what a list was arranged last.
#[derive(Clone, Debug, Default)]
pub struct Basis {
    parts: Option<Parts>,
    /// The end of the hold after which rows were sorted last; none if they were only added to a held order.
    sorted_after: Option<Option<Instant>>,
}

impl Basis {
    /// That of a list sorted from these parts at the operator's wish, which ends any hold.
    pub fn sorted(parts: Parts) -> Self {
        Self { parts: Some(parts), sorted_after: Some(None) }
    }

    /// Notes that a list is about to be arranged from these parts; false if nothing would come of it. `held_until` and `held` are the
    /// list's: keys pressed since the last sorting may have moved the row that keeps its line.
    pub fn renew(&mut self, parts: Parts, held_until: Option<Instant>, held: bool) -> bool {
        if self.parts.as_ref() == Some(&parts) && (held || self.sorted_after == Some(held_until)) {
            return false;
        }
        self.parts = Some(parts);
        self.sorted_after = (!held).then_some(held_until);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_list_is_arranged_again_when_a_part_is_another_even_if_it_is_equal() {
        let (first, second) = (Arc::new(7), Arc::new(7));
        let mut basis = Basis::default();
        assert!(basis.renew(Parts::default().and(&first), None, false));
        assert!(!basis.renew(Parts::default().and(&first), None, false));
        assert!(basis.renew(Parts::default().and(&second), None, false));
        assert!(basis.renew(Parts::default().and(&second).and_sequence(1), None, false));
        assert!(basis.renew(Parts::default().and_if_known(None::<&Arc<u8>>), None, false));
    }

    #[test]
    fn keys_hold_the_order_and_it_is_sorted_once_when_the_hold_ends() {
        let (part, later) = (Arc::new(7), Some(Instant::now() + Duration::from_secs(5)));
        let parts = || Parts::default().and(&part);
        let mut basis = Basis::default();
        assert!(basis.renew(parts(), None, false));
        assert!(!basis.renew(parts(), later, true));
        assert!(basis.renew(parts(), later, false));
        assert!(!basis.renew(parts(), later, false));
    }

    #[test]
    fn a_list_sorted_at_the_operators_wish_is_not_sorted_once_more() {
        let part = Arc::new(7);
        let mut basis = Basis::sorted(Parts::default().and(&part));
        assert!(!basis.renew(Parts::default().and(&part), None, false));
    }

    #[test]
    fn rows_added_to_a_held_order_are_sorted_in_when_the_hold_ends() {
        let (part, news, until) = (Arc::new(7), Arc::new(8), Some(Instant::now()));
        let mut basis = Basis::default();
        assert!(basis.renew(Parts::default().and(&part), until, false));
        assert!(basis.renew(Parts::default().and(&news), until, true));
        assert!(basis.renew(Parts::default().and(&news), until, false));
    }
}
