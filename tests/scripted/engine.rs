//! A small engine in memory behind the scripted server: it answers what the background task asks, in the shapes of Camunda 7.24, from a
//! world that a test may change at any time. It knows nothing of the product.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Asked, Reply, ScriptedEngine};

/// A job.
#[derive(Clone, Debug)]
pub struct Job {
    pub id: String,
    pub retries: i64,
    pub failed: bool,
    pub acquired: bool,
}

/// An incident. One that names another as its root is a blocked parent.
#[derive(Clone, Debug)]
pub struct Incident {
    pub id: String,
    pub root: Option<String>,
    pub definition: String,
    pub activity: String,
    pub message: String,
    pub created: Timestamp,
}

/// What goes wrong with a path; called for each request to it.
pub type Wrong = Arc<dyn Fn(&Asked, Reply) -> Reply + Send + Sync>;

/// All the engine holds.
#[derive(Default)]
pub struct World {
    pub version: String,
    /// The only user and password; anybody may come in if there are none.
    pub login: Option<(String, String)>,
    pub incidents: Vec<Incident>,
    pub jobs: Vec<Job>,
    /// As `key:version:uuid`.
    pub definitions: Vec<String>,
    pub job_definitions: Vec<String>,
    /// Instances and their business keys.
    pub instances: HashMap<String, String>,
    pub stacktrace: String,
    pub succeeded: u64,
    pub wrong: HashMap<&'static str, Wrong>,
    pub wrong_everywhere: Option<Wrong>,
}

/// The running engine.
pub struct MemoryEngine {
    pub server: ScriptedEngine,
    world: Arc<Mutex<World>>,
}

impl MemoryEngine {
    /// Starts one with a world of its own.
    pub async fn start(world: World) -> Self {
        let world = Arc::new(Mutex::new(world));
        let shared = Arc::clone(&world);
        let server = ScriptedEngine::start(move |asked| answer(&mut shared.lock().expect("unpoisoned"), asked)).await;
        Self { server, world }
    }

    /// The world, to look at or to change.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("unpoisoned")
    }

    /// Paths asked since the `from`-th request, without base and query.
    pub fn paths(&self, from: usize) -> Vec<String> {
        let asked = self.server.asked();
        asked[from.min(asked.len())..].iter().map(|asked| path(asked).to_owned()).collect()
    }
}

/// An incident with a job, created so many seconds after a fixed moment.
pub fn incident(number: usize, definition: &str, seconds: i64) -> Incident {
    Incident {
        id: format!("i{number}"),
        root: None,
        definition: definition.to_owned(),
        activity: "charge".to_owned(),
        message: format!("call {number} timed out"),
        created: "2025-01-01T00:00:00Z".parse::<Timestamp>().expect("a moment") + SignedDuration::from_secs(seconds),
    }
}

impl World {
    /// Two processes, two root incidents, one blocked parent, some jobs.
    pub fn in_trouble() -> Self {
        let mut blocked = incident(2, "order:7:x", 10);
        blocked.root = Some("i1".to_owned());
        blocked.activity = "call-payment".to_owned();
        let job = |id: &str, retries, acquired| Job { id: id.to_owned(), retries, failed: retries < 3, acquired };
        Self {
            version: "7.24.0".to_owned(),
            incidents: vec![incident(1, "payment:2:x", 10), blocked, incident(3, "payment:2:x", 20)],
            jobs: vec![job("j1", 0, false), job("j3", 0, false), job("j4", 2, false), job("j5", 3, true)],
            definitions: vec!["payment:2:x".to_owned(), "order:7:x".to_owned()],
            job_definitions: vec!["jd1".to_owned()],
            instances: HashMap::from([("p1".to_owned(), "A-1".to_owned()), ("p2".to_owned(), "A-2".to_owned())]),
            stacktrace: "java.lang.IllegalStateException: boom\n\tat A.b(A.java:1)".to_owned(),
            ..Self::default()
        }
    }

    /// From now on the right answer to this path is turned into another.
    pub fn break_path(&mut self, path: &'static str, wrong: impl Fn(&Asked, Reply) -> Reply + Send + Sync + 'static) {
        self.wrong.insert(path, Arc::new(wrong));
    }

