//! Keys and pasted text while something is being typed: a filter, a search, a login, a scope, an address.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};

use super::acting;
use super::filter::Filter;
use super::finding;
use super::geometry::Pane;
use super::pages::Page;
use super::prompt::{LoginForm, LoginLine, Prompt, Purpose};
use super::{App, Effect, Overlay};
use crate::model::scope::Scope;
use crate::model::snapshot::Snapshot;
use crate::poll::command::PollCommand;
use crate::text::safe;

pub(super) fn open_login(app: &mut App, reason: String) {
    let user = app.snapshot.engine.user.clone().unwrap_or_default();
    let mut form = LoginForm::new(reason, &user);
    form.not_before = app.login_not_before;
    app.overlay = Some(Overlay::Login(Box::new(form)));
}

pub(super) fn open_prompt(app: &mut App, purpose: Purpose) {
    let text = match purpose {
        Purpose::Search => app.page().and_then(|page| page.text()).map(|page| page.needle.clone()).unwrap_or_default(),
        Purpose::Filter if app.page().is_some() => app.page().and_then(|page| page.filter()).map(|filter| filter.typed().to_owned()).unwrap_or_default(),
        Purpose::Find => finding::last(app),
        _ => match app.focus {
            Pane::Incidents => app.incidents.filter().typed().to_owned(),
            Pane::JobDefinitions => app.job_definitions.filter().typed().to_owned(),
            Pane::Definitions => app.definitions.filter().typed().to_owned(),
        },
    };
    app.overlay = Some(Overlay::Prompt(Box::new(Prompt::new(purpose, &text))));
}

pub(super) fn paste(app: &mut App, text: &str) {
    if let Some(prompt) = &mut app.first_run {
        prompt.paste(text);
    } else {
        match &mut app.overlay {
            Some(Overlay::Prompt(prompt)) => prompt.paste(text),
            Some(Overlay::Login(form)) if form.awake => form.paste(text),
            Some(Overlay::Scope(form)) => form.paste(text),
            Some(Overlay::Login(_)) => {}
            _ => app.notice = Some(("What was pasted did nothing: no line of input is open.".to_owned(), app.now)),
        }
    }
    live_filter(app);
}

pub(super) fn first_run_key(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    let Some(prompt) = &mut app.first_run else { return Vec::new() };
    match key.code {
        KeyCode::Esc => vec![Effect::Quit],
        KeyCode::Enter => vec![Effect::Connect(prompt.text().trim().to_owned())],
        _ => {
            prompt.key(key);
            Vec::new()
        }
    }
}

pub(super) fn prompt_key(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    let Some(Overlay::Prompt(prompt)) = &mut app.overlay else { return Vec::new() };
    match key.code {
        KeyCode::Esc => {
            let before = prompt.before.clone();
            let purpose = prompt.purpose;
            app.overlay = None;
            apply_prompt(app, purpose, &before);
        }
        KeyCode::Enter if prompt.purpose == Purpose::Find => {
            let text = prompt.text().to_owned();
            app.overlay = None;
            return finding::find(app, &text);
        }
        KeyCode::Enter if matches!(prompt.purpose, Purpose::Entry(_)) => {
            let (purpose, text) = (prompt.purpose, prompt.text().to_owned());
            if let Purpose::Entry(entry) = purpose {
                return acting::typed(app, entry, &text);
            }
        }
        KeyCode::Enter => app.overlay = None,
        _ => {
            prompt.key(key);
            live_filter(app);
        }
    }
    Vec::new()
}

/// Filters and searches work while they are typed.
fn live_filter(app: &mut App) {
    if let Some(Overlay::Prompt(prompt)) = &app.overlay {
        let (purpose, text) = (prompt.purpose, prompt.text().to_owned());
        apply_prompt(app, purpose, &text);
    }
}

