//! One request of the background task and its answer: how a question becomes calls of the client.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::backfill::BackfillStep;
use super::inquire::Counter;
use super::past;
use crate::bpmn;
use crate::engine::identity::{self, Depth, KnownFrom, Verdict};
use crate::engine::{
    Answer, Client, CountQuestion, EngineError, ErrorKind, ExternalTaskFilter, ExternalTaskIs, HistoricIncidentFilter, IncidentFilter, IncidentQuery,
    IncidentSort, InstanceFilter, JobFilter, JobIs, Order, Page, Telemetry,
};
use crate::mirror::{IncidentStep, PAGE_SIZE};
use crate::model::definition::{ProcessDefinition, ProcessInstance};
use crate::model::deployment::Deployment;
use crate::model::description::{Description, FailedWork};
use crate::model::diagram::Diagram;
use crate::model::external_task::ExternalTask;
use crate::model::figure::Figure;
use crate::model::grouping::{GroupKey, KnownIncident};
use crate::model::history::HistoricIncident;
use crate::model::ids::{DeploymentId, ExternalTaskId, JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId};
use crate::model::incident::{Custom, Incident};
use crate::model::inquiry::{Finding, Inquiry};
use crate::model::job::{Job, JobDefinition};
use crate::model::rights::{Right, Rights};
use crate::model::section::{Moment, Problem};
use crate::model::since::{Deployed, FirstSeen};
use crate::model::snapshot::{EngineIdentity, JobCounts};
use crate::model::statistics::ProcessStatistics;
use crate::model::witness::Witness;
use crate::text::EngineText;

/// Definitions read at once.
pub const DEFINITION_PAGE: u32 = 1_000;

/// On large engines this one takes long (80 s were reported); nobody waits for it.
const STATISTICS_LIMIT: Duration = Duration::from_secs(90);

/// A question with everything needed to send it.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// `/version`.
    Version,
    /// One process definition: the smallest question that asks the database.
    Probe,
    /// Whether it is still this engine.
    Identity(Box<EngineIdentity>),
    /// What was written last; the engine's time now.
    Newest(Timestamp),
    /// `/telemetry/data`.
    Telemetry,
    /// The next step of the incident mirror.
    Incidents(IncidentStep),
    /// A figure that is one count; the engine's time now, for lock expiry.
    Count(Figure, Timestamp),
    /// Process definitions from this row on.
    Definitions(u32),
    /// Job definitions from this row on.
    JobDefinitions(u32),
    /// Every right there is.
    Rights,
    /// `/process-definition/statistics`.
    Statistics,
    /// Deployments from this row on.
    Deployments(u32),
    /// Jobs of one job definition.
    JobCounts(JobDefinitionId),
    /// Activity names of one definition.
    ActivityNames(ProcessDefinitionId),
    /// These instances.
    Instances(Vec<ProcessInstanceId>),
    /// These jobs.
    Jobs(Vec<JobId>),
    /// These external tasks.
    ExternalTasks(Vec<ExternalTaskId>),
    /// How many of the incidents, of which so many are open, the history knows.
    History(u64, Box<HistoricIncidentFilter>),
    /// A step towards the past of the figures.
    Backfill(BackfillStep),
    /// The earliest incidents of a group.
    FirstSeen(GroupKey),
    /// One deployment.
    Deployment(DeploymentId),
    /// These inquiries.
    Inquiries(Vec<Inquiry>),
}

/// What came back.
#[derive(Debug)]
pub enum Reply {
    /// Version text.
    Version(EngineText),
    /// Whether it is the engine that was known.
    Identity(Verdict),
    /// What was written last.
    Newest(Vec<Witness>),
    /// Live counters.
    Telemetry(Box<Telemetry>),
    /// A number.
    Count(u64),
    /// Incidents.
    Incidents(Vec<Incident>),
    /// Process definitions.
    Definitions(Vec<ProcessDefinition>),
    /// Job definitions.
    JobDefinitions(Vec<JobDefinition>),
    /// What the login may see and do.
    Rights(Rights),
    /// Figures per process definition.
    Statistics(Vec<ProcessStatistics>),
    /// Deployments with their ids.
    Deployments(Vec<(DeploymentId, Deployment)>),
    /// Jobs of one job definition.
    JobCounts(JobCounts),
    /// A diagram; an unreadable one says why.
    ActivityNames(Result<Diagram, Problem>),
    /// Those instances that run.
    Instances(Vec<ProcessInstance>),
    /// Those jobs that exist.
    Jobs(Vec<Job>),
    /// Those external tasks that exist.
    ExternalTasks(Vec<ExternalTask>),
    /// Incidents, open or ended.
    HistoricIncidents(Vec<HistoricIncident>),
    /// Since when a group fails.
    FirstSeen(FirstSeen),
    /// A deployment; none if it is gone or may not be read.
    Deployment(Option<Deployed>),
    /// What inquiries found, or why not, and how many of the requests had no answer that an engine gives.
    Findings(Vec<(Inquiry, Result<Finding, Problem>)>, u32),
}

