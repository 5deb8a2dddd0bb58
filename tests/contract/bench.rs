//! What a contract test holds in its hands: an engine's address, a login, a REST driver, the product's client, and names of its own.
//!
//! Nothing here knows how the engine was started, so that the same tests run on any engine, a simulated one included.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use bpmtop::engine::catalogue::{Since, endpoint};
use bpmtop::engine::{Client, ClientOptions, EngineVersion, Login, RequestName};
use bpmtop::model::ids::{JobId, ProcessDefinitionId, ProcessInstanceId};
use reqwest::Url;
use serde_json::{Value, json};

use super::diagrams::{self, Step};
use super::engine::driver::{self, Driver, Refused};
use super::ledger::Ledger;
use super::wire::Wire;

/// How long anything an engine does by itself may take.
pub const SOON: Duration = Duration::from_secs(30);

/// One engine under test.
#[derive(Debug)]
pub struct Target {
    pub url: String,
    pub admin: Option<driver::Login>,
    pub driver: Driver,
    pub client: Client,
    pub version: EngineVersion,
    pub ledger: Arc<Ledger>,
    /// Keeps names of one run apart from those of earlier runs on the same engine.
    run: String,
    _wire: Wire,
}

impl Target {
    /// Gets to know the engine at this address.
    pub async fn meet(url: String, admin: Option<driver::Login>, ledger: Arc<Ledger>) -> Result<Self> {
        let driver = Driver::new(&url, admin.clone())?;
        let wire = Wire::to(&url, Arc::clone(&ledger)).await?;
        let client = Client::new(ClientOptions { login: login(admin.as_ref()), ..ClientOptions::new(wire.url()) })?;
        let version = client.identify().await?.data;
        let run = format!("{:x}", jiff::Timestamp::now().as_millisecond() & 0xfff_ffff);
        Ok(Self { url, admin, driver, client, version, ledger, run, _wire: wire })
    }
}

fn login(login: Option<&driver::Login>) -> Login {
    match login {
        Some(login) => Login::Basic { user: login.user.clone(), password: login.password.clone().into() },
        None => Login::None,
    }
}

/// A deployed process.
#[derive(Debug, Clone)]
pub struct Deployed {
    pub key: String,
    pub id: ProcessDefinitionId,
}

/// One test's place at an engine.
#[derive(Debug, Clone)]
pub struct Bench {
    target: Arc<Target>,
    number: usize,
}

impl Bench {
    pub fn new(target: Arc<Target>, number: usize) -> Self {
        Self { target, number }
    }

    /// Removes a batch with its incidents. Its own jobs may be at work at that moment, and the engine then refuses.
    pub async fn drop_batch(&self, batch: &str) -> Result<()> {
        let path = format!("/batch/{batch}?cascade=true");
        for _ in 0..20 {
            match self.driver().delete(&path).await {
                Err(error) if format!("{error:#}").contains("OptimisticLocking") => tokio::time::sleep(Duration::from_millis(250)).await,
                other => return other.map(drop),
            }
        }
        self.driver().delete(&path).await.map(drop)
    }

    pub fn driver(&self) -> &Driver {
        &self.target.driver
    }

    /// The product's client, logged in as administrator. Its requests are noted in the ledger.
    pub fn client(&self) -> &Client {
        &self.target.client
    }

    pub fn target(&self) -> &Target {
        &self.target
    }

    pub fn has(&self, since: Since) -> bool {
        self.target.version.has(since)
    }

    /// A name that no other test and no other run uses.
    pub fn name(&self, word: &str) -> String {
        format!("c{}-{}-{word}", self.target.run, self.number)
    }

    /// Somebody who may log in with [`Bench::password`]. The engine takes no hyphen in the id of a user.
    pub async fn user(&self, word: &str) -> Result<String> {
        let name = self.name(word).replace('-', "x");
        self.driver().create_user(&name, self.password()).await?;
        Ok(name)
    }

