//! JSON as the engine sends it, and its conversion into the model. Nothing outside `engine` sees these types.
//!
//! Rows borrow from the bytes and are converted one at a time, so a page of thousands costs its bytes and its result, nothing
//! between. Texts that repeat within a page share their storage. Unknown fields, nulls and absent optional fields are tolerated.

pub(super) mod activity_tree;
pub(super) mod batch;
pub(super) mod cases;
mod deployment;
pub(super) mod history;
pub(super) mod instance;
pub(super) mod lenient;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use crate::model::definition::{ProcessDefinition, ProcessInstance};
use crate::model::external_task::ExternalTask;
use crate::model::history::{HistoricIncident, IncidentState};
use crate::model::incident::Incident;
use crate::model::job::{Job, JobDefinition};
use crate::model::statistics::{IncidentTally, ProcessStatistics};
use crate::model::unreadable::Unreadable;
use crate::text::EngineText;

pub(super) use self::deployment::DeploymentRow;

/// A moment as the engine wants it: milliseconds, no colon in the offset, no `Z`.
pub(super) fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3f%z").to_string()
}

/// A moment as the engine sends it (`2013-01-23T14:42:45.000+0200`); `Z` and missing milliseconds are tolerated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Date(pub(super) Timestamp);

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Parsed within the visitor, so that an error is placed at the string and not behind the object that holds it.
        struct Moment;
        impl Visitor<'_> for Moment {
            type Value = Date;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date such as 2013-01-23T14:42:45.000+0200")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Date, E> {
                text.parse().map(Date).map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Moment)
    }
}

/// A string that borrows from the answer where it has no escapes.
#[derive(Debug)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowing<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Borrowing<'a> {
            type Value = Text<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrowing(PhantomData))
    }
}

impl Text<'_> {
    pub(super) fn own(&self) -> EngineText {
        EngineText::from(bounded(&self.0).as_ref())
    }
}

/// The most bytes of one text of a row that are kept. The engine's own columns hold 4,000 characters at most; what is longer is no engine's,
/// or a message that only its beginning and its end are looked at.
const MOST_TEXT: usize = 16 * 1024;

/// The beginning and the end of a text that is too long to be kept, where the innermost cause stands.
fn bounded(text: &str) -> Cow<'_, str> {
    if text.len() <= MOST_TEXT {
        return Cow::Borrowed(text);
    }
    let (begin, end) = (text.floor_char_boundary(MOST_TEXT * 3 / 4), text.ceil_char_boundary(text.len() - MOST_TEXT / 8));
    Cow::Owned(format!("{}\n\u{2026} {} bytes left out \u{2026}\n{}", &text[..begin], end - begin, &text[end..]))
}

/// Storage shared by the equal texts of one answer.
#[derive(Default)]
pub(super) struct Pool(HashSet<Arc<str>>);

impl Pool {
    fn share(&mut self, text: &Text<'_>) -> EngineText {
        let text = bounded(&text.0);
        if let Some(known) = self.0.get(text.as_ref()) {
            return EngineText::new(Arc::clone(known));
        }
        let fresh: Arc<str> = Arc::from(text.as_ref());
        self.0.insert(Arc::clone(&fresh));
        EngineText::new(fresh)
    }

    fn id<T: From<EngineText>>(&mut self, text: &Option<Text<'_>>) -> Option<T> {
        text.as_ref().map(|text| T::from(self.share(text)))
    }
}

/// Reads a JSON array, turning each row into `T` as it is parsed.
pub(super) fn rows<'a, R: Deserialize<'a>, T>(bytes: &'a [u8], convert: impl FnMut(R) -> T) -> Result<Vec<T>, serde_json::Error> {
    struct Rows<R, F>(F, PhantomData<R>);
    impl<'de, R: Deserialize<'de>, T, F: FnMut(R) -> T> Visitor<'de> for Rows<R, F> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(row) = list.next_element()? {
                all.push(self.0(row));
            }
            Ok(all)
        }
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let all = json.deserialize_seq(Rows(convert, PhantomData))?;
    json.end()?;
    Ok(all)
}

