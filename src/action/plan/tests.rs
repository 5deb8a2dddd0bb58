//! What plans send, say and demand.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::{ActionId, Choices, Danger, Free, Held, OtherCause, Pace, Plan, Warning, Weight};
use crate::action::example::{cancel, engine, external_task, held, instance, job, job_definition, of_job, plan, retry};
use crate::action::target::{Subject, Target, TimedSuspension};
use crate::action::wish::Asked;
use crate::engine::{Change, Due};
use crate::model::definition::ProcessDefinition;
use crate::model::example::{self, noon};
use crate::model::ids::JobId;
use crate::model::job::Job;

fn later(hours: i64) -> Timestamp {
    noon().wall + SignedDuration::from_hours(hours)
}

fn changes(plan: &Plan) -> Vec<Change> {
    plan.steps().into_iter().map(|step| step.change).collect()
}

/// The steps in few words: kind, whom, and what matters.
fn told(plan: &Plan) -> Vec<String> {
    let shield = plan.shield();
    let due = |due: &Option<Timestamp>| match due {
        Some(due) if *due == shield => "shield".to_owned(),
        Some(due) => due.to_string(),
        None => "now".to_owned(),
    };
    let words = |change: &Change| match change {
        Change::JobRetries { job, retries, due } => format!("retry {job} {retries} {due:?}"),
        Change::JobRetriesBatch { jobs, .. } => format!("batch {}", jobs.len()),
        Change::ExternalTaskRetries { task, .. } => format!("retry {task}"),
        Change::JobDueDate { job, due: then } => format!("due {job} {}", due(then)),
        Change::JobSuspension { job, suspended } => format!("{} {job}", if *suspended { "suspend" } else { "resume" }),
        Change::JobDefinitionSuspension { definition, suspended, jobs_too, at } => {
            format!("{} {definition} jobs={jobs_too} at={}", if *suspended { "suspend" } else { "resume" }, at.is_some())
        }
        Change::InstanceSuspension { instance, suspended } => format!("{} {instance}", if *suspended { "suspend" } else { "resume" }),
        other => format!("{other:?}"),
    };
    plan.steps().iter().map(|step| words(&step.change)).collect()
}

fn typed(plan: &Plan) -> Option<(String, &'static str)> {
    match plan.danger() {
        Danger::Plain => None,
        Danger::Type { what, meaning, .. } => Some((what, meaning)),
    }
}

fn resumption(definitions: usize) -> Plan {
    let asked = Asked::JobDefinitions { definitions: Vec::new(), suspend: false };
    plan(asked, (0..definitions).map(|number| job_definition(&format!("jd{number}"))).collect())
}

fn thawing_instances(ids: &[&str]) -> Plan {
    plan(Asked::Instances { instances: Vec::new(), suspend: false }, ids.iter().map(|id| instance(id)).collect())
}

#[test]
fn what_is_typed_is_asked_for_with_what_it_does() {
    let mut mixed = retry(0);
    mixed.targets = [job(0), external_task(1)].into();
    let mut waking = resumption(2);
    waking.held_complete = false;
    waking.choices.others = OtherCause::Wake;
    let cases = [
        (retry(1), "retry 1 job"),
        (retry(48), "retry 48 jobs"),
        (mixed, "retry 2 jobs and external tasks"),
        (cancel(&[("top", 3), ("child", 1)]), "cancel 3 instances"),
        (cancel(&[("alone", 1)]), "cancel 1 instance"),
        (waking, "resume 2 job definitions"),
        (thawing_instances(&["a", "b", "c"]), "resume 3 instances"),
    ];
    for (plan, purpose) in cases {
        assert_eq!(plan.purpose(), purpose);
    }
}

#[test]
fn each_job_and_task_is_retried_by_its_own_request_in_the_order_of_the_targets() {
    let mut plan = retry(2);
    plan.targets = [job(0), external_task(1), job(2)].into();
    assert_eq!(told(&plan), ["retry job-0000 1 Now", "retry task-0001", "retry job-0002 1 Now"]);
    assert_eq!(plan.steps().iter().map(|step| step.targets.clone()).collect::<Vec<_>>(), [[0], [1], [2]]);
}

