//! Streams: one that breaks before its first event is tried again, one that breaks later is not.

use super::*;

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
fn a_stream_that_is_lost_after_the_model_said_that_it_has_finished_is_delivered() {
    for loss in [Input::NetworkError(Lost::Unsaid), Input::TimedOut(Phase::Idle)] {
        for (is_complete, is_delivered) in [(true, true), (false, false)] {
            let mut call = streaming(&[OPENAI]);
            call.handle(at(1200), Input::Begun);
            let end = call.handle(at(1300), loss.clone().unless_complete(is_complete));
            assert_eq!(end == Action::Deliver, is_delivered, "{loss:?}, complete: {is_complete}");
        }
    }
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
fn the_body_of_an_answer_that_is_no_stream_cannot_begin_or_end_as_one() {
    let mut call = call(Given::default(), &[OPENAI]);
    call.handle(at(1000), Input::Start);
    let read = call.handle(at(1100), head(200));
    assert_eq!(call.handle(at(1101), Input::Begun), read);
    assert_eq!(call.handle(at(1102), Input::Ended(End::Complete)), read);
    assert!(matches!(call.handle(at(1103), Input::NetworkError(Lost::Unsaid)), Action::Wait(_)));
}

#[test]
fn an_error_in_an_event_stream_is_read_as_an_error_and_not_as_a_stream() {
    let mut call = call(Given { streamed: true, ..Given::default() }, &[OPENAI]);
    call.handle(at(1000), Input::Start);
    let head = Head { status: 500, events: true, ..Head::default() };
    assert!(matches!(call.handle(at(1100), Input::Head(head)), Action::Read { limit: Some(_) }));
}
