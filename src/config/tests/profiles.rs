//! What a valid file means: profiles, logins, thresholds, warnings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ratatui::style::Color;
use secrecy::ExposeSecret;

use super::super::{Config, Environment, Login, Overrides, Proxy, Purpose, SecretSource, Target, Threshold, Thresholds};
use super::{connect, environment, errors, parse};

#[test]
fn the_example_is_valid_and_raises_no_warning() {
    let config = parse(Config::example()).unwrap();
    assert_eq!(config.profile_names(), ["prod", "local"]);
    assert_eq!(config.warnings, Vec::<String>::new());
}

#[test]
fn the_example_shows_the_built_in_thresholds() {
    assert_eq!(parse(Config::example()).unwrap().thresholds, Thresholds::default());
}

/// The example with its commented keys in force, but for those that begin like one of `without`.
fn uncommented_example(without: &[&str]) -> Config {
    let uncommented = Config::example()
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| rest.split_once(" = ").is_some_and(|(key, _)| !key.contains([' ', ':']))).unwrap_or(line))
        .filter(|line| !without.iter().any(|key| line.starts_with(key)))
        .collect::<Vec<_>>()
        .join("\n");
    parse(&uncommented).unwrap()
}

#[test]
fn the_commented_lines_of_the_example_are_valid_too() {
    let config = uncommented_example(&["password_file", "password_env", "token_", "proxy_password_file", "proxy_password_env"]);
    assert_eq!((config.ui.ascii, config.profiles[0].accent), (Some(true), Some(Color::Rgb(0xd0, 0x87, 0x70))));
    let access = &config.profiles[0].access;
    assert_eq!(access.ca_file.as_deref(), Some(Path::new("/etc/bpmtop/company-ca.pem")));
    assert!(access.client_certificate.as_ref().is_some_and(|pair| pair.key.is_some()));
    assert!(matches!(&access.proxy, Some(Proxy::Server { url, login: Some(login) }) if url.scheme() == "socks5h" && login.user == "operator"));
    assert_eq!(access.headers.len(), 2);
    let config = uncommented_example(&["user", "password_", "token_file", "token_env", "proxy_password_command", "proxy_password_env"]);
    assert!(matches!(&config.profiles[0].token, Some(SecretSource::Command(words)) if words[0] == "oidc-token"));
}

#[test]
fn an_empty_file_is_valid_and_leads_to_the_first_run() {
    let config = parse("").unwrap();
    let target = config.target(&Environment::default(), &Overrides::default()).unwrap();
    assert!(matches!(target, Target::FirstRun(first_run) if first_run.profiles.is_empty()));
}

#[test]
fn profiles_keep_the_order_of_the_file() {
    let config = parse("[engine.zeta]\nurl='http://z'\n[engine.alpha]\nurl='http://a'\n[engine.mid]\nurl='http://m'").unwrap();
    assert_eq!(config.profile_names(), ["zeta", "alpha", "mid"]);
    assert_eq!(parse("engine = { b = { url = 'http://b' }, a = { url = 'http://a' } }").unwrap().profile_names(), ["b", "a"]);
}

#[test]
fn several_profiles_without_a_default_leave_the_choice_to_the_operator() {
    let config = parse("[engine.a]\nurl='http://a'\n[engine.b]\nurl='http://b'").unwrap();
    let target = config.target(&Environment::default(), &Overrides::default()).unwrap();
    assert!(matches!(target, Target::FirstRun(first_run) if first_run.profiles == ["a", "b"]));
}

#[test]
fn every_key_of_a_profile_reaches_the_connection() {
    let config = parse(
        "[engine.p]\nurl='https://h/engine-rest/'\nengine='two'\nuser='demo'\npassword_env='X'\ncolour='blue'\nread_only=true\nproduction=true\nbudget_percent=5\ntimeout_seconds=1.5",
    )
    .unwrap();
    let connection = connect(&config, &Environment::default(), &Overrides::default());
    assert_eq!(connection.url.as_str(), "https://h/engine-rest");
    assert_eq!(connection.profile_name.as_deref(), Some("p"));
    assert_eq!(connection.engine_name.as_deref(), Some("two"));
    assert!(matches!(connection.login, Login::Basic { user, password: SecretSource::Env(name) } if user == "demo" && name == "X"));
    assert_eq!(connection.accent, Some(Color::Blue));
    assert!(connection.read_only && connection.production);
    assert_eq!((connection.budget, connection.timeout), (0.05, Duration::from_millis(1500)));
}

