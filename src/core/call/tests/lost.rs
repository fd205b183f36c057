//! Requests without an answer: lost connections, closed ports, and networks that are gone.

use super::*;

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

#[test]
fn the_first_connection_that_fails_at_once_may_have_been_idle_and_counts_as_lost() {
    let mut call = call(Given::default(), &[OPENAI]);
    assert_eq!(waits_for(lost(&mut call, Lost::AtOnce, 1)), Some(WaitReason::Backoff));
}

#[test]
fn the_second_connection_that_fails_at_once_is_a_closed_port() {
    let mut call = call(Given::default(), &[OPENAI]);
    let Action::Wait(wait) = lost(&mut call, Lost::AtOnce, 1) else { panic!() };
    call.handle(wait.until, Input::Woke);
    let again = call.handle(wait.until, Input::NetworkError(Lost::AtOnce));
    assert_eq!(waits_for(again), Some(WaitReason::Loading));
}

#[test]
fn a_connection_that_fails_at_once_is_a_closed_port_for_a_call_without_retries() {
    let mut call = call(Given { max_retries: Some(0), ..Given::default() }, &[OPENAI]);
    assert_eq!(waits_for(lost(&mut call, Lost::AtOnce, 1)), Some(WaitReason::Loading));
}

#[test]
fn a_connection_that_fails_at_once_is_a_closed_port_where_the_port_is_known_to_be_closed() {
    let mut first = call(Given::default(), &[OPENAI]);
    lost(&mut first, Lost::Refused, 1);
    let mut second = Call::new(Policy::default(), vec![OPENAI], 8, at(1001), 2);
    let admitted = second.handle(at(1001), Input::Start, &mut first.shared);
    assert!(matches!(admitted, Action::Park(Wait { reason: WaitReason::Loading, .. })), "{admitted:?}");
}

#[test]
fn a_connection_that_fails_at_once_while_another_call_is_in_flight_is_a_closed_port() {
    let mut lone = call(Given::default(), &[OPENAI]);
    let mut other = Call::new(Policy::default(), vec![OPENAI], 8, at(1000), 2);
    assert!(matches!(other.handle(at(1000), Input::Start, &mut lone.shared), Action::Send(_)));
    assert_eq!(waits_for(lost(&mut lone, Lost::AtOnce, 1)), Some(WaitReason::Loading));
}

#[test]
fn a_host_without_an_address_is_a_closed_port_if_it_has_answered_before_and_else_a_mistake() {
    let Action::Fail(failure) = lost(&mut call(Given::default(), &[OPENAI]), Lost::Nameless, 1) else {
        panic!()
    };
    assert_eq!((failure.code, failure.layer, failure.phase), (Code::Network, Layer::Network, None));
    let mut known = call(Given::default(), &[OPENAI]);
    known.handle(at(1000), Input::Start);
    known.handle(at(1001), head(200));
    assert_eq!(known.handle(at(1002), Input::Body(Body::default())), Action::Deliver);
    let mut next = Call::new(Policy::default(), vec![OPENAI], 8, at(200_000), 2);
    next.handle(at(200_000), Input::Start, &mut known.shared);
    let action = next.handle(at(200_001), Input::NetworkError(Lost::Nameless), &mut known.shared);
    assert_eq!(waits_for(action), Some(WaitReason::Loading));
}

#[test]
fn a_request_that_cannot_be_sent_at_all_fails_at_the_client() {
    let Action::Fail(failure) = lost(&mut call(Given::default(), &[OPENAI]), Lost::ForGood, 1) else {
        panic!()
    };
    assert_eq!((failure.code, failure.layer, failure.phase), (Code::Network, Layer::Client, None));
}

#[test]
fn a_clock_of_the_platform_is_a_timeout_of_what_was_waited_for() {
    let once = Given { max_retries: Some(0), ..Given::default() };
    let Action::Fail(failure) = lost(&mut call(once, &[OPENAI]), Lost::Late, 300_000 - 1) else { panic!() };
    assert_eq!((failure.code, failure.phase), (Code::Timeout, Some(Phase::FirstByte)));
    let mut reading = call(once, &[OPENAI]);
    reading.handle(at(1000), Input::Start);
    reading.handle(at(1100), head(200));
    let end = reading.handle(at(200_000), Input::NetworkError(Lost::Late));
    let Action::Fail(failure) = end else { panic!("{end:?}") };
    assert_eq!((failure.code, failure.phase, failure.status), (Code::Timeout, Some(Phase::Idle), Some(200)));
}