    pub fn password(&self) -> &'static str {
        "right"
    }

    /// A wire of the test's own.
    pub async fn wire(&self) -> Result<Wire> {
        Wire::to(&self.target.url, Arc::clone(&self.target.ledger)).await
    }

    /// Options of a client of the test's own, logged in as administrator.
    pub fn options(&self, base: Url) -> ClientOptions {
        ClientOptions { login: login(self.target.admin.as_ref()), ..ClientOptions::new(base) }
    }

    /// A client of somebody else's, over the given wire.
    pub fn client_of(&self, user: &str, password: &str, wire: &Wire) -> Result<Client> {
        let login = Login::Basic { user: user.to_owned(), password: password.to_owned().into() };
        let client = Client::new(ClientOptions { login, ..ClientOptions::new(wire.url()) })?;
        client.assume_version(self.target.version.clone());
        Ok(client)
    }

    /// The server's address with another path.
    pub fn elsewhere(&self, path: &str) -> Result<Url> {
        let mut url = Url::parse(&self.target.url)?;
        url.set_path(path);
        Ok(url)
    }

    pub async fn deploy(&self, word: &str, steps: impl IntoIterator<Item = Step>) -> Result<Deployed> {
        let key = self.name(word);
        self.deploy_xml(&key, &diagrams::process(&key, steps), None).await
    }

    pub async fn deploy_xml(&self, key: &str, xml: &str, tenant: Option<&str>) -> Result<Deployed> {
        let deployment = self.driver().deploy_xml(&format!("{key}.bpmn"), xml, tenant).await?;
        let rows = self.driver().list(&format!("/process-definition?deploymentId={deployment}")).await?;
        let id = rows.first().and_then(|row| row["id"].as_str()).context("the deployment holds no process")?;
        Ok(Deployed { key: key.to_owned(), id: id.into() })
    }

    /// Starts an instance whose work fails.
    pub async fn start_failing(&self, process: &Deployed) -> Result<ProcessInstanceId> {
        let id = self.driver().start(&process.key, &self.name("business"), &json!({"ok": false})).await?;
        Ok(ProcessInstanceId::from(id.as_str()))
    }

    /// A process with `number` instances, each with one incident; waits for all of them.
    pub async fn failed(&self, word: &str, number: u64) -> Result<Deployed> {
        let process = self.deploy(word, [diagrams::work()]).await?;
        for _ in 0..number {
            self.start_failing(&process).await?;
        }
        self.driver().await_count(&format!("/incident/count?processDefinitionId={}", process.id.as_wire()), SOON, |count| count == number).await?;
        Ok(process)
    }

    /// The only job of a process.
    pub async fn job_of(&self, process: &Deployed) -> Result<JobId> {
        let jobs = self.driver().job_ids(&format!("processDefinitionId={}", process.id.as_wire())).await?;
        ensure!(jobs.len() == 1, "{} has {} jobs", process.key, jobs.len());
        Ok(JobId::from(jobs[0].as_str()))
    }

    /// Proves on the engine that a parameter filters: with it the row gives `leaves`, without it something else.
    pub async fn filters(&self, row: RequestName, base: &str, parameter: &'static str, value: &str, leaves: u64) -> Result<()> {
        let known = endpoint(row).parameter(parameter).with_context(|| format!("{row:?} names no {parameter}"))?;
        let with = format!("{base}&{}", query(&[(parameter, value)])?);
        let (without, with) = (self.figure(row, base).await?, self.figure(row, &with).await?);
        if !self.has(known.since) {
            ensure!(with == without, "{row:?} is said to ignore {parameter} before {}, but {without} became {with}", known.since);
            return Ok(());
        }
        ensure!(with == leaves, "{row:?} with {base} and {parameter}={value} gives {with}, not {leaves}");
        ensure!(without != with, "{row:?} gives {without} with and without {parameter}={value}: it proves nothing");
        self.prove(row, parameter);
        Ok(())
    }

    pub fn prove(&self, row: RequestName, parameter: &'static str) {
        assert!(endpoint(row).parameter(parameter).is_some(), "{row:?} names no {parameter}");
        self.target.ledger.prove(row, parameter);
    }

    /// The count, or the length of the list.
    async fn figure(&self, row: RequestName, query: &str) -> Result<u64> {
        let path = format!("{}?{}", endpoint(row).path, query.trim_start_matches('&'));
        if path.contains("/count?") { self.driver().count(&path).await } else { Ok(self.driver().list(&path).await?.len() as u64) }
    }
}

/// A query, encoded.
pub fn query(pairs: &[(&str, &str)]) -> Result<String> {
    Ok(Url::parse_with_params("http://x/", pairs)?.query().unwrap_or_default().to_owned())
}

/// A moment as the engine reads it, in a query value that is not encoded yet.
pub fn date(moment: jiff::Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

/// Asks until there is an answer.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if begin.elapsed() > SOON {
            bail!("not within {} s: {what}", SOON.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Status and body of a request the engine refuses.
pub fn refusal(answer: Result<Value>) -> Result<(u16, String)> {
    match answer {
        Ok(answer) => bail!("the engine did not refuse: {answer}"),
        Err(error) => {
            let refused = error.downcast::<Refused>()?;
            Ok((refused.status.as_u16(), refused.body))
        }
    }
}
