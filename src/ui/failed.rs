//! The screen in place of one that could not be drawn: that this is bpmtop's own fault, that actions under way go on, and the ways on. It is
//! kept plain, for it must not fail as well.

use std::path::Path;

use ratatui::Frame;

use super::look::{Look, Pen};
use crate::action::ledger::{Ledger, Stage};
use crate::app::App;
use crate::runtime::Panic;
use crate::text::{count_exact, safe, wrap_words};
use crate::theme::Role;

/// Draws the screen.
pub fn draw(app: &App, look: &Look, log: Option<&Path>, panic: &Panic, frame: &mut Frame<'_>) {
    let area = frame.area();
    frame.buffer_mut().set_style(area, look.style(Role::Screen));
    let mut line = 0;
    for (text, role) in words(app, log, panic) {
        for part in wrap_words(&text, area.width.into()) {
            let Some(mut pen) = Pen::new(frame.buffer_mut(), area, line) else { return };
            pen.write(&part, look.style(role));
            line += 1;
        }
    }
}

/// What is said, the most urgent first: a small screen cuts the end.
fn words(app: &App, log: Option<&Path>, panic: &Panic) -> Vec<(String, Role)> {
    let mut words = vec![("bpmtop could not draw this page.".to_owned(), Role::Critical)];
    let running: Vec<_> = app.acting.running().map(|ledger| (action_words(ledger), Role::Warning)).collect();
    if running.is_empty() {
        words.push(("No action is under way.".to_owned(), Role::Text));
    }
    words.extend(running);
    words.push(("esc leaves the page, ctrl-c leaves bpmtop.".to_owned(), Role::Accent));
    let log = log.map_or_else(|| "Started with --log FILE, bpmtop writes such faults down.".to_owned(), |log| format!("The log is in {}.", log.display()));
    words.push((log, Role::Text));
    words.push((format!("A fault in bpmtop at {}: {}", panic.place, safe(&panic.message)), Role::Muted));
    words
}

fn action_words(ledger: &Ledger) -> String {
    let sent = format!("{} of {} sent", count_exact(ledger.sent as u64), count_exact(ledger.steps as u64));
    match ledger.stage {
        Stage::Paused(_) => format!("The action is paused, {sent}: {}", ledger.sentence),
        _ => format!("The action goes on, {sent}: {}", ledger.sentence),
    }
}
