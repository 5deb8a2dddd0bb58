//! What the engine's own jobs among the targets do once they run. It follows the job, never the way on which it was asked for: whatever
//! makes such a job run needs the role, the right and the word of what it does.

use std::collections::BTreeMap;

use futures_util::FutureExt as _;

use super::reading::{Reading, refused, unavailable};
use super::single::Labels;
use super::{Draft, facts, reading};
use crate::action::plan::{EngineEffect, Unavailable, Weight};
use crate::action::target::{Subject, Target};
use crate::action::verb::{Verb, may_run};
use crate::engine::{CountQuestion, JobFilter};
use crate::model::engine_job::{EngineJob, Part, Work, WorkKey};
use crate::model::grouping::KnownIncident;
use crate::model::ids::{BatchId, JobDefinitionId};
use crate::model::job::{Job, JobDefinition};
use crate::poll::inquire::Counter;

/// Names that a sentence tells at most.
const NAMED: usize = 10;

/// Pieces of work of one plan that are looked into.
const PIECES: usize = 50;

/// Whether a plan of this verb makes jobs run that would not run otherwise, or sooner.
fn makes_run(verb: Verb) -> bool {
    matches!(verb, Verb::Retry | Verb::MoveDueDate | Verb::ResumeJobDefinitions | Verb::Thaw)
}

/// Reads what the engine's own jobs among the targets do. What this session may not make run is left out; where nothing is left, there is no
/// plan.
pub(super) async fn read(reading: &Reading<'_>, draft: &mut Draft) -> Result<(), Unavailable> {
    if !makes_run(draft.verb) {
        return Ok(());
    }
    let mut pieces: BTreeMap<WorkKey, Vec<usize>> = BTreeMap::new();
    for (at, target) in draft.targets.iter().enumerate() {
        if let Some(key) = key_of(target) {
            pieces.entry(key).or_default().push(at);
        }
    }
    if pieces.is_empty() {
        return Ok(());
    }
    if pieces.len() > PIECES {
        let why = format!("these are {} different pieces of the engine's own work", pieces.len());
        return Err(unavailable(why, "ask for fewer of them at once"));
    }
    let mut barred: Vec<(usize, Unavailable)> = Vec::new();
    for (key, targets) in pieces {
        let effect = effect(reading, draft, &key, &targets).boxed().await?;
        for at in &targets {
            let target = &mut draft.targets[*at];
            if is_outside_processes(target) {
                target.label = effect.job.words();
            }
        }
        match may_run(&effect, reading.asking.role) {
            Ok(()) => draft.effects.push(effect),
            Err(why) => barred.extend(targets.into_iter().map(|at| (at, why.clone()))),
        }
    }
    bar(draft, barred)
}

/// Takes what this session may not make run out of the plan.
fn bar(draft: &mut Draft, mut barred: Vec<(usize, Unavailable)>) -> Result<(), Unavailable> {
    let Some((_, why)) = barred.first().cloned() else { return Ok(()) };
    if barred.len() == draft.targets.len() {
        return Err(why);
    }
    barred.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    for (at, why) in barred {
        // What is held for a target, and what is free of it, is named by its place.
        draft.held.retain(|held| held.target != at);
        draft.free.retain(|free| free.target != at);
        draft.held.iter_mut().filter(|held| held.target > at).for_each(|held| held.target -= 1);
        draft.free.iter_mut().filter(|free| free.target > at).for_each(|free| free.target -= 1);
        let target = draft.targets.remove(at);
        draft.leave_out(target.label, why.why);
    }
    Ok(())
}

/// What a target is of the engine's own work; none where it belongs to a process instance or is a place in a process.
fn key_of(target: &Target) -> Option<WorkKey> {
    match &target.subject {
        Subject::Job { job, .. } if job.process_instance.is_none() => {
            Some(job.job_definition.clone().map_or_else(|| WorkKey::Job(job.id.clone()), WorkKey::Definition))
        }
        Subject::JobDefinition(definition) if definition.process_definition.is_none() => Some(WorkKey::Definition(definition.id.clone())),
        _ => None,
    }
}

fn is_outside_processes(target: &Target) -> bool {
    match &target.subject {
        Subject::Job { job, .. } => job.process_definition.is_none(),
        Subject::JobDefinition(definition) => definition.process_definition.is_none(),
        _ => false,
    }
}