#[derive(serde::Deserialize)]
#[serde(expecting = "a count")]
pub(super) struct CountRow {
    pub(super) count: u64,
}

#[derive(serde::Deserialize)]
#[serde(expecting = "a version", bound(deserialize = "'de: 'a"))]
pub(super) struct VersionRow<'a> {
    pub(super) version: Text<'a>,
}

#[derive(serde::Deserialize)]
#[serde(expecting = "an engine", bound(deserialize = "'de: 'a"))]
pub(super) struct EngineRow<'a> {
    pub(super) name: Text<'a>,
}

#[derive(serde::Deserialize)]
#[serde(expecting = "an authorization")]
pub(super) struct AuthorizedRow {
    pub(super) authorized: bool,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a diagram", bound(deserialize = "'de: 'a"))]
pub(super) struct XmlRow<'a> {
    pub(super) bpmn20_xml: Text<'a>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an incident", bound(deserialize = "'de: 'a"))]
pub(super) struct IncidentRow<'a> {
    id: Text<'a>,
    incident_type: Text<'a>,
    #[serde(alias = "createTime")]
    incident_timestamp: Date,
    process_definition_id: Option<Text<'a>>,
    process_instance_id: Option<Text<'a>>,
    execution_id: Option<Text<'a>>,
    activity_id: Option<Text<'a>>,
    failed_activity_id: Option<Text<'a>>,
    cause_incident_id: Option<Text<'a>>,
    root_cause_incident_id: Option<Text<'a>>,
    configuration: Option<Text<'a>>,
    incident_message: Option<Text<'a>>,
    tenant_id: Option<Text<'a>>,
    job_definition_id: Option<Text<'a>>,
    annotation: Option<Text<'a>>,
    // Of the history only.
    end_time: Option<Date>,
    process_definition_key: Option<Text<'a>>,
    root_process_instance_id: Option<Text<'a>>,
    resolved: Option<bool>,
    deleted: Option<bool>,
}

