//! What a JSON answer, or one event of a stream, says, whichever server it comes from: whether it has failed, with which
//! status, in which words; whether a result stands in it, and which of it is text; whether the answer is at its end.
//!
//! Told by the keys on the way to a value, as the tokens come, and nothing is kept of the document but its text and its
//! words about a failure. What says failure is one unless a result stands beside it: servers put ids, usage and nulls
//! next to an error, and `"error": null` next to an answer.

mod formats;
mod keys;
mod said;

pub use said::{Meaning, Said, WORDS_LIMIT};

use super::json::{NoJson, Scanner, Token, millis};
use super::time::Duration;
use formats::Part;
use keys::{Key, Name, WAY, way};

/// One document, in pieces.
#[derive(Debug, Default)]
pub struct Reader {
    scanner: Scanner,
    place: Place,
    said: Said,
}

impl Reader {
    /// Another document begins, of which is known already that it tells of a failure. What was said before is kept
    /// nowhere, but its room.
    pub fn begin(&mut self, fails: bool) {
        self.scanner.begin();
        self.place.begin();
        self.said.clear();
        self.said.has_ended_badly = fails;
    }

    /// One that keeps the text of its documents.
    pub fn of_text() -> Self {
        let mut reader = Self::default();
        reader.said.keeps_text = true;
        reader
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), NoJson> {
        let Self { scanner, place, said } = self;
        let read = scanner.push(bytes, &mut |token| place.take(token, said));
        // Whatever is said so deep, it is said of an error.
        said.has_failed |= read == Err(NoJson::TooDeep) && place.outermost == Key::Error;
        read
    }

    /// No more will come.
    pub fn end(&mut self) -> Result<(), NoJson> {
        let Self { scanner, place, said } = self;
        scanner.end(&mut |token| place.take(token, said))
    }

    /// What was said: all of it, or what came before the document was cut or turned out to be no JSON.
    pub fn said(&self) -> &Said {
        &self.said
    }

    /// It has begun, and its end has not come.
    pub fn is_open(&self) -> bool {
        self.scanner.is_open()
    }

    /// The document is complete.
    pub fn is_over(&self) -> bool {
        self.scanner.is_over()
    }
}

/// Where in the document the next value stands.
#[derive(Debug)]
struct Place {
    /// Of each open object the key of the value under way.
    way: u64,
    outermost: Key,
    /// How many are open.
    depth: usize,
    name: Name,
    /// The beginning of a short text: a type, a state, or a number in quotes.
    short: [u8; 48],
    length: usize,
    /// The document is a list.
    is_list: bool,
    /// What the value there is, until there is another.
    used: Option<Use>,
}

impl Default for Place {
    fn default() -> Self {
        let (outermost, name) = (Key::None, Name::default());
        Self { way: 0, outermost, depth: 0, name, short: [0; 48], length: 0, is_list: false, used: None }
    }
}

/// What a value is taken for, by the keys on the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Nothing,
    Part(Part),
    /// Says what is the matter.
    Words,
    /// Names it, or is the status.
    Kind,
    Estimate,
    /// Of the whole document.
    Type,
    Object,
    Status,
    Success,
    Id,
    JsonRpc,
}

const PARTS: u64 = way(&[Key::Candidates, Key::Content, Key::Parts]);
const TOKEN: u64 = way(&[Key::Token]);
const RAW: u64 = way(&[Key::Error, Key::Metadata, Key::Raw]);

impl Place {
    fn begin(&mut self) {
        (self.way, self.outermost, self.depth) = (0, Key::None, 0);
        (self.length, self.is_list, self.used) = (0, false, None);
        self.name.take();
    }

