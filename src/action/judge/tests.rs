//! Decisions from what was read back: the outcomes that matter at night, and what must never be said.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::action::outcome::{Proof, Waiting};
use crate::action::target::Subject;
use crate::model::example;
use crate::model::grouping::KnownIncident;
use crate::model::job::Job;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a moment")
}

fn incident(id: &str, configuration: &str, created: i64) -> Incident {
    Incident {
        id: id.into(),
        kind: "failedJob".into(),
        process_definition: None,
        process_instance: Some("p".into()),
        execution: None,
        activity: Some("ship".into()),
        failed_activity: Some("ship".into()),
        cause: Some(id.into()),
        root_cause: Some(id.into()),
        configuration: Some(configuration.into()),
        message: Some("no lorry".into()),
        tenant: None,
        job_definition: None,
        annotation: None,
        created: at(created),
    }
}

fn target() -> Target {
    let job = Job {
        id: "j".into(),
        job_definition: Some("jd".into()),
        process_instance: Some("p".into()),
        process_definition: Some("d".into()),
        process_key: None,
        execution: Some("e".into()),
        exception_message: Some("503".into()),
        failed_activity: None,
        ..example::job(0)
    };
    let incident = Some(KnownIncident::of(incident("i", "j", 0)));
    Target { subject: Subject::Job { job: Arc::new(job), incident }, label: "Charge".into(), business_key: None, version: Some(1) }
}

fn lost() -> Said {
    Said::Unknown("the connection broke".into())
}

fn accepted() -> Said {
    Said::Accepted
}

fn told(sent: &Said, looked: u64, facts: &Facts) -> Outcome {
    let target = target();
    judge(&Case { target: &target, goal: Goal::Run { attempts: 1 }, said: sent, since: Some(at(10)), looked: Duration::from_secs(looked) }, facts)
}

fn work(left: i64) -> Facts {
    Facts { now: Some(at(100)), here: Here::Work(Work { left: Some(left), message: Some("503".into()), ..Work::default() }), ..Facts::default() }
}

fn gone(log: &[(JobEvent, i64)], life: Life) -> Facts {
    let entries = log.iter().map(|(event, when)| Attempt { at: at(*when), event: *event, message: None }).collect();
    Facts { here: Here::Gone, log: Log::Entries(entries), life, ..Facts::default() }
}

#[test]
fn a_success_in_the_log_is_a_success_and_an_incident_after_it_is_a_failure_further_on() {
    let mut facts = gone(&[(JobEvent::Failed, 0), (JobEvent::Succeeded, 20)], Life::NotRead);
    assert_eq!(told(&accepted(), 1, &facts), Outcome::Succeeded(Proof::JobLog));
    facts.incidents = vec![incident("old", "k", 5)];
    assert_eq!(told(&accepted(), 1, &facts), Outcome::Succeeded(Proof::JobLog), "what failed before is no consequence");
    facts.incidents.push(incident("new", "k", 21));
    assert_eq!(told(&accepted(), 1, &facts), Outcome::MovedOn { failed_at: "ship".into(), message: Some("no lorry".into()) });
}

#[test]
fn a_success_after_an_answer_that_was_no_yes_is_not_put_down_to_the_request_without_a_trace_of_it() {
    let mut facts = gone(&[(JobEvent::Succeeded, 5)], Life::Runs);
    assert_eq!(told(&accepted(), 1, &facts), Outcome::Succeeded(Proof::JobLog));
    assert!(matches!(told(&lost(), 1, &facts), Outcome::Unknown(_)), "the log of operations was not read yet");
    facts.operations = Some(Vec::new());
    assert!(matches!(told(&lost(), 1, &facts), Outcome::AlreadyDone(_)), "somebody else may have healed it");
    for facts in [gone(&[], Life::Over(InstanceState::Completed)), Facts { left: Some(true), ..gone(&[], Life::Runs) }] {
        assert_eq!(told(&accepted(), 1, &facts), Outcome::Succeeded(Proof::Advanced));
        assert!(matches!(told(&lost(), 1, &facts), Outcome::Unknown(_)));
        assert!(matches!(told(&lost(), 1, &Facts { operations: Some(Vec::new()), ..facts }), Outcome::AlreadyDone(_)));
    }
    facts.operations = Some(vec![Operation { ours: true, user: Some("demo".into()) }]);
    assert_eq!(told(&lost(), 1, &facts), Outcome::Succeeded(Proof::JobLog));
}

#[test]
fn no_attempts_after_an_accepted_retry_is_a_failure_again() {
    assert_eq!(told(&accepted(), 1, &work(0)), Outcome::FailedAgain { message: Some("503".into()) });
}

