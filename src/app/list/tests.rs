//! What readings and keys do to a list.

use super::*;
use proptest::prelude::*;

fn list(keys: &[u32], height: usize, now: Instant) -> ListState<u32> {
    let mut list = ListState::default();
    list.set_height(height);
    list.arrange(keys.to_vec(), now);
    list
}

fn screen(list: &ListState<u32>) -> Vec<u32> {
    list.visible().map(|(key, _)| *key).collect()
}

fn line(list: &ListState<u32>) -> Option<usize> {
    list.visible().position(|(_, selected)| selected)
}

#[test]
fn the_selected_row_keeps_its_screen_line_when_the_order_changes() {
    let now = Instant::now();
    let mut list = list(&[1, 2, 3, 4, 5, 6], 4, now);
    list.go(Motion::Down, now);
    list.go(Motion::Down, now);
    assert_eq!((list.selected_key(), line(&list)), (Some(&2), Some(1)));
    list.arrange(vec![6, 5, 4, 3, 2, 1], now + HOLD);
    assert_eq!((list.selected_key(), line(&list)), (Some(&2), Some(1)));
    assert_eq!(screen(&list), [6, 2, 5, 4]);
}

#[test]
fn order_holds_after_a_key_and_new_rows_wait_at_the_end() {
    let now = Instant::now();
    let mut list = list(&[1, 2, 3], 9, now);
    list.go(Motion::Down, now);
    list.arrange(vec![9, 3, 2, 1], now + HOLD - Duration::from_millis(1));
    assert_eq!(screen(&list), [1, 2, 3, 9]);
    list.arrange(vec![9, 3, 2, 1], now + HOLD);
    assert_eq!(screen(&list), [1, 9, 3, 2]);
}

#[test]
fn a_vanished_row_stays_as_a_ghost_until_the_cursor_leaves_it() {
    let now = Instant::now();
    let mut list = list(&[1, 2, 3], 9, now);
    list.go(Motion::Down, now);
    list.go(Motion::Down, now);
    list.arrange(vec![1, 3], now + HOLD);
    assert_eq!(screen(&list), [1, 2, 3]);
    assert!(list.is_ghost(&2));
    assert_eq!(list.selected_present(), None);
    list.go(Motion::Down, now + HOLD);
    assert_eq!(screen(&list), [1, 3]);
    assert_eq!(list.selected_present(), Some(&3));
}

#[test]
fn an_untouched_list_has_no_cursor_and_follows_the_sorting() {
    let now = Instant::now();
    let mut list = list(&[1, 2, 3], 9, now);
    assert_eq!(list.selected_key(), None);
    list.arrange(vec![3, 2, 1], now);
    assert_eq!(screen(&list), [3, 2, 1]);
    list.go(Motion::Down, now);
    assert_eq!(list.selected_key(), Some(&3));
}

#[test]
fn marks_are_ids_and_leave_with_their_rows() {
    let now = Instant::now();
    let mut list = list(&[1, 2, 3], 9, now);
    list.go(Motion::Top, now);
    list.toggle_mark(now);
    list.toggle_mark(now);
    assert_eq!(list.marks(), &HashSet::from([1, 2]));
    list.arrange(vec![3, 2], now + HOLD);
    assert_eq!(list.marks(), &HashSet::from([2]));
}

#[test]
fn asking_for_another_order_moves_the_cursor_with_its_row() {
    let now = Instant::now();
    let mut list = list(&[1, 2, 3, 4], 2, now);
    list.go(Motion::Top, now);
    list.rearrange(vec![4, 3, 2, 1]);
    assert_eq!(list.selected_key(), Some(&1));
    assert_eq!(screen(&list), [2, 1]);
}

#[test]
fn rows_of_a_tree_that_vanish_stay_until_the_next_motion() {
    let now = Instant::now();
    let mut list = ListState::default();
    list.set_height(6);
    list.follow(vec![1, 2, 3, 4, 5], |_| true);
    list.select(&3);
    list.follow(vec![1, 3, 4, 5], |_| true);
    assert_eq!(screen(&list), [1, 2, 3, 4, 5]);
    assert!(list.is_ghost(&2));
    list.go(Motion::Down, now);
    assert_eq!((screen(&list), list.selected_key()), (vec![1, 3, 4, 5], Some(&4)));
}

#[test]
fn a_row_that_belongs_above_the_first_line_is_told_and_the_first_row_key_sorts() {
    let now = Instant::now();
    let mut list = list(&[1, 2, 3], 9, now);
    list.go(Motion::Down, now);
    assert_eq!(list.disorder(now), None, "held, and in order");
    list.arrange(vec![9, 8, 1, 2, 3], now + Duration::from_secs(2));
    assert_eq!(screen(&list), [1, 2, 3, 9, 8]);
    assert_eq!(list.disorder(now + Duration::from_secs(2)), Some(Disorder::Held(Duration::from_secs(3))));
    list.arrange(vec![9, 8, 1, 2, 3], now + HOLD);
    assert_eq!((screen(&list), line(&list)), (vec![1, 9, 8, 2, 3], Some(0)));
    assert_eq!(list.disorder(now + HOLD), Some(Disorder::BelongAbove(2)));
    list.go(Motion::Top, now + HOLD);
    assert_eq!((screen(&list), list.selected_key()), (vec![9, 8, 1, 2, 3], Some(&9)));
    assert_eq!(list.disorder(now + HOLD + HOLD), None);
}

