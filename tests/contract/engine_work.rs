//! Work that no process instance stands behind, and incidents that no failing work made: what real engines tell of them, and what plans say.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bpmtop::action::plan::{Danger, Plan, Unavailable};
use bpmtop::action::planner::facts::NoFacts;
use bpmtop::action::planner::{self, Asking};
use bpmtop::action::verb::Role;
use bpmtop::action::wish::{Asked, Wish};
use bpmtop::engine::Sent;
use bpmtop::model::description::FailedWork;
use bpmtop::model::earlier::Reach;
use bpmtop::model::engine_job::{EngineJob, Work};
use bpmtop::model::grouping::KnownIncident;
use bpmtop::model::ids::{JobDefinitionId, JobId};
use bpmtop::model::incident::Custom;
use bpmtop::model::snapshot::EngineIdentity;
use bpmtop::poll::ask::describe;
use bpmtop::poll::inquire::Counter;
use serde_json::json;

use super::bench::{Bench, SOON, until};
use super::diagrams::{person, person_with_listener, timer};

async fn planned(bench: &Bench, role: Role, what: Asked) -> Result<Plan, Unavailable> {
    let version = bench.client().known_version().map(|version| version.text);
    let engine = EngineIdentity { url: bench.target().url.clone(), version, ..EngineIdentity::default() };
    let wish = Arc::new(Wish { about: "the test".to_owned(), what });
    planner::plan(bench.client(), &Asking { role, ..Asking::of(engine, wish, Arc::new(NoFacts)) }).await
}

fn retry(jobs: &[JobId]) -> Asked {
    Asked::RetryItems { jobs: jobs.to_vec(), tasks: Vec::new() }
}

fn typed(plan: &Plan) -> Option<String> {
    match plan.danger() {
        Danger::Plain => None,
        Danger::Type { what, .. } => Some(what),
    }
}

/// Two instances whose deletion fails, in a batch whose two jobs have failed: the batch, its job definition, its jobs.
async fn failed_deletion(bench: &Bench, key: &str, word: &str) -> Result<(String, JobDefinitionId, Vec<JobId>)> {
    let mut ids = Vec::new();
    for number in 0..2 {
        ids.push(bench.driver().start(key, &bench.name(&format!("{word}{number}")), &json!({"allowed": false})).await?);
    }
    let batch = bench.driver().post("/process-instance/delete", &json!({"processInstanceIds": ids, "deleteReason": "tidy up"})).await?;
    let id = batch["id"].as_str().context("a batch")?.to_owned();
    let definition = batch["batchJobDefinitionId"].as_str().context("its job definition")?.to_owned();
    let failed = format!("/job/count?jobDefinitionId={definition}&noRetriesLeft=true");
    bench.driver().await_count(&failed, SOON, |count| count == 2).await?;
    let jobs = bench.driver().job_ids(&format!("jobDefinitionId={definition}")).await?;
    Ok((id, definition.as_str().into(), jobs.iter().map(|job| job.as_str().into()).collect()))
}

pub async fn a_retry_of_a_deletion_batch_says_what_it_deletes_and_deletes_just_that(bench: Bench) -> Result<()> {
    let process = bench.deploy("archive", [person_with_listener("${allowed ? 1 : nobody.knows()}")]).await?;
    let (batch, definition, jobs) = failed_deletion(&bench, &process.key, "arc").await?;
    let counter = Counter::new(bench.client().clone());
    let (work, progress) = counter.work_of(Some(&definition), jobs.first()).await?;
    ensure!((work.work, work.batch.as_ref().map(|id| id.as_wire())) == (Work::DeleteInstances, Some(batch.as_str())), "{work:?}");
    ensure!(progress.as_ref().is_some_and(|progress| progress.words() == "2 of 2 jobs failed, 0 done"), "{progress:?}");
    for way in [retry(&jobs), Asked::MoveDueDate { job: jobs[0].clone(), due: None }] {
        let no = planned(&bench, Role::Operator, way).await.err().context("no operator's to do")?;
        ensure!(no.why.contains("deletes") && no.why.contains("takes the role admin"), "{no:?}");
    }
    let plan = planned(&bench, Role::Admin, retry(&jobs)).await.map_err(|why| anyhow::anyhow!("{why:?}"))?;
    ensure!(plan.sentence().contains("Running them deletes 2 process instances; which ones, the engine does not tell"), "{}", plan.sentence());
    ensure!(typed(&plan).as_deref() == Some("2") && plan.is_performable().is_ok(), "{:?}", plan.warnings);
    let running = format!("/process-instance/count?processDefinitionId={}", process.id.as_wire());
    for row in bench.driver().list(&format!("/process-instance?processDefinitionId={}", process.id.as_wire())).await? {
        let id = row["id"].as_str().context("an id")?;
        bench.driver().put(&format!("/process-instance/{id}/variables/allowed"), &json!({"value": true, "type": "Boolean"})).await?;
    }
    for step in plan.steps() {
        ensure!(matches!(bench.client().change(&step.change).await.sent, Sent::Accepted { .. }));
    }
    bench.driver().await_count(&running, SOON, |count| count == 0).await?;
    Ok(())
}

