//! What keys and snapshots do to the app.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::incidents::Level;
use super::list::HOLD;
use super::pages::incident::IncidentPage;
use super::*;
use crate::model::description::{Description, FailedWork};
use crate::model::example;
use crate::model::section::Problem;

mod acting;
mod definitions;
mod finding;
mod follow;
mod instance;
mod replaced;
mod retrying;
mod scope;
mod timeline;
mod tree;

pub(crate) use self::retrying::snapshot as retrying_example;

struct Play {
    app: App,
    now: Moment,
    effects: Vec<Effect>,
}

fn play() -> Play {
    let now = example::noon();
    let mut play = Play { app: App::new(Settings::default(), EngineIdentity::default(), now), now, effects: Vec::new() };
    play.send(Message::Resize(120, 36));
    play.send(Message::Snapshot(Arc::new(example::snapshot(now))));
    play
}

impl Play {
    fn send(&mut self, message: Message) {
        self.effects.extend(self.app.update(message, self.now));
    }

    /// Presses keys given as text: single characters, or names in angle brackets.
    fn press(&mut self, keys: &str) -> &mut Self {
        let mut rest = keys;
        while !rest.is_empty() {
            let (code, next) = match rest.strip_prefix('<').and_then(|named| named.split_once('>')) {
                Some(("enter", next)) => (KeyCode::Enter, next),
                Some(("esc", next)) => (KeyCode::Esc, next),
                Some(("down", next)) => (KeyCode::Down, next),
                Some(("up", next)) => (KeyCode::Up, next),
                Some(("tab", next)) => (KeyCode::Tab, next),
                Some((other, _)) => panic!("no key {other}"),
                None => (KeyCode::Char(rest.chars().next().unwrap()), &rest[1..]),
            };
            self.send(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
            rest = next;
        }
        self
    }

    fn wait(&mut self, time: Duration) -> &mut Self {
        self.now = self.now.after(time);
        self.send(Message::Tick);
        self
    }

    fn incident_page(&self) -> &IncidentPage {
        match self.app.page() {
            Some(Page::Incident(page)) => page,
            other => panic!("no incident is described: {other:?}"),
        }
    }

    fn selected_group(&self) -> Option<String> {
        self.app.incidents.groups.selected_key().and_then(|key| key.activity.as_ref()).map(ToString::to_string)
    }

    /// The world changes: `count` new incidents at another activity.
    fn wave(&mut self, count: usize) {
        let mut snapshot = example::snapshot(self.now);
        let mut incidents: Vec<_> = snapshot.incidents.get().unwrap().incidents.values().cloned().collect();
        for number in 0..count {
            let trouble = example::Trouble { number: 500 + number, root: None, definition: "order:7", activity: "new-wave", message: None, age: 1 };
            incidents.push(example::incident(&trouble, self.now));
        }
        example::set_incidents(&mut snapshot, incidents, self.now);
        self.send(Message::Snapshot(Arc::new(snapshot)));
    }
}

#[test]
fn the_first_key_only_puts_the_cursor_on_a_row() {
    let mut play = play();
    play.press("<enter>");
    assert_eq!(play.app.incidents.level(), &Level::Groups);
    assert_eq!(play.selected_group().as_deref(), Some("charge-card"));
    play.press("<enter>");
    assert!(matches!(play.app.incidents.level(), Level::Signatures(_)));
}

#[test]
fn a_wave_of_incidents_never_moves_the_row_under_the_cursor() {
    let mut play = play();
    play.press("<down>").wait(HOLD);
    play.wave(80);
    play.wait(HOLD);
    assert_eq!(play.selected_group().as_deref(), Some("charge-card"));
    play.press("<enter>");
    let Level::Signatures(key) = play.app.incidents.level().clone() else { panic!("not opened") };
    assert_eq!(key.activity.unwrap().to_string(), "charge-card");
}

#[test]
fn from_the_dashboard_to_the_stack_trace_it_takes_two_keys() {
    let mut play = play();
    play.press("<down>d");
    let asked = play.effects.iter().find_map(|effect| match effect {
        Effect::Poll(PollCommand::Describe(known)) => Some(known.incident.id.to_string()),
        _ => None,
    });
    assert_eq!(asked.as_deref(), Some("incident-0000"));
    assert!(play.app.page().is_some());
}

#[test]
fn esc_goes_back_step_by_step_to_the_same_row() {
    let mut play = play();
    play.press("<down><down><enter><enter><enter>");
    assert!(play.app.page().is_some());
    play.press("<esc>");
    assert!(matches!(play.app.incidents.level(), Level::Incidents(..)));
    play.press("<esc><esc>");
    assert_eq!(play.app.incidents.level(), &Level::Groups);
    assert_eq!(play.selected_group().as_deref(), Some("book-invoice"));
}

#[test]
fn a_filter_works_while_it_is_typed_and_esc_undoes_it() {
    let mut play = play();
    play.press("/ledger");
    assert_eq!(play.app.incidents.groups.len(), 1);
    play.press("<esc>");
    assert_eq!(play.app.incidents.groups.len(), 3);
    play.press("/ledger<enter>");
    assert!(play.app.overlay.is_none());
    assert_eq!(play.app.incidents.groups.len(), 1);
    play.press("<esc>");
    assert_eq!(play.app.incidents.groups.len(), 3);
}

#[test]
fn letters_typed_into_a_prompt_are_no_commands() {
    let mut play = play();
    play.press("/q");
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::Quit)));
}

