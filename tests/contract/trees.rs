//! Trees of called instances, read from real engines by the product's own reading.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bpmtop::headless::Deadline;
use bpmtop::headless::tree::{Grown, find, grow};
use bpmtop::model::call_tree::{Content, Node, Place, Target, Top};
use bpmtop::model::history::InstanceState;
use bpmtop::model::ids::ProcessInstanceId;
use bpmtop::model::inquiry::Standing;
use bpmtop::poll::inquire::Counter;
use serde_json::json;

use super::bench::{Bench, Deployed, SOON, until};
use super::diagrams::{self, call, person, work};

/// The longest time an engine takes to work through the jobs of a thousand called instances.
const SETTLED: Duration = Duration::from_secs(90);

async fn tree(bench: &Bench, of: &ProcessInstanceId, ended: bool) -> Result<Grown> {
    Ok(grow(&Counter::new(bench.client().clone()), Target::Instance(of.clone()), ended, Deadline::after(SOON)).await?)
}

fn nodes(grown: &Grown) -> Vec<&Node> {
    grown.tree.rows.iter().filter_map(|row| if let Content::Instance(node) = &row.content { Some(&**node) } else { None }).collect()
}

fn processes(grown: &Grown) -> Vec<String> {
    nodes(grown).into_iter().map(|node| node.definition.as_ref().map_or_else(String::new, |id| id.as_wire().to_owned())).collect()
}

async fn await_incidents(bench: &Bench, process: &Deployed, number: u64) -> Result<()> {
    bench.driver().await_count(&format!("/incident/count?processDefinitionId={}", process.id.as_wire()), SOON, |count| count == number).await?;
    Ok(())
}

/// The instance that another one called.
async fn called_by(bench: &Bench, caller: &ProcessInstanceId) -> Result<ProcessInstanceId> {
    let rows = bench.driver().list(&format!("/process-instance?superProcessInstance={}", caller.as_wire())).await?;
    Ok(rows.first().and_then(|row| row["id"].as_str()).context("it called one")?.into())
}

/// A chain of so many levels, of which the deepest one fails.
async fn chain(bench: &Bench, levels: usize) -> Result<(Vec<Deployed>, ProcessInstanceId)> {
    let mut deployed: Vec<Deployed> = Vec::new();
    for level in 0..levels {
        let steps = deployed.last().map_or_else(work, |below| call(&below.key));
        deployed.push(bench.deploy(&format!("level-{level}"), [steps]).await?);
    }
    let top = deployed.last().context("a chain has a level")?;
    let instance = bench.start_failing(top).await?;
    await_incidents(bench, top, 1).await?;
    deployed.reverse();
    Ok((deployed, instance))
}

pub async fn a_tree_leads_from_any_level_to_the_cause_in_two_rounds_more_than_it_has_levels(bench: Bench) -> Result<()> {
    for levels in 1..=3 {
        let (deployed, top) = chain(&bench, levels).await?;
        let expected: Vec<String> = deployed.iter().map(|process| process.id.as_wire().to_owned()).collect();
        let mut from = top.clone();
        for level in 1..=levels {
            let grown = tree(&bench, &from, false).await?;
            ensure!(processes(&grown) == expected, "{levels} levels, from level {level}: {:?}", processes(&grown));
            ensure!(grown.tree.path.len() == levels, "{:?}", grown.tree.path);
            // The last round tells where the instances stand; the tree itself is whole before.
            ensure!(grown.rounds <= levels + 2, "{levels} levels took {} rounds", grown.rounds);
            let all = nodes(&grown);
            let (last, above) = all.split_last().context("there is a deepest one")?;
            ensure!(last.own.len() == 1 && last.bubbled == 0, "the deepest one fails itself: {last:?}");
            ensure!(above.iter().all(|node| node.own.is_empty() && node.bubbled == 1), "{above:?}");
            ensure!(above.is_empty() || last.called_at.as_ref().is_some_and(|(_, at)| at.as_wire() == "call"), "{:?}", last.called_at);
            if level < levels {
                from = called_by(&bench, &from).await?;
            }
        }
    }
    Ok(())
}

/// A campaign of a thousand called instances, three of which fail; the engine may still be at their jobs.
async fn campaign(bench: &Bench) -> Result<(Deployed, ProcessInstanceId)> {
    let letter = bench.deploy("letter", [work(), person()]).await?;
    let key = bench.name("campaign");
    let xml = diagrams::process(&key, [diagrams::call_many(&letter.key, 1_000, "${loopCounter % 400 != 7}")]);
    let campaign = bench.deploy_xml(&key, &xml, None).await?;
    let id = bench.driver().start(&campaign.key, "many", &json!({})).await?;
    Ok((letter, ProcessInstanceId::from(id.as_str())))
}

