//! Order, completeness and words of a timeline.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::events::events;
use super::example::{ago, entry, gathered, incident, operation, past, update, visit};
use super::rows::rows;
use super::words::{lasting, words};
use super::*;
use crate::model::example::noon;
use crate::model::history::HistoricInstance;
use crate::model::section::Moment;

fn said(gathered: &Gathered) -> Vec<String> {
    events(gathered).iter().map(|event| words(event, event.failed_at().map(ActivityId::as_wire), &TimeZone::UTC).0).collect()
}

fn page(rows: PastRows, more: bool) -> PastPage {
    PastPage { rows, more, cut: None }
}

#[test]
fn the_story_of_an_instance_is_told_in_the_order_in_which_it_happened() {
    insta::assert_snapshot!(said(&gathered(noon())).join("\n"));
}

#[test]
fn what_happened_in_one_millisecond_is_told_from_cause_to_effect() {
    let now = noon();
    let mut all = Gathered::default();
    all.instance = Some(HistoricInstance { ended: Some(ago(now, 5.0)), state: InstanceState::ExternallyTerminated, ..past(now) });
    let visits = vec![HistoricActivity { canceled: true, ..visit(now, "charge-card:1", "serviceTask", 5.0, Some(5.0)) }];
    all.take(Part::Entered, 0, &page(PastRows::Activities(visits), false));
    let log = vec![entry(now, "a", JobEvent::Deleted, 5.0, 0), entry(now, "b", JobEvent::Failed, 5.0, 1), entry(now, "c", JobEvent::Created, 5.0, 1)];
    all.take(Part::Jobs, 0, &page(PastRows::Jobs(log), false));
    all.take(
        Part::Incidents,
        0,
        &page(PastRows::Incidents(vec![HistoricIncident { state: IncidentState::Deleted, ..incident(now, 0, 5.0, Some(5.0)) }]), false),
    );
    all.take(Part::Operations, 0, &page(PastRows::Operations(vec![operation(now, "o", "Delete", "ProcessInstance", 5.0)]), false));
    let order: Vec<String> = said(&all).into_iter().skip(1).map(|words| words.split([',', ':', '(']).next().unwrap_or_default().to_owned()).collect();
    assert_eq!(
        order,
        [
            "instance deleted",
            "service task CANCELLED",
            "job created",
            "failed",
            "job removed without having run",
            "incident opened",
            "incident deleted with its instance or job after 0 ms",
            "instance cancelled from outside after 4 h 09 min"
        ]
    );
}

#[test]
fn visits_of_one_millisecond_keep_the_order_in_which_the_engine_made_their_ids() {
    let now = noon();
    let mut all = Gathered::default();
    // Time-based UUIDs: the third was made first.
    let ids = ["b:ea95dbc9-e5a5-11f1-a055-02fc00000001", "c:00000001-e5a6-11f1-a055-02fc00000001", "a:ea95dbc5-e5a5-11f1-a055-02fc00000001"];
    let visits = ids.map(|id| visit(now, id, "exclusiveGateway", 5.0, Some(5.0)));
    all.take(Part::Entered, 0, &page(PastRows::Activities(visits.to_vec()), false));
    let order: Vec<_> = events(&all).into_iter().filter_map(|event| Some(event.activity?.to_string())).collect();
    assert_eq!(order, ["a", "b", "c"]);
}

#[test]
fn attempts_left_are_told_only_where_they_are_certain() {
    let now = noon();
    let mut all = Gathered::default();
    // The first failure of a retry cycle: one attempt was left before it, nine are after it.
    let log = vec![entry(now, "first", JobEvent::Failed, 30.0, 1)];
    all.take(Part::Jobs, 0, &page(PastRows::Jobs(log.clone()), false));
    assert_eq!(said(&all), ["failed: Read timed out after 30000 ms"]);
    let second = entry(now, "second", JobEvent::Failed, 20.0, 9);
    all.take(Part::Jobs, 0, &page(PastRows::Jobs([log, vec![second]].concat()), false));
    assert_eq!(said(&all), ["failed, 9 retries left: Read timed out after 30000 ms", "failed, 8 retries left: Read timed out after 30000 ms"]);
}

