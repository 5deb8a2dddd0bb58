//! Cancellations, from the top: which callers end with an instance whether wanted or not, and at which levels there is a choice.
//!
//! The engine deletes the instance with all it called, then cancels the call activity of its caller. A caller in which nothing else runs
//! ends with it, and so on upwards (7.18, 7.24 and Operaton 1.0; a batch that carries a reason does the same and writes it into each).
//! Cases (CMMN) do not: neither the case that called an instance goes on without it, nor does one that it called end (`cases`).
//!
//! Of several instances those are joined that belong to one tree: what ends with another one is not asked for a second time, and a caller
//! all of whose branches end, ends too.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::FutureExt as _;

use super::family::{Branches, Family, Joins, Subtree, branches, lineage};
use super::reading::{Reading, plural, unavailable};
use super::{Draft, Drafted, cases};
use crate::action::plan::{Cancelled, Level, TreeLine, Unavailable, Warning, Weight};
use crate::action::verb::Verb;
use crate::action::wish::Asked;
use crate::engine::Page;
use crate::model::definition::ProcessInstance;
use crate::model::ids::ProcessInstanceId;
use crate::model::inquiry::MOST_ROWS;
use crate::text::EngineText;

/// Instances that end whose work is looked at one by one.
const LOOKED_AT: usize = 10;

/// Lines of a tree that are made.
const LINES: usize = 200;

/// Instances that one plan is asked on: the callers of each are read.
const ASKED: usize = 50;

/// What one instance is in: itself, its callers up to the topmost one.
type Lineage = Vec<ProcessInstance>;

/// One tree, with the instances of it that were asked for.
struct Asking {
    asked: HashSet<ProcessInstanceId>,
    lineages: Vec<Lineage>,
    family: Family,
    /// How many instances run in the whole tree, where the engine can tell.
    whole: Option<usize>,
}

/// Where a cancellation begins: an instance by its place in the line of its callers.
struct Start {
    lineage: Lineage,
    at: usize,
    /// What else runs in the callers: that of the start first.
    above: Vec<Branches>,
    /// Whether nothing else runs in it than the call on the way to what was asked.
    sole: bool,
    /// Whether it ends although only what is below it was asked for.
    forced: bool,
}

/// Cancels these instances, or those above them.
pub(super) async fn plan(reading: &Reading<'_>, asked: &Asked, instances: &[ProcessInstanceId]) -> Drafted {
    let mut draft = Draft::of(Verb::Cancel, asked.clone());
    let mut trees = trees(reading, &mut draft, instances).await?;
    if trees.is_empty() {
        return Err(match instances {
            [one] => gone(reading, one).await,
            _ => unavailable("nothing is left to cancel: none of these instances runs any more", "look into their history for how they ended"),
        });
    }
    let alone = trees.len() == 1 && trees[0].lineages.len() == 1;
    let levels = if alone { of_one(reading, &trees[0].lineages[0]).await? } else { of_many(reading, &trees).await? };
    for starts in levels {
        let mut level = Level { cancels: Vec::new(), ends: Vec::new(), tree: Vec::new(), warnings: Vec::new(), count: 0, complete: true };
        for (tree, start) in &starts {
            add(reading, &mut draft, &mut trees[*tree], start, &mut level).boxed().await?;
        }
        draft.levels.push(level);
    }
    draft.choices.level = draft.levels.len().saturating_sub(1);
    draft.targets = draft.levels.last().map(|level| level.ends.clone()).unwrap_or_default();
    draft.tree = draft.levels.last().map(|level| level.tree.clone()).unwrap_or_default();
    Ok(draft)
}

/// The trees that instances belong to, each with its instances; what does not run any more is left out.
async fn trees(reading: &Reading<'_>, draft: &mut Draft, instances: &[ProcessInstanceId]) -> Result<Vec<Asking>, Unavailable> {
    let mut trees: BTreeMap<ProcessInstanceId, Asking> = BTreeMap::new();
    let mut seen = HashSet::new();
    for id in instances.iter().filter(|id| seen.insert(*id)) {
        if trees.values().map(|tree| tree.asked.len()).sum::<usize>() >= ASKED {
            draft.leave_out(format!("process instance {id}"), format!("one plan cancels {ASKED} marked instances: ask again for the others"));
            continue;
        }
        let Some(lineage) = lineage(reading, id).await? else {
            if instances.len() > 1 {
                draft.leave_out(format!("process instance {id}"), reading.why_gone());
            }
            continue;
        };
        let Some(top) = lineage.last().cloned() else { continue };
        let tree =
            trees.entry(top.id.clone()).or_insert_with(|| Asking { asked: HashSet::new(), lineages: Vec::new(), family: Family::default(), whole: None });
        if tree.lineages.is_empty() {
            tree.whole = tree.family.read_whole(reading, &top).await?.and_then(|total| usize::try_from(total).ok());
        }
        tree.asked.insert(id.clone());
        tree.lineages.push(lineage);
    }
    let mut trees: Vec<Asking> = trees.into_values().collect();
    for tree in &mut trees {
        // What ends with another one that was asked for needs no request of its own.
        let asked = tree.asked.clone();
        tree.lineages.retain(|lineage| !lineage.iter().skip(1).any(|caller| asked.contains(&caller.id)));
    }
    Ok(trees)
}

