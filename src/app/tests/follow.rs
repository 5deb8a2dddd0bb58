//! Work that goes on under another incident: rows, pages and trees go over to it, and plans name what they were made for.

use super::*;
use crate::action::desk::ActCommand;
use crate::action::wish::Asked;
use crate::model::grouping::KnownIncident;
use crate::model::history::{JobEvent, JobLogEntry};
use crate::model::ids::IncidentId;
use crate::model::incident::Incident;

/// The incidents of the example, each at an execution of its own, the first one changed as told. One that becomes none is gone.
fn incidents(now: Moment, change: impl Fn(&Incident) -> Option<Incident>) -> Vec<Arc<KnownIncident>> {
    let placed = example::placed(&example::snapshot(now)).into_iter();
    placed.filter_map(|incident| if incident.id == id("incident-0000") { change(&incident) } else { Some(incident) }).map(KnownIncident::of).collect()
}

fn id(text: &str) -> IncidentId {
    text.into()
}

fn again(now: Moment) -> impl Fn(&Incident) -> Option<Incident> {
    let created = now.wall - jiff::SignedDuration::from_secs(8);
    move |old| Some(Incident { id: id("again"), root_cause: Some(id("again")), cause: Some(id("again")), created, ..old.clone() })
}

impl Play {
    fn become_of(&mut self, change: impl Fn(&Incident) -> Option<Incident>) -> &mut Self {
        let mut snapshot = example::snapshot(self.now);
        let rows = incidents(self.now, change);
        example::set_incidents(&mut snapshot, rows, self.now);
        self.send(Message::Snapshot(Arc::new(snapshot)));
        self
    }

    fn stays(&mut self) -> &mut Self {
        self.become_of(|old| Some(old.clone()))
    }

    fn selected_row(&self) -> Option<String> {
        self.app.incidents.incidents.selected_present().map(ToString::to_string)
    }

    fn described(&self) -> Vec<String> {
        let of = |effect: &Effect| match effect {
            Effect::Poll(PollCommand::Describe(known)) => Some(known.incident.id.to_string()),
            _ => None,
        };
        self.effects.iter().filter_map(of).collect()
    }

    fn page_text(&self) -> String {
        format!("{:?}", (0..40).filter_map(|line| self.incident_page().text.line(line)).collect::<Vec<_>>())
    }
}

#[test]
fn the_row_under_the_cursor_goes_over_to_the_new_incident_of_its_job_with_its_mark() {
    let mut play = play();
    play.stays().press("<down><enter><enter>");
    let line = play.selected_row();
    assert_eq!(line.as_deref(), Some("incident-0000"));
    play.press(" <up>");
    let now = play.now;
    play.become_of(again(now));
    assert_eq!(play.selected_row().as_deref(), Some("again"));
    assert_eq!(play.app.incidents.incidents.marks().iter().map(ToString::to_string).collect::<Vec<_>>(), ["again"]);
    let known = play.app.snapshot.incident(&id("again")).expect("open").clone();
    assert_eq!(play.app.incidents.trace(&known, &play.app.snapshot), Some(crate::app::incidents::Trace::FailedAgain));
}

#[test]
fn a_row_whose_incident_was_gone_for_a_while_goes_over_once_the_job_fails_again() {
    let mut play = play();
    play.stays().press("<down><enter><enter>");
    play.become_of(|_| None).wait(HOLD);
    assert_eq!(play.selected_row(), None, "it is told as gone meanwhile");
    let now = play.now;
    play.become_of(again(now));
    assert_eq!(play.selected_row().as_deref(), Some("again"));
}

#[test]
fn a_row_that_failed_again_with_another_message_stays_in_the_list_it_was_looked_at_in() {
    let mut play = play();
    play.stays().press("<down><enter><enter>");
    let now = play.now;
    play.become_of(move |old| again(now)(old).map(|new| Incident { message: Some("something else".into()), ..new }));
    assert_eq!(play.selected_row().as_deref(), Some("again"));
    play.press("R");
    let asked = play.effects.iter().find_map(|effect| match effect {
        Effect::Act(ActCommand::Plan { wish, .. }) => match &wish.what {
            Asked::Retry(incidents) => Some(incidents.iter().map(|known| known.incident.id.to_string()).collect::<Vec<_>>()),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(asked, Some(vec!["again".to_owned()]), "the plan is for what the row shows");
}

#[test]
fn a_row_that_belongs_elsewhere_by_now_such_as_after_a_migration_is_not_told_as_gone() {
    let mut play = play();
    play.stays().press("<down><enter><enter>");
    play.become_of(|old| Some(Incident { activity: Some("moved".into()), ..old.clone() }));
    assert_eq!(play.selected_row().as_deref(), Some("incident-0000"));
    let known = play.app.snapshot.incident(&id("incident-0000")).expect("open").clone();
    assert_eq!(play.app.incidents.trace(&known, &play.app.snapshot), Some(crate::app::incidents::Trace::Elsewhere));
}

#[test]
fn another_job_of_the_same_execution_is_told_as_moved_on_and_enter_opens_it() {
    let mut play = play();
    play.stays().press("<down><enter><enter>");
    let now = play.now;
    let next = move |old: &Incident| again(now)(old).map(|new| Incident { configuration: Some("job-next".into()), activity: Some("settle".into()), ..new });
    play.become_of(next);
    assert_eq!(play.selected_row(), None, "another job is never put under the cursor");
    let fate = play.app.incidents.fate(&play.app.snapshot).expect("it vanished");
    assert_eq!((fate.again, fate.moved_on), (0, 1));
    play.press("R");
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::Act(_))), "nothing is planned for what is not shown");
    play.press("<enter>");
    assert_eq!(play.incident_page().known.incident.id, id("again"));
}

