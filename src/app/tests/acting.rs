//! From a key to a confirmed plan: what is captured, what must be typed, and how many keys it takes.

use crate::action::desk::{ActCommand, Acted};
use crate::action::example as plans;
use crate::action::plan::{Plan, Unavailable};
use crate::action::verb::Role;
use crate::action::wish::Asked;
use crate::app::pages::plan::{STALE, UNREAD};

use super::*;

impl Play {
    fn asked(&self) -> Vec<(u64, Asked)> {
        let plans = self.effects.iter().filter_map(|effect| match effect {
            Effect::Act(ActCommand::Plan { asking, wish, .. }) => Some((*asking, wish.what.clone())),
            _ => None,
        });
        plans.collect()
    }

    fn performed(&self) -> Vec<Arc<Plan>> {
        let plans = self.effects.iter().filter_map(|effect| match effect {
            Effect::Act(ActCommand::Perform(plan)) => Some(Arc::clone(plan)),
            _ => None,
        });
        plans.collect()
    }

    /// The desk answers the newest asking, and the operator has had time to read.
    fn planned(&mut self, mut plan: Plan) -> &mut Self {
        let (asking, _) = self.asked().pop().expect("a plan was asked for");
        plan.read = self.now;
        self.send(Message::Acted(Acted::Planned(asking, Ok(Arc::new(plan)))));
        self.wait(UNREAD)
    }

    fn notice(&self) -> &str {
        self.app.notice.as_ref().map_or("", |(text, _)| text.as_str())
    }
}

#[test]
fn a_group_is_retried_with_three_keys_and_its_count() {
    let mut play = play();
    play.press("<down>R");
    let (_, Asked::Retry(incidents)) = play.asked().pop().expect("asked") else { panic!("no retry") };
    let count = incidents.len();
    assert!(count > 1, "the first group has several");
    play.planned(plans::retry(count)).press("<enter>");
    assert!(play.performed().is_empty(), "enter alone never confirms many");
    play.press(&format!("{count}<enter>"));
    assert_eq!(play.performed().len(), 1);
    assert!(matches!(play.app.page(), Some(Page::Action(_))), "its outcome is watched");
}

#[test]
fn a_wrong_count_sends_nothing_and_says_so() {
    let mut play = play();
    play.press("<down>R").planned(plans::retry(12)).press("<enter>1<enter>");
    assert!(play.performed().is_empty());
    let Some(Overlay::Prompt(prompt)) = &play.app.overlay else { panic!("the line is gone") };
    assert!(prompt.remark.as_ref().is_some_and(|remark| remark.contains("That is not 12")), "{:?}", prompt.remark);
    play.press("<esc><esc>");
    assert!(play.performed().is_empty());
    assert_eq!(play.notice(), "Nothing was sent.");
}

#[test]
fn one_job_definition_is_suspended_with_two_keys() {
    let mut play = play();
    // The first row is suspended already.
    play.press("2<down><down>");
    play.press("x");
    let (_, Asked::JobDefinitions { definitions, suspend: true }) = play.asked().pop().expect("asked") else { panic!("no suspension") };
    assert_eq!(definitions.len(), 1);
    let plan = plans::plan(Asked::JobDefinitions { definitions, suspend: true }, vec![plans::job_definition("jd")]);
    play.planned(plan).press("<enter>");
    assert_eq!(play.performed().len(), 1);
}

#[test]
fn job_definitions_are_suspended_by_pattern_with_three_keys_the_pattern_and_the_count() {
    let mut play = play();
    play.press("X");
    play.press("payment");
    let Some(Overlay::Prompt(prompt)) = &play.app.overlay else { panic!("nothing is asked") };
    assert!(prompt.remark.as_ref().is_some_and(|remark| remark.contains("active of 1 processes")), "what would match is told before: {:?}", prompt.remark);
    play.press("<enter>");
    let (_, Asked::JobDefinitions { definitions, suspend: true }) = play.asked().pop().expect("asked") else { panic!("no suspension") };
    assert!(!definitions.is_empty());
    let shown = play.app.snapshot.clone();
    let all = shown.job_definitions.get().expect("read");
    for row in all {
        let named = crate::app::job_definitions::process_label(row, &shown).to_lowercase().contains("payment")
            || row.process_key.as_ref().is_some_and(|key| key.as_wire().contains("payment"));
        assert_eq!(definitions.contains(&row.id), named && !row.suspended, "{row:?}");
    }
}

