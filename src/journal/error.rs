//! Why something cannot be recorded: the place, the reason, and the way out. Actions stop then; watching does not.

use std::io;
use std::path::{Path, PathBuf};

use crate::text::safe;

/// Why the journal cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal{} cannot be used: {cause}", place(path))]
pub struct JournalError {
    /// The file or folder.
    pub path: PathBuf,
    /// What is the matter with it.
    pub cause: Cause,
}

fn place(path: &Path) -> String {
    if path.as_os_str().is_empty() { String::new() } else { format!(" {}", safe(&path.display().to_string())) }
}

/// What is the matter with the journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The platform has no place for it, and none is named.
    #[error("there is no home folder to keep it in")]
    Nowhere,
    /// It leads elsewhere.
    #[error("it is a symbolic link")]
    Symlink,
    /// It is something else than it should be.
    #[error("it is no {0}")]
    Not(&'static str),
    /// It belongs to somebody else.
    #[error("it belongs to the user with number {0}")]
    Foreign(u32),
    /// Another session holds the lock for too long.
    #[error("another bpmtop has kept it locked for {0} s")]
    Busy(u64),
    /// There is more to record than a line may hold.
    #[error("one line would have {0} bytes")]
    TooLong(usize),
    /// No space is left.
    #[error("no space is left for it ({0})")]
    Full(String),
    /// The place cannot be written.
    #[error("it cannot be written ({0})")]
    NotAllowed(String),
    /// Anything else the operating system says.
    #[error("{0}")]
    System(String),
}

impl JournalError {
    pub(super) fn new(path: &Path, cause: Cause) -> Self {
        Self { path: path.to_path_buf(), cause }
    }

    /// The platform has no place for a journal, and none is named.
    pub fn nowhere() -> Self {
        Self::new(Path::new(""), Cause::Nowhere)
    }

    /// What the operating system said about a path.
    pub(super) fn system(path: &Path, error: &io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let words = error.to_string();
        let cause = match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Cause::Full(words),
            PermissionDenied | ReadOnlyFilesystem => Cause::NotAllowed(words),
            _ => Cause::System(words),
        };
        Self::new(path, cause)
    }

    /// Whether no space is left.
    pub(super) fn is_full(&self) -> bool {
        matches!(self.cause, Cause::Full(_))
    }

    /// What can be done about it.
    pub fn remedy(&self) -> &'static str {
        match self.cause {
            Cause::Full(_) => "make space there, or name another folder in [journal] or BPMTOP_JOURNAL; until then nothing in the engine is changed",
            Cause::Nowhere | Cause::NotAllowed(_) | Cause::System(_) => {
                "name a folder that can be written in [journal] or BPMTOP_JOURNAL; until then nothing in the engine is changed"
            }
            Cause::Symlink | Cause::Not(_) => "name the folder itself in [journal] or BPMTOP_JOURNAL; what leads elsewhere could be exchanged",
            Cause::Foreign(_) => "name a folder of your own in [journal] or BPMTOP_JOURNAL; its owner could change what is recorded",
            Cause::Busy(_) => "end the other bpmtop if it hangs, then try again; nothing was sent",
            Cause::TooLong(_) => "act on fewer targets at once",
        }
    }
}