#[test]
fn the_poller_learns_which_incidents_are_on_the_screen() {
    let mut play = play();
    play.press("<down><enter><enter>");
    let looking = play.effects.iter().rev().find_map(|effect| match effect {
        Effect::Poll(PollCommand::Look(looking)) => Some(looking),
        _ => None,
    });
    assert_eq!(looking.unwrap().incidents.len(), 14);
}

#[test]
fn answers_to_another_describe_are_not_shown() {
    let mut play = play();
    play.press("<down>d");
    let description = |incident: &str| Description {
        now: Ok(None),
        incident: incident.into(),
        read: play.now,
        instance: None,
        work: Ok(FailedWork::Job(Some(example::job(0)))),
        trace: Ok(Some("java.lang.IllegalStateException: boom\n\tat x.Y.z(Y.java:1)".into())),
        past: None,
    };
    let (other, own) = (description("incident-0007"), description("incident-0000"));
    play.send(Message::Described(Box::new(other)));
    assert!(play.incident_page().description.is_none());
    play.send(Message::Described(Box::new(own)));
    assert!(play.incident_page().description.is_some());
}

#[test]
fn a_search_finds_lines_of_the_stack_trace_whatever_their_case() {
    let mut play = play();
    play.press("<down>d");
    let trace: String = (0..300).map(|line| format!("\tat frame.Number{line}.call(Number.java:{line})\n")).collect();
    play.send(Message::Described(Box::new(Description {
        incident: "incident-0000".into(),
        read: play.now,
        now: Ok(None),
        instance: None,
        work: Ok(FailedWork::Unnamed),
        trace: Ok(Some(trace.as_str().into())),
        past: None,
    })));
    play.press("/NUMBER250<enter>");
    let page = &play.incident_page().text;
    assert_eq!(page.hits().len(), 1);
    assert_eq!(page.top, page.hits()[0]);
}

#[test]
fn an_incident_that_is_resolved_while_described_says_so() {
    let mut play = play();
    play.press("<down>d");
    let mut snapshot = example::snapshot(play.now);
    example::set_incidents(&mut snapshot, Vec::new(), play.now);
    play.send(Message::Snapshot(Arc::new(snapshot)));
    assert!(play.incident_page().gone);
}

#[test]
fn a_refused_login_asks_once_and_can_be_put_aside() {
    let mut play = play();
    let mut snapshot = example::snapshot(play.now);
    snapshot.link = Link::LoginRefused { problem: Problem { label: "login failed", what: "The login was refused".into(), remedy: "log in".into() } };
    let refused = Arc::new(snapshot);
    play.send(Message::Snapshot(refused.clone()));
    assert!(matches!(play.app.overlay, Some(Overlay::Login(_))));
    play.press("<esc>");
    play.send(Message::Snapshot(refused));
    assert!(play.app.overlay.is_none(), "a poll must not open the dialog again");
    play.press("L");
    assert!(matches!(play.app.overlay, Some(Overlay::Login(_))));
}

#[test]
fn after_a_refused_password_nothing_is_sent_until_the_engine_listens_again() {
    let mut play = play();
    let refuse = |play: &mut Play| {
        let mut snapshot = example::snapshot(play.now);
        snapshot.link = Link::LoginRefused { problem: Problem { label: "login failed", what: "refused".into(), remedy: "log in".into() } };
        play.send(Message::Snapshot(Arc::new(snapshot)));
    };
    let sent = |play: &Play| play.effects.iter().filter(|effect| matches!(effect, Effect::Poll(PollCommand::Login { .. }))).count();
    refuse(&mut play);
    play.press("secret<enter>");
    assert_eq!(sent(&play), 0);
    play.wait(Duration::from_secs(3)).press("<enter>");
    assert_eq!(sent(&play), 1);
    refuse(&mut play);
    play.wait(Duration::from_secs(3)).press("secret<enter>");
    assert_eq!(sent(&play), 1, "the second wait is longer");
    play.wait(Duration::from_secs(3)).press("<enter>");
    assert_eq!(sent(&play), 2);
}

#[test]
fn a_login_is_sent_only_with_a_user_and_after_enter() {
    let mut play = play();
    play.press("L").press("<tab>").effects.clear();
    let user_known = play.app.snapshot.engine.user.clone();
    assert_eq!(user_known.as_deref(), Some("demo"));
    play.press("<tab>secret<enter>");
    let sent = play.effects.iter().find_map(|effect| match effect {
        Effect::Poll(PollCommand::Login { user, .. }) => Some(user.clone()),
        _ => None,
    });
    assert_eq!(sent.as_deref(), Some("demo"));
    assert!(!format!("{:?}", play.effects).contains("secret"));
}

