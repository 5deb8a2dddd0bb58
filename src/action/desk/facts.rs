//! What the journal knows of earlier actions, in the words of plans.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::action::plan::{ActionId, Plan, Unavailable};
use crate::action::planner::facts::{AtWork, Before, Earlier, EarlierTarget, Facts};
use crate::action::target::Subject;
use crate::action::verb::Verb;
use crate::engine::NewValue;
use crate::journal::{Class, Engine, Exact, Journal, Standing, Story, Summary, Unread};
use crate::model::snapshot::EngineIdentity;
use crate::text::EngineText;

/// The journal and, for values of variables, which no journal holds, the plans of this run.
pub(super) struct JournalFacts {
    pub(super) journal: Result<Arc<Journal>, String>,
    pub(super) performed: Arc<Mutex<Vec<Arc<Plan>>>>,
}

impl Facts for JournalFacts {
    fn frozen(&self, engine: &EngineIdentity) -> Result<Option<Earlier>, Unavailable> {
        let frozen = self.journal()?.archive().frozen(&here(engine)).map_err(|error| unreadable(&error))?;
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

    fn at_work(&self, engine: &EngineIdentity) -> Result<Vec<AtWork>, Unavailable> {
        let Ok(journal) = &self.journal else { return Ok(Vec::new()) };
        let known = journal.archive().at_work(&here(engine)).map_err(|error| unreadable(&error))?;
        Ok(known.into_iter().map(at_work).collect())
    }
}

fn at_work(known: crate::journal::AtWork) -> AtWork {
    let crate::journal::Intent { action, who, sentence, targets, .. } = known.intent;
    let targets = targets.into_iter().map(|target| (target.id.text().clone(), target.instance.map(|instance| instance.text().clone()))).collect();
    AtWork { action: ActionId(action.as_wire().to_owned()), by: format!("{}@{}", who.user, who.host), sentence: sentence.to_string(), targets }
}

/// An engine, as the journal names it.
pub(super) fn here(engine: &EngineIdentity) -> Engine {
    Engine { url: Exact::from(engine.url.as_str()), name: engine.engine_name.as_deref().map(Exact::from), version: None }
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
        let may_have_happened = |step: &u64| match story.answers.get(step) {
            Some(answered) => answered.answer.may_have_happened(),
            None => story.sent.contains_key(step),
        };
        let went_out = (0..).zip(&intent.requests).filter(|(step, _)| may_have_happened(step));
        let sent: HashSet<u64> = went_out.flat_map(|(_, request)| request.targets.iter().copied()).collect();
        let plan = self.performed.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|plan| plan.action.0 == intent.action.as_wire()).cloned();
        let targets = (0..).zip(&intent.targets).map(|(at, target)| EarlierTarget {
            id: target.id.text().clone(),
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
        });
        Ok(Some(Earlier {
            action: ActionId(intent.action.as_wire().to_owned()),
            verb,
            sentence: intent.sentence.to_string(),
            url: intent.engine.url.as_wire().to_owned(),
            engine_name: intent.engine.name.as_ref().map(|name| name.as_wire().to_owned()),
            began: story.at,
            at: at(story),
            jobs_too: story.intent.jobs_too.unwrap_or_else(|| jobs_too(story)),
            targets: targets.collect(),
            taken_back: self.taken_back(story)?,
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
