//! Searching for what somebody knows of: a business key, an id, an activity, a message. What a text is tried as, and what came back.
//!
//! What the picture holds already is searched where the results are shown, in [`results`](crate::app::pages::results).

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::external_task::ExternalTask;
use super::grouping::KnownIncident;
use super::history::{HistoricIncident, HistoricInstance};
use super::ids::{ActivityId, ExternalTaskId, IncidentId, JobId, ProcessDefinitionId, ProcessInstanceId, ProcessKey, TenantId, UserTaskId};
use super::inquiry::Standing;
use super::job::Job;
use super::section::{Moment, Problem};
use super::user_task::UserTask;
use crate::text::EngineText;

/// Rows of one list that are read at once.
pub const FOUND_PAGE: u32 = 50;

/// Characters of the longest id an engine keeps (`ID_ varchar(64)` in all its tables).
const LONGEST_ID: usize = 64;

/// Words that stand where an id would in a path: the engine would answer another question.
const WORDS_OF_PATHS: [&str; 6] = ["count", "report", "topic-names", "statistics", ".", ".."];

/// The text that is looked for: one line without blanks around it, never empty.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Needle(EngineText);

impl Needle {
    /// What was typed or pasted: its first line. None if nothing is left of it.
    pub fn typed(text: &str) -> Option<Self> {
        let line = text.lines().next()?.trim();
        (!line.is_empty()).then(|| Self(line.into()))
    }

    /// The exact text.
    pub fn text(&self) -> &EngineText {
        &self.0
    }

    /// Whether it may be an id of anything. Slashes and percent signs are in no id, and servers refuse them in a path.
    pub fn may_be_id(&self) -> bool {
        let text = self.0.as_wire();
        let strange = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '\\' | '%' | ';' | '?' | '#');
        text.chars().count() <= LONGEST_ID && !text.contains(strange) && !WORDS_OF_PATHS.contains(&text)
    }

    /// Whether it may be the id of an activity in a diagram, which is a name of XML. Ids the engine makes do not count.
    pub fn may_be_activity(&self) -> bool {
        let text = self.0.as_wire();
        let begins = text.starts_with(|c: char| c.is_alphabetic() || c == '_');
        begins && !is_uuid(text) && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '#'))
    }
}

impl fmt::Display for Needle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Needle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Needle({:?})", self.0)
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.char_indices().all(|(at, c)| if matches!(at, 8 | 13 | 18 | 23) { c == '-' } else { c.is_ascii_hexdigit() })
}

/// How a business key must fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fit {
    /// It is the text.
    Whole,
    /// It begins with the text.
    Begins,
    /// It contains the text.
    Contains,
}

/// Where the text is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Business keys of running instances.
    Running(Fit),
    /// Business keys of finished instances.
    Finished(Fit),
    /// The id of an instance, running or ended.
    Instance,
    /// The id of an incident, open or ended.
    Incident,
    /// The id of a job.
    Job,
    /// The id of an external task.
    ExternalTask,
    /// The id of a user task.
    UserTask,
    /// Messages of open incidents, asked from the engine.
    Messages,
    /// Running instances at this activity, of this process if one is named.
    At(ActivityId, Option<ProcessKey>),
    /// Running instances of one version of a process; which of them.
    Of(Place, Among),
}

/// One version of a process, or one of its activities: what a list of instances is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The version.
    pub definition: ProcessDefinitionId,
    /// The activity, if only instances that stand there are meant.
    pub activity: Option<ActivityId>,
}

/// Which of the instances of a [`Place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Among {
    /// Those with an open incident, blocked parents included.
    WithIncident,
    /// All.
    All,
}

impl Place {
    /// Where its instances are read: those with an incident first.
    pub fn sources(&self) -> Vec<Source> {
        [Among::WithIncident, Among::All].map(|among| Source::Of(self.clone(), among)).to_vec()
    }
}

impl Source {
    /// Where a text is looked for at once: indexed columns only, one row or a short page each.
    pub fn cheap(needle: &Needle) -> Vec<Self> {
        let mut sources = vec![Self::Running(Fit::Whole)];
        if needle.may_be_id() {
            sources.extend([Self::Instance, Self::Incident, Self::Job, Self::ExternalTask, Self::UserTask]);
        }
        sources
    }

    /// Where it may be looked for besides, each only when somebody asks for it. `complete` says that all open incidents are known: then
    /// their messages need not be asked from the engine.
    pub fn costly(needle: &Needle, complete: bool) -> Vec<Self> {
        let mut sources = vec![Self::Running(Fit::Begins), Self::Running(Fit::Contains)];
        sources.extend([Self::Finished(Fit::Whole), Self::Finished(Fit::Begins), Self::Finished(Fit::Contains)]);
        if !complete {
            sources.push(Self::Messages);
        }
        if needle.may_be_activity() {
            sources.push(Self::At(needle.text().clone().into(), None));
        }
        sources
    }

