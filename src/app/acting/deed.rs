//! The deeds an operator can ask for: one row each, read by the menu of actions and by the keys that lead straight to one.

use std::sync::Arc;

use super::selection::Selection;
use crate::action::plan::Unavailable;
use crate::action::verb::Verb;
use crate::action::wish::{Asked, Wish};
use crate::app::prompt::Entry;
use crate::model::incident::Custom;
use crate::text::count_exact;

/// Something that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Retry what failed: incidents, jobs, external tasks; of an instance the root causes below it.
    Retry,
    /// Cancel the instance, top-down.
    Cancel,
    /// Suspend or resume what is selected, whichever it is not.
    ToggleSuspension,
    /// Suspend job definitions.
    SuspendJobDefinitions,
    /// Resume job definitions.
    ResumeJobDefinitions,
    /// Suspend all job definitions that match a pattern.
    SuspendMatching,
    /// Resume all job definitions that match a pattern.
    ResumeMatching,
    /// Suspend the instance.
    SuspendInstance,
    /// Resume the instance.
    ResumeInstance,
    /// Suspend versions of processes.
    SuspendProcesses,
    /// Resume versions of processes.
    ResumeProcesses,
    /// Suspend every active job definition.
    Freeze,
    /// Resume what the freeze suspended.
    Thaw,
    /// Change the variable.
    SetVariable,
    /// Write a note on the incident.
    Annotate,
    /// Take the external task back.
    Unlock,
    /// Make the job due now.
    RunNow,
    /// Postpone the job.
    Postpone,
    /// Change the job's priority.
    JobPriority,
    /// Change the job definition's priority.
    DefinitionPriority,
    /// Call off what is to happen later.
    CallOff,
}

/// One row of the menu.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its letter within the menu.
    pub letter: char,
    /// What it is.
    pub deed: Deed,
    /// What it does, in a few words.
    pub title: &'static str,
}

const fn row(letter: char, deed: Deed, title: &'static str) -> Row {
    Row { letter, deed, title }
}

/// The menu, most needed first.
pub const ROWS: &[Row] = &[
    row('r', Deed::Retry, "retry what failed"),
    row('c', Deed::Cancel, "cancel the instance, top-down"),
    row('n', Deed::Annotate, "write a note on the incident"),
    row('s', Deed::SuspendJobDefinitions, "suspend the job definitions"),
    row('S', Deed::ResumeJobDefinitions, "resume the job definitions"),
    row('m', Deed::SuspendMatching, "suspend job definitions by pattern"),
    row('M', Deed::ResumeMatching, "resume job definitions by pattern"),
    row('i', Deed::SuspendInstance, "suspend the instance"),
    row('I', Deed::ResumeInstance, "resume the instance"),
    row('p', Deed::SuspendProcesses, "suspend the process definitions, with or without their instances"),
    row('P', Deed::ResumeProcesses, "resume the process definitions"),
    row('f', Deed::Freeze, "freeze: suspend every active job definition"),
    row('t', Deed::Thaw, "thaw: resume what the freeze suspended"),
    row('k', Deed::CallOff, "call off what is to be suspended or resumed later"),
    row('v', Deed::SetVariable, "change the variable"),
    row('u', Deed::Unlock, "unlock the external task: take it back from its worker"),
    row('d', Deed::RunNow, "make the job due now"),
    row('D', Deed::Postpone, "postpone the job"),
    row('o', Deed::JobPriority, "change the job's priority"),
    row('O', Deed::DefinitionPriority, "change the job definition's priority"),
];

/// What follows from asking for a deed.
#[derive(Clone, Debug)]
pub enum Next {
    /// A plan is to be made.
    Plan(Wish),
    /// Something has to be typed first.
    Ask(Entry),
}

fn unavailable(why: impl Into<String>, remedy: &str) -> Unavailable {
    Unavailable { why: why.into(), remedy: remedy.to_owned() }
}

impl Deed {
    /// The verb it comes down to; that of a toggle depends on what is selected.
    pub fn verb(self) -> Option<Verb> {
        Some(match self {
            Self::Retry => Verb::Retry,
            Self::Cancel => Verb::Cancel,
            Self::ToggleSuspension => return None,
            Self::SuspendJobDefinitions | Self::SuspendMatching => Verb::SuspendJobDefinitions,
            Self::ResumeJobDefinitions | Self::ResumeMatching => Verb::ResumeJobDefinitions,
            Self::SuspendInstance => Verb::SuspendInstances,
            Self::ResumeInstance => Verb::ResumeInstances,
            Self::SuspendProcesses => Verb::SuspendProcesses,
            Self::ResumeProcesses => Verb::ResumeProcesses,
            Self::Freeze => Verb::Freeze,
            Self::Thaw => Verb::Thaw,
            Self::SetVariable => Verb::SetVariable,
            Self::Annotate => Verb::Annotate,
            Self::Unlock => Verb::Unlock,
            Self::RunNow | Self::Postpone => Verb::MoveDueDate,
            Self::JobPriority => Verb::SetJobPriority,
            Self::DefinitionPriority => Verb::SetDefinitionPriority,
            Self::CallOff => Verb::CallOffTimed,
        })
    }

