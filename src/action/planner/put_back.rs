//! Putting back what an action of the journal was to keep asleep and left otherwise, because its program died or its requests were lost or
//! refused: each job is suspended again and due as before, as far as it still is as that action left it.
//!
//! Ids and dates are those of the journal. A job is touched only where its due date is the very one that the action wrote, or where it never
//! wrote one; whatever somebody else changed since stays, and is told with the due date the job had.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::facts::{Earlier, Kept, KeptJob};
use super::reading::{Reading, plural, unavailable};
use super::{Draft, Drafted, definitions, undo};
use crate::action::perform::{is_same, time};
use crate::action::plan::{Held, Unavailable, Weight};
use crate::action::verb::Verb;
use crate::action::wish::Asked;
use crate::engine::{JobLogFilter, JobLogOfExecutions, JobLogQuery, MOST_IDS, Order, Page};
use crate::model::history::{JobEvent, JobLogEntry};
use crate::model::ids::{JobDefinitionId, JobId, ProcessInstanceId};
use crate::model::job::Job;
use crate::model::section::Moment;

/// How long a request without an answer may still come: a busy engine works on what it took long after the connection is gone.
const LATE: SignedDuration = SignedDuration::from_mins(5);

/// Jobs that are gone of which the log is asked, one by one, how they went.
const GONE: usize = 20;

/// Entries of the log read for each job.
const ENTRIES: u32 = 12;

/// Puts back what this action, or the one that it was to put back after, left otherwise than it was to keep it.
pub(super) async fn plan(reading: &Reading<'_>, asked: &Asked, name: &str) -> Drafted {
    let earlier = origin(reading, name).await?;
    let kept = earlier.kept.clone().map_err(|why| unavailable(why, "put the jobs back one by one: bpmtop journal --action tells their ids"))?;
    if kept.jobs.is_empty() {
        return Err(unavailable("that action was to keep nothing asleep: there is nothing to put back", ""));
    }
    let mut draft = Draft::of(Verb::PutBack, asked.clone());
    draft.takes_back = Some(earlier.action.clone());
    let ids: Vec<JobId> = kept.jobs.iter().map(|job| job.job.clone()).collect();
    let now = reading.jobs(&ids).await?;
    gone(reading, &mut draft, &kept, &now).await?;
    late_shields(reading, &mut draft, &kept, &now);
    let mut changed = Vec::new();
    for known in &kept.jobs {
        let Some(job) = now.get(&known.job) else { continue };
        match stands(known, job) {
            Stands::Left => changed.push((known, job)),
            stands => {
                if stands == Stands::Moved && !job.suspended {
                    awake(reading, &mut draft, known, job);
                }
                leave_out(&mut draft, known, stands.words(reading, known, job));
            }
        }
    }
    let changed = not_run(reading, &mut draft, &earlier, changed).await?;
    take(reading, &mut draft, changed).await?;
    late(reading, &mut draft, &kept).await?;
    Ok(draft)
}

/// The action that left the jobs so: one that was to put them back leads to it, so that what died twice is put back to what it was at first.
async fn origin(reading: &Reading<'_>, name: &str) -> Result<Earlier, Unavailable> {
    let mut earlier = known(reading, name).await?;
    if let Some(first) = &earlier.puts_back {
        earlier = known(reading, &first.0).await?;
    }
    Ok(earlier)
}

async fn known(reading: &Reading<'_>, name: &str) -> Result<Earlier, Unavailable> {
    let Some(earlier) = undo::action(&reading.asking.facts, name).await? else {
        return Err(unavailable(format!("the journal knows of no action {}", crate::text::safe(name)), "bpmtop journal lists those it knows"));
    };
    undo::is_of_this_engine(reading, &earlier).await?;
    if earlier.under_way {
        return Err(unavailable(format!("{} is still under way", earlier.action), "wait until it is over, or stop it"));
    }
    Ok(earlier)
}

/// How a job stands to what an action was to keep of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// As the action left it, and not as it was before.
    Left,
    /// As it was before.
    Before,
    /// The action never came to it, or never meant to touch it.
    Untouched,
    /// It is due as before, and somebody else woke it.
    Resumed,
    /// It has a due date that the action did not write.
    Moved,
}

