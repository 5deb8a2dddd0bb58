//! Many outcomes in a sentence.

use std::collections::HashMap;
use std::hash::Hash;

use super::{Class, Outcome};
use crate::text::{safe, truncate};
use crate::triage::Signature;

/// Kinds of outcome named in one summary; the others are counted together.
const NAMED: usize = 6;

/// Messages of the engine that are quoted in one summary, and cells of each.
const QUOTED: usize = 3;
const QUOTE: usize = 110;

/// Outcomes that are told in one phrase: of one kind and, where the engine gave a message, of one cause.
struct Phrase<'a> {
    first: &'a Outcome,
    count: usize,
    /// Those with the very words of the first one.
    same: usize,
}

/// What they came to, and what the engine said; see [`Ledger::summary`](crate::action::ledger::Ledger::summary).
///
/// Each part has the class of the outcomes that it counts, so that what succeeded does not look like what failed beside it.
pub(in crate::action) fn parts<'a>(outcomes: impl Iterator<Item = &'a Outcome> + Clone) -> Vec<(String, Option<Class>)> {
    let kinds = kinds(outcomes.clone());
    let mut told: Vec<(String, Option<Class>)> = Vec::new();
    let mut tell = |words: String, class| {
        if !told.is_empty() {
            told.push((", ".to_owned(), None));
        }
        told.push((words, class));
    };
    kinds.iter().take(NAMED).for_each(|phrase| tell(phrase.words(), Some(phrase.first.class())));
    let others: usize = kinds.iter().skip(NAMED).map(|phrase| phrase.count).sum();
    if others > 0 {
        tell(format!("{others} others"), None);
    }
    if told.is_empty() {
        return vec![("no targets".to_owned(), None)];
    }
    let messages = messages(outcomes);
    let said: Vec<String> = messages.iter().take(QUOTED).map(Phrase::quote).collect();
    let more = messages.len().saturating_sub(QUOTED);
    let more = if more > 0 { format!(" and {more} more messages") } else { String::new() };
    if !said.is_empty() {
        told.push((format!(" \u{b7} {}{more}", said.join(", ")), None));
    }
    told
}

/// The same in one sentence.
pub(in crate::action) fn sum<'a>(outcomes: impl Iterator<Item = &'a Outcome> + Clone) -> String {
    parts(outcomes).into_iter().map(|(words, _)| words).collect()
}

impl Phrase<'_> {
    /// So many of this kind, without what the engine said.
    fn words(&self) -> String {
        if is_told_by_name(self.first) { format!("{} {}", self.count, self.first.name()) } else { self.first.counted(self.count) }
    }

    /// What the engine said, and how often.
    fn quote(&self) -> String {
        let said = self.first.message().map(|message| truncate(safe(message.as_wire()).trim(), QUOTE).into_owned()).unwrap_or_default();
        let times = if self.same > 1 { format!(" {}\u{d7}", self.same) } else { String::new() };
        let like = match self.count - self.same {
            0 => String::new(),
            others => format!(" and {others} like it with other ids"),
        };
        format!("\u{201c}{said}\u{201d}{times}{like}")
    }
}

/// Whether the engine may have said something with it, which is quoted apart: with a message or without, it is one kind.
fn is_told_by_name(outcome: &Outcome) -> bool {
    outcome.message().is_some() || matches!(outcome, Outcome::FailedAgain { .. } | Outcome::FailedOnce { .. } | Outcome::MovedOn { .. })
}

/// Outcomes by their kind.
fn kinds<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Vec<Phrase<'a>> {
    // Without its message, and with a count of its own, the phrase tells the kind.
    phrases(outcomes.map(|outcome| (outcome, if is_told_by_name(outcome) { outcome.name().to_owned() } else { outcome.counted(0) })))
}

/// What the engine said, by cause.
fn messages<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Vec<Phrase<'a>> {
    phrases(outcomes.filter_map(|outcome| Some((outcome, Signature::of(Some(outcome.message()?))))))
}

fn phrases<'a, K: Eq + Hash>(outcomes: impl Iterator<Item = (&'a Outcome, K)>) -> Vec<Phrase<'a>> {
    let mut places: HashMap<K, usize> = HashMap::new();
    let mut phrases: Vec<Phrase<'_>> = Vec::new();
    for (outcome, key) in outcomes {
        let place = *places.entry(key).or_insert_with(|| {
            phrases.push(Phrase { first: outcome, count: 0, same: 0 });
            phrases.len() - 1
        });
        phrases[place].count += 1;
        phrases[place].same += usize::from(phrases[place].first.message() == outcome.message());
    }
    // Stable: of equally frequent ones, the first target's stands first.
    phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.count));
    phrases
}
