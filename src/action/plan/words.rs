//! What will happen, in one sentence, and what the choices mean. Figures are exact; nothing is promised that the engine does not do.

use jiff::Timestamp;

use super::{Danger, EngineEffect, HISTORY_ALONE, JOURNAL_ALONE, OtherCause, Plan};
use crate::action::target::{Subject, Target};
use crate::action::verb::Verb;
use crate::action::wish::Asked;
use crate::engine::Due;
use crate::model::engine_job::Work;
use crate::text::{count_exact, plural, safe};

impl Plan {
    /// What a confirmation does, as a command with its number: `retry 48 jobs`, `cancel 3 instances`. What is typed stands before it.
    pub fn purpose(&self) -> String {
        // The number that has to be typed is that of all that changes, which may be more than the targets.
        let effect = self.gravest_effect().map(|effect| effect.job.work.does(effect.things));
        let typed = match self.danger() {
            Danger::Type { what, .. } if effect.is_none() => what.parse().ok(),
            _ => None,
        };
        let count = typed.unwrap_or(self.targets.len() as u64);
        let what = self.noun().map_or_else(|| format!("{} jobs and external tasks", count_exact(count)), |noun| plural(count, noun));
        let which = effect.map_or_else(String::new, |does| format!(", which {does}"));
        let own = self.purpose_of(&what);
        format!("{own}{which}")
    }

    fn purpose_of(&self, what: &str) -> String {
        match self.verb {
            Verb::Retry => format!("retry {what}"),
            Verb::Cancel => format!("cancel {what}"),
            Verb::SuspendJobDefinitions | Verb::SuspendInstances | Verb::SuspendProcesses => format!("suspend {what}"),
            Verb::ResumeJobDefinitions | Verb::ResumeInstances | Verb::ResumeProcesses => format!("resume {what}"),
            Verb::Freeze => format!("freeze {what}"),
            Verb::Thaw => format!("thaw {what}"),
            Verb::SetVariable => format!("change {what}"),
            Verb::Annotate => format!("write the note on {what}"),
            Verb::Unlock => format!("take {what} back from its worker"),
            Verb::MoveDueDate => format!("move the due date of {what}"),
            Verb::SetJobPriority | Verb::SetDefinitionPriority => format!("set the priority of {what}"),
            Verb::CallOffTimed => format!("call off {what}"),
            Verb::PutBack if self.targets.is_empty() => "note that nothing is left to put back".to_owned(),
            Verb::PutBack => format!("suspend {what} again"),
        }
    }

