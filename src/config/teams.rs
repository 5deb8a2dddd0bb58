//! The `[team.NAME]` sections, and which part of the engine is shown at the start.

use super::document::Section;
use super::environment::Overrides;
use super::problem::{ConfigError, Marked, Report};
use super::{Config, Target};
use crate::model::scope::{Scope, Team, pattern_problem};

const KEYS: &[&str] = &["processes", "categories"];

pub(super) fn read(root: &Section<'_>, report: &mut Report<'_>) -> Vec<Team> {
    let Some(sections) = root.section("team", "sections named [team.NAME]", report) else { return Vec::new() };
    if KEYS.iter().any(|key| sections.has(key)) {
        report.add(sections.span(), Marked::Known, "a team needs a name: write [team.payments] instead of [team]".to_owned());
        return Vec::new();
    }
    let mut teams = Vec::new();
    for key in sections.keys() {
        let Some(section) = sections.section(key.value, "a section such as [team.payments]", report) else { continue };
        if key.value.is_empty() || key.value.chars().any(|c| c.is_whitespace() || c.is_control()) {
            report.add(key.span.clone(), Marked::Known, "a team's name must not be empty, nor contain blanks".to_owned());
        }
        section.expect_keys(KEYS, |_| None, report);
        let team =
            Team { name: key.value.to_owned(), processes: patterns(&section, "processes", report), categories: patterns(&section, "categories", report) };
        if !KEYS.iter().any(|key| section.has(key)) {
            report.add(section.span(), Marked::Known, format!("{} is empty; write processes = [\"payment*\"]", section.title()));
        }
        teams.push(team);
    }
    teams
}

fn patterns(section: &Section<'_>, key: &str, report: &mut Report<'_>) -> Vec<String> {
    if !section.has(key) {
        return Vec::new();
    }
    let Some(found) = section.array(key).filter(|patterns| !patterns.is_empty()) else {
        // Notes what it is instead of a list.
        section.texts(key, report);
        return Vec::new();
    };
    for pattern in &found {
        if let Some(problem) = pattern_problem(&pattern.value) {
            report.add(pattern.span.clone(), Marked::Known, problem);
        }
    }
    found.into_iter().map(|pattern| pattern.value).collect()
}

/// The scope of a profile, once the teams are known.
pub(super) fn scope(section: &Section<'_>, teams: &[Team], report: &mut Report<'_>) -> Option<String> {
    let found = section.text("scope", report)?;
    if let Err(problem) = Scope::parse(found.value, teams) {
        report.add(found.span, Marked::Known, problem);
    }
    Some(found.value.to_owned())
}

impl Config {
    /// The part of the engine that is shown at the start: that of `--scope`, else that of the profile, else everything.
    ///
    /// # Errors
    ///
    /// What was asked for is no scope.
    pub fn scope(&self, target: &Target, overrides: &Overrides) -> Result<Scope, ConfigError> {
        let profile = match target {
            Target::Connect(connection) => connection.profile_name.as_deref().and_then(|name| self.profile(name)),
            Target::FirstRun(_) => None,
        };
        match (&overrides.scope, profile.and_then(|profile| profile.scope.as_ref())) {
            (Some(typed), _) => Scope::parse(typed, &self.teams).map_err(|problem| ConfigError::Request(format!("--scope: {problem}"))),
            (None, Some(typed)) => Scope::parse(typed, &self.teams).map_err(ConfigError::Request),
            (None, None) => Ok(Scope::default()),
        }
    }
}
