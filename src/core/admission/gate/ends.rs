//! What ends a cold start, and what is known of one that is over.

use super::Gate;
use crate::core::admission::probing::SHORTEST_SLEEP;
use crate::core::time::{Duration, Instant};

/// A model that is not up says so within this time, or within twice the time that it took so far. A probe that is in
/// flight for longer is being worked on.
const ANSWERS_SOON: Duration = Duration::from_secs(3);

impl Gate {
    /// When the probe in flight, without a result, will have been in flight for so long that it is being worked on.
    pub fn opens_at(&self) -> Option<Instant> {
        // Not for uncoordinated clients: every probe would be followed by other calls at the same moment, and in the
        // simulated fleets that costs calls.
        let cold = self.cold.as_ref().filter(|cold| !cold.uncoordinated)?;
        Some(cold.sent? + cold.held + ANSWERS_SOON.max(cold.heard.scaled(2, 1)))
    }

    /// Ends the cold start if the time of [`Self::opens_at`] has come, so that a long answer keeps no call out of a
    /// model that is up. Returns true if it did.
    pub fn opens(&mut self, now: Instant) -> bool {
        let is_up = self.opens_at().is_some_and(|opens| opens <= now);
        if let Some(sent) = self.cold.and_then(|cold| cold.sent).filter(|_| is_up) {
            self.ends(now, sent);
        }
        is_up
    }

    /// A request that was sent at `started` got another answer. Returns true if that ends a cold start; a doubtful one was
    /// none.
    pub fn answered(&mut self, now: Instant, started: Instant) -> bool {
        // An answer to a request from before the model went down says nothing about now,
        if let Some(cold) = self.cold.as_mut().filter(|cold| started < cold.start.since()) {
            // except that another call should probe soon.
            if !cold.uncoordinated && cold.sent.is_none() {
                (cold.leader, cold.is_explicit) = (None, false);
                cold.next_probe = cold.next_probe.min(now + SHORTEST_SLEEP);
            }
            return false;
        }
        self.warm = Some(self.warm.map_or(started, |warm| warm.max(started)));
        let was_cold = self.cold.is_some_and(|cold| !cold.is_doubtful);
        self.ends(now, now);
        was_cold
    }

    /// Ends the cold start, if there is one; it was over at `by`.
    pub(super) fn ends(&mut self, now: Instant, by: Instant) {
        (self.closed, self.denied) = (None, 0);
        if let Some(cold) = self.cold.take().filter(|cold| !cold.is_doubtful && !self.is_fresh(now)) {
            self.last = Some((cold.start.waited(by), now));
        }
    }

    /// How long the last cold start took.
    pub fn last(&self) -> Duration {
        self.last.map_or(Duration::ZERO, |(took, _)| took)
    }

    /// Uncoordinated clients release their waiting calls over this long: half the cold start, less the sleep before
    /// the last probe.
    pub fn spread(&self) -> Duration {
        self.last().scaled(1, 2) - self.slept
    }

    /// The model came up less than the length of its cold start ago: the calls that waited for it may still be too
    /// many.
    pub fn is_fresh(&self, now: Instant) -> bool {
        self.last.is_some_and(|(took, over)| now.since(over) < took)
    }
}
