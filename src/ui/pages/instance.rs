//! The page of an instance: its head, its parts with count, age and problem, and more about the selected row at the end.
//!
//! | part | what belongs there |
//! |---|---|
//! | this file | the page as a whole: title, headings, lines, preview |
//! | `cells` | columns and cells of each kind of row |
//! | `words` | what a row says in whole sentences: lines of the head, the preview |

mod cells;
mod words;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;
use crate::app::pages::instance::{Content, InstancePage, Part, Row, RowKey, State, preview_lines};
use crate::model::freshness::{Freshness, Polled};
use crate::model::naming;
use crate::model::section::{Moment, Problem};
use crate::model::snapshot::Snapshot;
use crate::text::{truncate, width};
use crate::theme::Role;
use crate::ui::freshness::{read_once_remark, read_remark};
use crate::ui::look::{Look, Pen};
use crate::ui::table::{Cell, GUTTER, Row as TableRow, Table, Title, fit};

/// What drawing needs to know.
struct Scene<'a> {
    app: &'a App,
    page: &'a InstancePage,
    whole: &'a Snapshot,
    look: &'a Look,
    /// The engine's clock.
    now: jiff::Timestamp,
}

/// Draws the page.
pub fn draw(app: &App, page: &InstancePage, look: &Look, area: Rect, buffer: &mut Buffer) {
    let whole = app.whole();
    let scene = Scene { app, page, whole: &whole, look, now: whole.engine.engine_time(app.now) };
    scene.title().draw(area, buffer);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let preview = u16::try_from(preview_lines(body.height.into())).unwrap_or(0);
    let rows = Rect { height: body.height.saturating_sub(preview), ..body };
    scene.draw_rows(rows, buffer);
    if preview > 0 {
        scene.draw_preview(Rect { y: rows.y + rows.height, height: preview, ..body }, buffer);
    }
}

