//! Drawing the pages: one file a page.

pub mod action;
pub mod actions;
pub mod incident;
pub mod instance;
pub mod plan;
pub mod results;
pub mod retrying;
mod suspended;
pub mod timeline;
pub mod trace;
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
        Page::Timeline(page) => timeline::draw(app, page, look, area, buffer),
        Page::Trace(page) => trace::draw(app, page, look, area, buffer),
        Page::Results(page) => results::draw(app, page, look, area, buffer),
        Page::Instance(page) => instance::draw(app, page, look, area, buffer),
        Page::Plan(page) => plan::draw(app, page, look, area, buffer),
        Page::Action(page) => action::draw(app, page, look, area, buffer),
        Page::Retrying(page) => retrying::draw(app, page, look, area, buffer),
        Page::Suspended(page) => suspended::draw(app, page, look, area, buffer),
        Page::Actions(page) => actions::draw(app, page, look, area, buffer),
    }
}

/// Pages that are named on a title besides the one that is shown.
const NAMED: usize = 2;

/// Where one is: the pages below, the nearest ones by name, and the page itself.
fn path(app: &App, own: impl IntoIterator<Item = String>) -> Vec<String> {
    let below = &app.pages[..app.pages.len().saturating_sub(1)];
    let named = &below[below.len().saturating_sub(NAMED)..];
    let mut path = vec![if below.len() > NAMED { "…" } else { "Incidents" }.to_owned()];
    path.extend(named.iter().map(|page| page.crumb().to_owned()));
    path.extend(own);
    path
}
