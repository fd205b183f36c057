//! The one thing that is ever awaited: a promise, a time, or the caller's abort, whichever is first.

use super::clock::Alarm;
use super::request::Request;
use crate::core::time::Instant;
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

pub(super) struct Waiter<'a> {
    request: &'a Request,
    alarm: Alarm,
    abort: Option<JsFuture>,
}

impl<'a> Waiter<'a> {
    pub(super) fn new(request: &'a Request) -> Self {
        Self { request, alarm: Alarm::default(), abort: request.abort().map(JsFuture::from) }
    }

    /// The call has its answer, and the face frees what waits for an abort.
    pub(super) fn deaf(&mut self) {
        self.abort = None;
    }

    /// Until the promise settles, if there is one, but no longer than `until`. It may be waited for
    /// again; one that is given up is nobody's any more, and its rejection nobody's surprise.
    pub(super) async fn either(&mut self, promise: &mut Option<JsFuture>, until: Instant) -> Happened {
        poll_fn(|cx| {
            // The flag, for an abort between two waits; the promise, to be woken in one.
            let woken = self.abort.as_mut().is_some_and(|abort| Pin::new(abort).poll(cx).is_ready());
            if woken || self.request.aborted() {
                return Poll::Ready(Happened::Aborted);
            }
            if let Some(future) = promise
                && let Poll::Ready(settled) = Pin::new(future).poll(cx)
            {
                *promise = None;
                return Poll::Ready(Happened::Settled(settled));
            }
            self.alarm.poll(cx, until).map(|()| Happened::Due)
        })
        .await
    }
}
