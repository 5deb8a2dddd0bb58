//! Text that came from the engine, and how it becomes safe to show.
//!
//! Everything an engine sends was once typed, thrown or forged by somebody else. [`EngineText`] keeps it apart from our own
//! strings by type; its only `Display` is sanitised. Width and truncation for terminal cells live here too. No colours, no widgets.

mod engine_text;

pub use engine_text::EngineText;