type Starts = Vec<(usize, Start)>;

/// The levels at which the cancellation of one instance may begin, the topmost first.
async fn of_one(reading: &Reading<'_>, lineage: &Lineage) -> Result<Vec<Starts>, Unavailable> {
    let mut above = Vec::new();
    for pair in lineage.windows(2) {
        above.push(branches(reading, &pair[1].id, &[&pair[0].id]).await?);
    }
    let start = |at: usize| {
        let forced = at > 0 && above[..at].iter().all(|caller| caller.others == 0);
        let sole = at > 0 && above[at - 1].others == 0;
        Start { lineage: lineage.clone(), at, above: above[at..].to_vec(), sole, forced }
    };
    Ok(levels(&above).into_iter().rev().map(|at| vec![(0, start(at))]).collect())
}

/// Two levels of several instances: all trees from the top, and each from as far below as it can be; one where these are the same.
async fn of_many(reading: &Reading<'_>, trees: &[Asking]) -> Result<Vec<Starts>, Unavailable> {
    let (mut top, mut low) = (Vec::new(), Vec::new());
    for (place, tree) in trees.iter().enumerate() {
        let lowest = lowest(reading, tree).await?;
        if let Some(lineage) = tree.lineages.first() {
            top.push((place, Start { at: lineage.len() - 1, lineage: lineage.clone(), above: Vec::new(), sole: false, forced: false }));
        }
        low.extend(lowest.into_iter().map(|start| (place, start)));
    }
    let ids = |starts: &Starts| starts.iter().map(|(_, start)| start.lineage[start.at].id.clone()).collect::<Vec<_>>();
    Ok(if ids(&top) == ids(&low) { vec![low] } else { vec![top, low] })
}