#[test]
fn values_of_variables_and_of_unknown_properties_are_never_told() {
    let now = noon();
    let mut all = Gathered::default();
    let row = UserOperation {
        property: Some("password".into()),
        original: Some("s3cret".into()),
        new: Some("s3cret2".into()),
        ..operation(now, "o", "SetSomething", "Thing", 5.0)
    };
    all.take(Part::Operations, 0, &page(PastRows::Operations(vec![row]), false));
    assert_eq!(said(&all), ["thing: set something"]);
}

#[test]
fn what_a_user_did_to_a_variable_is_one_event_with_its_name_and_who_did_it() {
    let now = noon();
    let mut all = Gathered::default();
    let fix = UserOperation { annotation: Some("wrong amount".into()), ..operation(now, "fix", "SetVariable", "Variable", 5.0) };
    all.take(Part::Operations, 0, &page(PastRows::Operations(vec![fix]), false));
    assert_eq!(said(&all), ["variable set: wrong amount"], "before the change itself is read");
    all.take(Part::Variables, 0, &page(PastRows::Variables(vec![update(now, "v", "amount", 5.0, Some("fix"))]), false));
    assert_eq!(said(&all), ["variable amount set (String, 12 characters): wrong amount"]);
    assert_eq!(events(&all)[0].by, Some("mary".into()));
}

#[test]
fn a_property_that_is_a_date_is_told_as_one_and_hostile_text_is_made_safe() {
    let now = noon();
    let mut all = Gathered::default();
    let date = UserOperation {
        property: Some("dueDate".into()),
        original: None,
        new: Some("1772366400000".into()),
        annotation: Some("\x1b]52;c;x\x07\u{202e}note".into()),
        ..operation(now, "o", "SetDueDate", "Job", 5.0)
    };
    all.take(Part::Operations, 0, &page(PastRows::Operations(vec![date]), false));
    assert_eq!(said(&all), ["job due date changed, due date none → 2026-03-01 12:00:00: ␛]52;c;x␇note"]);
}

#[test]
fn a_visit_that_is_seen_over_in_one_list_stays_over_in_another_that_was_read_before() {
    let now = noon();
    let mut all = Gathered::default();
    all.take(Part::Left, 0, &page(PastRows::Activities(vec![visit(now, "a:1", "userTask", 50.0, Some(5.0))]), false));
    all.take(Part::Entered, 0, &page(PastRows::Activities(vec![visit(now, "a:1", "userTask", 50.0, None)]), false));
    assert_eq!(said(&all), ["user task entered", "user task left after 45 s"]);
}

#[test]
fn a_line_is_complete_only_back_to_the_part_that_reaches_back_least() {
    let now = noon();
    let mut all = gathered(now);
    assert_eq!(all.complete_since(), None);
    let log = |from: u32| PastRows::Jobs((from..from + 3).map(|n| entry(now, &format!("j{n}"), JobEvent::Failed, 100.0 + f64::from(n), 1)).collect());
    let mut jobs = Gathered::default();
    jobs.take(Part::Jobs, 0, &page(log(0), true));
    jobs.take(Part::Entered, 0, &page(PastRows::Activities(vec![visit(now, "a:1", "userTask", 50.0, None)]), true));
    assert_eq!(jobs.complete_since(), Some(ago(now, 50.0)));
    jobs.take(Part::Entered, 1, &page(PastRows::Activities(Vec::new()), false));
    assert_eq!(jobs.complete_since(), Some(ago(now, 102.0)));
    assert_eq!(jobs.unfinished(), [Part::Jobs]);
    jobs.take(Part::Jobs, 1, &page(log(3), false));
    assert_eq!(jobs.complete_since(), None);
    // What cannot be read is missing too.
    let problem = Problem { label: "too large", what: "too large".into(), remedy: String::new() };
    all.take(Part::Variables, 0, &PastPage { cut: Some(problem), ..page(PastRows::Variables(vec![update(now, "v-9", "x", 1.0, None)]), false) });
    assert!(all.complete_since().is_some() && all.unfinished().is_empty());
}

