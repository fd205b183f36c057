//! Which call leads: the one whose request may be sent while the model is cold, and its successor when its lease has run out.

use super::Gate;
use super::cold::Cold;
use crate::core::admission::lease::{CallId, Lease};
use crate::core::time::{Duration, Instant};

impl Gate {
    /// Whether this call may be sent: every call while the model is not cold, then the leader alone.
    ///
    /// Where there is no leader any more, the first call that asks when a probe is due takes the lead. Its lease is
    /// one attempt, of which the server is asked to hold the request for `held`.
    pub fn admit(&mut self, now: Instant, call: CallId, attempt: Duration, held: Duration) -> bool {
        let Some(cold) = &mut self.cold else {
            return true;
        };
        if cold.is_forgotten(now) {
            *cold = Cold::since(now);
        }
        match cold.leader {
            Some(leader) if leader.is_live(now) && leader.holder != call => {
                cold.sleeper = cold.sleeper.filter(|sleeper| *sleeper != call);
                return false;
            }
            Some(leader) if leader.holder == call => {}
            _ if now < cold.next_probe && cold.sleeper != Some(call) => return false,
            _ => {}
        }
        if cold.leader.is_none_or(|leader| leader.holder != call) {
            cold.probes = 0;
        }
        cold.leader = Some(Lease { holder: call, until: now + attempt });
        (cold.sent, cold.held) = (Some(now), held);
        true
    }

    /// The leader is alive: its lease lasts until then.
    pub fn renew(&mut self, call: CallId, until: Instant) {
        if let Some(Cold { leader: Some(leader), .. }) = &mut self.cold
            && leader.holder == call
        {
            leader.until = until;
        }
    }

    /// The call that probes, or sleeps until the next probe.
    pub fn leader(&self) -> Option<CallId> {
        Some(self.cold.as_ref()?.leader?.holder)
    }

    /// The server wants no request before this time. A call that cannot wait so long waits in vain.
    pub fn explicit_until(&self) -> Option<Instant> {
        self.cold.as_ref().filter(|cold| cold.is_explicit).map(|cold| cold.next_probe)
    }

    /// When a waiting call may take the lead, if nothing happens before.
    pub fn vacant_at(&self) -> Option<Instant> {
        let cold = self.cold.as_ref()?;
        Some(cold.leader.map_or(cold.next_probe, |leader| leader.until.max(cold.next_probe)))
    }

    /// The probe of this call was lost without a result.
    pub fn lost(&mut self, call: CallId) {
        if let Some(cold) =
            self.cold.as_mut().filter(|cold| cold.leader.is_some_and(|lead| lead.holder == call))
        {
            cold.sent = None;
        }
    }

    /// The call gives up the lead.
    pub fn resign(&mut self, call: CallId) {
        if let Some(cold) = &mut self.cold {
            cold.leader = cold.leader.filter(|leader| leader.holder != call);
            cold.sleeper = cold.sleeper.filter(|sleeper| *sleeper != call);
        }
    }
}
