//! Retrying from the bottom: asked on a caller, the causes below it are looked for and retried where they are. The caller clears with them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::reading::{Reading, plural, unavailable};
use super::{Draft, Drafted, retry};
use crate::action::plan::{TreeLine, Unavailable, Weight};
use crate::action::verb::Verb;
use crate::action::wish::Asked;
use crate::engine::{IncidentFilter, IncidentQuery, Page};
use crate::model::grouping::KnownIncident;
use crate::model::ids::{IncidentId, ProcessInstanceId};
use crate::model::incident::Incident;
use crate::model::inquiry::MOST_INCIDENTS;

/// Causes that are looked for below one instance.
const CAUSES: usize = 50;

/// Causes of which the way down is shown.
const SHOWN: usize = 10;

/// Retries the causes of whatever is open at this instance.
pub(super) async fn plan(reading: &Reading<'_>, asked: &Asked, instance: &ProcessInstanceId) -> Drafted {
    let mut draft = Draft::of(Verb::Retry, asked.clone());
    let open = incidents(reading, IncidentFilter { process_instance: Some(instance.clone()), ..IncidentFilter::default() }).await?;
    if open.is_empty() {
        return Err(nothing_open(reading, instance).await?);
    }
    let cut = open.len() >= MOST_INCIDENTS as usize;
    let mut causes: Vec<IncidentId> = Vec::new();
    for incident in &open {
        if !causes.contains(incident.root()) {
            causes.push(incident.root().clone());
        }
    }
    let found = match by_picture(reading, instance).filter(|known| (cut || causes.len() > CAUSES) && known.len() >= causes.len()) {
        Some(known) => known,
        None => {
            if cut || causes.len() > CAUSES {
                let looked_at = causes.len().min(CAUSES);
                draft.warn(Weight::Caution, format!("these are not all: at least {} causes are open below, {looked_at} are looked at", causes.len()));
            }
            causes.truncate(CAUSES);
            one_by_one(reading, &mut draft, &open, &causes).await?
        }
    };
    draft.tree = path(reading, instance, &found).await?;
    let further = found.iter().filter(|known| known.incident.process_instance.as_ref() != Some(instance)).count();
    if further > 0 {
        draft.warn(Weight::Note, format!("{} further down; this instance goes on once they ran through", plural(further as u64, "cause")));
    }
    retry::gather(reading, &mut draft, &found).await?;
    Ok(draft)
}

/// All causes below this instance as the picture knows them; none where it does not know all incidents. The work behind each is read anew.
fn by_picture(reading: &Reading<'_>, instance: &ProcessInstanceId) -> Option<Vec<Arc<KnownIncident>>> {
    let set = reading.asking.picture.incidents.get().filter(|set| set.complete)?;
    let here = set.incidents.values().filter(|known| known.incident.process_instance.as_ref() == Some(instance));
    let roots: HashSet<&IncidentId> = here.map(|known| known.incident.root()).collect();
    let mut known: Vec<Arc<KnownIncident>> = roots.into_iter().filter_map(|root| set.incidents.get(root)).cloned().collect();
    known.sort_by(|a, b| (a.incident.created, &a.incident.id).cmp(&(b.incident.created, &b.incident.id)));
    Some(known)
}

async fn one_by_one(reading: &Reading<'_>, draft: &mut Draft, open: &[Incident], causes: &[IncidentId]) -> Result<Vec<Arc<KnownIncident>>, Unavailable> {
    let mut found: Vec<Arc<KnownIncident>> = Vec::new();
    for cause in causes {
        match open.iter().find(|incident| incident.id == *cause) {
            Some(own) => found.push(KnownIncident::of(own.clone())),
            None => match reading.maybe(reading.client.incident(cause)).await? {
                Some(incident) => found.push(KnownIncident::of(incident)),
                None => draft.leave_out("a cause further down", reading.why_gone()),
            },
        }
    }
    Ok(found)
}

async fn incidents(reading: &Reading<'_>, filter: IncidentFilter) -> Result<Vec<Incident>, Unavailable> {
    let query = IncidentQuery { filter, sort: None, page: Page::first(MOST_INCIDENTS) };
    reading.must(reading.client.incidents(&query)).await
}

async fn nothing_open(reading: &Reading<'_>, instance: &ProcessInstanceId) -> Result<Unavailable, Unavailable> {
    Ok(match reading.maybe(reading.client.process_instance(instance)).await? {
        Some(_) => unavailable("nothing is open at this instance or below it", "look whether its work waits: jobs, tasks and messages are on its page"),
        None => unavailable("this instance does not run any more", "look into its history for how it ended"),
    })
}

/// The instances from the one that was asked down to the causes, each once.
async fn path(reading: &Reading<'_>, asked: &ProcessInstanceId, causes: &[Arc<KnownIncident>]) -> Result<Vec<TreeLine>, Unavailable> {
    let mut below: BTreeMap<ProcessInstanceId, Vec<ProcessInstanceId>> = BTreeMap::new();
    let mut at: HashMap<ProcessInstanceId, Incident> = HashMap::new();
    for cause in causes.iter().take(SHOWN) {
        let chain = incidents(reading, IncidentFilter { root_cause: Some(cause.incident.id.clone()), ..IncidentFilter::default() }).await?;
        let by_id: HashMap<&IncidentId, &Incident> = chain.iter().map(|incident| (&incident.id, incident)).collect();
        for incident in &chain {
            let Some(own) = incident.process_instance.clone() else { continue };
            let lower = incident.cause.as_ref().and_then(|cause| by_id.get(cause)).and_then(|cause| cause.process_instance.clone());
            if let Some(lower) = lower.filter(|lower| *lower != own) {
                let below = below.entry(own.clone()).or_default();
                if !below.contains(&lower) {
                    below.push(lower);
                }
            }
            at.insert(own, incident.clone());
        }
    }
    let causes: HashSet<&ProcessInstanceId> = causes.iter().filter_map(|known| known.incident.process_instance.as_ref()).collect();
    let (mut lines, mut left, mut told) = (Vec::new(), vec![(asked.clone(), 0)], HashSet::new());
    while let Some((instance, depth)) = left.pop() {
        if !told.insert(instance.clone()) {
            continue;
        }
        let incident = at.get(&instance);
        let label = incident.map_or_else(|| instance.to_string(), |incident| reading.label(incident.process_definition.as_ref(), incident.activity.as_ref()));
        let note = if causes.contains(&instance) { "failed here: retried" } else { "waits for what is below" };
        left.extend(below.get(&instance).into_iter().flatten().rev().map(|lower| (lower.clone(), depth + 1)));
        lines.push(TreeLine { depth, asked: instance == *asked, label, note: note.to_owned(), instance, ends: false });
    }
    Ok(lines)
}
