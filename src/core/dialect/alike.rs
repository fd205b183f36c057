//! The events of a stream differ only in their text: what stands before and after it is the same in each, and so is
//! what it means. An event that resembles the one before is compared with it and not read again, which takes a
//! seventh of the time.

use super::found::Found;
use super::said::Said;
use crate::core::json;

/// Longer events are not kept.
const LONGEST: usize = 4096;

/// The place in memory of the newest part of a text for people, and how many parts there are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spot {
    at: usize,
    length: usize,
    parts: usize,
}

impl Spot {
    pub(super) fn saw(&mut self, part: &[u8]) {
        if !part.is_empty() {
            *self = Self { at: part.as_ptr().addr(), length: part.len(), parts: self.parts + 1 };
        }
    }
}

/// The event before, around its text.
#[derive(Debug, Default)]
pub(super) struct Alike {
    before: Vec<u8>,
    behind: Vec<u8>,
    found: Found,
}

impl Alike {
    /// Whether the event resembles the one before. If so, `said`, which must be empty, is what it says.
    pub(super) fn reads(&self, event: &[u8], said: &mut Said) -> bool {
        let Some((before, rest)) = event.split_at_checked(self.before.len()) else { return false };
        let Some(length) = rest.len().checked_sub(self.behind.len()) else { return false };
        let (text, behind) = rest.split_at(length);
        // An empty text is no content.
        if text.is_empty()
            || before.is_empty()
            || !is_same(before, &self.before)
            || !is_same(behind, &self.behind)
        {
            return false;
        }
        if !json::is_inside(text, &mut |part| said.text.extend_from_slice(part)) {
            said.text.clear();
            return false;
        }
        said.found = self.found;
        true
    }

    /// An event was read, with its text at this spot.
    pub(super) fn is_of(&mut self, event: &[u8], Spot { at, length, parts }: Spot, said: &Said) {
        let at = at.wrapping_sub(event.as_ptr().addr());
        let Some((before, rest)) = event.split_at_checked(at) else { return };
        let Some((text, behind)) = rest.split_at_checked(length) else { return };
        let is_all = parts == 1 && said.text == text && said.words.is_empty();
        if is_all && before.len() + behind.len() <= LONGEST && !said.is_failure(false) {
            before.clone_into(&mut self.before);
            behind.clone_into(&mut self.behind);
            self.found = said.found;
        }
    }
}

/// Compares two slices of one length, eight bytes at a time. The platform's own comparison takes one byte at a time.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let ((words, rest), (others, other_rest)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    let differs = |(one, other): (&[u8; 8], &[u8; 8])| u64::from_ne_bytes(*one) != u64::from_ne_bytes(*other);
    !words.iter().zip(others).any(differs) && rest == other_rest
}
