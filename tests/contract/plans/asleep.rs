//! Plans that suspend, resume, freeze and thaw, now or later: what they keep asleep stays asleep.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bpmtop::action::plan::OtherCause;
use bpmtop::action::verb::Verb;
use bpmtop::action::wish::Asked;
use bpmtop::model::ids::{JobDefinitionId, JobId, ProcessInstanceId};
use bpmtop::poll::inquire::Counter;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Remembered, definitions, perform, planned, planned_as, remembering, start_ok, told};
use crate::bench::{Bench, Deployed, SOON};
use crate::diagrams::{external, job, person, work};

pub async fn a_plan_to_suspend_job_definitions_counts_jobs_and_tells_of_tasks(bench: Bench) -> Result<()> {
    let topic = bench.name("topic");
    let process = bench.deploy("mixed", [external(&topic), work()]).await?;
    bench.start_failing(&process).await?;
    let failing = bench.failed("failing", 2).await?;
    let all = [definitions(&bench, &process).await?, definitions(&bench, &failing).await?].concat();
    let plan = planned(&bench, Asked::JobDefinitions { definitions: all.clone(), suspend: true }).await?;
    ensure!(plan.targets.len() == 2, "{}", told(&plan));
    ensure!(told(&plan).contains("Note: 2 jobs exist: 2 failed, 0 due now"), "{}", told(&plan));
    ensure!(told(&plan).contains("Caution: 1 external task and 0 user tasks of the same processes are not stopped"), "{}", told(&plan));
    perform(&bench, &plan).await?;
    let suspended = format!("/job-definition/count?suspended=true&processDefinitionId={}", failing.id.as_wire());
    ensure!(bench.driver().count(&suspended).await? == 1);
    let again = planned(&bench, Asked::JobDefinitions { definitions: all, suspend: true }).await?;
    ensure!(again.targets.is_empty() && told(&again).contains("suspended already"), "{}", told(&again));
    Ok(())
}

/// A process whose work would run through, with two instances; its job definition is suspended, and so is the second instance.
async fn twice_suspended(bench: &Bench, word: &str) -> Result<(Deployed, ProcessInstanceId, ProcessInstanceId)> {
    let process = bench.deploy(word, [work(), person()]).await?;
    bench.driver().suspend_job_definitions(&process.key, true, true).await?;
    let (first, second) = (start_ok(bench, &process).await?, start_ok(bench, &process).await?);
    bench.driver().suspend_instance(second.as_wire(), true).await?;
    Ok((process, first, second))
}

async fn job_in(bench: &Bench, instance: &ProcessInstanceId) -> Result<JobId> {
    let ids = bench.driver().job_ids(&format!("processInstanceId={}", instance.as_wire())).await?;
    ids.first().map(|id| JobId::from(id.as_str())).context("its job is there")
}

/// That a job lies as it lay, after an executor had time to take it.
async fn lies_still(bench: &Bench, instance: &ProcessInstanceId) -> Result<()> {
    tokio::time::sleep(Duration::from_secs(3)).await;
    let job = bench.client().job(&job_in(bench, instance).await?).await?.context("it did not run")?.data;
    ensure!(job.suspended && job.due.is_none() && job.exception_message.is_none(), "{job:?}");
    Ok(())
}

pub async fn a_plan_to_resume_an_instance_never_lets_the_job_of_a_suspended_definition_run(bench: Bench) -> Result<()> {
    let (_, _, second) = twice_suspended(&bench, "shield").await?;
    let plan = planned(&bench, Asked::Instances { instances: vec![second.clone()], suspend: false }).await?;
    ensure!(plan.held.len() == 1 && plan.held_complete && plan.held[0].cause.contains("job definition"), "{:?}", plan.held);
    ensure!(plan.steps().len() == 4, "{:?}", plan.steps());
    perform(&bench, &plan).await?;
    let instance = bench.client().process_instance(&second).await?.context("it runs")?.data;
    ensure!(!instance.suspended, "the instance is resumed");
    lies_still(&bench, &second).await?;
    // What it would have been without the shield.
    bench.driver().suspend_instance(second.as_wire(), true).await?;
    let mut wake = planned(&bench, Asked::Instances { instances: vec![second.clone()], suspend: false }).await?;
    wake.choices.others = OtherCause::Wake;
    perform(&bench, &wake).await?;
    let tasks = format!("/task/count?processInstanceId={}", second.as_wire());
    bench.driver().await_count(&tasks, SOON, |count| count == 1).await?;
    Ok(())
}

