//! Reading back: what became of targets, asked for many at once and within a budget of its own.
//!
//! The budget is small and announced: one request in flight, a few a second. What the requests are made of: jobs and external tasks by
//! their ids, then, for what is gone, the log and the instances; the logs before the instances, because an entry of the log is there once
//! the job is gone. What could not be read stays unread: it is never taken for an answer.

mod things;
mod traces;
mod work;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::action::judge::Facts;
use crate::action::outcome::Outcome;
use crate::action::plan::{ActionId, Step};
use crate::action::target::{Subject, Target};
use crate::engine::identity::{self, Depth, KnownFrom, Verdict};
use crate::engine::{Answer, Change, Client, CountQuestion, EngineError, JobIs, MOST_IDS, Page, Problem, UserOperationFilter, UserOperationQuery};
use crate::model::history::UserOperation;
use crate::model::ids::{BatchId, ExternalTaskId, JobDefinitionId, JobId, ProcessInstanceId};
use crate::model::incident::Incident;
use crate::model::job::Job;
use crate::model::snapshot::EngineIdentity;
use crate::text::EngineText;

/// Requests a second at most.
pub const PER_SECOND: f64 = 4.0;

/// Requests that may follow each other at once after a while without any.
const AT_ONCE: f64 = 5.0;

/// Between two lists of all definitions.
const LISTED: Duration = Duration::from_secs(2);

/// Targets looked at in one round.
pub const A_ROUND: usize = 500;

/// Requests in one round for things that can only be asked for one by one, of each kind.
pub const ONE_BY_ONE: usize = 4;

/// What is looked at in one round.
#[derive(Clone, Debug)]
pub struct Round {
    /// Whose targets.
    pub action: ActionId,
    /// The plan's targets.
    pub targets: Arc<[Target]>,
    /// The plan's requests.
    pub steps: Arc<[Step]>,
    /// Which targets.
    pub items: Vec<Item>,
    /// The newest time of the engine that was read before anything was sent.
    pub since: Option<Timestamp>,
    /// Our user, where one is known.
    pub user: Option<EngineText>,
    /// Requests for things that can only be asked for one by one, of each kind.
    pub singly: usize,
}

/// One target to look at.
#[derive(Clone, Debug)]
pub struct Item {
    /// Index into the plan's targets.
    pub target: usize,
    /// Index of the request that decides.
    pub step: usize,
    /// Whether the answer to that request was lost.
    pub lost: bool,
    /// The batch that was made for it.
    pub batch: Option<BatchId>,
    /// Settled already as a success: only looked at for incidents further on.
    pub watched: bool,
}

/// What a round found.
#[derive(Debug, Default)]
pub struct Findings {
    /// By target. What is missing could not be read.
    pub facts: HashMap<usize, Facts>,
    /// Open incidents since the action began, by instance; none where they were not read.
    pub incidents: Option<HashMap<ProcessInstanceId, Vec<Incident>>>,
    /// What went wrong first.
    pub problem: Option<EngineError>,
}

/// Reads back within its budget.
#[derive(Debug)]
pub struct Eyes {
    client: Client,
    tokens: f64,
    refilled: Instant,
    /// When many definitions were last read at once.
    listed: Option<Instant>,
    /// Requests so far.
    pub requests: u64,
}

/// What is read before anything is sent.
#[derive(Debug)]
pub struct Baseline {
    /// The newest time of the engine.
    pub since: Option<Timestamp>,
    /// Jobs that are due.
    pub due: Option<u64>,
}

impl Item {
    fn target<'a>(&self, round: &'a Round) -> &'a Target {
        &round.targets[self.target]
    }

    fn change<'a>(&self, round: &'a Round) -> &'a Change {
        &round.steps[self.step].change
    }

    /// Whether its job was to be suspended by a request before the one that decides.
    fn sleeps(&self, round: &Round) -> bool {
        let is_sleep = |step: &Step| matches!(step.change, Change::JobSuspension { suspended: true, .. }) && step.targets.contains(&self.target);
        // What belongs to one target stands close together.
        round.steps[self.step.saturating_sub(1)..self.step].iter().any(is_sleep)
    }
}

impl Eyes {
    /// Eyes with a full budget.
    pub fn new(client: Client) -> Self {
        Self { client, tokens: AT_ONCE, refilled: Instant::now(), listed: None, requests: 0 }
    }

