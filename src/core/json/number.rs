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
                _ => return Err(NoJson),
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
/// No float: they cost code, and `0.1 + 0.2` hours. Below zero, or more than fits, is none.
pub fn millis(written: &[u8]) -> Option<u64> {
    let (mut digits, mut power, mut exponent) = (0_u64, 3_i64, 0_i64);
    let (mut any, mut fraction) = (false, false);
    let mut bytes = written.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'0'..=b'9' => {
                any = true;
                // Twenty digits are enough for all time; what is finer is cut off.
                match digits.checked_mul(10).and_then(|most| most.checked_add(u64::from(byte - b'0'))) {
                    Some(more) => {
                        digits = more;
                        power -= i64::from(fraction);
                    }
                    None if fraction => {}
                    None => power += 1,
                }
            }
            b'.' if !fraction => fraction = true,
            b'e' | b'E' if any => {
                let (mut down, mut some) = (false, false);
                for byte in bytes.by_ref() {
                    match byte {
                        b'+' | b'-' if !some && exponent == 0 => down = byte == b'-',
                        b'0'..=b'9' => {
                            some = true;
                            exponent = exponent.saturating_mul(10).saturating_add(i64::from(byte - b'0'));
                        }
                        _ => return None,
                    }
                }
                exponent = if down { exponent.saturating_neg() } else { exponent };
            }
            _ => return None,
        }
    }
    if !any {
        return None;
    }
    let power = power.saturating_add(exponent);
    let scale = u32::try_from(power.unsigned_abs()).ok().and_then(|power| 10_u64.checked_pow(power));
    match scale {
        _ if digits == 0 => Some(0),
        Some(scale) if power >= 0 => digits.checked_mul(scale),
        Some(scale) => digits.checked_div(scale),
        None => (power < 0).then_some(0),
    }
}
