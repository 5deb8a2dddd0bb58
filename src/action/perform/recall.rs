//! An action of the journal whose program ended in the middle of it: looking what became of it. Nothing is sent.
//!
//! How its targets and requests are read from the journal is in `recall/recorded.rs`, whether it is asked of the engine it was done to in
//! `recall/same.rs`.

mod recorded;
mod same;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use tokio::sync::{mpsc, watch};

pub(in crate::action) use self::recorded::change;
use self::recorded::{kept, target};
use self::same::Same;
use super::closing;
use super::eyes::{Eyes, PER_SECOND};
use super::progress::Progress;
use super::record::{self, Record};
use super::run::{Order, Running};
use crate::action::judge::{LOOKED_FOR, Said};
use crate::action::ledger::{Ending, Ledger, Reading, Stage};
use crate::action::outcome::Outcome;
use crate::action::plan::{ActionId, Choices, Plan, Step};
use crate::action::target::Target;
use crate::action::verb::Verb;
use crate::action::wish::{Asked, Wish};
use crate::engine::Client;
use crate::journal::{self, Answer, LOOK, Standing, Story, look};
use crate::model::section::Moment;
use crate::model::snapshot::EngineIdentity;
use crate::text::EngineText;

/// Single questions of a kind in one round: nothing else is asked meanwhile.
const SINGLY: usize = 20;

/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(1);

/// What is needed to look what became of a recorded action.
#[derive(Clone, Debug)]
pub struct Recall {
    /// Asks the engine.
    pub client: Client,
    /// Where it is recorded what was found.
    pub record: Record,
    /// Which engine, as it is known now.
    pub engine: EngineIdentity,
    /// The zone in which times are told.
    pub zone: TimeZone,
}

impl Recall {
    /// Looks what became of an action, in a task of its own.
    ///
    /// # Errors
    ///
    /// Another run is at it, or what was recorded is of a later version of this program or of another engine.
    pub fn start(self, story: &Story) -> Result<Running, String> {
        if story.standing == Standing::UnderWay {
            return Err("another bpmtop is at it right now".to_owned());
        }
        let (plan, steps) = self.plan(story)?;
        let mut progress = Progress::with_steps(Arc::new(plan), steps);
        progress.set_since(story.intent.engine_time);
        let now = Instant::now();
        for step in 0..progress.steps.len() {
            let number = step as u64;
            let answer = story.answers.get(&number);
            let said = match (answer.map(|answered| (answered.answer, words(answered))), story.sent.contains_key(&number)) {
                (Some((Answer::Accepted, _)), _) => Said::Accepted,
                (Some((Answer::Rejected, why)), _) => Said::Rejected { why, gone: false },
                (Some((Answer::NotSent, why)), _) => Said::NotSent(why),
                (Some((Answer::Unknown, why)), _) => Said::Unknown(why),
                (None, true) => Said::Unknown("the program ended before an answer came".into()),
                (None, false) => continue,
            };
            let batch = answer.and_then(|answered| answered.batch.as_ref()).map(|batch| batch.text().clone().into());
            progress.recalled(step, &said, batch, now);
        }
        for (target, recorded) in &story.outcomes {
            let words = recorded.words.as_ref().map(|words| words.text().clone());
            if let (Ok(target), Some(outcome)) = (usize::try_from(*target), Outcome::recorded(recorded.name.as_wire(), words)) {
                progress.pin(target, outcome);
            }
        }
        progress.abandon();
        let mut look: Vec<String> = story.looks().map(ToString::to_string).collect();
        let untold = untold(&look, progress.take_looks());
        look.extend(untold.iter().cloned());
        let (orders, heard) = mpsc::unbounded_channel();
        let sent = story.sent.len();
        let began = Moment { instant: now, wall: story.at };
        let first = Arc::new(Ledger { look, ..ledger(&progress, story.intent.sentence.to_string(), sent, began, Stage::Verifying) });
        let (publish, ledgers) = watch::channel(Arc::clone(&first));
        let task = tokio::spawn(self.look(progress, first, untold, heard, publish));
        Ok(Running { orders, ledger: ledgers, task })
    }

