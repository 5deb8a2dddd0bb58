//! A terminal for the probe: a pty whose output is kept and read back through a terminal emulator. Waits for conditions, never sleeps
//! for luck.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use crate::probe;

/// Generous: a busy machine must not fail a test, and a passing test never waits that long.
const PATIENCE: Duration = Duration::from_secs(15);
const SIZE: (u16, u16) = (80, 24);

/// One program in one terminal; killed when dropped.
pub struct Pty {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Option<Box<dyn Child + Send + Sync>>,
    pid: i32,
    output: Arc<Mutex<Vec<u8>>>,
    reading: Option<thread::JoinHandle<()>>,
    modes_at_start: String,
    size: (u16, u16),
}

impl Pty {
    /// Starts the probe with these environment variables.
    pub fn start(env: &[(&str, &str)]) -> Self {
        let mut pty = Self::spawn(probe_command(env), SIZE);
        pty.read_from_now_on();
        pty
    }

    /// Starts a shell script in which `$0` is the probe.
    pub fn start_shell(script: &str) -> Self {
        let mut pty = Self::spawn(shell_command(script, &[]), SIZE);
        pty.read_from_now_on();
        pty
    }

    /// Starts such a script in a large terminal that nobody reads. A shell must stand between: when the first process of a session
    /// ends, the kernel throws away what was not read yet.
    pub fn start_unread_shell(script: &str, env: &[(&str, &str)]) -> Self {
        Self::spawn(shell_command(script, env), (250, 100))
    }

    /// Starts the probe where closing the terminal sends no signal, and waits for its first frame. Only good for [`Pty::close`].
    pub fn start_without_hang_up(env: &[(&str, &str)]) -> Self {
        let mut command = probe_command(env);
        command.set_controlling_tty(false);
        let pty = Self::spawn(command, SIZE);
        let mut reader = pty.master().try_clone_reader().expect("the pty can be read");
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains("resumed") {
            let mut buffer = [0; 4096];
            let count = reader.read(&mut buffer).expect("the pty can be read");
            assert_ne!(count, 0, "the probe ended before its first frame");
            seen.extend_from_slice(&buffer[..count]);
        }
        pty
    }

    fn spawn(command: CommandBuilder, (cols, rows): (u16, u16)) -> Self {
        let size = PtySize { rows, cols, ..PtySize::default() };
        let pair = native_pty_system().openpty(size).expect("a pty can be opened");
        let modes_at_start = format!("{:?}", pair.master.get_termios());
        let child = pair.slave.spawn_command(command).expect("the probe can be started");
        let pid = child.process_id().and_then(|pid| pid.try_into().ok()).expect("a child has a pid");
        let output = Arc::default();
        Self { master: Some(pair.master), writer: None, child: Some(child), pid, output, reading: None, modes_at_start, size: (cols, rows) }
    }

    fn master(&self) -> &dyn MasterPty {
        self.master.as_deref().expect("the terminal is open")
    }

