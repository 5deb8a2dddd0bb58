//! The timeline of one instance: one row an event, silences, what is hidden, and more about the selected row.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;
use crate::app::pages::timeline::{Standing, TimelinePage, Told};
use crate::app::pages::{PREVIEW, has_preview};
use crate::model::history::JobEvent;
use crate::model::naming;
use crate::model::snapshot::Snapshot;
use crate::model::timeline::words::{Weight, lasting};
use crate::model::timeline::{Event, Row as TimelineRow, What};
use crate::text::{Align, age, count_exact, truncate, wrap_words};
use crate::theme::Role;
use crate::ui::freshness::read_remark;
use crate::ui::look::{Look, Pen};
use crate::ui::table::{Cell, Column, Row, Table, Title, Width};

const COLUMNS: [Column; 6] = [
    Column { title: "AGO", width: Width::Fixed(8), align: Align::Right, rank: 0 },
    Column { title: "TIME", width: Width::Fixed(14), align: Align::Left, rank: 3 },
    Column { title: "SINCE START", width: Width::Fixed(12), align: Align::Right, rank: 5 },
    Column { title: "WHAT", width: Width::Share { least: 26, weight: 8 }, align: Align::Left, rank: 0 },
    Column { title: "WHERE", width: Width::Share { least: 14, weight: 3 }, align: Align::Left, rank: 2 },
    Column { title: "BY", width: Width::Share { least: 8, weight: 2 }, align: Align::Left, rank: 4 },
];

/// Draws the page.
pub fn draw(app: &App, page: &TimelinePage, look: &Look, area: Rect, buffer: &mut Buffer) {
    let whole = app.whole();
    title(app, page, &whole, look).draw(area, buffer);
    let mut body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let preview = has_preview(body.height.into());
    let lines = if preview { u16::try_from(PREVIEW).unwrap_or(0) } else { 0 };
    let below = Rect { y: body.y + body.height.saturating_sub(lines), height: lines.min(body.height), ..body };
    for notice in &page.notices {
        if let Some(mut pen) = Pen::new(buffer, body, 0) {
            pen.skip(2).write(notice, look.style(Role::Warning));
            body = Rect { y: body.y + 1, height: body.height - 1, ..body };
        }
    }
    let rows = Rect { height: body.height.saturating_sub(lines), ..body };
    if page.list.window().1 == 0 {
        draw_nothing(app, page, &whole, look, rows, buffer);
    } else {
        table(app, page, &whole, look).draw(look, rows, buffer);
    }
    if preview {
        draw_preview(app, page, &whole, look, below, buffer);
    }
}

fn title<'a>(app: &App, page: &TimelinePage, whole: &Snapshot, look: &'a Look) -> Title<'a> {
    let names = whole.names();
    let process = page.definition.as_ref().map(|id| format!("{}{}", truncate(&naming::process(&names, id), 40), naming::version(&names, id)));
    let mut summary = Vec::new();
    if let Some(key) = page.gathered.instance.as_ref().and_then(|instance| instance.business_key.as_ref()) {
        summary.push((truncate(&key.to_string(), 24).into_owned(), Role::Text));
    }
    summary.extend(match page.standing {
        Standing::Unknown => None,
        Standing::Running => Some(("running".to_owned(), Role::Muted)),
        Standing::Suspended => Some(("SUSPENDED".to_owned(), Role::BadgeSuspended)),
        Standing::Over => Some((page.gathered.instance.as_ref().map_or("ended", |instance| instance.state.words()).to_owned(), Role::Muted)),
        Standing::Gone => Some(("GONE".to_owned(), Role::BadgeStale)),
    });
    if page.only_trouble {
        summary.push(("only failures and operations".to_owned(), Role::Info));
    }
    if !page.filter.is_empty() {
        summary.push((format!("/{}/", truncate(page.filter.typed(), 24)), Role::Match));
    }
    let events = count_exact(page.total as u64);
    let (read, role) = match page.read {
        _ if !page.is_settled(whole) => (", reading…".to_owned(), Role::Muted),
        Some(read) => {
            let (words, role) = read_remark(app, read, app.page_freshness());
            (format!(", {words}"), role)
        }
        None => (String::new(), Role::Muted),
    };
    let remark = format!("{events} events{read}");
    let path = super::path(app, ["Timeline".to_owned(), process.unwrap_or_else(|| page.instance.to_string())]);
    Title { path, summary, remark: (remark, role), focused: true, look }
}

