//! How each answer changes the picture.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::super::ask::{Answered, Ask, DEFINITION_PAGE, Reply};
use super::super::items::Items;
use super::super::question::Question;
use super::{COUNTS_ACQUIRED, Picture};
use crate::engine::version::Certainty;
use crate::engine::{DATE_LAG, EngineVersion, Telemetry};
use crate::mirror::IncidentStep;
use crate::model::definition::ProcessDefinition;
use crate::model::figure::Figure;
use crate::model::freshness::Polled;
use crate::model::grouping::{Stage, group, rank_processes};
use crate::model::ids::ProcessDefinitionId;
use crate::model::job::JobDefinition;
use crate::model::section::{Moment, Section};
use crate::model::snapshot::{Definitions, FigureState, IncidentSet, KnownNames, Link};
use crate::model::statistics::ProcessStatistics;
use crate::text::EngineText;

/// A clock difference below this is within what the `Date` header can tell.
const CLOCK_NOISE: SignedDuration = SignedDuration::from_millis(DATE_LAG.as_secs() * 1_000 + 500);

impl Picture {
    /// Takes an answer in.
    pub fn succeed(&mut self, question: Question, ask: Ask, answered: Answered, now: Moment) {
        let read = self.reading_since(question, now);
        self.schedule.answered(question, answered.requests, answered.elapsed, now.instant);
        if let Some(engine_time) = answered.engine_time {
            // The header tells whole seconds; half of one is the best guess for the rest.
            let offset = (engine_time + SignedDuration::from_millis(500)).duration_since(now.wall);
            self.engine.clock_offset = Some(if offset.abs() < CLOCK_NOISE { SignedDuration::ZERO } else { offset });
        }
        // Something may be wrong with the engine as a whole: `/version` tells.
        if answered.unanswered() > 0 && !matches!(self.link, Link::Down { .. }) {
            self.schedule.hurry(Question::Version);
        }
        let speaks = answered.unanswered() < answered.requests;
        if speaks && question != Question::Identity && matches!(self.link, Link::Connecting | Link::Down { .. } | Link::PollerFailed { .. }) {
            self.come_back();
        }
        self.doubt_if_news(&answered.reply);
        match (ask, answered.reply) {
            (_, Reply::Identity(verdict)) => self.take_identity(verdict, now),
            (ask, reply) => {
                if let Some((ask, reply)) = self.hold(ask, reply, read, now) {
                    self.apply(ask, reply, read, now);
                }
            }
        }
    }

    /// Something answers. After an outage it is asked who it is before any figure counts; then everything is asked anew.
    fn come_back(&mut self) {
        if matches!(self.link, Link::Down { .. }) {
            self.schedule.forgive();
            self.doubt_after_outage();
        }
        if self.doubt.is_some() {
            self.link = Link::Connecting;
            return;
        }
        if matches!(self.link, Link::Down { .. }) {
            // Everything may have changed meanwhile, and the operator has waited for it.
            self.refresh();
        }
        self.outages = 0;
        self.link = Link::Live;
    }

    /// What an answer changes that is known to be of the engine of the picture.
    pub(super) fn apply(&mut self, ask: Ask, reply: Reply, read: Moment, now: Moment) {
        match (ask, reply) {
            (Ask::Newest(_), Reply::Newest(newest)) => self.note_newest(newest),
            (Ask::Version, Reply::Version(text)) => self.know_version(text),
            (Ask::Telemetry, Reply::Telemetry(telemetry)) => self.take_telemetry(&telemetry, read, now),
            (Ask::Probe, _) => {}
            (Ask::Incidents(IncidentStep::Count), Reply::Count(count)) => {
                self.incidents_counted(count, now);
                self.mirror.apply_count(count);
                self.figures_before_rows(read, now);
                self.incidents_settled(read, now);
            }
            (Ask::Incidents(IncidentStep::Newer { .. }), Reply::Incidents(rows)) => {
                self.mirror.apply_newer(rows);
                self.incidents_settled(read, now);
            }
            (Ask::Incidents(IncidentStep::OfDefinition { .. }), Reply::Incidents(rows)) => {
                self.mirror.apply_of_definition(rows);
                self.incidents_settled(read, now);
            }
            (Ask::Incidents(IncidentStep::Page { .. }), Reply::Incidents(rows)) => {
                self.mirror.apply_page(rows);
                self.incidents_settled(read, now);
            }
            (Ask::Count(figure, _), Reply::Count(count)) => {
                self.set_figure(figure, count as f64, read, now);
                if figure == Figure::JobsFailed {
                    self.figures_before_rows(read, now);
                }
            }
            (Ask::Definitions(first), Reply::Definitions(rows)) => self.take_definitions(first, rows, read),
            (Ask::JobDefinitions(first), Reply::JobDefinitions(rows)) => self.take_job_definitions(first, rows, read),
            (Ask::Rights, Reply::Rights(rights)) => self.rights.succeed(rights, read),
            (Ask::Statistics, Reply::Statistics(rows)) => self.take_statistics(rows, read, now),
            (Ask::Deployments(first), Reply::Deployments(rows)) => self.take_deployments(first, rows, read),
            (ask, reply) => self.take_items(ask, reply, read, now),
        }
    }

