//! Batches: many changes of one kind that the engine makes by jobs of its own.

use jiff::Timestamp;

use super::ids::{BatchId, JobDefinitionId};
use crate::text::EngineText;

/// A batch that the engine works on (`GET /batch/{id}`). It is gone once the engine has noticed its end: up to 30 s after its last job.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Its id.
    pub id: BatchId,
    /// Such as `set-job-retries` or `instance-deletion`.
    pub kind: Option<EngineText>,
    /// Jobs it takes altogether.
    pub jobs: u64,
    /// Jobs that were made so far.
    pub jobs_made: u64,
    /// What each of its jobs is for at most, such as so many instances (`invocationsPerBatchJob`).
    pub per_job: u64,
    /// Where its jobs belong: those left are counted by it.
    pub job_definition: Option<JobDefinitionId>,
    /// Whether it stands still.
    pub suspended: bool,
    /// Who made it. Its jobs ask for no rights of that user.
    pub user: Option<EngineText>,
}

/// A batch, finished or not (`GET /history/batch/{id}`).
#[derive(Clone, Debug, PartialEq)]
pub struct HistoricBatch {
    /// Its id.
    pub id: BatchId,
    /// Such as `set-job-retries` or `instance-deletion`.
    pub kind: Option<EngineText>,
    /// Jobs it took altogether.
    pub jobs: u64,
    /// Where its jobs belonged.
    pub job_definition: Option<JobDefinitionId>,
    /// Who made it.
    pub user: Option<EngineText>,
    /// When it was made, by the engine node's clock.
    pub started: Option<Timestamp>,
    /// When the engine noticed that it was finished, or when it was deleted; none before. It looks every 30 s.
    pub ended: Option<Timestamp>,
}
