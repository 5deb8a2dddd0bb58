//! What the background task knows of its engine, and how each answer changes it. Pure: asks come out, answers go in.

mod answers;
mod check;
mod deployments;
mod failures;
mod identity;
mod past;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::ask::Ask;
use super::command::Looking;
use super::items::Items;
use super::question::Question;
use super::schedule::{Lane, Next, Schedule, Wanted};
use super::throughput::Throughput;
use crate::engine::{EngineVersion, Since};
use crate::mirror::{IncidentMirror, IncidentStep, PAGE_SIZE};
use crate::model::definition::ProcessInstance;
use crate::model::diagram::Diagram;
use crate::model::external_task::ExternalTask;
use crate::model::figure::Figure;
use crate::model::freshness::{Hindrance, Polled, Polling, Presence};
use crate::model::grouping::Groups;
use crate::model::ids::{ExternalTaskId, JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId};
use crate::model::inquiry::{Finding, Inquiry};
use crate::model::job::{Job, JobDefinition};
use crate::model::rights::Rights;
use crate::model::section::{Moment, Problem, Section};
use crate::model::snapshot::{Definitions, EngineIdentity, FigureState, IncidentSet, JobCounts, Link, Replaced, Snapshot};
use crate::model::statistics::ProcessStatistics;
use crate::text::EngineText;

/// The rows of a large engine wait for its totals this long at most.
const TOTALS_FIRST: Duration = Duration::from_secs(10);

/// What only matters after the next outage is asked for once the first picture has been there for a while.
const PICTURE_FIRST: Duration = Duration::from_secs(20);

/// Items asked for in one request.
const BATCH: usize = 200;

/// Inquiries answered together: few, so that what is known already is shown before the rest has come.
const INQUIRIES: usize = 8;

