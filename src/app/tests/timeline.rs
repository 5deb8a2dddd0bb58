//! The timeline of an instance: what is asked, what keys do, and that reading never moves the cursor's row.

use super::*;
use crate::app::pages::timeline::{Standing, TimelinePage};
use crate::model::history::{HistoryLevel, JobEvent};
use crate::model::inquiry::{Finding, Inquiry};
use crate::model::snapshot::Snapshot;
use crate::model::timeline::{Key, Part, PastRows, Row, RowKey, What, example as lively};

fn page(play: &Play) -> &TimelinePage {
    match play.app.page() {
        Some(Page::Timeline(page)) => page,
        other => panic!("no timeline: {other:?}"),
    }
}

fn show(play: &mut Play, change: impl FnOnce(&mut Snapshot, Moment)) {
    let mut snapshot = example::snapshot(play.now);
    snapshot.findings = play.app.snapshot.findings.clone();
    change(&mut snapshot, play.now);
    play.send(Message::Snapshot(Arc::new(snapshot)));
}

/// The timeline of the first incident's instance, all of it read.
fn opened() -> Play {
    let mut play = play();
    play.press("<down>dT");
    show(&mut play, lively::answer_all);
    play
}

fn asked(play: &Play) -> Vec<Inquiry> {
    let looks = play.effects.iter().rev();
    let looking = looks.filter_map(|effect| if let Effect::Poll(PollCommand::Look(looking)) = effect { Some(looking) } else { None }).next();
    looking.map(|looking| looking.inquiries.clone()).unwrap_or_default()
}

fn select(play: &mut Play, key: Key) {
    for _ in 0..200 {
        if page(play).list.selected_key() == Some(&RowKey::Event(key.clone())) {
            return;
        }
        play.press("<down>");
    }
    panic!("{key:?} is not shown");
}

fn line(play: &Play) -> Option<usize> {
    page(play).list.visible().position(|(_, selected)| selected)
}

#[test]
fn an_open_timeline_asks_for_every_part_and_for_departures_only_where_visits_are_many() {
    let mut play = opened();
    let past = |part| Inquiry::Past(lively::instance(), part, 0);
    for part in [Part::Entered, Part::Jobs, Part::Operations, Part::Variables, Part::Incidents] {
        assert!(asked(&play).contains(&past(part)), "{part:?}");
    }
    assert!(!asked(&play).contains(&past(Part::Left)));
    let many = |now| (0..200).map(|n| lively::visit(now, &format!("a:{n}"), "userTask", f64::from(n), None)).collect();
    play.wait(Duration::from_secs(10));
    show(&mut play, |snapshot, now| lively::answer(snapshot, [lively::page(Part::Entered, 0, PastRows::Activities(many(now)), true)], now));
    assert!(asked(&play).contains(&past(Part::Left)));
}

#[test]
fn new_events_never_move_the_row_under_the_cursor() {
    let mut play = opened();
    select(&mut play, Key::Job("log-4".into()));
    let before = line(&play);
    play.wait(Duration::from_secs(10));
    show(&mut play, |snapshot, now| {
        let more = (0..30).map(|n| lively::entry(now, &format!("new-{n}"), JobEvent::Failed, f64::from(n) / 10.0, 1)).collect();
        lively::answer(snapshot, [lively::page(Part::Jobs, 0, PastRows::Jobs(more), false)], now);
    });
    assert_eq!(page(&play).list.selected_key(), Some(&RowKey::Event(Key::Job("log-4".into()))));
    assert_eq!(line(&play), before);
    assert!(page(&play).told(&RowKey::Event(Key::Job("new-7".into()))).is_some());
}

#[test]
fn enter_on_a_failure_reads_the_stack_trace_of_that_very_failure() {
    let mut play = opened();
    select(&mut play, Key::Job("log-3".into()));
    play.press("<enter>");
    assert_eq!(asked(&play), [Inquiry::FailureTrace("log-3".into())]);
    show(&mut play, |snapshot, now| {
        let trace = Finding::FailureTrace(Some(("java.lang.X: boom\n\tat a.B.c(B.java:7)".into(), None)));
        lively::answer(snapshot, [(Inquiry::FailureTrace("log-3".into()), trace)], now);
    });
    assert_eq!(play.app.page().and_then(|page| page.text()).map(|text| text.tail_len()), Some(2));
    play.press("<esc>");
    assert_eq!(page(&play).list.selected_key(), Some(&RowKey::Event(Key::Job("log-3".into()))));
}

