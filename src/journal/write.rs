//! Appending: one line at a time, by any number of runs of the program, to one unbroken chain.

use std::collections::VecDeque;
use std::fs::{File, Metadata};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::archive::{Archive, LINE_LIMIT};
use super::entry::{Entry, VERSION};
use super::error::{Cause, JournalError};
use super::exact::{Exact, to_json};
use super::examine::Examined;
use super::folder::{Folder, open_to_read};
use super::line::{Head, Line, LineHash, Link};
use super::lock::{PATIENCE, SignOfLife, Turn};
use super::tail::{self, Tail};

/// Lines that are kept in memory until they can be written.
const MOST_LATE: usize = 10_000;

/// Room on the disk, in bytes, that is kept back for the end of an action; so much more for each target, whose outcome is to be told; in all.
const KEPT_BACK: u64 = 64 * 1024;
const KEPT_A_TARGET: u64 = 256;
const KEPT_AT_MOST: u64 = 16 * 1024 * 1024;

/// The journal of this user, open for appending. Of all that was written only the head is kept in memory.
#[derive(Debug)]
pub struct Journal {
    pub(super) folder: Folder,
    state: Mutex<State>,
    /// How much is late, for whoever must not wait to know it.
    late: AtomicUsize,
    examined: Mutex<Option<Examined>>,
}

impl Drop for Journal {
    fn drop(&mut self) {
        if self.is_late() {
            // Nobody is left to tell, but whoever reads the word that is left.
            let _ = self.settle();
        }
    }
}

#[derive(Debug, Default)]
struct State {
    /// The end of the chain as this run left it.
    known: Option<Known>,
    /// While this run acts, others can tell that it lives.
    sign: Option<SignOfLife>,
    /// How often a line was put on the disk.
    synced: u64,
    /// What happened and could not be written yet, in its order, with when it happened.
    late: VecDeque<(Timestamp, Entry)>,
}

/// A line that was put behind the others.
struct Put {
    file: File,
    path: PathBuf,
    /// Whether its file is new.
    made: bool,
    /// The latest day there was a file of before.
    before: Option<Date>,
    head: Head,
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
        let journal = Self { folder: Folder::prepare(folder)?, state: Mutex::default(), late: AtomicUsize::new(0), examined: Mutex::default() };
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
    /// The line could not be written, or not be put on the disk; whatever it was to permit must not happen. What had happened already is written as
    /// soon as it can be: with the next line, or by [`Journal::write_what_is_late`].
    pub fn append(&self, entry: &Entry) -> Result<Head, JournalError> {
        self.append_at(entry, Timestamp::now)
    }

    /// For reading, with what other runs have appended.
    pub fn archive(&self) -> Archive {
        Archive::at(&self.folder.path)
    }

    /// What happened and could not be recorded when it did, of which there is some until this succeeds.
    ///
    /// # Errors
    ///
    /// It still cannot be written.
    pub fn write_what_is_late(&self) -> Result<(), JournalError> {
        self.write_late(&mut self.state(), &Timestamp::now)
    }

    /// Whether something happened that is not recorded yet.
    pub fn is_late(&self) -> bool {
        self.late.load(Ordering::Acquire) > 0
    }

    /// Writes what is late, or leaves a word that it could not be written: for the end of the program.
    ///
    /// # Errors
    ///
    /// It still cannot be written.
    pub fn settle(&self) -> Result<(), JournalError> {
        let mut state = self.state();
        let written = self.write_late(&mut state, &Timestamp::now);
        if let (Err(_), Some(sign)) = (&written, &mut state.sign) {
            sign.leave_a_word(&self.folder);
        }
        written
    }

    /// The clock is asked once the turn is there, so that a line is never older than the one before it.
    pub(super) fn append_at(&self, entry: &Entry, clock: impl Fn() -> Timestamp) -> Result<Head, JournalError> {
        let mut state = self.state();
        let written = self.write_late(&mut state, &clock).and_then(|()| self.write(&mut state, entry, None, &clock));
        // However many outcomes are lost with their memory: an end tells them in sum.
        if written.is_err() && entry.has_happened() && (state.late.len() < MOST_LATE || matches!(entry, Entry::End(_))) {
            state.late.push_back((to_milliseconds(clock()), entry.clone()));
            self.late.store(state.late.len(), Ordering::Release);
        }
        written
    }

    fn write_late(&self, state: &mut State, clock: &dyn Fn() -> Timestamp) -> Result<(), JournalError> {
        while let Some((happened, entry)) = state.late.pop_front() {
            if let Err(error) = self.write(state, &entry, Some(happened), clock) {
                state.late.push_front((happened, entry));
                return Err(error);
            }
            self.late.store(state.late.len(), Ordering::Release);
        }
        Ok(())
    }

    fn write(&self, state: &mut State, entry: &Entry, happened: Option<Timestamp>, clock: &dyn Fn() -> Timestamp) -> Result<Head, JournalError> {
        let turn = Turn::take(&self.folder, PATIENCE)?;
        if let Entry::Intent(intent) = entry {
            if state.sign.is_none() {
                state.sign = Some(SignOfLife::give(&self.folder, &turn)?);
            }
            if let Some(sign) = &mut state.sign {
                sign.keep_back((KEPT_BACK + KEPT_A_TARGET * intent.targets.len() as u64).min(KEPT_AT_MOST))?;
            }
        }
        let at = to_milliseconds(clock());
        let put = match self.put(state, entry, happened, at) {
            // What has happened gets the room that was kept back for it.
            Err(error) if error.is_full() && entry.has_happened() && state.sign.as_mut().is_some_and(SignOfLife::give_free) => {
                tracing::warn!(%error, "the room that was kept back is used");
                self.put(state, entry, happened, at)?
            }
            put => put?,
        };
        drop(turn);
        let Put { file, path, made, before, head } = put;
        if made {
            self.sync_names(before.as_ref())?;
        }
        if made || entry.is_weighty() {
            file.sync_data().map_err(|error| JournalError::system(&path, &error))?;
            state.synced += 1;
        }
        Ok(head)
    }

    /// Puts a line behind the others. Whoever calls has the turn.
    fn put(&self, state: &mut State, entry: &Entry, happened: Option<Timestamp>, at: Timestamp) -> Result<Put, JournalError> {
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
        let line = to_line(&path, &Line { link, at, happened, session, entry })?;
        let head = Head { seq: tail.head.seq.saturating_add(1), hash: LineHash::of(&line) };
        let written = [if begins_anew { b"".as_slice() } else { b"\n" }, &line, b"\n"].concat();
        if let Err(error) = file.write_all(&written) {
            // Half a line would be taken for a crash.
            let _ = file.set_len(found.len());
            return Err(failed(error));
        }
        state.known = Some(Known { day, inode: found.ino(), length: found.len() + written.len() as u64, head });
        Ok(Put { file, before: days.last().copied(), path, made, head })
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

    pub(super) fn examined(&self) -> MutexGuard<'_, Option<Examined>> {
        self.examined.lock().unwrap_or_else(PoisonError::into_inner)
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
