//! The list of what failed and has retries left: how it opens, and what can be asked of its rows.

use std::collections::HashMap;

use super::*;
use crate::action::desk::ActCommand;
use crate::action::wish::Asked;
use crate::model::external_task::ExternalTask;
use crate::model::inquiry::{Finding, Inquiry, Listed};
use crate::model::job::Job;
use crate::model::retrying::Retrying;
use crate::model::section::Section;

pub(crate) fn snapshot(now: Moment) -> Snapshot {
    let mut snapshot = example::snapshot(now);
    let in_seconds = |seconds| Some(now.wall + jiff::SignedDuration::from_secs(seconds));
    let job = |number: usize, left| Job { retries: left, due: in_seconds(60 * left), ..example::job(number) };
    let jobs = vec![job(1, 2), job(2, 1)];
    let tasks = vec![ExternalTask { lock_expires: in_seconds(3_540), ..example::external_task(1) }];
    let business_keys = HashMap::from([("instance-0001".into(), "A-1".into())]);
    let found = Retrying { jobs: Listed { total: Some(2), rows: jobs }, tasks, tasks_looked_at: (3, 3), business_keys };
    let mut section = Section::default();
    section.succeed(Finding::Retrying(Box::new(found)), now);
    snapshot.findings = Arc::new(HashMap::from([(Inquiry::Retrying, section)]));
    snapshot
}

fn open() -> Play {
    let mut play = play();
    let now = play.now;
    play.press("J").send(Message::Snapshot(Arc::new(snapshot(now))));
    play
}

impl Play {
    fn wished(&self) -> Vec<Asked> {
        let of = |effect: &Effect| match effect {
            Effect::Act(ActCommand::Plan { wish, .. }) => Some(wish.what.clone()),
            _ => None,
        };
        self.effects.iter().filter_map(of).collect()
    }
}

#[test]
fn it_is_asked_only_while_the_page_is_open_and_its_groups_unfold_into_jobs() {
    let mut play = open();
    let asks = |play: &Play| {
        let looks = play.effects.iter().rev().find_map(|effect| match effect {
            Effect::Poll(PollCommand::Look(looking)) => Some(looking.inquiries.contains(&Inquiry::Retrying)),
            _ => None,
        });
        looks.expect("a look")
    };
    assert!(asks(&play));
    let Some(Page::Retrying(page)) = play.app.page() else { panic!("not opened") };
    assert_eq!((page.groups.len(), page.list.len()), (2, 2));
    play.press("<enter>");
    let Some(Page::Retrying(page)) = play.app.page() else { panic!("left") };
    assert_eq!(page.list.len(), 4, "two jobs below the first group");
    play.press("<down><enter>");
    assert!(matches!(play.app.page(), Some(Page::Instance(page)) if page.id.as_wire() == "instance-0002"), "that with one attempt left is first");
    play.press("<esc><esc>");
    assert!(!asks(&play));
}

#[test]
fn a_job_is_made_due_now_a_task_and_a_group_say_what_can_be_done() {
    let mut play = open();
    play.press("R");
    assert!(play.wished().is_empty());
    assert!(play.app.notice.as_ref().is_some_and(|(notice, _)| notice.contains("one at a time")), "{:?}", play.app.notice);
    play.press("<enter><down>R");
    assert!(matches!(play.wished().as_slice(), [Asked::MoveDueDate { job, due: None }] if job.as_wire() == "job-0002"), "{:?}", play.wished());
    play.press("<esc>G<enter>G");
    play.press("R");
    assert_eq!(play.wished().len(), 1, "nothing more is planned");
    assert!(play.app.notice.as_ref().is_some_and(|(notice, _)| notice.contains("fetched by its worker")), "{:?}", play.app.notice);
}
