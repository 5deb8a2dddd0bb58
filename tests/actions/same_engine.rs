//! An engine that takes the place of the one a plan was made on: nothing is sent to it.

use std::sync::Arc;
use std::time::Duration;

use crate::dormitory::{Dormitory, House, INSTALLATION, Lie as HouseLie};
use crate::errand::{FAST, engine, retry};
use crate::plant::{Away, Fate, Lie, Plant, World};
use crate::put_back::{jobs, killed, left, planned_as, resumption};
use bpmtop::action::desk::{ActCommand, Setup, start};
use bpmtop::action::ledger::{Ending, Ledger, PausedBy, Stage};
use bpmtop::action::outcome::Outcome;
use bpmtop::action::plan::{Pace, Plan, Weight};
use bpmtop::action::verb::Verb;
use bpmtop::action::wish::Asked;
use bpmtop::journal::{Entry, How, Journal};
use bpmtop::model::snapshot::EngineIdentity;

use crate::desk::{Desk, folder, setup, until};

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
        (None, Some("new"), Some("old"), &[][..], "installation new, the plan was made on installation old"),
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
        // The right to read it was taken meanwhile, and a process definition of the plan is there.
        (None, Some("one"), &["payment:2:uuid"], &["payment:2:uuid"]),
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
        assert!(plant.world().asked_who >= 2, "before the first request, and after each look");
        let told = ledger.notes.iter().filter(|(_, note)| note.contains("whether it is still the engine of the plan cannot be told")).count();
        assert_eq!(told, usize::from(planned.is_none() && witnesses.is_empty()), "{:?}", ledger.notes);
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
    assert!(broken_off(&ledger).contains("installation new, the plan was made on installation old"), "{:?}", ledger.stage);
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
            assert_eq!((&ledger.stage, plant.changes()), (&Stage::Over(Ending::Done), 30));
        }
        plant.assert_nothing_was_sent_twice();
    }
}

/// The names of outcomes that were recorded.
fn recorded_outcomes(desk: &Desk) -> Vec<String> {
    desk.entries().iter().filter_map(|entry| if let Entry::Outcome(outcome) = entry { Some(outcome.name.to_string()) } else { None }).collect()
}

#[tokio::test]
async fn what_an_engine_that_took_the_place_says_of_what_was_sent_is_not_recorded() {
    for (installation, witnesses) in [(Some("old"), &[][..]), (None, &["payment:2:uuid"])] {
        let definitions = vec!["payment:2:uuid".to_owned()];
        let world = World { installation: installation.map(str::to_owned), definitions, ..World::with_jobs(48, Fate::Stays) };
        let plant = Plant::start(world).await;
        let folder = folder();
        let mut desk = Desk::open(&plant.server.url(), folder.path());
        desk.perform(&made_on(&retry(&desk.url, 48, Pace { per_second: 10.0, ..FAST }), installation, witnesses));
        desk.ledger(|ledger| ledger.sent >= 5 && ledger.reading.requests > 5).await;
        // Another one answers from one moment to the next. It has none of it, so all looks gone.
        {
            let mut world = plant.world();
            (world.jobs, world.log, world.operations) = (Default::default(), Vec::new(), Vec::new());
            (world.installation, world.definitions) = (installation.map(|_| "new".to_owned()), Vec::new());
        }
        let ledger = desk.over().await;
        assert!(broken_off(&ledger).contains("another engine answers at"), "{:?}", ledger.stage);
        let told = recorded_outcomes(&desk);
        assert!(!told.iter().any(|name| name.starts_with("gone") || name.starts_with("already")), "{told:?}");
        assert!(ledger.counts().keys().all(|name| !name.starts_with("gone")), "{:?}", ledger.counts());
        plant.assert_nothing_was_sent_twice();
    }
}

