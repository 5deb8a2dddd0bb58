//! `bpmtop doctor`: what works, what does not, and the way out, a line each. Reads only.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::once::{Deadline, patient};
use super::refused_logins::{Attempt, RefusedLogins};
use super::{Extent, Printed, Request};
use crate::config::{Connection, Login as ConfiguredLogin, Target};
use crate::engine::version::Certainty;
use crate::engine::{Client, CountQuestion, EngineError, HistoricIncidentFilter, IncidentFilter, Login};
use crate::model::history::HistoryLevel;
use crate::model::rights::{Right, Rights};
use crate::session::{Session, Stop, async_runtime, login, options, setup};
use crate::text::{age, safe};
use crate::theme::{Depth, Symbols, UNICODE};

/// Clock differences from which on ages would mislead.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(5);

/// Requests that measure the latency.
const PROBES: usize = 5;

/// A median latency from which on the screen feels slow.
const SLOW: Duration = Duration::from_millis(500);

/// The subject of the check that proves the login.
const LOGIN: &str = "login";

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Works, with something to know.
    Warning,
    /// Does not work.
    Failed,
    /// Could not be found out.
    Unknown,
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub subject: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found.
    pub finding: String,
    /// The way out, where one is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Whether the engine did not answer what was asked for it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unread: bool,
}

impl Check {
    fn ok(subject: &'static str, finding: impl Into<String>) -> Self {
        Self { subject, verdict: Verdict::Ok, finding: finding.into(), remedy: None, unread: false }
    }

    fn of(subject: &'static str, verdict: Verdict, finding: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { subject, verdict, finding: finding.into(), remedy: Some(remedy.into()), unread: false }
    }

    fn failed(subject: &'static str, error: &EngineError) -> Self {
        Self { unread: true, ..Self::of(subject, Verdict::Failed, error.to_string(), error.remedy()) }
    }
}

/// Examines a session and returns the report.
///
/// # Errors
///
/// When not even the examination can begin: no engine is named, or the password source fails.
pub fn run(session: &Session, request: Request) -> Result<Printed, Stop> {
    let Target::Connect(connection) = &session.target else { return Err(Stop::Setup(anyhow::anyhow!("no engine is named"))) };
    let mut checks = vec![configuration(session, connection), terminal()];
    let runtime = async_runtime().map_err(Stop::setup)?;
    let mut extent = Extent::Nothing;
    match ready(connection, request.retry_login) {
        Ok((client, login)) => {
            let examined = runtime.block_on(async {
                let deadline = Deadline::of(session);
                let examined = deadline.within(engine(connection, &client, &mut checks)).await;
                if examined.is_none() {
                    checks.push(Check::of(
                        "examination",
                        Verdict::Failed,
                        format!("INCOMPLETE: {}", deadline.words()),
                        "what stands above was found out before",
                    ));
                }
                examined
            });
            extent = match examined {
                Some(false) => Extent::Nothing,
                Some(true) if !checks.iter().any(|check| check.unread) => Extent::Whole,
                Some(true) => Extent::Part,
                None if checks.iter().any(|check| check.subject == LOGIN && check.verdict == Verdict::Ok) => Extent::Part,
                None => Extent::Nothing,
            };
            remember(connection, &login, extent != Extent::Nothing, &mut checks);
        }
        Err(check) => checks.push(check),
    }
    runtime.shutdown_timeout(Duration::from_millis(50));
    let text = if request.json { format!("{}\n", serde_json::to_string_pretty(&checks).map_err(Stop::setup)?) } else { report(&checks) };
    Ok(Printed { text, extent })
}

