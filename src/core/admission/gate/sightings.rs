//! A call that found the model loading: whether it is believed, and what the call does next.

use super::cold::Cold;
use super::reports::ColdReport;
use super::{Gate, Role};
use crate::core::admission::lease::Lease;
use crate::core::admission::probing::{LONGEST_SLEEP, ProbeContext, SHORTEST_SLEEP};
use crate::core::rng::Rng;
use crate::core::time::Instant;

/// How often one leader probes while others wait. A model that has answered before is probed once by each.
const MAX_PROBES: u32 = 2;

/// A model that answered just now is believed to be cold after this many reports in a row, or after two if no other
/// call is there.
const BELIEVED: u32 = 4;

impl Gate {
    /// A request that was sent at `started` found the model loading, so its port is open.
    pub fn loading(&mut self, now: Instant, found: ColdReport, rng: &mut Rng) -> Role {
        self.closed = None;
        if !self.believes(found) {
            return Role::Follow;
        }
        self.found_cold(now, found, rng)
    }

    /// One request alone says nothing about the model while others are answered: a failure may quote its request, a
    /// payload may crash its worker, and one replica of several may be gone.
    pub(super) fn believes(&mut self, found: ColdReport) -> bool {
        // A repeated report of one call counts once, unless no other call is there to report.
        self.denied = self.denied.saturating_add(u32::from(!found.seen.again || found.seen.is_alone));
        self.cold.is_some()
            || !found.is_doubtful
            || self.denied >= if found.seen.is_alone { 2 } else { BELIEVED }
    }

    pub(super) fn found_cold(&mut self, now: Instant, found: ColdReport, rng: &mut Rng) -> Role {
        if self.warm.is_some_and(|warm| found.seen.started < warm) {
            return Role::Follow; // the model has come up since
        }
        let new = Cold { is_doubtful: found.is_doubtful, ..Cold::since(found.seen.started) };
        let cold = self.cold.get_or_insert(new);
        if cold.is_forgotten(now) {
            *cold = new;
        }
        if cold.leader.is_some_and(|leader| leader.is_live(now) && leader.holder != found.call) {
            return Role::Follow;
        }
        (cold.sent, cold.uncoordinated) = (None, found.uncoordinated);
        cold.is_doubtful &= found.is_doubtful;
        if !found.seen.answer.was_held {
            cold.heard = cold.heard.max(now.since(found.seen.started));
        }
        let has_led = cold.leader.is_some_and(|leader| leader.holder == found.call);
        cold.probes = if has_led { cold.probes + 1 } else { 0 };
        let context = ProbeContext {
            last: self.last.map(|(took, _)| took).filter(|_| !found.seen.full),
            waiters: found.waiters,
            uncoordinated: found.uncoordinated,
            default_wait: found.seen.default_wait,
        };
        let mut start = cold.start;
        let sleep = start.sleep(now, found.seen.answer, context, rng);
        // The target has answered other calls a while ago: the longer ago, the more likely it is cold. Its estimate may be
        // about this payload alone.
        let may_be_own = !found.uncoordinated && self.closed.is_none() && found.seen.answer.floor.is_none();
        let sleep = self
            .warm
            .filter(|_| may_be_own)
            .map_or(sleep, |warm| sleep.min(now.since(warm).scaled(1, 4).max(SHORTEST_SLEEP)));
        let passes = found.yields && found.waiters > 0 && !found.uncoordinated;
        if !passes {
            cold.start = start; // another call begins where this one would have
        }
        self.slept = sleep;
        // An hour that the server names is meant for this call. The others were told nothing, and one of them probes
        // in its place.
        cold.next_probe = now + sleep.min(LONGEST_SLEEP);
        cold.is_explicit = found.seen.answer.floor.is_some();
        if found.is_doubtful && !found.uncoordinated {
            // Other calls were answered just before: one of them probes soon, whatever the server told this one.
            (cold.leader, cold.is_explicit) = (None, false);
            cold.next_probe = now + SHORTEST_SLEEP;
            return Role::Apart;
        }
        // This payload alone may be to blame, so another call probes next. Not for uncoordinated clients, which probe
        // each for themselves: in the simulated fleets that costs calls.
        let most = if self.warm.is_some() { 1 } else { MAX_PROBES };
        let is_enough = cold.probes >= most && found.waiters > 0 && !found.seen.full && !found.uncoordinated;
        if passes || is_enough {
            cold.leader = None;
            return Role::Follow;
        }
        let leads = sleep <= LONGEST_SLEEP;
        cold.leader = leads
            .then(|| Lease { holder: found.call, until: found.until.unwrap_or(now + sleep + found.attempt) });
        cold.sleeper = (!leads).then_some(found.call);
        Role::Lead(sleep)
    }
}