    fn take_items(&mut self, ask: Ask, reply: Reply, read: Moment, now: Moment) {
        match (ask, reply) {
            (Ask::JobCounts(id), Reply::JobCounts(counts)) => self.job_counts.succeed(id, counts, read),
            (Ask::ActivityNames(id), Reply::ActivityNames(Ok(names))) => {
                let names = Arc::new(names);
                Arc::make_mut(&mut self.names).insert(id, names);
                self.groups_stale = true;
            }
            (Ask::ActivityNames(id), Reply::ActivityNames(Err(problem))) => self.activity_names.fail(&[id], &problem, now.instant),
            (Ask::Instances(ids), Reply::Instances(rows)) => take_rows(&mut self.instances, ids, rows, |row| row.id.clone(), read),
            (Ask::Jobs(ids), Reply::Jobs(rows)) => take_rows(&mut self.jobs, ids, rows, |row| row.id.clone(), read),
            (Ask::ExternalTasks(ids), Reply::ExternalTasks(rows)) => take_rows(&mut self.external_tasks, ids, rows, |row| row.id.clone(), read),
            (Ask::Inquiries(_), Reply::Findings(findings, _)) => {
                for (inquiry, found) in findings {
                    // An answer that came too late for the page that asked is kept by nobody.
                    if inquiry.goes_with_its_page() && !self.looking.inquiries.contains(&inquiry) {
                        continue;
                    }
                    match found {
                        Ok(finding) => self.findings.succeed(inquiry, finding, read),
                        Err(problem) => self.findings.fail(&[inquiry], &problem, now.instant),
                    }
                }
            }
            (ask, reply) => self.take_past(ask, reply, now),
        }
    }

    fn know_version(&mut self, text: EngineText) {
        self.note_version(&text);
        let changed = self.engine.version.as_ref() != Some(&text);
        self.engine.version = Some(text);
        if changed {
            self.detect();
        }
    }

    fn detect(&mut self) {
        let Some(text) = self.engine.version.clone() else { return };
        let version = EngineVersion::detect(text, self.product_name.as_ref());
        self.engine.product = Some(version.product.to_string());
        self.engine.remark = (version.certainty == Certainty::Assumed).then(|| format!("this version is not known to bpmtop: {version}"));
        if !version.has(COUNTS_ACQUIRED) {
            // It is not asked any more, and what a newer engine said would stand for ever.
            self.figures.insert(Figure::JobsAcquired, FigureState::default());
        }
        self.version = Some(version);
    }

    /// The version that gates requests, for the client.
    pub fn version(&self) -> Option<&EngineVersion> {
        self.version.as_ref()
    }

    fn take_telemetry(&mut self, telemetry: &Telemetry, read: Moment, now: Moment) {
        self.note_node(telemetry);
        if telemetry.product != self.product_name {
            self.product_name = telemetry.product.clone();
            self.detect();
        }
        self.counts_nothing = telemetry.commands.is_empty();
        if self.counts_nothing {
            return;
        }
        let counter = |command| telemetry.command(command).unwrap_or(0);
        let rates = self.throughput.read(telemetry.since, counter("SuccessfulJobListener"), counter("FailedJobListener"), now);
        if let Some(rates) = rates {
            self.set_figure(Figure::JobsSucceededRate, rates.succeeded, read, now);
            self.set_figure(Figure::JobsFailedRate, rates.failed, read, now);
        }
    }

    fn set_figure(&mut self, figure: Figure, value: f64, read: Moment, now: Moment) {
        let promise = Polled::Figure(figure).promise(self.schedule.presence());
        let state = self.figures.entry(figure).or_default();
        // What was not read for longer than is promised is a gap, and not the last value standing on.
        if let Some(before) = state.section.taken.filter(|before| read.since(*before) > promise) {
            Arc::make_mut(&mut state.series).gap(before.after(promise));
        }
        state.section.succeed(value, read);
        Arc::make_mut(&mut state.series).push(now, value);
    }

    fn incidents_settled(&mut self, read: Moment, now: Moment) {
        self.check_definitions();
        let mid = self.mirror.mid_reading();
        if mid {
            // The steps of one reading follow each other at once, on one account.
            self.schedule.go_on(Question::Incidents);
            if self.mirror.complete() || self.mirror.rows().is_empty() {
                return;
            }
        }
        let set = IncidentSet {
            incidents: Arc::clone(self.mirror.rows()),
            index: Arc::clone(self.mirror.index()),
            total: self.mirror.counted(),
            complete: self.mirror.complete(),
        };
        let same =
            self.incidents.get().is_some_and(|old| Arc::ptr_eq(&old.incidents, &set.incidents) && old.total == set.total && old.complete == set.complete);
        if same {
            self.incidents.confirm(read);
        } else {
            self.miss_definitions(&set);
            self.incidents_may_tell_history(set.total);
            self.incidents.succeed(set, read);
            self.groups_stale = true;
        }
        if self.mirror.complete() {
            self.regroup();
            let (roots, blocked) = (self.groups.roots as f64, self.groups.blocked as f64);
            self.set_figure(Figure::IncidentsRoot, roots, read, now);
            self.set_figure(Figure::IncidentsBlocked, blocked, read, now);
        }
    }

