//! Proxies: which way a request takes, and whose fault it is when it does not arrive.

use bpmtop::engine::{Authorities, Client, ClientOptions, ErrorKind, Proxy};
use secrecy::SecretString;

use super::scripted::ScriptedEngine;
use super::scripted::authority::Authority;
use super::scripted::proxy::ScriptedProxy;
use super::{calm, options, told, version};

/// A name that no resolver knows: who uses it must have left the looking up to the proxy.
const HIDDEN: &str = "engine.invalid";

fn through(proxy: &str, login: Option<(&str, &str)>, options: ClientOptions) -> ClientOptions {
    let login = login.map(|(user, password)| (user.to_owned(), SecretString::from(password)));
    ClientOptions { proxy: Proxy::Server { url: proxy.parse().expect("an address"), login }, ..options }
}

/// An engine that speaks TLS under the hidden name, and options to reach it once a proxy is added.
async fn hidden_engine() -> (ScriptedEngine, ClientOptions) {
    let company = Authority::new("company");
    let engine = ScriptedEngine::start_tls(company.issue(HIDDEN).server(None), calm).await;
    let authorities = Authorities::from_pem(company.pem.as_bytes()).expect("an authority");
    let options = ClientOptions { authorities, ..options(&format!("https://{HIDDEN}:{}/engine-rest", engine.port())) };
    (engine, options)
}

#[tokio::test]
async fn an_http_proxy_opens_a_tunnel_to_an_engine_that_speaks_tls() {
    let (engine, options) = hidden_engine().await;
    let proxy = ScriptedProxy::http(None).await;
    assert_eq!(version(through(&proxy.url("http"), None, options)).await.expect("an answer"), "7.24.0");
    assert!(proxy.heard()[0].starts_with(&format!("CONNECT {HIDDEN}:{} ", engine.port())), "{:?}", proxy.heard());
}

#[tokio::test]
async fn a_plain_engine_is_asked_for_by_its_whole_address_even_on_this_machine() {
    let proxy = ScriptedProxy::http(None).await;
    version(through(&proxy.url("http"), None, options("http://127.0.0.1:1/engine-rest"))).await.expect("an answer");
    assert!(proxy.heard()[0].starts_with("GET http://127.0.0.1:1/engine-rest/version "), "{:?}", proxy.heard());
}

#[tokio::test]
async fn a_socks_proxy_looks_the_name_up() {
    let engine = ScriptedEngine::start(calm).await;
    let proxy = ScriptedProxy::socks(Some(("ann", "hunter2"))).await;
    let address = format!("http://{HIDDEN}:{}/engine-rest", engine.port());
    version(through(&proxy.url("socks5h"), Some(("ann", "hunter2")), options(&address))).await.expect("an answer");
    assert_eq!(proxy.heard(), [format!("name {HIDDEN}")]);
}

#[tokio::test]
async fn a_proxys_login_goes_to_the_proxy_and_not_to_the_engine() {
    // base64 of ann:hunter2
    const LOGIN: &str = "Basic YW5uOmh1bnRlcjI=";
    let (engine, options) = hidden_engine().await;
    let proxy = ScriptedProxy::http(Some(LOGIN)).await;
    version(through(&proxy.url("http"), Some(("ann", "hunter2")), options)).await.expect("an answer");
    assert_eq!(engine.asked()[0].header("proxy-authorization"), None);
    assert_eq!(engine.asked()[0].header("authorization"), None);
}

#[tokio::test]
async fn every_failure_of_a_proxy_has_its_words() {
    let (engine, secure) = hidden_engine().await;
    let plain = options(&format!("http://{HIDDEN}:{}/engine-rest", engine.port()));
    let nowhere = options(&format!("https://{HIDDEN}:1/engine-rest"));
    let (http, locked) = (ScriptedProxy::http(None).await, ScriptedProxy::http(Some("Basic never")).await);
    let (socks, socks_locked) = (ScriptedProxy::socks(None).await, ScriptedProxy::socks(Some(("ann", "right"))).await);
    let wrong = Some(("ann", "hunter2"));
    let cases = [
        ("nothing listens, tunnel", through("http://127.0.0.1:1", None, secure.clone())),
        ("nothing listens, plain", through("http://127.0.0.1:1", None, plain.clone())),
        ("nothing listens, socks", through("socks5h://127.0.0.1:1", None, plain.clone())),
        ("unknown host, tunnel", through("http://no-such-proxy.invalid:3128", None, secure.clone())),
        ("unknown host, plain", through("http://no-such-proxy.invalid:3128", None, plain.clone())),
        ("unknown host, socks", through("socks5h://no-such-proxy.invalid:1080", None, plain.clone())),
        ("login missing, tunnel", through(&locked.url("http"), None, secure.clone())),
        ("login missing, plain", through(&locked.url("http"), None, plain.clone())),
        ("login missing, socks", through(&socks_locked.url("socks5h"), None, plain.clone())),
        ("login wrong, tunnel", through(&locked.url("http"), wrong, secure)),
        ("login wrong, plain", through(&locked.url("http"), wrong, plain.clone())),
        ("login wrong, socks", through(&socks_locked.url("socks5h"), wrong, plain)),
        ("engine down, tunnel", through(&http.url("http"), None, nowhere.clone())),
        ("engine down, socks", through(&socks.url("socks5h"), None, nowhere)),
    ];
    let mut table = Vec::new();
    for (case, options) in cases {
        let shown = told(&version(options).await.expect_err(case));
        assert!(!shown.contains("hunter2"), "{shown}");
        table.push(format!("{case}\n  {}", shown.replace(" | ", "\n  ")));
    }
    insta::assert_snapshot!("proxy_failures", table.join("\n"));
}

#[tokio::test]
async fn a_proxys_login_that_was_refused_is_not_sent_again() {
    let locked = ScriptedProxy::http(Some("Basic never")).await;
    for address in [format!("https://{HIDDEN}/engine-rest"), format!("http://{HIDDEN}/engine-rest")] {
        let before = locked.heard().len();
        let client = Client::new(through(&locked.url("http"), Some(("ann", "wrong")), options(&address))).expect("a client");
        for _ in 0..3 {
            assert_eq!(client.version().await.expect_err("refused").kind(), ErrorKind::Proxy);
        }
        assert_eq!(locked.heard().len() - before, 1, "{address}");
    }
}
