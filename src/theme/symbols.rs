//! The characters the cockpit draws with besides text: one set of line and block characters, one of plain ASCII.

use ratatui::symbols::{border, scrollbar};

use crate::text::Charset;

/// One consistent set of characters. Every symbol is one cell wide, except [`Symbols::ellipsis`] and [`Symbols::tree`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbols {
    /// The frame of a pane.
    pub border: border::Set<'static>,
    /// The frame of the pane with the focus; differs in shape, so that the focus is visible without colours.
    pub border_focused: border::Set<'static>,
    /// The bars of a sparkline from none to full, in eighths.
    pub sparkline: [&'static str; 9],
    /// A moment without a measurement in a sparkline.
    pub gap: &'static str,
    /// A vertical scrollbar.
    pub scrollbar: scrollbar::Set<'static>,
    /// The branches of a tree.
    pub tree: Tree,
    /// A row marked for an action.
    pub mark: &'static str,
    /// The row under the cursor.
    pub cursor: &'static str,
    /// From here to there: breadcrumbs, state changes.
    pub arrow: &'static str,
    /// A column sorted upwards, a rising figure.
    pub up: &'static str,
    /// A column sorted downwards, a falling figure.
    pub down: &'static str,
    /// A tree node with its children hidden.
    pub collapsed: &'static str,
    /// A tree node with its children shown.
    pub expanded: &'static str,
    /// Text was cut off here.
    pub ellipsis: &'static str,
    /// A state in one cell: running, connected.
    pub dot: &'static str,
    /// The same place when it is not so: stopped, not connected.
    pub hollow_dot: &'static str,
    /// Polling is paused; something is suspended.
    pub paused: &'static str,
    /// Done and proven.
    pub done: &'static str,
    /// Failed.
    pub failed: &'static str,
    /// Worth a look.
    pub warning: &'static str,
    /// Between the parts of one line.
    pub separator: &'static str,
    /// The filled part of a progress bar.
    pub bar_full: &'static str,
    /// The empty part of a progress bar.
    pub bar_empty: &'static str,
    /// What turns while one waits, one picture after the other.
    pub spinner: [&'static str; 4],
}

/// The branches of a tree, each two cells wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tree {
    /// A child with siblings below it.
    pub branch: &'static str,
    /// The last child.
    pub last: &'static str,
    /// Passing a parent that has siblings below it.
    pub pass: &'static str,
    /// Passing a parent that was the last.
    pub blank: &'static str,
}

impl Tree {
    /// The part before a row on one level: its own branch, or a line that passes it, and whether the line goes on below.
    pub fn part(self, own: bool, goes_on: bool) -> &'static str {
        match (own, goes_on) {
            (true, true) => self.branch,
            (true, false) => self.last,
            (false, true) => self.pass,
            (false, false) => self.blank,
        }
    }
}