    /// Another login.
    pub fn look_through(&mut self, client: Client) {
        self.client = client;
    }

    /// Waits until the budget allows one more request.
    async fn turn(&mut self) -> Client {
        let now = Instant::now();
        self.tokens = (self.tokens + (now - self.refilled).as_secs_f64() * PER_SECOND).min(AT_ONCE);
        self.refilled = now;
        if self.tokens < 1.0 {
            let wait = Duration::from_secs_f64((1.0 - self.tokens) / PER_SECOND);
            tokio::time::sleep(wait).await;
            self.tokens = 1.0;
            self.refilled = Instant::now();
        }
        self.tokens -= 1.0;
        self.requests += 1;
        self.client.clone()
    }

    /// Whether it is the engine that was known. It waits for no turn: what was read before is worth nothing without it. The next turn pays for it.
    pub async fn compare(&mut self, known: &EngineIdentity, from: KnownFrom, depth: Depth) -> Result<Verdict, EngineError> {
        self.tokens -= 1.0;
        self.requests += 1;
        identity::compare(&self.client, known, from, depth).await
    }

    /// Waits until all definitions may be read once more: each answer to a change asks for a look at once, and such a list is long.
    async fn turn_to_list(&mut self) {
        if let Some(listed) = self.listed {
            tokio::time::sleep_until(listed + LISTED).await;
        }
        self.listed = Some(Instant::now());
    }

    /// What is needed to tell later what is new: the newest time the engine has written or shown, and how many jobs are due. Where its log
    /// of operations may not be read, any other answer tells the time as well.
    pub async fn baseline(&mut self, targets: &[Target], wants_due: bool) -> Baseline {
        let query = UserOperationQuery { filter: UserOperationFilter::default(), page: Page::first(1) };
        let mut shown: Vec<Timestamp> = targets.iter().filter_map(incident_created).collect();
        let mut told = false;
        if let Ok(answer) = self.turn().await.user_operations_where(&query).await {
            told = answer.engine_time.is_some();
            shown.extend(answer.data.first().map(|operation| operation.at).into_iter().chain(answer.engine_time));
        }
        let mut due = None;
        if (wants_due || !told)
            && let Ok(answer) = self.turn().await.count(&jobs_due()).await
        {
            due = wants_due.then_some(answer.data);
            shown.extend(answer.engine_time);
        }
        Baseline { since: shown.into_iter().max(), due }
    }

    /// How many jobs are due.
    pub async fn due(&mut self) -> Option<u64> {
        self.turn().await.count(&jobs_due()).await.ok().map(|answer| answer.data)
    }

    /// These jobs as they are now, as far as they exist; none if they cannot be read.
    pub async fn jobs_now(&mut self, ids: &[JobId]) -> Option<Vec<Job>> {
        let mut jobs = Vec::new();
        for ids in ids.chunks(MOST_IDS) {
            jobs.extend(self.turn().await.jobs(ids).await.ok()?.data);
        }
        Some(jobs)
    }

    /// Of targets that are to get attempts, those for which that does not hold any more: they are gone, or have attempts again. None where it
    /// cannot be read.
    pub async fn unneeded(&mut self, targets: &[Target]) -> Vec<(usize, Outcome)> {
        let jobs: Vec<JobId> =
            targets.iter().filter_map(|target| if let Subject::Job { job, .. } = &target.subject { Some(job.id.clone()) } else { None }).collect();
        let tasks: Vec<ExternalTaskId> =
            targets.iter().filter_map(|target| if let Subject::ExternalTask { task, .. } = &target.subject { Some(task.id.clone()) } else { None }).collect();
        let mut left: HashMap<&str, i64> = HashMap::new();
        let Some(jobs_now) = self.jobs_now(&jobs).await else { return Vec::new() };
        let mut tasks_now = Vec::new();
        for ids in tasks.chunks(MOST_IDS) {
            let Ok(answer) = self.turn().await.external_tasks(ids).await else { return Vec::new() };
            tasks_now.extend(answer.data);
        }
        left.extend(jobs_now.iter().map(|job| (job.id.as_wire(), job.retries)));
        left.extend(tasks_now.iter().map(|task| (task.id.as_wire(), task.retries.unwrap_or(1))));
        let changed = targets.iter().enumerate().filter_map(|(place, target)| {
            let had_none = match &target.subject {
                Subject::Job { job, .. } => job.retries <= 0,
                Subject::ExternalTask { task, .. } => task.retries.is_some_and(|left| left <= 0),
                _ => return None,
            };
            match left.get(target.id()) {
                None => Some((place, Outcome::LeftAlone(GONE))),
                Some(left) if *left > 0 && had_none => Some((place, Outcome::LeftAlone("it has attempts again since the plan was made"))),
                Some(_) => None,
            }
        });
        changed.collect()
    }

