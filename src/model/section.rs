//! A piece of the picture with its age and its problem, and the moment type that ages are measured with.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// One instant on both clocks: the monotonic one for ages, the wall clock for what people read.
///
/// Pure code never reads a clock; moments arrive from the poller and the event loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Monotonic time, for ages and intervals.
    pub instant: Instant,
    /// Wall-clock time of this machine.
    pub wall: Timestamp,
}

impl Moment {
    /// Reads both clocks.
    pub fn now() -> Self {
        Self { instant: Instant::now(), wall: Timestamp::now() }
    }

    /// Time passed since `earlier`; zero if `earlier` lies ahead.
    pub fn since(&self, earlier: Moment) -> Duration {
        self.instant.saturating_duration_since(earlier.instant)
    }

    /// This moment moved forward.
    pub fn after(self, by: Duration) -> Self {
        Self { instant: self.instant + by, wall: self.wall + jiff::SignedDuration::try_from(by).unwrap_or(jiff::SignedDuration::MAX) }
    }
}

/// What went wrong with a request, in words for an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// At most 12 cells, for a badge: `forbidden`, `too slow`, `unreachable`.
    pub label: &'static str,
    /// One sentence: what happened and where.
    pub what: String,
    /// The way out.
    pub remedy: String,
}

/// One part of the snapshot: its data, when that was taken, and what is wrong with it now.
///
/// A section whose last question failed keeps its old data and shows their age.
#[derive(Clone, Debug)]
pub struct Section<T> {
    /// The newest data that arrived, if any ever did.
    pub data: Option<Arc<T>>,
    /// When `data` were read: of what is polled the moment the request was sent, for that is how old they may be.
    pub taken: Option<Moment>,
    /// Why the newest question failed; none after a success.
    pub problem: Option<Problem>,
}

impl<T> Default for Section<T> {
    fn default() -> Self {
        Self { data: None, taken: None, problem: None }
    }
}

impl<T> Section<T> {
    /// Takes an answer in.
    pub fn succeed(&mut self, data: T, at: Moment) {
        self.data = Some(Arc::new(data));
        self.confirm(at);
    }

    /// Notes that the data were found unchanged.
    pub fn confirm(&mut self, at: Moment) {
        self.taken = Some(at);
        self.problem = None;
    }

    /// Notes a failure; the data stay.
    pub fn fail(&mut self, problem: Problem) {
        self.problem = Some(problem);
    }

    /// Age of the data, none if there are none.
    pub fn age(&self, now: Moment) -> Option<Duration> {
        self.taken.map(|taken| now.since(taken))
    }

    /// The data, if there are any.
    pub fn get(&self) -> Option<&T> {
        self.data.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_section_keeps_its_old_data_and_their_age() {
        let start = Moment::now();
        let mut section = Section::default();
        section.succeed(7, start);
        section.fail(Problem { label: "too slow", what: "no answer".into(), remedy: "wait".into() });
        assert_eq!(section.get(), Some(&7));
        assert_eq!(section.age(start.after(Duration::from_secs(9))), Some(Duration::from_secs(9)));
        assert!(section.problem.is_some());
    }

    #[test]
    fn an_answer_clears_the_problem() {
        let mut section = Section::default();
        section.fail(Problem { label: "too slow", what: "no answer".into(), remedy: "wait".into() });
        section.succeed(1, Moment::now());
        assert_eq!(section.problem, None);
    }
}
