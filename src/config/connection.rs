//! What to connect to: the three layers joined into one engine with its login.
//!
//! Two rules keep a secret where it belongs. A password from the file goes only to the URL and the user it was written for: an
//! address from elsewhere has no profile, and another user has to bring another password; so do tokens, certificates and headers.
//! And no argument lifts a profile's read-only, or makes more of a role than the profile does.

use std::time::Duration;

use ratatui::style::Color;
use reqwest::Url;

use super::Config;
use super::access::Access;
use super::environment::{Environment, Overrides};
use super::problem::{ConfigError, nearest, safe};
use super::profile::{BUDGET_PERCENT, DEFAULT_BUDGET_PERCENT, DEFAULT_TIMEOUT, Profile, TIMEOUT_SECONDS, check_engine_name, parse_engine_url, url_hint};
use super::read::COMMAND_WORDS;
use super::secret::SecretSource;
use crate::model::role::Role;

/// What one start of the program is about.
#[derive(Debug, Clone)]
pub enum Target {
    /// An engine to connect to.
    Connect(Box<Connection>),
    /// Nothing names an engine: the ways to start are shown instead.
    FirstRun(FirstRun),
}

/// What the first-run screen has to tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirstRun {
    /// The profiles one could open, where there are several and none is the default.
    pub profiles: Vec<String>,
}

/// One engine to connect to.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The profile's name; `None` for a bare URL.
    pub profile_name: Option<String>,
    /// The address of the REST API, without a trailing slash and without credentials.
    pub url: Url,
    /// The engine behind the REST API, where one was named.
    pub engine_name: Option<String>,
    /// How to log in.
    pub login: Login,
    /// How the engine is reached beyond its address.
    pub access: Access,
    /// The colour that marks this engine on screen.
    pub accent: Option<Color>,
    /// Whether every action is refused.
    pub read_only: bool,
    /// Which actions there are.
    pub role: Role,
    /// How far the role may be widened while the program runs.
    pub max_role: Role,
    /// Whether this is marked as a production engine.
    pub production: bool,
    /// How much of the engine's time may be used, as a fraction: 0.02 is two percent.
    pub budget: f64,
    /// How long one request may take.
    pub timeout: Duration,
    /// What to tell should the engine not answer as expected, such as a missing `/engine-rest`.
    pub hint: Option<String>,
    /// What is accepted but deserves a word.
    pub warnings: Vec<String>,
}

/// How to log in.
#[derive(Debug, Clone)]
pub enum Login {
    /// Without credentials.
    None,
    /// HTTP basic authentication with a password that is fetched when connecting.
    Basic {
        /// The user's id.
        user: String,
        /// Where the password comes from.
        password: SecretSource,
    },
    /// A bearer token that is fetched when connecting, and again should it be refused later.
    Bearer {
        /// Where the token comes from.
        token: SecretSource,
    },
    /// A user is named and no password: it has to be asked for.
    PromptNeeded {
        /// The user's id.
        user: String,
    },
}

const ARGUMENT_REMEDY: &str = "use --user NAME, and the password from BPMTOP_PASSWORD, --password-stdin or a profile";

impl Config {
    /// Joins file, environment and arguments into what this start is about.
    ///
    /// The engine is the argument (a URL where it contains `://`, else a profile), then `BPMTOP_URL`, then `BPMTOP_PROFILE`, then
    /// `default_profile`, then the only profile there is.
    ///
    /// # Errors
    ///
    /// The profile does not exist, the URL or another argument is unusable, or there is a password without a user.
    pub fn target(&self, environment: &Environment, overrides: &Overrides) -> Result<Target, ConfigError> {
        let mut warnings = Vec::new();
        let profile = if let Some(target) = &overrides.target {
            if target.contains("://") { bare(target, "")? } else { self.named(target)?.clone() }
        } else if let Some(url) = &environment.url {
            if environment.profile.is_some() {
                warnings.push("BPMTOP_URL and BPMTOP_PROFILE are both set; BPMTOP_URL is used".to_owned());
            }
            bare(url, "BPMTOP_URL: ")?
        } else if let Some(name) = environment.profile.as_ref().or(self.default_profile.as_ref()) {
            self.named(name)?.clone()
        } else if let [only] = self.profiles.as_slice() {
            only.clone()
        } else {
            return Ok(Target::FirstRun(FirstRun { profiles: self.profile_names() }));
        };
        Ok(Target::Connect(Box::new(connection(profile, environment, overrides, warnings)?)))
    }

    fn named(&self, name: &str) -> Result<&Profile, ConfigError> {
        self.profile(name).ok_or_else(|| {
            let names: Vec<&str> = self.profiles.iter().map(|profile| profile.name.as_str()).collect();
            let mut message = format!("there is no profile \"{}\"", safe(name));
            if let Some(near) = nearest(name, names.iter().copied()) {
                message.push_str(&format!("; did you mean \"{}\"?", safe(near)));
            } else if let Some(command) = nearest(name, COMMAND_WORDS.iter().copied()) {
                message.push_str(&format!("; did you mean the command \"{command}\"?"));
            } else {
                message.push('.');
            }
            message.push_str(&match names.as_slice() {
                [] => " No profile is configured (see: bpmtop config example). To open a URL, write it out: http://localhost:8080/engine-rest".to_owned(),
                names => format!(" Profiles are: {}", safe(&names.join(", "))),
            });
            ConfigError::Request(message)
        })
    }
}

/// A profile without a name for an address that comes from no file.
fn bare(url: &str, origin: &str) -> Result<Profile, ConfigError> {
    let url = parse_engine_url(url, ARGUMENT_REMEDY).map_err(|error| ConfigError::Request(format!("{origin}{error}")))?;
    Ok(Profile {
        name: String::new(),
        url,
        engine_name: None,
        user: None,
        password: None,
        token: None,
        access: Access::default(),
        accent: None,
        read_only: false,
        role: None,
        max_role: None,
        production: false,
        budget_percent: None,
        timeout: None,
        scope: None,
    })
}