#[test]
fn without_a_network_a_stream_that_has_begun_is_cut_and_one_that_has_not_waits() {
    for cause in [Lost::Offline, Lost::Suspended] {
        let mut begun = streaming(&[OPENAI]);
        begun.handle(at(1150), Input::Begun);
        let Action::Fail(failure) = begun.handle(at(1200), Input::NetworkError(cause)) else { panic!() };
        assert_eq!(failure.code, Code::StreamTruncated);
        let mut waiting = streaming(&[OPENAI]);
        let action = waiting.handle(at(1200), Input::NetworkError(cause));
        let is_parked = matches!(action, Action::Park(Wait { reason: WaitReason::Offline, .. }));
        assert_eq!(is_parked, cause == Lost::Offline);
        assert!(is_parked || waits_for(action) == Some(WaitReason::Backoff), "{action:?}");
        assert!(matches!(
            waiting.record().attempts()[0].outcome,
            Outcome::Failed(Code::Network, Layer::Network)
        ));
    }
}

#[test]
fn a_call_that_is_back_from_a_lost_network_waits_no_longer_than_it_was_away() {
    let mut call = call(Given::default(), &[OPENAI]);
    assert!(matches!(lost(&mut call, Lost::Offline, 1), Action::Park(_)));
    let Action::Wait(wait) = call.handle(at(3001), Input::Online) else { panic!() };
    assert!(wait.until >= at(3001) && wait.until < at(5002), "{wait:?}");
    assert_eq!(wait.until, at(3001) + wait.span);
}

#[test]
fn the_network_ends_no_wait_but_the_one_for_it() {
    let mut call = call(Given::default(), &[OPENAI]);
    let wait = lost(&mut call, Lost::Unsaid, 1);
    assert_eq!(call.handle(at(1001), Input::Online), wait);
    let mut call = self::call(Given::default(), &[OPENAI]);
    lost(&mut call, Lost::Offline, 1);
    let wait = call.handle(at(3001), Input::Online);
    assert_eq!(call.handle(at(3002), Input::Online), wait, "it is back already");
}

#[test]
fn a_call_that_wakes_with_the_machine_waits_no_longer_than_its_attempt_took() {
    let mut call = call(Given::default(), &[OPENAI]);
    let Action::Wait(wait) = lost(&mut call, Lost::Suspended, 2000) else { panic!() };
    assert!(wait.until >= at(3000) && wait.until < at(5001), "{wait:?}");
    assert_eq!((wait.until, wait.reason), (at(3000) + wait.span, WaitReason::Backoff));
}

#[test]
fn a_machine_that_wakes_after_the_deadline_sends_nothing_more() {
    let mut call = call(Given::default(), &[OPENAI]);
    let Action::Fail(failure) = lost(&mut call, Lost::Suspended, 300_000) else { panic!() };
    assert_eq!((failure.code, failure.layer), (Code::Network, Layer::Network));
}

#[test]
fn a_timeout_before_the_headers_is_the_engines_if_its_origin_answers_meanwhile() {
    for (reached, layer) in [(false, Layer::Network), (true, Layer::Compute)] {
        let once = Given { max_retries: Some(0), ..Given::default() };
        let mut call = call(once, &[OPENAI]);
        call.handle(at(1000), Input::Start);
        if reached {
            assert!(matches!(call.handle(at(11_000), Input::Reached), Action::Send(_)));
        }
        let Action::Fail(failure) = call.handle(at(21_000), Input::TimedOut(Phase::Connect)) else {
            panic!()
        };
        assert_eq!((failure.code, failure.layer), (Code::Timeout, layer));
        assert_eq!(call.record().attempts()[0].reached, reached);
    }
}
