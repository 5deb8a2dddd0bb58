//! Long foreign text as safe lines that can be scrolled and searched. How a character is treated is decided in `sanitise`.

use regex::{Regex, RegexBuilder};

use super::sanitise::{is_plain, raw_lines, safe, write_line};
use super::{bytes, width};

/// How much of a text [`SafeLines`] keeps: more than any stack trace worth reading, little enough to hold one in memory.
pub const KEPT_BYTES: usize = 2 * 1024 * 1024;

/// Cells between tab stops.
const TAB: usize = 4;

/// The safe lines of a stack trace or another long text, sanitised once, then at hand by index.
///
/// At most [`KEPT_BYTES`] of the raw text are kept; a last line then says how much is missing.
#[derive(Debug, Clone, Default)]
pub struct SafeLines {
    text: String,
    /// Where each line ends in `text`.
    ends: Vec<usize>,
}

impl SafeLines {
    /// Sanitises `raw` line by line.
    pub fn new(raw: &str) -> Self {
        Self::keeping(raw, KEPT_BYTES)
    }

    fn keeping(raw: &str, limit: usize) -> Self {
        let kept = &raw[..raw.floor_char_boundary(limit)];
        let mut lines = Self { text: String::with_capacity(kept.len()), ends: Vec::new() };
        for line in raw_lines(kept) {
            push_line(line, &mut lines.text);
            lines.ends.push(lines.text.len());
        }
        let cut = raw.len() - kept.len();
        if cut > 0 {
            lines.text.push_str(&format!("… {} more not shown", bytes(cut as u64)));
            lines.ends.push(lines.text.len());
        }
        lines
    }

    /// The number of lines.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True when there is no line at all.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Line `index`, counted from zero.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[start..end])
    }

    /// All lines in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// The indices of the lines that contain `needle`, whatever its case. An empty needle matches nothing.
    pub fn search(&self, needle: &str) -> Vec<usize> {
        let Some(pattern) = pattern(needle) else { return Vec::new() };
        (0..self.len()).filter(|&index| self.get(index).is_some_and(|line| pattern.is_match(line))).collect()
    }
}

/// The safe lines of `raw`, made one by one.
pub(super) fn each_line(raw: &str) -> impl Iterator<Item = String> + '_ {
    raw_lines(raw).map(|line| {
        let mut out = String::with_capacity(line.len());
        push_line(line, &mut out);
        out
    })
}

/// The needle as typed, with its own hostile characters treated like those of the text; none when nothing is left to look for.
fn pattern(needle: &str) -> Option<Regex> {
    let needle = safe(needle);
    if needle.is_empty() {
        return None;
    }
    RegexBuilder::new(&regex::escape(&needle)).case_insensitive(true).build().ok()
}

fn push_line(raw: &str, out: &mut String) {
    if is_plain(raw) {
        out.push_str(raw);
        return;
    }
    let mut column = 0;
    for (index, part) in raw.split('\t').enumerate() {
        if index > 0 {
            let gap = TAB - column % TAB;
            out.extend(std::iter::repeat_n(' ', gap));
            column += gap;
        }
        let start = out.len();
        // Writing into a String has no error to report.
        let _ = write_line(part, out);
        column += width(&out[start..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Instant;

    #[test]
    fn lines_are_at_hand_by_index() {
        let lines = SafeLines::new("java.lang.IllegalStateException: boom\r\n\tat A.b(A.java:1)\n\n");
        assert_eq!(lines.len(), 3);
        assert_eq!(lines.get(1), Some("    at A.b(A.java:1)"));
        assert_eq!(lines.get(2), Some(""));
        assert_eq!(lines.get(3), None);
    }

    #[test]
    fn a_tab_reaches_the_next_stop() {
        assert_eq!(SafeLines::new("ab\tc\t\td").get(0), Some("ab  c       d"));
        assert_eq!(SafeLines::new("订单\tc").get(0), Some("订单    c"));
    }

    #[test]
    fn an_empty_text_has_no_line() {
        assert!(SafeLines::new("").is_empty());
    }

    #[test]
    fn a_line_cannot_carry_an_escape_sequence() {
        assert_eq!(SafeLines::new("a\n\x1b[31mb\u{202e}\n").get(1), Some("␛[31mb"));
    }

    #[test]
    fn a_text_too_long_says_how_much_is_missing() {
        let raw = "é".repeat(3000);
        let lines = SafeLines::keeping(&raw, 1001);
        assert_eq!(lines.get(0).map(str::len), Some(1000));
        assert_eq!(lines.get(1), Some("… 4.8 KiB more not shown"));
        assert_eq!(SafeLines::keeping(&raw, 6000).len(), 1);
    }

    #[test]
    fn search_ignores_case_in_every_script_and_takes_the_needle_literally() {
        let lines = SafeLines::new("Caused by: X\nat y\nCAUSED BY: Ärger (a.*)\n");
        assert_eq!(lines.search("caused by"), [0, 2]);
        assert_eq!(lines.search("ÄRGER"), [2]);
        assert_eq!(lines.search("a.*"), [2]);
        assert!(lines.search("").is_empty());
        assert!(lines.search("\u{200b}").is_empty());
    }

    #[test]
    fn a_megabyte_without_a_line_break_is_no_trouble() {
        let started = Instant::now();
        let lines = SafeLines::new(&"\tä\u{301}\x1b[0m".repeat(150_000));
        assert_eq!(lines.len(), 1);
        assert_eq!(lines.search("␛[0MX").len(), 0);
        assert!(started.elapsed().as_secs() < 20, "took {:?}", started.elapsed());
    }

    proptest! {
        #[test]
        fn no_line_contains_anything_that_acts(text in "[\\PC\\s\\x00-\\x1f\\x7f-\\x9f]{0,60}") {
            for line in SafeLines::new(&text).iter() {
                prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
            }
        }
    }
}
