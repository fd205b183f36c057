//! The clock of the platform, and an alarm that is never early and splits long sleeps.

use crate::core::time::{Duration, Instant};
use gloo_timers::callback::Timeout;
use std::cell::Cell;
use std::rc::Rc;
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

/// A timer only wakes; whether it is time, the clock says. One timer is wound again only where it
/// would ring too late, so a stream of a thousand pieces with an idle clock sets a handful.
#[derive(Default)]
pub(super) struct Alarm {
    armed: Option<Armed>,
}

struct Armed {
    rings: Instant,
    /// Not told by the clock: a timer may ring a little before its time.
    rang: Rc<Cell<bool>>,
    /// Dropping it clears it.
    _timer: Timeout,
}

impl Alarm {
    /// Ready once it is `at` or later.
    pub(super) fn poll(&mut self, cx: &Context<'_>, at: Instant) -> Poll<()> {
        let now = now();
        let left = at.since(now).min(LONGEST_TIMER);
        if left == Duration::ZERO {
            return Poll::Ready(());
        }
        let will_ring = self.armed.as_ref().is_some_and(|armed| !armed.rang.get() && armed.rings <= at);
        if !will_ring {
            let rang = Rc::new(Cell::new(false));
            let (waker, ringing) = (cx.waker().clone(), rang.clone());
            let timer = Timeout::new(left.as_ms() as u32, move || {
                ringing.set(true);
                waker.wake();
            });
            self.armed = Some(Armed { rings: now + left, rang, _timer: timer });
        }
        Poll::Pending
    }
}
