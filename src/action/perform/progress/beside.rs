//! What becomes of the requests beside the main ones, and what their failing means: what has to be looked at, what was done only in part.
//!
//! A job that stays asleep for a year because its due date was not put back, or that may be awake because it was not suspended again, is
//! told by name, and stays told. Nothing is said as long as a request under way may still make it needless.

use std::time::Instant;

use jiff::Timestamp;

use super::Progress;
use crate::action::judge::Said;
use crate::action::outcome::{Class, Outcome};
use crate::action::perform::sequence::{Part, Stand};
use crate::action::target::Subject;
use crate::action::verb::Verb;
use crate::engine::Change;
use crate::model::ids::JobId;
use crate::text::EngineText;

impl Progress {
    /// Takes in what came back for a request beside a main one. Gives what is worth a note and no more.
    pub(super) fn beside(&mut self, step: usize, said: &Said, now: Option<Instant>) -> Option<String> {
        let part = self.sequence.part(step);
        if part == Part::More {
            if matches!(said, Said::Rejected { gone: true, .. }) {
                self.gone.insert(step);
            }
            for target in self.steps[step].targets.clone() {
                self.known[target].sent = now.or(self.known[target].sent);
            }
            self.settle_in_part(step);
        }
        let note = self.failed_beside(step, part, said);
        self.look_at_forsaken();
        note
    }

    fn failed_beside(&mut self, step: usize, part: Part, said: &Said) -> Option<String> {
        let why = match said {
            Said::Accepted => return None,
            Said::Rejected { why, .. } | Said::NotSent(why) | Said::Unknown(why) => why,
        };
        let (Change::JobDueDate { job, .. } | Change::JobSuspension { job, .. }) = &self.steps[step].change else { return None };
        match part {
            Part::Main => {
                // What is not known is read back; what was refused stays as it is.
                if self.plan.verb == Verb::PutBack && !matches!(said, Said::Unknown(_)) {
                    self.look_at_unrestored(step, Some(why.clone()));
                }
                None
            }
            Part::Before => {
                let note = match &self.steps[step].change {
                    Change::JobSuspension { .. } => format!("it is not known to be suspended, so its due date is left where it is: {why}"),
                    _ => format!("the due date of job {job} was not moved, so what follows is not sent: {why}"),
                };
                let mains: Vec<usize> = self.steps[step].targets.iter().filter_map(|target| self.sequence.main_of(*target)).collect();
                for main in mains {
                    self.hindered.entry(main).or_insert_with(|| note.clone());
                }
                Some(note)
            }
            Part::More => Some(format!("job {job} was not resumed: {why}")),
            Part::Guard => {
                self.look_at(step, format!("LOOK AT job {job}: it may be awake, it could not be suspended again: {why}"));
                None
            }
            Part::Restore => {
                let text = self.not_put_back(step);
                self.look_at(step, format!("{text}: {why}"));
                None
            }
        }
    }

    /// That a job which was to be put back is not, as far as the request that decides of it tells.
    fn look_at_unrestored(&mut self, step: usize, why: Option<EngineText>) {
        let Some(target) = self.steps[step].targets.first().copied() else { return };
        let due = match &self.plan.targets[target].subject {
            Subject::Job { job, .. } => job.due,
            _ => None,
        };
        let text = match &self.steps[step].change {
            Change::JobDueDate { job, due: old } => {
                format!("LOOK AT job {job}: it stays due {}; its old due date, {}, was not put back", self.time(due), self.time(*old))
            }
            Change::JobSuspension { job, .. } => format!("LOOK AT job {job}: it may be awake, it was not suspended again"),
            _ => return,
        };
        self.look_at(step, why.map_or_else(|| text.clone(), |why| format!("{text}: {why}")));
    }

    /// That a due date may still be the one a year ahead, and which one it was to be.
    fn not_put_back(&self, step: usize) -> String {
        let Change::JobDueDate { job, due } = &self.steps[step].change else { return String::new() };
        let shield = self.shield_of(step).and_then(|shield| match &self.steps[shield].change {
            Change::JobDueDate { due, .. } => *due,
            _ => None,
        });
        format!("LOOK AT job {job}: it stays due {}; its old due date, {}, was not put back", self.time(shield), self.time(*due))
    }

    fn time(&self, due: Option<Timestamp>) -> String {
        super::super::closing::time(due, &self.plan.zone)
    }

    /// The request that moved the due date which another one puts back.
    fn shield_of(&self, restore: usize) -> Option<usize> {
        let own = job(&self.steps[restore].change)?;
        (0..restore).find(|at| self.sequence.part(*at) == Part::Before && job(&self.steps[*at].change) == Some(own))
    }

    fn look_at(&mut self, step: usize, text: String) {
        let target = self.steps[step].targets.first().copied().unwrap_or_default();
        self.changed.insert(target);
        self.looks.push((target, text));
    }

    /// What has to be looked at and was not told yet.
    pub fn take_looks(&mut self) -> Vec<String> {
        let new = self.looks[self.looks_told..].iter().map(|(_, text)| text.clone()).collect();
        self.looks_told = self.looks.len();
        new
    }

