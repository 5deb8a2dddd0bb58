//! The one way out for what commands print: written whole, or said to be lost. What is printed is not known here.

use std::io::{self, Write as _};
use std::os::fd::AsFd as _;

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
    let written = io::stdout().as_fd().try_clone_to_owned().and_then(|own| std::fs::File::from(own).write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Unprinted::ReaderGone,
        _ => Unprinted::Failed(error),
    })
}

/// Prints one line to standard error, which may be gone as well.
pub fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
