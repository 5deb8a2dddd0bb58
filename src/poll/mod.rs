//! The one background task that asks the engine, its schedule and its budget.

pub mod command;
pub mod question;
pub mod schedule;
