//! The describe page: fields, message, stack trace.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;
use crate::app::pages::incident::IncidentPage;
use crate::model::grouping::KnownIncident;
use crate::model::naming;
use crate::text::{age, truncate};
use crate::theme::Role;
use crate::ui::document;
use crate::ui::freshness::read_once_remark;
use crate::ui::look::Look;
use crate::ui::table::Title;

/// Draws the page.
pub fn draw(app: &App, page: &IncidentPage, look: &Look, area: Rect, buffer: &mut Buffer) {
    title(app, page, look).draw(area, buffer);
    let body = Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(3), height: area.height.saturating_sub(1) };
    document::draw(&page.text, look, body, buffer);
}

fn title<'a>(app: &App, page: &IncidentPage, look: &'a Look) -> Title<'a> {
    let mut summary = Vec::new();
    let ago = |known: &KnownIncident| {
        let now = app.snapshot.engine.engine_time(app.now);
        age(Duration::try_from(now.duration_since(known.incident.created)).unwrap_or_default())
    };
    match (&page.moved_on, &page.before) {
        (Some(now), _) if page.gone => summary.push((format!("MOVED ON, failed later {} ago", ago(now)), Role::BadgeStale)),
        _ if page.gone => summary.push(("NO LONGER OPEN".to_owned(), Role::BadgeStale)),
        (_, Some(_)) => summary.push((format!("FAILED AGAIN {} ago", ago(&page.known)), Role::Critical)),
        _ => {}
    }
    summary.extend(document::search_words(&page.text));
    let line = document::place_words(&page.text);
    let remark = match &page.description {
        Some(description) => {
            let (words, role) = read_once_remark(app, description.read);
            (format!("{line}, {words}"), role)
        }
        None => ("reading…".to_owned(), Role::Muted),
    };
    Title { path: super::path(app, [place(app, page)]), summary, remark, focused: true, look }
}

/// Where the incident stands: process and activity, or its id before these are known.
fn place(app: &App, page: &IncidentPage) -> String {
    let place = naming::of_incident(&page.known, &app.snapshot);
    match (place.process.as_str(), place.activity.as_str()) {
        (naming::ENGINE, "-") => page.known.incident.id.to_string(),
        (naming::ENGINE, activity) => truncate(activity, 60).into_owned(),
        (process, activity) => format!("{} / {}", truncate(process, 40), truncate(activity, 40)),
    }
}