#[test]
fn enter_on_a_call_shows_the_tree_of_the_called_instance_and_on_an_open_incident_all_about_it() {
    let mut play = opened();
    select(&mut play, Key::Entered(lively::CALL.into()));
    play.press("<enter>");
    let Some(Page::Tree(tree)) = play.app.page() else { panic!("no tree") };
    assert_eq!(tree.view.target.instance(), Some(&"instance-0042".into()));
    play.press("<esc>g");
    select(&mut play, Key::Opened("incident-0000".into()));
    play.press("<enter>");
    assert_eq!(play.incident_page().known.incident.id, "incident-0000".into());
}

#[test]
fn an_open_incident_that_the_picture_lacks_leads_to_the_tree_and_one_that_ended_says_so() {
    let mut play = opened();
    show(&mut play, |snapshot, now| example::set_incidents(snapshot, Vec::new(), now));
    select(&mut play, Key::Opened("incident-0000".into()));
    play.press("<enter>");
    let Some(Page::Tree(tree)) = play.app.page() else { panic!("no tree") };
    assert_eq!(tree.view.target.instance(), Some(&lively::instance()));
    assert!(play.app.notice.as_ref().is_some_and(|(words, _)| words.contains("tree of its instance")));
    play.press("<esc>");
    let ended = |event: &crate::model::timeline::Event| matches!(&event.what, What::Opened(trouble) if !trouble.open);
    let key = page(&play).list.visible().find_map(|(key, _)| match &page(&play).told(key)?.row {
        Row::Event(event, _) if ended(event) => Some(event.key.clone()),
        _ => None,
    });
    select(&mut play, key.expect("an incident that ended"));
    play.press("<enter>");
    assert!(play.app.notice.as_ref().is_some_and(|(words, _)| words.contains("not open any more")), "{:?}", play.app.notice);
}

#[test]
fn the_order_is_turned_round_with_the_cursor_on_its_row() {
    let mut play = opened();
    let first = page(&play).list.visible().next().map(|(key, _)| key.clone());
    assert_eq!(first, Some(RowKey::Event(Key::Opened("incident-0000".into()))));
    select(&mut play, Key::Job("log-4".into()));
    play.press("s");
    assert_eq!(page(&play).list.selected_key(), Some(&RowKey::Event(Key::Job("log-4".into()))));
    play.press("g");
    assert_eq!(page(&play).list.selected_key(), Some(&RowKey::Event(Key::Started)));
}

#[test]
fn only_trouble_leaves_failures_incidents_and_what_users_did() {
    let mut play = opened();
    let all = page(&play).list.len();
    play.press("o");
    let shown: Vec<&RowKey> = page(&play).list.visible().map(|(key, _)| key).collect();
    assert!(shown.contains(&&RowKey::Event(Key::Job("log-2".into()))) && !shown.contains(&&RowKey::Event(Key::Job("log-1".into()))));
    assert!(shown.contains(&&RowKey::Event(Key::Variable("v-2".into()))), "what a user changed is a deed");
    play.press("o");
    assert_eq!(page(&play).list.len(), all);
}

#[test]
fn a_filter_is_typed_live_and_esc_clears_it_before_it_leads_back() {
    let mut play = opened();
    let all = page(&play).list.len();
    play.press("/gateway is<enter>");
    assert_eq!(page(&play).list.len(), 1);
    play.press("<esc>");
    assert_eq!(page(&play).list.len(), all);
    play.press("<esc>");
    assert!(matches!(play.app.page(), Some(Page::Incident(_))));
}

