//! What one process instance holds: the tree of what runs and waits, user tasks, variables, and which instances belong together.

use anyhow::{Context as _, Result, ensure};
use bpmtop::engine::{CountQuestion, ErrorKind, ExternalTaskFilter, InstanceFilter, InstanceQuery, JobFilter, JobIs, Page, RequestName, RunningOrder};
use bpmtop::model::activity_instance::Token;
use bpmtop::model::ids::{ProcessInstanceId, UserTaskId};
use bpmtop::model::variable::{Variable, VariableValue};
use bpmtop::text::EngineText;
use serde_json::{Value, json};

use super::bench::{Bench, Deployed, SOON};
use super::diagrams::{call, external, people, person, person_with_list, timer, work};

async fn start(bench: &Bench, process: &Deployed, word: &str) -> Result<ProcessInstanceId> {
    Ok(ProcessInstanceId::from(bench.driver().start(&process.key, &bench.name(word), &json!({"ok": false})).await?.as_str()))
}

async fn tokens(bench: &Bench, instance: &ProcessInstanceId) -> Result<Vec<Token>> {
    Ok(bench.client().activity_instances(instance).await?.context("the instance runs")?.data.tokens())
}

async fn executions(bench: &Bench, instance: &ProcessInstanceId) -> Result<u64> {
    Ok(bench.client().count(&CountQuestion::Executions { process_instance: instance.clone() }).await?.data)
}

async fn those(bench: &Bench, filter: InstanceFilter) -> Result<Vec<ProcessInstanceId>> {
    let query = InstanceQuery { filter: filter.clone(), order: Some(RunningOrder::Id), page: Page::first(100) };
    let ids: Vec<_> = bench.client().process_instances_where(&query).await?.data.into_iter().map(|row| row.id).collect();
    let count = bench.client().count(&CountQuestion::ProcessInstances(filter)).await?.data;
    ensure!(count == ids.len() as u64, "count and list take the same filter: {count}, {ids:?}");
    Ok(ids)
}

pub async fn a_called_instance_waits_and_its_caller_runs_the_call(bench: Bench) -> Result<()> {
    let bottom = bench.deploy("bottom", [work()]).await?;
    let top = bench.deploy("top", [call(&bottom.key)]).await?;
    let caller = start(&bench, &top, "caller").await?;
    bench.driver().await_count(&format!("/incident/count?processDefinitionId={}", top.id.as_wire()), SOON, |count| count == 1).await?;
    let called = those(&bench, InstanceFilter { called_by: Some(caller.clone()), ..InstanceFilter::default() }).await?;
    ensure!(called.len() == 1, "{called:?}");
    ensure!(those(&bench, InstanceFilter { calls: Some(called[0].clone()), ..InstanceFilter::default() }).await? == std::slice::from_ref(&caller));
    let place = |token: &Token| (token.activity.as_wire().to_owned(), token.kind.as_wire().to_owned(), token.waiting, token.count, token.incidents);
    let (above, below) = (tokens(&bench, &caller).await?, tokens(&bench, &called[0]).await?);
    ensure!(above.iter().map(place).collect::<Vec<_>>() == [("call".into(), "callActivity".into(), false, 1, 1)], "{above:?}");
    ensure!(below.iter().map(place).collect::<Vec<_>>() == [("work".into(), "serviceTask".into(), true, 1, 1)], "{below:?}");
    ensure!(below[0].name.as_ref().is_some_and(|name| name.as_wire() == "Name of work"), "{below:?}");
    Ok(())
}

pub async fn equal_places_of_an_instance_are_one_with_a_count(bench: Bench) -> Result<()> {
    let process = bench.deploy("votes", [people(4)]).await?;
    let instance = start(&bench, &process, "votes").await?;
    let tree = bench.client().activity_instances(&instance).await?.context("the instance runs")?.data;
    ensure!(tree.id == *instance.text() && tree.kind.as_wire() == "processDefinition" && tree.activity.as_wire() == process.id.as_wire(), "{tree:?}");
    let body = &tree.children[0];
    ensure!(body.activity.as_wire() == "vote#multiInstanceBody" && body.children.len() == 4, "{body:?}");
    ensure!(body.children.iter().all(|child| child.executions.len() == 1 && child.incidents.is_empty()), "{body:?}");
    let tokens = tree.tokens();
    ensure!(tokens.len() == 1 && tokens[0].count == 4 && tokens[0].activity.as_wire() == "vote" && !tokens[0].waiting, "{tokens:?}");
    let many = executions(&bench, &instance).await?;
    ensure!((5..=7).contains(&many), "at least one execution for each and one for all: {many}");
    bench.driver().cancel_instance(instance.as_wire()).await?;
    ensure!(bench.client().activity_instances(&instance).await?.is_none(), "an ended instance has no tree");
    ensure!(executions(&bench, &instance).await? == 0);
    Ok(())
}

