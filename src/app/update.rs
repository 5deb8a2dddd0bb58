//! How each message changes the app. Split by what it is about; every function returns what must be done outside.

use std::collections::HashSet;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::acting;
use super::command::Command;
use super::document::Document;
use super::filter::Filter;
use super::finding;
use super::geometry::{self, Pane};
use super::incidents::counted_definitions;
use super::keymap;
use super::pages::Page;
use super::pages::incident::IncidentPage;
use super::paging;
use super::prompt::{Purpose, lock_out};
use super::replaced;
use super::scope::ScopeForm;
use super::typing::{first_run_key, login_key, open_login, open_prompt, paste, prompt_key, scope_key};
use super::{App, Effect, Message, NOTICE, Overlay};
use crate::model::cause;
use crate::model::engine_job::{self, WorkKey};
use crate::model::failing;
use crate::model::grouping::{KnownIncident, SignatureGroup};
use crate::model::ids::{IncidentId, ProcessDefinitionId};
use crate::model::inquiry::Inquiry;
use crate::model::search::Place;
use crate::model::snapshot::{Link, Snapshot};
use crate::poll::command::{Looking, PollCommand};
use crate::runtime::CLIPBOARD_LIMIT;
use crate::text::safe;

/// Rows of one group of which is told where they failed: more than fit a screen.
const MOST_SIGNATURES: usize = 100;

/// Pages that stand on each other at most; the lowest one goes.
const MOST_PAGES: usize = 32;

pub(super) fn update(app: &mut App, message: Message) -> Vec<Effect> {
    let mut effects = match message {
        Message::Key(key) => {
            app.last_key = app.now;
            key_pressed(app, key)
        }
        Message::Paste(text) => {
            app.last_key = app.now;
            paste(app, &text);
            Vec::new()
        }
        Message::Resize(width, height) => {
            app.size = (width, height);
            Vec::new()
        }
        Message::Snapshot(snapshot) => {
            app.snapshot = app.scoping.take(snapshot);
            take_snapshot(app)
        }
        Message::Described(description) => {
            let whole = app.whole();
            for page in &mut app.pages {
                page.fill(&description, &whole);
            }
            Vec::new()
        }
        Message::Found(found) => {
            finding::take(app, &found);
            Vec::new()
        }
        Message::Acted(acted) => acting::take(app, acted),
        Message::Notice(text) => {
            app.notice = Some((text, app.now));
            Vec::new()
        }
        Message::Tick => Vec::new(),
    };
    settle(app, &mut effects);
    effects
}

fn take_snapshot(app: &mut App) -> Vec<Effect> {
    replaced::take(app);
    // Pages below are told when they are looked at again.
    let whole = app.whole();
    if let Some(page) = app.pages.last_mut() {
        page.refresh(&whole);
    }
    let snapshot = app.snapshot.clone();
    match &snapshot.link {
        Link::LoginRefused { problem } if !app.refused => {
            app.refused = true;
            // A refusal without a user is no failed attempt.
            if app.snapshot.engine.user.is_some() {
                app.refusals += 1;
                app.login_not_before = Some(app.now.after(lock_out(app.refusals)));
            }
            if !matches!(app.overlay, Some(Overlay::Login(_))) {
                open_login(app, problem.what.clone());
                // Somebody may be typing: what was meant for something else must not become a password that is sent.
                if let Some(Overlay::Login(form)) = &mut app.overlay {
                    form.awake = app.snapshot.engine.user.is_none();
                }
            }
        }
        Link::LoginRefused { .. } => {}
        Link::Live => {
            app.refused = false;
            app.refusals = 0;
            app.login_not_before = None;
        }
        _ => app.refused = false,
    }
    Vec::new()
}

