//! Screens of a search: the prompt, what was found, what may be asked besides.

use super::*;
use crate::model::history::{HistoryLevel, InstanceState};
use crate::model::inquiry::Standing;
use crate::model::search::{Fit, Found, Hit, InstanceHit, Part, Search, Source};
use crate::poll::command::PollCommand;

fn instance(number: usize, key: &str, definition: &str, root: bool, standing: Standing) -> Hit {
    let over = matches!(standing, Standing::Over(_));
    Hit::Instance(Box::new(InstanceHit {
        id: format!("instance-{number:04}").as_str().into(),
        definition: definition.into(),
        business_key: Some(key.into()),
        tenant: None,
        standing,
        started: Some("2026-03-01T09:30:00Z".parse().expect("a moment")),
        ended: over.then(|| "2026-03-01T11:00:00Z".parse().expect("a moment")),
        root: Some(root),
        by_id: false,
    }))
}

/// Presses keys and answers every search that they send.
fn play(app: &mut App, now: Moment, keys: &[KeyCode], answer: impl Fn(&Search, &Source) -> Result<Part, Problem>) {
    for key in keys {
        let effects = app.update(Message::Key(KeyEvent::new(*key, KeyModifiers::NONE)), now);
        for effect in effects {
            if let crate::app::Effect::Poll(PollCommand::Find(search)) = effect {
                let parts = search.sources.iter().map(|source| (source.clone(), answer(&search, source))).collect();
                app.update(Message::Found(Box::new(Found { search, parts, read: now })), now);
            }
        }
    }
}

fn typed(text: &str, then: &[KeyCode]) -> Vec<KeyCode> {
    let mut keys: Vec<_> = "F".chars().chain(text.chars()).map(Char).collect();
    keys.push(Enter);
    keys.extend(then);
    keys
}

fn pin_answered(name: &str, keys: &[KeyCode], answer: impl Fn(&Search, &Source) -> Result<Part, Problem>) {
    for size in SIZES {
        let now = example::noon();
        let mut app = app(example::snapshot(now), now, size);
        play(&mut app, now, keys, &answer);
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), screen(&app, &look(&UNICODE)));
    }
}

fn part(hits: Vec<Hit>) -> Result<Part, Problem> {
    Ok(Part { hits, total: None, more: false })
}

fn forbidden() -> Problem {
    Problem { label: "forbidden", what: "READ on TASK is missing".into(), remedy: "Ask an administrator for one of these permissions.".into() }
}

#[test]
fn the_prompt_of_a_search_tells_what_can_be_found() {
    let keys: Vec<_> = "FA-2026".chars().map(Char).collect();
    pin("find_prompt", &keys, |_, _| {});
}

#[test]
fn things_of_all_kinds_stand_in_one_list_with_their_incidents_and_problems() {
    pin_answered("find_kinds", &typed("charge", &[]), |_, source| match source {
        Source::Running(_) => part(vec![
            instance(100, "charge", "order:7:uuid", true, Standing::Running),
            instance(0, "charge", "payment:2:uuid", false, Standing::Running),
            instance(1, "charge", "payment:2:uuid", false, Standing::Suspended),
        ]),
        Source::Job => part(vec![Hit::Job(Box::new(example::job(2)))]),
        Source::Incident => part(vec![Hit::EndedIncident(Box::new(example::past(example::noon()).incidents.expect("rows").remove(1)))]),
        Source::ExternalTask | Source::UserTask => Err(forbidden()),
        _ => part(Vec::new()),
    });
}

#[test]
fn what_was_asked_besides_stands_below_its_row() {
    let keys = typed("A-2026", &[Down, Down, Enter, Down, Down]);
    pin_answered("find_besides", &keys, |search, source| match source {
        Source::Running(Fit::Contains) => {
            assert_eq!(search.page, 0);
            let hits = (0..50).map(|number| instance(number, &format!("A-2026-{number:03}"), "payment:2:uuid", number % 2 == 0, Standing::Running));
            Ok(Part { hits: hits.collect(), total: Some(1_234), more: true })
        }
        _ => part(Vec::new()),
    });
}

#[test]
fn the_last_row_of_a_full_page_offers_the_next_one() {
    let keys = typed("A-2026", &[Down, Down, Enter, Char('G'), KeyCode::Up, KeyCode::Up, KeyCode::Up, KeyCode::Up]);
    pin_answered("find_more", &keys, |_, source| match source {
        Source::Running(Fit::Contains) => {
            let hits = (0..50).map(|number| {
                let over = Standing::Over(if number % 2 == 0 { InstanceState::Completed } else { InstanceState::ExternallyTerminated });
                instance(200 + number, &format!("A-2026-{number:03}"), "payment:2:uuid", true, over)
            });
            Ok(Part { hits: hits.collect(), total: Some(1_234), more: true })
        }
        _ => part(Vec::new()),
    });
}

#[test]
fn finished_instances_that_a_hidden_history_does_not_tell_are_not_known() {
    let keys = typed("ZZ-9", &[Down, Down, Enter]);
    for (history, told, not_told) in [(HistoryLevel::Hidden, "not known: history hidden", ": none"), (HistoryLevel::BelowFull, ": none", "not known")] {
        let now = example::noon();
        let mut app = app(Snapshot { history, ..example::snapshot(now) }, now, (120, 36));
        play(&mut app, now, &keys, |_, _| part(Vec::new()));
        let shown = screen(&app, &look(&UNICODE));
        let row = shown.lines().find(|line| line.contains("finished instances")).unwrap_or_default();
        assert!(row.contains(told) && !row.contains(not_told), "{history:?}\n{shown}");
    }
}

#[test]
fn a_running_search_shows_how_long_it_takes_and_how_to_give_it_up() {
    for size in SIZES {
        let now = example::noon();
        let mut app = app(example::snapshot(now), now, size);
        play(&mut app, now, &typed("A-2026-000", &[]), |_, _| part(vec![instance(0, "A-2026-000", "payment:2:uuid", true, Standing::Running)]));
        press(&mut app, now, &[Down, Down, Enter]);
        app.update(Message::Tick, now.after(Duration::from_secs(7)));
        insta::assert_snapshot!(format!("find_running_{}x{}", size.0, size.1), screen(&app, &look(&UNICODE)));
    }
}

#[test]
fn the_first_answers_are_waited_for_without_a_cursor() {
    for size in SIZES {
        let now = example::noon();
        let mut app = app(example::snapshot(now), now, size);
        press(&mut app, now, &typed("timed out", &[]));
        app.update(Message::Tick, now.after(Duration::from_secs(2)));
        insta::assert_snapshot!(format!("find_waiting_{}x{}", size.0, size.1), screen(&app, &look(&UNICODE)));
    }
}

#[test]
fn nothing_found_says_what_was_searched_and_what_else_can_be_asked() {
    pin_answered("find_nothing", &typed("ZZ-\u{1b}[2J9", &[]), |_, _| part(Vec::new()));
}

#[test]
fn an_engine_that_answers_nothing_gives_one_row_for_all_that_failed() {
    let down = Problem { label: "refused", what: "Nothing listens at http://localhost:8080".into(), remedy: "Is the engine running?".into() };
    pin_answered("find_down", &typed("A-1", &[]), |_, _| Err(down.clone()));
}
