//! The pane of process definitions.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{age_remark, fade_if_stale, unless_stale};
use crate::app::App;
use crate::app::definitions::{Deployed, Figures, Process, RowId, Version};
use crate::app::geometry::Pane;
use crate::model::freshness::Polled;
use crate::text::{Align, age_short, count_exact, count_short, truncate};
use crate::theme::Role;
use crate::ui::look::{Look, Pen};
use crate::ui::table::{Cell, Column, Row, Table, Title, Width};

/// In the order of `DefinitionColumn`.
const COLUMNS: [Column; 9] = [
    Column { title: "PROCESS", width: Width::Share { least: 14, weight: 3 }, align: Align::Left, rank: 0 },
    Column { title: "VERSION", width: Width::Fixed(12), align: Align::Left, rank: 0 },
    Column { title: "STATE", width: Width::Fixed(12), align: Align::Left, rank: 2 },
    Column { title: "INSTANCES", width: Width::Fixed(10), align: Align::Right, rank: 0 },
    Column { title: "ROOTS", width: Width::Fixed(6), align: Align::Right, rank: 1 },
    Column { title: "FAILED JOBS", width: Width::Fixed(12), align: Align::Right, rank: 3 },
    Column { title: "DEPLOYED", width: Width::Fixed(9), align: Align::Right, rank: 4 },
    Column { title: "TENANT", width: Width::Share { least: 8, weight: 1 }, align: Align::Left, rank: 6 },
    Column { title: "KEY", width: Width::Share { least: 12, weight: 2 }, align: Align::Left, rank: 5 },
];

/// From this width on the date of a deployment stands beside its age.
const DATES_FROM: u16 = 130;

/// Where that column stands, and its width with the date.
const DEPLOYED: (usize, u16) = (6, 22);

/// Draws the pane.
pub fn draw(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    title(app, look).draw(area, buffer);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let mut columns = COLUMNS;
    let dates = area.width >= DATES_FROM;
    if dates {
        columns[DEPLOYED.0].width = Width::Fixed(DEPLOYED.1);
    }
    let (pane, list) = (&app.definitions, &app.definitions.list);
    let rows = list
        .visible()
        .map(|(id, selected)| {
            let found = pane.find(id).filter(|_| !list.is_ghost(id));
            let cells = found.map(|(process, version)| match id {
                RowId::Process(_) if process.folds() => process_cells(process, app, dates),
                _ => version_cells(process, version, id, app, dates),
            });
            Row {
                ghost: cells.is_none().then_some("no longer deployed, or no longer running"),
                cells: cells.unwrap_or_default(),
                selected,
                marked: list.marks().contains(id),
            }
        })
        .collect();
    let focused = app.focus == Pane::Definitions;
    Table { columns: &columns, sort: (list.sort_column, list.sort_reversed), rows, window: list.window(), focused }.draw(look, body, buffer);
    if list.window().1 == 0
        && let Some(mut pen) = Pen::new(buffer, body, 2.min(body.height.saturating_sub(1)))
    {
        let (text, role) = empty_words(app);
        pen.skip(2).write(&text, look.style(role));
    }
    fade_if_stale(Polled::Definitions, app, look, body, buffer);
    fade_if_stale(Polled::Statistics, app, look, body, buffer);
}

fn empty_words(app: &App) -> (String, Role) {
    let snapshot = &app.snapshot;
    let unread = snapshot.definitions.get().is_none() && snapshot.statistics.get().is_none();
    let problem = snapshot.definitions.problem.as_ref().or(snapshot.statistics.problem.as_ref());
    match problem {
        Some(problem) if unread => (format!("Process definitions are not known: {}", problem.what), Role::Warning),
        None if unread => ("Reading process definitions…".to_owned(), Role::Muted),
        _ if !app.definitions.filter().is_empty() => ("No row passes the filter; esc clears it.".to_owned(), Role::Muted),
        _ if app.definitions.only_draining() && snapshot.statistics.get().is_none() => match &snapshot.statistics.problem {
            Some(problem) => (format!("What still runs is not known: {}", problem.what), Role::Warning),
            None => ("Reading statistics…".to_owned(), Role::Muted),
        },
        _ if app.definitions.only_draining() => ("No instance runs on an old version; o shows all definitions.".to_owned(), Role::Ok),
        _ if app.scoping.scope().is_on() => super::nothing_within("process definitions", app),
        _ => ("No process definitions that this user may see.".to_owned(), Role::Muted),
    }
}

