//! Every parameter of the catalogue, proved to make the difference it promises: an engine ignores filters it does not know.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bpmtop::engine::{CountQuestion, RequestName};
use serde_json::{Value, json};

use super::bench::{Bench, Deployed, SOON, date, query, until};
use super::diagrams::{self, call, external, job, people, person, slow, timer, work};
use super::engine::driver::id_of;
use super::external::locked;

pub(super) fn text<'a>(row: &'a Value, field: &str) -> Result<&'a str> {
    row[field].as_str().with_context(|| format!("no {field} in {row}"))
}

pub(super) fn moment(row: &Value, field: &str) -> Result<jiff::Timestamp> {
    let text = text(row, field)?;
    text.parse().or_else(|_| jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text)?.to_timestamp()).context("a moment")
}

pub(super) const A_SECOND: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);

pub async fn incidents_are_filtered_by_each_parameter(bench: Bench) -> Result<()> {
    let bottom = bench.deploy("bottom", [work()]).await?;
    let top = bench.deploy("top", [call(&bottom.key)]).await?;
    bench.start_failing(&top).await?;
    let keys = format!("{},{}", bottom.key, top.key);
    let ours = format!("processDefinitionKeyIn={keys}");
    bench.driver().await_count(&format!("/incident/count?{ours}"), SOON, |count| count == 2).await?;
    bench.start_failing(&bottom).await?;
    bench.driver().await_count(&format!("/incident/count?{ours}"), SOON, |count| count == 3).await?;
    let rows = bench.driver().list(&format!("/incident?{ours}")).await?;
    let blocked = rows.iter().find(|row| row["id"] != row["rootCauseIncidentId"]).context("one is blocked")?;
    let root = rows.iter().find(|row| row["id"] == blocked["rootCauseIncidentId"]).context("by a root")?;
    let last = rows.iter().find(|row| row["id"] != blocked["id"] && row["id"] != root["id"]).context("and one stands alone")?;
    bench.driver().create_incident(text(last, "processInstanceId")?, "review", "look").await?;
    let middle = date(moment(last, "incidentTimestamp")?);
    for row in [RequestName::IncidentCount, RequestName::IncidentList] {
        bench.filters(row, "", "processDefinitionKeyIn", &keys, 4).await?;
        bench.filters(row, &ours, "incidentType", "review", 1).await?;
        bench.filters(row, &ours, "processDefinitionId", top.id.as_wire(), 1).await?;
        bench.filters(row, &ours, "processInstanceId", text(root, "processInstanceId")?, 1).await?;
        bench.filters(row, &ours, "configuration", text(root, "configuration")?, 1).await?;
        bench.filters(row, &ours, "rootCauseIncidentId", text(root, "id")?, 2).await?;
        bench.filters(row, &ours, "activityId", "call", 1).await?;
        bench.filters(row, &ours, "incidentMessageLike", "%loo_", 1).await?;
        bench.filters(row, &ours, "incidentTimestampBefore", &middle, 2).await?;
        bench.filters(row, &ours, "incidentTimestampAfter", &middle, 1).await?;
    }
    pages(&bench, RequestName::IncidentList, &ours, "incidentId", "id").await
}

/// Proves the four parameters of paging: skipped, bounded, sorted, both ways.
pub(super) async fn pages(bench: &Bench, row: RequestName, base: &str, sort: &str, field: &str) -> Result<()> {
    let path = bpmtop::engine::catalogue::endpoint(row).path;
    let list = async |order: &str, page: &str| -> Result<Vec<Value>> {
        let rows = bench.driver().list(&format!("{path}?{base}&sortBy={sort}&sortOrder={order}&{page}")).await?;
        Ok(rows.into_iter().map(|row| row[field].clone()).collect())
    };
    let all = list("asc", "maxResults=1000").await?;
    ensure!(all.len() >= 2, "{row:?} needs two rows to prove its pages");
    ensure!(list("asc", "maxResults=1").await? == all[..1], "{row:?} ignores maxResults");
    bench.prove(row, "maxResults");
    ensure!(list("asc", "firstResult=1&maxResults=1000").await? == all[1..], "{row:?} ignores firstResult");
    bench.prove(row, "firstResult");
    let mut backwards = list("desc", "maxResults=1000").await?;
    backwards.reverse();
    ensure!(backwards == all && all[0] != all[all.len() - 1], "{row:?} ignores sortOrder: {all:?} {backwards:?}");
    bench.prove(row, "sortOrder");
    ensure!(all.is_sorted_by_key(|value| value.to_string()), "{row:?} ignores sortBy: {all:?}");
    bench.prove(row, "sortBy");
    Ok(())
}

