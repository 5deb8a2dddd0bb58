//! What the background task asks over and over, how often at best, how old the answers may become, and what comes first.
//!
//! A new question needs a line in each function here: its place in [`Question::ALL`] is its priority, [`Question::feeds`] names what
//! becomes old without it, and with that how old it may become.

use std::time::Duration;

use crate::model::figure::Figure;
use crate::model::freshness::{Polled, Presence};

/// One question to the engine. At most one request per question is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// Is it there, which version, how far away: `/version`.
    Version,
    /// Which engine answers: the one that answered before, or another. Only asked where that is in doubt.
    Identity,
    /// Whether the engine and its database are quick: one process definition, read only while there is doubt.
    Probe,
    /// Product and live counters of the node that answers: `/telemetry/data`.
    Telemetry,
    /// Open incidents, counted first.
    Incidents,
    /// A figure that is one count.
    Count(Figure),
    /// Process definitions.
    Definitions,
    /// Job definitions.
    JobDefinitions,
    /// What this login may see and do.
    Rights,
    /// Figures per process definition, which the engine makes from scans of its runtime tables.
    Statistics,
    /// Deployments: when definitions came.
    Deployments,
    /// Job counts of one visible job definition.
    JobCounts,
    /// Activity names of one process definition with incidents.
    ActivityNames,
    /// Instances of visible incidents.
    Instances,
    /// Jobs of visible incidents.
    Jobs,
    /// External tasks of visible incidents.
    ExternalTasks,
    /// Whether there is a history to read.
    History,
    /// One step towards the past of the figures.
    Backfill,
    /// Since when one visible group fails.
    FirstSeen,
    /// When one version was deployed.
    Deployment,
    /// What is asked about single instances on the screen, and how much is suspended in the whole engine.
    Inquiries,
    /// What was written last, by which the engine is known again later.
    Newest,
}

/// Figures that call for somebody to act.
const ACTED_ON: [Figure; 2] = [Figure::JobsFailed, Figure::ExternalFailed];

impl Question {
    /// All questions by priority: what an operator acts on before what only completes the picture. At the start, and whenever all is to be
    /// read anew, they are asked in this order.
    pub const ALL: [Question; 29] = [
        Question::Version,
        Question::Identity,
        Question::Probe,
        Question::Incidents,
        Question::JobDefinitions,
        Question::Count(Figure::JobsFailed),
        Question::Count(Figure::ExternalFailed),
        Question::Definitions,
        Question::Inquiries,
        Question::Count(Figure::JobsRetrying),
        Question::Count(Figure::JobsDue),
        Question::Count(Figure::JobsAcquired),
        Question::Count(Figure::ExternalExpired),
        Question::Count(Figure::ExternalLocked),
        Question::Telemetry,
        Question::Count(Figure::Instances),
        Question::JobCounts,
        Question::Instances,
        Question::Jobs,
        Question::ExternalTasks,
        Question::ActivityNames,
        Question::Rights,
        Question::Statistics,
        Question::Deployments,
        Question::History,
        Question::Backfill,
        Question::FirstSeen,
        Question::Deployment,
        Question::Newest,
    ];

    /// Its place among all: small first.
    pub fn rank(self) -> usize {
        Self::ALL.iter().position(|question| *question == self).unwrap_or(Self::ALL.len())
    }

    /// The shortest interval between two askings. Slowness and the budget stretch it, nothing shortens it.
    pub fn shortest_interval(self) -> Duration {
        Duration::from_millis(match self {
            Question::Incidents => 2_000,
            Question::Telemetry => 3_000,
            Question::Count(_) | Question::Version | Question::Probe => 5_000,
            Question::Definitions => 30_000,
            Question::Statistics | Question::Newest | Question::Identity => 60_000,
            Question::Rights | Question::Deployments | Question::History => 300_000,
            Question::Backfill | Question::FirstSeen | Question::Deployment => 200,
            Question::JobDefinitions => 15_000,
            // These are asked item by item; how fresh an item must be is decided where the items are known.
            Question::JobCounts | Question::ActivityNames | Question::Instances | Question::Jobs | Question::ExternalTasks | Question::Inquiries => 100,
        })
    }

