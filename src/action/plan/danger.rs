//! What must be typed before a plan is performed, and whether it can be performed at all.
//!
//! Enter alone confirms one harmless target outside production and nothing else. What is typed is what could be mistaken: how many end, how
//! many are changed, which process, which engine.

use std::collections::BTreeMap;

use super::{Choices, Danger, EngineEffect, Level, OtherCause, Plan, Unavailable, Weight};
use crate::action::target::{Subject, Target};
use crate::action::verb::{Role, Verb, may_run};
use crate::journal::LOOK;
use crate::text::{EngineText, safe};

impl Plan {
    /// Takes other choices. A cancellation that begins at another level is of another target.
    pub fn choose(&mut self, choices: Choices) {
        self.choices = choices;
        if let Some(level) = self.level() {
            self.targets = level.ends.clone().into();
        }
    }

    /// The chosen level of a cancellation.
    pub fn level(&self) -> Option<&Level> {
        self.levels.get(self.choices.level)
    }

    /// What has to be typed.
    pub fn danger(&self) -> Danger {
        let count = self.targets.len();
        let typed = |what: String, meaning, why: String| Danger::Type { what, meaning, why };
        match self.verb {
            // It sends nothing.
            _ if self.only_notes() => Danger::Plain,
            _ if self.gravest_effect().is_some() => self.by_effect(),
            Verb::Cancel => match self.level() {
                Some(level) if level.count == 1 && level.complete => {
                    typed("cancel".into(), "the word cancel", "a cancelled instance cannot be brought back".into())
                }
                level => typed(
                    level.map_or(0, |level| level.count).to_string(),
                    "the number of instances that end",
                    "cancelled instances cannot be brought back".into(),
                ),
            },
            Verb::Freeze => typed(count.to_string(), "the number of job definitions", "it stops the asynchronous work of all of them".into()),
            Verb::SuspendProcesses | Verb::ResumeProcesses if self.one_key().is_some() && (self.choices.jobs_too || count > 1) => typed(
                self.one_key().unwrap_or_default(),
                "the key of the process",
                if self.choices.jobs_too { "it concerns every running instance".into() } else { format!("it concerns {count} versions") },
            ),
            _ if self.wakes_unread() => {
                typed("wake".into(), "the word wake", "more jobs than could be read may wake although something else suspended them".into())
            }
            _ if count > 1 => typed(count.to_string(), self.number_of(), format!("one action changes all {count}")),
            _ if self.wakes() > 0 => typed(self.wakes().to_string(), "the number of jobs that wake", "something else suspended them".into()),
            _ if self.production => self.by_engine(),
            _ => Danger::Plain,
        }
    }

    /// What the gravest of the engine's own jobs does, where that takes a word of its own.
    pub(super) fn gravest_effect(&self) -> Option<&EngineEffect> {
        self.effects.iter().filter(|effect| effect.job.work.word().is_some()).max_by_key(|effect| (effect.job.work.role(), effect.things, effect.jobs))
    }

    /// The engine's own jobs do what is asked for by other words elsewhere: those words are asked for here too.
    fn by_effect(&self) -> Danger {
        let Some(effect) = self.gravest_effect() else { return Danger::Plain };
        let work = effect.job.work;
        let why = work.why_typed().to_owned();
        let all = self.targets.len();
        let (what, meaning) = match (effect.things, work.word()) {
            _ if all > effect.jobs => (all.to_string(), self.number_of()),
            (Some(things), _) if things > 1 => (things.to_string(), work.counted()),
            (None, _) if all > 1 => (all.to_string(), self.number_of()),
            (_, word) => (word.unwrap_or_else(|| self.verb.word()).to_owned(), "the word for what it does"),
        };
        Danger::Type { what, meaning, why }
    }

    /// Whether a role suffices for what this plan makes happen: for its verb, and for what the engine's own jobs among its targets do.
    ///
    /// # Errors
    ///
    /// What takes more than this role, and the way out.
    pub fn suits(&self, role: Role) -> Result<(), Unavailable> {
        self.effects.iter().try_for_each(|effect| may_run(effect, role))
    }

    /// Whether it finds nothing left to put back and only notes that somebody looked. Not where something has to be looked at: that stays told.
    pub fn only_notes(&self) -> bool {
        let stays = |warning: &super::Warning| warning.weight == Weight::Stop || warning.text.starts_with(LOOK);
        self.verb == Verb::PutBack && self.targets.is_empty() && !self.left_out.is_empty() && !self.warnings.iter().any(stays)
    }

    /// Whether jobs may be woken that something else suspended and that could not all be read.
    fn wakes_unread(&self) -> bool {
        let with_jobs = self.verb == Verb::ResumeInstances || self.choices.jobs_too;
        self.choices.others == OtherCause::Wake && with_jobs && !self.held_complete
    }

    /// Jobs that are woken although something else suspended them.
    fn wakes(&self) -> usize {
        let with_jobs = self.verb == Verb::ResumeInstances || self.choices.jobs_too;
        if self.choices.others == OtherCause::Wake && with_jobs { self.held.len() } else { 0 }
    }

    /// The key, where all targets are versions of one process. It is typed as it is shown.
    fn one_key(&self) -> Option<String> {
        let mut keys = self.targets.iter().map(|target| match &target.subject {
            Subject::ProcessDefinition(definition) => Some(&definition.key),
            _ => None,
        });
        let first = keys.next()??;
        keys.all(|key| key == Some(first)).then(|| safe(first.as_wire()).into_owned())
    }

