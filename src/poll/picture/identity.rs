//! Whether it is still the engine of the picture: when that comes into doubt, what waits until it is known, and how the picture begins anew for another
//! one. How engines are compared is in `engine::identity`.

use super::super::ask::{Ask, Reply};
use super::super::command::Looking;
use super::super::question::Question;
use super::Picture;
use crate::engine::Telemetry;
use crate::engine::identity::{DEFINITIONS, Verdict, tells_nothing};
use crate::model::ids::ProcessDefinitionId;
use crate::model::section::Moment;
use crate::model::snapshot::{EngineIdentity, Link, Replaced};
use crate::model::witness::{Witness, Written, in_order};
use crate::text::EngineText;

/// It is in doubt which engine answers.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    /// Answers that came meanwhile: they count once it is known to be the same one, and are thrown away where it is not.
    held: Vec<(Ask, Reply, Moment, Moment)>,
    /// The engine was away, or another login reads: everything is asked anew once it is known.
    back: bool,
}

/// What was seen of the engine and is no news when it is seen again: several nodes may answer in turn.
#[derive(Debug, Default)]
pub(super) struct Seen {
    nodes: Vec<jiff::Timestamp>,
    versions: Vec<EngineText>,
}

impl Picture {
    /// From now on nothing that is answered stands beside what is known, before the engine was asked who it is. Where nothing is known by which it
    /// could be told, there is nothing to ask.
    pub fn doubt(&mut self) {
        if tells_nothing(&self.engine) {
            return;
        }
        self.doubt.get_or_insert_default();
        self.schedule.hurry(Question::Identity);
    }

    /// The same after an outage: everything may have changed meanwhile.
    pub(super) fn doubt_after_outage(&mut self) {
        self.doubt();
        if let Some(doubt) = &mut self.doubt {
            doubt.back = true;
        }
    }

    /// What may be asked while it is in doubt.
    pub(super) fn may_be_asked_in_doubt(question: Question) -> bool {
        matches!(question, Question::Version | Question::Probe | Question::Identity)
    }

    /// The comparison that is asked for, if it is in doubt.
    pub(super) fn ask_identity(&self) -> Option<Ask> {
        self.doubt.is_some().then(|| Ask::Identity(Box::new(EngineIdentity { node: None, ..self.engine.clone() })))
    }

    /// Whether an answer tells of a restart, an update or another engine: it then waits with all others.
    pub(super) fn doubt_if_news(&mut self, reply: &Reply) {
        let news = match reply {
            Reply::Version(text) => self.engine.version.is_some() && !self.seen.versions.contains(text),
            Reply::Telemetry(told) => self.is_news(told),
            _ => false,
        };
        if news {
            self.doubt();
        }
    }

    fn is_news(&self, told: &Telemetry) -> bool {
        let another = matches!((&self.engine.installation, &told.installation), (Some(known), Some(now)) if known != now);
        let restarted = !self.seen.nodes.is_empty() && told.since.is_some_and(|node| !self.seen.nodes.contains(&node));
        another || restarted
    }

    /// Keeps an answer back as long as it is in doubt whose it is; gives it back where nothing is.
    pub(super) fn hold(&mut self, ask: Ask, reply: Reply, read: Moment, now: Moment) -> Option<(Ask, Reply)> {
        match &mut self.doubt {
            Some(doubt) => {
                doubt.held.push((ask, reply, read, now));
                None
            }
            None => Some((ask, reply)),
        }
    }

    /// Takes in who answers.
    pub(super) fn take_identity(&mut self, verdict: Verdict, now: Moment) {
        match verdict {
            Verdict::Another(why) => self.begin_anew(why, now),
            Verdict::Same => self.go_on(None),
            Verdict::Unknown => self.go_on(None),
            Verdict::Unsure(why) => self.go_on(Some(why)),
        }
    }

    fn go_on(&mut self, unsure: Option<String>) {
        let Some(doubt) = self.doubt.take() else { return };
        if unsure.is_some() {
            // It is told once, and not compared with what is not told any more.
            self.engine.installation = None;
        }
        self.unsure = unsure;
        self.outages = 0;
        if doubt.back {
            self.link = Link::Live;
        }
        for (ask, reply, read, at) in doubt.held {
            self.apply(ask, reply, read, at);
        }
        if doubt.back {
            // The operator has waited for it.
            self.refresh();
        }
    }

    /// Nothing of the engine before is left: not its rows, not its figures of the past, not what was asked about its instances.
    fn begin_anew(&mut self, why: String, now: Moment) {
        let known = &self.engine;
        let engine = EngineIdentity { url: known.url.clone(), engine_name: known.engine_name.clone(), user: known.user.clone(), ..EngineIdentity::default() };
        let times = self.replaced.as_ref().map_or(0, |replaced| replaced.times) + 1;
        let mut anew = Self::new(engine, 0.0, 1, now);
        std::mem::swap(&mut anew.schedule, &mut self.schedule);
        (anew.sequence, anew.looks, anew.paused, anew.past_wanted) = (self.sequence, self.looks, self.paused, self.past_wanted);
        anew.replaced = Some(Replaced { since: now, why, times });
        anew.link = Link::Live;
        anew.schedule.abandon();
        anew.schedule.forgive();
        *self = anew;
        self.refresh();
        self.look(Looking::default());
    }

    /// How often another engine took the place of the one before.
    pub fn replacements(&self) -> u64 {
        self.replaced.as_ref().map_or(0, |replaced| replaced.times)
    }

    /// Notes what the node that answered tells of its engine.
    pub(super) fn note_node(&mut self, told: &Telemetry) {
        if told.installation.is_some() {
            self.engine.installation.clone_from(&told.installation);
            self.unsure = None;
        }
        if let Some(node) = told.since.filter(|node| !self.seen.nodes.contains(node)) {
            self.seen.nodes.push(node);
        }
    }

    /// Notes the version that answered.
    pub(super) fn note_version(&mut self, text: &EngineText) {
        if !self.seen.versions.contains(text) {
            self.seen.versions.push(text.clone());
        }
    }

    /// Chooses process definitions by which the engine is known again, where its installation is not told. Those chosen before stay.
    pub(super) fn choose_witnesses(&mut self) {
        let Some(definitions) = self.definitions.get().filter(|read| read.complete) else { return };
        self.engine.witnesses.retain(|id| definitions.by_id.contains_key(id));
        let mut others: Vec<&ProcessDefinitionId> = definitions.by_id.keys().filter(|id| !self.engine.witnesses.contains(id)).collect();
        others.sort();
        let missing = DEFINITIONS.saturating_sub(self.engine.witnesses.len());
        self.engine.witnesses.extend(others.into_iter().take(missing).cloned());
    }

    /// Notes what was written last, the newest deployment with it.
    pub(super) fn note_newest(&mut self, mut newest: Vec<Witness>) {
        let deployments = self.deployments.known.get();
        let made = deployments.iter().flat_map(|known| known.iter()).filter_map(|(id, deployment)| Some((deployment.time?, id)));
        if let Some((at, id)) = made.max() {
            newest.push(Witness { what: Written::Deployment(id.clone()), at, instance: None, definition: None });
        }
        self.engine.newest = in_order(newest);
    }
}
