//! What the login may see and do, and how far a figure can be trusted because of it.
//!
//! With authorizations on, an engine leaves out silently what a login may not see: a count of 0 may mean "you may not look".

use std::collections::BTreeMap;
use std::fmt;

use super::figure::Figure;

/// A permission worth knowing of (`GET /authorization/check`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// See instances, jobs, incidents and external tasks of all processes.
    ReadInstances,
    /// See the history of all processes.
    ReadHistory,
    /// Retry jobs of all processes.
    RetryJobs,
    /// Change instances of all processes.
    UpdateInstances,
    /// Cancel instances of all processes.
    DeleteInstances,
    /// See process definitions.
    ReadDefinitions,
    /// Suspend and change process definitions.
    UpdateDefinitions,
    /// Read telemetry: the live command counters.
    ReadSystem,
}

impl Right {
    /// Every right the product may ask for.
    pub const ALL: &'static [Self] = &[
        Self::ReadInstances,
        Self::ReadHistory,
        Self::RetryJobs,
        Self::UpdateInstances,
        Self::DeleteInstances,
        Self::ReadDefinitions,
        Self::UpdateDefinitions,
        Self::ReadSystem,
    ];

    /// Its name in the engine, its resource and the number of that resource.
    pub fn names(self) -> (&'static str, &'static str, u8) {
        match self {
            Self::ReadInstances => ("READ_INSTANCE", "PROCESS_DEFINITION", 6),
            Self::ReadHistory => ("READ_HISTORY", "PROCESS_DEFINITION", 6),
            Self::RetryJobs => ("RETRY_JOB", "PROCESS_DEFINITION", 6),
            Self::UpdateInstances => ("UPDATE_INSTANCE", "PROCESS_DEFINITION", 6),
            Self::DeleteInstances => ("DELETE_INSTANCE", "PROCESS_DEFINITION", 6),
            Self::ReadDefinitions => ("READ", "PROCESS_DEFINITION", 6),
            Self::UpdateDefinitions => ("UPDATE", "PROCESS_DEFINITION", 6),
            Self::ReadSystem => ("READ", "SYSTEM", 21),
        }
    }

    /// What is said where it is missing. Rights on some processes only count as missing, so the words must be true for those too.
    pub fn not_granted(self) -> String {
        match self {
            Self::ReadSystem => format!("{self} is not granted"),
            _ => format!("{self} is not granted for every process"),
        }
    }

    /// What its absence takes away, in words for an operator.
    pub fn without_it(self) -> &'static str {
        match self {
            Self::ReadInstances => "incidents, jobs, instances and external tasks are shown only as far as this login may see them",
            Self::ReadHistory => "history is hidden or partial: what happened before, trends and earlier incidents",
            Self::RetryJobs => "you may look, but not retry everything",
            Self::UpdateInstances => "instances cannot be changed or suspended",
            Self::DeleteInstances => "instances cannot be cancelled",
            Self::ReadDefinitions => "processes are shown only as far as this login may see them, some by key instead of name",
            Self::UpdateDefinitions => "definitions cannot be suspended or resumed",
            Self::ReadSystem => "live throughput and the product's name are hidden",
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (permission, resource, _) = self.names();
        write!(f, "{permission} on {resource}")
    }
}

/// What is known of a login's rights. A right that could not be asked for is missing here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    granted: BTreeMap<Right, bool>,
}

/// How far a figure can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The login sees everything the figure counts.
    Complete,
    /// The login lacks this right for all processes: the figure counts what it may see, which may be some or nothing.
    Partial(Right),
    /// The rights were not asked yet, or the engine did not say.
    Unknown,
}

impl Rights {
    /// Notes an answer.
    pub fn note(&mut self, right: Right, granted: bool) {
        self.granted.insert(right, granted);
    }

    /// Whether a right is granted for all processes; none if that is not known. A login with rights on some processes only is told
    /// `false` by the engine.
    pub fn has(&self, right: Right) -> Option<bool> {
        self.granted.get(&right).copied()
    }

    /// Rights that are known to be missing.
    pub fn missing(&self) -> impl Iterator<Item = Right> + '_ {
        self.granted.iter().filter(|(_, granted)| !**granted).map(|(right, _)| *right)
    }

    /// How far a figure can be trusted. Rates come from counters that are readable as a whole or not at all.
    pub fn trust(&self, figure: Figure) -> Trust {
        let right = match figure {
            Figure::JobsSucceededRate | Figure::JobsFailedRate => return Trust::Complete,
            _ => Right::ReadInstances,
        };
        match self.has(right) {
            Some(true) => Trust::Complete,
            Some(false) => Trust::Partial(right),
            None => Trust::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_partial_when_its_right_is_missing_and_unknown_before_it_was_asked() {
        let mut rights = Rights::default();
        assert_eq!(rights.trust(Figure::JobsFailed), Trust::Unknown);
        rights.note(Right::ReadInstances, false);
        assert_eq!(rights.trust(Figure::JobsFailed), Trust::Partial(Right::ReadInstances));
        rights.note(Right::ReadInstances, true);
        assert_eq!(rights.trust(Figure::IncidentsRoot), Trust::Complete);
        assert_eq!(rights.missing().count(), 0);
    }
}
