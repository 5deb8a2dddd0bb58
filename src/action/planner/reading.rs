//! Bounded reads for a plan: how answers and failures come back, and how things are called.

use std::collections::{HashMap, HashSet};
use std::future::Future;

use futures_util::FutureExt as _;
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use jiff::Timestamp;

use super::{Asking, Draft};
use crate::action::plan::{Unavailable, Weight};
use crate::action::target::{Subject, Target};
use crate::engine::{
    Answer, Client, CountQuestion, EngineError, ErrorKind, ExternalTaskFilter, ExternalTaskIs, InstanceFilter, InstanceQuery, JobFilter, JobIs, MOST_IDS, Page,
    Since,
};
use crate::model::definition::ProcessInstance;
use crate::model::external_task::ExternalTask;
use crate::model::grouping::Names as _;
use crate::model::ids::{ActivityId, ExternalTaskId, JobId, ProcessDefinitionId, ProcessInstanceId, ProcessKey};
use crate::model::incident::Incident;
use crate::model::job::{Job, JobDefinition};
use crate::model::naming;
use crate::model::rights::Right;
use crate::model::section::Moment;
use crate::model::suspension::TimedSuspension;
use crate::poll::inquire::{self, Counter};
use crate::text::EngineText;
pub(super) use crate::text::plural;

/// Requests under way at once for one plan.
pub(super) const AT_ONCE: usize = 3;

/// Instances without a business key whose callers are asked for one.
const KEYLESS: usize = 10;

/// How far up callers are asked for a business key.
const HIGHEST: usize = 5;

/// From this engine on, locks of executors can be counted and trees of calls be asked for as a whole.
const ACQUIRED: Since = Since::camunda7(24);

type Read<T> = Result<T, Unavailable>;

/// What a plan reads with.
pub(super) struct Reading<'a> {
    pub(super) client: &'a Client,
    pub(super) asking: &'a Asking,
}

impl<'a> Reading<'a> {
    pub(super) fn new(client: &'a Client, asking: &'a Asking) -> Self {
        Self { client, asking }
    }

    /// What must be read for there to be a plan.
    pub(super) async fn must<T>(&self, call: impl Future<Output = Result<Answer<T>, EngineError>> + Send) -> Read<T> {
        call.boxed().await.map(|answer| answer.data).map_err(|error| refused(&error))
    }

    /// What may be gone.
    pub(super) async fn maybe<T>(&self, call: impl Future<Output = Result<Option<Answer<T>>, EngineError>> + Send) -> Read<Option<T>> {
        call.boxed().await.map(|answer| answer.map(|answer| answer.data)).map_err(|error| refused(&error))
    }

    /// What the plan is sound without: where it cannot be read, the plan says so.
    pub(super) async fn wish<T>(&self, draft: &mut Draft, what: &str, call: impl Future<Output = Result<Answer<T>, EngineError>> + Send) -> Read<Option<T>> {
        match call.boxed().await {
            Ok(answer) => Ok(Some(answer.data)),
            Err(error) if concerns_one(&error) => {
                draft.warn(Weight::Note, format!("not known: {what}: {error}"));
                Ok(None)
            }
            Err(error) => Err(refused(&error)),
        }
    }

    /// A count that the plan is sound without.
    pub(super) async fn count(&self, draft: &mut Draft, what: &str, question: CountQuestion) -> Read<Option<u64>> {
        self.wish(draft, what, self.client.count(&question)).await
    }

    /// The engine's clock now.
    pub(super) fn engine_now(&self) -> Timestamp {
        self.asking.picture.engine.engine_time(Moment::now())
    }

    /// Whether the engine is one of 7.24 or newer.
    pub(super) fn tells_acquired(&self) -> bool {
        self.client.known_version().is_some_and(|version| version.has(ACQUIRED))
    }

    /// Whether an empty answer may only mean that this login may not look.
    pub(super) fn may_be_blind(&self) -> bool {
        self.asking.picture.rights.get().and_then(|rights| rights.has(Right::ReadInstances)) == Some(false)
    }

    /// The same where a plan depends on it: whoever asks before the rights of the login were read has them asked for. What the engine does not
    /// tell is taken for no.
    pub(super) async fn is_blind(&self) -> bool {
        let known = self.asking.picture.rights.get().and_then(|rights| rights.has(Right::ReadInstances));
        let sees_all = match known {
            Some(sees_all) => sees_all,
            None => self.client.may(Right::ReadInstances).boxed().await.is_ok_and(|answer| answer.data),
        };
        !sees_all
    }