    /// What becomes old without its answer. What never changes, such as names in a diagram or a deployment's time, has no promise.
    pub fn feeds(self) -> Vec<Polled> {
        match self {
            Question::Incidents => vec![Polled::Figure(Figure::IncidentsRoot), Polled::Figure(Figure::IncidentsBlocked), Polled::Incidents],
            Question::Telemetry => vec![Polled::Figure(Figure::JobsSucceededRate), Polled::Figure(Figure::JobsFailedRate)],
            Question::Count(figure) => vec![Polled::Figure(figure)],
            Question::Definitions => vec![Polled::Definitions],
            Question::JobDefinitions => vec![Polled::JobDefinitions],
            Question::Rights => vec![Polled::Rights],
            Question::Statistics => vec![Polled::Statistics],
            Question::Deployments => vec![Polled::Deployments],
            Question::Inquiries => vec![Polled::Suspended, Polled::Rows, Polled::Beside],
            Question::JobCounts | Question::Instances | Question::Jobs | Question::ExternalTasks => vec![Polled::Rows],
            Question::Version
            | Question::Probe
            | Question::Identity
            | Question::Newest
            | Question::ActivityNames
            | Question::History
            | Question::Backfill
            | Question::FirstSeen
            | Question::Deployment => Vec::new(),
        }
    }

    /// How old its answer may become at most; none if it has no promise.
    pub fn promise(self, presence: Presence) -> Option<Duration> {
        self.feeds().into_iter().map(|polled| polled.promise(presence)).min()
    }

    /// How much its lateness counts against that of others where not all can be asked in time.
    pub fn weight(self) -> f64 {
        match self {
            Question::Incidents | Question::JobDefinitions | Question::Definitions | Question::Inquiries => 4.0,
            Question::Count(figure) if ACTED_ON.contains(&figure) => 4.0,
            _ if self.is_ornament() => 1.0,
            _ => 2.0,
        }
    }

    /// Whether nobody acts on it at once: it completes the picture.
    pub fn is_ornament(self) -> bool {
        matches!(
            self,
            Question::Rights
                | Question::Statistics
                | Question::Deployments
                | Question::ActivityNames
                | Question::History
                | Question::Backfill
                | Question::FirstSeen
                | Question::Deployment
                | Question::Newest
        )
    }

    /// Whether its answer takes about equally long each time and asks the database: how long it takes then tells how the engine is.
    pub fn is_steady(self) -> bool {
        matches!(self, Question::Count(_) | Question::Incidents | Question::JobDefinitions | Question::Definitions)
    }

    /// Whether the question can wait while others are due: it is never urgent, and no picture is unfinished without it.
    pub fn is_patient(self) -> bool {
        matches!(self, Question::Backfill | Question::FirstSeen | Question::Deployment)
    }

    /// Whether the question is about items somebody looks at, rather than about the engine as a whole.
    pub fn about_visible_items(self) -> bool {
        matches!(self, Question::JobCounts | Question::ActivityNames | Question::Instances | Question::Jobs | Question::ExternalTasks | Question::Inquiries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_has_one_place_in_the_order_and_every_key_figure_a_question() {
        let ranks: std::collections::BTreeSet<_> = Question::ALL.iter().map(|question| question.rank()).collect();
        assert_eq!(ranks.len(), Question::ALL.len());
        for figure in Figure::ALL {
            let feeding = Question::ALL.into_iter().filter(|question| question.feeds().contains(&Polled::Figure(figure)));
            assert_eq!(feeding.count(), 1, "{figure:?}");
        }
    }

    #[test]
    fn what_is_promised_can_be_asked_in_time() {
        for presence in [Presence::Somebody, Presence::Nobody] {
            for question in Question::ALL {
                let Some(promise) = question.promise(presence) else { continue };
                assert!(question.shortest_interval() * 2 <= promise, "{question:?}");
            }
        }
    }

    #[test]
    fn incidents_and_suspensions_come_before_every_ornament() {
        let last = [Question::Incidents, Question::JobDefinitions, Question::Definitions, Question::Inquiries].map(Question::rank).into_iter().max();
        let first = Question::ALL.into_iter().filter(|question| question.is_ornament()).map(Question::rank).min();
        assert!(last < first);
    }
}
