//! The incidents that a retry was asked on, as they are now: the picture may be older than a migration, which shows in no count, and than a
//! failure since. A plan never mixes what was with what is.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};

use super::Draft;
use super::reading::{AT_ONCE, Reading, plural};
use crate::action::plan::{Unavailable, Weight};
use crate::engine::{IncidentFilter, IncidentQuery, Page};
use crate::model::grouping::KnownIncident;
use crate::model::ids::JobId;
use crate::model::job::Job;

/// So many incidents are read one by one whatever they are; of more only those whose job tells that they have changed.
const ALL_OF_A_FEW: usize = 50;

/// Incidents that are read one by one at most.
const MOST: usize = 500;

/// What became of an incident since it was shown.
enum Now {
    /// It is as it was, or nothing better is known.
    Same(Arc<KnownIncident>),
    /// It stands on another definition or activity.
    Moved(Arc<KnownIncident>),
    /// The same work failed again: this is its incident.
    FailedAgain(Arc<KnownIncident>),
}

/// Reads the incidents anew, in the same order.
pub(super) async fn read(reading: &Reading<'_>, draft: &mut Draft, incidents: &[Arc<KnownIncident>]) -> Result<Vec<Arc<KnownIncident>>, Unavailable> {
    let jobs = if incidents.len() > ALL_OF_A_FEW { jobs_of(reading, incidents).await? } else { HashMap::new() };
    let doubtful = |known: &KnownIncident| incidents.len() <= ALL_OF_A_FEW || is_outdated(known, &jobs);
    let beyond = incidents.iter().filter(|known| doubtful(known)).nth(MOST).map(|known| known.incident.id.clone());
    let mut asked = true;
    let calls = incidents.iter().map(|known| {
        asked &= beyond.as_ref() != Some(&known.incident.id);
        let read = doubtful(known) && asked;
        async move { if read { now(reading, known).await } else { Ok(Now::Same(Arc::clone(known))) } }.boxed()
    });
    let read: Vec<Now> = iter(calls.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await?;
    let (mut moved, mut again) = (0, 0);
    let mut rows = Vec::with_capacity(read.len());
    for (now, shown) in read.into_iter().zip(incidents) {
        match now {
            // Beyond what is read: what its job tells to have changed must not stand beside what was read.
            Now::Same(known) if beyond.is_some() && is_outdated(&known, &jobs) => {
                let label = reading.label(shown.incident.process_definition.as_ref(), shown.incident.activity.as_ref());
                draft.leave_out(label, "it was migrated since it was shown: read again, and plan then");
            }
            Now::Same(known) => rows.push(known),
            Now::Moved(known) => {
                moved += 1;
                rows.push(known);
            }
            Now::FailedAgain(known) => {
                again += 1;
                rows.push(known);
            }
        }
    }
    if moved > 0 {
        draft.warn(Weight::Caution, format!("{} migrated since shown here: planned where they stand now", plural(moved, "incident")));
    }
    if again > 0 {
        draft.warn(Weight::Note, format!("{} of these failed again since shown: planned for the latest failure", plural(again, "job or task")));
    }
    Ok(rows)
}

async fn jobs_of(reading: &Reading<'_>, incidents: &[Arc<KnownIncident>]) -> Result<HashMap<JobId, Job>, Unavailable> {
    let of_jobs = incidents.iter().filter(|known| known.incident.kind.as_wire() == "failedJob");
    let ids: Vec<JobId> = of_jobs.filter_map(|known| known.incident.configuration.clone().map(JobId::from)).collect();
    reading.jobs(&ids).await
}

/// Whether the job behind an incident stands elsewhere by now.
fn is_outdated(known: &KnownIncident, jobs: &HashMap<JobId, Job>) -> bool {
    let incident = &known.incident;
    let job = incident.configuration.clone().and_then(|id| jobs.get(&JobId::from(id)));
    job.is_some_and(|job| job.process_definition != incident.process_definition || job.job_definition != incident.job_definition)
}

async fn now(reading: &Reading<'_>, known: &Arc<KnownIncident>) -> Result<Now, Unavailable> {
    let shown = &known.incident;
    if let Some(incident) = reading.maybe(reading.client.incident(&shown.id)).await? {
        let stands = (&incident.process_definition, &incident.activity, &incident.job_definition);
        let moved = stands != (&shown.process_definition, &shown.activity, &shown.job_definition);
        // An unchanged message keeps its signature, which may say more than the message alone.
        let signature = if incident.message == shown.message { Some(known.signature.clone()) } else { None };
        let now = KnownIncident::of(incident);
        let now = signature.map_or(Arc::clone(&now), |signature| Arc::new(KnownIncident { signature, ..KnownIncident::clone(&now) }));
        return Ok(if moved { Now::Moved(now) } else { Now::Same(now) });
    }
    // Gone by its id: the same work may have failed again.
    let Some(configuration) = shown.configuration.clone().filter(|_| shown.is_root()) else { return Ok(Now::Same(Arc::clone(known))) };
    let filter = IncidentFilter { kind: Some(shown.kind.clone()), configuration: Some(configuration), ..IncidentFilter::default() };
    let query = IncidentQuery { filter, sort: None, page: Page::first(2) };
    let again = reading.must(reading.client.incidents(&query)).await?.into_iter().find(|incident| incident.created >= shown.created);
    Ok(again.map_or_else(|| Now::Same(Arc::clone(known)), |incident| Now::FailedAgain(KnownIncident::of(incident))))
}
