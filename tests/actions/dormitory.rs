//! A small engine in memory with one instance and its sleeping jobs: it resumes and suspends them, moves their due dates, and runs whatever is
//! awake and due, at once. It knows nothing of the product.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::plant::date;
use crate::scripted::{Asked, Manner, Reply, ScriptedEngine};

/// How long an answer takes that nobody waits for.
const NEVER: Duration = Duration::from_secs(120);

#[derive(Clone, Debug, PartialEq)]
pub struct Sleeper {
    pub suspended: bool,
    pub due: Option<Timestamp>,
}

/// What happens to one change, by its number, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// It is made, and nobody hears of it.
    MadeAndSilent,
    /// It is made, and the connection breaks before the answer.
    MadeAndLost,
    /// The engine refuses it.
    Refused,
}

/// What the engine calls its installation, where nobody took its place.
pub const INSTALLATION: &str = "the dormitory";

#[derive(Debug, Default)]
pub struct Dormitory {
    pub jobs: BTreeMap<String, Sleeper>,
    /// Whether the instance is suspended.
    pub suspended: bool,
    /// Whether somebody resumed the job definition, which is suspended otherwise.
    pub free: bool,
    /// Whether jobs cannot be read.
    pub unreadable: bool,
    /// Jobs that somebody ran by hand, and that failed.
    pub tried: Vec<String>,
    /// The changes that arrived, in order, in a few words.
    pub changes: Vec<String>,
    pub lies: HashMap<usize, Lie>,
    /// From this change on none is made, and none is answered.
    pub ends_at: Option<usize>,
    /// Jobs that ran: none ever may.
    pub ran: Vec<String>,
    /// Another engine took its place, and calls its installation so.
    pub replaced_by: Option<&'static str>,
    /// It tells nothing by which it could be told from another.
    pub mute: bool,
    /// From the fourth change on a proxy answers in its place, so many times that it is asked who it is.
    pub pages: usize,
}

pub struct House {
    pub server: ScriptedEngine,
    world: Arc<Mutex<Dormitory>>,
}

impl Dormitory {
    /// These jobs, asleep; the instance is suspended, and so is their job definition.
    pub fn with(jobs: &[(&str, Option<Timestamp>)]) -> Self {
        let jobs = jobs.iter().map(|(id, due)| ((*id).to_owned(), Sleeper { suspended: true, due: *due }));
        Self { jobs: jobs.collect(), suspended: true, ..Self::default() }
    }

    /// The next run of a program finds an engine that answers again.
    pub fn heal(&mut self) {
        (self.lies, self.ends_at) = (HashMap::new(), None);
        self.changes.clear();
    }

    /// Every executor looks for work.
    fn execute(&mut self) {
        let now = Timestamp::now();
        let due: Vec<String> = self.jobs.iter().filter(|(_, job)| !job.suspended && job.due.is_none_or(|due| due <= now)).map(|(id, _)| id.clone()).collect();
        for id in due {
            self.jobs.remove(&id);
            self.ran.push(id);
        }
    }
}

impl House {
    pub async fn start(world: Dormitory) -> Self {
        let world = Arc::new(Mutex::new(world));
        let shared = Arc::clone(&world);
        let server = ScriptedEngine::start(move |asked| answer(&mut shared.lock().expect("unpoisoned"), asked)).await;
        Self { server, world }
    }

    pub fn world(&self) -> MutexGuard<'_, Dormitory> {
        self.world.lock().expect("unpoisoned")
    }

    pub fn changes(&self) -> usize {
        self.world().changes.len()
    }
}

