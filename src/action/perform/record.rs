//! What an action leaves in the journal: values of actions become lines of the journal.
//!
//! Values of variables have no field there, and requests are recorded without them.

use std::sync::Arc;

use jiff::Timestamp;

use crate::action::ledger::{Ending, Ledger, Stage};
use crate::action::outcome::{Class, Outcome};
use crate::action::plan::{ActionId, Held, Plan, Step, Unavailable};
use crate::action::target::{Subject, Target};
use crate::action::verb::Verb;
use crate::engine::{Change, Client, Delivered, EngineError, Problem, Sent};
use crate::journal::{self, Answer, Before, Count, Entry, Exact, How, Journal, JournalError, Who};
use crate::model::snapshot::EngineIdentity;
use crate::model::witness::Witness;
use crate::text::{EngineText, safe};

/// The journal, or why there is none. Without one nothing is changed.
#[derive(Clone, Debug)]
pub struct Record {
    journal: Result<Arc<Journal>, String>,
}

impl Record {
    /// Records into this journal.
    pub fn into(journal: Result<Arc<Journal>, String>) -> Self {
        Self { journal }
    }

    /// The journal, for reading.
    pub fn journal(&self) -> Option<&Arc<Journal>> {
        self.journal.as_ref().ok()
    }

    /// Why nothing can be recorded.
    ///
    /// # Errors
    ///
    /// There is no journal.
    pub fn is_there(&self) -> Result<(), Unavailable> {
        match &self.journal {
            Ok(_) => Ok(()),
            Err(why) => Err(Unavailable {
                why: format!("nothing is changed without a journal: {}", safe(why)),
                remedy: "name a folder that can be written in [journal] or BPMTOP_JOURNAL".to_owned(),
            }),
        }
    }

    /// Records one thing, off the threads that draw and ask. Gives the new head, in short.
    ///
    /// # Errors
    ///
    /// It could not be written: whatever it was to permit must not happen.
    pub async fn note(&self, entry: Entry) -> Result<String, String> {
        let journal = self.journal.clone()?;
        let written = tokio::task::spawn_blocking(move || journal.append(&entry)).await;
        match written {
            Ok(Ok(head)) => Ok(head.short()),
            Ok(Err(error)) => Err(words(&error)),
            Err(_) => Err("the journal broke down while it was written to".to_owned()),
        }
    }
}

impl Record {
    /// As [`Record::note`], of many; none is recorded after one that could not be.
    ///
    /// # Errors
    ///
    /// One could not be written.
    pub async fn note_all(&self, entries: Vec<Entry>) -> Result<Option<String>, String> {
        if entries.is_empty() {
            return Ok(None);
        }
        let journal = self.journal.clone()?;
        let written = tokio::task::spawn_blocking(move || {
            let mut head = None;
            for entry in &entries {
                head = Some(journal.append(entry)?);
            }
            Ok(head)
        });
        match written.await {
            Ok(Ok(head)) => Ok(head.map(|head: journal::Head| head.short())),
            Ok(Err(error)) => Err(words(&error)),
            Err(_) => Err("the journal broke down while it was written to".to_owned()),
        }
    }
}

fn words(error: &JournalError) -> String {
    format!("{error}: {}", error.remedy())
}

impl Record {
    /// Records what is meant to be done; where the journal is broken already, that too. Gives the new head, in short, and what speaks against the journal.
    ///
    /// # Errors
    ///
    /// It could not be written: nothing may be sent.
    pub async fn begin(&self, intent: journal::Intent) -> Result<(String, Option<String>), String> {
        let journal = self.journal.clone()?;
        let written = tokio::task::spawn_blocking(move || {
            let doubt = journal.doubt();
            let intent = journal::Intent { journal_broken: doubt.as_deref().map(Exact::from), ..intent };
            journal.append(&Entry::Intent(Box::new(intent))).map(|head| (head.short(), doubt))
        });
        match written.await {
            Ok(written) => written.map_err(|error| words(&error)),
            Err(_) => Err("the journal broke down while it was written to".to_owned()),
        }
    }

    /// Whether something is not recorded yet that happened.
    pub fn is_late(&self) -> bool {
        self.journal.as_ref().is_ok_and(|journal| journal.is_late())
    }
}

