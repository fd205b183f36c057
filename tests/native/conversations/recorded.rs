//! What the report of a call is made from.

use super::{asking, error, loading};
use crate::virtual_clock::{Conversation, Reply, Transcript, ms, secs, status};
use query_with_retry::core::failure::{Code, Layer};
use query_with_retry::core::policy::Policy;
use query_with_retry::core::record::{Outcome, WaitReason};
use query_with_retry::core::target::Profile;
use serde_json::json;

fn mixed() -> Transcript {
    Conversation::with(Policy::default()).at(Profile::Legacy).script(&[
        loading(Some(json!(20))),
        loading(Some(json!(20))),
        Reply::Resets { after: ms(5) },
        asking(429, secs(7)),
        error(500),
        Reply::ok(secs(3)),
    ])
}

#[test]
fn every_attempt_is_recorded_with_its_status_and_its_end() {
    let call = mixed();
    assert!(call.is_delivered());
    let seen: Vec<_> =
        call.record.attempts().iter().map(|attempt| (attempt.status, attempt.outcome)).collect();
    let loading = Outcome::Failed(Code::ModelLoading, Layer::Compute);
    assert_eq!(
        seen,
        [
            (Some(503), loading),
            (Some(503), loading),
            (None, Outcome::Failed(Code::Network, Layer::Network)),
            (Some(429), Outcome::Failed(Code::RateLimited, Layer::Account)),
            (Some(500), Outcome::Failed(Code::EngineFailure, Layer::Compute)),
            (Some(200), Outcome::Ok),
        ]
    );
}

#[test]
fn attempts_start_when_they_were_sent_and_last_as_long_as_they_lasted() {
    let call = mixed();
    let began: Vec<_> = call.record.attempts().iter().map(|attempt| attempt.started).collect();
    let sent: Vec<_> = call.sent.iter().map(|sent| sent.at).collect();
    assert_eq!(began, sent);
    let lasted: Vec<_> = call.record.attempts().iter().map(|attempt| attempt.duration).collect();
    assert_eq!(lasted, [ms(20), ms(20), ms(5), ms(20), ms(20), secs(3)]);
    assert_eq!(call.record.began(), crate::virtual_clock::BEGAN);
}

#[test]
fn waits_are_summed_by_their_reason_and_nothing_is_left_unexplained() {
    let call = mixed();
    let sum = |reason| {
        let spans =
            call.waits.iter().filter(|wait| wait.action.reason == reason).map(|wait| wait.action.span);
        spans.fold(ms(0), |sum, span| sum + span)
    };
    let mut whole = ms(0);
    for reason in [WaitReason::Loading, WaitReason::RateLimit, WaitReason::Backoff] {
        assert_eq!(call.record.waited(reason), sum(reason), "{reason:?}");
        assert!(sum(reason) > ms(0));
        whole = whole + sum(reason);
    }
    let attempts = call.record.attempts().iter().fold(ms(0), |sum, attempt| sum + attempt.duration);
    assert_eq!(whole + attempts, call.took);
}

#[test]
fn a_late_timer_is_recorded_as_it_was_and_not_as_it_was_meant() {
    let call = Conversation { late: secs(60), ..Conversation::with(Policy::default()) };
    let call = call.script(&[error(500), Reply::ok(ms(1))]);
    assert_eq!(call.record.waited(WaitReason::Backoff), call.waits[0].action.span + secs(60));
}

#[test]
fn an_abort_is_recorded_with_what_was_in_flight() {
    let slow_body = Reply::Answers {
        head: status(200),
        head_after: secs(2),
        body: super::nothing(),
        body_after: secs(2),
    };
    for (after, seen) in [(1, None), (3, Some(200))] {
        let call = Conversation { aborts_after: Some(secs(after)), ..Conversation::with(Policy::default()) };
        let call = call.script(std::slice::from_ref(&slow_body));
        let [attempt] = call.record.attempts() else { panic!("{:?}", call.record) };
        assert_eq!((attempt.outcome, attempt.status), (Outcome::Aborted, seen));
        assert_eq!(attempt.duration, secs(after));
    }
    let waiting = Conversation { aborts_after: Some(secs(2)), ..Conversation::with(Policy::default()) };
    let call = waiting.script(&[loading(Some(json!(60)))]);
    assert_eq!(call.record.waited(WaitReason::Loading), secs(2) - ms(20));
    assert_eq!(call.record.attempts().len(), 1);
}

#[test]
fn a_body_that_never_came_whole_keeps_its_status_in_the_record() {
    let cut = Reply::Breaks { head: status(200), head_after: ms(1), body_after: ms(1) };
    let call = Conversation::with(Policy::default()).script(&[cut, Reply::ok(ms(1))]);
    let first = call.record.attempts()[0];
    assert_eq!((first.status, first.outcome), (Some(200), Outcome::Failed(Code::Network, Layer::Network)));
}