    /// Of jobs that are to be put back, those that are not any more as they were read for the plan, and why nothing is done for them. None where
    /// that cannot be read: then nothing may be done at all, because it could be done over what somebody else did meanwhile.
    pub async fn changed_since(&mut self, targets: &[Target]) -> Option<Vec<(usize, Outcome)>> {
        let planned: Vec<(usize, &Job)> = targets
            .iter()
            .enumerate()
            .filter_map(|(place, target)| if let Subject::Job { job, .. } = &target.subject { Some((place, &**job)) } else { None })
            .collect();
        let ids: Vec<JobId> = planned.iter().map(|(_, job)| job.id.clone()).collect();
        let now = self.jobs_now(&ids).await?;
        let causeless = self.without_cause(now.iter().filter(|job| !job.suspended)).await?;
        let now: HashMap<&JobId, &Job> = now.iter().map(|job| (&job.id, job)).collect();
        let why = |before: &Job| why_changed(before, now.get(&before.id).copied(), causeless.contains(&before.id));
        Some(planned.into_iter().filter_map(|(place, before)| Some((place, why(before)?))).collect())
    }

    /// Of jobs that are awake, those of which neither the instance nor the job definition is suspended: asleep, nothing would ever resume them.
    async fn without_cause(&mut self, awake: impl Iterator<Item = &Job>) -> Option<HashSet<JobId>> {
        let awake: Vec<&Job> = awake.collect();
        let of: HashSet<&ProcessInstanceId> = awake.iter().filter_map(|job| job.process_instance.as_ref()).collect();
        let of: Vec<ProcessInstanceId> = of.into_iter().cloned().collect();
        let mut asleep: HashSet<ProcessInstanceId> = HashSet::new();
        for ids in of.chunks(MOST_IDS) {
            let found = self.turn().await.process_instances(ids).await.ok()?.data;
            asleep.extend(found.into_iter().filter(|instance| instance.suspended).map(|instance| instance.id));
        }
        let by_instance = |job: &Job| job.process_instance.as_ref().is_some_and(|instance| asleep.contains(instance));
        let others: Vec<&Job> = awake.into_iter().filter(|job| !by_instance(job)).collect();
        let definitions: HashSet<&JobDefinitionId> = others.iter().filter_map(|job| job.job_definition.as_ref()).collect();
        let mut suspended: HashSet<JobDefinitionId> = HashSet::new();
        for id in definitions {
            let found = self.turn().await.job_definition(id).await.ok()?;
            suspended.extend(found.filter(|found| found.data.suspended).map(|found| found.data.id));
        }
        let by_definition = |job: &Job| job.job_definition.as_ref().is_some_and(|definition| suspended.contains(definition));
        Some(others.into_iter().filter(|job| !by_definition(job)).map(|job| job.id.clone()).collect())
    }

    /// The newest entries of the log of operations since that moment; none if it cannot be read.
    pub async fn operations_since(&mut self, filter: UserOperationFilter, since: Option<Timestamp>, page: Page) -> Option<Vec<UserOperation>> {
        let filter = UserOperationFilter { after: Some(since?), ..filter };
        self.turn().await.user_operations_where(&UserOperationQuery { filter, page }).await.ok().map(|answer| answer.data)
    }

    /// One round.
    pub async fn look(&mut self, round: &Round) -> Findings {
        let mut findings = Findings::default();
        let watched: HashSet<usize> = round.items.iter().filter(|item| item.watched).map(|item| item.target).collect();
        let looked = self.look_at_all(round, &mut findings).await;
        if let Err(error) = looked {
            findings.problem = Some(error);
        }
        findings.facts.retain(|target, _| !watched.contains(target));
        findings
    }

