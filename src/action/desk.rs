//! What the cockpit may ask of actions, and what comes back. The task that answers is in `desk/task.rs`.

mod facts;
mod task;

pub use task::{Closing, DeskHandle, Setup, start};

use std::sync::Arc;

use super::ledger::Ledger;
use super::plan::{ActionId, Plan, Unavailable};
use super::verb::Role;
use super::wish::Wish;
use crate::engine::Client;
use crate::model::snapshot::Snapshot;

/// Something asked of the desk.
#[derive(Clone, Debug)]
pub enum ActCommand {
    /// Read what the wish needs and make a plan. A newer one gives up the one under way.
    Plan {
        /// Which asking, so that a late answer is told from a newer one.
        asking: u64,
        /// What is wanted.
        wish: Arc<Wish>,
        /// The picture it was asked on, for names and rights.
        picture: Arc<Snapshot>,
    },
    /// The plan being made is not wanted any more.
    GiveUp,
    /// Do it: the operator confirmed this very plan.
    Perform(Arc<Plan>),
    /// Send no more until told.
    Pause(ActionId),
    /// Go on sending, whatever the canary or the failures said.
    GoOn(ActionId),
    /// Send no more; read back what was sent.
    Stop(ActionId),
    /// Read back once more what is not settled; also of an action that another run left in the middle.
    ReadBack(ActionId),
    /// Another role for what is planned and begun from now on, never wider than the desk's bound.
    Role(Role),
    /// Another login: what is planned and read from now on goes by this client, and what is sent as well, as far as that user planned it.
    Login {
        /// Who logged in.
        user: String,
        /// Asks and changes the engine as that user.
        client: Client,
    },
}

/// Something told by the desk.
#[derive(Clone, Debug)]
pub enum Acted {
    /// A plan, or why there is none.
    Planned(u64, Result<Arc<Plan>, Unavailable>),
    /// Actions of this run that were begun, the oldest first; coalesced.
    Ledgers(Arc<Vec<Arc<Ledger>>>),
    /// Actions of the journal that were under way when their program ended, or not wholly known when it was left, or that left jobs otherwise
    /// than they were to keep them.
    LeftUnderWay(Vec<LeftUnderWay>),
    /// A confirmed plan was not begun: nothing was sent.
    NotBegun(ActionId, Unavailable),
    /// Something to tell the operator.
    Notice(String),
}

/// An action whose program ended in the middle of it, or was left before all was known, or that left something to be looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftUnderWay {
    /// Its name.
    pub action: ActionId,
    /// What it was, in one sentence.
    pub sentence: String,
    /// How many requests had been sent.
    pub sent: usize,
    /// Of how many.
    pub steps: usize,
    /// Of how many targets the outcome was not known when the program was left; none where it ended without a word.
    pub unknown: Option<usize>,
    /// How many things it left to be looked at, where that is all that is left of it: it is over, or was read back.
    pub looks: Option<usize>,
    /// The action whose held jobs it is about: its own, or those it put back.
    pub origin: ActionId,
}
