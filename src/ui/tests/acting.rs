//! Screens of actions: the menu, plans of several kinds, an action under way.

use std::sync::Arc;

use super::*;
use crate::action::desk::{ActCommand, Acted, LeftUnderWay};
use crate::action::example as plans;
use crate::action::ledger::{Ending, Ledger, PausedBy, Reading, Stage};
use crate::action::outcome::{Outcome, Proof, Waiting};
use crate::action::plan::{ActionId, LeftOut, Plan, TreeLine, Warning, Weight};
use crate::action::verb::Role;
use crate::action::wish::Asked;
use crate::app::Effect;
use crate::app::pages::plan::UNREAD;

pub(super) fn asking(effects: &[Effect]) -> u64 {
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Act(ActCommand::Plan { asking, .. }) => Some(*asking),
        _ => None,
    });
    asked.expect("a plan was asked for")
}

/// Pins the screen of a plan that was asked for with these keys, after more keys.
fn pin_plan(name: &str, keys: &[KeyCode], plan: &Plan, then: &[KeyCode]) {
    for size in SIZES {
        let now = example::noon();
        let mut app = app(example::snapshot(now), now, size);
        (app.settings.role, app.settings.first_role) = (Role::Admin, Role::Admin);
        let mut effects = Vec::new();
        for key in keys {
            effects.extend(app.update(Message::Key(KeyEvent::new(*key, KeyModifiers::NONE)), now));
        }
        app.update(Message::Acted(Acted::Planned(asking(&effects), Ok(Arc::new(plan.clone())))), now);
        let later = now.after(UNREAD);
        app.update(Message::Tick, later);
        press(&mut app, later, then);
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), screen(&app, &look(&UNICODE)));
    }
}

fn with_identity(mut plan: Plan) -> Plan {
    plan.engine.url = "http://engine.example:8080/engine-rest".into();
    plan.engine.user = Some("demo".into());
    plan
}

pub(super) fn retry() -> Plan {
    let mut plan = with_identity(plans::retry(37));
    plan.production = true;
    plan.profile = Some("prod".into());
    let warning = |weight, text: &str| Warning { weight, text: text.into() };
    plan.warnings = vec![
        warning(Weight::Note, "24 of version 3, 13 of version 2"),
        warning(Weight::Caution, "4 of these jobs are SUSPENDED with their job definition: a retry ends their incidents, and nothing runs"),
    ];
    let left = |label: &str, why: &str| LeftOut { label: label.into(), why: why.into() };
    plan.left_out =
        vec![left("A-job-90", "healed since"), left("A-job-91", "healed since"), left("A-job-92", "it has retries left and is tried by the engine itself")];
    plan
}

#[test]
fn the_menu_tells_what_can_be_done_and_why_the_rest_cannot() {
    pin("menu", &[Down, Char('a')], |_, _| {});
}

#[test]
fn the_plan_of_a_group_retry_tells_all_before_anything_is_sent() {
    pin_plan("plan_retry", &[Down, Char('R')], &retry(), &[]);
    pin_plan("plan_requests", &[Down, Char('R')], &retry(), &[Char('v')]);
    pin_plan("plan_confirm", &[Down, Char('R')], &retry(), &[Enter, Char('3')]);
}

#[test]
fn the_plan_of_a_cancellation_shows_the_whole_tree_that_ends() {
    let mut plan = with_identity(plans::cancel(&[("order-1", 3), ("payment-1", 2)]));
    let line = |depth, label: &str, note: &str, asked| TreeLine { depth, instance: label.into(), label: label.into(), note: note.into(), asked, ends: true };
    for level in &mut plan.levels {
        level.tree =
            vec![line(0, "order v2  RK-2026-0001", "", false), line(1, "payment v3", "2 incidents", false), line(2, "fraud-check v1", "1 incident", true)];
    }
    pin_plan("plan_cancel", &[Down, Enter, Enter, Char('C')], &plan, &[]);
}

