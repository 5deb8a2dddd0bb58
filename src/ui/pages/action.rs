//! An action under way or over: how far it is, what it came to, and one row a target.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::action::ledger::{Ending, Ledger, PausedBy, Stage};
use crate::action::outcome::Class;
use crate::app::App;
use crate::app::pages::action::{ActionPage, HEAD};
use crate::text::{Align, age, count_exact, wrap_words};
use crate::theme::Role;
use crate::ui::look::{Look, Pen};
use crate::ui::table::{Cell, Column, Row, Table, Title, Width};

const COLUMNS: [Column; 4] = [
    Column { title: "OUTCOME", width: Width::Share { least: 30, weight: 6 }, align: Align::Left, rank: 0 },
    Column { title: "TARGET", width: Width::Share { least: 16, weight: 4 }, align: Align::Left, rank: 1 },
    Column { title: "BUSINESS KEY", width: Width::Share { least: 10, weight: 2 }, align: Align::Left, rank: 2 },
    Column { title: "ID", width: Width::Fixed(36), align: Align::Left, rank: 4 },
];

/// Lines the sum of the outcomes may take.
const SUM: usize = 3;

/// Draws the page.
pub fn draw(app: &App, page: &ActionPage, look: &Look, area: Rect, buffer: &mut Buffer) {
    title(app, page, look).draw(area, buffer);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if let (None, Some(why)) = (&page.ledger, &page.not_begun) {
        for (line, part) in (0..).zip(wrap_words(&format!("NOT BEGUN, nothing was sent. {why}"), usize::from(body.width.saturating_sub(4)))) {
            if let Some(mut pen) = Pen::new(buffer, body, line) {
                pen.skip(2).write(&part, look.style(Role::Critical));
            }
        }
        return;
    }
    let Some(ledger) = &page.ledger else {
        if let Some(mut pen) = Pen::new(buffer, body, 0) {
            let waited = age(app.now.since(page.since));
            pen.skip(2).write(&format!("Writing into the journal first, then it begins: {waited}\u{2026}"), look.style(Role::Muted));
        }
        return;
    };
    let head = u16::try_from(HEAD).unwrap_or(0).min(body.height);
    draw_head(app, ledger, &page.sum, look, Rect { x: body.x + 2, width: body.width.saturating_sub(3), height: head, ..body }, buffer);
    let below = Rect { y: body.y + head, height: body.height - head, ..body };
    if below.height > 1 {
        table(app, page, ledger).draw(look, below, buffer);
    }
}

fn title<'a>(app: &App, page: &ActionPage, look: &'a Look) -> Title<'a> {
    let (own, summary, remark) = match &page.ledger {
        Some(ledger) => {
            let (words, role) = stage_words(ledger);
            let remark = match ledger.ended {
                Some(ended) => format!("took {}, over for {}", age(ended.since(ledger.began)), age(app.now.since(ended))),
                None => format!("for {}", age(app.now.since(ledger.began))),
            };
            (format!("Action: {}", ledger.plan.verb), vec![(words, role)], remark)
        }
        None => ("Action".to_owned(), Vec::new(), String::new()),
    };
    Title { path: super::path(app, [own]), summary, remark: (remark, Role::Muted), focused: true, look }
}

/// Where an action stands, in words that cannot be taken for success.
pub(super) fn stage_words(ledger: &Ledger) -> (String, Role) {
    match &ledger.stage {
        Stage::Canary => ("the first few go first".to_owned(), Role::Info),
        Stage::Sending => ("sending".to_owned(), Role::Info),
        Stage::Paused(PausedBy::Operator) => ("PAUSED by you".to_owned(), Role::BadgePaused),
        Stage::Paused(PausedBy::Canary(_)) => ("PAUSED: the first few did not do well".to_owned(), Role::BadgePaused),
        Stage::Paused(PausedBy::Failures(_)) => ("PAUSED: too many failed".to_owned(), Role::BadgePaused),
        Stage::Paused(PausedBy::Login(_)) => ("PAUSED: another user is logged in".to_owned(), Role::BadgePaused),
        Stage::Paused(PausedBy::Engine(_)) => ("PAUSED: the engine".to_owned(), Role::BadgePaused),
        Stage::Verifying if ledger.sent < ledger.steps => ("no more is sent, reading back".to_owned(), Role::Info),
        Stage::Verifying => ("all sent, reading back".to_owned(), Role::Info),
        Stage::Over(Ending::Done) => ("over".to_owned(), Role::Muted),
        Stage::Over(Ending::Stopped) => ("STOPPED".to_owned(), Role::Warning),
        Stage::Over(Ending::Failed(_)) => ("BROKEN OFF".to_owned(), Role::Critical),
    }
}

