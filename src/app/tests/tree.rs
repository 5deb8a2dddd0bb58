//! Keys in the tree of called instances.

use super::*;
use crate::app::pages::tree::TreePage;
use crate::model::call_tree::NodeKey;
use crate::model::example::calls;
use crate::model::grouping::KnownIncident;
use crate::model::inquiry::{CalledPage, Finding};
use crate::model::inquiry::{Inquiry, Which};
use crate::model::suspension::SuspendedCounts;

fn open() -> Play {
    let mut play = play();
    let mut snapshot = example::snapshot(play.now);
    calls::failing_order(&mut snapshot, play.now);
    play.send(Message::Snapshot(Arc::new(snapshot)));
    play.press("<down>t");
    play
}

impl Play {
    fn tree(&self) -> &TreePage {
        match self.app.page() {
            Some(Page::Tree(page)) => page,
            other => panic!("no tree is open: {other:?}"),
        }
    }

    fn selected_instance(&self) -> String {
        match self.tree().list.selected_key() {
            Some(NodeKey::Instance(id)) => id.to_string(),
            other => panic!("the cursor is not on an instance: {other:?}"),
        }
    }

    fn see(&mut self, change: impl FnOnce(&mut Snapshot, Moment)) {
        let mut snapshot = example::snapshot(self.now);
        calls::failing_order(&mut snapshot, self.now);
        change(&mut snapshot, self.now);
        self.send(Message::Snapshot(Arc::new(snapshot)));
    }
}

#[test]
fn from_the_dashboard_over_the_tree_to_the_stack_trace_it_takes_three_keys() {
    let mut play = open();
    assert_eq!(play.selected_instance(), "instance-0000", "the cursor is on the root cause");
    play.press("<enter>");
    assert_eq!(play.incident_page().known.incident.id.to_string(), "incident-0000");
    play.press("<esc>");
    assert_eq!(play.selected_instance(), "instance-0000");
    play.press("<esc>");
    assert!(play.app.page().is_none());
}

#[test]
fn a_blocked_parent_leads_to_the_cause_below_it() {
    let mut play = open();
    play.press("u");
    assert_eq!(play.selected_instance(), "instance-0100");
    play.press("c");
    assert_eq!(play.selected_instance(), "instance-0000");
}

#[test]
fn left_folds_and_then_goes_up_and_right_unfolds_and_then_goes_down() {
    let mut play = open();
    play.press("h");
    assert_eq!(play.selected_instance(), "instance-0100", "nothing is below the cause");
    play.press("h");
    assert_eq!(play.tree().tree.rows.len(), 1);
    play.press("l");
    assert_eq!(play.tree().tree.rows.len(), 3);
    play.press("l");
    assert_eq!(play.selected_instance(), "instance-0300");
    play.press("uh");
    play.press("h");
    assert!(play.app.notice.as_ref().unwrap().0.contains("topmost"), "{:?}", play.app.notice);
}

#[test]
fn what_is_asked_follows_what_is_on_the_screen() {
    let mut play = open();
    let asked = |play: &Play| {
        let looks = play.effects.iter().rev().find_map(|effect| match effect {
            Effect::Poll(PollCommand::Look(looking)) => Some(looking.clone()),
            _ => None,
        });
        looks.unwrap().inquiries
    };
    let inquiries = asked(&play);
    assert!(inquiries.contains(&Inquiry::Called("instance-0100".into(), Which::Failing, 0)), "{inquiries:?}");
    assert!(!inquiries.iter().any(|inquiry| matches!(inquiry, Inquiry::Incidents(_) | Inquiry::Chain(_))), "the picture knows all incidents: {inquiries:?}");
    assert!(!inquiries.contains(&Inquiry::Called("instance-0300".into(), Which::Running, 0)), "a folded instance is not asked about");
    play.press("uh");
    assert!(!asked(&play).contains(&Inquiry::Tokens("instance-0000".into())), "what is not on the screen is not asked about");
    play.press("<esc>");
    assert!(asked(&play).is_empty());
}

