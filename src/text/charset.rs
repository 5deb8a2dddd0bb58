//! What the terminal's locale can carry. Outside UTF-8 the bytes of a foreign letter are other characters, some of them controls: what does
//! not fit is replaced before it is written. Which symbols the cockpit itself draws with is not decided here.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// A set of characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// All of them.
    #[default]
    Utf8,
    /// Those of western Europe, a byte each (ISO 8859-1).
    Latin1,
    /// Those of ASCII.
    Ascii,
}

impl Charset {
    /// That of the locale this process runs in.
    pub fn of_process() -> Self {
        Self::of_locale(|name| std::env::var(name).ok())
    }

    /// That of a locale. The first variable that is set decides, as it does for the C library; without one it is the locale `C`.
    pub fn of_locale(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| lookup(name).filter(|value| !value.is_empty()));
        // Windows has no such variables and takes UTF-8 always.
        let Some(locale) = locale else { return if cfg!(windows) { Self::Utf8 } else { Self::Ascii } };
        let locale = locale.to_lowercase().replace(['-', '_'], "");
        match locale.split_once('.').map(|(_, codeset)| codeset.split('@').next().unwrap_or_default()) {
            _ if locale.contains("utf8") => Self::Utf8,
            Some("iso88591" | "latin1") => Self::Latin1,
            _ => Self::Ascii,
        }
    }

    fn carries(self, sign: char) -> bool {
        match self {
            Self::Utf8 => true,
            // The controls between the two halves are just what must not be sent.
            Self::Latin1 => sign.is_ascii() || ('\u{a0}'..='\u{ff}').contains(&sign),
            Self::Ascii => sign.is_ascii(),
        }
    }

    /// A text with what cannot be carried replaced, cell by cell, so that it stays as wide as it was.
    pub fn fit(self, text: &str) -> Cow<'_, str> {
        if text.chars().all(|sign| self.carries(sign)) {
            return Cow::Borrowed(text);
        }
        let mut fitted = String::with_capacity(text.len());
        for sign in text.chars() {
            if self.carries(sign) {
                fitted.push(sign);
            } else if let Some(like) = similar(sign) {
                fitted.push(like);
            } else {
                (0..sign.width().unwrap_or(0)).for_each(|_| fitted.push('?'));
            }
        }
        Cow::Owned(fitted)
    }

    /// One sign of the screen, which may be made of several characters, in as many cells.
    pub(crate) fn fit_cell(self, symbol: &str) -> Cow<'_, str> {
        let fitted = self.fit(symbol);
        let cells = symbol.width();
        if fitted.width() == cells { fitted } else { Cow::Owned("?".repeat(cells)) }
    }

    /// The bytes of a text that was fitted.
    pub fn encode(self, text: &str) -> Cow<'_, [u8]> {
        match self {
            Self::Utf8 => Cow::Borrowed(text.as_bytes()),
            Self::Latin1 | Self::Ascii => {
                let fitted = self.fit(text);
                Cow::Owned(fitted.chars().map(|sign| u8::try_from(u32::from(sign)).unwrap_or(b'?')).collect())
            }
        }
    }

    /// JSON whose foreign characters are written as escapes where the locale cannot carry them: it says the same.
    pub fn json(self, json: &str) -> Cow<'_, str> {
        if self == Self::Utf8 || json.is_ascii() {
            return Cow::Borrowed(json);
        }
        let mut escaped = String::with_capacity(json.len() * 2);
        for sign in json.chars() {
            if sign.is_ascii() {
                escaped.push(sign);
            } else {
                sign.encode_utf16(&mut [0; 2]).iter().for_each(|half| escaped.push_str(&format!("\\u{half:04x}")));
            }
        }
        Cow::Owned(escaped)
    }
}

/// A character of ASCII that reads alike, for what bpmtop itself writes.
fn similar(sign: char) -> Option<char> {
    Some(match sign {
        '\u{2026}' | '\u{b7}' => '.',
        '\u{2013}' | '\u{2014}' | '\u{2212}' => '-',
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201c}' | '\u{201d}' | '\u{201e}' => '"',
        '\u{2022}' => '*',
        '\u{2265}' | '\u{2192}' => '>',
        '\u{2264}' | '\u{2190}' => '<',
        '\u{a0}' => ' ',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(variables: &[(&str, &str)]) -> Charset {
        Charset::of_locale(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_first_variable_that_is_set_decides() {
        assert_eq!(of(&[("LANG", "de_DE.UTF-8")]), Charset::Utf8);
        assert_eq!(of(&[("LC_ALL", "C.utf8"), ("LANG", "C")]), Charset::Utf8);
        assert_eq!(of(&[("LC_ALL", ""), ("LC_CTYPE", "C"), ("LANG", "en_US.UTF-8")]), Charset::Ascii);
        assert_eq!(of(&[("LANG", "de_DE.ISO-8859-1")]), Charset::Latin1);
        assert_eq!(of(&[("LANG", "de_DE.iso88591@euro")]), Charset::Latin1);
        for locale in ["POSIX", "C", "de_DE", "de_DE@euro", "de_DE.ISO-8859-15", "ja_JP.eucJP"] {
            assert_eq!(of(&[("LANG", locale)]), Charset::Ascii, "{locale}");
        }
        assert_eq!(of(&[]), Charset::Ascii);
    }

    #[test]
    fn what_does_not_fit_is_replaced_in_as_many_cells() {
        assert_eq!(Charset::Ascii.fit("Prüfung · 支付… 5 – 6"), "Pr?fung . ????. 5 - 6");
        assert_eq!(Charset::Latin1.fit("Prüfung 支付…"), "Prüfung ????.");
        assert_eq!(Charset::Ascii.fit_cell("👩‍👩‍👧‍👦"), "??");
        assert_eq!(Charset::Ascii.fit_cell("e\u{301}"), "e");
        assert_eq!(Charset::Latin1.encode("ü\u{9b}31m").as_ref(), b"\xfc31m", "a control of the upper half is never sent");
        assert_eq!(Charset::Utf8.fit("支付"), "支付");
    }

    #[test]
    fn json_says_the_same_in_ascii() {
        let json = serde_json::json!({"name": "Prüfung 支付 👩"}).to_string();
        let ascii = Charset::Ascii.json(&json);
        assert!(ascii.is_ascii());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&ascii).expect("JSON"), serde_json::from_str::<serde_json::Value>(&json).expect("JSON"));
    }

    proptest! {
        #[test]
        fn no_byte_of_the_upper_half_leaves_for_ascii_and_no_control_for_latin_1(text in any::<String>()) {
            prop_assert!(Charset::Ascii.encode(&text).iter().all(u8::is_ascii));
            prop_assert!(Charset::Latin1.encode(&text).iter().all(|byte| byte.is_ascii() || *byte >= 0xa0));
        }
    }
}