/// Whether a job is as an action left it.
fn stands(known: &KeptJob, job: &Job) -> Stands {
    let is_due = |due: Option<Timestamp>| is_same(job.due, due);
    match known.shield {
        _ if !known.guarded => Stands::Untouched,
        Some(shield) if is_due(Some(shield)) => Stands::Left,
        _ if is_due(known.due) && job.suspended => Stands::Before,
        // Where it was due so late that it needed no shield, it was only to be suspended again. What that action did not wake, somebody else did.
        None if is_due(known.due) && !known.shielded && known.woken => Stands::Left,
        _ if is_due(known.due) => Stands::Resumed,
        _ => Stands::Moved,
    }
}

impl Stands {
    fn words(self, reading: &Reading<'_>, known: &KeptJob, job: &Job) -> String {
        let zone = &reading.asking.zone;
        match self {
            Self::Left | Self::Before => "it is as it was before: suspended, and due as then".to_owned(),
            Self::Untouched => "that action was not to touch it, and did not".to_owned(),
            Self::Resumed if known.shield.is_none() && !known.woken => {
                "that action did not come to it: it is due as before, and somebody else resumed it".to_owned()
            }
            Self::Resumed => "it is due as before, and awake: somebody resumed it since".to_owned(),
            Self::Moved => format!("somebody gave it another due date since, {}; before that action it was due {}", due(job.due, zone), due(known.due, zone)),
        }
    }
}

/// Says of a job that is not touched that it runs, and when: it was to sleep.
fn awake(reading: &Reading<'_>, draft: &mut Draft, known: &KeptJob, job: &Job) {
    let zone = &reading.asking.zone;
    let (runs, was) = (due(job.due, zone), time(known.due, zone));
    let text = format!("LOOK AT job {}: it is AWAKE and runs {runs}: somebody gave it that due date, so it is left alone; its old due date was {was}", job.id);
    draft.warn(Weight::Caution, text);
}

fn due(due: Option<Timestamp>, zone: &jiff::tz::TimeZone) -> String {
    due.map_or_else(|| "at once".to_owned(), |due| time(Some(due), zone))
}

fn leave_out(draft: &mut Draft, known: &KeptJob, why: impl Into<String>) {
    draft.leave_out(format!("job {} ({})", known.job, known.label), why);
}

/// Leaves out what is gone, and says of a few how they went. What this login may only not see is to be looked at: it may lie as it was left.
async fn gone(reading: &Reading<'_>, draft: &mut Draft, kept: &Kept, now: &HashMap<JobId, Job>) -> Result<(), Unavailable> {
    let mut unseen = 0_u64;
    for (place, known) in kept.jobs.iter().filter(|known| !now.contains_key(&known.job)).enumerate() {
        unseen += 1;
        let mut why = reading.why_gone().to_owned();
        if place < GONE {
            let filter = JobLogFilter { job: Some(known.job.clone()), ..JobLogFilter::default() };
            let query = JobLogQuery { filter, by_time: Some(Order::Descending), page: Page::first(ENTRIES) };
            let entries = reading.wish(draft, "how jobs that are gone went", reading.client.job_log(&query)).await?.unwrap_or_default();
            let last = entries.iter().find(|entry| matches!(entry.event, JobEvent::Succeeded | JobEvent::Deleted));
            if let Some(last) = last {
                unseen -= 1;
                let at = time(Some(last.at), &reading.asking.zone);
                let how = if last.event == JobEvent::Succeeded { "it ran through" } else { "it was removed without having run," };
                why = format!("gone: {how} at {at}");
            }
        }
        leave_out(draft, known, why);
    }
    if unseen > 0 && reading.is_blind().await {
        let text = format!("LOOK: {} not shown to this login: gone, or as that action left it; look with a login that sees all instances", are(unseen, "job"));
        draft.warn(Weight::Caution, text);
    }
    Ok(())
}