#[test]
fn an_argument_narrows_the_role_of_a_profile_and_never_widens_it() {
    use crate::model::role::Role::{Admin, Operator, Viewer};
    for (of_profile, of_argument, expected) in [
        ("", None, Operator),
        ("", Some(Admin), Admin),
        ("role='operator'", Some(Admin), Operator),
        ("role='admin'", Some(Viewer), Viewer),
        ("role='admin'", None, Admin),
        ("role='viewer'", Some(Admin), Viewer),
    ] {
        let config = parse(&format!("[engine.p]\nurl='http://h'\n{of_profile}")).unwrap();
        let overrides = Overrides { role: of_argument, ..Overrides::default() };
        assert_eq!(connect(&config, &Environment::default(), &overrides).role, expected, "{of_profile} {of_argument:?}");
    }
    let wrong = parse("[engine.p]\nurl='http://h'\nrole='root'").unwrap_err().to_string();
    assert!(wrong.contains("write viewer, operator or admin"), "{wrong}");
}

#[test]
fn production_is_red_unless_another_colour_is_named() {
    let config = parse("[engine.p]\nurl='http://h'\nproduction=true").unwrap();
    assert_eq!(connect(&config, &Environment::default(), &Overrides::default()).accent, Some(Color::Red));
}

#[test]
fn a_user_without_a_password_is_asked_for_it() {
    let config = parse("[engine.p]\nurl='http://h'\nuser='demo'").unwrap();
    assert!(matches!(connect(&config, &Environment::default(), &Overrides::default()).login, Login::PromptNeeded { user } if user == "demo"));
}

#[test]
fn a_password_without_a_user_is_refused() {
    let config = parse("[engine.p]\nurl='http://h'\npassword_env='X'").unwrap();
    assert!(config.target(&Environment::default(), &Overrides::default()).unwrap_err().to_string().contains("password but no user"));
}

#[test]
fn a_password_in_clear_text_is_accepted_with_a_warning_and_never_shown() {
    let config = parse("[engine.p]\nurl='http://h'\nuser='demo'\npassword='hunter2'").unwrap();
    assert!(config.warnings[0].contains("clear text"), "{:?}", config.warnings);
    let connection = connect(&config, &Environment::default(), &Overrides::default());
    assert!(!format!("{config:?}{connection:?}").contains("hunter2"));
    assert!(matches!(connection.login, Login::Basic { password, .. } if password.resolve(&Purpose::Password).unwrap().expose_secret() == "hunter2"));
}

#[test]
fn the_files_password_never_follows_another_user_or_another_address() {
    let config = parse("[engine.p]\nurl='http://h'\nuser='demo'\npassword='hunter2'").unwrap();
    let other_user = Overrides { user: Some("mallory".into()), ..Overrides::default() };
    assert!(matches!(connect(&config, &Environment::default(), &other_user).login, Login::PromptNeeded { user } if user == "mallory"));
    let other_address = Overrides { target: Some("http://elsewhere/engine-rest".into()), ..Overrides::default() };
    assert!(matches!(connect(&config, &Environment::default(), &other_address).login, Login::None));
}

#[test]
fn a_password_file_is_found_beside_the_configuration_or_at_home() {
    let config = parse("[engine.a]\nurl='http://h'\npassword_file='a.password'\n[engine.b]\nurl='http://h'\npassword_file='~/b.password'").unwrap();
    assert!(matches!(&config.profiles[0].password, Some(SecretSource::File(path)) if path == Path::new("/etc/bpmtop/a.password")));
    let home = directories::BaseDirs::new().unwrap().home_dir().join("b.password");
    assert!(matches!(&config.profiles[1].password, Some(SecretSource::File(path)) if *path == home));
}

#[test]
fn a_profile_named_like_a_command_is_warned_about() {
    let config = parse("[engine.keys]\nurl='http://h'").unwrap();
    assert!(config.warnings[0].contains("BPMTOP_PROFILE=keys"), "{:?}", config.warnings);
}

