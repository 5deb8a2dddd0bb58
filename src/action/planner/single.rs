//! Verbs with one target: a variable, a note, a lock, a due date, a priority; and timers. Each is read anew, and what changed since it was shown
//! is said.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;

use super::reading::{Reading, plural, timed, unavailable};
use super::{Draft, Drafted};
use crate::action::plan::{Unavailable, Weight};
use crate::action::target::{Subject, Target, TimedSuspension};
use crate::action::verb::Verb;
use crate::action::wish::Asked;
use crate::engine::{CountQuestion, JobFilter, NewValue, Order, Page, VariableHome};
use crate::model::external_task::Hold;
use crate::model::grouping::KnownIncident;
use crate::model::ids::{ExternalTaskId, IncidentId, JobDefinitionId, JobId, ProcessInstanceId};
use crate::model::job::Job;
use crate::model::variable::{Variable, VariableValue};

/// Timers that one plan calls off: whom each is for is read.
const CALLED_OFF: usize = 100;

/// Changes of variables among which the latest of one is looked for.
const CHANGES: u32 = 50;

fn when(reading: &Reading<'_>, at: Timestamp) -> String {
    at.to_zoned(reading.asking.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// Writes a variable.
pub(super) async fn variable(reading: &Reading<'_>, asked: &Asked, instance: &ProcessInstanceId, shown: &Variable, value: &NewValue) -> Drafted {
    let Some(now) = reading.maybe(reading.client.variable(&shown.id)).await? else {
        return Err(unavailable(format!("the variable {} is gone", shown.name), "read the variables again"));
    };
    for variable in [&now, shown] {
        is_unmarked(variable)?;
    }
    if now.task.is_some() {
        return Err(unavailable(format!("{} belongs to a user task, where this program writes none", shown.name), "complete the task with another value"));
    }
    let home = match &now.execution {
        Some(execution) if execution.as_wire() != instance.as_wire() => VariableHome::Execution(execution.clone()),
        _ => VariableHome::Instance(instance.clone()),
    };
    let mut draft = Draft::of(Verb::SetVariable, asked.clone());
    let process = reading.maybe(reading.client.process_instance(instance)).await?;
    let Some(running) = process else { return Err(unavailable("its instance does not run any more", "look into its history for how it ended")) };
    if now.value != shown.value || now.kind != shown.kind {
        draft.warn(Weight::Caution, "it was changed since it was shown: look at the value it has now");
    }
    if now.kind != value.kind {
        draft.warn(Weight::Caution, format!("its type changes from {} to {}", now.kind, value.kind));
    }
    if matches!(home, VariableHome::Execution(_)) {
        draft.warn(Weight::Note, "it is local to one place in the instance: others of the same name stay as they are");
    }
    if running.suspended {
        draft.warn(Weight::Note, "its instance is suspended: the value is read once that is resumed");
    }
    let jobs = reading.running_jobs(&mut draft, instance).await?.unwrap_or(0);
    if jobs > 0 {
        draft.warn(Weight::Caution, format!("{} of this instance at work right now: it may use the old value, or write its own", plural(jobs, "job")));
    }
    changed(reading, &mut draft, instance, shown).await?;
    let subject = Subject::Variable {
        instance: instance.clone(),
        process: Some(reading.key(&running.definition)),
        home,
        name: now.name.clone(),
        before: before(&now),
        masked: reading.asking.mask.hides(now.name.as_wire()),
    };
    let label = format!("{} of {}", now.name, reading.label(Some(&running.definition), None));
    draft.targets.push(Target { label, business_key: running.business_key.clone(), version: reading.version(Some(&running.definition)), subject });
    Ok(draft)
}

/// A value that is written without its marks loses the protection that they give (Fluxnova 3: `restricted`).
fn is_unmarked(variable: &Variable) -> Result<(), Unavailable> {
    if !variable.is_marked() {
        return Ok(());
    }
    let why = format!(
        "the engine marks {} as {}: bpmtop does not know that mark, and a value written without it would drop the protection",
        variable.name,
        variable.marks_words()
    );
    Err(unavailable(why, "write it with a tool that knows the mark"))
}

/// Says when it was written last, as far as the history tells.
async fn changed(reading: &Reading<'_>, draft: &mut Draft, instance: &ProcessInstanceId, shown: &Variable) -> Result<(), Unavailable> {
    let updates = reading.client.variable_updates(instance, Page::first(CHANGES), Order::Descending);
    let updates = reading.wish(draft, "when it was written last", updates).await?.unwrap_or_default();
    if let Some(last) = updates.iter().find(|update| update.name == shown.name) {
        let by = if last.operation.is_some() { " by a user" } else { "" };
        let times = plural(last.revision.unsigned_abs(), "time");
        draft.warn(Weight::Note, format!("it was written last at {}{by}, and changed {times} before", when(reading, last.at)));
    }
    Ok(())
}

/// The value in the form in which it is written; none where the engine does not send it.
fn before(variable: &Variable) -> Option<NewValue> {
    let value = match (&variable.value, variable.kind.as_wire()) {
        (VariableValue::Null, _) => serde_json::Value::Null,
        (VariableValue::Text(text), "Boolean" | "Integer" | "Long" | "Short" | "Double" | "Number") => serde_json::from_str(text.as_wire()).ok()?,
        (VariableValue::Text(text), _) => text.as_wire().into(),
        (VariableValue::NotSent | VariableValue::Withheld | VariableValue::TooLarge { .. }, _) => return None,
    };
    let info = variable.object_type.as_ref().map(|class| {
        let format = variable.format.as_ref().map(|format| format.as_wire());
        serde_json::json!({ "objectTypeName": class.as_wire(), "serializationDataFormat": format })
    });
    Some(NewValue { kind: variable.kind.clone(), value, info })
}

/// Writes or clears the note of an incident.
pub(super) async fn annotate(reading: &Reading<'_>, asked: &Asked, id: &IncidentId, text: Option<&str>) -> Drafted {
    let Some(incident) = reading.maybe(reading.client.incident(id)).await? else {
        return Err(unavailable("this incident is not open any more", "the history keeps its note; a new failure makes a new incident"));
    };
    let mut draft = Draft::of(Verb::Annotate, asked.clone());
    match (&incident.annotation, text) {
        (Some(old), Some(new)) if old.as_wire() == new => draft.warn(Weight::Note, "it already has exactly this note"),
        (Some(old), _) => draft.warn(Weight::Note, format!("the note it has is lost: {old:.200}")),
        (None, None) => return Err(unavailable("it has no note", "")),
        (None, Some(_)) => {}
    }
    let label = reading.label_of(&incident);
    let version = reading.version(incident.process_definition.as_ref());
    draft.targets.push(Target { label, business_key: None, version, subject: Subject::Incident(KnownIncident::of(incident)) });
    Ok(draft)
}

/// Takes an external task back from its worker.
pub(super) async fn unlock(reading: &Reading<'_>, asked: &Asked, id: &ExternalTaskId) -> Drafted {
    let Some(task) = reading.maybe(reading.client.external_task(id)).await? else {
        return Err(unavailable(format!("this external task is {}", reading.why_gone()), "look at the page of its instance"));
    };
    let held = task.lock_expires.filter(|until| *until > reading.engine_now()).zip(task.worker.clone());
    let Some((until, worker)) = held else { return Err(unavailable("no worker holds this external task", "it can be fetched already")) };
    let mut draft = Draft::of(Verb::Unlock, asked.clone());
    let holds = match task.hold(reading.engine_now()) {
        Hold::HeldOrWaiting(_) => {
            format!("worker {worker} holds it until {} and may be at work, or it waits so long for its next attempt", when(reading, until))
        }
        _ => format!("worker {worker} holds it until {}, and may be at work", when(reading, until)),
    };
    draft.warn(Weight::Caution, holds);
    if task.suspended {
        draft.warn(Weight::Note, "it is suspended: nobody fetches it until its instance is resumed");
    }
    let label = reading.label(task.process_definition.as_ref(), task.activity.as_ref());
    let (business_key, version) = (task.business_key.clone(), reading.version(task.process_definition.as_ref()));
    draft.targets.push(Target { label, business_key, version, subject: Subject::ExternalTask { task: task.into(), incident: None } });
    Ok(draft)
}

async fn one_job(reading: &Reading<'_>, id: &JobId) -> Result<Job, Unavailable> {
    let job = reading.maybe(reading.client.job(id)).await?;
    job.ok_or_else(|| unavailable(format!("this job is {}", reading.why_gone()), "look at the page of its instance"))
}

async fn with_job(reading: &Reading<'_>, draft: &mut Draft, job: Job) -> Result<(), Unavailable> {
    let mut key = None;
    if let Some(id) = &job.process_instance {
        let found = reading.instances(std::slice::from_ref(id)).await?;
        key = reading.business_keys(&found).await?.remove(id);
    }
    draft.targets.push(reading.job_target(job, None, key));
    Ok(())
}

/// Moves the due date of a job.
pub(super) async fn due_date(reading: &Reading<'_>, asked: &Asked, id: &JobId, due: Option<Timestamp>) -> Drafted {
    let job = one_job(reading, id).await?;
    let mut draft = Draft::of(Verb::MoveDueDate, asked.clone());
    draft.warn(Weight::Note, job.due.map_or_else(|| "it has no due date: it is due at once".to_owned(), |due| format!("it is due {} now", when(reading, due))));
    if job.retries == 0 {
        draft.warn(Weight::Caution, "it is out of retries: it does not run until it is retried, whenever it is due");
    }
    if job.suspended {
        draft.warn(Weight::Caution, "it is suspended: it does not run until it is resumed, whenever it is due");
    }
    if due.is_some_and(|due| due <= reading.engine_now()) {
        draft.warn(Weight::Note, "that moment has passed: it is due at once");
    }
    with_job(reading, &mut draft, job).await?;
    Ok(draft)
}

/// Changes the priority of a job.
pub(super) async fn job_priority(reading: &Reading<'_>, asked: &Asked, id: &JobId, priority: i64) -> Drafted {
    let job = one_job(reading, id).await?;
    if job.priority == priority {
        return Err(unavailable(format!("it has priority {priority} already"), "choose another"));
    }
    let mut draft = Draft::of(Verb::SetJobPriority, asked.clone());
    draft.warn(Weight::Note, format!("it has priority {} now", job.priority));
    with_job(reading, &mut draft, job).await?;
    Ok(draft)
}

/// Changes the priority of a job definition's jobs.
pub(super) async fn definition_priority(reading: &Reading<'_>, asked: &Asked, id: &JobDefinitionId, priority: Option<i64>) -> Drafted {
    let Some(definition) = reading.maybe(reading.client.job_definition(id)).await? else {
        return Err(unavailable(format!("this job definition is {}", reading.why_gone()), "look at the list of job definitions"));
    };
    let mut draft = Draft::of(Verb::SetDefinitionPriority, asked.clone());
    let old = definition.overriding_priority;
    if old.is_none() && priority.is_none() {
        return Err(unavailable("nothing overrides its priority", ""));
    }
    draft.warn(Weight::Note, old.map_or_else(|| "its jobs have the priority of the diagram now".to_owned(), |old| format!("its jobs have priority {old} now")));
    let filter = JobFilter { job_definition: Some(id.clone()), ..JobFilter::default() };
    if let Some(jobs) = reading.count(&mut draft, "existing jobs", CountQuestion::Jobs(filter)).await? {
        let text = if priority.is_some() { "exist" } else { "exist and keep their priority: the engine cannot take it back from them" };
        draft.warn(Weight::Note, format!("{} {text}", plural(jobs, "job")));
    }
    draft.targets.push(reading.definition_target(definition));
    Ok(draft)
}

/// Calls off what is to happen later. What has happened meanwhile is left out, and so is what is more than one plan calls off.
pub(super) async fn call_off(reading: &Reading<'_>, asked: &Asked, ids: &[JobId]) -> Drafted {
    let mut pending: HashMap<JobId, TimedSuspension> = timed(reading.client).await?.into_iter().map(|timed| (timed.job.clone(), timed)).collect();
    let mut draft = Draft::of(Verb::CallOffTimed, asked.clone());
    let mut users: BTreeMap<String, u64> = BTreeMap::new();
    let (mut once, mut labels) = (HashSet::new(), Labels::default());
    for id in ids.iter().filter(|id| once.insert(*id)) {
        match pending.remove(id) {
            None => draft.leave_out(format!("timer {id}"), "no timer of a suspension that is to come: it has happened already, or was called off"),
            Some(timed) if draft.targets.len() >= CALLED_OFF => {
                draft.leave_out(labels.known(reading, &timed), "one plan calls off 100 timers: ask again for the others");
            }
            Some(timed) => {
                timed.user.iter().for_each(|user| *users.entry(user.to_string()).or_default() += 1);
                draft.targets.push(labels.timer(reading, timed).await?);
            }
        }
    }
    if draft.targets.is_empty() && ids.len() == 1 {
        return Err(unavailable("this is no timer of a suspension that is to come, or it has happened already", "look at the list of timed ones again"));
    }
    let all = draft.targets.len() as u64;
    for (user, count) in users {
        draft.warn(Weight::Note, if all == 1 || count == all { format!("ordered by {user}") } else { format!("{count} of these ordered by {user}") });
    }
    Ok(draft)
}

/// What the job definitions that timers are for are called, none where one is gone: each is read once.
#[derive(Default)]
pub(super) struct Labels(HashMap<JobDefinitionId, Option<String>>);

impl Labels {
    /// The timer of something that is to happen later as a target.
    pub(super) async fn timer(&mut self, reading: &Reading<'_>, timed: TimedSuspension) -> Result<Target, Unavailable> {
        self.look_up(reading, &timed).await?;
        let version = reading.version(timed.process_definition.as_ref());
        Ok(Target { label: self.known(reading, &timed), business_key: None, version, subject: Subject::Timed(timed) })
    }

    /// Whom a timer is for, as an operator knows it.
    pub(super) async fn whom(&mut self, reading: &Reading<'_>, timed: &TimedSuspension) -> Result<String, Unavailable> {
        self.look_up(reading, timed).await?;
        Ok(self.known_whom(reading, timed))
    }

    async fn look_up(&mut self, reading: &Reading<'_>, timed: &TimedSuspension) -> Result<(), Unavailable> {
        if let Some(id) = timed.job_definition.as_ref().filter(|id| !self.0.contains_key(id)) {
            let found = reading.maybe(reading.client.job_definition(id)).await?;
            self.0.insert(id.clone(), found.map(|definition| reading.definition_target(definition).label));
        }
        Ok(())
    }

    fn known_whom(&self, reading: &Reading<'_>, timed: &TimedSuspension) -> String {
        match (&timed.job_definition, &timed.process_definition) {
            (Some(id), _) => self.0.get(id).cloned().flatten().unwrap_or_else(|| format!("job definition {id}")),
            (None, Some(process)) => reading.label(Some(process), None),
            (None, None) => "something the history does not tell".to_owned(),
        }
    }

    /// The timer's name as far as it is known without a request.
    fn known(&self, reading: &Reading<'_>, timed: &TimedSuspension) -> String {
        let what = if timed.suspend { "suspension" } else { "resumption" };
        format!("the {what} of {} at {}", self.known_whom(reading, timed), when(reading, timed.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example::instance::variable;
    use serde_json::json;

    #[test]
    fn a_value_is_put_back_in_the_form_in_which_it_is_written() {
        let of = |kind: &str, text: &str| before(&variable("v", kind, VariableValue::of_text(text))).map(|value| value.value);
        assert_eq!(of("Long", "42"), Some(json!(42)));
        assert_eq!(of("Boolean", "true"), Some(json!(true)));
        assert_eq!(of("String", "42"), Some(json!("42")), "a string of digits stays a string");
        assert_eq!(of("Json", "{\"a\":1}"), Some(json!("{\"a\":1}")), "JSON is written as text");
        assert_eq!(before(&variable("v", "String", VariableValue::Null)).map(|value| value.value), Some(json!(null)));
        assert_eq!(before(&variable("v", "Bytes", VariableValue::NotSent)), None);
    }

    #[test]
    fn a_variable_with_a_mark_that_is_not_known_is_not_written_and_the_mark_is_named() {
        let plain = variable("iban", "String", VariableValue::of_text("x"));
        assert_eq!(is_unmarked(&plain), Ok(()));
        let marked = Variable { marks: vec!["restricted".into()], value: VariableValue::Withheld, ..plain };
        let no = is_unmarked(&marked).unwrap_err();
        assert!(no.why.contains("marks iban as restricted") && no.why.contains("drop the protection"), "{}", no.why);
        assert_eq!(before(&marked), None, "and nothing of it is put back");
    }
}
