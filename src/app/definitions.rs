//! The definitions pane: every version of every process, the versions of one process folded into one row.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

use jiff::Timestamp;

use super::filter::Filter;
use super::list::ListState;
use crate::model::definition::ProcessDefinition;
use crate::model::grouping::Names as _;
use crate::model::ids::{ProcessDefinitionId, ProcessKey, TenantId};
use crate::model::naming;
use crate::model::scope::Scope;
use crate::model::snapshot::{KnownNames, Snapshot};
use crate::model::statistics::ProcessStatistics;

/// Columns of the definitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefinitionColumn {
    /// Name of the process.
    Process,
    /// Version, or how many there are.
    Version,
    /// Suspended, newest, old.
    State,
    /// Running instances.
    Instances,
    /// Root incidents.
    Roots,
    /// Jobs without retries left.
    FailedJobs,
    /// When it was deployed.
    Deployed,
    /// Tenant.
    Tenant,
    /// Key.
    Key,
}

impl DefinitionColumn {
    /// All columns as shown.
    pub const ALL: [Self; 9] =
        [Self::Process, Self::Version, Self::State, Self::Instances, Self::Roots, Self::FailedJobs, Self::Deployed, Self::Tenant, Self::Key];
    /// The column that sorts at the start: trouble first.
    const FIRST: usize = Self::Roots as usize;
}

/// A process: the engine counts its versions per tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessId {
    /// Its tenant.
    pub tenant: Option<TenantId>,
    /// Its key.
    pub key: ProcessKey,
}

/// What identifies a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RowId {
    /// All versions of a process.
    Process(ProcessId),
    /// One version.
    Version(ProcessDefinitionId),
}

/// One version of a process, with its figures as far as they are known.
#[derive(Clone, Debug)]
pub struct Version {
    /// The definition.
    pub definition: ProcessDefinition,
    /// Whether no later version of the process is deployed.
    pub newest: bool,
    /// Figures; none while the statistics have not told of it.
    pub figures: Option<Figures>,
    /// When it was deployed.
    pub deployed: Deployed,
    /// What it is called: by its name, with its key where other processes have the same.
    label: String,
}

/// What the statistics tell of one version, or of several together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Running instances.
    pub instances: u64,
    /// Root incidents of any type.
    pub roots: u64,
    /// Jobs without retries left.
    pub failed_jobs: u64,
}

/// What is known of the time of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deployed {
    /// Not read yet.
    NotYet,
    /// Read, and this deployment is not among those one may see; or it could not be read.
    Unknown,
    /// Then.
    At(Timestamp),
}

/// All versions of one process, the newest first.
#[derive(Clone, Debug)]
pub struct Process {
    /// What identifies it.
    pub id: ProcessId,
    /// Its versions, at least one.
    pub versions: Vec<Version>,
}

impl Version {
    /// Whether it is not the newest and instances still run on it.
    pub fn is_draining(&self) -> bool {
        !self.newest && self.figures.is_some_and(|figures| figures.instances > 0)
    }

    /// What it is called on the screen.
    pub fn label(&self) -> String {
        self.label.clone()
    }
}

impl Process {
    /// Its newest version.
    pub fn newest(&self) -> &Version {
        &self.versions[0]
    }

    /// Figures of all versions together, as soon as those of one are known.
    pub fn figures(&self) -> Option<Figures> {
        self.versions.iter().filter_map(|version| version.figures).reduce(|sum, figures| Figures {
            instances: sum.instances + figures.instances,
            roots: sum.roots + figures.roots,
            failed_jobs: sum.failed_jobs + figures.failed_jobs,
        })
    }

    /// Suspended versions.
    pub fn suspended(&self) -> usize {
        self.versions.iter().filter(|version| version.definition.suspended).count()
    }

    /// Old versions on which instances still run.
    pub fn draining(&self) -> usize {
        self.versions.iter().filter(|version| version.is_draining()).count()
    }

    /// Whether there is something to fold out.
    pub fn folds(&self) -> bool {
        self.versions.len() > 1
    }
}

/// State of the pane.
#[derive(Clone, Debug)]
pub struct DefinitionsPane {
    /// The rows.
    pub list: ListState<RowId>,
    filter: Filter,
    draining: bool,
    open: HashSet<ProcessId>,
    processes: Vec<Process>,
    places: HashMap<RowId, (usize, usize)>,
}

impl Default for DefinitionsPane {
    fn default() -> Self {
        let mut list = ListState::default();
        list.sort_column = DefinitionColumn::FIRST;
        Self { list, filter: Filter::default(), draining: false, open: HashSet::new(), processes: Vec::new(), places: HashMap::new() }
    }
}

impl DefinitionsPane {
    /// The filter.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Sets the filter.
    pub fn set_filter(&mut self, filter: Filter) {
        self.filter = filter;
        self.rearrange();
    }

    /// Whether only old versions that still run are shown.
    pub fn only_draining(&self) -> bool {
        self.draining
    }

    /// Shows only old versions that still run, or everything again.
    pub fn toggle_draining(&mut self) {
        self.draining = !self.draining;
        self.rearrange();
    }