/// What is meant to be done, with every request that will go out.
pub fn intent(plan: &Plan, sentence: &str, steps: &[Step], client: &Client, engine_time: Option<Timestamp>) -> journal::Intent {
    let engine = &plan.engine;
    let reason = plan.choices.reason.trim();
    let taken_back = plan.takes_back.as_ref().map(|action| Exact::from(action.0.as_str()));
    let (thaw_of, undo_of, puts_back) = match plan.verb {
        Verb::Thaw => (taken_back, None, None),
        Verb::PutBack => (None, None, taken_back),
        _ => (None, taken_back, None),
    };
    journal::Intent {
        action: name(&plan.action),
        who: Who::of_process(engine.user.as_deref().map(Exact::from)),
        engine: journal_engine(&plan.engine),
        profile: plan.profile.as_deref().map(Exact::from),
        verb: Exact::from(plan.verb.word()),
        sentence: Exact::from(sentence),
        reason: (!reason.is_empty()).then(|| Exact::from(reason)),
        steps: steps.len() as u64,
        targets: plan.targets.iter().map(target).collect(),
        held: if plan.keeps_held() { plan.held.iter().map(held).collect() } else { Vec::new() },
        requests: steps.iter().map(|step| request(step, client)).collect(),
        undo_of,
        thaw_of,
        puts_back,
        jobs_too: plan
            .targets
            .iter()
            .any(|target| matches!(target.subject, Subject::JobDefinition(_) | Subject::ProcessDefinition(_)))
            .then_some(plan.choices.jobs_too),
        role: None,
        engine_time,
        journal_broken: None,
    }
}

/// An engine, as the journal names it.
pub fn journal_engine(engine: &EngineIdentity) -> journal::Engine {
    let version: Vec<&str> = engine.product.as_deref().into_iter().chain(engine.version.as_ref().map(EngineText::as_wire)).collect();
    journal::Engine {
        url: Exact::from(engine.url.as_str()),
        name: engine.engine_name.as_deref().map(Exact::from),
        version: (!version.is_empty()).then(|| Exact::from(version.join(" "))),
        installation: engine.installation.clone().map(Exact::from),
        definitions: engine.witnesses.iter().map(|definition| Exact::from(definition.text().clone())).collect(),
        newest: engine.newest.iter().map(newest).collect(),
    }
}

fn newest(witness: &Witness) -> journal::Newest {
    journal::Newest {
        kind: Exact::from(witness.kind()),
        id: Exact::from(witness.id().clone()),
        at: witness.at,
        instance: witness.instance.as_ref().map(|instance| Exact::from(instance.text().clone())),
        definition: witness.definition.as_ref().map(|definition| Exact::from(definition.text().clone())),
    }
}

/// An engine of the journal, as far as it can be told from another.
pub fn known_engine(recorded: &journal::Engine) -> EngineIdentity {
    let text = |exact: &Exact| exact.text().clone();
    let witness = |newest: &journal::Newest| Witness::of(newest.kind.as_wire(), text(&newest.id), newest.at);
    EngineIdentity {
        url: recorded.url.as_wire().to_owned(),
        engine_name: recorded.name.as_ref().map(|name| name.as_wire().to_owned()),
        installation: recorded.installation.as_ref().map(text),
        witnesses: recorded.definitions.iter().map(|definition| text(definition).into()).collect(),
        newest: recorded
            .newest
            .iter()
            .filter_map(|newest| {
                let witness = witness(newest)?;
                Some(Witness {
                    instance: newest.instance.as_ref().map(|id| text(id).into()),
                    definition: newest.definition.as_ref().map(|id| text(id).into()),
                    ..witness
                })
            })
            .collect(),
        ..EngineIdentity::default()
    }
}

fn name(action: &ActionId) -> Exact {
    Exact::from(action.0.as_str())
}

fn target(target: &Target) -> journal::Target {
    journal::Target {
        kind: Exact::from(target.kind()),
        id: Exact::from(target.id()),
        label: Exact::from(target.label.as_str()),
        business_key: target.business_key.clone().map(Exact::from),
        instance: target.instance().map(|instance| Exact::from(instance.text().clone())),
        before: before(&target.subject),
    }
}

/// A job that is kept asleep, with the due date that is put back after it was shielded.
fn held(held: &Held) -> journal::Target {
    journal::Target {
        kind: Exact::from("job"),
        id: Exact::from(held.job.as_wire()),
        label: Exact::from(held.label.as_str()),
        business_key: None,
        instance: None,
        before: Before { suspended: Some(true), due: held.due, ..Before::default() },
    }
}

