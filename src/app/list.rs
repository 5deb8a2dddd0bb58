//! A list that lives while it is looked at: selection, order, marks, sorting and scrolling by id, never by index.
//!
//! Rules it keeps: a new reading never moves the row under the cursor to another line, nor puts another row under the cursor.
//! A selected row that vanishes stays as a ghost until the cursor leaves it. After a key the order holds for some seconds, then rows are sorted
//! around the one under the cursor. What is not in its sorted place because of that is told by [`ListState::disorder`].

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// How long the order holds after a key.
pub const HOLD: Duration = Duration::from_secs(5);

/// Where the cursor should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// A screenful up.
    PageUp,
    /// A screenful down.
    PageDown,
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
}

/// Why rows do not stand in the order of their sorting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disorder {
    /// A key was pressed: the order holds for this long still.
    Held(Duration),
    /// The row under the cursor keeps its line, and so many rows below it belong above it.
    BelongAbove(usize),
    /// The row under the cursor keeps its line, and so many rows above it belong below it.
    BelongBelow(usize),
}

/// State of one list of rows identified by `K`.
#[derive(Clone, Debug)]
pub struct ListState<K> {
    order: Vec<K>,
    /// The rows as they are sorted, where it is sorting that orders them.
    sorted: Vec<K>,
    present: HashSet<K>,
    selected: Option<usize>,
    offset: usize,
    height: usize,
    marks: HashSet<K>,
    held_until: Option<Instant>,
    natural: bool,
    /// Index of the column that sorts.
    pub sort_column: usize,
    /// Whether the column's natural direction is turned round.
    pub sort_reversed: bool,
}

impl<K> Default for ListState<K> {
    fn default() -> Self {
        Self {
            order: Vec::new(),
            sorted: Vec::new(),
            present: HashSet::new(),
            selected: None,
            offset: 0,
            height: 1,
            marks: HashSet::new(),
            held_until: None,
            natural: false,
            sort_column: 0,
            sort_reversed: false,
        }
    }
}

/// The rows that were shown with the new ones between them, where both are in the same order.
fn merged<K: Clone + Eq + Hash>(kept: &[K], natural: &[K], known: &HashSet<&K>) -> Vec<K> {
    let mut order = Vec::with_capacity(kept.len() + natural.len());
    let mut rest = kept.iter();
    for key in natural {
        if known.contains(key) {
            order.extend(rest.by_ref().take_while(|other| *other != key).cloned());
        }
        order.push(key.clone());
    }
    order.extend(rest.cloned());
    order
}

impl<K: Clone + Eq + Hash> ListState<K> {
    /// An empty list that keeps the sorting and the height of this one.
    pub fn emptied(&self) -> Self {
        Self { sort_column: self.sort_column, sort_reversed: self.sort_reversed, height: self.height, ..Self::default() }
    }

    /// Takes a new reading: the rows that pass the filter, sorted.
    pub fn arrange(&mut self, sorted: Vec<K>, now: Instant) {
        let present: HashSet<K> = sorted.iter().cloned().collect();
        if self.is_held(now) {
            let known: HashSet<&K> = self.order.iter().collect();
            let new: Vec<K> = sorted.iter().filter(|key| !known.contains(key)).cloned().collect();
            self.order.extend(new);
        } else {
            let pinned = self.selected.map(|position| (position.saturating_sub(self.offset), self.order[position].clone()));
            self.order.clone_from(&sorted);
            if let Some((line, pinned)) = pinned {
                self.pin(line, pinned);
            }
        }
        self.sorted = sorted;
        self.present = present;
        self.marks.retain(|key| self.present.contains(key));
        self.clamp();
    }

    /// Keeps a row on its line. A list that was scrolled moves its window along, so that all rows stand in their sorted places; one that shows
    /// its top goes on showing it, for the first rows matter most, and the row stands out of its place.
    fn pin(&mut self, line: usize, pinned: K) {
        let natural = self.order.iter().position(|key| *key == pinned);
        if let Some(natural) = natural {
            self.order.remove(natural);
        }
        let furthest = (self.order.len() + 1).saturating_sub(self.height);
        let wanted = if self.offset == 0 { 0 } else { natural.map_or(self.offset, |natural| natural.saturating_sub(line)) };
        self.offset = wanted.min(furthest);
        let position = (self.offset + line).min(self.order.len());
        self.order.insert(position, pinned);
        self.selected = Some(position);
    }

    /// Gives a row another key where it stands, with its mark and the cursor: the same thing under a new name.
    pub fn rename(&mut self, old: &K, new: &K) {
        if self.order.contains(new) {
            return;
        }
        if let Some(place) = self.order.iter().position(|key| key == old) {
            self.order[place] = new.clone();
            if self.marks.remove(old) {
                self.marks.insert(new.clone());
            }
            if self.present.remove(old) {
                self.present.insert(new.clone());
            }
        }
    }

