//! What is told of requests that were dropped or failed, of what was done in part, and of what was never seen.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Canary, Progress};
use crate::action::example;
use crate::action::judge::{Facts, Here};
use crate::action::outcome::{Class, Outcome, Proof};
use crate::action::perform::sequence::Stand;
use crate::action::plan::{Free, Held, Pace, Plan};
use crate::action::wish::Asked;
use crate::engine::{Delivered, EngineError, Problem, Sent};
use crate::model::job::Job;

/// An instance is resumed beside two held jobs: 0 and 1 shield, 2 resumes, 3 and 4 guard, 5 and 6 put back.
fn shielded() -> Progress {
    let mut plan = example::plan(Asked::Instances { instances: Vec::new(), suspend: false }, vec![example::instance("p1")]);
    let due = "2026-03-02T05:00:00Z".parse().ok();
    plan.held = vec![Held { due, ..example::held(0, "job-a") }, example::held(0, "job-b")];
    progress(plan)
}

fn progress(plan: Plan) -> Progress {
    Progress::new(Arc::new(plan))
}

fn accepted() -> Sent {
    Sent::Accepted { batch: None }
}

fn lost() -> Sent {
    Sent::Unknown(EngineError::new(None, "http://h/engine-rest", Problem::TooSlow { after: Duration::from_secs(1) }))
}

fn refused() -> Sent {
    Sent::Rejected(EngineError::new(None, "http://h/engine-rest", Problem::NotFound))
}

fn send(progress: &mut Progress, step: usize, sent: &Sent) {
    progress.sending(step);
    progress.answered(step, sent, Instant::now());
}

#[test]
fn a_due_date_that_is_not_put_back_is_told_by_job_and_old_date() {
    let mut progress = shielded();
    for step in [0, 1] {
        send(&mut progress, step, &accepted());
    }
    send(&mut progress, 2, &lost());
    send(&mut progress, 3, &accepted());
    send(&mut progress, 4, &accepted());
    assert_eq!(progress.next(false), None, "nobody knows whether the jobs are awake");
    let looks = progress.take_looks();
    assert_eq!(looks.len(), 2, "{looks:?}");
    assert!(looks[0].starts_with("LOOK AT job job-a: it stays due 2027-") && looks[0].contains("2026-03-02 05:00:00+00:00"), "{looks:?}");
    assert!(looks[1].contains("job-b"), "{looks:?}");
    assert!(progress.looks_of(0).is_some_and(|words| words.contains("job-a") && words.contains("job-b")));
    assert!(progress.take_changed().iter().any(|(target, _)| *target == 0), "its outcome is recorded with these words");
    assert!(progress.take_looks().is_empty(), "each is told once");
}

#[test]
fn what_an_abandoned_action_leaves_is_told_once_it_is_certain_that_it_matters() {
    let mut progress = shielded();
    send(&mut progress, 0, &accepted());
    send(&mut progress, 1, &accepted());
    progress.sending(2);
    progress.abandon();
    let awake = |looks: &[String]| looks.iter().filter(|look| look.contains("may be awake")).count();
    let looks = progress.take_looks();
    assert_eq!((looks.len(), awake(&looks)), (2, 0), "{looks:?}");
    progress.answered(2, &accepted(), Instant::now());
    let looks = progress.take_looks();
    assert_eq!((looks.len(), awake(&looks)), (2, 2), "{looks:?}");
}

#[test]
fn an_action_abandoned_before_its_first_request_leaves_nothing_to_look_at() {
    let mut progress = shielded();
    progress.abandon();
    assert!(progress.take_looks().is_empty());
    let mut progress = shielded();
    send(&mut progress, 0, &refused());
    progress.abandon();
    assert!(progress.take_looks().is_empty(), "a refused shield moved nothing");
}

