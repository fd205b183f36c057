//! The target has answered: with what was asked for, or with an error.

use super::retry::{Pause, Step};
use super::{Action, Attempt, Call, Context, Head};
use crate::core::admission::Means;
use crate::core::admission::probing::LoadingAnswer;
use crate::core::classify::{self, AT_ONCE, Body, Classification, RetryClass};
use crate::core::completion::End;
use crate::core::failure::{Code, Failure};
use crate::core::record::Outcome;
use crate::core::time::Duration;

/// A full server says so within this time, even if it has a queue of its own.
const SOON: Duration = Duration::from_secs(3);

/// An answer, as far as its body was read.
pub(super) struct Answer<'a> {
    pub(super) head: Head,
    pub(super) body: &'a Body,
}

impl Call {
    pub(super) fn on_answer(&mut self, cx: &mut Context<'_>, attempt: Attempt, answer: Answer<'_>) -> Action {
        let Some(profile) = self.targets.get(self.target).map(|target| target.profile) else {
            return Action::Abandon; // every call has a target
        };
        match classify::classify(answer.head.status, profile, answer.body) {
            None => {
                self.record_attempt(cx, attempt, Outcome::Ok, Means::Itself);
                Action::Deliver
            }
            Some(class) => self.on_error(cx, attempt, answer, class),
        }
    }

    pub(super) fn on_stream_end(
        &mut self,
        cx: &mut Context<'_>,
        attempt: Attempt,
        head: Head,
        end: End,
    ) -> Action {
        match end {
            End::Complete => {
                self.record_attempt(cx, attempt, Outcome::Ok, Means::Itself);
                Action::Deliver
            }
            End::Truncated => {
                let cut = Classification::TRUNCATED.after(cx.now.since(attempt.started), false);
                self.on_lost(cx, attempt, cut, None)
            }
            End::Empty => {
                let nothing = Body { of_engine: true, unexpected: true, ..Body::default() };
                self.on_answer(cx, attempt, Answer { head, body: &nothing })
            }
        }
    }

    pub(super) fn on_error(
        &mut self,
        cx: &mut Context<'_>,
        attempt: Attempt,
        answer: Answer<'_>,
        mut class: Classification,
    ) -> Action {
        let Answer { head, body } = answer;
        let status = head.status;
        // A gateway turned an error into a success that names the status of the error.
        let meant = if status < 300 { body.status.unwrap_or(status) } else { status };
        let floor = head.floor.or_else(|| body.wait(head.now)).or(head.resets);
        match head.should_retry {
            Some(false) => class.retry = RetryClass::Never,
            Some(true) if class.retry == RetryClass::Never => class.retry = RetryClass::Standard,
            _ => {}
        }
        if self.begun.is_some() && body.is_error {
            class.code = Code::StreamError;
        }
        let took = cx.now.since(attempt.started);
        let target = self.target_index();
        let attempt = Attempt { is_alone: !cx.shared.is_in_company(target, self.id), ..attempt };
        let works = cx.shared.works(cx.now, target);
        let mut is_closed = false;
        if let RetryClass::AfterOpening { is_explicit } = class.retry
            && took <= AT_ONCE
            && self.begun.is_none()
        {
            is_closed = true;
            // A bare 503 while others are in flight means that the server is full, unless it answers none of them.
            let is_down =
                !cx.shared.is_in_company(target, self.id) || !cx.shared.is_full_for_now(cx.now, target);
            if !works && (is_explicit || is_down) {
                let attempt = Attempt { head: Some(Head { floor, ..head }), ..attempt };
                return self.on_closed_port(cx, attempt, class, is_explicit);
            }
        }
        // A small healthy server says that it is full by a bare error, at once, while it answers other calls.
        let says_nothing = class.code == Code::Unavailable && matches!(meant, 502 | 503) && took <= SOON;
        let is_full =
            says_nothing && !attempt.is_alone && (works || cx.shared.is_full_for_now(cx.now, target));
        let is_limited = class.code == Code::RateLimited || (says_nothing || is_closed) && !is_full && works;
        if !is_full && !is_limited {
            class = class.after(took, body.is_page);
        }
        let is_throttled = is_full || is_limited || class.code == Code::Overloaded;
        let is_of_key = class.code == Code::RateLimited && cx.shared.refuses_key(cx.now, target, head.key);
        let names_none = is_limited && floor.is_none() && self.begun.is_none() && !is_of_key;
        let cooldown =
            if names_none { cx.shared.cool_down(cx.now, target, self.id, attempt.started) } else { None };
        let is_ours = works && cx.shared.was_one_more(cx.now, target, self.id);
        let is_full_or_quick = is_full || is_limited && (says_nothing || is_closed);
        let means = match self.means_of_failure(cx) {
            Means::Own | Means::Itself if is_ours && is_full_or_quick && !is_of_key => Means::Overload,
            // The target has told this call so before: the pause concerns this call alone.
            Means::Itself if is_of_key || is_throttled && self.per_target.refused => Means::Own,
            Means::Itself if is_full_or_quick => Means::Overload,
            Means::Itself if status < 300 && body.is_error && body.is_final => Means::Job,
            means => means,
        };
        self.record_attempt(cx, attempt, Outcome::Failed(class.code, class.layer), means);
        self.per_target.refused |= is_throttled;
        let failure = Failure {
            code: class.code,
            layer: class.layer,
            phase: None,
            status: Some(status),
            retry_after: floor,
        };
        let rushed = LoadingAnswer { estimate: None, floor, was_held: attempt.was_held(cx.now) };
        let step = match class.retry {
            _ if self.begun.is_some() => Step::GiveUp(None),
            RetryClass::AfterLoading => {
                let loading = LoadingAnswer { estimate: body.estimate, ..rushed };
                self.wait_for_load(cx, attempt, loading, false)
            }
            _ if is_throttled && cx.shared.is_rushed(cx.now, target) => {
                self.wait_for_load(cx, attempt, rushed, true)
            }
            retry => {
                let is_free = names_none && cx.shared.is_retry_free(cx.now, target);
                // A refusal at once costs a target nothing that answers other calls, or works on one.
                let is_busy = (class.code == Code::Overloaded || names_none)
                    && took <= AT_ONCE
                    && (cx.shared.serves(cx.now, target) || cx.shared.worked_lately(cx.now, target));
                // As long as that is so, this call waits for its place. With a fallback left there is something better, and
                // a bare 502 may be due to this payload.
                let waits_for_place = is_busy
                    && class.code != Code::Unavailable
                    && !self.has_fallback()
                    && self.policy.max_retries > 0;
                let is_free = is_free || is_full || is_ours || is_busy || cx.shared.is_fresh(cx.now, target);
                let free = is_throttled && is_free;
                let is_none = is_full && meant == 503 || waits_for_place;
                let pause = Pause { floor, is_throttled, cooldown, free, is_none };
                self.retry(cx, retry, class.code, pause)
            }
        };
        self.apply(cx, step, failure)
    }
}
