//! Tokens: fetched again once when they run out, and left alone when that does not help.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bpmtop::engine::{Change, Client, ClientOptions, CountQuestion, ErrorKind, Login, Problem, Sent, Token};
use secrecy::SecretString;

use super::options;
use super::scripted::{Asked, Manner, Reply, ScriptedEngine};

/// An engine that takes one token at a time, beginning with `t0`; how many it has withdrawn so far.
async fn engine() -> (ScriptedEngine, Arc<AtomicUsize>) {
    let withdrawn = Arc::new(AtomicUsize::new(0));
    let valid = Arc::clone(&withdrawn);
    let engine = ScriptedEngine::start(move |asked: &Asked| {
        if asked.header("authorization") == Some(&format!("Bearer t{}", valid.load(Ordering::Relaxed))) {
            super::calm(asked)
        } else {
            Reply::status(401).travelling(Manner::Late(Duration::from_millis(50)))
        }
    })
    .await;
    (engine, withdrawn)
}

/// A client whose token command is this, beginning with `t0`; how often the command ran.
fn client(engine: &ScriptedEngine, command: impl Fn(usize) -> Result<SecretString, String> + Send + Sync + 'static) -> (Client, Arc<AtomicUsize>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let token = Token::renewable("t0".into(), move || {
        std::thread::sleep(Duration::from_millis(30));
        command(counted.fetch_add(1, Ordering::Relaxed) + 1)
    });
    let client = Client::new(ClientOptions { login: Login::Bearer(token), ..options(&engine.url()) }).expect("a client");
    (client, runs)
}

fn next(run: usize) -> Result<SecretString, String> {
    Ok(format!("t{run}").into())
}

fn count(number: &AtomicUsize) -> usize {
    number.load(Ordering::Relaxed)
}

async fn ask_ten_times(client: &Client) -> Vec<Option<ErrorKind>> {
    let asks = (0..10).map(|_| client.count(&CountQuestion::ProcessDefinitions));
    futures_util::future::join_all(asks).await.into_iter().map(|result| result.err().map(|error| error.kind())).collect()
}

#[tokio::test]
async fn a_token_that_runs_out_is_fetched_once_however_many_ask() {
    let (engine, withdrawn) = engine().await;
    let (client, runs) = client(&engine, next);
    client.version().await.expect("an answer");
    assert_eq!(count(&runs), 0);
    withdrawn.store(1, Ordering::Relaxed);
    assert_eq!(ask_ten_times(&client).await, [None; 10]);
    // The four in flight are refused and repeated; the six behind them go out with the new token.
    assert_eq!((count(&runs), engine.asked().len()), (1, 1 + 4 + 4 + 6));
}

#[tokio::test]
async fn a_token_that_was_outdated_from_the_start_costs_one_request() {
    let (engine, withdrawn) = engine().await;
    withdrawn.store(1, Ordering::Relaxed);
    let (client, runs) = client(&engine, next);
    assert_eq!(ask_ten_times(&client).await, [None; 10]);
    assert_eq!((count(&runs), engine.asked().len()), (1, 11));
}

#[tokio::test]
async fn a_token_may_run_out_again_and_again() {
    let (engine, withdrawn) = engine().await;
    let (client, runs) = client(&engine, next);
    for age in 0..4 {
        withdrawn.store(age, Ordering::Relaxed);
        client.version().await.expect("an answer");
    }
    assert_eq!((count(&runs), engine.asked().len()), (3, 1 + 3 * 2));
}

#[tokio::test]
async fn a_new_token_that_is_refused_too_is_the_last() {
    let (engine, withdrawn) = engine().await;
    let (client, runs) = client(&engine, next);
    client.version().await.expect("an answer");
    withdrawn.store(99, Ordering::Relaxed);
    let kinds = ask_ten_times(&client).await;
    assert!(kinds.iter().all(|kind| matches!(kind, Some(ErrorKind::Unauthorized | ErrorKind::LoginRefused))), "{kinds:?}");
    assert_eq!((count(&runs), engine.asked().len()), (1, 1 + 4 + 4));
    let error = client.version().await.expect_err("latched");
    assert!(matches!(error.problem(), Problem::LoginRefused { token: true }), "{error}");
    assert_eq!(engine.asked().len(), 1 + 4 + 4);
}

#[tokio::test]
async fn the_same_token_again_is_not_tried_again() {
    let (engine, withdrawn) = engine().await;
    withdrawn.store(1, Ordering::Relaxed);
    let (client, runs) = client(&engine, |_| Ok("t0".into()));
    let error = client.version().await.expect_err("refused");
    assert!(error.stops_polling());
    client.version().await.expect_err("latched");
    assert_eq!((count(&runs), engine.asked().len()), (1, 1));
    insta::assert_snapshot!(super::told(&error), @"[login failed] the token was refused, and there is no other to try (GET http://127.0.0.1/engine-rest/version) | See what token_command, token_file or token_env gives, and start again. Polling has stopped.");
}

#[tokio::test]
async fn a_token_that_cannot_be_fetched_is_asked_for_later_and_nothing_is_sent_before() {
    let (engine, withdrawn) = engine().await;
    withdrawn.store(1, Ordering::Relaxed);
    let (client, runs) = client(&engine, |_| Err("token_command oidc failed".to_owned()));
    for _ in 0..3 {
        let error = client.version().await.expect_err("no token");
        assert!(matches!(error.problem(), Problem::TokenNotFetched { .. }), "{error}");
        assert!(error.is_transient() && !error.stops_polling());
        insta::allow_duplicates! { insta::assert_snapshot!(super::told(&error), @"[token] the token was refused, and another could not be fetched: token_command oidc failed (GET http://127.0.0.1/engine-rest/version) | It is tried again in half a minute; nothing is sent before."); }
    }
    assert_eq!((count(&runs), engine.asked().len()), (1, 1));
}

#[tokio::test]
async fn a_change_fetches_a_token_but_is_never_sent_again() {
    let (engine, withdrawn) = engine().await;
    let (client, runs) = client(&engine, next);
    client.version().await.expect("an answer");
    withdrawn.store(1, Ordering::Relaxed);
    let change = Change::UnlockExternalTask { task: "e".into() };
    let Sent::Rejected(error) = client.change(&change).await.sent else { panic!("the engine refused the old token") };
    assert!(matches!(error.problem(), Problem::NotRepeated) && !error.stops_polling(), "{error}");
    assert_eq!((count(&runs), engine.asked().len()), (1, 2));
    client.change(&change).await;
    client.version().await.expect("an answer with the new token");
    assert_eq!((count(&runs), engine.asked().len()), (1, 4));
}

#[tokio::test]
async fn a_token_is_shown_nowhere() {
    let (engine, withdrawn) = engine().await;
    withdrawn.store(99, Ordering::Relaxed);
    let login = Login::Bearer(Token::fixed("hunter2".into()));
    let client = Client::new(ClientOptions { login, ..options(&engine.url()) }).expect("a client");
    let error = client.version().await.expect_err("refused");
    assert_eq!(engine.asked()[0].header("authorization"), Some("Bearer hunter2"));
    let shown = format!("{client:?} {error} {error:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}
