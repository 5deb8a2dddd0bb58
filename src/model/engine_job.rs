//! Jobs without a process instance: the work an engine does by itself, such as the jobs of batches, history cleanup and timed suspensions.
//!
//! A job tells nothing of what it does. Its job definition does, by type and configuration; a job without a definition has only its entry
//! in the job log. What running it does decides who may retry it: here is told which work it is, in which words, and what it asks of whoever
//! makes it run. What belongs to a process instance is none of it.

use super::batch::Batch;
use super::grouping::KnownIncident;
use super::ids::{BatchId, JobDefinitionId, JobId};
use super::incident::Incident;
use super::inquiry::{Finding, Inquiry};
use super::job::{Job, JobDefinition};
use super::role::Role;
use super::snapshot::Snapshot;
use crate::text::{EngineText, count_exact, plural};

/// What a job without a process instance does to the rest of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Work {
    /// Deletes process instances: what this program calls cancelling.
    DeleteInstances,
    /// Modifies process instances: cancels some of their activities, starts others.
    ModifyInstances,
    /// Moves process instances to another version.
    MigrateInstances,
    /// Starts ended process instances again.
    RestartInstances,
    /// Suspends or resumes process instances; a batch does not tell which of the two.
    SuspendInstances,
    /// Gives jobs attempts again.
    RetryJobs,
    /// Gives external tasks attempts again.
    RetryTasks,
    /// Writes variables of process instances.
    SetVariables,
    /// Sends messages to process instances.
    CorrelateMessages,
    /// Deletes ended process instances from the history.
    DeleteHistory,
    /// Deletes decisions from the history.
    DeleteDecisions,
    /// Sets when history is removed.
    SetRemovalTimes,
    /// Deletes what the history keeps for longer than its time to live.
    CleanHistory,
    /// Starts a process instance, because a timer start event is due.
    StartByTimer,
    /// Delivers a signal or message outside of any instance: a start event starts a process instance.
    StartByEvent,
    /// Suspends job definitions at the time that was set.
    SuspendJobDefinition,
    /// Resumes job definitions at the time that was set.
    ResumeJobDefinition,
    /// Suspends process definitions at the time that was set.
    SuspendProcess,
    /// Resumes process definitions at the time that was set.
    ResumeProcess,
    /// Notices that a batch is finished.
    CloseBatch,
    /// Nothing tells.
    Unknown,
}

/// Which part of a batch a job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// It does the work.
    #[default]
    Itself,
    /// It makes the jobs that do the work.
    Seed,
    /// It notices the end.
    Monitor,
}

/// Any one of these rights of the engine suffices.
pub type Alternatives = &'static [&'static str];

impl Work {
    /// By the name of the engine's job handler: the type of a job definition and of most batches.
    pub fn named(handler: &str) -> Self {
        match handler {
            "instance-deletion" => Self::DeleteInstances,
            "instance-modification" => Self::ModifyInstances,
            "instance-migration" => Self::MigrateInstances,
            "instance-restart" => Self::RestartInstances,
            "instance-update-suspension-state" => Self::SuspendInstances,
            "set-job-retries" => Self::RetryJobs,
            "set-external-task-retries" => Self::RetryTasks,
            "set-variables" => Self::SetVariables,
            "correlate-message" => Self::CorrelateMessages,
            "historic-instance-deletion" => Self::DeleteHistory,
            "historic-decision-instance-deletion" => Self::DeleteDecisions,
            "process-set-removal-time" | "decision-set-removal-time" | "batch-set-removal-time" => Self::SetRemovalTimes,
            "history-cleanup" => Self::CleanHistory,
            "timer-start-event" => Self::StartByTimer,
            "event" => Self::StartByEvent,
            "suspend-job-definition" => Self::SuspendJobDefinition,
            "activate-job-definition" => Self::ResumeJobDefinition,
            "suspend-processdefinition" => Self::SuspendProcess,
            "activate-processdefinition" => Self::ResumeProcess,
            "batch-monitor-job" => Self::CloseBatch,
            _ => Self::Unknown,
        }
    }

