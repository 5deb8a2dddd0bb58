//! Taking an action of the journal back, thawing included: just what it did, as far as that still stands and nobody else wants it so by now.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::FutureExt as _;
use jiff::SignedDuration;

use super::facts::{Earlier, EarlierTarget, Facts, ask};
use super::reading::{Reading, refused, timed, unavailable};
use super::{Draft, Drafted, definitions, instances, processes, single};
use crate::action::plan::{LeftOut, Unavailable, Weight};
use crate::action::target::TimedSuspension;
use crate::action::verb::Verb;
use crate::action::wish::Asked;
use crate::engine::identity::{self, Depth, KnownFrom, Verdict};
use crate::engine::{Page, UserOperationFilter, UserOperationQuery};
use crate::model::history::UserOperation;
use crate::model::ids::{ExecutionId, JobDefinitionId, ProcessDefinitionId, ProcessInstanceId};
use crate::text::EngineText;

/// Operations since an action that are read besides its own.
const OPERATIONS: usize = 500;

/// What an action's own operations may be earlier than its beginning, by clocks that tell whole seconds.
const APART: SignedDuration = SignedDuration::from_secs(2);

/// Processes that are asked whether they are suspended as a whole.
const PROCESSES: usize = 30;

/// Resumes what a freeze suspended.
pub(super) async fn thaw(reading: &Reading<'_>, asked: &Asked, name: Option<&str>) -> Drafted {
    let facts = &reading.asking.facts;
    let earlier = match name {
        Some(name) => action(facts, name).await?,
        None => {
            let engine = reading.asking.picture.engine.clone();
            ask(facts, move |facts| facts.frozen(&engine)).await?
        }
    };
    let Some(earlier) = earlier else {
        return Err(unavailable("the journal knows of no freeze of this engine that was not thawed", "resume job definitions by name instead"));
    };
    is_of_this_engine(reading, &earlier).await?;
    if earlier.verb != Verb::Freeze {
        return Err(unavailable(format!("{} is no freeze: {}", earlier.action, earlier.sentence), "undo it instead"));
    }
    taken_back(&earlier)?;
    if earlier.at.is_some_and(|at| at > reading.engine_now()) {
        return Err(unavailable("this freeze was ordered for later and has not come", "undo it instead: that calls its timers off"));
    }
    resume_definitions(reading, asked.clone(), Verb::Thaw, &earlier).await
}

pub(super) async fn action(facts: &Arc<dyn Facts>, name: &str) -> Result<Option<Earlier>, Unavailable> {
    let name = name.to_owned();
    ask(facts, move |facts| facts.action(&name)).await
}

/// Takes an action back.
pub(super) async fn undo(reading: &Reading<'_>, name: &str) -> Drafted {
    let Some(earlier) = action(&reading.asking.facts, name).await? else {
        return Err(unavailable(format!("the journal knows of no action {}", crate::text::safe(name)), "bpmtop journal lists those it knows"));
    };
    is_of_this_engine(reading, &earlier).await?;
    taken_back(&earlier)?;
    let sent: Vec<&EarlierTarget> = earlier.targets.iter().filter(|target| target.sent).collect();
    if sent.is_empty() {
        return Err(unavailable("nothing of this action was ever sent", ""));
    }
    let ordered = earlier.at.filter(|at| *at > reading.engine_now());
    let mut draft = match earlier.verb {
        _ if ordered.is_some() => call_off(reading, &earlier, &sent).await?,
        Verb::Retry => {
            return Err(unavailable(
                "a retry cannot be undone: the jobs have run, or may at any moment",
                "suspend their job definition to keep those that wait from running",
            ));
        }
        Verb::Cancel => return Err(unavailable("cancelled instances cannot be brought back", "they have to be started anew")),
        Verb::Unlock => return Err(unavailable("a lock cannot be given back: another worker may have it", "")),
        Verb::PutBack => {
            return Err(unavailable(
                "putting back cannot be undone",
                "plan what those jobs shall do by themselves: resume what suspends them, or move their due dates",
            ));
        }
        Verb::CallOffTimed => return Err(unavailable("a timer that was called off cannot be brought back", "order it anew")),
        Verb::SuspendJobDefinitions => {
            let definitions = ids(&sent);
            resume_definitions(reading, Asked::JobDefinitions { definitions, suspend: false }, Verb::ResumeJobDefinitions, &earlier).await?
        }
        Verb::Freeze => resume_definitions(reading, Asked::Thaw(Some(name.to_owned())), Verb::Thaw, &earlier).await?,
        Verb::ResumeJobDefinitions | Verb::Thaw => {
            let definitions: Vec<JobDefinitionId> = ids(&changed(&sent, true));
            definitions::plan(reading, &Asked::JobDefinitions { definitions: definitions.clone(), suspend: true }, &definitions, true).await?
        }
        Verb::SuspendInstances => resume_instances(reading, &earlier, &sent).await?,
        Verb::ResumeInstances => {
            let chosen: Vec<ProcessInstanceId> = ids(&changed(&sent, true));
            instances::plan(reading, &Asked::Instances { instances: chosen.clone(), suspend: true }, &chosen, true).await?
        }
        Verb::SuspendProcesses | Verb::ResumeProcesses => {
            let suspend = earlier.verb == Verb::ResumeProcesses;
            let definitions: Vec<ProcessDefinitionId> = ids(&changed(&sent, suspend));
            processes::plan(reading, &Asked::Processes { definitions: definitions.clone(), suspend }, &definitions, suspend).await?
        }
        Verb::SetVariable | Verb::Annotate | Verb::MoveDueDate | Verb::SetJobPriority | Verb::SetDefinitionPriority => {
            value(reading, &earlier, sent[0]).boxed().await?
        }
    };
    draft.choices.jobs_too = earlier.jobs_too;
    draft.takes_back = Some(earlier.action);
    Ok(draft)
}

