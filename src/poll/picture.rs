//! What the background task knows of its engine, and how each answer changes it. Pure: asks come out, answers go in.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::ask::{Answered, Ask, DEFINITION_PAGE, Reply, problem};
use super::command::Looking;
use super::items::Items;
use super::question::Question;
use super::schedule::{Lane, Next, Schedule};
use super::throughput::Throughput;
use crate::engine::version::Certainty;
use crate::engine::{EngineError, EngineVersion, ErrorKind, Since, Telemetry};
use crate::mirror::{IncidentMirror, IncidentStep};
use crate::model::definition::ProcessInstance;
use crate::model::external_task::ExternalTask;
use crate::model::figure::Figure;
use crate::model::grouping::{Groups, group};
use crate::model::ids::{ExternalTaskId, JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId};
use crate::model::job::{Job, JobDefinition};
use crate::model::section::{Moment, Problem, Section};
use crate::model::snapshot::{ActivityNames, Definitions, EngineIdentity, FigureState, IncidentSet, JobCounts, KnownNames, Link, Snapshot};
use crate::text::EngineText;

/// Items asked for in one request.
const BATCH: usize = 200;

/// How long a question that is forbidden, gone or unsupported is left alone.
const HOPELESS: Duration = Duration::from_secs(300);

/// A clock difference below this is within what the `Date` header can tell.
const CLOCK_NOISE: SignedDuration = SignedDuration::from_millis(1_500);

/// A clock difference from which on an operator should know of it.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// Camunda's first version that can count acquired jobs.
const COUNTS_ACQUIRED: Since = Since::camunda7(24);

/// What is known of one engine.
#[derive(Debug)]
pub struct Picture {
    /// When what is asked.
    pub schedule: Schedule,
    engine: EngineIdentity,
    version: Option<EngineVersion>,
    product_name: Option<EngineText>,
    link: Link,
    paused: Option<Moment>,
    outages: u32,
    mirror: IncidentMirror,
    groups: Arc<Groups>,
    groups_stale: bool,
    figures: BTreeMap<Figure, FigureState>,
    incidents: Section<IncidentSet>,
    definitions: Section<Definitions>,
    definitions_read: Option<Definitions>,
    job_definitions: Section<Vec<JobDefinition>>,
    job_definitions_read: Option<Vec<JobDefinition>>,
    job_counts: Items<JobDefinitionId, JobCounts>,
    activity_names: Items<ProcessDefinitionId, ActivityNames>,
    names: Arc<std::collections::HashMap<ProcessDefinitionId, Arc<ActivityNames>>>,
    instances: Items<ProcessInstanceId, Option<ProcessInstance>>,
    jobs: Items<JobId, Option<Job>>,
    external_tasks: Items<ExternalTaskId, Option<ExternalTask>>,
    throughput: Throughput,
    looking: Looking,
    visible_instances: Vec<ProcessInstanceId>,
    visible_jobs: Vec<JobId>,
    visible_tasks: Vec<ExternalTaskId>,
    sequence: u64,
    looks: u64,
}

impl Picture {
    /// Nothing known yet.
    pub fn new(engine: EngineIdentity, budget: f64, seed: u64, now: Moment) -> Self {
        Self {
            schedule: Schedule::new(budget, seed, now.instant),
            engine,
            version: None,
            product_name: None,
            link: Link::Connecting,
            paused: None,
            outages: 0,
            mirror: IncidentMirror::default(),
            groups: Arc::default(),
            groups_stale: false,
            figures: Figure::ALL.into_iter().map(|figure| (figure, FigureState::default())).collect(),
            incidents: Section::default(),
            definitions: Section::default(),
            definitions_read: None,
            job_definitions: Section::default(),
            job_definitions_read: None,
            job_counts: Items::new(Duration::from_secs(15)),
            activity_names: Items::new(Duration::from_secs(3_600)),
            names: Arc::default(),
            instances: Items::new(Duration::from_secs(60)),
            jobs: Items::new(Duration::from_secs(20)),
            external_tasks: Items::new(Duration::from_secs(20)),
            throughput: Throughput::default(),
            looking: Looking::default(),
            visible_instances: Vec::new(),
            visible_jobs: Vec::new(),
            visible_tasks: Vec::new(),
            sequence: 0,
            looks: 0,
        }
    }

