//! The page of an instance: what it asks for, what enter does on its rows, and what becomes of it when the instance ends.

use super::*;
use crate::app::pages::instance::{Content, InstancePage, Part, RowKey, State, count_words};
use crate::model::example::instance;
use crate::model::history::{HistoryLevel, InstanceState};
use crate::model::inquiry::{Finding, Inquiry, Listed, VariableRow, VariablesAsk};
use crate::model::snapshot::Snapshot;
use crate::model::variable::VariableValue;

impl Play {
    fn instance_page(&self) -> &InstancePage {
        match self.app.page() {
            Some(Page::Instance(page)) => page,
            other => panic!("no page of an instance: {other:?}"),
        }
    }

    fn picture(&mut self, change: impl Fn(&mut Snapshot, Moment)) -> &mut Self {
        let mut snapshot = example::snapshot(self.now);
        instance::fill(&mut snapshot, self.now);
        change(&mut snapshot, self.now);
        self.send(Message::Snapshot(Arc::new(snapshot)));
        self
    }

    /// What is asked about single instances now.
    fn inquiries(&self) -> &[Inquiry] {
        &self.app.looking.inquiries
    }

    /// Puts the cursor on a row.
    fn to(&mut self, key: &RowKey) -> &mut Self {
        self.press("g");
        for _ in 0..200 {
            if self.instance_page().list.selected_key() == Some(key) {
                return self;
            }
            self.press("<down>");
        }
        panic!("no row {key:?}: {:?}", self.instance_page().rows.iter().map(|row| &row.key).collect::<Vec<_>>());
    }
}

fn opened() -> Play {
    let mut play = play();
    play.picture(|_, _| {}).press("<down>i");
    play
}

fn ask(page: u32, reading: u32) -> Inquiry {
    Inquiry::Variables(VariablesAsk { instance: instance::id(), page, reading })
}

#[test]
fn the_page_opens_from_lists_and_describe_page_and_asks_for_every_part_but_variables() {
    let play = opened();
    assert_eq!(play.instance_page().id, instance::id());
    for part in Part::ALL {
        if let Some(inquiry) = part.inquiry(&instance::id()) {
            assert!(play.inquiries().contains(&inquiry), "{part:?}");
        }
    }
    assert!(!play.inquiries().iter().any(|inquiry| matches!(inquiry, Inquiry::Variables(_))));
    let mut described = super::play();
    described.press("<down>di");
    assert_eq!(described.instance_page().id, instance::id());
}

#[test]
fn the_cursor_begins_on_what_failed_and_a_key_pressed_before_keeps_it_elsewhere() {
    assert_eq!(opened().instance_page().list.selected_key(), Some(&RowKey::Incident("incident-0000".into())));
    let mut early = play();
    early.press("<down>i<down>");
    let chosen = early.instance_page().list.selected_key().cloned();
    early.picture(|_, _| {});
    assert_eq!(early.instance_page().list.selected_key(), chosen.as_ref());
}

#[test]
fn a_failed_job_leads_to_its_incident_and_one_with_retries_left_to_its_message() {
    let mut play = opened();
    play.to(&RowKey::Job("job-0000".into())).press("<enter>");
    assert_eq!(play.incident_page().known.incident.id, "incident-0000".into());
    play.press("<esc>").to(&RowKey::Job("job-retrying".into())).press("<enter>");
    assert_eq!(play.instance_page().id, instance::id(), "no page is opened");
    assert!(play.app.notice.as_ref().is_some_and(|(words, _)| words.contains("retries are left")));
}

#[test]
fn called_instances_lead_to_the_tree_and_an_instance_of_it_without_an_incident_back_to_a_page() {
    let mut play = opened();
    play.to(&RowKey::Called).press("<enter>");
    assert!(matches!(play.app.page(), Some(Page::Tree(_))));
    play.press("<esc>t");
    assert!(matches!(play.app.page(), Some(Page::Tree(_))));
    // The caller has no incident of its own in this picture but is in the tree.
    play.picture(|snapshot, now| example::set_incidents(snapshot, Vec::new(), now));
    play.press("i");
    assert!(matches!(play.app.page(), Some(Page::Instance(_))));
}

#[test]
fn the_caller_opens_on_a_page_of_its_own() {
    let mut play = opened();
    assert!(play.inquiries().contains(&Inquiry::Instance("instance-0100".into())), "its name is asked for");
    play.to(&RowKey::Fact(crate::app::pages::instance::Fact::Caller)).press("<enter>");
    assert_eq!(play.instance_page().id, "instance-0100".into());
}

