//! What happens to each hostile character. The one place that decides; no types of text, no widths, no line splitting.
//!
//! Nothing here parses escape sequences: the character that starts one is replaced by a visible picture (`␛`), and what followed it
//! stays readable as plain letters. A parser that swallows sequences can be led to swallow the evidence with them.
//!
//! Joiners (U+200C, U+200D), direction marks and variation selectors are dropped although Persian, Indic scripts and composed emoji
//! use them: two different ids must never look alike because of a character nobody can see. Safety before typography.

use std::borrow::Cow;
use std::fmt::{self, Write};

use unicode_width::UnicodeWidthChar;

/// Combining marks kept on one base character; ordinary writing needs at most three.
const MARKS_PER_BASE: u8 = 4;

/// What becomes of one character.
enum Fate {
    Keep,
    /// Sits on the character before it, so its number is limited.
    Mark,
    /// Ends a line or jumps within it.
    Break,
    Drop,
    Show(char),
}

/// One safe line out of any foreign text: error bodies, configuration files, names from the environment.
///
/// Line breaks and tabs, with the indentation after them, become one space. Text that is safe already is borrowed.
pub fn safe(raw: &str) -> Cow<'_, str> {
    if is_plain(raw) {
        return Cow::Borrowed(raw);
    }
    let mut line = String::with_capacity(raw.len());
    // Writing into a String has no error to report.
    let _ = write_line(raw, &mut line);
    if line == raw { Cow::Borrowed(raw) } else { Cow::Owned(line) }
}

/// Writes `raw` as one safe line.
pub(super) fn write_line(raw: &str, out: &mut impl Write) -> fmt::Result {
    if is_plain(raw) {
        return out.write_str(raw);
    }
    let mut last = None;
    let mut after_break = false;
    let mut marks = 0;
    for c in raw.chars() {
        let shown = match fate(c) {
            Fate::Drop => continue,
            Fate::Break => {
                after_break = true;
                continue;
            }
            Fate::Mark if after_break || last.is_none() || marks == MARKS_PER_BASE => continue,
            Fate::Mark => {
                marks += 1;
                out.write_char(c)?;
                continue;
            }
            Fate::Keep if c == ' ' && after_break => continue,
            Fate::Keep => c,
            Fate::Show(picture) => picture,
        };
        // The space is owed until something visible follows, so that no line ends in one made of a line break.
        if after_break && last.is_some_and(|before| before != ' ') {
            out.write_char(' ')?;
        }
        after_break = false;
        marks = 0;
        out.write_char(shown)?;
        last = Some(shown);
    }
    Ok(())
}

/// The parts of `raw` between line breaks of any kind (`\n`, `\r\n`, `\r`, NEL, form feed, U+2028, U+2029).
pub(super) fn raw_lines(raw: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(raw);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(ends_line) else {
            rest = None;
            return (!text.is_empty()).then_some(text);
        };
        let tail = &text[end..];
        let skip = if tail.starts_with("\r\n") { 2 } else { tail.chars().next().map_or(0, char::len_utf8) };
        rest = Some(&tail[skip..]);
        Some(&text[..end])
    })
}