/// Both ways to ask for jobs by a query.
const JOBS: [RequestName; 2] = [RequestName::JobCount, RequestName::JobList];

pub async fn jobs_are_filtered_by_each_mark(bench: Bench) -> Result<()> {
    let key = bench.name("marks");
    let wait = |word: &str| format!("{key}-{word}");
    for (word, steps) in [
        ("failed", vec![work()]),
        ("retrying", vec![job("work", "${failing.bean}", "R5/PT1H")]),
        ("timer", vec![timer()]),
        ("suspended", vec![job("work", "${true}", "R1/PT0S")]),
    ] {
        let process = bench.deploy_xml(&wait(word), &diagrams::process(&wait(word), steps), None).await?;
        if word == "suspended" {
            bench.driver().suspend_job_definitions(&process.key, true, true).await?;
        }
        bench.start_failing(&process).await?;
    }
    let of = |word: &str| format!("processDefinitionKey={}", wait(word));
    bench.driver().await_count(&format!("/job/count?{}&noRetriesLeft=true", of("failed")), SOON, |count| count == 1).await?;
    bench.driver().await_count(&format!("/job/count?{}&withException=true", of("retrying")), SOON, |count| count == 1).await?;
    for (word, mark) in [
        ("timer", "withException"),
        ("failed", "withRetriesLeft"),
        ("timer", "noRetriesLeft"),
        ("timer", "executable"),
        ("suspended", "active"),
        ("timer", "suspended"),
        ("failed", "timers"),
        ("timer", "messages"),
    ] {
        for row in JOBS {
            bench.filters(row, &of(word), mark, "true", 0).await?;
        }
    }
    for (word, mark) in
        [("failed", "withException"), ("timer", "withRetriesLeft"), ("suspended", "executable"), ("suspended", "suspended"), ("timer", "timers")]
    {
        ensure!(bench.driver().count(&format!("/job/count?{}&{mark}=true", of(word))).await? == 1, "{word} bears {mark}");
    }
    Ok(())
}

pub async fn jobs_are_filtered_by_each_owner_and_time(bench: Bench) -> Result<()> {
    let process = bench.failed("owners", 2).await?;
    let key = format!("processDefinitionKey={}", process.key);
    let again = bench.deploy_xml(&process.key, &diagrams::process(&process.key, [timer(), person()]), None).await?;
    bench.start_failing(&again).await?;
    let rows = bench.driver().list(&format!("/job?processDefinitionId={}", process.id.as_wire())).await?;
    let created = moment(&rows[0], "createTime")?;
    for row in JOBS {
        bench.filters(row, &key, "processDefinitionId", process.id.as_wire(), 2).await?;
        bench.filters(row, &key, "jobDefinitionId", text(&rows[0], "jobDefinitionId")?, 2).await?;
        bench.filters(row, &key, "processInstanceId", text(&rows[0], "processInstanceId")?, 1).await?;
        bench.filters(row, &key, "createTimes", &format!("gt_{}", date(created + A_SECOND * 3_600)), 0).await?;
    }
    let timers = bench.driver().list(&format!("/job?processDefinitionId={}&timers=true", again.id.as_wire())).await?;
    let due = moment(&timers[0], "dueDate")?;
    for row in JOBS {
        bench.filters(row, &key, "dueDates", &format!("gt_{}", date(due - A_SECOND)), 1).await?;
    }
    pages(&bench, RequestName::JobList, &key, "jobId", "id").await?;
    let window = format!("gt_{},lt_{}", date(created - A_SECOND), date(created + A_SECOND * 3_600));
    let both = bench.driver().count(&format!("/job/count?{key}&{}", query(&[("createTimes", &window)])?)).await?;
    ensure!(both >= 1, "a window holds what was created in it");
    let wait = bench.deploy("idle", [slow(), timer()]).await?;
    bench.driver().start(&wait.key, "idle", &json!({"latencyMillis": 0})).await?;
    let key = format!("processDefinitionKey={}", wait.key);
    bench.driver().await_count(&format!("/job/count?{key}&timers=true"), SOON, |count| count == 1).await?;
    for row in JOBS {
        bench.filters(row, &key, "acquired", "true", 0).await?;
    }
    Ok(())
}

