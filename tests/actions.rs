//! Whole actions against a scripted engine: what is recorded before what is sent, what stops an action, what is never sent twice, and what a
//! program leaves behind that is killed in the middle.

#[path = "actions/desk.rs"]
mod desk;
#[path = "actions/dormitory.rs"]
mod dormitory;
#[path = "actions/engine_work.rs"]
mod engine_work;
#[path = "actions/errand.rs"]
mod errand;
#[path = "actions/left.rs"]
mod left;
#[path = "actions/loop_that_panics.rs"]
mod loop_that_panics;
#[path = "actions/planned.rs"]
mod planned;
#[path = "actions/plant.rs"]
mod plant;
#[path = "actions/put_back.rs"]
mod put_back;
#[path = "actions/same_engine.rs"]
mod same_engine;
mod scripted;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bpmtop::action::desk::{ActCommand, Acted, Setup, start};
use bpmtop::action::ledger::{Ending, Ledger, PausedBy, Stage};
use bpmtop::action::outcome::{Class, Outcome, Proof};
use bpmtop::action::plan::{ActionId, JOURNAL_ALONE, Pace, Plan, Warning, Weight};
use bpmtop::action::target::Subject;
use bpmtop::action::verb::Role;
use bpmtop::journal::{Entry, How, Journal};
use bpmtop::model::snapshot::EngineIdentity;
use desk::{Desk, client, entries, folder, setup, until};
use errand::{FAST, engine, retry};
use plant::{Fate, Lie, Plant, World};

#[tokio::test]
async fn everything_is_recorded_before_it_is_sent_and_settled_with_proof() {
    let plant = Plant::start(World::with_jobs(6, Fate::Succeeds)).await;
    plant.world().jobs.get_mut(&plant::job(4)).expect("a job").fate = Fate::FailsAgain;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    let journal = Arc::clone(&desk.journal);
    plant.world().witness = Some(Box::new(move |id| {
        let number: u64 = id.trim_start_matches("job-").parse().expect("a number");
        let entries = entries(&journal);
        assert!(matches!(&entries[0], Entry::Intent(intent) if intent.steps == 6 && intent.requests.len() == 6));
        assert!(entries.iter().any(|entry| matches!(entry, Entry::Sent(sent) if sent.step == number)), "{id} is sent, and nobody knows");
    }));
    let plan = retry(&desk.url, 6, Pace { canary: 2, stop_at: 50, ..FAST });
    desk.perform(&plan);
    let ledger = desk.over().await;
    assert_eq!(ledger.stage, Stage::Over(Ending::Done));
    let expected = |number| if number == 4 { Class::Bad } else { Class::Good };
    for (number, outcome) in ledger.outcomes.iter().enumerate() {
        assert_eq!(outcome.class(), expected(number), "{number}: {outcome:?}");
    }
    assert_eq!(ledger.outcomes[0], Outcome::Succeeded(Proof::JobLog));
    assert_eq!(ledger.outcomes[4], Outcome::FailedAgain { message: Some("Card service answered 503".into()) });
    plant.assert_nothing_was_sent_twice();
    let entries = desk.entries();
    assert_eq!(entries.iter().filter(|entry| matches!(entry, Entry::Answered(_))).count(), 6);
    assert!(matches!(entries.last(), Some(Entry::End(end)) if end.how == How::Done && end.unknown.is_empty()), "{:?}", entries.last());
    assert_eq!(ledger.head, Some(desk.journal.head().expect("a head").short()));
    assert!(desk.journal.archive().verify(None).expect("a journal").is_whole());
}

#[tokio::test]
async fn a_read_only_desk_and_one_of_a_viewer_send_nothing() {
    for (read_only, role) in [(true, Role::Admin), (false, Role::Viewer)] {
        let plant = Plant::start(World::with_jobs(1, Fate::Succeeds)).await;
        let (url, folder) = (plant.server.url(), folder());
        let journal = Arc::new(Journal::open(folder.path()).expect("a journal"));
        let handle = start(Setup { read_only, role, ..setup(&url, &journal) });
        let mut desk = Desk { handle, journal, url };
        desk.perform(&retry(&desk.url, 1, FAST));
        let why = desk.notice().await;
        assert!(why.contains("read-only") || why.contains("role"), "{why}");
        assert_eq!(plant.changes(), 0);
        assert!(desk.entries().is_empty());
    }
}