    /// What keeps the rows from standing in their sorted order, if something does.
    pub fn disorder(&self, now: Instant) -> Option<Disorder> {
        if self.natural {
            return None;
        }
        if let Some(until) = self.held_until.filter(|until| now < *until) {
            let shown = self.order.iter().filter(|key| self.present.contains(key));
            return (!shown.eq(&self.sorted)).then(|| Disorder::Held(until - now));
        }
        let position = self.selected?;
        let natural = self.sorted.iter().position(|key| *key == self.order[position])?;
        match natural.cmp(&position) {
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(Disorder::BelongAbove(natural - position)),
            std::cmp::Ordering::Less => Some(Disorder::BelongBelow(position - natural)),
        }
    }

    /// Takes a new reading of rows whose order means something, such as those of a tree. The row under the cursor keeps its line on the
    /// screen because the window moves along; rows on the screen that vanish stay as ghosts until the next motion, if they are `mourned`.
    pub fn follow(&mut self, natural: Vec<K>, mourned: impl Fn(&K) -> bool) {
        self.natural = true;
        let present: HashSet<K> = natural.iter().cloned().collect();
        let line = self.selected.map(|position| position.saturating_sub(self.offset));
        let selected = self.selected_key().cloned();
        let shown = self.offset..self.offset + self.height;
        let keep = |(position, key): &(usize, &K)| present.contains(*key) || shown.contains(position) && mourned(key) || Some(*key) == selected.as_ref();
        let kept: Vec<K> = self.order.iter().enumerate().filter(keep).map(|(_, key)| key.clone()).collect();
        let known: HashSet<&K> = kept.iter().collect();
        let stayed = |keys: &[K], among: &dyn Fn(&K) -> bool| keys.iter().filter(|key| among(key)).cloned().collect::<Vec<K>>();
        let order = if stayed(&kept, &|key| present.contains(key)) == stayed(&natural, &|key| known.contains(key)) {
            merged(&kept, &natural, &known)
        } else {
            // Rows have changed places: then their order is what tells the truth, and what vanished is dropped.
            let mut order = natural;
            order.extend(selected.iter().filter(|key| !present.contains(*key)).cloned());
            order
        };
        self.order = order;
        self.present = present;
        self.marks.retain(|key| self.present.contains(key));
        self.selected = selected.and_then(|selected| self.order.iter().position(|key| *key == selected));
        if let (Some(position), Some(line)) = (self.selected, line) {
            self.offset = position.saturating_sub(line);
        }
        self.clamp();
    }

    /// Puts the cursor on the row above, for one that is about to give its place to others.
    pub fn go_above(&mut self) {
        self.selected = self.selected.map(|position| position.saturating_sub(1));
        self.scroll_to_selected();
    }

    /// Shows the list from its top, as far as the row under the cursor stays on the screen.
    pub fn show_top(&mut self) {
        self.offset = 0;
        self.scroll_to_selected();
    }

    /// Drops what has vanished, but for the row under the cursor, which stays on its line.
    fn drop_ghosts(&mut self) {
        let selected = self.selected_key().cloned();
        let line = self.selected.map(|position| position.saturating_sub(self.offset));
        self.order.retain(|key| self.present.contains(key) || Some(key) == selected.as_ref());
        self.selected = selected.and_then(|selected| self.order.iter().position(|key| *key == selected));
        if let (Some(position), Some(line)) = (self.selected, line) {
            self.offset = position.saturating_sub(line);
        }
    }

    /// Forgets the order at once, after the operator asked for another sorting or filter; the selected row stays selected.
    pub fn rearrange(&mut self, sorted: Vec<K>) {
        let selected = self.selected_key().cloned();
        self.present = sorted.iter().cloned().collect();
        self.order.clone_from(&sorted);
        self.sorted = sorted;
        self.held_until = None;
        self.selected = match selected {
            Some(key) => self.order.iter().position(|other| *other == key).or(if self.order.is_empty() { None } else { Some(0) }),
            None => None,
        };
        self.scroll_to_selected();
    }

    /// Notes a key press: the order holds from now on for [`HOLD`].
    pub fn hold(&mut self, now: Instant) {
        self.held_until = Some(now + HOLD);
    }

    /// Whether the order holds.
    pub fn is_held(&self, now: Instant) -> bool {
        self.held_until.is_some_and(|until| now < until)
    }

    /// When the hold ends, so that the list can be arranged again then.
    pub fn held_until(&self) -> Option<Instant> {
        self.held_until
    }

