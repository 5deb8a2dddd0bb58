//! Answering inquiries: how each becomes a few bounded requests, and what is made of their answers. Used by the background task and by
//! commands that read once.

mod called;
mod cases;
mod engine_work;
mod holdings;
mod past;
mod retrying;
mod suspended;
mod timed;
mod variables;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join, join3};
use futures_util::stream::{StreamExt as _, iter};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::ask::problem;
use crate::engine::{
    Answer, Client, CountQuestion, EngineError, ErrorKind, IncidentFilter, IncidentQuery, IncidentSort, InstanceFilter, InstanceQuery, JobIs, Order, Page,
};
use crate::model::cause::TraceOf;
use crate::model::grouping::KnownIncident;
use crate::model::ids::ProcessInstanceId;
use crate::model::inquiry::{Finding, Inquiry, InstanceFinding, MOST_EXECUTIONS, MOST_INCIDENTS, Tokens};
use crate::model::section::Problem;
use crate::triage::innermost;

/// Requests under way at once for all inquiries together.
pub(super) const AT_ONCE: usize = 4;

/// What inquiries cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Requests sent.
    pub requests: u32,
    /// Sum of the times they took.
    pub elapsed: Duration,
    /// Requests that had no answer an engine gives: too slow, broken off, or in another shape. Each is its own inquiry's problem, and
    /// together they are a reason to doubt the engine.
    pub unanswered: u32,
}

/// Where inquiries are answered: bounds the requests under way and adds up what they cost.
#[derive(Debug)]
pub struct Counter {
    client: Client,
    slots: Semaphore,
    requests: AtomicU32,
    unanswered: AtomicU32,
    nanos: AtomicU64,
}

type Found = Result<Finding, EngineError>;

impl Counter {
    /// A counter that asks this client.
    pub fn new(client: Client) -> Self {
        Self { client, slots: Semaphore::new(AT_ONCE), requests: AtomicU32::new(0), unanswered: AtomicU32::new(0), nanos: AtomicU64::new(0) }
    }

    /// Whom it asks.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// What all inquiries cost so far.
    pub fn spent(&self) -> Spent {
        Spent {
            requests: self.requests.load(Ordering::Relaxed),
            elapsed: Duration::from_nanos(self.nanos.load(Ordering::Relaxed)),
            unanswered: self.unanswered.load(Ordering::Relaxed),
        }
    }

    /// Answers inquiries, some at the same time. What concerns one inquiry alone is its problem, a slow or odd answer included: the others
    /// have theirs.
    ///
    /// # Errors
    ///
    /// What concerns every request: no connection, no login.
    pub async fn answer(&self, inquiries: Vec<Inquiry>) -> Result<Vec<(Inquiry, Result<Finding, Problem>)>, EngineError> {
        self.answer_by(inquiries, None).await
    }

    /// The same, but what is not answered by then is left out.
    ///
    /// # Errors
    ///
    /// As [`Counter::answer`].
    pub async fn answer_by(&self, inquiries: Vec<Inquiry>, until: Option<Instant>) -> Result<Vec<(Inquiry, Result<Finding, Problem>)>, EngineError> {
        // Boxed: the states of all kinds of inquiry side by side would not fit a stack.
        let coming = iter(inquiries).map(|inquiry| async move { (self.answer_one(&inquiry).await, inquiry) }.boxed()).buffer_unordered(AT_ONCE);
        let mut coming = std::pin::pin!(coming);
        let mut answers: Vec<(Found, Inquiry)> = Vec::new();
        loop {
            let next = match until {
                Some(until) => tokio::time::timeout_at(until, coming.next()).await.unwrap_or(None),
                None => coming.next().await,
            };
            let Some(answer) = next else { break };
            answers.push(answer);
        }
        answers
            .into_iter()
            .map(|(found, inquiry)| match found {
                Ok(finding) => Ok((inquiry, Ok(finding))),
                Err(error) if concerns_one(&error) => Ok((inquiry, Err(problem(&error)))),
                Err(error) => Err(error),
            })
            .collect()
    }

