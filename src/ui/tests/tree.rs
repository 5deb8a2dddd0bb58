//! Screens of the tree of called instances.

use super::*;
use crate::model::example::calls;

/// Opens the tree of the newest payment incident.
const OPEN: [KeyCode; 2] = [Down, Char('t')];

#[test]
fn a_tree_opens_on_the_cause_and_shows_the_way_to_it() {
    pin("tree", &OPEN, calls::failing_order);
}

#[test]
fn before_anything_is_read_the_incidents_tell_the_way() {
    pin("tree_at_once", &OPEN, |_, _| {});
}

#[test]
fn ten_thousand_called_instances_fold_with_the_failing_ones_below() {
    pin("tree_fold", &OPEN, calls::order_with_many_payments);
}

/// Pins a tree that was seen running before this change.
fn pin_changed(name: &str, change: impl Fn(&mut Snapshot, Moment)) {
    for size in SIZES {
        let now = example::noon();
        let mut snapshot = example::snapshot(now);
        calls::failing_order(&mut snapshot, now);
        let mut app = app(snapshot.clone(), now, size);
        press(&mut app, now, &OPEN);
        example::set_incidents(&mut snapshot, Vec::new(), now);
        change(&mut snapshot, now);
        app.update(Message::Snapshot(Arc::new(snapshot)), now);
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), screen(&app, &look(&UNICODE)));
    }
}

#[test]
fn a_tree_that_is_cancelled_while_it_is_looked_at_says_so() {
    pin_changed("tree_over", calls::cancelled_order);
}

#[test]
fn a_tree_of_which_nothing_is_known_any_more_keeps_what_was_last_known() {
    pin_changed("tree_gone", calls::vanished_order);
}

#[test]
fn an_incident_that_was_resolved_while_its_tree_was_looked_at_says_so() {
    pin_changed("tree_healed", |_, _| {});
}

#[test]
fn a_job_that_was_given_attempts_while_it_is_suspended_is_told_although_it_has_no_incident() {
    use crate::model::example::job;
    use crate::model::inquiry::{Finding, Inquiry, Listed};
    use crate::model::job::Job;
    pin_changed("tree_held", |snapshot, now| {
        let held = Job { retries: 1, suspended: true, job_definition: Some("jd-2".into()), ..job(0) };
        calls::answer(snapshot, Inquiry::HeldJobs("instance-0000".into()), Finding::Jobs(Listed { rows: vec![held], total: Some(1) }), now);
    });
}

#[test]
fn a_tree_is_drawn_in_ascii_too() {
    let now = example::noon();
    let mut snapshot = example::snapshot(now);
    calls::failing_order(&mut snapshot, now);
    let mut app = app(snapshot, now, (100, 30));
    press(&mut app, now, &OPEN);
    let drawn = screen(&app, &look(&ASCII));
    let tree: Vec<&str> = drawn.lines().filter(|line| line.contains("Payment") || line.contains("Customer order")).collect();
    assert!(tree.iter().all(|line| line.chars().all(|c| c.is_ascii() || c == '…')), "{tree:?}");
}