    /// What to ask now, or how long to wait.
    pub fn next(&mut self, now: Moment) -> Result<(Question, Lane, Ask), Duration> {
        match &self.link {
            Link::LoginRefused { .. } => return Err(Duration::from_secs(3_600)),
            Link::Down { retry, .. } => {
                let wait = retry.instant.saturating_duration_since(now.instant);
                if wait > Duration::ZERO {
                    return Err(wait);
                }
                self.schedule.hurry(Question::Version);
                return match self.schedule.next(now.instant, |question| question == Question::Version) {
                    Next::Ask(question, lane) => Ok((question, lane, Ask::Version)),
                    Next::Wait(wait) => Err(wait),
                };
            }
            _ => {}
        }
        self.hurry_untried();
        let asks: Vec<(Question, Ask)> = Question::ALL.into_iter().filter_map(|question| Some((question, self.ask(question, now)?))).collect();
        let paused = self.paused.is_some();
        let wanted = |schedule: &Schedule, question| asks.iter().any(|(asked, _)| *asked == question) && (!paused || schedule.is_urgent(question));
        let admitted: HashSet<Question> = Question::ALL.into_iter().filter(|question| wanted(&self.schedule, *question)).collect();
        match self.schedule.next(now.instant, |question| admitted.contains(&question)) {
            Next::Wait(wait) => Err(wait),
            Next::Ask(question, lane) => {
                let ask = asks.into_iter().find(|(asked, _)| *asked == question).map(|(_, ask)| ask);
                ask.map(|ask| (question, lane, ask)).ok_or(Duration::from_secs(1))
            }
        }
    }

    /// Notes that a question was sent.
    pub fn sent(&mut self, question: Question, lane: Lane, ask: &Ask, now: Moment) {
        self.schedule.sent(question, lane, now.instant);
        match ask {
            Ask::JobCounts(id) => self.job_counts.tried(std::slice::from_ref(id), now.instant),
            Ask::ActivityNames(id) => self.activity_names.tried(std::slice::from_ref(id), now.instant),
            Ask::Instances(ids) => self.instances.tried(ids, now.instant),
            Ask::Jobs(ids) => self.jobs.tried(ids, now.instant),
            Ask::ExternalTasks(ids) => self.external_tasks.tried(ids, now.instant),
            _ => {}
        }
    }

    /// Things on the screen that were never read are what the operator waits for.
    fn hurry_untried(&mut self) {
        let untried = [
            (Question::JobCounts, self.job_counts.any_untried(&self.looking.job_definitions)),
            (Question::ActivityNames, self.activity_names.any_untried(&self.looking.definitions)),
            (Question::Instances, self.instances.any_untried(&self.visible_instances)),
            (Question::Jobs, self.jobs.any_untried(&self.visible_jobs)),
            (Question::ExternalTasks, self.external_tasks.any_untried(&self.visible_tasks)),
        ];
        for (question, untried) in untried {
            if untried && !self.schedule.is_backing_off(question) {
                self.schedule.hurry(question);
            }
        }
    }

    /// The request behind a question; none if there is nothing to ask.
    fn ask(&self, question: Question, now: Moment) -> Option<Ask> {
        let first = |ids: Vec<_>| ids.into_iter().next();
        Some(match question {
            Question::Version => Ask::Version,
            // The client sends nothing that is gated by version before the version is known.
            Question::Telemetry if self.version.is_none() => return None,
            Question::Telemetry => Ask::Telemetry,
            Question::Incidents => Ask::Incidents(self.mirror.step()),
            Question::Count(Figure::JobsAcquired) if !self.version.as_ref().is_some_and(|version| version.has(COUNTS_ACQUIRED)) => return None,
            Question::Count(figure) => Ask::Count(figure, self.engine.engine_time(now)),
            Question::Definitions => Ask::Definitions(self.definitions_read.as_ref().map_or(0, |read| u32::try_from(read.by_id.len()).unwrap_or(u32::MAX))),
            Question::JobDefinitions => Ask::JobDefinitions(self.job_definitions_read.as_ref().map_or(0, |read| u32::try_from(read.len()).unwrap_or(u32::MAX))),
            Question::JobCounts => Ask::JobCounts(first(self.job_counts.stale(&self.looking.job_definitions, 1, now.instant))?),
            Question::ActivityNames => Ask::ActivityNames(self.activity_names.stale(&self.looking.definitions, 1, now.instant).into_iter().next()?),
            Question::Instances => Ask::Instances(some(self.instances.stale(&self.visible_instances, BATCH, now.instant))?),
            Question::Jobs => Ask::Jobs(some(self.jobs.stale(&self.visible_jobs, BATCH, now.instant))?),
            Question::ExternalTasks => Ask::ExternalTasks(some(self.external_tasks.stale(&self.visible_tasks, BATCH, now.instant))?),
        })
    }