#[test]
fn older_events_are_read_page_by_page_and_a_page_read_before_it_was_asked_for_is_not_taken() {
    let mut play = opened();
    let log = |now, from: u32| PastRows::Jobs((from..from + 200).map(|n| lively::entry(now, &format!("o{n}"), JobEvent::Failed, f64::from(n), 1)).collect());
    show(&mut play, |snapshot, now| lively::answer(snapshot, [lively::page(Part::Jobs, 1, log(now, 9_000), false)], now));
    play.wait(Duration::from_secs(10));
    show(&mut play, |snapshot, now| lively::answer(snapshot, [lively::page(Part::Jobs, 0, log(now, 0), true)], now));
    assert!(page(&play).told(&RowKey::Older).is_some());
    play.press("G").press("s");
    while page(&play).list.selected_key() != Some(&RowKey::Older) {
        play.press("<down>");
    }
    play.press("<enter>");
    assert!(asked(&play).contains(&Inquiry::Past(lively::instance(), Part::Jobs, 1)));
    show(&mut play, |_, _| {});
    assert!(page(&play).told(&RowKey::Event(Key::Job("o9000".into()))).is_none());
    play.wait(Duration::from_secs(1));
    show(&mut play, |snapshot, now| lively::answer(snapshot, [lively::page(Part::Jobs, 1, log(now, 200), false)], now));
    assert!(page(&play).told(&RowKey::Event(Key::Job("o399".into()))).is_some());
    assert!(!page(&play).list.visible().any(|(key, _)| *key == RowKey::Older && !page(&play).list.is_ghost(key)), "all is read");
    assert!(!asked(&play).contains(&Inquiry::Past(lively::instance(), Part::Jobs, 1)));
}

#[test]
fn parts_that_a_history_does_not_keep_are_named_with_the_reason() {
    let mut play = play();
    play.press("<down>T");
    let empty = |snapshot: &mut Snapshot, now: Moment| {
        lively::answer(snapshot, [lively::standing(true, Some(lively::past(now)))], now);
        for (part, rows) in lively::parts(now) {
            let rows = match rows {
                PastRows::Jobs(_) => PastRows::Jobs(Vec::new()),
                PastRows::Operations(_) => PastRows::Operations(Vec::new()),
                PastRows::Variables(_) => PastRows::Variables(Vec::new()),
                PastRows::Incidents(_) => PastRows::Incidents(Vec::new()),
                PastRows::Activities(rows) => PastRows::Activities(rows),
            };
            lively::answer(snapshot, [lively::page(part, 0, rows, false)], now);
        }
    };
    // Nobody told the level, but the instance has an incident that the history does not know.
    show(&mut play, empty);
    let hidden = "HIDDEN: job log, operations of users, changes of variables, incidents";
    assert_eq!(page(&play).notices, [hidden, "because the history level is below full, or READ_HISTORY is missing"]);
    show(&mut play, |snapshot, _| snapshot.history = HistoryLevel::BelowFull);
    assert_eq!(page(&play).notices, [hidden, "because the history level is below full"]);
}

#[test]
fn a_part_that_is_forbidden_says_so() {
    let mut play = opened();
    show(&mut play, |snapshot, _| {
        let mut findings = std::collections::HashMap::clone(&snapshot.findings);
        let problem = Problem { label: "forbidden", what: "READ on OPERATION_LOG is missing.".into(), remedy: "Ask an administrator.".into() };
        findings.entry(Inquiry::Past(lively::instance(), Part::Operations, 0)).or_default().fail(problem);
        snapshot.findings = Arc::new(findings);
    });
    assert_eq!(page(&play).notices, ["HIDDEN: operations of users", "because READ on OPERATION_LOG is missing. Ask an administrator"]);
}

#[test]
fn an_instance_that_ends_gets_its_end_and_is_asked_for_once_more_and_one_that_is_deleted_keeps_what_was_known() {
    let mut play = opened();
    play.wait(Duration::from_secs(10));
    show(&mut play, |snapshot, now| {
        let ended = crate::model::history::HistoricInstance { ended: Some(now.wall), ..lively::past(now) };
        lively::answer(snapshot, [lively::standing(false, Some(ended))], now);
    });
    assert_eq!(page(&play).standing, Standing::Over);
    assert!(page(&play).told(&RowKey::Event(Key::Over)).is_some());
    assert!(asked(&play).contains(&Inquiry::Past(lively::instance(), Part::Jobs, 0)));
    play.wait(Duration::from_secs(10));
    let total = page(&play).total;
    show(&mut play, |snapshot, now| lively::answer(snapshot, lively::parts(now).into_iter().map(|(part, rows)| lively::page(part, 0, rows, false)), now));
    assert_eq!(asked(&play), [Inquiry::Instance(lively::instance())]);
    show(&mut play, |snapshot, now| lively::answer(snapshot, [lively::standing(false, None)], now));
    assert!(page(&play).notices[0].starts_with("GONE") && page(&play).total >= total, "{:?}", page(&play).notices);
}
