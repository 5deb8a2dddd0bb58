//! Searching from anywhere: which keys send what, and what becomes of the answers.

use super::*;
use crate::app::pages::results::{Content, ResultsPage, RowKey};
use crate::model::call_tree::Target;
use crate::model::history::HistoryLevel;
use crate::model::inquiry::Standing;
use crate::model::search::{Fit, Found, Hit, HitKey, InstanceHit, Part, Search, Source};
use crate::model::snapshot::IncidentSet;

fn instance(number: usize, root: bool) -> Hit {
    Hit::Instance(Box::new(InstanceHit {
        id: format!("instance-{number:04}").as_str().into(),
        definition: "payment:2:uuid".into(),
        business_key: Some("A-2026-000".into()),
        tenant: None,
        standing: Standing::Running,
        started: None,
        ended: None,
        root: Some(root),
        by_id: false,
    }))
}

fn problem() -> Problem {
    Problem { label: "forbidden", what: "READ is missing".into(), remedy: "Ask an administrator.".into() }
}

impl Play {
    fn results(&self) -> &ResultsPage {
        match self.app.page() {
            Some(Page::Results(page)) => page,
            other => panic!("no results: {other:?}"),
        }
    }

    /// Searches sent so far.
    fn searches(&self) -> Vec<Search> {
        let sent = self.effects.iter().filter_map(|effect| match effect {
            Effect::Poll(PollCommand::Find(search)) => Some(search.clone()),
            _ => None,
        });
        sent.collect()
    }

    fn last_search(&self) -> Search {
        self.searches().pop().expect("a search")
    }

    /// Answers the newest search: this source so, the others empty.
    fn answer(&mut self, source: &Source, answer: Result<Part, Problem>) -> &mut Self {
        let search = self.last_search();
        self.answer_to(search, source, answer)
    }

    fn answer_to(&mut self, search: Search, source: &Source, answer: Result<Part, Problem>) -> &mut Self {
        let part = |other: &Source| if other == source { answer.clone() } else { Ok(Part::default()) };
        let parts = search.sources.iter().map(|source| (source.clone(), part(source))).collect();
        self.send(Message::Found(Box::new(Found { search, parts, read: self.now })));
        self
    }

    fn found(&mut self, hits: Vec<Hit>) -> &mut Self {
        self.answer(&Source::Running(Fit::Whole), Ok(Part { hits, total: None, more: false }))
    }

    fn found_besides(&mut self, hits: Vec<Hit>) -> &mut Self {
        self.answer(&BEGINS, Ok(Part { hits, total: None, more: false }))
    }

    /// Puts the cursor on what may be asked there.
    fn choose(&mut self, source: &Source) -> &mut Self {
        let key = RowKey::Offer(source.clone());
        for _ in 0..60 {
            if self.results().list.selected_key() == Some(&key) {
                return self;
            }
            self.press("<down>");
        }
        panic!("no row for {source:?}")
    }

    fn given_up(&self) -> usize {
        self.effects.iter().filter(|effect| matches!(effect, Effect::Poll(PollCommand::GiveUp))).count()
    }
}

const BEGINS: Source = Source::Running(Fit::Begins);

#[test]
fn nothing_is_sent_while_a_text_is_typed_and_enter_sends_one_search() {
    let mut play = play();
    play.press("FA-2026-000");
    assert!(play.searches().is_empty());
    play.press("<enter>");
    let search = play.last_search();
    assert_eq!((play.searches().len(), search.needle.to_string(), search.sources.len()), (1, "A-2026-000".to_owned(), 6));
    assert!(search.sources.iter().all(|source| !source.is_costly()));
}

#[test]
fn a_text_of_blanks_is_no_search_and_esc_leaves_the_prompt() {
    let mut play = play();
    play.press("F  <enter>");
    assert!(play.app.page().is_none() && play.app.overlay.is_none());
    play.press("FA-1<esc>");
    assert!(play.app.page().is_none() && play.app.overlay.is_none() && play.searches().is_empty());
}

#[test]
fn a_pasted_text_is_searched_by_its_first_line_without_blanks() {
    let mut play = play();
    play.press("F").send(Message::Paste("  A-2026-000 \nand more".into()));
    play.press("<enter>");
    assert_eq!(play.last_search().needle.text().as_wire(), "A-2026-000");
}

#[test]
fn from_a_business_key_it_takes_one_key_to_the_tree_of_its_topmost_instance() {
    let mut play = play();
    play.press("FA-2026-000<enter>").found(vec![instance(0, true), instance(1, false)]);
    assert_eq!(play.results().list.selected_key(), Some(&RowKey::Hit(HitKey::Instance("instance-0000".into()))));
    play.press("<enter>");
    let Some(Page::Tree(page)) = play.app.page() else { panic!("no tree") };
    assert!(matches!(&page.view.target, Target::Instance(id) if *id == "instance-0000".into()));
}

