//! The inside of a text, up to the quotation mark: parts as they came, with escapes resolved.

use super::NoJson;

#[derive(Debug, Default)]
pub(super) struct Text {
    escape: Escape,
    /// The first half of a surrogate pair. The second half may follow.
    high: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Escape {
    #[default]
    None,
    /// After the backslash.
    Begun,
    /// After `\u` and this many digits, which make this number.
    Digits(u32, u32),
}

/// Whether `bytes` are the inside of one text, from quotation mark to quotation mark. `part` takes its parts
/// meanwhile.
pub fn is_inside(bytes: &[u8], part: &mut dyn FnMut(&[u8])) -> bool {
    let mut text = Text::default();
    let read = text.push(bytes, &mut |one, _| part(one));
    read == Ok(None) && matches!(text.escape, Escape::None) && text.high.is_none()
}

/// Takes the parts of a text, and whether each is the last one.
type Parts<'a> = &'a mut dyn FnMut(&[u8], bool);

impl Text {
    /// Takes the bytes of the text, and returns the bytes after its end.
    pub(super) fn push<'a>(&mut self, bytes: &'a [u8], part: Parts<'_>) -> Result<Option<&'a [u8]>, NoJson> {
        let mut rest = bytes;
        loop {
            let Escape::None = self.escape else {
                let [byte, after @ ..] = rest else { return Ok(None) };
                self.escaped(*byte, part)?;
                rest = after;
                continue;
            };
            let length = plain(rest);
            let (plain, after) =
                (rest.get(..length).unwrap_or_default(), rest.get(length..).unwrap_or_default());
            if !matches!((plain, after), ([], [] | [b'\\', ..])) {
                self.flush(part);
            }
            match after {
                [] => {
                    part(plain, false);
                    return Ok(None);
                }
                [b'"', after @ ..] => {
                    part(plain, true);
                    return Ok(Some(after));
                }
                [b'\\', after @ ..] => {
                    part(plain, false);
                    self.escape = Escape::Begun;
                    rest = after;
                }
                _ => {
                    part(plain, false);
                    return Err(NoJson::Malformed); // a control character
                }
            }
        }
    }

    fn escaped(&mut self, byte: u8, part: Parts<'_>) -> Result<(), NoJson> {
        let (count, number) = match self.escape {
            Escape::Digits(count, number) => {
                let digit = char::from(byte).to_digit(16).ok_or(NoJson::Malformed)?;
                (count + 1, number * 16 + digit)
            }
            _ if byte == b'u' => (0, 0),
            _ => {
                let one = match byte {
                    b'"' | b'\\' | b'/' => byte,
                    b'b' => 0x08,
                    b'f' => 0x0c,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    _ => return Err(NoJson::Malformed),
                };
                self.escape = Escape::None;
                self.flush(part);
                part(&[one], false);
                return Ok(());
            }
        };
        self.escape = if count < 4 { Escape::Digits(count, number) } else { Escape::None };
        if count == 4 {
            self.unit(number, part);
        }
        Ok(())
    }

    /// A code unit of UTF-16.
    fn unit(&mut self, unit: u32, part: Parts<'_>) {
        if let (Some(high), 0xdc00..=0xdfff) = (self.high, unit) {
            self.high = None;
            return character(0x1_0000 + ((high - 0xd800) << 10) + (unit - 0xdc00), part);
        }
        self.flush(part);
        match unit {
            0xd800..=0xdbff => self.high = Some(unit),
            _ => character(unit, part),
        }
    }

    /// A first half without a second half.
    fn flush(&mut self, part: Parts<'_>) {
        if let Some(high) = self.high.take() {
            character(high, part);
        }
    }
}

/// Half of a pair alone is three bytes too, which no UTF-8 has: [WTF-8](https://simonsapin.github.io/wtf-8/).
fn character(number: u32, part: Parts<'_>) {
    let low_six = |number: u32| 0x80 | (number & 0x3f) as u8;
    match char::from_u32(number) {
        Some(character) => part(character.encode_utf8(&mut [0; 4]).as_bytes(), false),
        None => part(&[0xed, low_six(number >> 6), low_six(number)], false),
    }
}

/// How many bytes stand for themselves: up to a quotation mark, a backslash or a control character.
///
/// Eight at a time: most of an answer is inspected here and nowhere else.
fn plain(bytes: &[u8]) -> usize {
    const fn repeated(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    // The highest bit of each byte below `n`. Above the first such byte, other bits may be set too (Bit Twiddling
    // Hacks, "Determine if a word has a byte less than n"), so the lowest bit is exact.
    let below = |word: u64, n: u8| word.wrapping_sub(repeated(n)) & !word & repeated(0x80);
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = below(word, 0x20) | below(word ^ repeated(b'"'), 1) | below(word ^ repeated(b'\\'), 1);
        if found != 0 {
            return index * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20);
    words.len() * 8 + rest.iter().position(special).unwrap_or(rest.len())
}
