//! What the operator is looking at: messages in, effects out. Pure: no clock, no I/O, no spawn.

pub mod command;
pub mod filter;
pub mod geometry;
pub mod incidents;
pub mod keymap;
pub mod list;
