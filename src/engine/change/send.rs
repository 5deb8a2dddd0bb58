//! Sending one change, once, and telling what is known of it then.

use super::{Change, Delivered, Sent, ShownRequest};
use crate::engine::client::Client;
use crate::engine::error::{EngineError, Problem, Stranger};
use crate::engine::fault::{self, Reply};
use crate::engine::transport::{Delivery, Limit, Reach, Undelivered};
use crate::engine::wire::batch::BatchRow;
use crate::model::ids::BatchId;

/// Bytes of an answer to a change that are read: a batch is told in less than one thousand, an error in a few.
const ANSWER: usize = 1 << 20;

impl Client {
    /// Sends a change, once: over a fresh connection, following no redirect, and never again, not even with a new token.
    ///
    /// Only the engine's own word makes it [`Sent::Accepted`] or [`Sent::Rejected`], and only a request of which no byte went out is
    /// [`Sent::NotSent`]. Everything else is [`Sent::Unknown`]: a proxy's page, an error of the engine that it may have met after its work was
    /// done, silence. Whoever drops the future knows as little. A proxy on the way may still repeat a request by itself; nothing here
    /// can keep it from that.
    pub async fn change(&self, change: &Change) -> Delivered {
        let request = change.request();
        if change.is_empty() {
            let error = EngineError::new(Some(request.row().name), &self.place_of(&request), Problem::NotFound);
            return undelivered(Undelivered::unsent(error));
        }
        match self.deliver_change(&request, Limit::Refuse(ANSWER)).await {
            Ok(delivery) => delivered(change, delivery),
            Err(failed) => undelivered(failed),
        }
    }

    /// The request of a change as it would go out, without credentials. With `values` false it does not hold the value of a variable, which
    /// may be secret.
    pub fn shown(&self, change: &Change, values: bool) -> ShownRequest {
        let (base, engine) = self.base();
        change.shown(base, engine, values)
    }
}

fn undelivered(failed: Undelivered) -> Delivered {
    let Undelivered { error, reach, elapsed, engine_time } = failed;
    let sent = match reach {
        Reach::Nowhere => Sent::NotSent(error),
        Reach::Refused => Sent::Rejected(error),
        Reach::Unclear => Sent::Unknown(error),
    };
    Delivered { sent, elapsed, engine_time }
}

fn delivered(change: &Change, delivery: Delivery) -> Delivered {
    let Delivery { reply, elapsed, engine_time, place } = delivery;
    let understood = if change.makes_a_batch() { batch(&reply).map(Some) } else { nothing(&reply).map(|()| None) };
    let sent = match understood {
        Ok(batch) => Sent::Accepted { batch },
        // A login page comes with 200 as well.
        Err(problem) => Sent::Unknown(EngineError::new(Some(change.name()), &place, problem)),
    };
    Delivered { sent, elapsed, engine_time }
}

/// An engine answers a change that was made with 204, and with nothing else.
fn nothing(reply: &Reply) -> Result<(), Problem> {
    if reply.status == 204 { Ok(()) } else { Err(Problem::NotAnEngine(fault::stranger(reply))) }
}

fn batch(reply: &Reply) -> Result<BatchId, Problem> {
    let row: BatchRow<'_> = serde_json::from_slice(&reply.body).map_err(|error| fault::of_json(reply, &error))?;
    let id = row.id.own();
    let shapeless = || Problem::NotAnEngine(Stranger::Shape { path: "id".into(), complaint: "the id of a batch is empty".into() });
    if id.is_empty() { Err(shapeless()) } else { Ok(id.into()) }
}
