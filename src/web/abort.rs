//! The caller's signal: one listener a call, gone when the call is.

use js_sys::{Function, Promise};
use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

pub(super) struct CallerSignal {
    signal: AbortSignal,
    /// The promise's own `resolve` is the listener: no closure to keep alive or to free.
    listener: Function,
    fired: JsFuture,
}

impl CallerSignal {
    pub(super) fn listen(signal: AbortSignal) -> Self {
        let mut listener = JsValue::UNDEFINED;
        let fired = Promise::new(&mut |resolve, _| listener = resolve.into());
        let listener: Function = listener.unchecked_into();
        // Only a value that is no signal can fail here, and the face lets none through.
        let _ = signal.add_event_listener_with_callback("abort", &listener);
        Self { signal, listener, fired: JsFuture::from(fired) }
    }

    /// Looks at the flag, for an abort between two waits; the promise wakes whoever is in one.
    pub(super) fn aborted(&mut self, cx: &mut Context<'_>) -> bool {
        Pin::new(&mut self.fired).poll(cx).is_ready() || self.signal.aborted()
    }

    /// The signal's own reason.
    pub(super) fn reason(&self) -> JsValue {
        self.signal.reason()
    }
}

impl Drop for CallerSignal {
    fn drop(&mut self) {
        let _ = self.signal.remove_event_listener_with_callback("abort", &self.listener);
    }
}