#[tokio::test]
async fn what_a_run_left_is_not_taken_for_gone_where_another_engine_takes_the_place_while_it_is_read() {
    let mut world = World { installation: Some("old".to_owned()), ..World::with_jobs(1, Fate::Stays) };
    world.lies = [(0, Lie::ProxyPage)].into();
    let plant = Plant::start(world).await;
    let (folder, url) = (folder(), plant.server.url());
    let mut desk = Desk::open(&url, folder.path());
    let plan = made_on(&retry(&url, 1, FAST), Some("old"), &[]);
    desk.perform(&plan);
    desk.ledger(|ledger| matches!(ledger.outcomes[0], Outcome::Unknown(_))).await;
    desk.handle.closing.close(How::Quit).await;
    let mut desk = Desk::open(&url, folder.path());
    assert_eq!(left(&mut desk).await.len(), 1);
    desk.send(ActCommand::ReadBack(plan.action.clone()));
    desk.ledger(|ledger| ledger.reading.requests > 3).await;
    {
        let mut world = plant.world();
        (world.jobs, world.log, world.installation) = (Default::default(), Vec::new(), Some("new".to_owned()));
    }
    let ledger = desk.over().await;
    let why = broken_off(&ledger);
    assert!(why.contains("installation new, it was done to installation old") && why.contains("not read back"), "{why}");
    assert!(!recorded_outcomes(&desk).iter().any(|name| name.starts_with("gone")), "{:?}", recorded_outcomes(&desk));
    assert!(!desk.entries().iter().any(|entry| matches!(entry, Entry::ReadBack(_))));
}

#[tokio::test]
async fn before_each_request_at_a_slow_pace_it_is_known_who_answers() {
    let world = World { installation: Some("old".to_owned()), ..World::with_jobs(3, Fate::Succeeds) };
    let plant = Plant::start(world).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    desk.perform(&made_on(&retry(&desk.url, 3, Pace { per_second: 0.1, ..FAST }), Some("old"), &[]));
    desk.ledger(|ledger| ledger.sent == 1).await;
    plant.world().installation = Some("new".to_owned());
    let ledger = desk.over().await;
    assert!(broken_off(&ledger).contains("installation new"), "{:?}", ledger.stage);
    assert_eq!(plant.changes(), 1);
}

/// What holds it, once it is paused.
async fn held_up(desk: &mut Desk) -> String {
    let ledger = desk.ledger(|ledger| matches!(ledger.stage, Stage::Paused(_) | Stage::Over(_))).await;
    match &ledger.stage {
        Stage::Paused(PausedBy::Engine(why)) => why.clone(),
        other => panic!("{other:?} {:?}", ledger.notes),
    }
}

#[tokio::test]
async fn what_answers_while_an_engine_is_replaced_tells_nothing_and_nothing_is_sent_until_it_is_known() {
    // An update of a node, the start of a server before its engine, a page that says sorry, a balancer without a node.
    for (away, replaced) in [(Away::Page(502), &[true, false][..]), (Away::Page(404), &[true]), (Away::Page(200), &[true]), (Away::Closed, &[true])] {
        for is_replaced in replaced.iter().copied() {
            let mut world = World { installation: Some("old".to_owned()), ..World::with_jobs(30, Fate::Succeeds) };
            world.lies.insert(3, Lie::MadeAndLost);
            (world.away, world.away_from) = (Some((away, 1)), 4);
            world.swaps_after = is_replaced.then(|| (4, "new".to_owned()));
            let plant = Plant::start(world).await;
            let folder = folder();
            let mut desk = Desk::open(&plant.server.url(), folder.path());
            let plan = made_on(&retry(&desk.url, 30, Pace { per_second: 40.0, ..FAST }), Some("old"), &["payment:2:uuid"]);
            desk.perform(&plan);
            let why = held_up(&mut desk).await;
            assert!(why.starts_with("which engine answers cannot be told: "), "{away:?}: {why}");
            let sent = plant.changes();
            assert!(sent <= 8, "{away:?}: {sent} were sent");
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(plant.changes(), sent, "{away:?}: nothing more is sent");
            desk.send(ActCommand::GoOn(plan.action.clone()));
            let ledger = desk.over().await;
            if is_replaced {
                assert!(broken_off(&ledger).contains("installation new, the plan was made on installation old"), "{away:?}: {:?}", ledger.stage);
                assert_eq!(plant.changes(), sent, "{away:?}: nothing goes to the other one");
            } else {
                assert_eq!((&ledger.stage, plant.changes()), (&Stage::Over(Ending::Done), 30), "{away:?}: {:?}", ledger.notes);
            }
            plant.assert_nothing_was_sent_twice();
        }
    }
}

