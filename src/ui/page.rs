//! The describe page: fields, message, stack trace.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::look::{Look, Pen};
use super::table::Title;
use crate::app::App;
use crate::app::page::{Line, Page, Tone};
use crate::model::grouping::Names as _;
use crate::text::{age, truncate, width};
use crate::theme::Role;

/// Cells of the label column.
const LABEL: usize = 15;

/// Draws the page.
pub fn draw(app: &App, page: &Page, look: &Look, area: Rect, buffer: &mut Buffer) {
    title(app, page, look).draw(area, buffer);
    let body = Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(3), height: area.height.saturating_sub(1) };
    let mut row = 0;
    let mut index = page.top;
    while row < body.height
        && let Some(line) = page.line(index)
    {
        let hit = page.hits().binary_search(&index).is_ok();
        row += draw_line(page, &line, hit, look, Rect { y: body.y + row, height: body.height - row, ..body }, buffer);
        index += 1;
    }
}

fn title<'a>(app: &App, page: &Page, look: &'a Look) -> Title<'a> {
    let mut summary = Vec::new();
    if page.gone {
        summary.push(("NO LONGER OPEN".to_owned(), Role::BadgeStale));
    }
    if !page.needle.is_empty() {
        let hits = page.hits().len();
        let at = page.hits().iter().position(|hit| *hit >= page.top).map_or(hits, |position| position + 1);
        summary.push((format!("/{}/ {at} of {hits}", truncate(&page.needle, 24)), Role::Match));
    }
    let line = format!("line {} of {}", page.top + 1, page.len());
    let remark = match &page.description {
        Some(description) => format!("{line}, read {} ago", age(app.now.since(description.read))),
        None => "reading…".to_owned(),
    };
    Title { path: vec!["Incidents".to_owned(), place(app, page)], summary, remark: (remark, Role::Muted), focused: true, look }
}

/// Where the incident stands: process and activity, or its id before these are known.
fn place(app: &App, page: &Page) -> String {
    let incident = &page.known.incident;
    let names = app.snapshot.names();
    let process =
        incident.process_definition.as_ref().map(|id| names.process_name(id).map_or_else(|| names.process_key(id).to_string(), |name| name.to_string()));
    let activity = incident.activity.as_ref().map(|activity| {
        let name = incident.process_definition.as_ref().and_then(|id| names.activity_name(id, activity));
        name.map_or_else(|| activity.to_string(), |name| name.to_string())
    });
    match (process, activity) {
        (Some(process), Some(activity)) => format!("{} / {}", truncate(&process, 40), truncate(&activity, 40)),
        _ => incident.id.to_string(),
    }
}

fn tone_role(tone: Tone) -> Role {
    match tone {
        Tone::Plain => Role::Text,
        Tone::Warning => Role::Warning,
        Tone::Critical => Role::Critical,
        Tone::Muted => Role::Muted,
    }
}

/// Draws one line of the page and returns how many rows it took.
fn draw_line(page: &Page, line: &Line, hit: bool, look: &Look, area: Rect, buffer: &mut Buffer) -> u16 {
    match line {
        Line::Blank => 1,
        Line::Field(label, value, tone) => {
            if let Some(mut pen) = Pen::new(buffer, area, 0) {
                pen.cell(label, LABEL, crate::text::Align::Left, look.style(Role::Muted));
            }
            let indent = u16::try_from(LABEL).unwrap_or(0).min(area.width);
            let rest = Rect { x: area.x + indent, width: area.width - indent, ..area };
            wrapped(page, value, hit, look.style(tone_role(*tone)), look, rest, buffer)
        }
        Line::Heading(text) => {
            if let Some(mut pen) = Pen::new(buffer, area, 0) {
                pen.write(text, look.style(Role::Header));
            }
            1
        }
        Line::Text(text) => wrapped(page, text, hit, look.style(Role::Text), look, area, buffer),
        Line::Remark(text, tone) => wrapped(page, text, hit, look.style(tone_role(*tone)), look, area, buffer),
    }
}

fn wrapped(page: &Page, text: &str, hit: bool, style: Style, look: &Look, area: Rect, buffer: &mut Buffer) -> u16 {
    let room = usize::from(area.width);
    if room == 0 {
        return 1;
    }
    let mut rest = text;
    let mut rows = 0;
    loop {
        let cut = if page.wrap { split_at_width(rest, room) } else { rest.len() };
        let (part, next) = rest.split_at(cut);
        if let Some(mut pen) = Pen::new(buffer, area, rows) {
            write_with_hits(&mut pen, part, if hit { &page.needle } else { "" }, style, look);
        }
        rows += 1;
        rest = next;
        if rest.is_empty() || rows >= area.height {
            return rows;
        }
    }
}

/// The byte index where `text` fills `room` cells; at least one character, so that wrapping always ends.
fn split_at_width(text: &str, room: usize) -> usize {
    if width(text) <= room {
        return text.len();
    }
    let kept = truncate(text, room + 1);
    let bytes = kept.strip_suffix('…').map_or(kept.len(), str::len);
    if bytes == 0 { text.chars().next().map_or(0, char::len_utf8) } else { bytes.min(text.len()) }
}

fn write_with_hits(pen: &mut Pen<'_>, text: &str, needle: &str, style: Style, look: &Look) {
    let needle = needle.trim().to_lowercase();
    let lower = text.to_lowercase();
    // Case folding may change lengths; then hits are not painted rather than painted wrongly.
    if needle.is_empty() || lower.len() != text.len() {
        pen.write(text, style);
        return;
    }
    let mut from = 0;
    while let Some(at) = lower[from..].find(&needle).map(|at| at + from) {
        let end = at + needle.len();
        if !text.is_char_boundary(at) || !text.is_char_boundary(end) {
            break;
        }
        pen.write(&text[from..at], style).write(&text[at..end], look.style(Role::Match));
        from = end;
    }
    pen.write(&text[from..], style);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_split_at_the_width_and_wrapping_always_ends() {
        assert_eq!(split_at_width("abcdef", 4), 4);
        assert_eq!(split_at_width("abc", 4), 3);
        assert_eq!(split_at_width("支付对账", 5), 6);
        assert_eq!(split_at_width("支付", 1), 3);
    }
}
