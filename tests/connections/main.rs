//! The ways to an engine that stands behind something: TLS with a company's own authority, client certificates, proxies, tokens,
//! extra headers, and logins that were refused before. And what the program as a whole does with its output, its time and the files it is given. All servers are scripted and on this machine.

mod headers;
mod limits;
mod outputs;
mod program;
mod proxy;
mod tls;
mod token;

#[path = "../scripted/mod.rs"]
mod scripted;

use bpmtop::engine::{Client, ClientOptions, EngineError};
use scripted::{Asked, Reply};

/// An engine that answers counts and rights, and everything else with an empty list.
fn calm(asked: &Asked) -> Reply {
    match asked.path() {
        path if path.ends_with("/count") => Reply::json(r#"{"count":7}"#),
        path if path.ends_with("/authorization/check") => Reply::json(r#"{"permissionName":"READ","resourceName":"x","resourceId":null,"authorized":true}"#),
        path if path.ends_with("/version") => Reply::json(r#"{"version":"7.24.0"}"#),
        _ => Reply::json("[]"),
    }
}

fn options(address: &str) -> ClientOptions {
    ClientOptions::new(address.parse().expect("an address"))
}

async fn version(options: ClientOptions) -> Result<String, EngineError> {
    Client::new(options)?.version().await.map(|answer| answer.data.as_wire().to_owned())
}

/// Message and way out in one line, without the ports of the day.
fn told(error: &EngineError) -> String {
    let text = format!("[{}] {error} | {}", error.kind(), error.remedy());
    let mut shown = String::new();
    let mut rest = text.as_str();
    while let Some(colon) = rest.find(':') {
        let (before, after) = rest.split_at(colon + 1);
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        shown.push_str(if digits > 3 { &before[..colon] } else { before });
        rest = if digits > 3 { &after[digits..] } else { after };
    }
    shown + rest
}