    /// Takes the rows on the screen in.
    pub fn look(&mut self, looking: Looking) {
        self.looks += 1;
        let configuration = |kind: &str| {
            let of_kind = looking.incidents.iter().filter(move |known| known.incident.kind.as_wire() == kind);
            of_kind.filter_map(|known| known.incident.configuration.clone()).collect::<Vec<_>>()
        };
        self.visible_jobs = configuration("failedJob").into_iter().map(JobId::from).collect();
        self.visible_tasks = configuration("failedExternalTask").into_iter().map(ExternalTaskId::from).collect();
        let instances: HashSet<_> = looking.incidents.iter().filter_map(|known| known.incident.process_instance.clone()).collect();
        self.visible_instances = instances.into_iter().collect();
        self.looking = looking;
        self.job_counts.prune(|id| self.looking.job_definitions.contains(id));
        self.instances.prune(|id| self.visible_instances.contains(id));
        self.jobs.prune(|id| self.visible_jobs.contains(id));
        self.external_tasks.prune(|id| self.visible_tasks.contains(id));
    }

    /// Stops or resumes background polling.
    pub fn pause(&mut self, paused: bool, now: Moment) {
        match (paused, self.paused) {
            (true, None) => {
                self.paused = Some(now);
                self.note_gap(now);
            }
            (false, Some(_)) => self.paused = None,
            _ => {}
        }
    }

    /// Asks everything again now.
    pub fn refresh(&mut self) {
        for question in Question::ALL.into_iter().filter(|question| !question.about_visible_items()) {
            self.schedule.hurry(question);
        }
        self.mirror.distrust();
        self.job_counts.distrust();
        self.instances.distrust();
        self.jobs.distrust();
        self.external_tasks.distrust();
        if let Link::Down { retry, since, .. } = &mut self.link {
            *retry = *since;
        }
    }

    /// Starts over with another login.
    pub fn login(&mut self, user: String) {
        self.engine.user = Some(user);
        self.link = Link::Connecting;
        self.schedule.abandon();
        self.schedule.forgive();
        self.mirror.interrupt();
        self.refresh();
    }

    /// Takes an answer in.
    pub fn succeed(&mut self, question: Question, ask: Ask, answered: Answered, now: Moment) {
        self.schedule.answered(question, answered.elapsed, now.instant);
        if let Some(engine_time) = answered.engine_time {
            // The header tells whole seconds; half of one is the best guess for the rest.
            let offset = (engine_time + SignedDuration::from_millis(500)).duration_since(now.wall);
            self.engine.clock_offset = Some(if offset.abs() < CLOCK_NOISE { SignedDuration::ZERO } else { offset });
        }
        if matches!(self.link, Link::Connecting | Link::Down { .. } | Link::PollerFailed { .. }) {
            if matches!(self.link, Link::Down { .. }) {
                self.schedule.forgive();
                self.mirror.distrust();
                self.schedule.hurry(Question::Definitions);
                self.schedule.hurry(Question::JobDefinitions);
            }
            self.outages = 0;
            self.link = Link::Live;
        }
        match (ask, answered.reply) {
            (Ask::Version, Reply::Version(text)) => self.know_version(text),
            (Ask::Telemetry, Reply::Telemetry(telemetry)) => self.take_telemetry(&telemetry, now),
            (Ask::Incidents(IncidentStep::Count), Reply::Count(count)) => {
                self.mirror.apply_count(count);
                self.incidents_settled(now);
            }
            (Ask::Incidents(IncidentStep::Newer { .. }), Reply::Incidents(rows)) => {
                self.mirror.apply_newer(rows);
                self.incidents_settled(now);
            }
            (Ask::Incidents(IncidentStep::Page { .. }), Reply::Incidents(rows)) => {
                self.mirror.apply_page(rows);
                self.incidents_settled(now);
            }
            (Ask::Count(figure, _), Reply::Count(count)) => self.set_figure(figure, count as f64, now),
            (Ask::Definitions(first), Reply::Definitions(rows)) => self.take_definitions(first, rows, now),
            (Ask::JobDefinitions(first), Reply::JobDefinitions(rows)) => self.take_job_definitions(first, rows, now),
            (ask, reply) => self.take_items(ask, reply, now),
        }
    }