#[test]
fn messages_and_activities_are_found_in_the_picture_one_row_for_each_signature() {
    let mut play = play();
    play.press("FTIMED OUT<enter>");
    let hits = |play: &Play| {
        let rows = play.results().rows.iter().filter_map(|row| match &row.content {
            Content::Hit(Hit::Message { count, .. }, _) => Some(format!("message {count}")),
            Content::Hit(Hit::Activity(hit), _) => Some(format!("activity {} {} {}", hit.activity, hit.roots, hit.blocked)),
            _ => None,
        });
        rows.collect::<Vec<_>>()
    };
    assert_eq!(hits(&play), ["message 14"]);
    assert_eq!(play.last_search().sources, [Source::Running(Fit::Whole)]);
    play.press("<esc><esc>Fcharge card<enter>");
    assert_eq!(hits(&play), ["activity charge-card 14 0"]);
    assert!(Source::costly(&play.results().needle, play.results().known.complete).iter().all(|source| *source != Source::Messages));
}

#[test]
fn an_open_incident_that_the_picture_holds_is_not_asked_for() {
    let mut play = play();
    play.press("Fincident-0003<enter>");
    assert!(!play.last_search().sources.contains(&Source::Incident));
    assert_eq!(play.results().selected_hit(), None);
    play.found(Vec::new());
    assert_eq!(play.results().selected_hit().map(Hit::id).as_deref(), Some("incident-0003"));
    play.press("d");
    assert_eq!(play.incident_page().known.incident.id, "incident-0003".into());
}

#[test]
fn an_answer_to_an_older_search_is_dropped() {
    let mut play = play();
    play.press("FA-1<enter>");
    let older = play.last_search();
    play.press("FQ-2<enter>");
    assert!(play.last_search().number > older.number);
    play.answer_to(older, &Source::Running(Fit::Whole), Ok(Part { hits: vec![instance(0, true)], total: None, more: false }));
    assert!(play.results().running.is_some() && play.results().hits() == 0);
    play.found(vec![instance(1, true)]);
    assert_eq!((play.results().running.is_some(), play.results().hits()), (false, 1));
}

#[test]
fn esc_gives_a_search_up_before_it_leads_back_and_a_late_answer_changes_nothing() {
    let mut play = play();
    play.press("FA-1<enter>").found(Vec::new());
    play.choose(&BEGINS).press("<enter>");
    assert_eq!(play.last_search().sources, [BEGINS]);
    play.press("<esc>");
    assert_eq!((play.given_up(), play.results().asked[&BEGINS].given_up), (1, true));
    play.answer(&BEGINS, Ok(Part { hits: vec![instance(0, true)], total: None, more: false }));
    assert_eq!(play.results().hits(), 0);
    play.press("<esc>");
    assert!(play.app.page().is_none() && play.given_up() == 1);
}

#[test]
fn a_new_question_gives_the_older_one_up_wherever_it_stands() {
    let mut play = play();
    play.press("FA-1<enter>").found(vec![instance(0, true)]);
    play.choose(&BEGINS).press("<enter><up><enter>");
    assert!(matches!(play.app.page(), Some(Page::Tree(_))));
    play.press("FA-2<enter><esc><esc><esc>");
    assert!(play.results().running.is_none() && play.results().asked[&BEGINS].given_up);
}

#[test]
fn what_comes_later_is_added_below_its_row_and_never_moves_the_cursor() {
    let mut play = play();
    play.press("FA-1<enter>").found(vec![instance(0, true)]);
    let contains = Source::Running(Fit::Contains);
    play.choose(&contains).press("<enter>");
    let before = play.results().list.selected_key().cloned();
    let line = |play: &Play| play.results().list.visible().position(|(_, selected)| selected);
    let line_before = line(&play);
    play.answer(&contains, Ok(Part { hits: (10..60).map(|number| instance(number, true)).collect(), total: Some(1_234), more: true }));
    assert_eq!((play.results().list.selected_key().cloned(), line(&play)), (before, line_before));
    let keys: Vec<_> = play.results().rows.iter().map(|row| row.key.clone()).collect();
    let at = keys.iter().position(|key| *key == RowKey::Offer(contains.clone())).unwrap();
    assert_eq!(keys[at + 1], RowKey::Hit(HitKey::Instance("instance-0010".into())));
    assert_eq!(keys[at + 51], RowKey::More(contains.clone()));
}

