//! One attempt over fetch: a fresh `AbortController`, and dropping it stops the request.

use super::clock;
use super::request::Outgoing;
use super::wait::{Happened, Waiter};
use crate::core::deadline::Clocks;
use crate::core::failure::Phase;
use crate::core::time::Instant;
use js_sys::{Array, ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, RequestInit, Response};

#[wasm_bindgen]
extern "C" {
    /// Looked up at each call, so that a page or a test may replace it.
    #[wasm_bindgen(catch)]
    fn fetch(url: &str, init: &RequestInit) -> Result<JsValue, JsValue>;

    /// web-sys has this without `catch`, but a body may be locked: a test that answers twice with
    /// one Response.
    type Body;
    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn get_reader(this: &Body) -> Result<ReadableStreamDefaultReader, JsValue>;

    type Piece;
    #[wasm_bindgen(method, getter)]
    fn done(this: &Piece) -> bool;
    #[wasm_bindgen(method, getter)]
    fn value(this: &Piece) -> JsValue;
}

/// Who needs more for one request goes in circles.
const MOST_REDIRECTS: u32 = 5;

/// Why an attempt has no answer.
#[derive(Clone, Copy)]
pub(super) enum Lost {
    /// Any throw of `fetch` or `read`: what it says differs from runtime to runtime, and our own
    /// aborts never come through there.
    Network,
    TimedOut(Phase),
    Aborted,
}

pub(super) struct Flight {
    controller: AbortController,
    reader: Option<ReadableStreamDefaultReader>,
    clocks: Clocks,
    last_piece: Option<Instant>,
    landed: bool,
}

impl Flight {
    pub(super) fn new(clocks: Clocks) -> Result<Self, JsValue> {
        let controller = AbortController::new()?;
        Ok(Self { controller, reader: None, clocks, last_piece: None, landed: false })
    }

    /// What the promise gives, unless a clock or the caller ends the attempt first.
    pub(super) async fn in_time(
        &self,
        waiter: &mut Waiter<'_>,
        promise: Promise,
    ) -> Result<Result<JsValue, JsValue>, Lost> {
        let (until, phase) = self.clocks.next(self.last_piece);
        match waiter.either(Some(promise), until).await {
            Happened::Settled(settled) => Ok(settled),
            Happened::Due => Err(Lost::TimedOut(phase)),
            Happened::Aborted => Err(Lost::Aborted),
        }
    }

    /// The same for what the network gives.
    async fn network(&self, waiter: &mut Waiter<'_>, promise: Promise) -> Result<JsValue, Lost> {
        self.in_time(waiter, promise).await?.map_err(|_| Lost::Network)
    }

    /// Sends, and follows redirects where the body and the method survive them (307 and 308).
    ///
    /// By hand, because not every runtime takes the credentials off on the way to another origin,
    /// and none takes off an `x-api-key`. Browsers do not show where a redirect leads; they follow
    /// it themselves, and take `Authorization` off (Fetch standard, HTTP-redirect fetch).
    pub(super) async fn send(
        &self,
        waiter: &mut Waiter<'_>,
        mut outgoing: Outgoing,
    ) -> Result<Response, Lost> {
        let mut follow = false;
        for _ in 0..=MOST_REDIRECTS {
            let init = outgoing.init(&self.controller.signal(), follow);
            let answer = fetch(&outgoing.url(), &init).map_err(|_| Lost::Network)?;
            // `resolve`, because a replaced fetch may answer with what is no promise.
            let response = self.network(waiter, Promise::resolve(&answer)).await?;
            if !response.is_object() {
                return Err(Lost::Network);
            }
            // Not `dyn_into`: a response of another realm or of a test is one too.
            let response: Response = response.unchecked_into();
            match response.status() {
                // A browser's "opaque redirect", which shows nothing.
                0 if !follow => follow = true,
                0 => return Err(Lost::Network),
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
        waiter: &mut Waiter<'_>,
        response: &Response,
        limit: Option<u32>,
        into: &Array,
    ) -> Result<(), Lost> {
        if let Some(body) = response.body() {
            let reader = body.unchecked_into::<Body>().get_reader().map_err(|_| Lost::Network)?;
            self.reader = Some(reader.clone());
            let mut left = limit.unwrap_or(u32::MAX);
            loop {
                let piece: Piece = self.network(waiter, reader.read()).await?.unchecked_into();
                if piece.done() {
                    break;
                }
                self.last_piece = Some(clock::now());
                let value = piece.value();
                if !ArrayBuffer::is_view(&value) {
                    return Err(Lost::Network);
                }
                let bytes: Uint8Array = value.unchecked_into();
                let bytes = if limit.is_some() { bytes.subarray(0, left) } else { bytes };
                into.push(&bytes);
                left = left.saturating_sub(bytes.length());
                if limit.is_some() && left == 0 {
                    return Ok(()); // dropping the flight cancels the rest
                }
            }
        }
        self.landed = true;
        Ok(())
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