    /// A definition nobody has told of yet was deployed just now, or may not be read: it is worth one reading ahead of time.
    fn miss_definitions(&mut self, set: &IncidentSet) {
        let Some(known) = self.definitions.get().filter(|known| known.complete) else { return };
        let of_incidents = set.incidents.values().filter_map(|row| row.incident.process_definition.as_ref());
        let unknown: Vec<ProcessDefinitionId> = of_incidents.filter(|id| !known.by_id.contains_key(*id) && !self.missed.contains(*id)).cloned().collect();
        if !unknown.is_empty() {
            self.missed.extend(unknown);
            self.schedule.hurry(Question::Definitions);
        }
    }

    /// Makes the groups anew if what they are made of has changed.
    pub(super) fn regroup(&mut self) {
        if std::mem::take(&mut self.groups_stale) {
            let names = KnownNames { definitions: self.definitions.get(), activities: &self.names };
            let rows = self.mirror.rows();
            self.groups = Arc::new(match self.statistics.get() {
                Some(statistics) if !self.mirror.complete() && rows.is_empty() => rank_processes(statistics, Timestamp::UNIX_EPOCH),
                _ => {
                    let mut groups = group(rows.values(), &names);
                    if !self.mirror.complete() {
                        groups.stage = Stage::Sampled { read: rows.len() as u64, of: self.mirror.counted() };
                    }
                    groups
                }
            });
        }
    }

    fn take_statistics(&mut self, rows: Vec<ProcessStatistics>, read: Moment, now: Moment) {
        self.statistics.succeed(rows, read);
        self.statistics_arrived();
        self.groups_stale |= !self.mirror.complete();
        self.figures_before_rows(read, now);
    }

    /// While the incidents of a large engine are being read, its own statistics and its count tell how many roots and parents there are.
    fn figures_before_rows(&mut self, read: Moment, now: Moment) {
        // They are as old as the older of the two.
        let read = self.statistics.taken.filter(|taken| taken.instant < read.instant).unwrap_or(read);
        let Some(rows) = self.statistics.get().filter(|_| !self.mirror.complete()) else { return };
        let roots: u64 = rows.iter().flat_map(|row| &row.root_incidents).map(|tally| tally.count).sum();
        let failed_jobs: u64 = rows.iter().map(|row| row.failed_jobs).sum();
        let all_failed_jobs = self.figures.get(&Figure::JobsFailed).and_then(|state| state.section.get().copied());
        if all_failed_jobs != Some(failed_jobs as f64) {
            return;
        }
        // Statistics without a root beside a count of incidents are those of a login that may not read them: no figure, rather than 0.
        if roots > 0 && self.mirror.counted() >= roots {
            self.set_figure(Figure::IncidentsRoot, roots as f64, read, now);
            self.set_figure(Figure::IncidentsBlocked, (self.mirror.counted() - roots) as f64, read, now);
        }
    }

    fn take_definitions(&mut self, first: u32, rows: Vec<ProcessDefinition>, read_at: Moment) {
        let full = rows.len() >= DEFINITION_PAGE as usize;
        let mut read = if first == 0 { Definitions::default() } else { self.definitions_read.take().unwrap_or_default() };
        read.by_id.extend(rows.into_iter().map(|row| (row.id.clone(), row)));
        if full {
            self.definitions_read = Some(read);
            self.schedule.go_on(Question::Definitions);
        } else {
            read.complete = true;
            if self.definitions.get().is_none_or(|known| known.by_id != read.by_id) {
                self.definitions.succeed(read, read_at);
                self.groups_stale = true;
                self.miss_deployments();
            } else {
                self.definitions.confirm(read_at);
            }
            self.choose_witnesses();
        }
    }

    fn take_job_definitions(&mut self, first: u32, rows: Vec<JobDefinition>, read_at: Moment) {
        let full = rows.len() >= DEFINITION_PAGE as usize;
        let mut read = if first == 0 { Vec::new() } else { self.job_definitions_read.take().unwrap_or_default() };
        read.extend(rows);
        if full {
            self.job_definitions_read = Some(read);
            self.schedule.go_on(Question::JobDefinitions);
        } else if self.job_definitions.get().is_none_or(|known| *known != read) {
            self.job_definitions.succeed(read, read_at);
        } else {
            self.job_definitions.confirm(read_at);
        }
    }
}

/// Rows that were asked for and did not come are gone.
fn take_rows<K: Clone + Eq + Hash, V>(items: &mut Items<K, Option<V>>, ids: Vec<K>, rows: Vec<V>, id_of: impl Fn(&V) -> K, now: Moment)
where
    Section<Option<V>>: Clone,
{
    let mut rows: HashMap<K, V> = rows.into_iter().map(|row| (id_of(&row), row)).collect();
    for id in ids {
        let row = rows.remove(&id);
        items.succeed(id, row, now);
    }
}
