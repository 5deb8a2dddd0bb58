//! One action under way: sends at its pace, reads back, obeys, and tells how it stands.
//!
//! It runs in a task of its own. Its beginning is in `run/begin.rs`, what is asked of it in `run/orders.rs`, its reading in
//! `run/reading.rs`, its doubt whom it sends to in `run/sure.rs`, its end in `run/end.rs`. Nothing here decides what became of a target or
//! what may go out: it asks `progress` and `sequence`.

mod begin;
mod end;
mod orders;
mod reading;
mod sure;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, OptionFuture};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep_until;

use super::eyes::{Eyes, Findings, PER_SECOND};
use super::hand::{Brake, Halt, Hand, IN_FLIGHT, Sending};
use super::progress::{Canary, Progress};
use super::sequence::Part;
use crate::action::judge::LOOKED_FOR;
use crate::action::ledger::{Ending, Ledger, PausedBy, Reading, Stage};
use crate::action::pace::Pacer;
use crate::action::plan::{ActionId, Plan};
use crate::engine::{Client, EngineError, ErrorKind, Problem, Sent};
use crate::journal::How;
use crate::model::section::Moment;

/// Waits between two looks, the last of them again and again. With what a look takes and how often the picture leaves, an outcome is shown
/// within two seconds of the engine's own (`benches/outcome.rs`).
const LOOKS: [Duration; 4] = [Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1), Duration::from_millis(1_500)];

/// How often the due jobs are counted while many are sent.
const BACKLOG: Duration = Duration::from_secs(5);

/// The picture of an action leaves at most this often.
const PUBLISH: Duration = Duration::from_millis(100);

/// Lost answers in a row after which the engine counts as away.
const LOST_IN_A_ROW: u32 = 3;

/// Something asked of an action under way.
#[derive(Debug)]
pub enum Order {
    /// Send no more until told.
    Pause,
    /// Go on, whatever the first few or the failures said.
    GoOn,
    /// Send no more; read back what was sent.
    Stop,
    /// Look once more at what is not settled.
    ReadBack,
    /// Another login.
    Login {
        /// Who logged in.
        user: String,
        /// Asks and changes the engine as that user.
        client: Client,
    },
    /// The program ends: finish what is in flight, record, end.
    Close(How),
}

/// What looking gave.
enum Look {
    /// With which engine answered after it was read: only that of the plan tells anything of it.
    Round(Findings, sure::Asked),
    Due(Option<u64>),
}

type Sent1 = (usize, Result<Sending, Halt>);

/// An action under way.
pub struct Run {
    hand: Hand,
    progress: Progress,
    sentence: String,
    orders: mpsc::UnboundedReceiver<Order>,
    /// Somebody may still ask something of it.
    hears: bool,
    /// Holds back what waits for its turn while nothing may be sent.
    brake: Brake,
    publish: watch::Sender<Arc<Ledger>>,
    pacer: Pacer,
    stage: Stage,
    /// Since when nothing is sent.
    paused: Option<Moment>,
    /// How it will be over, once that is decided.
    ending: Option<Ending>,
    /// The first few are decided, one way or the other.
    canary_over: bool,
    /// Failures do not stop it any more.
    whatever: bool,
    lost_in_a_row: u32,
    in_flight: FuturesUnordered<BoxFuture<'static, Sent1>>,
    eyes: Option<Eyes>,
    looking: OptionFuture<BoxFuture<'static, (Eyes, Look)>>,
    next_look: Instant,
    looks: usize,
    /// The next round looks at whatever is not settled, however long ago it was sent.
    anyway: bool,
    next_count: Instant,
    login: Option<Client>,
    /// Who is logged in by now, where that is not whose plan it is.
    somebody_else: Option<String>,
    began: Moment,
    ended: Option<Moment>,
    notes: Vec<(Moment, String)>,
    look: Vec<String>,
    head: Option<String>,
    requests: u64,
    published: Instant,
    dirty: bool,
    quit: Option<How>,
    /// When an ending program sends not even any more what protects others.
    gives_up: Option<Instant>,
    /// What is meant to be done is in the journal.
    recorded: bool,
    /// The login was refused, or it is another engine: nothing can be read.
    blind: bool,
    /// It is not known to be the engine of the plan: nothing is sent before it is.
    unsure: bool,
    /// How often that came into doubt.
    doubts: u64,
    /// When it was known to be the engine of the plan, last, and how often something had come between by then.
    compared: Instant,
    interruptions: u64,
    /// Asking which engine answers.
    checking: OptionFuture<BoxFuture<'static, sure::Check>>,
    is_checking: bool,
    next_check: Instant,
    /// It was told that this cannot be told.
    told_unsure: bool,
    /// Another engine answers.
    foreign: bool,
    /// Requests that were refused for the delay after a wrong password, each of which goes out once more.
    sent_again: HashSet<usize>,
    /// Those of them that wait for it, with what was said.
    waits_again: Vec<(usize, EngineError)>,
}

