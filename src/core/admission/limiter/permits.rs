//! The permits of the calls in flight: whether one is available, who holds them, and what a holder learns about the others.

use super::full::Full;
use super::{Limiter, TAKEN};
use crate::core::admission::lease::{CallId, Lease};
use crate::core::time::{Duration, Instant};

/// After this long without an answer or an admission, one more call is admitted.
const STUCK: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug)]
pub(super) struct Permit {
    pub(super) lease: Lease,
    pub(super) since: Instant,
    /// Another call was in flight meanwhile.
    in_company: bool,
    /// How many calls were in flight when this one was admitted, itself included.
    pub(super) in_flight: u32,
    /// [`Limiter::votes`] at that time.
    votes: i32,
    /// The target has not refused it at once.
    pub(super) is_taken: bool,
}

impl Limiter {
    /// How many permits are held. A lease that has run out does not count.
    pub fn in_flight(&self, now: Instant) -> usize {
        self.in_flight.iter().filter(|permit| permit.lease.is_live(now)).count()
    }

    /// How many permits were not given back, whether they have run out or not.
    pub fn held(&self) -> usize {
        self.in_flight.len()
    }

    /// A call may be admitted now.
    pub fn has_permit(&mut self, now: Instant) -> bool {
        self.sees_taken(now);
        if self.in_flight.len() >= self.limit() as usize {
            self.in_flight.retain(|permit| permit.lease.is_live(now));
        }
        self.in_flight.len() < self.limit() as usize || self.extra_permit_at().is_some_and(|at| at <= now)
    }

    /// The calls in flight may take minutes, and a limit as low as their number would keep every other call out until
    /// then.
    fn extra_permit_at(&self) -> Option<Instant> {
        let may_grow = self.in_flight.len() < self.rule.max as usize;
        let stuck = self.moved.map(|moved| moved + STUCK);
        stuck.into_iter().chain(self.full.map(Full::may_rise_at)).min().filter(|_| may_grow)
    }

    /// When a permit may become available although none is released.
    pub fn due(&self) -> Option<Instant> {
        self.runs_out_at().into_iter().chain(self.extra_permit_at()).min()
    }

    /// Takes a permit, even if none is available.
    pub fn acquire(&mut self, now: Instant, call: CallId, until: Instant) {
        if self.in_flight.len() >= self.limit() as usize && self.extra_permit_at().is_some_and(|at| at <= now)
        {
            // If this is too much, the target will say so.
            let more = self.beyond();
            self.full = self.full.map(|full| Full { raised: now, ..full });
            self.limit = self.limit.saturating_add(more).min(self.within(u32::MAX));
        }
        self.moved = Some(now);
        let in_company = !self.in_flight.is_empty();
        if let [first] = self.in_flight.as_mut_slice() {
            first.in_company = true;
        }
        let in_flight = self.in_flight.len() as u32 + 1;
        let lease = Lease { holder: call, until };
        self.in_flight.push(Permit {
            lease,
            since: now,
            in_company,
            in_flight,
            votes: self.votes,
            is_taken: false,
        });
    }

    pub(super) fn permit(&self, call: CallId) -> Option<&Permit> {
        self.in_flight.iter().find(|permit| permit.lease.holder == call)
    }

    /// A call was answered, or failed.
    pub fn vote(&mut self, works: bool) {
        self.votes = self.votes.wrapping_add(if works { 1 } else { -1 });
    }

    /// More calls were answered than failed while this one was in flight, itself included. Its failure is its own, or
    /// that of one replica of several.
    pub fn is_outvoted(&self, call: CallId) -> bool {
        self.permit(call).is_some_and(|permit| self.votes.wrapping_sub(permit.votes) > 0)
    }

    /// Another call was in flight while this one was.
    pub fn was_in_company(&self, call: CallId) -> bool {
        self.permit(call).is_some_and(|permit| permit.in_company)
    }

    /// The holder is alive: its permit lasts until then, and is issued again if it has run out.
    pub fn renew(&mut self, now: Instant, call: CallId, until: Instant) {
        match self.in_flight.iter_mut().find(|permit| permit.lease.holder == call) {
            Some(permit) => permit.lease.until = until,
            None => self.acquire(now, call, until),
        }
    }

    /// Gives the permit back. Returns false if it had run out.
    pub fn release(&mut self, call: CallId) -> bool {
        let at = self.in_flight.iter().position(|permit| permit.lease.holder == call);
        at.map(|at| self.in_flight.swap_remove(at)).is_some()
    }

    /// When the first permit runs out.
    pub fn runs_out_at(&self) -> Option<Instant> {
        self.in_flight.iter().map(|permit| permit.lease.until).min()
    }

    /// Another call was not refused at once: it has a place, and the target is not down.
    pub fn serves(&self, now: Instant) -> bool {
        self.in_flight.iter().any(|permit| now.since(permit.since) >= TAKEN)
    }
}
