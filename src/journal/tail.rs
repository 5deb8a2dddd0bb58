//! Finding the end of the chain from the back, without reading what stands before it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use super::error::JournalError;
use super::folder::{Folder, open_to_read};
use super::line::{Head, LineHash, Link};

const CHUNK: u64 = 64 * 1024;

/// The end of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// The last line.
    pub(super) head: Head,
    /// The hash of what stands behind it and is no line: a crash in the middle of writing leaves that behind.
    pub(super) torn: Option<LineHash>,
}

/// The end of the chain in the files of these days.
pub(super) fn find(folder: &Folder, days: &[Date]) -> Result<Tail, JournalError> {
    // From the back; hashed from the front once the last line is found.
    let mut torn: Vec<Vec<u8>> = Vec::new();
    for day in days.iter().rev() {
        let path = folder.file(*day);
        let failed = |error: io::Error| JournalError::system(&path, &error);
        let file = match open_to_read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened.map_err(failed)?,
        };
        let mut lines = Backwards::new(file).map_err(failed)?;
        while let Some(line) = lines.next().map_err(failed)? {
            if let Some(link) = Link::of(&line) {
                return Ok(Tail { head: Head { seq: link.seq, hash: LineHash::of(&line) }, torn: hash_of_torn(torn.iter().rev()) });
            }
            torn.push(line);
        }
    }
    Ok(Tail { head: Head::BEGINNING, torn: hash_of_torn(torn.iter().rev()) })
}

fn hash_of_torn<'a>(lines: impl Iterator<Item = &'a Vec<u8>>) -> Option<LineHash> {
    let mut torn = Torn::default();
    lines.for_each(|line| torn.push(line));
    torn.hash()
}

/// What stands between two lines of the chain and is none, as one hash.
#[derive(Clone, Debug, Default)]
pub(super) struct Torn(Option<Sha256>);

impl Torn {
    pub(super) fn push(&mut self, line: &[u8]) {
        let hash = self.0.get_or_insert_default();
        hash.update(line);
        hash.update(b"\n");
    }

    pub(super) fn hash(&self) -> Option<LineHash> {
        self.0.clone().map(|hash| LineHash::from(<[u8; 32]>::from(hash.finalize())))
    }
}

/// The lines of a file, the last one first, without their line breaks.
struct Backwards {
    file: File,
    /// Where what was read begins.
    start: u64,
    /// What was read and not given yet.
    rest: Vec<u8>,
    over: bool,
}

impl Backwards {
    fn new(mut file: File) -> io::Result<Self> {
        let start = file.seek(SeekFrom::End(0))?;
        let mut lines = Self { file, start, rest: Vec::new(), over: start == 0 };
        if !lines.over {
            lines.read_more()?;
            // The break at the very end ends the last line and begins no other.
            if lines.rest.last() == Some(&b'\n') {
                lines.rest.pop();
            }
        }
        Ok(lines)
    }

    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.over {
            return Ok(None);
        }
        let mut looked_at = 0;
        loop {
            let until = self.rest.len() - looked_at;
            if let Some(at) = self.rest[..until].iter().rposition(|byte| *byte == b'\n') {
                let line = self.rest.split_off(at + 1);
                self.rest.pop();
                return Ok(Some(line));
            }
            if self.start == 0 {
                self.over = true;
                return Ok(Some(std::mem::take(&mut self.rest)));
            }
            looked_at = self.rest.len();
            self.read_more()?;
        }
    }

    fn read_more(&mut self) -> io::Result<()> {
        let size = CHUNK.max(self.rest.len() as u64).min(self.start);
        self.start -= size;
        self.file.seek(SeekFrom::Start(self.start))?;
        let mut before = Vec::with_capacity(size as usize + self.rest.len());
        self.file.by_ref().take(size).read_to_end(&mut before)?;
        before.append(&mut self.rest);
        self.rest = before;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn backwards(content: &[u8]) -> Vec<Vec<u8>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let mut lines = Backwards::new(File::open(file.path()).unwrap()).unwrap();
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(line);
        }
        all.reverse();
        all
    }

    #[test]
    fn lines_longer_than_a_chunk_are_found_whole() {
        let long = vec![b'x'; CHUNK as usize * 5 + 3];
        let content = [b"first\n", long.as_slice(), b"\nlast"].concat();
        assert_eq!(backwards(&content), [b"first".to_vec(), long, b"last".to_vec()]);
    }

    proptest! {
        #[test]
        fn from_the_back_the_same_lines_are_found_as_from_the_front(content in "[ab\n]{0,40}") {
            let mut lines: Vec<_> = content.split('\n').map(|line| line.as_bytes().to_vec()).collect();
            if lines.last().is_some_and(Vec::is_empty) {
                lines.pop();
            }
            prop_assert_eq!(backwards(content.as_bytes()), lines);
        }
    }
}
