//! A private PostgreSQL server: made for one run, on a free port of this machine, gone with its run.
//!
//! A supervising shell holds the server. It reads the pipe to its standard input, and when that ends (this process stopped, or was killed) it
//! stops the server and removes the data.

use std::{
    fs::{self, File, Permissions},
    io::{Read, Write},
    net::TcpListener,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::{install::tail, launch::run_directory, params::Database, toolchain::postgresql_binaries};

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// Data that lives as long as a test need not survive a power cut.
const SERVER_SETTINGS: [&str; 10] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=1GB",
    "shared_buffers=512MB",
    "work_mem=32MB",
];

/// Arguments: the data directory, then the server's command line. Descriptor 3 keeps the pipe, as background jobs lose their standard input.
const SUPERVISOR: &str = r#"
data=$1; shift
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
(while read -r _ <&3; do :; done; kill -QUIT "$server") 2>/dev/null &
watch=$!
wait "$server"
kill "$watch" 2>/dev/null
rm -rf "$data"
"#;

/// A started server. Dropping it stops it and removes its data.
#[derive(Debug)]
pub struct Postgres {
    pub port: u16,
    pub log: PathBuf,
    binaries: PathBuf,
    password: String,
    supervisor: Child,
    life_line: Option<ChildStdin>,
}

impl Postgres {
    /// Makes a cluster under `home` and starts a server on it. Blocks for some seconds.
    pub fn start(home: &Path) -> Result<Self> {
        let binaries = postgresql_binaries()?;
        let owner = owner()?;
        let place = run_directory(home)?.join("postgres");
        let place = if owner.is_none() || open_to_all(&place) { place } else { std::env::temp_dir().join(format!("bpmtop-rig-{}", std::process::id())) };
        fs::create_dir_all(&place)?;
        fs::set_permissions(&place, Permissions::from_mode(0o700))?;
        if let Some((user, group)) = owner {
            chown(&place, Some(user), Some(group))?;
        }
        let password = random_password()?;
        initialize(&binaries, &place, owner, &password)?;
        // somebody else may take the port between the look and the start
        for _ in 0..3 {
            let mut server = Self::launch(&binaries, &place, owner, &password)?;
            if server.await_ready()? {
                return Ok(server);
            }
        }
        bail!("PostgreSQL did not start; the end of its log:\n{}", tail(&place.join("server.log"), 15))
    }

    fn launch(binaries: &Path, place: &Path, owner: Option<(u32, u32)>, password: &str) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let (data, log) = (place.join("data"), place.join("server.log"));
        let output = File::options().create(true).append(true).open(&log)?;
        let mut shell = Command::new("sh");
        shell.args(["-c", SUPERVISOR, "sh"]).arg(&data).arg(binaries.join("postgres")).arg("-D").arg(&data).args(["-p", &port.to_string()]);
        for setting in SERVER_SETTINGS {
            shell.args(["-c", setting]);
        }
        as_owner(&mut shell, owner, place);
        shell.stdin(Stdio::piped()).stdout(output.try_clone()?).stderr(output).process_group(0);
        let mut supervisor = shell.spawn().context("the shell that watches PostgreSQL cannot be started")?;
        let life_line = supervisor.stdin.take();
        Ok(Self { port, log, binaries: binaries.into(), password: password.into(), supervisor, life_line })
    }

    /// False when the server ended instead of starting.
    fn await_ready(&mut self) -> Result<bool> {
        let begin = Instant::now();
        while self.supervisor.try_wait()?.is_none() {
            if self.sql("select 1").is_ok() {
                return Ok(true);
            }
            if begin.elapsed() > START_LIMIT {
                bail!("PostgreSQL did not answer within {} s; the end of its log:\n{}", START_LIMIT.as_secs(), tail(&self.log, 15));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(false)
    }

    /// Where an engine finds this server.
    pub fn database(&self) -> Database {
        let jdbc_url = format!("jdbc:postgresql://127.0.0.1:{}/postgres", self.port);
        Database::PostgreSql { jdbc_url, user: "rig".into(), password: self.password.clone() }
    }

    /// Runs a script with `psql`, which stops at the first mistake; gives what it printed. Blocks.
    pub fn sql(&self, script: &str) -> Result<String> {
        run_script(self.psql(), script)
    }

    /// The prepared `psql`; it reads its script from standard input.
    pub fn psql(&self) -> Command {
        let mut psql = Command::new(self.binaries.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--host=127.0.0.1"])
            .args([&format!("--port={}", self.port), "--username=rig", "--dbname=postgres", "--file=-"])
            .env("PGPASSWORD", &self.password)
            .env("PGCLIENTENCODING", "UTF8");
        psql
    }

    pub fn stop(&mut self) {
        self.life_line = None;
        let begin = Instant::now();
        while let Ok(None) = self.supervisor.try_wait() {
            if begin.elapsed() > STOP_LIMIT {
                let _ = self.supervisor.kill();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Feeds a script to a prepared `psql`; gives what it printed.
pub fn run_script(mut psql: Command, script: &str) -> Result<String> {
    let mut child = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("psql cannot be started")?;
    let written = child.stdin.take().expect("stdin is piped").write_all(script.as_bytes());
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("psql failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    written?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().into())
}

fn initialize(binaries: &Path, place: &Path, owner: Option<(u32, u32)>, password: &str) -> Result<()> {
    let secret = place.join("secret");
    fs::write(&secret, password)?;
    fs::set_permissions(&secret, Permissions::from_mode(0o600))?;
    if let Some((user, group)) = owner {
        chown(&secret, Some(user), Some(group))?;
    }
    let mut initdb = Command::new(binaries.join("initdb"));
    initdb.args(["--username=rig", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--no-sync"]);
    initdb.arg(format!("--pwfile={}", secret.display())).arg("-D").arg(place.join("data"));
    as_owner(&mut initdb, owner, place);
    let output = initdb.stdin(Stdio::null()).output().context("initdb cannot be started")?;
    fs::remove_file(&secret)?;
    if !output.status.success() {
        bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

fn as_owner(command: &mut Command, owner: Option<(u32, u32)>, place: &Path) {
    command.current_dir(place);
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
}

/// PostgreSQL refuses to run as root; then it runs as the user its package made.
fn owner() -> Result<Option<(u32, u32)>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let accounts = fs::read_to_string("/etc/passwd")?;
    let account = account_of("postgres", &accounts);
    account.map(Some).context("PostgreSQL does not run as root, and there is no user 'postgres'. On Debian or Ubuntu: apt-get install postgresql")
}

/// User and group number of an account in `/etc/passwd`.
pub fn account_of(name: &str, accounts: &str) -> Option<(u32, u32)> {
    let fields: Vec<&str> = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name)?;
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

/// Whether another user may walk through every directory above this place.
fn open_to_all(place: &Path) -> bool {
    place.ancestors().skip(1).all(|above| fs::metadata(above).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0))
}

fn random_password() -> Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
