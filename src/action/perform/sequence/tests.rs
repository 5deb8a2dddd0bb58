//! What goes out in which order, and what never does, wherever a sequence breaks off.

use super::*;
use crate::engine::Due;
use jiff::Timestamp;

fn due(job: &str, due: Option<Timestamp>) -> Change {
    Change::JobDueDate { job: job.into(), due }
}

fn suspend(job: &str) -> Change {
    Change::JobSuspension { job: job.into(), suspended: true }
}

fn steps(changes: Vec<Change>) -> Vec<Step> {
    changes.into_iter().map(|change| Step { change, targets: vec![0] }).collect()
}

/// Two held jobs are shielded, the instance is resumed, they are suspended again, and their due dates are put back.
fn shielded() -> Vec<Step> {
    let far = Some(Timestamp::MAX);
    let resume = Change::InstanceSuspension { instance: "p".into(), suspended: false };
    steps(vec![due("a", far), due("b", far), resume, suspend("a"), suspend("b"), due("a", None), due("b", None)])
}

fn run(steps: &[Step], answers: &[(usize, Stand)]) -> Vec<usize> {
    let mut sequence = Sequence::new(steps, &HashSet::new());
    let mut sent = Vec::new();
    while let Some(at) = sequence.next(false) {
        sent.push(at);
        sequence.note(at, answers.iter().find(|(step, _)| *step == at).map_or(Stand::Done, |(_, stand)| *stand));
    }
    assert!(sequence.is_over(), "{sequence:?}");
    sent
}

#[test]
fn what_is_shielded_goes_out_in_the_order_of_the_plan() {
    assert_eq!(run(&shielded(), &[]), [0, 1, 2, 3, 4, 5, 6]);
}

#[test]
fn without_a_shield_nothing_is_resumed_and_what_was_moved_is_put_back() {
    for failed in [Stand::NotDone, Stand::Unknown] {
        assert_eq!(run(&shielded(), &[(1, failed)]), [0, 1, 3, 4, 5, 6], "{failed:?}");
    }
}

#[test]
fn as_long_as_nobody_knows_whether_it_was_resumed_the_shield_stays() {
    assert_eq!(run(&shielded(), &[(2, Stand::Unknown)]), [0, 1, 2, 3, 4]);
    assert_eq!(run(&shielded(), &[(2, Stand::NotDone)]), [0, 1, 2, 3, 4, 5, 6], "refused for certain");
}

#[test]
fn a_job_that_could_not_be_suspended_again_keeps_its_shield() {
    assert_eq!(run(&shielded(), &[(3, Stand::Unknown)]), [0, 1, 2, 3, 4, 6]);
}

#[test]
fn a_stop_in_the_middle_still_protects_what_may_have_been_woken() {
    let steps = shielded();
    let mut sequence = Sequence::new(&steps, &HashSet::new());
    for expected in [0, 1, 2] {
        assert_eq!(sequence.next(false), Some(expected));
        sequence.note(expected, Stand::Done);
    }
    sequence.stop();
    let mut sent = Vec::new();
    while let Some(at) = sequence.next(true) {
        sent.push(at);
        sequence.note(at, Stand::Done);
    }
    assert_eq!(sent, [3, 4, 5, 6]);
}

#[test]
fn a_job_is_not_suspended_again_while_its_shield_is_still_under_way() {
    for stopped in [false, true] {
        let mut sequence = Sequence::new(&shielded(), &HashSet::new());
        assert_eq!(
            (sequence.next(false), {
                sequence.note(0, Stand::Sending);
                sequence.next(false)
            }),
            (Some(0), Some(1))
        );
        sequence.note(1, Stand::Sending);
        sequence.note(0, Stand::NotDone);
        if stopped {
            sequence.stop();
        }
        let mut sent = Vec::new();
        while let Some(at) = sequence.next(stopped) {
            sent.push(at);
            sequence.note(at, Stand::Done);
        }
        assert!(!sent.contains(&4) && !sent.contains(&6), "{sent:?} went out beside the shield of their job");
        assert!(!sequence.is_over());
        sequence.note(1, Stand::Done);
        assert_eq!(sequence.next(stopped), Some(4));
        sequence.note(4, Stand::Done);
        assert_eq!(sequence.next(stopped), Some(6));
    }
}

#[test]
fn what_was_held_back_is_sent_later_or_after_a_stop_never() {
    let mut sequence = Sequence::new(&shielded(), &HashSet::new());
    for stopped in [false, true] {
        assert_eq!(sequence.next(false), Some(0));
        sequence.note(0, Stand::Sending);
        if stopped {
            sequence.stop();
        }
        sequence.held_back(0);
    }
    assert_eq!(sequence.next(true), None);
    assert!(sequence.is_over(), "{sequence:?}");
}

