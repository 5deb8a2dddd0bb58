//! What stands around retries: whatever keeps the jobs from running, whatever else happens in their instances, and whether success could be
//! told at all.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::FutureExt as _;
use jiff::Timestamp;

use super::Draft;
use super::reading::{Reading, plural};
use crate::action::plan::{Unavailable, Weight};
use crate::action::target::Subject;
use crate::engine::{CountQuestion, HistoricIncidentFilter, IncidentFilter, IncidentQuery, Page};
use crate::model::definition::ProcessInstance;
use crate::model::figure::Figure;
use crate::model::history::HistoryLevel;
use crate::model::ids::{IncidentId, JobDefinitionId, ProcessInstanceId};
use crate::model::inquiry::MOST_INCIDENTS;
use crate::model::job::Job;

/// Plans of at most so many targets are looked at one by one; of larger ones the picture tells what it knows.
const FEW: usize = 5;

/// Job definitions that are read anew for a plan.
const DEFINITIONS: usize = 20;

type Done = Result<(), Unavailable>;

/// Looks around the targets of a retry.
pub(super) async fn around_retries(reading: &Reading<'_>, draft: &mut Draft, instances: &HashMap<ProcessInstanceId, ProcessInstance>) -> Done {
    if draft.targets.is_empty() {
        return Ok(());
    }
    suspended(reading, draft, instances).boxed().await?;
    not_due(reading, draft);
    versions(draft);
    if draft.targets.len() <= FEW {
        each_instance(reading, draft).boxed().await?;
    } else {
        by_picture(reading, draft);
    }
    failed_before(reading, draft).boxed().await?;
    provable(reading, draft);
    executor(reading, draft);
    Ok(())
}

fn jobs(draft: &Draft) -> impl Iterator<Item = &Job> {
    draft.targets.iter().filter_map(|target| match &target.subject {
        Subject::Job { job, .. } => Some(&**job),
        _ => None,
    })
}

/// A suspended job takes its attempts, its incident vanishes, and nothing runs.
async fn suspended(reading: &Reading<'_>, draft: &mut Draft, instances: &HashMap<ProcessInstanceId, ProcessInstance>) -> Done {
    let still = jobs(draft).filter(|job| job.suspended).count();
    let all = draft.targets.len();
    let of_all = |count: usize| if all == 1 { "it is".to_owned() } else { format!("{count} of {all} are") };
    let lies_still = |job: &Job| job.process_instance.as_ref().and_then(|id| instances.get(id)).is_some_and(|instance| instance.suspended);
    let burns = jobs(draft).filter(|job| !job.suspended && lies_still(job)).count();
    let tasks = draft.targets.iter().filter(|target| matches!(&target.subject, Subject::ExternalTask { task, .. } if task.suspended)).count();
    if still > 0 {
        let text = format!("{} suspended: a retry ends the incident, though nothing runs until somebody resumes it", of_all(still));
        draft.warn(Weight::Caution, text);
    }
    if burns > 0 {
        let count = if all == 1 { "its instance is".to_owned() } else { format!("the instances of {burns} of {all} are") };
        draft.warn(Weight::Caution, format!("{count} suspended while the job is not: it is tried, fails at once and burns its retries"));
    }
    if tasks > 0 {
        draft.warn(Weight::Caution, format!("{} suspended: no worker can fetch it until its instance is resumed", of_all(tasks)));
    }
    let definitions: HashSet<JobDefinitionId> = jobs(draft).filter_map(|job| job.job_definition.clone()).collect();
    let mut asleep = 0;
    for id in definitions.iter().take(DEFINITIONS) {
        asleep += u64::from(reading.maybe(reading.client.job_definition(id)).await?.is_some_and(|definition| definition.suspended));
    }
    if asleep > 0 {
        let are = if asleep == 1 { "is" } else { "are" };
        let text = format!("{} of these {are} suspended: whatever comes next there is created suspended", plural(asleep, "job definition"));
        draft.warn(Weight::Caution, text);
    }
    Ok(())
}

