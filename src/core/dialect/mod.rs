//! What a JSON answer says, whichever server it comes from: whether it has failed, with which
//! status, in which words; and whether a result stands in it.
//!
//! Told by the keys on the way to a value, as the tokens come, and nothing is kept of the document
//! but its words about a failure. An answer that says failure is one unless a result stands beside
//! it: servers put ids, usage and nulls next to an error, and `"error": null` next to an answer.

mod keys;
mod said;

pub use said::{Said, WORDS_LIMIT};

use super::json::{NoJson, Scanner, Token, millis};
use super::time::Duration;
use keys::{Key, Name};

/// Of the way to a value so many keys are remembered; what is deeper says nothing.
const WAY: usize = 8;

/// One answer, or one event of a stream, in pieces.
#[derive(Debug, Default)]
pub struct Reader {
    scanner: Scanner,
    place: Place,
    said: Said,
}

impl Reader {
    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), NoJson> {
        let Self { scanner, place, said } = self;
        scanner.push(bytes, &mut |token| place.take(token, said))
    }

    /// No more will come: what it says, or that it is no JSON.
    pub fn end(mut self) -> Result<Said, NoJson> {
        let Self { scanner, place, said } = &mut self;
        scanner.end(&mut |token| place.take(token, said))?;
        Ok(self.said)
    }

    /// What was said before it was cut, or before it turned out to be no JSON.
    pub fn so_far(self) -> Said {
        self.said
    }
}

/// Where in the document the next value stands.
#[derive(Debug, Default)]
struct Place {
    /// Of each open object the key of the value under way, the outermost first. An array has none.
    way: [Option<Key>; WAY],
    depth: usize,
    name: Name,
    /// The beginning of a short text: a state, or a number in quotes.
    short: [u8; 32],
    length: usize,
}

/// What a value is taken for, by the keys on the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Nothing,
    /// Says what is the matter.
    Words,
    /// Names it, or is the status.
    Kind,
    Estimate,
    /// The end of an answer, which may be a failing one.
    Finish,
    /// Of the whole answer: `object`, `type`, `status`, `success`.
    State(Key),
    Result,
}

impl Place {
    fn take(&mut self, token: Token<'_>, said: &mut Said) {
        match token {
            Token::Object => self.open(Some(Key::Other)),
            Token::Array => self.open(None),
            Token::End => self.depth = self.depth.saturating_sub(1),
            Token::KeyPart(part) => self.name.push(part),
            Token::Key => {
                let key = self.name.take();
                if let Some(slot) = self.depth.checked_sub(1).and_then(|at| self.way.get_mut(at)) {
                    *slot = Some(key);
                }
            }
            Token::Part(part) => match self.used() {
                Use::Words => said.word(part),
                Use::Result => said.has_result = true,
                Use::Nothing => {}
                used => {
                    if used == Use::Kind {
                        said.kind(part);
                    }
                    self.keep(part);
                }
            },
            Token::Text => self.text(said),
            Token::Number(written) => match self.used() {
                Use::Kind | Use::State(_) => status(written, said, self.fails()),
                Use::Estimate => said.estimate = seconds(written),
                Use::Result => said.has_result = true,
                _ => {}
            },
            Token::True if self.used() == Use::Words => said.failed |= self.fails(),
            Token::True if self.used() == Use::Result => said.has_result = true,
            Token::False if self.used() == Use::State(Key::Success) => said.failed = true,
            Token::True | Token::False | Token::Null => {}
        }
    }

    fn open(&mut self, key: Option<Key>) {
        if let Some(slot) = self.way.get_mut(self.depth) {
            *slot = key;
        }
        self.depth += 1;
    }