#[test]
fn one_due_date_that_is_not_moved_keeps_the_batch_and_the_other_due_dates_from_being_changed() {
    let jobs = ["a", "b", "c"];
    let mut steps: Vec<Step> = jobs.iter().zip(0..).map(|(job, at)| Step { change: due(job, None), targets: vec![at] }).collect();
    let lone = Step { change: Change::ExternalTaskRetries { task: "e".into(), retries: 1 }, targets: vec![3] };
    let batch = Change::JobRetriesBatch { jobs: jobs.map(JobId::from).into(), retries: 1, due: Due::Keep };
    steps.extend([lone, Step { change: batch, targets: vec![0, 1, 2] }]);
    assert_eq!(run(&steps, &[]), [0, 1, 2, 3, 4]);
    assert_eq!(run(&steps, &[(0, Stand::NotDone)]), [0, 3], "nothing of the batch is sent after that");
}

#[test]
fn what_goes_before_is_found_by_its_target_wherever_it_stands() {
    let retry = |job: &str| Change::JobRetries { job: job.into(), retries: 1, due: Due::Keep };
    let changes = [(due("a", None), 0), (due("b", None), 1), (retry("a"), 0), (retry("b"), 1)];
    let steps: Vec<Step> = changes.into_iter().map(|(change, target)| Step { change, targets: vec![target] }).collect();
    assert_eq!(run(&steps, &[(0, Stand::NotDone)]), [0, 1, 3]);
}

#[test]
fn a_stop_before_the_first_request_sends_none() {
    let mut sequence = Sequence::new(&shielded(), &HashSet::new());
    sequence.stop();
    assert_eq!(sequence.next(false), None);
    assert!(sequence.is_over());
}

#[test]
fn attempts_are_given_only_where_the_due_date_was_moved_and_one_target_waits_for_no_other() {
    let retry = |job: &str| Change::JobRetries { job: job.into(), retries: 1, due: Due::Keep };
    let mut steps = steps(vec![due("a", None), retry("a"), due("b", None), retry("b")]);
    steps[2].targets = vec![1];
    steps[3].targets = vec![1];
    assert_eq!(run(&steps, &[(0, Stand::Unknown)]), [0, 2, 3]);
    let mut sequence = Sequence::new(&steps, &HashSet::from([1]));
    assert_eq!(sequence.next(false), Some(2), "the second target goes first");
    sequence.note(2, Stand::Sending);
    assert_eq!(sequence.next(false), Some(0), "and the first need not wait for it");
    assert_eq!(sequence.main_of(0), Some(1));
}

#[test]
fn jobs_are_resumed_singly_only_once_their_definition_was() {
    let definition = Change::JobDefinitionSuspension { definition: "d".into(), suspended: false, jobs_too: false, at: None };
    let wake = |job: &str| Change::JobSuspension { job: job.into(), suspended: false };
    let steps = steps(vec![definition, wake("a"), wake("b")]);
    assert_eq!(run(&steps, &[(1, Stand::NotDone)]), [0, 1, 2]);
    assert_eq!(run(&steps, &[(0, Stand::Unknown)]), [0]);
}

#[test]
fn ten_thousand_requests_are_put_in_order_at_once() {
    let many: Vec<Step> = (0..10_000).map(|at| Step { change: Change::JobRetries { job: "j".into(), retries: 1, due: Due::Now }, targets: vec![at] }).collect();
    let begun = std::time::Instant::now();
    let mut sequence = Sequence::new(&many, &HashSet::from([9_999]));
    assert_eq!(sequence.next(false), Some(9_999));
    sequence.note(9_999, Stand::Done);
    let mut sent = 1;
    while let Some(at) = sequence.next(false) {
        sequence.note(at, Stand::Done);
        sent += 1;
    }
    assert_eq!(sent, 10_000);
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}

#[test]
fn a_job_that_is_put_back_is_due_as_before_only_once_it_is_known_to_be_suspended() {
    let each = |at: usize, change| Step { change, targets: vec![at] };
    let back = [each(0, suspend("a")), each(0, due("a", None)), each(1, suspend("b")), each(1, due("b", None))];
    assert_eq!(run(&back, &[]), [0, 1, 2, 3]);
    for failed in [Stand::NotDone, Stand::Unknown] {
        assert_eq!(run(&back, &[(0, failed)]), [0, 2, 3], "{failed:?}");
    }
    let mut sequence = Sequence::new(&back, &HashSet::new());
    assert_eq!((sequence.main_of(0), sequence.part(0)), (Some(1), Part::Before), "the due date decides");
    assert_eq!(sequence.next(false), Some(0));
    sequence.note(0, Stand::Sending);
    assert_eq!(sequence.next(false), Some(2), "its due date waits for the answer");
}
