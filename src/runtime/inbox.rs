//! How tasks reach the loop: a bounded channel for facts, which are never lost, and watched states, of which only the newest counts.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{SelectAll, Stream, StreamExt, unfold};
use tokio::sync::{mpsc, watch};

/// The sending side for tasks; clone it freely. A full channel makes senders wait, so a stalled terminal builds no queue.
pub type FactSender<F> = mpsc::Sender<F>;

type States<F> = SelectAll<Pin<Box<dyn Stream<Item = F> + Send>>>;

/// The receiving side, which the loop owns.
pub struct Inbox<F> {
    facts: mpsc::Receiver<F>,
    facts_open: bool,
    states: States<F>,
}

/// Opens an inbox for at most `capacity` waiting facts.
#[must_use]
pub fn inbox<F: Send + 'static>(capacity: usize) -> (FactSender<F>, Inbox<F>) {
    let (sender, facts) = mpsc::channel(capacity);
    (sender, Inbox { facts, facts_open: true, states: SelectAll::new() })
}

impl<F: Send + 'static> Inbox<F> {
    /// Adds a watched state. Its present value arrives as the first fact; later only the newest one does, however many were set.
    #[must_use]
    pub fn with_state<S, M>(mut self, mut state: watch::Receiver<S>, to_fact: M) -> Self
    where
        S: Clone + Send + Sync + 'static,
        M: Fn(S) -> F + Send + 'static,
    {
        state.mark_changed();
        self.states.push(Box::pin(unfold((state, to_fact), |(mut state, to_fact)| async move {
            state.changed().await.ok()?;
            let value = state.borrow_and_update().clone();
            Some((to_fact(value), (state, to_fact)))
        })));
        self
    }

    /// The next fact or state. Waits for ever once every sender is gone: a program without tasks still has its keys.
    pub(super) async fn next(&mut self) -> F {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Facts come first: results are news, a state can be looked at any time.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<F> {
        if self.facts_open {
            match self.facts.poll_recv(cx) {
                Poll::Ready(Some(fact)) => return Poll::Ready(fact),
                Poll::Ready(None) => self.facts_open = false,
                Poll::Pending => {}
            }
        }
        match self.states.poll_next_unpin(cx) {
            Poll::Ready(Some(fact)) => Poll::Ready(fact),
            _ => Poll::Pending,
        }
    }
}
