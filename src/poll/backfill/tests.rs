//! Reconstruction against the truth: random lives of instances and incidents, and what was open at each moment.

use proptest::prelude::*;

use super::*;
use crate::model::example;
use crate::model::history::IncidentState;

/// When something began and ended, in seconds before the anchor.
#[derive(Clone, Copy, Debug)]
struct Life {
    began: i64,
    ended: Option<i64>,
    root: bool,
}

impl Life {
    fn is_open(&self, seconds_before: i64) -> bool {
        self.began > seconds_before && self.ended.is_none_or(|ended| ended <= seconds_before)
    }
}

fn lives() -> impl Strategy<Value = Vec<Life>> {
    // Some begin before the hour; moments that fall on a bound are left out, where one millisecond decides.
    let life = (0..9_000i64, proptest::option::of(0.0..1.0f64), any::<bool>()).prop_map(|(began, ended, root)| Life {
        began: began * 2 + 1,
        ended: ended.map(|share| ((began * 2 + 1) as f64 * share) as i64 / 2 * 2 + 1).filter(|ended| *ended < began * 2 + 1),
        root,
    });
    proptest::collection::vec(life, 0..60)
}

fn anchor() -> Anchor {
    let noon = example::noon();
    Anchor { instant: noon.instant, at: noon.wall }
}

fn before(seconds: i64) -> Timestamp {
    anchor().at - SignedDuration::from_secs(seconds)
}

fn row(number: usize, life: &Life) -> HistoricIncident {
    let trouble = example::Trouble { number, root: (!life.root).then_some(9_999), definition: "payment:2", activity: "a", message: None, age: life.began };
    HistoricIncident {
        incident: example::incident(&trouble, example::noon()).incident.clone(),
        state: if life.ended.is_some() { IncidentState::Resolved } else { IncidentState::Open },
        ended: life.ended.map(before),
        process_key: None,
        root_process_instance: None,
    }
}

/// Answers steps from these lives until there is none; returns what was reconstructed and how many requests that took.
fn play(mut backfill: Backfill, lives: &[Life]) -> (Vec<Reconstruction>, usize) {
    let (mut all, mut requests) = (Vec::new(), 0);
    while let Some(step) = backfill.step() {
        requests += 1;
        assert!(requests < 100, "it never ends");
        let happened = |life: &Life| {
            let at = match step.change {
                Change::Started | Change::Created => Some(life.began),
                Change::Finished | Change::Ended => life.ended,
            };
            at.map(before).is_some_and(|at| at >= step.after && at <= step.before)
        };
        let found = lives.iter().enumerate().filter(|(_, life)| happened(life));
        all.extend(if step.rows {
            let rows: Vec<_> = found.map(|(number, life)| row(number, life)).collect();
            backfill.read(step, &rows)
        } else {
            backfill.counted(step, found.count() as u64)
        });
    }
    (all, requests)
}

/// The same, for instances: with these lives, all told.
fn instances(lives: &[Life]) -> (Vec<Reconstruction>, usize) {
    let mut backfill = Backfill { incidents: Part::Done, ..Backfill::default() };
    backfill.begin_instances(anchor(), lives.iter().filter(|life| life.is_open(0)).count() as f64);
    play(backfill, lives)
}

fn incidents(lives: &[Life]) -> (Vec<Reconstruction>, usize) {
    let mut backfill = Backfill { instances: Part::Done, ..Backfill::default() };
    let open = |root| lives.iter().filter(|life| life.root == root && life.is_open(0)).count() as f64;
    backfill.begin_incidents(anchor(), open(true), open(false));
    play(backfill, lives)
}

/// What was open at each moment, and when that was.
fn truth(lives: &[Life], counts: impl Fn(&Life) -> bool) -> Vec<(Instant, f64)> {
    let moments = (0..MOMENTS).map(distance);
    let open = |before: Duration| lives.iter().filter(|life| counts(life) && life.is_open(before.as_secs() as i64)).count() as f64;
    moments.map(|before| (anchor().instant - before, open(before))).collect()
}

fn near(a: &[(Instant, f64)], b: &[(Instant, f64)]) -> bool {
    // Each call reads the clock anew.
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.1 == b.1 && a.0.max(b.0) - a.0.min(b.0) < Duration::from_secs(10))
}

proptest! {
    #[test]
    fn reconstructed_instances_are_what_was_running_at_each_moment(lives in lives()) {
        let (all, requests) = instances(&lives);
        prop_assert_eq!(all.len(), 1);
        prop_assert!(near(&all[0].1, &truth(&lives, |_| true)), "{:?} is not {:?}", all[0].1, truth(&lives, |_| true));
        prop_assert!(requests <= 2 * MOMENTS, "{} requests", requests);
    }

    #[test]
    fn reconstructed_incidents_are_what_was_open_at_each_moment_roots_and_blocked_apart(lives in lives()) {
        let (all, requests) = incidents(&lives);
        prop_assert_eq!(all.iter().map(|(figure, _)| *figure).collect::<Vec<_>>(), [Figure::IncidentsRoot, Figure::IncidentsBlocked]);
        prop_assert!(near(&all[0].1, &truth(&lives, |life| life.root)));
        prop_assert!(near(&all[1].1, &truth(&lives, |life| !life.root)));
        prop_assert!(requests <= 4, "{} requests", requests);
    }
}

#[test]
fn a_quiet_hour_costs_two_requests_a_figure_and_one_start_a_few_more() {
    assert_eq!(instances(&[]).1, 2);
    assert_eq!(incidents(&[]).1, 2);
    assert_eq!(instances(&[Life { began: 1_000, ended: None, root: true }]).1, 6);
}

#[test]
fn after_too_many_incidents_nothing_is_reconstructed_and_no_row_is_read() {
    let mut backfill = Backfill { instances: Part::Done, ..Backfill::default() };
    backfill.begin_incidents(anchor(), 1.0, 0.0);
    let created = backfill.step().expect("a count");
    assert_eq!(backfill.counted(created, 3), []);
    let ended = backfill.step().expect("another count");
    assert_eq!((ended.change, ended.rows), (Change::Ended, false));
    assert_eq!(backfill.counted(ended, MOST_INCIDENTS + 1), []);
    assert_eq!((backfill.step(), backfill.too_many()), (None, true));
}

#[test]
fn a_past_that_disagrees_with_the_figure_is_never_below_zero() {
    assert_eq!(reconstruct(2.0, &[5, 1], &[0, 4]), [0.0, 5.0]);
}

#[test]
fn what_was_begun_once_is_not_begun_again() {
    let mut backfill = Backfill::default();
    assert!(backfill.waits());
    backfill.begin_instances(anchor(), 1.0);
    backfill.begin_incidents(anchor(), 1.0, 0.0);
    assert!(!backfill.waits());
    assert_eq!(Backfill::done().step(), None);
}
