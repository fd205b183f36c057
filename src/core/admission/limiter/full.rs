//! A target that is full: it has said that it takes no more, and the limit stays what it takes for a while.

use super::{Limiter, MILLI, TAKEN};
use crate::core::time::{Duration, Instant};

/// A limit that was too much is tried again after this time, and after twice the time whenever that is refused again.
const PAUSE_AT_FULL: Duration = Duration::from_secs(2);
const LONGEST_PAUSE_AT_FULL: Duration = Duration::from_secs(10);

/// The target has said that it takes no more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Full {
    /// The limit then, in thousandths.
    pub(super) limit: u32,
    /// No higher limit before this time.
    pub(super) until: Instant,
    pub(super) pause: Duration,
    /// When the limit was last raised without an answer.
    pub(super) raised: Instant,
}

impl Full {
    /// A target that is full says so at once. If it has not for this long, it takes what it was sent, and may be sent
    /// more.
    pub(super) fn may_rise_at(self) -> Instant {
        self.until.max(self.raised + TAKEN)
    }
}

impl Limiter {
    /// More are in flight than the target took when it was full.
    pub(super) fn is_one_more(&self, now: Instant) -> bool {
        let is_more = self.full.is_some_and(|full| self.in_flight.len() as u32 * MILLI > full.limit);
        is_more && !self.takes_as_many(now)
    }

    /// The limit is what the target takes.
    pub(super) fn is_full(&mut self, now: Instant) {
        // One more may have found a place that was free for a moment.
        let is_more = |full: Full| self.limit > full.limit + full.limit / 2;
        let pause = match self.full.filter(|full| !is_more(*full)) {
            Some(full) if now >= full.until => full.pause.scaled(2, 1),
            Some(full) => full.pause,
            None => PAUSE_AT_FULL,
        };
        let pause = pause.min(LONGEST_PAUSE_AT_FULL);
        self.full = Some(Full { limit: self.limit, until: now + pause, pause, raised: now });
    }

    /// A round of answers raises the limit by this, in thousandths: by one. A target that takes more than when it was
    /// full is offered as much again.
    pub(super) fn beyond(&self) -> u32 {
        MILLI + self.full.map_or(0, |full| self.limit.saturating_sub(full.limit))
    }
}