#[test]
fn a_row_that_got_better_keeps_its_line_and_the_rows_above_it_are_told() {
    let now = Instant::now();
    let mut list = list(&[1, 2, 3, 4], 9, now);
    for _ in 0..4 {
        list.go(Motion::Down, now);
    }
    list.arrange(vec![1, 4, 2, 3], now + HOLD);
    assert_eq!((screen(&list), list.selected_key()), (vec![1, 2, 3, 4], Some(&4)));
    assert_eq!(list.disorder(now + HOLD), Some(Disorder::BelongBelow(2)));
}

#[test]
fn a_scrolled_list_moves_its_window_so_that_every_row_stands_in_its_place() {
    let now = Instant::now();
    let mut list = list(&(0..20).collect::<Vec<u32>>(), 5, now);
    for _ in 0..10 {
        list.go(Motion::Down, now);
    }
    assert_eq!((screen(&list), line(&list)), (vec![5, 6, 7, 8, 9], Some(4)));
    let worse: Vec<u32> = [90, 91].into_iter().chain(0..20).collect();
    list.arrange(worse, now + HOLD);
    assert_eq!((screen(&list), line(&list)), (vec![5, 6, 7, 8, 9], Some(4)));
    assert_eq!((list.disorder(now + HOLD), list.window()), (None, (7, 22)));
}

#[test]
fn a_thing_under_a_new_name_keeps_its_line_its_mark_and_the_cursor() {
    let now = Instant::now();
    let mut list = list(&[1, 2, 3], 9, now);
    list.go(Motion::Down, now);
    list.toggle_mark(now);
    list.go(Motion::Up, now);
    list.rename(&1, &7);
    list.arrange(vec![7, 3, 2], now + Duration::from_secs(1));
    assert_eq!((screen(&list), list.selected_present()), (vec![7, 2, 3], Some(&7)));
    assert_eq!(list.marks(), &HashSet::from([7]));
}

proptest! {
    #[test]
    fn no_reading_ever_changes_the_row_or_the_line_under_the_cursor(
        readings in prop::collection::vec(prop::collection::vec(0u32..30, 0..30), 1..12),
        moves in 0usize..25, height in 1usize..12, gap in 0u64..9,
    ) {
        let mut now = Instant::now();
        let mut list = list(&(0..30).collect::<Vec<_>>(), height, now);
        for _ in 0..=moves {
            list.go(Motion::Down, now);
        }
        for reading in readings {
            let mut seen = HashSet::new();
            let reading: Vec<u32> = reading.into_iter().filter(|key| seen.insert(*key)).collect();
            let (before_key, before_line) = (list.selected_key().copied(), line(&list));
            // A list that shrinks above the cursor cannot keep the line; the row under the cursor is kept in any case.
            let fits = reading.len() >= 30 || list.is_held(now + Duration::from_secs(gap));
            now += Duration::from_secs(gap);
            list.arrange(reading, now);
            prop_assert_eq!(list.selected_key().copied(), before_key);
            if fits {
                prop_assert_eq!(line(&list), before_line);
            }
            prop_assert!(line(&list).is_some());
        }
    }

    #[test]
    fn a_tree_that_grows_and_shrinks_keeps_its_order_and_the_line_under_the_cursor(
        readings in prop::collection::vec(prop::collection::btree_set(0u32..40, 0..40), 1..12), moves in 0usize..25, height in 1usize..12,
    ) {
        let now = Instant::now();
        let mut list = ListState::default();
        list.set_height(height);
        list.follow((0..40).collect::<Vec<u32>>(), |_| true);
        for _ in 0..=moves {
            list.go(Motion::Down, now);
        }
        // What has vanished does not come back; others come in its place.
        let (mut there, mut gone): (HashSet<u32>, HashSet<u32>) = ((0..40).collect(), HashSet::new());
        for reading in readings {
            let before = (list.selected_key().copied(), line(&list));
            let reading: Vec<u32> = reading.into_iter().map(|key| if gone.contains(&key) { key + 100 } else { key }).collect();
            let mut reading: Vec<u32> = reading.into_iter().filter(|key| !gone.contains(key)).collect();
            reading.sort_unstable();
            gone.extend(there.iter().filter(|key| !reading.contains(key)));
            there = reading.iter().copied().collect();
            list.follow(reading, |_| true);
            prop_assert_eq!((list.selected_key().copied(), line(&list)), before);
            let present: Vec<u32> = list.order.iter().copied().filter(|key| !list.is_ghost(key)).collect();
            prop_assert!(present.is_sorted());
        }
    }
}
