//! One or more engine nodes on one database, with what belongs to them: the private PostgreSQL server and the balancer.

use anyhow::Result;

use super::{
    balancer::Balancer,
    driver::Driver,
    install::Progress,
    launch::RunningEngine,
    params::{Database, RigParams},
    postgres::Postgres,
};

/// How many nodes on what. `ClusterParams::on_postgres(1)` is what most tests want.
#[derive(Debug, Clone)]
pub struct ClusterParams {
    /// Every node is started with these; several nodes are named `node-1`, `node-2` and so on.
    pub engine: RigParams,
    /// Start a PostgreSQL server for this cluster alone; it replaces the database in `engine`.
    pub private_postgres: bool,
    pub nodes: u16,
}

impl ClusterParams {
    /// That many nodes on a private PostgreSQL server.
    pub fn on_postgres(nodes: u16) -> Self {
        Self { engine: RigParams::default(), private_postgres: true, nodes }
    }
}

/// Running nodes. Dropping it stops everything; the nodes go before their database.
#[derive(Debug)]
pub struct Cluster {
    /// In front of several nodes: gives each request to the next one.
    pub balancer: Option<Balancer>,
    pub nodes: Vec<RunningEngine>,
    pub postgres: Option<Postgres>,
}

impl Cluster {
    /// Starts the database, then the nodes one after the other: the first makes the tables. Must run inside a Tokio runtime.
    pub async fn start(params: ClusterParams, progress: Progress<'_>) -> Result<Self> {
        let mut engine = params.engine;
        let postgres = if params.private_postgres { Some(started(&engine, progress)?) } else { None };
        if let Some(postgres) = &postgres {
            engine.database = postgres.database();
        }
        let mut cluster = Self { balancer: None, nodes: Vec::new(), postgres };
        for number in 1..=params.nodes.max(1) {
            let mut node = engine.clone();
            if params.nodes > 1 {
                node.node = Some(format!("node-{number}"));
                node.port = engine.port.filter(|_| number == 1);
            }
            cluster.nodes.push(RunningEngine::start(node, progress).await?);
        }
        if cluster.nodes.len() > 1 {
            let path = engine.rest_path();
            cluster.balancer = Some(Balancer::start(cluster.nodes.iter().map(|node| node.url.trim_end_matches(&path).to_owned()).collect()).await?);
        }
        Ok(cluster)
    }

    /// The base of the REST API: the balancer's where there is one.
    pub fn url(&self) -> String {
        match &self.balancer {
            Some(balancer) => format!("{}{}", balancer.origin, self.nodes[0].params.rest_path()),
            None => self.nodes[0].url.clone(),
        }
    }

    /// Speaks to the cluster as its administrator, through the balancer where there is one.
    pub fn driver(&self) -> Result<Driver> {
        Driver::new(&self.url(), self.nodes[0].login())
    }

    /// A node that ended by itself.
    pub fn fallen(&mut self) -> Option<&RunningEngine> {
        let index = self.nodes.iter_mut().position(RunningEngine::has_ended)?;
        Some(&self.nodes[index])
    }
}

fn started(params: &RigParams, progress: Progress<'_>) -> Result<Postgres> {
    debug_assert!(params.database == Database::H2, "a private server replaces no other server");
    progress("starting PostgreSQL");
    Postgres::start(&params.home)
}
