//! Whether the engine will let this login do it: asked for the very processes and instances, before anything is sent.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt as _;

use super::reading::{Reading, concerns_one, refused};
use crate::action::plan::{HISTORY_ALONE, JOURNAL_ALONE, Plan, Unavailable, Warning, Weight};
use crate::action::target::{Subject, Target};
use crate::action::verb::Verb;
use crate::engine::catalogue::{Permission, endpoint};
use crate::engine::{Change, EngineError, Permit, RequestName};
use crate::model::grouping::Names as _;
use crate::model::ids::{ProcessInstanceId, ProcessKey};
use crate::model::rights::Right;
use crate::text::EngineText;

/// Processes asked about; a plan of more speaks of these.
const PROCESSES: usize = 10;

/// Instances asked about where no right on their process suffices: rights on single instances are rare.
const INSTANCES: usize = 3;

/// What the jobs and instances of a definition need beside the definition itself.
const INSTANCES_TOO: &[&str] = &["UPDATE_INSTANCE on PROCESS_DEFINITION", "SUSPEND_INSTANCE on PROCESS_DEFINITION", "UPDATE on PROCESS_INSTANCE"];

/// The category of every operation that this program makes (7.18, 7.24, Operaton 1.0).
const CATEGORY: &str = "Operator";

/// The resource that such a category is to whoever asks for rights.
const LOG_CATEGORY: &str = "OPERATION_LOG_CATEGORY";

/// Any one of these suffices.
type Alternatives = &'static [&'static str];

/// Asks for what the plan's requests need and adds what was found to its warnings.
pub(super) async fn check(reading: &Reading<'_>, plan: &mut Plan) -> Result<(), Unavailable> {
    if plan.targets.is_empty() {
        return Ok(());
    }
    if batch(reading, plan).await? {
        explanation(reading, plan).await?;
    }
    effects(reading, plan).await?;
    if has_every_right(reading) {
        return Ok(());
    }
    let mut found: Vec<Warning> = Vec::new();
    let processes = processes(reading, &plan.heads());
    for alternatives in demands(plan) {
        let mut refused = Vec::new();
        for (process, instances) in processes.iter().take(PROCESSES) {
            if !is_allowed(reading, alternatives, process.as_ref(), instances).await? {
                refused.push(process.as_ref().map_or_else(|| "what belongs to no process".to_owned(), ToString::to_string));
            }
        }
        if refused.is_empty() {
            continue;
        }
        let lacks = alternatives.join(" or ");
        let all = refused.len() == processes.len();
        let weight = if all { Weight::Stop } else { Weight::Caution };
        let user = reading.asking.picture.engine.user.as_deref().map_or_else(|| "this login".to_owned(), |user| format!("user {}", crate::text::safe(user)));
        let some = if all { String::new() } else { format!(" for {} of {} processes", refused.len(), processes.len()) };
        found.push(Warning { weight, text: format!("the engine will refuse this{some}: {user} lacks {lacks} for {}", refused.join(", ")) });
    }
    plan.warnings.extend(found);
    Ok(())
}

/// What the engine's own jobs do takes the rights of that: the engine asks nobody for them, so this program does.
async fn effects(reading: &Reading<'_>, plan: &mut Plan) -> Result<(), Unavailable> {
    let mut warnings = Vec::new();
    for effect in &plan.effects {
        let process = plan.targets.iter().find_map(|target| match &target.subject {
            Subject::Job { job, .. } if job.process_instance.is_none() => job.process_key.clone(),
            _ => None,
        });
        for alternatives in effect.job.work.rights() {
            if !is_allowed(reading, alternatives, process.as_ref(), &[]).await? {
                let user =
                    reading.asking.picture.engine.user.as_deref().map_or_else(|| "this login".to_owned(), |user| format!("user {}", crate::text::safe(user)));
                let lacks = alternatives.join(" or ");
                warnings.push(Warning {
                    weight: Weight::Stop,
                    text: format!("{user} lacks {lacks}, which it takes to ask for the same directly: {}", effect.words()),
                });
            }
        }
    }
    plan.warnings.extend(warnings);
    Ok(())
}

/// Says beforehand where a batch, which a reason or many jobs take, would be refused. Gives whether the engine would take a reason at all, as
/// far as is known.
async fn batch(reading: &Reading<'_>, plan: &mut Plan) -> Result<bool, Unavailable> {
    let (row, what) = match plan.verb {
        Verb::Cancel => (RequestName::DeleteInstances, "no reason can be given"),
        Verb::Retry if plan.targets.len() > 1 => (RequestName::SetJobRetriesBatch, "no batch can be used"),
        _ => return Ok(true),
    };
    if let Permission::AnyOf(alternatives) = endpoint(row).permission
        && !is_allowed(reading, alternatives, None, &[]).await?
    {
        plan.warnings.push(Warning { weight: Weight::Note, text: format!("{what}: this login lacks {}", alternatives.join(" or ")) });
        return Ok(plan.verb != Verb::Cancel);
    }
    Ok(true)
}

