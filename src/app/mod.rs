//! What the operator is looking at: messages in, effects out. Pure: no clock, no I/O, no spawn.

pub mod list;
