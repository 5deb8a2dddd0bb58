//! The typed calls of the client, one per question. Each names its REST path; permissions, versions and traps are in its catalogue row.
//! Those that read the history are in `typed/history.rs` and `typed/logs.rs`, those about running instances in `typed/instance.rs`.

mod cases;
mod history;
mod instance;
mod logs;

use std::collections::HashSet;

use super::catalogue::RequestName;
use super::client::{Answer, Client};
use super::error::{EngineError, Problem, Stranger};
use super::fault;
use super::question::{CountQuestion, Excerpt, IncidentQuery, JobDefinitionFilter, Page, Permit, right_request};
use super::request::Request;
use super::telemetry::{Telemetry, TelemetryRow};
use super::transport::{Delivery, Limit};
use super::version::EngineVersion;
use super::wire::lenient::{self, Lost};
use super::wire::{self, Pool, past};
use crate::model::definition::{ProcessDefinition, ProcessInstance};
use crate::model::deployment::Deployment;
use crate::model::external_task::ExternalTask;
use crate::model::ids::{DeploymentId, ExternalTaskId, IncidentId, JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId};
use crate::model::incident::Incident;
use crate::model::job::{Job, JobDefinition};
use crate::model::rights::Right;
use crate::model::since::Deployed;
use crate::model::statistics::ProcessStatistics;
use crate::model::unreadable::KeepsUnreadable;
use crate::text::EngineText;

/// Bytes of a stack trace or of error details that are read.
const EXCERPT: usize = 2 << 20;

/// The most bytes of an answer that carries values of variables, each of any length.
const VALUES: usize = 2 << 20;

/// The most ids one call may ask for.
pub const MOST_IDS: usize = 500;

type Parsed<T> = Result<T, serde_json::Error>;
type Call<T> = Result<Answer<T>, EngineError>;

/// Every call fails with an [`EngineError`]: see [`Problem`] for what can go wrong.
impl Client {
    async fn ask<T>(&self, request: Request, parse: impl FnOnce(&[u8]) -> Parsed<T>) -> Call<T> {
        self.parsed(request, self.whole(), parse).await
    }

    async fn parsed<T>(&self, request: Request, limit: Limit, parse: impl FnOnce(&[u8]) -> Parsed<T>) -> Call<T> {
        let delivery = self.deliver(&request, limit).await?;
        let data = parse(&delivery.reply.body)
            .map_err(|error| EngineError::new(Some(request.row().name), &delivery.place, fault::of_json(&delivery.reply, &error)))?;
        Ok(answer(&delivery, data))
    }

    /// Asks for a list. What of it cannot be read costs itself and no more, and the client remembers it.
    async fn list<T: KeepsUnreadable>(&self, request: Request, parse: impl Fn(&[u8]) -> Parsed<Vec<T>>) -> Call<Vec<T>> {
        self.read_list(request, self.whole(), parse).await.map(|answer| answer.map(|(rows, _)| rows))
    }

    /// The same of a list whose answer may be of any length: more than `most` bytes are [`Problem::TooLarge`], for the caller to ask for less.
    async fn list_within<T: KeepsUnreadable>(&self, most: usize, request: Request, parse: impl Fn(&[u8]) -> Parsed<Vec<T>>) -> Call<Vec<T>> {
        self.read_list(request, self.at_most(most), parse).await.map(|answer| answer.map(|(rows, _)| rows))
    }

    async fn read_list<T: KeepsUnreadable>(&self, request: Request, limit: Limit, parse: impl Fn(&[u8]) -> Parsed<Vec<T>>) -> Call<(Vec<T>, Lost)> {
        let path = request.row().path;
        let answer = self.parsed(request, limit, |json| lenient::list(json, parse)).await?;
        if answer.data.1 != Lost::default() {
            self.remember_lost(path, &answer.data.1);
        }
        Ok(answer)
    }

    /// Asks for one object; a value of it that cannot be read costs itself.
    async fn object<T: KeepsUnreadable>(&self, request: Request, parse: impl Fn(&[u8]) -> Parsed<T>) -> Call<T> {
        self.parsed(request, self.whole(), |json| lenient::object(json, parse)).await
    }

    /// The same of an object that may be answered at any length.
    async fn object_within<T: KeepsUnreadable>(&self, most: usize, request: Request, parse: impl Fn(&[u8]) -> Parsed<T>) -> Call<T> {
        self.parsed(request, self.at_most(most), |json| lenient::object(json, parse)).await
    }