fn apply_prompt(app: &mut App, purpose: Purpose, text: &str) {
    match purpose {
        Purpose::Filter if app.page().is_some() => {
            let whole = app.whole();
            if let Some(Page::Timeline(page)) = app.pages.last_mut() {
                page.set_filter(Filter::parse(text), &whole);
            }
        }
        Purpose::Filter => match app.focus {
            Pane::Incidents => app.incidents.set_filter(Filter::parse(text), &app.snapshot),
            Pane::JobDefinitions => app.job_definitions.set_filter(Filter::parse(text), &app.snapshot),
            Pane::Definitions => app.definitions.set_filter(Filter::parse(text)),
        },
        Purpose::Search => {
            if let Some(page) = app.pages.last_mut().and_then(|page| page.text_mut()) {
                page.search(text);
            }
        }
        Purpose::Entry(entry) => {
            let remark = acting::remark(app, entry, text);
            if let Some(Overlay::Prompt(prompt)) = &mut app.overlay {
                prompt.remark = remark;
            }
        }
        Purpose::Address | Purpose::Find => {}
    }
}

pub(super) fn login_key(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    let Some(Overlay::Login(form)) = &mut app.overlay else { return Vec::new() };
    match key.code {
        KeyCode::Esc => app.overlay = None,
        _ if !form.awake => form.awake = matches!(key.code, KeyCode::Enter | KeyCode::Tab),
        KeyCode::Tab | KeyCode::BackTab | KeyCode::Up | KeyCode::Down => form.switch(),
        KeyCode::Enter if form.line == LoginLine::User => form.switch(),
        KeyCode::Enter => {
            if form.wait(app.now).is_zero()
                && let Some((user, password)) = form.login()
            {
                app.overlay = None;
                app.refused = false;
                let mut effects = make_room_for(app, &user);
                effects.push(Effect::Poll(PollCommand::Login { user, password }));
                return effects;
            }
        }
        _ => form.key(key),
    }
    Vec::new()
}

/// Another user may not see what the former one read: its pages are closed, with revealed variables and all, and what was found out about
/// single things is forgotten. The same user keeps them.
fn make_room_for(app: &mut App, user: &str) -> Vec<Effect> {
    let whole = app.whole();
    if whole.engine.user.as_deref() == Some(user) {
        return Vec::new();
    }
    let mut effects = Vec::new();
    if finding::give_up(app) {
        effects.push(Effect::Poll(PollCommand::GiveUp));
    }
    if !app.pages.is_empty() {
        app.pages.clear();
        app.notice = Some((format!("Logged in as {}: pages were closed.", safe(user)), app.now));
    }
    // Until the next picture comes, a page that is opened must not take up the answers to the former user.
    let (findings, instances, jobs, external_tasks) = Default::default();
    app.snapshot = app.scoping.take(Arc::new(Snapshot { findings, instances, jobs, external_tasks, ..Snapshot::clone(&whole) }));
    effects
}

pub(super) fn scope_key(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    let Some(Overlay::Scope(form)) = &mut app.overlay else { return Vec::new() };
    match key.code {
        KeyCode::Esc => app.overlay = None,
        KeyCode::Tab | KeyCode::Down => form.suggest(true),
        KeyCode::BackTab | KeyCode::Up => form.suggest(false),
        KeyCode::Enter => match Scope::parse(form.text(), &app.settings.teams) {
            Ok(scope) => show_scope(app, scope),
            Err(problem) => form.problem = Some(problem),
        },
        _ => form.key(key),
    }
    Vec::new()
}

fn show_scope(app: &mut App, scope: Scope) {
    app.overlay = None;
    let shown = app.snapshot.clone();
    app.snapshot = app.scoping.set(scope, &shown);
    // A group that is left out cannot stay open.
    while app.incidents.open_group(&app.snapshot).is_none() && app.incidents.back() {}
    app.incidents.rearrange(&app.snapshot);
    app.job_definitions.rearrange(&app.snapshot);
    app.definitions.arrange(&app.snapshot, app.scoping.scope(), app.now.instant);
    app.definitions.rearrange();
}