#[test]
fn a_guard_that_fails_is_to_be_looked_at_and_its_due_date_too() {
    let mut progress = shielded();
    for step in [0, 1, 2] {
        send(&mut progress, step, &accepted());
    }
    send(&mut progress, 3, &refused());
    while let Some(step) = progress.next(false) {
        send(&mut progress, step, &accepted());
    }
    let looks = progress.take_looks();
    assert!(looks.len() == 2 && looks.iter().all(|look| look.starts_with("LOOK AT job job-a")), "{looks:?}");
    assert_eq!(progress.sequence.stand(6), Stand::Done, "the other job is as it was");
}

/// A definition with one held job and 300 that nothing else holds.
fn singly() -> Progress {
    let mut plan = example::plan(Asked::JobDefinitions { definitions: Vec::new(), suspend: false }, vec![example::job_definition("jd")]);
    plan.held = vec![example::held(0, "held")];
    plan.free = vec![Free { target: 0, jobs: Some((0..300).map(|at| format!("free-{at}").as_str().into()).collect()) }];
    progress(plan)
}

#[test]
fn ten_of_three_hundred_jobs_resumed_are_no_success() {
    let mut progress = singly();
    for step in 0..=10 {
        send(&mut progress, step, &accepted());
    }
    assert_ne!(progress.outcomes()[0].class(), Class::Good);
    progress.stop();
    let outcome = &progress.outcomes()[0];
    assert_eq!(*outcome, Outcome::Partly { done: 10, of: 300, unknown: 0 });
    assert!(outcome.words(&jiff::tz::TimeZone::UTC, example::plan(Asked::Cancel(vec!["p".into()]), Vec::new()).read.wall).contains("10 of 300 jobs resumed"));
}

#[test]
fn a_definition_all_of_whose_jobs_are_resumed_is_read_back_as_before() {
    let mut progress = singly();
    let mut sent = 0;
    while let Some(step) = progress.next(false) {
        send(&mut progress, step, &accepted());
        sent += 1;
    }
    assert_eq!(sent, 301);
    assert_eq!(progress.outcomes()[0], Outcome::Accepted);
    assert!(progress.wants_reading(Instant::now()));
}

#[test]
fn a_canary_whose_answers_were_lost_comes_to_a_decision_without_a_round_in_time() {
    let mut plan = example::retry(20);
    plan.choices.pace = Pace { canary: 3, ..Pace::default() };
    let mut progress = progress(plan);
    let mut first = Vec::new();
    for _ in 0..3 {
        let step = progress.next(false).expect("a request");
        send(&mut progress, step, &lost());
        first.push(step);
    }
    let much_later = Instant::now() + Duration::from_secs(300);
    assert!(!progress.wants_reading(much_later), "the time for reading is over");
    assert_eq!(progress.canary_stands(), Canary::Open);
    progress.expire(much_later);
    assert!(matches!(progress.canary_stands(), Canary::Badly(_)), "{:?}", progress.canary_stands());
    assert!(progress.can_still_tell());
    let round = progress.round(much_later, true, None).expect("looking once more when asked");
    assert_eq!(round.items.len(), first.len());
}

#[test]
fn what_the_engine_wrote_down_belongs_to_an_action_however_far_the_date_header_lags() {
    let mut progress = shielded();
    let took = Duration::from_millis(40);
    let second = |second: i64| jiff::Timestamp::from_second(1_772_000_000 + second).expect("a moment");
    // Made anew at 10.0 and at 12.9 only: the engine wrote the first change down at 10.9, the last at 12.8.
    for shown in [10, 10, 11] {
        progress.saw(&Delivered { sent: accepted(), elapsed: took, engine_time: Some(second(shown)) });
    }
    let (from, to) = progress.window().expect("an answer told the time");
    let written = |millis: i64| second(0) + jiff::SignedDuration::from_millis(millis);
    assert!((from..=to).contains(&written(10_900)) && (from..=to).contains(&written(12_800)), "{from} to {to}");
    assert!(from >= written(7_900) && to <= written(13_100), "and not what was done long before or after: {from} to {to}");
}

