//! Changes of jobs, external tasks, variables and notes: what each did, and what it left in the log of operations.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bpmtop::engine::catalogue::Since;
use bpmtop::engine::{Change, CountQuestion, Due, ErrorKind, IncidentFilter, JobFilter, JobIs, NewValue, RequestName, Sent, VariableHome};
use bpmtop::model::ids::{ExecutionId, IncidentId, JobId, ProcessInstanceId};
use bpmtop::model::job::Job;
use bpmtop::model::variable::VariableValue;
use futures_util::future::{join_all, try_join_all};
use serde_json::{Value, json};

use super::actor::{Actor, evidence, proofs, properties};
use super::bench::{Bench, Deployed, SOON, until};
use super::diagrams::{job, people, person, timer};
use super::external::locked;
use super::faults::{Ids, Verdict, change, rows};

/// Attempts with a due date exist from here on.
const DUE: Since = Since::camunda7(19);

async fn read(bench: &Bench, id: &JobId) -> Result<Job> {
    Ok(bench.client().job(id).await?.context("the job is there")?.data)
}

async fn incidents(bench: &Bench, process: &Deployed) -> Result<u64> {
    let filter = IncidentFilter { process_definition: Some(process.id.clone()), ..IncidentFilter::default() };
    Ok(bench.client().count(&CountQuestion::Incidents(filter)).await?.data)
}

/// A process whose work failed once and is due again in an hour, and its job.
async fn retrying(bench: &Bench, word: &str) -> Result<(Deployed, JobId)> {
    let process = bench.deploy(word, [job("work", "${ok ? 1 : failing.bean}", "R5/PT1H"), person()]).await?;
    bench.start_failing(&process).await?;
    let path = format!("/job/count?processDefinitionId={}&withException=true", process.id.as_wire());
    bench.driver().await_count(&path, SOON, |count| count == 1).await?;
    let job = bench.job_of(&process).await?;
    Ok((process, job))
}

pub async fn a_retry_gives_attempts_resolves_the_incident_and_leaves_one_entry(bench: Bench) -> Result<()> {
    let process = bench.failed("retry", 1).await?;
    let job = bench.job_of(&process).await?;
    bench.driver().suspend_job_definitions(&process.key, true, true).await?;
    let actor = Actor::new(&bench, "retrier").await?;
    let written = actor.makes(&bench, &Change::JobRetries { job: job.clone(), retries: 3, due: Due::Keep }).await?;
    ensure!(properties(&written) == ["retries"] && written[0].job.as_ref() == Some(&job), "{written:?}");
    ensure!(written[0].original.as_ref().is_some_and(|was| was.as_wire() == "0"), "{written:?}");
    let now = read(&bench, &job).await?;
    ensure!(now.retries == 3 && now.suspended, "a suspended job takes the attempts and waits: {now:?}");
    ensure!(incidents(&bench, &process).await? == 0, "and its incident is resolved though nothing ran");
    bench.prove(RequestName::SetJobRetries, "retries");
    tokio::time::sleep(Duration::from_secs(3)).await;
    ensure!(read(&bench, &job).await?.retries == 3, "nothing runs");
    Ok(())
}

