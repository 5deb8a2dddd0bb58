//! The menu of actions: what can be done to the selected row; for the rest, why not. A reason is never cut: it takes lines of its own.

use ratatui::Frame;

use super::look::{Look, Pen};
use super::overlays::window;
use crate::app::acting::{Item, Menu};
use crate::text::{truncate, width, wrap_words};
use crate::theme::Role;

/// Cells before a title: cursor, letter and the room around them.
const BEFORE: u16 = 5;

/// Cells before a reason that has lines of its own.
const INDENT: u16 = 7;

/// What is said below where there is room, and where there is little.
const WORDS: &str = "A letter or enter makes a plan; nothing is sent before you confirm it. esc closes.";
const FEW_WORDS: &str = "enter only makes a plan. esc closes.";

/// One line: of which item, and what it says.
struct Line {
    place: usize,
    /// The first line of an item.
    first: bool,
    /// What can be done, or a part of it.
    title: String,
    /// Why not, or a part of it.
    why: String,
}

/// Draws the menu.
pub fn draw(menu: &Menu, look: &Look, frame: &mut Frame<'_>) {
    let screen = frame.area();
    let wide = 112.min(screen.width);
    let cells = usize::from(wide.saturating_sub(4));
    let lines = lines(&menu.items, cells);
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(4).min(screen.height);
    let about = if menu.chosen.about.is_empty() { "the engine".to_owned() } else { menu.chosen.about.clone() };
    let about = truncate(&about, cells.saturating_sub(width("What can be done:  ")).min(70)).into_owned();
    let inside = window(&format!("What can be done: {about}"), wide, height, look, frame);
    let room = usize::from(inside.height.saturating_sub(1)).max(1);
    let top = top(&lines, menu.cursor, room);
    for (at, line) in (0..).zip(lines.iter().skip(top).take(room)) {
        let Some(mut pen) = Pen::new(frame.buffer_mut(), inside, at) else { break };
        let item = &menu.items[line.place];
        let (key, text) = if item.obstacle.is_none() { (Role::Key, Role::Text) } else { (Role::Muted, Role::Muted) };
        if line.first {
            pen.write(if line.place == menu.cursor { look.symbols.cursor } else { " " }, look.style(Role::Accent)).skip(1);
            pen.write(&item.row.letter.to_string(), look.style(key)).skip(2);
        } else {
            pen.skip(if line.title.is_empty() { INDENT - 2 } else { BEFORE }.into());
        }
        pen.write(&line.title, look.style(text)).skip(2).write(&line.why, look.style(Role::Muted));
    }
    let more = if top + room < lines.len() { "down: more. " } else { "" };
    let words = if width(more) + width(WORDS) <= cells { WORDS } else { FEW_WORDS };
    if let Some(mut pen) = Pen::new(frame.buffer_mut(), inside, inside.height.saturating_sub(1)) {
        pen.write(more, look.style(Role::Key)).write(words, look.style(Role::Muted));
    }
}

/// A reason stands beside its title where it fits there, else below it.
fn lines(items: &[Item], cells: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let why = item.obstacle.as_ref().map(crate::action::plan::Unavailable::words).unwrap_or_default();
        let line = |first, title, why| Line { place, first, title, why };
        if usize::from(BEFORE) + width(item.row.title) + 2 + width(&why) <= cells {
            lines.push(line(true, item.row.title.to_owned(), why));
            continue;
        }
        let titles = wrap_words(item.row.title, cells.saturating_sub(BEFORE.into()).max(10));
        lines.extend(titles.into_iter().enumerate().map(|(at, title)| line(at == 0, title, String::new())));
        lines.extend(
            wrap_words(&why, cells.saturating_sub(INDENT.into()).max(10)).into_iter().filter(|why| !why.is_empty()).map(|why| line(false, String::new(), why)),
        );
    }
    lines
}

/// The first line that is shown: all of the item under the cursor is.
fn top(lines: &[Line], cursor: usize, room: usize) -> usize {
    let first = lines.iter().position(|line| line.place == cursor).unwrap_or(0);
    let last = lines.iter().rposition(|line| line.place == cursor).unwrap_or(first);
    (last + 1).saturating_sub(room).min(first)
}