/// Proves that a body names rows, and that pages bound them.
pub(super) async fn by_ids(bench: &Bench, row: RequestName, field: &'static str, ids: &[String], owner: (&str, &str)) -> Result<()> {
    let path = bpmtop::engine::catalogue::endpoint(row).path;
    let read = async |page: &str, body: Value| -> Result<usize> {
        let rows = bench.driver().post(&format!("{path}?{page}"), &body).await?;
        Ok(rows.as_array().context("a list")?.len())
    };
    let all = json!({owner.0: owner.1});
    ensure!(read("maxResults=100", all.clone()).await? == ids.len(), "{row:?} gives all");
    ensure!(read("maxResults=100", json!({owner.0: owner.1, field: [ids[0]]})).await? == 1, "{row:?} ignores {field}");
    bench.prove(row, field);
    ensure!(read("maxResults=1", all.clone()).await? == 1, "{row:?} ignores maxResults");
    bench.prove(row, "maxResults");
    ensure!(read("firstResult=1&maxResults=100", all).await? == ids.len() - 1, "{row:?} ignores firstResult");
    bench.prove(row, "firstResult");
    Ok(())
}

pub async fn lists_by_ids_give_those_ids(bench: Bench) -> Result<()> {
    let process = bench.failed("ids", 3).await?;
    let owner = ("processDefinitionId", process.id.as_wire());
    let of = format!("processDefinitionId={}", process.id.as_wire());
    by_ids(&bench, RequestName::JobsByIds, "jobIds", &bench.driver().job_ids(&of).await?, owner).await?;
    let ids = |rows: Vec<Value>| rows.iter().map(id_of).collect::<Result<Vec<_>>>();
    let instances = ids(bench.driver().list(&format!("/process-instance?{of}")).await?)?;
    by_ids(&bench, RequestName::ProcessInstancesByIds, "processInstanceIds", &instances, owner).await?;
    let booking = bench.deploy("bookings", [external(&bench.name("bookings"))]).await?;
    for _ in 0..3 {
        bench.driver().start(&booking.key, "booking", &json!({})).await?;
    }
    let tasks = ids(bench.driver().list(&format!("/external-task?processDefinitionId={}", booking.id.as_wire())).await?)?;
    by_ids(&bench, RequestName::ExternalTasksByIds, "externalTaskIdIn", &tasks, ("processDefinitionId", booking.id.as_wire())).await
}

