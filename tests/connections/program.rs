//! The program as a whole: what only shows in a process of its own, with an environment and a home of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::calm;
use super::scripted::authority::Authority;
use super::scripted::proxy::ScriptedProxy;
use super::scripted::{Asked, Reply, ScriptedEngine};

pub(super) struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).expect("written");
        self.path(name).display().to_string()
    }

    /// Runs the program with nothing in its environment but what is named.
    pub(super) async fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bpmtop"));
        command.env_clear().args(arguments).envs(variables.iter().copied());
        command.env("HOME", self.folder.path()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        tokio::task::spawn_blocking(move || command.output()).await.expect("joined").expect("the program")
    }
}

pub(super) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// An engine that knows one password of one user: `ann:right`.
async fn engine_with_login() -> ScriptedEngine {
    ScriptedEngine::start(|asked: &Asked| match asked.header("authorization") {
        Some("Basic YW5uOnJpZ2h0") => calm(asked),
        _ => Reply::status(401),
    })
    .await
}

async fn snapshot(home: &Home, engine: &ScriptedEngine, password: &str, more: &[&str]) -> Output {
    let url = engine.url();
    let arguments = [&["snapshot", url.as_str()], more].concat();
    home.run(&arguments, &[("BPMTOP_USER", "ann"), ("BPMTOP_PASSWORD", password)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_is_not_tried_again_by_the_next_snapshot() {
    let (home, engine) = (Home::new(), engine_with_login().await);
    let first = snapshot(&home, &engine, "wrong", &[]).await;
    assert_eq!((first.status.code(), engine.asked().len()), (Some(2), 1), "{}", stderr(&first));
    let second = snapshot(&home, &engine, "wrong", &[]).await;
    assert_eq!((second.status.code(), engine.asked().len()), (Some(2), 1), "{}", stderr(&second));
    let told = stderr(&second);
    assert!(told.contains("this login was refused at ") && told.contains("run `bpmtop snapshot --retry-login`"), "{told}");
    let retried = snapshot(&home, &engine, "wrong", &["--retry-login"]).await;
    assert_eq!((retried.status.code(), engine.asked().len()), (Some(2), 2), "{}", stderr(&retried));
    let right = snapshot(&home, &engine, "right", &[]).await;
    assert_eq!(right.status.code(), Some(0), "{}", stderr(&right));
    let asked = engine.asked().len();
    snapshot(&home, &engine, "wrong", &[]).await;
    assert_eq!(engine.asked().len(), asked + 1, "the success made the refusal be forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_is_down_is_no_refused_login() {
    let (home, engine) = (Home::new(), ScriptedEngine::always(Reply::status(503)).await);
    assert_eq!(snapshot(&home, &engine, "right", &[]).await.status.code(), Some(2));
    let asked = engine.asked().len();
    assert_eq!(snapshot(&home, &engine, "right", &[]).await.status.code(), Some(2));
    assert!(engine.asked().len() > asked);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_memory_that_cannot_be_kept_is_a_warning_and_stops_nothing() {
    let (home, engine) = (Home::new(), engine_with_login().await);
    let state = home.write("state", "a file where a folder should be");
    let url = engine.url();
    let variables = [("XDG_STATE_HOME", state.as_str()), ("BPMTOP_USER", "ann"), ("BPMTOP_PASSWORD", "wrong")];
    let refused = home.run(&["snapshot", &url], &variables).await;
    assert_eq!((refused.status.code(), engine.asked().len()), (Some(2), 1));
    assert!(stderr(&refused).contains("cannot remember refused logins"), "{}", stderr(&refused));
    let variables = [("XDG_STATE_HOME", state.as_str()), ("BPMTOP_USER", "ann"), ("BPMTOP_PASSWORD", "right")];
    assert_eq!(home.run(&["snapshot", &url], &variables).await.status.code(), Some(0));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_platforms_own_ways_to_name_authorities_are_honoured_beside_ca_file() {
    let (home, company, other) = (Home::new(), Authority::new("company"), Authority::new("other"));
    let engine = ScriptedEngine::start_tls(company.issue("localhost").server(None), calm).await;
    let (company, other) = (home.write("company.pem", &company.pem), home.write("other.pem", &other.pem));
    let url = engine.secure_url();
    let run = |variables: Vec<(&'static str, String)>| {
        let (home, url) = (&home, url.as_str());
        async move {
            let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
            home.run(&["snapshot", url], &variables).await.status.code()
        }
    };
    assert_eq!(run(vec![("SSL_CERT_FILE", other.clone())]).await, Some(2));
    assert_eq!(run(vec![("SSL_CERT_FILE", company.clone())]).await, Some(0));
    assert_eq!(run(vec![("SSL_CERT_FILE", company.clone()), ("BPMTOP_CA_FILE", other.clone())]).await, Some(0));
    assert_eq!(run(vec![("SSL_CERT_FILE", other), ("BPMTOP_CA_FILE", company)]).await, Some(0));
}

/// 0.0.0.0 leads to this machine but is none of the addresses that are never proxied.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn no_proxy_at_all_beats_the_environment() {
    let (home, engine, proxy) = (Home::new(), ScriptedEngine::start(calm).await, ScriptedProxy::http(None).await);
    let url = format!("http://0.0.0.0:{}/engine-rest", engine.port());
    let config = home.write("config.toml", &format!("[engine.direct]\nurl = '{url}'\nproxy = 'none'\n[engine.system]\nurl = '{url}'\n"));
    let proxy_url = proxy.url("http");
    let variables = [("BPMTOP_CONFIG", config.as_str()), ("HTTP_PROXY", proxy_url.as_str()), ("http_proxy", proxy_url.as_str())];
    home.run(&["snapshot", "direct"], &variables).await;
    home.run(&["snapshot", "system", "--proxy", "none"], &variables).await;
    let direct = engine.asked().len();
    assert_eq!((proxy.heard().len(), direct > 0), (0, true));
    home.run(&["snapshot", "system"], &variables).await;
    assert_eq!((!proxy.heard().is_empty(), engine.asked().len()), (true, direct));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_token_command_runs_again_when_its_token_has_run_out() {
    let home = Home::new();
    let engine = ScriptedEngine::start(|asked: &Asked| match asked.header("authorization") {
        Some("Bearer token-2") => calm(asked),
        _ => Reply::status(401),
    })
    .await;
    let command = "echo x >> \"$HOME/runs\"; echo token-$(wc -l < \"$HOME/runs\" | tr -d ' ')";
    let config = home.write("config.toml", &format!("[engine.p]\nurl = '{}'\ntoken_command = ['sh', '-c', '''{command}''']\n", engine.url()));
    let output = home.run(&["snapshot", "p", "--config", &config], &[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(std::fs::read_to_string(home.path("runs")).expect("ran"), "x\nx\n");
    assert_eq!(engine.asked().iter().filter(|asked| asked.header("authorization") == Some("Bearer token-1")).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_reaches_a_log_or_a_message() {
    let (home, engine, proxy) = (Home::new(), engine_with_login().await, ScriptedProxy::http(Some("Basic never")).await);
    let file = format!(
        "[engine.direct]\nurl = '{0}'\nuser = 'ann'\npassword_env = 'A'\nproxy = 'none'\nheaders = {{ X-Key = {{ env = 'B' }} }}\n\
         [engine.proxied]\nurl = '{0}'\ntoken_env = 'C'\nproxy = '{1}'\nproxy_user = 'ann'\nproxy_password_env = 'D'\n\
         [engine.token]\nurl = '{0}'\ntoken_env = 'C'\n",
        engine.url(),
        proxy.url("http")
    );
    let (config, log) = (home.write("config.toml", &file), home.path("log").display().to_string());
    let secrets = [("A", "hunter2a"), ("B", "hunter2b"), ("C", "hunter2c"), ("D", "hunter2d")];
    let variables = [&secrets[..], &[("BPMTOP_LOG", "trace")]].concat();
    let mut shown = String::new();
    for profile in ["direct", "proxied", "token"] {
        let output = home.run(&["snapshot", profile, "--config", &config, "--log", &log], &variables).await;
        shown.push_str(&stderr(&output));
        shown.push_str(&String::from_utf8_lossy(&output.stdout));
    }
    assert_eq!(engine.asked()[0].header("x-key"), Some("hunter2b"));
    let logged = std::fs::read_to_string(&log).expect("a log");
    assert!(logged.lines().count() > 10, "the log is on: {logged}");
    // Also as HTTP Basic writes them: base64 of ann:hunter2a and ann:hunter2d.
    for secret in ["hunter2", "YW5uOmh1bnRlcjJh", "YW5uOmh1bnRlcjJk"] {
        for text in [&shown, &logged] {
            let place = text.lines().find(|line| line.contains(secret));
            assert_eq!(place, None);
        }
    }
    assert!(Path::new(&log).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn unusable_files_end_the_program_with_1_and_their_key() {
    let home = Home::new();
    let nothing = home.write("nothing.pem", "nothing");
    for (arguments, told) in [
        (["--ca-file", "/nonexistent/ca.pem"], "cannot read ca_file /nonexistent/ca.pem"),
        (["--ca-file", nothing.as_str()], "there is no certificate in PEM form"),
        (["--client-certificate", nothing.as_str()], "client_certificate"),
        (["--proxy", "socks4://h"], "--proxy: \"socks4://h\" must begin with socks5h://"),
    ] {
        let output = home.run(&[&["snapshot", "https://localhost:1/engine-rest"][..], &arguments].concat(), &[]).await;
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stderr(&output).contains(told), "{}", stderr(&output));
    }
}
