//! The command line: what can be asked of the program from a shell, and its exit codes. No behaviour of its own: arguments become
//! [`Overrides`], and what was asked for is handed to the part that does it.

pub mod journal;
#[cfg(test)]
mod tests;

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand};
use secrecy::SecretString;

use crate::config::{BUDGET_PERCENT, Config, ConfigError, Environment, Overrides, TIMEOUT_SECONDS, Target};
use crate::headless::output::{self, Unprinted, tell};
use crate::headless::tree::Question;
use crate::headless::{Extent, Printed, Request};
use crate::session::{Session, Stop};
use crate::theme::Theme;

/// The exit code when all went well, and all that was asked for was printed.
pub const EXIT_OK: u8 = 0;

/// The exit code when the arguments or the configuration are wrong.
pub const EXIT_USAGE: u8 = 1;

/// The exit code when the engine could not be read, or the journal is not whole.
pub const EXIT_ENGINE: u8 = 2;

/// The exit code when only a part of what was asked for could be read; what is printed says what is missing.
pub const EXIT_INCOMPLETE: u8 = 3;

/// The exit code when it could not be printed.
pub const EXIT_OUTPUT: u8 = 4;

/// The exit code when the reader of a pipe has gone: what a shell tells of a program that SIGPIPE ended.
pub const EXIT_READER_GONE: u8 = 141;

/// The longest password taken from standard input, in bytes.
const PASSWORD_LIMIT: u64 = 64 * 1024;

/// How long to wait for it.
const PASSWORD_PATIENCE: Duration = Duration::from_secs(60);

const AFTER_HELP: &str = "\
Which engine: PROFILE|URL, else BPMTOP_URL, else BPMTOP_PROFILE, else default_profile of the
configuration, else its only profile. Arguments win over environment variables, and these over
the configuration.

Passwords are never arguments, since every user of the host could read them in the process list.
Name a source in the profile (password_command, password_file, password_env), set BPMTOP_PASSWORD,
or use --password-stdin. Without any of them you are asked. The same holds for bearer tokens
(token_command, token_file, token_env, BPMTOP_TOKEN).

Environment: BPMTOP_CONFIG, BPMTOP_PROFILE, BPMTOP_URL, BPMTOP_USER, BPMTOP_PASSWORD, BPMTOP_TOKEN,
BPMTOP_CA_FILE, BPMTOP_CLIENT_CERTIFICATE, BPMTOP_CLIENT_KEY, BPMTOP_PROXY, BPMTOP_JOURNAL,
NO_COLOR. Where no proxy is named, HTTP_PROXY, HTTPS_PROXY and NO_PROXY count.

Exit codes: 0 all went well and all was printed, 1 wrong arguments or configuration, 2 the engine
could not be read (no figure at all, nothing found), or the journal is not whole, 3 incomplete:
printed, but something that was asked for could not be read, 4 it could not be printed, 141 the
reader of the pipe has gone.";

