//! The domain: ids, incidents, jobs, definitions, figures and the snapshot. Pure: no I/O, no clock, no terminal.

pub mod activity_instance;
pub mod batch;
pub mod call_tree;
pub mod definition;
pub mod deployment;
pub mod description;
pub mod earlier;
pub mod engine_job;
#[cfg(test)]
pub(crate) mod example;
pub mod external_task;
pub mod figure;
pub mod grouping;
pub mod history;
pub mod ids;
pub mod incident;
pub mod incident_index;
pub mod inquiry;
pub mod job;
pub mod masking;
pub mod naming;
pub mod rights;
pub mod role;
pub mod scope;
pub mod scoped;
pub mod search;
pub mod section;
pub mod series;
pub mod since;
pub mod snapshot;
pub mod statistics;
pub mod succession;
pub mod suspension;
pub mod timeline;
pub mod user_task;
pub mod variable;
