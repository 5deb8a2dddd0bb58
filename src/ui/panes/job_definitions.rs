//! The job-definitions pane.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{age_remark, fade_if_stale, unless_stale};
use crate::app::App;
use crate::app::geometry::Pane;
use crate::app::job_definitions::{counts, kind_label, version};
use crate::model::freshness::Polled;
use crate::model::job::JobDefinition;
use crate::model::naming;
use crate::text::{Align, count_exact, count_short, truncate};
use crate::theme::Role;
use crate::ui::look::{Look, Pen};
use crate::ui::table::{Cell, Column, Row, Table, Title, Width};

/// In the order of `JobDefinitionColumn`.
const COLUMNS: &[Column] = &[
    Column { title: "STATE", width: Width::Fixed(10), align: Align::Left, rank: 0 },
    Column { title: "WAITING", width: Width::Fixed(8), align: Align::Right, rank: 2 },
    Column { title: "FAILED", width: Width::Fixed(7), align: Align::Right, rank: 1 },
    Column { title: "PROCESS", width: Width::Share { least: 12, weight: 3 }, align: Align::Left, rank: 0 },
    Column { title: "ACTIVITY", width: Width::Share { least: 14, weight: 3 }, align: Align::Left, rank: 0 },
    Column { title: "TYPE", width: Width::Share { least: 12, weight: 2 }, align: Align::Left, rank: 3 },
];

/// Draws the pane.
pub fn draw(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    title(app, look).draw(area, buffer);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let list = &app.job_definitions.list;
    let rows = list
        .visible()
        .map(|(id, selected)| {
            let found = app.job_definitions.find(id, &app.snapshot).filter(|_| !list.is_ghost(id));
            Row {
                cells: found.map(|row| cells(row, app)).unwrap_or_default(),
                selected,
                marked: list.marks().contains(id),
                ghost: found.is_none().then_some("no longer deployed"),
            }
        })
        .collect();
    let focused = app.focus == Pane::JobDefinitions;
    Table { columns: COLUMNS, sort: (list.sort_column, list.sort_reversed), rows, window: list.window(), focused }.draw(look, body, buffer);
    if list.window().1 == 0
        && let Some(mut pen) = Pen::new(buffer, body, 2.min(body.height.saturating_sub(1)))
    {
        let (text, role) = empty_words(app);
        pen.skip(2).write(&text, look.style(role));
    }
    fade_if_stale(Polled::JobDefinitions, app, look, body, buffer);
}

fn empty_words(app: &App) -> (String, Role) {
    match app.snapshot.job_definitions.get() {
        None => match &app.snapshot.job_definitions.problem {
            Some(problem) => (format!("Job definitions are not known: {}", problem.what), Role::Warning),
            None => ("Reading job definitions…".to_owned(), Role::Muted),
        },
        Some(_) if !app.job_definitions.filter().is_empty() => ("No row passes the filter; esc clears it.".to_owned(), Role::Muted),
        Some(_) if app.scoping.scope().is_on() => super::nothing_within("job definitions", app),
        Some(_) => ("No job definitions that this user may see.".to_owned(), Role::Muted),
    }
}

fn title<'a>(app: &App, look: &'a Look) -> Title<'a> {
    let mut summary = Vec::new();
    if let Some(rows) = app.snapshot.job_definitions.get() {
        summary.push((count_exact(rows.len() as u64), Role::Muted));
        let suspended = rows.iter().filter(|row| row.suspended).count();
        if suspended > 0 {
            summary.push((format!("{suspended} SUSPENDED"), unless_stale(Polled::JobDefinitions, Role::BadgeSuspended, app)));
        }
    }
    let pane = &app.job_definitions;
    summary.extend(super::order_words(&pane.list, app));
    if !pane.filter().is_empty() {
        summary.push((format!("filter /{}/", truncate(pane.filter().typed(), 24)), Role::Match));
    }
    if !pane.list.marks().is_empty() {
        summary.push((format!("{} marked", pane.list.marks().len()), Role::Mark));
    }
    Title {
        path: vec!["Job definitions".to_owned()],
        summary,
        remark: age_remark(&app.snapshot.job_definitions, Polled::JobDefinitions, app),
        focused: app.focus == Pane::JobDefinitions,
        look,
    }
}

fn cells(row: &JobDefinition, app: &App) -> Vec<Cell> {
    let (state, state_role) = if row.suspended { ("SUSPENDED", Role::BadgeSuspended) } else { ("active", Role::Muted) };
    let (waiting, failed) = count_cells(row, app);
    let mut tail = String::new();
    if let Some(version) = version(row, &app.snapshot) {
        tail.push_str(&format!(" v{version}"));
    }
    if let Some(tenant) = &row.tenant {
        tail.push_str(&format!(" @{tenant}"));
    }
    let place = naming::of_job_definition(row, &app.snapshot);
    vec![
        Cell::new(state, state_role),
        waiting,
        failed,
        Cell::with_tail(place.process.clone(), tail, Role::Text),
        Cell::new(place.what(), Role::Text),
        Cell::new(kind_label(row), Role::Muted),
    ]
}

/// Jobs waiting and failed: an ellipsis while they are being counted, a question mark if they cannot be.
fn count_cells(row: &JobDefinition, app: &App) -> (Cell, Cell) {
    if let Some(counts) = counts(row, &app.snapshot) {
        let waiting = counts.jobs.saturating_sub(counts.failed);
        let stale = app.snapshot.job_counts.get(&row.id).is_some_and(|section| app.row_freshness(section, Polled::Rows).is_stale());
        let fresh = |role| if stale { Role::Faint } else { role };
        let number = |count: u64, role| if count == 0 { Cell::new("0", Role::Faint) } else { Cell::new(count_short(count), fresh(role)) };
        return (number(waiting, Role::Text), number(counts.failed, Role::Critical));
    }
    let failed = app.snapshot.job_counts.get(&row.id).is_some_and(|section| section.problem.is_some());
    let cell = || if failed { Cell::new("?", Role::Unknown) } else { Cell::new("…", Role::Faint) };
    (cell(), cell())
}
