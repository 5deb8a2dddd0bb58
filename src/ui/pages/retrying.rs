//! What will be tried again: one row a group, folded out one row a job or external task.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;
use crate::app::pages::retrying::RetryingPage;
use crate::model::naming;
use crate::model::retrying::{Group, Next, Retrying, Work};
use crate::text::{Align, age, count_exact, plural};
use crate::theme::Role;
use crate::ui::look::{Look, Pen};
use crate::ui::table::{Cell, Column, Row, Table, Title, Width};

const COLUMNS: [Column; 6] = [
    Column { title: "WHAT", width: Width::Fixed(12), align: Align::Left, rank: 0 },
    Column { title: "LEFT", width: Width::Fixed(5), align: Align::Right, rank: 0 },
    Column { title: "NEXT ATTEMPT", width: Width::Fixed(22), align: Align::Left, rank: 0 },
    Column { title: "PROCESS", width: Width::Share { least: 14, weight: 2 }, align: Align::Left, rank: 2 },
    Column { title: "ACTIVITY", width: Width::Share { least: 12, weight: 2 }, align: Align::Left, rank: 3 },
    Column { title: "ERROR", width: Width::Share { least: 16, weight: 5 }, align: Align::Left, rank: 1 },
];

/// Draws the page.
pub fn draw(app: &App, page: &RetryingPage, look: &Look, area: Rect, buffer: &mut Buffer) {
    let remark = match page.read.map(|read| app.now.since(read)) {
        Some(read) if read < Duration::from_secs(1) => "read just now".to_owned(),
        Some(read) => format!("read {} ago", age(read)),
        None => "reading\u{2026}".to_owned(),
    };
    let title = "Failed, retries left".to_owned();
    Title { path: super::path(app, [title]), summary: Vec::new(), remark: (remark, Role::Muted), focused: true, look }.draw(area, buffer);
    let head = Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(3), height: area.height.saturating_sub(1).min(2) };
    for (line, (text, role)) in (0..head.height).zip(head_words(app, page)) {
        if let Some(mut pen) = Pen::new(buffer, head, line) {
            pen.write(&text, look.style(role));
        }
    }
    let body = Rect { y: area.y + 3.min(area.height), height: area.height.saturating_sub(3), ..area };
    if page.groups.is_empty() && page.list.window().1 == 0 {
        let text = if page.found.is_some() { "Nothing that failed waits for another attempt." } else { "Reading\u{2026}" };
        if let Some(mut pen) = Pen::new(buffer, body, 0) {
            pen.skip(2).write(text, look.style(Role::Muted));
        }
        return;
    }
    let now = app.snapshot.engine.engine_time(app.now);
    let rows = page.list.visible().map(|(key, selected)| {
        let cells = match page.row(key) {
            Some((group, None)) => group_cells(app, page, group, now),
            Some((_, Some(work))) => work_cells(page, work, now),
            None => Vec::new(),
        };
        let ghost = cells.is_empty().then_some("no longer there: went through, out of retries, or cancelled");
        Row { cells, selected, marked: page.list.marks().contains(key), ghost }
    });
    Table { columns: &COLUMNS, sort: (usize::MAX, false), rows: rows.collect(), window: page.list.window(), focused: true }.draw(look, body, buffer);
}

fn head_words(app: &App, page: &RetryingPage) -> Vec<(String, Role)> {
    let Some(found) = &page.found else { return page.problem.iter().map(|problem| (format!("{}. {}", problem.what, problem.remedy), Role::Warning)).collect() };
    let counts = format!("{} and {} failed and have retries left: no incidents yet", jobs_words(found), tasks_words(found));
    let second = match &page.problem {
        Some(problem) => (format!("{}. {}", problem.what, problem.remedy), Role::Warning),
        None if app.scoping.scope().is_on() => ("The whole engine is shown here, whatever the scope.".to_owned(), Role::Muted),
        None => ("R on a job makes it due now. A worker fetches an external task; a takes one back from its worker.".to_owned(), Role::Muted),
    };
    vec![(counts, if page.groups.is_empty() { Role::Muted } else { Role::Warning }), second]
}

fn jobs_words(found: &Retrying) -> String {
    let (read, total) = (found.jobs.rows.len() as u64, found.jobs.total.unwrap_or(0));
    if total > read { format!("{} jobs ({} of them listed)", count_exact(total), count_exact(read)) } else { plural(read, "job") }
}

fn tasks_words(found: &Retrying) -> String {
    let (read, of) = found.tasks_looked_at;
    let tasks = plural(found.tasks.len() as u64, "external task");
    if of > read { format!("at least {tasks} ({} of {} fetched ones looked at)", count_exact(read), count_exact(of)) } else { tasks }
}

fn next_words(next: Next, now: Timestamp) -> (String, Role) {
    let within = |at: Timestamp| age(Duration::try_from(at.duration_since(now)).unwrap_or_default());
    match next {
        Next::Suspended => ("SUSPENDED".to_owned(), Role::BadgeSuspended),
        Next::Now => ("now".to_owned(), Role::Text),
        Next::At(at) => (format!("in {}", within(at)), Role::Text),
        Next::HeldOrAt(at) => (format!("held, or in {}", within(at)), Role::Text),
    }
}

fn left_role(left: i64) -> Role {
    if left <= 1 { Role::Critical } else { Role::Warning }
}

fn group_cells(app: &App, page: &RetryingPage, group: &Group, now: Timestamp) -> Vec<Cell> {
    let names = app.snapshot.names();
    let definition = group.work.first().and_then(Work::definition);
    let (least, most) = group.left();
    let left = if least == most { least.to_string() } else { format!("{least}-{most}") };
    let (next, role) = next_words(group.next(now), now);
    let fold = if page.is_open(&group.key) { "- " } else { "+ " };
    let what = plural(group.work.len() as u64, if group.key.tasks { "ext. task" } else { "job" });
    vec![
        Cell::new(format!("{fold}{what}"), Role::Warning),
        Cell::new(left, left_role(least)),
        Cell::new(next, role),
        Cell::new(definition.map_or_else(|| "work of the engine".to_owned(), |id| naming::process(&names, id)), Role::Text),
        Cell::new(group.key.activity.as_ref().map_or_else(|| "-".to_owned(), |activity| naming::activity(&names, definition, activity)), Role::Text),
        Cell::new(group.key.signature.to_string(), Role::Text),
    ]
}

fn work_cells(page: &RetryingPage, work: &Work, now: Timestamp) -> Vec<Cell> {
    let (next, role) = next_words(work.next(now), now);
    let (kind, own) = match work {
        Work::Job(_) => ("    job", None),
        Work::Task(task) => ("    ext. task", task.business_key.clone()),
    };
    let key = own.or_else(|| page.found.as_ref()?.business_keys.get(work.instance()?).cloned());
    let instance = work.instance().map_or_else(|| "-".to_owned(), ToString::to_string);
    vec![
        Cell::new(kind, Role::Muted),
        Cell::new(work.left().to_string(), left_role(work.left())),
        Cell::new(next, role),
        Cell::new(key.map_or_else(|| "(no business key)".to_owned(), |key| key.to_string()), Role::Text),
        Cell::new(instance, Role::Muted),
        Cell::new(work.message().map_or_else(|| "(no message)".to_owned(), ToString::to_string), Role::Text),
    ]
}