fn answer(world: &mut Dormitory, asked: &Asked) -> Reply {
    let path = asked.path().trim_start_matches("/engine-rest").to_owned();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    match (asked.method.as_str(), &parts[..]) {
        ("PUT", [kind, id, what]) => change(world, kind, id, what, &body),
        ("GET", ["telemetry", "data"]) if world.pages > 0 && world.changes.len() >= 4 => {
            world.pages -= 1;
            Reply::html(502, "<title>502 Bad Gateway</title>")
        }
        ("GET", ["telemetry", "data"] | ["process-definition", _]) if world.mute => {
            Reply::json(r#"{"type":"AuthorizationException","message":"no"}"#).with_status(403)
        }
        (method, parts) => read(world, method, parts, &body),
    }
}

fn change(world: &mut Dormitory, kind: &str, id: &str, what: &str, body: &Value) -> Reply {
    let number = world.changes.len();
    let flag = body["suspended"].as_bool();
    world.changes.push(match (flag, body["duedate"].as_str()) {
        (Some(true), _) => format!("suspend {id}"),
        (Some(false), _) => format!("resume {id}"),
        (None, due) => format!("due {id} {}", due.unwrap_or("now")),
    });
    if world.ends_at.is_some_and(|end| number >= end) {
        return Reply::status(204).travelling(Manner::Late(NEVER));
    }
    let lie = world.lies.get(&number).copied();
    if lie == Some(Lie::Refused) {
        return Reply::json(r#"{"type":"RestException","message":"not this one"}"#).with_status(400);
    }
    match (kind, what, flag) {
        ("process-instance", "suspended", Some(suspended)) => {
            world.suspended = suspended;
            world.jobs.values_mut().for_each(|job| job.suspended = suspended);
        }
        ("job", "suspended", Some(suspended)) => world.jobs.get_mut(id).expect("a job").suspended = suspended,
        ("job", "duedate", _) => world.jobs.get_mut(id).expect("a job").due = body["duedate"].as_str().map(moment),
        other => panic!("{other:?}"),
    }
    world.execute();
    let done = Reply::status(204);
    match lie {
        Some(Lie::MadeAndSilent) => done.travelling(Manner::Late(NEVER)),
        Some(Lie::MadeAndLost) => done.travelling(Manner::NoAnswer),
        _ => done,
    }
}

fn moment(text: &str) -> Timestamp {
    jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).expect("a date").to_timestamp().expect("a moment")
}

fn read(world: &Dormitory, method: &str, parts: &[&str], body: &Value) -> Reply {
    let wanted = |name: &str, id: &str| body[name].as_array().is_some_and(|ids| ids.iter().any(|known| known == id));
    let rows = |rows: Vec<Value>| Reply::json(Value::from(rows).to_string());
    let definition = json!({
        "id": "jd", "processDefinitionId": "payment:2:uuid", "processDefinitionKey": "payment", "jobType": "async-continuation", "suspended": !world.free,
        "jobConfiguration": "async-before", "activityId": "charge", "overridingJobPriority": null, "tenantId": null, "deploymentId": "d",
    });
    match (method, parts) {
        ("GET", ["version"]) => Reply::json(r#"{"version":"7.24.0"}"#),
        ("GET", ["telemetry", "data"]) => {
            let installation = world.replaced_by.unwrap_or(INSTALLATION);
            Reply::json(json!({"installation": installation, "product": {"name": "Camunda BPM Runtime", "version": "7.24.0"}}).to_string())
        }
        ("GET", ["process-definition", id]) => {
            Reply::json(json!({"id": id, "key": "payment", "version": 2, "suspended": false, "deploymentId": "d"}).to_string())
        }
        ("GET", ["authorization", "check"]) => Reply::json(r#"{"authorized":true}"#),
        ("GET", [.., "count"]) => Reply::json(r#"{"count":0}"#),
        ("POST", ["job"]) if world.unreadable => Reply::json(r#"{"type":"RestException","message":"not now"}"#).with_status(500),
        ("POST", ["job"]) => rows(world.jobs.iter().filter(|(id, _)| wanted("jobIds", id)).map(|(id, job)| row(id, job)).collect()),
        ("POST", ["process-instance"]) if wanted("processInstanceIds", "p") => {
            rows(vec![json!({"id": "p", "definitionId": "payment:2:uuid", "businessKey": "ORDER-7", "suspended": world.suspended})])
        }
        ("POST", ["history", "job-log"]) => rows(world.tried.iter().filter(|id| wanted("executionIdIn", &format!("e-{id}"))).map(|id| failure(id)).collect()),
        ("GET", ["job-definition", "jd"]) => Reply::json(definition.to_string()),
        ("GET", ["job-definition", _]) => Reply::json(r#"{"type":"InvalidRequestException","message":"no such job definition"}"#).with_status(404),
        _ => rows(Vec::new()),
    }
}

fn failure(id: &str) -> Value {
    json!({
        "id": format!("l-{id}"), "timestamp": date(Timestamp::now()), "jobId": id, "jobRetries": 3, "executionId": format!("e-{id}"),
        "processInstanceId": "p", "jobExceptionMessage": "503", "jobDefinitionId": "jd", "creationLog": false, "failureLog": true, "successLog": false,
        "deletionLog": false,
    })
}

fn row(id: &str, job: &Sleeper) -> Value {
    json!({
        "id": id, "jobDefinitionId": "jd", "processInstanceId": "p", "processDefinitionId": "payment:2:uuid", "processDefinitionKey": "payment",
        "executionId": format!("e-{id}"), "exceptionMessage": null, "failedActivityId": null, "retries": 3, "dueDate": job.due.map(date),
        "suspended": job.suspended, "priority": 0, "tenantId": null, "createTime": null,
    })
}
