//! The tree of called instances: from the topmost instance down to the failure. Pure: built from what is known, it tells what to ask next.
//!
//! | part | what belongs there |
//! |---|---|
//! | this file | the tree as rows, and what the operator chose to see of it |
//! | `failure` | causes, and the path from a cause up to the topmost instance |
//! | `build` | the rows, from view and facts |
//! | `children` | the instances that one instance called, by place |
//! | `cases` | cases (CMMN) between instances |

mod build;
mod cases;
mod children;
mod failure;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::case::CaseNode;
use super::grouping::KnownIncident;
use super::ids::{ActivityId, CaseInstanceId, IncidentId, ProcessDefinitionId, ProcessInstanceId, ProcessKey, TenantId};
use super::inquiry::{Finding, Inquiry, Standing, Tokens, Which};
use super::job::Job;
use super::section::Problem;
use crate::text::EngineText;

pub use build::build;

/// Called instances from which on those of one call activity are folded into one row.
pub const FOLD_FROM: u64 = 8;

/// Pages of called instances that can be read at one place: beyond, a search finds a single one.
pub const MOST_PAGES: u32 = 20;

/// Calls deeper than this are taken for a circle.
const DEEPEST: usize = 200;

/// What is known so far.
pub trait Facts {
    /// The answer to an inquiry, if there is one.
    fn answer(&self, inquiry: &Inquiry) -> Option<&Finding>;

    /// Why an inquiry failed last, if it did.
    fn problem(&self, inquiry: &Inquiry) -> Option<&Problem>;

    /// Whether lists of incidents may be cut, because they were asked for one instance at a time.
    fn are_cut(&self) -> bool {
        true
    }

    /// Open incidents of an instance, if they are known.
    fn incidents_of(&self, instance: &ProcessInstanceId) -> Option<&[Arc<KnownIncident>]> {
        self.incidents_read(&Inquiry::Incidents(instance.clone()))
    }

    /// Open incidents with this root cause, if they are known.
    fn caused_by(&self, root: &IncidentId) -> Option<&[Arc<KnownIncident>]> {
        self.incidents_read(&Inquiry::Chain(root.clone()))
    }

    /// The incidents that answered an inquiry.
    fn incidents_read(&self, inquiry: &Inquiry) -> Option<&[Arc<KnownIncident>]> {
        match self.answer(inquiry)? {
            Finding::Incidents(rows) => Some(rows),
            _ => None,
        }
    }
}

/// What the tree was opened for.
#[derive(Clone, Debug)]
pub enum Target {
    /// An incident: its root cause is looked for.
    Incident(Arc<KnownIncident>),
    /// An instance.
    Instance(ProcessInstanceId),
}

impl Target {
    /// The instance it is about; none for incidents that stand on none.
    pub fn instance(&self) -> Option<&ProcessInstanceId> {
        match self {
            Self::Incident(known) => known.incident.process_instance.as_ref(),
            Self::Instance(id) => Some(id),
        }
    }
}

/// What the operator chose to see.
#[derive(Clone, Debug)]
pub struct View {
    /// What the tree was opened for.
    pub target: Target,
    /// The cause whose path is shown; none for the first one of the target.
    pub cause: Option<IncidentId>,
    /// Rows opened by hand.
    pub opened: HashSet<NodeKey>,
    /// Rows that led to a cause once: they stay open when it goes.
    pub led: HashSet<NodeKey>,
    /// Rows closed by hand.
    pub closed: HashSet<NodeKey>,
    /// Pages of called instances asked for beyond the first.
    pub pages: HashMap<(ProcessInstanceId, Which), u32>,
    /// Whether instances that are over are shown.
    pub show_ended: bool,
    /// Who called whom, as far as was ever known: it never changes, but the incidents that told it go.
    pub callers: HashMap<ProcessInstanceId, ProcessInstanceId>,
}

impl View {
    /// The view of a tree that was just opened.
    pub fn of(target: Target) -> Self {
        Self {
            target,
            cause: None,
            opened: HashSet::new(),
            led: HashSet::new(),
            closed: HashSet::new(),
            pages: HashMap::new(),
            show_ended: false,
            callers: HashMap::new(),
        }
    }
}

/// What identifies a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeKey {
    /// An instance.
    Instance(ProcessInstanceId),
    /// A case that stands between instances.
    Case(CaseInstanceId),
    /// The instances that one instance called in one place.
    Fold(ProcessInstanceId, Place),
    /// Further instances called by this one.
    More(ProcessInstanceId, Which),
    /// Instances called in one place that have no incident and are not shown.
    Rest(ProcessInstanceId, Place),
    /// A remark below an instance.
    Remark(ProcessInstanceId),
}

/// Where an instance was called: at an activity, or where that is not known, of which process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// At this call activity.
    Activity(ActivityId),
    /// Somewhere; it runs on this process.
    Process(ProcessKey),
}

/// Whether what is below a row is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfolded {
    /// Shown.
    Open,
    /// Those with incidents are shown.
    OnlyFailing,
    /// Not shown.
    Closed,
    /// There is nothing below.
    Leaf,
}

/// One row of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What identifies it.
    pub key: NodeKey,
    /// Levels above it.
    pub depth: usize,
    /// For each level above, whether a line goes on below this row there; the last entry is the row's own level.
    pub lines: Vec<bool>,
    /// Whether it leads from the topmost instance to the cause that is shown.
    pub on_path: bool,
    /// What it shows.
    pub content: Content,
}