#[test]
fn a_newest_page_that_shares_nothing_with_what_is_known_leaves_no_hole() {
    let now = noon();
    let log = |id: &str, seconds| PastRows::Jobs(vec![entry(now, id, JobEvent::Failed, seconds, 1)]);
    let mut all = Gathered::default();
    all.take(Part::Jobs, 0, &page(log("old", 500.0), false));
    all.take(Part::Jobs, 0, &page(log("new", 5.0), true));
    assert_eq!((all.jobs.len(), all.complete_since()), (1, Some(ago(now, 5.0))));
    all.take(Part::Jobs, 0, &page(log("newer", 4.0), false));
    assert_eq!(all.jobs.len(), 2, "a page that is not full has no older rows");
}

#[test]
fn long_silences_are_marked_where_everything_is_known_and_only_there() {
    let now = noon();
    let mut all = Gathered::default();
    let log = [2_000.0, 1_000.0, 30.0, 20.0, 10.0, 5.0].iter().enumerate().map(|(n, at)| entry(now, &n.to_string(), JobEvent::Failed, *at, 1)).collect();
    all.take(Part::Jobs, 0, &page(PastRows::Jobs(log), false));
    let gaps = |since| -> Vec<u64> {
        let rows = rows(events(&all), since).into_iter();
        rows.filter_map(|(_, row)| if let Row::Gap(silence) = row { Some(silence.as_secs()) } else { None }).collect()
    };
    assert_eq!(gaps(None), [1_000, 970]);
    assert_eq!(gaps(Some(ago(now, 1_000.0))), [970]);
    assert_eq!(gaps(Some(ago(now, 900.0))), [0; 0]);
}

#[test]
fn the_place_where_the_line_stops_being_complete_is_marked_once() {
    let now = noon();
    let all = gathered(now);
    for since in [ago(now, 1e9), ago(now, 1_000.0), ago(now, -1e6)] {
        let rows = rows(events(&all), Some(since));
        let marks: Vec<_> = rows.iter().enumerate().filter(|(_, (key, _))| *key == RowKey::Older).map(|(at, _)| at).collect();
        assert_eq!(marks.len(), 1);
        let complete = |(_, row): &(RowKey, Row)| !matches!(row, Row::Event(_, false));
        assert!(rows[..marks[0]].iter().all(|row| !complete(row)) && rows[marks[0]..].iter().all(complete));
    }
    assert!(rows(events(&all), None).iter().all(|(key, _)| *key != RowKey::Older));
}

#[test]
fn a_note_on_an_open_incident_is_told_with_it_and_later_with_its_end() {
    let now = noon();
    let mut all = Gathered::default();
    let mut row = incident(now, 0, 100.0, None);
    row.incident.annotation = Some("ticket 4711".into());
    all.take(Part::Incidents, 0, &page(PastRows::Incidents(vec![row]), false));
    assert_eq!(said(&all), ["incident opened, open still, noted \"ticket 4711\": Read timed out"]);
    all.take(Part::Incidents, 0, &page(PastRows::Incidents(vec![incident(now, 0, 100.0, Some(40.0))]), false));
    assert_eq!(said(&all), ["incident opened: Read timed out", "incident resolved after 1 min 00 s: ticket 4711"]);
}

#[test]
fn distances_are_told_to_the_second_as_long_as_seconds_matter() {
    let told: Vec<_> = [0.48, 12.0, 192.0, 18_180.0, 187_200.0].into_iter().map(|seconds| lasting(Duration::from_secs_f64(seconds))).collect();
    assert_eq!(told, ["480 ms", "12 s", "3 min 12 s", "5 h 03 min", "2 d 4 h"]);
}