/// What follows from any message: rows are arranged, notices end, and the poller learns what is on the screen.
fn settle(app: &mut App, effects: &mut Vec<Effect>) {
    let geometry = app.geometry();
    if let Some(pane) = geometry.incidents {
        app.incidents.set_height(geometry::table_rows(pane, true).into());
    }
    if let Some(pane) = geometry.job_definitions {
        app.job_definitions.list.set_height(geometry::table_rows(pane, false).into());
    }
    if let Some(pane) = geometry.definitions {
        app.definitions.list.set_height(geometry::table_rows(pane, false).into());
    }
    if let Some(page) = app.pages.last_mut() {
        page.set_height(geometry.main.height.saturating_sub(1).into());
        effects.extend(page.wants().map(Effect::Poll));
    }
    if app.pages.len() > MOST_PAGES {
        app.pages.remove(0);
    }
    app.incidents.arrange(&app.snapshot, app.now.instant);
    app.job_definitions.arrange(&app.snapshot, app.now.instant);
    app.definitions.arrange(&app.snapshot, app.scoping.scope(), app.now.instant);
    if app.notice.as_ref().is_some_and(|(_, since)| app.now.since(*since) > NOTICE) {
        app.notice = None;
    }
    app.tell_presence(effects);
    let looking = looking(app);
    if looking != app.looking && app.first_run.is_none() {
        app.looking = looking.clone();
        effects.push(Effect::Poll(PollCommand::Look(looking)));
    }
}

/// What is on the screen.
fn looking(app: &App) -> Looking {
    let mut looking = Looking::default();
    if let Some(page) = app.page() {
        page.look(&app.whole(), &mut looking);
    } else {
        look_at_panes(app, &mut looking);
    }
    // What somebody forgot to resume is counted in the first line, on every page.
    if !looking.inquiries.contains(&Inquiry::Suspended) {
        looking.seldom.push(Inquiry::SuspendedCount);
    }
    looking.definitions.sort();
    looking.definitions.dedup();
    looking.groups.sort();
    looking.groups.dedup();
    let mut counted = HashSet::new();
    looking.job_definitions.retain(|id| counted.insert(id.clone()));
    let mut asked = HashSet::new();
    looking.inquiries.retain(|inquiry| asked.insert(inquiry.clone()));
    looking
}

/// Adds the rows of the panes. The groups' definitions count too: their activities are shown by name.
fn look_at_panes(app: &App, looking: &mut Looking) {
    let (geometry, snapshot) = (app.geometry(), &app.snapshot);
    if geometry.incidents.is_some() {
        let open = app.incidents.groups_on_screen(snapshot);
        looking.job_definitions.extend(open.iter().filter_map(|key| snapshot.groups.find(key)).flat_map(counted_definitions));
        let groups = app.incidents.groups.visible().filter_map(|(key, _)| snapshot.groups.find(key)?.definition.clone());
        looking.definitions.extend(groups);
        // When work of the engine's own failed first is told by no history that names it.
        let shown = app.incidents.groups_on_screen(snapshot);
        looking.inquiries.extend(shown.iter().filter_map(|key| engine_job::inquiry(key.work.as_ref()?, snapshot)));
        looking.groups.extend(shown.into_iter().filter(|key| key.work.is_none()));
        let samples = app.incidents.groups_on_screen(snapshot).into_iter().filter_map(|key| snapshot.groups.find(&key));
        let samples = samples.flat_map(|group| group.signatures.iter().take(MOST_SIGNATURES)).filter_map(SignatureGroup::sample);
        looking.definitions.extend(failing::unread(&snapshot.names(), samples.map(|known| &known.incident)));
        looking.seldom.extend(app.incidents.signatures_on_screen(snapshot).into_iter().flat_map(cause::inquiries));
        looking.incidents.extend(app.incidents.visible_incidents().into_iter().filter_map(|id| snapshot.incident(id).cloned()));
    }
    if geometry.job_definitions.is_some() {
        for (id, _) in app.job_definitions.list.visible() {
            looking.job_definitions.push(id.clone());
            let Some(row) = app.job_definitions.find(id, snapshot) else { continue };
            looking.definitions.extend(row.process_definition.clone());
            if row.process_definition.is_none() {
                looking.inquiries.extend(engine_job::inquiry(&WorkKey::Definition(row.id.clone()), snapshot));
            }
        }
    }
}

fn key_pressed(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) {
        return vec![Effect::Quit];
    }
    if key.code == KeyCode::Char('z') && key.modifiers.contains(KeyModifiers::CONTROL) {
        return vec![Effect::Suspend];
    }
    if app.first_run.is_some() {
        return first_run_key(app, key);
    }
    match &mut app.overlay {
        Some(Overlay::Prompt(_)) => prompt_key(app, key),
        Some(Overlay::Login(_)) => login_key(app, key),
        Some(Overlay::Scope(_)) => scope_key(app, key),
        Some(Overlay::Menu(_)) => acting::menu_key(app, key),
        _ => keymap::command(app.context(), &key).map_or_else(Vec::new, |command| run(app, command)),
    }
}

