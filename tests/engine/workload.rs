//! Traffic that keeps an engine alive: bounded in time and rate, and by default against this machine only.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tokio::time::Instant;

use super::{driver::Driver, traffic};

/// How much of what, for how long.
#[derive(Debug, Clone)]
pub struct WorkloadParams {
    pub starts_per_minute: u32,
    pub failure_percent: u8,
    pub workers: u32,
    /// None: no outages.
    pub wave_every: Option<Duration>,
    pub wave_size: u32,
    pub duration: Duration,
    pub seed: u64,
}

impl Default for WorkloadParams {
    fn default() -> Self {
        Self {
            starts_per_minute: 60,
            failure_percent: 10,
            workers: 2,
            wave_every: Some(Duration::from_secs(120)),
            wave_size: 80,
            duration: Duration::from_secs(30 * 60),
            seed: 1,
        }
    }
}

/// What a workload did so far.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    pub started: u64,
    pub tasks_completed: u64,
    pub bookings_completed: u64,
    pub bookings_failed: u64,
    pub locks_left: u64,
    pub waves: u64,
    pub repaired: u64,
    pub refused: u64,
    pub last_refusal: String,
}

/// One run of traffic against one engine.
#[derive(Debug, Clone)]
pub struct Workload {
    pub driver: Driver,
    pub params: WorkloadParams,
    tally: Arc<Mutex<Tally>>,
    end: Instant,
}

impl Workload {
    /// The clock of the duration starts here.
    pub fn new(driver: Driver, params: WorkloadParams) -> Self {
        let end = Instant::now() + params.duration.min(LONGEST);
        Self { driver, params, tally: Arc::default(), end }
    }

    /// Runs until the duration is over. A refusal of the engine is counted, never fatal: engines come and go under a test.
    pub async fn run(self) -> Tally {
        let orders = tokio::spawn(traffic::start_cases(self.clone()));
        let clerk = tokio::spawn(traffic::work_on_tasks(self.clone()));
        let repair = tokio::spawn(traffic::repair_old_failures(self.clone()));
        let waves = tokio::spawn(traffic::outages(self.clone()));
        let workers: Vec<_> = (1..=self.params.workers).map(|number| tokio::spawn(traffic::carrier_worker(self.clone(), number))).collect();
        for part in [orders, clerk, repair, waves].into_iter().chain(workers) {
            let _ = part.await;
        }
        self.tally()
    }

    pub fn tally(&self) -> Tally {
        self.tally.lock().map(|tally| tally.clone()).unwrap_or_default()
    }

    pub fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }

    /// Sleeps, but never beyond the end. Tells whether the workload still runs.
    pub async fn pause(&self, duration: Duration) -> bool {
        tokio::time::sleep_until((Instant::now() + duration).min(self.end)).await;
        !self.is_over()
    }

    pub fn note(&self, change: impl FnOnce(&mut Tally)) {
        if let Ok(mut tally) = self.tally.lock() {
            change(&mut tally);
        }
    }

    /// Gives what the engine granted, and counts what it refused.
    pub fn granted<T>(&self, answer: Result<T>) -> Option<T> {
        match answer {
            Ok(granted) => Some(granted),
            Err(refusal) => {
                self.note(|tally| {
                    tally.refused += 1;
                    tally.last_refusal = format!("{refusal:#}");
                });
                None
            }
        }
    }
}

/// No workload runs longer than this, whatever was asked for.
pub const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// `90s`, `10m`, `2h`, `500ms`.
pub fn duration(text: &str) -> Result<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().with_context(|| format!("'{text}' is no duration; write 90s, 10m or 2h"))?;
    Ok(match &text[digits.len()..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.saturating_mul(60)),
        "h" => Duration::from_secs(number.saturating_mul(3600)),
        unit => bail!("'{unit}' is no unit of time; write 90s, 10m or 2h"),
    })
}

/// Whether a URL leads to this machine, by what it says alone: an address of the loopback, or `localhost`.
pub fn is_loopback(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