#[tokio::test]
async fn without_a_journal_nothing_is_sent() {
    let plant = Plant::start(World::with_jobs(1, Fate::Succeeds)).await;
    let (url, folder) = (plant.server.url(), folder());
    let journal = Arc::new(Journal::open(folder.path()).expect("a journal"));
    let handle = start(Setup { journal: Err("the disk is full".to_owned()), ..setup(&url, &journal) });
    let mut desk = Desk { handle, journal, url };
    desk.perform(&retry(&desk.url, 1, FAST));
    assert!(desk.notice().await.contains("the disk is full"));
    assert_eq!(plant.changes(), 0);
}

#[tokio::test]
async fn a_journal_that_breaks_in_the_middle_stops_the_action_and_not_the_looking() {
    let plant = Plant::start(World::with_jobs(200, Fate::Succeeds)).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    desk.perform(&retry(&desk.url, 200, Pace { per_second: 50.0, ..FAST }));
    until("some are sent", || plant.changes() >= 10).await;
    // In one step: what is written meanwhile would keep a folder that is emptied file by file.
    let elsewhere = self::folder();
    std::fs::rename(folder.path(), elsewhere.path().join("journal")).expect("the folder goes");
    std::fs::write(folder.path(), "no folder").expect("a file in its place");
    let ledger = desk.over().await;
    std::fs::remove_file(folder.path()).expect("the file goes");
    assert!(matches!(&ledger.stage, Stage::Over(Ending::Failed(why)) if why.contains("journal")), "{:?}", ledger.stage);
    assert!(plant.changes() < 60, "{} were sent", plant.changes());
    let read = ledger.outcomes.iter().filter(|outcome| **outcome == Outcome::Succeeded(Proof::JobLog)).count();
    assert_eq!(read, plant.changes(), "what was sent is read back all the same");
}

#[tokio::test]
async fn a_refused_login_in_the_middle_stops_everything_at_once() {
    let mut world = World::with_jobs(50, Fate::Succeeds);
    world.lies.insert(9, Lie::LoginRefused);
    let plant = Plant::start(world).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    desk.perform(&retry(&desk.url, 50, Pace { per_second: 100.0, ..FAST }));
    let ledger = desk.over().await;
    assert!(matches!(&ledger.stage, Stage::Over(Ending::Failed(why)) if why.contains("login")), "{:?}", ledger.stage);
    // What was in flight already is all that may still arrive.
    assert!(plant.changes() <= 13, "{} arrived", plant.changes());
    assert!(matches!(ledger.outcomes[9], Outcome::Rejected(_)), "{:?}", ledger.outcomes[9]);
    assert_eq!(ledger.outcomes[49], Outcome::Stopped);
    plant.assert_nothing_was_sent_twice();
}

#[tokio::test]
async fn somebody_elses_wrong_password_delays_an_action_and_what_was_refused_goes_out_once_more() {
    let mut world = World::with_jobs(30, Fate::Succeeds);
    world.lies.insert(9, Lie::LoginDelayed(3_000));
    let plant = Plant::start(world).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    desk.perform(&retry(&desk.url, 30, Pace { per_second: 20.0, ..FAST }));
    let ledger = desk.over().await;
    assert_eq!(ledger.stage, Stage::Over(Ending::Done), "{:?}", ledger.notes);
    assert!(ledger.outcomes.iter().all(|outcome| *outcome == Outcome::Succeeded(Proof::JobLog)), "{:?}", ledger.counts());
    assert!(ledger.notes.iter().any(|(_, note)| note.contains("somebody may have typed a wrong password")), "{:?}", ledger.notes);
    // What was in flight was refused, did nothing, and went out once more as a request of its own.
    let changes = plant.world().changes.clone();
    assert!((31..=34).contains(&changes.len()), "{changes:?}");
    assert!(changes.iter().all(|id| changes.iter().filter(|other| *other == id).count() <= 2), "{changes:?}");
    let answered = desk.entries().iter().filter(|entry| matches!(entry, Entry::Answered(_))).count();
    assert_eq!(answered, changes.len(), "each request and each answer is in the journal");
}

