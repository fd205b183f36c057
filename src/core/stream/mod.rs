//! One stream: pieces of bytes in; out come whether it has begun, how it ends, and what its reader gets.
//!
//! Events are recognised by their shape, because no server says which form it speaks: see
//! [`dialect`](super::dialect). A reader of items gets the server's own JSON, which the host parses. A reader of text
//! gets text, and nothing is parsed. What is passed on to a `fetch` is passed on as it came.

mod event;
mod head;
mod text;

use super::body::{Form as Begins, Kind};
use super::classify::Body;
use super::completion::{ChunkFacts, Completion, End};
use super::dialect::Reader;
use super::sse::{Decoder, Room, trim};
use super::time::Duration;
use head::Head;

/// Comments or events without content that go on beyond this are no stream.
const MOST_HELD_BACK: usize = 16 * 1024 * 1024;

/// Separates the texts of events, where they are wanted one by one: no UTF-8 has this byte.
const BETWEEN: u8 = 0xff;

/// A server that calls the tools itself goes on with its answer after them.
const TOOLS: Duration = Duration::from_secs(25);

/// What the reader gets from a piece.
#[derive(Clone, Copy, Debug)]
pub struct Wants {
    /// The events, not only their text.
    pub items: bool,
    /// The text of each event by itself, not only the whole text.
    pub pieces: bool,
}

/// How a stream ended.
#[derive(Clone, Debug)]
pub enum Over {
    /// By its own end.
    Ended(End),
    /// By an event that is an error, or cannot be read.
    Failed(Body),
}

/// A stream while it comes.
#[derive(Debug)]
pub struct Stream {
    decoder: Decoder,
    reader: Reader,
    completion: Completion,
    kind: Kind,
    head: Head,
    /// Text was found where most servers have it.
    has_own_text: bool,
    /// The stream is passed on to a `fetch` as it came.
    passed: bool,
    /// The answers that have begun and not finished, a bit for each.
    open: u64,
    finished: u64,
    /// The first half of a surrogate pair at the end of the text. The second half may follow.
    half: Vec<u8>,
    events: u64,
    /// Some event had a form that says when it ends.
    is_known: bool,
    is_single: bool,
    /// The newest event has a name that says when it ends.
    ends_by_name: bool,
    /// The stream has a form whose events never say that they are the last.
    is_endless: bool,
    /// The last end said that the model calls tools, as the server itself may do.
    calls_tools: bool,
    /// How many events brought content and said that it is the last. Gemini's older models say so each time.
    pub ends: u32,
    /// Bytes before the first content.
    held_back: usize,
    /// What has come ends with a line.
    line_has_ended: bool,
    /// An event was too long to be inspected: nothing is, from then on.
    is_blind: bool,
    over: Option<Over>,
    /// The data of the events of the newest piece, with commas between.
    pub items: Vec<u8>,
    /// How many events `items` holds.
    pub count: u32,
    /// Text that was not taken yet, in UTF-8.
    pub text: Vec<u8>,
}

impl Stream {
    /// `passed`: an event in an unknown form is content, and the stream ends where it ends.
    pub fn new(room: &Room, content_type: &str, passed: bool) -> Self {
        let kind = Kind::of(content_type);
        Self {
            decoder: Decoder::sharing(room),
            reader: Reader::of_text(),
            completion: Completion::default(),
            kind,
            head: Head::new(kind),
            has_own_text: false,
            passed,
            open: 0,
            finished: 0,
            half: Vec::new(),
            events: 0,
            is_known: false,
            is_single: false,
            ends_by_name: false,
            is_endless: false,
            calls_tools: false,
            ends: 0,
            held_back: 0,
            line_has_ended: true,
            is_blind: false,
            over: None,
            items: Vec::new(),
            count: 0,
            text: Vec::new(),
        }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, piece: &[u8], wants: Wants) {
        self.items.clear();
        self.count = 0;
        if let Some(last) = piece.last() {
            self.line_has_ended = matches!(last, b'\n' | b'\r');
        }
        if self.is_blind || self.over.is_some() || !self.may_be_stream(piece) {
            return;
        }
        let mut decoder = ::core::mem::take(&mut self.decoder);
        let too_long = decoder.push(piece, &mut |event| self.take(event, wants)).is_err();
        self.decoder = decoder;
        if self.passed
            && (too_long || self.decoder.is_in_event() && self.held_back + piece.len() > MOST_HELD_BACK)
        {
            self.goes_blind();
        } else if self.passed {
            self.hold_back(piece.len());
        } else if too_long {
            self.fails(
                b"an event of more than 16 MiB, or one of several that together have more than 40 MiB",
                true,
            );
        }
        if self.over.is_some() {
            self.ends_text(wants);
        }
        trim(&mut self.items);
        trim(&mut self.text);
    }

