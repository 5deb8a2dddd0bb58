//! Teams and the scope of a start.

use super::super::{Config, Environment, Overrides};
use super::{environment, errors, parse};

const FILE: &str = "[team.payments]\nprocesses = [\"payment*\", \"refund\"]\n[team.ship]\ncategories = [\"http://acme/ship*\"]\n\
    [engine.prod]\nurl = \"http://h/engine-rest\"\nscope = \"team:payments\"\n";

fn scope(config: &Config, environment: &Environment, typed: Option<&str>) -> Result<String, String> {
    let overrides = Overrides { scope: typed.map(str::to_owned), ..Overrides::default() };
    let target = config.target(environment, &overrides).expect("a target");
    config.scope(&target, &overrides).map(|scope| scope.typed().to_owned()).map_err(|error| error.to_string())
}

#[test]
fn a_team_has_patterns_of_processes_and_of_categories() {
    let config = parse(FILE).unwrap();
    let named: Vec<_> = config.teams.iter().map(|team| (team.name.as_str(), team.processes.len(), team.categories.len())).collect();
    assert_eq!(named, [("payments", 2, 0), ("ship", 0, 1)]);
}

#[test]
fn the_example_has_a_team_that_can_be_asked_for() {
    let config = parse(Config::example()).unwrap();
    assert_eq!(scope(&config, &environment(&[]), Some("team:payments")), Ok("team:payments".to_owned()));
}

#[test]
fn an_argument_wins_over_the_profile_and_an_empty_one_shows_everything() {
    let config = parse(FILE).unwrap();
    assert_eq!(scope(&config, &environment(&[]), None), Ok("team:payments".to_owned()));
    assert_eq!(scope(&config, &environment(&[]), Some("tenant:acme")), Ok("tenant:acme".to_owned()));
    assert_eq!(scope(&config, &environment(&[]), Some("")), Ok(String::new()));
    assert_eq!(scope(&config, &environment(&[("BPMTOP_URL", "http://other/engine-rest")]), None), Ok(String::new()));
    assert_eq!(scope(&config, &environment(&[]), Some("team:x")), Err("--scope: there is no team x; teams are payments, ship".to_owned()));
}

#[test]
fn mistakes_in_teams_are_told_at_their_place() {
    let shown = errors(
        "[team.\"a b\"]\nprocesses = [\"x\"]\n[team.empty]\n[team.odd]\nprocess = [\"x\"]\nprocesses = [\"[a\"]\ncategories = \"x\"\n\
         [engine.p]\nurl = \"http://h\"\nscope = \"team:emty\"",
    );
    for part in [
        "config.toml:1:7: a team's name must not be empty, nor contain blanks",
        "config.toml:3:7: [team.empty] is empty; write processes = [\"payment*\"]",
        "config.toml:5:1: unknown key \"process\" in [team.odd]; did you mean \"processes\"?",
        "config.toml:6:14: \"[a\" is no pattern",
        "config.toml:7:14: \"categories\" in [team.odd] must be a list of strings",
        "config.toml:10:9: there is no team emty; did you mean team:empty?",
    ] {
        assert!(shown.contains(part), "{part}\nin\n{shown}");
    }
    assert!(errors("[team]\nprocesses = [\"x\"]").contains("write [team.payments] instead of [team]"));
}
