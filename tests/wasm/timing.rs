//! Timers and promises that the tests arrange, and how long things took.

use super::globals::Replaced;
use crate::core::time::Instant;
use crate::web::clock;
use js_sys::{Array, Promise};
use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::pin::{Pin, pin};
use std::task::Poll;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(module = "/tests/wasm/timing.js")]
extern "C" {
    #[wasm_bindgen(js_name = sleep)]
    fn sleep_promise(ms: u32) -> Promise;
    pub(super) fn never() -> Promise;
    pub(super) fn value_after(ms: u32, value: &JsValue) -> Promise;
    pub(super) fn rejection_after(ms: u32, reason: &JsValue) -> Promise;

    pub(super) type Timers;
    #[wasm_bindgen(constructor)]
    fn new() -> Timers;
    #[wasm_bindgen(method, getter)]
    pub(super) fn lengths(this: &Timers) -> Array;
    #[wasm_bindgen(method, getter)]
    pub(super) fn cleared(this: &Timers) -> u32;
    #[wasm_bindgen(method, js_name = ringEarly)]
    pub(super) fn ring_early(this: &Timers, ms: u32);
    #[wasm_bindgen(method, getter)]
    fn set(this: &Timers) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn clear(this: &Timers) -> JsValue;

    pub(super) type Unhandled;
    #[wasm_bindgen(constructor)]
    pub(super) fn new() -> Unhandled;
    #[wasm_bindgen(method)]
    fn stop(this: &Unhandled) -> Promise;
}

impl Unhandled {
    /// How many there were, once the browser had time to report them.
    pub(super) async fn counted(self) -> f64 {
        JsFuture::from(self.stop()).await.unwrap().as_f64().unwrap()
    }
}

/// The timers that are set and cleared while this lives.
pub(super) struct CountedTimers {
    timers: Timers,
    _replaced: [Replaced; 2],
}

impl CountedTimers {
    pub(super) fn start() -> Self {
        let timers = Timers::new();
        let replaced = [
            Replaced::global("setTimeout", &timers.set()),
            Replaced::global("clearTimeout", &timers.clear()),
        ];
        Self { timers, _replaced: replaced }
    }

    pub(super) fn set_count(&self) -> u32 {
        self.lengths().length()
    }
}

impl Deref for CountedTimers {
    type Target = Timers;
    fn deref(&self) -> &Timers {
        &self.timers
    }
}

pub(super) async fn sleep(ms: u32) {
    JsFuture::from(sleep_promise(ms)).await.unwrap();
}

/// What the future gives within `ms`; what is left of it is dropped.
pub(super) async fn within<T>(ms: u32, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut too_late = JsFuture::from(sleep_promise(ms));
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => Pin::new(&mut too_late).poll(cx).map(|_| None),
    })
    .await
}

/// Asserts that so much time has passed. A timer may be late on a busy machine, but not by 100 ms.
pub(super) fn assert_took(since: Instant, ms: u64) {
    let took = clock::now().since(since).as_ms();
    let expected = ms..=ms + 100;
    assert!(expected.contains(&took), "took {took} ms, not {expected:?}");
}
