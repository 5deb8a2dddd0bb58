//! Keys as data: one table feeds dispatch, footer, help screen and documentation.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::acting::Deed;
use super::command::{Choice, Command};
use super::list::Motion;

/// Where a binding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// In a list of rows.
    List,
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
    /// On the help screen.
    Help,
    /// On the screen shown when no engine is configured.
    FirstRun,
}

impl Context {
    fn place(self) -> &'static str {
        match self {
            Self::List => "lists",
            Self::Text => "page",
            Self::Tree => "tree",
            Self::Instance => "instance",
            Self::Timeline => "timeline",
            Self::Results => "results",
            Self::Plan => "plan",
            Self::Action => "action",
            Self::Actions => "actions",
            Self::Suspended => "suspended",
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

const LIST: &[Context] = &[Context::List];
const TEXT: &[Context] = &[Context::Text];
const TREE: &[Context] = &[Context::Tree];
const TIMELINE: &[Context] = &[Context::Timeline];
const LIST_AND_TEXT: &[Context] = &[Context::List, Context::Text];
const RESULTS: &[Context] = &[Context::Results];
const INSTANCE: &[Context] = &[Context::Instance];
const LIST_AND_PAGES: &[Context] = &[Context::List, Context::Text, Context::Tree, Context::Instance, Context::Timeline, Context::Results, Context::Suspended];
const SCROLLING: &[Context] = &[
    Context::List,
    Context::Text,
    Context::Tree,
    Context::Instance,
    Context::Timeline,
    Context::Results,
    Context::Plan,
    Context::Action,
    Context::Actions,
    Context::Suspended,
    Context::Help,
];
const EVERYWHERE: &[Context] = &[
    Context::List,
    Context::Text,
    Context::Tree,
    Context::Instance,
    Context::Timeline,
    Context::Results,
    Context::Plan,
    Context::Action,
    Context::Actions,
    Context::Suspended,
    Context::Help,
    Context::FirstRun,
];
const PLAN: &[Context] = &[Context::Plan];
const ACTION: &[Context] = &[Context::Action];
const ACTIONS: &[Context] = &[Context::Actions];
const ACTION_PAGES: &[Context] = &[Context::Plan, Context::Action, Context::Actions, Context::Suspended];
const SUSPENDED: &[Context] = &[Context::Suspended];

const fn binding(contexts: &'static [Context], keys: &'static [Key], command: Command, label: &'static str, help: &'static str, footer: u8) -> Binding {
    Binding { contexts, keys, command, label, help, footer: if footer == 0 { None } else { Some(footer) } }
}

/// All bindings.
pub const BINDINGS: &[Binding] = &[
    binding(
        LIST,
        &[Key::plain(KeyCode::Enter), Key::plain(KeyCode::Right), Key::char('l')],
        Command::Open,
        "open",
        "into the selected row: signatures, then incidents, then everything about one; versions of a process fold out and in",
        1,
    ),
    binding(LIST, &[Key::char('d')], Command::Describe, "describe", "message, stack trace and job of the selected row's newest incident", 2),
    binding(
        &[Context::List, Context::Text, Context::Help],
        &[Key::plain(KeyCode::Esc), Key::plain(KeyCode::Left), Key::char('h'), Key::plain(KeyCode::Backspace)],
        Command::Back,
        "back",
        "one step back; on the first level it clears the filter",
        3,
    ),
    binding(
        LIST_AND_TEXT,
        &[Key::char('t')],
        Command::Tree,
        "tree",
        "the tree of called instances around the selected incident, with the cursor on the root cause",
        3,
    ),
    binding(
        TREE,
        &[Key::plain(KeyCode::Enter)],
        Command::Open,
        "open",
        "everything about the incident of the selected instance, or about the instance; the next instances of a list that goes on",
        1,
    ),
    binding(TREE, &[Key::plain(KeyCode::Right), Key::char('l')], Command::Unfold, "unfold", "show what the selected instance called", 2),
    binding(TREE, &[Key::plain(KeyCode::Left), Key::char('h')], Command::Fold, "fold", "hide it again; then to the instance above", 3),
    binding(TREE, &[Key::char('c')], Command::ToCause, "cause", "to the root cause; from there to the next one, if there are several", 4),
    binding(TREE, &[Key::char('u')], Command::ToCaller, "up", "up to the instance that called the selected one", 5),
    binding(TREE, &[Key::char('e')], Command::ToggleEnded, "ended", "show called instances that are over too, or no more", 6),
    binding(TREE, &[Key::plain(KeyCode::Esc), Key::plain(KeyCode::Backspace)], Command::Back, "back", "one step back", 7),
    binding(
        &[Context::List, Context::Text, Context::Tree, Context::Timeline, Context::Results],
        &[Key::char('i')],
        Command::Instance,
        "instance",
        "everything about the instance of the selected row: jobs, timers, tasks, variables, what is suspended",
        4,
    ),
    binding(
        INSTANCE,
        &[Key::plain(KeyCode::Enter)],
        Command::Open,
        "open",
        "the incident of the selected row; the tree of called instances; the caller; a masked variable is shown, and masked again",
        1,
    ),
    binding(INSTANCE, &[Key::char('v')], Command::Variables, "variables", "read the variables, or go to them; r reads them again", 2),
    binding(INSTANCE, &[Key::char('t')], Command::Tree, "tree", "the tree of called instances around this one", 3),
    binding(
        INSTANCE,
        &[Key::plain(KeyCode::Esc), Key::plain(KeyCode::Left), Key::char('h'), Key::plain(KeyCode::Backspace)],
        Command::Back,
        "back",
        "one step back; revealed variables are masked again",
        4,
    ),
    binding(
        &[Context::List, Context::Text, Context::Tree, Context::Instance, Context::Results],
        &[Key::char('T')],
        Command::Timeline,
        "timeline",
        "what happened to the instance of the selected row: activities, attempts, incidents, who did what",
        4,
    ),
    binding(
        TIMELINE,
        &[Key::plain(KeyCode::Enter), Key::plain(KeyCode::Right), Key::char('l')],
        Command::Open,
        "open",
        "the stack trace of the selected failure, the tree of the called instance, an open incident; reads older events where they are missing",
        1,
    ),
    binding(TIMELINE, &[Key::char('o')], Command::OnlyTrouble, "only trouble", "only failures, incidents and what users did, or everything again", 2),
    binding(TIMELINE, &[Key::char('/')], Command::Filter, "filter", "show only events that contain a text; a leading ! shows only those that do not", 3),
    binding(TIMELINE, &[Key::char('s')], Command::SortReverse, "turn round", "the oldest event on top, or the newest again", 4),
    binding(TIMELINE, &[Key::char('t')], Command::Tree, "tree", "the tree of called instances around this one", 5),
    binding(
        TIMELINE,
        &[Key::plain(KeyCode::Esc), Key::plain(KeyCode::Left), Key::char('h'), Key::plain(KeyCode::Backspace)],
        Command::Back,
        "back",
        "clears the filter, then one step back",
        6,
    ),
    binding(
        RESULTS,
        &[Key::plain(KeyCode::Enter), Key::plain(KeyCode::Right), Key::char('l')],
        Command::Open,
        "open",
        "the tree of what was found, with the cursor on its root cause; the instances of an activity; what else may be asked; the next 50",
        1,
    ),
    binding(RESULTS, &[Key::char('d')], Command::Describe, "describe", "message, stack trace and job of the incident of what was found", 2),
    binding(
        RESULTS,
        &[Key::plain(KeyCode::Esc), Key::plain(KeyCode::Left), Key::char('h'), Key::plain(KeyCode::Backspace)],
        Command::Back,
        "back",
        "give the search under way up; else one step back",
        3,
    ),
    binding(LIST_AND_PAGES, &[Key::char('a')], Command::Menu, "actions", "what can be done to the selected row, and why not", 3),
    binding(
        LIST_AND_PAGES,
        &[Key::char('R')],
        Command::Act(Deed::Retry),
        "retry",
        "plan a retry of the selected group, message, incident or job; of an instance: of the root causes below it. Marked rows count together",
        5,
    ),
    binding(
        LIST_AND_PAGES,
        &[Key::char('C')],
        Command::Act(Deed::Cancel),
        "cancel",
        "plan to cancel the selected instance, with everything that ends with it; nothing is sent before it is confirmed",
        0,
    ),
    binding(
        LIST_AND_PAGES,
        &[Key::char('x')],
        Command::Act(Deed::ToggleSuspension),
        "suspend/resume",
        "plan to suspend the selected job definition, process definition or instance, or to resume it; on an incident: its job definition",
        6,
    ),
    binding(
        LIST,
        &[Key::char('X')],
        Command::Act(Deed::SuspendMatching),
        "suspend all",
        "plan to suspend every job definition that matches what is typed, across processes: SAP",
        0,
    ),
    binding(
        LIST_AND_PAGES,
        &[Key::char('A')],
        Command::Actions,
        "all actions",
        "the actions of this run and how they stand, and what an earlier run left under way",
        0,
    ),
    binding(
        LIST_AND_PAGES,
        &[Key::char('W')],
        Command::ShowSuspended,
        "suspended",
        "everything that is suspended now, and what is to be suspended or resumed later",
        0,
    ),
    binding(SUSPENDED, &[Key::plain(KeyCode::Enter)], Command::Open, "open", "the page of the selected instance", 2),
    binding(SUSPENDED, &[Key::char(' ')], Command::Mark, "mark", "mark the selected row and move on", 4),
    binding(SUSPENDED, &[Key::control('a')], Command::MarkAll, "mark all", "mark all rows", 0),
    binding(SUSPENDED, &[Key::char('u')], Command::ClearMarks, "unmark", "remove all marks", 0),
    binding(SUSPENDED, &[Key::char('i')], Command::Instance, "instance", "everything about the selected instance", 0),
    binding(PLAN, &[Key::plain(KeyCode::Enter)], Command::Open, "do it", "confirm the plan; where it is dangerous, its count or name has to be typed then", 1),
    binding(PLAN, &[Key::char('v')], Command::ShowRequests, "requests", "the exact requests, or the plan again", 2),
    binding(PLAN, &[Key::char('r')], Command::Refresh, "read again", "read the targets again and plan anew", 3),
    binding(PLAN, &[Key::char('n')], Command::Choose(Choice::Attempts), "attempts", "retry: how many attempts each gets", 0),
    binding(PLAN, &[Key::char('d')], Command::Choose(Choice::Due), "due", "retry: now, later, or when it is due anyway", 0),
    binding(PLAN, &[Key::char('p')], Command::Choose(Choice::Pace), "pace", "retry: how many a second", 0),
    binding(PLAN, &[Key::char('c')], Command::Choose(Choice::Canary), "first", "retry: how many go first and are waited for", 0),
    binding(PLAN, &[Key::char('s')], Command::Choose(Choice::StopAt), "stop at", "retry: from which share of failures on it pauses by itself", 0),
    binding(PLAN, &[Key::char('b')], Command::Choose(Choice::Batch), "batch", "retry: by a batch of the engine, or one request each", 0),
    binding(PLAN, &[Key::char('e')], Command::Choose(Choice::Existing), "existing", "suspend, resume: existing jobs or instances too, or only new ones", 0),
    binding(PLAN, &[Key::char('t')], Command::Choose(Choice::At), "time", "suspend, resume: now, or at a time by a timer of the engine", 0),
    binding(PLAN, &[Key::char('o')], Command::Choose(Choice::Others), "others", "resume: whether jobs suspended by another cause stay so or are woken", 0),
    binding(PLAN, &[Key::char('l')], Command::Choose(Choice::Level), "level", "cancel: at which level of the tree it begins", 0),
    binding(PLAN, &[Key::char('x')], Command::Choose(Choice::Listeners), "listeners", "cancel: whether listeners of the diagram run", 0),
    binding(PLAN, &[Key::char('m')], Command::Choose(Choice::Reason), "reason", "why it is done, for the journal and the engine's own log of operations", 4),
    binding(ACTION, &[Key::char(' ')], Command::HoldAction, "pause", "send no more for now, or go on after that", 1),
    binding(ACTION, &[Key::char('c')], Command::GoOnAction, "go on", "go on sending although it paused by itself", 3),
    binding(ACTION, &[Key::char('S')], Command::StopAction, "stop", "send no more at all; what was sent is still read back", 2),
    binding(ACTION, &[Key::char('b')], Command::ReadBack, "read back", "read back once more what is not settled", 3),
    binding(ACTION, &[Key::char('o')], Command::OnlyTrouble, "only trouble", "list only targets that did not do as wanted, or all again", 4),
    binding(ACTION, &[Key::char('w')], Command::Export, "write", "write the action into a file: .csv, .json or .md", 5),
    binding(ACTION, &[Key::char('U')], Command::Undo, "undo", "plan to take it back, as far as the engine allows without waking anything else", 6),
    binding(
        &[Context::Action, Context::Actions],
        &[Key::char('P')],
        Command::PutBack,
        "put back",
        "plan to put back jobs that a resumption was to keep asleep and left otherwise: suspended again, due as before; also after a crash",
        0,
    ),
    binding(ACTION, &[Key::plain(KeyCode::Enter)], Command::Open, "open", "the page of the selected target's instance", 7),
    binding(ACTION, &[Key::char('i')], Command::Instance, "instance", "everything about the instance of the selected target", 0),
    binding(ACTION, &[Key::char('t')], Command::Tree, "tree", "the tree of called instances around the selected target", 0),
    binding(ACTION, &[Key::char('T')], Command::Timeline, "timeline", "what happened to the instance of the selected target", 0),
    binding(
        ACTIONS,
        &[Key::plain(KeyCode::Enter), Key::plain(KeyCode::Right), Key::char('l')],
        Command::Open,
        "open",
        "the action; of an earlier run: read back what became of it, or plan to put back what it left",
        1,
    ),
    binding(
        ACTION_PAGES,
        &[Key::plain(KeyCode::Esc), Key::plain(KeyCode::Left), Key::char('h'), Key::plain(KeyCode::Backspace)],
        Command::Back,
        "back",
        "one step back; an action under way goes on, A finds it again",
        8,
    ),
    binding(
        &[Context::Plan, Context::Action, Context::Actions],
        &[Key::char('y')],
        Command::Copy,
        "copy",
        "copy the requests of the plan as curl, or the id of the selected target",
        9,
    ),
    binding(&[Context::Plan, Context::Action, Context::Actions], &[Key::char('A')], Command::Actions, "all actions", "the actions of this run", 0),
    binding(LIST_AND_PAGES, &[Key::char('F')], Command::Find, "find", "find anything by its business key, id, activity or message", 8),
    binding(SCROLLING, &[Key::plain(KeyCode::Down), Key::char('j')], Command::Go(Motion::Down), "down", "one row down", 0),
    binding(SCROLLING, &[Key::plain(KeyCode::Up), Key::char('k')], Command::Go(Motion::Up), "up", "one row up", 0),
    binding(SCROLLING, &[Key::plain(KeyCode::PageDown), Key::control('f')], Command::Go(Motion::PageDown), "page down", "a screenful down", 0),
    binding(SCROLLING, &[Key::plain(KeyCode::PageUp), Key::control('b')], Command::Go(Motion::PageUp), "page up", "a screenful up", 0),
    binding(SCROLLING, &[Key::char('g'), Key::plain(KeyCode::Home)], Command::Go(Motion::Top), "top", "to the first row", 0),
    binding(SCROLLING, &[Key::char('G'), Key::plain(KeyCode::End)], Command::Go(Motion::Bottom), "end", "to the last row", 0),
    binding(LIST, &[Key::char('/')], Command::Filter, "filter", "show only rows that contain a text; a leading ! shows only those that do not", 4),
    binding(TEXT, &[Key::char('/')], Command::Search, "search", "find a text", 4),
    binding(TEXT, &[Key::char('n')], Command::NextHit, "next hit", "to the next hit", 5),
    binding(TEXT, &[Key::char('N')], Command::PreviousHit, "prev hit", "to the previous hit", 6),
    binding(TEXT, &[Key::char('w')], Command::Wrap, "wrap", "wrap long lines, or cut them", 7),
    binding(LIST, &[Key::char('s')], Command::SortNext, "sort", "sort by the next column", 5),
    binding(LIST, &[Key::char('S')], Command::SortReverse, "reverse", "sort the other way round", 0),
    binding(LIST, &[Key::char(' ')], Command::Mark, "mark", "mark the selected row and move on", 6),
    binding(LIST, &[Key::control('a')], Command::MarkAll, "mark all", "mark all rows that pass the filter", 0),
    binding(LIST, &[Key::char('u')], Command::ClearMarks, "unmark", "remove all marks", 0),
    binding(LIST, &[Key::plain(KeyCode::Tab)], Command::NextPane, "pane", "to the next pane: incidents, job definitions, process definitions", 7),
    binding(LIST, &[Key::char('1')], Command::ShowIncidents, "incidents", "to the incidents by activity", 0),
    binding(LIST, &[Key::char('2')], Command::ShowJobDefinitions, "job definitions", "to the job definitions", 0),
    binding(LIST, &[Key::char('3')], Command::ShowDefinitions, "definitions", "to the process definitions, every version of them", 0),
    binding(
        LIST,
        &[Key::char('o')],
        Command::OldVersions,
        "old versions",
        "process definitions: only versions that still run and are not the newest, or all again",
        0,
    ),
    binding(LIST, &[Key::char('f')], Command::Scope, "scope", "show only a part of the engine: a tenant, some processes, a team", 8),
    binding(LIST, &[Key::char('z')], Command::Zoom, "zoom", "this pane alone on the screen, or both again", 0),
    binding(LIST_AND_PAGES, &[Key::char('p')], Command::Pause, "pause", "stop background polling, or resume it", 9),
    binding(LIST_AND_PAGES, &[Key::char('r'), Key::control('r')], Command::Refresh, "refresh", "ask the engine again now", 0),
    binding(LIST_AND_PAGES, &[Key::char('y')], Command::Copy, "copy id", "copy the id of the selected row to the clipboard of your terminal", 0),
    binding(LIST_AND_PAGES, &[Key::char('L')], Command::Login, "login", "log in with another user or password", 0),
    binding(SCROLLING, &[Key::char('?'), Key::plain(KeyCode::F(1))], Command::Help, "help", "all keys, and what the figures mean", 10),
    binding(SCROLLING, &[Key::char('q')], Command::Quit, "quit", "leave; nothing in the engine is changed by leaving", 11),
    binding(EVERYWHERE, &[Key::control('c')], Command::Quit, "quit", "leave from anywhere", 0),
    binding(EVERYWHERE, &[Key::control('z')], Command::Suspend, "shell", "give the shell back until `fg`", 0),
];

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

/// The key table as Markdown, for the documentation.
pub fn markdown() -> String {
    let mut table = String::from("| keys | where | what they do |\n|---|---|---|\n");
    for binding in BINDINGS {
        let keys: Vec<String> = binding.keys.iter().map(|key| format!("`{key}`")).collect();
        let places: Vec<&str> = binding.contexts.iter().map(|context| context.place()).collect();
        let places = if binding.contexts == EVERYWHERE { "everywhere".to_owned() } else { places.join(", ") };
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
        let press = |code, modifiers| command(Context::List, &KeyEvent::new(code, modifiers));
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
