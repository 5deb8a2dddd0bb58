//! Entering and leaving the terminal. Leaving works from any thread, any number of times, and never prints or panics.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crossterm::Command;
use crossterm::event::{DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange, EnableMouseCapture};
use crossterm::terminal::{EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, SetTitle};
use crossterm::{cursor, style};
use rustix::termios::{LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr, tcsetattr};

use super::{Options, panic_hook};

/// Why there is no terminal to run on.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Standard input or output is a file or a pipe.
    #[error("bpmtop needs a terminal; for scripts use `bpmtop snapshot --json`")]
    NotATerminal,
    /// The terminal says it can do nothing.
    #[error("bpmtop needs a terminal that can move its cursor, and TERM is `{0}`; for scripts use `bpmtop snapshot --json`")]
    DumbTerminal(String),
    /// The terminal failed.
    #[error("the terminal failed: {0}")]
    Io(#[from] io::Error),
}

/// Checks that there is a terminal to run on, before anything slow is started.
///
/// # Errors
///
/// When standard input or output is not a terminal, or TERM is `dumb` or unset.
pub fn require_terminal() -> Result<(), StartError> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(StartError::NotATerminal);
    }
    match std::env::var("TERM") {
        Ok(term) if !term.is_empty() && term != "dumb" => Ok(()),
        Ok(term) => Err(StartError::DumbTerminal(term)),
        Err(_) => Err(StartError::DumbTerminal(String::new())),
    }
}

/// What is needed to give the terminal back. `None` when it is not ours.
static ENTERED: Mutex<Option<Termios>> = Mutex::new(None);

/// Owns the terminal from [`TerminalGuard::enter`] until dropped.
pub struct TerminalGuard {
    title: String,
    mouse: bool,
}

impl TerminalGuard {
    /// Takes the terminal: raw mode, alternate screen, paste, focus, title, and the mouse if asked.
    ///
    /// # Errors
    ///
    /// When there is no terminal, or it refuses.
    pub fn enter(options: &Options) -> Result<Self, StartError> {
        require_terminal()?;
        panic_hook::install(options.panic_hint.clone());
        let guard = Self { title: options.title.clone(), mouse: options.mouse };
        guard.reenter()?;
        Ok(guard)
    }

    /// Takes the terminal, or makes sure of it after a stop.
    ///
    /// Raw mode comes first: in the background that alone stops the process, before a byte lands on the shell's screen. The modes to
    /// restore are only read when the terminal is not ours: after an outside SIGSTOP it may still be raw.
    pub(super) fn reenter(&self) -> io::Result<()> {
        let mut raw = remember_modes()?;
        raw.make_raw();
        keep_interrupt(&mut raw);
        set_modes(&raw)?;
        Tty.write_all(enter_sequence(&self.title, self.mouse).as_bytes())
    }

    /// Gives the terminal back; nothing happens when it was given back already.
    pub(super) fn leave(&self) {
        restore();
    }
}

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        restore();
        if std::thread::panicking() {
            panic_hook::show_unshown();
        }
    }
}

/// Whether the terminal is ours at present.
pub(super) fn is_entered() -> bool {
    ENTERED.lock().unwrap_or_else(PoisonError::into_inner).is_some()
}

/// Keeps the modes to restore and returns them. The lock is gone before anything is written: a write may block.
fn remember_modes() -> io::Result<Termios> {
    let mut entered = ENTERED.lock().unwrap_or_else(PoisonError::into_inner);
    let before = match entered.take() {
        Some(still) => still,
        None => tcgetattr(io::stdin())?,
    };
    *entered = Some(before.clone());
    Ok(before)
}

/// Leaves ctrl-c and ctrl-z to the terminal, which turns them into signals. As keys they could be swallowed: an escape sequence that never
/// ends, such as a paste that broke off, takes everything behind it, and the reader's state cannot be reset.
///
/// What is under way on the line is kept when they come: half of a control sequence would take what follows for its rest. No other key is a
/// signal, and whatever the shell had bound to these two stays with the shell.
fn keep_interrupt(raw: &mut Termios) {
    raw.local_modes |= LocalModes::ISIG | LocalModes::NOFLSH;
    let mut bind = |code, key| raw.special_codes[code] = key;
    bind(SpecialCodeIndex::VINTR, 0x03);
    bind(SpecialCodeIndex::VSUSP, 0x1a);
    // Ctrl-\ would leave a core and the terminal as it is.
    bind(SpecialCodeIndex::VQUIT, NO_KEY);
    #[cfg(any(target_vendor = "apple", target_os = "freebsd", target_os = "netbsd", target_os = "openbsd"))]
    {
        bind(SpecialCodeIndex::VDSUSP, NO_KEY);
        bind(SpecialCodeIndex::VSTATUS, NO_KEY);
    }
}