#[test]
fn no_attempts_after_a_lost_answer_proves_nothing_until_there_is_a_new_failure() {
    assert!(matches!(told(&lost(), 1, &work(0)), Outcome::Unknown(_)));
    assert!(matches!(told(&lost(), 60, &work(0)), Outcome::NoTrace { seconds: 60, .. }));
    let mut facts = work(0);
    facts.log = Log::Entries(vec![Attempt { at: at(10), event: JobEvent::Failed, message: None }]);
    assert!(matches!(told(&lost(), 1, &facts), Outcome::Unknown(_)), "not newer than what was read before");
    facts.log = Log::Entries(vec![Attempt { at: at(11), event: JobEvent::Failed, message: None }]);
    assert!(matches!(told(&lost(), 1, &facts), Outcome::FailedAgain { .. }));
    let replaced = Facts { incidents: vec![incident("i2", "j", 30)], ..work(0) };
    assert!(matches!(told(&lost(), 1, &replaced), Outcome::FailedAgain { .. }));
}

#[test]
fn a_retry_that_comes_about_between_two_readings_of_one_round_did_not_fail_again() {
    let logged = Facts { operations: Some(vec![Operation { user: Some("demo".into()), ours: true }]), ..work(0) };
    assert!(matches!(told(&lost(), 1, &logged), Outcome::Unknown(_)), "the job was read before, and the log of operations after it");
    let log = Log::Entries(vec![Attempt { at: at(11), event: JobEvent::Failed, message: None }]);
    assert!(matches!(told(&lost(), 1, &Facts { log, ..logged }), Outcome::FailedAgain { .. }));
}

#[test]
fn what_has_attempts_says_why_it_waits() {
    let waiting = |change: &dyn Fn(&mut Work)| {
        let mut facts = work(1);
        if let Here::Work(work) = &mut facts.here {
            change(work);
        }
        told(&accepted(), 1, &facts)
    };
    assert_eq!(waiting(&|_| ()), Outcome::Waits(Waiting::Executor));
    assert_eq!(waiting(&|work| work.suspended = Some("its instance")), Outcome::Waits(Waiting::Suspended("its instance")));
    assert_eq!(waiting(&|work| work.next = Some(at(101))), Outcome::Waits(Waiting::NotDue(at(101))));
    assert_eq!(waiting(&|work| work.next = Some(at(99))), Outcome::Waits(Waiting::Executor));
    assert_eq!(waiting(&|work| work.topic = Some("mail".into())), Outcome::Waits(Waiting::Worker { topic: "mail".into() }));
}

#[test]
fn a_job_the_batch_has_not_come_to_waits_for_the_batch() {
    let facts = Facts { batch_goes_on: Some(true), ..work(0) };
    assert_eq!(told(&accepted(), 1, &facts), Outcome::Waits(Waiting::Batch));
    assert!(matches!(told(&accepted(), 1, &Facts { batch_goes_on: Some(false), ..facts }), Outcome::FailedAgain { .. }));
}

#[test]
fn a_job_that_was_removed_was_cancelled_by_somebody_or_nobody_knows() {
    let removed = |life| told(&accepted(), 1, &gone(&[(JobEvent::Deleted, 20)], life));
    assert_eq!(removed(Life::Over(InstanceState::ExternallyTerminated)), Outcome::CancelledByOther { user: None });
    assert_eq!(removed(Life::Over(InstanceState::Completed)), Outcome::GoneCauseUnknown, "another branch ended the instance");
    assert_eq!(removed(Life::Runs), Outcome::GoneCauseUnknown);
}

#[test]
fn without_a_log_only_an_instance_that_went_on_proves_a_success() {
    let facts = |life| Facts { log: Log::None, ..gone(&[], life) };
    assert_eq!(told(&accepted(), 1, &facts(Life::Over(InstanceState::Completed))), Outcome::Succeeded(Proof::Advanced));
    assert_eq!(told(&accepted(), 1, &facts(Life::Runs)), Outcome::GoneCauseUnknown);
    assert_eq!(told(&accepted(), 1, &Facts { left: Some(true), ..facts(Life::Runs) }), Outcome::Succeeded(Proof::Advanced));
    assert_eq!(told(&accepted(), 1, &facts(Life::NotKnown)), Outcome::GoneCauseUnknown);
    assert_eq!(told(&accepted(), 1, &facts(Life::NotRead)), Outcome::Accepted);
}

