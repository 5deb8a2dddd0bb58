//! The engine's own work as scripts read it: which work, of which batch, how far that is, and what running it again does.

use serde::Serialize;

use crate::model::engine_job::{Known, Part};

/// One piece of the engine's own work. The field names are a promise to scripts.
#[derive(Debug, Serialize)]
pub(super) struct EngineWorkPart {
    /// In words.
    work: String,
    /// The engine's job handler; null where nothing tells it.
    handler: Option<String>,
    batch: Option<String>,
    batch_jobs: Option<u64>,
    batch_jobs_left: Option<u64>,
    batch_jobs_failed: Option<u64>,
    /// What running one job of it does.
    retry: String,
    /// The role that a retry of it takes.
    role: &'static str,
}

impl EngineWorkPart {
    pub(super) fn of(known: &Known<'_>) -> Self {
        let progress = known.progress;
        let per_job = progress.filter(|_| known.job.part == Part::Itself).map(|progress| progress.batch.per_job);
        Self {
            work: known.job.work.noun().to_owned(),
            handler: known.job.handler.as_ref().map(ToString::to_string),
            batch: known.job.batch.as_ref().map(ToString::to_string),
            batch_jobs: progress.map(|progress| progress.batch.jobs),
            batch_jobs_left: progress.and_then(|progress| progress.left),
            batch_jobs_failed: progress.and_then(|progress| progress.failed),
            retry: known.job.work.does(per_job),
            role: known.job.work.role().word(),
        }
    }
}
