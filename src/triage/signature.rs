//! The type of a signature, its bounds, and what becomes of messages the engine cut off. What a message normalises to is decided
//! in `scanner`.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::text::{EngineText, safe};

use super::scanner;

/// The longest signature, in characters.
pub const MAX_CHARS: usize = 200;

/// What stands for a message that is missing or blank.
const NO_MESSAGE: &str = "(no message)";

/// The engine keeps this many UTF-16 units of an exception message. A message of this length has probably lost its end.
const ENGINE_CUT: usize = 666;

/// Letters of the fingerprint behind a shortened signature. Letters only, so that no rule mistakes it for an id.
const FINGERPRINT: usize = 10;

/// What the messages of one cause have in common. Equal signatures mean one cause; safe to show.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature(Arc<str>);

impl Signature {
    /// The signature of a message the engine may not have sent.
    pub fn of(message: Option<&EngineText>) -> Self {
        signature(message.map_or("", EngineText::as_wire))
    }

    /// The signature as safe text, in at most [`MAX_CHARS`] characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when there was no message to tell a cause by.
    pub fn is_no_message(&self) -> bool {
        &*self.0 == NO_MESSAGE
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", self.0)
    }
}

/// The signature of a raw message. Takes time in proportion to the length of the message, whatever it contains.
///
/// A normalised message longer than [`MAX_CHARS`] is cut, and a fingerprint of the whole stands in for the rest (`…kqzcvbnmdf`), so
/// that two causes that differ only at their end stay apart.
pub fn signature(message: &str) -> Signature {
    let clean = safe(message);
    // Twice, for what may not stand first stands first only now.
    let clean = safe(clean.trim());
    let mut normalised = scanner::normalise(&folded(&clean));
    if message.encode_utf16().take(ENGINE_CUT + 1).count() == ENGINE_CUT {
        forget_ragged_end(&mut normalised);
    }
    let text = normalised.trim();
    if text.is_empty() {
        return Signature(NO_MESSAGE.into());
    }
    Signature(shorten(text).into())
}

/// The message with one space for each run of blanks. A rule that reads across a space reads the same in the signature, which has no more.
fn folded(text: &str) -> Cow<'_, str> {
    let mut blank = false;
    let is_folded = text.chars().all(|c| {
        let again = c.is_whitespace() && (blank || c != ' ');
        blank = c.is_whitespace();
        !again
    });
    if is_folded { text.into() } else { text.split_whitespace().collect::<Vec<_>>().join(" ").into() }
}

/// Where the engine cut a message depends on the length of the ids in it, so the end differs between messages of one cause. Only
/// whole hundreds of characters count.
fn forget_ragged_end(normalised: &mut String) {
    let whole = normalised.chars().count() / 100 * 100;
    if whole > 0 {
        let end = normalised.char_indices().nth(whole).map_or(normalised.len(), |(index, _)| index);
        normalised.truncate(end);
    }
}

fn shorten(text: &str) -> String {
    if text.chars().nth(MAX_CHARS).is_none() {
        return text.to_owned();
    }
    let kept = text.char_indices().nth(MAX_CHARS - FINGERPRINT - 1).map_or(text.len(), |(index, _)| index);
    format!("{}…{}", &text[..kept], fingerprint(text))
}

/// FNV-1a, written in sixteen consonants: no vowels, so it never reads as a word.
fn fingerprint(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let folded = hash ^ (hash >> 32);
    (0..FINGERPRINT).map(|place| char::from(b"bcdfghjklmnpqrst"[(folded >> (4 * place) & 15) as usize])).collect()
}
