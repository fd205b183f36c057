//! Whether the thread or the machine stood still during an attempt. No server is to blame for that time, and
//! connections are lost in it.
//!
//! No platform says so. A timer that fires far too late shows it, and so does a wall clock that has run ahead of the
//! monotonic one.

use super::clock;
use crate::core::time::{Duration, Instant};

/// A timer this late was not delayed by a busy thread: the thread stood still, or the machine did.
const STANDSTILL: Duration = Duration::from_ms(500);
/// How often a timer fires only to notice a standstill.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(1);
/// The most standstills in one attempt. If timers are late more often, a hidden page is being throttled.
const MOST_STANDSTILLS: u8 = 3;
/// The two clocks of a platform drift apart this far only if one of them stood still.
const ASLEEP: Duration = Duration::from_secs(2);
/// A connection that is lost within this time after a standstill was lost because of it.
const AFTERWARDS: Duration = Duration::from_secs(5);

#[derive(Clone, Copy)]
struct Standstill {
    over: Instant,
    span: Duration,
}

/// The standstills of one attempt.
pub(super) struct Standstills {
    /// Since when nothing has happened, and when the next timer fires.
    quiet: Option<(Instant, Instant)>,
    last: Option<Standstill>,
    count: u8,
    /// The offset of the wall clock from the monotonic clock at the beginning, in ms.
    wall: u64,
}

impl Standstills {
    pub(super) fn watch() -> Self {
        Self { quiet: None, last: None, count: 0, wall: wall() }
    }

    /// A timer fires at `wakes`, unless something else happens before.
    pub(super) fn expect(&mut self, now: Instant, wakes: Instant) {
        self.quiet = Some((now, wakes));
    }

    /// The timer has fired, or something else has happened. Returns how long everything may have stood still. The
    /// standstill began at an unknown time before the timer was due, and the doubt counts in favour of the server.
    pub(super) fn notice(&mut self, now: Instant, is_hidden: impl FnOnce() -> bool) -> Option<Duration> {
        let (since, wakes) = self.quiet.take()?;
        if now.since(wakes) < STANDSTILL || self.count >= MOST_STANDSTILLS && is_hidden() {
            return None;
        }
        let span = now.since(wakes) + wakes.since(since).min(HEARTBEAT);
        self.count = self.count.saturating_add(1);
        self.last = Some(Standstill { over: now, span });
        Some(span)
    }

    pub(super) fn has_just_ended(&self, now: Instant) -> bool {
        self.last.is_some_and(|last| last.over == now)
    }

    /// The machine was suspended a moment ago, and a connection that is lost now was lost because of that.
    pub(super) fn has_slept(&self) -> bool {
        let now = clock::now();
        self.last.is_some_and(|last| last.span >= ASLEEP && now.since(last.over) < AFTERWARDS)
            || wall().saturating_sub(self.wall) >= ASLEEP.as_ms()
    }

    /// `since`, moved forward by a standstill that came after it.
    pub(super) fn awake_since(&self, since: Instant) -> Instant {
        match self.last {
            Some(Standstill { over, span }) if since < over => since + span.min(over.since(since)),
            _ => since,
        }
    }
}

/// The offset of the wall clock from the monotonic clock, in ms. It changes when one of them stands still.
fn wall() -> u64 {
    clock::unix_now_ms().saturating_sub(clock::now().since(Instant::from_ms(0)).as_ms())
}
