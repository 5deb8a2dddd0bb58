//! The first line, the status line and the footer: who answers, whether it answers, what it costs, what is wrong, which keys hold.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::look::{Look, Pen};
use crate::action::ledger::Stage;
use crate::app::command::Command;
use crate::app::keymap;
use crate::app::pages::Page;
use crate::app::prompt::{Entry, Purpose};
use crate::app::{App, Overlay};
use crate::model::figure::Figure;
use crate::model::rights::Trust;
use crate::model::scoped::from_statistics;
use crate::model::section::{Problem, Section};
use crate::model::snapshot::{Link, Snapshot};
use crate::model::suspension;
use crate::text::{age, count_exact, plural, truncate_middle, width};
use crate::theme::Role;

/// Draws the first line.
pub fn draw_header(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    let engine = &app.snapshot.engine;
    let Some(mut pen) = Pen::new(buffer, area, 0) else { return };
    pen.skip(1).write("bpmtop", look.style(Role::Title)).skip(2);
    let (state, role) = link_words(app, look);
    let cost = cost_words(&app.snapshot);
    pen.right(" ", look.style(Role::Text));
    pen.right(&state, look.style(role));
    if area.width >= 110 {
        pen.right(&format!("{cost}  "), look.style(Role::Muted));
    }
    if let Some(badge) = super::scope::badge(app) {
        pen.write(&badge, look.style(Role::BadgePaused)).skip(1);
        // So narrow that figures have no room for a note.
        if area.width < 72 {
            pen.write("* whole engine", look.style(Role::Muted)).skip(1);
        }
    }
    if let Some(profile) = &app.settings.profile {
        let role = if app.settings.production { Role::BadgeProduction } else { Role::Accent };
        pen.write(&format!(" {profile} "), look.style(role)).skip(1);
    }
    if app.settings.read_only {
        pen.write(" read-only ", look.style(Role::BadgeReadonly)).skip(1);
    }
    if matches!(app.snapshot.trust(Figure::IncidentsRoot), Trust::Partial(_)) {
        pen.write(" partial view ", look.style(Role::BadgeStale)).skip(1);
    }
    if let Some(badge) = suspended_badge(app) {
        pen.write(&badge, look.style(Role::BadgeSuspended)).skip(1);
    }
    let product = match (&engine.product, &engine.version) {
        (Some(product), Some(version)) => format!("{product} {version}"),
        (_, Some(version)) => version.to_string(),
        _ => "engine".to_owned(),
    };
    pen.write(&product, look.style(Role::Text)).skip(2);
    let user = engine.user.as_ref().map_or_else(String::new, |user| format!("{user}@"));
    let name = engine.engine_name.as_ref().map_or_else(String::new, |name| format!(" [{name}]"));
    let address = engine.url.trim_start_matches("http://");
    let place = format!("{user}{address}{name}");
    let room = pen.room().saturating_sub(1);
    if room >= 12 {
        pen.write(&truncate_middle(&place, room), look.style(Role::Muted));
    }
}

/// How much is suspended in the whole engine, as far as the picture tells: the classic after-effect of an incident is what nobody resumed.
/// Jobs are told where they are suspended alone, and where they wait: they have no incident.
fn suspended_badge(app: &App) -> Option<String> {
    let whole = app.whole();
    let definitions = whole.job_definitions.get().map_or(0, |rows| rows.iter().filter(|row| row.suspended).count());
    let processes = whole.definitions.get().map_or(0, |rows| rows.by_id.values().filter(|row| row.suspended).count());
    let counts = suspension::counts(&whole.findings).unwrap_or_default();
    let things = definitions as u64 + processes as u64 + counts.instances;
    let what = match (things, counts.jobs) {
        (0, 0) => return None,
        (0, jobs) => format!("{} SUSPENDED", plural(jobs, "job")),
        _ => format!("{} SUSPENDED", count_exact(things)),
    };
    let jobs = if things > 0 && app.size.0 >= 100 { if counts.waiting == 1 { " job" } else { " jobs" } } else { "" };
    let wait = if counts.waiting == 1 { "waits" } else { "wait" };
    Some(match counts.waiting {
        0 => format!(" {what}: W "),
        waiting => format!(" {what}, {}{jobs} {wait}: W ", count_exact(waiting)),
    })
}