pub async fn the_jobs_of_a_batch_that_modifies_tell_it(bench: Bench) -> Result<()> {
    let process = bench.deploy("lease", [person()]).await?;
    let id = bench.driver().start(&process.key, &bench.name("lease"), &json!({})).await?;
    let body = json!({
        "processDefinitionId": process.id.as_wire(), "processInstanceIds": [id],
        "instructions": [{"type": "startBeforeActivity", "activityId": "no-such-activity"}],
    });
    // An engine that checks the activity refuses it at once; then there is no batch to tell of.
    let Ok(batch) = bench.driver().post("/modification/executeAsync", &body).await else { return Ok(()) };
    let definitions = bench.driver().list(&format!("/job-definition?jobConfiguration={}", batch["id"].as_str().context("an id")?)).await?;
    let counter = Counter::new(bench.client().clone());
    let mut told = Vec::new();
    for row in &definitions {
        let id = JobDefinitionId::from(row["id"].as_str().context("an id")?);
        told.push((row["jobType"].as_str().unwrap_or_default().to_owned(), counter.work_of(Some(&id), None).await?.0.work));
    }
    told.sort();
    let expected = [
        ("batch-monitor-job".to_owned(), Work::CloseBatch),
        ("batch-seed-job".to_owned(), Work::ModifyInstances),
        ("instance-modification".to_owned(), Work::ModifyInstances),
    ];
    bench.drop_batch(batch["id"].as_str().context("an id")?).await?;
    ensure!(told == expected, "{told:?}");
    Ok(())
}

pub async fn a_timer_start_and_a_timed_resumption_say_what_running_them_does(bench: Bench) -> Result<()> {
    let key = bench.name("nightly");
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><b:definitions xmlns:b=\"http://www.omg.org/spec/BPMN/20100524/MODEL\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:camunda=\"http://camunda.org/schema/1.0/bpmn\" targetNamespace=\"t\">\
         <b:process id=\"{key}\" isExecutable=\"true\" camunda:historyTimeToLive=\"1\"><b:startEvent id=\"s\"><b:timerEventDefinition>\
         <b:timeDate xsi:type=\"b:tFormalExpression\">2099-01-01T02:00:00</b:timeDate></b:timerEventDefinition></b:startEvent>\
         <b:userTask id=\"t\"/><b:sequenceFlow id=\"f\" sourceRef=\"s\" targetRef=\"t\"/></b:process></b:definitions>"
    );
    let process = bench.deploy_xml(&key, &xml, None).await?;
    let job = bench.job_of(&process).await?;
    bench.driver().put(&format!("/job/{}/retries", job.as_wire()), &json!({"retries": 0})).await?;
    let plan = planned(&bench, Role::Operator, retry(std::slice::from_ref(&job))).await.map_err(|why| anyhow::anyhow!("{why:?}"))?;
    let sentence = plan.sentence();
    ensure!(sentence.contains("Running it starts a new process instance") && sentence.contains("due as before, 2099-01-01"), "{sentence}");
    ensure!(typed(&plan).as_deref() == Some("start"), "{:?}", plan.danger());

    let waiting = bench.deploy("waiting", [timer()]).await?;
    let rows = bench.driver().list(&format!("/job-definition?processDefinitionId={}", waiting.id.as_wire())).await?;
    let definition = rows.first().and_then(|row| row["id"].as_str()).context("a job definition")?;
    let at = "2098-01-01T02:00:00.000+0000";
    bench.driver().put(&format!("/job-definition/{definition}/suspended"), &json!({"suspended": false, "includeJobs": true, "executionDate": at})).await?;
    let born = bench.driver().list("/history/job-log?jobDefinitionType=activate-job-definition&creationLog=true&sortBy=timestamp&sortOrder=desc&maxResults=1");
    let timer = born.await?.first().and_then(|row| row["jobId"].as_str().map(JobId::from)).context("its timer")?;
    let handler = Counter::new(bench.client().clone()).handler_of(&timer).await?.context("the job log tells")?;
    ensure!(EngineJob::of_handler(&handler).work == Work::ResumeJobDefinition, "{handler}");
    bench.driver().put(&format!("/job/{}/retries", timer.as_wire()), &json!({"retries": 0})).await?;
    let plan = planned(&bench, Role::Operator, retry(std::slice::from_ref(&timer))).await.map_err(|why| anyhow::anyhow!("{why:?}"))?;
    bench.driver().delete(&format!("/job/{}", timer.as_wire())).await?;
    ensure!(plan.sentence().contains("Running it RESUMES job definitions"), "{}", plan.sentence());
    ensure!(typed(&plan).as_deref() == Some("resume"));
    Ok(())
}

