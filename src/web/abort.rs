//! The caller's signal: one listener a call, gone when the call is.

use js_sys::{Function, Promise};
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

/// The caller wants no answer any more.
pub(super) struct Aborted;

pub(super) struct CallerSignal {
    listening: Option<Listening>,
}

struct Listening {
    signal: AbortSignal,
    /// The promise's own `resolve` is the listener: no closure to keep alive or to free.
    listener: Function,
    fired: RefCell<JsFuture>,
}

impl CallerSignal {
    pub(super) fn listen(signal: Option<AbortSignal>) -> Self {
        let listening = signal.map(|signal| {
            let mut listener = JsValue::UNDEFINED;
            let fired = Promise::new(&mut |resolve, _| listener = resolve.into());
            let listener: Function = listener.unchecked_into();
            // Only a value that is no signal can fail here, and the face lets none through.
            let _ = signal.add_event_listener_with_callback("abort", &listener);
            Listening { signal, listener, fired: RefCell::new(JsFuture::from(fired)) }
        });
        Self { listening }
    }

    /// The signal's own reason.
    pub(super) fn reason(&self) -> JsValue {
        self.listening.as_ref().map_or(JsValue::UNDEFINED, |listening| listening.signal.reason())
    }

    /// What `work` gives, unless the caller aborts first; then `work` is dropped, which stops it.
    pub(super) async fn or_aborted<T>(&self, work: impl Future<Output = T>) -> Result<T, Aborted> {
        let mut work = pin!(work);
        poll_fn(|cx| {
            if let Some(listening) = &self.listening {
                // The flag, for an abort between two waits; the promise, to be woken in one.
                let fired = Pin::new(&mut *listening.fired.borrow_mut()).poll(cx).is_ready();
                if listening.signal.aborted() || fired {
                    return Poll::Ready(Err(Aborted));
                }
            }
            work.as_mut().poll(cx).map(Ok)
        })
        .await
    }
}

impl Drop for CallerSignal {
    fn drop(&mut self) {
        if let Some(Listening { signal, listener, .. }) = &self.listening {
            let _ = signal.remove_event_listener_with_callback("abort", listener);
        }
    }
}
