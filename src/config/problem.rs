//! What is wrong with a configuration, told so that it can be put right: place, key, nearest valid key, and the line itself.
//!
//! No error text ever holds a secret. What was typed is sanitised before it is shown, and lines that may hold a password lose all
//! that stands right of their first `=`.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use crate::text::EngineText;

/// The longest part of a line shown left of, inside, or right of the marked place, in characters.
const SHOWN: usize = 100;

/// Why there is no usable configuration.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConfigError {
    /// A file holds mistakes; all of them are listed.
    #[error("{}", list(.0))]
    Invalid(Vec<Problem>),
    /// A file that was asked for cannot be read.
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        /// The file, safe to show.
        path: String,
        /// What the operating system says.
        reason: String,
    },
    /// What was asked for on the command line or by a variable does not make sense; the text says what to do instead.
    #[error("{0}")]
    Request(String),
    /// A secret could not be obtained from the place that was named for it.
    #[error("{0}")]
    Secret(String),
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// One mistake in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file's path or name, safe to show.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What is wrong and what would be right, safe to show.
    pub message: String,
    excerpt: Option<Excerpt>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Excerpt {
    text: String,
    caret: usize,
    width: usize,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        if let Some(excerpt) = &self.excerpt {
            let gutter = self.line.to_string();
            write!(f, "\n  {gutter} | {}", excerpt.text)?;
            write!(f, "\n  {:blank$} | {:caret$}{}", "", "", "^".repeat(excerpt.width), blank = gutter.len(), caret = excerpt.caret)?;
        }
        Ok(())
    }
}

/// What stands at the marked place, which decides how much of its line may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marked {
    /// An understood key or value.
    Known,
    /// Something whose line may hold a secret, such as a misspelt `password`.
    Doubtful,
}

/// A file's name and text, and the mistakes found in it so far.
#[derive(Debug)]
pub(crate) struct Report<'s> {
    file: &'s str,
    text: &'s str,
    problems: Vec<Problem>,
}

impl<'s> Report<'s> {
    pub(crate) fn new(file: &'s str, text: &'s str) -> Self {
        Self { file, text, problems: Vec::new() }
    }

    /// Notes a mistake at a byte range of the text.
    pub(crate) fn add(&mut self, span: Range<usize>, marked: Marked, message: String) {
        let start = floor_boundary(self.text, span.start);
        let line_start = self.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |newline| start + newline);
        let end = floor_boundary(self.text, span.end).clamp(start, line_end);
        let line_text = self.text[line_start..line_end].trim_end_matches('\r');
        let (from, to) = (start - line_start, (end - line_start).min(line_text.len()));
        let marked = if within_headers(&self.text[..line_start]) { Marked::Doubtful } else { marked };
        self.problems.push(Problem {
            file: safe(self.file),
            line: self.line_of(line_start),
            column: self.text[line_start..start].chars().count() + 1,
            message: safe(&message),
            excerpt: excerpt(line_text, from.min(line_text.len()), to, marked),
        });
    }

    /// Notes a syntax error; a second one on the same line only repeats the first.
    pub(crate) fn add_syntax(&mut self, error: &toml::de::Error) {
        let span = error.span().unwrap_or(0..0);
        let before = self.problems.len();
        self.add(span, Marked::Known, format!("this is not TOML: {}", error.message()));
        if before > 0 && self.problems[before - 1].line == self.problems[before].line {
            self.problems.truncate(before);
        }
    }

    /// The line of a byte of the text, counted from 1.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        self.text[..floor_boundary(self.text, offset)].matches('\n').count() + 1
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// The value, or all mistakes in the order of the file.
    pub(crate) fn finish<T>(mut self, value: T) -> Result<T, ConfigError> {
        if self.problems.is_empty() {
            return Ok(value);
        }
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        Err(ConfigError::Invalid(self.problems))
    }
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn excerpt(line: &str, from: usize, to: usize, marked: Marked) -> Option<Excerpt> {
    let equals = line.find('=');
    // A line that is neither `key = value` nor a header continues a value from above, which may be a secret.
    if equals.is_none() && !line.trim_start().starts_with('[') {
        return None;
    }
    let (before, inside, after) = match equals {
        Some(equals) if marked == Marked::Doubtful || may_hold_secret(line) => {
            if to <= equals {
                (&line[..from], &line[from..to], format!("{} …", &line[to..=equals]))
            } else {
                (&line[..=equals], "…", String::new())
            }
        }
        _ => (&line[..from], &line[from..to], line[to..].to_owned()),
    };
    let mut before_shown = safe(&tail(before));
    if before.ends_with('=') {
        before_shown.push(' ');
    }
    let inside_shown = safe(&head(inside));
    let caret = before_shown.width();
    let width = inside_shown.width().max(1);
    Some(Excerpt { text: format!("{before_shown}{inside_shown}{}", safe(&head(&after))), caret, width })
}

