//! The part of an action under way that reads back, records what was found, and ends in good order.

use std::time::Instant;

use futures_util::future::BoxFuture;

use super::{BACKLOG, LOOKS, Look, Order, Run};
use crate::action::ledger::{Ending, PausedBy, Stage};
use crate::action::outcome::Outcome;
use crate::action::perform::eyes::Eyes;
use crate::action::perform::{closing, record};
use crate::engine::EngineError;
use crate::journal::How;
use crate::model::section::Moment;
use crate::text::EngineText;

impl Run {
    pub(super) fn look_if_due(&mut self, now: Instant) {
        if self.eyes.is_none() || self.is_closing() || self.blind {
            return;
        }
        if self.stage == Stage::Sending && self.progress.is_bulk() && now >= self.next_count {
            self.next_count = now + BACKLOG;
            self.look(|mut eyes| {
                Box::pin(async move {
                    let due = eyes.due().await;
                    (eyes, Look::Due(due))
                })
            });
        } else if now >= self.next_look && self.progress.wants_reading(now) {
            let Some(round) = self.progress.round(now, false, self.user()) else { return };
            self.look(|mut eyes| {
                Box::pin(async move {
                    let found = eyes.look(&round).await;
                    (eyes, Look::Round(found))
                })
            });
        }
    }

    pub(super) fn look(&mut self, with: impl FnOnce(Eyes) -> BoxFuture<'static, (Eyes, Look)>) {
        if let Some(eyes) = self.eyes.take() {
            self.looking = Some(with(eyes)).into();
        }
    }

    pub(super) fn user(&self) -> Option<EngineText> {
        self.progress.plan.engine.user.as_deref().map(EngineText::from)
    }

    pub(super) async fn learn(&mut self, mut eyes: Eyes, look: Look) {
        self.requests = eyes.requests;
        self.dirty = true;
        if let Some(client) = self.login.take() {
            eyes.look_through(client);
        }
        self.eyes = Some(eyes);
        let now = Instant::now();
        match look {
            Look::Due(due) => {
                let before = self.pacer.is_slowed();
                due.into_iter().for_each(|due| self.pacer.backlog(due));
                if self.pacer.is_slowed() && !before {
                    self.note("slower, because due jobs pile up".to_owned());
                }
            }
            Look::Round(found) => {
                self.progress.learn(&found, now);
                self.next_look = now + LOOKS[self.looks.min(LOOKS.len() - 1)];
                self.looks += 1;
                self.record_outcomes().await;
                if let Some(error) = &found.problem {
                    self.heed_reading(error);
                }
                if let Some(why) = self.progress.fails_too_often().filter(|_| !self.whatever && !matches!(self.stage, Stage::Paused(_))) {
                    self.pause(PausedBy::Failures(why));
                }
            }
        }
    }

    pub(super) fn heed_reading(&mut self, error: &EngineError) {
        let words = format!("reading back failed: {}", error.problem());
        if error.stops_polling() {
            self.fail(format!("the login was refused, so nothing more is sent or read: {}", error.problem()));
            self.blind = true;
        } else if self.notes.last().is_none_or(|(_, last)| *last != words) {
            self.note(words);
        }
    }

    /// What became of targets is in the journal as soon as it is settled.
    pub(super) async fn record_outcomes(&mut self) {
        let changed = self.progress.take_changed();
        self.record(changed.into_iter().filter(|(_, outcome)| outcome.is_settled()).collect()).await;
    }

    pub(super) async fn record(&mut self, outcomes: Vec<(usize, Outcome)>) {
        let (plan, now) = (&self.progress.plan, Moment::now().wall);
        let entries = outcomes.iter().map(|(target, outcome)| record::outcome(&plan.action, *target, outcome, record::kept(plan, outcome, now))).collect();
        match self.hand.record().note_all(entries).await {
            Ok(head) => self.head = head.or(self.head.take()),
            Err(why) if self.ending.is_none() => self.fail(format!("the journal could not be written, so nothing more is sent: {why}")),
            Err(_) => {}
        }
    }

    pub(super) async fn finish(&mut self) {
        let cannot = self.is_closing() || self.blind;
        if !cannot && let Some(mut eyes) = self.eyes.take() {
            for note in closing::look(&mut eyes, &self.hand, &self.progress).await {
                self.note(note);
            }
            self.requests = eyes.requests;
            self.eyes = Some(eyes);
        }
        let unsettled = self.progress.outcomes().into_iter().enumerate().filter(|(_, outcome)| !outcome.is_settled()).collect();
        let ending = self.ending.clone().unwrap_or(Ending::Done);
        let how = match (&ending, self.quit) {
            (Ending::Failed(_), _) => How::Failed,
            (_, Some(how)) => how,
            (Ending::Done, None) => How::Done,
            (Ending::Stopped, None) => How::Stopped,
        };
        self.record_outcomes().await;
        self.record(unsettled).await;
        self.stage = Stage::Over(ending);
        self.ended = Some(Moment::now());
        match self.hand.record().note(record::end(&self.ledger(), how)).await {
            Ok(head) => self.head = Some(head),
            Err(why) => self.note(format!("the end could not be recorded: {why}")),
        }
        self.tell();
    }

    /// Over, but an operator may want to know once more what became of what was left waiting.
    pub(super) async fn look_again_when_asked(&mut self) {
        while let Some(order) = self.orders.recv().await {
            match order {
                Order::ReadBack => {
                    let round = self.progress.round(Instant::now(), true, self.user());
                    if let (Some(round), Some(eyes)) = (round, &mut self.eyes) {
                        let found = eyes.look(&round).await;
                        self.requests = eyes.requests;
                        self.progress.learn(&found, Instant::now());
                        if let Some(error) = &found.problem {
                            self.note(format!("reading back failed: {}", error.problem()));
                        }
                        self.record_outcomes().await;
                    }
                    self.tell();
                }
                Order::Login { client, .. } => {
                    if let Some(eyes) = &mut self.eyes {
                        eyes.look_through(client);
                    }
                }
                Order::Close(_) => return,
                Order::Pause | Order::GoOn | Order::Stop => {}
            }
        }
    }
}
