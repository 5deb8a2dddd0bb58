//! What a plan may ask of the journal, so that thawing and taking back know what was done.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::action::plan::{ActionId, Unavailable};
use crate::action::verb::Verb;
use crate::engine::NewValue;
use crate::model::ids::{BatchId, JobId};
use crate::model::snapshot::EngineIdentity;
use crate::text::EngineText;

/// What the journal knows. Whoever answers reads files: an answer may take some milliseconds.
pub trait Facts: Send + Sync {
    /// The latest freeze of this engine that was not thawed yet.
    ///
    /// # Errors
    ///
    /// Why the journal cannot be read.
    fn frozen(&self, engine: &EngineIdentity) -> Result<Option<Earlier>, Unavailable>;

    /// The action of this name.
    ///
    /// # Errors
    ///
    /// Why the journal cannot be read.
    fn action(&self, name: &str) -> Result<Option<Earlier>, Unavailable>;

    /// Actions at this engine that are under way, of this session or another.
    ///
    /// # Errors
    ///
    /// Why the journal cannot be read.
    fn at_work(&self, engine: &EngineIdentity) -> Result<Vec<AtWork>, Unavailable>;

    /// The action of which the engine made this batch, if it was one of this program.
    ///
    /// # Errors
    ///
    /// Why the journal cannot be read.
    fn batch(&self, batch: &BatchId) -> Result<Option<Earlier>, Unavailable> {
        let _ = batch;
        Ok(None)
    }

    /// What speaks against the journal: where it was changed since it was written.
    fn doubt(&self) -> Option<String> {
        None
    }
}

/// Asks without keeping others waiting: whoever answers reads files.
pub(super) async fn ask<T: Send + 'static>(
    facts: &Arc<dyn Facts>,
    question: impl FnOnce(&dyn Facts) -> Result<T, Unavailable> + Send + 'static,
) -> Result<T, Unavailable> {
    let facts = Arc::clone(facts);
    let broke_down = |_| Unavailable { why: "the journal broke down while it was read".to_owned(), remedy: "run `bpmtop journal verify`".to_owned() };
    tokio::task::spawn_blocking(move || question(&*facts)).await.map_err(broke_down)?
}

/// An action that is under way.
#[derive(Clone, Debug)]
pub struct AtWork {
    /// Its name.
    pub action: ActionId,
    /// Whose it is, and on which machine.
    pub by: String,
    /// What it is, in one sentence.
    pub sentence: String,
    /// The ids of its targets; that of a variable is its name, so each has its instance beside it.
    pub targets: HashSet<(EngineText, Option<EngineText>)>,
}

/// An action that was performed before, of this run or another.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// Its name.
    pub action: ActionId,
    /// What it did.
    pub verb: Verb,
    /// What it was, in one sentence.
    pub sentence: String,
    /// Where its engine is reached.
    pub url: String,
    /// Name of its engine, where one was chosen.
    pub engine_name: Option<String>,
    /// What tells that engine from another.
    pub engine: EngineIdentity,
    /// When it began, by the clock of this machine.
    pub began: Timestamp,
    /// When it was to happen, where it was not at once.
    pub at: Option<Timestamp>,
    /// Whether existing jobs or running instances were meant too.
    pub jobs_too: bool,
    /// Its targets.
    pub targets: Vec<EarlierTarget>,
    /// The action that took this one back already.
    pub taken_back: Option<ActionId>,
    /// Whether a run of the program that lives is at it.
    pub under_way: bool,
    /// The newest time of the engine that was seen before its first request.
    pub since: Option<Timestamp>,
    /// What it was to keep asleep, and how far it came with that; or why the journal cannot tell.
    pub kept: Result<Kept, &'static str>,
    /// The action whose jobs it put back, if that is what it did.
    pub puts_back: Option<ActionId>,
}

/// What an action was to keep asleep although it would have woken it.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// The jobs.
    pub jobs: Vec<KeptJob>,
    /// Its resumptions of which nobody knows whether the engine got them, with when they went out.
    pub unanswered: Vec<(EarlierTarget, Timestamp)>,
}

/// A job that an action was to keep asleep.
#[derive(Clone, Debug)]
pub struct KeptJob {
    /// Its id.
    pub job: JobId,
    /// As an operator knew it.
    pub label: String,
    /// When it was due; none means at once.
    pub due: Option<Timestamp>,
    /// The day far ahead that its due date was moved to, if a request that may have had its effect did so.
    pub shield: Option<Timestamp>,
    /// Whether its due date was to be moved at all: one that is due late enough needs no such day.
    pub shielded: bool,
    /// When the request that moves it went out, where nobody knows whether the engine got it.
    pub shield_open: Option<Timestamp>,
    /// Whether a request that wakes it went out and may have had its effect.
    pub woken: bool,
    /// Whether it was to be suspended again: where it was not, nothing of it was touched.
    pub guarded: bool,
}

/// A target of an action that was performed before.
#[derive(Clone, Debug)]
pub struct EarlierTarget {
    /// Its id; the name of a variable.
    pub id: EngineText,
    /// Its business key, or that of the nearest caller, where there was one.
    pub business_key: Option<EngineText>,
    /// Its process instance, where it has one.
    pub instance: Option<EngineText>,
    /// As an operator knew it.
    pub label: String,
    /// Whether a change of it was sent that may have had its effect.
    pub sent: bool,
    /// What it was before.
    pub before: Before,
}

/// What a target was before, as far as its action changed it. What an action does not change is not looked at.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// Whether it was suspended.
    pub suspended: bool,
    /// When it was due; none means at once.
    pub due: Option<Timestamp>,
    /// The priority of a job, or the override of a job definition; none where there was no override.
    pub priority: Option<i64>,
    /// The note of an incident.
    pub note: Option<String>,
    /// The value of a variable: known to the session that wrote it only, since the journal holds no values.
    pub value: Option<NewValue>,
}

/// A journal that knows nothing, for whoever acts without one.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFacts;

impl Facts for NoFacts {
    fn frozen(&self, _: &EngineIdentity) -> Result<Option<Earlier>, Unavailable> {
        Ok(None)
    }

    fn action(&self, _: &str) -> Result<Option<Earlier>, Unavailable> {
        Ok(None)
    }

    fn at_work(&self, _: &EngineIdentity) -> Result<Vec<AtWork>, Unavailable> {
        Ok(Vec::new())
    }
}