#[test]
fn a_batch_takes_the_jobs_by_id_and_leaves_external_tasks_single() {
    let mut plan = retry(0);
    plan.targets = [job(0), external_task(1), job(2)].into();
    plan.choices.batch = true;
    let steps = plan.steps();
    assert_eq!(told(&plan), ["retry task-0001", "batch 2"]);
    assert_eq!(steps[1].targets, [0, 2]);
}

#[test]
fn before_7_19_a_due_date_moves_before_the_retries_and_only_where_it_must() {
    // It failed: the date ahead is that of its retry cycle, not its own.
    let mut ahead = example::job(1);
    ahead.due = Some(later(2));
    let mut past = example::job(2);
    past.due = Some(later(-2));
    let mut plan = retry(0);
    plan.targets = [job(0), of_job(ahead, 3), of_job(past, 3)].into();
    plan.engine = engine("7.18.0");
    assert_eq!(told(&plan), ["retry job-0000 1 Keep", "due job-0001 now", "retry job-0001 1 Keep", "retry job-0002 1 Keep"]);
    plan.choices.due = Due::At(later(5));
    assert_eq!(told(&plan)[..2], [format!("due job-0000 {}", later(5)), "retry job-0000 1 Keep".to_owned()]);
    plan.choices.due = Due::Keep;
    assert_eq!(plan.steps().len(), 3);
    plan.engine = engine("7.19.0");
    plan.choices.due = Due::Now;
    assert_eq!(plan.steps().len(), 3, "from 7.19 on the retries carry it");
}

#[test]
fn a_timer_that_waits_for_a_date_of_its_own_keeps_it_unless_it_is_told_to_run_now() {
    let timer = Job { exception_message: None, due: Some(later(8_760)), ..example::job(1) };
    let mut plan = retry(0);
    plan.targets = [job(0), of_job(timer.clone(), 3)].into();
    assert_eq!(told(&plan), ["retry job-0000 1 Now", "retry job-0001 1 Keep"]);
    assert!(plan.sentence().contains("due now, but 1 timer keeps its date, 2027-03-01 12:00:00 UTC"), "{}", plan.sentence());
    plan.choices.batch = true;
    assert_eq!(told(&plan), ["batch 1", "batch 1"], "a batch gives all of its jobs one date");
    plan.choices.batch = false;
    plan.engine = engine("7.18.0");
    assert_eq!(told(&plan), ["retry job-0000 1 Keep", "retry job-0001 1 Keep"], "nor is it moved beforehand");
    plan.engine = engine("7.24.0");
    plan.choices.keep_dates = false;
    assert_eq!(told(&plan), ["retry job-0000 1 Now", "retry job-0001 1 Now"]);
    plan.choices.keep_dates = true;
    plan.targets = [of_job(timer, 3)].into();
    assert!(plan.sentence().contains("it gets 1 retry, due as before, 2027-03-01"), "{}", plan.sentence());
}

#[test]
fn an_engine_of_unknown_version_gets_no_due_date_with_its_retries() {
    let mut plan = retry(1);
    plan.engine.version = None;
    assert_eq!(told(&plan), ["retry job-0000 1 Keep"]);
}

#[test]
fn a_cancellation_is_one_request_at_the_chosen_level_and_a_reason_makes_it_a_batch() {
    let mut plan = cancel(&[("top", 3), ("child", 1)]);
    assert!(matches!(&changes(&plan)[..], [Change::DeleteInstance { instance, .. }] if instance.as_wire() == "top"));
    plan.choose(Choices { level: 1, reason: " wrong order ".to_owned(), ..Choices::default() });
    assert_eq!(plan.targets[0].id(), "child");
    let [Change::DeleteInstances { instances, reason, .. }] = &changes(&plan)[..] else { panic!("{:?}", plan.steps()) };
    assert_eq!((instances[0].as_wire(), reason.as_deref()), ("child", Some("wrong order (bpmtop 20260301T120000.000Z-0001)")));
    assert!(reason.as_deref().is_some_and(|reason| plan.action.has_signed(reason) && !plan.action.has_signed("wrong order")));
    assert!(plan.explanation().iter().any(|line| line.contains("takes a reason only for a batch")), "{:?}", plan.explanation());
}

#[test]
fn a_level_that_was_chosen_behind_the_targets_back_is_not_performed() {
    let mut plan = cancel(&[("top", 3), ("child", 1)]);
    assert!(plan.is_performable().is_ok());
    plan.choices.level = 1;
    assert!(plan.is_performable().is_err());
}

