//! The same picture without a terminal.

pub mod snapshot;
