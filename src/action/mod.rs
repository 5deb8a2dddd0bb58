//! Actions: changes of an engine that are planned, confirmed, performed, verified and recorded, always in this order.
//!
//! | part | what belongs there |
//! |---|---|
//! | [`verb`] | what can be done at all, and which role may |
//! | [`wish`] | what the operator asks for, with the rows it was asked on |
//! | [`target`] | one frozen target, as it was read before |
//! | [`plan`] | what would happen, told before it does; the requests it is made of |
//! | [`planner`] | the reading before: from a wish to a plan |
//! | [`outcome`] | what became of one target |
//! | [`judge`] | what became of a target, decided from what was read back |
//! | [`pace`] | when the next change may go out, and when there are too many failures for one more |
//! | [`perform`] | sending what a plan is made of, once each, and reading back what became of it |
//! | [`ledger`] | an action under way or over, with all of its outcomes |
//! | [`desk`] | what the cockpit may ask of actions, and what comes back |
//!
//! Ids are captured when the plan is made and nothing is looked up by place afterwards. A change whose outcome is not known is never sent
//! again: it is read back. Nothing here draws, and nothing above here sends.

pub mod desk;
#[cfg(test)]
pub(crate) mod example;
pub mod judge;
pub mod ledger;
pub mod outcome;
pub mod pace;
pub mod perform;
pub mod plan;
pub mod planner;
pub mod target;
pub mod verb;
pub mod wish;
