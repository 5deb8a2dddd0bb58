//! File, environment and arguments become one validated configuration.
//!
//! Strength rises in this order: built-in defaults, `config.toml`, environment variables, arguments. [`Config`] is the validated
//! file, [`Environment`] and [`Overrides`] are the two layers above it, and [`Config::target`] joins the three into one
//! [`Connection`]. What does not belong here: colours and palettes (only the *name* of a theme is known), and anything that talks to
//! an engine.

mod access;
mod connection;
pub(crate) mod document;
mod environment;
pub(crate) mod input;
mod journal;
pub(crate) mod problem;
mod profile;
mod range;
mod read;
mod read_login;
mod secret;
mod teams;
mod thresholds;
mod variables;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use access::{Access, ClientCertificate, Header, Proxy, ProxyLogin, read_pem};
pub use connection::{Connection, FirstRun, Login, Target};
pub use environment::{Environment, Overrides};
pub use problem::{ConfigError, Problem};
pub use profile::{BUDGET_PERCENT, DEFAULT_BUDGET_PERCENT, DEFAULT_TIMEOUT, Profile, TIMEOUT_SECONDS, parse_engine_url};
pub use range::{Range, RangeError};
pub use read::parse_role;
pub use secret::{Purpose, SecretSource};
pub use thresholds::{FIGURE_KEYS, Level, Threshold, Thresholds};

use crate::model::masking::Mask;
use crate::model::scope::Team;

pub(crate) use problem::safe;
#[cfg(test)]
pub(crate) use read::COMMAND_WORDS;

/// The most a configuration or a theme may hold, in bytes.
pub(crate) const SIZE_LIMIT: u64 = 1024 * 1024;

/// The theme used when nobody asks for another.
pub const DEFAULT_THEME: &str = "night";

/// The theme without colours, used when `NO_COLOR` or `--no-color` asks for none.
pub const COLOURLESS_THEME: &str = "mono";

/// One validated `config.toml`, or the built-in defaults where there is no file.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The file that was read; `None` when there was none.
    pub file: Option<PathBuf>,
    /// The folder that holds the file, and `themes/` beside it.
    pub folder: Option<PathBuf>,
    /// The profile opened when none is named.
    pub default_profile: Option<String>,
    /// The profiles in the order of the file.
    pub profiles: Vec<Profile>,
    /// When a figure warns and when it is critical.
    pub thresholds: Thresholds,
    /// What belongs to which team.
    pub teams: Vec<Team>,
    /// Which variables are masked until somebody asks for them.
    pub mask: Mask,
    /// The folder of the journal, as far as the file says so.
    pub journal: Option<PathBuf>,
    /// How the screen looks, as far as the file says so.
    pub ui: UiSection,
    /// What is accepted but deserves a word, such as a password in clear text.
    pub warnings: Vec<String>,
}

/// The `[ui]` section of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UiSection {
    /// The theme's name or path.
    pub theme: Option<String>,
    /// Whether to draw with ASCII only; `None` decides by the locale.
    pub ascii: Option<bool>,
    /// Whether the mouse is captured; off keeps the terminal's own selection working.
    pub mouse: bool,
}

/// How the screen looks after file, environment and arguments are joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UiSettings {
    /// The theme's name or path.
    pub theme: String,
    /// Whether to draw with ASCII only; `None` decides by the locale.
    pub ascii: Option<bool>,
    /// Whether the mouse is captured.
    pub mouse: bool,
}