#[test]
fn the_plan_that_is_done_is_the_one_on_the_screen_whatever_a_poll_brings() {
    let mut play = play();
    play.press("<down>R").planned(plans::retry(3));
    play.wave(80);
    play.press("<enter>3<enter>");
    let performed = play.performed().pop().expect("performed");
    assert_eq!(
        performed.targets.iter().map(|target| target.id().to_owned()).collect::<Vec<_>>(),
        plans::retry(3).targets.iter().map(|target| target.id().to_owned()).collect::<Vec<_>>()
    );
}

#[test]
fn an_answer_to_an_older_asking_is_never_shown_as_the_plan() {
    let mut play = play();
    play.press("<down>R");
    let (old, _) = play.asked().pop().expect("asked");
    play.press("r");
    play.send(Message::Acted(Acted::Planned(old, Ok(Arc::new(plans::retry(2))))));
    play.wait(UNREAD).press("<enter>");
    assert!(matches!(play.app.page(), Some(Page::Plan(page)) if page.plan().is_none()));
    assert!(play.performed().is_empty());
}

#[test]
fn a_plan_that_has_just_come_onto_the_screen_or_is_old_is_not_confirmed_by_a_key() {
    let mut play = play();
    play.press("2<down><down>x");
    let plan = plans::plan(Asked::JobDefinitions { definitions: vec!["jd".into()], suspend: true }, vec![plans::job_definition("jd")]);
    let (asking, _) = play.asked().pop().expect("asked");
    let mut fresh = plan.clone();
    fresh.read = play.now;
    play.send(Message::Acted(Acted::Planned(asking, Ok(Arc::new(fresh)))));
    play.press("<enter>");
    assert!(play.performed().is_empty(), "nobody has read it yet");
    for _ in 0..20 {
        play.wait(Duration::from_millis(40)).press("<enter>");
    }
    assert!(play.performed().is_empty(), "enter was held down all the time");
    play.wait(STALE + Duration::from_secs(1)).press("<enter>");
    assert!(play.performed().is_empty(), "it is too old");
    assert!(play.notice().contains("r reads the targets again"), "{}", play.notice());
}

#[test]
fn a_read_only_session_asks_for_no_plan_and_tells_the_way_out() {
    let mut play = play();
    play.app.settings.read_only = true;
    play.press("<down>RCx");
    assert!(play.asked().is_empty());
    assert!(play.notice().contains("read-only"), "{}", play.notice());
}

#[test]
fn an_operator_is_told_that_cancelling_takes_an_admin() {
    let mut play = play();
    play.press("<down><enter><enter>C");
    assert!(play.asked().is_empty());
    assert!(play.notice().contains("takes the role admin"), "{}", play.notice());
    assert!(play.notice().contains("It may have operator at most: set max_role"), "{}", play.notice());
    play.press("Madmin<enter>");
    assert!(play.effects.iter().all(|effect| !matches!(effect, Effect::Act(ActCommand::Role(_)))), "no further than the profile allows");
    play.press("<esc>");
    play.app.settings.max_role = Role::Admin;
    play.press("C");
    assert!(play.notice().contains("M takes the role admin"), "{}", play.notice());
    (play.app.settings.production, play.app.settings.profile) = (true, Some("prod".to_owned()));
    play.press("Madmin<enter>");
    assert_eq!(play.app.settings.role, Role::Operator, "on a production engine the profile is typed too");
    play.press(" prod<enter>");
    assert_eq!(play.app.settings.role, Role::Admin);
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::Act(ActCommand::Role(Role::Admin)))));
    play.press("C");
    assert!(matches!(play.asked().pop(), Some((_, Asked::Cancel(_)))));
}

#[test]
fn a_refusal_stays_on_the_screen_with_its_reason() {
    let mut play = play();
    play.press("<down>R");
    let (asking, _) = play.asked().pop().expect("asked");
    let why = Unavailable { why: "the job is gone".into(), remedy: "look again".into() };
    play.send(Message::Acted(Acted::Planned(asking, Err(why))));
    play.wait(UNREAD).press("<enter>");
    assert!(play.performed().is_empty());
    assert!(play.notice().contains("The job is gone"), "{}", play.notice());
}

#[test]
fn marked_rows_are_acted_on_together_and_the_row_under_the_cursor_is_not_added() {
    let mut play = play();
    play.press("<down><enter><enter>  ");
    play.press("R");
    let (_, Asked::Retry(incidents)) = play.asked().pop().expect("asked") else { panic!("no retry") };
    assert_eq!(incidents.len(), 2);
}