#[test]
fn the_row_below_a_full_page_reads_the_next_one() {
    let mut play = play();
    play.press("FA-1<enter>").found(Vec::new());
    play.choose(&BEGINS).press("<enter>");
    play.answer(&BEGINS, Ok(Part { hits: (0..50).map(|number| instance(number, true)).collect(), total: Some(51), more: true }));
    for _ in 0..51 {
        play.press("<down>");
    }
    assert_eq!(play.results().list.selected_key(), Some(&RowKey::More(BEGINS)));
    play.press("<enter>");
    assert_eq!((play.last_search().sources.clone(), play.last_search().page), (vec![BEGINS], 1));
    play.answer(&BEGINS, Ok(Part { hits: vec![instance(49, true), instance(50, true)], total: None, more: false }));
    assert_eq!((play.results().hits(), play.results().asked[&BEGINS].total), (51, Some(51)));
}

#[test]
fn a_first_page_that_is_asked_again_tells_its_total_anew() {
    let mut play = play();
    play.press("FZZ-9<enter>").found(Vec::new());
    play.choose(&BEGINS).press("<enter>").answer(&BEGINS, Ok(Part { hits: vec![instance(0, true)], total: Some(1_234), more: true }));
    play.choose(&BEGINS).press("<enter>").answer(&BEGINS, Ok(Part { hits: vec![instance(0, true)], total: Some(7), more: true }));
    assert_eq!(play.results().asked[&BEGINS].total, Some(7));
    play.press("<enter>").answer(&BEGINS, Ok(Part { hits: vec![instance(0, true)], total: None, more: false }));
    assert_eq!(play.results().asked[&BEGINS].total, None);
}

#[test]
fn remarks_and_problems_that_are_over_leave_no_ghosts_but_what_was_found_does() {
    let ghosts = |play: &Play| {
        let list = &play.results().list;
        list.visible().filter(|(key, selected)| list.is_ghost(key) && !selected).map(|(key, _)| key.clone()).collect::<Vec<_>>()
    };
    let mut play = play();
    play.press("Fzz-9<enter>").answer(&Source::Job, Err(problem()));
    assert!(play.results().rows.iter().any(|row| matches!(row.key, RowKey::Remark(_))) && play.results().row(&RowKey::Problem(Source::Job)).is_some());
    play.press("g");
    while play.results().list.selected_key() != Some(&RowKey::Problem(Source::Job)) {
        play.press("<down>");
    }
    // Asked again from there: the job is found, and nothing remains to be remarked.
    play.press("<enter>").answer(&Source::Job, Ok(Part { hits: vec![Hit::Job(Box::new(example::job(2)))], total: None, more: false }));
    assert!(play.results().hits() == 1 && play.results().rows.iter().all(|row| !matches!(row.key, RowKey::Remark(_))));
    assert_eq!(ghosts(&play), []);
    play.choose(&BEGINS).press("<enter>").found_besides(vec![instance(0, true), instance(1, true)]);
    play.choose(&BEGINS).press("<enter>").found_besides(vec![instance(0, true)]);
    assert_eq!(ghosts(&play), [RowKey::Hit(HitKey::Instance("instance-0001".into()))]);
}

#[test]
fn an_activity_lists_its_running_instances_below_it() {
    let mut play = play();
    play.press("Fcharge-card<enter>").found(Vec::new());
    let at = Source::At("charge-card".into(), Some("payment".into()));
    play.press("<enter>");
    assert_eq!(play.last_search().sources, std::slice::from_ref(&at));
    play.answer(&at, Ok(Part { hits: vec![instance(3, true)], total: None, more: false }));
    play.press("<down>");
    assert_eq!(play.results().selected_hit().map(Hit::id).as_deref(), Some("instance-0003"));
}

#[test]
fn what_may_not_be_read_is_a_row_and_enter_asks_that_alone_again() {
    let mut play = play();
    play.press("Fjob-0001<enter>");
    play.answer(&Source::Job, Err(problem()));
    let told = play.results().rows.iter().find_map(|row| match &row.content {
        Content::Problem(who, label, _) => Some(format!("{who}: {label}")),
        _ => None,
    });
    assert_eq!(told.as_deref(), Some("jobs: forbidden"));
    assert!(play.app.overlay.is_none());
    for _ in 0..20 {
        if matches!(play.results().list.selected_key(), Some(RowKey::Problem(_))) {
            break;
        }
        play.press("<up>");
    }
    play.press("<enter>");
    assert_eq!(play.last_search().sources, [Source::Job]);
}

#[test]
fn nothing_found_says_what_was_searched_and_the_cursor_stands_on_what_may_be_asked() {
    let mut play = play();
    play.press("FZZ-9<enter>").found(Vec::new());
    let remarks = play.results().rows.iter().filter(|row| matches!(row.content, Content::Remark(_))).count();
    assert!(remarks >= 4);
    assert_eq!(play.results().list.selected_key(), Some(&RowKey::Offer(BEGINS)));
}

