//! Whether to try again, and when: the arithmetic of one [`Call`] between two attempts.

use super::{Call, Target, Try, Wait};
use crate::core::backoff::OVERLOADED_BASE;
use crate::core::classify::Retry;
use crate::core::failure::{Code, Phase};
use crate::core::gate::Role;
use crate::core::hint;
use crate::core::loading::{Answer, LONGEST_SLEEP, SHORTEST_SLEEP};
use crate::core::policy::Hold;
use crate::core::record::WaitReason;
use crate::core::shared::{Loading, Shared};
use crate::core::time::{Duration, Instant};

/// So long before the end of its call a model is looked at last, at the latest.
const TO_ANSWER: Duration = Duration::from_ms(500);

pub(super) enum Step {
    Wait(Wait),
    /// Wait for the call that looks after the cold model.
    Follow,
    /// With the clock that leaves no room, where it is one.
    GiveUp(Option<Phase>),
}

impl Call {
    /// After an error: back off, if tries and time are left. What is `free` is paid by no budget.
    pub(super) fn again(
        &mut self,
        now: Instant,
        retry: Retry,
        code: Code,
        floor: Option<Duration>,
        free: bool,
        shared: &mut Shared,
    ) -> Step {
        let place = self.shares();
        let tries = &mut self.tries;
        let once = retry == Retry::Once;
        let spent = tries.retries >= self.policy.max_retries;
        if matches!(retry, Retry::Never) || spent || (once && tries.once_spent) {
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
        if until >= self.deadline() || !(free || shared.may_retry(now, place, span)) {
            return Step::GiveUp(None);
        }
        let reason = if code == Code::RateLimited { WaitReason::RateLimit } else { WaitReason::Backoff };
        Step::Wait(Wait { until, span, reason, estimate: None })
    }

    /// After a loading answer: sleep a while, if the patience for cold starts lasts.
    pub(super) fn until_loaded(
        &mut self,
        now: Instant,
        floor: Option<Duration>,
        estimate: Option<Duration>,
        one: Try,
        full: bool,
        shared: &mut Shared,
    ) -> Step {
        let loading = self.policy.loading;
        let was_held = one.held.is_some_and(|hold| now.since(one.started) >= hold.scaled(1, 2));
        let answer = Answer { estimate, floor, was_held };
        let since = *self.tries.cold.get_or_insert(one.started);
        let default_wait = if full { SHORTEST_SLEEP.scaled(28, 1) } else { loading.default_wait };
        let found = Loading { started: one.started, answer, default_wait, full };
        let role = shared.loading(now, self.shares(), self.caller(now), found);
        let patience = loading.max_wait - now.since(since);
        let sleep = match role {
            Role::Lead(sleep) => sleep,
            Role::Follow if patience == Duration::ZERO => return Step::GiveUp(Some(Phase::Wait)),
            Role::Follow if self.tries.pause.is_none() && shared.is_cold(self.shares()) => {
                self.tries.pause = Some(Duration::ZERO);
                return Step::Follow;
            }
            // Others are answered, and this one is not: some of the replicas behind one address are cold.
            Role::Follow => self.pause(floor),
        };
        let room = self.deadline().since(now);
        // The last look may be at the very end of the patience, but needs a while to be answered
        // before the end of the call.
        let last_look = room - room.scaled(1, 10).max(TO_ANSWER);
        let span = sleep.min(patience).min(last_look);
        let too_short = span < sleep && (span < SHORTEST_SLEEP || floor.is_some_and(|floor| span <= floor));
        if too_short {
            return Step::GiveUp(Some(if patience <= last_look { Phase::Wait } else { Phase::Total }));
        }
        Step::Wait(Wait { until: now + span, span, reason: WaitReason::Loading, estimate: answer.estimate })
    }

    /// Before this call asks again by itself: a second, and each time a quarter more.
    fn pause(&mut self, floor: Option<Duration>) -> Duration {
        let longer = self.tries.pause.map_or(SHORTEST_SLEEP, |last| last.scaled(5, 4));
        let pause = longer.max(SHORTEST_SLEEP).min(LONGEST_SLEEP);
        self.tries.pause = Some(pause);
        let jittered = self.rng.between(pause, pause.scaled(11, 10));
        floor.map_or(jittered, |floor| jittered.max(hint::wait(floor, &mut self.rng)))
    }

    /// How long the server is asked to hold the next request, where its host can.
    ///
    /// A quarter of what is left of the call is kept for the answer itself: a client that leaves
    /// before the server pays for the cold start and throws the answer away.
    pub(super) fn hold(&self, now: Instant) -> Option<Duration> {
        let loading = self.policy.loading;
        let waited = self.tries.cold.map_or(Duration::ZERO, |since| now.since(since));
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
