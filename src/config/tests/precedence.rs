//! File, environment, arguments: which one wins, for every key that can be set twice.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret;

use super::super::{Config, Connection, Environment, Login, Overrides, Proxy, SecretSource};
use super::{connect, environment, parse};

const FILE: &str = "default_profile = 'file'
[engine.file]
url = 'http://file'
engine = 'file-engine'
user = 'file-user'
password = 'file-password'
ca_file = '/file.pem'
client_certificate = '/file.pem'
client_key = '/file.key'
proxy = 'http://file'
budget_percent = 3
timeout_seconds = 3
[engine.env]
url = 'http://env'
[engine.arg]
url = 'http://arg'
[ui]
theme = 'day'
";

fn host(connection: &Connection) -> String {
    connection.url.host_str().unwrap().to_owned()
}

fn user(connection: &Connection) -> String {
    match &connection.login {
        Login::Basic { user, .. } | Login::PromptNeeded { user } => user.clone(),
        Login::None | Login::Bearer { .. } => "nobody".to_owned(),
    }
}

fn password(connection: &Connection) -> String {
    match &connection.login {
        Login::Basic { password: SecretSource::Given(password), .. } => password.expose_secret().to_owned(),
        _ => "none".to_owned(),
    }
}

/// One overridable key: how it is set by a variable and by an argument, how it is read back, and its value at each strength. A key
/// without a variable repeats the file's value in the middle.
struct Row {
    key: &'static str,
    variables: &'static [(&'static str, &'static str)],
    argument: fn(&mut Overrides),
    value: fn(&Config, &Environment, &Overrides) -> String,
    file_variable_argument: [&'static str; 3],
}

const ROWS: &[Row] = &[
    Row {
        key: "profile",
        variables: &[("BPMTOP_PROFILE", "env")],
        argument: |overrides| overrides.target = Some("arg".into()),
        value: |c, e, o| host(&connect(c, e, o)),
        file_variable_argument: ["file", "env", "arg"],
    },
    Row {
        key: "url",
        variables: &[("BPMTOP_URL", "http://env-url/x"), ("BPMTOP_PROFILE", "env")],
        argument: |overrides| overrides.target = Some("http://arg-url/x".into()),
        value: |c, e, o| host(&connect(c, e, o)),
        file_variable_argument: ["file", "env-url", "arg-url"],
    },
    Row {
        key: "user",
        variables: &[("BPMTOP_USER", "env-user")],
        argument: |overrides| overrides.user = Some("arg-user".into()),
        value: |c, e, o| user(&connect(c, e, o)),
        file_variable_argument: ["file-user", "env-user", "arg-user"],
    },
    Row {
        key: "password",
        variables: &[("BPMTOP_PASSWORD", "env-password")],
        argument: |overrides| overrides.password = Some("arg-password".into()),
        value: |c, e, o| password(&connect(c, e, o)),
        file_variable_argument: ["file-password", "env-password", "arg-password"],
    },
    Row {
        key: "engine",
        variables: &[],
        argument: |overrides| overrides.engine = Some("arg-engine".into()),
        value: |c, e, o| connect(c, e, o).engine_name.unwrap(),
        file_variable_argument: ["file-engine", "file-engine", "arg-engine"],
    },
    Row {
        key: "ca_file",
        variables: &[("BPMTOP_CA_FILE", "env.pem")],
        argument: |overrides| overrides.ca_file = Some("arg.pem".into()),
        value: |c, e, o| connect(c, e, o).access.ca_file.unwrap().display().to_string(),
        file_variable_argument: ["/file.pem", "env.pem", "arg.pem"],
    },
    Row {
        key: "client_certificate",
        variables: &[("BPMTOP_CLIENT_CERTIFICATE", "env.pem"), ("BPMTOP_CLIENT_KEY", "env.key")],
        argument: |overrides| (overrides.client_certificate, overrides.client_key) = (Some("arg.pem".into()), Some("arg.key".into())),
        value: |c, e, o| format!("{:?}", connect(c, e, o).access.client_certificate.unwrap().key.unwrap()),
        file_variable_argument: ["\"/file.key\"", "\"env.key\"", "\"arg.key\""],
    },
    Row {
        key: "proxy",
        variables: &[("BPMTOP_PROXY", "http://env")],
        argument: |overrides| overrides.proxy = Some("none".into()),
        value: |c, e, o| match connect(c, e, o).access.proxy.unwrap() {
            Proxy::Server { url, .. } => url.to_string(),
            Proxy::Direct => "none".to_owned(),
        },
        file_variable_argument: ["http://file/", "http://env/", "none"],
    },
    Row {
        key: "budget_percent",
        variables: &[],
        argument: |overrides| overrides.budget_percent = Some(4.0),
        value: |c, e, o| connect(c, e, o).budget.to_string(),
        file_variable_argument: ["0.03", "0.03", "0.04"],
    },
    Row {
        key: "timeout_seconds",
        variables: &[],
        argument: |overrides| overrides.timeout = Some(Duration::from_secs(4)),
        value: |c, e, o| connect(c, e, o).timeout.as_secs().to_string(),
        file_variable_argument: ["3", "3", "4"],
    },
    Row {
        key: "read_only",
        variables: &[],
        argument: |overrides| overrides.read_only = true,
        value: |c, e, o| connect(c, e, o).read_only.to_string(),
        file_variable_argument: ["false", "false", "true"],
    },
    Row {
        key: "theme",
        variables: &[("NO_COLOR", "1")],
        argument: |overrides| overrides.theme = Some("war-room".into()),
        value: |c, e, o| c.ui(e, o).theme,
        file_variable_argument: ["day", "mono", "war-room"],
    },
    Row {
        key: "no colours",
        variables: &[],
        argument: |overrides| (overrides.theme, overrides.no_color) = (Some("war-room".into()), true),
        value: |c, e, o| c.ui(e, o).theme,
        file_variable_argument: ["day", "day", "mono"],
    },
    Row {
        key: "ascii",
        variables: &[],
        argument: |overrides| overrides.ascii = true,
        value: |c, e, o| format!("{:?}", c.ui(e, o).ascii),
        file_variable_argument: ["None", "None", "Some(true)"],
    },
    Row {
        key: "config",
        variables: &[("BPMTOP_CONFIG", "/env.toml")],
        argument: |overrides| overrides.config = Some("/arg.toml".into()),
        value: |_, e, o| {
            Config::path(e, o).filter(|path| !path.ends_with("bpmtop/config.toml")).unwrap_or_else(|| PathBuf::from("default")).display().to_string()
        },
        file_variable_argument: ["default", "/env.toml", "/arg.toml"],
    },
];

#[test]
fn a_variable_beats_the_file_and_an_argument_beats_both() {
    let config = parse(FILE).unwrap();
    for row in ROWS {
        let mut overrides = Overrides::default();
        let with_variables = environment(row.variables);
        let file = (row.value)(&config, &Environment::default(), &overrides);
        let variable = (row.value)(&config, &with_variables, &overrides);
        (row.argument)(&mut overrides);
        let argument = (row.value)(&config, &with_variables, &overrides);
        assert_eq!([file.as_str(), &variable, &argument], row.file_variable_argument, "{}", row.key);
    }
}

#[test]
fn a_variable_that_replaces_a_profiles_login_is_mentioned() {
    let connection = connect(&parse(FILE).unwrap(), &environment(&[("BPMTOP_USER", "other")]), &Overrides::default());
    assert_eq!(connection.warnings, ["BPMTOP_USER replaces the user of profile \"file\""]);
    assert_eq!(password(&connection), "none");
    let connection = connect(&parse(FILE).unwrap(), &environment(&[("BPMTOP_PASSWORD", "x")]), &Overrides::default());
    assert_eq!(connection.warnings, ["BPMTOP_PASSWORD replaces the password of profile \"file\""]);
}

#[test]
fn arguments_are_held_to_the_limits_of_the_file() {
    let config = parse(FILE).unwrap();
    for (overrides, name) in [
        (Overrides { budget_percent: Some(51.0), ..Overrides::default() }, "--budget"),
        (Overrides { budget_percent: Some(f64::NAN), ..Overrides::default() }, "--budget"),
        (Overrides { timeout: Some(Duration::ZERO), ..Overrides::default() }, "--timeout"),
        (Overrides { engine: Some("a/b".into()), ..Overrides::default() }, "--engine"),
    ] {
        let error = config.target(&Environment::default(), &overrides).unwrap_err().to_string();
        assert!(error.starts_with(name), "{error}");
    }
}
