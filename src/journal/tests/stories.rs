//! What is told of actions: one with everything, all in short, what is frozen.

use super::*;

const NIGHT: &str = "2026-11-21T02:35:01Z";

fn append_all(desk: &Desk, entries: impl IntoIterator<Item = Entry>) {
    for entry in entries {
        desk.append(NIGHT, &entry);
    }
}

fn freeze(action: &str, targets: u64) -> Entry {
    Entry::Intent(Box::new(intent(action, FREEZE, targets)))
}

fn thaw(action: &str, of: &str, targets: u64) -> Entry {
    Entry::Intent(Box::new(Intent { thaw_of: Some(of.into()), ..intent(action, THAW, targets) }))
}

/// A freeze or thaw that did everything.
fn all_good(action: &str, targets: u64) -> Vec<Entry> {
    let each = |index| [sent(action, index), answered(action, index, Answer::Accepted), outcome(action, index, "succeeded", Class::Good)];
    (0..targets).flat_map(each).chain([end(action, How::Done, &[("succeeded", Class::Good, targets)])]).collect()
}

fn left(desk: &Desk) -> Option<(String, Vec<String>)> {
    let frozen = desk.journal.archive().frozen(&engine()).unwrap()?;
    Some((frozen.freeze.intent.action.to_string(), frozen.left.iter().map(|target| target.id.to_string()).collect()))
}

#[test]
fn an_action_is_told_with_its_latest_outcomes() {
    let desk = Desk::new();
    append_all(
        &desk,
        [
            begin("a1", 3),
            begin("a10", 1),
            sent("a1", 0),
            sent("a10", 0),
            answered("a1", 0, Answer::Accepted),
            sent("a1", 1),
            answered("a1", 1, Answer::Unknown),
            outcome("a1", 0, "waits", Class::Waiting),
            outcome("a1", 0, "failed again", Class::Bad),
            end("a1", How::Stopped, &[("failed again", Class::Bad, 1), ("never sent", Class::Untouched, 2)]),
        ],
    );
    let story = desk.journal.archive().action("a1").unwrap().unwrap();
    assert_eq!((story.intent, story.seq, story.at), (intent("a1", "retry", 3), 1, moment(NIGHT)));
    assert_eq!(story.sent.into_keys().collect::<Vec<_>>(), [0, 1]);
    assert_eq!(story.answers.values().map(|answer| answer.answer).collect::<Vec<_>>(), [Answer::Accepted, Answer::Unknown]);
    assert_eq!(story.outcomes.values().map(|outcome| (outcome.target, outcome.name.as_wire())).collect::<Vec<_>>(), [(0, "failed again")]);
    assert_eq!(story.standing, Standing::Over(How::Stopped));
    assert!(desk.journal.archive().action("a").unwrap().is_none());
}

#[test]
fn summaries_count_latest_outcomes_until_an_end_tells_the_sum() {
    let desk = Desk::new();
    append_all(&desk, [begin("a1", 3), sent("a1", 0), outcome("a1", 0, "waits", Class::Waiting), outcome("a1", 0, "succeeded", Class::Good)]);
    let only = |desk: &Desk| desk.journal.archive().summaries(None).unwrap().remove(0);
    let summary = only(&desk);
    assert_eq!((summary.targets, summary.sent, summary.standing), (3, 1, Standing::UnderWay));
    assert_eq!(summary.counts, [Count { name: "succeeded".into(), class: Class::Good, count: 1 }]);
    assert_eq!(summary.first_target.unwrap().to_string(), "payment v3 · Charge card 0");
    assert!(summary.intent.targets.is_empty() && summary.intent.requests.is_empty());
    append_all(&desk, [end("a1", How::Done, &[("succeeded", Class::Good, 2), ("failed again", Class::Bad, 1)])]);
    let summary = only(&desk);
    assert_eq!((summary.standing, summary.counts.len(), summary.sent, summary.is_failed()), (Standing::Over(How::Done), 2, 1, true));
    assert!(desk.journal.archive().summaries(Some("2026-11-22".parse().unwrap())).unwrap().is_empty());
}

