//! Variables of a process instance, and their values, which may be secret.

use std::fmt;

use super::ids::{ExecutionId, UserTaskId};
use crate::text::EngineText;

/// One variable (`GET /variable-instance`).
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its id.
    pub id: EngineText,
    /// Its name.
    pub name: EngineText,
    /// Its type: `String`, `Long`, `Json`, `Object`, `File`, …
    pub kind: EngineText,
    /// Its value.
    pub value: VariableValue,
    /// Execution it belongs to; the process instance's own is the instance.
    pub execution: Option<ExecutionId>,
    /// Activity instance it is visible in (`activityInstanceId`).
    pub scope: Option<EngineText>,
    /// User task it belongs to, if it is local to one.
    pub task: Option<UserTaskId>,
    /// Class of an object.
    pub object_type: Option<EngineText>,
    /// How an object is written down, such as `application/json`.
    pub format: Option<EngineText>,
    /// Name of a file.
    pub file_name: Option<EngineText>,
    /// Media type of a file.
    pub mime_type: Option<EngineText>,
    /// Why the engine could not read the value (`errorMessage`).
    pub problem: Option<EngineText>,
    /// Marks in its `valueInfo` that this program does not know, such as `restricted`: writing a value without them would drop what they protect.
    pub marks: Vec<EngineText>,
}

impl Variable {
    /// Whether it carries marks that this program does not know: its value is not kept, not shown and not written.
    pub fn is_marked(&self) -> bool {
        !self.marks.is_empty()
    }

    /// The marks in words, for the sentences that say why.
    pub fn marks_words(&self) -> String {
        self.marks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

/// The value of a variable. Its `Debug` tells the size only: values may be secret and must not reach a log.
#[derive(Clone, PartialEq)]
pub enum VariableValue {
    /// Null.
    Null,
    /// A string as it is, anything else as compact JSON.
    Text(EngineText),
    /// Bytes or a file: the engine sends neither, a null one included.
    NotSent,
    /// The variable carries marks that this program does not know: whatever the engine sent was dropped where it was read.
    Withheld,
    /// Longer than [`VariableValue::LONGEST`], therefore not kept.
    TooLarge {
        /// Its length.
        bytes: usize,
    },
}

impl VariableValue {
    /// Bytes of the longest text that is kept.
    pub const LONGEST: usize = 64 << 10;

    /// Keeps a text, or only its length if it is too long.
    pub fn of_text(text: &str) -> Self {
        if text.len() > Self::LONGEST { Self::TooLarge { bytes: text.len() } } else { Self::Text(EngineText::from(text)) }
    }

    /// Length in bytes, where it is known.
    pub fn size(&self) -> Option<usize> {
        match self {
            Self::Null => Some(0),
            Self::Text(text) => Some(text.as_wire().len()),
            Self::TooLarge { bytes } => Some(*bytes),
            Self::NotSent | Self::Withheld => None,
        }
    }
}

impl fmt::Debug for VariableValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.as_wire().len()),
            Self::NotSent => f.write_str("NotSent"),
            Self::Withheld => f.write_str("Withheld"),
            Self::TooLarge { bytes } => write!(f, "TooLarge({bytes} bytes)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example::instance as example;

    #[test]
    fn a_value_never_shows_in_debug() {
        let variable = example::variable("iban", "String", VariableValue::of_text("DE02120300000000202051"));
        let shown = format!("{variable:?}{variable:#?}");
        assert!(!shown.contains("DE02") && shown.contains("value: Text(22 bytes)"), "{shown}");
    }

    #[test]
    fn a_text_over_64_kibibytes_is_only_measured() {
        let longest = "x".repeat(64 << 10);
        assert_eq!(VariableValue::of_text(&longest), VariableValue::Text(EngineText::from(longest.as_str())));
        assert_eq!(VariableValue::of_text(&format!("{longest}y")), VariableValue::TooLarge { bytes: (64 << 10) + 1 });
    }

    #[test]
    fn sizes_are_known_of_all_but_what_was_not_sent() {
        let sizes =
            [VariableValue::Null, VariableValue::of_text("äb"), VariableValue::TooLarge { bytes: 70_000 }, VariableValue::NotSent].map(|value| value.size());
        assert_eq!(sizes, [Some(0), Some(3), Some(70_000), None]);
    }
}
