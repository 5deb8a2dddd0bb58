//! What the operator types: a filter, a search, a login, an address. One line each, edited with the keys every shell knows.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use secrecy::SecretString;
use tui_textarea::TextArea;

use crate::model::section::Moment;

/// What a line of input is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Filter of the list.
    Filter,
    /// Search within the page.
    Search,
    /// Address of an engine.
    Address,
    /// Search in the whole engine.
    Find,
    /// Something an action needs to know.
    Entry(Entry),
}

/// What an action needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// What confirms a dangerous plan.
    Confirm,
    /// Why it is done.
    Reason,
    /// Attempts of a retried job.
    Attempts,
    /// When a retried job is due.
    Due,
    /// Changes a second.
    Pace,
    /// How many go first.
    Canary,
    /// From which share of failures on it pauses.
    StopAt,
    /// When a suspension happens.
    At,
    /// The note of an incident.
    Note,
    /// The value of a variable.
    Value,
    /// Until when a job is postponed.
    Postpone,
    /// The priority of a job.
    JobPriority,
    /// The priority of a job definition.
    DefinitionPriority,
    /// Which job definitions to suspend.
    SuspendMatching,
    /// Which job definitions to resume.
    ResumeMatching,
    /// The file an action is written to.
    Export,
    /// The role of the session.
    Role,
}

/// One line of input.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// What for.
    pub purpose: Purpose,
    /// The editor.
    pub area: TextArea<'static>,
    /// What stood there before, for Esc.
    pub before: String,
    /// What is asked for, where the purpose alone does not tell.
    pub label: String,
    /// What is wrong with what was typed, or what it would do.
    pub remark: Option<String>,
    /// Whether the first character typed replaces what stands there.
    replaces: bool,
}

impl Prompt {
    /// A prompt that starts with `text`.
    pub fn new(purpose: Purpose, text: &str) -> Self {
        // As if all of it were selected: what is typed first replaces it, any other key mends it.
        let replaces = !text.is_empty();
        Self { purpose, area: line(text), before: text.to_owned(), label: String::new(), remark: None, replaces }
    }

    /// The prompt with dots in place of what is typed.
    pub fn masked(mut self) -> Self {
        self.area.set_mask_char('\u{2022}');
        self
    }

    /// The prompt with these words before what is typed.
    pub fn labelled(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// What is typed.
    pub fn text(&self) -> &str {
        self.area.lines().first().map_or("", String::as_str)
    }

    /// Takes a key in.
    pub fn key(&mut self, key: KeyEvent) {
        edit(&mut self.area, &mut self.replaces, key);
    }

    /// Whether what stands there goes with the first character that is typed.
    pub fn replaces(&self) -> bool {
        self.replaces
    }

    /// Takes pasted text in; only its first line, and no more than a line of input holds.
    pub fn paste(&mut self, text: &str) {
        begin(&mut self.area, &mut self.replaces, true);
        insert(&mut self.area, text);
    }
}

/// Which line of the login has the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginLine {
    /// User name.
    User,
    /// Password.
    Password,
}

/// User name and password being typed.
#[derive(Clone, Debug)]
pub struct LoginForm {
    /// Why it is asked for.
    pub reason: String,
    /// User name.
    pub user: TextArea<'static>,
    /// Password, shown as dots.
    pub password: TextArea<'static>,
    /// Where the cursor is.
    pub line: LoginLine,
    /// Whether keys are typed into it. A window that opened by itself swallows what was meant for something else until enter or tab.
    pub awake: bool,
    /// Whether the first character typed replaces the user name that stands there.
    replaces: bool,
    /// Nothing is sent before this moment: after a wrong password the engine refuses even the right one for a while.
    pub not_before: Option<Moment>,
}

/// How long an engine refuses any password after this many wrong ones: 3 s, doubling up to a minute, by default (Camunda 7.24:
/// the right password one second after a wrong one gets 401).
pub fn lock_out(refusals: u32) -> Duration {
    Duration::from_secs(3).saturating_mul(1 << refusals.saturating_sub(1).min(5)).min(Duration::from_secs(60))
}

impl LoginForm {
    /// A form; the cursor stands on the password if the user is known.
    pub fn new(reason: String, user: &str) -> Self {
        let mut password = line("");
        password.set_mask_char('•');
        Self {
            reason,
            user: line(user),
            password,
            line: if user.is_empty() { LoginLine::User } else { LoginLine::Password },
            awake: true,
            replaces: !user.is_empty(),
            not_before: None,
        }
    }

    /// Takes a key in.
    pub fn key(&mut self, key: KeyEvent) {
        match self.line {
            LoginLine::User => edit(&mut self.user, &mut self.replaces, key),
            LoginLine::Password => edit(&mut self.password, &mut false, key),
        }
    }

    /// Takes pasted text in; only its first line.
    pub fn paste(&mut self, text: &str) {
        if self.line == LoginLine::User {
            begin(&mut self.user, &mut self.replaces, true);
        }
        insert(self.area(), text);
    }

    /// To the other line.
    pub fn switch(&mut self) {
        self.line = match self.line {
            LoginLine::User => LoginLine::Password,
            LoginLine::Password => LoginLine::User,
        };
    }

    /// How long to wait before a login makes sense.
    pub fn wait(&self, now: Moment) -> Duration {
        self.not_before.map_or(Duration::ZERO, |not_before| not_before.since(now))
    }

    /// User and password, if there is a user.
    pub fn login(&self) -> Option<(String, SecretString)> {
        let user = self.user.lines().first()?.trim().to_owned();
        let password = self.password.lines().first().cloned().unwrap_or_default();
        (!user.is_empty()).then(|| (user, SecretString::from(password)))
    }

    fn area(&mut self) -> &mut TextArea<'static> {
        match self.line {
            LoginLine::User => &mut self.user,
            LoginLine::Password => &mut self.password,
        }
    }
}

/// Takes a key into a line of input. `replaces` says whether what stands in it goes with the first character typed.
pub(super) fn edit(area: &mut TextArea<'static>, replaces: &mut bool, key: KeyEvent) {
    let types = matches!(key.code, KeyCode::Char(_)) && !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    begin(area, replaces, types);
    if key.code == KeyCode::Char('u') && key.modifiers.contains(KeyModifiers::CONTROL) {
        // As shells do; the editor would take something back instead.
        *area = emptied(area);
        return;
    }
    area.input(key);
}

pub(super) fn begin(area: &mut TextArea<'static>, replaces: &mut bool, types: bool) {
    if std::mem::take(replaces) && types {
        *area = emptied(area);
    }
}

/// The line with nothing in it, masked as it was.
fn emptied(area: &TextArea<'static>) -> TextArea<'static> {
    let mut empty = line("");
    if let Some(mask) = area.mask_char() {
        empty.set_mask_char(mask);
    }
    empty
}

pub(super) fn line(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(vec![text.to_owned()]);
    area.set_cursor_line_style(ratatui::style::Style::default());
    area.move_cursor(tui_textarea::CursorMove::End);
    area
}

/// The most bytes that a line of input takes from what is pasted. A filter works while it is typed: a megabyte would keep the screen.
const MOST_PASTED: usize = 16 * 1024;

/// Inserts the first line of a text at the cursor, as far as there is room.
pub(super) fn insert(area: &mut TextArea<'static>, text: &str) {
    let line = first_line(text);
    let room = MOST_PASTED.saturating_sub(area.lines().first().map_or(0, String::len));
    area.insert_str(&line[..line.floor_char_boundary(room)]);
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}
