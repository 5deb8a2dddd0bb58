//! Making sure that it is still the engine of the plan, before the first request, after a pause, and after an answer was lost: meanwhile nothing
//! is sent.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;

use super::Run;
use crate::action::identity::{self, Verdict};
use crate::action::ledger::{PausedBy, Stage};
use crate::engine::EngineError;

/// Between two questions to an engine that does not answer, while something waits that protects others.
const AGAIN: Duration = Duration::from_secs(1);

/// Between two looks whether something waits to be sent.
const SOON: Duration = Duration::from_millis(200);

/// What asking gave.
pub(super) type Asked = Result<Verdict, EngineError>;

/// Said where nothing tells.
const UNKNOWN: &str = "whether it is still the engine of the plan cannot be told: this login reads nothing that would tell";

impl Run {
    /// From now on nothing is sent before the engine was compared with that of the plan.
    pub(super) fn doubt(&mut self) {
        self.unsure = true;
        self.doubts += 1;
        self.next_check = Instant::now();
        self.brake.pull(true);
    }

    /// Asks which engine answers, if something waits to be sent.
    pub(super) fn make_sure_if_due(&mut self, now: Instant, protecting: bool) {
        if self.is_checking || now < self.next_check {
            return;
        }
        if self.progress.next(protecting).is_none() {
            self.next_check = now + SOON;
            return;
        }
        let (client, plan) = (self.hand.client().clone(), Arc::clone(&self.progress.plan));
        let doubts = self.doubts;
        self.checking = Some(async move { (doubts, identity::compare(&client, &plan.engine).await) }.boxed()).into();
        self.is_checking = true;
    }

    /// What the answer means for what waits. One that was asked for before the newest doubt clears nothing: the engine may have been replaced since.
    pub(super) fn heed_identity(&mut self, (doubts, asked): (u64, Asked)) {
        self.dirty = true;
        match asked {
            Ok(Verdict::Same | Verdict::Unknown) if doubts != self.doubts => self.next_check = Instant::now(),
            Ok(verdict @ (Verdict::Same | Verdict::Unknown)) => {
                self.unsure = false;
                let sends = self.ending.is_none() && !matches!(self.stage, Stage::Paused(_));
                if sends {
                    self.brake.pull(false);
                }
                if verdict == Verdict::Unknown {
                    self.note_that_nothing_tells();
                }
            }
            Ok(Verdict::Another(why)) => self.meets_another(why),
            Ok(Verdict::Unsure(why)) => self.stays_unsure(why),
            Err(error) if error.stops_polling() => self.fail(format!("the login was refused, so nothing more is sent: {}", error.problem())),
            Err(error) => self.stays_unsure(format!("which engine answers cannot be told: {}", error.problem())),
        }
    }

    /// Nothing is sent, and it is asked again. An end does not wait for it.
    fn stays_unsure(&mut self, why: String) {
        if self.ending.is_some() {
            // What protects others is tried all the same: whether it went out is told.
            self.note(why);
            self.unsure = false;
            return;
        }
        self.next_check = Instant::now() + AGAIN;
        if !matches!(self.stage, Stage::Paused(_)) {
            self.pause(PausedBy::Engine(why));
        }
    }

    /// Says once that it goes on although nothing tells.
    pub(super) fn note_that_nothing_tells(&mut self) {
        if !self.told_unsure {
            self.told_unsure = true;
            self.note(UNKNOWN.to_owned());
        }
    }

    /// Nothing of the plan means anything there: neither is more sent, nor is what was sent read back.
    pub(super) fn meets_another(&mut self, why: String) {
        self.fail(format!("nothing more is sent or read: {why}"));
        self.unsure = false;
        self.foreign = true;
        self.blind = true;
    }
}
