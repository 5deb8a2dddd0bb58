//! What no count of all incidents shows: migrations, notes of others, and incidents that stand on no definition.

use super::*;
use crate::model::statistics::{IncidentTally, ProcessStatistics};

/// What an engine would count of these incidents per definition.
pub(super) fn statistics(incidents: &[Incident]) -> Vec<ProcessStatistics> {
    let mut ids: Vec<_> = incidents.iter().filter_map(|row| row.process_definition.clone()).collect();
    ids.sort();
    ids.dedup();
    let of = |id: &ProcessDefinitionId| {
        let count = incidents.iter().filter(|row| row.is_root() && row.process_definition.as_ref() == Some(id)).count() as u64;
        let tally = IncidentTally { kind: "failedJob".into(), count };
        let root_incidents = if count > 0 { vec![tally] } else { Vec::new() };
        ProcessStatistics { definition: definition(id.as_wire()), instances: 0, failed_jobs: count, root_incidents }
    };
    ids.iter().map(of).collect()
}

fn definition_of(play: &mut Play, id: &str) -> Option<String> {
    play.snapshot().incident(&id.into()).and_then(|known| known.incident.process_definition.as_ref().map(ToString::to_string))
}

#[test]
fn a_migration_is_noticed_by_the_next_statistics_and_costs_only_the_definitions_concerned() {
    let mut play = play();
    play.statistics = true;
    play.pass(SECONDS(70));
    play.incidents[2].process_definition = Some("payment:3:x".into());
    let asked = play.pass(SECONDS(70));
    let of_definitions = steps(asked).into_iter().filter(|step| matches!(step, IncidentStep::OfDefinition { .. })).count();
    let pages = steps(asked).into_iter().filter(|step| matches!(step, IncidentStep::Page { .. })).count();
    assert_eq!((of_definitions, pages), (2, 0));
    assert_eq!(definition_of(&mut play, "i3").as_deref(), Some("payment:3:x"));
    assert_eq!(play.snapshot().groups.groups.iter().flat_map(|group| group.versions.keys().copied()).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn a_note_that_somebody_else_wrote_is_there_within_five_minutes() {
    let mut play = play();
    play.statistics = true;
    play.pass(SECONDS(30));
    play.incidents[0].annotation = Some("ticket 4711".into());
    play.pass(SECONDS(300));
    assert!(play.snapshot().incident(&"i1".into()).expect("open").incident.annotation.is_some());
}

#[test]
fn the_comparison_keeps_its_promise_with_and_without_statistics_and_while_incidents_come_and_go() {
    for (statistics, wrong, churns) in [(true, None, false), (false, None, false), (false, Some(Wrong::Forbidden), false), (true, None, true)] {
        let mut play = play();
        play.statistics = statistics;
        play.wrong.extend(wrong.map(|wrong| (Question::Statistics, wrong)));
        play.pass(SECONDS(10));
        for round in 0..100 {
            if churns {
                play.incidents.push(incident(100 + round, 100 + round, "payment:2:x"));
            }
            play.pass(SECONDS(7));
            let checked = play.snapshot().incidents_checked.expect("compared at the first reading");
            assert!(play.now.since(checked) <= SECONDS(310), "{statistics} {churns}: {:?}", play.now.since(checked));
        }
    }
}

#[test]
fn statistics_that_differ_for_good_are_read_again_once() {
    let mut play = play();
    play.statistics = true;
    // The statistics of this login leave one definition out.
    play.pass(SECONDS(10));
    let hidden = incident(4, 4, "order:7:x");
    play.incidents.push(hidden.clone());
    play.pass(SECONDS(10));
    let read_again = |asked: &[Asked]| steps(asked).into_iter().filter(|step| matches!(step, IncidentStep::OfDefinition { .. })).count();
    let mut rows = statistics(&play.incidents);
    rows.retain(|row| row.definition.key.as_wire() != "order");
    let mut asked = Vec::new();
    for _ in 0..3 {
        play.picture.sent(Question::Statistics, Lane::Background, &Ask::Statistics, play.now);
        let answered = Answered { reply: Reply::Statistics(rows.clone()), elapsed: MS(1), requests: 1, engine_time: None };
        play.picture.succeed(Question::Statistics, Ask::Statistics, answered, play.now);
        asked.push(read_again(play.pass(SECONDS(15))));
    }
    assert_eq!(asked, [1, 0, 0]);
}

#[test]
fn before_all_rows_are_read_roots_are_told_only_where_no_incident_can_stand_on_no_definition() {
    let answer = |picture: &mut Picture, question, ask: Ask, reply| {
        let now = Moment::now();
        picture.sent(question, Lane::Background, &ask, now);
        picture.succeed(question, ask, Answered { reply, elapsed: MS(1), requests: 1, engine_time: None }, now);
    };
    let rows: Vec<Incident> = (0..54).map(|number| incident(number, number, "payment:2:x")).collect();
    for (failed_jobs, told) in [(57, None), (54, Some((54.0, 11.0)))] {
        let mut play = play();
        answer(&mut play.picture, Question::Incidents, Ask::Incidents(IncidentStep::Count), Reply::Count(65));
        answer(&mut play.picture, Question::Statistics, Ask::Statistics, Reply::Statistics(statistics(&rows)));
        assert_eq!(play.snapshot().value(Figure::IncidentsRoot), None, "the failed jobs are not counted yet");
        let failed = Question::Count(Figure::JobsFailed);
        answer(&mut play.picture, failed, Ask::Count(Figure::JobsFailed, Timestamp::UNIX_EPOCH), Reply::Count(failed_jobs));
        let shown = play.snapshot();
        assert_eq!(shown.value(Figure::IncidentsRoot).zip(shown.value(Figure::IncidentsBlocked)), told, "{failed_jobs} failed jobs");
        let series = &shown.figures[&Figure::IncidentsRoot].series;
        assert_eq!(series.first_measured().is_some(), told.is_some(), "the past is anchored at no wrong figure");
    }
}
