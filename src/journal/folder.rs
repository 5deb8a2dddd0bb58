//! The folder of the journal and the files of its days: who may enter, and which there are.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use rustix::fs::OFlags;

use super::error::{Cause, JournalError};

const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
const SUFFIX: &str = ".jsonl";

/// The folder of the journal.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
}

impl Folder {
    /// The folder, made if it is missing, and closed to everybody else.
    pub(super) fn prepare(path: &Path) -> Result<Self, JournalError> {
        let failed = |error: io::Error| JournalError::system(path, &error);
        let known = match std::fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path).map_err(failed)?;
                path.parent().map_or(Ok(()), sync_folder).map_err(failed)?;
                std::fs::symlink_metadata(path).map_err(failed)?
            }
            known => known.map_err(failed)?,
        };
        if known.is_symlink() {
            return Err(JournalError::new(path, Cause::Symlink));
        }
        if !known.is_dir() {
            return Err(JournalError::new(path, Cause::Not("folder")));
        }
        own(path, &known)?;
        if known.mode() & 0o777 != FOLDER_MODE {
            std::fs::set_permissions(path, Permissions::from_mode(FOLDER_MODE)).map_err(failed)?;
        }
        Ok(Self { path: path.to_path_buf() })
    }

    /// The days there are files of, the oldest first. Other files are none of the journal's.
    pub(super) fn days(&self) -> io::Result<Vec<Date>> {
        let mut days = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            days.extend(entry?.file_name().to_str().and_then(day_of));
        }
        days.sort_unstable();
        Ok(days)
    }

    /// The file of a day.
    pub(super) fn file(&self, day: Date) -> PathBuf {
        self.path.join(format!("{day}{SUFFIX}"))
    }

    /// A file of the journal to append to and to read, made if it is missing; and whether it was made.
    pub(super) fn open(&self, path: &Path) -> Result<(File, bool), JournalError> {
        let failed = |error: io::Error| match error.raw_os_error() {
            // What opening a symbolic link gives with NOFOLLOW.
            Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() => JournalError::new(path, Cause::Symlink),
            _ => JournalError::system(path, &error),
        };
        // A pipe under this name would be waited for.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        let mut options = OpenOptions::new();
        options.read(true).append(true).mode(FILE_MODE).custom_flags(flags.cast_signed());
        let (file, made) = match options.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => (options.create(true).open(path).map_err(failed)?, true),
            opened => (opened.map_err(failed)?, false),
        };
        let known = file.metadata().map_err(failed)?;
        if !known.is_file() {
            return Err(JournalError::new(path, Cause::Not("plain file")));
        }
        own(path, &known)?;
        if known.mode() & 0o777 != FILE_MODE {
            file.set_permissions(Permissions::from_mode(FILE_MODE)).map_err(failed)?;
        }
        Ok((file, made))
    }

    /// Puts the names of new files on the disk.
    pub(super) fn sync(&self) -> Result<(), JournalError> {
        sync_folder(&self.path).map_err(|error| JournalError::system(&self.path, &error))
    }
}

/// The file of a day to read, which must not lead elsewhere.
pub(super) fn open_to_read(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no plain file")) }
}

/// The folder or the first file of a day that belongs to another user of this machine, with the number of that user.
pub(super) fn foreign(folder: &Folder) -> io::Result<Option<(PathBuf, u32)>> {
    let days = match folder.days() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        days => days?,
    };
    let me = rustix::process::geteuid().as_raw();
    for path in std::iter::once(folder.path.clone()).chain(days.into_iter().map(|day| folder.file(day))) {
        let owner = std::fs::symlink_metadata(&path)?.uid();
        if owner != me {
            return Ok(Some((path, owner)));
        }
    }
    Ok(None)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path)?.sync_all()
}

/// What belongs to somebody else can be changed by them, however closed it is.
fn own(path: &Path, known: &Metadata) -> Result<(), JournalError> {
    let me = rustix::process::geteuid().as_raw();
    if known.uid() == me { Ok(()) } else { Err(JournalError::new(path, Cause::Foreign(known.uid()))) }
}

fn day_of(name: &str) -> Option<Date> {
    let stem = name.strip_suffix(SUFFIX)?;
    let day: Date = stem.parse().ok()?;
    // A date has several spellings; the journal writes one.
    (day.to_string() == stem).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn folder_and_files_are_closed_to_everybody_else_even_if_they_were_open_before() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("state/journal");
        let folder = Folder::prepare(&path).unwrap();
        let file = folder.file("2026-11-21".parse().unwrap());
        assert!(folder.open(&file).unwrap().1, "made");
        assert_eq!((mode(&path), mode(path.parent().unwrap()), mode(&file)), (0o700, 0o700, 0o600));
        std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        assert!(!Folder::prepare(&path).unwrap().open(&file).unwrap().1, "there already");
        assert_eq!((mode(&path), mode(&file)), (0o700, 0o600));
    }

    #[test]
    fn what_leads_elsewhere_or_is_something_else_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let at = |name: &str| parent.path().join(name);
        let folder = Folder::prepare(&at("real")).unwrap();
        std::os::unix::fs::symlink(at("real"), at("link")).unwrap();
        std::fs::write(at("plain"), "").unwrap();
        assert_eq!(Folder::prepare(&at("link")).unwrap_err(), JournalError::new(&at("link"), Cause::Symlink));
        assert_eq!(Folder::prepare(&at("plain")).unwrap_err().cause, Cause::Not("folder"));
        let day = folder.file("2026-11-21".parse().unwrap());
        std::os::unix::fs::symlink(at("plain"), &day).unwrap();
        assert_eq!(folder.open(&day).unwrap_err(), JournalError::new(&day, Cause::Symlink));
        assert!(open_to_read(&day).is_err());
        std::fs::remove_file(&day).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&day).status().unwrap().success());
        assert!(open_to_read(&day).is_err());
        std::fs::set_permissions(&day, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(folder.open(&day).unwrap_err().cause, Cause::Not("plain file"));
    }

    #[test]
    fn what_belongs_to_somebody_else_is_refused() {
        let me = rustix::process::geteuid().as_raw();
        let foreign = ["/", "/proc/1"].map(Path::new).into_iter().find(|path| path.metadata().unwrap().uid() != me);
        // Root owns both, but may give a folder away.
        let given = tempfile::tempdir().unwrap();
        let path = foreign.unwrap_or_else(|| {
            std::os::unix::fs::chown(given.path(), Some(4711), None).unwrap();
            given.path()
        });
        assert!(matches!(Folder::prepare(path).unwrap_err().cause, Cause::Foreign(uid) if uid != me));
    }

    #[test]
    fn only_files_named_after_a_day_belong_to_the_journal() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::prepare(&parent.path().join("journal")).unwrap();
        for name in ["2026-11-21.jsonl", "2025-12-31.jsonl", "20261121.jsonl", "2026-11-21.jsonl.gz", ".lock", "2026-13-01.jsonl"] {
            std::fs::write(folder.path.join(name), "").unwrap();
        }
        let days: Vec<String> = folder.days().unwrap().iter().map(Date::to_string).collect();
        assert_eq!(days, ["2025-12-31", "2026-11-21"]);
    }
}