/// A due date ahead: "now" moves it, "as before" waits for it.
fn not_due(reading: &Reading<'_>, draft: &mut Draft) {
    let now = reading.engine_now();
    let never = jobs(draft).filter(|job| job.exception_message.is_none()).count();
    if never > 0 {
        let all = draft.targets.len();
        let some = if all == 1 {
            "it never failed: somebody set its attempts to 0".to_owned()
        } else {
            format!("{never} of {all} never failed: somebody set their attempts to 0")
        };
        draft.warn(Weight::Caution, some);
    }
    // What never failed has a date of its own, which it keeps: the sentence tells it.
    let ahead: Vec<Timestamp> = jobs(draft).filter(|job| job.exception_message.is_some()).filter_map(|job| job.due).filter(|due| *due > now).collect();
    let Some(first) = ahead.iter().min() else { return };
    let at = first.to_zoned(reading.asking.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string();
    let are = if ahead.len() == 1 { "is" } else { "are" };
    draft.warn(Weight::Note, format!("{} {are} due later, the first at {at}: due now moves that", plural(ahead.len() as u64, "job")));
}

fn versions(draft: &mut Draft) {
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for version in draft.targets.iter().filter_map(|target| target.version) {
        *counts.entry(version).or_default() += 1;
    }
    if counts.len() > 1 {
        let told: Vec<String> = counts.iter().map(|(version, count)| format!("{count} of v{version}")).collect();
        draft.warn(Weight::Note, format!("versions are mixed: {}", told.join(", ")));
    }
}

/// Of a few targets: other incidents, callers that clear with it, and work that goes on beside it.
async fn each_instance(reading: &Reading<'_>, draft: &mut Draft) -> Done {
    let instances: HashSet<ProcessInstanceId> = draft.targets.iter().filter_map(|target| target.instance().cloned()).collect();
    let roots: HashSet<IncidentId> = roots(draft);
    let (mut others, mut running, mut blocked) = (0, 0, 0);
    for id in &instances {
        let filter = IncidentFilter { process_instance: Some(id.clone()), ..IncidentFilter::default() };
        let query = IncidentQuery { filter, sort: None, page: Page::first(MOST_INCIDENTS) };
        let found = reading.wish(draft, "other incidents of its instance", reading.client.incidents(&query)).await?.unwrap_or_default();
        others += found.iter().filter(|incident| !is_of_targets(draft, incident)).count() as u64;
        running += reading.running_jobs(draft, id).await?.unwrap_or(0);
    }
    for root in &roots {
        let filter = IncidentFilter { root_cause: Some(root.clone()), ..IncidentFilter::default() };
        blocked += reading.count(draft, "callers that wait", CountQuestion::Incidents(filter)).await?.unwrap_or(0).saturating_sub(1);
    }
    around(draft, others, blocked);
    if running > 0 {
        let are = if running == 1 { "is" } else { "are" };
        draft.warn(Weight::Note, format!("{} of the same instances {are} at work right now", plural(running, "job")));
    }
    Ok(())
}

fn is_of_targets(draft: &Draft, incident: &crate::model::incident::Incident) -> bool {
    let id = incident.configuration.as_ref();
    id.is_some_and(|id| draft.targets.iter().any(|target| target.id() == id.as_wire()))
}

fn roots(draft: &Draft) -> HashSet<IncidentId> {
    let roots = draft.targets.iter().filter_map(|target| match &target.subject {
        Subject::Job { incident, .. } | Subject::ExternalTask { incident, .. } => incident.as_ref(),
        _ => None,
    });
    roots.map(|known| known.incident.id.clone()).collect()
}

/// Of many targets: the same, as far as the picture knows.
fn by_picture(reading: &Reading<'_>, draft: &mut Draft) {
    let Some(set) = reading.asking.picture.incidents.get() else { return };
    let instances: HashSet<&ProcessInstanceId> = draft.targets.iter().filter_map(|target| target.instance()).collect();
    let targets: HashSet<&str> = draft.targets.iter().map(|target| target.id()).collect();
    let roots = roots(draft);
    let (mut others, mut blocked) = (0, 0);
    for known in set.incidents.values() {
        let incident = &known.incident;
        let ours = incident.configuration.as_ref().is_some_and(|id| targets.contains(id.as_wire()));
        others += u64::from(!ours && incident.process_instance.as_ref().is_some_and(|id| instances.contains(id)));
        blocked += u64::from(!incident.is_root() && roots.contains(incident.root()));
    }
    around(draft, others, blocked);
}

fn around(draft: &mut Draft, others: u64, blocked: u64) {
    let instances = if draft.targets.len() == 1 { "its instance has" } else { "their instances have" };
    if others > 0 {
        draft.warn(Weight::Note, format!("{instances} {} besides: they stay open", plural(others, "more open incident")));
    }
    if blocked > 0 {
        let wait = if blocked == 1 { "waits for it and clears with it" } else { "wait for it and clear with it" };
        draft.warn(Weight::Note, format!("{} further up {wait}", plural(blocked, "incident")));
    }
}

/// What was retried before and failed again may do so once more.
async fn failed_before(reading: &Reading<'_>, draft: &mut Draft) -> Done {
    let sample: Vec<String> = jobs(draft).take(FEW).map(|job| job.id.as_wire().to_owned()).collect();
    let looked_at = sample.len();
    let mut again: Vec<u64> = Vec::new();
    for id in sample {
        let filter = HistoricIncidentFilter { configuration: Some(id.as_str().into()), ..HistoricIncidentFilter::default() };
        let question = CountQuestion::HistoricIncidents(filter);
        let Some(had) = reading.count(draft, "how often these failed before", question).await? else { return Ok(()) };
        again.extend(Some(had.saturating_sub(1)).filter(|times| *times > 0));
    }
    let Some(most) = again.iter().max() else { return Ok(()) };
    let times = if *most == 1 { "once".to_owned() } else { format!("{most} times") };
    let text = if draft.targets.len() == 1 {
        format!("it was retried and failed again {times} before")
    } else {
        format!("of {looked_at} looked at, {} had been retried and failed again before, up to {times}", again.len())
    };
    draft.warn(Weight::Caution, text);
    Ok(())
}

/// Without a full history no log tells a success.
fn provable(reading: &Reading<'_>, draft: &mut Draft) {
    let why = match reading.asking.picture.history {
        HistoryLevel::BelowFull => "the engine keeps no full history",
        HistoryLevel::Hidden => "this login may not read the history",
        HistoryLevel::Full | HistoryLevel::Unknown => return,
    };
    draft.warn(Weight::Caution, format!("{why}: that a job ran can only be told by its instance going on"));
}

/// Whether anything would take the jobs up at all.
fn executor(reading: &Reading<'_>, draft: &mut Draft) {
    let value = |figure| reading.asking.picture.value(figure);
    let idle = value(Figure::JobsSucceededRate) == Some(0.0) && value(Figure::JobsFailedRate) == Some(0.0);
    let due = value(Figure::JobsDue).unwrap_or(0.0);
    if idle && due >= 1.0 && jobs(draft).next().is_some() {
        let text = format!("the job executor seems to stand still: none ran lately, and {:.0} are due", due.floor());
        draft.warn(Weight::Caution, text);
    }
}
