//! The command line of `cargo run --example rig`.

use anyhow::{Result, ensure};
use clap::Parser;

use super::{
    cluster::ClusterParams,
    params::{Auth, Database, History, RigParams},
    product::{CAMUNDA_7_24, EngineKind},
};

/// Which database the rig brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DatabaseChoice {
    /// In the memory of the engine
    H2,
    /// A private PostgreSQL server that ends with the rig
    Postgresql,
}

/// Starts a real process engine on this machine, fills it with fixtures, and stops it on Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "rig")]
pub struct Arguments {
    /// Which engine: camunda-7.24.0, camunda-7.18.0, operaton-1.0.3
    #[arg(long, default_value_t = CAMUNDA_7_24)]
    pub engine: EngineKind,
    /// Whether the REST API asks for a login
    #[arg(long, value_enum, default_value = "basic")]
    pub auth: Auth,
    /// Check authorizations, and create a user of every kind of right
    #[arg(long)]
    pub authorizations: bool,
    /// The engine's history level
    #[arg(long, value_enum, default_value = "full")]
    pub history: History,
    /// Port to listen on (default: any free one)
    #[arg(long)]
    pub port: Option<u16>,
    /// Attempts per job where a process says nothing of its own
    #[arg(long, default_value_t = 1)]
    pub retries: u32,
    /// The engine's name; other than "default" it becomes part of the URL
    #[arg(long, default_value = "default")]
    pub engine_name: String,
    /// Which database to bring along
    #[arg(long, value_enum, default_value = "h2")]
    pub database: DatabaseChoice,
    /// Keep the state in a PostgreSQL database somebody else runs, jdbc:postgresql://127.0.0.1:5432/rig; two rigs may share it
    #[arg(long, conflicts_with = "database")]
    pub jdbc_url: Option<String>,
    #[arg(long, default_value = "postgres", requires = "jdbc_url")]
    pub database_user: String,
    #[arg(long, default_value = "", requires = "jdbc_url", hide_default_value = true)]
    pub database_password: String,
    /// The node's name in the job log
    #[arg(long)]
    pub node: Option<String>,
    /// Engines on the one database, with a balancer in front that gives each request to the next; needs PostgreSQL
    #[arg(long, default_value_t = 1, conflicts_with = "node", value_parser = clap::value_parser!(u16).range(1..=9))]
    pub nodes: u16,
    /// Instead of the fixtures' instances: that many open incidents in chains of three, 100002 for example; needs --database postgresql
    #[arg(long, conflicts_with_all = ["empty", "deploy_only"], value_parser = chained)]
    pub incidents: Option<u32>,
    /// Start one more campaign with that many letters, 1000 for example: an instance that calls that many others at once
    #[arg(long, conflicts_with_all = ["empty", "incidents"], value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub children: Option<u32>,
    /// Deploy nothing
    #[arg(long)]
    pub empty: bool,
    /// Deploy the fixtures, but start no instances
    #[arg(long)]
    pub deploy_only: bool,
    /// Keep the engine busy while it runs
    #[arg(long)]
    pub workload: bool,
    /// Run this command against the engine (after --) with BPMTOP_URL, BPMTOP_USER and BPMTOP_PASSWORD set, and stop when it ends
    #[arg(last = true)]
    pub exec: Vec<String>,
}

impl Arguments {
    /// What to start, or why these arguments do not go together.
    pub fn cluster(&self) -> Result<ClusterParams> {
        let private_postgres = self.database == DatabaseChoice::Postgresql;
        ensure!(self.nodes == 1 || private_postgres || self.jdbc_url.is_some(), "--nodes {} needs --database postgresql: engines cannot share H2", self.nodes);
        ensure!(self.incidents.is_none() || private_postgres, "--incidents needs --database postgresql: the clone is made with SQL");
        Ok(ClusterParams { engine: self.engine_params(), private_postgres, nodes: self.nodes })
    }

    fn engine_params(&self) -> RigParams {
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
            heap_megabytes: self.heap_megabytes(),
            ..RigParams::default()
        }
    }

    /// A list of every incident is one body of 64 MB, and the engine holds it more than once. All letters of a campaign are made in one transaction.
    fn heap_megabytes(&self) -> u32 {
        let usual = RigParams::default().heap_megabytes;
        let incidents = self.incidents.map_or(usual, |_| 1536);
        let children = self.children.map_or(usual, |letters| usual + letters / 4);
        incidents.max(children)
    }
}

/// A number of incidents in chains of three.
fn chained(text: &str) -> Result<u32> {
    let number: u32 = text.parse()?;
    ensure!(number > 0 && number.is_multiple_of(3), "incidents come in chains of three; write a multiple of 3");
    Ok(number)
}
