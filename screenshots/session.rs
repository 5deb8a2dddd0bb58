//! One command in a terminal of its own, played by steps. Draws nothing.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use unicode_width::UnicodeWidthStr;

/// How long `--wait` waits.
const PATIENCE: Duration = Duration::from_secs(30);
/// A screen is settled when nothing came for so long, or at the latest after `SETTLE_LIMIT`: a live screen never rests.
const SETTLE: Duration = Duration::from_millis(200);
const SETTLE_LIMIT: Duration = Duration::from_secs(2);

/// One thing to do with the terminal.
pub enum Step {
    Wait(String),
    Type(Vec<u8>),
    Resize((u16, u16)),
    Pause(u64),
    Picture(PathBuf),
}

struct Seen {
    parser: vt100::Parser,
    changed: Instant,
}

/// A running command; killed when dropped.
pub struct Session {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Mutex<Seen>>,
}

impl Session {
    /// Starts a command in a terminal of that many columns and rows.
    pub fn start(command: &[String], size: (u16, u16)) -> Result<Self> {
        let pair = native_pty_system().openpty(pty_size(size))?;
        let mut builder = CommandBuilder::from_argv(command.iter().map(Into::into).collect());
        builder.cwd(std::env::current_dir()?);
        builder.env("TERM", "xterm-256color");
        builder.env("COLORTERM", "truecolor");
        builder.env_remove("NO_COLOR");
        let child = pair.slave.spawn_command(builder).with_context(|| format!("cannot start {}", command[0]))?;
        let seen = Arc::new(Mutex::new(Seen { parser: emulator(size)?, changed: Instant::now() }));
        let mut reader = pair.master.try_clone_reader()?;
        let collected = seen.clone();
        thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                let mut seen = collected.lock().expect("no reader panics");
                seen.parser.process(&buffer[..count]);
                seen.changed = Instant::now();
            }
        });
        Ok(Self { writer: pair.master.take_writer()?, master: pair.master, child, seen })
    }

    /// Does one step; pictures are the caller's.
    pub fn play(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Wait(text) => return self.wait_for(&text),
            Step::Type(bytes) => {
                self.settled_screen();
                self.touch();
                self.writer.write_all(&bytes)?;
                self.writer.flush()?;
            }
            Step::Resize(size) => {
                let (cols, rows) = cells(size)?;
                self.seen.lock().map_err(|_| anyhow!("the reader failed"))?.parser.set_size(rows, cols);
                self.master.resize(pty_size(size))?;
                self.touch();
            }
            Step::Pause(ms) => thread::sleep(Duration::from_millis(ms)),
            Step::Picture(_) => {}
        }
        Ok(())
    }

    /// The screen once it has stopped changing.
    pub fn settled_screen(&self) -> vt100::Screen {
        let started = Instant::now();
        loop {
            let seen = self.seen.lock().expect("no reader panics");
            if seen.changed.elapsed() >= SETTLE || started.elapsed() >= SETTLE_LIMIT {
                return seen.parser.screen().clone();
            }
            drop(seen);
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Counts what was typed as a change, so that the next picture waits for its effect.
    fn touch(&self) {
        self.seen.lock().expect("no reader panics").changed = Instant::now();
    }

    fn wait_for(&mut self, text: &str) -> Result<()> {
        let started = Instant::now();
        loop {
            let shown = self.seen.lock().expect("no reader panics").parser.screen().contents();
            if shown.contains(text) {
                return Ok(());
            }
            if self.child.try_wait()?.is_some() {
                bail!("the command ended before it showed {text:?}; it showed:\n{shown}");
            }
            if started.elapsed() > PATIENCE {
                bail!("{text:?} never came; the screen is:\n{shown}");
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// An emulator of that many columns and rows.
pub fn emulator(size: (u16, u16)) -> Result<vt100::Parser> {
    let (cols, rows) = cells(size)?;
    Ok(vt100::Parser::new(rows, cols, 0))
}

fn cells((cols, rows): (u16, u16)) -> Result<(NonZeroU16, NonZeroU16)> {
    NonZeroU16::new(cols).zip(NonZeroU16::new(rows)).context("a screen has at least one cell")
}

fn pty_size((cols, rows): (u16, u16)) -> PtySize {
    PtySize { cols, rows, ..PtySize::default() }
}

/// The cells a line with colour sequences takes.
pub fn width_without_escapes(line: &str) -> usize {
    let escapes = regex::Regex::new("\x1b(\\[[0-9;:?]*[A-Za-z]|\\][^\x07\x1b]*(\x07|\x1b\\\\)|[()].|[=>])").expect("the pattern is valid");
    escapes.replace_all(line, "").width()
}

/// The bytes a terminal sends for key names separated by spaces; a name that is none is typed as it stands.
pub fn keys(names: &str) -> Result<Vec<u8>> {
    names.split_whitespace().map(key).collect::<Result<Vec<_>>>().map(|keys| keys.concat())
}

fn key(name: &str) -> Result<Vec<u8>> {
    let sequence = match name {
        "Up" => "\x1b[A",
        "Down" => "\x1b[B",
        "Right" => "\x1b[C",
        "Left" => "\x1b[D",
        "Home" => "\x1b[H",
        "End" => "\x1b[F",
        "PageUp" => "\x1b[5~",
        "PageDown" => "\x1b[6~",
        "Insert" => "\x1b[2~",
        "Delete" => "\x1b[3~",
        "Enter" => "\r",
        "Esc" => "\x1b",
        "Tab" => "\t",
        "BackTab" => "\x1b[Z",
        "Space" => " ",
        "Backspace" => "\x7f",
        _ => "",
    };
    if !sequence.is_empty() {
        return Ok(sequence.into());
    }
    if let Some(letter) = name.strip_prefix("C-") {
        let [letter] = letter.as_bytes() else { bail!("{name} is no control key") };
        return Ok(vec![letter & 0x1f]);
    }
    if let Some(rest) = name.strip_prefix("M-") {
        return Ok([vec![0x1b], key(rest)?].concat());
    }
    match name.strip_prefix('F').map(str::parse::<usize>) {
        Some(Ok(number @ 1..=4)) => Ok(format!("\x1bO{}", char::from(b'O' + number as u8)).into_bytes()),
        Some(Ok(number @ 5..=12)) => Ok(format!("\x1b[{}~", [15, 17, 18, 19, 20, 21, 23, 24][number - 5]).into_bytes()),
        _ => Ok(name.as_bytes().to_vec()),
    }
}
