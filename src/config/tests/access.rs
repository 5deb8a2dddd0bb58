//! The way to an engine and its token: which keys lead where, what contradicts what, and which layer wins.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use super::super::{Config, Environment, Login, Overrides, Proxy, Purpose, SecretSource};
use super::{connect, environment, errors, parse};

const FILE: &str = "[engine.p]
url = 'https://h'
ca_file = '~/ca.pem'
client_certificate = 'me.pem'
client_key = '/keys/me.key'
proxy = 'http://proxy:3128'
proxy_user = 'ann'
proxy_password_env = 'PROXY_PASSWORD'
headers = { 'X-Forwarded-User' = 'ann', X-Key = { env = 'KEY' } }
";

const TOKEN: &str = "[engine.p]\nurl = 'https://h'\ntoken_env = 'FILE_TOKEN'\n";

fn refused(lines: &str) -> String {
    errors(&format!("[engine.p]\nurl = 'https://h'\n{lines}"))
}

fn request_error(config: &Config, environment: &Environment, overrides: &Overrides) -> String {
    config.target(environment, overrides).unwrap_err().to_string()
}

#[test]
fn every_key_of_the_way_reaches_the_connection() {
    let access = connect(&parse(FILE).unwrap(), &Environment::default(), &Overrides::default()).access;
    assert_eq!(access.ca_file, Some(directories::BaseDirs::new().unwrap().home_dir().join("ca.pem")));
    let pair = access.client_certificate.unwrap();
    assert_eq!((pair.certificate.as_path(), pair.key.as_deref()), (Path::new("/etc/bpmtop/me.pem"), Some(Path::new("/keys/me.key"))));
    let Some(Proxy::Server { url, login: Some(login) }) = access.proxy else { panic!("no proxy") };
    assert_eq!((url.as_str(), login.user.as_str()), ("http://proxy:3128/", "ann"));
    assert!(matches!(login.password, SecretSource::Env(name) if name == "PROXY_PASSWORD"));
    let headers: Vec<&str> = access.headers.iter().map(|header| header.name.as_str()).collect();
    assert_eq!(headers, ["x-forwarded-user", "x-key"]);
    assert!(matches!(&access.headers[1].value, SecretSource::Env(name) if name == "KEY"));
}

#[test]
fn headers_may_have_a_section_of_their_own() {
    let config = parse("[engine.p]\nurl='https://h'\n[engine.p.headers]\nX-Tenant = 'a'\n[engine.p.headers.X-Key]\nenv = 'KEY'").unwrap();
    assert_eq!(config.profiles[0].access.headers.len(), 2);
}

#[test]
fn a_token_and_a_user_are_refused_with_both_lines() {
    let shown = refused("user = 'ann'\ntoken_command = ['t']\n");
    assert!(shown.contains("config.toml:4:1: [engine.p] names both user (line 3) and token_command (line 4); a token is a login of its own"), "{shown}");
    let shown = refused("token_file = 't'\npassword_env = 'X'\n");
    assert!(shown.contains("config.toml:4:1: [engine.p] names both token_file (line 3) and password_env (line 4)"), "{shown}");
    assert!(refused("token_file = 't'\ntoken_env = 'X'").contains("names both token_file and token_env"));
}

#[test]
fn what_is_worth_nothing_alone_names_what_is_missing() {
    for (lines, needs) in [
        ("client_key = 'k'", "client_key in [engine.p] needs client_certificate"),
        ("proxy_user = 'ann'", "proxy_user in [engine.p] needs proxy ="),
        ("proxy = 'none'\nproxy_user = 'ann'", "proxy_user in [engine.p] needs proxy ="),
        ("proxy = 'http://h'\nproxy_user = 'ann'", "needs one of proxy_password_env"),
        ("proxy = 'http://h'\nproxy_password_env = 'X'", "proxy_password_env in [engine.p] needs proxy_user"),
    ] {
        let shown = refused(lines);
        assert!(shown.contains(needs), "{shown}");
        assert_eq!(shown.lines().filter(|line| line.starts_with("config.toml:")).count(), 1, "{shown}");
    }
}