    async fn look(
        self,
        mut progress: Progress,
        first: Arc<Ledger>,
        untold: Vec<String>,
        mut orders: mpsc::UnboundedReceiver<Order>,
        publish: watch::Sender<Arc<Ledger>>,
    ) {
        let mut eyes = Eyes::new(self.client.clone());
        let mut ledger = (*first).clone();
        let (mut anyway, mut told) = (false, false);
        loop {
            match self.is_same(&mut eyes, &mut ledger, &mut orders, &publish).await {
                Same::Yes => {}
                Same::Stopped => {
                    let why = "stopped before it was known which engine answers".to_owned();
                    if self.stays_unread(&mut eyes, &mut ledger, why, &mut orders, &publish).await {
                        continue;
                    }
                    return;
                }
                Same::No(why) => {
                    if self.stays_unread(&mut eyes, &mut ledger, why, &mut orders, &publish).await {
                        continue;
                    }
                    return;
                }
                Same::End => return,
            }
            if !told {
                // The run that died could not tell: what it left is told to whoever reads the journal, too.
                self.keep(&mut ledger, &untold).await;
                told = true;
            }
            let mut same = self.rounds(&mut eyes, &mut progress, &mut ledger, anyway, &mut orders, &publish).await;
            if matches!(same, Same::Yes) {
                same = self.how_left(&mut eyes, &mut ledger, &mut orders, &publish).await;
            }
            match same {
                Same::Yes | Same::Stopped => {}
                Same::No(why) => {
                    if self.stays_unread(&mut eyes, &mut ledger, why, &mut orders, &publish).await {
                        continue;
                    }
                    return;
                }
                // Nobody has looked to the end: another run is to be offered it again.
                Same::End => return self.note(&mut progress, &mut ledger, false).await,
            }
            (ledger.stage, ledger.ended) = (Stage::Over(Ending::Done), Some(Moment::now()));
            self.note(&mut progress, &mut ledger, true).await;
            publish.send_replace(Arc::new(ledger.clone()));
            if !asked_again(&mut eyes, &mut orders).await {
                return;
            }
            anyway = true;
        }
    }

    /// Looks how things were left; it counts only where the same engine still answers after it.
    async fn how_left(&self, eyes: &mut Eyes, ledger: &mut Ledger, orders: &mut mpsc::UnboundedReceiver<Order>, publish: &watch::Sender<Arc<Ledger>>) -> Same {
        let plan = Arc::clone(&ledger.plan);
        loop {
            let how_left = async { if ledger.sent > 0 { closing::look(eyes, &plan).await } else { Vec::new() } };
            let found = match unless_told(how_left, orders).await {
                Heard::Nothing(found) if found.is_empty() => return Same::Yes,
                Heard::Nothing(found) => found,
                // It is the last that is looked at, and short.
                Heard::Stop => continue,
                Heard::Login(client) => {
                    eyes.look_through(client);
                    continue;
                }
                Heard::End => return Same::End,
            };
            match self.is_same(eyes, ledger, orders, publish).await {
                Same::Yes => {
                    self.tell(ledger, found).await;
                    return Same::Yes;
                }
                Same::Stopped => {}
                other => return other,
            }
        }
    }

    /// Takes in how things were left, as they were found now. What is new and has to be looked at is recorded as well.
    async fn tell(&self, ledger: &mut Ledger, found: Vec<String>) {
        let (looks, notes): (Vec<String>, Vec<String>) = found.into_iter().partition(|told| told.starts_with(LOOK));
        ledger.notes.extend(notes.into_iter().map(|note| (Moment::now(), note)));
        let looks = untold(&ledger.look, looks);
        self.keep(ledger, &looks).await;
        // What was told of the same thing before is told anew: more is known of it.
        ledger.look.retain(|known| !looks.iter().any(|look| look::subject(look) == look::subject(known)));
        ledger.look.extend(looks);
    }

