//! The logs of jobs, external tasks and operations: every parameter, and what an entry tells.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bpmtop::engine::{ExternalTaskLogFilter, ExternalTaskLogQuery, JobLogOfExecutions, Order, Page, RequestName};
use bpmtop::model::history::JobEvent;
use serde_json::{Value, json};

use super::bench::{Bench, SOON, date, query};
use super::changes::execution_below;
use super::diagrams::{external, job, person, timer, work};
use super::engine::driver::id_of;
use super::engine::operations::Failure;
use super::filters::{A_SECOND, moment, pages, text};

pub async fn the_job_log_is_filtered_by_what_happened_and_to_which_kind(bench: Bench) -> Result<()> {
    let process = bench.deploy("kinds", [work(), timer()]).await?;
    let (ok, failing) = (bench.driver().start(&process.key, "ok", &json!({"ok": true})).await?, bench.start_failing(&process).await?);
    let ours = format!("processDefinitionId={}", process.id.as_wire());
    bench.driver().await_count(&format!("/job/count?{ours}&timers=true"), SOON, |count| count == 1).await?;
    bench.driver().await_count(&format!("/incident/count?{ours}"), SOON, |count| count == 1).await?;
    bench.driver().cancel_instance(&ok).await?;
    let row = RequestName::JobLogList;
    // Two births and an end of the work, one birth and a removal of the timer, one failure.
    bench.filters(row, &ours, "creationLog", "true", 3).await?;
    bench.filters(row, &ours, "deletionLog", "true", 1).await?;
    bench.filters(row, &ours, "jobDefinitionType", "timer-intermediate-transition", 2).await?;
    let rows = bench.driver().list(&format!("/history/job-log?{ours}&failureLog=true")).await?;
    ensure!(text(&rows[0], "processInstanceId")? == failing.as_wire());
    bench.filters(row, &ours, "jobDefinitionId", text(&rows[0], "jobDefinitionId")?, 4).await
}

