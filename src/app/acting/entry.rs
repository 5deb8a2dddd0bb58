//! What is typed for an action: a count that confirms it, a reason, a time, a value. Each answer is checked before anything follows.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::selection::Selection;
use super::when::{self, When};
use super::{allowed, deed, perform, plan};
use crate::action::desk::ActCommand;
use crate::action::plan::{Choices, Danger, Plan, Unavailable};
use crate::action::verb::{Role, Verb};
use crate::action::wish::{Asked, Wish};
use crate::app::filter::Filter;
use crate::app::job_definitions::{admits, process_label};
use crate::app::pages::Page;
use crate::app::prompt::{Entry, Prompt, Purpose};
use crate::app::{App, Effect, Overlay};
use crate::engine::{Due, NewValue};
use crate::model::variable::Variable;
use crate::text::count_exact;

/// Opens the line of input.
pub(in crate::app) fn begin(app: &mut App, entry: Entry, chosen: Option<Selection>) {
    let (label, text) = opening(app, entry, chosen.as_ref());
    let mut prompt = Prompt::new(Purpose::Entry(entry), &text).labelled(label);
    let secret = |variable: &Variable| app.settings.mask.hides(&variable.name.to_string());
    if entry == Entry::Value && chosen.as_ref().and_then(|chosen| chosen.variable.as_deref()).is_some_and(secret) {
        prompt = prompt.masked();
    }
    app.acting.pending = chosen;
    app.overlay = Some(Overlay::Prompt(Box::new(prompt)));
}

fn shown_plan(app: &App) -> Option<&Plan> {
    match app.page() {
        Some(Page::Plan(page)) => page.plan().map(AsRef::as_ref),
        _ => None,
    }
}

/// What stands before the input, and what is in it already.
fn opening(app: &App, entry: Entry, chosen: Option<&Selection>) -> (String, String) {
    let choices = shown_plan(app).map(|plan| plan.choices.clone()).unwrap_or_default();
    let label = |text: &str| text.to_owned();
    match entry {
        Entry::Confirm => match shown_plan(app).map(|plan| (plan.danger(), plan.purpose())) {
            Some((Danger::Type { what, .. }, purpose)) => (format!("type {what} to {purpose}: "), String::new()),
            _ => (label("confirm: "), String::new()),
        },
        Entry::Reason => (label("reason: "), choices.reason),
        Entry::Attempts => (label("retries (1 to 10): "), choices.retries.to_string()),
        Entry::Due => (label("due (now, keep, 10m, 06:00, 2026-11-22 06:00): "), String::new()),
        Entry::Pace => (label("a second (0.1 to 50): "), choices.pace.per_second.to_string()),
        Entry::Canary => (label("how many go first (0 to 50): "), choices.pace.canary.to_string()),
        Entry::StopAt => (label("pause when more than so many % failed (0 to 100): "), choices.pace.stop_at.to_string()),
        Entry::At => (label("when (now, 10m, 06:00, 2026-11-22 06:00): "), String::new()),
        Entry::Note => {
            let before = chosen.and_then(Selection::incident).and_then(|known| known.incident.annotation.as_ref()).map(ToString::to_string);
            (label("note (empty clears it): "), before.unwrap_or_default())
        }
        // The value may be a secret: it is not written into the line for others to read.
        Entry::Value => (
            chosen.and_then(|chosen| chosen.variable.as_ref()).map_or_else(String::new, |variable| format!("{} ({}): ", variable.name, variable.kind)),
            String::new(),
        ),
        Entry::Postpone => (label("due (10m, 06:00, 2026-11-22 06:00): "), String::new()),
        Entry::JobPriority => (label("priority (the higher, the earlier): "), String::new()),
        Entry::DefinitionPriority => (label("priority (empty: that of the diagram): "), String::new()),
        Entry::SuspendMatching => (label("suspend job definitions like: "), String::new()),
        Entry::ResumeMatching => (label("resume job definitions like: "), String::new()),
        Entry::Role => (label("role (viewer, operator, admin): "), String::new()),
        Entry::Export => {
            let action = match app.page() {
                Some(Page::Action(page)) => page.action.to_string(),
                _ => String::new(),
            };
            (label("write to (.csv, .json or .md): "), format!("bpmtop-{action}.md"))
        }
    }
}

/// What is to be said while something is typed: how many match a pattern, what a time means, what is wrong.
pub(in crate::app) fn remark(app: &App, entry: Entry, text: &str) -> Option<String> {
    match entry {
        Entry::Role => Some(role_remark(app, text)),
        Entry::SuspendMatching | Entry::ResumeMatching => Some(matching_words(app, entry == Entry::SuspendMatching, text)),
        Entry::Due | Entry::At | Entry::Postpone if !text.trim().is_empty() => Some(match when::parse(text, engine_now(app), &app.settings.zone) {
            Ok(When::Now) => "now".to_owned(),
            Ok(When::Keep) => "as it is".to_owned(),
            Ok(When::At(at)) => at.to_zoned(app.settings.zone.clone()).strftime("%A %Y-%m-%d %H:%M:%S %Z").to_string(),
            Err(why) => why,
        }),
        _ => None,
    }
}

