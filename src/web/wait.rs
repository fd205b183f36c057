//! The one future that is ever awaited: a promise, a time or the caller's abort, whichever comes first.
//!
//! The TypeScript side awaits the promise and wakes the call by its number. A Rust closure that waits for a promise
//! is never freed if the promise never settles, and the promises of a Worker's request that has ended never do.

use super::bindings::Request;
use super::client::Client;
use super::clock;
use crate::core::time::{Duration, Instant};
use gloo_timers::callback::Timeout;
use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};
use wasm_bindgen::JsValue;

pub(super) enum Wakeup {
    Settled(Result<JsValue, JsValue>),
    /// The time has come, or it is this call's turn.
    Due,
    /// Nothing happened. The call may say that it is alive.
    Tick,
    /// The caller has aborted.
    Aborted,
}

/// A tick comes no sooner than this, whatever is due: so often a queued call ticks.
const SOON: Duration = Duration::from_ms(20);

/// The values of [`Request::news`].
const ABORTED: u32 = 1;
const FULFILLED: u32 = 2;
const REJECTED: u32 = 3;

pub(super) struct Waiter<'a> {
    request: &'a Request,
    client: Rc<Client>,
    pub(super) id: u32,
    awaits: bool,
    /// The timer of the call, if each call has its own.
    nap: Option<Nap>,
}

struct Nap {
    until: Instant,
    is_over: Rc<Cell<bool>>,
    /// Dropping it clears the timer.
    _timer: Timeout,
}

impl<'a> Waiter<'a> {
    #[cfg(test)]
    pub(super) fn new(request: &'a Request, client: Rc<Client>) -> Self {
        let id = client.register(request);
        Self::registered(request, client, id)
    }

    /// For a call that was registered before.
    pub(super) fn registered(request: &'a Request, client: Rc<Client>, id: u32) -> Self {
        Self { request, client, id, awaits: false, nap: None }
    }

    /// Waits for this promise from now on, and no longer for the one before. If the earlier one rejects, the platform
    /// does not report an unhandled rejection.
    pub(super) fn await_promise(&mut self, promise: &JsValue) {
        self.request.awaits(promise);
        self.awaits = true;
    }

    /// Waits for no promise.
    pub(super) fn forget_promise(&mut self) {
        self.awaits = false;
    }

    /// Waits until the promise settles, if there is one, but no longer than `until`. `parked` means that the call
    /// waits for what other calls do.
    pub(super) async fn race(&mut self, until: Instant, parked: bool) -> Wakeup {
        poll_fn(|cx| {
            let news = self.request.news();
            if news == ABORTED {
                return Poll::Ready(Wakeup::Aborted);
            }
            if self.awaits && (news == FULFILLED || news == REJECTED) {
                self.awaits = false;
                self.client.stop_waiting(self.id);
                let value = self.request.value();
                let settled = if news == FULFILLED { Ok(value) } else { Err(value) };
                return Poll::Ready(Wakeup::Settled(settled));
            }
            if self.client.is_due(self.id, until, cx.waker()) {
                return Poll::Ready(Wakeup::Due);
            }
            self.nap(until, parked, cx)
        })
        .await
    }

    /// Whether the promise settles before `until`.
    pub(super) async fn settles_by(&mut self, until: Instant) -> bool {
        loop {
            match self.race(until, false).await {
                Wakeup::Tick => {}
                wakeup => return matches!(wakeup, Wakeup::Settled(_)),
            }
        }
    }

    fn nap(&mut self, until: Instant, parked: bool, cx: &Context<'_>) -> Poll<Wakeup> {
        let Some(tick) = self.client.scope().tick(parked) else {
            return Poll::Pending;
        };
        if self.nap.take_if(|nap| nap.is_over.get()).is_some() {
            return Poll::Ready(Wakeup::Tick);
        }
        let now = clock::now();
        let exchange = self.client.exchange_due().unwrap_or(now + tick).max(now + SOON);
        let until = until.min(now + tick).min(exchange);
        if self.nap.as_ref().is_none_or(|nap| until < nap.until) {
            let is_over = Rc::new(Cell::new(false));
            let (over, waker) = (is_over.clone(), cx.waker().clone());
            let timer = Timeout::new(until.since(now).as_ms() as u32, move || {
                over.set(true);
                waker.wake();
            });
            self.nap = Some(Nap { until, is_over, _timer: timer });
        }
        Poll::Pending
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.client.unregister(self.id);
    }
}