    fn take_items(&mut self, ask: Ask, reply: Reply, now: Moment) {
        match (ask, reply) {
            (Ask::JobCounts(id), Reply::JobCounts(counts)) => self.job_counts.succeed(id, counts, now),
            (Ask::ActivityNames(id), Reply::ActivityNames(Ok(names))) => {
                let names = Arc::new(names);
                Arc::make_mut(&mut self.names).insert(id, names);
                self.groups_stale = true;
            }
            (Ask::ActivityNames(id), Reply::ActivityNames(Err(problem))) => self.activity_names.fail(&[id], &problem, now.instant),
            (Ask::Instances(ids), Reply::Instances(rows)) => {
                let mut rows: std::collections::HashMap<_, _> = rows.into_iter().map(|row| (row.id.clone(), row)).collect();
                for id in ids {
                    let row = rows.remove(&id);
                    self.instances.succeed(id, row, now);
                }
            }
            (Ask::Jobs(ids), Reply::Jobs(rows)) => {
                let mut rows: std::collections::HashMap<_, _> = rows.into_iter().map(|row| (row.id.clone(), row)).collect();
                for id in ids {
                    let row = rows.remove(&id);
                    self.jobs.succeed(id, row, now);
                }
            }
            (Ask::ExternalTasks(ids), Reply::ExternalTasks(rows)) => {
                let mut rows: std::collections::HashMap<_, _> = rows.into_iter().map(|row| (row.id.clone(), row)).collect();
                for id in ids {
                    let row = rows.remove(&id);
                    self.external_tasks.succeed(id, row, now);
                }
            }
            // Replies are made by `ask::send` from the same ask, so no other pair exists.
            _ => {}
        }
    }

    fn know_version(&mut self, text: EngineText) {
        let changed = self.engine.version.as_ref() != Some(&text);
        self.engine.version = Some(text);
        if changed {
            self.detect();
        }
    }

    fn detect(&mut self) {
        let Some(text) = self.engine.version.clone() else { return };
        let version = EngineVersion::detect(text, self.product_name.as_ref());
        self.engine.product = Some(version.product.to_string());
        self.engine.remark = (version.certainty == Certainty::Assumed).then(|| format!("this version is not known to bpmtop: {version}"));
        self.version = Some(version);
    }

    /// The version that gates requests, for the client.
    pub fn version(&self) -> Option<&EngineVersion> {
        self.version.as_ref()
    }

    fn take_telemetry(&mut self, telemetry: &Telemetry, now: Moment) {
        if telemetry.product != self.product_name {
            self.product_name = telemetry.product.clone();
            self.detect();
        }
        if telemetry.commands.is_empty() {
            return;
        }
        let counter = |command| telemetry.command(command).unwrap_or(0);
        let rates = self.throughput.read(telemetry.since, counter("SuccessfulJobListener"), counter("FailedJobListener"), now);
        if let Some(rates) = rates {
            self.set_figure(Figure::JobsSucceededRate, rates.succeeded, now);
            self.set_figure(Figure::JobsFailedRate, rates.failed, now);
        }
    }

    fn set_figure(&mut self, figure: Figure, value: f64, now: Moment) {
        let state = self.figures.entry(figure).or_default();
        state.section.succeed(value, now);
        Arc::make_mut(&mut state.series).push(now, value);
    }

    fn incidents_settled(&mut self, now: Moment) {
        let mid = self.mirror.mid_reading();
        if mid {
            // The steps of one reading follow each other at once.
            self.schedule.hurry(Question::Incidents);
            if self.mirror.complete() || self.mirror.rows().is_empty() {
                return;
            }
        }
        let set = IncidentSet { incidents: Arc::clone(self.mirror.rows()), total: self.mirror.counted(), complete: self.mirror.complete() };
        let same =
            self.incidents.get().is_some_and(|old| Arc::ptr_eq(&old.incidents, &set.incidents) && old.total == set.total && old.complete == set.complete);
        if same {
            self.incidents.confirm(now);
        } else {
            let known = self.definitions.get();
            let unknown = |id: &ProcessDefinitionId| known.is_none_or(|known| known.complete && !known.by_id.contains_key(id));
            let just_read = self.definitions.age(now).is_some_and(|age| age < Duration::from_secs(10));
            if known.is_some() && !just_read && set.incidents.values().filter_map(|row| row.incident.process_definition.as_ref()).any(unknown) {
                self.schedule.hurry(Question::Definitions);
            }
            self.incidents.succeed(set, now);
            self.groups_stale = true;
        }
        if self.mirror.complete() {
            self.regroup();
            let (roots, blocked) = (self.groups.roots as f64, self.groups.blocked as f64);
            self.set_figure(Figure::IncidentsRoot, roots, now);
            self.set_figure(Figure::IncidentsBlocked, blocked, now);
        }
    }

