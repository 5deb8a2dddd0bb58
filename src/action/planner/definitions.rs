//! Suspending and resuming job definitions, one, several, or all at once as a freeze.

use std::collections::{HashMap, HashSet};

use super::reading::{Reading, plural, timed};
use super::{Draft, Drafted, held};
use crate::action::plan::{Unavailable, Weight};
use crate::action::target::Subject;
use crate::action::verb::Verb;
use crate::action::wish::Asked;
use crate::engine::{CountQuestion, ExternalTaskFilter, JobDefinitionFilter, JobFilter, JobIs, Page};
use crate::model::ids::{JobDefinitionId, ProcessDefinitionId};
use crate::model::job::JobDefinition;
use crate::text::{count_exact, listed};

/// Definitions that are read one by one; more are picked from the list of all.
const ONE_BY_ONE: usize = 20;

/// Job definitions named in one warning.
const NAMED: usize = 5;

/// Job definitions in one page of the list of all.
const PAGE: u32 = 1_000;

/// Job definitions of one engine that are read.
const MOST: u32 = 20_000;

/// Definitions whose jobs are counted, and processes whose tasks are.
const COUNTED: usize = 20;

/// Suspends or resumes these.
pub(super) async fn plan(reading: &Reading<'_>, asked: &Asked, ids: &[JobDefinitionId], suspend: bool) -> Drafted {
    let verb = if suspend { Verb::SuspendJobDefinitions } else { Verb::ResumeJobDefinitions };
    let mut draft = Draft::of(verb, asked.clone());
    let found = read(reading, ids).await?;
    let mut chosen = Vec::new();
    for id in ids {
        match found.get(id) {
            None => draft.leave_out(format!("job definition {id}"), reading.why_gone()),
            Some(definition) => match already(reading, &mut draft, definition, suspend).await? {
                Some(why) => draft.leave_out(reading.definition_target(definition.clone()).label, why),
                None => chosen.push(definition.clone()),
            },
        }
    }
    aim(reading, &mut draft, chosen).await?;
    Ok(draft)
}

/// Suspends all of what is shown that is active now.
pub(super) async fn freeze(reading: &Reading<'_>, asked: &Asked, shown: &[JobDefinitionId]) -> Drafted {
    let mut draft = Draft::of(Verb::Freeze, asked.clone());
    let all = every(reading).await?;
    let wanted: HashSet<&JobDefinitionId> = shown.iter().collect();
    let (active, asleep): (Vec<&JobDefinition>, Vec<&JobDefinition>) = all.values().partition(|definition| !definition.suspended);
    for definition in asleep.iter().filter(|definition| wanted.contains(&definition.id)) {
        draft.leave_out(reading.definition_target((*definition).clone()).label, "suspended already: a thaw will leave it so");
    }
    for id in shown.iter().filter(|id| !all.contains_key(*id)) {
        draft.leave_out(format!("job definition {id}"), reading.why_gone());
    }
    let (chosen, besides): (Vec<&JobDefinition>, Vec<&JobDefinition>) = active.into_iter().partition(|definition| wanted.contains(&definition.id));
    if !besides.is_empty() {
        let mut names: Vec<String> = besides.iter().map(|definition| reading.definition_target((*definition).clone()).label).collect();
        names.sort();
        let besides = plural(besides.len() as u64, "active job definition");
        let text = format!("{besides} not among what is shown, not frozen: {}; deployed meanwhile (r reads again), or outside the scope", listed(names, NAMED));
        draft.warn(Weight::Caution, text);
    }
    let mut chosen: Vec<JobDefinition> = chosen.into_iter().cloned().collect();
    chosen.sort_by(|a, b| (&a.process_definition, &a.activity, &a.id).cmp(&(&b.process_definition, &b.activity, &b.id)));
    aim(reading, &mut draft, chosen).await?;
    Ok(draft)
}

/// Those of these job definitions that exist.
pub(super) async fn read(reading: &Reading<'_>, ids: &[JobDefinitionId]) -> Result<HashMap<JobDefinitionId, JobDefinition>, Unavailable> {
    if ids.len() > ONE_BY_ONE {
        return every(reading).await;
    }
    let mut found = HashMap::new();
    for id in ids {
        found.extend(reading.maybe(reading.client.job_definition(id)).await?.map(|row| (row.id.clone(), row)));
    }
    Ok(found)
}

async fn every(reading: &Reading<'_>) -> Result<HashMap<JobDefinitionId, JobDefinition>, Unavailable> {
    let mut all = HashMap::new();
    let mut first = 0;
    while first < MOST {
        let rows = reading.must(reading.client.job_definitions_where(&JobDefinitionFilter::default(), Page { first, max: PAGE })).await?;
        let full = rows.len() >= PAGE as usize;
        all.extend(rows.into_iter().map(|row| (row.id.clone(), row)));
        if !full {
            break;
        }
        first += PAGE;
    }
    Ok(all)
}

