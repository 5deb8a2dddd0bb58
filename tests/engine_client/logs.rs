//! Reading what became of things: the logs of jobs, external tasks and operations, batches, and single definitions.

use bpmtop::engine::{
    ExternalTaskLogFilter, ExternalTaskLogQuery, JobDefinitionFilter, JobLogOfExecutions, Order, Page, Problem, UserOperationFilter, UserOperationQuery,
};
use bpmtop::model::history::JobEvent;

use super::scripted::{Asked, Reply, ScriptedEngine};
use super::{calm_engine, client};

fn of_executions(executions: &[&str]) -> JobLogOfExecutions {
    let executions = executions.iter().map(|id| (*id).into()).collect();
    JobLogOfExecutions { executions, job_definition: Some("jd".into()), page: Page::first(9) }
}

#[tokio::test]
async fn every_log_with_every_filter_stays_within_the_catalogue() {
    let engine = calm_engine().await;
    let client = client(&engine);
    let time = Some("2025-01-01T00:00:00Z".parse().expect("a moment"));
    let operations = UserOperationFilter {
        process_instance: Some("p".into()),
        process_definition: Some("d".into()),
        job: Some("j".into()),
        job_definition: Some("jd".into()),
        external_task: Some("e".into()),
        batch: Some("b".into()),
        operation: Some("o".into()),
        user: Some("ann".into()),
        kind: Some("SetJobRetries".into()),
        entity: Some("Job".into()),
        property: Some("retries".into()),
        after: time,
        before: time,
    };
    client.user_operations_where(&UserOperationQuery { filter: operations, page: Page::first(5) }).await.expect("an answer");
    let tasks =
        ExternalTaskLogFilter { task: Some("e".into()), process_instance: Some("p".into()), created: true, failed: true, succeeded: true, deleted: true };
    client.external_task_log(&ExternalTaskLogQuery { filter: tasks, by_time: Some(Order::Ascending), page: Page::first(5) }).await.expect("an answer");
    client.job_log_of(&of_executions(&["x", "y"])).await.expect("an answer");
    let definitions = JobDefinitionFilter { process_definition: Some("d".into()), suspended: true };
    client.job_definitions_where(&definitions, Page::first(5)).await.expect("an answer");
    client.local_variables(&"x".into(), &"iban".into()).await.expect("an answer");
    let asked: Vec<String> = engine.asked().into_iter().map(|asked| format!("{} {} {}", asked.method, asked.target, asked.body)).collect();
    insta::assert_snapshot!("every_log_on_the_wire", asked.join("\n").replace("%3A00%3A00.000%2B0000", "…"));
}

#[tokio::test]
async fn entries_of_executions_nobody_asked_for_betray_an_ignored_filter() {
    let entry =
        |execution: &str| format!(r#"[{{"id":"l","jobId":"j","timestamp":"2025-01-01T00:00:00.000+0000","executionId":{execution},"successLog":true}}]"#);
    for (execution, right) in [(r#""x""#, true), (r#""z""#, false), ("null", false)] {
        let engine = ScriptedEngine::always(Reply::json(entry(execution))).await;
        let answer = client(&engine).job_log_of(&of_executions(&["x", "y"])).await;
        match answer {
            Ok(answer) => assert!(right && answer.data[0].event == JobEvent::Succeeded, "{answer:?}"),
            Err(error) => assert!(!right && matches!(error.problem(), Problem::FilterIgnored { what: "executionIdIn" }), "{error}"),
        }
    }
}

#[tokio::test]
async fn no_executions_are_answered_without_asking() {
    let engine = calm_engine().await;
    assert!(client(&engine).job_log_of(&of_executions(&[])).await.expect("an answer").data.is_empty());
    assert_eq!(engine.asked().len(), 0);
}

#[tokio::test]
async fn single_definitions_and_batches_are_read_or_gone() {
    let engine = ScriptedEngine::start(|asked: &Asked| match asked.path().trim_start_matches("/engine-rest") {
        "/batch/b" => Reply::json(r#"{"id":"b","type":"set-job-retries","totalJobs":3,"jobsCreated":2,"batchJobDefinitionId":"jd","suspended":true}"#),
        "/history/batch/b" => Reply::json(r#"{"id":"b","totalJobs":3,"startTime":"2025-01-01T00:00:00.000+0000"}"#),
        "/job-definition/jd" => Reply::json(r#"{"id":"jd","jobType":"message","suspended":true}"#),
        "/process-definition/d" => Reply::json(r#"{"id":"d","key":"k","version":1,"suspended":true,"deploymentId":"x"}"#),
        _ => Reply::json(r#"{"type":"InvalidRequestException","message":"gone"}"#).with_status(404),
    })
    .await;
    let client = client(&engine);
    let batch = client.batch(&"b".into()).await.expect("an answer").expect("a batch").data;
    assert_eq!((batch.jobs, batch.jobs_made, batch.suspended), (3, 2, true));
    let past = client.historic_batch(&"b".into()).await.expect("an answer").expect("a batch").data;
    assert_eq!((past.jobs, past.started.is_some(), past.ended), (3, true, None));
    assert!(client.job_definition(&"jd".into()).await.expect("an answer").expect("a definition").data.suspended);
    assert_eq!(client.process_definition(&"d".into()).await.expect("an answer").expect("a definition").data.key, "k".into());
    assert!(client.batch(&"x".into()).await.expect("no error").is_none());
    assert!(client.historic_batch(&"x".into()).await.expect("no error").is_none());
    assert!(client.job_definition(&"x".into()).await.expect("no error").is_none());
    assert!(client.process_definition(&"x".into()).await.expect("no error").is_none());
}
