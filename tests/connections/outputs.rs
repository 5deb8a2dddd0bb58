//! What the program prints, and by which exit code it leaves: nothing is lost without a word, nothing incomplete passes for whole.

use std::collections::HashMap;
use std::io::Read as _;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};

use super::program::{Home, stderr};
use super::scripted::engine::{MemoryEngine, World};
use super::scripted::{Asked, Manner, Reply, ScriptedEngine};

/// Runs the program in a shell that redirects its output.
async fn redirected(home: &Home, arguments: &[&str], redirection: &str) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("\"$@\" {redirection}"), "sh", env!("CARGO_BIN_EXE_bpmtop")]).args(arguments);
    command.env_clear().env("HOME", home.path("")).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    tokio::task::spawn_blocking(move || command.output()).await.expect("joined").expect("a shell")
}

/// Every command that prints something.
fn commands(url: &str) -> Vec<Vec<&str>> {
    vec![
        vec!["snapshot", url],
        vec!["snapshot", url, "--json"],
        vec!["tree", "p1", url],
        vec!["tree", "p1", url, "--json"],
        vec!["doctor", url],
        vec!["doctor", url, "--json"],
        vec!["journal"],
        vec!["journal", "--json"],
        vec!["journal", "verify"],
        vec!["journal", "export"],
        vec!["journal", "export", "--format", "csv"],
        vec!["journal", "export", "--format", "markdown"],
        vec!["journal", "path"],
        vec!["config", "path"],
        vec!["config", "check"],
        vec!["config", "example"],
        vec!["keys"],
        vec!["completions", "bash"],
        vec!["--help"],
        vec!["journal", "--help"],
        vec!["--version"],
    ]
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn no_command_loses_its_output_without_a_word() {
    let (home, engine) = (Home::new(), MemoryEngine::start(World::in_trouble()).await);
    engine.world().break_path("/engine", |_, _| Reply::json(r#"[{"name":"default"}]"#));
    let url = engine.server.url();
    for arguments in commands(&url) {
        for (redirection, said) in [("> /dev/full", "cannot print everything: No space left on device"), (">&-", "standard output is closed")] {
            let output = redirected(&home, &arguments, redirection).await;
            assert_eq!(output.status.code(), Some(4), "{arguments:?} {redirection}: {}", stderr(&output));
            assert!(stderr(&output).contains(said), "{arguments:?} {redirection}: {}", stderr(&output));
        }
        let output = redirected(&home, &arguments, "> /dev/null").await;
        assert!(matches!(output.status.code(), Some(0 | 3)), "{arguments:?}: {}", stderr(&output));
        let output = redirected(&home, &arguments, "<> /dev/null >&0").await;
        assert!(matches!(output.status.code(), Some(0 | 3)), "a /dev/null that is open for reading too: {arguments:?}: {}", stderr(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_has_enough_is_no_error() {
    let home = Home::new();
    let output = redirected(&home, &["completions", "bash"], "| head -1").await;
    assert_eq!((stderr(&output), output.status.code()), (String::new(), Some(0)));
    assert!(!output.stdout.is_empty());
    let code = tokio::task::spawn_blocking(|| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bpmtop"));
        // The table is longer than what a pipe holds.
        let mut run = command.args(["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program");
        drop(run.stdout.take());
        let mut said = String::new();
        run.stderr.take().expect("a pipe").read_to_string(&mut said).expect("read");
        (said, run.wait().expect("ended").code())
    });
    assert_eq!(code.await.expect("joined"), (String::new(), Some(141)), "as of a program that SIGPIPE ended");
}

async fn snapshot(home: &Home, engine: &MemoryEngine, more: &[&str]) -> (Option<i32>, Value, String) {
    let url = engine.server.url();
    let output = home.run(&[&["snapshot", url.as_str(), "--json"], more].concat(), &[]).await;
    let read = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), read, stderr(&output))
}

fn failing(_: &Asked, _: Reply) -> Reply {
    Reply::json(r#"{"type":"RestException","message":"boom","code":0}"#).with_status(500)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_snapshot_says_that_it_is() {
    let (home, engine) = (Home::new(), MemoryEngine::start(World::in_trouble()).await);
    let (code, read, said) = snapshot(&home, &engine, &[]).await;
    assert_eq!((code, &read["complete"], &read["incomplete"]), (Some(0), &true.into(), &json!([])), "{read:#} {said}");
    let payment = &read["groups"][0];
    assert_eq!((&payment["roots"], &payment["blocked"]), (&2.into(), &1.into()), "{payment:#}");
    assert!(payment["oldest"].as_str().is_some_and(|at| at.starts_with("2025-01-01")), "{payment:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_read_is_null_and_the_snapshot_incomplete() {
    let home = Home::new();
    let engine = MemoryEngine::start(World::in_trouble()).await;
    engine.world().break_path("/incident", failing);
    engine.world().break_path("/process-definition/statistics", |_, _| {
        Reply::json(
            json!([{ "id": "payment:2:x", "instances": 2, "failedJobs": 2, "incidents": [{ "incidentType": "failedJob", "incidentCount": 2 }],
                "definition": { "id": "payment:2:x", "key": "payment", "name": "The payment", "version": 2, "deploymentId": "d1", "suspended": false,
                    "tenantId": null, "category": null } }])
            .to_string(),
        )
    });
    let (code, read, said) = snapshot(&home, &engine, &[]).await;
    assert_eq!((code, &read["complete"]), (Some(3), &false.into()), "{read:#}");
    assert!(read["incomplete"][0].as_str().is_some_and(|why| why.contains("boom")), "{read:#}");
    assert!(said.contains("incomplete"), "{said}");
    for group in read["groups"].as_array().into_iter().flatten() {
        for field in ["blocked", "oldest", "newest", "signatures"] {
            assert_eq!(group[field], Value::Null, "{field} was not read: {group:#}");
        }
    }
    assert!(!read.to_string().contains("1970"), "{read:#}");
    for (path, field) in [("/job-definition", "job_definitions"), ("/incident/count", "groups")] {
        engine.world().mend();
        engine.world().break_path(path, failing);
        let (code, read, _) = snapshot(&home, &engine, &[]).await;
        assert_eq!((code, &read[field], &read["complete"]), (Some(3), &Value::Null, &false.into()), "{path}: {read:#}");
        let text = home.run(&["snapshot", &engine.server.url()], &[]).await;
        let text = String::from_utf8_lossy(&text.stdout).into_owned();
        assert!(text.contains("not known") && text.contains("INCOMPLETE: "), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_without_any_figure_leaves_with_2() {
    let (home, engine) = (Home::new(), MemoryEngine::start(World::in_trouble()).await);
    engine.world().break_all(failing);
    engine.world().break_path("/version", |_, right| right);
    let (code, read, said) = snapshot(&home, &engine, &[]).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(read["kpis"].as_object().is_none_or(|kpis| kpis.values().all(Value::is_null)), "{read:#}");
    for field in ["groups", "job_definitions"] {
        assert_eq!(read[field], Value::Null, "{read:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_login_may_not_see_does_not_make_a_snapshot_incomplete() {
    let (home, engine) = (Home::new(), MemoryEngine::start(World::in_trouble()).await);
    engine.world().break_path("/job-definition", |_, _| {
        Reply::json(r#"{"type":"AuthorizationException","message":"no","userId":"u","missingAuthorizations":[]}"#).with_status(403)
    });
    let (code, read, _) = snapshot(&home, &engine, &[]).await;
    assert_eq!((code, &read["job_definitions"], &read["complete"]), (Some(0), &Value::Null, &true.into()), "{read:#}");
    assert!(read["warnings"].to_string().contains("job definitions are not known"), "{read:#}");
}

/// An engine with one instance that called 60 others, so busy that it leaves the first counts and lists of those unanswered.
struct Busy {
    /// How often each of these paths is still left unanswered.
    left: Mutex<HashMap<&'static str, usize>>,
}

impl Busy {
    const NO_TIME: Duration = Duration::from_secs(30);

    async fn start(left: &[(&'static str, usize)]) -> ScriptedEngine {
        let busy = Self { left: Mutex::new(left.iter().copied().collect()) };
        ScriptedEngine::start(move |asked| busy.answer(asked)).await
    }

    fn answer(&self, asked: &Asked) -> Reply {
        let path = asked.path().trim_start_matches("/engine-rest");
        let called = asked.target.contains("superProcessInstance=top");
        let instance = |id: String| json!({ "id": id, "definitionId": "letter:1:x", "businessKey": null, "suspended": false, "tenantId": null });
        let right = match path {
            "/version" => Reply::json(r#"{"version":"7.24.0"}"#),
            "/process-instance/top" => Reply::json(instance("top".to_owned()).to_string()),
            "/process-instance/count" => Reply::json(json!({ "count": if called { 60 } else { 0 } }).to_string()),
            "/process-instance" if called => {
                let number = |name: &str, or: usize| {
                    let pairs = asked.target.split_once('?').map_or("", |(_, query)| query).split('&').filter_map(|pair| pair.split_once('='));
                    pairs.filter(|(known, _)| *known == name).map(|(_, value)| value.parse().expect("a number")).next_back().unwrap_or(or)
                };
                let (first, max) = (number("firstResult", 0), number("maxResults", 1_000));
                let rows: Vec<Value> = (first..60.min(first + max)).map(|at| instance(format!("letter-{at:02}"))).collect();
                Reply::json(Value::from(rows).to_string())
            }
            path if path.ends_with("/count") => Reply::json(r#"{"count":0}"#),
            path if path.starts_with("/history/process-instance/") || path.starts_with("/incident/") => failing(asked, Reply::status(404)).with_status(404),
            _ => Reply::json("[]"),
        };
        let mut left = self.left.lock().expect("unpoisoned");
        match left.get_mut(path).filter(|left| called && **left > 0) {
            Some(left) => {
                *left -= 1;
                right.travelling(Manner::Late(Self::NO_TIME))
            }
            None => right,
        }
    }
}

async fn tree(home: &Home, engine: &ScriptedEngine, limit: &str, more: &[&str]) -> (Option<i32>, Value, String) {
    let config = home.write("config.toml", &format!("[engine.busy]\nurl = '{}'\ntimeout_seconds = 0.5\n", engine.url()));
    let limit: &[&str] = if limit.is_empty() { &[] } else { &["--timeout", limit] };
    let output = home.run(&[&["tree", "top", "busy", "--json", "--config", &config], limit, more].concat(), &[]).await;
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default(), stderr(&output))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_of_a_busy_engine_is_asked_for_again_until_it_is_whole() {
    let home = Home::new();
    for left in [[("/process-instance/count", 2), ("/process-instance", 0)], [("/process-instance/count", 0), ("/process-instance", 2)]] {
        let engine = Busy::start(&left).await;
        let (code, read, said) = tree(&home, &engine, "", &[]).await;
        assert_eq!((code, &read["complete"], &read["incomplete"]), (Some(0), &true.into(), &json!([])), "{read:#} {said}");
        let called = &read["trees"][0]["root"]["called"];
        assert_eq!((&called[0]["folded"]["count"], &called[1]["remark"]), (&50.into(), &"10 more".into()), "all 60 were counted: {read:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_takes_too_long_is_read_in_smaller_steps() {
    let (home, engine) = (Home::new(), Busy::start(&[("/process-instance", 1)]).await);
    let (code, read, said) = tree(&home, &engine, "", &[]).await;
    assert_eq!(code, Some(0), "{read:#} {said}");
    let asked: Vec<String> =
        engine.asked().into_iter().map(|asked| asked.target).filter(|target| target.contains("/process-instance?superProcessInstance=top")).collect();
    assert!(asked[0].contains("maxResults=50") && asked[1].contains("maxResults=10"), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_of_an_engine_that_stays_busy_is_incomplete_and_says_so() {
    let (home, engine) = (Home::new(), Busy::start(&[("/process-instance/count", 1_000)]).await);
    // As JSON and as text at the same time: the program is patient.
    let config = home.path("other.toml").display().to_string();
    home.write("other.toml", &format!("[engine.busy]\nurl = '{}'\ntimeout_seconds = 0.5\n", engine.url()));
    let arguments = ["tree", "top", "busy", "--config", &config];
    let (json, text) = tokio::join!(tree(&home, &engine, "", &[]), home.run(&arguments, &[]));
    let (code, read, said) = json;
    assert_eq!((code, &read["complete"]), (Some(3), &false.into()), "{read:#}");
    assert!(read["incomplete"][0].as_str().is_some_and(|why| why.contains("no complete answer within 0.5 s")), "{read:#}");
    assert!(said.contains("incomplete"), "{said}");
    let fold = &read["trees"][0]["root"]["called"];
    assert!(fold.to_string().contains("\"exact\":false"), "what it has time for is shown: {read:#}");
    let (code, text) = (text.status.code(), String::from_utf8_lossy(&text.stdout).into_owned());
    assert!(code == Some(3) && text.contains("INCOMPLETE: ") && text.contains("x >=50"), "{text}");
}
