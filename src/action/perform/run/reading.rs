//! The part of an action under way that reads back and records what was found.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;

use super::sure::Asked;
use super::{BACKLOG, LOOKS, Look, Order, Run};
use crate::action::ledger::{PausedBy, Stage};
use crate::action::outcome::Outcome;
use crate::action::perform::eyes::{Eyes, Findings};
use crate::action::perform::record;
use crate::action::verb::Verb;
use crate::engine::EngineError;
use crate::engine::identity::{Depth, KnownFrom, Verdict};
use crate::journal::{Entry, LOOK};
use crate::model::section::Moment;
use crate::text::EngineText;

impl Run {
    pub(super) fn look_if_due(&mut self, now: Instant) {
        if self.eyes.is_none() || self.is_closing() || self.blind || self.unsure {
            return;
        }
        if let Some(wait) = self.hand.client().waits() {
            self.next_look = self.next_look.max(now + wait);
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
        } else if now >= self.next_look && (self.anyway || self.progress.wants_reading(now)) {
            let Some(round) = self.progress.round(now, std::mem::take(&mut self.anyway), self.user()) else { return };
            let plan = Arc::clone(&self.progress.plan);
            self.look(|mut eyes| {
                Box::pin(async move {
                    let found = eyes.look(&round).await;
                    let asked = eyes.compare(&plan.engine, KnownFrom::Plan, Depth::Node).await;
                    (eyes, Look::Round(found, asked))
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
            Look::Round(found, asked) => {
                if !self.heed_who_was_read(asked) {
                    self.next_look = now + LOOKS[LOOKS.len() - 1];
                    return;
                }
                self.progress.learn(&found, now);
                self.next_look = now + LOOKS[self.looks.min(LOOKS.len() - 1)];
                self.looks += 1;
                self.record_outcomes().await;
                if let Some(error) = &found.problem {
                    self.heed_reading(error);
                }
                self.heed_failures();
            }
        }
    }

    /// Too many that failed pause it, whether they were refused or failed again.
    pub(super) fn heed_failures(&mut self) {
        if self.whatever || matches!(self.stage, Stage::Paused(_)) {
            return;
        }
        if let Some(why) = self.progress.fails_too_often() {
            self.pause(PausedBy::Failures(why));
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
    /// What an answer said while it was not known who gave it waits for that.
    pub(super) async fn record_outcomes(&mut self) {
        if self.unsure {
            return;
        }
        let changed = self.progress.take_changed();
        self.record(changed.into_iter().filter(|(_, outcome)| outcome.is_settled()).collect()).await;
    }

    pub(super) async fn record(&mut self, outcomes: Vec<(usize, Outcome)>) {
        let (plan, now) = (&self.progress.plan, Moment::now().wall);
        let words = |target: usize, outcome: &Outcome| {
            let look = self.progress.looks_of(target).map(|look| format!("; {look}")).unwrap_or_default();
            format!("{}{look}", record::kept(plan, outcome, now))
        };
        let entries = outcomes.iter().map(|(target, outcome)| record::outcome(&plan.action, *target, outcome, words(*target, outcome))).collect();
        self.keep(entries).await;
    }

    /// What has to be looked at is told for good: in a list of its own, among what happened, and in the journal.
    pub(super) async fn note_looks(&mut self) {
        let looks = self.progress.take_looks();
        self.tell_to_look(looks).await;
    }

    /// What a plan to put jobs back leaves alone although it is not as it was is told for good as well, or it would be forgotten with the plan.
    pub(super) async fn tell_what_is_left_alone(&mut self) {
        if self.progress.plan.verb == Verb::PutBack {
            let looks = self.progress.plan.warnings.iter().map(|warning| warning.text.clone()).filter(|text| text.starts_with(LOOK)).collect();
            self.tell_to_look(looks).await;
        }
    }

    pub(super) async fn tell_to_look(&mut self, looks: Vec<String>) {
        let entries = looks.iter().map(|look| record::aside(&self.progress.plan.action, look)).collect();
        for look in looks {
            self.note(look.clone());
            self.look.push(look);
        }
        self.keep(entries).await;
    }

    pub(super) async fn keep(&mut self, entries: Vec<Entry>) {
        match self.hand.record().note_all(entries).await {
            Ok(head) => self.head = head.or(self.head.take()),
            Err(why) if self.ending.is_none() => self.fail(format!("the journal could not be written, so nothing more is sent: {why}")),
            Err(_) => {}
        }
    }

    /// Takes in what was read long after the end.
    pub(super) async fn read_once_more(&mut self, found: Findings, asked: Asked) {
        let why = match asked {
            Ok(Verdict::Same | Verdict::Unknown) => None,
            Ok(Verdict::Another(why)) => {
                self.foreign = true;
                Some(why)
            }
            Ok(Verdict::Unsure(why)) => Some(why),
            Err(error) => Some(format!("which engine answers cannot be told: {}", error.problem())),
        };
        if let Some(why) = why {
            return self.note(format!("not read back: {why}"));
        }
        self.progress.learn(&found, Instant::now());
        if let Some(error) = &found.problem {
            self.note(format!("reading back failed: {}", error.problem()));
        }
        self.record_outcomes().await;
    }

    /// Over, but an operator may want to know once more what became of what was left waiting.
    pub(super) async fn look_again_when_asked(&mut self) {
        while let Some(order) = self.orders.recv().await {
            match order {
                Order::ReadBack if self.foreign => {
                    self.note("not read back: another engine answers, and knows nothing of it".to_owned());
                    self.tell();
                }
                Order::ReadBack => {
                    let round = self.progress.round(Instant::now(), true, self.user());
                    if let (Some(round), Some(eyes)) = (round, &mut self.eyes) {
                        let found = eyes.look(&round).await;
                        let asked = eyes.compare(&self.progress.plan.engine, KnownFrom::Plan, Depth::Node).await;
                        self.requests = eyes.requests;
                        self.read_once_more(found, asked).await;
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