#[test]
fn the_plan_of_a_suspension_says_what_is_not_stopped() {
    let asked = Asked::JobDefinitions { definitions: vec!["jd-1".into(), "jd-2".into()], suspend: true };
    let plan = with_identity(plans::plan(asked, vec![plans::job_definition("jd-1"), plans::job_definition("jd-2")]));
    pin_plan("plan_suspend", &[Char('2'), Down, Down, Char('x')], &plan, &[Char('e')]);
}

pub(super) fn ledger(stage: Stage, now: Moment) -> Ledger {
    let mut plan = retry();
    plan.action = ActionId("20260301T120000.000Z-0001".into());
    let failed = |message: &str| Outcome::FailedAgain { message: Some(message.into()) };
    let mut outcomes = vec![
        Outcome::Succeeded(Proof::JobLog),
        failed("Card service answered 503"),
        Outcome::Waits(Waiting::Suspended("its job definition")),
        Outcome::MovedOn { failed_at: "ship-parcel".into(), message: Some("no carrier for zip 99999".into()) },
        Outcome::Unknown("the connection broke before an answer came".into()),
        Outcome::FailedOnce { left: 2, next: Some("2026-03-01T12:05:00Z".parse().expect("a moment")), message: None },
        Outcome::Accepted,
    ];
    outcomes.resize(37, Outcome::Planned);
    Ledger {
        sentence: plan.sentence(),
        plan: Arc::new(plan),
        stage,
        steps: 37,
        sent: 7,
        outcomes,
        began: now,
        ended: None,
        pace: 4.5,
        reading: Reading { requests: 12, per_second: 4.0, at_most: Duration::from_secs(60) },
        look: Vec::new(),
        notes: vec![(now, "3 went first: 1 succeeded, 1 failed again, 1 waits".into())],
        head: Some("9f86d081884c".into()),
    }
}

fn pin_ledger(name: &str, stage: &Stage, ended: bool) {
    for size in SIZES {
        let now = example::noon();
        let mut app = app(example::snapshot(now), now, size);
        let mut ledger = ledger(stage.clone(), now);
        ledger.ended = ended.then(|| now.after(Duration::from_secs(42)));
        app.update(Message::Acted(Acted::Ledgers(Arc::new(vec![Arc::new(ledger)]))), now);
        let later = now.after(Duration::from_secs(90));
        app.update(Message::Tick, later);
        press(&mut app, later, &[Char('A'), Enter, Down]);
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), screen(&app, &look(&UNICODE)));
    }
}

#[test]
fn an_action_under_way_tells_what_is_known_of_each_target_and_no_more() {
    pin_ledger("action_sending", &Stage::Sending, false);
    pin_ledger("action_paused", &Stage::Paused(PausedBy::Canary("2 of the first 3 failed again.".into())), false);
    pin_ledger("action_over", &Stage::Over(Ending::Stopped), true);
}

/// An action that an earlier run left under way.
pub(super) fn left_under_way() -> LeftUnderWay {
    LeftUnderWay {
        action: ActionId("20260301T110000.000Z-0001".into()),
        sentence: "Freeze 12 job definitions".into(),
        sent: 5,
        steps: 12,
        unknown: None,
        looks: None,
        origin: ActionId("20260301T110000.000Z-0001".into()),
    }
}

#[test]
fn actions_of_this_run_and_those_left_under_way_are_listed() {
    for size in SIZES {
        let now = example::noon();
        let mut app = app(example::snapshot(now), now, size);
        app.update(Message::Acted(Acted::Ledgers(Arc::new(vec![Arc::new(ledger(Stage::Verifying, now))]))), now);
        app.update(Message::Acted(Acted::LeftUnderWay(vec![left_under_way()])), now);
        press(&mut app, now, &[Char('A')]);
        insta::assert_snapshot!(format!("actions_{}x{}", size.0, size.1), screen(&app, &look(&UNICODE)));
    }
}

