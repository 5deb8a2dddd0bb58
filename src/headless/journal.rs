//! `bpmtop journal`: what was done to which engine, by whom, why, and what became of it. Reads only the files of the journal.

mod export;
mod page;
#[cfg(test)]
mod tests;
mod words;

use std::path::Path;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

use crate::journal::{Archive, Story, Summary, put_back};
use crate::session::Stop;
use crate::text::safe;

/// Which actions are asked for; what is not named does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Begun at that moment or later.
    pub since: Option<Timestamp>,
    /// At this engine: its name, or a part of its address.
    pub engine: Option<String>,
    /// With this profile.
    pub profile: Option<String>,
    /// What was done.
    pub verb: Option<String>,
    /// By this user of the machine or of the engine.
    pub user: Option<String>,
    /// Only what failed, is not known or was never finished.
    pub failed: bool,
    /// Only the action of this name.
    pub action: Option<String>,
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One object with the head of the journal and all actions, with their targets and requests
    Json,
    /// One row for each target, for spreadsheets
    Csv,
    /// A report to paste into a ticket
    Markdown,
}

/// What to print, and whether all is well.
#[derive(Debug, PartialEq, Eq)]
pub struct Printed {
    /// The text.
    pub text: String,
    /// False where something is wrong with the journal.
    pub well: bool,
}

/// Lists actions, or tells one with all of its targets.
///
/// # Errors
///
/// The files cannot be read, or there is no action of that name.
pub fn list(folder: &Path, filter: &Filter, json: bool) -> Result<String, Stop> {
    let archive = Archive::at(folder);
    if let Some(name) = &filter.action {
        let story = one(&archive, name)?;
        if json {
            return export::json_of_one(&story);
        }
        let since = archive.summaries(Some(story.at.to_zoned(TimeZone::UTC).date())).map_err(Stop::setup)?;
        let put_back = since.iter().zip(put_back(&since)).find(|(summary, _)| summary.intent.action == story.intent.action).and_then(|(_, by)| by);
        return Ok(page::story(&story, put_back, &TimeZone::system()));
    }
    let all = archive.summaries(filter.day()).map_err(Stop::setup)?;
    let count = all.len();
    if json {
        return export::json_of_summaries(&all.into_iter().filter(|summary| filter.passes(summary)).collect::<Vec<_>>());
    }
    let wanted: Vec<_> = all.iter().zip(put_back(&all)).filter(|(summary, _)| filter.passes(summary)).collect();
    Ok(page::list(&wanted, count, folder, &TimeZone::system()))
}

/// Everything about the actions that are asked for, to be kept elsewhere.
///
/// # Errors
///
/// The files cannot be read, or there is no action of that name.
pub fn export(folder: &Path, filter: &Filter, format: Format) -> Result<String, Stop> {
    let archive = Archive::at(folder);
    let verified = archive.verify(None).map_err(Stop::setup)?;
    let stories = match &filter.action {
        Some(name) => vec![one(&archive, name)?],
        None => archive.stories(filter.day()).map_err(Stop::setup)?,
    };
    let wanted: Vec<Story> = stories.into_iter().filter(|story| filter.action.is_some() || filter.passes(&Summary::of(story))).collect();
    match format {
        Format::Json => export::json(&wanted, &verified),
        Format::Csv => Ok(export::csv(&wanted)),
        Format::Markdown => Ok(export::markdown(&wanted, &verified, &TimeZone::system())),
    }
}

/// Whether the chain is whole, and where it is not.
///
/// # Errors
///
/// The files cannot be read.
pub fn verify(folder: &Path, head: Option<&str>) -> Result<Printed, Stop> {
    let verified = Archive::at(folder).verify(head).map_err(Stop::setup)?;
    Ok(Printed { text: page::verified(&verified, folder), well: verified.is_whole() })
}

fn one(archive: &Archive, name: &str) -> Result<Story, Stop> {
    let story = archive.action(name).map_err(Stop::setup)?;
    story.ok_or_else(|| Stop::Setup(anyhow::anyhow!("the journal knows no action {}; `bpmtop journal` lists those it knows", safe(name))))
}

impl Filter {
    /// The first day whose file may hold what is asked for.
    fn day(&self) -> Option<Date> {
        self.since.map(|since| since.to_zoned(TimeZone::UTC).date())
    }

    fn passes(&self, summary: &Summary) -> bool {
        let Summary { intent, at, .. } = summary;
        let is = |wanted: &Option<String>, texts: &[Option<&crate::journal::Exact>]| {
            wanted.as_ref().is_none_or(|wanted| texts.iter().flatten().any(|text| text.as_wire().eq_ignore_ascii_case(wanted)))
        };
        let by_address = self.engine.as_ref().is_some_and(|wanted| intent.engine.url.as_wire().contains(wanted.as_str()));
        let who = &intent.who;
        self.since.is_none_or(|since| *at >= since)
            && (by_address || is(&self.engine, &[intent.engine.name.as_ref()]))
            && is(&self.profile, &[intent.profile.as_ref()])
            && is(&self.verb, &[Some(&intent.verb)])
            && is(&self.user, &[Some(&who.user), who.sudo_user.as_ref(), who.engine_user.as_ref()])
            && (!self.failed || summary.is_failed())
    }
}

/// The moment meant by `2026-11-21`, `2026-11-21 02:00`, `2026-11-21T02:00:00Z` or by `8h` before now.
///
/// # Errors
///
/// What can be written instead.
pub fn since(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    let way_out = || "write a day (2026-11-21), a moment (2026-11-21T02:00) or how long ago (8h, 3d)".to_owned();
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    if let Ok(moment) = text.parse::<DateTime>() {
        return moment.to_zoned(now.time_zone().clone()).map(|moment| moment.timestamp()).map_err(|_| way_out());
    }
    let ago = text.parse::<Span>().map_err(|_| way_out())?;
    now.checked_sub(ago.abs()).map(|moment| moment.timestamp()).map_err(|_| way_out())
}
