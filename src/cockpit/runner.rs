//! What the runtime must do for the app: talk to the poller and to the desk of actions, write files, connect.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::TimeZone;
use secrecy::SecretString;
use tokio::sync::{mpsc, watch};

use super::Fact;
use crate::action::desk::{self, ActCommand, Acted, Closing};
use crate::app::Effect;
use crate::config::{Config, Connection, Environment, Overrides, Target};
use crate::engine::{Client, ClientOptions, Login};
use crate::journal::Journal;
use crate::model::masking::Mask;
use crate::model::role::Role;
use crate::model::snapshot::Snapshot;
use crate::poll::command::{PollCommand, Told};
use crate::poll::task::{self, Setup};
use crate::runtime::FactSender;
use crate::session::{Stop, identity, login, options, setup};

/// How actions of this run are limited, recorded and told.
pub(super) struct Limits {
    pub(super) profile: Option<String>,
    pub(super) production: bool,
    pub(super) read_only: bool,
    pub(super) role: Role,
    pub(super) max_role: Role,
    pub(super) mask: Mask,
    pub(super) zone: TimeZone,
    pub(super) journal: Result<Arc<Journal>, String>,
}

/// The desk's end, for whoever ends the program.
pub(super) type SharedClosing = Arc<Mutex<Option<Closing>>>;

/// The engine of this run, as far as there is one.
pub(super) enum Engine {
    None,
    Waiting(Box<Connection>, Box<ClientOptions>),
    Ready(Box<Setup>),
    Running(Running),
}

/// The ends of the tasks that run.
pub(super) struct Running {
    client: Client,
    poll: mpsc::UnboundedSender<PollCommand>,
    act: mpsc::UnboundedSender<ActCommand>,
}

pub(super) struct Runner {
    pub(super) engine: Engine,
    pub(super) facts: FactSender<Fact>,
    pub(super) limits: Limits,
    /// What the command line said: an address typed later is limited and reached as it says.
    pub(super) overrides: Overrides,
    pub(super) closing: SharedClosing,
}

impl Runner {
    /// Starts the poller if everything for it is known.
    pub(super) fn begin(&mut self) {
        match std::mem::replace(&mut self.engine, Engine::None) {
            Engine::Ready(setup) => {
                let client = setup.client.clone();
                let desk = desk::start(self.desk_setup(&setup));
                let poller = task::start(*setup);
                *self.closing.lock().unwrap_or_else(PoisonError::into_inner) = Some(desk.closing);
                self.engine = Engine::Running(Running { client, poll: poller.commands, act: desk.commands });
                tokio::spawn(forward(poller.snapshots, poller.told, desk.told, self.facts.clone()));
            }
            other => self.engine = other,
        }
    }

    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Poll(PollCommand::Login { user, password }) if matches!(self.engine, Engine::Waiting(..)) => self.log_in(user, password),
            Effect::Poll(PollCommand::Login { user, password }) => self.log_in_again(user, password),
            Effect::Poll(command) => {
                if let Engine::Running(running) = &self.engine {
                    let _ = running.poll.send(command);
                }
            }
            Effect::Act(command) => {
                if let Engine::Running(running) = &self.engine {
                    let _ = running.act.send(command);
                }
            }
            Effect::Connect(address) => self.connect(&address),
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

    fn desk_setup(&self, setup: &Setup) -> desk::Setup {
        let limits = &self.limits;
        desk::Setup {
            client: setup.client.clone(),
            engine: setup.engine.clone(),
            profile: limits.profile.clone(),
            production: limits.production,
            role: limits.role,
            max_role: limits.max_role,
            read_only: limits.read_only,
            mask: Arc::new(limits.mask.clone()),
            journal: limits.journal.clone(),
            zone: limits.zone.clone(),
        }
    }

    /// Another login for everything that asks or changes: one client, so that a refusal of either stops both.
    fn log_in_again(&mut self, user: String, password: SecretString) {
        let Engine::Running(running) = &mut self.engine else { return };
        match running.client.with_login(Login::Basic { user: user.clone(), password }) {
            Ok(client) => {
                running.client = client.clone();
                let _ = running.act.send(ActCommand::Login { user: user.clone(), client: client.clone() });
                let _ = running.poll.send(PollCommand::Adopt { user, client });
            }
            Err(error) => self.notify(error.to_string()),
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
                self.engine = Engine::Ready(Box::new(setup));
                self.begin();
            }
            Err(Stop::Setup(error) | Stop::Engine(error)) => self.notify(format!("{error:#}")),
        }
    }

    /// Connects to an address typed on the first-run screen.
    fn connect(&mut self, address: &str) {
        let overrides = Overrides { target: Some(address.to_owned()), ..self.overrides.clone() };
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

/// Hands what poller and desk publish on to the loop. Snapshots coalesce while the loop is busy, because only the newest one is taken.
async fn forward(
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    mut told: mpsc::UnboundedReceiver<Told>,
    mut acted: mpsc::UnboundedReceiver<Acted>,
    facts: FactSender<Fact>,
) {
    loop {
        let fact = tokio::select! {
            changed = snapshots.changed() => match changed {
                Ok(()) => Fact::Snapshot(snapshots.borrow_and_update().clone()),
                Err(_) => return,
            },
            Some(told) = told.recv() => Fact::Told(told),
            Some(acted) = acted.recv() => Fact::Acted(acted),
        };
        if facts.send(fact).await.is_err() {
            return;
        }
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
