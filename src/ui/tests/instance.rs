//! The page of an instance on screens of all sizes, and what must never be on them.

use proptest::prelude::*;

use super::*;
use crate::app::pages::Page;
use crate::app::pages::instance::RowKey;
use crate::model::example::instance;
use crate::model::history::InstanceState;
use crate::model::inquiry::{Inquiry, VariableRow};
use crate::model::variable::VariableValue;

fn fill_and_read(snapshot: &mut Snapshot, now: Moment) {
    instance::fill(snapshot, now);
    instance::read_variables(snapshot, instance::variables(), true, now);
}

#[test]
fn the_page_of_an_instance_shows_what_fails_in_it_and_what_waits() {
    pin("instance", &[Down, Char('i')], instance::fill);
}

#[test]
fn variables_are_read_when_somebody_asks_and_secrets_stay_masked() {
    pin("instance_variables", &[Down, Char('i'), Char('v'), Down, Down], fill_and_read);
    pin("instance_revealed", &[Down, Char('i'), Char('v'), Down, Down, Enter], fill_and_read);
}

#[test]
fn suspensions_stand_side_by_side_with_what_follows() {
    pin("instance_suspended", &[Down, Char('i')], |snapshot, now| {
        instance::fill(snapshot, now);
        instance::suspend(snapshot, now);
    });
}

#[test]
fn job_definitions_and_jobs_that_were_not_read_are_not_known_to_be_active() {
    let shown = |change: &dyn Fn(&mut Snapshot, Moment)| {
        let now = example::noon();
        let mut snapshot = example::snapshot(now);
        instance::fill(&mut snapshot, now);
        change(&mut snapshot, now);
        let mut app = app(snapshot, now, (200, 60));
        press(&mut app, now, &[Down, Char('i')]);
        let screen = screen(&app, &look(&UNICODE));
        let at = screen.lines().position(|line| line.contains("  suspended ")).expect("a line");
        screen.lines().skip(at).take(2).collect::<Vec<_>>().join("\n")
    };
    let without_definitions = shown(&|snapshot, _| snapshot.job_definitions = Default::default());
    assert!(without_definitions.contains("· job definitions not known · 1 of 3 jobs SUSPENDED"), "{without_definitions}");
    assert!(without_definitions.contains("1 job: job SUSPENDED: it does not run until"), "{without_definitions}");
    let without_one = shown(&|snapshot, _| {
        let rows = snapshot.job_definitions.get().into_iter().flatten().filter(|row| row.id.as_wire() != "jd-1").cloned().collect();
        snapshot.job_definitions.data = Some(Arc::new(rows));
    });
    assert!(without_one.contains("1 of 2 job definitions SUSPENDED, 1 not known ·"), "{without_one}");
    let without_jobs = shown(&|snapshot, _| {
        let findings = Arc::make_mut(&mut snapshot.findings);
        findings.remove(&Inquiry::Jobs(instance::id()));
        findings.remove(&Inquiry::Timers(instance::id()));
    });
    assert!(without_jobs.contains("· job definitions not known · jobs not known"), "{without_jobs}");
}

#[test]
fn before_anything_is_read_the_page_says_what_is_being_read() {
    pin("instance_reading", &[Down, Char('i')], |_, _| {});
    // From the results of a search, or once some answers are there and the instance itself is not.
    pin("instance_reading_on", &[Down, Char('i')], |snapshot, now| {
        instance::fill(snapshot, now);
        Arc::make_mut(&mut snapshot.findings).remove(&Inquiry::Instance(instance::id()));
    });
}

#[test]
fn an_instance_that_ended_before_tells_how() {
    pin("instance_ended", &[Down, Char('i')], |snapshot, now| {
        instance::fill(snapshot, now);
        instance::end(snapshot, Some(InstanceState::ExternallyTerminated), now);
    });
}

#[test]
fn an_instance_nobody_knows_may_be_gone_or_hidden() {
    pin("instance_unknown", &[Down, Char('i')], |snapshot, now| {
        let none = crate::model::inquiry::InstanceFinding { running: None, past: Ok(None), caller: None, cases: None };
        instance::answer(snapshot, Inquiry::Instance(instance::id()), crate::model::inquiry::Finding::Instance(Box::new(none)), now);
    });
}

#[test]
fn a_part_that_may_not_be_read_says_so_and_the_others_stay() {
    pin("instance_forbidden", &[Down, Char('i')], |snapshot, now| {
        instance::fill(snapshot, now);
        let problem = Problem { label: "forbidden", what: "READ on TASK is missing".into(), remedy: "Ask an administrator.".into() };
        let findings = Arc::make_mut(&mut snapshot.findings);
        findings.remove(&Inquiry::UserTasks(instance::id()));
        for inquiry in [Inquiry::UserTasks(instance::id()), Inquiry::Jobs(instance::id())] {
            findings.entry(inquiry).or_default().fail(problem.clone());
        }
    });
}

