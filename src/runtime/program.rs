//! What the loop runs: the trait a program implements, what it is told and what it may ask. No terminal and no loop here.

use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::Frame;
use ratatui::style::Style;

use crate::model::section::Moment;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<F> {
    /// A key was pressed or repeats; releases are not delivered.
    Key(KeyEvent),
    /// A bracketed paste, as the terminal sent it: hostile until cleaned.
    Paste(String),
    /// A mouse event, only when asked for in the options.
    Mouse(MouseEvent),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// The terminal window gained (`true`) or lost the focus.
    Focus(bool),
    /// A task reports.
    Fact(F),
    /// The wake-up that [`Program::wake_after`] asked for.
    Tick,
    /// The process continues after it was stopped; the whole screen is about to be redrawn. Time has passed.
    Resumed,
}

/// What a program asks of the runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Directive<E> {
    /// Hand this effect to the [`EffectRunner`].
    Run(E),
    /// Restore the terminal and end with this exit code. What follows it in the same list is dropped.
    Quit(u8),
    /// Restore the terminal and stop like any program at ctrl-Z; harmless where no shell could continue it.
    Suspend,
    /// Put this text on the operator's clipboard through the terminal (OSC 52), which works over SSH.
    Copy(String),
    /// Ring the terminal's bell.
    Bell,
}

/// Why the runtime ends a program that did not ask to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShutdownCause {
    /// SIGTERM.
    Terminated,
    /// SIGINT: ctrl-C, which stays the terminal's own, or from outside.
    Interrupted,
    /// SIGHUP.
    HungUp,
    /// The terminal is gone though no signal said so.
    LostTerminal,
}

impl ShutdownCause {
    /// The exit code: 128 plus the signal's number. A lost terminal is a hang-up that nobody announced.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Terminated => 143,
            Self::Interrupted => 130,
            Self::HungUp | Self::LostTerminal => 129,
        }
    }
}

/// What is known of a panic that was contained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panic {
    /// What it said.
    pub message: String,
    /// The line of the source it came from.
    pub place: String,
}

/// A program the loop can run. It is synchronous and owns no terminal.
pub trait Program {
    /// What arrives from tasks: states and results.
    type Fact: Send + 'static;
    /// What the program asks its runner to do.
    type Effect;

    /// Takes one input and answers with what should be done about it.
    fn handle(&mut self, now: Moment, input: Input<Self::Fact>) -> Vec<Directive<Self::Effect>>;

    /// Draws the whole screen. Called at most once for all inputs that were waiting.
    fn draw(&mut self, frame: &mut Frame<'_>);

    /// Draws in place of a frame whose drawing panicked. A page that cannot be drawn must neither end the program nor look like an old one.
    fn draw_failed(&mut self, frame: &mut Frame<'_>, panic: &Panic) {
        let words = [format!("This could not be drawn: {}", panic.message), format!("at {}", panic.place)];
        for (line, words) in (0..frame.area().height).zip(words) {
            let area = frame.area();
            frame.buffer_mut().set_stringn(area.x, area.y + line, words, area.width.into(), Style::default());
        }
    }

    /// An input was lost because handling it panicked.
    fn handling_failed(&mut self, now: Moment, panic: &Panic) {
        let _ = (now, panic);
    }

    /// Whether anything visible changed since the last call; asked after each turn. Saying `true` too often costs time, never bytes:
    /// an equal frame writes nothing.
    fn take_dirty(&mut self) -> bool {
        true
    }

    /// When the picture changes by itself next, such as an age label; asked after each turn. Answer with the time left until the
    /// change, not with a constant: every turn starts the wait anew.
    fn wake_after(&self, now: Moment) -> Option<Duration> {
        let _ = now;
        None
    }

    /// The process must end. The terminal is restored already and nothing is drawn any more, but effects still run and facts still
    /// arrive until [`Program::may_exit`] says yes or `Options::shutdown_limit` has passed.
    fn on_shutdown(&mut self, now: Moment, cause: ShutdownCause) -> Vec<Directive<Self::Effect>> {
        let _ = (now, cause);
        Vec::new()
    }

    /// Whether a shutdown may complete: `false` while something must still be written down.
    fn may_exit(&self) -> bool {
        true
    }
}

/// Performs a program's effects; usually it spawns a task that reports through a [`super::FactSender`]. Must not block.
pub trait EffectRunner<E> {
    /// Starts one effect.
    fn run(&mut self, effect: E);
}

impl<E, T: FnMut(E)> EffectRunner<E> for T {
    fn run(&mut self, effect: E) {
        self(effect);
    }
}
