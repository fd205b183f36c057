//! The body of one answer that is no stream: pieces of bytes in; out, at the end, what the body says.

use super::bindings::Request;
use super::events::OVER;
use crate::core::body::{Reading as Read, Wanted};
use crate::core::classify::Body;
use js_sys::Function;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// What the TypeScript side is told at the end, as bits. `JSON`: the body is JSON, and the host may parse it. `ANSWER`:
/// the body is an answer.
const JSON: u32 = 4;
const ANSWER: u32 = 8;

pub(super) struct Reading {
    intake: Rc<RefCell<Intake>>,
    is_failure: bool,
    /// The TypeScript side calls it with each piece, and without one at the end of an answer.
    feed: Closure<dyn FnMut(Option<Vec<u8>>) -> u32>,
}

struct Intake {
    read: Option<Read>,
    body: Option<Body>,
    has_come: bool,
}

impl Reading {
    /// `is_failure`: the status says so.
    pub(super) fn new(request: &Request, content_type: &str, is_failure: bool) -> Self {
        let wanted = match request.wanted() {
            1 => Wanted::Json,
            2 => Wanted::Raw,
            3 => Wanted::Passed { lookup: false },
            4 => Wanted::Passed { lookup: true },
            _ => Wanted::Auto,
        };
        let read = Some(Read::new(content_type, (!is_failure).then_some(wanted)));
        let intake = Rc::new(RefCell::new(Intake { read, body: None, has_come: false }));
        let of_feed = intake.clone();
        let feed = move |piece: Option<Vec<u8>>| {
            of_feed.try_borrow_mut().map_or(OVER, |mut intake| intake.take(piece.as_deref()))
        };
        Self { intake, is_failure, feed: Closure::new(feed) }
    }

    pub(super) fn feed(&self) -> &Function {
        self.feed.as_ref().unchecked_ref()
    }

    /// What the whole body says.
    pub(super) fn body(&self) -> Body {
        let mut intake = self.intake.borrow_mut();
        if intake.body.is_none() {
            intake.take(None);
        }
        intake.body.take().unwrap_or_default()
    }

    /// What a failure has said so far. An error body that was cut off has still said something.
    pub(super) fn so_far(&self) -> Option<Body> {
        (self.is_failure && self.intake.borrow().has_come).then(|| self.body())
    }
}

impl Intake {
    fn take(&mut self, piece: Option<&[u8]>) -> u32 {
        if let (Some(piece), Some(read)) = (piece, &mut self.read) {
            self.has_come |= !piece.is_empty();
            return u32::from(!read.push(piece)) * OVER;
        }
        let Some((body, is_json)) = self.read.take().map(Read::end) else { return OVER };
        let is_answer = !body.is_error && !body.unexpected;
        self.body = Some(body);
        OVER | (u32::from(is_json) * JSON) | (u32::from(is_answer) * ANSWER)
    }
}
