//! JSON over bytes that come in pieces, cut anywhere: the tokens of [RFC 8259], one after the other,
//! and no values.
//!
//! What it accepts is what `JSON.parse` accepts, in a byte order mark also what a server meant. Texts
//! come unescaped, in parts, and are never kept whole; an escaped surrogate without its other half
//! is U+FFFD, as it is wherever a string of JavaScript becomes bytes. Work is linear in the number
//! of bytes however they are cut, and no document may be deeper than [`DEEPEST`].
//!
//! [RFC 8259]: https://www.rfc-editor.org/rfc/rfc8259

mod number;
mod text;

pub use number::millis;

use number::Number;
use text::Text;

/// The deepest nesting of objects and arrays: no answer has a meaning for us below a few levels, and
/// what is deeper is an attack on somebody's stack.
pub const DEEPEST: usize = 512;

/// The byte order mark in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// The beginning of an object, of which keys and values follow.
    Object,
    Array,
    ObjectEnd,
    ArrayEnd,
    /// A part of the key of the next value, in UTF-8 as it came. An empty one has no part.
    KeyPart(&'a [u8]),
    /// The key is at its end.
    Key,
    /// A part of a text, likewise.
    Part(&'a [u8]),
    /// The text is at its end.
    Text,
    /// As it was written, without what is beyond 32 bytes.
    Number(&'a [u8]),
    True,
    False,
    Null,
}

/// The scanner takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoJson {
    Malformed,
    /// Deeper than [`DEEPEST`], and JSON as far as it was read.
    TooDeep,
}

#[derive(Debug, Default)]
pub struct Scanner {
    expects: Expects,
    /// Whether each open level is an object, a bit each; the innermost is `depth - 1`.
    objects: [u64; DEEPEST / 64],
    depth: usize,
    text: Text,
    number: Number,
    /// How much has come of the literal or the byte order mark under way.
    matched: usize,
}

/// What may come next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Expects {
    /// The first byte of all.
    #[default]
    Beginning,
    Mark,
    Value,
    /// Or the end of the array that has just begun.
    ValueOrEnd,
    Key,
    /// Or the end of the object that has just begun.
    KeyOrEnd,
    Colon,
    /// The rest of a text; `true` of a key.
    RestOfText(bool),
    RestOfNumber,
    RestOf(Literal),
    CommaOrEnd,
    /// Nothing but white space.
    Nothing,
    Broken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Literal {
    True,
    False,
    Null,
}

impl Literal {
    const fn bytes(self) -> &'static [u8] {
        match self {
            Self::True => b"true",
            Self::False => b"false",
            Self::Null => b"null",
        }
    }

    const fn token(self) -> Token<'static> {
        match self {
            Self::True => Token::True,
            Self::False => Token::False,
            Self::Null => Token::Null,
        }
    }
}

impl Scanner {
    /// Another document begins.
    pub fn begin(&mut self) {
        (self.expects, self.depth, self.text) = (Expects::Beginning, 0, Text::default());
    }

    /// Takes the next bytes, and hands each token that they complete to `sink`.
    pub fn push(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Token<'_>)) -> Result<(), NoJson> {
        let mut rest = bytes;
        while let [byte, after @ ..] = rest {
            rest = match self.expects {
                Expects::RestOfText(is_key) => {
                    let part =
                        |part: &[u8]| sink(if is_key { Token::KeyPart(part) } else { Token::Part(part) });
                    match self.text.push(rest, part) {
                        Ok(None) => &[],
                        Ok(Some(after)) => {
                            self.expects = if is_key { Expects::Colon } else { self.after_value() };
                            sink(if is_key { Token::Key } else { Token::Text });
                            after
                        }
                        Err(why) => return self.broken(why),
                    }
                }
                Expects::RestOfNumber => match self.number.push(rest) {
                    Ok(None) => &[],
                    Ok(Some(after)) => {
                        self.end_number(sink);
                        after
                    }
                    Err(why) => return self.broken(why),
                },
                _ => {
                    if !self.byte(*byte, sink) {
                        let deep = self.depth == DEEPEST && matches!(byte, b'{' | b'[');
                        return self.broken(if deep { NoJson::TooDeep } else { NoJson::Malformed });
                    }
                    after
                }
            };
        }
        if self.expects == Expects::Broken { Err(NoJson::Malformed) } else { Ok(()) }
    }

