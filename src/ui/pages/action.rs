//! An action under way or over: how far it is, what it came to, and one row a target.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::action::ledger::{Ending, Ledger, PausedBy, Stage, put_back};
use crate::action::outcome::Class;
use crate::app::App;
use crate::app::pages::action::{ActionPage, HEAD};
use crate::text::{Align, age, count_exact, truncate, wrap_words};
use crate::theme::Role;
use crate::ui::look::{Look, Pen};
use crate::ui::table::{Cell, Column, Row, Table, Title, Width};

const COLUMNS: [Column; 4] = [
    Column { title: "OUTCOME", width: Width::Share { least: 34, weight: 6 }, align: Align::Left, rank: 0 },
    Column { title: "TARGET", width: Width::Share { least: 16, weight: 4 }, align: Align::Left, rank: 1 },
    Column { title: "BUSINESS KEY", width: Width::Share { least: 10, weight: 2 }, align: Align::Left, rank: 2 },
    // Its first letters tell one from the others; all of it where there is room.
    Column { title: "ID", width: Width::Share { least: 9, weight: 4 }, align: Align::Left, rank: 4 },
];

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
                Some(ended) => format!("took {}, ended {} ago", age(ended.since(ledger.began)), age(app.now.since(ended))),
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
        Stage::Paused(PausedBy::Canary(_)) => ("PAUSED: failures among the first few".to_owned(), Role::BadgePaused),
        Stage::Paused(PausedBy::Failures(_)) => ("PAUSED: too many failed".to_owned(), Role::BadgePaused),
        Stage::Paused(PausedBy::Login(_)) => ("PAUSED: another user is logged in".to_owned(), Role::BadgePaused),
        Stage::Paused(PausedBy::Engine(_)) => ("PAUSED: the engine".to_owned(), Role::BadgePaused),
        Stage::Verifying if ledger.sent < ledger.steps => ("no more is sent, reading back".to_owned(), Role::Info),
        Stage::Verifying => ("all sent, reading back".to_owned(), Role::Info),
        Stage::Over(Ending::Done) => ("ended".to_owned(), Role::Muted),
        Stage::Over(Ending::Stopped) => ("STOPPED".to_owned(), Role::Warning),
        Stage::Over(Ending::Failed(_)) => ("BROKEN OFF".to_owned(), Role::Critical),
    }
}

/// One paragraph of the head.
pub(super) struct Paragraph {
    pub(super) parts: Vec<(String, Role)>,
    /// The lower, the sooner it is given the lines that it wants beyond its first.
    pub(super) rank: u8,
}

impl Paragraph {
    fn text(&self) -> String {
        self.parts.iter().map(|(text, _)| text.as_str()).collect()
    }

    /// The roles of a line that begins behind so many letters of the paragraph, blanks not counted: wrapping drops and adds only those.
    fn styled(&self, line: &str, before: usize) -> Vec<(String, Role)> {
        let mut roles = self.parts.iter().flat_map(|(text, role)| text.chars().filter(|c| !c.is_whitespace()).map(move |_| *role)).skip(before);
        let mut spans: Vec<(String, Role)> = Vec::new();
        for letter in line.chars() {
            let last = spans.last().map(|(_, role)| *role);
            let role = if letter.is_whitespace() { last } else { roles.next().or(last) }.unwrap_or(Role::Text);
            match spans.last_mut().filter(|(_, last)| *last == role) {
                Some((text, _)) => text.push(letter),
                None => spans.push((letter.to_string(), role)),
            }
        }
        spans
    }
}

fn draw_head(app: &App, ledger: &Ledger, sum: &[(String, Option<Class>)], look: &Look, area: Rect, buffer: &mut Buffer) {
    // One line stays free above the rows.
    let lines = fitted(&paragraphs(app, ledger, sum), area.width.into(), usize::from(area.height.saturating_sub(1)));
    for (line, spans) in (0..).zip(lines) {
        if let Some(mut pen) = Pen::new(buffer, area, line) {
            for (text, role) in spans {
                pen.write(&text, look.style(role));
            }
        }
    }
}

