//! Cases (CMMN) between processes: who called whom by which question, and what a cancellation above and below one does.

use anyhow::{Context as _, Result, ensure};
use bpmtop::action::ledger::Stage;
use bpmtop::action::outcome::{Class, Outcome, Proof};
use bpmtop::action::wish::Asked;
use bpmtop::engine::{CaseFilter, Page, RequestName};
use bpmtop::headless::tree::grow;
use bpmtop::model::call_tree::{Content, Target, Tree};
use bpmtop::model::case::CaseStanding;
use bpmtop::model::ids::{CaseInstanceId, ProcessInstanceId};
use bpmtop::poll::inquire::Counter;
use serde_json::json;

use super::actions::Operator;
use super::bench::{Bench, Deployed, SOON};
use super::diagrams::{call, call_case, call_many, person, work};
use super::filters::{pages, text};

/// `top` calls the case `outer`, that the case `inner`, that the process `middle`, that the process `bottom`, which fails.
struct Chain {
    top: ProcessInstanceId,
    outer: CaseInstanceId,
    inner: CaseInstanceId,
    middle: ProcessInstanceId,
    bottom: ProcessInstanceId,
    bottom_process: Deployed,
    key: String,
}

fn case(key: &str, name: &str, task: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><definitions id="d" xmlns="http://www.omg.org/spec/CMMN/20151109/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/cmmn" targetNamespace="cases">
        <case id="{key}" name="{name}" camunda:historyTimeToLive="30"><casePlanModel id="plan"><planItem id="item" definitionRef="task"/>{task}</casePlanModel></case></definitions>"#
    )
}

const HANDED_ON: &str = r##"<extensionElements><camunda:in variables="all"/><camunda:in businessKey="#{caseExecution.caseBusinessKey}"/></extensionElements>"##;

