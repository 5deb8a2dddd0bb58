//! What the background task asks over and over, and how often at best.

use std::time::Duration;

use crate::model::figure::Figure;

/// One question to the engine. At most one request per question is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// Is it there, which version, how far away: `/version`.
    Version,
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
    /// What is asked about single instances on the screen.
    Inquiries,
}

impl Question {
    /// All questions, most telling first: at the start they are asked in this order.
    pub const ALL: [Question; 26] = [
        Question::Version,
        Question::Incidents,
        Question::Statistics,
        Question::Count(Figure::JobsFailed),
        Question::Count(Figure::JobsRetrying),
        Question::Count(Figure::JobsDue),
        Question::Count(Figure::Instances),
        Question::Count(Figure::ExternalFailed),
        Question::Count(Figure::ExternalExpired),
        Question::Count(Figure::ExternalLocked),
        Question::Telemetry,
        Question::Count(Figure::JobsAcquired),
        Question::Definitions,
        Question::JobDefinitions,
        Question::Rights,
        Question::Deployments,
        Question::JobCounts,
        Question::ActivityNames,
        Question::Instances,
        Question::Jobs,
        Question::ExternalTasks,
        Question::History,
        Question::Backfill,
        Question::FirstSeen,
        Question::Deployment,
        Question::Inquiries,
    ];

    /// The shortest interval between two askings. The budget stretches it, never shortens it.
    pub fn shortest_interval(self) -> Duration {
        Duration::from_millis(match self {
            Question::Incidents => 2_000,
            Question::Telemetry => 3_000,
            Question::Count(_) => 5_000,
            Question::Version => 5_000,
            Question::Definitions | Question::Statistics => 60_000,
            Question::Rights | Question::Deployments | Question::History => 300_000,
            Question::Backfill | Question::FirstSeen | Question::Deployment => 200,
            Question::JobDefinitions => 15_000,
            // These are asked item by item; how fresh an item must be is decided where the items are known.
            Question::JobCounts | Question::ActivityNames | Question::Instances | Question::Jobs | Question::ExternalTasks | Question::Inquiries => 100,
        })
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