/// Why a definition needs no change; none if it does. One whose jobs are not as it is itself still has something to change.
async fn already(reading: &Reading<'_>, draft: &mut Draft, definition: &JobDefinition, suspend: bool) -> Result<Option<&'static str>, Unavailable> {
    if definition.suspended != suspend {
        return Ok(None);
    }
    let (mark, words) = if suspend { (JobIs::Active, "suspended already") } else { (JobIs::Suspended, "active already") };
    let filter = JobFilter { is: vec![mark], job_definition: Some(definition.id.clone()), ..JobFilter::default() };
    let jobs = reading.count(draft, "its jobs", CountQuestion::Jobs(filter)).await?.unwrap_or(0);
    if jobs == 0 {
        return Ok(Some(words));
    }
    let label = reading.definition_target(definition.clone()).label;
    let state = if suspend { "active: only new ones are created suspended" } else { "suspended" };
    draft.warn(Weight::Note, format!("{label} is {words}, but {} of it are {state}", plural(jobs, "existing job")));
    Ok(None)
}

/// Makes targets of definitions and looks around them.
pub(super) async fn aim(reading: &Reading<'_>, draft: &mut Draft, chosen: Vec<JobDefinition>) -> Result<(), Unavailable> {
    let suspends = matches!(draft.verb, Verb::SuspendJobDefinitions | Verb::Freeze);
    jobs(reading, draft, &chosen).await?;
    let processes: HashSet<ProcessDefinitionId> = chosen.iter().filter_map(|definition| definition.process_definition.clone()).collect();
    if suspends {
        tasks(reading, draft, &processes, "not stopped by this and go on").await?;
    }
    for (target, definition) in chosen.iter().enumerate().filter(|_| !suspends) {
        held::of_definition(reading, draft, target, definition).await?;
    }
    draft.targets = chosen.into_iter().map(|definition| reading.definition_target(definition)).collect();
    held::tell(draft);
    pending(reading, draft).await
}

async fn jobs(reading: &Reading<'_>, draft: &mut Draft, chosen: &[JobDefinition]) -> Result<(), Unavailable> {
    if chosen.is_empty() {
        return Ok(());
    }
    if chosen.len() > COUNTED {
        draft.warn(Weight::Note, format!("the existing jobs of {} were not counted", plural(chosen.len() as u64, "job definition")));
        return Ok(());
    }
    let (mut all, mut failed, mut due) = (0, 0, 0);
    for definition in chosen {
        let of = |is: &[JobIs]| CountQuestion::Jobs(JobFilter { is: is.to_vec(), job_definition: Some(definition.id.clone()), ..JobFilter::default() });
        all += reading.count(draft, "existing jobs", of(&[])).await?.unwrap_or(0);
        failed += reading.count(draft, "failed jobs", of(&[JobIs::NoRetriesLeft])).await?.unwrap_or(0);
        due += reading.count(draft, "due jobs", of(&[JobIs::Executable])).await?.unwrap_or(0);
    }
    draft.warn(Weight::Note, format!("{} exist: {} failed, {} due now", plural(all, "job"), count_exact(failed), count_exact(due)));
    Ok(())
}

/// External tasks and user tasks of these processes, which suspending their jobs does not stop.
pub(super) async fn tasks(reading: &Reading<'_>, draft: &mut Draft, processes: &HashSet<ProcessDefinitionId>, fate: &str) -> Result<(), Unavailable> {
    let (mut external, mut people) = (0, 0);
    for process in processes.iter().take(COUNTED) {
        let filter = ExternalTaskFilter { process_definition: Some(process.clone()), ..ExternalTaskFilter::default() };
        external += reading.count(draft, "external tasks", CountQuestion::ExternalTasks(filter)).await?.unwrap_or(0);
        people += reading.count(draft, "user tasks", CountQuestion::UserTasks { process_definition: process.clone() }).await?.unwrap_or(0);
    }
    if external + people > 0 {
        let least = if processes.len() > COUNTED { "at least " } else { "" };
        let text = format!("{least}{} and {} of the same processes are {fate}", plural(external, "external task"), plural(people, "user task"));
        draft.warn(if external > 0 { Weight::Caution } else { Weight::Note }, text);
    }
    Ok(())
}

/// Timers of the engine that will suspend or resume the same.
pub(super) async fn pending(reading: &Reading<'_>, draft: &mut Draft) -> Result<(), Unavailable> {
    if draft.targets.is_empty() {
        return Ok(());
    }
    let timed = match timed(reading.client).await {
        Ok(timed) => timed,
        Err(why) => {
            draft.warn(Weight::Note, format!("not known whether the engine will suspend or resume the same by a timer: {}", why.why));
            return Ok(());
        }
    };
    let mut found = Vec::new();
    for target in &draft.targets {
        found.extend(timed.iter().filter(|timed| match &target.subject {
            Subject::JobDefinition(definition) => {
                timed.job_definition.as_ref() == Some(&definition.id)
                    || timed.job_definition.is_none() && timed.process_definition.is_some() && timed.process_definition == definition.process_definition
            }
            Subject::ProcessDefinition(definition) => timed.process_definition.as_ref() == Some(&definition.id),
            _ => false,
        }));
    }
    let Some(first) = found.iter().min_by_key(|timed| timed.at) else { return Ok(()) };
    let at = first.at.to_zoned(reading.asking.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string();
    let what = if first.suspend { "suspend" } else { "resume" };
    let text = format!("a timer of the engine will {what} the same at {at} ({} pending)", plural(found.len() as u64, "timer"));
    draft.warn(Weight::Caution, text);
    Ok(())
}