    /// Starts to collect what the program wrote and writes.
    pub fn read_from_now_on(&mut self) {
        let mut reader = self.master().try_clone_reader().expect("the pty can be read");
        let output = self.output.clone();
        self.reading = Some(thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                output.lock().expect("no reader panics").extend_from_slice(&buffer[..count]);
            }
        }));
    }

    /// Closes the terminal under the program.
    pub fn close(mut self) -> Box<dyn Child + Send + Sync> {
        self.writer = None;
        self.master = None;
        self.child.take().expect("the child was started")
    }

    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// The pid on the screen, where a shell stands between.
    pub fn shown_pid(&self) -> i32 {
        let text = self.screen().contents();
        text.split("pid ").nth(1).and_then(|rest| rest.split('.').next()?.parse().ok()).expect("the probe shows its pid")
    }

    /// Types.
    pub fn send(&mut self, text: &str) {
        if self.writer.is_none() {
            self.writer = Some(self.master().take_writer().expect("the pty can be written"));
        }
        let writer = self.writer.as_mut().expect("it was just opened");
        writer.write_all(text.as_bytes()).and_then(|()| writer.flush()).expect("the pty can be written");
    }

    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.size = (cols, rows);
        self.master().resize(PtySize { rows, cols, ..PtySize::default() }).expect("the pty can be resized");
    }

    /// Forgets what was written, as if a shell had cleared the terminal.
    pub fn forget_screen(&mut self) {
        self.output.lock().expect("no reader panics").clear();
    }

    /// The screen as an emulator shows it now.
    pub fn screen(&self) -> vt100::Screen {
        let at_least_one = |cells| NonZeroU16::new(cells).expect("a screen has cells");
        let mut parser = vt100::Parser::new(at_least_one(self.size.1), at_least_one(self.size.0), 0);
        parser.process(&self.output.lock().expect("no reader panics"));
        parser.screen().clone()
    }

    /// The pid of the shell's only child, known without reading the screen.
    pub fn pid_of_child(&self) -> i32 {
        let path = format!("/proc/{pid}/task/{pid}/children", pid = self.pid);
        let mut children = String::new();
        wait_until("the shell starts the probe", || {
            children = std::fs::read_to_string(&path).expect("the shell is there");
            !children.is_empty()
        });
        children.trim().parse().expect("one child")
    }

    /// Whether these bytes are among what was written.
    pub fn wrote(&self, bytes: &str) -> bool {
        String::from_utf8_lossy(&self.output.lock().expect("no reader panics")).contains(bytes)
    }

    /// Waits until the screen contains a text.
    pub fn wait_for(&self, text: &str) {
        let found = poll(|| self.screen().contents().contains(text));
        assert!(found, "{text:?} never came; the screen is:\n{}", self.screen().contents());
    }

    pub fn modes(&self) -> String {
        format!("{:?}", self.master().get_termios())
    }

    pub fn modes_at_start(&self) -> String {
        self.modes_at_start.clone()
    }

    /// Waits for the program's end and for the last of its output.
    pub fn exit_code(&mut self) -> u32 {
        wait_until("the program ends", || process_state(self.pid) == 'Z');
        let code = self.child.as_mut().expect("the child was started").wait().expect("it can be waited for").exit_code();
        if let Some(reading) = self.reading.take() {
            reading.join().expect("no reader panics");
        }
        code
    }

    /// The terminal is as the shell left it: its modes, and everything the program had switched on.
    pub fn assert_restored(&self, modes_before: &str) {
        assert_eq!(self.modes(), modes_before, "the terminal's modes");
        let screen = self.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert!(!screen.bracketed_paste(), "bracketed paste is off");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is off");
        assert_eq!((screen.fgcolor(), screen.bold()), (vt100::Color::Default, false), "colours are reset");
        let output = self.output.lock().expect("no reader panics");
        let output = String::from_utf8_lossy(&output);
        for (on, off, what) in [("\x1b[?1004h", "\x1b[?1004l", "focus events"), ("\x1b[?2026h", "\x1b[?2026l", "held-back drawing")] {
            assert!(output.rfind(off) > output.rfind(on), "{what} are off");
        }
        assert_eq!(output.matches("\x1b[22;2t").count(), output.matches("\x1b[23;2t").count(), "the title is given back");
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
        }
    }
}

fn probe_command(env: &[(&str, &str)]) -> CommandBuilder {
    let mut command = CommandBuilder::new(std::env::current_exe().expect("the test knows its own path"));
    configure(&mut command, env);
    command
}

fn shell_command(script: &str, env: &[(&str, &str)]) -> CommandBuilder {
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", script]);
    command.arg(std::env::current_exe().expect("the test knows its own path"));
    configure(&mut command, env);
    command
}

fn configure(command: &mut CommandBuilder, env: &[(&str, &str)]) {
    command.env_remove("RUST_BACKTRACE");
    command.env(probe::SWITCH, "1");
    command.env("TERM", "xterm-256color");
    env.iter().for_each(|(name, value)| command.env(name, value));
}

/// Sends a signal to a process that must be there.
pub fn signal(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).expect("a pid is positive"), signal).expect("the process is there");
}

/// Waits for a condition, or fails naming it.
pub fn wait_until(what: &str, condition: impl FnMut() -> bool) {
    assert!(poll(condition), "{what}: not within {PATIENCE:?}");
}

fn poll(mut condition: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if condition() {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    false
}

/// The process's state letter as the kernel tells it: `T` stopped, `Z` ended and not yet waited for.
pub fn process_state(pid: i32) -> char {
    stat_fields(pid).first().and_then(|state| state.chars().next()).expect("a process has a state")
}

/// The processor time used so far, in the kernel's hundredths of a second.
pub fn cpu_time(pid: i32) -> Duration {
    let fields = stat_fields(pid);
    let ticks: u64 = [11, 12].iter().map(|&at: &usize| fields[at].parse::<u64>().expect("a number of ticks")).sum();
    Duration::from_millis(ticks * 10)
}

/// Whether the main thread did not run at all for so long, though it has run before. Its switches tell; processor time is counted too
/// coarsely to see a program that draws.
pub fn is_asleep_for(pid: i32, time: Duration) -> bool {
    let before = switches(pid);
    thread::sleep(time);
    before > 3 && switches(pid) == before
}

fn switches(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/status")).expect("the process is there");
    let counts = status.lines().filter(|line| line.contains("ctxt_switches"));
    counts.map(|line| line.rsplit('\t').next().and_then(|count| count.parse::<u64>().ok()).expect("a number of switches")).sum()
}

/// Whether the process has ended and was waited for.
pub fn is_gone(pid: i32) -> bool {
    !std::path::Path::new(&format!("/proc/{pid}")).exists()
}

/// The fields after the command's name, which may contain anything.
fn stat_fields(pid: i32) -> Vec<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process is there");
    let (_, rest) = stat.rsplit_once(')').expect("the name is in brackets");
    rest.split_whitespace().map(str::to_owned).collect()
}
