//! ratatui's crossterm backend with its output collected: one frame becomes one synchronised write. Decides nothing about when.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

use super::Output;
use super::narrow::sixteen;
use crate::text::Charset;

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
    output: Output,
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
    pub(super) fn new(out: W, size: fn() -> io::Result<Size>, output: Output) -> Self {
        let pending = PendingFrame(Rc::new(RefCell::new(Vec::with_capacity(FRAME_BYTES / 4))));
        Self { inner: CrosstermBackend::new(pending.clone()), pending, out, size, output, cursor_shown: None }
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
        if self.output.sixteen {
            *frame = sixteen(&frame);
        }
        if self.output.charset == Charset::Latin1 {
            let text = String::from_utf8_lossy(&frame).into_owned();
            *frame = Charset::Latin1.encode(&text).into_owned();
        }
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
        if self.output.charset == Charset::Utf8 {
            return self.inner.draw(content);
        }
        let fitted: Vec<(u16, u16, Cell)> = content
            .map(|(x, y, cell)| {
                let mut cell = cell.clone();
                let symbol = self.output.charset.fit_cell(cell.symbol()).into_owned();
                cell.set_symbol(&symbol);
                (x, y, cell)
            })
            .collect();
        self.inner.draw(fitted.iter().map(|(x, y, cell)| (*x, *y, cell)))
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

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Style};

    use super::*;

    /// The bytes of one frame with this text in red on a terminal that can show so much.
    fn sent(text: &str, output: Output) -> Vec<u8> {
        let mut backend = FrameBackend::new(Vec::new(), || Ok(Size::new(40, 1)), output);
        let mut buffer = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, 40, 1));
        buffer.set_string(0, 0, text, Style::default().fg(Color::LightRed));
        let empty = ratatui::buffer::Buffer::empty(buffer.area);
        backend.draw(empty.diff(&buffer).into_iter()).expect("a vector takes all");
        backend.send_frame().expect("a vector takes all");
        backend.out
    }

    #[test]
    fn a_terminal_is_sent_what_it_can_show_and_no_more() {
        let text = "Pr\u{fc}fung \u{652f}\u{4ed8} \u{1f469}\u{200d}\u{1f467} x";
        let full = sent(text, Output::default());
        assert!(String::from_utf8(full.clone()).expect("UTF-8").contains("\u{652f}") && full.windows(5).any(|part| part == b"38;5;"));
        let narrow = sent(text, Output { charset: Charset::Ascii, sixteen: true });
        let shown = String::from_utf8(narrow).expect("ASCII");
        assert!(shown.is_ascii() && shown.contains("Pr?fung ??") && shown.matches('?').count() - shown.matches("[?").count() == 7, "{shown:?}");
        assert!(shown.contains("\u{1b}[91;49m") && !shown.contains("38;5"), "{shown:?}");
        let latin = sent(text, Output { charset: Charset::Latin1, sixteen: false });
        assert!(latin.windows(8).any(|part| part == b"Pr\xfcfung "));
        assert!(latin.iter().all(|byte| byte.is_ascii() || *byte >= 0xa0), "no control of the upper half");
    }
}
