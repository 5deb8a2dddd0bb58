//! What `bpmtop journal` prints: read by somebody who was woken up, and by programs.

use jiff::Zoned;

use super::*;
use crate::journal::tests::{Desk, answered, begin, end, intent, moment, outcome, sent, who};
use crate::journal::{Answer, Answered, Before, Class, End, Entry, FREEZE, How, Intent, Note, Outcome, ReadBack, Target, Who};

/// A night: a retry that went well but for one, a freeze somebody else began and was killed in, a cancellation that was refused.
fn night() -> Desk {
    let desk = Desk::new();
    let message = Entry::Outcome(Outcome {
        action: "20261121-013501-1".into(),
        target: 1,
        name: "failed again".into(),
        class: Class::Bad,
        words: Some("SAP says | \"no\",\n=1+1 \u{1b}[31m".into()),
    });
    let retry = "20261121-013501-1";
    desk.append("2026-11-21T01:35:01Z", &begin(retry, 2));
    desk.append("2026-11-21T01:35:02Z", &sent(retry, 0));
    desk.append("2026-11-21T01:35:02Z", &answered(retry, 0, Answer::Accepted));
    desk.append("2026-11-21T01:35:03Z", &outcome(retry, 0, "succeeded", Class::Good));
    desk.append("2026-11-21T01:35:03Z", &sent(retry, 1));
    desk.append("2026-11-21T01:35:04Z", &answered(retry, 1, Answer::Accepted));
    desk.append("2026-11-21T01:35:09Z", &message);
    desk.append("2026-11-21T01:35:10Z", &end(retry, How::Done, &[("succeeded", Class::Good, 1), ("failed again", Class::Bad, 1)]));
    let bob = Who { user: "bpm".into(), sudo_user: Some("bob".into()), ssh: None, engine_user: None, ..who() };
    let freeze = Intent { who: bob, profile: None, reason: None, ..intent("20261121-024500-1", FREEZE, 100) };
    desk.append("2026-11-21T02:45:00Z", &Entry::Intent(Box::new(freeze)));
    (0..37).for_each(|step| drop(desk.append("2026-11-21T02:45:01Z", &sent("20261121-024500-1", step)).short()));
    let instance = Target {
        kind: "process instance".into(),
        id: "i-1".into(),
        label: "=HYPERLINK(\"x\")".into(),
        business_key: Some("-7, *and* more".into()),
        instance: Some("i-1".into()),
        before: Before::default(),
    };
    let held = Target { kind: "job".into(), before: Before { due: Some(moment("2026-11-24T05:00:00Z")), ..Before::default() }, ..instance.clone() };
    let cancel = Intent {
        held: vec![held],
        targets: vec![instance],
        requests: Vec::new(),
        steps: 1,
        sentence: "cancel =HYPERLINK(\"x\")".into(),
        ..intent("20261122-230000-1", "cancel", 0)
    };
    desk.append("2026-11-22T23:00:00Z", &Entry::Intent(Box::new(cancel)));
    desk.append("2026-11-22T23:00:00Z", &sent("20261122-230000-1", 0));
    let refused = Answered { words: Some("403".into()), ..rejected("20261122-230000-1") };
    desk.append("2026-11-22T23:00:00Z", &Entry::Answered(refused));
    desk.append("2026-11-22T23:00:01Z", &outcome("20261122-230000-1", 0, "rejected", Class::Bad));
    desk.append("2026-11-22T23:00:01Z", &end("20261122-230000-1", How::Failed, &[("rejected", Class::Bad, 1)]));
    desk.die()
}

fn rejected(action: &str) -> Answered {
    Answered { action: action.into(), step: 0, answer: Answer::Rejected, words: None, batch: None }
}

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

fn listed(desk: &Desk, filter: &Filter) -> String {
    let all = Archive::at(&desk.folder()).summaries(filter.day()).unwrap();
    let count = all.len();
    page::list(&filter.wanted(&all), count, Path::new("/state/journal"), &berlin())
}

fn told(desk: &Desk, action: &str) -> Story {
    Archive::at(&desk.folder()).action(action).unwrap().unwrap()
}

