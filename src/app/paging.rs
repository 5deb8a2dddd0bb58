//! What commands do on pages, and how a page is opened from a row.

mod instance;

pub(super) use instance::open_instance;

use super::command::Command;
use super::geometry::Pane;
use super::pages::Page;
use super::pages::tree::TreePage;
use super::update::{cursor_was_missing, describe_known};
use super::{App, Effect, Overlay};
use crate::model::call_tree::{Content, NodeKey, Target};

/// Carries out a command on the page that has the screen; none if no page is open or the command means the same everywhere.
pub(super) fn run(app: &mut App, command: Command) -> Option<Vec<Effect>> {
    if matches!(app.overlay, Some(Overlay::Help(_))) {
        return None;
    }
    match app.pages.last()? {
        Page::Tree(_) => on_tree(app, command),
        Page::Instance(_) => instance::on_instance(app, command),
        Page::Incident(_) => None,
    }
}

fn on_tree(app: &mut App, command: Command) -> Option<Vec<Effect>> {
    let (whole, now) = (app.whole(), app.now);
    let Some(Page::Tree(page)) = app.pages.last_mut() else { return None };
    let mut remark = None;
    match command {
        Command::Open => return Some(open_node(app)),
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
            remark = Some(if shown { "Instances that are over are shown too, as far as the history keeps them." } else { "Only what runs is shown." });
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
        (Content::Fold(_), _) => page.unfold(&whole, now),
        (_, NodeKey::More(..)) => drop(page.read_more(&whole)),
        _ => {}
    }
    Vec::new()
}

/// Opens the tree around the incident of the selected row, or of the page.
pub(super) fn open_tree(app: &mut App) {
    let of_page = app.page().map(|page| match page {
        Page::Incident(page) => Some(page.known.clone()),
        Page::Tree(_) | Page::Instance(_) => None,
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
        app.notice = Some((
            "This incident stands on no process instance: it is work of the engine itself, such as a batch. d tells everything about it.".into(),
            app.now,
        ));
        return;
    }
    let page = TreePage::new(Target::Incident(known), &app.whole());
    app.pages.push(Page::Tree(Box::new(page)));
}