/// Says beforehand where the engine's own log of operations will not take the reason. Whether one will be given is not known yet. The plan is
/// sound without: where the engine does not tell, the plan says just that, and the attempt will show.
async fn explanation(reading: &Reading<'_>, plan: &mut Plan) -> Result<(), Unavailable> {
    let Permission::AnyOf(alternatives) = endpoint(RequestName::AnnotateOperation).permission else { return Ok(()) };
    let text = match takes_reason(reading, &plan.heads(), alternatives).await {
        Ok(true) => return Ok(()),
        Ok(false) => {
            let beginning = if plan.verb == Verb::Cancel { HISTORY_ALONE } else { JOURNAL_ALONE };
            format!("{beginning}: the engine's log of operations will not take it, this login lacks {}", alternatives.join(" or "))
        }
        Err(error) if concerns_one(&error) => format!("not known: whether the engine's log of operations will take a reason: {error}"),
        Err(error) => return Err(refused(&error)),
    };
    plan.warnings.push(Warning { weight: Weight::Note, text });
    Ok(())
}

/// Whether one of these rights is there: that on the category, which is the same for all processes, or else those on every process.
async fn takes_reason(reading: &Reading<'_>, targets: &[&Target], alternatives: Alternatives) -> Result<bool, EngineError> {
    let permits = || alternatives.iter().filter_map(|words| Permit::named(words));
    let mut unread = None;
    for permit in permits().filter(|permit| permit.resource == LOG_CATEGORY) {
        match reading.client.may_on(permit, Some(&EngineText::from(CATEGORY))).boxed().await {
            Ok(answer) if answer.data => return Ok(true),
            Ok(_) => {}
            // A right on the processes may suffice.
            Err(error) if concerns_one(&error) => unread = Some(error),
            Err(error) => return Err(error),
        }
    }
    for process in processes(reading, targets).into_keys().take(PROCESSES) {
        let mut allowed = false;
        for permit in permits().filter(|permit| permit.resource != LOG_CATEGORY) {
            allowed = allowed || reading.client.may_on(permit, process.as_ref().map(ProcessKey::text)).boxed().await?.data;
        }
        if !allowed {
            return unread.map_or(Ok(false), Err);
        }
    }
    Ok(true)
}

/// Whether this login is known to have all rights on all processes, so that nothing needs to be asked.
fn has_every_right(reading: &Reading<'_>) -> bool {
    let all = [Right::RetryJobs, Right::UpdateInstances, Right::DeleteInstances, Right::UpdateDefinitions];
    reading.asking.picture.rights.get().is_some_and(|rights| all.iter().all(|right| rights.has(*right) == Some(true)))
}

/// What the requests of a plan need, each once.
fn demands(plan: &Plan) -> BTreeSet<Alternatives> {
    let mut demands = BTreeSet::new();
    for step in plan.steps() {
        if let Permission::AnyOf(alternatives) = endpoint(step.change.name()).permission {
            demands.insert(alternatives);
        }
        if let Change::JobDefinitionSuspension { jobs_too: true, .. } | Change::ProcessDefinitionSuspension { instances_too: true, .. } = step.change {
            demands.insert(INSTANCES_TOO);
        }
    }
    demands
}

/// The processes of the targets, with a few instances of each.
fn processes<'t>(reading: &Reading<'_>, targets: &[&'t Target]) -> BTreeMap<Option<ProcessKey>, Vec<&'t ProcessInstanceId>> {
    let mut processes: BTreeMap<Option<ProcessKey>, Vec<&ProcessInstanceId>> = BTreeMap::new();
    for target in targets {
        let instances = processes.entry(process_of(reading, target)).or_default();
        if let Some(instance) = target.instance().filter(|_| instances.len() < INSTANCES)
            && !instances.contains(&instance)
        {
            instances.push(instance);
        }
    }
    processes
}

fn process_of(reading: &Reading<'_>, target: &Target) -> Option<ProcessKey> {
    let names = reading.asking.picture.names();
    match &target.subject {
        Subject::Job { job, .. } => job.process_key.clone(),
        Subject::ExternalTask { task, .. } => task.process_key.clone(),
        Subject::Instance(instance) => Some(names.process_key(&instance.definition)),
        Subject::JobDefinition(definition) => definition.process_key.clone(),
        Subject::ProcessDefinition(definition) => Some(definition.key.clone()),
        Subject::Incident(known) => known.incident.process_definition.as_ref().map(|definition| names.process_key(definition)),
        Subject::Variable { process, .. } => process.clone(),
        Subject::Timed(timed) => timed.process_definition.as_ref().map(|definition| names.process_key(definition)),
    }
}

async fn is_allowed(
    reading: &Reading<'_>,
    alternatives: Alternatives,
    process: Option<&ProcessKey>,
    instances: &[&ProcessInstanceId],
) -> Result<bool, Unavailable> {
    for permit in alternatives.iter().filter_map(|words| Permit::named(words)) {
        let allowed = match permit.resource {
            "PROCESS_DEFINITION" => reading.must(reading.client.may_on(permit, process.map(ProcessKey::text))).await?,
            "PROCESS_INSTANCE" if !instances.is_empty() => {
                let mut one = false;
                for instance in instances {
                    one = one || reading.must(reading.client.may_on(permit, Some(instance.text()))).await?;
                }
                one
            }
            _ => reading.must(reading.client.may_on(permit, None)).await?,
        };
        if allowed {
            return Ok(true);
        }
    }
    Ok(false)
}