pub async fn a_retry_keeps_a_due_date_that_lies_ahead_unless_it_is_told(bench: Bench) -> Result<()> {
    let (process, job) = retrying(&bench, "ahead").await?;
    let due = read(&bench, &job).await?.due.context("it is due in an hour")?;
    let actor = Actor::new(&bench, "patient").await?;
    actor.makes(&bench, &Change::JobRetries { job: job.clone(), retries: 4, due: Due::Keep }).await?;
    ensure!(read(&bench, &job).await?.due == Some(due), "kept");
    let executable = JobFilter { is: vec![JobIs::Executable], process_definition: Some(process.id.clone()), ..JobFilter::default() };
    ensure!(bench.client().count(&CountQuestion::Jobs(executable)).await?.data == 0, "so it waits");
    bench.driver().set_variable(read(&bench, &job).await?.process_instance.context("an instance")?.as_wire(), "ok", &json!(true)).await?;
    if bench.has(DUE) {
        let later = "2040-01-02T03:04:05Z".parse()?;
        let written = actor.makes(&bench, &Change::JobRetries { job: job.clone(), retries: 4, due: Due::At(later) }).await?;
        ensure!(properties(&written) == ["dueDate", "retries"], "{written:?}");
        ensure!(read(&bench, &job).await?.due == Some(later), "moved");
        bench.prove(RequestName::SetJobRetries, "dueDate");
        actor.makes(&bench, &Change::JobRetries { job: job.clone(), retries: 4, due: Due::Now }).await?;
    } else {
        let refused = actor.client.change(&Change::JobRetries { job: job.clone(), retries: 4, due: Due::Now }).await;
        ensure!(matches!(&refused.sent, Sent::NotSent(error) if error.kind() == ErrorKind::Unsupported), "{refused:?}");
        let body = json!({"retries": 4, "dueDate": null});
        bench.driver().put(&format!("/job/{}/retries", job.as_wire()), &body).await?;
        ensure!(read(&bench, &job).await?.due == Some(due), "an old engine ignores the due date of a retry");
        actor.makes(&bench, &Change::JobDueDate { job: job.clone(), due: None }).await?;
    }
    until("it runs at once", async || Ok(bench.client().job(&job).await?.is_none().then_some(()))).await
}

pub async fn a_job_is_postponed_and_run_at_once_by_its_due_date(bench: Bench) -> Result<()> {
    let process = bench.deploy("date", [timer(), person()]).await?;
    bench.start_failing(&process).await?;
    let job = bench.job_of(&process).await?;
    let actor = Actor::new(&bench, "clock").await?;
    let later = "2040-01-02T03:04:05.678Z".parse()?;
    let written = actor.makes(&bench, &Change::JobDueDate { job: job.clone(), due: Some(later) }).await?;
    ensure!(properties(&written) == ["duedate"], "{written:?}");
    ensure!(read(&bench, &job).await?.due == Some(later), "postponed to the millisecond");
    bench.prove(RequestName::SetJobDueDate, "duedate");
    actor.makes(&bench, &Change::JobDueDate { job: job.clone(), due: None }).await?;
    until("the timer fires", async || Ok(bench.client().job(&job).await?.is_none().then_some(()))).await
}

pub async fn a_job_has_another_priority_and_can_be_suspended_alone(bench: Bench) -> Result<()> {
    let process = bench.deploy("one-job", [timer()]).await?;
    bench.start_failing(&process).await?;
    let job = bench.job_of(&process).await?;
    let actor = Actor::new(&bench, "chooser").await?;
    actor.makes(&bench, &Change::JobPriority { job: job.clone(), priority: -77 }).await?;
    ensure!(read(&bench, &job).await?.priority == -77);
    bench.prove(RequestName::SetJobPriority, "priority");
    for suspended in [true, false] {
        actor.makes(&bench, &Change::JobSuspension { job: job.clone(), suspended }).await?;
        ensure!(read(&bench, &job).await?.suspended == suspended);
    }
    bench.prove(RequestName::SuspendJob, "suspended");
    actor.makes(&bench, &Change::DeleteJob { job: job.clone() }).await?;
    ensure!(bench.client().job(&job).await?.is_none());
    let instances = bench.driver().count(&format!("/process-instance/count?processDefinitionId={}", process.id.as_wire())).await?;
    ensure!(instances == 1, "the instance is still there, and waits for ever");
    Ok(())
}

pub async fn attempts_of_an_external_task_resolve_its_incident_and_an_unlocked_one_has_no_worker(bench: Bench) -> Result<()> {
    let (process, task) = locked(&bench, "external", Duration::from_secs(600)).await?;
    let actor = Actor::new(&bench, "dispatcher").await?;
    bench.driver().retry_external_task(task.as_wire(), 0).await?;
    ensure!(incidents(&bench, &process).await? == 1);
    actor.makes(&bench, &Change::ExternalTaskRetries { task: task.clone(), retries: 2 }).await?;
    let read = async || -> Result<_> { Ok(bench.client().external_task(&task).await?.context("the task is there")?.data) };
    ensure!(read().await?.retries == Some(2) && incidents(&bench, &process).await? == 0);
    ensure!(read().await?.worker.is_some(), "its worker still holds it");
    bench.prove(RequestName::SetExternalTaskRetries, "retries");
    let written = actor.makes(&bench, &Change::UnlockExternalTask { task: task.clone() }).await?;
    ensure!(properties(&written).is_empty(), "{written:?}");
    ensure!(read().await?.worker.is_none());
    ensure!(bench.driver().complete_external_task(task.as_wire(), "worker").await.is_err(), "what the worker reports is refused");
    Ok(())
}

