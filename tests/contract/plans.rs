//! Plans on real engines: what a plan says before is what the engine does after.

pub mod asleep;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bpmtop::action::plan::{Plan, Unavailable, Weight};
use bpmtop::action::planner::facts::{AtWork, Before, Earlier, EarlierTarget, Facts};
use bpmtop::action::planner::{self, Asking};
use bpmtop::action::target::Subject;
use bpmtop::action::verb::Verb;
use bpmtop::action::wish::{Asked, Wish};
use bpmtop::engine::{Change, Client, IncidentFilter, IncidentQuery, JobFilter, NewValue, Page, RequestName, Sent};
use bpmtop::model::grouping::KnownIncident;
use bpmtop::model::ids::{JobDefinitionId, ProcessInstanceId};
use bpmtop::model::section::Moment;
use bpmtop::model::snapshot::{EngineIdentity, IncidentSet};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::bench::{Bench, Deployed, SOON, until};
use super::diagrams::{call, call_many, external, job, person, timer, work};

/// A journal that holds what a test puts there.
#[derive(Default)]
struct Remembered(Mutex<Vec<Earlier>>);

impl Facts for Remembered {
    fn frozen(&self, _: &EngineIdentity) -> Result<Option<Earlier>, Unavailable> {
        Ok(self.0.lock().ok().and_then(|all| all.iter().rev().find(|earlier| earlier.verb == Verb::Freeze).cloned()))
    }

    fn action(&self, name: &str) -> Result<Option<Earlier>, Unavailable> {
        Ok(self.0.lock().ok().and_then(|all| all.iter().find(|earlier| earlier.action.0 == name).cloned()))
    }

    fn at_work(&self, _: &EngineIdentity) -> Result<Vec<AtWork>, Unavailable> {
        Ok(Vec::new())
    }
}

impl Remembered {
    /// Notes a plan as performed just now.
    fn note(&self, plan: &Plan) {
        let was = |suspended| Before { suspended, ..Before::default() };
        let before = |subject: &Subject| match subject {
            Subject::JobDefinition(definition) => was(definition.suspended),
            Subject::Instance(instance) => was(instance.suspended),
            Subject::ProcessDefinition(definition) => was(definition.suspended),
            Subject::Job { job, .. } => Before { due: job.due, priority: Some(job.priority), ..Before::default() },
            Subject::Incident(known) => Before { note: known.incident.annotation.as_ref().map(|note| note.as_wire().to_owned()), ..Before::default() },
            Subject::Variable { before, .. } => Before { value: before.clone(), ..Before::default() },
            Subject::ExternalTask { .. } | Subject::Timed(_) => Before::default(),
        };
        let target = |target: &bpmtop::action::target::Target| EarlierTarget {
            business_key: target.business_key.clone(),
            id: target.id().into(),
            instance: target.instance().map(|instance| instance.text().clone()),
            label: target.label.clone(),
            sent: true,
            before: before(&target.subject),
        };
        let earlier = Earlier {
            action: plan.action.clone(),
            verb: plan.verb,
            sentence: plan.sentence(),
            url: plan.engine.url.clone(),
            engine_name: None,
            engine: EngineIdentity::default(),
            began: plan.read.wall,
            at: plan.choices.at,
            jobs_too: plan.choices.jobs_too,
            targets: plan.targets.iter().map(target).collect(),
            taken_back: None,
            under_way: false,
            since: None,
            kept: Err("what was kept asleep is not told here"),
            puts_back: None,
        };
        self.0.lock().expect("no test panics with it").push(earlier);
    }
}

fn asking(bench: &Bench, what: Asked, facts: Arc<dyn Facts>) -> Asking {
    let version = bench.client().known_version().map(|version| version.text);
    asking_of(EngineIdentity { url: bench.target().url.clone(), version, ..EngineIdentity::default() }, what, facts)
}

/// What is asked of an engine of which nothing was read before, by somebody who may do everything.
pub fn asking_of(engine: EngineIdentity, what: Asked, facts: Arc<dyn Facts>) -> Asking {
    Asking::of(engine, Arc::new(Wish { about: "the test".to_owned(), what }), facts)
}

