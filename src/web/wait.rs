//! The one thing that is ever awaited: a promise, a time, or the caller's abort, whichever is first.

use super::abort::CallerSignal;
use super::clock::Alarm;
use crate::core::time::Instant;
use js_sys::Promise;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

pub(super) enum Happened {
    Settled(Result<JsValue, JsValue>),
    Due,
    /// The caller wants no answer any more.
    Aborted,
}

pub(super) struct Waiter {
    alarm: Alarm,
    caller: Option<CallerSignal>,
}

impl Waiter {
    pub(super) fn new(caller: Option<CallerSignal>) -> Self {
        Self { alarm: Alarm::default(), caller }
    }

    /// Until the promise settles, if there is one, but no longer than `until`. A promise that
    /// comes too late is nobody's any more, and its rejection nobody's surprise.
    pub(super) async fn either(&mut self, promise: Option<Promise>, until: Instant) -> Happened {
        let mut promise = promise.map(JsFuture::from);
        poll_fn(|cx| {
            if self.caller.as_mut().is_some_and(|caller| caller.aborted(cx)) {
                return Poll::Ready(Happened::Aborted);
            }
            if let Some(promise) = &mut promise {
                if let Poll::Ready(settled) = Pin::new(promise).poll(cx) {
                    return Poll::Ready(Happened::Settled(settled));
                }
            }
            self.alarm.poll(cx, until).map(|()| Happened::Due)
        })
        .await
    }

    pub(super) fn reason(&self) -> JsValue {
        self.caller.as_ref().map_or(JsValue::UNDEFINED, CallerSignal::reason)
    }
}
