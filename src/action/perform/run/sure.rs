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

impl Run {
    /// From now on nothing is sent before the engine was compared with that of the plan.
    pub(super) fn doubt(&mut self) {
        self.unsure = true;
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
        self.checking = Some(async move { identity::compare(&client, &plan.engine).await }.boxed()).into();
        self.is_checking = true;
    }

    /// What the answer means for what waits.
    pub(super) fn heed_identity(&mut self, asked: Asked) {
        self.dirty = true;
        let unknown = matches!(asked, Ok(Verdict::Unknown));
        match asked {
            Ok(Verdict::Same | Verdict::Unknown) => {
                self.unsure = false;
                let sends = self.ending.is_none() && !matches!(self.stage, Stage::Paused(_));
                if sends {
                    self.brake.pull(false);
                }
                if unknown && !self.told_unsure {
                    self.told_unsure = true;
                    self.note("whether it is still the engine of the plan cannot be told: this login reads nothing that would tell".to_owned());
                }
            }
            Ok(Verdict::Another(why)) => self.meets_another(why),
            Err(error) if error.stops_polling() => self.fail(format!("the login was refused, so nothing more is sent: {}", error.problem())),
            Err(error) if self.ending.is_some() => {
                // What protects others is tried all the same: whether it went out is told.
                self.note(format!("which engine answers cannot be told: {}", error.problem()));
                self.unsure = false;
            }
            Err(error) => {
                self.next_check = Instant::now() + AGAIN;
                if !matches!(self.stage, Stage::Paused(_)) {
                    self.pause(PausedBy::Engine(format!("which engine answers cannot be told: {}", error.problem())));
                }
            }
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
