//! `bpmtop journal` on the command line.

use clap::{Args, Subcommand};
use jiff::{Timestamp, Zoned};

use super::{Failure, Options, give, print};
use crate::config::{Config, Environment, Overrides};
use crate::headless::journal::{self, Filter, Format};

const AFTER_HELP: &str = "\
--user NAME and --engine NAME narrow down too: to a user of the machine or of the engine, and to an
engine by its name or a part of its address. Nothing is asked of any engine.";

/// What can be asked of the journal; the list without a command.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Arguments {
    /// What to do with it.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to list.
    #[command(flatten)]
    pub list: Listing,
}

/// What can be done with the journal.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List actions, the newest last; or tell one with all of its targets
    #[command(after_help = AFTER_HELP)]
    List(Listing),
    /// Tell whether anything was changed, removed or inserted since it was written
    Verify {
        /// The head you kept, its first twelve digits at least: with it a tail that was cut off is noticed too
        #[arg(long, value_name = "HASH", value_parser = head)]
        head: Option<String>,
    },
    /// Print everything about actions, to be kept elsewhere
    #[command(after_help = AFTER_HELP)]
    Export {
        /// The form
        #[arg(long, value_enum, default_value_t = Format::Json)]
        format: Format,
        /// Which actions.
        #[command(flatten)]
        wanted: Wanted,
    },
    /// Print the folder of the journal
    Path,
}

/// Which actions are listed, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct Listing {
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
    /// Which actions.
    #[command(flatten)]
    pub wanted: Wanted,
}

/// Which actions of the journal are asked for. `--engine` and `--user` narrow them down too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Which actions")]
pub struct Wanted {
    /// Begun then or later: 2026-11-21, 2026-11-21T02:00, or 8h and 3d for how long ago
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<Timestamp>,
    /// With this profile
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// What was done, such as retry or cancel
    #[arg(long, value_name = "WORD")]
    pub verb: Option<String>,
    /// Only what failed, is not known, was never finished or has to be looked at
    #[arg(long)]
    pub failed: bool,
    /// Only this action, with all of its targets
    #[arg(long, value_name = "ID")]
    pub action: Option<String>,
}

impl Wanted {
    fn filter(self, options: Options) -> Filter {
        let Self { since, profile, verb, failed, action } = self;
        Filter { since, engine: options.engine, profile, verb, user: options.user, failed, action }
    }
}

pub(super) fn run(arguments: Arguments, options: Options, environment: &Environment) -> Result<u8, Failure> {
    // Before another command they would be taken for its own, and do nothing.
    if arguments.command.is_some() && arguments.list != Listing::default() {
        return Err(Failure::usage("--json, --since, --profile, --verb, --failed and --action belong behind the command: bpmtop journal export --failed"));
    }
    let overrides = Overrides { config: options.config.clone(), ..Overrides::default() };
    let folder = Config::load(environment, &overrides)?.journal_folder(environment);
    let folder = folder.ok_or_else(|| Failure::usage("there is no home folder to keep a journal in; name a folder in [journal] or BPMTOP_JOURNAL"))?;
    match arguments.command.unwrap_or(Command::List(arguments.list)) {
        Command::List(Listing { json, wanted }) => give(&journal::list(&folder, &wanted.filter(options), json)?),
        Command::Verify { head } => give(&journal::verify(&folder, head.as_deref())?),
        Command::Export { format, wanted } => give(&journal::export(&folder, &wanted.filter(options), format)?),
        Command::Path => print(&format!("{}\n", folder.display())),
    }
}

fn since(text: &str) -> Result<Timestamp, String> {
    journal::since(text, &Zoned::now())
}

fn head(text: &str) -> Result<String, String> {
    let is_hash = (12..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { Ok(text.to_owned()) } else { Err("write the 12 to 64 hex digits of a head".to_owned()) }
}
