//! The past of the figures, reconstructed from the history so that sparklines do not begin empty. Pure: steps come out, answers go in.
//!
//! What was open at an earlier moment is what was open when it was first measured, less what began in between, plus what ended in
//! between. Running instances are reconstructed from counts: how many began and ended between a moment and the anchor only ever falls
//! as the moment comes closer, so a stretch with equal counts at both ends needs no more of them, and a quiet hour costs two requests.
//!
//! Open incidents are reconstructed from the incidents themselves: the history counts blocked parents too, and only a row tells a root
//! from a blocked parent. After more of them than [`MOST_INCIDENTS`] nothing is reconstructed rather than a mixture of both.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::model::figure::Figure;
use crate::model::history::HistoricIncident;

/// Moments of the past that are reconstructed.
pub const MOMENTS: usize = 12;

/// Time between two of them: an hour in all.
pub const APART: Duration = Duration::from_secs(5 * 60);

/// The most incidents created, or ended, within the hour that are read one by one.
pub const MOST_INCIDENTS: u64 = 5_000;

/// What happened to what is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// An instance was started.
    Started,
    /// An instance ended.
    Finished,
    /// An incident was created.
    Created,
    /// An incident was resolved or deleted.
    Ended,
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackfillStep {
    /// Of what.
    pub change: Change,
    /// Whether the incidents themselves are read rather than counted.
    pub rows: bool,
    /// After this moment by the engine's clock; of instances the moment itself counts too.
    pub after: Timestamp,
    /// Before this moment, likewise.
    pub before: Timestamp,
    moment: usize,
}

/// The moment before which the past is reconstructed: that of the first measured value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anchor {
    /// By this machine's monotonic clock.
    pub instant: Instant,
    /// By the engine's.
    pub at: Timestamp,
}

impl Anchor {
    /// The reconstructed moments by the engine's clock, oldest first.
    fn moment(&self, index: usize) -> Timestamp {
        self.at - SignedDuration::try_from(distance(index)).unwrap_or(SignedDuration::MAX)
    }

    fn step(&self, change: Change, rows: bool, moment: usize) -> BackfillStep {
        BackfillStep { change, rows, after: self.moment(moment), before: self.at, moment }
    }

    /// The values with their moments; what lies before the beginning of the monotonic clock is left out.
    fn values(&self, open: f64, began: &[u64], ended: &[u64]) -> Vec<(Instant, f64)> {
        let values = reconstruct(open, began, ended);
        values.into_iter().enumerate().filter_map(|(index, value)| Some((self.instant.checked_sub(distance(index))?, value))).collect()
    }
}

fn distance(index: usize) -> Duration {
    APART * u32::try_from(MOMENTS - index.min(MOMENTS)).unwrap_or(0)
}

/// What was open at each moment, from what is open now and what began and ended since then.
pub fn reconstruct(open: f64, began: &[u64], ended: &[u64]) -> Vec<f64> {
    // Below zero only where the history and the figure disagree, such as after a cleanup within the hour.
    began.iter().zip(ended).map(|(began, ended)| (open - *began as f64 + *ended as f64).max(0.0)).collect()
}

/// Counts from each moment to the anchor, learnt one by one.
#[derive(Clone, Debug, Default, PartialEq)]
struct Tally {
    known: [Option<u64>; MOMENTS],
}

impl Tally {
    /// The moment whose count tells most: the oldest first, then the middle of the widest stretch that is not known to be quiet.
    fn next(&self) -> Option<usize> {
        if self.known[0].is_none() {
            return Some(0);
        }
        // From the anchor to the anchor nothing happened.
        let known: Vec<(usize, u64)> = self.known.iter().enumerate().filter_map(|(index, count)| Some((index, (*count)?))).chain([(MOMENTS, 0)]).collect();
        let open = known.windows(2).filter(|pair| pair[1].0 - pair[0].0 > 1 && pair[0].1 != pair[1].1);
        open.max_by_key(|pair| pair[1].0 - pair[0].0).map(|pair| pair[0].0.midpoint(pair[1].0))
    }

    fn learn(&mut self, moment: usize, count: u64) {
        if let Some(known) = self.known.get_mut(moment) {
            *known = Some(count);
        }
    }

    /// All counts, once nothing more needs to be asked.
    fn all(&self) -> Option<[u64; MOMENTS]> {
        if self.next().is_some() {
            return None;
        }
        let (mut all, mut last) = ([0; MOMENTS], 0);
        for (count, known) in all.iter_mut().zip(self.known) {
            last = known.unwrap_or(last);
            *count = last;
        }
        Some(all)
    }
}

#[derive(Clone, Debug)]
struct Instances {
    anchor: Anchor,
    open: f64,
    started: Tally,
    finished: Tally,
}

/// What is known of the incidents created, or ended, within the hour: when, and whether it was a root.
#[derive(Clone, Debug, Default)]
enum Events {
    #[default]
    Unknown,
    /// There are some.
    Counted,
    Read(Vec<(Timestamp, bool)>),
}

impl Events {
    fn count(&mut self, count: u64) {
        *self = if count == 0 { Self::Read(Vec::new()) } else { Self::Counted };
    }

    fn step(&self, anchor: &Anchor, change: Change) -> Option<BackfillStep> {
        match self {
            Self::Unknown => Some(anchor.step(change, false, 0)),
            Self::Counted => Some(anchor.step(change, true, 0)),
            Self::Read(_) => None,
        }
    }