fn draw_nothing(app: &App, page: &TimelinePage, whole: &Snapshot, look: &Look, area: Rect, buffer: &mut Buffer) {
    let (text, role) = if page.total > 0 && !page.filter.is_empty() {
        ("No event passes the filter: esc clears it.".to_owned(), Role::Muted)
    } else if page.total > 0 {
        ("No failure, no incident and no operation of a user is known: o shows everything.".to_owned(), Role::Muted)
    } else if !page.is_settled(whole) {
        let paused = if app.paused() { " Polling is paused: p resumes it." } else { "" };
        (format!("Reading what happened to instance {}…{paused}", page.instance), Role::Muted)
    } else if page.standing == Standing::Gone {
        let why = "its history was deleted or never kept, or this login may not see it";
        (format!("Nothing is known of instance {}: {why}. esc leads back.", page.instance), Role::Warning)
    } else {
        (format!("The history holds nothing about instance {}. esc leads back.", page.instance), Role::Warning)
    };
    for (line, part) in (0..area.height.saturating_sub(1)).zip(wrap_words(&text, usize::from(area.width.saturating_sub(4)))) {
        if let Some(mut pen) = Pen::new(buffer, area, line + 1) {
            pen.skip(2).write(&part, look.style(role));
        }
    }
}

fn table<'a>(app: &App, page: &TimelinePage, whole: &Snapshot, look: &Look) -> Table<'a> {
    let now = whole.engine.engine_time(app.now);
    let rows = page.list.visible().map(|(key, selected)| {
        let told = page.told(key);
        let mut cells = told.map_or_else(Vec::new, |told| cells(app, page, told, now, look));
        if page.list.is_ghost(key) {
            cells.iter_mut().for_each(|cell| cell.role = Role::Faint);
        }
        Row { cells, selected, marked: false, ghost: if told.is_none() { Some("no longer there") } else { None } }
    });
    Table { columns: &COLUMNS, sort: (if page.oldest_first { usize::MAX } else { 0 }, false), rows: rows.collect(), window: page.list.window(), focused: true }
}

fn cells(app: &App, page: &TimelinePage, told: &Told, now: Timestamp, look: &Look) -> Vec<Cell> {
    let blank = || Cell::new("", Role::Text);
    let (event, complete) = match &told.row {
        TimelineRow::Event(event, complete) => (event, *complete),
        TimelineRow::Gap(_) => return vec![blank(), blank(), blank(), Cell::new(told.what.clone(), Role::Faint), blank(), blank()],
        TimelineRow::Older => return vec![blank(), blank(), blank(), Cell::new(told.what.clone(), Role::Warning), blank(), blank()],
    };
    let (symbol, role) = appearance(told.weight, look);
    let fainter = |role| if complete { role } else { Role::Faint };
    let ago = Duration::try_from(now.duration_since(event.at)).unwrap_or_default();
    let time = event.at.to_zoned(app.settings.zone.clone()).strftime("%m-%d %H:%M:%S").to_string();
    let since = page.started().and_then(|started| Duration::try_from(event.at.duration_since(started)).ok());
    vec![
        Cell::new(age(ago), fainter(Role::Muted)),
        Cell::new(time, fainter(Role::Muted)),
        Cell::new(since.map_or_else(String::new, |since| format!("+{}", lasting(since))), fainter(Role::Muted)),
        Cell::new(told.what.clone(), fainter(role)).led_by(vec![(format!("{symbol} "), fainter(role))]),
        Cell::new(told.place.clone(), fainter(if role == Role::Muted { Role::Muted } else { Role::Text })),
        Cell::new(event.by.as_ref().map(ToString::to_string).unwrap_or_default(), fainter(if role == Role::Accent { Role::Accent } else { Role::Muted })),
    ]
}

