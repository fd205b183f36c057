//! Acts: the only code that sees fetch, timers, streams and JavaScript values.
//!
//! It never decides whether to try again, and what can be said in JavaScript data alone (headers,
//! JSON, blobs) it leaves to the face, through the methods of [`Request`](request::Request): in
//! wasm that took 15 KB gzip, there it takes 1. [`drive`] is the one loop that awaits; it asks
//! [`Call`](crate::core::call::Call) what to do, does it, and tells what happened.

mod clock;
mod drive;
mod events;
mod flight;
mod report;
mod request;
mod wait;

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;

/// Runs one call to its end, and tells the request how it ended.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports what is `pub`, wherever it is")]
pub fn query(request: request::Request) {
    spawn_local(async move { drive::drive(&request).await });
}

/// 2.6 KB gzip smaller than the default one.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

#[cfg(test)]
#[path = "../../tests/wasm/mod.rs"]
mod tests;
