//! The lives of process instances as the history tells them: instances, visits to activities, changes of variables, earlier traces.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bpmtop::engine::{
    CountQuestion, ErrorKind, HistoricActivityFilter, HistoricActivityQuery, HistoricInstanceFilter, HistoricInstanceQuery, InstanceOrder, JobLogFilter,
    JobLogQuery, Order, Page, RequestName, Since, containing,
};
use bpmtop::model::history::{HistoricInstance, InstanceState, JobEvent};
use bpmtop::model::ids::ProcessInstanceId;
use serde_json::json;

use super::bench::{Bench, SOON, date, query, until};
use super::diagrams::{call, call_for_an_hour, names, person};
use super::engine::driver::id_of;
use super::filters::{A_SECOND, by_ids, moment, pages};

async fn one(bench: &Bench, id: &str) -> Result<HistoricInstance> {
    Ok(bench.client().historic_process_instance(&id.into()).await?.context("the history knows it")?.data)
}

pub async fn the_history_of_instances_is_filtered_by_each_parameter(bench: Bench) -> Result<()> {
    let below = bench.deploy("below", [person()]).await?;
    let above = bench.deploy("above", [call(&below.key)]).await?;
    let mut tops = Vec::new();
    for word in ["a_1", "ax1", "b"] {
        tops.push(bench.driver().start(&above.key, &bench.name(word), &json!({})).await?);
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    for top in &tops[..2] {
        bench.driver().cancel_instance(top).await?;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    let ours = format!("processDefinitionKeyIn={},{}", below.key, above.key);
    let second = bench.driver().get(&format!("/history/process-instance/{}", tops[1])).await?;
    let (started, ended) = (moment(&second, "startTime")?, moment(&second, "endTime")?);
    for row in [RequestName::HistoricProcessInstanceCount, RequestName::HistoricProcessInstanceList] {
        bench.filters(row, &ours, "processDefinitionId", above.id.as_wire(), 3).await?;
        bench.filters(row, &ours, "processInstanceBusinessKey", &bench.name("a_1"), 1).await?;
        bench.filters(row, &ours, "processInstanceBusinessKeyLike", &containing("a_1"), 1).await?;
        bench.filters(row, &ours, "superProcessInstanceId", &tops[0], 1).await?;
        bench.filters(row, &ours, "rootProcessInstanceId", &tops[0], 2).await?;
        bench.filters(row, &ours, "unfinished", "true", 2).await?;
        bench.filters(row, &ours, "finished", "true", 4).await?;
        bench.filters(row, &ours, "startedAfter", &date(started - A_SECOND / 2), 4).await?;
        bench.filters(row, &ours, "startedBefore", &date(started - A_SECOND / 2), 2).await?;
        bench.filters(row, &ours, "finishedAfter", &date(ended - A_SECOND / 2), 2).await?;
        bench.filters(row, &ours, "finishedBefore", &date(ended - A_SECOND / 2), 2).await?;
    }
    pages(&bench, RequestName::HistoricProcessInstanceList, &ours, "startTime", "startTime").await?;
    let owner = ("processDefinitionId", above.id.as_wire());
    by_ids(&bench, RequestName::HistoricProcessInstancesByIds, "processInstanceIds", &tops, owner).await
}

pub async fn an_instance_is_known_to_the_history_through_all_its_states(bench: Bench) -> Result<()> {
    let below = bench.deploy("lower", [person()]).await?;
    let above = bench.deploy("upper", [call(&below.key)]).await?;
    let top = bench.driver().start(&above.key, &bench.name("life"), &json!({})).await?;
    let filter = HistoricInstanceFilter { called_by: Some(top.as_str().into()), ..HistoricInstanceFilter::default() };
    let query = HistoricInstanceQuery { filter, order: Some(InstanceOrder::ByStart(Order::Ascending)), page: Page::first(50) };
    let called = bench.client().historic_process_instances(&query).await?.data;
    ensure!(called.len() == 1 && called[0].definition == below.id && called[0].business_key.is_none(), "{called:?}");
    let (top_id, bottom_id) = (ProcessInstanceId::from(top.as_str()), called[0].id.clone());
    ensure!(called[0].caller.as_ref() == Some(&top_id) && called[0].root.as_ref() == Some(&top_id), "{called:?}");
    let running = one(&bench, &top).await?;
    ensure!(running.state == InstanceState::Active && running.ended.is_none() && running.caller.is_none() && !running.is_over(), "{running:?}");
    ensure!(running.root.as_ref() == Some(&top_id) && running.version == Some(1), "{running:?}");
    ensure!(running.process_key.as_ref().is_some_and(|key| key.as_wire() == above.key), "{running:?}");
    ensure!(running.process_name.as_ref().is_some_and(|name| name.as_wire() == format!("Name of {}", above.key)), "{running:?}");
    ensure!(running.business_key.as_ref().is_some_and(|key| key.as_wire() == bench.name("life")), "{running:?}");
    bench.driver().suspend_instance(&top, true).await?;
    ensure!(one(&bench, &top).await?.state == InstanceState::Suspended);
    bench.driver().suspend_instance(&top, false).await?;
    bench.driver().cancel_instance(&top).await?;
    let cancelled = one(&bench, &top).await?;
    ensure!(cancelled.state == InstanceState::ExternallyTerminated && cancelled.is_over() && cancelled.ended.is_some(), "{cancelled:?}");
    let dragged = one(&bench, bottom_id.as_wire()).await?;
    ensure!(dragged.state == InstanceState::ExternallyTerminated && dragged.is_over(), "what it had called ends likewise: {dragged:?}");
    let done = bench.driver().start(&below.key, &bench.name("done"), &json!({})).await?;
    let task = bench.driver().list(&format!("/task?processInstanceId={done}")).await?;
    bench.driver().complete_task(&id_of(task.first().context("a task")?)?, &json!({})).await?;
    ensure!(one(&bench, &done).await?.state == InstanceState::Completed);
    let ids = [top_id, bottom_id, done.as_str().into(), "nothing".into()];
    let read = bench.client().historic_process_instances_by_ids(&ids).await?.data;
    ensure!(read.len() == 3 && read.iter().all(|row| ids.contains(&row.id)), "{read:?}");
    ensure!(bench.client().historic_process_instance(&"nothing".into()).await?.is_none());
    Ok(())
}

pub async fn what_an_interrupted_call_had_called_ended_from_within(bench: Bench) -> Result<()> {
    let below = bench.deploy("inner", [person()]).await?;
    let above = bench.deploy("outer", [call_for_an_hour(&below.key)]).await?;
    let top = bench.driver().start(&above.key, &bench.name("late"), &json!({})).await?;
    let called = bench.driver().list(&format!("/process-instance?superProcessInstance={top}")).await?;
    let called = id_of(called.first().context("it is called")?)?;
    let timer = bench.driver().job_ids(&format!("processInstanceId={top}")).await?;
    bench.driver().post(&format!("/job/{}/execute", timer.first().context("the hour")?), &json!({})).await?;
    let (caller, interrupted) = (one(&bench, &top).await?, one(&bench, &called).await?);
    ensure!(caller.state == InstanceState::Completed && caller.delete_reason.is_none(), "{caller:?}");
    ensure!(interrupted.state == InstanceState::InternallyTerminated && interrupted.is_over(), "{interrupted:?}");
    Ok(())
}

pub async fn a_tree_of_calls_is_told_by_its_root_where_the_engine_can_tell(bench: Bench) -> Result<()> {
    let leaf = bench.deploy("leaf", [person()]).await?;
    let branch = bench.deploy("branch", [call(&leaf.key)]).await?;
    let trunk = bench.deploy("trunk", [call(&branch.key)]).await?;
    let top = bench.driver().start(&trunk.key, &bench.name("tree"), &json!({})).await?;
    let filter = HistoricInstanceFilter { root: Some(top.as_str().into()), ..HistoricInstanceFilter::default() };
    let question = HistoricInstanceQuery { filter, order: None, page: Page::first(50) };
    let tree = bench.client().historic_process_instances(&question).await;
    if bench.has(Since::camunda7(24)) {
        ensure!(tree?.data.len() == 3);
        return Ok(());
    }
    let refused = tree.err().context("an old engine is not asked")?;
    ensure!(refused.kind() == ErrorKind::Unsupported, "{refused}");
    Ok(())
}

pub async fn visits_to_activities_are_filtered_by_each_parameter_and_name_what_was_called(bench: Bench) -> Result<()> {
    let below = bench.deploy("called", [person()]).await?;
    let above = bench.deploy("calling", [call(&below.key)]).await?;
    let mut tops = Vec::new();
    for word in ["first", "second"] {
        tops.push(bench.driver().start(&above.key, word, &json!({})).await?);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bench.driver().cancel_instance(&tops[1]).await?;
    let ours = format!("processDefinitionId={}", above.id.as_wire());
    for row in [RequestName::HistoricActivityCount, RequestName::HistoricActivityList] {
        bench.filters(row, &ours, "processInstanceId", &tops[0], 2).await?;
        bench.filters(row, &ours, "activityType", "callActivity", 2).await?;
        bench.filters(row, &ours, "activityId", "start", 2).await?;
        bench.filters(row, &ours, "unfinished", "true", 1).await?;
        bench.filters(row, &ours, "finished", "true", 3).await?;
    }
    pages(&bench, RequestName::HistoricActivityList, &ours, "startTime", "startTime").await?;
    let calls = |instance: &str| HistoricActivityFilter {
        process_instance: Some(instance.into()),
        kind: Some("callActivity".into()),
        ..HistoricActivityFilter::default()
    };
    for (top, running) in [(&tops[0], true), (&tops[1], false)] {
        ensure!(bench.client().count(&CountQuestion::HistoricActivities(calls(top))).await?.data == 1);
        let query = HistoricActivityQuery { filter: calls(top), by_start: Some(Order::Descending), page: Page::first(5) };
        let visits = bench.client().historic_activities(&query).await?.data;
        let visit = visits.first().context("it called")?;
        let called = one(&bench, visit.called.as_ref().context("it says whom")?.as_wire()).await?;
        ensure!(called.definition == below.id && called.caller.as_ref().is_some_and(|caller| caller.as_wire() == top), "{called:?}");
        ensure!(visit.ended.is_none() == running && visit.canceled != running, "{visit:?}");
        ensure!(visit.name.as_ref().is_some_and(|name| name.as_wire() == "Call") && visit.instance.as_wire() == top, "{visit:?}");
        let filter = HistoricActivityFilter { process_instance: Some(called.id), activity: Some("decide".into()), ..HistoricActivityFilter::default() };
        let query = HistoricActivityQuery { filter, by_start: None, page: Page::first(5) };
        let waits = bench.client().historic_activities(&query).await?.data;
        ensure!(waits.len() == 1 && waits[0].task.is_some() && waits[0].kind.as_wire() == "userTask", "{waits:?}");
    }
    Ok(())
}

pub async fn changes_of_variables_are_filtered_by_each_parameter(bench: Bench) -> Result<()> {
    let list = RequestName::VariableUpdateList;
    let process = bench.deploy("changes", [names(), person()]).await?;
    let path = format!("/process-definition/{}/submit-form", process.id.as_wire());
    let first = id_of(&bench.driver().post(&path, &json!({"variables": {"colour": {"value": "red"}}})).await?)?;
    tokio::time::sleep(Duration::from_millis(20)).await;
    bench.driver().set_variable(&first, "colour", &json!("blue")).await?;
    let ours = format!("processInstanceId={first}");
    // colour twice and the names; what was filled into the form stands there once more, as a field of the form.
    bench.filters(list, &ours, "variableUpdates", "true", 3).await?;
    let updates = format!("{ours}&variableUpdates=true");
    pages(&bench, list, &updates, "time", "time").await?;
    let value = async |deserialize: bool| -> Result<serde_json::Value> {
        let rows = bench.driver().list(&format!("/history/detail?{updates}&deserializeValues={deserialize}")).await?;
        let row = rows.iter().find(|row| row["variableName"] == "names").context("the names are kept")?;
        Ok(row["value"].clone())
    };
    let (whole, serialised) = (value(true).await?, value(false).await?);
    ensure!(whole.is_array() && serialised.is_string(), "{whole} {serialised}");
    bench.prove(list, "deserializeValues");
    let second = bench.driver().start(&process.key, "second", &json!({"colour": "green"})).await?;
    bench.driver().await_count(&format!("/history/detail/count?processInstanceId={second}"), SOON, |count| count == 2).await?;
    bench.filters(list, "variableUpdates=true&maxResults=1000", "processInstanceId", &second, 2).await
}

pub async fn changes_of_variables_are_read_without_their_values(bench: Bench) -> Result<()> {
    let process = bench.deploy("secrets", [names(), person()]).await?;
    let instance = bench.driver().start(&process.key, "secrets", &json!({"password": "hunter2", "amount": 8191.0625})).await?;
    bench.driver().set_variable(&instance, "password", &json!("correct horse")).await?;
    let changes = bench.client().variable_updates(&instance.as_str().into(), Page::first(50), Order::Ascending).await?.data;
    ensure!(changes.is_sorted_by_key(|change| change.at) && changes.len() == 4, "{changes:?}");
    let of = |name: &str| changes.iter().filter(|change| change.name.as_wire() == name).collect::<Vec<_>>();
    let password = of("password");
    ensure!(password.iter().map(|change| (change.revision, change.initial, change.size)).eq([(0, true, Some(7)), (1, false, Some(13))]), "{password:?}");
    ensure!(password.iter().all(|change| change.kind.as_ref().is_some_and(|kind| kind.as_wire() == "String")), "{password:?}");
    ensure!(of("amount")[0].size.is_none() && of("names")[0].size.is_some_and(|size| size > 50), "{changes:?}");
    let shown = format!("{changes:?}");
    ensure!(!shown.contains("hunter2") && !shown.contains("horse") && !shown.contains("8191"), "{shown}");
    // A change names the operation of the user that made it, and that operation does not tell the value either.
    let operation = password[1].operation.as_ref().context("a user did it")?;
    let operations = bench.client().user_operations(&instance.as_str().into(), Page::first(50)).await?.data;
    let told: Vec<_> = operations.iter().filter(|row| row.operation.as_ref() == Some(operation)).collect();
    ensure!(!told.is_empty() && told.iter().all(|row| row.entity.as_ref().is_some_and(|entity| entity.as_wire() == "Variable")), "{operations:?}");
    ensure!(told.iter().all(|row| row.original.is_none() && row.new.is_none()), "{told:?}");
    Ok(())
}

pub async fn the_trace_of_an_earlier_failure_outlives_the_job(bench: Bench) -> Result<()> {
    let process = bench.failed("earlier", 1).await?;
    let job = bench.job_of(&process).await?;
    bench.driver().repair_job(job.as_wire()).await?;
    let filter = JobLogFilter { job: Some(job.clone()), ..JobLogFilter::default() };
    let query = JobLogQuery { filter, by_time: Some(Order::Ascending), page: Page::first(20) };
    let log = until("the success", async || {
        let log = bench.client().job_log(&query).await?.data;
        Ok(log.iter().any(|entry| entry.event == JobEvent::Succeeded).then_some(log))
    })
    .await?;
    ensure!(bench.client().job(&job).await?.is_none(), "the job is done");
    let entry = |event| log.iter().find(|entry| entry.event == event).context("it is in the log");
    let trace = bench.client().job_log_stacktrace(&entry(JobEvent::Failed)?.id).await?.data;
    ensure!(trace.text.as_wire().contains("failing") && trace.text.as_wire().contains("\tat ") && trace.cut_at.is_none(), "{trace:?}");
    ensure!(bench.client().job_log_stacktrace(&entry(JobEvent::Succeeded)?.id).await?.data.text.is_empty(), "a success has no trace");
    let unknown = bench.client().job_log_stacktrace(&"nothing".into()).await.err().context("no such entry")?;
    ensure!(unknown.kind() == ErrorKind::NotFound, "{unknown}");
    Ok(())
}

pub async fn a_pattern_finds_a_message_with_signs_in_it(bench: Bench) -> Result<()> {
    let process = bench.deploy("signs", [person()]).await?;
    let ours = format!("processDefinitionKeyIn={}", process.key);
    let instance = bench.start_failing(&process).await?;
    for message in [r"50% of C:\a_b", r"500 of C:\axb"] {
        bench.driver().create_incident(instance.as_wire(), "review", message).await?;
    }
    bench.driver().await_count(&format!("/incident/count?{ours}"), SOON, |count| count == 2).await?;
    for (part, found) in [("50%", 1), ("a_b", 1), (r"C:\a", 2), ("C:", 2), ("%", 1), ("nowhere", 0)] {
        let pattern = query(&[("incidentMessageLike", &containing(part))])?;
        for path in ["/incident/count", "/history/incident/count"] {
            let count = bench.driver().count(&format!("{path}?{ours}&{pattern}")).await?;
            ensure!(count == found, "{part} is in {count} messages of {path}");
        }
    }
    Ok(())
}
