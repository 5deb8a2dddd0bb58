//! Remembers between two runs which logins an engine refused, so that a scheduled command does not lock the account by asking on.
//!
//! Ten wrong logins lock an account, and a program started every minute would never notice. One small file holds salted digests of the
//! logins that were refused, never the logins themselves. It is a precaution: whatever is wrong with the file is told and stops nothing.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::engine::Login;

/// A refusal is forgotten after this long: the account may have been unlocked, or the password set back.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(6);

/// More refusals than this are not kept; the oldest goes first.
const MOST: usize = 100;

/// A file larger than this is none of ours.
const SIZE_LIMIT: u64 = 256 * 1024;

/// The refused logins of this user of the machine.
#[derive(Debug, Clone)]
pub struct RefusedLogins {
    file: Option<PathBuf>,
}

/// One login at one engine, as it is looked up. It borrows the secret and shows it nowhere.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    address: &'a str,
    engine: Option<&'a str>,
    login: &'a Login,
}

impl<'a> Attempt<'a> {
    /// A login at the REST API of this address and name; `None` where nobody logs in, which no engine counts.
    pub fn new(address: &'a str, engine: Option<&'a str>, login: &'a Login) -> Option<Self> {
        (!matches!(login, Login::None)).then_some(Self { address, engine, login })
    }

    fn account(&self, salt: &str) -> String {
        let user = match self.login {
            Login::None => "",
            Login::Basic { user, .. } => user,
            Login::Bearer(_) => "(token)",
        };
        digest(salt, &["account", self.address, self.engine.unwrap_or_default(), user])
    }

    fn credential(&self, salt: &str) -> String {
        let secret = match self.login {
            Login::None => "",
            Login::Basic { password, .. } => password.expose_secret(),
            Login::Bearer(token) => token.value().expose_secret(),
        };
        digest(salt, &["credential", &self.account(salt), secret])
    }

    fn noun(&self) -> (&'static str, &'static str) {
        if matches!(self.login, Login::Bearer(_)) { ("token", "token") } else { ("login", "password") }
    }

    /// What to say instead of asking the engine. `command` is what the operator typed, such as `bpmtop snapshot`.
    pub fn refusal(&self, at: Timestamp, now: Timestamp, zone: &TimeZone, command: &str) -> String {
        let (login, secret) = self.noun();
        let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
        let moment = if at.date() == now.date() { at.strftime("%H:%M") } else { at.strftime("%H:%M on %Y-%m-%d") };
        format!(
            "this {login} was refused at {moment}; not tried again, since ten wrong logins lock the account; change the {secret} or run `{command} --retry-login`"
        )
    }
}

/// Parts are framed by their length, so that no two logins can run into the same text.
fn digest(salt: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in std::iter::once(&salt).chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Debug, Serialize, Deserialize)]
struct Book {
    salt: String,
    refused: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    account: String,
    credential: String,
    at: Timestamp,
}

impl Book {
    fn new() -> Result<Self, String> {
        let mut salt = [0; 16];
        let random = rustls::crypto::ring::default_provider().secure_random;
        random.fill(&mut salt).map_err(|_| "the system gives no random numbers".to_owned())?;
        Ok(Self { salt: hex(&salt), refused: Vec::new() })
    }

    fn drop_account(&mut self, attempt: &Attempt<'_>) {
        let account = attempt.account(&self.salt);
        self.refused.retain(|entry| entry.account != account);
    }
}

impl RefusedLogins {
    /// Those in the platform's folder for state, or for caches where there is none.
    pub fn of_this_user() -> Self {
        let folders = directories::ProjectDirs::from("", "", "bpmtop");
        let folder = folders.map(|folders| folders.state_dir().unwrap_or_else(|| folders.cache_dir()).to_path_buf());
        Self { file: folder.map(|folder| folder.join("refused-logins.json")) }
    }

    /// Those in this file, which need not exist.
    pub fn in_file(path: PathBuf) -> Self {
        Self { file: Some(path) }
    }

    /// When this very login was refused, if that was within the last hours.
    ///
    /// # Errors
    ///
    /// A warning to show: the file cannot be read or understood.
    pub fn refused_at(&self, attempt: &Attempt<'_>, now: Timestamp) -> Result<Option<Timestamp>, String> {
        let Some(book) = self.read()? else { return Ok(None) };
        let credential = attempt.credential(&book.salt);
        Ok(book.refused.iter().filter(|entry| entry.credential == credential).map(|entry| entry.at).find(|at| is_remembered(*at, now)))
    }