fn ids<T: From<EngineText>>(targets: &[&EarlierTarget]) -> Vec<T> {
    targets.iter().map(|target| T::from(target.id.clone())).collect()
}

/// Those that were so before that the action changed them.
fn changed<'t>(targets: &[&'t EarlierTarget], suspended_before: bool) -> Vec<&'t EarlierTarget> {
    targets.iter().copied().filter(|target| target.before.suspended == suspended_before).collect()
}

/// Whether it was done to the engine that answers at this address: ids of another mean nothing here, even at the same address.
pub(super) async fn is_of_this_engine(reading: &Reading<'_>, earlier: &Earlier) -> Result<(), Unavailable> {
    let engine = &reading.asking.picture.engine;
    if earlier.url != engine.url || earlier.engine_name != engine.engine_name {
        return Err(unavailable(format!("that was done to another engine: {}", crate::text::safe(&earlier.url)), "connect to that engine"));
    }
    match identity::compare(reading.client, &earlier.engine, KnownFrom::Journal, Depth::Database).await.map_err(|error| refused(&error))? {
        Verdict::Another(why) | Verdict::Unsure(why) => Err(unavailable(why, "connect to the engine it was done to")),
        Verdict::Same | Verdict::Unknown => Ok(()),
    }
}

fn taken_back(earlier: &Earlier) -> Result<(), Unavailable> {
    match &earlier.taken_back {
        Some(by) => Err(unavailable(format!("it was undone already, by {by}"), "undo that to do it again")),
        None => Ok(()),
    }
}

/// Calls off what an action ordered for later and has not happened yet.
async fn call_off(reading: &Reading<'_>, earlier: &Earlier, sent: &[&EarlierTarget]) -> Drafted {
    let suspend = !matches!(earlier.verb, Verb::ResumeJobDefinitions | Verb::ResumeProcesses | Verb::Thaw);
    let pending = timed(reading.client).await?;
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for target in sent {
        let is_of = |timed: &&TimedSuspension| {
            let whom = timed.job_definition.as_ref().map_or_else(|| timed.process_definition.as_ref().map(ProcessDefinitionId::text), |id| Some(id.text()));
            whom == Some(&target.id) && timed.suspend == suspend && Some(timed.at) == earlier.at
        };
        match pending.iter().find(is_of) {
            Some(timed) => found.push(timed.clone()),
            None => missing.push(target.label.clone()),
        }
    }
    if found.is_empty() {
        return Err(unavailable(
            "the timers of this action are not found: called off already, or the history does not tell whom they are for",
            "look at the list of timed ones",
        ));
    }
    let mut draft = Draft::of(Verb::CallOffTimed, Asked::CallOffTimed(found.iter().map(|timed| timed.job.clone()).collect()));
    let mut labels = single::Labels::default();
    for timed in found {
        draft.targets.push(labels.timer(reading, timed).await?);
    }
    for label in missing {
        draft.leave_out(label, "its timer is not found: called off already, or not told apart from others");
    }
    Ok(draft)
}

