//! The chooser of the scope, and what the scope leaves on the rest of the screen: the badge and the notes.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::look::{Look, Pen};
use super::overlays::{draw_input, window};
use crate::app::App;
use crate::app::scope::ScopeForm;
use crate::text::{safe, truncate, wrap_words};
use crate::theme::Role;

/// The longest badge, in cells.
const BADGE: usize = 32;

/// Suggestions shown at once.
const SHOWN: usize = 6;

/// What can be written.
const WORDS: &str = "tenant:acme  process:pay*  category:finance*  team:NAME  tenant:- for none. Words of one kind are alternatives, kinds must all \
                     hold. Empty shows the whole engine.";

/// The badge of the scope that is on; none if none is.
pub(super) fn badge(app: &App) -> Option<String> {
    let scope = app.scoping.scope();
    let cells = BADGE.min(usize::from(app.size.0) / 3);
    scope.is_on().then(|| format!(" SCOPE {} ", truncate(&scope.label(), cells)))
}

/// Draws the chooser.
pub(super) fn draw(form: &ScopeForm, look: &Look, frame: &mut Frame<'_>) {
    let inside = window("Scope: what to show of the engine", 76, 9 + SHOWN as u16, look, frame);
    let place = Rect { height: 1.min(inside.height), ..inside };
    draw_input(&form.area, place, true, look, frame);
    let (words, role) = match &form.problem {
        Some(problem) => (safe(problem).into_owned(), Role::Critical),
        None => (WORDS.to_owned(), Role::Muted),
    };
    let mut line = 2;
    let mut write = |text: &str, role: Role| {
        if let Some(mut pen) = Pen::new(frame.buffer_mut(), inside, line) {
            pen.write(text, look.style(role));
        }
        line += 1;
    };
    wrap_words(&words, inside.width.into()).iter().for_each(|part| write(part, role));
    write("", Role::Text);
    if form.suggestions.is_empty() {
        write("No teams are configured and no tenants are known.", Role::Faint);
    }
    let first = form.taken.map_or(0, |taken| taken.saturating_sub(SHOWN - 1));
    for (index, suggestion) in form.suggestions.iter().enumerate().skip(first).take(SHOWN) {
        let (mark, role) = if form.taken == Some(index) { (look.symbols.cursor, Role::Key) } else { (" ", Role::Text) };
        write(&format!("{mark} {}", safe(suggestion)), role);
    }
}