    /// Names of the engines behind this address (`GET /engine`). Needs no login and proves none.
    ///
    /// # Errors
    ///
    /// Any [`Problem`].
    pub async fn engines(&self) -> Call<Vec<EngineText>> {
        self.ask(Request::to(RequestName::Engines), |json| wire::rows(json, |row: wire::EngineRow<'_>| row.name.own())).await
    }

    /// The version as the engine words it (`GET /version`). It cannot tell the vendor.
    ///
    /// # Errors
    ///
    /// Any [`Problem`].
    pub async fn version(&self) -> Call<EngineText> {
        self.ask(Request::to(RequestName::Version), |json| serde_json::from_slice::<wire::VersionRow<'_>>(json).map(|row| row.version.own())).await
    }

    /// Reads version and, where permitted, product (`GET /version`, then `GET /telemetry/data`), and gates later requests by them.
    ///
    /// The measurements are those of `/version`. Telemetry that is missing or forbidden only leaves the product to the version number.
    ///
    /// # Errors
    ///
    /// Any [`Problem`], of telemetry only those that concern every request: no connection, no login, no time.
    pub async fn identify(&self) -> Call<EngineVersion> {
        let told = self.version().await?;
        self.assume_version(EngineVersion::detect(told.data.clone(), None));
        let product = match self.telemetry().await {
            Ok(telemetry) => telemetry.data.product,
            Err(error)
                if matches!(
                    error.problem(),
                    Problem::Unreachable(_)
                        | Problem::Unauthorized { .. }
                        | Problem::TokenRefused { .. }
                        | Problem::TokenNotFetched { .. }
                        | Problem::LoginRefused { .. }
                        | Problem::TooSlow { .. }
                ) =>
            {
                return Err(error);
            }
            Err(_) => None,
        };
        let version = EngineVersion::detect(told.data.clone(), product.as_ref());
        self.assume_version(version.clone());
        Ok(told.map(|_| version))
    }

    /// Product and live counters of the node that answers (`GET /telemetry/data`, since 7.17).
    ///
    /// # Errors
    ///
    /// Any [`Problem`]; [`Problem::Forbidden`] without READ on SYSTEM.
    pub async fn telemetry(&self) -> Call<Telemetry> {
        self.ask(Request::to(RequestName::Telemetry), |json| serde_json::from_slice(json).map(TelemetryRow::into_telemetry)).await
    }

    /// Whether the caller has a right on every resource of its kind (`GET /authorization/check`). Rights on one process alone give false.
    ///
    /// # Errors
    ///
    /// Any [`Problem`].
    pub async fn may(&self, right: Right) -> Call<bool> {
        self.ask(right_request(right), |json| serde_json::from_slice(json).map(|row: wire::AuthorizedRow| row.authorized)).await
    }

    /// Whether the caller has a permission on this very resource: a process definition by its key, a process instance by its id
    /// (`GET /authorization/check`). Without an id, on every resource of its kind.
    ///
    /// # Errors
    ///
    /// Any [`Problem`].
    pub async fn may_on(&self, permit: Permit, id: Option<&EngineText>) -> Call<bool> {
        self.ask(permit.request(id), |json| serde_json::from_slice(json).map(|row: wire::AuthorizedRow| row.authorized)).await
    }

    /// How many there are (`GET …/count`). 0 may also mean that the caller may not look.
    ///
    /// # Errors
    ///
    /// Any [`Problem`]; [`Problem::Unsupported`] for a filter this engine would ignore.
    pub async fn count(&self, question: &CountQuestion) -> Call<u64> {
        self.ask(question.request(), |json| serde_json::from_slice(json).map(|row: wire::CountRow| row.count)).await
    }

    /// One page of open incidents (`GET /incident`).
    ///
    /// # Errors
    ///
    /// Any [`Problem`].
    pub async fn incidents(&self, query: &IncidentQuery) -> Call<Vec<Incident>> {
        self.list(query.request(), |json| pooled(json, wire::IncidentRow::into_incident)).await
    }

    /// One open incident, none if it is gone (`GET /incident/{id}`).
    ///
    /// # Errors
    ///
    /// Any [`Problem`] but `NotFound`.
    pub async fn incident(&self, id: &IncidentId) -> Result<Option<Answer<Incident>>, EngineError> {
        present(self.object(Request::to(RequestName::Incident).id(id.text()), |json| one(json, wire::IncidentRow::into_incident)).await)
    }

    /// Those of these jobs that exist, in the engine's order (`POST /job`). At most [`MOST_IDS`]; more are a fault of the caller.
    ///
    /// # Errors
    ///
    /// Any [`Problem`]; [`Problem::FilterIgnored`] if jobs came that nobody asked for.
    pub async fn jobs(&self, ids: &[JobId]) -> Call<Vec<Job>> {
        let ids: Vec<_> = ids.iter().map(JobId::text).collect();
        self.by_ids(RequestName::JobsByIds, "jobIds", &ids, |json| pooled(json, wire::JobRow::into_job), |job| job.id.text()).await
    }

    /// One job, none if it is gone (`GET /job/{id}`).
    ///
    /// # Errors
    ///
    /// Any [`Problem`] but `NotFound`.
    pub async fn job(&self, id: &JobId) -> Result<Option<Answer<Job>>, EngineError> {
        present(self.object(Request::to(RequestName::Job).id(id.text()), |json| one(json, wire::JobRow::into_job)).await)
    }

    /// Stack trace of a job's latest failure, read up to 2 MiB (`GET /job/{id}/stacktrace`). Empty if it never failed.
    ///
    /// # Errors
    ///
    /// Any [`Problem`]; `NotFound` if the job is gone.
    pub async fn job_stacktrace(&self, id: &JobId) -> Call<Excerpt> {
        self.excerpt(Request::to(RequestName::JobStacktrace).id(id.text())).await
    }

    /// Those of these external tasks that exist (`POST /external-task`). At most [`MOST_IDS`].
    ///
    /// # Errors
    ///
    /// Any [`Problem`]; [`Problem::FilterIgnored`] if tasks came that nobody asked for.
    pub async fn external_tasks(&self, ids: &[ExternalTaskId]) -> Call<Vec<ExternalTask>> {
        let ids: Vec<_> = ids.iter().map(ExternalTaskId::text).collect();
        let parse = |json: &[u8]| pooled(json, wire::ExternalTaskRow::into_external_task);
        self.by_ids(RequestName::ExternalTasksByIds, "externalTaskIdIn", &ids, parse, |task| task.id.text()).await
    }

    /// One external task, none if it is gone (`GET /external-task/{id}`).
    ///
    /// # Errors
    ///
    /// Any [`Problem`] but `NotFound`.
    pub async fn external_task(&self, id: &ExternalTaskId) -> Result<Option<Answer<ExternalTask>>, EngineError> {
        let request = Request::to(RequestName::ExternalTask).id(id.text());
        present(self.object(request, |json| one(json, wire::ExternalTaskRow::into_external_task)).await)
    }

    /// Details of an external task's latest failure, read up to 2 MiB (`GET /external-task/{id}/errorDetails`). Empty if there are none.
    ///
    /// # Errors
    ///
    /// Any [`Problem`]; `NotFound` if the task is gone.
    pub async fn external_task_error_details(&self, id: &ExternalTaskId) -> Call<Excerpt> {
        self.excerpt(Request::to(RequestName::ExternalTaskErrorDetails).id(id.text())).await
    }

    /// Those of these process instances that run (`POST /process-instance`). At most [`MOST_IDS`].
    ///
    /// # Errors
    ///
    /// Any [`Problem`]; [`Problem::FilterIgnored`] if instances came that nobody asked for.
    pub async fn process_instances(&self, ids: &[ProcessInstanceId]) -> Call<Vec<ProcessInstance>> {
        let ids: Vec<_> = ids.iter().map(ProcessInstanceId::text).collect();
        let parse = |json: &[u8]| pooled(json, wire::ProcessInstanceRow::into_process_instance);
        self.by_ids(RequestName::ProcessInstancesByIds, "processInstanceIds", &ids, parse, |instance| instance.id.text()).await
    }

    /// One running process instance, none if it is gone (`GET /process-instance/{id}`).
    ///
    /// # Errors
    ///
    /// Any [`Problem`] but `NotFound`.
    pub async fn process_instance(&self, id: &ProcessInstanceId) -> Result<Option<Answer<ProcessInstance>>, EngineError> {
        let request = Request::to(RequestName::ProcessInstance).id(id.text());
        present(self.object(request, |json| one(json, wire::ProcessInstanceRow::into_process_instance)).await)
    }

    /// One page of process definitions, every version, sorted by id so that pages do not overlap (`GET /process-definition`).
    ///
    /// # Errors
    ///
    /// Any [`Problem`].
    pub async fn process_definitions(&self, page: Page) -> Call<Vec<ProcessDefinition>> {
        let request = page.onto(Request::to(RequestName::ProcessDefinitionList)).query("sortBy", "id").query("sortOrder", "asc");
        self.list(request, |json| pooled(json, wire::ProcessDefinitionRow::into_process_definition)).await
    }

    /// One process definition, none if it is gone or may not be read (`GET /process-definition/{id}`).
    ///
    /// # Errors
    ///
    /// Any [`Problem`] but `NotFound`.
    pub async fn process_definition(&self, id: &ProcessDefinitionId) -> Result<Option<Answer<ProcessDefinition>>, EngineError> {
        let request = Request::to(RequestName::ProcessDefinition).id(id.text());
        present(self.object(request, |json| one(json, wire::ProcessDefinitionRow::into_process_definition)).await)
    }

    /// For how many days the history of a process definition is kept, none where it is not cleaned up; nothing if the definition is gone or may not be
    /// read (`GET /process-definition/{id}`).
    ///
    /// # Errors
    ///
    /// Any [`Problem`] but `NotFound`.
    pub async fn history_time_to_live(&self, id: &ProcessDefinitionId) -> Result<Option<Answer<Option<i64>>>, EngineError> {
        let request = Request::to(RequestName::ProcessDefinition).id(id.text());
        present(self.ask(request, |json| one(json, |row: wire::HistoryTimeToLiveRow, _| row.history_time_to_live)).await)
    }

    /// The diagram of a process definition, exactly as deployed (`GET /process-definition/{id}/xml`).
    ///
    /// # Errors
    ///
    /// Any [`Problem`]; `NotFound` if there is no such definition.
    pub async fn process_definition_xml(&self, id: &ProcessDefinitionId) -> Call<String> {
        let request = Request::to(RequestName::ProcessDefinitionXml).id(id.text());
        self.ask(request, |json| serde_json::from_slice(json).map(|row: wire::XmlRow<'_>| row.bpmn20_xml.0.into_owned())).await
    }

    /// Instances, failed jobs and root incidents of every definition (`GET /process-definition/statistics`). The engine scans its
    /// runtime tables for it: rarely, and with a long time limit.
    ///
    /// # Errors
    ///
    /// Any [`Problem`].
    pub async fn process_statistics(&self) -> Call<Vec<ProcessStatistics>> {
        let request = Request::to(RequestName::ProcessStatistics).query("failedJobs", true).query("rootIncidents", true);
        self.list(request, |json| pooled(json, wire::StatisticsRow::into_statistics)).await
    }

    /// One page of job definitions, sorted by id so that pages do not overlap (`GET /job-definition`).
    ///
    /// # Errors
    ///
    /// Any [`Problem`].
    pub async fn job_definitions(&self, page: Page) -> Call<Vec<JobDefinition>> {
        self.job_definitions_where(&JobDefinitionFilter::default(), page).await
    }

    /// One page of some job definitions, sorted by id so that pages do not overlap (`GET /job-definition`).
    ///
    /// # Errors
    ///
    /// Any [`Problem`].
    pub async fn job_definitions_where(&self, filter: &JobDefinitionFilter, page: Page) -> Call<Vec<JobDefinition>> {
        let request = page.onto(filter.onto(Request::to(RequestName::JobDefinitionList)));
        let request = request.query("sortBy", "jobDefinitionId").query("sortOrder", "asc");
        self.list(request, |json| pooled(json, wire::JobDefinitionRow::into_job_definition)).await
    }

    /// One job definition, none if it is gone or may not be read (`GET /job-definition/{id}`).
    ///
    /// # Errors
    ///
    /// Any [`Problem`] but `NotFound`.
    pub async fn job_definition(&self, id: &JobDefinitionId) -> Result<Option<Answer<JobDefinition>>, EngineError> {
        let request = Request::to(RequestName::JobDefinition).id(id.text());
        present(self.object(request, |json| one(json, wire::JobDefinitionRow::into_job_definition)).await)
    }

    /// One page of deployments with their ids, the oldest first, so that a new one moves no page (`GET /deployment`).
    ///
    /// # Errors
    ///
    /// Any [`Problem`].
    pub async fn deployments(&self, page: Page) -> Call<Vec<(DeploymentId, Deployment)>> {
        let request = page.onto(Request::to(RequestName::DeploymentList)).query("sortBy", "deploymentTime").query("sortOrder", "asc");
        self.list(request, |json| pooled(json, wire::DeploymentRow::into_deployment)).await
    }

    /// One deployment, none if it is gone or may not be read (`GET /deployment/{id}`).
    ///
    /// # Errors
    ///
    /// Any [`Problem`] but `NotFound`.
    pub async fn deployment(&self, id: &DeploymentId) -> Result<Option<Answer<Deployed>>, EngineError> {
        let request = Request::to(RequestName::Deployment).id(id.text());
        present(self.object(request, |json| one(json, past::DeploymentRow::into_deployed)).await)
    }

    /// Reads by ids. An engine that does not know the filter would send everything, and whatever is then missing would look gone.
    ///
    /// Nor may a row that cannot be read make what it stands for look gone: where one is lost and something is missing, nothing is answered.
    async fn by_ids<T: KeepsUnreadable>(
        &self,
        name: RequestName,
        filter: &'static str,
        ids: &[&EngineText],
        parse: impl Fn(&[u8]) -> Parsed<Vec<T>>,
        id_of: impl Fn(&T) -> &EngineText,
    ) -> Call<Vec<T>> {
        debug_assert!(ids.len() <= MOST_IDS, "{} ids at once", ids.len());
        let asked: HashSet<&str> = ids.iter().take(MOST_IDS).map(|id| id.as_wire()).collect();
        if asked.is_empty() {
            return Ok(Answer { data: Vec::new(), elapsed: std::time::Duration::ZERO, bytes: 0, engine_time: None });
        }
        // One row more than asked for, so that an engine that ignores the filter shows itself.
        let page = Page::first(u32::try_from(asked.len() + 1).unwrap_or(Page::MOST));
        let list = asked.iter().copied().collect::<Vec<_>>();
        let request = page.onto(Request::to(name)).body(filter, list.into());
        let delivery_place = self.place_of(&request);
        let answer = self.read_list(request, self.whole(), parse).await?;
        let (missing, lost) = (answer.data.0.len() < asked.len(), answer.data.1.clone());
        if missing && lost.rows > 0 {
            let shape = Stranger::Shape { path: lost.first.as_str().into(), complaint: lost.complaint.as_str().into() };
            return Err(EngineError::new(Some(name), &delivery_place, Problem::NotAnEngine(shape)));
        }
        let answer = answer.map(|(rows, _)| rows);
        if answer.data.iter().any(|row| !asked.contains(id_of(row).as_wire())) {
            return Err(EngineError::new(Some(name), &delivery_place, Problem::FilterIgnored { what: filter }));
        }
        Ok(answer)
    }

    /// Reads plain text; a page or an answer of another type is no stack trace.
    async fn excerpt(&self, request: Request) -> Call<Excerpt> {
        let delivery = self.deliver(&request, Limit::Cut(EXCERPT)).await?;
        let reply = &delivery.reply;
        if reply.content_type.as_deref().is_some_and(|kind| kind.starts_with("text/html")) {
            let stranger: Stranger = fault::stranger(reply);
            return Err(EngineError::new(Some(request.row().name), &delivery.place, Problem::NotAnEngine(stranger)));
        }
        let text = String::from_utf8_lossy(&reply.body);
        let excerpt = Excerpt { text: EngineText::from(text.as_ref()), cut_at: reply.cut.then_some(reply.body.len()) };
        Ok(answer(&delivery, excerpt))
    }
}

fn answer<T>(delivery: &Delivery, data: T) -> Answer<T> {
    Answer { data, elapsed: delivery.elapsed, bytes: delivery.reply.body.len(), engine_time: delivery.engine_time }
}

fn present<T>(call: Call<T>) -> Result<Option<Answer<T>>, EngineError> {
    match call {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if matches!(error.problem(), Problem::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

fn pooled<'a, R: serde::Deserialize<'a>, T>(json: &'a [u8], into: impl Fn(R, &mut Pool) -> T) -> Parsed<Vec<T>> {
    let mut pool = Pool::default();
    wire::rows(json, |row| into(row, &mut pool))
}

fn one<'a, R: serde::Deserialize<'a>, T>(json: &'a [u8], into: impl Fn(R, &mut Pool) -> T) -> Parsed<T> {
    serde_json::from_slice(json).map(|row| into(row, &mut Pool::default()))
}
