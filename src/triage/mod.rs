//! Error signatures: which messages share one cause. Pure.
//!
//! A signature is the message with everything replaced that changes from one failure to the next: ids, keys, amounts, times,
//! addresses. One rule stands above all others: **two causes never merge.** Where a number may be a code that tells causes apart
//! (`HTTP 503`, `ORA-00001`, `exit code 137`), it stays; an operator can act on two groups of one cause, but not on one group of two.
//!
//! What stays: words, class, bean, variable, constraint and activity names, error codes, host names, service ports, expressions.
//! What goes: `<n>` numbers, `<id>` ids and hashes, `<date>`, `<duration>`, `<size>`, `<amount>`, `<addr>` network addresses,
//! `<email>`, `<key>` account numbers, `<v>` values known to be data.

mod cause;
mod codes;
mod marks;
mod names;
mod places;
mod scanner;
mod signature;
mod times;
mod values;

#[cfg(test)]
mod tests;

pub use cause::{Cause, hides_cause, innermost};
pub use signature::{MAX_CHARS, Signature, signature};