    async fn look_at_all(&mut self, round: &Round, findings: &mut Findings) -> Result<(), EngineError> {
        self.batches(round, findings).await?;
        self.jobs(round, findings).await?;
        self.external_tasks(round, findings).await?;
        self.timers(round, findings).await?;
        self.instances(round, findings).await?;
        self.definitions(round, findings).await?;
        self.singles(round, findings).await?;
        self.incidents(round, findings).await?;
        self.operations(round, findings).await
    }
}

impl Findings {
    /// The facts about a target, to add to.
    fn of(&mut self, item: &Item) -> &mut Facts {
        self.facts.entry(item.target).or_default()
    }
}

/// An answer, or nothing where this login may not look or this engine has no such thing; a failure that concerns every request is one.
fn allowed<T>(result: Result<Answer<T>, EngineError>) -> Result<Option<Answer<T>>, EngineError> {
    match result {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if matches!(error.problem(), Problem::Forbidden { .. } | Problem::Unsupported { .. } | Problem::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The engine's clock at the latest when it answered: its header is cut to the second, and what is due within that second is due.
fn clock<T>(answer: &Answer<T>) -> Option<Timestamp> {
    answer.engine_time.map(|time| time.saturating_add(SignedDuration::from_secs(1)).unwrap_or(time))
}

const GONE: &str = "it is gone since the plan was made";

/// Why a job is not put back, though it was to be when the plan was made. With one that is gone there is nothing left to do.
fn why_changed(before: &Job, now: Option<&Job>, causeless: bool) -> Option<Outcome> {
    let Some(now) = now else { return Some(Outcome::AlreadyDone(GONE)) };
    let why = if now.due != before.due {
        "somebody gave it another due date since the plan was made"
    } else if before.suspended && !now.suspended {
        "somebody resumed it since the plan was made"
    } else if now.retries != before.retries {
        "its attempts changed since the plan was made"
    } else if causeless {
        "what suspended its instance or its job definition was resumed since the plan was made"
    } else {
        return None;
    };
    Some(Outcome::LeftAlone(why))
}

fn jobs_due() -> CountQuestion {
    CountQuestion::jobs([JobIs::Executable, JobIs::Active])
}

fn incident_created(target: &Target) -> Option<Timestamp> {
    match &target.subject {
        Subject::Job { incident, .. } | Subject::ExternalTask { incident, .. } => incident.as_ref().map(|known| known.incident.created),
        Subject::Incident(known) => Some(known.incident.created),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ClientOptions;

    #[tokio::test(start_paused = true)]
    async fn all_definitions_are_read_every_two_seconds_at_most() {
        let client = Client::new(ClientOptions::new("http://127.0.0.1:9/engine-rest".parse().unwrap())).unwrap();
        let mut eyes = Eyes::new(client);
        let begun = Instant::now();
        for _ in 0..3 {
            eyes.turn_to_list().await;
        }
        assert!(begun.elapsed() >= 2 * LISTED, "{:?}", begun.elapsed());
    }

    #[test]
    fn what_was_to_be_put_back_is_left_alone_once_somebody_changed_it() {
        let far: Timestamp = "2027-03-01T12:00:00Z".parse().unwrap();
        let awake = Job { suspended: false, due: Some(far), ..crate::model::example::job(0) };
        let asleep = Job { suspended: true, ..awake.clone() };
        let why = |before: &Job, now: &Job, causeless| match why_changed(before, Some(now), causeless) {
            Some(Outcome::LeftAlone(why)) => why,
            None => "",
            other => panic!("{other:?}"),
        };
        assert_eq!(why(&awake, &awake, false), "");
        assert_eq!(why(&awake, &asleep, false), "", "it is asleep already: its due date is still to go back");
        assert!(why(&asleep, &awake, false).contains("resumed it"));
        assert!(why(&awake, &Job { due: None, ..awake.clone() }, false).contains("another due date"));
        assert!(why(&awake, &Job { retries: awake.retries + 1, ..awake.clone() }, false).contains("attempts"));
        assert!(why(&awake, &awake, true).contains("its job definition was resumed"));
        assert!(matches!(why_changed(&awake, None, false), Some(Outcome::AlreadyDone(why)) if why.contains("gone")));
    }

    #[test]
    fn a_clock_at_the_end_of_all_days_is_no_reason_to_die() {
        let answer = Answer { data: (), elapsed: Duration::ZERO, bytes: 0, engine_time: Some(Timestamp::MAX) };
        assert_eq!(clock(&answer), Some(Timestamp::MAX));
    }
}
