//! Several calls to one target: their permits, their waits, and what opens the circuit.

use super::*;

#[test]
fn a_sign_of_life_keeps_the_permit_of_a_call_in_flight() {
    let rules = Rules { lease: Some(Duration::from_secs(10)), ..Rules::default() };
    for is_renewed in [false, true] {
        let mut crowd = Crowd::new(rules, ONE_AT_ONCE, Given::default());
        let (first, action) = crowd.start(at(0));
        assert!(matches!(action, Action::Send(_)));
        if is_renewed {
            first.renew(at(8_000), &mut crowd.shared);
        }
        let (_, action) = crowd.start(at(11_000));
        assert_eq!(matches!(action, Action::Park(_)), is_renewed, "{action:?}");
    }
}

#[test]
fn a_sign_of_life_takes_no_permit_back_that_was_lent_to_the_next_call() {
    let rules = Rules { lease: Some(Duration::from_secs(10)), ..Rules::default() };
    let mut crowd = Crowd::new(rules, ONE_AT_ONCE, Given { streamed: true, ..Given::default() });
    let (mut first, _) = crowd.start(at(0));
    let stream = Head { status: 200, events: true, ..Head::default() };
    first.handle(at(10), Input::Head(stream), &mut crowd.shared);
    first.handle(at(20), Input::Begun, &mut crowd.shared);
    first.handle(at(3_000), Input::HeldUp { away: true }, &mut crowd.shared);
    first.renew(at(8_000), &mut crowd.shared);
    let (_, action) = crowd.start(at(8_001));
    assert!(matches!(action, Action::Send(_)), "{action:?}");
}

/// How a call ends that waits in vain behind the first one.
fn waited_in_vain(concurrency: limiter::Rule, given: Given, is_cold: bool) -> Failure {
    let mut crowd = Crowd::new(Rules::default(), concurrency, given);
    let (mut first, _) = crowd.start(at(0));
    if is_cold {
        first.handle(at(10), head(503), &mut crowd.shared);
        let wait = first.handle(at(11), said("model x is currently loading"), &mut crowd.shared);
        assert!(matches!(wait, Action::Wait(_)));
    }
    let (mut second, action) = crowd.start(at(20));
    let Action::Park(wait) = action else { panic!("{action:?}") };
    let end = second.handle(wait.until, Input::Woke, &mut crowd.shared);
    let Action::Fail(failure) = end else { panic!("{end:?}") };
    failure
}

#[test]
fn a_call_that_waits_in_vain_says_for_what_and_which_clock_ran_out() {
    let short = Given { max_wait: Some(Duration::from_secs(30)), ..Given::default() };
    let total = Given {
        attempt: Some(Duration::from_secs(20)),
        total: Some(Duration::from_secs(30)),
        ..Given::default()
    };
    for (given, is_cold, code, phase) in [
        (short, true, Code::ModelLoading, Phase::Wait),
        (total, true, Code::ModelLoading, Phase::Total),
        (Given { max_wait: total.total, ..total }, true, Code::ModelLoading, Phase::Total),
        (
            Given { attempt: None, total: Some(Duration::from_secs(200)), ..total },
            false,
            Code::Timeout,
            Phase::Queue,
        ),
    ] {
        let failure = waited_in_vain(ONE_AT_ONCE, given, is_cold);
        let found = (failure.code, failure.layer, failure.phase);
        assert_eq!(found, (code, Layer::Compute, Some(phase)));
    }
}

#[test]
fn a_timeout_of_an_attempt_that_had_next_to_no_time_opens_no_circuit() {
    for (secs, opens) in [(4, false), (5, true)] {
        let given = Given { total: Some(Duration::from_secs(secs)), ..Given::default() };
        let mut crowd = Crowd::new(Rules::default(), limiter::Rule::default(), given);
        for nth in 0..5 {
            let (mut call, action) = crowd.start(at(nth * 10_000));
            assert!(matches!(action, Action::Send(_)), "{nth} {action:?}");
            let end = at(nth * 10_000 + secs * 1000);
            let action = call.handle(end, Input::TimedOut(Phase::Total), &mut crowd.shared);
            assert!(matches!(action, Action::Fail(_)));
        }
        assert_eq!(crowd.is_open(at(46_000)), opens, "{secs} s");
    }
}