/// "1 job is", "2 jobs are".
fn are(count: u64, what: &str) -> String {
    format!("{} {}", plural(count, what), if count == 1 { "is" } else { "are" })
}

/// A due date that nobody answered for may still move, and would stay a year ahead with nobody to put it back: as long as it may, nothing is done.
fn late_shields(reading: &Reading<'_>, draft: &mut Draft, kept: &Kept, now: &HashMap<JobId, Job>) {
    let is_seen = |known: &KeptJob| now.get(&known.job).is_none_or(|job| is_same(job.due, known.shield));
    let open: Vec<Timestamp> = kept.jobs.iter().filter(|known| !is_seen(known)).filter_map(|known| known.shield_open).collect();
    let Some(latest) = open.iter().max() else { return };
    let shield = kept.jobs.iter().find_map(|known| known.shield);
    let text = format!(
        "the due date of {} was to move far ahead, to {}, by a request without an answer that went out",
        plural(open.len() as u64, "job"),
        due(shield, &reading.asking.zone)
    );
    warn_of_late(draft, &text, *latest, "it would stay due then");
}

/// Says how long ago a request without an answer went out, and until when it stops everything.
fn warn_of_late(draft: &mut Draft, text: &str, sent: Timestamp, harm: &str) {
    let since = Moment::now().wall.duration_since(sent);
    let wait = if since < LATE { format!("; read again (r) in {} s", (LATE - since).as_secs() + 1) } else { String::new() };
    let weight = if since < LATE { Weight::Stop } else { Weight::Caution };
    draft.warn(weight, format!("{text} {} s ago, and may still come: {harm}{wait}", since.as_secs()));
}

type Found<'a> = Vec<(&'a KeptJob, &'a Job)>;

/// Leaves out what was tried since the action began: it is not as that left it, and is to be looked at, because it is not as it was before either.
async fn not_run<'a>(reading: &Reading<'_>, draft: &mut Draft, earlier: &Earlier, found: Found<'a>) -> Result<Found<'a>, Unavailable> {
    let offset = reading.asking.picture.engine.clock_offset.unwrap_or_default();
    let began = earlier.since.unwrap_or_else(|| earlier.began.saturating_add(offset).unwrap_or(earlier.began));
    let mut by_definition: HashMap<Option<JobDefinitionId>, Vec<&Job>> = HashMap::new();
    for (_, job) in &found {
        by_definition.entry(job.job_definition.clone()).or_default().push(job);
    }
    let mut tried: HashMap<JobId, JobLogEntry> = HashMap::new();
    for (job_definition, jobs) in by_definition {
        for jobs in jobs.chunks(MOST_IDS) {
            let executions = jobs.iter().filter_map(|job| job.execution.clone()).collect();
            let most = u32::try_from(jobs.len()).unwrap_or(Page::MOST).saturating_mul(ENTRIES).min(Page::MOST);
            let query = JobLogOfExecutions { executions, job_definition: job_definition.clone(), page: Page::first(most) };
            let entries = reading.wish(draft, "whether one of them was tried since", reading.client.job_log_of(&query)).await?.unwrap_or_default();
            let failed = entries.into_iter().filter(|entry| entry.event == JobEvent::Failed && entry.at > began);
            tried.extend(failed.map(|entry| (entry.job.clone(), entry)));
        }
    }
    let mut left = Vec::new();
    for (known, job) in found {
        match tried.get(&job.id) {
            None => left.push((known, job)),
            Some(entry) => {
                let zone = &reading.asking.zone;
                let ran = format!("it ran at {} and failed", time(Some(entry.at), zone));
                let (is, was) = (due(job.due, zone), due(known.due, zone));
                let text = format!("LOOK AT job {}: {ran}, so it is left alone; it stays due {is}; its old due date was {was}", job.id);
                draft.warn(Weight::Caution, text);
                leave_out(draft, known, format!("{ran}; before that action it was due {was}"));
            }
        }
    }
    Ok(left)
}