fn before(subject: &Subject) -> Before {
    let nothing = Before::default();
    match subject {
        Subject::Job { job, .. } => {
            Before { retries: Some(job.retries), suspended: Some(job.suspended), due: job.due, priority: Some(job.priority), ..nothing }
        }
        Subject::ExternalTask { task, .. } => Before { retries: task.retries, suspended: Some(task.suspended), priority: Some(task.priority), ..nothing },
        Subject::Instance(instance) => Before { suspended: Some(instance.suspended), ..nothing },
        Subject::JobDefinition(definition) => Before { suspended: Some(definition.suspended), priority: definition.overriding_priority, ..nothing },
        Subject::ProcessDefinition(definition) => Before { suspended: Some(definition.suspended), ..nothing },
        Subject::Incident(known) => Before { note: known.incident.annotation.clone().map(Exact::from), ..nothing },
        Subject::Timed(timed) => Before { due: Some(timed.at), ..nothing },
        Subject::Variable { .. } => nothing,
    }
}

/// A request as it is recorded, without the value of a variable.
pub fn request(step: &Step, client: &Client) -> journal::Request {
    let shown = client.shown(&step.change, false);
    let path = shown.url.strip_prefix(client.address().trim_end_matches('/')).unwrap_or(&shown.url);
    journal::Request {
        method: Exact::from(shown.method),
        path: Exact::from(path),
        body: shown.body.map(Exact::from),
        targets: step.targets.iter().map(|target| *target as u64).collect(),
    }
}

/// One request is about to go out.
pub fn sent(action: &ActionId, step: usize) -> Entry {
    Entry::Sent(journal::Sent { action: name(action), step: step as u64 })
}

/// What an error says, as far as it may be kept: an engine repeats the value of a variable it could not read.
pub fn told(change: &Change, error: &EngineError) -> String {
    match (change, error.problem()) {
        (Change::SetVariable { .. }, Problem::Engine { status, kind, .. }) => match kind {
            Some(kind) => format!("the engine answered {status} with {kind}"),
            None => format!("the engine answered {status}"),
        },
        (_, problem) => problem.to_string(),
    }
}

/// What came back right after.
pub fn answered(action: &ActionId, step: usize, change: &Change, delivered: &Delivered) -> Entry {
    let words = |error: &EngineError| Some(Exact::from(told(change, error)));
    let (answer, words, batch) = match &delivered.sent {
        Sent::Accepted { batch } => (Answer::Accepted, None, batch.as_ref().map(|batch| Exact::from(batch.text().clone()))),
        Sent::Rejected(error) => (Answer::Rejected, words(error), None),
        Sent::NotSent(error) => (Answer::NotSent, words(error), None),
        Sent::Unknown(error) => (Answer::Unknown, words(error), None),
    };
    Entry::Answered(journal::Answered { action: name(action), step: step as u64, answer, words, batch })
}

/// What is kept of an outcome in words. What an engine says of the value of a variable stays on the screen.
pub fn kept(plan: &Plan, outcome: &Outcome, now: Timestamp) -> String {
    if plan.verb == Verb::SetVariable { outcome.name().to_owned() } else { outcome.words(&plan.zone, now) }
}

/// What became of one target.
pub fn outcome(action: &ActionId, target: usize, outcome: &Outcome, words: String) -> Entry {
    Entry::Outcome(journal::Outcome {
        action: name(action),
        target: target as u64,
        name: Exact::from(outcome.name()),
        class: class(outcome.class()),
        words: Some(Exact::from(words)),
    })
}

fn class(class: Class) -> journal::Class {
    match class {
        Class::Good => journal::Class::Good,
        Class::Bad => journal::Class::Bad,
        Class::Waiting => journal::Class::Waiting,
        Class::Unknown => journal::Class::Unknown,
        Class::Open => journal::Class::Open,
        Class::Untouched => journal::Class::Untouched,
    }
}

/// Something beside requests and outcomes.
pub fn aside(action: &ActionId, words: &str) -> Entry {
    Entry::Note(journal::Note { action: name(action), words: Exact::from(words) })
}

/// The action is over.
pub fn end(ledger: &Ledger, how: How) -> Entry {
    let why = match &ledger.stage {
        Stage::Over(Ending::Failed(why)) => Some(why.as_str()),
        _ => None,
    };
    let words: Vec<&str> = why.into_iter().chain(ledger.look.iter().map(String::as_str)).collect();
    let words = (!words.is_empty()).then(|| Exact::from(words.join("; ")));
    Entry::End(journal::End { action: name(&ledger.plan.action), how, words, counts: counts(ledger), unknown: unknown(ledger) })
}

