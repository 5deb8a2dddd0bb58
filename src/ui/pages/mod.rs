//! Drawing the pages: one file a page.

pub mod incident;
pub mod instance;
pub mod tree;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::look::Look;
use crate::app::App;
use crate::app::pages::Page;

/// Draws a page.
pub fn draw(app: &App, page: &Page, look: &Look, area: Rect, buffer: &mut Buffer) {
    match page {
        Page::Incident(page) => incident::draw(app, page, look, area, buffer),
        Page::Tree(page) => tree::draw(app, page, look, area, buffer),
        Page::Instance(page) => instance::draw(app, page, look, area, buffer),
    }
}
