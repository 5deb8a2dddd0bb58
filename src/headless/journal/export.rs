//! The journal for other programs: JSON, CSV for spreadsheets, Markdown for tickets. The field names are a promise.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Told, words};
use crate::journal::exact::to_json;
use crate::journal::{Answered, Count, End, Exact, How, Intent, Outcome, ReadBack, Standing, Summary, Verified};
use crate::session::Stop;
use crate::text::{csv_field, safe};

#[derive(Serialize)]
struct Short<'a> {
    at: Timestamp,
    standing: &'static str,
    /// What was meant; its `targets` and `requests` are empty.
    intent: &'a Intent,
    targets: u64,
    sent: u64,
    counts: &'a [Count],
    words: Option<&'a Exact>,
    /// What somebody has to look at, because it was not left as it was meant to be.
    look: &'a [Exact],
    /// The action that put that back since.
    put_back_by: Option<&'a Exact>,
}

#[derive(Serialize)]
struct Long<'a> {
    at: Timestamp,
    line: u64,
    standing: &'static str,
    intent: &'a Intent,
    sent: Vec<SentPart>,
    answers: Vec<&'a Answered>,
    outcomes: Vec<&'a Outcome>,
    /// What somebody has to look at, because it was not left as it was meant to be.
    look: Vec<&'a Exact>,
    /// The action that put that back since.
    put_back_by: Option<&'a Exact>,
    end: Option<EndPart<'a>>,
    read_back: Option<ReadPart<'a>>,
}

#[derive(Serialize)]
struct SentPart {
    step: u64,
    at: Timestamp,
}

#[derive(Serialize)]
struct EndPart<'a> {
    at: Timestamp,
    #[serde(flatten)]
    end: &'a End,
}

#[derive(Serialize)]
struct ReadPart<'a> {
    at: Timestamp,
    #[serde(flatten)]
    read: &'a ReadBack,
}

fn short<'a>((action, put_back_by): &(&'a Summary, Option<&'a Exact>)) -> Short<'a> {
    let Summary { intent, at, targets, first_target: _, first_key: _, sent, counts, words, looks, holds: _, standing: stands } = *action;
    let (words, put_back_by) = (words.as_ref(), *put_back_by);
    Short { at: *at, standing: standing(*stands), intent, targets: *targets, sent: *sent, counts, words, look: looks, put_back_by }
}

fn long(told: &Told) -> Long<'_> {
    let story = &told.story;
    Long {
        at: story.at,
        line: story.seq,
        standing: standing(story.standing),
        intent: &story.intent,
        sent: story.sent.iter().map(|(step, at)| SentPart { step: *step, at: *at }).collect(),
        answers: story.answers.values().collect(),
        outcomes: story.outcomes.values().collect(),
        look: story.looks().collect(),
        put_back_by: told.put_back_by.as_ref(),
        end: story.end.as_ref().map(|(at, end)| EndPart { at: *at, end }),
        read_back: story.read_back.as_ref().map(|(at, read)| ReadPart { at: *at, read }),
    }
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Over(How::Done) => "done",
        Standing::Over(How::Stopped) => "stopped",
        Standing::Over(How::Failed) => "failed",
        Standing::Over(How::Quit) => "quit",
        Standing::Over(How::HungUp) => "hung_up",
        Standing::ReadBack => "read_back",
        Standing::UnderWay => "under_way",
        Standing::Left => "unfinished",
        Standing::Unwritten => "end_not_written",
    }
}

fn line(value: &impl Serialize) -> Result<String, Stop> {
    Ok(String::from_utf8_lossy(&to_json(value).map_err(Stop::setup)?).into_owned())
}

/// An array with one action a line.
fn array<T: Serialize>(items: impl Iterator<Item = T>) -> Result<String, Stop> {
    let lines = items.map(|item| line(&item)).collect::<Result<Vec<_>, Stop>>()?;
    Ok(if lines.is_empty() { "[]".to_owned() } else { format!("[\n{}\n]", lines.join(",\n")) })
}

pub(super) fn json_of_summaries(actions: &[(&Summary, Option<&Exact>)]) -> Result<String, Stop> {
    Ok(array(actions.iter().map(short))? + "\n")
}

pub(super) fn json_of_one(told: &Told) -> Result<String, Stop> {
    Ok(line(&long(told))? + "\n")
}

/// The whole export, with the head that tells later whether the journal it came from was changed.
pub(super) fn json(stories: &[Told], verified: &Verified) -> Result<String, Stop> {
    let actions = array(stories.iter().map(long))?;
    let head = line(&verified.head.hash)?;
    Ok(format!("{{\"head\":{head},\"lines\":{},\"whole\":{},\"actions\":{actions}}}\n", verified.lines, verified.is_whole()))
}