async fn planned_as(client: &Client, bench: &Bench, what: Asked) -> Result<Plan, Unavailable> {
    planner::plan(client, &asking(bench, what, Arc::new(Remembered::default()))).await
}

async fn planned(bench: &Bench, what: Asked) -> Result<Plan> {
    planned_as(bench.client(), bench, what).await.map_err(|why| anyhow::anyhow!("no plan: {} ({})", why.why, why.remedy))
}

async fn remembering(bench: &Bench, what: Asked, facts: &Arc<Remembered>) -> Result<Plan, Unavailable> {
    planner::plan(bench.client(), &asking(bench, what, Arc::clone(facts) as Arc<dyn Facts>)).await
}

/// Sends the steps of a plan, in their order.
async fn perform(bench: &Bench, plan: &Plan) -> Result<()> {
    plan.is_performable().map_err(|why| anyhow::anyhow!("not performable: {}", why.why))?;
    for step in plan.steps() {
        match bench.client().change(&step.change).await.sent {
            Sent::Accepted { .. } => {}
            other => bail!("{:?}: {other:?}", step.change),
        }
    }
    Ok(())
}

/// The plan's warnings and what it left out, one a line.
fn told(plan: &Plan) -> String {
    let warnings = plan.warnings.iter().map(|warning| format!("{:?}: {}", warning.weight, warning.text));
    warnings.chain(plan.left_out.iter().map(|left| format!("left out {}: {}", left.label, left.why))).collect::<Vec<_>>().join("\n")
}

async fn incidents(bench: &Bench, process: &Deployed) -> Result<Vec<Arc<KnownIncident>>> {
    let filter = IncidentFilter { process_definition: Some(process.id.clone()), ..IncidentFilter::default() };
    let rows = bench.client().incidents(&IncidentQuery { filter, sort: None, page: Page::first(100) }).await?.data;
    Ok(rows.into_iter().map(KnownIncident::of).collect())
}

async fn definitions(bench: &Bench, process: &Deployed) -> Result<Vec<JobDefinitionId>> {
    let rows = bench.driver().list(&format!("/job-definition?processDefinitionId={}", process.id.as_wire())).await?;
    rows.iter().map(|row| row["id"].as_str().map(JobDefinitionId::from).context("an id")).collect()
}

async fn runs(bench: &Bench, instance: &ProcessInstanceId) -> Result<bool> {
    Ok(bench.client().process_instance(instance).await?.is_some())
}

pub async fn called(bench: &Bench, caller: &ProcessInstanceId) -> Result<Vec<ProcessInstanceId>> {
    let rows = bench.driver().called_by(caller.as_wire(), "").await?;
    Ok(rows.iter().map(|id| ProcessInstanceId::from(id.as_str())).collect())
}

async fn failed_count(bench: &Bench, process: &Deployed, number: u64) -> Result<()> {
    bench.driver().await_count(&format!("/incident/count?processDefinitionId={}", process.id.as_wire()), SOON, |count| count == number).await?;
    Ok(())
}

async fn start_ok(bench: &Bench, process: &Deployed) -> Result<ProcessInstanceId> {
    let id = bench.driver().start(&process.key, &bench.name("business"), &json!({"ok": true})).await?;
    Ok(id.as_str().into())
}

pub async fn a_plan_to_retry_is_of_what_is_failed_still_and_makes_each_fail_anew(bench: Bench) -> Result<()> {
    let process = bench.failed("retry", 3).await?;
    let known = incidents(&bench, &process).await?;
    let gone = known[0].incident.process_instance.clone().context("an instance")?;
    bench.driver().cancel_instance(gone.as_wire()).await?;
    let plan = planned(&bench, Asked::Retry(known.clone())).await?;
    ensure!((plan.targets.len(), plan.left_out.len()) == (2, 1), "{}", told(&plan));
    ensure!(plan.left_out[0].why.contains("gone"), "{}", told(&plan));
    ensure!(plan.targets.iter().all(|target| target.business_key.is_some() && target.label.contains("work")), "{:?}", plan.targets);
    ensure!(plan.sentence().starts_with("Retry 2 jobs of the test: each gets 1 retry, due now"), "{}", plan.sentence());
    ensure!(plan.steps().len() == 2);
    perform(&bench, &plan).await?;
    let new = async || {
        let now = incidents(&bench, &process).await?;
        Ok((now.len() == 2 && now.iter().all(|new| known.iter().all(|old| old.incident.id != new.incident.id))).then_some(()))
    };
    until("each failed anew", new).await?;
    let again = planned(&bench, Asked::Retry(incidents(&bench, &process).await?)).await?;
    ensure!(told(&again).contains("retried and failed again before, up to once"), "{}", told(&again));
    let stale = planned(&bench, Asked::Retry(known)).await?;
    ensure!(stale.targets.len() == 2, "the jobs are the same and failed again: {}", told(&stale));
    Ok(())
}

