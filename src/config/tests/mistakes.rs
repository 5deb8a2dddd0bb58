//! What is refused, how it is said, and what is never said: a secret.

use super::errors;

#[test]
fn every_mistake_is_reported_with_place_and_way_out() {
    insta::assert_snapshot!(errors(
        r##"default_profile = "prdo"
theme = "night"
[engine.prod]
url = "htp://camunda/engine-rest"
uesr = "operator"
password_env = 7
read_only = "yes"
budget_percent = 80
colour = "reddish"
[engine.test]
user = "a:b"
[thresholds]
incident_root = { warning = "0" }
jobs_due = { warnin = "5", critical = "20:10" }
jobs_failed = "5"
[ui]
colours = 256
"##
    ));
}

#[test]
fn syntax_errors_are_all_reported_once() {
    insta::assert_snapshot!(errors("[engine.prod]\nurl = http://h\nuser = \"demo\"\nread_only = yes\n"));
}

#[test]
fn no_mistake_shows_a_secret() {
    for text in [
        "[engine.p]\nurl='http://h'\npassword = ['hunter2']",
        "[engine.p]\nurl='http://h'\npasword = 'hunter2'",
        "[engine.p]\nurl='http://h'\nkennwort = 'hunter2'",
        "[engine.p]\nurl='http://me:hunter2@h'",
        "[engine.p]\nurl='http://h'\npassword = hunter2",
        "[engine.p]\nurl='http://h'\npassword = \"hunter2",
        "[engine.p]\nurl='http://h'\npassword = '''\nhunter2",
        "[engine.p]\nurl='http://h'\npassword = 'hunter2'\npassword_env = 'X'",
        "[engine.p]\nurl='http://h'\npassword_command = ['sh', '-c', 'echo hunter2', 5]",
        "[engine.p]\nurl='http://h'\npassword_command = [\n 'hunter2',\n 5 ]",
        "engine = { p = { password = 'hunter2', url = 5 } }",
        "engine = { p = { password = 'hunter2', url = 'http://h', user = }",
        "password = 'hunter2'",
    ] {
        let shown = errors(text);
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn an_engine_without_a_name_gets_one_error_with_the_way_out() {
    let shown = errors("[engine]\nurl = 'http://h'\nuser = 'demo'");
    assert!(shown.contains("write [engine.prod] instead of [engine]"), "{shown}");
    assert_eq!(shown.lines().filter(|line| line.starts_with("config.toml:")).count(), 1, "{shown}");
}

#[test]
fn two_sources_for_one_password_are_refused() {
    let shown = errors("[engine.p]\nurl='http://h'\npassword_env='X'\npassword_file='y'");
    assert!(shown.contains("config.toml:4:1: [engine.p] names both password_env and password_file"), "{shown}");
}

#[test]
fn hostile_text_in_the_file_cannot_steer_the_terminal() {
    let shown = errors("\"\\u001b[2Jkey\" = 1\n[engine.\"\\u001b]0;x\\u0007\"]\nurl = \"\\u001b[31mx\"\n[ui]\ntheme = 5 # \u{9b}31m");
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
}
