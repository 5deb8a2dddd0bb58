//! Performing a plan: its requests go out once each, at a pace, and what became of each target is read back until it is settled.
//!
//! | part | what belongs there |
//! |---|---|
//! | `hand` | the only thing that can change an engine; records before it sends |
//! | `run` | one action under way: sends, reads back, obeys, tells, ends |
//! | `progress` | how far it is, and what is known of each target |
//! | `sequence` | which request may go out next, and which never may |
//! | `eyes` | reading back, within a budget of its own |
//! | `closing` | what is looked at and written once all is over |
//! | `recall` | an action that another run of the program left in the middle |
//! | `record` | what an action leaves in the journal |

mod closing;
mod eyes;
mod hand;
mod progress;
mod recall;
mod record;
mod run;
mod sequence;

pub(in crate::action) use closing::{is_same, time};
pub use hand::{Guard, Hand, closing_time};
pub use recall::Recall;
pub(in crate::action) use recall::change as recorded_change;
pub use record::Record;
pub(in crate::action) use record::{journal_engine, known_engine};
pub use run::{Order, Running, start};
