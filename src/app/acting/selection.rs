//! What an action would be asked on: the marked rows, or the one under the cursor, of the pane or page that has the screen.

use std::collections::HashSet;
use std::sync::Arc;

use crate::app::App;
use crate::app::definitions::RowId;
use crate::app::geometry::Pane;
use crate::app::incidents::{Level, failed_at};
use crate::app::pages::{Page, instance, results, retrying, suspended};
use crate::model::grouping::{KnownIncident, Names as _};
use crate::model::ids::{ExternalTaskId, JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId};
use crate::model::naming;
use crate::model::retrying::Work;
use crate::model::search::Hit;
use crate::model::snapshot::Snapshot;
use crate::model::variable::Variable;

/// Rows an action may be asked on, by id. Most selections have only some of these.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// What is selected, in words.
    pub about: String,
    /// Root incidents.
    pub incidents: Vec<Arc<KnownIncident>>,
    /// Jobs.
    pub jobs: Vec<JobId>,
    /// External tasks.
    pub tasks: Vec<ExternalTaskId>,
    /// Timers that suspend or resume something later.
    pub timed: Vec<JobId>,
    /// Several process instances, where more than one is marked.
    pub instances: Vec<ProcessInstanceId>,
    /// One process instance.
    pub instance: Option<ProcessInstanceId>,
    /// Whether that is suspended, where it is known.
    pub instance_suspended: Option<bool>,
    /// Whether a job is meant that is suspended while neither its instance nor its job definition is.
    pub suspended_alone: bool,
    /// Job definitions, and whether they are suspended.
    pub job_definitions: Vec<(JobDefinitionId, bool)>,
    /// Versions of processes, and whether they are suspended.
    pub processes: Vec<(ProcessDefinitionId, bool)>,
    /// Every job definition of what is shown, whatever is selected and whatever state it was last seen in: a freeze reads which are active.
    pub shown: Vec<JobDefinitionId>,
    /// A variable.
    pub variable: Option<Arc<Variable>>,
    /// Whether what is meant failed and has retries left: it is no incident yet.
    pub retrying: bool,
    /// Whether the rows were marked, rather than one being under the cursor.
    pub marked: bool,
}

