//! How each failure changes the picture: what is left alone and for how long, and when the engine counts as down.

use std::sync::Arc;
use std::time::Duration;

use super::super::ask::{Ask, problem};
use super::super::question::Question;
use super::super::schedule::Failure;
use super::Picture;
use crate::engine::{EngineError, ErrorKind, Problem as Fault, Standing};
use crate::model::figure::Figure;
use crate::model::section::{Moment, Problem};
use crate::model::snapshot::Link;

/// How long a question that is forbidden, gone or unsupported is left alone.
const HOPELESS: Duration = Duration::from_secs(300);

impl Picture {
    /// Takes a failure in.
    pub fn fail(&mut self, question: Question, ask: &Ask, error: &EngineError, elapsed: Duration, now: Moment) {
        self.schedule.failed(question, failure_of(error.kind()), elapsed, now.instant);
        let problem = problem(error);
        self.note_problem(question, ask, &problem, now);
        if error.stops_polling() {
            // Requests that were waiting behind the refused one are not sent; the refusal itself is what matters.
            if !matches!(self.link, Link::LoginRefused { .. }) {
                self.link = Link::LoginRefused { problem };
            }
            self.note_gap(now);
            return;
        }
        if let Some(wait) = error.asks_to_wait() {
            // It is asked for everything, whichever request it answered.
            let until = now.after(wait);
            if self.waiting.as_ref().is_none_or(|(known, _)| known.instant < until.instant) {
                self.waiting = Some((until, problem.clone()));
            }
            self.note_gap(now);
            if matches!(error.problem(), Fault::Gateway { status: 429, .. } | Fault::HeldBack { .. }) {
                // Nothing is said of what is behind it.
                return;
            }
        }
        match error.kind() {
            ErrorKind::Forbidden | ErrorKind::Unsupported | ErrorKind::NotFound | ErrorKind::Fault
                if !matches!(question, Question::Version | Question::Identity) =>
            {
                self.give_up(question, ask, now);
            }
            _ if question == Question::Version => self.go_down(problem, now),
            // What answers does not tell who it is, so nothing of it counts yet.
            _ if question == Question::Identity => {
                let what = format!("which engine answers cannot be told: {}", problem.what);
                self.go_down(Problem { what, ..problem }, now);
            }
            // Something may be wrong with the engine as a whole: `/version` tells. And another one may answer next.
            kind if concerns_everything(kind) && !matches!(self.link, Link::Down { .. }) => {
                self.schedule.hurry(Question::Version);
                self.doubt();
            }
            _ => {}
        }
    }

    /// Leaves a hopeless question alone. One diagram that may not be read says nothing of the next, so of single items only this one.
    fn give_up(&mut self, question: Question, ask: &Ask, now: Moment) {
        match ask {
            Ask::JobCounts(id) => self.job_counts.postpone(id, HOPELESS, now.instant),
            Ask::ActivityNames(id) => self.activity_names.postpone(id, HOPELESS, now.instant),
            Ask::FirstSeen(group) => self.past.first_seen.postpone(group, HOPELESS, now.instant),
            Ask::Deployment(id) => self.past.deployed.postpone(id, HOPELESS, now.instant),
            _ => return self.schedule.postpone(question, HOPELESS, now.instant),
        }
        self.schedule.forgive_one(question);
    }

    /// Notes how the login stands: one that had worked and was refused is tried once more.
    pub fn note_login(&mut self, standing: Standing, now: Moment) {
        match standing {
            Standing::AgainAt(at) if !matches!(self.link, Link::LoginRefused { .. }) => {
                let wait = at.saturating_duration_since(tokio::time::Instant::now());
                let user = self.engine.user.as_deref().map_or_else(|| "this user".to_owned(), |user| crate::text::safe(user).into_owned());
                let what = format!("login refused, though it had worked: somebody may have typed a wrong password for {user}");
                let remedy = "The engine then refuses the right one too for a while. If it is refused again, polling stops.".to_owned();
                self.link = Link::LoginAgain { at: now.after(wait), problem: Problem { label: "login again", what, remedy } };
                self.note_gap(now);
            }
            Standing::Good if matches!(self.link, Link::LoginAgain { .. }) => {
                self.link = Link::Live;
                self.doubt();
            }
            _ => {}
        }
    }