    /// From now on every right answer is turned into another.
    pub fn break_all(&mut self, wrong: impl Fn(&Asked, Reply) -> Reply + Send + Sync + 'static) {
        self.wrong_everywhere = Some(Arc::new(wrong));
    }

    /// Nothing is wrong any more.
    pub fn mend(&mut self) {
        self.wrong.clear();
        self.wrong_everywhere = None;
    }
}

fn path(asked: &Asked) -> &str {
    asked.path().trim_start_matches("/engine-rest")
}

fn answer(world: &mut World, asked: &Asked) -> Reply {
    if let Some((user, password)) = &world.login {
        let expected = format!("Basic {}", base64(&format!("{user}:{password}")));
        if asked.header("authorization") != Some(&expected) {
            return Reply::status(401);
        }
    }
    let right = right_answer(world, asked);
    let wrong = world.wrong.get(path(asked)).or(world.wrong_everywhere.as_ref());
    wrong.map_or_else(|| right.clone(), |wrong| wrong(asked, right.clone()))
}

fn right_answer(world: &mut World, asked: &Asked) -> Reply {
    let query = query(asked);
    let page = |rows: Vec<Value>| {
        let number = |name: &str, default: usize| query.get(name).map_or(default, |text| text.parse().expect("a number"));
        Reply::json(Value::from(rows.into_iter().skip(number("firstResult", 0)).take(number("maxResults", usize::MAX)).collect::<Vec<_>>()).to_string())
    };
    let count = |count: usize| Reply::json(json!({ "count": count }).to_string());
    match (asked.method.as_str(), path(asked)) {
        (_, "/version") => Reply::json(json!({ "version": world.version }).to_string()),
        (_, "/telemetry/data") => Reply::json(telemetry(world).to_string()),
        (_, "/incident/count") => count(world.incidents.len()),
        (_, "/incident") => page(incidents(world, query.get("incidentTimestampAfter"))),
        (_, "/job/count") => count(world.jobs.iter().filter(|job| counts(job, &query)).count()),
        ("POST", "/job") => by_ids(asked, "jobIds", world.jobs.iter().map(job_row)),
        ("POST", "/process-instance") => by_ids(asked, "processInstanceIds", world.instances.iter().map(|(id, key)| instance_row(id, key))),
        ("POST", "/external-task") => Reply::json("[]"),
        (_, "/external-task/count") => count(0),
        (_, "/process-instance/count") => count(instances(world, &query).len()),
        ("GET", "/process-instance") => page(instances(world, &query)),
        ("POST", "/history/process-instance") => by_ids(asked, "processInstanceIds", world.instances.iter().map(|(id, key)| historic_instance_row(id, key))),
        (_, "/process-definition") => page(world.definitions.iter().map(|id| definition_row(id)).collect()),
        (_, "/job-definition") => page(world.job_definitions.iter().map(|id| job_definition_row(id)).collect()),
        (_, "/authorization/check") => {
            Reply::json(json!({ "permissionName": "READ", "resourceName": "x", "resourceId": null, "authorized": true }).to_string())
        }
        (_, "/process-definition/statistics" | "/deployment") => Reply::json("[]"),
        (_, "/history/incident/count") => count(historic_incidents(world, &query).len()),
        (_, "/history/incident") => page(historic_incidents(world, &query)),
        (_, "/history/process-instance/count") => count(0),
        (_, "/history/job-log") => page(world.jobs.iter().filter(|job| query.get("jobId") == Some(&job.id)).map(job_log_row).collect()),
        (_, "/history/user-operation") => page(vec![operation_row()]),
        (_, path) => one(world, path),
    }
}

