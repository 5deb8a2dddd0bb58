//! A table of rows with a cursor: columns that give way when it gets narrow, heads that show the sorting, a scroll bar.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::look::{Look, Pen, put};
use crate::text::{Align, truncate, width};
use crate::theme::Role;

/// How wide a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Always so many cells.
    Fixed(u16),
    /// At least `least` cells, and its share of what is left by `weight`.
    Share {
        /// Fewest cells.
        least: u16,
        /// Share of the rest.
        weight: u16,
    },
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its head.
    pub title: &'static str,
    /// Its width.
    pub width: Width,
    /// Where its text stands.
    pub align: Align,
    /// Who gives way first when it gets narrow: the largest; 0 never.
    pub rank: u8,
}

/// One cell: text and role.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What stands before the text, in roles of its own: the branches of a tree, a symbol.
    pub lead: Vec<(String, Role)>,
    /// What it says; truncated where the column is too narrow.
    pub text: String,
    /// What stands behind it and is never truncated, such as a version.
    pub tail: String,
    /// What it means.
    pub role: Role,
}

impl Cell {
    /// A cell.
    pub fn new(text: impl Into<String>, role: Role) -> Self {
        Self { lead: Vec::new(), text: text.into(), tail: String::new(), role }
    }

    /// A cell with an end that is kept whole.
    pub fn with_tail(text: impl Into<String>, tail: impl Into<String>, role: Role) -> Self {
        Self { lead: Vec::new(), text: text.into(), tail: tail.into(), role }
    }

    /// The cell with this before its text.
    pub fn led_by(mut self, lead: Vec<(String, Role)>) -> Self {
        self.lead = lead;
        self
    }

    fn fitted(&self, cells: usize) -> String {
        let tail = truncate(&self.tail, cells / 2);
        format!("{}{tail}", truncate(&self.text, cells - width(&tail)))
    }
}

/// One row on the screen.
#[derive(Clone, Debug)]
pub struct Row {
    /// A cell for each column; a cell alone takes the whole line.
    pub cells: Vec<Cell>,
    /// Whether the cursor is on it.
    pub selected: bool,
    /// Whether it is marked.
    pub marked: bool,
    /// What to say if it exists no more.
    pub ghost: Option<&'static str>,
}

/// What a table shows.
#[derive(Debug)]
pub struct Table<'a> {
    /// The columns.
    pub columns: &'a [Column],
    /// The column that sorts and whether its natural direction is turned round.
    pub sort: (usize, bool),
    /// The rows on the screen.
    pub rows: Vec<Row>,
    /// First row on the screen and number of rows.
    pub window: (usize, usize),
    /// Whether the pane has the focus.
    pub focused: bool,
}

/// Cells left of the first column: the cursor and the mark.
pub const GUTTER: u16 = 2;

/// Widths of the columns in so many cells; none for those that give way.
pub fn fit(columns: &[Column], available: u16) -> Vec<Option<u16>> {
    let least = |column: &Column| match column.width {
        Width::Fixed(cells) => cells,
        Width::Share { least, .. } => least,
    };
    let mut shown: Vec<bool> = vec![true; columns.len()];
    let needed = |shown: &[bool]| -> u16 {
        let cells: u16 = columns.iter().zip(shown).filter(|(_, shown)| **shown).map(|(column, _)| least(column)).sum();
        cells + u16::try_from(shown.iter().filter(|shown| **shown).count().saturating_sub(1)).unwrap_or(0)
    };
    while needed(&shown) > available {
        let candidate = columns.iter().enumerate().filter(|(index, column)| shown[*index] && column.rank > 0).max_by_key(|(_, column)| column.rank);
        match candidate {
            Some((index, _)) => shown[index] = false,
            None => break,
        }
    }
    let mut rest = available.saturating_sub(needed(&shown));
    let weight = |column: &Column| match column.width {
        Width::Fixed(_) => 0,
        Width::Share { weight, .. } => weight,
    };
    let mut weights: u16 = columns.iter().zip(&shown).filter(|(_, shown)| **shown).map(|(column, _)| weight(column)).sum();
    columns
        .iter()
        .zip(&shown)
        .map(|(column, shown)| {
            shown.then(|| {
                let share = if weights == 0 { 0 } else { u16::try_from(u32::from(rest) * u32::from(weight(column)) / u32::from(weights)).unwrap_or(0) };
                rest -= share;
                weights -= weight(column);
                least(column) + share
            })
        })
        .collect()
}