#[test]
fn a_held_job_is_shielded_before_its_instance_is_resumed_and_gets_its_due_date_back_last() {
    let mut plan = thawing_instances(&["p1", "p2"]);
    plan.held = vec![held(1, "h1"), held(1, "h2")];
    plan.held[1].due = Some(later(3));
    assert_eq!(
        told(&plan),
        [
            "resume p1".to_owned(),
            "due h1 shield".to_owned(),
            "due h2 shield".to_owned(),
            "resume p2".to_owned(),
            "suspend h1".to_owned(),
            "suspend h2".to_owned(),
            "due h1 now".to_owned(),
            format!("due h2 {}", later(3)),
        ]
    );
}

#[test]
fn a_held_job_that_is_due_beyond_the_shield_keeps_its_date() {
    let mut plan = thawing_instances(&["p1"]);
    plan.held = vec![held(0, "h1")];
    plan.held[0].due = Some(later(24 * 400));
    assert_eq!(told(&plan), ["resume p1", "suspend h1"]);
    assert!(plan.shield() < "2038-01-01T00:00:00Z".parse().unwrap(), "dates of some databases end there");
}

/// Breaks off behind each step, with the engine's rules: a held job runs if it is active, due and the step before left it so.
#[test]
fn a_held_job_can_run_at_no_point_of_the_sequence() {
    let mut small = resumption(1);
    small.held = vec![held(0, "h1")];
    small.free = vec![Free { target: 0, jobs: Some(vec!["f1".into(), "f2".into()]) }];
    let mut large = small.clone();
    large.free = vec![Free { target: 0, jobs: None }];
    let mut instances = thawing_instances(&["p1"]);
    instances.held = vec![held(0, "h1")];
    for plan in [small, large, instances] {
        let (mut suspended, mut due) = (HashSet::from([JobId::from("h1"), "f1".into(), "f2".into()]), HashSet::from([JobId::from("h1")]));
        let h1 = JobId::from("h1");
        for change in changes(&plan) {
            match change {
                Change::JobDueDate { job, due: then } => {
                    if then.is_some_and(|then| then > later(0)) {
                        due.remove(&job)
                    } else {
                        due.insert(job)
                    };
                }
                Change::JobSuspension { job, suspended: true } => drop(suspended.insert(job)),
                Change::JobSuspension { job, suspended: false } => drop(suspended.remove(&job)),
                Change::InstanceSuspension { .. } | Change::JobDefinitionSuspension { jobs_too: true, .. } => suspended.clear(),
                Change::JobDefinitionSuspension { jobs_too: false, .. } => {}
                other => panic!("{other:?}"),
            }
            assert!(suspended.contains(&h1) || !due.contains(&h1), "it runs: {:?}", told(&plan));
        }
        assert!(suspended.contains(&h1) && due.contains(&h1) && !suspended.contains(&"f1".into()), "not as it was: {:?}", told(&plan));
    }
}

#[test]
fn woken_or_left_alone_the_others_need_no_shield() {
    let mut plan = resumption(1);
    plan.held = vec![held(0, "h1")];
    plan.choices.others = OtherCause::Wake;
    assert_eq!(told(&plan), ["resume jd0 jobs=true at=false"]);
    assert_eq!(typed(&plan), Some(("1".to_owned(), "the number of jobs that wake")));
    plan.choices = Choices { jobs_too: false, ..Choices::default() };
    assert_eq!(told(&plan), ["resume jd0 jobs=false at=false"]);
    assert_eq!(typed(&plan), None);
}

#[test]
fn what_cannot_be_kept_is_not_performed() {
    let mut plan = resumption(1);
    plan.held = vec![held(0, "h1")];
    assert!(plan.is_performable().is_ok());
    plan.choices.at = Some(later(8));
    assert!(plan.is_performable().unwrap_err().why.contains("at that time"));
    plan.choices.at = None;
    plan.held_complete = false;
    assert!(plan.is_performable().unwrap_err().why.contains("more jobs are suspended by another cause"));
    plan.choices.others = OtherCause::Wake;
    assert!(plan.is_performable().is_ok());
}

