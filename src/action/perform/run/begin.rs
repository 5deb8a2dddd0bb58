//! How an action begins: it reads what is needed to tell later what is new, and records what is meant to be done. Nothing is sent here.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;

use super::Run;
use super::sure::Asked;
use crate::action::ledger::Ending;
use crate::action::outcome::Outcome;
use crate::action::perform::eyes::{Baseline, Eyes};
use crate::action::verb::Verb;
use crate::engine::identity::{Depth, KnownFrom, Verdict};

/// What is read before anything is sent.
struct Before {
    eyes: Eyes,
    /// Which engine answers.
    same: Asked,
    baseline: Baseline,
    /// Targets that are not as the plan shows them any more, and why: what somebody else did since is not undone. None where that has to be known
    /// and is not.
    changed: Option<Vec<(usize, Outcome)>>,
}

impl Run {
    /// Reads, then records what is meant to be done. Without that record nothing is sent. Whoever stops it meanwhile stops it before anything
    /// was recorded or sent.
    pub(super) async fn begin(&mut self) -> bool {
        self.tell();
        if let Some(eyes) = self.eyes.take() {
            let Some(before) = self.unless_stopped(self.read_before(eyes)).await else { return false };
            if !self.take_before(before) {
                return false;
            }
        }
        self.hear_all();
        if self.ending.is_some() {
            return false;
        }
        match self.hand.begin(&self.progress.plan, &self.sentence, &self.progress.steps, self.progress.since()).await {
            Ok((head, doubt)) => {
                (self.head, self.recorded) = (Some(head), true);
                if let Some(doubt) = doubt {
                    self.note(format!("THE JOURNAL IS BROKEN at {doubt}; this action is recorded behind that, with a note of it"));
                }
                self.tell_what_is_left_alone().await;
                self.pacer.resume(Instant::now());
                true
            }
            Err(why) => {
                self.note(format!("nothing was sent: {why}"));
                self.progress.abandon();
                self.ending = Some(Ending::Failed(why));
                false
            }
        }
    }

    fn read_before(&self, mut eyes: Eyes) -> BoxFuture<'static, Before> {
        let plan = Arc::clone(&self.progress.plan);
        let wants_due = self.progress.is_bulk();
        Box::pin(async move {
            let baseline = eyes.baseline(&plan.targets, wants_due).await;
            let changed = match plan.verb {
                Verb::Retry => Some(eyes.unneeded(&plan.targets).await),
                Verb::PutBack => eyes.changed_since(&plan.targets).await,
                _ => Some(Vec::new()),
            };
            // Asked last: it tells of all that was read before it.
            let same = eyes.compare(&plan.engine, KnownFrom::Plan, Depth::Database).await;
            let changed = match (&same, plan.verb) {
                (Ok(Verdict::Same | Verdict::Unknown | Verdict::Another(_)), _) => changed,
                // Where it is not known yet which engine answers, what was read now tells nothing, and is old once it is known.
                (_, Verb::PutBack) => None,
                _ => Some(Vec::new()),
            };
            Before { eyes, same, baseline, changed }
        })
    }

    /// Obeys while it reads; none once it is to end.
    async fn unless_stopped<T>(&mut self, mut reading: BoxFuture<'static, T>) -> Option<T> {
        loop {
            tokio::select! {
                biased;
                order = self.orders.recv(), if self.hears => self.hear(order),
                read = &mut reading => return Some(read),
            }
            if self.ending.is_some() {
                return None;
            }
            self.tell();
        }
    }

    /// Takes in what was read; whether it goes on.
    fn take_before(&mut self, Before { mut eyes, same, baseline, changed }: Before) -> bool {
        if let Some(client) = self.login.take() {
            eyes.look_through(client);
        }
        self.requests = eyes.requests;
        self.eyes = Some(eyes);
        match same {
            Ok(Verdict::Another(why)) => {
                self.meets_another(why);
                return false;
            }
            // Asked again before anything is sent.
            Err(_) | Ok(Verdict::Unsure(_)) => self.doubt(),
            Ok(Verdict::Unknown) => self.note_that_nothing_tells(),
            Ok(Verdict::Same) => {}
        }
        let Some(changed) = changed else {
            let why = "nothing was sent: whether the jobs are still as the plan shows them cannot be read; plan it anew (P) once the engine answers";
            self.fail(why.to_owned());
            return false;
        };
        self.progress.set_since(baseline.since);
        self.progress.leave_out(&changed);
        if let Some(due) = baseline.due {
            self.pacer.backlog(due);
        }
        true
    }
}
