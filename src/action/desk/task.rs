//! The background task behind the desk: makes plans, begins actions, passes wishes on, tells how all of them stand.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, OptionFuture};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use jiff::tz::TimeZone;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::facts::JournalFacts;
use super::{ActCommand, Acted, LeftUnderWay};
use crate::action::ledger::Ledger;
use crate::action::perform::{self, Guard, Hand, Order, Recall, Record, Running, journal_engine};
use crate::action::plan::{ActionId, Plan, Unavailable};
use crate::action::planner::{self, Asking, facts::Facts};
use crate::action::verb::{Role, Verb};
use crate::action::wish::Wish;
use crate::engine::Client;
use crate::journal::{How, Journal, Story, UnderWay};
use crate::model::masking::Mask;
use crate::model::snapshot::{EngineIdentity, Snapshot};
use crate::text::safe;

/// Actions under way at once.
const AT_ONCE: usize = 4;

/// Actions that are over and can still be looked at; and as many values of variables can be put back.
const KEPT: usize = 50;

/// How things stand leaves at most this often.
const TELL: Duration = Duration::from_millis(100);

/// How often the journal is tried again with what it could not be given.
const LATE: Duration = Duration::from_secs(5);

/// What a desk is made from.
#[derive(Clone)]
pub struct Setup {
    /// Asks and changes the engine.
    pub client: Client,
    /// Which engine, as far as it is known at the start.
    pub engine: EngineIdentity,
    /// Name of the profile.
    pub profile: Option<String>,
    /// Whether that is a production engine.
    pub production: bool,
    /// What the session may use.
    pub role: Role,
    /// How far that may be widened while it runs.
    pub max_role: Role,
    /// Whether nothing may be changed at all.
    pub read_only: bool,
    /// Which variables may be secret.
    pub mask: Arc<Mask>,
    /// The journal, or why there is none.
    pub journal: Result<Arc<Journal>, String>,
    /// The zone in which times are told.
    pub zone: TimeZone,
}

impl Setup {
    /// A desk without a profile, at an engine that may be changed as far as this role allows. Times are told in UTC.
    pub fn of(client: Client, engine: EngineIdentity, role: Role, journal: Arc<Journal>) -> Self {
        let (profile, production, read_only) = (None, false, false);
        Self {
            client,
            engine,
            profile,
            production,
            role,
            max_role: role,
            read_only,
            mask: Arc::new(Mask::default()),
            journal: Ok(journal),
            zone: TimeZone::UTC,
        }
    }
}

/// The ends that the rest of the program holds.
pub struct DeskHandle {
    /// Wishes.
    pub commands: mpsc::UnboundedSender<ActCommand>,
    /// What comes back.
    pub told: mpsc::UnboundedReceiver<Acted>,
    /// For the end of the program.
    pub closing: Closing,
}

/// Ends a desk in good order.
pub struct Closing {
    how: Option<oneshot::Sender<How>>,
    at_most: Duration,
    task: JoinHandle<()>,
}

impl Closing {
    /// Sends no more, waits for what is in flight, and records the end of every action. It takes twice the longest time of a request and five
    /// seconds at most, and never more than a minute.
    pub async fn close(mut self, how: How) {
        if let Some(tell) = self.how.take() {
            // A desk that is gone has nothing in flight.
            let _ = tell.send(how);
        }
        let _ = tokio::time::timeout(self.at_most, &mut self.task).await;
    }
}

/// Starts the desk on the current runtime.
pub fn start(setup: Setup) -> DeskHandle {
    let (commands, wishes) = mpsc::unbounded_channel();
    let (tell, told) = mpsc::unbounded_channel();
    let (how, closed) = oneshot::channel();
    let at_most = perform::closing_time(setup.client.longest_change());
    let task = tokio::spawn(Desk::new(setup, tell).run(wishes, closed));
    DeskHandle { commands, told, closing: Closing { how: Some(how), at_most, task } }
}

type Planned = (u64, Result<Arc<Plan>, Unavailable>);
type Moved = (watch::Receiver<Arc<Ledger>>, bool);
type Left = Result<Vec<UnderWay>, String>;
type Recalled = (ActionId, Result<Story, String>);

