//! Which call is next: in one queue, by its tiers, and among the queues of several targets.
//!
//! Three tiers are served 8 : 3 : 1. The order is weighted, because a strict order starves the lowest tier while the
//! highest is busy. A call that has waited long in a lower tier goes first, whatever the weights are.

use super::{NOBODY, Queue};
use crate::core::admission::lease::CallId;
use crate::core::policy::Priority;
use crate::core::time::{Duration, Instant};

/// The front of a queue, to compare with the fronts of other queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Front {
    /// When the first call of the queue came.
    oldest: Instant,
    /// The highest tier in the queue, and when the first call of that tier came.
    tier: Priority,
    since: Instant,
}

impl Front {
    /// The front of an empty queue to which a call comes now.
    pub fn of(tier: Priority, now: Instant) -> Self {
        Self { oldest: now, tier, since: now }
    }

    /// The lowest rank goes first: aged calls, then by tier, then by time of arrival.
    pub fn rank(&self, now: Instant) -> (u8, Instant) {
        let is_aged = now.since(self.oldest) >= AGED;
        if is_aged { (0, self.oldest) } else { (self.tier as u8 + 1, self.since) }
    }
}

/// A call that has waited this long goes first, whatever its tier.
pub const AGED: Duration = Duration::from_secs(30);

/// At most this many calls are looked at, from either end of the queue.
const FAR: usize = 64;
/// For each tier, the highest first.
const WEIGHTS: [i32; 3] = [8, 3, 1];

impl Queue {
    /// For comparison with the queues of other targets. `None` if no call waits.
    pub fn front(&self) -> Option<Front> {
        let oldest = self.at(self.first)?.since;
        let of_highest_tier = self.tiers.iter().find_map(|tier| self.at(tier.first))?;
        Some(Front { oldest, tier: of_highest_tier.tier, since: of_highest_tier.since })
    }

    /// The call whose turn it is.
    pub fn pop(&mut self, now: Instant) -> Option<CallId> {
        let aged = self.at(self.first).is_some_and(|first| now.since(first.since) >= AGED);
        let next = if aged { self.first } else { self.next() };
        self.remove(next).then_some(next)
    }

    /// The call that came last, of those that are new.
    pub fn pop_newest(&mut self, now: Instant) -> Option<CallId> {
        let mut call = self.last;
        for _ in 0..FAR {
            let Some(waiting) = self.at(call) else { break };
            if waiting.is_new {
                return self.remove(call).then_some(call);
            }
            call = waiting.before;
        }
        self.pop(now)
    }

    /// The call that came first, of those that are new.
    pub fn pop_new(&mut self, now: Instant) -> Option<CallId> {
        let new = self.line().take(FAR).find(|(_, waiting)| waiting.is_new).map(|(call, _)| call);
        let Some(call) = new else { return self.pop(now) };
        self.remove(call).then_some(call)
    }

    fn next(&mut self) -> CallId {
        let (mut next, mut most, mut sum) = (None, i32::MIN, 0);
        for (weight, tier) in WEIGHTS.into_iter().zip(&mut self.tiers) {
            if tier.first != NOBODY {
                sum += weight;
                tier.credit += weight;
                if tier.credit > most {
                    (most, next) = (tier.credit, Some(tier));
                }
            }
        }
        let Some(next) = next else { return NOBODY };
        next.credit -= sum;
        next.first
    }
}