#[test]
fn the_list_tells_who_did_what_where_and_what_became_of_it() {
    insta::assert_snapshot!("list", listed(&night(), &Filter::default()));
}

#[test]
fn the_list_shows_business_key_and_reason_within_120_columns_however_long_they_are() {
    let desk = Desk::new();
    let long = |text: &str| Exact::from(text.repeat(60));
    let mut action = intent("20260301T120000.123Z-0123abcd", "suspend process definitions by pattern", 3);
    (action.profile, action.reason, action.who.user) = (Some(long("prod")), Some(long("SAP ")), long("ann"));
    action.targets[0].label = long("label");
    desk.append("2026-11-21T01:35:01Z", &Entry::Intent(Box::new(action)));
    let list = listed(&desk, &Filter::default());
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines.iter().all(|line| crate::text::width(line) <= 120), "{list}");
    assert!(lines[1].contains("20260301T120000.123Z-0123abcd") && lines[1].ends_with(" 3"), "{list}");
    assert!(lines[2].starts_with("    ORDER-0 and 2 more; reason: SAP SAP"), "{list}");
}

#[test]
fn one_action_is_told_with_all_of_its_targets_and_requests() {
    let desk = night();
    insta::assert_snapshot!("retry", page::story(&told(&desk, "20261121-013501-1"), None, &berlin()));
    insta::assert_snapshot!("cancel", page::story(&told(&desk, "20261122-230000-1"), None, &berlin()));
    let freeze = page::story(&told(&desk, "20261121-024500-1"), None, &berlin());
    let lines: Vec<&str> = freeze.lines().filter(|line| line.starts_with("outcome") || line.contains("job-36") || line.contains("job-37")).collect();
    insta::assert_snapshot!("freeze", lines.join("\n"));
}

#[test]
fn what_a_later_run_found_out_is_told() {
    let desk = night();
    let read = ReadBack { action: "20261121-024500-1".into(), who: who(), counts: Vec::new(), unknown: vec![36] };
    desk.append("2026-11-23T06:00:00Z", &Entry::ReadBack(read));
    let list = listed(&desk, &Filter::default());
    assert!(list.contains("its end was not recorded, 37 of 100 sent, read back"), "{list}");
    assert!(page::story(&told(&desk, "20261121-024500-1"), None, &berlin()).contains("read back  2026-11-23 07:00:00 +01:00 by ann as demo"));
}

#[test]
fn every_filter_leaves_out_what_does_not_match() {
    let desk = night();
    let text = |text: &str| Some(text.to_owned());
    for (filter, actions) in [
        (Filter::default(), vec!["20261121-013501-1", "20261121-024500-1", "20261122-230000-1"]),
        (Filter { since: Some(moment("2026-11-21T02:00:00Z")), ..Filter::default() }, vec!["20261121-024500-1", "20261122-230000-1"]),
        (Filter { verb: text("Retry"), ..Filter::default() }, vec!["20261121-013501-1"]),
        (Filter { user: text("bob"), ..Filter::default() }, vec!["20261121-024500-1"]),
        (Filter { user: text("demo"), verb: text("cancel"), ..Filter::default() }, vec!["20261122-230000-1"]),
        (Filter { profile: text("prod"), ..Filter::default() }, vec!["20261121-013501-1", "20261122-230000-1"]),
        (Filter { engine: text("h:8080"), failed: true, ..Filter::default() }, vec!["20261121-013501-1", "20261121-024500-1", "20261122-230000-1"]),
        (Filter { engine: text("elsewhere"), ..Filter::default() }, vec![]),
    ] {
        let list = listed(&desk, &filter);
        let shown: Vec<&str> = list.lines().skip(1).filter(|line| !line.starts_with(' ')).filter_map(|line| line.split_whitespace().nth(3)).collect();
        if actions.is_empty() {
            assert_eq!(list, "none of the 3 actions is one of those asked for\n");
        } else {
            assert_eq!(shown, actions, "{filter:?}\n{list}");
        }
    }
}