/// The ends that the desk holds of an action.
pub struct Running {
    /// Wishes.
    pub orders: mpsc::UnboundedSender<Order>,
    /// How it stands.
    pub ledger: watch::Receiver<Arc<Ledger>>,
    /// Its task.
    pub task: tokio::task::JoinHandle<()>,
}

impl Running {
    /// Whether it is this action.
    pub fn is(&self, action: &ActionId) -> bool {
        self.ledger.borrow().plan.action == *action
    }

    /// Whether nothing more is sent or read.
    pub fn is_over(&self) -> bool {
        matches!(self.ledger.borrow().stage, Stage::Over(_))
    }
}

/// Begins an action on the current runtime: records it, then sends.
pub fn start(hand: Hand, plan: Arc<Plan>) -> Running {
    let (orders, heard) = mpsc::unbounded_channel();
    let run = Run::new(hand, plan, heard);
    let ledger = run.publish.subscribe();
    let task = tokio::spawn(run.run());
    Running { orders, ledger, task }
}

impl Run {
    pub(super) fn new(hand: Hand, plan: Arc<Plan>, orders: mpsc::UnboundedReceiver<Order>) -> Self {
        let now = Moment::now();
        let sentence = plan.sentence();
        let pacer = Pacer::new(plan.choices.pace.per_second, now.instant);
        let progress = Progress::new(plan);
        let eyes = Some(Eyes::new(hand.client().clone()));
        let interruptions = hand.client().interruptions();
        let stage = if progress.has_canary() { Stage::Canary } else { Stage::Sending };
        let canary_over = !progress.has_canary();
        let first = ledger_of(&progress, &sentence, &stage, now);
        Self {
            hand,
            progress,
            sentence,
            orders,
            hears: true,
            brake: Brake::default(),
            publish: watch::channel(Arc::new(first)).0,
            pacer,
            stage,
            paused: None,
            ending: None,
            canary_over,
            whatever: false,
            lost_in_a_row: 0,
            in_flight: FuturesUnordered::new(),
            eyes,
            looking: None.into(),
            next_look: now.instant,
            looks: 0,
            anyway: false,
            next_count: now.instant + BACKLOG,
            login: None,
            somebody_else: None,
            began: now,
            ended: None,
            notes: Vec::new(),
            look: Vec::new(),
            head: None,
            requests: 0,
            published: now.instant,
            dirty: true,
            quit: None,
            gives_up: None,
            recorded: false,
            blind: false,
            unsure: false,
            doubts: 0,
            compared: now.instant,
            interruptions,
            checking: None.into(),
            is_checking: false,
            next_check: now.instant,
            told_unsure: false,
            foreign: false,
            sent_again: HashSet::new(),
            waits_again: Vec::new(),
        }
    }

    async fn run(mut self) {
        if self.begin().await {
            self.work().await;
        }
        self.finish().await;
        if self.quit.is_none() {
            self.look_again_when_asked().await;
        }
    }

    async fn work(&mut self) {
        loop {
            self.hear_all();
            self.give_up_if_due();
            let wait = self.advance();
            self.note_looks().await;
            self.publish_if_due();
            if self.is_over() {
                return;
            }
            let wake = tokio::time::Instant::from_std(self.wake(wait));
            tokio::select! {
                // What is asked goes before what waits for its turn to be sent.
                biased;
                order = self.orders.recv(), if self.hears => self.hear(order),
                Some(sent) = self.in_flight.next(), if !self.in_flight.is_empty() => self.take(sent).await,
                Some(asked) = &mut self.checking => {
                    (self.checking, self.is_checking) = (None.into(), false);
                    self.heed_identity(asked);
                }
                Some((eyes, look)) = &mut self.looking => {
                    self.looking = None.into();
                    self.learn(eyes, look).await;
                }
                () = sleep_until(wake) => {}
            }
        }
    }

