//! A small engine in memory that obeys changes, keeps its logs, and lies where it is told to. It knows nothing of the product.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::scripted::{Asked, Manner, Reply, ScriptedEngine};

/// What becomes of a job that is given attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Succeeds,
    FailsAgain,
    Stays,
}

/// What happens to one change, by its number, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// It is made, and the connection breaks before the answer.
    MadeAndLost,
    /// It is not made, and a proxy answers.
    ProxyPage,
    /// The engine refuses it.
    Refused,
    /// The login is refused from now on.
    LoginRefused,
    /// The login is refused for so many milliseconds: somebody has typed a wrong password.
    LoginDelayed(u64),
    /// A gateway takes no more requests for a second.
    TooMany,
    /// The answer takes so many milliseconds.
    Slow(u64),
}

/// What answers in the place of an engine that is being replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// A proxy, with a page and this status.
    Page(u16),
    /// Nobody: the connection is closed.
    Closed,
    /// A REST API that has no such engine, or none yet.
    NoSuchEngine,
    /// The engine itself, which fails at telling its installation and answers whatever else it is asked.
    Trouble,
}

#[derive(Clone, Debug)]
pub struct Job {
    pub retries: i64,
    pub fate: Fate,
    pub incident: Option<(String, Timestamp)>,
}

/// Somebody who sees each change before it is answered.
pub type Witness = Box<dyn Fn(&str) + Send>;

#[derive(Default)]
pub struct World {
    pub jobs: BTreeMap<String, Job>,
    pub log: Vec<Value>,
    pub operations: Vec<Value>,
    /// The path of every change that arrived, in order.
    pub changes: Vec<String>,
    pub lies: HashMap<usize, Lie>,
    pub refused: bool,
    /// The login is refused until then.
    pub refused_until: Option<std::time::Instant>,
    /// The log of operations may not be read.
    pub no_operations: bool,
    pub reads: usize,
    pub witness: Option<Witness>,
    /// How many milliseconds a look into the log of operations takes.
    pub slow_log: u64,
    /// Jobs whose operations somebody writes a note on at once.
    pub annotated: Vec<String>,
    /// The operations on which a reason was written.
    pub explained: Vec<String>,
    /// What the engine calls its installation; it does not tell without.
    pub installation: Option<String>,
    /// It tells another version.
    pub version: Option<&'static str>,
    /// Process definitions that it has.
    pub definitions: Vec<String>,
    /// The reads that tell which engine it is.
    pub asked_who: usize,
    /// Once so many changes arrived, another engine with this installation answers.
    pub swaps_after: Option<(usize, String)>,
    /// What answers instead, and how often it is asked who it is until the engine answers again.
    pub away: Option<(Away, usize)>,
    /// From this change on it is away.
    pub away_from: usize,
}

pub struct Plant {
    pub server: ScriptedEngine,
    world: Arc<Mutex<World>>,
}

pub fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

/// The name of a job.
pub fn job(number: usize) -> String {
    format!("job-{number:05}")
}

impl World {
    /// So many failed jobs of one fate.
    pub fn with_jobs(number: usize, fate: Fate) -> Self {
        let created = Timestamp::now();
        let jobs = (0..number).map(|at| (job(at), Job { retries: 0, fate, incident: Some((format!("incident-{at:05}"), created)) }));
        Self { jobs: jobs.collect(), ..Self::default() }
    }

    fn is_delayed(&self) -> bool {
        self.refused_until.is_some_and(|until| std::time::Instant::now() < until)
    }

    fn give_attempts(&mut self, id: &str, retries: i64) {
        let now = Timestamp::now();
        self.operations.push(json!({
            "id": format!("o{}", self.operations.len()), "operationId": format!("op{}", self.operations.len()), "operationType": "SetJobRetries",
            "entityType": "Job", "property": "retries", "userId": "demo", "timestamp": date(now), "jobId": id, "processInstanceId": instance(id),
            "category": "Operator", "annotation": self.annotated.iter().any(|job| job == id).then_some("written by somebody"),
        }));
        let Some(job) = self.jobs.get_mut(id) else { return };
        (job.retries, job.incident) = (retries, None);
        match job.fate {
            Fate::Succeeds => {
                self.jobs.remove(id);
                self.log.push(log_row(id, "successLog", now));
            }
            Fate::FailsAgain => {
                job.retries = 0;
                job.incident = Some((format!("new-{id}"), now));
                self.log.push(log_row(id, "failureLog", now));
            }
            Fate::Stays => {}
        }
    }
}

