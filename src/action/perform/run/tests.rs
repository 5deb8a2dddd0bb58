//! An action that is told what to do while it stands still: going on after a long pause, and nobody left to ask.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::{Order, Run};
use crate::action::example;
use crate::action::judge::{Facts, Here, Life, Log};
use crate::action::ledger::{PausedBy, Stage};
use crate::action::outcome::Outcome;
use crate::action::perform::eyes::Findings;
use crate::action::perform::{Guard, Hand, Record};
use crate::action::plan::Plan;
use crate::action::verb::Role;
use crate::action::wish::Asked;
use crate::engine::identity::Verdict;
use crate::engine::{Client, ClientOptions, EngineError, Problem};
use crate::journal::{How, Journal};
use crate::model::section::Moment;

struct Play {
    run: Run,
    orders: Option<mpsc::UnboundedSender<Order>>,
    _folder: tempfile::TempDir,
}

fn play(plan: Plan) -> Play {
    let folder = tempfile::tempdir().expect("a folder");
    let record = Record::into(Ok(Arc::new(Journal::open(folder.path()).expect("a journal"))));
    let client = Client::new(ClientOptions::new("http://127.0.0.1:9/engine-rest".parse().expect("an address"))).expect("a client");
    let hand = Hand::new(client, Guard { read_only: false, role: Role::Admin, first_role: Role::Admin, record }).expect("a hand");
    let (orders, heard) = mpsc::unbounded_channel();
    Play { run: Run::new(hand, Arc::new(plan), heard), orders: Some(orders), _folder: folder }
}

fn resumption() -> Plan {
    let mut plan = example::plan(Asked::Instances { instances: Vec::new(), suspend: false }, vec![example::instance("p1")]);
    plan.held = vec![example::held(0, "job-a")];
    plan
}

/// Paused that long ago, by the clock on the wall, and told to go on.
fn goes_on_after(plan: Plan, minutes: u64) -> Run {
    let mut run = play(plan).run;
    run.obey(Order::Pause);
    let now = Moment::now();
    run.paused = Some(Moment { wall: now.wall - Duration::from_secs(60 * minutes), ..now });
    run.obey(Order::GoOn);
    run
}

#[test]
fn a_resumption_does_not_go_on_after_a_long_pause_and_a_plain_retry_does() {
    for (plan, minutes, goes_on) in [(resumption(), 4, true), (resumption(), 6, false), (example::retry(5), 600, true)] {
        let run = goes_on_after(plan, minutes);
        assert_eq!(!matches!(run.stage, Stage::Paused(_)), goes_on, "{:?}", run.notes);
        assert_eq!(run.notes.iter().any(|(_, note)| note.contains("planned anew")), !goes_on);
    }
}

#[test]
fn a_second_pause_does_not_begin_the_five_minutes_anew() {
    let mut run = play(resumption()).run;
    run.obey(Order::Pause);
    let began = run.paused.expect("paused").wall;
    run.pause(PausedBy::Engine("away".to_owned()));
    assert_eq!(run.paused.expect("paused").wall, began);
}

#[test]
fn nobody_left_to_ask_is_heard_once() {
    let Play { mut run, orders, _folder } = play(example::retry(2));
    drop(orders);
    run.hear_all();
    assert!(!run.hears);
    assert_eq!(run.quit, Some(How::Quit));
    let notes = run.notes.len();
    run.hear_all();
    assert_eq!(run.notes.len(), notes);
}

#[test]
fn what_was_asked_before_the_first_request_is_heard_before_it() {
    let Play { mut run, orders, _folder } = play(example::retry(2));
    orders.as_ref().expect("orders").send(Order::Stop).expect("it is heard");
    run.hear_all();
    run.advance();
    assert!(run.in_flight.is_empty());
}

