//! Text as one field of CSV that no spreadsheet takes for a formula. Which fields there are is not known here.

use super::sanitise::safe;

/// Signs with which a spreadsheet begins a formula or a command, each with its other widths: Excel and LibreOffice take those for the same.
const SIGNS: [char; 21] =
    ['=', '＝', '﹦', '+', '＋', '﹢', '-', '－', '﹣', '−', '@', '＠', '﹫', '|', '｜', '%', '％', '\u{207c}', '\u{207a}', '\u{207b}', '\u{208c}'];

/// Letters that show nothing, though they are no white space: a sign behind them looks like the first one.
const BLANKS: [char; 8] = ['\u{2800}', '\u{3164}', '\u{115f}', '\u{1160}', '\u{ffa0}', '\u{034f}', '\u{feff}', '\u{00ad}'];

/// One field of CSV, in quotes where it needs them. What would be taken for a formula gets an apostrophe before it, which makes it text: that is
/// so for a sign behind blanks too, for its wide form, and for whatever begins with a tab or a line break. What comes out is one safe line.
///
/// ```
/// assert_eq!(bpmtop::text::csv_field("ORDER-7"), "ORDER-7");
/// assert_eq!(bpmtop::text::csv_field(" ＝cmd|x"), "\"' ＝cmd|x\"");
/// ```
pub fn csv_field(text: &str) -> String {
    let line = safe(text);
    let begins = line.chars().find(|c| !is_blank(*c));
    let guarded = text.starts_with(['\t', '\r', '\n']) || begins.is_some_and(|first| SIGNS.contains(&first));
    let lead = if guarded { "'" } else { "" };
    // A spreadsheet of another country divides at semicolons, or at tabs: within quotes none of them does.
    if guarded || line.contains(|c: char| matches!(c, ',' | ';' | '"' | '|') || c.is_control() || c == ' ' && line.trim() != line) {
        format!("\"{lead}{}\"", line.replace('"', "\"\""))
    } else {
        line.into_owned()
    }
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control() || BLANKS.contains(&c) || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a spreadsheet finds in the field.
    fn read(field: &str) -> String {
        match field.strip_prefix('"') {
            Some(rest) => rest.strip_suffix('"').expect("a field that ends").replace("\"\"", "\""),
            None => field.to_owned(),
        }
    }

    #[test]
    fn what_looks_like_a_formula_is_text() {
        let blanks = ["", " ", "   ", "\t", "\r", "\n", "\r\n", "\u{a0}", "\u{3000}", "\u{feff}", "\u{200b}", " \t ", "\u{2800}"];
        for blank in blanks {
            for sign in ['=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫', '−', '|', '％'] {
                let field = csv_field(&format!("{blank}{sign}1+1"));
                assert!(field.starts_with("\"'"), "{blank:?}{sign}: {field}");
            }
            assert!(blank.is_empty() || !blank.starts_with(['\t', '\r', '\n']) || csv_field(&format!("{blank}a")).starts_with("\"'a"), "{blank:?}");
        }
    }

    #[test]
    fn plain_text_stays_as_it_is_and_what_would_divide_it_is_quoted() {
        for plain in ["", "ORDER-7", "a=b", "Käse 订单", "2026-11-21T02:00:00+01:00", "http://h:8080/engine-rest"] {
            assert_eq!(csv_field(plain), plain);
        }
        assert_eq!(csv_field("a,b"), "\"a,b\"");
        assert_eq!(csv_field("a;=1"), "\"a;=1\"", "where semicolons divide");
        assert_eq!(csv_field("say \"no\""), "\"say \"\"no\"\"\"");
        assert_eq!(csv_field("one\ntwo"), "one two", "one line");
    }

    proptest! {
        #[test]
        fn no_field_begins_with_a_sign_whatever_stands_before_it(text in "[ \t\r\n\u{a0}\u{3000}\u{200b}\u{feff}=＝+＋@＠\\-－,;\"a]{0,12}") {
            let field = csv_field(&text);
            let shown = read(&field);
            let first = shown.chars().find(|c| !is_blank(*c));
            prop_assert!(first.is_none_or(|first| !SIGNS.contains(&first)), "{text:?}: {field}");
            prop_assert!(!shown.starts_with(['\t', '\r', '\n']), "{text:?}: {field}");
        }

        #[test]
        fn any_text_is_one_field_that_tells_all_of_it(text in any::<String>()) {
            let field = csv_field(&text);
            prop_assert!(!field.contains(['\n', '\r', '\t']), "{field:?}");
            let shown = read(&field);
            let safe = safe(&text);
            prop_assert!(shown == *safe || shown == format!("'{safe}"), "{text:?}: {field:?}");
            prop_assert!(field.starts_with('"') || !field.contains([',', ';', '"']), "{field:?}");
        }
    }
}
