//! Cancellations, from the top: which callers end with an instance whether wanted or not, and at which levels there is a choice.
//!
//! The engine deletes the instance with all it called, then cancels the call activity of its caller. A caller in which nothing else runs
//! ends with it, and so on upwards (7.18, 7.24 and Operaton 1.0; a batch that carries a reason does the same and writes it into each).

use std::collections::HashSet;

use futures_util::FutureExt as _;

use super::family::{Branches, Family, Joins, Subtree, branches, lineage};
use super::reading::{Reading, plural, unavailable};
use super::{Draft, Drafted};
use crate::action::plan::{Level, TreeLine, Unavailable, Warning, Weight};
use crate::action::verb::Verb;
use crate::action::wish::Asked;
use crate::engine::Page;
use crate::model::definition::ProcessInstance;
use crate::model::ids::ProcessInstanceId;
use crate::model::inquiry::MOST_ROWS;

/// Instances that end whose work is looked at one by one.
const LOOKED_AT: usize = 10;

/// Lines of a tree that are made.
const LINES: usize = 200;

/// Cancels this instance, or one of those above it.
pub(super) async fn plan(reading: &Reading<'_>, asked: &Asked, instance: &ProcessInstanceId) -> Drafted {
    let Some(lineage) = lineage(reading, instance).await? else { return Err(gone(reading, instance).await) };
    let mut draft = Draft::of(Verb::Cancel, asked.clone());
    let mut above = Vec::new();
    for pair in lineage.windows(2) {
        above.push(branches(reading, &pair[1].id, &pair[0].id).await?);
    }
    let mut family = Family::default();
    let whole = match lineage.last() {
        Some(top) => family.read_whole(reading, top).await?,
        None => None,
    };
    for at in levels(&above) {
        let mut subtree = family.below(reading, &lineage[at]).await?;
        if at + 1 == lineage.len()
            && let Some(total) = whole.and_then(|total| usize::try_from(total).ok())
        {
            subtree.count = subtree.count.max(total);
        }
        let level = level(reading, &mut draft, &lineage, &above, at, subtree).boxed().await?;
        draft.levels.insert(0, level);
    }
    if let Some(top) = lineage.last() {
        unseen(reading, &mut draft, top).await?;
    }
    draft.choices.level = draft.levels.len().saturating_sub(1);
    draft.targets = draft.levels.last().map(|level| level.target.clone()).into_iter().collect();
    draft.tree = draft.levels.last().map(|level| level.tree.clone()).unwrap_or_default();
    Ok(draft)
}

/// Indexes into the line of callers at which a cancellation may begin, the lowest first. Callers in which nothing else runs are no level of
/// their own: they end anyway. `above[i]` is what else runs in the caller of `i`.
fn levels(above: &[Branches]) -> Vec<usize> {
    let mut levels = Vec::new();
    let mut at = 0;
    loop {
        while above.get(at).is_some_and(|caller| caller.others == 0) {
            at += 1;
        }
        levels.push(at);
        if at >= above.len() {
            return levels;
        }
        at += 1;
    }
}