pub async fn a_plan_to_retry_leaves_out_what_has_attempts_and_refuses_what_does_not_belong_together(bench: Bench) -> Result<()> {
    let (one, other) = (bench.failed("one", 1).await?, bench.deploy("other", [job("elsewhere", "${ok.elsewhere}", "R1/PT0S")]).await?);
    bench.start_failing(&other).await?;
    failed_count(&bench, &other, 1).await?;
    let both = [incidents(&bench, &one).await?, incidents(&bench, &other).await?].concat();
    let no = planned_as(bench.client(), &bench, Asked::Retry(both)).await.err().context("there is no such plan")?;
    ensure!(no.why.contains("2 places with 2 different messages"), "{no:?}");
    let waiting = bench.deploy("waiting", [timer()]).await?;
    bench.start_failing(&waiting).await?;
    let plan = planned(&bench, Asked::RetryItems { jobs: vec![bench.job_of(&waiting).await?, "gone".into()], tasks: Vec::new() }).await?;
    ensure!(plan.targets.is_empty() && plan.is_performable().is_err(), "{}", told(&plan));
    ensure!(told(&plan).contains("retry left again") && told(&plan).contains("job gone"), "{}", told(&plan));
    Ok(())
}

pub async fn a_job_due_after_all_that_can_be_reckoned_with_costs_its_cell_and_its_place_in_the_plan(bench: Bench) -> Result<()> {
    let process = bench.failed("parked", 3).await?;
    let open = incidents(&bench, &process).await?;
    let parked = open[0].incident.configuration.clone().context("its job")?;
    bench.driver().put(&format!("/job/{}/duedate", parked.as_wire()), &json!({"duedate": "9999-12-31T23:00:00.000+0000"})).await?;
    let job = bench.client().job(&parked.clone().into()).await?.context("the job is there")?.data;
    ensure!(job.unreadable.words("dueDate").is_some_and(|words| words.contains("9999-12-31")), "{job:?}");
    ensure!(job.due.is_some_and(|due| due > Timestamp::now()), "it is not due: {job:?}");
    let filter = JobFilter { process_definition: Some(process.id.clone()), ..JobFilter::default() };
    let rows = bench.client().jobs_where(&filter, Page::first(10)).await?.data;
    ensure!(rows.len() == 3 && rows.iter().filter(|job| job.unreadable.is_empty()).count() == 2, "{rows:?}");
    ensure!(bench.client().unreadable().iter().any(|words| words.starts_with("1 value in the 3 rows of /job could not be read")), "told");
    let plan = planned(&bench, Asked::Retry(open)).await?;
    ensure!(plan.targets.len() == 2 && plan.targets.iter().all(|target| target.id() != parked.as_wire()), "{}", told(&plan));
    ensure!(plan.left_out.len() == 1 && plan.left_out[0].why.starts_with("its dueDate cannot be read: 9999-12-31"), "{:?}", plan.left_out);
    perform(&bench, &plan).await?;
    let after = bench.client().job(&parked.into()).await?.context("the job is there")?.data;
    ensure!(after.retries == 0 && after.unreadable == job.unreadable, "it was left as it was: {after:?}");
    Ok(())
}