/// True for text that needs no treatment: printable ASCII.
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn ends_line(c: char) -> bool {
    matches!(c, '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn fate(c: char) -> Fate {
    match c {
        ' '..='~' => Fate::Keep,
        '\t' => Fate::Break,
        _ if ends_line(c) => Fate::Break,
        '\0'..='\u{1f}' => Fate::Show(char::from_u32(0x2400 + u32::from(c)).unwrap_or('·')),
        '\u{7f}' => Fate::Show('␡'),
        '\u{80}'..='\u{9f}' => Fate::Show('·'),
        _ if is_invisible(c) => Fate::Drop,
        _ if has_no_meaning(c) => Fate::Show(char::REPLACEMENT_CHARACTER),
        _ if c.width() == Some(0) => Fate::Mark,
        _ => Fate::Keep,
    }
}

/// Characters that draw nothing or steer how others are drawn: bidi controls, joiners, fillers, selectors, tags, annotations.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Private use and noncharacters: what a terminal draws for them depends on its font, up to a forged icon of our own screens.
fn has_no_meaning(c: char) -> bool {
    let code = u32::from(c);
    matches!(code, 0xe000..=0xf8ff | 0xf_0000..=0x10_ffff | 0xfdd0..=0xfdef) || code & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex::Regex;
    use std::sync::LazyLock;

    /// What must never come through, stated by Unicode properties rather than by the ranges above.
    pub(in crate::text) static FORBIDDEN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[\p{Cc}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]").unwrap());

    #[test]
    fn an_escape_sequence_becomes_visible_and_cannot_act() {
        assert_eq!(safe("\x1b[2J\x1b]0;owned\x07done"), "␛[2J␛]0;owned␇done");
        assert_eq!(safe("\u{9b}31mred\u{7f}"), "·31mred␡");
    }

    #[test]
    fn a_line_break_with_its_indentation_becomes_one_space() {
        assert_eq!(safe("boom\r\n\tat A.b(A.java:1)\n    at C.d\n"), "boom at A.b(A.java:1) at C.d");
        assert_eq!(safe("\n\n first"), "first");
        assert_eq!(safe("a\u{2028}b\u{85}c\u{2029}d"), "a b c d");
    }

    #[test]
    fn text_that_would_read_backwards_reads_forwards() {
        assert_eq!(safe("invoice\u{202e}fdp.exe\u{2066}\u{2069}\u{61c}"), "invoicefdp.exe");
    }

    #[test]
    fn characters_nobody_can_see_are_dropped() {
        assert_eq!(safe("a\u{200b}b\u{200d}c\u{feff}d\u{ad}e\u{fe0f}f\u{e0041}g\u{fff9}h\u{3164}i"), "abcdefghi");
    }

    #[test]
    fn private_and_impossible_characters_become_the_replacement_character() {
        assert_eq!(safe("a\u{e0b0}b\u{10ffff}c\u{fdd0}"), "a\u{fffd}b\u{fffd}c\u{fffd}");
    }

    #[test]
    fn a_flood_of_combining_marks_is_capped_and_none_stands_alone() {
        let flood = format!("e{}x", "\u{301}".repeat(500));
        assert_eq!(safe(&flood), format!("e{}x", "\u{301}".repeat(4)));
        assert_eq!(safe("\u{301}a\n\u{301}b"), "a b");
    }

    #[test]
    fn ordinary_text_of_many_scripts_is_borrowed_unchanged() {
        for text in [
            "Prüfung fehlgeschlagen: Betrag 12,50 €",
            "订单处理失败：库存不足",
            "ご注文は見つかりません",
            "주문을 찾을 수 없습니다",
            "Заказ не найден",
            "לא נמצא",
            "الطلب غير موجود",
            "क्रम नहीं मिला",
            "ไม่พบคำสั่งซื้อ",
            "e\u{301}le\u{300}ve 🚚 12\u{a0}000",
        ] {
            assert!(matches!(safe(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn every_single_character_comes_out_harmless() {
        for c in '\0'..=char::MAX {
            let text = format!("a{c}b");
            let shown = safe(&text);
            assert!(!FORBIDDEN.is_match(&shown), "U+{:04X} came through", u32::from(c));
        }
    }

    #[test]
    fn lines_end_at_every_kind_of_break() {
        let lines: Vec<_> = raw_lines("a\nb\r\nc\rd\u{85}e\u{2028}f\n\ng\n").collect();
        assert_eq!(lines, ["a", "b", "c", "d", "e", "f", "", "g"]);
    }

    proptest! {
        #[test]
        fn nothing_forbidden_comes_through_and_twice_is_as_good_as_once(text in any::<String>(), tail in "[\\s\\p{M}\\p{C}a]{0,40}") {
            let once = safe(&text).into_owned() + &safe(&tail);
            prop_assert!(!FORBIDDEN.is_match(&once));
            let joined = text + &tail;
            let once = safe(&joined);
            prop_assert!(!FORBIDDEN.is_match(&once));
            prop_assert_eq!(safe(&once), once.as_ref());
        }
    }
}