impl Scene<'_> {
    fn title(&self) -> Title<'_> {
        let page = self.page;
        let process = page.definition().map(|definition| naming::process(&self.whole.names(), &definition));
        let own = process.map_or_else(|| format!("Instance {}", page.id), |process| format!("Instance {}", truncate(&process, 36)));
        let path = super::path(self.app, [own]);
        let mut summary = Vec::new();
        match &page.state {
            State::Running(running) if running.suspended => summary.push(("SUSPENDED".to_owned(), Role::BadgeSuspended)),
            State::Running(_) | State::Reading => {}
            State::Over(past) if page.seen_running => summary.push((format!("ENDED: {}", past.state.words()), Role::BadgeStale)),
            State::Over(past) => summary.push((past.state.words().to_owned(), Role::Muted)),
            State::NotFound(_) if page.seen_running => summary.push(("GONE".to_owned(), Role::BadgeStale)),
            State::NotFound(_) => summary.push(("NOT FOUND".to_owned(), Role::BadgeStale)),
        }
        let inquiry = crate::model::inquiry::Inquiry::Instance(page.id.clone());
        let section = self.whole.findings.get(&inquiry);
        let remark = match section {
            Some(section) if section.problem.is_some() => (self.problem_words(section.problem.as_ref(), section.taken), Role::Warning),
            Some(section) => {
                section.taken.map_or_else(|| ("reading…".to_owned(), Role::Muted), |taken| read_remark(self.app, taken, self.app.inquiry_freshness(&inquiry)))
            }
            None => ("reading…".to_owned(), Role::Muted),
        };
        Title { path, summary, remark, focused: true, look: self.look }
    }

    fn read_words(&self, taken: Moment) -> String {
        read_remark(self.app, taken, Freshness::Fresh).0
    }

    /// How a part of the page stands against its promise; what an ended instance was last known to be has none.
    fn standing(&self, part: Part) -> Freshness {
        let kept = self.page.is_frozen() && part.is_live();
        let section = self.page.section(part, self.whole).filter(|_| !kept);
        section.map_or(Freshness::Unread, |section| self.app.row_freshness(section, Polled::Rows))
    }

    fn problem_words(&self, problem: Option<&Problem>, taken: Option<Moment>) -> String {
        let label = problem.map_or("not known", |problem| problem.label);
        taken.map_or_else(|| label.to_owned(), |taken| format!("{label}, {}", self.read_words(taken)))
    }

    fn draw_rows(&self, area: Rect, buffer: &mut Buffer) {
        let window = self.page.list.window();
        let scrolls = window.1 > usize::from(area.height);
        let inner = Rect { width: area.width.saturating_sub(u16::from(scrolls)), ..area };
        for (line, (key, selected)) in (0..area.height).zip(self.page.list.visible()) {
            let ghost = self.page.list.is_ghost(key);
            let Some(row) = self.page.row(key).or_else(|| self.page.vanished.get(key)) else { continue };
            if let Content::Heading(part, count) = &row.content {
                self.draw_heading(*part, count.as_deref(), selected, inner, line, buffer);
            } else {
                self.draw_row(row, selected, ghost, inner, line, buffer);
            }
        }
        if scrolls && area.width > GUTTER + 4 && area.y > 0 {
            let heads = Rect { y: area.y - 1, height: area.height + 1, ..area };
            table(&[], window).draw_scroll_bar(self.look, heads, buffer);
        }
    }

    fn draw_row(&self, row: &Row, selected: bool, ghost: bool, area: Rect, line: u16, buffer: &mut Buffer) {
        let columns = cells::columns(&row.content);
        let mut cells = self.cells(row);
        // What is only remembered must not look as if it were so.
        let remembered =
            self.page.is_frozen() && row.part.is_none_or(Part::is_live) && !matches!(row.key, RowKey::Fact(crate::app::pages::instance::Fact::News));
        let stale = row.part.is_some_and(|part| self.standing(part).is_stale());
        if ghost || remembered || stale {
            for cell in &mut cells {
                cell.role = Role::Faint;
                cell.lead.iter_mut().for_each(|(_, role)| *role = Role::Faint);
            }
        }
        if ghost && let Some(last) = cells.last_mut() {
            *last = Cell::new("no longer there", Role::Warning);
        }
        let widths = fit(columns, area.width.saturating_sub(GUTTER));
        let drawn = TableRow { cells, selected, marked: false, ghost: None };
        table(columns, (0, 0)).draw_row(self.look, area, line, &drawn, &widths, buffer);
    }

    /// Title and count left, age or problem right.
    fn draw_heading(&self, part: Part, count: Option<&str>, selected: bool, area: Rect, line: u16, buffer: &mut Buffer) {
        let look = self.look;
        let (words, role) = self.heading_words(part, count);
        let (remark, remark_role) = self.heading_remark(part, count.is_some());
        if selected {
            buffer.set_style(Rect { y: area.y + line, height: 1, ..area }, look.style(Role::Selection));
        }
        let Some(mut pen) = Pen::new(buffer, area, line) else { return };
        let over = |role| if selected { look.style(role).patch(look.style(Role::Selection)) } else { look.style(role) };
        pen.write(if selected { look.symbols.cursor } else { " " }, over(Role::Accent)).skip(1);
        let needed = width(part.title()) + 2 + width(&words);
        if !remark.is_empty() && pen.room() > needed + width(&remark) + 2 {
            pen.right(&remark, over(remark_role));
        }
        pen.write(part.title(), over(Role::Header)).write("  ", over(Role::Text)).write(&words, over(role));
        pen.skip(1);
        pen.fill(look.symbols.border.horizontal_top, over(Role::Border));
    }

    fn heading_words(&self, part: Part, count: Option<&str>) -> (String, Role) {
        let nothing = |words: &str| (words.to_owned(), Role::Muted);
        if let Some(count) = count {
            let some = count != "none" && count != "nowhere";
            if self.standing(part).is_stale() {
                return (count.to_owned(), Role::Faint);
            }
            if self.page.is_frozen() && part.is_live() {
                return (count.to_owned(), Role::Faint);
            }
            if count.starts_with("not known") {
                return (count.to_owned(), Role::Warning);
            }
            let bad = count.contains("out of retries") || (part == Part::Incidents && count.contains("own"));
            return (
                count.to_owned(),
                if bad {
                    Role::Critical
                } else if some {
                    Role::Text
                } else {
                    Role::Muted
                },
            );
        }
        if part == Part::Variables {
            let variables = &self.page.variables;
            return match (&variables.problem, variables.are_wanted()) {
                (Some(problem), _) => (format!("not known: {}", problem.what), Role::Warning),
                (None, true) => nothing("reading…"),
                (None, false) if self.page.is_frozen() => nothing("not read while it ran"),
                (None, false) => (format!("{}: v reads them; they may be large, or secret", "not read"), Role::Info),
            };
        }
        match self.page.section(part, self.whole).and_then(|section| section.problem.as_ref()) {
            Some(problem) => (format!("not known: {}", problem.what), Role::Warning),
            None => nothing("reading…"),
        }
    }

    /// How old it is, or why it is not newer; for the past, what the history leaves out.
    fn heading_remark(&self, part: Part, known: bool) -> (String, Role) {
        if self.page.is_frozen() && part.is_live() {
            return ("as last known".to_owned(), Role::Muted);
        }
        if part == Part::Variables {
            let variables = &self.page.variables;
            let taken = variables.taken().map_or_else(|| (String::new(), Role::Muted), |taken| read_once_remark(self.app, taken));
            return match &variables.problem {
                Some(problem) if known => (self.problem_words(Some(problem), variables.taken()), Role::Warning),
                _ if variables.is_reading() => ("reading…".to_owned(), Role::Muted),
                _ => taken,
            };
        }
        match self.page.section(part, self.whole) {
            Some(section) if section.problem.is_some() && known => (self.problem_words(section.problem.as_ref(), section.taken), Role::Warning),
            Some(section) => section.taken.map_or_else(|| (String::new(), Role::Muted), |taken| read_remark(self.app, taken, self.standing(part))),
            None => (String::new(), Role::Muted),
        }
    }

    fn draw_preview(&self, area: Rect, buffer: &mut Buffer) {
        let Some(mut pen) = Pen::new(buffer, area, 0) else { return };
        pen.fill(self.look.symbols.border.horizontal_top, self.look.style(Role::Border));
        let (room, most) = (usize::from(area.width.saturating_sub(4)), usize::from(area.height - 1));
        let lines = words::wrapped(self.preview(), room, most);
        for (line, (text, role)) in (1..area.height).zip(lines) {
            if let Some(mut pen) = Pen::new(buffer, area, line) {
                pen.skip(2).write(&text, self.look.style(role));
            }
        }
    }
}

fn table(columns: &[crate::ui::table::Column], window: (usize, usize)) -> Table<'_> {
    Table { columns, sort: (usize::MAX, false), rows: Vec::new(), window, focused: true }
}