#[test]
fn where_an_instance_stands_is_asked_often_on_the_way_to_the_cause_and_under_the_cursor_and_seldom_beside() {
    let mut play = open();
    let beside = Inquiry::Tokens("instance-0300".into());
    let looking = play.app.looking.clone();
    for id in ["instance-0100", "instance-0000"] {
        assert!(looking.inquiries.contains(&Inquiry::Tokens(id.into())), "{:?}", looking.inquiries);
    }
    // What is suspended in the engine is asked on every page.
    assert_eq!(looking.seldom, [beside.clone(), Inquiry::SuspendedCount]);
    play.press("u<down>");
    assert_eq!(play.selected_instance(), "instance-0300");
    let looking = &play.app.looking;
    assert!(looking.seldom == [Inquiry::SuspendedCount] && looking.inquiries.contains(&beside), "{looking:?}");
}

#[test]
fn suspended_jobs_of_the_rows_are_only_asked_for_where_the_engine_counts_any() {
    let mut play = open();
    let held = Inquiry::HeldJobs("instance-0000".into());
    for (jobs, asked) in [(0, false), (1, true)] {
        play.see(|snapshot, now| {
            let counts = SuspendedCounts { jobs, ..SuspendedCounts::default() };
            calls::answer(snapshot, Inquiry::SuspendedCount, Finding::SuspendedCount(counts), now);
        });
        assert_eq!(play.app.looking.inquiries.contains(&held), asked, "{jobs} suspended jobs");
    }
    assert!(play.app.looking.seldom.contains(&Inquiry::HeldJobs("instance-0300".into())), "{:?}", play.app.looking.seldom);
}

#[test]
fn a_child_that_ends_under_the_cursor_stays_until_the_cursor_leaves_it() {
    let mut play = open();
    play.press("u<down>");
    assert_eq!(play.selected_instance(), "instance-0300");
    play.see(|snapshot, now| {
        let Some(Finding::Called(page)) = snapshot.findings[&Inquiry::Called("instance-0100".into(), Which::Running, 0)].get().cloned() else { panic!() };
        let rows = page.rows.into_iter().filter(|row| row.id.to_string() != "instance-0300").collect();
        let page = CalledPage { rows, total: Some(1), ..CalledPage::default() };
        calls::answer(snapshot, Inquiry::Called("instance-0100".into(), Which::Running, 0), Finding::Called(page), now);
    });
    assert_eq!(play.selected_instance(), "instance-0300", "the cursor stays");
    assert!(play.tree().selected().is_none(), "but nothing can be done with what is no longer there");
    play.press("<down>");
    assert_eq!(play.selected_instance(), "instance-0000");
    assert_eq!(play.tree().list.visible().count(), 2);
}

#[test]
fn the_cursor_stays_where_it_is_when_the_cause_heals_or_another_one_comes() {
    let mut play = open();
    play.see(|snapshot, now| example::set_incidents(snapshot, Vec::new(), now));
    assert_eq!(play.selected_instance(), "instance-0000", "no key was pressed");
    assert!(play.tree().selected().is_some(), "it still runs, and its row is still there");
    play.see(|_, _| {});
    assert_eq!(play.selected_instance(), "instance-0000");
}

#[test]
fn the_cause_is_selected_when_it_is_found_unless_the_cursor_was_moved() {
    let mut play = play();
    play.press("<down>t");
    play.press("u");
    play.see(|_, _| {});
    assert_eq!(play.selected_instance(), "instance-0100", "the operator's own choice holds");
}

#[test]
fn an_incident_without_an_instance_says_why_it_has_no_tree() {
    let mut play = play();
    let mut snapshot = example::snapshot(play.now);
    let mut known = KnownIncident::clone(snapshot.incident(&"incident-0000".into()).unwrap());
    (known.incident.process_instance, known.incident.process_definition) = (None, None);
    let now = play.now;
    example::set_incidents(&mut snapshot, vec![Arc::new(known)], now);
    play.send(Message::Snapshot(Arc::new(snapshot)));
    play.press("<down>t");
    assert!(play.app.page().is_none());
    assert!(play.app.notice.as_ref().unwrap().0.contains("no process instance"), "{:?}", play.app.notice);
}
