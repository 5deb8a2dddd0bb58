//! Text measured and cut in terminal cells. Safe text in, safe text out: nothing here sanitises.
//!
//! A width is the sum over grapheme clusters, as the terminal library draws them one by one; measuring the whole string at once
//! would give less for scripts whose letters merge into ligatures.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::sanitise::is_plain;

const ELLIPSIS: &str = "…";

/// Where text stands in a wider field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// At the left edge.
    Left,
    /// At the right edge, as figures want it.
    Right,
    /// In the middle; an odd cell goes to the right.
    Centre,
}

/// The cells `text` takes.
pub fn width(text: &str) -> usize {
    if is_plain(text) { text.len() } else { text.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

/// `text` in at most `cells` cells; when its end had to go, `…` says so. A grapheme is never split.
pub fn truncate(text: &str, cells: usize) -> Cow<'_, str> {
    match split(text, cells) {
        None => Cow::Borrowed(text),
        Some(_) if cells == 0 => Cow::Borrowed(""),
        Some(_) => Cow::Owned(format!("{}{ELLIPSIS}", &text[..head(text, cells - 1)])),
    }
}

/// Like [`truncate`], but the start goes and the end stays: for paths and class names.
pub fn truncate_start(text: &str, cells: usize) -> Cow<'_, str> {
    match split(text, cells) {
        None => Cow::Borrowed(text),
        Some(_) if cells == 0 => Cow::Borrowed(""),
        Some(_) => Cow::Owned(format!("{ELLIPSIS}{}", &text[tail(text, cells - 1)..])),
    }
}

/// Like [`truncate`], but both ends stay: for ids and long names that differ at either end. The start gets the odd cell.
pub fn truncate_middle(text: &str, cells: usize) -> Cow<'_, str> {
    match split(text, cells) {
        None => Cow::Borrowed(text),
        Some(_) if cells == 0 => Cow::Borrowed(""),
        Some(_) => {
            let start = &text[..head(text, cells / 2)];
            let end = &text[tail(text, (cells - 1) / 2)..];
            Cow::Owned(format!("{start}{ELLIPSIS}{end}"))
        }
    }
}

/// `text` in exactly `cells` cells: filled up with spaces, or truncated.
pub fn pad(text: &str, cells: usize, align: Align) -> String {
    let text = truncate(text, cells);
    let gap = cells.saturating_sub(width(&text));
    let left = match align {
        Align::Left => 0,
        Align::Right => gap,
        Align::Centre => gap / 2,
    };
    let mut out = String::with_capacity(text.len() + gap);
    out.extend(std::iter::repeat_n(' ', left));
    out.push_str(&text);
    out.extend(std::iter::repeat_n(' ', gap - left));
    out
}

