//! The figures an operator watches: their names, meanings and units. No values, no drawing.

use std::fmt;

/// One key figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Figure {
    /// Incidents that are causes of their own.
    IncidentsRoot,
    /// Incidents that only report a failure below a call activity.
    IncidentsBlocked,
    /// Jobs with an exception and retries left.
    JobsRetrying,
    /// Jobs without retries left.
    JobsFailed,
    /// Jobs that are due, active and not yet executed.
    JobsDue,
    /// Jobs a job executor has locked right now.
    JobsAcquired,
    /// Running process instances.
    Instances,
    /// External tasks with retries left that a worker holds, or that wait for their next attempt.
    ExternalLocked,
    /// External tasks whose lock has run out.
    ExternalExpired,
    /// External tasks without retries left.
    ExternalFailed,
    /// Jobs that succeeded, per second.
    JobsSucceededRate,
    /// Jobs that failed, per second.
    JobsFailedRate,
}

/// The unit of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// Things per second.
    PerSecond,
}

impl Figure {
    /// All figures in the order they are shown: what is broken, what will break, what works.
    pub const ALL: [Figure; 12] = [
        Figure::IncidentsRoot,
        Figure::IncidentsBlocked,
        Figure::JobsFailed,
        Figure::JobsRetrying,
        Figure::JobsDue,
        Figure::JobsAcquired,
        Figure::ExternalFailed,
        Figure::ExternalExpired,
        Figure::ExternalLocked,
        Figure::JobsFailedRate,
        Figure::JobsSucceededRate,
        Figure::Instances,
    ];

    /// Name in configuration and JSON.
    pub fn key(self) -> &'static str {
        match self {
            Figure::IncidentsRoot => "incidents_root",
            Figure::IncidentsBlocked => "incidents_blocked",
            Figure::JobsRetrying => "jobs_retrying",
            Figure::JobsFailed => "jobs_failed",
            Figure::JobsDue => "jobs_due",
            Figure::JobsAcquired => "jobs_acquired",
            Figure::Instances => "instances",
            Figure::ExternalLocked => "external_tasks_locked",
            Figure::ExternalExpired => "external_tasks_expired",
            Figure::ExternalFailed => "external_tasks_failed",
            Figure::JobsSucceededRate => "jobs_succeeded_per_second",
            Figure::JobsFailedRate => "jobs_failed_per_second",
        }
    }

    /// Label on the screen, at most 16 cells.
    pub fn label(self) -> &'static str {
        match self {
            Figure::IncidentsRoot => "root incidents",
            Figure::IncidentsBlocked => "blocked parents",
            Figure::JobsRetrying => "jobs retrying",
            Figure::JobsFailed => "out of retries",
            Figure::JobsDue => "jobs due",
            Figure::JobsAcquired => "jobs acquired",
            Figure::Instances => "instances",
            Figure::ExternalLocked => "ext. locked",
            Figure::ExternalExpired => "ext. expired",
            Figure::ExternalFailed => "ext. failed",
            Figure::JobsSucceededRate => "jobs ok",
            Figure::JobsFailedRate => "jobs failing",
        }
    }

    /// Label for narrow screens, at most 11 cells.
    pub fn short_label(self) -> &'static str {
        match self {
            Figure::IncidentsRoot => "roots",
            Figure::IncidentsBlocked => "blocked",
            Figure::JobsRetrying => "retrying",
            Figure::JobsFailed => "no retries",
            Figure::JobsDue => "due",
            Figure::JobsAcquired => "acquired",
            Figure::Instances => "instances",
            Figure::ExternalLocked => "ext locked",
            Figure::ExternalExpired => "ext expired",
            Figure::ExternalFailed => "ext failed",
            Figure::JobsSucceededRate => "ok",
            Figure::JobsFailedRate => "failing",
        }
    }

    /// One sentence for the help screen.
    pub fn meaning(self) -> &'static str {
        match self {
            Figure::IncidentsRoot => "open incidents that are causes of their own",
            Figure::IncidentsBlocked => "parent instances that wait because a called instance failed; never retry these, retry the root",
            Figure::JobsRetrying => {
                "jobs that failed and have retries left: the next incidents, listed by `J`; those whose next attempt is due count as due too"
            }
            Figure::JobsFailed => "jobs out of retries: they stand still until somebody retries them",
            Figure::JobsDue => {
                "jobs that may run now and have not finished, those an executor holds included; a short queue under a minute is normal. Those that wait SUSPENDED are told beside it"
            }
            Figure::JobsAcquired => "of the jobs due: those a job executor holds right now (from Camunda 7.24 on)",
            Figure::Instances => "running process instances",
            Figure::ExternalLocked => "external tasks held by a worker, or waiting for their next attempt after a failure: the engine counts both as locked",
            Figure::ExternalExpired => {
                "external tasks with retries left whose lock or wait is over, and nobody fetched them: a worker was too slow, died, or none asks"
            }
            Figure::ExternalFailed => "external tasks out of retries; a lock on one does not count as locked",
            Figure::JobsSucceededRate => "jobs that succeeded per second, on the node that answers",
            Figure::JobsFailedRate => "job executions that failed per second, on the node that answers",
        }
    }

    /// Its unit.
    pub fn unit(self) -> Unit {
        match self {
            Figure::JobsSucceededRate | Figure::JobsFailedRate => Unit::PerSecond,
            _ => Unit::Count,
        }
    }

    /// Whether a rise is good news.
    pub fn rise_is_good(self) -> Option<bool> {
        match self {
            Figure::JobsSucceededRate => Some(true),
            Figure::Instances | Figure::JobsAcquired | Figure::ExternalLocked => None,
            _ => Some(false),
        }
    }
}

/// The figures and their meanings as Markdown, for the documentation.
pub fn markdown() -> String {
    let mut table = String::from("| figure | in JSON and `[thresholds]` | meaning |\n|---|---|---|\n");
    for figure in Figure::ALL {
        table.push_str(&format!("| {} | `{}` | {} |\n", figure.label(), figure.key(), figure.meaning()));
    }
    table
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_figure_has_a_key_of_its_own_and_labels_that_fit() {
        let keys: HashSet<_> = Figure::ALL.iter().map(|figure| figure.key()).collect();
        assert_eq!(keys.len(), Figure::ALL.len());
        for figure in Figure::ALL {
            assert!(figure.label().len() <= 16, "{figure:?}");
            assert!(figure.short_label().len() <= 11, "{figure:?}");
        }
    }

    #[test]
    fn the_readme_explains_the_figures_as_they_are() {
        let readme = include_str!("../../README.md");
        assert!(readme.contains(&markdown()), "the README's table should be:\n{}", markdown());
    }

    #[test]
    fn every_figure_can_have_thresholds() {
        let mut figures: Vec<_> = Figure::ALL.iter().map(|figure| figure.key()).collect();
        let mut keys = crate::config::FIGURE_KEYS.to_vec();
        figures.sort_unstable();
        keys.sort_unstable();
        assert_eq!(figures, keys);
    }
}
