//! The attempt has ended without an answer: a lost connection, a closed port, or a clock that ran out.

use super::answer::Answer;
use super::retry::{Pause, Step, TO_ANSWER};
use super::{Action, Attempt, Call, Context, Lost};
use crate::core::admission::Means;
use crate::core::admission::gate::{ClosedPort, ColdSighting, Refusal};
use crate::core::admission::probing::LoadingAnswer;
use crate::core::classify::{Body, Classification, RetryClass};
use crate::core::failure::{Code, Failure, Layer, Phase};
use crate::core::record::Outcome;
use crate::core::time::Duration;

/// An attempt shorter than this says nothing about a target that did not answer.
const LITTLE: Duration = Duration::from_secs(5);

impl Call {
    /// There was no answer: the attempt ended before the head of one.
    pub(super) fn on_network_error(&mut self, cx: &mut Context<'_>, attempt: Attempt, lost: Lost) -> Action {
        let network = Classification::NETWORK;
        match lost {
            Lost::Refused => self.on_closed_port(cx, attempt, network, true),
            // The server may have closed an idle connection at that moment. The request is sent again on a new one.
            Lost::AtOnce if self.is_hiccup(cx) => self.on_lost(cx, attempt, network, None),
            Lost::AtOnce => self.on_closed_port(cx, attempt, network, false),
            Lost::Nameless if cx.shared.has_answered(self.target_index()) => {
                self.on_closed_port(cx, attempt, network, false)
            }
            Lost::ForGood | Lost::Nameless => {
                let layer = if lost == Lost::ForGood { Layer::Client } else { network.layer };
                let for_good = Classification { retry: RetryClass::Never, layer, ..network };
                self.on_lost(cx, attempt, for_good, None)
            }
            Lost::Late => {
                let phase = Phase::FirstByte;
                self.on_lost(cx, attempt, timed_out(phase, false), Some(phase))
            }
            Lost::Unsaid | Lost::Offline | Lost::Suspended => {
                self.on_lost(cx, attempt, network.after(cx.now.since(attempt.started), false), None)
            }
        }
    }

    /// The request was not ready in time, which is not the target's fault.
    pub(super) fn on_unasked(&mut self, cx: &mut Context<'_>, attempt: Attempt, phase: Phase) -> Action {
        let Classification { code, retry, .. } = timed_out(phase, false);
        let layer = Layer::Client;
        self.record_attempt(cx, attempt, Outcome::Failed(code, layer), Means::Ignored);
        let failure = Failure { code, layer, phase: Some(phase), status: None, retry_after: None };
        let step = self.retry(cx, retry, code, Pause::default());
        self.apply(cx, step, failure)
    }

    /// Whether the call may go back into the queue. Once only, and never if the caller wants no retry, because the
    /// request may have been sent after all.
    pub(super) fn may_queue_again(&self, cx: &Context<'_>) -> bool {
        self.policy.max_retries > 0
            && !self.per_target.crowded_out
            && cx.shared.waits_in_platform(self.target_index())
    }

    /// The request has waited for a connection inside the platform. It waits in the queue instead, which costs nothing.
    pub(super) fn on_crowded_out(&mut self, cx: &mut Context<'_>, attempt: Attempt, phase: Phase) -> Action {
        self.per_target.crowded_out = true;
        let Classification { code, layer, .. } = timed_out(phase, false);
        self.record_attempt(cx, attempt, Outcome::Failed(code, layer), Means::Ignored);
        self.request_admission(cx, None)
    }

    /// The first loss of a call that is alone and can be retried.
    fn is_hiccup(&self, cx: &Context<'_>) -> bool {
        let target = self.target_index();
        self.per_target.retries == 0
            && self.policy.max_retries > 0
            && cx.shared.closed(cx.now, target).is_none()
            && !cx.shared.is_in_company(target, self.id)
            && cx.shared.can_retry(cx.now, target)
    }