    async fn keep(&self, ledger: &mut Ledger, looks: &[String]) {
        let entries = looks.iter().map(|look| record::aside(&ledger.plan.action, look)).collect();
        if let Err(why) = self.record.note_all(entries).await {
            ledger.notes.push((Moment::now(), format!("what has to be looked at could not be recorded: {why}")));
        }
    }

    /// Looks until nothing more is to be seen or somebody stops it. What a round found counts only where the same engine still answers after it. Gives
    /// whether it does.
    async fn rounds(
        &self,
        eyes: &mut Eyes,
        progress: &mut Progress,
        ledger: &mut Ledger,
        anyway: bool,
        orders: &mut mpsc::UnboundedReceiver<Order>,
        publish: &watch::Sender<Arc<Ledger>>,
    ) -> Same {
        while let Some(mut round) = progress.round(Instant::now(), anyway, ledger.plan.engine.user.as_deref().map(EngineText::from)) {
            round.singly = SINGLY;
            let found = match unless_told(eyes.look(&round), orders).await {
                Heard::Nothing(found) => found,
                Heard::Login(client) => {
                    eyes.look_through(client);
                    continue;
                }
                Heard::Stop => return Same::Yes,
                Heard::End => return Same::End,
            };
            match self.is_same(eyes, ledger, orders, publish).await {
                Same::Yes => {}
                Same::Stopped => return Same::Yes,
                other => return other,
            }
            progress.learn(&found, Instant::now());
            ledger.outcomes = progress.outcomes();
            ledger.reading.requests = eyes.requests;
            if let Some(error) = &found.problem {
                ledger.notes.push((Moment::now(), format!("reading back failed: {}", error.problem())));
            }
            publish.send_replace(Arc::new(ledger.clone()));
            if anyway || found.problem.as_ref().is_some_and(crate::engine::EngineError::stops_polling) {
                return Same::Yes;
            }
            match unless_told(tokio::time::sleep(PAUSE), orders).await {
                Heard::Nothing(()) => {}
                Heard::Login(client) => eyes.look_through(client),
                Heard::Stop => return Same::Yes,
                Heard::End => return Same::End,
            }
        }
        Same::Yes
    }

    async fn note(&self, progress: &mut Progress, ledger: &mut Ledger, to_the_end: bool) {
        let (action, now) = (ledger.plan.action.clone(), Moment::now().wall);
        let changed = progress.take_changed();
        let told = |(target, outcome): &(usize, Outcome)| record::outcome(&action, *target, outcome, record::kept(&ledger.plan, outcome, now));
        let mut entries: Vec<_> = changed.iter().filter(|(_, outcome)| to_the_end || outcome.is_settled()).map(told).collect();
        entries.extend(to_the_end.then(|| record::read_back(ledger, self.engine.user.as_deref())));
        match self.record.note_all(entries).await {
            Ok(head) => ledger.head = head,
            Err(why) => ledger.notes.push((Moment::now(), format!("what was found could not be recorded: {why}"))),
        }
    }

