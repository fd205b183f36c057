//! How many calls at once the target has proven to take: as many as were in flight when a call was admitted that it answered.

use super::Limiter;
use crate::core::admission::lease::CallId;
use crate::core::time::{Duration, Instant};

/// A concurrency that the target has taken counts as proven for at least this long.
const PROVEN: Duration = Duration::from_secs(5);

/// An answer has proven that the target takes so many at once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Proof {
    pub(super) in_flight: u32,
    /// When the call was admitted.
    pub(super) since: Instant,
    /// How many more calls were refused since then than answered, and when the last one was.
    pub(super) refusals: u32,
    pub(super) refused: Instant,
}

impl Limiter {
    /// The call was answered, so the target took as many as were in flight when the call was admitted.
    pub fn took(&mut self, now: Instant, call: CallId) {
        let Some(permit) = self.permit(call) else { return };
        let (in_flight, since) = (permit.in_flight, permit.since);
        self.proof.refusals = self.proof.refusals.saturating_sub(1);
        if in_flight >= self.proof.in_flight || !self.is_proven(now) {
            // A refusal is newer than what calls prove that were admitted before it.
            let refusals = if since > self.proof.refused { 0 } else { self.proof.refusals };
            self.proof = Proof { in_flight, since, refusals, ..self.proof };
        }
    }

    /// A proof lasts as long as a few answers take, because answers are the evidence. A round of refusals disproves it.
    fn is_proven(&self, now: Instant) -> bool {
        let lasts = self.avg_latency.map_or(PROVEN, |avg_latency| avg_latency.scaled(4, 1).max(PROVEN));
        now.since(self.proof.since) < lasts && self.proof.refusals <= self.proof.in_flight
    }

    /// This many calls at once the target has taken.
    pub fn proven_concurrency(&self) -> u32 {
        self.proof.in_flight
    }

    /// The call was admitted with more in flight than the target has proven to take. Its refusal answers our own
    /// attempt at one more.
    pub fn was_one_more(&self, now: Instant, call: CallId) -> bool {
        self.is_proven(now) && self.permit(call).is_some_and(|permit| permit.in_flight > self.proof.in_flight)
    }

    /// The target cannot be full with these: one of several replicas is broken, or this payload is to blame.
    pub(super) fn takes_as_many(&self, now: Instant) -> bool {
        self.is_proven(now) && self.in_flight.len() as u32 <= self.proof.in_flight
    }
}
