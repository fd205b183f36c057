//! The one thing that is ever awaited: a promise, a time, or the caller's abort, whichever is first.

use super::client::Client;
use super::request::Request;
use crate::core::time::Instant;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

pub(super) enum Happened {
    Settled(Result<JsValue, JsValue>),
    /// It is time, or this call's turn.
    Due,
    /// The caller wants no answer any more.
    Aborted,
}

pub(super) struct Waiter<'a> {
    request: &'a Request,
    client: Rc<Client>,
    pub(super) seat: u32,
    abort: Option<JsFuture>,
}

impl<'a> Waiter<'a> {
    pub(super) fn new(request: &'a Request, client: Rc<Client>) -> Self {
        let seat = client.sit();
        Self { request, client, seat, abort: request.abort().map(JsFuture::from) }
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
                self.client.is_up(self.seat);
                return Poll::Ready(Happened::Settled(settled));
            }
            match self.client.is_due(self.seat, until, cx.waker()) {
                true => Poll::Ready(Happened::Due),
                false => Poll::Pending,
            }
        })
        .await
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.client.leave(self.seat);
    }
}