fn engine_now(app: &App) -> Timestamp {
    app.snapshot.engine.engine_time(app.now)
}

fn matching(app: &App, suspend: bool, text: &str) -> Vec<crate::model::job::JobDefinition> {
    // A part of a name is enough; a star around it asks for the same.
    let filter = Filter::parse(&text.replace('*', " "));
    let rows = app.snapshot.job_definitions.get().map(Vec::as_slice).unwrap_or_default();
    rows.iter().filter(|row| row.suspended != suspend && !filter.is_empty() && admits(&filter, row, &app.snapshot)).cloned().collect()
}

fn matching_words(app: &App, suspend: bool, text: &str) -> String {
    if text.trim().is_empty() {
        return "Part of the name of a process or an activity, such as SAP".to_owned();
    }
    let rows = matching(app, suspend, text);
    let processes: BTreeSet<String> = rows.iter().map(|row| process_label(row, &app.snapshot)).collect();
    let state = if suspend { "active" } else { "SUSPENDED" };
    match rows.len() {
        0 => format!("no {state} job definition matches"),
        count => {
            let named = processes.iter().take(4).cloned().collect::<Vec<_>>().join(", ");
            let more = if processes.len() > 4 { format!(" and {} more", processes.len() - 4) } else { String::new() };
            format!("{} {state} of {} processes: {named}{more}", count_exact(count as u64), processes.len())
        }
    }
}

/// Takes in what was typed. Where it cannot be taken, the line stays and says why.
pub(in crate::app) fn typed(app: &mut App, entry: Entry, text: &str) -> Vec<Effect> {
    match answer(app, entry, text) {
        Ok(effects) => {
            // What follows may have opened a line of its own.
            if matches!(&app.overlay, Some(Overlay::Prompt(prompt)) if prompt.purpose == Purpose::Entry(entry)) {
                app.overlay = None;
            }
            effects
        }
        Err(why) => {
            if let Some(Overlay::Prompt(prompt)) = &mut app.overlay {
                prompt.remark = Some(why);
            }
            Vec::new()
        }
    }
}

fn number<T: std::str::FromStr + PartialOrd + std::fmt::Display>(text: &str, least: T, most: T) -> Result<T, String> {
    let wrong = || format!("A number from {least} to {most} is needed.");
    let number: T = text.trim().parse().map_err(|_| wrong())?;
    if number >= least && number <= most { Ok(number) } else { Err(wrong()) }
}

fn choose(app: &mut App, change: impl FnOnce(&mut Choices)) -> Result<Vec<Effect>, String> {
    if let Some(Page::Plan(page)) = app.pages.last_mut() {
        page.choose(change);
    }
    Ok(Vec::new())
}

fn answer(app: &mut App, entry: Entry, text: &str) -> Result<Vec<Effect>, String> {
    let at = |app: &App| when::parse(text, engine_now(app), &app.settings.zone);
    match entry {
        Entry::Confirm => confirm(app, text),
        Entry::Reason => choose(app, |choices| choices.reason = text.trim().chars().take(LONGEST_REASON).collect()),
        Entry::Attempts => {
            let retries = number(text, 1, 10)?;
            choose(app, |choices| choices.retries = retries)
        }
        Entry::Due => {
            let due = match at(app)? {
                When::Now => Due::Now,
                When::Keep => Due::Keep,
                When::At(at) => Due::At(at),
            };
            // What is typed is meant of all of them.
            choose(app, |choices| (choices.due, choices.keep_dates) = (due, false))
        }
        Entry::Pace => {
            let pace: f64 = number(text, 0.1, 50.0)?;
            choose(app, |choices| choices.pace.per_second = pace)
        }
        Entry::Canary => {
            let canary = number(text, 0, 50)?;
            choose(app, |choices| choices.pace.canary = canary)
        }
        Entry::StopAt => {
            let share = number(text, 0, 100)?;
            choose(app, |choices| choices.pace.stop_at = share)
        }
        Entry::At => {
            let at = match at(app)? {
                When::Now | When::Keep => None,
                When::At(at) => Some(at),
            };
            choose(app, |choices| choices.at = at)
        }
        Entry::Export => export(app, text),
        Entry::Role => take_role(app, text),
        Entry::SuspendMatching | Entry::ResumeMatching => plan_matching(app, entry == Entry::SuspendMatching, text),
        Entry::Note | Entry::Value | Entry::Postpone | Entry::JobPriority | Entry::DefinitionPriority => {
            let wish = wish(app, entry, text)?;
            app.overlay = None;
            Ok(plan(app, wish))
        }
    }
}

/// The longest reason; an engine keeps 4,000 characters of an annotation.
const LONGEST_REASON: usize = 2_000;