    /// Remembers that this login was refused, in place of an earlier one of the same user.
    ///
    /// # Errors
    ///
    /// A warning to show: the file cannot be written.
    pub fn remember(&self, attempt: &Attempt<'_>, now: Timestamp) -> Result<(), String> {
        // A file that cannot be understood is of no use to anyone: it is replaced.
        let mut book = match self.read().ok().flatten() {
            Some(book) => book,
            None => Book::new().map_err(|reason| self.unwritable(&reason))?,
        };
        book.drop_account(attempt);
        book.refused.retain(|entry| is_remembered(entry.at, now));
        let excess = book.refused.len().saturating_sub(MOST - 1);
        book.refused.drain(..excess);
        book.refused.push(Entry { account: attempt.account(&book.salt), credential: attempt.credential(&book.salt), at: now });
        self.write(&book)
    }

    /// Forgets what was refused to this user, after a login that was accepted.
    ///
    /// # Errors
    ///
    /// A warning to show: the file cannot be written.
    pub fn forget(&self, attempt: &Attempt<'_>) -> Result<(), String> {
        let Ok(Some(mut book)) = self.read() else { return Ok(()) };
        let known = book.refused.len();
        book.drop_account(attempt);
        if book.refused.len() == known { Ok(()) } else { self.write(&book) }
    }

    fn read(&self) -> Result<Option<Book>, String> {
        let Some(path) = &self.file else { return Ok(None) };
        let warning =
            |reason: &str| format!("cannot read {}, which remembers refused logins ({reason}); a wrong password may be tried again and again", path.display());
        match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(warning(&error.to_string())),
            // A pipe would be waited for.
            Ok(known) if !known.is_file() || known.len() > SIZE_LIMIT => return Err(warning("it is no file of bpmtop")),
            Ok(_) => {}
        }
        let text = std::fs::read(path).map_err(|error| warning(&error.to_string()))?;
        serde_json::from_slice(&text).map(Some).map_err(|_| warning("it is damaged"))
    }

    fn write(&self, book: &Book) -> Result<(), String> {
        let Some(path) = &self.file else { return Err(self.unwritable("there is no home folder")) };
        let folder = path.parent().unwrap_or(Path::new("."));
        let written = create_private_folder(folder).and_then(|()| {
            // Made beside its target and readable by its owner alone: whoever reads meanwhile sees the old file or the new one.
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(&serde_json::to_vec(book)?)?;
            file.persist(path).map(drop).map_err(|error| error.error)
        });
        written.map_err(|error| self.unwritable(&error.to_string()))
    }

    fn unwritable(&self, reason: &str) -> String {
        let place = self.file.as_ref().map_or_else(String::new, |path| format!(" in {}", path.display()));
        format!("cannot remember refused logins{place} ({reason}); a wrong password may be tried again and again")
    }
}

fn is_remembered(at: Timestamp, now: Timestamp) -> bool {
    // A moment in the future comes from a clock that was set back, and could block a login for years.
    let age = now.duration_since(at);
    !age.is_negative() && age < REMEMBERED
}

