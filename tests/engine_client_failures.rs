//! What the client makes of every failure, and the words an operator then reads. The server is scripted; nothing here needs a network.

mod scripted;

use std::time::Duration;

use bpmtop::engine::{Client, ClientOptions, CountQuestion, EngineError, EngineVersion, ErrorKind, IncidentFilter, IncidentQuery, JobIs, Login, Page, Problem};
use bpmtop::model::ids::{ExternalTaskId, JobId};
use bpmtop::text::EngineText;
use scripted::{Manner, Reply, ScriptedEngine};

const SLOW: Duration = Duration::from_millis(300);

fn client_for(address: &str) -> Client {
    let login = Login::Basic { user: "ann".to_owned(), password: "secret".into() };
    let options = ClientOptions { login, timeout: SLOW, connect_timeout: SLOW, max_body: 4096, ..ClientOptions::new(address.parse().expect("an address")) };
    Client::new(options).expect("a client")
}

async fn incidents(client: &Client) -> Result<(), EngineError> {
    client.incidents(&IncidentQuery { filter: IncidentFilter::default(), sort: None, page: Page::first(10) }).await.map(drop)
}

/// What `GET /version` fails with if this is the answer.
async fn version_fails(reply: Reply) -> EngineError {
    let engine = ScriptedEngine::always(reply).await;
    client_for(&engine.url()).version().await.expect_err("no version")
}

/// What `GET /incident` fails with if this is the answer.
async fn incidents_fail(reply: Reply) -> EngineError {
    let engine = ScriptedEngine::always(reply).await;
    incidents(&client_for(&engine.url())).await.expect_err("no incidents")
}

async fn unused_port() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// One line of the table of messages: kind, transience, message, way out. The port of the day is left out.
fn line(case: &str, error: &EngineError) -> String {
    let transient = if error.is_transient() { "again" } else { "no use" };
    let stops = if error.stops_polling() { ", stops polling" } else { "" };
    let shown = without_port(&error.to_string());
    assert!(!shown.contains("secret"), "{shown}");
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
    format!("{case} [{}; {transient}{stops}]\n  {shown}\n  {}", error.kind(), error.remedy())
}

fn without_port(text: &str) -> String {
    let (before, after) = text.split_once("127.0.0.1:").unwrap_or((text, ""));
    if after.is_empty() { text.to_owned() } else { format!("{before}127.0.0.1{}", after.trim_start_matches(|c: char| c.is_ascii_digit())) }
}