/// A failed inquiry is made again after this long.
const FINDINGS_FRESH: Duration = Duration::from_secs(10);

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
    /// It is not known which engine answers.
    doubt: Option<identity::Doubt>,
    seen: identity::Seen,
    /// Whether it is still the same engine could not be told, in words.
    unsure: Option<String>,
    replaced: Option<Replaced>,
    /// Something before the engine asks to be left alone until then.
    waiting: Option<(Moment, Problem)>,
    mirror: IncidentMirror,
    groups: Arc<Groups>,
    groups_stale: bool,
    figures: BTreeMap<Figure, FigureState>,
    incidents: Section<IncidentSet>,
    definitions: Section<Definitions>,
    definitions_read: Option<Definitions>,
    /// Definitions of incidents that were looked for once and are not among those read.
    missed: HashSet<ProcessDefinitionId>,
    job_definitions: Section<Vec<JobDefinition>>,
    job_definitions_read: Option<Vec<JobDefinition>>,
    rights: Section<Rights>,
    statistics: Section<Vec<ProcessStatistics>>,
    deployments: deployments::Reading,
    job_counts: Items<JobDefinitionId, JobCounts>,
    activity_names: Items<ProcessDefinitionId, Diagram>,
    names: Arc<HashMap<ProcessDefinitionId, Arc<Diagram>>>,
    instances: Items<ProcessInstanceId, Option<ProcessInstance>>,
    jobs: Items<JobId, Option<Job>>,
    external_tasks: Items<ExternalTaskId, Option<ExternalTask>>,
    findings: Items<Inquiry, Finding>,
    throughput: Throughput,
    past: past::PastState,
    check: check::Check,
    looking: Looking,
    visible_instances: Vec<ProcessInstanceId>,
    visible_jobs: Vec<JobId>,
    visible_tasks: Vec<ExternalTaskId>,
    sequence: u64,
    looks: u64,
    begun: Moment,
    /// When polling began anew last: at the start, after a login, after a pause.
    polled_since: Moment,
    /// When the reading under way of each question was begun: what it brings is as old as that.
    reading_since: BTreeMap<Question, Moment>,
    /// Whether the engine answers without counters.
    counts_nothing: bool,
    past_wanted: bool,
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
            doubt: None,
            seen: identity::Seen::default(),
            unsure: None,
            replaced: None,
            waiting: None,
            mirror: IncidentMirror::default(),
            groups: Arc::default(),
            groups_stale: false,
            figures: Figure::ALL.into_iter().map(|figure| (figure, FigureState::default())).collect(),
            incidents: Section::default(),
            definitions: Section::default(),
            definitions_read: None,
            missed: HashSet::new(),
            job_definitions: Section::default(),
            job_definitions_read: None,
            rights: Section::default(),
            statistics: Section::default(),
            deployments: deployments::Reading::default(),
            job_counts: Items::new(Duration::from_secs(15)),
            activity_names: Items::new(Duration::from_secs(3_600)),
            names: Arc::default(),
            instances: Items::new(Duration::from_secs(30)),
            jobs: Items::new(Duration::from_secs(20)),
            external_tasks: Items::new(Duration::from_secs(20)),
            findings: Items::new(FINDINGS_FRESH),
            throughput: Throughput::default(),
            past: past::PastState::default(),
            check: check::Check::default(),
            looking: Looking::default(),
            visible_instances: Vec::new(),
            visible_jobs: Vec::new(),
            visible_tasks: Vec::new(),
            sequence: 0,
            looks: 0,
            begun: now,
            polled_since: now,
            reading_since: BTreeMap::new(),
            counts_nothing: false,
            past_wanted: true,
        }
    }

    /// Takes over what of an earlier picture still holds: who is asked, and what the figures were.
    pub fn carry_on(&mut self, last: &Snapshot, now: Moment) {
        self.sequence = last.sequence;
        self.looks = last.looks;
        self.engine = EngineIdentity { version: None, ..last.engine.clone() };
        self.replaced.clone_from(&last.replaced);
        // It may have been replaced while nobody watched.
        self.doubt();
        for (figure, state) in &last.figures {
            self.figures.insert(*figure, FigureState { section: Section::default(), series: Arc::clone(&state.series) });
        }
        self.note_gap(now);
    }

    /// What to ask now, or how long to wait.
    pub fn next(&mut self, now: Moment) -> Result<(Question, Lane, Ask), Duration> {
        if let Some((until, _)) = &self.waiting {
            let wait = until.instant.saturating_duration_since(now.instant);
            if !wait.is_zero() {
                return Err(wait);
            }
            self.waiting = None;
        }
        match &self.link {
            Link::LoginRefused { .. } => return Err(Duration::from_secs(3_600)),
            Link::LoginAgain { at, .. } if at.instant > now.instant => return Err(at.instant - now.instant),
            Link::Down { retry, .. } => {
                if !self.schedule.is_urgent(Question::Version) {
                    let wait = retry.instant.saturating_duration_since(now.instant);
                    if self.paused.is_some() || wait > Duration::ZERO {
                        return Err(if self.paused.is_some() { Duration::from_secs(3_600) } else { wait });
                    }
                    self.schedule.hurry(Question::Version);
                }
                return match self.schedule.next(now.instant, |question| (question == Question::Version).then(Wanted::default)) {
                    Next::Ask(question, lane) => Ok((question, lane, Ask::Version)),
                    Next::Wait(wait) => Err(wait),
                };
            }
            _ => {}
        }
        if self.doubt.is_none() {
            self.hurry_untried();
            self.begin_backfill(now);
        }
        let asks: Vec<(Question, Ask)> = Question::ALL.into_iter().filter_map(|question| Some((question, self.ask(question, now)?))).collect();
        let paused = self.paused.is_some();
        let in_doubt = self.doubt.is_some();
        let wanted = |schedule: &Schedule, question| {
            (!in_doubt || Self::may_be_asked_in_doubt(question))
                && asks.iter().any(|(asked, _)| *asked == question)
                && (!paused || schedule.is_urgent(question))
        };
        let admitted: HashMap<Question, Wanted> =
            Question::ALL.into_iter().filter(|question| wanted(&self.schedule, *question)).map(|question| (question, self.wanted(question, now))).collect();
        match self.schedule.next(now.instant, |question| admitted.get(&question).copied()) {
            Next::Wait(wait) => Err(wait),
            Next::Ask(question, lane) => {
                let ask = asks.into_iter().find(|(asked, _)| *asked == question).map(|(_, ask)| ask);
                ask.map(|ask| (question, lane, ask)).ok_or(Duration::from_secs(1))
            }
        }
    }

    /// Notes that a question was sent.
    pub fn sent(&mut self, question: Question, lane: Lane, ask: &Ask, now: Moment) {
        let (part, begins) = match ask {
            Ask::Incidents(IncidentStep::Count) => (0, true),
            Ask::Incidents(IncidentStep::Newer { .. }) => (1, false),
            Ask::Incidents(IncidentStep::OfDefinition { .. }) => (3, false),
            Ask::Incidents(IncidentStep::Page { after, .. }) => (2, after.is_none() && !self.mirror.mid_reading()),
            Ask::Definitions(first) | Ask::JobDefinitions(first) | Ask::Deployments(first) => (0, *first == 0),
            _ => (0, true),
        };
        if begins || !self.reading_since.contains_key(&question) {
            self.reading_since.insert(question, now);
        }
        self.schedule.sent(question, part, lane, now.instant);
        match ask {
            Ask::Statistics => self.statistics_asked(now),
            Ask::JobCounts(id) => self.job_counts.tried(std::slice::from_ref(id), now.instant),
            Ask::ActivityNames(id) => self.activity_names.tried(std::slice::from_ref(id), now.instant),
            Ask::Instances(ids) => self.instances.tried(ids, now.instant),
            Ask::Jobs(ids) => self.jobs.tried(ids, now.instant),
            Ask::ExternalTasks(ids) => self.external_tasks.tried(ids, now.instant),
            Ask::FirstSeen(group) => self.past.first_seen.tried(std::slice::from_ref(group), now.instant),
            Ask::Deployment(id) => self.past.deployed.tried(std::slice::from_ref(id), now.instant),
            Ask::Inquiries(inquiries) => {
                inquiries.iter().for_each(|inquiry| self.findings.tried_for(inquiry.clone(), self.looking.fresh_for(inquiry), now.instant))
            }
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
            (Question::Inquiries, self.findings.any_untried(self.looking.all_inquiries())),
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
        if question.is_patient() && !self.past_wanted {
            return None;
        }
        Some(match question {
            Question::Version => Ask::Version,
            Question::Probe if !self.schedule.is_in_doubt(now.instant) => return None,
            Question::Probe => Ask::Probe,
            Question::Identity => self.ask_identity()?,
            // Only whoever watches on will ask who it is.
            Question::Newest if self.version.is_none() || !self.past_wanted || self.paused.is_some() || now.since(self.begun) < PICTURE_FIRST => return None,
            Question::Newest => Ask::Newest(self.engine.engine_time(now)),
            // The client sends nothing that is gated by version before the version is known.
            Question::Telemetry if self.version.is_none() => return None,
            Question::Telemetry => Ask::Telemetry,
            Question::Incidents if self.totals_come_first(now) => return None,
            Question::Incidents => Ask::Incidents(self.mirror.step()),
            Question::Count(Figure::JobsAcquired) if !self.version.as_ref().is_some_and(|version| version.has(COUNTS_ACQUIRED)) => return None,
            Question::Count(figure) => Ask::Count(figure, self.engine.engine_time(now)),
            Question::Definitions => Ask::Definitions(self.definitions_read.as_ref().map_or(0, |read| u32::try_from(read.by_id.len()).unwrap_or(u32::MAX))),
            Question::JobDefinitions => Ask::JobDefinitions(self.job_definitions_read.as_ref().map_or(0, |read| u32::try_from(read.len()).unwrap_or(u32::MAX))),
            Question::Rights => Ask::Rights,
            Question::Statistics => Ask::Statistics,
            Question::Deployments => Ask::Deployments(self.deployments.next_row()),
            Question::JobCounts => Ask::JobCounts(first(self.job_counts.stale(&self.looking.job_definitions, 1, now.instant))?),
            Question::ActivityNames => Ask::ActivityNames(self.activity_names.stale(&self.looking.definitions, 1, now.instant).into_iter().next()?),
            Question::Instances => Ask::Instances(some(self.instances.stale(&self.visible_instances, BATCH, now.instant))?),
            Question::Jobs => Ask::Jobs(some(self.jobs.stale(&self.visible_jobs, BATCH, now.instant))?),
            Question::ExternalTasks => Ask::ExternalTasks(some(self.external_tasks.stale(&self.visible_tasks, BATCH, now.instant))?),
            Question::Inquiries => Ask::Inquiries(some(self.findings.stale(self.looking.all_inquiries(), INQUIRIES, now.instant))?),
            Question::History | Question::Backfill | Question::FirstSeen | Question::Deployment => return self.ask_past(question, now),
        })
    }

    /// How old that is what a question keeps fresh.
    fn wanted(&self, question: Question, now: Moment) -> Wanted {
        let presence = self.schedule.presence();
        let Some(promise) = question.promise(presence) else { return Wanted::default() };
        let row = |_: &JobDefinitionId| Polled::Rows.promise(presence);
        let lateness = match question {
            Question::JobCounts => self.job_counts.lateness(&self.looking.job_definitions, row, now),
            Question::Instances => self.instances.lateness(&self.visible_instances, |_| Polled::Rows.promise(presence), now),
            Question::Jobs => self.jobs.lateness(&self.visible_jobs, |_| Polled::Rows.promise(presence), now),
            Question::ExternalTasks => self.external_tasks.lateness(&self.visible_tasks, |_| Polled::Rows.promise(presence), now),
            Question::Inquiries => {
                let asked = self.looking.all_inquiries().filter(|inquiry| self.looking.polled(inquiry).is_some());
                self.findings.lateness(asked, |inquiry| self.looking.polled(inquiry).unwrap_or(Polled::Beside).promise(presence), now)
            }
            _ => {
                let read = question.feeds().into_iter().filter_map(|polled| self.taken(polled)).min_by_key(|taken| taken.instant);
                return Wanted { read: read.map(|read| read.instant) };
            }
        };
        Wanted { read: lateness.and_then(|lateness| now.instant.checked_sub(promise.mul_f64(lateness.min(1e4)))) }
    }

    /// When a polled thing was read.
    fn taken(&self, polled: Polled) -> Option<Moment> {
        match polled {
            Polled::Figure(figure) => self.figures.get(&figure)?.section.taken,
            Polled::Incidents => self.incidents.taken,
            Polled::Definitions => self.definitions.taken,
            Polled::JobDefinitions => self.job_definitions.taken,
            Polled::Statistics => self.statistics.taken,
            Polled::Deployments => self.deployments.known.taken,
            Polled::Rights => self.rights.taken,
            Polled::Suspended | Polled::Rows | Polled::Beside => None,
        }
    }

    /// When the reading of a question was begun that is answered now.
    pub(super) fn reading_since(&self, question: Question, now: Moment) -> Moment {
        self.reading_since.get(&question).copied().unwrap_or(now)
    }

    /// Somebody came or went.
    pub fn set_presence(&mut self, presence: Presence, now: Moment) {
        self.schedule.set_presence(presence, now.instant);
        let most = self.longest_outage_pause();
        if let Link::Down { retry, .. } = &mut self.link
            && retry.since(now) > most
        {
            *retry = now.after(most);
        }
    }

    /// Whether an engine that does not answer is there again must be known well within a promise.
    fn longest_outage_pause(&self) -> Duration {
        Polled::Figure(Figure::JobsFailed).promise(self.schedule.presence()).mul_f64(0.6)
    }

    /// How polling stands against its promises.
    fn polling(&self, now: Moment) -> Polling {
        let mut hindered = BTreeMap::new();
        for question in Question::ALL {
            let hindrance = match question {
                // It is not asked, and never will be.
                Question::Count(Figure::JobsAcquired) if self.version.is_some() && self.ask(question, now).is_none() => Some(Hindrance::Withheld),
                Question::Telemetry if self.counts_nothing => Some(Hindrance::Withheld),
                _ => self.schedule.hindrance(question, self.wanted(question, now), now.instant),
            };
            if let Some(hindrance) = hindrance {
                question.feeds().into_iter().for_each(|polled| {
                    hindered.entry(polled).or_insert(hindrance);
                });
            }
        }
        let ago = |since| now.instant.saturating_duration_since(since);
        let slow_since =
            self.schedule.slow_since().map(|since| Moment { instant: since, wall: now.wall - SignedDuration::try_from(ago(since)).unwrap_or_default() });
        Polling { presence: self.schedule.presence(), begun: Some(self.polled_since), slow_since, hindered }
    }

    /// Whether the rows of a large engine wait until its totals are known: those are a picture already, and the rows take seconds.
    fn totals_come_first(&self, now: Moment) -> bool {
        let large = matches!(self.mirror.step(), IncidentStep::Page { after: None, .. }) && self.mirror.counted() > PAGE_SIZE as u64;
        let totals = Question::ALL.into_iter().filter(|question| matches!(question, Question::Statistics | Question::Count(_)));
        let pending = |question| self.schedule.is_urgent(question) || self.schedule.awaits(question);
        let acquired = |question: &Question| *question != Question::Count(Figure::JobsAcquired);
        large && !self.mirror.complete() && now.since(self.begun) < TOTALS_FIRST && totals.filter(acquired).any(pending)
    }

    /// Whether what was before the start is read too; it is unless somebody says otherwise.
    pub fn read_the_past(&mut self, wanted: bool) {
        self.past_wanted = wanted;
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
        self.looking.inquiries.iter().for_each(|inquiry| self.findings.hasten(inquiry, inquiry.fresh_for()));
        self.job_counts.prune(|id| self.looking.job_definitions.contains(id));
        self.instances.prune(|id| self.visible_instances.contains(id));
        self.jobs.prune(|id| self.visible_jobs.contains(id));
        self.external_tasks.prune(|id| self.visible_tasks.contains(id));
        let asked: HashSet<&Inquiry> = self.looking.all_inquiries().collect();
        let subjects: HashSet<&ProcessInstanceId> = asked.iter().filter_map(|inquiry| inquiry.subject()).collect();
        // What a page does not refresh, such as rows out of sight, is still a part of what it shows.
        self.findings.prune(|inquiry| asked.contains(inquiry) || inquiry.subject().is_some_and(|id| subjects.contains(id)));
        // They are kept by the page that asked, and go with it.
        self.findings.forget(|inquiry| inquiry.goes_with_its_page() && !asked.contains(inquiry));
        self.past.first_seen.prune(|group| self.looking.groups.contains(group));
    }

    /// Stops or resumes background polling.
    pub fn pause(&mut self, paused: bool, now: Moment) {
        match (paused, self.paused) {
            (true, None) => {
                self.paused = Some(now);
                self.note_gap(now);
            }
            (false, Some(_)) => {
                self.paused = None;
                self.schedule.catch_up();
                self.doubt_after_outage();
            }
            _ => {}
        }
    }

    /// Asks everything again now.
    pub fn refresh(&mut self) {
        for question in Question::ALL {
            self.schedule.hurry(question);
        }
        self.mirror.distrust();
        self.job_counts.distrust();
        self.instances.distrust();
        self.jobs.distrust();
        self.external_tasks.distrust();
        self.findings.distrust();
        if let Link::Down { retry, since, .. } = &mut self.link {
            *retry = *since;
        }
    }

    /// Reads all anew in order, after this process or its computer stood still.
    pub fn wake_up(&mut self, since: Moment) {
        self.note_gap(since);
        self.schedule.catch_up();
    }

    /// Starts over with another login.
    pub fn login(&mut self, user: String) {
        self.engine.user = Some(user);
        // Another login sees other things: what it does not see would look gone. The installation tells all the same.
        (self.engine.witnesses, self.engine.newest) = (Vec::new(), Vec::new());
        self.rights = Section::default();
        self.findings = Items::new(FINDINGS_FRESH);
        self.forget_past();
        self.forget_check();
        self.link = Link::Connecting;
        self.schedule.abandon();
        self.schedule.forgive();
        self.mirror.interrupt();
        self.doubt = None;
        self.doubt_after_outage();
        self.refresh();
    }

    /// Makes the picture as it is now.
    pub fn snapshot(&mut self, bytes: u64, now: Moment) -> Snapshot {
        self.regroup();
        self.sequence += 1;
        let link = match (&self.link, self.paused) {
            (Link::Live | Link::Connecting | Link::Down { .. }, Some(since)) => Link::Paused { since },
            (link, _) => link.clone(),
        };
        Snapshot {
            sequence: self.sequence,
            taken: now,
            engine: self.engine.clone(),
            link,
            replaced: self.replaced.clone(),
            waiting: self.waiting.clone().filter(|(until, _)| !until.since(now).is_zero()),
            cost: self.schedule.cost(bytes, now.instant),
            polling: self.polling(now),
            figures: self.figures.clone(),
            incidents: self.incidents.clone(),
            incidents_checked: self.check.checked(),
            groups: Arc::clone(&self.groups),
            definitions: self.definitions.clone(),
            job_definitions: self.job_definitions.clone(),
            rights: self.rights.clone(),
            statistics: self.statistics.clone(),
            deployments: self.deployments.known.clone(),
            job_counts: Arc::clone(self.job_counts.sections()),
            activity_names: Arc::clone(&self.names),
            instances: Arc::clone(self.instances.sections()),
            jobs: Arc::clone(self.jobs.sections()),
            external_tasks: Arc::clone(self.external_tasks.sections()),
            findings: Arc::clone(self.findings.sections()),
            history: self.history_level(),
            first_seen: Arc::clone(self.past.first_seen.sections()),
            deployed: Arc::clone(self.past.deployed.sections()),
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
        Question::ALL.iter().filter(|question| !question.is_patient()).all(asked_once) && !self.mirror.mid_reading()
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = Vec::new();
        if let (Link::Down { problem, .. }, Some(_)) = (&self.link, self.paused) {
            warnings.push(format!("asked last, the engine did not answer: {}", problem.what));
        }
        warnings.extend(self.unsure.iter().cloned());
        warnings.extend(self.engine.remark.iter().cloned());
        for right in self.rights.get().iter().flat_map(|rights| rights.missing()) {
            warnings.push(format!("{}: {}", right.without_it(), right.not_granted()));
        }
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
        warnings.extend(self.past_warnings());
        warnings
    }
}

fn some<T>(ids: Vec<T>) -> Option<Vec<T>> {
    (!ids.is_empty()).then_some(ids)
}