impl Table<'_> {
    /// Draws heads and rows; `area` is one line higher than the rows.
    pub fn draw(&self, look: &Look, area: Rect, buffer: &mut Buffer) {
        if area.width < GUTTER + 4 || area.height == 0 {
            return;
        }
        let scrolls = self.window.1 > usize::from(area.height - 1);
        let inner = Rect { width: area.width - u16::from(scrolls), ..area };
        let widths = fit(self.columns, inner.width - GUTTER);
        self.draw_heads(look, inner, &widths, buffer);
        for (line, row) in self.rows.iter().enumerate().take(usize::from(area.height - 1)) {
            self.draw_row(look, inner, u16::try_from(line).unwrap_or(u16::MAX) + 1, row, &widths, buffer);
        }
        if scrolls {
            self.draw_scroll_bar(look, area, buffer);
        }
    }

    fn draw_heads(&self, look: &Look, area: Rect, widths: &[Option<u16>], buffer: &mut Buffer) {
        let Some(mut pen) = Pen::new(buffer, area, 0) else { return };
        pen.skip(GUTTER.into());
        for (index, (column, cells)) in self.columns.iter().zip(widths).enumerate() {
            let Some(cells) = cells else { continue };
            let arrow = if self.sort.1 { look.symbols.up } else { look.symbols.down };
            let title = if self.sort.0 == index { format!("{}{arrow}", column.title) } else { column.title.to_owned() };
            pen.cell(&title, (*cells).into(), column.align, look.style(Role::Header)).skip(1);
        }
    }

    /// Draws one row on a line of `area`, for lists whose rows have different columns.
    pub fn draw_row(&self, look: &Look, area: Rect, line: u16, row: &Row, widths: &[Option<u16>], buffer: &mut Buffer) {
        let selection = match (row.selected, self.focused) {
            (false, _) => None,
            (true, true) => Some(look.style(Role::Selection)),
            (true, false) => Some(look.style(Role::SelectionInactive)),
        };
        let over = |style: Style| selection.map_or(style, |selection| merge(style, selection));
        if let Some(selection) = selection {
            buffer.set_style(Rect { y: area.y + line, height: 1, ..area }, selection);
        }
        let Some(mut pen) = Pen::new(buffer, area, line) else { return };
        pen.write(if row.selected { look.symbols.cursor } else { " " }, over(look.style(Role::Accent)));
        pen.write(if row.marked { look.symbols.mark } else { " " }, over(look.style(Role::Mark)));
        if let Some(ghost) = row.ghost {
            pen.write(ghost, over(look.style(Role::Muted)));
            pen.fill(" ", over(look.style(Role::Muted)));
            return;
        }
        if let ([cell], true) = (row.cells.as_slice(), self.columns.len() > 1) {
            let mut room = pen.room();
            draw_lead(&mut pen, cell, &mut room, over, look);
            pen.write(&cell.fitted(room), over(look.style(cell.role)));
            pen.fill(" ", over(look.style(Role::Text)));
            return;
        }
        let mut first = true;
        for ((column, cells), cell) in self.columns.iter().zip(widths).zip(&row.cells) {
            let Some(cells) = cells else { continue };
            if !std::mem::take(&mut first) {
                pen.write(" ", over(look.style(Role::Text)));
            }
            let mut room = usize::from(*cells);
            draw_lead(&mut pen, cell, &mut room, over, look);
            pen.cell(&cell.fitted(room), room, column.align, over(look.style(cell.role)));
        }
        pen.fill(" ", over(look.style(Role::Text)));
    }

    /// Draws the scroll bar at the right end of `area`, below the heads.
    pub fn draw_scroll_bar(&self, look: &Look, area: Rect, buffer: &mut Buffer) {
        let height = usize::from(area.height.saturating_sub(1));
        let (offset, total) = self.window;
        let thumb = (height * height / total.max(1)).max(1).min(height);
        let top = if total > height { (height - thumb) * offset.min(total - height) / (total - height) } else { 0 };
        for line in 0..height {
            let inside = line >= top && line < top + thumb;
            let (symbol, role) = if inside { (look.symbols.scrollbar.thumb, Role::Muted) } else { (look.symbols.scrollbar.track, Role::Faint) };
            put(buffer, area, (usize::from(area.width.saturating_sub(1)), line + 1), symbol, look.style(role));
        }
    }
}

fn draw_lead(pen: &mut Pen<'_>, cell: &Cell, room: &mut usize, over: impl Fn(Style) -> Style, look: &Look) {
    for (text, role) in &cell.lead {
        let text = truncate(text, *room);
        *room -= width(&text);
        pen.write(&text, over(look.style(*role)));
    }
}

/// Puts a selection over a style: the selection's background, the cell's own colour unless the selection has one. A badge stays as it is, for
/// its colour is made for its own background.
fn merge(style: Style, selection: Style) -> Style {
    if style.bg.is_some_and(|bg| bg != Color::Reset) {
        return style.add_modifier(selection.add_modifier & Modifier::BOLD);
    }
    let mut merged = style.patch(selection);
    if selection.fg.is_none() {
        merged.fg = style.fg;
    }
    merged.add_modifier(style.add_modifier & Modifier::BOLD)
}

