//! Every screen at every small size, and at random larger ones, with what hostile engines send: nothing is ever drawn beside the screen.

use proptest::prelude::*;

use super::acting::{asking, ledger, left_halfway, left_under_way, putting_back, retry, suspended};
use super::*;
use crate::action::desk::Acted;
use crate::action::ledger::{PausedBy, Stage};
use crate::action::plan::{Plan, Unavailable};
use crate::action::verb::Role;
use crate::model::example::{calls, instance};
use crate::model::timeline::example as lively;
use crate::text::EngineText;

/// What engines and their users write: control characters, escapes, right-to-left, marks without a letter, wide signs, no end.
fn hostile() -> String {
    format!("\u{1b}]0;x\u{7}\u{9b}31m\u{202e}dlrow\u{2066} e\u{301}\u{301}\u{301} 支付对账 👩‍👩‍👧‍👦\u{200b}\u{feff}\t\r\n{}", "支付wörter ".repeat(60))
}

fn make_hostile(snapshot: &mut Snapshot, now: Moment) {
    let text = EngineText::from(hostile().as_str());
    let known = snapshot.incidents.get().into_iter().flat_map(|set| set.incidents.values());
    let incidents = known.map(|known| {
        let mut known = crate::model::grouping::KnownIncident::clone(known);
        known.incident.message = Some(text.clone());
        known.incident.annotation = Some(text.clone());
        Arc::new(known)
    });
    let incidents = incidents.collect();
    example::set_incidents(snapshot, incidents, now);
    let mut definitions = Vec::clone(snapshot.job_definitions.data.as_deref().expect("there are some"));
    definitions.iter_mut().for_each(|row| row.process_key = Some(text.clone().into()));
    snapshot.job_definitions.data = Some(Arc::new(definitions));
}

fn planned(app: &mut App, now: Moment, keys: &[KeyCode], plan: Result<Plan, Unavailable>) {
    let mut effects = Vec::new();
    for key in keys {
        effects.extend(app.update(Message::Key(KeyEvent::new(*key, KeyModifiers::NONE)), now));
    }
    app.update(Message::Acted(Acted::Planned(asking(&effects), plan.map(Arc::new))), now);
}

fn hostile_plan() -> Plan {
    let mut plan = retry();
    let words = crate::text::safe(&hostile()).into_owned();
    let mut targets = plan.targets.to_vec();
    targets.iter_mut().for_each(|target| target.label.clone_from(&words));
    plan.targets = targets.into();
    plan.warnings.iter_mut().for_each(|warning| warning.text.clone_from(&words));
    plan
}

/// Every pane, page and overlay, each by its name.
fn screens() -> Vec<(&'static str, App)> {
    let now = example::noon();
    let mut screens = Vec::new();
    let mut open = |name, keys: &[KeyCode], fill: &dyn Fn(&mut Snapshot, Moment)| {
        let mut snapshot = example::snapshot(now);
        fill(&mut snapshot, now);
        make_hostile(&mut snapshot, now);
        let mut app = app(snapshot, now, (80, 24));
        (app.settings.role, app.settings.first_role) = (Role::Admin, Role::Admin);
        press(&mut app, now, keys);
        screens.push((name, app));
    };
    let nothing = |_: &mut Snapshot, _: Moment| {};
    open("dashboard", &[], &nothing);
    open("signatures", &[Down, Enter], &nothing);
    open("incidents", &[Down, Enter, Enter], &nothing);
    open("job definitions", &[Char('2'), Down, Char(' ')], &nothing);
    open("definitions", &[Char('3'), Down, Enter], &nothing);
    open("incident", &[Down, Char('d')], &nothing);
    open("tree", &[Down, Char('t')], &calls::order_with_many_payments);
    open("timeline", &[Down, Char('d'), Char('T'), Down], &lively::answer_all);
    open("trace", &[Down, Char('d'), Char('T'), Down, Down, Enter], &lively::answer_all);
    open("instance", &[Down, Char('i'), Char('v'), Down, Down], &|snapshot, now| {
        instance::fill(snapshot, now);
        instance::read_variables(snapshot, instance::variables(), true, now);
    });
    open("results", &[Char('F'), Char('c'), Enter], &nothing);
    open("suspended", &[Char('W'), Down], &suspended);
    open("help", &[Char('?'), Down], &nothing);
    open("login", &[Char('L'), Char('x')], &nothing);
    open("filter", &[Char('/'), Char('x')], &nothing);
    open("scope", &[Char('f'), Char('x'), Enter], &nothing);
    open("menu", &[Down, Char('a')], &nothing);
    open("reading a plan", &[Down, Char('R')], &nothing);
    let base = |keys: &[KeyCode]| {
        let mut app = app(example::snapshot(now), now, (80, 24));
        (app.settings.role, app.settings.first_role) = (Role::Admin, Role::Admin);
        press(&mut app, now, keys);
        app
    };
    let mut plan = base(&[Down]);
    planned(&mut plan, now, &[Char('R')], Ok(hostile_plan()));
    let mut requests = base(&[Down]);
    planned(&mut requests, now, &[Char('R')], Ok(hostile_plan()));
    press(&mut requests, now, &[Char('v'), Down]);
    let mut typing = base(&[Down]);
    planned(&mut typing, now, &[Char('R')], Ok(hostile_plan()));
    typing.update(Message::Tick, now.after(crate::app::pages::plan::UNREAD));
    press(&mut typing, now.after(crate::app::pages::plan::UNREAD), &[Enter, Char('3')]);
    let mut refused = base(&[Down]);
    let why = crate::text::safe(&hostile()).into_owned();
    planned(&mut refused, now, &[Char('R')], Err(Unavailable { why: why.clone(), remedy: why.clone() }));
    let ledgers =
        Message::Acted(Acted::Ledgers(Arc::new(vec![Arc::new(ledger(Stage::Paused(PausedBy::Canary(why.clone())), now)), Arc::new(left_halfway(now))])));
    let mut actions = base(&[]);
    actions.update(ledgers, now);
    actions.update(Message::Acted(Acted::LeftUnderWay(vec![left_under_way()])), now);
    press(&mut actions, now, &[Char('A')]);
    let mut action = base(&[]);
    action.update(Message::Acted(Acted::Ledgers(Arc::new(vec![Arc::new(ledger(Stage::Paused(PausedBy::Canary(why)), now))]))), now);
    press(&mut action, now, &[Char('A'), Enter, Down]);
    let mut back = base(&[]);
    back.update(Message::Acted(Acted::Ledgers(Arc::new(vec![Arc::new(left_halfway(now))]))), now);
    press(&mut back, now, &[Char('A'), Enter]);
    planned(&mut back, now, &[Char('P')], Ok(putting_back()));
    let first = App::first_run(Settings { profiles: vec!["prod".into()], ..Settings::default() }, now);
    let named =
        [("plan", plan), ("requests", requests), ("typing", typing), ("refused", refused), ("actions", actions), ("action", action), ("put back", back)];
    screens.extend(named);
    screens.push(("first run", first));
    screens
}

