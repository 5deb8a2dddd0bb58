//! How what is old looks and what is said of it. Whether it is old is decided in `model::freshness`; words are made from its codes here.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::look::Look;
use crate::app::App;
use crate::model::freshness::{self, Freshness, READ_ONCE, Stale, Why};
use crate::model::section::Moment;
use crate::text::age;
use crate::theme::Role;

/// Why a promise is broken, in few words.
pub(super) fn why(why: Why) -> &'static str {
    match why {
        Why::Reading => "being read",
        Why::HeldBack => "held back by the load limit",
        Why::Slow => "engine slow",
        Why::Failing => "engine reports errors",
        Why::Gateway => "gateway asks to wait",
        Why::NoAnswer => "no answer",
        Why::Paused => "paused",
        Why::LoginRefused => "login refused",
        Why::Poller => "bpmtop stands still",
    }
}

/// The key that helps, and what it does; none where only waiting does.
pub(super) fn way_out(why: Why) -> Option<(&'static str, &'static str)> {
    match why {
        Why::Reading | Why::Poller | Why::Gateway => None,
        Why::HeldBack | Why::Slow | Why::Failing | Why::NoAnswer => Some(("r", "reads now")),
        Why::Paused => Some(("p", "resumes")),
        Why::LoginRefused => Some(("L", "logs in")),
    }
}

/// For how long a promise is broken.
pub(super) fn lasting(app: &App, stale: Stale) -> Duration {
    freshness::age(stale.since, app.now)
}

/// `read 12 s ago`, in the role of old things once it is older than promised.
pub(super) fn read_remark(app: &App, taken: Moment, standing: Freshness) -> (String, Role) {
    match freshness::age(taken, app.now) {
        since if standing.is_stale() => (format!("STALE: read {} ago", age(since)), Role::BadgeStale),
        since if since < Duration::from_secs(1) => ("read just now".to_owned(), Role::Muted),
        since => (format!("read {} ago", age(since)), Role::Muted),
    }
}

/// The same of what is read once on demand: nobody reads it again by itself, so it tells when it was read as soon as it is old.
pub(super) fn read_once_remark(app: &App, taken: Moment) -> (String, Role) {
    let since = freshness::age(taken, app.now);
    if since < READ_ONCE {
        return read_remark(app, taken, Freshness::Fresh);
    }
    let at = taken.wall.to_zoned(app.settings.zone.clone()).strftime("%H:%M:%S");
    (format!("read at {at}, {} ago; r: again", age(since)), Role::BadgeStale)
}

/// Takes all colours of health from what is drawn in an area: it is older than promised. The row under the cursor stays visible.
pub(super) fn fade(area: Rect, look: &Look, buffer: &mut Buffer) {
    let (screen, faint) = (look.style(Role::Screen), look.style(Role::Faint));
    let cursors = [Role::Selection, Role::SelectionInactive].map(|role| look.style(role).bg);
    for position in area.intersection(buffer.area).positions() {
        let cell = &mut buffer[position];
        let on_cursor = cell.bg != ratatui::style::Color::Reset && cursors.contains(&Some(cell.bg));
        let reversed = cell.modifier.contains(Modifier::REVERSED) && cursors.iter().all(Option::is_none);
        let bg = cell.bg;
        cell.set_style(Style::reset().patch(screen).patch(faint));
        if on_cursor {
            cell.set_bg(bg);
        } else if reversed {
            cell.modifier.insert(Modifier::REVERSED);
        }
    }
}
