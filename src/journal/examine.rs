//! Whether the journal was changed since it was written, asked again and again by whoever acts: what was read before is not read again.

use std::os::unix::fs::MetadataExt as _;

use jiff::civil::Date;

use super::archive::Unread;
use super::verify::{Break, Walk};
use super::write::Journal;

/// What an earlier examination found, up to the begin of the latest file.
#[derive(Debug)]
pub(super) struct Examined {
    earlier: Vec<Stamp>,
    latest: Date,
    before: Walk<'static>,
}

/// By which a file is known that nobody touched: whoever writes to it changes the time of that, which cannot be set back.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    day: Date,
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

impl Journal {
    /// What speaks against the journal, in words: where it was changed since it was written, or that it cannot be read whole. Days that were moved
    /// away are nothing against it.
    pub fn doubt(&self) -> Option<String> {
        match self.examine() {
            Ok(broken) => broken.map(|broken| broken.to_string()),
            Err(unread) => Some(unread.to_string()),
        }
    }

    fn examine(&self) -> Result<Option<Break>, Unread> {
        let unread = |source| Unread { path: self.folder.path.clone(), source };
        let days = self.folder.days().map_err(unread)?;
        let Some((latest, before)) = days.split_last() else { return Ok(None) };
        let stamps: Vec<Stamp> = before.iter().map(|day| self.stamp(*day)).collect::<std::io::Result<_>>().map_err(unread)?;
        let mut examined = self.examined();
        let known = examined.take().filter(|known| known.latest == *latest && known.earlier == stamps);
        let (mut walk, mut begin, since) = match known {
            Some(known) => (known.before.clone(), Some(known.before), Some(*latest)),
            None => (Walk::new(None), None, None),
        };
        let mut segments = self.archive().segments(since)?;
        while let Some(read) = segments.next() {
            read?;
            if begin.is_none() && segments.place().day >= *latest {
                begin = Some(walk.clone());
            }
            walk.step(segments.place(), &segments.bytes);
        }
        *examined = begin.map(|before| Examined { earlier: stamps, latest: *latest, before });
        Ok(walk.finish(segments.ended).changed().cloned())
    }

    fn stamp(&self, day: Date) -> std::io::Result<Stamp> {
        let known = std::fs::symlink_metadata(self.folder.file(day))?;
        Ok(Stamp { day, inode: known.ino(), length: known.len(), changed: (known.ctime(), known.ctime_nsec()) })
    }
}