fn create_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Token;

    const URL: &str = "http://h/engine-rest";

    fn basic(user: &str, password: &str) -> Login {
        Login::Basic { user: user.to_owned(), password: password.into() }
    }

    fn attempt(login: &Login) -> Attempt<'_> {
        Attempt::new(URL, None, login).expect("a login")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    fn fresh() -> (tempfile::TempDir, RefusedLogins) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("state").join("refused-logins.json");
        (folder, RefusedLogins::in_file(file))
    }

    #[test]
    fn the_same_login_is_remembered_for_hours_and_no_longer() {
        let (_folder, book) = fresh();
        let login = basic("ann", "hunter2");
        let refused = at("2026-01-01T02:11:00Z");
        assert_eq!(book.refused_at(&attempt(&login), refused), Ok(None));
        book.remember(&attempt(&login), refused).expect("written");
        assert_eq!(book.refused_at(&attempt(&login), at("2026-01-01T08:10:59Z")), Ok(Some(refused)));
        assert_eq!(book.refused_at(&attempt(&login), at("2026-01-01T08:11:00Z")), Ok(None));
        assert_eq!(book.refused_at(&attempt(&login), at("2026-01-01T02:10:59Z")), Ok(None), "a clock that was set back");
    }

    #[test]
    fn another_password_user_address_or_engine_is_another_login() {
        let (_folder, book) = fresh();
        let login = basic("ann", "hunter2");
        let now = at("2026-01-01T02:11:00Z");
        book.remember(&attempt(&login), now).expect("written");
        for other in [basic("ann", "hunter3"), basic("bob", "hunter2"), basic("annh", "unter2"), Login::Bearer(Token::fixed("hunter2".into()))] {
            assert_eq!(book.refused_at(&attempt(&other), now), Ok(None), "{other:?}");
        }
        assert_eq!(book.refused_at(&Attempt::new("http://other/engine-rest", None, &login).expect("a login"), now), Ok(None));
        assert_eq!(book.refused_at(&Attempt::new(URL, Some("two"), &login).expect("a login"), now), Ok(None));
        assert!(Attempt::new(URL, None, &Login::None).is_none());
    }

    #[test]
    fn a_changed_password_and_a_success_forget_what_was_refused_before() {
        let (_folder, book) = fresh();
        let (old, new) = (basic("ann", "old"), basic("ann", "new"));
        let now = at("2026-01-01T02:11:00Z");
        let others = basic("bob", "x");
        book.remember(&attempt(&others), now).expect("written");
        book.remember(&attempt(&old), now).expect("written");
        book.remember(&attempt(&new), now).expect("written");
        assert_eq!(book.refused_at(&attempt(&old), now), Ok(None));
        book.forget(&attempt(&old)).expect("written");
        assert_eq!(book.refused_at(&attempt(&new), now), Ok(None));
        assert_eq!(book.refused_at(&attempt(&others), now), Ok(Some(now)));
    }

    #[test]
    fn the_file_holds_no_login_and_is_salted() {
        let texts = [(); 2].map(|()| {
            let (folder, book) = fresh();
            book.remember(&attempt(&basic("ann", "hunter2")), at("2026-01-01T02:11:00Z")).expect("written");
            std::fs::read_to_string(folder.path().join("state/refused-logins.json")).expect("a file")
        });
        assert!(!texts[0].contains("hunter2") && !texts[0].contains("ann") && !texts[0].contains("engine-rest"), "{}", texts[0]);
        assert_ne!(texts[0], texts[1]);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, book) = fresh();
        book.remember(&attempt(&basic("ann", "hunter2")), at("2026-01-01T02:11:00Z")).expect("written");
        let mode = |path: &str| std::fs::metadata(folder.path().join(path)).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode("state"), mode("state/refused-logins.json")), (0o700, 0o600));
    }

    #[test]
    fn a_damaged_file_is_told_and_replaced() {
        let (folder, book) = fresh();
        let login = basic("ann", "hunter2");
        let now = at("2026-01-01T02:11:00Z");
        std::fs::create_dir(folder.path().join("state")).expect("a folder");
        std::fs::write(folder.path().join("state/refused-logins.json"), "{\"salt\":").expect("written");
        assert!(book.refused_at(&attempt(&login), now).expect_err("damaged").contains("it is damaged"));
        assert_eq!(book.forget(&attempt(&login)), Ok(()));
        book.remember(&attempt(&login), now).expect("written");
        assert_eq!(book.refused_at(&attempt(&login), now), Ok(Some(now)));
    }

    #[test]
    fn a_place_that_cannot_be_written_is_a_warning() {
        let (folder, _) = fresh();
        let login = basic("ann", "hunter2");
        let now = at("2026-01-01T02:11:00Z");
        std::fs::write(folder.path().join("plain"), "").expect("written");
        let below_a_file = RefusedLogins::in_file(folder.path().join("plain/refused-logins.json"));
        assert!(below_a_file.remember(&attempt(&login), now).expect_err("no folder").contains("cannot remember"));
        let a_folder = RefusedLogins::in_file(folder.path().to_path_buf());
        assert!(a_folder.refused_at(&attempt(&login), now).expect_err("a folder").contains("no file of bpmtop"));
        let nowhere = RefusedLogins { file: None };
        assert_eq!(nowhere.refused_at(&attempt(&login), now), Ok(None));
        assert!(nowhere.remember(&attempt(&login), now).is_err());
    }

    #[test]
    fn only_the_newest_refusals_are_kept() {
        let (_folder, book) = fresh();
        let now = at("2026-01-01T02:11:00Z");
        for user in 0..MOST + 5 {
            book.remember(&attempt(&basic(&user.to_string(), "x")), now).expect("written");
        }
        assert_eq!(book.read().expect("readable").expect("a file").refused.len(), MOST);
        assert_eq!(book.refused_at(&attempt(&basic("4", "x")), now), Ok(None));
        assert_eq!(book.refused_at(&attempt(&basic("5", "x")), now), Ok(Some(now)));
    }

    #[test]
    fn the_refusal_names_moment_reason_and_way_out() {
        let (login, token) = (basic("ann", "hunter2"), Login::Bearer(Token::fixed("hunter2".into())));
        let (then, now) = (at("2026-01-01T02:11:00Z"), at("2026-01-01T03:00:00Z"));
        assert_eq!(
            attempt(&login).refusal(then, now, &TimeZone::UTC, "bpmtop snapshot"),
            "this login was refused at 02:11; not tried again, since ten wrong logins lock the account; change the password or run `bpmtop snapshot --retry-login`"
        );
        let of_a_token = attempt(&token).refusal(then, at("2026-01-02T03:00:00Z"), &TimeZone::UTC, "bpmtop snapshot");
        assert!(of_a_token.starts_with("this token was refused at 02:11 on 2026-01-01;"), "{of_a_token}");
        assert!(of_a_token.contains("change the token"), "{of_a_token}");
    }
}