    fn regroup(&mut self) {
        if std::mem::take(&mut self.groups_stale) {
            let names = KnownNames { definitions: self.definitions.get(), activities: &self.names };
            self.groups = Arc::new(group(self.mirror.rows().values(), &names));
        }
    }

    fn take_definitions(&mut self, first: u32, rows: Vec<crate::model::definition::ProcessDefinition>, now: Moment) {
        let full = rows.len() >= DEFINITION_PAGE as usize;
        let mut read = if first == 0 { Definitions::default() } else { self.definitions_read.take().unwrap_or_default() };
        read.by_id.extend(rows.into_iter().map(|row| (row.id.clone(), row)));
        if full {
            self.definitions_read = Some(read);
            self.schedule.hurry(Question::Definitions);
        } else {
            read.complete = true;
            if self.definitions.get().is_none_or(|known| known.by_id != read.by_id) {
                self.definitions.succeed(read, now);
                self.groups_stale = true;
            } else {
                self.definitions.confirm(now);
            }
        }
    }

    fn take_job_definitions(&mut self, first: u32, rows: Vec<JobDefinition>, now: Moment) {
        let full = rows.len() >= DEFINITION_PAGE as usize;
        let mut read = if first == 0 { Vec::new() } else { self.job_definitions_read.take().unwrap_or_default() };
        read.extend(rows);
        if full {
            self.job_definitions_read = Some(read);
            self.schedule.hurry(Question::JobDefinitions);
        } else if self.job_definitions.get().is_none_or(|known| *known != read) {
            self.job_definitions.succeed(read, now);
        } else {
            self.job_definitions.confirm(now);
        }
    }

    /// Takes a failure in.
    pub fn fail(&mut self, question: Question, ask: &Ask, error: &EngineError, elapsed: Duration, now: Moment) {
        self.schedule.failed(question, elapsed, now.instant);
        let problem = problem(error);
        self.note_problem(question, ask, &problem, now);
        if error.stops_polling() {
            // Requests that were waiting behind the refused one are not sent; the refusal itself is what matters.
            if !matches!(self.link, Link::LoginRefused { .. }) {
                self.link = Link::LoginRefused { problem };
            }
            self.note_gap(now);
            return;
        }
        match error.kind() {
            ErrorKind::Forbidden | ErrorKind::Unsupported | ErrorKind::NotFound | ErrorKind::Fault if question != Question::Version => {
                self.schedule.postpone(question, HOPELESS, now.instant);
            }
            _ if question == Question::Version => self.go_down(problem, now),
            // Something may be wrong with the engine as a whole: `/version` tells.
            kind if concerns_everything(kind) && !matches!(self.link, Link::Down { .. }) => self.schedule.hurry(Question::Version),
            _ => {}
        }
    }

    fn go_down(&mut self, problem: Problem, now: Moment) {
        let since = match &self.link {
            Link::Down { since, .. } => *since,
            _ => now,
        };
        let pause = self.schedule.back_off(self.outages);
        self.outages += 1;
        self.link = Link::Down { since, retry: now.after(pause), problem };
        self.note_gap(now);
    }

    /// Notes that nothing was asked from this moment on: polling was paused, or this process stood still.
    pub fn note_gap(&mut self, now: Moment) {
        for state in self.figures.values_mut() {
            Arc::make_mut(&mut state.series).gap(now);
        }
    }