    /// What it is called.
    pub fn noun(self) -> &'static str {
        match self {
            Self::DeleteInstances => "deletion of process instances",
            Self::ModifyInstances => "modification of process instances",
            Self::MigrateInstances => "migration of process instances",
            Self::RestartInstances => "restart of process instances",
            Self::SuspendInstances => "suspension or resumption of process instances",
            Self::RetryJobs => "retry of jobs",
            Self::RetryTasks => "retry of external tasks",
            Self::SetVariables => "writing of variables",
            Self::CorrelateMessages => "sending of messages",
            Self::DeleteHistory => "deletion of ended process instances from the history",
            Self::DeleteDecisions => "deletion of decisions from the history",
            Self::SetRemovalTimes => "setting of removal times in the history",
            Self::CleanHistory => "history cleanup",
            Self::StartByTimer => "start of a process instance by a timer",
            Self::StartByEvent => "start of a process instance by a signal or message",
            Self::SuspendJobDefinition => "timed suspension of job definitions",
            Self::ResumeJobDefinition => "timed resumption of job definitions",
            Self::SuspendProcess => "timed suspension of process definitions",
            Self::ResumeProcess => "timed resumption of process definitions",
            Self::CloseBatch => "end of a batch",
            Self::Unknown => "work of a kind that bpmtop does not know",
        }
    }

    /// What running it does, to so many things where that is known. Completes a sentence that begins with the job.
    pub fn does(self, count: Option<u64>) -> String {
        let of = |verb: &str, one: &str| count.map_or_else(|| format!("{verb} {one}s"), |count| format!("{verb} {}", plural(count, one)));
        match self {
            Self::DeleteInstances => of("deletes", "process instance"),
            Self::ModifyInstances => format!("{}: cancels some of their activities or starts others", of("modifies", "process instance")),
            Self::MigrateInstances => format!("{} to another version", of("migrates", "process instance")),
            Self::RestartInstances => of("starts again", "ended process instance"),
            Self::SuspendInstances => format!("{} (the batch does not tell which of the two)", of("suspends or resumes", "process instance")),
            Self::RetryJobs => of("gives retries to", "job"),
            Self::RetryTasks => of("gives retries to", "external task"),
            Self::SetVariables => of("writes variables of", "process instance"),
            Self::CorrelateMessages => of("sends a message to", "process instance"),
            Self::DeleteHistory => format!("{} from the history for ever", of("deletes", "ended process instance")),
            Self::DeleteDecisions => format!("{} from the history for ever", of("deletes", "decision")),
            Self::SetRemovalTimes => format!("{}: history cleanup deletes them then", of("sets when to remove", "entry").replace("entrys", "entries")),
            Self::CleanHistory => "deletes from the history, for ever, what is older than its time to live".to_owned(),
            Self::StartByTimer => match count {
                Some(count) if count > 1 => format!("starts {} new process instances", count_exact(count)),
                _ => "starts a new process instance".to_owned(),
            },
            Self::StartByEvent => "delivers a signal or message: that starts a new process instance or goes on with one".to_owned(),
            Self::SuspendJobDefinition => "suspends job definitions".to_owned(),
            Self::ResumeJobDefinition => "RESUMES job definitions".to_owned(),
            Self::SuspendProcess => "suspends process definitions".to_owned(),
            Self::ResumeProcess => "RESUMES process definitions".to_owned(),
            Self::CloseBatch => "notices whether the batch is finished, and changes nothing else".to_owned(),
            Self::Unknown => "does something that bpmtop does not know".to_owned(),
        }
    }

    /// The weakest role that may make it run: that of the same change asked for directly. What no operator may ask for directly takes an
    /// admin, and so does what is not known.
    pub fn role(self) -> Role {
        match self {
            Self::SuspendInstances | Self::RetryJobs | Self::RetryTasks | Self::StartByTimer | Self::CloseBatch => Role::Operator,
            Self::SuspendJobDefinition | Self::ResumeJobDefinition | Self::SuspendProcess | Self::ResumeProcess => Role::Operator,
            Self::DeleteInstances
            | Self::ModifyInstances
            | Self::MigrateInstances
            | Self::RestartInstances
            | Self::SetVariables
            | Self::CorrelateMessages
            | Self::DeleteHistory
            | Self::DeleteDecisions
            | Self::SetRemovalTimes
            | Self::CleanHistory
            | Self::StartByEvent
            | Self::Unknown => Role::Admin,
        }
    }

    /// The rights of the engine that the same change asked for directly would take; all of them are needed.
    pub fn rights(self) -> &'static [Alternatives] {
        const CANCEL: Alternatives = &["DELETE_INSTANCE on PROCESS_DEFINITION", "DELETE on PROCESS_INSTANCE"];
        const CHANGE: Alternatives = &["UPDATE_INSTANCE on PROCESS_DEFINITION", "UPDATE on PROCESS_INSTANCE"];
        const SUSPEND: Alternatives = &["UPDATE_INSTANCE on PROCESS_DEFINITION", "SUSPEND_INSTANCE on PROCESS_DEFINITION", "UPDATE on PROCESS_INSTANCE"];
        const START: Alternatives = &["CREATE_INSTANCE on PROCESS_DEFINITION"];
        const RETRY: Alternatives = &["RETRY_JOB on PROCESS_DEFINITION", "UPDATE_INSTANCE on PROCESS_DEFINITION", "UPDATE on PROCESS_INSTANCE"];
        const DEFINITION: Alternatives = &["UPDATE on PROCESS_DEFINITION", "SUSPEND on PROCESS_DEFINITION"];
        const HISTORY: Alternatives = &["DELETE_HISTORY on PROCESS_DEFINITION"];
        match self {
            Self::DeleteInstances => &[CANCEL],
            Self::ModifyInstances | Self::MigrateInstances | Self::SetVariables | Self::CorrelateMessages | Self::RetryTasks => &[CHANGE],
            Self::RestartInstances | Self::StartByTimer | Self::StartByEvent => &[START],
            Self::SuspendInstances => &[SUSPEND],
            Self::RetryJobs => &[RETRY],
            Self::DeleteHistory | Self::DeleteDecisions | Self::SetRemovalTimes | Self::CleanHistory => &[HISTORY],
            Self::SuspendJobDefinition | Self::ResumeJobDefinition | Self::SuspendProcess | Self::ResumeProcess => &[DEFINITION],
            Self::CloseBatch => &[],
            Self::Unknown => &[CANCEL, CHANGE, START, DEFINITION, HISTORY],
        }
    }

    /// The word that has to be typed before one job of it is made to run; none where that asks no more than any retry does.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::DeleteInstances => Some("cancel"),
            Self::ModifyInstances => Some("modify"),
            Self::MigrateInstances => Some("migrate"),
            Self::RestartInstances | Self::StartByTimer | Self::StartByEvent => Some("start"),
            Self::SuspendInstances => Some("suspend"),
            Self::SetVariables => Some("write"),
            Self::CorrelateMessages => Some("send"),
            Self::DeleteHistory | Self::DeleteDecisions | Self::SetRemovalTimes | Self::CleanHistory => Some("delete"),
            Self::SuspendProcess => Some("suspend"),
            Self::ResumeProcess | Self::ResumeJobDefinition => Some("resume"),
            Self::Unknown => Some("unknown"),
            Self::RetryJobs | Self::RetryTasks | Self::SuspendJobDefinition | Self::CloseBatch => None,
        }
    }

    /// What is counted where a number has to be typed.
    pub fn counted(self) -> &'static str {
        match self {
            Self::DeleteInstances => "the number of process instances that are deleted",
            Self::StartByTimer | Self::RestartInstances | Self::StartByEvent => "the number of process instances that are started",
            Self::RetryJobs => "the number of jobs",
            Self::RetryTasks => "the number of external tasks",
            Self::DeleteHistory | Self::DeleteDecisions | Self::SetRemovalTimes => "the number of entries of the history",
            _ => "the number of process instances",
        }
    }

    /// What cannot be taken back, and why that has to be typed.
    pub fn why_typed(self) -> &'static str {
        match self {
            Self::DeleteInstances => "cancelled instances cannot be brought back",
            Self::ModifyInstances | Self::MigrateInstances => "it changes where instances stand",
            Self::RestartInstances | Self::StartByTimer | Self::StartByEvent => "what a new instance does cannot be undone",
            Self::DeleteHistory | Self::DeleteDecisions | Self::SetRemovalTimes | Self::CleanHistory => "deleted history cannot be brought back",
            Self::ResumeProcess | Self::ResumeJobDefinition => "work that somebody suspended runs again",
            Self::SuspendInstances | Self::SuspendProcess | Self::SuspendJobDefinition => "work stops",
            Self::SetVariables | Self::CorrelateMessages => "instances go on otherwise than before",
            Self::Unknown => "nothing tells what it does",
            Self::RetryJobs | Self::RetryTasks | Self::CloseBatch => "",
        }
    }
}

