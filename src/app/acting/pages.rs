//! What commands do on the pages of plans and actions.

use std::sync::Arc;

use super::{begin_entry, perform, plan, plan_anew};
use crate::action::desk::ActCommand;
use crate::action::ledger::{Ledger, PausedBy, Stage, put_back as put_back_by};
use crate::action::plan::{ActionId, Danger, OtherCause};
use crate::action::wish::{Asked, Wish};
use crate::app::command::{Choice, Command};
use crate::app::pages::plan::offered;
use crate::app::pages::{Contents as _, Page, actions};
use crate::app::prompt::Entry;
use crate::app::{App, Effect, paging};

/// Carries out a command on the page that has the screen; none where it means the same everywhere.
pub(in crate::app) fn run(app: &mut App, command: Command) -> Option<Vec<Effect>> {
    match app.pages.last()? {
        Page::Plan(_) => on_plan(app, command),
        Page::Action(_) => on_action(app, command),
        Page::Actions(_) => on_actions(app, command),
        Page::Suspended(_) => on_suspended(app, command),
        Page::Retrying(_) => on_retrying(app, command),
        _ => None,
    }
}

fn on_plan(app: &mut App, command: Command) -> Option<Vec<Effect>> {
    let now = app.now;
    let Some(Page::Plan(page)) = app.pages.last_mut() else { return None };
    match command {
        Command::Open => return Some(confirm(app)),
        Command::ShowRequests => page.toggle_requests(),
        Command::Refresh => return Some(plan_anew(app)),
        Command::Choose(choice) => return Some(choose(app, choice)),
        Command::Copy => {
            let Some(text) = page.curl() else { return Some(Vec::new()) };
            app.notice = Some(("The requests were copied as curl, without credentials.".to_owned(), now));
            return Some(vec![Effect::Copy(text)]);
        }
        Command::Back => {
            let reading = page.plan().is_none();
            app.pages.pop();
            app.notice = Some(("Nothing was sent.".to_owned(), now));
            return Some(if reading { vec![Effect::Act(ActCommand::GiveUp)] } else { Vec::new() });
        }
        _ => return None,
    }
    Some(Vec::new())
}

/// Enter on a plan: does a harmless one, asks what has to be typed for a dangerous one.
fn confirm(app: &mut App) -> Vec<Effect> {
    let now = app.now;
    let Some(Page::Plan(page)) = app.pages.last_mut() else { return Vec::new() };
    if let Some(obstacle) = page.obstacle(now) {
        // A key that is held down must not wait its way through.
        page.pressed_early(now);
        app.notice = Some((obstacle, now));
        return Vec::new();
    }
    match page.plan().map(|plan| plan.danger()) {
        Some(Danger::Plain) => perform(app),
        Some(Danger::Type { .. }) => {
            begin_entry(app, Entry::Confirm, None);
            Vec::new()
        }
        None => Vec::new(),
    }
}

fn choose(app: &mut App, choice: Choice) -> Vec<Effect> {
    let now = app.now;
    let Some(Page::Plan(page)) = app.pages.last_mut() else { return Vec::new() };
    let Some(plan) = page.plan() else { return Vec::new() };
    if !offered(plan).contains(&choice) {
        app.notice = Some(("There is nothing of that kind to choose in this plan.".to_owned(), now));
        return Vec::new();
    }
    let entry = match choice {
        Choice::Attempts => Entry::Attempts,
        Choice::Due => Entry::Due,
        Choice::Pace => Entry::Pace,
        Choice::Canary => Entry::Canary,
        Choice::StopAt => Entry::StopAt,
        Choice::At => Entry::At,
        Choice::Reason => Entry::Reason,
        Choice::Batch => {
            page.choose(|choices| choices.batch = !choices.batch);
            return Vec::new();
        }
        Choice::Existing => {
            page.choose(|choices| choices.jobs_too = !choices.jobs_too);
            return Vec::new();
        }
        Choice::Listeners => {
            page.choose(|choices| choices.skip_listeners = !choices.skip_listeners);
            return Vec::new();
        }
        Choice::Level => {
            let levels = plan.levels.len().max(1);
            page.choose(|choices| choices.level = (choices.level + 1) % levels);
            return Vec::new();
        }
        Choice::Others => {
            page.choose(|choices| {
                choices.others = match choices.others {
                    OtherCause::Keep => OtherCause::Wake,
                    OtherCause::Wake => OtherCause::Keep,
                };
            });
            return Vec::new();
        }
    };
    begin_entry(app, entry, None);
    Vec::new()
}

