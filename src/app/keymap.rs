//! Keys as data: one table feeds dispatch, footer, help screen and documentation.

mod table;

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::command::Command;
pub use table::BINDINGS;
use table::EVERYWHERE;

/// Where a binding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// In the incidents.
    Incidents,
    /// In the job definitions.
    JobDefinitions,
    /// In the process definitions.
    Definitions,
    /// In a long text.
    Text,
    /// In a tree of called instances.
    Tree,
    /// On the page of an instance.
    Instance,
    /// In the timeline of an instance.
    Timeline,
    /// In the results of a search.
    Results,
    /// On the plan of an action.
    Plan,
    /// On the page of an action.
    Action,
    /// In the list of actions.
    Actions,
    /// In the list of what is suspended.
    Suspended,
    /// In the list of what failed and has retries left.
    Retrying,
    /// On the help screen.
    Help,
    /// On the screen shown when no engine is configured.
    FirstRun,
}

impl Context {
    /// The panes that are always there.
    pub const LISTS: [Self; 3] = [Self::Incidents, Self::JobDefinitions, Self::Definitions];

    fn place(self) -> &'static str {
        match self {
            Self::Incidents => "incidents",
            Self::JobDefinitions => "job definitions",
            Self::Definitions => "definitions",
            Self::Text => "page",
            Self::Tree => "tree",
            Self::Instance => "instance",
            Self::Timeline => "timeline",
            Self::Results => "results",
            Self::Plan => "plan",
            Self::Action => "action",
            Self::Actions => "actions",
            Self::Suspended => "suspended",
            Self::Retrying => "retrying",
            Self::Help => "help",
            Self::FirstRun => "first run",
        }
    }
}

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    code: KeyCode,
    control: bool,
}

impl Key {
    /// A key without modifiers; a capital letter stands for itself with shift.
    pub const fn plain(code: KeyCode) -> Self {
        Self { code, control: false }
    }

    const fn char(c: char) -> Self {
        Self::plain(KeyCode::Char(c))
    }

    const fn control(c: char) -> Self {
        Self { code: KeyCode::Char(c), control: true }
    }

    fn matches(self, event: &KeyEvent) -> bool {
        let relevant = event.modifiers.difference(KeyModifiers::SHIFT);
        let modifiers = if self.control { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
        self.code == event.code && relevant == modifiers
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.control {
            f.write_str("ctrl-")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("space"),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::Enter => f.write_str("enter"),
            KeyCode::Esc => f.write_str("esc"),
            KeyCode::Tab => f.write_str("tab"),
            KeyCode::Up => f.write_str("up"),
            KeyCode::Down => f.write_str("down"),
            KeyCode::Left => f.write_str("left"),
            KeyCode::Right => f.write_str("right"),
            KeyCode::PageUp => f.write_str("pgup"),
            KeyCode::PageDown => f.write_str("pgdn"),
            KeyCode::Home => f.write_str("home"),
            KeyCode::End => f.write_str("end"),
            KeyCode::Backspace => f.write_str("backspace"),
            KeyCode::F(n) => write!(f, "f{n}"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Where it holds.
    pub contexts: &'static [Context],
    /// The keys, the one shown in the footer first.
    pub keys: &'static [Key],
    /// What they ask for.
    pub command: Command,
    /// One or two words for the footer.
    pub label: &'static str,
    /// A sentence for the help screen.
    pub help: &'static str,
    /// Place in the footer, small first; none keeps it out.
    pub footer: Option<u8>,
}

/// The command a key asks for in a context.
pub fn command(context: Context, event: &KeyEvent) -> Option<Command> {
    BINDINGS.iter().find(|binding| binding.contexts.contains(&context) && binding.keys.iter().any(|key| key.matches(event))).map(|binding| binding.command)
}

/// The bindings shown in the footer of a context, most important first.
pub fn footer(context: Context) -> Vec<&'static Binding> {
    let mut bindings: Vec<_> = BINDINGS.iter().filter(|binding| binding.footer.is_some() && binding.contexts.contains(&context)).collect();
    bindings.sort_by_key(|binding| binding.footer);
    bindings
}

/// The key table as plain text, for a shell.
pub fn text() -> String {
    let keys = |binding: &Binding| binding.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    BINDINGS.iter().map(|binding| format!("{:<26}{}\n", keys(binding), binding.help)).collect()
}

/// Where a binding holds, in words. What holds in every pane is said to hold in lists.
fn places(binding: &Binding) -> Vec<&'static str> {
    let in_lists = Context::LISTS.iter().all(|list| binding.contexts.contains(list));
    let apart = binding.contexts.iter().filter(|context| !in_lists || !Context::LISTS.contains(context)).map(|context| context.place());
    in_lists.then_some("lists").into_iter().chain(apart).collect()
}

/// The key table as Markdown, for the documentation.
pub fn markdown() -> String {
    let mut table = String::from("| keys | where | what they do |\n|---|---|---|\n");
    for binding in BINDINGS {
        let keys: Vec<String> = binding.keys.iter().map(|key| format!("`{key}`")).collect();
        let places = if binding.contexts == EVERYWHERE { "everywhere".to_owned() } else { places(binding).join(", ") };
        table.push_str(&format!("| {} | {places} | {} |\n", keys.join(" "), binding.help));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_context() {
        for context in EVERYWHERE {
            let mut seen: Vec<(Key, Command)> = Vec::new();
            for binding in BINDINGS.iter().filter(|binding| binding.contexts.contains(context)) {
                for key in binding.keys {
                    if let Some((_, other)) = seen.iter().find(|(other, _)| other == key) {
                        panic!("{key} means {other:?} and {:?} in {context:?}", binding.command);
                    }
                    seen.push((*key, binding.command));
                }
            }
        }
    }

    #[test]
    fn shift_and_control_tell_keys_apart() {
        let press = |code, modifiers| command(Context::Incidents, &KeyEvent::new(code, modifiers));
        assert_eq!(press(KeyCode::Char('s'), KeyModifiers::NONE), Some(Command::SortNext));
        assert_eq!(press(KeyCode::Char('S'), KeyModifiers::SHIFT), Some(Command::SortReverse));
        assert_eq!(press(KeyCode::Char('s'), KeyModifiers::CONTROL), None);
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Command::Quit));
    }

    #[test]
    fn the_readme_lists_the_keys_as_they_are() {
        let readme = include_str!("../../README.md");
        assert!(readme.contains(&markdown()), "the README's table should be:\n{}", markdown());
    }
}