fn link_words(app: &App, look: &Look) -> (String, Role) {
    let symbols = look.symbols;
    match &app.snapshot.link {
        Link::Connecting => (format!("{} connecting", symbols.hollow_dot), Role::Info),
        Link::Live => match oldest_age(&app.snapshot, app) {
            Some(old) if old > Duration::from_secs(60) => (format!("{} live, figures up to {} old", symbols.dot, age(old)), Role::Warning),
            Some(old) if app.size.0 >= 100 => (format!("{} live, {} old", symbols.dot, age(old)), Role::Ok),
            _ => (format!("{} live", symbols.dot), Role::Ok),
        },
        Link::Paused { since } => (format!("{} PAUSED for {}", symbols.paused, age(app.now.since(*since))), Role::BadgePaused),
        Link::Down { since, .. } => (format!("{} NO ANSWER for {}", symbols.failed, age(app.now.since(*since))), Role::Critical),
        Link::LoginRefused { .. } if app.snapshot.engine.user.is_none() => (format!("{} LOGIN NEEDED, polling stopped", symbols.failed), Role::Critical),
        Link::LoginRefused { .. } => (format!("{} LOGIN REFUSED, polling stopped", symbols.failed), Role::Critical),
        Link::PollerFailed { .. } => (format!("{} bpmtop FAULT, restarting", symbols.failed), Role::Critical),
    }
}

/// Age of the oldest figure that is known.
fn oldest_age(snapshot: &Snapshot, app: &App) -> Option<Duration> {
    // Within a scope some figures come from the statistics, which are older by design; their cells tell how old.
    let slow = |figure| app.scoping.scope().is_on() && from_statistics(figure);
    let quick = snapshot.figures.iter().filter(|(figure, _)| !slow(**figure)).map(|(_, state)| state);
    quick.filter(|state| state.section.problem.is_none()).filter_map(|state| state.section.age(app.now)).max()
}

fn cost_words(snapshot: &Snapshot) -> String {
    let cost = &snapshot.cost;
    let distance = cost.distance.map_or_else(String::new, |distance| format!("{} ms away  ", distance.as_millis()));
    format!("{distance}{} req/min  {:.1} of {:.0} % busy", cost.requests_per_minute, cost.busy_percent, cost.budget_percent)
}

/// Draws what happened last or what is wrong.
pub fn draw_status(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    let Some(mut pen) = Pen::new(buffer, area, 0) else { return };
    pen.skip(1);
    if let Some(Overlay::Prompt(_)) = &app.overlay {
        return;
    }
    let (text, role) = status_words(app);
    pen.write(&text, look.style(role));
}

fn status_words(app: &App) -> (String, Role) {
    let snapshot = &app.snapshot;
    // The answer to a key comes first: a key that cannot do anything now must not seem to do nothing.
    if let Some((notice, _)) = &app.notice {
        return (notice.clone(), Role::Info);
    }
    match &snapshot.link {
        Link::Down { retry, problem, .. } => {
            let wait = retry.since(app.now);
            let next = if wait.is_zero() { "asking again".to_owned() } else { format!("next try in {}", age(wait + Duration::from_millis(999))) };
            return (format!("{next}: {}. {}", problem.what, problem.remedy), Role::Critical);
        }
        Link::LoginRefused { problem } | Link::PollerFailed { problem } => return (format!("{}. {}", problem.what, problem.remedy), Role::Critical),
        _ => {}
    }
    if let Some(told) = action_words(app) {
        return told;
    }
    if let Some(problem) = first_problem(snapshot) {
        return (format!("{}. {}", problem.what, problem.remedy), Role::Warning);
    }
    match snapshot.warnings.first() {
        Some(warning) => (warning.clone(), Role::Muted),
        None => (String::new(), Role::Muted),
    }
}

