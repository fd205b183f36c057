//! When the next part of an answer is due.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep, interval_at, sleep};

/// Events at a steady pace. Each is due by the time of the first one and its number alone, so that
/// what a timer is late never adds up.
pub(super) struct Pace {
    period: Duration,
    first: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl Pace {
    pub(super) fn new(per_second: f64) -> Self {
        Self {
            period: Duration::from_secs_f64(1.0 / per_second),
            first: None,
            timer: Box::pin(sleep(Duration::ZERO)),
        }
    }

    /// Ready when so many periods have passed since the first call.
    pub(super) fn poll_due(&mut self, cx: &mut Context<'_>, periods: f64) -> Poll<()> {
        let now = Instant::now();
        let due = *self.first.get_or_insert(now) + self.period.mul_f64(periods);
        if now >= due {
            return Poll::Ready(());
        }
        if self.timer.deadline() != due {
            self.timer.as_mut().reset(due);
        }
        self.timer.as_mut().poll(cx)
    }
}

/// Ticks that are so far apart at least.
pub(super) fn beat(every: Duration) -> Interval {
    let every = every.max(Duration::from_millis(1));
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
