//! The events of one stream: bytes in, once a piece, and the data of its events out, once a piece.

use super::bindings::Request;
use super::clock;
use crate::core::completion::{Completion, Seen};
use crate::core::sse::{Decoder, Event, Form, Room, trim};
use crate::core::time::Instant;
use js_sys::Function;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// Stands between the data of two events: a line end is the one byte that no data holds.
const SEPARATOR: u8 = b'\r';

/// The bits that the face answers with; see `src/ts/stream/chunk.ts`.
const CONTENT: u32 = 1;
const FINISH: u32 = 2;

thread_local! {
    /// All streams of the program share one memory.
    static ROOM: Room = Room::default();
}

pub(super) struct Events {
    seen: Rc<Cell<SoFar>>,
    /// Lives as long as the stream: the face calls it with each piece, and at the end with none.
    feed: Closure<dyn FnMut(Option<Vec<u8>>)>,
}

impl Events {
    pub(super) fn new(request: &Request, began: Instant) -> Self {
        let seen = Rc::new(Cell::new(SoFar::default()));
        let mut intake = Intake {
            request: request.again(),
            began,
            seen: seen.clone(),
            decoder: ROOM.with(Decoder::sharing),
            out: Vec::new(),
        };
        Self { seen, feed: Closure::new(move |piece| intake.take(piece)) }
    }

    pub(super) fn feed(&self) -> &Function {
        self.feed.as_ref().unchecked_ref()
    }

    pub(super) fn completion(&self) -> Completion {
        self.seen.get().completion
    }

    /// When the first text came.
    pub(super) fn begun(&self) -> Option<Instant> {
        self.seen.get().begun
    }
}

#[derive(Clone, Copy, Default)]
struct SoFar {
    completion: Completion,
    begun: Option<Instant>,
}

struct Intake {
    request: Request,
    began: Instant,
    seen: Rc<Cell<SoFar>>,
    decoder: Decoder,
    /// Kept from piece to piece for its room.
    out: Vec<u8>,
}

impl Intake {
    fn take(&mut self, piece: Option<Vec<u8>>) {
        let (mut count, mut done) = (0, false);
        let out = &mut self.out;
        out.clear();
        let mut sink = |event: Event<'_>| {
            let data = event.data.trim_ascii();
            if done || data.is_empty() {
                return; // an event without data is a sign of life, and what follows `[DONE]` is none
            }
            if data == b"[DONE]" {
                done = true;
                return;
            }
            #[cfg(feature = "panic-on-purpose")]
            assert!(data != b"\"panic-on-purpose\"", "on purpose");
            if count > 0 {
                out.push(SEPARATOR);
            }
            count += 1;
            if event.form == Form::ErrorField || event.name == b"error" {
                out.extend_from_slice(b"{\"error\":");
                out.extend_from_slice(data);
                out.push(b'}');
            } else {
                out.extend_from_slice(data);
            }
        };
        let mut too_long = false;
        match piece {
            Some(piece) => too_long = self.decoder.push(&piece, &mut sink).is_err(),
            None => self.decoder.end(&mut sink),
        }
        if count == 0 && !done && !too_long {
            return;
        }
        let bits = self.request.events(&self.out, count, done, too_long);
        trim(&mut self.out);
        let mut seen = self.seen.get();
        seen.completion.saw(Seen { content: bits & CONTENT != 0, finish: bits & FINISH != 0, done });
        let begins = seen.begun.is_none() && seen.completion.begun();
        if begins {
            seen.begun = Some(clock::now());
        }
        self.seen.set(seen);
        if let Some(begun) = seen.begun.filter(|_| begins) {
            self.request.begin(begun.since(self.began).as_ms() as f64);
        }
    }
}