/// One piece of work that an engine does outside any process instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EngineJob {
    /// What running it does; of a batch's first job, what the jobs do that it makes.
    pub work: Work,
    /// Which part of a batch it is.
    pub part: Part,
    /// The name of the engine's job handler, where it was told.
    pub handler: Option<EngineText>,
    /// The batch it belongs to.
    pub batch: Option<BatchId>,
}

impl EngineJob {
    /// Of which nothing is told.
    pub fn unknown() -> Self {
        Self { work: Work::Unknown, part: Part::Itself, handler: None, batch: None }
    }

    /// By its job definition; with the kind of its batch, which the first job of a batch does not tell itself.
    pub fn of_definition(definition: &JobDefinition, batch: Option<&EngineText>) -> Self {
        let handler = definition.job_type.as_wire();
        let (work, part) = match handler {
            "batch-seed-job" => (batch.map_or(Work::Unknown, |kind| Work::named(kind.as_wire())), Part::Seed),
            "batch-monitor-job" => (Work::CloseBatch, Part::Monitor),
            handler => (Work::named(handler), Part::Itself),
        };
        let of_batch = definition.process_definition.is_none() && work != Work::CleanHistory;
        let batch = definition.configuration.clone().filter(|_| of_batch).map(BatchId::from);
        Self { work, part, handler: Some(definition.job_type.clone()), batch }
    }

