//! The job-definitions pane: which asynchronous places there are, which are suspended, how many jobs wait or failed there.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Instant;

use super::basis::{Basis, Parts};
use super::filter::Filter;
use super::list::ListState;
use crate::model::grouping::Names;
use crate::model::ids::JobDefinitionId;
use crate::model::job::JobDefinition;
use crate::model::naming;
use crate::model::snapshot::{JobCounts, Snapshot};

/// Columns of the job definitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobDefinitionColumn {
    /// Active or suspended.
    State,
    /// Jobs waiting, failed ones not counted.
    Waiting,
    /// Jobs without retries left.
    Failed,
    /// Process and version.
    Process,
    /// Activity.
    Activity,
    /// Kind of job.
    Kind,
}

impl JobDefinitionColumn {
    /// All columns as shown.
    pub const ALL: [Self; 6] = [Self::State, Self::Waiting, Self::Failed, Self::Process, Self::Activity, Self::Kind];
}

/// State of the pane.
#[derive(Clone, Debug, Default)]
pub struct JobDefinitionsPane {
    /// The rows.
    pub list: ListState<JobDefinitionId>,
    filter: Filter,
    index: HashMap<JobDefinitionId, usize>,
    basis: Basis,
}

impl JobDefinitionsPane {
    /// The filter.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Sets the filter.
    pub fn set_filter(&mut self, filter: Filter, snapshot: &Snapshot) {
        self.filter = filter;
        self.rearrange(snapshot);
    }

    /// Takes a new reading in.
    pub fn arrange(&mut self, snapshot: &Snapshot, now: Instant) {
        if !self.basis.renew(self.parts(snapshot), self.list.held_until(), self.list.is_held(now)) {
            return;
        }
        self.note_places(snapshot);
        let sorted = self.sorted(snapshot);
        self.list.arrange(sorted, now);
    }

    fn note_places(&mut self, snapshot: &Snapshot) {
        let rows = snapshot.job_definitions.get().map(Vec::as_slice).unwrap_or_default();
        self.index = rows.iter().enumerate().map(|(index, row)| (row.id.clone(), index)).collect();
    }

    fn parts(&self, snapshot: &Snapshot) -> Parts {
        let parts = Parts::default().and_if_known(snapshot.job_definitions.data.as_ref()).and_if_known(snapshot.definitions.data.as_ref());
        let parts = parts.and(&snapshot.activity_names);
        match JobDefinitionColumn::ALL[self.list.sort_column] {
            JobDefinitionColumn::Waiting | JobDefinitionColumn::Failed => parts.and(&snapshot.job_counts),
            _ => parts,
        }
    }

    /// Sorts anew at once, because the operator asked for it.
    pub fn rearrange(&mut self, snapshot: &Snapshot) {
        self.note_places(snapshot);
        let sorted = self.sorted(snapshot);
        self.list.rearrange(sorted);
        self.basis = Basis::sorted(self.parts(snapshot));
    }

    /// Sorts by the next column.
    pub fn sort_next(&mut self, snapshot: &Snapshot) {
        self.list.sort_column = (self.list.sort_column + 1) % JobDefinitionColumn::ALL.len();
        self.rearrange(snapshot);
    }

    /// Turns the sorting round.
    pub fn sort_reverse(&mut self, snapshot: &Snapshot) {
        self.list.sort_reversed = !self.list.sort_reversed;
        self.rearrange(snapshot);
    }