/// An instance, jobs and what is to happen, all of it suspended.
pub(super) fn suspended(snapshot: &mut Snapshot, now: Moment) {
    use crate::model::definition::ProcessInstance;
    use crate::model::inquiry::{Finding, Inquiry};
    use crate::model::job::Job;
    use crate::model::section::Section;
    use crate::model::suspension::{Suspended, SuspendedCounts, TimedSuspension};
    let definition = snapshot.job_definitions.get().and_then(|rows| rows.iter().find(|row| row.suspended)).expect("one is suspended").id.clone();
    let timed = TimedSuspension {
        job: "timer-1".into(),
        at: now.wall + jiff::SignedDuration::from_hours(4),
        suspend: false,
        job_definition: Some(definition.clone()),
        process_definition: None,
        user: Some("ann".into()),
    };
    let instance = ProcessInstance {
        id: "instance-0007".into(),
        definition: "order:7:uuid".into(),
        business_key: Some("RK-2026-0007".into()),
        suspended: true,
        tenant: None,
        case: None,
    };
    let counts = SuspendedCounts { instances: 12, jobs: 3, waiting: 2 };
    let active = snapshot.job_definitions.get().and_then(|rows| rows.iter().find(|row| !row.suspended)).expect("one is active").id.clone();
    let job = |id: &str, instance: &str, definition| Job {
        id: id.into(),
        process_instance: Some(instance.into()),
        job_definition: Some(definition),
        suspended: true,
        ..example::job(0)
    };
    let jobs = vec![
        Job { retries: 1, ..job("job-1", "instance-0008", definition) },
        Job { retries: 1, ..job("job-2", "instance-0007", active.clone()) },
        job("job-3", "instance-0009", active),
    ];
    let found = Suspended { counts, instances: vec![instance], jobs, timed: Ok(vec![timed]) };
    let section = Section { data: Some(Arc::new(Finding::Suspended(Box::new(found)))), taken: Some(now), problem: None };
    Arc::make_mut(&mut snapshot.findings).insert(Inquiry::Suspended, section);
}

#[test]
fn what_is_suspended_is_listed_with_what_is_to_happen_first() {
    for size in SIZES {
        let now = example::noon();
        let mut snapshot = example::snapshot(now);
        suspended(&mut snapshot, now);
        let mut app = app(snapshot, now, size);
        press(&mut app, now, &[Char('W')]);
        insta::assert_snapshot!(format!("suspended_{}x{}", size.0, size.1), screen(&app, &look(&UNICODE)));
    }
}

#[test]
fn the_first_line_counts_suspended_instances_by_the_newer_of_list_and_count() {
    use crate::model::inquiry::{Finding, Inquiry};
    use crate::model::section::Section;
    use crate::model::suspension::{Suspended, SuspendedCounts};
    let now = example::noon();
    let mut snapshot = example::snapshot(now);
    let list = Suspended { counts: SuspendedCounts { instances: 12, ..SuspendedCounts::default() }, instances: vec![], jobs: vec![], timed: Ok(vec![]) };
    let at = |data, taken| Section { data: Some(Arc::new(data)), taken: Some(taken), problem: None };
    let findings = Arc::make_mut(&mut snapshot.findings);
    findings.insert(Inquiry::Suspended, at(Finding::Suspended(Box::new(list)), now));
    findings.insert(
        Inquiry::SuspendedCount,
        at(Finding::SuspendedCount(SuspendedCounts { instances: 3, jobs: 40, waiting: 37 }), now.after(Duration::from_secs(60))),
    );
    let app = app(snapshot, now, (200, 60));
    // One process definition and one job definition of the example are suspended too.
    assert!(screen(&app, &look(&UNICODE)).contains(" 5 SUSPENDED, 37 jobs wait: W "));
}

