//! The transitions one by one; whole conversations are in `tests/native`.

use super::*;
use crate::core::policy::{Given, Hold};
use crate::core::target::Profile;

const ENDPOINT: Target = Target { shared: 0, profile: Profile::Endpoint, shares_credentials: true };
const OPENAI: Target = Target { shared: 1, profile: Profile::OpenAi, shares_credentials: false };

const fn at(ms: u64) -> Instant {
    Instant::from_ms(ms)
}

/// A call that shares nothing with others.
struct Lone {
    call: Call,
    shared: Shared,
}

impl Lone {
    fn handle(&mut self, now: Instant, input: Input) -> Action {
        self.call.handle(now, input, &mut self.shared)
    }

    fn record(&self) -> &Record {
        self.call.record()
    }
}

fn call(given: Given, targets: &[Target]) -> Lone {
    let call = Call::new(Policy::new(given).unwrap(), targets.to_vec(), 7, at(1000), 1);
    Lone { call, shared: Shared::without_limits(2) }
}

fn head(status: u16) -> Input {
    Input::Head(Head { status, ..Head::default() })
}

fn said(text: &str) -> Input {
    Input::Body(Body { of_engine: true, is_error: true, text: text.into(), ..Body::default() })
}

#[test]
fn an_answer_is_sent_for_read_whole_and_delivered() {
    let mut call = call(Given::default(), &[OPENAI]);
    assert!(matches!(call.handle(at(1000), Input::Start), Action::Send(Send { attempt: 1, target: 0, .. })));
    assert_eq!(call.handle(at(1100), head(200)), Action::Read { limit: None });
    assert_eq!(call.handle(at(1200), Input::Body(Body::default())), Action::Deliver);
    let [attempt] = call.record().attempts() else { panic!("{:?}", call.record()) };
    assert_eq!((attempt.duration.as_ms(), attempt.status, attempt.outcome), (200, Some(200), Outcome::Ok));
}

#[test]
fn no_more_is_read_of_an_error_than_says_what_it_is() {
    let mut call = call(Given::default(), &[OPENAI]);
    call.handle(at(1000), Input::Start);
    assert_eq!(call.handle(at(1100), head(500)), Action::Read { limit: Some(64 * 1024) });
}

#[test]
fn a_loading_answer_spends_no_retry() {
    let mut call = call(Given { max_retries: Some(0), ..Given::default() }, &[OPENAI]);
    call.handle(at(1000), Input::Start);
    call.handle(at(1010), head(503));
    let Action::Wait(wait) = call.handle(at(1020), said("model x is currently loading")) else { panic!() };
    assert_eq!(wait.reason, WaitReason::Loading);
    assert!(matches!(call.handle(wait.until, Input::Woke), Action::Send(Send { attempt: 2, .. })));
}

#[test]
fn a_wake_that_comes_too_early_waits_on() {
    let mut call = call(Given::default(), &[OPENAI]);
    call.handle(at(1000), Input::Start);
    let wait = call.handle(at(1010), Input::NetworkError(Lost::Unsaid));
    assert!(matches!(wait, Action::Wait(_)));
    assert_eq!(call.handle(at(1010), Input::Woke), wait);
}

#[test]
fn an_input_that_does_not_fit_changes_nothing() {
    let mut call = call(Given::default(), &[OPENAI]);
    let send = call.handle(at(1000), Input::Start);
    for stray in [Input::Woke, Input::Start, said("x")] {
        assert_eq!(call.handle(at(1001), stray), send);
    }
    assert_eq!(call.handle(at(1100), head(200)), Action::Read { limit: None });
}

#[test]
fn the_end_is_the_end() {
    let mut call = call(Given::default(), &[OPENAI]);
    call.handle(at(1000), Input::Start);
    call.handle(at(1010), head(404));
    let end = call.handle(at(1020), said("no such model"));
    assert!(matches!(end, Action::Fail(Failure { code: Code::NotFound, .. })));
    for late in [Input::Woke, head(200), Input::Aborted, Input::NetworkError(Lost::Unsaid)] {
        assert_eq!(call.handle(at(9000), late), end);
    }
    assert_eq!(call.record().attempts().len(), 1);
}

#[test]
fn a_hold_makes_the_clocks_of_its_attempt_longer() {
    let given = Given {
        hold: Some(Hold::For(Duration::from_secs(60))),
        first_byte: Some(Duration::from_secs(5)),
        ..Given::default()
    };
    let Action::Send(send) = call(given, &[ENDPOINT]).handle(at(1000), Input::Start) else { panic!() };
    assert_eq!(send.hold, Some(Duration::from_secs(60)));
    assert_eq!((send.clocks.attempt, send.clocks.first_byte), (at(181_000), Some(at(66_000))));
    let Action::Send(send) = call(given, &[OPENAI]).handle(at(1000), Input::Start) else { panic!() };
    assert_eq!((send.hold, send.clocks.attempt), (None, at(121_000)));
}

