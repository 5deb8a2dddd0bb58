//! Whether the chain is whole: nothing changed, removed, inserted or put elsewhere since it was written.

use std::path::PathBuf;

use jiff::civil::Date;

use super::archive::{Archive, Place, Unread};
use super::folder::foreign;
use super::line::{Head, LineHash, Link};
use super::tail::Torn;

/// Breaks that are told one by one.
const MOST_BREAKS: usize = 20;

/// What was found out about the chain. A break does not end it: what was appended behind one is a chain again, and a second break is found too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Lines of the chain, up to where it breaks first.
    pub lines: u64,
    /// Lines behind that.
    pub behind: u64,
    /// Days with a file that was looked at.
    pub days: u64,
    /// The first and the last of them.
    pub span: Option<(Date, Date)>,
    /// The end of the chain.
    pub head: Head,
    /// Where a line was begun and never finished: a crash, not tampering.
    pub torn: Vec<Place>,
    /// The first place at which the chain is broken.
    pub broken: Option<Break>,
    /// Further places, as many as are told one by one.
    pub more_breaks: Vec<Break>,
    /// What belongs to another user of this machine, who can write it anew: the folder or a file, and the number of that user.
    pub foreign: Option<(PathBuf, u32)>,
    /// What became of the head that was asked for.
    pub asked: Option<HeadFound>,
}

/// Where the chain is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// The place.
    pub place: Place,
    /// What is wrong there, in one sentence.
    pub why: String,
    /// Nothing is wrong but that the files before it were removed, as whoever moves old days away does.
    pub earlier_removed: bool,
}

impl std::fmt::Display for Break {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.why)
    }
}

/// What became of a head that somebody kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadFound {
    /// It is the end of the chain.
    End,
    /// It is in the chain, and lines were appended since.
    Followed {
        /// The line.
        place: Place,
        /// How many lines come after it.
        by: u64,
    },
    /// No line has it: the tail was cut off, or the journal was written anew.
    Missing,
}

impl Verified {
    /// Whether nothing is wrong. Lines that were never finished are nothing wrong.
    pub fn is_whole(&self) -> bool {
        self.broken.is_none() && self.foreign.is_none() && self.asked != Some(HeadFound::Missing)
    }

    /// Where something was changed; files that were moved away from its begin are no change.
    pub fn changed(&self) -> Option<&Break> {
        self.broken.iter().chain(&self.more_breaks).find(|found| !found.earlier_removed)
    }
}

impl Archive {
    /// Goes through the whole chain. `head` is a hash that somebody kept, or at least its first twelve digits: with it a tail that was cut
    /// off is noticed too, which no chain can tell by itself.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn verify(&self, head: Option<&str>) -> Result<Verified, Unread> {
        let mut walk = Walk::new(head);
        let mut segments = self.segments(None)?;
        while let Some(read) = segments.next() {
            read?;
            walk.step(segments.place(), &segments.bytes);
        }
        let verified = walk.finish(segments.ended);
        Ok(Verified { foreign: foreign(&self.folder).map_err(|source| Unread { path: self.folder.path.clone(), source })?, ..verified })
    }
}

/// Going through the chain, line by line.
#[derive(Clone, Debug)]
pub(super) struct Walk<'h> {
    verified: Verified,
    wanted: Option<&'h str>,
    found: Option<(Place, u64)>,
    /// What is no line, since the last one that is.
    torn: Torn,
    torn_places: Vec<Place>,
}

impl<'h> Walk<'h> {
    pub(super) fn new(wanted: Option<&'h str>) -> Self {
        let verified = Verified {
            lines: 0,
            behind: 0,
            days: 0,
            span: None,
            head: Head::BEGINNING,
            torn: Vec::new(),
            broken: None,
            more_breaks: Vec::new(),
            foreign: None,
            asked: None,
        };
        Self { verified, wanted, found: None, torn: Torn::default(), torn_places: Vec::new() }
    }

    pub(super) fn step(&mut self, place: Place, line: &[u8]) {
        let before = self.verified.span.map(|(_, last)| last);
        if before != Some(place.day) {
            self.verified.days += 1;
        }
        self.verified.span = Some((self.verified.span.map_or(place.day, |(first, _)| first), place.day));
        let Some(link) = Link::of(line) else {
            self.torn.push(line);
            self.torn_places.push(place);
            return;
        };
        if !link.follows(self.verified.head) {
            let why = misplaced(&link, self.verified.head, before.filter(|day| *day != place.day));
            let earlier_removed = self.verified.head.seq == 0 && link.seq > 1 && self.torn_places.is_empty();
            self.break_at(Break { place, why, earlier_removed });
        } else if link.torn != self.torn.hash() {
            match self.torn_places.first() {
                Some(first) => self.change_at(*first, format!("what stands here is no line of the journal, and line {} does not know of it", link.seq)),
                None => self.change_at(place, "it tells of an unfinished line before it, which is missing".to_owned()),
            }
            self.torn_places = Vec::new();
        }
        self.verified.torn.append(&mut self.torn_places);
        self.torn = Torn::default();
        // Behind a break the chain begins anew, so that a second one does not hide behind the first.
        self.verified.head = Head { seq: link.seq, hash: LineHash::of(line) };
        *(if self.verified.broken.is_some() { &mut self.verified.behind } else { &mut self.verified.lines }) += 1;
        if self.wanted.is_some_and(|wanted| self.verified.head.hash.begins_with(wanted)) {
            self.found = Some((place, link.seq));
        }
    }

    fn change_at(&mut self, place: Place, why: String) {
        self.break_at(Break { place, why, earlier_removed: false });
    }

    fn break_at(&mut self, found: Break) {
        if self.verified.broken.is_none() {
            self.verified.broken = Some(found);
        } else if self.verified.more_breaks.len() < MOST_BREAKS {
            self.verified.more_breaks.push(found);
        }
    }

    pub(super) fn finish(mut self, last_ended: bool) -> Verified {
        if !self.torn_places.is_empty() {
            // A crash leaves no line break behind.
            if last_ended {
                self.change_at(self.torn_places[0], "what stands here is no line of the journal".to_owned());
            } else {
                self.verified.torn.append(&mut self.torn_places);
            }
        }
        let end = self.verified.head.seq;
        self.verified.asked = match self.found {
            None if self.wanted.is_none() => None,
            None => Some(HeadFound::Missing),
            Some((_, seq)) if seq == end => Some(HeadFound::End),
            Some((place, seq)) => Some(HeadFound::Followed { place, by: end.saturating_sub(seq) }),
        };
        self.verified
    }
}

/// Why a line does not follow the one before it.
fn misplaced(link: &Link, head: Head, day_before: Option<Date>) -> String {
    let expected = head.seq + 1;
    if link.seq > expected {
        let which = if link.seq == expected + 1 { format!("line {expected} is missing") } else { format!("lines {expected} to {} are missing", link.seq - 1) };
        return match day_before {
            _ if head.seq == 0 => format!("{which} before it: earlier files were removed"),
            Some(day) => format!("{which} before it: cut off the file of {day}, or the files between were removed"),
            None => format!("{which} before it"),
        };
    }
    if link.seq < expected {
        return format!("line {} stands here, where line {expected} belongs", link.seq);
    }
    match head.seq {
        0 => "it does not begin a journal: it continues another one".to_owned(),
        last => format!("it does not continue line {last}: one of the two was changed"),
    }
}