#[test]
fn variables_are_asked_for_once_with_v_and_again_only_with_r() {
    let mut play = opened();
    play.press("v");
    assert!(play.inquiries().contains(&ask(0, 0)));
    play.picture(|snapshot, now| instance::read_variables(snapshot, instance::variables(), false, now));
    assert!(!play.inquiries().iter().any(|inquiry| matches!(inquiry, Inquiry::Variables(_))), "answered: nobody asks any more");
    let shown = |play: &Play| play.instance_page().rows.iter().filter(|row| matches!(row.content, Content::Variable { .. })).count();
    assert_eq!(shown(&play), 7, "kept by the page");
    play.picture(|_, _| {});
    assert_eq!(shown(&play), 7, "although the picture has forgotten them");
    play.press("r");
    assert!(play.inquiries().contains(&ask(0, 1)));
    assert_eq!(shown(&play), 7, "what was read before is shown until the answer comes");
    play.picture(|snapshot, now| instance::read_variables(snapshot, Vec::new(), false, now));
    assert_eq!(shown(&play), 7, "an older reading is no answer");
    play.press("<esc>i");
    assert_eq!(shown(&play), 0, "they go with the page");
}

#[test]
fn another_user_sees_nothing_that_the_former_one_read_and_the_same_user_keeps_it() {
    let revealed = || {
        let mut play = opened();
        play.press("v").picture(|snapshot, now| instance::read_variables(snapshot, instance::variables(), false, now));
        play.to(&RowKey::Variable("variable-cardNumber".into())).press("<enter>");
        assert!(play.instance_page().rows.iter().any(|row| matches!(row.content, Content::Variable { secret: true, masked: false, .. })));
        play
    };
    let mut same = revealed();
    same.press("Lsecret<enter>");
    assert!(same.instance_page().rows.iter().any(|row| matches!(row.content, Content::Variable { secret: true, masked: false, .. })));
    let mut other = revealed();
    other.press("Tt").press("L<tab>demo2<enter>secret<enter>");
    let user = other.effects.iter().rev().find_map(|effect| match effect {
        Effect::Poll(PollCommand::Login { user, .. }) => Some(user.clone()),
        _ => None,
    });
    assert_eq!(user.as_deref(), Some("demo2"));
    assert!(other.app.pages.is_empty());
    assert_eq!(other.app.notice.as_ref().map(|(words, _)| words.as_str()), Some("Logged in as demo2: pages were closed."));
    // A page that is opened before the next picture comes must not find the answers of the former user.
    other.press("iv");
    let page = other.instance_page();
    assert!(page.holdings.is_empty() && page.state == State::Reading && !page.variables.are_known());
}

#[test]
fn further_variables_are_read_one_page_after_the_other_and_none_is_shown_twice() {
    let mut play = opened();
    play.press("v").picture(|snapshot, now| instance::read_variables(snapshot, instance::variables(), true, now));
    play.to(&RowKey::MoreVariables).press("<enter>");
    assert!(play.inquiries().contains(&ask(1, 0)) && !play.inquiries().contains(&ask(0, 0)));
    play.picture(|snapshot, now| {
        let extra = VariableRow::Read(Arc::new(instance::variable("zone", "String", VariableValue::of_text("eu"))));
        let rows = instance::variables().into_iter().take(2).chain([extra]).collect();
        let page = crate::model::inquiry::VariablesPage { rows, more: false };
        instance::answer(snapshot, ask(1, 0), Finding::Variables(page), now);
    });
    let keys: Vec<_> = play.instance_page().rows.iter().filter(|row| matches!(row.content, Content::Variable { .. })).map(|row| row.key.clone()).collect();
    assert_eq!(keys.len(), 8);
    assert!(play.instance_page().row(&RowKey::MoreVariables).is_none());
}

#[test]
fn variables_that_could_not_be_read_are_not_asked_for_again_by_themselves() {
    let mut play = opened();
    play.press("v").picture(|snapshot, _| {
        let problem = Problem { label: "forbidden", what: "READ_VARIABLE is missing".into(), remedy: "Ask an administrator.".into() };
        Arc::make_mut(&mut snapshot.findings).entry(ask(0, 0)).or_default().fail(problem);
    });
    assert!(!play.inquiries().iter().any(|inquiry| matches!(inquiry, Inquiry::Variables(_))));
    assert!(play.instance_page().variables.problem.is_some());
    play.press("v");
    assert!(play.inquiries().contains(&ask(0, 1)), "asked again");
}

#[test]
fn enter_on_a_value_that_was_not_kept_tells_its_size() {
    let mut play = opened();
    play.press("v").picture(|snapshot, now| instance::read_variables(snapshot, instance::variables(), false, now));
    play.to(&RowKey::Variable("variable-report".into())).press("<enter>");
    assert!(play.app.notice.as_ref().is_some_and(|(words, _)| words.contains("68.3 KiB")), "{:?}", play.app.notice);
}

#[test]
fn the_id_of_the_selected_row_is_copied() {
    let mut play = opened();
    play.to(&RowKey::Job("job-retrying".into())).press("y");
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::Copy(id) if id == "job-retrying")));
    play.to(&RowKey::Heading(Part::Jobs)).press("y");
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::Copy(id) if id == "instance-0000")));
}

