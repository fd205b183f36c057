//! What was found in one document.

use super::formats::{self, Event};
use super::map::Use;
use crate::core::hint::{self, Now};
use crate::core::json::millis;
use crate::core::sse::trim;
use crate::core::time::Duration;

/// The most bytes of a failure's words that are kept: the beginning says what the matter is.
pub const WORDS_LIMIT: usize = 64 * 1024;

/// The same for the names of a failure.
const MOST_OF_KIND: usize = 200;

/// The most places of a document that are read for words. A list of a thousand errors says no more.
const MOST_PLACES: u32 = 20;

/// Later than any time, so that a member that names a span names no time.
const NEVER: Now = Now { ms: u64::MAX, is_right: true };
const EPOCH: Now = Now { ms: 0, is_right: true };

/// Between the words of two places.
const BETWEEN: &[u8] = b"; ";

/// What was found in one document.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// `type`, `code` and the like of a failure, in lower case, with spaces between.
    pub kind: Vec<u8>,
    /// The words about a failure as they were written, once for each place.
    pub words: Vec<u8>,
    pub(super) text: Vec<u8>,
    /// Whether the text is kept. In a whole answer the text is not wanted, and may be all that there is.
    pub(super) keeps_text: bool,
    pub(super) found: Found,
}

/// Everything that was found except texts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    status: Option<u16>,
    pub(super) estimate: Option<Duration>,
    wait: Option<Duration>,
    until_ms: Option<u64>,
    /// Something in the document says that it failed.
    pub(super) has_failed: bool,
    /// An end that is a failure, or an event that is named one, whatever stands beside it.
    pub(super) has_ended_badly: bool,
    /// Something in the document is a result.
    pub(super) has_result: bool,
    /// The document has a number that is no status, where others have a status.
    has_own_code: bool,
    /// The document lists errors, and says nowhere else that it has failed.
    pub(super) has_mishaps: bool,
    /// There is more in the document than what has a meaning here, or it says of itself that it succeeded.
    pub(super) has_more: bool,
    pub(super) has_id: bool,
    /// The document has a place for choices, and no choice in it.
    pub(super) has_no_choice: bool,
    /// The document describes something that a server keeps, and says so.
    is_kept: bool,
    /// An answer of `/v1/responses`.
    is_response: bool,
    /// The state of the document, or of the job in its `data`, is a failure.
    says_failed: bool,
    /// The document is an event, by its `type` or the like.
    is_typed: bool,
    /// One of several pieces, by its form.
    pub(super) is_piece: bool,
    /// A whole message.
    pub(super) is_message: bool,
    /// In one of the forms that say when they end.
    pub(super) is_known: bool,
    /// The document says that it has not ended, whatever form it has.
    pub(super) is_open: bool,
    /// `done` is false: a piece of Ollama or llama.cpp, if it has a place for text.
    pub(super) is_undone: bool,
    pub(super) has_place: bool,
    pub(super) calls_tools: bool,
    says_success: bool,
    has_ended: bool,
    event: Option<Event>,
    /// Where the text of the current piece begins, and whether that piece is not for people.
    piece: usize,
    is_special: bool,
    has_token: bool,
    /// A part of the whole text has come.
    has_whole: bool,
    /// There is text where most servers have it; and where a text in another place begins.
    has_text: bool,
    instead: Option<usize>,
    /// The text counts only if it is the whole answer.
    is_alone: bool,
    /// How many places have said something.
    places: u32,
    /// Where the words of the current place begin.
    begun: Option<usize>,
    choice: Option<Choice>,
    /// The answers that this document continues, and the answers that it finishes, a bit each.
    open: u64,
    finished: u64,
}

/// One of several answers.
#[derive(Clone, Copy, Debug, Default)]
struct Choice {
    nth: u64,
    finishes: bool,
    /// Where the text of the answer begins.
    text: usize,
}

/// What an event means for its stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// A reader waits for this.
    pub has_content: bool,
    /// The answers that go on, and the answers that have ended, a bit each.
    pub open: u64,
    /// The answers that have ended, a bit each.
    pub finished: u64,
    /// The answer has ended in order to call tools.
    pub calls_tools: bool,
    /// In one of the forms that say when they end.
    pub is_known: bool,
}

impl Said {
    pub(super) fn clear(&mut self) {
        self.found = Found::default();
        [&mut self.kind, &mut self.words].into_iter().for_each(Vec::clear);
        self.forget_text();
    }

    /// The text was taken.
    pub(super) fn forget_text(&mut self) {
        self.text.clear();
        trim(&mut self.text);
    }

    /// The status that the document names, from 400 to 599.
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

    /// The document is a failure, not a result that mentions one. A lookup of a failed job
    /// succeeds: its document describes a failure, and is still the answer.
    pub fn is_failure(&self, lookup: bool) -> bool {
        let found = &self.found;
        let is_account = lookup || found.has_id && found.is_kept;
        let failed = found.has_failed || found.has_own_code && !self.words.is_empty();
        !is_account && (found.has_ended_badly || self.has_failed_job() || failed && !found.has_result)
    }

    /// The document says of itself, or of its job, that it failed, whatever has come of it. A step that failed is not
    /// the end of a workflow.
    fn has_failed_job(&self) -> bool {
        let Found { says_failed, is_response, event, is_typed, has_id, .. } = self.found;
        let is_whole = match event {
            None => !is_typed && (has_id || !self.words.is_empty()),
            Some(event) => event == Event::End,
        };
        says_failed && (is_response || is_whole)
    }

    /// A failure is that of a job, which would fail again unless it says why it would not.
    pub fn is_job(&self) -> bool {
        self.found.says_failed && !self.found.is_response
    }

    /// More must follow: the document is a piece by its form, and says of no answer that it has ended.
    pub fn goes_on(&self) -> bool {
        let Meaning { finished, .. } = self.meaning();
        let Found { is_piece, has_token, event, is_open, is_message, .. } = self.found;
        finished == 0 && (is_piece || has_token || event.is_some() || is_open && !is_message)
    }

    /// The answer of a chat in which nothing was said.
    pub fn is_empty(&self) -> bool {
        self.found.has_no_choice && !self.found.has_result
    }

    /// A piece of a stream.
    pub fn is_of_stream(&self) -> bool {
        self.found.is_known || self.found.is_undone || self.found.event.is_some()
    }

    /// By its name the event is the last one.
    pub fn is_last(&self) -> bool {
        self.found.event == Some(Event::Last)
    }

    /// The text for people, in UTF-8. `is_alone`: the document is no event of a stream.
    pub fn text(&self, is_alone: bool) -> &[u8] {
        match self.found.event {
            _ if self.found.is_alone && !is_alone => &[],
            None | Some(Event::Text | Event::Last) => &self.text,
            _ => &[],
        }
    }

    /// The text stands where most servers have it, not elsewhere, where some servers repeat what they have said.
    pub fn has_own_text(&self) -> bool {
        self.found.has_text
    }

    /// The text stands where some servers repeat what they have said.
    pub fn has_text_instead(&self) -> bool {
        self.found.instead.is_some()
    }

    /// What the document means as an event of a stream.
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
            // An event in an unknown form is content as it is.
            None | Some(Event::Last) => {
                (has_result || !is_known, has_ended, is_known || is_open || is_undone)
            }
        };
        let finished = if ends { finished | 1 } else { finished };
        let open = if open | finished == 0 { u64::from(has_content) } else { open };
        Meaning { has_content, open, finished, calls_tools, is_known }
    }

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
        self.found.has_whole = !is_last && !part.is_empty();
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