#[test]
fn the_menu_says_what_cannot_be_done_and_why() {
    let mut play = play();
    play.press("<down>a");
    let Some(Overlay::Menu(menu)) = &play.app.overlay else { panic!("no menu") };
    let why = |letter: char| menu.items.iter().find(|item| item.row.letter == letter).and_then(|item| item.obstacle.as_ref()).map(Unavailable::words);
    assert_eq!(why('r'), None);
    assert!(why('c').is_some_and(|why| why.contains("role admin")));
    assert!(why('v').is_some());
    let first_obstacle = menu.items.iter().position(|item| item.obstacle.is_some()).expect("some cannot be done");
    assert!(menu.items[first_obstacle..].iter().all(|item| item.obstacle.is_some()), "what can be done stands first");
    play.press("v");
    assert!(matches!(play.app.overlay, Some(Overlay::Menu(_))), "what cannot be done leaves the menu open");
    play.press("r");
    assert_eq!(play.asked().len(), 1);
}

#[test]
fn leaving_while_an_action_sends_takes_two_keys_one_after_the_other() {
    let mut play = play();
    let ledger = crate::action::ledger::Ledger {
        plan: Arc::new(plans::retry(3)),
        sentence: String::new(),
        stage: crate::action::ledger::Stage::Sending,
        outcomes: vec![Default::default(); 3],
        steps: 3,
        sent: 1,
        began: play.now,
        ended: None,
        pace: 1.0,
        reading: Default::default(),
        look: Vec::new(),
        notes: Vec::new(),
        head: None,
    };
    play.send(Message::Acted(Acted::Ledgers(Arc::new(vec![Arc::new(ledger)]))));
    let left = |play: &Play| play.effects.iter().any(|effect| matches!(effect, Effect::Quit));
    play.press("q<down>q");
    assert!(!left(&play), "another key between them begins anew");
    assert!(play.notice().contains("q again leaves"), "{}", play.notice());
    play.press("q");
    assert!(left(&play));
}

#[test]
fn a_freeze_asks_for_all_that_is_shown_because_what_is_active_is_read_when_it_is_planned() {
    let mut play = play();
    play.press("af");
    let (_, Asked::Freeze(ids)) = play.asked().pop().expect("asked") else { panic!("no freeze") };
    let snapshot = play.app.snapshot.clone();
    let rows = snapshot.job_definitions.get().expect("read");
    assert!(rows.iter().any(|row| row.suspended), "one is suspended already");
    assert!(rows.iter().all(|row| ids.contains(&row.id)) && ids.len() == rows.len());
}

/// The list of what is suspended with two timers, an instance and a job that is suspended alone.
fn with_suspended(play: &mut Play) {
    use crate::model::inquiry::{Finding, Inquiry};
    use crate::model::job::Job;
    use crate::model::suspension::{Suspended, SuspendedCounts, TimedSuspension};
    let now = play.now;
    let mut snapshot = example::snapshot(now);
    let timer = |id: &str| TimedSuspension { job: id.into(), at: now.wall, suspend: true, job_definition: None, process_definition: None, user: None };
    let asleep = crate::model::definition::ProcessInstance { id: "asleep".into(), suspended: true, ..example::instance::running() };
    let alone = Job { id: "alone".into(), suspended: true, job_definition: None, ..example::job(3) };
    let counts = SuspendedCounts { instances: 1, jobs: 1, waiting: 0 };
    let found = Suspended { counts, instances: vec![asleep], jobs: vec![alone], timed: Ok(vec![timer("t1"), timer("t2")]) };
    example::calls::answer(&mut snapshot, Inquiry::Suspended, Finding::Suspended(Box::new(found)), now);
    play.send(Message::Snapshot(Arc::new(snapshot)));
    play.press("W");
}

#[test]
fn marked_timers_are_called_off_together_and_rows_of_several_kinds_are_not_changed_by_one_plan() {
    let mut play = play();
    with_suspended(&mut play);
    play.press("  x");
    let (_, Asked::CallOffTimed(timers)) = play.asked().pop().expect("asked") else { panic!("no calling off") };
    assert_eq!(timers, ["t1".into(), "t2".into()]);
    for others in ["G ", "G<up> "] {
        let mut play = self::play();
        with_suspended(&mut play);
        play.press(" ");
        play.press(others);
        play.press("x");
        assert!(play.asked().is_empty() && play.notice().contains("several kinds"), "{}", play.notice());
    }
}

#[test]
fn a_job_that_is_suspended_alone_says_how_it_is_woken() {
    let mut play = play();
    with_suspended(&mut play);
    play.press("Gx");
    assert!(play.asked().is_empty() && play.notice().contains("suspended alone"), "{}", play.notice());
    play.press("ai");
    let (_, Asked::Instances { suspend: true, instances }) = play.asked().pop().expect("asked") else { panic!("no suspension") };
    assert_eq!(instances.len(), 1);
}
