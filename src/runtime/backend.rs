//! ratatui's crossterm backend with its output collected: one frame becomes one synchronised write. Decides nothing about when.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

/// A frame rarely exceeds this; one that does gives the rest back afterwards.
const FRAME_BYTES: usize = 64 * 1024;

/// Collects what ratatui writes until the frame is complete.
///
/// Not a `BufWriter`: that one flushes when dropped, so a panic in the middle of a frame would put half of it on the restored screen.
pub(super) struct FrameBackend<W> {
    inner: CrosstermBackend<PendingFrame>,
    pending: PendingFrame,
    out: W,
    size: fn() -> io::Result<Size>,
    cursor_shown: Option<bool>,
}

/// The bytes of one frame, shared with ratatui's backend, which keeps its writer to itself.
#[derive(Clone)]
struct PendingFrame(Rc<RefCell<Vec<u8>>>);

impl Write for PendingFrame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    /// ratatui flushes several times while it draws; the frame leaves with [`FrameBackend::send_frame`] instead.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write> FrameBackend<W> {
    pub(super) fn new(out: W, size: fn() -> io::Result<Size>) -> Self {
        let pending = PendingFrame(Rc::new(RefCell::new(Vec::with_capacity(FRAME_BYTES / 4))));
        Self { inner: CrosstermBackend::new(pending.clone()), pending, out, size, cursor_shown: None }
    }

    /// Forgets what is collected and what the terminal's state was: someone else has written to it.
    pub(super) fn forget(&mut self) {
        self.pending.0.borrow_mut().clear();
        self.cursor_shown = None;
    }

    /// Writes what was collected, wrapped so that the terminal shows it at once and not line by line. An empty frame writes nothing.
    pub(super) fn send_frame(&mut self) -> io::Result<usize> {
        let mut frame = self.pending.0.borrow_mut();
        if frame.is_empty() {
            return Ok(0);
        }
        queue!(frame, EndSynchronizedUpdate)?;
        let written = frame.len();
        let result = self.out.write_all(&frame).and_then(|()| self.out.flush());
        frame.clear();
        frame.shrink_to(FRAME_BYTES);
        result.map(|()| written)
    }

    /// Writes a control sequence that is no part of a frame.
    pub(super) fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    fn open_frame(&mut self) -> io::Result<()> {
        let mut frame = self.pending.0.borrow_mut();
        if frame.is_empty() { queue!(frame, BeginSynchronizedUpdate) } else { Ok(()) }
    }

    fn set_cursor_shown(&mut self, shown: bool) -> io::Result<()> {
        if self.cursor_shown == Some(shown) {
            return Ok(());
        }
        self.cursor_shown = Some(shown);
        self.open_frame()?;
        if shown { self.inner.show_cursor() } else { self.inner.hide_cursor() }
    }
}

impl<W: Write> Backend for FrameBackend<W> {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        self.open_frame()?;
        self.inner.draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.set_cursor_shown(false)
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.set_cursor_shown(true)
    }

    /// Asking the terminal would wait for its answer among the keys; a full-screen program never needs to.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.open_frame()?;
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.open_frame()?;
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        (self.size)()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::ZERO })
    }

    /// ratatui flushes in the middle of its work; the frame leaves with [`FrameBackend::send_frame`] instead.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