pub async fn external_tasks_are_filtered_by_each_parameter(bench: Bench) -> Result<()> {
    let (process, task) = locked(&bench, "tasks", Duration::from_secs(600)).await?;
    let failed = bench.driver().start(&process.key, "failed", &json!({})).await?;
    let other = bench.driver().fetch_and_lock("other", &bench.name("tasks"), 1, Duration::from_secs(3_600)).await?;
    let other = id_of(other.first().context("the second can be locked")?)?;
    bench.driver().retry_external_task(&other, 0).await?;
    let suspended = bench.driver().start(&process.key, "suspended", &json!({})).await?;
    bench.driver().suspend_instance(&suspended, true).await?;
    // Something else, so that no filter can be ignored unnoticed.
    let stray = bench.deploy("stray", [external(&bench.name("stray"))]).await?;
    bench.driver().start(&stray.key, "stray", &json!({})).await?;
    let topic = format!("topicName={}", bench.name("tasks"));
    let row = bench.driver().get(&format!("/external-task/{}", task.as_wire())).await?;
    let between = date(moment(&row, "lockExpirationTime")? + A_SECOND * 60);
    for row in [RequestName::ExternalTaskCount, RequestName::ExternalTaskList] {
        bench.filters(row, "", "processDefinitionId", process.id.as_wire(), 3).await?;
        bench.filters(row, "", "topicName", &bench.name("tasks"), 3).await?;
        bench.filters(row, &topic, "processInstanceId", &failed, 1).await?;
        for (mark, leaves) in [("locked", 2), ("notLocked", 1), ("withRetriesLeft", 2), ("noRetriesLeft", 1), ("active", 2), ("suspended", 1)] {
            bench.filters(row, &topic, mark, "true", leaves).await?;
        }
        bench.filters(row, &topic, "lockExpirationBefore", &between, 1).await?;
        bench.filters(row, &topic, "lockExpirationAfter", &between, 1).await?;
    }
    pages(&bench, RequestName::ExternalTaskList, &topic, "id", "id").await
}

/// Both ways to ask for process instances by a query.
const INSTANCES: [RequestName; 2] = [RequestName::ProcessInstanceCount, RequestName::ProcessInstanceList];

pub async fn process_instances_are_filtered_by_each_parameter(bench: Bench) -> Result<()> {
    let process = bench.failed("instances", 2).await?;
    let again = bench.deploy_xml(&process.key, &diagrams::process(&process.key, [person()]), None).await?;
    let asleep = bench.driver().start(&again.key, &bench.name("asleep"), &json!({})).await?;
    bench.driver().suspend_instance(&asleep, true).await?;
    // Something else, so that no filter can be ignored unnoticed.
    let stray = bench.deploy("stray", [person()]).await?;
    bench.start_failing(&stray).await?;
    let ours = format!("processDefinitionKey={}", process.key);
    for row in INSTANCES {
        bench.filters(row, "", "processDefinitionKey", &process.key, 3).await?;
        bench.filters(row, &ours, "processDefinitionId", process.id.as_wire(), 2).await?;
        bench.filters(row, &ours, "suspended", "true", 1).await?;
        bench.filters(row, &ours, "withIncident", "true", 2).await?;
        bench.filters(row, &ours, "businessKey", &bench.name("business"), 2).await?;
        bench.filters(row, &ours, "businessKeyLike", "%asleep", 1).await?;
        bench.filters(row, &ours, "activityIdIn", "work", 2).await?;
    }
    pages(&bench, RequestName::ProcessInstanceList, &ours, "instanceId", "id").await
}

pub async fn process_instances_are_filtered_by_who_calls_whom(bench: Bench) -> Result<()> {
    let bottom = bench.deploy("bottom", [person()]).await?;
    let top = bench.deploy("top", [call(&bottom.key)]).await?;
    let caller = bench.driver().start(&top.key, "caller", &json!({})).await?;
    for process in [&top, &bottom] {
        bench.driver().start(&process.key, "other", &json!({})).await?;
    }
    let called = bench.driver().list(&format!("/process-instance?superProcessInstance={caller}")).await?;
    let called = id_of(called.first().context("it calls one")?)?;
    let (above, below) = (format!("processDefinitionKey={}", top.key), format!("processDefinitionKey={}", bottom.key));
    for row in INSTANCES {
        bench.filters(row, &below, "superProcessInstance", &caller, 1).await?;
        bench.filters(row, &above, "subProcessInstance", &called, 1).await?;
        bench.filters(row, &below, "rootProcessInstances", "true", 1).await?;
        bench.filters(row, &below, "rootProcessInstanceId", &caller, 1).await?;
    }
    Ok(())
}

