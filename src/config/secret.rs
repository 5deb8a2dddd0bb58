//! Where a secret comes from (a password, a token, a header's value), and fetching it from there at the moment of connecting.
//!
//! No secret is fetched while the configuration is validated: a password command may ask for a finger on a key, and `config check`
//! must not. Nothing here shows a secret, nor what a command printed.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use secrecy::SecretString;

use super::input;
use super::problem::{ConfigError, safe};

/// How long a command that gives a secret may take. Long enough to type a passphrase or touch a key.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);

/// The most a file or command may give, in bytes.
const SIZE_LIMIT: u64 = 64 * 1024;

/// What a secret is for, which decides what it is called in errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// The password of the engine's user.
    Password,
    /// The bearer token for the engine.
    Token,
    /// The password of the proxy's user.
    ProxyPassword,
    /// The value of the extra header of this name.
    Header(String),
}

impl Purpose {
    fn noun(&self) -> &'static str {
        match self {
            Self::Password | Self::ProxyPassword => "password",
            Self::Token => "token",
            Self::Header(_) => "value",
        }
    }

    /// The key that names a source of this kind: `env`, `file` or `command`.
    fn key(&self, kind: &str) -> String {
        match self {
            Self::Password => format!("password_{kind}"),
            Self::Token => format!("token_{kind}"),
            Self::ProxyPassword => format!("proxy_password_{kind}"),
            Self::Header(name) => format!("{kind} of the header {}", safe(name)),
        }
    }
}

/// The place a secret comes from. `Debug` never shows the secret.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// The environment variable of this name.
    Env(String),
    /// The first line of this file.
    File(PathBuf),
    /// The first line this program prints; the program comes first, its arguments follow. No shell is involved.
    Command(Vec<String>),
    /// The secret itself: from the configuration in clear text, from `BPMTOP_PASSWORD` or `BPMTOP_TOKEN`, or from standard input.
    Given(SecretString),
}

impl SecretSource {
    /// Fetches the secret. Blocks for as long as a command takes, one minute at most; call it first before the terminal is taken
    /// over, since such a command may want to ask for a passphrase.
    ///
    /// # Errors
    ///
    /// The variable is unset, the file unreadable, the command failing or too slow, or the secret empty.
    pub fn resolve(&self, purpose: &Purpose) -> Result<SecretString, ConfigError> {
        match self {
            Self::Given(secret) => Ok(secret.clone()),
            Self::Env(name) => match std::env::var(name) {
                Ok(secret) if !secret.is_empty() => Ok(secret.into()),
                _ => Err(failed(format!("the variable {} named by {} is not set; export it and start again", safe(name), purpose.key("env")))),
            },
            Self::File(path) => {
                let place = format!("{} {}", purpose.key("file"), safe(&path.display().to_string()));
                first_line(input::read(path, SIZE_LIMIT, COMMAND_LIMIT), &place, purpose)
            }
            Self::Command(words) => run(words, COMMAND_LIMIT, purpose),
        }
    }
}

fn failed(message: String) -> ConfigError {
    ConfigError::Secret(message)
}