/// Makes targets of jobs. One that is awake is suspended only while something else that is suspended is why it was to sleep: nobody would find
/// it otherwise, and nothing would resume it.
async fn take(reading: &Reading<'_>, draft: &mut Draft, found: Found<'_>) -> Result<(), Unavailable> {
    let definitions: HashSet<JobDefinitionId> = found.iter().filter_map(|(_, job)| job.job_definition.clone()).collect();
    let definitions = definitions::read(reading, &definitions.into_iter().collect::<Vec<_>>()).await?;
    let ids: Vec<ProcessInstanceId> = found.iter().filter_map(|(_, job)| job.process_instance.clone()).collect();
    let instances = reading.instances(&ids).await?;
    let keys = reading.business_keys(&instances).await?;
    let (mut woken, mut at_once, mut passed) = (0, 0, 0);
    for (known, job) in found {
        let of_definition = job.job_definition.as_ref().and_then(|id| definitions.get(id)).is_some_and(|definition| definition.suspended);
        let of_instance = job.process_instance.as_ref().and_then(|id| instances.get(id)).is_some_and(|instance| instance.suspended);
        let cause = match (of_instance, of_definition) {
            (true, _) => "its process instance is suspended",
            (_, true) => "its job definition is suspended",
            _ if job.suspended => "it is suspended itself",
            _ => {
                let zone = &reading.asking.zone;
                let text = format!(
                    "LOOK AT job {}: it is awake and due {}, and nothing suspends it any more, so it is left alone; its old due date was {}",
                    job.id,
                    due(job.due, zone),
                    time(known.due, zone)
                );
                draft.warn(Weight::Caution, text);
                leave_out(draft, known, "it is awake, and neither its instance nor its job definition is suspended any more: move its due date by hand");
                continue;
            }
        };
        woken += usize::from(!job.suspended);
        at_once += usize::from(!job.suspended && job.due.is_none_or(|due| due <= reading.engine_now()));
        passed += usize::from(known.due.is_none_or(|due| due <= reading.engine_now()));
        let key = job.process_instance.as_ref().and_then(|instance| keys.get(instance)).cloned();
        let mut target = reading.job_target(job.clone(), None, key);
        if !known.label.is_empty() {
            target.label.clone_from(&known.label);
        }
        let held = Held { target: draft.targets.len(), job: job.id.clone(), due: known.due, label: target.label.clone(), cause: cause.to_owned() };
        draft.held.push(held);
        draft.targets.push(target);
    }
    tell(draft, woken, at_once, passed);
    Ok(())
}

/// What is found of those that are put back: those that are awake, those of them that are due already, those whose old due date has passed.
fn tell(draft: &mut Draft, woken: usize, at_once: usize, passed: usize) {
    let all = draft.targets.len();
    let of = |count: usize| are(count as u64, "job");
    if at_once > 0 {
        draft.warn(Weight::Caution, format!("{} AWAKE and due: nothing keeps {} from running", of(at_once), if at_once == 1 { "it" } else { "them" }));
    }
    if woken > at_once {
        let count = woken - at_once;
        let text = format!("{} AWAKE: only the due date far ahead keeps {} from running", of(count), if count == 1 { "it" } else { "them" });
        draft.warn(Weight::Caution, text);
    }
    if woken < all {
        draft.warn(Weight::Note, format!("{} suspended already: only the due date is wrong", of(all - woken)));
    }
    if passed > 0 {
        draft.warn(Weight::Note, format!("{} will run as soon as what suspends it is resumed: its old due date has passed", plural(passed as u64, "job")));
    }
}

