//! Timers that ring late or early, clocks that stand still or jump, inputs that do not fit.

use super::{error, loading, ok};
use crate::virtual_clock::{BEGAN, Conversation, Lone, Reply, ms, policy, secs, status};
use query_with_retry::core::call::{Action, Input, Lost, Target};
use query_with_retry::core::classify::Body;
use query_with_retry::core::failure::{Code, Phase};
use query_with_retry::core::policy::{Given, Policy};
use query_with_retry::core::target::Profile;
use query_with_retry::core::time::Instant;

fn call(policy: Policy) -> Lone {
    Lone::new(policy, vec![Target { shared: 0, profile: Profile::OpenAi, shares_credentials: true }], 1)
}

fn answer() -> Input {
    Input::Body(Body { of_engine: true, ..Body::default() })
}

#[test]
fn timers_that_ring_a_minute_late_cost_a_minute_each_and_no_more() {
    for script in
        [vec![error(500), ok()], vec![loading(None), loading(None), ok()], vec![Reply::Silence, ok()]]
    {
        let call = Conversation { late: secs(60), ..Conversation::with(Policy::default()) }.script(&script);
        assert!(call.is_delivered(), "{:?}", call.end);
    }
}

#[test]
fn a_call_that_is_woken_after_its_deadline_sends_nothing_more() {
    let limits = policy(Given { total: Some(secs(30)), ..Given::default() });
    for (script, code) in [([error(500), ok()], Code::Timeout), ([loading(None), ok()], Code::ModelLoading)] {
        let call = Conversation { late: secs(60), ..Conversation::with(limits) }.script(&script);
        assert!(call.ends_with(code, Some(Phase::Total)), "{:?}", call.end);
        assert_eq!(call.sent.len(), 1);
        assert!(call.took < secs(90), "{:?}", call.took);
    }
}

#[test]
fn a_call_that_learns_of_its_deadline_late_falls_back_no_more() {
    let limits = policy(Given { total: Some(secs(30)), attempt: Some(secs(30)), ..Given::default() });
    let mut late = Conversation { late: secs(60), ..Conversation::with(limits) };
    late.targets = vec![Target { shared: 0, profile: Profile::OpenAi, shares_credentials: true }; 2];
    let call = late.script(&[Reply::Silence]);
    assert!(call.ends_with(Code::Timeout, Some(Phase::Total)), "{:?}", call.end);
    assert_eq!(call.route(), [0]);
}

#[test]
fn timers_that_ring_early_change_nothing() {
    let script = [error(500), loading(None), error(429), ok()];
    for early in [1, 5, 20, 700] {
        let on_time = Conversation::with(Policy::default()).script(&script);
        let hasty =
            Conversation { early: ms(early), ..Conversation::with(Policy::default()) }.script(&script);
        assert_eq!(hasty.took, on_time.took);
        assert_eq!(hasty.sent.len(), on_time.sent.len());
    }
}

#[test]
fn a_clock_that_stands_still_keeps_a_wait_waiting() {
    let mut call = call(Policy::default());
    call.handle(BEGAN, Input::Start);
    call.handle(BEGAN, Input::Head(status(500)));
    let waits = call.handle(BEGAN, Input::Body(Body::default()));
    let Action::Wait(wait) = waits else { panic!("{waits:?}") };
    for _ in 0..1000 {
        assert_eq!(call.handle(BEGAN, Input::Woke), waits);
    }
    assert!(matches!(call.handle(wait.until, Input::Woke), Action::Send(send) if send.attempt == 2));
}

#[test]
fn a_clock_that_stands_still_does_not_let_a_call_try_for_ever() {
    let mut call = call(Policy::default());
    let mut action = call.handle(BEGAN, Input::Start);
    let mut requests = 0;
    while let Action::Send(_) = action {
        requests += 1;
        call.handle(BEGAN, Input::Head(status(500)));
        action = call.handle(BEGAN, Input::Body(Body::default()));
        if let Action::Wait(wait) = action {
            action = call.handle(wait.until, Input::Woke);
        }
    }
    assert!(matches!(action, Action::Fail(failure) if failure.code == Code::EngineFailure));
    assert_eq!(requests, super::ALL_ATTEMPTS);
}

#[test]
fn an_answer_that_came_over_a_jump_of_the_clock_is_still_an_answer() {
    let mut call = call(Policy::default());
    call.handle(BEGAN, Input::Start);
    let later = BEGAN + secs(3600);
    assert_eq!(call.handle(later, Input::Head(status(200))), Action::Read { limit: None });
    assert_eq!(call.handle(later, answer()), Action::Deliver);
}

#[test]
fn an_error_that_came_over_a_jump_of_the_clock_is_the_last() {
    for status_code in [500, 429, 503, 504] {
        for text in ["", "model is loading"] {
            let mut call = call(Policy::default());
            call.handle(BEGAN, Input::Start);
            call.handle(BEGAN + secs(3600), Input::Head(status(status_code)));
            let body = Body { text: text.into(), ..Body::default() };
            let end = call.handle(BEGAN + secs(3600), Input::Body(body));
            assert!(matches!(end, Action::Fail(_)), "{status_code}, {text:?}: {end:?}");
        }
    }
}

#[test]
fn a_clock_that_runs_backwards_harms_nothing() {
    let mut call = call(Policy::default());
    call.handle(BEGAN, Input::Start);
    let past = Instant::from_ms(1);
    call.handle(past, Input::Head(status(500)));
    let action = call.handle(past, Input::Body(Body::default()));
    assert!(matches!(action, Action::Wait(_)));
    assert_eq!(call.record().attempts()[0].duration, ms(0));
    assert_eq!(call.handle(Instant::from_ms(0), Input::Woke), action);
}

#[test]
fn an_input_that_does_not_fit_gets_the_pending_action_again() {
    let mut call = call(Policy::default());
    let sent = call.handle(BEGAN, Input::Start);
    for odd in [Input::Start, Input::Woke, answer()] {
        assert_eq!(call.handle(BEGAN, odd), sent);
    }
    let reading = call.handle(BEGAN, Input::Head(status(503)));
    for odd in [Input::Start, Input::Woke, Input::Head(status(200))] {
        assert_eq!(call.handle(BEGAN, odd), reading);
    }
    let waiting = call.handle(BEGAN, Input::Body(Body::default()));
    for odd in [
        Input::Start,
        Input::NetworkError(Lost::Unsaid),
        Input::TimedOut(Phase::Total),
        Input::Head(status(200)),
        answer(),
    ] {
        assert_eq!(call.handle(BEGAN, odd), waiting);
    }
    assert_eq!(call.record().attempts().len(), 1);
}

#[test]
fn an_input_before_the_start_does_not_say_that_the_call_was_abandoned() {
    for early in [Input::Woke, Input::NetworkError(Lost::Unsaid), Input::Head(status(200)), answer()] {
        let mut call = call(Policy::default());
        let told = call.handle(BEGAN, early);
        let started = call.handle(BEGAN, Input::Start);
        assert!(
            told != Action::Abandon || started == Action::Abandon,
            "the terminal {told:?} was followed by {started:?}"
        );
    }
}

#[test]
fn an_abort_before_the_start_is_for_good() {
    let mut call = call(Policy::default());
    assert_eq!(call.handle(BEGAN, Input::Aborted), Action::Abandon);
    assert_eq!(call.handle(BEGAN, Input::Start), Action::Abandon);
    assert!(call.record().attempts().is_empty());
}