#[test]
fn enter_alone_confirms_one_harmless_target_outside_production_only() {
    assert_eq!(typed(&retry(1)), None);
    assert_eq!(typed(&retry(37)), Some(("37".to_owned(), "the number of jobs")));
    let mut production = retry(1);
    (production.production, production.profile) = (true, Some("acme-prod".to_owned()));
    assert_eq!(typed(&production), Some(("acme-prod".to_owned(), "the name of the profile")));
    let mut many = retry(2);
    many.production = true;
    assert_eq!(typed(&many), Some(("2".to_owned(), "the number of jobs")), "one thing to type is enough");
    assert_eq!(typed(&cancel(&[("only", 1)])), Some(("cancel".to_owned(), "the word cancel")));
    assert_eq!(typed(&cancel(&[("top", 12)])), Some(("12".to_owned(), "the number of instances that end")));
    let freeze = plan(Asked::Freeze(Vec::new()), vec![job_definition("jd")]);
    assert_eq!(typed(&freeze), Some(("1".to_owned(), "the number of job definitions")));
}

#[test]
fn nothing_in_production_goes_with_enter_alone() {
    let plans = [retry(1), retry(9), cancel(&[("p", 1)]), resumption(1), thawing_instances(&["p"]), plan(Asked::Unlock("t".into()), vec![external_task(1)])];
    for mut plan in plans {
        plan.production = true;
        assert!(typed(&plan).is_some_and(|(what, _)| !what.is_empty()), "{}", plan.sentence());
    }
}

#[test]
fn a_process_with_its_instances_is_confirmed_by_its_key() {
    let definition = ProcessDefinition {
        id: "payment:2:uuid".into(),
        key: "payment".into(),
        name: None,
        version: 2,
        version_tag: None,
        deployment: None,
        suspended: false,
        tenant: None,
        category: None,
    };
    let mut target = job_definition("x");
    target.subject = crate::action::target::Subject::ProcessDefinition(definition.into());
    target.label = "payment v2".to_owned();
    let mut plan = plan(Asked::Processes { definitions: Vec::new(), suspend: true }, vec![target]);
    assert_eq!(typed(&plan), Some(("payment".to_owned(), "the key of the process")));
    assert_eq!(plan.sentence(), "Suspend process definition payment v2: no new starts but by call activities, all running instances too, now.");
    plan.choices.jobs_too = false;
    assert_eq!(typed(&plan), None);
    assert_eq!(plan.sentence(), "Suspend process definition payment v2: no new starts but by call activities, running instances go on as they are, now.");
}

#[test]
fn a_sentence_tells_count_names_and_pace() {
    let mut many = retry(37);
    assert_eq!(many.sentence(), "Retry 37 jobs of Charge card of payment: each gets 1 retry, due now, 5 a second after 3 that go first.");
    many.choices = Choices { retries: 3, due: Due::At(later(18)), pace: Pace { canary: 1, per_second: 0.5, ..Pace::default() }, ..Choices::default() };
    assert_eq!(
        many.sentence(),
        "Retry 37 jobs of Charge card of payment: each gets 3 retries, due 2026-03-02 06:00:00 UTC, 0.5 a second after 1 that goes first."
    );
    assert_eq!(retry(1).sentence(), "Retry job payment v2 · Charge card (A-job-0000): it gets 1 retry, due now.");
    many.targets = [job(0), job(1), external_task(2)].into();
    assert!(many.sentence().starts_with("Retry 2 jobs and 1 external task of "), "{}", many.sentence());
}

#[test]
fn a_cancellation_says_how_many_end_and_that_there_may_be_more() {
    assert_eq!(cancel(&[("p", 1)]).sentence(), "Cancel payment v2 (K-p): 1 instance ends.");
    let mut plan = cancel(&[("p", 500)]);
    plan.levels[0].complete = false;
    assert_eq!(plan.sentence(), "Cancel payment v2 (K-p): at least 500 instances end, it and at least 499 more.");
    plan.levels[0].count = 1;
    assert_eq!(typed(&plan), Some(("1".to_owned(), "the number of instances that end")), "there may be more than one");
}

#[test]
fn a_resumption_says_what_stays_suspended() {
    let mut plan = resumption(2);
    plan.held = vec![held(0, "h1"), held(1, "h2")];
    plan.choices.at = None;
    let sentence = "Resume 2 job definitions (Charge card of payment), with their existing jobs, now; 2 jobs that something else suspended stay suspended.";
    assert_eq!(plan.sentence(), sentence);
    plan.choices.others = OtherCause::Wake;
    assert!(plan.sentence().ends_with("; 2 jobs that something else suspended wake up too."), "{}", plan.sentence());
    plan.choices = Choices { jobs_too: false, at: Some(later(18)), ..Choices::default() };
    assert_eq!(plan.sentence(), "Resume 2 job definitions (Charge card of payment), new jobs only, at 2026-03-02 06:00:00 UTC.");
}

