//! The menu of actions: everything that can be done to the selected row, and for the rest why not.

use crossterm::event::{KeyCode, KeyEvent};

use super::deed::{Deed, ROWS, Row};
use super::selection::{Selection, selection};
use super::{act_on, next};
use crate::action::plan::Unavailable;
use crate::app::update::cursor_was_missing;
use crate::app::{App, Effect, Overlay};

/// One row of the menu.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it is.
    pub row: Row,
    /// Why it cannot be done now; none if it can.
    pub obstacle: Option<Unavailable>,
}

/// The menu while it is open. What is selected was captured when it opened.
#[derive(Clone, Debug)]
pub struct Menu {
    /// Its rows: what can be done first.
    pub items: Vec<Item>,
    /// Which row the cursor is on.
    pub cursor: usize,
    /// What is selected.
    pub chosen: Selection,
}

/// Opens the menu for what is selected.
pub(in crate::app) fn open_menu(app: &mut App) {
    if app.page().is_none() {
        // What concerns the whole engine can be asked without any row.
        let _ = cursor_was_missing(app);
    }
    let chosen = selection(app);
    let item = |row: &Row| Item { row: *row, obstacle: next(app, row.deed, &chosen).err() };
    let mut items: Vec<Item> = ROWS.iter().map(item).collect();
    items.sort_by_key(|item| item.obstacle.is_some());
    app.overlay = Some(Overlay::Menu(Box::new(Menu { items, cursor: 0, chosen })));
}

/// A key while the menu is open.
pub(in crate::app) fn menu_key(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    let Some(Overlay::Menu(menu)) = &mut app.overlay else { return Vec::new() };
    let last = menu.items.len().saturating_sub(1);
    let deed: Deed = match key.code {
        KeyCode::Esc => {
            app.overlay = None;
            return Vec::new();
        }
        KeyCode::Down => {
            menu.cursor = (menu.cursor + 1).min(last);
            return Vec::new();
        }
        KeyCode::Up => {
            menu.cursor = menu.cursor.saturating_sub(1);
            return Vec::new();
        }
        KeyCode::Enter => match menu.items.get(menu.cursor) {
            Some(item) => item.row.deed,
            None => return Vec::new(),
        },
        KeyCode::Char(letter) => match menu.items.iter().position(|item| item.row.letter == letter) {
            Some(place) => {
                menu.cursor = place;
                menu.items[place].row.deed
            }
            None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    if menu.items[menu.cursor].obstacle.is_some() {
        // The reason stands beside it; the menu stays.
        return Vec::new();
    }
    let chosen = menu.chosen.clone();
    app.overlay = None;
    act_on(app, deed, chosen)
}