#[test]
fn an_abort_ends_the_attempt_and_the_call() {
    let mut call = call(Given::default(), &[OPENAI]);
    call.handle(at(1000), Input::Start);
    call.handle(at(1010), head(200));
    assert_eq!(call.handle(at(1500), Input::Aborted), Action::Abandon);
    assert_eq!(call.record().attempts()[0].outcome, Outcome::Aborted);
}

/// A streamed call whose headers have come.
fn streaming(targets: &[Target]) -> Lone {
    let mut call = call(Given { streamed: true, ..Given::default() }, targets);
    call.handle(at(1000), Input::Start);
    let head = Head { status: 200, events: true, ..Head::default() };
    assert_eq!(call.handle(at(1100), Input::Head(head)), Action::Stream);
    call
}

#[test]
fn the_headers_of_a_streamed_call_have_a_clock_of_their_own() {
    let given = Given { streamed: true, ..Given::default() };
    let Action::Send(send) = call(given, &[OPENAI]).handle(at(1000), Input::Start) else { panic!() };
    assert_eq!((send.clocks.probe, send.clocks.connect), (Some(at(11_000)), None));
    let Action::Send(send) = call(Given::default(), &[OPENAI]).handle(at(1000), Input::Start) else {
        panic!()
    };
    assert_eq!(send.clocks.connect, None);
}

#[test]
fn a_whole_stream_is_delivered() {
    let mut call = streaming(&[OPENAI]);
    assert_eq!(call.handle(at(1200), Input::Begun), Action::Stream);
    assert_eq!(call.handle(at(1300), Input::Ended(End::Complete)), Action::Deliver);
    assert_eq!(call.record().attempts()[0].outcome, Outcome::Ok);
}

#[test]
fn before_anything_is_handed_over_a_broken_stream_is_tried_again() {
    for (input, code) in [
        (Input::Ended(End::Truncated), Code::StreamTruncated),
        (Input::Ended(End::Empty), Code::BadResponse),
        (Input::NetworkError(Lost::Unsaid), Code::StreamTruncated),
        (Input::TimedOut(Phase::Idle), Code::Timeout),
        (said("model is overloaded"), Code::Overloaded),
        (said("out of memory"), Code::EngineFailure),
        (said("model x is currently loading"), Code::ModelLoading),
    ] {
        let mut call = streaming(&[OPENAI]);
        assert!(matches!(call.handle(at(1200), input.clone()), Action::Wait(_)), "{input:?}");
        assert!(matches!(call.record().attempts()[0].outcome, Outcome::Failed(found, _) if found == code));
    }
}

#[test]
fn after_something_was_handed_over_nothing_is_tried_again() {
    for (input, code, layer) in [
        (Input::Ended(End::Truncated), Code::StreamTruncated, Layer::Network),
        (Input::NetworkError(Lost::Unsaid), Code::StreamTruncated, Layer::Network),
        (Input::TimedOut(Phase::Idle), Code::Timeout, Layer::Compute),
        (said("model is overloaded"), Code::StreamError, Layer::Compute),
        (said("model x is currently loading"), Code::StreamError, Layer::Compute),
        (said("input validation error"), Code::StreamError, Layer::Client),
        (Input::Body(Body { unexpected: true, ..Body::default() }), Code::BadResponse, Layer::Gateway),
    ] {
        let mut call = streaming(&[ENDPOINT, OPENAI]);
        call.handle(at(1150), Input::Begun);
        let Action::Fail(failure) = call.handle(at(1200), input.clone()) else { panic!("{input:?}") };
        assert_eq!((failure.code, failure.layer), (code, layer), "{input:?}");
        assert_eq!(failure.retryable(), layer != Layer::Client);
        assert_eq!(call.record().attempts().len(), 1);
    }
}

#[test]
fn a_stream_that_was_asked_for_may_be_answered_in_one_piece() {
    let mut call = call(Given { streamed: true, ..Given::default() }, &[OPENAI]);
    call.handle(at(1000), Input::Start);
    assert_eq!(call.handle(at(1100), head(200)), Action::Read { limit: None });
    assert_eq!(call.handle(at(1200), Input::Body(Body::default())), Action::Deliver);
}

#[test]
fn a_connection_that_did_not_outlast_a_sleep_is_asked_again_once_and_not_where_no_other_try_is_wanted() {
    for (max_retries, per_target) in [(3, 2), (0, 1)] {
        let mut call = call(Given { max_retries: Some(max_retries), ..Given::default() }, &[OPENAI]);
        let (mut now, mut action, mut sent) = (at(1_000), Input::Start, 0);
        loop {
            match call.handle(now, action) {
                Action::Send(_) => {
                    sent += 1;
                    (now, action) = (now + Duration::from_secs(9), Input::NetworkError(Lost::Suspended));
                }
                Action::Wait(wait) => (now, action) = (wait.until, Input::Woke),
                _ => break,
            }
        }
        assert_eq!(sent, per_target, "{max_retries} retries");
    }
}