pub async fn a_plan_to_retry_a_suspended_job_says_that_nothing_will_run(bench: Bench) -> Result<()> {
    let process = bench.failed("asleep", 1).await?;
    bench.driver().suspend_job_definitions(&process.key, true, true).await?;
    let plan = planned(&bench, Asked::Retry(incidents(&bench, &process).await?)).await?;
    ensure!(told(&plan).contains("Caution: it is suspended: a retry ends the incident, though nothing runs"), "{}", told(&plan));
    ensure!(told(&plan).contains("1 job definition of these is suspended"), "{}", told(&plan));
    perform(&bench, &plan).await?;
    let job = bench.client().job(&bench.job_of(&process).await?).await?.context("the job is there")?.data;
    ensure!(job.retries == 1 && job.suspended && incidents(&bench, &process).await?.is_empty(), "{job:?}");
    Ok(())
}

pub async fn a_plan_to_retry_an_external_task_gives_it_attempts(bench: Bench) -> Result<()> {
    let topic = bench.name("topic");
    let process = bench.deploy("outside", [external(&topic)]).await?;
    bench.start_failing(&process).await?;
    let tasks = bench.driver().fetch_and_lock("worker", &topic, 1, Duration::from_secs(60)).await?;
    let task = tasks[0]["id"].as_str().context("an id")?.to_owned();
    let held = planned(&bench, Asked::Unlock(task.as_str().into())).await?;
    ensure!(told(&held).contains("Caution: worker worker holds it until"), "{}", told(&held));
    perform(&bench, &held).await?;
    let free = planned_as(bench.client(), &bench, Asked::Unlock(task.as_str().into())).await;
    ensure!(free.as_ref().is_err_and(|why| why.why == "no worker holds this external task"), "{free:?}");
    bench.driver().put(&format!("/external-task/{task}/retries"), &json!({"retries": 0})).await?;
    let plan = planned(&bench, Asked::Retry(incidents(&bench, &process).await?)).await?;
    ensure!(plan.targets.len() == 1 && plan.targets[0].kind() == "external task", "{}", told(&plan));
    perform(&bench, &plan).await?;
    ensure!(incidents(&bench, &process).await?.is_empty());
    Ok(())
}

pub async fn a_plan_from_a_caller_retries_the_cause_below_it(bench: Bench) -> Result<()> {
    let bottom = bench.deploy("bottom", [work()]).await?;
    let middle = bench.deploy("middle", [call(&bottom.key)]).await?;
    let top = bench.deploy("top", [call(&middle.key)]).await?;
    let instance = bench.start_failing(&top).await?;
    failed_count(&bench, &top, 1).await?;
    let plan = planned(&bench, Asked::RetryBelow(instance.clone())).await?;
    ensure!(plan.targets.len() == 1 && plan.targets[0].id() == bench.job_of(&bottom).await?.as_wire(), "{}", told(&plan));
    ensure!(plan.tree.iter().map(|line| line.depth).collect::<Vec<_>>() == [0, 1, 2] && plan.tree[0].asked, "{:?}", plan.tree);
    ensure!(plan.tree[2].note.contains("failed here"), "{:?}", plan.tree);
    ensure!(told(&plan).contains("2 incidents further up wait for it and clear with it"), "{}", told(&plan));
    let below = called(&bench, &called(&bench, &instance).await?[0]).await?;
    bench.driver().set_variable(below[0].as_wire(), "ok", &json!(true)).await?;
    perform(&bench, &plan).await?;
    until("all three run through", async || Ok((!runs(&bench, &instance).await?).then_some(()))).await?;
    let over = planned_as(bench.client(), &bench, Asked::RetryBelow(instance)).await;
    ensure!(over.as_ref().is_err_and(|why| why.why.contains("does not run any more")), "{over:?}");
    Ok(())
}

