//! Whether to try again, and when: the arithmetic of one [`Call`] between two attempts.

use super::{Call, Found, Target, Wait};
use crate::core::backoff::OVERLOADED_BASE;
use crate::core::classify::Retry;
use crate::core::failure::{Code, Phase};
use crate::core::hint;
use crate::core::loading::{Answer, ColdStart, SHORTEST_SLEEP};
use crate::core::policy::Hold;
use crate::core::record::WaitReason;
use crate::core::time::{Duration, Instant};

pub(super) enum Step {
    Wait(Wait),
    /// With the clock that leaves no room, where it is one.
    GiveUp(Option<Phase>),
}

impl Call {
    /// After an error: back off, if tries and time are left.
    pub(super) fn again(&mut self, now: Instant, retry: Retry, code: Code, floor: Option<Duration>) -> Step {
        let tries = &mut self.tries;
        let once = retry == Retry::Once;
        if matches!(retry, Retry::Never)
            || tries.retries >= self.policy.max_retries
            || (once && tries.once_spent)
        {
            return Step::GiveUp(None);
        }
        tries.once_spent |= once;
        tries.retries += 1;
        if matches!(code, Code::Overloaded | Code::RateLimited) {
            tries.backoff.slow_to(OVERLOADED_BASE);
        }
        let backoff = tries.backoff.next().unwrap_or(OVERLOADED_BASE);
        let span = floor.map_or(backoff, |floor| hint::wait(floor, &mut self.rng));
        let until = now + span;
        if until >= self.deadline() {
            return Step::GiveUp(None);
        }
        let reason = if code == Code::RateLimited { WaitReason::RateLimit } else { WaitReason::Backoff };
        Step::Wait(Wait { until, span, reason, estimate: None })
    }

    /// After a loading answer: sleep a while, if the patience for cold starts lasts.
    pub(super) fn until_loaded(&mut self, now: Instant, floor: Option<Duration>, found: &Found) -> Step {
        let loading = self.policy.loading;
        let was_held = found.held.is_some_and(|hold| now.since(found.started) >= hold.scaled(1, 2));
        let answer = Answer { estimate: found.body.estimate, floor, was_held };
        let cold = self.tries.cold.get_or_insert(ColdStart::new(found.started));
        let sleep = cold.sleep(now, answer, loading.default_wait, &mut self.rng);
        let patience = loading.max_wait - cold.waited(now);
        let room = self.deadline().since(now);
        // The last look may be at the very end of the patience, but needs a while to be answered
        // before the end of the call.
        let last_look = room - room.scaled(1, 4).max(SHORTEST_SLEEP);
        let span = sleep.min(patience).min(last_look);
        let too_short = span < sleep && (span < SHORTEST_SLEEP || floor.is_some_and(|floor| span <= floor));
        if too_short {
            return Step::GiveUp(Some(if patience <= last_look { Phase::Wait } else { Phase::Total }));
        }
        Step::Wait(Wait { until: now + span, span, reason: WaitReason::Loading, estimate: answer.estimate })
    }

    /// How long the server is asked to hold the next request, where its host can.
    ///
    /// A quarter of what is left of the call is kept for the answer itself: a client that leaves
    /// before the server pays for the cold start and throws the answer away.
    pub(super) fn hold(&self, now: Instant) -> Option<Duration> {
        let loading = self.policy.loading;
        let waited = self.tries.cold.map_or(Duration::ZERO, |cold| cold.waited(now));
        let patience = loading.max_wait - waited;
        let wanted = match loading.hold {
            Hold::No => return None,
            Hold::AsLongAsItWaits => patience,
            Hold::For(hold) => hold.min(patience),
        };
        let hold = wanted.min(self.deadline().since(now).scaled(3, 4));
        let can_hold = |target: &Target| target.profile.hold_header().is_some();
        (hold >= SHORTEST_SLEEP && self.targets.get(self.target).is_some_and(can_hold)).then_some(hold)
    }
}
