//! Reading the journal: all days in their order, one line at a time, up to where it ended when the reading began.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use regex::bytes::Regex;

use super::entry::Entry;
use super::exact::Exact;
use super::folder::{Folder, open_to_read};
use super::line::Line;
use super::lock::Turn;
use crate::text::safe;

/// The longest line, in bytes. An action on a hundred thousand targets takes about a third of it.
pub(super) const LINE_LIMIT: usize = 128 * 1024 * 1024;

/// The journal in a folder, for reading. Makes and changes nothing there.
#[derive(Clone, Debug)]
pub struct Archive {
    pub(super) folder: Folder,
}

/// A file of the journal that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", safe(&path.display().to_string()))]
pub struct Unread {
    /// Which one.
    pub path: PathBuf,
    /// What the operating system says.
    pub source: io::Error,
}

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The day its file is named after.
    pub day: Date,
    /// The line in that file, counted from 1.
    pub line: u64,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.jsonl, line {}", self.day, self.line)
    }
}

/// One line as it was read.
#[derive(Clone, Debug)]
pub struct Record {
    /// Where it stands.
    pub place: Place,
    /// Its number in the chain.
    pub seq: u64,
    /// When it happened, which mostly is when it was written.
    pub at: Timestamp,
    /// What it records.
    pub entry: Entry,
    /// The run of the program that wrote it, for intents and ends.
    pub(super) session: Option<Exact>,
}

impl Archive {
    /// The journal in this folder, which need not exist: then it is empty.
    pub fn at(folder: &Path) -> Self {
        Self { folder: Folder { path: folder.to_path_buf() } }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.folder.path
    }

    /// That the folder is itself a folder, or is not there yet: what leads elsewhere could be exchanged for another journal, and no action is recorded
    /// there.
    ///
    /// # Errors
    ///
    /// It is a symbolic link, or something else.
    pub fn leads_nowhere_else(&self) -> Result<(), Unread> {
        let path = &self.folder.path;
        let refused = |why: String| Err(Unread { path: path.clone(), source: io::Error::other(why) });
        match std::fs::symlink_metadata(path) {
            Ok(known) if known.is_symlink() => {
                let leads = std::fs::canonicalize(path).map_or_else(|_| "nowhere".to_owned(), |to| format!("to {}", safe(&to.display().to_string())));
                refused(format!("it is a symbolic link, which leads {leads}; actions are refused there; name the folder itself in [journal] or BPMTOP_JOURNAL"))
            }
            Ok(known) if !known.is_dir() => refused("it is no folder; name another in [journal] or BPMTOP_JOURNAL".to_owned()),
            _ => Ok(()),
        }
    }

    /// All that was recorded since the begin of that day (UTC), in the order of the chain. Left out is what is no line of the journal, and
    /// what a later version records and this one does not know; [`Archive::verify`] tells whether anything is wrong with it.
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    pub fn records(&self, since: Option<Date>) -> Result<impl Iterator<Item = Result<Record, Unread>> + use<>, Unread> {
        self.records_with(since, None)
    }

    /// Those records whose line has the pattern: to look for one is many times faster than to understand a line.
    pub(super) fn records_with(&self, since: Option<Date>, pattern: Option<Regex>) -> Result<impl Iterator<Item = Result<Record, Unread>> + use<>, Unread> {
        let mut segments = self.segments(since)?;
        Ok(std::iter::from_fn(move || {
            loop {
                match segments.next()? {
                    Ok(()) if pattern.as_ref().is_some_and(|pattern| !pattern.is_match(&segments.bytes)) => {}
                    Ok(()) => {
                        if let Some(record) = record(segments.place(), &segments.bytes) {
                            return Some(Ok(record));
                        }
                    }
                    Err(error) => return Some(Err(error)),
                }
            }
        }))
    }

    /// What stands between line breaks, line of the journal or not.
    pub(super) fn segments(&self, since: Option<Date>) -> Result<Segments, Unread> {
        // Under the lock, so that no line is read while it is written.
        let turn = Turn::to_read(&self.folder);
        let failed = |source| Unread { path: self.folder.path.clone(), source };
        let days = match self.folder.days() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            days => days.map_err(failed)?,
        };
        let length = days.last().and_then(|day| std::fs::symlink_metadata(self.folder.file(*day)).ok()).map_or(0, |known| known.len());
        drop(turn);
        let latest = days.last().map(|day| (*day, length));
        let mut days: Vec<Date> = days.into_iter().filter(|day| since.is_none_or(|since| *day >= since)).collect();
        days.reverse();
        Ok(Segments { folder: self.folder.clone(), days, latest, open: None, bytes: Vec::new(), ended: true })
    }
}

fn record(place: Place, bytes: &[u8]) -> Option<Record> {
    let line: Line<Entry> = serde_json::from_slice(bytes).ok()?;
    Some(Record { place, seq: line.link.seq, at: line.happened.unwrap_or(line.at), entry: line.entry, session: line.session })
}

/// What stands between line breaks, one after the other. Only one is in memory.
#[derive(Debug)]
pub(super) struct Segments {
    folder: Folder,
    /// The days to come, the next one last.
    days: Vec<Date>,
    /// How far the latest file is read.
    latest: Option<(Date, u64)>,
    open: Option<(Place, BufReader<io::Take<File>>)>,
    /// The segment that was read last, without its line break.
    pub(super) bytes: Vec<u8>,
    /// Whether it has a line break.
    pub(super) ended: bool,
}

impl Segments {
    /// Reads the next segment.
    pub(super) fn next(&mut self) -> Option<Result<(), Unread>> {
        loop {
            let Some((place, file)) = &mut self.open else {
                let day = self.days.pop()?;
                match self.open_day(day) {
                    Ok(file) => self.open = Some((Place { day, line: 0 }, file)),
                    Err(error) => return Some(Err(error)),
                }
                continue;
            };
            self.bytes.clear();
            match read_segment(file, &mut self.bytes) {
                Ok(0) => self.open = None,
                Ok(_) => {
                    place.line += 1;
                    self.ended = self.bytes.pop_if(|byte| *byte == b'\n').is_some();
                    return Some(Ok(()));
                }
                Err(source) => {
                    let path = self.folder.file(place.day);
                    // What comes after a place that cannot be read would be taken for something else.
                    (self.open, self.days) = (None, Vec::new());
                    return Some(Err(Unread { path, source }));
                }
            }
        }
    }

    /// Where the segment stands that was read last.
    pub(super) fn place(&self) -> Place {
        self.open.as_ref().map_or(Place { day: Date::ZERO, line: 0 }, |(place, _)| *place)
    }

    fn open_day(&mut self, day: Date) -> Result<BufReader<io::Take<File>>, Unread> {
        let path = self.folder.file(day);
        let length = self.latest.filter(|(latest, _)| *latest == day).map_or(u64::MAX, |(_, length)| length);
        let file = open_to_read(&path).map_err(|source| {
            self.days.clear();
            Unread { path, source }
        })?;
        Ok(BufReader::new(file.take(length)))
    }
}

fn read_segment(file: &mut impl BufRead, bytes: &mut Vec<u8>) -> io::Result<usize> {
    let read = file.take(LINE_LIMIT as u64 + 1).read_until(b'\n', bytes)?;
    if read > LINE_LIMIT && bytes.last() != Some(&b'\n') { Err(io::Error::other("a line is too long to be one of bpmtop")) } else { Ok(read) }
}
