//! Screens pinned at the sizes operators use.

mod acting;
mod freshness;
mod instance;
mod sizes;

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

mod finding;

use super::draw;
use super::look::Look;
use crate::app::{App, Message, Settings};
use crate::model::description::{Description, FailedWork};
use crate::model::example;
use crate::model::grouping::KnownIncident;
use crate::model::incident::Incident;
use crate::model::section::{Moment, Problem};
use crate::model::snapshot::{EngineIdentity, Link, Snapshot};
use crate::theme::{ASCII, Symbols, Theme, UNICODE};

mod timeline;

const SIZES: [(u16, u16); 4] = [(200, 60), (120, 36), (80, 24), (60, 15)];

fn look(symbols: &'static Symbols) -> Look {
    Look { theme: Theme::default(), symbols }
}

fn app(snapshot: Snapshot, now: Moment, size: (u16, u16)) -> App {
    let settings = Settings { zone: jiff::tz::TimeZone::UTC, ..Settings::default() };
    let mut app = App::new(settings, EngineIdentity::default(), now);
    app.update(Message::Resize(size.0, size.1), now);
    app.update(Message::Snapshot(Arc::new(snapshot)), now);
    app
}

fn press(app: &mut App, now: Moment, keys: &[KeyCode]) {
    for key in keys {
        app.update(Message::Key(KeyEvent::new(*key, KeyModifiers::NONE)), now);
    }
}

fn screen(app: &App, look: &Look) -> String {
    let mut terminal = Terminal::new(TestBackend::new(app.size.0, app.size.1)).unwrap();
    terminal.draw(|frame| draw(app, look, frame)).unwrap();
    terminal.backend().to_string()
}

/// Pins a screen at all sizes after keys were pressed.
fn pin(name: &str, keys: &[KeyCode], change: impl Fn(&mut Snapshot, Moment)) {
    for size in SIZES {
        let now = example::noon();
        let mut snapshot = example::snapshot(now);
        change(&mut snapshot, now);
        let mut app = app(snapshot, now, size);
        press(&mut app, now, keys);
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), screen(&app, &look(&UNICODE)));
    }
}

mod tree;

use KeyCode::{Char, Down, Enter, Tab};

#[test]
fn the_dashboard_shows_what_is_wrong() {
    pin("dashboard", &[Down], |_, _| {});
}

#[test]
fn a_group_opens_into_signatures_and_incidents() {
    pin("signatures", &[Down, Down, Enter], |_, _| {});
    pin("incidents", &[Down, Enter, Enter], |_, _| {});
}

/// Six jobs that stand at one activity: two failed at a later one of their process, four in a process that it called.
fn failed_elsewhere(snapshot: &mut Snapshot, now: Moment) {
    use crate::model::diagram::{Diagram, Element};
    let failed = |number: usize| {
        let message = Some("Unknown property used in expression: ${gateway.call()}".to_owned());
        let trouble = example::Trouble { number, root: None, definition: "order:7", activity: "accept-order", message, age: 60 + number as i64 };
        let mut known = crate::model::grouping::KnownIncident::clone(&example::incident(&trouble, now));
        known.incident.failed_activity = Some(if number < 2 { "call-register" } else { "charge-card" }.into());
        Arc::new(known)
    };
    let own = [("accept-order", "Accept order"), ("call-register", "Call the register")];
    let elements = own.map(|(id, name)| (id.into(), Element { name: Some(name.into()), process: None })).into_iter().collect();
    Arc::make_mut(&mut snapshot.activity_names).insert("order:7:uuid".into(), Arc::new(Diagram { elements, calls: ["payment".into()].into() }));
    example::set_incidents(snapshot, (0..6).map(failed).collect(), now);
}

#[test]
fn where_it_failed_is_told_beside_where_the_work_stands() {
    pin("failed_elsewhere", &[Down], failed_elsewhere);
    pin("failed_elsewhere_signatures", &[Down, Enter, Down], failed_elsewhere);
}

#[test]
fn the_past_is_told_before_it_was_watched() {
    pin("past", &[Down], |snapshot, now| {
        example::set_first_seen(snapshot, now);
        let state = snapshot.figures.entry(crate::model::figure::Figure::IncidentsRoot).or_default();
        let past: Vec<_> = (1..=12).rev().map(|moment| (now.instant - Duration::from_secs(300 * moment), 12.0 - moment as f64)).collect();
        Arc::make_mut(&mut state.series).prepend(&past);
    });
}