fn appearance(weight: Weight, look: &Look) -> (&'static str, Role) {
    match weight {
        Weight::Failure => (look.symbols.failed, Role::Root),
        Weight::Blocked => (look.symbols.hollow_dot, Role::Blocked),
        Weight::Relief => (look.symbols.done, Role::Ok),
        Weight::Deed => (look.symbols.mark, Role::Accent),
        Weight::Warning => (look.symbols.warning, Role::Warning),
        Weight::Plain => (" ", Role::Text),
        Weight::Muted => (" ", Role::Muted),
    }
}

/// What the columns have no room for.
fn draw_preview(app: &App, page: &TimelinePage, whole: &Snapshot, look: &Look, area: Rect, buffer: &mut Buffer) {
    let Some(mut pen) = Pen::new(buffer, area, 0) else { return };
    pen.fill(look.symbols.border.horizontal_top, look.style(Role::Border));
    let mut lines: Vec<(String, Role)> = Vec::new();
    match page.selected() {
        Some(told) => match &told.row {
            TimelineRow::Event(event, complete) => {
                lines.push((facts(app, event, whole), Role::Muted));
                lines.push((told.what.clone(), appearance(told.weight, look).1));
                if !complete {
                    lines.push(("Around this event others may be missing: they were not read.".to_owned(), Role::Warning));
                }
            }
            TimelineRow::Gap(_) => {
                lines.push(("So long nothing is known to have happened; usually events follow each other much faster.".to_owned(), Role::Muted))
            }
            TimelineRow::Older => lines.push((page.missing(), Role::Warning)),
        },
        None if page.list.selected_key().is_some() => lines.push(("This row is no longer there; it goes with the next key.".to_owned(), Role::Muted)),
        None => lines.push((format!("instance {}", page.instance), Role::Muted)),
    }
    let room = usize::from(area.width.saturating_sub(4));
    let wrapped = lines.into_iter().flat_map(|(text, role)| wrap_words(&text, room).into_iter().map(move |part| (part, role)));
    for (line, (text, role)) in (1..area.height).zip(wrapped) {
        if let Some(mut pen) = Pen::new(buffer, area, line) {
            pen.skip(2).write(&text, look.style(role));
        }
    }
}

/// When exactly, and the ids.
fn facts(app: &App, event: &Event, whole: &Snapshot) -> String {
    let mut facts = vec![event.at.to_zoned(app.settings.zone.clone()).strftime("%Y-%m-%d %H:%M:%S%.3f %:z").to_string()];
    facts.extend(event.activity.as_ref().map(|activity| format!("activity {activity}")));
    match &event.what {
        What::Job(attempt) => {
            facts.push(format!("job {}", attempt.job));
            facts.extend(event.by.as_ref().map(|node| format!("node {node}")));
            facts.extend(attempt.failed_at.as_ref().map(|failed| format!("failed at activity {failed}")));
            if attempt.event == JobEvent::Failed {
                facts.push("enter: stack trace".to_owned());
            }
        }
        What::Entered(visit) | What::Passed(visit, _) | What::Left(visit, _) => {
            facts.extend(visit.assignee.as_ref().map(|assignee| format!("assignee {assignee}")));
            if let Some(called) = &visit.called {
                facts.push(format!("called instance {called}"));
                facts.push("enter: its tree".to_owned());
            }
        }
        What::Opened(trouble) => {
            facts.push(format!("incident {}", trouble.incident));
            if whole.incident(&trouble.incident).is_some() {
                facts.push("enter: everything about it".to_owned());
            }
        }
        What::Operation(_) | What::Variable(_) => facts.extend(event.by.as_ref().map(|user| format!("by {user}"))),
        What::Started(..) => facts.extend(event.by.as_ref().map(|user| format!("started by {user}"))),
        What::Over(..) | What::Closed(..) => {}
    }
    facts.join("   ")
}