fn one(world: &World, path: &str) -> Reply {
    let missing = || Reply::json(json!({ "type": "InvalidRequestException", "message": "there is none", "code": null }).to_string()).with_status(404);
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts[..] {
        ["job", id, "stacktrace"] if world.jobs.iter().any(|job| job.id == id) => Reply::text(world.stacktrace.clone()),
        ["job", id] => world.jobs.iter().find(|job| job.id == id).map_or_else(missing, |job| Reply::json(job_row(job).to_string())),
        ["process-instance", id] => world.instances.get(id).map_or_else(missing, |key| Reply::json(instance_row(id, key).to_string())),
        ["process-definition", id, "xml"] => {
            let id = id.replace("%3A", ":");
            let xml = concat!(
                r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p">"#,
                r#"<serviceTask id="charge" name="Charge card"/></process></definitions>"#
            );
            if world.definitions.contains(&id) { Reply::json(json!({ "id": id, "bpmn20Xml": xml }).to_string()) } else { missing() }
        }
        ["deployment", "d1"] => Reply::json(json!({ "id": "d1", "name": "release", "deploymentTime": "2025-01-01T00:00:00.000+0000" }).to_string()),
        _ => missing(),
    }
}

fn query(asked: &Asked) -> HashMap<String, String> {
    let (_, query) = asked.target.split_once('?').unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.replace("%3A", ":").replace("%2B", "+"))).collect()
}

fn wire_date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3f%z").to_string()
}

fn incidents(world: &World, after: Option<&String>) -> Vec<Value> {
    let after: Option<Timestamp> = after.map(|text| text.parse().expect("a date"));
    let mut rows: Vec<&Incident> = world.incidents.iter().filter(|row| after.is_none_or(|after| row.created > after)).collect();
    rows.sort_by_key(|row| (row.created, row.id.clone()));
    rows.into_iter().map(incident_row).collect()
}

fn incident_row(row: &Incident) -> Value {
    let is_root = row.root.is_none();
    let number = row.id.trim_start_matches('i');
    json!({
        "id": row.id, "processDefinitionId": row.definition, "processInstanceId": format!("p{number}"), "executionId": format!("e{number}"),
        "incidentTimestamp": wire_date(row.created), "incidentType": "failedJob", "activityId": row.activity,
        "failedActivityId": row.activity, "causeIncidentId": row.root.as_ref().unwrap_or(&row.id),
        "rootCauseIncidentId": row.root.as_ref().unwrap_or(&row.id), "configuration": is_root.then(|| format!("j{number}")),
        "incidentMessage": is_root.then_some(&row.message), "tenantId": null, "jobDefinitionId": is_root.then_some("jd1"), "annotation": null,
    })
}

/// All of them are open, and the history forgets nothing.
fn historic_incidents(world: &World, query: &HashMap<String, String>) -> Vec<Value> {
    let mut rows: Vec<&Incident> = world.incidents.iter().filter(|row| remembered(row, query)).collect();
    rows.sort_by_key(|row| row.created);
    let row = |row: &Incident| {
        let mut value = incident_row(row);
        value["createTime"] = value["incidentTimestamp"].take();
        value.as_object_mut().expect("an object").remove("incidentTimestamp");
        value["open"] = true.into();
        value
    };
    rows.into_iter().map(row).collect()
}

fn remembered(row: &Incident, query: &HashMap<String, String>) -> bool {
    query.iter().all(|(name, value)| match name.as_str() {
        "createTimeAfter" => row.created >= value.parse().expect("a date"),
        "createTimeBefore" => row.created <= value.parse().expect("a date"),
        "endTimeAfter" | "endTimeBefore" => false,
        "processDefinitionKeyIn" => row.definition.split(':').next() == Some(value),
        "activityId" => row.activity == *value,
        "configuration" => row.root.is_none() && row.id.replace('i', "j") == *value,
        _ => true,
    })
}

fn job_log_row(job: &Job) -> Value {
    json!({
        "id": "log", "jobId": job.id, "timestamp": "2025-01-01T00:00:10.000+0000", "jobRetries": job.retries, "jobExceptionMessage": "boom",
        "failedActivityId": "charge", "hostname": "node-1", "creationLog": false, "failureLog": job.failed, "successLog": false, "deletionLog": false,
    })
}

fn operation_row() -> Value {
    json!({
        "id": "row", "operationId": "op1", "operationType": "SetJobRetries", "entityType": "Job", "property": "retries", "userId": "ann",
        "timestamp": "2025-01-01T00:00:05.000+0000", "jobId": "j1", "annotation": null,
    })
}