/// Puts the cursor into a pane. One below the incidents stays there when the cursor goes back to them.
fn focus(app: &mut App, pane: Pane) {
    app.focus = pane;
    if pane != Pane::Incidents {
        app.lower = pane;
    }
}

fn next_pane(pane: Pane) -> Pane {
    match pane {
        Pane::Incidents => Pane::JobDefinitions,
        Pane::JobDefinitions => Pane::Definitions,
        Pane::Definitions => Pane::Incidents,
    }
}

fn toggle_mark(app: &mut App) {
    match app.focus {
        Pane::Incidents => app.incidents.toggle_mark(app.now.instant),
        Pane::JobDefinitions => app.job_definitions.list.toggle_mark(app.now.instant),
        Pane::Definitions => app.definitions.list.toggle_mark(app.now.instant),
    }
}

/// The text on the page, where it is one.
fn text(app: &mut App) -> Option<&mut Document> {
    app.pages.last_mut()?.text_mut()
}

fn run(app: &mut App, command: Command) -> Vec<Effect> {
    if command != Command::Quit {
        app.acting.leaving = false;
    }
    if let Some(effects) = paging::run(app, command) {
        return effects;
    }
    match command {
        Command::Quit => return quit(app),
        Command::Suspend => return vec![Effect::Suspend],
        Command::Back => back(app),
        Command::Open => return open(app),
        Command::Describe => return describe_selected(app),
        Command::Go(motion) => go(app, motion),
        Command::NextPane => focus(app, next_pane(app.focus)),
        Command::ShowIncidents => focus(app, Pane::Incidents),
        Command::ShowJobDefinitions => focus(app, Pane::JobDefinitions),
        Command::ShowDefinitions => focus(app, Pane::Definitions),
        Command::OldVersions => {
            focus(app, Pane::Definitions);
            app.definitions.toggle_draining();
        }
        Command::Scope => app.overlay = Some(Overlay::Scope(Box::new(ScopeForm::new(&app.scoping, &app.settings.teams)))),
        Command::Zoom => app.zoomed = !app.zoomed,
        Command::Filter => open_prompt(app, Purpose::Filter),
        Command::Search => open_prompt(app, Purpose::Search),
        Command::NextHit | Command::PreviousHit => text(app).into_iter().for_each(|text| text.next_hit(command == Command::NextHit)),
        Command::SortNext | Command::SortReverse => sort(app, command == Command::SortNext),
        Command::Mark => toggle_mark(app),
        Command::MarkAll | Command::ClearMarks => mark_all(app, command == Command::MarkAll),
        Command::Pause => return vec![Effect::Poll(PollCommand::Pause(!app.paused()))],
        Command::Refresh => return refresh(app),
        Command::Copy => return copy(app),
        Command::Role => super::acting::begin_role(app),
        Command::Login => open_login(app, "Log in with another user or password.".to_owned()),
        Command::Help => app.overlay = if matches!(app.overlay, Some(Overlay::Help(_))) { None } else { Some(Overlay::Help(0)) },
        Command::Tree => paging::open_tree(app),
        Command::Timeline => paging::open_timeline(app),
        Command::OnlyTrouble | Command::Variables | Command::Unfold | Command::Fold | Command::ToCaller | Command::ToCause | Command::ToggleEnded => {}
        Command::Menu
        | Command::Act(_)
        | Command::Actions
        | Command::ShowSuspended
        | Command::ShowRetrying
        | Command::Choose(_)
        | Command::ShowRequests
        | Command::HoldAction
        | Command::GoOnAction
        | Command::StopAction
        | Command::ReadBack
        | Command::Export
        | Command::Undo
        | Command::PutBack => return acting::obey(app, command),
        Command::Find => open_prompt(app, Purpose::Find),
        Command::Instance => paging::open_instance(app),
        Command::Wrap => text(app).into_iter().for_each(|text| text.wrap = !text.wrap),
    }
    Vec::new()
}

/// Leaves; while an action still sends, only when asked twice.
fn quit(app: &mut App) -> Vec<Effect> {
    let sending = app.acting.sending().count();
    if sending > 0 && !app.acting.leaving {
        app.acting.leaving = true;
        let actions = if sending == 1 { "An action is".to_owned() } else { format!("{sending} actions are") };
        let words = format!("{actions} still under way: q again leaves. Nothing more is sent then; what is in flight is finished and journalled.");
        app.notice = Some((words, app.now));
        return Vec::new();
    }
    vec![Effect::Quit]
}