pub async fn a_plan_from_a_caller_of_many_takes_every_cause_the_picture_knows(bench: Bench) -> Result<()> {
    let bottom = bench.deploy("letter", [work()]).await?;
    let top = bench.deploy("campaign", [call_many(&bottom.key, 60, "false")]).await?;
    let instance = bench.start_failing(&top).await?;
    failed_count(&bench, &top, 60).await?;
    let part = planned(&bench, Asked::RetryBelow(instance.clone())).await?;
    ensure!(part.targets.len() == 50 && told(&part).contains("at least 60 causes are open below, 50 are looked at"), "{}", told(&part));
    let all = [incidents(&bench, &bottom).await?, incidents(&bench, &top).await?].concat();
    let set = IncidentSet::whole(all.into_iter().map(|known| (known.incident.id.clone(), known)).collect());
    let mut asked = asking(&bench, Asked::RetryBelow(instance), Arc::new(Remembered::default()));
    Arc::make_mut(&mut asked.picture).incidents.succeed(set, Moment::now());
    let whole = planner::plan(bench.client(), &asked).await.map_err(|why| anyhow::anyhow!("{why:?}"))?;
    ensure!(whole.targets.len() == 60 && told(&whole).contains("60 incidents further up wait for it"), "{}", told(&whole));
    Ok(())
}

pub async fn a_plan_to_cancel_a_child_counts_the_callers_that_end_with_it(bench: Bench) -> Result<()> {
    let bottom = bench.deploy("bottom", [person()]).await?;
    let middle = bench.deploy("middle", [call(&bottom.key)]).await?;
    let top = bench.deploy("top", [call(&middle.key)]).await?;
    let first = bench.start_failing(&top).await?;
    let second = called(&bench, &first).await?.remove(0);
    let third = called(&bench, &second).await?.remove(0);
    let plan = planned(&bench, Asked::Cancel(vec![second.clone()])).await?;
    ensure!(plan.levels.len() == 1 && plan.levels[0].count == 3 && plan.levels[0].complete, "{:?}", plan.levels);
    ensure!(plan.targets[0].id() == first.as_wire(), "it begins at the top, which ends anyway");
    ensure!(plan.levels[0].warnings.iter().any(|warning| warning.text.contains("cannot be cancelled alone")), "{:?}", plan.levels[0].warnings);
    ensure!(plan.levels[0].tree.iter().map(|line| line.asked).collect::<Vec<_>>() == [false, true, false], "{:?}", plan.levels[0].tree);
    perform(&bench, &plan).await?;
    for instance in [&first, &second, &third] {
        ensure!(!runs(&bench, instance).await?, "{instance} runs");
    }
    let over = planned_as(bench.client(), &bench, Asked::Cancel(vec![second])).await;
    ensure!(over.as_ref().is_err_and(|why| why.why.contains("ended already")), "{over:?}");
    Ok(())
}

pub async fn a_plan_to_cancel_one_of_several_offers_it_alone_and_all_of_them(bench: Bench) -> Result<()> {
    let bottom = bench.deploy("bottom", [person()]).await?;
    let middle = bench.deploy("middle", [call_many(&bottom.key, 3, "true")]).await?;
    let top = bench.deploy("top", [call(&middle.key)]).await?;
    let first = bench.start_failing(&top).await?;
    let second = called(&bench, &first).await?.remove(0);
    let thirds = called(&bench, &second).await?;
    let mut plan = planned(&bench, Asked::Cancel(vec![thirds[0].clone()])).await?;
    ensure!(plan.levels.iter().map(|level| level.count).collect::<Vec<_>>() == [5, 1], "{:?}", plan.levels);
    ensure!(plan.choices.level == 1 && plan.targets[0].id() == thirds[0].as_wire(), "the one alone by default");
    let words: Vec<&str> = plan.levels[1].warnings.iter().map(|warning| warning.text.as_str()).collect();
    ensure!(words.iter().any(|text| text.contains("goes on without it, at 2 × Call")), "{words:?}");
    perform(&bench, &plan).await?;
    ensure!(!runs(&bench, &thirds[0]).await? && runs(&bench, &thirds[1]).await? && runs(&bench, &second).await?, "the others go on");
    plan = planned(&bench, Asked::Cancel(vec![thirds[1].clone()])).await?;
    ensure!(plan.levels.iter().map(|level| level.count).collect::<Vec<_>>() == [4, 1], "{:?}", plan.levels);
    let mut choices = plan.choices.clone();
    (choices.level, choices.reason) = (0, "a test".to_owned());
    plan.choose(choices);
    perform(&bench, &plan).await?;
    until("the batch cancels all", async || Ok((!runs(&bench, &first).await? && !runs(&bench, &thirds[2]).await?).then_some(()))).await?;
    let past = bench.client().historic_process_instance(&first).await?.context("the history knows it")?.data;
    ensure!(past.delete_reason.as_ref().is_some_and(|reason| reason.as_wire() == plan.action.signed("a test")), "{past:?}");
    // The last but one branch: now its caller ends with it.
    let second_case = bench.start_failing(&middle).await?;
    let children = called(&bench, &second_case).await?;
    for child in &children[1..] {
        bench.driver().cancel_instance(child.as_wire()).await?;
    }
    let last = planned(&bench, Asked::Cancel(vec![children[0].clone()])).await?;
    ensure!(last.levels.len() == 1 && last.levels[0].count == 2, "{:?}", last.levels);
    perform(&bench, &last).await?;
    ensure!(!runs(&bench, &second_case).await?);
    Ok(())
}

