//! Reading all deployments, page by page.

use std::collections::HashMap;

use super::super::ask::DEFINITION_PAGE;
use super::super::question::Question;
use super::Picture;
use crate::model::deployment::Deployment;
use crate::model::ids::DeploymentId;
use crate::model::section::{Moment, Problem, Section};

/// Deployments as last read, and those read so far of the reading under way.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) known: Section<HashMap<DeploymentId, Deployment>>,
    under_way: HashMap<DeploymentId, Deployment>,
    rows: u32,
}

impl Reading {
    /// From which row on to read.
    pub(super) fn next_row(&self) -> u32 {
        self.rows
    }

    /// Gives up the reading under way; what was known stays.
    pub(super) fn fail(&mut self, problem: Problem) {
        self.rows = 0;
        self.under_way.clear();
        self.known.fail(problem);
    }

    /// Takes a page in; true if more is to come.
    fn take(&mut self, first: u32, rows: Vec<(DeploymentId, Deployment)>, now: Moment) -> bool {
        if first == 0 {
            self.under_way.clear();
        }
        let read = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        self.under_way.extend(rows);
        let more = read >= DEFINITION_PAGE;
        self.rows = if more { first.saturating_add(read) } else { 0 };
        if !more {
            self.known.succeed(std::mem::take(&mut self.under_way), now);
        }
        more
    }
}

impl Picture {
    pub(super) fn take_deployments(&mut self, first: u32, rows: Vec<(DeploymentId, Deployment)>, now: Moment) {
        if self.deployments.take(first, rows, now) {
            self.schedule.go_on(Question::Deployments);
        }
    }

    /// New definitions came with a deployment that is not known yet: it is worth one reading ahead of time.
    pub(super) fn miss_deployments(&mut self) {
        let (Some(definitions), Some(known)) = (self.definitions.get(), self.deployments.known.get()) else { return };
        let mut named = definitions.by_id.values().filter_map(|row| row.deployment.as_ref());
        if named.any(|id| !known.contains_key(id)) {
            self.schedule.hurry(Question::Deployments);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(from: u32, length: u32) -> Vec<(DeploymentId, Deployment)> {
        (from..from + length).map(|number| (DeploymentId::new(format!("d{number}")), Deployment::default())).collect()
    }

    #[test]
    fn a_full_page_is_followed_by_the_next_and_nothing_is_shown_before_the_last() {
        let (mut reading, now) = (Reading::default(), Moment::now());
        assert!(reading.take(0, page(0, DEFINITION_PAGE), now));
        assert_eq!((reading.next_row(), reading.known.get().is_none()), (DEFINITION_PAGE, true));
        assert!(!reading.take(DEFINITION_PAGE, page(DEFINITION_PAGE, 3), now));
        assert_eq!((reading.next_row(), reading.known.get().unwrap().len()), (0, DEFINITION_PAGE as usize + 3));
    }

    #[test]
    fn a_failure_half_way_starts_over_and_keeps_what_was_known() {
        let (mut reading, now) = (Reading::default(), Moment::now());
        reading.take(0, page(0, 2), now);
        reading.take(0, page(0, DEFINITION_PAGE), now);
        reading.fail(Problem { label: "forbidden", what: "no".into(), remedy: "ask".into() });
        assert_eq!((reading.next_row(), reading.known.get().unwrap().len()), (0, 2));
        reading.take(0, page(5, 1), now);
        assert_eq!(reading.known.get().unwrap().len(), 1, "rows of the reading given up do not come back");
    }
}
