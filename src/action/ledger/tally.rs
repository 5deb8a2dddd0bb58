//! The outcomes of a ledger counted, summed up in a sentence, and told in a few words for the status line.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use super::{Ending, Ledger, PausedBy, Stage};
use crate::action::outcome::{Class, Outcome};
use crate::text::{count_exact, safe, truncate};
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

impl Ledger {
    /// How many targets came to what, by the name of the outcome.
    pub fn counts(&self) -> BTreeMap<&'static str, (Class, usize)> {
        let mut counts = BTreeMap::new();
        for outcome in &self.outcomes {
            counts.entry(outcome.name()).or_insert((outcome.class(), 0)).1 += 1;
        }
        counts
    }

    /// What became of all, the most frequent first, and below what the engine said: `97 succeeded, 3 failed again · “Card service answered
    /// 503” 2×, “no such account”`. Messages that differ only in ids are quoted by their first, and said to be like it.
    ///
    /// The counts come first, so that no long message hides one; messages of one cause are told once, by the first of them. Long tails are
    /// cut: the sum always is the number of targets.
    pub fn summary(&self) -> String {
        let kinds = kinds(&self.outcomes);
        let mut told: Vec<String> = kinds.iter().take(NAMED).map(Phrase::words).collect();
        let others: usize = kinds.iter().skip(NAMED).map(|phrase| phrase.count).sum();
        if others > 0 {
            told.push(format!("{others} others"));
        }
        if told.is_empty() {
            return "no targets".to_owned();
        }
        let messages = messages(&self.outcomes);
        let said: Vec<String> = messages.iter().take(QUOTED).map(Phrase::quote).collect();
        let more = messages.len().saturating_sub(QUOTED);
        let more = if more > 0 { format!(" and {more} more messages") } else { String::new() };
        if said.is_empty() { told.join(", ") } else { format!("{} \u{b7} {}{more}", told.join(", "), said.join(", ")) }
    }

    /// Where it stands, for the status line: `retry 37/100 sent · 35 succeeded 1 failed again`.
    pub fn headline(&self) -> String {
        let stage = match &self.stage {
            Stage::Canary => " · canary",
            Stage::Sending => "",
            Stage::Paused(PausedBy::Operator) => " · PAUSED",
            Stage::Paused(PausedBy::Canary(_)) => " · PAUSED by its canary",
            Stage::Paused(PausedBy::Failures(_)) => " · PAUSED by failures",
            Stage::Paused(PausedBy::Login(_)) => " · PAUSED, another user",
            Stage::Paused(PausedBy::Engine(_)) => " · PAUSED, engine away",
            Stage::Verifying => " · reading back",
            Stage::Over(Ending::Done) => " · over",
            Stage::Over(Ending::Stopped) => " · stopped",
            Stage::Over(Ending::Failed(_)) => " · FAILED",
        };
        let mut line = format!("{} {}/{} sent{stage}", self.plan.verb, count_exact(self.sent as u64), count_exact(self.steps as u64));
        let mut counts: Vec<_> = self.counts().into_iter().filter(|(_, (class, _))| *class != Class::Untouched && *class != Class::Open).collect();
        counts.sort_by_key(|(_, (class, count))| (*class, std::cmp::Reverse(*count)));
        if !counts.is_empty() {
            line.push_str(" ·");
        }
        for (name, (_, count)) in counts {
            line.push_str(&format!(" {} {name}", count_exact(count as u64)));
        }
        line
    }

    /// How many of the targets whose outcome is certain did not go as wanted, and how many are certain. What failed once and will be tried
    /// again counts as failed: it tells as much of the cause as one that has no attempts left.
    pub fn failing(&self) -> (usize, usize) {
        let certain = |outcome: &&Outcome| matches!(outcome.class(), Class::Good | Class::Bad);
        let certain: Vec<_> = self.outcomes.iter().filter(certain).collect();
        (certain.iter().filter(|outcome| outcome.class() == Class::Bad).count(), certain.len())
    }
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
fn kinds(outcomes: &[Outcome]) -> Vec<Phrase<'_>> {
    // Without its message, and with a count of its own, the phrase tells the kind.
    phrases(outcomes.iter().map(|outcome| (outcome, if is_told_by_name(outcome) { outcome.name().to_owned() } else { outcome.counted(0) })))
}