pub async fn what_an_instance_holds_is_filtered_by_its_instance(bench: Bench) -> Result<()> {
    let process = bench.deploy("holds", [people(2)]).await?;
    let (mut instances, name) = (Vec::new(), bench.name("name"));
    for _ in 0..2 {
        instances.push(bench.driver().start(&process.key, "holds", &json!({format!("{name}-a"): 1, format!("{name}-b"): 2})).await?);
    }
    let key = format!("processDefinitionKey={}", process.key);
    let tasks = RequestName::UserTaskList;
    bench.filters(tasks, &key, "processInstanceId", &instances[0], 2).await?;
    pages(&bench, tasks, &format!("processInstanceId={}", instances[0]), "id", "id").await?;
    // Somebody else's task, so that the filter cannot be ignored unnoticed.
    let stray = bench.deploy("holds-stray", [person()]).await?;
    bench.start_failing(&stray).await?;
    bench.filters(RequestName::UserTaskCount, "", "processDefinitionId", process.id.as_wire(), 4).await?;
    let counted = CountQuestion::UserTasks { process_definition: process.id.clone() };
    ensure!(bench.client().count(&counted).await?.data == 4);
    let all = bench.driver().count(&format!("/execution/count?{key}")).await?;
    bench.filters(RequestName::ExecutionCount, &key, "processInstanceId", &instances[0], all / 2).await?;
    let named = format!("variableNameLike={name}%25");
    bench.filters(RequestName::VariableList, &named, "processInstanceIdIn", &instances[0], 2).await?;
    pages(&bench, RequestName::VariableList, &format!("{named}&processInstanceIdIn={}", instances[0]), "variableName", "name").await
}

pub async fn definitions_are_filtered_by_each_parameter(bench: Bench) -> Result<()> {
    let process = bench.deploy("latest", [work()]).await?;
    let again = bench.deploy_xml(&process.key, &diagrams::process(&process.key, [work(), person()]), None).await?;
    let key = format!("key={}", process.key);
    for row in [RequestName::ProcessDefinitionCount, RequestName::ProcessDefinitionList] {
        bench.filters(row, &key, "latestVersion", "true", 1).await?;
    }
    pages(&bench, RequestName::ProcessDefinitionList, &key, "version", "version").await?;
    let ours = format!("processDefinitionKey={}", process.key);
    let list = RequestName::JobDefinitionList;
    bench.filters(list, &ours, "processDefinitionId", again.id.as_wire(), 1).await?;
    pages(&bench, list, &ours, "jobDefinitionId", "id").await?;
    let body = json!({"processDefinitionId": process.id.as_wire(), "suspended": true});
    bench.driver().put("/job-definition/suspended", &body).await?;
    bench.filters(list, &ours, "suspended", "true", 1).await
}

pub async fn deployments_are_paged_in_order_of_time(bench: Bench) -> Result<()> {
    let key = bench.name("deployments");
    for steps in [vec![work()], vec![work(), person()]] {
        bench.deploy_xml(&key, &diagrams::process(&key, steps), None).await?;
    }
    let ours = format!("nameLike=%25{key}%25");
    pages(&bench, RequestName::DeploymentList, &ours, "deploymentTime", "deploymentTime").await
}

pub async fn statistics_hold_what_was_asked_for(bench: Bench) -> Result<()> {
    let process = bench.failed("statistics", 2).await?;
    let of = async |query: &str| -> Result<Value> {
        let rows = bench.driver().get(&format!("/process-definition/statistics?{query}")).await?;
        let row = rows.as_array().context("a list")?.iter().find(|row| row["definition"]["id"] == process.id.as_wire()).cloned();
        row.context("every definition has a row")
    };
    ensure!(of("").await?["failedJobs"] == 0 && of("failedJobs=true").await?["failedJobs"] == 2);
    bench.prove(RequestName::ProcessStatistics, "failedJobs");
    ensure!(of("").await?["incidents"] == json!([]));
    ensure!(of("rootIncidents=true").await?["incidents"] == json!([{"incidentType": "failedJob", "incidentCount": 2}]));
    bench.prove(RequestName::ProcessStatistics, "rootIncidents");
    Ok(())
}

