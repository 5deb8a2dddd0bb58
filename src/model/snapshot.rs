//! The immutable picture of an engine that every pane reads, and the small types it is made of.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::definition::{ProcessDefinition, ProcessInstance};
use super::deployment::Deployment;
use super::diagram::Diagram;
use super::external_task::ExternalTask;
use super::failing::{Whereabouts, whereabouts};
use super::figure::Figure;
use super::freshness::Polling;
use super::grouping::{Groups, KnownIncident, Names};
use super::history::HistoryLevel;
use super::ids::{ActivityId, DeploymentId, ExternalTaskId, IncidentId, JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId, ProcessKey};
use super::incident_index::IncidentIndex;
use super::inquiry::{Finding, Inquiry};
use super::job::{Job, JobDefinition};
use super::naming;
use super::rights::{Rights, Trust};
use super::section::{Moment, Problem, Section};
use super::series::Series;
use super::since::{Deployed, FirstSeenByGroup};
use super::statistics::ProcessStatistics;
use super::witness::Witness;
use crate::text::EngineText;

/// State of the connection to the engine.
#[derive(Clone, Debug, PartialEq)]
pub enum Link {
    /// Nothing has been answered yet.
    Connecting,
    /// The engine answers.
    Live,
    /// The operator stopped background polling.
    Paused {
        /// Since when.
        since: Moment,
    },
    /// The engine does not answer; it is asked again at `retry`.
    Down {
        /// Since when.
        since: Moment,
        /// When it is asked again.
        retry: Moment,
        /// What happened.
        problem: Problem,
    },
    /// The engine refused a login that had worked; it is tried once more at that moment, and nothing is sent before.
    LoginAgain {
        /// When.
        at: Moment,
        /// What happened.
        problem: Problem,
    },
    /// The engine refused the login. Nothing is sent until the operator gives another one: ten wrong logins lock the account.
    LoginRefused {
        /// What happened.
        problem: Problem,
    },
    /// The background task ended by a fault of ours and is being started again.
    PollerFailed {
        /// What is known of the fault.
        problem: Problem,
    },
}

/// What the engine says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EngineIdentity {
    /// Where it is reached, without credentials.
    pub url: String,
    /// Engine name, where one was chosen.
    pub engine_name: Option<String>,
    /// Product: `Camunda`, `Operaton`, …; none until known.
    pub product: Option<String>,
    /// Version as the engine tells it.
    pub version: Option<EngineText>,
    /// A remark, such as an unknown version that is treated as an older one.
    pub remark: Option<String>,
    /// User that is logged in.
    pub user: Option<String>,
    /// Id of the installation, one per database; none where it was not told. What follows tells this engine from another later.
    pub installation: Option<EngineText>,
    /// Process definitions that were there.
    pub witnesses: Vec<ProcessDefinitionId>,
    /// The newest that it had written, the newest first.
    pub newest: Vec<Witness>,
    /// When the node that told all this began to count; Camunda 7.18 does not tell.
    pub node: Option<Timestamp>,
    /// The engine's clock minus ours, from the `Date` header of its answers (whole seconds).
    pub clock_offset: Option<SignedDuration>,
}

impl EngineIdentity {
    /// The engine's clock at this moment of ours.
    pub fn engine_time(&self, now: Moment) -> Timestamp {
        now.wall.saturating_add(self.clock_offset.unwrap_or_default()).unwrap_or(now.wall)
    }
}

/// Another engine has answered at the same address since some moment: nothing of the one before is in the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Replaced {
    /// Since when.
    pub since: Moment,
    /// How it was told from the one before, in words that name both.
    pub why: String,
    /// How often that has happened.
    pub times: u64,
}

/// What watching costs the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Requests in the last minute.
    pub requests_per_minute: u32,
    /// Share of one engine thread that background polling kept busy in the last minute, in percent: the engine's work for us as it is
    /// estimated from good answers, and not the time that answers were waited for.
    pub busy_percent: f64,
    /// The agreed limit, in percent.
    pub budget_percent: f64,
    /// How far that limit may be passed so that the promises of freshness are kept, in percent.
    pub ceiling_percent: f64,
    /// Smallest time a `/version` request took: distance rather than load.
    pub distance: Option<Duration>,
    /// Requests since the start.
    pub requests: u64,
    /// Bytes received since the start.
    pub bytes: u64,
}

/// All open incidents as last read.
#[derive(Clone, Debug, Default)]
pub struct IncidentSet {
    /// By id.
    pub incidents: Arc<HashMap<IncidentId, Arc<KnownIncident>>>,
    /// The same by instance and by cause; empty before all of them were read.
    pub index: Arc<IncidentIndex>,
    /// Number of incidents the engine counts.
    pub total: u64,
    /// Whether all of them were read.
    pub complete: bool,
}

impl IncidentSet {
    /// All incidents there are.
    pub fn whole(incidents: HashMap<IncidentId, Arc<KnownIncident>>) -> Self {
        let index = Arc::new(IncidentIndex::of(&incidents, &IncidentIndex::default()));
        Self { total: incidents.len() as u64, index, incidents: Arc::new(incidents), complete: true }
    }
}