#[test]
fn suspending_job_definitions_says_what_it_does_not_stop() {
    let mut plan = plan(Asked::JobDefinitions { definitions: Vec::new(), suspend: true }, vec![job_definition("jd")]);
    let with_jobs = plan.explanation().join("\n");
    assert!(with_jobs.contains("External tasks and user tasks are not stopped"), "{with_jobs}");
    plan.choices.jobs_too = false;
    assert!(plan.explanation().join("\n").contains("Existing ones still run"), "{:?}", plan.explanation());
}

#[test]
fn a_stop_warning_and_an_empty_plan_are_not_performed() {
    let mut plan = retry(1);
    plan.warnings.push(Warning { weight: Weight::Caution, text: "look".to_owned() });
    assert!(plan.is_performable().is_ok());
    plan.warnings.push(Warning { weight: Weight::Stop, text: "RETRY_JOB is missing".to_owned() });
    assert_eq!(plan.is_performable().unwrap_err().why, "RETRY_JOB is missing");
    assert!(retry(0).is_performable().is_err());
    let mut none = retry(1);
    none.choices.retries = 0;
    assert!(none.is_performable().is_err());
}

#[test]
fn a_time_is_refused_where_the_engine_has_no_timer_for_it_and_where_it_has_passed() {
    let mut plan = thawing_instances(&["p1"]);
    plan.choices.at = Some(later(1));
    assert_eq!(plan.is_performable().unwrap_err().why, "the engine cannot resume instances at a time");
    let mut plan = resumption(1);
    plan.choices.at = Some(later(-1));
    assert_eq!(plan.is_performable().unwrap_err().why, "the time has passed already");
    // Half an hour behind the engine's clock is past there.
    plan.choices.at = Some(noon().wall + SignedDuration::from_mins(10));
    assert!(plan.is_performable().is_ok());
    plan.engine.clock_offset = Some(SignedDuration::from_mins(30));
    assert!(plan.is_performable().is_err());
}

#[test]
fn a_sample_shows_keys_of_every_version() {
    let keys = |most| retry(7).sample(most).into_iter().map(|(version, key)| format!("{} {key}", version.unwrap_or_default())).collect::<Vec<_>>();
    assert_eq!(keys(3), ["2 A-job-0000", "3 A-job-0001", "2 A-job-0002"]);
    assert_eq!(keys(20).len(), 7);
}

#[test]
fn a_priority_of_a_job_definition_is_said_to_reach_existing_jobs_as_the_engine_does_it() {
    let asked = |priority| Asked::SetDefinitionPriority { definition: "jd".into(), priority };
    let mut urgent = plan(asked(Some(7)), vec![job_definition("jd")]);
    urgent.choices.jobs_too = false;
    assert_eq!(urgent.sentence(), "Give new and existing jobs of job definition payment v2 · Charge card priority 7.");
    let reset = plan(asked(None), vec![job_definition("jd")]);
    assert_eq!(changes(&reset), [Change::JobDefinitionPriority { definition: "jd".into(), priority: None, jobs_too: false }]);
}

#[test]
fn where_not_all_suspended_jobs_were_read_nothing_is_resumed_as_if_there_were_none() {
    let asked = Asked::JobDefinitions { definitions: vec!["jd".into()], suspend: false };
    let mut plan = plan(asked, vec![job_definition("jd")]);
    assert_eq!((plan.is_performable(), plan.danger()), (Ok(()), Danger::Plain));
    plan.held_complete = false;
    assert!(plan.is_performable().unwrap_err().why.contains("more jobs are suspended by another cause"));
    plan.choices.others = OtherCause::Wake;
    assert_eq!(plan.is_performable(), Ok(()));
    assert!(matches!(plan.danger(), Danger::Type { what, .. } if what == "wake"), "enter alone does not wake what nobody could read");
    plan.choices.others = OtherCause::Keep;
    plan.choices.jobs_too = false;
    assert_eq!(plan.is_performable(), Ok(()), "new jobs only wakes nothing");
}

