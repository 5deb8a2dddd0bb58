//! Text that came from somebody else, and how it becomes safe to show.
//!
//! Everything an engine sends was once typed, thrown or forged by somebody else. [`EngineText`] keeps it apart from our own
//! strings by type; its only `Display` is sanitised. [`SafeLines`] does the same for stack traces, line by line, and [`safe`] for
//! text from other foreign sources. Measuring and cutting text for terminal cells ([`width`](fn@width), [`truncate`]) and the
//! figures of the screens ([`count_short`], [`age`], …) live here too. No colours, no widgets.

mod charset;
mod csv;
mod engine_text;
mod format;
mod lines;
mod sanitise;
mod width;

pub use charset::Charset;
pub use csv::csv_field;
pub use engine_text::EngineText;
pub use format::{age, age_short, bytes, count_exact, count_short, listed, plural, rate, retries};
pub use lines::{KEPT_BYTES, SafeLines};
pub use sanitise::safe;
pub use width::{Align, pad, truncate, truncate_middle, truncate_start, width, window, wrap_words};
