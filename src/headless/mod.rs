//! The same picture without a terminal.
//!
//! | part | what belongs there |
//! |---|---|
//! | [`snapshot`], [`tree`], [`doctor`], [`journal`] | one command each: what it reads, and what it prints |
//! | `once` | what every command does that reads an engine once: the login, and one limit of time for all |
//! | `missing` | which problems make an output incomplete |
//! | [`output`] | the one way out for what is printed |
//! | [`refused_logins`] | logins that were refused within the last hours |

pub mod doctor;
mod engine_work;
mod failed;
pub mod journal;
mod missing;
mod once;
pub mod output;
pub mod refused_logins;
pub mod snapshot;
pub mod tree;

pub use once::Deadline;

/// How to read and print.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Request {
    /// JSON instead of text.
    pub json: bool,
    /// Try a login that is known to have been refused.
    pub retry_login: bool,
}

/// What a command prints, and how much of what it was asked for that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// The text.
    pub text: String,
    /// How much that is.
    pub extent: Extent,
}

impl Printed {
    /// All that was asked for.
    pub fn whole(text: String) -> Self {
        Self { text, extent: Extent::Whole }
    }
}

/// How much of what was asked for was found out. It decides the exit code, of every command in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// A part: something could not be read, and the text says what.
    Part,
    /// Nothing of use, or the opposite of what is wished for: no figure was read, the journal is not whole, the engine is out of reach.
    Nothing,
}