impl Plant {
    pub async fn start(world: World) -> Self {
        let world = Arc::new(Mutex::new(world));
        let shared = Arc::clone(&world);
        let server = ScriptedEngine::start(move |asked| answer(&mut shared.lock().expect("unpoisoned"), asked)).await;
        Self { server, world }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("unpoisoned")
    }

    /// How many changes arrived.
    pub fn changes(&self) -> usize {
        self.world().changes.len()
    }

    /// Fails if any change arrived more than once.
    pub fn assert_nothing_was_sent_twice(&self) {
        let changes = self.world().changes.clone();
        let mut once = changes.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), changes.len(), "{changes:?}");
    }
}

fn instance(job: &str) -> String {
    job.replace("job", "instance")
}

fn execution(job: &str) -> String {
    job.replace("job", "execution")
}

fn log_row(id: &str, event: &str, at: Timestamp) -> Value {
    let mut row = json!({
        "id": format!("{id}-{event}-{}", at.as_millisecond()), "timestamp": date(at), "jobId": id, "jobRetries": 1, "executionId": execution(id),
        "processInstanceId": instance(id), "jobExceptionMessage": "Card service answered 503", "jobDefinitionId": "jd",
        "creationLog": false, "failureLog": false, "successLog": false, "deletionLog": false,
    });
    row[event] = true.into();
    row
}