fn on_action(app: &mut App, command: Command) -> Option<Vec<Effect>> {
    let now = app.now;
    let Some(Page::Action(page)) = app.pages.last_mut() else { return None };
    let action = page.action.clone();
    let command = match command {
        Command::OnlyTrouble => {
            page.toggle_trouble();
            return Some(Vec::new());
        }
        Command::Open | Command::Instance | Command::Tree | Command::Timeline if page.selected().is_some() && page.instance().is_none() => {
            let kind = page.selected().and_then(|(ledger, index)| ledger.plan.targets.get(index)).map_or("target", |target| target.kind());
            app.notice = Some((format!("A {kind} belongs to no process instance: there is no page of one to open."), now));
            return Some(Vec::new());
        }
        Command::Open | Command::Instance => {
            paging::open_instance(app);
            return Some(Vec::new());
        }
        Command::HoldAction | Command::GoOnAction | Command::StopAction => {
            let stage = page.ledger.as_ref().map(|ledger| &ledger.stage);
            match order(command, stage, action) {
                Ok(order) => order,
                Err(why) => {
                    app.notice = Some((why.to_owned(), now));
                    return Some(Vec::new());
                }
            }
        }
        Command::ReadBack => ActCommand::ReadBack(action),
        Command::Export => {
            begin_entry(app, Entry::Export, None);
            return Some(Vec::new());
        }
        Command::Undo => {
            let Some(ledger) = page.ledger.as_ref() else { return Some(Vec::new()) };
            if !matches!(ledger.stage, Stage::Over(_) | Stage::Verifying) {
                app.notice = Some(("The action is still under way: S stops it first.".to_owned(), now));
                return Some(Vec::new());
            }
            if let Err(why) = ledger.can_be_taken_back() {
                app.notice = Some((why.to_owned(), now));
                return Some(Vec::new());
            }
            let about = format!("undo: {}", ledger.plan.sentence());
            return Some(plan(app, Wish { about, what: Asked::Undo(action.0) }));
        }
        Command::PutBack => {
            let Some(ledger) = page.ledger.clone() else { return Some(Vec::new()) };
            return Some(put_back(app, &ledger));
        }
        _ => return None,
    };
    Some(vec![Effect::Act(command)])
}

/// What a key that pauses, goes on or stops asks of an action at this stage; or why it asks nothing.
fn order(command: Command, stage: Option<&Stage>, action: ActionId) -> Result<ActCommand, &'static str> {
    match (command, stage) {
        (Command::HoldAction, Some(Stage::Paused(PausedBy::Operator))) | (Command::GoOnAction, Some(Stage::Paused(_))) => Ok(ActCommand::GoOn(action)),
        // A key that was meant to pause must not send the rest.
        (Command::HoldAction, Some(Stage::Paused(_))) => Err("It paused by itself: nothing is being sent. c continues anyway, S stops."),
        (Command::HoldAction, Some(Stage::Canary | Stage::Sending)) => Ok(ActCommand::Pause(action)),
        (Command::HoldAction, _) => Err("Everything was sent already: there is nothing to pause."),
        (Command::StopAction, Some(Stage::Canary | Stage::Sending | Stage::Paused(_))) => Ok(ActCommand::Stop(action)),
        (Command::StopAction, _) => Err("Everything was sent already: there is nothing to stop."),
        _ => Err("The action is not paused."),
    }
}

fn on_actions(app: &mut App, command: Command) -> Option<Vec<Effect>> {
    let now = app.now;
    let Some(Page::Actions(page)) = app.pages.last_mut() else { return None };
    if !matches!(command, Command::Open | Command::PutBack) {
        return None;
    }
    let Some(row) = page.selected().cloned() else { return Some(Vec::new()) };
    match (&row, command) {
        (actions::Row::Own(ledger, _), Command::PutBack) => return Some(put_back(app, ledger)),
        // What is over is not read back: only what it left is.
        (actions::Row::Left(left), _) if command == Command::PutBack || left.looks.is_some() => return Some(plan_to_put_back(app, &left.action)),
        _ => {}
    }
    let ledgers = Arc::clone(&app.acting.ledgers);
    let action = row.action().clone();
    app.pages.push(Page::Action(Box::new(crate::app::pages::action::ActionPage::new(action.clone(), &ledgers, now))));
    Some(match row {
        actions::Row::Own(..) => Vec::new(),
        actions::Row::Left(_) => vec![Effect::Act(ActCommand::ReadBack(action))],
    })
}

/// Plans to put back what an action of this run left, if it left something.
fn put_back(app: &mut App, ledger: &Ledger) -> Vec<Effect> {
    let action = &ledger.plan.action;
    let obstacle = match put_back_by(&app.acting.ledgers, action, ledger.origin()) {
        Some(by) => Some(format!("That is put back already, by {}.", by.plan.action)),
        None if ledger.stage == Stage::Verifying => Some("What became of it is still being read: wait for that, or S ends it.".to_owned()),
        None if !matches!(ledger.stage, Stage::Over(_)) => Some("The action is still under way: S stops it first.".to_owned()),
        None if !ledger.leaves_held() => Some("This action left nothing to put back.".to_owned()),
        None => None,
    };
    match obstacle {
        Some(obstacle) => {
            app.notice = Some((obstacle, app.now));
            Vec::new()
        }
        // One that was to put back and began nothing is not in the journal: what it was for is.
        None => plan_to_put_back(app, ledger.origin()),
    }
}

fn plan_to_put_back(app: &mut App, action: &ActionId) -> Vec<Effect> {
    plan(app, Wish { about: format!("putting back what {action} left"), what: Asked::PutBack(action.0.clone()) })
}

fn on_retrying(app: &mut App, command: Command) -> Option<Vec<Effect>> {
    let Some(Page::Retrying(page)) = app.pages.last_mut() else { return None };
    if command != Command::Open {
        return None;
    }
    if !page.toggle() {
        paging::open_instance(app);
    }
    Some(Vec::new())
}

fn on_suspended(app: &mut App, command: Command) -> Option<Vec<Effect>> {
    let now = app.now;
    let Some(Page::Suspended(page)) = app.pages.last_mut() else { return None };
    match command {
        Command::Open => paging::open_instance(app),
        Command::Mark => page.list.toggle_mark(now.instant),
        Command::MarkAll => page.list.mark_all(),
        Command::ClearMarks => page.list.clear_marks(),
        _ => return None,
    }
    Some(Vec::new())
}
