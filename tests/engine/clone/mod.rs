//! As many open incidents as one likes: a few failing chains started over REST, their rows multiplied with SQL.
//!
//! The engine sees no difference: cloned jobs can be retried, and their incidents close through all three levels.

pub mod causes;
pub mod landscape;

use std::{
    collections::HashMap,
    fmt,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use serde_json::json;

use super::{
    cluster::Cluster,
    driver::{Driver, id_of},
    install::Progress,
    postgres::run_script,
};
use landscape::{FAMILIES, VERSIONS, Variety, files};

const CHAINS_SQL: &str = include_str!("chains.sql");
const COPIES_SQL: &str = include_str!("copies.sql");

/// The longest burst in one millisecond.
pub const LARGEST_BURST: u32 = 5_000;

/// What a clone made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cloned {
    pub incidents: u64,
    pub roots: u64,
    /// Chains that were started over REST; their copies replaced them.
    pub templates: usize,
    pub starting: Duration,
    pub copying: Duration,
}

impl fmt::Display for Cloned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { incidents, roots, templates, starting, copying } = self;
        let (starting, copying) = (starting.as_secs_f32(), copying.as_secs_f32());
        write!(f, "{incidents} incidents ({roots} roots) from {templates} chains; started in {starting:.1} s, copied in {copying:.1} s")
    }
}

/// The part of the chains that fails in one millisecond: 15 %, at most `LARGEST_BURST`.
pub fn burst(chains: u32) -> u32 {
    (chains * 3 / 20).min(LARGEST_BURST)
}

impl Cluster {
    /// Makes `incidents` open incidents, a multiple of three, on a cluster with its own PostgreSQL and no incidents yet. Checks the totals.
    pub async fn clone_incidents(&self, incidents: u32, progress: Progress<'_>) -> Result<Cloned> {
        ensure!(incidents > 0 && incidents.is_multiple_of(3), "incidents come in chains of three");
        let postgres = self.postgres.as_ref().context("a clone needs the cluster's own PostgreSQL")?;
        let driver = self.driver()?;
        ensure!(driver.count("/incident/count").await? == 0, "the engine has incidents already");
        let chains = incidents / 3;
        let varieties = Variety::spread(usize::try_from(chains)?);
        let begin = Instant::now();
        progress(&format!("starting {} failing chains", varieties.len()));
        driver.deploy_landscape().await?;
        driver.start_templates(&varieties).await?;
        let starting = begin.elapsed();
        progress(&format!("copying them into {chains} chains"));
        let (psql, script) = (postgres.psql(), script(chains, &varieties));
        tokio::task::spawn_blocking(move || run_script(psql, &script)).await??;
        let copying = begin.elapsed().saturating_sub(starting);
        let roots = driver.check_clone(incidents).await?;
        Ok(Cloned { incidents: incidents.into(), roots, templates: varieties.len(), starting, copying })
    }
}

impl Driver {
    /// Deploys 40 definitions in 3 versions, the versions one after the other.
    async fn deploy_landscape(&self) -> Result<()> {
        self.create_tenants().await?;
        for version in 1..=VERSIONS {
            for family in &FAMILIES {
                self.deploy_together(&format!("{} {version}", family.tops[0]), files(family, version), family.tenant).await?;
            }
        }
        Ok(())
    }

    /// Starts one chain per variety, and waits until each has its three incidents.
    async fn start_templates(&self, varieties: &[Variety]) -> Result<()> {
        let definitions = self.list("/process-definition").await?;
        let ids: HashMap<(&str, u64), String> = definitions
            .iter()
            .map(|row| Ok(((row["key"].as_str().unwrap_or_default(), row["version"].as_u64().unwrap_or_default()), id_of(row)?)))
            .collect::<Result<_>>()?;
        for (group, chunk) in varieties.chunks(8).enumerate() {
            try_join_all(chunk.iter().enumerate().map(async |(index, variety)| {
                let definition = ids.get(&(variety.top, variety.version as u64)).with_context(|| format!("{} is not deployed", variety.top))?;
                let variables = json!({"ok": {"value": false}, "fault": {"value": format!("{}=unavailable", variety.activity())}});
                let body = json!({"businessKey": template_key(group * 8 + index + 1), "variables": variables});
                self.post(&format!("/process-definition/{definition}/start"), &body).await
            }))
            .await?;
        }
        let wished = 3 * varieties.len() as u64;
        self.await_count("/incident/count", Duration::from_secs(120), |count| count == wished).await.map(drop)
    }

    /// The totals as the engine counts them; gives the number of roots.
    async fn check_clone(&self, incidents: u32) -> Result<u64> {
        let seen = self.count("/incident/count").await?;
        ensure!(seen == u64::from(incidents), "the engine counts {seen} incidents instead of {incidents}");
        let mut roots = 0;
        for row in self.list("/process-definition/statistics?failedJobs=true&rootIncidents=true").await? {
            roots += row["incidents"].as_array().into_iter().flatten().filter_map(|kind| kind["incidentCount"].as_u64()).sum::<u64>();
        }
        ensure!(roots == u64::from(incidents / 3), "the engine counts {roots} root incidents instead of {}", incidents / 3);
        Ok(roots)
    }
}

fn template_key(number: usize) -> String {
    format!("template-{number}")
}

/// Everything in one transaction: a clone is whole or not there.
pub fn script(chains: u32, varieties: &[Variety]) -> String {
    let settings = format!("create temp table setting as select {chains} as chains, {} as burst, {} as templates;\n", burst(chains), varieties.len());
    let mut templates = String::from("create temp table template (number int, business_key text, slot int);\n");
    for (index, variety) in varieties.iter().enumerate() {
        let number = index + 1;
        templates.push_str(&format!("insert into template values ({number}, {}, {});\n", causes::quoted(&template_key(number)), variety.slot));
    }
    let causes = causes::table();
    // the rows refer to each other across tables, and every reference is copied: the checks can rest
    let begin = "begin;\nset local session_replication_role = replica;\n";
    format!("{begin}{settings}{templates}{causes}{CHAINS_SQL}{COPIES_SQL}commit;\nanalyze;\n")
}
