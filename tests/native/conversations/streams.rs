//! Streamed calls: what is retried before anything was handed over, and that nothing is retried after.

use super::{ALL_ATTEMPTS, error, loading};
use crate::read;
use crate::virtual_clock::{Conversation, Reply, Step, Timed, Transcript, ms, policy, secs, status};
use query_with_retry::core::call::{Action, Head, Target};
use query_with_retry::core::classify::Body;
use query_with_retry::core::completion::ChunkFacts;
use query_with_retry::core::failure::{Code, Layer, Phase};
use query_with_retry::core::policy::Given;
use query_with_retry::core::record::{Outcome, WaitReason};
use query_with_retry::core::target::Profile;
use query_with_retry::core::time::Duration;
use serde_json::json;

const NOTHING: ChunkFacts = ChunkFacts { content: false, finish: false, done: false };

/// A role, or a usage: an event that no reader waits for.
pub(super) const ROLE: Step = Step::Says(NOTHING);
pub(super) const TEXT: Step = Step::Says(ChunkFacts { content: true, ..NOTHING });
pub(super) const FINISH: Step = Step::Says(ChunkFacts { finish: true, ..NOTHING });
pub(super) const DONE: Step = Step::Says(ChunkFacts { done: true, ..NOTHING });

/// The head of a stream.
pub(super) fn events() -> Head {
    Head { events: true, ..status(200) }
}

/// A stream of these steps, and then silence.
pub(super) fn stream(steps: Vec<Timed>) -> Reply {
    Reply::Streams { head: events(), head_after: ms(20), steps, then: None }
}

/// A stream whose steps follow each other at once.
pub(super) fn at_once(steps: &[Step]) -> Reply {
    stream(steps.iter().map(|step| (ms(10), step.clone())).collect())
}

pub(super) fn whole() -> Reply {
    at_once(&[ROLE, TEXT, FINISH, DONE])
}

pub(super) fn streamed(given: Given) -> Conversation {
    Conversation::with(policy(Given { streamed: true, ..given }))
}

fn default() -> Conversation {
    streamed(Given::default())
}

/// An event that is an error and says this.
fn says(words: &str) -> Step {
    Step::Fails(read::of_error(&json!({"error": words}).to_string()))
}

fn unreadable() -> Step {
    Step::Fails(Body { unexpected: true, ..Body::default() })
}

/// Every way in which a stream is lost, with its code before anything was handed over and after, and
/// how often it is asked for in all.
fn losses() -> Vec<(Option<Step>, Code, Code, usize)> {
    let error = Code::StreamError;
    vec![
        (Some(Step::Closes), Code::StreamTruncated, Code::StreamTruncated, ALL_ATTEMPTS),
        (Some(Step::Breaks), Code::StreamTruncated, Code::StreamTruncated, ALL_ATTEMPTS),
        (Some(says("model is overloaded")), Code::Overloaded, error, ALL_ATTEMPTS),
        (Some(says("something else")), Code::EngineFailure, error, ALL_ATTEMPTS),
        (Some(says("rate limit reached")), Code::RateLimited, error, ALL_ATTEMPTS),
        (Some(says("CUDA out of memory")), Code::EngineFailure, error, 2),
        (Some(says("request timed out")), Code::GatewayTimeout, error, 2),
        (Some(says("input validation error")), Code::BadRequest, error, 1),
        (Some(unreadable()), Code::BadResponse, Code::BadResponse, ALL_ATTEMPTS),
        (None, Code::Timeout, Code::Timeout, 2),
    ]
}

fn after(steps: &[Step], loss: &Option<Step>) -> Reply {
    at_once(&[steps, loss.as_slice()].concat())
}

#[test]
fn a_stream_is_asked_for_once_and_delivered() {
    let call = default().script(&[whole()]);
    assert!(call.is_delivered());
    assert_eq!((call.sent.len(), call.begun, call.took), (1, Some(ms(40)), ms(60)));
    assert_eq!(call.record.attempts()[0].outcome, Outcome::Ok);
}

