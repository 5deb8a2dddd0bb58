//! What is suspended in the whole engine: instances, jobs, and what is to be suspended or resumed later.

use super::{Counter, Found, alone};
use crate::engine::{CountQuestion, InstanceFilter, InstanceQuery, JobFilter, JobIs, Page, RunningOrder};
use crate::model::inquiry::{Finding, Listed};
use crate::model::suspension::{MOST_SUSPENDED, Suspended};

fn suspended_instances() -> InstanceFilter {
    InstanceFilter { suspended: true, ..InstanceFilter::default() }
}

impl Counter {
    /// The count alone, for whoever looks at something else: the log of jobs, which the whole list takes, has no index on timers.
    pub(super) async fn suspended_count(&self) -> Found {
        self.one(self.client.count(&CountQuestion::ProcessInstances(suspended_instances()))).await.map(Finding::SuspendedCount)
    }

    /// Counts first: where nothing is suspended, nothing is listed.
    pub(super) async fn suspended(&self) -> Found {
        let filter = suspended_instances();
        let jobs = CountQuestion::Jobs(JobFilter { is: vec![JobIs::Suspended], ..JobFilter::default() });
        let instances = CountQuestion::ProcessInstances(filter.clone());
        let (total, jobs) = self.both(self.client.count(&instances), self.client.count(&jobs)).await;
        let (total, jobs) = (total?, jobs?);
        let rows = if total == 0 {
            Vec::new()
        } else {
            let query = InstanceQuery { filter, order: Some(RunningOrder::Id), page: Page::first(MOST_SUSPENDED) };
            self.one(self.client.process_instances_where(&query)).await?
        };
        let timed = alone(self.timed().await)?;
        Ok(Finding::Suspended(Box::new(Suspended { instances: Listed { total: Some(total.max(rows.len() as u64)), rows }, jobs, timed })))
    }
}
