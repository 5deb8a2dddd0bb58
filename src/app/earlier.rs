//! The part of the describe page that tells what happened before: earlier incidents of the same work, its attempts, who retried it.

use std::time::Duration;

use jiff::Timestamp;

use super::document::{Line, Tone};
use crate::model::earlier::{Attempts, Event, Past, Reach};
use crate::model::history::IncidentState;
use crate::model::snapshot::Snapshot;
use crate::text::{EngineText, age, plural, retries};

/// Events shown; the page is about the present.
const SHOWN: usize = 12;

/// The lines of the part, an empty one behind them; none where the incident names no work.
pub fn lines(past: Option<&Past>, snapshot: &Snapshot) -> Vec<Line> {
    let Some(past) = past else { return Vec::new() };
    let now = snapshot.engine.engine_time(snapshot.taken);
    let mut lines = vec![Line::Heading("Earlier".into())];
    lines.extend(past.problems().into_iter().map(|(part, problem)| Line::Remark(format!("{part} not known: {}", problem.what), Tone::Warning)));
    if past.is_blank() {
        // Not even the incident that is open now stands there: the past is hidden rather than uneventful.
        let why = snapshot.history.warning().unwrap_or("history hidden: the engine tells nothing of this work, not even this incident");
        lines.push(Line::Remark(why.to_owned(), Tone::Warning));
    }
    let story = past.story();
    lines.extend(story.iter().take(SHOWN).map(|(at, event)| line(*at, event, now)));
    if story.len() > SHOWN {
        lines.push(Line::Remark(format!("and {} more before", story.len() - SHOWN), Tone::Muted));
    }
    lines.push(Line::Blank);
    lines
}

fn line(at: Timestamp, event: &Event, now: Timestamp) -> Line {
    let ago = age(Duration::try_from(now.duration_since(at)).unwrap_or_default());
    let (words, tone) = words(event);
    Line::Remark(format!("{ago:>9} ago  {words}"), tone)
}

fn words(event: &Event) -> (String, Tone) {
    match event {
        Event::Opened => ("incident opened".to_owned(), Tone::Plain),
        Event::Ended(state, open, annotation) => {
            let ended = if *state == IncidentState::Deleted { "deleted: the instance or the job was removed" } else { "resolved" };
            (with_note(format!("incident {ended}, open for {}", age(*open)), annotation), Tone::Plain)
        }
        Event::JobCreated => ("job created".to_owned(), Tone::Muted),
        Event::JobFailed(host, message) => (with_note(format!("attempt failed{}", on(host)), message), Tone::Plain),
        Event::JobSucceeded(host) => (format!("attempt succeeded{}", on(host)), Tone::Plain),
        Event::JobDeleted => ("job removed without having run".to_owned(), Tone::Warning),
        Event::Attempts(attempts) => (with_note(attempts_words(attempts), &attempts.note), Tone::Plain),
        Event::Operation(kind, user, annotation) => (with_note(format!("{kind}{}", by(user)), annotation), Tone::Plain),
    }
}

fn by(user: &Option<EngineText>) -> String {
    user.as_ref().map_or_else(String::new, |user| format!(" by {user}"))
}

/// What somebody did to attempts: a retry, or the contrary.
pub fn attempts_words(attempts: &Attempts) -> String {
    let by = by(&attempts.user);
    let of = |count: i64| retries(count.unsigned_abs());
    let reach = match attempts.reach {
        Reach::Alone => String::new(),
        Reach::Definition => ", for all failed jobs of its job definition".to_owned(),
        Reach::Batch(Some(count)) => format!(", in a batch for {}: perhaps this one", plural(count, "job")),
        Reach::Batch(None) => ", in a batch: perhaps this one".to_owned(),
    };
    match (attempts.from, attempts.to) {
        (Some(0), Some(0)) => format!("retries left at 0{by}{reach}"),
        (Some(from), Some(0)) => format!("retries set from {from} to 0{by}: it is not tried any more{reach}"),
        (None, Some(0)) => format!("retries set to 0{by}{reach}: it is not tried any more"),
        (Some(from), Some(to)) if from > 0 => format!("retries set from {from} to {to}{by}{reach}"),
        (_, Some(to)) if attempts.reach != Reach::Alone => format!("retried{by} with {}{reach}", of(to)),
        _ => format!("retried{by}{reach}"),
    }
}

fn on(host: &Option<EngineText>) -> String {
    host.as_ref().map_or_else(String::new, |host| format!(" on {host}"))
}

fn with_note(words: String, note: &Option<EngineText>) -> String {
    match note.as_ref().and_then(|note| note.lines().next()) {
        Some(note) => format!("{words}: {note}"),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example;
    use crate::model::history::HistoryLevel;

    fn texts(lines: &[Line]) -> Vec<String> {
        lines.iter().filter_map(|line| if let Line::Remark(text, _) = line { Some(text.trim().to_owned()) } else { None }).collect()
    }

    #[test]
    fn a_past_that_is_hidden_says_why_and_is_not_taken_for_an_uneventful_one() {
        let blank = Past { incidents: Ok(Vec::new()), log: Ok(Vec::new()), operations: Ok(Vec::new()) };
        let mut snapshot = example::snapshot(example::noon());
        snapshot.history = HistoryLevel::Hidden;
        assert_eq!(texts(&lines(Some(&blank), &snapshot)), ["history hidden: READ_HISTORY missing"]);
        snapshot.history = HistoryLevel::Unknown;
        assert!(texts(&lines(Some(&blank), &snapshot))[0].starts_with("history hidden"));
        assert_eq!(lines(None, &snapshot), []);
    }

    #[test]
    fn a_long_story_is_cut_and_says_how_much_is_left_out() {
        let now = example::noon();
        let mut past = example::past(now);
        let one = past.log.clone().unwrap().remove(0);
        past.log = Ok(vec![one; 20]);
        let texts = texts(&lines(Some(&past), &example::snapshot(now)));
        assert_eq!(texts.len(), SHOWN + 1);
        assert_eq!(texts[SHOWN], format!("and {} more before", past.story().len() - SHOWN));
    }

    #[test]
    fn who_retried_when_is_told_with_the_reason_given() {
        let now = example::noon();
        let texts = texts(&lines(Some(&example::past(now)), &example::snapshot(now)));
        assert!(texts.iter().any(|text| text.ends_with("ago  retried by mary: gateway is back")), "{texts:?}");
    }
}