/// The terminal operations cockpit for Camunda 7 process engines.
#[derive(Debug, Parser)]
#[command(name = "bpmtop", version, after_help = AFTER_HELP, subcommand_value_name = "COMMAND")]
pub struct Arguments {
    /// The engine to open: a profile of the configuration, or the URL of a REST API
    #[arg(value_name = "PROFILE|URL")]
    pub target: Option<String>,
    /// The options every command takes.
    #[command(flatten)]
    pub options: Options,
    /// What to do; the cockpit without one.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The options every command takes.
#[derive(Debug, Args)]
pub struct Options {
    /// Read this configuration file instead of the one `bpmtop config path` tells
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Log in as this user
    #[arg(long, short, global = true, value_name = "NAME")]
    pub user: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long, global = true)]
    pub password_stdin: bool,
    /// Trust the authorities of this PEM file too, as the company's own
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Show this certificate, a PEM file, to a server that demands one
    #[arg(long, global = true, value_name = "FILE")]
    pub client_certificate: Option<PathBuf>,
    /// The private key of that certificate, where it has a file of its own
    #[arg(long, global = true, value_name = "FILE")]
    pub client_key: Option<PathBuf>,
    /// Go through this proxy (http://, https:// or socks5h://), or through "none"
    #[arg(long, global = true, value_name = "URL")]
    pub proxy: Option<String>,
    /// Refuse every action; no option lifts the read_only of a profile
    #[arg(long, visible_alias = "readonly", global = true)]
    pub read_only: bool,
    /// Which actions there are: viewer, operator, or admin (cancel, write variables); never more than the profile's role [default: operator]
    #[arg(long, global = true, value_name = "ROLE", value_parser = crate::config::parse_role)]
    pub role: Option<crate::model::role::Role>,
    /// Use this engine behind the REST API
    #[arg(long, global = true, value_name = "NAME")]
    pub engine: Option<String>,
    /// Show only a part: tenant:acme, process:pay*, category:finance* or team:NAME; "" shows everything
    #[arg(long, global = true, value_name = "TEXT")]
    pub scope: Option<String>,
    /// How much of the engine's time may be used: 0.1 to 50 percent [default: 2]
    #[arg(long, global = true, value_name = "PERCENT", value_parser = percent)]
    pub budget: Option<f64>,
    /// How long one request may take, and without a terminal the whole command: 0.5 to 600 seconds [default: 10, and 120]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Colours: night, day, war-room, mono, a theme of your own, or the path of one
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Draw without colours, whatever else is said
    #[arg(long, visible_alias = "no-colour", global = true)]
    pub no_color: bool,
    /// A screen on a wall: people look who press no key, so figures stay as fresh as with somebody at the keys
    #[arg(long, global = true)]
    pub wall: bool,
    /// Append a log to this file; it never holds a password
    #[arg(long, global = true, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

/// The options of every command that reads an engine once.
#[derive(Debug, Clone, Copy, Args)]
pub struct Reading {
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
    /// Try a login again that was refused within the last hours
    #[arg(long)]
    pub retry_login: bool,
}

impl From<Reading> for Request {
    fn from(Reading { json, retry_login }: Reading) -> Self {
        Self { json, retry_login }
    }
}

/// What can be done besides opening the cockpit.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read the engine once and print what the cockpit would show
    Snapshot {
        /// The engine to read: a profile of the configuration, or the URL of a REST API
        #[arg(value_name = "PROFILE|URL")]
        target: Option<String>,
        /// How to read and print.
        #[command(flatten)]
        reading: Reading,
    },
    /// Tell what works, what does not, and the way out
    Doctor {
        /// The engine to examine: a profile of the configuration, or the URL of a REST API
        #[arg(value_name = "PROFILE|URL")]
        target: Option<String>,
        /// How to read and print.
        #[command(flatten)]
        reading: Reading,
    },
    /// Print the tree of called instances around an instance, an incident or a business key
    Tree {
        /// Id of a process instance or of an incident, or a business key
        #[arg(value_name = "ID|BUSINESS_KEY")]
        what: String,
        /// The engine to read: a profile of the configuration, or the URL of a REST API
        #[arg(value_name = "PROFILE|URL")]
        target: Option<String>,
        /// Show called instances that are over, too
        #[arg(long)]
        ended: bool,
        /// How to read and print.
        #[command(flatten)]
        reading: Reading,
    },
    /// Tell what was done to which engine, by whom, why, and what became of it
    Journal(journal::Arguments),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the table of keys
    Keys,
    /// Print completions for a shell, to be sourced by it
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// What can be asked about the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print where the configuration file belongs
    Path,
    /// Tell whether the configuration is right, without connecting
    Check,
    /// Print a commented configuration to begin with
    Example,
}

/// Runs the program with the arguments of this process and returns its exit code.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            if error.use_stderr() {
                // There is nobody left to tell when the terminal itself refuses the text.
                let _ = error.print();
                return EXIT_USAGE.into();
            }
            let help = error.render();
            let help = if std::io::stdout().is_terminal() { help.ansi().to_string() } else { help.to_string() };
            return print(&help).unwrap_or_else(Failure::told).into();
        }
    };
    run(arguments, &Environment::of_process()).unwrap_or_else(Failure::told).into()
}

/// An error on its way to the shell.
#[derive(Debug)]
struct Failure {
    code: u8,
    error: anyhow::Error,
}

