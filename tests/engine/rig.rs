//! One command that starts a real engine with fixtures: `cargo run --example rig`.
//!
//! With a command after `--` it runs that command against the engine and stops the engine when it ends.

#[path = "mod.rs"]
mod engine;

use std::{
    io::Write,
    process::{Child, Command, ExitCode},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use clap::Parser;
use engine::{
    arguments::Arguments,
    cluster::{Cluster, ClusterParams},
    driver::{Driver, Login},
    install::install,
    people::PEOPLE,
    workload::{LONGEST, Workload, WorkloadParams},
};
use tokio::signal::unix::{Signal, SignalKind, signal};

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
    let params = arguments.cluster()?;
    install(params.engine.engine, &params.engine.home, &report)?;
    tokio::runtime::Runtime::new()?.block_on(run(arguments, params))
}

fn report(line: &str) {
    eprintln!("rig: {line}");
}

async fn run(arguments: &Arguments, params: ClusterParams) -> Result<ExitCode> {
    let mut signals = Signals::new()?;
    let cluster = tokio::select! {
        cluster = start(arguments, params) => cluster?,
        () = signals.any() => return Ok(ExitCode::from(130)),
    };
    print_welcome(&cluster, !arguments.exec.is_empty())?;
    if arguments.workload {
        let params = WorkloadParams { duration: LONGEST, ..WorkloadParams::default() };
        tokio::spawn(Workload::new(cluster.driver()?, params).run());
    }
    if arguments.exec.is_empty() { serve(cluster, signals).await } else { exec(&arguments.exec, cluster, signals).await }
}

async fn start(arguments: &Arguments, params: ClusterParams) -> Result<Cluster> {
    let cluster = Cluster::start(params, &report).await?;
    for node in &cluster.nodes {
        report(&format!("{} answers after {:.1} s", node.params.engine, node.started_in.as_secs_f32()));
    }
    if arguments.authorizations {
        cluster.driver()?.create_people().await.context("creating the users")?;
    }
    if let Some(incidents) = arguments.incidents {
        let made = cluster.clone_incidents(incidents, &report).await.context("cloning incidents")?;
        report(&made.to_string());
    }
    fill(arguments, &cluster).await?;
    Ok(cluster)
}

/// The fixtures. A clone stands alone, so that its totals are what was asked for; only a workload brings the fixtures' definitions along.
async fn fill(arguments: &Arguments, cluster: &Cluster) -> Result<()> {
    if arguments.empty || (arguments.incidents.is_some() && !arguments.workload) {
        return Ok(());
    }
    let driver = cluster.driver()?;
    let made = driver.deploy_all().await.context("deploying the fixtures")?;
    report(&format!("{made} deployments made"));
    if made > 0 && !arguments.deploy_only && arguments.incidents.is_none() {
        driver.populate().await.context("starting the fixtures' instances")?;
    }
    match arguments.children {
        Some(letters) => start_campaign(&driver, letters).await.context("starting the campaign"),
        None => Ok(()),
    }
}

/// The campaign of `--children`; its letters are printed, or fail, while the rig goes on. Its business key tells the start, so that rigs on one database have one each.
async fn start_campaign(driver: &Driver, letters: u32) -> Result<()> {
    let begin = Instant::now();
    let business_key = format!("Kampagne-{letters}-{}", jiff::Timestamp::now().as_second());
    let campaign = driver.start_campaign(&business_key, letters).await?;
    report(&format!("campaign {campaign}, business key {business_key}: {letters} letters after {:.1} s", begin.elapsed().as_secs_f32()));
    Ok(())
}

/// With a command to run, standard output is the command's alone.
fn print_welcome(cluster: &Cluster, exec: bool) -> Result<()> {
    let mut out: Box<dyn Write> = if exec { Box::new(std::io::stderr()) } else { Box::new(std::io::stdout()) };
    for node in &cluster.nodes {
        let name = node.params.node.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        writeln!(
            out,
            "{name}{} at {}
  log: {}",
            node.params.engine,
            node.url,
            node.log.display()
        )?;
    }
    if cluster.balancer.is_some() {
        writeln!(out, "balancer, each request to the next node: {}", cluster.url())?;
    }
    if let Some(postgres) = &cluster.postgres {
        writeln!(out, "PostgreSQL on port {}, log: {}", postgres.port, postgres.log.display())?;
    }
    write_logins(&mut out, cluster)?;
    Ok(out.flush()?)
}

fn write_logins(out: &mut dyn Write, cluster: &Cluster) -> Result<()> {
    let (params, url) = (&cluster.nodes[0].params, cluster.url());
    let Some(Login { user, password }) = cluster.nodes[0].login() else {
        return Ok(writeln!(out, "no login\n\n  BPMTOP_URL={url} cargo run --release\n")?);
    };
    writeln!(out, "user {user}, password {password}")?;
    if params.authorizations {
        writeln!(out, "{user} may do everything; others, each with their name as the password:")?;
        for person in &PEOPLE {
            writeln!(out, "  {:<14} {}", person.id, person.may)?;
        }
    }
    Ok(writeln!(out, "\n  BPMTOP_URL={url} BPMTOP_USER={user} BPMTOP_PASSWORD={password} cargo run --release\n")?)
}

async fn serve(mut cluster: Cluster, mut signals: Signals) -> Result<ExitCode> {
    println!("Ctrl-C stops the engine.");
    loop {
        tokio::select! {
            () = signals.any() => return Ok(ExitCode::SUCCESS),
            () = tokio::time::sleep(Duration::from_millis(500)) => if let Some(node) = cluster.fallen() {
                anyhow::bail!("the engine ended by itself; see {}", node.log.display());
            },
        }
    }
}

/// From here on the terminal belongs to the command: the rig prints nothing, and leaves Ctrl-C to it.
async fn exec(command: &[String], cluster: Cluster, mut signals: Signals) -> Result<ExitCode> {
    let mut prepared = Command::new(&command[0]);
    prepared.args(&command[1..]).env("BPMTOP_URL", cluster.url()).env_remove("BPMTOP_USER").env_remove("BPMTOP_PASSWORD");
    if let Some(login) = cluster.nodes[0].login() {
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
