//! Whether the chain is whole: nothing changed, removed, inserted or put elsewhere since it was written.

use jiff::civil::Date;

use super::archive::{Archive, Place, Unread};
use super::line::{Head, LineHash, Link};
use super::tail::Torn;

/// What was found out about the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Lines of the chain, up to where it breaks.
    pub lines: u64,
    /// Days with a file that was looked at.
    pub days: u64,
    /// The first and the last of them.
    pub span: Option<(Date, Date)>,
    /// The end of the chain, or of what of it is whole.
    pub head: Head,
    /// Where a line was begun and never finished: a crash, not tampering.
    pub torn: Vec<Place>,
    /// The first place at which the chain is broken.
    pub broken: Option<Break>,
    /// What became of the head that was asked for; none where the chain is broken before it.
    pub asked: Option<HeadFound>,
}

/// Where the chain is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// The place.
    pub place: Place,
    /// What is wrong there, in one sentence.
    pub why: String,
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
        self.broken.is_none() && self.asked != Some(HeadFound::Missing)
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
            if walk.verified.broken.is_some() {
                break;
            }
        }
        Ok(walk.finish(segments.ended))
    }
}

struct Walk<'h> {
    verified: Verified,
    wanted: Option<&'h str>,
    found: Option<(Place, u64)>,
    /// What is no line, since the last one that is.
    torn: Torn,
    torn_places: Vec<Place>,
}

impl<'h> Walk<'h> {
    fn new(wanted: Option<&'h str>) -> Self {
        let verified = Verified { lines: 0, days: 0, span: None, head: Head::BEGINNING, torn: Vec::new(), broken: None, asked: None };
        Self { verified, wanted, found: None, torn: Torn::default(), torn_places: Vec::new() }
    }

    fn step(&mut self, place: Place, line: &[u8]) {
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
            return self.break_at(place, why);
        }
        if link.torn != self.torn.hash() {
            return match self.torn_places.first() {
                Some(first) => self.break_at(*first, format!("what stands here is no line of the journal, and line {} does not know of it", link.seq)),
                None => self.break_at(place, "it tells of an unfinished line before it, which is missing".to_owned()),
            };
        }
        self.verified.torn.append(&mut self.torn_places);
        self.torn = Torn::default();
        self.verified.head = Head { seq: link.seq, hash: LineHash::of(line) };
        self.verified.lines += 1;
        if self.wanted.is_some_and(|wanted| self.verified.head.hash.begins_with(wanted)) {
            self.found = Some((place, link.seq));
        }
    }

    fn break_at(&mut self, place: Place, why: String) {
        self.verified.broken = Some(Break { place, why });
    }

    fn finish(mut self, last_ended: bool) -> Verified {
        if self.verified.broken.is_none() && !self.torn_places.is_empty() {
            // A crash leaves no line break behind.
            if last_ended {
                self.break_at(self.torn_places[0], "what stands here is no line of the journal".to_owned());
            } else {
                self.verified.torn.append(&mut self.torn_places);
            }
        }
        let end = self.verified.head.seq;
        self.verified.asked = match self.found {
            // Behind a break nothing was looked at.
            None if self.wanted.is_none() || self.verified.broken.is_some() => None,
            None => Some(HeadFound::Missing),
            Some((_, seq)) if seq == end => Some(HeadFound::End),
            Some((place, seq)) => Some(HeadFound::Followed { place, by: end - seq }),
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
