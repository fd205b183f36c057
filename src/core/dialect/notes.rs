//! How one document's values are noted: its type and state, its status and words, its texts and its ends.

use super::formats::{self, Event};
use super::found::Choice;
use super::said::Said;
use super::uses::Use;
use crate::core::hint::{self, Now};
use crate::core::json::millis;
use crate::core::time::Duration;

/// The most bytes of a failure's words that are kept: the beginning says what the matter is.
pub const WORDS_LIMIT: usize = 64 * 1024;

/// The same for the names of a failure.
const MOST_OF_KIND: usize = 200;

/// The most places of a document that are read for words. A list of a thousand errors says no more.
const MOST_PLACES: u32 = 20;

/// A clock that is later than any time, so that a member that names a span names no time.
const NEVER: Now = Now { ms: u64::MAX, is_right: true };
const EPOCH: Now = Now { ms: 0, is_right: true };

/// Stands between the words of two places.
const BETWEEN: &[u8] = b"; ";

impl Said {
    pub(super) fn is_of(&mut self, name: &[u8]) {
        // `event` beside `type` is often a name of the gateway's own.
        self.found.event = formats::event(name).or(self.found.event);
        self.found.is_typed = true;
        self.found.has_ended_badly |= self.found.event == Some(Event::Failure);
    }

    pub(super) fn is_resource(&mut self, object: &[u8]) {
        self.found.is_response = object == b"response" || object == b"interaction";
        // What was made for this request does not describe something else.
        let is_answer =
            self.found.is_response || [b"error".as_slice(), b"list", b"text_completion"].contains(&object);
        self.found.is_kept = !is_answer && !object.starts_with(b"chat.completion");
    }

    /// `is_own`: it is the state of the document itself.
    pub(super) fn is_in_state(&mut self, state: &[u8], is_own: bool) {
        if formats::is_failing(state) {
            self.found.says_failed = true;
            self.kind(state);
            self.end_of_kind();
        }
        self.found.says_success = is_own && state == b"success";
        // docling: `partial_success`, beside the errors of single pages.
        self.found.has_more |= state.starts_with(b"succe") || state.ends_with(b"_success");
    }

    /// The document is complete: errors that it lists are its failure if there is nothing else in it.
    pub(super) fn weighs_mishaps(&mut self) {
        let found = &mut self.found;
        found.has_failed |= found.has_mishaps && !found.has_more;
    }

    /// A status as a number, or as a number in quotes.
    pub(super) fn status_is(&mut self, used: Use, written: &[u8]) {
        if !matches!(used, Use::Kind | Use::KindOfError | Use::Code | Use::OwnCode) {
            return;
        }
        let Some(ms) = millis(written).filter(|ms| ms % 1_000 == 0) else { return };
        let (number, found) = (ms / 1_000, &mut self.found);
        let is_status = (400..=599).contains(&number);
        if is_status {
            found.status = found.status.or(u16::try_from(number).ok());
        }
        found.has_failed |= is_status && used == Use::KindOfError;
        // Coze and iFlytek refuse with a 200 and numbers of their own; Volcengine succeeds with one.
        found.has_odd_code |= number >= 1_000 && used == Use::Code;
        found.has_own_code |= is_status && used == Use::Code || number > 0 && used == Use::OwnCode;
    }

    pub(super) fn add_text(&mut self, part: &[u8], is_instead: bool) {
        if self.found.is_special || part.is_empty() {
            return;
        }
        self.found.has_result = true;
        if is_instead && self.found.has_text || !self.keeps_text {
            return;
        }
        match self.found.instead {
            None if is_instead => self.found.instead = Some(self.text.len()),
            Some(begun) if !is_instead => {
                self.text.truncate(begun);
                self.found.instead = None;
            }
            _ => {}
        }
        self.found.has_text |= !is_instead;
        self.text.extend_from_slice(part);
    }

    pub(super) fn add_alone(&mut self, part: &[u8]) {
        self.found.is_alone |= !part.is_empty();
        self.add_text(part, false);
    }

    pub(super) fn whole(&mut self, part: &[u8], is_last: bool) {
        self.found.has_result |= !part.is_empty();
        if !self.found.has_token && self.keeps_text {
            self.text.extend_from_slice(part);
        }
        // Some servers send an empty one beside each token that has a text.
        let is_there =
            !part.is_empty() || self.found.has_whole || !self.found.has_token || self.text.is_empty();
        // A part between two escapes is empty, and so may be a part of a text that comes in pieces.
        self.found.has_whole = !is_last && (self.found.has_whole || !part.is_empty());
        if is_last && is_there {
            self.ends();
        }
    }

