//! The same picture without a terminal.

pub mod doctor;
mod engine_work;
mod failed;
pub mod journal;
mod once;
pub mod refused_logins;
pub mod snapshot;
pub mod tree;

/// How to read and print.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Request {
    /// JSON instead of text.
    pub json: bool,
    /// Try a login that is known to have been refused.
    pub retry_login: bool,
}