/// What the engine said, by cause.
fn messages(outcomes: &[Outcome]) -> Vec<Phrase<'_>> {
    phrases(outcomes.iter().filter_map(|outcome| Some((outcome, Signature::of(Some(outcome.message()?))))))
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

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::action::example;
    use crate::action::ledger::Reading;
    use crate::action::outcome::{Proof, Waiting};
    use crate::action::target::Target;
    use crate::model::section::Moment;

    /// A ledger of a retry with these outcomes.
    pub fn ledger(outcomes: Vec<Outcome>) -> Ledger {
        let mut plan = example::retry(outcomes.len());
        plan.profile = Some("test".into());
        plan.choices.reason = "card service is back".into();
        plan.targets = plan.targets.iter().map(|target| Target { business_key: Some(format!("=ORDER-{}", target.label).into()), ..target.clone() }).collect();
        let sent = outcomes.iter().filter(|outcome| outcome.class() != Class::Untouched).count();
        let began = Moment { instant: Moment::now().instant, wall: "2026-11-21T02:00:00Z".parse().expect("a moment") };
        Ledger {
            plan: Arc::new(plan),
            sentence: "Retry 3 jobs".into(),
            stage: Stage::Sending,
            steps: outcomes.len(),
            sent,
            outcomes,
            began,
            ended: None,
            pace: 5.0,
            reading: Reading::default(),
            look: Vec::new(),
            notes: Vec::new(),
            head: None,
        }
    }

    fn failed(message: &str) -> Outcome {
        Outcome::FailedAgain { message: Some(message.into()) }
    }

    #[test]
    fn messages_of_one_cause_are_told_once_and_the_most_frequent_outcome_comes_first() {
        let mut outcomes = vec![
            Outcome::FailedAgain { message: None },
            failed("order 17: Card service answered 503"),
            failed("order 18: Card service answered 503"),
            failed("other"),
        ];
        outcomes.extend(vec![Outcome::Succeeded(Proof::JobLog); 97]);
        outcomes.extend(vec![Outcome::Waits(Waiting::Suspended("its instance")), Outcome::Waits(Waiting::Suspended("its job definition"))]);
        assert_eq!(
            ledger(outcomes).summary(),
            "97 succeeded, 4 failed again, 2 wait: suspended · “order 17: Card service answered 503” and 1 like it with other ids, “other”"
        );
    }

    #[test]
    fn messages_that_differ_only_in_ids_are_told_from_those_that_are_the_same() {
        let summary = |messages: &[&str]| ledger(messages.iter().map(|message| failed(message)).collect()).summary();
        assert_eq!(summary(&["order 17: gone", "order 17: gone"]), "2 failed again · “order 17: gone” 2×");
        assert_eq!(summary(&["order 17: gone", "order 18: gone", "order 17: gone"]), "3 failed again · “order 17: gone” 2× and 1 like it with other ids");
    }

    #[test]
    fn a_summary_stays_short_and_its_numbers_add_up() {
        let words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota"];
        let summary = ledger(words.into_iter().map(failed).collect()).summary();
        assert_eq!(summary, "9 failed again · “alpha”, “beta”, “gamma” and 6 more messages");
    }

    #[test]
    fn the_headline_tells_what_was_sent_and_what_is_certain() {
        let mut ledger = ledger(vec![Outcome::Succeeded(Proof::JobLog), failed("x"), Outcome::Accepted, Outcome::Planned]);
        assert_eq!(ledger.headline(), "retry 3/4 sent · 1 succeeded 1 failed again");
        ledger.stage = Stage::Paused(PausedBy::Operator);
        assert_eq!(ledger.headline(), "retry 3/4 sent · PAUSED · 1 succeeded 1 failed again");
        assert_eq!(ledger.counts()["succeeded"], (Class::Good, 1));
        assert_eq!(ledger.failing(), (1, 2));
    }
}
