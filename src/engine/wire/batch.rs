//! Rows of batches: many changes of one kind that the engine makes by jobs of its own.

use super::{Date, Pool, Text};
use crate::model::batch::{Batch, HistoricBatch};

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a batch", bound(deserialize = "'de: 'a"))]
pub(in crate::engine) struct BatchRow<'a> {
    pub(in crate::engine) id: Text<'a>,
    #[serde(rename = "type")]
    kind: Option<Text<'a>>,
    total_jobs: Option<u64>,
    jobs_created: Option<u64>,
    invocations_per_batch_job: Option<u64>,
    batch_job_definition_id: Option<Text<'a>>,
    suspended: Option<bool>,
    create_user_id: Option<Text<'a>>,
    // Camunda tells it of running batches from 7.20 on.
    start_time: Option<Date>,
    end_time: Option<Date>,
}

impl BatchRow<'_> {
    pub(in crate::engine) fn into_batch(self, pool: &mut Pool) -> Batch {
        Batch {
            id: pool.share(&self.id).into(),
            kind: pool.id(&self.kind),
            jobs: self.total_jobs.unwrap_or(0),
            jobs_made: self.jobs_created.unwrap_or(0),
            per_job: self.invocations_per_batch_job.unwrap_or(1).max(1),
            job_definition: pool.id(&self.batch_job_definition_id),
            suspended: self.suspended.unwrap_or(false),
            user: pool.id(&self.create_user_id),
        }
    }

    pub(in crate::engine) fn into_historic(self, pool: &mut Pool) -> HistoricBatch {
        HistoricBatch {
            id: pool.share(&self.id).into(),
            kind: pool.id(&self.kind),
            jobs: self.total_jobs.unwrap_or(0),
            job_definition: pool.id(&self.batch_job_definition_id),
            user: pool.id(&self.create_user_id),
            started: self.start_time.map(|date| date.0),
            ended: self.end_time.map(|date| date.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_needs_nothing_but_its_id() {
        let row: BatchRow<'_> = serde_json::from_str(r#"{"id":"b","suspended":null}"#).expect("a batch");
        assert_eq!(row.into_batch(&mut Pool::default()).id, "b".into());
        let json = r#"{"id":"b","type":"set-job-retries","totalJobs":7,"batchJobDefinitionId":"d","endTime":"2025-01-01T00:00:00.000+0000"}"#;
        let batch = serde_json::from_str::<BatchRow<'_>>(json).expect("a batch").into_historic(&mut Pool::default());
        assert_eq!((batch.jobs, batch.job_definition, batch.ended.is_some()), (7, Some("d".into()), true));
    }
}