#[test]
fn before_anything_was_handed_over_a_lost_stream_is_asked_for_again() {
    for before in [&[][..], &[ROLE], &[Step::Lives, ROLE, ROLE]] {
        for (loss, code, _, requests) in losses() {
            let lost = after(before, &loss);
            let call = default().script(std::slice::from_ref(&lost));
            assert_eq!((call.failure().code, call.sent.len()), (code, requests), "{loss:?}");
            assert_eq!((call.failure().status, call.begun), (Some(200), None));
            let call = default().script(&[lost, whole()]);
            assert_eq!(call.is_delivered(), requests > 1, "{loss:?}: {:?}", call.end);
        }
    }
}

#[test]
fn a_stream_that_is_lost_after_seconds_without_a_word_may_have_been_worked_on_and_is_asked_for_once_more() {
    for loss in [Step::Closes, Step::Breaks, unreadable()] {
        let lost = stream(vec![(secs(2), loss.clone())]);
        assert_eq!(default().script(&[lost]).sent.len(), 2, "{loss:?}");
    }
}

#[test]
fn after_something_was_handed_over_it_never_is() {
    for before in [&[TEXT][..], &[ROLE, TEXT], &[TEXT, ROLE, TEXT]] {
        for (loss, _, code, _) in losses() {
            let call = default().script(&[after(before, &loss), whole()]);
            assert_eq!((call.failure().code, call.sent.len()), (code, 1), "{loss:?}");
            assert!(call.waits.is_empty() && call.begun.is_some());
        }
    }
}

#[test]
fn done_with_nothing_before_it_is_asked_for_again() {
    for nothing in [&[DONE][..], &[ROLE, DONE]] {
        let call = default().script(&[at_once(nothing), whole()]);
        assert!(call.is_delivered());
        let outcome = call.record.attempts()[0].outcome;
        assert_eq!(outcome, Outcome::Failed(Code::BadResponse, Layer::Compute));
        assert_eq!(default().script(&[at_once(nothing)]).sent.len(), ALL_ATTEMPTS);
    }
}

#[test]
fn once_it_said_that_it_is_finished_nothing_that_is_lost_is_a_loss() {
    for loss in [Some(Step::Closes), Some(Step::Breaks), None] {
        for before in [&[TEXT, FINISH][..], &[FINISH]] {
            let call = default().script(&[after(before, &loss)]);
            assert!(call.is_delivered(), "{before:?} {loss:?}: {:?}", call.end);
            assert_eq!(call.sent.len(), 1);
        }
    }
    // But what it says itself still counts.
    let call = default().script(&[at_once(&[TEXT, FINISH, says("no")])]);
    assert!(call.ends_with(Code::StreamError, None));
}

#[test]
fn an_error_in_a_stream_is_distinct_from_a_mistake_of_the_caller() {
    for (words, layer, retryable) in [
        ("model is overloaded", Layer::Compute, true),
        ("rate limit reached", Layer::Account, true),
        ("input validation error", Layer::Client, false),
    ] {
        let failure = default().script(&[at_once(&[TEXT, says(words)])]).failure();
        assert_eq!((failure.code, failure.layer), (Code::StreamError, layer));
        assert_eq!(failure.retryable(), retryable, "{words}");
    }
}

#[test]
fn a_model_that_loads_says_so_in_its_first_event_and_spends_no_retry() {
    let body = json!({"error": "Model x is currently loading", "estimated_time": 20});
    let loads = at_once(&[ROLE, Step::Fails(read::of_error(&body.to_string()))]);
    for max_retries in [0, 3] {
        let call = streamed(Given { max_retries: Some(max_retries), ..Given::default() });
        let call = call.script(&[loads.clone(), loads.clone(), loading(None), loads.clone(), whole()]);
        assert!(call.is_delivered(), "{:?}", call.end);
        assert!(call.waits.iter().all(|wait| wait.action.reason == WaitReason::Loading));
        assert_eq!(call.waits[0].action.estimate, Some(secs(20)));
    }
    let impatient = streamed(Given { max_wait: Some(secs(30)), ..Given::default() });
    let call = impatient.against(|_| loads.clone());
    assert!(call.ends_with(Code::ModelLoading, Some(Phase::Wait)), "{:?}", call.end);
    assert!(call.took <= secs(31), "{:?}", call.took);
}