struct Desk {
    setup: Setup,
    /// The role at the start: what is done with a wider one says so in the journal.
    first_role: Role,
    hand: Result<Hand, Unavailable>,
    facts: Arc<dyn Facts>,
    tell: mpsc::UnboundedSender<Acted>,
    /// The newest plan being made; an older one is given up.
    planning: OptionFuture<BoxFuture<'static, Planned>>,
    running: Vec<Running>,
    performed: Arc<Mutex<Vec<Arc<Plan>>>>,
    /// Every plan of this run, so that none is performed twice. Names only: it may grow.
    begun: HashSet<ActionId>,
    /// Looking for what earlier runs left, as long as that takes.
    leaving: OptionFuture<JoinHandle<Left>>,
    /// Actions of earlier runs whose lines are being read.
    recalling: HashSet<ActionId>,
    recalled: FuturesUnordered<BoxFuture<'static, Recalled>>,
    moved: FuturesUnordered<BoxFuture<'static, Moved>>,
    told_at: Instant,
    dirty: bool,
    /// When the journal is tried again with what it could not be given.
    late_at: Instant,
}

impl Desk {
    fn new(setup: Setup, tell: mpsc::UnboundedSender<Acted>) -> Self {
        let record = Record::into(setup.journal.clone());
        let hand = Hand::new(setup.client.clone(), Guard { read_only: setup.read_only, role: setup.role, first_role: setup.role, record });
        let performed = Arc::default();
        let facts = Arc::new(JournalFacts { journal: setup.journal.clone(), performed: Arc::clone(&performed) });
        Self {
            first_role: setup.role,
            setup,
            hand,
            facts,
            tell,
            planning: None.into(),
            running: Vec::new(),
            performed,
            begun: HashSet::new(),
            leaving: None.into(),
            recalling: HashSet::new(),
            recalled: FuturesUnordered::new(),
            moved: FuturesUnordered::new(),
            told_at: Instant::now(),
            dirty: false,
            late_at: Instant::now(),
        }
    }

    async fn run(mut self, mut wishes: mpsc::UnboundedReceiver<ActCommand>, mut closed: oneshot::Receiver<How>) {
        self.look_for_what_was_left();
        loop {
            let due = self.told_at + TELL;
            tokio::select! {
                wish = wishes.recv() => match wish {
                    Some(wish) => self.obey(wish),
                    None => return self.close(How::Quit).await,
                },
                how = &mut closed => return self.close(how.unwrap_or(How::Quit)).await,
                Some((asking, plan)) = &mut self.planning => {
                    self.planning = None.into();
                    self.say(Acted::Planned(asking, plan));
                }
                Some(left) = &mut self.leaving => {
                    self.leaving = None.into();
                    self.tell_what_was_left(left.unwrap_or_else(|_| Err("it broke down".to_owned())));
                }
                Some((action, story)) = self.recalled.next(), if !self.recalled.is_empty() => self.look_back(action, story),
                Some((ledger, lives)) = self.moved.next(), if !self.moved.is_empty() => {
                    self.dirty = true;
                    if lives {
                        self.watch(ledger);
                    }
                }
                () = sleep_until(due), if self.dirty => self.tell_how_all_stand(),
                () = sleep_until(self.late_at), if self.is_late() => self.write_what_is_late(),
            }
        }
    }

    fn is_late(&self) -> bool {
        self.setup.journal.as_ref().is_ok_and(|journal| journal.is_late())
    }

    /// Records what happened and could not be recorded when it did, as on a full disk.
    fn write_what_is_late(&mut self) {
        self.late_at = Instant::now() + LATE;
        let Ok(journal) = self.setup.journal.clone() else { return };
        let tell = self.tell.clone();
        tokio::task::spawn_blocking(move || {
            if journal.write_what_is_late().is_ok() {
                let _ = tell.send(Acted::Notice("the journal has what could not be recorded before".to_owned()));
            }
        });
    }

    fn say(&self, told: Acted) {
        // Nobody listens to a program that ends.
        let _ = self.tell.send(told);
    }

