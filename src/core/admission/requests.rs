//! How a call gets its permit, keeps it, lends it and gives it back.

use super::Shared;
use super::lease::CallId;
use super::messages::{Admission, Caller, SignOfLife};
use super::queue::Front;
use crate::core::time::Instant;

impl Shared {
    /// A call asks to send to this target, for the first time or again.
    pub fn request(&mut self, now: Instant, target: usize, caller: Caller) -> Admission {
        if caller.first
            && let Some(state) = self.targets.get_mut(target)
        {
            state.stats.called();
        }
        if let Some(member) = self.targets.get_mut(target).and_then(|state| state.member.as_mut()) {
            member.asks(now);
        }
        let caller = self.leased(caller);
        self.admit(now, target, caller)
    }

    fn admit(&mut self, now: Instant, target: usize, caller: Caller) -> Admission {
        let until = self.lease(now, caller.deadline);
        self.opens(now, target);
        let Some(state) = self.targets.get_mut(target) else {
            return Admission::Admitted { generation: 0 }; // every call has a target
        };
        if let Some(left) = state.coordinator.open_for(now) {
            return state.circuit_open(left);
        }
        let was_cold = state.coordinator.gate.is_cold();
        let is_cooling_down = state.hold_until.is_some_and(|then| now < then);
        let may = match was_cold {
            true => !caller.yields || state.queue.leaders() == 0,
            false => !is_cooling_down && state.queue.is_empty() && state.has_permit(now),
        };
        let may = may && state.connections.is_available(now, target, Front::of(caller.priority, now));
        if was_cold && !may {
            // A call without a connection cannot lead the cold start, and one that yields need not.
            state.coordinator.gate.resign(caller.id);
        }
        let waits =
            !may || was_cold && !state.coordinator.gate.admit(now, caller.id, caller.attempt, caller.held);
        let admission = if waits {
            state.enqueue(now, caller)
        } else {
            state.paces(now);
            state.acquire(now, until, caller)
        };
        if waits {
            self.has_enqueued(target);
        }
        self.dispatch(now, target);
        admission
    }

    /// A queued call was woken, or its own time is up. It gets its permit if it has one by now.
    pub fn claim(&mut self, now: Instant, target: usize, caller: Caller) -> Admission {
        let caller = self.leased(caller);
        let until = self.lease(now, caller.deadline);
        let Some(state) = self.targets.get_mut(target) else {
            return Admission::Admitted { generation: 0 };
        };
        if state.queue.holds(caller.id) {
            let Some(vain) = state.waits_in_vain(now, caller) else {
                return state.queued(now, caller);
            };
            state.queue.remove(caller.id);
            return vain;
        }
        if !state.limiter.release(caller.id) {
            state.connections.release(caller.id);
            return self.admit(now, target, caller); // the queue was drained, or the call came too late
        }
        let gate = &mut state.coordinator.gate;
        let yields = caller.yields && state.queue.leaders() > 0;
        if gate.is_cold() && (yields || !gate.admit(now, caller.id, caller.attempt, caller.held)) {
            state.connections.release(caller.id);
            if yields {
                gate.resign(caller.id);
            }
            let admission = state.enqueue(now, caller);
            self.has_enqueued(target);
            if yields {
                self.dispatch(now, target);
            }
            return admission;
        }
        let admission = state.acquire(now, until, caller);
        self.dispatch(now, target);
        admission
    }

    /// Extends the leases of the call.
    pub fn renew(&mut self, now: Instant, target: usize, sign: SignOfLife) {
        let SignOfLife { call, deadline, in_flight } = sign;
        let until = self.lease(now, deadline);
        let leases = self.rules.lease.is_some();
        if let Some(state) = self.targets.get_mut(target).filter(|_| leases) {
            state.coordinator.renew(call, until);
            state.queue.renew(now, call);
            if in_flight {
                state.limiter.renew(now, call, until);
            }
        }
    }

    /// The reader of this call's stream is away and its server sends nothing meanwhile: the next call gets the
    /// permit.
    pub fn lend(&mut self, now: Instant, target: usize, call: CallId) {
        if let Some(state) = self.targets.get_mut(target) {
            state.coordinator.give_up(call);
            state.limiter.release(call);
            // The platform may hold the whole answer already, and the connection may be free. If not, one is in
            // reserve.
            state.connections.release(call);
            self.dispatch(now, target);
        }
    }

    /// The reader is back, and gets a permit even if none is free.
    pub fn reclaim(&mut self, now: Instant, target: usize, call: CallId, deadline: Instant) {
        let until = self.lease(now, deadline);
        if let Some(state) = self.targets.get_mut(target) {
            state.limiter.renew(now, call, until);
            state.connections.acquire(call);
        }
    }

    /// The call has finished with this target; it may have been queued.
    pub fn detach(&mut self, now: Instant, target: usize, call: CallId, in_line: bool) {
        if let Some(state) = self.targets.get_mut(target) {
            state.coordinator.gate.resign(call);
            if in_line && !state.queue.remove(call) {
                state.limiter.release(call);
            }
            state.connections.release(call);
            self.dispatch(now, target);
        }
    }

    /// The end of a lease that is taken or renewed now.
    pub(super) fn lease(&self, now: Instant, until: Instant) -> Instant {
        self.rules.lease.map_or(until, |lease| until.min(now + lease))
    }

    /// The caller, with its attempt shortened to the lease.
    fn leased(&self, caller: Caller) -> Caller {
        Caller {
            attempt: self.rules.lease.map_or(caller.attempt, |lease| caller.attempt.min(lease)),
            ..caller
        }
    }
}