const COLUMNS: [&str; 21] = [
    "action",
    "at",
    "user",
    "engine_user",
    "host",
    "ssh",
    "engine",
    "engine_name",
    "profile",
    "verb",
    "reason",
    "standing",
    "type",
    "id",
    "label",
    "business_key",
    "instance",
    "outcome",
    "words",
    "look",
    "put_back_by",
];

/// One row for each target. An action without targets has a row of its own, and so has one that left something to be looked at: such notes
/// may name each of its targets, and would stand in the row of each.
pub(super) fn csv(stories: &[Told]) -> String {
    let mut text = COLUMNS.join(",") + "\n";
    for Told { story, put_back_by } in stories {
        let Intent { action, who, engine, profile, verb, reason, sentence, targets, .. } = &story.intent;
        let some = |text: &Option<Exact>| text.as_ref().map(ToString::to_string).unwrap_or_default();
        let common = [
            action.to_string(),
            story.at.to_string(),
            who.user.to_string(),
            some(&who.engine_user),
            who.host.to_string(),
            some(&who.ssh),
            engine.url.to_string(),
            some(&engine.name),
            some(profile),
            verb.to_string(),
            some(reason),
            standing(story.standing).to_owned(),
        ];
        let by = some(put_back_by);
        let mut row = |own: [String; 8]| {
            let cells: Vec<String> = common.iter().chain(&own).chain([&by]).map(|cell| csv_field(cell)).collect();
            let _ = writeln!(text, "{}", cells.join(","));
        };
        let looks: Vec<String> = story.looks().map(ToString::to_string).collect();
        if targets.is_empty() || !looks.is_empty() {
            let nothing = String::new;
            row(["action".to_owned(), action.to_string(), sentence.to_string(), nothing(), nothing(), nothing(), nothing(), looks.join("; ")]);
        }
        for (index, target) in (0..).zip(targets) {
            let outcome = story.outcomes.get(&index);
            row([
                target.kind.to_string(),
                target.id.to_string(),
                target.label.to_string(),
                some(&target.business_key),
                some(&target.instance),
                outcome.map(|outcome| outcome.name.to_string()).unwrap_or_default(),
                outcome.map(|outcome| some(&outcome.words)).unwrap_or_default(),
                String::new(),
            ]);
        }
    }
    text
}

/// A report: one section an action, one row a target.
pub(super) fn markdown(stories: &[Told], verified: &Verified, zone: &TimeZone) -> String {
    let mut text = String::new();
    for Told { story, put_back_by } in stories {
        let Intent { action, who, reason, sentence, targets, .. } = &story.intent;
        let _ = writeln!(text, "## {}\n", plain(&sentence.to_string()));
        let reason = reason.as_ref().map_or_else(|| "none given".to_owned(), ToString::to_string);
        for (name, words) in [
            ("Action", action.to_string()),
            ("When", words::time(story.at, zone)),
            ("Who", words::person(who)),
            ("Engine", format!("{} ({})", words::engine(&story.intent), story.intent.engine.url)),
            ("Reason", reason),
            ("Outcome", words::outcome(&Summary::of(story))),
        ]
        .into_iter()
        .chain(story.intent.journal_broken.iter().map(|broken| ("Journal", words::broken(broken))))
        {
            let _ = writeln!(text, "- {name}: {}", plain(&words));
        }
        if let Some(by) = put_back_by {
            let _ = writeln!(text, "- Put back by: {}", plain(&by.to_string()));
        }
        // What somebody still has to do is not to be overlooked.
        let mark = if put_back_by.is_some() { "" } else { "**" };
        for look in story.looks() {
            let _ = writeln!(text, "- {mark}{}{mark}", plain(&look.to_string()));
        }
        text.push_str("\n| type | id | name | business key | outcome |\n|---|---|---|---|---|\n");
        for (outcome, target) in words::of_targets(story).into_iter().zip(targets) {
            let key = target.business_key.as_ref().map(ToString::to_string).unwrap_or_default();
            let cells = [target.kind.to_string(), target.id.to_string(), target.label.to_string(), key, outcome];
            let _ = writeln!(text, "| {} |", cells.map(|cell| plain(&cell)).join(" | "));
        }
        text.push('\n');
    }
    let whole = if verified.is_whole() { "whole" } else { "BROKEN" };
    let _ = writeln!(text, "Journal {whole}, line {}, head {}", verified.head.seq, verified.head.hash);
    text
}

/// Text that Markdown takes for nothing but text.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in safe(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '!') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