fn title<'a>(app: &App, look: &'a Look) -> Title<'a> {
    let pane = &app.definitions;
    let processes = pane.processes();
    let mut path = vec!["Process definitions".to_owned()];
    if pane.only_draining() {
        path.push("old versions still running".to_owned());
    }
    let mut summary = Vec::new();
    if !processes.is_empty() {
        let versions: usize = processes.iter().map(|process| process.versions.len()).sum();
        let of_versions = if versions == 1 { "version" } else { "versions" };
        summary.push((format!("{} with {} {of_versions}", count_exact(processes.len() as u64), count_exact(versions as u64)), Role::Muted));
        let suspended: usize = processes.iter().map(Process::suspended).sum();
        if suspended > 0 {
            summary.push((format!("{suspended} SUSPENDED"), unless_stale(Polled::Definitions, Role::BadgeSuspended, app)));
        }
    }
    summary.extend(super::order_words(&pane.list, app));
    if !pane.filter().is_empty() {
        summary.push((format!("filter /{}/", truncate(pane.filter().typed(), 24)), Role::Match));
    }
    if !pane.list.marks().is_empty() {
        summary.push((format!("{} marked", pane.list.marks().len()), Role::Mark));
    }
    Title { path, summary, remark: age_remark(&app.snapshot.statistics, Polled::Statistics, app), focused: app.focus == Pane::Definitions, look }
}

/// All versions of a process in one row.
fn process_cells(process: &Process, app: &App, dates: bool) -> Vec<Cell> {
    let newest = process.newest();
    let (suspended, draining) = (process.suspended(), process.draining());
    let state = if suspended == process.versions.len() {
        Cell::new("SUSPENDED", Role::BadgeSuspended)
    } else if suspended > 0 {
        Cell::new(format!("{suspended} SUSPENDED"), Role::BadgeSuspended)
    } else if draining > 0 {
        Cell::new(format!("{draining} draining"), Role::Info)
    } else {
        Cell::new("active", Role::Muted)
    };
    let fold = if app.definitions.is_open(&process.id) { "-" } else { "+" };
    let oldest = process.versions.last().map_or(0, |version| version.definition.version);
    let versions = format!("{fold} {}: v{oldest}-{}", process.versions.len(), newest.definition.version);
    row(newest, newest.label(), versions, state, process.figures(), app, dates)
}

/// One version; below its process it stands a little further in.
fn version_cells(process: &Process, version: &Version, id: &RowId, app: &App, dates: bool) -> Vec<Cell> {
    let state = match (version.definition.suspended, version.newest) {
        (true, _) => Cell::new("SUSPENDED", Role::BadgeSuspended),
        (_, true) if process.folds() => Cell::new("newest", Role::Muted),
        (_, true) => Cell::new("active", Role::Muted),
        _ if version.is_draining() => Cell::new("old, runs", Role::Info),
        _ => Cell::new("old", Role::Faint),
    };
    let within = matches!(id, RowId::Version(_)) && !app.definitions.only_draining();
    let label = if within { format!("  {}", version.label()) } else { version.label() };
    let tag = version.definition.version_tag.as_ref().map_or_else(String::new, |tag| format!(" {tag}"));
    row(version, label, format!("  v{}{tag}", version.definition.version), state, version.figures, app, dates)
}

fn row(version: &Version, label: String, versions: String, state: Cell, figures: Option<Figures>, app: &App, dates: bool) -> Vec<Cell> {
    let definition = &version.definition;
    let figure = |of: fn(Figures) -> u64, role| figure_cell(figures.map(of), role, app);
    vec![
        Cell::new(label, Role::Text),
        Cell::new(versions, Role::Muted),
        state,
        figure(|figures| figures.instances, Role::Text),
        figure(|figures| figures.roots, Role::Root),
        figure(|figures| figures.failed_jobs, Role::Critical),
        deployed_cell(version.deployed, app, dates),
        Cell::new(definition.tenant.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string), Role::Muted),
        Cell::new(definition.key.to_string(), Role::Muted),
    ]
}

/// A count: an ellipsis while it is being read, a question mark if it cannot be.
fn figure_cell(count: Option<u64>, role: Role, app: &App) -> Cell {
    match count {
        Some(0) => Cell::new("0", Role::Faint),
        Some(count) => Cell::new(count_short(count), role),
        None if app.snapshot.statistics.problem.is_some() => Cell::new("?", Role::Unknown),
        None => Cell::new("…", Role::Faint),
    }
}

fn deployed_cell(deployed: Deployed, app: &App, dates: bool) -> Cell {
    match deployed {
        Deployed::NotYet => Cell::new("…", Role::Faint),
        Deployed::Unknown => Cell::new("?", Role::Unknown),
        Deployed::At(time) => {
            let now = app.snapshot.engine.engine_time(app.now);
            let age = age_short(Duration::try_from(now.duration_since(time)).unwrap_or_default());
            if !dates {
                return Cell::new(age, Role::Muted);
            }
            let date = time.to_zoned(app.settings.zone.clone()).strftime("%Y-%m-%d %H:%M");
            Cell::new(format!("{age}  {date}"), Role::Muted)
        }
    }
}
