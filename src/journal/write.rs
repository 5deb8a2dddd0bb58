//! Appending: one line at a time, by any number of runs of the program, to one unbroken chain.

use std::fs::{File, Metadata};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::archive::{Archive, LINE_LIMIT};
use super::entry::{Entry, VERSION};
use super::error::{Cause, JournalError};
use super::exact::{Exact, to_json};
use super::folder::{Folder, open_to_read};
use super::line::{Head, Line, LineHash, Link};
use super::lock::{PATIENCE, SignOfLife, Turn};
use super::tail::{self, Tail};

/// The journal of this user, open for appending. Of all that was written only the head is kept in memory.
#[derive(Debug)]
pub struct Journal {
    folder: Folder,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The end of the chain as this run left it.
    known: Option<Known>,
    /// While this run acts, others can tell that it lives.
    sign: Option<SignOfLife>,
    /// How often a line was put on the disk.
    synced: u64,
}

/// The end of a file and the head there; another run may have gone on since.
#[derive(Debug)]
struct Known {
    day: Date,
    inode: u64,
    length: u64,
    head: Head,
}

impl Known {
    fn is(&self, day: Date, found: &Metadata) -> bool {
        (self.day, self.inode, self.length) == (day, found.ino(), found.len())
    }
}

impl Journal {
    /// The journal in this folder, which is made if it is missing.
    ///
    /// # Errors
    ///
    /// The folder cannot be made, leads elsewhere or belongs to somebody else, or its files cannot be read.
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        let journal = Self { folder: Folder::prepare(folder)?, state: Mutex::default() };
        // What cannot be written is better known before somebody wants to act.
        journal.head()?;
        Ok(journal)
    }

    /// The end of the chain, with what other runs have appended.
    ///
    /// # Errors
    ///
    /// The lock is not to be had within five seconds, or the files cannot be read.
    pub fn head(&self) -> Result<Head, JournalError> {
        let _turn = Turn::take(&self.folder, PATIENCE)?;
        Ok(tail::find(&self.folder, &self.days()?)?.head)
    }

    /// Records one thing and returns the new end of the chain. Intents, requests about to go out, ends and what was read back are on the disk
    /// then; other lines are in the hands of the operating system. Blocks, in the worst case for the five seconds in which another run holds the lock.
    ///
    /// # Errors
    ///
    /// The line could not be written, or not be put on the disk; whatever it was to permit must not happen.
    pub fn append(&self, entry: &Entry) -> Result<Head, JournalError> {
        self.append_at(entry, Timestamp::now)
    }

    /// For reading, with what other runs have appended.
    pub fn archive(&self) -> Archive {
        Archive::at(&self.folder.path)
    }

    /// The clock is asked once the turn is there, so that a line is never older than the one before it.
    pub(super) fn append_at(&self, entry: &Entry, clock: impl FnOnce() -> Timestamp) -> Result<Head, JournalError> {
        let mut state = self.state();
        let turn = Turn::take(&self.folder, PATIENCE)?;
        if state.sign.is_none() && matches!(entry, Entry::Intent(_)) {
            state.sign = Some(SignOfLife::give(&self.folder, &turn)?);
        }
        let at = to_milliseconds(clock());
        let days = self.days()?;
        let today = at.to_zoned(TimeZone::UTC).date();
        // A clock that was set back must not put a line before those that stand already.
        let day = days.last().map_or(today, |latest| today.max(*latest));
        let path = self.folder.file(day);
        let failed = |error: std::io::Error| JournalError::system(&path, &error);
        let (mut file, made) = self.folder.open(&path)?;
        let found = file.metadata().map_err(failed)?;
        let (tail, begins_anew) = match state.known.take() {
            Some(known) if known.is(day, &found) => (Tail { head: known.head, torn: None }, true),
            _ => (tail::find(&self.folder, &days)?, ends_a_line(&file, found.len()).map_err(failed)?),
        };
        let link = Link { v: VERSION, seq: tail.head.seq.saturating_add(1), prev: tail.head.hash, torn: tail.torn };
        let session = state.sign.as_ref().filter(|_| entry.is_of_a_run()).map(|sign| Exact::from(sign.name.as_str()));
        let line = to_line(&path, &Line { link, at, session, entry })?;
        let head = Head { seq: tail.head.seq.saturating_add(1), hash: LineHash::of(&line) };
        let written = [if begins_anew { b"".as_slice() } else { b"\n" }, &line, b"\n"].concat();
        if let Err(error) = file.write_all(&written) {
            // Half a line would be taken for a crash.
            let _ = file.set_len(found.len());
            return Err(failed(error));
        }
        state.known = Some(Known { day, inode: found.ino(), length: found.len() + written.len() as u64, head });
        drop(turn);
        if made {
            self.sync_names(days.last())?;
        }
        if made || entry.is_weighty() {
            file.sync_data().map_err(failed)?;
            state.synced += 1;
        }
        Ok(head)
    }

    /// Puts the name of a new file on the disk, and the last lines of the file before it.
    fn sync_names(&self, earlier: Option<&Date>) -> Result<(), JournalError> {
        if let Some(day) = earlier {
            let path = self.folder.file(*day);
            open_to_read(&path).and_then(|file| file.sync_data()).map_err(|error| JournalError::system(&path, &error))?;
        }
        self.folder.sync()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whatever a panic left is checked against the file before it is used.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn days(&self) -> Result<Vec<Date>, JournalError> {
        self.folder.days().map_err(|error| JournalError::system(&self.folder.path, &error))
    }
}

fn to_milliseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

fn to_line(path: &Path, line: &Line<&Entry>) -> Result<Vec<u8>, JournalError> {
    let bytes = to_json(line).map_err(|error| JournalError::new(path, Cause::System(error.to_string())))?;
    if bytes.len() > LINE_LIMIT { Err(JournalError::new(path, Cause::TooLong(bytes.len()))) } else { Ok(bytes) }
}

/// Only a crash in the middle of writing leaves a file whose last line has no end.
fn ends_a_line(file: &File, length: u64) -> io::Result<bool> {
    let mut last = [b'\n'];
    if length > 0 {
        file.read_exact_at(&mut last, length - 1)?;
    }
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::super::entry::{Answer, Answered, Sent};
    use super::*;

    #[test]
    fn a_request_is_on_the_disk_before_it_goes_out_and_its_answer_follows_with_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("journal")).unwrap();
        let answered = |step| Entry::Answered(Answered { action: "a".into(), step, answer: Answer::Accepted, words: None, batch: None });
        let synced = |entry: &Entry| {
            journal.append(entry).unwrap();
            journal.state().synced
        };
        let counts: Vec<u64> = (0..3).flat_map(|step| [Entry::Sent(Sent { action: "a".into(), step }), answered(step)]).map(|entry| synced(&entry)).collect();
        assert_eq!(counts, [1, 1, 2, 2, 3, 3]);
    }
}