    /// By the name of its handler alone, which the job log tells of jobs without a definition.
    pub fn of_handler(handler: &EngineText) -> Self {
        Self { work: Work::named(handler.as_wire()), handler: Some(handler.clone()), ..Self::unknown() }
    }

    /// What it is called, with the kind of handler where bpmtop does not know it, and with its batch.
    pub fn words(&self) -> String {
        let what = match (self.part, self.work, &self.handler) {
            (Part::Seed, Work::Unknown, _) => "first job of a batch of a kind that is not known".to_owned(),
            (Part::Seed, work, _) => format!("{}, the job that makes its jobs", work.noun()),
            (_, Work::Unknown, Some(handler)) => format!("{} ({handler})", Work::Unknown.noun()),
            (_, work, _) => work.noun().to_owned(),
        };
        match &self.batch {
            Some(batch) => format!("{what}, batch {}", short(batch)),
            None => what,
        }
    }
}

/// As much of a batch's id as tells it from others.
pub fn short(batch: &BatchId) -> String {
    let text = batch.to_string();
    let mut begin: String = text.chars().take(8).collect();
    if begin.chars().count() < text.chars().count() {
        begin.push('\u{2026}');
    }
    begin
}

/// How far a batch is.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchProgress {
    /// The batch as it was read.
    pub batch: Batch,
    /// Its jobs that are there, failed ones included; none where they could not be counted.
    pub left: Option<u64>,
    /// Those of them that are out of retries.
    pub failed: Option<u64>,
}

