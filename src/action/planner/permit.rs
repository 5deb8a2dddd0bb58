//! Whether the engine will let this login do it: asked for the very processes and instances, before anything is sent.

use std::collections::{BTreeMap, BTreeSet};

use super::reading::Reading;
use crate::action::plan::{JOURNAL_ALONE, Plan, Unavailable, Warning, Weight};
use crate::action::target::{Subject, Target};
use crate::action::verb::Verb;
use crate::engine::catalogue::{Permission, endpoint};
use crate::engine::{Change, Permit, RequestName};
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

/// Any one of these suffices.
type Alternatives = &'static [&'static str];

/// Asks for what the plan's requests need and adds what was found to its warnings.
pub(super) async fn check(reading: &Reading<'_>, plan: &mut Plan) -> Result<(), Unavailable> {
    if plan.targets.is_empty() {
        return Ok(());
    }
    batch(reading, plan).await?;
    explanation(reading, plan).await?;
    if has_every_right(reading) {
        return Ok(());
    }
    let processes = processes(reading, &plan.targets);
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
        plan.warnings.push(Warning { weight, text: format!("the engine will refuse this{some}: {user} lacks {lacks} for {}", refused.join(", ")) });
    }
    Ok(())
}

/// Says beforehand where a batch, which a reason or many jobs take, would be refused.
async fn batch(reading: &Reading<'_>, plan: &mut Plan) -> Result<(), Unavailable> {
    let (row, what) = match plan.verb {
        Verb::Cancel => (RequestName::DeleteInstances, "no reason can be given"),
        Verb::Retry if plan.targets.len() > 1 => (RequestName::SetJobRetriesBatch, "no batch can be used"),
        _ => return Ok(()),
    };
    if let Permission::AnyOf(alternatives) = endpoint(row).permission
        && !is_allowed(reading, alternatives, None, &[]).await?
    {
        plan.warnings.push(Warning { weight: Weight::Note, text: format!("{what}: this login lacks {}", alternatives.join(" or ")) });
    }
    Ok(())
}

/// Says beforehand where the engine's own log of operations will not take the reason. Whether one will be given is not known yet.
async fn explanation(reading: &Reading<'_>, plan: &mut Plan) -> Result<(), Unavailable> {
    let Permission::AnyOf(alternatives) = endpoint(RequestName::AnnotateOperation).permission else { return Ok(()) };
    let processes: Vec<Option<ProcessKey>> = processes(reading, &plan.targets).into_keys().take(PROCESSES).collect();
    for process in &processes {
        match is_allowed(reading, alternatives, process.as_ref(), &[]).await {
            Ok(true) => {}
            Ok(false) => {
                let text = format!("{JOURNAL_ALONE}: the engine's log will not take it, this login lacks {}", alternatives.join(" or "));
                plan.warnings.push(Warning { weight: Weight::Note, text });
                return Ok(());
            }
            Err(why) => return Err(why),
        }
    }
    Ok(())
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
fn processes<'t>(reading: &Reading<'_>, targets: &'t [Target]) -> BTreeMap<Option<ProcessKey>, Vec<&'t ProcessInstanceId>> {
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
            "OPERATION_LOG_CATEGORY" => reading.must(reading.client.may_on(permit, Some(&EngineText::from(CATEGORY)))).await?,
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