    /// Sends what may go out now; gives how long to wait for the next turn.
    fn advance(&mut self) -> Option<Duration> {
        let now = Instant::now();
        self.progress.expire(now);
        self.decide_on_the_canary();
        self.look_if_due(now);
        let protecting = self.ending.is_some() || matches!(self.stage, Stage::Paused(_));
        if self.unsure {
            self.make_sure_if_due(now, protecting);
        }
        while !self.unsure && self.in_flight.len() < IN_FLIGHT {
            let Some(step) = self.progress.next(protecting) else { break };
            if let Some(wait) = self.hand.client().waits() {
                self.note_that_a_gateway_asks_to_wait(wait);
                return Some(wait);
            }
            let protects = self.progress.sequence.protects(step);
            if !self.canary_over && !protects && !self.progress.is_canary(step) {
                break;
            }
            // A job that may be awake waits for no pace; nor does, while the program ends, one that would stay asleep for a year.
            let at_once = self.progress.sequence.part(step) == Part::Guard || protects && self.is_closing();
            if !at_once && let Some(wait) = self.pacer.wait(now) {
                return Some(wait);
            }
            if !protects && self.knew_long_ago(now) {
                self.doubt();
                self.make_sure_if_due(now, protecting);
                break;
            }
            if !at_once && let Err(wait) = self.pacer.take(now) {
                return Some(wait);
            }
            self.send(step);
        }
        if self.progress.sequence.is_over() && self.stage != Stage::Verifying {
            self.stage = Stage::Verifying;
            self.dirty = true;
        }
        None
    }

    fn send(&mut self, step: usize) {
        self.progress.sending(step);
        self.waits_again.retain(|(waiting, _)| *waiting != step);
        self.dirty = true;
        let (hand, steps, action) = (self.hand.clone(), Arc::clone(&self.progress.steps), self.progress.plan.action.clone());
        let brake = (!self.progress.sequence.protects(step)).then(|| self.brake.clone());
        self.in_flight.push(Box::pin(async move { (step, hand.send(&action, step, &steps[step].change, brake.as_ref()).await) }));
    }

    fn decide_on_the_canary(&mut self) {
        if self.canary_over || matches!(self.stage, Stage::Paused(_)) {
            return;
        }
        match self.progress.canary_stands() {
            Canary::Open => {}
            Canary::Well => {
                self.canary_over = true;
                self.note("the first few did well".to_owned());
                self.pacer.resume(Instant::now());
                self.stage = Stage::Sending;
            }
            Canary::Badly(why) => self.pause(PausedBy::Canary(why)),
        }
    }

    async fn take(&mut self, (step, sent): Sent1) {
        self.dirty = true;
        let now = Instant::now();
        match sent {
            Err(Halt::NotRecorded(why)) => {
                self.progress.not_recorded(step, &why);
                self.fail(format!("the journal could not be written, so nothing more is sent: {why}"));
            }
            Err(Halt::HeldBack) => self.progress.held_back(step),
            Ok(Sending { delivered, recorded }) => {
                self.progress.saw(&delivered);
                if self.is_to_be_sent_again(step, &delivered.sent) {
                    self.progress.held_back(step);
                    self.doubt();
                    self.note(format!("not done, and sent again once the login is taken: {}", said_by(&delivered.sent)));
                    return self.keep_head(recorded);
                }
                if let Some(aside) = self.progress.answered(step, &delivered.sent, now) {
                    self.note(aside);
                }
                if says_gone(&delivered.sent) {
                    // Another engine says so of everything.
                    self.doubt();
                }
                self.heed(&delivered.sent);
                self.keep_head(recorded);
                (self.next_look, self.looks) = (now, 0);
                self.heed_failures();
            }
        }
        self.record_outcomes().await;
    }

    fn keep_head(&mut self, recorded: Result<String, String>) {
        match recorded {
            Ok(head) => self.head = Some(head),
            Err(why) => self.fail(format!("the journal could not be written, so nothing more is sent: {why}")),
        }
    }

    /// Whether the engine refused a request because of the delay after somebody's wrong password. It certainly did nothing: once the login is taken
    /// again, which a reading finds out, it goes out as a new request. That happens once for each.
    fn is_to_be_sent_again(&mut self, step: usize, sent: &Sent) -> bool {
        let Sent::Rejected(error) = sent else { return false };
        let again = error.kind() == ErrorKind::LoginDelayed && self.ending.is_none() && self.sent_again.insert(step);
        if again {
            self.waits_again.push((step, error.clone()));
        }
        again
    }

    /// What waited to go out once more will not: it stays refused.
    fn leave_refused(&mut self) {
        for (step, error) in std::mem::take(&mut self.waits_again) {
            self.progress.sending(step);
            self.progress.answered(step, &Sent::Rejected(error), Instant::now());
        }
    }

    fn note_that_a_gateway_asks_to_wait(&mut self, wait: Duration) {
        if self.notes.last().is_none_or(|(_, last)| !last.starts_with(HELD_BACK)) {
            self.note(format!("{HELD_BACK} to wait: nothing is sent for {}", crate::text::age(wait)));
        }
    }

