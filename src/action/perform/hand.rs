//! The only thing that can change an engine.
//!
//! There is no hand for a read-only session, for a viewer, or without a journal: whoever has none cannot even write down how to send a
//! change. It records before it sends, so that a program that dies leaves no request behind that nobody knows of.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::record::{self, Record};
use crate::action::plan::{ActionId, Plan, Step, Unavailable};
use crate::action::verb::{Role, Verb, availability};
use crate::engine::{Change, Client, Delivered};
use crate::text::EngineText;

/// Changes in flight at most, of all actions together.
pub const IN_FLIGHT: usize = 4;

/// How long an ending program waits for its actions: for what is in flight, and half of it for sending what protects others. Never longer
/// than a minute, whatever time a request may take: what is unanswered by then is read back by the next run.
pub fn closing_time(longest: Duration) -> Duration {
    (2 * longest + Duration::from_secs(5)).min(Duration::from_secs(60))
}

/// What stands between a session and its engine.
#[derive(Clone, Debug)]
pub struct Guard {
    /// Whether nothing may be changed at all.
    pub read_only: bool,
    /// What the session may use.
    pub role: Role,
    /// The role at the start of the session: a wider one was taken by somebody who typed it.
    pub first_role: Role,
    /// Where everything is recorded.
    pub record: Record,
}

/// Changes one engine.
#[derive(Clone, Debug)]
pub struct Hand {
    client: Client,
    guard: Guard,
    permits: Arc<Semaphore>,
}

/// Holds back what was let go and still waits for its turn. What has been recorded as sent goes out.
#[derive(Clone, Debug, Default)]
pub struct Brake(Arc<AtomicBool>);

impl Brake {
    /// Pulls or releases it.
    pub fn pull(&self, on: bool) {
        self.0.store(on, Ordering::SeqCst);
    }

    fn is_on(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Why a request was not sent, or nothing more may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Halt {
    /// The journal could not be written; this request did not go out.
    NotRecorded(String),
    /// The action was paused or stopped while it waited for its turn; nothing of it was recorded and nothing went out.
    HeldBack,
}

impl Hand {
    /// A hand for this session.
    ///
    /// # Errors
    ///
    /// The session is read-only, its role only looks, or there is no journal.
    pub fn new(client: Client, guard: Guard) -> Result<Self, Unavailable> {
        // The verb that asks least of a session.
        availability(Verb::Retry, guard.role, guard.read_only, None)?;
        guard.record.is_there()?;
        Ok(Self { client, guard, permits: Arc::new(Semaphore::new(IN_FLIGHT)) })
    }

    /// Whether this hand may do what a plan says, and what the engine's own jobs among its targets do then.
    ///
    /// # Errors
    ///
    /// The role is too weak.
    pub fn may_perform(&self, plan: &Plan) -> Result<(), Unavailable> {
        self.may(plan.verb)?;
        plan.suits(self.guard.role)
    }

    /// Whether this hand may do it.
    ///
    /// # Errors
    ///
    /// The role is too weak.
    pub fn may(&self, verb: Verb) -> Result<(), Unavailable> {
        availability(verb, self.guard.role, self.guard.read_only, None).map(drop)
    }

    /// The same hand after another login.
    pub fn with_client(&self, client: Client) -> Self {
        Self { client, ..self.clone() }
    }

    /// Where everything is recorded.
    pub fn record(&self) -> &Record {
        &self.guard.record
    }

    /// For reading back.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Records what is meant to be done; on the disk once this returns. Gives the head of the journal, and what speaks against the journal.
    ///
    /// # Errors
    ///
    /// It could not be recorded: nothing may be sent.
    pub async fn begin(&self, plan: &Plan, sentence: &str, steps: &[Step], engine_time: Option<Timestamp>) -> Result<(String, Option<String>), String> {
        let mut intent = record::intent(plan, sentence, steps, &self.client, engine_time);
        intent.role = Some(role_words(self.guard.role, self.guard.first_role).into());
        self.guard.record.begin(intent).await
    }

    /// Records that a request goes out, sends it, once, and records what came back. What protects others is given no brake.
    ///
    /// # Errors
    ///
    /// It could not be recorded that it goes out, or the brake was pulled while it waited for its turn: it did not go out.
    pub async fn send(&self, action: &ActionId, step: usize, change: &Change, brake: Option<&Brake>) -> Result<Sending, Halt> {
        // The semaphore is never closed.
        let _permit = self.permits.acquire().await;
        if brake.is_some_and(Brake::is_on) {
            return Err(Halt::HeldBack);
        }
        self.guard.record.note(record::sent(action, step)).await.map_err(Halt::NotRecorded)?;
        let delivered = self.client.change(change).await;
        let recorded = self.guard.record.note(record::answered(action, step, change, &delivered)).await;
        Ok(Sending { delivered, recorded })
    }

    /// Writes a reason into the engine's own log of operations. It changes nothing else; that it goes out is recorded by whoever asks for it,
    /// for all operations of an action at once.
    pub async fn explain(&self, operation: EngineText, reason: String) -> Delivered {
        let _permit = self.permits.acquire().await;
        self.client.change(&Change::OperationAnnotation { operation, text: reason }).await
    }
}

/// The role of a session, as the journal notes it with each action.
fn role_words(role: Role, first: Role) -> String {
    if role > first { format!("{role}, widened from {first} while it ran") } else { role.to_string() }
}

/// A request that went out.
#[derive(Debug)]
pub struct Sending {
    /// What is known of it.
    pub delivered: Delivered,
    /// The head of the journal, or why the answer could not be recorded.
    pub recorded: Result<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ClientOptions;

    fn client() -> Client {
        Client::new(ClientOptions::new("http://127.0.0.1:9/engine-rest".parse().expect("an address"))).expect("a client")
    }

    #[test]
    fn a_read_only_session_a_viewer_and_one_without_a_journal_have_no_hand() {
        let none = Record::into(Err("the folder /x is not yours".into()));
        for (read_only, role, why) in
            [(true, Role::Admin, "read-only"), (false, Role::Viewer, "role"), (false, Role::Admin, "without a journal: the folder /x")]
        {
            let refused = Hand::new(client(), Guard { read_only, role, first_role: role, record: none.clone() }).expect_err("no hand");
            assert!(refused.why.contains(why), "{}", refused.why);
        }
    }

    #[test]
    fn the_journal_is_told_the_role_and_from_which_one_it_was_widened() {
        assert_eq!(role_words(Role::Operator, Role::Operator), "operator");
        assert_eq!(role_words(Role::Viewer, Role::Operator), "viewer");
        assert_eq!(role_words(Role::Admin, Role::Operator), "admin, widened from operator while it ran");
    }

    #[test]
    fn a_hand_does_what_its_role_allows() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = crate::journal::Journal::open(folder.path()).expect("a journal");
        let record = Record::into(Ok(Arc::new(journal)));
        let hand = Hand::new(client(), Guard { read_only: false, role: Role::Operator, first_role: Role::Operator, record }).expect("a hand");
        assert!(hand.may(Verb::Retry).is_ok());
        assert!(hand.may(Verb::Cancel).is_err());
    }
}
