//! What the loop measures of itself: key-to-frame latency, frames, bytes. Numbers only; showing them is the program's.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

/// So many latencies are remembered: minutes of typing, in four kilobytes.
const WINDOW: usize = 1000;

/// A clonable handle to the loop's figures; the lock is never held while drawing.
#[derive(Debug, Clone, Default)]
pub struct StatsHandle(Arc<Mutex<Stats>>);

impl StatsHandle {
    /// A copy of the figures as they are now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn record(&self, change: impl FnOnce(&mut Stats)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The loop's figures since the start.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// Frames drawn.
    pub frames: u64,
    /// Bytes of all frames, as written to the terminal.
    pub bytes: u64,
    /// The longest frame, from the first widget to the last byte accepted by the terminal.
    pub longest_frame: Duration,
    /// Inputs handled.
    pub inputs: u64,
    /// Facts and states handled.
    pub facts: u64,
    latencies: VecDeque<u32>,
}

/// Key-to-frame latency over the last keys: from the byte read to the frame written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LatencySummary {
    /// How many keys this is made of, at most 1000.
    pub keys: usize,
    /// Half of the keys were answered within this many microseconds.
    pub p50_us: u32,
    /// 95 of 100 were.
    pub p95_us: u32,
    /// 99 of 100 were.
    pub p99_us: u32,
    /// The slowest.
    pub max_us: u32,
}

impl Stats {
    pub(super) fn record_frame(&mut self, took: Duration, bytes: usize) {
        self.frames += 1;
        self.bytes += bytes as u64;
        self.longest_frame = self.longest_frame.max(took);
    }

    pub(super) fn record_latency(&mut self, latency: Duration) {
        if self.latencies.len() == WINDOW {
            self.latencies.pop_front();
        }
        self.latencies.push_back(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    /// The latency figures, or none before the first key.
    #[must_use]
    pub fn latency(&self) -> Option<LatencySummary> {
        let mut sorted: Vec<u32> = self.latencies.iter().copied().collect();
        sorted.sort_unstable();
        let max_us = *sorted.last()?;
        let at = |percent: usize| sorted[(sorted.len() * percent).div_ceil(100).max(1) - 1];
        Some(LatencySummary { keys: sorted.len(), p50_us: at(50), p95_us: at(95), p99_us: at(99), max_us })
    }

    /// How many of the remembered latencies fall below each power of two milliseconds: `(upper bound in ms, keys)`, 1 to 1024 and
    /// the rest under `u32::MAX`.
    #[must_use]
    pub fn histogram(&self) -> Vec<(u32, usize)> {
        let mut rows: Vec<(u32, usize)> = (0..=10).map(|power| (1 << power, 0)).chain([(u32::MAX, 0)]).collect();
        for latency in &self.latencies {
            if let Some(row) = rows.iter_mut().find(|(bound, _)| u64::from(*latency) < u64::from(*bound) * 1000) {
                row.1 += 1;
            }
        }
        rows
    }

    /// The figures as JSON, for a file written at exit.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "frames": self.frames,
            "bytes": self.bytes,
            "longest_frame_us": self.longest_frame.as_micros(),
            "inputs": self.inputs,
            "facts": self.facts,
            "key_to_frame": self.latency(),
            "histogram_ms": self.histogram().into_iter().filter(|(_, keys)| *keys > 0).collect::<Vec<_>>(),
        })
    }
}
