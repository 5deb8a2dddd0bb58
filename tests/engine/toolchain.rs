//! Finding java, javac and Maven on this machine, and saying what to install when they are missing or too old.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Result, bail};

/// The oldest Java every engine of the rig runs on.
pub const OLDEST_JAVA: u32 = 17;

/// A program the rig calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    Java,
    Javac,
    Maven,
}

impl Tool {
    fn program(self) -> &'static str {
        match self {
            Tool::Java => "java",
            Tool::Javac => "javac",
            Tool::Maven => "mvn",
        }
    }

    /// What to tell a person whose machine lacks this program.
    pub fn missing(self) -> String {
        let (package, purpose) = match self {
            Tool::Java => ("openjdk-17-jdk-headless", "to run the engine"),
            Tool::Javac => ("openjdk-17-jdk-headless", "to compile the engine's starter (a JRE alone is not enough)"),
            Tool::Maven => ("maven", "to fetch the engine's artifacts"),
        };
        format!("'{}' was not found; it is needed {purpose}. On Debian or Ubuntu: apt-get install {package}", self.program())
    }

    /// The program's path: under JAVA_HOME for Java's own, else left to the search path.
    fn path(self) -> PathBuf {
        let home = std::env::var_os("JAVA_HOME").filter(|_| self != Tool::Maven);
        let in_home = home.map(|home| PathBuf::from(home).join("bin").join(self.program())).filter(|path| path.is_file());
        in_home.unwrap_or_else(|| self.program().into())
    }

    /// A command that starts the program, or the words about what to install.
    pub fn command(self) -> Result<Command> {
        let path = self.path();
        match Command::new(&path).arg("-version").stdin(Stdio::null()).output() {
            Ok(output) if self == Tool::Java => check_age(&String::from_utf8_lossy(&output.stderr))?,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!(self.missing()),
            Err(error) => bail!("'{}' cannot be started: {error}", path.display()),
        }
        Ok(Command::new(path))
    }
}

fn check_age(version_output: &str) -> Result<()> {
    match major_version(version_output) {
        Some(major) if major < OLDEST_JAVA => {
            bail!("java is version {major}, but the engine needs {OLDEST_JAVA} or newer. On Debian or Ubuntu: apt-get install openjdk-17-jdk-headless")
        }
        _ => Ok(()),
    }
}

/// The major version in what `java -version` prints: `openjdk version "17.0.15" …` is 17, `"1.8.0_402"` is 8.
pub fn major_version(version_output: &str) -> Option<u32> {
    let quoted = version_output.split('"').nth(1)?;
    let mut numbers = quoted.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    match numbers.next()?.ok()? {
        1 => numbers.next()?.ok(),
        major => Some(major),
    }
}

/// The directory that holds `initdb`, `postgres` and `psql`: where `pg_config` says, else the newest of the system's.
pub fn postgresql_binaries() -> Result<PathBuf> {
    let said = Command::new("pg_config").arg("--bindir").stdin(Stdio::null()).output();
    let said = said.ok().filter(|output| output.status.success()).map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().filter_map(versioned).collect();
    versions.sort();
    // the client's package alone brings a pg_config that names a directory without a server
    complete_postgresql(said.into_iter().chain(versions.into_iter().rev().map(|(_, directory)| directory)))
}

fn versioned(entry: std::fs::DirEntry) -> Option<(u32, PathBuf)> {
    Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
}

/// The first directory that has a whole PostgreSQL, or the words about what to install.
pub fn complete_postgresql(mut candidates: impl Iterator<Item = PathBuf>) -> Result<PathBuf> {
    match candidates.find(|directory| ["initdb", "postgres", "psql"].iter().all(|program| directory.join(program).is_file())) {
        Some(directory) => Ok(directory),
        None => bail!(
            "PostgreSQL was not found ('initdb', 'postgres' and 'psql'); it is needed for --database postgresql. On Debian or Ubuntu: apt-get install postgresql"
        ),
    }
}