impl Selection {
    /// The one incident that is selected, if it is one.
    pub fn incident(&self) -> Option<&Arc<KnownIncident>> {
        match self.incidents.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}

/// What is selected now; nothing where no row is.
pub fn selection(app: &App) -> Selection {
    let whole = app.whole();
    let mut selection = match app.page() {
        Some(page) => of_page(page, &whole),
        None => match app.focus {
            Pane::Incidents => of_incidents(app),
            Pane::JobDefinitions => of_job_definitions(app),
            Pane::Definitions => of_definitions(app),
        },
    };
    let shown = app.snapshot.job_definitions.get().map(Vec::as_slice).unwrap_or_default();
    selection.shown = shown.iter().map(|row| row.id.clone()).collect();
    if selection.job_definitions.is_empty() {
        selection.job_definitions = definitions_of(&selection.incidents, &whole);
    }
    if selection.instance_suspended.is_none()
        && let Some(id) = &selection.instance
    {
        let known = whole.instances.get(id).and_then(|section| section.get()).and_then(Option::as_ref);
        selection.instance_suspended = known.map(|instance| instance.suspended);
    }
    selection
}

fn definitions_of(incidents: &[Arc<KnownIncident>], snapshot: &Snapshot) -> Vec<(JobDefinitionId, bool)> {
    let ids: HashSet<&JobDefinitionId> = incidents.iter().filter_map(|known| known.incident.job_definition.as_ref()).collect();
    if ids.is_empty() {
        return Vec::new();
    }
    let rows = snapshot.job_definitions.get().map(Vec::as_slice).unwrap_or_default();
    rows.iter().filter(|row| ids.contains(&row.id)).map(|row| (row.id.clone(), row.suspended)).collect()
}

fn of_incidents(app: &App) -> Selection {
    let (pane, snapshot) = (&app.incidents, &app.snapshot);
    let mut chosen = Selection::default();
    let place = |key: &crate::model::grouping::GroupKey| snapshot.groups.find(key).map_or_else(String::new, |group| naming::of_group(group, snapshot).about());
    match pane.level() {
        Level::Groups => {
            let keys = marked_or_selected(&pane.groups, &mut chosen.marked);
            chosen.incidents = keys.iter().filter_map(|key| snapshot.groups.find(key)).flat_map(|group| group.incidents().cloned()).collect();
            chosen.about = match keys.as_slice() {
                [key] => place(key),
                keys => format!("{} groups", keys.len()),
            };
        }
        Level::Signatures(group) => {
            let keys = marked_or_selected(&pane.signatures, &mut chosen.marked);
            chosen.incidents = keys.iter().filter_map(|key| pane.signature_group(snapshot, key)).flat_map(|row| row.incidents.iter().cloned()).collect();
            chosen.about = match keys.as_slice() {
                [key] => {
                    let failed = pane.signature_group(snapshot, key).and_then(|row| failed_at(row, snapshot));
                    let failed = failed.map_or_else(String::new, |failed| format!(", failed at {failed},"));
                    format!("{}{failed} with \u{201c}{}\u{201d}", place(group), key.signature)
                }
                keys => format!("{} messages of {}", keys.len(), place(group)),
            };
        }
        Level::Incidents(group, _) => {
            let keys = marked_or_selected(&pane.incidents, &mut chosen.marked);
            chosen.incidents = keys.iter().filter_map(|id| snapshot.incident(id).cloned()).collect();
            if chosen.marked {
                let ids = chosen.incidents.iter().filter_map(|known| known.incident.process_instance.clone());
                chosen.instances = ids.collect::<std::collections::BTreeSet<_>>().into_iter().collect();
            }
            chosen.about = match keys.as_slice() {
                [_] => format!("one incident of {}", place(group)),
                keys => format!("{} incidents of {}", keys.len(), place(group)),
            };
        }
    }
    if let [one] = chosen.incidents.as_slice() {
        chosen.instance = one.incident.process_instance.clone();
    }
    chosen
}

/// The marked rows, else the one under the cursor.
fn marked_or_selected<K: Clone + Eq + std::hash::Hash + Ord>(list: &crate::app::list::ListState<K>, marked: &mut bool) -> Vec<K> {
    if list.marks().is_empty() {
        return list.selected_present().cloned().into_iter().collect();
    }
    *marked = true;
    let mut keys: Vec<K> = list.marks().iter().cloned().collect();
    keys.sort();
    keys
}

fn of_job_definitions(app: &App) -> Selection {
    let mut chosen = Selection::default();
    let snapshot = &app.snapshot;
    let ids = marked_or_selected(&app.job_definitions.list, &mut chosen.marked);
    let rows: Vec<_> = ids.iter().filter_map(|id| app.job_definitions.find(id, snapshot)).collect();
    chosen.job_definitions = rows.iter().map(|row| (row.id.clone(), row.suspended)).collect();
    chosen.about = match rows.as_slice() {
        [row] => job_definition_words(row, snapshot),
        rows => format!("{} job definitions", rows.len()),
    };
    chosen
}

/// A job definition as an operator knows it: its process and its activity.
pub fn job_definition_words(row: &crate::model::job::JobDefinition, snapshot: &Snapshot) -> String {
    let place = naming::of_job_definition(row, snapshot);
    if row.process_definition.is_none() {
        return place.about();
    }
    let version = row.process_definition.as_ref().map_or_else(String::new, |id| naming::version(&snapshot.names(), id));
    let tenant = row.tenant.as_ref().map_or_else(String::new, |tenant| format!(" @{tenant}"));
    naming::Place { process: format!("{}{version}{tenant}", place.process), ..place }.about()
}

fn of_definitions(app: &App) -> Selection {
    let mut chosen = Selection::default();
    let pane = &app.definitions;
    let mut marked: Vec<&RowId> = pane.list.marks().iter().collect();
    if marked.is_empty() {
        marked.extend(pane.list.selected_present());
    } else {
        chosen.marked = true;
    }
    for id in marked {
        match id {
            RowId::Version(_) => {
                if let Some((_, version)) = pane.find(id) {
                    chosen.processes.push((version.definition.id.clone(), version.definition.suspended));
                }
            }
            // A process stands for all of its versions: new starts on the newest, work on the others.
            RowId::Process(_) => {
                if let Some((process, _)) = pane.find(id) {
                    chosen.processes.extend(process.versions.iter().map(|version| (version.definition.id.clone(), version.definition.suspended)));
                }
            }
        }
    }
    chosen.processes.sort();
    chosen.processes.dedup();
    let names = app.snapshot.names();
    chosen.about = match chosen.processes.as_slice() {
        [(id, _)] => {
            let version = names.version(id).map_or_else(String::new, |version| format!(" v{version}"));
            format!("{}{version}", naming::process(&names, id))
        }
        rows => format!("{} process definitions", rows.len()),
    };
    chosen
}

fn of_page(page: &Page, whole: &Snapshot) -> Selection {
    let mut chosen = match page {
        Page::Incident(page) => of_incident(&page.known, whole),
        Page::Tree(page) => match page.selected_node() {
            Some(node) => Selection {
                about: node
                    .definition
                    .as_ref()
                    .map_or_else(|| format!("instance {}", node.id), |id| format!("an instance of {}", naming::process(&whole.names(), id))),
                instance: Some(node.id.clone()),
                instance_suspended: node.standing.map(|standing| standing == crate::model::inquiry::Standing::Suspended),
                ..Selection::default()
            },
            None => Selection::default(),
        },
        Page::Instance(page) => of_instance_row(page),
        Page::Suspended(page) => of_suspended(page),
        Page::Retrying(page) => of_retrying(page),
        Page::Results(page) => match page.selected().map(|row| &row.content) {
            Some(results::Content::Hit(hit, _)) => of_hit(hit, whole),
            _ => Selection::default(),
        },
        _ => Selection::default(),
    };
    // With marks only the marked rows are meant, and never the one under the cursor.
    if chosen.instance.is_none()
        && !chosen.marked
        && let Some((id, _)) = page.instance()
    {
        chosen.instance = Some(id);
    }
    if chosen.about.is_empty()
        && let Some(id) = &chosen.instance
    {
        chosen.about = format!("instance {id}");
    }
    chosen
}

/// The job or external task under the cursor. A group is none: what has retries left is hurried one at a time.
fn of_retrying(page: &retrying::RetryingPage) -> Selection {
    let mut chosen = Selection { retrying: true, ..Selection::default() };
    match page.selected() {
        Some((_, Some(Work::Job(job)))) => {
            chosen.about = format!("job {}", job.id);
            chosen.jobs.push(job.id.clone());
        }
        Some((_, Some(Work::Task(task)))) => {
            chosen.about = format!("external task on topic {}", task.topic);
            chosen.tasks.push(task.id.clone());
        }
        Some((group, None)) => chosen.about = format!("{} that failed and are tried again", group.work.len()),
        None => {}
    }
    chosen
}

/// Marked rows of one kind; the kind of the first where several are marked, which the plan then lists.
fn of_suspended(page: &suspended::SuspendedPage) -> Selection {
    let mut chosen = Selection::default();
    let keys = marked_or_selected(&page.list, &mut chosen.marked);
    for key in &keys {
        match key {
            suspended::RowKey::Timed(id) => chosen.timed.push(id.clone()),
            suspended::RowKey::Process(id) => chosen.processes.push((id.clone(), true)),
            suspended::RowKey::JobDefinition(id) => chosen.job_definitions.push((id.clone(), true)),
            suspended::RowKey::Instance(id) => chosen.instances.push(id.clone()),
            suspended::RowKey::Job(id) => {
                chosen.jobs.push(id.clone());
                chosen.suspended_alone = true;
            }
        }
    }
    if let [one] = chosen.instances.as_slice() {
        chosen.instance = Some(one.clone());
        chosen.instance_suspended = Some(true);
    }
    chosen.about = match keys.as_slice() {
        [key] => page.row(key).map_or_else(String::new, |row| row.label.clone()),
        keys => format!("{} marked rows", keys.len()),
    };
    chosen
}

fn of_incident(known: &Arc<KnownIncident>, whole: &Snapshot) -> Selection {
    let incident = &known.incident;
    let about = naming::of_incident(known, whole).about();
    // A blocked parent has nothing of its own to retry: what failed is below it.
    let incidents = if incident.is_root() { vec![Arc::clone(known)] } else { Vec::new() };
    Selection { about: format!("one incident of {about}"), incidents, instance: incident.process_instance.clone(), ..Selection::default() }
}

fn of_instance_row(page: &instance::InstancePage) -> Selection {
    let running = page.finding.as_ref().and_then(|finding| finding.running.as_ref());
    let instance_suspended = running.map(|running| running.suspended);
    let mut chosen = Selection { instance: Some(page.id.clone()), instance_suspended, ..Selection::default() };
    let Some(row) = page.selected() else { return chosen };
    chosen.incidents = row.incident().filter(|known| known.incident.is_root()).cloned().into_iter().collect();
    match &row.content {
        instance::Content::Job(row) => {
            chosen.jobs.push(row.job.id.clone());
            chosen.about = format!("job {}", row.job.id);
            chosen.job_definitions.extend(row.definition.as_ref().map(|definition| (definition.id.clone(), definition.suspended)));
        }
        instance::Content::ExternalTask(task, _) => {
            chosen.tasks.push(task.id.clone());
            chosen.about = format!("external task on topic {}", task.topic);
        }
        instance::Content::Variable { variable, .. } => {
            chosen.about = format!("variable {}", variable.name);
            chosen.variable = Some(Arc::clone(variable));
        }
        _ => {}
    }
    chosen
}

fn of_hit(hit: &Hit, whole: &Snapshot) -> Selection {
    let mut chosen = match hit {
        Hit::Incident(known) => of_incident(known, whole),
        Hit::Job(job) => Selection { about: format!("job {}", job.id), jobs: vec![job.id.clone()], ..Selection::default() },
        Hit::ExternalTask(task) => Selection { about: format!("external task on topic {}", task.topic), tasks: vec![task.id.clone()], ..Selection::default() },
        _ => Selection::default(),
    };
    if chosen.instance.is_none() && !matches!(hit, Hit::Message { .. }) {
        chosen.instance = hit.instance().cloned();
    }
    chosen
}