#[tokio::test]
async fn a_gateway_that_takes_no_more_rejects_one_and_is_left_alone_before_the_next() {
    let mut world = World::with_jobs(20, Fate::Succeeds);
    world.lies.insert(5, Lie::TooMany);
    let plant = Plant::start(world).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    desk.perform(&retry(&desk.url, 20, Pace { per_second: 10.0, ..FAST }));
    let before = Instant::now();
    let ledger = desk.over().await;
    assert_eq!(ledger.stage, Stage::Over(Ending::Done), "{:?}", ledger.notes);
    let Outcome::Rejected(why) = &ledger.outcomes[5] else { panic!("{:?}", ledger.outcomes[5]) };
    assert!(why.as_wire().contains("a gateway before the engine takes no more requests for now (429); it asks to wait 1 s"), "{why}");
    assert_eq!(ledger.outcomes.iter().filter(|outcome| **outcome == Outcome::Succeeded(Proof::JobLog)).count(), 19, "{:?}", ledger.counts());
    assert!(before.elapsed() > Duration::from_millis(2_500), "it was left alone for a second");
    assert!(ledger.notes.iter().any(|(_, note)| note.starts_with("a gateway before the engine asks to wait: nothing is sent for")), "{:?}", ledger.notes);
    plant.assert_nothing_was_sent_twice();
}

#[tokio::test]
async fn a_paused_action_sends_nothing_until_it_goes_on_and_a_stopped_one_never() {
    let plant = Plant::start(World::with_jobs(60, Fate::Succeeds)).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    let plan = retry(&desk.url, 60, Pace { per_second: 40.0, ..FAST });
    desk.perform(&plan);
    desk.ledger(|ledger| ledger.sent >= 5).await;
    desk.send(ActCommand::Pause(plan.action.clone()));
    let paused = desk.ledger(|ledger| ledger.stage == Stage::Paused(PausedBy::Operator)).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    let sent = plant.changes();
    assert!(sent <= paused.sent + 4, "{sent} were sent, {} when it was paused", paused.sent);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(plant.changes(), sent);
    desk.send(ActCommand::GoOn(plan.action.clone()));
    desk.ledger(|ledger| ledger.sent >= sent + 5).await;
    desk.send(ActCommand::Stop(plan.action.clone()));
    let ledger = desk.over().await;
    assert_eq!(ledger.stage, Stage::Over(Ending::Stopped));
    assert_eq!(ledger.counts()["never sent"].1, 60 - plant.changes());
    assert_eq!(ledger.counts()["succeeded"].1, plant.changes());
    plant.assert_nothing_was_sent_twice();
}

#[tokio::test]
async fn a_canary_that_fails_pauses_and_goes_on_only_when_told() {
    let plant = Plant::start(World::with_jobs(20, Fate::FailsAgain)).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    let plan = retry(&desk.url, 20, Pace { canary: 3, ..FAST });
    desk.perform(&plan);
    let ledger = desk.ledger(|ledger| matches!(ledger.stage, Stage::Paused(_))).await;
    assert!(matches!(&ledger.stage, Stage::Paused(PausedBy::Canary(why)) if why.starts_with("of the first 3: 3 failed again")), "{:?}", ledger.stage);
    assert_eq!(plant.changes(), 3);
    desk.send(ActCommand::GoOn(plan.action.clone()));
    let ledger = desk.over().await;
    assert_eq!((plant.changes(), ledger.counts()["failed again"].1), (20, 20));
}

