//! The way to the next request: how long the call waits in the queue, and what it sends when its turn comes.

use super::away::NO_NETWORK;
use super::retry::Step;
use super::{Action, Attempt, Call, Context, Send, State, Wait};
use crate::core::admission::{Admission, Caller};
use crate::core::classify::AT_ONCE;
use crate::core::deadline::Clocks;
use crate::core::failure::{Code, Failure, Layer, Phase};
use crate::core::policy::{Policy, Timeouts};
use crate::core::record::WaitReason;
use crate::core::time::{Duration, Instant};

/// While a fallback is left, a call waits no longer than this for a port that may never open.
const BEFORE_FALLBACK: Duration = Duration::from_secs(5);

impl Call {
    /// Sends, if the target admits the call.
    pub(super) fn request_admission(&mut self, cx: &mut Context<'_>, falls_back: Option<Code>) -> Action {
        let admission = cx.shared.request(cx.now, self.target_index(), self.caller(cx));
        self.on_admission(cx, admission, falls_back)
    }

    fn on_admission(
        &mut self,
        cx: &mut Context<'_>,
        admission: Admission,
        falls_back: Option<Code>,
    ) -> Action {
        match admission {
            Admission::Admitted { generation } => self.send(cx, generation, falls_back),
            Admission::Queued(reason) => self.park(cx, reason, falls_back),
            Admission::Rejected(failure) if failure.code == Code::ModelLoading => {
                let in_time = self.patience(cx) < self.deadline();
                let phase = if in_time { Phase::Wait } else { Phase::Total };
                self.apply(cx, Step::GiveUp(Some(phase)), failure)
            }
            Admission::Rejected(failure) => {
                let retry_after = failure.retry_after;
                let failure =
                    self.per_target.failed.map_or(failure, |failed| Failure { retry_after, ..failed });
                self.apply(cx, Step::GiveUp(None), failure)
            }
        }
    }

    fn park(&mut self, cx: &Context<'_>, reason: WaitReason, falls_back: Option<Code>) -> Action {
        let mut until = self.deadline();
        if reason == WaitReason::Loading {
            self.meets_cold(cx, cx.now);
            until = self.queue_patience(cx);
        } else if self.has_fallback() {
            until = until.min(cx.now + self.policy.timeouts.total.scaled(1, 2));
        }
        let wait = Wait { until, span: until.since(cx.now), reason, estimate: None };
        self.state = State::Queued { since: cx.now, wait, falls_back };
        Action::Park(wait)
    }

    /// The call's turn may have come, or its time may be up.
    pub(super) fn on_turn(
        &mut self,
        cx: &mut Context<'_>,
        since: Instant,
        wait: Wait,
        falls_back: Option<Code>,
    ) -> Action {
        // The reason to wait may have changed, and the time limit with it.
        let mut until = wait.until;
        let (mut is_up, mut is_down) = (false, false);
        if wait.reason == WaitReason::Loading {
            until = self.queue_patience(cx);
            let closed = cx.shared.closed(cx.now, self.target_index()).is_some();
            // The leader's last probe may still be answered.
            is_down = closed && cx.now >= self.patience(cx) && !cx.shared.is_probing(self.target_index());
            is_up = !cx.shared.is_cold(self.target_index()) && !is_down && cx.now < self.deadline();
        }
        let wait = Wait { until, ..wait };
        // A call without time left must take no permit, and no probe of a breaker.
        let too_late = is_down || cx.now >= until && !is_up;
        let admission = if too_late {
            Admission::Queued(wait.reason)
        } else {
            let caller = self.caller(cx);
            cx.shared.claim(cx.now, self.target_index(), caller)
        };
        if admission == Admission::Queued(wait.reason) && !too_late {
            self.state = State::Queued { since, wait, falls_back };
            return Action::Park(wait);
        }
        if wait.reason == WaitReason::Loading && !too_late && !cx.shared.is_cold(self.target_index()) {
            // What the call meets from now on is another cold start.
            self.per_target.cold = None;
        }
        self.record.waited_for(wait.reason, cx.now.since(since));
        let admission = if too_late {
            cx.shared.detach(cx.now, self.target_index(), self.id, true);
            Admission::Rejected(self.waited_in_vain(cx, wait.reason))
        } else {
            admission
        };
        self.on_admission(cx, admission, falls_back)
    }

