//! The terminal guard, the event loop, signals: everything that owns the tty. Knows no engine, and of the domain only its [`Moment`].
//!
//! [`run`] drives any [`Program`] on the real terminal; [`drive`] is the same loop on any [`Screen`] and any stream of input, which
//! is how it is tested. Three threads share the work, because each must survive the others being stuck:
//!
//! - the **loop**, on the thread that called [`run`]: handles input and facts, draws;
//! - the **reader**: crossterm's blocking reader. It spins when the tty dies without a hang-up signal, so it must not be the loop;
//! - the **guardian**: signals and the tty watchdog. It ends the process if the loop no longer can.
//!
//! # What no input can do
//!
//! An escape sequence that never ends swallows the keys behind it, in crossterm's reader as in any. Ctrl-c and ctrl-z are therefore left to
//! the terminal itself, which makes them signals: they arrive whatever was sent before. A flood of letters becomes one paste, so that a text
//! sent without bracketed paste neither runs as commands nor keeps the loop busy. A panic while an input is handled or a frame is drawn
//! costs that input or that frame.
//!
//! # What a slow terminal does
//!
//! A frame is one blocking write. While a stalled SSH connection refuses bytes, the loop waits in that write: keys wait in a bounded
//! channel and then in the kernel, states coalesce in their `watch`, facts wait in a bounded channel whose senders wait. Nothing
//! grows. When the terminal drains, all that waited is handled in one turn and drawn as one frame. Signals do not depend on it.

mod backend;
mod event_loop;
mod guard;
mod guardian;
mod inbox;
mod narrow;
mod pace;
mod panic_hook;
mod program;
mod reader;
mod screen;
mod stats;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use event_loop::{Notice, drive};
pub use guard::{StartError, TerminalGuard, require_terminal};
pub use inbox::{FactSender, Inbox, inbox};
pub use program::{Directive, EffectRunner, Input, Panic, Program, ShutdownCause};

pub use crate::model::section::Moment;
use crate::text::Charset;
pub use screen::{CLIPBOARD_LIMIT, Screen, TtyScreen};
pub use stats::{LatencySummary, Stats, StatsHandle};

/// How one run behaves; `Options::default()` suits the cockpit.
#[derive(Debug, Clone)]
pub struct Options {
    /// The terminal's window title while the program runs.
    pub title: String,
    /// What the terminal can show.
    pub output: Output,
    /// Whether mouse events are asked for. Off leaves text selection to the terminal.
    pub mouse: bool,
    /// Frames caused by facts and ticks are at least this far apart; a key never waits.
    pub frame_interval: Duration,
    /// How long [`Program::on_shutdown`] and what it started may take before the process ends regardless.
    pub shutdown_limit: Duration,
    /// One line shown after a panic's message, such as where the log is.
    pub panic_hint: Option<String>,
    /// Where the loop counts frames and latencies; keep a clone to read them.
    pub stats: StatsHandle,
}

/// What the terminal can show, and is sent at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Output {
    /// The characters its locale carries.
    pub charset: Charset,
    /// Whether it knows sixteen colours and no more.
    pub sixteen: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            title: "bpmtop".to_owned(),
            output: Output::default(),
            mouse: false,
            frame_interval: Duration::from_millis(33),
            shutdown_limit: Duration::from_secs(2),
            panic_hint: None,
            stats: StatsHandle::default(),
        }
    }
}

/// Why a run ended, and what the process should answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// The program asked to quit with this exit code.
    Quit(u8),
    /// A signal or a lost terminal ended it. **Print nothing** when the cause is [`ShutdownCause::LostTerminal`]: nobody reads it,
    /// and a failed print panics.
    Shutdown(ShutdownCause),
}

impl Finish {
    /// The exit code of the process: the program's own, or 128 plus the signal.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Quit(code) => code,
            Self::Shutdown(cause) => cause.exit_code(),
        }
    }
}

/// Runs a program on the real terminal until it quits or is told to.
///
/// Call it under `block_on`, once in a process: the reader thread outlives it. The future is not `Send`, so it cannot be spawned: a
/// panic in it must unwind into `main`, not end in a task that nobody awaits.
///
/// # Errors
///
/// When there is no usable terminal at start ([`StartError`]), or it fails in a way that is not a hang-up.
pub async fn run<P: Program>(mut program: P, facts: Inbox<P::Fact>, runner: impl EffectRunner<P::Effect>, options: Options) -> Result<Finish, StartError> {
    let guard = TerminalGuard::enter(&options)?;
    let notices = guardian::start(options.shutdown_limit)?;
    let input = reader::start()?;
    let mut screen = TtyScreen::new(guard, options.output)?;
    let finish = panic_hook::watched(drive(&mut program, &mut screen, input, facts, notices, runner, &options)).await;
    screen.leave();
    Ok(finish?)
}