/// Where the cancellation of the instances of one tree begins: a caller none of whose branches is left ends with them, and is cancelled instead.
async fn lowest(reading: &Reading<'_>, tree: &Asking) -> Result<Vec<Start>, Unavailable> {
    // Each start by its id, with the line it belongs to and its place there.
    let mut starts: BTreeMap<ProcessInstanceId, (usize, usize)> =
        tree.lineages.iter().enumerate().map(|(line, lineage)| (lineage[0].id.clone(), (line, 0))).collect();
    let mut known: HashMap<ProcessInstanceId, (usize, Branches)> = HashMap::new();
    loop {
        let mut by_caller: BTreeMap<ProcessInstanceId, Vec<ProcessInstanceId>> = BTreeMap::new();
        for (id, (line, at)) in &starts {
            if let Some(caller) = tree.lineages[*line].get(at + 1) {
                by_caller.entry(caller.id.clone()).or_default().push(id.clone());
            }
        }
        let mut rose = false;
        for (caller, called) in by_caller {
            if known.get(&caller).is_some_and(|(of, _)| *of == called.len()) {
                continue;
            }
            let found = branches(reading, &caller, &called.iter().collect::<Vec<_>>()).await?;
            if found.others == 0 {
                let Some((line, at)) = called.first().and_then(|first| starts.get(first)).copied() else { continue };
                starts.retain(|id, _| !called.contains(id));
                starts.insert(caller, (line, at + 1));
                rose = true;
            } else {
                known.insert(caller, (called.len(), found));
            }
        }
        if !rose {
            break;
        }
    }
    // What rose may have come above another one.
    let ids: HashSet<ProcessInstanceId> = starts.keys().cloned().collect();
    let below = |line: &Lineage, at: usize| line.iter().skip(at + 1).any(|caller| ids.contains(&caller.id));
    let mut found = Vec::new();
    for (line, at) in starts.into_values() {
        let lineage = tree.lineages[line].clone();
        if below(&lineage, at) {
            continue;
        }
        let mut above = Vec::new();
        for pair in lineage[at..].windows(2) {
            above.push(match known.get(&pair[1].id) {
                Some((_, branches)) => branches.clone(),
                None => branches(reading, &pair[1].id, &[&pair[0].id]).await?,
            });
        }
        let forced = !tree.asked.contains(&lineage[at].id);
        found.push(Start { lineage, at, above, sole: forced, forced });
    }
    Ok(found)
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
async fn unseen(reading: &Reading<'_>, level: &mut Level, top: &ProcessInstance) -> Result<(), Unavailable> {
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
    level.complete = false;
    warn(level, weight, text);
    Ok(())
}

/// The same warning of several trees is given once.
fn warn(level: &mut Level, weight: Weight, text: String) {
    let warning = Warning { weight, text };
    if !level.warnings.contains(&warning) {
        level.warnings.push(warning);
    }
}

/// Adds all that ends from one start on.
async fn add(reading: &Reading<'_>, draft: &mut Draft, tree: &mut Asking, start: &Start, level: &mut Level) -> Result<(), Unavailable> {
    let Start { lineage, at, above, .. } = start;
    let (own, top) = (&lineage[*at], &lineage[lineage.len() - 1]);
    let mut subtree = tree.family.below(reading, own).await?;
    if at + 1 == lineage.len()
        && let Some(total) = tree.whole
    {
        subtree.count = subtree.count.max(total);
    }
    let mut lines = Vec::new();
    let cases_above = cases::above(reading, draft, top).await?;
    if let Some(found) = &cases_above {
        lines.extend(cases::lines(reading, found, at + 1 == lineage.len()));
    }
    callers(reading, &mut lines, start);
    let offset = lines.len();
    for (depth, instance) in subtree.instances.iter().take(LINES) {
        let note = if instance.id == own.id { if start.sole { "ends: nothing else runs in it" } else { "is cancelled" } } else { "ends with its caller" };
        lines.push(line(reading, offset + depth, instance, tree.asked.contains(&instance.id), note.to_owned()));
    }
    level.tree.extend(lines);
    if start.forced {
        let text = format!("it cannot be cancelled alone: nothing else runs in its {}, so that ends too", plural(*at as u64, "caller"));
        warn(level, Weight::Note, text);
    }
    if let Some(caller) = above.first() {
        warn(level, Weight::Caution, goes_on(&reading.label(Some(&lineage[at + 1].definition), None), caller));
    } else if let Some(found) = &cases_above {
        warn(level, Weight::Caution, cases::waits(reading, found));
    }
    if !subtree.complete {
        warn(level, Weight::Caution, format!("not all that ends was read: at least {}", plural(subtree.count as u64, "instance")));
    }
    work(reading, draft, &subtree, level).await?;
    cases::left(reading, &subtree.instances, level).await?;
    take(reading, level, lineage, *at, subtree);
    unseen(reading, level, top).await
}

/// The callers that go on, from the top.
fn callers(reading: &Reading<'_>, lines: &mut Vec<TreeLine>, start: &Start) {
    let Start { lineage, at, above, .. } = start;
    for (depth, index) in (lines.len()..).zip((at + 1..lineage.len()).rev()) {
        let branches = above.get(index - at - 1);
        let others = branches.map(|caller| caller.places.clone()).unwrap_or_default();
        let stays = match branches.map(|caller| &caller.joins) {
            Some(Joins::All) => format!("stays, waiting for ever at {others}"),
            Some(Joins::Some(waits)) => format!("may NEVER END: it waits at {waits}; goes on: {others}"),
            Some(Joins::Nothing) | None => format!("goes on: {others}"),
        };
        lines.push(TreeLine { ends: false, ..line(reading, depth, &lineage[index], false, stays) });
    }
}

/// What becomes of a caller in which something else runs.
fn goes_on(label: &str, caller: &Branches) -> String {
    match &caller.joins {
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
    }
}

/// Makes targets of all that ends from one start on: the cancelled instance first.
fn take(reading: &Reading<'_>, level: &mut Level, lineage: &Lineage, at: usize, subtree: Subtree) {
    let mut key: Option<EngineText> = None;
    for instance in &lineage[at..] {
        key = key.or_else(|| instance.business_key.clone());
    }
    let first = level.ends.len();
    level.ends.extend(subtree.instances.into_iter().map(|(_, instance)| reading.instance_target(instance, key.clone())));
    level.cancels.push(Cancelled { first, count: level.ends.len() - first });
    level.count += subtree.count;
    level.complete &= subtree.complete;
}

fn line(reading: &Reading<'_>, depth: usize, instance: &ProcessInstance, asked: bool, note: String) -> TreeLine {
    let label = reading.label(Some(&instance.definition), None);
    let label = instance.business_key.as_ref().map_or(label.clone(), |key| format!("{label} ({key})"));
    let suspended = if instance.suspended { "; SUSPENDED" } else { "" };
    TreeLine { depth, instance: instance.id.clone(), label, note: format!("{note}{suspended}"), asked, ends: true }
}

/// What is being worked on in the instances that end.
async fn work(reading: &Reading<'_>, draft: &mut Draft, subtree: &Subtree, level: &mut Level) -> Result<(), Unavailable> {
    let (mut running, mut locked, mut claimed) = (0, 0, 0);
    for (_, instance) in subtree.instances.iter().take(LOOKED_AT) {
        running += reading.running_jobs(draft, &instance.id).await?.unwrap_or(0);
        locked += reading.locked_tasks(draft, &instance.id).await?.unwrap_or(0);
        let tasks = reading.wish(draft, "user tasks", reading.client.user_tasks(&instance.id, Page::first(MOST_ROWS))).await?.unwrap_or_default();
        claimed += tasks.iter().filter(|task| task.assignee.is_some()).count() as u64;
    }
    let mut say = |weight, text: String| level.warnings.push(Warning { weight, text });
    if running > 0 {
        say(Weight::Caution, format!("{} at work right now: what they did outside the engine stays done", are(running, "job")));
    }
    if locked > 0 {
        say(
            Weight::Caution,
            format!(
                "{} locked right now: a worker that holds one may finish its work outside, and cannot report it; others wait for their next attempt",
                are(locked, "external task")
            ),
        );
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