#[test]
fn a_cancelled_instance_that_is_gone_is_done_and_so_is_one_that_was_gone_before() {
    let target = target();
    let of = |sent: &Said, facts: &Facts| judge(&Case { target: &target, goal: Goal::End, said: sent, since: None, looked: Duration::ZERO }, facts);
    let not_found = Said::Rejected { why: "there is none".into(), gone: true };
    assert_eq!(of(&not_found, &Facts::default()), Outcome::AlreadyDone("it was gone before"));
    let over = |state| Facts { here: Here::Gone, life: Life::Over(state), ..Facts::default() };
    let cancelled = |ours: Option<bool>| {
        let operations = Some(ours.map(|ours| Operation { user: Some("demo".into()), ours }).into_iter().collect());
        Facts { operations, ..over(InstanceState::ExternallyTerminated) }
    };
    assert_eq!(of(&accepted(), &over(InstanceState::ExternallyTerminated)), Outcome::Ended(Proof::State));
    assert!(matches!(of(&lost(), &over(InstanceState::ExternallyTerminated)), Outcome::Unknown(_)), "who did it was not read yet");
    assert_eq!(of(&lost(), &cancelled(Some(true))), Outcome::Ended(Proof::State));
    assert_eq!(of(&lost(), &cancelled(Some(false))), Outcome::AlreadyDone("somebody else cancelled it meanwhile"));
    assert_eq!(of(&lost(), &cancelled(None)), Outcome::AlreadyDone("it was cancelled, and no log says that this request did it"));
    assert_eq!(of(&lost(), &Facts { life: Life::NotKnown, ..cancelled(None) }), Outcome::GoneCauseUnknown);
    assert_eq!(of(&accepted(), &over(InstanceState::Completed)), Outcome::AlreadyDone("it had ended by itself"));
    assert!(matches!(of(&lost(), &Facts { here: Here::As(false), ..Facts::default() }), Outcome::Unknown(_)));
}

#[test]
fn the_reason_that_only_this_action_wrote_proves_a_cancellation_and_another_one_that_it_was_somebody_elses() {
    let target = target();
    let of = |sent: &Said, facts: &Facts| judge(&Case { target: &target, goal: Goal::End, said: sent, since: None, looked: Duration::ZERO }, facts);
    let over = |state, signed| Facts { here: Here::Gone, life: Life::Over(state), signed, ..Facts::default() };
    let cancelled = |signed| over(InstanceState::ExternallyTerminated, signed);
    let another = Outcome::AlreadyDone("it was cancelled, without this action's reason");
    for sent in [accepted(), lost()] {
        assert_eq!(of(&sent, &cancelled(Some(true))), Outcome::Ended(Proof::Reason));
        assert_eq!(of(&sent, &cancelled(Some(false))), another);
        assert_eq!(of(&sent, &over(InstanceState::Completed, Some(false))), Outcome::AlreadyDone("it had ended by itself"));
    }
    let rejected = Said::Rejected { why: "no".into(), gone: false };
    assert!(matches!(of(&rejected, &cancelled(Some(true))), Outcome::Rejected(_)));
}

#[test]
fn a_state_that_was_there_before_proves_nothing_of_a_lost_answer() {
    let target = target();
    let of = |sent: &Said, was_so| {
        let facts = Facts { here: Here::As(true), ..Facts::default() };
        judge(&Case { target: &target, goal: Goal::State { was_so }, said: sent, since: None, looked: Duration::ZERO }, &facts)
    };
    assert_eq!(of(&accepted(), true), Outcome::Succeeded(Proof::State));
    assert_eq!(of(&lost(), false), Outcome::Succeeded(Proof::State));
    assert!(matches!(of(&lost(), true), Outcome::Unknown(_)));
}

fn any_sent() -> impl Strategy<Value = Said> {
    prop_oneof![
        Just(accepted()),
        Just(lost()),
        any::<bool>().prop_map(|gone| Said::Rejected { why: "no".into(), gone }),
        Just(Said::NotSent("the login was refused before".into())),
    ]
}

fn any_event() -> impl Strategy<Value = JobEvent> {
    prop_oneof![Just(JobEvent::Created), Just(JobEvent::Failed), Just(JobEvent::Succeeded), Just(JobEvent::Deleted)]
}