#[test]
fn a_summary_made_of_a_story_is_the_one_of_the_list() {
    let desk = night();
    let archive = Archive::at(&desk.folder());
    let (stories, summaries) = (archive.stories(None).unwrap(), archive.summaries(None).unwrap());
    assert_eq!(stories.len(), 3);
    for (story, summary) in stories.iter().zip(&summaries) {
        assert_eq!(format!("{:?}", Summary::of(story)), format!("{summary:?}"));
    }
}

#[test]
fn exports_are_safe_to_open_and_exact() {
    let desk = night();
    let only_bad = Filter { since: Some(moment("2026-11-22T00:00:00Z")), ..Filter::default() };
    let csv = export(&desk.folder(), &Filter { profile: Some("prod".into()), ..Filter::default() }, Format::Csv).unwrap().text;
    insta::assert_snapshot!("csv", csv);
    let stories = ["20261121-013501-1", "20261122-230000-1"].map(|action| one(&Archive::at(&desk.folder()), action).unwrap());
    let verified = Archive::at(&desk.folder()).verify(None).unwrap();
    let markdown = export::markdown(&stories, &verified, &berlin());
    insta::assert_snapshot!("markdown", markdown.replace(&verified.head.hash.to_string(), "HEAD"));
    let json = export(&desk.folder(), &only_bad, Format::Json).unwrap().text;
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read["head"], verified.head.hash.to_string());
    assert_eq!((read["whole"].as_bool(), read["actions"].as_array().unwrap().len()), (Some(true), 1));
    assert_eq!(read["actions"][0]["intent"]["targets"][0]["label"], "=HYPERLINK(\"x\")");
    let json = list(&desk.folder(), &Filter { action: Some("20261121-013501-1".into()), ..Filter::default() }, true).unwrap().text;
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read["outcomes"][1]["words"], "SAP says | \"no\",\n=1+1 \u{1b}[31m");
    assert!(!json.contains('\u{1b}'), "written as an escape");
    let json = list(&desk.folder(), &Filter::default(), true).unwrap().text;
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((read[1]["standing"].as_str(), read[1]["targets"].as_u64(), read[1]["sent"].as_u64()), (Some("unfinished"), Some(100), Some(37)));
}