    /// The job definition with this id.
    pub fn find<'a>(&self, id: &JobDefinitionId, snapshot: &'a Snapshot) -> Option<&'a JobDefinition> {
        // The places may be those of another picture; another row must never be taken for this one.
        snapshot.job_definitions.get()?.get(*self.index.get(id)?).filter(|row| row.id == *id)
    }

    fn sorted(&self, snapshot: &Snapshot) -> Vec<JobDefinitionId> {
        let column = JobDefinitionColumn::ALL[self.list.sort_column];
        let Some(all) = snapshot.job_definitions.get() else { return Vec::new() };
        let mut rows: Vec<(&JobDefinition, String)> = all
            .iter()
            .map(|row| (row, format!("{} {}", process_label(row, snapshot), activity_label(row, snapshot))))
            .filter(|(row, label)| self.filter.is_empty() || self.filter.admits(&row_text(row, label)))
            .collect();
        rows.sort_by(|(a, a_label), (b, b_label)| {
            let ordering = compare(column, a, b, snapshot);
            let ordering = if self.list.sort_reversed { ordering.reverse() } else { ordering };
            // Within equals: the newest version of a process first, in the order of its places.
            ordering.then_with(|| a_label.cmp(b_label)).then_with(|| version(b, snapshot).cmp(&version(a, snapshot))).then_with(|| a.id.cmp(&b.id))
        });
        rows.into_iter().map(|(row, _)| row.id.clone()).collect()
    }
}

fn compare(column: JobDefinitionColumn, a: &JobDefinition, b: &JobDefinition, snapshot: &Snapshot) -> Ordering {
    match column {
        JobDefinitionColumn::State => b.suspended.cmp(&a.suspended),
        // Only the rows that were on the screen are counted; uncounted ones stand last.
        JobDefinitionColumn::Waiting => waiting(b, snapshot).cmp(&waiting(a, snapshot)),
        JobDefinitionColumn::Failed => counts(b, snapshot).map(|counts| counts.failed).cmp(&counts(a, snapshot).map(|counts| counts.failed)),
        JobDefinitionColumn::Process => process_label(a, snapshot).cmp(&process_label(b, snapshot)),
        JobDefinitionColumn::Activity => activity_label(a, snapshot).cmp(&activity_label(b, snapshot)),
        JobDefinitionColumn::Kind => a.job_type.cmp(&b.job_type),
    }
}

/// Job counts of a job definition, if they were read.
pub fn counts(row: &JobDefinition, snapshot: &Snapshot) -> Option<JobCounts> {
    snapshot.job_counts.get(&row.id)?.get().copied()
}

fn waiting(row: &JobDefinition, snapshot: &Snapshot) -> Option<u64> {
    counts(row, snapshot).map(|counts| counts.jobs.saturating_sub(counts.failed))
}

/// Version of the process a job definition belongs to.
pub fn version(row: &JobDefinition, snapshot: &Snapshot) -> Option<i64> {
    snapshot.names().version(row.process_definition.as_ref()?)
}

/// Process of a job definition as it is called on the screen.
pub fn process_label(row: &JobDefinition, snapshot: &Snapshot) -> String {
    naming::of_job_definition(row, snapshot).process
}

/// Activity of a job definition as it is called on the screen; of the engine's own work, which work it is.
pub fn activity_label(row: &JobDefinition, snapshot: &Snapshot) -> String {
    naming::of_job_definition(row, snapshot).activity
}

/// Kind of job in the field's words.
pub fn kind_label(row: &JobDefinition) -> String {
    let configuration = row.configuration.as_ref().map(ToString::to_string).unwrap_or_default();
    match row.job_type.as_wire() {
        "async-continuation" => configuration,
        "timer-transition" | "timer-intermediate-transition" | "timer-start-event" | "timer-start-event-subprocess" => {
            format!("timer {}", configuration.split_once(": ").map_or(configuration.as_str(), |(_, expression)| expression))
        }
        other => crate::text::EngineText::from(other).to_string(),
    }
}

/// Whether a job definition passes a filter.
pub fn admits(filter: &Filter, row: &JobDefinition, snapshot: &Snapshot) -> bool {
    filter.is_empty() || filter.admits(&row_text(row, &format!("{} {}", process_label(row, snapshot), activity_label(row, snapshot))))
}

fn row_text(row: &JobDefinition, label: &str) -> String {
    let mut text = format!("{label} {} {}", kind_label(row), if row.suspended { "suspended" } else { "active" });
    for part in
        [row.process_key.as_ref().map(ToString::to_string), row.activity.as_ref().map(ToString::to_string), row.tenant.as_ref().map(ToString::to_string)]
            .into_iter()
            .flatten()
    {
        text.push(' ');
        text.push_str(&part);
    }
    text
}