    /// What has to be looked at of one target, in one line; nothing where there is nothing.
    pub fn looks_of(&self, target: usize) -> Option<String> {
        let own: Vec<&str> = self.looks.iter().filter(|(of, _)| *of == target).map(|(_, text)| text.as_str()).collect();
        let more = if own.len() > TOLD { format!("; and {} more", own.len() - TOLD) } else { String::new() };
        (!own.is_empty()).then(|| format!("{}{more}", own[..own.len().min(TOLD)].join("; ")))
    }

    /// What will never be sent is told so, and what that leaves behind.
    pub(super) fn drop_hopeless(&mut self) {
        for step in self.sequence.take_dropped() {
            match self.sequence.part(step) {
                Part::Guard | Part::Restore => self.forsaken.push(step),
                Part::More => self.settle_in_part(step),
                Part::Main if self.plan.verb == Verb::PutBack => self.look_at_unrestored(step, None),
                // It was let go and held back after all: nothing was done of what was stopped meanwhile.
                Part::Before if self.plan.verb == Verb::PutBack => {
                    for target in self.steps[step].targets.clone() {
                        self.set(target, Outcome::Stopped);
                    }
                }
                Part::Main | Part::Before => {}
            }
            let why = self.hindered.get(&step).map_or("what had to be done before it was not done", String::as_str);
            let outcome = match self.hindered.get(&step) {
                Some(why) if self.plan.verb == Verb::PutBack => Outcome::LeftHalfway(why.as_str().into()),
                _ if self.is_begun_before(step) => {
                    Outcome::LeftHalfway("it was stopped once the job was to be suspended: its due date is left where it is".into())
                }
                _ if self.sequence.is_stopped() => Outcome::Stopped,
                _ => Outcome::NotPerformed(why.into()),
            };
            for target in self.decided_by(step) {
                self.set(target, outcome.clone());
            }
        }
        self.look_at_forsaken();
    }

    /// Whether a job that was to be put back may have been suspended by the request that goes before the one that decides.
    fn is_begun_before(&self, main: usize) -> bool {
        let step = &self.steps[main];
        let is_before = |at: &usize| self.sequence.part(*at) == Part::Before && self.steps[*at].targets == step.targets;
        // What belongs to one target stands close together.
        let before = (main.saturating_sub(1)..main).filter(is_before);
        let putting_back = self.plan.verb == Verb::PutBack && self.sequence.part(main) == Part::Main;
        putting_back && before.into_iter().any(|at| matches!(self.sequence.stand(at), Stand::Sending | Stand::Done | Stand::Unknown))
    }

    /// A protecting request that will never be sent matters only if what it was to protect from happened, or may have.
    fn look_at_forsaken(&mut self) {
        for step in std::mem::take(&mut self.forsaken) {
            let cause = match self.sequence.part(step) {
                Part::Restore => self.shield_of(step),
                _ => self.steps[step].targets.first().and_then(|target| self.sequence.main_of(*target)),
            };
            match cause.map(|cause| self.sequence.stand(cause)) {
                Some(Stand::Unsent | Stand::Sending) => self.forsaken.push(step),
                Some(Stand::Done | Stand::Unknown) => {
                    let text = match &self.steps[step].change {
                        Change::JobSuspension { job, .. } => format!("LOOK AT job {job}: it may be awake, it was not suspended again"),
                        _ => self.not_put_back(step),
                    };
                    self.look_at(step, text);
                }
                Some(Stand::NotDone | Stand::Dropped) | None => {}
            }
        }
    }

    /// How many of the requests that belong to a main one are done, of how many, and of how many nobody knows; none while some are open.
    fn more_stands(&self, main: usize) -> Option<(usize, usize, usize)> {
        let more = self.sequence.more_of(main);
        let (mut done, mut unknown) = (0, 0);
        for step in more {
            match self.sequence.stand(*step) {
                Stand::Unsent | Stand::Sending => return None,
                Stand::Done => done += 1,
                // What is gone needs nothing any more.
                Stand::NotDone if self.gone.contains(step) => done += 1,
                Stand::Unknown => unknown += 1,
                Stand::NotDone | Stand::Dropped => {}
            }
        }
        Some((done, more.len(), unknown))
    }

    /// The outcome of a target together with that of the requests that belong to its main one: as wanted only if all of them are done.
    pub(super) fn with_its_more(&self, main: usize, said: &Said, judged: Outcome) -> Outcome {
        if self.sequence.more_of(main).is_empty() {
            return judged;
        }
        match self.more_stands(main) {
            None if judged.class() == Class::Good || matches!(judged, Outcome::NoTrace { .. }) => Outcome::Accepted,
            Some((done, of, unknown)) if done < of && (*said == Said::Accepted || judged.class() == Class::Good) => Outcome::Partly { done, of, unknown },
            _ => judged,
        }
    }

    /// Once the last request that belongs to a main one is settled, what was done only in part is told so without reading.
    fn settle_in_part(&mut self, step: usize) {
        for target in self.steps[step].targets.clone() {
            let accepted = self.known[target].said == Some(Said::Accepted);
            let stands = self.sequence.main_of(target).and_then(|main| self.more_stands(main));
            if let Some((done, of, unknown)) = stands.filter(|(done, of, _)| accepted && done < of) {
                self.set(target, Outcome::Partly { done, of, unknown });
            }
        }
    }
}

/// What has to be looked at that is told with one target.
const TOLD: usize = 5;

fn job(change: &Change) -> Option<&JobId> {
    match change {
        Change::JobDueDate { job, .. } | Change::JobSuspension { job, .. } => Some(job),
        _ => None,
    }
}
