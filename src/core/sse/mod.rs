//! Bytes to events, by the event-stream rules of the [WHATWG HTML standard, section 9.2.6].
//!
//! Bytes go in as they come off the wire, cut anywhere; an event comes out with the byte that completes it. An
//! unfinished last event is dropped, as the standard says, unless it is complete JSON. Work is linear in the number
//! of bytes however they are cut, no event may be longer than [`EVENT_LIMIT`], and all decoders that share a [`Room`]
//! together hold no more than that.
//!
//! Data stays bytes. Lines end, and events are joined, at ASCII alone, which UTF-8 never has inside a character. So
//! decoding each event by itself, with invalid bytes replaced, gives what decoding the whole stream gives, and
//! nothing is carried from chunk to chunk.
//!
//! Beyond the standard, two forms that servers send are events of their own. A field named `error` (llama.cpp, and
//! gateways in front of it) is complete with its line. Lines that are JSON and no fields are complete with the JSON:
//! errors in the middle of a stream, which Gemini prints over several lines; a whole answer from a server that does
//! not stream; and streams of JSON lines. By the standard all of these would be ignored, and the error with them.
//!
//! [WHATWG HTML standard, section 9.2.6]: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

mod lines;
mod room;
mod shape;

use super::dialect::Reader;
use lines::Lines;
use room::Share;
pub use room::{ROOM, Room, trim};
use shape::{begins_value, is_json, is_whole};

/// The longest event and the longest line: 16 MiB. A server that never ends its line must not exhaust the memory.
pub const EVENT_LIMIT: usize = 16 * 1024 * 1024;

/// The byte order mark in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// One event. Its bytes are gone with the next push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The `data` lines, joined by line feeds.
    pub data: &'a [u8],
    /// The `event` field; empty stands for `message`.
    pub name: &'a [u8],
    /// The newest `id` of the stream, from this event or an earlier one.
    pub id: &'a [u8],
    /// How the event was marked.
    pub form: Form,
}

/// How a server marks an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// By the standard: `data` lines and a blank line.
    Standard,
    /// Beyond the standard: the value of an `error` field.
    ErrorField,
    /// Beyond the standard: lines of JSON without a field name.
    BareJson,
}

/// An event or a line is longer than [`EVENT_LIMIT`], or than what the other streams have left of the [`Room`]. The
/// decoder takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Turns bytes into events.
#[derive(Debug, Default)]
pub struct Decoder {
    lines: Lines,
    /// Whether the first line has begun. It may begin with a byte order mark.
    started: bool,
    /// Whether the current event has a `data` line; an empty one counts.
    has_data: bool,
    data: Vec<u8>,
    /// `data` holds lines of JSON, whose end has not come.
    bare: Option<Box<Reader>>,
    name: Vec<u8>,
    id: Vec<u8>,
    retry_ms: Option<u64>,
    too_long: bool,
    share: Share,
    /// The body is an answer in one piece, or lines of JSON, in which any value is an event.
    is_json: bool,
}

impl Decoder {
    /// A decoder that shares a room with others. The default one has a room of its own.
    pub fn sharing(room: &Room) -> Self {
        Self { share: Share::of(room), ..Self::default() }
    }

    /// Whether any line that is no field may be a JSON value.
    pub fn takes_values(&mut self, takes: bool) {
        self.is_json = takes;
    }

    /// Takes the next bytes and hands each event that they complete to `sink`.
    pub fn push(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Event<'_>)) -> Result<(), TooLong> {
        let mut rest = self.lines.begin(bytes);
        // The one data line of the current event, while it is in `bytes`: most events are one line in one piece, and
        // are never copied here.
        let mut fresh = None;
        while !self.too_long
            && let Some((line, after)) = self.lines.next(rest)
        {
            rest = after;
            match line {
                lines::Line::InPiece(line) => fresh = self.line(line, fresh, sink),
                lines::Line::Joined(line) => {
                    // The value cannot outlive its line, so it is copied.
                    let kept = self.line(&line, fresh.take(), sink);
                    self.keep(kept);
                    self.lines.reuse(line);
                }
            }
        }
        self.keep(fresh);
        let held = self.lines.hold(rest);
        let mark = if !self.started && held.starts_with(MARK) { MARK.len() } else { 0 };
        let held = held.len() - mark;
        let all = held + self.data.len() + self.name.len() + self.id.len();
        self.too_long |= held > EVENT_LIMIT || !self.share.hold(all);
        if self.too_long {
            *self = Self { too_long: true, ..Self::default() };
            return Err(TooLong);
        }
        trim(&mut self.data);
        Ok(())
    }