/// Two jobs that a resumption left: the first is awake, the second had no due date; a third needed no shield.
fn putting_back() -> Plan {
    let left = |number: usize, suspended, due| Job { suspended, due, ..example::job(number) };
    let far = Some(later(365 * 24));
    let targets = vec![of_job(left(0, false, far), 2), of_job(left(1, true, far), 3), of_job(left(2, false, Some(later(400 * 24))), 2)];
    let mut plan = plan(Asked::PutBack("20260301T110000.000Z-0001".to_owned()), targets);
    let back = |target: usize, due| Held { due, ..held(target, &format!("job-{target:04}")) };
    plan.held = vec![back(0, Some(later(5))), back(1, None), back(2, Some(later(400 * 24)))];
    plan.takes_back = Some(ActionId("20260301T110000.000Z-0001".to_owned()));
    plan
}

#[test]
fn what_is_put_back_is_suspended_first_and_due_as_before_only_then() {
    let plan = putting_back();
    let expected =
        ["suspend job-0000".to_owned(), format!("due job-0000 {}", later(5)), "suspend job-0001".into(), "due job-0001 now".into(), "suspend job-0002".into()];
    assert_eq!(told(&plan), expected);
    assert_eq!(plan.steps().iter().map(|step| step.targets.clone()).collect::<Vec<_>>(), [[0], [0], [1], [1], [2]]);
    assert_eq!(plan.sentence(), "Put back 3 jobs after 20260301T110000.000Z-0001: each is suspended first, then gets its old due date.");
    assert_eq!(typed(&plan), Some(("3".to_owned(), "the number of jobs")));
    assert!(plan.is_performable().is_ok() && plan.keeps_held(), "and it is looked at in the end whether they are as they were");
    assert!(plan.explanation()[0].starts_with("Nothing is woken by it"));
}

#[test]
fn a_plan_that_finds_nothing_left_to_put_back_only_notes_that_somebody_looked() {
    use super::LeftOut;
    let left_out = vec![LeftOut { label: "job a".to_owned(), why: "gone: it ran through".to_owned() }];
    let empty = Plan { targets: [].into(), held: Vec::new(), left_out, production: true, ..putting_back() };
    assert_eq!(empty.sentence(), "Nothing is left to put back after 20260301T110000.000Z-0001: this only notes that somebody looked.");
    assert_eq!((empty.is_performable(), empty.danger(), empty.steps()), (Ok(()), Danger::Plain, Vec::new()));
    let with = |weight, text: &str| Plan { warnings: vec![Warning { weight, text: text.to_owned() }], ..empty.clone() };
    assert!(with(Weight::Caution, "not known: how jobs that are gone went").is_performable().is_ok());
    for stays in [with(Weight::Stop, "the resumption may still come"), with(Weight::Caution, "LOOK AT job b: it stays due")] {
        assert_eq!(stays.is_performable().unwrap_err().why, stays.warnings[0].text);
        assert!(!stays.sentence().contains("somebody looked"), "{}", stays.sentence());
    }
    assert!(Plan { targets: [].into(), ..retry(0) }.is_performable().is_err(), "only of what is put back");
}

#[test]
fn several_timers_are_called_off_by_one_plan_with_a_request_each_and_their_number_typed() {
    let timer = |id: &str, suspend| {
        let at = "2026-03-01T06:00:00Z".parse().expect("a moment");
        let timed = TimedSuspension { job: id.into(), at, suspend, job_definition: None, process_definition: None, user: None };
        Target { subject: Subject::Timed(timed), label: format!("timer {id}"), business_key: None, version: None }
    };
    let plan = plan(Asked::CallOffTimed(vec!["t1".into(), "t2".into(), "t3".into()]), vec![timer("t1", true), timer("t2", false), timer("t3", true)]);
    assert_eq!(plan.sentence(), "Call off 2 timed suspensions and 1 timed resumption.");
    let steps = plan.steps();
    let deleted: Vec<_> = steps.iter().map(|step| step.change.clone()).collect();
    assert_eq!(deleted, ["t1", "t2", "t3"].map(|job| Change::DeleteJob { job: job.into() }));
    assert!(matches!(plan.danger(), Danger::Type { what, meaning: "the number of timers", .. } if what == "3"), "{:?}", plan.danger());
}
