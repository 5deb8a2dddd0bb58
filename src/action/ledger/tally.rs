//! The outcomes of a ledger counted, and told in a few words for the status line.

use std::collections::BTreeMap;

use super::{Ending, Ledger, PausedBy, Stage};
use crate::action::outcome::Class;
use crate::action::outcome::sum::{parts, sum};
use crate::text::count_exact;

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
        sum(self.outcomes.iter())
    }

    /// The parts of the summary, each with the class of what it counts; none for what stands between them and for the engine's words.
    pub fn summary_parts(&self) -> Vec<(String, Option<Class>)> {
        parts(self.outcomes.iter())
    }

    /// Where it stands, for the status line: `retry 37/100 sent · 35 succeeded 1 failed again`.
    pub fn headline(&self) -> String {
        let stage = match &self.stage {
            Stage::Canary => " · the first few",
            Stage::Sending => "",
            Stage::Paused(PausedBy::Operator) => " · PAUSED",
            Stage::Paused(PausedBy::Canary(_)) => " · PAUSED by itself: the first few",
            Stage::Paused(PausedBy::Failures(_)) => " · PAUSED by itself: failures",
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
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::action::example;
    use crate::action::ledger::Reading;
    use crate::action::outcome::{Outcome, Proof, Waiting};
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
    fn each_count_of_a_summary_has_the_class_of_what_it_counts() {
        let mut outcomes = vec![Outcome::Succeeded(Proof::JobLog); 3];
        outcomes.extend([failed("503"), failed("503"), Outcome::Waits(Waiting::Executor)]);
        let parts = ledger(outcomes).summary_parts();
        let counts: Vec<_> = parts.iter().filter_map(|(words, class)| Some((words.as_str(), (*class)?))).collect();
        assert_eq!(counts, [("3 succeeded", Class::Good), ("2 failed again", Class::Bad), ("1 waits: no executor took them yet", Class::Waiting)]);
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
    }
}