    /// No more will come. A number at the very end is complete only now.
    pub fn end(&mut self, sink: &mut dyn FnMut(Token<'_>)) -> Result<(), NoJson> {
        if self.expects == Expects::RestOfNumber && self.depth == 0 && self.number.is_whole() {
            self.end_number(sink);
        }
        if self.expects == Expects::Nothing { Ok(()) } else { self.broken(NoJson::Malformed) }
    }

    /// A value is complete, and whatever comes is another one: a stream of JSON texts goes on here.
    pub fn is_over(&self) -> bool {
        self.expects == Expects::Nothing
    }

    /// A value is under way, and its end has not come.
    pub fn is_open(&self) -> bool {
        !matches!(self.expects, Expects::Nothing | Expects::Beginning | Expects::Broken)
    }

    fn byte(&mut self, byte: u8, sink: &mut dyn FnMut(Token<'_>)) -> bool {
        match (self.expects, byte) {
            (Expects::Beginning, b'\xef') => (self.expects, self.matched) = (Expects::Mark, 1),
            (Expects::Mark, _) if MARK.get(self.matched) == Some(&byte) => {
                self.matched += 1;
                if self.matched == MARK.len() {
                    self.expects = Expects::Value;
                }
            }
            (Expects::RestOf(literal), _) if literal.bytes().get(self.matched) == Some(&byte) => {
                self.matched += 1;
                if self.matched == literal.bytes().len() {
                    self.expects = self.after_value();
                    sink(literal.token());
                }
            }
            (Expects::Mark | Expects::RestOf(_) | Expects::Broken, _) => return false,
            (_, b' ' | b'\t' | b'\n' | b'\r') => {
                // White space before a byte order mark makes it none.
                if self.expects == Expects::Beginning {
                    self.expects = Expects::Value;
                }
            }
            (Expects::KeyOrEnd | Expects::Key, b'"') => self.expects = Expects::RestOfText(true),
            (Expects::Colon, b':') => self.expects = Expects::Value,
            (Expects::CommaOrEnd, b',') => {
                self.expects = if self.in_object() { Expects::Key } else { Expects::Value };
            }
            (Expects::KeyOrEnd | Expects::CommaOrEnd, b'}') if self.in_object() => self.close(sink),
            (Expects::ValueOrEnd | Expects::CommaOrEnd, b']') if !self.in_object() => self.close(sink),
            (Expects::Beginning | Expects::Value | Expects::ValueOrEnd, _) => return self.value(byte, sink),
            _ => return false,
        }
        true
    }

    fn value(&mut self, byte: u8, sink: &mut dyn FnMut(Token<'_>)) -> bool {
        match byte {
            b'{' => return self.open(true, sink),
            b'[' => return self.open(false, sink),
            b'"' => self.expects = Expects::RestOfText(false),
            b't' => (self.expects, self.matched) = (Expects::RestOf(Literal::True), 1),
            b'f' => (self.expects, self.matched) = (Expects::RestOf(Literal::False), 1),
            b'n' => (self.expects, self.matched) = (Expects::RestOf(Literal::Null), 1),
            _ if self.number.begin(byte) => self.expects = Expects::RestOfNumber,
            _ => return false,
        }
        true
    }

    fn open(&mut self, is_object: bool, sink: &mut dyn FnMut(Token<'_>)) -> bool {
        let Some(word) = self.objects.get_mut(self.depth / 64) else { return false };
        let bit = 1 << (self.depth % 64);
        if is_object {
            *word |= bit
        } else {
            *word &= !bit
        }
        self.depth += 1;
        self.expects = if is_object { Expects::KeyOrEnd } else { Expects::ValueOrEnd };
        sink(if is_object { Token::Object } else { Token::Array });
        true
    }

    fn close(&mut self, sink: &mut dyn FnMut(Token<'_>)) {
        let token = if self.in_object() { Token::ObjectEnd } else { Token::ArrayEnd };
        self.depth -= 1;
        self.expects = self.after_value();
        sink(token);
    }

    fn in_object(&self) -> bool {
        let innermost = self.depth.wrapping_sub(1);
        self.objects.get(innermost / 64).is_some_and(|word| word & (1 << (innermost % 64)) != 0)
    }

    fn end_number(&mut self, sink: &mut dyn FnMut(Token<'_>)) {
        self.expects = self.after_value();
        sink(Token::Number(self.number.written()));
    }

    fn after_value(&self) -> Expects {
        if self.depth == 0 { Expects::Nothing } else { Expects::CommaOrEnd }
    }

    fn broken(&mut self, why: NoJson) -> Result<(), NoJson> {
        self.expects = Expects::Broken;
        Err(why)
    }
}

#[cfg(test)]
mod tests;
