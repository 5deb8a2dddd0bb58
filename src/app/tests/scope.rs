//! Choosing a scope, and what it does to the screen's figures.

use super::*;
use crate::model::figure::Figure;
use crate::model::scope::Team;

fn play_with_teams() -> Play {
    let mut play = play();
    play.app.settings.teams = vec![Team { name: "payments".into(), processes: vec!["payment*".into()], categories: Vec::new() }];
    play
}

#[test]
fn a_scope_applies_to_every_pane_and_to_the_figures_that_can_be_told_apart() {
    let mut play = play_with_teams();
    let before = play.app.snapshot.clone();
    play.press("fteam:payments<enter>");
    assert!(play.app.overlay.is_none());
    assert_eq!((play.app.incidents.groups.len(), play.app.job_definitions.list.len(), play.app.definitions.list.len()), (1, 2, 1));
    assert_eq!(play.app.snapshot.value(Figure::IncidentsRoot), Some(14.0));
    assert_eq!(play.app.snapshot.value(Figure::JobsDue), before.value(Figure::JobsDue));
    assert!(play.app.scoping.counts_whole_engine(Figure::JobsDue) && !play.app.scoping.counts_whole_engine(Figure::Instances));
}

#[test]
fn an_empty_scope_shows_the_whole_engine_again_with_its_history() {
    let mut play = play_with_teams();
    let before = play.app.snapshot.clone();
    play.press("fprocess:x<enter>");
    assert_eq!(play.app.incidents.groups.len(), 0);
    let erase = "process:x".len();
    play.press("f");
    for _ in 0..erase {
        play.send(Message::Key(KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE)));
    }
    play.press("<enter>");
    assert_eq!(play.app.incidents.groups.len(), 3);
    assert!(Arc::ptr_eq(&play.app.snapshot, &before));
    assert!(!play.app.scoping.counts_whole_engine(Figure::JobsDue));
}

#[test]
fn a_mistake_is_told_and_nothing_changes_until_it_is_mended() {
    let mut play = play_with_teams();
    play.press("fteam:paymets<enter>");
    let Some(Overlay::Scope(form)) = &play.app.overlay else { panic!("closed") };
    assert_eq!(form.problem.as_deref(), Some("there is no team paymets; did you mean team:payments?"));
    assert_eq!(play.app.incidents.groups.len(), 3);
    play.press("<esc>");
    assert!(play.app.overlay.is_none() && !play.app.scoping.scope().is_on());
}

#[test]
fn teams_and_known_tenants_can_be_taken_without_typing() {
    let mut play = play_with_teams();
    let mut snapshot = example::snapshot(play.now);
    let mut definitions = snapshot.definitions.get().unwrap().clone();
    definitions.by_id.get_mut(&"order:7:uuid".into()).unwrap().tenant = Some("acme".into());
    snapshot.definitions.succeed(definitions, play.now);
    play.send(Message::Snapshot(Arc::new(snapshot)));
    let text = |play: &Play| match &play.app.overlay {
        Some(Overlay::Scope(form)) => form.text().to_owned(),
        other => panic!("{other:?}"),
    };
    play.press("f<tab>");
    assert_eq!(text(&play), "team:payments");
    play.press("<down>");
    assert_eq!(text(&play), "tenant:acme");
    play.press("<down>");
    assert_eq!(text(&play), "team:payments", "round again");
    play.press("<up><enter>");
    assert_eq!(play.app.scoping.scope().typed(), "tenant:acme");
}

#[test]
fn figures_within_a_scope_begin_a_history_of_their_own() {
    let mut play = play_with_teams();
    play.press("fteam:payments<enter>");
    let series = |play: &Play| play.app.snapshot.figures[&Figure::IncidentsRoot].series.clone();
    assert_eq!(series(&play).delta(play.now, Duration::from_secs(60)), None);
    play.wait(Duration::from_secs(30));
    let mut snapshot = example::snapshot(play.now);
    let left: Vec<_> = snapshot.incidents.get().unwrap().incidents.values().filter(|known| known.incident.id.as_wire() > "incident-0003").cloned().collect();
    example::set_incidents(&mut snapshot, left, play.now);
    play.send(Message::Snapshot(Arc::new(snapshot)));
    assert_eq!(play.app.snapshot.value(Figure::IncidentsRoot), Some(10.0));
    assert_eq!(series(&play).delta(play.now, Duration::from_secs(60)), Some(-4.0));
}

#[test]
fn a_group_that_is_left_out_does_not_stay_open() {
    let mut play = play_with_teams();
    play.press("<down><enter><enter>");
    play.press("fprocess:invoice<enter>");
    assert_eq!(play.app.incidents.level(), &Level::Groups);
    play.press("fteam:payments");
    assert!(matches!(play.app.overlay, Some(Overlay::Scope(_))), "letters are no commands while a scope is typed");
}

#[test]
fn a_scope_from_the_start_holds_for_the_first_picture() {
    let now = example::noon();
    let scope = crate::model::scope::Scope::parse("process:invoice", &[]).unwrap();
    let mut app = App::new(Settings { scope, ..Settings::default() }, EngineIdentity::default(), now);
    app.update(Message::Resize(120, 36), now);
    app.update(Message::Snapshot(Arc::new(example::snapshot(now))), now);
    assert_eq!(app.incidents.groups.len(), 1);
}