#[tokio::test]
async fn every_failure_of_the_network_has_its_words() {
    let refused = client_for(&format!("http://127.0.0.1:{}/engine-rest", unused_port().await)).version().await.expect_err("refused");
    let nameless = client_for("http://no-such-host.invalid/engine-rest").version().await.expect_err("no host");
    let plain = ScriptedEngine::blurting(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let no_tls = client_for(&format!("https://127.0.0.1:{}/engine-rest", plain.port())).version().await.expect_err("no TLS");
    let tls_alert = Reply::status(200).travelling(Manner::Raw(vec![0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46]));
    let rows = "[{\"id\":\"i1\"},{\"id\":\"i2\"}]";
    let cases = [
        ("nothing listens", refused),
        ("unknown host", nameless),
        ("https to a plain port", no_tls),
        ("http to a TLS port", version_fails(tls_alert).await),
        ("closed without an answer", version_fails(Reply::status(200).travelling(Manner::NoAnswer)).await),
        ("broken within the body", incidents_fail(Reply::json(rows).travelling(Manner::CutAfter(9))).await),
        ("shorter than it claims", incidents_fail(Reply::json(rows).header("content-length", "99").travelling(Manner::CutAfter(rows.len()))).await),
        ("claims less than it is", incidents_fail(Reply::json(INCIDENTS).header("content-length", "140")).await),
        ("half a JSON document", incidents_fail(Reply::json("[{\"id\":\"i1\"")).await),
        ("broken gzip", incidents_fail(Reply::json("no gzip at all").header("content-encoding", "gzip")).await),
        ("slow to answer", version_fails(Reply::json("{}").travelling(Manner::Late(SLOW * 3))).await),
        ("stalled within the body", incidents_fail(Reply::json(rows).travelling(Manner::StallAfter(5))).await),
        ("too large", incidents_fail(Reply::json(vec![b' '; 5000])).await),
    ];
    let table: Vec<String> = cases.iter().map(|(case, error)| line(case, error)).collect();
    insta::assert_snapshot!("network_failures", table.join("\n\n"));
}

#[tokio::test]
async fn every_stranger_in_an_engines_place_has_its_words() {
    let login = "https://eve:pw@sso.example/login?token=1";
    let nginx = "<!DOCTYPE html><html><head><title>Welcome to nginx!</title></head><body>x</body></html>";
    let unknown_path = r#"{"type":"NotFoundException","message":"HTTP 404 Not Found","code":null}"#;
    let cases = [
        ("redirect to a login", version_fails(Reply::status(302).header("location", login)).await),
        ("redirect to nowhere", version_fails(Reply::status(301)).await),
        ("a page with status 200", version_fails(Reply::html(200, nginx)).await),
        ("a page with status 404", version_fails(Reply::html(404, "<h1>HTTP Status 404 – Not Found</h1>")).await),
        ("a page that claims to be JSON", version_fails(Reply::json(nginx)).await),
        ("a page for a stack trace", stacktrace_fails(Reply::html(200, "<title>Sign in</title>")).await),
        ("plain text", version_fails(Reply::text("OK\u{1b}[2J\n")).await),
        ("nothing", version_fails(Reply::status(200)).await),
        ("nothing but 204", version_fails(Reply::status(204)).await),
        ("404 without words", version_fails(Reply::status(404)).await),
        ("404 of a framework", version_fails(Reply::json(r#"{"status":404,"error":"Not Found","path":"/x"}"#).with_status(404)).await),
        ("a path the engine does not know", version_fails(Reply::json(unknown_path).with_status(404)).await),
        ("400 as a page", version_fails(Reply::html(400, "<title>Bad Request</title>")).await),
        ("another API", version_fails(Reply::json(r#"{"status":"UP"}"#)).await),
        ("a list for an object", version_fails(Reply::json("[]")).await),
        ("an object for a list", incidents_fail(Reply::json(r#"{"count":1}"#)).await),
        ("broken JSON", incidents_fail(Reply::json(INCIDENTS.replace(r#""id":"i2""#, r#""id" "i2""#))).await),
    ];
    let table: Vec<String> = cases.iter().map(|(case, error)| line(case, error)).collect();
    insta::assert_snapshot!("strangers", table.join("\n\n"));
}

const INCIDENTS: &str = r#"[{"id":"i1","incidentType":"failedJob","incidentTimestamp":"2025-01-01T00:00:00.000+0000"},
    {"id":"i2","incidentType":"failedJob","incidentTimestamp":"2025-02-01T00:00:00.000+0000"}]"#;

async fn stacktrace_fails(reply: Reply) -> EngineError {
    let engine = ScriptedEngine::always(reply).await;
    client_for(&engine.url()).job_stacktrace(&JobId::from("j1")).await.expect_err("no stack trace")
}

#[tokio::test]
async fn every_error_of_an_engine_has_its_words() {
    let denied = r#"{"type":"AuthorizationException","message":"The user with id 'ann' does not have …","userId":"ann","code":null,
        "missingAuthorizations":[{"permissionName":"READ","resourceName":"ProcessInstance","resourceId":null},
        {"permissionName":"READ_INSTANCE","resourceName":"ProcessDefinition","resourceId":"order"}]}"#;
    let failing = r#"{"type":"RestException","message":"ENGINE-03083 Unexpected exception\nwhile executing\u001b[31m","code":0}"#;
    let deadlock = r#"{"type":"ProcessEngineException","message":"deadlock","code":10000}"#;
    let refused = r#"{"type":"InvalidRequestException","message":"Cannot set query parameter 'x'","code":null}"#;
    let nameless = r#"{"type":"InvalidRequestException","message":"Process engine x not available","code":null}"#;
    let gone = r#"{"type":"InvalidRequestException","message":"Job with id j1 does not exist","code":null}"#;
    let java = "<!doctype html><html><head><title>HTTP Status 500 – Internal Server Error</title></head><body><h1>HTTP Status 500</h1></body></html>";
    let unknown = EngineVersion::detect(EngineText::from("7.18.0"), None);
    let too_old = client_for("http://127.0.0.1:1/engine-rest");
    let not_known = too_old.count(&CountQuestion::jobs([JobIs::Acquired])).await.expect_err("version unknown");
    too_old.assume_version(unknown);
    let cases = [
        ("wrong password", version_fails(Reply::status(401)).await),
        ("401 of a proxy", version_fails(Reply::html(401, "<title>Company gateway</title>")).await),
        ("permission missing", version_fails(Reply::json(denied).with_status(403)).await),
        ("403 of a proxy", version_fails(Reply::html(403, "<h1>Forbidden by policy</h1>")).await),
        ("403 without words", version_fails(Reply::status(403)).await),
        ("proxy asks for a login", version_fails(Reply::status(407)).await),
        ("500 of the engine", version_fails(Reply::json(failing).with_status(500)).await),
        ("500 as a page", version_fails(Reply::html(500, java)).await),
        ("502 of a proxy", version_fails(Reply::html(502, "<title>502 Bad Gateway</title>")).await),
        ("503 without words", version_fails(Reply::status(503)).await),
        ("deadlock", version_fails(Reply::json(deadlock).with_status(500)).await),
        ("request not accepted", version_fails(Reply::json(refused).with_status(400)).await),
        ("unknown engine name", stacktrace_fails(Reply::json(nameless).with_status(404)).await),
        ("gone", stacktrace_fails(Reply::json(gone).with_status(404)).await),
        ("filter ignored", filter_ignored().await),
        ("version not known", not_known),
        ("too old", too_old.count(&CountQuestion::jobs([JobIs::Acquired])).await.expect_err("too old")),
    ];
    let table: Vec<String> = cases.iter().map(|(case, error)| line(case, error)).collect();
    insta::assert_snapshot!("engine_errors", table.join("\n\n"));
}

async fn filter_ignored() -> EngineError {
    let engine = ScriptedEngine::always(Reply::json(r#"[{"id":"other","topicName":"t"}]"#)).await;
    client_for(&engine.url()).external_tasks(&[ExternalTaskId::from("e1")]).await.expect_err("rows nobody asked for")
}

#[tokio::test]
async fn an_unset_and_a_refused_login_have_their_own_words() {
    let engine = ScriptedEngine::always(Reply::status(401)).await;
    let nobody = Client::new(ClientOptions::new(engine.url().parse().expect("an address"))).expect("a client");
    let unset = nobody.version().await.expect_err("asks for a login");
    let latched = nobody.version().await.expect_err("latched");
    insta::assert_snapshot!("logins", format!("{}\n\n{}", line("no login set", &unset), line("refused before", &latched)));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let target = ScriptedEngine::always(Reply::json(r#"{"version":"7.24.0"}"#)).await;
    let error = version_fails(Reply::status(307).header("location", &format!("{}/version", target.url()))).await;
    assert_eq!(error.kind(), ErrorKind::NotAnEngine);
    assert_eq!(target.asked().len(), 0);
}

#[tokio::test]
async fn a_hanging_connection_attempt_ends_at_its_own_limit() {
    // A full backlog makes the kernel drop further connection attempts, as a firewall would.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let listener = socket.listen(1).expect("listening");
    let address = listener.local_addr().expect("an address");
    let mut waiting = Vec::new();
    while let Ok(connected) = tokio::time::timeout(Duration::from_millis(100), tokio::net::TcpStream::connect(address)).await {
        waiting.push(connected);
    }
    let options = ClientOptions { connect_timeout: SLOW, ..ClientOptions::new(format!("http://{address}/engine-rest").parse().expect("an address")) };
    let error = Client::new(options).expect("a client").version().await.expect_err("no connection");
    assert_eq!(error.kind(), ErrorKind::ConnectTimeout);
    insta::assert_snapshot!(without_port(&error.to_string()), @"no connection within 0.3 s (GET http://127.0.0.1/engine-rest/version)");
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_at_once() {
    for address in ["ftp://h/engine-rest", "file:///engine-rest", "data:x"] {
        let error = Client::new(ClientOptions::new(address.parse().expect("an address"))).expect_err("not HTTP");
        assert!(matches!(error.problem(), Problem::Setup { .. }), "{address}: {error}");
    }
    let login = Login::Basic { user: "a:b".to_owned(), password: "secret".into() };
    let colon = Client::new(ClientOptions { login, ..ClientOptions::new("http://h/".parse().expect("an address")) }).expect_err("a colon");
    assert_eq!(colon.kind(), ErrorKind::Setup);
}

#[tokio::test]
async fn the_client_is_as_good_as_before_after_a_failure() {
    let broken = std::sync::atomic::AtomicBool::new(true);
    let engine = ScriptedEngine::start(move |_| {
        let reply = Reply::json(r#"{"version":"7.24.0"}"#);
        if broken.swap(false, std::sync::atomic::Ordering::Relaxed) { reply.travelling(Manner::CutAfter(3)) } else { reply }
    })
    .await;
    let client = client_for(&engine.url());
    assert_eq!(client.version().await.expect_err("cut off").kind(), ErrorKind::CutOff);
    assert_eq!(client.version().await.expect("an answer").data.as_wire(), "7.24.0");
}