fn draw_head(app: &App, ledger: &Ledger, sum: &str, look: &Look, area: Rect, buffer: &mut Buffer) {
    let mut lines: Vec<(String, Role)> = Vec::new();
    lines.push((ledger.sentence.clone(), Role::Text));
    lines.push((sum.to_owned(), summary_role(ledger)));
    let held = match &ledger.stage {
        Stage::Paused(PausedBy::Canary(why) | PausedBy::Failures(why) | PausedBy::Engine(why)) => {
            Some(format!("Nothing is sent: c goes on all the same, S stops. {why}"))
        }
        Stage::Paused(PausedBy::Login(why)) => Some(format!("Nothing is sent; that user's login goes on, S stops. {why}")),
        Stage::Paused(PausedBy::Operator) => Some("Nothing is sent; what was sent is read back. space goes on, S stops.".to_owned()),
        Stage::Over(Ending::Failed(why)) => Some(why.clone()),
        _ => None,
    };
    let note = ledger.notes.last().map(|(at, note)| format!("{} ago: {note}", age(app.now.since(*at))));
    lines.push(held.map(|held| (held, Role::Warning)).or(note.map(|note| (note, Role::Muted))).unwrap_or_else(|| (String::new(), Role::Muted)));
    lines.push((progress_words(ledger), Role::Muted));
    // What somebody has to look at stays in sight, whatever happens after it.
    if let Some(first) = ledger.look.first() {
        let more = if ledger.look.len() > 1 { format!(" (and {} more: w writes them all)", ledger.look.len() - 1) } else { String::new() };
        lines.insert(2, (format!("{first}{more}"), Role::Critical));
    }
    let mut line = 0;
    for (place, (text, role)) in lines.iter().enumerate().filter(|(_, (text, _))| !text.is_empty()) {
        // The sum is what is looked for: it may take three lines.
        let most = match (place, role) {
            (1, _) => SUM,
            // Why nothing is sent, or no more.
            (_, Role::Warning) => 3,
            (_, Role::Critical) => 2,
            _ => 1,
        };
        for part in wrap_words(text, area.width.into()).into_iter().take(most) {
            if let Some(mut pen) = Pen::new(buffer, area, line) {
                pen.write(&part, look.style(*role));
            }
            line += 1;
        }
    }
}

fn summary_role(ledger: &Ledger) -> Role {
    let has = |class| ledger.outcomes.iter().any(|outcome| outcome.class() == class);
    if has(Class::Bad) {
        Role::Critical
    } else if has(Class::Unknown) || has(Class::Waiting) {
        Role::Warning
    } else if has(Class::Open) || has(Class::Untouched) {
        Role::Info
    } else {
        Role::Ok
    }
}

fn progress_words(ledger: &Ledger) -> String {
    let reading = &ledger.reading;
    let mut parts = vec![format!("{} of {} requests sent", count_exact(ledger.sent as u64), count_exact(ledger.steps as u64))];
    if matches!(ledger.stage, Stage::Sending) && ledger.steps > 1 {
        parts.push(format!("{:.1} a second", ledger.pace));
    }
    parts.push(format!("{} reads so far (at most {} a second, for {})", count_exact(reading.requests), reading.per_second, age(reading.at_most)));
    match &ledger.head {
        Some(head) => parts.push(format!("journal head {head}")),
        None => parts.push("NOT in the journal".to_owned()),
    }
    parts.join(" \u{b7} ")
}

fn table<'a>(app: &App, page: &ActionPage, ledger: &Ledger) -> Table<'a> {
    let now = app.snapshot.engine.engine_time(app.now);
    let rows = page.list.visible().map(|(index, selected)| {
        let (Some(target), Some(outcome)) = (ledger.plan.targets.get(*index), ledger.outcomes.get(*index)) else {
            return Row { cells: Vec::new(), selected, marked: false, ghost: Some("no longer there") };
        };
        let role = match outcome.class() {
            Class::Good => Role::Ok,
            Class::Bad => Role::Critical,
            Class::Waiting | Class::Unknown => Role::Warning,
            Class::Open => Role::Info,
            Class::Untouched => Role::Muted,
        };
        let cells = vec![
            Cell::new(outcome.words(&app.settings.zone, now), role),
            Cell::new(target.label.clone(), Role::Text),
            Cell::new(target.business_key.as_ref().map(ToString::to_string).unwrap_or_default(), Role::Text),
            Cell::new(crate::text::safe(target.id()).into_owned(), Role::Muted),
        ];
        Row { cells, selected, marked: false, ghost: None }
    });
    Table { columns: &COLUMNS, sort: (usize::MAX, false), rows: rows.collect(), window: page.list.window(), focused: true }
}