/// An answer with what it cost.
#[derive(Debug)]
pub struct Answered {
    /// What came back.
    pub reply: Reply,
    /// Time the engine and the way to it took.
    pub elapsed: Duration,
    /// Requests it took.
    pub requests: u32,
    /// The engine's clock when it answered.
    pub engine_time: Option<Timestamp>,
}

impl Answered {
    /// Requests without an answer that an engine gives, where some may fail alone.
    pub fn unanswered(&self) -> u32 {
        if let Reply::Findings(_, unanswered) = self.reply { unanswered } else { 0 }
    }

    pub(super) fn from<T>(answer: Answer<T>, reply: impl FnOnce(T) -> Reply) -> Self {
        Self { elapsed: answer.elapsed, requests: 1, engine_time: answer.engine_time, reply: reply(answer.data) }
    }
}

/// Sends a question.
///
/// # Errors
///
/// Whatever the client reports.
pub async fn send(client: &Client, ask: &Ask) -> Result<Answered, EngineError> {
    Ok(match ask {
        Ask::Version => Answered::from(client.version().await?, Reply::Version),
        Ask::Probe => Answered::from(client.process_definitions(Page::first(1)).await?, Reply::Definitions),
        Ask::Identity(known) => {
            let (started, before) = (Instant::now(), client.usage().requests);
            let verdict = identity::compare(client, known, KnownFrom::Picture, Depth::Database).await?;
            counted(client, before, started, Reply::Identity(verdict))
        }
        Ask::Newest(now) => {
            let (started, before) = (Instant::now(), client.usage().requests);
            let newest = identity::newest(client, *now).await?;
            counted(client, before, started, Reply::Newest(newest))
        }
        Ask::Telemetry => Answered::from(client.telemetry().await?, |telemetry| Reply::Telemetry(Box::new(telemetry))),
        Ask::Incidents(IncidentStep::Count) => Answered::from(client.count(&CountQuestion::Incidents(IncidentFilter::default())).await?, Reply::Count),
        Ask::Incidents(IncidentStep::Newer { after }) => Answered::from(client.incidents(&incidents_after(Some(*after), 0)).await?, Reply::Incidents),
        Ask::Incidents(IncidentStep::OfDefinition { definition }) => {
            let filter = IncidentFilter { process_definition: Some(definition.clone()), ..IncidentFilter::default() };
            let query = IncidentQuery { filter, sort: None, page: Page::first(PAGE_SIZE as u32) };
            Answered::from(client.incidents(&query).await?, Reply::Incidents)
        }
        Ask::Incidents(IncidentStep::Page { after, skip }) => Answered::from(client.incidents(&incidents_after(*after, *skip)).await?, Reply::Incidents),
        Ask::Count(figure, now) => Answered::from(client.count(&count_question(*figure, *now)).await?, Reply::Count),
        Ask::Definitions(first) => Answered::from(client.process_definitions(Page { first: *first, max: DEFINITION_PAGE }).await?, Reply::Definitions),
        Ask::JobDefinitions(first) => Answered::from(client.job_definitions(Page { first: *first, max: DEFINITION_PAGE }).await?, Reply::JobDefinitions),
        Ask::Rights => rights(client).await?,
        Ask::Statistics => Answered::from(client.with_timeout(STATISTICS_LIMIT).process_statistics().await?, Reply::Statistics),
        Ask::Deployments(first) => Answered::from(client.deployments(Page { first: *first, max: DEFINITION_PAGE }).await?, Reply::Deployments),
        Ask::JobCounts(id) => job_counts(client, id).await?,
        Ask::ActivityNames(id) => Answered::from(client.process_definition_xml(id).await?, |xml| Reply::ActivityNames(diagram(&xml))),
        Ask::Instances(ids) => Answered::from(client.process_instances(ids).await?, Reply::Instances),
        Ask::Jobs(ids) => Answered::from(client.jobs(ids).await?, Reply::Jobs),
        Ask::ExternalTasks(ids) => Answered::from(client.external_tasks(ids).await?, Reply::ExternalTasks),
        Ask::History(_, filter) => past::history(client, filter).await?,
        Ask::Backfill(step) => past::backfill(client, step).await?,
        Ask::FirstSeen(group) => past::first_seen(client, group).await?,
        Ask::Deployment(id) => past::deployment(client, id).await?,
        Ask::Inquiries(inquiries) => {
            let counter = Counter::new(client.clone());
            let findings = counter.answer(inquiries.clone()).await?;
            let spent = counter.spent();
            Answered { reply: Reply::Findings(findings, spent.unanswered), elapsed: spent.elapsed, requests: spent.requests, engine_time: None }
        }
    })
}

