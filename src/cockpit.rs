//! The wiring of one interactive run: configuration, poller, app and runtime are joined here and nowhere else.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::SecretString;
use tokio::sync::mpsc;

use crate::app::prompt::LoginForm;
use crate::app::{App, Effect, Message, Overlay, Settings};
use crate::cli::Session;
use crate::config::{Access, Config, Connection, Environment, Login as ConfiguredLogin, Overrides, Proxy as ConfiguredProxy, Purpose, Target, read_pem};
use crate::engine::{Authorities, Client, ClientCertificate, ClientOptions, ExtraHeaders, Login, Proxy, Token};
use crate::model::description::Description;
use crate::model::section::{Moment, Problem};
use crate::model::snapshot::{EngineIdentity, Link, Snapshot};
use crate::poll::command::PollCommand;
use crate::poll::task::{self, Setup};
use crate::runtime::{self, Directive, FactSender, Input, Program};
use crate::ui::look::Look;

/// Why a run could not begin or go on.
#[derive(Debug)]
pub enum Stop {
    /// Something on this side: configuration, terminal.
    Setup(anyhow::Error),
    /// The engine could not be read.
    Engine(anyhow::Error),
}

impl Stop {
    pub(crate) fn setup(error: impl Into<anyhow::Error>) -> Self {
        Self::Setup(error.into())
    }
}

/// Opens the cockpit and returns the exit code.
///
/// # Errors
///
/// When the theme, the password source or the terminal cannot be used. An engine that does not answer is no error here: it is shown.
pub fn run(session: Session) -> Result<u8, Stop> {
    runtime::require_terminal().map_err(Stop::setup)?;
    let look = Look { theme: session.theme().map_err(Stop::setup)?, symbols: session.symbols() };
    let log = start_log(session.log.as_deref())?;
    let (app, engine) = prepare(&session)?;
    let runtime = async_runtime().map_err(Stop::setup)?;
    let options = runtime::Options {
        title: app.settings.profile.as_ref().map_or_else(|| "bpmtop".to_owned(), |profile| format!("bpmtop {profile}")),
        mouse: session.ui.mouse,
        panic_hint: session.log.as_ref().map(|path| format!("The log is in {}.", path.display())),
        ..runtime::Options::default()
    };
    let stats = options.stats.clone();
    let finish = runtime.block_on(async move {
        let (facts, inbox) = runtime::inbox(64);
        let mut runner = Runner { engine, facts };
        runner.begin();
        let cockpit = Cockpit { app, look, dirty: true };
        runtime::run(cockpit, inbox, move |effect| runner.perform(effect), options).await
    });
    tracing::info!(stats = %stats.stats().to_json(), "frames and key latencies");
    // Nothing waits for requests that are still under way: they are reads.
    runtime.shutdown_timeout(Duration::from_millis(50));
    drop(log);
    Ok(finish.map_err(Stop::setup)?.code())
}

/// The runtime of the background task: one worker beside the thread that draws.
pub(crate) fn async_runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).max_blocking_threads(4).thread_stack_size(512 * 1024).enable_all().build()
}

/// Logs to a file if one is named. Never to the terminal.
pub(crate) fn start_log(path: Option<&std::path::Path>) -> Result<Option<tracing_appender::non_blocking::WorkerGuard>, Stop> {
    let Some(path) = path else { return Ok(None) };
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
    let file = file.map_err(|error| Stop::Setup(anyhow::anyhow!("cannot write the log {}: {error}", path.display())))?;
    // Room for the usual 128,000 lines is taken at once: four megabytes, a quarter of all the program needs.
    let (writer, guard) = tracing_appender::non_blocking::NonBlockingBuilder::default().buffered_lines_limit(1_000).finish(file);
    let filter = tracing_subscriber::EnvFilter::try_from_env("BPMTOP_LOG").unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("bpmtop=info"));
    // A second start within one process (tests) keeps the first subscriber.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false).try_init();
    Ok(Some(guard))
}