/// All process definitions as last read.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    /// By id.
    pub by_id: HashMap<ProcessDefinitionId, ProcessDefinition>,
    /// Whether all of them were read.
    pub complete: bool,
    /// Names that processes of different keys have in common, once somebody asked for them.
    shared: OnceLock<HashSet<String>>,
}

impl Definitions {
    /// All definitions there are.
    pub fn whole(by_id: HashMap<ProcessDefinitionId, ProcessDefinition>) -> Self {
        Self { by_id, complete: true, shared: OnceLock::new() }
    }

    /// Whether a process of another key is called by the same name: then the name does not tell one from the other.
    pub fn shares_name(&self, definition: &ProcessDefinition) -> bool {
        let shared = self.shared.get_or_init(|| {
            let mut keys: HashMap<String, HashSet<&ProcessKey>> = HashMap::new();
            for row in self.by_id.values() {
                keys.entry(naming::as_read(row.name.as_ref().unwrap_or(row.key.text()))).or_default().insert(&row.key);
            }
            keys.into_iter().filter(|(_, keys)| keys.len() > 1).map(|(name, _)| name).collect()
        });
        !shared.is_empty() && shared.contains(&naming::as_read(definition.name.as_ref().unwrap_or(definition.key.text())))
    }
}

/// Jobs of one job definition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// All jobs there are, failed ones included.
    pub jobs: u64,
    /// Those without retries left.
    pub failed: u64,
}

/// One figure: value, history, age.
#[derive(Clone, Debug, Default)]
pub struct FigureState {
    /// The value; for rates per second.
    pub section: Section<f64>,
    /// What it was.
    pub series: Arc<Series>,
}

/// The picture of one engine at one moment. Immutable; made by the poller, read by everybody else.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Grows with each snapshot of a run.
    pub sequence: u64,
    /// When it was made.
    pub taken: Moment,
    /// Who answers.
    pub engine: EngineIdentity,
    /// Whether it answers.
    pub link: Link,
    /// Whether it took the place of another one since the program began to watch.
    pub replaced: Option<Replaced>,
    /// Until when nothing is asked, because something before the engine asks for that, and what it said.
    pub waiting: Option<(Moment, Problem)>,
    /// What that costs.
    pub cost: Cost,
    /// Which promises are in force, and what stands in the way of keeping them.
    pub polling: Polling,
    /// The key figures.
    pub figures: BTreeMap<Figure, FigureState>,
    /// Open incidents.
    pub incidents: Section<IncidentSet>,
    /// When they were compared with the engine definition by definition last: a migration shows in no count of all.
    pub incidents_checked: Option<Moment>,
    /// The same incidents by activity.
    pub groups: Arc<Groups>,
    /// Process definitions.
    pub definitions: Section<Definitions>,
    /// Job definitions.
    pub job_definitions: Section<Vec<JobDefinition>>,
    /// What this login may see and do.
    pub rights: Section<Rights>,
    /// Figures per process definition, older than the rest: they cost the engine more.
    pub statistics: Section<Vec<ProcessStatistics>>,
    /// Deployments, for the time a definition came with one.
    pub deployments: Section<HashMap<DeploymentId, Deployment>>,
    /// Job counts of the job definitions somebody looks at.
    pub job_counts: Arc<HashMap<JobDefinitionId, Section<JobCounts>>>,
    /// Diagrams of the definitions somebody looks at.
    pub activity_names: Arc<HashMap<ProcessDefinitionId, Arc<Diagram>>>,
    /// Instances of the incidents somebody looks at; `None` if it has ended.
    pub instances: Arc<HashMap<ProcessInstanceId, Section<Option<ProcessInstance>>>>,
    /// Jobs of the incidents somebody looks at; `None` if it is gone.
    pub jobs: Arc<HashMap<JobId, Section<Option<Job>>>>,
    /// External tasks of the incidents somebody looks at; `None` if it is gone.
    pub external_tasks: Arc<HashMap<ExternalTaskId, Section<Option<ExternalTask>>>>,
    /// What was found out about the instances somebody looks at.
    pub findings: Arc<HashMap<Inquiry, Section<Finding>>>,
    /// How much the engine remembers of what this login may see.
    pub history: HistoryLevel,
    /// When the groups somebody looks at were seen first.
    pub first_seen: FirstSeenByGroup,
    /// Deployments of the versions on which they were seen first; `None` if it is gone or may not be read.
    pub deployed: Arc<HashMap<DeploymentId, Section<Option<Deployed>>>>,
    /// What an operator should know about the picture as a whole.
    pub warnings: Vec<String>,
    /// Whether everything there is to ask has been answered or refused once.
    pub settled: bool,
    /// How often the rows on the screen have changed; tells whether the picture knows of the latest change.
    pub looks: u64,
}