/// What another run found out about an action whose program had ended.
pub fn read_back(ledger: &Ledger, user: Option<&str>) -> Entry {
    let who = Who::of_process(user.map(Exact::from));
    Entry::ReadBack(journal::ReadBack { action: name(&ledger.plan.action), who, counts: counts(ledger), unknown: unknown(ledger) })
}

fn counts(ledger: &Ledger) -> Vec<Count> {
    ledger.counts().into_iter().map(|(name, (of, count))| Count { name: Exact::from(name), class: class(of), count: count as u64 }).collect()
}

fn unknown(ledger: &Ledger) -> Vec<u64> {
    (0..).zip(&ledger.outcomes).filter(|(_, outcome)| matches!(outcome.class(), Class::Unknown | Class::Open)).map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::example;
    use crate::action::plan::OtherCause;
    use crate::action::wish::Asked;
    use crate::engine::{ClientOptions, NewValue, VariableHome};

    fn recorded(plan: &Plan) -> journal::Intent {
        let client = Client::new(ClientOptions::new("http://h/engine-rest".parse().unwrap())).unwrap();
        intent(plan, "Resume p1.", &plan.steps(), &client, None)
    }

    #[tokio::test]
    async fn an_action_on_a_broken_journal_is_recorded_with_the_break() {
        let desk = crate::journal::tests::Desk::new();
        let journal = Arc::new(Journal::open(&desk.folder()).unwrap());
        let record = Record::into(Ok(Arc::clone(&journal)));
        let begin = |name: &str| crate::journal::tests::intent(name, "retry", 1);
        assert_eq!(record.begin(begin("a")).await.unwrap().1, None);
        record.begin(begin("b")).await.unwrap();
        let file = std::fs::read_dir(desk.folder()).unwrap().flatten().map(|entry| entry.path()).find(|path| path.extension().is_some()).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replacen("SAP is back", "SAP was back", 1)).unwrap();
        let (_, doubt) = record.begin(begin("c")).await.unwrap();
        assert!(doubt.as_ref().is_some_and(|doubt| doubt.contains("line 2: it does not continue line 1")), "{doubt:?}");
        let kept = |name: &str| journal.archive().action(name).unwrap().unwrap().intent.journal_broken.map(|broken| broken.to_string());
        assert_eq!((kept("a"), kept("c")), (None, doubt));
    }

    #[test]
    fn the_due_dates_to_put_back_are_recorded_for_jobs_that_are_kept_asleep() {
        let due = "2026-03-02T05:00:00Z".parse().ok();
        let asked = Asked::Instances { instances: Vec::new(), suspend: false };
        let mut plan = example::plan(asked, vec![example::instance("p1")]);
        plan.held = vec![Held { due, ..example::held(0, "job-7") }];
        let intent = recorded(&plan);
        let kept: Vec<_> = intent.held.iter().map(|held| (held.id.as_wire(), held.before.due)).collect();
        assert_eq!(kept, [("job-7", due)]);
        assert_eq!(intent.steps, intent.requests.len() as u64);
        plan.choices.others = OtherCause::Wake;
        assert!(recorded(&plan).held.is_empty(), "nothing is kept asleep");
    }

    #[test]
    fn what_an_engine_says_of_the_value_of_a_variable_is_not_kept() {
        let problem = Problem::Engine {
            status: 400,
            kind: Some("InvalidRequestException".into()),
            message: Some("Cannot convert value 's3cret' to java type".into()),
            code: None,
        };
        let error = EngineError::new(None, "http://h", problem);
        let value = NewValue { kind: "Long".into(), value: "s3cret".into(), info: None };
        let variable = Change::SetVariable { home: VariableHome::Instance("p".into()), name: "pin".into(), value };
        assert_eq!(told(&variable, &error), "the engine answered 400 with InvalidRequestException");
        assert!(told(&Change::DeleteJob { job: "j".into() }, &error).contains("Cannot convert"), "other changes carry no values");
        let mut plan = example::plan(Asked::Instances { instances: Vec::new(), suspend: false }, vec![example::instance("p1")]);
        let rejected = Outcome::Rejected("Cannot convert value 's3cret' to java type".into());
        assert!(kept(&plan, &rejected, Timestamp::UNIX_EPOCH).contains("Cannot convert"));
        plan.verb = Verb::SetVariable;
        assert_eq!(kept(&plan, &rejected, Timestamp::UNIX_EPOCH), "rejected");
    }
}