async fn chain(bench: &Bench) -> Result<Chain> {
    let bottom = bench.deploy("bottom", [work()]).await?;
    let middle = bench.deploy("middle", [call(&bottom.key)]).await?;
    let (outer, inner) = (bench.name("outer"), bench.name("inner"));
    let inner_task = format!(
        r#"<planItem id="look" definitionRef="looking"/><humanTask id="looking" name="Look"/><processTask id="task" name="Score applicant" processRef="{}">{HANDED_ON}</processTask>"#,
        middle.key
    );
    let outer_task = format!(r#"<caseTask id="task" name="Inner work" caseRef="{inner}">{HANDED_ON}</caseTask>"#);
    for (key, name, task) in [(&inner, "Inner case", &inner_task), (&outer, "Outer case", &outer_task)] {
        bench.driver().deploy_xml(&format!("{key}.cmmn"), &case(key, name, task), None).await?;
    }
    let top = bench.deploy("top", [call_case(&outer)]).await?;
    let key = bench.name("CREDIT");
    let started = bench.driver().start(&top.key, &key, &json!({"ok": false})).await?;
    bench.driver().await_count(&format!("/incident/count?processDefinitionId={}", bottom.id.as_wire()), SOON, |count| count == 1).await?;
    let cases = bench.driver().list(&format!("/case-instance?businessKey={key}")).await?;
    let of = |definition: &str| {
        let row = cases.iter().find(|row| row["caseDefinitionId"].as_str().is_some_and(|id| id.starts_with(&format!("{definition}:"))));
        row.and_then(|row| row["id"].as_str()).map(CaseInstanceId::from).with_context(|| format!("{definition} runs: {cases:?}"))
    };
    let only = async |process: &Deployed| -> Result<ProcessInstanceId> {
        let rows = bench.driver().list(&format!("/process-instance?processDefinitionId={}", process.id.as_wire())).await?;
        Ok(rows.first().and_then(|row| row["id"].as_str()).context("it runs")?.into())
    };
    Ok(Chain {
        top: started.as_str().into(),
        outer: of(&outer)?,
        inner: of(&inner)?,
        middle: only(&middle).await?,
        bottom: only(&bottom).await?,
        bottom_process: bottom,
        key,
    })
}

async fn runs(bench: &Bench, id: &ProcessInstanceId) -> Result<bool> {
    Ok(bench.client().process_instance(id).await?.is_some())
}

pub async fn the_case_between_two_processes_is_found_from_both_sides(bench: Bench) -> Result<()> {
    let chain = chain(&bench).await?;
    let ours = format!("businessKey={}", chain.key);
    let row = RequestName::CaseInstanceList;
    bench.filters(row, &ours, "caseInstanceId", chain.outer.as_wire(), 1).await?;
    bench.filters(row, &ours, "superProcessInstance", chain.top.as_wire(), 1).await?;
    bench.filters(row, &ours, "superCaseInstance", chain.outer.as_wire(), 1).await?;
    bench.filters(row, &ours, "subCaseInstance", chain.inner.as_wire(), 1).await?;
    bench.filters(row, &ours, "subProcessInstance", chain.middle.as_wire(), 1).await?;
    pages(&bench, row, &ours, "caseInstanceId", "id").await?;
    for row in [RequestName::ProcessInstanceCount, RequestName::ProcessInstanceList] {
        bench.filters(row, &ours, "superCaseInstance", chain.inner.as_wire(), 1).await?;
        bench.filters(row, &ours, "subCaseInstance", chain.outer.as_wire(), 1).await?;
    }
    let row = RequestName::HistoricCaseActivityList;
    bench.filters(row, "", "caseInstanceId", chain.inner.as_wire(), 2).await?;
    pages(&bench, row, &format!("caseInstanceId={}", chain.inner.as_wire()), "caseActivityId", "caseActivityId").await?;
    // A process that a case called hands its case on to what it calls: the id alone does not tell who called.
    let bottom = bench.client().process_instance(&chain.bottom).await?.context("it runs")?.data;
    ensure!(bottom.case.as_ref() == Some(&chain.inner), "{bottom:?}");
    let past = bench.client().historic_process_instance(&chain.bottom).await?.context("it is known")?.data;
    ensure!(past.calling_case.is_none() && past.caller.as_ref() == Some(&chain.middle), "{past:?}");
    let past = bench.client().historic_process_instance(&chain.middle).await?.context("it is known")?.data;
    ensure!(past.calling_case.as_ref() == Some(&chain.inner) && past.caller.is_none(), "{past:?}");
    let outer = bench.client().historic_case_instance(&chain.outer).await?.context("it is known")?.data;
    ensure!(outer.caller.as_ref() == Some(&chain.top) && outer.standing == CaseStanding::Active, "{outer:?}");
    let tasks = bench.client().historic_case_activities(&chain.inner, Page::first(10)).await?.data;
    ensure!(tasks.iter().any(|task| task.called.as_ref() == Some(&chain.middle) && task.name.as_ref().is_some_and(|name| name.as_wire() == "Score applicant")));
    let running = bench.client().case_instances(&CaseFilter { id: Some(chain.inner.clone()), ..CaseFilter::default() }, Page::first(1)).await?.data;
    let definition = bench.client().case_definition(&running[0].definition).await?.context("it is deployed")?.data;
    ensure!(definition.name.as_ref().is_some_and(|name| name.as_wire() == "Inner case"), "{definition:?}");
    Ok(())
}

/// What the rows show, one word each, indented.
fn shape(tree: &Tree) -> Vec<String> {
    let word = |content: &Content| match content {
        Content::Instance(node) => node.id.to_string(),
        Content::Case(row) => row.case.id.to_string(),
        other => format!("{other:?}"),
    };
    tree.rows.iter().map(|row| format!("{}{}", "-".repeat(row.depth), word(&row.content))).collect()
}

pub async fn a_tree_leads_through_cases_up_to_the_caller_and_down_to_the_cause(bench: Bench) -> Result<()> {
    let chain = chain(&bench).await?;
    let expected =
        [chain.top.to_string(), format!("-{}", chain.outer), format!("--{}", chain.inner), format!("---{}", chain.middle), format!("----{}", chain.bottom)];
    for from in [&chain.bottom, &chain.middle, &chain.top] {
        let grown =
            grow(&Counter::new(bench.client().clone()), Target::Instance(from.clone()), false, bpmtop::headless::Deadline::after(super::bench::SOON)).await?;
        ensure!(shape(&grown.tree) == expected, "from {from}: {:?}", shape(&grown.tree));
        ensure!(grown.tree.causes.len() == 1, "from {from}: {:?}", grown.tree.causes);
        ensure!(grown.tree.path == [chain.top.clone(), chain.middle.clone(), chain.bottom.clone()], "from {from}: {:?}", grown.tree.path);
        let cases: Vec<_> = grown.tree.rows.iter().filter_map(|row| if let Content::Case(row) = &row.content { Some(row) } else { None }).collect();
        ensure!(cases.iter().all(|row| row.failing && row.case.business_key.as_ref().is_some_and(|key| key.as_wire() == chain.key)), "{cases:?}");
        let tasks: Vec<_> = cases.iter().map(|row| row.case.at_task()).collect();
        ensure!(tasks == [" at Inner work", " at Score applicant"], "{tasks:?}");
    }
    Ok(())
}

pub async fn a_plan_to_cancel_below_a_case_says_who_waits_for_ever_and_they_do(bench: Bench) -> Result<()> {
    let chain = chain(&bench).await?;
    let mut operator = Operator::new(&bench)?;
    let plan = operator.plan(Asked::Cancel(vec![chain.bottom.clone()]), |_| {}).await?;
    let level = plan.level().context("a level")?;
    let told: Vec<&str> = level.warnings.iter().map(|warning| warning.text.as_str()).collect();
    let begins =
        format!("the case {key} (Inner case) keeps waiting for ever at Score applicant, so does the case {key} (Outer case) at Inner work", key = chain.key);
    ensure!(told.iter().any(|text| text.starts_with(&begins) && text.contains("and its caller") && text.contains("Call case too")), "{told:?}");
    ensure!(level.count == 2 && level.complete, "{level:?}");
    let stay: Vec<_> = level.tree.iter().filter(|line| !line.ends).map(|line| line.note.as_str()).collect();
    ensure!(stay.len() == 3 && stay.iter().all(|note| note.starts_with("keeps WAITING FOR EVER at ")), "{:?}", level.tree);
    let ledger = operator.perform(&plan).await?;
    ensure!(ledger.outcomes == [Outcome::Ended(Proof::State), Outcome::Ended(Proof::State)], "{:?}", ledger.outcomes);
    ensure!(ledger.summary() == "2 ended", "{}", ledger.summary());
    ensure!(!runs(&bench, &chain.middle).await? && runs(&bench, &chain.top).await?, "the caller waits");
    let inner = bench.client().historic_case_instance(&chain.inner).await?.context("it is known")?.data;
    ensure!(inner.standing == CaseStanding::Active, "{inner:?}");
    ensure!(bench.driver().count(&format!("/incident/count?processInstanceId={}", chain.top.as_wire())).await? == 0, "and no incident tells");
    operator.leave().await
}

pub async fn a_plan_to_cancel_above_a_case_says_that_the_case_goes_on_and_it_does(bench: Bench) -> Result<()> {
    let chain = chain(&bench).await?;
    let mut operator = Operator::new(&bench)?;
    let plan = operator.plan(Asked::Cancel(vec![chain.top.clone()]), |_| {}).await?;
    let level = plan.level().context("a level")?;
    let expected = format!("the case {} (Outer case) that it called does NOT end with it and goes on, with 1 process instance below it", chain.key);
    ensure!(level.warnings.iter().any(|warning| warning.text.starts_with(&expected)), "{:?}", level.warnings);
    ensure!(level.count == 1, "{level:?}");
    let ledger = operator.perform(&plan).await?;
    ensure!(ledger.summary() == "1 ended", "{}", ledger.summary());
    ensure!(!runs(&bench, &chain.top).await? && runs(&bench, &chain.bottom).await?, "what the case called goes on");
    let left = bench.driver().count(&format!("/incident/count?processDefinitionId={}", chain.bottom_process.id.as_wire())).await?;
    ensure!(left == 1, "{left}");
    operator.leave().await
}

pub async fn several_instances_are_cancelled_by_one_plan_and_counted_as_they_end(bench: Bench) -> Result<()> {
    let bottom = bench.deploy("bottom", [person()]).await?;
    let middle = bench.deploy("middle", [call_many(&bottom.key, 3, "true")]).await?;
    let top = bench.deploy("top", [call(&middle.key)]).await?;
    let (first, second) = (bench.start_failing(&top).await?, bench.start_failing(&top).await?);
    let called = async |caller: &ProcessInstanceId| -> Result<Vec<ProcessInstanceId>> {
        let rows = bench.driver().list(&format!("/process-instance?superProcessInstance={}", caller.as_wire())).await?;
        rows.iter().map(|row| Ok(text(row, "id")?.into())).collect()
    };
    let middles = [called(&first).await?.remove(0), called(&second).await?.remove(0)];
    let leaves = [called(&middles[0]).await?, called(&middles[1]).await?];
    let mut operator = Operator::new(&bench)?;
    // A parent and its own child, twice the same, and two of three children of another tree.
    let asked = vec![middles[0].clone(), leaves[0][0].clone(), leaves[0][0].clone(), leaves[1][0].clone(), leaves[1][1].clone()];
    // One after the other: two children of one caller that are deleted at once may collide in the engine, which refuses one of them.
    let slowly = |choices: &mut bpmtop::action::plan::Choices| (choices.pace.per_second, choices.pace.canary) = (1.0, 1);
    let plan = operator.plan(Asked::Cancel(asked), slowly).await?;
    ensure!(plan.levels.iter().map(|level| level.count).collect::<Vec<_>>() == [10, 7], "{:?}", plan.levels);
    let lowest = &plan.levels[1];
    let mut heads: Vec<&str> = lowest.heads().map(|target| target.id()).collect();
    let mut expected = vec![first.as_wire(), leaves[1][0].as_wire(), leaves[1][1].as_wire()];
    heads.sort_unstable();
    expected.sort_unstable();
    ensure!(heads == expected, "the child ends with its parent, and that with its caller: {heads:?}");
    ensure!(lowest.warnings.iter().any(|warning| warning.text.contains("goes on without it, at Call")), "one of three goes on: {:?}", lowest.warnings);
    ensure!(plan.targets.len() == 7 && plan.steps().len() == 3, "{:?}", plan.steps());
    let ledger = operator.perform(&plan).await?;
    ensure!(ledger.summary() == "7 ended", "{} {:?}", ledger.summary(), ledger.outcomes);
    ensure!(runs(&bench, &leaves[1][2]).await? && runs(&bench, &second).await? && !runs(&bench, &first).await?);
    // All that is left of a caller's branches takes the caller with it; a reason makes one request of it.
    let third = bench.start_failing(&top).await?;
    let rest = called(&called(&third).await?.remove(0)).await?;
    let plan = operator.plan(Asked::Cancel(rest), |choices| choices.reason = "ordered twice".to_owned()).await?;
    ensure!(plan.levels.len() == 1 && plan.levels[0].count == 5, "{:?}", plan.levels);
    ensure!(plan.levels[0].warnings.iter().any(|warning| warning.text.contains("cannot be cancelled alone")), "{:?}", plan.levels[0].warnings);
    let ledger = operator.perform(&plan).await?;
    ensure!(ledger.steps == 1 && ledger.outcomes.iter().all(|outcome| outcome.class() == Class::Good), "{:?}", ledger.outcomes);
    ensure!(ledger.summary() == "5 ended" && matches!(ledger.stage, Stage::Over(_)), "{}", ledger.summary());
    operator.leave().await
}