    fn obey(&mut self, wish: ActCommand) {
        match wish {
            ActCommand::Plan { asking, wish, picture } => self.plan(asking, wish, picture),
            ActCommand::GiveUp => self.planning = None.into(),
            ActCommand::Perform(plan) => {
                let action = plan.action.clone();
                if let Err(unavailable) = self.perform(plan) {
                    self.say(Acted::NotBegun(action, unavailable));
                }
            }
            ActCommand::Pause(action) => self.pass_on(&action, Order::Pause),
            ActCommand::GoOn(action) => self.pass_on(&action, Order::GoOn),
            ActCommand::Stop(action) => self.pass_on(&action, Order::Stop),
            ActCommand::ReadBack(action) if self.running.iter().any(|running| running.is(&action)) => self.pass_on(&action, Order::ReadBack),
            ActCommand::ReadBack(action) => self.recall(action),
            ActCommand::Role(role) => self.take_role(role),
            ActCommand::Login { user, client } => self.log_in(&user, client),
        }
    }

    fn plan(&mut self, asking: u64, wish: Arc<Wish>, picture: Arc<Snapshot>) {
        let setup = &self.setup;
        let asked = Asking {
            wish,
            picture,
            profile: setup.profile.clone(),
            production: setup.production,
            role: setup.role,
            read_only: setup.read_only,
            mask: Arc::clone(&setup.mask),
            zone: setup.zone.clone(),
            facts: Arc::clone(&self.facts),
        };
        let client = setup.client.clone();
        let plan: BoxFuture<'static, Planned> = Box::pin(async move { (asking, planner::plan(&client, &asked).await.map(Arc::new)) });
        self.planning = Some(plan).into();
    }

    /// Begins an action, if this very plan was not begun before.
    fn perform(&mut self, plan: Arc<Plan>) -> Result<(), Unavailable> {
        let hand = self.hand.clone()?;
        hand.may_perform(&plan)?;
        plan.is_performable()?;
        let no = |why: String| Unavailable { why, remedy: String::new() };
        if plan.engine.url != self.setup.engine.url || plan.engine.engine_name != self.setup.engine.engine_name {
            return Err(no(format!("the plan is for another engine, {}", safe(&plan.engine.url))));
        }
        if plan.engine.user != self.setup.engine.user {
            let name = |user: &Option<String>| user.as_deref().map_or_else(|| "nobody known".to_owned(), |user| safe(user).into_owned());
            let why = format!("planned as {}, logged in as {}", name(&plan.engine.user), name(&self.setup.engine.user));
            return Err(Unavailable { why, remedy: "read again".to_owned() });
        }
        if self.begun.contains(&plan.action) {
            return Err(no("this plan is being performed already, and a plan is performed once".to_owned()));
        }
        if self.under_way() >= AT_ONCE {
            return Err(no(format!("{AT_ONCE} actions are under way already; stop one or wait for it")));
        }
        self.begun.insert(plan.action.clone());
        if plan.verb == Verb::SetVariable {
            // Only here is known what a variable was before.
            let mut performed = self.performed.lock().unwrap_or_else(PoisonError::into_inner);
            let too_many = (performed.len() + 1).saturating_sub(KEPT);
            performed.drain(..too_many);
            performed.push(Arc::clone(&plan));
        }
        self.take_on(perform::start(hand, plan));
        Ok(())
    }

    fn under_way(&self) -> usize {
        self.running.iter().filter(|running| !running.is_over()).count()
    }

    fn take_on(&mut self, running: Running) {
        let ledger = running.ledger.clone();
        self.running.push(running);
        // One that is dropped ends: nobody can ask it anything any more.
        let mut too_many = self.running.iter().filter(|running| running.is_over()).count().saturating_sub(KEPT);
        self.running.retain(|running| {
            let goes = too_many > 0 && running.is_over();
            too_many -= usize::from(goes);
            !goes
        });
        self.watch(ledger);
        self.dirty = true;
    }

    fn watch(&mut self, mut ledger: watch::Receiver<Arc<Ledger>>) {
        self.moved.push(Box::pin(async move {
            let lives = ledger.changed().await.is_ok();
            (ledger, lives)
        }));
    }

