//! What the journal knows of earlier actions, in the words of plans.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::action::perform::{journal_engine, known_engine, recorded_change};
use crate::action::plan::{ActionId, Plan, Unavailable};
use crate::action::planner::facts::{AtWork, Before, Earlier, EarlierTarget, Facts, Kept, KeptJob};
use crate::action::target::Subject;
use crate::action::verb::Verb;
use crate::engine::{Change, NewValue};
use crate::journal::{Answer, Class, Journal, Standing, Story, Summary, Unread};
use crate::model::ids::BatchId;
use crate::model::snapshot::EngineIdentity;
use crate::text::EngineText;

/// The journal and, for values of variables, which no journal holds, the plans of this run.
pub(super) struct JournalFacts {
    pub(super) journal: Result<Arc<Journal>, String>,
    pub(super) performed: Arc<Mutex<Vec<Arc<Plan>>>>,
}

impl Facts for JournalFacts {
    fn frozen(&self, engine: &EngineIdentity) -> Result<Option<Earlier>, Unavailable> {
        let frozen = self.journal()?.archive().frozen(&journal_engine(engine)).map_err(|error| unreadable(&error))?;
        let Some(frozen) = frozen else { return Ok(None) };
        let left: HashSet<&str> = frozen.left.iter().map(|target| target.id.as_wire()).collect();
        let mut earlier = self.earlier(&frozen.freeze)?;
        if let Some(earlier) = &mut earlier {
            earlier.targets.retain(|target| left.contains(target.id.as_wire()));
        }
        Ok(earlier)
    }

    fn action(&self, name: &str) -> Result<Option<Earlier>, Unavailable> {
        let story = self.journal()?.archive().action(name).map_err(|error| unreadable(&error))?;
        story.map_or(Ok(None), |story| self.earlier(&story))
    }

    fn batch(&self, batch: &BatchId) -> Result<Option<Earlier>, Unavailable> {
        // Without a journal nothing is known of it, which is no reason against a plan.
        let Ok(journal) = &self.journal else { return Ok(None) };
        let story = journal.archive().of_batch(batch.as_wire()).map_err(|error| unreadable(&error))?;
        story.map_or(Ok(None), |story| self.earlier(&story))
    }

    fn at_work(&self, engine: &EngineIdentity) -> Result<Vec<AtWork>, Unavailable> {
        let Ok(journal) = &self.journal else { return Ok(Vec::new()) };
        let known = journal.archive().at_work(&journal_engine(engine)).map_err(|error| unreadable(&error))?;
        Ok(known.into_iter().map(at_work).collect())
    }

    fn doubt(&self) -> Option<String> {
        self.journal.as_ref().ok().and_then(|journal| journal.doubt())
    }
}

fn at_work(known: crate::journal::AtWork) -> AtWork {
    let crate::journal::Intent { action, who, sentence, targets, .. } = known.intent;
    let targets = targets.into_iter().map(|target| (target.id.text().clone(), target.instance.map(|instance| instance.text().clone()))).collect();
    AtWork { action: ActionId(action.as_wire().to_owned()), by: format!("{}@{}", who.user, who.host), sentence: sentence.to_string(), targets }
}

fn unreadable(error: &Unread) -> Unavailable {
    Unavailable { why: format!("the journal cannot be read: {error}"), remedy: "run `bpmtop journal verify`".to_owned() }
}

impl JournalFacts {
    fn journal(&self) -> Result<&Arc<Journal>, Unavailable> {
        self.journal.as_ref().map_err(|why| Unavailable {
            why: format!("there is no journal to look into: {why}"),
            remedy: "name a folder that can be written in [journal] or BPMTOP_JOURNAL".to_owned(),
        })
    }

