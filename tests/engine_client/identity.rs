//! Whether the engine that answers is still the known one, told by what its database has written: restarted, set back, cleaned up, hidden.

use std::sync::{Arc, Mutex};

use bpmtop::engine::identity::{Depth, KnownFrom, Verdict, compare, read};
use bpmtop::engine::{Client, ClientOptions, EngineVersion};
use bpmtop::model::snapshot::EngineIdentity;
use serde_json::{Value, json};

use crate::scripted::{Asked, Reply, ScriptedEngine};

/// What a made-up database holds, the newest first: the minute it was written, and its id.
#[derive(Clone)]
struct Database {
    installation: Option<&'static str>,
    node: &'static str,
    instances: Vec<(u8, &'static str)>,
    incidents: Vec<(u8, &'static str, &'static str)>,
    operations: Vec<(u8, &'static str, &'static str)>,
    keeps_days: Option<i64>,
    may_look: bool,
}

fn before() -> Database {
    Database {
        installation: Some("one"),
        node: "2015-10-21T06:00:00.000+0000",
        instances: vec![(20, "p4"), (15, "p3"), (9, "p2"), (5, "p1")],
        incidents: vec![(21, "i4", "p4"), (16, "i3", "p3"), (6, "i1", "p1")],
        operations: vec![(22, "o2", "SetJobRetries"), (5, "o1", "Create")],
        keeps_days: None,
        may_look: true,
    }
}

fn at(minute: u8) -> String {
    format!("2015-10-21T07:{minute:02}:00.000+0000")
}

fn instance(row: &(u8, &str)) -> Value {
    json!({"id": row.1, "processDefinitionId": "payment:1:x", "startTime": at(row.0), "state": "ACTIVE"})
}

impl Database {
    fn answer(&self, asked: &Asked) -> Reply {
        let path = asked.path().trim_start_matches("/engine-rest/");
        let named = |name: &str| asked.target.split(['?', '&']).find_map(|pair| pair.strip_prefix(&format!("{name}=")).map(str::to_owned));
        let rows = |rows: Vec<Value>| Reply::json(if self.may_look { Value::from(rows) } else { json!([]) }.to_string());
        let gone = || Reply::json(r#"{"type":"InvalidRequestException","message":"none"}"#).with_status(404);
        match path.split('/').collect::<Vec<_>>()[..] {
            ["telemetry", "data"] if self.installation.is_none() => Reply::json(r#"{"type":"AuthorizationException","message":"no"}"#).with_status(403),
            ["telemetry", "data"] => {
                let internals = json!({"data-collection-start-date": self.node, "commands": {}});
                Reply::json(json!({"installation": self.installation, "product": {"name": "Camunda", "internals": internals}}).to_string())
            }
            ["history", "process-instance"] => rows(self.instances.iter().take(3).map(instance).collect()),
            ["history", "process-instance", id] => match self.instances.iter().find(|row| row.1 == id && self.may_look) {
                Some(row) => Reply::json(instance(row).to_string()),
                None => gone(),
            },
            ["history", "incident"] => {
                let wanted = named("incidentId");
                let own = self.incidents.iter().filter(|row| wanted.as_ref().is_none_or(|wanted| row.1 == wanted)).take(3);
                rows(own.map(|row| json!({"id": row.1, "incidentType": "failedJob", "createTime": at(row.0), "processInstanceId": row.2, "processDefinitionId": "payment:1:x"})).collect())
            }
            ["history", "user-operation"] => {
                let wanted = named("operationId");
                let own = self.operations.iter().filter(|row| wanted.as_ref().is_none_or(|wanted| row.1 == wanted)).take(3);
                rows(
                    own.map(
                        |row| json!({"id": row.1, "operationId": row.1, "operationType": row.2, "timestamp": at(row.0), "processDefinitionId": "payment:1:x"}),
                    )
                    .collect(),
                )
            }
            ["process-definition", id] => {
                Reply::json(json!({"id": id, "key": "payment", "version": 1, "suspended": false, "historyTimeToLive": self.keeps_days}).to_string())
            }
            ["authorization", "check"] => Reply::json(json!({"authorized": self.may_look}).to_string()),
            ["version"] => Reply::json(r#"{"version":"7.24.0"}"#),
            _ => gone(),
        }
    }
}

/// Reads what tells an engine, lets its database become another, and compares. Gives the verdict and how many requests that took.
async fn after(becomes: impl FnOnce(&mut Database), depth: Depth) -> (Verdict, usize) {
    let database = Arc::new(Mutex::new(before()));
    let shared = Arc::clone(&database);
    let engine = ScriptedEngine::start(move |asked| shared.lock().expect("unpoisoned").answer(asked)).await;
    let client = Client::new(ClientOptions::new(engine.url().parse().expect("an address"))).expect("a client");
    client.assume_version(EngineVersion::detect("7.24.0".into(), None));
    let mut known = EngineIdentity::default();
    read(&client, &mut known, [&"payment:1:x".into()]).await.expect("it tells");
    assert_eq!(known.newest.len(), 8, "{:?}", known.newest);
    assert!(known.newest.windows(2).all(|pair| pair[0].at >= pair[1].at), "the newest first");
    becomes(&mut database.lock().expect("unpoisoned"));
    let asked = engine.asked().len();
    let verdict = compare(&client, &known, KnownFrom::Picture, depth).await.expect("it answers");
    (verdict, engine.asked().len() - asked)
}

const OTHER_NODE: &str = "2015-10-21T07:40:00.000+0000";

#[tokio::test]
async fn a_node_that_was_not_started_anew_takes_one_request_and_a_restart_or_an_outage_one_more() {
    assert_eq!(after(|_| {}, Depth::Node).await, (Verdict::Same, 1));
    assert_eq!(after(|_| {}, Depth::Database).await, (Verdict::Same, 2));
    assert_eq!(after(|database| database.node = OTHER_NODE, Depth::Node).await, (Verdict::Same, 2));
}

#[tokio::test]
async fn a_database_that_was_set_back_is_another_engine_although_it_keeps_its_installation() {
    // What was written before the backup is there, and what was written since the restart.
    let set_back = |database: &mut Database| {
        database.node = OTHER_NODE;
        database.instances = vec![(45, "p5"), (9, "p2"), (5, "p1")];
        database.incidents = vec![(46, "i5", "p5"), (6, "i1", "p1")];
        database.operations = vec![(5, "o1", "Create")];
    };
    let (verdict, _) = after(set_back, Depth::Node).await;
    let Verdict::Another(why) = verdict else { panic!("{verdict:?}") };
    assert!(why.contains("its history does not know operation o2 and incident i4 any more") && why.contains("set back to an earlier state"), "{why}");
    // Also where nobody may read the installation: a definition that is there proves little.
    let mute = |database: &mut Database| {
        set_back(database);
        database.installation = None;
    };
    assert!(matches!(after(mute, Depth::Node).await.0, Verdict::Another(_)));
    // A single instance and the operation that started it: an hour's work of a quiet night.
    let one_lost = |database: &mut Database| {
        database.node = OTHER_NODE;
        database.instances.remove(0);
        database.incidents.remove(0);
        database.operations.remove(0);
    };
    assert!(matches!(after(one_lost, Depth::Node).await.0, Verdict::Another(_)));
}

#[tokio::test]
async fn what_was_deleted_or_cleaned_up_or_is_hidden_makes_no_other_engine() {
    type Becomes = fn(&mut Database);
    let cases: [(&str, Becomes); 6] = [
        ("an operation was deleted", |database| {
            database.operations.remove(0);
        }),
        ("one instance was deleted from the history, with its incident and before its operations were read", |database| {
            database.operations.remove(0);
            database.instances.remove(0);
            database.incidents.remove(0);
            database.operations.insert(0, (30, "o3", "DeleteHistory"));
        }),
        ("many were deleted by somebody", |database| {
            (database.instances, database.incidents) = (Vec::new(), Vec::new());
            database.operations = vec![(31, "o3", "DeleteHistory")];
        }),
        ("the history of the process is kept for no day", |database| {
            (database.instances, database.incidents, database.keeps_days) = (Vec::new(), Vec::new(), Some(0));
            database.operations = vec![(1, "o0", "Create")];
        }),
        ("this login may not look any more", |database| database.may_look = false),
        ("the newest of one kind is there", |database| {
            database.instances = vec![(5, "p1")];
            database.incidents = vec![(6, "i1", "p1")];
        }),
    ];
    for (what, becomes) in cases {
        let restarted = |database: &mut Database| {
            database.node = OTHER_NODE;
            becomes(database);
        };
        assert_eq!(after(restarted, Depth::Database).await.0, Verdict::Same, "{what}");
    }
}