    /// The stream has ended. A last line of bare JSON, or an `error` field, needs no line end. An unfinished last
    /// event counts if it looks complete, because some servers leave out the last blank line.
    pub fn end(&mut self, sink: &mut dyn FnMut(Event<'_>)) {
        if self.too_long {
            return;
        }
        let held = self.lines.take();
        let line = self.without_mark(&held);
        if line.starts_with(b"data") && self.bare.is_none() {
            let data = self.line(line, None, sink);
            self.keep(data);
        }
        let data = ::core::mem::take(&mut self.data);
        if self.has_data {
            if is_whole(&data) {
                self.dispatch(Some(&data), sink);
            }
            return;
        }
        self.data = data;
        let value = self.is_json && begins_value(line);
        let bare = self.bare.is_some() || line.starts_with(b"error:") || is_json(line) || value;
        if bare && (value || matches!(line.trim_ascii_end(), [.., b'}' | b']'])) {
            self.line(line, None, sink);
        }
        // Only the end shows that a number is complete.
        if self.bare.take().is_some_and(|mut reader| reader.end().is_ok()) {
            sink(Event { data: &self.data, name: &self.name, id: &self.id, form: Form::BareJson });
        }
    }

    /// The data of an event has begun, and its end has not come.
    pub fn is_in_event(&self) -> bool {
        self.has_data
            || self.bare.is_some()
            || self.lines.begins_with(b"data")
            || self.lines.begins_with(b"{")
    }

    /// The reconnection time of the newest `retry` field, in milliseconds.
    pub fn retry_ms(&self) -> Option<u64> {
        self.retry_ms
    }

    /// Takes one line. `fresh` is the data of the current event if it is one line that was not copied yet. Returns
    /// the same for the state after this line.
    fn line<'a>(
        &mut self,
        line: &'a [u8],
        fresh: Option<&'a [u8]>,
        sink: &mut dyn FnMut(Event<'_>),
    ) -> Option<&'a [u8]> {
        let line = self.without_mark(line);
        if line.len() > EVENT_LIMIT {
            self.too_long = true;
            return None;
        }
        if self.bare.is_some() {
            self.more_json(line, sink);
            return None;
        }
        if line.is_empty() {
            self.dispatch(fresh, sink);
            return None;
        }
        if !self.has_data && (is_json(line) || self.is_json && begins_value(line)) {
            self.bare = Some(Box::default());
            self.more_json(line, sink);
            return None;
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(0) => return fresh, // a comment
            Some(colon) => {
                let (field, value) = (line.get(..colon)?, line.get(colon + 1..)?);
                (field, value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, [].as_slice()),
        };
        match field {
            b"data" if self.has_data => {
                self.keep(fresh);
                self.data.push(b'\n');
                self.keep(Some(value));
                return None;
            }
            b"data" => {
                self.has_data = true;
                return Some(value);
            }
            b"event" => value.clone_into(&mut self.name),
            // Not `contains`, which searches long texts and costs 300 bytes more.
            b"id" if value.iter().all(|byte| *byte != 0) => value.clone_into(&mut self.id),
            b"retry" => self.retry_ms = digits(value).or(self.retry_ms),
            b"error" if !self.has_data => self.out_of_line(value, Form::ErrorField, sink),
            _ => {}
        }
        fresh
    }

    /// A byte order mark at the very beginning is no part of the first line.
    fn without_mark<'a>(&mut self, line: &'a [u8]) -> &'a [u8] {
        let started = ::core::mem::replace(&mut self.started, true);
        line.strip_prefix(MARK).filter(|_| !started).unwrap_or(line)
    }

    fn keep(&mut self, value: Option<&[u8]>) {
        let Some(value) = value else { return };
        if self.data.len() + value.len() > EVENT_LIMIT {
            self.too_long = true;
        } else {
            self.data.extend_from_slice(value);
        }
    }

    fn dispatch(&mut self, fresh: Option<&[u8]>, sink: &mut dyn FnMut(Event<'_>)) {
        if ::core::mem::take(&mut self.has_data) && !self.too_long {
            let data = fresh.unwrap_or(&self.data);
            sink(Event { data, name: &self.name, id: &self.id, form: Form::Standard });
        }
        self.data.clear();
        self.name.clear();
    }

    /// Takes a line of JSON. If the lines turn out not to be JSON, they are an event as they are.
    fn more_json(&mut self, line: &[u8], sink: &mut dyn FnMut(Event<'_>)) {
        let Some(reader) = &mut self.bare else { return };
        let is_first = self.data.is_empty();
        let mut takes = |bytes| reader.push(bytes).is_ok();
        let is_json = (is_first || takes(b"\n")) && takes(line);
        let goes_on = is_json && !reader.is_over();
        if goes_on || !is_first {
            let between: &[u8] = if is_first { b"" } else { b"\n" };
            self.keep(Some(between));
            self.keep(Some(line));
        }
        if goes_on && !self.too_long {
            return;
        }
        self.bare = None;
        if !self.too_long {
            let data = if is_first { line } else { &self.data };
            sink(Event { data, name: &self.name, id: &self.id, form: Form::BareJson });
        }
        self.data.clear();
        self.name.clear();
    }

    fn out_of_line(&mut self, data: &[u8], form: Form, sink: &mut dyn FnMut(Event<'_>)) {
        sink(Event { data, name: &self.name, id: &self.id, form });
        self.name.clear();
    }
}

/// A number of ASCII digits only.
fn digits(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        Some(number.saturating_mul(10).saturating_add(digit))
    })
}

#[cfg(test)]
mod tests;
