//! A port that refuses connections: for a while, an engine that is still starting.

use super::cold::FORGOTTEN;
use super::reports::{ColdReport, Refusal};
use super::{Gate, Role};
use crate::core::classify::AT_ONCE;
use crate::core::rng::Rng;
use crate::core::time::{Duration, Instant};

/// The longest sleep before a probe of a closed port.
const LONGEST_AT_DOOR: Duration = Duration::from_secs(10);

/// A closed port of the target, or of the server behind its gateway.
#[derive(Clone, Copy, Debug)]
pub struct Closed {
    /// The first refusal and the last one.
    pub since: Instant,
    pub(super) last: Instant,
    /// The platform or the gateway says that the connection was refused; it is no guess.
    pub is_explicit: bool,
}

impl Gate {
    /// Since when the target refuses connections. A probe that was not refused at once has found the port open, and
    /// its answer may take as long as any answer.
    pub fn closed(&self, now: Instant) -> Option<Closed> {
        let sent = self.cold.and_then(|cold| cold.sent);
        let is_open = sent.is_some_and(|sent| now.since(sent) >= AT_ONCE);
        self.closed.filter(|closed| !is_open && now.since(closed.last) <= FORGOTTEN)
    }

    /// How little patience the state of the target leaves to the calls that wait for it: nothing if the model is not cold,
    /// least where a port may be closed for good. A call that knows of one urgency waits no longer than a lower one allows.
    pub fn urgency(&self, now: Instant) -> u8 {
        match self.closed(now) {
            _ if !self.is_cold() => 0,
            None => 1,
            Some(closed) if closed.is_explicit && self.was_warm() => 2,
            Some(_) => 3,
        }
    }

    /// A request was refused. Returns the role of its call while that is taken for a start, and `None` after that,
    /// when the target is taken to be down.
    pub fn refused(
        &mut self,
        now: Instant,
        found: ColdReport,
        refusal: Refusal,
        rng: &mut Rng,
    ) -> Option<Role> {
        let Refusal { is_explicit, patience } = refusal;
        if self.warm.is_some_and(|warm| found.seen.started < warm) {
            return Some(Role::Follow); // the model has come up since
        }
        if !self.believes(found) {
            return None;
        }
        let since = self.closed(now).map_or(found.seen.started, |closed| closed.since);
        self.closed = Some(Closed { since, last: now, is_explicit });
        if now.since(since) >= patience {
            // Other calls may have more patience, and one of them goes on probing.
            if let Some(cold) = &mut self.cold {
                cold.sent = None;
            }
            return None;
        }
        let floor = found.seen.answer.floor.unwrap_or_default();
        // With its jitter.
        let longest = LONGEST_AT_DOOR.max(floor.scaled(5, 4));
        let role = self.found_cold(now, found, rng);
        if let Some(cold) = &mut self.cold {
            // The engine does not work yet, so a probe costs it nothing. The last probe is at the end of the
            // patience.
            cold.next_probe = cold.next_probe.min(now + longest).min(since + patience);
        }
        match role {
            Role::Lead(sleep) => Some(Role::Lead(sleep.min(longest))),
            role => Some(role),
        }
    }
}
