//! Whole calls against servers of every kind: floors, deadlines, how often, how long, how recorded.

use super::{Case, case, config};
use crate::virtual_clock::{Conversation, Reply, Transcript, ms};
use proptest::prelude::*;
use query_with_retry::core::failure::{Code, Phase};
use query_with_retry::core::policy::{Hold, Timeouts};
use query_with_retry::core::record::{AttemptRecord, Outcome, WaitReason};
use query_with_retry::core::time::Duration;

/// Each attempt with whether another one of the same target follows it.
fn followed(call: &Transcript) -> impl Iterator<Item = (&AttemptRecord, bool)> {
    let attempts = call.record.attempts();
    let next = attempts.iter().skip(1).map(|attempt| Some(attempt.target)).chain([None]);
    attempts.iter().zip(next).map(|(attempt, next)| (attempt, next == Some(attempt.target)))
}

fn code(attempt: &AttemptRecord) -> Option<Code> {
    match attempt.outcome {
        Outcome::Failed(code, _) => Some(code),
        Outcome::Ok | Outcome::Aborted => None,
    }
}

fn of_target(call: &Transcript, target: usize, counts: impl Fn(&AttemptRecord, bool) -> bool) -> usize {
    followed(call).filter(|(attempt, again)| attempt.target == target && counts(attempt, *again)).count()
}

/// What the server asked for in the nth reply, as far as it was heard: an answer that was cut off
/// asks for nothing.
fn floor(case: &Case, nth: usize, attempt: &AttemptRecord) -> Option<Duration> {
    let was_cut = matches!(code(attempt), Some(Code::Network | Code::Timeout));
    match case.reply(nth) {
        Reply::Answers { head, .. } | Reply::Drips { head, .. } | Reply::Breaks { head, .. } if !was_cut => {
            head.floor
        }
        _ => None,
    }
}