#[test]
fn a_guard_waits_for_no_pace_and_a_due_date_that_is_put_back_does() {
    let mut plan = resumption();
    plan.held = (0..3).map(|at| example::held(0, &format!("job-{at}"))).collect();
    plan.choices.pace.per_second = 0.01;
    let mut run = play(plan).run;
    let accepted = crate::engine::Sent::Accepted { batch: None };
    for step in 0..4 {
        run.progress.sending(step);
        run.progress.answered(step, &accepted, std::time::Instant::now());
    }
    run.pacer.take(std::time::Instant::now()).expect("the only turn");
    run.advance();
    assert_eq!(run.in_flight.len(), 3, "all guards at once");
    run.in_flight.clear();
    for step in 4..7 {
        run.progress.answered(step, &accepted, std::time::Instant::now());
    }
    assert!(run.advance().is_some());
    assert!(run.in_flight.is_empty(), "due dates keep the pace");
    run.obey(Order::Close(How::Quit));
    run.advance();
    assert_eq!(run.in_flight.len(), 3, "but not while the program ends");
}

#[test]
fn an_ending_program_tells_what_it_had_no_time_to_put_back() {
    let mut run = play(resumption()).run;
    for step in 0..3 {
        run.progress.sending(step);
        run.progress.answered(step, &crate::engine::Sent::Accepted { batch: None }, std::time::Instant::now());
    }
    run.obey(Order::Close(How::Quit));
    run.give_up_if_due();
    assert!(run.progress.take_looks().is_empty(), "there is time yet");
    run.gives_up = Some(std::time::Instant::now());
    run.give_up_if_due();
    assert_eq!(run.gives_up, None, "once");
    assert!(run.progress.take_looks().iter().any(|look| look.contains("it stays due")));
}

#[tokio::test]
async fn what_is_read_once_more_counts_only_where_the_same_engine_answers() {
    for (asked, counts) in [
        (Ok(Verdict::Same), true),
        (Ok(Verdict::Unknown), true),
        (Ok(Verdict::Another("another engine".to_owned())), false),
        (Ok(Verdict::Unsure("nobody knows".to_owned())), false),
        (Err(EngineError::new(None, "", Problem::TooSlow { after: Duration::from_secs(1) })), false),
    ] {
        let Play { mut run, _folder, .. } = play(example::retry(1));
        let now = std::time::Instant::now();
        run.progress.sending(0);
        run.progress.answered(0, &crate::engine::Sent::Accepted { batch: None }, now);
        let gone = Facts { here: Here::Gone, log: Log::None, life: Life::NotKnown, operations: Some(Vec::new()), ..Facts::default() };
        let found = Findings { facts: [(0, gone)].into(), ..Findings::default() };
        let words = format!("{asked:?}");
        run.read_once_more(found, asked).await;
        assert_eq!(run.progress.outcomes()[0] == Outcome::GoneCauseUnknown, counts, "{words} {:?}", run.progress.outcomes());
        assert_eq!(run.notes.iter().any(|(_, note)| note.starts_with("not read back: ")), !counts, "{words} {:?}", run.notes);
    }
}

#[tokio::test]
async fn an_answer_that_a_target_is_gone_is_recorded_only_once_it_is_known_who_gave_it() {
    let Play { mut run, _folder, .. } = play(example::cancel(&[("p1", 1)]));
    let gone = EngineError::new(None, "", Problem::NotFound);
    run.progress.sending(0);
    let sent = crate::engine::Sent::Rejected(gone);
    assert!(super::says_gone(&sent));
    run.progress.answered(0, &sent, std::time::Instant::now());
    run.doubt();
    run.record_outcomes().await;
    assert!(matches!(run.progress.outcomes()[0], Outcome::AlreadyDone(_)), "{:?}", run.progress.outcomes());
    run.meets_another("another engine answers".to_owned());
    assert!(matches!(&run.progress.outcomes()[0], Outcome::Unknown(why) if why.as_wire().contains("another engine answers")), "{:?}", run.progress.outcomes());
}

#[test]
fn an_answer_from_before_the_newest_doubt_does_not_clear_it() {
    let mut run = play(example::retry(2)).run;
    run.doubt();
    let early = super::sure::Check::answered(&run, Ok(Verdict::Same));
    run.doubt();
    let late = super::sure::Check::answered(&run, Ok(Verdict::Same));
    run.heed_identity(early);
    assert!(run.unsure, "the engine may have been replaced since");
    run.heed_identity(late);
    assert!(!run.unsure);
}
