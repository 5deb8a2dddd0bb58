//! One command that starts a real engine with fixtures: `cargo run --example rig`.
//!
//! With a command after `--` it runs that command against the engine and stops the engine when it ends.

#[path = "mod.rs"]
mod engine;

use std::{
    io::Write,
    process::{Child, Command, ExitCode},
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Parser;
use engine::{
    install::install,
    launch::RunningEngine,
    params::{Auth, Database, History, RigParams},
    product::{CAMUNDA_7_24, EngineKind},
    workload::{LONGEST, Workload, WorkloadParams},
};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Starts a real process engine on this machine, fills it with fixtures, and stops it on Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "rig")]
struct Arguments {
    /// Which engine: camunda-7.24.0, camunda-7.18.0, operaton-1.0.3
    #[arg(long, default_value_t = CAMUNDA_7_24)]
    engine: EngineKind,
    /// Whether the REST API asks for a login
    #[arg(long, value_enum, default_value = "basic")]
    auth: Auth,
    /// Check authorizations
    #[arg(long)]
    authorizations: bool,
    /// The engine's history level
    #[arg(long, value_enum, default_value = "full")]
    history: History,
    /// Port to listen on (default: any free one)
    #[arg(long)]
    port: Option<u16>,
    /// Attempts per job where a process says nothing of its own
    #[arg(long, default_value_t = 1)]
    retries: u32,
    /// The engine's name; other than "default" it becomes part of the URL
    #[arg(long, default_value = "default")]
    engine_name: String,
    /// Keep the state in a PostgreSQL database somebody else runs, jdbc:postgresql://127.0.0.1:5432/rig; two rigs may share it
    #[arg(long)]
    jdbc_url: Option<String>,
    #[arg(long, default_value = "postgres", requires = "jdbc_url")]
    database_user: String,
    #[arg(long, default_value = "", requires = "jdbc_url", hide_default_value = true)]
    database_password: String,
    /// The node's name in the job log
    #[arg(long)]
    node: Option<String>,
    /// Deploy nothing
    #[arg(long)]
    empty: bool,
    /// Deploy the fixtures, but start no instances
    #[arg(long)]
    deploy_only: bool,
    /// Keep the engine busy while it runs
    #[arg(long)]
    workload: bool,
    /// Run this command against the engine (after --) with BPMTOP_URL, BPMTOP_USER and BPMTOP_PASSWORD set, and stop when it ends
    #[arg(last = true)]
    exec: Vec<String>,
}

impl Arguments {
    fn params(&self) -> RigParams {
        let database = match &self.jdbc_url {
            Some(url) => Database::PostgreSql { jdbc_url: url.clone(), user: self.database_user.clone(), password: self.database_password.clone() },
            None => Database::H2,
        };
        RigParams {
            engine: self.engine,
            database,
            node: self.node.clone(),
            auth: self.auth,
            authorizations: self.authorizations,
            history: self.history,
            port: self.port,
            retries: self.retries,
            engine_name: self.engine_name.clone(),
            ..RigParams::default()
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match prepare_and_run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("rig: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The fetch runs before signals are caught, so that Ctrl-C ends it as usual.
fn prepare_and_run(arguments: &Arguments) -> Result<ExitCode> {
    let params = arguments.params();
    install(params.engine, &params.home, &report)?;
    tokio::runtime::Runtime::new()?.block_on(run(arguments, params))
}

fn report(line: &str) {
    eprintln!("rig: {line}");
}

async fn run(arguments: &Arguments, params: RigParams) -> Result<ExitCode> {
    let mut signals = Signals::new()?;
    let engine = tokio::select! {
        engine = start(arguments, params) => engine?,
        () = signals.any() => return Ok(ExitCode::from(130)),
    };
    print_welcome(&engine, !arguments.exec.is_empty())?;
    if arguments.workload {
        let params = WorkloadParams { duration: LONGEST, ..WorkloadParams::default() };
        tokio::spawn(Workload::new(engine.driver()?, params).run());
    }
    if arguments.exec.is_empty() { serve(engine, signals).await } else { exec(&arguments.exec, engine, signals).await }
}

async fn start(arguments: &Arguments, params: RigParams) -> Result<RunningEngine> {
    let engine = RunningEngine::start(params, &report).await?;
    report(&format!("{} answers after {:.1} s", engine.params.engine, engine.started_in.as_secs_f32()));
    let driver = engine.driver()?;
    if !arguments.empty {
        let made = driver.deploy_all().await.context("deploying the fixtures")?;
        report(&format!("{made} deployments made"));
        if made > 0 && !arguments.deploy_only {
            driver.populate().await.context("starting the fixtures' instances")?;
        }
    }
    Ok(engine)
}

/// With a command to run, standard output is the command's alone.
fn print_welcome(engine: &RunningEngine, exec: bool) -> Result<()> {
    let mut out: Box<dyn Write> = if exec { Box::new(std::io::stderr()) } else { Box::new(std::io::stdout()) };
    writeln!(out, "{} at {}", engine.params.engine, engine.url)?;
    writeln!(out, "log: {}", engine.log.display())?;
    match engine.login() {
        Some(login) => {
            writeln!(out, "user {}, password {}", login.user, login.password)?;
            writeln!(out, "\n  BPMTOP_URL={} BPMTOP_USER={} BPMTOP_PASSWORD={} cargo run --release\n", engine.url, login.user, login.password)?;
        }
        None => writeln!(out, "no login\n\n  BPMTOP_URL={} cargo run --release\n", engine.url)?,
    }
    Ok(out.flush()?)
}

async fn serve(mut engine: RunningEngine, mut signals: Signals) -> Result<ExitCode> {
    println!("Ctrl-C stops the engine.");
    loop {
        tokio::select! {
            () = signals.any() => return Ok(ExitCode::SUCCESS),
            () = tokio::time::sleep(Duration::from_millis(500)) => if engine.has_ended() {
                anyhow::bail!("the engine ended by itself; see {}", engine.log.display());
            },
        }
    }
}

/// From here on the terminal belongs to the command: the rig prints nothing, and leaves Ctrl-C to it.
async fn exec(command: &[String], engine: RunningEngine, mut signals: Signals) -> Result<ExitCode> {
    let mut prepared = Command::new(&command[0]);
    prepared.args(&command[1..]).env("BPMTOP_URL", &engine.url).env_remove("BPMTOP_USER").env_remove("BPMTOP_PASSWORD");
    if let Some(login) = engine.login() {
        prepared.env("BPMTOP_USER", login.user).env("BPMTOP_PASSWORD", login.password);
    }
    let mut child = prepared.spawn().with_context(|| format!("cannot start {}", command[0]))?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)));
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
            _ = signals.interrupt.recv() => {}
            _ = signals.terminate.recv() => return Ok(end(child)),
            _ = signals.hangup.recv() => return Ok(end(child)),
        }
    }
}

fn end(mut child: Child) -> ExitCode {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    let _ = child.wait();
    ExitCode::from(143)
}

/// The signals that end the rig.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())?, hangup: signal(SignalKind::hangup())? })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