    fn text(&mut self, said: &mut Said) {
        let length = ::core::mem::take(&mut self.length);
        let short = self.short.get(..length).unwrap_or_default();
        match self.used() {
            Use::Words => {
                let before = said.words.len();
                said.end_of_words();
                said.failed |= before > 0 && self.fails();
            }
            Use::Kind => {
                said.end_of_kind();
                said.failed |= length > 0 && self.fails();
                status(short, said, self.fails());
            }
            Use::Estimate => said.estimate = seconds(short),
            Use::Finish => said.failed |= FAILING_ENDS.contains(&short),
            Use::State(Key::Object | Key::Type) => said.failed |= short == b"error",
            Use::State(Key::Status) => said.failed |= short == b"failed",
            _ => {}
        }
    }

    fn keep(&mut self, part: &[u8]) {
        for byte in part {
            if let Some(slot) = self.short.get_mut(self.length) {
                *slot = *byte;
                self.length += 1;
            }
        }
    }

    /// The keys on the way, without the arrays; `None` where it is too long to say anything.
    fn keys(&self) -> Option<impl Iterator<Item = Key> + Clone + '_> {
        Some(self.way.get(..self.depth)?.iter().filter_map(|key| *key))
    }

    /// Whether a value here says that it failed, and not only why: below an `error`.
    fn fails(&self) -> bool {
        self.keys().is_some_and(|mut keys| keys.any(|key| matches!(key, Key::Error | Key::Errors)))
    }

    fn used(&self) -> Use {
        let Some(keys) = self.keys() else { return Use::Nothing };
        let mut outer = keys.clone();
        let (first, second) = (outer.next(), outer.next());
        let Some(first) = first else {
            // A text alone is what a proxy says; what stands in a list is a result.
            return if self.depth == 0 { Use::Words } else { Use::Result };
        };
        // The streamed form of `/v1/responses` wraps the whole.
        let wrapped = first == Key::Response && second.is_some();
        let inner = keys.clone().skip(usize::from(wrapped));
        let count = inner.clone().count();
        let last = inner.clone().last().unwrap_or_default();
        let below_a_failure = inner.clone().take(count.saturating_sub(1)).all(Key::is_of_a_failure);
        if last.is_of_a_failure() && below_a_failure {
            return Use::Words;
        }
        match (first, last, count) {
            (_, Key::Estimate, 1) => Use::Estimate,
            (Key::Error, Key::Raw, 3) => Use::Words,
            (_, Key::Code | Key::ErrorType, 1) => Use::Kind,
            (_, Key::Object | Key::Type | Key::Status | Key::Success, 1) => Use::State(last),
            (_, Key::Code | Key::Type | Key::Status | Key::ErrorType, _) if below_a_failure => Use::Kind,
            (Key::Choices, Key::FinishReason, 2) => Use::Finish,
            (Key::Choices, Key::Role, _) => Use::Nothing,
            (Key::Choices, _, 3..) if matches!(second, Some(Key::Delta | Key::Message)) => Use::Result,
            (Key::Choices, Key::Text, 2) => Use::Result,
            (
                Key::Candidates
                | Key::Content
                | Key::Data
                | Key::Embedding
                | Key::GeneratedText
                | Key::JsonRpc
                | Key::Output
                | Key::Result
                | Key::Token,
                ..,
            ) => Use::Result,
            (Key::Response, Key::Response, 1) => Use::Result,
            _ => Use::Nothing,
        }
    }
}

/// Ends that are none: OpenRouter and vLLM, Z.ai, DeepSeek.
const FAILING_ENDS: [&[u8]; 4] = [b"error", b"abort", b"network_error", b"insufficient_system_resource"];

/// A status as a number, or a number in quotes.
fn status(written: &[u8], said: &mut Said, fails: bool) {
    let Some(number) = millis(written).filter(|ms| ms % 1_000 == 0) else { return };
    said.number(number / 1_000);
    said.failed |= fails && said.status.is_some();
}

/// `20.5`, or with its unit, `2.5s`.
fn seconds(written: &[u8]) -> Option<Duration> {
    millis(written.strip_suffix(b"s").unwrap_or(written)).map(Duration::from_ms)
}

#[cfg(test)]
mod tests;
