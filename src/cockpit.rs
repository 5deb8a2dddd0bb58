//! The wiring of one interactive run: configuration, poller, app and runtime are joined here and nowhere else.

mod runner;

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;

use self::runner::{Engine, Limits, Runner, SharedClosing};
use crate::action::desk::Acted;
use crate::app::prompt::LoginForm;
use crate::app::{App, Effect, Message, Overlay, Settings};
use crate::config::{Config, Connection, Environment, Login as ConfiguredLogin, Overrides, Target};
use crate::journal::{How, Journal};
use crate::model::role::Role;
use crate::model::section::{Moment, Problem};
use crate::model::snapshot::{EngineIdentity, Link, Snapshot};
use crate::poll::command::Told;
use crate::runtime::{self, Directive, Finish, Input, Panic, Program, ShutdownCause};
use crate::session::{Session, Stop, async_runtime, identity, login, options, setup, start_log};
use crate::text::Charset;
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
    let limits = limits(&session, &app);
    let overrides = session.overrides.clone();
    let runtime = async_runtime().map_err(Stop::setup)?;
    let output = session.output();
    let title = app.settings.profile.as_ref().map_or_else(|| "bpmtop".to_owned(), |profile| format!("bpmtop {}", crate::text::safe(profile)));
    // The title is written as it is: in all but UTF-8 as what every character set has.
    let title = if output.charset == Charset::Utf8 { title } else { Charset::Ascii.fit(&title).into_owned() };
    let options = runtime::Options {
        title,
        output,
        mouse: session.ui.mouse,
        panic_hint: session.log.as_ref().map(|path| format!("The log is in {}.", path.display())),
        ..runtime::Options::default()
    };
    let stats = options.stats.clone();
    let finish = runtime.block_on(async move {
        let (facts, inbox) = runtime::inbox(64);
        let closing = SharedClosing::default();
        let mut runner = Runner { engine, facts, limits, overrides, closing: Arc::clone(&closing) };
        runner.begin();
        let cockpit = Cockpit { app, look, log: session.log.clone(), dirty: true };
        let finish = AssertUnwindSafe(runtime::run(cockpit, inbox, move |effect| runner.perform(effect), options)).catch_unwind().await;
        // Nothing waits for reads that are still under way; changes in flight are waited for, and recorded.
        let desk = closing.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(desk) = desk {
            desk.close(how(&finish)).await;
        }
        // Only now: the journal is right even where the program is not.
        finish.unwrap_or_else(|panic| resume_unwind(panic))
    });
    tracing::info!(stats = %stats.stats().to_json(), "frames and key latencies");
    runtime.shutdown_timeout(Duration::from_millis(50));
    drop(log);
    Ok(finish.map_err(Stop::setup)?.code())
}

/// How actions that are under way are over then.
fn how<E, P>(finish: &Result<Result<Finish, E>, P>) -> How {
    match finish {
        // Whoever presses ctrl-c leaves.
        Ok(Ok(Finish::Shutdown(cause))) if *cause != ShutdownCause::Interrupted => How::HungUp,
        _ => How::Quit,
    }
}

/// What does not change while the program runs.
pub(crate) fn settings(session: &Session) -> Settings {
    let mut settings = Settings {
        thresholds: session.config.thresholds.clone(),
        scope: session.scope.clone(),
        teams: session.config.teams.clone(),
        mask: session.config.mask.clone(),
        wall: session.overrides.wall,
        warnings: session.warnings.clone(),
        config_path: Config::path(&Environment::of_process(), &Overrides::default()).map(|path| path.display().to_string()),
        ..Settings::default()
    };
    match &session.target {
        Target::Connect(connection) => {
            settings.profile = connection.profile_name.clone();
            settings.read_only = connection.read_only;
            settings.role = connection.role;
            settings.max_role = connection.max_role;
            settings.production = connection.production;
            settings.hint = connection.hint.clone();
        }
        // An address typed later has no profile: what the arguments say of it holds from the start.
        Target::FirstRun(first_run) => {
            settings.profiles = first_run.profiles.clone();
            settings.read_only = session.overrides.read_only;
            settings.role = session.overrides.role.unwrap_or_default();
            settings.max_role = session.overrides.role.unwrap_or(Role::Admin);
        }
    }
    settings.first_role = settings.role;
    settings
}

/// What limits actions, and where they are recorded. A journal that cannot be opened stops actions and not watching.
fn limits(session: &Session, app: &App) -> Limits {
    let settings = &app.settings;
    let journal = match &session.journal {
        Some(folder) => Journal::open(folder).map(Arc::new).map_err(|error| format!("{error}. {}", error.remedy())),
        None => Err("There is no folder for the journal. Name one as BPMTOP_JOURNAL.".to_owned()),
    };
    Limits {
        profile: settings.profile.clone(),
        production: settings.production,
        read_only: settings.read_only,
        role: settings.role,
        max_role: settings.max_role,
        mask: settings.mask.clone(),
        zone: settings.zone.clone(),
        journal,
    }
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
        (Some(login), _) => Ok((app, Engine::Ready(Box::new(setup(connection, options, login)?)))),
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
    Acted(Acted),
    Notice(String),
    Connected(Box<EngineIdentity>),
}

struct Cockpit {
    app: App,
    look: Look,
    /// Where the log is, for a page that cannot be drawn.
    log: Option<PathBuf>,
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
            Input::Fact(Fact::Acted(acted)) => Message::Acted(acted),
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

    fn draw_failed(&mut self, frame: &mut ratatui::Frame<'_>, panic: &Panic) {
        crate::ui::failed::draw(&self.app, &self.look, self.log.as_deref(), panic, frame);
    }

    fn handling_failed(&mut self, now: Moment, panic: &Panic) {
        let words = format!("A fault in bpmtop at {}: what was just pressed or read did nothing. Actions under way go on.", panic.place);
        self.app.notice = Some((words, now));
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
