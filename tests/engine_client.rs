//! The client against a scripted server: what it sends, what it refuses to send, what it makes of answers. Failures and their words
//! are in `engine_client_failures.rs`, reading one instance in `engine_client/instance.rs`, the logs in `engine_client/logs.rs`, who
//! answers in `engine_client/identity.rs`.

#[path = "engine_client/identity.rs"]
mod identity;
#[path = "engine_client/instance.rs"]
mod instance;
#[path = "engine_client/logs.rs"]
mod logs;
mod scripted;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bpmtop::engine::{
    CaseFilter, Change, Client, ClientOptions, CountQuestion, Due, EngineError, EngineVersion, ErrorKind, ExternalTaskFilter, ExternalTaskIs,
    HistoricActivityFilter, HistoricActivityQuery, HistoricIncidentFilter, HistoricIncidentQuery, HistoricInstanceFilter, HistoricInstanceQuery,
    IncidentFilter, IncidentQuery, IncidentSort, InstanceFilter, InstanceOrder, InstanceQuery, JobFilter, JobIs, JobLogFilter, JobLogQuery, Login, Order, Page,
    Problem, Product, RequestName, RunningOrder, Sent, Standing, containing,
};
use bpmtop::model::ids::{ExternalTaskId, IncidentId, JobId, ProcessDefinitionId, ProcessInstanceId, ProcessKey};
use bpmtop::model::rights::Right;
use bpmtop::text::EngineText;
use scripted::{Asked, Manner, Reply, ScriptedEngine};

const ROW: &str = r#"{"id":"i1","incidentType":"failedJob","incidentTimestamp":"2025-01-01T00:00:00.000+0000","configuration":"j1"}"#;

fn options(engine: &ScriptedEngine) -> ClientOptions {
    ClientOptions::new(engine.url().parse().expect("an address"))
}

fn client(engine: &ScriptedEngine) -> Client {
    Client::new(options(engine)).expect("a client")
}

fn logged_in(engine: &ScriptedEngine, password: &str) -> Client {
    let login = Login::Basic { user: "ann".to_owned(), password: password.into() };
    Client::new(ClientOptions { login, ..options(engine) }).expect("a client")
}

fn version(text: &str) -> EngineVersion {
    EngineVersion::detect(EngineText::from(text), None)
}

fn incidents() -> IncidentQuery {
    IncidentQuery { filter: IncidentFilter::default(), sort: None, page: Page::first(100) }
}

