//! Plans read from a scripted engine: what they say of the engine's log of operations, and how many requests they cost at most.

use std::sync::Arc;

use bpmtop::action::plan::{HISTORY_ALONE, JOURNAL_ALONE, Plan, Unavailable};
use bpmtop::action::planner::facts::NoFacts;
use bpmtop::action::planner::{self, Asking};
use bpmtop::action::wish::{Asked as Wanted, Wish};
use bpmtop::model::grouping::KnownIncident;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::plant::date;
use crate::scripted::{Asked, Reply, ScriptedEngine};
use crate::{client, engine};

/// Timers of the engine that is asked to call them off.
const TIMERS: usize = 150;

async fn planned(url: &str, what: Wanted) -> Result<Plan, Unavailable> {
    let wish = Arc::new(Wish { about: "the test".to_owned(), what });
    let asking = Asking::of(engine(url), wish, Arc::new(NoFacts));
    planner::plan(&client(url), &asking).await
}

/// The id of something by its number.
fn id(of: &str, number: usize) -> String {
    format!("{of}-{number:03}")
}

fn rows(rows: impl Iterator<Item = Value>) -> Reply {
    Reply::json(Value::from(rows.collect::<Vec<_>>()).to_string())
}

/// Instances 0 to 2, each of its own process. Whatever else is asked for is not there.
fn instances(asked: &Asked) -> Reply {
    let row = |number: usize| json!({"id": id("p", number), "definitionId": format!("process{number}:1:uuid"), "businessKey": null, "suspended": false});
    let path = asked.path().trim_start_matches("/engine-rest");
    match (asked.method.as_str(), path) {
        ("POST", "/process-instance") => rows((0..3).map(row)),
        ("GET", "/process-instance/p-000") => Reply::json(row(0).to_string()),
        ("GET", path) if path.starts_with("/history/process-instance/") || path.starts_with("/process-definition/") => {
            Reply::json(r#"{"type":"InvalidRequestException","message":"gone"}"#).with_status(404)
        }
        ("GET", "/authorization/check") => Reply::json(r#"{"authorized":true}"#),
        ("GET", path) if path.ends_with("/count") => Reply::json(r#"{"count":0}"#),
        _ => who_answers(path).unwrap_or_else(|| rows(std::iter::empty())),
    }
}

/// What tells one engine from another.
fn who_answers(path: &str) -> Option<Reply> {
    (path == "/telemetry/data").then(|| {
        let product = json!({"name": "Camunda BPM Runtime", "version": "7.24.0"});
        Reply::json(json!({"installation": "one", "product": product}).to_string())
    })
}

/// An engine that answers like this when it is asked for rights in its log of operations.
async fn engine_whose_log(answers: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static) -> ScriptedEngine {
    let about_log = |asked: &Asked| asked.target.contains("OPERATION_LOG_CATEGORY") || asked.target.contains("UPDATE_HISTORY");
    let answer = move |asked: &Asked| if about_log(asked) { answers(asked) } else { None };
    ScriptedEngine::start(move |asked| answer(asked).unwrap_or_else(|| instances(asked))).await
}

fn suspension() -> Wanted {
    Wanted::Instances { instances: (0..3).map(|number| id("p", number).as_str().into()).collect(), suspend: true }
}

fn asked_about(server: &ScriptedEngine, what: &str) -> usize {
    server.asked().iter().filter(|asked| asked.target.contains(what)).count()
}

fn refused() -> Reply {
    Reply::json(r#"{"authorized":false}"#)
}

#[tokio::test]
async fn a_right_on_the_category_of_the_log_is_asked_for_once_and_then_nothing_of_its_processes() {
    let server = engine_whose_log(|_| None).await;
    let plan = planned(&server.url(), suspension()).await.expect("a plan");
    assert_eq!((plan.targets.len(), plan.journal_alone()), (3, None));
    assert_eq!((asked_about(&server, "OPERATION_LOG_CATEGORY"), asked_about(&server, "UPDATE_HISTORY")), (1, 0));

    let server = engine_whose_log(|asked| asked.target.contains("OPERATION_LOG_CATEGORY").then(refused)).await;
    let plan = planned(&server.url(), suspension()).await.expect("a plan");
    assert_eq!(plan.journal_alone(), None, "the right on each of the processes suffices");
    assert_eq!((asked_about(&server, "OPERATION_LOG_CATEGORY"), asked_about(&server, "UPDATE_HISTORY")), (1, 3));

    let server = engine_whose_log(|asked| (!asked.target.contains("process1")).then(refused)).await;
    let plan = planned(&server.url(), suspension()).await.expect("a plan");
    assert!(plan.journal_alone().is_some_and(|why| why.starts_with(JOURNAL_ALONE)), "one process is enough to lack it: {:?}", plan.warnings);
}

#[tokio::test]
async fn an_engine_that_cannot_tell_the_rights_in_its_log_keeps_nobody_from_a_plan() {
    let broken = || Reply::json(r#"{"type":"BadUserRequestException","message":"no such resource"}"#).with_status(400);
    let server = engine_whose_log(move |asked| Some(if asked.target.contains("UPDATE_HISTORY") { refused() } else { broken() })).await;
    let plan = planned(&server.url(), suspension()).await.expect("a plan all the same");
    assert!(plan.warnings.iter().any(|warning| warning.text.starts_with("not known: whether the engine's log")), "{:?}", plan.warnings);
    assert_eq!((plan.journal_alone(), plan.is_performable()), (None, Ok(())), "the attempt will show");

    let server = engine_whose_log(move |asked| asked.target.contains("OPERATION_LOG_CATEGORY").then(broken)).await;
    let plan = planned(&server.url(), suspension()).await.expect("a plan");
    assert_eq!(plan.warnings, [], "each process allows it");
}

#[tokio::test]
async fn the_reason_of_a_cancellation_is_said_to_stand_in_the_history_whatever_the_log_takes() {
    let server = engine_whose_log(|_| Some(refused())).await;
    let plan = planned(&server.url(), Wanted::Cancel(vec![id("p", 0).as_str().into()])).await.expect("a plan");
    let why = plan.journal_alone().expect("the log takes none");
    assert!(why.starts_with(HISTORY_ALONE) && !why.contains(JOURNAL_ALONE), "{why}");
}

fn at(number: usize) -> Timestamp {
    "2026-03-01T12:00:00Z".parse::<Timestamp>().expect("a moment") + SignedDuration::from_secs(i64::try_from(number).expect("small"))
}

/// Which job definition a timer is for: one of two, and each of the last fifty has its own.
fn definition_of(timer: usize) -> String {
    id("jd", if timer < 100 { timer % 2 } else { timer })
}

/// An engine with suspensions of job definitions that are to come, one a second.
fn with_timers(asked: &Asked) -> Reply {
    let path = asked.path().trim_start_matches("/engine-rest");
    let job = |number: usize| {
        json!({
            "id": id("t", number), "jobDefinitionId": null, "processInstanceId": null, "processDefinitionId": null, "processDefinitionKey": null,
            "executionId": null, "exceptionMessage": null, "failedActivityId": null, "retries": 3, "dueDate": date(at(number) + SignedDuration::from_hours(5)),
            "suspended": false, "priority": 0, "tenantId": null, "createTime": null,
        })
    };
    let created = |number: usize| json!({"id": id("l", number), "jobId": id("t", number), "timestamp": date(at(number)), "jobRetries": 3});
    let operation = |number: usize| {
        json!({
            "id": id("o", number), "operationType": "SuspendJobDefinition", "timestamp": date(at(number)), "userId": "ann", "entityType": "JobDefinition",
            "processDefinitionId": "payment:2:uuid", "jobDefinitionId": definition_of(number), "property": "suspensionState", "newValue": "suspended",
        })
    };
    match (asked.method.as_str(), path) {
        ("GET", "/history/job-log") if asked.target.contains("suspend-job-definition") => rows((0..TIMERS).map(created)),
        ("GET", "/history/user-operation") => rows((0..TIMERS).map(operation)),
        ("POST", "/job") => rows((0..TIMERS).map(job)),
        ("GET", path) if path.starts_with("/job-definition/") => Reply::json(
            json!({
                "id": path.trim_start_matches("/job-definition/"), "processDefinitionId": "payment:2:uuid", "processDefinitionKey": "payment",
                "jobType": "async-continuation", "suspended": false, "jobConfiguration": "async-before", "activityId": "charge",
                "overridingJobPriority": null, "tenantId": null, "deploymentId": "d",
            })
            .to_string(),
        ),
        _ => instances(asked),
    }
}

#[tokio::test]
async fn calling_timers_off_reads_whom_they_are_for_once_each_and_not_of_what_one_plan_leaves_out() {
    let server = ScriptedEngine::start(with_timers).await;
    let all = (0..TIMERS).map(|number| id("t", number).as_str().into()).collect();
    let plan = planned(&server.url(), Wanted::CallOffTimed(all)).await.expect("a plan");
    assert_eq!((plan.targets.len(), plan.left_out.len()), (100, 50));
    assert!(plan.targets[1].label.contains("payment v2 · charge"), "{}", plan.targets[1].label);
    assert!(plan.left_out[3].label.starts_with("the suspension of job definition jd-103 at 2026-03-01 17:01:43"), "{}", plan.left_out[3].label);
    assert_eq!((asked_about(&server, "/job-definition/jd-000"), asked_about(&server, "/job-definition/jd-001")), (1, 1));
    assert_eq!(asked_about(&server, "/job-definition/"), 2, "what is left out costs nothing");
}

/// An instance that a case called, by an engine that answers questions about cases like this.
async fn below_a_case(answers: impl Fn(&str) -> Reply + Send + Sync + 'static) -> ScriptedEngine {
    ScriptedEngine::start(move |asked| {
        let path = asked.path().trim_start_matches("/engine-rest");
        let own = json!({"id": id("p", 0), "definitionId": "score:1:uuid", "businessKey": "CREDIT-7", "suspended": false, "caseInstanceId": "case-7"});
        match path {
            "/process-instance/p-000" => Reply::json(own.to_string()),
            path if path.starts_with("/case-") || path.starts_with("/history/case-") => answers(path),
            "/history/process-instance/p-000" => {
                let past = json!({"id": id("p", 0), "processDefinitionId": "score:1:uuid", "startTime": "2026-03-01T12:00:00.000+0000",
                    "superCaseInstanceId": "case-7", "caseInstanceId": "case-7", "state": "ACTIVE"});
                Reply::json(past.to_string())
            }
            _ => instances(asked),
        }
    })
    .await
}

#[tokio::test]
async fn a_case_that_cannot_be_read_is_warned_of_all_the_same() {
    let gone = |_: &str| Reply::json(r#"{"type":"NotFoundException","message":"no such resource"}"#).with_status(404);
    let broken = |_: &str| Reply::json(r#"{"type":"ProcessEngineException","message":"Table ACT_RU_CASE_EXECUTION not found"}"#).with_status(500);
    for (server, why) in [(below_a_case(gone).await, "without cases"), (below_a_case(broken).await, "with cases switched off")] {
        let plan = planned(&server.url(), Wanted::Cancel(vec![id("p", 0).as_str().into()])).await.expect("a plan");
        let told: Vec<&str> = plan.levels[0].warnings.iter().map(|warning| warning.text.as_str()).collect();
        assert!(told.iter().any(|text| text.starts_with("the case case-7 keeps waiting for ever")), "{why}: {told:?}");
        assert!(asked_about(&server, "/case-instance") <= 3, "{why}: it is not asked again and again");
    }
}

#[tokio::test]
async fn an_instance_without_a_case_costs_no_question_about_cases() {
    let server = ScriptedEngine::start(instances).await;
    planned(&server.url(), Wanted::Cancel(vec![id("p", 0).as_str().into()])).await.expect("a plan");
    assert_eq!(asked_about(&server, "/case-"), 0, "an engine may have no cases, and says so in its log for every question");
}

/// An engine with one job, and with one open incident that names it or none.
async fn engine_with(job: Value, incident: Value) -> ScriptedEngine {
    ScriptedEngine::start(move |asked| {
        let path = asked.path().trim_start_matches("/engine-rest");
        match (asked.method.as_str(), path) {
            ("POST", "/job") if asked.body.contains(&job["id"].to_string()) => rows(std::iter::once(job.clone())),
            ("POST", "/process-instance") => {
                rows(std::iter::once(json!({"id": "p-000", "definitionId": "process0:1:uuid", "businessKey": "K", "suspended": false})))
            }
            ("GET", "/incident/i1") => Reply::json(incident.to_string()),
            _ => instances(asked),
        }
    })
    .await
}

fn job_row(retries: i64, suspended: bool, exception: Option<&str>, due: Option<&str>) -> Value {
    json!({
        "id": "j1", "jobDefinitionId": null, "processInstanceId": "p-000", "processDefinitionId": "process0:1:uuid", "processDefinitionKey": "process0",
        "executionId": "e", "exceptionMessage": exception, "failedActivityId": null, "retries": retries, "dueDate": due,
        "suspended": suspended, "priority": 0, "tenantId": null, "createTime": null,
    })
}

fn incident_row(kind: &str, configuration: Option<&str>) -> Value {
    json!({
        "id": "i1", "incidentType": kind, "processDefinitionId": "process0:1:uuid", "processInstanceId": "p-000", "executionId": "e", "activityId": "work",
        "failedActivityId": null, "causeIncidentId": "i1", "rootCauseIncidentId": "i1", "configuration": configuration, "incidentMessage": null,
        "tenantId": null, "jobDefinitionId": null, "annotation": null, "incidentTimestamp": "2026-03-01T12:00:00.000+0000",
    })
}

/// What is left out of a retry of this incident, and why.
async fn left_out(job: Value, kind: &str, configuration: Option<&str>) -> String {
    let server = engine_with(job, incident_row(kind, configuration)).await;
    let open = client(&server.url()).incident(&"i1".into()).await.expect("an answer").expect("open").data;
    let plan = planned(&server.url(), Wanted::Retry(vec![KnownIncident::of(open)])).await.expect("a plan");
    assert!(plan.targets.is_empty() && plan.is_performable().is_err());
    plan.left_out.iter().map(|left| left.why.clone()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_job_that_has_attempts_again_and_is_suspended_is_not_said_to_run() {
    let why = left_out(job_row(3, true, Some("no"), None), "failedJob", Some("j1")).await;
    assert!(why.starts_with("it has 3 retries left again, but is SUSPENDED: it does not run until it is resumed"), "{why}");
    let why = left_out(job_row(3, false, Some("no"), Some("2030-03-01T12:00:00.000+0000")), "failedJob", Some("j1")).await;
    assert!(why.contains("waits for its date, 2030-03-01 12:00:00"), "{why}");
    let why = left_out(job_row(3, false, Some("no"), None), "failedJob", Some("j1")).await;
    assert!(why.contains("it runs now"), "{why}");
}

#[tokio::test]
async fn custom_incidents_are_told_as_such_and_never_as_work_that_ran() {
    let job = || job_row(0, false, None, None);
    let why = left_out(job(), "dataQuality", Some("field:iban")).await;
    assert!(why.starts_with("a custom incident: nothing failed") && why.contains("DELETE /incident/{id}"), "{why}");
    let why = left_out(job(), "failedExternalTask", None).await;
    assert!(why.contains("the engine refuses to resolve it"), "{why}");
    let why = left_out(job(), "failedJob", Some("not-a-job")).await;
    assert!(why.contains("no job or external task stands behind it"), "{why}");
}

#[tokio::test]
async fn a_timer_that_never_failed_is_planned_with_its_own_date() {
    let job = job_row(0, false, None, Some("2099-03-01T12:00:00.000+0000"));
    let server = engine_with(job, incident_row("failedJob", Some("j1"))).await;
    let plan = planned(&server.url(), Wanted::RetryItems { jobs: vec!["j1".into()], tasks: Vec::new() }).await.expect("a plan");
    assert!(plan.sentence().contains("due as before, 2099-03-01 12:00:00 UTC"), "{}", plan.sentence());
    assert!(plan.warnings.iter().any(|warning| warning.text == "it never failed: somebody set its attempts to 0"), "{:?}", plan.warnings);
}
