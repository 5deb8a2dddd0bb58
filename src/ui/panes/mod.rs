//! One file a pane: each turns its rows into a table.

pub mod incidents;
pub mod job_definitions;

use std::time::Duration;

use crate::app::App;
use crate::model::section::Section;
use crate::text::age;
use crate::theme::Role;

/// How old a section is, for the right end of a title.
fn age_remark<T>(section: &Section<T>, app: &App) -> (String, Role) {
    match (section.age(app.now), &section.problem) {
        (None, Some(problem)) => (problem.label.to_owned(), Role::BadgeStale),
        (None, None) => ("reading…".to_owned(), Role::Info),
        (Some(old), Some(problem)) => (format!("{}, read {} ago", problem.label, age(old)), Role::BadgeStale),
        (Some(old), None) if old >= Duration::from_secs(60) => (format!("read {} ago", age(old)), Role::Warning),
        (Some(old), None) => (format!("read {} ago", age(old)), Role::Muted),
    }
}
