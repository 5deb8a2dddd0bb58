//! The type of all text received from an engine. How each character is treated is decided elsewhere, in `sanitise`.

use std::fmt::{self, Write};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Align, SafeLines, lines, pad, sanitise, truncate};

/// Text received from an engine: an id, a name, a message, a stack trace.
///
/// `Display` gives one safe line: line breaks and tabs become spaces, control characters visible pictures (`␛`), bidi and zero-width
/// characters vanish. `{:.20}` cuts it to twenty cells, `{:20}` fills it up to twenty. The raw form is reachable only through
/// [`EngineText::as_wire`], for requests back to the engine and for comparing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EngineText(Arc<str>);

impl EngineText {
    /// Wraps text as it came from the wire.
    pub fn new(raw: impl Into<Arc<str>>) -> Self {
        Self(raw.into())
    }

    /// The raw text, for requests back to the engine and for comparisons. Never for a terminal, a log or a file.
    pub fn as_wire(&self) -> &str {
        &self.0
    }

    /// The shared storage of the raw text, so that equal texts can be interned.
    pub fn shared(&self) -> &Arc<str> {
        &self.0
    }

    /// True when the engine sent an empty text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text as one safe line.
    pub fn line(&self) -> String {
        sanitise::safe(&self.0).into_owned()
    }

    /// The text as safe lines, made one by one. For a text that is scrolled or searched, [`EngineText::safe_lines`] is cheaper.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        lines::each_line(&self.0)
    }

    /// The text as safe lines with random access and search, made once.
    pub fn safe_lines(&self) -> SafeLines {
        SafeLines::new(&self.0)
    }
}

impl fmt::Display for EngineText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.width().is_none() && f.precision().is_none() {
            return sanitise::write_line(&self.0, f);
        }
        let line = sanitise::safe(&self.0);
        let line = f.precision().map_or_else(|| line.clone(), |cells| truncate(&line, cells));
        let align = match f.align() {
            Some(fmt::Alignment::Right) => Align::Right,
            Some(fmt::Alignment::Center) => Align::Centre,
            _ => Align::Left,
        };
        match f.width() {
            Some(cells) if super::width(&line) < cells => f.write_str(&pad(&line, cells, align)),
            _ => f.write_str(&line),
        }
    }
}

impl fmt::Debug for EngineText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in sanitise::safe(&self.0).chars() {
            // The line is safe already; escaping it again would make other scripts unreadable.
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                _ => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

impl From<&str> for EngineText {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}

impl From<String> for EngineText {
    fn from(raw: String) -> Self {
        Self::new(raw)
    }
}

impl<'de> Deserialize<'de> for EngineText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// Serialises the sanitised form: a JSON document printed to a terminal is as hostile as the text in it.
impl Serialize for EngineText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "\x1b]52;c;cm0gLXJm\x07pay\u{202e}ment\nfailed";

    #[test]
    fn display_debug_and_json_are_safe_and_the_wire_form_is_exact() {
        let text = EngineText::from(HOSTILE);
        assert_eq!(text.to_string(), "␛]52;c;cm0gLXJm␇payment failed");
        assert_eq!(format!("{text:?}"), "\"␛]52;c;cm0gLXJm␇payment failed\"");
        assert_eq!(serde_json::to_string(&text).unwrap(), "\"␛]52;c;cm0gLXJm␇payment failed\"");
        assert_eq!(text.as_wire(), HOSTILE);
        assert_eq!(text.line(), text.to_string());
    }

    #[test]
    fn debug_escapes_quotes_so_that_its_end_is_certain() {
        assert_eq!(format!("{:?}", EngineText::from("a\"b\\")), r#""a\"b\\""#);
    }

    #[test]
    fn precision_and_width_count_cells() {
        let text = EngineText::from("订单失败");
        assert_eq!(format!("[{text:.5}]"), "[订单…]");
        assert_eq!(format!("[{text:>10}]"), "[  订单失败]");
        assert_eq!(format!("[{text:<4}]"), "[订单失败]");
    }

    #[test]
    fn json_text_keeps_its_raw_form_when_read() {
        let text: EngineText = serde_json::from_str(r#""a\u001b[0m""#).unwrap();
        assert_eq!(text.as_wire(), "a\x1b[0m");
    }

    #[test]
    fn lines_are_made_lazily_and_agree_with_the_indexed_form() {
        let text = EngineText::from("boom\r\n\tat A.b(A.java:1)\n\tat C.d");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines, ["boom", "    at A.b(A.java:1)", "    at C.d"]);
        assert_eq!(text.safe_lines().iter().collect::<Vec<_>>(), lines);
    }
}
