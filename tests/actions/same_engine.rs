//! An engine that takes the place of the one a plan was made on: nothing is sent to it.

use std::sync::Arc;
use std::time::Duration;

use crate::errand::{FAST, retry};
use crate::plant::{Fate, Lie, Plant, World};
use bpmtop::action::desk::ActCommand;
use bpmtop::action::ledger::{Ending, Ledger, PausedBy, Stage};
use bpmtop::action::outcome::Outcome;
use bpmtop::action::plan::{Pace, Plan};
use bpmtop::journal::{Entry, How};
use bpmtop::model::snapshot::EngineIdentity;

use crate::desk::{Desk, folder};
/// The same plan, made on an engine that told this.
fn made_on(plan: &Arc<Plan>, installation: Option<&str>, witnesses: &[&str]) -> Arc<Plan> {
    let witnesses = witnesses.iter().map(|id| (*id).into()).collect();
    let engine = EngineIdentity { installation: installation.map(Into::into), witnesses, ..plan.engine.clone() };
    Arc::new(Plan { engine, ..Plan::clone(plan) })
}

fn broken_off(ledger: &Ledger) -> &str {
    match &ledger.stage {
        Stage::Over(Ending::Failed(why)) => why,
        other => panic!("it went on: {other:?} {:?}", ledger.notes),
    }
}

#[tokio::test]
async fn a_plan_is_not_performed_on_another_engine_and_nothing_is_recorded_of_it() {
    let named = "process definition payment:2:uuid, the plan was made on";
    for (version, installation, planned, witnesses, why) in [
        (None, Some("new"), Some("old"), &[][..], "installation new, the plan was made on old"),
        (Some("7.18.0"), None, Some("old"), &[], "version 7.18.0, the plan was made on 7.24.0"),
        (None, None, None, &["payment:2:uuid"], named),
    ] {
        let world = World { version, installation: installation.map(str::to_owned), ..World::with_jobs(3, Fate::Succeeds) };
        let plant = Plant::start(world).await;
        let folder = folder();
        let mut desk = Desk::open(&plant.server.url(), folder.path());
        desk.perform(&made_on(&retry(&desk.url, 3, FAST), planned, witnesses));
        let ledger = desk.over().await;
        let told = broken_off(&ledger);
        assert!(told.contains("another engine answers at http://127.0.0.1") && told.contains(why), "{told}");
        assert!(plant.changes() == 0 && desk.entries().is_empty(), "{:?}", desk.entries());
        assert!(ledger.outcomes.iter().all(|outcome| *outcome == Outcome::Stopped), "{:?}", ledger.outcomes);
    }
}

#[tokio::test]
async fn a_plan_is_performed_where_the_engine_is_the_same_or_nothing_tells() {
    for (installation, planned, witnesses, definitions) in [
        (Some("one"), Some("one"), &[][..], &[][..]),
        (None, None, &["payment:2:uuid", "gone:1:uuid"], &["payment:2:uuid"]),
        // The right to read it was given meanwhile, or the plan knows nothing that would tell.
        (Some("one"), None, &[], &[]),
    ] {
        let definitions = definitions.iter().map(|id: &&str| (*id).to_owned()).collect();
        let world = World { installation: installation.map(str::to_owned), definitions, ..World::with_jobs(3, Fate::Succeeds) };
        let plant = Plant::start(world).await;
        let folder = folder();
        let mut desk = Desk::open(&plant.server.url(), folder.path());
        desk.perform(&made_on(&retry(&desk.url, 3, FAST), planned, witnesses));
        let ledger = desk.over().await;
        assert_eq!((&ledger.stage, plant.changes()), (&Stage::Over(Ending::Done), 3), "{:?}", ledger.notes);
        assert_eq!(plant.world().asked_who, 1, "asked once, before the first request");
    }
}

#[tokio::test]
async fn going_on_after_a_pause_sends_nothing_to_an_engine_that_took_the_place() {
    let world = World { installation: Some("old".to_owned()), ..World::with_jobs(60, Fate::Succeeds) };
    let plant = Plant::start(world).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    let plan = made_on(&retry(&desk.url, 60, Pace { per_second: 40.0, ..FAST }), Some("old"), &[]);
    desk.perform(&plan);
    desk.ledger(|ledger| ledger.sent >= 5).await;
    desk.send(ActCommand::Pause(plan.action.clone()));
    let paused = desk.ledger(|ledger| ledger.stage == Stage::Paused(PausedBy::Operator)).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let sent = plant.changes();
    plant.world().installation = Some("new".to_owned());
    let reads = plant.world().reads;
    desk.send(ActCommand::GoOn(plan.action.clone()));
    let ledger = desk.over().await;
    assert!(broken_off(&ledger).contains("installation new, the plan was made on old"), "{:?}", ledger.stage);
    assert!(plant.changes() == sent && sent <= paused.sent + 4, "{sent} {}", plant.changes());
    assert_eq!(ledger.counts()["never sent"].1, 60 - sent);
    // What was sent went to the other one: nothing that this one says of it counts.
    desk.send(ActCommand::ReadBack(plan.action.clone()));
    desk.ledger(|ledger| ledger.notes.last().is_some_and(|(_, note)| note.starts_with("not read back"))).await;
    assert!(plant.world().reads <= reads + 1, "{} reads, {reads} before", plant.world().reads);
    assert!(matches!(desk.entries().last(), Some(Entry::End(end)) if end.how == How::Failed), "{:?}", desk.entries().last());
}

#[tokio::test]
async fn one_lost_answer_is_enough_to_ask_which_engine_answers() {
    for (swaps, sent) in [(true, 8), (false, 30)] {
        let mut world = World { installation: Some("old".to_owned()), ..World::with_jobs(30, Fate::Succeeds) };
        world.lies.insert(3, Lie::MadeAndLost);
        world.swaps_after = swaps.then(|| (4, "new".to_owned()));
        let plant = Plant::start(world).await;
        let folder = folder();
        let mut desk = Desk::open(&plant.server.url(), folder.path());
        desk.perform(&made_on(&retry(&desk.url, 30, Pace { per_second: 40.0, ..FAST }), Some("old"), &[]));
        let ledger = desk.over().await;
        assert!(plant.changes() <= sent, "{} were sent: {:?}", plant.changes(), ledger.notes);
        if swaps {
            assert!(broken_off(&ledger).contains("installation new"), "{:?}", ledger.stage);
        } else {
            assert_eq!((&ledger.stage, plant.changes(), plant.world().asked_who), (&Stage::Over(Ending::Done), 30, 2));
        }
        plant.assert_nothing_was_sent_twice();
    }
}
