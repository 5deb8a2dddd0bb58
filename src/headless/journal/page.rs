//! The journal as text for people: the list, one action, the verdict on the chain.

use std::fmt::Write as _;
use std::path::Path;

use jiff::tz::TimeZone;

use super::words;
use crate::journal::{Exact, HeadFound, Story, Summary, Verified};
use crate::text::{Align, count_exact, pad, plural, safe, truncate, truncate_middle, width};

/// Cells of a column at most, but for the last one, which is never cut.
const WIDEST: usize = 40;

/// Columns of the list, which most terminals have.
const COLUMNS: usize = 120;

/// The actions, the newest last: next to the prompt. Each with the action that put back what it left to be looked at.
pub(super) fn list(actions: &[(&Summary, Option<&Exact>)], recorded: usize, folder: &Path, zone: &TimeZone) -> String {
    if actions.is_empty() {
        let place = folder.display().to_string();
        return match recorded {
            0 => format!("no action is recorded in {}\n", safe(&place)),
            _ => format!("none of the {} actions is one of those asked for\n", count_exact(recorded as u64)),
        };
    }
    let mut rows = vec![["TIME", "ACTION", "WHO", "ENGINE", "WHAT", "TARGETS"].map(str::to_owned)];
    rows.extend(actions.iter().map(|(action, _)| {
        [
            words::time(action.at, zone),
            action.intent.action.to_string(),
            truncate(&words::user(&action.intent.who), 14).into_owned(),
            truncate_middle(&words::engine(&action.intent), 12).into_owned(),
            truncate(&action.intent.verb.to_string(), 12).into_owned(),
            words::targets(action),
        ]
    }));
    let table = table(&rows);
    let mut lines = table.lines().map(|line| format!("{}\n", truncate(line, COLUMNS)));
    let mut text = lines.next().unwrap_or_default();
    for (line, (action, put_back)) in lines.zip(actions) {
        text.push_str(&line);
        // What it was about, by which an operator knows it; then what became of it, which is never cut.
        let reason = action.intent.reason.as_ref().map(|reason| format!("reason: {reason}"));
        let about: Vec<String> = words::keys(action).into_iter().chain(reason).collect();
        if !about.is_empty() {
            let _ = writeln!(text, "    {}", truncate(&about.join("; "), COLUMNS - 4));
        }
        let outcome = [words::mark(action, *put_back), Some(words::outcome(action))].into_iter().flatten().collect::<Vec<_>>().join("; ");
        let _ = writeln!(text, "    {outcome}");
    }
    text
}

/// One action with all of its targets and requests, and what it left to be looked at; with the action that put that back, if one did.
pub(super) fn story(story: &Story, put_back: Option<&Exact>, zone: &TimeZone) -> String {
    let intent = &story.intent;
    let mut text = format!("{}\n\n", intent.sentence);
    let mut line = |name: &str, words: String| {
        let _ = writeln!(text, "{name:<11}{words}");
    };
    line("action", intent.action.to_string());
    line("what", intent.verb.to_string());
    line("begun", words::time(story.at, zone));
    line("who", words::person(&intent.who));
    let version = intent.engine.version.as_ref().map(|version| format!(", {version}")).unwrap_or_default();
    let name = intent.engine.name.as_ref().map(|name| format!(", engine {name}")).unwrap_or_default();
    line("engine", format!("{}{name}{version}", intent.engine.url));
    intent.profile.iter().for_each(|profile| line("profile", profile.to_string()));
    line("reason", intent.reason.as_ref().map_or_else(|| "none given".to_owned(), ToString::to_string));
    intent.undo_of.iter().for_each(|action| line("takes back", action.to_string()));
    intent.thaw_of.iter().for_each(|action| line("thaws", action.to_string()));
    intent.puts_back.iter().for_each(|action| line("puts back", action.to_string()));
    line("outcome", words::outcome(&Summary::of(story)));
    story.end.iter().for_each(|(at, _)| line("over", words::time(*at, zone)));
    intent.journal_broken.iter().for_each(|broken| line("journal", words::broken(broken)));
    if let Some((at, read)) = &story.read_back {
        line("read back", format!("{} by {}: {}", words::time(*at, zone), words::person(&read.who), words::counts(&read.counts)));
    }
    let mut rows = vec![["TARGET", "ID", "NAME", "BUSINESS KEY", "OUTCOME"].map(str::to_owned)];
    rows.extend(words::of_targets(story).into_iter().zip(&intent.targets).map(|(outcome, target)| {
        let key = target.business_key.as_ref().map(ToString::to_string).unwrap_or_default();
        // What has to be looked at is told at the end, once.
        let outcome = words::without_looks(&outcome).to_owned();
        [target.kind.to_string(), target.id.to_string(), target.label.to_string(), key, outcome]
    }));
    let _ = write!(text, "\n{}", table(&rows));
    if !intent.held.is_empty() {
        let mut rows = vec![["KEPT ASLEEP", "ID", "NAME", "DUE BEFORE"].map(str::to_owned)];
        rows.extend(intent.held.iter().map(|held| {
            let due = held.before.due.map_or_else(|| "at once".to_owned(), |due| words::time(due, zone));
            [held.kind.to_string(), held.id.to_string(), held.label.to_string(), due]
        }));
        let _ = write!(text, "\n{}", table(&rows));
    }
    if !intent.requests.is_empty() {
        let _ = write!(text, "\n{}", requests(story, zone));
    }
    text + &looks(story, put_back)
}

