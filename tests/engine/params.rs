//! How an engine is to be started, and the Spring properties that follow from it.

use std::path::{Path, PathBuf};

use super::{
    driver::Login,
    install::default_home,
    product::{CAMUNDA_7_24, EngineKind},
};

/// Whether the REST API asks for a name and a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Auth {
    None,
    Basic,
}

/// The engine's history level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum History {
    Full,
    Audit,
    None,
}

impl History {
    fn word(self) -> &'static str {
        match self {
            History::Full => "full",
            History::Audit => "audit",
            History::None => "none",
        }
    }
}

/// Where the engine keeps its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// In the memory of the engine's own process; gone when it ends.
    H2,
    /// A PostgreSQL server somebody else started; two engines may share it.
    PostgreSql { jdbc_url: String, user: String, password: String },
}

/// Everything about a start. `RigParams::default()` is what most tests want.
#[derive(Debug, Clone)]
pub struct RigParams {
    pub engine: EngineKind,
    pub database: Database,
    pub auth: Auth,
    pub authorizations: bool,
    pub history: History,
    /// "default" unless a test is about engine names.
    pub engine_name: String,
    /// The name the node writes into the job log; give each of two nodes on one database its own.
    pub node: Option<String>,
    pub admin: Login,
    /// None: any free port.
    pub port: Option<u16>,
    /// Attempts per job where a process says nothing of its own.
    pub retries: u32,
    /// Off: jobs lie until somebody executes them.
    pub job_executor: bool,
    pub heap_megabytes: u32,
    /// Answers of more than 2 kB are compressed for clients that offer it.
    pub compression: bool,
    /// The cache of engines and the logs of runs.
    pub home: PathBuf,
}

impl Default for RigParams {
    fn default() -> Self {
        Self {
            engine: CAMUNDA_7_24,
            database: Database::H2,
            auth: Auth::Basic,
            authorizations: false,
            history: History::Full,
            engine_name: "default".into(),
            node: None,
            admin: Login { user: "demo".into(), password: "demo".into() },
            port: None,
            retries: 1,
            job_executor: true,
            heap_megabytes: 512,
            compression: false,
            home: default_home(),
        }
    }
}

impl RigParams {
    /// The path of the REST API on the engine's server.
    pub fn rest_path(&self) -> String {
        match self.engine_name.as_str() {
            "default" => "/engine-rest".into(),
            name => format!("/engine-rest/engine/{name}"),
        }
    }

    /// The content of the engine's `application.properties`.
    pub fn properties(&self, port_file: &Path) -> String {
        let mut lines = vec![
            format!("server.port={}", self.port.unwrap_or(0)),
            "server.address=127.0.0.1".into(),
            "spring.main.banner-mode=off".into(),
            "spring.jmx.enabled=false".into(),
            format!("server.compression.enabled={}", self.compression),
            format!("rig.port-file={}", escaped(&port_file.to_string_lossy())),
            format!("rig.auth={}", if self.auth == Auth::Basic { "basic" } else { "none" }),
        ];
        // failing jobs are what the rig is for; their stack traces in the log would fill the disk
        let loggers = format!("logging.level.{}.engine", self.engine.java_package());
        lines.extend([format!("{loggers}.jobexecutor=ERROR"), format!("{loggers}.context=OFF")]);
        lines.extend(self.database_properties());
        let prefix = self.engine.property_prefix();
        lines.extend(self.engine_properties().into_iter().map(|(name, value)| format!("{prefix}.{name}={}", escaped(&value))));
        lines.join("\n") + "\n"
    }

    fn database_properties(&self) -> Vec<String> {
        let (url, user, password) = match &self.database {
            Database::H2 => ("jdbc:h2:mem:rig;DB_CLOSE_DELAY=-1", "sa", ""),
            Database::PostgreSql { jdbc_url, user, password } => (jdbc_url.as_str(), user.as_str(), password.as_str()),
        };
        [("url", url), ("username", user), ("password", password)].map(|(name, value)| format!("spring.datasource.{name}={}", escaped(value))).to_vec()
    }

    fn engine_properties(&self) -> Vec<(&'static str, String)> {
        let mut properties = vec![
            ("process-engine-name", self.engine_name.clone()),
            ("admin-user.id", self.admin.user.clone()),
            ("admin-user.password", self.admin.password.clone()),
            ("history-level", self.history.word().into()),
            ("authorization.enabled", self.authorizations.to_string()),
            ("auto-deployment-enabled", "false".into()),
            ("default-number-of-retries", self.retries.to_string()),
            ("job-execution.enabled", self.job_executor.to_string()),
            ("job-execution.wait-time-in-millis", "200".into()),
            ("job-execution.max-wait", "1000".into()),
            // by default the engine takes no user whose id has a hyphen
            ("generic-properties.properties.user-resource-whitelist-pattern", "[a-zA-Z0-9-]+".into()),
        ];
        if let Some(node) = &self.node {
            properties.push(("generic-properties.properties.hostname", node.clone()));
        }
        properties
    }
}

/// A value as a Java properties file wants it: backslashes doubled, everything beyond ASCII by number.
fn escaped(value: &str) -> String {
    let mut text = String::new();
    for unit in value.encode_utf16() {
        match u8::try_from(unit) {
            Ok(b'\\') => text.push_str("\\\\"),
            Ok(byte @ b' '..=b'~') => text.push(byte.into()),
            _ => text.push_str(&format!("\\u{unit:04x}")),
        }
    }
    text
}
