//! The actions of this run, the newest first, and those that an earlier run left under way.

use std::sync::Arc;

use super::Contents;
use crate::action::desk::LeftUnderWay;
use crate::action::ledger::{Ledger, put_back};
use crate::action::plan::ActionId;
use crate::app::command::Command;
use crate::app::keymap::Context;
use crate::app::list::{ListState, Motion};
use crate::model::ids::{ProcessDefinitionId, ProcessInstanceId};
use crate::model::section::Moment;
use crate::model::snapshot::Snapshot;
use crate::poll::command::Looking;

/// One row.
#[derive(Clone, Debug)]
pub enum Row {
    /// Of this run, with what it came to.
    Own(Arc<Ledger>, String),
    /// Of a run that ended in the middle of it.
    Left(LeftUnderWay),
}

impl Row {
    /// The action's name.
    pub fn action(&self) -> &ActionId {
        match self {
            Self::Own(ledger, _) => &ledger.plan.action,
            Self::Left(left) => &left.action,
        }
    }
}

/// Page of the actions.
#[derive(Clone, Debug, Default)]
pub struct ActionsPage {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where the cursor is.
    pub list: ListState<ActionId>,
}

impl ActionsPage {
    /// Whether a key does something for the row under the cursor: only such keys are offered.
    pub fn serves(&self, command: Command) -> bool {
        let row = self.list.selected_present().and_then(|action| self.rows.iter().find(|row| row.action() == action));
        match (command, row) {
            (Command::PutBack, Some(Row::Own(ledger, _))) => ledger.leaves_held(),
            (Command::PutBack, Some(Row::Left(left))) => left.looks.is_some(),
            (Command::PutBack, None) => false,
            _ => true,
        }
    }

    /// A page with what is known.
    pub fn new(ledgers: &[Arc<Ledger>], left: &[LeftUnderWay]) -> Self {
        let mut page = Self::default();
        page.take(ledgers, left);
        page
    }

    /// Takes the newest state in.
    pub fn take(&mut self, ledgers: &[Arc<Ledger>], left: &[LeftUnderWay]) {
        let before = std::mem::take(&mut self.rows);
        // The sum looks at every message: it is made once for each ledger.
        let known = |ledger: &Arc<Ledger>| {
            before.iter().find_map(|row| if let Row::Own(known, sum) = row { Arc::ptr_eq(known, ledger).then(|| sum.clone()) } else { None })
        };
        let own = ledgers.iter().rev().map(|ledger| Row::Own(Arc::clone(ledger), known(ledger).unwrap_or_else(|| ledger.summary())));
        // What was read back since is told by its ledger, and what was put back since is left no more.
        let is_told = |left: &LeftUnderWay| ledgers.iter().any(|ledger| ledger.plan.action == left.action);
        let is_back = |left: &LeftUnderWay| left.looks.is_some() && put_back(ledgers, &left.action, &left.origin).is_some();
        let left = left.iter().filter(|left| !is_told(left) && !is_back(left)).cloned().map(Row::Left);
        self.rows = left.chain(own).collect();
        self.list.follow(self.rows.iter().map(|row| row.action().clone()).collect(), |_| false);
        if self.list.selected_key().is_none() {
            self.list.select_first();
        }
    }

    /// The row under the cursor.
    pub fn selected(&self) -> Option<&Row> {
        let key = self.list.selected_present()?;
        self.rows.iter().find(|row| row.action() == key)
    }
}

impl Contents for ActionsPage {
    fn context(&self) -> Context {
        Context::Actions
    }

    fn crumb(&self) -> &'static str {
        "Actions"
    }

    fn set_height(&mut self, height: usize) {
        self.list.set_height(height.saturating_sub(1));
    }

    fn refresh(&mut self, _snapshot: &Snapshot) {}

    fn go(&mut self, motion: Motion, now: Moment) {
        self.list.go(motion, now.instant);
    }

    fn look(&self, _snapshot: &Snapshot, _looking: &mut Looking) {}

    fn id(&self) -> Option<String> {
        self.selected().map(|row| row.action().to_string())
    }

    fn instance(&self) -> Option<(ProcessInstanceId, Option<ProcessDefinitionId>)> {
        None
    }
}