fn counts(job: &Job, query: &HashMap<String, String>) -> bool {
    query.keys().all(|name| match name.as_str() {
        "noRetriesLeft" => job.retries == 0,
        "withRetriesLeft" | "executable" => job.retries > 0,
        "withException" => job.failed,
        "acquired" => job.acquired,
        _ => true,
    })
}

fn job_row(job: &Job) -> Value {
    json!({
        "id": job.id, "jobDefinitionId": "jd1", "processInstanceId": job.id.replace('j', "p"), "processDefinitionId": "payment:2:x",
        "processDefinitionKey": "payment", "executionId": null, "exceptionMessage": job.failed.then_some("boom"), "failedActivityId": "charge",
        "retries": job.retries, "dueDate": null, "suspended": false, "priority": 0, "tenantId": null, "createTime": "2025-01-01T00:00:00.000+0000",
        "batchId": null,
    })
}

fn instance_row(id: &str, business_key: &str) -> Value {
    json!({
        "links": [], "id": id, "definitionId": "payment:2:x", "definitionKey": "payment", "businessKey": business_key, "caseInstanceId": null,
        "ended": false, "suspended": false, "tenantId": null,
    })
}

/// By business key, sorted by id. All of them are called by nobody.
fn instances(world: &World, query: &HashMap<String, String>) -> Vec<Value> {
    let mut rows: Vec<_> = world.instances.iter().filter(|(_, key)| query.get("businessKey").is_none_or(|asked| asked == *key)).collect();
    rows.sort();
    rows.into_iter().map(|(id, key)| instance_row(id, key)).collect()
}

fn historic_instance_row(id: &str, business_key: &str) -> Value {
    json!({
        "id": id, "businessKey": business_key, "processDefinitionId": "payment:2:x", "processDefinitionKey": "payment",
        "processDefinitionName": "The payment", "processDefinitionVersion": 2, "startTime": "2025-01-01T00:00:00.000+0000", "endTime": null,
        "superProcessInstanceId": null, "rootProcessInstanceId": id, "state": "ACTIVE", "deleteReason": null, "startUserId": null, "tenantId": null,
    })
}

fn definition_row(id: &str) -> Value {
    let parts: Vec<&str> = id.split(':').collect();
    json!({
        "id": id, "key": parts[0], "category": null, "description": null, "name": format!("The {}", parts[0]),
        "version": parts[1].parse::<i64>().expect("a version"), "resource": "x.bpmn", "deploymentId": "d1", "diagram": null,
        "suspended": false, "tenantId": null, "versionTag": null, "historyTimeToLive": 5, "startableInTasklist": true,
    })
}

fn job_definition_row(id: &str) -> Value {
    json!({
        "id": id, "processDefinitionId": "payment:2:x", "processDefinitionKey": "payment", "jobType": "async-continuation",
        "jobConfiguration": "async-before", "activityId": "charge", "suspended": false, "overridingJobPriority": null, "tenantId": null,
        "deploymentId": "d1",
    })
}

fn telemetry(world: &mut World) -> Value {
    world.succeeded += 10;
    json!({
        "installation": "one", "product": { "name": "Camunda BPM Runtime", "version": world.version, "edition": "community", "internals": {
            "database": { "vendor": "H2", "version": "2" }, "commands": {
                "SuccessfulJobListener": { "count": world.succeeded }, "FailedJobListener": { "count": 3 } },
            "data-collection-start-date": "2025-01-01T00:00:00.000+0000" } },
    })
}

fn by_ids(asked: &Asked, filter: &str, rows: impl Iterator<Item = Value>) -> Reply {
    let body: Value = serde_json::from_str(&asked.body).expect("a JSON body");
    let ids: HashSet<&str> = body[filter].as_array().expect("ids").iter().filter_map(Value::as_str).collect();
    Reply::json(Value::from(rows.filter(|row| row["id"].as_str().is_some_and(|id| ids.contains(id))).collect::<Vec<_>>()).to_string())
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().chain([0, 0].iter()).take(3).fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        for place in 0..4 {
            let digit = char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize]);
            encoded.push(if place <= chunk.len() { digit } else { '=' });
        }
    }
    encoded
}
