//! How the screen looks: palette and characters, handed to everything that draws, and the pen, which cannot write beside the screen. Whoever
//! draws without the pen uses `put` or a widget on an area that `on_screen` has cut.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::text::{Align, pad, truncate, width};
use crate::theme::{Role, Symbols, Theme};

/// Palette and characters.
#[derive(Clone, Debug)]
pub struct Look {
    /// The palette.
    pub theme: Theme,
    /// The characters.
    pub symbols: &'static Symbols,
}

impl Look {
    /// Style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }
}

/// The part of an area that lies on the screen: widgets index the buffer with what they are given.
pub(super) fn on_screen(area: Rect, frame: &Frame<'_>) -> Rect {
    area.intersection(frame.area())
}

/// Writes one symbol, if the place lies within `area` and on the screen.
pub(super) fn put(buffer: &mut Buffer, area: Rect, (column, line): (usize, usize), symbol: &str, style: Style) {
    let place = u16::try_from(column).ok().zip(u16::try_from(line).ok());
    let Some((column, line)) = place.filter(|(column, line)| *column < area.width && *line < area.height) else { return };
    if let Some(mut pen) = Pen::new(buffer, area, line) {
        pen.skip(column.into()).write(symbol, style);
    }
}

/// A pen that writes parts one after the other on one line and stops at its right end.
pub struct Pen<'a> {
    buffer: &'a mut Buffer,
    x: u16,
    y: u16,
    end: u16,
}

impl<'a> Pen<'a> {
    /// A pen at the left end of a line of `area`, as far as that lies on the screen; none outside. Whatever was calculated wrongly on a small
    /// screen, nothing can be written beside the buffer.
    pub fn new(buffer: &'a mut Buffer, area: Rect, line: u16) -> Option<Self> {
        let y = area.y.checked_add(line).filter(|_| line < area.height)?;
        let row = buffer.area.intersection(Rect { y, height: 1, ..area });
        (row.height == 1).then(|| Self { x: row.x, y, end: row.right(), buffer })
    }

    /// Cells left.
    pub fn room(&self) -> usize {
        usize::from(self.end.saturating_sub(self.x))
    }

    /// Writes text, truncated to the room.
    pub fn write(&mut self, text: &str, style: Style) -> &mut Self {
        let text = truncate(text, self.room());
        self.buffer.set_stringn(self.x, self.y, &text, self.room(), style);
        self.x += u16::try_from(width(&text)).unwrap_or(u16::MAX).min(self.end.saturating_sub(self.x));
        self
    }

    /// Writes text into exactly this many cells.
    pub fn cell(&mut self, text: &str, cells: usize, align: Align, style: Style) -> &mut Self {
        let cells = cells.min(self.room());
        self.write(&pad(text, cells, align), style)
    }

    /// Leaves cells out.
    pub fn skip(&mut self, cells: usize) -> &mut Self {
        self.x = self.x.saturating_add(u16::try_from(cells).unwrap_or(u16::MAX)).min(self.end);
        self
    }

    /// Writes text at the right end, if there is room for it behind what is written, and gives the room before it back.
    pub fn right(&mut self, text: &str, style: Style) -> bool {
        let cells = width(text);
        if cells + 1 > self.room() {
            return false;
        }
        let x = self.end - u16::try_from(cells).unwrap_or(u16::MAX);
        self.buffer.set_stringn(x, self.y, text, cells, style);
        self.end = x - 1;
        true
    }

    /// Fills the rest of the line with a character.
    pub fn fill(&mut self, symbol: &str, style: Style) {
        for x in self.x..self.end {
            self.buffer.set_string(x, self.y, symbol, style);
        }
        self.x = self.end;
    }
}
