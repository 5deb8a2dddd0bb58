//! The plan of an action: what would happen in one sentence, on which engine, what confirms it, and below everything else about it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::action::{Paragraph, fitted};
use crate::action::plan::{Danger, Plan};
use crate::action::wish::Asked;
use crate::app::App;
use crate::app::pages::plan::{PlanPage, State, confirmation};
use crate::text::{age, truncate, wrap_words};
use crate::theme::Role;
use crate::ui::document;
use crate::ui::look::{Look, Pen};
use crate::ui::table::Title;

/// Business keys shown as a sample.
const SAMPLE: usize = 6;

/// Draws the page.
pub fn draw(app: &App, page: &PlanPage, look: &Look, area: Rect, buffer: &mut Buffer) {
    title(app, page, look).draw(area, buffer);
    let body = Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(3), height: area.height.saturating_sub(1) };
    match &page.state {
        State::Reading => {
            let waited = app.now.since(page.since);
            let text = format!("Reading first: {}. {} so far; esc gives up. Nothing was sent.", page.wish.about, age(waited));
            paragraphs(&[(text, Role::Muted)], look, body, buffer);
        }
        State::Refused(why) => {
            let lines =
                [(format!("Not possible: {}", why.words()), Role::Warning), ("Nothing was sent. esc leads back; r tries again.".to_owned(), Role::Muted)];
            paragraphs(&lines, look, body, buffer);
        }
        State::Ready(plan) => draw_plan(app, page, plan, look, body, buffer),
    }
}

fn title<'a>(app: &App, page: &PlanPage, look: &'a Look) -> Title<'a> {
    let verb = page.plan().map_or_else(|| page.wish.what.verb(), |plan| Some(plan.verb));
    let own = verb.map_or_else(|| "Plan".to_owned(), |verb| format!("Plan: {verb}"));
    let summary = vec![("NOTHING SENT YET".to_owned(), Role::BadgePaused)];
    let remark = match &page.state {
        State::Ready(plan) => format!("read {} ago", age(app.now.since(plan.read))),
        State::Reading => "reading\u{2026}".to_owned(),
        State::Refused(_) => String::new(),
    };
    Title { path: super::path(app, [own]), summary, remark: (remark, Role::Muted), focused: true, look }
}

/// Writes paragraphs from the top and returns the lines they took.
fn paragraphs(parts: &[(String, Role)], look: &Look, area: Rect, buffer: &mut Buffer) -> u16 {
    let mut line = 0;
    for (text, role) in parts {
        for part in wrap_words(text, area.width.into()) {
            if line >= area.height {
                return line;
            }
            if let Some(mut pen) = Pen::new(buffer, area, line) {
                pen.write(&part, look.style(*role));
            }
            line += 1;
        }
    }
    line
}

fn draw_plan(app: &App, page: &PlanPage, plan: &Plan, look: &Look, area: Rect, buffer: &mut Buffer) {
    let taken_back = plan.takes_back.as_ref().filter(|_| matches!(plan.wish.what, Asked::Undo(_)));
    let lead = taken_back.map_or_else(String::new, |action| format!("UNDO {action}: "));
    let part = |rank, part: (String, Role)| Paragraph { parts: vec![part], rank };
    let mut head = vec![part(1, (format!("{lead}{}", plan.sentence()), Role::Title)), part(2, engine_words(plan))];
    head.extend(lasts(plan, app.now).map(|lasts| part(3, (lasts, Role::Text))));
    head.extend(sample_words(plan).map(|sample| part(3, (sample, Role::Text))));
    let confirm = match page.obstacle(app.now) {
        Some(obstacle) if plan.is_performable().is_err() => (format!("CANNOT BE DONE: {obstacle}"), Role::Critical),
        Some(obstacle) => (obstacle, Role::Warning),
        None => (confirm_words(plan), if matches!(plan.danger(), Danger::Plain) { Role::Accent } else { Role::Critical }),
    };
    head.push(part(0, confirm));
    // What confirms it stays in sight on every screen: all else gives way. What is below is scrolled.
    let lines = fitted(&head, area.width.into(), usize::from(area.height.saturating_sub(3).max(4).min(area.height)));
    for (line, spans) in (0..).zip(&lines) {
        if let Some(mut pen) = Pen::new(buffer, area, line) {
            for (text, role) in spans {
                pen.write(text, look.style(*role));
            }
        }
    }
    let used = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let below = Rect { y: area.y.saturating_add(used.saturating_add(1)), height: area.height.saturating_sub(used.saturating_add(1)), ..area };
    if below.height > 0 {
        document::draw(&page.text, look, below, buffer);
    }
}

/// How long it takes at its pace, and until when if it is confirmed now.
fn lasts(plan: &Plan, now: crate::model::section::Moment) -> Option<String> {
    let steps = plan.steps().len();
    let per_second = plan.choices.pace.per_second;
    let lasts = crate::action::pace::lasts(steps, per_second, now.wall, &plan.zone)?;
    Some(format!("{} at {per_second} a second: {lasts}", crate::text::plural(steps as u64, "request")))
}

fn engine_words(plan: &Plan) -> (String, Role) {
    let engine = &plan.engine;
    let product = [engine.product.clone(), engine.version.as_ref().map(ToString::to_string)].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let name = engine.engine_name.as_ref().map_or_else(String::new, |name| format!(" [{name}]"));
    let user = engine.user.as_ref().map_or_else(|| "without a login".to_owned(), |user| format!("as {}", crate::text::safe(user)));
    let profile = plan.profile.as_ref().map_or_else(String::new, |profile| format!("{profile}: "));
    let words = format!("On {profile}{}{name}, {product}, {user}", engine.url);
    if plan.production { (format!("PRODUCTION. {words}"), Role::Critical) } else { (words, Role::Muted) }
}

fn sample_words(plan: &Plan) -> Option<String> {
    let sample = plan.sample(SAMPLE);
    if sample.is_empty() {
        return None;
    }
    let keys: Vec<String> = sample
        .iter()
        .map(|(version, key)| {
            let version = version.map_or_else(String::new, |version| format!(" (v{version})"));
            format!("{}{version}", truncate(&key.to_string(), 30))
        })
        .collect();
    let more = plan.heads().len().saturating_sub(keys.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!("Business keys: {}{more}", keys.join(", ")))
}

fn confirm_words(plan: &Plan) -> String {
    match plan.danger() {
        Danger::Plain => format!("{}. Press esc to change nothing.", capital(&confirmation(plan))),
        Danger::Type { why, .. } => format!("{} ({why}). Press esc to change nothing.", capital(&confirmation(plan))),
    }
}

fn capital(text: &str) -> String {
    let mut signs = text.chars();
    signs.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), signs.as_str()))
}
