//! What a call asks about its target when it was refused, or got no answer: is the target full, does it work, does it answer
//! others?

use super::Shared;
use super::lease::CallId;
use crate::core::time::{Duration, Instant};

/// A target that was full more often than this in a row is down, not full.
const MAX_OVERLOADS: u32 = 8;
/// A target that answered this recently works.
const JUST_NOW: Duration = Duration::from_secs(1);
/// A target that answered this recently is hardly cold. Twice the time that an answer takes counts as recent too.
const LATELY: Duration = Duration::from_secs(5);

impl Shared {
    /// The target may be busy with other calls. It is not if it has answered none for too long.
    pub fn is_full_for_now(&self, now: Instant, target: usize) -> bool {
        let Some(state) = self.targets.get(target) else { return false };
        // All that are in flight may be refused together.
        let most = MAX_OVERLOADS.max(2 * state.limiter.proven_concurrency());
        // Where an answer takes long, many are refused between two answers.
        let is_slow = state.limiter.serves(now) && self.worked_lately(now, target);
        state.overloads < most || is_slow
    }

    /// The target works on another call: it has not refused that one at once.
    pub fn serves(&self, now: Instant, target: usize) -> bool {
        self.targets.get(target).is_some_and(|state| state.limiter.serves(now))
    }

    /// Another call was in flight to the target while this one was.
    pub fn is_in_company(&self, target: usize, call: CallId) -> bool {
        self.targets.get(target).is_some_and(|state| state.limiter.was_in_company(call))
    }

    /// The limiter admitted this call beyond the limit, to try one more.
    pub fn was_one_more(&self, now: Instant, target: usize, call: CallId) -> bool {
        self.targets.get(target).is_some_and(|state| state.limiter.was_one_more(now, call))
    }

    /// The target has answered a moment ago.
    pub fn works(&self, now: Instant, target: usize) -> bool {
        self.worked_within(now, target, JUST_NOW)
    }

    /// An answer of the target takes longer than `took`.
    pub fn takes_longer(&self, target: usize, took: Duration) -> bool {
        took < self.soon(target)
    }

    /// The target has answered since `then`.
    pub fn has_worked_since(&self, target: usize, then: Instant) -> bool {
        self.targets.get(target).and_then(|state| state.worked).is_some_and(|at| at >= then)
    }

    /// The target has answered so recently that it is hardly cold, or down.
    pub fn worked_lately(&self, now: Instant, target: usize) -> bool {
        self.worked_within(now, target, self.lately(target))
    }

    fn lately(&self, target: usize) -> Duration {
        LATELY.max(self.soon(target).scaled(2, 1))
    }

    /// How long the target takes for a first answer, or nothing if that is not known.
    pub(super) fn soon(&self, target: usize) -> Duration {
        let soon = self.targets.get(target).and_then(|state| state.limiter.avg_first_answer());
        soon.unwrap_or_default()
    }

    pub(super) fn worked_within(&self, now: Instant, target: usize, span: Duration) -> bool {
        let worked = self.targets.get(target).and_then(|state| state.worked);
        worked.is_some_and(|at| now.since(at) < span)
    }
}