    fn waited_in_vain(&self, cx: &Context<'_>, reason: WaitReason) -> Failure {
        let layer = Layer::Compute;
        match reason {
            WaitReason::Loading if cx.shared.closed(cx.now, self.target_index()).is_some() => NO_NETWORK,
            // `on_admission` says which clock ran out, as for a call that the target rejects.
            WaitReason::Loading => Failure { code: Code::ModelLoading, layer, ..NO_NETWORK },
            _ => Failure { code: Code::Timeout, layer, phase: Some(Phase::Queue), ..NO_NETWORK },
        }
    }

    pub(super) fn caller(&self, cx: &Context<'_>) -> Caller {
        let held = self.hold(cx).unwrap_or(Duration::ZERO);
        let attempt = self.policy.timeouts.attempt + held;
        let (deadline, first) = (self.deadline(), !self.per_target.sent);
        let patience = deadline.min(self.patience(cx));
        let (priority, has_fallback) = (self.policy.priority, self.has_fallback());
        let yields = self.policy.only_warms;
        Caller { id: self.id, priority, deadline, patience, attempt, held, first, has_fallback, yields }
    }

    /// Until when the call waits for a cold model, if nothing else ends the wait.
    pub(super) fn patience(&self, cx: &Context<'_>) -> Instant {
        let Policy { loading, timeouts, .. } = self.policy;
        let since = self.per_target.cold.unwrap_or(cx.now);
        let closed = cx.shared.closed(cx.now, self.target_index());
        let refuses = closed
            .map(|(closed, has_answered)| closed.since + loading.patience(has_answered, closed.is_explicit));
        // A fallback needs time as well.
        let others = self.has_fallback().then(|| {
            let half = timeouts.total.scaled(1, 2);
            since + if closed.is_some() { half.min(BEFORE_FALLBACK) } else { half }
        });
        let max_wait = loading.max_wait + self.held_up(cx);
        [refuses, others].into_iter().flatten().fold(since + max_wait, Instant::min)
    }

    /// The call meets a cold model, or met it then.
    pub(super) fn meets_cold(&mut self, cx: &Context<'_>, since: Instant) {
        if self.per_target.cold.is_none() {
            self.per_target.cold = Some(since);
            self.per_target.before_cold = cx.shared.waited_for_connections(cx.now, self.target_index());
        }
    }

    /// How long the cold model could not be probed, because the page had no connection for that.
    pub(super) fn held_up(&self, cx: &Context<'_>) -> Duration {
        let of_cold =
            |_| cx.shared.waited_for_connections(cx.now, self.target_index()) - self.per_target.before_cold;
        self.per_target.cold.map_or(Duration::ZERO, of_cold)
    }

    /// The same for a call that waits for the leader, whose last probe needs time to be answered.
    fn queue_patience(&self, cx: &Context<'_>) -> Instant {
        let refuses = cx.shared.closed(cx.now, self.target_index()).is_some();
        let grace = if refuses { AT_ONCE } else { Duration::ZERO };
        self.deadline().min(self.patience(cx) + grace)
    }

    pub(super) fn send(&mut self, cx: &Context<'_>, generation: u32, falls_back: Option<Code>) -> Action {
        let now = cx.now;
        let Some(profile) = self.targets.get(self.target).map(|target| target.profile) else {
            return Action::Abandon; // every call has a target
        };
        self.attempts = self.attempts.saturating_add(1);
        self.per_target.sent = true;
        self.away = false;
        let hold = self.hold(cx);
        let longer = hold.unwrap_or(Duration::ZERO);
        let timeouts = self.policy.timeouts;
        let probe = Some(now + timeouts.connect + longer).filter(|_| timeouts.connect < Timeouts::NEVER);
        let clocks = Clocks {
            probe,
            // No short clock may end the generation of a call that is not streamed.
            connect: probe
                .filter(|_| timeouts.connect_ends && self.policy.streamed)
                .map(|probe| probe + timeouts.connect),
            first_byte: timeouts.first_byte.map(|clock| now + clock + longer),
            idle: timeouts.idle,
            attempt: now + timeouts.attempt + longer,
            total: self.deadline(),
        };
        self.state = State::Sending(Attempt {
            started: now,
            held: hold,
            generation,
            reached: false,
            is_alone: true,
            head: None,
        });
        Action::Send(Send { attempt: self.attempts, target: self.target, profile, clocks, hold, falls_back })
    }
}
