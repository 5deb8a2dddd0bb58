//! The rows of the page of an instance, from what is known of it. Words that grow old are left to the drawing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{InstancePage, Part, State};
use crate::model::activity_instance::Token;
use crate::model::external_task::ExternalTask;
use crate::model::grouping::KnownIncident;
use crate::model::history::{HistoricIncident, HistoryLevel};
use crate::model::ids::{ActivityId, ExternalTaskId, IncidentId, JobDefinitionId, JobId, UserTaskId};
use crate::model::inquiry::{CalledCount, Finding, Listed, MOST_INCIDENTS, Tokens, VariableRow};
use crate::model::job::{Job, JobDefinition};
use crate::model::snapshot::Snapshot;
use crate::model::suspension::Suspension;
use crate::model::user_task::UserTask;
use crate::model::variable::Variable;
use crate::text::{EngineText, count_exact, plural};

/// What a line of the head tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fact {
    /// What happened while somebody looked.
    News,
    /// Process and version.
    Process,
    /// Business key and tenant.
    BusinessKey,
    /// Whether it runs, since when, who started it.
    State,
    /// The instance that called it.
    Caller,
    /// What is suspended.
    Suspension,
}

/// What identifies a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RowKey {
    /// A line of the head.
    Fact(Fact),
    /// What follows from these states of suspension.
    Follows(Suspension),
    /// Heading of a part.
    Heading(Part),
    /// An open incident.
    Incident(IncidentId),
    /// A place where it stands: activity, its type, and whether a job waits there.
    Place(ActivityId, EngineText, bool),
    /// Places that are too many to list.
    ManyPlaces,
    /// A job, timers included.
    Job(JobId),
    /// An external task.
    ExternalTask(ExternalTaskId),
    /// A user task.
    UserTask(UserTaskId),
    /// The called instances.
    Called,
    /// A variable.
    Variable(EngineText),
    /// Variables that were not read, from this place on.
    Unread(u32),
    /// Further variables.
    MoreVariables,
    /// An incident that is not open any more.
    Past(IncidentId),
}

impl RowKey {
    /// Whether it stands for a thing in the engine, whose vanishing somebody should see.
    pub fn is_thing(&self) -> bool {
        !matches!(self, Self::Fact(_) | Self::Follows(_) | Self::Heading(_) | Self::ManyPlaces | Self::Unread(_) | Self::MoreVariables)
    }
}

/// A job with what decides whether it runs.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRow {
    /// The job.
    pub job: Job,
    /// Whether it is a timer.
    pub timer: bool,
    /// Its job definition, where that is known.
    pub definition: Option<JobDefinition>,
    /// What is suspended.
    pub states: Suspension,
    /// Its open incident.
    pub incident: Option<Arc<KnownIncident>>,
}

/// What is suspended of an instance's jobs and their job definitions, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Suspended {
    /// Job definitions that are suspended.
    pub definitions: usize,
    /// Job definitions of the jobs, as far as they are known.
    pub of_definitions: usize,
    /// Job definitions of the jobs that are not known: not read yet, or hidden from this login.
    pub unknown_definitions: usize,
    /// Jobs that are suspended.
    pub jobs: usize,
    /// Jobs that were read, timers included.
    pub of_jobs: usize,
    /// Whether there are or may be more than were read.
    pub more: bool,
}

impl JobRow {
    /// The activity that failed, where the job stands at another one.
    pub fn failed_elsewhere(&self) -> Option<&ActivityId> {
        let stands = self.definition.as_ref()?.activity.as_ref()?;
        self.job.failed_activity.as_ref().filter(|failed| *failed != stands)
    }
}

/// What a row shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A line of the head.
    Fact,
    /// What is suspended, counted.
    Suspended(Suspended),
    /// What follows from states of suspension, for so many jobs.
    Follows(Suspension, usize),
    /// Heading of a part, with its count where that is known.
    Heading(Part, Option<String>),
    /// An open incident.
    Incident(Arc<KnownIncident>),
    /// A place where it stands.
    Place(Token),
    /// It has so many executions that its places are not read.
    ManyPlaces(u64),
    /// A job.
    Job(Box<JobRow>),
    /// An external task, and its open incident.
    ExternalTask(Box<ExternalTask>, Option<Arc<KnownIncident>>),
    /// A user task.
    UserTask(Box<UserTask>),
    /// The called instances that run.
    Called(CalledCount),
    /// A variable, whether its name is one of those that are masked, and whether it is masked now.
    Variable {
        /// The variable.
        variable: Arc<Variable>,
        /// Whether its name is one of those that are masked.
        secret: bool,
        /// Whether its value is hidden now.
        masked: bool,
    },
    /// Variables that were not read: one that is too large alone, or so many places.
    Unread(Option<u32>),
    /// Further variables, and whether they are being read.
    MoreVariables(bool),
    /// An incident that is not open any more.
    Past(Box<HistoricIncident>),
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What identifies it.
    pub key: RowKey,
    /// The part it belongs to; none in the head.
    pub part: Option<Part>,
    /// What it shows.
    pub content: Content,
}

