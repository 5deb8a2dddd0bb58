//! Changes against a scripted server that does what they ask for and lies about it, or the other way round: what the client says of each, and
//! that nothing is ever sent twice.

mod faults;
mod scripted;

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bpmtop::engine::catalogue::Endpoint;
use bpmtop::engine::{
    Authorities, Change, Client, ClientOptions, CountQuestion, Due, EngineVersion, ErrorKind, Login, Problem, Proxy, RequestName, Sent, Token,
};
use bpmtop::text::EngineText;
use faults::{Cell, Fault, Ids, Matrix, Verdict, change, rows};
use futures_util::future::join_all;
use scripted::authority::Authority;
use scripted::proxy::ScriptedProxy;
use scripted::{Asked, Manner, Reply, ScriptedEngine};

/// The longest a client waits for what never comes.
const PATIENCE: Duration = Duration::from_millis(500);
/// When a slow engine is done.
const COMMITTED: Duration = Duration::from_millis(700);
/// Cells that are filled at the same time: most of them only wait.
const AT_ONCE: usize = 70;

const BATCH: &str = r#"{"id":"batch-1","type":"set-job-retries","totalJobs":1}"#;

fn options(url: &str) -> ClientOptions {
    ClientOptions { timeout: Duration::from_secs(20), ..ClientOptions::new(url.parse().expect("an address")) }
}

fn made(options: ClientOptions) -> Client {
    let client = Client::new(options).expect("a client");
    client.assume_version(EngineVersion::detect(EngineText::from("7.24.0"), None));
    client
}

fn retry() -> Change {
    Change::JobRetries { job: "j".into(), retries: 1, due: Due::Keep }
}

/// How an engine answers when all is well.
fn success(row: &Endpoint) -> Reply {
    match row.name {
        RequestName::SetJobRetriesBatch | RequestName::DeleteInstances => Reply::json(BATCH),
        _ => Reply::status(204),
    }
}