    /// What it comes down to on this selection.
    ///
    /// # Errors
    ///
    /// Why the selection does not allow it, and what to select instead.
    pub fn on(self, chosen: &Selection) -> Result<Next, Unavailable> {
        let plan = |what: Asked| Ok(Next::Plan(Wish { about: chosen.about.clone(), what }));
        match self {
            Self::Retry => plan(retry(chosen)?),
            Self::Cancel => match (&chosen.instance, chosen.instances.as_slice(), chosen.incidents.len()) {
                (_, several @ [_, _, ..], _) => plan(Asked::Cancel(several.to_vec())),
                (Some(instance), ..) => plan(Asked::Cancel(vec![instance.clone()])),
                (None, _, 2..) => {
                    Err(unavailable("A whole group is not cancelled.", "Go into the row (enter) and select one incident, or mark several with space."))
                }
                _ => Err(no_instance()),
            },
            Self::ToggleSuspension => toggle(chosen),
            Self::SuspendJobDefinitions => plan(job_definitions(chosen, true)?),
            Self::ResumeJobDefinitions => plan(job_definitions(chosen, false)?),
            Self::SuspendMatching => Ok(Next::Ask(Entry::SuspendMatching)),
            Self::ResumeMatching => Ok(Next::Ask(Entry::ResumeMatching)),
            Self::SuspendInstance | Self::ResumeInstance => {
                let suspend = self == Self::SuspendInstance;
                if chosen.instances.len() > 1 {
                    return plan(Asked::Instances { instances: chosen.instances.clone(), suspend });
                }
                let instance = chosen.instance.clone().ok_or_else(no_instance)?;
                if chosen.instance_suspended == Some(suspend) {
                    return Err(already(suspend, "The instance"));
                }
                plan(Asked::Instances { instances: vec![instance], suspend })
            }
            Self::SuspendProcesses => plan(processes(chosen, true)?),
            Self::ResumeProcesses => plan(processes(chosen, false)?),
            Self::Freeze if chosen.shown.is_empty() => Err(unavailable("No job definition is shown.", "")),
            // Neither is about the row under the cursor.
            Self::Freeze => Ok(Next::Plan(Wish { about: "all that is shown".to_owned(), what: Asked::Freeze(chosen.shown.clone()) })),
            Self::Thaw => Ok(Next::Plan(Wish { about: "the latest freeze of this engine".to_owned(), what: Asked::Thaw(None) })),
            Self::SetVariable if chosen.variable.is_none() => {
                Err(unavailable("No variable is selected.", "On the page of an instance (i), v reads its variables."))
            }
            Self::SetVariable => match chosen.variable.as_ref().filter(|variable| variable.is_marked()) {
                Some(variable) => Err(unavailable(
                    format!("The engine marks {} as {}: bpmtop does not know that mark.", variable.name, variable.marks_words()),
                    "A value written without the mark would drop the protection: write it with a tool that knows it.",
                )),
                None => Ok(Next::Ask(Entry::Value)),
            },
            Self::Annotate if chosen.incident().is_none() => Err(unavailable("A note is written on one incident.", "Select one incident.")),
            Self::Annotate => Ok(Next::Ask(Entry::Note)),
            Self::Unlock => match chosen.tasks.as_slice() {
                [task] => plan(Asked::Unlock(task.clone())),
                _ => Err(unavailable("No external task is selected.", "On the page of an instance (i), select the external task.")),
            },
            Self::CallOff => match chosen.timed.as_slice() {
                [] => Err(unavailable("Nothing that is to happen later is selected.", "W lists it.")),
                jobs => plan(Asked::CallOffTimed(jobs.to_vec())),
            },
            Self::RunNow => plan(Asked::MoveDueDate { job: one_job(chosen)?, due: None }),
            Self::Postpone => one_job(chosen).map(|_| Next::Ask(Entry::Postpone)),
            Self::JobPriority => one_job(chosen).map(|_| Next::Ask(Entry::JobPriority)),
            Self::DefinitionPriority => match chosen.job_definitions.as_slice() {
                [_] => Ok(Next::Ask(Entry::DefinitionPriority)),
                _ => Err(unavailable("This is changed for one job definition at a time.", "Select one in the job definitions (2).")),
            },
        }
    }
}

