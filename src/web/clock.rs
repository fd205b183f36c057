//! The clock of the platform, and an alarm that is never early and splits long sleeps.

use crate::core::time::{Duration, Instant};
use gloo_timers::future::TimeoutFuture;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
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

/// The longest that `setTimeout` takes; above it fires at once (HTML standard, "long").
const LONGEST_TIMER: Duration = Duration::from_ms(i32::MAX as u64);

/// One timer, wound again only where it would otherwise ring too late. A stream of a thousand
/// pieces with an idle clock sets a handful of timers, not a thousand.
#[derive(Default)]
pub(super) struct Alarm {
    armed: Option<(Instant, TimeoutFuture)>,
}

impl Alarm {
    /// Ready once it is `at` or later.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        loop {
            match &mut self.armed {
                Some((armed, timer)) if *armed <= at => match Pin::new(timer).poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(()) => self.armed = None,
                },
                _ => {
                    let now = now();
                    let left = at.since(now).min(LONGEST_TIMER);
                    if left == Duration::ZERO {
                        return Poll::Ready(());
                    }
                    self.armed = Some((now + left, TimeoutFuture::new(left.as_ms() as u32)));
                }
            }
        }
    }
}
