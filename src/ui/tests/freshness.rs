//! What is old on the screen: the first line says so, nothing of it keeps a colour of health, and the address stays to the last.

use super::*;
use crate::model::figure::Figure;
use crate::model::freshness::{Hindrance, Polled};
use crate::model::inquiry::{Finding, Inquiry};
use crate::model::section::Section;
use crate::model::suspension::SuspendedCounts;
use crate::theme::Role;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The screen when so much time has passed since the last picture of figures, which the poller went on to publish.
fn later(size: (u16, u16), passed: Duration, change: impl Fn(&mut Snapshot, Moment)) -> App {
    let noon = example::noon();
    let now = noon.after(passed);
    let mut snapshot = example::snapshot(noon);
    snapshot.taken = now;
    change(&mut snapshot, now);
    let mut app = app(snapshot, noon, size);
    app.update(Message::Tick, now);
    app
}

fn first_line(app: &App) -> String {
    screen(app, &look(&UNICODE)).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn live_is_said_only_while_everything_on_the_screen_keeps_its_promise() {
    assert!(first_line(&later((120, 36), seconds(5), |_, _| {})).contains("● live"));
    let said = first_line(&later((120, 36), seconds(20), |_, _| {}));
    assert!(said.contains("STALE for") && !said.contains("live"), "{said}");
    // Nothing arrived meanwhile: the screen finds out by its own clock.
    let mut app = later((120, 36), seconds(5), |_, _| {});
    app.update(Message::Tick, example::noon().after(seconds(60)));
    assert!(first_line(&app).contains("bpmtop stands still"), "{}", first_line(&app));
}

#[test]
fn the_reason_and_the_key_that_helps_are_told() {
    let said = |change: fn(&mut Snapshot, Moment)| first_line(&later((200, 40), seconds(20), change));
    let slow = said(|snapshot, now| snapshot.polling.slow_since = Some(now));
    assert!(slow.contains("engine slow, r reads now"), "{slow}");
    let held = said(|snapshot, _| {
        Figure::ALL.into_iter().for_each(|figure| {
            snapshot.polling.hindered.insert(Polled::Figure(figure), Hindrance::HeldBack);
        });
    });
    assert!(held.contains("held back by the load limit, r reads now"), "{held}");
    let paused = said(|snapshot, now| snapshot.link = Link::Paused { since: now });
    assert!(paused.contains("PAUSED") && paused.contains("STALE") && paused.contains("p resumes"), "{paused}");
}

#[test]
fn nothing_that_is_too_old_keeps_a_colour_of_health() {
    let look = look(&UNICODE);
    let coloured = |passed: u64| {
        let app = later((120, 36), seconds(passed), |snapshot, now| snapshot.link = if passed > 20 { Link::Paused { since: now } } else { Link::Live });
        let mut terminal = Terminal::new(TestBackend::new(120, 36)).unwrap();
        terminal.draw(|frame| draw(&app, &look, frame)).unwrap();
        // Labels share the colour of blocked parents.
        let health = [Role::Ok, Role::Critical, Role::Root].map(|role| look.style(role).fg);
        let bars = look.style(Role::Sparkline).fg;
        let buffer = terminal.backend().buffer();
        let is_bar = |symbol: &str| UNICODE.sparkline[1..].contains(&symbol);
        // The first line is about the connection, the last two about keys.
        let cells = buffer.content()[120..120 * 34].iter().filter(|cell| cell.symbol() != " ");
        cells.filter(|cell| health.contains(&Some(cell.fg)) || is_bar(cell.symbol()) && Some(cell.fg) == bars).map(|cell| cell.symbol()).collect::<String>()
    };
    assert!(coloured(2).chars().count() > 50);
    // The title of the pane that has the focus is no judgement.
    assert_eq!(coloured(600), "Incidentsbyactivity");
}

#[test]
fn a_load_is_told_with_its_share_its_limit_and_how_far_that_may_be_passed() {
    let said = first_line(&later((200, 60), seconds(2), |_, _| {}));
    assert!(said.contains("watching takes 0.6 % of an engine thread (limit 2 %, to stay fresh 10 %)"), "{said}");
    assert!(first_line(&later((120, 36), seconds(2), |_, _| {})).contains("limit 2 %"));
}

#[test]
fn the_address_of_the_engine_is_the_last_thing_to_lose() {
    for width in [60, 80, 100, 120, 160] {
        for passed in [2, 200] {
            let app = later((width, 24), seconds(passed), |snapshot, now| {
                let counts = SuspendedCounts { instances: 1_200, jobs: 30_000, waiting: 20_000 };
                let mut section = Section::default();
                section.succeed(Finding::SuspendedCount(counts), now);
                snapshot.findings = Arc::new([(Inquiry::SuspendedCount, section)].into());
            });
            let said = first_line(&app);
            assert!(said.contains("localhost:8080"), "{width}: {said}");
            assert!(said.contains("SUSP"), "{width}: {said}");
        }
    }
}

#[test]
fn jobs_that_wait_suspended_are_told_where_the_jobs_due_are_read() {
    for size in SIZES {
        let app = later(size, seconds(2), |snapshot, now| {
            let mut section = Section::default();
            section.succeed(Finding::SuspendedCount(SuspendedCounts { instances: 0, jobs: 300, waiting: 300 }), now);
            snapshot.findings = Arc::new([(Inquiry::SuspendedCount, section)].into());
        });
        let figures = screen(&app, &look(&UNICODE)).lines().skip(1).collect::<Vec<_>>().join("\n");
        assert!(size.0 < 80 || figures.contains("+300"), "{size:?}: {figures}");
    }
}

#[test]
fn what_was_read_once_tells_when_as_soon_as_it_is_old() {
    let mut app = later((120, 36), seconds(2), |_, _| {});
    let noon = example::noon();
    press(&mut app, noon, &[Down, Char('d')]);
    let description = Description {
        incident: "incident-0000".into(),
        read: noon,
        instance: None,
        work: Ok(FailedWork::Job(Some(example::job(0)))),
        trace: Ok(None),
        past: None,
        now: Ok(None),
    };
    app.update(Message::Described(Box::new(description)), noon);
    assert!(screen(&app, &look(&UNICODE)).contains("read just now"));
    app.update(Message::Tick, noon.after(seconds(125)));
    assert!(screen(&app, &look(&UNICODE)).contains("read at 12:00:00, 2 min ago; r: again"), "{}", screen(&app, &look(&UNICODE)));
}