#[test]
fn a_timeout_of_a_request_that_may_never_have_been_sent_opens_no_circuit() {
    for (few, reached, opens) in [(true, false, false), (true, true, true), (false, false, true)] {
        let given = Given { max_retries: Some(0), ..Given::default() };
        let mut crowd = Crowd::new(Rules::default(), limiter::Rule::default(), given);
        if few {
            crowd.shared.belongs(0, &std::rc::Rc::default(), 0);
        }
        for nth in 0..5 {
            let (mut call, action) = crowd.start(at(nth * 70_000));
            assert!(matches!(action, Action::Send(_)), "{nth} {action:?}");
            if reached {
                call.handle(at(nth * 70_000 + 15_000), Input::Reached, &mut crowd.shared);
            }
            call.handle(at(nth * 70_000 + 60_000), Input::TimedOut(Phase::FirstByte), &mut crowd.shared);
        }
        assert_eq!(crowd.is_open(at(341_000)), opens, "{few} {reached}");
    }
}

#[test]
fn a_timeout_in_connect_opens_no_circuit_where_other_code_may_hold_the_few_connections() {
    let rows = [
        (Known::Few, Phase::Connect, false, false),
        (Known::Few, Phase::Connect, true, true),
        (Known::Few, Phase::FirstByte, false, true),
        (Known::Nothing, Phase::Connect, false, true),
        (Known::Many, Phase::Connect, false, true),
    ];
    for (known, phase, reached, opens) in rows {
        let given = Given { max_retries: Some(0), streamed: true, ..Given::default() };
        let mut crowd = Crowd::new(Rules::default(), limiter::Rule::default(), given);
        let origin = std::rc::Rc::<Origin>::default();
        origin.learn(known);
        crowd.shared.belongs(0, &origin, 0);
        crowd.answer(at(1));
        for nth in 1..6 {
            let (mut call, action) = crowd.start(at(nth * 70_000));
            assert!(matches!(action, Action::Send(_)), "{nth} {action:?}");
            if reached {
                call.handle(at(nth * 70_000 + 15_000), Input::Reached, &mut crowd.shared);
            }
            call.handle(at(nth * 70_000 + 60_000), Input::TimedOut(phase), &mut crowd.shared);
        }
        assert_eq!(crowd.is_open(at(411_000)), opens, "{known:?} {phase:?} {reached}");
    }
}

#[test]
fn a_call_that_fails_again_while_others_are_answered_opens_no_circuit() {
    for (others, opens) in [(true, false), (false, true)] {
        let given = Given { max_retries: Some(9), ..Given::default() };
        let rules = Rules { budget: None, ..Rules::default() };
        let mut crowd = Crowd::new(rules, limiter::Rule::default(), given);
        let (mut call, mut action) = crowd.start(at(0));
        let mut now = at(0);
        for nth in 0..5 {
            assert!(matches!(action, Action::Send(_)), "{nth} {action:?}");
            call.handle(now, head(500), &mut crowd.shared);
            let failed = call.handle(now, said("it failed"), &mut crowd.shared);
            let Action::Wait(wait) = failed else {
                assert_eq!(nth, 4, "{failed:?}");
                break;
            };
            now = wait.until + Duration::from_ms(1);
            if others {
                crowd.answer(now);
            }
            now = now + Duration::from_ms(1);
            action = call.handle(now, Input::Woke, &mut crowd.shared);
        }
        assert_eq!(crowd.is_open(now), opens, "{others}");
    }
}
