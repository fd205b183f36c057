//! A cold start that other clients of the fleet have found: its lead is a lease that no call here holds.

use super::Gate;
use super::cold::Cold;
use crate::core::admission::lease::{CallId, Lease};
use crate::core::admission::probing::ColdStart;
use crate::core::time::Instant;

/// The leader is another client.
const ELSEWHERE: CallId = CallId::MAX;

impl Gate {
    /// Since when the target is cold, when the next probe is due, and whether the server named that time. `None` if other
    /// calls were answered meanwhile.
    pub fn sure_cold(&self) -> Option<(Instant, Instant, bool)> {
        let cold = self.cold.as_ref().filter(|cold| !cold.is_doubtful)?;
        Some((cold.start.since(), cold.next_probe, cold.is_explicit))
    }

    /// When the newest request was sent that did not find the model loading.
    pub fn warm(&self) -> Option<Instant> {
        self.warm
    }

    /// A call of this client leads.
    pub fn leads_here(&self) -> bool {
        self.cold.is_some_and(|cold| {
            cold.sleeper.is_some() || cold.leader.is_some_and(|leader| leader.holder != ELSEWHERE)
        })
    }

    /// Another client leads, until then without news of it.
    pub fn follows(&mut self, since: Instant, probe_at: Instant, is_explicit: bool, until: Instant) {
        let new = Cold { start: ColdStart::goes_on(since), ..Cold::since(since) };
        let cold = self.cold.get_or_insert(new);
        (cold.next_probe, cold.is_explicit, cold.is_doubtful) = (probe_at, is_explicit, false);
        // A call of this client that led may sleep until its own probe. The client still has traffic.
        let led = cold.leader.map(|leader| leader.holder).filter(|holder| *holder != ELSEWHERE);
        cold.sleeper = led.or(cold.sleeper);
        cold.leader = Some(Lease { holder: ELSEWHERE, until });
        // A probe of this client may be in flight. Its answer ends the cold start, and its silence says nothing any more.
        cold.sent = None;
    }

    /// A call of this client may lead.
    pub fn may_lead(&mut self) {
        if let Some(cold) = &mut self.cold {
            cold.leader = cold.leader.filter(|leader| leader.holder != ELSEWHERE);
        }
    }

    /// The target has answered another client.
    pub fn comes_up_elsewhere(&mut self, now: Instant) {
        self.warm = Some(now);
        self.ends(now, now);
    }
}