fn no_instance() -> Unavailable {
    unavailable("No process instance is selected.", "Go into the row and select one incident, or find the instance with F.")
}

fn already(suspended: bool, what: &str) -> Unavailable {
    unavailable(format!("{what} is {} already.", if suspended { "SUSPENDED" } else { "active" }), "")
}

fn one_job(chosen: &Selection) -> Result<crate::model::ids::JobId, Unavailable> {
    let of_incident = chosen.incident().filter(|known| known.incident.kind.as_wire() == "failedJob").and_then(|known| known.incident.configuration.clone());
    match (chosen.jobs.as_slice(), of_incident) {
        ([job], _) => Ok(job.clone()),
        ([], Some(job)) => Ok(job.into()),
        _ => Err(unavailable("No job is selected.", "On the page of an instance (i), select the job.")),
    }
}

/// What a retry means of what has retries left: its next attempt is made now rather than later.
fn hurried(chosen: &Selection) -> Result<Asked, Unavailable> {
    match (chosen.jobs.as_slice(), chosen.tasks.as_slice()) {
        ([job], _) => Ok(Asked::MoveDueDate { job: job.clone(), due: None }),
        (_, [_]) => Err(unavailable(
            "An external task with retries left is fetched by its worker.",
            "While it waits for its next attempt, a and then u take it back, and it can be fetched now.",
        )),
        _ => Err(unavailable("What has retries left is hurried one at a time.", "enter shows the jobs of this row; R on one makes it due now.")),
    }
}

/// What a retry means on a selection: its incidents, else its jobs and tasks, else the root causes below its instance.
fn retry(chosen: &Selection) -> Result<Asked, Unavailable> {
    if !chosen.incidents.is_empty() {
        // Nothing has to be read to know it of these.
        let custom: Option<Vec<_>> = chosen.incidents.iter().map(|known| known.incident.custom()).collect();
        if let Some(custom) = custom.as_ref().and_then(|custom| custom.first()) {
            let remedy = match custom {
                Custom::OwnType => "Whoever is in charge of it resolves it: DELETE /incident/{id}.",
                Custom::NoWork => "The engine refuses to resolve it too: it ends with the activity it stands at.",
            };
            return Err(unavailable("This is a custom incident: nothing failed that could be retried.", remedy));
        }
        return Ok(Asked::Retry(chosen.incidents.clone()));
    }
    if chosen.retrying {
        return hurried(chosen);
    }
    if !chosen.jobs.is_empty() || !chosen.tasks.is_empty() {
        return Ok(Asked::RetryItems { jobs: chosen.jobs.clone(), tasks: chosen.tasks.clone() });
    }
    match &chosen.instance {
        Some(instance) => Ok(Asked::RetryBelow(instance.clone())),
        None if !chosen.job_definitions.is_empty() || !chosen.processes.is_empty() || !chosen.timed.is_empty() || chosen.instances.len() > 1 => {
            Err(unavailable("A definition is not retried, nor are several instances at once.", "Select the row of what failed in the incidents (1)."))
        }
        None if !chosen.about.is_empty() => Err(unavailable("The incidents of this row are still being read.", "Ask again in a moment.")),
        None => Err(unavailable("Nothing that failed is selected.", "Select incidents, a job, an external task or an instance.")),
    }
}

fn job_definitions(chosen: &Selection, suspend: bool) -> Result<Asked, Unavailable> {
    let wanted = chosen.job_definitions.iter().filter(|(_, suspended)| *suspended != suspend);
    let definitions: Vec<_> = wanted.map(|(id, _)| id.clone()).collect();
    match (chosen.job_definitions.len(), definitions.len()) {
        (0, _) => Err(unavailable("No job definition is selected.", "Select one in the job definitions (2), or mark several with space.")),
        (1, 0) => Err(already(suspend, "The job definition")),
        (count, 0) => {
            Err(unavailable(format!("All {} job definitions are {} already.", count_exact(count as u64), if suspend { "SUSPENDED" } else { "active" }), ""))
        }
        _ => Ok(Asked::JobDefinitions { definitions, suspend }),
    }
}