    /// A closed port. For a while it counts as an engine that is still starting.
    pub(super) fn on_closed_port(
        &mut self,
        cx: &mut Context<'_>,
        attempt: Attempt,
        class: Classification,
        is_explicit: bool,
    ) -> Action {
        let target = self.target_index();
        // The target answers other calls meanwhile. So this request brings the engine down, or one of several replicas
        // is down.
        if self.per_target.cold.is_some_and(|since| cx.shared.has_answered_since(target, since)) {
            let class = Classification { retry: RetryClass::Standard, ..class };
            return match attempt.head {
                Some(head) => self.on_error(cx, attempt, Answer { head, body: &Body::default() }, class),
                None => self.on_lost(cx, attempt, class, None),
            };
        }
        let patience = self.policy.loading.patience(cx.shared.has_answered(target), is_explicit);
        let floor = attempt.head.and_then(|head| head.floor);
        let answer = LoadingAnswer { floor, ..LoadingAnswer::default() };
        let is_alone = !cx.shared.is_in_company(target, self.id);
        // No payload closes a port, so a call that waited through one gap counts again in the next.
        let again = self.per_target.cold.is_some();
        let seen = ColdSighting {
            started: attempt.started,
            answer,
            default_wait: None,
            full: false,
            is_alone,
            again,
        };
        let port = ClosedPort { seen, refusal: Refusal { is_explicit, patience } };
        let role = cx.shared.refused(cx.now, target, self.caller(cx), port);
        // A report that is not believed yet does not count against the target either.
        let is_doubted = role.is_none() && cx.shared.closed(cx.now, target).is_none();
        let means = if role.is_some() || is_doubted { Means::Ignored } else { Means::Itself };
        let Classification { code, layer, .. } = class;
        self.record_attempt(cx, attempt, Outcome::Failed(code, layer), means);
        let failure = Failure { code, layer, phase: None, status: attempt.status(), retry_after: floor };
        let step = match role {
            Some(role) => match self.probe_again(cx, attempt, role, answer) {
                Step::GiveUp(_) => Step::GiveUp(None),
                step => step,
            },
            // The call has waited for the port, and it did not open.
            None if self.per_target.cold.is_some() => Step::GiveUp(None),
            None => {
                let pause = Pause { floor, ..Pause::default() };
                self.retry(cx, RetryClass::Standard, code, pause)
            }
        };
        self.apply(cx, step, failure)
    }

    /// The attempt ended without an answer that could be read to its end.
    pub(super) fn on_lost(
        &mut self,
        cx: &mut Context<'_>,
        attempt: Attempt,
        class: Classification,
        phase: Option<Phase>,
    ) -> Action {
        let of_error = attempt.head.filter(|head| !(200..300).contains(&head.status));
        if let Some(head) = of_error.filter(|_| phase != Some(Phase::Total)) {
            // The status says enough, so an error body that never ends changes nothing.
            return self.on_answer(cx, attempt, Answer { head, body: &Body::default() });
        }
        let outcome = Outcome::Failed(class.code, class.layer);
        // A timeout of an attempt that had next to no time says nothing about the target.
        let took = cx.now.since(attempt.started);
        let had_no_time = phase == Some(Phase::Total) && took < LITTLE
            || phase.is_some() && self.begun.is_none() && cx.shared.takes_longer(self.target_index(), took);
        let is_unsent = attempt.head.is_none()
            && !attempt.reached
            && phase.is_some_and(|phase| cx.shared.may_be_unsent(self.target_index(), phase));
        let means = if had_no_time || is_unsent { Means::Ignored } else { self.means_of_failure(cx) };
        self.record_attempt(cx, attempt, outcome, means);
        // The last probe of a cold model had no time to be answered. The call failed because the model is loading.
        let is_cold = phase == Some(Phase::Total)
            && took < TO_ANSWER
            && self.per_target.heard_loading
            && self.begun.is_none();
        let code = if is_cold { Code::ModelLoading } else { class.code };
        let failure =
            Failure { code, layer: class.layer, phase, status: attempt.status(), retry_after: None };
        let retry = if self.begun.is_some() { RetryClass::Never } else { class.retry };
        let step = self.retry(cx, retry, class.code, Pause::default());
        self.apply(cx, step, failure)
    }
}

/// One of our own clocks ran out. Whether the work was done is unknown, so one more attempt at most is worthwhile.
pub(super) fn timed_out(phase: Phase, streaming: bool) -> Classification {
    let retry = if phase == Phase::Total { RetryClass::Never } else { RetryClass::Once };
    Classification { code: Code::Timeout, layer: phase.layer(streaming), retry }
}