    fn note_problem(&mut self, question: Question, ask: &Ask, problem: &Problem, now: Moment) {
        for figure in figures_of(question) {
            let state = self.figures.entry(figure).or_default();
            state.section.fail(problem.clone());
            Arc::make_mut(&mut state.series).gap(now);
        }
        match ask {
            Ask::Incidents(_) => {
                self.mirror.interrupt();
                self.incidents.fail(problem.clone());
            }
            Ask::Definitions(_) => {
                self.definitions_read = None;
                self.definitions.fail(problem.clone());
            }
            Ask::JobDefinitions(_) => {
                self.job_definitions_read = None;
                self.job_definitions.fail(problem.clone());
            }
            Ask::JobCounts(id) => self.job_counts.fail(std::slice::from_ref(id), problem, now.instant),
            Ask::ActivityNames(id) => self.activity_names.fail(std::slice::from_ref(id), problem, now.instant),
            Ask::Instances(ids) => self.instances.fail(ids, problem, now.instant),
            Ask::Jobs(ids) => self.jobs.fail(ids, problem, now.instant),
            Ask::ExternalTasks(ids) => self.external_tasks.fail(ids, problem, now.instant),
            Ask::Version | Ask::Telemetry | Ask::Count(..) => {}
        }
    }

    /// Makes the picture as it is now.
    pub fn snapshot(&mut self, bytes: u64, now: Moment) -> Snapshot {
        self.regroup();
        self.sequence += 1;
        let link = match (&self.link, self.paused) {
            (Link::Live, Some(since)) => Link::Paused { since },
            (link, _) => link.clone(),
        };
        Snapshot {
            sequence: self.sequence,
            taken: now,
            engine: self.engine.clone(),
            link,
            cost: self.schedule.cost(bytes, now.instant),
            figures: self.figures.clone(),
            incidents: self.incidents.clone(),
            groups: Arc::clone(&self.groups),
            definitions: self.definitions.clone(),
            job_definitions: self.job_definitions.clone(),
            job_counts: Arc::clone(self.job_counts.sections()),
            activity_names: Arc::clone(&self.names),
            instances: Arc::clone(self.instances.sections()),
            jobs: Arc::clone(self.jobs.sections()),
            external_tasks: Arc::clone(self.external_tasks.sections()),
            warnings: self.warnings(),
            settled: self.settled(now),
            looks: self.looks,
        }
    }

    /// Whether everything there is to ask has been answered or refused once, and no reading is half done.
    fn settled(&self, now: Moment) -> bool {
        let asked_once = |question: &Question| {
            let to_do = self.ask(*question, now).is_some() && (self.schedule.is_urgent(*question) && !self.schedule.is_backing_off(*question));
            !to_do && !self.schedule.awaits(*question)
        };
        Question::ALL.iter().all(asked_once) && !self.mirror.mid_reading()
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = self.engine.remark.iter().cloned().collect();
        if let Some(offset) = self.engine.clock_offset.filter(|offset| offset.abs() >= CLOCK_SKEW) {
            let direction = if offset.is_positive() { "ahead of" } else { "behind" };
            let apart = Duration::try_from(offset.abs()).unwrap_or_default();
            warnings.push(format!("the engine's clock is {} {direction} this machine's; ages are shown by the engine's", crate::text::age(apart)));
        }
        if self.version.as_ref().is_some_and(|version| !version.has(COUNTS_ACQUIRED)) {
            warnings.push("jobs acquired are not known: engines before Camunda 7.24 cannot count them".to_owned());
        }
        if self.throughput.nodes() > 1 {
            warnings.push(format!("{} nodes answer in turn; jobs per second are added up over them", self.throughput.nodes()));
        }
        warnings
    }
}

fn some<T>(ids: Vec<T>) -> Option<Vec<T>> {
    (!ids.is_empty()).then_some(ids)
}

fn concerns_everything(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Refused
            | ErrorKind::NoSuchHost
            | ErrorKind::ConnectTimeout
            | ErrorKind::Tls
            | ErrorKind::Proxy
            | ErrorKind::Network
            | ErrorKind::NotAnEngine
            | ErrorKind::TooSlow
            | ErrorKind::CutOff
    )
}

fn question_of(figure: Figure) -> Question {
    match figure {
        Figure::IncidentsRoot | Figure::IncidentsBlocked => Question::Incidents,
        Figure::JobsSucceededRate | Figure::JobsFailedRate => Question::Telemetry,
        other => Question::Count(other),
    }
}

fn figures_of(question: Question) -> Vec<Figure> {
    Figure::ALL.into_iter().filter(|figure| question_of(*figure) == question).collect()
}