/// An instance and an execution below it.
pub async fn execution_below(bench: &Bench, word: &str) -> Result<(ProcessInstanceId, ExecutionId)> {
    let process = bench.deploy(word, [people(2)]).await?;
    let instance = bench.start_failing(&process).await?;
    let tasks = bench.driver().list(&format!("/task?processInstanceId={}", instance.as_wire())).await?;
    let execution = tasks.first().and_then(|task| task["executionId"].as_str()).context("an execution")?;
    ensure!(execution != instance.as_wire(), "it is below the instance");
    Ok((instance, execution.into()))
}

pub async fn a_variable_is_written_in_its_instance_or_in_one_execution(bench: Bench) -> Result<()> {
    let (instance, execution) = execution_below(&bench, "variables").await?;
    let actor = Actor::new(&bench, "writer").await?;
    let (scope, own) = (instance.as_wire().into(), execution.clone());
    for (home, holder, row) in [
        (VariableHome::Instance(instance.clone()), &scope, RequestName::SetInstanceVariable),
        (VariableHome::Execution(execution.clone()), &own, RequestName::SetLocalVariable),
    ] {
        let write = async |name: &str, kind: &str, value: Value, info: Option<Value>| {
            let change = Change::SetVariable { home: home.clone(), name: name.into(), value: NewValue { kind: kind.into(), value, info } };
            ensure!(change.name() == row);
            actor.makes(&bench, &change).await
        };
        let written = write("amount ü", "Long", json!(47), None).await?;
        ensure!(properties(&written).is_empty() && written[0].new.is_none(), "what it became is kept from the log: {written:?}");
        let read = async |name: &str| -> Result<_> {
            let found = bench.client().local_variables(holder, &name.into()).await?.data;
            ensure!(found.len() == 1, "{name} in {}: {found:?}", holder.as_wire());
            found.into_iter().next().context("one")
        };
        let long = read("amount ü").await?;
        ensure!(long.kind.as_wire() == "Long" && long.value == VariableValue::Text("47".into()), "{long:?}");
        write("amount ü", "String", json!("forty-seven"), None).await?;
        let text = read("amount ü").await?;
        ensure!(text.kind.as_wire() == "String" && text.value.size() == Some(11), "{text:?}");
        write("file", "File", json!("aGVsbG8="), Some(json!({"filename": "a.txt", "mimetype": "text/plain"}))).await?;
        ensure!(read("file").await?.kind.as_wire() == "File", "a file needs its name");
        for parameter in ["value", "type", "valueInfo"] {
            bench.prove(row, parameter);
        }
        let wrong = Change::SetVariable { home: home.clone(), name: "x".into(), value: NewValue { kind: "Long".into(), value: json!("seven"), info: None } };
        ensure!(Verdict::of(&actor.client.change(&wrong).await.sent) == Verdict::Rejected, "the engine checks the type");
    }
    Ok(())
}