/// Two jobs are put back: 0 and 2 suspend, 1 and 3 move the due dates.
fn putting_back() -> Progress {
    let far = "2027-03-01T12:00:00Z".parse().ok();
    let left = |number| example::of_job(Job { due: far, suspended: false, ..crate::model::example::job(number) }, 2);
    let mut plan = example::plan(Asked::PutBack("earlier".into()), vec![left(0), left(1)]);
    let due = "2026-03-02T05:00:00Z".parse().ok();
    plan.held = vec![Held { due, ..example::held(0, "job-0000") }, example::held(1, "job-0001")];
    progress(plan)
}

#[test]
fn a_job_that_is_not_put_back_is_told_by_both_dates_whatever_kept_it_from_that() {
    let mut progress = putting_back();
    send(&mut progress, 0, &lost());
    send(&mut progress, 2, &accepted());
    send(&mut progress, 3, &refused());
    assert_eq!(progress.next(false), None, "nobody knows whether the first is suspended");
    let outcomes = progress.outcomes();
    assert!(matches!(&outcomes[0], Outcome::LeftHalfway(why) if why.as_wire().starts_with("it is not known to be suspended")), "{outcomes:?}");
    assert!(matches!(&outcomes[1], Outcome::Rejected(_)), "{outcomes:?}");
    let looks = progress.take_looks();
    assert_eq!(looks.len(), 2, "{looks:?}");
    let dates = "it stays due 2027-03-01 12:00:00+00:00; its old due date, 2026-03-02 05:00:00+00:00, was not put back";
    assert!(looks.iter().any(|look| look.starts_with("LOOK AT job job-0000") && look.contains(dates)), "{looks:?}");
    assert!(looks.iter().any(|look| look.starts_with("LOOK AT job job-0001") && look.contains("at once (it had none)")), "{looks:?}");
}

#[test]
fn putting_back_that_is_stopped_leaves_the_due_dates_that_keep_the_jobs_asleep() {
    let mut progress = putting_back();
    send(&mut progress, 0, &accepted());
    progress.stop();
    assert_eq!(progress.next(true), None, "nothing goes out any more that could make one due");
    assert_eq!(progress.take_looks().len(), 2);
    let outcomes = progress.outcomes();
    assert!(matches!(&outcomes[0], Outcome::LeftHalfway(why) if why.as_wire().contains("stopped")), "it was suspended: {outcomes:?}");
    assert_eq!(outcomes[1], Outcome::Stopped, "nothing of it was sent");
}

#[test]
fn putting_back_that_is_stopped_while_a_job_is_being_suspended_left_it_halfway_only_if_that_went_out() {
    for goes_out in [true, false] {
        let mut progress = putting_back();
        progress.sending(0);
        progress.stop();
        if goes_out {
            progress.answered(0, &accepted(), Instant::now());
        } else {
            progress.held_back(0);
        }
        let outcome = progress.outcomes().remove(0);
        assert_eq!(matches!(outcome, Outcome::LeftHalfway(_)), goes_out, "{outcome:?}");
        assert_eq!(outcome == Outcome::Stopped, !goes_out, "{outcome:?}");
    }
}

#[test]
fn what_is_ordered_for_later_is_not_told_as_done() {
    let at: jiff::Timestamp = "2026-03-02T06:00:00Z".parse().expect("a moment");
    let mut plan = example::plan(Asked::JobDefinitions { definitions: Vec::new(), suspend: true }, vec![example::job_definition("jd")]);
    for (ordered, expected) in [(Some(at), Outcome::Ordered { at }), (None, Outcome::Succeeded(Proof::State))] {
        plan.choices.at = ordered;
        let mut progress = progress(plan.clone());
        send(&mut progress, 0, &accepted());
        progress.decide(0, &Facts { here: Here::As(true), ..Facts::default() }, Instant::now());
        assert_eq!(progress.outcomes(), [expected]);
    }
}
