//! How an action under way ends: a last look, its reason in the engine's own log, and the end in the journal. It obeys meanwhile.

use std::future::Future;

use super::Run;
use crate::action::ledger::{Ending, Stage};
use crate::action::perform::{closing, record};
use crate::engine::Sent;
use crate::journal::{How, LOOK};
use crate::model::section::Moment;
use crate::text::plural;

impl Run {
    pub(super) async fn finish(&mut self) {
        if self.recorded {
            if self.unsure {
                self.progress.distrust("it ended before it was known which engine had answered");
                self.unsure = false;
            }
            // On the disk before anything is looked at once more: that may take long.
            self.record_outcomes().await;
            self.note_looks().await;
            self.look_once_more().await;
            self.explain().await;
        }
        let unsettled = self.progress.outcomes().into_iter().enumerate().filter(|(_, outcome)| !outcome.is_settled()).collect();
        let ending = self.ending.clone().unwrap_or(Ending::Done);
        let how = match (&ending, self.quit) {
            (Ending::Failed(_), _) => How::Failed,
            (_, Some(how)) => how,
            (Ending::Done, None) => How::Done,
            (Ending::Stopped, None) => How::Stopped,
        };
        if self.recorded {
            self.record_outcomes().await;
            self.note_looks().await;
            self.record(unsettled).await;
        }
        self.stage = Stage::Over(ending);
        self.ended = Some(Moment::now());
        if self.recorded {
            match self.hand.record().note(record::end(&self.ledger(), how)).await {
                Ok(head) => self.head = Some(head),
                Err(why) if self.hand.record().is_late() => self.note(format!("THE END IS NOT RECORDED YET, it is tried again every few seconds: {why}")),
                Err(why) => self.note(format!("the end could not be recorded: {why}")),
            }
        }
        self.tell();
    }

    async fn look_once_more(&mut self) {
        let Some(mut eyes) = self.eyes.take() else { return };
        let plan = std::sync::Arc::clone(&self.progress.plan);
        let sent = self.progress.sent > 0;
        let found = self
            .unless_it_ends(async move {
                let found = if sent { closing::look(&mut eyes, &plan).await } else { Vec::new() };
                (eyes, found)
            })
            .await;
        let Some((eyes, found)) = found else { return };
        self.requests = eyes.requests;
        self.eyes = Some(eyes);
        if found.is_empty() || !self.is_still_the_same().await {
            return;
        }
        let (looks, notes) = found.into_iter().partition(|told: &String| told.starts_with(LOOK));
        self.tell_to_look(looks).await;
        let notes: Vec<String> = notes;
        notes.into_iter().for_each(|note| self.note(note));
    }

    /// Work at the end of which nothing hangs, given up once the program ends.
    pub(super) async fn unless_it_ends<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(work);
        loop {
            self.hear_all();
            if self.is_closing() || self.blind {
                return None;
            }
            tokio::select! {
                biased;
                order = self.orders.recv(), if self.hears => self.hear(order),
                done = &mut work => return Some(done),
            }
        }
    }

    /// The operator's reason on the operations that were ours, unless nothing more may be sent.
    async fn explain(&mut self) {
        if matches!(self.ending, Some(Ending::Failed(_))) {
            return;
        }
        let Some(question) = closing::Question::of(&self.progress) else { return };
        if let Some(why) = self.progress.plan.journal_alone().map(str::to_owned) {
            // Known beforehand, and said in the plan.
            return self.note(why);
        }
        let Some(mut eyes) = self.eyes.take() else { return };
        let found = self
            .unless_it_ends(async move {
                let found = question.operations(&mut eyes).await;
                (eyes, found)
            })
            .await;
        let Some((eyes, found)) = found else { return };
        self.requests = eyes.requests;
        self.eyes = Some(eyes);
        if found.is_empty() {
            return self.note("the engine's log of operations shows none of ours to write the reason on; the journal has it".to_owned());
        }
        if !self.is_still_the_same().await {
            return self.note("the reason is not written into the engine's log: it is not known to be the same engine; the journal has it".to_owned());
        }
        let names: Vec<String> = found.iter().map(ToString::to_string).collect();
        let all = format!("the reason is written to {} in the engine's log: {}", plural(found.len() as u64, "operation"), names.join(", "));
        if let Err(why) = self.hand.record().note(record::aside(&self.progress.plan.action, &all)).await {
            return self.note(format!("the reason is not written into the engine's log, because that could not be recorded: {why}"));
        }
        let told = self.write_the_reason(found).await;
        self.keep(vec![record::aside(&self.progress.plan.action, &told)]).await;
        self.note(told);
    }

    async fn write_the_reason(&mut self, operations: Vec<crate::text::EngineText>) -> String {
        let (reason, all) = (self.progress.plan.choices.reason.trim().to_owned(), operations.len());
        for (written, operation) in operations.into_iter().enumerate() {
            self.hear_all();
            if self.is_closing() {
                return format!("the reason was written to {written} of {} in the engine's log; the program ends", plural(all as u64, "operation"));
            }
            match self.hand.explain(operation, reason.clone()).await.sent {
                Sent::Accepted { .. } => {}
                Sent::Rejected(error) | Sent::NotSent(error) | Sent::Unknown(error) => {
                    return format!(
                        "the reason was written to {written} of {} in the engine's log, then: {}",
                        plural(all as u64, "operation"),
                        error.problem()
                    );
                }
            }
        }
        format!("the reason was written to {} in the engine's log", plural(all as u64, "operation"))
    }
}