#[test]
fn mistakes_in_headers_and_proxies_are_told_with_the_right_key() {
    for (lines, told) in [
        (
            "headers = { Authorization = 'x' }",
            "config.toml:3:13: the header Authorization cannot be set; log in with user and password_command, or with token_command",
        ),
        ("headers = { Host = 'x' }", "the host is part of url"),
        ("headers = { X-A = 'x', x-a = 'y' }", "named twice"),
        ("headers = { X-A = 7 }", "must be a string in quotes, or { env = \"VARIABLE\" }"),
        ("headers = { X-A = { evn = 'x' } }", "did you mean \"env\"?"),
        ("headers = ['X-A']", "must be a table such as"),
        ("proxy = 'http://ann:hunter2@h'", "write proxy_user"),
        ("proxi = 'http://h'", "did you mean \"proxy\"?"),
        ("clientcertificate = 'x'", "did you mean \"client_certificate\"?"),
        ("ca_file = ''", "ca_file names nothing"),
        ("insecure = true", "unknown key \"insecure\""),
    ] {
        let shown = refused(lines);
        assert!(shown.contains(told), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn no_mistake_shows_the_value_of_a_header() {
    for lines in [
        "headers = { Authorization = 'hunter2' }",
        "headers = { Tenant = hunter2 }",
        "headers = { Tenant = \"a\\nhunter2\" }",
        "headers = 'hunter2'",
        "headers = {\n  Tenant = hunter2 }",
        "headers = { Tenant = { evn = 'hunter2' } }",
        "[engine.p.headers]\nHost = 'hunter2'",
        "[engine.p.headers]\nTenant = hunter2",
        "[engine.p.headers]\nOther = { env = 'X' }\nTenant = hunter2",
        "[engine.p.headers]\nTenant = ['hunter2']",
        "token = 'hunter2'",
        "token_command = 'hunter2'",
        "proxy_password = 'hunter2'",
    ] {
        let shown = refused(lines);
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn the_strongest_layer_decides_between_token_and_user() {
    let config = parse(TOKEN).unwrap();
    let login = |variables: &[(&str, &str)], user: Option<&str>| {
        let overrides = Overrides { user: user.map(str::to_owned), ..Overrides::default() };
        connect(&config, &environment(variables), &overrides).login
    };
    let token_of = |login: Login| match login {
        Login::Bearer { token: SecretSource::Given(token) } => token.expose_secret().to_owned(),
        Login::Bearer { token: SecretSource::Env(name) } => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(token_of(login(&[], None)), "FILE_TOKEN");
    assert_eq!(token_of(login(&[("BPMTOP_TOKEN", "t")], None)), "t");
    assert!(matches!(login(&[("BPMTOP_USER", "bob")], None), Login::PromptNeeded { user } if user == "bob"));
    assert!(matches!(login(&[("BPMTOP_TOKEN", "t")], Some("bob")), Login::PromptNeeded { user } if user == "bob"));
    assert!(matches!(login(&[("BPMTOP_USER", "bob"), ("BPMTOP_PASSWORD", "x")], None), Login::Basic { .. }));
}

#[test]
fn a_variable_that_replaces_the_way_to_log_in_is_mentioned() {
    let warnings = |text: &str, name: &str| connect(&parse(text).unwrap(), &environment(&[(name, "x")]), &Overrides::default()).warnings;
    assert_eq!(warnings(TOKEN, "BPMTOP_TOKEN"), ["BPMTOP_TOKEN replaces the login of profile \"p\""]);
    assert_eq!(warnings(TOKEN, "BPMTOP_USER"), ["BPMTOP_USER replaces the token of profile \"p\""]);
    assert_eq!(warnings("[engine.p]\nurl='http://h'", "BPMTOP_TOKEN"), Vec::<String>::new());
}

#[test]
fn a_token_and_a_user_in_the_environment_contradict_each_other() {
    let both = environment(&[("BPMTOP_TOKEN", "hunter2"), ("BPMTOP_PASSWORD", "hunter2")]);
    let error = request_error(&parse(TOKEN).unwrap(), &both, &Overrides::default());
    assert_eq!(error, "BPMTOP_TOKEN and BPMTOP_PASSWORD are both set; a token is a login of its own, unset one of the two");
}

#[test]
fn nothing_of_a_profile_follows_to_another_address() {
    let config = parse(&format!("{FILE}token_env = 'X'")).unwrap();
    let elsewhere = Overrides { target: Some("https://elsewhere/engine-rest".into()), ..Overrides::default() };
    let connection = connect(&config, &Environment::default(), &elsewhere);
    let access = connection.access;
    assert!(matches!(connection.login, Login::None));
    assert!(access.headers.is_empty() && access.client_certificate.is_none() && access.ca_file.is_none() && access.proxy.is_none());
}

#[test]
fn a_private_key_stays_with_its_certificate() {
    let other = Overrides { client_certificate: Some("other.pem".into()), ..Overrides::default() };
    let pair = connect(&parse(FILE).unwrap(), &Environment::default(), &other).access.client_certificate.unwrap();
    assert_eq!((pair.certificate, pair.key), (PathBuf::from("other.pem"), None));
    let key_alone = Overrides { client_key: Some("k".into()), ..Overrides::default() };
    assert_eq!(request_error(&parse(FILE).unwrap(), &Environment::default(), &key_alone), "--client-key needs --client-certificate beside it");
}

#[test]
fn the_login_of_a_proxy_stays_with_its_proxy() {
    let has_login = |address: &str| {
        let overrides = Overrides { proxy: Some(address.into()), ..Overrides::default() };
        match connect(&parse(FILE).unwrap(), &Environment::default(), &overrides).access.proxy {
            Some(Proxy::Server { login, .. }) => login.is_some(),
            other => panic!("{other:?}"),
        }
    };
    assert!(has_login("http://proxy:3128"));
    assert!(!has_login("http://other:3128"));
}

#[test]
fn a_proxy_in_the_environment_with_credentials_is_refused_without_repeating_them() {
    let error = request_error(&parse(FILE).unwrap(), &environment(&[("BPMTOP_PROXY", "http://ann:hunter2@h")]), &Overrides::default());
    assert!(error.starts_with("BPMTOP_PROXY: ") && !error.contains("hunter2"), "{error}");
}

#[test]
fn an_unset_variable_of_a_header_is_named() {
    let config = parse("[engine.p]\nurl='https://h'\nheaders = { X-Key = { env = 'BPMTOP_TEST_UNSET' } }").unwrap();
    let error = config.profiles[0].access.headers[0].value.resolve(&Purpose::Header("x-key".to_owned())).unwrap_err().to_string();
    assert_eq!(error, "the variable BPMTOP_TEST_UNSET named by env of the header x-key is not set; export it and start again");
}

#[cfg(unix)]
#[test]
fn a_private_key_or_token_that_others_can_read_is_warned_about() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(&file, "[engine.p]\nurl='https://h'\nclient_certificate='me.pem'\ntoken_file='token'").unwrap();
    for name in ["me.pem", "token"] {
        std::fs::write(folder.path().join(name), "x").unwrap();
        std::fs::set_permissions(folder.path().join(name), std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let warnings = Config::load(&Environment::default(), &Overrides { config: Some(file), ..Overrides::default() }).unwrap().warnings.join("\n");
    assert!(warnings.contains("token holds a token") && warnings.contains("me.pem holds a private key"), "{warnings}");
}
