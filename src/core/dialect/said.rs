//! What was found in one document.

use super::formats::{self, Event};
use super::map::Use;
use crate::core::hint::{self, Now};
use crate::core::json::millis;
use crate::core::sse::trim;
use crate::core::time::Duration;

/// Of a failure's words as many bytes are kept: what is the matter stands at the beginning.
pub const WORDS_LIMIT: usize = 64 * 1024;

/// Of what names it likewise.
const MOST_OF_KIND: usize = 200;

/// In as many places of a document; a list of a thousand errors says no more.
const MOST_PLACES: u32 = 20;

/// No time is after it: a member that names a span names no time.
const NEVER: Now = Now { ms: u64::MAX, is_right: true };
const EPOCH: Now = Now { ms: 0, is_right: true };

/// Between the words of two places.
const BETWEEN: &[u8] = b"; ";

#[derive(Clone, Debug, Default)]
pub struct Said {
    /// `type`, `code` and the like of a failure, in lower case, with spaces between.
    pub kind: Vec<u8>,
    /// What it says about a failure, as it was written, the words of each place once.
    pub words: Vec<u8>,
    pub(super) text: Vec<u8>,
    /// Of a whole answer nobody wants it, and it may be all that there is.
    pub(super) keeps_text: bool,
    pub(super) found: Found,
}

/// The same, as far as it is no text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    status: Option<u16>,
    pub(super) estimate: Option<Duration>,
    wait: Option<Duration>,
    until_ms: Option<u64>,
    /// Something in it says that it failed.
    pub(super) has_failed: bool,
    /// Whatever stands beside it: an end that is a failure, or an event that is named one.
    pub(super) has_ended_badly: bool,
    /// Something in it is a result.
    pub(super) has_result: bool,
    /// It has a number that is no status, where others have one.
    has_own_code: bool,
    pub(super) has_id: bool,
    /// It has a place for choices, and none in it.
    pub(super) has_no_choice: bool,
    /// It is about something that a server keeps, and says so.
    is_kept: bool,
    /// An answer of `/v1/responses`.
    is_response: bool,
    says_failed: bool,
    /// It is one of several pieces, by its form.
    pub(super) is_piece: bool,
    /// It is a whole one.
    pub(super) is_message: bool,
    /// It is in one of the forms that say when they are at their end.
    pub(super) is_known: bool,
    /// It says that it is not at its end, whatever form it is in.
    pub(super) is_open: bool,
    /// Its `done` is false: a piece of Ollama's or llama.cpp's, if a text has its place there.
    pub(super) is_undone: bool,
    pub(super) has_place: bool,
    pub(super) calls_tools: bool,
    says_success: bool,
    has_ended: bool,
    event: Option<Event>,
    /// The text of the piece under way begins there, and whether it is none for people.
    piece: usize,
    is_special: bool,
    has_token: bool,
    /// A part of the whole text has come.
    has_whole: bool,
    /// Text that stands where most have theirs; and where the one begins that stands elsewhere.
    has_text: bool,
    instead: Option<usize>,
    /// Its text is one only if it is all of the answer.
    is_alone: bool,
    /// So many places have said something.
    places: u32,
    /// Where the words of the place under way begin.
    begun: Option<usize>,
    choice: Option<Choice>,
    /// Of several answers, a bit each: those that this document goes on with, and those that it finishes.
    open: u64,
    finished: u64,
}

/// One of several answers.
#[derive(Clone, Copy, Debug, Default)]
struct Choice {
    nth: u64,
    finishes: bool,
    /// Where its text begins.
    text: usize,
}

/// What an event means for its stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// A reader waits for it.
    pub has_content: bool,
    /// Of several answers, a bit each: those that go on, and those that are at their end.
    pub open: u64,
    pub finished: u64,
    /// It is at its end for a call of tools.
    pub calls_tools: bool,
    /// In one of the forms that say when they are at their end.
    pub is_known: bool,
}

impl Said {
    pub(super) fn clear(&mut self) {
        self.found = Found::default();
        [&mut self.kind, &mut self.words].into_iter().for_each(Vec::clear);
        self.forget_text();
    }

    /// Its text was taken.
    pub(super) fn forget_text(&mut self) {
        self.text.clear();
        trim(&mut self.text);
    }

    /// The status that it names, of 400 to 599.
    pub fn status(&self) -> Option<u16> {
        self.found.status
    }

    /// How long the model will take to load.
    pub fn estimate(&self) -> Option<Duration> {
        self.found.estimate
    }

    /// When to come back.
    pub fn wait(&self) -> Option<Duration> {
        self.found.wait
    }

    /// The same, as a Unix time.
    pub fn until_ms(&self) -> Option<u64> {
        self.found.until_ms
    }

