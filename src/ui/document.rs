//! Drawing a document: labelled fields, headings, remarks, foreign text, with wrapping and painted hits.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation as _;

use super::look::{Look, Pen};
use crate::app::document::{Document, Line, Tone};
use crate::text::{truncate, width};
use crate::theme::Role;

/// Cells of the label column.
const LABEL: usize = 15;

/// Draws the lines of a document that are on the screen.
pub fn draw(page: &Document, look: &Look, body: Rect, buffer: &mut Buffer) {
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

/// What a title says of the search that is on, if one is.
pub fn search_words(page: &Document) -> Option<(String, Role)> {
    let hits = page.hits().len();
    let at = page.hits().iter().position(|hit| *hit >= page.top).map_or(hits, |position| position + 1);
    (!page.needle.is_empty()).then(|| (format!("/{}/ {at} of {hits}", truncate(&page.needle, 24)), Role::Match))
}

/// The place in the document, for the end of a title.
pub fn place_words(page: &Document) -> String {
    format!("line {} of {}", page.top + 1, page.len())
}

/// The colour of a tone.
pub fn tone_role(tone: Tone) -> Role {
    match tone {
        Tone::Plain => Role::Text,
        Tone::Warning => Role::Warning,
        Tone::Suspended => Role::BadgeSuspended,
        Tone::Critical => Role::Critical,
        Tone::Muted => Role::Muted,
    }
}

/// Draws one line of the page and returns how many rows it took.
fn draw_line(page: &Document, line: &Line, hit: bool, look: &Look, area: Rect, buffer: &mut Buffer) -> u16 {
    match line {
        Line::Blank => 1,
        Line::Field(label, value, tone) => {
            if let Some(mut pen) = Pen::new(buffer, area, 0) {
                pen.cell(label, LABEL, crate::text::Align::Left, look.style(Role::Muted));
            }
            let indent = u16::try_from(LABEL).unwrap_or(0).min(area.width);
            let rest = Rect { x: area.x + indent, width: area.width - indent, ..area };
            wrapped(page, (value, split_between_words), hit, look.style(tone_role(*tone)), look, rest, buffer)
        }
        Line::Heading(text) => {
            if let Some(mut pen) = Pen::new(buffer, area, 0) {
                pen.write(text, look.style(Role::Header));
            }
            1
        }
        Line::Text(text) => wrapped(page, (text, split_at_width), hit, look.style(Role::Text), look, area, buffer),
        Line::Remark(text, tone) => wrapped(page, (text, split_between_words), hit, look.style(tone_role(*tone)), look, area, buffer),
    }
}

/// Draws a text that may take several rows: our own words break between words, foreign text anywhere.
fn wrapped(page: &Document, (text, split): (&str, fn(&str, usize) -> usize), hit: bool, style: Style, look: &Look, area: Rect, buffer: &mut Buffer) -> u16 {
    let room = usize::from(area.width);
    if room == 0 {
        return 1;
    }
    let mut rest = text;
    let mut rows = 0;
    loop {
        let cut = if page.wrap { split(rest, room) } else { rest.len() };
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
    let mut cells = 0;
    for (at, sign) in text.grapheme_indices(true) {
        cells += width(sign);
        if cells > room && at > 0 {
            return at;
        }
    }
    text.len()
}

/// The same between two words, where there is a blank to break at.
fn split_between_words(text: &str, room: usize) -> usize {
    let cut = split_at_width(text, room);
    if cut == text.len() || text[cut..].starts_with(' ') {
        return cut;
    }
    text[..cut].rfind(' ').map_or(cut, |blank| blank + 1)
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
        assert_eq!(split_at_width("abcde", 4), 4, "one sign too many");
        assert_eq!(split_between_words("ab cd ef", 7), 6);
        assert_eq!(split_between_words("ab cd ef", 5), 5, "the blank after a word needs no room");
        assert_eq!(split_between_words("abcdefgh", 5), 5);
        assert_eq!(split_at_width("支付对账", 5), 6);
        assert_eq!(split_at_width("支付", 1), 3);
    }
}
