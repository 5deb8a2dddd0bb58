//! What is asked about single instances: how often, what is kept of it and for how long, and what a missing answer means.

use super::*;
use crate::model::inquiry::{Tokens, VariablesAsk, Which};

#[test]
fn variables_are_read_once_and_forgotten_when_nobody_looks_at_them() {
    let mut play = play();
    play.pass(SECONDS(1));
    let ask = Inquiry::Variables(VariablesAsk { instance: "p1".into(), page: 0, reading: 0 });
    play.picture.look(Looking { inquiries: vec![ask.clone()], ..Looking::default() });
    let asked = |asked: &[Asked]| asked.iter().filter(|asked| matches!(asked.ask, Ask::Inquiries(_))).count();
    assert_eq!(asked(play.pass(SECONDS(60))), 1, "not again by itself");
    assert!(play.snapshot().findings.contains_key(&ask));
    play.picture.look(Looking::default());
    assert!(!play.snapshot().findings.contains_key(&ask), "values may be secret");
    // An answer that is under way when the page is left comes to nobody.
    play.find(std::slice::from_ref(&ask), |play, _| play.answer_to_variables());
    assert!(!play.snapshot().findings.contains_key(&ask));
}

#[test]
fn a_variables_answer_that_arrives_after_a_refresh_is_forgotten_all_the_same() {
    let mut play = play();
    play.pass(SECONDS(1));
    let ask = Inquiry::Variables(VariablesAsk { instance: "p1".into(), page: 0, reading: 0 });
    play.picture.look(Looking { inquiries: vec![ask.clone()], ..Looking::default() });
    play.picture.sent(Question::Inquiries, Lane::Foreground, &Ask::Inquiries(vec![ask.clone()]), play.now);
    play.picture.refresh();
    play.find(std::slice::from_ref(&ask), |play, _| play.answer_to_variables());
    assert!(play.snapshot().findings.contains_key(&ask));
    play.picture.look(Looking::default());
    assert!(!play.snapshot().findings.contains_key(&ask), "values may be secret");
}

#[test]
fn what_is_needed_seldom_is_asked_once_and_then_every_minute_until_it_is_looked_at() {
    let mut play = play();
    play.pass(SECONDS(1));
    let tokens = |number: usize| Inquiry::Tokens(format!("p{number}").as_str().into());
    let rows = |selected: usize| {
        let seldom = (0..50).filter(|number| *number != selected).map(tokens).collect();
        Looking { inquiries: vec![tokens(selected)], seldom, ..Looking::default() }
    };
    play.picture.look(rows(0));
    let inquiries =
        |asked: &[Asked]| asked.iter().filter_map(|asked| if let Ask::Inquiries(all) = &asked.ask { Some(all.clone()) } else { None }).flatten().collect();
    let mut asked: Vec<Inquiry> = inquiries(play.pass(SECONDS(2)));
    assert_eq!(asked[0], tokens(0), "most needed first");
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), 50, "all are asked once");
    let asked: Vec<Inquiry> = inquiries(play.pass(SECONDS(50)));
    assert!((3..=5).contains(&asked.len()) && asked.iter().all(|inquiry| *inquiry == tokens(0)), "{asked:?}");
    // 52 s old: fresh enough beside the cursor, not under it.
    play.picture.look(rows(7));
    let asked: Vec<Inquiry> = inquiries(play.pass(SECONDS(1)));
    assert_eq!(asked, [tokens(7)]);
    assert!(inquiries(play.pass(SECONDS(12))).len() >= 48, "the others after a minute");
}

#[test]
fn of_too_many_findings_those_of_instances_on_the_page_stay_and_a_trace_goes_with_its_page() {
    let mut play = play();
    play.pass(SECONDS(1));
    let page = |number: u32| Inquiry::Called("p1".into(), Which::Running, number);
    let trace = Inquiry::FailureTrace("entry".into());
    let others = (0..3_000).map(|number| Inquiry::Tokens(format!("other{number}").as_str().into()));
    let all: Vec<Inquiry> = others.chain([page(0), page(7), trace.clone()]).collect();
    play.picture.look(Looking { inquiries: vec![trace.clone()], ..Looking::default() });
    play.find(&all, |_, inquiry| Ok(if matches!(inquiry, Inquiry::FailureTrace(_)) { Finding::FailureTrace(None) } else { Finding::Tokens(Tokens::Gone) }));
    assert_eq!(play.snapshot().findings.len(), 3_003);
    play.picture.look(Looking { inquiries: vec![page(0)], ..Looking::default() });
    let mut kept: Vec<Inquiry> = play.snapshot().findings.keys().cloned().collect();
    kept.sort();
    assert_eq!(kept, [page(0), page(7)], "a page out of sight is a part of what is shown");
    play.find(std::slice::from_ref(&trace), |_, _| Ok(Finding::FailureTrace(None)));
    assert!(!play.snapshot().findings.contains_key(&trace), "nobody waits for it any more");
}

#[test]
fn a_trace_is_dropped_when_its_page_is_left_however_few_findings_there_are() {
    let mut play = play();
    let trace = Inquiry::FailureTrace("entry".into());
    play.picture.look(Looking { inquiries: vec![trace.clone()], ..Looking::default() });
    play.find(std::slice::from_ref(&trace), |_, _| Ok(Finding::FailureTrace(None)));
    assert!(play.snapshot().findings.contains_key(&trace));
    play.picture.look(Looking::default());
    assert!(!play.snapshot().findings.contains_key(&trace));
}

#[test]
fn an_inquiry_without_an_answer_makes_version_be_asked_and_is_no_sign_of_life() {
    let mut play = play();
    play.pass(SECONDS(10));
    let ask = Inquiry::Tokens("p1".into());
    play.picture.look(Looking { inquiries: vec![ask.clone()], ..Looking::default() });
    let none = |play: &mut Play| {
        let problem = crate::poll::ask::problem(&Wrong::TooSlow.error());
        let answered = Answered { reply: Reply::Findings(vec![(ask.clone(), Err(problem))], 1), elapsed: MS(1), requests: 1, engine_time: None };
        play.picture.succeed(Question::Inquiries, Ask::Inquiries(vec![ask.clone()]), answered, play.now);
    };
    none(&mut play);
    assert!(play.picture.schedule.is_urgent(Question::Version), "it tells whether the engine is there");
    assert!(!play.picture.schedule.is_backing_off(Question::Inquiries), "what other pages ask does not wait for it");
    play.everything_is(Wrong::Refused);
    play.pass(SECONDS(5));
    none(&mut play);
    assert!(matches!(play.snapshot().link, Link::Down { .. }));
}
