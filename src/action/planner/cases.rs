//! Cases (CMMN) around a cancellation. A case whose process task called the cancelled instance is not told that it ended: the task stays
//! active, and the process that called the case waits too, without an incident. A case that a cancelled instance called goes on by itself
//! (7.18, 7.24 and Operaton 1.0).

use super::family::calls_in;
use super::reading::{Reading, plural, refused};
use super::{Draft, Weight, concerns_one};
use crate::action::plan::{Level, TreeLine, Unavailable, Warning};
use crate::model::case::{CalledCase, CasesAbove};
use crate::model::definition::ProcessInstance;
use crate::model::ids::{ActivityId, ProcessInstanceId};
use crate::poll::inquire::Counter;

/// Instances that end of which it is asked what cases they called.
const LOOKED_AT: usize = 10;

/// The cases above the topmost instance of a tree, and the process that called them.
pub(super) struct Found {
    above: CasesAbove,
    /// The process that called the uppermost case, and where it waits for it.
    caller: Option<(ProcessInstance, Option<String>)>,
}

/// Reads the cases above the topmost instance; none where no case called it.
pub(super) async fn above(reading: &Reading<'_>, draft: &mut Draft, top: &ProcessInstance) -> Result<Option<Found>, Unavailable> {
    // Whoever was called by a case has one, and most engines have none.
    if top.case.is_none() {
        return Ok(None);
    }
    let past = match reading.maybe(reading.client.historic_process_instance(&top.id)).await {
        Ok(past) => past,
        Err(why) => {
            draft.warn(Weight::Note, format!("not known: what the history tells of the case: {}", why.why));
            None
        }
    };
    let counter = Counter::new(reading.client.clone());
    let Some(above) = counter.cases_above(&top.id, Some(top), past.as_ref()).await.map_err(|error| refused(&error))? else { return Ok(None) };
    let mut caller = None;
    if let Some(id) = &above.caller
        && let Some(running) = reading.maybe(reading.client.process_instance(id)).await?
    {
        let visits = calls_in(reading, id).await;
        let case = above.top().map(|case| &case.id);
        let visit = visits.into_iter().find(|visit| visit.called_case.as_ref() == case);
        let place = visit.map(|visit| visit.name.map_or_else(|| ActivityId::to_string(&visit.activity), |name| name.to_string()));
        caller = Some((running, place));
    }
    Ok(Some(Found { above, caller }))
}

/// What waits above, from the top: for ever, if the instance below ends.
pub(super) fn lines(reading: &Reading<'_>, found: &Found, ends: bool) -> Vec<TreeLine> {
    let mut lines = Vec::new();
    let waits = |place: &str| if ends { format!("keeps WAITING FOR EVER{place}") } else { format!("waits{place}") };
    let mut push = |instance: ProcessInstanceId, label: String, note: String| {
        lines.push(TreeLine { depth: lines.len(), instance, label, note, asked: false, ends: false });
    };
    if let Some((caller, place)) = &found.caller {
        let label = reading.label(Some(&caller.definition), None);
        let label = caller.business_key.as_ref().map_or(label.clone(), |key| format!("{label} ({key})"));
        let at = place.as_ref().map_or_else(String::new, |place| format!(" at {place}"));
        push(caller.id.clone(), label, waits(&at));
    }
    for case in found.above.cases.iter().rev() {
        push(ProcessInstanceId::from(case.id.text().clone()), format!("case {}", case.label()), waits(&case.at_task()));
    }
    lines
}

/// Who waits for ever if the topmost instance ends.
pub(super) fn waits(reading: &Reading<'_>, found: &Found) -> String {
    let mut text = String::new();
    for (place, case) in found.above.cases.iter().enumerate() {
        let lead = if place == 0 { "the case" } else { ", so does the case" };
        let keeps = if place == 0 { " keeps waiting for ever" } else { "" };
        text.push_str(&format!("{lead} {}{keeps}{}", case.label(), case.at_task()));
    }
    match (&found.caller, &found.above.caller) {
        (Some((caller, place)), _) => {
            let key = caller.business_key.as_ref().map_or_else(String::new, |key| format!(" ({key})"));
            let at = place.as_ref().map_or_else(String::new, |place| format!(" at {place}"));
            let name = name(reading, caller);
            text.push_str(&format!(", and its caller {name}{key}{at} too"));
        }
        (None, Some(id)) => text.push_str(&format!(", and its caller, instance {id}, too, if it still runs")),
        (None, None) => {}
    }
    text.push_str(": a case is not told that its task was cancelled, and no incident shows it. The case has to be ended with a tool for cases");
    if let Some(problem) = &found.above.problem {
        text.push_str(&format!(". What else called it is not known: {}", problem.what));
    }
    text
}

fn name(reading: &Reading<'_>, instance: &ProcessInstance) -> String {
    use crate::model::grouping::Names as _;
    let names = reading.asking.picture.names();
    names.process_name(&instance.definition).map_or_else(|| reading.label(Some(&instance.definition), None), |name| name.to_string())
}

/// Says which cases that ending instances called go on without them.
pub(super) async fn left(reading: &Reading<'_>, instances: &[(usize, ProcessInstance)], level: &mut Level) -> Result<(), Unavailable> {
    let counter = Counter::new(reading.client.clone());
    for (_, instance) in instances.iter().take(LOOKED_AT) {
        let named: Vec<_> = calls_in(reading, &instance.id).await.into_iter().filter_map(|visit| Some((visit.called_case?, visit.activity))).collect();
        if named.is_empty() {
            continue;
        }
        let cases = match counter.cases_below(&named).await {
            Ok(cases) => cases,
            Err(error) if concerns_one(&error) => Vec::new(),
            Err(error) => return Err(refused(&error)),
        };
        level.warnings.extend(cases.iter().filter(|case| !case.case.standing.is_over()).map(|case| Warning { weight: Weight::Caution, text: goes_on(case) }));
    }
    Ok(())
}

fn goes_on(case: &CalledCase) -> String {
    let below = case.all_processes().len() as u64;
    let least = if case.more { "at least " } else { "" };
    let runs = match below {
        0 => String::new(),
        1 => format!(", with {least}1 process instance below it"),
        _ => format!(", with {least}{} below it", plural(below, "process instance")),
    };
    format!("the case {} that it called does NOT end with it and goes on{runs}: cancel what it called by itself", case.case.label())
}
