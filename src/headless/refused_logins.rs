//! Remembers between two runs which logins an engine refused, so that a scheduled command does not lock the account by asking on.
//!
//! Ten wrong logins lock an account, and a program started every minute would never notice. One small file tells which user at which engine was
//! refused, how often, and until when it is not tried again: a minute at first, longer each time the very same login is refused again.
//!
//! What was refused may be the right password all the same, for the account may have been locked, or nearly the right one. So the file holds nothing
//! by which a password could be found: to tell a changed password from the old one there are twelve bits of a slow, salted digest. One of 4,096
//! other passwords has the same, so that who reads the file and tries all there are can tell none of them for the one; and a changed password is
//! tried at once, but for one of 4,096, which waits. It is a precaution: whatever is wrong with the file is told and stops nothing.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::engine::Login;

/// For how many minutes a login is not tried again, the first time it is refused, the second time and so on. Ten attempts take two days.
const MINUTES: [i64; 9] = [1, 5, 15, 60, 180, 360, 360, 720, 1_440];

/// A refusal is forgotten this long after it was not tried again for the last time.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// Rounds of the digest of a password: a few tenths of a second, and only where the same user was refused a while ago.
const ROUNDS: std::num::NonZeroU32 = std::num::NonZeroU32::new(400_000).expect("not zero");

/// Of a refused user, so many different passwords are remembered; the oldest goes first.
const OF_A_USER: usize = 5;