#[test]
fn ids_of_what_ended_count_as_searched_only_where_the_history_can_be_read() {
    let searched = |history| {
        let mut play = play();
        let mut snapshot = Snapshot::clone(&play.app.snapshot);
        snapshot.history = history;
        play.press("FZZ-9<enter>").found(Vec::new());
        play.send(Message::Snapshot(Arc::new(snapshot)));
        let told = play.results().rows.iter().find_map(|row| match &row.content {
            Content::Remark(text) if text.starts_with("- ids") => Some(text.clone()),
            _ => None,
        });
        told.unwrap_or_default()
    };
    assert!(searched(HistoryLevel::Full).starts_with("- ids, ended ones too: instances"));
    assert!(searched(HistoryLevel::BelowFull).starts_with("- ids, ended ones too (but ended incidents: history level below full): "));
    assert!(searched(HistoryLevel::Hidden).starts_with("- ids of what runs (ended ones not known: history hidden"));
}

#[test]
fn incidents_read_later_are_searched_then_and_the_cursor_stays() {
    let mut play = play();
    let whole = play.app.snapshot.clone();
    let mut unread = Snapshot::clone(&whole);
    unread.incidents = Default::default();
    play.send(Message::Snapshot(Arc::new(unread)));
    play.press("Ftimed out<enter>").found(vec![instance(0, true)]);
    assert_eq!(play.results().known.searched, None);
    let before = play.results().list.selected_key().cloned();
    play.send(Message::Snapshot(whole));
    assert!(play.results().rows.iter().any(|row| matches!(row.content, Content::Hit(Hit::Message { count: 14, .. }, _))));
    assert_eq!(play.results().list.selected_key().cloned(), before);
}

#[test]
fn that_an_instance_has_no_incidents_is_known_only_when_all_are_read() {
    let mut play = play();
    let whole = play.app.snapshot.clone();
    let with = |complete| {
        let mut snapshot = Snapshot::clone(&whole);
        let set = IncidentSet { complete, ..snapshot.incidents.get().cloned().expect("incidents") };
        snapshot.incidents.data = Some(Arc::new(set));
        Message::Snapshot(Arc::new(snapshot))
    };
    play.send(with(false));
    play.press("FA-1<enter>").found(vec![instance(0, true), instance(7_777, true)]);
    let trouble = |play: &Play, id: &str| play.results().trouble(&id.into()).map(|trouble| trouble.roots);
    assert_eq!((trouble(&play, "instance-0000"), trouble(&play, "instance-7777")), (Some(1), None));
    // The same incidents, which turn out to be all.
    play.send(with(true));
    assert_eq!((trouble(&play, "instance-0000"), trouble(&play, "instance-7777")), (Some(1), Some(0)));
}

#[test]
fn a_fallen_task_leaves_no_search_running_for_ever() {
    let mut play = play();
    play.press("FA-1<enter>");
    let mut fallen = Snapshot::clone(&play.app.snapshot);
    fallen.link = Link::PollerFailed { problem: problem() };
    play.send(Message::Snapshot(Arc::new(fallen)));
    assert!(play.results().running.is_none());
}

#[test]
fn a_key_pressed_ahead_of_the_answers_asks_for_nothing() {
    let mut play = play();
    play.press("FZZ-9<enter><enter><enter>");
    assert_eq!((play.searches().len(), play.results().list.selected_key()), (1, None));
    assert!(play.results().rows.iter().all(|row| matches!(row.content, Content::Offer(_))), "no remark before there is anything to tell");
}

#[test]
fn a_search_of_the_former_user_is_given_up_when_another_one_logs_in() {
    let mut play = play();
    play.press("FA-1<enter>L<tab>2<enter>secret<enter>");
    assert_eq!((play.given_up(), play.app.pages.len()), (1, 0));
}

#[test]
fn nothing_is_searched_while_the_login_is_refused() {
    let mut play = play();
    let mut refused = Snapshot::clone(&play.app.snapshot);
    refused.link = Link::LoginRefused { problem: problem() };
    play.send(Message::Snapshot(Arc::new(refused)));
    play.press("<esc>FA-1<enter>");
    assert!(play.searches().is_empty() && play.app.page().is_none() && play.app.notice.is_some());
}

#[test]
fn asking_again_searches_anew() {
    let mut play = play();
    play.press("FA-1<enter>").found(vec![instance(0, true)]);
    let first = play.last_search();
    play.press("r");
    assert!(play.results().hits() == 0 && play.results().running.is_some());
    assert!(play.last_search().number > first.number && play.last_search().sources == first.sources);
}
