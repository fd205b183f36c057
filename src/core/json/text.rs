//! The inside of a text: parts as they came, escapes undone, up to the quotation mark.

use super::{NoJson, Token};

/// What stands for half of a surrogate pair alone.
const REPLACEMENT: u32 = 0xfffd;

#[derive(Debug, Default)]
pub(super) struct Text {
    escape: Escape,
    /// The first half of a surrogate pair, the second of which may follow.
    high: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Escape {
    #[default]
    None,
    /// After the backslash.
    Begun,
    /// After `\u` and so many digits, which make this number.
    Digits(u32, u32),
}

impl Text {
    /// Takes what belongs to the text, and gives back what comes after its end.
    pub(super) fn push<'a>(
        &mut self,
        bytes: &'a [u8],
        sink: &mut dyn FnMut(Token<'_>),
    ) -> Result<Option<&'a [u8]>, NoJson> {
        let mut rest = bytes;
        loop {
            let Escape::None = self.escape else {
                let [byte, after @ ..] = rest else { return Ok(None) };
                self.escaped(*byte, sink)?;
                rest = after;
                continue;
            };
            let plain =
                rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20)).unwrap_or(rest.len());
            let (part, after) = rest.split_at(plain);
            if !part.is_empty() {
                self.flush(sink);
                sink(Token::Part(part));
            }
            match after {
                [] => return Ok(None),
                [b'"', after @ ..] => {
                    self.flush(sink);
                    return Ok(Some(after));
                }
                [b'\\', after @ ..] => {
                    self.escape = Escape::Begun;
                    rest = after;
                }
                _ => return Err(NoJson), // a control character
            }
        }
    }

    fn escaped(&mut self, byte: u8, sink: &mut dyn FnMut(Token<'_>)) -> Result<(), NoJson> {
        let (count, number) = match self.escape {
            Escape::Digits(count, number) => {
                let digit = char::from(byte).to_digit(16).ok_or(NoJson)?;
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
                    _ => return Err(NoJson),
                };
                self.escape = Escape::None;
                self.flush(sink);
                sink(Token::Part(&[one]));
                return Ok(());
            }
        };
        self.escape = if count < 4 { Escape::Digits(count, number) } else { Escape::None };
        if count == 4 {
            self.unit(number, sink);
        }
        Ok(())
    }

    /// A code unit of UTF-16.
    fn unit(&mut self, unit: u32, sink: &mut dyn FnMut(Token<'_>)) {
        if let (Some(high), 0xdc00..=0xdfff) = (self.high, unit) {
            self.high = None;
            return character(0x1_0000 + ((high - 0xd800) << 10) + (unit - 0xdc00), sink);
        }
        self.flush(sink);
        match unit {
            0xd800..=0xdbff => self.high = Some(unit),
            _ => character(unit, sink),
        }
    }

    /// A first half that no second one follows.
    fn flush(&mut self, sink: &mut dyn FnMut(Token<'_>)) {
        if self.high.take().is_some() {
            character(REPLACEMENT, sink);
        }
    }
}

fn character(number: u32, sink: &mut dyn FnMut(Token<'_>)) {
    let character = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
    sink(Token::Part(character.encode_utf8(&mut [0; 4]).as_bytes()));
}