#[tokio::test]
async fn too_many_failures_pause_a_bulk_by_themselves() {
    let mut world = World::with_jobs(100, Fate::Succeeds);
    for number in 10..100 {
        world.jobs.get_mut(&plant::job(number)).expect("a job").fate = Fate::FailsAgain;
    }
    let plant = Plant::start(world).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    desk.perform(&retry(&desk.url, 100, Pace { per_second: 10.0, canary: 3, stop_at: 20 }));
    let ledger = desk.ledger(|ledger| matches!(ledger.stage, Stage::Paused(_))).await;
    assert!(matches!(&ledger.stage, Stage::Paused(PausedBy::Failures(why)) if why.contains("more than 20 %")), "{:?}", ledger.stage);
    assert!(plant.changes() < 40, "{} were sent", plant.changes());
}

#[tokio::test]
async fn an_engine_that_is_gone_pauses_instead_of_burning_through_the_list() {
    let mut plant = Plant::start(World::with_jobs(40, Fate::Succeeds)).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    desk.perform(&retry(&desk.url, 40, Pace { per_second: 20.0, ..FAST }));
    desk.ledger(|ledger| ledger.sent >= 5).await;
    plant.server.die().await;
    let ledger = desk.ledger(|ledger| matches!(ledger.stage, Stage::Paused(PausedBy::Engine(_)))).await;
    let unsent = ledger.outcomes.iter().filter(|outcome| **outcome == Outcome::Planned).count();
    assert!(unsent > 20, "{}", ledger.headline());
    let burnt = ledger.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::NotPerformed(_))).count();
    assert!(burnt <= 4, "{}", ledger.headline());
}