fn paragraphs(app: &App, ledger: &Ledger, sum: &[(String, Option<Class>)]) -> Vec<Paragraph> {
    let held = match &ledger.stage {
        Stage::Paused(PausedBy::Canary(why) | PausedBy::Failures(why) | PausedBy::Engine(why)) => {
            Some(format!("Nothing is being sent. c continues anyway, S stops. It paused because: {why}"))
        }
        Stage::Paused(PausedBy::Login(why)) => Some(format!("Nothing is being sent; logging in as that user again continues, S stops. {why}")),
        Stage::Paused(PausedBy::Operator) => Some("Nothing is being sent; what was sent is read back. space continues, S stops.".to_owned()),
        Stage::Over(Ending::Failed(why)) => Some(why.clone()),
        _ => None,
    };
    let offer = offer(app, ledger);
    let is_back = matches!(offer, Some((_, Role::Ok)));
    // What was asked for may have come about, and something beside it be left otherwise than it was to be.
    let spoiled = !ledger.look.is_empty() && !is_back && ledger.outcomes.iter().all(|outcome| outcome.class() == Class::Good);
    let counted = sum.iter().map(|(words, class)| (words.clone(), class.map_or(Role::Text, |class| if spoiled { Role::Warning } else { class_role(class) })));
    let one = |text: String, role| vec![(text, role)];
    let note = ledger.notes.last().map(|(at, note)| (format!("{} ago: {note}", age(app.now.since(*at))), Role::Muted));
    // What happened last gives way to what can be done about it.
    let note = note.filter(|_| offer.is_none());
    let more = if ledger.look.len() > 1 { format!(" (and {} more: w writes them all)", ledger.look.len() - 1) } else { String::new() };
    // What somebody has to look at stays in sight, whatever happens after it.
    let attention = ledger.look.first().filter(|_| !is_back).map(|first| (format!("{first}{more}"), Role::Critical));
    let all = [
        Some((one(ledger.sentence.clone(), Role::Text), 3)),
        Some((counted.collect(), 1)),
        attention.map(|(text, role)| (one(text, role), 0)),
        offer.map(|(text, role)| (one(text, role), 0)),
        held.map(|held| (held, Role::Warning)).or(note).map(|(text, role)| (one(text, role), 2)),
        Some((one(progress_words(ledger, app.now), Role::Muted), 4)),
    ];
    let all = all.into_iter().flatten().map(|(parts, rank)| Paragraph { parts, rank });
    all.filter(|paragraph| paragraph.parts.iter().any(|(text, _)| !text.is_empty())).collect()
}

/// The lines of all paragraphs: each has its first, and what room is left goes to what matters most.
pub(super) fn fitted(paragraphs: &[Paragraph], width: usize, height: usize) -> Vec<Vec<(String, Role)>> {
    let wrapped: Vec<Vec<String>> = paragraphs.iter().map(|paragraph| wrap_words(&paragraph.text(), width)).collect();
    let mut order: Vec<usize> = (0..paragraphs.len()).collect();
    order.sort_by_key(|place| paragraphs[*place].rank);
    // Where there is not even a line for each, what matters most has one.
    let mut shown = vec![0; paragraphs.len()];
    for place in order.iter().take(height) {
        shown[*place] = wrapped[*place].len().min(1);
    }
    for place in order {
        let room = height.saturating_sub(shown.iter().sum());
        if shown[place] > 0 {
            shown[place] += room.min(wrapped[place].len() - shown[place]);
        }
    }
    let lines = wrapped.into_iter().zip(shown).zip(paragraphs);
    let styled = |((lines, shown), paragraph): ((Vec<String>, usize), &Paragraph)| {
        let mut before = 0;
        let spans = ended(lines, shown, width).into_iter().map(|line| {
            let spans = paragraph.styled(&line, before);
            before += line.chars().filter(|c| !c.is_whitespace()).count();
            spans
        });
        spans.collect::<Vec<_>>()
    };
    lines.flat_map(styled).collect()
}