#[tokio::test]
async fn an_installation_that_is_not_told_any_more_holds_it_up_and_names_the_way_out() {
    let plant = Plant::start(World::with_jobs(3, Fate::Succeeds)).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    let plan = made_on(&retry(&desk.url, 3, FAST), Some("old"), &[]);
    desk.perform(&plan);
    let why = held_up(&mut desk).await;
    assert!(why.contains("that was installation old") && why.contains("stop it and plan it anew"), "{why}");
    assert_eq!(plant.changes(), 0, "the version is the same, which proves nothing");
    plant.world().installation = Some("old".to_owned());
    desk.send(ActCommand::GoOn(plan.action.clone()));
    let ledger = desk.over().await;
    assert_eq!((&ledger.stage, plant.changes()), (&Stage::Over(Ending::Done), 3), "{:?}", ledger.notes);
}

#[tokio::test]
async fn nodes_of_one_database_may_be_of_two_versions_where_a_process_definition_tells_that_they_are() {
    let definitions = vec!["payment:2:uuid".to_owned()];
    let world = World { version: Some("7.23.0"), definitions, ..World::with_jobs(3, Fate::Succeeds) };
    let plant = Plant::start(world).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    desk.perform(&made_on(&retry(&desk.url, 3, FAST), None, &["payment:2:uuid"]));
    let ledger = desk.over().await;
    assert_eq!((&ledger.stage, plant.changes()), (&Stage::Over(Ending::Done), 3), "{:?}", ledger.notes);
}

#[tokio::test]
async fn an_engine_that_fails_at_telling_its_installation_is_told_by_what_else_it_tells() {
    for (definitions, tells) in [(vec!["payment:2:uuid".to_owned()], true), (Vec::new(), false)] {
        let witnesses = if tells { &["payment:2:uuid"][..] } else { &[] };
        let away = Some((Away::Trouble, 100));
        let plant = Plant::start(World { definitions, away, ..World::with_jobs(3, Fate::Succeeds) }).await;
        let folder = folder();
        let mut desk = Desk::open(&plant.server.url(), folder.path());
        let plan = made_on(&retry(&desk.url, 3, FAST), None, witnesses);
        desk.perform(&plan);
        if tells {
            assert_eq!((&desk.over().await.stage, plant.changes()), (&Stage::Over(Ending::Done), 3));
        } else {
            let why = held_up(&mut desk).await;
            assert!(why.starts_with("which engine answers cannot be told: ") && why.contains("no connection to the database"), "{why}");
            assert_eq!(plant.changes(), 0);
        }
    }
}

#[tokio::test]
async fn a_resumption_in_doubt_suspends_its_jobs_again_once_it_is_sure_and_tells_them_where_another_engine_answers() {
    for replaced_by in [None, Some("a new house")] {
        let mut world = Dormitory::with(&jobs());
        // The resumption is made and nobody hears of it; then a proxy answers, twice.
        (world.lies, world.pages) = ([(3, HouseLie::MadeAndLost)].into(), 2);
        let house = House::start(world).await;
        let folder = folder();
        let mut desk = Desk::open(&house.server.url(), folder.path());
        let plan = resumption(&desk.url, &jobs());
        desk.perform(&plan);
        let why = held_up(&mut desk).await;
        assert!(why.starts_with("which engine answers cannot be told: "), "{why}");
        assert_eq!(house.changes(), 4, "{:?}", house.world().changes);
        house.world().replaced_by = replaced_by;
        let suspended = |change: &&String| change.starts_with("suspend ");
        if replaced_by.is_none() {
            until("all are suspended again", || house.world().changes.iter().filter(suspended).count() == 3).await;
            desk.send(ActCommand::Stop(plan.action.clone()));
            desk.over().await;
            assert!(house.world().jobs.values().all(|job| job.suspended), "{:?}", house.world().jobs);
        } else {
            let ledger = desk.over().await;
            assert!(broken_off(&ledger).contains(&format!("installation a new house, the plan was made on installation {INSTALLATION}")));
            assert_eq!(house.changes(), 4, "nothing goes to the other one");
            for (job, _) in jobs() {
                assert!(ledger.look.iter().any(|look| look.starts_with(&format!("LOOK AT job {job}"))), "{job} is told: {:?}", ledger.look);
            }
        }
        assert_eq!(house.world().ran, [""; 0]);
    }
}

