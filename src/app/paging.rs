//! What commands do on pages, and how a page is opened from a row.

mod instance;

pub(super) use instance::open_instance;

use std::sync::Arc;

use super::acting;
use super::command::Command;
use super::filter::Filter;
use super::finding;
use super::geometry::Pane;
use super::pages::timeline::TimelinePage;
use super::pages::trace::TracePage;
use super::pages::tree::TreePage;
use super::pages::{Contents as _, Page};
use super::update::{cursor_was_missing, describe_known};
use super::{App, Effect, Overlay};
use crate::model::call_tree::{Content, NodeKey, Target};
use crate::model::history::JobEvent;
use crate::model::ids::{ProcessDefinitionId, ProcessInstanceId};
use crate::model::naming;
use crate::model::succession::Succession;
use crate::model::timeline::{Row, Visit, What};

/// Carries out a command on the page that has the screen; none if no page is open or the command means the same everywhere.
pub(super) fn run(app: &mut App, command: Command) -> Option<Vec<Effect>> {
    if matches!(app.overlay, Some(Overlay::Help(_))) {
        return None;
    }
    match app.pages.last()? {
        Page::Tree(_) => on_tree(app, command),
        Page::Instance(_) => instance::on_instance(app, command),
        Page::Timeline(_) => on_timeline(app, command),
        Page::Results(_) => finding::run(app, command),
        Page::Plan(_) | Page::Action(_) | Page::Actions(_) | Page::Suspended(_) | Page::Retrying(_) => acting::run(app, command),
        Page::Incident(_) | Page::Trace(_) => on_text(app, command),
    }
}

/// Enter on a page of text: what the work behind an incident ran into after it moved on.
fn on_text(app: &mut App, command: Command) -> Option<Vec<Effect>> {
    if command != Command::Open {
        return None;
    }
    if let Some(Page::Incident(page)) = app.page()
        && let Some(known) = page.moved_on.clone()
    {
        return Some(describe_known(app, known));
    }
    app.notice = Some(("There is nothing behind this page: t opens its tree, i its instance, T its timeline.".to_owned(), app.now));
    Some(Vec::new())
}

fn on_tree(app: &mut App, command: Command) -> Option<Vec<Effect>> {
    let (whole, now) = (app.whole(), app.now);
    let Some(Page::Tree(page)) = app.pages.last_mut() else { return None };
    let mut remark = None;
    match command {
        Command::Open => {
            page.touch();
            return Some(open_node(app));
        }
        Command::Unfold => page.unfold(&whole, now),
        Command::Fold => {
            if !page.fold(&whole) {
                remark = Some("This is the topmost instance: nothing called it. esc leads back.");
            }
        }
        Command::ToCaller => {
            if !page.to_caller() {
                remark = Some("This is the topmost instance: nothing called it.");
            }
        }
        Command::ToCause => {
            if !page.to_cause(&whole) {
                remark = Some("No open incident in this tree.");
            }
        }
        Command::ToggleEnded => {
            page.toggle_ended(&whole);
            let shown = page.view.show_ended;
            remark = Some(if shown { "Ended instances are shown too, as far as the history keeps them." } else { "Only running instances are shown." });
        }
        _ => return None,
    }
    if let Some(remark) = remark {
        app.notice = Some((remark.to_owned(), now));
    }
    Some(Vec::new())
}

/// Enter on a row of a tree: what failed there, or what is hidden below.
fn open_node(app: &mut App) -> Vec<Effect> {
    let (whole, now) = (app.whole(), app.now);
    let Some(Page::Tree(page)) = app.pages.last_mut() else { return Vec::new() };
    let Some(row) = page.selected() else { return Vec::new() };
    match (&row.content, &row.key) {
        (Content::Instance(node), _) => {
            let own = node.own.first().cloned();
            match own {
                Some(known) => return describe_known(app, known),
                None => {
                    let id = node.id.clone();
                    instance::open(app, id);
                }
            }
        }
        (Content::Case(_), _) => {
            app.notice = Some(("A case has no page here. The instances above and below it have.".to_owned(), now));
        }
        (Content::Fold(_), _) => page.unfold(&whole, now),
        (_, NodeKey::Rest(..)) => page.show_rest(&whole),
        (_, NodeKey::More(..)) => {
            let read = page.read_more(&whole);
            if read {
                return Vec::new();
            }
            app.notice = Some(("No more are listed here; F finds a single one by its business key or id.".to_owned(), now));
        }
        _ => {}
    }
    Vec::new()
}

/// Opens the tree around the incident of the selected row, or of the page.
pub(super) fn open_tree(app: &mut App) {
    let of_page = app.page().map(|page| match page {
        Page::Incident(page) => Some(page.known.clone()),
        _ => None,
    });
    let known = match of_page {
        Some(known) => known,
        None if app.focus != Pane::Incidents || cursor_was_missing(app) => None,
        None => app.incidents.selected_incident(&app.snapshot).and_then(|id| app.snapshot.incident(&id).cloned()),
    };
    let Some(known) = known else {
        app.notice = Some(("Select an incident first: the tree is that of its instance.".into(), app.now));
        return;
    };
    if known.incident.process_instance.is_none() {
        let work = naming::of_incident(&known, &app.snapshot).what();
        app.notice = Some((format!("This incident stands on no process instance: it is the engine's own work, {work}. d tells everything about it."), app.now));
        return;
    }
    show_tree(app, Target::Incident(known));
}