/// The first lines, and a mark where there are more.
fn ended(mut lines: Vec<String>, shown: usize, width: usize) -> Vec<String> {
    let cut = lines.len() > shown;
    lines.truncate(shown);
    if let Some(last) = lines.last_mut().filter(|_| cut) {
        *last = truncate(&format!("{last}\u{2026}"), width).into_owned();
    }
    lines
}

/// What can be done about jobs that were left otherwise than they were to be kept, or that it was done.
fn offer(app: &App, ledger: &Ledger) -> Option<(String, Role)> {
    if !ledger.leaves_held() {
        return None;
    }
    Some(match put_back(&app.acting.ledgers, &ledger.plan.action, ledger.origin()) {
        Some(by) => (format!("What it left is put back since, by {}.", by.plan.action), Role::Ok),
        None => ("P plans to put the jobs back: suspended, due as before.".to_owned(), Role::Accent),
    })
}

/// How an outcome of this class looks, in a row and in the summary.
fn class_role(class: Class) -> Role {
    match class {
        Class::Good => Role::Ok,
        Class::Bad => Role::Critical,
        Class::Waiting | Class::Unknown => Role::Warning,
        Class::Open => Role::Info,
        Class::Untouched => Role::Muted,
    }
}

fn progress_words(ledger: &Ledger, now: crate::model::section::Moment) -> String {
    let reading = &ledger.reading;
    let mut parts = vec![format!("{} of {} requests sent", count_exact(ledger.sent as u64), count_exact(ledger.steps as u64))];
    if matches!(ledger.stage, Stage::Sending) && ledger.steps > 1 {
        parts.push(format!("{:.1} a second", ledger.pace));
        let left = ledger.steps.saturating_sub(ledger.sent);
        parts.extend(
            crate::action::pace::lasts(left, ledger.pace, now.wall, &ledger.plan.zone)
                .map(|lasts| format!("{lasts} for the other {}", count_exact(left as u64))),
        );
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
        let role = class_role(outcome.class());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_paragraph_keeps_its_colour_where_it_wraps() {
        let parts = [("97 succeeded", Role::Ok), (", ", Role::Text), ("3 failed again", Role::Critical)];
        let paragraph = Paragraph { parts: parts.map(|(text, role)| (text.to_owned(), role)).to_vec(), rank: 0 };
        let lines = fitted(&[paragraph], 16, 9);
        let span = |text: &str, role| (text.to_owned(), role);
        assert_eq!(
            lines,
            [vec![span("97 succeeded", Role::Ok), span(", ", Role::Text), span("3", Role::Critical)], vec![span("failed again", Role::Critical)]]
                .map(|line| line.into_iter().filter(|(text, _)| !text.trim().is_empty()).collect::<Vec<_>>())
        );
    }

    #[test]
    fn what_matters_most_gets_the_lines_that_are_left_and_what_is_cut_says_so() {
        let words = |count: usize| "word ".repeat(count);
        let all: Vec<Paragraph> = [(words(9), 3), (words(8), 1), (words(7), 2)]
            .into_iter()
            .map(|(text, rank)| Paragraph { parts: vec![(text.trim().to_owned(), Role::Text)], rank })
            .collect();
        let line = |spans: Vec<(String, Role)>| spans.into_iter().map(|(text, _)| text).collect::<String>();
        let lines = |height| fitted(&all, 10, height).into_iter().map(line).collect::<Vec<_>>();
        // Two words a line: five, four and four lines.
        assert_eq!(lines(20).len(), 13);
        assert_eq!(lines(7), ["word word\u{2026}", "word word", "word word", "word word", "word word", "word word", "word word\u{2026}"]);
        for height in 0..13 {
            assert_eq!(lines(height).len(), height);
        }
        assert_eq!(lines(1), ["word word\u{2026}"], "the first by rank");
    }
}