#[test]
fn a_notice_ends_by_itself() {
    let mut play = play();
    play.send(Message::Notice("hello".into()));
    play.wait(NOTICE).wait(Duration::from_secs(1));
    assert!(play.app.notice.is_none());
}

#[test]
fn sorting_by_another_column_keeps_the_cursor_on_its_row() {
    let mut play = play();
    play.press("<down>");
    let before = play.selected_group();
    play.press("ssss");
    assert_eq!(play.selected_group(), before);
}

#[test]
fn what_is_pasted_where_nothing_is_typed_says_that_it_did_nothing_and_a_line_takes_no_megabyte() {
    let now = example::noon();
    let mut app = App::new(Settings::default(), crate::model::snapshot::EngineIdentity::default(), now);
    let effects = app.update(Message::Paste("qRS\nq".into()), now);
    assert!(effects.iter().all(|effect| matches!(effect, Effect::Poll(_))), "{effects:?}");
    assert!(app.notice.as_ref().is_some_and(|(words, _)| words.contains("did nothing")));
    app.update(Message::Key(crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Char('/'))), now);
    for _ in 0..4 {
        app.update(Message::Paste("\u{652f}".repeat(1 << 20)), now);
    }
    let Some(Overlay::Prompt(prompt)) = &app.overlay else { panic!("no prompt") };
    assert_eq!(prompt.text().len(), 16 * 1024 - 1, "whole signs only");
}

fn typed(prompt: &mut super::prompt::Prompt, keys: &[KeyCode]) -> String {
    keys.iter().for_each(|key| prompt.key(KeyEvent::new(*key, KeyModifiers::NONE)));
    prompt.text().to_owned()
}

#[test]
fn what_is_typed_first_replaces_what_stood_there_and_any_other_key_mends_it() {
    use super::prompt::{Entry, LoginForm, LoginLine, Prompt, Purpose};
    use KeyCode::{Backspace, Char, Left};
    let ctrl_u = KeyEvent::new(Char('u'), KeyModifiers::CONTROL);
    for purpose in [Purpose::Filter, Purpose::Search, Purpose::Find, Purpose::Entry(Entry::Reason), Purpose::Entry(Entry::Export), Purpose::Entry(Entry::Pace)]
    {
        let fresh = || Prompt::new(purpose, "before");
        assert!(fresh().replaces());
        assert_eq!(typed(&mut fresh(), &[Char('a'), Char('b')]), "ab", "{purpose:?}");
        assert_eq!(typed(&mut fresh(), &[Backspace, Char('a')]), "befora", "{purpose:?}");
        assert_eq!(typed(&mut fresh(), &[Left, Char('a')]), "beforae", "{purpose:?}");
        let mut emptied = fresh();
        emptied.key(ctrl_u);
        assert_eq!(emptied.text(), "");
        assert_eq!(typed(&mut emptied, &[Char('a'), Char('b')]), "ab", "{purpose:?}");
    }
    let mut login = LoginForm::new("refused".into(), "demo");
    login.key(KeyEvent::from(Char('x')));
    assert_eq!(login.user.lines(), ["demo"], "the password has the cursor");
    login.key(ctrl_u);
    assert_eq!((login.password.lines()[0].as_str(), login.password.mask_char()), ("", Some('\u{2022}')));
    login.line = LoginLine::User;
    login.key(KeyEvent::from(Char('a')));
    login.key(KeyEvent::from(Char('n')));
    assert_eq!(login.user.lines(), ["an"]);
    login.key(ctrl_u);
    assert_eq!(login.user.lines(), [""]);
}

#[test]
fn copying_says_what_it_copied_or_that_there_is_nothing() {
    let now = example::noon();
    let mut app = App::new(Settings::default(), crate::model::snapshot::EngineIdentity::default(), now);
    for keys in ["y", "2y", "3y", "Ay", "Wy"] {
        for key in keys.chars() {
            let effects = app.update(Message::Key(KeyEvent::from(KeyCode::Char(key))), now);
            assert!(!effects.iter().any(|effect| matches!(effect, Effect::Copy(_))), "{keys}: {effects:?}");
        }
        assert!(app.notice.as_ref().is_some_and(|(words, _)| words.contains("nothing to copy")), "{keys}: {:?}", app.notice);
        app.notice = None;
    }
}

#[test]
fn nobody_looks_after_five_minutes_without_a_key_unless_it_is_a_wall_and_one_key_tells_that_somebody_does() {
    use crate::model::freshness::Presence;
    let told = |play: &Play| {
        let told = play.effects.iter().filter_map(|effect| if let Effect::Poll(PollCommand::Presence(presence)) = effect { Some(*presence) } else { None });
        told.collect::<Vec<_>>()
    };
    let mut play = play();
    play.press("<down>").wait(Duration::from_secs(299));
    assert_eq!(told(&play), []);
    play.wait(Duration::from_secs(2));
    assert_eq!(told(&play), [Presence::Nobody]);
    play.press("<down>");
    assert_eq!(told(&play), [Presence::Nobody, Presence::Somebody]);
    play.app.settings.wall = true;
    play.wait(Duration::from_secs(3_000));
    assert_eq!(told(&play).len(), 2);
}