    /// Moves the cursor. The first motion in an untouched list puts the cursor on the top visible row. To the first or last row means of the
    /// sorted rows: nobody counts lines on the way there.
    pub fn go(&mut self, motion: Motion, now: Instant) {
        self.hold(now);
        if matches!(motion, Motion::Top | Motion::Bottom) && !self.natural && self.selected.is_some() && !self.sorted.is_empty() {
            self.order.clone_from(&self.sorted);
            self.selected = Some(if motion == Motion::Top { 0 } else { self.order.len() - 1 });
            self.scroll_to_selected();
            return;
        }
        if self.order.is_empty() {
            return;
        }
        let last = self.order.len() - 1;
        let page = self.height.saturating_sub(1).max(1);
        let Some(position) = self.selected else {
            self.selected = Some(if motion == Motion::Bottom { last } else { self.offset.min(last) });
            self.scroll_to_selected();
            return;
        };
        let target = match motion {
            Motion::Up => position.saturating_sub(1),
            Motion::Down => (position + 1).min(last),
            Motion::PageUp => position.saturating_sub(page),
            Motion::PageDown => (position + page).min(last),
            Motion::Top => 0,
            Motion::Bottom => last,
        };
        let target_key = self.order[target].clone();
        // A ghost is only kept while the cursor stands on it.
        let left = self.order[position].clone();
        self.selected = Some(target);
        if target != position && !self.present.contains(&left) {
            self.order.retain(|key| *key != left);
            self.selected = self.order.iter().position(|key| *key == target_key);
        }
        if self.natural && target != position {
            self.drop_ghosts();
        }
        self.scroll_to_selected();
    }

    /// Puts the cursor on the first row, for a list that was just opened by a key.
    pub fn select_first(&mut self) {
        self.selected = if self.order.is_empty() { None } else { Some(0) };
        self.offset = 0;
    }

    /// Puts the cursor on this row, if it is there.
    pub fn select(&mut self, key: &K) {
        if let Some(position) = self.order.iter().position(|other| other == key) {
            self.selected = Some(position);
            self.scroll_to_selected();
        }
    }

    /// Puts the cursor on this row and, as far as there are rows below it, this row on the first line.
    pub fn lead_with(&mut self, key: &K) {
        self.select(key);
        if self.selected_key() == Some(key) {
            self.offset = self.selected.unwrap_or(0);
            self.scroll_to_selected();
        }
    }

    /// Tells how many rows fit on the screen.
    pub fn set_height(&mut self, height: usize) {
        if self.height != height.max(1) {
            self.height = height.max(1);
            self.scroll_to_selected();
        }
    }

    /// How many rows fit on the screen.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The row under the cursor, a ghost included.
    pub fn selected_key(&self) -> Option<&K> {
        self.selected.and_then(|position| self.order.get(position))
    }

    /// The row under the cursor if it still exists.
    pub fn selected_present(&self) -> Option<&K> {
        self.selected_key().filter(|key| self.present.contains(key))
    }

    /// Whether this row has vanished and is shown only because the order holds or the cursor is on it.
    pub fn is_ghost(&self, key: &K) -> bool {
        !self.present.contains(key)
    }

    /// Rows on the screen, with whether the cursor is on them.
    pub fn visible(&self) -> impl Iterator<Item = (&K, bool)> {
        let selected = self.selected;
        self.order.iter().enumerate().skip(self.offset).take(self.height).map(move |(index, key)| (key, Some(index) == selected))
    }

    /// Number of rows that exist and pass the filter.
    pub fn len(&self) -> usize {
        self.present.len()
    }

    /// Whether no row exists or passes the filter.
    pub fn is_empty(&self) -> bool {
        self.present.is_empty()
    }

    /// First row on the screen and number of rows, for a scroll bar.
    pub fn window(&self) -> (usize, usize) {
        (self.offset, self.order.len())
    }

    /// Sets or removes the mark of the row under the cursor, and moves on.
    pub fn toggle_mark(&mut self, now: Instant) {
        let Some(key) = self.selected_present().cloned() else { return };
        if !self.marks.remove(&key) {
            self.marks.insert(key);
        }
        self.go(Motion::Down, now);
    }

    /// Marks every row that passes the filter.
    pub fn mark_all(&mut self) {
        self.marks = self.present.clone();
    }

    /// Removes all marks.
    pub fn clear_marks(&mut self) {
        self.marks.clear();
    }

    /// Marked rows.
    pub fn marks(&self) -> &HashSet<K> {
        &self.marks
    }

    fn clamp(&mut self) {
        if let Some(position) = self.selected {
            self.selected = if self.order.is_empty() { None } else { Some(position.min(self.order.len() - 1)) };
        }
        if self.selected.is_none() {
            self.offset = self.offset.min(self.order.len().saturating_sub(self.height));
        }
    }

    fn scroll_to_selected(&mut self) {
        self.clamp();
        if let Some(position) = self.selected {
            if position < self.offset {
                self.offset = position;
            } else if position >= self.offset + self.height {
                self.offset = position + 1 - self.height;
            }
        }
        self.offset = self.offset.min(self.order.len().saturating_sub(self.height));
    }
}
