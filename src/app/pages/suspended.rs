//! Everything that is suspended now, and what is to be suspended or resumed later: the forgotten suspensions.

use std::collections::HashMap;

use super::Contents;
use crate::app::acting::job_definition_words;
use crate::app::keymap::Context;
use crate::app::list::{ListState, Motion};
use crate::model::definition::ProcessDefinition;
use crate::model::ids::{JobDefinitionId, JobId, ProcessDefinitionId, ProcessInstanceId};
use crate::model::inquiry::{Finding, Inquiry};
use crate::model::job::Job;
use crate::model::naming;
use crate::model::section::{Moment, Problem};
use crate::model::snapshot::Snapshot;
use crate::model::suspension::{HeldJobs, Suspended, TimedSuspension};
use crate::poll::command::Looking;
use crate::text::EngineText;

/// What identifies a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowKey {
    /// Something that is to happen.
    Timed(JobId),
    /// A version of a process.
    Process(ProcessDefinitionId),
    /// A job definition.
    JobDefinition(JobDefinitionId),
    /// A process instance.
    Instance(ProcessInstanceId),
    /// A job that is suspended alone.
    Job(JobId),
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What identifies it.
    pub key: RowKey,
    /// How an operator knows it.
    pub label: String,
    /// Business key of an instance.
    pub business_key: Option<EngineText>,
    /// What is to happen, for a timed one.
    pub timed: Option<TimedSuspension>,
    /// Its suspended jobs, as far as all of them were read; of a job, itself.
    pub jobs: HeldJobs,
    /// The instance of a job.
    pub instance: Option<ProcessInstanceId>,
}

impl Row {
    fn of(key: RowKey, label: String) -> Self {
        Self { key, label, business_key: None, timed: None, jobs: HeldJobs::default(), instance: None }
    }
}

/// Page of what is suspended.
#[derive(Clone, Debug, Default)]
pub struct SuspendedPage {
    /// The rows: what is to happen, processes, job definitions, instances, jobs that are suspended alone.
    pub rows: Vec<Row>,
    /// Where the cursor is.
    pub list: ListState<RowKey>,
    /// What the engine told, once it has.
    pub found: Option<Suspended>,
    /// When that was read.
    pub read: Option<Moment>,
    /// Whether the cursor was moved: until then the list shows its top, for rows above it come in a later answer.
    moved: bool,
    /// Rows that have gone while somebody looked, as they were.
    vanished: HashMap<RowKey, Row>,
    /// Why it could not be read.
    pub problem: Option<Problem>,
}

impl SuspendedPage {
    /// A page with what the picture knows.
    pub fn new(snapshot: &Snapshot) -> Self {
        let mut page = Self::default();
        page.refresh(snapshot);
        page
    }

    /// The row under the cursor.
    pub fn selected(&self) -> Option<&Row> {
        let key = self.list.selected_present()?;
        self.row(key)
    }

    /// The row of a key.
    pub fn row(&self, key: &RowKey) -> Option<&Row> {
        self.rows.iter().find(|row| row.key == *key)
    }

    /// A row that has gone, as it was.
    pub fn vanished(&self, key: &RowKey) -> Option<&Row> {
        self.vanished.get(key)
    }

    /// Rows of one kind.
    pub fn count(&self, kind: impl Fn(&RowKey) -> bool) -> usize {
        self.rows.iter().filter(|row| kind(&row.key)).count()
    }
}

fn of_process(row: &ProcessDefinition, snapshot: &Snapshot) -> Row {
    let names = snapshot.names();
    let label = format!("{}{}", naming::process(&names, &row.id), naming::version(&names, &row.id));
    Row::of(RowKey::Process(row.id.clone()), label)
}

fn of_timed(timed: &TimedSuspension, snapshot: &Snapshot) -> Row {
    let names = snapshot.names();
    let definition = timed.job_definition.as_ref().and_then(|id| snapshot.job_definitions.get()?.iter().find(|row| row.id == *id));
    let label = match (definition, &timed.process_definition) {
        (Some(definition), _) => job_definition_words(definition, snapshot),
        (None, Some(process)) => format!("{}{}", naming::process(&names, process), naming::version(&names, process)),
        (None, None) => "of what is not known: the history does not tell".to_owned(),
    };
    Row { timed: Some(timed.clone()), ..Row::of(RowKey::Timed(timed.job.clone()), label) }
}

