//! Cold starts: what calls report of a target that is not up yet, what they ask about it, and how a target that comes up
//! starts slowly.

use super::Shared;
use super::gate::{Closed, ClosedPort, ColdReport, ColdSighting, Gate, Role};
use super::lease::CallId;
use super::limiter::SLOW_START;
use super::messages::Caller;
use super::probing::SHORTEST_SLEEP;
use crate::core::time::Instant;

/// Above every [`Gate::urgency`]: a port has stayed closed for too long, and queued calls may wait for nothing any more.
const MOST_URGENT: u8 = 4;

impl Shared {
    /// The call got an answer that says the model is loading.
    pub fn loading(&mut self, now: Instant, target: usize, call: Caller, found: ColdSighting) -> Role {
        let default_wait = found.default_wait.unwrap_or(SHORTEST_SLEEP);
        let Some(found) = self.found(now, target, call, found) else { return Role::Lead(default_wait) };
        let Some(state) = self.targets.get_mut(target) else { return Role::Lead(default_wait) };
        let gate = &mut state.coordinator.gate;
        let known = gate.explicit_until();
        let role = gate.loading(now, found, &mut self.rng);
        let urgency = gate.urgency(now);
        self.tells_queue(target, urgency, known);
        role
    }

    /// The call met a closed port. Returns the role of the call while that is taken for a start, and `None` if
    /// it is a failure.
    pub fn refused(&mut self, now: Instant, target: usize, call: Caller, port: ClosedPort) -> Option<Role> {
        let found = self.found(now, target, call, port.seen)?;
        let state = self.targets.get_mut(target)?;
        let gate = &mut state.coordinator.gate;
        let known = gate.explicit_until();
        let role = gate.refused(now, found, port.refusal, &mut self.rng);
        let is_vain = role.is_none() && gate.is_cold();
        let urgency = if is_vain { MOST_URGENT } else { gate.urgency(now) };
        self.tells_queue(target, urgency, known);
        role
    }

    /// Queued calls may wait for something else from now on, and have less patience for it. Those that know are not woken:
    /// where one replica of several is not up, the target seems cold and warm in turn, many times a second.
    fn tells_queue(&mut self, target: usize, urgency: u8, known: Option<Instant>) {
        let Some(state) = self.targets.get_mut(target) else { return };
        if urgency > 0 {
            state.queue.wake(urgency, &mut self.woken);
        }
        let explicit = state.coordinator.gate.explicit_until();
        if let Some(explicit) = explicit.filter(|_| explicit != known) {
            self.woken.extend(state.queue.impatient(explicit));
        }
    }

    fn found(&self, now: Instant, target: usize, call: Caller, found: ColdSighting) -> Option<ColdReport> {
        let state = self.targets.get(target)?;
        // One that waits elsewhere is no successor of the leader.
        let waiters = state.queue.leaders();
        let elsewhere = state.member.as_ref().map_or(0, |member| member.calls_elsewhere());
        Some(ColdReport {
            call: call.id,
            seen: found,
            uncoordinated: self.rules.uncoordinated(),
            is_doubtful: !found.full && self.worked_lately(now, target),
            waiters: if waiters == 0 { 0 } else { waiters + elsewhere as usize },
            yields: call.yields,
            attempt: call.attempt,
            until: self.rules.lease.map(|lease| now + lease),
        })
    }

    /// Whether the status of a cold target may be asked for by this call: it leads, and each status was of use. Not by one
    /// of thousands of clients that share nothing.
    pub fn status(&mut self, target: usize, call: CallId, was_of_use: bool) -> bool {
        let is_one_of_many = self.rules.uncoordinated();
        let Some(state) = self.targets.get_mut(target) else { return false };
        let gate = &mut state.coordinator.gate;
        gate.tells_nothing |= !was_of_use;
        !gate.tells_nothing && !is_one_of_many && gate.leader() == Some(call)
    }

    /// The leader probes later, because a status says that the model is not up yet.
    pub fn puts_off(&mut self, now: Instant, target: usize, call: CallId, deadline: Instant) {
        let until = self.lease(now, deadline);
        if let Some(state) = self.targets.get_mut(target) {
            state.coordinator.gate.renew(call, until);
        }
    }

    /// Ends the cold start if a probe has been in flight for so long that the model must be up.
    pub(super) fn opens(&mut self, now: Instant, target: usize) {
        let state = self.targets.get_mut(target);
        if state.is_some_and(|state| state.coordinator.gate.opens(now)) {
            self.starts_slowly(now, target, Some(SLOW_START));
        }
    }

    /// The target has recovered or come up: the limit starts again at `from` calls.
    pub(super) fn starts_slowly(&mut self, now: Instant, target: usize, from: Option<u32>) {
        let (Some(state), Some(from)) = (self.targets.get_mut(target), from) else {
            return;
        };
        let uncoordinated = self.rules.uncoordinated();
        state.limiter.start_slowly(if uncoordinated { 1 } else { from });
        if uncoordinated && !state.queue.is_empty() {
            // Many uncoordinated clients see it come up at the same time, and all have queued calls.
            state.hold_until = Some(now + self.rng.up_to(state.coordinator.gate.spread()));
        }
    }

    fn gate(&self, target: usize) -> Option<&Gate> {
        self.targets.get(target).map(|state| &state.coordinator.gate)
    }

    /// The call that probes for the others.
    pub fn leader(&self, target: usize) -> Option<CallId> {
        self.gate(target)?.leader()
    }

    /// Whether the cold start that queued calls wait for goes on.
    pub fn is_cold(&self, target: usize) -> bool {
        self.gate(target).is_some_and(|gate| gate.is_cold())
    }

    /// A probe was sent, and its result is not known yet.
    pub fn is_probing(&self, target: usize) -> bool {
        self.gate(target).is_some_and(|gate| gate.is_probing())
    }

    /// The target has answered a request that was sent after `then`.
    pub fn has_answered_since(&self, target: usize, then: Instant) -> bool {
        self.gate(target).is_some_and(|gate| gate.has_answered_since(then))
    }

    /// Whether the target refuses connections, and whether it has ever answered.
    pub fn closed(&self, now: Instant, target: usize) -> Option<(Closed, bool)> {
        let gate = self.gate(target)?;
        Some((gate.closed(now)?, gate.was_warm()))
    }

    /// The target has answered this client before.
    pub fn has_answered(&self, target: usize) -> bool {
        self.gate(target).is_some_and(|gate| gate.was_warm())
    }

    /// The target has just come up: if it is full now, the calls that waited are the cause, and it is no failure.
    pub fn is_fresh(&self, now: Instant, target: usize) -> bool {
        self.gate(target).is_some_and(|gate| gate.is_fresh(now))
    }

    /// Whether "full" still means that the target has just come up. For a process it does not, because its calls wait
    /// in one queue; but a thousand isolates find the target up at once.
    pub fn is_rushed(&self, now: Instant, target: usize) -> bool {
        let uncoordinated = self.rules.uncoordinated();
        uncoordinated && self.is_fresh(now, target)
    }
}