pub async fn a_plan_to_resume_a_job_definition_leaves_the_jobs_of_suspended_instances_alone(bench: Bench) -> Result<()> {
    for shield in [false, true] {
        let (process, first, second) = twice_suspended(&bench, if shield { "many" } else { "few" }).await?;
        let mut plan = planned(&bench, Asked::JobDefinitions { definitions: definitions(&bench, &process).await?, suspend: false }).await?;
        ensure!(plan.held.len() == 1 && plan.held[0].job == job_in(&bench, &second).await?, "{:?}", plan.held);
        ensure!(plan.free.len() == 1 && plan.free[0].jobs == Some(vec![job_in(&bench, &first).await?]), "{:?}", plan.free);
        if shield {
            plan.free[0].jobs = None;
        }
        perform(&bench, &plan).await?;
        bench.driver().await_count(&format!("/task/count?processInstanceId={}", first.as_wire()), SOON, |count| count == 1).await?;
        lies_still(&bench, &second).await?;
        ensure!(bench.driver().count(&format!("/job-definition/count?suspended=true&processDefinitionId={}", process.id.as_wire())).await? == 0);
    }
    Ok(())
}

pub async fn a_plan_to_thaw_resumes_just_what_the_freeze_suspended_and_nobody_touched_since(bench: Bench) -> Result<()> {
    let process = bench.deploy("frozen", ["a", "b", "c", "d"].map(|id| job(id, "${1}", "R1/PT0S"))).await?;
    let shown = definitions(&bench, &process).await?;
    let put = async |definition: &JobDefinitionId, suspended: bool| {
        bench.driver().put(&format!("/job-definition/{}/suspended", definition.as_wire()), &json!({"suspended": suspended, "includeJobs": true})).await
    };
    put(&shown[0], true).await?;
    let facts = Arc::new(Remembered::default());
    let freeze = planned(&bench, Asked::Freeze(shown.clone())).await?;
    ensure!(freeze.targets.len() == 3 && told(&freeze).contains("suspended already: a thaw will leave it so"), "{}", told(&freeze));
    perform(&bench, &freeze).await?;
    facts.note(&freeze);
    put(&shown[1], false).await?;
    put(&shown[2], true).await?;
    let thaw = remembering(&bench, Asked::Thaw(None), &facts).await.map_err(|why| anyhow::anyhow!("{why:?}"))?;
    ensure!(thaw.verb == Verb::Thaw && thaw.takes_back.as_ref() == Some(&freeze.action));
    ensure!(thaw.targets.len() == 1 && thaw.targets[0].id() == shown[3].as_wire(), "{}", told(&thaw));
    ensure!(told(&thaw).contains("somebody resumed it meanwhile") && told(&thaw).contains("suspended it again since"), "{}", told(&thaw));
    perform(&bench, &thaw).await?;
    let still = bench.driver().count(&format!("/job-definition/count?suspended=true&processDefinitionId={}", process.id.as_wire())).await?;
    ensure!(still == 2, "the one that was so before, and the one somebody wants so");
    Ok(())
}