#[test]
fn an_error_with_a_status_of_its_own_is_tried_again_as_ever() {
    for (reply, requests) in [(error(500), ALL_ATTEMPTS), (error(504), 2), (error(404), 1)] {
        assert_eq!(default().script(&[reply]).sent.len(), requests);
    }
    assert!(default().script(&[error(503), loading(None), whole()]).is_delivered());
}

#[test]
fn a_floor_in_the_head_of_a_stream_holds_for_the_error_in_it() {
    let head = Head { floor: Some(secs(7)), ..events() };
    let steps = vec![(ms(0), says("model is overloaded"))];
    let call = default().script(&[Reply::Streams { head, head_after: ms(0), steps, then: None }, whole()]);
    assert!(call.is_delivered() && call.sent[1].at > secs(7), "{:?}", call.sent);
}

#[test]
fn a_gateway_error_in_a_started_stream_is_its_end_and_no_start_of_an_engine() {
    let gateway = json!({"error": {"message": "502 Bad Gateway", "code": 502}});
    let fails = Step::Fails(read::of_error(&gateway.to_string()));
    let call = default().script(&[at_once(&[ROLE, TEXT, fails.clone()]), whole()]);
    assert!(call.ends_with(Code::StreamError, None), "{:?}", call.end);
    assert_eq!(call.sent.len(), 1);
    assert!(default().script(&[at_once(&[ROLE, fails]), whole()]).is_delivered());
}

#[test]
fn a_stream_may_be_answered_in_one_piece() {
    let call = default().script(&[Reply::ok(ms(20))]);
    assert!(call.is_delivered());
    assert_eq!((call.sent.len(), call.begun), (1, None));
}

fn two(given: Given) -> Conversation {
    let targets = vec![Target { shared: 0, profile: Profile::OpenAi, shares_credentials: true }; 2];
    Conversation { targets, ..streamed(Given { max_retries: Some(0), ..given }) }
}

fn at_each(replies: [Reply; 2]) -> Transcript {
    two(Given::default()).against(|asked| replies[asked.target].clone())
}

#[test]
fn the_next_target_is_asked_before_anything_was_handed_over() {
    for (loss, code, _, _) in losses() {
        let call = at_each([after(&[ROLE], &loss), whole()]);
        assert_eq!(call.is_delivered(), code != Code::BadRequest, "{loss:?}: {:?}", call.end);
        let falls = call.sent.iter().find_map(|sent| sent.action.falls_back);
        assert_eq!(falls, call.is_delivered().then_some(code));
    }
}

#[test]
fn no_target_is_asked_after_something_was_handed_over() {
    for (loss, _, code, _) in losses() {
        let call = at_each([after(&[ROLE, TEXT], &loss), whole()]);
        assert_eq!((call.failure().code, call.route()), (code, vec![0]), "{loss:?}");
    }
}

#[test]
fn a_stream_that_a_fallback_hands_over_is_as_final() {
    let call = at_each([at_once(&[ROLE, Step::Closes]), at_once(&[TEXT, Step::Closes])]);
    assert!(call.ends_with(Code::StreamTruncated, None));
    assert_eq!((call.route(), call.begun.is_some()), (vec![0, 1], true));
}

#[test]
fn an_abort_ends_a_stream_at_once_wherever_it_is() {
    let slow: Vec<Timed> =
        [ROLE, TEXT, Step::Leaves(secs(5)), TEXT, FINISH, DONE].map(|step| (secs(1), step)).into();
    let whole = default().script(&[stream(slow.clone())]);
    assert!(whole.is_delivered());
    for percent in 0..100 {
        let aborts_after = Some(whole.took.scaled(percent, 100));
        let call = Conversation { aborts_after, ..default() }.script(&[stream(slow.clone())]);
        assert_eq!((call.end, Some(call.took)), (Action::Abandon, aborts_after));
        let [attempt] = call.record.attempts() else { panic!("{:?}", call.record) };
        let has_head = call.took > Duration::from_ms(20);
        assert_eq!((attempt.outcome, attempt.status.is_some()), (Outcome::Aborted, has_head), "{percent} %");
    }
}
