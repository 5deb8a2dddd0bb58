//! Whether an action of the journal is read back at the engine it was done to. Another one at the same address knows nothing of it, and what it
//! does not know must not count as gone.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::{Heard, PAUSE, Recall, asked_again, unless_told};
use crate::action::ledger::{Ending, Ledger, Stage};
use crate::action::perform::eyes::Eyes;
use crate::action::perform::run::Order;
use crate::engine::identity::{Depth, KnownFrom, Verdict};
use crate::model::section::Moment;
use crate::model::snapshot::EngineIdentity;

/// Whether it is the same engine.
pub(super) enum Same {
    /// It is, or nothing tells.
    Yes,
    /// It is not, or that cannot be told, in words.
    No(String),
    /// Nobody waited until it was known.
    Stopped,
    /// The program ends.
    End,
}

impl Recall {
    /// Asks until it is known. What was recorded of an engine that told nothing cannot be compared.
    pub(super) async fn is_same(
        &self,
        eyes: &mut Eyes,
        ledger: &mut Ledger,
        orders: &mut mpsc::UnboundedReceiver<Order>,
        publish: &watch::Sender<Arc<Ledger>>,
    ) -> Same {
        // The version was that of another time: an update changes it.
        let recorded = EngineIdentity { version: None, ..ledger.plan.engine.clone() };
        if recorded.installation.is_none() && recorded.witnesses.is_empty() {
            return Same::Yes;
        }
        let mut last = String::new();
        loop {
            let asked = async {
                let asked = eyes.compare(&recorded, KnownFrom::Journal, Depth::Database).await;
                if asked.as_ref().is_err_and(|error| !error.stops_polling()) {
                    tokio::time::sleep(PAUSE).await;
                }
                asked
            };
            match unless_told(asked, orders).await {
                Heard::Nothing(Ok(Verdict::Same | Verdict::Unknown)) => return Same::Yes,
                Heard::Nothing(Ok(Verdict::Another(why) | Verdict::Unsure(why))) => return Same::No(why),
                Heard::Nothing(Err(error)) => {
                    let why = format!("which engine answers cannot be told: {}", error.problem());
                    if error.stops_polling() {
                        return Same::No(why);
                    }
                    if why != last {
                        ledger.notes.push((Moment::now(), why.clone()));
                        publish.send_replace(Arc::new(ledger.clone()));
                    }
                    last = why;
                }
                Heard::Login(with) => eyes.look_through(with),
                Heard::Stop => return Same::Stopped,
                Heard::End => return Same::End,
            }
        }
    }

    /// Nothing is read back and nothing recorded, so that the action stays among those nobody has looked at. Gives whether it is to be tried again.
    pub(super) async fn stays_unread(
        &self,
        eyes: &mut Eyes,
        ledger: &mut Ledger,
        why: String,
        orders: &mut mpsc::UnboundedReceiver<Order>,
        publish: &watch::Sender<Arc<Ledger>>,
    ) -> bool {
        let why = format!("not read back, and it stays among those nobody has looked at: {why}");
        ledger.notes.push((Moment::now(), why.clone()));
        (ledger.stage, ledger.ended) = (Stage::Over(Ending::Failed(why)), Some(Moment::now()));
        publish.send_replace(Arc::new(ledger.clone()));
        if !asked_again(eyes, orders).await {
            return false;
        }
        (ledger.stage, ledger.ended) = (Stage::Verifying, None);
        publish.send_replace(Arc::new(ledger.clone()));
        true
    }
}