    /// What an answer means for what would be sent after it.
    fn heed(&mut self, sent: &Sent) {
        let lost = match sent {
            Sent::Accepted { .. } => None,
            Sent::Rejected(error) | Sent::NotSent(error) | Sent::Unknown(error) if error.stops_polling() => {
                return self.fail(format!("the login was refused, so nothing more is sent: {}", error.problem()));
            }
            Sent::Rejected(_) => None,
            Sent::NotSent(error) if error.is_transient() => {
                self.doubt();
                return self.pause(PausedBy::Engine(format!("the engine is not there: {}", error.problem())));
            }
            Sent::NotSent(_) => None,
            // What is said of one target, such as that the job has gone, says nothing of the next.
            Sent::Unknown(error) if concerns_its_target(error) => None,
            Sent::Unknown(error) => Some(error),
        };
        self.lost_in_a_row = lost.map_or(0, |_| self.lost_in_a_row + 1);
        let Some(error) = lost else { return };
        self.doubt();
        if error.kind() == ErrorKind::TooSlow {
            // An engine that stands still takes a time-out for each further request, and nobody knows what becomes of any.
            self.pause(PausedBy::Engine(format!("an answer did not come in time: {}", error.problem())));
        } else if self.lost_in_a_row >= LOST_IN_A_ROW {
            self.pause(PausedBy::Engine(format!("{} answers in a row were lost: {}", self.lost_in_a_row, error.problem())));
        }
    }

    /// The program ends: only what is in flight and what protects others is waited for.
    fn is_closing(&self) -> bool {
        self.quit.is_some()
    }

    fn is_over(&self) -> bool {
        let sent = self.in_flight.is_empty() && self.progress.sequence.is_over();
        sent && (self.is_closing() || self.blind || self.eyes.is_some() && !self.anyway && !self.progress.wants_reading(Instant::now()))
    }

    fn wake(&self, turn: Option<Duration>) -> Instant {
        let now = Instant::now();
        let mut wake = now + Duration::from_secs(1);
        if let Some(turn) = turn {
            wake = wake.min(now + turn);
        }
        if let Some(gives_up) = self.gives_up {
            wake = wake.min(gives_up);
        }
        if self.unsure && !self.is_checking {
            wake = wake.min(self.next_check.max(now + Duration::from_millis(10)));
        }
        if self.eyes.is_some() && !self.is_closing() && !self.blind && !self.unsure && (self.anyway || self.progress.wants_reading(now)) {
            wake = wake.min(self.next_look);
        }
        if self.dirty { wake.min(self.published + PUBLISH) } else { wake }
    }

    fn note(&mut self, note: String) {
        self.dirty = true;
        self.notes.push((Moment::now(), note));
    }

    fn publish_if_due(&mut self) {
        if self.dirty && self.published.elapsed() >= PUBLISH {
            self.tell();
        }
    }

    fn tell(&mut self) {
        self.publish.send_replace(Arc::new(self.ledger()));
        (self.published, self.dirty) = (Instant::now(), false);
    }

    fn ledger(&self) -> Ledger {
        Ledger {
            sent: self.progress.sent,
            ended: self.ended,
            pace: self.pacer.per_second(),
            reading: Reading { requests: self.requests, per_second: PER_SECOND, at_most: LOOKED_FOR },
            notes: self.notes.clone(),
            look: self.look.clone(),
            head: self.head.clone(),
            ..ledger_of(&self.progress, &self.sentence, &self.stage, self.began)
        }
    }
}

fn ledger_of(progress: &Progress, sentence: &str, stage: &Stage, began: Moment) -> Ledger {
    Ledger {
        plan: Arc::clone(&progress.plan),
        sentence: sentence.to_owned(),
        stage: stage.clone(),
        outcomes: progress.outcomes(),
        steps: progress.steps.len(),
        sent: progress.sent,
        began,
        ended: None,
        pace: progress.plan.choices.pace.per_second,
        reading: Reading { requests: 0, per_second: PER_SECOND, at_most: LOOKED_FOR },
        notes: Vec::new(),
        look: Vec::new(),
        head: None,
    }
}

/// What is said once of a gateway that asks to be left alone.
const HELD_BACK: &str = "a gateway before the engine asks";

fn said_by(sent: &Sent) -> String {
    match sent {
        Sent::Rejected(error) | Sent::NotSent(error) | Sent::Unknown(error) => error.problem().to_string(),
        Sent::Accepted { .. } => String::new(),
    }
}

/// Whether whoever answered knows no such thing.
fn says_gone(sent: &Sent) -> bool {
    match sent {
        Sent::Rejected(error) | Sent::Unknown(error) => matches!(error.problem(), Problem::NotFound) || concerns_its_target(error),
        Sent::Accepted { .. } | Sent::NotSent(_) => false,
    }
}

/// Whether the engine answered about this one target: a missing job and a lost race give 500 with this class (7.18, 7.24, Operaton).
fn concerns_its_target(error: &EngineError) -> bool {
    matches!(error.problem(), Problem::Engine { kind: Some(kind), .. } if kind.as_wire() == "InvalidRequestException")
}