impl IncidentRow<'_> {
    pub(super) fn into_incident(self, pool: &mut Pool) -> Incident {
        self.incident(pool)
    }

    fn incident(&self, pool: &mut Pool) -> Incident {
        // The pool makes a root's id, cause and root cause one allocation, and a chain's root id too.
        Incident {
            id: pool.share(&self.id).into(),
            kind: pool.share(&self.incident_type),
            process_definition: pool.id(&self.process_definition_id),
            process_instance: pool.id(&self.process_instance_id),
            execution: pool.id(&self.execution_id),
            activity: pool.id(&self.activity_id),
            failed_activity: pool.id(&self.failed_activity_id),
            cause: pool.id(&self.cause_incident_id),
            root_cause: pool.id(&self.root_cause_incident_id),
            configuration: pool.id(&self.configuration),
            message: pool.id(&self.incident_message),
            tenant: pool.id(&self.tenant_id),
            job_definition: pool.id(&self.job_definition_id),
            annotation: pool.id(&self.annotation),
            created: self.incident_timestamp.0,
        }
    }

    pub(super) fn into_historic(self, pool: &mut Pool) -> HistoricIncident {
        let state = match (self.deleted, self.resolved, &self.end_time) {
            (Some(true), ..) => IncidentState::Deleted,
            (_, Some(true), _) | (_, _, Some(_)) => IncidentState::Resolved,
            _ => IncidentState::Open,
        };
        HistoricIncident {
            incident: self.incident(pool),
            state,
            ended: self.end_time.map(|date| date.0),
            process_key: pool.id(&self.process_definition_key),
            root_process_instance: pool.id(&self.root_process_instance_id),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a job", bound(deserialize = "'de: 'a"))]
pub(super) struct JobRow<'a> {
    id: Text<'a>,
    job_definition_id: Option<Text<'a>>,
    process_instance_id: Option<Text<'a>>,
    process_definition_id: Option<Text<'a>>,
    process_definition_key: Option<Text<'a>>,
    execution_id: Option<Text<'a>>,
    exception_message: Option<Text<'a>>,
    failed_activity_id: Option<Text<'a>>,
    retries: i64,
    due_date: Option<Date>,
    suspended: Option<bool>,
    priority: Option<i64>,
    tenant_id: Option<Text<'a>>,
    create_time: Option<Date>,
}

impl JobRow<'_> {
    pub(super) fn into_job(self, pool: &mut Pool) -> Job {
        Job {
            id: pool.share(&self.id).into(),
            job_definition: pool.id(&self.job_definition_id),
            process_instance: pool.id(&self.process_instance_id),
            process_definition: pool.id(&self.process_definition_id),
            process_key: pool.id(&self.process_definition_key),
            execution: pool.id(&self.execution_id),
            exception_message: pool.id(&self.exception_message),
            failed_activity: pool.id(&self.failed_activity_id),
            retries: self.retries,
            due: self.due_date.map(|date| date.0),
            suspended: self.suspended.unwrap_or(false),
            priority: self.priority.unwrap_or(0),
            tenant: pool.id(&self.tenant_id),
            created: self.create_time.map(|date| date.0),
            unreadable: Unreadable::default(),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a job definition", bound(deserialize = "'de: 'a"))]
pub(super) struct JobDefinitionRow<'a> {
    id: Text<'a>,
    process_definition_id: Option<Text<'a>>,
    process_definition_key: Option<Text<'a>>,
    job_type: Text<'a>,
    job_configuration: Option<Text<'a>>,
    activity_id: Option<Text<'a>>,
    suspended: Option<bool>,
    overriding_job_priority: Option<i64>,
    tenant_id: Option<Text<'a>>,
    deployment_id: Option<Text<'a>>,
}

impl JobDefinitionRow<'_> {
    pub(super) fn into_job_definition(self, pool: &mut Pool) -> JobDefinition {
        JobDefinition {
            id: pool.share(&self.id).into(),
            process_definition: pool.id(&self.process_definition_id),
            process_key: pool.id(&self.process_definition_key),
            job_type: pool.share(&self.job_type),
            configuration: pool.id(&self.job_configuration),
            activity: pool.id(&self.activity_id),
            suspended: self.suspended.unwrap_or(false),
            overriding_priority: self.overriding_job_priority,
            tenant: pool.id(&self.tenant_id),
            deployment: pool.id(&self.deployment_id),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an external task", bound(deserialize = "'de: 'a"))]
pub(super) struct ExternalTaskRow<'a> {
    id: Text<'a>,
    activity_id: Option<Text<'a>>,
    error_message: Option<Text<'a>>,
    execution_id: Option<Text<'a>>,
    lock_expiration_time: Option<Date>,
    process_definition_id: Option<Text<'a>>,
    process_definition_key: Option<Text<'a>>,
    process_instance_id: Option<Text<'a>>,
    retries: Option<i64>,
    suspended: Option<bool>,
    worker_id: Option<Text<'a>>,
    topic_name: Text<'a>,
    tenant_id: Option<Text<'a>>,
    priority: Option<i64>,
    business_key: Option<Text<'a>>,
}

impl ExternalTaskRow<'_> {
    pub(super) fn into_external_task(self, pool: &mut Pool) -> ExternalTask {
        ExternalTask {
            id: pool.share(&self.id).into(),
            activity: pool.id(&self.activity_id),
            error_message: pool.id(&self.error_message),
            execution: pool.id(&self.execution_id),
            lock_expires: self.lock_expiration_time.map(|date| date.0),
            process_definition: pool.id(&self.process_definition_id),
            process_key: pool.id(&self.process_definition_key),
            process_instance: pool.id(&self.process_instance_id),
            retries: self.retries,
            suspended: self.suspended.unwrap_or(false),
            worker: pool.id(&self.worker_id),
            topic: pool.share(&self.topic_name),
            tenant: pool.id(&self.tenant_id),
            priority: self.priority.unwrap_or(0),
            business_key: pool.id(&self.business_key),
            unreadable: Unreadable::default(),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a process instance", bound(deserialize = "'de: 'a"))]
pub(super) struct ProcessInstanceRow<'a> {
    id: Text<'a>,
    definition_id: Text<'a>,
    business_key: Option<Text<'a>>,
    suspended: Option<bool>,
    tenant_id: Option<Text<'a>>,
    case_instance_id: Option<Text<'a>>,
}

impl ProcessInstanceRow<'_> {
    pub(super) fn into_process_instance(self, pool: &mut Pool) -> ProcessInstance {
        ProcessInstance {
            id: pool.share(&self.id).into(),
            definition: pool.share(&self.definition_id).into(),
            business_key: pool.id(&self.business_key),
            suspended: self.suspended.unwrap_or(false),
            tenant: pool.id(&self.tenant_id),
            case: pool.id(&self.case_instance_id),
        }
    }
}

/// Of a process definition, for how many days its history is kept.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a process definition")]
pub(super) struct HistoryTimeToLiveRow {
    pub(super) history_time_to_live: Option<i64>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a process definition", bound(deserialize = "'de: 'a"))]
pub(super) struct ProcessDefinitionRow<'a> {
    id: Text<'a>,
    key: Text<'a>,
    name: Option<Text<'a>>,
    version: i64,
    version_tag: Option<Text<'a>>,
    deployment_id: Option<Text<'a>>,
    suspended: Option<bool>,
    tenant_id: Option<Text<'a>>,
    category: Option<Text<'a>>,
}

impl ProcessDefinitionRow<'_> {
    pub(super) fn into_process_definition(self, pool: &mut Pool) -> ProcessDefinition {
        ProcessDefinition {
            id: pool.share(&self.id).into(),
            key: pool.share(&self.key).into(),
            name: pool.id(&self.name),
            version: self.version,
            version_tag: pool.id(&self.version_tag),
            deployment: pool.id(&self.deployment_id),
            suspended: self.suspended.unwrap_or(false),
            tenant: pool.id(&self.tenant_id),
            category: pool.id(&self.category),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "statistics of a process", bound(deserialize = "'de: 'a"))]
pub(super) struct StatisticsRow<'a> {
    instances: u64,
    failed_jobs: u64,
    incidents: Option<Vec<TallyRow<'a>>>,
    definition: ProcessDefinitionRow<'a>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a count of incidents", bound(deserialize = "'de: 'a"))]
struct TallyRow<'a> {
    incident_type: Text<'a>,
    incident_count: u64,
}

impl StatisticsRow<'_> {
    pub(super) fn into_statistics(self, pool: &mut Pool) -> ProcessStatistics {
        let tallies = self.incidents.unwrap_or_default();
        ProcessStatistics {
            definition: self.definition.into_process_definition(pool),
            instances: self.instances,
            failed_jobs: self.failed_jobs,
            root_incidents: tallies.iter().map(|row| IncidentTally { kind: pool.share(&row.incident_type), count: row.incident_count }).collect(),
        }
    }
}

/// An error as the engine words it (`{"type","message","code"}`), with what a 403 adds.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Complaint {
    #[serde(rename = "type")]
    pub(super) kind: Option<EngineText>,
    pub(super) message: Option<EngineText>,
    pub(super) code: Option<i64>,
    pub(super) user_id: Option<EngineText>,
    pub(super) missing_authorizations: Option<Vec<Missing>>,
}

/// One alternative that a 403 names.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Missing {
    pub(super) permission_name: Option<EngineText>,
    pub(super) resource_name: Option<EngineText>,
    pub(super) resource_id: Option<EngineText>,
}

pub(super) mod past;
#[cfg(test)]
mod tests;