#[test]
fn an_instance_that_ends_while_looked_at_keeps_what_was_last_known() {
    for size in SIZES {
        let now = example::noon();
        let mut snapshot = example::snapshot(now);
        instance::fill(&mut snapshot, now);
        let mut app = app(snapshot.clone(), now, size);
        press(&mut app, now, &[Down, Char('i')]);
        let now = now.after(Duration::from_secs(5));
        instance::fill(&mut snapshot, now);
        app.update(Message::Snapshot(Arc::new(snapshot.clone())), now);
        // The parts are empty before it is known that the instance is over.
        instance::empty_parts(&mut snapshot, now);
        app.update(Message::Snapshot(Arc::new(snapshot.clone())), now);
        instance::end(&mut snapshot, Some(InstanceState::ExternallyTerminated), now);
        app.update(Message::Snapshot(Arc::new(snapshot)), now);
        insta::assert_snapshot!(format!("instance_ends_{}x{}", size.0, size.1), screen(&app, &look(&UNICODE)));
    }
}

#[test]
fn any_size_can_show_an_instance() {
    let now = example::noon();
    for (width, height) in [(1, 1), (3, 2), (10, 5), (20, 8), (40, 10), (79, 23), (300, 100)] {
        let mut snapshot = example::snapshot(now);
        fill_and_read(&mut snapshot, now);
        let mut app = app(snapshot, now, (width, height));
        press(&mut app, now, &[Down, Char('i'), Char('v'), Down, Down, Enter, KeyCode::End, KeyCode::Home]);
        screen(&app, &look(&UNICODE));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_value_of_a_masked_variable_is_never_on_the_screen(
        name in "((user|db|sms|x2)(Password|_secret|AccessToken|ApiKey|-pin|Otp|_ssn|\\.pwd)|password|PIN|pwd)(|Code|_old|\\.value|-2|3New)", value in "[a-z0-9]{12,300}", size in 0usize..4, moves in 0usize..40, problem: bool,
    ) {
        let now = example::noon();
        let mut snapshot = example::snapshot(now);
        instance::fill(&mut snapshot, now);
        let mut variable = instance::variable(&name, "String", VariableValue::of_text(&value));
        variable.problem = problem.then(|| format!("cannot read {value}").into());
        let mut rows = instance::variables();
        rows.insert(0, VariableRow::Read(Arc::new(variable)));
        instance::read_variables(&mut snapshot, rows, false, now);
        let mut app = app(snapshot, now, SIZES[size]);
        press(&mut app, now, &[Down, Char('i'), Char('v')]);
        for step in 0..moves {
            let shown = screen(&app, &look(&UNICODE));
            // Any part of it that is long enough to be no accident.
            prop_assert!(!shown.contains(&value[..8]), "{name} after {step} moves\n{shown}");
            press(&mut app, now, &[Down]);
        }
        // It was there to be seen: unmasked, its value is found by the same means.
        press(&mut app, now, &[Char('v')]);
        let key = RowKey::Variable(format!("variable-{name}").into());
        for _ in 0..40 {
            let Some(Page::Instance(page)) = app.page() else { panic!("no page") };
            if page.list.selected_key() == Some(&key) {
                break;
            }
            let shown = screen(&app, &look(&UNICODE));
            prop_assert!(!shown.contains(&value[..8]), "{name} on the way to it\n{shown}");
            press(&mut app, now, &[Down]);
        }
        press(&mut app, now, &[Enter]);
        let shown = screen(&app, &look(&UNICODE));
        prop_assert!(shown.contains(&value[..8]), "{name} is revealed\n{shown}");
    }
}

#[test]
fn a_revealed_value_is_on_the_screen_until_it_is_masked_again_or_the_page_is_left() {
    let now = example::noon();
    let mut snapshot = example::snapshot(now);
    fill_and_read(&mut snapshot, now);
    let mut app = app(snapshot, now, (120, 36));
    let seen = |app: &App| screen(app, &look(&UNICODE)).contains("4111 1111");
    press(&mut app, now, &[Down, Char('i'), Char('v'), Down, Down]);
    assert!(!seen(&app));
    press(&mut app, now, &[Enter]);
    assert!(seen(&app));
    press(&mut app, now, &[Enter]);
    assert!(!seen(&app), "masked again");
    press(&mut app, now, &[Enter, KeyCode::Esc, Char('i'), Char('v'), Down, Down]);
    assert!(!seen(&app), "masked on a new page");
    assert!(!format!("{app:?}").contains("4111 1111"), "no debug tells a value");
}
