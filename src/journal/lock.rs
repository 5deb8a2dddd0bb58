//! Locks between runs of the program: one that is held while a line is appended, and one for each run that acts, held while it lives.
//!
//! The kernel gives a lock back when its process ends, however it ends. So a run that is gone is told from one that is busy without looking
//! at process numbers, which are used again and mean nothing in another container.

use std::fs::{File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::error::{Cause, JournalError};
use super::folder::{Folder, open_to_read};

/// How long to wait for another run that appends.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

const LOCK: &str = ".lock";
const RUN: &str = ".run-";

/// What a run leaves behind that could not write down how its actions ended.
const UNWRITTEN: &str = ".unwritten-";

/// What became of a run of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It lives.
    Lives,
    /// It ended in good order, and could not write down how its actions ended.
    Unwritten,
    /// It is gone, and left no word.
    Gone,
}

/// The right to append, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _file: File,
}

impl Turn {
    /// Waits for the turn, but not for ever: an action must not hang on another run.
    pub(super) fn take(folder: &Folder, patience: Duration) -> Result<Self, JournalError> {
        let path = folder.path.join(LOCK);
        let failed = |error: io::Error| JournalError::system(&path, &error);
        let since = Instant::now();
        let mut pause = Duration::from_micros(200);
        loop {
            let (file, _) = folder.open(&path)?;
            match file.try_lock() {
                // Somebody may have removed the file meanwhile: a lock on what has no name keeps nobody out.
                Ok(()) if is_named(&file, &path).map_err(failed)? => return Ok(Self { _file: file }),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            if since.elapsed() >= patience {
                return Err(JournalError::new(&path, Cause::Busy(patience.as_secs())));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// The turn where there is a lock to wait for: a journal that is only read need not have one, nor a place to make one.
    pub(super) fn to_read(folder: &Folder) -> Option<Self> {
        folder.path.join(LOCK).exists().then(|| Self::take(folder, PATIENCE).ok()).flatten()
    }
}

fn is_named(file: &File, path: &std::path::Path) -> io::Result<bool> {
    let held = file.metadata()?;
    match std::fs::symlink_metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (held.dev(), held.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// A sign that this run lives, removed when it ends in good order.
///
/// Its file also keeps back room on the disk, which is given free when there is no other left for the end of an action.
#[derive(Debug)]
pub(super) struct SignOfLife {
    file: File,
    path: PathBuf,
    pub(super) name: String,
    /// It stays behind, under another name.
    stays: bool,
}

impl SignOfLife {
    /// Gives a sign, and clears away those of runs that are gone. The turn keeps others from doing the same meanwhile.
    pub(super) fn give(folder: &Folder, _turn: &Turn) -> Result<Self, JournalError> {
        clear_away(folder);
        let stem = format!("{}-{:x}", std::process::id(), jiff::Timestamp::now().as_microsecond());
        for attempt in 0.. {
            let name = if attempt == 0 { stem.clone() } else { format!("{stem}-{attempt}") };
            let path = folder.path.join(format!("{RUN}{name}"));
            let (file, made) = folder.open(&path)?;
            if made {
                file.lock().map_err(|error| JournalError::system(&path, &error))?;
                return Ok(Self { file, path, name, stays: false });
            }
        }
        unreachable!("there is a free name")
    }
}

impl SignOfLife {
    /// Keeps back so many bytes on the disk, if it does not already.
    pub(super) fn keep_back(&mut self, bytes: u64) -> Result<(), JournalError> {
        let failed = |error: io::Error| JournalError::system(&self.path, &error);
        let known = self.file.metadata().map_err(failed)?.len();
        let missing = usize::try_from(bytes.saturating_sub(known)).unwrap_or(usize::MAX);
        // Zeros that are written take their place, other than a length that is only set.
        if missing > 0
            && let Err(error) = (&self.file).write_all(&vec![0; missing])
        {
            let _ = self.file.set_len(known);
            return Err(failed(error));
        }
        Ok(())
    }

    /// Gives free what it kept back; whether that was anything.
    pub(super) fn give_free(&mut self) -> bool {
        self.file.metadata().is_ok_and(|known| known.len() > 0) && self.file.set_len(0).is_ok()
    }

    /// Leaves a word that this run ended in good order and could not write down how its actions did. A new name takes no room.
    pub(super) fn leave_a_word(&mut self, folder: &Folder) {
        let to = folder.path.join(format!("{UNWRITTEN}{}", self.name));
        let _ = self.file.set_len(0);
        self.stays = self.stays || std::fs::rename(&self.path, to).is_ok();
    }
}

impl Drop for SignOfLife {
    fn drop(&mut self) {
        if self.stays {
            return;
        }
        // The next run clears away what stays.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// What became of the run of this name.
pub(super) fn fate(folder: &Folder, name: &str) -> Fate {
    if is_alive(folder, name) {
        Fate::Lives
    } else if !name.contains('/') && std::fs::symlink_metadata(folder.path.join(format!("{UNWRITTEN}{name}"))).is_ok_and(|known| known.is_file()) {
        Fate::Unwritten
    } else {
        Fate::Gone
    }
}

/// Whether the run of this name still lives.
pub(super) fn is_alive(folder: &Folder, name: &str) -> bool {
    // A name that was written by somebody else must not lead out of the folder.
    !name.contains('/') && open_to_read(&folder.path.join(format!("{RUN}{name}"))).is_ok_and(|file| is_held(&file))
}

/// The runs that live and act, or acted.
pub(super) fn living(folder: &Folder) -> Vec<String> {
    let entries = std::fs::read_dir(&folder.path).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| Some(entry.file_name().to_str()?.strip_prefix(RUN)?.to_owned()));
    names.filter(|name| is_alive(folder, name)).collect()
}

fn is_held(file: &File) -> bool {
    // Shared, so that two that look at once do not take each other for a living run.
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

fn clear_away(folder: &Folder) {
    let Ok(entries) = std::fs::read_dir(&folder.path) else { return };
    for entry in entries.flatten() {
        let is_sign = entry.file_name().to_str().is_some_and(|name| name.starts_with(RUN));
        if is_sign && open_to_read(&entry.path()).is_ok_and(|file| !is_held(&file)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::prepare(&parent.path().join("journal")).unwrap();
        (parent, folder)
    }

    #[test]
    fn only_one_has_the_turn_and_waiting_for_it_ends() {
        let (_parent, folder) = folder();
        let turn = Turn::take(&folder, PATIENCE).unwrap();
        let busy = Turn::take(&folder, Duration::from_millis(50)).unwrap_err();
        assert_eq!(busy.cause, Cause::Busy(0));
        drop(turn);
        assert!(Turn::take(&folder, Duration::ZERO).is_ok());
    }

    #[test]
    fn a_lock_whose_file_was_removed_keeps_nobody_out_and_is_not_taken() {
        let (_parent, folder) = folder();
        let path = folder.path.join(LOCK);
        let (held, _) = folder.open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(!is_named(&held, &path).unwrap());
        let _turn = Turn::take(&folder, PATIENCE).unwrap();
        assert!(!is_named(&held, &path).unwrap(), "another file of the same name");
    }

    #[test]
    fn room_is_kept_back_on_the_disk_and_given_free_once() {
        let (_parent, folder) = folder();
        let turn = Turn::take(&folder, PATIENCE).unwrap();
        let mut sign = SignOfLife::give(&folder, &turn).unwrap();
        assert!(!sign.give_free(), "nothing is kept back yet");
        sign.keep_back(100_000).unwrap();
        sign.keep_back(1_000).unwrap();
        assert_eq!(sign.file.metadata().unwrap().len(), 100_000);
        assert!(sign.file.metadata().unwrap().blocks() * 512 >= 100_000 && sign.give_free() && !sign.give_free());
        let name = sign.name.clone();
        sign.leave_a_word(&folder);
        drop(sign);
        assert_eq!((fate(&folder, &name), fate(&folder, "never"), fate(&folder, "../x")), (Fate::Unwritten, Fate::Gone, Fate::Gone));
    }

    #[test]
    fn a_run_lives_until_it_ends_and_signs_of_dead_ones_are_cleared_away() {
        let (_parent, folder) = folder();
        let turn = Turn::take(&folder, PATIENCE).unwrap();
        let first = SignOfLife::give(&folder, &turn).unwrap();
        std::fs::write(folder.path.join(".run-dead"), "").unwrap();
        assert!(is_alive(&folder, &first.name) && !is_alive(&folder, "dead") && !is_alive(&folder, "never") && !is_alive(&folder, "../x"));
        let second = SignOfLife::give(&folder, &turn).unwrap();
        assert!(is_alive(&folder, &first.name) && is_alive(&folder, &second.name));
        assert_eq!(living(&folder).len(), 2);
        assert!(!folder.path.join(".run-dead").exists());
        let name = first.name.clone();
        drop(first);
        assert!(!is_alive(&folder, &name) && is_alive(&folder, &second.name));
    }
}