    /// What one target is; none where they are of two kinds.
    fn noun(&self) -> Option<&'static str> {
        let tasks = self.targets.iter().filter(|target| matches!(target.subject, Subject::ExternalTask { .. })).count();
        Some(match self.targets.first().map(|target| &target.subject) {
            Some(Subject::Job { .. } | Subject::ExternalTask { .. }) if tasks == 0 => "job",
            Some(Subject::Job { .. } | Subject::ExternalTask { .. }) if tasks == self.targets.len() => "external task",
            Some(Subject::Job { .. } | Subject::ExternalTask { .. }) => return None,
            Some(Subject::Instance(_)) => "instance",
            Some(Subject::JobDefinition(_)) => "job definition",
            Some(Subject::ProcessDefinition(_)) => "process definition",
            Some(Subject::Timed(_)) => "timer",
            Some(Subject::Variable { .. }) => "variable",
            Some(Subject::Incident(_)) => "incident",
            None => "target",
        })
    }

    /// What will happen, in one sentence with count and names.
    pub fn sentence(&self) -> String {
        let own = self.own_sentence();
        match self.effect_words() {
            Some(effects) => format!("{own} {effects}"),
            None => own,
        }
    }

    /// What the engine's own jobs among the targets do once they run; none where there are none.
    fn effect_words(&self) -> Option<String> {
        let told: Vec<String> = self.effects.iter().map(EngineEffect::words).collect();
        let subject = match (self.verb, self.targets.len()) {
            (Verb::ResumeJobDefinitions | Verb::Thaw, _) => "What runs then",
            (_, 1) => "Running it",
            _ => "Running them",
        };
        (!told.is_empty()).then(|| format!("{subject} {}.", told.join("; ")))
    }

    fn own_sentence(&self) -> String {
        match self.verb {
            Verb::Retry => self.retry_sentence(),
            Verb::Cancel => self.cancel_sentence(),
            Verb::SuspendJobDefinitions | Verb::Freeze => format!("{} {}, {}{}.", self.verb_word(), self.what(), self.with_jobs(), self.when()),
            Verb::ResumeJobDefinitions | Verb::Thaw => format!("{} {}, {}{}{}.", self.verb_word(), self.what(), self.with_jobs(), self.when(), self.kept()),
            Verb::SuspendInstances => format!("Suspend {} with all of {} jobs.", self.what(), self.their()),
            Verb::ResumeInstances => format!("Resume {} with all of {} jobs{}.", self.what(), self.their(), self.kept()),
            Verb::SuspendProcesses => format!("Suspend {}: no new starts but by call activities{}{}.", self.what(), self.with_instances(), self.when()),
            Verb::ResumeProcesses => format!("Resume {}: new starts again{}{}.", self.what(), self.with_instances(), self.when()),
            Verb::Unlock => format!("Take {} back from its worker.", self.what()),
            Verb::CallOffTimed => self.call_off_sentence(),
            Verb::PutBack => self.restoring_sentence(),
            Verb::SetVariable | Verb::Annotate | Verb::MoveDueDate | Verb::SetJobPriority | Verb::SetDefinitionPriority => self.writing_sentence(),
        }
    }

    fn verb_word(&self) -> &'static str {
        match self.verb {
            Verb::Freeze => "Freeze",
            Verb::Thaw => "Thaw",
            Verb::ResumeJobDefinitions => "Resume",
            _ => "Suspend",
        }
    }

    fn retry_sentence(&self) -> String {
        let count = self.targets.len();
        let attempts = if self.choices.retries == 1 { "1 retry".to_owned() } else { format!("{} retries", self.choices.retries) };
        let jobs = self.targets.iter().any(|target| matches!(target.subject, Subject::Job { .. }));
        let due = match self.choices.due {
            _ if !jobs => String::new(),
            Due::Keep => ", due as before".to_owned(),
            Due::Now => self.due_now_words(),
            Due::At(then) => format!(", due {}", self.moment(then)),
        };
        let each = if count == 1 { "it" } else { "each" };
        format!("Retry {}: {each} gets {attempts}{due}{}.", self.what(), self.pace_words())
    }

    /// Due now, but for timers that keep a date of their own.
    fn due_now_words(&self) -> String {
        let dates = self.kept_dates();
        let jobs = self.targets.iter().filter(|target| matches!(target.subject, Subject::Job { .. })).count();
        match (dates.as_slice(), dates.len() == jobs) {
            ([], _) => ", due now".to_owned(),
            ([one], true) => format!(", due as before, {}", self.moment(*one)),
            ([first, ..], true) => format!(", due as before, the first {}", self.moment(*first)),
            ([one], false) => format!(", due now, but 1 timer keeps its date, {}", self.moment(*one)),
            ([first, ..], false) => format!(", due now, but {} timers keep their dates, the first {}", count_exact(dates.len() as u64), self.moment(*first)),
        }
    }

    fn pace_words(&self) -> String {
        let (pace, count) = (self.choices.pace, self.targets.len());
        if count <= 1 {
            return String::new();
        }
        if self.choices.batch {
            return ", by a batch of the engine".to_owned();
        }
        let canary = pace.canary.min(count);
        match canary {
            0 => format!(", {} a second", pace.per_second),
            _ if canary == count => format!(", all {canary} at once"),
            _ => format!(", {} a second after {canary} that {} first", pace.per_second, if canary == 1 { "goes" } else { "go" }),
        }
    }

    fn cancel_sentence(&self) -> String {
        let Some(level) = self.level() else { return "Cancel nothing.".to_owned() };
        let least = if level.complete { "" } else { "at least " };
        let heads: Vec<&Target> = level.heads().collect();
        let [head] = heads.as_slice() else {
            let (count, about) = (plural(level.count as u64, "instance"), safe(&self.wish.about));
            let end = if level.count == 1 { "ends" } else { "end" };
            return format!("Cancel {} with all below them ({about}): {least}{count} {end}.", plural(heads.len() as u64, "instance"));
        };
        let label = with_key(head);
        let others = level.count.saturating_sub(1);
        match others {
            0 if level.complete => format!("Cancel {label}: 1 instance ends."),
            0 => format!("Cancel {label}: at least 1 instance ends, and perhaps more than could be read."),
            _ => format!("Cancel {label}: {least}{} instances end, it and {least}{} more.", count_exact(level.count as u64), count_exact(others as u64)),
        }
    }

    fn call_off_sentence(&self) -> String {
        if self.targets.len() == 1 {
            return format!("Call off {}.", self.what());
        }
        let suspends = |target: &&Target| matches!(&target.subject, Subject::Timed(timed) if timed.suspend);
        let suspensions = self.targets.iter().filter(suspends).count() as u64;
        let resumptions = self.targets.len() as u64 - suspensions;
        let counted = [(suspensions, "timed suspension"), (resumptions, "timed resumption")];
        let parts: Vec<String> = counted.into_iter().filter(|(count, _)| *count > 0).map(|(count, one)| plural(count, one)).collect();
        format!("Call off {}.", if parts.is_empty() { "nothing".to_owned() } else { parts.join(" and ") })
    }

    fn writing_sentence(&self) -> String {
        let what = self.what();
        match &self.asked {
            Asked::SetVariable { value, .. } => format!("Write {what}, type {}.", value.kind),
            Asked::Annotate { text: Some(_), .. } => format!("Write a note on {what}."),
            Asked::Annotate { text: None, .. } => format!("Clear the note of {what}."),
            Asked::MoveDueDate { due: Some(due), .. } => format!("Make {what} due {}.", self.moment(*due)),
            Asked::MoveDueDate { due: None, .. } => format!("Make {what} due now."),
            Asked::SetJobPriority { priority, .. } => format!("Give {what} priority {priority}."),
            // Existing ones too, whether they were meant or not (7.18, 7.24 and Operaton 1.0).
            Asked::SetDefinitionPriority { priority: Some(priority), .. } => format!("Give new and existing jobs of {what} priority {priority}."),
            Asked::SetDefinitionPriority { priority: None, .. } => format!("Give new jobs of {what} the priority of the diagram again."),
            _ => format!("{} {what}.", self.verb),
        }
    }

    fn restoring_sentence(&self) -> String {
        let after = self.takes_back.as_ref().map(|action| format!(" after {action}")).unwrap_or_default();
        if self.targets.is_empty() {
            return match self.only_notes() {
                true => format!("Nothing is left to put back{after}: this only notes that somebody looked."),
                false => format!("Nothing can be put back{after}."),
            };
        }
        let what = match &*self.targets {
            [one] => format!("{} {}", one.kind(), with_key(one)),
            many => self.counted(many.len()),
        };
        let each = if self.targets.len() == 1 { "it" } else { "each" };
        format!("Put back {what}{after}: {each} is suspended first, then gets its old due date.")
    }

    /// The targets: one by its label, several by their count and what they were asked on.
    fn what(&self) -> String {
        match &*self.targets {
            [] => "nothing".to_owned(),
            [one] => format!("{} {}", one.kind(), with_key(one)),
            many => {
                let of = match self.verb {
                    Verb::Retry => format!(" of {}", safe(&self.wish.about)),
                    _ => format!(" ({})", safe(&self.wish.about)),
                };
                format!("{}{of}", self.counted(many.len()))
            }
        }
    }

    fn counted(&self, count: usize) -> String {
        let tasks = self.targets.iter().filter(|target| matches!(target.subject, Subject::ExternalTask { .. })).count();
        if tasks > 0 && tasks < count {
            return format!("{} and {}", plural((count - tasks) as u64, "job"), plural(tasks as u64, "external task"));
        }
        plural(count as u64, self.targets.first().map_or("target", |target| target.kind()))
    }

    fn their(&self) -> &'static str {
        if self.targets.len() == 1 { "its" } else { "their" }
    }

    fn with_jobs(&self) -> &'static str {
        match (self.choices.jobs_too, self.targets.len()) {
            (false, _) => "new jobs only",
            (true, 1) => "with its existing jobs",
            (true, _) => "with their existing jobs",
        }
    }

    fn with_instances(&self) -> &'static str {
        if self.choices.jobs_too { ", all running instances too" } else { ", running instances go on as they are" }
    }

    fn when(&self) -> String {
        self.choices.at.map_or_else(|| ", now".to_owned(), |at| format!(", at {}", self.moment(at)))
    }

    fn kept(&self) -> String {
        match (self.keeps_held(), self.held.len()) {
            (_, 0) => String::new(),
            (true, held) => format!("; {} that something else suspended {} suspended", plural(held as u64, "job"), if held == 1 { "stays" } else { "stay" }),
            (false, held) if self.choices.others == OtherCause::Wake => {
                format!("; {} that something else suspended {} up too", plural(held as u64, "job"), if held == 1 { "wakes" } else { "wake" })
            }
            (false, _) => String::new(),
        }
    }

    fn moment(&self, then: Timestamp) -> String {
        then.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
    }

    /// Why the engine's own log of operations does not get the reason, and where it is instead: in the journal alone, and that of a cancellation
    /// in the history too. None where it is to be written into that log.
    pub fn journal_alone(&self) -> Option<&str> {
        let begins = |text: &&str| text.starts_with(JOURNAL_ALONE) || text.starts_with(HISTORY_ALONE);
        self.warnings.iter().map(|warning| warning.text.as_str()).find(begins)
    }

    /// What the choices mean, a sentence each.
    pub fn explanation(&self) -> Vec<String> {
        let mut told: Vec<&str> = Vec::new();
        match self.verb {
            Verb::Retry => self.explain_retry(&mut told),
            Verb::Cancel => self.explain_cancel(&mut told),
            Verb::SuspendJobDefinitions | Verb::Freeze => {
                told.push(if self.choices.jobs_too {
                    "Existing jobs stop too. A job that runs at this moment cannot be committed: it is rolled back, and runs again once resumed."
                } else {
                    "Only jobs created from then on are born suspended. Existing ones still run."
                });
                told.push("External tasks and user tasks are not stopped by it: suspend the instances or the process for that.");
            }
            Verb::ResumeJobDefinitions | Verb::Thaw => {
                told.push(if self.choices.jobs_too {
                    "Existing jobs run again, those that became due meanwhile at once."
                } else {
                    "Only jobs created from then on run. Existing suspended ones stay suspended."
                });
                told.extend(self.explain_held());
            }
            Verb::SuspendInstances => told.push("Their jobs, external tasks and user tasks stop. A job that runs at this moment cannot be committed: it is rolled back. Instances they called go on."),
            Verb::ResumeInstances => {
                told.push("Their jobs run again, those that became due meanwhile at once; their tasks can be worked on again.");
                told.extend(self.explain_held());
            }
            Verb::SuspendProcesses | Verb::ResumeProcesses => self.explain_processes(&mut told),
            Verb::SetVariable => told.push("Work that runs at this moment may still use the old value, or write its own over the new one."),
            Verb::Annotate => told.push("A retry ends this incident, and its note with it; the history keeps the note."),
            Verb::Unlock => told.push("Another worker may fetch it at once, while the one that held it may still be at work: it can be done twice."),
            Verb::MoveDueDate => told.push("A job runs once it is due, has retries left and is not suspended."),
            Verb::SetJobPriority | Verb::SetDefinitionPriority => told.push("Priorities matter only where the engine acquires jobs by priority, which is not its default."),
            Verb::CallOffTimed => told.push("The timer of each is deleted in the engine. What is suspended now stays so."),
            Verb::PutBack if self.targets.is_empty() => {}
            Verb::PutBack => {
                told.push("Nothing is woken by it: a due date goes back only once the engine has said that the job is suspended.");
                told.push("They stay suspended until what suspends them is resumed, as before the action that left them so.");
            }
        }
        if self.choices.at.is_some() && self.can_be_timed() {
            told.push("The engine does it by a timer of its own, also when this program does not run; it is listed among the timed ones until then.");
        }
        told.into_iter().map(str::to_owned).collect()
    }

    fn explain_retry(&self, told: &mut Vec<&str>) {
        told.push("A retry ends the incident at once. That is not success: what became of each is read back.");
        if self.choices.batch {
            told.push("The engine calls its batch completed when the attempts were given, not when the jobs ran; each job is read back all the same.");
        }
        if self.targets.iter().any(|target| matches!(target.subject, Subject::ExternalTask { .. })) {
            told.push("External tasks run once a worker fetches them.");
        }
        if self.choices.due == Due::Keep {
            told.push("A due date that a retry cycle moved ahead stays: the job may run only then.");
        }
    }

    fn explain_cancel(&self, told: &mut Vec<&str>) {
        told.push("Cancelled instances cannot be brought back, and nothing they did is taken back: no compensation runs.");
        told.push(if self.choices.skip_listeners {
            "Listeners of the diagram are left out."
        } else {
            "End listeners of the diagram run; one that fails keeps the instances from ending."
        });
        if self.reason().is_some() {
            told.push("The engine takes a reason only for a batch: its own jobs cancel the instances, so its job executor must run.");
            told.push("In the history of all that ends, the reason carries the name of this action: that proves afterwards whose request it was.");
        }
    }

    fn explain_processes(&self, told: &mut Vec<&str>) {
        let suspends = self.verb == Verb::SuspendProcesses;
        told.push(match (suspends, self.choices.jobs_too) {
            (true, true) => "No instance can be started by hand, message or timer, and all that run stop. Call activities of other processes STILL START new ones: suspend the callers too.",
            (true, false) => "No instance can be started by hand, message or timer, and new jobs are created suspended. Existing jobs, external tasks and user tasks go on, and call activities of other processes still start new instances.",
            (false, true) => "Instances can be started, and all of its instances and job definitions are resumed, whoever suspended them.",
            (false, false) => "Instances can be started, and its job definitions are resumed for new jobs. Suspended instances and jobs stay so.",
        });
    }

    fn explain_held(&self) -> Option<&'static str> {
        if !self.keeps_held() {
            return None;
        }
        let singly = self.free.iter().any(|free| free.jobs.is_some() && self.held.iter().any(|held| held.target == free.target));
        Some(if singly {
            "Where something else suspended some of the jobs, the others are resumed one by one and those are not touched."
        } else {
            "Jobs that something else suspended get a due date far ahead, then all are resumed, then those are suspended again and get their due date back."
        })
    }
}

impl EngineEffect {
    /// What running it does, in one sentence without its end: "deletes 2 process instances: ARC-0, ARC-1".
    pub fn words(&self) -> String {
        let does = self.job.work.does(self.things);
        let most = if self.exact || self.things.is_none() { "" } else { " at most" };
        let which = match (self.named.as_slice(), self.all_named) {
            ([], _) if self.tells_no_names() => "; which ones, the engine does not tell".to_owned(),
            ([], _) => String::new(),
            (names, true) => format!(": {}", names.join(", ")),
            (names, false) => format!("; among {}", names.join(", ")),
        };
        format!("{does}{most}{which}")
    }

    fn tells_no_names(&self) -> bool {
        !matches!(self.job.work, Work::StartByTimer | Work::StartByEvent | Work::CloseBatch | Work::CleanHistory | Work::Unknown)
    }
}

/// A label, with the business key where there is one.
fn with_key(target: &crate::action::target::Target) -> String {
    match &target.business_key {
        Some(key) => format!("{} ({key})", target.label),
        None => target.label.clone(),
    }
}