fn rows(found: Option<&Suspended>, snapshot: &Snapshot) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut timed: Vec<&TimedSuspension> = found.and_then(|found| found.timed.as_ref().ok()).into_iter().flatten().collect();
    timed.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.job.cmp(&b.job)));
    rows.extend(timed.into_iter().map(|timed| of_timed(timed, snapshot)));
    let mut processes: Vec<Row> = snapshot
        .definitions
        .get()
        .into_iter()
        .flat_map(|definitions| definitions.by_id.values())
        .filter(|row| row.suspended)
        .map(|row| of_process(row, snapshot))
        .collect();
    processes.sort_by(|a, b| a.label.cmp(&b.label).then_with(|| a.key.cmp(&b.key)));
    rows.extend(processes);
    let known = snapshot.job_definitions.get().map(Vec::as_slice).unwrap_or_default();
    let now = snapshot.engine.engine_time(snapshot.taken);
    // What holds how many is only told where all jobs are known.
    let jobs = found.filter(|found| found.jobs_whole()).map(|found| found.jobs.as_slice()).unwrap_or_default();
    let held = |of: &dyn Fn(&Job) -> bool| HeldJobs::of(&jobs.iter().filter(|job| of(job)).cloned().collect::<Vec<_>>(), now);
    let definitions = known.iter().filter(|row| row.suspended);
    let mut definitions: Vec<Row> = definitions
        .map(|row| Row {
            jobs: held(&|job| job.job_definition.as_ref() == Some(&row.id)),
            ..Row::of(RowKey::JobDefinition(row.id.clone()), job_definition_words(row, snapshot))
        })
        .collect();
    definitions.sort_by(|a, b| a.label.cmp(&b.label).then_with(|| a.key.cmp(&b.key)));
    rows.extend(definitions);
    let names = snapshot.names();
    let process = |id: &ProcessDefinitionId| format!("{}{}", naming::process(&names, id), naming::version(&names, id));
    rows.extend(found.into_iter().flat_map(|found| &found.instances).map(|row| Row {
        business_key: row.business_key.clone(),
        jobs: held(&|job| job.process_instance.as_ref() == Some(&row.id)),
        ..Row::of(RowKey::Instance(row.id.clone()), process(&row.definition))
    }));
    rows.extend(found.into_iter().flat_map(|found| found.alone(known)).map(|job| {
        let definition = job.job_definition.as_ref().and_then(|id| known.iter().find(|row| row.id == *id));
        let label = definition.map(|row| job_definition_words(row, snapshot)).or_else(|| job.process_definition.as_ref().map(process));
        Row {
            jobs: HeldJobs::of(std::slice::from_ref(job), now),
            instance: job.process_instance.clone(),
            ..Row::of(RowKey::Job(job.id.clone()), label.unwrap_or_else(|| format!("job {}", job.id)))
        }
    }));
    rows
}

impl Contents for SuspendedPage {
    fn context(&self) -> Context {
        Context::Suspended
    }

    fn crumb(&self) -> &'static str {
        "Suspended"
    }

    fn set_height(&mut self, height: usize) {
        self.list.set_height(height.saturating_sub(3));
    }

    fn refresh(&mut self, snapshot: &Snapshot) {
        if let Some(section) = snapshot.findings.get(&Inquiry::Suspended) {
            if let Some(Finding::Suspended(found)) = section.get() {
                self.found = Some((**found).clone());
                self.read = section.taken;
            }
            self.problem = section.problem.clone();
        }
        let before = std::mem::take(&mut self.rows);
        self.vanished.extend(before.into_iter().map(|row| (row.key.clone(), row)));
        self.rows = rows(self.found.as_ref(), snapshot);
        self.list.follow(self.rows.iter().map(|row| row.key.clone()).collect(), |_| true);
        let list = &self.list;
        self.vanished.retain(|key, _| list.is_ghost(key));
        if self.list.selected_key().is_none() {
            self.list.select_first();
        }
        if !self.moved {
            self.list.show_top();
        }
    }

    fn go(&mut self, motion: Motion, now: Moment) {
        self.moved = true;
        self.list.go(motion, now.instant);
    }

    fn look(&self, snapshot: &Snapshot, looking: &mut Looking) {
        looking.inquiries.push(Inquiry::Suspended);
        // Activities are shown by name.
        let shown = self.list.visible().filter_map(|(key, _)| match key {
            RowKey::JobDefinition(id) => snapshot.job_definitions.get()?.iter().find(|row| row.id == *id)?.process_definition.clone(),
            _ => None,
        });
        looking.definitions.extend(shown);
    }

    fn id(&self) -> Option<String> {
        let row = self.selected()?;
        Some(match &row.key {
            RowKey::Timed(id) => id.to_string(),
            RowKey::Process(id) => id.to_string(),
            RowKey::JobDefinition(id) => id.to_string(),
            RowKey::Instance(id) => id.to_string(),
            RowKey::Job(id) => id.to_string(),
        })
    }

    fn instance(&self) -> Option<(ProcessInstanceId, Option<ProcessDefinitionId>)> {
        match &self.selected()?.key {
            RowKey::Instance(id) => Some((id.clone(), None)),
            RowKey::Job(_) => Some((self.selected()?.instance.clone()?, None)),
            _ => None,
        }
    }
}