pub async fn plans_for_one_thing_tell_what_it_was_and_can_be_taken_back(bench: Bench) -> Result<()> {
    let process = bench.failed("single", 1).await?;
    let (facts, job, client) = (Arc::new(Remembered::default()), bench.job_of(&process).await?, bench.client());
    let back = async |plan: &Plan| -> Result<Plan> {
        perform(&bench, plan).await?;
        facts.note(plan);
        remembering(&bench, Asked::Undo(plan.action.0.clone()), &facts).await.map_err(|why| anyhow::anyhow!("{why:?}"))
    };
    let at = Timestamp::from_second((Timestamp::now() + SignedDuration::from_hours(3)).as_second())?;
    let was = client.job(&job).await?.context("a job")?.data.due;
    let due = planned(&bench, Asked::MoveDueDate { job: job.clone(), due: Some(at) }).await?;
    ensure!(told(&due).contains("Note: it is due 2") && told(&due).contains("out of retries"), "{}", told(&due));
    let undo = back(&due).await?;
    ensure!(client.job(&job).await?.context("a job")?.data.due == Some(at));
    perform(&bench, &undo).await?;
    ensure!(client.job(&job).await?.context("a job")?.data.due == was && was.is_some(), "{}", undo.sentence());

    let priority = planned(&bench, Asked::SetJobPriority { job: job.clone(), priority: 7 }).await?;
    let undo = back(&priority).await?;
    ensure!(client.job(&job).await?.context("a job")?.data.priority == 7);
    perform(&bench, &undo).await?;
    ensure!(client.job(&job).await?.context("a job")?.data.priority == 0);

    let incident = incidents(&bench, &process).await?.remove(0).incident.id.clone();
    let note = planned(&bench, Asked::Annotate { incident: incident.clone(), text: Some("seen".to_owned()) }).await?;
    let undo = back(&note).await?;
    ensure!(told(&undo).contains("the note it has is lost: seen"), "{}", told(&undo));
    perform(&bench, &undo).await?;
    ensure!(client.incident(&incident).await?.context("open")?.data.annotation.is_none());

    let instance = client.job(&job).await?.context("a job")?.data.process_instance.context("an instance")?;
    let shown = client.variables(&instance, Page::first(10)).await?.data.into_iter().find(|row| row.name.as_wire() == "ok").context("ok")?;
    let value = NewValue { kind: "Boolean".into(), value: json!(true), info: None };
    let write = planned(&bench, Asked::SetVariable { instance: instance.clone(), variable: Arc::new(shown.clone()), value }).await?;
    ensure!(told(&write).contains("it was written last at"), "{}", told(&write));
    let undo = back(&write).await?;
    let text = NewValue { kind: "String".into(), value: json!("yes"), info: None };
    let stale = planned(&bench, Asked::SetVariable { instance: instance.clone(), variable: Arc::new(shown), value: text }).await?;
    ensure!(told(&stale).contains("changed since it was shown") && told(&stale).contains("type changes from Boolean to String"), "{}", told(&stale));
    perform(&bench, &undo).await?;
    let now = client.variables(&instance, Page::first(10)).await?.data.into_iter().find(|row| row.name.as_wire() == "ok").context("ok")?;
    ensure!(now.value == bpmtop::model::variable::VariableValue::of_text("false"), "{now:?}");

    let retry = planned(&bench, Asked::RetryItems { jobs: vec![job], tasks: Vec::new() }).await?;
    facts.note(&retry);
    let no = remembering(&bench, Asked::Undo(retry.action.0.clone()), &facts).await;
    ensure!(no.as_ref().is_err_and(|why| why.why.contains("cannot be undone")), "{no:?}");
    Ok(())
}

