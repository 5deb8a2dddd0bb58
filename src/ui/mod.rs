//! Drawing: turns the app and its snapshot into cells. Decides nothing, sends nothing.
//!
//! | part | what belongs there |
//! |---|---|
//! | [`look`] | palette, characters, the pen |
//! | [`table`] | tables and pane titles |
//! | [`figures`] | the key figures |
//! | [`header`] | engine, connection, cost; the status line; the footer |
//! | [`panes`] | one file a pane |
//! | [`pages`] | one file a page |
//! | [`document`] | lines to read, on pages |
//! | [`overlays`] | help, prompts, login |
//! | `menu` | what can be done to the selected row, and why not |
//! | `scope` | the chooser of the scope, its badge |
//! | `freshness` | how what is old looks, and what is said of it |
//! | [`first_run`] | the screen without an engine |
//! | [`failed`] | the screen in place of one that could not be drawn |

pub mod document;
pub mod failed;
pub mod figures;
pub mod first_run;
mod freshness;
pub mod header;
pub mod look;
mod menu;
pub mod overlays;
pub mod pages;
pub mod panes;
mod scope;
pub mod table;
#[cfg(test)]
mod tests;

use ratatui::Frame;

use self::look::Look;
use crate::app::App;
use crate::theme::Role;

/// Draws the whole screen.
pub fn draw(app: &App, look: &Look, frame: &mut Frame<'_>) {
    let area = frame.area();
    frame.buffer_mut().set_style(area, look.style(Role::Screen));
    if app.first_run.is_some() {
        first_run::draw(app, look, frame);
        return;
    }
    let geometry = app.geometry();
    let buffer = frame.buffer_mut();
    header::draw_header(app, look, geometry.header, buffer);
    figures::draw(app, look, geometry.figures, geometry.grid, buffer);
    match app.page() {
        Some(page) => pages::draw(app, page, look, geometry.main, buffer),
        None => {
            if let Some(area) = geometry.incidents {
                panes::incidents::draw(app, look, area, buffer);
            }
            if let Some(area) = geometry.job_definitions {
                panes::job_definitions::draw(app, look, area, buffer);
            }
            if let Some(area) = geometry.definitions {
                panes::definitions::draw(app, look, area, buffer);
            }
        }
    }
    header::draw_status(app, look, geometry.status, buffer);
    header::draw_footer(app, look, geometry.footer, buffer);
    header::draw_long_notice(app, look, geometry.status, buffer);
    overlays::draw(app, look, frame);
}
