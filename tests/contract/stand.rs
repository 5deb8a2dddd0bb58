//! Where the engines come from: started by the rig, or running already. Each is started once, when the first test asks for it.

use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use bpmtop::engine::EngineVersion;
use tokio::sync::{OnceCell, RwLock};

use super::bench::Target;
use super::engine::driver::Login;
use super::engine::launch::RunningEngine;
use super::engine::params::RigParams;
use super::engine::product::{ENGINES, EngineKind};
use super::ledger::Ledger;
use super::table::On;

/// Which engine to run the tests on.
#[derive(Debug, Clone)]
pub enum Choice {
    /// Started by the rig.
    Rig(EngineKind),
    /// Running already.
    Running { url: String, guarded_url: Option<String>, admin: Option<Login> },
}

impl Choice {
    /// What the environment asks for; nothing by default.
    pub fn from_environment() -> Result<Vec<Self>> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let mut choices = Vec::new();
        if let Some(names) = set("BPMTOP_CONTRACT_ENGINES") {
            let names = if names.trim() == "all" { ENGINES.map(|engine| engine.to_string()).join(",") } else { names };
            for name in names.split(',') {
                choices.push(Self::Rig(name.trim().parse().context("BPMTOP_CONTRACT_ENGINES")?));
            }
        }
        if let Some(url) = set("BPMTOP_CONTRACT_URL") {
            let user = std::env::var("BPMTOP_CONTRACT_USER").unwrap_or_else(|_| "demo".into());
            let password = std::env::var("BPMTOP_CONTRACT_PASSWORD").unwrap_or_else(|_| "demo".into());
            let admin = (!user.is_empty()).then(|| Login::new(&user, &password));
            choices.push(Self::Running { url, guarded_url: set("BPMTOP_CONTRACT_GUARDED_URL"), admin });
        }
        Ok(choices)
    }
}

type Met = std::result::Result<Arc<Target>, String>;

/// One engine, plain and guarded, for as long as its tests run.
#[derive(Debug)]
pub struct Stand {
    choice: Choice,
    plain: OnceCell<Met>,
    guarded: OnceCell<Met>,
    started: Mutex<Vec<RunningEngine>>,
    ledger: Arc<Ledger>,
    rooms: [RwLock<()>; 2],
}

impl Stand {
    pub fn new(choice: Choice) -> Self {
        Self {
            choice,
            plain: OnceCell::new(),
            guarded: OnceCell::new(),
            started: Mutex::default(),
            ledger: Arc::default(),
            rooms: [RwLock::new(()), RwLock::new(())],
        }
    }

    pub fn name(&self) -> String {
        match &self.choice {
            Choice::Rig(engine) => engine.to_string(),
            Choice::Running { url, .. } => url.clone(),
        }
    }

    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Lets many tests in at a time, or one alone.
    pub fn room(&self, on: On) -> &RwLock<()> {
        &self.rooms[usize::from(on == On::Guarded)]
    }

    /// Whether there is such an engine here.
    pub fn offers(&self, on: On) -> bool {
        match &self.choice {
            Choice::Rig(_) => true,
            Choice::Running { guarded_url, .. } => on == On::Plain || guarded_url.is_some(),
        }
    }

    /// The version of the engine, if it could be met.
    pub fn version(&self) -> Option<EngineVersion> {
        self.plain.get().and_then(|met| met.as_ref().ok()).map(|target| target.version.clone())
    }

    /// The engine; an engine that cannot start fails every test that asks for it.
    pub async fn target(&self, on: On) -> Met {
        let cell = if on == On::Plain { &self.plain } else { &self.guarded };
        cell.get_or_init(async || self.meet(on).await.map(Arc::new).map_err(|error| format!("{error:#}"))).await.clone()
    }

    async fn meet(&self, on: On) -> Result<Target> {
        match &self.choice {
            Choice::Running { url, guarded_url, admin } => {
                let url = if on == On::Plain { Some(url) } else { guarded_url.as_ref() };
                Target::meet(url.context("no such engine is named")?.clone(), admin.clone(), Arc::clone(&self.ledger)).await
            }
            Choice::Rig(engine) => {
                let guarded = on == On::Guarded;
                let params = RigParams { engine: *engine, authorizations: guarded, compression: guarded, ..RigParams::default() };
                let running = RunningEngine::start(params, &|line| eprintln!("rig: {line}")).await?;
                let target = Target::meet(running.url.clone(), running.login(), Arc::clone(&self.ledger)).await;
                self.started.lock().expect("unpoisoned").push(running);
                target
            }
        }
    }

    /// Stops what was started here.
    pub async fn leave(&self) {
        self.started.lock().expect("unpoisoned").clear();
    }
}