fn read_limited(source: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(SIZE_LIMIT).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The secret is the first line, as the password stores of this world keep notes below it.
fn first_line(read: std::io::Result<Vec<u8>>, place: &str, purpose: &Purpose) -> Result<SecretString, ConfigError> {
    let bytes = read.map_err(|error| failed(format!("cannot read {place}: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| failed(format!("{place} gives no UTF-8 text")))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.into()),
        _ => Err(failed(format!("{place} gives an empty first line where the {} should be", purpose.noun()))),
    }
}

fn run(words: &[String], limit: Duration, purpose: &Purpose) -> Result<SecretString, ConfigError> {
    // Only the program is named in errors: its arguments may hold what must not be shown.
    let key = purpose.key("command");
    let place = format!("{key} {}", safe(words.first().map_or("", String::as_str)));
    let (program, arguments) = words.split_first().ok_or_else(|| failed(format!("{key} is empty")))?;
    let deadline = Instant::now() + limit;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(format!("cannot start {place}: {error}")))?;
    let (sender, receiver) = mpsc::channel();
    let output = child.stdout.take();
    // A thread of its own, because a read cannot be given a deadline; it ends when the pipe closes.
    std::thread::spawn(move || sender.send(output.map_or_else(|| Ok(Vec::new()), read_limited)));
    let received = receiver.recv_timeout(limit);
    let Some(status) = wait_until(&mut child, deadline) else {
        return Err(failed(format!("{place} did not finish within {} s; run it by hand to see what it waits for", limit.as_secs_f32())));
    };
    if !status.success() {
        return Err(failed(format!("{place} failed ({status}); run it by hand to see why")));
    }
    match received {
        Ok(read) => first_line(read, &place, purpose),
        Err(_) => Err(failed(format!("{place} left its output open; it must not start a background program"))),
    }
}

/// The exit status, or `None` when the deadline passed and the program was killed.
fn wait_until(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            _ => {
                // Killing may fail only when the program is already gone; waiting reaps it either way.
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn shell(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    fn error_of(source: SecretSource) -> String {
        source.resolve(&Purpose::Password).unwrap_err().to_string()
    }

    #[test]
    fn a_command_gives_its_first_line_without_the_line_end() {
        for script in ["printf 's3cret\\nnotes: none\\n'", "printf 's3cret\\r\\n'", "printf s3cret"] {
            assert_eq!(SecretSource::Command(shell(script)).resolve(&Purpose::Password).unwrap().expose_secret(), "s3cret");
        }
    }

    #[test]
    fn spaces_in_a_password_are_kept() {
        assert_eq!(SecretSource::Command(shell("echo ' a b '")).resolve(&Purpose::Password).unwrap().expose_secret(), " a b ");
    }

    #[test]
    fn a_failing_command_shows_neither_its_output_nor_its_arguments() {
        let error = error_of(SecretSource::Command(shell("echo hunter2; echo hunter2 >&2; exit 3")));
        assert!(error.contains("password_command sh failed") && error.contains('3'), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_slow_command_is_ended() {
        let begun = Instant::now();
        let error = run(&["sleep".to_owned(), "20".to_owned()], Duration::from_millis(80), &Purpose::Password).unwrap_err().to_string();
        assert!(error.contains("did not finish within 0.08 s"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_command_that_does_not_exist_or_says_nothing_is_named() {
        assert!(error_of(SecretSource::Command(vec!["no-such-program-here".to_owned()])).contains("cannot start password_command no-such-program-here"));
        assert!(error_of(SecretSource::Command(vec!["true".to_owned()])).contains("empty first line"));
    }

    #[test]
    fn a_file_gives_its_first_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "from file\n").unwrap();
        assert_eq!(SecretSource::File(path).resolve(&Purpose::Password).unwrap().expose_secret(), "from file");
        assert!(error_of(SecretSource::File(folder.path().join("missing"))).contains("cannot read password_file"));
    }

    #[test]
    fn an_unset_variable_is_named() {
        assert!(error_of(SecretSource::Env("BPMTOP_TEST_UNSET".to_owned())).contains("the variable BPMTOP_TEST_UNSET"));
    }

    #[test]
    fn an_error_names_the_key_of_its_own_purpose() {
        let missing = SecretSource::Env("BPMTOP_TEST_UNSET".to_owned());
        for (purpose, key) in
            [(Purpose::Token, "token_env"), (Purpose::ProxyPassword, "proxy_password_env"), (Purpose::Header("X-Key".to_owned()), "env of the header X-Key")]
        {
            let error = missing.resolve(&purpose).unwrap_err().to_string();
            assert!(error.contains(&format!("named by {key} is not set")), "{error}");
        }
    }

    #[test]
    fn debug_output_hides_a_given_secret() {
        assert!(!format!("{:?}", SecretSource::Given("hunter2".into())).contains("hunter2"));
    }
}