pub async fn a_note_is_written_and_cleared_and_a_reason_stands_on_every_row_of_an_operation(bench: Bench) -> Result<()> {
    let process = bench.failed("note", 1).await?;
    let rows = bench.driver().list(&format!("/incident?processDefinitionId={}", process.id.as_wire())).await?;
    let incident = IncidentId::from(rows[0]["id"].as_str().context("an id")?);
    let actor = Actor::new(&bench, "noter").await?;
    let note = async || -> Result<_> { Ok(bench.client().incident(&incident).await?.context("it is open")?.data.annotation) };
    let written = actor.makes(&bench, &Change::IncidentAnnotation { incident: incident.clone(), text: Some("ticket 4711 ü\n2nd line".to_owned()) }).await?;
    ensure!(written[0].new.as_ref().is_some_and(|id| id.as_wire() == incident.as_wire()), "{written:?}");
    ensure!(note().await?.is_some_and(|note| note.as_wire() == "ticket 4711 ü\n2nd line"));
    bench.prove(RequestName::AnnotateIncident, "annotation");
    actor.makes(&bench, &Change::IncidentAnnotation { incident: incident.clone(), text: None }).await?;
    ensure!(note().await?.is_none());

    let body = json!({"suspended": true, "includeProcessInstances": true});
    bench.driver().put(&format!("/process-definition/{}/suspended", process.id.as_wire()), &body).await?;
    let of = format!("/history/user-operation?processDefinitionId={}&operationType=SuspendProcessDefinition", process.id.as_wire());
    let rows = bench.driver().list(&of).await?;
    ensure!(rows.len() == 2, "one operation, two rows: {rows:?}");
    let operation = rows[0]["operationId"].as_str().context("an operation")?;
    let written = actor.makes(&bench, &Change::OperationAnnotation { operation: operation.into(), text: "SAP is down".to_owned() }).await?;
    ensure!(written[0].new.as_ref().is_some_and(|id| id.as_wire() == operation), "{written:?}");
    let rows = bench.driver().list(&of).await?;
    ensure!(rows.iter().all(|row| row["annotation"] == "SAP is down"), "{rows:?}");
    bench.prove(RequestName::AnnotateOperation, "annotation");
    Ok(())
}

pub async fn of_an_unknown_id_some_changes_are_accepted_all_the_same(bench: Bench) -> Result<()> {
    let actor = Actor::new(&bench, "blind").await?;
    for row in rows() {
        let delivered = actor.client.change(&change(row.name, &Ids::invented())).await;
        let expected = match row.name {
            // Logged as done, though nothing was there: only reading tells.
            RequestName::SuspendJob | RequestName::SuspendJobDefinition | RequestName::SuspendInstance => Verdict::Accepted,
            // A batch takes any id.
            RequestName::SetJobRetriesBatch | RequestName::DeleteInstances => Verdict::Accepted,
            // An error of 500, which might have come after the work.
            RequestName::SetJobRetries
            | RequestName::SetJobDueDate
            | RequestName::SuspendProcessDefinition
            | RequestName::SetInstanceVariable
            | RequestName::SetLocalVariable => Verdict::Unknown,
            _ => Verdict::Rejected,
        };
        ensure!(Verdict::of(&delivered.sent) == expected, "{:?}: {delivered:?}", row.name);
        // A batch with a job that fails would stay, and its incident with it.
        if let Sent::Accepted { batch: Some(batch) } = &delivered.sent
            && row.name == RequestName::SetJobRetriesBatch
        {
            bench.drop_batch(batch.as_wire()).await?;
        }
    }
    Ok(())
}

pub async fn changes_that_cross_each_other_are_each_made_or_refused_and_the_log_agrees(bench: Bench) -> Result<()> {
    let process = bench.failed("crossing", 1).await?;
    let job = bench.job_of(&process).await?;
    let definition = read(&bench, &job).await?.job_definition.context("a job definition")?;
    let mut refused = 0;
    for turn in 0..4 {
        let names: Vec<String> = (0..16).map(|number| format!("crosser{turn}x{number}")).collect();
        let actors = try_join_all(names.iter().map(|name| Actor::new(&bench, name))).await?;
        let change = |priority| Change::JobDefinitionPriority { definition: definition.clone(), priority: Some(priority), jobs_too: false };
        let delivered = join_all(actors.iter().zip(0..).map(async |(actor, priority)| actor.client.change(&change(priority)).await)).await;
        for (actor, delivered) in actors.iter().zip(delivered) {
            let performed = proofs(&actor.operations(&bench).await?, evidence(RequestName::SetJobDefinitionPriority)?);
            ensure!(Verdict::of(&delivered.sent).is_true_of(performed), "made {performed} times: {delivered:?}");
            if let Sent::Rejected(error) = &delivered.sent {
                ensure!(error.to_string().contains("updated by another transaction"), "{error:?}");
                refused += 1;
            }
        }
    }
    ensure!(refused > 0, "none of them crossed another");
    Ok(())
}