    /// Events of roots, or of blocked parents, from each moment to the anchor.
    fn tally(&self, anchor: &Anchor, roots: bool) -> [u64; MOMENTS] {
        let events: &[_] = if let Self::Read(events) = self { events } else { &[] };
        std::array::from_fn(|index| events.iter().filter(|(at, root)| *root == roots && *at >= anchor.moment(index)).count() as u64)
    }
}

#[derive(Clone, Debug)]
struct Incidents {
    anchor: Anchor,
    roots: f64,
    blocked: f64,
    created: Events,
    ended: Events,
}

#[derive(Clone, Debug, Default)]
enum Part<T> {
    #[default]
    Waiting,
    UnderWay(T),
    Done,
}

/// Values of one figure before its first measured one.
pub type Reconstruction = (Figure, Vec<(Instant, f64)>);

/// How far the reconstruction has come.
#[derive(Clone, Debug, Default)]
pub struct Backfill {
    instances: Part<Instances>,
    incidents: Part<Incidents>,
    too_many: bool,
}

impl Backfill {
    /// One that never asks.
    pub fn done() -> Self {
        Self { instances: Part::Done, incidents: Part::Done, too_many: false }
    }

    /// Whether something has not even begun.
    pub fn waits(&self) -> bool {
        matches!(self.instances, Part::Waiting) || matches!(self.incidents, Part::Waiting)
    }

    /// Whether so much happened to incidents that their past was left alone.
    pub fn too_many(&self) -> bool {
        self.too_many
    }

    /// Begins with the instances, if that was not done before.
    pub fn begin_instances(&mut self, anchor: Anchor, open: f64) {
        if matches!(self.instances, Part::Waiting) {
            self.instances = Part::UnderWay(Instances { anchor, open, started: Tally::default(), finished: Tally::default() });
        }
    }

    /// Begins with the incidents, if that was not done before.
    pub fn begin_incidents(&mut self, anchor: Anchor, roots: f64, blocked: f64) {
        if matches!(self.incidents, Part::Waiting) {
            self.incidents = Part::UnderWay(Incidents { anchor, roots, blocked, created: Events::Unknown, ended: Events::Unknown });
        }
    }

    /// The next request, none if there is none.
    pub fn step(&self) -> Option<BackfillStep> {
        let incidents = || {
            let Part::UnderWay(incidents) = &self.incidents else { return None };
            let of = |events: &Events, change| events.step(&incidents.anchor, change);
            // Both counts come before any rows, so that too many are noticed for nothing but counts.
            let mut steps: Vec<_> = [of(&incidents.created, Change::Created), of(&incidents.ended, Change::Ended)].into_iter().flatten().collect();
            steps.sort_by_key(|step| step.rows);
            steps.into_iter().next()
        };
        let instances = || {
            let Part::UnderWay(instances) = &self.instances else { return None };
            let of = |tally: &Tally, change| tally.next().map(|moment| instances.anchor.step(change, false, moment));
            of(&instances.started, Change::Started).or_else(|| of(&instances.finished, Change::Finished))
        };
        incidents().or_else(instances)
    }

    /// Takes a count in; returns what is complete with it.
    pub fn counted(&mut self, step: BackfillStep, count: u64) -> Vec<Reconstruction> {
        match (step.change, &mut self.instances, &mut self.incidents) {
            (Change::Started, Part::UnderWay(instances), _) => instances.started.learn(step.moment, count),
            (Change::Finished, Part::UnderWay(instances), _) => instances.finished.learn(step.moment, count),
            (Change::Created | Change::Ended, _, incidents @ Part::UnderWay(_)) if count > MOST_INCIDENTS => {
                self.too_many = true;
                *incidents = Part::Done;
            }
            (Change::Created, _, Part::UnderWay(incidents)) => incidents.created.count(count),
            (Change::Ended, _, Part::UnderWay(incidents)) => incidents.ended.count(count),
            _ => {}
        }
        self.complete()
    }

    /// Takes incidents in; returns what is complete with them.
    pub fn read(&mut self, step: BackfillStep, rows: &[HistoricIncident]) -> Vec<Reconstruction> {
        if let Part::UnderWay(incidents) = &mut self.incidents {
            let time = |row: &HistoricIncident| if step.change == Change::Created { Some(row.incident.created) } else { row.ended };
            let events = rows.iter().filter_map(|row| Some((time(row)?, row.incident.is_root()))).collect();
            *(if step.change == Change::Created { &mut incidents.created } else { &mut incidents.ended }) = Events::Read(events);
        }
        self.complete()
    }

    fn complete(&mut self) -> Vec<Reconstruction> {
        let mut complete = Vec::new();
        if let Part::UnderWay(Instances { anchor, open, started, finished }) = &self.instances
            && let (Some(started), Some(finished)) = (started.all(), finished.all())
        {
            complete.push((Figure::Instances, anchor.values(*open, &started, &finished)));
            self.instances = Part::Done;
        }
        if let Part::UnderWay(Incidents { anchor, roots, blocked, created, ended }) = &self.incidents
            && let (Events::Read(_), Events::Read(_)) = (created, ended)
        {
            for (figure, open, of_roots) in [(Figure::IncidentsRoot, roots, true), (Figure::IncidentsBlocked, blocked, false)] {
                complete.push((figure, anchor.values(*open, &created.tally(anchor, of_roots), &ended.tally(anchor, of_roots))));
            }
            self.incidents = Part::Done;
        }
        complete
    }
}

#[cfg(test)]
mod tests;
