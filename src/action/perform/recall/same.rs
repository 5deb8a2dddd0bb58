//! Whether an action of the journal is read back at the engine it was done to. Another one at the same address knows nothing of it, and what it
//! does not know must not count as gone.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::{Heard, PAUSE, Recall, asked_again, unless_told};
use crate::action::identity;
use crate::action::ledger::{Ending, Ledger, Stage};
use crate::action::perform::eyes::Eyes;
use crate::action::perform::run::Order;
use crate::model::section::Moment;

/// Whether it is the same engine.
pub(super) enum Same {
    /// It is, or nothing tells.
    Yes,
    /// It is not, or nobody waited until it was known, in words.
    No(String),
    /// The program ends.
    End,
}

impl Recall {
    /// Asks until it is known, one request each time. What was recorded without an installation cannot be compared.
    pub(super) async fn is_same(
        &self,
        eyes: &mut Eyes,
        ledger: &mut Ledger,
        orders: &mut mpsc::UnboundedReceiver<Order>,
        publish: &watch::Sender<Arc<Ledger>>,
    ) -> Same {
        let Some(recorded) = ledger.plan.engine.installation.clone() else { return Same::Yes };
        let (mut client, mut last) = (eyes.client().clone(), String::new());
        loop {
            let asked = async {
                let asked = identity::is_another(&client, &recorded).await;
                if asked.as_ref().is_err_and(|error| !error.stops_polling()) {
                    tokio::time::sleep(PAUSE).await;
                }
                asked
            };
            match unless_told(asked, orders).await {
                Heard::Nothing(Ok(None)) => return Same::Yes,
                Heard::Nothing(Ok(Some(why))) => return Same::No(why),
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
                Heard::Login(with) => {
                    client = with.clone();
                    eyes.look_through(with);
                }
                Heard::Stop => return Same::No("stopped before it was known which engine answers".to_owned()),
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