/// What a part may hold: seconds before noon, and what kind of row.
fn any_parts() -> impl Strategy<Value = Vec<(u8, u32, u32)>> {
    prop::collection::vec((0u8..7, 0u32..4_000, 0u32..200), 0..60)
}

fn gather(specs: &[(u8, u32, u32)], now: Moment) -> (Gathered, usize) {
    let (mut visits, mut log, mut operations, mut updates, mut incidents) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (number, (kind, at, lasting)) in specs.iter().enumerate() {
        let (id, at) = (number.to_string(), f64::from(*at) + 300.0);
        let end = Some(at - f64::from(*lasting));
        match kind {
            0 => visits.push(visit(now, &format!("a:{id}"), "userTask", at, end)),
            1 => visits.push(visit(now, &format!("a:{id}"), "userTask", at, None)),
            2 => log.push(entry(now, &id, JobEvent::Failed, at, 1)),
            3 => log.push(entry(now, &id, JobEvent::Created, at, 1)),
            4 => operations.push(operation(now, &id, "Suspend", "ProcessInstance", at)),
            5 => updates.push(update(now, &id, "x", at, None)),
            _ => incidents.push(incident(now, number, at, end)),
        }
    }
    let ended = visits.iter().filter(|visit| visit.ended.is_some()).count();
    let count = specs.len() + ended + incidents.len();
    let mut all = Gathered::default();
    all.take(Part::Entered, 0, &page(PastRows::Activities(visits), false));
    all.take(Part::Jobs, 0, &page(PastRows::Jobs(log), false));
    all.take(Part::Operations, 0, &page(PastRows::Operations(operations), false));
    all.take(Part::Variables, 0, &page(PastRows::Variables(updates), false));
    all.take(Part::Incidents, 0, &page(PastRows::Incidents(incidents), false));
    (all, count)
}

proptest! {
    #[test]
    fn no_event_is_lost_or_told_twice_and_time_never_runs_backwards(specs in any_parts()) {
        let (all, count) = gather(&specs, noon());
        let events = events(&all);
        let told: usize = events.iter().map(|event| if matches!(event.what, What::Passed(..)) { 2 } else { 1 }).sum();
        prop_assert_eq!(told, count);
        prop_assert_eq!(events.iter().map(|event| &event.key).collect::<BTreeSet<_>>().len(), events.len());
        prop_assert!(events.is_sorted_by_key(|event| event.at));
        for event in &events {
            if let Key::Left(left) = &event.key {
                let entered = events.iter().position(|other| other.key == Key::Entered(left.clone()));
                prop_assert!(entered < events.iter().position(|other| other.key == event.key));
            }
        }
    }

    #[test]
    fn a_gap_stands_exactly_where_nothing_happened_for_ten_usual_distances_and_a_minute(specs in any_parts()) {
        let (all, _) = gather(&specs, noon());
        let events = events(&all);
        let mut distances: Vec<Duration> = events.windows(2).map(|pair| Duration::try_from(pair[1].at.duration_since(pair[0].at)).unwrap()).collect();
        let expected: Vec<Duration> = {
            let mut sorted = distances.clone();
            sorted.sort();
            let median = sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or_default();
            distances.retain(|distance| *distance > median * 10 && *distance >= Duration::from_secs(60));
            distances
        };
        let rows = rows(events.clone(), None);
        let gaps: Vec<Duration> = rows.iter().filter_map(|(_, row)| if let Row::Gap(silence) = row { Some(*silence) } else { None }).collect();
        prop_assert_eq!(gaps, expected);
        let told: Vec<&Event> = rows.iter().filter_map(|(_, row)| if let Row::Event(event, _) = row { Some(&**event) } else { None }).collect();
        prop_assert_eq!(told, events.iter().collect::<Vec<_>>());
        let keys: std::collections::HashSet<_> = rows.iter().map(|(key, _)| key).collect();
        prop_assert_eq!(keys.len(), rows.len());
    }
}