    fn take(&mut self, token: Token<'_>, said: &mut Said) {
        match token {
            Token::Object => {
                match self.depth {
                    1 if self.is_of_choices() => said.choice_begins(),
                    1 if self.way == TOKEN => said.token_begins(),
                    3 if self.way == PARTS => said.piece_begins(),
                    _ => {}
                }
                self.used = None;
                self.depth += 1;
                if self.depth <= WAY {
                    self.way = self.way << 8 | Key::None as u64;
                }
            }
            Token::Array if self.depth == 1 && self.is_of_choices() => said.is_known = true,
            Token::ObjectEnd => {
                self.used = None;
                if self.depth <= WAY {
                    self.way >>= 8;
                }
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 1 && self.is_of_choices() {
                    said.choice_ends();
                }
            }
            Token::KeyPart(part) => self.name.push(part),
            Token::Key => {
                let key = self.name.take();
                self.used = None;
                if self.depth <= WAY {
                    self.way = self.way & !0xff | key as u64;
                }
                if self.depth == 1 {
                    self.outermost = key;
                }
            }
            Token::Part(part) => match self.used() {
                // Whatever it is called, something is said of an error.
                Use::Nothing if self.outermost == Key::Error => said.has_failed = true,
                Use::Nothing | Use::Part(Part::Nothing) => {}
                Use::Part(Part::Text) => said.add_text(part),
                Use::Part(Part::Alone) => said.add_alone(part),
                Use::Part(Part::Whole) => said.whole(part),
                Use::Part(Part::Result) => self.result(said),
                Use::Words => said.word(part),
                Use::Kind => {
                    said.kind(part);
                    self.keep(part);
                }
                _ => self.keep(part),
            },
            Token::Text => self.text(said),
            Token::Number(written) => match self.used() {
                Use::Kind => self.status(written, said),
                Use::Estimate => said.estimate = seconds(written),
                Use::Part(Part::Result) => self.result(said),
                Use::Part(Part::Index) => said.choice_is(millis(written).map_or(0, |ms| ms / 1_000)),
                _ => {}
            },
            Token::True => match self.used() {
                Use::Words => said.has_failed |= self.fails(),
                Use::Part(Part::Result) => said.has_result = true,
                Use::Part(Part::Done) => said.ends(),
                Use::Part(Part::Special) => said.piece_is_special(),
                _ => {}
            },
            Token::False => match self.used() {
                Use::Success => said.has_failed = true,
                Use::Part(Part::Done) => said.is_known = true,
                _ => {}
            },
            Token::Array => self.is_list |= self.depth == 0,
            Token::ArrayEnd | Token::Null => {}
        }
    }

    fn result(&self, said: &mut Said) {
        said.has_result = true;
        // A list of numbers, an image: long, and nothing that follows is the end of an answer that has failed.
        said.is_settled |= self.is_list || matches!(self.outermost, Key::Data | Key::Embedding);
    }

    fn text(&mut self, said: &mut Said) {
        let used = self.used();
        let length = ::core::mem::take(&mut self.length);
        let short = self.short.get(..length).unwrap_or_default();
        match used {
            Use::Words => {
                let before = said.words.len();
                said.end_of_words();
                said.has_failed |= before > 0 && self.fails();
            }
            Use::Kind => {
                said.end_of_kind();
                said.has_failed |= length > 0 && self.fails();
                self.status(short, said);
            }
            Use::Estimate => said.estimate = seconds(short),
            Use::Part(Part::Finish) => match short {
                b"" | b"null" | b"FINISH_REASON_UNSPECIFIED" => {}
                _ if FAILING_ENDS.contains(&short) => {
                    said.has_ended_badly = true;
                    said.word(b"finish_reason: ");
                    said.word(short);
                    said.end_of_words();
                }
                _ => said.choice_finishes(),
            },
            Use::Part(Part::Whole) => said.ends(),
            Use::Type => {
                said.kind(short);
                said.end_of_kind();
                said.is_of(short);
            }
            Use::Object => {
                said.has_failed |= short == b"error";
                said.is_resource(short);
            }
            Use::Status => said.status_is(short),
            Use::Id => said.has_id = length > 0,
            Use::JsonRpc => said.has_result = true,
            _ => {}
        }
    }

    fn keep(&mut self, part: &[u8]) {
        if let Some(room) = self.short.get_mut(self.length..) {
            let length = part.len().min(room.len());
            room.iter_mut().zip(part).for_each(|(slot, byte)| *slot = *byte);
            self.length += length;
        }
    }