/// Of an older version, which kept a fast digest of what was refused.
const OLD_FIELD: &str = "\"credential\"";

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

    /// What tells this password from another one, and nothing more: twelve bits of a slow digest.
    fn check(&self, salt: &str) -> String {
        let secret = match self.login {
            Login::None => "",
            Login::Basic { password, .. } => password.expose_secret(),
            Login::Bearer(token) => token.value().expose_secret(),
        };
        let mut slow = [0; 32];
        ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, self.account(salt).as_bytes(), secret.as_bytes(), &mut slow);
        hex(&slow[..2])[..3].to_owned()
    }

    fn noun(&self) -> (&'static str, &'static str) {
        if matches!(self.login, Login::Bearer(_)) { ("token", "token") } else { ("login", "password") }
    }

    /// What to say instead of asking the engine. `command` is what the operator typed, such as `bpmtop snapshot`.
    pub fn refusal(&self, refused: Refused, now: Timestamp, zone: &TimeZone, command: &str) -> String {
        let (login, secret) = self.noun();
        let now = now.to_zoned(zone.clone());
        let moment = |at: Timestamp| {
            let at = at.to_zoned(zone.clone());
            if at.date() == now.date() { at.strftime("%H:%M").to_string() } else { at.strftime("%H:%M on %Y-%m-%d").to_string() }
        };
        format!(
            "this {login} was refused at {}; not tried again before {}, since ten wrong logins lock the account; change the {secret} or run `{command} --retry-login`",
            moment(refused.at),
            moment(refused.until)
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

/// When a login was refused last, and until when it is not tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// When.
    pub at: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    account: String,
    check: String,
    /// How often, without a success in between.
    times: usize,
    at: Timestamp,
}

impl Entry {
    fn until(&self) -> Timestamp {
        let minutes = MINUTES[self.times.clamp(1, MINUTES.len()) - 1];
        self.at.saturating_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX)
    }
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

    /// When this very login was refused, if it is not to be tried again yet.
    ///
    /// # Errors
    ///
    /// A warning to show: the file cannot be read or understood.
    pub fn refused_at(&self, attempt: &Attempt<'_>, now: Timestamp) -> Result<Option<Refused>, String> {
        let Some(book) = self.read()? else { return Ok(None) };
        let account = attempt.account(&book.salt);
        let waits = |entry: &&Entry| entry.account == account && is_remembered(entry.at, now) && now < entry.until();
        let waiting: Vec<&Entry> = book.refused.iter().filter(waits).collect();
        if waiting.is_empty() {
            return Ok(None);
        }
        let check = attempt.check(&book.salt);
        Ok(waiting.into_iter().find(|entry| entry.check == check).map(|entry| Refused { at: entry.at, until: entry.until() }))
    }

    /// Remembers that this login was refused, once more if it was before.
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
        book.refused.retain(|entry| is_remembered(entry.at, now));
        let (account, check) = (attempt.account(&book.salt), attempt.check(&book.salt));
        let before = book.refused.iter().position(|entry| entry.account == account && entry.check == check);
        let times = before.map_or(0, |place| book.refused.remove(place).times) + 1;
        let own = book.refused.iter().filter(|entry| entry.account == account).count();
        if own >= OF_A_USER
            && let Some(oldest) = book.refused.iter().position(|entry| entry.account == account)
        {
            book.refused.remove(oldest);
        }
        let excess = book.refused.len().saturating_sub(MOST - 1);
        book.refused.drain(..excess);
        book.refused.push(Entry { account, check, times, at: now });
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
        if String::from_utf8_lossy(&text).contains(OLD_FIELD) {
            // What it holds could tell a password: it goes, whether or not anything else is remembered.
            std::fs::remove_file(path).map_err(|error| warning(&error.to_string()))?;
            return Ok(None);
        }
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
    !age.is_negative() && age < REMEMBERED + SignedDuration::from_mins(MINUTES[MINUTES.len() - 1])
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

    fn minutes_after(start: Timestamp, minutes: i64) -> Timestamp {
        start + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn the_same_login_is_not_tried_for_a_minute_and_longer_each_time_it_is_refused_again() {
        let (_folder, book) = fresh();
        let login = basic("ann", "hunter2");
        let mut now = at("2026-01-01T02:11:00Z");
        assert_eq!(book.refused_at(&attempt(&login), now), Ok(None));
        for minutes in [1, 5, 15, 60] {
            book.remember(&attempt(&login), now).expect("written");
            let until = minutes_after(now, minutes);
            assert_eq!(book.refused_at(&attempt(&login), until - SignedDuration::from_secs(1)), Ok(Some(Refused { at: now, until })));
            assert_eq!(book.refused_at(&attempt(&login), until), Ok(None), "after {minutes} minutes");
            now = until;
        }
        assert_eq!(book.refused_at(&attempt(&login), at("2026-01-01T02:10:59Z")), Ok(None), "a clock that was set back");
        book.forget(&attempt(&login)).expect("written");
        book.remember(&attempt(&login), now).expect("written");
        assert_eq!(book.refused_at(&attempt(&login), minutes_after(now, 1)), Ok(None), "after a success it begins anew");
        let all: i64 = MINUTES.iter().sum();
        assert!(all > 2 * 24 * 60, "ten attempts take {all} minutes");
    }

    #[test]
    fn what_an_older_version_kept_of_passwords_is_removed() {
        let (folder, book) = fresh();
        let login = basic("ann", "hunter2");
        let now = at("2026-01-01T02:11:00Z");
        std::fs::create_dir(folder.path().join("state")).expect("a folder");
        let file = folder.path().join("state/refused-logins.json");
        std::fs::write(&file, r#"{"salt":"ab","refused":[{"account":"c","credential":"d","at":"2026-01-01T02:00:00Z"}]}"#).expect("written");
        assert_eq!(book.refused_at(&attempt(&login), now), Ok(None));
        assert!(!file.exists());
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
    fn a_changed_password_is_tried_at_once_and_a_success_forgets_all_that_was_refused() {
        let (_folder, book) = fresh();
        let (old, new) = (basic("ann", "old"), basic("ann", "new"));
        let now = at("2026-01-01T02:11:00Z");
        let others = basic("bob", "x");
        book.remember(&attempt(&others), now).expect("written");
        (0..4).for_each(|_| book.remember(&attempt(&old), now).expect("written"));
        assert_eq!(book.refused_at(&attempt(&new), now), Ok(None));
        book.remember(&attempt(&new), now).expect("written");
        let still = book.refused_at(&attempt(&old), minutes_after(now, 59)).expect("readable");
        assert_eq!(still.map(|refused| refused.until), Some(minutes_after(now, 60)), "two scripts with two wrong passwords wait each for itself");
        book.forget(&attempt(&old)).expect("written");
        assert_eq!((book.refused_at(&attempt(&new), now), book.refused_at(&attempt(&old), now)), (Ok(None), Ok(None)));
        assert!(book.refused_at(&attempt(&others), now).is_ok_and(|refused| refused.is_some()));
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
        let kept: serde_json::Value = serde_json::from_str(&texts[0]).expect("JSON");
        let check = kept["refused"][0]["check"].as_str().expect("a check");
        assert_eq!(check.len(), 3, "twelve bits tell no password: {check}");
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
        assert!(book.refused_at(&attempt(&login), now).is_ok_and(|refused| refused.is_some_and(|refused| refused.at == now)));
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
        for password in 0..OF_A_USER + 2 {
            book.remember(&attempt(&basic("ann", &password.to_string())), now).expect("written");
        }
        assert_eq!(book.read().expect("readable").expect("a file").refused.len(), OF_A_USER);
        assert_eq!(book.refused_at(&attempt(&basic("ann", "1")), now), Ok(None));
        assert!(book.refused_at(&attempt(&basic("ann", "2")), now).is_ok_and(|refused| refused.is_some()));
        let mut full = Book::new().expect("random numbers");
        full.refused = (0..MOST).map(|user| Entry { account: user.to_string(), check: "abc".into(), times: 1, at: now }).collect();
        book.write(&full).expect("written");
        book.remember(&attempt(&basic("bob", "x")), now).expect("written");
        let kept = book.read().expect("readable").expect("a file").refused;
        assert_eq!((kept.len(), kept[0].account.as_str()), (MOST, "1"));
    }

    #[test]
    fn the_refusal_names_moment_reason_and_way_out() {
        let (login, token) = (basic("ann", "hunter2"), Login::Bearer(Token::fixed("hunter2".into())));
        let (then, now) = (at("2026-01-01T02:11:00Z"), at("2026-01-01T03:00:00Z"));
        assert_eq!(
            attempt(&login).refusal(Refused { at: then, until: at("2026-01-01T03:11:00Z") }, now, &TimeZone::UTC, "bpmtop snapshot"),
            "this login was refused at 02:11; not tried again before 03:11, since ten wrong logins lock the account; change the password or run `bpmtop snapshot --retry-login`"
        );
        let of_a_token =
            attempt(&token).refusal(Refused { at: then, until: at("2026-01-02T03:11:00Z") }, at("2026-01-02T03:00:00Z"), &TimeZone::UTC, "bpmtop snapshot");
        assert!(of_a_token.starts_with("this token was refused at 02:11 on 2026-01-01; not tried again before 03:11,"), "{of_a_token}");
        assert!(of_a_token.contains("change the token"), "{of_a_token}");
    }
}