    /// All processes within the scope.
    pub fn processes(&self) -> &[Process] {
        &self.processes
    }

    /// Takes a new reading in, as far as the scope admits it.
    pub fn arrange(&mut self, snapshot: &Snapshot, scope: &Scope, now: Instant) {
        self.processes = processes(snapshot, scope);
        self.places = self
            .processes
            .iter()
            .enumerate()
            .flat_map(|(place, process)| {
                let versions = process.versions.iter().enumerate().map(move |(index, version)| (RowId::Version(version.definition.id.clone()), (place, index)));
                versions.chain([(RowId::Process(process.id.clone()), (place, 0))])
            })
            .collect();
        let sorted = self.sorted();
        self.list.arrange(sorted, now);
    }

    /// Sorts anew at once, because the operator asked for it.
    pub fn rearrange(&mut self) {
        let sorted = self.sorted();
        self.list.rearrange(sorted);
    }

    /// Sorts by the next column.
    pub fn sort_next(&mut self) {
        self.list.sort_column = (self.list.sort_column + 1) % DefinitionColumn::ALL.len();
        self.rearrange();
    }

    /// Turns the sorting round.
    pub fn sort_reverse(&mut self) {
        self.list.sort_reversed = !self.list.sort_reversed;
        self.rearrange();
    }

    /// The process a row belongs to, and the version: that of the row, or the newest.
    pub fn find(&self, id: &RowId) -> Option<(&Process, &Version)> {
        let (place, version) = *self.places.get(id)?;
        let process = self.processes.get(place)?;
        Some((process, process.versions.get(version)?))
    }

    /// Whether the versions of a process are folded out.
    pub fn is_open(&self, process: &ProcessId) -> bool {
        self.open.contains(process)
    }

    /// The version under the cursor: that of its row, or the only one of its process. None on a process that folds.
    pub fn selected_version(&self) -> Option<&Version> {
        let key = self.list.selected_present()?;
        let (process, version) = self.find(key)?;
        (matches!(key, RowId::Version(_)) || !process.folds()).then_some(version)
    }

    /// The versions under the cursor: one, or all of its process.
    pub fn selected_versions(&self) -> Vec<&Version> {
        let Some((process, _)) = self.list.selected_present().and_then(|key| self.find(key)) else { return Vec::new() };
        self.selected_version().map_or_else(|| process.versions.iter().collect(), |version| vec![version])
    }

    /// Folds the versions of the selected row's process out or in; false where there is nothing to fold.
    pub fn toggle_fold(&mut self) -> bool {
        let Some(process) = self.selected_process() else { return false };
        if !self.open.remove(&process) {
            self.open.insert(process.clone());
        }
        self.rearrange();
        self.list.select(&RowId::Process(process));
        true
    }

    /// One step back: versions fold in, then the filter, then the view of old versions goes; false if there was nothing to undo.
    pub fn back(&mut self) -> bool {
        let open = self.selected_process().is_some_and(|process| self.is_open(&process));
        if open {
            self.toggle_fold();
        } else if !self.filter.is_empty() {
            self.set_filter(Filter::default());
        } else if self.draining {
            self.toggle_draining();
        } else {
            return false;
        }
        true
    }

    /// The id to copy: that of the version, or the key of a folded process.
    pub fn selected_id(&self) -> Option<String> {
        Some(match self.list.selected_present()? {
            RowId::Version(id) => id.to_string(),
            RowId::Process(process) => process.key.to_string(),
        })
    }

    fn selected_process(&self) -> Option<ProcessId> {
        let (process, _) = self.find(self.list.selected_present()?)?;
        (process.folds() && !self.draining).then(|| process.id.clone())
    }

    fn sorted(&self) -> Vec<RowId> {
        let column = DefinitionColumn::ALL[self.list.sort_column];
        let direct = |ordering: Ordering| if self.list.sort_reversed { ordering.reverse() } else { ordering };
        if self.draining {
            let admitted = |process: &&Process| self.filter.is_empty() || self.filter.admits(&process_text(process));
            let versions = self.processes.iter().filter(admitted).flat_map(|process| &process.versions);
            let mut rows: Vec<&Version> = versions.filter(|version| version.is_draining()).collect();
            rows.sort_by(|a, b| direct(compare(column, &Sortable::version(a), &Sortable::version(b))).then_with(|| a.definition.id.cmp(&b.definition.id)));
            return rows.into_iter().map(|version| RowId::Version(version.definition.id.clone())).collect();
        }
        let mut rows: Vec<&Process> = self.processes.iter().filter(|process| self.filter.is_empty() || self.filter.admits(&process_text(process))).collect();
        rows.sort_by(|a, b| direct(compare(column, &Sortable::process(a), &Sortable::process(b))).then_with(|| a.id.cmp(&b.id)));
        let mut all = Vec::new();
        for process in rows {
            all.push(RowId::Process(process.id.clone()));
            if process.folds() && self.is_open(&process.id) {
                all.extend(process.versions.iter().map(|version| RowId::Version(version.definition.id.clone())));
            }
        }
        all
    }
}