fn report(checks: &[Check]) -> String {
    let mut out = String::new();
    for check in checks {
        let mark = match check.verdict {
            Verdict::Ok => "ok     ",
            Verdict::Warning => "WARNING",
            Verdict::Failed => "FAILED ",
            Verdict::Unknown => "unknown",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{mark}  {:<14}{}", check.subject, check.finding);
        if let Some(remedy) = &check.remedy {
            let _ = writeln!(out, "{:>9}{:<14}{remedy}", "", "");
        }
    }
    out
}

fn configuration(session: &Session, connection: &Connection) -> Check {
    let file = session.config.file.as_ref().map_or_else(|| "no file".to_owned(), |file| file.display().to_string());
    let profile = connection.profile_name.as_ref().map_or_else(|| "no profile".to_owned(), |name| format!("profile {}", safe(name)));
    let finding = format!("{file}, {profile}");
    match session.warnings.as_slice() {
        [] => Check::ok("configuration", finding),
        warnings => Check::of("configuration", Verdict::Warning, finding, warnings.join("; ")),
    }
}

fn terminal() -> Check {
    let term = std::env::var("TERM").unwrap_or_default();
    let colours = match Depth::of_terminal() {
        Depth::Colourless => "no colours",
        Depth::Ansi16 => "16 colours",
        Depth::Ansi256 => "256 colours",
        Depth::TrueColor => "all colours",
    };
    let unicode = Symbols::choose(None) == &UNICODE;
    let letters = if unicode { "UTF-8" } else { "ASCII only" };
    let size = crossterm::terminal::size().map_or_else(|_| "size unknown".to_owned(), |(columns, rows)| format!("{columns}x{rows}"));
    let finding = format!("TERM={}, {colours}, {letters}, {size}", safe(&term));
    if crate::runtime::require_terminal().is_err() {
        return Check::of("terminal", Verdict::Warning, format!("{finding}; not a terminal"), "the cockpit needs one; scripts use `bpmtop snapshot --json`");
    }
    if unicode {
        Check::ok("terminal", finding)
    } else {
        Check::of("terminal", Verdict::Warning, finding, "set LANG to a UTF-8 locale, such as C.UTF-8, for sparklines and names")
    }
}

/// A client with its login; a check that failed where there is none, or where the login was refused a while ago.
fn ready(connection: &Connection, retry_login: bool) -> Result<(Client, Login), Check> {
    let stopped = |stop: Stop| {
        let (Stop::Setup(error) | Stop::Engine(error)) = stop;
        Check::of("credentials", Verdict::Failed, format!("{error:#}"), "nothing was sent to the engine")
    };
    let Some(login) = login(connection).map_err(stopped)? else {
        let finding = "there is no password for this user";
        return Err(Check::of("credentials", Verdict::Failed, finding, "set BPMTOP_PASSWORD, use --password-stdin, or name a source in the profile"));
    };
    if let Some(attempt) = Attempt::new(connection.url.as_str(), connection.engine_name.as_deref(), &login).filter(|_| !retry_login) {
        let now = Timestamp::now();
        if let Ok(Some(refused)) = RefusedLogins::of_this_user().refused_at(&attempt, now) {
            let refusal = attempt.refusal(refused, now, &TimeZone::system(), "bpmtop doctor");
            return Err(Check::of("login", Verdict::Failed, refusal, "nothing was sent to the engine"));
        }
    }
    let setup = setup(connection, patient(options(connection).map_err(stopped)?), login.clone()).map_err(stopped)?;
    Ok((setup.client, login))
}

/// Keeps in mind how the login ended, for the next headless command.
fn remember(connection: &Connection, login: &Login, readable: bool, checks: &mut Vec<Check>) {
    let Some(attempt) = Attempt::new(connection.url.as_str(), connection.engine_name.as_deref(), login) else { return };
    let refused_now = checks.iter().any(|check| check.subject == LOGIN && check.verdict == Verdict::Failed);
    let logins = RefusedLogins::of_this_user();
    let remembered = match (readable, refused_now) {
        (true, _) => logins.forget(&attempt),
        (false, true) => logins.remember(&attempt, Timestamp::now()),
        (false, false) => Ok(()),
    };
    if let Err(warning) = remembered {
        checks.push(Check::of("login memory", Verdict::Warning, warning, "a refused login will be tried again by the next command"));
    }
}

/// Examines the engine; false if it cannot be read.
async fn engine(connection: &Connection, client: &Client, checks: &mut Vec<Check>) -> bool {
    if let Some(check) = address(connection).await {
        checks.push(check);
    }
    match client.engines().await {
        Ok(answer) => {
            let names: Vec<String> = answer.data.iter().map(ToString::to_string).collect();
            checks.push(Check::ok("connection", format!("answers in {} ms", answer.elapsed.as_millis())));
            checks.push(engine_name(connection, &names));
        }
        // Some proxies and hardened installations close this one path; the login tells whether there is an engine.
        Err(error) if error.stops_polling() => {}
        Err(error) => {
            checks.push(Check::failed("connection", &error));
            if let Some(hint) = &connection.hint {
                checks.push(Check::of("address", Verdict::Warning, connection.url.to_string(), hint.clone()));
            }
            return false;
        }
    }
    let version = match client.identify().await {
        Ok(answer) => answer,
        Err(error) => {
            let subject = if error.stops_polling() { LOGIN } else { "version" };
            checks.push(Check::failed(subject, &error));
            return false;
        }
    };
    let user = client_user(connection);
    checks.push(Check::ok(LOGIN, user.map_or_else(|| "none needed".to_owned(), |user| format!("accepted for {}", safe(&user)))));
    checks.push(match version.data.certainty {
        Certainty::Known => Check::ok("version", version.data.to_string()),
        Certainty::Assumed => {
            Check::of("version", Verdict::Warning, version.data.to_string(), "newer than what bpmtop was tried with; a newer bpmtop may know it")
        }
    });
    checks.push(clock(version.engine_time));
    checks.push(latency(client).await);
    let rights = rights(client, checks).await;
    checks.push(history(client, rights.has(Right::ReadHistory)).await);
    true
}

fn client_user(connection: &Connection) -> Option<String> {
    match &connection.login {
        ConfiguredLogin::None => None,
        ConfiguredLogin::Basic { user, .. } | ConfiguredLogin::PromptNeeded { user } => Some(user.clone()),
        ConfiguredLogin::Bearer { .. } => Some("the bearer token".to_owned()),
    }
}

async fn address(connection: &Connection) -> Option<Check> {
    let host = connection.url.host_str()?.to_owned();
    let port = connection.url.port_or_known_default()?;
    match tokio::net::lookup_host((host.as_str(), port)).await {
        Ok(addresses) => {
            let addresses: Vec<String> = addresses.map(|address| address.ip().to_string()).collect();
            Some(Check::ok("name", format!("{} is {}", safe(&host), addresses.join(", "))))
        }
        Err(_) => Some(Check::of(
            "name",
            Verdict::Warning,
            format!("{} has no address here", safe(&host)),
            "fine if a proxy resolves it; otherwise check the name and the DNS",
        )),
    }
}

fn engine_name(connection: &Connection, names: &[String]) -> Check {
    let all = names.join(", ");
    match &connection.engine_name {
        None if names.len() > 1 => {
            Check::of("engine", Verdict::Warning, format!("the default one of {all}"), "name another with --engine NAME, or engine = \"NAME\" in the profile")
        }
        None => Check::ok("engine", all),
        Some(name) if names.contains(name) => Check::ok("engine", format!("{} of {all}", safe(name))),
        Some(name) => Check::of("engine", Verdict::Failed, format!("there is no {}", safe(name)), format!("these exist: {all}")),
    }
}

fn clock(engine: Option<Timestamp>) -> Check {
    let Some(engine) = engine else {
        return Check::of("clock", Verdict::Unknown, "the answers carry no date", "ages are told by this machine's clock");
    };
    let offset = engine.duration_since(Timestamp::now());
    let apart = Duration::try_from(offset.abs()).unwrap_or_default();
    if offset.abs() < CLOCK_SKEW {
        Check::ok("clock", "agrees with this machine's")
    } else {
        let direction = if offset.is_positive() { "ahead of" } else { "behind" };
        Check::of("clock", Verdict::Warning, format!("{} {direction} this machine's", age(apart)), "ages are shown by the engine's clock; check NTP on both")
    }
}

async fn latency(client: &Client) -> Check {
    let mut times = Vec::new();
    for _ in 0..PROBES {
        match client.version().await {
            Ok(answer) => times.push(answer.elapsed),
            Err(error) => return Check::failed("latency", &error),
        }
    }
    times.sort();
    let median = times[times.len() / 2];
    let finding = format!("{} ms at best, {} ms in the middle, of {PROBES} requests", times[0].as_millis(), median.as_millis());
    if median < SLOW {
        Check::ok("latency", finding)
    } else {
        Check::of("latency", Verdict::Warning, finding, "figures will be refreshed less often; keys are not slowed by it")
    }
}

async fn rights(client: &Client, checks: &mut Vec<Check>) -> Rights {
    let mut rights = Rights::default();
    for right in Right::ALL {
        let answer = client.may(*right).await;
        if let Ok(answer) = &answer {
            rights.note(*right, answer.data);
        }
        checks.push(match answer {
            Ok(answer) if answer.data => Check::ok("permission", right.to_string()),
            Ok(_) => Check::of("permission", Verdict::Warning, right.not_granted(), right.without_it()),
            Err(error) => Check { unread: true, ..Check::of("permission", Verdict::Unknown, format!("{right}: {error}"), error.remedy()) },
        });
    }
    rights
}

/// The history level, as far as it can be told.
async fn history(client: &Client, may_read: Option<bool>) -> Check {
    let open = client.count(&CountQuestion::Incidents(IncidentFilter::default())).await;
    let known = client.count(&CountQuestion::HistoricIncidents(HistoricIncidentFilter { only_open: true, ..HistoricIncidentFilter::default() })).await;
    match (open, known) {
        (Ok(open), Ok(known)) => history_check(open.data, known.data, may_read),
        (Err(error), _) | (_, Err(error)) => Check::failed("history", &error),
    }
}

fn history_check(open: u64, known: u64, may_read: Option<bool>) -> Check {
    let none = format!("it knows none of {open} open incidents");
    match HistoryLevel::infer(open, known, may_read) {
        HistoryLevel::Full => Check::ok("history", format!("full: it knows {known} of {open} open incidents")),
        HistoryLevel::BelowFull => Check::of(
            "history",
            Verdict::Warning,
            format!("{none}: the level is below full"),
            "trends, earlier incidents and who retried what stay hidden; set historyLevel full in the engine to have them",
        ),
        HistoryLevel::Hidden => {
            Check::of("history", Verdict::Warning, "hidden: READ_HISTORY is missing", "trends, earlier incidents and who retried what stay hidden")
        }
        HistoryLevel::Unknown if open > 0 => {
            Check::of("history", Verdict::Warning, format!("{none}: the level is below full, or READ_HISTORY is missing"), "ask who runs the engine for both")
        }
        HistoryLevel::Unknown => Check::of("history", Verdict::Unknown, "there is no open incident to tell the level by", "look again when there is one"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_line_for_each_check_and_its_remedy_below() {
        let checks = [Check::ok("version", "Camunda 7.24.0"), Check::of("clock", Verdict::Warning, "10 min ahead", "check NTP")];
        assert_eq!(report(&checks), "ok       version       Camunda 7.24.0\nWARNING  clock         10 min ahead\n                       check NTP\n");
    }

    #[test]
    fn a_clock_ten_minutes_off_is_a_warning_and_a_second_is_not() {
        let now = Timestamp::now();
        assert_eq!(clock(Some(now + SignedDuration::from_secs(1))).verdict, Verdict::Ok);
        let ahead = clock(Some(now + SignedDuration::from_mins(10)));
        assert_eq!(ahead.verdict, Verdict::Warning);
        assert!(ahead.finding.contains("ahead of"), "{}", ahead.finding);
        assert_eq!(clock(None).verdict, Verdict::Unknown);
    }

    #[test]
    fn a_history_that_knows_no_open_incident_is_blamed_on_the_right_or_on_the_level() {
        assert_eq!(history_check(6, 6, Some(true)).verdict, Verdict::Ok);
        assert!(history_check(6, 0, Some(true)).finding.ends_with("the level is below full"));
        assert_eq!(history_check(6, 0, Some(false)).finding, "hidden: READ_HISTORY is missing");
        assert!(history_check(6, 0, None).finding.contains("below full, or READ_HISTORY"));
        assert_eq!(history_check(0, 0, Some(true)).verdict, Verdict::Unknown);
    }
}
