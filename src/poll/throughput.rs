//! Live throughput from the counters of the nodes that answer.
//!
//! The counters speak for one node each. Behind a balancer the answers alternate; nodes are told apart by the moment their counting
//! began, and a restart begins a new one.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::section::Moment;

/// A node that has not answered for this long is no longer counted.
const SILENT: Duration = Duration::from_secs(60);

/// Jobs per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct JobRates {
    /// Jobs that succeeded.
    pub succeeded: f64,
    /// Executions that failed.
    pub failed: f64,
}

#[derive(Debug)]
struct Node {
    at: Moment,
    succeeded: u64,
    failed: u64,
    rates: Option<JobRates>,
}

/// Counters of all nodes that answered lately.
#[derive(Debug, Default)]
pub struct Throughput {
    nodes: HashMap<Option<Timestamp>, Node>,
}

impl Throughput {
    /// Takes a reading of one node in; returns the sum over the nodes once there are two readings of one.
    pub fn read(&mut self, node: Option<Timestamp>, succeeded: u64, failed: u64, at: Moment) -> Option<JobRates> {
        let previous = self.nodes.remove(&node);
        let rates = previous.and_then(|previous| {
            let seconds = at.since(previous.at).as_secs_f64();
            // A counter that runs backwards belongs to another node that began in the same millisecond.
            let rate = |new: u64, old: u64| new.checked_sub(old).map(|jobs| jobs as f64 / seconds);
            if seconds < 0.05 {
                return previous.rates;
            }
            Some(JobRates { succeeded: rate(succeeded, previous.succeeded)?, failed: rate(failed, previous.failed)? })
        });
        self.nodes.insert(node, Node { at, succeeded, failed, rates });
        self.nodes.retain(|_, node| at.since(node.at) <= SILENT);
        let known: Vec<JobRates> = self.nodes.values().filter_map(|node| node.rates).collect();
        (!known.is_empty())
            .then(|| JobRates { succeeded: known.iter().map(|rates| rates.succeeded).sum(), failed: known.iter().map(|rates| rates.failed).sum() })
    }

    /// Nodes that answered lately.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Moment, seconds: u64) -> Moment {
        start.after(Duration::from_secs(seconds))
    }

    fn began(second: i64) -> Option<Timestamp> {
        Some(Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn two_readings_give_a_rate() {
        let start = Moment::now();
        let mut throughput = Throughput::default();
        assert_eq!(throughput.read(began(1), 100, 10, start), None);
        assert_eq!(throughput.read(began(1), 110, 10, after(start, 2)), Some(JobRates { succeeded: 5.0, failed: 0.0 }));
    }

    #[test]
    fn a_restarted_node_does_not_count_backwards() {
        let start = Moment::now();
        let mut throughput = Throughput::default();
        throughput.read(began(1), 100, 10, start);
        assert_eq!(throughput.read(began(2), 3, 0, after(start, 2)), None);
        assert_eq!(throughput.read(began(2), 5, 0, after(start, 4)), Some(JobRates { succeeded: 1.0, failed: 0.0 }));
    }

    #[test]
    fn alternating_nodes_are_added_up() {
        let start = Moment::now();
        let mut throughput = Throughput::default();
        throughput.read(began(1), 0, 0, start);
        throughput.read(began(2), 0, 0, after(start, 1));
        throughput.read(began(1), 20, 0, after(start, 2));
        let sum = throughput.read(began(2), 40, 2, after(start, 3));
        assert_eq!(sum, Some(JobRates { succeeded: 30.0, failed: 1.0 }));
        assert_eq!(throughput.nodes(), 2);
    }
}