#[tokio::test]
async fn a_lost_answer_is_proved_by_what_is_read_and_a_page_of_a_proxy_proves_nothing() {
    let mut world = World::with_jobs(4, Fate::Succeeds);
    world.jobs.get_mut(&plant::job(1)).expect("a job").fate = Fate::FailsAgain;
    world.lies = [(0, Lie::MadeAndLost), (1, Lie::MadeAndLost), (2, Lie::ProxyPage)].into();
    let plant = Plant::start(world).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    let plan = retry(&desk.url, 4, Pace { per_second: 5.0, ..FAST });
    desk.perform(&plan);
    let settled = |ledger: &Ledger| [0, 1].iter().all(|at: &usize| ledger.outcomes[*at].is_settled());
    let ledger = desk.ledger(settled).await;
    assert_eq!(ledger.outcomes[0], Outcome::Succeeded(Proof::JobLog));
    assert!(matches!(ledger.outcomes[1], Outcome::FailedAgain { .. }), "{:?}", ledger.outcomes[1]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    desk.send(ActCommand::GoOn(plan.action.clone()));
    let ledger = desk.ledger(|ledger| ledger.outcomes[3].is_settled()).await;
    assert!(matches!(&ledger.outcomes[2], Outcome::Unknown(answer) if answer.as_wire().contains("502")), "{:?}", ledger.outcomes[2]);
    plant.assert_nothing_was_sent_twice();
}

#[tokio::test]
async fn a_plan_is_performed_once() {
    let plant = Plant::start(World::with_jobs(1, Fate::Stays)).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    let plan = retry(&desk.url, 1, FAST);
    desk.perform(&plan);
    desk.ledger(|ledger| ledger.sent == 1).await;
    desk.perform(&plan);
    loop {
        if let Acted::NotBegun(action, why) = desk.handle.told.recv().await.expect("a desk") {
            assert_eq!(action, plan.action);
            assert!(why.why.contains("performed once"), "{why:?}");
            break;
        }
    }
    assert_eq!(plant.changes(), 1);
}

#[tokio::test]
async fn an_ending_program_finishes_what_is_in_flight_and_records_the_end() {
    let mut world = World::with_jobs(100, Fate::Succeeds);
    world.lies = (0..100).map(|number| (number, Lie::Slow(300))).collect();
    let plant = Plant::start(world).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    desk.perform(&retry(&desk.url, 100, FAST));
    desk.ledger(|ledger| ledger.sent >= 4).await;
    let Desk { handle, journal, .. } = desk;
    handle.closing.close(How::HungUp).await;
    let entries = entries(&journal);
    let count = |is: fn(&Entry) -> bool| entries.iter().filter(|entry| is(entry)).count();
    assert_eq!(count(|entry| matches!(entry, Entry::Sent(_))), count(|entry| matches!(entry, Entry::Answered(_))), "nothing was left in flight");
    assert!(matches!(entries.last(), Some(Entry::End(end)) if end.how == How::HungUp), "{:?}", entries.last());
    assert!(plant.changes() < 20, "{}", plant.changes());
    let left = journal.archive().under_way(None).expect("a journal");
    assert!(left.iter().all(|left| left.unknown.is_some()), "what was in flight is not known, and nothing else is left: {left:?}");
}

#[tokio::test]
async fn a_stop_while_it_is_still_read_what_was_before_sends_and_records_nothing() {
    for quits in [false, true] {
        let plant = Plant::start(World { slow_log: 800, ..World::with_jobs(5, Fate::Succeeds) }).await;
        let folder = folder();
        let mut desk = Desk::open(&plant.server.url(), folder.path());
        let plan = retry(&desk.url, 5, FAST);
        desk.perform(&plan);
        desk.ledger(|ledger| ledger.stage == Stage::Sending).await;
        let begun = Instant::now();
        if quits {
            let Desk { handle, journal, .. } = desk;
            handle.closing.close(How::Quit).await;
            assert!(entries(&journal).is_empty(), "what was never begun is not recorded");
        } else {
            desk.send(ActCommand::Stop(plan.action.clone()));
            let ledger = desk.over().await;
            assert_eq!(ledger.counts()["never sent"].1, 5);
            assert!(desk.entries().is_empty());
        }
        assert!(begun.elapsed() < Duration::from_millis(700), "it was waited for the reading");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(plant.changes(), 0);
    }
}

#[tokio::test]
async fn what_waits_for_its_turn_behind_another_action_is_not_sent_after_a_stop() {
    let mut world = World::with_jobs(8, Fate::Succeeds);
    world.lies = (0..4).map(|number| (number, Lie::Slow(1_500))).collect();
    let plant = Plant::start(world).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    desk.perform(&retry(&desk.url, 4, FAST));
    until("the first action has every turn", || plant.changes() == 4).await;
    let mut second = (*retry(&desk.url, 8, FAST)).clone();
    second.targets = second.targets[4..].to_vec().into();
    second.action = ActionId("20260301T120000.000Z-second".to_owned());
    let second = Arc::new(second);
    desk.perform(&second);
    desk.ledger(|ledger| ledger.plan.action == second.action && ledger.outcomes.contains(&Outcome::Sending)).await;
    desk.send(ActCommand::Stop(second.action.clone()));
    let ledger = desk.ledger(|ledger| ledger.plan.action == second.action && matches!(ledger.stage, Stage::Over(_))).await;
    assert_eq!(ledger.counts()["never sent"].1, 4, "{:?}", ledger.outcomes);
    assert_eq!(plant.changes(), 4);
    let sent = |entry: &&Entry| matches!(entry, Entry::Sent(sent) if sent.action.as_wire() == second.action.0);
    assert_eq!(desk.entries().iter().filter(sent).count(), 0, "nothing is recorded as sent");
}

#[tokio::test]
async fn too_many_refusals_pause_although_nothing_is_read_back() {
    let mut world = World::with_jobs(100, Fate::Succeeds);
    world.lies = (0..100).map(|number| (number, Lie::Refused)).collect();
    let plant = Plant::start(world).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    desk.perform(&retry(&desk.url, 100, Pace { per_second: 50.0, canary: 0, stop_at: 20 }));
    let ledger = desk.ledger(|ledger| matches!(ledger.stage, Stage::Paused(_) | Stage::Over(_))).await;
    assert!(matches!(&ledger.stage, Stage::Paused(PausedBy::Failures(_))), "{:?}", ledger.stage);
    assert!(plant.changes() <= 14, "{} were sent", plant.changes());
}

#[tokio::test]
async fn the_reason_is_written_on_what_is_certainly_ours_and_recorded_first() {
    let mut world = World { annotated: vec![plant::job(1)], ..World::with_jobs(3, Fate::Succeeds) };
    let row = |id: &str, user: &str, at: jiff::Timestamp| {
        serde_json::json!({
            "id": id, "operationId": id, "operationType": "SetJobRetries", "entityType": "Job", "property": "retries", "userId": user,
            "timestamp": plant::date(at), "jobId": plant::job(0), "processInstanceId": "instance-00000", "category": "Operator",
        })
    };
    let now = jiff::Timestamp::now();
    world.operations = vec![row("before", "demo", now - jiff::SignedDuration::from_mins(1))];
    let plant = Plant::start(world).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    let mut plan = (*retry(&desk.url, 3, Pace { per_second: 1.0, ..FAST })).clone();
    plan.choices.reason = "the card service is back".to_owned();
    desk.perform(&Arc::new(plan));
    until("the first is sent", || plant.changes() == 1).await;
    plant.world().operations.push(row("other", "mary", jiff::Timestamp::now()));
    let ledger = desk.over().await;
    let mut explained = plant.world().explained.clone();
    explained.sort();
    assert_eq!(explained, ["op1", "op4"], "{:?}", ledger.notes);
    let notes: Vec<String> =
        desk.entries().iter().filter_map(|entry| if let Entry::Note(note) = entry { Some(note.words.to_string()) } else { None }).collect();
    assert!(notes.iter().any(|note| note.contains("op1") && note.contains("op4")), "{notes:?}");
}

#[tokio::test]
async fn a_reason_that_the_engine_will_not_take_is_in_the_journal_and_nothing_is_tried() {
    let plant = Plant::start(World::with_jobs(1, Fate::Succeeds)).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    let mut plan = (*retry(&desk.url, 1, FAST)).clone();
    plan.choices.reason = "the card service is back".to_owned();
    plan.warnings = vec![Warning { weight: Weight::Note, text: format!("{JOURNAL_ALONE}: this login lacks UPDATE") }];
    desk.perform(&Arc::new(plan));
    let ledger = desk.over().await;
    assert!(ledger.notes.iter().any(|(_, note)| note.starts_with(JOURNAL_ALONE)), "{:?}", ledger.notes);
    assert!(plant.world().explained.is_empty());
    assert!(matches!(&desk.entries()[0], Entry::Intent(intent) if intent.reason.as_ref().is_some_and(|reason| reason.as_wire() == "the card service is back")));
}

#[tokio::test]
async fn without_a_known_user_no_reason_is_written_on_operations_that_may_be_anybodys() {
    let plant = Plant::start(World::with_jobs(1, Fate::Succeeds)).await;
    let (url, folder) = (plant.server.url(), folder());
    let journal = Arc::new(Journal::open(folder.path()).expect("a journal"));
    let anonymous = EngineIdentity { user: None, ..engine(&url) };
    let handle = start(Setup { engine: anonymous.clone(), ..setup(&url, &journal) });
    let mut desk = Desk { handle, journal, url };
    let mut plan = (*retry(&desk.url, 1, FAST)).clone();
    (plan.engine, plan.choices.reason) = (anonymous, "the card service is back".to_owned());
    desk.perform(&Arc::new(plan));
    desk.over().await;
    assert!(plant.world().explained.is_empty());
}

#[tokio::test]
async fn the_end_is_recorded_at_once_although_the_last_look_takes_long() {
    let plant = Plant::start(World::with_jobs(1, Fate::Succeeds)).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    let mut plan = (*retry(&desk.url, 1, FAST)).clone();
    plan.choices.reason = "the card service is back".to_owned();
    desk.perform(&Arc::new(plan));
    desk.ledger(|ledger| ledger.sent == 1).await;
    plant.world().slow_log = 60_000;
    desk.ledger(|ledger| ledger.outcomes[0].class() == Class::Good).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let begun = Instant::now();
    let Desk { handle, journal, .. } = desk;
    handle.closing.close(How::Quit).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(matches!(entries(&journal).last(), Some(Entry::End(_))));
}

#[tokio::test]
async fn what_one_user_planned_is_not_sent_as_another() {
    let mut world = World::with_jobs(40, Fate::Succeeds);
    world.lies = (0..40).map(|number| (number, Lie::Slow(100))).collect();
    let plant = Plant::start(world).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    let login = |user: &str| ActCommand::Login { user: user.to_owned(), client: client(&plant.server.url()) };
    let plan = retry(&desk.url, 40, Pace { per_second: 20.0, ..FAST });
    desk.perform(&plan);
    desk.ledger(|ledger| ledger.sent >= 2).await;
    desk.send(login("anna"));
    let paused = |ledger: &Ledger| matches!(&ledger.stage, Stage::Paused(PausedBy::Login(why)) if why.contains("planned as demo, logged in as anna"));
    desk.ledger(paused).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let sent = plant.changes();
    desk.send(ActCommand::GoOn(plan.action.clone()));
    desk.ledger(|ledger| ledger.notes.iter().filter(|(_, note)| note.contains("logged in as anna")).count() == 2).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(plant.changes(), sent, "nothing is sent as anna");
    let other = Arc::new(Plan { action: ActionId("20260301T120000.000Z-other".to_owned()), ..(*retry(&desk.url, 1, FAST)).clone() });
    desk.perform(&other);
    let why = loop {
        if let Acted::NotBegun(_, why) = desk.handle.told.recv().await.expect("a desk") {
            break why.words();
        }
    };
    assert_eq!(why, "Planned as demo, logged in as anna. Read again.");
    desk.send(login("demo"));
    let ledger = desk.over().await;
    assert_eq!(ledger.sent, 40, "its own user goes on");
    plant.assert_nothing_was_sent_twice();
}

#[tokio::test]
async fn without_a_log_of_operations_the_time_of_the_engine_is_known_all_the_same() {
    let mut world = World::with_jobs(1, Fate::Succeeds);
    world.no_operations = true;
    let plant = Plant::start(world).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    let mut plan = (*retry(&desk.url, 1, FAST)).clone();
    let targets = plan.targets.iter().cloned().map(|mut target| {
        if let Subject::Job { incident, .. } = &mut target.subject {
            *incident = None;
        }
        target
    });
    plan.targets = targets.collect();
    desk.perform(&Arc::new(plan));
    desk.over().await;
    let Some(Entry::Intent(intent)) = desk.entries().into_iter().next() else { panic!("an intent") };
    assert_eq!(intent.engine_time, "2015-10-21T07:28:00Z".parse().ok(), "what any answer is dated");
}

#[tokio::test]
async fn what_somebody_else_did_since_the_plan_is_left_alone_and_is_no_good_sign() {
    let plant = Plant::start(World::with_jobs(6, Fate::FailsAgain)).await;
    let folder = folder();
    let mut desk = Desk::open(&plant.server.url(), folder.path());
    let plan = retry(&desk.url, 6, Pace { canary: 2, stop_at: 50, ..FAST });
    // Between the plan and its confirmation one job was given attempts, and one ran through.
    plant.world().jobs.get_mut(&plant::job(0)).expect("a job").retries = 3;
    plant.world().jobs.remove(&plant::job(1));
    desk.perform(&plan);
    let ledger = desk.ledger(|ledger| matches!(ledger.stage, Stage::Paused(PausedBy::Canary(_)))).await;
    assert!(matches!(ledger.outcomes[0], Outcome::LeftAlone(why) if why.contains("attempts again")), "{:?}", ledger.outcomes);
    assert!(matches!(ledger.outcomes[1], Outcome::LeftAlone(why) if why.contains("gone")), "{:?}", ledger.outcomes);
    assert_eq!(plant.world().changes, [plant::job(2), plant::job(3)], "two others went first, and nothing was sent for the two");
    assert_eq!(ledger.outcomes[4], Outcome::Planned);
}
