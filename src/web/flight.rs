//! One attempt over fetch: a fresh `AbortController`, and dropping it stops the request.

use super::clock::{self, Alarm};
use super::request::Outgoing;
use crate::core::deadline::Clocks;
use crate::core::failure::Phase;
use crate::core::time::Instant;
use js_sys::{Array, Promise, Uint8Array};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, RequestInit, Response};

#[wasm_bindgen]
extern "C" {
    /// Looked up at each call, so that a page or a test may replace it.
    #[wasm_bindgen(catch)]
    fn fetch(url: &str, init: &RequestInit) -> Result<JsValue, JsValue>;

    type Piece;
    #[wasm_bindgen(method, getter)]
    fn done(this: &Piece) -> bool;
    #[wasm_bindgen(method, getter)]
    fn value(this: &Piece) -> Uint8Array;
}

/// As many as browsers follow is twenty; who needs more than five for one request is lost.
const MOST_REDIRECTS: u32 = 5;

/// Why an attempt has no answer. Any throw of `fetch` or `read` is the way there: what it says
/// differs from runtime to runtime, and our own aborts never come through here.
pub(super) enum Lost {
    Network,
    TimedOut(Phase),
}

pub(super) struct Flight {
    controller: AbortController,
    reader: Option<ReadableStreamDefaultReader>,
    clocks: Clocks,
    alarm: Alarm,
    last_piece: Option<Instant>,
    landed: bool,
}

impl Flight {
    pub(super) fn new(clocks: Clocks) -> Result<Self, JsValue> {
        let controller = AbortController::new()?;
        Ok(Self {
            controller,
            reader: None,
            clocks,
            alarm: Alarm::default(),
            last_piece: None,
            landed: false,
        })
    }

    /// What `work` gives, unless one of the attempt's clocks runs out first.
    pub(super) async fn in_time<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Lost> {
        let mut work = pin!(work);
        let (at, phase) = self.clocks.next(self.last_piece);
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(Ok(value)),
            Poll::Pending => self.alarm.poll(cx, at).map(|()| Err(Lost::TimedOut(phase))),
        })
        .await
    }

    /// Sends, and follows redirects where the body and the method survive them (307 and 308).
    ///
    /// By hand, because not every runtime takes the credentials off on the way to another origin,
    /// and none takes off an `x-api-key`. Browsers do not show where a redirect leads; they follow
    /// it themselves, and take `Authorization` off (Fetch standard, HTTP-redirect fetch).
    pub(super) async fn send(&mut self, mut outgoing: Outgoing) -> Result<Response, Lost> {
        let mut follow = false;
        for _ in 0..=MOST_REDIRECTS {
            let init = outgoing.init(&self.controller.signal(), follow);
            // `resolve`, because a replaced fetch may answer with what is no promise.
            let answer = Promise::resolve(&fetch(&outgoing.url(), &init).map_err(|_| Lost::Network)?);
            let response = self.in_time(JsFuture::from(answer)).await?.map_err(|_| Lost::Network)?;
            // Not `dyn_into`: a response of another realm or of a test is one too.
            let response: Response = response.unchecked_into();
            match response.status() {
                // A browser's "opaque redirect", which shows nothing.
                0 => follow = true,
                307 | 308 => match outgoing.redirected(&response) {
                    Some(next) => outgoing = next,
                    None => return Ok(response),
                },
                _ => return Ok(response),
            }
            if let Some(body) = response.body() {
                forget(body.cancel());
            }
        }
        Err(Lost::Network)
    }

    /// Reads the body to its end or to `limit`. What has come before a loss is kept in `into`.
    pub(super) async fn read(
        &mut self,
        response: &Response,
        limit: Option<u32>,
        into: &Array,
    ) -> Result<(), Lost> {
        let Some(body) = response.body() else {
            self.landed = true;
            return Ok(());
        };
        let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
        self.reader = Some(reader.clone());
        let mut taken: u32 = 0;
        loop {
            let piece = self.in_time(JsFuture::from(reader.read())).await?;
            let piece: Piece = piece.map_err(|_| Lost::Network)?.unchecked_into();
            if piece.done() {
                self.landed = true;
                return Ok(());
            }
            self.last_piece = Some(clock::now());
            let mut bytes = piece.value();
            if let Some(limit) = limit {
                bytes = bytes.subarray(0, limit - taken);
            }
            taken = taken.saturating_add(bytes.length());
            into.push(&bytes);
            if limit.is_some_and(|limit| taken >= limit) {
                return Ok(()); // dropping the flight cancels the rest
            }
        }
    }
}

impl Drop for Flight {
    /// Frees the connection: a Worker has six of them, and an unread body holds one.
    fn drop(&mut self) {
        if self.landed {
            return;
        }
        if let Some(reader) = &self.reader {
            forget(reader.cancel());
        }
        self.controller.abort();
    }
}

/// Nobody waits for this promise, and its rejection is nobody's surprise.
fn forget(promise: Promise) {
    drop(JsFuture::from(promise));
}