pub async fn the_history_of_incidents_is_filtered_by_each_parameter(bench: Bench) -> Result<()> {
    let process = bench.failed("history", 1).await?;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let again = bench.deploy_xml(&process.key, &diagrams::process(&process.key, [work()]), None).await?;
    bench.start_failing(&again).await?;
    let ours = format!("processDefinitionKey={}", process.key);
    bench.driver().await_count(&format!("/history/incident/count?{ours}"), SOON, |count| count == 2).await?;
    bench.driver().repair_jobs(&format!("processDefinitionId={}", again.id.as_wire())).await?;
    bench.driver().await_count(&format!("/history/incident/count?{ours}&open=true"), SOON, |count| count == 1).await?;
    let rows = bench.driver().list(&format!("/history/incident?{ours}&sortBy=createTime&sortOrder=asc")).await?;
    let (created, ended) = (moment(&rows[1], "createTime")?, moment(&rows[1], "endTime")?);
    for row in [RequestName::HistoricIncidentCount, RequestName::HistoricIncidentList] {
        bench.filters(row, &ours, "processDefinitionId", process.id.as_wire(), 1).await?;
        bench.filters(row, &ours, "processInstanceId", text(&rows[0], "processInstanceId")?, 1).await?;
        bench.filters(row, &ours, "configuration", text(&rows[0], "configuration")?, 1).await?;
        bench.filters(row, &ours, "createTimeAfter", &date(created - A_SECOND / 2), 1).await?;
        bench.filters(row, &ours, "createTimeBefore", &date(created - A_SECOND / 2), 1).await?;
        bench.filters(row, &ours, "endTimeAfter", &date(ended - A_SECOND), 1).await?;
        bench.filters(row, &ours, "endTimeBefore", &date(ended + A_SECOND), 1).await?;
        bench.filters(row, &ours, "open", "true", 1).await?;
    }
    pages(&bench, RequestName::HistoricIncidentList, &ours, "createTime", "createTime").await
}

pub async fn the_history_of_incidents_is_filtered_by_each_part_of_a_group(bench: Bench) -> Result<()> {
    let process = bench.deploy("group", [work()]).await?;
    let other = bench.deploy("other", [job("else", "${failing}", "R1/PT0S")]).await?;
    for process in [&process, &other] {
        bench.start_failing(process).await?;
    }
    let key = bench.name("leased");
    let leased = bench.deploy_xml(&key, &diagrams::process(&key, [work()]), Some("acme")).await?;
    bench.driver().start_for_tenant(&key, "acme", &bench.name("leased"), &json!({"ok": false})).await?;
    // A chain of filters that are known to work, so that what is proved is one parameter at a time.
    let ids = [&process, &other, &leased].map(|process| process.key.clone()).join(",");
    let all = format!("processDefinitionKeyIn={ids}");
    bench.driver().await_count(&format!("/incident/count?{all}"), SOON, |count| count == 3).await?;
    let instance = bench.driver().list(&format!("/incident?processDefinitionId={}", other.id.as_wire())).await?;
    bench.driver().create_incident(text(&instance[0], "processInstanceId")?, "review", "look").await?;
    for row in [RequestName::HistoricIncidentCount, RequestName::HistoricIncidentList] {
        bench.filters(row, "", "processDefinitionKeyIn", &ids, 4).await?;
        bench.filters(row, &all, "activityId", "else", 2).await?;
        bench.filters(row, &all, "incidentType", "review", 1).await?;
        bench.filters(row, &all, "tenantIdIn", "acme", 1).await?;
        bench.filters(row, &all, "incidentId", text(&instance[0], "id")?, 1).await?;
        bench.filters(row, &all, "rootCauseIncidentId", text(&instance[0], "id")?, 1).await?;
        bench.filters(row, &all, "incidentMessageLike", "%loo_", 1).await?;
    }
    Ok(())
}

