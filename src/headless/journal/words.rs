//! The words in which actions are told: times, persons, outcomes.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::journal::{Answered, Class, Count, Exact, How, LOOK, Standing, Story, Summary, Who};
use crate::text::{count_exact, truncate};

/// A moment in the operator's zone, with its offset.
pub(super) fn time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// Who it was, in short: the user of the machine, and as whom they are known to the engine.
pub(super) fn user(who: &Who) -> String {
    let name = who.sudo_user.as_ref().map_or_else(|| who.user.to_string(), |before| format!("{before} (sudo to {})", who.user));
    match &who.engine_user {
        Some(known) if *known != who.user => format!("{name} as {known}"),
        _ => name,
    }
}

/// Who it was and where they came from.
pub(super) fn person(who: &Who) -> String {
    let ssh = who.ssh.as_ref().map(|ssh| format!(", by SSH from {}", ssh.to_string().split(' ').next().unwrap_or_default()));
    format!("{} (uid {}) on {}{}, process {}, bpmtop {}", user(who), who.uid, who.host, ssh.unwrap_or_default(), who.pid, who.version)
}

/// Where it was, in short: the profile, else the address; and the name behind it.
pub(super) fn engine(intent: &crate::journal::Intent) -> String {
    let place = intent.profile.as_ref().unwrap_or(&intent.engine.url);
    intent.engine.name.as_ref().map_or_else(|| place.to_string(), |name| format!("{place} {name}"))
}

/// On what: the one target by its name, or how many.
pub(super) fn targets(summary: &Summary) -> String {
    match (&summary.first_target, summary.targets) {
        (Some(label), 1) => label.to_string(),
        (_, count) => count_exact(count),
    }
}

/// The business key of the first target, and how many others there are.
pub(super) fn keys(summary: &Summary) -> Option<String> {
    let key = summary.first_key.as_ref()?.to_string();
    let key = truncate(&key, 40);
    Some(if summary.targets > 1 { format!("{key} and {} more", count_exact(summary.targets - 1)) } else { key.into_owned() })
}

/// That the journal was broken already when an action was recorded.
pub(super) fn broken(broken: &Exact) -> String {
    format!("BROKEN already when this was recorded, at {broken}")
}

/// Where an action stands and what became of its targets, in one line.
pub(super) fn outcome(summary: &Summary) -> String {
    let Summary { standing, sent, words, .. } = summary;
    let progress = format!("{} of {} sent", count_exact(*sent), count_exact(summary.intent.steps));
    let begin = match standing {
        Standing::Over(How::Done) => String::new(),
        Standing::Over(How::Stopped) => format!("stopped, {progress}"),
        Standing::Over(How::Failed) => format!("FAILED, {progress}"),
        Standing::Over(How::Quit) => format!("bpmtop was left, {progress}"),
        Standing::Over(How::HungUp) => format!("terminal gone, {progress}"),
        Standing::ReadBack => format!("its end was not recorded, {progress}, read back"),
        Standing::UnderWay => format!("under way, {progress}"),
        Standing::Unwritten => format!("END NOT RECORDED: it could not be written, as on a full disk; {progress}, nobody looked since"),
        Standing::Left => format!("UNFINISHED: bpmtop died, {progress}, nobody looked since"),
    };
    let said = words.as_ref().map(|words| without_looks(&words.to_string()).to_owned()).unwrap_or_default();
    let parts = [begin, counts(&summary.counts), said];
    let told = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    if told.is_empty() { "done".to_owned() } else { told }
}

/// What was said at an end but for what has to be looked at, which stands behind it and is told apart.
pub(super) fn without_looks(words: &str) -> &str {
    let begins = if words.starts_with(LOOK) { Some(0) } else { words.find(&format!("; {LOOK}")) };
    begins.map_or(words, |begins| &words[..begins])
}

/// The mark of an action that left something to be looked at, and by which action that was put back.
pub(super) fn mark(summary: &Summary, put_back: Option<&crate::journal::Exact>) -> Option<String> {
    let things = crate::text::plural(summary.looks.len() as u64, "thing");
    match (summary.looks.len(), put_back) {
        (0, _) => None,
        (_, None) => Some(format!("LOOK: {things}")),
        (_, Some(by)) => Some(format!("{things} to look at, put back by {by}")),
    }
}

/// `97 succeeded, 3 failed again`: the bad news first, as far as there is some.
pub(super) fn counts(counts: &[Count]) -> String {
    let mut counts: Vec<&Count> = counts.iter().filter(|count| count.count > 0).collect();
    counts.sort_by_key(|count| !matches!(count.class, Class::Bad | Class::Unknown));
    counts.into_iter().map(|count| format!("{} {}", count_exact(count.count), count.name)).collect::<Vec<_>>().join(", ")
}

/// What became of each target, in their order; where no outcome is recorded, how far its requests went.
pub(super) fn of_targets(story: &Story) -> Vec<String> {
    let mut words: Vec<String> = vec!["–".to_owned(); story.intent.targets.len()];
    for (step, request) in (0..).zip(&story.intent.requests) {
        let how_far = how_far(story, step);
        for target in &request.targets {
            // Of several requests for one target, the last one that went out tells most.
            if let Some(word) = usize::try_from(*target).ok().and_then(|index| words.get_mut(index)).filter(|word| *word == "–" || how_far != NEVER) {
                word.clone_from(&how_far);
            }
        }
    }
    for (index, word) in (0..).zip(&mut words) {
        if let Some(outcome) = story.outcomes.get(&index) {
            *word = outcome.words.as_ref().map_or_else(|| outcome.name.to_string(), |said| format!("{}: {said}", outcome.name));
        }
    }
    words
}

const NEVER: &str = "never sent";

fn how_far(story: &Story, step: u64) -> String {
    match (story.sent.contains_key(&step), story.answers.get(&step)) {
        (_, Some(Answered { answer: kind, words: Some(words), .. })) => format!("{}: {words}", answer(*kind)),
        (_, Some(Answered { answer: kind, .. })) => format!("{}, outcome not recorded", answer(*kind)),
        (true, None) => "may have been sent, no answer recorded".to_owned(),
        (false, None) => NEVER.to_owned(),
    }
}

/// How an answer is told.
pub(super) fn answer(answer: crate::journal::Answer) -> &'static str {
    use crate::journal::Answer::{Accepted, NotSent, Rejected, Unknown};
    match answer {
        Accepted => "accepted",
        Rejected => "rejected",
        NotSent => "not sent",
        Unknown => "no certain answer",
    }
}