impl BatchProgress {
    /// `2 of 5 jobs failed, 1 done`.
    pub fn words(&self) -> String {
        let all = self.batch.jobs;
        let mut parts = Vec::new();
        if let Some(failed) = self.failed {
            parts.push(format!("{} of {} failed", count_exact(failed), plural(all, "job")));
        }
        if let Some(left) = self.left {
            let done = self.batch.jobs_made.saturating_sub(left);
            parts.push(format!("{} done", count_exact(done)));
        }
        if self.batch.jobs_made < all {
            parts.push(format!("{} not made yet", count_exact(all - self.batch.jobs_made)));
        }
        if self.batch.suspended {
            parts.push("batch SUSPENDED".to_owned());
        }
        parts.join(", ")
    }
}

/// Whether this incident is of a job without a process instance.
pub fn is_engine_work(incident: &Incident) -> bool {
    incident.process_instance.is_none() && incident.kind.as_wire() == "failedJob" && incident.is_root()
}

/// What tells one piece of such work from another: the job definition, which every batch has of its own; else the job.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WorkKey {
    /// All jobs of this definition.
    Definition(JobDefinitionId),
    /// This job, which has no definition.
    Job(JobId),
}

impl WorkKey {
    /// That of an incident; none where it stands on a process instance or in a process.
    pub fn of(incident: &Incident) -> Option<Self> {
        if !is_engine_work(incident) || incident.process_definition.is_some() {
            return None;
        }
        match (&incident.job_definition, &incident.configuration) {
            (Some(definition), _) => Some(Self::Definition(definition.clone())),
            (None, Some(job)) => Some(Self::Job(job.clone().into())),
            (None, None) => None,
        }
    }

    /// That of a job.
    pub fn of_job(job: &Job) -> Option<Self> {
        if job.process_instance.is_some() || job.process_definition.is_some() {
            return None;
        }
        Some(job.job_definition.clone().map_or_else(|| Self::Job(job.id.clone()), Self::Definition))
    }
}

/// What the picture knows of a piece of work.
#[derive(Clone, Debug, PartialEq)]
pub struct Known<'a> {
    /// Which work it is.
    pub job: EngineJob,
    /// How far its batch is.
    pub progress: Option<&'a BatchProgress>,
}

/// The work with this key, as far as the picture knows it.
pub fn known<'a>(key: &WorkKey, snapshot: &'a Snapshot) -> Known<'a> {
    let none = |job| Known { job, progress: None };
    match key {
        WorkKey::Definition(id) => {
            let rows = snapshot.job_definitions.get().map(Vec::as_slice).unwrap_or_default();
            match rows.iter().find(|row| row.id == *id) {
                Some(row) => of_row(row, rows, snapshot),
                None => none(EngineJob::unknown()),
            }
        }
        WorkKey::Job(id) => match snapshot.findings.get(&Inquiry::JobHandler(id.clone())).and_then(|section| section.get()) {
            Some(Finding::JobHandler(Some(handler))) => none(EngineJob::of_handler(handler)),
            _ => none(EngineJob::unknown()),
        },
    }
}

/// What has to be asked to know this work better; none where nothing has.
pub fn inquiry(key: &WorkKey, snapshot: &Snapshot) -> Option<Inquiry> {
    match key {
        WorkKey::Job(id) => Some(Inquiry::JobHandler(id.clone())),
        WorkKey::Definition(id) => {
            let row = snapshot.job_definitions.get()?.iter().find(|row| row.id == *id)?;
            EngineJob::of_definition(row, None).batch.map(Inquiry::Batch)
        }
    }
}

