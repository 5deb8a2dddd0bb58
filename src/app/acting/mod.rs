//! Asking for actions: from a key to a wish, from a wish to a plan on the screen, from a confirmed plan to its ledger.
//!
//! Nothing is sent from here. What is asked is captured with the ids that were selected at the moment of the key; what is confirmed is the
//! very plan that was on the screen.

mod deed;
mod entry;
mod menu;
mod pages;
mod selection;
mod when;

use std::sync::Arc;

pub use self::deed::{Deed, ROWS};
pub(super) use self::entry::{begin as begin_entry, remark, typed};
pub(super) use self::menu::menu_key;
pub use self::menu::{Item, Menu};
pub(super) use self::pages::run;
pub use self::selection::{Selection, job_definition_words};

use self::deed::Next;
use self::menu::open_menu;
use self::selection::selection;
use super::command::Command;
use super::pages::Page;
use super::pages::action::ActionPage;
use super::pages::actions::ActionsPage;
use super::pages::plan::PlanPage;
use super::pages::retrying::RetryingPage;
use super::pages::suspended::SuspendedPage;
use super::prompt::Entry;
use super::update::cursor_was_missing;
use super::{App, Effect};
use crate::action::desk::{ActCommand, Acted, LeftUnderWay};
use crate::action::ledger::{Ledger, Stage};
use crate::action::plan::Unavailable;
use crate::action::verb::{Verb, availability, wider_role};
use crate::action::wish::Wish;
use crate::model::snapshot::Link;
use crate::poll::command::PollCommand;

/// What the app knows of actions.
#[derive(Debug, Default)]
pub struct Acting {
    /// Actions of this run, the oldest first.
    pub ledgers: Arc<Vec<Arc<Ledger>>>,
    /// Actions that an earlier run left under way.
    pub left: Vec<LeftUnderWay>,
    /// Whether leaving was asked for once already, while an action sends.
    pub(super) leaving: bool,
    askings: u64,
    /// What was selected when a prompt opened.
    pending: Option<Selection>,
}

impl Acting {
    /// Actions that still send.
    pub fn sending(&self) -> impl Iterator<Item = &Arc<Ledger>> {
        self.ledgers.iter().filter(|ledger| !matches!(ledger.stage, Stage::Verifying | Stage::Over(_)))
    }

    fn over(&self) -> usize {
        self.ledgers.iter().filter(|ledger| matches!(ledger.stage, Stage::Over(_))).count()
    }

    /// What was selected for something that is being typed is gone.
    pub(super) fn forget_selection(&mut self) {
        self.pending = None;
    }

    /// Actions that are not over.
    pub fn running(&self) -> impl Iterator<Item = &Arc<Ledger>> {
        self.ledgers.iter().filter(|ledger| !matches!(ledger.stage, Stage::Over(_)))
    }
}

/// Takes in what the desk told.
pub(super) fn take(app: &mut App, acted: Acted) -> Vec<Effect> {
    let over = app.acting.over();
    match acted {
        Acted::Planned(asking, planned) => {
            let now = app.now;
            for page in &mut app.pages {
                if let Page::Plan(page) = page
                    && page.asking == asking
                {
                    page.take(planned.clone(), now);
                }
            }
        }
        Acted::Ledgers(ledgers) => app.acting.ledgers = ledgers,
        Acted::LeftUnderWay(left) => {
            // One that nobody looked at yet goes before one that left something.
            if let Some(first) = left.iter().find(|left| left.looks.is_none()).or(left.first()) {
                let words = match (first.looks, first.unknown) {
                    (Some(_), _) => format!("An action left jobs that somebody has to look at: A shows it. {}", first.sentence),
                    (None, Some(unknown)) => format!("An action ended while {unknown} were unknown: A shows it. {}", first.sentence),
                    (None, None) => {
                        format!("An action was under way when bpmtop ended, {} of {} sent: A shows it. {}", first.sent, first.steps, first.sentence)
                    }
                };
                app.notice = Some((words, app.now));
            }
            app.acting.left = left;
        }
        Acted::NotBegun(action, why) => {
            let why = why.words();
            app.notice = Some((format!("Nothing was sent. {why}"), app.now));
            for page in &mut app.pages {
                if let Page::Action(page) = page
                    && page.action == action
                {
                    page.not_begun = Some(why.clone());
                }
            }
        }
        Acted::Notice(text) => app.notice = Some((text, app.now)),
    }
    let acting = &app.acting;
    for page in &mut app.pages {
        match page {
            Page::Action(page) => page.take(&acting.ledgers),
            Page::Actions(page) => page.take(&acting.ledgers, &acting.left),
            _ => {}
        }
    }
    // What an action changed is seen at once, and not only when its turn comes.
    if acting.over() <= over {
        return Vec::new();
    }
    let now = app.now;
    let mut effects = vec![Effect::Poll(PollCommand::Refresh)];
    effects.extend(app.pages.iter_mut().filter_map(|page| page.ask_again(now)).map(Effect::Poll));
    effects
}

/// Carries out a command about actions where no page has a meaning of its own for it.
pub(super) fn obey(app: &mut App, command: Command) -> Vec<Effect> {
    match command {
        Command::Menu => open_menu(app),
        Command::Act(deed) => return act(app, deed),
        Command::Actions => show_actions(app),
        Command::ShowSuspended => show_suspended(app),
        Command::ShowRetrying => show_retrying(app),
        _ => {}
    }
    Vec::new()
}

