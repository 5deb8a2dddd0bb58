//! Reading the files that a configuration or an argument names: bounded, and waited for only so long. What they hold is not known here.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

/// How long to wait for all of what comes through a pipe.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The whole content of a file, or of a small pipe such as `<(command)` of a shell. `/dev/null` is empty.
///
/// # Errors
///
/// It cannot be read, is larger than `limit`, is no file (a device, a folder, a socket), or is a pipe that does not end within `patience`. The words
/// of the error say what can be done.
pub(crate) fn read(path: &Path, limit: u64, patience: Duration) -> io::Result<Vec<u8>> {
    let known = std::fs::metadata(path)?;
    match Kind::of(&known) {
        Kind::File if known.len() > limit => Err(too_large(limit)),
        Kind::File => read_all(File::open(path)?, limit),
        Kind::Nothing => Ok(Vec::new()),
        Kind::Pipe => through_pipe(path, limit, patience),
        Kind::Other(what) => Err(io::Error::other(format!("it is {what}, not a file; name a regular file"))),
    }
}

/// The same as text.
///
/// # Errors
///
/// As [`read`], or it is no UTF-8.
pub(crate) fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read(path, limit, PATIENCE)?).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no UTF-8 text; is it the right file?"))
}

enum Kind {
    File,
    Nothing,
    Pipe,
    Other(&'static str),
}

impl Kind {
    fn of(known: &Metadata) -> Self {
        use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
        let kind = known.file_type();
        if kind.is_file() {
            Self::File
        } else if kind.is_fifo() {
            Self::Pipe
        } else if kind.is_char_device() && std::fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == known.rdev()) {
            Self::Nothing
        } else if kind.is_dir() {
            Self::Other("a folder")
        } else if kind.is_socket() {
            Self::Other("a socket")
        } else {
            Self::Other("a device")
        }
    }
}

fn read_all(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(too_large(limit)) } else { Ok(bytes) }
}

/// In a thread of its own, since neither opening a pipe nor reading from it can be given a deadline. One that never ends stays behind with its
/// thread until the program ends, which is soon.
fn through_pipe(path: &Path, limit: u64, patience: Duration) -> io::Result<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    let path = path.to_owned();
    std::thread::spawn(move || sender.send(File::open(path).and_then(|file| read_all(file, limit))));
    receiver.recv_timeout(patience).unwrap_or_else(|_| {
        let seconds = patience.as_secs_f32();
        Err(io::Error::new(io::ErrorKind::TimedOut, format!("it is a pipe that did not end within {seconds} s; close its writing end, or name a regular file")))
    })
}

fn too_large(limit: u64) -> io::Error {
    let size = crate::text::bytes(limit);
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {size}, the most that is read of it; is it the right file?"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::time::Instant;

    use super::*;

    const LIMIT: u64 = 64 * 1024;

    fn refused(path: &Path) -> String {
        read(path, LIMIT, Duration::from_millis(50)).unwrap_err().to_string()
    }

    fn pipe(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    #[test]
    fn a_file_and_a_small_pipe_are_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, vec![b'x'; LIMIT as usize]).unwrap();
        assert_eq!(read(&file, LIMIT, PATIENCE).unwrap().len(), LIMIT as usize, "up to the limit");
        let pipe = pipe(folder.path());
        let writes = {
            let pipe = pipe.clone();
            std::thread::spawn(move || std::fs::write(pipe, "through the pipe"))
        };
        assert_eq!(read(&pipe, LIMIT, PATIENCE).unwrap(), b"through the pipe");
        writes.join().unwrap().unwrap();
        assert_eq!(read(Path::new("/dev/null"), LIMIT, PATIENCE).unwrap(), b"");
    }

    #[test]
    fn what_is_no_file_is_refused_at_once_and_said() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let _bound = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for (path, what) in [(Path::new("/dev/zero"), "a device"), (folder.path(), "a folder"), (&socket, "a socket")] {
            assert!(refused(path).contains(&format!("it is {what}, not a file; name a regular file")), "{}: {}", path.display(), refused(path));
        }
        assert_eq!(read(&folder.path().join("missing"), LIMIT, PATIENCE).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read_however_large_it_says_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let sparse = folder.path().join("sparse");
        File::create(&sparse).unwrap().set_len(1 << 40).unwrap();
        assert!(refused(&sparse).contains("larger than 64"), "{}", refused(&sparse));
        // What a folder of the kernel lists says that it has no bytes at all.
        assert!(read(Path::new("/proc/self/maps"), 16, PATIENCE).unwrap_err().to_string().contains("larger than"));
    }

    #[test]
    fn a_pipe_that_nobody_writes_to_or_that_never_ends_is_not_waited_for_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = pipe(folder.path());
        let begun = Instant::now();
        assert!(refused(&pipe).contains("did not end within 0.05 s; close its writing end"), "{}", refused(&pipe));
        let mut held = File::options().read(true).write(true).open(&pipe).unwrap();
        held.write_all(b"x").unwrap();
        assert!(refused(&pipe).contains("did not end"));
        assert!(begun.elapsed() < Duration::from_secs(5));
        // One that gives without end is cut off at the limit.
        let endless = std::thread::spawn(move || while held.write_all(&[b'x'; 4096]).is_ok() {});
        assert!(read(&pipe, LIMIT, PATIENCE).unwrap_err().to_string().contains("larger than"));
        drop(endless);
    }
}