fn settings(session: &Session) -> Settings {
    let mut settings = Settings {
        thresholds: session.config.thresholds.clone(),
        scope: session.scope.clone(),
        teams: session.config.teams.clone(),
        warnings: session.warnings.clone(),
        config_path: Config::path(&Environment::of_process(), &Overrides::default()).map(|path| path.display().to_string()),
        ..Settings::default()
    };
    match &session.target {
        Target::Connect(connection) => {
            settings.profile = connection.profile_name.clone();
            settings.read_only = connection.read_only;
            settings.production = connection.production;
            settings.hint = connection.hint.clone();
        }
        Target::FirstRun(first_run) => settings.profiles = first_run.profiles.clone(),
    }
    settings
}

/// Who is asked, as far as the configuration knows.
pub(crate) fn identity(connection: &Connection) -> EngineIdentity {
    let user = match &connection.login {
        ConfiguredLogin::None | ConfiguredLogin::Bearer { .. } => None,
        ConfiguredLogin::Basic { user, .. } | ConfiguredLogin::PromptNeeded { user } => Some(user.clone()),
    };
    EngineIdentity { url: connection.url.to_string(), engine_name: connection.engine_name.clone(), user, ..EngineIdentity::default() }
}

/// The login of a connection with its secret fetched; `None` where the password has to be asked for.
pub(crate) fn login(connection: &Connection) -> Result<Option<Login>, Stop> {
    Ok(Some(match &connection.login {
        ConfiguredLogin::None => Login::None,
        ConfiguredLogin::Basic { user, password } => Login::Basic { user: user.clone(), password: password.resolve(&Purpose::Password).map_err(Stop::setup)? },
        ConfiguredLogin::Bearer { token } => {
            let value = token.resolve(&Purpose::Token).map_err(Stop::setup)?;
            let source = token.clone();
            Login::Bearer(Token::renewable(value, move || source.resolve(&Purpose::Token).map_err(|error| error.to_string())))
        }
        ConfiguredLogin::PromptNeeded { .. } => return Ok(None),
    }))
}

/// What a client for a connection is made from, except its login. Reads the files and fetches the secrets of the way there.
pub(crate) fn options(connection: &Connection) -> Result<ClientOptions, Stop> {
    let Access { ca_file, client_certificate, proxy, headers } = &connection.access;
    let unusable = |key: &str, path: &std::path::Path, why: String| {
        Stop::Setup(anyhow::anyhow!("{key} {} cannot be used: {why}", crate::text::safe(&path.display().to_string())))
    };
    let mut options = ClientOptions { engine_name: connection.engine_name.clone(), timeout: connection.timeout, ..ClientOptions::new(connection.url.clone()) };
    if let Some(path) = ca_file {
        let pem = read_pem("ca_file", path).map_err(Stop::setup)?;
        options.authorities = Authorities::from_pem(&pem).map_err(|why| unusable("ca_file", path, why))?;
    }
    if let Some(pair) = client_certificate {
        let certificate = read_pem("client_certificate", &pair.certificate).map_err(Stop::setup)?;
        let key = pair.key.as_ref().map(|path| read_pem("client_key", path)).transpose().map_err(Stop::setup)?;
        let read = ClientCertificate::from_pem(&certificate, key.as_deref());
        options.client_certificate = Some(read.map_err(|why| unusable("client_certificate", &pair.certificate, why))?);
    }
    options.proxy = match proxy {
        None => Proxy::System,
        Some(ConfiguredProxy::Direct) => Proxy::Direct,
        Some(ConfiguredProxy::Server { url, login: None }) => Proxy::Server { url: url.clone(), login: None },
        Some(ConfiguredProxy::Server { url, login: Some(login) }) => {
            let password = login.password.resolve(&Purpose::ProxyPassword).map_err(Stop::setup)?;
            Proxy::Server { url: url.clone(), login: Some((login.user.clone(), password)) }
        }
    };
    let mut sent = ExtraHeaders::default();
    for header in headers {
        let value = header.value.resolve(&Purpose::Header(header.name.to_string())).map_err(Stop::setup)?;
        sent.set(header.name.clone(), &value).map_err(|why| Stop::Setup(anyhow::anyhow!(why)))?;
    }
    options.headers = sent;
    Ok(options)
}

