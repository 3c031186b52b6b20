//! The memory that JSON takes when it is parsed: measured before it is parsed, and one budget for all calls. A hundred
//! kilobytes on the wire unpack to fifty million, and those to two billion as values.

use std::io;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most that one answer may weigh.
pub const MOST: usize = 64 << 20;
/// What weighs less is not counted against the budget, and is all that a text within an answer may weigh.
pub const SMALL: usize = 1 << 20;

/// What a list or an object takes with its first entry, and what one more entry, or its key, takes.
const OPENED: usize = 400;
const ENTRY: usize = 100;

/// Weighs JSON as it comes, in any pieces: an upper bound, within a small factor, of the bytes that its values take. What
/// is no JSON weighs something too.
#[derive(Clone, Copy, Default, Debug)]
pub struct Scale {
    length: usize,
    /// What its signs weigh.
    signs: usize,
    in_text: bool,
    is_escaped: bool,
}

impl Scale {
    /// Takes the next piece.
    pub fn add(&mut self, json: &[u8]) {
        self.length = self.length.saturating_add(json.len());
        let mut at = 0;
        while at < json.len() {
            if self.is_escaped {
                self.is_escaped = false;
            } else if self.in_text {
                // Most of a document is the insides of its texts.
                let Some(end) = end_of_text(json, at) else { return };
                self.is_escaped = json[end] == b'\\';
                self.in_text = self.is_escaped;
                at = end;
            } else {
                match json[at] {
                    b'{' | b'[' => self.signs = self.signs.saturating_add(OPENED),
                    b',' | b':' => self.signs = self.signs.saturating_add(ENTRY),
                    b'"' => self.in_text = true,
                    _ => {}
                }
            }
            at += 1;
        }
    }

    /// The weight so far, in bytes.
    pub fn weight(self) -> usize {
        self.length.saturating_add(self.signs)
    }

    /// How long it is so far, in bytes.
    pub fn length(self) -> usize {
        self.length
    }
}

/// Where the next quote or backslash is, looked for in eight bytes at a time.
pub(super) fn end_of_text(json: &[u8], mut at: usize) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const QUOTES: u64 = u64::from_le_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_le_bytes([b'\\'; 8]);
    while let Some(&[a, b, c, d, e, f, g, h]) = json.get(at..at + 8) {
        let word = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let (quotes, backslashes) = (word ^ QUOTES, word ^ BACKSLASHES);
        // The highest bit of each byte that is zero; of those behind the first, others may have it too.
        let found = quotes.wrapping_sub(ONES) & !quotes | backslashes.wrapping_sub(ONES) & !backslashes;
        let found = found & (ONES << 7);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    while at < json.len() {
        if matches!(json[at], b'"' | b'\\') {
            return Some(at);
        }
        at += 1;
    }
    None
}

impl io::Write for Scale {
    fn write(&mut self, json: &[u8]) -> io::Result<usize> {
        self.add(json);
        Ok(json.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What this JSON weighs; where it is surely no more than `enough`, an upper bound of that.
pub fn weight(json: &[u8], enough: usize) -> usize {
    let most = at_most(json);
    if most <= enough {
        return most;
    }
    let mut scale = Scale::default();
    scale.add(json);
    scale.weight()
}

/// What it weighs if none of its signs stands in a text.
fn at_most(json: &[u8]) -> usize {
    let count = |sign| memchr::memchr_iter(sign, json).count();
    let (opened, entries) = (count(b'{') + count(b'['), count(b',') + count(b':'));
    json.len().saturating_add(opened.saturating_mul(OPENED)).saturating_add(entries.saturating_mul(ENTRY))
}

/// A value on the scale, as the JSON that it is written as.
pub fn weigh(value: &impl Serialize) -> Scale {
    let mut scale = Scale::default();
    // A scale takes whatever is written, and a value can always be written.
    let _ = serde_json::to_writer(&mut scale, value);
    scale
}

/// JSON that stands in a text of an answer; none if it is none, or too large to be read beside the answer.
pub fn inner<T: DeserializeOwned>(json: &str) -> Option<T> {
    if weight(json.as_bytes(), SMALL) > SMALL {
        return None;
    }
    serde_json::from_str(json).ok()
}

/// One budget for what all calls hold at a time.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Semaphore>);

/// A part of the budget, until it is dropped.
#[derive(Debug)]
pub struct Share(OwnedSemaphorePermit);

impl Budget {
    /// A budget of so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(units(bytes).min(Semaphore::MAX_PERMITS))))
    }

    /// So many bytes of it, once they are free.
    pub async fn take(&self, bytes: usize) -> Option<Share> {
        let count = u32::try_from(units(bytes)).ok()?;
        Arc::clone(&self.0).acquire_many_owned(count).await.ok().map(Share)
    }

    /// So many bytes of it, if they are free now.
    pub fn take_now(&self, bytes: usize) -> Option<Share> {
        let count = u32::try_from(units(bytes)).ok()?;
        Arc::clone(&self.0).try_acquire_many_owned(count).ok().map(Share)
    }
}

impl Share {
    /// Gives back what is over these bytes.
    pub fn shrink(&mut self, bytes: usize) {
        drop(self.0.split(self.0.num_permits().saturating_sub(units(bytes))));
    }
}

/// The budget is counted in kilobytes.
fn units(bytes: usize) -> usize {
    bytes.div_ceil(1 << 10)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn signs_within_texts_weigh_no_more_than_letters() {
        assert_eq!(weight(br#""{[,:\"{[,:\\""#, 0), 14);
        assert_eq!(weight(br#"{"a":1,"b":[]}"#, 0), 14 + 2 * OPENED + 3 * ENTRY);
    }

    #[test]
    fn what_is_light_wherever_its_signs_stand_is_not_looked_at_closer() {
        let in_a_text = format!(r#"["{}"]"#, "{[,:".repeat(100));
        let (exact, most) = (weight(in_a_text.as_bytes(), 0), weight(in_a_text.as_bytes(), usize::MAX));
        assert_eq!((exact, most), (404 + OPENED, 404 + 201 * OPENED + 200 * ENTRY));
        assert_eq!(weight(in_a_text.as_bytes(), most - 1), exact);
        let outside = "[{}]".repeat(100);
        assert_eq!(weight(outside.as_bytes(), usize::MAX), weight(outside.as_bytes(), 0));
    }

    #[test]
    fn pieces_weigh_what_the_whole_does() {
        let json = br#"{"a\\\"{":["x,\\",{"b":null}]}"#;
        for cut in 0..json.len() {
            let mut scale = Scale::default();
            scale.add(&json[..cut]);
            scale.add(&json[cut..]);
            assert_eq!(scale.weight(), weight(json, 0), "cut at {cut}");
        }
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let budget = Budget::new(10 << 10);
        let mut share = budget.take_now(8 << 10).unwrap();
        assert!(budget.take_now(3 << 10).is_none());
        share.shrink(5 << 10);
        let rest = budget.take_now(5 << 10).unwrap();
        assert!(budget.take_now(1).is_none());
        drop((share, rest));
        assert!(budget.take_now(10 << 10).is_some());
    }

    #[test]
    fn a_text_that_would_weigh_too_much_is_not_parsed() {
        assert_eq!(inner::<Vec<u8>>("[1,2]"), Some(vec![1, 2]));
        assert_eq!(inner::<serde_json::Value>(&format!("[{}1]", "[],".repeat(10_000))), None);
    }
}
