//! Reading before acting: from a wish to a plan, or to why there is none. Nothing here changes the engine.
//!
//! | part | what belongs there |
//! |---|---|
//! | this file | who asks, and how a draft becomes a plan |
//! | [`facts`] | what a plan may ask of the journal |
//! | `reading` | bounded reads, names and labels, failures in words |
//! | `permit` | whether the engine will let this login do it |
//! | `anew` | the incidents a retry was asked on, as they are now |
//! | `retry`, `trouble`, `below` | retries, what is found around them, and the way down to the causes |
//! | `effects` | what the engine's own jobs do once they run |
//! | `cancel`, `family` | cancellations, and the tree of instances that ends with one |
//! | `cases` | cases (CMMN) around what is cancelled: they neither end nor go on with it |
//! | `definitions`, `held` | job definitions, freeze and thaw, and what else suspended their jobs |
//! | `instances`, `processes` | suspending and resuming instances and whole processes |
//! | `single` | verbs with one target: variables, notes, dates, priorities, locks |
//! | `undo` | taking an action of the journal back |
//! | `put_back` | putting back what an action of the journal was to keep asleep and left otherwise |
//!
//! Every read is bounded and counts come before lists. What could not be read is said in a warning where the plan is sound without it, and
//! is the reason why there is none where it is not.

mod anew;
mod below;
mod cancel;
mod cases;
mod definitions;
mod effects;
pub mod facts;
mod family;
mod held;
mod instances;
mod permit;
mod processes;
mod put_back;
mod reading;
mod retry;
mod single;
mod trouble;
mod undo;

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;

use self::facts::Facts;
use self::reading::{Reading, concerns_one};
use super::plan::{ActionId, Choices, EngineEffect, Free, Held, LeftOut, Level, Plan, TreeLine, Unavailable, Warning, Weight};
use super::target::Target;
use super::verb::{Role, Verb, availability};
use super::wish::{Asked, Wish};
use crate::engine::{Client, identity};
use crate::model::masking::Mask;
use crate::model::section::Moment;
use crate::model::snapshot::{EngineIdentity, Snapshot};
use crate::text::{EngineText, safe};

/// Seconds between the engine's clock and ours from which on a plan speaks of it.
const CLOCK_APART: i64 = 5;

/// Said where nothing was read by which the engine of a plan can be told from another later.
const NOTHING_TELLS: &str = "if another engine of this version takes the place of this one meanwhile, that is not noticed: nothing that would tell can be read";

/// Who asks for a plan, of what, and what may be known without reading.
#[derive(Clone)]
pub struct Asking {
    /// What is wanted.
    pub wish: Arc<Wish>,
    /// The picture it was asked on, for names, rights and what was seen last.
    pub picture: Arc<Snapshot>,
    /// Name of the profile.
    pub profile: Option<String>,
    /// Whether that is a production engine.
    pub production: bool,
    /// What this session may do.
    pub role: Role,
    /// Whether this session changes nothing at all.
    pub read_only: bool,
    /// Which variables may be secret.
    pub mask: Arc<Mask>,
    /// The zone in which times are told.
    pub zone: TimeZone,
    /// What the journal knows.
    pub facts: Arc<dyn Facts>,
}

impl Asking {
    /// By somebody who may do everything, at an engine of which nothing was read before, without a profile. Times are told in UTC.
    pub fn of(engine: EngineIdentity, wish: Arc<Wish>, facts: Arc<dyn Facts>) -> Self {
        let (profile, production, read_only) = (None, false, false);
        let picture = Arc::new(Snapshot::empty(engine, Moment::now()));
        Self { wish, picture, profile, production, role: Role::Admin, read_only, mask: Arc::new(Mask::default()), zone: TimeZone::UTC, facts }
    }
}

/// What becomes a plan once it is checked.
struct Draft {
    verb: Verb,
    asked: Asked,
    targets: Vec<Target>,
    left_out: Vec<LeftOut>,
    warnings: Vec<Warning>,
    tree: Vec<TreeLine>,
    levels: Vec<Level>,
    held: Vec<Held>,
    held_complete: bool,
    free: Vec<Free>,
    effects: Vec<EngineEffect>,
    takes_back: Option<ActionId>,
    choices: Choices,
}

