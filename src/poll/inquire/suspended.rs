//! What is suspended: instances and jobs of the whole engine, what is to be suspended or resumed later, and the suspended jobs of one instance.

use futures_util::FutureExt as _;
use futures_util::future::join;
use jiff::Timestamp;

use super::{Counter, Found, alone};
use crate::engine::{CountQuestion, EngineError, InstanceFilter, InstanceQuery, JobFilter, JobIs, Page, RunningOrder};
use crate::model::ids::ProcessInstanceId;
use crate::model::inquiry::{Finding, Listed};
use crate::model::suspension::{MOST_SUSPENDED, Suspended, SuspendedCounts};

/// Suspended jobs of one instance that are read.
const OF_ONE_INSTANCE: u32 = 50;

fn suspended_instances() -> InstanceFilter {
    InstanceFilter { suspended: true, ..InstanceFilter::default() }
}

fn suspended_jobs(marks: &[JobIs]) -> JobFilter {
    JobFilter { is: [&[JobIs::Suspended], marks].concat(), ..JobFilter::default() }
}

impl Counter {
    /// The counts alone, for whoever looks at something else: the log of jobs, which the whole list takes, has no index on timers.
    pub(super) async fn suspended_count(&self) -> Found {
        self.suspended_counts().await.map(Finding::SuspendedCount)
    }

    /// Two counts where no job is suspended, up to two more where some are. The engine cannot be asked for the jobs that would run but for
    /// their suspension: `executable` leaves out those of suspended instances. They are those with retries left but for those due later.
    async fn suspended_counts(&self) -> Result<SuspendedCounts, EngineError> {
        let jobs = |filter| CountQuestion::Jobs(filter);
        let instances = CountQuestion::ProcessInstances(suspended_instances());
        let all = jobs(suspended_jobs(&[]));
        let (instances, all) = join(self.one(self.client.count(&instances)), self.sent(self.client.count(&all).boxed(), |answer| Some(answer.elapsed))).await;
        let (instances, all) = (instances?, all?);
        let now = all.engine_time.unwrap_or_else(Timestamp::now);
        let mut counts = SuspendedCounts { instances, jobs: all.data, waiting: 0 };
        if counts.jobs > 0 {
            let left = suspended_jobs(&[JobIs::WithRetriesLeft]);
            let later = JobFilter { due_after: Some(now), ..left.clone() };
            counts.waiting = self.one(self.client.count(&jobs(left))).await?;
            if counts.waiting > 0 {
                counts.waiting = counts.waiting.saturating_sub(self.one(self.client.count(&jobs(later))).await?);
            }
        }
        Ok(counts)
    }

    /// Counts first: where nothing is suspended, nothing is listed.
    pub(super) async fn suspended(&self) -> Found {
        let mut counts = self.suspended_counts().await?;
        let page = Page::first(MOST_SUSPENDED);
        let mut instances = Vec::new();
        if counts.instances > 0 {
            let query = InstanceQuery { filter: suspended_instances(), order: Some(RunningOrder::Id), page };
            instances = self.one(self.client.process_instances_where(&query)).await?;
            counts.instances = counts.instances.max(instances.len() as u64);
        }
        // Where not all can be read, those that would run now, and whose instance is active: among them are the forgotten ones.
        let whole = counts.jobs <= MOST_SUSPENDED.into() && counts.instances <= MOST_SUSPENDED.into();
        let mut jobs = Vec::new();
        if counts.jobs > 0 {
            let filter = suspended_jobs(if whole { &[] } else { &[JobIs::Executable] });
            jobs = self.one(self.client.jobs_where(&filter, page)).await?;
            counts.jobs = if whole { jobs.len() as u64 } else { counts.jobs.max(jobs.len() as u64) };
        }
        let timed = alone(self.timed().await)?;
        Ok(Finding::Suspended(Box::new(Suspended { counts, instances, jobs, timed })))
    }

    /// Suspended jobs of one instance, which has an index on them.
    pub(super) async fn held_jobs(&self, id: &ProcessInstanceId) -> Found {
        let filter = JobFilter { process_instance: Some(id.clone()), ..suspended_jobs(&[]) };
        let rows = self.one(self.client.jobs_where(&filter, Page::first(OF_ONE_INSTANCE))).await?;
        // A full list says that there may be more.
        let total = (rows.len() < OF_ONE_INSTANCE as usize).then_some(rows.len() as u64);
        Ok(Finding::Jobs(Listed { rows, total }))
    }
}