    /// Whether the engine may have to scan for it, and is given more time.
    pub fn is_costly(&self) -> bool {
        !matches!(self, Self::Running(Fit::Whole) | Self::Instance | Self::Incident | Self::Job | Self::ExternalTask | Self::UserTask | Self::Of(..))
    }
}

/// One search as the background task is asked for it. It is answered once; a newer one gives it up.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Tells it from others.
    pub number: u64,
    /// The text.
    pub needle: Needle,
    /// Where it is looked for.
    pub sources: Vec<Source>,
    /// Which page of the answers.
    pub page: u32,
}

/// The answers to a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The search.
    pub search: Search,
    /// What each source gave.
    pub parts: Vec<(Source, Result<Part, Problem>)>,
    /// When the last answer came.
    pub read: Moment,
}

/// What one source gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// The rows.
    pub hits: Vec<Hit>,
    /// How many there are in all; counted only where a page is full.
    pub total: Option<u64>,
    /// Whether there are more pages.
    pub more: bool,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Hit {
    /// An instance, running or ended.
    Instance(Box<InstanceHit>),
    /// An open incident.
    Incident(Arc<KnownIncident>),
    /// An incident that is over.
    EndedIncident(Box<HistoricIncident>),
    /// A job.
    Job(Box<Job>),
    /// An external task.
    ExternalTask(Box<ExternalTask>),
    /// A user task.
    UserTask(Box<UserTask>),
    /// Open incidents whose messages contain the text and have one signature: the newest, and how many.
    Message {
        /// The newest.
        sample: Arc<KnownIncident>,
        /// How many.
        count: usize,
        /// Whether they were asked from the engine.
        asked: bool,
    },
    /// An activity with open incidents.
    Activity(Box<ActivityHit>),
}

/// An instance that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceHit {
    /// Its id.
    pub id: ProcessInstanceId,
    /// Definition it runs or ran on.
    pub definition: ProcessDefinitionId,
    /// Business key.
    pub business_key: Option<EngineText>,
    /// Tenant.
    pub tenant: Option<TenantId>,
    /// How it stands.
    pub standing: Standing,
    /// When it began; none without a history.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Whether no other instance called it; none if that is not known.
    pub root: Option<bool>,
    /// Found by its id rather than by its business key or place.
    pub by_id: bool,
}

impl InstanceHit {
    /// An instance as the history tells it.
    pub fn past(row: HistoricInstance, by_id: bool) -> Self {
        let standing = if row.is_over() { Standing::Over(row.state) } else { Standing::Running };
        Self {
            root: row.root.as_ref().map(|root| *root == row.id).or(row.caller.as_ref().map(|_| false)),
            id: row.id,
            definition: row.definition,
            business_key: row.business_key,
            tenant: row.tenant,
            standing,
            started: Some(row.started),
            ended: row.ended,
            by_id,
        }
    }
}

/// An activity that was found among the open incidents.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityHit {
    /// Its id.
    pub activity: ActivityId,
    /// Its process; none for work of the engine itself.
    pub process: Option<ProcessKey>,
    /// A definition in which names can be looked up.
    pub definition: Option<ProcessDefinitionId>,
    /// Open incidents there that are causes.
    pub roots: usize,
    /// Blocked parents that wait there.
    pub blocked: usize,
    /// Creation of the newest of them.
    pub newest: Timestamp,
}

impl ActivityHit {
    /// Where its instances are found.
    pub fn source(&self) -> Source {
        Source::At(self.activity.clone(), self.process.clone())
    }
}

/// What identifies something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HitKey {
    /// An instance.
    Instance(ProcessInstanceId),
    /// An incident.
    Incident(IncidentId),
    /// A job.
    Job(JobId),
    /// An external task.
    ExternalTask(ExternalTaskId),
    /// A user task.
    UserTask(UserTaskId),
    /// Incidents of one signature, known or asked for.
    Message(crate::triage::Signature, bool),
    /// An activity of a process.
    Activity(ActivityId, Option<ProcessKey>),
}

