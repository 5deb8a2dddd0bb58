//! An engine that came back is asked who it is before its figures stand beside old ones.

use super::*;

/// A picture of an engine that tells its installation.
fn known() -> Play {
    let mut play = Play { installation: Some("one"), ..play() };
    play.pass(SECONDS(70));
    assert_eq!(play.snapshot().engine.installation, Some("one".into()));
    play
}

/// Another engine takes the place: with nothing that fails.
fn replace(play: &mut Play) {
    (play.installation, play.incidents, play.definitions) = (Some("two"), Vec::new(), vec!["other:1:y"]);
    play.node = Timestamp::from_second(1_800_000_000).unwrap();
}

/// What is left of the engine before.
fn is_anew(play: &mut Play) {
    let shown = play.snapshot();
    let replaced = shown.replaced.clone().expect("it is told");
    assert_eq!((replaced.why.as_str(), replaced.times), ("installation two", 1));
    assert!(shown.incidents.get().is_none_or(|set| set.incidents.is_empty()), "its rows are gone");
    let definitions: Vec<&ProcessDefinitionId> = shown.definitions.get().iter().flat_map(|known| known.by_id.keys()).collect();
    assert!(definitions.iter().all(|id| id.as_wire() == "other:1:y"), "{definitions:?}");
    let before = |figure: &FigureState| figure.series.first_measured().is_some_and(|(at, _)| at < replaced.since.instant);
    assert!(!shown.figures.values().any(before), "no figure goes on from the one before");
    assert!(shown.engine.witnesses.iter().all(|id| id.as_wire() == "other:1:y"));
}

#[test]
fn after_an_outage_it_is_asked_who_it_is_before_anything_else_and_everything_is_asked_once_it_is_known() {
    let mut play = known();
    play.everything_is(Wrong::Refused);
    play.pass(SECONDS(30));
    assert!(matches!(play.snapshot().link, Link::Down { .. }));
    play.wrong.clear();
    let asked: Vec<Question> = play.pass(SECONDS(90)).iter().map(|asked| asked.question).skip_while(|question| *question == Question::Version).collect();
    assert_eq!(asked.first(), Some(&Question::Identity), "{asked:?}");
    assert!(asked[1..].contains(&Question::Incidents), "{asked:?}");
    let shown = play.snapshot();
    assert_eq!((shown.link.clone(), shown.replaced.clone()), (Link::Live, None));
    assert_eq!(shown.value(Figure::IncidentsRoot), Some(2.0));
}

#[test]
fn another_engine_after_an_outage_begins_the_picture_anew_and_none_of_its_figures_stands_beside_an_old_one() {
    let mut play = known();
    play.look_at_all();
    play.everything_is(Wrong::Refused);
    play.pass(SECONDS(30));
    play.wrong.clear();
    replace(&mut play);
    let end = play.now.after(SECONDS(90));
    while play.step(end) {
        let shown = play.snapshot();
        let old_rows = shown.incidents.get().is_some_and(|set| !set.incidents.is_empty());
        assert!(!(old_rows && shown.link == Link::Live), "old rows beside an engine that answers");
        if shown.replaced.is_some() {
            is_anew(&mut play);
        }
    }
    is_anew(&mut play);
    let shown = play.snapshot();
    assert_eq!((shown.link.clone(), shown.value(Figure::IncidentsRoot)), (Link::Live, Some(0.0)));
}

#[test]
fn another_engine_without_any_outage_is_noticed_by_what_its_telemetry_tells() {
    let mut play = known();
    replace(&mut play);
    play.pass(SECONDS(10));
    is_anew(&mut play);
}

#[test]
fn a_restart_is_noticed_and_asked_about_once_and_answers_wait_meanwhile() {
    let mut play = known();
    play.node = Timestamp::from_second(1_800_000_000).unwrap();
    let asked = play.pass(SECONDS(30));
    assert_eq!(asked.iter().filter(|asked| asked.question == Question::Identity).count(), 1);
    assert_eq!(play.snapshot().replaced, None);
    // Two nodes that answer in turn are no news any more.
    play.node = Timestamp::UNIX_EPOCH;
    assert!(!play.questions(SECONDS(30)).contains(&Question::Identity));
}