async fn gone(reading: &Reading<'_>, instance: &ProcessInstanceId) -> Unavailable {
    let past = reading.client.historic_process_instance(instance).boxed().await.ok().flatten();
    let how = past.map(|past| past.data).filter(|past| past.is_over()).map(|past| match past.ended {
        Some(ended) => format!("{}, {}", past.state.words(), ended.to_zoned(reading.asking.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z")),
        None => past.state.words().to_owned(),
    });
    let why = match how {
        Some(how) => format!("nothing is left to cancel: this instance ended already ({how})"),
        None if reading.is_blind().await => "this instance does not run any more, or this login may not see it".to_owned(),
        None => "nothing is left to cancel: this instance does not run any more".to_owned(),
    };
    unavailable(why, "look into its history for how it ended")
}

/// Callers that this login may not see: the engine ends them all the same, without asking for a permission (7.18, 7.24, Operaton 1.0).
async fn unseen(reading: &Reading<'_>, draft: &mut Draft, top: &ProcessInstance) -> Result<(), Unavailable> {
    let past = reading.maybe(reading.client.historic_process_instance(&top.id)).await?;
    let mut caller = past.and_then(|past| past.caller);
    if let Some(id) = &caller
        && reading.maybe(reading.client.historic_process_instance(id)).await?.is_some_and(|past| past.is_over())
    {
        // It was cancelled without what it had called.
        caller = None;
    }
    if caller.is_none() && !reading.is_blind().await {
        return Ok(());
    }
    let (weight, text) = match caller {
        Some(caller) => (Weight::Stop, format!("it was called by instance {caller}, which this login may not see and which may end with it")),
        None => (Weight::Caution, "this login may not see every instance: callers and called instances that it cannot see may end too".to_owned()),
    };
    for level in &mut draft.levels {
        level.complete = false;
        level.warnings.push(Warning { weight, text: text.clone() });
    }
    Ok(())
}

async fn level(
    reading: &Reading<'_>,
    draft: &mut Draft,
    lineage: &[ProcessInstance],
    above: &[Branches],
    at: usize,
    subtree: Subtree,
) -> Result<Level, Unavailable> {
    let asked = &lineage[0].id;
    let ends: HashSet<&ProcessInstanceId> = lineage[..at].iter().map(|instance| &instance.id).collect();
    let mut tree = Vec::new();
    // What goes on, from the top.
    for (depth, index) in (at + 1..lineage.len()).rev().enumerate() {
        let others = above.get(index - 1).map(|caller| caller.places.clone()).unwrap_or_default();
        let stays = match above.get(index - 1).map(|caller| &caller.joins) {
            Some(Joins::All) => format!("stays, waiting for ever at {others}"),
            Some(Joins::Some(waits)) => format!("may NEVER END: it waits at {waits}; goes on: {others}"),
            Some(Joins::Nothing) | None => format!("goes on: {others}"),
        };
        tree.push(TreeLine { ends: false, ..line(reading, depth, &lineage[index], false, stays) });
    }
    let offset = tree.len();
    for (depth, instance) in subtree.instances.iter().take(LINES) {
        let note = if instance.id == lineage[at].id {
            if at > 0 && above[at - 1].others == 0 { "ends: nothing else runs in it" } else { "is cancelled" }
        } else if ends.contains(&instance.id) {
            "ends: on the way to what was asked"
        } else {
            "ends with its caller"
        };
        tree.push(line(reading, offset + depth, instance, instance.id == *asked, note.to_owned()));
    }
    let mut warnings = Vec::new();
    if at > 0 && above[..at].iter().all(|caller| caller.others == 0) {
        let text = format!("it cannot be cancelled alone: nothing else runs in its {}, so that ends too", plural(at as u64, "caller"));
        warnings.push(Warning { weight: Weight::Note, text });
    }
    if let Some(caller) = above.get(at) {
        let label = reading.label(Some(&lineage[at + 1].definition), None);
        let text = match &caller.joins {
            // What waits at a join waits for every branch: the cancelled one never comes.
            Joins::All => format!(
                "its caller {label} stays and will NEVER END by itself: it waits at {} for the branch that is cancelled; choose the level above",
                caller.places
            ),
            Joins::Some(waits) => format!(
                "its caller {label} goes on without it, at {}, and may NEVER END by itself: {waits} waits for all branches that lead there, \
                 perhaps for the cancelled one too; if so, choose the level above",
                caller.places
            ),
            Joins::Nothing => format!("its caller {label} goes on without it, at {}: the call is cancelled, not completed", caller.places),
        };
        warnings.push(Warning { weight: Weight::Caution, text });
    }
    if !subtree.complete {
        warnings.push(Warning { weight: Weight::Caution, text: format!("not all that ends was read: at least {}", plural(subtree.count as u64, "instance")) });
    }
    work(reading, draft, &subtree, &mut warnings).await?;
    let mut key = None;
    for instance in &lineage[at..] {
        key = key.or_else(|| instance.business_key.clone());
    }
    let target = reading.instance_target(lineage[at].clone(), key);
    Ok(Level { target, tree, warnings, count: subtree.count, complete: subtree.complete })
}

fn line(reading: &Reading<'_>, depth: usize, instance: &ProcessInstance, asked: bool, note: String) -> TreeLine {
    let label = reading.label(Some(&instance.definition), None);
    let label = instance.business_key.as_ref().map_or(label.clone(), |key| format!("{label} ({key})"));
    let suspended = if instance.suspended { "; SUSPENDED" } else { "" };
    TreeLine { depth, instance: instance.id.clone(), label, note: format!("{note}{suspended}"), asked, ends: true }
}

/// What is being worked on in the instances that end.
async fn work(reading: &Reading<'_>, draft: &mut Draft, subtree: &Subtree, warnings: &mut Vec<Warning>) -> Result<(), Unavailable> {
    let (mut running, mut locked, mut claimed) = (0, 0, 0);
    for (_, instance) in subtree.instances.iter().take(LOOKED_AT) {
        running += reading.running_jobs(draft, &instance.id).await?.unwrap_or(0);
        locked += reading.locked_tasks(draft, &instance.id).await?.unwrap_or(0);
        let tasks = reading.wish(draft, "user tasks", reading.client.user_tasks(&instance.id, Page::first(MOST_ROWS))).await?.unwrap_or_default();
        claimed += tasks.iter().filter(|task| task.assignee.is_some()).count() as u64;
    }
    let mut say = |weight, text: String| warnings.push(Warning { weight, text });
    if running > 0 {
        say(Weight::Caution, format!("{} at work right now: what they did outside the engine stays done", are(running, "job")));
    }
    if locked > 0 {
        say(Weight::Caution, format!("{} held by workers right now: they may finish their work outside, and cannot report it", are(locked, "external task")));
    }
    if claimed > 0 {
        say(Weight::Note, format!("{} claimed by somebody: they vanish from the list", are(claimed, "user task")));
    }
    if let Some(set) = reading.asking.picture.incidents.get() {
        let ends: HashSet<&ProcessInstanceId> = subtree.instances.iter().map(|(_, instance)| &instance.id).collect();
        let causes =
            set.incidents.values().filter(|known| known.incident.is_root() && known.incident.process_instance.as_ref().is_some_and(|id| ends.contains(id)));
        let causes = causes.count() as u64;
        if causes > 0 {
            say(Weight::Note, format!("{} of these instances {} too", plural(causes, "open incident"), if causes == 1 { "ends" } else { "end" }));
        }
    }
    if subtree.instances.len() > LOOKED_AT && subtree.count > LOOKED_AT {
        say(Weight::Note, format!("work under way was looked for in the first {LOOKED_AT} of these instances only"));
    }
    Ok(())
}

fn are(count: u64, one: &str) -> String {
    format!("{} {}", plural(count, one), if count == 1 { "is" } else { "are" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn above(others: &[u64]) -> Vec<Branches> {
        others.iter().map(|others| Branches { others: *others, places: String::new(), joins: Joins::Nothing }).collect()
    }

    #[test]
    fn a_caller_in_which_nothing_else_runs_is_no_level_of_its_own() {
        assert_eq!(levels(&above(&[])), [0]);
        assert_eq!(levels(&above(&[0, 0])), [2], "the whole chain ends whatever is asked");
        assert_eq!(levels(&above(&[0, 1])), [1, 2]);
        assert_eq!(levels(&above(&[1, 0])), [0, 2]);
        assert_eq!(levels(&above(&[2, 0, 3, 1])), [0, 2, 3, 4]);
    }
}
