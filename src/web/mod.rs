//! Acts: the only code that sees fetch, timers, streams and JavaScript values.
//!
//! It never decides whether to try again. [`drive`] is the one loop that awaits; it asks
//! [`Call`](crate::core::call::Call) what to do, does it, and tells what happened.

mod abort;
mod answer;
mod clock;
mod drive;
mod event;
mod flight;
mod outgoing;
mod report;
mod request;
mod secret;
mod settled;

use js_sys::Promise;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::future_to_promise;

/// Runs one call to its end. The promise is fulfilled however the call ends, see [`settled`].
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports what is `pub`, wherever it is")]
pub fn query(request: request::Request) -> Promise {
    future_to_promise(async move { Ok(drive::drive(&request).await.into()) })
}
