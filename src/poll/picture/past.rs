//! What the picture knows of the past: the history level, the back-fill of the figures, and since when groups fail.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::super::ask::{Ask, Reply};
use super::super::backfill::{Anchor, Backfill, Reconstruction};
use super::super::items::Items;
use super::super::question::Question;
use super::Picture;
use crate::engine::HistoricIncidentFilter;
use crate::model::figure::Figure;
use crate::model::grouping::GroupKey;
use crate::model::history::HistoryLevel;
use crate::model::ids::DeploymentId;
use crate::model::rights::Right;
use crate::model::section::{Moment, Problem};
use crate::model::since::{Deployed, FirstSeen, Sighting};

/// A first sighting changes only when the history is cleaned up, a deployment never.
const FIXED: Duration = Duration::from_secs(3_600);

/// Where no incident is open, the level is told by those of the last day.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// What is known of the past.
#[derive(Debug)]
pub(super) struct PastState {
    /// How many incidents were open, and how many of them the history knew.
    history: Option<(u64, u64)>,
    backfill: Backfill,
    pub(super) first_seen: Items<GroupKey, FirstSeen>,
    pub(super) deployed: Items<DeploymentId, Option<Deployed>>,
}

impl Default for PastState {
    fn default() -> Self {
        Self { history: None, backfill: Backfill::default(), first_seen: Items::new(FIXED), deployed: Items::new(FIXED) }
    }
}

impl Picture {
    /// How much the engine remembers of what this login may see.
    pub(super) fn history_level(&self) -> HistoryLevel {
        let may_read = self.may_read_history();
        match self.past.history {
            Some((open, known)) => HistoryLevel::infer(open, known, may_read),
            None => HistoryLevel::Unknown,
        }
    }

    fn may_read_history(&self) -> Option<bool> {
        self.rights.get().and_then(|rights| rights.has(Right::ReadHistory))
    }

    /// The request behind a question about the past.
    pub(super) fn ask_past(&self, question: Question, now: Moment) -> Option<Ask> {
        Some(match question {
            Question::History => {
                let open = self.incidents.get()?.total;
                let rights_told = self.rights.get().is_some() || self.rights.problem.is_some();
                rights_told.then(|| Ask::History(open, Box::new(self.history_filter(open, now))))?
            }
            Question::Backfill => Ask::Backfill(self.past.backfill.step()?),
            Question::FirstSeen if self.history_level() == HistoryLevel::Full => {
                let groups = self.looking.groups.iter().filter(|group| group.process.is_some());
                Ask::FirstSeen(self.past.first_seen.stale(groups, 1, now.instant).into_iter().next()?)
            }
            Question::Deployment => Ask::Deployment(self.past.deployed.stale(&self.wanted_deployments(), 1, now.instant).into_iter().next()?),
            _ => return None,
        })
    }

    fn history_filter(&self, open: u64, now: Moment) -> HistoricIncidentFilter {
        match open {
            0 => HistoricIncidentFilter { created_after: Some(self.engine.engine_time(now) - A_DAY), ..HistoricIncidentFilter::default() },
            _ => HistoricIncidentFilter { only_open: true, ..HistoricIncidentFilter::default() },
        }
    }

    /// Deployments of the versions on which the groups on the screen were seen first.
    fn wanted_deployments(&self) -> Vec<DeploymentId> {
        let seen = self.looking.groups.iter().filter_map(|group| self.past.first_seen.sections().get(group)?.get());
        let sightings = seen.flat_map(|seen| seen.group.iter().chain(seen.signatures.values()));
        let deployment = |sighting: &Sighting| self.definitions.get()?.by_id.get(sighting.definition.as_ref()?)?.deployment.clone();
        let mut wanted: Vec<DeploymentId> = sightings.filter_map(deployment).collect();
        wanted.sort();
        wanted.dedup();
        wanted
    }

    /// Begins the back-fill once the first picture is complete and the history can be read. Each figure is filled once.
    pub(super) fn begin_backfill(&mut self, now: Moment) {
        let readable = self.past.backfill.waits() && self.may_read_history() == Some(true) && self.history_level() == HistoryLevel::Full;
        if !readable || !self.settled(now) {
            return;
        }
        let first = |figure| self.figures.get(&figure).and_then(|state| state.series.first_measured());
        let anchor = |instant| Anchor {
            instant,
            at: self.engine.engine_time(now) - SignedDuration::try_from(now.instant.saturating_duration_since(instant)).unwrap_or(SignedDuration::ZERO),
        };
        if let Some((at, running)) = first(Figure::Instances) {
            let anchor = anchor(at);
            self.past.backfill.begin_instances(anchor, running);
        }
        if let (Some((at, roots)), Some((same, blocked))) = (first(Figure::IncidentsRoot), first(Figure::IncidentsBlocked))
            && at == same
        {
            let anchor = anchor(at);
            self.past.backfill.begin_incidents(anchor, roots, blocked);
        }
    }

    /// Takes an answer about the past in.
    pub(super) fn take_past(&mut self, ask: Ask, reply: Reply, now: Moment) {
        match (ask, reply) {
            (Ask::History(open, _), Reply::Count(known)) => self.past.history = Some((open, known)),
            (Ask::Backfill(step), Reply::Count(count)) => {
                let complete = self.past.backfill.counted(step, count);
                self.prepend(complete);
            }
            (Ask::Backfill(step), Reply::HistoricIncidents(rows)) => {
                let complete = self.past.backfill.read(step, &rows);
                self.prepend(complete);
            }
            (Ask::FirstSeen(group), Reply::FirstSeen(seen)) => self.past.first_seen.succeed(group, seen, now),
            (Ask::Deployment(id), Reply::Deployment(deployed)) => self.past.deployed.succeed(id, deployed, now),
            // Replies are made by `ask::send` from the same ask, so no other pair exists.
            _ => {}
        }
    }

    fn prepend(&mut self, complete: Vec<Reconstruction>) {
        for (figure, values) in complete {
            let state = self.figures.entry(figure).or_default();
            Arc::make_mut(&mut state.series).prepend(&values);
        }
    }

    /// Notes a failure of a question about the past.
    pub(super) fn note_past_problem(&mut self, ask: &Ask, problem: &Problem, now: Moment) {
        match ask {
            Ask::FirstSeen(group) => self.past.first_seen.fail(std::slice::from_ref(group), problem, now.instant),
            Ask::Deployment(id) => self.past.deployed.fail(std::slice::from_ref(id), problem, now.instant),
            _ => {}
        }
    }

    /// The first incidents tell the level where there was nothing to tell it by.
    pub(super) fn incidents_may_tell_history(&mut self, open: u64) {
        if open > 0 && self.past.history.is_some_and(|(before, known)| before == 0 && known == 0) {
            self.schedule.hurry(Question::History);
        }
    }

    /// Another login sees another past. What was measured for the one before is not continued with it.
    pub(super) fn forget_past(&mut self) {
        let measured = self.figures.values().any(|state| state.series.first_measured().is_some());
        self.past = PastState::default();
        if measured {
            self.past.backfill = Backfill::done();
        }
    }

    /// What an operator should know of the past.
    pub(super) fn past_warnings(&self) -> impl Iterator<Item = String> {
        let too_many = "more than 5,000 incidents came or went within the hour: what was open before bpmtop began is not shown";
        let level = self.history_level().warning().map(str::to_owned);
        level.into_iter().chain(self.past.backfill.too_many().then(|| too_many.to_owned()))
    }
}
