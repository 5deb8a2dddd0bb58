//! What a program leaves under way that is killed or left, and what the next run makes of it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::errand::{FAST, retry};
use crate::plant::{Fate, Lie, Plant, World};
use bpmtop::action::desk::{ActCommand, Acted, LeftUnderWay};
use bpmtop::action::ledger::Stage;
use bpmtop::action::outcome::{Outcome, Proof};
use bpmtop::action::plan::Pace;
use bpmtop::journal::{How, Standing};

use crate::desk::{Desk, folder, until};
/// Not a test of its own: the program that is killed.
#[tokio::test]
async fn a_program_that_is_killed() {
    let (Ok(url), Ok(folder)) = (std::env::var("KILLED_URL"), std::env::var("KILLED_FOLDER")) else { return };
    let mut desk = Desk::open(&url, Path::new(&folder));
    desk.perform(&retry(&url, 40, Pace { per_second: 20.0, ..FAST }));
    desk.over().await;
}

#[tokio::test]
async fn what_a_killed_program_left_is_told_and_read_back_and_never_sent_again() {
    let mut world = World::with_jobs(40, Fate::Succeeds);
    world.jobs.get_mut(&crate::plant::job(3)).expect("a job").fate = Fate::FailsAgain;
    let plant = Plant::start(world).await;
    let folder = folder();
    let url = plant.server.url();
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "left::a_program_that_is_killed", "--nocapture"])
        .env("KILLED_URL", &url)
        .env("KILLED_FOLDER", folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child");
    until("some are sent", || plant.changes() >= 12).await;
    child.kill().expect("it is killed");
    child.wait().expect("it is dead");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let sent = plant.changes();
    let mut desk = Desk::open(&url, folder.path());
    let left = match tokio::time::timeout(Duration::from_secs(10), desk.handle.told.recv()).await.expect("in time").expect("a desk") {
        Acted::LeftUnderWay(left) => left,
        other => panic!("{other:?}"),
    };
    let [LeftUnderWay { action, steps: 40, sent: told, .. }] = &left[..] else { panic!("{left:?}") };
    assert!((sent..=sent + 4).contains(told), "{told} are told to be sent, {sent} arrived");
    desk.send(ActCommand::ReadBack(action.clone()));
    let ledger = desk.ledger(|ledger| ledger.outcomes.iter().filter(|outcome| outcome.is_settled()).count() >= 39).await;
    for (number, outcome) in ledger.outcomes.iter().enumerate() {
        let arrived = plant.world().changes.contains(&crate::plant::job(number));
        match (arrived, number) {
            (true, 3) => assert!(matches!(outcome, Outcome::FailedAgain { .. }), "{number}: {outcome:?}"),
            (true, _) => assert_eq!(*outcome, Outcome::Succeeded(Proof::JobLog), "{number}"),
            (false, _) => assert!(matches!(outcome, Outcome::Stopped | Outcome::Unknown(_)), "{number}: {outcome:?}"),
        }
    }
    assert_eq!(plant.changes(), sent, "nothing is sent again");
    desk.send(ActCommand::Stop(action.clone()));
    desk.over().await;
    let story = desk.journal.archive().action(&action.0).expect("a journal").expect("the action");
    assert_eq!(story.standing, Standing::ReadBack);
    assert!(desk.journal.archive().verify(None).expect("a journal").is_whole());
}

/// What the next run is told of the runs before it.
pub async fn left_to(desk: &mut Desk) -> Vec<LeftUnderWay> {
    match tokio::time::timeout(Duration::from_secs(3), desk.handle.told.recv()).await {
        Ok(Some(Acted::LeftUnderWay(left))) => left,
        Ok(other) => panic!("{other:?}"),
        Err(_) => Vec::new(),
    }
}

#[tokio::test]
async fn what_was_not_known_when_the_program_was_left_is_offered_until_somebody_has_looked() {
    let mut world = World::with_jobs(1, Fate::Stays);
    world.lies = [(0, Lie::ProxyPage)].into();
    let plant = Plant::start(world).await;
    let folder = folder();
    let url = plant.server.url();
    let mut desk = Desk::open(&url, folder.path());
    let plan = retry(&url, 1, FAST);
    desk.perform(&plan);
    desk.ledger(|ledger| matches!(ledger.outcomes[0], Outcome::Unknown(_))).await;
    desk.handle.closing.close(How::Quit).await;
    let expected =
        LeftUnderWay { action: plan.action.clone(), sentence: plan.sentence(), sent: 1, steps: 1, unknown: Some(1), looks: None, origin: plan.action.clone() };
    let mut desk = Desk::open(&url, folder.path());
    assert_eq!(left_to(&mut desk).await, std::slice::from_ref(&expected));
    desk.send(ActCommand::ReadBack(plan.action.clone()));
    desk.ledger(|ledger| ledger.stage == Stage::Verifying && ledger.reading.requests > 0).await;
    let begun = Instant::now();
    desk.handle.closing.close(How::Quit).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "a program that is left does not wait for what is read back: {:?}", begun.elapsed());
    let mut desk = Desk::open(&url, folder.path());
    assert_eq!(left_to(&mut desk).await, [expected], "nobody looked to the end");
    desk.send(ActCommand::ReadBack(plan.action.clone()));
    desk.ledger(|ledger| ledger.reading.requests > 0).await;
    desk.send(ActCommand::Stop(plan.action.clone()));
    desk.over().await;
    desk.handle.closing.close(How::Quit).await;
    let mut desk = Desk::open(&url, folder.path());
    assert_eq!(left_to(&mut desk).await, []);
    assert_eq!(plant.changes(), 1);
}
