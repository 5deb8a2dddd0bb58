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

use super::{Extent, Printed};
use crate::journal::{Archive, Exact, Story, Summary, Verified, put_back};
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
    /// Only what failed, is not known, was never finished or has to be looked at, and was not put back since.
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

/// Lists actions, or tells one with all of its targets.
///
/// # Errors
///
/// The files cannot be read, or there is no action of that name.
pub fn list(folder: &Path, filter: &Filter, json: bool) -> Result<Printed, Stop> {
    let archive = opened(folder)?;
    let text = if let Some(name) = &filter.action {
        let told = one(&archive, name)?;
        if json { export::json_of_one(&told)? } else { page::story(&told.story, told.put_back_by.as_ref(), &TimeZone::system()) }
    } else {
        let all = archive.summaries(filter.day()).map_err(Stop::setup)?;
        let wanted = filter.wanted(&all);
        if json { export::json_of_summaries(&wanted)? } else { page::list(&wanted, all.len(), folder, &TimeZone::system()) }
    };
    Ok(told_with_doubts(text, &archive.verify(None).map_err(Stop::setup)?, json))
}

/// What is told of a journal that is broken, or that somebody else can change, may lack something: that is said at the end, and by the exit code.
fn told_with_doubts(mut text: String, verified: &Verified, json: bool) -> Printed {
    if is_believed(verified) {
        return Printed::whole(text);
    }
    if !json {
        text.push_str(&page::doubts(verified));
    }
    Printed { text, extent: Extent::Part }
}

/// Whether nothing speaks against what it tells. That old days were moved away is as it should be.
fn is_believed(verified: &Verified) -> bool {
    verified.changed().is_none() && verified.foreign.is_none()
}

/// The journal in a folder that may be believed to be the one that was meant.
fn opened(folder: &Path) -> Result<Archive, Stop> {
    let archive = Archive::at(folder);
    archive.leads_nowhere_else().map_err(Stop::setup)?;
    Ok(archive)
}

/// Everything about the actions that are asked for, to be kept elsewhere.
///
/// # Errors
///
/// The files cannot be read, or there is no action of that name.
pub fn export(folder: &Path, filter: &Filter, format: Format) -> Result<Printed, Stop> {
    let archive = opened(folder)?;
    let verified = archive.verify(None).map_err(Stop::setup)?;
    let wanted = match &filter.action {
        Some(name) => vec![one(&archive, name)?],
        None => {
            let stories = archive.stories(filter.day()).map_err(Stop::setup)?;
            let all: Vec<Summary> = stories.iter().map(Summary::of).collect();
            let wanted = stories.into_iter().zip(all.iter().zip(put_back(&all))).filter(|(_, (summary, by))| filter.passes(summary, *by));
            wanted.map(|(story, (_, by))| Told { story, put_back_by: by.cloned() }).collect()
        }
    };
    let text = match format {
        Format::Json => export::json(&wanted, &verified)?,
        Format::Csv => export::csv(&wanted),
        Format::Markdown => export::markdown(&wanted, &verified, &TimeZone::system()),
    };
    Ok(Printed { text, extent: if is_believed(&verified) { Extent::Whole } else { Extent::Part } })
}

/// Whether the chain is whole, and where it is not.
///
/// # Errors
///
/// The files cannot be read.
pub fn verify(folder: &Path, head: Option<&str>) -> Result<Printed, Stop> {
    let verified = opened(folder)?.verify(head).map_err(Stop::setup)?;
    let extent = if verified.is_whole() { Extent::Whole } else { Extent::Nothing };
    Ok(Printed { text: page::verified(&verified, folder), extent })
}

/// One action, and the one that put back since what it left, if one did.
struct Told {
    story: Story,
    put_back_by: Option<Exact>,
}

fn one(archive: &Archive, name: &str) -> Result<Told, Stop> {
    let story = archive.action(name).map_err(Stop::setup)?;
    let story = story.ok_or_else(|| Stop::Setup(anyhow::anyhow!("the journal knows no action {}; `bpmtop journal` lists those it knows", safe(name))))?;
    let since = archive.summaries(Some(story.at.to_zoned(TimeZone::UTC).date())).map_err(Stop::setup)?;
    let of_it = since.iter().zip(put_back(&since)).find(|(summary, _)| summary.intent.action == story.intent.action);
    let put_back_by = of_it.and_then(|(_, by)| by).cloned();
    Ok(Told { story, put_back_by })
}

impl Filter {
    /// The first day whose file may hold what is asked for.
    fn day(&self) -> Option<Date> {
        self.since.map(|since| since.to_zoned(TimeZone::UTC).date())
    }

    /// Those of all that are asked for, each with the action that put back since what it left.
    fn wanted<'a>(&self, all: &'a [Summary]) -> Vec<(&'a Summary, Option<&'a Exact>)> {
        all.iter().zip(put_back(all)).filter(|(summary, by)| self.passes(summary, *by)).collect()
    }

    /// What was put back since is over and done with, however it went.
    fn passes(&self, summary: &Summary, put_back_by: Option<&Exact>) -> bool {
        let Summary { intent, at, .. } = summary;
        let is = |wanted: &Option<String>, texts: &[Option<&Exact>]| {
            wanted.as_ref().is_none_or(|wanted| texts.iter().flatten().any(|text| text.as_wire().eq_ignore_ascii_case(wanted)))
        };
        let by_address = self.engine.as_ref().is_some_and(|wanted| intent.engine.url.as_wire().contains(wanted.as_str()));
        let who = &intent.who;
        self.since.is_none_or(|since| *at >= since)
            && (by_address || is(&self.engine, &[intent.engine.name.as_ref()]))
            && is(&self.profile, &[intent.profile.as_ref()])
            && is(&self.verb, &[Some(&intent.verb)])
            && is(&self.user, &[Some(&who.user), who.sudo_user.as_ref(), who.engine_user.as_ref()])
            && (!self.failed || (summary.is_failed() && put_back_by.is_none()))
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