#[test]
fn an_instance_that_ends_keeps_what_was_last_known_and_asks_for_nothing_live() {
    let mut play = opened();
    let before = play.instance_page().rows.len();
    play.wait(Duration::from_secs(5)).picture(instance::empty_parts);
    play.wait(Duration::from_secs(5)).picture(|snapshot, now| instance::end(snapshot, Some(InstanceState::Completed), now));
    let page = play.instance_page();
    assert!(page.is_frozen() && matches!(page.state, State::Over(_)));
    assert_eq!(page.rows.len(), before + 1, "all rows, and one that says what happened");
    assert!(!play.inquiries().contains(&Inquiry::Jobs(instance::id())));
    assert!(play.inquiries().contains(&Inquiry::PastIncidents(instance::id())));
}

#[test]
fn an_instance_that_ended_before_the_page_was_opened_is_no_news_although_an_older_answer_was_kept() {
    let mut play = play();
    play.picture(|_, _| {}).wait(Duration::from_secs(600)).press("<down>i");
    assert!(matches!(play.instance_page().state, State::Running(_)), "as it was last known");
    play.wait(Duration::from_secs(5)).picture(|snapshot, now| instance::end(snapshot, Some(InstanceState::Completed), now));
    let page = play.instance_page();
    assert!(!page.is_frozen() && matches!(page.state, State::Over(_)));
    assert!(!page.rows.iter().any(|row| row.part.is_some_and(Part::is_live)), "what was kept of it is not what it was at its end");
    assert!(page.finding.as_ref().is_some_and(|finding| finding.running.is_none()));
    play.press("v");
    assert!(play.app.notice.as_ref().is_some_and(|(words, _)| words.contains("its variables with it")), "{:?}", play.app.notice);
    assert!(!play.inquiries().iter().any(|inquiry| matches!(inquiry, Inquiry::Variables(_))), "variables that were never read are not asked for now");
}

#[test]
fn what_was_done_long_before_the_end_does_not_come_back() {
    let mut play = opened();
    play.wait(Duration::from_secs(5)).picture(|_, _| {}).picture(instance::empty_parts).wait(Duration::from_secs(60));
    play.picture(|snapshot, now| instance::end(snapshot, None, now));
    let page = play.instance_page();
    assert!(matches!(page.state, State::NotFound(None)) && page.is_frozen());
    assert!(!page.rows.iter().any(|row| matches!(row.content, Content::Job(_))));
}

#[test]
fn a_job_that_vanishes_under_the_cursor_stays_until_the_cursor_leaves_it() {
    let mut play = opened();
    let key = RowKey::Job("job-retrying".into());
    play.to(&key).picture(|snapshot, now| {
        instance::answer(snapshot, Inquiry::Jobs(instance::id()), Finding::Jobs(Listed { rows: Vec::new(), total: Some(0) }), now);
    });
    let page = play.instance_page();
    assert_eq!((page.list.selected_key(), page.selected().is_none(), page.vanished.contains_key(&key)), (Some(&key), true, true));
    play.press("<up>");
    assert!(!play.instance_page().vanished.contains_key(&key) || play.instance_page().list.selected_key() != Some(&key));
}

#[test]
fn remarks_that_are_over_leave_no_ghosts() {
    let mut play = play();
    play.press("<down>i");
    assert_eq!(play.instance_page().rows.len(), 1, "it is being read");
    play.picture(|_, _| {});
    let page = play.instance_page();
    assert!(page.list.visible().all(|(key, _)| !page.list.is_ghost(key)));
}

#[test]
fn an_empty_past_is_not_known_where_the_history_is_hidden_or_keeps_no_incidents() {
    let heading = |history| {
        let mut play = opened();
        play.picture(|snapshot, now| {
            snapshot.history = history;
            instance::answer(snapshot, Inquiry::PastIncidents(instance::id()), Finding::PastIncidents(Listed { rows: Vec::new(), total: Some(0) }), now);
        });
        match &play.instance_page().row(&RowKey::Heading(Part::Past)).expect("a heading").content {
            Content::Heading(_, count) => count.clone().unwrap_or_default(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(heading(HistoryLevel::Full), "none");
    assert_eq!(heading(HistoryLevel::BelowFull), "not known: history level below full");
    assert_eq!(heading(HistoryLevel::Hidden), "not known: history hidden, READ_HISTORY missing");
}

#[test]
fn counts_say_how_much_was_read() {
    let list = |rows: usize, total| count_words(&Listed { rows: vec![(); rows], total });
    assert_eq!([list(0, Some(0)), list(3, Some(3)), list(200, Some(10_000)), list(200, None)], ["none", "3", "200 of 10,000", "200 or more"]);
}