    /// None where a later version did something this one does not know.
    fn earlier(&self, story: &Story) -> Result<Option<Earlier>, Unavailable> {
        let intent = &story.intent;
        let Some(verb) = Verb::ALL.into_iter().find(|verb| verb.word() == intent.verb.as_wire()) else { return Ok(None) };
        let went_out = (0..).zip(&intent.requests).filter(|(step, _)| may_have_happened(story, *step));
        let sent: HashSet<u64> = went_out.flat_map(|(_, request)| request.targets.iter().copied()).collect();
        let plan = self.performed.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|plan| plan.action.0 == intent.action.as_wire()).cloned();
        let targets: Vec<EarlierTarget> = (0..)
            .zip(&intent.targets)
            .map(|(at, target)| EarlierTarget {
                id: target.id.text().clone(),
                business_key: target.business_key.as_ref().map(|key| key.text().clone()),
                instance: target.instance.as_ref().map(|instance| instance.text().clone()),
                label: target.label.to_string(),
                sent: sent.contains(&at),
                before: Before {
                    suspended: target.before.suspended.unwrap_or_default(),
                    due: target.before.due,
                    priority: target.before.priority,
                    note: target.before.note.as_ref().map(|note| note.as_wire().to_owned()),
                    value: plan.as_ref().and_then(|plan| value(plan, target.id.text())),
                },
            })
            .collect();
        Ok(Some(Earlier {
            action: ActionId(intent.action.as_wire().to_owned()),
            verb,
            sentence: intent.sentence.to_string(),
            url: intent.engine.url.as_wire().to_owned(),
            engine_name: intent.engine.name.as_ref().map(|name| name.as_wire().to_owned()),
            engine: known_engine(&intent.engine),
            began: story.at,
            at: at(story),
            jobs_too: story.intent.jobs_too.unwrap_or_else(|| jobs_too(story)),
            kept: kept(story, &targets),
            targets,
            taken_back: self.taken_back(story)?,
            under_way: story.standing == Standing::UnderWay,
            since: intent.engine_time,
            puts_back: intent.puts_back.as_ref().map(|action| ActionId(action.as_wire().to_owned())),
        }))
    }

    /// The action that took this one back already: a later one that names it and was not without effect.
    fn taken_back(&self, story: &Story) -> Result<Option<ActionId>, Unavailable> {
        let day = story.at.to_zoned(TimeZone::UTC).date().saturating_sub(1.day());
        let later = self.journal()?.archive().summaries(Some(day)).map_err(|error| unreadable(&error))?;
        let name = &story.intent.action;
        let found = later.into_iter().find(|summary| summary.intent.undo_of.as_ref() == Some(name) && had_effect(summary));
        Ok(found.map(|summary| ActionId(summary.intent.action.as_wire().to_owned())))
    }
}

/// Whether it changed something, or may have. What failed for every target leaves what it was to take back as it was.
fn had_effect(summary: &Summary) -> bool {
    let told =
        |bad: bool| summary.counts.iter().filter(|count| matches!(count.class, Class::Bad | Class::Untouched) == bad).map(|count| count.count).sum::<u64>();
    let over = matches!(summary.standing, Standing::Over(_) | Standing::ReadBack);
    // A program that died had no time to tell of all.
    summary.sent > 0 && (told(false) > 0 || !over && told(true) < summary.targets)
}

/// Whether a request went out, or may have, and was not refused.
fn may_have_happened(story: &Story, step: u64) -> bool {
    match story.answers.get(&step) {
        Some(answered) => answered.answer.may_have_happened(),
        None => story.sent.contains_key(&step),
    }
}

