//! What the loop draws on: the trait, and the real terminal behind it. When to draw is the loop's business.

use std::io;

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;
use ratatui::layout::Size;
use ratatui::{Frame, Terminal};

use super::Output;
use super::backend::FrameBackend;
use super::guard::{TerminalGuard, Tty};

/// The most text a copy may hold: terminals drop or cut OSC 52 sequences beyond 74,994 bytes of base64.
pub const CLIPBOARD_LIMIT: usize = 74_994 / 4 * 3;

/// A place to draw frames on.
pub trait Screen {
    /// Draws one frame and returns the bytes it took.
    ///
    /// # Errors
    ///
    /// When the terminal does not take the frame.
    fn draw(&mut self, paint: &mut dyn FnMut(&mut Frame<'_>)) -> io::Result<usize>;

    /// Puts a text of at most [`CLIPBOARD_LIMIT`] bytes on the operator's clipboard.
    ///
    /// # Errors
    ///
    /// When the terminal does not take it.
    fn copy(&mut self, text: &str) -> io::Result<()>;

    /// Rings the bell.
    ///
    /// # Errors
    ///
    /// When the terminal does not take it.
    fn bell(&mut self) -> io::Result<()>;

    /// Gives the terminal back to the shell.
    fn leave(&mut self);

    /// Takes the terminal again and forgets what was on it, so that the next frame is a whole one.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be taken.
    fn enter(&mut self) -> io::Result<()>;

    /// Stops the process until a shell continues it; returns soon where none can. Only after [`Screen::leave`].
    fn stop_process(&mut self);
}

/// The real terminal, restored when dropped.
pub struct TtyScreen {
    terminal: Terminal<FrameBackend<Tty>>,
    guard: TerminalGuard,
}

impl TtyScreen {
    /// Draws on the terminal that the guard has entered.
    ///
    /// # Errors
    ///
    /// When standard output tells no size.
    pub fn new(guard: TerminalGuard, output: Output) -> io::Result<Self> {
        // crossterm answers NO_COLOR with full resets that also drop bold and reverse; the theme honours it instead.
        crossterm::style::force_color_output(true);
        Ok(Self { terminal: Terminal::new(FrameBackend::new(Tty, tty_size, output))?, guard })
    }
}

/// The size by one system call. crossterm's own starts `tput` when the terminal is gone.
fn tty_size() -> io::Result<Size> {
    let size = rustix::termios::tcgetwinsize(io::stdout())?;
    let or = |given: u16, usual: u16| if given == 0 { usual } else { given };
    Ok(Size::new(or(size.ws_col, 80), or(size.ws_row, 24)))
}

impl Screen for TtyScreen {
    fn draw(&mut self, paint: &mut dyn FnMut(&mut Frame<'_>)) -> io::Result<usize> {
        self.terminal.draw(|frame| paint(frame))?;
        self.terminal.backend_mut().send_frame()
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut sequence = String::new();
        CopyToClipboard::to_clipboard_from(text).write_ansi(&mut sequence).map_err(io::Error::other)?;
        self.terminal.backend_mut().send_raw(sequence.as_bytes())
    }

    fn bell(&mut self) -> io::Result<()> {
        self.terminal.backend_mut().send_raw(b"\x07")
    }

    fn leave(&mut self) {
        self.guard.leave();
    }

    fn enter(&mut self) -> io::Result<()> {
        self.guard.reenter()?;
        self.terminal.backend_mut().forget();
        self.terminal.clear()
    }

    /// SIGTTOU rather than SIGTSTP: both stop by default and both are void where no shell could continue the job, which only the
    /// kernel knows. But SIGTSTP has a handler here, and SIGSTOP would leave a session without job control hanging for ever. It goes
    /// to the whole group, as the terminal's own ctrl-Z does, so that a pipeline stops as one.
    fn stop_process(&mut self) {
        let _ = rustix::process::kill_current_process_group(rustix::process::Signal::TTOU);
    }
}