    /// A status as a number, or a number in quotes.
    fn status(&self, written: &[u8], said: &mut Said) {
        let Some(number) = millis(written).filter(|ms| ms % 1_000 == 0) else { return };
        let number = number / 1_000;
        if let 400..=599 = number {
            said.status = said.status.or(u16::try_from(number).ok());
            said.has_failed |= self.fails();
            said.has_own_code |= self.depth == 1;
        }
        // Baidu and MiniMax refuse with a 200, and numbers of their own.
        let own = matches!(self.outermost, Key::ErrorCode | Key::BaseResp);
        said.has_own_code |= own && number > 0;
    }

    fn is_of_choices(&self) -> bool {
        matches!(self.outermost, Key::Choices | Key::Candidates)
    }

    /// Whether a value here says that it failed, and not only why: below an `error`, or what is called one.
    fn fails(&self) -> bool {
        const ERRORS: [Key; 3] = [Key::Error, Key::Errors, Key::ErrorType];
        let is_error = |key: &u8| ERRORS.iter().any(|error| *error as u8 == *key);
        self.depth <= WAY && self.way.to_le_bytes().iter().take(self.depth).any(is_error)
    }

    fn used(&mut self) -> Use {
        if let Some(used) = self.used {
            return used;
        }
        let last = self.way as u8;
        let used = match self.depth {
            0 if self.is_list => Use::Part(Part::Result),
            0 => Use::Words, // a text alone is what a proxy says
            1..=WAY => match formats::part(self.outermost, self.way, self.depth) {
                Some(part) if last != Key::Error as u8 => Use::Part(part),
                _ if last == Key::Other as u8 => Use::Nothing,
                _ => self.of_failure(),
            },
            _ => Use::Nothing,
        };
        self.used = Some(used);
        used
    }

    fn of_failure(&self) -> Use {
        const CODE: u8 = Key::Code as u8;
        const TYPE: u8 = Key::Type as u8;
        const STATUS: u8 = Key::Status as u8;
        const ERROR_TYPE: u8 = Key::ErrorType as u8;
        const ERROR_CODE: u8 = Key::ErrorCode as u8;
        // The streamed form of `/v1/responses` wraps the whole, and a choice may have an error of its own.
        let wraps = matches!(self.outermost, Key::Response | Key::Choices | Key::BaseResp);
        let depth = self.depth - usize::from(wraps && self.depth > 1);
        let keys = self.way.to_le_bytes();
        let last = self.way as u8;
        let below_a_failure = keys.iter().take(depth).skip(1).all(|key| Key::of_failure(*key));
        match last {
            _ if self.way == RAW => Use::Words,
            _ if !below_a_failure => Use::Nothing,
            _ if Key::of_failure(last) => Use::Words,
            CODE | ERROR_CODE | ERROR_TYPE => Use::Kind,
            TYPE | STATUS if depth > 1 => Use::Kind,
            TYPE => Use::Type,
            STATUS => Use::Status,
            _ if depth > 1 => Use::Nothing,
            _ if last == Key::Estimate as u8 => Use::Estimate,
            _ if last == Key::Object as u8 => Use::Object,
            _ if last == Key::Success as u8 => Use::Success,
            _ if last == Key::Id as u8 => Use::Id,
            _ if last == Key::JsonRpc as u8 => Use::JsonRpc,
            _ => Use::Nothing,
        }
    }
}

/// Ends that are none: OpenRouter and vLLM, Z.ai, DeepSeek.
const FAILING_ENDS: [&[u8]; 6] = [
    b"error",
    b"abort",
    b"error_finish",
    b"network_error",
    b"network-error",
    b"insufficient_system_resource",
];

/// `20.5`, or with its unit, `2.5s`.
fn seconds(written: &[u8]) -> Option<Duration> {
    millis(written.strip_suffix(b"s").unwrap_or(written)).map(Duration::from_ms)
}

#[cfg(test)]
mod tests;