/// What an action was to keep asleep, from its own requests: the dates are read, never guessed.
fn kept(story: &Story, targets: &[EarlierTarget]) -> Result<Kept, &'static str> {
    let intent = &story.intent;
    if (intent.requests.len() as u64) < intent.steps {
        return Err("the journal does not hold all requests of that action");
    }
    // Only what was kept asleep is put back, and no request on it names a target by its place.
    let steps: Vec<(u64, Option<Change>)> = (0..).zip(&intent.requests).map(|(step, request)| (step, recorded_change(request, &[]))).collect();
    if intent.held.is_empty() && steps.iter().any(|(_, change)| matches!(change, Some(Change::JobSuspension { suspended: true, .. }))) {
        return Err("the journal of that version of bpmtop does not hold the due dates the jobs had");
    }
    let is_open = |step: u64| story.answers.get(&step).is_none_or(|answered| answered.answer == Answer::Unknown);
    let wakes = |change: &Option<Change>| {
        matches!(change, Some(Change::InstanceSuspension { suspended: false, .. } | Change::JobDefinitionSuspension { suspended: false, jobs_too: true, .. }))
    };
    let jobs = intent.held.iter().map(|held| {
        let own = |id: &crate::model::ids::JobId| id.text() == held.id.text();
        let guard = steps.iter().position(|(_, change)| matches!(change, Some(Change::JobSuspension { job, suspended: true }) if own(job)));
        let before = &steps[..guard.unwrap_or(0)];
        let shield = before.iter().find_map(|(step, change)| match change {
            Some(Change::JobDueDate { job, due }) if own(job) => Some((*step, *due)),
            _ => None,
        });
        let targets = |step: usize| intent.requests.get(step).map_or(&[][..], |request| &request.targets);
        let of_guard = guard.map_or(&[][..], targets);
        let of_its_own = |step: u64| usize::try_from(step).is_ok_and(|step| targets(step).iter().any(|target| of_guard.contains(target)));
        KeptJob {
            job: held.id.text().clone().into(),
            label: held.label.to_string(),
            due: held.before.due,
            shield: shield.filter(|(step, _)| may_have_happened(story, *step)).and_then(|(_, due)| due),
            shielded: shield.is_some(),
            shield_open: shield.filter(|(step, _)| is_open(*step)).and_then(|(step, _)| story.sent.get(&step).copied()),
            woken: before.iter().any(|(step, change)| wakes(change) && of_its_own(*step) && may_have_happened(story, *step)),
            guarded: guard.is_some(),
        }
    });
    let open = steps.iter().filter(|(step, change)| wakes(change) && is_open(*step));
    let unanswered = open.filter_map(|(step, _)| {
        let request = intent.requests.get(usize::try_from(*step).ok()?)?;
        let target = targets.get(usize::try_from(*request.targets.first()?).ok()?)?;
        Some((target.clone(), *story.sent.get(step)?))
    });
    Ok(Kept { jobs: jobs.collect(), unanswered: unanswered.collect() })
}

/// The value of a variable before it was written, as the plan of this run holds it.
fn value(plan: &Plan, name: &EngineText) -> Option<NewValue> {
    plan.targets.iter().find_map(|target| match &target.subject {
        Subject::Variable { name: known, before, .. } if known == name => before.clone(),
        _ => None,
    })
}

/// The bodies of its requests.
fn bodies(story: &Story) -> impl Iterator<Item = serde_json::Value> {
    story.intent.requests.iter().filter_map(|request| request.body.as_ref()).filter_map(|body| serde_json::from_str(body.as_wire()).ok())
}

/// Whether existing jobs or running instances were meant too, as far as the requests tell: they do not where each job was resumed singly.
fn jobs_too(story: &Story) -> bool {
    bodies(story).any(|body| ["includeJobs", "includeProcessInstances"].iter().any(|name| body[*name].as_bool() == Some(true)))
}

