//! An action under way or over: its counts, and what became of each target. Everything shown was told by the ledger.

use std::sync::Arc;

use super::Contents;
use crate::action::ledger::{Ledger, PausedBy, Stage};
use crate::action::outcome::Class;
use crate::action::plan::ActionId;
use crate::app::command::Command;
use crate::app::keymap::Context;
use crate::app::list::{ListState, Motion};
use crate::model::ids::{ProcessDefinitionId, ProcessInstanceId};
use crate::model::section::Moment;
use crate::model::snapshot::Snapshot;
use crate::poll::command::Looking;

/// Page of one action.
#[derive(Clone, Debug)]
pub struct ActionPage {
    /// Which.
    pub action: ActionId,
    /// As last told; none until it has begun.
    pub ledger: Option<Arc<Ledger>>,
    /// What it came to, in the parts of a sentence: made once for each ledger, as it looks at every message.
    pub sum: Vec<(String, Option<Class>)>,
    /// The targets, by their place in the plan.
    pub list: ListState<usize>,
    /// Whether only those are listed that did not do as wanted.
    pub only_trouble: bool,
    /// Why it was not begun, if it was not.
    pub not_begun: Option<String>,
    /// When it was confirmed.
    pub since: Moment,
}

impl ActionPage {
    /// Whether a key does something as the action stands now: only such keys are offered.
    pub fn serves(&self, command: Command) -> bool {
        let Some(ledger) = &self.ledger else { return !matches!(command, Command::HoldAction | Command::GoOnAction | Command::PutBack) };
        let is_over = matches!(ledger.stage, Stage::Over(_));
        match command {
            Command::StopAction => !is_over,
            Command::HoldAction => matches!(ledger.stage, Stage::Canary | Stage::Sending | Stage::Paused(PausedBy::Operator)),
            Command::GoOnAction => matches!(ledger.stage, Stage::Paused(_)),
            Command::PutBack => ledger.leaves_held(),
            Command::Undo => ledger.can_be_taken_back().is_ok(),
            Command::Open | Command::Instance | Command::Tree | Command::Timeline => self.instance().is_some(),
            _ => true,
        }
    }

    /// A page for an action, begun or not.
    pub fn new(action: ActionId, ledgers: &[Arc<Ledger>], now: Moment) -> Self {
        let mut page = Self { action, ledger: None, sum: Vec::new(), list: ListState::default(), only_trouble: false, not_begun: None, since: now };
        page.take(ledgers);
        page
    }

    /// Takes the newest ledgers in. The cursor stays on its target.
    pub fn take(&mut self, ledgers: &[Arc<Ledger>]) {
        if let Some(ledger) = ledgers.iter().find(|ledger| ledger.plan.action == self.action) {
            if self.ledger.as_ref().is_none_or(|known| !Arc::ptr_eq(known, ledger)) {
                self.sum = ledger.summary_parts();
            }
            self.ledger = Some(Arc::clone(ledger));
        }
        self.arrange();
    }

    /// Lists only what did not do as wanted, or everything again.
    pub fn toggle_trouble(&mut self) {
        self.only_trouble = !self.only_trouble;
        // A row that is no longer listed does not stay because the cursor was on it: what succeeded is no trouble.
        self.list = self.list.emptied();
        self.arrange();
    }

    fn arrange(&mut self) {
        let Some(ledger) = &self.ledger else { return };
        let listed = |index: &usize| !self.only_trouble || matches!(ledger.outcomes[*index].class(), Class::Bad | Class::Unknown | Class::Waiting);
        self.list.follow((0..ledger.outcomes.len()).filter(listed).collect(), |_| false);
        if self.list.selected_key().is_none() {
            self.list.select_first();
        }
    }

    /// The target under the cursor.
    pub fn selected(&self) -> Option<(&Arc<Ledger>, usize)> {
        self.ledger.as_ref().zip(self.list.selected_present().copied())
    }
}

impl Contents for ActionPage {
    fn context(&self) -> Context {
        Context::Action
    }

    fn crumb(&self) -> &'static str {
        "Action"
    }

    fn set_height(&mut self, height: usize) {
        self.list.set_height(height.saturating_sub(crate::app::pages::action::HEAD + 1));
    }

    fn refresh(&mut self, _snapshot: &Snapshot) {}

    fn go(&mut self, motion: Motion, now: Moment) {
        self.list.go(motion, now.instant);
    }

    fn look(&self, _snapshot: &Snapshot, _looking: &mut Looking) {}

    fn id(&self) -> Option<String> {
        match self.selected() {
            Some((ledger, index)) => ledger.plan.targets.get(index).map(|target| crate::text::safe(target.id()).into_owned()),
            None => Some(self.action.to_string()),
        }
    }

    fn instance(&self) -> Option<(ProcessInstanceId, Option<ProcessDefinitionId>)> {
        let (ledger, index) = self.selected()?;
        ledger.plan.targets.get(index)?.instance().map(|id| (id.clone(), None))
    }
}

/// Lines above the list of targets.
pub const HEAD: usize = 8;