/// A reply to several requests of which only the time that passed is known. Others may have been sent through the same client meanwhile.
fn counted(client: &Client, before: u64, started: Instant, reply: Reply) -> Answered {
    let requests = u32::try_from(client.usage().requests.saturating_sub(before)).unwrap_or(u32::MAX).clamp(1, 16);
    Answered { reply, elapsed: started.elapsed(), requests, engine_time: None }
}

fn incidents_after(after: Option<Timestamp>, skip: usize) -> IncidentQuery {
    IncidentQuery {
        filter: IncidentFilter { created_after: after, ..IncidentFilter::default() },
        sort: Some((IncidentSort::Created, Order::Ascending)),
        page: Page { first: u32::try_from(skip).unwrap_or(u32::MAX), max: PAGE_SIZE as u32 },
    }
}

/// The count behind a figure. Figures that are not one count have none here and are asked otherwise.
fn count_question(figure: Figure, now: Timestamp) -> CountQuestion {
    match figure {
        Figure::JobsRetrying => CountQuestion::jobs([JobIs::WithException, JobIs::WithRetriesLeft]),
        Figure::JobsFailed => CountQuestion::jobs([JobIs::NoRetriesLeft]),
        // `executable` alone counts jobs of suspended job definitions too.
        Figure::JobsDue => CountQuestion::jobs([JobIs::Executable, JobIs::Active]),
        Figure::JobsAcquired => CountQuestion::jobs([JobIs::Acquired]),
        Figure::Instances => CountQuestion::ProcessInstances(InstanceFilter::default()),
        Figure::ExternalLocked => CountQuestion::external_tasks([ExternalTaskIs::Locked, ExternalTaskIs::WithRetriesLeft]),
        Figure::ExternalExpired => CountQuestion::ExternalTasks(ExternalTaskFilter {
            is: vec![ExternalTaskIs::WithRetriesLeft],
            lock_ends_before: Some(now),
            ..ExternalTaskFilter::default()
        }),
        Figure::ExternalFailed => CountQuestion::external_tasks([ExternalTaskIs::NoRetriesLeft]),
        Figure::IncidentsRoot | Figure::IncidentsBlocked | Figure::JobsSucceededRate | Figure::JobsFailedRate => {
            CountQuestion::Incidents(IncidentFilter::default())
        }
    }
}

/// Asks for every right. One that the engine does not know is left out: it is unknown, not missing.
async fn rights(client: &Client) -> Result<Answered, EngineError> {
    let (mut rights, mut elapsed, mut requests, mut engine_time) = (Rights::default(), Duration::ZERO, 0, None);
    for right in Right::ALL {
        requests += 1;
        match client.may(*right).await {
            Ok(answer) => {
                rights.note(*right, answer.data);
                elapsed += answer.elapsed;
                engine_time = answer.engine_time;
            }
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Engine | ErrorKind::Unsupported) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Answered { reply: Reply::Rights(rights), elapsed, requests, engine_time })
}