/// When it was to happen, where it was not at once.
fn at(story: &Story) -> Option<Timestamp> {
    bodies(story).find_map(|body| body["executionDate"].as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::tests::{Desk, end, engine, intent, outcome, sent};
    use crate::journal::{Entry, How, Intent};

    /// What another run knows of the same journal.
    fn facts(desk: &Desk) -> JournalFacts {
        JournalFacts { journal: Ok(Arc::new(Journal::open(&desk.folder()).unwrap())), performed: Arc::default() }
    }

    fn begun(intent: Intent) -> Entry {
        Entry::Intent(Box::new(intent))
    }

    #[test]
    fn an_undo_that_failed_for_every_target_takes_nothing_back() {
        let undo = |name: &str| begun(Intent { undo_of: Some("a".into()), ..intent(name, "resume job definitions", 2) });
        let by = |entries: Vec<Entry>| {
            let desk = Desk::new();
            desk.journal.append(&begun(intent("a", "retry", 2))).unwrap();
            for entry in &entries {
                desk.journal.append(entry).unwrap();
            }
            facts(&desk).action("a").unwrap().unwrap().taken_back
        };
        let failed = |count| ("rejected", Class::Bad, count);
        assert_eq!(by(vec![undo("u"), sent("u", 0), sent("u", 1), end("u", How::Done, &[failed(2)])]), None);
        assert_eq!(by(vec![undo("u")]), None, "nothing was sent");
        let half = vec![undo("u"), sent("u", 0), sent("u", 1), end("u", How::Done, &[failed(1), ("unknown", Class::Unknown, 1)])];
        assert_eq!(by(half), Some(ActionId("u".to_owned())));
        let died = vec![undo("u"), sent("u", 0), outcome("u", 0, "rejected", Class::Bad), sent("u", 1)];
        assert_eq!(by(died), Some(ActionId("u".to_owned())), "nobody knows of the second");
    }

    #[test]
    fn whether_existing_jobs_were_meant_is_recorded_and_read_off_the_requests_of_old_lines() {
        let jobs_too = |recorded: Option<bool>, body: &str| {
            let mut intent = Intent { jobs_too: recorded, ..intent("a", "resume job definitions", 1) };
            intent.verb = Verb::ResumeJobDefinitions.word().into();
            intent.requests[0].body = Some(body.into());
            let desk = Desk::new();
            desk.journal.append(&begun(intent)).unwrap();
            facts(&desk).action("a").unwrap().unwrap().jobs_too
        };
        assert!(jobs_too(Some(true), r#"{"suspended":false,"includeJobs":false}"#), "each job was resumed singly");
        assert!(!jobs_too(Some(false), r#"{"suspended":false,"includeJobs":false}"#));
        assert!(jobs_too(None, r#"{"suspended":false,"includeJobs":true}"#));
    }

    #[test]
    fn what_is_at_work_is_told_by_its_targets() {
        let desk = Desk::new();
        desk.journal.append(&begun(intent("a", "retry", 2))).unwrap();
        let known = engine();
        let identity = EngineIdentity {
            url: known.url.as_wire().to_owned(),
            engine_name: known.name.as_ref().map(|name| name.as_wire().to_owned()),
            ..EngineIdentity::default()
        };
        let at_work = facts(&desk).at_work(&identity).unwrap();
        let [known] = &at_work[..] else { panic!("{at_work:?}") };
        assert_eq!((known.by.as_str(), known.targets.len()), ("ann@ops1", 2));
        assert!(known.targets.contains(&("job-1".into(), Some("instance-1".into()))));
    }

    /// An action that resumes instance `p` and keeps one job asleep: 0 shields, 1 resumes, 2 suspends again, 3 puts back.
    fn resumption(due: Option<&str>) -> Intent {
        use crate::journal::{Before, Request, Target};
        let request = |path: &str, body: &str| Request { method: "PUT".into(), path: path.into(), body: Some(body.into()), targets: vec![0] };
        let old = due.map_or_else(|| "null".to_owned(), |due| format!("\"{due}\""));
        let held = Target {
            kind: "job".into(),
            id: "j".into(),
            label: "payment v2".into(),
            business_key: None,
            instance: None,
            before: Before { suspended: Some(true), due: due.map(|_| "2026-03-02T05:00:00Z".parse().unwrap()), ..Before::default() },
        };
        Intent {
            held: vec![held],
            steps: 4,
            requests: vec![
                request("/job/j/duedate", r#"{"duedate":"2027-03-01T12:00:00.000+0000"}"#),
                request("/process-instance/instance-0/suspended", r#"{"suspended":false}"#),
                request("/job/j/suspended", r#"{"suspended":true}"#),
                request("/job/j/duedate", &format!(r#"{{"duedate":{old}}}"#)),
            ],
            ..intent("a", "resume instances", 1)
        }
    }

    fn kept_after(intent: Intent, entries: &[Entry]) -> Result<Kept, &'static str> {
        let desk = Desk::new();
        desk.journal.append(&begun(intent)).unwrap();
        entries.iter().for_each(|entry| drop(desk.journal.append(entry).unwrap().short()));
        facts(&desk).action("a").unwrap().unwrap().kept
    }

    #[test]
    fn what_was_to_be_kept_asleep_is_told_with_the_dates_as_they_were_written() {
        use crate::journal::tests::answered;
        let far = "2027-03-01T12:00:00Z".parse().ok();
        let old = "2026-03-02T05:00:00Z".parse().ok();
        for (due, expected) in [(Some("2026-03-02T05:00:00.000+0000"), old), (None, None)] {
            let kept = kept_after(resumption(due), &[sent("a", 0), answered("a", 0, Answer::Accepted)]).unwrap();
            let [job] = &kept.jobs[..] else { panic!("{kept:?}") };
            assert_eq!((job.job.as_wire(), job.due, job.shield, job.guarded), ("j", expected, far, true));
            assert!(kept.unanswered.is_empty(), "the resumption never went out");
        }
        let job = |entries: &[Entry]| kept_after(resumption(None), entries).unwrap().jobs.remove(0);
        let told = |entries: &[Entry]| {
            let job = job(entries);
            (job.shielded, job.shield_open.is_some(), job.woken)
        };
        assert_eq!(told(&[]), (true, false, false), "it was to be moved, and nothing went out");
        assert_eq!(told(&[sent("a", 0)]), (true, true, false), "that may still come");
        assert_eq!(told(&[sent("a", 0), answered("a", 0, Answer::Unknown)]), (true, true, false));
        let shielded = [sent("a", 0), answered("a", 0, Answer::Accepted), sent("a", 1)];
        assert_eq!(told(&shielded), (true, false, true), "it may be awake");
        assert_eq!(told(&[&shielded[..], &[answered("a", 1, Answer::Rejected)]].concat()), (true, false, false));
        let bare = kept_after(Intent { requests: resumption(None).requests.split_off(1), steps: 3, ..resumption(None) }, &[]).unwrap();
        assert!(!bare.jobs[0].shielded && bare.jobs[0].guarded, "it needed no shield");
        let shield = |entries: &[Entry]| job(entries).shield;
        assert_eq!(shield(&[]), None, "its due date was never moved");
        assert_eq!(shield(&[sent("a", 0)]), far, "it may have been");
        assert_eq!(shield(&[sent("a", 0), answered("a", 0, Answer::Rejected)]), None, "that was refused");
    }

    #[test]
    fn a_resumption_without_an_answer_is_told_with_the_time_it_went_out() {
        use crate::journal::tests::answered;
        let unanswered = |entries: &[Entry]| kept_after(resumption(None), entries).unwrap().unanswered.len();
        assert_eq!(unanswered(&[sent("a", 1)]), 1);
        assert_eq!(unanswered(&[sent("a", 1), answered("a", 1, Answer::Unknown)]), 1);
        assert_eq!(unanswered(&[sent("a", 1), answered("a", 1, Answer::Accepted)]), 0);
        assert_eq!(unanswered(&[sent("a", 1), answered("a", 1, Answer::Rejected)]), 0);
    }

    #[test]
    fn a_journal_that_does_not_hold_the_dates_says_so_and_nothing_is_guessed() {
        assert!(kept_after(Intent { held: Vec::new(), ..resumption(None) }, &[]).unwrap_err().contains("does not hold the due dates"));
        assert!(kept_after(Intent { steps: 5, ..resumption(None) }, &[]).unwrap_err().contains("all requests"));
        assert!(kept_after(intent("a", "retry", 1), &[]).unwrap().jobs.is_empty(), "it was to keep nothing asleep");
    }
}