pub async fn the_history_of_instances_is_filtered_by_each_bound_and_both_are_inclusive(bench: Bench) -> Result<()> {
    let count = RequestName::HistoricProcessInstanceCount;
    let process = bench.deploy("lives", [person()]).await?;
    let first = bench.start_failing(&process).await?;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let second = bench.start_failing(&process).await?;
    for instance in [&first, &second] {
        bench.driver().cancel_instance(instance.as_wire()).await?;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    let ours = format!("processDefinitionKey={}", process.key);
    let rows = bench.driver().list(&format!("/history/process-instance?{ours}&sortBy=startTime&sortOrder=asc")).await?;
    let (early, late) = (&rows[0], &rows[1]);
    bench.filters(count, &ours, "startedAfter", &date(moment(late, "startTime")?), 1).await?;
    bench.filters(count, &ours, "startedBefore", &date(moment(early, "startTime")?), 1).await?;
    bench.filters(count, &ours, "finishedAfter", &date(moment(late, "endTime")?), 1).await?;
    bench.filters(count, &ours, "finishedBefore", &date(moment(early, "endTime")?), 1).await
}

pub async fn operations_of_users_are_filtered_by_their_instance(bench: Bench) -> Result<()> {
    let process = bench.deploy("operations", [work(), person()]).await?;
    let (first, second) = (bench.start_failing(&process).await?, bench.start_failing(&process).await?);
    for instance in [&first, &second] {
        bench.driver().suspend_instance(instance.as_wire(), true).await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
        bench.driver().suspend_instance(instance.as_wire(), false).await?;
    }
    let ours = format!("processDefinitionId={}", process.id.as_wire());
    let list = RequestName::UserOperationList;
    let all = bench.driver().list(&format!("/history/user-operation?{ours}")).await?.len() as u64;
    let of_first = bench.driver().list(&format!("/history/user-operation?{ours}&processInstanceId={}", first.as_wire())).await?.len() as u64;
    ensure!(of_first * 2 == all && of_first >= 2, "{of_first} of {all}");
    bench.filters(list, &ours, "processInstanceId", first.as_wire(), of_first).await?;
    pages(&bench, list, &format!("processInstanceId={}", first.as_wire()), "timestamp", "timestamp").await
}

pub async fn the_job_log_is_filtered_by_each_parameter(bench: Bench) -> Result<()> {
    let process: Deployed = bench.failed("log", 2).await?;
    let ours = format!("processDefinitionId={}", process.id.as_wire());
    let jobs = bench.driver().job_ids(&ours).await?;
    let rows =
        until("both failures", async || Ok(Some(bench.driver().list(&format!("/history/job-log?{ours}")).await?).filter(|rows| rows.len() == 4))).await?;
    ensure!(rows.len() == 4);
    bench.filters(RequestName::JobLogList, &ours, "jobId", &jobs[0], 2).await?;
    bench.filters(RequestName::JobLogList, &ours, "processInstanceId", text(&rows[0], "processInstanceId")?, 2).await?;
    bench.driver().repair_job(&jobs[0]).await?;
    bench.driver().await_count(&format!("/history/job-log/count?{ours}&successLog=true"), SOON, |count| count == 1).await?;
    bench.filters(RequestName::JobLogList, &ours, "failureLog", "true", 2).await?;
    bench.filters(RequestName::JobLogList, &ours, "successLog", "true", 1).await?;
    ensure!(bench.driver().count(&format!("/history/job-log/count?{ours}&failureLog=true&successLog=true")).await? == 1, "the second wins");
    pages(&bench, RequestName::JobLogList, &format!("jobId={}", jobs[0]), "timestamp", "timestamp").await
}