impl Failure {
    fn usage(message: &'static str) -> Self {
        Self { code: EXIT_USAGE, error: anyhow::anyhow!(message) }
    }

    /// Says it, and gives its exit code. A reader who has gone is not told that.
    fn told(self) -> u8 {
        if self.code != EXIT_READER_GONE {
            tell(&format!("bpmtop: {:#}", self.error));
        }
        self.code
    }
}

impl From<Unprinted> for Failure {
    fn from(unprinted: Unprinted) -> Self {
        let code = if matches!(unprinted, Unprinted::ReaderGone) { EXIT_READER_GONE } else { EXIT_OUTPUT };
        Self { code, error: unprinted.into() }
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Setup(error) => Self { code: EXIT_USAGE, error },
            Stop::Engine(error) => Self { code: EXIT_ENGINE, error },
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { code: EXIT_USAGE, error: error.into() }
    }
}

fn run(arguments: Arguments, environment: &Environment) -> Result<u8, Failure> {
    if arguments.target.is_some() && !matches!(arguments.command, None | Some(Command::Snapshot { .. } | Command::Doctor { .. } | Command::Tree { .. })) {
        return Err(Failure::usage("this command takes no engine; leave the PROFILE|URL out"));
    }
    let Arguments { target, options, command } = arguments;
    match command {
        None => open_cockpit(session(target, options, environment)?),
        Some(Command::Snapshot { target: own, reading }) => {
            let session = headless_session(target, own, options, environment)?;
            session.warnings.iter().for_each(|warning| tell(&format!("bpmtop: {warning}")));
            print_snapshot(session, reading.into())
        }
        Some(Command::Doctor { target: own, reading }) => examine(&headless_session(target, own, options, environment)?, reading.into()),
        Some(Command::Tree { what, target: own, ended, reading }) => {
            let session = headless_session(target, own, options, environment)?;
            session.warnings.iter().for_each(|warning| tell(&format!("bpmtop: {warning}")));
            give(&crate::headless::tree::run(&session, &Question { what, ended }, reading.into())?)
        }
        Some(Command::Journal(arguments)) => journal::run(arguments, options, environment),
        Some(Command::Config(command)) => config_command(&command, &overrides(None, options, None), environment),
        Some(Command::Keys) => print(&key_table()),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "bpmtop", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
    }
}

/// The session of a command that reads one engine and has no screen to ask on.
fn headless_session(before: Option<String>, after: Option<String>, options: Options, environment: &Environment) -> Result<Session, Failure> {
    if before.is_some() && after.is_some() {
        return Err(Failure::usage("two engines are named; this command reads one"));
    }
    let session = session(after.or(before), options, environment)?;
    if matches!(session.target, Target::FirstRun(_)) {
        return Err(Failure::usage("no engine is named; write a PROFILE or URL, set BPMTOP_URL, or set default_profile in the configuration"));
    }
    Ok(session)
}

fn session(target: Option<String>, options: Options, environment: &Environment) -> Result<Session, Failure> {
    let password = options.password_stdin.then(password_from_stdin).transpose()?;
    let log = options.log.clone();
    let overrides = overrides(target, options, password);
    let config = Config::load(environment, &overrides)?;
    let target = config.target(environment, &overrides)?;
    let ui = config.ui(environment, &overrides);
    let scope = config.scope(&target, &overrides)?;
    let journal = config.journal_folder(environment);
    let mut warnings = config.warnings.clone();
    if let Target::Connect(connection) = &target {
        warnings.extend(connection.warnings.iter().cloned());
    }
    Ok(Session { config, target, overrides, ui, scope, journal, log, warnings })
}

fn overrides(target: Option<String>, options: Options, password: Option<SecretString>) -> Overrides {
    Overrides {
        target,
        password,
        config: options.config,
        user: options.user,
        ca_file: options.ca_file,
        client_certificate: options.client_certificate,
        client_key: options.client_key,
        proxy: options.proxy,
        read_only: options.read_only,
        role: options.role,
        engine: options.engine,
        budget_percent: options.budget,
        scope: options.scope,
        timeout: options.timeout,
        theme: options.theme,
        ascii: options.ascii,
        no_color: options.no_color,
        wall: options.wall,
    }
}

