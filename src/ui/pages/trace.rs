//! The stack trace of one failure of the past.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;
use crate::app::pages::trace::TracePage;
use crate::text::truncate;
use crate::theme::Role;
use crate::ui::document;
use crate::ui::look::Look;
use crate::ui::table::Title;

/// Draws the page.
pub fn draw(app: &App, page: &TracePage, look: &Look, area: Rect, buffer: &mut Buffer) {
    let title = Title {
        path: super::path(app, [format!("failure at {}", truncate(&page.place, 60))]),
        summary: document::search_words(&page.text).into_iter().collect(),
        remark: (document::place_words(&page.text), Role::Muted),
        focused: true,
        look,
    };
    title.draw(area, buffer);
    let body = Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(3), height: area.height.saturating_sub(1) };
    document::draw(&page.text, look, body, buffer);
}
