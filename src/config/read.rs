//! From the text of `config.toml` to a [`Config`]: which keys there are, and what each must look like.

use std::path::Path;
use std::time::Duration;

use ratatui::style::Color;

use crate::model::role::Role;

use super::document::{Found, Section, parse};
use super::journal;
use super::problem::{ConfigError, Marked, Report, nearest, safe};
use super::profile::{BUDGET_PERCENT, Profile, TIMEOUT_SECONDS, check_engine_name, parse_engine_url};
use super::range::Range;
use super::read_login;
use super::secret::SecretSource;
use super::teams;
use super::thresholds::{FIGURE_KEYS, Threshold, Thresholds};
use super::variables;
use super::{Config, UiSection};

const TOP_KEYS: &[&str] = &["default_profile", "engine", "journal", "team", "thresholds", "ui", "variables"];
const UI_KEYS: &[&str] = &["theme", "ascii", "mouse"];
/// The keys of an engine besides those of [`read_login`].
const ENGINE_KEYS: &[&str] = &["url", "engine", "color", "colour", "read_only", "role", "max_role", "production", "budget_percent", "timeout_seconds", "scope"];

/// Words of the command line, which a bare `bpmtop WORD` reads as such and not as a profile.
pub(crate) const COMMAND_WORDS: &[&str] = &["snapshot", "doctor", "tree", "journal", "config", "keys", "completions", "help"];

const FILE_REMEDY: &str = "write user = \"name\" and one of password_env, password_file or password_command";

pub(super) fn read(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let name = path.display().to_string();
    let mut report = Report::new(&name, text);
    let Some(document) = parse(text, &mut report) else {
        return report.finish(Config::default());
    };
    let root = Section::root(&document);
    root.expect_keys(TOP_KEYS, home_of, &mut report);
    let folder = path.parent().map(Path::to_path_buf);
    let mut config = Config { file: Some(path.to_path_buf()), folder, ..Config::default() };
    config.teams = teams::read(&root, &mut report);
    read_profiles(&root, &mut config, &mut report);
    config.default_profile = default_profile(&root, &mut report);
    config.thresholds = thresholds(&root, &mut report);
    config.mask = variables::read(&root, &mut report);
    config.journal = journal::read(&root, config.folder.as_deref(), &mut report);
    config.ui = ui(&root, &mut report);
    report.finish(config)
}

/// The section a key belongs to when it was written at the top level, the most common slip.
fn home_of(key: &str) -> Option<&'static str> {
    if ENGINE_KEYS.contains(&key) || read_login::KEYS.contains(&key) {
        Some("[engine.NAME]")
    } else if UI_KEYS.contains(&key) {
        Some("[ui]")
    } else if FIGURE_KEYS.contains(&key) {
        Some("[thresholds]")
    } else if journal::KEYS.contains(&key) {
        Some("[journal]")
    } else if variables::KEYS.contains(&key) {
        Some("[variables]")
    } else {
        None
    }
}

fn default_profile(root: &Section<'_>, report: &mut Report<'_>) -> Option<String> {
    let named = root.text("default_profile", report)?;
    // Asked of the file and not of the profiles that were understood: a mistake in a profile is reported once, at its own place.
    let engines = root.section("engine", "", &mut Report::new("", ""));
    let names: Vec<&str> = engines.iter().flat_map(Section::keys).map(|key| key.value).collect();
    if names.contains(&named.value) {
        return Some(named.value.to_owned());
    }
    let way_out = match nearest(named.value, names.iter().copied()) {
        Some(near) => format!("did you mean \"{}\"?", safe(near)),
        None if names.is_empty() => "add an [engine.NAME] section".to_owned(),
        None => format!("profiles are {}", safe(&names.join(", "))),
    };
    report.add(named.span, Marked::Known, format!("default_profile names no [engine.{}] section; {way_out}", safe(named.value)));
    None
}

fn read_profiles(root: &Section<'_>, config: &mut Config, report: &mut Report<'_>) {
    let Some(engines) = root.section("engine", "sections named [engine.NAME]", report) else {
        return;
    };
    // One engine without a name is a natural first attempt, and would otherwise be reported once for every key.
    if engines.is_text("url") {
        let message = "an engine needs a name: write [engine.prod] instead of [engine]".to_owned();
        report.add(engines.span(), Marked::Known, message);
        return;
    }
    for key in engines.keys() {
        let Some(section) = engines.section(key.value, "a section such as [engine.prod]", report) else {
            continue;
        };
        if key.value.is_empty() || key.value.contains("://") || key.value.chars().any(char::is_control) {
            report.add(key.span.clone(), Marked::Known, "a profile's name must not be empty, nor contain :// or control characters".to_owned());
        }
        if COMMAND_WORDS.contains(&key.value) {
            config
                .warnings
                .push(format!("profile \"{0}\" is also a command of bpmtop; `bpmtop {0}` runs the command, `BPMTOP_PROFILE={0} bpmtop` opens it", key.value));
        }
        if let Some(profile) = read_profile(key.value, &section, config, report) {
            config.profiles.push(profile);
        }
    }
}