/// The work of a job definition, as far as the picture knows it.
pub fn of_row<'a>(row: &JobDefinition, rows: &[JobDefinition], snapshot: &'a Snapshot) -> Known<'a> {
    let batch = EngineJob::of_definition(row, None).batch;
    let progress = batch.as_ref().and_then(|id| match snapshot.findings.get(&Inquiry::Batch(id.clone()))?.get()? {
        Finding::Batch(progress) => progress.as_deref(),
        _ => None,
    });
    let kind = progress.and_then(|progress| progress.batch.kind.clone()).or_else(|| kind_of_sibling(row, rows));
    Known { job: EngineJob::of_definition(row, kind.as_ref()), progress }
}

/// The kind of a batch by its other job definitions: the one that is neither the first nor the last of its jobs is named after the kind.
fn kind_of_sibling(row: &JobDefinition, rows: &[JobDefinition]) -> Option<EngineText> {
    let batch = row.configuration.as_ref()?;
    let of_batch = |other: &&JobDefinition| other.process_definition.is_none() && other.configuration.as_ref() == Some(batch);
    let own = rows.iter().filter(of_batch).map(|other| &other.job_type);
    own.clone().find(|kind| !matches!(kind.as_wire(), "batch-seed-job" | "batch-monitor-job")).cloned()
}

impl Known<'_> {
    /// What it is called, and how far it is.
    pub fn words(&self) -> String {
        match self.progress.map(BatchProgress::words).filter(|words| !words.is_empty()) {
            Some(progress) => format!("{}: {progress}", self.job.words()),
            None => self.job.words(),
        }
    }
}

