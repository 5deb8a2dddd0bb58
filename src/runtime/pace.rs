//! When the next frame is due: pure arithmetic over instants. Draws nothing, waits for nothing.

use std::time::Duration;

use tokio::time::Instant;

/// Decides when a changed picture is drawn: at once for a key, otherwise no sooner than one interval after the last frame.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    last_frame: Option<Instant>,
    wanted: Wanted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    Nothing,
    Soon,
    Now,
}

impl Pace {
    /// Starts with the first frame wanted at once.
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, last_frame: None, wanted: Wanted::Now }
    }

    /// The operator did something: the answer must not wait.
    pub(super) fn want_now(&mut self) {
        self.wanted = Wanted::Now;
    }

    /// The picture changed by itself.
    pub(super) fn want_soon(&mut self) {
        self.wanted = self.wanted.max(Wanted::Soon);
    }

    /// When to draw, if anything is to be drawn.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        match (self.wanted, self.last_frame) {
            (Wanted::Nothing, _) => None,
            (Wanted::Now, _) | (Wanted::Soon, None) => Some(now),
            (Wanted::Soon, Some(last)) => Some(now.max(last + self.interval)),
        }
    }

    /// A frame was drawn. The interval counts from its end, so a slow terminal is given time to breathe.
    pub(super) fn drawn(&mut self, at: Instant) {
        self.last_frame = Some(at);
        self.wanted = Wanted::Nothing;
    }
}