/// Counts all jobs of a job definition, and those without retries only if there are any.
async fn job_counts(client: &Client, id: &JobDefinitionId) -> Result<Answered, EngineError> {
    let filter = JobFilter { job_definition: Some(id.clone()), ..JobFilter::default() };
    let jobs = client.count(&CountQuestion::Jobs(filter.clone())).await?;
    let mut counts = JobCounts { jobs: jobs.data, failed: 0 };
    let (mut elapsed, mut requests) = (jobs.elapsed, 1);
    if jobs.data > 0 {
        let failed = client.count(&CountQuestion::Jobs(JobFilter { is: vec![JobIs::NoRetriesLeft], ..filter })).await?;
        counts.failed = failed.data;
        elapsed += failed.elapsed;
        requests += 1;
    }
    Ok(Answered { reply: Reply::JobCounts(counts), elapsed, requests, engine_time: jobs.engine_time })
}

pub(super) fn diagram(xml: &str) -> Result<Diagram, Problem> {
    bpmn::read(xml).map_err(|error| Problem {
        label: "diagram",
        what: format!("the diagram cannot be read: {}", crate::text::safe(&error.to_string())),
        remedy: "activities of this process are shown by id".to_owned(),
    })
}

/// An error in the words the picture uses.
pub fn problem(error: &EngineError) -> Problem {
    Problem { label: error.kind().label(), what: error.to_string(), remedy: error.remedy().to_owned() }
}

/// Reads everything about one incident; the parts are asked at the same time. Returns how long the engine took, and the number of requests.
pub async fn describe(client: &Client, known: &KnownIncident) -> (Description, Duration, u32) {
    let started = Instant::now();
    let incident = &known.incident;
    let instance = async {
        match &incident.process_instance {
            Some(id) => Some(client.process_instance(id).await.map(|answer| answer.map(|answer| answer.data)).map_err(|error| problem(&error))),
            None => None,
        }
    };
    // A migration or a note changes an incident without a trace in any count.
    let now = async { client.incident(&incident.id).await.map(|answer| answer.map(|answer| answer.data)).map_err(|error| problem(&error)) };
    let (instance, (work, trace), (past, of_past), now) =
        futures_util::future::join4(instance, failed_work(client, incident), past::of_incident(client, incident), now).await;
    let requests = 1 + of_past + u32::from(incident.process_instance.is_some()) + if incident.configuration.is_some() { 2 } else { 0 };
    (Description { incident: incident.id.clone(), read: Moment::now(), now, instance, work, trace, past }, started.elapsed(), requests)
}

type Trace = Result<Option<EngineText>, Problem>;

async fn failed_work(client: &Client, incident: &Incident) -> (Result<FailedWork, Problem>, Trace) {
    if let Some(custom) = incident.custom() {
        return (Ok(FailedWork::Custom(custom)), Ok(None));
    }
    let (work, trace) = named_work(client, incident).await;
    if let Ok(FailedWork::Job(None) | FailedWork::ExternalTask(None)) = work
        && client.incident(&incident.id).await.is_ok_and(|open| open.is_some())
    {
        // An incident goes with its job or task: one that is open without never had any.
        return (Ok(FailedWork::Custom(Custom::NoWork)), trace);
    }
    (work, trace)
}

async fn named_work(client: &Client, incident: &Incident) -> (Result<FailedWork, Problem>, Trace) {
    let Some(configuration) = incident.configuration.clone() else { return (Ok(FailedWork::Unnamed), Ok(None)) };
    match incident.kind.as_wire() {
        "failedJob" => {
            let id = JobId::from(configuration);
            let (job, trace) = futures_util::future::join(client.job(&id), client.job_stacktrace(&id)).await;
            (job.map(|job| FailedWork::Job(job.map(|answer| answer.data))).map_err(|error| problem(&error)), excerpt(trace))
        }
        "failedExternalTask" => {
            let id = ExternalTaskId::from(configuration);
            let (task, trace) = futures_util::future::join(client.external_task(&id), client.external_task_error_details(&id)).await;
            (task.map(|task| FailedWork::ExternalTask(task.map(|answer| answer.data))).map_err(|error| problem(&error)), excerpt(trace))
        }
        _ => (Ok(FailedWork::Unnamed), Ok(None)),
    }
}

fn excerpt(trace: Result<Answer<crate::engine::Excerpt>, EngineError>) -> Trace {
    match trace {
        Ok(answer) => Ok(Some(answer.data.text).filter(|text| !text.as_wire().trim().is_empty())),
        Err(error) if error.kind() == crate::engine::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(problem(&error)),
    }
}
