//! What failed and has retries left: jobs by the engine's own marks, external tasks by reading those that were ever fetched.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{Counter, Found, alone};
use crate::engine::{CountQuestion, ExternalTaskFilter, ExternalTaskIs, JobFilter, JobIs, Page};
use crate::model::ids::ProcessInstanceId;
use crate::model::inquiry::{Finding, Listed};
use crate::model::retrying::{MOST_RETRYING, Retrying};

/// Instances whose business keys are read; their ids go in one request.
const MOST_KEYS: usize = 200;

impl Counter {
    /// Counts first: where nothing failed, nothing is listed. The engine has no mark for external tasks that failed: those that carry a lock,
    /// current or over, were fetched once, and of these the message tells.
    pub(super) async fn retrying(&self) -> Found {
        let page = Page::first(MOST_RETRYING);
        let jobs = JobFilter { is: vec![JobIs::WithException, JobIs::WithRetriesLeft], ..JobFilter::default() };
        let fetched =
            ExternalTaskFilter { is: vec![ExternalTaskIs::WithRetriesLeft], lock_ends_after: Some(Timestamp::UNIX_EPOCH), ..ExternalTaskFilter::default() };
        let (count, fetched_count) =
            self.both(self.client.count(&CountQuestion::Jobs(jobs.clone())), self.client.count(&CountQuestion::ExternalTasks(fetched.clone()))).await;
        let (count, fetched_count) = (count?, fetched_count?);
        let rows = if count > 0 { self.one(self.client.jobs_where(&jobs, page)).await? } else { Vec::new() };
        let tasks = if fetched_count > 0 { self.one(self.client.external_tasks_where(&fetched, page)).await? } else { Vec::new() };
        let looked_at = tasks.len() as u64;
        let tasks = tasks.into_iter().filter(|task| task.error_message.is_some() && task.retries.is_some_and(|left| left > 0)).collect();
        let instances: HashSet<&ProcessInstanceId> = rows.iter().filter_map(|job| job.process_instance.as_ref()).collect();
        let ids: Vec<ProcessInstanceId> = instances.into_iter().take(MOST_KEYS).cloned().collect();
        // The list is worth reading without the keys.
        let instances = if ids.is_empty() { Ok(Vec::new()) } else { alone(self.one(self.client.process_instances(&ids)).await)? };
        let keys = instances.unwrap_or_default().into_iter().filter_map(|row| Some((row.id, row.business_key?))).collect();
        Ok(Finding::Retrying(Box::new(Retrying {
            jobs: Listed { total: Some(count.max(rows.len() as u64)), rows },
            tasks,
            tasks_looked_at: (looked_at, fetched_count.max(looked_at)),
            business_keys: keys,
        })))
    }
}