pub async fn an_activity_finds_instances_that_run_it_and_those_that_wait_at_it(bench: Bench) -> Result<()> {
    let waiting = bench.failed("waiting", 1).await?;
    let running = bench.deploy("running", [people(2)]).await?;
    let instance = start(&bench, &running, "running").await?;
    let at = |process: &Deployed, activity: &str| InstanceFilter {
        process_key: Some(process.key.as_str().into()),
        activity: Some(activity.into()),
        ..InstanceFilter::default()
    };
    ensure!(those(&bench, at(&waiting, "work")).await?.len() == 1, "a job waits before it");
    ensure!(those(&bench, at(&running, "vote")).await? == [instance], "twice in it is still one instance");
    ensure!(those(&bench, at(&running, "end")).await?.is_empty());
    Ok(())
}

pub async fn the_root_filter_holds_the_root_itself_where_the_engine_knows_it(bench: Bench) -> Result<()> {
    let bottom = bench.deploy("bottom", [person()]).await?;
    let top = bench.deploy("top", [call(&bottom.key)]).await?;
    let (one, _other) = (start(&bench, &top, "one").await?, start(&bench, &top, "other").await?);
    let filter = InstanceFilter { root: Some(one.clone()), ..InstanceFilter::default() };
    if bench.has(bpmtop::engine::Since::camunda7(24)) {
        let family = those(&bench, filter).await?;
        ensure!(family.len() == 2 && family.contains(&one), "{family:?}");
        return Ok(());
    }
    let refused = those(&bench, filter).await.err().context("an old engine is not asked")?;
    ensure!(refused.downcast_ref::<bpmtop::engine::EngineError>().is_some_and(|error| error.kind() == ErrorKind::Unsupported), "{refused}");
    Ok(())
}

pub async fn a_business_key_matches_exactly_or_by_its_pattern(bench: Bench) -> Result<()> {
    let process = bench.deploy("keys", [person()]).await?;
    let (mut ids, prefix) = (Vec::new(), bench.name("A"));
    for word in ["A-1", "A-2", "B"] {
        ids.push(start(&bench, &process, word).await?);
    }
    let like = |pattern: String| InstanceFilter { business_key_like: Some(pattern), ..InstanceFilter::default() };
    let mut wished = ids[..2].to_vec();
    wished.sort();
    ensure!(those(&bench, like(format!("{prefix}%"))).await? == wished);
    ensure!(those(&bench, like(prefix.clone())).await?.is_empty(), "a pattern without % matches the whole key");
    let (any, literal) = (prefix.replace('-', "_"), prefix.replace('-', r"\_"));
    ensure!(those(&bench, like(format!("{any}%"))).await? == wished, "_ stands for one character");
    ensure!(those(&bench, like(format!("{literal}%"))).await?.is_empty(), "behind a backslash it is itself");
    ensure!(those(&bench, like(format!("{}%", prefix.to_uppercase()))).await?.is_empty(), "the case matters");
    let exact = InstanceFilter { business_key: Some(EngineText::from(bench.name("B"))), ..InstanceFilter::default() };
    ensure!(those(&bench, exact).await? == ids[2..]);
    Ok(())
}

pub async fn the_jobs_and_external_tasks_of_an_instance_are_listed(bench: Bench) -> Result<()> {
    let timers = bench.deploy("timers", [timer()]).await?;
    let (one, _other) = (start(&bench, &timers, "one").await?, start(&bench, &timers, "other").await?);
    let filter = |is: Vec<JobIs>| JobFilter { is, process_instance: Some(one.clone()), ..JobFilter::default() };
    let jobs = bench.client().jobs_where(&filter(vec![]), Page::first(10)).await?.data;
    ensure!(jobs.len() == 1 && jobs[0].process_instance.as_ref() == Some(&one) && jobs[0].due.is_some(), "{jobs:?}");
    ensure!(bench.client().jobs_where(&filter(vec![JobIs::Message]), Page::first(10)).await?.data.is_empty());
    let booking = bench.deploy("booking", [external(&bench.name("booking"))]).await?;
    let (one, _other) = (start(&bench, &booking, "one").await?, start(&bench, &booking, "other").await?);
    let filter = ExternalTaskFilter { process_instance: Some(one.clone()), ..ExternalTaskFilter::default() };
    let tasks = bench.client().external_tasks_where(&filter, Page::first(10)).await?.data;
    ensure!(tasks.len() == 1 && tasks[0].process_instance == Some(one) && tasks[0].activity.as_ref().is_some_and(|id| id.as_wire() == "book"), "{tasks:?}");
    Ok(())
}

