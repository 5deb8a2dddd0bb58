//! What is known of the engine, as pure state: answers are applied, counts are reconciled. No I/O, no clock.

mod incidents;

pub use incidents::{IncidentMirror, IncidentStep, PAGE_SIZE};