/// What somebody has to look at, apart and at the end: next to the prompt.
fn looks(story: &Story, put_back: Option<&Exact>) -> String {
    let looks: Vec<String> = story.looks().map(|look| format!("  {look}\n")).collect();
    if looks.is_empty() {
        return String::new();
    }
    let (heading, way_out) = match put_back {
        Some(by) => (format!("Left otherwise than it was meant to be, and put back by {by}:"), ""),
        None if story.intent.held.is_empty() => ("LOOK AT THIS: not left as it was meant to be".to_owned(), ""),
        None => ("LOOK AT THIS: not left as it was meant to be".to_owned(), "In the cockpit, A lists this action, and P plans to put the jobs back.\n"),
    };
    format!("\n{heading}\n{}{way_out}", looks.concat())
}

fn requests(story: &Story, zone: &TimeZone) -> String {
    let mut rows = vec![["SENT", "ANSWER", "REQUEST"].map(str::to_owned)];
    rows.extend((0..).zip(&story.intent.requests).map(|(step, request)| {
        let sent = story.sent.get(&step).map_or_else(|| "never".to_owned(), |at| words::time(*at, zone));
        let answer = story.answers.get(&step).map_or("–", |answered| words::answer(answered.answer));
        let said = story.answers.get(&step).and_then(|answered| answered.words.as_ref()).map(|said| format!("  ({said})")).unwrap_or_default();
        let body = request.body.as_ref().map(|body| format!(" {body}")).unwrap_or_default();
        [sent, answer.to_owned(), format!("{} {}{body}{said}", request.method, request.path)]
    }));
    table(&rows)
}

/// The verdict on the chain.
pub(super) fn verified(verified: &Verified, folder: &Path) -> String {
    let place = folder.display().to_string();
    let Verified { lines, behind, days, span, head, torn, broken, more_breaks, foreign, asked } = verified;
    let extent = span.map_or_else(
        || format!("no lines in {}", safe(&place)),
        |(first, last)| match days {
            1 => format!("{} of {first}, in {}", plural(lines + behind, "line"), safe(&place)),
            _ => format!("{} of {} days, {first} to {last}, in {}", plural(lines + behind, "line"), count_exact(*days), safe(&place)),
        },
    );
    let mut text = match broken {
        None => format!("whole: {extent}\n"),
        Some(broken) => {
            let all: String = std::iter::once(broken).chain(more_breaks).map(|broken| format!("BROKEN at {broken}\n")).collect();
            format!("{all}in all: {extent}\nwhole before the first break: {}; behind it: {}\n", plural(*lines, "line"), plural(*behind, "line"))
        }
    };
    if let Some((path, owner)) = foreign {
        let _ = writeln!(
            text,
            "FOREIGN: {} belongs to the user with number {owner}, who can write it anew; actions are refused there",
            safe(&path.display().to_string())
        );
    }
    if head.seq > 0 {
        let _ = writeln!(text, "head: {} (line {})", head.hash, count_exact(head.seq));
    }
    for place in torn {
        let _ = writeln!(text, "unfinished, by a crash in the middle of writing: {place}");
    }
    match asked {
        None => {}
        Some(HeadFound::End) => text.push_str("the head you kept is the last line\n"),
        Some(HeadFound::Followed { place, by }) => {
            let _ = writeln!(text, "the head you kept is {place}; appended since: {}", plural(*by, "line"));
        }
        Some(HeadFound::Missing) => text.push_str("MISSING: no line has the head you kept; lines were cut off at the end, or the journal was written anew\n"),
    }
    text
}

/// What stands at the end of whatever is told of a journal that is not to be believed without more ado.
pub(super) fn doubts(verified: &Verified) -> String {
    let broken = verified.changed().map(|broken| format!("\nThe journal is BROKEN at {broken}. `bpmtop journal verify` tells more.\n"));
    let foreign = verified
        .foreign
        .as_ref()
        .map(|(path, owner)| format!("\n{} belongs to the user with number {owner}, who can write it anew.\n", safe(&path.display().to_string())));
    broken.into_iter().chain(foreign).collect()
}

/// Rows with columns as wide as they need to be.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: [usize; N] = std::array::from_fn(|column| rows.iter().map(|row| width(&row[column]).min(WIDEST)).max().unwrap_or(0));
    let mut text = String::new();
    for row in rows {
        let (last, others) = row.split_last().expect("a column");
        let cells = others.iter().zip(widths).map(|(cell, cells)| pad(&truncate(cell, cells), cells, Align::Left) + "  ").collect::<String>();
        let _ = writeln!(text, "{}", format!("{cells}{last}").trim_end());
    }
    text
}