/// Opens the tree of a target.
pub(super) fn show_tree(app: &mut App, target: Target) {
    let page = TreePage::new(target, &app.whole());
    app.pages.push(Page::Tree(Box::new(page)));
}

fn on_timeline(app: &mut App, command: Command) -> Option<Vec<Effect>> {
    let (whole, now) = (app.whole(), app.now);
    let Some(Page::Timeline(page)) = app.pages.last_mut() else { return None };
    match command {
        Command::Open => return Some(open_event(app)),
        Command::SortReverse => page.turn(&whole),
        Command::OnlyTrouble => {
            page.toggle_trouble(&whole);
            let shown = if page.only_trouble {
                "Showing only failures, incidents and what users did; o shows everything."
            } else {
                "Showing everything that is known."
            };
            app.notice = Some((shown.to_owned(), now));
        }
        Command::Back if !page.filter.is_empty() => page.set_filter(Filter::default(), &whole),
        Command::Tree => {
            let target = Target::Instance(page.instance.clone());
            show_tree(app, target);
        }
        _ => return None,
    }
    Some(Vec::new())
}

/// Enter on a row of a timeline: the stack trace of a failure, the tree of a called instance, an open incident, older events.
fn open_event(app: &mut App) -> Vec<Effect> {
    let (whole, now, zone) = (app.whole(), app.now, app.settings.zone.clone());
    let Some(Page::Timeline(page)) = app.pages.last_mut() else { return Vec::new() };
    if page.list.selected_key().is_none() {
        page.go(super::list::Motion::Down, now);
        return Vec::new();
    }
    let Some(told) = page.selected().cloned() else { return Vec::new() };
    let event = match &told.row {
        Row::Event(event, _) => event,
        Row::Gap(_) => return Vec::new(),
        Row::Older => {
            if !page.read_more(now, &whole) {
                app.notice = Some((page.missing(), now));
            }
            return Vec::new();
        }
    };
    match &event.what {
        What::Job(attempt) if attempt.event == JobEvent::Failed => {
            let page = TracePage::new(event, attempt, (told.place.clone(), page.definition.as_ref()), &zone, &whole);
            app.pages.push(Page::Trace(Box::new(page)));
        }
        What::Entered(Visit { called: Some(called), .. })
        | What::Passed(Visit { called: Some(called), .. }, _)
        | What::Left(Visit { called: Some(called), .. }, _) => {
            show_tree(app, Target::Instance(called.clone()));
        }
        What::Opened(trouble) => match whole.incident(&trouble.incident).cloned() {
            Some(known) => return describe_known(app, known),
            None if trouble.open => {
                // The picture may not be complete yet, or older or newer than the history: that it lacks the incident proves nothing.
                let target = Target::Instance(page.instance.clone());
                app.notice = Some(("This incident is not among those read so far: this is the tree of its instance.".to_owned(), now));
                show_tree(app, target);
            }
            None => {
                let gone = page.gathered.incidents.get(&trouble.incident);
                let successor = gone.and_then(|gone| whole.incidents.get()?.successor(&gone.incident));
                app.notice = match &successor {
                    Some(Succession::FailedAgain(_)) => {
                        Some(("This incident is not open any more: the same work failed again, and this is its incident.".to_owned(), now))
                    }
                    Some(Succession::MovedOn(_)) => Some(("This incident is not open any more: the work moved on, then failed here.".to_owned(), now)),
                    None => Some(("This incident is not open any more; the failure before it has the stack trace.".to_owned(), now)),
                };
                if let Some(successor) = successor {
                    return describe_known(app, Arc::clone(successor.incident()));
                }
            }
        },
        _ => app.notice = Some(("There is nothing behind this row: failures, calls and open incidents can be opened.".to_owned(), now)),
    }
    Vec::new()
}

/// The process instance of the selected row or of the page, with its definition where that is known; says what to do where there is none.
fn selected_instance(app: &mut App) -> Option<(ProcessInstanceId, Option<ProcessDefinitionId>)> {
    let of_page = app.page().map(|page| page.instance());
    let mut advice = "Select a row with a process instance first.";
    let selected = match of_page {
        Some(of_page) => of_page,
        None if app.focus != Pane::Incidents => None,
        None if cursor_was_missing(app) => {
            advice = "The cursor is on the first row now; the same key again opens it.";
            None
        }
        None => app.incidents.selected_incident(&app.snapshot).and_then(|id| {
            let incident = &app.snapshot.incident(&id)?.incident;
            Some((incident.process_instance.clone()?, incident.process_definition.clone()))
        }),
    };
    if selected.is_none() {
        app.notice = Some((advice.to_owned(), app.now));
    }
    selected
}

/// Opens the timeline of the instance of the selected row, or of the page.
pub(super) fn open_timeline(app: &mut App) {
    let Some((instance, definition)) = selected_instance(app) else { return };
    let page = TimelinePage::new(instance, definition, app.settings.zone.clone(), &app.whole());
    app.pages.push(Page::Timeline(Box::new(page)));
}