#[tokio::test]
async fn what_a_run_left_is_not_read_back_from_another_engine_and_stays_among_what_was_left() {
    let mut world = World { installation: Some("old".to_owned()), ..World::with_jobs(1, Fate::Stays) };
    world.lies = [(0, Lie::ProxyPage)].into();
    let plant = Plant::start(world).await;
    let (folder, url) = (folder(), plant.server.url());
    let mut desk = Desk::open(&url, folder.path());
    let plan = made_on(&retry(&url, 1, FAST), Some("old"), &[]);
    desk.perform(&plan);
    desk.ledger(|ledger| matches!(ledger.outcomes[0], Outcome::Unknown(_))).await;
    desk.handle.closing.close(How::Quit).await;
    let recorded = desk.journal.archive().action(&plan.action.0).expect("a journal").expect("the action").intent.engine.installation;
    assert_eq!(recorded.as_ref().map(|id| id.as_wire()), Some("old"));
    // Started again, empty: whatever it does not know looks as if it had gone.
    let jobs = std::mem::take(&mut plant.world().jobs);
    plant.world().installation = Some("new".to_owned());
    let reads = plant.world().reads;
    let mut desk = Desk::open(&url, folder.path());
    assert_eq!(left(&mut desk).await.len(), 1);
    desk.send(ActCommand::ReadBack(plan.action.clone()));
    let ledger = desk.over().await;
    let why = broken_off(&ledger);
    assert!(why.contains("installation new, it was done to installation old") && why.contains("not read back"), "{why}");
    assert_eq!(plant.world().reads, reads, "nothing else is asked of it");
    assert!(!desk.entries().iter().any(|entry| matches!(entry, Entry::ReadBack(_))));
    desk.handle.closing.close(How::Quit).await;
    // The engine of the action is back; at first a proxy answers in its place.
    (plant.world().installation, plant.world().jobs) = (Some("old".to_owned()), jobs);
    (plant.world().away, plant.world().away_from) = (Some((Away::Page(502), 1)), 0);
    let mut desk = Desk::open(&url, folder.path());
    assert_eq!(left(&mut desk).await.len(), 1, "nobody has looked yet");
    desk.send(ActCommand::ReadBack(plan.action.clone()));
    let ledger = desk.ledger(|ledger| ledger.reading.requests > 0).await;
    assert!(ledger.notes.iter().any(|(_, note)| note.starts_with("which engine answers cannot be told: ")), "{:?}", ledger.notes);
    desk.send(ActCommand::Stop(plan.action.clone()));
    desk.over().await;
    assert!(desk.entries().iter().any(|entry| matches!(entry, Entry::ReadBack(_))));
    assert_eq!(plant.changes(), 1);
}

