//! Which queued calls are admitted, and when the queues are looked at next.

use super::messages::Event;
use super::queue::Queue;
use super::{Shared, breaker};
use crate::core::time::{Duration, Instant};

/// A call that was let in must claim its permit within this time, or loses it.
const TO_CLAIM: Duration = Duration::from_secs(5);
/// The same where calls may end unseen: a call that is alive polls many times a second there.
const TO_CLAIM_UNSEEN: Duration = Duration::from_secs(1);

impl Shared {
    /// Admits as many queued calls as there are permits for.
    pub(super) fn dispatch(&mut self, now: Instant, target: usize) {
        let lease = self.rules.lease;
        let to_claim = if lease.is_some() { TO_CLAIM_UNSEEN } else { TO_CLAIM };
        self.opens(now, target);
        let Some(state) = self.targets.get_mut(target) else {
            return;
        };
        state.connections.wait_no_more(now, target);
        let circuit =
            state.coordinator.breaker.as_ref().map_or(breaker::State::Closed, |breaker| breaker.state(now));
        if circuit != state.reported {
            state.reported = circuit;
            self.events.push(Event::Breaker { target, state: circuit });
        }
        // The breaker's ramp goes from one call to eight, whatever the minimum is. Short-lived isolates, of which
        // there are thousands, start with one.
        if circuit == breaker::State::Closed && !self.rules.uncoordinated() {
            state.limiter.rise_to_minimum();
        }
        state.hold_until = state.hold_until.filter(|then| *then > now);
        if let Some(lease) = lease {
            state.queue.drop_silent(now, lease);
        }
        if state.queue.is_empty() {
            return;
        }
        if state.coordinator.open_for(now).is_some() {
            self.woken.extend(state.queue.drain());
            return;
        }
        let cold = state.coordinator.gate.vacant_at();
        loop {
            state.share_until = state.used_up(now);
            let may_go = match cold {
                Some(vacant) => vacant <= now,
                None => state.hold_until.is_none() && state.has_permit(now),
            };
            let front = state.queue.front().filter(|_| may_go);
            let next = front.filter(|front| state.connections.is_available(now, target, *front));
            let pop = match cold {
                // The payloads of those that were told of loading may be to blame.
                Some(_) if state.coordinator.gate.was_warm() => Queue::pop_new,
                _ if state.refuses_all() => Queue::pop_newest,
                _ => Queue::pop,
            };
            let Some(next) = next.and_then(|_| pop(&mut state.queue, now)) else {
                return;
            };
            state.limiter.acquire(now, next, now + to_claim);
            state.connections.acquire(next);
            state.paces(now);
            self.woken.push(next);
            if cold.is_some() {
                // The probe is not sent yet.
                state.coordinator.gate.admit(now, next, to_claim, to_claim);
                return;
            }
        }
    }

    /// The target has, or may have, queued calls.
    pub(super) fn has_enqueued(&mut self, target: usize) {
        if let Some(state) = self.targets.get_mut(target).filter(|state| !state.has_line) {
            state.has_line = true;
            self.lines.push(target);
        }
    }

    /// When the next queued call could be admitted although nothing else happens.
    pub fn due(&mut self) -> Option<Instant> {
        let Self { lines, targets, .. } = self;
        let mut due = None::<Instant>;
        lines.retain(|target| {
            let Some(state) = targets.get_mut(*target) else { return false };
            state.has_line = !state.queue.is_empty();
            due = due.into_iter().chain(state.due()).min();
            state.has_line
        });
        due
    }

    /// The time of [`Self::due`] has come.
    pub fn wake(&mut self, now: Instant) {
        let mut at = 0;
        while let Some(target) = self.lines.get(at) {
            self.dispatch(now, *target);
            at += 1;
        }
    }
}
