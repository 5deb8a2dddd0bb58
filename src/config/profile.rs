//! One `[engine.NAME]` section: an engine, how to reach it, and how carefully to treat it.

use std::ops::RangeInclusive;
use std::time::Duration;

use ratatui::style::Color;
use reqwest::Url;

use super::access::Access;
use super::problem::safe;
use super::secret::SecretSource;
use crate::model::role::Role;

/// The budgets that may be asked for, in percent of one engine thread's time.
pub const BUDGET_PERCENT: RangeInclusive<f64> = 0.1..=50.0;

/// The budget used when none is asked for, in percent.
pub const DEFAULT_BUDGET_PERCENT: f64 = 2.0;

/// The request time limits that may be asked for, in seconds.
pub const TIMEOUT_SECONDS: RangeInclusive<f64> = 0.5..=600.0;

/// The time one request may take when no limit is asked for.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// One configured engine.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The name in `[engine.NAME]`.
    pub name: String,
    /// The address of the REST API, without a trailing slash and without credentials.
    pub url: Url,
    /// The engine behind the REST API, where it serves several.
    pub engine_name: Option<String>,
    /// The user to log in as.
    pub user: Option<String>,
    /// Where the user's password comes from.
    pub password: Option<SecretSource>,
    /// Where the bearer token comes from, for an engine that takes one instead of a user.
    pub token: Option<SecretSource>,
    /// How the engine is reached beyond its address.
    pub access: Access,
    /// The colour that marks this engine on screen.
    pub accent: Option<Color>,
    /// Whether every action is refused.
    pub read_only: bool,
    /// Which actions there are, where the file says so.
    pub role: Option<Role>,
    /// How far that may be widened while the program runs, where the file says so; not at all where it names a role alone.
    pub max_role: Option<Role>,
    /// Whether this is a production engine: marked on screen, in red unless another colour is asked for.
    pub production: bool,
    /// How much of the engine's time may be used, in percent.
    pub budget_percent: Option<f64>,
    /// How long one request may take.
    pub timeout: Option<Duration>,
    /// The part of the engine that is shown at the start.
    pub scope: Option<String>,
}

/// Checks the address of a REST API and cuts its trailing slashes. `remedy` says where credentials belong instead.
///
/// # Errors
///
/// What is wrong and what to write instead. An address that may hold a password is not repeated.
pub fn parse_engine_url(text: &str, remedy: &str) -> Result<Url, String> {
    let shown = if text.contains('@') { "the URL".to_owned() } else { format!("\"{}\"", safe(text)) };
    let example = "write it like \"http://localhost:8080/engine-rest\"";
    let mut url = Url::parse(text.trim()).map_err(|error| format!("{shown} is not a URL ({error}); {example}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{shown} must begin with http:// or https://; {example}"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("the URL must not contain credentials, as URLs end up in logs; {remedy}"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("{shown} must end with the path of the REST API, without ? or #; {example}"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// Checks the name of an engine, which becomes one segment of the path.
///
/// # Errors
///
/// The name is empty or could not be one path segment.
pub(crate) fn check_engine_name(name: &str) -> Result<(), String> {
    let segment = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '?', '#', '%']) && !name.chars().any(char::is_control);
    if segment { Ok(()) } else { Err(format!("\"{}\" is not the name of an engine; most installations have only \"default\"", safe(name))) }
}

/// What to tell about an address that is valid but probably not the REST API.
pub(crate) fn url_hint(url: &Url) -> Option<String> {
    (url.path() == "/").then(|| format!("{url} has no path; the REST API usually answers at {url}engine-rest"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_slash_does_not_matter() {
        for text in ["http://h:8080/engine-rest", "http://h:8080/engine-rest/", "http://h:8080/engine-rest//", " http://h:8080/engine-rest "] {
            assert_eq!(parse_engine_url(text, "").unwrap().as_str(), "http://h:8080/engine-rest");
        }
    }

    #[test]
    fn credentials_in_a_url_are_refused_without_repeating_them() {
        for text in ["http://me:hunter2@h/engine-rest", "https://hunter2@h", "htp:/me:hunter2@h", "http://me:hunter2@h:port", "ftp://me:hunter2@h"] {
            let error = parse_engine_url(text, "set user instead").unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(parse_engine_url("http://me:x@h", "set user instead").unwrap_err().contains("set user instead"));
    }

    #[test]
    fn other_addresses_are_refused_with_an_example() {
        for text in ["", "localhost:8080", "ftp://h/x", "http://", "engine-rest", "http://h/x?y=1", "http://h/x#y"] {
            assert!(parse_engine_url(text, "").unwrap_err().contains("http://localhost:8080/engine-rest"), "{text}");
        }
    }

    #[test]
    fn an_address_without_a_path_is_accepted_with_a_hint() {
        let bare = parse_engine_url("http://localhost:8080", "").unwrap();
        assert!(url_hint(&bare).unwrap().ends_with("http://localhost:8080/engine-rest"));
        assert_eq!(url_hint(&parse_engine_url("http://localhost:8080/engine-rest", "").unwrap()), None);
    }

    #[test]
    fn an_engine_name_is_one_path_segment() {
        assert!(check_engine_name("default").is_ok() && check_engine_name("tenant 1").is_ok());
        for name in ["", "a/b", "..", ".", "a?b", "a%2fb", "a\nb"] {
            assert!(check_engine_name(name).is_err(), "{name:?}");
        }
    }
}