fn may_hold_secret(line: &str) -> bool {
    let lower = line.to_lowercase();
    // Of all keys only the names of headers have a hyphen.
    let hyphen = lower.split('=').next().is_some_and(|key| key.contains('-'));
    ["pas", "pw", "secret", "token", "credential", "header", "auth"].iter().any(|word| lower.contains(word)) || lower.contains('@') || hyphen
}

/// Whether a line that follows this text may hold the value of a header: below `[engine.NAME.headers]`, or in a table still open.
fn within_headers(before: &str) -> bool {
    let section = before.lines().rev().map(str::trim_start).find(|line| line.starts_with('['));
    let open = before.rfind("headers").is_some_and(|start| before[start..].contains('{') && !before[start..].contains('}'));
    open || section.is_some_and(|line| line.contains("headers"))
}

fn head(text: &str) -> String {
    if text.chars().count() <= SHOWN { text.to_owned() } else { text.chars().take(SHOWN).chain(['…']).collect() }
}

fn tail(text: &str) -> String {
    let count = text.chars().count();
    if count <= SHOWN { text.to_owned() } else { std::iter::once('…').chain(text.chars().skip(count - SHOWN)).collect() }
}

/// Text from a file or a variable without anything that could steer a terminal.
pub(crate) fn safe(text: &str) -> String {
    EngineText::from(text.replace('\t', " ")).to_string()
}

/// The candidate most like what was typed, if any is near enough to be what was meant.
pub(crate) fn nearest<'c>(typed: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let typed = typed.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&typed, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, marked_text: &str, marked: Marked) -> String {
        let start = text.find(marked_text).unwrap();
        let mut report = Report::new("config.toml", text);
        report.add(start..start + marked_text.len(), marked, "wrong".to_owned());
        report.finish(()).unwrap_err().to_string()
    }

    #[test]
    fn a_problem_points_at_its_place() {
        assert_eq!(shown("a = 1\nkey = \"välue\"\n", "\"välue\"", Marked::Known), "config.toml:2:7: wrong\n  2 | key = \"välue\"\n    |       ^^^^^^^");
    }

    #[test]
    fn a_doubtful_line_shows_no_value() {
        assert_eq!(shown("kenwort = \"hunter2\"", "kenwort", Marked::Doubtful), "config.toml:1:1: wrong\n  1 | kenwort = …\n    | ^^^^^^^");
        assert!(!shown("e = { kw = \"hunter2\", usr = 1 }", "usr", Marked::Doubtful).contains("hunter2"));
    }

    #[test]
    fn a_line_that_may_hold_a_secret_shows_no_value_whatever_is_marked() {
        assert!(!shown("password = hunter2", "hunter2", Marked::Known).contains("hunter2"));
        assert!(!shown("url = \"http://a:hunter2@b\"", "\"http://a:hunter2@b\"", Marked::Known).contains("hunter2"));
        assert!(!shown("password = \"\"\"\nhunter2", "hunter2", Marked::Known).contains("hunter2"));
    }

    #[test]
    fn escape_sequences_in_the_file_do_not_reach_the_terminal() {
        let text = shown("key = \"\u{1b}[31mred\u{7}\"", "key", Marked::Known);
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    }

    #[test]
    fn a_place_outside_the_text_is_still_reported() {
        let mut report = Report::new("f", "ä");
        report.add(1..90, Marked::Known, "cut off".to_owned());
        assert!(report.finish(()).unwrap_err().to_string().contains("f:1:1: cut off"));
    }

    #[test]
    fn only_a_near_key_is_suggested() {
        assert_eq!(nearest("uesr", ["url", "user"]), Some("user"));
        assert_eq!(nearest("USER", ["url", "user"]), Some("user"));
        assert_eq!(nearest("frequency", ["url", "user"]), None);
    }
}