    fn plan(&self, story: &Story) -> Result<(Plan, Arc<[Step]>), String> {
        let intent = &story.intent;
        let verb = Verb::ALL.into_iter().find(|verb| verb.word() == intent.verb.as_wire());
        let verb = verb.ok_or_else(|| format!("this version of bpmtop does not know what “{}” is", intent.verb))?;
        if !intent.engine.is_same(&record::journal_engine(&self.engine)) {
            return Err(format!("it was done at another engine: {}", intent.engine.url));
        }
        let targets: Vec<Target> = intent.targets.iter().map(target).collect();
        let steps = intent.requests.iter().map(|request| {
            let change = change(request, &targets).ok_or_else(|| format!("its request {} {} is not understood", request.method, request.path))?;
            Ok(Step { change, targets: request.targets.iter().filter_map(|at| usize::try_from(*at).ok()).filter(|at| *at < targets.len()).collect() })
        });
        let steps: Vec<Step> = steps.collect::<Result<_, String>>()?;
        let action = || ActionId(intent.action.as_wire().to_owned());
        let wish = Wish { about: intent.sentence.to_string(), what: Asked::Undo(action().0) };
        // Its operations were of whoever did it, not of whoever looks.
        let user = intent.who.engine_user.as_ref().map(|user| user.as_wire().to_owned());
        let known = record::known_engine(&intent.engine);
        // What is told of an engine is told as it is now; what it is compared by, as it was recorded.
        let engine =
            EngineIdentity { user, installation: known.installation, witnesses: known.witnesses, newest: known.newest, node: None, ..self.engine.clone() };
        let plan = Plan {
            profile: intent.profile.as_ref().map(|profile| profile.as_wire().to_owned()),
            read: Moment { instant: Instant::now(), wall: story.at },
            zone: self.zone.clone(),
            held: intent.held.iter().map(|held| kept(held, &intent.targets)).collect(),
            takes_back: intent.undo_of.as_ref().or(intent.thaw_of.as_ref()).or(intent.puts_back.as_ref()).map(|action| ActionId(action.as_wire().to_owned())),
            choices: Choices { reason: intent.reason.as_ref().map(|reason| reason.as_wire().to_owned()).unwrap_or_default(), ..Choices::default() },
            ..Plan::of(action(), wish, verb, engine, targets)
        };
        Ok((plan, steps.into()))
    }
}

/// Waits until somebody wants to know once more; not so where the program ends.
async fn asked_again(eyes: &mut Eyes, orders: &mut mpsc::UnboundedReceiver<Order>) -> bool {
    loop {
        match orders.recv().await {
            None | Some(Order::Close(_)) => return false,
            Some(Order::ReadBack) => return true,
            Some(Order::Login { client, .. }) => eyes.look_through(client),
            Some(Order::Pause | Order::GoOn | Order::Stop) => {}
        }
    }
}

/// What has to be looked at and was not told yet. What is said of one job is said once: its times may be told in another zone by now. What is said
/// of many together is told anew where it is not the same any more.
fn untold(told: &[String], found: Vec<String>) -> Vec<String> {
    let is_told = |look: &String| {
        let about = look::subject(look);
        let of_one = about.as_ref().is_some_and(|(job, _)| !job.is_empty());
        told.iter().any(|known| known == look || of_one && look::subject(known) == about)
    };
    found.into_iter().filter(|look| !is_told(look)).collect()
}

/// What came first.
enum Heard<T> {
    /// What was waited for.
    Nothing(T),
    Login(Client),
    Stop,
    End,
}

/// Waits for something unless somebody wants something else: an ending program is not kept waiting by what is being read.
async fn unless_told<T>(waited_for: impl Future<Output = T>, orders: &mut mpsc::UnboundedReceiver<Order>) -> Heard<T> {
    tokio::pin!(waited_for);
    loop {
        tokio::select! {
            biased;
            order = orders.recv() => match order {
                None | Some(Order::Close(_)) => return Heard::End,
                Some(Order::Stop) => return Heard::Stop,
                Some(Order::Login { client, .. }) => return Heard::Login(client),
                Some(Order::Pause | Order::GoOn | Order::ReadBack) => {}
            },
            done = &mut waited_for => return Heard::Nothing(done),
        }
    }
}

fn words(answered: &journal::Answered) -> EngineText {
    answered.words.as_ref().map_or_else(|| EngineText::from("nothing certain came back"), |words| words.text().clone())
}

fn ledger(progress: &Progress, sentence: String, sent: usize, began: Moment, stage: Stage) -> Ledger {
    Ledger {
        plan: Arc::clone(&progress.plan),
        sentence,
        stage,
        outcomes: progress.outcomes(),
        steps: progress.steps.len(),
        sent,
        began,
        ended: None,
        pace: 0.0,
        reading: Reading { requests: 0, per_second: PER_SECOND, at_most: LOOKED_FOR },
        look: Vec::new(),
        notes: Vec::new(),
        head: None,
    }
}
