//! The one background task that asks the engine, its schedule and its budget.
//!
//! | part | what belongs there |
//! |---|---|
//! | [`question`] | what is asked over and over, and how often at best |
//! | [`schedule`] | when: budget, back-off, jitter; pure |
//! | [`picture`] | what is known, and how each answer changes it; pure |
//! | [`ask`] | one request and its answer: the only part that calls the client |
//! | [`task`] | the task itself, and who looks after it |
//! | [`command`] | what others may ask of it |

pub mod ask;
pub mod command;
pub mod items;
pub mod picture;
pub mod question;
pub mod schedule;
pub mod task;
pub mod throughput;
