//! Text of a record: an id must come back as it was, and a screen must not be steered by it.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize, Serializer};

use crate::text::{EngineText, safe};

/// Text kept exactly in the file and shown safely everywhere else.
///
/// Its `Serialize` writes the exact text, so it must go through [`to_json`], which writes as escapes what could steer a terminal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct Exact(EngineText);

impl Exact {
    /// The exact text, for comparisons and for requests to an engine; never for a terminal.
    pub fn as_wire(&self) -> &str {
        self.0.as_wire()
    }

    /// The text with all that can be done to show it.
    pub fn text(&self) -> &EngineText {
        &self.0
    }
}

impl<T: Into<EngineText>> From<T> for Exact {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_wire())
    }
}

/// JSON on one line that is exact and steers no terminal: whatever [`safe`] would change is written as an escape.
///
/// # Errors
///
/// What is written has no form in JSON.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(512);
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Escaping))?;
    Ok(bytes)
}

struct Escaping;

impl serde_json::ser::Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let plain = |byte: u8| (b' '..=b'~').contains(&byte);
        if fragment.bytes().all(plain) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut utf8 = [0; 4];
        for c in fragment.chars() {
            let text = &*c.encode_utf8(&mut utf8);
            if safe(text) == text {
                writer.write_all(text.as_bytes())?;
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_text_is_kept_exactly_and_steers_no_terminal() {
        let hostile = Exact::from("\x1b]0;x\x07 \u{9b}31m a\u{202e}b \u{e000}\u{7f} Käse 订单");
        let json = String::from_utf8(to_json(&hostile).unwrap()).unwrap();
        assert_eq!(json, r#""\u001b]0;x\u0007 \u009b31m a\u202eb \ue000\u007f Käse 订单""#);
        assert_eq!(serde_json::from_str::<Exact>(&json).unwrap(), hostile);
        assert_eq!(hostile.to_string(), "␛]0;x␇ ·31m ab \u{fffd}␡ Käse 订单");
    }

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_was(text in any::<String>()) {
            let json = to_json(&Exact::from(text.as_str())).unwrap();
            let read: Exact = serde_json::from_slice(&json).unwrap();
            prop_assert_eq!(read.as_wire(), text.as_str());
            let json = String::from_utf8(json).unwrap();
            prop_assert!(json.chars().all(|c| !c.is_control()));
        }
    }
}
