//! The two layers above the file: environment variables, and what the command line said.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::model::role::Role;

/// What the environment says. An empty variable counts as unset.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `BPMTOP_CONFIG`: the path of the configuration file.
    pub config: Option<PathBuf>,
    /// `BPMTOP_PROFILE`: the profile to open.
    pub profile: Option<String>,
    /// `BPMTOP_URL`: the REST API to open, without a profile.
    pub url: Option<String>,
    /// `BPMTOP_USER`: the user to log in as.
    pub user: Option<String>,
    /// `BPMTOP_PASSWORD`: the password of that user.
    pub password: Option<SecretString>,
    /// `BPMTOP_TOKEN`: a bearer token to log in with, instead of user and password.
    pub token: Option<SecretString>,
    /// `BPMTOP_CA_FILE`: authorities to trust besides those of the platform.
    pub ca_file: Option<PathBuf>,
    /// `BPMTOP_CLIENT_CERTIFICATE`: what to show to a server that asks for a certificate.
    pub client_certificate: Option<PathBuf>,
    /// `BPMTOP_CLIENT_KEY`: the private key of that certificate.
    pub client_key: Option<PathBuf>,
    /// `BPMTOP_PROXY`: the proxy to go through, or `none`.
    pub proxy: Option<String>,
    /// `BPMTOP_JOURNAL`: the folder of the journal.
    pub journal: Option<PathBuf>,
    /// `NO_COLOR`: draw without colours.
    pub no_color: bool,
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        Self::from_lookup(|name| std::env::var_os(name))
    }

    /// An environment from any source of variables.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let text = |name: &str| set(name).map(|value| value.to_string_lossy().into_owned());
        Self {
            config: set("BPMTOP_CONFIG").map(PathBuf::from),
            profile: text("BPMTOP_PROFILE"),
            url: text("BPMTOP_URL"),
            user: text("BPMTOP_USER"),
            password: text("BPMTOP_PASSWORD").map(SecretString::from),
            token: text("BPMTOP_TOKEN").map(SecretString::from),
            ca_file: set("BPMTOP_CA_FILE").map(PathBuf::from),
            client_certificate: set("BPMTOP_CLIENT_CERTIFICATE").map(PathBuf::from),
            client_key: set("BPMTOP_CLIENT_KEY").map(PathBuf::from),
            proxy: text("BPMTOP_PROXY"),
            journal: set("BPMTOP_JOURNAL").map(PathBuf::from),
            no_color: set("NO_COLOR").is_some(),
        }
    }
}

/// What the command line says; the strongest layer.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `PROFILE|URL`: what to open.
    pub target: Option<String>,
    /// `--config`: the path of the configuration file.
    pub config: Option<PathBuf>,
    /// `--user`: the user to log in as.
    pub user: Option<String>,
    /// The password read from standard input for `--password-stdin`.
    pub password: Option<SecretString>,
    /// `--ca-file`: authorities to trust besides those of the platform.
    pub ca_file: Option<PathBuf>,
    /// `--client-certificate`: what to show to a server that asks for a certificate.
    pub client_certificate: Option<PathBuf>,
    /// `--client-key`: the private key of that certificate.
    pub client_key: Option<PathBuf>,
    /// `--proxy`: the proxy to go through, or `none`.
    pub proxy: Option<String>,
    /// `--read-only`: refuse every action. Can only be switched on, so that no argument lifts a profile's protection.
    pub read_only: bool,
    /// `--role`: which actions there are. Can only be narrower than the profile's.
    pub role: Option<Role>,
    /// `--engine`: the name of the engine behind the REST API.
    pub engine: Option<String>,
    /// `--budget`: how much of the engine's time may be used, in percent.
    pub budget_percent: Option<f64>,
    /// `--timeout`: how long one request may take.
    pub timeout: Option<Duration>,
    /// `--scope`: the part of the engine that is shown at the start; empty for everything.
    pub scope: Option<String>,
    /// `--theme`: a theme's name or path.
    pub theme: Option<String>,
    /// `--ascii`: draw with ASCII only.
    pub ascii: bool,
    /// `--no-color`: draw without colours.
    pub no_color: bool,
    /// `--wall`: people look who press no key.
    pub wall: bool,
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn every_documented_variable_is_read() {
        let environment = Environment::from_lookup(|name| Some(format!("value of {name}").into()));
        assert_eq!(environment.config, Some(PathBuf::from("value of BPMTOP_CONFIG")));
        assert_eq!(environment.profile.as_deref(), Some("value of BPMTOP_PROFILE"));
        assert_eq!(environment.url.as_deref(), Some("value of BPMTOP_URL"));
        assert_eq!(environment.user.as_deref(), Some("value of BPMTOP_USER"));
        assert_eq!(environment.password.unwrap().expose_secret(), "value of BPMTOP_PASSWORD");
        assert_eq!(environment.token.unwrap().expose_secret(), "value of BPMTOP_TOKEN");
        assert_eq!(environment.ca_file, Some(PathBuf::from("value of BPMTOP_CA_FILE")));
        assert_eq!(environment.client_certificate, Some(PathBuf::from("value of BPMTOP_CLIENT_CERTIFICATE")));
        assert_eq!(environment.client_key, Some(PathBuf::from("value of BPMTOP_CLIENT_KEY")));
        assert_eq!(environment.proxy.as_deref(), Some("value of BPMTOP_PROXY"));
        assert_eq!(environment.journal, Some(PathBuf::from("value of BPMTOP_JOURNAL")));
        assert!(environment.no_color);
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let environment = Environment::from_lookup(|_| Some(OsString::new()));
        assert!(environment.config.is_none() && environment.url.is_none() && environment.password.is_none() && !environment.no_color);
    }

    #[test]
    fn debug_output_hides_password_and_token() {
        let environment = Environment::from_lookup(|name| matches!(name, "BPMTOP_PASSWORD" | "BPMTOP_TOKEN").then(|| "hunter2".into()));
        assert!(environment.password.is_some() && environment.token.is_some());
        assert!(!format!("{environment:?}").contains("hunter2"));
    }
}