    fn by_engine(&self) -> Danger {
        let why = "this is a production engine".to_owned();
        match &self.profile {
            Some(profile) => Danger::Type { what: safe(profile).into_owned(), meaning: "the name of the profile", why },
            None => Danger::Type { what: self.verb.word().to_owned(), meaning: "the name of the action", why },
        }
    }

    fn number_of(&self) -> &'static str {
        let tasks = self.targets.iter().filter(|target| matches!(target.subject, Subject::ExternalTask { .. })).count();
        match self.targets.first().map(|target| &target.subject) {
            Some(Subject::Job { .. } | Subject::ExternalTask { .. }) if tasks == 0 => "the number of jobs",
            Some(Subject::Job { .. } | Subject::ExternalTask { .. }) if tasks == self.targets.len() => "the number of external tasks",
            Some(Subject::Job { .. } | Subject::ExternalTask { .. }) => "the number of jobs and external tasks",
            Some(Subject::Instance(_)) => "the number of instances",
            Some(Subject::JobDefinition(_)) => "the number of job definitions",
            Some(Subject::ProcessDefinition(_)) => "the number of versions",
            Some(Subject::Timed(_)) => "the number of timers",
            _ => "the number of targets",
        }
    }

    /// Whether it can be performed as it is chosen. Whether this session may change anything at all is decided elsewhere.
    ///
    /// # Errors
    ///
    /// What stands in the way, and what can be done instead.
    pub fn is_performable(&self) -> Result<(), Unavailable> {
        let not = |why: &str, remedy: &str| Err(Unavailable { why: why.to_owned(), remedy: remedy.to_owned() });
        if self.targets.is_empty() && !self.only_notes() {
            let stop = self.warnings.iter().find(|warning| self.verb == Verb::PutBack && (warning.weight == Weight::Stop || warning.text.starts_with(LOOK)));
            if let Some(stop) = stop {
                return Err(Unavailable { why: stop.text.clone(), remedy: "put that right first, then ask again".to_owned() });
            }
            let why = self
                .left_out
                .first()
                .map_or_else(|| "nothing is left to act on".to_owned(), |left| format!("nothing is left to act on: {}: {}", left.label, left.why));
            return Err(Unavailable { why, remedy: "look at what was left out".to_owned() });
        }
        let level_warnings = self.level().map_or(&[][..], |level| &level.warnings);
        if let Some(stop) = self.warnings.iter().chain(level_warnings).find(|warning| warning.weight == Weight::Stop) {
            return Err(Unavailable { why: stop.text.clone(), remedy: "put that right first, then ask again".to_owned() });
        }
        if self.verb == Verb::Cancel && self.level().is_none_or(|level| !level.ends.iter().map(Target::id).eq(self.targets.iter().map(Target::id))) {
            return not("the level and the target of this plan do not fit together", "ask again");
        }
        let choices = &self.choices;
        if self.verb == Verb::Retry && choices.retries == 0 {
            return not("no retries are given", "give each at least one");
        }
        if !choices.pace.per_second.is_finite() || choices.pace.per_second <= 0.0 {
            return not("nothing would ever be sent at this pace", "choose more than 0 a second");
        }
        self.is_timely()?;
        if self.keeps_held() && (!self.held_complete || choices.at.is_some()) {
            return not(
                if choices.at.is_some() {
                    "the engine would wake, at that time, jobs that something else suspended"
                } else {
                    "more jobs are suspended by another cause than can be kept so"
                },
                "resume for new jobs only, or choose to wake the others too",
            );
        }
        Ok(())
    }

    /// Whether the time that is chosen, if any, can be kept.
    fn is_timely(&self) -> Result<(), Unavailable> {
        let Some(at) = self.choices.at else { return Ok(()) };
        let unavailable = |why: String, remedy: &str| Err(Unavailable { why, remedy: remedy.to_owned() });
        if !self.can_be_timed() {
            return unavailable(format!("the engine cannot {} at a time", self.verb), "do it now, or suspend the job definitions at that time instead");
        }
        if at <= self.engine.engine_time(self.read) {
            return unavailable("the time has passed already".to_owned(), "choose a later one, or now");
        }
        Ok(())
    }

    /// Whether the engine can do this at a time of its own.
    pub fn can_be_timed(&self) -> bool {
        matches!(
            self.verb,
            Verb::SuspendJobDefinitions | Verb::ResumeJobDefinitions | Verb::Freeze | Verb::Thaw | Verb::SuspendProcesses | Verb::ResumeProcesses
        )
    }

    /// At most so many business keys of the targets with their versions, each key once: one of each version in turn, the oldest version first.
    pub fn sample(&self, most: usize) -> Vec<(Option<i64>, EngineText)> {
        let mut by_version: BTreeMap<Option<i64>, Vec<&EngineText>> = BTreeMap::new();
        for target in self.heads() {
            let Some(key) = &target.business_key else { continue };
            let keys = by_version.entry(target.version).or_default();
            // More of one version are never shown; a plan of thousands stays cheap.
            if keys.len() < most && !keys.contains(&key) {
                keys.push(key);
            }
        }
        let mut sample: Vec<(Option<i64>, EngineText)> = Vec::new();
        for round in 0..most {
            for (version, keys) in &by_version {
                if let Some(key) = keys.get(round)
                    && sample.len() < most
                    && !sample.iter().any(|(_, known)| known == *key)
                {
                    sample.push((*version, (*key).clone()));
                }
            }
        }
        sample
    }
}