#[tokio::test]
async fn nothing_of_the_journal_is_put_back_or_taken_back_at_another_engine() {
    let mut world = Dormitory::with(&jobs());
    (world.lies, world.ends_at) = ([(3, HouseLie::MadeAndSilent)].into(), Some(4));
    let house = House::start(world).await;
    let (folder, url) = (folder(), house.server.url());
    killed(&house, folder.path(), None, 4).await;
    house.world().heal();
    house.world().replaced_by = Some("a new house");
    let mut desk = Desk::open(&url, folder.path());
    let action = left(&mut desk).await[0].action.0.clone();
    for what in [Asked::PutBack(action.clone()), Asked::Undo(action.clone()), Asked::Thaw(Some(action.clone()))] {
        let why = planned_as(&mut desk, what.clone()).await.expect_err("no plan").words();
        assert!(why.contains(&format!("installation a new house, it was done to installation {INSTALLATION}")), "{what:?}: {why}");
    }
    house.world().replaced_by = None;
    let plan = planned_as(&mut desk, Asked::PutBack(action)).await.expect("a plan");
    assert_eq!((plan.verb, plan.targets.len()), (Verb::PutBack, 3));
    assert_eq!(plan.engine.installation.as_ref().map(|id| id.as_wire()), Some(INSTALLATION));
    assert_eq!(plan.engine.witnesses, ["payment:2:uuid".into()], "besides, for the time when it may not be read any more");
}

#[tokio::test]
async fn a_plan_says_where_nothing_would_tell_another_engine() {
    for mute in [true, false] {
        let house = House::start(Dormitory { mute, ..Dormitory::with(&jobs()) }).await;
        let folder = folder();
        let mut desk = Desk::open(&house.server.url(), folder.path());
        let plan = planned_as(&mut desk, Asked::Instances { instances: vec!["p".into()], suspend: false }).await.expect("a plan");
        let told = plan.warnings.iter().filter(|warning| warning.weight == Weight::Note && warning.text.contains("another engine of this version")).count();
        assert_eq!(told, usize::from(mute), "{:?}", plan.warnings);
    }
}

#[tokio::test]
async fn a_rest_api_without_an_engine_of_that_name_is_another_and_one_without_any_is_waited_for() {
    for name in [Some("two"), None] {
        let world = World { away: Some((Away::NoSuchEngine, 2)), installation: Some("old".to_owned()), ..World::with_jobs(1, Fate::Succeeds) };
        let plant = Plant::start(world).await;
        let (url, folder) = (plant.server.url(), folder());
        let journal = Arc::new(Journal::open(folder.path()).expect("a journal"));
        let here = EngineIdentity { engine_name: name.map(str::to_owned), ..engine(&url) };
        let handle = start(Setup { engine: here.clone(), ..setup(&url, &journal) });
        let mut desk = Desk { handle, journal, url };
        let plan = retry(&desk.url, 1, FAST);
        let plan = Arc::new(Plan { engine: EngineIdentity { installation: Some("old".into()), ..here }, ..Plan::clone(&plan) });
        desk.perform(&plan);
        if name.is_some() {
            let ledger = desk.over().await;
            assert!(broken_off(&ledger).contains(": it has no engine two"), "{:?}", ledger.stage);
        } else {
            let why = held_up(&mut desk).await;
            assert!(why.starts_with("which engine answers cannot be told: "), "{why}");
            assert_eq!(plant.changes(), 0);
            desk.send(ActCommand::GoOn(plan.action.clone()));
            let ledger = desk.over().await;
            assert_eq!((&ledger.stage, plant.changes()), (&Stage::Over(Ending::Done), 1), "{:?}", ledger.notes);
        }
    }
}

#[tokio::test]
async fn a_resumption_that_is_stopped_in_doubt_still_suspends_its_jobs_again_and_says_that_it_did_not_know() {
    let mut world = Dormitory::with(&jobs());
    (world.lies, world.pages) = ([(3, HouseLie::MadeAndLost)].into(), 1_000);
    let house = House::start(world).await;
    let folder = folder();
    let mut desk = Desk::open(&house.server.url(), folder.path());
    let plan = resumption(&desk.url, &jobs());
    desk.perform(&plan);
    held_up(&mut desk).await;
    desk.send(ActCommand::Stop(plan.action.clone()));
    desk.ledger(|ledger| ledger.notes.iter().any(|(_, note)| note.starts_with("which engine answers cannot be told: "))).await;
    until("all are suspended again", || house.world().jobs.values().all(|job| job.suspended)).await;
    assert_eq!(house.world().ran, [""; 0]);
    assert!(recorded_outcomes(&desk).is_empty(), "nothing is read of whom nobody knows: {:?}", recorded_outcomes(&desk));
}