pub async fn the_job_log_of_many_jobs_is_read_by_their_executions_newest_first(bench: Bench) -> Result<()> {
    let process = bench.failed("many", 3).await?;
    let ours = format!("processDefinitionId={}", process.id.as_wire());
    let rows = bench.driver().list(&format!("/job?{ours}&sortBy=jobId&sortOrder=asc")).await?;
    let jobs = rows.iter().map(id_of).collect::<Result<Vec<_>>>()?;
    for job in &jobs[..2] {
        bench.driver().repair_job(job).await?;
    }
    bench.driver().await_count(&format!("/history/job-log/count?{ours}&successLog=true"), SOON, |count| count == 2).await?;
    let executions = rows[..2].iter().map(|row| Ok(text(row, "executionId")?.into())).collect::<Result<Vec<_>>>()?;
    let definition = text(&rows[0], "jobDefinitionId")?;
    let mut asked = JobLogOfExecutions { executions, job_definition: None, page: Page::first(100) };
    let plain = bench.client().job_log_of(&asked).await?.data;
    asked.job_definition = Some(definition.into());
    let log = bench.client().job_log_of(&asked).await?.data;
    ensure!(plain == log && log.len() == 6, "{log:?}");
    ensure!(log[..2].iter().all(|entry| entry.event == JobEvent::Succeeded), "the newest first: {log:?}");
    ensure!(log.iter().all(|entry| entry.job.as_wire() != jobs[2] && entry.execution.is_some()), "{log:?}");
    ensure!(log.iter().all(|entry| entry.job_definition.as_ref().is_some_and(|id| id.as_wire() == definition)), "{log:?}");
    let row = RequestName::JobLogByExecutions;
    let read = async |page: &str, body: Value| -> Result<Vec<Value>> {
        Ok(bench.driver().post(&format!("/history/job-log?{page}"), &body).await?.as_array().context("a list")?.clone())
    };
    let of = |more: Value| {
        let mut body = json!({"processDefinitionId": process.id.as_wire(), "sorting": [{"sortBy": "timestamp", "sortOrder": "asc"}]});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    let all = read("maxResults=100", of(json!({}))).await?;
    let mut backwards = read("maxResults=100", of(json!({"sorting": [{"sortBy": "timestamp", "sortOrder": "desc"}]}))).await?;
    backwards.reverse();
    let times = |rows: &[Value]| rows.iter().map(|row| row["timestamp"].to_string()).collect::<Vec<_>>();
    ensure!(times(&all) == times(&backwards) && times(&all).is_sorted(), "{:?}", times(&all));
    bench.prove(row, "sorting");
    ensure!(read("maxResults=100", of(json!({"executionIdIn": [text(&rows[0], "executionId")?]}))).await?.len() == 3 && all.len() == 8);
    bench.prove(row, "executionIdIn");
    ensure!(read("maxResults=100", of(json!({"jobDefinitionId": "none"}))).await?.is_empty());
    bench.prove(row, "jobDefinitionId");
    ensure!(read("maxResults=1", of(json!({}))).await?.len() == 1);
    bench.prove(row, "maxResults");
    ensure!(read("firstResult=1&maxResults=100", of(json!({}))).await?.len() == 7);
    bench.prove(row, "firstResult");
    Ok(())
}

pub async fn the_log_of_external_tasks_is_filtered_by_each_parameter(bench: Bench) -> Result<()> {
    let topic = bench.name("log");
    let process = bench.deploy("log", [external(&topic), person()]).await?;
    let ours = format!("processDefinitionId={}", process.id.as_wire());
    let mut tasks = Vec::new();
    for word in ["done", "failed", "cancelled"] {
        let instance = bench.driver().start(&process.key, word, &json!({})).await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let task = bench.driver().fetch_and_lock("worker", &topic, 1, Duration::from_secs(600)).await?;
        tasks.push((instance, id_of(task.first().context("a task")?)?));
    }
    let [(_, done), (_, failed), (cancelled, removed)] = &tasks[..] else { anyhow::bail!("three tasks") };
    let failure = Failure { message: "no carrier", details: "", retries: 4, retry_after: Duration::from_secs(3_600) };
    bench.driver().complete_external_task(done, "worker").await?;
    bench.driver().fail_external_task(failed, "worker", &failure).await?;
    bench.driver().cancel_instance(cancelled).await?;
    let row = RequestName::ExternalTaskLogList;
    for (mark, leaves) in [("creationLog", 3), ("failureLog", 1), ("successLog", 1), ("deletionLog", 1)] {
        bench.filters(row, &ours, mark, "true", leaves).await?;
    }
    bench.filters(row, &ours, "externalTaskId", failed, 2).await?;
    bench.filters(row, &ours, "processInstanceId", cancelled, 2).await?;
    pages(&bench, row, &format!("externalTaskId={failed}"), "timestamp", "timestamp").await?;
    let read = async |task: &str| -> Result<_> {
        let filter = ExternalTaskLogFilter { task: Some(task.into()), ..ExternalTaskLogFilter::default() };
        Ok(bench.client().external_task_log(&ExternalTaskLogQuery { filter, by_time: Some(Order::Descending), page: Page::first(9) }).await?.data)
    };
    ensure!(read(done).await?[0].event == JobEvent::Succeeded && read(removed).await?[0].event == JobEvent::Deleted);
    let entry = &read(failed).await?[0];
    ensure!(entry.event == JobEvent::Failed && entry.retries.is_none(), "the count from before the failure: {entry:?}");
    ensure!(entry.error_message.as_ref().is_some_and(|text| text.as_wire() == "no carrier"), "{entry:?}");
    ensure!(entry.worker.as_ref().is_some_and(|worker| worker.as_wire() == "worker"), "{entry:?}");
    Ok(())
}

pub async fn the_log_of_operations_is_filtered_by_each_parameter(bench: Bench) -> Result<()> {
    let topic = bench.name("ops");
    let process = bench.deploy("ops", [job("work", "${failing.bean}", "R5/PT1H"), external(&topic)]).await?;
    let booking = bench.deploy("ops-task", [external(&topic)]).await?;
    bench.start_failing(&process).await?;
    let job = bench.job_of(&process).await?;
    bench.driver().start(&booking.key, "x", &json!({})).await?;
    let task = bench.driver().list(&format!("/external-task?topicName={topic}")).await?;
    let (row, job, task) = (bench.driver().get(&format!("/job/{}", job.as_wire())).await?, job.as_wire(), id_of(&task[0])?);
    let user = bench.user("clerk").await?;
    let clerk = bench.driver().logged_in_as(&user, bench.password());
    let definition = text(&row, "jobDefinitionId")?;
    clerk.put(&format!("/job/{job}/retries"), &json!({"retries": 3})).await?;
    clerk.put(&format!("/job/{job}/duedate"), &json!({"duedate": null})).await?;
    clerk.put(&format!("/job-definition/{definition}/suspended"), &json!({"suspended": true})).await?;
    clerk.put(&format!("/external-task/{task}/retries"), &json!({"retries": 3})).await?;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let batch = id_of(&clerk.post("/job/retries", &json!({"retries": 3, "jobIds": ["none"]})).await?)?;
    clerk.put(&format!("/batch/{batch}/suspended"), &json!({"suspended": true})).await?;
    let ours = query(&[("userId", &user)])?;
    let rows = bench.driver().list(&format!("/history/user-operation?{ours}&sortBy=timestamp&sortOrder=asc")).await?;
    ensure!(rows.len() == 8, "{rows:?}");
    let list = RequestName::UserOperationList;
    bench.filters(list, "operationType=SetJobRetries", "userId", &user, 4).await?;
    bench.filters(list, &ours, "jobId", job, 2).await?;
    bench.filters(list, &ours, "jobDefinitionId", definition, 3).await?;
    bench.filters(list, &ours, "externalTaskId", &task, 1).await?;
    bench.filters(list, &ours, "batchId", &batch, 1).await?;
    bench.filters(list, &ours, "processDefinitionId", process.id.as_wire(), 3).await?;
    bench.filters(list, &ours, "operationType", "SetJobRetries", 4).await?;
    bench.filters(list, &ours, "entityType", "JobDefinition", 1).await?;
    bench.filters(list, &ours, "property", "retries", 3).await?;
    let making = rows.iter().find(|row| row["property"] == "nrOfInstances").context("the batch was made")?;
    ensure!(making["batchId"].is_null(), "the operation that makes a batch does not name it");
    bench.filters(list, &ours, "operationId", text(making, "operationId")?, 3).await?;
    let pause = date(moment(making, "timestamp")? - A_SECOND / 50);
    bench.filters(list, &ours, "afterTimestamp", &pause, 4).await?;
    bench.filters(list, &ours, "beforeTimestamp", &pause, 4).await?;
    bench.drop_batch(&batch).await
}

pub async fn a_variable_is_found_by_its_name_and_its_execution(bench: Bench) -> Result<()> {
    let (instance, execution) = execution_below(&bench, "found").await?;
    let (instance, execution) = (instance.as_wire(), execution.as_wire());
    for value in ["a", "b"] {
        bench.driver().put(&format!("/execution/{execution}/localVariables/{value}"), &json!({"value": value})).await?;
    }
    let of = format!("processInstanceIdIn={instance}");
    bench.driver().set_variable(instance, "a", &json!("of the instance")).await?;
    let named = format!("{of}&variableNameLike=_");
    bench.filters(RequestName::VariableList, &named, "executionIdIn", execution, 2).await?;
    bench.filters(RequestName::VariableList, &named, "variableName", "a", 2).await?;
    let found = bench.client().local_variables(&execution.into(), &"a".into()).await?.data;
    ensure!(found.len() == 1 && found[0].value.size() == Some(1), "{found:?}");
    Ok(())
}