fn any_life() -> impl Strategy<Value = Life> {
    let over = prop_oneof![
        Just(InstanceState::Completed),
        Just(InstanceState::ExternallyTerminated),
        Just(InstanceState::InternallyTerminated),
        Just(InstanceState::Unknown)
    ];
    prop_oneof![Just(Life::NotRead), Just(Life::NotKnown), Just(Life::Runs), over.prop_map(Life::Over)]
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let work = (proptest::option::of(-1i64..4), proptest::option::of(0i64..200), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(left, next, suspended, topic, worker)| {
            Here::Work(Work {
                left,
                message: None,
                next: next.map(at),
                suspended: suspended.then_some("its instance"),
                topic: topic.then(|| "t".into()),
                worker: worker.then(|| "w".into()),
            })
        },
    );
    let here = prop_oneof![Just(Here::NotRead), Just(Here::Gone), any::<bool>().prop_map(Here::As), work];
    let entry = (any_event(), 0i64..100).prop_map(|(event, when)| Attempt { at: at(when), event, message: None });
    let log = prop_oneof![Just(Log::NotRead), Just(Log::None), proptest::collection::vec(entry, 0..4).prop_map(Log::Entries)];
    let incidents = proptest::collection::vec((0usize..3, 0i64..100).prop_map(|(id, when)| incident(["i", "i2", "i3"][id], ["j", "k", "l"][id], when)), 0..3);
    let operations = proptest::option::of(proptest::collection::vec(any::<bool>().prop_map(|ours| Operation { user: None, ours }), 0..2));
    let perhaps = || proptest::option::of(any::<bool>());
    (here, log, any_life(), incidents, perhaps(), operations, perhaps(), perhaps()).prop_map(
        |(here, log, life, incidents, left, operations, signed, batch_goes_on)| Facts {
            now: Some(at(100)),
            here,
            log,
            life,
            incidents,
            left,
            operations,
            signed,
            batch_goes_on,
        },
    )
}

fn any_goal() -> impl Strategy<Value = Goal> {
    prop_oneof![
        (1u32..4).prop_map(|attempts| Goal::Run { attempts }),
        Just(Goal::End),
        Just(Goal::Vanish),
        any::<bool>().prop_map(|was_so| Goal::State { was_so })
    ]
}

proptest! {
    #[test]
    fn nothing_succeeds_without_positive_evidence(sent in any_sent(), facts in any_facts(), goal in any_goal(), looked in 0u64..120) {
        let target = target();
        let outcome = judge(&Case { target: &target, goal, said: &sent, since: Some(at(10)), looked: Duration::from_secs(looked) }, &facts);
        let logged = |event| matches!(&facts.log, Log::Entries(entries) if entries.iter().any(|entry| entry.event == event));
        if let Outcome::Succeeded(proof) | Outcome::Ended(proof) = &outcome {
            let went_out = matches!(sent, Said::Accepted | Said::Unknown(_));
            prop_assert!(went_out);
            let proven = match proof {
                Proof::JobLog | Proof::ExternalTaskLog => logged(JobEvent::Succeeded),
                Proof::Advanced => facts.life == Life::Over(InstanceState::Completed) || facts.left == Some(true),
                Proof::State => facts.here == Here::As(true) || facts.here == Here::Gone,
                Proof::Reason => facts.here == Here::Gone && facts.signed == Some(true),
            };
            prop_assert!(proven, "{outcome:?} of {facts:?}");
            let brought_about = sent == Said::Accepted || facts.is_logged() || *proof == Proof::Reason || matches!(goal, Goal::State { was_so: false });
            prop_assert!(brought_about, "{outcome:?} of {facts:?}, and nothing says that it was this request");
        }
    }

    #[test]
    fn not_performed_is_said_only_if_nothing_was_sent(sent in any_sent(), facts in any_facts(), goal in any_goal(), looked in 0u64..120) {
        let target = target();
        let outcome = judge(&Case { target: &target, goal, said: &sent, since: Some(at(10)), looked: Duration::from_secs(looked) }, &facts);
        prop_assert_eq!(matches!(outcome, Outcome::NotPerformed(_)), matches!(sent, Said::NotSent(_)));
        prop_assert!(!matches!(outcome, Outcome::Planned | Outcome::Stopped | Outcome::Sending), "{:?}", outcome);
    }

    #[test]
    fn a_job_that_vanished_without_a_success_or_an_advanced_instance_was_cancelled_or_nobody_knows(facts in any_facts(), looked in 0u64..60) {
        let quiet = match &facts.log {
            Log::Entries(entries) => entries.iter().all(|entry| entry.event != JobEvent::Succeeded),
            Log::NotRead | Log::None => true,
        };
        let facts = Facts { here: Here::Gone, left: None, ..facts };
        prop_assume!(quiet && facts.life != Life::Over(InstanceState::Completed));
        for sent in [accepted(), lost()] {
            let outcome = told(&sent, looked, &facts);
            let honest = matches!(outcome, Outcome::GoneCauseUnknown | Outcome::CancelledByOther { .. } | Outcome::Accepted | Outcome::Unknown(_));
            prop_assert!(honest, "{outcome:?} of {facts:?}");
        }
    }
}
