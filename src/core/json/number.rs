//! Numbers, by the grammar of JSON, as they were written.

use super::{NoJson, Sink};

/// How much of a number is kept. A longer number has no meaning here.
const KEPT: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Number {
    /// What came of the number in earlier pieces.
    written: [u8; KEPT],
    length: usize,
    stage: Stage,
}

/// The last part that was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Nothing,
    Minus,
    Zero,
    Whole,
    Point,
    Fraction,
    E,
    Sign,
    Exponent,
}

impl Number {
    /// Takes the bytes of the number, and returns the bytes after its end.
    pub(super) fn push<'a>(
        &mut self,
        bytes: &'a [u8],
        sink: &mut impl Sink,
    ) -> Result<Option<&'a [u8]>, NoJson> {
        let mut length = 0;
        for byte in bytes {
            self.stage = match (self.stage, byte) {
                (Stage::Nothing, b'-') => Stage::Minus,
                (Stage::Nothing | Stage::Minus, b'0') => Stage::Zero,
                (Stage::Nothing | Stage::Minus | Stage::Whole, b'0'..=b'9') => Stage::Whole,
                (Stage::Zero | Stage::Whole, b'.') => Stage::Point,
                (Stage::Point | Stage::Fraction, b'0'..=b'9') => Stage::Fraction,
                (Stage::Zero | Stage::Whole | Stage::Fraction, b'e' | b'E') => Stage::E,
                (Stage::E, b'+' | b'-') => Stage::Sign,
                (Stage::E | Stage::Sign | Stage::Exponent, b'0'..=b'9') => Stage::Exponent,
                _ => break,
            };
            length += 1;
        }
        let (these, after) = bytes.split_at(length);
        if after.is_empty() {
            self.keep(these);
            return Ok(None);
        }
        if self.length == 0 {
            self.is_whole()?;
            sink.number(these.get(..KEPT).unwrap_or(these));
        } else {
            self.keep(these);
            self.end(sink)?;
        }
        Ok(Some(after))
    }

    /// No more will come.
    pub(super) fn end(&self, sink: &mut impl Sink) -> Result<(), NoJson> {
        self.is_whole()?;
        sink.number(self.written.get(..self.length).unwrap_or_default());
        Ok(())
    }

    /// Whether the number may end here.
    fn is_whole(&self) -> Result<(), NoJson> {
        let is_whole = matches!(self.stage, Stage::Zero | Stage::Whole | Stage::Fraction | Stage::Exponent);
        is_whole.then_some(()).ok_or(NoJson::Malformed)
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.written.get_mut(self.length..).unwrap_or_default();
        self.length += room.len().min(bytes.len());
        room.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
    }
}

/// A decimal number of seconds in whole milliseconds, rounded down: `20.5` is 20,500. No float is used, because
/// floats cost code, and `0.1 + 0.2` hours. `None` if the number is negative, has an exponent, or does not fit.
pub fn millis(written: &[u8]) -> Option<u64> {
    /// Four more digits fit above this.
    const MOST: u64 = u64::MAX / 100_000;
    let (mut ms, mut places) = (0, None);
    let mut before = b'.';
    for byte in written {
        match byte {
            b'0'..=b'9' if places == Some(3) => {}
            b'0'..=b'9' if ms <= MOST => {
                ms = ms * 10 + u64::from(byte - b'0');
                places = places.map(|places| places + 1);
            }
            b'.' if places.is_none() && before != b'.' => places = Some(0),
            _ => return None,
        }
        before = *byte;
    }
    if before == b'.' {
        return None;
    }
    (places.unwrap_or(0)..3).for_each(|_| ms *= 10);
    Some(ms)
}