#[test]
fn the_menu_never_cuts_why_something_cannot_be_done() {
    for size in SIZES {
        let now = example::noon();
        let mut app = app(example::snapshot(now), now, size);
        press(&mut app, now, &[Down, Char('a')]);
        let Some(crate::app::Overlay::Menu(menu)) = app.overlay.clone() else { panic!("no menu") };
        for item in &menu.items {
            let drawn = screen(&app, &look(&UNICODE));
            let mut text: String = drawn.lines().filter_map(|line| line.split('┃').nth(1)).map(str::trim).collect::<Vec<_>>().join(" ");
            while text.contains("  ") {
                text = text.replace("  ", " ");
            }
            let why = item.obstacle.as_ref().map(|obstacle| obstacle.words()).unwrap_or_default();
            assert!(text.contains(item.row.title) && text.contains(&why), "{size:?}: {} {why}\n{drawn}", item.row.title);
            press(&mut app, now, &[Down]);
        }
    }
}

const RESUMED: &str = "20260301T115000.000Z-0001";

/// A resumption that broke off after it had woken a job that it was to keep asleep.
pub(super) fn left_halfway(now: Moment) -> Ledger {
    let asked = Asked::Instances { instances: vec!["instance-0007".into()], suspend: false };
    let mut plan = with_identity(plans::plan(asked, vec![plans::instance("instance-0007")]));
    plan.action = ActionId(RESUMED.into());
    plan.held = vec![plans::held(0, "job-0001"), plans::held(0, "job-0002")];
    let left = |job: &str, old: &str| format!("LOOK AT job {job}: it stays due 2027-03-01 12:00:00+00:00; its old due date, {old}, was not put back");
    Ledger {
        sentence: plan.sentence(),
        plan: Arc::new(plan),
        steps: 7,
        sent: 4,
        outcomes: vec![Outcome::Succeeded(Proof::State)],
        ended: Some(now),
        look: vec![left("job-0001", "2026-03-02 05:00:00+00:00"), left("job-0002", "at once (it had none)")],
        notes: vec![(now, "the first few did well".into())],
        ..ledger(Stage::Over(Ending::Done), now)
    }
}

/// The plan to put its jobs back.
pub(super) fn putting_back() -> Plan {
    use crate::model::job::Job;
    let far = "2027-03-01T12:00:00Z".parse().ok();
    let left = |number: usize, suspended| plans::of_job(Job { suspended, due: far, ..example::job(number) }, 2);
    let mut plan = with_identity(plans::plan(Asked::PutBack(RESUMED.into()), vec![left(1, false), left(2, true)]));
    plan.action = ActionId("20260301T120000.000Z-0002".into());
    plan.takes_back = Some(ActionId(RESUMED.into()));
    let held =
        |target: usize, job: &str, due: Option<&str>| crate::action::plan::Held { due: due.and_then(|due| due.parse().ok()), ..plans::held(target, job) };
    plan.held = vec![held(0, "job-0001", Some("2026-03-02T05:00:00Z")), held(1, "job-0002", None)];
    let warning = |weight, text: &str| Warning { weight, text: text.into() };
    plan.warnings = vec![
        warning(Weight::Caution, "1 job is AWAKE: only the due date far ahead keeps it from running"),
        warning(Weight::Note, "1 job is suspended already: only the due date is wrong"),
    ];
    let why = "somebody gave it another due date since, 2026-12-24 18:00:00+00:00; before that action it was due at once";
    plan.left_out = vec![LeftOut { label: "job job-0003 (payment v2 · Charge card)".into(), why: why.into() }];
    plan
}