/// An engine that answers counts, and everything else with an empty list.
async fn calm_engine() -> ScriptedEngine {
    ScriptedEngine::start(|asked: &Asked| match asked.path() {
        path if path.ends_with("/count") => Reply::json(r#"{"count":7}"#),
        path if path.ends_with("/version") => Reply::json(r#"{"version":"7.24.0"}"#),
        path if path.ends_with("/activity-instances") => Reply::json(r#"{"id":"p"}"#),
        path if path.ends_with("/task/t") => Reply::json(r#"{"id":"t","created":"2025-01-01T00:00:00.000+0000"}"#),
        path if path.ends_with("/variable-instance/v") => Reply::json(r#"{"id":"v","name":"iban"}"#),
        _ => Reply::json("[]"),
    })
    .await
}

#[tokio::test]
async fn an_answer_carries_data_size_and_the_engines_clock() {
    let engine = calm_engine().await;
    let answer = client(&engine).count(&CountQuestion::Incidents(IncidentFilter::default())).await.expect("an answer");
    assert_eq!((answer.data, answer.bytes), (7, 11));
    assert_eq!(answer.engine_time, Some("2015-10-21T07:28:00Z".parse().expect("a moment")));
}

#[tokio::test]
async fn elapsed_covers_the_exchange_but_not_the_wait_for_a_turn() {
    let engine = ScriptedEngine::always(Reply::json(r#"{"count":1}"#).travelling(Manner::Late(Duration::from_millis(150)))).await;
    let client = client(&engine);
    let ask = || client.count(&CountQuestion::ProcessDefinitions);
    // Only one request is let through before the login is proven: the second waits for the first.
    let (first, second) = tokio::join!(ask(), ask());
    for answer in [first, second] {
        let elapsed = answer.expect("an answer").elapsed;
        assert!((150..290).contains(&elapsed.as_millis()), "{elapsed:?}");
    }
}

#[tokio::test]
async fn connections_are_reused() {
    let engine = calm_engine().await;
    let client = client(&engine);
    for _ in 0..20 {
        client.version().await.expect("an answer");
    }
    assert_eq!((engine.asked().len(), engine.connections()), (20, 1));
}

#[tokio::test]
async fn at_most_four_requests_are_in_flight() {
    let engine = ScriptedEngine::always(Reply::json(r#"{"count":1}"#).travelling(Manner::Late(Duration::from_millis(60)))).await;
    let client = client(&engine);
    let asks = (0..12).map(|_| client.count(&CountQuestion::ProcessDefinitions));
    for answer in futures_util::future::join_all(asks).await {
        answer.expect("an answer");
    }
    assert_eq!(engine.connections(), 4);
}

#[tokio::test]
async fn usage_counts_requests_and_bytes() {
    let engine = calm_engine().await;
    let client = client(&engine);
    client.version().await.expect("an answer");
    client.clone().incidents(&incidents()).await.expect("an answer");
    let usage = client.usage();
    assert_eq!((usage.requests, usage.bytes), (2, 20 + 2));
}

#[tokio::test]
async fn credentials_travel_with_requests_and_never_in_the_address() {
    let engine = calm_engine().await;
    let address = engine.url().replace("http://", "http://eve:hidden@");
    let login = Login::Basic { user: "ann".to_owned(), password: "secret".into() };
    let client = Client::new(ClientOptions { login, ..ClientOptions::new(address.parse().expect("an address")) }).expect("a client");
    client.version().await.expect("an answer");
    // base64 of ann:secret
    assert_eq!(engine.asked()[0].header("authorization"), Some("Basic YW5uOnNlY3JldA=="));
    let shown = format!("{client:?} {}", client.address());
    assert!(!shown.contains("secret") && !shown.contains("hidden"), "{shown}");
}

#[tokio::test]
async fn a_session_cookie_is_sent_back() {
    let engine = ScriptedEngine::always(Reply::json(r#"{"version":"7.24.0"}"#).header("set-cookie", "JSESSIONID=abc; Path=/")).await;
    let client = client(&engine);
    client.version().await.expect("an answer");
    client.version().await.expect("an answer");
    assert_eq!(engine.asked()[1].header("cookie"), Some("JSESSIONID=abc"));
}

#[tokio::test]
async fn a_refused_login_costs_one_attempt_however_many_ask() {
    let engine = ScriptedEngine::always(Reply::status(401)).await;
    let client = logged_in(&engine, "wrong");
    let asks = (0..10).map(|_| client.version());
    let mut kinds: Vec<ErrorKind> = futures_util::future::join_all(asks).await.into_iter().map(|result| result.expect_err("refused").kind()).collect();
    kinds.sort_by_key(|kind| kind.label());
    assert_eq!(engine.asked().len(), 1);
    assert_eq!(kinds.iter().filter(|kind| **kind == ErrorKind::Unauthorized).count(), 1);
    assert_eq!(kinds.iter().filter(|kind| **kind == ErrorKind::LoginRefused).count(), 9);
}

#[tokio::test]
async fn a_login_that_stops_being_valid_costs_the_requests_in_flight_and_one_more_attempt() {
    let engine = ScriptedEngine::start(|asked: &Asked| match asked.path() {
        "/engine-rest/version" => Reply::json(r#"{"version":"7.24.0"}"#),
        _ => Reply::status(401).travelling(Manner::Late(Duration::from_millis(50))),
    })
    .await;
    let client = logged_in(&engine, "right until now");
    client.version().await.expect("an answer");
    let asks = (0..10).map(|_| client.count(&CountQuestion::ProcessDefinitions));
    futures_util::future::join_all(asks).await;
    assert_eq!(engine.asked().len(), 1 + 4 + 1);
}

/// An engine that refuses the login as long as it is told to.
async fn engine_that_may_refuse() -> (ScriptedEngine, Arc<AtomicBool>) {
    let refuses = Arc::new(AtomicBool::new(false));
    let shared = Arc::clone(&refuses);
    let engine = ScriptedEngine::start(move |asked: &Asked| match (shared.load(Ordering::SeqCst), asked.method.as_str()) {
        (true, _) => Reply::status(401),
        (false, "GET") => Reply::json(r#"{"count":7}"#),
        (false, _) => Reply::status(204),
    })
    .await;
    (engine, refuses)
}

fn soon(engine: &ScriptedEngine) -> Client {
    let login = Login::Basic { user: "ann".to_owned(), password: "right".into() };
    let client = Client::new(ClientOptions { login, login_again: Duration::from_millis(300), ..options(engine) }).expect("a client");
    client.assume_version(version("7.24.0"));
    client
}

#[tokio::test]
async fn a_login_that_worked_outlasts_somebody_elses_wrong_password_again_and_again_with_a_success_in_between() {
    let (engine, refuses) = engine_that_may_refuse().await;
    let client = soon(&engine);
    let standing = client.login_standing();
    client.count(&CountQuestion::ProcessDefinitions).await.expect("an answer");
    for round in 1..=3 {
        refuses.store(true, Ordering::SeqCst);
        let before = engine.asked().len();
        let asks = futures_util::future::join_all((0..6).map(|_| client.count(&CountQuestion::ProcessDefinitions)));
        let heals = async {
            tokio::time::sleep(Duration::from_millis(150)).await;
            assert!(matches!(*standing.borrow(), Standing::AgainAt(_)), "it is told: {:?}", *standing.borrow());
            assert!(engine.asked().len() - before <= 4, "only what was in flight was refused");
            refuses.store(false, Ordering::SeqCst);
        };
        let (answers, ()) = tokio::join!(asks, heals);
        assert!(answers.iter().all(Result::is_ok), "round {round}: {answers:?}");
        assert_eq!(*standing.borrow(), Standing::Good);
    }
}

#[tokio::test]
async fn a_login_that_is_refused_twice_without_a_success_in_between_is_given_up_and_one_that_never_worked_at_once() {
    let (engine, refuses) = engine_that_may_refuse().await;
    let client = soon(&engine);
    client.count(&CountQuestion::ProcessDefinitions).await.expect("an answer");
    refuses.store(true, Ordering::SeqCst);
    let error = client.count(&CountQuestion::ProcessDefinitions).await.expect_err("refused");
    assert!(error.stops_polling(), "{error}");
    assert_eq!(engine.asked().len(), 3, "one more attempt");
    assert!(client.count(&CountQuestion::ProcessDefinitions).await.is_err_and(|error| error.kind() == ErrorKind::LoginRefused));
    let unproven = soon(&engine);
    let error = unproven.count(&CountQuestion::ProcessDefinitions).await.expect_err("refused");
    assert!(error.stops_polling() && engine.asked().len() == 4, "{error}");
}

#[tokio::test]
async fn a_change_that_a_login_was_refused_for_is_certainly_not_done_and_never_sent_again_by_the_client() {
    let (engine, refuses) = engine_that_may_refuse().await;
    let client = soon(&engine);
    client.count(&CountQuestion::ProcessDefinitions).await.expect("an answer");
    refuses.store(true, Ordering::SeqCst);
    let change = Change::JobRetries { job: "j".into(), retries: 1, due: Due::Keep };
    let sent = client.change(&change).await.sent;
    let Sent::Rejected(error) = sent else { panic!("{sent:?}") };
    assert!(!error.stops_polling() && error.to_string().contains("somebody may have typed a wrong password"), "{error}");
    assert_eq!(engine.asked().len(), 2, "sent once");
}

#[tokio::test]
async fn a_gateway_that_asks_to_be_left_alone_is_and_says_so() {
    let engine = ScriptedEngine::start(|asked: &Asked| match asked.method.as_str() {
        "GET" => Reply::html(429, "<title>Slow down</title>").header("Retry-After", "1"),
        _ => Reply::html(429, "").header("Retry-After", "1"),
    })
    .await;
    let impatient = client(&engine);
    impatient.assume_version(version("7.24.0"));
    let change = Change::JobRetries { job: "j".into(), retries: 1, due: Due::Keep };
    let Sent::Rejected(error) = impatient.change(&change).await.sent else { panic!("a gateway passes nothing on that it refuses") };
    assert!(error.to_string().contains("a gateway before the engine takes no more requests for now (429); it asks to wait 1 s"), "{error}");
    assert_eq!((error.kind(), error.asks_to_wait()), (ErrorKind::Gateway, Some(Duration::from_secs(1))));
    let error = impatient.count(&CountQuestion::ProcessDefinitions).await.expect_err("not asked");
    assert!(matches!(error.problem(), Problem::HeldBack { status: 429, .. }), "{error}");
    assert!(matches!(impatient.change(&change).await.sent, Sent::NotSent(_)), "nothing goes out before");
    assert_eq!(engine.asked().len(), 1);
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    let error = impatient.count(&CountQuestion::ProcessDefinitions).await.expect_err("refused");
    assert!(error.to_string().contains("Slow down") && !error.stops_polling(), "{error}");
    assert_eq!(engine.asked().len(), 2);
}

#[tokio::test]
async fn a_patient_client_waits_for_a_gateway_and_reads_on() {
    let asked_before = Arc::new(AtomicBool::new(false));
    let shared = Arc::clone(&asked_before);
    let engine = ScriptedEngine::start(move |_: &Asked| match shared.swap(true, Ordering::SeqCst) {
        false => Reply::status(503).header("Retry-After", "1"),
        true => Reply::json(r#"{"count":7}"#),
    })
    .await;
    let client = Client::new(ClientOptions { patience: Duration::from_secs(5), ..options(&engine) }).expect("a client");
    assert_eq!(client.count(&CountQuestion::ProcessDefinitions).await.expect("an answer").data, 7);
    assert_eq!(engine.asked().len(), 2);
}

#[tokio::test]
async fn a_question_that_needs_no_login_proves_none() {
    let engine = ScriptedEngine::start(|asked: &Asked| match asked.path() {
        "/engine-rest/engine" => Reply::json(r#"[{"name":"default"}]"#),
        _ => Reply::status(401),
    })
    .await;
    let client = logged_in(&engine, "wrong");
    assert_eq!(client.engines().await.expect("an answer").data, [EngineText::from("default")]);
    let asks = (0..10).map(|_| client.version());
    futures_util::future::join_all(asks).await;
    assert_eq!(engine.asked().len(), 2);
}

#[tokio::test]
async fn another_login_opens_the_way_again() {
    let engine = ScriptedEngine::start(|asked: &Asked| match asked.header("authorization") {
        Some("Basic YW5uOnJpZ2h0") => Reply::json(r#"{"version":"7.24.0"}"#),
        _ => Reply::status(401),
    })
    .await;
    let refused = logged_in(&engine, "wrong");
    assert_eq!(refused.version().await.expect_err("refused").kind(), ErrorKind::Unauthorized);
    let admitted = refused.with_login(Login::Basic { user: "ann".to_owned(), password: "right".into() }).expect("a client");
    assert_eq!(admitted.version().await.expect("an answer").data.as_wire(), "7.24.0");
    assert_eq!(refused.version().await.expect_err("still refused").kind(), ErrorKind::LoginRefused);
    assert_eq!(admitted.usage().requests, 2);
}

#[tokio::test]
async fn a_filter_the_engine_would_ignore_is_not_sent() {
    let engine = calm_engine().await;
    let client = client(&engine);
    let acquired = CountQuestion::jobs([JobIs::Acquired]);
    let refused = client.count(&acquired).await.expect_err("version unknown");
    assert!(matches!(refused.problem(), Problem::Unsupported { engine: None, .. }), "{refused}");
    client.assume_version(version("7.23.0"));
    assert_eq!(client.count(&acquired).await.expect_err("too old").kind(), ErrorKind::Unsupported);
    assert_eq!(engine.asked().len(), 0);
    client.assume_version(version("7.24.0"));
    assert_eq!(client.count(&acquired).await.expect("an answer").data, 7);
    assert_eq!(engine.asked()[0].target, "/engine-rest/job/count?acquired=true");
}

#[tokio::test]
async fn identify_reads_version_and_product_and_gates_by_them() {
    let engine = ScriptedEngine::start(|asked: &Asked| match asked.path() {
        "/engine-rest/version" => Reply::json(r#"{"version":"1.0.3"}"#),
        "/engine-rest/telemetry/data" => Reply::json(r#"{"product":{"name":"Operaton BPM Runtime"}}"#),
        _ => Reply::json(r#"{"count":0}"#),
    })
    .await;
    let client = client(&engine);
    let found = client.identify().await.expect("an answer").data;
    assert_eq!((found.product, found.feature_level), (Product::Operaton, (7, 24)));
    assert_eq!(client.known_version(), Some(found));
    client.count(&CountQuestion::jobs([JobIs::Acquired])).await.expect("an answer");
}

#[tokio::test]
async fn identify_does_without_telemetry_that_is_forbidden_or_too_new() {
    for (told, telemetry_requests) in [("7.18.0", 1), ("7.15.0", 0)] {
        let engine = ScriptedEngine::start(move |asked: &Asked| match asked.path() {
            "/engine-rest/version" => Reply::json(format!(r#"{{"version":"{told}"}}"#)),
            _ => Reply::json(r#"{"type":"AuthorizationException","message":"no"}"#).with_status(403),
        })
        .await;
        let found = client(&engine).identify().await.expect("an answer").data;
        assert_eq!(found.to_string(), format!("Camunda {told}"));
        assert_eq!(engine.asked().len(), 1 + telemetry_requests, "{told}");
    }
}

#[tokio::test]
async fn every_question_with_every_filter_stays_within_the_catalogue() {
    let engine = calm_engine().await;
    let client = client(&engine);
    client.assume_version(version("7.24.0"));
    let now = Some("2025-01-01T00:00:00Z".parse().expect("a moment"));
    let (definition, instance) = (Some(ProcessDefinitionId::from("d")), Some(ProcessInstanceId::from("p")));
    let incident = IncidentFilter {
        kind: Some("failedJob".into()),
        process_definition: definition.clone(),
        process_keys: vec![ProcessKey::from("a"), ProcessKey::from("b")],
        process_instance: instance.clone(),
        activity: Some("a".into()),
        configuration: Some("j".into()),
        root_cause: Some(IncidentId::from("r")),
        message_like: Some(containing("50%")),
        created_after: now,
        created_before: now,
    };
    let historic = HistoricIncidentFilter {
        id: Some("i".into()),
        kind: Some("failedJob".into()),
        process_definition: definition.clone(),
        process_keys: vec!["k1".into(), "k2".into()],
        activity: Some("a".into()),
        tenant: Some("t".into()),
        process_instance: instance.clone(),
        configuration: Some("j".into()),
        root_cause: Some("r".into()),
        message_like: Some("%m_".into()),
        created_after: now,
        created_before: now,
        ended_after: now,
        ended_before: now,
        only_open: true,
    };
    let lives = HistoricInstanceFilter {
        process_definition: definition.clone(),
        business_key: Some("b".into()),
        business_key_like: Some("%b%".into()),
        called_by: instance.clone(),
        root: instance.clone(),
        running: true,
        over: true,
        started_after: now,
        started_before: now,
        finished_after: now,
        finished_before: now,
    };
    let visits =
        HistoricActivityFilter { process_instance: instance.clone(), kind: Some("callActivity".into()), activity: Some("a".into()), running: true, over: true };
    let log = JobLogFilter {
        job: Some("j".into()),
        process_instance: instance.clone(),
        job_definition: Some("jd".into()),
        kind: Some("suspend-job-definition".into()),
        created: true,
        failed: true,
        succeeded: true,
        deleted: true,
    };
    use ExternalTaskIs as Task;
    use JobIs as Mark;
    let marks = vec![
        Mark::WithException,
        Mark::WithRetriesLeft,
        Mark::NoRetriesLeft,
        Mark::Executable,
        Mark::Active,
        Mark::Suspended,
        Mark::Acquired,
        Mark::Timer,
        Mark::Message,
    ];
    let job = JobFilter {
        is: marks,
        job_definition: Some("jd".into()),
        process_definition: definition.clone(),
        process_instance: instance.clone(),
        created_after: now,
        created_before: now,
        due_after: now,
    };
    let task = ExternalTaskFilter {
        is: vec![Task::Locked, Task::NotLocked, Task::WithRetriesLeft, Task::NoRetriesLeft, Task::Active, Task::Suspended],
        topic: Some("t".into()),
        process_definition: definition.clone(),
        process_instance: instance.clone(),
        lock_ends_before: now,
        lock_ends_after: now,
    };
    let instances = InstanceFilter {
        called_by: instance.clone(),
        calls: instance.clone(),
        called_by_case: Some("c".into()),
        calls_case: Some("c".into()),
        business_key: Some("A 1".into()),
        business_key_like: Some("A%".to_owned()),
        process_definition: definition,
        process_key: Some("k".into()),
        with_incident: true,
        only_roots: true,
        activity: Some("a".into()),
        suspended: true,
        root: instance,
    };
    let questions = [
        CountQuestion::Incidents(incident.clone()),
        CountQuestion::HistoricIncidents(historic.clone()),
        CountQuestion::HistoricProcessInstances(lives.clone()),
        CountQuestion::HistoricActivities(visits.clone()),
        CountQuestion::Jobs(job.clone()),
        CountQuestion::ExternalTasks(task.clone()),
        CountQuestion::ProcessInstances(instances.clone()),
        CountQuestion::Executions { process_instance: ProcessInstanceId::from("p") },
        CountQuestion::ProcessDefinitions,
        CountQuestion::JobDefinitions,
    ];
    for question in &questions {
        assert_eq!(client.count(question).await.expect("an answer").data, 7, "{question:?}");
    }
    for sort in [IncidentSort::Created, IncidentSort::Id] {
        let query = IncidentQuery { filter: incident.clone(), sort: Some((sort, Order::Descending)), page: Page::first(9) };
        client.incidents(&query).await.expect("an answer");
    }
    let query = HistoricIncidentQuery { filter: historic, by_creation: Some(Order::Ascending), page: Page { first: 3, max: 2 } };
    client.historic_incidents(&query).await.expect("an answer");
    client.process_definitions(Page::first(5)).await.expect("an answer");
    client.job_definitions(Page::first(5)).await.expect("an answer");
    client.deployments(Page::first(5)).await.expect("an answer");
    client.user_operations(&ProcessInstanceId::from("p"), Page::first(5)).await.expect("an answer");
    let query = JobLogQuery { filter: log, by_time: Some(Order::Descending), page: Page::first(5) };
    client.job_log(&query).await.expect("an answer");
    client.job_log_stacktrace(&"l".into()).await.expect("an answer");
    let query = HistoricInstanceQuery { filter: lives, order: Some(InstanceOrder::ByStart(Order::Descending)), page: Page::first(5) };
    client.historic_process_instances(&query).await.expect("an answer");
    let query = HistoricActivityQuery { filter: visits, by_start: Some(Order::Ascending), page: Page { first: 5, max: 5 } };
    client.historic_activities(&query).await.expect("an answer");
    client.variable_updates(&ProcessInstanceId::from("p"), Page::first(5), Order::Ascending).await.expect("an answer");
    client.historic_process_instances_by_ids(&[ProcessInstanceId::from("p")]).await.expect("an answer");
    client.process_statistics().await.expect("an answer");
    client.process_instances_where(&InstanceQuery { filter: instances, order: Some(RunningOrder::Id), page: Page::first(5) }).await.expect("an answer");
    client.jobs_where(&job, Page::first(5)).await.expect("an answer");
    client.external_tasks_where(&task, Page::first(5)).await.expect("an answer");
    let cases = CaseFilter {
        id: Some("c".into()),
        calls: Some("p".into()),
        calls_case: Some("c".into()),
        called_by: Some("p".into()),
        called_by_case: Some("c".into()),
    };
    client.case_instances(&cases, Page::first(5)).await.expect("an answer");
    client.historic_case_activities(&"c".into(), Page::first(5)).await.expect("an answer");
    let instance = ProcessInstanceId::from("p");
    client.activity_instances(&instance).await.expect("an answer").expect("a tree");
    client.user_tasks(&instance, Page::first(5)).await.expect("an answer");
    client.user_task(&"t".into()).await.expect("an answer").expect("a task");
    client.variables(&instance, Page::first(5)).await.expect("an answer");
    client.variable(&"v".into()).await.expect("an answer").expect("a variable");
    let targets: Vec<String> = engine.asked().into_iter().map(|asked| format!("{} {}", asked.method, asked.target)).collect();
    insta::assert_snapshot!("every_question_on_the_wire", targets.join("\n").replace("%3A00%3A00.000%2B0000", "…"));
}

#[tokio::test]
async fn rights_are_asked_by_the_engines_names() {
    let engine = ScriptedEngine::always(Reply::json(r#"{"permissionName":"X","authorized":true}"#)).await;
    let client = client(&engine);
    for right in Right::ALL {
        assert!(client.may(*right).await.expect("an answer").data);
    }
    assert_eq!(engine.asked()[0].target, "/engine-rest/authorization/check?permissionName=READ_INSTANCE&resourceName=PROCESS_DEFINITION&resourceType=6");
    assert_eq!(engine.asked().len(), Right::ALL.len());
}

#[tokio::test]
async fn jobs_are_read_by_their_ids_in_one_bounded_request() {
    let engine = ScriptedEngine::always(Reply::json(r#"[{"id":"j1","retries":0,"processInstanceId":null}]"#)).await;
    let jobs = client(&engine).jobs(&[JobId::from("j1"), JobId::from("j2")]).await.expect("an answer").data;
    assert_eq!(jobs.len(), 1);
    let asked = &engine.asked()[0];
    assert_eq!((asked.method.as_str(), asked.target.as_str()), ("POST", "/engine-rest/job?firstResult=0&maxResults=3"));
    assert!(asked.body == r#"{"jobIds":["j1","j2"]}"# || asked.body == r#"{"jobIds":["j2","j1"]}"#, "{}", asked.body);
}

#[tokio::test]
async fn rows_nobody_asked_for_betray_an_ignored_filter() {
    let engine = ScriptedEngine::always(Reply::json(r#"[{"id":"e9","topicName":"t"}]"#)).await;
    let error = client(&engine).external_tasks(&[ExternalTaskId::from("e1")]).await.expect_err("a stranger's row");
    assert!(matches!(error.problem(), Problem::FilterIgnored { what: "externalTaskIdIn" }), "{error}");
}

#[tokio::test]
async fn no_ids_are_answered_without_asking() {
    let engine = calm_engine().await;
    assert!(client(&engine).process_instances(&[]).await.expect("an answer").data.is_empty());
    assert_eq!(engine.asked().len(), 0);
}

#[tokio::test]
async fn what_is_gone_is_none_and_not_an_error() {
    let gone = r#"{"type":"InvalidRequestException","message":"No matching incident with id x","code":null}"#;
    let engine = ScriptedEngine::always(Reply::json(gone).with_status(404)).await;
    let client = client(&engine);
    assert!(client.incident(&IncidentId::from("x")).await.expect("no error").is_none());
    assert!(client.job(&JobId::from("x")).await.expect("no error").is_none());
    assert!(client.external_task(&ExternalTaskId::from("x")).await.expect("no error").is_none());
    assert!(client.process_instance(&ProcessInstanceId::from("x")).await.expect("no error").is_none());
    assert_eq!(client.job_stacktrace(&JobId::from("x")).await.expect_err("gone").kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn what_is_gone_is_not_found_where_the_engine_stumbles_over_it() {
    let details = r#"{"type":"NullValueException","message":"No external task found with id x: externalTask is null","code":0}"#;
    let engine = ScriptedEngine::always(Reply::json(details).with_status(500)).await;
    assert_eq!(client(&engine).external_task_error_details(&ExternalTaskId::from("x")).await.expect_err("gone").kind(), ErrorKind::NotFound);
    assert_eq!(client(&engine).version().await.expect_err("a fault").kind(), ErrorKind::Engine);
    let xml = r#"{"type":"InvalidRequestException","message":"No matching definition with id x","code":0}"#;
    let engine = ScriptedEngine::always(Reply::json(xml).with_status(400)).await;
    assert_eq!(client(&engine).process_definition_xml(&ProcessDefinitionId::from("x")).await.expect_err("gone").kind(), ErrorKind::NotFound);
    let other = Reply::json(r#"{"type":"ProcessEngineException","message":"out of memory","code":0}"#).with_status(500);
    let engine = ScriptedEngine::always(other).await;
    assert_eq!(client(&engine).external_task_error_details(&ExternalTaskId::from("x")).await.expect_err("a fault").kind(), ErrorKind::Engine);
}

#[tokio::test]
async fn what_is_there_is_read_by_its_encoded_id() {
    let engine = ScriptedEngine::always(Reply::json(ROW)).await;
    let incident = client(&engine).incident(&IncidentId::from("a/b c")).await.expect("no error").expect("there").data;
    assert_eq!(incident.configuration.as_ref().map(EngineText::as_wire), Some("j1"));
    assert_eq!(engine.asked()[0].target, "/engine-rest/incident/a%2Fb%20c");
}

#[tokio::test]
async fn a_named_engine_is_asked_below_its_name() {
    let engine = calm_engine().await;
    let client = Client::new(ClientOptions { engine_name: Some("second one".to_owned()), ..options(&engine) }).expect("a client");
    client.version().await.expect("an answer");
    assert_eq!(engine.asked()[0].target, "/engine-rest/engine/second%20one/version");
}

#[tokio::test]
async fn a_stack_trace_is_read_up_to_two_mebibytes_and_says_that_it_was_cut() {
    for (length, cut_at) in [(100, None), (3 << 20, Some(2 << 20))] {
        let engine = ScriptedEngine::always(Reply::text(vec![b'x'; length])).await;
        let excerpt = client(&engine).job_stacktrace(&JobId::from("j")).await.expect("an answer").data;
        assert_eq!((excerpt.text.as_wire().len(), excerpt.cut_at), (cut_at.unwrap_or(length), cut_at));
    }
}

#[tokio::test]
async fn error_details_that_were_never_reported_are_empty() {
    let engine = ScriptedEngine::always(Reply::status(204)).await;
    let excerpt = client(&engine).external_task_error_details(&ExternalTaskId::from("e")).await.expect("an answer").data;
    assert_eq!(excerpt.text.as_wire(), "");
}

#[tokio::test]
async fn a_compressed_answer_is_read() {
    let rows = format!("[{}]", [ROW; 900].join(","));
    let engine = ScriptedEngine::always(Reply::json(rows.clone()).gzipped()).await;
    let answer = client(&engine).incidents(&incidents()).await.expect("an answer");
    assert_eq!((answer.data.len(), answer.bytes), (900, rows.len()));
    assert!(engine.asked()[0].header("accept-encoding").is_some_and(|accepted| accepted.contains("gzip")));
}

#[tokio::test]
async fn changes_of_variables_that_are_too_large_ask_for_a_smaller_page_and_show_no_value() {
    let row = |value: &str| format!(r#"{{"id":"u","time":"2025-01-01T00:00:00.000+0000","variableName":"token","value":"{value}","revision":0}}"#);
    let half = "s".repeat(1 << 20);
    let engine = ScriptedEngine::start(move |asked: &Asked| {
        let rows = if asked.target.contains("maxResults=2&") { vec![row(&half); 2] } else { vec![row(&half)] };
        Reply::json(format!("[{}]", rows.join(",")))
    })
    .await;
    let client = client(&engine);
    let read = async |most| client.variable_updates(&ProcessInstanceId::from("p"), Page::first(most), Order::Descending).await;
    let refused = read(2).await.expect_err("two values of 1 MiB and what belongs to them");
    assert!(matches!(refused.problem(), Problem::TooLarge { limit } if *limit == 2 << 20), "{refused}");
    let changes = read(1).await.expect("half of it").data;
    assert_eq!((changes.len(), changes[0].size), (1, Some(1 << 20)));
    assert!(!format!("{changes:?}").contains("sss"), "the value is gone");
}

#[tokio::test]
async fn instances_of_the_history_that_nobody_asked_for_are_an_error_and_one_that_is_unknown_is_none() {
    let engine = ScriptedEngine::start(|asked: &Asked| match asked.method.as_str() {
        "POST" => Reply::json(r#"[{"id":"other","processDefinitionId":"d","startTime":"2025-01-01T00:00:00.000+0000"}]"#),
        _ => Reply::json(r#"{"type":"InvalidRequestException","message":"Historic process instance with id p does not exist","code":null}"#).with_status(404),
    })
    .await;
    let client = client(&engine);
    let stray = client.historic_process_instances_by_ids(&[ProcessInstanceId::from("p")]).await.expect_err("a filter that was ignored");
    assert!(matches!(stray.problem(), Problem::FilterIgnored { what: "processInstanceIds" }), "{stray}");
    assert!(client.historic_process_instance(&ProcessInstanceId::from("p")).await.expect("an answer").is_none());
    assert!(client.historic_process_instances_by_ids(&[]).await.expect("nothing is asked").data.is_empty());
    assert_eq!(engine.asked().len(), 2);
}

#[tokio::test]
async fn a_slow_question_may_have_a_longer_limit() {
    let engine = ScriptedEngine::always(Reply::json("[]").travelling(Manner::Late(Duration::from_millis(200)))).await;
    let client = Client::new(ClientOptions { timeout: Duration::from_millis(50), ..options(&engine) }).expect("a client");
    let late: EngineError = client.process_statistics().await.expect_err("too slow");
    assert_eq!((late.kind(), late.request()), (ErrorKind::TooSlow, Some(RequestName::ProcessStatistics)));
    client.with_timeout(Duration::from_secs(5)).process_statistics().await.expect("an answer");
}

#[tokio::test]
async fn the_diagram_comes_as_deployed() {
    let engine = ScriptedEngine::always(Reply::json(r#"{"id":"d","bpmn20Xml":"<?xml version=\"1.0\"?>\n<definitions/>"}"#)).await;
    let xml = client(&engine).process_definition_xml(&ProcessDefinitionId::from("order:3:77a")).await.expect("an answer").data;
    assert_eq!(xml, "<?xml version=\"1.0\"?>\n<definitions/>");
    assert_eq!(engine.asked()[0].target, "/engine-rest/process-definition/order:3:77a/xml");
}
