//! A circuit that other clients of the fleet have opened or closed.

use super::{Breaker, Phase};
use crate::core::time::Instant;

impl Breaker {
    /// Open, or half-open. A ramp is neither: the target has answered.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open { .. } | Phase::HalfOpen { .. })
    }

    /// Until when it is open, and how often it opened since it was closed. `None` if a probe was sent meanwhile.
    pub fn open_until(&self) -> Option<(Instant, u32)> {
        match self.phase {
            Phase::Open { until } => Some((until, self.consecutive_opens)),
            _ => None,
        }
    }

    /// Open in the whole fleet, until then for this client. A probe of this client goes on.
    pub fn opens_elsewhere(&mut self, now: Instant, until: Instant, opens: u32) {
        match self.phase {
            Phase::HalfOpen { probe: Some(probe) } if probe.is_live(now) => return,
            Phase::Open { .. } | Phase::HalfOpen { .. } => self.phase = Phase::Open { until },
            _ => self.enter(Phase::Open { until }),
        }
        self.consecutive_opens = opens;
    }

    /// The target has answered the probe of another client.
    pub fn closes_elsewhere(&mut self) {
        self.close();
    }
}