/// Waits until every job of the letters was done, or failed: before that the engine may have no time for a count.
async fn await_settled(bench: &Bench, letter: &Deployed) -> Result<()> {
    let jobs = format!("/job/count?processDefinitionId={}&withRetriesLeft=true", letter.id.as_wire());
    let begin = Instant::now();
    loop {
        match bench.driver().await_count(&jobs, SETTLED, |count| count == 0).await {
            // An engine at work may leave a count unanswered.
            Err(error) if begin.elapsed() < SETTLED && error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout) => {}
            waited => break waited.map(drop)?,
        }
    }
    await_incidents(bench, letter, 3).await
}

fn ensure_folded(grown: &Grown) -> Result<()> {
    let folds: Vec<_> = grown.tree.rows.iter().filter_map(|row| if let Content::Fold(fold) = &row.content { Some(fold) } else { None }).collect();
    ensure!(folds.len() == 1, "{folds:?}");
    ensure!((folds[0].count, folds[0].exact, folds[0].all_failing) == (1_000, true, Some(3)), "{folds:?}");
    ensure!(matches!(&folds[0].place, Place::Activity(at) if at.as_wire() == "call"), "{folds:?}");
    let failing: Vec<_> = nodes(grown).into_iter().skip(1).take(3).collect();
    ensure!(failing.len() == 3 && failing.iter().all(|node| node.failing && !node.own.is_empty()), "{failing:?}");
    Ok(())
}

pub async fn a_thousand_called_instances_fold_with_exact_counts_and_failing_ones_first(bench: Bench) -> Result<()> {
    let (letter, id) = campaign(&bench).await?;
    await_settled(&bench, &letter).await?;
    // What is counted is the matter here; what happens where an engine has no time for it has a test of its own.
    let counter = Counter::new(bench.client().with_timeout(Duration::from_secs(60)));
    let grown = grow(&counter, Target::Instance(id.clone()), false, Deadline::after(SETTLED)).await?;
    ensure!(grown.missing.is_empty(), "{:?}", grown.missing);
    ensure_folded(&grown)?;
    bench.driver().cancel_instance(id.as_wire()).await
}

pub async fn what_a_busy_engine_has_no_time_for_is_asked_again_or_told(bench: Bench) -> Result<()> {
    let (letter, id) = campaign(&bench).await?;
    // Shorter than what the engine takes for the count while it works through a thousand jobs. A count that is given up is counted to its end
    // all the same, so this is not asked again and again.
    let counter = Counter::new(bench.client().with_timeout(Duration::from_millis(500)));
    let hurried = grow(&counter, Target::Instance(id.clone()), false, Deadline::after(Duration::from_millis(800))).await?;
    let exact = hurried.tree.rows.iter().any(|row| matches!(&row.content, Content::Fold(fold) if fold.exact && fold.count == 1_000));
    ensure!(exact || !hurried.missing.is_empty(), "either all is known, or it says what is not: {hurried:?}");
    let counter = Counter::new(bench.client().clone());
    let patient = grow(&counter, Target::Instance(id.clone()), false, Deadline::after(SETTLED)).await?;
    ensure!(patient.missing.is_empty(), "asked again until it was answered: {:?}", patient.missing);
    let folds = patient.tree.rows.iter().filter(|row| matches!(&row.content, Content::Fold(fold) if fold.exact && fold.count == 1_000)).count();
    ensure!(folds == 1, "{:?}", patient.tree.rows);
    await_settled(&bench, &letter).await?;
    bench.driver().cancel_instance(id.as_wire()).await
}

