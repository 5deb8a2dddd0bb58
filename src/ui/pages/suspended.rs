//! What is suspended: one row a thing, what is to happen first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;
use crate::app::pages::suspended::{Row as SuspendedRow, RowKey, SuspendedPage};
use crate::model::inquiry::Inquiry;
use crate::model::suspension::Suspended;
use crate::text::{Align, count_exact};
use crate::theme::Role;
use crate::ui::freshness::{fade, read_remark};
use crate::ui::look::{Look, Pen};
use crate::ui::table::{Cell, Column, Row, Table, Title, Width};

const COLUMNS: [Column; 4] = [
    Column { title: "KIND", width: Width::Fixed(18), align: Align::Left, rank: 0 },
    Column { title: "STATE", width: Width::Share { least: 24, weight: 2 }, align: Align::Left, rank: 0 },
    Column { title: "WHAT", width: Width::Share { least: 24, weight: 5 }, align: Align::Left, rank: 0 },
    Column { title: "BUSINESS KEY", width: Width::Share { least: 12, weight: 2 }, align: Align::Left, rank: 2 },
];

/// Draws the page.
pub fn draw(app: &App, page: &SuspendedPage, look: &Look, area: Rect, buffer: &mut Buffer) {
    let standing = app.inquiry_freshness(&Inquiry::Suspended);
    let remark = page.read.map_or_else(|| ("reading\u{2026}".to_owned(), Role::Muted), |read| read_remark(app, read, standing));
    Title { path: super::path(app, ["Suspended".to_owned()]), summary: Vec::new(), remark, focused: true, look }.draw(area, buffer);
    draw_body(app, page, look, area, buffer);
    if standing.is_stale() {
        fade(Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }, look, buffer);
    }
}

fn draw_body(app: &App, page: &SuspendedPage, look: &Look, area: Rect, buffer: &mut Buffer) {
    let head = Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(3), height: area.height.saturating_sub(1).min(2) };
    for (line, (text, role)) in (0..head.height).zip(head_words(app, page)) {
        if let Some(mut pen) = Pen::new(buffer, head, line) {
            pen.write(&text, look.style(role));
        }
    }
    let body = Rect { y: area.y + 3.min(area.height), height: area.height.saturating_sub(3), ..area };
    if page.rows.is_empty() {
        let text =
            if page.found.is_some() { "Nothing is suspended, and nothing is to be suspended or resumed later." } else { "Reading what is suspended\u{2026}" };
        if let Some(mut pen) = Pen::new(buffer, body, 0) {
            pen.skip(2).write(text, look.style(Role::Muted));
        }
        return;
    }
    let rows = page.list.visible().map(|(key, selected)| match page.row(key) {
        Some(row) => Row { cells: cells(app, row), selected, marked: page.list.marks().contains(key), ghost: None },
        None => gone(page.vanished(key), selected),
    });
    Table { columns: &COLUMNS, sort: (usize::MAX, false), rows: rows.collect(), window: page.list.window(), focused: true }.draw(look, body, buffer);
}

/// A row that has gone: a timer that is not there any more has fired or was called off, and what it did stands further down.
fn gone(row: Option<&SuspendedRow>, selected: bool) -> Row {
    let Some(row) = row else { return Row { cells: Vec::new(), selected, marked: false, ghost: Some("not suspended any more") } };
    let state = match (&row.key, &row.timed) {
        (RowKey::Timed(_), Some(timed)) if timed.suspend => "has fired or was called off: look below",
        (RowKey::Timed(_), _) => "has fired or was called off",
        _ => "not suspended any more",
    };
    let cells = vec![
        Cell::new("gone", Role::Faint),
        Cell::new(state, Role::Faint),
        Cell::new(row.label.clone(), Role::Faint),
        Cell::new(row.business_key.as_ref().map(ToString::to_string).unwrap_or_default(), Role::Faint),
    ];
    Row { cells, selected, marked: false, ghost: None }
}