    /// Why something that was asked for did not come.
    pub(super) fn why_gone(&self) -> &'static str {
        if self.may_be_blind() { "gone, or this login may not see it" } else { "gone: it was done or cancelled meanwhile" }
    }

    /// Those of these jobs that exist.
    pub(super) async fn jobs(&self, ids: &[JobId]) -> Read<HashMap<JobId, Job>> {
        let pages = iter(ids.chunks(MOST_IDS).map(<[JobId]>::to_vec)).map(|ids| async move { self.must(self.client.jobs(&ids)).await }.boxed());
        let rows: Vec<Vec<Job>> = pages.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(rows.into_iter().flatten().map(|job| (job.id.clone(), job)).collect())
    }

    /// Those of these external tasks that exist.
    pub(super) async fn tasks(&self, ids: &[ExternalTaskId]) -> Read<HashMap<ExternalTaskId, ExternalTask>> {
        let pages =
            iter(ids.chunks(MOST_IDS).map(<[ExternalTaskId]>::to_vec)).map(|ids| async move { self.must(self.client.external_tasks(&ids)).await }.boxed());
        let rows: Vec<Vec<ExternalTask>> = pages.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(rows.into_iter().flatten().map(|task| (task.id.clone(), task)).collect())
    }

    /// Those of these instances that run.
    pub(super) async fn instances(&self, ids: &[ProcessInstanceId]) -> Read<HashMap<ProcessInstanceId, ProcessInstance>> {
        let ids: Vec<ProcessInstanceId> = ids.iter().collect::<HashSet<_>>().into_iter().cloned().collect();
        let pages = iter(ids.chunks(MOST_IDS).map(<[ProcessInstanceId]>::to_vec));
        let pages = pages.map(|ids| async move { self.must(self.client.process_instances(&ids)).await }.boxed());
        let rows: Vec<Vec<ProcessInstance>> = pages.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(rows.into_iter().flatten().map(|instance| (instance.id.clone(), instance)).collect())
    }

    /// The instance that called this one.
    pub(super) async fn caller(&self, of: &ProcessInstanceId) -> Read<Option<ProcessInstance>> {
        let filter = InstanceFilter { calls: Some(of.clone()), ..InstanceFilter::default() };
        let query = InstanceQuery { filter, order: None, page: Page::first(1) };
        Ok(self.must(self.client.process_instances_where(&query)).await?.into_iter().next())
    }

    /// Business keys of instances; of a few that have none, that of the nearest caller that has one.
    pub(super) async fn business_keys(&self, instances: &HashMap<ProcessInstanceId, ProcessInstance>) -> Read<HashMap<ProcessInstanceId, EngineText>> {
        let own = instances.values().filter_map(|instance| Some((instance.id.clone(), instance.business_key.clone()?)));
        let mut keys: HashMap<ProcessInstanceId, EngineText> = own.collect();
        for instance in instances.values().filter(|instance| instance.business_key.is_none()).take(KEYLESS) {
            let mut at = instance.id.clone();
            for _ in 0..HIGHEST {
                let Some(caller) = self.caller(&at).await? else { break };
                if let Some(key) = caller.business_key {
                    keys.insert(instance.id.clone(), key);
                    break;
                }
                at = caller.id;
            }
        }
        Ok(keys)
    }

    /// `fraud-check v3 · Score customer`, as far as it is known.
    pub(super) fn label(&self, definition: Option<&ProcessDefinitionId>, activity: Option<&ActivityId>) -> String {
        let names = self.asking.picture.names();
        let tenant = |id: &ProcessDefinitionId| names.definitions.and_then(|known| known.by_id.get(id)?.tenant.as_ref().map(|tenant| format!(" @{tenant}")));
        let process = definition.map(|id| {
            let version = names.version(id).map(|version| format!(" v{version}")).unwrap_or_default();
            format!("{}{version}{}", names.process_key(id), tenant(id).unwrap_or_default())
        });
        let activity = activity.map(|activity| naming::activity(&names, definition, activity));
        [process, activity].into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// Where the work of an incident stands and, if that is another activity, where it failed.
    pub(super) fn label_of(&self, incident: &Incident) -> String {
        let label = self.label(incident.process_definition.as_ref(), incident.activity.as_ref());
        match incident.failed_elsewhere() {
            Some(failed) => format!("{label}, failed at {}", naming::failed_at(&self.asking.picture.names(), incident.process_definition.as_ref(), failed)),
            None => label,
        }
    }

    /// The activity at which a job stands, by its job definition; where that is not known, the one that failed last.
    pub(super) fn stands_at<'j>(&'j self, job: &'j Job) -> Option<&'j ActivityId> {
        let known = self.asking.picture.job_definitions.get();
        let definition = job.job_definition.as_ref().and_then(|id| known?.iter().find(|row| row.id == *id));
        definition.and_then(|definition| definition.activity.as_ref()).or(job.failed_activity.as_ref())
    }

    pub(super) fn version(&self, definition: Option<&ProcessDefinitionId>) -> Option<i64> {
        self.asking.picture.names().version(definition?)
    }

    pub(super) fn key(&self, definition: &ProcessDefinitionId) -> ProcessKey {
        self.asking.picture.names().process_key(definition)
    }

    /// An instance as a target.
    pub(super) fn instance_target(&self, instance: ProcessInstance, key: Option<EngineText>) -> Target {
        Target {
            label: self.label(Some(&instance.definition), None),
            business_key: instance.business_key.clone().or(key),
            version: self.version(Some(&instance.definition)),
            subject: Subject::Instance(instance.into()),
        }
    }

    /// A job definition as a target.
    pub(super) fn definition_target(&self, definition: JobDefinition) -> Target {
        let label = self.label(definition.process_definition.as_ref(), definition.activity.as_ref());
        let kind = match definition.job_type.as_wire() {
            "async-continuation" => String::new(),
            other => format!(" ({})", EngineText::from(other)),
        };
        let version = self.version(definition.process_definition.as_ref());
        Target { label: format!("{label}{kind}"), business_key: None, version, subject: Subject::JobDefinition(definition.into()) }
    }

    /// A job as a target.
    pub(super) fn job_target(&self, job: Job, activity: Option<&ActivityId>, key: Option<EngineText>) -> Target {
        let activity = activity.or_else(|| self.stands_at(&job));
        Target {
            label: self.label(job.process_definition.as_ref(), activity),
            business_key: key,
            version: self.version(job.process_definition.as_ref()),
            subject: Subject::Job { job: job.into(), incident: None },
        }
    }

    /// Jobs of an instance that an executor runs at this moment; none where the engine cannot tell (before 7.24).
    pub(super) async fn running_jobs(&self, draft: &mut Draft, instance: &ProcessInstanceId) -> Read<Option<u64>> {
        if !self.tells_acquired() {
            return Ok(None);
        }
        let filter = JobFilter { is: vec![JobIs::Acquired], process_instance: Some(instance.clone()), ..JobFilter::default() };
        self.count(draft, "jobs that run at this moment", CountQuestion::Jobs(filter)).await
    }

    /// External tasks of an instance that are locked at this moment: a worker holds them, or they wait for their next attempt.
    pub(super) async fn locked_tasks(&self, draft: &mut Draft, instance: &ProcessInstanceId) -> Read<Option<u64>> {
        let filter = ExternalTaskFilter {
            is: vec![ExternalTaskIs::Locked, ExternalTaskIs::WithRetriesLeft],
            process_instance: Some(instance.clone()),
            ..ExternalTaskFilter::default()
        };
        self.count(draft, "locked external tasks", CountQuestion::ExternalTasks(filter)).await
    }
}

/// Why there is no plan for what could not be read.
pub(super) fn unreadable(why: String) -> Unavailable {
    unavailable(why, "give it a value that can be read over REST, such as PUT /job/{id}/duedate, and plan again")
}

/// A failure in the words of the operator.
pub(super) fn refused(error: &EngineError) -> Unavailable {
    Unavailable { why: error.to_string(), remedy: error.remedy().to_owned() }
}

/// What the engine is to suspend or resume later.
pub(super) async fn timed(client: &Client) -> Result<Vec<TimedSuspension>, Unavailable> {
    Counter::new(client.clone()).timed().boxed().await.map_err(|error| refused(&error))
}

/// Whether a plan may be sound without the answer: other requests may succeed all the same, and it is no fault of the program.
pub(super) fn concerns_one(error: &EngineError) -> bool {
    error.kind() != ErrorKind::Fault && inquire::concerns_one(error)
}

/// Why there is no plan, in fixed words.
pub(super) fn unavailable(why: impl Into<String>, remedy: impl Into<String>) -> Unavailable {
    Unavailable { why: why.into(), remedy: remedy.into() }
}
