//! One file a pane: each turns its rows into a table.

pub mod definitions;
pub mod incidents;
pub mod job_definitions;

use std::hash::Hash;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::freshness::{fade, read_remark};
use super::look::Look;
use crate::app::App;
use crate::app::list::{Disorder, ListState};
use crate::model::freshness::Polled;
use crate::model::section::Section;
use crate::text::age;
use crate::theme::Role;

/// How old a section is, for the right end of a title.
fn age_remark<T>(section: &Section<T>, polled: Polled, app: &App) -> (String, Role) {
    match (section.taken, &section.problem) {
        (None, Some(problem)) => (problem.label.to_owned(), Role::BadgeStale),
        (None, None) => ("reading…".to_owned(), Role::Info),
        (Some(taken), Some(problem)) => (format!("{}, read {} ago", problem.label, age(crate::model::freshness::age(taken, app.now))), Role::BadgeStale),
        (Some(taken), None) => read_remark(app, taken, app.freshness(polled)),
    }
}

/// What is said while rows do not stand in the order of their sorting.
fn order_words<K: Clone + Eq + Hash>(list: &ListState<K>, app: &App) -> Option<(String, Role)> {
    let belong = |count: usize| if count == 1 { "belongs" } else { "belong" };
    let words = match list.disorder(app.now.instant)? {
        Disorder::Held(left) => format!("order held {} s", left.as_millis().div_ceil(1_000)),
        Disorder::BelongAbove(rows) => format!("{rows} below {} above the cursor, g sorts", belong(rows)),
        Disorder::BelongBelow(rows) => format!("{rows} above {} below the cursor, g sorts", belong(rows)),
    };
    Some((words, Role::Warning))
}

/// Takes the colours of health from a pane whose rows are older than promised.
fn fade_if_stale(polled: Polled, app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    if app.freshness(polled).is_stale() {
        fade(area, look, buffer);
    }
}

/// The role of a part of a title, which means nothing once that is old what it counts.
fn unless_stale(polled: Polled, role: Role, app: &App) -> Role {
    if app.freshness(polled).is_stale() { Role::Faint } else { role }
}

/// What an empty pane says while a scope is on.
fn nothing_within(what: &str, app: &App) -> (String, Role) {
    let scope = app.scoping.scope();
    if scope.needs_categories() && app.snapshot.definitions.get().is_none() {
        return ("Reading process definitions, whose categories the scope asks for…".to_owned(), Role::Muted);
    }
    (format!("No {what} within the scope {}; f chooses another.", scope.label()), Role::Muted)
}
