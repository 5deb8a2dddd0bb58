//! One start of the program, made ready: the validated session, its login, its client, its log. The cockpit and the headless commands
//! both begin here. Nothing is drawn and nothing is asked of an engine.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::config::{
    Access, Config, ConfigError, Connection, Login as ConfiguredLogin, Overrides, Proxy as ConfiguredProxy, Purpose, Target, UiSettings, read_pem,
};
use crate::engine::{Authorities, Client, ClientCertificate, ClientOptions, ExtraHeaders, Login, Proxy, Token};
use crate::model::scope::Scope;
use crate::model::snapshot::EngineIdentity;
use crate::poll::task::Setup;
use crate::runtime::Output;
use crate::text::Charset;
use crate::theme::{Depth, Symbols, Theme};

/// One start of the program: everything the cockpit or a snapshot needs to know, validated.
#[derive(Debug)]
pub struct Session {
    /// The validated file, with thresholds and the other profiles.
    pub config: Config,
    /// The engine to connect to, or that nothing names one.
    pub target: Target,
    /// What the command line said, for an engine that is named only on the screen.
    pub overrides: Overrides,
    /// How the screen looks.
    pub ui: UiSettings,
    /// The part of the engine that is shown.
    pub scope: Scope,
    /// The folder of the journal; none where the platform has no place for it and none is named.
    pub journal: Option<PathBuf>,
    /// The file to log to.
    pub log: Option<PathBuf>,
    /// What deserves a word to the operator, from the file and from the choice of the engine.
    pub warnings: Vec<String>,
}

impl Session {
    /// The theme that was asked for, with the engine's accent, fit for the terminal on standard output.
    ///
    /// # Errors
    ///
    /// There is no such theme, or its file holds mistakes.
    pub fn theme(&self) -> Result<Theme, ConfigError> {
        let theme = Theme::load(&self.ui.theme, self.config.themes_folder().as_deref())?;
        let accent = match &self.target {
            Target::Connect(connection) => connection.accent,
            Target::FirstRun(_) => None,
        };
        Ok(accent.into_iter().fold(theme, Theme::with_accent).at_depth(Depth::of_terminal()))
    }

    /// What the terminal on standard output can show. Whoever configures `ascii = false` says that it carries all characters.
    pub fn output(&self) -> Output {
        let charset = if self.ui.ascii == Some(false) { Charset::Utf8 } else { Charset::of_process() };
        Output { charset, sixteen: Depth::of_terminal() <= Depth::Ansi16 }
    }

    /// The characters to draw with.
    pub fn symbols(&self) -> &'static Symbols {
        Symbols::choose(self.ui.ascii)
    }
}

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
    // Whoever was asked for a password may have typed another name than the configured one.
    let typed = if let Login::Basic { user, .. } = &login { Some(user.clone()) } else { None };
    let known = identity(connection);
    let engine = EngineIdentity { user: typed.or_else(|| known.user.clone()), ..known };
    let client = Client::new(ClientOptions { login, ..options }).map_err(Stop::setup)?;
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.subsec_nanos().into());
    Ok(Setup { client, engine, budget: connection.budget, seed, past: true })
}