/// What the jobs of this piece of work do.
async fn effect(reading: &Reading<'_>, draft: &mut Draft, key: &WorkKey, targets: &[usize]) -> Result<EngineEffect, Unavailable> {
    let counter = Counter::new(reading.client.clone());
    let jobs = targets.len();
    let first = draft.targets[targets[0]].clone();
    let mut effect = EngineEffect { job: EngineJob::unknown(), jobs, things: None, exact: false, named: Vec::new(), all_named: false };
    let definition = match key {
        WorkKey::Definition(id) => definition(reading, &first, id).await?,
        WorkKey::Job(id) => {
            let handler = counter.handler_of(id).boxed().await.map_err(|error| refused(&error))?;
            effect.job = handler.as_ref().map_or_else(EngineJob::unknown, EngineJob::of_handler);
            None
        }
    };
    let mut progress = None;
    if let Some(definition) = &definition {
        let batch = EngineJob::of_definition(definition, None).batch;
        if let Some(id) = batch {
            progress = counter.batch_progress(&id).boxed().await.map_err(|error| refused(&error))?;
        }
        let kind = progress.as_ref().and_then(|progress| progress.batch.kind.clone());
        effect.job = EngineJob::of_definition(definition, kind.as_ref());
    }
    let jobs_meant = jobs_meant(reading, draft, &first, jobs).await?;
    match (&progress, effect.job.part) {
        (Some(progress), Part::Itself) => {
            draft.warn(Weight::Note, format!("{}: {}", effect.job.words(), progress.words()));
            effect.things = jobs_meant.map(|jobs| jobs.saturating_mul(progress.batch.per_job));
            effect.exact = progress.batch.per_job == 1;
        }
        (Some(progress), Part::Seed) => {
            draft.warn(Weight::Note, format!("{}: {}", effect.job.words(), progress.words()));
            effect.things = Some(progress.batch.jobs.saturating_sub(progress.batch.jobs_made).saturating_mul(progress.batch.per_job));
        }
        _ => {}
    }
    match effect.job.work {
        Work::StartByTimer => (effect.things, effect.exact) = (jobs_meant, true),
        Work::SuspendJobDefinition | Work::ResumeJobDefinition | Work::SuspendProcess | Work::ResumeProcess => {
            timers(reading, draft, targets, &mut effect).await?
        }
        _ => {}
    }
    if let Some(batch) = effect.job.batch.clone() {
        by_journal(reading, draft, &batch, &mut effect).await?;
    }
    Ok(effect)
}

/// How many jobs run: the targets themselves, or those of the job definition that is one.
async fn jobs_meant(reading: &Reading<'_>, draft: &mut Draft, first: &Target, jobs: usize) -> Result<Option<u64>, Unavailable> {
    match &first.subject {
        Subject::JobDefinition(definition) => {
            let filter = JobFilter { job_definition: Some(definition.id.clone()), ..JobFilter::default() };
            reading.count(draft, "how many jobs it has", CountQuestion::Jobs(filter)).await
        }
        _ => Ok(Some(jobs as u64)),
    }
}

/// The definition of a job: as the picture knows it, else as the engine tells. One that may not be read leaves the work unknown.
async fn definition(reading: &Reading<'_>, target: &Target, id: &JobDefinitionId) -> Result<Option<JobDefinition>, Unavailable> {
    if let Subject::JobDefinition(definition) = &target.subject {
        return Ok(Some(JobDefinition::clone(definition)));
    }
    let known = reading.asking.picture.job_definitions.get().and_then(|rows| rows.iter().find(|row| row.id == *id));
    match known {
        Some(known) => Ok(Some(known.clone())),
        None => reading.maybe(reading.client.job_definition(id)).await,
    }
}

/// Whom timers of suspensions and resumptions are for, where the history tells.
async fn timers(reading: &Reading<'_>, draft: &Draft, targets: &[usize], effect: &mut EngineEffect) -> Result<(), Unavailable> {
    let pending = reading::timed(reading.client).await?;
    let mut labels = Labels::default();
    for at in targets {
        let Some(timed) = pending.iter().find(|timed| timed.job.as_wire() == draft.targets[*at].id()) else { continue };
        if timed.job_definition.is_some() || timed.process_definition.is_some() {
            effect.named.push(labels.whom(reading, timed).await?);
        }
    }
    effect.all_named = effect.named.len() == targets.len();
    Ok(())
}

/// Which instances a batch of this program ends: its journal holds them.
async fn by_journal(reading: &Reading<'_>, draft: &mut Draft, batch: &BatchId, effect: &mut EngineEffect) -> Result<(), Unavailable> {
    let wanted = batch.clone();
    let earlier = match facts::ask(&reading.asking.facts, move |facts| facts.batch(&wanted)).await {
        Ok(Some(earlier)) => earlier,
        Ok(None) => return Ok(()),
        Err(why) => {
            draft.warn(Weight::Note, format!("not known: whether this program made the batch: {}", why.why));
            return Ok(());
        }
    };
    draft.warn(Weight::Note, format!("this program made the batch: {}: {}", earlier.action, earlier.sentence));
    if effect.job.work != Work::DeleteInstances {
        return Ok(());
    }
    let name = |target: &facts::EarlierTarget| target.business_key.as_ref().map_or_else(|| target.label.clone(), ToString::to_string);
    effect.named = earlier.targets.iter().filter(|target| target.sent).map(name).take(NAMED).collect();
    // Only some of its jobs may be meant: which, no job tells.
    effect.all_named = effect.things == Some(earlier.targets.len() as u64) && effect.named.len() == earlier.targets.len();
    Ok(())
}

/// The engine's own work at an incident, as an operator knows it; none where it belongs to a process.
pub(super) fn label_of(reading: &Reading<'_>, known: &KnownIncident) -> Option<String> {
    let incident = &known.incident;
    let work = crate::model::engine_job::of_incident(known, &reading.asking.picture).filter(|_| incident.process_definition.is_none())?;
    Some(work.job.words())
}

/// A job of the engine's own work as an operator knows it, as far as that is known without a request.
pub(super) fn label_of_job(reading: &Reading<'_>, job: &Job) -> Option<String> {
    let key = WorkKey::of_job(job)?;
    Some(crate::model::engine_job::known(&key, &reading.asking.picture).job.words())
}
