//! The same picture without a terminal.

pub mod doctor;
pub mod refused_logins;
pub mod snapshot;
