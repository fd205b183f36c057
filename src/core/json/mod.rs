//! A JSON scanner over bytes that come in pieces, cut anywhere. It reports what it meets, in order, by [RFC 8259],
//! and builds no values.
//!
//! It accepts what `JSON.parse` accepts, and a byte order mark besides. Texts are reported unescaped, in parts, and
//! are never kept whole. An escaped surrogate without its other half becomes WTF-8, because the other half may come
//! in the next event. Work is linear in the number of bytes however they are cut, and no document may be deeper than
//! [`DEEPEST`].
//!
//! Every byte of a stream passes here. Most of them are in texts and keys without an escape that come in one piece:
//! each of those is one call of the sink, and is not copied.
//!
//! [RFC 8259]: https://www.rfc-editor.org/rfc/rfc8259

mod number;
mod text;

pub use number::millis;
pub use text::is_inside;

use number::Number;
use text::Text;

/// The deepest nesting of objects and arrays. Answers have meaning only in a few levels, and a deeper document is an
/// attack on a stack.
pub const DEEPEST: usize = 512;

/// What the scanner reports to.
pub trait Sink {
    /// An object or an array begins.
    fn opens(&mut self, is_object: bool);
    /// The innermost object or array ends.
    fn closes(&mut self, is_object: bool);
    /// A part of the key of the next value, in UTF-8 as it came, and whether it is the last part. Any part may be
    /// empty.
    fn key(&mut self, part: &[u8], is_last: bool);
    /// A part of a text, in the same way.
    fn text(&mut self, part: &[u8], is_last: bool);
    /// A number as it was written, without what is beyond 32 bytes.
    fn number(&mut self, written: &[u8]);
    /// `true`, `false` or `null`.
    fn literal(&mut self, value: Option<bool>);
}

/// Why the scanner takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoJson {
    /// It cannot be JSON, whatever follows.
    Malformed,
    /// Deeper than [`DEEPEST`], and JSON as far as it was read.
    TooDeep,
}

/// Reads one document piece by piece, without building values.
#[derive(Debug)]
pub struct Scanner {
    /// What may come next, a bit each.
    expects: u8,
    scanning: Scanning,
    /// Whether the innermost open level is an object.
    in_object: bool,
    depth: usize,
    /// For each open level, whether the level around it is an object, a bit each.
    objects: [u64; DEEPEST / 64],
    text: Text,
    number: Number,
    /// How much of the current word has come.
    matched: usize,
}

const VALUE: u8 = 1;
const KEY: u8 = 2;
const COLON: u8 = 4;
const COMMA: u8 = 8;
const END_OF_OBJECT: u8 = 16;
const END_OF_ARRAY: u8 = 32;
/// The first byte: a byte order mark, or a value.
const MARK: u8 = 64;
/// Nothing may come any more, not even white space.
const BROKEN: u8 = 128;

/// What has begun, and may end in this piece or another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scanning {
    Nothing,
    Key,
    Text,
    Number,
    Word(Word),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Null,
    False,
    True,
    Mark,
}

impl Word {
    const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Null => b"null",
            Self::False => b"false",
            Self::True => b"true",
            Self::Mark => b"\xef\xbb\xbf",
        }
    }
}

impl Default for Scanner {
    fn default() -> Self {
        Self {
            expects: VALUE | MARK,
            scanning: Scanning::Nothing,
            in_object: false,
            depth: 0,
            objects: [0; DEEPEST / 64],
            text: Text::default(),
            number: Number::default(),
            matched: 0,
        }
    }
}

impl Scanner {
    /// Another document begins.
    pub fn begin(&mut self) {
        (self.expects, self.scanning) = (VALUE | MARK, Scanning::Nothing);
        (self.in_object, self.depth) = (false, 0);
        self.text = Text::default();
    }