impl Draft {
    fn of(verb: Verb, asked: Asked) -> Self {
        Self {
            verb,
            asked,
            targets: Vec::new(),
            left_out: Vec::new(),
            warnings: Vec::new(),
            tree: Vec::new(),
            levels: Vec::new(),
            held: Vec::new(),
            held_complete: true,
            free: Vec::new(),
            effects: Vec::new(),
            takes_back: None,
            choices: Choices::default(),
        }
    }

    fn warn(&mut self, weight: Weight, text: impl Into<String>) {
        self.warnings.push(Warning { weight, text: text.into() });
    }

    fn leave_out(&mut self, label: impl Into<String>, why: impl Into<String>) {
        self.left_out.push(LeftOut { label: label.into(), why: why.into() });
    }
}

type Drafted = Result<Draft, Unavailable>;

/// Reads what the wish needs and makes a plan of it.
///
/// # Errors
///
/// Why there is none, and what can be done instead.
pub async fn plan(client: &Client, asked: &Asking) -> Result<Plan, Unavailable> {
    let wish = &asked.wish.what;
    if let Some(verb) = wish.verb() {
        availability(verb, asked.role, asked.read_only, asked.picture.rights.get())?;
    }
    let reading = Reading::new(client, asked);
    let mut draft = draft(&reading, wish).await?;
    // What takes an action back has its verb from the journal only.
    availability(draft.verb, asked.role, asked.read_only, asked.picture.rights.get())?;
    // What a plan does not know of a target it can neither show nor put back.
    if let Some((target, why)) = draft.targets.iter().find_map(|target| Some((target, target.unreadable()?.obstacle()?))) {
        return Err(reading::unreadable(format!("{}: {why}", target.label)));
    }
    effects::read(&reading, &mut draft).boxed().await?;
    if draft.verb == Verb::Retry {
        draft.targets = versions_in_turn(std::mem::take(&mut draft.targets));
    }
    let mut plan = assembled(client, asked, draft);
    permit::check(&reading, &mut plan).await?;
    let targets = std::sync::Arc::clone(&plan.targets);
    identity::read(client, &mut plan.engine, targets.iter().filter_map(Target::process_definition)).await.map_err(|error| reading::refused(&error))?;
    if identity::tells_nothing(&plan.engine) {
        plan.warnings.push(Warning { weight: Weight::Note, text: NOTHING_TELLS.to_owned() });
    }
    if let Some(offset) = plan.engine.clock_offset.map(|offset| offset.as_secs()).filter(|offset| offset.abs() > CLOCK_APART) {
        let (far, side) = (offset.unsigned_abs(), if offset > 0 { "ahead of" } else { "behind" });
        plan.warnings
            .push(Warning { weight: Weight::Note, text: format!("the engine's clock is {far} s {side} this machine's: due dates follow the engine's") });
    }
    warn_of_others(asked, &mut plan).await?;
    warn_of_the_journal(asked, &mut plan).await?;
    plan.warnings.sort_by_key(|warning| std::cmp::Reverse(warning.weight));
    Ok(plan)
}

/// What was recorded before a break may have been changed, so whoever acts now is told beforehand that the journal is in doubt.
async fn warn_of_the_journal(asked: &Asking, plan: &mut Plan) -> Result<(), Unavailable> {
    if let Some(doubt) = facts::ask(&asked.facts, |facts| Ok(facts.doubt())).await? {
        let text = format!(
            "THE JOURNAL IS BROKEN at {}: what was recorded before may have been changed. This action is recorded behind that, with a note of it; `bpmtop journal verify` tells more",
            safe(&doubt)
        );
        plan.warnings.push(Warning { weight: Weight::Caution, text });
    }
    Ok(())
}