/// `text` in lines of at most `cells` cells, broken between words; a longer word has a line of its own.
pub fn wrap_words(text: &str, cells: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        if let Some(line) = lines.last_mut().filter(|line| line.is_empty() || width(line) + 1 + width(word) <= cells) {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// The part of `text` seen through a window of `cells` cells after `skip` cells, for scrolling sideways.
///
/// A wide character half outside the left edge is replaced by spaces, so that columns stay where they are.
pub fn window(text: &str, skip: usize, cells: usize) -> Cow<'_, str> {
    let mut passed = 0;
    let mut start = text.len();
    for (index, grapheme) in text.grapheme_indices(true) {
        if passed >= skip {
            start = index;
            break;
        }
        passed += grapheme.width();
    }
    let gap = passed.saturating_sub(skip).min(cells);
    let rest = &text[start..];
    let seen = &rest[..head(rest, cells - gap)];
    if gap == 0 { Cow::Borrowed(seen) } else { Cow::Owned(" ".repeat(gap) + seen) }
}

/// Where the text stops fitting into `cells`; none when all of it fits. Looks no further than it must.
fn split(text: &str, cells: usize) -> Option<usize> {
    if text.len() <= cells && is_plain(text) {
        return None;
    }
    let end = head(text, cells);
    (end < text.len()).then_some(end)
}

/// The bytes of the longest start of `text` that fits into `cells`.
fn head(text: &str, cells: usize) -> usize {
    // One byte more than asked for: a combining mark behind the last letter would belong to it.
    if text.is_char_boundary(cells + 1) && is_plain(&text[..=cells]) {
        return cells;
    }
    let mut used = 0;
    for (index, grapheme) in text.grapheme_indices(true) {
        used += grapheme.width();
        if used > cells {
            return index;
        }
    }
    text.len()
}

/// Where the longest end of `text` that fits into `cells` begins.
fn tail(text: &str, cells: usize) -> usize {
    let mut used = 0;
    let mut start = text.len();
    for (index, grapheme) in text.grapheme_indices(true).rev() {
        used += grapheme.width();
        if used > cells {
            break;
        }
        start = index;
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::safe;
    use proptest::prelude::*;

    #[test]
    fn words_are_wrapped_at_the_width_and_long_ones_stand_alone() {
        assert_eq!(wrap_words("the engine asks for a login", 10), ["the engine", "asks for a", "login"]);
        assert_eq!(wrap_words("a incomprehensibilities b", 5), ["a", "incomprehensibilities", "b"]);
        assert_eq!(wrap_words("", 5), [""]);
    }

    #[test]
    fn wide_and_combining_characters_take_their_true_cells() {
        assert_eq!(width("order"), 5);
        assert_eq!(width("订单"), 4);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(width("🚚"), 2);
        assert_eq!(width("لا"), 2);
    }

    #[test]
    fn text_that_fits_is_borrowed() {
        assert!(matches!(truncate("order", 5), Cow::Borrowed("order")));
        assert!(matches!(truncate("订单", 4), Cow::Borrowed("订单")));
        assert!(matches!(truncate_middle("order", 9), Cow::Borrowed("order")));
        assert!(matches!(truncate_start("order", 5), Cow::Borrowed("order")));
    }

    #[test]
    fn an_ellipsis_tells_which_part_is_missing() {
        assert_eq!(truncate("chargeCreditCard", 7), "charge…");
        assert_eq!(truncate_start("com.acme.OrderService", 13), "…OrderService");
        assert_eq!(truncate_middle("8a1bc2d3-4e5f-6071", 9), "8a1b…6071");
        assert_eq!(truncate_middle("8a1bc2d3-4e5f-6071", 8), "8a1b…071");
        assert_eq!(truncate("订单失败", 4), "订…");
    }

    #[test]
    fn hardly_any_room_gives_hardly_any_text() {
        for cut in [truncate, truncate_start, truncate_middle] {
            assert_eq!(cut("order", 0), "");
            assert_eq!(cut("order", 1), "…");
            assert_eq!(cut("", 0), "");
        }
    }

    #[test]
    fn a_letter_is_not_parted_from_its_accent() {
        assert_eq!(truncate("abe\u{301}fg", 4), "abe\u{301}…");
        assert_eq!(truncate("abce\u{301}fg", 4), "abc…");
        assert_eq!(truncate_start("abe\u{301}fg", 4), "…e\u{301}fg");
    }

    #[test]
    fn a_field_is_filled_on_the_side_its_alignment_says() {
        assert_eq!(pad("12", 5, Align::Right), "   12");
        assert_eq!(pad("12", 5, Align::Left), "12   ");
        assert_eq!(pad("12", 5, Align::Centre), " 12  ");
        assert_eq!(pad("订单失败", 4, Align::Left), "订… ");
    }

    #[test]
    fn a_window_scrolls_by_cells() {
        assert_eq!(window("chargeCard", 6, 3), "Car");
        assert_eq!(window("订单失败", 2, 4), "单失");
        assert_eq!(window("订单失败", 1, 4), " 单");
        assert_eq!(window("order", 9, 4), "");
    }

    proptest! {
        #[test]
        fn a_cut_never_exceeds_its_cells_and_wastes_less_than_a_grapheme_per_side(text in "\\PC{0,40}", cells in 0usize..45) {
            let text = safe(&text);
            let widest = text.graphemes(true).map(width).max().unwrap_or(0);
            for cut in [truncate, truncate_start, truncate_middle] {
                let short = cut(&text, cells);
                prop_assert!(width(&short) <= cells, "{:?} takes {}", short, width(&short));
                if width(&text) <= cells {
                    prop_assert_eq!(short, text.as_ref());
                } else {
                    prop_assert!(width(&short) + 2 * widest > cells, "{:?} wastes room", short);
                }
            }
        }

        #[test]
        fn a_padded_field_takes_exactly_its_cells(text in "\\PC{0,40}", cells in 0usize..45) {
            prop_assert_eq!(width(&pad(&safe(&text), cells, Align::Right)), cells);
        }

        #[test]
        fn a_window_never_exceeds_its_cells(text in "\\PC{0,40}", skip in 0usize..50, cells in 0usize..45) {
            prop_assert!(width(&window(&safe(&text), skip, cells)) <= cells);
        }
    }
}
