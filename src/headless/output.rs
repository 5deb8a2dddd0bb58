//! The one way out for what commands print: written whole, or said to be lost. What is printed is not known here.

use std::borrow::Cow;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;

use crate::text::Charset;

/// Why not everything was printed.
#[derive(Debug, thiserror::Error)]
pub enum Unprinted {
    /// The reader closed the pipe: it has what it wanted, as `head` does.
    #[error("the reader has gone")]
    ReaderGone,
    /// Standard output was closed from the start.
    #[error("cannot print: standard output is closed; leave out `>&-`, or send it to a file or to /dev/null")]
    Closed,
    /// It could not be written.
    #[error("cannot print everything: {0}; what was printed is cut off")]
    Failed(io::Error),
}

/// Prints to standard output, all of it.
///
/// # Errors
///
/// Standard output is closed, its reader has gone, or it could not be written, as on a full disk.
pub fn print(text: &str) -> Result<(), Unprinted> {
    if closed_at_start::standard_output() {
        return Err(Unprinted::Closed);
    }
    // Past the buffer of the standard library, which keeps what could not be written for later and drops it at the end.
    let written = io::stdout().as_fd().try_clone_to_owned().and_then(|own| std::fs::File::from(own).write_all(&fitted(text)));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Unprinted::ReaderGone,
        _ => Unprinted::Failed(error),
    })
}

/// The text as the locale can carry it: what reads it may be a terminal, behind a pipe too. JSON says the same in ASCII; a file is no
/// terminal and keeps everything.
fn fitted(text: &str) -> Cow<'_, [u8]> {
    let charset = Charset::of_process();
    if charset == Charset::Utf8 || is_file() {
        return Cow::Borrowed(text.as_bytes());
    }
    if text.starts_with(['{', '[']) {
        return Cow::Owned(charset.json(text).into_owned().into_bytes());
    }
    charset.encode(text)
}

fn is_file() -> bool {
    rustix::fs::fstat(io::stdout()).is_ok_and(|about| rustix::fs::FileType::from_raw_mode(about.st_mode).is_file())
}

/// Prints one line to standard error, which may be gone as well.
pub fn tell(line: &str) {
    let _ = io::stderr().write_all(&[Charset::of_process().encode(line).as_ref(), b"\n"].concat());
}