/// What rows are compared by.
struct Sortable {
    label: String,
    version: (usize, i64),
    state: (usize, usize, bool),
    figures: Option<Figures>,
    deployed: Deployed,
    tenant: Option<TenantId>,
    key: ProcessKey,
}

impl Sortable {
    fn process(process: &Process) -> Self {
        let newest = Self::version(process.newest());
        let state = (process.suspended(), process.draining(), false);
        Self { version: (process.versions.len(), process.newest().definition.version), state, figures: process.figures(), ..newest }
    }

    fn version(version: &Version) -> Self {
        let definition = &version.definition;
        Self {
            label: version.label(),
            version: (1, definition.version),
            state: (usize::from(definition.suspended), usize::from(version.is_draining()), !version.newest),
            figures: version.figures,
            deployed: version.deployed,
            tenant: definition.tenant.clone(),
            key: definition.key.clone(),
        }
    }
}

/// Most first for figures, newest first for times; unknown stands last either way it can.
fn compare(column: DefinitionColumn, a: &Sortable, b: &Sortable) -> Ordering {
    let most = |of: fn(Figures) -> u64| b.figures.map(of).cmp(&a.figures.map(of));
    let by_column = match column {
        DefinitionColumn::Process => Ordering::Equal,
        DefinitionColumn::Version => b.version.cmp(&a.version),
        DefinitionColumn::State => b.state.cmp(&a.state),
        DefinitionColumn::Instances => most(|figures| figures.instances),
        DefinitionColumn::Roots => most(|figures| figures.roots),
        DefinitionColumn::FailedJobs => most(|figures| figures.failed_jobs),
        DefinitionColumn::Deployed => b.deployed.cmp(&a.deployed),
        DefinitionColumn::Tenant => a.tenant.cmp(&b.tenant),
        DefinitionColumn::Key => a.key.cmp(&b.key),
    };
    by_column.then_with(|| a.label.cmp(&b.label)).then_with(|| b.version.cmp(&a.version))
}

/// All processes within a scope: those that were listed, and those only the statistics know of yet.
fn processes(snapshot: &Snapshot, scope: &Scope) -> Vec<Process> {
    let statistics: HashMap<&ProcessDefinitionId, &ProcessStatistics> =
        snapshot.statistics.get().into_iter().flatten().map(|row| (&row.definition.id, row)).collect();
    let listed = snapshot.definitions.get().map(|definitions| &definitions.by_id);
    let unlisted = statistics.values().map(|row| &row.definition).filter(|row| listed.is_none_or(|listed| !listed.contains_key(&row.id)));
    let names = snapshot.names();
    let mut by_process: BTreeMap<ProcessId, Vec<Version>> = BTreeMap::new();
    for definition in listed.into_iter().flat_map(HashMap::values).chain(unlisted) {
        if scope.admits(definition.tenant.as_ref(), Some(&definition.key), definition.category.as_ref()) {
            let version = Version {
                definition: definition.clone(),
                newest: false,
                figures: statistics.get(&definition.id).map(|row| figures(row)),
                deployed: deployed(definition, snapshot),
                label: label(definition, &names),
            };
            let id = ProcessId { tenant: definition.tenant.clone(), key: definition.key.clone() };
            by_process.entry(id).or_default().push(version);
        }
    }
    let finish = |(id, mut versions): (ProcessId, Vec<Version>)| {
        versions.sort_by_key(|version| Reverse(version.definition.version));
        versions[0].newest = true;
        Process { id, versions }
    };
    by_process.into_iter().map(finish).collect()
}

fn label(definition: &ProcessDefinition, names: &KnownNames<'_>) -> String {
    match &definition.name {
        // The statistics may tell of a definition before it is among those that were read.
        Some(name) if names.process_name(&definition.id).is_none() => name.to_string(),
        _ => naming::process(names, &definition.id),
    }
}

fn figures(row: &ProcessStatistics) -> Figures {
    Figures { instances: row.instances, failed_jobs: row.failed_jobs, roots: row.root_incidents.iter().map(|tally| tally.count).sum() }
}

fn deployed(definition: &ProcessDefinition, snapshot: &Snapshot) -> Deployed {
    let Some(known) = snapshot.deployments.get() else {
        return if snapshot.deployments.problem.is_some() { Deployed::Unknown } else { Deployed::NotYet };
    };
    let time = definition.deployment.as_ref().and_then(|id| known.get(id)).and_then(|deployment| deployment.time);
    time.map_or(Deployed::Unknown, Deployed::At)
}

fn process_text(process: &Process) -> String {
    let newest = &process.newest().definition;
    let mut text = format!("{} {}", process.newest().label(), newest.key);
    if let Some(tenant) = &newest.tenant {
        text.push_str(&format!(" {tenant}"));
    }
    for version in &process.versions {
        text.push_str(&format!(" v{}", version.definition.version));
        if let Some(tag) = &version.definition.version_tag {
            text.push_str(&format!(" {tag}"));
        }
    }
    if process.suspended() > 0 {
        text.push_str(" suspended");
    }
    text
}
