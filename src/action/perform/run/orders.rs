//! What is asked of an action under way, and what holds it: pauses, stops, the end of the program.

use std::time::{Duration, Instant};

use super::{Order, Run};
use crate::action::ledger::{Ending, PausedBy, Stage};
use crate::action::perform::hand::closing_time;
use crate::action::plan::Plan;
use crate::action::verb::Verb;
use crate::engine::Client;
use crate::journal::How;
use crate::model::section::Moment;
use crate::text::safe;

/// After a longer pause what is left is not sent any more: nobody knows whether what was read for the plan still holds.
const STALE: Duration = Duration::from_secs(5 * 60);

impl Run {
    /// Everything that was asked by now, before anything else is sent.
    pub(super) fn hear_all(&mut self) {
        use tokio::sync::mpsc::error::TryRecvError;
        while self.hears {
            match self.orders.try_recv() {
                Ok(order) => self.obey(order),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => self.hear(None),
            }
        }
    }

    /// One thing that was asked; nobody left to ask ends it, once.
    pub(super) fn hear(&mut self, order: Option<Order>) {
        self.hears = order.is_some();
        self.obey(order.unwrap_or(Order::Close(How::Quit)));
    }

    pub(super) fn pause(&mut self, by: PausedBy) {
        if self.ending.is_some() || self.progress.sequence.is_over() {
            return;
        }
        self.note(format!("paused: {}", by.words()));
        if !matches!(self.stage, Stage::Paused(_)) {
            self.paused = Some(Moment::now());
        }
        self.stage = Stage::Paused(by);
        self.brake.pull(true);
    }

    pub(super) fn obey(&mut self, order: Order) {
        self.dirty = true;
        match order {
            Order::Pause => self.pause(PausedBy::Operator),
            Order::GoOn if matches!(self.stage, Stage::Paused(_)) => self.go_on(),
            Order::GoOn => {}
            Order::Stop => self.stop(Ending::Stopped, "stopped by the operator".to_owned()),
            Order::ReadBack => (self.next_look, self.looks, self.anyway) = (Instant::now(), 0, self.progress.can_still_tell()),
            Order::Login { user, client } => self.log_in(user, client),
            Order::Close(how) => {
                self.quit = Some(how);
                let longest = self.hand.client().longest_change();
                self.gives_up.get_or_insert_with(|| Instant::now() + closing_time(longest) / 2);
                self.stop(Ending::Stopped, "stopped: the program ends".to_owned());
            }
        }
    }

    /// What one user confirmed is not sent as another. Reading may go by any login; what must still be sent to protect others goes by the
    /// old one.
    fn log_in(&mut self, user: String, client: Client) {
        if self.progress.plan.engine.user.as_deref() == Some(&user) {
            self.somebody_else = None;
            self.hand = self.hand.with_client(client.clone());
            if matches!(self.stage, Stage::Paused(PausedBy::Login(_))) {
                self.go_on();
            }
        } else {
            let why = self.as_somebody_else(&user);
            self.somebody_else = Some(user);
            if !matches!(self.stage, Stage::Paused(_)) {
                self.pause(PausedBy::Login(why));
            }
        }
        match &mut self.eyes {
            Some(eyes) => eyes.look_through(client),
            None => self.login = Some(client),
        }
    }

    fn as_somebody_else(&self, user: &str) -> String {
        let planned = self.progress.plan.engine.user.as_deref().unwrap_or("nobody known");
        format!("planned as {}, logged in as {}: nothing more is sent as another user", safe(planned), safe(user))
    }

    fn go_on(&mut self) {
        if let Some(user) = &self.somebody_else {
            return self.note(self.as_somebody_else(user));
        }
        if self.paused.is_some_and(is_stale) && !is_harmless(&self.progress.plan) {
            return self.note("paused for more than 5 minutes: what is left has to be planned anew; S stops, then R".to_owned());
        }
        // Going on after a pause of one's own does not wave through what the first few come to.
        let decided = !matches!(self.stage, Stage::Paused(PausedBy::Operator | PausedBy::Engine(_) | PausedBy::Login(_)));
        self.canary_over |= decided;
        self.whatever |= decided;
        self.lost_in_a_row = 0;
        self.paused = None;
        // Whoever answers by now is asked first.
        self.doubt();
        self.pacer.resume(Instant::now());
        self.stage = if self.canary_over { Stage::Sending } else { Stage::Canary };
        self.note("goes on".to_owned());
    }

    pub(super) fn stop(&mut self, ending: Ending, why: String) {
        self.brake.pull(true);
        if self.ending.is_none() {
            self.note(why);
            self.ending = Some(ending);
        }
        self.leave_refused();
        self.progress.stop();
        self.stage = Stage::Verifying;
    }

    /// Nothing can be sent any more.
    pub(super) fn fail(&mut self, why: String) {
        self.brake.pull(true);
        self.note(why.clone());
        self.leave_refused();
        self.progress.abandon();
        self.ending = Some(Ending::Failed(why));
        self.stage = Stage::Verifying;
    }

    /// An ending program has only so long: what is not sent by then is told, which takes less time than to send it.
    pub(super) fn give_up_if_due(&mut self) {
        if self.gives_up.is_some_and(|at| at <= Instant::now()) {
            self.gives_up = None;
            self.note("the program ends before all was put back".to_owned());
            self.progress.abandon();
        }
    }
}

/// By the clock on the wall too: the other one stands still while a computer sleeps.
fn is_stale(paused: Moment) -> bool {
    let by_the_wall = Duration::try_from(Moment::now().wall.duration_since(paused.wall)).unwrap_or_default();
    paused.instant.elapsed().max(by_the_wall) > STALE
}

/// Whether what is left of it may be sent long after it was read: the engine itself checks each target of a plain retry, and what only
/// suspends leaves less running than before. A resumption may wake what was suspended meanwhile.
fn is_harmless(plan: &Plan) -> bool {
    let verb = matches!(plan.verb, Verb::Retry | Verb::SuspendJobDefinitions | Verb::SuspendInstances | Verb::SuspendProcesses | Verb::Freeze);
    verb && plan.held.is_empty() && plan.free.is_empty()
}
