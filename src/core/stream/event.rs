//! What one event means for its stream: content, an end, a failure, or a sign of life.

use super::{BETWEEN, Over, Stream, Wants, text};
use crate::core::body::HEAD_LIMIT;
use crate::core::classify::Body;
use crate::core::completion::ChunkFacts;
use crate::core::dialect::{Meaning, life_or_last};
use crate::core::json::NoJson;
use crate::core::sse::{Event, Form};

/// An event counts for at least this many bytes, however short its JSON is.
const LEAST_OF_EVENT: usize = 128;

/// The byte order mark in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The part of an event where a failure says what the matter is.
fn head(data: &[u8]) -> &[u8] {
    data.get(..HEAD_LIMIT).unwrap_or(data)
}

impl Stream {
    pub(super) fn take(&mut self, event: Event<'_>, wants: Wants) {
        // The host does not accept a byte order mark in front of an event.
        let mut data = event.data.trim_ascii();
        while let Some(rest) = data.strip_prefix(MARK) {
            data = rest;
        }
        let is_error = event.form == Form::ErrorField || event.name.eq_ignore_ascii_case(b"error");
        let (is_life, is_end) = life_or_last(event.name);
        // Some gateways send a comment as data.
        let is_comment = data.first() == Some(&b':');
        if self.over.is_some() || (data.is_empty() || is_comment) && !is_error {
            self.ends_by_name |= is_end;
            return; // an event without data is a sign of life
        }
        self.events += 1;
        if data == b"[DONE]" || data == b"\"[DONE]\"" {
            self.completion.saw(ChunkFacts { done: true, ..ChunkFacts::default() });
            self.over = Some(Over::Ended(self.completion.end()));
            return;
        }
        #[cfg(feature = "panic-on-purpose")]
        assert!(data != b"\"panic-on-purpose\"", "on purpose");
        let read = self.reader.read(data, is_error);
        if read == Err(NoJson::Malformed) || read.is_err() && !self.passed {
            match self.lines(data) {
                _ if is_life => {}
                _ if is_end => self.ends_by_name = true,
                Some(lines) => lines.for_each(|data| self.take(Event { data, ..event }, wants)),
                None => self.unreadable(data, is_error),
            }
            return;
        }
        let said = self.reader.said();
        if said.is_failure(false) {
            self.over = Some(Over::Failed(Body::of_failure(&mut self.reader)));
            if self.passed {
                // An SDK makes its error from this event, not from the events beside it.
                (self.items, self.count) = (head(data).to_vec(), 1);
            }
            return;
        }
        let meaning = if is_life { Meaning::default() } else { said.meaning() };
        // An event in an unknown form says nothing about an answer in a known form.
        let open = if meaning.is_known || !self.is_known { meaning.open } else { 0 };
        let begun = self.text.len();
        // Some servers repeat at the end what they have said piece by piece.
        let is_said = self.has_own_text && said.has_text_instead();
        let text = if is_said || is_life { &[] } else { said.text(event.form == Form::BareJson) };
        self.has_own_text |= said.has_own_text();
        text::add(&mut self.text, &mut self.half, text);
        if wants.pieces && self.text.len() > begun {
            self.text.push(BETWEEN);
        }
        self.is_known |= meaning.is_known;
        self.is_endless |= said.is_endless();
        self.is_single = event.form == Form::BareJson && self.events == 1 && !said.goes_on();
        // The stream is complete when the last of several answers finishes. What follows an answer that has finished
        // is a note, unless the answer goes on.
        if meaning.has_content {
            self.finished &= !open;
        }
        self.finished |= meaning.finished;
        self.ends += u32::from(meaning.has_content && meaning.finished != 0);
        self.open = (self.open | open) & !self.finished;
        self.calls_tools = meaning.calls_tools || self.calls_tools && meaning.finished == 0;
        self.completion.saw(ChunkFacts { content: meaning.has_content, ..ChunkFacts::default() });
        self.completion.finishes(self.finished != 0 && self.open == 0);
        self.ends_by_name = is_end || said.is_last();
        self.reader.forget_text();
        if wants.items && !self.passed {
            if self.count > 0 {
                self.items.push(b',');
            }
            self.count += 1;
            self.items.extend_from_slice(data);
        }
        if !self.passed {
            self.hold_back(data.len() + LEAST_OF_EVENT);
        }
    }

    /// Lines of JSON in one event are an event each: some servers leave out the blank line between them.
    fn lines<'a>(&mut self, data: &'a [u8]) -> Option<impl Iterator<Item = &'a [u8]> + use<'a>> {
        let mut lines = data.split(|byte| *byte == b'\n');
        let (first, _) = (lines.next()?, lines.next()?);
        self.reader.read(first, false).ok()?;
        Some(data.split(|byte| *byte == b'\n'))
    }

    /// An event that is no JSON. Unless it is an error in words, a `fetch` may know what it is.
    fn unreadable(&mut self, data: &[u8], is_error: bool) {
        let data = head(data);
        if self.is_whole() && !is_error {
            // What is lost after an end is no loss.
        } else if is_error {
            self.reader.read_words(data);
            self.over = Some(Over::Failed(Body::of_failure(&mut self.reader)));
        } else if self.passed {
            self.completion.saw(ChunkFacts { content: true, ..ChunkFacts::default() });
        } else {
            // A page comes from a proxy, and is temporary.
            self.fails(data, !data.starts_with(b"<"));
        }
    }
}
