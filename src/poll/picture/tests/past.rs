//! The past in the picture: when it is asked for, on whose account, and what becomes of it.

use jiff::SignedDuration;

use super::super::super::backfill::Change;
use super::*;
use crate::model::grouping::GroupKey;
use crate::model::history::HistoryLevel;
use crate::model::rights::Right;
use crate::model::series::Bucket;
use crate::model::since::{Deployed, FirstSeen, Sighting};

/// What the made-up engine remembers.
#[derive(Default)]
pub struct Memory {
    /// Open incidents the history knows.
    pub known: u64,
    /// When instances were started.
    pub started: Vec<Timestamp>,
}

pub fn reply(play: &Play, ask: &Ask) -> Reply {
    match ask {
        Ask::Backfill(step) if step.change == Change::Started => {
            Reply::Count(play.memory.started.iter().filter(|at| **at >= step.after && **at <= step.before).count() as u64)
        }
        Ask::Backfill(_) => Reply::Count(0),
        Ask::FirstSeen(_) => {
            let sighting = Sighting { at: Timestamp::UNIX_EPOCH, definition: Some("payment:2:x".into()) };
            Reply::FirstSeen(FirstSeen { group: Some(sighting), signatures: HashMap::new() })
        }
        Ask::Deployment(_) => Reply::Deployment(Some(Deployed { name: None, at: Timestamp::UNIX_EPOCH })),
        _ => Reply::Count(play.memory.known),
    }
}

fn allowed(may_read: bool, known: u64) -> Play {
    let mut play = play();
    play.rights.note(Right::ReadHistory, may_read);
    play.memory.known = known;
    play
}

fn about_the_past(asked: &[Asked]) -> Vec<&Asked> {
    asked.iter().filter(|asked| asked.question.is_patient()).collect()
}

fn charge() -> GroupKey {
    GroupKey { tenant: None, process: Some("payment".into()), activity: Some("charge".into()), kind: "failedJob".into(), work: None }
}

#[test]
fn the_past_is_reconstructed_in_the_background_once_the_picture_is_complete() {
    let mut play = allowed(true, 3);
    // Two instances began within the last half hour; four run.
    play.memory.started = [1_700, 100].map(|ago| play.now.wall - SignedDuration::from_secs(ago)).to_vec();
    let settled = {
        while !play.snapshot().settled {
            let end = play.now.after(SECONDS(1));
            play.step(end);
        }
        play.asked.len()
    };
    play.pass(SECONDS(60));
    let (before, after) = play.asked.split_at(settled);
    assert_eq!(about_the_past(before).len(), 0);
    let asked = about_the_past(after);
    assert!(asked.iter().all(|asked| asked.lane == Lane::Background));
    assert!(asked.len() <= 12, "{} requests for two starts", asked.len());
    let snapshot = play.snapshot();
    let buckets = snapshot.figures[&Figure::Instances].series.buckets(play.now, SECONDS(3_600), 4);
    assert_eq!(buckets, [Bucket::Reconstructed(2.0), Bucket::Reconstructed(2.0), Bucket::Reconstructed(3.0), Bucket::Value(4.0)]);
    let roots = snapshot.figures[&Figure::IncidentsRoot].series.buckets(play.now, SECONDS(3_600), 2);
    assert_eq!(roots, [Bucket::Reconstructed(2.0), Bucket::Value(2.0)]);
    assert_eq!(about_the_past(play.pass(SECONDS(600))).len(), 0);
}

#[test]
fn a_history_that_cannot_be_read_is_not_asked_for_the_past_and_a_warning_says_why() {
    for (may_read, level, word) in [(false, HistoryLevel::Hidden, "READ_HISTORY missing"), (true, HistoryLevel::BelowFull, "below full")] {
        let mut play = allowed(may_read, 0);
        play.pass(SECONDS(10));
        play.picture.look(Looking { groups: vec![charge()], ..Looking::default() });
        play.pass(SECONDS(30));
        assert_eq!(about_the_past(&play.asked).len(), 0);
        let snapshot = play.snapshot();
        assert_eq!(snapshot.history, level);
        assert!(snapshot.warnings.iter().any(|warning| warning.contains(word)), "{:?}", snapshot.warnings);
        assert_eq!(snapshot.figures[&Figure::Instances].series.buckets(play.now, SECONDS(3_600), 2)[0], Bucket::Before);
    }
}

#[test]
fn the_first_incident_tells_a_history_level_that_was_not_known() {
    let mut play = allowed(true, 0);
    let incidents = std::mem::take(&mut play.incidents);
    play.pass(SECONDS(10));
    assert_eq!(play.snapshot().history, HistoryLevel::Unknown);
    assert!(!play.questions(SECONDS(20)).contains(&Question::History));
    (play.incidents, play.memory.known) = (incidents, 3);
    assert!(play.questions(SECONDS(10)).contains(&Question::History));
    assert_eq!(play.snapshot().history, HistoryLevel::Full);
}

#[test]
fn a_group_on_the_screen_is_looked_up_once_and_then_the_deployment_of_its_version() {
    let mut play = allowed(true, 3);
    play.pass(SECONDS(30));
    play.picture.look(Looking { groups: vec![charge()], ..Looking::default() });
    let asked: Vec<Question> = about_the_past(play.pass(SECONDS(60))).iter().map(|asked| asked.question).collect();
    assert_eq!(asked, [Question::FirstSeen, Question::Deployment]);
    let snapshot = play.snapshot();
    assert!(snapshot.first_seen[&charge()].get().is_some());
    assert!(snapshot.deployed[&"d1".into()].get().is_some());
}

#[test]
fn one_deployment_that_may_not_be_read_leaves_the_first_sighting_known() {
    let mut play = allowed(true, 3);
    play.wrong.insert(Question::Deployment, Wrong::Forbidden);
    play.pass(SECONDS(30));
    play.picture.look(Looking { groups: vec![charge()], ..Looking::default() });
    let asked = about_the_past(play.pass(SECONDS(120))).len();
    assert_eq!(asked, 2);
    let snapshot = play.snapshot();
    assert!(snapshot.first_seen[&charge()].get().is_some() && snapshot.deployed[&"d1".into()].problem.is_some());
}

#[test]
fn what_was_measured_for_one_login_is_not_continued_into_the_past_of_another() {
    let mut play = allowed(false, 3);
    play.pass(SECONDS(10));
    play.rights.note(Right::ReadHistory, true);
    play.picture.login("mary".to_owned());
    play.pass(SECONDS(60));
    assert_eq!(play.snapshot().history, HistoryLevel::Full);
    assert_eq!(about_the_past(&play.asked).len(), 0);
}
