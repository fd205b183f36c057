//! The clocks of a call: which of them ends what, and what that is called.

use super::{error, nothing};
use crate::virtual_clock::{Conversation, Reply, ms, policy, secs, status};
use query_with_retry::core::failure::{Code, Layer, Phase};
use query_with_retry::core::policy::{Given, Policy};

fn given(given: Given) -> Conversation {
    Conversation::with(policy(given))
}

#[test]
fn silence_ends_with_the_attempt_and_a_second_one_ends_the_call() {
    let call = Conversation::with(Policy::default()).script(&[Reply::Silence]);
    assert!(call.ends_with(Code::Timeout, Some(Phase::Attempt)));
    assert_eq!((call.sent.len(), call.failure().layer), (2, Layer::Compute));
    assert!(call.took > secs(240) && call.took <= secs(241), "{:?}", call.took);
}

#[test]
fn a_last_probe_that_has_no_time_left_to_be_answered_ends_the_wait_for_the_model() {
    let call = given(Given { total: Some(ms(700)), ..Given::default() });
    let call = call.script(&[super::loading(None), super::loading(None), Reply::Silence]);
    assert!(call.ends_with(Code::ModelLoading, Some(Phase::Total)), "{:?}", call.end);
    assert_eq!(call.took, ms(700));
    // With time enough it is the answer that did not come.
    let call = given(Given { total: Some(secs(20)), ..Given::default() });
    let call = call.script(&[super::loading(None), Reply::Silence]);
    assert!(call.ends_with(Code::Timeout, Some(Phase::Total)), "{:?}", call.end);
}

#[test]
fn a_first_byte_clock_ends_silence_sooner() {
    let call = given(Given { first_byte: Some(secs(5)), ..Given::default() });
    let late_body =
        |code| Reply::Drips { head: status(code), head_after: secs(1), body: nothing(), every: secs(99) };
    for reply in [Reply::Silence, late_body(200)] {
        let call = call.script(std::slice::from_ref(&reply));
        assert!(call.ends_with(Code::Timeout, Some(Phase::FirstByte)), "{reply:?}: {:?}", call.end);
        assert_eq!(call.record.attempts()[0].duration, secs(5));
    }
    let answered = Reply::Answers {
        head: status(200),
        head_after: secs(4),
        body: crate::read::of_success("{}", "application/json"),
        body_after: ms(999),
    };
    assert!(call.script(&[answered]).is_delivered());
}

#[test]
fn a_gap_in_the_body_ends_with_the_idle_clock_and_is_of_the_network() {
    let stalls = |every| Reply::Drips { head: status(200), head_after: secs(1), body: nothing(), every };
    let call = given(Given { idle: Some(secs(3)), attempt: Some(secs(50)), ..Given::default() });
    // The first piece comes when it comes; the second is late.
    let stalled = call.script(&[stalls(secs(4))]);
    assert!(stalled.ends_with(Code::Timeout, Some(Phase::Idle)));
    assert_eq!((stalled.failure().layer, stalled.failure().status), (Layer::Network, Some(200)));
    assert_eq!(stalled.record.attempts()[0].duration, secs(8));
    // Never idle, and yet without end.
    let dripping = call.script(&[stalls(secs(1))]);
    assert!(dripping.ends_with(Code::Timeout, Some(Phase::Attempt)));
    assert_eq!((dripping.sent.len(), dripping.record.attempts()[0].duration), (2, secs(50)));
}

#[test]
fn the_total_ends_everything_and_nothing_follows_it() {
    let limits = Given { total: Some(secs(10)), attempt: Some(secs(10)), ..Given::default() };
    let drips =
        |code| Reply::Drips { head: status(code), head_after: secs(1), body: nothing(), every: secs(1) };
    for reply in [Reply::Silence, drips(200)] {
        let call = given(limits).script(std::slice::from_ref(&reply));
        assert!(call.ends_with(Code::Timeout, Some(Phase::Total)), "{reply:?}: {:?}", call.end);
        assert_eq!((call.sent.len(), call.took), (1, secs(10)));
    }
}

#[test]
fn an_attempt_that_begins_late_has_only_what_is_left() {
    let limits = Given { total: Some(secs(30)), attempt: Some(secs(20)), ..Given::default() };
    let call = given(limits).script(&[Reply::Silence]);
    assert!(call.ends_with(Code::Timeout, Some(Phase::Total)), "{:?}", call.end);
    assert_eq!((call.sent.len(), call.took), (2, secs(30)));
}

#[test]
fn an_answer_within_its_clocks_is_never_ended() {
    let call = Conversation::with(Policy::default());
    assert!(call.script(&[Reply::ok(ms(119_999))]).is_delivered());
    let limits = Given { attempt: Some(secs(300)), ..Given::default() };
    assert!(given(limits).script(&[Reply::ok(ms(299_999))]).is_delivered());
}

#[test]
fn an_abort_stops_every_state_at_once_and_for_good() {
    let script = [error(500), super::loading(None), Reply::ok(secs(5))];
    let whole = Conversation::with(Policy::default()).script(&script);
    assert!(whole.is_delivered());
    for percent in 0..100 {
        let aborts_after = Some(whole.took.scaled(percent, 100));
        let call = Conversation { aborts_after, ..Conversation::with(Policy::default()) }.script(&script);
        assert_eq!(call.end, query_with_retry::core::call::Action::Abandon);
        assert_eq!(Some(call.took), aborts_after, "{percent} %");
    }
    let before_it_began = Conversation { aborts_after: Some(ms(0)), ..Conversation::with(Policy::default()) };
    assert_eq!(before_it_began.script(&script).record.attempts().len(), 1);
}