fn go(app: &mut App, motion: super::list::Motion) {
    use super::list::Motion;
    if let Some(Overlay::Help(top)) = &mut app.overlay {
        *top = match motion {
            Motion::Up => top.saturating_sub(1),
            Motion::Down => *top + 1,
            Motion::PageUp => top.saturating_sub(10),
            Motion::PageDown => *top + 10,
            Motion::Top => 0,
            Motion::Bottom => usize::MAX / 2,
        };
    } else if let Some(page) = app.pages.last_mut() {
        page.go(motion, app.now);
    } else {
        match app.focus {
            Pane::Incidents => app.incidents.go(motion, app.now.instant),
            Pane::JobDefinitions => app.job_definitions.list.go(motion, app.now.instant),
            Pane::Definitions => app.definitions.list.go(motion, app.now.instant),
        }
    }
}

fn back(app: &mut App) {
    if matches!(app.overlay, Some(Overlay::Help(_))) {
        app.overlay = None;
    } else if app.pages.pop().is_some() {
        // What was said of the page that is left says nothing of this one.
        app.notice = None;
        let whole = app.whole();
        if let Some(page) = app.pages.last_mut() {
            page.refresh(&whole);
        }
    } else {
        match app.focus {
            Pane::Incidents if app.incidents.back() => {}
            Pane::Incidents => app.incidents.set_filter(Filter::default(), &app.snapshot),
            Pane::JobDefinitions if app.job_definitions.filter().is_empty() => app.focus = Pane::Incidents,
            Pane::JobDefinitions => app.job_definitions.set_filter(Filter::default(), &app.snapshot),
            Pane::Definitions if app.definitions.back() => {}
            Pane::Definitions => app.focus = Pane::Incidents,
        }
    }
}

/// Whether the first key in an untouched list only put the cursor on a row: nothing is opened that was not selected and seen.
pub(super) fn cursor_was_missing(app: &mut App) -> bool {
    let missing = match app.focus {
        Pane::Incidents => !app.incidents.has_cursor(),
        Pane::JobDefinitions => app.job_definitions.list.selected_key().is_none(),
        Pane::Definitions => app.definitions.list.selected_key().is_none(),
    };
    if missing {
        go(app, super::list::Motion::Down);
    }
    missing
}

fn open(app: &mut App) -> Vec<Effect> {
    if cursor_was_missing(app) {
        return Vec::new();
    }
    match app.focus {
        Pane::JobDefinitions => open_job_definition(app),
        Pane::Definitions => open_definition(app),
        Pane::Incidents => match app.incidents.open(&app.snapshot, app.now.instant) {
            Some(incident) => describe(app, &incident),
            None => Vec::new(),
        },
    }
}

/// The instances that stand at the activity of the selected job definition.
fn open_job_definition(app: &mut App) -> Vec<Effect> {
    let Some(row) = app.job_definitions.list.selected_present().and_then(|id| app.job_definitions.find(id, &app.snapshot)) else {
        return Vec::new();
    };
    let (Some(definition), Some(activity)) = (row.process_definition.clone(), row.activity.clone()) else {
        let why = "This job definition belongs to no activity of a process: it is work of the engine itself, and no instance stands there.";
        app.notice = Some((why.to_owned(), app.now));
        return Vec::new();
    };
    let name = acting::job_definition_words(row, &app.snapshot);
    // The body of a multi-instance activity is a place of its own: instances wait at it by its own id.
    let place = Place { definition, activity: Some(activity) };
    finding::list_instances(app, place, &name)
}

/// The versions of the selected process, or the instances of the selected version.
fn open_definition(app: &mut App) -> Vec<Effect> {
    let Some(version) = app.definitions.selected_version() else {
        app.definitions.toggle_fold();
        return Vec::new();
    };
    let name = format!("{} v{}", version.label(), version.definition.version);
    let place = Place { definition: version.definition.id.clone(), activity: None };
    finding::list_instances(app, place, &name)
}

