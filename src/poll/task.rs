//! The background task: sends what the picture wants to know and publishes what it learns.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, OptionFuture};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::ask::{self, Answered, Ask};
use super::command::{Looking, PollCommand, Told};
use super::find;
use super::inquire::Counter;
use super::picture::Picture;
use super::question::Question;
use super::supervise::{Desk, supervise};
use crate::engine::{Client, EngineError, Login, Standing};
use crate::model::description::Description;
use crate::model::search::{Found, Search};
use crate::model::section::Moment;
use crate::model::snapshot::{EngineIdentity, Snapshot};

/// Snapshots leave at most this often.
const PUBLISH: Duration = Duration::from_millis(30);

/// And at least this often, because what watching costs changes by itself.
const REPUBLISH: Duration = Duration::from_secs(10);

/// A wait that took this much longer than planned means that the process stood still.
const STOOD_STILL: Duration = Duration::from_secs(5);

/// What the task is made from.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Asks the engine.
    pub client: Client,
    /// Who is asked, as far as known beforehand.
    pub engine: EngineIdentity,
    /// Share of one engine thread that background polling may keep busy.
    pub budget: f64,
    /// Feeds the jitter.
    pub seed: u64,
    /// Whether what was before the start is read too.
    pub past: bool,
}

/// The ends that the rest of the program holds.
#[derive(Debug)]
pub struct Poller {
    /// The newest picture.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Wishes.
    pub commands: mpsc::UnboundedSender<PollCommand>,
    /// Answers to wishes that are answered once.
    pub told: mpsc::UnboundedReceiver<Told>,
}

/// Starts the task on the current runtime. It ends when all ends of its command channel are dropped.
pub fn start(setup: Setup) -> Poller {
    let first = Arc::new(Snapshot::empty(setup.engine.clone(), Moment::now()));
    let (publish, snapshots) = watch::channel(first);
    let (commands, wishes) = mpsc::unbounded_channel();
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        supervise(Desk::new(wishes), &publish, |desk| {
            let (setup, publish, tell) = (setup.clone(), publish.clone(), tell.clone());
            Box::pin(async move { Task::new(&setup, desk, publish, tell).run(desk).await })
        })
        .await;
    });
    Poller { snapshots, commands, told }
}

struct Outcome {
    question: Question,
    ask: Ask,
    result: Result<Answered, EngineError>,
    waited: Duration,
}

type Described = (Description, Duration, u32);

/// A search under way.
struct Hunt {
    search: Search,
    /// What it has cost so far: that is paid too if it is given up.
    counter: Arc<Counter>,
}

struct Task {
    picture: Picture,
    client: Client,
    publish: watch::Sender<Arc<Snapshot>>,
    tell: mpsc::UnboundedSender<Told>,
    in_flight: FuturesUnordered<BoxFuture<'static, Outcome>>,
    /// The newest describe; an older one is given up.
    describing: OptionFuture<BoxFuture<'static, Described>>,
    /// The newest search; an older one is given up.
    finding: OptionFuture<BoxFuture<'static, Found>>,
    hunt: Option<Hunt>,
    /// How the login of the client stands.
    login: watch::Receiver<Standing>,
    published: Option<Instant>,
    dirty: bool,
}

impl Task {
    fn new(setup: &Setup, desk: &Desk, publish: watch::Sender<Arc<Snapshot>>, tell: mpsc::UnboundedSender<Told>) -> Self {
        let now = Moment::now();
        let mut picture = Picture::new(setup.engine.clone(), setup.budget, setup.seed, now);
        picture.carry_on(&publish.borrow(), now);
        picture.pause(desk.paused, now);
        picture.set_presence(desk.presence, now);
        picture.read_the_past(setup.past);
        if desk.looking != Looking::default() {
            picture.look(desk.looking.clone());
        }
        let client = desk.login.as_ref().map_or(&setup.client, |(_, client)| client).clone();
        Self {
            picture,
            login: client.login_standing(),
            client,
            publish,
            tell,
            in_flight: FuturesUnordered::new(),
            describing: None.into(),
            finding: None.into(),
            hunt: None,
            published: None,
            dirty: false,
        }
    }

    async fn run(mut self, desk: &mut Desk) {
        loop {
            let wait = self.send_what_is_due();
            self.publish_if_due();
            let planned = Instant::now() + wait.min(Duration::from_secs(3_600));
            let publish_at = self.published.unwrap_or_else(Instant::now) + if self.dirty { PUBLISH } else { REPUBLISH };
            tokio::select! {
                wish = desk.next() => match wish {
                    Some(wish) => self.obey(wish, desk),
                    None => return,
                },
                Some(outcome) = self.in_flight.next(), if !self.in_flight.is_empty() => self.take(outcome, desk),
                Some(described) = &mut self.describing => {
                    self.describing = None.into();
                    self.picture.schedule.extra(described.2, 1, described.1, Moment::now().instant);
                    let _ = self.tell.send(Told::Described(Box::new(described.0)));
                }
                Some(found) = &mut self.finding => {
                    self.give_up();
                    let _ = self.tell.send(Told::Found(Box::new(found)));
                }
                Ok(()) = self.login.changed() => {
                    let standing = *self.login.borrow_and_update();
                    self.picture.note_login(standing, Moment::now());
                    self.dirty = true;
                }
                () = sleep_until(planned) => {
                    if planned.elapsed() > STOOD_STILL {
                        let late = planned.elapsed();
                        let now = Moment::now();
                        self.picture.wake_up(Moment { instant: now.instant - late, wall: now.wall });
                        self.picture.doubt();
                    }
                }
                () = sleep_until(publish_at) => self.dirty = true,
            }
        }
    }

