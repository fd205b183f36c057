//! Acts: the only code that sees fetch, timers, streams and JavaScript values.
//!
//! It never decides whether to try again. Headers, JSON values and blobs stay on the TypeScript side, behind the
//! methods of [`Request`](bindings::Request). They took 15 KB gzip in wasm, and take 1 KB in TypeScript. [`drive`] is
//! the one loop that awaits. It asks [`Call`](crate::core::call::Call) what to do, does it, and reports what happened.
//!
//! Every import goes down. A file may use those in the lines below its own, and none in its own line:
//!
//! - [`drive`]: the loop of one call.
//! - [`wait`]: what the loop awaits.
//! - [`attempt`]: one request; [`client`](mod@client): what the calls share.
//! - [`events`]: bytes to events; [`report`]: numbers out; [`waiters`]: the waiting calls.
//! - [`clock`]: the time; [`input`]: numbers in.
//! - [`bindings`]: the foreign functions; [`scope`]: in which turn of the event loop a call is woken.
//!
//! The exports are here, above all of them.

mod attempt;
mod bindings;
mod client;
mod clock;
mod drive;
mod events;
mod input;
mod origins;
mod reading;
mod report;
mod scope;
mod standstill;

mod wait;
mod waiters;

use crate::core::admission::fleet::Reply;
use std::future::poll_fn;
use std::task::Poll;
use waiters::Slot;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;

/// Makes a client with these rules and returns its number. `carrier` takes its messages to the other clients of a fleet. `numbers` are in the order of [`input::shared`].
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports what is `pub`, wherever it is")]
pub fn client(numbers: &[f64], seed: f64, carrier: bindings::Carrier) -> u32 {
    let (scope, shared) = input::shared(numbers, seed as u64);
    client::make(scope, shared, carrier)
}

/// The engine of the fleet has replied to a message, with the time and the text that it has now. NaN: it could not be asked.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports what is `pub`, wherever it is")]
pub fn replied(client: u32, target: u32, ticket: u32, now: f64, text: String) {
    if let Some(client) = client::numbered(client) {
        let reply = Reply { now: now as u64, text };
        client.replied(target as usize, ticket, (now >= 0.0).then_some(reply));
    }
}

/// Gives the slot of a target to another target of the client. Returns false if calls still use it.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports what is `pub`, wherever it is")]
pub fn replace(client: u32, target: u32) -> bool {
    client::numbered(client).is_some_and(|client| client.replace(target))
}

/// Closes a client that is not needed any more.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports what is `pub`, wherever it is")]
pub fn close(client: u32) {
    client::close(client);
}

/// What a client knows about a target, as a row of numbers.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports what is `pub`, wherever it is")]
pub fn stats(client: u32, target: u32) -> JsValue {
    client::numbered(client).map(|client| client.stats(target).to_js()).unwrap_or_default()
}

/// Runs one call of a client to its end, and tells the request how it ended.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports what is `pub`, wherever it is")]
pub fn query(client: u32, request: bindings::Request) {
    let Some(client) = client::numbered(client) else {
        return;
    };
    client.sweep();
    let id = client.register(&request);
    let slot = Slot::default();
    client.keep(id, &slot);
    *slot.borrow_mut() = Some(Box::pin(async move { drive::drive(client, &request, id).await }));
    spawn_local(poll_fn(move |cx| {
        let mut slot = slot.borrow_mut();
        // `None` if the call was swept away.
        let Some(future) = slot.as_mut() else { return Poll::Ready(()) };
        let polled = future.as_mut().poll(cx);
        if polled.is_ready() {
            *slot = None;
        }
        polled
    }));
}

/// Something has happened to the call with number `seat` of a client. `called` is true if it is the call's turn.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports what is `pub`, wherever it is")]
pub fn wake(client: u32, seat: u32, called: bool) {
    if let Some(client) = client::numbered(client) {
        client.wake(seat, called);
    }
}

/// A page sent one more request to this origin than it may have connections. `waiting` is how many other requests
/// waited for a connection when this one was answered; 0 if it was not answered.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports what is `pub`, wherever it is")]
pub fn tried(origin: u32, waiting: u32) {
    origins::tried(origin as usize, waiting);
}

/// 2.6 KB gzip smaller than the default allocator.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

#[cfg(test)]
#[path = "../../tests/wasm/mod.rs"]
mod tests;
