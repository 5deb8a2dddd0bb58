//! A resumption that was to keep jobs asleep and broke off, in each of the places where it can: the next run offers to put the jobs back, and
//! no job ever runs, wherever that breaks off again.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bpmtop::action::desk::{ActCommand, Acted, LeftUnderWay};
use bpmtop::action::ledger::{Ending, Ledger, Stage, put_back};
use bpmtop::action::outcome::{Class, Outcome, Proof};
use bpmtop::action::plan::{ActionId, Choices, Danger, Held, Pace, Plan, Unavailable, Weight};
use bpmtop::action::target::{Subject, Target};
use bpmtop::action::verb::Verb;
use bpmtop::action::wish::{Asked, Wish};
use bpmtop::journal::{Entry, Journal};
use bpmtop::model::definition::ProcessInstance;
use bpmtop::model::section::Moment;
use bpmtop::model::snapshot::{EngineIdentity, Snapshot};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::dormitory::{Dormitory, House, INSTALLATION, Lie, Sleeper};
use crate::{Desk, FAST, engine, folder, until};

/// Due long ago: it would run the moment it is awake.
fn passed() -> Option<Timestamp> {
    "2026-03-02T05:00:00Z".parse().ok()
}

/// Due some months ahead: the same moment for all programs of a test.
fn ahead() -> Option<Timestamp> {
    const HUNDRED_DAYS: i64 = 8_640_000;
    Timestamp::from_second((Timestamp::now().as_second() / HUNDRED_DAYS + 2) * HUNDRED_DAYS).ok()
}

/// One job is due at once, one since yesterday, one later today.
pub fn jobs() -> [(&'static str, Option<Timestamp>); 3] {
    [("a", None), ("b", passed()), ("c", ahead())]
}

/// An instance is resumed although the job definition of its jobs is suspended: 0 to 2 shield, 3 resumes, 4 to 6 suspend again, then the due dates
/// go back.
pub fn resumption(url: &str, jobs: &[(&str, Option<Timestamp>)]) -> Arc<Plan> {
    let asked = Asked::Instances { instances: vec!["p".into()], suspend: false };
    let instance = ProcessInstance { id: "p".into(), definition: "payment:2:uuid".into(), business_key: None, suspended: true, tenant: None, case: None };
    let target = Target { subject: Subject::Instance(Arc::new(instance)), label: "payment v2".to_owned(), business_key: None, version: Some(2) };
    let held = jobs.iter().map(|(job, due)| Held {
        target: 0,
        job: (*job).into(),
        due: *due,
        label: "payment v2 · Charge".to_owned(),
        cause: "its job definition is suspended".to_owned(),
    });
    Arc::new(Plan {
        action: ActionId(format!("20260301T120000.000Z-{}", std::process::id())),
        wish: Arc::new(Wish { about: "payment".to_owned(), what: asked.clone() }),
        asked,
        verb: Verb::ResumeInstances,
        engine: EngineIdentity { installation: Some(INSTALLATION.into()), ..engine(url) },
        profile: None,
        production: false,
        read: Moment::now(),
        zone: TimeZone::UTC,
        targets: [target].into(),
        left_out: Vec::new(),
        warnings: Vec::new(),
        tree: Vec::new(),
        levels: Vec::new(),
        held: held.collect(),
        held_complete: true,
        free: Vec::new(),
        effects: Vec::new(),
        takes_back: None,
        choices: Choices { pace: FAST, ..Choices::default() },
    })
}

async fn planned(desk: &mut Desk, action: &str) -> Result<Arc<Plan>, Unavailable> {
    planned_as(desk, Asked::PutBack(action.to_owned())).await
}

pub async fn planned_as(desk: &mut Desk, what: Asked) -> Result<Arc<Plan>, Unavailable> {
    let wish = Arc::new(Wish { about: "the jobs".to_owned(), what });
    let picture = Arc::new(Snapshot::empty(engine(&desk.url), Moment::now()));
    desk.send(ActCommand::Plan { asking: 1, wish, picture });
    loop {
        if let Acted::Planned(_, plan) = tokio::time::timeout(Duration::from_secs(10), desk.handle.told.recv()).await.expect("in time").expect("a desk") {
            return plan.map(|plan| {
                let mut plan = (*plan).clone();
                plan.choices.pace = Pace { per_second: 1_000.0, ..plan.choices.pace };
                Arc::new(plan)
            });
        }
    }
}

/// Not a test of its own: the program that is killed.
#[tokio::test]
async fn a_program_that_is_killed_in_the_middle() {
    let (Ok(url), Ok(folder)) = (std::env::var("DROPPED_URL"), std::env::var("DROPPED_FOLDER")) else { return };
    let mut desk = Desk::open(&url, Path::new(&folder));
    let plan = match std::env::var("DROPPED_PUTS_BACK") {
        Ok(action) => planned(&mut desk, &action).await.expect("a plan"),
        Err(_) => resumption(&url, &jobs()),
    };
    desk.perform(&plan);
    desk.over().await;
}

fn program(url: &str, folder: &Path, puts_back: Option<&str>) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "put_back::a_program_that_is_killed_in_the_middle", "--nocapture"]).env("DROPPED_URL", url).env("DROPPED_FOLDER", folder);
    command.envs(puts_back.map(|action| ("DROPPED_PUTS_BACK", action))).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a child")
}