    fn answer_one<'a>(&'a self, inquiry: &'a Inquiry) -> BoxFuture<'a, Found> {
        match inquiry {
            Inquiry::Instance(id) => self.instance(id).boxed(),
            Inquiry::Incidents(id) => self.incidents(IncidentFilter { process_instance: Some(id.clone()), ..IncidentFilter::default() }).boxed(),
            Inquiry::Chain(root) => self.incidents(IncidentFilter { root_cause: Some(root.clone()), ..IncidentFilter::default() }).boxed(),
            Inquiry::Called(caller, which, page) => self.called(caller, *which, *page).boxed(),
            Inquiry::Tokens(id) => self.tokens(id).boxed(),
            Inquiry::Past(id, part, page) => self.past(id, *part, *page).boxed(),
            Inquiry::FailureTrace(entry) => self.failure_trace(entry).boxed(),
            Inquiry::Jobs(id) => self.jobs(id, JobIs::Message).boxed(),
            Inquiry::Timers(id) => self.jobs(id, JobIs::Timer).boxed(),
            Inquiry::ExternalTasks(id) => self.external_tasks(id).boxed(),
            Inquiry::UserTasks(id) => self.user_tasks(id).boxed(),
            Inquiry::CalledCount(id) => self.called_count(id).boxed(),
            Inquiry::PastIncidents(id) => self.past_incidents(id).boxed(),
            Inquiry::Variables(ask) => self.variables(ask).boxed(),
            Inquiry::Suspended => self.suspended().boxed(),
            Inquiry::Retrying => self.retrying().boxed(),
            Inquiry::SuspendedCount => self.suspended_count().boxed(),
            Inquiry::HeldJobs(id) => self.held_jobs(id).boxed(),
            Inquiry::Batch(id) => self.batch(id).boxed(),
            Inquiry::JobHandler(id) => self.job_handler(id).boxed(),
            Inquiry::Cause(of) => self.cause(of).boxed(),
        }
    }

    /// Sends one request as soon as there is room for it.
    pub(super) async fn one<T>(&self, call: impl Future<Output = Result<Answer<T>, EngineError>> + Send) -> Result<T, EngineError> {
        self.sent(call.boxed(), |answer| Some(answer.elapsed)).await.map(|answer| answer.data)
    }

    /// The same for what may be gone.
    pub(super) async fn maybe<T>(&self, call: impl Future<Output = Result<Option<Answer<T>>, EngineError>> + Send) -> Result<Option<T>, EngineError> {
        self.sent(call.boxed(), |answer| answer.as_ref().map(|answer| answer.elapsed)).await.map(|answer| answer.map(|answer| answer.data))
    }