fn password_from_stdin() -> Result<SecretString, Failure> {
    let input = std::io::stdin();
    if input.is_terminal() {
        return Err(Failure::usage("--password-stdin reads from a pipe: pass show camunda | bpmtop --password-stdin …; leave it out to be asked"));
    }
    // Whoever writes to the pipe may have to type a passphrase or touch a key; no longer than for a password command.
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(password_line(std::io::stdin().lock())));
    receiver
        .recv_timeout(PASSWORD_PATIENCE)
        .unwrap_or_else(|_| Err(Failure::usage("--password-stdin waited 60 s for a line of standard input; close its writing end")))
}

fn password_line(input: impl BufRead) -> Result<SecretString, Failure> {
    let mut line = String::new();
    let read = input.take(PASSWORD_LIMIT).read_line(&mut line);
    let password = line.trim_end_matches(['\r', '\n']);
    if read.is_err() || password.is_empty() {
        return Err(Failure::usage("--password-stdin found no password in the first line of standard input"));
    }
    Ok(password.into())
}

fn config_command(command: &ConfigCommand, overrides: &Overrides, environment: &Environment) -> Result<u8, Failure> {
    let path = Config::path(environment, overrides);
    let shown = path.as_ref().map(|path| path.display().to_string());
    match command {
        ConfigCommand::Example => print(Config::example()),
        ConfigCommand::Path => {
            let path = shown.ok_or_else(|| Failure::usage("there is no home folder to keep a configuration in; name a file with --config or BPMTOP_CONFIG"))?;
            print(&format!("{path}\n"))
        }
        ConfigCommand::Check => check(&Config::load(environment, overrides)?, shown.as_deref(), overrides, environment),
    }
}

fn check(config: &Config, path: Option<&str>, overrides: &Overrides, environment: &Environment) -> Result<u8, Failure> {
    // A theme is part of what the file asks for, and its mistakes should not wait for the next alarm.
    Theme::load(&config.ui(environment, overrides).theme, config.themes_folder().as_deref())?;
    let mut text = match &config.file {
        Some(file) => format!("{} is right: {}\n", file.display(), profiles(config)),
        None => format!("there is no {}; begin with: bpmtop config example\n", path.unwrap_or("configuration")),
    };
    for warning in &config.warnings {
        text.push_str(&format!("warning: {warning}\n"));
    }
    print(&text)
}

fn profiles(config: &Config) -> String {
    let names = config.profile_names().iter().map(|name| crate::config::safe(name)).collect::<Vec<_>>().join(", ");
    if names.is_empty() { "no profiles".to_owned() } else { format!("profiles {names}") }
}

/// Prints to standard output.
fn print(text: &str) -> Result<u8, Failure> {
    output::print(text)?;
    Ok(EXIT_OK)
}

/// Prints what a command found out, with the exit code of how much that is.
fn give(printed: &Printed) -> Result<u8, Failure> {
    output::print(&printed.text)?;
    Ok(match printed.extent {
        Extent::Whole => EXIT_OK,
        Extent::Part => {
            tell(&format!("bpmtop: incomplete: something could not be read, and what is printed says what (exit code {EXIT_INCOMPLETE})"));
            EXIT_INCOMPLETE
        }
        Extent::Nothing => EXIT_ENGINE,
    })
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim().parse::<f64>();
    number.ok().filter(|percent| BUDGET_PERCENT.contains(percent)).ok_or_else(|| "write a number of percent from 0.1 to 50".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix('s').unwrap_or(text).trim().parse::<f64>();
    let seconds = number.ok().filter(|seconds| TIMEOUT_SECONDS.contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "write a number of seconds from 0.5 to 600".to_owned())
}

fn open_cockpit(session: Session) -> Result<u8, Failure> {
    Ok(crate::cockpit::run(session)?)
}

fn examine(session: &Session, request: Request) -> Result<u8, Failure> {
    give(&crate::headless::doctor::run(session, request)?)
}

fn print_snapshot(session: Session, request: Request) -> Result<u8, Failure> {
    give(&crate::headless::snapshot::run(session, request)?)
}

fn key_table() -> String {
    crate::app::keymap::text()
}