fn complaint(status: u16, kind: &str, code: &str) -> Reply {
    Reply::json(format!(r#"{{"type":"{kind}","message":"it was not to be","code":{code}}}"#)).with_status(status)
}

/// What the scripted server says for a fault.
fn reply(row: &Endpoint, fault: Fault) -> Reply {
    match fault {
        Fault::None | Fault::Refuse => success(row),
        Fault::Denied => complaint(403, "AuthorizationException", "0"),
        Fault::AcceptAndSayNothing => success(row).travelling(Manner::Late(Duration::from_secs(60))),
        Fault::PerformThenDrop => success(row).travelling(Manner::NoAnswer),
        Fault::PerformThen500 => complaint(500, "RestException", "null"),
        Fault::Page502 | Fault::PerformThenPage502 => Reply::html(502, "<title>502 Bad Gateway</title>"),
        Fault::Unauthorized => Reply::status(401),
        Fault::OptimisticLock => complaint(500, "OptimisticLockingException", "1"),
        Fault::SlowThenCommitted => success(row).travelling(Manner::Late(COMMITTED)),
        Fault::TruncatedJson => Reply::json(BATCH).travelling(Manner::CutAfter(BATCH.len() / 2)),
        Fault::Redirect => Reply::status(302).header("location", "https://sso.example/login"),
        Fault::LoginPage => Reply::html(200, "<title>Sign in</title>"),
    }
}

/// What the server answers to everything but the change itself, given how often that was made.
type ReadBack = fn(&Asked, usize) -> Reply;

/// Where a change was made: whoever judges it can read there what became of it.
struct Stage {
    engine: ScriptedEngine,
    client: Client,
}

/// Sends the change of a row into a fault.
async fn fill(row: &'static Endpoint, fault: Fault, read_back: ReadBack) -> (Cell, Stage) {
    let change = change(row.name, &Ids::invented());
    let performed = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&performed);
    let target = made(options("http://engine.example/engine-rest")).shown(&change, true).url.replace("http://engine.example", "");
    let mut engine = ScriptedEngine::start(move |asked: &Asked| {
        if (asked.method.as_str(), asked.target.as_str()) != (row.method.word(), target.as_str()) {
            return read_back(asked, counter.load(Ordering::Relaxed));
        }
        let counter = Arc::clone(&counter);
        match fault {
            // It goes on whether or not anybody still waits.
            Fault::SlowThenCommitted => drop(tokio::spawn(async move {
                tokio::time::sleep(COMMITTED).await;
                counter.fetch_add(1, Ordering::Relaxed)
            })),
            _ => drop(counter.fetch_add(fault.performs(), Ordering::Relaxed)),
        }
        reply(row, fault)
    })
    .await;
    if fault == Fault::Refuse {
        engine.die().await;
    }
    let client = made(options(&engine.url()));
    let client = if fault.is_slow() { client.with_change_timeout(PATIENCE) } else { client };
    let delivered = client.change(&change).await;
    if fault.is_slow() {
        tokio::time::sleep(COMMITTED).await;
    }
    if fault == Fault::Refuse {
        engine.listen().await;
    }
    assert_eq!(client.usage().requests, 1, "every attempt counts: {row:?} x {fault:?}");
    let cell = Cell { row, fault, change, delivered, arrived: engine.asked().len(), performed: performed.load(Ordering::Relaxed) };
    (cell, Stage { engine, client })
}

/// Fills every cell and has it judged.
async fn matrix(read_back: ReadBack, judge: impl AsyncFn(&Cell, &Stage) -> Result<String, String>) -> Matrix {
    let mut matrix = Matrix::default();
    let wanted: Vec<_> = rows().flat_map(|row| Fault::ALL.iter().map(move |fault| (row, *fault))).collect();
    for some in wanted.chunks(AT_ONCE) {
        for (cell, stage) in join_all(some.iter().map(|(row, fault)| fill(row, *fault, read_back))).await {
            assert_eq!(cell.performed, cell.fault.performs(), "the server did not play {:?}", cell.fault);
            matrix.note(cell.row.name, cell.fault, judge(&cell, &stage).await);
        }
    }
    matrix
}

/// Fails with every cell that is missing or wrong. The table is printed in any case, also where a test that passes keeps silent.
fn settle(matrix: &Matrix) {
    // Whoever runs the tests may have closed the output.
    let _ = writeln!(std::io::stdout(), "\n{}", matrix.markdown());
    let faulty = matrix.faulty();
    assert!(faulty.is_empty(), "{}", faulty.join("\n"));
}

/// An engine that tells by a count how often the change was made.
fn told_by_a_count(_: &Asked, performed: usize) -> Reply {
    Reply::json(format!(r#"{{"count":{performed}}}"#))
}

#[tokio::test]
async fn no_fault_makes_any_change_lie_or_go_out_twice_and_the_truth_can_be_read_afterwards() {
    let judge = async |cell: &Cell, stage: &Stage| {
        let said = cell.judge_the_sending()?;
        let before = stage.engine.asked().len();
        match stage.client.count(&CountQuestion::ProcessDefinitions).await {
            Ok(read) if read.data == cell.performed as u64 => {}
            // Ten wrong logins lock an account.
            Err(_) if cell.fault == Fault::Unauthorized => {}
            other => return Err(format!("was made {} times, but reading gives {other:?}", cell.performed)),
        }
        // A second try would come late: what arrived is counted again after everything else.
        let late = stage.engine.asked().iter().filter(|asked| !asked.path().ends_with("/count")).count();
        if late == before { Ok(said) } else { Err(format!("went out again later: {late} times")) }
    };
    settle(&matrix(told_by_a_count, judge).await);
}

#[test]
fn a_missing_fault_cell_is_noticed() {
    let mut matrix = Matrix::default();
    matrix.note(RequestName::SetJobRetries, Fault::None, Ok(String::new()));
    assert_eq!(matrix.faulty().len(), rows().count() * Fault::ALL.len() - 1);
}

#[test]
fn a_verdict_that_fault_and_truth_contradict_is_wrong() {
    assert!(Verdict::Accepted.is_true_of(1) && !Verdict::Accepted.is_true_of(0));
    assert!(Verdict::Rejected.is_true_of(0) && !Verdict::Rejected.is_true_of(1));
    assert!(Verdict::NotSent.is_true_of(0) && !Verdict::NotSent.is_true_of(1));
    assert!(Verdict::Unknown.is_true_of(0) && Verdict::Unknown.is_true_of(1));
    assert!(!Verdict::Unknown.is_true_of(2), "nothing is ever made twice");
}

/// Hangs up on every connection after its first answer, as a server does whose patience for idle connections is over.
fn hanging_up(asked: &Asked) -> Reply {
    match asked.method.as_str() {
        "GET" => {
            Reply::status(200).travelling(Manner::Raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{\"count\":7}".to_vec()))
        }
        _ => Reply::status(204).travelling(Manner::NoAnswer),
    }
}

#[tokio::test]
async fn a_fault_of_a_used_connection_repeats_no_change() {
    let engine = ScriptedEngine::start(hanging_up).await;
    let client = made(options(&engine.url()));
    for _ in 0..10 {
        client.count(&CountQuestion::ProcessDefinitions).await.expect("an answer");
        let delivered = client.change(&retry()).await;
        assert_eq!(Verdict::of(&delivered.sent), Verdict::Unknown, "{delivered:?}");
    }
    let changes = engine.asked().iter().filter(|asked| asked.method == "PUT").count();
    assert_eq!(changes, 10);
}

#[tokio::test]
async fn each_change_has_a_connection_of_its_own_so_that_no_fault_of_an_older_one_reaches_it() {
    let engine = ScriptedEngine::always(Reply::status(204)).await;
    let client = made(options(&engine.url()));
    for _ in 0..5 {
        assert_eq!(Verdict::of(&client.change(&retry()).await.sent), Verdict::Accepted);
    }
    assert_eq!((engine.connections(), engine.asked().len()), (5, 5));
}

#[tokio::test]
async fn changes_and_questions_share_their_cookies() {
    let engine = ScriptedEngine::start(|asked: &Asked| {
        let reply = if asked.method == "GET" { Reply::json(r#"{"count":7}"#) } else { Reply::status(204) };
        reply.header("set-cookie", "JSESSIONID=s1; Path=/engine-rest")
    })
    .await;
    let client = made(options(&engine.url()));
    client.count(&CountQuestion::ProcessDefinitions).await.expect("an answer");
    client.change(&retry()).await;
    assert_eq!(engine.asked()[1].header("cookie"), Some("JSESSIONID=s1"), "a session for every change would fill the engine's heap");
}

#[tokio::test]
async fn a_token_that_ran_out_is_fetched_again_but_the_fault_repeats_no_change() {
    let engine = ScriptedEngine::start(|asked: &Asked| match asked.header("authorization") {
        Some("Bearer new") => Reply::status(204),
        _ => Reply::status(401),
    })
    .await;
    let login = Login::Bearer(Token::renewable("old".into(), || Ok("new".into())));
    let client = made(ClientOptions { login, ..options(&engine.url()) });
    let first = client.change(&retry()).await;
    assert!(matches!(&first.sent, Sent::Rejected(error) if matches!(error.problem(), Problem::NotRepeated)), "{first:?}");
    assert_eq!(engine.asked().len(), 1);
    assert_eq!(Verdict::of(&client.change(&retry()).await.sent), Verdict::Accepted, "whoever asks once more has the new token");
    assert_eq!(engine.asked().len(), 2);
}

#[tokio::test]
async fn after_a_fault_of_the_login_no_change_goes_out() {
    let engine = ScriptedEngine::always(Reply::status(401)).await;
    let client = made(options(&engine.url()));
    assert_eq!(Verdict::of(&client.change(&retry()).await.sent), Verdict::Rejected);
    let second = client.change(&retry()).await;
    assert!(matches!(&second.sent, Sent::NotSent(error) if error.kind() == ErrorKind::LoginRefused), "{second:?}");
    assert_eq!(engine.asked().len(), 1);
}

#[tokio::test]
async fn a_401_or_403_with_a_page_is_a_fault_of_somebody_between_and_proves_nothing() {
    for status in [400, 401, 403, 404, 413] {
        let engine = ScriptedEngine::always(Reply::html(status, "<title>Request blocked</title>")).await;
        let delivered = made(options(&engine.url())).change(&retry()).await;
        assert_eq!(Verdict::of(&delivered.sent), Verdict::Unknown, "{status}: {delivered:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_wants_a_login_of_its_own_and_a_gateway_that_holds_back_did_not_let_the_change_through() {
    for status in [407, 429] {
        let engine = ScriptedEngine::always(Reply::html(status, "<title>Request blocked</title>")).await;
        let delivered = made(options(&engine.url())).change(&retry()).await;
        assert_eq!(Verdict::of(&delivered.sent), Verdict::Rejected, "{status}: {delivered:?}");
        assert_eq!(engine.asked().len(), 1, "{status}: nothing is repeated by itself");
    }
}

#[tokio::test]
async fn what_faults_keep_from_going_out_is_not_sent() {
    let company = Authority::new("company");
    let tls = ScriptedEngine::start_tls(company.issue("localhost").server(None), |_| Reply::status(204)).await;
    let (engine, plain) = (ScriptedEngine::always(Reply::status(204)).await, ScriptedEngine::blurting(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
    let secure = ClientOptions { authorities: Authorities::from_pem(company.pem.as_bytes()).expect("an authority"), ..options(&tls.secure_url()) };
    let (locked, open) = (ScriptedProxy::http(Some("Basic never")).await, ScriptedProxy::http(None).await);
    let through = |proxy: &ScriptedProxy, options: ClientOptions| {
        let proxy = Proxy::Server { url: proxy.url("http").parse().expect("an address"), login: None };
        ClientOptions { proxy, ..options }
    };
    let cases = [
        ("nobody listens", made(options("http://127.0.0.1:1/engine-rest"))),
        ("no such host", made(options("http://no-such-host.invalid/engine-rest"))),
        ("not trusted", made(options(&tls.secure_url()))),
        ("no TLS there", made(options(&format!("https://127.0.0.1:{}/engine-rest", plain.port())))),
        ("the connection is never made", made(ClientOptions { connect_timeout: PATIENCE, ..options(&engine.url().replace("http://", "https://")) })),
        ("the proxy wants a login", made(through(&locked, secure.clone()))),
        ("the proxy finds nobody", made(through(&open, options("https://127.0.0.1:1/engine-rest")))),
    ];
    for (case, client) in cases {
        let delivered = client.change(&retry()).await;
        assert_eq!(Verdict::of(&delivered.sent), Verdict::NotSent, "{case}: {delivered:?}");
    }
    assert_eq!((tls.asked().len(), engine.asked().len()), (0, 0));
    assert_eq!(Verdict::of(&made(secure).change(&retry()).await.sent), Verdict::Accepted, "it is only the faults that keep it");
}

#[tokio::test]
async fn a_change_that_names_nothing_or_that_the_engine_would_misread_is_not_sent_whatever_the_fault() {
    let engine = ScriptedEngine::always(Reply::status(204)).await;
    let client = made(options(&engine.url()));
    let nothing = [
        Change::JobRetriesBatch { jobs: Vec::new(), retries: 1, due: Due::Keep },
        Change::DeleteInstances { instances: Vec::new(), reason: None, skip_listeners: false },
        Change::DeleteJob { job: "".into() },
        Change::DeleteInstance { instance: "..".into(), skip_listeners: false },
    ];
    for change in nothing {
        assert_eq!(Verdict::of(&client.change(&change).await.sent), Verdict::NotSent, "{change:?}");
    }
    client.assume_version(EngineVersion::detect(EngineText::from("7.18.0"), None));
    let due = client.change(&Change::JobRetries { job: "j".into(), retries: 1, due: Due::Now }).await;
    assert!(matches!(&due.sent, Sent::NotSent(error) if error.kind() == ErrorKind::Unsupported), "{due:?}");
    assert_eq!(engine.asked().len(), 0);
}

#[tokio::test]
async fn a_batch_is_accepted_with_its_id_and_with_nothing_else() {
    let batch = Change::JobRetriesBatch { jobs: vec!["j".into()], retries: 1, due: Due::Keep };
    for (body, verdict) in [
        (BATCH, Verdict::Accepted),
        (r#"{"id":""}"#, Verdict::Unknown),
        (r#"{"type":"x"}"#, Verdict::Unknown),
        (r#"{"id":"b""#, Verdict::Unknown),
        ("", Verdict::Unknown),
        ("[]", Verdict::Unknown),
    ] {
        let engine = ScriptedEngine::always(Reply::json(body)).await;
        let delivered = made(options(&engine.url())).change(&batch).await;
        assert_eq!(Verdict::of(&delivered.sent), verdict, "{body}: {delivered:?}");
        if let Sent::Accepted { batch } = delivered.sent {
            assert_eq!(batch, Some("batch-1".into()));
        }
    }
}

#[tokio::test]
async fn a_change_tells_how_long_it_took_and_the_engines_clock_whatever_the_fault() {
    for reply in [Reply::status(204), Reply::status(401), Reply::html(502, "x"), complaint(403, "AuthorizationException", "0")] {
        let engine = ScriptedEngine::always(reply.travelling(Manner::Late(Duration::from_millis(100)))).await;
        let delivered = made(options(&engine.url())).change(&retry()).await;
        assert!(delivered.elapsed >= Duration::from_millis(100), "{delivered:?}");
        assert_eq!(delivered.engine_time, Some("2015-10-21T07:28:00Z".parse().expect("a moment")));
    }
}