#[test]
fn an_unknown_profile_names_the_nearest_and_all_others() {
    let config = parse("[engine.prod]\nurl='http://h'\n[engine.test]\nurl='http://h'").unwrap();
    let typo = Overrides { target: Some("prdo".into()), ..Overrides::default() };
    let error = config.target(&Environment::default(), &typo).unwrap_err().to_string();
    assert_eq!(error, "there is no profile \"prdo\"; did you mean \"prod\"? Profiles are: prod, test");
    let command = Overrides { target: Some("snapshto".into()), ..Overrides::default() };
    let error = Config::default().target(&Environment::default(), &command).unwrap_err().to_string();
    assert!(error.contains("did you mean the command \"snapshot\"? No profile is configured"), "{error}");
}

#[test]
fn a_url_on_the_command_line_with_credentials_names_the_way_out_and_not_the_password() {
    let asked = Overrides { target: Some("http://me:hunter2@h/engine-rest".into()), ..Overrides::default() };
    let error = Config::default().target(&Environment::default(), &asked).unwrap_err().to_string();
    assert!(error.contains("--user NAME") && error.contains("BPMTOP_PASSWORD") && !error.contains("hunter2"), "{error}");
    let error = Config::default().target(&environment(&[("BPMTOP_URL", "localhost")]), &Overrides::default()).unwrap_err().to_string();
    assert!(error.starts_with("BPMTOP_URL: \"localhost\" is not a URL"), "{error}");
}

#[test]
fn thresholds_take_tables_pairs_and_numbers_and_keep_what_is_left_out() {
    let config = parse("[thresholds]\nincidents_root = { critical = 10 }\njobs_due = ['5:', '@1:2']\ninstances = { warning = '1.5' }").unwrap();
    let row = |warning: &str, critical: &str| Threshold { warning: warning.parse().ok(), critical: critical.parse().ok() };
    assert_eq!(config.thresholds.get("incidents_root"), row("0", "10"));
    assert_eq!(config.thresholds.get("jobs_due"), row("5:", "@1:2"));
    assert_eq!(config.thresholds.get("instances"), row("1.5", ""));
    assert_eq!(config.thresholds.get("jobs_failed"), row("0", "50"));
}

#[test]
fn a_file_that_was_asked_for_must_exist() {
    let missing = PathBuf::from("/nonexistent/bpmtop.toml");
    let asked = Overrides { config: Some(missing), ..Overrides::default() };
    assert!(Config::load(&Environment::default(), &asked).unwrap_err().to_string().contains("cannot read /nonexistent/bpmtop.toml"));
}

#[cfg(unix)]
#[test]
fn a_password_that_others_can_read_is_warned_about() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (file, secret) = (folder.path().join("config.toml"), folder.path().join("secret"));
    std::fs::write(&file, "[engine.p]\nurl='http://h'\nuser='u'\npassword_file='secret'").unwrap();
    std::fs::write(&secret, "x").unwrap();
    let warnings_at = |mode: u32| {
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(mode)).unwrap();
        Config::load(&Environment::default(), &Overrides { config: Some(file.clone()), ..Overrides::default() }).unwrap().warnings
    };
    assert!(warnings_at(0o644)[0].contains("chmod 600"));
    assert_eq!(warnings_at(0o600), Vec::<String>::new());
}

#[test]
fn mistakes_in_a_profile_do_not_make_the_default_profile_a_mistake_too() {
    let text = errors("default_profile = 'p'\n[engine.p]\nurl = 'nowhere'");
    assert!(!text.contains("default_profile names"), "{text}");
}

#[test]
fn a_role_is_widened_no_further_than_the_profile_says_and_an_argument_alone_is_the_bound() {
    use crate::model::role::Role::{Admin, Operator, Viewer};
    for (of_profile, of_argument, start, bound) in [
        ("role='operator'\nmax_role='admin'", None, Operator, Admin),
        ("role='operator'\nmax_role='admin'", Some(Admin), Operator, Admin),
        ("role='operator'", Some(Viewer), Viewer, Operator),
        ("role='operator'", None, Operator, Operator),
        ("role='admin'\nmax_role='operator'", None, Operator, Operator),
        ("", Some(Viewer), Viewer, Viewer),
        ("", None, Operator, Admin),
    ] {
        let config = parse(&format!("[engine.p]\nurl='http://h'\n{of_profile}")).unwrap();
        let overrides = Overrides { role: of_argument, ..Overrides::default() };
        let connection = connect(&config, &Environment::default(), &overrides);
        assert_eq!((connection.role, connection.max_role), (start, bound), "{of_profile} {of_argument:?}");
    }
}