impl Hit {
    /// What identifies it.
    pub fn key(&self) -> HitKey {
        match self {
            Self::Instance(hit) => HitKey::Instance(hit.id.clone()),
            Self::Incident(known) => HitKey::Incident(known.incident.id.clone()),
            Self::EndedIncident(past) => HitKey::Incident(past.incident.id.clone()),
            Self::Job(job) => HitKey::Job(job.id.clone()),
            Self::ExternalTask(task) => HitKey::ExternalTask(task.id.clone()),
            Self::UserTask(task) => HitKey::UserTask(task.id.clone()),
            Self::Message { sample, asked, .. } => HitKey::Message(sample.signature.clone(), *asked),
            Self::Activity(hit) => HitKey::Activity(hit.activity.clone(), hit.process.clone()),
        }
    }

    /// The id of the thing itself, for a clipboard.
    pub fn id(&self) -> String {
        match self {
            Self::Instance(hit) => hit.id.to_string(),
            Self::Incident(known) => known.incident.id.to_string(),
            Self::EndedIncident(past) => past.incident.id.to_string(),
            Self::Job(job) => job.id.to_string(),
            Self::ExternalTask(task) => task.id.to_string(),
            Self::UserTask(task) => task.id.to_string(),
            Self::Message { sample, .. } => sample.incident.id.to_string(),
            Self::Activity(hit) => hit.activity.to_string(),
        }
    }

    /// The instance it stands on.
    pub fn instance(&self) -> Option<&ProcessInstanceId> {
        match self {
            Self::Instance(hit) => Some(&hit.id),
            Self::Incident(known) | Self::Message { sample: known, .. } => known.incident.process_instance.as_ref(),
            Self::EndedIncident(past) => past.incident.process_instance.as_ref(),
            Self::Job(job) => job.process_instance.as_ref(),
            Self::ExternalTask(task) => task.process_instance.as_ref(),
            Self::UserTask(task) => task.process_instance.as_ref(),
            Self::Activity(_) => None,
        }
    }

    /// The definition it belongs to.
    pub fn definition(&self) -> Option<&ProcessDefinitionId> {
        match self {
            Self::Instance(hit) => Some(&hit.definition),
            Self::Incident(known) | Self::Message { sample: known, .. } => known.incident.process_definition.as_ref(),
            Self::EndedIncident(past) => past.incident.process_definition.as_ref(),
            Self::Job(job) => job.process_definition.as_ref(),
            Self::ExternalTask(task) => task.process_definition.as_ref(),
            Self::UserTask(task) => task.process_definition.as_ref(),
            Self::Activity(hit) => hit.definition.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "e3b0c442-98fc-11f0-9a3e-0242ac120002";

    fn needle(text: &str) -> Needle {
        Needle::typed(text).expect("a text")
    }

    #[test]
    fn a_text_is_its_first_line_without_blanks_around_it() {
        assert_eq!(needle("  ORD-1 \t").text().as_wire(), "ORD-1");
        assert_eq!(needle("ORD-1\r\nORD-2\n").text().as_wire(), "ORD-1");
        assert_eq!((Needle::typed(" \t "), Needle::typed(""), Needle::typed("\nORD-1")), (None, None, None));
        assert_eq!(needle("a\u{1b}[2Jb").to_string(), "a␛[2Jb");
    }

    #[test]
    fn what_a_text_is_tried_as_follows_from_its_form() {
        let long = "x".repeat(65);
        for (text, id, activity) in [
            (UUID, true, false),
            ("88213", true, false),
            ("invoice:3:e3b0c442", true, false),
            ("charge-card", true, true),
            ("ServiceTask_0x1#multiInstanceBody", false, true),
            ("ORD-2026.17", true, true),
            ("Order Müller 1", false, false),
            ("Prüfung", true, true),
            ("a/b", false, false),
            ("100%", false, false),
            ("..", false, false),
            ("count", false, true),
            (long.as_str(), false, true),
        ] {
            let needle = needle(text);
            assert_eq!((needle.may_be_id(), needle.may_be_activity()), (id, activity), "{text}");
            let cheap = Source::cheap(&needle);
            assert_eq!((cheap.contains(&Source::Running(Fit::Whole)), cheap.contains(&Source::Job), cheap.len()), (true, id, if id { 6 } else { 1 }), "{text}");
            assert!(cheap.iter().all(|source| !source.is_costly()), "{text}");
            let costly = Source::costly(&needle, true);
            assert_eq!(costly.iter().any(|source| matches!(source, Source::At(..))), activity, "{text}");
            assert!(costly.iter().all(Source::is_costly), "{text}");
        }
    }

    #[test]
    fn messages_are_asked_from_the_engine_only_while_not_all_incidents_are_known() {
        assert!(!Source::costly(&needle("timed out"), true).contains(&Source::Messages));
        assert!(Source::costly(&needle("timed out"), false).contains(&Source::Messages));
    }
}