/// What a row shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// An instance.
    Instance(Box<Node>),
    /// A case that stands between instances.
    Case(Box<CaseRow>),
    /// Instances called in one place.
    Fold(Fold),
    /// Further instances, so many if that is known.
    More {
        /// Which.
        which: Which,
        /// How many are not shown.
        left: Option<u64>,
        /// Whether they are being read.
        reading: bool,
    },
    /// So many instances of a place that are not shown because they have no incident.
    Rest(u64),
    /// A remark: something is being read, or could not be.
    Remark(String),
}

/// An instance of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its id.
    pub id: ProcessInstanceId,
    /// Definition it runs on, once known.
    pub definition: Option<ProcessDefinitionId>,
    /// Definition of the caller and the call activity in it; none at the top and where it is not known.
    pub called_at: Option<(Option<ProcessDefinitionId>, ActivityId)>,
    /// Business key.
    pub business_key: Option<EngineText>,
    /// Whether the caller has the same one.
    pub inherited_key: bool,
    /// Tenant.
    pub tenant: Option<TenantId>,
    /// Whether the caller belongs to another tenant, or to none.
    pub foreign_tenant: bool,
    /// How it stands, once known.
    pub standing: Option<Standing>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Its own incidents: those that are causes.
    pub own: Vec<Arc<KnownIncident>>,
    /// Incidents from below.
    pub bubbled: usize,
    /// Whether it has incidents of which not more is known yet.
    pub failing: bool,
    /// Whether what it called is shown.
    pub unfolded: Unfolded,
    /// Where it stands, once known.
    pub tokens: Option<Tokens>,
    /// Its suspended jobs, as far as they are known: what waits because of a suspension has no incident.
    pub held: Vec<Job>,
}

/// A case of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseRow {
    /// The case.
    pub case: CaseNode,
    /// Definition of the process that called it and the call activity in it; none where a case or nothing did, or it is not known.
    pub called_at: Option<(Option<ProcessDefinitionId>, ActivityId)>,
    /// Whether an instance below it has an incident. The engine tells no case of it, and no caller of the case.
    pub failing: bool,
    /// Whether it called more than is shown.
    pub more: bool,
    /// Why not all of it could be read.
    pub problem: Option<Problem>,
}

/// The instances that one instance called in one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Fold {
    /// Definition of the caller.
    pub caller: Option<ProcessDefinitionId>,
    /// Where they were called.
    pub place: Place,
    /// Process they run on, where it is one.
    pub process: Option<ProcessDefinitionId>,
    /// How many there are; a lower bound unless `exact`.
    pub count: u64,
    /// Whether the count is exact.
    pub exact: bool,
    /// How many of those read have an incident.
    pub failing: u64,
    /// How many in all have an incident, where that is known.
    pub all_failing: Option<u64>,
    /// Whether they are shown.
    pub unfolded: Unfolded,
}

/// What is known of the topmost instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Top {
    /// It is still looked for.
    #[default]
    Searching,
    /// It runs, or nothing else is known.
    Found,
    /// It is over.
    Over(Ending),
    /// The engine knows nothing of it, or this login may not see it.
    NotFound,
    /// The target stands on no process instance.
    NoInstance,
    /// It could not be asked for.
    Unknown,
}

/// How something ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ending {
    /// In which way.
    pub state: super::history::InstanceState,
    /// When.
    pub at: Option<Timestamp>,
    /// The reason that was given.
    pub reason: Option<EngineText>,
}

/// The tree as it can be drawn now.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// The rows, top down.
    pub rows: Vec<Row>,
    /// What is not known yet and what must be kept fresh, most needed first.
    pub wants: Vec<Inquiry>,
    /// Root causes of the tree as far as they are known, oldest first.
    pub causes: Vec<Arc<KnownIncident>>,
    /// The cause whose path is shown.
    pub cause: Option<IncidentId>,
    /// Whether there may be more causes than were read.
    pub more_causes: bool,
    /// The topmost instance.
    pub top: Top,
    /// Whether the history names a caller of the topmost instance that does not run any more, or that this login may not see.
    pub left_behind: bool,
    /// Instances from the topmost one to the cause, or to the target where no cause is known.
    pub path: Vec<ProcessInstanceId>,
    /// Who called whom, as far as this reading told, by called instance.
    pub callers: HashMap<ProcessInstanceId, ProcessInstanceId>,
    /// Where each row stands: a tree may have ten thousand.
    positions: HashMap<NodeKey, usize>,
}

impl Tree {
    /// The row of an instance.
    pub fn node(&self, id: &ProcessInstanceId) -> Option<&Node> {
        match &self.row(&NodeKey::Instance(id.clone()))?.content {
            Content::Instance(node) => Some(node),
            _ => None,
        }
    }

    /// The row with this key.
    pub fn row(&self, key: &NodeKey) -> Option<&Row> {
        self.positions.get(key).map(|at| &self.rows[*at])
    }

    /// The key of the instance above a row.
    pub fn parent(&self, key: &NodeKey) -> Option<&NodeKey> {
        let at = *self.positions.get(key)?;
        // Level by level: beside the place an instance was folded into stand instances that did not call it.
        let mut depth = self.rows[at].depth;
        for row in self.rows[..at].iter().rev() {
            if row.depth < depth {
                depth = row.depth;
                if matches!(row.key, NodeKey::Instance(_) | NodeKey::Case(_)) {
                    return Some(&row.key);
                }
            }
        }
        None
    }
}