/// Runs a program until at least so many changes have arrived, and as many as its journal tells of, and no more come; then kills it.
pub async fn killed(house: &House, folder: &Path, puts_back: Option<&str>, changes: usize) {
    let journal = Journal::open(folder).expect("a journal");
    let told = |is: fn(&Entry) -> bool| crate::desk::entries(&journal).iter().filter(|entry| is(entry)).count();
    let lines = || (told(|entry| matches!(entry, Entry::Sent(_))), told(|entry| matches!(entry, Entry::Answered(_))), house.changes());
    let (sent_before, _, arrived_before) = lines();
    let mut child = program(&house.server.url(), folder, puts_back);
    until("it is in the middle", || house.changes() >= changes).await;
    let begun = Instant::now();
    let mut last = (usize::MAX, 0, 0);
    while last != lines() || last.0 - sent_before > last.2 - arrived_before {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not come to rest: {last:?}");
        last = lines();
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    child.kill().expect("it is killed");
    child.wait().expect("it is dead");
}

pub async fn left(desk: &mut Desk) -> Vec<LeftUnderWay> {
    match tokio::time::timeout(Duration::from_secs(20), desk.handle.told.recv()).await.expect("it is told, also that nothing is") {
        Some(Acted::LeftUnderWay(left)) => left,
        other => panic!("{other:?}"),
    }
}

/// What is read back of an action that an earlier run left.
async fn looked(desk: &mut Desk, action: &ActionId) -> Arc<Ledger> {
    desk.send(ActCommand::ReadBack(action.clone()));
    let ledger = desk.ledger(|ledger| ledger.plan.action == *action).await;
    if matches!(ledger.stage, Stage::Over(_)) {
        return ledger;
    }
    desk.send(ActCommand::Stop(action.clone()));
    desk.over().await
}

/// That every job lies as it lay at first and none ran, and that none was due before it was known to be suspended.
fn lies_as_it_lay(house: &House) {
    let world = house.world();
    assert_eq!(world.ran, [""; 0], "a job ran: {:?}", world.changes);
    let expected: Vec<(String, Sleeper)> = jobs().map(|(id, due)| (id.to_owned(), Sleeper { suspended: true, due })).to_vec();
    let is: Vec<_> = world.jobs.iter().map(|(id, job)| (id.clone(), job.clone())).collect();
    assert_eq!(is, expected);
    for (id, _) in jobs() {
        let place = |change: String| world.changes.iter().position(|made| made.starts_with(&change));
        if let Some(due) = place(format!("due {id}")) {
            assert!(place(format!("suspend {id}")).is_some_and(|suspended| suspended < due), "{:?}", world.changes);
        }
    }
}

#[tokio::test]
async fn what_a_killed_resumption_left_is_put_back_wherever_it_broke_off() {
    for (place, silent, ends_at, awake, looks) in [
        // The last answer of what is made never comes, so that the program waits there; what it has sent besides is not made.
        ("after the shields", Some(2), 3, 0, 3),
        ("after the resumption", Some(3), 4, 3, 6),
        ("after one was suspended again", None, 5, 2, 5),
        ("after two were suspended again", Some(5), 6, 1, 5),
    ] {
        let mut world = Dormitory::with(&jobs());
        world.lies = silent.map(|number| (number, Lie::MadeAndSilent)).into_iter().collect();
        world.ends_at = Some(ends_at);
        let house = House::start(world).await;
        let (folder, url) = (folder(), house.server.url());
        killed(&house, folder.path(), None, ends_at).await;
        assert_eq!(house.world().jobs.values().filter(|job| !job.suspended).count(), awake, "{place}");
        house.world().heal();
        let mut desk = Desk::open(&url, folder.path());
        let action = left(&mut desk).await.first().unwrap_or_else(|| panic!("{place}: nothing is told")).action.clone();
        let ledger = looked(&mut desk, &action).await;
        let told = ledger.look.iter().filter(|look| look.starts_with("LOOK AT job ")).count();
        assert_eq!(told, looks, "{place}: {:?}", ledger.look);
        assert!(ledger.look.iter().any(|look| look.starts_with("LOOK: 3 jobs ")), "{place}: all three are found to be due at another time: {:?}", ledger.look);
        assert!(ledger.leaves_held(), "{place}");
        let plan = planned(&mut desk, &action.0).await.expect("a plan");
        assert_eq!((plan.targets.len(), plan.verb, plan.takes_back.as_ref()), (3, Verb::PutBack, Some(&action)), "{place}: {:?}", plan.left_out);
        let causes = ["its process instance is suspended", "its job definition is suspended"];
        assert!(plan.held.iter().all(|held| causes.contains(&held.cause.as_str())), "{place}: the cause outlives the job's own suspension: {:?}", plan.held);
        let told: Vec<&str> = plan.warnings.iter().map(|warning| warning.text.as_str()).collect();
        let awake_words = match awake {
            0 => None,
            1 => Some("1 job is AWAKE".to_owned()),
            many => Some(format!("{many} jobs are AWAKE")),
        };
        assert!(awake_words.is_none_or(|words| told.iter().any(|told| told.starts_with(&words))), "{place}: {told:?}");
        desk.perform(&plan);
        let done = desk.ledger(|ledger| ledger.plan.action == plan.action && matches!(ledger.stage, Stage::Over(_))).await;
        assert!(done.outcomes.iter().all(|outcome| *outcome == Outcome::Succeeded(Proof::State)), "{place}: {:?} {:?}", done.outcomes, done.look);
        assert!(done.has_put_back() && done.stage == Stage::Over(Ending::Done), "{place}: {:?}", done.look);
        lies_as_it_lay(&house);
        desk.handle.closing.close(bpmtop::journal::How::Quit).await;
        let mut desk = Desk::open(&url, folder.path());
        assert_eq!(left(&mut desk).await, [], "{place}: nothing is left");
        let again = planned(&mut desk, &action.0).await.expect("a plan");
        assert!(again.targets.is_empty(), "{place}: {:?}", again.targets);
        // A shield that nobody answered for was seen, and put back since: what was seen is not recorded, so it is waited for all the same.
        let waits = place == "after the shields";
        let sentence = if waits { "Nothing can be put back" } else { "Nothing is left to put back" };
        assert!(again.sentence().starts_with(sentence) && again.is_performable().is_err() == waits, "{place}: {}", again.sentence());
        assert!(again.left_out.iter().all(|left| left.why.starts_with("it is as it was before")), "{place}: {:?}", again.left_out);
    }
}

#[tokio::test]
async fn what_broke_off_while_it_was_put_back_is_put_back_by_the_next_run() {
    let mut world = Dormitory::with(&jobs());
    (world.lies, world.ends_at) = ([(3, Lie::MadeAndSilent)].into(), Some(4));
    let house = House::start(world).await;
    let (folder, url) = (folder(), house.server.url());
    killed(&house, folder.path(), None, 4).await;
    let first = {
        let mut desk = Desk::open(&url, folder.path());
        left(&mut desk).await[0].action.clone()
    };
    // Each place in which the second program dies is one run further: nothing but the journal goes from one to the next.
    let mut last = first.clone();
    for (silent, ends_at) in [(0, 1), (3, 4)] {
        house.world().heal();
        (house.world().lies, house.world().ends_at) = ([(silent, Lie::MadeAndSilent)].into(), Some(ends_at));
        killed(&house, folder.path(), Some(&last.0), ends_at + 1).await;
        assert_eq!(house.world().ran, [""; 0]);
        let mut desk = Desk::open(&url, folder.path());
        last = left(&mut desk).await.last().expect("it is told").action.clone();
        assert_ne!(last, first, "the one that was to put back is told too");
    }
    house.world().heal();
    let mut desk = Desk::open(&url, folder.path());
    left(&mut desk).await;
    let ledger = looked(&mut desk, &last).await;
    assert!(ledger.leaves_held() && ledger.look.iter().any(|look| look.contains("have another due date")), "{:?}", ledger.look);
    let plan = planned(&mut desk, &last.0).await.expect("a plan");
    assert_eq!(plan.takes_back.as_ref(), Some(&first), "it is put back to what it was before the first of them");
    desk.perform(&plan);
    let done = desk.ledger(|ledger| ledger.plan.action == plan.action && matches!(ledger.stage, Stage::Over(_))).await;
    assert!(done.has_put_back(), "{:?} {:?}", done.outcomes, done.look);
    lies_as_it_lay(&house);
}

#[tokio::test]
async fn an_action_of_this_run_that_left_something_is_put_back_as_well() {
    for lie in [Lie::Refused, Lie::MadeAndLost] {
        let mut world = Dormitory::with(&jobs());
        world.lies = [(4, lie)].into();
        let house = House::start(world).await;
        let folder = folder();
        let mut desk = Desk::open(&house.server.url(), folder.path());
        let resumption = resumption(&desk.url, &jobs());
        desk.perform(&resumption);
        let over = desk.over().await;
        assert!(over.leaves_held() && over.look[0].starts_with("LOOK AT job "), "{lie:?}: {:?}", over.look);
        house.world().heal();
        let plan = planned(&mut desk, &resumption.action.0).await.expect("a plan");
        assert_eq!((plan.targets.len(), plan.left_out.len()), (1, 2), "{lie:?}: {:?}", plan.left_out);
        desk.perform(&plan);
        let done = desk.ledger(|ledger| ledger.plan.action == plan.action && matches!(ledger.stage, Stage::Over(_))).await;
        let all = [Arc::clone(&over), Arc::clone(&done)];
        assert!(put_back(&all, &resumption.action, over.origin()).is_some_and(|by| by.plan.action == plan.action), "{lie:?}: {:?}", done.look);
        lies_as_it_lay(&house);
    }
}

#[tokio::test]
async fn an_action_that_left_something_is_told_until_it_is_put_back() {
    let mut world = Dormitory::with(&jobs());
    world.lies = [(4, Lie::Refused)].into();
    let house = House::start(world).await;
    let (folder, url) = (folder(), house.server.url());
    let mut desk = Desk::open(&url, folder.path());
    let resumption = resumption(&desk.url, &jobs());
    desk.perform(&resumption);
    let looks = desk.over().await.look.len();
    desk.handle.closing.close(bpmtop::journal::How::Quit).await;
    house.world().heal();
    // It is refused, so that the one which was to put back leaves something as well.
    house.world().lies = [(0, Lie::Refused)].into();
    let mut desk = Desk::open(&url, folder.path());
    let told = left(&mut desk).await;
    assert_eq!(told.iter().map(|left| (&left.action, left.looks)).collect::<Vec<_>>(), [(&resumption.action, Some(looks))]);
    let plan = planned(&mut desk, &resumption.action.0).await.expect("a plan");
    desk.perform(&plan);
    let over = desk.over().await;
    assert!(matches!(&over.outcomes[..], [Outcome::LeftHalfway(_)]) && over.leaves_held(), "{:?} {:?}", over.outcomes, over.look);
    assert_eq!(house.changes(), 1, "its due date is left where it is");
    desk.handle.closing.close(bpmtop::journal::How::Quit).await;
    house.world().heal();
    let mut desk = Desk::open(&url, folder.path());
    assert_eq!(left(&mut desk).await.iter().map(|left| left.action.clone()).collect::<Vec<_>>(), [resumption.action.clone(), plan.action.clone()]);
    let plan = planned(&mut desk, &plan.action.0).await.expect("a plan");
    desk.perform(&plan);
    assert!(desk.over().await.has_put_back());
    lies_as_it_lay(&house);
    desk.handle.closing.close(bpmtop::journal::How::Quit).await;
    let mut desk = Desk::open(&url, folder.path());
    assert_eq!(left(&mut desk).await, []);
}

#[tokio::test]
async fn what_somebody_else_changed_since_is_left_alone_before_and_after_the_plan() {
    let mut world = Dormitory::with(&jobs());
    (world.lies, world.ends_at) = ([(3, Lie::MadeAndSilent)].into(), Some(4));
    let house = House::start(world).await;
    let (folder, url) = (folder(), house.server.url());
    killed(&house, folder.path(), None, 4).await;
    house.world().heal();
    let elsewhere = Some("2026-12-24T18:00:00Z".parse().expect("a moment"));
    house.world().jobs.get_mut("b").expect("a job").due = elsewhere;
    house.world().jobs.remove("c");
    let mut desk = Desk::open(&url, folder.path());
    let action = left(&mut desk).await[0].action.clone();
    let plan = planned(&mut desk, &action.0).await.expect("a plan");
    let targets: Vec<&str> = plan.targets.iter().map(Target::id).collect();
    assert_eq!(targets, ["a"]);
    let why: Vec<String> = plan.left_out.iter().map(|left| format!("{}: {}", left.label, left.why)).collect();
    assert!(why.iter().any(|why| why.starts_with("job c (") && why.contains("gone")), "{why:?}");
    let moved = "somebody gave it another due date since, 2026-12-24 18:00:00+00:00; before that action it was due 2026-03-02 05:00:00+00:00";
    assert!(why.iter().any(|why| why.starts_with("job b (") && why.contains(moved)), "{why:?}");
    let awake = plan.warnings.iter().find(|warning| warning.text.starts_with("LOOK AT job b: it is AWAKE and runs 2026-12-24 18:00:00+00:00"));
    assert!(awake.is_some() && !house.world().jobs["b"].suspended, "{:?}", plan.warnings);
    // Between the plan and its confirmation.
    house.world().jobs.get_mut("a").expect("a job").due = elsewhere;
    desk.perform(&plan);
    let over = desk.ledger(|ledger| ledger.plan.action == plan.action && matches!(ledger.stage, Stage::Over(_))).await;
    assert!(matches!(&over.outcomes[..], [Outcome::LeftAlone(why)] if why.contains("another due date")), "{:?}", over.outcomes);
    assert_eq!((house.changes(), house.world().ran.len()), (0, 0), "nothing is sent");
}

#[tokio::test]
async fn a_resumption_that_may_still_come_keeps_everything_as_it_is() {
    let mut world = Dormitory::with(&jobs());
    world.ends_at = Some(3);
    let house = House::start(world).await;
    let (folder, url) = (folder(), house.server.url());
    killed(&house, folder.path(), None, 4).await;
    house.world().heal();
    let mut desk = Desk::open(&url, folder.path());
    let action = left(&mut desk).await[0].action.clone();
    let plan = planned(&mut desk, &action.0).await.expect("a plan");
    let stop = plan.warnings.iter().find(|warning| warning.weight == Weight::Stop).expect("it is stopped");
    assert!(stop.text.starts_with("the resumption of payment v2 went out ") && stop.text.contains("may still come"), "{}", stop.text);
    assert!(plan.is_performable().is_err());
    // It comes, and wakes the jobs: from then on it is certain what it did.
    house.world().suspended = false;
    house.world().jobs.values_mut().for_each(|job| job.suspended = false);
    let plan = planned(&mut desk, &action.0).await.expect("a plan");
    desk.perform(&plan);
    let over = desk.ledger(|ledger| ledger.plan.action == plan.action && matches!(ledger.stage, Stage::Over(_))).await;
    assert!(over.outcomes.iter().all(|outcome| outcome.class() == Class::Good) && over.has_put_back(), "{:?}", over.outcomes);
    lies_as_it_lay(&house);
}

#[tokio::test]
async fn what_nothing_suspends_any_more_is_left_alone_and_stays_told_and_what_was_tried_is_left_out() {
    let mut world = Dormitory::with(&jobs());
    (world.lies, world.ends_at) = ([(3, Lie::MadeAndSilent)].into(), Some(4));
    let house = House::start(world).await;
    let (folder, url) = (folder(), house.server.url());
    killed(&house, folder.path(), None, 4).await;
    house.world().heal();
    // Somebody resumed the job definition, suspended one of the jobs alone, and ran another by hand.
    house.world().free = true;
    house.world().jobs.get_mut("a").expect("a job").suspended = true;
    house.world().tried = vec!["c".to_owned()];
    let mut desk = Desk::open(&url, folder.path());
    let action = left(&mut desk).await[0].action.clone();
    let plan = planned(&mut desk, &action.0).await.expect("a plan");
    assert_eq!(plan.targets.iter().map(Target::id).collect::<Vec<_>>(), ["a"], "{:?}", plan.left_out);
    let why: Vec<String> = plan.left_out.iter().map(|left| format!("{}: {}", left.label, left.why)).collect();
    assert!(why.iter().any(|why| why.starts_with("job b (") && why.contains("neither its instance nor its job definition is suspended any more")), "{why:?}");
    assert!(why.iter().any(|why| why.starts_with("job c (") && why.contains("it ran at ") && why.contains("and failed")), "{why:?}");
    desk.perform(&plan);
    let over = desk.over().await;
    assert_eq!(over.outcomes, [Outcome::Succeeded(Proof::State)]);
    let told = "LOOK AT job b: it is awake and due ";
    let b = over.look.iter().find(|look| look.starts_with(told)).unwrap_or_else(|| panic!("{:?}", over.look));
    assert!(b.ends_with("its old due date was 2026-03-02 05:00:00+00:00"), "{b}");
    let c = over.look.iter().find(|look| look.starts_with("LOOK AT job c: it ran at ")).unwrap_or_else(|| panic!("{:?}", over.look));
    assert!(c.contains("it stays due ") && c.contains("its old due date was "), "it is due a year ahead, whoever tried it: {c}");
    assert_eq!(over.look.len(), 2, "{:?}", over.look);
    assert!(!over.has_put_back() && over.leaves_held());
    assert_eq!(house.world().changes, ["suspend a", "due a now"], "b and c are left alone");
    desk.handle.closing.close(bpmtop::journal::How::Quit).await;
    let mut desk = Desk::open(&url, folder.path());
    assert!(left(&mut desk).await.iter().any(|left| left.action == plan.action && left.looks == Some(2)), "it is told in the next run too");
    // Once what was put to sleep has run, nothing is left to put back but what is to be looked at: that ends nothing.
    house.world().jobs.remove("a");
    let empty = planned(&mut desk, &plan.action.0).await.expect("a plan");
    assert!(empty.targets.is_empty() && empty.is_performable().is_err_and(|why| why.why.starts_with("LOOK AT job ")), "{:?}", empty.warnings);
}

#[tokio::test]
async fn where_nothing_is_left_to_put_back_somebody_may_note_that_and_it_is_offered_no_more() {
    let mut world = Dormitory::with(&jobs());
    (world.lies, world.ends_at) = ([(3, Lie::MadeAndSilent)].into(), Some(4));
    let house = House::start(world).await;
    let (folder, url) = (folder(), house.server.url());
    killed(&house, folder.path(), None, 4).await;
    house.world().heal();
    let mut desk = Desk::open(&url, folder.path());
    let action = left(&mut desk).await[0].action.clone();
    assert!(looked(&mut desk, &action).await.leaves_held());
    // Somebody put one right by hand, and the others have gone.
    house.world().jobs.retain(|id, _| id == "b");
    *house.world().jobs.get_mut("b").expect("a job") = Sleeper { suspended: true, due: passed() };
    let plan = planned(&mut desk, &action.0).await.expect("a plan");
    assert_eq!((plan.targets.len(), plan.is_performable(), plan.danger()), (0, Ok(()), Danger::Plain), "{:?}", plan.warnings);
    desk.perform(&plan);
    let done = desk.ledger(|ledger| ledger.plan.action == plan.action && matches!(ledger.stage, Stage::Over(_))).await;
    assert!(done.has_put_back() && done.origin() == &action, "{:?} {:?}", done.stage, done.notes);
    assert_eq!(house.changes(), 0, "nothing is sent");
    desk.handle.closing.close(bpmtop::journal::How::Quit).await;
    assert_eq!(left(&mut Desk::open(&url, folder.path())).await, []);
}

#[tokio::test]
async fn what_has_gone_between_the_plan_and_its_confirmation_is_no_obstacle() {
    let mut world = Dormitory::with(&jobs());
    (world.lies, world.ends_at) = ([(3, Lie::MadeAndSilent)].into(), Some(4));
    let house = House::start(world).await;
    let folder = folder();
    killed(&house, folder.path(), None, 4).await;
    house.world().heal();
    let mut desk = Desk::open(&house.server.url(), folder.path());
    let action = left(&mut desk).await[0].action.clone();
    let plan = planned(&mut desk, &action.0).await.expect("a plan");
    house.world().jobs.remove("c");
    desk.perform(&plan);
    let done = desk.ledger(|ledger| ledger.plan.action == plan.action && matches!(ledger.stage, Stage::Over(_))).await;
    let gone = |outcome: &&Outcome| matches!(outcome, Outcome::AlreadyDone(why) if why.contains("gone"));
    assert_eq!(done.outcomes.iter().filter(gone).count(), 1, "{:?}", done.outcomes);
    assert!(done.has_put_back(), "{:?} {:?}", done.outcomes, done.look);
}

#[tokio::test]
async fn nothing_is_put_back_over_what_cannot_be_read_and_nothing_put_to_sleep_that_nothing_suspends_any_more() {
    let mut world = Dormitory::with(&jobs());
    (world.lies, world.ends_at) = ([(3, Lie::MadeAndSilent)].into(), Some(4));
    let house = House::start(world).await;
    let folder = folder();
    killed(&house, folder.path(), None, 4).await;
    house.world().heal();
    let mut desk = Desk::open(&house.server.url(), folder.path());
    let action = left(&mut desk).await[0].action.clone();
    let plan = planned(&mut desk, &action.0).await.expect("a plan");
    let lines = desk.entries().len();
    house.world().unreadable = true;
    desk.perform(&plan);
    let over = desk.ledger(|ledger| ledger.plan.action == plan.action && matches!(ledger.stage, Stage::Over(_))).await;
    assert!(matches!(&over.stage, Stage::Over(Ending::Failed(why)) if why.contains("cannot be read") && why.contains("plan it anew")), "{:?}", over.stage);
    assert_eq!((house.changes(), desk.entries().len()), (0, lines), "nothing is sent, and nothing meant");
    // Somebody resumes the job definition between the plan and its confirmation.
    house.world().unreadable = false;
    let plan = planned(&mut desk, &action.0).await.expect("a plan");
    assert_eq!(plan.targets.len(), 3, "{:?}", plan.left_out);
    house.world().free = true;
    desk.perform(&plan);
    let over = desk.ledger(|ledger| ledger.plan.action == plan.action && matches!(ledger.stage, Stage::Over(_))).await;
    let left_alone = |outcome: &Outcome| matches!(outcome, Outcome::LeftAlone(why) if why.contains("was resumed since"));
    assert!(over.outcomes.iter().all(left_alone), "{:?}", over.outcomes);
    assert_eq!(house.changes(), 0, "nobody would find what slept then, and nothing would resume it");
}

#[tokio::test]
async fn a_due_date_that_may_still_move_keeps_everything_as_it_is() {
    let mut world = Dormitory::with(&jobs());
    world.ends_at = Some(1);
    let house = House::start(world).await;
    let (folder, url) = (folder(), house.server.url());
    killed(&house, folder.path(), None, 3).await;
    house.world().heal();
    let mut desk = Desk::open(&url, folder.path());
    let action = left(&mut desk).await[0].action.clone();
    let plan = planned(&mut desk, &action.0).await.expect("a plan");
    let stop = plan.warnings.iter().find(|warning| warning.weight == Weight::Stop).expect("it is stopped");
    assert!(stop.text.starts_with("the due date of 2 jobs was to move far ahead") && stop.text.contains("may still come"), "{}", stop.text);
    assert!(plan.is_performable().is_err());
    // They come: from then on it is certain what they did.
    let far = house.world().jobs.values().filter_map(|job| job.due).max();
    house.world().jobs.values_mut().for_each(|job| job.due = far);
    let plan = planned(&mut desk, &action.0).await.expect("a plan");
    assert_eq!((plan.targets.len(), plan.is_performable()), (3, Ok(())), "{:?}", plan.warnings);
    desk.perform(&plan);
    assert!(desk.ledger(|ledger| ledger.plan.action == plan.action && matches!(ledger.stage, Stage::Over(_))).await.has_put_back());
    lies_as_it_lay(&house);
}