fn head_words(app: &App, page: &SuspendedPage) -> Vec<(String, Role)> {
    let counted = |kind: fn(&RowKey) -> bool| page.count(kind);
    let mut parts = vec![
        format!("process definitions {}", counted(|key| matches!(key, RowKey::Process(_)))),
        format!("job definitions {}", counted(|key| matches!(key, RowKey::JobDefinition(_)))),
    ];
    if let Some(found) = &page.found {
        parts.push(format!("instances {}", count_exact(found.counts.instances)));
        parts.push(jobs_words(found));
    }
    let later = match counted(|key| matches!(key, RowKey::Timed(_))) {
        0 => String::new(),
        timed => format!("{timed} ordered for later \u{b7} "),
    };
    let mut lines = vec![(format!("{later}SUSPENDED: {}", parts.join(" \u{b7} ")), if page.rows.is_empty() { Role::Muted } else { Role::Warning })];
    let timed_problem = page.found.as_ref().and_then(|found| found.timed.as_ref().err());
    lines.push(match page.problem.as_ref().or(timed_problem) {
        Some(problem) => (format!("{}. {}", problem.what, problem.remedy), Role::Warning),
        None if app.scoping.scope().is_on() => ("The whole engine is shown here, whatever the scope.".to_owned(), Role::Muted),
        None if counted(|key| matches!(key, RowKey::Job(_))) > 0 => {
            ("A job that is suspended alone wakes when its instance is suspended and resumed.".to_owned(), Role::Muted)
        }
        None => ("A job definition stops neither external tasks nor user tasks, nor jobs whose instance was resumed since.".to_owned(), Role::Muted),
    });
    lines
}

/// How many jobs are suspended, and how many of them stand still because of it.
fn jobs_words(found: &Suspended) -> String {
    let waiting = match found.counts.waiting {
        0 => String::new(),
        1 => ", 1 waits".to_owned(),
        many => format!(", {} wait", count_exact(many)),
    };
    let read = if found.jobs_whole() { "" } else { " (too many to tell which are suspended alone)" };
    format!("jobs {}, whatever suspended them{waiting}{read}", count_exact(found.counts.jobs))
}

fn suspended(row: &SuspendedRow) -> String {
    row.jobs.words().map_or_else(|| "SUSPENDED".to_owned(), |jobs| format!("SUSPENDED, {jobs}"))
}

fn cells(app: &App, row: &SuspendedRow) -> Vec<Cell> {
    let clock = |at: jiff::Timestamp| at.to_zoned(app.settings.zone.clone()).strftime("%m-%d %H:%M:%S").to_string();
    let (kind, state, role) = match (&row.key, &row.timed) {
        (RowKey::Timed(_), Some(timed)) => {
            let by = timed.user.as_ref().map_or_else(String::new, |user| format!(" by {user}"));
            ("at a time", format!("{} at {}{by}", if timed.suspend { "suspends" } else { "resumes" }, clock(timed.at)), Role::Info)
        }
        (RowKey::Timed(_), None) => ("at a time", String::new(), Role::Info),
        (RowKey::Process(_), _) => ("process definition", "SUSPENDED: starts by call activity only".to_owned(), Role::BadgeSuspended),
        (RowKey::JobDefinition(_), _) => ("job definition", suspended(row), Role::BadgeSuspended),
        (RowKey::Instance(_), _) => ("process instance", suspended(row), Role::BadgeSuspended),
        (RowKey::Job(_), _) => ("job", format!("SUSPENDED alone, {}", row.jobs.state().unwrap_or("active")), Role::BadgeSuspended),
    };
    vec![
        Cell::new(kind, Role::Muted),
        Cell::new(state, role),
        Cell::new(row.label.clone(), Role::Text),
        Cell::new(row.business_key.as_ref().map(ToString::to_string).unwrap_or_default(), Role::Text),
    ]
}