/// Resumes just those job definitions that an action suspended and nobody has touched since.
async fn resume_definitions(reading: &Reading<'_>, asked: Asked, verb: Verb, earlier: &Earlier) -> Drafted {
    let mut draft = Draft::of(verb, asked);
    draft.choices.jobs_too = earlier.jobs_too;
    draft.takes_back = Some(earlier.action.clone());
    let mut wanted: Vec<(JobDefinitionId, &EarlierTarget)> = Vec::new();
    for target in &earlier.targets {
        match (target.sent, target.before.suspended) {
            (false, _) => draft.leave_out(target.label.clone(), "it was never suspended by that action"),
            (true, true) => draft.leave_out(target.label.clone(), "it was suspended before that action: it stays so"),
            (true, false) => wanted.push((target.id.clone().into(), target)),
        }
    }
    let found = definitions::read(reading, &wanted.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>()).await?;
    let since = Since::read(reading, &mut draft, earlier, &["SuspendJobDefinition"]).await?;
    let processes = Since::read(reading, &mut draft, earlier, &["SuspendProcessDefinition"]).await?;
    let mut whole: HashMap<ProcessDefinitionId, bool> = HashMap::new();
    let mut chosen = Vec::new();
    for (id, target) in wanted {
        let Some(definition) = found.get(&id) else {
            draft.leave_out(target.label.clone(), reading.why_gone());
            continue;
        };
        let of_process = |operation: &&UserOperation| operation.process_definition.is_some() && operation.process_definition == definition.process_definition;
        let again = since.again(|operation| operation.job_definition.as_ref() == Some(&id)).or_else(|| processes.operations.iter().find(of_process));
        if !definition.suspended {
            draft.leave_out(target.label.clone(), "somebody resumed it meanwhile");
        } else if let Some(operation) = again {
            draft.leave_out(target.label.clone(), format!("{} suspended it again since: it stays so", who(operation)));
        } else if is_whole(reading, &mut whole, definition.process_definition.as_ref()).await? {
            draft.leave_out(target.label.clone(), "its whole process is suspended by now: it stays so");
        } else {
            chosen.push(definition.clone());
        }
    }
    definitions::aim(reading, &mut draft, chosen).await?;
    Ok(draft)
}

/// Whether a process is suspended as a whole.
async fn is_whole(reading: &Reading<'_>, known: &mut HashMap<ProcessDefinitionId, bool>, process: Option<&ProcessDefinitionId>) -> Result<bool, Unavailable> {
    let Some(process) = process else { return Ok(false) };
    if let Some(whole) = known.get(process) {
        return Ok(*whole);
    }
    let picture = || reading.asking.picture.definitions.get().and_then(|all| all.by_id.get(process)).is_some_and(|definition| definition.suspended);
    let whole = if known.len() < PROCESSES {
        reading.maybe(reading.client.process_definition(process)).await?.is_some_and(|definition| definition.suspended)
    } else {
        picture()
    };
    known.insert(process.clone(), whole);
    Ok(whole)
}

fn who(operation: &UserOperation) -> String {
    operation.user.as_ref().map_or_else(|| "somebody".to_owned(), |user| format!("user {user}"))
}

/// What users did since an action began, the oldest first.
struct Since {
    operations: Vec<UserOperation>,
    /// The user as whom the action was performed, where that is known.
    own: Option<String>,
}

impl Since {
    /// Reads operations of these kinds.
    async fn read(reading: &Reading<'_>, draft: &mut Draft, earlier: &Earlier, kinds: &[&str]) -> Result<Self, Unavailable> {
        // What an engine or a file tells of times may lie at the end of all days.
        let offset = reading.asking.picture.engine.clock_offset.unwrap_or_default().saturating_sub(APART);
        let after = earlier.began.saturating_add(offset).unwrap_or(earlier.began);
        let most = u32::try_from(earlier.targets.len().saturating_mul(2) + OPERATIONS).unwrap_or(Page::MOST).min(Page::MOST);
        let mut operations = Vec::new();
        for kind in kinds {
            let filter = UserOperationFilter {
                kind: Some((*kind).into()),
                property: Some("suspensionState".into()),
                after: Some(after),
                ..UserOperationFilter::default()
            };
            let query = UserOperationQuery { filter, page: Page::first(most) };
            let rows = reading.wish(draft, "who suspended what since", reading.client.user_operations_where(&query)).await?.unwrap_or_default();
            if rows.len() >= most as usize {
                draft.warn(Weight::Caution, format!("more than {most} suspensions were ordered since: the oldest of them were not looked at"));
            }
            operations.extend(rows);
        }
        operations.sort_by_key(|operation| operation.at);
        Ok(Self { operations, own: reading.asking.picture.engine.user.clone() })
    }

    /// The latest of these that is not the action's own: that is the first by the same user, since each target takes one.
    fn again(&self, is_of: impl Fn(&UserOperation) -> bool) -> Option<&UserOperation> {
        let by_us = |operation: &UserOperation| match (&self.own, &operation.user) {
            (Some(own), Some(user)) => user.as_wire() == own,
            _ => true,
        };
        let mut own = false;
        let others = self.operations.iter().filter(|operation| is_of(operation)).filter(|operation| {
            let is_own = !own && by_us(operation);
            own |= is_own;
            !is_own
        });
        others.last()
    }
}

