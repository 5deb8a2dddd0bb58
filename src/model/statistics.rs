//! Figures the engine counts per process definition.

use super::definition::ProcessDefinition;
use crate::text::EngineText;

/// Figures of one version of a process (`GET /process-definition/statistics?failedJobs=true&rootIncidents=true`).
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessStatistics {
    /// The definition.
    pub definition: ProcessDefinition,
    /// Running instances.
    pub instances: u64,
    /// Jobs with no attempt left.
    pub failed_jobs: u64,
    /// Incidents that are causes of their own, by type; blocked parents are not counted.
    pub root_incidents: Vec<IncidentTally>,
}

/// How many incidents of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentTally {
    /// `failedJob`, `failedExternalTask` or a custom type.
    pub kind: EngineText,
    /// How many.
    pub count: u64,
}