/// Two actions on one target at once undo each other, or are told each other's outcomes.
async fn warn_of_others(asked: &Asking, plan: &mut Plan) -> Result<(), Unavailable> {
    let engine = plan.engine.clone();
    let own: Vec<_> = plan.targets.iter().map(|target| (EngineText::from(target.id()), target.instance().map(|instance| instance.text().clone()))).collect();
    for other in facts::ask(&asked.facts, move |facts| facts.at_work(&engine)).await? {
        let shared = own.iter().filter(|target| other.targets.contains(target)).count();
        if shared > 0 {
            let text = format!("{shared} of these are targets of an action under way, {} by {}: {}", other.action, safe(&other.by), safe(&other.sentence));
            plan.warnings.push(Warning { weight: Weight::Caution, text });
        }
    }
    Ok(())
}

fn draft<'a>(reading: &'a Reading<'a>, wish: &'a Asked) -> BoxFuture<'a, Drafted> {
    // Boxed: the states of all verbs side by side would not fit a stack.
    match wish {
        Asked::Retry(incidents) => retry::of_incidents(reading, wish, incidents).boxed(),
        Asked::RetryItems { jobs, tasks } => retry::of_items(reading, wish, jobs, tasks).boxed(),
        Asked::RetryBelow(instance) => below::plan(reading, wish, instance).boxed(),
        Asked::Cancel(instances) => cancel::plan(reading, wish, instances).boxed(),
        Asked::JobDefinitions { definitions, suspend } => definitions::plan(reading, wish, definitions, *suspend).boxed(),
        Asked::Freeze(shown) => definitions::freeze(reading, wish, shown).boxed(),
        Asked::Thaw(name) => undo::thaw(reading, wish, name.as_deref()).boxed(),
        Asked::Instances { instances, suspend } => instances::plan(reading, wish, instances, *suspend).boxed(),
        Asked::Processes { definitions, suspend } => processes::plan(reading, wish, definitions, *suspend).boxed(),
        Asked::SetVariable { instance, variable, value } => single::variable(reading, wish, instance, variable, value).boxed(),
        Asked::Annotate { incident, text } => single::annotate(reading, wish, incident, text.as_deref()).boxed(),
        Asked::Unlock(task) => single::unlock(reading, wish, task).boxed(),
        Asked::MoveDueDate { job, due } => single::due_date(reading, wish, job, *due).boxed(),
        Asked::SetJobPriority { job, priority } => single::job_priority(reading, wish, job, *priority).boxed(),
        Asked::SetDefinitionPriority { definition, priority } => single::definition_priority(reading, wish, definition, *priority).boxed(),
        Asked::CallOffTimed(jobs) => single::call_off(reading, wish, jobs).boxed(),
        Asked::Undo(action) => undo::undo(reading, action).boxed(),
        Asked::PutBack(action) => put_back::plan(reading, wish, action).boxed(),
    }
}

fn assembled(client: &Client, asked: &Asking, draft: Draft) -> Plan {
    let mut plan = Plan {
        action: new_name(),
        wish: Arc::clone(&asked.wish),
        asked: draft.asked,
        verb: draft.verb,
        engine: known_engine(client, &asked.picture.engine),
        profile: asked.profile.clone(),
        production: asked.production,
        read: Moment::now(),
        zone: asked.zone.clone(),
        targets: draft.targets.into(),
        left_out: draft.left_out,
        warnings: draft.warnings,
        tree: draft.tree,
        levels: draft.levels,
        held: draft.held,
        held_complete: draft.held_complete,
        free: draft.free,
        effects: draft.effects,
        takes_back: draft.takes_back,
        choices: Choices::default(),
    };
    plan.choose(draft.choices);
    plan
}

/// The engine as the picture knows it; its version from the client where the picture is younger than that.
fn known_engine(client: &Client, known: &EngineIdentity) -> EngineIdentity {
    let version = known.version.clone().or_else(|| client.known_version().map(|version| version.text));
    EngineIdentity { version, ..known.clone() }
}

/// A name for an action: the time to the millisecond, and eight digits nobody can guess, against two sessions in one millisecond.
fn new_name() -> ActionId {
    let at = Moment::now().wall;
    let chance = std::collections::hash_map::RandomState::new().build_hasher().finish();
    ActionId(format!("{}-{:08x}", at.strftime("%Y%m%dT%H%M%S%.3fZ"), chance & 0xffff_ffff))
}

