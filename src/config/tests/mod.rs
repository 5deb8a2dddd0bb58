//! What the configuration accepts, refuses and prefers, read as an operator would write it.

mod access;
mod journal;
mod mistakes;
mod precedence;
mod profiles;
mod teams;
mod variables;

use std::path::Path;

use super::{Config, ConfigError, Connection, Environment, Overrides, Target};

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("/etc/bpmtop/config.toml"))
}

fn errors(text: &str) -> String {
    match parse(text) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(error) => error.to_string().replace("/etc/bpmtop/", ""),
    }
}

fn connect(config: &Config, environment: &Environment, overrides: &Overrides) -> Connection {
    match config.target(environment, overrides).unwrap() {
        Target::Connect(connection) => *connection,
        Target::FirstRun(first_run) => panic!("{first_run:?}"),
    }
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::from_lookup(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into()))
}
