//! The clocks of the platform.

use super::bindings::performance_now;
use crate::core::time::Instant;

pub(super) fn now() -> Instant {
    Instant::from_ms(performance_now() as u64)
}

pub(super) fn unix_now_ms() -> u64 {
    js_sys::Date::now() as u64
}