proptest! {
    #![proptest_config(config())]

    /// No request is sent to a target before the time that its last answer asked for.
    #[test]
    fn no_request_is_sent_before_a_servers_floor(case in case()) {
        let call = case.run();
        for (nth, (attempt, again)) in followed(&call).enumerate() {
            if let Some(floor) = floor(&case, nth, attempt).filter(|_| again) {
                let earliest = attempt.started + attempt.duration + floor;
                prop_assert!(call.sent[nth + 1].at > earliest, "request {}", nth + 2);
            }
        }
    }

    /// A call ends by its deadline, or as much later as timers are late, and nothing is sent after it.
    #[test]
    fn every_call_is_settled_by_its_deadline(case in case()) {
        let call = case.run();
        let total = case.policy.timeouts.total;
        prop_assert!(call.took <= total + case.late, "{:?} of {:?}", call.took, total);
        // A total of nothing still has its first request.
        prop_assert!(call.sent.iter().skip(1).all(|sent| sent.at < total));
        prop_assert!(call.sent.iter().all(|sent| sent.action.clocks.total == crate::virtual_clock::BEGAN + total));
    }

    /// At most `maxRetries + 1` attempts at each target end in an error. Probes of a loading model come on top, and
    /// are bounded by the shortest sleep.
    #[test]
    fn errors_are_asked_again_as_often_as_the_policy_says(case in case()) {
        let call = case.run();
        for target in 0..case.targets.len() {
            // A gateway without an engine behind it is waited for like a model that loads.
            let is_cold = |code| matches!(code, Code::ModelLoading | Code::Unavailable);
            let failed = |attempt: &AttemptRecord, _| code(attempt).is_some_and(|code| !is_cold(code));
            prop_assert!(of_target(&call, target, failed) <= case.policy.max_retries as usize + 1);
            let probed = |attempt: &AttemptRecord, again| code(attempt) == Some(Code::ModelLoading) && again;
            // At the end of a call, or of the patience for a closed port, the looks are closer.
            let most = case.policy.loading.max_wait.as_ms() / 1000 + 8;
            prop_assert!(of_target(&call, target, probed) as u64 <= most);
        }
    }

    /// After a gateway timeout or a timeout of our own there is at most one more attempt at the same target.
    #[test]
    fn an_ambiguous_end_is_followed_by_one_more_attempt_at_most(case in case()) {
        let call = case.run();
        for target in 0..case.targets.len() {
            let ambiguous =
                |attempt: &AttemptRecord| matches!(code(attempt), Some(Code::GatewayTimeout | Code::Timeout));
            prop_assert!(of_target(&call, target, |attempt, again| again && ambiguous(attempt)) <= 1);
        }
    }

    /// The same seed and the same answers give the same actions at the same times.
    #[test]
    fn the_same_seed_gives_the_same_conversation(case in case()) {
        let told = |call: Transcript| {
            let sent: Vec<_> = call.sent.iter().map(|sent| (sent.at, sent.action)).collect();
            let waits: Vec<_> = call.waits.iter().map(|wait| (wait.at, wait.action)).collect();
            (sent, waits, call.end, call.took)
        };
        prop_assert_eq!(told(case.run()), told(case.run()));
    }

    /// A request that cannot succeed is not sent again to the same target.
    #[test]
    fn a_fatal_answer_costs_exactly_one_request(case in case()) {
        let call = case.run();
        for (attempt, again) in followed(&call) {
            let fatal = code(attempt).is_some_and(|code| !code.retryable());
            prop_assert!(!(fatal && again), "{:?}", attempt);
        }
        if let Some(Code::Unauthorized | Code::Forbidden | Code::BadRequest | Code::TooLarge) =
            call.record.attempts().first().and_then(code)
        {
            prop_assert_eq!(call.sent.len(), 1);
        }
    }

    /// A wait ends before the call does, and one for a cold model within `maxWaitMs` of the first
    /// request that found it cold.
    #[test]
    fn a_wait_is_never_longer_than_what_is_left(case in case()) {
        let call = case.run();
        for wait in &call.waits {
            let ends = wait.at + wait.action.span;
            prop_assert!(ends < case.policy.timeouts.total, "{:?}", wait);
            prop_assert_eq!(wait.action.until, crate::virtual_clock::BEGAN + ends);
            if wait.action.reason == WaitReason::Loading {
                let mut probes = call.record.attempts().iter().filter(|attempt| attempt.started < ends);
                let target = probes.clone().next_back().map(|attempt| attempt.target);
                let is_cold = |probe: &AttemptRecord| match code(probe) {
                    Some(Code::Unavailable) => {
                        matches!(probe.status, Some(502 | 503 | 521 | 523)) && probe.duration <= ms(1000)
                    }
                    code => code == Some(Code::ModelLoading),
                };
                // Each target has that much time. A call that waits for another's probe waits until that is answered.
                let most = case.policy.loading.max_wait.scaled(case.targets.len() as u64, 1) + ms(1000);
                let waits = |probe: &AttemptRecord| is_cold(probe) && ends <= probe.started + most;
                prop_assert!(probes.any(|probe| Some(probe.target) == target && waits(probe)));
            }
        }
    }

    /// Timers that ring early as well change no request, no wait and no end.
    #[test]
    fn a_wake_that_is_early_changes_nothing(case in case(), early in 1..100_000_u64) {
        let on_time = case.run();
        let hasty = case.run_as(&Conversation { early: ms(early), ..case.conversation() });
        let told = |call: &Transcript| -> Vec<_> { call.sent.iter().map(|sent| (sent.at, sent.action)).collect() };
        prop_assert_eq!(told(&on_time), told(&hasty));
        prop_assert_eq!((on_time.end, on_time.took), (hasty.end, hasty.took));
    }

    /// Attempts follow each other, each is recorded once, and together with the waits they are
    /// all of the time that the call took.
    #[test]
    fn the_record_explains_every_millisecond(case in case(), aborts in proptest::option::of(super::time())) {
        let call = case.run_as(&Conversation { aborts_after: aborts, ..case.conversation() });
        let attempts = call.record.attempts();
        prop_assert_eq!(attempts.len(), call.sent.len());
        for pair in attempts.windows(2) {
            prop_assert!(pair[0].started + pair[0].duration <= pair[1].started);
            prop_assert!(pair[0].target <= pair[1].target);
        }
        for (attempt, sent) in attempts.iter().zip(&call.sent) {
            prop_assert_eq!((attempt.started, attempt.target), (sent.at, sent.action.target));
        }
        let reasons = [WaitReason::Loading, WaitReason::RateLimit, WaitReason::Backoff];
        let waits = reasons.into_iter().map(|reason| call.record.waited(reason));
        let spans = attempts.iter().map(|attempt| attempt.duration).chain(waits);
        prop_assert_eq!(spans.fold(ms(0), |sum, span| sum + span), call.took);
        prop_assert_eq!(
            call.is_delivered(),
            attempts.last().is_some_and(|attempt| attempt.outcome == Outcome::Ok)
        );
    }

    /// Only hosts that can hold a request are asked to. A hold leaves a quarter of the rest of the call, and the
    /// clocks of its attempt outlast it.
    #[test]
    fn a_hold_leaves_time_for_the_answer(case in case()) {
        for sent in case.run().sent {
            let (send, now) = (sent.action, crate::virtual_clock::BEGAN + sent.at);
            if let Some(hold) = send.hold {
                let room = case.policy.timeouts.total - sent.at;
                prop_assert!(send.profile.hold_header().is_some() && case.policy.loading.hold != Hold::No);
                prop_assert!(hold <= room.scaled(3, 4) && hold <= case.policy.loading.max_wait, "{:?}", hold);
                let Timeouts { attempt, first_byte, .. } = case.policy.timeouts;
                prop_assert_eq!(send.clocks.attempt, now + hold + attempt);
                prop_assert_eq!(send.clocks.first_byte, first_byte.map(|clock| now + hold + clock));
            }
        }
    }

    /// A clock is named for a timeout and for a cold start that was given up, and for nothing else.
    #[test]
    fn a_phase_is_reported_where_a_clock_ran_out(case in case()) {
        if let query_with_retry::core::call::Action::Fail(failure) = case.run().end {
            let of_a_clock = matches!(failure.code, Code::Timeout | Code::ModelLoading);
            prop_assert_eq!(failure.phase.is_some(), of_a_clock, "{:?}", failure);
            let of_wait = failure.phase == Some(Phase::Wait);
            prop_assert!(!of_wait || failure.code == Code::ModelLoading);
        }
    }
}
