//! The clocks of the platform.

use crate::core::time::Instant;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// Monotonic, unlike `Date`. In Workers it advances only after IO, which a sleep is.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

pub(super) fn now() -> Instant {
    Instant::from_ms(performance_now() as u64)
}

pub(super) fn unix_now_ms() -> u64 {
    js_sys::Date::now() as u64
}