    fn may_be_stream(&mut self, piece: &[u8]) -> bool {
        match self.head.push(piece) {
            Begins::Events => return true,
            Begins::Nothing | Begins::Json => {
                self.decoder.takes_values(self.head.is_json());
                return true;
            }
            Begins::Other if self.passed => self.goes_blind(),
            Begins::Other | Begins::Page if self.head.is_full() => self.is_none(),
            Begins::Other | Begins::Page => {}
        }
        false
    }

    /// The stream is passed on without inspection.
    fn goes_blind(&mut self) {
        self.is_blind = true;
        self.completion.saw(ChunkFacts { content: true, ..ChunkFacts::default() });
    }

    fn is_none(&mut self) {
        self.over.get_or_insert(Over::Failed(self.head.body()));
    }

    /// No more will come.
    pub fn end(&mut self, wants: Wants) {
        self.items.clear();
        self.count = 0;
        match self.head.end() {
            Begins::Other if self.passed => self.goes_blind(),
            Begins::Other | Begins::Page => return self.is_none(),
            Begins::Nothing | Begins::Events | Begins::Json => {}
        }
        let before = self.events;
        let mut decoder = ::core::mem::take(&mut self.decoder);
        decoder.end(&mut |event| self.take(event, wants));
        self.ends_text(wants);
        let may_end = self.passed && !self.is_known || self.is_endless;
        let ends_anywhere = may_end && (self.line_has_ended || self.events > before);
        if self.is_blind || ends_anywhere || self.ends_by_name {
            self.completion.saw(ChunkFacts { done: true, ..ChunkFacts::default() });
        }
        // An answer in one piece, from a server that does not stream.
        if self.is_single && self.events == 1 && !matches!(self.kind, Kind::Lines | Kind::Events) {
            self.completion.saw(ChunkFacts { finish: true, ..ChunkFacts::default() });
        }
    }

    /// Drops what was handed over of the newest piece, and capacity that is not needed any more.
    pub fn taken(&mut self, with_text: bool) {
        self.items.clear();
        self.count = 0;
        if with_text {
            self.text.clear();
        }
        trim(&mut self.items);
        trim(&mut self.text);
    }

    /// Nothing that follows counts.
    pub fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// Something can be handed over.
    pub fn has_begun(&self) -> bool {
        self.completion.begun()
    }

    /// An event has come.
    pub fn was_heard(&self) -> bool {
        self.events > 0 || self.is_blind
    }

    /// How the stream ended, or would end now.
    pub fn over(&mut self) -> Over {
        self.over.take().unwrap_or(Over::Ended(self.completion.end()))
    }

    /// What is lost from now on is no loss.
    pub fn is_whole(&self) -> bool {
        self.completion.end() == End::Complete && !matches!(self.over, Some(Over::Failed(_)))
    }

    /// How long the rest may take to come at once, if the stream is complete.
    pub fn is_over_within(&self) -> Option<Duration> {
        // Gemini may say that it stops while it still reasons, before its first text.
        let is_early = self.calls_tools || !self.completion.has_content();
        let more = if is_early { TOOLS } else { Duration::ZERO };
        self.is_whole().then_some(more)
    }

    /// Nothing follows a waiting first half of a pair.
    fn ends_text(&mut self, wants: Wants) {
        if !::core::mem::take(&mut self.half).is_empty() {
            self.text.extend_from_slice(text::REPLACEMENT);
            if wants.pieces {
                self.text.push(BETWEEN);
            }
        }
    }

    fn hold_back(&mut self, bytes: usize) {
        if self.completion.begun() || self.over.is_some() {
            return;
        }
        self.held_back += bytes;
        if self.held_back > MOST_HELD_BACK {
            self.fails(b"more than 16 MiB before the first content", true);
        }
    }

    fn fails(&mut self, why: &[u8], is_final: bool) {
        self.over.get_or_insert(Over::Failed(Body::unexpected(why, is_final)));
    }
}

#[cfg(test)]
mod tests;