#[test]
fn one_failure_that_may_concern_everything_holds_answers_back_until_it_is_known_who_answers() {
    let mut play = known();
    play.picture.doubt();
    let told = Answered { reply: Reply::Count(99), elapsed: MS(1), requests: 1, engine_time: None };
    let figure = Figure::JobsFailed;
    play.picture.succeed(Question::Count(figure), Ask::Count(figure, Timestamp::UNIX_EPOCH), told, play.now);
    assert_eq!(play.snapshot().value(figure), Some(4.0), "it waits");
    play.picture.succeed(
        Question::Identity,
        Ask::Identity(Box::default()),
        Answered { reply: Reply::Identity(Verdict::Same), elapsed: MS(1), requests: 1, engine_time: None },
        play.now,
    );
    assert_eq!(play.snapshot().value(figure), Some(99.0));
}

#[test]
fn what_answers_and_does_not_tell_who_it_is_is_no_engine_that_came_back() {
    let mut play = known();
    play.everything_is(Wrong::Refused);
    play.pass(SECONDS(30));
    play.wrong = HashMap::from([(Question::Identity, Wrong::Refused)]);
    play.pass(SECONDS(60));
    let Link::Down { problem, .. } = play.snapshot().link else { panic!("it counts as back") };
    assert!(problem.what.starts_with("which engine answers cannot be told: "), "{}", problem.what);
    play.wrong.clear();
    play.pass(SECONDS(90));
    assert_eq!(play.snapshot().link, Link::Live);
}

#[test]
fn after_a_pause_and_for_another_login_it_is_asked_first() {
    for wake in [(|picture: &mut Picture, now| picture.pause(false, now)) as fn(&mut Picture, Moment), |picture, _| picture.login("bob".to_owned())] {
        let mut play = known();
        play.picture.pause(true, play.now);
        play.pass(SECONDS(600));
        replace(&mut play);
        play.picture.pause(true, play.now);
        wake(&mut play.picture, play.now);
        play.picture.pause(false, play.now);
        let first = play.pass(SECONDS(30)).iter().map(|asked| asked.question).find(|question| *question != Question::Version);
        assert_eq!(first, Some(Question::Identity));
        is_anew(&mut play);
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_is_tried_once_more_is_told_with_the_time_and_nothing_is_asked_before() {
    let mut play = known();
    let at = tokio::time::Instant::now() + SECONDS(4);
    play.picture.note_login(crate::engine::Standing::AgainAt(at), play.now);
    let Link::LoginAgain { at, problem } = play.snapshot().link else { panic!("{:?}", play.snapshot().link) };
    assert_eq!(at.since(play.now), SECONDS(4));
    assert!(problem.what.contains("somebody may have typed a wrong password"), "{}", problem.what);
    assert!(play.picture.next(play.now).is_err_and(|wait| wait <= SECONDS(4)));
    play.now = play.now.after(SECONDS(5));
    play.picture.note_login(crate::engine::Standing::Good, play.now);
    assert_eq!(play.snapshot().link, Link::Live);
    assert!(play.questions(SECONDS(20)).contains(&Question::Identity), "another engine may know this login as well");
}

#[test]
fn a_gateway_that_takes_no_more_requests_is_left_alone_by_every_question_and_the_engine_does_not_count_as_down() {
    let mut play = known();
    let busy = Fault::Gateway { status: 429, said: None, wait: Some(SECONDS(20)) };
    let error = EngineError::new(None, "http://engine.example", busy);
    play.picture.fail(Question::Incidents, &Ask::Incidents(IncidentStep::Count), &error, MS(1), play.now);
    let (until, problem) = play.snapshot().waiting.expect("it is told");
    assert_eq!(until.since(play.now), SECONDS(20));
    assert!(problem.what.contains("a gateway before the engine takes no more requests for now (429); it asks to wait 20 s"), "{}", problem.what);
    assert_eq!(play.snapshot().link, Link::Live);
    play.picture.refresh();
    assert!(play.pass(SECONDS(19)).is_empty(), "not even what the operator asks for");
    assert!(play.questions(SECONDS(10)).contains(&Question::Incidents));
    assert_eq!(play.snapshot().waiting, None);
}