fn connection(profile: Profile, environment: &Environment, overrides: &Overrides, mut warnings: Vec<String>) -> Result<Connection, ConfigError> {
    if let Some(name) = &overrides.engine {
        check_engine_name(name).map_err(|error| ConfigError::Request(format!("--engine: {error}")))?;
    }
    let budget_percent = overrides.budget_percent.or(profile.budget_percent).unwrap_or(DEFAULT_BUDGET_PERCENT);
    within("--budget", budget_percent, &BUDGET_PERCENT, "percent")?;
    let timeout = overrides.timeout.or(profile.timeout).unwrap_or(DEFAULT_TIMEOUT);
    within("--timeout", timeout.as_secs_f64(), &TIMEOUT_SECONDS, "seconds")?;
    let login = login(&profile, environment, overrides, &mut warnings)?;
    let max_role = max_role(&profile, overrides.role);
    Ok(Connection {
        hint: url_hint(&profile.url),
        login,
        access: profile.access.overridden(environment, overrides)?,
        accent: profile.accent.or(profile.production.then_some(Color::Red)),
        read_only: profile.read_only || overrides.read_only,
        role: role(profile.role, overrides.role).min(max_role),
        max_role,
        production: profile.production,
        budget: budget_percent / 100.0,
        timeout,
        engine_name: overrides.engine.clone().or(profile.engine_name),
        url: profile.url,
        profile_name: Some(profile.name).filter(|name| !name.is_empty()),
        warnings,
    })
}

/// A role of the profile can be narrowed and never widened; without one, the argument decides.
fn role(of_profile: Option<Role>, of_argument: Option<Role>) -> Role {
    match (of_profile, of_argument) {
        (Some(of_profile), Some(of_argument)) => of_profile.min(of_argument),
        (of_profile, of_argument) => of_argument.or(of_profile).unwrap_or_default(),
    }
}

/// How far a role may be widened while the program runs: as far as the profile says; where it names no role, the argument is the bound, and
/// where neither does, whoever started it could have asked for any.
fn max_role(profile: &Profile, of_argument: Option<Role>) -> Role {
    profile.max_role.or(profile.role).or(of_argument).unwrap_or(Role::Admin)
}

fn within(option: &str, value: f64, range: &std::ops::RangeInclusive<f64>, unit: &str) -> Result<(), ConfigError> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(ConfigError::Request(format!("{option} must lie between {} and {} {unit}, but is {value}", range.start(), range.end())))
}

/// Who logs in. A token and a user are two ways to do so: the strongest layer that names either decides which.
fn login(profile: &Profile, environment: &Environment, overrides: &Overrides, warnings: &mut Vec<String>) -> Result<Login, ConfigError> {
    let user_in_arguments = overrides.user.is_some() || overrides.password.is_some();
    let user_in_environment = environment.user.is_some() || environment.password.is_some();
    if !user_in_arguments && let Some(token) = &environment.token {
        if user_in_environment {
            let other = if environment.user.is_some() { "BPMTOP_USER" } else { "BPMTOP_PASSWORD" };
            return Err(ConfigError::Request(format!("BPMTOP_TOKEN and {other} are both set; a token is a login of its own, unset one of the two")));
        }
        if profile.user.is_some() || profile.password.is_some() || profile.token.is_some() {
            warnings.push(format!("BPMTOP_TOKEN replaces the login of profile \"{}\"", safe(&profile.name)));
        }
        return Ok(Login::Bearer { token: SecretSource::Given(token.clone()) });
    }
    match &profile.token {
        Some(token) if !user_in_arguments && !user_in_environment => return Ok(Login::Bearer { token: token.clone() }),
        Some(_) if !user_in_arguments => warnings.push(format!("BPMTOP_USER replaces the token of profile \"{}\"", safe(&profile.name))),
        _ => {}
    }
    basic_login(profile, environment, overrides, warnings)
}

fn basic_login(profile: &Profile, environment: &Environment, overrides: &Overrides, warnings: &mut Vec<String>) -> Result<Login, ConfigError> {
    let user = overrides.user.as_ref().or(environment.user.as_ref()).or(profile.user.as_ref()).cloned();
    if overrides.user.is_none() && profile.user.is_some() && user != profile.user {
        warnings.push(format!("BPMTOP_USER replaces the user of profile \"{}\"", safe(&profile.name)));
    }
    if overrides.password.is_none() && environment.password.is_some() && profile.password.is_some() {
        warnings.push(format!("BPMTOP_PASSWORD replaces the password of profile \"{}\"", safe(&profile.name)));
    }
    let brought = overrides.password.as_ref().or(environment.password.as_ref()).cloned().map(SecretSource::Given);
    // The file's password belongs to the file's user; where the file names none, it belongs to whoever is named.
    let own = profile.password.clone().filter(|_| profile.user.is_none() || profile.user == user);
    match (user, brought.or(own)) {
        (Some(user), _) if user.is_empty() || user.contains(':') => {
            Err(ConfigError::Request(format!("the user \"{}\" cannot log in: HTTP basic authentication allows no empty name and no colon", safe(&user))))
        }
        (Some(user), Some(password)) => Ok(Login::Basic { user, password }),
        (Some(user), None) => Ok(Login::PromptNeeded { user }),
        (None, Some(_)) => {
            Err(ConfigError::Request("there is a password but no user; name the user with --user, BPMTOP_USER or user in the profile".to_owned()))
        }
        (None, None) => Ok(Login::None),
    }
}