    fn pass_on(&self, action: &ActionId, order: Order) {
        let running = self.running.iter().find(|running| running.is(action));
        // An action whose task has ended has nothing to obey any more.
        if running.is_none_or(|running| running.orders.send(order).is_err()) {
            self.say(Acted::Notice(format!("there is no action {action} under way")));
        }
    }

    /// Another run of the program left it in the middle: its lines are read first.
    fn recall(&mut self, action: ActionId) {
        if !self.recalling.insert(action.clone()) {
            return;
        }
        let (journal, name) = (self.setup.journal.clone(), action.0.clone());
        let read = tokio::task::spawn_blocking(move || {
            let story = journal?.archive().action(&name).map_err(|error| error.to_string())?;
            story.ok_or_else(|| format!("the journal knows no action {}", safe(&name)))
        });
        let broken = || Err("the journal broke down while it was read".to_owned());
        self.recalled.push(Box::pin(async move { (action, read.await.unwrap_or_else(|_| broken())) }));
    }

    fn look_back(&mut self, action: ActionId, story: Result<Story, String>) {
        self.recalling.remove(&action);
        let recall = Recall {
            client: self.setup.client.clone(),
            record: Record::into(self.setup.journal.clone()),
            engine: self.setup.engine.clone(),
            zone: self.setup.zone.clone(),
        };
        match story.and_then(|story| recall.start(&story)) {
            Ok(running) => {
                self.begun.insert(action);
                self.take_on(running);
            }
            Err(why) => self.say(Acted::Notice(format!("what became of {action} cannot be read back: {why}"))),
        }
    }

    /// What is under way goes on as it was begun.
    fn take_role(&mut self, role: Role) {
        self.setup.role = role.min(self.setup.max_role);
        let guard =
            Guard { read_only: self.setup.read_only, role: self.setup.role, first_role: self.first_role, record: Record::into(self.setup.journal.clone()) };
        self.hand = Hand::new(self.setup.client.clone(), guard);
    }

    fn log_in(&mut self, user: &str, client: Client) {
        if let Ok(hand) = &self.hand {
            self.hand = Ok(hand.with_client(client.clone()));
        }
        for running in &self.running {
            // One that is over needs no login.
            let _ = running.orders.send(Order::Login { user: user.to_owned(), client: client.clone() });
        }
        self.setup.client = client;
        self.setup.engine.user = Some(user.to_owned());
    }

    fn look_for_what_was_left(&mut self) {
        let Ok(journal) = self.setup.journal.clone() else { return };
        let engine = journal_engine(&self.setup.engine);
        self.leaving = Some(tokio::task::spawn_blocking(move || journal.archive().under_way(Some(&engine)).map_err(|error| error.to_string()))).into();
    }

    fn tell_what_was_left(&self, left: Left) {
        let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        match left {
            // Also where nothing was: whoever waits for it knows then that the journal was read.
            Ok(left) => {
                let left = left.into_iter().map(|left| LeftUnderWay {
                    action: ActionId(left.action.as_wire().to_owned()),
                    sentence: left.sentence.to_string(),
                    sent: number(left.sent),
                    steps: number(left.of),
                    unknown: left.unknown.map(number),
                    looks: left.looks.map(number),
                    origin: ActionId(left.origin.as_wire().to_owned()),
                });
                self.say(Acted::LeftUnderWay(left.collect()));
            }
            Err(why) => self.say(Acted::Notice(format!("the journal cannot be read: {why}"))),
        }
    }

    fn tell_how_all_stand(&mut self) {
        let ledgers = self.running.iter().map(|running| Arc::clone(&running.ledger.borrow())).collect();
        self.say(Acted::Ledgers(Arc::new(ledgers)));
        (self.told_at, self.dirty) = (Instant::now(), false);
    }

    async fn close(&mut self, how: How) {
        for running in &self.running {
            let _ = running.orders.send(Order::Close(how));
        }
        for running in &mut self.running {
            // A task that broke down is over as well.
            let _ = (&mut running.task).await;
        }
        if let Some(journal) = self.setup.journal.clone().ok().filter(|_| self.is_late()) {
            // Nobody listens any more; a word is left for whoever reads the journal.
            let _ = tokio::task::spawn_blocking(move || journal.settle()).await;
        }
        self.tell_how_all_stand();
    }
}