    pub(super) async fn sent<T>(&self, call: BoxFuture<'_, Result<T, EngineError>>, took: impl Fn(&T) -> Option<Duration>) -> Result<T, EngineError> {
        // The semaphore is never closed.
        let _slot = self.slots.acquire().await;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut clock = Clock { nanos: &self.nanos, begun: std::time::Instant::now(), took: None };
        let answer = call.await;
        clock.took = answer.as_ref().ok().and_then(took);
        if answer.as_ref().is_err_and(|error| is_no_answer(error.kind())) {
            self.unanswered.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }

    /// The trace is read, and only what it names is kept: it may be megabytes.
    async fn cause(&self, of: &TraceOf) -> Found {
        let trace = match of {
            TraceOf::Job(id) => self.one(self.client.job_stacktrace(id)).await,
            TraceOf::ExternalTask(id) => self.one(self.client.external_task_error_details(id)).await,
        };
        match trace {
            Ok(excerpt) => Ok(Finding::Cause(innermost(excerpt.text.as_wire()).map(Box::new))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Finding::Cause(None)),
            Err(error) => Err(error),
        }
    }

    async fn instance(&self, id: &ProcessInstanceId) -> Found {
        let caller = InstanceQuery { filter: InstanceFilter { calls: Some(id.clone()), ..InstanceFilter::default() }, order: None, page: Page::first(1) };
        let (running, past, callers) = join3(
            self.maybe(self.client.process_instance(id)),
            self.maybe(self.client.historic_process_instance(id)),
            self.one(self.client.process_instances_where(&caller)),
        )
        .await;
        let past = alone(past)?;
        let by_history = past.as_ref().ok().and_then(Option::as_ref).and_then(|past| past.caller.clone());
        let caller = callers?.into_iter().next().map(|row| row.id).or(by_history);
        let running = running?;
        let cases = match &caller {
            Some(_) => None,
            None => self.cases_above(id, running.as_ref(), past.as_ref().ok().and_then(Option::as_ref)).await?,
        };
        Ok(Finding::Instance(Box::new(InstanceFinding { running, past, caller, cases })))
    }

    async fn incidents(&self, filter: IncidentFilter) -> Found {
        let query = IncidentQuery { filter, sort: Some((IncidentSort::Created, Order::Descending)), page: Page::first(MOST_INCIDENTS) };
        let rows = self.one(self.client.incidents(&query)).await?;
        Ok(Finding::Incidents(rows.into_iter().map(KnownIncident::of).collect()))
    }

    async fn tokens(&self, id: &ProcessInstanceId) -> Found {
        let executions = self.one(self.client.count(&CountQuestion::Executions { process_instance: id.clone() })).await?;
        Ok(Finding::Tokens(match executions {
            0 => Tokens::Gone,
            many if many > MOST_EXECUTIONS => Tokens::TooMany(many),
            _ => match self.maybe(self.client.activity_instances(id)).await? {
                Some(tree) => Tokens::At(tree.tokens()),
                None => Tokens::Gone,
            },
        }))
    }

    /// Two questions at the same time.
    pub(super) async fn both<A, B>(
        &self,
        first: impl Future<Output = Result<Answer<A>, EngineError>> + Send,
        second: impl Future<Output = Result<Answer<B>, EngineError>> + Send,
    ) -> (Result<A, EngineError>, Result<B, EngineError>) {
        join(self.one(first), self.one(second)).await
    }
}

/// Adds up how long a request took, one that is dropped midway included.
struct Clock<'a> {
    nanos: &'a AtomicU64,
    begun: std::time::Instant,
    /// What the answer tells: unlike the time since it began, without the wait for other requests of this program.
    took: Option<Duration>,
}

impl Drop for Clock<'_> {
    fn drop(&mut self) {
        let took = self.took.unwrap_or_else(|| self.begun.elapsed());
        self.nanos.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// Whether an engine had no time for an answer.
pub(super) fn is_too_slow(error: &EngineError) -> bool {
    error.kind() == ErrorKind::TooSlow
}

/// A problem that concerns one question alone becomes a part of its finding.
pub(super) fn alone<T>(result: Result<T, EngineError>) -> Result<Result<T, Problem>, EngineError> {
    match result {
        Ok(data) => Ok(Ok(data)),
        Err(error) if concerns_one(&error) => Ok(Err(problem(&error))),
        Err(error) => Err(error),
    }
}

/// Whether other requests may succeed all the same: neither login nor connection is to blame.
pub(crate) fn concerns_one(error: &EngineError) -> bool {
    use ErrorKind::{Engine, Fault, Forbidden, NotFound, TooLarge, Unsupported};
    matches!(error.kind(), Forbidden | NotFound | Unsupported | Engine | Fault | TooLarge) || is_no_answer(error.kind())
}

/// Whether a connection was there, and no answer of an engine came over it.
fn is_no_answer(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::TooSlow | ErrorKind::CutOff | ErrorKind::NotAnEngine)
}
