//! The one background task that asks the engine, its schedule and its budget.
//!
//! | part | what belongs there |
//! |---|---|
//! | [`question`] | what is asked over and over, how often at best, how old it may become, what comes first |
//! | [`schedule`] | when: intervals, back-off, jitter; pure |
//! | [`slowness`] | what answers cost, and whether the engine is slow; pure |
//! | [`budget`] | how much of the engine's time may be spent; pure |
//! | [`picture`] | what is known, and how each answer changes it; pure |
//! | [`ask`] | one request and its answer: the only part that calls the client |
//! | [`inquire`] | answering what is asked about one instance |
//! | [`find`] | answering a search |
//! | [`task`] | the task itself |
//! | [`supervise`] | who looks after it |
//! | [`backfill`] | the past of the figures, reconstructed from the history; pure |
//! | [`command`] | what others may ask of it |

pub mod ask;
pub mod backfill;
pub mod budget;
pub mod command;
pub mod find;
pub mod inquire;
pub mod items;
mod past;
pub mod picture;
pub mod question;
pub mod schedule;
pub mod slowness;
pub mod supervise;
pub mod task;
pub mod throughput;