fn describe_selected(app: &mut App) -> Vec<Effect> {
    if cursor_was_missing(app) {
        return Vec::new();
    }
    let selected = match app.focus {
        Pane::Incidents => app.incidents.selected_incident(&app.snapshot),
        Pane::JobDefinitions => {
            let id = app.job_definitions.list.selected_present();
            newest_root(&app.snapshot, |known| known.incident.job_definition.is_some() && known.incident.job_definition.as_ref() == id)
        }
        Pane::Definitions => {
            let versions: HashSet<&ProcessDefinitionId> = app.definitions.selected_versions().iter().map(|version| &version.definition.id).collect();
            newest_root(&app.snapshot, |known| known.incident.process_definition.as_ref().is_some_and(|id| versions.contains(id)))
        }
    };
    match selected {
        Some(incident) => describe(app, &incident),
        None => {
            let complete = app.snapshot.incidents.get().is_some_and(|set| set.complete);
            let why = if complete { "No root incident is open in this row." } else { "No root incident of this row is known yet: not all are read." };
            app.notice = Some((why.into(), app.now));
            Vec::new()
        }
    }
}

/// The newest open root incident like this.
fn newest_root(snapshot: &Snapshot, like: impl Fn(&KnownIncident) -> bool) -> Option<IncidentId> {
    let roots = snapshot.incidents.get()?.incidents.values().filter(|known| known.incident.is_root() && like(known));
    roots.max_by_key(|known| (known.incident.created, known.incident.id.clone())).map(|known| known.incident.id.clone())
}

fn describe(app: &mut App, incident: &IncidentId) -> Vec<Effect> {
    match app.snapshot.incident(incident).cloned() {
        Some(known) => describe_known(app, known),
        None => Vec::new(),
    }
}

/// Opens the page of an incident.
pub(super) fn describe_known(app: &mut App, known: Arc<KnownIncident>) -> Vec<Effect> {
    let page = IncidentPage::new(known.clone(), &app.whole(), app.settings.zone.clone(), app.now);
    app.pages.push(Page::Incident(Box::new(page)));
    vec![Effect::Poll(PollCommand::Describe(known))]
}

fn sort(app: &mut App, next: bool) {
    match (app.focus, next) {
        (Pane::Incidents, true) => app.incidents.sort_next(&app.snapshot),
        (Pane::Incidents, false) => app.incidents.sort_reverse(&app.snapshot),
        (Pane::JobDefinitions, true) => app.job_definitions.sort_next(&app.snapshot),
        (Pane::JobDefinitions, false) => app.job_definitions.sort_reverse(&app.snapshot),
        (Pane::Definitions, true) => app.definitions.sort_next(),
        (Pane::Definitions, false) => app.definitions.sort_reverse(),
    }
}

fn mark_all(app: &mut App, marked: bool) {
    match (app.focus, marked) {
        (Pane::Incidents, _) => app.incidents.mark_all(marked),
        (Pane::JobDefinitions, true) => app.job_definitions.list.mark_all(),
        (Pane::JobDefinitions, false) => app.job_definitions.list.clear_marks(),
        (Pane::Definitions, true) => app.definitions.list.mark_all(),
        (Pane::Definitions, false) => app.definitions.list.clear_marks(),
    }
}

fn refresh(app: &mut App) -> Vec<Effect> {
    app.has_seen_the_replacement();
    let mut effects = vec![Effect::Poll(PollCommand::Refresh)];
    if let Some(page) = app.pages.last_mut() {
        effects.extend(page.ask_again(app.now).map(Effect::Poll));
    }
    effects
}

/// Copies the id of what is selected: the failed job or task on a page, else the row's own id.
fn copy(app: &mut App) -> Vec<Effect> {
    let id = match (app.page(), app.focus) {
        (Some(page), _) => page.id(),
        (_, Pane::Incidents) => app.incidents.selected_incident(&app.snapshot).map(|id| id.to_string()),
        (_, Pane::JobDefinitions) => app.job_definitions.list.selected_present().map(ToString::to_string),
        (_, Pane::Definitions) => app.definitions.selected_id(),
    };
    let Some(id) = id.filter(|id| !id.trim().is_empty()) else {
        app.notice = Some(("There is nothing to copy here: nothing is selected.".to_owned(), app.now));
        return Vec::new();
    };
    if id.len() > CLIPBOARD_LIMIT {
        let words = format!("Not copied: {} bytes are more than terminals put on a clipboard ({CLIPBOARD_LIMIT}).", id.len());
        app.notice = Some((words, app.now));
        return Vec::new();
    }
    app.notice = Some((format!("copied {}", safe(crate::text::truncate(&id, 200).as_ref())), app.now));
    vec![Effect::Copy(id)]
}