/// The work behind an incident of a job without an instance, also where that belongs to a process; none for all others.
pub fn of_incident<'a>(known_incident: &KnownIncident, snapshot: &'a Snapshot) -> Option<Known<'a>> {
    let incident = &known_incident.incident;
    if !is_engine_work(incident) {
        return None;
    }
    let key = match (&incident.job_definition, &incident.configuration) {
        (Some(definition), _) => WorkKey::Definition(definition.clone()),
        (None, Some(job)) => WorkKey::Job(job.clone().into()),
        (None, None) => return Some(Known { job: EngineJob::unknown(), progress: None }),
    };
    Some(known(&key, snapshot))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example;

    fn definition(job_type: &str, configuration: Option<&str>) -> JobDefinition {
        JobDefinition {
            id: format!("jd-{job_type}").as_str().into(),
            process_definition: None,
            process_key: None,
            job_type: job_type.into(),
            configuration: configuration.map(Into::into),
            activity: None,
            suspended: false,
            overriding_priority: None,
            tenant: None,
            deployment: None,
        }
    }

    /// Every handler of a job that an engine runs without an instance (Camunda 7.24, Operaton 1.0).
    const HANDLERS: [&str; 21] = [
        "instance-deletion",
        "instance-modification",
        "instance-migration",
        "instance-restart",
        "instance-update-suspension-state",
        "set-job-retries",
        "set-external-task-retries",
        "set-variables",
        "correlate-message",
        "historic-instance-deletion",
        "historic-decision-instance-deletion",
        "process-set-removal-time",
        "decision-set-removal-time",
        "batch-set-removal-time",
        "history-cleanup",
        "timer-start-event",
        "event",
        "suspend-job-definition",
        "activate-job-definition",
        "suspend-processdefinition",
        "activate-processdefinition",
    ];

    #[test]
    fn every_handler_has_a_name_of_its_own_and_what_is_not_known_takes_the_strictest() {
        for handler in HANDLERS {
            let work = Work::named(handler);
            assert_ne!(work, Work::Unknown, "{handler}");
            assert!(!work.does(Some(2)).is_empty() && !work.noun().is_empty());
        }
        let unknown = Work::named("some-day");
        assert_eq!((unknown.role(), unknown.word().is_some()), (Role::Admin, true));
        for handler in HANDLERS {
            let all: Vec<_> = Work::named(handler).rights().iter().filter(|alternatives| !unknown.rights().contains(alternatives)).collect();
            assert!(Work::named(handler).role() <= unknown.role());
            assert!(all.is_empty() || matches!(Work::named(handler), Work::SuspendInstances | Work::RetryJobs), "{handler}: {all:?}");
        }
    }

    #[test]
    fn what_cancels_or_changes_instances_is_no_operator_s_to_retry() {
        for handler in ["instance-deletion", "instance-modification", "instance-migration", "instance-restart", "set-variables", "historic-instance-deletion"] {
            assert_eq!(Work::named(handler).role(), Role::Admin, "{handler}");
        }
        for handler in ["set-job-retries", "instance-update-suspension-state", "activate-job-definition", "timer-start-event"] {
            assert_eq!(Work::named(handler).role(), Role::Operator, "{handler}");
        }
    }

    #[test]
    fn the_first_job_of_a_batch_does_what_the_jobs_do_that_it_makes() {
        let seed = definition("batch-seed-job", Some("3f2a9c11-aaaa"));
        assert_eq!(EngineJob::of_definition(&seed, Some(&"instance-deletion".into())).work, Work::DeleteInstances);
        assert_eq!(EngineJob::of_definition(&seed, None).work, Work::Unknown, "a batch that cannot be read may be of any kind");
        let rows = [seed.clone(), definition("batch-monitor-job", Some("3f2a9c11-aaaa")), definition("instance-deletion", Some("3f2a9c11-aaaa"))];
        let snapshot = example::snapshot(example::noon());
        let told = of_row(&seed, &rows, &snapshot).job;
        assert_eq!(told.work, Work::DeleteInstances, "the batch's own job definitions tell");
        assert_eq!(told.words(), "deletion of process instances, the job that makes its jobs, batch 3f2a9c11\u{2026}");
        assert_eq!(EngineJob::of_definition(&rows[1], None).work, Work::CloseBatch);
    }

    #[test]
    fn a_batch_is_named_with_its_id_and_how_far_it_is() {
        let job = EngineJob::of_definition(&definition("instance-deletion", Some("3f2a9c11-aaaa")), None);
        let batch = Batch {
            id: "3f2a9c11-aaaa".into(),
            kind: Some("instance-deletion".into()),
            jobs: 5,
            jobs_made: 4,
            per_job: 1,
            job_definition: None,
            suspended: false,
            user: None,
        };
        let progress = BatchProgress { batch, left: Some(2), failed: Some(2) };
        let known = Known { job, progress: Some(&progress) };
        assert_eq!(known.words(), "deletion of process instances, batch 3f2a9c11\u{2026}: 2 of 5 jobs failed, 2 done, 1 not made yet");
        let cleanup = EngineJob::of_definition(&definition("history-cleanup", Some("cleanup-1")), None);
        assert_eq!((cleanup.words().as_str(), cleanup.batch), ("history cleanup", None));
        let odd = EngineJob::of_handler(&"night-work".into());
        assert_eq!(odd.words(), "work of a kind that bpmtop does not know (night-work)");
    }

    #[test]
    fn what_running_it_does_is_told_with_plurals_right() {
        assert_eq!(Work::DeleteInstances.does(Some(2)), "deletes 2 process instances");
        assert_eq!(Work::DeleteInstances.does(Some(1)), "deletes 1 process instance");
        assert_eq!(Work::DeleteInstances.does(None), "deletes process instances");
        assert_eq!(Work::SetRemovalTimes.does(Some(2)), "sets when to remove 2 entries: history cleanup deletes them then");
        assert_eq!(Work::StartByTimer.does(Some(1)), "starts a new process instance");
    }
}