/// Cells that the last part of a title keeps at least.
const FEWEST: usize = 12;

/// A title line: the title left, a remark right, a rule between.
pub struct Title<'a> {
    /// Parts of the title, the last one being where one is.
    pub path: Vec<String>,
    /// What stands behind it.
    pub summary: Vec<(String, Role)>,
    /// What stands at the right end, such as an age.
    pub remark: (String, Role),
    /// Whether the pane has the focus.
    pub focused: bool,
    /// Palette and characters.
    pub look: &'a Look,
}

impl Title<'_> {
    /// Cells of what stands behind the path.
    fn behind(&self) -> usize {
        self.summary.iter().map(|(text, _)| 2 + width(text)).sum()
    }

    /// How many of the first parts of the path are left out, for the last one and what stands behind it to be whole.
    fn left_out(&self, room: usize) -> usize {
        let cells = |from: usize| self.path[from..].iter().map(|part| width(part) + 3).sum::<usize>().saturating_sub(3) + self.behind();
        (0..self.path.len().saturating_sub(1)).find(|from| cells(*from) <= room).unwrap_or(self.path.len().saturating_sub(1))
    }

    /// Draws the title on the first line of `area`.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer) {
        let look = self.look;
        let (rule, border) =
            if self.focused { (look.symbols.border_focused.horizontal_top, Role::BorderFocused) } else { (look.symbols.border.horizontal_top, Role::Border) };
        let Some(mut pen) = Pen::new(buffer, area, 0) else { return };
        pen.write(rule, look.style(border)).skip(1);
        let (remark, role) = &self.remark;
        if !remark.is_empty() && area.width > 40 {
            pen.right(rule, look.style(border));
            pen.right(remark, look.style(*role));
        }
        let last = self.path.len().saturating_sub(1);
        let room = pen.room();
        for (index, part) in self.path.iter().enumerate().skip(self.left_out(room)) {
            let role = match (index == last, self.focused) {
                (false, _) => Role::Breadcrumb,
                (true, true) => Role::Title,
                (true, false) => Role::Muted,
            };
            // A name gives way to what is said of it, down to a few letters.
            let cells = if index == last { pen.room().saturating_sub(self.behind()).max(FEWEST) } else { pen.room() };
            pen.write(&truncate(part, cells), look.style(role));
            if index != last {
                pen.write(&format!(" {} ", look.symbols.arrow), look.style(Role::Faint));
            }
        }
        for (text, role) in &self.summary {
            pen.write("  ", look.style(Role::Text)).write(text, look.style(*role));
        }
        pen.skip(1).fill(rule, look.style(border));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn column(least: u16, weight: u16, rank: u8) -> Column {
        let width = if weight == 0 { Width::Fixed(least) } else { Width::Share { least, weight } };
        Column { title: "x", width, align: Align::Left, rank }
    }

    #[test]
    fn a_badge_stays_readable_under_the_cursor() {
        let badge = Style::new().fg(Color::Black).bg(Color::Magenta);
        let selection = Style::new().bg(Color::Blue).add_modifier(Modifier::BOLD);
        assert_eq!(merge(badge, selection), badge.add_modifier(Modifier::BOLD));
        assert_eq!(merge(Style::new().fg(Color::Red), selection), selection.fg(Color::Red));
    }

    #[test]
    fn the_highest_rank_gives_way_first_and_the_rest_is_shared_by_weight() {
        let columns = [column(5, 0, 0), column(10, 1, 1), column(6, 0, 3), column(10, 3, 2)];
        assert_eq!(fit(&columns, 54), [Some(5), Some(15), Some(6), Some(25)]);
        assert_eq!(fit(&columns, 30), [Some(5), Some(10), None, Some(13)]);
        assert_eq!(fit(&columns, 20), [Some(5), Some(14), None, None]);
        assert_eq!(fit(&columns, 8), [Some(5), None, None, None]);
    }

    proptest! {
        #[test]
        fn columns_never_exceed_the_room(specs in prop::collection::vec((1u16..20, 0u16..4, 1u8..9), 1..10), room in 0u16..250) {
            let columns: Vec<Column> = specs.into_iter().map(|(least, weight, rank)| column(least, weight, rank)).collect();
            let widths = fit(&columns, room);
            let shown = u16::try_from(widths.iter().flatten().count()).unwrap();
            let used: u16 = widths.iter().flatten().sum::<u16>() + shown.saturating_sub(1);
            prop_assert!(used <= room || shown == 0);
        }
    }
}
