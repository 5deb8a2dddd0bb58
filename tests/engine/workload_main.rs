//! Keeps an engine busy for a while: `cargo run --example workload -- URL --user demo --password demo`.

#[path = "mod.rs"]
mod engine;

use std::{process::ExitCode, time::Duration};

use anyhow::{Result, bail};
use clap::Parser;
use engine::{
    driver::{Driver, Login},
    workload::{Tally, Workload, WorkloadParams, duration, is_loopback},
};

/// Starts orders, completes tasks, works on bookings, lets systems fail and come back: for a bounded time, on an engine of this machine.
#[derive(Debug, Parser)]
#[command(name = "workload")]
struct Arguments {
    /// The REST API, http://127.0.0.1:8080/engine-rest
    #[arg(env = "BPMTOP_URL")]
    url: String,
    #[arg(long, env = "BPMTOP_USER")]
    user: Option<String>,
    #[arg(long, env = "BPMTOP_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    #[arg(long, default_value_t = 60)]
    starts_per_minute: u32,
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(0..=100))]
    failure_percent: u8,
    /// External task workers
    #[arg(long, default_value_t = 2)]
    workers: u32,
    /// Time from one outage to the next; 0s: no outages
    #[arg(long, default_value = "120s", value_parser = duration)]
    wave_every: Duration,
    /// Cases that fail in one outage
    #[arg(long, default_value_t = 80)]
    wave_size: u32,
    #[arg(long, default_value = "30m", value_parser = duration)]
    duration: Duration,
    /// The same seed gives the same cases
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Work on an engine of another machine; it will be full of made-up troubles afterwards
    #[arg(long)]
    i_know: bool,
}

impl Arguments {
    fn params(&self) -> WorkloadParams {
        WorkloadParams {
            starts_per_minute: self.starts_per_minute,
            failure_percent: self.failure_percent,
            workers: self.workers,
            wave_every: Some(self.wave_every).filter(|interval| !interval.is_zero()),
            wave_size: self.wave_size,
            duration: self.duration,
            seed: self.seed,
        }
    }

    fn login(&self) -> Option<Login> {
        Some(Login::new(self.user.as_deref()?, self.password.as_deref().unwrap_or_default()))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("workload: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    if !arguments.i_know && !is_loopback(&arguments.url) {
        bail!("{} is not on this machine; a workload fills an engine with made-up troubles. --i-know insists", arguments.url);
    }
    let driver = Driver::new(&arguments.url, arguments.login())?;
    driver.deploy_all().await?;
    let work = Workload::new(driver, arguments.params());
    let mut run = tokio::spawn(work.clone().run());
    loop {
        tokio::select! {
            tally = &mut run => {
                println!("done: {}", line(&tally?));
                return Ok(());
            }
            () = tokio::time::sleep(Duration::from_secs(10)) => println!("{}", line(&work.tally())),
        }
    }
}

fn line(tally: &Tally) -> String {
    let Tally { started, tasks_completed, bookings_completed, bookings_failed, locks_left, waves, repaired, refused, last_refusal } = tally;
    let last = if *refused > 0 { format!(" (last: {})", last_refusal.chars().take(200).collect::<String>()) } else { String::new() };
    format!(
        "started {started}, tasks {tasks_completed}, bookings {bookings_completed} done, {bookings_failed} failed, {locks_left} forgotten, outages {waves}, repaired {repaired}, refused {refused}{last}"
    )
}