/// What a special code is set to for no key to have it.
const NO_KEY: u8 = if cfg!(any(target_os = "linux", target_os = "android")) { 0 } else { 0xff };

/// Restores the terminal from any thread; nothing happens when it was restored already. The modes come first because a terminal that
/// takes no bytes still takes them.
pub(super) fn restore() {
    if let Some(before) = take_entered() {
        let _ = set_modes(&before);
        let _ = Tty.write_all(leave_sequence().as_bytes());
    }
}

/// Restores while the loop may be blocked in a write. May block on a terminal that takes nothing: call it with a deadline.
///
/// The leading string terminator closes a sequence that was cut.
pub(super) fn restore_by_force() {
    if let Some(before) = &*ENTERED.lock().unwrap_or_else(PoisonError::into_inner) {
        let _ = set_modes(before);
    }
    free_stuck_write();
    if take_entered().is_some() {
        let _ = write_all(format!("\x1b\\{}", leave_sequence()).as_bytes());
    }
}

/// Throws pending output away until no write of the loop is stuck any more. Such a loop then mostly leaves by itself.
///
/// A flush alone wakes nobody, so a signal follows: the kernel hands it to the main thread, whose write looks again. One round may not
/// make room for the rest of a large frame. Only a write that has not moved is treated so, lest the restoring bytes are thrown away.
fn free_stuck_write() {
    let mut before = WRITES.load(Ordering::SeqCst);
    for _ in 0..30 {
        std::thread::sleep(Duration::from_millis(10));
        let now = WRITES.load(Ordering::SeqCst);
        if now.is_multiple_of(2) {
            return;
        }
        if now == before {
            let _ = tcflush(io::stdout(), QueueSelector::OFlush);
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::CONT);
        }
        before = now;
    }
}

fn take_entered() -> Option<Termios> {
    ENTERED.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Whether the terminal is still there.
pub(super) fn terminal_answers() -> bool {
    tcgetattr(io::stdin()).is_ok()
}

fn set_modes(modes: &Termios) -> io::Result<()> {
    loop {
        match tcsetattr(io::stdin(), OptionalActions::Now, modes) {
            Err(rustix::io::Errno::INTR) => {}
            result => return result.map_err(Into::into),
        }
    }
}

/// Counts the loop's writes to the terminal, at their start and at their end: odd means that one is under way.
static WRITES: AtomicU64 = AtomicU64::new(0);

/// The terminal as the loop writes to it. Not std's stdout: a loop blocked in a write would hold its lock, and the guardian must still
/// get through.
pub(super) struct Tty;

impl Write for Tty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        WRITES.fetch_add(1, Ordering::SeqCst);
        let result = write_all(bytes);
        WRITES.fetch_add(1, Ordering::SeqCst);
        result
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(rustix::stdio::stdout(), bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// No terminal is asked to report its keys in a richer protocol: then ctrl-c comes as an escape sequence, which is no signal.
fn enter_sequence(title: &str, mouse: bool) -> String {
    // The first one keeps the shell's title on the terminal's own stack.
    let mut sequence = String::from("\x1b[22;2t");
    push(&mut sequence, SetTitle(title));
    push(&mut sequence, EnterAlternateScreen);
    push(&mut sequence, EnableBracketedPaste);
    push(&mut sequence, EnableFocusChange);
    if mouse {
        push(&mut sequence, EnableMouseCapture);
    }
    push(&mut sequence, cursor::Hide);
    sequence
}

/// Switches everything off, asked for or not: switching off what is off harms nothing.
fn leave_sequence() -> String {
    let mut sequence = String::new();
    push(&mut sequence, EndSynchronizedUpdate);
    push(&mut sequence, DisableMouseCapture);
    push(&mut sequence, DisableFocusChange);
    push(&mut sequence, DisableBracketedPaste);
    push(&mut sequence, style::SetAttribute(style::Attribute::Reset));
    push(&mut sequence, LeaveAlternateScreen);
    push(&mut sequence, cursor::Show);
    sequence.push_str("\x1b[23;2t");
    sequence
}

fn push(sequence: &mut String, command: impl Command) {
    // Writing to a string cannot fail.
    let _ = command.write_ansi(sequence);
}