pub async fn a_called_instance_may_run_in_another_version_and_tenant(bench: Bench) -> Result<()> {
    let key = bench.name("partner");
    let old = bench.deploy_xml(&key, &diagrams::process(&key, [work()]), Some("globex")).await?;
    bench.deploy_xml(&key, &diagrams::process(&key, [work(), person()]), Some("globex")).await?;
    let caller = bench.name("caller");
    let xml = diagrams::process(&caller, [diagrams::call_version(&key, 1, "globex")]);
    let caller = bench.deploy_xml(&caller, &xml, Some("acme")).await?;
    let id = bench.driver().start_for_tenant(&caller.key, "acme", "far", &json!({"ok": false})).await?;
    await_incidents(&bench, &old, 1).await?;
    let grown = tree(&bench, &ProcessInstanceId::from(id.as_str()), false).await?;
    ensure!(processes(&grown) == [caller.id.as_wire(), old.id.as_wire()], "{:?}", processes(&grown));
    let called = nodes(&grown)[1];
    ensure!(called.foreign_tenant && called.tenant.as_ref().is_some_and(|tenant| tenant.as_wire() == "globex"), "{called:?}");
    Ok(())
}

pub async fn a_tree_tells_what_ended_and_what_was_deleted_while_it_was_looked_at(bench: Bench) -> Result<()> {
    let (deployed, top) = chain(&bench, 2).await?;
    let below = called_by(&bench, &top).await?;
    let before = tree(&bench, &top, false).await?;
    ensure!(before.tree.top == Top::Found && before.tree.path == [top.clone(), below.clone()], "{before:?}");
    bench.driver().cancel_instance(top.as_wire()).await?;
    let after = tree(&bench, &top, false).await?;
    let Top::Over(ending) = &after.tree.top else { anyhow::bail!("a cancelled tree is over: {after:?}") };
    ensure!(ending.state == InstanceState::ExternallyTerminated && ending.at.is_some(), "{ending:?}");
    ensure!(processes(&after) == deployed.iter().map(|process| process.id.as_wire().to_owned()).collect::<Vec<_>>(), "{:?}", processes(&after));
    ensure!(nodes(&after).iter().all(|node| matches!(node.standing, Some(Standing::Over(_)))), "{after:?}");
    let nobody = tree(&bench, &ProcessInstanceId::from("nobody"), false).await?;
    ensure!(nobody.tree.top == Top::NotFound && nobody.tree.rows.is_empty(), "{nobody:?}");
    Ok(())
}

pub async fn called_instances_that_completed_are_shown_on_demand(bench: Bench) -> Result<()> {
    let below = bench.deploy("below", [person()]).await?;
    let key = bench.name("above");
    let above = bench.deploy_xml(&key, &diagrams::process(&key, [diagrams::call_many(&below.key, 2, "${true}")]), None).await?;
    let id = bench.driver().start(&above.key, "half", &json!({})).await?;
    let task = bench.driver().list(&format!("/task?processDefinitionId={}", below.id.as_wire())).await?;
    bench.driver().complete_task(task.first().and_then(|task| task["id"].as_str()).context("two tasks wait")?, &json!({})).await?;
    let instance = ProcessInstanceId::from(id.as_str());
    let running = tree(&bench, &instance, false).await?;
    ensure!(nodes(&running).len() == 2, "{:?}", nodes(&running));
    let all = tree(&bench, &instance, true).await?;
    let over: Vec<_> = nodes(&all).into_iter().filter(|node| node.standing == Some(Standing::Over(InstanceState::Completed))).collect();
    ensure!(nodes(&all).len() == 3 && over.len() == 1 && over[0].ended.is_some(), "{:?}", nodes(&all));
    bench.driver().cancel_instance(&id).await
}

pub async fn a_tree_is_found_by_instance_incident_and_business_key_running_or_ended(bench: Bench) -> Result<()> {
    let (_, top) = chain(&bench, 2).await?;
    let key = bench.driver().get(&format!("/process-instance/{}", top.as_wire())).await?["businessKey"].as_str().context("it has a key")?.to_owned();
    let incident = until("an incident of the topmost one", async || {
        let rows = bench.driver().list(&format!("/incident?processInstanceId={}", top.as_wire())).await?;
        Ok(rows.first().and_then(|row| row["id"].as_str()).map(str::to_owned))
    })
    .await?;
    for what in [top.as_wire(), &key, &incident] {
        let (found, more) = find(bench.client(), what).await?;
        ensure!(!more && found.len() == 1 && found[0].instance() == Some(&top), "{what}: {found:?}");
    }
    bench.driver().cancel_instance(top.as_wire()).await?;
    for what in [top.as_wire(), &key, &incident] {
        let (found, _) = find(bench.client(), what).await?;
        ensure!(found.first().and_then(Target::instance) == Some(&top), "{what}, ended: {found:?}");
    }
    ensure!(find(bench.client(), "never heard of").await?.0.is_empty(), "what does not exist is not found");
    Ok(())
}
