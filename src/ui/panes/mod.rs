//! One file a pane: each turns its rows into a table.

pub mod definitions;
pub mod incidents;
pub mod job_definitions;

use std::hash::Hash;
use std::time::Duration;

use crate::app::App;
use crate::app::list::{Disorder, ListState};
use crate::model::section::Section;
use crate::text::age;
use crate::theme::Role;

/// How old a section is, for the right end of a title.
fn age_remark<T>(section: &Section<T>, app: &App) -> (String, Role) {
    age_remark_from(Duration::from_secs(60), section, app)
}

/// The same, a warning from this age on.
fn age_remark_from<T>(warning: Duration, section: &Section<T>, app: &App) -> (String, Role) {
    match (section.age(app.now), &section.problem) {
        (None, Some(problem)) => (problem.label.to_owned(), Role::BadgeStale),
        (None, None) => ("reading…".to_owned(), Role::Info),
        (Some(old), Some(problem)) => (format!("{}, read {} ago", problem.label, age(old)), Role::BadgeStale),
        (Some(old), None) if old >= warning => (format!("read {} ago", age(old)), Role::Warning),
        (Some(old), None) => (format!("read {} ago", age(old)), Role::Muted),
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

/// What an empty pane says while a scope is on.
fn nothing_within(what: &str, app: &App) -> (String, Role) {
    let scope = app.scoping.scope();
    if scope.needs_categories() && app.snapshot.definitions.get().is_none() {
        return ("Reading process definitions, whose categories the scope asks for…".to_owned(), Role::Muted);
    }
    (format!("No {what} within the scope {}; f chooses another.", scope.label()), Role::Muted)
}
