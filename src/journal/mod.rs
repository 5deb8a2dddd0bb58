//! The journal: an append-only record of what was meant to be changed, what was sent, and what became of it.
//!
//! | part | what belongs there |
//! |---|---|
//! | [`entry`] | what is recorded: intents, steps, answers, outcomes, ends |
//! | [`exact`] | text that is kept exactly and shown safely |
//! | [`origin`] | who acts: user, host, SSH origin, process |
//! | [`line`](mod@line) | one line of the file, the chain of hashes, the head |
//! | [`error`] | why something cannot be recorded, and the way out |
//! | [`archive`] | reading all days, line by line |
//! | [`verify`] | whether the chain is whole |
//! | [`story`] | the lines of one action put together; what is under way, what is frozen |
//!
//! One file a day in UTC, `2026-11-21.jsonl`, one JSON object a line, in a folder that only its owner can enter. Every line carries the
//! SHA-256 of the line before it, across days, so that a changed, removed or inserted line is noticed; a tail that was cut off, or a journal
//! written anew, is noticed by whoever kept a [`Head`]. That is all it promises: the owner of the files can rewrite them, but not to the
//! same head.
//!
//! **What a crash may lose.** A line is handed to the operating system before [`Journal::append`] returns, so a killed program loses
//! nothing. Intents, requests about to go out, ends and what was read back are on the disk by then too (fsync). Answers and outcomes
//! follow with the next of those: a power cut may lose the ones since, and then what was sent reads as sent without an answer. It never
//! loses the intent, nor that something was sent.
//!
//! **What a full disk may lose.** An action begins only where room for its end is kept back, in the file by which its run shows that it lives. What
//! happened and could not be written all the same is kept in memory and written as soon as it can be; a run that has to leave before leaves a word,
//! so that it is not taken for one that died.
//!
//! Knows neither actions nor engines: the fields are plain, and nothing here decides what may be done. Nobody hands values of variables to
//! it, and no field is free enough to collect them by accident.

mod examine;
mod folder;
mod lock;
mod tail;
mod write;

pub mod archive;
pub mod entry;
pub mod error;
pub mod exact;
pub mod line;
pub mod look;
pub mod origin;
pub mod story;
pub mod verify;

#[cfg(test)]
pub(crate) mod tests;

pub use archive::{Archive, Place, Record, Unread};
pub use entry::{Answer, Answered, Before, Class, Count, End, Engine, Entry, How, Intent, Newest, Note, Outcome, ReadBack, Request, Sent, Target};
pub use error::{Cause, JournalError};
pub use exact::Exact;
pub use line::{Head, LineHash};
pub use origin::Who;
pub use story::{AtWork, Frozen, Standing, Story, Summary, UnderWay, put_back};
pub use verify::{Break, HeadFound, Verified};
pub use write::Journal;

/// The verb of an action that suspends all there is and remembers it; [`Archive::frozen`] looks for it.
pub const FREEZE: &str = "freeze";

/// The name of the outcome of a target for which only some of its requests were done: it is not as wanted, and it was changed.
pub const IN_PART: &str = "done in part";

/// What a note begins with that tells of something which was not left as it was meant to be, so that somebody has to look at it.
pub const LOOK: &str = "LOOK";

/// The verb of an action that resumes what a freeze suspended.
pub const THAW: &str = "thaw";