fn processes(chosen: &Selection, suspend: bool) -> Result<Asked, Unavailable> {
    let definitions: Vec<_> = chosen.processes.iter().filter(|(_, suspended)| *suspended != suspend).map(|(id, _)| id.clone()).collect();
    match (chosen.processes.len(), definitions.len()) {
        (0, _) => Err(unavailable("No process definition is selected.", "Select one in the process definitions (3).")),
        (_, 0) => Err(already(suspend, "The process definition")),
        _ => Ok(Asked::Processes { definitions, suspend }),
    }
}

/// Suspends what is active, resumes what is suspended; never both at once.
fn toggle(chosen: &Selection) -> Result<Next, Unavailable> {
    let suspended = |rows: &mut dyn Iterator<Item = bool>| {
        let states: Vec<bool> = rows.collect();
        (states.iter().filter(|suspended| **suspended).count(), states.len())
    };
    let plan = |what: Asked| Ok(Next::Plan(Wish { about: chosen.about.clone(), what }));
    let mixed = |suspended: usize, all: usize| {
        unavailable(format!("{suspended} of these {all} are SUSPENDED and {} are active.", all - suspended), "Press a and choose suspend or resume there.")
    };
    // On incidents it means their job definitions, also where their instances are known.
    let instances = if chosen.incidents.is_empty() { chosen.instances.as_slice() } else { &[] };
    let kinds = [chosen.timed.len(), chosen.processes.len(), chosen.job_definitions.len(), instances.len(), chosen.jobs.len()];
    if chosen.marked && kinds.iter().filter(|count| **count > 0).count() > 1 {
        return Err(unavailable("Rows of several kinds are marked.", "One plan changes one kind: u removes the marks."));
    }
    if !chosen.timed.is_empty() {
        return plan(Asked::CallOffTimed(chosen.timed.clone()));
    }
    if chosen.suspended_alone {
        return Err(unavailable(
            "A job that is suspended alone has nothing around it to resume.",
            "Suspend its instance, then resume it: that wakes all of its jobs.",
        ));
    }
    if instances.len() > 1 {
        return plan(Asked::Instances { instances: instances.to_vec(), suspend: false });
    }
    if !chosen.processes.is_empty() {
        return match suspended(&mut chosen.processes.iter().map(|(_, suspended)| *suspended)) {
            (0, _) => plan(processes(chosen, true)?),
            (count, all) if count == all => plan(processes(chosen, false)?),
            (count, all) => Err(mixed(count, all)),
        };
    }
    let of_rows = chosen.incidents.is_empty() && chosen.instance.is_some();
    if !chosen.job_definitions.is_empty() && !of_rows {
        return match suspended(&mut chosen.job_definitions.iter().map(|(_, suspended)| *suspended)) {
            (0, _) => plan(job_definitions(chosen, true)?),
            (count, all) if count == all => plan(job_definitions(chosen, false)?),
            (count, all) => Err(mixed(count, all)),
        };
    }
    match (&chosen.instance, chosen.instance_suspended) {
        (Some(instance), Some(suspended)) => plan(Asked::Instances { instances: vec![instance.clone()], suspend: !suspended }),
        (Some(_), None) => Err(unavailable("Whether the instance is suspended is not known yet.", "Press a and choose suspend or resume there.")),
        (None, _) => Err(unavailable(
            "There is no job definition, process definition or instance in this row to suspend.",
            "External tasks are suspended with their instance or process.",
        )),
    }
}

/// A wish on what was captured when the prompt opened, with what was typed.
pub fn with_priority(chosen: &Selection, entry: Entry, priority: Option<i64>) -> Result<Wish, Unavailable> {
    let what = match entry {
        Entry::JobPriority => Asked::SetJobPriority { job: one_job(chosen)?, priority: priority.unwrap_or(0) },
        _ => {
            let (definition, _) = chosen.job_definitions.first().ok_or_else(|| unavailable("No job definition is selected.", ""))?;
            Asked::SetDefinitionPriority { definition: definition.clone(), priority }
        }
    };
    Ok(Wish { about: chosen.about.clone(), what })
}

/// The same for a due date.
pub fn with_due(chosen: &Selection, due: Option<jiff::Timestamp>) -> Result<Wish, Unavailable> {
    Ok(Wish { about: chosen.about.clone(), what: Asked::MoveDueDate { job: one_job(chosen)?, due } })
}

/// The same for a note. Nothing typed clears it.
pub fn with_note(chosen: &Selection, text: &str) -> Result<Wish, Unavailable> {
    let known: &Arc<_> = chosen.incident().ok_or_else(|| unavailable("A note is written on one incident.", "Select one incident."))?;
    let text = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    Ok(Wish { about: chosen.about.clone(), what: Asked::Annotate { incident: known.incident.id.clone(), text } })
}