#[test]
fn the_verdict_names_the_first_broken_line_and_what_became_of_the_head() {
    let desk = night();
    let head = desk.journal.head().unwrap();
    let printed = verify(&desk.folder(), Some(&head.short())).unwrap();
    assert_eq!(printed.extent, Extent::Whole);
    let place = desk.folder().display().to_string();
    let expected =
        format!("whole: 51 lines of 2 days, 2026-11-21 to 2026-11-22, in {place}\nhead: {} (line 51)\nthe head you kept is the last line\n", head.hash);
    assert_eq!(printed.text, expected);
    assert_eq!(verify(&desk.folder(), Some("0123456789ab")).unwrap().extent, Extent::Nothing);
    let file = desk.folder().join("2026-11-21.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("SAP is back", "SAP was back", 1)).unwrap();
    let printed = verify(&desk.folder(), None).unwrap();
    assert_eq!(printed.extent, Extent::Nothing);
    assert!(printed.text.starts_with("BROKEN at 2026-11-21.jsonl, line 2: it does not continue line 1: one of the two was changed\n"), "{}", printed.text);
}

#[test]
fn an_empty_journal_says_where_it_would_be() {
    let nowhere = Path::new("/nonexistent/journal");
    assert_eq!(list(nowhere, &Filter::default(), false).unwrap().text, "no action is recorded in /nonexistent/journal\n");
    assert_eq!(list(nowhere, &Filter::default(), true).unwrap().text, "[]\n");
    assert_eq!(verify(nowhere, None).unwrap(), Printed::whole("whole: no lines in /nonexistent/journal\n".to_owned()));
    let unknown = list(nowhere, &Filter { action: Some("a\u{1b}1".into()), ..Filter::default() }, false);
    assert!(matches!(unknown, Err(Stop::Setup(error)) if error.to_string().starts_with("the journal knows no action a␛1;")));
}

#[test]
fn a_time_is_a_day_a_moment_or_how_long_ago() {
    let now: Zoned = "2026-11-21T03:00:00+01:00[Europe/Berlin]".parse().unwrap();
    for (text, expected) in [
        ("2026-11-20", "2026-11-19T23:00:00Z"),
        ("2026-11-20 02:00", "2026-11-20T01:00:00Z"),
        ("2026-11-20T02:00", "2026-11-20T01:00:00Z"),
        ("2026-11-20T02:00:00Z", "2026-11-20T02:00:00Z"),
        ("8h", "2026-11-20T18:00:00Z"),
        ("3d", "2026-11-18T02:00:00Z"),
        ("90 min", "2026-11-21T00:30:00Z"),
    ] {
        assert_eq!(since(text, &now), Ok(moment(expected)), "{text}");
    }
    for text in ["", "yesterday", "2026-13-01", "8"] {
        assert!(since(text, &now).is_err(), "{text}");
    }
}

/// A resumption that left a job otherwise than it was to keep it, and, with a name, the action that put it back.
fn left_something(put_back_by: Option<&str>) -> Desk {
    let desk = Desk::new();
    let action = "20261124-013501-1";
    let held = |index: u64| Target {
        before: Before { due: Some(moment("2026-11-24T05:00:00Z")), ..Before::default() },
        ..intent("", "", index + 1).targets[0].clone()
    };
    let resumption = Intent { held: vec![held(0)], ..intent(action, "resume instances", 1) };
    desk.append("2026-11-24T01:35:01Z", &Entry::Intent(Box::new(resumption)));
    desk.append("2026-11-24T01:35:01Z", &sent(action, 0));
    let look = "LOOK AT job job-0: it stays due 2027-11-24 01:35:00+00:00; its old due date, 2026-11-24 05:00:00+00:00, was not put back";
    let Entry::Outcome(succeeded) = outcome(action, 0, "succeeded", Class::Good) else { unreachable!() };
    let words = format!("succeeded (read back); {look}");
    desk.append("2026-11-24T01:35:02Z", &Entry::Outcome(Outcome { words: Some(words.as_str().into()), ..succeeded }));
    for words in ["the first few did well", look, "LOOK: 1 jobs that were to stay as they were have another due date: | <job-0>"] {
        desk.append("2026-11-24T01:35:02Z", &Entry::Note(Note { action: action.into(), words: words.into() }));
    }
    let words = format!("the login was refused; {look}; LOOK: 1 jobs");
    let Entry::End(over) = end(action, How::Failed, &[("succeeded", Class::Good, 1)]) else { unreachable!() };
    desk.append("2026-11-24T01:35:03Z", &Entry::End(End { words: Some(words.as_str().into()), ..over }));
    if let Some(by) = put_back_by {
        let back = Intent { held: vec![held(0)], puts_back: Some(action.into()), ..intent(by, "put back", 1) };
        desk.append("2026-11-24T01:50:00Z", &Entry::Intent(Box::new(back)));
        desk.append("2026-11-24T01:50:00Z", &sent(by, 0));
        desk.append("2026-11-24T01:50:02Z", &end(by, How::Done, &[("succeeded", Class::Good, 1)]));
    }
    desk
}

#[test]
fn what_has_to_be_looked_at_is_marked_in_the_list_and_told_at_the_end_under_a_heading() {
    let desk = left_something(None);
    let list = listed(&desk, &Filter::default());
    assert!(list.trim_end().ends_with("LOOK: 2 things; FAILED, 1 of 1 sent; 1 succeeded; the login was refused"), "{list}");
    assert_eq!(list, listed(&desk, &Filter { failed: true, ..Filter::default() }), "it is to be looked at");
    let told = page::story(&told(&desk, "20261124-013501-1"), None, &berlin());
    let end = told.split("\nLOOK AT THIS").nth(1).expect("a heading");
    insta::assert_snapshot!("looks", format!("LOOK AT THIS{end}"));
    assert!(!told.split("\nLOOK AT THIS").next().expect("the rest").contains("LOOK"), "it is told once: {told}");
}

#[test]
fn what_was_put_back_since_says_by_which_action() {
    let desk = left_something(Some("20261124-025000-1"));
    let list = listed(&desk, &Filter::default());
    assert!(list.contains("2 things to look at, put back by 20261124-025000-1; FAILED"), "{list}");
    assert!(!list.contains("LOOK"), "{list}");
    let told = list_of(&desk, "20261124-013501-1");
    assert!(told.contains("\nLeft otherwise than it was meant to be, and put back by 20261124-025000-1:\n  LOOK AT job job-0: "), "{told}");
    assert!(list_of(&desk, "20261124-025000-1").contains("puts back  20261124-013501-1\n"));
}

#[test]
fn what_was_put_back_since_is_no_failure_any_more_and_exports_name_the_action_that_did_it() {
    let desk = left_something(Some("20261124-025000-1"));
    let failed = Filter { failed: true, ..Filter::default() };
    assert_eq!(listed(&desk, &failed), "none of the 2 actions is one of those asked for\n");
    assert_eq!(export(&desk.folder(), &failed, Format::Csv).unwrap().text.lines().count(), 1);
    let read = |json: String| serde_json::from_str::<serde_json::Value>(&json).unwrap();
    let one = Filter { action: Some("20261124-013501-1".into()), ..Filter::default() };
    let short = read(list(&desk.folder(), &Filter::default(), true).unwrap().text);
    assert_eq!((&short[0]["put_back_by"], &short[1]["put_back_by"]), (&"20261124-025000-1".into(), &serde_json::Value::Null));
    assert_eq!(read(list(&desk.folder(), &one, true).unwrap().text)["put_back_by"], "20261124-025000-1");
    for filter in [&one, &Filter::default()] {
        assert_eq!(read(export(&desk.folder(), filter, Format::Json).unwrap().text)["actions"][0]["put_back_by"], "20261124-025000-1");
        let csv = export(&desk.folder(), filter, Format::Csv).unwrap().text;
        assert!(csv.lines().nth(1).is_some_and(|row| row.contains(",failed,action,") && row.ends_with(",20261124-025000-1")), "{csv}");
        let markdown = export(&desk.folder(), filter, Format::Markdown).unwrap().text;
        assert!(markdown.contains("- Put back by: 20261124-025000-1\n- LOOK AT job"), "{markdown}");
    }
}

fn list_of(desk: &Desk, action: &str) -> String {
    list(&desk.folder(), &Filter { action: Some(action.into()), ..Filter::default() }, false).unwrap().text
}

#[test]
fn exports_carry_what_has_to_be_looked_at_as_a_field_of_its_own() {
    let desk = left_something(None);
    let json = export(&desk.folder(), &Filter::default(), Format::Json).unwrap().text;
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    let looks = read["actions"][0]["look"].as_array().unwrap();
    assert_eq!(looks.len(), 2);
    assert!(looks[0].as_str().is_some_and(|look| look.starts_with("LOOK AT job job-0: it stays due")), "{looks:?}");
    let short: serde_json::Value = serde_json::from_str(&list(&desk.folder(), &Filter::default(), true).unwrap().text).unwrap();
    assert_eq!(short[0]["look"], read["actions"][0]["look"]);
    let csv = export(&desk.folder(), &Filter::default(), Format::Csv).unwrap().text;
    let rows: Vec<&str> = csv.lines().collect();
    assert!(rows[0].ends_with(",words,look,put_back_by") && rows[1].contains(",action,20261124-013501-1,") && rows[1].contains("LOOK AT job job-0: "), "{csv}");
    assert!(rows[1].contains("; LOOK: 1 jobs that were") && rows.len() == 3 && rows[2].contains(",job,job-0,"), "{csv}");
    assert!(rows[2].ends_with(",,"), "once an action, however many targets it has: {csv}");
    let markdown = export(&desk.folder(), &Filter::default(), Format::Markdown).unwrap().text;
    assert!(markdown.contains("- **LOOK: 1 jobs that were to stay as they were have another due date: \\| \\<job-0\\>**\n"), "{markdown}");
    let none = export(&night().folder(), &Filter::default(), Format::Json).unwrap().text;
    let none: serde_json::Value = serde_json::from_str(&none).unwrap();
    assert_eq!(none["actions"][0]["look"], serde_json::json!([]));
}