    pub(super) fn token_begins(&mut self) {
        self.found.has_token = true;
        self.found.is_known = true;
        self.text.clear(); // the whole text, if it comes before its last token
        self.piece_begins();
    }

    pub(super) fn piece_begins(&mut self) {
        self.found.is_special = false;
        self.found.piece = self.text.len();
    }

    pub(super) fn piece_is_special(&mut self) {
        self.found.is_special = true;
        self.text.truncate(self.found.piece);
        self.found.has_result &= !self.found.has_token;
    }

    pub(super) fn ends(&mut self) {
        self.found.is_known = true;
        self.found.has_ended = true;
    }

    pub(super) fn waits(&mut self, used: Use, written: &[u8]) {
        let found = &mut self.found;
        match used {
            Use::Wait => found.wait = found.wait.max(hint::from_now(written, 1000, NEVER)),
            Use::WaitMs => found.wait = found.wait.max(hint::from_now(written, 1, NEVER)),
            // Counted from the beginning of 1970.
            _ => found.until_ms = hint::until(written, EPOCH).map(Duration::as_ms),
        }
    }

    /// A document with this many keys is complete. Ollama says that a pull was a success, and nothing else.
    pub(super) fn closes(&mut self, keys: usize) {
        if self.found.says_success && keys == 1 || self.found.is_snowflake && self.found.has_total {
            self.ends();
        }
    }

    pub(super) fn ends_badly(&mut self, end: &[u8]) {
        self.found.has_ended_badly = true;
        self.word(b"finish_reason: ", false);
        self.word(end, true);
    }

    pub(super) fn choice_begins(&mut self) {
        self.found.is_known = true;
        self.found.has_no_choice = false;
        self.found.choice = Some(Choice { text: self.text.len(), ..Choice::default() });
    }

    pub(super) fn choice_is(&mut self, nth: u64) {
        if let Some(choice) = &mut self.found.choice {
            choice.nth = nth;
        }
    }

    pub(super) fn choice_finishes(&mut self) {
        match &mut self.found.choice {
            Some(choice) => choice.finishes = true,
            None => self.ends(),
        }
    }

    /// The text is that of the first of several answers.
    pub(super) fn choice_ends(&mut self) {
        let Some(Choice { nth, finishes, text }) = self.found.choice.take() else { return };
        let bit = 1 << nth.min(63);
        // Answers that share the last bit cannot be told apart: their stream ends with `[DONE]`.
        if finishes && nth < 63 {
            self.found.finished |= bit;
        } else {
            self.found.open |= bit;
        }
        if nth > 0 {
            self.text.truncate(text);
        }
    }

    /// Adds words of one place, unless they were said before. With the last part, returns whether there are any.
    pub(super) fn word(&mut self, part: &[u8], is_last: bool) -> bool {
        if !part.is_empty() && self.found.places < MOST_PLACES {
            if self.found.begun.is_none() {
                if !self.words.is_empty() {
                    self.words.extend_from_slice(BETWEEN);
                }
                self.found.begun = Some(self.words.len());
            }
            let room = WORDS_LIMIT.saturating_sub(self.words.len());
            self.words.extend_from_slice(part.get(..room).unwrap_or(part));
        }
        if !is_last {
            return false;
        }
        let Some(begun) = self.found.begun.take() else { return !part.is_empty() };
        self.found.places += 1;
        let (before, word) = self.words.split_at(begun.min(self.words.len()));
        let mut said = before.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        if word.is_empty() || said.any(|one| one == word.trim_ascii()) {
            self.words.truncate(begun.saturating_sub(BETWEEN.len()));
        }
        true
    }

    pub(super) fn kind(&mut self, part: &[u8]) {
        let room = MOST_OF_KIND.saturating_sub(self.kind.len());
        self.kind.extend(part.iter().take(room).map(u8::to_ascii_lowercase));
    }

    pub(super) fn end_of_kind(&mut self) {
        if self.kind.last().is_some_and(|byte| *byte != b' ') {
            self.kind.push(b' ');
        }
    }
}