/// Resumes just those instances that an action suspended and nobody has touched since.
async fn resume_instances(reading: &Reading<'_>, earlier: &Earlier, sent: &[&EarlierTarget]) -> Drafted {
    let mut notes = Draft::of(Verb::ResumeInstances, Asked::Undo(earlier.action.0.clone()));
    let mut left_out = Vec::new();
    let since = Since::read(reading, &mut notes, earlier, &["Suspend"]).await?;
    let mut chosen: Vec<ProcessInstanceId> = Vec::new();
    for target in sent {
        let id = ProcessInstanceId::from(target.id.clone());
        let again = since.again(|operation| operation.instance.as_ref() == Some(&id));
        let why = match again {
            _ if target.before.suspended => "it was suspended before that action: it stays so".to_owned(),
            Some(operation) => format!("{} suspended it again since: it stays so", who(operation)),
            None => {
                chosen.push(id);
                continue;
            }
        };
        left_out.push(LeftOut { label: target.label.clone(), why });
    }
    let mut draft = instances::plan(reading, &Asked::Instances { instances: chosen.clone(), suspend: false }, &chosen, false).await?;
    draft.left_out.extend(left_out);
    draft.warnings.extend(notes.warnings);
    Ok(draft)
}

/// Puts a value back.
async fn value(reading: &Reading<'_>, earlier: &Earlier, target: &EarlierTarget) -> Drafted {
    let before = &target.before;
    match earlier.verb {
        Verb::MoveDueDate => {
            let (job, due) = (target.id.clone().into(), before.due);
            single::due_date(reading, &Asked::MoveDueDate { job: target.id.clone().into(), due }, &job, due).await
        }
        Verb::SetJobPriority => {
            let job = target.id.clone().into();
            let Some(priority) = before.priority else { return Err(unavailable("the journal does not tell its priority before", "")) };
            single::job_priority(reading, &Asked::SetJobPriority { job: target.id.clone().into(), priority }, &job, priority).await
        }
        Verb::SetDefinitionPriority => {
            let definition = target.id.clone().into();
            let asked = Asked::SetDefinitionPriority { definition: target.id.clone().into(), priority: before.priority };
            single::definition_priority(reading, &asked, &definition, before.priority).await
        }
        Verb::Annotate => {
            let incident = target.id.clone().into();
            let asked = Asked::Annotate { incident: target.id.clone().into(), text: before.note.clone() };
            single::annotate(reading, &asked, &incident, before.note.as_deref()).await
        }
        _ => written(reading, target).await,
    }
}

/// Puts the value of a variable back, which only the session that changed it knows.
async fn written(reading: &Reading<'_>, target: &EarlierTarget) -> Drafted {
    let Some((value, instance)) = target.before.value.clone().zip(target.instance.clone()) else {
        return Err(unavailable("the value it had is not known: the journal keeps no values, since they may be secret", "write the value anew"));
    };
    let instance = ProcessInstanceId::from(instance);
    let execution = ExecutionId::from(instance.text().clone());
    let rows = reading.must(reading.client.local_variables(&execution, &target.id)).await?;
    let Some(now) = rows.into_iter().find(|row| row.task.is_none()) else {
        return Err(unavailable(format!("the variable {} is gone, or local to a part of its instance", target.id), "write it on the page of the instance"));
    };
    let now = Arc::new(now);
    let asked = Asked::SetVariable { instance: instance.clone(), variable: Arc::clone(&now), value: value.clone() };
    single::variable(reading, &asked, &instance, &now, &value).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example;
    use jiff::Timestamp;

    fn operation(definition: &str, user: &str, second: i64) -> UserOperation {
        UserOperation {
            user: Some(user.into()),
            job_definition: Some(definition.into()),
            property: Some("suspensionState".into()),
            ..example::operation("SuspendJobDefinition", "JobDefinition", Timestamp::from_second(second).unwrap())
        }
    }

    fn again(own: Option<&str>, operations: &[UserOperation]) -> Option<i64> {
        let since = Since { operations: operations.to_vec(), own: own.map(str::to_owned) };
        since.again(|operation| operation.job_definition == Some("jd".into())).map(|operation| operation.at.as_second())
    }

    #[test]
    fn the_first_suspension_by_ourselves_is_the_actions_own_and_every_other_is_somebodys() {
        let (ours, again_ours, theirs) = (operation("jd", "demo", 1), operation("jd", "demo", 2), operation("jd", "anna", 3));
        assert_eq!(again(Some("demo"), std::slice::from_ref(&ours)), None);
        assert_eq!(again(Some("demo"), &[ours.clone(), again_ours]), Some(2), "another session of ours wants it so");
        assert_eq!(again(Some("demo"), &[ours.clone(), theirs.clone()]), Some(3));
        assert_eq!(again(Some("demo"), std::slice::from_ref(&theirs)), Some(3), "ours never arrived");
        assert_eq!(again(None, std::slice::from_ref(&ours)), None, "who we are is not known");
        assert_eq!(again(Some("demo"), &[ours, operation("other", "anna", 3)]), None);
    }
}
