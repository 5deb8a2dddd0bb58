//! The same picture without a terminal.

pub mod doctor;
pub mod snapshot;