/// Line and block characters, all of them in the fonts terminals come with.
pub const UNICODE: Symbols = Symbols {
    border: border::PLAIN,
    border_focused: border::THICK,
    sparkline: [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    gap: "·",
    scrollbar: scrollbar::Set { track: "│", thumb: "█", begin: "▲", end: "▼" },
    tree: Tree { branch: "├─", last: "└─", pass: "│ ", blank: "  " },
    mark: "●",
    cursor: "▌",
    arrow: "→",
    up: "▲",
    down: "▼",
    collapsed: "▸",
    expanded: "▾",
    ellipsis: "…",
    dot: "●",
    hollow_dot: "○",
    paused: "‖",
    done: "✓",
    failed: "✗",
    warning: "!",
    separator: "│",
    bar_full: "█",
    bar_empty: "░",
    spinner: ["◐", "◓", "◑", "◒"],
};

/// The same in ASCII, for serial consoles and hosts without a UTF-8 locale.
pub const ASCII: Symbols = Symbols {
    border: ascii_border("-", "|", "+"),
    border_focused: ascii_border("=", "#", "#"),
    sparkline: [" ", "_", ".", "-", "=", "+", "*", "#", "@"],
    gap: "?",
    scrollbar: scrollbar::Set { track: "|", thumb: "#", begin: "^", end: "v" },
    tree: Tree { branch: "|-", last: "`-", pass: "| ", blank: "  " },
    mark: "*",
    cursor: ">",
    arrow: ">",
    up: "^",
    down: "v",
    collapsed: "+",
    expanded: "-",
    ellipsis: "..",
    dot: "o",
    hollow_dot: ".",
    paused: "=",
    done: "+",
    failed: "x",
    warning: "!",
    separator: "|",
    bar_full: "#",
    bar_empty: ".",
    spinner: ["|", "/", "-", "\\"],
};

const fn ascii_border(horizontal: &'static str, vertical: &'static str, corner: &'static str) -> border::Set<'static> {
    border::Set {
        top_left: corner,
        top_right: corner,
        bottom_left: corner,
        bottom_right: corner,
        vertical_left: vertical,
        vertical_right: vertical,
        horizontal_top: horizontal,
        horizontal_bottom: horizontal,
    }
}

impl Symbols {
    /// The set that was asked for, or the one the locale of this process can carry.
    pub fn choose(ascii: Option<bool>) -> &'static Symbols {
        Self::choose_by(ascii, |name| std::env::var(name).ok())
    }

    fn choose_by(ascii: Option<bool>, lookup: impl Fn(&str) -> Option<String>) -> &'static Symbols {
        if ascii.unwrap_or_else(|| Charset::of_locale(lookup) != Charset::Utf8) { &ASCII } else { &UNICODE }
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    /// Every symbol of a set with whether it must be one cell wide; the patterns name all fields, so a new one cannot be forgotten.
    fn all(set: &Symbols) -> Vec<&'static str> {
        let Symbols { border, border_focused, sparkline, gap, scrollbar, tree, mark, cursor, arrow, up, down, .. } = set;
        let Symbols { collapsed, expanded, ellipsis: _, dot, hollow_dot, paused, done, failed, warning, separator, bar_full, bar_empty, spinner, .. } = set;
        let mut symbols = vec![*gap, mark, cursor, arrow, up, down, collapsed, expanded, dot, hollow_dot, paused, done, failed, warning];
        symbols.extend([*separator, bar_full, bar_empty, tree.branch, tree.last, tree.pass, tree.blank]);
        symbols.extend(sparkline.iter().chain(spinner));
        symbols.extend([scrollbar.track, scrollbar.thumb, scrollbar.begin, scrollbar.end]);
        for set in [border, border_focused] {
            symbols.extend([set.top_left, set.top_right, set.bottom_left, set.bottom_right]);
            symbols.extend([set.vertical_left, set.vertical_right, set.horizontal_top, set.horizontal_bottom]);
        }
        symbols
    }

    #[test]
    fn the_ascii_set_is_all_ascii() {
        assert!(format!("{ASCII:?}").is_ascii());
        assert!(!format!("{UNICODE:?}").is_ascii());
    }

    #[test]
    fn every_symbol_is_as_wide_as_promised() {
        for set in [&UNICODE, &ASCII] {
            let branches = [set.tree.branch, set.tree.last, set.tree.pass, set.tree.blank];
            for symbol in all(set) {
                let width = if branches.contains(&symbol) { 2 } else { 1 };
                assert_eq!(symbol.width(), width, "{symbol:?}");
            }
        }
    }

    #[test]
    fn a_sparkline_tells_its_levels_and_its_gaps_apart() {
        for set in [&UNICODE, &ASCII] {
            let mut symbols: Vec<_> = set.sparkline.iter().chain([&set.gap]).collect();
            symbols.sort();
            symbols.dedup();
            assert_eq!(symbols.len(), 10);
        }
    }

    #[test]
    fn the_focused_frame_differs_in_shape() {
        assert_ne!(UNICODE.border, UNICODE.border_focused);
        assert_ne!(ASCII.border, ASCII.border_focused);
    }

    #[test]
    fn the_locale_decides_unless_a_set_was_asked_for() {
        let chosen = |ascii, variables: &[(&str, &str)]| {
            Symbols::choose_by(ascii, |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())) == &ASCII
        };
        assert!(!chosen(None, &[("LANG", "de_DE.UTF-8")]));
        assert!(!chosen(None, &[("LC_ALL", "C.utf8"), ("LANG", "C")]));
        assert!(!chosen(None, &[("LC_ALL", ""), ("LC_CTYPE", "en_US.UTF-8"), ("LANG", "C")]));
        assert!(!chosen(None, &[("LANG", "en_US.UTF-8"), ("TERM", "linux")]));
        assert!(chosen(None, &[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]));
        assert!(chosen(None, &[("LANG", "POSIX")]));
        assert_eq!(chosen(None, &[]), !cfg!(windows));
        assert!(chosen(Some(true), &[("LANG", "en_US.UTF-8")]));
        assert!(!chosen(Some(false), &[("LANG", "C")]));
    }
}