fn read_profile(name: &str, section: &Section<'_>, config: &mut Config, report: &mut Report<'_>) -> Option<Profile> {
    section.expect_keys(&[ENGINE_KEYS, read_login::KEYS].concat(), |_| None, report);
    let url = section.text("url", report);
    if !section.has("url") {
        report.add(section.span(), Marked::Known, format!("{} has no url; write url = \"http://localhost:8080/engine-rest\"", section.title()));
    }
    let url = url.and_then(|url| noted(parse_engine_url(url.value, FILE_REMEDY), &url, report));
    let engine_name =
        section.text("engine", report).and_then(|engine| noted(check_engine_name(engine.value), &engine, report).map(|()| engine.value.to_owned()));
    let read_login::Named { user, password, token } = read_login::login(section, config.folder.as_deref(), report);
    let access = read_login::access(section, config.folder.as_deref(), report);
    if matches!(password, Some(SecretSource::Given(_))) {
        config.warnings.push(format!(
            "profile \"{}\" holds its password in clear text; password_command, password_file or password_env keep it out of the file",
            safe(name)
        ));
    }
    let accent = accent(section, report);
    let read_only = section.flag("read_only", report).unwrap_or_default();
    let role = section.text("role", report).and_then(|role| noted(parse_role(role.value), &role, report));
    let max_role = section.text("max_role", report).and_then(|role| noted(parse_role(role.value), &role, report));
    let production = section.flag("production", report).unwrap_or_default();
    let budget_percent = section.number_within("budget_percent", BUDGET_PERCENT, report);
    let timeout = section.number_within("timeout_seconds", TIMEOUT_SECONDS, report).map(Duration::from_secs_f64);
    let scope = teams::scope(section, &config.teams, report);
    // The url comes last, so that a profile without a usable one still has its other mistakes reported.
    let url = url?;
    Some(Profile {
        name: name.to_owned(),
        url,
        engine_name,
        user,
        password,
        token,
        access,
        accent,
        read_only,
        role,
        max_role,
        production,
        budget_percent,
        timeout,
        scope,
    })
}

/// The role of that name.
///
/// # Errors
///
/// Which roles there are.
pub fn parse_role(word: &str) -> Result<Role, String> {
    Role::named(word).ok_or_else(|| format!("\"{}\" is no role; write viewer, operator or admin", safe(word)))
}

/// The value, with an error noted at the place of what was checked.
pub(super) fn noted<T>(checked: Result<T, String>, at: &Found<&str>, report: &mut Report<'_>) -> Option<T> {
    checked.map_err(|message| report.add(at.span.clone(), Marked::Known, message)).ok()
}

fn accent(section: &Section<'_>, report: &mut Report<'_>) -> Option<Color> {
    let both = section.has("color") && section.has("colour");
    let colour = section.text("colour", report);
    let color = section.text("color", report);
    if both && let Some(second) = &color {
        report.add(second.span.clone(), Marked::Known, format!("{} names both color and colour; keep one of them", section.title()));
    }
    let found = colour.or(color)?;
    let parsed = found.value.parse::<Color>();
    let message = || format!("\"{}\" is not a colour; write a name such as \"red\" or \"light blue\", or \"#rrggbb\"", safe(found.value));
    noted(parsed.map_err(|_| message()), &found, report)
}

fn thresholds(root: &Section<'_>, report: &mut Report<'_>) -> Thresholds {
    let mut thresholds = Thresholds::default();
    let Some(section) = root.section("thresholds", "a section", report) else {
        return thresholds;
    };
    section.expect_keys(FIGURE_KEYS, |_| None, report);
    for key in FIGURE_KEYS.iter().copied().filter(|key| section.has(key)) {
        // What is left out keeps its built-in value; a range that never alerts is written "~:".
        let mut threshold = thresholds.get(key);
        read_threshold(&section, key, &mut threshold, report);
        thresholds.set(key, threshold);
    }
    thresholds
}

fn read_threshold(section: &Section<'_>, key: &str, threshold: &mut Threshold, report: &mut Report<'_>) {
    if let Some([warning, critical]) = section.array(key).as_deref() {
        threshold.warning = range(warning, report);
        threshold.critical = range(critical, report);
    } else if let Some(pair) = section.section(key, "{ warning = \"RANGE\", critical = \"RANGE\" } or [\"WARNING\", \"CRITICAL\"]", report) {
        pair.expect_keys(&["warning", "critical"], |_| None, report);
        if let Some(found) = pair.text_or_number("warning", report) {
            threshold.warning = range(&found, report);
        }
        if let Some(found) = pair.text_or_number("critical", report) {
            threshold.critical = range(&found, report);
        }
    }
}

fn range(found: &Found<String>, report: &mut Report<'_>) -> Option<Range> {
    found.value.parse::<Range>().map_err(|error| report.add(found.span.clone(), Marked::Known, error.to_string())).ok()
}

fn ui(root: &Section<'_>, report: &mut Report<'_>) -> UiSection {
    let Some(section) = root.section("ui", "a section", report) else {
        return UiSection::default();
    };
    section.expect_keys(UI_KEYS, |_| None, report);
    UiSection {
        theme: section.text("theme", report).map(|theme| theme.value.to_owned()),
        ascii: section.flag("ascii", report),
        mouse: section.flag("mouse", report).unwrap_or_default(),
    }
}
