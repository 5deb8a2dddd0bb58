//! Making sure that it is still the engine of the plan: before the first request, after a pause, after an answer was lost, before a request that
//! goes out long after it was known, and after each look, before anything of it counts. As long as it is in doubt, nothing is sent and nothing read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;

use super::Run;
use crate::action::ledger::{PausedBy, Stage};
use crate::engine::EngineError;
use crate::engine::identity::{self, Depth, KnownFrom, Verdict};

/// Between two questions to an engine that does not answer, while something waits that protects others.
const AGAIN: Duration = Duration::from_secs(1);

/// Between two looks whether something waits to be sent.
const SOON: Duration = Duration::from_millis(200);

/// For so long it counts as known which engine answers, where nothing came between.
const TRUSTED: Duration = Duration::from_secs(5);

/// What asking gave.
pub(super) type Asked = Result<Verdict, EngineError>;

/// One asking, with what was in doubt by then.
pub(super) struct Check {
    doubts: u64,
    begun: Instant,
    interruptions: u64,
    asked: Asked,
}

/// Said where nothing tells.
const UNKNOWN: &str = "whether it is still the engine of the plan cannot be told: this login reads nothing that would tell";

#[cfg(test)]
impl Check {
    /// One that is asked now and answered so.
    pub(super) fn answered(run: &Run, asked: Asked) -> Self {
        Self { doubts: run.doubts, begun: Instant::now(), interruptions: run.interruptions, asked }
    }
}

impl Run {
    /// From now on nothing is sent before the engine was compared with that of the plan.
    pub(super) fn doubt(&mut self) {
        self.unsure = true;
        self.doubts += 1;
        self.next_check = Instant::now();
        self.brake.pull(true);
    }

    /// Whether it was known too long ago which engine answers, or something came between.
    pub(super) fn knew_long_ago(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.compared) > TRUSTED || self.hand.client().interruptions() != self.interruptions
    }

    /// Asks which engine answers, if something waits to be sent or to be read.
    pub(super) fn make_sure_if_due(&mut self, now: Instant, protecting: bool) {
        if self.is_checking || now < self.next_check {
            return;
        }
        let reads = !self.blind && !self.is_closing() && (self.anyway || self.progress.wants_reading(now));
        if !reads && self.progress.next(protecting).is_none() {
            self.next_check = now + SOON;
            return;
        }
        let (client, plan) = (self.hand.client().clone(), Arc::clone(&self.progress.plan));
        let (doubts, begun, interruptions) = (self.doubts, now, client.interruptions());
        let check = async move {
            let asked = identity::compare(&client, &plan.engine, KnownFrom::Plan, Depth::Node).await;
            Check { doubts, begun, interruptions, asked }
        };
        self.checking = Some(check.boxed()).into();
        self.is_checking = true;
    }

    /// What the answer means for what waits. One that was asked for before the newest doubt clears nothing: the engine may have been replaced since.
    pub(super) fn heed_identity(&mut self, Check { doubts, begun, interruptions, asked }: Check) {
        self.dirty = true;
        match asked {
            Ok(Verdict::Same | Verdict::Unknown) if doubts != self.doubts => self.next_check = Instant::now(),
            Ok(verdict @ (Verdict::Same | Verdict::Unknown)) => {
                self.unsure = false;
                (self.compared, self.interruptions) = (begun, interruptions);
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
            Err(error) if error.stops_polling() => {
                self.fail(format!("the login was refused, so nothing more is sent or read: {}", error.problem()));
                // Nothing can be asked any more, so it stays as little known as it is.
                (self.blind, self.unsure) = (true, false);
                self.progress.distrust("the login was refused before it was known which engine had answered");
            }
            Err(error) => match error.asks_to_wait() {
                // It is asked again by itself.
                Some(wait) => {
                    self.note_that_a_gateway_asks_to_wait(wait);
                    self.next_check = Instant::now() + wait;
                }
                None => self.stays_unsure(format!("which engine answers cannot be told: {}", error.problem())),
            },
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

    /// Whether what was just read was read from the engine of the plan. What was read from nobody knows whom counts for nothing.
    pub(super) fn heed_who_was_read(&mut self, asked: Asked) -> bool {
        match asked {
            Ok(verdict @ (Verdict::Same | Verdict::Unknown)) => {
                self.compared = Instant::now();
                if verdict == Verdict::Unknown {
                    self.note_that_nothing_tells();
                }
                return true;
            }
            Ok(Verdict::Another(why)) => self.meets_another(why),
            Ok(Verdict::Unsure(why)) => {
                self.doubt();
                self.stays_unsure(why);
            }
            Err(error) => {
                self.doubt();
                self.heed_reading(&error);
            }
        }
        false
    }

    /// Asks once whether it is still the engine of the plan, at the end, where nothing waits any more.
    pub(super) async fn is_still_the_same(&mut self) -> bool {
        if self.foreign || self.blind {
            return false;
        }
        let (client, plan) = (self.hand.client().clone(), Arc::clone(&self.progress.plan));
        let asking = async move { identity::compare(&client, &plan.engine, KnownFrom::Plan, Depth::Node).await };
        match self.unless_it_ends(asking).await {
            Some(Ok(Verdict::Same | Verdict::Unknown)) => true,
            Some(Ok(Verdict::Another(why))) => {
                self.meets_another(why);
                false
            }
            Some(Ok(Verdict::Unsure(why))) => {
                self.note(why);
                false
            }
            Some(Err(error)) => {
                self.note(format!("which engine answers cannot be told: {}", error.problem()));
                false
            }
            None => false,
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
        self.progress.distrust(&why);
    }
}
