//! Acts: the only code that sees fetch, timers, streams and JavaScript values.
//!
//! It never decides whether to try again, and what can be said in JavaScript data alone (headers,
//! JSON, blobs) it leaves to the face, through the methods of [`Request`](request::Request): in
//! wasm that took 15 KB gzip, there it takes 1. [`drive`] is the one loop that awaits; it asks
//! [`Call`](crate::core::call::Call) what to do, does it, and tells what happened.

mod client;
mod clock;
mod drive;
mod events;
mod flight;
mod report;
mod request;
mod seats;
mod wait;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;

/// A client by these rules: its number. `numbers` are in the order of `src/ts/core-request.ts`.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports what is `pub`, wherever it is")]
pub fn client(numbers: &[f64], seed: f64) -> u32 {
    client::make(numbers, seed as u64)
}

/// Another target takes this place among those of a client.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports what is `pub`, wherever it is")]
pub fn replace(client: u32, target: u32) {
    if let Some(client) = client::numbered(client) {
        client.replace(target);
    }
}

/// A client is not needed any more.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports what is `pub`, wherever it is")]
pub fn close(client: u32) {
    client::close(client);
}

/// What a client knows of a target, as a row of numbers.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports what is `pub`, wherever it is")]
pub fn stats(client: u32, target: u32) -> JsValue {
    client::numbered(client).map(|client| client.stats(target).to_js()).unwrap_or_default()
}

/// Runs one call of a client to its end, and tells the request how it ended.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports what is `pub`, wherever it is")]
pub fn query(client: u32, request: request::Request) {
    if let Some(client) = client::numbered(client) {
        spawn_local(async move { drive::drive(client, &request).await });
    }
}

/// 2.6 KB gzip smaller than the default one.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

#[cfg(test)]
#[path = "../../tests/wasm/mod.rs"]
mod tests;
