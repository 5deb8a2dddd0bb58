//! The wiring of one interactive run: configuration, poller, app and runtime are joined here and nowhere else.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::mpsc;

use crate::app::prompt::LoginForm;
use crate::app::{App, Effect, Message, Overlay, Settings};
use crate::config::{Config, Connection, Environment, Login as ConfiguredLogin, Overrides, Target};
use crate::engine::{ClientOptions, Login};
use crate::model::section::{Moment, Problem};
use crate::model::snapshot::{EngineIdentity, Link, Snapshot};
use crate::poll::command::{PollCommand, Told};
use crate::poll::task::{self, Setup};
use crate::runtime::{self, Directive, FactSender, Input, Program};
use crate::session::{Session, Stop, async_runtime, identity, login, options, setup, start_log};
use crate::ui::look::Look;

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

fn settings(session: &Session) -> Settings {
    let mut settings = Settings {
        thresholds: session.config.thresholds.clone(),
        scope: session.scope.clone(),
        teams: session.config.teams.clone(),
        mask: session.config.mask.clone(),
        warnings: session.warnings.clone(),
        config_path: Config::path(&Environment::of_process(), &Overrides::default()).map(|path| path.display().to_string()),
        ..Settings::default()
    };
    match &session.target {
        Target::Connect(connection) => {
            settings.profile = connection.profile_name.clone();
            settings.read_only = connection.read_only;
            settings.role = connection.role;
            settings.production = connection.production;
            settings.hint = connection.hint.clone();
        }
        Target::FirstRun(first_run) => settings.profiles = first_run.profiles.clone(),
    }
    settings
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
    Told(Told),
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
            Input::Fact(Fact::Told(Told::Described(description))) => Message::Described(description),
            Input::Fact(Fact::Told(Told::Found(found))) => Message::Found(found),
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
                tokio::spawn(forward(poller.snapshots, poller.told, self.facts.clone()));
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
            Effect::Act(_) => {}
            Effect::Save { path, text } => {
                let facts = self.facts.clone();
                tokio::task::spawn_blocking(move || {
                    let told = match save(Path::new(&path), &text) {
                        Ok(()) => format!("Written to {}.", crate::text::safe(&path)),
                        Err(why) => format!("{} was not written: {why}.", crate::text::safe(&path)),
                    };
                    let _ = facts.try_send(Fact::Notice(told));
                });
            }
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

/// Writes a file that only its owner may read: business keys are in it. A file that is there already is never overwritten.
fn save(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Hands what the poller publishes on to the loop. Snapshots coalesce while the loop is busy, because only the newest one is taken.
async fn forward(mut snapshots: tokio::sync::watch::Receiver<Arc<Snapshot>>, mut told: mpsc::UnboundedReceiver<Told>, facts: FactSender<Fact>) {
    loop {
        let fact = tokio::select! {
            changed = snapshots.changed() => match changed {
                Ok(()) => Fact::Snapshot(snapshots.borrow_and_update().clone()),
                Err(_) => return,
            },
            Some(told) = told.recv() => Fact::Told(told),
        };
        if facts.send(fact).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_for_its_owner_alone_and_never_over_another() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("action.csv");
        save(&path, "first").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(save(&path, "second").is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first");
    }
}
