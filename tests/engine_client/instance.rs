//! Reading one instance: what is too large, what is gone, what must not be quoted.

use bpmtop::engine::{Client, ClientOptions, ErrorKind, InstanceFilter, InstanceQuery, Page, Problem};
use bpmtop::model::ids::ProcessInstanceId;

use super::scripted::{Asked, Reply, ScriptedEngine};
use super::{calm_engine, client, options, version};

/// A page of variables whose values have so many bytes altogether.
fn variables_of(bytes: usize) -> String {
    let half = "x".repeat(bytes / 2);
    format!(r#"[{{"id":"1","name":"a","type":"String","value":"{half}"}},{{"id":"2","name":"b","type":"Json","value":"{half}"}}]"#)
}

#[tokio::test]
async fn variables_beyond_two_mebibytes_are_given_up_and_can_be_asked_for_in_smaller_pages() {
    let engine = ScriptedEngine::start(|asked: &Asked| match asked.target.contains("maxResults=100&") {
        true => Reply::json(variables_of(2 << 20)),
        false => Reply::json(variables_of((2 << 20) - 200)),
    })
    .await;
    let client = client(&engine);
    let instance = ProcessInstanceId::from("p");
    let refused = client.variables(&instance, Page::first(100)).await.expect_err("too large");
    assert!(matches!(refused.problem(), Problem::TooLarge { limit } if *limit == 2 << 20), "{refused}");
    let read = client.variables(&instance, Page::first(50)).await.expect("an answer").data;
    assert_eq!(read.iter().map(|variable| variable.value.size()).collect::<Vec<_>>(), [Some((1 << 20) - 100); 2]);
}

#[tokio::test]
async fn a_client_that_reads_little_reads_no_more_of_variables() {
    let engine = ScriptedEngine::always(Reply::json(variables_of(2_000))).await;
    let client = Client::new(ClientOptions { max_body: 1_000, ..options(&engine) }).expect("a client");
    let refused = client.variables(&ProcessInstanceId::from("p"), Page::first(9)).await.expect_err("too large");
    assert!(matches!(refused.problem(), Problem::TooLarge { limit: 1_000 }), "{refused}");
}

#[tokio::test]
async fn an_error_about_variables_quotes_no_value() {
    for json in [
        r#"[{"id":"1","name":"a","type":"String","value":"hunter2"},{"id":7}]"#,
        r#"[{"id":"1","name":"a","type":"Long","value":4711},{"id":7}]"#,
        r#"[{"id":"1","name":"a","type":"Object","value":{"deep":"hunter2"}},{"id":7}]"#,
        r#"[{"id":"1","name":"a","type":"String","value":"hunter2"#,
        r#"[{"id":"1","name":"a","type":"String","value":hunter2}]"#,
    ] {
        let engine = ScriptedEngine::always(Reply::json(json)).await;
        let client = client(&engine);
        // A row that cannot be read costs that row, and what is told of it quotes no value either.
        let shown = match client.variables(&ProcessInstanceId::from("p"), Page::first(9)).await {
            Err(refused) => format!("{refused} {refused:?}"),
            Ok(_) => client.unreadable().join(" "),
        };
        assert!(!shown.is_empty(), "{json}: nothing is told of what could not be read");
        assert!(!shown.contains("hunter2") && !shown.contains("4711"), "{shown}");
    }
}

#[tokio::test]
async fn a_filter_of_newer_engines_is_not_sent_for_a_list_of_instances() {
    let engine = calm_engine().await;
    let client = client(&engine);
    client.assume_version(version("7.18.0"));
    let filter = InstanceFilter { root: Some("p".into()), ..InstanceFilter::default() };
    let query = InstanceQuery { filter, order: None, page: Page::first(5) };
    assert_eq!(client.process_instances_where(&query).await.expect_err("too old").kind(), ErrorKind::Unsupported);
    assert_eq!(engine.asked().len(), 0);
}

#[tokio::test]
async fn what_is_gone_of_an_instance_is_none() {
    let engine = ScriptedEngine::always(Reply::json(r#"{"type":"InvalidRequestException","message":"gone"}"#).with_status(404)).await;
    let client = client(&engine);
    assert!(client.activity_instances(&"p".into()).await.expect("no error").is_none());
    assert!(client.user_task(&"t".into()).await.expect("no error").is_none());
    assert!(client.variable(&"v".into()).await.expect("no error").is_none());
}
