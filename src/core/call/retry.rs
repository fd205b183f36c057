//! What one [`Call`] decides between two attempts: whether to try again, and when.

use super::{Attempt, Call, Context, Target, Wait};
use crate::core::admission::gate::{ColdSighting, Role};
use crate::core::admission::probing::{LONGEST_SLEEP, LoadingAnswer, SHORTEST_SLEEP};
use crate::core::backoff::OVERLOADED_BASE;
use crate::core::classify::RetryClass;
use crate::core::failure::{Code, Phase};
use crate::core::hint;
use crate::core::policy::{DEFAULT_ESTIMATE, Hold};
use crate::core::record::WaitReason;
use crate::core::time::Duration;

/// The last probe of a cold model leaves at least this long for its answer.
pub(super) const TO_ANSWER: Duration = Duration::from_ms(500);
/// A probe that comes sooner tells nothing new.
const MIN_PROBE_DELAY: Duration = Duration::from_ms(50);

pub(super) enum Step {
    Wait(Wait),
    /// Wait for the leader of the cold start.
    Follow,
    /// Give up. If a clock leaves no time, that clock.
    GiveUp(Option<Phase>),
}

/// What affects the pause before another attempt.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pause {
    /// The wait that the server names.
    pub(super) floor: Option<Duration>,
    /// The server is under load.
    pub(super) is_throttled: bool,
    /// No call goes to the target sooner.
    pub(super) cooldown: Option<Duration>,
    /// The retry budget does not pay for this attempt.
    pub(super) free: bool,
    /// The attempt does not count as a retry, because other calls had the permits.
    pub(super) is_none: bool,
}

impl Call {
    /// After an error: backs off, if retries and time are left.
    pub(super) fn retry(
        &mut self,
        cx: &mut Context<'_>,
        retry: RetryClass,
        code: Code,
        pause: Pause,
    ) -> Step {
        let target = self.target_index();
        let per_target = &mut self.per_target;
        let once = retry == RetryClass::Once;
        let spent = per_target.retries >= self.policy.max_retries && !pause.is_none;
        if matches!(retry, RetryClass::Never) || spent || (once && per_target.once_spent) {
            return Step::GiveUp(None);
        }
        per_target.once_spent |= once;
        per_target.retries += u32::from(!pause.is_none);
        if pause.is_throttled {
            per_target.backoff.slow_to(OVERLOADED_BASE);
        }
        let backoff = pause.cooldown.or_else(|| per_target.backoff.next()).unwrap_or(OVERLOADED_BASE);
        // The wait that the server names is a floor, not the wait itself.
        let span = pause.floor.map_or(backoff, |floor| backoff.max(hint::wait(floor, &mut self.rng)));
        let until = cx.now + span;
        // An attempt at the time that the server named costs the server nothing.
        let free =
            pause.free || pause.floor.is_some_and(|floor| floor >= OVERLOADED_BASE) && pause.is_throttled;
        if until >= self.deadline() || !(free || cx.shared.may_retry(cx.now, target, span)) {
            return Step::GiveUp(None);
        }
        let reason = if code == Code::RateLimited { WaitReason::RateLimit } else { WaitReason::Backoff };
        Step::Wait(Wait { until, span, reason, estimate: None })
    }

    /// After an answer that says the model is loading.
    pub(super) fn wait_for_load(
        &mut self,
        cx: &mut Context<'_>,
        attempt: Attempt,
        answer: LoadingAnswer,
        full: bool,
    ) -> Step {
        let default_wait =
            if full { Some(SHORTEST_SLEEP.scaled(28, 1)) } else { self.policy.loading.default_wait };
        let again = ::core::mem::replace(&mut self.per_target.heard_loading, true);
        let found = ColdSighting {
            started: attempt.started,
            answer,
            default_wait,
            full,
            is_alone: attempt.is_alone,
            again,
        };
        let role = cx.shared.loading(cx.now, self.target_index(), self.caller(cx), found);
        self.probe_again(cx, attempt, role, answer)
    }

    /// The model is cold: sleeps, if the patience for cold starts lasts.
    pub(super) fn probe_again(
        &mut self,
        cx: &mut Context<'_>,
        attempt: Attempt,
        role: Role,
        answer: LoadingAnswer,
    ) -> Step {
        let floor = answer.floor;
        self.meets_cold(cx, attempt.started);
        let patience = self.patience(cx).since(cx.now);
        let sleep = match role {
            Role::Lead(sleep) => {
                self.per_target.pause = None;
                sleep
            }
            Role::Follow | Role::Apart if patience == Duration::ZERO => {
                return Step::GiveUp(Some(Phase::Wait));
            }
            Role::Follow if self.per_target.pause.is_none() && cx.shared.is_cold(self.target_index()) => {
                self.per_target.pause = Some(Duration::ZERO);
                return Step::Follow;
            }
            // Other calls are answered and this one is not: some of the replicas behind one address are cold.
            Role::Follow | Role::Apart => self.pause(floor),
        };
        let room = self.deadline().since(cx.now);
        // The last probe may come at the very end of the patience, but its answer needs time before the end of the
        // call.
        let last_probe = room - room.scaled(1, 10).max(TO_ANSWER.min(room.scaled(1, 2)));
        let span = sleep.min(patience).min(last_probe);
        // While more than a tenth of the call is left, a cold model is probed once more.
        let is_early = last_probe < patience && room > self.policy.timeouts.total.scaled(1, 10);
        let is_closed = cx.shared.closed(cx.now, self.target_index()).is_some();
        let least = if is_early || is_closed { MIN_PROBE_DELAY } else { SHORTEST_SLEEP };
        let too_short = span < sleep && (span < least || floor.is_some_and(|floor| span <= floor));
        if too_short {
            return Step::GiveUp(Some(if patience <= last_probe { Phase::Wait } else { Phase::Total }));
        }
        // A closed port has no status, and a held request is answered at the moment when the model is up.
        if is_closed || attempt.held.is_some() {
            (self.per_target.asking, self.per_target.said) = (None, None);
        } else {
            self.asks(cx, span, patience.min(last_probe), floor.is_some());
        }
        let estimate = answer.estimate.or(self.policy.loading.default_wait).unwrap_or(DEFAULT_ESTIMATE);
        Step::Wait(Wait { until: cx.now + span, span, reason: WaitReason::Loading, estimate: Some(estimate) })
    }

    /// How long a call waits that follows no leader: a second, then a quarter more each time.
    fn pause(&mut self, floor: Option<Duration>) -> Duration {
        let longer = self.per_target.pause.map_or(SHORTEST_SLEEP, |last| last.scaled(5, 4));
        let pause = longer.max(SHORTEST_SLEEP).min(LONGEST_SLEEP);
        self.per_target.pause = Some(pause);
        let jittered = self.rng.between(pause, pause.scaled(11, 10));
        floor.map_or(jittered, |floor| jittered.max(hint::wait(floor, &mut self.rng)))
    }

    /// How long the server is asked to hold the next request, where the host can do that.
    ///
    /// A quarter of the rest of the call is kept for the answer itself. If the client left before the server answered,
    /// it would pay for the cold start and lose the answer.
    pub(super) fn hold(&self, cx: &Context<'_>) -> Option<Duration> {
        let now = cx.now;
        let loading = self.policy.loading;
        let waited = self.per_target.cold.map_or(Duration::ZERO, |since| now.since(since));
        let patience = loading.max_wait + self.held_up(cx) - waited;
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