    /// It is a failure, and no result that mentions one; nor an account of one: a job that has failed is the answer to
    /// who looks it up.
    pub fn is_failure(&self, lookup: bool) -> bool {
        let found = &self.found;
        let is_account = lookup || found.has_id && found.is_kept;
        let failed = found.has_failed
            || found.says_failed && found.is_response
            || found.has_own_code && !self.words.is_empty();
        !is_account && (found.has_ended_badly || failed && !found.has_result)
    }

    /// More must follow: it is a piece by its form, and says of no answer that it is at its end.
    pub fn goes_on(&self) -> bool {
        let Meaning { finished, .. } = self.meaning();
        let Found { is_piece, has_token, event, is_open, is_message, .. } = self.found;
        finished == 0 && (is_piece || has_token || event.is_some() || is_open && !is_message)
    }

    /// The answer of a chat in which nothing was said.
    pub fn is_empty(&self) -> bool {
        self.found.has_no_choice && !self.found.has_result
    }

    /// It is a piece of a stream.
    pub fn is_of_stream(&self) -> bool {
        self.found.is_known || self.found.is_undone || self.found.event.is_some()
    }

    /// The text for people in it, in UTF-8. `is_alone`: it is no event of a stream.
    pub fn text(&self, is_alone: bool) -> &[u8] {
        match self.found.event {
            _ if self.found.is_alone && !is_alone => &[],
            None | Some(Event::Text) => &self.text,
            _ => &[],
        }
    }

    /// Its text stands where most servers have it; or elsewhere, where some repeat what they have said.
    pub fn has_own_text(&self) -> bool {
        self.found.has_text
    }

    pub fn has_text_instead(&self) -> bool {
        self.found.instead.is_some()
    }

    pub fn meaning(&self) -> Meaning {
        let Found { open, finished, event, has_result, has_ended, is_known, is_open, calls_tools, .. } =
            self.found;
        let Found { is_undone, has_place, .. } = self.found;
        let is_known = is_known || is_undone && has_place;
        let (has_content, ends, is_known) = match event {
            Some(Event::Life | Event::Failure) => return Meaning::default(),
            Some(Event::Note) => (false, has_ended, true),
            Some(Event::Text | Event::Piece) => (true, false, true),
            Some(Event::End) => (false, true, true),
            Some(Event::LastPiece) => (true, true, true),
            // What is in no form that we know is content as it is.
            None => (has_result || !is_known, has_ended, is_known || is_open || is_undone),
        };
        let finished = if ends { finished | 1 } else { finished };
        let open = if open | finished == 0 { u64::from(has_content) } else { open };
        Meaning { has_content, open, finished, calls_tools, is_known }
    }

    pub(super) fn is_of(&mut self, name: &[u8]) {
        // `event` beside `type` is often a name of the gateway's own.
        self.found.event = formats::event(name).or(self.found.event);
        self.found.has_ended_badly |= self.found.event == Some(Event::Failure);
    }

    pub(super) fn is_resource(&mut self, object: &[u8]) {
        self.found.is_response = object == b"response";
        // What is made for this request is no account of something else.
        let is_answer = [b"error".as_slice(), b"response", b"list", b"text_completion"].contains(&object);
        self.found.is_kept = !is_answer && !object.starts_with(b"chat.completion");
    }

    pub(super) fn is_in_state(&mut self, state: &[u8]) {
        self.found.says_failed = state == b"failed";
        self.found.says_success = state == b"success";
    }

    /// A status as a number, or a number in quotes.
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
        // Some say an empty one beside each token that has a text.
        let is_there =
            !part.is_empty() || self.found.has_whole || !self.found.has_token || self.text.is_empty();
        self.found.has_whole = !is_last && !part.is_empty();
        if is_last && is_there {
            self.ends();
        }
    }

    pub(super) fn token_begins(&mut self) {
        self.found.has_token = true;
        self.found.is_known = true;
        self.text.clear(); // the whole text, if it stands before its last token
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
            // From the beginning of 1970.
            _ => found.until_ms = hint::until(written, EPOCH).map(Duration::as_ms),
        }
    }

    /// A document of so many keys is complete. Ollama says of a pull that it was a success, and nothing else.
    pub(super) fn closes(&mut self, keys: usize) {
        if self.found.says_success && keys == 1 {
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

    /// The text is that of the first of several.
    pub(super) fn choice_ends(&mut self) {
        let Some(Choice { nth, finishes, text }) = self.found.choice.take() else { return };
        let bit = 1 << nth.min(63);
        // Of those that share the last bit nobody knows which has finished: their stream ends with `[DONE]`.
        if finishes && nth < 63 {
            self.found.finished |= bit;
        } else {
            self.found.open |= bit;
        }
        if nth > 0 {
            self.text.truncate(text);
        }
    }

    /// Words of one place, which those that were said before do not say again. With the last of them: whether there are any.
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
