//! Extra headers: sent to the engine with every request, to nobody else, shown nowhere.

use bpmtop::engine::{Authorities, Client, ClientOptions, ExtraHeaders, Proxy};
use reqwest::header::HeaderName;

use super::options;
use super::scripted::authority::Authority;
use super::scripted::proxy::ScriptedProxy;
use super::scripted::{Reply, ScriptedEngine};

fn with_header(options: ClientOptions) -> ClientOptions {
    let mut headers = ExtraHeaders::default();
    headers.set(HeaderName::from_static("x-api-key"), &"hunter2".into()).expect("a value");
    ClientOptions { headers, ..options }
}

#[tokio::test]
async fn an_extra_header_travels_with_every_request_and_is_shown_nowhere() {
    let engine = ScriptedEngine::start(super::calm).await;
    let options = with_header(options(&engine.url()));
    let shown = format!("{options:?}");
    let client = Client::new(options).expect("a client");
    for _ in 0..2 {
        client.version().await.expect("an answer");
    }
    assert!(engine.asked().iter().all(|asked| asked.header("x-api-key") == Some("hunter2")));
    assert!(shown.contains("x-api-key") && !format!("{shown}{client:?}").contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn an_extra_header_does_not_follow_a_redirect() {
    let other = ScriptedEngine::start(super::calm).await;
    let engine = ScriptedEngine::always(Reply::status(307).header("location", &format!("{}/version", other.url()))).await;
    let error = Client::new(with_header(options(&engine.url()))).expect("a client").version().await.expect_err("a redirect");
    assert_eq!(other.asked().len(), 0);
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[tokio::test]
async fn an_extra_header_is_not_told_to_the_proxy_that_opens_a_tunnel() {
    let company = Authority::new("company");
    let engine = ScriptedEngine::start_tls(company.issue("localhost").server(None), super::calm).await;
    let proxy = ScriptedProxy::http(None).await;
    let authorities = Authorities::from_pem(company.pem.as_bytes()).expect("an authority");
    let through = Proxy::Server { url: proxy.url("http").parse().expect("an address"), login: None };
    let client = Client::new(with_header(ClientOptions { authorities, proxy: through, ..options(&engine.secure_url()) })).expect("a client");
    client.version().await.expect("an answer");
    assert_eq!(engine.asked()[0].header("x-api-key"), Some("hunter2"));
    assert!(!proxy.heard().join("").contains("hunter2"), "{:?}", proxy.heard());
}
