//! Whether a target that takes seconds for an answer refuses calls at any number in flight.
//!
//! A full target refuses the calls beyond its number, and admits no other call at that number. A broken replica among several,
//! or a payload that is always refused, shows long before the first answer: with as many in flight other calls are admitted.

use super::{Limiter, MILLI, TAKEN};
use crate::core::time::{Duration, Instant};

/// This many of the last calls that the target admitted or refused are compared.
const LAST: usize = 16;
/// Older ones are not.
const LONG: Duration = Duration::from_secs(60);
/// This many contradicted refusals are no accident.
const ENOUGH: usize = 2;

#[derive(Clone, Copy, Debug)]
struct Try {
    at: Instant,
    /// How many other calls were in flight.
    others: u32,
    is_taken: bool,
    /// A later call was taken with as many others in flight, or more.
    is_contradicted: bool,
}

/// The last calls that the target took or refused at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Acceptance {
    tries: Vec<Try>,
}

impl Acceptance {
    fn add(&mut self, at: Instant, others: u32, is_taken: bool) {
        self.tries.retain(|one| at.since(one.at) < LONG);
        if self.tries.len() >= LAST {
            self.tries.remove(0);
        }
        self.tries.push(Try { at, others, is_taken, is_contradicted: false });
    }

    /// A call was refused at once, with this many others in flight.
    pub(super) fn refused(&mut self, now: Instant, others: u32) {
        self.add(now, others, false);
    }

    /// A call that was sent at `sent`, with this many others in flight, has not been refused since.
    fn taken(&mut self, now: Instant, sent: Instant, others: u32) {
        for one in &mut self.tries {
            one.is_contradicted |= !one.is_taken && one.others <= others && one.at <= sent;
        }
        self.add(now, others, true);
    }

    /// How many of the last calls were refused, without one that was taken.
    pub(super) fn refused_in_a_row(&self) -> usize {
        self.tries.iter().rev().take_while(|one| !one.is_taken).count()
    }

    /// A third of the refusals or more was contradicted, and a fourth of the calls or more was taken. Half would be safer where
    /// other processes fill the target, which contradict refusals too. But then two payloads of three that are always refused would
    /// hold up the third, whose answer takes seconds: 29 s instead of 3 s.
    fn is_independent(&self) -> bool {
        let taken = self.tries.iter().filter(|one| one.is_taken).count();
        let contradicted = self.tries.iter().filter(|one| one.is_contradicted).count();
        let refused = self.tries.len() - taken;
        contradicted >= ENOUGH && contradicted * 3 >= refused && taken * 3 >= refused
    }
}

impl Limiter {
    /// Refusals do not depend on how many calls are in flight.
    pub fn is_refused_at_any_number(&self) -> bool {
        self.acceptance.is_independent()
    }

    /// How many calls the target has had for so long without a refusal: it works on them.
    pub fn taken(&self, now: Instant, so_long: Duration) -> u32 {
        self.in_flight.iter().filter(|permit| now.since(permit.since) >= so_long).count() as u32
    }

    /// Looks for calls that were not refused at once. Where refusals do not depend on the limit, each of them raises it.
    pub(super) fn sees_taken(&mut self, now: Instant) {
        let mut more = 0;
        for permit in &mut self.in_flight {
            if !permit.is_taken && now.since(permit.since) >= TAKEN {
                permit.is_taken = true;
                self.acceptance.taken(now, permit.since, permit.in_flight - 1);
                more += MILLI;
            }
        }
        if self.is_refused_at_any_number() && self.in_flight.len() * 2 >= self.limit() as usize {
            self.limit = self.limit.saturating_add(more).min(self.within(u32::MAX));
        }
    }
}

#[cfg(test)]
mod tests;