    fn send_what_is_due(&mut self) -> Duration {
        loop {
            let now = Moment::now();
            match self.picture.next(now) {
                Err(wait) => return wait,
                Ok((question, lane, ask)) => {
                    self.picture.sent(question, lane, &ask, now);
                    let client = self.client.clone();
                    self.in_flight.push(Box::pin(async move {
                        // A connection whose answer was read just now goes back to the pool by a task of its own. Without giving way
                        // to it, the next request would find no idle connection and open one more.
                        tokio::task::yield_now().await;
                        let started = std::time::Instant::now();
                        let result = ask::send(&client, &ask).await;
                        Outcome { question, ask, result, waited: started.elapsed() }
                    }));
                }
            }
        }
    }

    fn take(&mut self, outcome: Outcome, desk: &mut Desk) {
        let now = Moment::now();
        let replacements = self.picture.replacements();
        match outcome.result {
            Ok(answered) => self.picture.succeed(outcome.question, outcome.ask, answered, now),
            Err(error) => {
                tracing::warn!(question = ?outcome.question, %error, "a question failed");
                self.picture.fail(outcome.question, &outcome.ask, &error, outcome.waited, now);
            }
        }
        if self.picture.replacements() != replacements {
            self.forget_the_engine_before(desk);
        }
        if let Some(version) = self.picture.version()
            && self.client.known_version().as_ref() != Some(version)
        {
            self.client.assume_version(version.clone());
        }
        self.dirty = true;
    }

    /// Another engine answers: what was asked of the one before, by anybody, is given up.
    fn forget_the_engine_before(&mut self, desk: &mut Desk) {
        desk.looking = Looking::default();
        self.in_flight.clear();
        self.describing = None.into();
        self.give_up();
    }

    fn obey(&mut self, wish: PollCommand, desk: &mut Desk) {
        let now = Moment::now();
        match wish {
            PollCommand::Pause(paused) => {
                desk.paused = paused;
                self.picture.pause(paused, now);
            }
            PollCommand::Refresh => self.picture.refresh(),
            PollCommand::Presence(presence) => {
                desk.presence = presence;
                self.picture.set_presence(presence, now);
            }
            PollCommand::Look(looking) => {
                desk.looking = looking.clone();
                self.picture.look(looking);
            }
            PollCommand::Describe(known) => {
                let client = self.client.clone();
                let future: BoxFuture<'static, Described> = Box::pin(async move { ask::describe(&client, &known).await });
                self.describing = Some(future).into();
            }
            PollCommand::Find(search) => self.find(search),
            PollCommand::GiveUp => self.give_up(),
            PollCommand::Adopt { user, client } => self.adopt(user, client, desk),
            PollCommand::Login { user, password } => match self.client.with_login(Login::Basic { user: user.clone(), password }) {
                Ok(client) => self.adopt(user, client, desk),
                Err(error) => self.picture.refuse_login(&error, now),
            },
        }
        self.dirty = true;
    }

    /// Goes on with another login. What was under way is dropped, and a search asked again.
    fn adopt(&mut self, user: String, client: Client, desk: &mut Desk) {
        desk.login = Some((user.clone(), client.clone()));
        self.login = client.login_standing();
        self.client = client;
        self.in_flight.clear();
        self.describing = None.into();
        if let Some(hunt) = self.hunt.take() {
            self.find(hunt.search);
        }
        self.picture.login(user);
    }

    fn find(&mut self, search: Search) {
        self.give_up();
        let counter = Arc::new(find::counter(&self.client, &search));
        let (asking, asked) = (Arc::clone(&counter), search.clone());
        let future: BoxFuture<'static, Found> = Box::pin(async move { find::find(&asking, &asked).await });
        self.finding = Some(future).into();
        self.hunt = Some(Hunt { search, counter });
    }

    /// Ends a search, answered or not, and pays for it. Requests under way are dropped.
    fn give_up(&mut self) {
        self.finding = None.into();
        if let Some(hunt) = self.hunt.take() {
            let spent = hunt.counter.spent();
            self.picture.schedule.extra(spent.requests, spent.requests, spent.elapsed, Moment::now().instant);
        }
    }

    fn publish_if_due(&mut self) {
        if !self.dirty || self.published.is_some_and(|published| published.elapsed() < PUBLISH) {
            return;
        }
        self.dirty = false;
        self.published = Some(Instant::now());
        let mut snapshot = self.picture.snapshot(self.client.usage().bytes, Moment::now());
        // What is missing from a list comes before what is merely worth knowing.
        snapshot.warnings.splice(0..0, self.client.unreadable());
        self.publish.send_replace(Arc::new(snapshot));
    }
}