/// A setup for a connection with this login.
pub(crate) fn setup(connection: &Connection, options: ClientOptions, login: Login) -> Result<Setup, Stop> {
    let client = Client::new(ClientOptions { login, ..options }).map_err(Stop::setup)?;
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.subsec_nanos().into());
    Ok(Setup { client, engine: identity(connection), budget: connection.budget, seed, past: true })
}

fn prepare(session: &Session) -> Result<(App, Engine), Stop> {
    let settings = settings(session);
    let now = Moment::now();
    let connection = match &session.target {
        Target::FirstRun(_) => return Ok((App::first_run(settings, now), Engine::None)),
        Target::Connect(connection) => connection,
    };
    let mut app = App::new(settings, identity(connection), now);
    // Before the terminal is taken over: a command may want to ask for a passphrase.
    let options = options(connection)?;
    match (login(connection)?, &connection.login) {
        (Some(login), _) => Ok((app, Engine::Ready(setup(connection, options, login)?))),
        (None, ConfiguredLogin::PromptNeeded { user }) => {
            ask_password(&mut app, user, connection);
            Ok((app, Engine::Waiting(connection.clone(), Box::new(options))))
        }
        (None, _) => Ok((app, Engine::None)),
    }
}

fn ask_password(app: &mut App, user: &str, connection: &Connection) {
    let reason = format!("{} needs the password of {}.", connection.url, crate::text::safe(user));
    let mut snapshot = Snapshot::clone(&app.snapshot);
    snapshot.link =
        Link::LoginRefused { problem: Problem { label: "needs login", what: "No password was given yet".to_owned(), remedy: "Press L to log in.".to_owned() } };
    app.snapshot = Arc::new(snapshot);
    app.overlay = Some(Overlay::Login(Box::new(LoginForm::new(reason, user))));
}

/// What arrives from tasks.
enum Fact {
    Snapshot(Arc<Snapshot>),
    Described(Box<Description>),
    Notice(String),
    Connected(Box<EngineIdentity>),
}

struct Cockpit {
    app: App,
    look: Look,
    dirty: bool,
}

impl Program for Cockpit {
    type Fact = Fact;
    type Effect = Effect;

    fn handle(&mut self, now: Moment, input: Input<Fact>) -> Vec<Directive<Effect>> {
        self.dirty = true;
        let message = match input {
            Input::Key(key) => Message::Key(key),
            Input::Paste(text) => Message::Paste(text),
            Input::Resize(width, height) => Message::Resize(width, height),
            Input::Tick | Input::Resumed => Message::Tick,
            Input::Fact(Fact::Snapshot(snapshot)) => Message::Snapshot(snapshot),
            Input::Fact(Fact::Described(description)) => Message::Described(description),
            Input::Fact(Fact::Notice(text)) => Message::Notice(text),
            Input::Fact(Fact::Connected(engine)) => {
                let settings = std::mem::take(&mut self.app.settings);
                let size = self.app.size;
                self.app = App::new(settings, *engine, now);
                Message::Resize(size.0, size.1)
            }
            Input::Mouse(_) | Input::Focus(_) => return Vec::new(),
        };
        let effects = self.app.update(message, now);
        effects.into_iter().map(directive).collect()
    }

    fn draw(&mut self, frame: &mut ratatui::Frame<'_>) {
        let area = frame.area();
        // The first frame comes before any resize.
        if self.app.size != (area.width, area.height) {
            let now = self.app.now;
            self.app.update(Message::Resize(area.width, area.height), now);
        }
        crate::ui::draw(&self.app, &self.look, frame);
    }

    fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    fn wake_after(&self, now: Moment) -> Option<Duration> {
        let passed = now.instant.saturating_duration_since(self.app.now.instant);
        Some(self.app.wake_after().saturating_sub(passed))
    }
}

fn directive(effect: Effect) -> Directive<Effect> {
    match effect {
        Effect::Quit => Directive::Quit(0),
        Effect::Suspend => Directive::Suspend,
        Effect::Copy(text) => Directive::Copy(text),
        other => Directive::Run(other),
    }
}

/// The engine of this run, as far as there is one.
enum Engine {
    None,
    Waiting(Box<Connection>, Box<ClientOptions>),
    Ready(Setup),
    Running(mpsc::UnboundedSender<PollCommand>),
}

struct Runner {
    engine: Engine,
    facts: FactSender<Fact>,
}

impl Runner {
    /// Starts the poller if everything for it is known.
    fn begin(&mut self) {
        match std::mem::replace(&mut self.engine, Engine::None) {
            Engine::Ready(setup) => {
                let poller = task::start(setup);
                self.engine = Engine::Running(poller.commands);
                tokio::spawn(forward(poller.snapshots, poller.descriptions, self.facts.clone()));
            }
            other => self.engine = other,
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Poll(PollCommand::Login { user, password }) if matches!(self.engine, Engine::Waiting(..)) => self.log_in(user, password),
            Effect::Poll(command) => {
                if let Engine::Running(commands) = &self.engine {
                    let _ = commands.send(command);
                }
            }
            Effect::Connect(address) => self.connect(&address),
            Effect::Quit | Effect::Suspend | Effect::Copy(_) => {}
        }
    }

    fn log_in(&mut self, user: String, password: SecretString) {
        if let Engine::Waiting(connection, options) = std::mem::replace(&mut self.engine, Engine::None) {
            self.start(setup(&connection, (*options).clone(), Login::Basic { user, password }));
            if matches!(self.engine, Engine::None) {
                self.engine = Engine::Waiting(connection, options);
            }
        }
    }

    fn start(&mut self, setup: Result<Setup, Stop>) {
        match setup {
            Ok(setup) => {
                self.engine = Engine::Ready(setup);
                self.begin();
            }
            Err(Stop::Setup(error) | Stop::Engine(error)) => self.notify(format!("{error:#}")),
        }
    }

    /// Connects to an address typed on the first-run screen.
    fn connect(&mut self, address: &str) {
        let overrides = Overrides { target: Some(address.to_owned()), ..Overrides::default() };
        let target = if address.contains("://") {
            Config::default().target(&Environment::of_process(), &overrides)
        } else {
            return self.notify("An address begins with http:// or https://".to_owned());
        };
        match target {
            Ok(Target::Connect(connection)) => {
                let login = login(&connection).map(Option::unwrap_or_default);
                let setup = options(&connection).and_then(|options| setup(&connection, options, login?));
                if setup.is_ok() {
                    let _ = self.facts.try_send(Fact::Connected(Box::new(identity(&connection))));
                }
                self.start(setup);
            }
            Ok(Target::FirstRun(_)) => {}
            Err(error) => self.notify(error.to_string()),
        }
    }

    fn notify(&self, text: String) {
        let _ = self.facts.try_send(Fact::Notice(text));
    }
}

/// Hands what the poller publishes on to the loop. Snapshots coalesce while the loop is busy, because only the newest one is taken.
async fn forward(mut snapshots: tokio::sync::watch::Receiver<Arc<Snapshot>>, mut descriptions: mpsc::UnboundedReceiver<Description>, facts: FactSender<Fact>) {
    loop {
        let fact = tokio::select! {
            changed = snapshots.changed() => match changed {
                Ok(()) => Fact::Snapshot(snapshots.borrow_and_update().clone()),
                Err(_) => return,
            },
            Some(description) = descriptions.recv() => Fact::Described(Box::new(description)),
        };
        if facts.send(fact).await.is_err() {
            return;
        }
    }
}