#[test]
fn the_describe_page_goes_over_to_the_new_incident_and_reads_it() {
    let mut play = play();
    play.stays().press("<down>d");
    let now = play.now;
    play.become_of(again(now));
    assert!(!play.incident_page().gone);
    assert_eq!(play.incident_page().known.incident.id, id("again"));
    assert_eq!(play.described(), ["incident-0000", "again"], "read once, and once more");
    assert!(play.page_text().contains("Failed again 8 s ago"), "{}", play.page_text());
    play.become_of(again(now));
    assert_eq!(play.described().len(), 2);
}

#[test]
fn the_describe_page_of_a_job_that_moved_on_says_where_it_failed_and_enter_leads_there() {
    let mut play = play();
    play.stays().press("<down>d");
    let now = play.now;
    play.become_of(move |old| again(now)(old).map(|new| Incident { configuration: Some("job-next".into()), activity: Some("settle".into()), ..new }));
    assert!(play.incident_page().gone);
    assert!(play.page_text().contains("moved on, then failed at settle 8 s ago"), "{}", play.page_text());
    play.press("<enter>");
    assert_eq!(play.incident_page().known.incident.id, id("again"));
}

#[test]
fn a_failure_under_an_incident_that_the_engine_kept_is_told_too() {
    let mut play = play();
    play.stays().press("<down>d");
    let now = play.now;
    let mut past = example::past(now);
    let entry = |at: i64| JobLogEntry { at: now.wall - jiff::SignedDuration::from_secs(at), ..past.log.as_ref().expect("a log")[0].clone() };
    // The incident of the example is twenty seconds old: its own failure, and one since.
    past.log = Ok(vec![entry(8), entry(20)]);
    assert!(past.log.iter().flatten().all(|entry| entry.event == JobEvent::Failed));
    play.send(Message::Described(Box::new(Description {
        incident: id("incident-0000"),
        read: now,
        now: Ok(play.app.snapshot.incident(&id("incident-0000")).map(|known| known.incident.clone())),
        instance: None,
        work: Ok(FailedWork::Job(Some(example::job(0)))),
        trace: Ok(None),
        past: Some(past),
    })));
    assert!(play.page_text().contains("Failed again 8 s ago, 1 time since this incident was opened"), "{}", play.page_text());
}

#[test]
fn the_tree_goes_on_leading_to_the_cause_that_failed_again() {
    let mut play = play();
    play.stays().press("<down>t");
    let cause = |play: &Play| match play.app.page() {
        Some(Page::Tree(page)) => page.tree.cause.clone().map(|cause| cause.to_string()),
        other => panic!("no tree: {other:?}"),
    };
    assert_eq!(cause(&play).as_deref(), Some("incident-0000"));
    let now = play.now;
    play.become_of(again(now));
    assert_eq!(cause(&play).as_deref(), Some("again"));
}

#[test]
fn describe_says_of_a_suspension_what_the_page_of_the_instance_says() {
    use crate::model::suspension::Suspension;
    let mut play = play();
    play.stays().press("<down>d");
    let instance = crate::model::definition::ProcessInstance { suspended: true, ..example::instance::running() };
    play.send(Message::Described(Box::new(Description {
        incident: id("incident-0000"),
        read: play.now,
        now: Ok(None),
        instance: Some(Ok(Some(instance))),
        work: Ok(FailedWork::Job(Some(example::job(0)))),
        trace: Ok(None),
        past: None,
    })));
    let words = Suspension { instance: true, definition: None, job: false }.words().expect("words");
    assert!(play.page_text().contains(words), "{}", play.page_text());
    assert!(!play.page_text().contains("nothing in it runs"));
}