pub async fn a_user_task_tells_everything_about_itself(bench: Bench) -> Result<()> {
    let process = bench.deploy("decide", [person()]).await?;
    let instance = start(&bench, &process, "decide").await?;
    let read = async || -> Result<_> {
        let all = bench.client().user_tasks(&instance, Page::first(10)).await?.data;
        ensure!(all.len() == 1, "{all:?}");
        all.into_iter().next().context("one")
    };
    let fresh = read().await?;
    ensure!(fresh.name.as_ref().is_some_and(|name| name.as_wire() == "Decide") && fresh.activity.as_ref().is_some_and(|id| id.as_wire() == "decide"));
    ensure!(fresh.process_instance.as_ref() == Some(&instance) && fresh.process_definition.as_ref() == Some(&process.id), "{fresh:?}");
    ensure!(fresh.assignee.is_none() && fresh.due.is_none() && !fresh.suspended && fresh.priority == 50 && fresh.execution.is_some(), "{fresh:?}");
    let change = json!({"name": "Decide", "assignee": "ann", "owner": "bob", "priority": 7,
        "due": "2030-01-02T03:04:05.000+0100", "followUp": "2029-01-02T03:04:05.000+0000"});
    bench.driver().put(&format!("/task/{}", fresh.id.as_wire()), &change).await?;
    bench.driver().suspend_instance(instance.as_wire(), true).await?;
    let changed = read().await?;
    ensure!(changed.assignee.as_ref().map(EngineText::as_wire) == Some("ann") && changed.owner.as_ref().map(EngineText::as_wire) == Some("bob"));
    ensure!(changed.priority == 7 && changed.suspended && changed.created == fresh.created, "{changed:?}");
    ensure!(changed.due == Some("2030-01-02T02:04:05Z".parse()?) && changed.follow_up == Some("2029-01-02T03:04:05Z".parse()?), "{changed:?}");
    ensure!(bench.client().user_task(&fresh.id).await?.context("it is open")?.data == changed, "alone it tells the same");
    bench.driver().suspend_instance(instance.as_wire(), false).await?;
    bench.driver().complete_task(fresh.id.as_wire(), &json!({})).await?;
    ensure!(bench.client().user_task(&fresh.id).await?.is_none(), "done means gone");
    ensure!(bench.client().user_task(&UserTaskId::from("gone")).await?.is_none());
    Ok(())
}

/// The variables of an instance by their names.
async fn variables(bench: &Bench, instance: &ProcessInstanceId) -> Result<Vec<(String, Variable)>> {
    let all = bench.client().variables(instance, Page::first(100)).await?.data;
    Ok(all.into_iter().map(|variable| (variable.name.as_wire().to_owned(), variable)).collect())
}

pub async fn values_of_every_type_are_read_but_bytes_and_files(bench: Bench) -> Result<()> {
    let process = bench.deploy("values", [person()]).await?;
    let instance = ProcessInstanceId::from(bench.driver().start(&process.key, "values", &json!({})).await?.as_str());
    let of = |kind: &str, value: Value| json!({"type": kind, "value": value});
    let modifications = json!({
        "boolean": of("Boolean", json!(true)),
        "bytes": of("Bytes", json!("aGk=")),
        "date": of("Date", json!("2013-01-23T13:42:45.000+0100")),
        "double": of("Double", json!(0.1)),
        "empty": of("Null", Value::Null),
        "file": {"type": "File", "value": "aGk=", "valueInfo": {"filename": "a.txt", "mimeType": "text/plain"}},
        "long": of("Long", json!(9_223_372_036_854_775_807_i64)),
        "no bytes": of("Bytes", Value::Null),
        "no string": of("String", Value::Null),
        "string": of("String", json!("\u{1b}[2J\n<&>")),
    });
    let path = format!("/process-instance/{}/variables", instance.as_wire());
    bench.driver().post(&path, &json!({"modifications": modifications})).await?;
    let read = variables(&bench, &instance).await?;
    let text = |text: &str| VariableValue::Text(EngineText::from(text));
    let values: Vec<_> = read.iter().map(|(name, variable)| (name.as_str(), variable.kind.as_wire(), variable.value.clone())).collect();
    let wished = [
        ("boolean", "Boolean", text("true")),
        ("bytes", "Bytes", VariableValue::NotSent),
        ("date", "Date", text("2013-01-23T12:42:45.000+0000")),
        ("double", "Double", text("0.1")),
        ("empty", "Null", VariableValue::Null),
        ("file", "File", VariableValue::NotSent),
        ("long", "Long", text("9223372036854775807")),
        ("no bytes", "Bytes", VariableValue::NotSent),
        ("no string", "String", VariableValue::Null),
        ("string", "String", text("\u{1b}[2J\n<&>")),
    ];
    ensure!(values == wished, "{:?}", values.iter().map(|(name, kind, value)| format!("{name} {kind} {value:?}")).collect::<Vec<_>>());
    let file = &read[5].1;
    ensure!(file.file_name.as_ref().map(EngineText::as_wire) == Some("a.txt") && file.mime_type.as_ref().map(EngineText::as_wire) == Some("text/plain"));
    for (_, variable) in &read {
        ensure!(variable.execution.as_ref().map(|id| id.as_wire()) == Some(instance.as_wire()), "{variable:?}");
        ensure!(variable.scope.as_ref() == Some(instance.text()) && variable.task.is_none() && variable.problem.is_none(), "{variable:?}");
        let alone = bench.client().variable(&variable.id).await?.context("it is there")?.data;
        ensure!(alone == *variable, "alone it tells the same: {alone:?} {variable:?}");
    }
    ensure!(bench.client().variable(&"gone".into()).await?.is_none());
    Ok(())
}

