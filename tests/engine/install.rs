//! The cache of engines under `target/engine-rig/`: artifacts fetched once, the Java program compiled once.
//!
//! Each result is made in a directory aside and renamed into place under a file lock, so a directory that exists is complete.

use std::{
    collections::hash_map::DefaultHasher,
    fs::{self, File},
    hash::{Hash, Hasher},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::{
    product::EngineKind,
    toolchain::{OLDEST_JAVA, Tool},
};

/// What happens while an engine is prepared and started, for whoever wants to show it.
pub type Progress<'a> = &'a (dyn Fn(&str) + Send + Sync);

const JAVA_SOURCES: [(&str, &str); 5] = [
    ("RigApplication.java", include_str!("java/RigApplication.java")),
    ("OutsideSystem.java", include_str!("java/OutsideSystem.java")),
    ("Faults.java", include_str!("java/Faults.java")),
    ("HostileText.java", include_str!("java/HostileText.java")),
    ("HugeStacktrace.java", include_str!("java/HugeStacktrace.java")),
];

/// An engine ready to be started.
#[derive(Debug, Clone)]
pub struct Installation {
    pub libraries: PathBuf,
    pub classes: PathBuf,
}

/// Where the rig keeps engines and the files of its runs.
pub fn default_home() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"), PathBuf::from);
    target.join("engine-rig")
}

/// Makes sure the engine is in the cache. Blocks; the first time it fetches about 60 MB.
pub fn install(engine: EngineKind, home: &Path, progress: Progress<'_>) -> Result<Installation> {
    let home = std::path::absolute(home)?.join(engine.to_string());
    fs::create_dir_all(&home).with_context(|| format!("cannot create {}", home.display()))?;
    let lock = File::create(home.join("lock"))?;
    if lock.try_lock().is_err() {
        progress("waiting for another rig that prepares the same engine");
        lock.lock()?;
    }
    let pom = engine.pom();
    let libraries = home.join(format!("lib-{}", fingerprint(&pom)));
    if !libraries.is_dir() {
        fetch(engine, &pom, &libraries, progress)?;
    }
    let sources = java_sources(engine);
    let classes = home.join(format!("classes-{}", fingerprint(&(&sources, &pom))));
    if !classes.is_dir() {
        compile(&sources, &libraries, &classes)?;
    }
    Ok(Installation { libraries, classes })
}

fn fingerprint(content: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// The rig's Java sources in the words of this engine.
pub fn java_sources(engine: EngineKind) -> Vec<(&'static str, String)> {
    JAVA_SOURCES.iter().map(|(name, source)| (*name, source.replace("org.camunda.bpm", engine.java_package()))).collect()
}

/// An empty directory beside `place`, whatever an interrupted run left there.
fn aside(place: &Path) -> Result<PathBuf> {
    let aside = place.with_extension("half");
    if aside.exists() {
        fs::remove_dir_all(&aside)?;
    }
    fs::create_dir_all(&aside)?;
    Ok(aside)
}

fn fetch(engine: EngineKind, pom: &str, libraries: &Path, progress: Progress<'_>) -> Result<()> {
    Tool::Javac.command()?;
    let mut maven = Tool::Maven.command()?;
    let work = aside(libraries)?;
    let (pom_file, log_file, jars) = (work.join("pom.xml"), work.join("maven.log"), work.join("jars"));
    fs::write(&pom_file, pom)?;
    progress(&format!("fetching {engine} with Maven (once, about 60 MB)"));
    let mut child = maven
        .args(["--batch-mode", "--file"])
        .arg(&pom_file)
        .args(["dependency:copy-dependencies", "-DincludeScope=runtime"])
        .arg(format!("-DoutputDirectory={}", jars.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("Maven cannot be started")?;
    let mut log = File::create(&log_file)?;
    let mut meter = FetchMeter::new(progress);
    for line in BufReader::new(child.stdout.take().expect("stdout is piped")).lines() {
        let line = line?;
        writeln!(log, "{line}")?;
        meter.read(&line);
    }
    if !child.wait()?.success() {
        bail!("Maven could not fetch {engine}; the end of {}:\n{}", log_file.display(), tail(&log_file, 15));
    }
    progress(&format!("{} libraries in place", meter.copied));
    fs::rename(&jars, libraries)?;
    fs::remove_dir_all(&work)?;
    Ok(())
}

/// Turns Maven's output into a line of progress every two seconds.
struct FetchMeter<'a> {
    progress: Progress<'a>,
    downloaded: usize,
    copied: usize,
    last: Instant,
}

impl<'a> FetchMeter<'a> {
    fn new(progress: Progress<'a>) -> Self {
        Self { progress, downloaded: 0, copied: 0, last: Instant::now() }
    }

    fn read(&mut self, line: &str) {
        self.downloaded += usize::from(line.contains("Downloaded from"));
        self.copied += usize::from(line.contains("Copying "));
        if self.last.elapsed() >= Duration::from_secs(2) {
            self.last = Instant::now();
            (self.progress)(&format!("{} files downloaded", self.downloaded));
        }
    }
}

fn compile(sources: &[(&'static str, String)], libraries: &Path, classes: &Path) -> Result<()> {
    let work = aside(classes)?;
    let output = work.join("out");
    let mut javac = Tool::Javac.command()?;
    javac.args(["--release", &OLDEST_JAVA.to_string(), "-encoding", "UTF-8", "-proc:none", "-parameters", "-cp"]);
    javac.arg(libraries.join("*")).arg("-d").arg(&output);
    for (name, source) in sources {
        let file = work.join(name);
        fs::write(&file, source)?;
        javac.arg(file);
    }
    let result = javac.stdin(Stdio::null()).output().context("javac cannot be started")?;
    if !result.status.success() {
        bail!("javac failed:\n{}", String::from_utf8_lossy(&result.stderr));
    }
    fs::rename(&output, classes)?;
    fs::remove_dir_all(&work)?;
    Ok(())
}

/// The last lines of a file, for error messages.
pub fn tail(file: &Path, lines: usize) -> String {
    let text = fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