/// One of each version in turn, the oldest version first, each version in the order it came: the first few then stand for all.
fn versions_in_turn(targets: Vec<Target>) -> Vec<Target> {
    let mut lanes: std::collections::BTreeMap<Option<i64>, VecDeque<Target>> = std::collections::BTreeMap::new();
    let count = targets.len();
    for target in targets {
        lanes.entry(target.version).or_default().push_back(target);
    }
    let mut ordered = Vec::with_capacity(count);
    while ordered.len() < count {
        ordered.extend(lanes.values_mut().filter_map(VecDeque::pop_front));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::example::job;

    #[test]
    fn the_first_few_targets_are_of_different_versions() {
        let targets = [0, 2, 4, 1, 6].map(job).to_vec();
        let ids: Vec<_> = versions_in_turn(targets).iter().map(|target| target.id().to_owned()).collect();
        assert_eq!(ids, ["job-0000", "job-0001", "job-0002", "job-0004", "job-0006"]);
    }

    #[test]
    fn names_of_actions_differ_and_sort_by_time() {
        let names: Vec<_> = (0..100).map(|_| new_name()).collect();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1] && pair[0].0[..19] <= pair[1].0[..19]), "{names:?}");
        assert_eq!(names[0].0.len(), "20260301T120000.123Z-0123abcd".len(), "{}", names[0]);
    }

    struct Busy;

    impl Facts for Busy {
        fn doubt(&self) -> Option<String> {
            Some("2026-11-21.jsonl, line 2: it does not continue line 1".to_owned())
        }

        fn frozen(&self, _: &EngineIdentity) -> Result<Option<facts::Earlier>, Unavailable> {
            Ok(None)
        }

        fn action(&self, _: &str) -> Result<Option<facts::Earlier>, Unavailable> {
            Ok(None)
        }

        fn at_work(&self, _: &EngineIdentity) -> Result<Vec<facts::AtWork>, Unavailable> {
            let target = job(1);
            let instance = target.instance().map(|instance| instance.text().clone());
            let of = |id: &str| (EngineText::from(id), instance.clone());
            let known = |name: &str, id: &str| {
                let (action, by, sentence) = (ActionId(name.to_owned()), "ann@ops1".to_owned(), "Retry 40 jobs".to_owned());
                facts::AtWork { action, by, sentence, targets: [of(id)].into() }
            };
            Ok(vec![known("mine", target.id()), known("another", "job-9999")])
        }
    }

    #[tokio::test]
    async fn a_plan_says_that_the_journal_is_broken() {
        let mut plan = crate::action::example::retry(3);
        plan.warnings.clear();
        let asked = Asking::of(plan.engine.clone(), Arc::clone(&plan.wish), Arc::new(Busy));
        warn_of_the_journal(&asked, &mut plan).await.unwrap();
        let [warning] = &plan.warnings[..] else { panic!("{:?}", plan.warnings) };
        assert!(warning.weight == Weight::Caution && warning.text.starts_with("THE JOURNAL IS BROKEN at 2026-11-21.jsonl, line 2"), "{}", warning.text);
        let asked = Asking::of(plan.engine.clone(), Arc::clone(&plan.wish), Arc::new(facts::NoFacts));
        warn_of_the_journal(&asked, &mut plan).await.unwrap();
        assert_eq!(plan.warnings.len(), 1);
    }

    #[tokio::test]
    async fn a_plan_says_whose_action_under_way_has_the_same_targets() {
        let mut plan = crate::action::example::retry(3);
        plan.warnings.clear();
        let asked = Asking::of(plan.engine.clone(), Arc::clone(&plan.wish), Arc::new(Busy));
        warn_of_others(&asked, &mut plan).await.unwrap();
        let told: Vec<_> = plan.warnings.iter().map(|warning| (warning.weight, warning.text.as_str())).collect();
        assert_eq!(told, [(Weight::Caution, "1 of these are targets of an action under way, mine by ann@ops1: Retry 40 jobs")]);
    }
}