pub async fn a_local_variable_names_its_scope_and_an_object_its_class(bench: Bench) -> Result<()> {
    let process = bench.deploy("local", [person_with_list("a tag")]).await?;
    let instance = ProcessInstanceId::from(bench.driver().start(&process.key, "local", &json!({"who": "ann"})).await?.as_str());
    let task = bench.client().user_tasks(&instance, Page::first(1)).await?.data.remove(0);
    let path = format!("/task/{}/localVariables/note", task.id.as_wire());
    bench.driver().put(&path, &json!({"type": "String", "value": "mine"})).await?;
    let read = variables(&bench, &instance).await?;
    ensure!(read.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>() == ["note", "tags", "who"], "{read:?}");
    let (note, tags, who) = (&read[0].1, &read[1].1, &read[2].1);
    ensure!(note.task.as_ref() == Some(&task.id), "{note:?}");
    ensure!(who.task.is_none() && who.scope.as_ref() == Some(instance.text()), "{who:?}");
    ensure!(tags.scope.as_ref().is_some_and(|scope| scope.as_wire().starts_with("decide:")) && tags.task.is_none(), "{tags:?}");
    ensure!(tags.kind.as_wire() == "Object" && tags.object_type.as_ref().map(EngineText::as_wire) == Some("java.util.ArrayList"), "{tags:?}");
    ensure!(tags.format.as_ref().map(EngineText::as_wire) == Some("application/x-java-serialized-object") && tags.problem.is_none(), "{tags:?}");
    ensure!(matches!(&tags.value, VariableValue::Text(text) if text.as_wire().starts_with("rO0AB")), "an object comes as it is written down: {tags:?}");
    // What is prevented: the engine would make an object of it.
    let list = format!("/variable-instance?processInstanceIdIn={}&variableName=tags", instance.as_wire());
    ensure!(bench.driver().list(&list).await?[0]["value"] == json!(["a tag"]));
    ensure!(bench.driver().list(&format!("{list}&deserializeValues=false")).await?[0]["value"].is_string());
    bench.prove(RequestName::VariableList, "deserializeValues");
    let one = format!("/variable-instance/{}", tags.id.as_wire());
    ensure!(bench.driver().get(&one).await?["value"] == json!(["a tag"]));
    ensure!(bench.driver().get(&format!("{one}?deserializeValues=false")).await?["value"] == json!(["a tag"]), "the plural means nothing here");
    ensure!(bench.driver().get(&format!("{one}?deserializeValue=false")).await?["value"].is_string());
    bench.prove(RequestName::Variable, "deserializeValue");
    ensure!(bench.client().variable(&tags.id).await?.context("it is there")?.data == *tags, "alone it tells the same");
    Ok(())
}

pub async fn a_page_of_large_values_is_given_up_and_a_smaller_one_is_read(bench: Bench) -> Result<()> {
    // The engine writes an object in base64: four characters for three bytes.
    let process = bench.deploy("large", [person_with_list(&"x".repeat(1_000_000))]).await?;
    let instance = ProcessInstanceId::from(bench.driver().start(&process.key, "large", &json!({"who": "ann"})).await?.as_str());
    let read = variables(&bench, &instance).await?;
    ensure!(matches!(read[0].1.value, VariableValue::TooLarge { bytes: 1_333_333..1_340_000 }), "{read:?}");
    let process = bench.deploy("larger", [person_with_list(&"x".repeat(1_600_000))]).await?;
    let instance = ProcessInstanceId::from(bench.driver().start(&process.key, "larger", &json!({"who": "ann"})).await?.as_str());
    let refused = bench.client().variables(&instance, Page::first(2)).await.err().context("more than 2 MiB")?;
    ensure!(refused.kind() == ErrorKind::TooLarge, "{refused}");
    let rest = bench.client().variables(&instance, Page { first: 1, max: 1 }).await?.data;
    ensure!(rest.len() == 1 && rest[0].name.as_wire() == "who", "{rest:?}");
    Ok(())
}
