//! The engine's own jobs, which belong to no process instance: what a plan says that running them does, and who may make them run. It
//! follows the job, whatever the way on which it is asked for.

use std::sync::Arc;

use bpmtop::action::plan::{Danger, Plan, Unavailable, Weight};
use bpmtop::action::planner::facts::NoFacts;
use bpmtop::action::planner::{self, Asking};
use bpmtop::action::verb::Role;
use bpmtop::action::wish::{Asked as Wanted, Wish};
use serde_json::{Value, json};

use crate::scripted::{Asked, Reply, ScriptedEngine};
use crate::{client, engine};

/// Two failed jobs of one job definition of this type, of a batch of this kind.
struct Work {
    handler: &'static str,
    batch: Option<&'static str>,
    /// Whether the jobs have a job definition at all.
    defined: bool,
    /// A right that this login lacks.
    lacks: Option<&'static str>,
}

impl Work {
    fn of(handler: &'static str) -> Self {
        Self { handler, batch: None, defined: true, lacks: None }
    }

    fn in_batch(handler: &'static str, kind: &'static str) -> Self {
        Self { batch: Some(kind), ..Self::of(handler) }
    }
}

fn answer(work: &Work, asked: &Asked) -> Reply {
    let path = asked.path().trim_start_matches("/engine-rest");
    let list = |rows: Vec<Value>| Reply::json(Value::from(rows).to_string());
    let job = |id: &str, of: Option<&str>, instance: Option<&str>| {
        json!({
            "id": id, "jobDefinitionId": of, "processInstanceId": instance, "processDefinitionId": instance.map(|_| "payment:2:uuid"),
            "processDefinitionKey": instance.map(|_| "payment"), "executionId": instance, "exceptionMessage": "no", "failedActivityId": null, "retries": 0,
            "dueDate": null, "suspended": false, "priority": 0, "tenantId": null, "createTime": null,
        })
    };
    let definition = work.defined.then_some("work");
    match (asked.method.as_str(), path) {
        ("POST", "/job") => {
            let all = [job("j1", definition, None), job("j2", definition, None), job("ordinary", Some("charge"), Some("p1"))];
            list(all.into_iter().filter(|row| asked.body.contains(&row["id"].to_string())).collect())
        }
        ("GET", "/job/j1") => Reply::json(job("j1", definition, None).to_string()),
        ("GET", "/job-definition/work") => Reply::json(definition_row(work).to_string()),
        ("GET", "/job-definition") => list(vec![definition_row(work)]),
        ("GET", "/batch/b1") if work.batch.is_some() => Reply::json(
            json!({"id": "b1", "type": work.batch, "totalJobs": 5, "jobsCreated": 2, "invocationsPerBatchJob": 1, "batchJobDefinitionId": "work", "suspended": false})
                .to_string(),
        ),
        ("GET", "/history/job-log") if asked.target.contains("jobId=") && !work.defined => {
            let id = if asked.target.contains("jobId=j1") { "j1" } else { "j2" };
            list(vec![json!({"id": "l", "jobId": id, "timestamp": "2026-03-01T12:00:00.000+0000", "jobRetries": 0, "jobDefinitionType": work.handler})])
        }
        ("GET", "/authorization/check") => {
            let lacks = work.lacks.is_some_and(|right| asked.target.contains(&format!("permissionName={right}")));
            Reply::json(json!({"authorized": !lacks}).to_string())
        }
        ("GET", path) if path.ends_with("/count") => Reply::json(r#"{"count":2}"#),
        ("GET", "/telemetry/data") => {
            Reply::json(json!({"installation": "one", "product": {"name": "Camunda BPM Runtime", "version": "7.24.0"}}).to_string())
        }
        ("GET", path) if path.starts_with("/job/") || path.starts_with("/batch/") || path.starts_with("/process-definition/") => {
            Reply::json(r#"{"type":"InvalidRequestException","message":"gone"}"#).with_status(404)
        }
        _ => list(Vec::new()),
    }
}

fn definition_row(work: &Work) -> Value {
    json!({
        "id": "work", "processDefinitionId": null, "processDefinitionKey": null, "jobType": work.handler, "jobConfiguration": work.batch.map(|_| "b1"),
        "activityId": null, "suspended": true, "overridingJobPriority": null, "tenantId": null, "deploymentId": null,
    })
}

async fn planned(work: Work, role: Role, what: Wanted) -> Result<Plan, Unavailable> {
    let server = ScriptedEngine::start(move |asked| answer(&work, asked)).await;
    let wish = Arc::new(Wish { about: "the test".to_owned(), what });
    let asking = Asking { role, ..Asking::of(engine(&server.url()), wish, Arc::new(NoFacts)) };
    planner::plan(&client(&server.url()), &asking).await
}

fn retry(jobs: &[&str]) -> Wanted {
    Wanted::RetryItems { jobs: jobs.iter().map(|id| (*id).into()).collect(), tasks: Vec::new() }
}

fn typed(plan: &Plan) -> Option<String> {
    match plan.danger() {
        Danger::Plain => None,
        Danger::Type { what, .. } => Some(what),
    }
}

#[tokio::test]
async fn a_retry_that_cancels_says_so_and_takes_the_role_and_the_count_of_a_cancellation() {
    let no = planned(Work::in_batch("instance-deletion", "instance-deletion"), Role::Operator, retry(&["j1", "j2"])).await.unwrap_err();
    assert!(no.why.contains("deletes 2 process instances") && no.why.ends_with("takes the role admin; this session has the role operator"), "{}", no.why);
    assert!(no.remedy.contains("role = \"admin\""), "{}", no.remedy);

    let plan = planned(Work::in_batch("instance-deletion", "instance-deletion"), Role::Admin, retry(&["j1", "j2"])).await.expect("a plan");
    let sentence = plan.sentence();
    assert!(sentence.ends_with("Running them deletes 2 process instances; which ones, the engine does not tell."), "{sentence}");
    assert_eq!(plan.targets[0].label, "deletion of process instances, batch b1");
    assert_eq!(typed(&plan).as_deref(), Some("2"), "as many instances as end");
    assert!(plan.warnings.iter().any(|warning| warning.text.contains("2 of 5 jobs failed")), "{:?}", plan.warnings);

    let plan = planned(Work::in_batch("instance-deletion", "instance-deletion"), Role::Admin, retry(&["j1"])).await.expect("a plan");
    assert_eq!(typed(&plan).as_deref(), Some("cancel"));
    assert!(plan.suits(Role::Operator).is_err() && plan.suits(Role::Admin).is_ok(), "and it is asked again when it is performed");
}

#[tokio::test]
async fn the_first_job_of_a_batch_takes_the_role_of_what_its_jobs_will_do() {
    let no = planned(Work::in_batch("batch-seed-job", "instance-deletion"), Role::Operator, retry(&["j1"])).await.unwrap_err();
    assert!(no.why.contains("deletes 3 process instances at most"), "{}", no.why);
    let plan = planned(Work::in_batch("batch-monitor-job", "instance-deletion"), Role::Operator, retry(&["j1"])).await.expect("it changes nothing");
    assert!(plan.sentence().contains("notices whether the batch is finished"), "{}", plan.sentence());
    assert_eq!(typed(&plan), None);
}

#[tokio::test]
async fn no_way_leads_around_the_role_that_a_job_of_the_engine_takes() {
    let ways =
        || [retry(&["j1"]), Wanted::MoveDueDate { job: "j1".into(), due: None }, Wanted::JobDefinitions { definitions: vec!["work".into()], suspend: false }];
    for (number, way) in ways().into_iter().enumerate() {
        let no = planned(Work::in_batch("instance-migration", "instance-migration"), Role::Operator, way).await.unwrap_err();
        assert!(no.why.contains("migrates") && no.why.contains("takes the role admin"), "way {number}: {}", no.why);
    }
    for (number, way) in ways().into_iter().enumerate() {
        let plan =
            planned(Work::in_batch("instance-migration", "instance-migration"), Role::Admin, way).await.unwrap_or_else(|no| panic!("way {number}: {no:?}"));
        assert!(plan.sentence().contains("migrates"), "way {number}: {}", plan.sentence());
        assert!(typed(&plan).is_some(), "way {number}");
    }
}

#[tokio::test]
async fn each_kind_of_work_says_what_running_it_does_and_an_operator_runs_what_operators_may_ask_for() {
    for (handler, does, admin, word) in [
        ("instance-modification", "modifies 1 process instance", true, Some("modify")),
        ("instance-restart", "starts again 1 ended process instance", true, Some("start")),
        ("set-variables", "writes variables of 1 process instance", true, Some("write")),
        ("historic-instance-deletion", "deletes 1 ended process instance from the history", true, Some("delete")),
        ("instance-update-suspension-state", "suspends or resumes 1 process instance", false, Some("suspend")),
        ("set-job-retries", "gives retries to 1 job", false, None),
    ] {
        let found = planned(Work::in_batch(handler, handler), Role::Operator, retry(&["j1"])).await;
        match found {
            Ok(plan) => {
                assert!(!admin && plan.sentence().contains(does), "{handler}: {}", plan.sentence());
                assert_eq!(typed(&plan).as_deref(), word, "{handler}");
            }
            Err(no) => assert!(admin && no.why.contains(does), "{handler}: {}", no.why),
        }
    }
    let no = planned(Work::of("history-cleanup"), Role::Operator, retry(&["j1"])).await.unwrap_err();
    assert!(no.why.contains("history cleanup deletes from the history"), "{}", no.why);
}

#[tokio::test]
async fn what_a_job_without_a_definition_does_is_told_by_its_log_and_what_nobody_tells_takes_the_strictest() {
    let of = |handler| Work { defined: false, ..Work::of(handler) };
    let plan = planned(of("activate-job-definition"), Role::Operator, retry(&["j1"])).await.expect("operators resume job definitions");
    assert!(plan.sentence().contains("Running it RESUMES job definitions"), "{}", plan.sentence());
    assert_eq!(typed(&plan).as_deref(), Some("resume"));
    let no = planned(of("some-day"), Role::Operator, retry(&["j1"])).await.unwrap_err();
    assert!(no.why.contains("work of a kind that bpmtop does not know (some-day)"), "{}", no.why);
    let plan = planned(of("some-day"), Role::Admin, retry(&["j1"])).await.expect("an admin may");
    assert_eq!(typed(&plan).as_deref(), Some("unknown"));
}

#[tokio::test]
async fn the_right_of_the_engine_to_do_the_same_directly_is_asked_for() {
    let work = Work { lacks: Some("DELETE"), ..Work::in_batch("instance-deletion", "instance-deletion") };
    let plan = planned(work, Role::Admin, retry(&["j1"])).await.expect("a plan");
    let stop = plan.warnings.iter().find(|warning| warning.weight == Weight::Stop).expect("it stops there");
    assert!(stop.text.contains("lacks DELETE_INSTANCE on PROCESS_DEFINITION or DELETE on PROCESS_INSTANCE"), "{}", stop.text);
    assert!(plan.is_performable().is_err());
}

#[tokio::test]
async fn the_engine_s_own_jobs_are_not_retried_beside_those_of_instances() {
    let no = planned(Work::in_batch("instance-deletion", "instance-deletion"), Role::Admin, retry(&["j1", "ordinary"])).await.unwrap_err();
    assert!(no.why.contains("1 piece of the engine's own work is among these"), "{}", no.why);
}