/// A resumption that nobody answered may still come, and would wake what was just put back: as long as it may, nothing is put back.
async fn late(reading: &Reading<'_>, draft: &mut Draft, kept: &Kept) -> Result<(), Unavailable> {
    for (target, sent) in &kept.unanswered {
        let instances = reading.instances(&[target.id.clone().into()]).await?;
        let definitions = definitions::read(reading, &[target.id.clone().into()]).await?;
        let arrived = instances.get(&target.id.clone().into()).map(|instance| !instance.suspended);
        let arrived = arrived.or_else(|| definitions.get(&target.id.clone().into()).map(|definition| !definition.suspended));
        // What is gone wakes nothing any more.
        if arrived.unwrap_or(true) {
            continue;
        }
        let text = format!("the resumption of {} went out without an answer", target.label);
        warn_of_late(draft, &text, *sent, "it would wake these jobs");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example;

    fn moment(text: &str) -> Option<Timestamp> {
        text.parse().ok()
    }

    fn known(due: Option<Timestamp>, shield: Option<Timestamp>) -> KeptJob {
        let (shielded, woken) = (shield.is_some(), shield.is_none());
        KeptJob { job: "job-0000".into(), label: "payment v2".to_owned(), due, shield, shielded, shield_open: None, woken, guarded: true }
    }

    fn now(due: Option<Timestamp>, suspended: bool) -> Job {
        Job { due, suspended, ..example::job(0) }
    }

    #[test]
    fn a_job_is_put_back_only_from_the_very_date_that_was_written() {
        let (old, far) = (moment("2026-03-02T05:00:00Z"), moment("2027-03-01T12:00:00.250Z"));
        for suspended in [true, false] {
            assert_eq!(stands(&known(old, far), &now(far, suspended)), Stands::Left);
            assert_eq!(stands(&known(None, far), &now(far, suspended)), Stands::Left, "it had no due date");
            assert_eq!(stands(&known(old, far), &now(moment("2027-03-01T12:00:00Z"), suspended)), Stands::Left, "a database may keep seconds only");
            assert_eq!(stands(&known(old, far), &now(moment("2027-03-01T12:05:00Z"), suspended)), Stands::Moved, "somebody else's date");
            assert_eq!(stands(&known(old, far), &now(None, suspended)), Stands::Moved);
            assert_eq!(stands(&known(old, None), &now(far, suspended)), Stands::Moved, "that action never wrote it");
        }
        assert_eq!(stands(&known(old, far), &now(old, true)), Stands::Before);
        assert_eq!(stands(&known(None, far), &now(None, true)), Stands::Before);
        assert_eq!(stands(&known(old, far), &now(old, false)), Stands::Resumed);
    }

    #[test]
    fn a_job_that_needed_no_shield_is_only_suspended_again() {
        let late = moment("2028-01-01T00:00:00Z");
        assert_eq!(stands(&known(late, None), &now(late, false)), Stands::Left);
        assert_eq!(stands(&known(late, None), &now(late, true)), Stands::Before);
    }

    #[test]
    fn a_job_that_the_action_did_not_wake_is_not_put_to_sleep() {
        let old = moment("2026-03-02T05:00:00Z");
        let never_shielded = KeptJob { shielded: true, ..known(old, None) };
        assert_eq!(stands(&never_shielded, &now(old, false)), Stands::Resumed, "its shield never went out, so neither did the resumption");
        assert_eq!(stands(&KeptJob { woken: false, ..known(old, None) }, &now(old, false)), Stands::Resumed, "the resumption never went out");
        assert_eq!(stands(&never_shielded, &now(old, true)), Stands::Before);
    }

    #[test]
    fn what_is_awake_is_told_by_the_date_that_stands() {
        let told = |woken, at_once| {
            let mut draft = Draft::of(Verb::PutBack, Asked::PutBack("earlier".to_owned()));
            draft.targets = crate::action::example::retry(3).targets.to_vec();
            tell(&mut draft, woken, at_once, 0);
            draft.warnings.into_iter().map(|warning| warning.text).filter(|text| text.contains("AWAKE")).collect::<Vec<_>>()
        };
        assert_eq!(told(2, 0), ["2 jobs are AWAKE: only the due date far ahead keeps them from running"]);
        assert_eq!(told(1, 1), ["1 job is AWAKE and due: nothing keeps it from running"]);
        assert_eq!(told(3, 1).len(), 2);
    }

    #[test]
    fn a_job_that_the_action_never_meant_to_touch_is_left_alone() {
        let old = moment("2026-03-02T05:00:00Z");
        let untouched = KeptJob { guarded: false, ..known(old, None) };
        assert_eq!(stands(&untouched, &now(old, false)), Stands::Untouched);
    }
}