    /// The login just given cannot even be sent.
    pub fn refuse_login(&mut self, error: &EngineError, now: Moment) {
        self.link = Link::LoginRefused { problem: problem(error) };
        self.note_gap(now);
    }

    fn go_down(&mut self, problem: Problem, now: Moment) {
        let since = match &self.link {
            Link::Down { since, .. } => *since,
            _ => now,
        };
        let pause = self.schedule.back_off(self.outages).min(self.longest_outage_pause());
        self.outages += 1;
        self.schedule.calm(Question::Version);
        self.link = Link::Down { since, retry: now.after(pause), problem };
        self.note_gap(now);
    }

    /// Notes that nothing was asked from this moment on: polling was paused, or this process stood still.
    pub fn note_gap(&mut self, now: Moment) {
        for state in self.figures.values_mut() {
            Arc::make_mut(&mut state.series).gap(now);
        }
    }

    fn note_problem(&mut self, question: Question, ask: &Ask, problem: &Problem, now: Moment) {
        for figure in figures_of(question) {
            let state = self.figures.entry(figure).or_default();
            state.section.fail(problem.clone());
            Arc::make_mut(&mut state.series).gap(now);
        }
        match ask {
            Ask::Incidents(_) => {
                self.mirror.interrupt();
                self.incidents.fail(problem.clone());
            }
            Ask::Definitions(_) => {
                self.definitions_read = None;
                self.definitions.fail(problem.clone());
            }
            Ask::JobDefinitions(_) => {
                self.job_definitions_read = None;
                self.job_definitions.fail(problem.clone());
            }
            Ask::Rights => self.rights.fail(problem.clone()),
            Ask::Statistics => self.statistics.fail(problem.clone()),
            Ask::Deployments(_) => self.deployments.fail(problem.clone()),
            Ask::JobCounts(id) => self.job_counts.fail(std::slice::from_ref(id), problem, now.instant),
            Ask::ActivityNames(id) => self.activity_names.fail(std::slice::from_ref(id), problem, now.instant),
            Ask::Instances(ids) => self.instances.fail(ids, problem, now.instant),
            Ask::Jobs(ids) => self.jobs.fail(ids, problem, now.instant),
            Ask::ExternalTasks(ids) => self.external_tasks.fail(ids, problem, now.instant),
            Ask::Inquiries(inquiries) => self.findings.fail(inquiries, problem, now.instant),
            Ask::History(..) | Ask::Backfill(_) | Ask::FirstSeen(_) | Ask::Deployment(_) => self.note_past_problem(ask, problem, now),
            Ask::Version | Ask::Probe | Ask::Identity(_) | Ask::Newest(_) | Ask::Telemetry | Ask::Count(..) => {}
        }
    }
}

fn failure_of(kind: ErrorKind) -> Failure {
    match kind {
        ErrorKind::Forbidden | ErrorKind::Unsupported | ErrorKind::NotFound | ErrorKind::Fault => Failure::Answered,
        ErrorKind::TooSlow => Failure::TimedOut,
        _ => Failure::Broken,
    }
}

fn concerns_everything(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Refused
            | ErrorKind::NoSuchHost
            | ErrorKind::ConnectTimeout
            | ErrorKind::Tls
            | ErrorKind::Proxy
            | ErrorKind::Network
            | ErrorKind::NotAnEngine
            | ErrorKind::Gateway
            | ErrorKind::TooSlow
            | ErrorKind::CutOff
    )
}

fn question_of(figure: Figure) -> Question {
    match figure {
        Figure::IncidentsRoot | Figure::IncidentsBlocked => Question::Incidents,
        Figure::JobsSucceededRate | Figure::JobsFailedRate => Question::Telemetry,
        other => Question::Count(other),
    }
}

fn figures_of(question: Question) -> Vec<Figure> {
    Figure::ALL.into_iter().filter(|figure| question_of(*figure) == question).collect()
}