/// Alone: a suspension that somebody else orders within the same few milliseconds could be meant as well, and then nothing is told.
pub async fn what_is_to_be_suspended_later_is_listed_with_its_target_and_called_off_by_a_plan(bench: Bench) -> Result<()> {
    let process = bench.deploy("later", [work()]).await?;
    let shown = definitions(&bench, &process).await?;
    let mut plan = planned(&bench, Asked::JobDefinitions { definitions: shown.clone(), suspend: true }).await?;
    let at = Timestamp::from_second((Timestamp::now() + SignedDuration::from_hours(5)).as_second())?;
    plan.choices.at = Some(at);
    perform(&bench, &plan).await?;
    let ours = async || -> Result<Vec<_>> {
        let all = Counter::new(bench.client().clone()).timed().await?;
        Ok(all.into_iter().filter(|timed| timed.job_definition.as_ref() == Some(&shown[0])).collect())
    };
    let listed = ours().await?;
    ensure!(listed.len() == 1 && listed[0].suspend && listed[0].at == at && listed[0].process_definition.as_ref() == Some(&process.id), "{listed:?}");
    let beside = planned(&bench, Asked::JobDefinitions { definitions: shown.clone(), suspend: true }).await?;
    ensure!(told(&beside).contains("a timer of the engine will suspend the same at"), "{}", told(&beside));
    let off = planned(&bench, Asked::CallOffTimed(vec![listed[0].job.clone()])).await?;
    ensure!(off.sentence().contains("the suspension of") && off.sentence().contains("work"), "{}", off.sentence());
    perform(&bench, &off).await?;
    ensure!(ours().await?.is_empty());
    let facts = Arc::new(Remembered::default());
    perform(&bench, &plan).await?;
    facts.note(&plan);
    let undo = remembering(&bench, Asked::Undo(plan.action.0.clone()), &facts).await.map_err(|why| anyhow::anyhow!("{why:?}"))?;
    ensure!(undo.verb == Verb::CallOffTimed && undo.takes_back.as_ref() == Some(&plan.action), "{}", told(&undo));
    perform(&bench, &undo).await?;
    ensure!(ours().await?.is_empty(), "what was ordered is called off");
    let own = bench.failed("own", 1).await?;
    let no = planned_as(bench.client(), &bench, Asked::CallOffTimed(vec![bench.job_of(&own).await?])).await;
    ensure!(no.is_err(), "the job of an instance is no timer of a suspension");
    Ok(())
}

pub async fn a_plan_to_suspend_a_process_counts_its_instances_and_stops_new_starts(bench: Bench) -> Result<()> {
    let process = bench.failed("whole", 2).await?;
    let plan = planned(&bench, Asked::Processes { definitions: vec![process.id.clone()], suspend: true }).await?;
    ensure!(told(&plan).contains("2 instances run, 0 of them suspended; 2 jobs, 2 failed"), "{}", told(&plan));
    let definition = bench.driver().list(&format!("/job-definition?processDefinitionId={}", process.id.as_wire())).await?[0].clone();
    let name = definition["id"].as_str().context("an id")?.to_owned();
    bench.driver().put(&format!("/job-definition/{name}/suspended"), &json!({"suspended": true, "includeJobs": true})).await?;
    perform(&bench, &plan).await?;
    ensure!(bench.driver().start(&process.key, "k", &json!({})).await.is_err(), "nobody starts one");
    let suspended = format!("/process-instance/count?suspended=true&processDefinitionId={}", process.id.as_wire());
    ensure!(bench.driver().count(&suspended).await? == 2);
    let again = planned(&bench, Asked::Processes { definitions: vec![process.id.clone()], suspend: true }).await?;
    ensure!(again.targets.is_empty(), "{}", told(&again));
    let back = planned(&bench, Asked::Processes { definitions: vec![process.id.clone()], suspend: false }).await?;
    ensure!(told(&back).contains("Caution: all job definitions of these processes are resumed with them"), "{}", told(&back));
    ensure!(told(&back).contains("Caution: suspended by name before, and resumed by this: "), "{}", told(&back));
    perform(&bench, &back).await?;
    ensure!(bench.driver().count(&suspended).await? == 0);
    Ok(())
}

pub async fn taking_a_suspension_of_instances_back_leaves_those_that_were_suspended_since(bench: Bench) -> Result<()> {
    let process = bench.deploy("undone", [person()]).await?;
    let (first, second) = (bench.start_failing(&process).await?, bench.start_failing(&process).await?);
    let facts = Arc::new(Remembered::default());
    let plan = planned(&bench, Asked::Instances { instances: vec![first.clone(), second.clone()], suspend: true }).await?;
    perform(&bench, &plan).await?;
    facts.note(&plan);
    bench.driver().suspend_instance(second.as_wire(), true).await?;
    let undo = remembering(&bench, Asked::Undo(plan.action.0.clone()), &facts).await.map_err(|why| anyhow::anyhow!("{why:?}"))?;
    ensure!(undo.verb == Verb::ResumeInstances && undo.targets.len() == 1 && undo.targets[0].id() == first.as_wire(), "{}", told(&undo));
    ensure!(told(&undo).contains("suspended it again since"), "{}", told(&undo));
    perform(&bench, &undo).await?;
    ensure!(bench.client().process_instance(&second).await?.context("it runs")?.data.suspended);
    Ok(())
}