async fn open_incident(bench: &Bench, path: &str) -> Result<Arc<KnownIncident>> {
    let rows = bench.driver().list(&format!("/incident?{path}&maxResults=1")).await?;
    let id = rows.first().and_then(|row| row["id"].as_str()).context("an incident")?;
    Ok(KnownIncident::of(bench.client().incident(&id.into()).await?.context("it is open")?.data))
}

pub async fn custom_incidents_are_told_from_failed_work_and_the_engine_resolves_those_of_own_types_alone(bench: Bench) -> Result<()> {
    let process = bench.deploy("byhand", [person()]).await?;
    for (kind, configuration, custom, status) in [
        ("dataQuality", Some("field:iban"), Custom::OwnType, 204),
        ("failedJob", Some("not-a-job"), Custom::NoWork, 400),
        ("failedExternalTask", None, Custom::NoWork, 400),
    ] {
        let instance = bench.driver().start(&process.key, &bench.name(kind), &json!({})).await?;
        let body = json!({"incidentType": kind, "configuration": configuration, "message": null});
        bench.driver().post(&format!("/execution/{instance}/create-incident"), &body).await?;
        let known = open_incident(&bench, &format!("processInstanceId={instance}")).await?;
        let (description, ..) = describe(bench.client(), &known).await;
        ensure!(matches!(&description.work, Ok(FailedWork::Custom(told)) if *told == custom), "{kind}: {:?}", description.work);
        let plan = planned(&bench, Role::Admin, Asked::Retry(vec![Arc::clone(&known)])).await.map_err(|why| anyhow::anyhow!("{why:?}"))?;
        ensure!(plan.targets.is_empty() && plan.left_out[0].why.starts_with("a custom incident"), "{:?}", plan.left_out);
        let refused = bench.driver().delete(&format!("/incident/{}", known.incident.id.as_wire())).await.err();
        ensure!(refused.is_some() == (status == 400), "{kind}: {refused:?}");
        if status == 400 {
            // It ends with the activity it stands at.
            bench.driver().cancel_instance(&instance).await?;
            ensure!(bench.client().incident(&known.incident.id).await?.is_none(), "{kind}");
        }
    }
    Ok(())
}

pub async fn attempts_set_to_0_are_told_with_by_whom_and_a_retry_keeps_the_date(bench: Bench) -> Result<()> {
    let process = bench.deploy("reminder", [timer()]).await?;
    let instance = bench.start_failing(&process).await?;
    let job = bench.job_of(&process).await?;
    bench.driver().put(&format!("/job/{}/retries", job.as_wire()), &json!({"retries": 0})).await?;
    let known = open_incident(&bench, &format!("processInstanceId={}", instance.as_wire())).await?;
    let past = describe(bench.client(), &known).await.0.past.context("it has a past")?;
    let taken = past.taken_away(job.text()).with_context(|| format!("{:?}", past.operations))?;
    ensure!(taken.user.is_some() && taken.from.is_some_and(|from| from > 0) && (taken.to, taken.reach) == (Some(0), Reach::Alone), "{taken:?}");
    ensure!(past.has_failed() == Some(false), "{:?}", past.log);
    let plan = planned(&bench, Role::Operator, Asked::Retry(vec![known])).await.map_err(|why| anyhow::anyhow!("{why:?}"))?;
    ensure!(plan.sentence().contains("due as before"), "{}", plan.sentence());
    let due = bench.client().job(&job).await?.context("the job")?.data.due;
    for step in plan.steps() {
        ensure!(matches!(bench.client().change(&step.change).await.sent, Sent::Accepted { .. }));
    }
    let after = bench.client().job(&job).await?.context("the job has not run")?.data;
    ensure!(after.due == due && after.retries == 1, "{after:?}");

    let other = bench.deploy("reminders", [timer()]).await?;
    let instance = bench.start_failing(&other).await?;
    let job = bench.job_of(&other).await?;
    bench.driver().post("/job/retries", &json!({"retries": 0, "jobIds": [job.as_wire()]})).await?;
    let path = format!("processInstanceId={}", instance.as_wire());
    let known = until("the batch took its attempts", async || Ok(open_incident(&bench, &path).await.ok())).await?;
    let past = describe(bench.client(), &known).await.0.past.context("it has a past")?;
    let taken = past.taken_away(job.text()).with_context(|| format!("{:?}", past.operations))?;
    ensure!(matches!(taken.reach, Reach::Batch(Some(_))) && taken.to == Some(0), "{taken:?}");
    tokio::time::sleep(Duration::from_millis(1)).await;
    Ok(())
}