impl Row {
    /// Id of what it shows, where that has one.
    pub fn id(&self) -> Option<String> {
        Some(match &self.content {
            Content::Incident(known) => known.incident.id.to_string(),
            Content::Job(row) => row.job.id.to_string(),
            Content::ExternalTask(task, _) => task.id.to_string(),
            Content::UserTask(task) => task.id.to_string(),
            Content::Variable { variable, .. } => variable.id.to_string(),
            Content::Past(past) => past.incident.id.to_string(),
            _ => return None,
        })
    }

    /// The open incident it shows or stands for.
    pub fn incident(&self) -> Option<&Arc<KnownIncident>> {
        match &self.content {
            Content::Incident(known) => Some(known),
            Content::Job(row) => row.incident.as_ref(),
            Content::ExternalTask(_, incident) => incident.as_ref(),
            _ => None,
        }
    }

    /// The activity that failed, where the work stands at another one.
    pub fn failed_elsewhere(&self) -> Option<&ActivityId> {
        match &self.content {
            Content::Incident(known) => known.incident.failed_elsewhere(),
            Content::Job(row) => row.failed_elsewhere(),
            _ => None,
        }
    }

    /// Whether somebody must act on it.
    pub fn is_trouble(&self) -> bool {
        match &self.content {
            Content::Incident(_) => true,
            Content::Job(row) => row.job.retries <= 0,
            Content::ExternalTask(task, _) => task.retries == Some(0),
            _ => false,
        }
    }
}

/// The count of a list, and how much of it was read: `3`, `200 of 1,234`, `200 or more`.
pub fn count_words<T>(list: &Listed<T>) -> String {
    match (list.rows.len() as u64, list.total) {
        (0, Some(0)) => "none".to_owned(),
        (read, Some(total)) if total > read => format!("{} of {}", count_exact(read), count_exact(total)),
        (read, Some(_)) => count_exact(read),
        (read, None) => format!("{} or more", count_exact(read)),
    }
}

/// All rows of the page.
pub fn build(page: &InstancePage, snapshot: &Snapshot) -> Vec<Row> {
    let work = Work::of(page, snapshot);
    let mut rows = head(page, &work);
    if page.finding.is_none() && page.state == State::Reading && page.holdings.is_empty() {
        return rows;
    }
    if matches!(page.state, State::NotFound(_)) && !page.seen_running && page.holdings.get(&Part::Past).is_none_or(|past| super::is_empty(past)) {
        return rows;
    }
    let ended_before = matches!(page.state, State::Over(_) | State::NotFound(_)) && !page.seen_running;
    for part in Part::ALL.into_iter().filter(|part| !(ended_before && part.is_live())) {
        let (count, contents) = contents(page, part, &work, snapshot.history);
        rows.push(Row { key: RowKey::Heading(part), part: Some(part), content: Content::Heading(part, count) });
        rows.extend(contents.into_iter().map(|(key, content)| Row { key, part: Some(part), content }));
    }
    rows
}

/// Jobs and tasks with what decides whether they run.
struct Work {
    jobs: Vec<JobRow>,
    /// Whether there are more jobs than were read.
    more: bool,
    by_configuration: HashMap<EngineText, Arc<KnownIncident>>,
}

impl Work {
    fn of(page: &InstancePage, snapshot: &Snapshot) -> Self {
        let incidents: &[Arc<KnownIncident>] = match page.holdings.get(&Part::Incidents).map(AsRef::as_ref) {
            Some(Finding::Incidents(rows)) => rows,
            _ => &[],
        };
        let by_configuration: HashMap<EngineText, Arc<KnownIncident>> =
            incidents.iter().filter_map(|known| Some((known.incident.configuration.clone()?, Arc::clone(known)))).collect();
        let of_process = page.definition();
        let definitions: HashMap<&JobDefinitionId, &JobDefinition> =
            snapshot.job_definitions.get().into_iter().flatten().filter(|row| row.process_definition == of_process).map(|row| (&row.id, row)).collect();
        let suspended = page.finding.as_ref().and_then(|finding| finding.running.as_ref()).is_some_and(|running| running.suspended);
        let (mut jobs, mut more) = (Vec::new(), false);
        for part in [Part::Jobs, Part::Timers] {
            let Some(Finding::Jobs(list)) = page.holdings.get(&part).map(AsRef::as_ref) else {
                more = true;
                continue;
            };
            more |= list.total.is_none_or(|total| total > list.rows.len() as u64);
            for job in &list.rows {
                let definition = job.job_definition.as_ref().and_then(|id| definitions.get(id)).map(|row| (*row).clone());
                // A job without a definition has none that could be suspended; one that was not read, or is hidden, may be.
                let of_definition = if job.job_definition.is_none() { Some(false) } else { definition.as_ref().map(|definition| definition.suspended) };
                let states = Suspension { instance: suspended, definition: of_definition, job: job.suspended };
                let incident = by_configuration.get(job.id.text()).cloned();
                jobs.push(JobRow { job: job.clone(), timer: part == Part::Timers, definition, states, incident });
            }
        }
        Self { jobs, more, by_configuration }
    }
}