#[test]
fn an_installation_is_kept_and_lines_from_before_there_was_one_stay_as_they_are() {
    let desk = Desk::new();
    let known = Intent { engine: Engine { installation: Some("one".into()), ..engine() }, ..intent("b", "retry", 1) };
    desk.journal.append(&begin("a", 1)).unwrap();
    desk.journal.append(&Entry::Intent(Box::new(known))).unwrap();
    let written = serde_json::to_string(&engine()).unwrap();
    assert_eq!(written, r#"{"url":"http://h:8080/engine-rest","version":"Camunda 7.24.0"}"#, "an older line is read and hashed as it is");
    let installation = |action: &str| desk.journal.archive().action(action).unwrap().unwrap().intent.engine.installation;
    assert_eq!((installation("a"), installation("b")), (None, Some("one".into())));
    assert!(desk.journal.archive().verify(None).unwrap().is_whole());
}

#[test]
fn what_is_frozen_is_told_until_it_is_thawed() {
    let desk = Desk::new();
    assert_eq!(left(&desk), None);
    append_all(&desk, [freeze("f1", 3)].into_iter().chain(all_good("f1", 3)));
    let all = ["job-0", "job-1", "job-2"].map(str::to_owned).to_vec();
    assert_eq!(left(&desk), Some(("f1".to_owned(), all.clone())));
    // Another engine's freeze and a thaw that did nothing change nothing.
    let elsewhere = Intent { engine: Engine { url: "http://other".into(), ..engine() }, ..intent("f2", FREEZE, 1) };
    append_all(&desk, [Entry::Intent(Box::new(elsewhere)), sent("f2", 0), thaw("t0", "f1", 3), sent("t0", 0), answered("t0", 0, Answer::Rejected)]);
    assert_eq!(left(&desk), Some(("f1".to_owned(), all)));
    append_all(&desk, [thaw("t1", "f1", 3), sent("t1", 0), outcome("t1", 0, "succeeded", Class::Good)]);
    assert_eq!(left(&desk), Some(("f1".to_owned(), vec!["job-1".to_owned(), "job-2".to_owned()])), "a thaw that was interrupted");
    append_all(&desk, [thaw("t2", "f1", 3)].into_iter().chain(all_good("t2", 3)));
    assert_eq!(left(&desk), None);
}

#[test]
fn a_freeze_that_was_interrupted_left_frozen_what_it_may_have_reached() {
    let desk = Desk::new();
    append_all(&desk, [freeze("f1", 5), sent("f1", 0), answered("f1", 0, Answer::Accepted), outcome("f1", 0, "succeeded", Class::Good)]);
    append_all(&desk, [sent("f1", 1), answered("f1", 1, Answer::Rejected), outcome("f1", 1, "rejected", Class::Bad)]);
    append_all(&desk, [sent("f1", 2), answered("f1", 2, Answer::NotSent), sent("f1", 3)]);
    assert_eq!(left(&desk), Some(("f1".to_owned(), vec!["job-0".to_owned(), "job-3".to_owned()])));
}

#[test]
fn after_the_latest_freeze_is_thawed_the_one_before_it_is_told() {
    let desk = Desk::new();
    append_all(&desk, [freeze("f1", 2)].into_iter().chain(all_good("f1", 2)).chain([freeze("f2", 1)]).chain(all_good("f2", 1)));
    assert_eq!(left(&desk).unwrap().0, "f2");
    append_all(&desk, [thaw("t2", "f2", 1)].into_iter().chain(all_good("t2", 1)));
    assert_eq!(left(&desk).unwrap().0, "f1");
}

#[test]
fn what_a_run_was_left_with_unknown_is_left_under_way_until_somebody_looked() {
    let desk = Desk::new();
    let left_with = |action: &str, how, unknown| Entry::End(End { action: action.into(), how, words: None, counts: Vec::new(), unknown });
    let now = |entry: Entry| assert!(desk.journal.append(&entry).is_ok());
    for (action, how, unknown) in [("quit", How::Quit, vec![0, 2]), ("known", How::Quit, vec![]), ("done", How::Done, vec![1]), ("gone", How::HungUp, vec![1])]
    {
        [begin(action, 3), sent(action, 0), sent(action, 2), left_with(action, how, unknown)].into_iter().for_each(now);
    }
    let left = || {
        let left = desk.journal.archive().under_way(Some(&engine())).unwrap();
        left.into_iter().map(|left| (left.action.to_string(), left.sent, left.of, left.unknown)).collect::<Vec<_>>()
    };
    assert_eq!(left(), [("quit".to_owned(), 2, 3, Some(2)), ("gone".to_owned(), 2, 3, Some(1))]);
    now(Entry::ReadBack(ReadBack { action: "quit".into(), who: who(), counts: Vec::new(), unknown: vec![0] }));
    assert_eq!(left().len(), 1);
}

#[test]
fn what_living_runs_are_at_is_told_with_its_targets() {
    let desk = Desk::new();
    let other = desk.another();
    for action in ["a", "over"] {
        other.append(&begin(action, 2)).unwrap();
    }
    other.append(&end("over", How::Done, &[])).unwrap();
    let at_work = |engine: &Engine| {
        let known = desk.journal.archive().at_work(engine).unwrap();
        known.into_iter().map(|known| (known.intent.action.to_string(), known.intent.targets.len())).collect::<Vec<_>>()
    };
    assert_eq!(at_work(&engine()), [("a".to_owned(), 2)]);
    assert_eq!(at_work(&Engine { url: "https://elsewhere".into(), ..engine() }), []);
    drop(other);
    assert_eq!(at_work(&engine()), [], "whoever is gone is at nothing");
}
