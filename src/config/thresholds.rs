//! When a figure is normal, a warning or critical.

use super::range::Range;

/// The figures that may carry thresholds, as `[thresholds]` names them.
pub const FIGURE_KEYS: &[&str] = &[
    "incidents_root",
    "incidents_blocked",
    "jobs_retrying",
    "jobs_failed",
    "jobs_due",
    "jobs_acquired",
    "instances",
    "external_tasks_locked",
    "external_tasks_expired",
    "external_tasks_failed",
    "jobs_succeeded_per_second",
    "jobs_failed_per_second",
];

/// The built-in thresholds: figure, warning, critical. What is missing here never alerts unless the file says so.
///
/// A root incident or a job out of retries is work nobody else will do, so the first one warns. Retrying and due jobs are normal in
/// small numbers and warn only as a pile.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("incidents_root", "0", "50"),
    ("jobs_failed", "0", "50"),
    ("jobs_retrying", "20", "200"),
    ("jobs_due", "100", "1000"),
    ("external_tasks_expired", "0", "20"),
    ("external_tasks_failed", "0", "20"),
];

/// How bad a value is; orders from harmless to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing to do.
    Normal,
    /// Worth a look.
    Warning,
    /// Somebody must act.
    Critical,
}

/// The two ranges of one figure; a missing one never alerts.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Threshold {
    /// Alerts as a warning.
    pub warning: Option<Range>,
    /// Alerts as critical, and wins over the warning.
    pub critical: Option<Range>,
}

impl Threshold {
    /// How bad this value is.
    pub fn level(&self, value: f64) -> Level {
        if self.critical.is_some_and(|range| range.alerts(value)) {
            Level::Critical
        } else if self.warning.is_some_and(|range| range.alerts(value)) {
            Level::Warning
        } else {
            Level::Normal
        }
    }
}

/// The thresholds of all figures in [`FIGURE_KEYS`].
#[derive(Debug, Clone, PartialEq)]
pub struct Thresholds {
    rows: [Threshold; FIGURE_KEYS.len()],
}

impl Default for Thresholds {
    fn default() -> Self {
        let mut thresholds = Self { rows: [Threshold::default(); FIGURE_KEYS.len()] };
        for (key, warning, critical) in DEFAULTS {
            thresholds.set(key, Threshold { warning: warning.parse().ok(), critical: critical.parse().ok() });
        }
        thresholds
    }
}

impl Thresholds {
    /// How bad `value` is for the figure. A key outside [`FIGURE_KEYS`] has no thresholds and is always normal.
    pub fn level(&self, figure_key: &str, value: f64) -> Level {
        self.get(figure_key).level(value)
    }

    /// The two ranges of a figure, for showing them and for perfdata.
    pub fn get(&self, figure_key: &str) -> Threshold {
        position(figure_key).map_or_else(Threshold::default, |row| self.rows[row])
    }

    pub(crate) fn set(&mut self, figure_key: &str, threshold: Threshold) {
        if let Some(row) = position(figure_key) {
            self.rows[row] = threshold;
        }
    }
}

fn position(figure_key: &str) -> Option<usize> {
    FIGURE_KEYS.iter().position(|key| *key == figure_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_threshold_names_a_figure_and_two_valid_ranges() {
        for (key, warning, critical) in DEFAULTS {
            assert!(FIGURE_KEYS.contains(key), "{key}");
            assert_eq!(
                Thresholds::default().get(key),
                Threshold { warning: Some(warning.parse().unwrap()), critical: Some(critical.parse().unwrap()) },
                "{key}"
            );
        }
    }

    #[test]
    fn the_first_root_incident_warns_and_a_flood_is_critical() {
        let thresholds = Thresholds::default();
        assert_eq!(thresholds.level("incidents_root", 0.0), Level::Normal);
        assert_eq!(thresholds.level("incidents_root", 1.0), Level::Warning);
        assert_eq!(thresholds.level("incidents_root", 51.0), Level::Critical);
    }

    #[test]
    fn a_figure_without_thresholds_is_always_normal() {
        assert_eq!(Thresholds::default().level("instances", 1e9), Level::Normal);
        assert_eq!(Thresholds::default().level("no_such_figure", 1e9), Level::Normal);
    }

    #[test]
    fn levels_order_from_harmless_to_bad() {
        assert!(Level::Normal < Level::Warning && Level::Warning < Level::Critical);
    }
}
