//! What an engine works on outside any process instance: batches and how far they are, and jobs of which only the job log tells what they do.

use super::{Counter, Found, alone};
use crate::engine::{CountQuestion, EngineError, JobFilter, JobIs, JobLogFilter, JobLogQuery, Order, Page};
use crate::model::engine_job::{BatchProgress, EngineJob};
use crate::model::ids::{BatchId, JobDefinitionId, JobId};
use crate::model::inquiry::Finding;
use crate::text::EngineText;

impl Counter {
    pub(super) async fn batch(&self, id: &BatchId) -> Found {
        Ok(Finding::Batch(self.batch_progress(id).await?.map(Box::new)))
    }

    pub(super) async fn job_handler(&self, id: &JobId) -> Found {
        Ok(Finding::JobHandler(self.handler_of(id).await?))
    }

    /// A batch and how far it is, by its own row and two counts: its statistics would make the engine group all jobs there are. None if it is
    /// gone, or may not be seen.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    pub async fn batch_progress(&self, id: &BatchId) -> Result<Option<BatchProgress>, EngineError> {
        let Some(batch) = self.maybe(self.client.batch(id)).await? else { return Ok(None) };
        let Some(definition) = batch.job_definition.clone() else { return Ok(Some(BatchProgress { batch, left: None, failed: None })) };
        let filter = JobFilter { job_definition: Some(definition), ..JobFilter::default() };
        let (left, failed) = (CountQuestion::Jobs(filter.clone()), CountQuestion::Jobs(JobFilter { is: vec![JobIs::NoRetriesLeft], ..filter }));
        let (left, failed) = self.both(self.client.count(&left), self.client.count(&failed)).await;
        Ok(Some(BatchProgress { batch, left: alone(left)?.ok(), failed: alone(failed)?.ok() }))
    }

    /// The engine's own work behind a job, by its definition or else its log; with its batch.
    ///
    /// # Errors
    ///
    /// Why nothing can be read.
    pub async fn work_of(&self, definition: Option<&JobDefinitionId>, job: Option<&JobId>) -> Result<(EngineJob, Option<BatchProgress>), EngineError> {
        let definition = match definition {
            Some(id) => alone(self.maybe(self.client.job_definition(id)).await)?.ok().flatten(),
            None => None,
        };
        let Some(definition) = definition else {
            let handler = match job {
                Some(id) => self.handler_of(id).await?,
                None => None,
            };
            return Ok((handler.as_ref().map_or_else(EngineJob::unknown, EngineJob::of_handler), None));
        };
        let progress = match EngineJob::of_definition(&definition, None).batch {
            Some(batch) => alone(self.batch_progress(&batch).await)?.ok().flatten(),
            None => None,
        };
        let kind = progress.as_ref().and_then(|progress| progress.batch.kind.clone());
        Ok((EngineJob::of_definition(&definition, kind.as_ref()), progress))
    }

    /// The handler of a job, as its job log tells; none where that is not kept, or may not be read.
    ///
    /// # Errors
    ///
    /// Why nothing can be read.
    pub async fn handler_of(&self, id: &JobId) -> Result<Option<EngineText>, EngineError> {
        let filter = JobLogFilter { job: Some(id.clone()), ..JobLogFilter::default() };
        let query = JobLogQuery { filter, by_time: Some(Order::Descending), page: Page::first(1) };
        let entries = alone(self.one(self.client.job_log(&query)).await)?.unwrap_or_default();
        Ok(entries.into_iter().find(|entry| entry.job == *id).and_then(|entry| entry.job_kind))
    }
}