fn confirm(app: &mut App, text: &str) -> Result<Vec<Effect>, String> {
    let Some(Danger::Type { what, meaning, .. }) = shown_plan(app).map(|plan| plan.danger()) else { return Ok(Vec::new()) };
    if text.trim() != what {
        return Err(format!("That is not {what}, {meaning}. Nothing was sent; esc leaves."));
    }
    app.overlay = None;
    Ok(perform(app))
}

fn plan_matching(app: &mut App, suspend: bool, text: &str) -> Result<Vec<Effect>, String> {
    let verb = if suspend { Verb::SuspendJobDefinitions } else { Verb::ResumeJobDefinitions };
    allowed(app, verb).map_err(|why| why.words())?;
    let definitions: Vec<_> = matching(app, suspend, text).into_iter().map(|row| row.id).collect();
    if definitions.is_empty() {
        return Err(matching_words(app, suspend, text));
    }
    app.overlay = None;
    let about = format!("job definitions like \u{201c}{}\u{201d}", crate::text::safe(text.trim()));
    Ok(plan(app, Wish { about, what: Asked::JobDefinitions { definitions, suspend } }))
}

/// A wish on what was captured when the line opened.
fn wish(app: &App, entry: Entry, text: &str) -> Result<Wish, String> {
    let chosen = app.acting.pending.clone().unwrap_or_default();
    let why = |why: Unavailable| why.words();
    match entry {
        Entry::Note => deed::with_note(&chosen, text).map_err(why),
        Entry::JobPriority => {
            let priority = number(text, i64::from(i32::MIN), i64::from(i32::MAX))?;
            deed::with_priority(&chosen, entry, Some(priority)).map_err(why)
        }
        Entry::DefinitionPriority if text.trim().is_empty() => deed::with_priority(&chosen, entry, None).map_err(why),
        Entry::DefinitionPriority => {
            let priority = number(text, i64::from(i32::MIN), i64::from(i32::MAX))?;
            deed::with_priority(&chosen, entry, Some(priority)).map_err(why)
        }
        Entry::Postpone => match when::parse(text, engine_now(app), &app.settings.zone)? {
            When::At(at) => deed::with_due(&chosen, Some(at)).map_err(why),
            When::Now | When::Keep => Err("A moment that lies ahead is needed: 10m, 06:00.".to_owned()),
        },
        _ => {
            let variable = chosen.variable.clone().ok_or("No variable is selected.")?;
            let instance = chosen.instance.clone().ok_or("The variable belongs to no instance.")?;
            let value = NewValue::typed(&variable, text)?;
            Ok(Wish { about: chosen.about, what: Asked::SetVariable { instance, variable, value } })
        }
    }
}

fn export(app: &mut App, text: &str) -> Result<Vec<Effect>, String> {
    use crate::action::ledger::Format;
    let path = text.trim();
    let format = match path.rsplit_once('.').map(|(_, end)| end) {
        Some("csv") => Format::Csv,
        Some("json") => Format::Json,
        Some("md") => Format::Markdown,
        _ => return Err("The name must end with .csv, .json or .md.".to_owned()),
    };
    let Some(Page::Action(page)) = app.page() else { return Ok(Vec::new()) };
    let Some(ledger) = &page.ledger else { return Err("The action has not begun yet.".to_owned()) };
    Ok(vec![Effect::Save { path: path.to_owned(), text: ledger.export(format, &app.settings.zone, app.now.wall) }])
}

/// What has to be typed for a role: its word; for a wider one on a production engine the name of the profile too.
fn role_to_type(app: &App, role: Role) -> String {
    match app.settings.profile.as_ref().filter(|_| app.settings.production && role > app.settings.role) {
        Some(profile) => format!("{role} {}", crate::text::safe(profile)),
        None => role.to_string(),
    }
}

fn role_remark(app: &App, text: &str) -> String {
    let settings = &app.settings;
    match text.split_whitespace().next().and_then(Role::named) {
        Some(role) if role > settings.max_role => crate::action::verb::wider_role(role, settings.max_role),
        Some(role) if role > settings.role => format!("Type {} to widen {} to {role}: every action notes it", role_to_type(app, role), settings.role),
        Some(role) if role < settings.role => format!("narrower than {}; M widens it again", settings.role),
        Some(role) => format!("the role is {role} already"),
        None => format!("now {}, at most {}", settings.role, settings.max_role),
    }
}

fn take_role(app: &mut App, text: &str) -> Result<Vec<Effect>, String> {
    let typed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let role = typed.split(' ').next().and_then(Role::named).ok_or("viewer, operator or admin is needed.")?;
    if role > app.settings.max_role {
        return Err(crate::action::verb::wider_role(role, app.settings.max_role));
    }
    let needed = role_to_type(app, role);
    if typed != needed {
        return Err(format!("Type {needed}: nothing was changed."));
    }
    let wider = role > app.settings.role;
    app.settings.role = role;
    app.overlay = None;
    let until = if wider { ", until bpmtop ends or M narrows it; the journal notes it with every action" } else { "" };
    app.notice = Some((format!("The role is {role} now{until}."), app.now));
    Ok(vec![Effect::Act(ActCommand::Role(role))])
}