fn head(page: &InstancePage, work: &Work) -> Vec<Row> {
    let mut facts = Vec::new();
    if page.is_frozen() || matches!(page.state, State::NotFound(_)) || (page.finding.is_none() && page.state == State::Reading) {
        facts.push(Fact::News);
    }
    if let Some(finding) = &page.finding
        && (finding.running.is_some() || matches!(finding.past, Ok(Some(_))))
    {
        facts.extend([Fact::Process, Fact::BusinessKey, Fact::State]);
        if finding.caller.is_some() || finding.cases.is_some() {
            facts.push(Fact::Caller);
        }
    }
    let mut rows: Vec<Row> = facts.into_iter().map(|fact| Row { key: RowKey::Fact(fact), part: None, content: Content::Fact }).collect();
    if page.seen_running || matches!(page.state, State::Running(_)) {
        rows.extend(suspension(&work.jobs, work.more));
    }
    rows
}

fn suspension(jobs: &[JobRow], more: bool) -> Vec<Row> {
    let definitions: HashMap<&JobDefinitionId, Option<bool>> =
        jobs.iter().filter_map(|row| Some((row.job.job_definition.as_ref()?, row.states.definition))).collect();
    let content = Content::Suspended(Suspended {
        definitions: definitions.values().filter(|suspended| **suspended == Some(true)).count(),
        of_definitions: definitions.values().flatten().count(),
        unknown_definitions: definitions.values().filter(|suspended| suspended.is_none()).count(),
        jobs: jobs.iter().filter(|row| row.job.suspended).count(),
        of_jobs: jobs.len(),
        more,
    });
    let mut rows = vec![Row { key: RowKey::Fact(Fact::Suspension), part: None, content }];
    let mut cases: BTreeMap<Suspension, usize> = BTreeMap::new();
    for row in jobs {
        *cases.entry(row.states).or_default() += 1;
    }
    let mut told: Vec<(Suspension, usize)> = cases.into_iter().filter(|(states, _)| states.words().is_some()).collect();
    told.sort_by_key(|(states, _)| !states.surprises());
    rows.extend(told.into_iter().map(|(states, jobs)| Row { key: RowKey::Follows(states), part: None, content: Content::Follows(states, jobs) }));
    rows
}

type Contents = Vec<(RowKey, Content)>;

/// The rows of a part, and its count.
fn contents(page: &InstancePage, part: Part, work: &Work, history: HistoryLevel) -> (Option<String>, Contents) {
    if part == Part::Variables {
        return variables(page);
    }
    let Some(finding) = page.holdings.get(&part) else { return (None, Vec::new()) };
    match finding.as_ref() {
        Finding::Incidents(rows) => incidents(rows),
        Finding::Tokens(tokens) => places(tokens),
        Finding::Jobs(list) => jobs(list, work, part == Part::Timers),
        Finding::ExternalTasks(list) => external_tasks(list, work),
        Finding::UserTasks(list) => {
            let row = |task: &UserTask| (RowKey::UserTask(task.id.clone()), Content::UserTask(Box::new(task.clone())));
            (Some(count_words(list)), list.rows.iter().map(row).collect())
        }
        Finding::CalledCount(count) if count.running == 0 && count.cases == 0 => (Some("none".to_owned()), Vec::new()),
        Finding::CalledCount(count) => {
            let cases = if count.cases > 0 { format!(", {}", plural(count.cases, "case")) } else { String::new() };
            (Some(format!("{}{cases}", count_exact(count.running))), vec![(RowKey::Called, Content::Called(*count))])
        }
        Finding::PastIncidents(list) => {
            let row = |past: &HistoricIncident| (RowKey::Past(past.incident.id.clone()), Content::Past(Box::new(past.clone())));
            // The engine answers with an empty list where it keeps no history or the login may not read it.
            let hidden = history.hides_incidents().filter(|_| list.rows.is_empty());
            (Some(hidden.map_or_else(|| count_words(list), str::to_owned)), list.rows.iter().map(row).collect())
        }
        Finding::Instance(_)
        | Finding::Called(_)
        | Finding::Variables(_)
        | Finding::Past(_)
        | Finding::FailureTrace(_)
        | Finding::Suspended(_)
        | Finding::SuspendedCount(_)
        | Finding::Retrying(_)
        | Finding::Batch(_)
        | Finding::Cause(_)
        | Finding::JobHandler(_) => (None, Vec::new()),
    }
}

