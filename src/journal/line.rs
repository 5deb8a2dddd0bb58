//! One line of the file and the chain it is a link of.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::exact::Exact;

/// Hex digits of a head on the screen.
const SHORT: usize = 12;

/// The SHA-256 of the bytes of one line, without its line break.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LineHash([u8; 32]);

impl LineHash {
    /// What the very first line carries as the hash of the line before it.
    pub const BEGINNING: Self = Self([0; 32]);

    /// The hash of a line.
    pub fn of(line: &[u8]) -> Self {
        Self(Sha256::digest(line).into())
    }

    /// The first twelve hex digits, for a screen.
    pub fn short(&self) -> String {
        format!("{self:.SHORT$}")
    }

    /// Whether it begins with these hex digits, at least as many as [`LineHash::short`] has.
    pub fn begins_with(&self, digits: &str) -> bool {
        digits.len() >= SHORT && self.to_string().starts_with(&digits.to_ascii_lowercase())
    }
}

impl From<[u8; 32]> for LineHash {
    fn from(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl fmt::Display for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }
}

impl fmt::Debug for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LineHash({self})")
    }
}

impl FromStr for LineHash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "a hash has 64 hex digits";
        // No digit has another width than one byte, and no sign is one: from_str_radix alone would take +f.
        if text.len() != 64 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(wrong);
        }
        let mut hash = [0; 32];
        for (byte, at) in hash.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong)?;
        }
        Ok(Self(hash))
    }
}

impl Serialize for LineHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LineHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// The end of the chain: whoever keeps its hash notices later that lines were cut off or written anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the last line, counted from 1; 0 where there is none.
    pub seq: u64,
    /// The hash of the last line.
    pub hash: LineHash,
}

impl Head {
    /// The head of a journal without lines.
    pub const BEGINNING: Self = Self { seq: 0, hash: LineHash::BEGINNING };

    /// The first twelve hex digits, for a screen.
    pub fn short(&self) -> String {
        self.hash.short()
    }
}

/// One line: its place in the chain, and what it records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Line<E> {
    #[serde(flatten)]
    pub(super) link: Link,
    /// When it was written, in milliseconds.
    pub(super) at: Timestamp,
    /// When it happened, where it could not be written before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) happened: Option<Timestamp>,
    /// The run of the program that wrote it, where that matters: a run holds a lock while it lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<Exact>,
    #[serde(flatten)]
    pub(super) entry: E,
}

/// A line's place in the chain; all of a line that verification looks at, so that it understands the lines of later versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Link {
    /// The version of the line.
    pub(super) v: u32,
    /// Its number, counted from 1.
    pub(super) seq: u64,
    /// The hash of the line before it.
    pub(super) prev: LineHash,
    /// The hash of what stands between that line and this one: a line that was never finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) torn: Option<LineHash>,
}

impl Link {
    /// The place a line claims, if it is one.
    pub(super) fn of(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }

    /// Whether it is the link after this head.
    pub(super) fn follows(&self, head: Head) -> bool {
        head.seq.checked_add(1) == Some(self.seq) && self.prev == head.hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_written_in_hex_and_read_again() {
        let hash = LineHash::of(b"");
        assert_eq!(hash.to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!(hash.short(), "e3b0c44298fc");
        for wrong in ["", "e3b0", &hash.to_string().to_uppercase(), &"+f".repeat(32), &"é".repeat(32)] {
            assert!(wrong.parse::<LineHash>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_head_is_recognised_by_the_digits_of_the_screen_and_by_no_fewer() {
        let hash = LineHash::of(b"");
        assert!(hash.begins_with(&hash.short()) && hash.begins_with(&hash.to_string()) && hash.begins_with("E3B0C44298FC"));
        assert!(!hash.begins_with("e3b0c44298f") && !hash.begins_with("e3b0c44298fd") && !hash.begins_with(""));
    }
}