/// How the actions under way stand, for whoever works on something else meanwhile.
fn action_words(app: &App) -> Option<(String, Role)> {
    let running: Vec<_> = app.acting.running().collect();
    let newest = running.last()?;
    let others = if running.len() > 1 { format!(" (and {} more)", running.len() - 1) } else { String::new() };
    let role = if matches!(newest.stage, Stage::Paused(_)) { Role::Warning } else { Role::Info };
    Some((format!("{}{others}  A shows it", newest.headline()), role))
}

fn first_problem(snapshot: &Snapshot) -> Option<&Problem> {
    fn of<T>(section: &Section<T>) -> Option<&Problem> {
        section.problem.as_ref()
    }
    of(&snapshot.incidents)
        .or_else(|| of(&snapshot.definitions))
        .or_else(|| of(&snapshot.job_definitions))
        .or_else(|| snapshot.figures.values().find_map(|state| of(&state.section)))
}

/// Draws the keys of the present context, as many as fit.
pub fn draw_footer(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    let Some(mut pen) = Pen::new(buffer, area, 0) else { return };
    pen.skip(1);
    // The way back and the way to all other keys are always shown.
    let kept = |binding: &&keymap::Binding| matches!(binding.command, Command::Back | Command::Help);
    let cells = |(key, label): &(String, String)| width(key) + width(label) + 3;
    let shown = |binding: &keymap::Binding| (binding.keys[0].to_string(), binding.label.to_owned());
    let mut bindings = keymap::footer(app.context());
    bindings.retain(|binding| match app.page() {
        Some(Page::Action(page)) => page.serves(binding.command),
        Some(Page::Actions(page)) => page.serves(binding.command),
        _ => true,
    });
    let mut room = pen.room() - bindings.iter().filter(|binding| kept(binding)).map(|binding| cells(&shown(binding))).sum::<usize>().min(pen.room());
    let keys: Vec<(String, String)> = match &app.overlay {
        Some(Overlay::Prompt(prompt)) if prompt.purpose == Purpose::Find => vec![("enter".into(), "search".into()), ("esc".into(), "leave".into())],
        Some(Overlay::Prompt(prompt)) if prompt.purpose == Purpose::Entry(Entry::Confirm) => {
            vec![("enter".into(), "do it, if it is right".into()), ("esc".into(), "send nothing".into())]
        }
        Some(Overlay::Prompt(prompt)) if matches!(prompt.purpose, Purpose::Entry(_)) => {
            vec![("enter".into(), "take it".into()), ("esc".into(), "leave".into())]
        }
        Some(Overlay::Menu(_)) => vec![("letter".into(), "plan it".into()), ("esc".into(), "close".into())],
        Some(Overlay::Prompt(_)) => vec![("enter".into(), "keep".into()), ("esc".into(), "undo".into())],
        Some(Overlay::Scope(_)) => vec![("enter".into(), "show".into()), ("tab".into(), "suggestions".into()), ("esc".into(), "as before".into())],
        Some(Overlay::Login(_)) => vec![("enter".into(), "log in".into()), ("tab".into(), "other line".into()), ("esc".into(), "not now".into())],
        _ => {
            let mut full = false;
            let fits = |binding: &&&keymap::Binding| {
                let needed = cells(&shown(binding));
                full |= !kept(binding) && needed > room;
                let fits = kept(binding) || !full;
                if fits && !kept(binding) {
                    room -= needed;
                }
                fits
            };
            bindings.iter().filter(fits).map(|binding| shown(binding)).collect()
        }
    };
    for (key, label) in keys {
        if width(&key) + width(&label) + 3 > pen.room() {
            break;
        }
        pen.write(&key, look.style(Role::Key)).skip(1).write(&label, look.style(Role::KeyLabel)).skip(2);
    }
}