fn answer(world: &mut World, asked: &Asked) -> Reply {
    let path = asked.path().trim_start_matches("/engine-rest").to_owned();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (asked.method.as_str(), &parts[..]) {
        ("PUT", ["job", id, "retries"]) => change(world, id, &asked.body),
        ("PUT", ["history", "user-operation", operation, "set-annotation"]) => {
            world.explained.push((*operation).to_owned());
            Reply::status(204)
        }
        _ if world.refused || world.is_delayed() => Reply::status(401),
        ("GET", ["telemetry", "data"]) if let Some(away) = away(world) => {
            world.asked_who += 1;
            world.away = world.away.map(|(away, times)| (away, times - 1)).filter(|(_, times)| *times > 0);
            instead(away)
        }
        _ if away(world).is_some_and(|away| away != Away::Trouble) => instead(world.away.expect("away").0),
        ("GET", ["history", "user-operation"]) if world.slow_log > 0 => {
            read(world, asked, &parts).travelling(Manner::Late(std::time::Duration::from_millis(world.slow_log)))
        }
        ("GET", ["telemetry", "data"]) => {
            world.asked_who += 1;
            let product = json!({"name": "Camunda BPM Runtime", "version": "7.24.0"});
            match &world.installation {
                Some(id) => Reply::json(json!({"installation": id, "product": product}).to_string()),
                None => Reply::json(r#"{"type":"AuthorizationException","message":"no"}"#).with_status(403),
            }
        }
        _ => {
            world.reads += 1;
            read(world, asked, &parts)
        }
    }
}

fn away(world: &World) -> Option<Away> {
    world.away.filter(|_| world.changes.len() >= world.away_from).map(|(away, _)| away)
}

fn instead(away: Away) -> Reply {
    match away {
        Away::Page(status) => Reply::html(status, "<title>The service is being updated</title>"),
        Away::NoSuchEngine => Reply::json(r#"{"type":"InvalidRequestException","message":"Process engine two not available"}"#).with_status(404),
        Away::Closed => Reply::status(200).travelling(Manner::NoAnswer),
        Away::Trouble => Reply::json(r#"{"type":"ProcessEngineException","message":"no connection to the database"}"#).with_status(500),
    }
}

fn change(world: &mut World, id: &str, body: &str) -> Reply {
    let number = world.changes.len();
    world.changes.push(id.to_owned());
    if let Some(witness) = &world.witness {
        witness(id);
    }
    if let Some((_, id)) = world.swaps_after.take_if(|(after, _)| world.changes.len() >= *after) {
        world.installation = Some(id);
    }
    let lie = world.lies.get(&number).copied();
    if world.refused || lie == Some(Lie::LoginRefused) {
        world.refused = true;
        return Reply::status(401);
    }
    if let Some(Lie::LoginDelayed(milliseconds)) = lie {
        world.refused_until = Some(std::time::Instant::now() + std::time::Duration::from_millis(milliseconds));
    }
    if world.is_delayed() {
        return Reply::status(401);
    }
    if lie == Some(Lie::TooMany) {
        return Reply::html(429, "<title>Slow down</title>").header("Retry-After", "1");
    }
    if lie == Some(Lie::Refused) {
        return Reply::json(r#"{"type":"RestException","message":"not this one"}"#).with_status(400);
    }
    if lie == Some(Lie::ProxyPage) {
        return Reply::html(502, "<title>502 Bad Gateway</title>");
    }
    let retries = serde_json::from_str::<Value>(body).expect("JSON")["retries"].as_i64().expect("attempts");
    world.give_attempts(id, retries);
    match lie {
        Some(Lie::MadeAndLost) => Reply::status(204).travelling(Manner::NoAnswer),
        Some(Lie::Slow(milliseconds)) => Reply::status(204).travelling(Manner::Late(std::time::Duration::from_millis(milliseconds))),
        _ => Reply::status(204).header("Date", &Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()),
    }
}

fn read(world: &World, asked: &Asked, parts: &[&str]) -> Reply {
    let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    let wanted = |name: &str, id: &str| body[name].as_array().is_some_and(|ids| ids.iter().any(|known| known == id));
    let rows = |rows: Vec<Value>| Reply::json(Value::from(rows).to_string());
    match (asked.method.as_str(), parts) {
        ("GET", ["version"]) => Reply::json(json!({"version": world.version.unwrap_or("7.24.0")}).to_string()),
        ("GET", ["process-definition", id]) if world.definitions.iter().any(|known| known == id) => {
            Reply::json(json!({"id": id, "key": "payment", "version": 2, "suspended": false, "deploymentId": "d"}).to_string())
        }
        ("GET", ["process-definition", _]) => Reply::json(r#"{"type":"RestException","message":"none"}"#).with_status(404),
        ("GET", ["job", "count"]) => Reply::json(r#"{"count":0}"#),
        ("POST", ["job"]) => rows(world.jobs.iter().filter(|(id, _)| wanted("jobIds", id)).map(|(id, job)| job_row(id, job)).collect()),
        ("POST", ["history", "job-log"]) => {
            let own = |row: &&Value| row["executionId"].as_str().is_some_and(|id| wanted("executionIdIn", id));
            rows(world.log.iter().rev().filter(own).cloned().collect())
        }
        ("GET", ["history", "job-log"]) => {
            let own = |row: &&Value| asked.target.contains(&format!("jobId={}", row["jobId"].as_str().unwrap_or_default()));
            rows(world.log.iter().rev().filter(own).cloned().collect())
        }
        ("POST", ["process-instance"]) => {
            let running = world.jobs.keys().filter(|id| wanted("processInstanceIds", &instance(id)));
            rows(running.map(|id| json!({"id": instance(id), "definitionId": "payment:2:uuid", "suspended": false})).collect())
        }
        ("GET", ["incident"]) => rows(world.jobs.iter().filter_map(|(id, job)| incident_row(id, job)).filter(|row| is_newer(row, asked)).collect()),
        ("GET", ["history", "user-operation"]) if world.no_operations => Reply::status(403),
        ("GET", ["history", "user-operation"]) => {
            let of = |row: &&Value| match asked.target.split("processInstanceId=").nth(1) {
                Some(rest) => row["processInstanceId"].as_str() == rest.split('&').next(),
                None => true,
            };
            rows(world.operations.iter().rev().filter(of).take(50).cloned().collect())
        }
        _ => rows(Vec::new()),
    }
}

fn job_row(id: &str, job: &Job) -> Value {
    json!({
        "id": id, "jobDefinitionId": "jd", "processInstanceId": instance(id), "processDefinitionId": "payment:2:uuid", "processDefinitionKey": "payment",
        "executionId": execution(id), "exceptionMessage": "Card service answered 503", "failedActivityId": "charge", "retries": job.retries,
        "dueDate": null, "suspended": false, "priority": 0, "tenantId": null, "createTime": null,
    })
}

fn incident_row(id: &str, job: &Job) -> Option<Value> {
    let (incident, created) = job.incident.as_ref()?;
    Some(json!({
        "id": incident, "incidentType": "failedJob", "processDefinitionId": "payment:2:uuid", "processInstanceId": instance(id), "executionId": execution(id),
        "activityId": "charge", "failedActivityId": "charge", "causeIncidentId": incident, "rootCauseIncidentId": incident, "configuration": id,
        "incidentMessage": "Card service answered 503", "incidentTimestamp": date(*created), "tenantId": null, "jobDefinitionId": "jd", "annotation": null,
    }))
}

fn is_newer(row: &Value, asked: &Asked) -> bool {
    let Some(after) = asked.target.split("incidentTimestampAfter=").nth(1).and_then(|rest| rest.split('&').next()) else { return true };
    let after = after.replace("%3A", ":").replace("%2B", "+");
    row["incidentTimestamp"].as_str().is_some_and(|created| created > after.as_str())
}
