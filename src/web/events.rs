//! The events of one stream: pieces of bytes in; out, after each piece, what the reader gets.

use super::bindings::Request;
use super::clock;
use crate::core::sse::Room;
use crate::core::stream::{Over, Stream, Wants};
use crate::core::time::Instant;
use js_sys::Function;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// What the TypeScript side is told about a piece, as bits. `OVER`: nothing that follows counts. `HEARD`: an event has
/// come, not only a sign of life.
pub(super) const OVER: u32 = 1;
const HEARD: u32 = 2;

/// What the reader wants. `ITEMS`: the events. `PIECES`: the text of each event. `BOTH`: the reader has not asked yet,
/// so keep both. Any other number: the text, not split by event.
const ITEMS: u32 = 0;
const BOTH: u32 = 2;
const PIECES: u32 = 3;

/// The most text that is kept for a reader that wants all of it, or for a failure that may never come.
const MOST_TEXT: usize = 64 * 1024;

thread_local! {
    /// All streams of the program share one memory limit.
    static ROOM: Room = Room::default();
}

pub(super) struct Events {
    intake: Rc<RefCell<Intake>>,
    /// Lives as long as the stream. The TypeScript side calls it with each piece, and without one at the end.
    feed: Closure<dyn FnMut(Option<Vec<u8>>, u32) -> u32>,
}

impl Events {
    pub(super) fn new(request: &Request, began: Instant, content_type: &str) -> Self {
        let stream = ROOM.with(|room| Stream::new(room, content_type, request.passes()));
        let intake = Intake { request: request.again(), began, stream, begun: None, whole: None, ends: 0 };
        let intake = Rc::new(RefCell::new(intake));
        let of_feed = intake.clone();
        let feed = move |piece: Option<Vec<u8>>, wants| {
            of_feed.try_borrow_mut().map_or(OVER, |mut intake| intake.take(piece.as_deref(), wants))
        };
        Self { intake, feed: Closure::new(feed) }
    }

    pub(super) fn feed(&self) -> &Function {
        self.feed.as_ref().unchecked_ref()
    }

    pub(super) fn over(&self) -> Over {
        self.intake.borrow_mut().stream.over()
    }

    pub(super) fn is_whole(&self) -> bool {
        self.intake.borrow().stream.is_whole()
    }

    /// When the first text came.
    pub(super) fn begun(&self) -> Option<Instant> {
        self.intake.borrow().begun
    }

    /// Since when the stream is complete, so that only a little may follow.
    pub(super) fn whole(&self) -> Option<Instant> {
        self.intake.borrow().whole
    }

    /// Hands over the text that was not handed over yet.
    pub(super) fn flush(&self) {
        let mut intake = self.intake.borrow_mut();
        let text = std::mem::take(&mut intake.stream.text);
        if !text.is_empty() {
            intake.request.events(None, 0, Some(&text));
        }
    }
}

struct Intake {
    request: Request,
    began: Instant,
    stream: Stream,
    begun: Option<Instant>,
    whole: Option<Instant>,
    /// [`Stream::ends`] at that time.
    ends: u32,
}

impl Intake {
    fn take(&mut self, piece: Option<&[u8]>, wants: u32) -> u32 {
        let stream = &mut self.stream;
        let wanted = Wants { items: matches!(wants, ITEMS | BOTH), pieces: matches!(wants, BOTH | PIECES) };
        match piece {
            Some(piece) => stream.push(piece, wanted),
            None => stream.end(wanted),
        }
        let tells = wanted.pieces || stream.text.len() > MOST_TEXT || piece.is_none();
        let text = Some(stream.text.as_slice()).filter(|text| tells && !text.is_empty());
        let items = Some(stream.items.as_slice()).filter(|_| stream.count > 0);
        if items.is_some() || text.is_some() {
            self.request.events(items, stream.count, text);
        }
        stream.taken(tells);
        if self.begun.is_none() && stream.has_begun() {
            let now = clock::now();
            self.begun = Some(now);
            self.request.begin(now.since(self.began).as_ms() as f64);
        }
        let goes_on = ::core::mem::replace(&mut self.ends, stream.ends) != stream.ends;
        let since = self.whole.filter(|_| !goes_on);
        self.whole = stream.is_over_within().map(|more| since.unwrap_or_else(|| clock::now() + more));
        (u32::from(stream.is_over()) * OVER) | (u32::from(stream.was_heard()) * HEARD)
    }
}