impl Config {
    /// A commented configuration that is valid as it stands: shown on the first-run screen and in the README.
    pub fn example() -> &'static str {
        include_str!("example.toml")
    }

    /// The path of `config.toml` for these layers: `--config`, then `BPMTOP_CONFIG`, then the platform's configuration folder.
    ///
    /// `None` only where the platform gives no home folder and no path is named.
    pub fn path(environment: &Environment, overrides: &Overrides) -> Option<PathBuf> {
        overrides.config.clone().or_else(|| environment.config.clone()).or_else(default_path)
    }

    /// Reads and validates the file. A missing file is fine at the default place and an error where it was asked for by name.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds mistakes; all mistakes are reported together.
    pub fn load(environment: &Environment, overrides: &Overrides) -> Result<Self, ConfigError> {
        let Some(path) = Self::path(environment, overrides) else {
            return Ok(Self::default());
        };
        let asked_for = overrides.config.is_some() || environment.config.is_some();
        match input::read_text(&path, SIZE_LIMIT) {
            Ok(text) => {
                let mut config = Self::parse(&text, &path)?;
                config.warn_about_open_files();
                Ok(config)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !asked_for => {
                Ok(Self { folder: path.parent().map(Path::to_path_buf), ..Self::default() })
            }
            Err(error) => Err(ConfigError::Unreadable { path: safe(&path.display().to_string()), reason: error.to_string() }),
        }
    }

    /// Validates the text of a configuration file; `path` is named in errors and anchors relative paths. Does no I/O.
    ///
    /// # Errors
    ///
    /// Every mistake in the text, each with its line, its column and the nearest valid key.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        read::read(text, path)
    }

    /// The profile of this name.
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }

    /// The names of all profiles in the order of the file.
    pub fn profile_names(&self) -> Vec<String> {
        self.profiles.iter().map(|profile| profile.name.clone()).collect()
    }

    /// The folder searched for the user's own themes.
    pub fn themes_folder(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join("themes"))
    }

    /// The folder of the journal: `BPMTOP_JOURNAL`, then `[journal] folder`, then the platform's folder for state, or for data where
    /// there is none. `None` only where the platform gives no home folder and no place is named.
    pub fn journal_folder(&self, environment: &Environment) -> Option<PathBuf> {
        environment.journal.clone().or_else(|| self.journal.clone()).or_else(journal::default_folder)
    }

    /// How the screen looks. `--theme` beats `NO_COLOR`, because what is typed now is meant now; `--no-color` beats everything.
    pub fn ui(&self, environment: &Environment, overrides: &Overrides) -> UiSettings {
        let theme = if overrides.no_color {
            COLOURLESS_THEME.to_owned()
        } else if let Some(theme) = &overrides.theme {
            theme.clone()
        } else if environment.no_color {
            COLOURLESS_THEME.to_owned()
        } else {
            self.ui.theme.clone().unwrap_or_else(|| DEFAULT_THEME.to_owned())
        };
        UiSettings { theme, ascii: if overrides.ascii { Some(true) } else { self.ui.ascii }, mouse: self.ui.mouse }
    }

    fn warn_about_open_files(&mut self) {
        let mut warnings = Vec::new();
        for profile in &self.profiles {
            let proxy_password = match &profile.access.proxy {
                Some(Proxy::Server { login: Some(login), .. }) => Some(&login.password),
                _ => None,
            };
            let headers = profile.access.headers.iter().map(|header| &header.value);
            for (secret, what) in profile
                .password
                .iter()
                .chain(proxy_password)
                .map(|secret| (secret, "a password"))
                .chain(profile.token.iter().map(|token| (token, "a token")))
                .chain(headers.map(|value| (value, "the value of a header")))
            {
                warnings.extend(place_of(secret, self.file.as_deref()).filter(|path| readable_by_others(path)).map(|path| open_to_others(path, what)));
            }
            let key = profile.access.client_certificate.as_ref().map(|pair| pair.key.as_deref().unwrap_or(&pair.certificate));
            warnings.extend(key.filter(|path| readable_by_others(path)).map(|path| open_to_others(path, "a private key")));
        }
        let mut told = std::collections::HashSet::new();
        self.warnings.extend(warnings.into_iter().filter(|warning| told.insert(warning.clone())));
    }
}

/// The file that holds this secret, if a file does.
fn place_of<'p>(secret: &'p SecretSource, configuration: Option<&'p Path>) -> Option<&'p Path> {
    match secret {
        SecretSource::File(path) => Some(path),
        SecretSource::Given(_) => configuration,
        SecretSource::Env(_) | SecretSource::Command(_) => None,
    }
}

fn open_to_others(path: &Path, what: &str) -> String {
    let path = safe(&path.display().to_string());
    format!("{path} holds {what} and other users can read it; run: chmod 600 '{path}'")
}

#[cfg(unix)]
fn readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o044 != 0)
}

#[cfg(not(unix))]
fn readable_by_others(_path: &Path) -> bool {
    false
}

fn default_path() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "bpmtop").map(|folders| folders.config_dir().join("config.toml"))
}
