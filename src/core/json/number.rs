//! Numbers, by the grammar of JSON, as they were written.

use super::NoJson;

/// As much of a number is kept: what is longer means nothing to anybody here.
const KEPT: usize = 32;

#[derive(Debug)]
pub(super) struct Number {
    written: [u8; KEPT],
    length: usize,
    stage: Stage,
}

impl Default for Number {
    fn default() -> Self {
        Self { written: [0; KEPT], length: 0, stage: Stage::Minus }
    }
}

/// What has just been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
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
    /// Whether a number begins so.
    pub(super) fn begin(&mut self, byte: u8) -> bool {
        self.length = 0;
        self.stage = match byte {
            b'-' => Stage::Minus,
            b'0' => Stage::Zero,
            b'1'..=b'9' => Stage::Whole,
            _ => return false,
        };
        self.keep(byte);
        true
    }

    /// Takes what belongs to the number, and gives back what comes after its end.
    pub(super) fn push<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<&'a [u8]>, NoJson> {
        let mut rest = bytes;
        while let [byte, after @ ..] = rest {
            self.stage = match (self.stage, byte) {
                (Stage::Minus, b'0') => Stage::Zero,
                (Stage::Minus, b'1'..=b'9') | (Stage::Whole, b'0'..=b'9') => Stage::Whole,
                (Stage::Zero | Stage::Whole, b'.') => Stage::Point,
                (Stage::Point | Stage::Fraction, b'0'..=b'9') => Stage::Fraction,
                (Stage::Zero | Stage::Whole | Stage::Fraction, b'e' | b'E') => Stage::E,
                (Stage::E, b'+' | b'-') => Stage::Sign,
                (Stage::E | Stage::Sign | Stage::Exponent, b'0'..=b'9') => Stage::Exponent,
                _ if self.is_whole() => return Ok(Some(rest)),
                _ => return Err(NoJson::Malformed),
            };
            self.keep(*byte);
            rest = after;
        }
        Ok(None)
    }

    /// Whether it may end here.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.stage, Stage::Zero | Stage::Whole | Stage::Fraction | Stage::Exponent)
    }

    pub(super) fn written(&self) -> &[u8] {
        self.written.get(..self.length).unwrap_or_default()
    }

    fn keep(&mut self, byte: u8) {
        if let Some(place) = self.written.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }
}

/// A decimal number of seconds as whole milliseconds, what is less than one cut off: `20.5` is 20,500.
/// No float: they cost code, and `0.1 + 0.2` hours. Below zero, with an exponent, or more than fits, is none.
pub fn millis(written: &[u8]) -> Option<u64> {
    let mut parts = written.split(|byte| *byte == b'.');
    let (whole, fraction) = (parts.next()?, parts.next());
    if whole.is_empty() || fraction == Some(b"") || parts.next().is_some() {
        return None;
    }
    let fraction = fraction.unwrap_or_default();
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let zeros = [b'0'; 3];
    whole.iter().chain(fraction.iter().chain(&zeros).take(3)).try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}
