//! The running engine: start, wait until it answers, stop.
//!
//! The engine lives as long as the pipe to its standard input: it halts by itself when this process ends in any way, `kill -9` included.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result, bail};

use super::{
    driver::{Driver, Login},
    install::{Installation, Progress, install, tail},
    params::{Auth, RigParams},
    toolchain::Tool,
};

const START_LIMIT: Duration = Duration::from_secs(180);
const RUNS_KEPT_FOR: Duration = Duration::from_secs(6 * 3600);

/// A started engine. Dropping it stops it.
#[derive(Debug)]
pub struct RunningEngine {
    pub params: RigParams,
    /// The base of the REST API, `http://127.0.0.1:41235/engine-rest`.
    pub url: String,
    /// The engine's log.
    pub log: PathBuf,
    /// From the start of Java to the first answer.
    pub started_in: Duration,
    child: Child,
    life_line: Option<ChildStdin>,
}

impl RunningEngine {
    /// Installs the engine if needed (which blocks the thread), starts it, and returns when it answers.
    pub async fn start(params: RigParams, progress: Progress<'_>) -> Result<Self> {
        let installation = install(params.engine, &params.home, progress)?;
        let run = run_directory(&params.home)?;
        progress(&format!("starting {}", params.engine));
        let port_file = run.join("port");
        let log = run.join("engine.log");
        let properties = run.join("application.properties");
        fs::write(&properties, params.properties(&port_file))?;
        let begin = Instant::now();
        let mut child = java(&params, &installation, &properties, &log)?.spawn().context("java cannot be started")?;
        let life_line = child.stdin.take();
        let mut engine = Self { params, url: String::new(), log, started_in: Duration::ZERO, child, life_line };
        let port = engine.await_port(&port_file, begin).await?;
        engine.url = format!("http://127.0.0.1:{port}{}", engine.params.rest_path());
        engine.await_answer(begin).await?;
        engine.started_in = begin.elapsed();
        Ok(engine)
    }

    /// A driver that speaks to this engine as its administrator.
    pub fn driver(&self) -> Result<Driver> {
        Driver::new(&self.url, self.login())
    }

    /// Who to log in as; none when the engine does not ask.
    pub fn login(&self) -> Option<Login> {
        (self.params.auth == Auth::Basic).then(|| self.params.admin.clone())
    }

    /// The process id of the engine.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the engine has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends the engine at once, as a crash would.
    pub fn stop(&mut self) {
        self.life_line = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    async fn await_port(&mut self, port_file: &Path, begin: Instant) -> Result<u16> {
        loop {
            if let Ok(port) = fs::read_to_string(port_file) {
                return port.trim().parse().context("the engine wrote a strange port");
            }
            self.check_alive(begin)?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn await_answer(&mut self, begin: Instant) -> Result<()> {
        let driver = self.driver()?;
        while driver.get("/version").await.is_err() {
            self.check_alive(begin)?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    fn check_alive(&mut self, begin: Instant) -> Result<()> {
        let complaint = match self.child.try_wait()? {
            Some(status) => format!("the engine ended while starting ({status})"),
            None if begin.elapsed() > START_LIMIT => format!("the engine did not answer within {} s", START_LIMIT.as_secs()),
            None => return Ok(()),
        };
        bail!("{complaint}; the end of {}:\n{}", self.log.display(), tail(&self.log, 30))
    }
}

impl Drop for RunningEngine {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Its own process group keeps the terminal's signals away from the engine: it must outlive a Ctrl-C meant for another.
fn java(params: &RigParams, installation: &Installation, properties: &Path, log: &Path) -> Result<Command> {
    let mut java = Tool::Java.command()?;
    let log = File::create(log)?;
    let class_path = format!("{}:{}/*", installation.classes.display(), installation.libraries.display());
    java.arg(format!("-Xmx{}m", params.heap_megabytes))
        .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Dfile.encoding=UTF-8", "-Djava.security.egd=file:/dev/urandom", "-cp"])
        .arg(class_path)
        .arg("rig.RigApplication")
        .arg(format!("--spring.config.location=file:{}", properties.display()))
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0);
    Ok(java)
}

/// A fresh directory for the files of one run. Directories of long-gone runs are cleared away.
pub fn run_directory(home: &Path) -> Result<PathBuf> {
    static RUN: AtomicU32 = AtomicU32::new(1);
    let runs = std::path::absolute(home)?.join("runs");
    fs::create_dir_all(&runs)?;
    for old in fs::read_dir(&runs)?.flatten() {
        let age = old.metadata().and_then(|meta| meta.modified()).ok().and_then(|time| SystemTime::now().duration_since(time).ok());
        if age.is_some_and(|age| age > RUNS_KEPT_FOR) {
            let _ = fs::remove_dir_all(old.path());
        }
    }
    let run = runs.join(format!("{}-{}", std::process::id(), RUN.fetch_add(1, Ordering::Relaxed)));
    if run.exists() {
        fs::remove_dir_all(&run)?;
    }
    fs::create_dir_all(&run)?;
    Ok(run)
}