#[test]
fn jobs_that_were_left_otherwise_are_offered_to_be_put_back_and_the_plan_tells_how() {
    for size in SIZES {
        let now = example::noon();
        let mut app = app(example::snapshot(now), now, size);
        (app.settings.role, app.settings.first_role) = (Role::Admin, Role::Admin);
        app.update(Message::Acted(Acted::Ledgers(Arc::new(vec![Arc::new(left_halfway(now))]))), now);
        press(&mut app, now, &[Char('A'), Enter]);
        insta::assert_snapshot!(format!("left_halfway_{}x{}", size.0, size.1), screen(&app, &look(&UNICODE)));
        let effects = app.update(Message::Key(KeyEvent::new(Char('P'), KeyModifiers::SHIFT)), now);
        let wish = effects.iter().find_map(|effect| if let Effect::Act(ActCommand::Plan { wish, .. }) = effect { Some(Arc::clone(wish)) } else { None });
        assert!(wish.is_some_and(|wish| matches!(&wish.what, Asked::PutBack(action) if action == RESUMED)));
        app.update(Message::Acted(Acted::Planned(asking(&effects), Ok(Arc::new(putting_back())))), now);
        app.update(Message::Tick, now.after(UNREAD));
        insta::assert_snapshot!(format!("plan_put_back_{}x{}", size.0, size.1), screen(&app, &look(&UNICODE)));
    }
}

#[test]
fn what_was_put_back_is_not_called_to_be_looked_at_any_more() {
    let now = example::noon();
    let mut app = app(example::snapshot(now), now, (120, 36));
    (app.settings.role, app.settings.first_role) = (Role::Admin, Role::Admin);
    let plan = putting_back();
    let done = Ledger {
        sentence: plan.sentence(),
        plan: Arc::new(plan),
        steps: 4,
        sent: 4,
        outcomes: vec![Outcome::Succeeded(Proof::State); 2],
        ended: Some(now),
        ..ledger(Stage::Over(Ending::Done), now)
    };
    let half = Ledger { outcomes: vec![Outcome::Succeeded(Proof::State), Outcome::Unknown("cut".into())], ..done.clone() };
    for (then, is_back) in [(half, false), (done, true)] {
        app.pages.clear();
        app.update(Message::Acted(Acted::Ledgers(Arc::new(vec![Arc::new(left_halfway(now)), Arc::new(then)]))), now);
        press(&mut app, now, &[Char('A'), Down, Enter]);
        let shown = screen(&app, &look(&UNICODE));
        assert_eq!(shown.contains("LOOK AT job"), !is_back, "{shown}");
        assert_eq!(shown.contains("What it left is put back since, by 20260301T120000.000Z-0002."), is_back, "{shown}");
        press(&mut app, now, &[Char('P')]);
        assert_eq!(screen(&app, &look(&UNICODE)).contains("That is put back already"), is_back);
    }
}

#[test]
fn what_left_something_is_listed_with_the_way_out() {
    for size in SIZES {
        let now = example::noon();
        let mut app = app(example::snapshot(now), now, size);
        (app.settings.role, app.settings.first_role) = (Role::Admin, Role::Admin);
        app.update(Message::Acted(Acted::Ledgers(Arc::new(vec![Arc::new(left_halfway(now)), Arc::new(ledger(Stage::Over(Ending::Done), now))]))), now);
        let left = LeftUnderWay {
            action: ActionId("20260228T110000.000Z-0001".into()),
            sentence: "Resume process instance payment v2 with all of its jobs".into(),
            sent: 5,
            steps: 12,
            unknown: None,
            looks: Some(3),
            origin: ActionId("20260228T110000.000Z-0001".into()),
        };
        app.update(Message::Acted(Acted::LeftUnderWay(vec![left])), now);
        press(&mut app, now, &[Char('A')]);
        insta::assert_snapshot!(format!("actions_to_look_at_{}x{}", size.0, size.1), screen(&app, &look(&UNICODE)));
        for key in [Char('P'), Enter] {
            let effects = app.update(Message::Key(KeyEvent::new(key, KeyModifiers::NONE)), now);
            let asked = |effect: &Effect| matches!(effect, Effect::Act(ActCommand::Plan { wish, .. }) if matches!(&wish.what, Asked::PutBack(action) if action.starts_with("20260228")));
            assert!(effects.iter().any(asked), "{key:?} plans, and reads nothing back of what is over: {effects:?}");
            press(&mut app, now, &[KeyCode::Esc]);
        }
    }
}
