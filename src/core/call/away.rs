//! A lost network or a suspended machine. It says nothing about the target, and costs nothing.

use super::{Action, Attempt, Call, Context, Means, Outcome, State, Step, Wait};
use crate::core::failure::{Code, Failure, Layer};
use crate::core::record::WaitReason;
use crate::core::time::{Duration, Instant};

/// Calls come back at once, and are spread over this long.
const SPREAD: Duration = Duration::from_secs(5);

pub(super) const NO_NETWORK: Failure =
    Failure { code: Code::Network, layer: Layer::Network, phase: None, status: None, retry_after: None };

impl Call {
    /// The request could not be sent.
    pub(super) fn on_unsent(&mut self, cx: &mut Context<'_>, attempt: Attempt) -> Action {
        self.attempts = self.attempts.saturating_sub(1);
        self.report_attempt(cx, attempt, Outcome::Aborted, Means::Ignored);
        self.until_online(cx.now)
    }

    /// The call is queued, and the queue does not move without a network.
    pub(super) fn leave_queue(&mut self, cx: &mut Context<'_>, since: Instant, wait: Wait) -> Action {
        self.record.waited_for(wait.reason, cx.now.since(since));
        cx.shared.detach(cx.now, self.target_index(), self.id, true);
        self.until_online(cx.now)
    }

    /// The request was lost, and there is no network.
    pub(super) fn on_lost_offline(&mut self, cx: &mut Context<'_>, attempt: Attempt) -> Action {
        self.record_lost(cx, attempt);
        self.until_online(cx.now)
    }

    fn record_lost(&mut self, cx: &mut Context<'_>, attempt: Attempt) {
        let outcome = Outcome::Failed(Code::Network, Layer::Network);
        self.record_attempt(cx, attempt, outcome, Means::Ignored);
    }

    fn until_online(&mut self, now: Instant) -> Action {
        let until = self.deadline();
        let wait = Wait { until, span: until.since(now), reason: WaitReason::Offline, estimate: None };
        self.per_target.failed = Some(NO_NETWORK);
        self.state = State::Waiting { since: now, wait, layer: Layer::Network };
        Action::Park(wait)
    }

    /// The network is back.
    pub(super) fn on_online(&mut self, now: Instant, since: Instant, wait: Wait) -> Action {
        let away = now.since(since);
        self.record.waited_for(WaitReason::Offline, away);
        // No call could probe the model meanwhile.
        self.per_target.cold = None;
        let span = self.rng.up_to(SPREAD.min(away).min(self.deadline().since(now).scaled(1, 2)));
        let wait = Wait { until: now + span, span, ..wait };
        self.state = State::Waiting { since: now, wait, layer: Layer::Network };
        Action::Wait(wait)
    }

    /// Once only: it counts as the one attempt after an ambiguous end. Never if the caller wants no retry.
    pub(super) fn may_have_slept(&self) -> bool {
        self.policy.max_retries > 0 && !self.per_target.once_spent
    }

    /// The connection did not survive the suspension of the machine. The request is sent again once, without cost.
    pub(super) fn on_suspended(&mut self, cx: &mut Context<'_>, attempt: Attempt) -> Action {
        self.per_target.once_spent = true;
        self.record_lost(cx, attempt);
        let span = self.rng.up_to(SPREAD.min(cx.now.since(attempt.started)));
        let wait = Wait { until: cx.now + span, span, reason: WaitReason::Backoff, estimate: None };
        let step = if wait.until < self.deadline() { Step::Wait(wait) } else { Step::GiveUp(None) };
        self.apply(cx, step, NO_NETWORK)
    }
}
