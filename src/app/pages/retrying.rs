//! Work that failed and has retries left: groups by place and cause, which unfold into jobs and external tasks.

use std::collections::{HashMap, HashSet};

use super::Contents;
use crate::app::keymap::Context;
use crate::app::list::{ListState, Motion};
use crate::model::ids::{ProcessDefinitionId, ProcessInstanceId};
use crate::model::inquiry::{Finding, Inquiry};
use crate::model::retrying::{Group, GroupKey, Retrying, Work, WorkId, groups};
use crate::model::section::{Moment, Problem};
use crate::model::snapshot::Snapshot;
use crate::poll::command::Looking;

/// What identifies a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowKey {
    /// A group.
    Group(GroupKey),
    /// A job or an external task.
    Work(WorkId),
}

/// Page of what will be tried again.
#[derive(Clone, Debug, Default)]
pub struct RetryingPage {
    /// The groups, most first.
    pub groups: Vec<Group>,
    /// Where the cursor is.
    pub list: ListState<RowKey>,
    /// What the engine told, once it has.
    pub found: Option<Retrying>,
    /// When that was read.
    pub read: Option<Moment>,
    /// Why it could not be read.
    pub problem: Option<Problem>,
    open: HashSet<GroupKey>,
    moved: bool,
    places: HashMap<RowKey, (usize, usize)>,
}

impl RetryingPage {
    /// A page with what the picture knows.
    pub fn new(snapshot: &Snapshot) -> Self {
        let mut page = Self::default();
        page.refresh(snapshot);
        page
    }

    /// The group a row is or belongs to, and the work it is.
    pub fn row(&self, key: &RowKey) -> Option<(&Group, Option<&Work>)> {
        let (group, work) = *self.places.get(key)?;
        let group = self.groups.get(group)?;
        Some((group, matches!(key, RowKey::Work(_)).then(|| group.work.get(work)).flatten()))
    }

    /// The row under the cursor.
    pub fn selected(&self) -> Option<(&Group, Option<&Work>)> {
        self.row(self.list.selected_present()?)
    }

    /// Whether a group is folded out.
    pub fn is_open(&self, group: &GroupKey) -> bool {
        self.open.contains(group)
    }

    /// Folds the selected group out or in; false if the cursor is on no group.
    pub fn toggle(&mut self) -> bool {
        let Some(RowKey::Group(key)) = self.list.selected_present().cloned() else { return false };
        self.moved = true;
        if !self.open.remove(&key) {
            self.open.insert(key);
        }
        self.arrange();
        true
    }

    fn arrange(&mut self) {
        let mut keys = Vec::new();
        self.places.clear();
        for (at, group) in self.groups.iter().enumerate() {
            let key = RowKey::Group(group.key.clone());
            self.places.insert(key.clone(), (at, 0));
            keys.push(key);
            for (index, work) in group.work.iter().enumerate() {
                let key = RowKey::Work(work.id());
                self.places.insert(key.clone(), (at, index));
                if self.open.contains(&group.key) {
                    keys.push(key);
                }
            }
        }
        self.list.follow(keys, |_| false);
        if self.list.selected_key().is_none() {
            self.list.select_first();
        }
        if !self.moved {
            self.list.show_top();
        }
    }
}

impl Contents for RetryingPage {
    fn context(&self) -> Context {
        Context::Retrying
    }

    fn crumb(&self) -> &'static str {
        "Retrying"
    }

    fn set_height(&mut self, height: usize) {
        self.list.set_height(height.saturating_sub(3));
    }

    fn refresh(&mut self, snapshot: &Snapshot) {
        if let Some(section) = snapshot.findings.get(&Inquiry::Retrying) {
            if let Some(Finding::Retrying(found)) = section.get() {
                self.found = Some((**found).clone());
                self.read = section.taken;
            }
            self.problem = section.problem.clone();
        }
        self.groups = self.found.as_ref().map(|found| groups(found, snapshot)).unwrap_or_default();
        self.arrange();
    }

    fn go(&mut self, motion: Motion, now: Moment) {
        self.moved = true;
        self.list.go(motion, now.instant);
    }

    fn look(&self, _snapshot: &Snapshot, looking: &mut Looking) {
        looking.inquiries.push(Inquiry::Retrying);
        // Activities are shown by name.
        let shown = self.list.visible().filter_map(|(key, _)| self.row(key)?.0.work.first()?.definition().cloned());
        looking.definitions.extend(shown);
    }

    fn id(&self) -> Option<String> {
        Some(match self.list.selected_present()? {
            RowKey::Work(WorkId::Job(id)) => id.to_string(),
            RowKey::Work(WorkId::Task(id)) => id.to_string(),
            RowKey::Group(_) => return None,
        })
    }

    fn instance(&self) -> Option<(ProcessInstanceId, Option<ProcessDefinitionId>)> {
        let work = self.selected()?.1?;
        Some((work.instance()?.clone(), work.definition().cloned()))
    }
}