/// Asks for another role.
pub(super) fn begin_role(app: &mut App) {
    if app.settings.read_only {
        app.notice = Some(("This session is read-only: whatever its role, nothing is changed.".to_owned(), app.now));
        return;
    }
    begin_entry(app, Entry::Role, None);
}

/// Asks for a deed on what is selected.
fn act(app: &mut App, deed: Deed) -> Vec<Effect> {
    let needs_row = !matches!(deed, Deed::SuspendMatching | Deed::ResumeMatching | Deed::Freeze | Deed::Thaw);
    if needs_row && app.page().is_none() && cursor_was_missing(app) {
        app.notice = Some(("The cursor is on the first row now; the same key again acts on it.".to_owned(), app.now));
        return Vec::new();
    }
    let chosen = selection(app);
    act_on(app, deed, chosen)
}

fn act_on(app: &mut App, deed: Deed, chosen: Selection) -> Vec<Effect> {
    match next(app, deed, &chosen) {
        Ok(Next::Plan(wish)) => plan(app, wish),
        Ok(Next::Ask(entry)) => {
            begin_entry(app, entry, Some(chosen));
            Vec::new()
        }
        Err(why) => {
            app.notice = Some((why.words(), app.now));
            Vec::new()
        }
    }
}

/// What follows from a deed here and now, or why nothing does.
fn next(app: &App, deed: Deed, chosen: &Selection) -> Result<Next, Unavailable> {
    // Which of two a toggle is depends on the selection; a session that may do neither is told so first.
    allowed(app, deed.verb().unwrap_or(Verb::SuspendJobDefinitions))?;
    let next = deed.on(chosen)?;
    if let Next::Plan(wish) = &next
        && let Some(verb) = wish.what.verb()
    {
        allowed(app, verb)?;
    }
    Ok(next)
}

/// Whether a verb may be asked for at all.
fn allowed(app: &App, verb: Verb) -> Result<(), Unavailable> {
    let whole = app.whole();
    // What a missing right warns of is said by the plan, which asks for the very process.
    availability(verb, app.settings.role, app.settings.read_only, whole.rights.get()).map_err(|mut no| {
        if !app.settings.read_only && app.settings.role < verb.role() {
            no.remedy = wider_role(verb.role(), app.settings.max_role);
        }
        no
    })?;
    match &whole.link {
        Link::LoginAgain { problem, .. } => Err(Unavailable { why: format!("{}.", problem.what), remedy: "It is tried once more in a few seconds.".into() }),
        Link::LoginRefused { .. } => Err(Unavailable { why: "The login was refused: nothing can be changed.".into(), remedy: "L logs in.".into() }),
        Link::Down { problem, .. } => Err(Unavailable { why: format!("The engine does not answer: {}.", problem.what), remedy: problem.remedy.clone() }),
        _ => Ok(()),
    }
}

/// Opens the page of a plan and asks for it.
pub(super) fn plan(app: &mut App, wish: Wish) -> Vec<Effect> {
    app.acting.askings += 1;
    let (asking, wish) = (app.acting.askings, Arc::new(wish));
    let page = PlanPage::new(asking, Arc::clone(&wish), app.now);
    app.pages.push(Page::Plan(Box::new(page)));
    vec![Effect::Act(ActCommand::Plan { asking, wish, picture: app.whole() })]
}

/// Reads the targets of the plan on the screen anew.
fn plan_anew(app: &mut App) -> Vec<Effect> {
    app.acting.askings += 1;
    let (asking, now, picture) = (app.acting.askings, app.now, app.whole());
    let Some(Page::Plan(page)) = app.pages.last_mut() else { return Vec::new() };
    page.wait(asking, now);
    vec![Effect::Act(ActCommand::Plan { asking, wish: Arc::clone(&page.wish), picture })]
}

/// Opens the list of actions.
fn show_actions(app: &mut App) {
    if matches!(app.page(), Some(Page::Actions(_))) {
        app.notice = Some(("This is the list of actions; esc leads back.".to_owned(), app.now));
        return;
    }
    let page = ActionsPage::new(&app.acting.ledgers, &app.acting.left);
    app.pages.push(Page::Actions(Box::new(page)));
}

/// Opens the list of what is suspended.
fn show_suspended(app: &mut App) {
    if matches!(app.page(), Some(Page::Suspended(_))) {
        app.notice = Some(("This is the list of what is suspended; esc leads back.".to_owned(), app.now));
        return;
    }
    let page = SuspendedPage::new(&app.whole());
    app.pages.push(Page::Suspended(Box::new(page)));
}

/// Opens the list of what failed and has retries left.
fn show_retrying(app: &mut App) {
    if matches!(app.page(), Some(Page::Retrying(_))) {
        return;
    }
    let page = RetryingPage::new(&app.whole());
    app.pages.push(Page::Retrying(Box::new(page)));
}

/// Does what was confirmed: the plan that is on the screen, and no other.
fn perform(app: &mut App) -> Vec<Effect> {
    let now = app.now;
    let Some(Page::Plan(page)) = app.pages.last() else { return Vec::new() };
    if let Some(obstacle) = page.obstacle(now) {
        app.notice = Some((obstacle, now));
        return Vec::new();
    }
    let Some(plan) = page.plan().cloned() else { return Vec::new() };
    if let Err(why) = allowed(app, plan.verb).and_then(|()| plan.suits(app.settings.role)) {
        app.notice = Some((why.words(), now));
        return Vec::new();
    }
    app.pages.pop();
    app.notice = None;
    let page = ActionPage::new(plan.action.clone(), &app.acting.ledgers, now);
    app.pages.push(Page::Action(Box::new(page)));
    vec![Effect::Act(ActCommand::Perform(plan))]
}
