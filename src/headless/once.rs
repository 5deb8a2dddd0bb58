//! What every command does that reads an engine once: log, login that was not refused a while ago, one limit of time for all requests.

use std::io::Write as _;
use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use tokio::time::{Instant, timeout_at};

use super::Request;
use super::refused_logins::{Attempt, RefusedLogins};
use crate::config::{Connection, Login as ConfiguredLogin, Target};
use crate::engine::ClientOptions;
use crate::poll::task::Setup;
use crate::session::{Session, Stop, async_runtime, login, options, setup, start_log};
use crate::text::safe;

/// The whole reading may take this long, where no `--timeout` says otherwise.
const LIMIT: Duration = Duration::from_secs(120);

/// How long after the limit a command is ended whatever it is at.
const GRACE: Duration = Duration::from_millis(500);

/// The one limit of a command: names, connections, TLS and all requests together.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    /// How long all may take.
    pub limit: Duration,
    /// When that is over.
    pub until: Instant,
}

impl Deadline {
    /// One that begins now.
    pub fn after(limit: Duration) -> Self {
        Self { limit, until: Instant::now() + limit }
    }

    /// The limit of a session's commands, which begins now.
    pub(super) fn of(session: &Session) -> Self {
        Self::after(session.overrides.timeout.unwrap_or(LIMIT))
    }

    /// What work gives, unless the limit comes first.
    pub(super) async fn within<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.until, work).await.ok()
    }

    /// That the limit came first, in words.
    pub(super) fn words(&self) -> String {
        format!("the limit of {} s for the whole command was reached; --timeout SECONDS sets another", self.limit.as_secs_f32())
    }
}

/// How long one request waits at most for a gateway that asks to be left alone.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads the engine of a session within its limit of time. `command` is what the operator typed, for advice.
///
/// # Errors
///
/// When a file or the source of a secret cannot be used, the login was refused a while ago, or the engine cannot be read.
pub(super) fn once<T, F>(session: &Session, request: Request, command: &str, read: impl FnOnce(Setup, Deadline) -> F) -> Result<T, Stop>
where
    F: Future<Output = Result<T, Unread>>,
{
    let _log = start_log(session.log.as_deref())?;
    let Target::Connect(connection) = &session.target else { return Err(Stop::Setup(anyhow::anyhow!("no engine is named"))) };
    let Some(login) = login(connection)? else { return Err(no_password(connection)) };
    let refused = RefusedLogins::of_this_user();
    let attempt = Attempt::new(connection.url.as_str(), connection.engine_name.as_deref(), &login);
    if let Some(attempt) = attempt.as_ref().filter(|_| !request.retry_login) {
        not_refused_before(&refused, attempt, command)?;
    }
    let setup = setup(connection, patient(options(connection)?), login.clone())?;
    let runtime = async_runtime().map_err(Stop::setup)?;
    let read = runtime.block_on(async {
        let deadline = Deadline::of(session);
        // Whoever reads watches the limit and gives what it has by then; this is for what it forgot to watch.
        let read = timeout_at(deadline.until + GRACE, read(setup, deadline)).await;
        read.unwrap_or_else(|_| Err(Unread::Failed(anyhow::anyhow!("the engine could not be read: {}", deadline.words()))))
    });
    runtime.shutdown_timeout(Duration::from_millis(50));
    if let Some(attempt) = &attempt {
        let remembered = match &read {
            Ok(_) => refused.forget(attempt),
            Err(Unread::LoginRefused(_)) => refused.remember(attempt, Timestamp::now()),
            Err(Unread::Failed(_)) => Ok(()),
        };
        remembered.unwrap_or_else(|warning| warn(&warning));
    }
    read.map_err(|(Unread::LoginRefused(error) | Unread::Failed(error))| Stop::Engine(error))
}

/// Options for a reading that nobody watches: it waits for a gateway that asks to be left alone, as far as a script has time for it.
pub(super) fn patient(options: ClientOptions) -> ClientOptions {
    ClientOptions { patience: PATIENCE, ..options }
}

fn no_password(connection: &Connection) -> Stop {
    let user = match &connection.login {
        ConfiguredLogin::PromptNeeded { user } => safe(user).into_owned(),
        _ => "this user".to_owned(),
    };
    Stop::Setup(anyhow::anyhow!("there is no password for {user}; set BPMTOP_PASSWORD, or use --password-stdin"))
}

/// An error for a login that was refused a while ago: each further attempt brings the account nearer to being locked.
fn not_refused_before(refused: &RefusedLogins, attempt: &Attempt<'_>, command: &str) -> Result<(), Stop> {
    let now = Timestamp::now();
    let at = refused.refused_at(attempt, now).unwrap_or_else(|warning| {
        warn(&warning);
        None
    });
    at.map_or(Ok(()), |at| Err(Stop::Engine(anyhow::anyhow!(attempt.refusal(at, now, &TimeZone::system(), command)))))
}

/// Standard error may be gone; nothing depends on a warning.
fn warn(warning: &str) {
    let _ = writeln!(std::io::stderr(), "bpmtop: {}", safe(warning));
}

/// Why nothing was read.
pub(super) enum Unread {
    LoginRefused(anyhow::Error),
    Failed(anyhow::Error),
}