fn incidents(rows: &[Arc<KnownIncident>]) -> (Option<String>, Contents) {
    let own = rows.iter().filter(|known| known.incident.is_root()).count();
    let count = match (own, rows.len() - own) {
        (0, 0) => "none".to_owned(),
        (own, 0) => format!("{own} of its own"),
        (0, below) => format!("{below} from below"),
        (own, below) => format!("{own} of its own, {below} from below"),
    };
    let count = if rows.len() >= MOST_INCIDENTS as usize { format!("newest {}: {count}", rows.len()) } else { count };
    let mut sorted: Vec<&Arc<KnownIncident>> = rows.iter().collect();
    sorted.sort_by_key(|known| !known.incident.is_root());
    (Some(count), sorted.into_iter().map(|known| (RowKey::Incident(known.incident.id.clone()), Content::Incident(Arc::clone(known)))).collect())
}

fn places(tokens: &Tokens) -> (Option<String>, Contents) {
    match tokens {
        Tokens::At(tokens) => {
            let count: u64 = tokens.iter().map(|token| token.count).sum();
            let key = |token: &Token| RowKey::Place(token.activity.clone(), token.kind.clone(), token.waiting);
            let words = if count == 0 { "nowhere".to_owned() } else { count_exact(count) };
            (Some(words), tokens.iter().map(|token| (key(token), Content::Place(token.clone()))).collect())
        }
        Tokens::TooMany(executions) => (Some(count_exact(*executions)), vec![(RowKey::ManyPlaces, Content::ManyPlaces(*executions))]),
        Tokens::Gone => (Some("nowhere any more".to_owned()), Vec::new()),
    }
}

fn jobs(list: &Listed<Job>, work: &Work, timers: bool) -> (Option<String>, Contents) {
    let rows: Vec<&JobRow> = work.jobs.iter().filter(|row| row.timer == timers).collect();
    let failed = rows.iter().filter(|row| row.job.retries <= 0).count();
    let mut count = count_words(list);
    if failed > 0 {
        count.push_str(&format!(", {failed} out of retries"));
    }
    (Some(count), rows.into_iter().map(|row| (RowKey::Job(row.job.id.clone()), Content::Job(Box::new(row.clone())))).collect())
}

fn external_tasks(list: &Listed<ExternalTask>, work: &Work) -> (Option<String>, Contents) {
    let failed = list.rows.iter().filter(|task| task.retries == Some(0)).count();
    let mut count = count_words(list);
    if failed > 0 {
        count.push_str(&format!(", {failed} out of retries"));
    }
    let row = |task: &ExternalTask| {
        let incident = work.by_configuration.get(task.id.text()).cloned();
        (RowKey::ExternalTask(task.id.clone()), Content::ExternalTask(Box::new(task.clone()), incident))
    };
    (Some(count), list.rows.iter().map(row).collect())
}

fn variables(page: &InstancePage) -> (Option<String>, Contents) {
    let variables = &page.variables;
    if !variables.are_known() {
        return (None, Vec::new());
    }
    let rows = variables.rows();
    let more = variables.have_more();
    let mut contents: Contents = Vec::new();
    for row in &rows {
        contents.push(match row {
            VariableRow::Read(variable) => {
                let (secret, masked) = (variables.is_secret(variable), variables.masks(variable));
                (RowKey::Variable(variable.id.clone()), Content::Variable { variable: Arc::clone(variable), secret, masked })
            }
            VariableRow::TooLarge { place } => (RowKey::Unread(*place), Content::Unread(None)),
            VariableRow::LeftOut { place, count } => (RowKey::Unread(*place), Content::Unread(Some(*count))),
        });
    }
    if more {
        contents.push((RowKey::MoreVariables, Content::MoreVariables(variables.is_reading())));
    }
    let count = match (rows.len(), more) {
        (0, _) => "none".to_owned(),
        (read, true) => format!("the first {read}"),
        (read, false) => read.to_string(),
    };
    (Some(count), contents)
}