    /// Takes the next bytes, and reports to `sink` what they complete.
    pub fn push(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<(), NoJson> {
        let read = self.take(bytes, sink);
        if read.is_err() {
            self.expects = BROKEN;
        }
        read
    }

    /// No more will come. Only now is a number at the very end complete.
    pub fn end(&mut self, sink: &mut impl Sink) -> Result<(), NoJson> {
        if self.scanning == Scanning::Number && self.depth == 0 && self.expects != BROKEN {
            self.number.end(sink)?;
            (self.scanning, self.expects) = (Scanning::Nothing, 0);
        }
        if self.is_over() {
            return Ok(());
        }
        self.expects = BROKEN;
        Err(NoJson::Malformed)
    }

    /// A value is complete, and whatever comes is another value, as in a stream of JSON texts.
    pub fn is_over(&self) -> bool {
        self.expects == 0 && self.scanning == Scanning::Nothing
    }

    /// A value has begun, and its end has not come.
    pub fn is_open(&self) -> bool {
        let has_begun = self.expects & MARK == 0 || self.scanning != Scanning::Nothing;
        has_begun && self.expects != BROKEN && !self.is_over()
    }

    fn take(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<(), NoJson> {
        if self.expects == BROKEN {
            return Err(NoJson::Malformed);
        }
        let mut rest = bytes;
        while let [byte, after @ ..] = rest {
            if self.scanning == Scanning::Nothing {
                self.begins(*byte, sink)?;
                if !matches!(self.scanning, Scanning::Number | Scanning::Word(_)) {
                    rest = after;
                }
            }
            let scanning = self.scanning;
            let left = match scanning {
                Scanning::Nothing => continue,
                Scanning::Key | Scanning::Text => self.text.push(rest, &mut |part, is_last| {
                    if scanning == Scanning::Key { sink.key(part, is_last) } else { sink.text(part, is_last) }
                })?,
                Scanning::Number => self.number.push(rest, sink)?,
                Scanning::Word(word) => self.word(word, rest, sink)?,
            };
            let Some(after) = left else { break };
            rest = after;
            self.scanning = Scanning::Nothing;
            self.expects = match scanning {
                Scanning::Key => {
                    if let [b':', after @ ..] = rest {
                        rest = after;
                        VALUE
                    } else {
                        COLON
                    }
                }
                Scanning::Word(Word::Mark) => VALUE,
                _ => self.after_value(),
            };
        }
        Ok(())
    }

    /// Takes the next byte outside of texts and keys. The bytes of a number or a word are left for these to take.
    fn begins(&mut self, byte: u8, sink: &mut impl Sink) -> Result<(), NoJson> {
        let expects = self.expects;
        let may = |come: u8| expects & come != 0;
        match byte {
            b'"' if may(KEY | VALUE) => {
                self.scanning = if may(KEY) { Scanning::Key } else { Scanning::Text };
            }
            b':' if may(COLON) => self.expects = VALUE,
            b',' if may(COMMA) => self.expects = if self.in_object { KEY } else { VALUE },
            // A byte order mark after white space is none.
            b' ' | b'\t' | b'\n' | b'\r' => self.expects &= !MARK,
            b'{' | b'[' if may(VALUE) => return self.open(byte == b'{', sink),
            b'}' if may(END_OF_OBJECT) => self.close(sink),
            b']' if may(END_OF_ARRAY) => self.close(sink),
            b'-' | b'0'..=b'9' if may(VALUE) => {
                self.number = Number::default();
                self.scanning = Scanning::Number;
            }
            b'n' if may(VALUE) => self.begin_word(Word::Null),
            b'f' if may(VALUE) => self.begin_word(Word::False),
            b't' if may(VALUE) => self.begin_word(Word::True),
            0xef if may(MARK) => self.begin_word(Word::Mark),
            _ => return Err(NoJson::Malformed),
        }
        Ok(())
    }

    fn open(&mut self, is_object: bool, sink: &mut impl Sink) -> Result<(), NoJson> {
        let level = self.objects.get_mut(self.depth / 64).ok_or(NoJson::TooDeep)?;
        let bit = 1 << (self.depth % 64);
        if self.in_object {
            *level |= bit
        } else {
            *level &= !bit
        }
        self.depth += 1;
        self.in_object = is_object;
        self.expects = if is_object { KEY | END_OF_OBJECT } else { VALUE | END_OF_ARRAY };
        sink.opens(is_object);
        Ok(())
    }

    fn close(&mut self, sink: &mut impl Sink) {
        sink.closes(self.in_object);
        self.depth -= 1;
        let level = self.objects.get(self.depth / 64).copied().unwrap_or_default();
        self.in_object = level & 1 << (self.depth % 64) != 0;
        self.expects = self.after_value();
    }

    fn after_value(&self) -> u8 {
        match (self.depth, self.in_object) {
            (0, _) => 0,
            (_, true) => COMMA | END_OF_OBJECT,
            (_, false) => COMMA | END_OF_ARRAY,
        }
    }

    fn begin_word(&mut self, word: Word) {
        (self.scanning, self.matched) = (Scanning::Word(word), 0);
    }

    fn word<'a>(
        &mut self,
        word: Word,
        bytes: &'a [u8],
        sink: &mut impl Sink,
    ) -> Result<Option<&'a [u8]>, NoJson> {
        let left = word.bytes().get(self.matched..).unwrap_or_default();
        let length = left.len().min(bytes.len());
        let (these, after) = bytes.split_at(length);
        if !left.starts_with(these) {
            return Err(NoJson::Malformed);
        }
        self.matched += length;
        if length < left.len() {
            return Ok(None);
        }
        match word {
            Word::Null => sink.literal(None),
            Word::False => sink.literal(Some(false)),
            Word::True => sink.literal(Some(true)),
            Word::Mark => {}
        }
        Ok(Some(after))
    }
}

#[cfg(test)]
mod tests;