fn draw_at(name: &str, app: &mut App, size: (u16, u16)) {
    let now = app.now;
    app.update(Message::Resize(size.0, size.1), now);
    let symbols = if size.0.is_multiple_of(2) { &UNICODE } else { &ASCII };
    let drawn = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| screen(app, &look(symbols))));
    assert!(drawn.is_ok(), "{name} at {}x{}", size.0, size.1);
}

#[test]
fn every_screen_can_be_drawn_at_every_small_size() {
    for (name, mut app) in screens() {
        for height in 1..=12 {
            for width in 1..=40 {
                draw_at(name, &mut app, (width, height));
            }
        }
    }
}

#[test]
fn what_confirms_a_plan_and_that_nothing_was_sent_stay_in_sight_on_small_screens() {
    let (_, mut app) = screens().into_iter().find(|(name, _)| *name == "plan").expect("there is one");
    let later = app.now.after(crate::app::pages::plan::UNREAD);
    app.update(Message::Tick, later);
    for (width, height) in [(60, 15), (60, 8), (60, 5), (40, 12), (80, 24)] {
        app.update(Message::Resize(width, height), later);
        let text = screen(&app, &look(&UNICODE));
        assert!(text.contains("NOTHING SENT YET"), "{width}x{height}:\n{text}");
        assert!(text.to_lowercase().contains("type 37"), "{width}x{height}:\n{text}");
    }
}

#[test]
fn a_screen_that_failed_says_what_goes_on_at_every_size() {
    let panic = crate::runtime::Panic { message: hostile(), place: "src/ui/pages/plan.rs:1:1".into() };
    let (_, mut app) = screens().into_iter().find(|(name, _)| *name == "action").expect("there is one");
    for size in [(1, 1), (20, 3), (40, 12), (80, 24)] {
        app.update(Message::Resize(size.0, size.1), example::noon());
        let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        terminal.draw(|frame| crate::ui::failed::draw(&app, &look(&UNICODE), None, &panic, frame)).unwrap();
        let text = terminal.backend().to_string();
        if size == (80, 24) {
            for said in ["bpmtop could not draw this page", "The action is paused, 7 of 37 sent", "esc leaves the page", "src/ui/pages/plan.rs:1:1"] {
                assert!(text.contains(said), "{said}:\n{text}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_screen_can_be_drawn_at_any_size_wherever_its_cursor_stands(
        at in 0..26_usize,
        sizes in prop::collection::vec((1_u16..260, 1_u16..90), 1..4),
        keys in prop::collection::vec(prop::sample::select(vec![Down, KeyCode::Up, KeyCode::PageDown, KeyCode::End, KeyCode::Home, Enter, Tab, Char('z'), Char('s')]), 0..8),
    ) {
        let mut all = screens();
        let at = at % all.len();
        let (name, app) = &mut all[at];
        for size in sizes {
            draw_at(name, app, size);
            let now = app.now;
            press(app, now, &keys);
        }
    }
}