impl Snapshot {
    /// The picture before the first answer.
    pub fn empty(engine: EngineIdentity, now: Moment) -> Self {
        Self {
            sequence: 0,
            taken: now,
            engine,
            link: Link::Connecting,
            replaced: None,
            waiting: None,
            cost: Cost::default(),
            polling: Polling::default(),
            figures: Figure::ALL.into_iter().map(|figure| (figure, FigureState::default())).collect(),
            incidents: Section::default(),
            incidents_checked: None,
            groups: Arc::default(),
            definitions: Section::default(),
            job_definitions: Section::default(),
            rights: Section::default(),
            statistics: Section::default(),
            deployments: Section::default(),
            job_counts: Arc::default(),
            activity_names: Arc::default(),
            instances: Arc::default(),
            jobs: Arc::default(),
            external_tasks: Arc::default(),
            findings: Arc::default(),
            history: HistoryLevel::default(),
            first_seen: Arc::default(),
            deployed: Arc::default(),
            warnings: Vec::new(),
            settled: false,
            looks: 0,
        }
    }

    /// Value of a figure, if known.
    pub fn value(&self, figure: Figure) -> Option<f64> {
        self.figures.get(&figure).and_then(|state| state.section.get().copied())
    }

    /// How far a figure can be trusted, by what the login may see.
    pub fn trust(&self, figure: Figure) -> Trust {
        self.rights.get().map_or(Trust::Unknown, |rights| rights.trust(figure))
    }

    /// The open incident with this id.
    pub fn incident(&self, id: &IncidentId) -> Option<&Arc<KnownIncident>> {
        self.incidents.get().and_then(|set| set.incidents.get(id))
    }

    /// Names as far as they are known.
    pub fn names(&self) -> KnownNames<'_> {
        KnownNames { definitions: self.definitions.get(), activities: &self.activity_names }
    }
}

/// Names as far as they have been read.
pub struct KnownNames<'a> {
    /// Definitions, if any were read.
    pub definitions: Option<&'a Definitions>,
    /// Diagrams by definition.
    pub activities: &'a HashMap<ProcessDefinitionId, Arc<Diagram>>,
}

impl KnownNames<'_> {
    fn definition(&self, id: &ProcessDefinitionId) -> Option<&ProcessDefinition> {
        self.definitions.and_then(|definitions| definitions.by_id.get(id))
    }

    /// All versions of a process that a definition may call, newest first: its own tenant's, and those without a tenant.
    pub(super) fn newest(&self, key: &ProcessKey, caller: &ProcessDefinitionId) -> Vec<ProcessDefinitionId> {
        let tenant = self.definition(caller).and_then(|caller| caller.tenant.as_ref());
        let all = self.definitions.iter().flat_map(|definitions| definitions.by_id.values());
        let mut rows: Vec<_> = all.filter(|row| row.key == *key && (row.tenant.is_none() || row.tenant.as_ref() == tenant)).collect();
        rows.sort_by(|a, b| b.tenant.is_some().cmp(&a.tenant.is_some()).then(b.version.cmp(&a.version)).then_with(|| a.id.cmp(&b.id)));
        rows.into_iter().map(|row| row.id.clone()).collect()
    }

    /// The definition of another process in the diagram of this one: it came with the same deployment.
    pub(super) fn sibling(&self, definition: &ProcessDefinitionId, key: &ProcessKey) -> Option<ProcessDefinitionId> {
        let deployment = self.definition(definition)?.deployment.as_ref()?;
        let mut all = self.definitions?.by_id.values();
        all.find(|row| row.key == *key && row.deployment.as_ref() == Some(deployment)).map(|row| row.id.clone())
    }
}

impl Names for KnownNames<'_> {
    /// From the definition; before that is known, from the id, which the engine makes as `key:version:uuid` where that fits 64 characters.
    fn process_key(&self, id: &ProcessDefinitionId) -> ProcessKey {
        if let Some(definition) = self.definition(id) {
            return definition.key.clone();
        }
        ProcessKey::from(id.as_wire().split(':').next().unwrap_or_default())
    }

    fn version(&self, id: &ProcessDefinitionId) -> Option<i64> {
        if let Some(definition) = self.definition(id) {
            return Some(definition.version);
        }
        id.as_wire().split(':').nth(1)?.parse().ok()
    }

    fn process_name(&self, id: &ProcessDefinitionId) -> Option<EngineText> {
        self.definition(id)?.name.clone()
    }

    fn whereabouts(&self, definition: &ProcessDefinitionId, activity: &ActivityId) -> Whereabouts {
        whereabouts(self, definition, activity)
    }

    fn activity_name(&self, definition: &ProcessDefinitionId, activity: &ActivityId) -> Option<EngineText> {
        Some(naming::of_body(activity, self.activities.get(definition)?.name(activity)?))
    }

    fn shares_name(&self, id: &ProcessDefinitionId) -> bool {
        self.definitions.zip(self.definition(id)).is_some_and(|(definitions, definition)| definitions.shares_name(definition))
    }

    fn activity_shares_name(&self, definition: &ProcessDefinitionId, activity: &ActivityId) -> bool {
        self.activities.get(definition).is_some_and(|diagram| diagram.shares_name(activity))
    }
}