#[test]
fn what_was_reconstructed_is_drawn_fainter_than_what_was_measured() {
    let now = example::noon();
    let mut snapshot = example::snapshot(now);
    let state = snapshot.figures.entry(crate::model::figure::Figure::IncidentsRoot).or_default();
    Arc::make_mut(&mut state.series).prepend(&[(now.instant - Duration::from_secs(3_000), 5.0)]);
    let app = app(snapshot, now, (120, 36));
    let mut terminal = Terminal::new(TestBackend::new(120, 36)).unwrap();
    let look = look(&UNICODE);
    terminal.draw(|frame| draw(&app, &look, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let bars = |role| {
        let style = look.style(role);
        buffer.content().iter().filter(|cell| UNICODE.sparkline.contains(&cell.symbol()) && cell.symbol() != " " && Some(cell.fg) == style.fg).count()
    };
    assert!(bars(crate::theme::Role::Faint) > 5, "the past");
    assert!(bars(crate::theme::Role::Sparkline) > 5, "what was seen");
}

#[test]
fn job_definitions_have_a_screen_of_their_own_where_there_is_no_room_for_both() {
    pin("job_definitions", &[Tab, Down], |_, _| {});
}

#[test]
fn an_engine_without_incidents_says_so() {
    pin("no_incidents", &[], |snapshot, now| example::set_incidents(snapshot, Vec::new(), now));
}

#[test]
fn nothing_known_yet_is_no_zero() {
    pin("connecting", &[], |snapshot, now| {
        *snapshot = Snapshot::empty(EngineIdentity { url: "http://localhost:8080/engine-rest".into(), ..EngineIdentity::default() }, now)
    });
}

#[test]
fn an_engine_that_does_not_answer_shows_since_when_and_the_next_try() {
    pin("down", &[], |snapshot, now| {
        let since = Moment { instant: now.instant - Duration::from_secs(75), wall: now.wall };
        let problem = Problem {
            label: "refused",
            what: "Nothing listens at http://localhost:8080".into(),
            remedy: "Is the engine running, and is the port right?".into(),
        };
        snapshot.link = Link::Down { since, retry: now.after(Duration::from_secs(8)), problem };
    });
}

/// Presses keys in a screen of this width and returns the line of notices.
fn status_after(keys: &[KeyCode], change: impl Fn(&mut Snapshot, Moment)) -> String {
    let now = example::noon();
    let mut snapshot = example::snapshot(now);
    change(&mut snapshot, now);
    let mut app = app(snapshot, now, (200, 60));
    press(&mut app, now, keys);
    let screen = screen(&app, &look(&UNICODE));
    screen.lines().rev().nth(1).unwrap_or_default().to_owned()
}

#[test]
fn a_key_that_cannot_act_while_the_engine_is_down_says_so_although_the_screen_tells_of_the_engine() {
    let down = |snapshot: &mut Snapshot, now: Moment| {
        let problem = Problem { label: "refused", what: "Nothing listens there".into(), remedy: "Is the engine running?".into() };
        snapshot.link = Link::Down { since: now, retry: now.after(Duration::from_secs(8)), problem };
    };
    assert!(status_after(&[], down).contains("next try in"), "{}", status_after(&[], down));
    for key in ['R', 'x'] {
        let status = status_after(&[KeyCode::Down, KeyCode::Char(key)], down);
        assert!(status.contains("The engine does not answer"), "{key}: {status}");
    }
    let status = status_after(&[KeyCode::Down, KeyCode::Char('C')], down);
    assert!(status.contains("takes the role admin"), "{status}");
}

#[test]
fn incidents_where_nothing_runs_say_so_in_their_row() {
    let suspend = |snapshot: &mut Snapshot, _: Moment| {
        let mut definitions = snapshot.definitions.get().expect("read").clone();
        let stopped = snapshot.groups.groups[0].newest_incident().and_then(|known| known.incident.process_definition.clone()).expect("one");
        definitions.by_id.get_mut(&stopped).expect("known").suspended = true;
        snapshot.definitions.succeed(definitions, snapshot.taken);
    };
    pin("suspended_group", &[], suspend);
    pin("suspended_incidents", &[KeyCode::Down, KeyCode::Enter, KeyCode::Enter], suspend);
}

#[test]
fn a_refused_login_stops_polling_and_asks() {
    pin("login", &[], |snapshot, _| {
        let problem = Problem { label: "login failed", what: "The engine refused the login of demo".into(), remedy: "Press L to log in again.".into() };
        snapshot.link = Link::LoginRefused { problem };
    });
}

#[test]
fn a_forbidden_figure_is_marked_and_not_zero() {
    pin("forbidden", &[], |snapshot, _| {
        let problem =
            Problem { label: "forbidden", what: "READ on SYSTEM is missing".into(), remedy: "Ask an administrator for one of these permissions.".into() };
        for figure in [crate::model::figure::Figure::JobsSucceededRate, crate::model::figure::Figure::JobsFailedRate] {
            let state = snapshot.figures.entry(figure).or_default();
            *state = Default::default();
            state.section.fail(problem.clone());
        }
    });
}

#[test]
fn a_login_that_may_not_see_everything_gets_no_silent_zero() {
    pin("partial", &[], |snapshot, now| {
        let mut rights = crate::model::rights::Rights::default();
        rights.note(crate::model::rights::Right::ReadInstances, false);
        snapshot.rights.succeed(rights, now);
        snapshot.warnings = vec!["incidents, jobs, instances and external tasks are shown only as far as this login may see them".into()];
    });
}

#[test]
fn an_engine_with_many_incidents_is_ranked_by_process_before_its_incidents_are_read() {
    use crate::model::grouping::rank_processes;
    use crate::model::statistics::{IncidentTally, ProcessStatistics};
    pin("ranking", &[], |snapshot, now| {
        let definitions = snapshot.definitions.get().unwrap().by_id.values().cloned();
        let statistics: Vec<_> = definitions
            .map(|definition| {
                let count = 1_000 * definition.version as u64;
                ProcessStatistics { definition, instances: 50_000, failed_jobs: count, root_incidents: vec![IncidentTally { kind: "failedJob".into(), count }] }
            })
            .collect();
        snapshot.incidents = Default::default();
        snapshot.groups = Arc::new(rank_processes(&statistics, now.wall));
    });
}

#[test]
fn names_of_four_hundred_characters_leave_room_for_versions_and_errors() {
    pin("long_names", &[Down], |snapshot, now| {
        let mut definitions = snapshot.definitions.get().unwrap().clone();
        for definition in definitions.by_id.values_mut() {
            definition.name = Some(format!("{} {}", definition.key, "Clearing of cross-border instalments ".repeat(11)).as_str().into());
        }
        snapshot.definitions.succeed(definitions, now);
        let activity = "examine-".repeat(50);
        let incidents = snapshot.incidents.get().unwrap().incidents.values().map(|known| {
            let mut known = crate::model::grouping::KnownIncident::clone(known);
            known.incident.activity = Some(activity.as_str().into());
            Arc::new(known)
        });
        let incidents = incidents.collect();
        example::set_incidents(snapshot, incidents, now);
    });
}

#[test]
fn groups_of_a_part_of_the_incidents_say_so() {
    pin("sampled", &[], |snapshot, _| {
        let mut groups = crate::model::grouping::Groups::clone(&snapshot.groups);
        groups.stage = crate::model::grouping::Stage::Sampled { read: 20_000, of: 100_002 };
        snapshot.groups = Arc::new(groups);
    });
}

#[test]
fn the_describe_page_shows_message_job_and_stack_trace() {
    for size in SIZES {
        let now = example::noon();
        let mut snapshot = example::snapshot(now);
        example::set_first_seen(&mut snapshot, now);
        let mut app = app(snapshot, now, size);
        press(&mut app, now, &[Down, Char('d')]);
        let trace = "java.lang.IllegalStateException: Read timed out\n\tat com.acme.payment.CardGateway.charge(CardGateway.java:42)\n".repeat(40);
        let description = Description {
            now: Ok(app.snapshot.incident(&"incident-0000".into()).map(|known| known.incident.clone())),
            incident: "incident-0000".into(),
            read: now,
            instance: Some(Ok(app.snapshot.instances[&"instance-0000".into()].get().unwrap().clone())),
            work: Ok(FailedWork::Job(Some(example::job(0)))),
            trace: Ok(Some(trace.as_str().into())),
            past: Some(example::past(now)),
        };
        app.update(Message::Described(Box::new(description)), now);
        insta::assert_snapshot!(format!("describe_{}x{}", size.0, size.1), screen(&app, &look(&UNICODE)));
    }
}

#[test]
fn a_row_that_failed_again_or_moved_on_is_told_where_it_stood() {
    let again: fn(Incident) -> Incident = |incident| incident;
    let moved_on: fn(Incident) -> Incident = |incident| Incident { configuration: Some("job-9".into()), activity: Some("settle".into()), ..incident };
    for (name, change) in [("failed_again", again), ("moved_on", moved_on)] {
        let now = example::noon();
        let mut snapshot = example::snapshot(now);
        let first = example::placed(&snapshot);
        example::set_incidents(&mut snapshot, first.into_iter().map(KnownIncident::of).collect(), now);
        let mut app = app(snapshot.clone(), now, (120, 36));
        press(&mut app, now, &[Down, Enter, Enter]);
        let created = now.wall - jiff::SignedDuration::from_secs(8);
        let later = example::placed(&snapshot).into_iter().map(|incident| {
            let is_first = incident.id.as_wire() == "incident-0000";
            let next = Incident { id: "later".into(), root_cause: Some("later".into()), created, ..incident.clone() };
            KnownIncident::of(if is_first { change(next) } else { incident })
        });
        let later = later.collect();
        example::set_incidents(&mut snapshot, later, now);
        app.update(Message::Snapshot(Arc::new(snapshot)), now);
        insta::assert_snapshot!(format!("row_{name}"), screen(&app, &look(&UNICODE)));
    }
}

#[test]
fn what_failed_and_has_attempts_left_is_listed_by_place_with_the_next_attempt() {
    for size in SIZES {
        let now = example::noon();
        let mut app = app(crate::app::retrying_example(now), now, size);
        press(&mut app, now, &[Char('J'), Enter]);
        insta::assert_snapshot!(format!("retrying_{}x{}", size.0, size.1), screen(&app, &look(&UNICODE)));
    }
}

#[test]
fn the_help_lists_every_key_and_what_the_figures_mean() {
    pin("help", &[Char('?')], |_, _| {});
}

#[test]
fn the_filter_prompt_takes_the_status_line() {
    pin("filter", &[Char('/'), Char('p'), Char('a'), Char('y')], |_, _| {});
}

#[test]
fn process_definitions_fold_their_versions() {
    pin("definitions", &[Char('3'), Down, Down, Enter], |_, _| {});
}

#[test]
fn the_drain_view_says_that_it_is_one() {
    pin("draining", &[Char('o')], |_, _| {});
}

#[test]
fn definitions_say_what_is_forbidden_and_what_is_still_being_read() {
    pin("definitions_unknown", &[Char('3')], |snapshot, _| {
        let problem = Problem { label: "forbidden", what: "READ on PROCESS_DEFINITION is missing".into(), remedy: "Ask an administrator.".into() };
        snapshot.statistics = Default::default();
        snapshot.statistics.fail(problem);
        snapshot.deployments = Default::default();
    });
}

#[test]
fn a_scope_is_always_visible_and_figures_beyond_it_say_so() {
    let mut keys: Vec<_> = "fprocess:invoice".chars().map(Char).collect();
    keys.extend([Enter, Down]);
    pin("scope", &keys, |_, _| {});
}

#[test]
fn the_chooser_of_the_scope_tells_what_can_be_written_and_what_is_wrong() {
    let mut keys: Vec<_> = "fproces:invoice".chars().map(Char).collect();
    pin("scope_chooser", &keys, |_, _| {});
    keys.push(Enter);
    pin("scope_mistake", &keys, |_, _| {});
}

#[test]
fn an_ascii_screen_is_all_ascii_but_for_foreign_text() {
    let now = example::noon();
    let mut app = app(example::snapshot(now), now, (120, 36));
    press(&mut app, now, &[Down]);
    let screen = screen(&app, &look(&ASCII));
    let foreign: String = screen.chars().filter(|c| !c.is_ascii() && !"Rechnungsprüfung支付对账…–".contains(*c)).collect();
    assert_eq!(foreign, "");
}

#[test]
fn the_first_run_screen_tells_the_ways_to_start() {
    for size in SIZES {
        let settings =
            Settings { config_path: Some("/home/op/.config/bpmtop/config.toml".into()), profiles: vec!["prod".into(), "test".into()], ..Settings::default() };
        let now = example::noon();
        let mut app = App::first_run(settings, now);
        app.update(Message::Resize(size.0, size.1), now);
        insta::assert_snapshot!(format!("first_run_{}x{}", size.0, size.1), screen(&app, &look(&UNICODE)));
    }
}

#[test]
fn any_size_can_be_drawn() {
    let now = example::noon();
    for (width, height) in [(1, 1), (3, 2), (10, 5), (20, 8), (40, 10), (79, 23), (300, 100)] {
        for keys in [
            &[][..],
            &[Down, Enter, Enter],
            &[Down, Char('d')],
            &[Char('?')],
            &[Char('L')],
            &[Char('/')],
            &[Char('F'), Char('c'), Enter],
            &[Char('3'), Down, Enter],
            &[Char('f')],
        ] {
            let mut app = app(example::snapshot(now), now, (width, height));
            press(&mut app, now, keys);
            screen(&app, &look(&UNICODE));
        }
    }
}

#[test]
fn another_engine_at_the_same_address() {
    pin("another_engine", &[], |snapshot, now| {
        let why = "another engine answers at http://10.0.0.7:8080/engine-rest: installation 7d1f, before it was installation c0de".to_owned();
        snapshot.replaced = Some(crate::model::snapshot::Replaced { since: now, why, times: 1 });
    });
}
