//! The type of all text received from an engine.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Text received from an engine: an id, a name, a message, a stack trace.
///
/// `Display` gives one safe line (line breaks become `⏎`-free spaces; control, escape, bidi and zero-width characters are made
/// visible or dropped). The raw form is reachable only through [`EngineText::as_wire`], for requests back to the engine and for comparing.
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
}

impl fmt::Display for EngineText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if !c.is_control() {
                write!(f, "{c}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for EngineText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
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
