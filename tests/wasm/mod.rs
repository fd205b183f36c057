//! The bindings in a real browser: real promises, timers and streams, and a `fetch` that answers
//! from a script. What the core decides is tested natively; here is what the bindings do about it.

use wasm_bindgen_test::wasm_bindgen_test_configure;

// What the tests stand on.
mod attempt;
mod caller;
mod globals;
mod network;
mod timing;

// The tests, from the inside out.
mod attempt_drop;
mod attempt_read;
mod attempt_redirect;
mod attempt_send;
mod clock;
mod drive;
mod drive_abort;
mod head;
mod invalid;
mod rows;
mod stream;
mod stream_clocks;
mod stream_end;
mod stream_reader;
mod stream_retry;
mod wait;

wasm_bindgen_test_configure!(run_in_browser);
