//! A key, or a short text: a type, a state, a number in quotes.

/// A longer text has no meaning here.
const LONGEST: usize = 48;

/// A text made of its parts. A text in one part is not copied.
#[derive(Debug)]
pub(super) struct Short {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Default for Short {
    fn default() -> Self {
        Self { bytes: [0; LONGEST], length: 0 }
    }
}

impl Short {
    /// Takes a part. With the last one, returns the beginning of the text, and begins a new one.
    pub(super) fn push<'a>(&'a mut self, part: &'a [u8], is_last: bool) -> Option<&'a [u8]> {
        if is_last && self.length == 0 {
            return Some(part.get(..LONGEST).unwrap_or(part));
        }
        let room = self.bytes.get_mut(self.length..).unwrap_or_default();
        self.length += room.len().min(part.len());
        room.iter_mut().zip(part).for_each(|(slot, byte)| *slot = *byte);
        if !is_last {
            return None;
        }
        let length = ::core::mem::take(&mut self.length);
        self.bytes.get(..length)
    }

    pub(super) fn clear(&mut self) {
        self.length = 0;
    }
}