pub async fn user_tasks_are_counted_by_their_process(bench: Bench) -> Result<()> {
    let (process, other) = (bench.deploy("ours", [person()]).await?, bench.deploy("theirs", [person()]).await?);
    bench.start_failing(&process).await?;
    bench.start_failing(&other).await?;
    bench.filters(RequestName::UserTaskCount, "", "processDefinitionId", process.id.as_wire(), 1).await?;
    Ok(())
}

pub async fn a_plan_tells_a_reader_beforehand_that_the_engine_will_refuse(bench: Bench) -> Result<()> {
    let process = bench.failed("guarded", 1).await?;
    let known = incidents(&bench, &process).await?;
    let wire = bench.wire().await?;
    let reader = bench.user("onlooker").await?;
    bench.driver().grant(&reader, 6, "*", &["READ", "READ_INSTANCE", "READ_HISTORY"]).await?;
    let client = bench.client_of(&reader, bench.password(), &wire)?;
    let instance = known[0].incident.process_instance.clone().context("an instance")?;
    for what in [
        Asked::Retry(known.clone()),
        Asked::Cancel(vec![instance.clone()]),
        Asked::Instances { instances: vec![instance], suspend: true },
        Asked::JobDefinitions { definitions: definitions(&bench, &process).await?, suspend: true },
        Asked::Processes { definitions: vec![process.id.clone()], suspend: true },
        Asked::Annotate { incident: known[0].incident.id.clone(), text: Some("note".to_owned()) },
    ] {
        let plan = planned_as(&client, &bench, what).await.map_err(|why| anyhow::anyhow!("{why:?}"))?;
        let stop = plan.warnings.iter().find(|warning| warning.weight == Weight::Stop).with_context(|| format!("{:?}: {}", plan.verb, told(&plan)))?;
        ensure!(stop.text.contains("the engine will refuse this: ") && stop.text.contains(&process.key), "{}", stop.text);
        ensure!(plan.is_performable().is_err());
        let sent = client.change(&plan.steps()[0].change).await.sent;
        ensure!(matches!(sent, Sent::Rejected(_)), "{:?}: the engine refuses indeed: {sent:?}", plan.verb);
    }
    bench.driver().grant(&reader, 6, &process.key, &["RETRY_JOB"]).await?;
    let plan = planned_as(&client, &bench, Asked::Retry(known)).await.map_err(|why| anyhow::anyhow!("{why:?}"))?;
    ensure!(plan.is_performable().is_ok(), "{}", told(&plan));
    ensure!(matches!(client.change(&plan.steps()[0].change).await.sent, Sent::Accepted { .. }), "a right on this process alone suffices");
    // Its reason would be refused: that is known beforehand too, and no longer said once it is granted.
    ensure!(plan.journal_alone().is_some_and(|why| why.contains("UPDATE on OPERATION_LOG_CATEGORY")), "{}", told(&plan));
    let log = format!("/history/user-operation?processDefinitionKey={}&operationType=SetJobRetries", process.key);
    let operation = bench.driver().list(&log).await?.first().and_then(|row| row["operationId"].as_str().map(str::to_owned)).context("an operation")?;
    let explain = Change::OperationAnnotation { operation: operation.as_str().into(), text: "the service is back".to_owned() };
    ensure!(matches!(client.change(&explain).await.sent, Sent::Rejected(_)));
    bench.driver().grant(&reader, 17, "Operator", &["UPDATE"]).await?;
    let asked = Asked::JobDefinitions { definitions: definitions(&bench, &process).await?, suspend: true };
    let plan = planned_as(&client, &bench, asked).await.map_err(|why| anyhow::anyhow!("{why:?}"))?;
    ensure!(plan.journal_alone().is_none(), "{}", told(&plan));
    let sent = client.change(&explain).await.sent;
    ensure!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
    Ok(())
}
