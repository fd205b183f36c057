//! Calls that wait for a cold model or at a closed port.

use super::*;

const SECOND: u64 = 1_000;

/// Two calls to one target. The first one finds it down, or its model loading, and leads; the second one is parked.
struct Pair {
    shared: Shared,
    first: Call,
    /// When the first one probes.
    probe: Instant,
    second: Call,
    wait: Wait,
}

impl Pair {
    fn new(given: Given, target: Target, down: Input) -> Self {
        let mut shared = Shared::without_limits(2);
        let new = |id: u32| Call::new(Policy::new(given).unwrap(), vec![target], id.into(), at(0), id);
        let (mut first, mut second) = (new(1), new(2));
        assert!(matches!(first.handle(at(0), Input::Start, &mut shared), Action::Send(_)));
        if matches!(down, Input::Body(_)) {
            first.handle(at(10), head(503), &mut shared);
        }
        let waits = first.handle(at(11), down, &mut shared);
        let Action::Wait(Wait { until: probe, reason: WaitReason::Loading, .. }) = waits else {
            panic!("{waits:?}")
        };
        let parked = second.handle(at(20), Input::Start, &mut shared);
        let Action::Park(wait) = parked else { panic!("{parked:?}") };
        assert_eq!(wait.reason, WaitReason::Loading);
        Self { shared, first, probe, second, wait }
    }

    fn loading(given: Given) -> Self {
        Self::new(given, OPENAI, said("model x is currently loading"))
    }

    fn closed(given: Given) -> Self {
        Self::new(given, OPENAI, Input::NetworkError(Lost::Refused))
    }

    fn first(&mut self, now: Instant, input: Input) -> Action {
        self.first.handle(now, input, &mut self.shared)
    }

    fn second(&mut self, now: Instant, input: Input) -> Action {
        self.second.handle(now, input, &mut self.shared)
    }

    fn probes(&mut self) {
        let probe = self.first(self.probe, Input::Woke);
        assert!(matches!(probe, Action::Send(_)), "{probe:?}");
    }

    /// The first call's probe is answered.
    fn comes_up(&mut self) {
        self.probes();
        let soon = self.probe + Duration::from_ms(9);
        self.first(soon, head(200));
        assert_eq!(self.first(soon, Input::Body(Body::default())), Action::Deliver);
    }
}

fn patient(secs: u64) -> Given {
    Given { max_wait: Some(Duration::from_secs(secs)), ..Given::default() }
}

#[test]
fn a_wake_changes_nothing_about_how_long_a_call_waits_for_a_cold_model() {
    let mut pair = Pair::loading(patient(60));
    assert_eq!(pair.wait.until, at(60 * SECOND + 20));
    for secs in [1, 2, 3] {
        let wait = pair.wait;
        assert_eq!(pair.second(at(secs * SECOND), Input::Woke), Action::Park(wait));
    }
}

#[test]
fn a_wake_changes_nothing_about_how_long_a_call_waits_at_a_closed_port() {
    let mut pair = Pair::closed(Given::default());
    let wait = pair.wait;
    assert!(wait.until < at(20 * SECOND), "{wait:?}");
    assert_eq!(pair.second(at(SECOND), Input::Woke), Action::Park(wait));
}

#[test]
fn a_call_at_a_closed_port_waits_as_long_as_for_a_cold_model_once_the_port_is_open() {
    let mut pair = Pair::closed(patient(60));
    pair.probes();
    let soon = pair.probe + Duration::from_ms(9);
    pair.first(soon, head(503));
    let again = pair.first(soon, said("model x is currently loading"));
    assert!(matches!(again, Action::Wait(_)), "{again:?}");
    let Action::Park(wait) = pair.second(soon, Input::Woke) else { panic!() };
    assert_eq!(wait.until, at(60 * SECOND + 20));
}

#[test]
fn a_call_whose_patience_is_over_is_sent_if_the_model_is_up_and_not_without_time_left() {
    for (total, is_sent) in [(300, true), (60, false)] {
        let given = Given {
            attempt: Some(Duration::from_secs(30)),
            total: Some(Duration::from_secs(total)),
            ..patient(60)
        };
        let mut pair = Pair::loading(given);
        pair.comes_up();
        let until = pair.wait.until;
        let action = pair.second(until, Input::Woke);
        assert_eq!(matches!(action, Action::Send(_)), is_sent, "{action:?}");
    }
}

#[test]
fn a_leader_keeps_the_lead_as_long_as_its_host_was_asked_to_hold_the_probe() {
    let given = Given { hold: Some(Hold::For(Duration::from_secs(100))), ..Given::default() };
    let mut pair = Pair::new(given, ENDPOINT, said("model x is currently loading"));
    pair.probes();
    let later = pair.probe + Duration::from_secs(90);
    pair.shared.wake(later);
    assert_eq!((pair.shared.woken(), pair.shared.leader(0)), (None, Some(1)));
}

#[test]
fn a_closed_port_is_left_alone_for_as_long_as_its_gateway_asks() {
    // At an endpoint of Hugging Face a 503 says that the model is on its way.
    for (target, status) in [(ENDPOINT, 503), (OPENAI, 502)] {
        let seven = Some(Duration::from_secs(7));
        for (floor, resets) in [(seven, None), (None, seven)] {
            let mut call = call(Given::default(), &[target]);
            call.handle(at(1000), Input::Start);
            call.handle(at(1001), Input::Head(Head { status, floor, resets, ..Head::default() }));
            let action = call.handle(at(1002), Input::Body(Body::default()));
            let Action::Wait(wait) = action else { panic!("{action:?}") };
            assert_eq!(wait.reason, WaitReason::Loading);
            assert!(wait.span >= Duration::from_secs(7), "{status} {wait:?}");
        }
    }
}

#[test]
fn a_target_that_is_down_and_not_starting_is_left_alone_for_as_long_as_its_gateway_asks() {
    let given = Given { refused: Some(Duration::ZERO), ..Given::default() };
    let mut call = call(given, &[OPENAI]);
    call.handle(at(1000), Input::Start);
    let floor = Some(Duration::from_secs(7));
    call.handle(at(1001), Input::Head(Head { status: 502, floor, ..Head::default() }));
    let Action::Wait(wait) = call.handle(at(1002), Input::Body(Body::default())) else { panic!() };
    assert_eq!(wait.reason, WaitReason::Backoff);
    assert!(wait.span >= Duration::from_secs(7), "{wait:?}");
}

#[test]
fn a_clock_that_the_caller_switched_off_does_not_run() {
    for (connect, runs) in [(Some(Timeouts::NEVER), false), (None, true)] {
        let mut call = call(Given { connect, ..Given::default() }, &[OPENAI]);
        let Action::Send(send) = call.handle(at(1000), Input::Start) else { panic!() };
        assert_eq!(send.clocks.probe.is_some(), runs);
    }
}

#[test]
fn a_call_that_is_turned_away_says_how_it_failed_before_and_when_to_come_back() {
    let mut crowd = Crowd::new(Rules::default(), limiter::Rule::default(), Given::default());
    let (mut call, _) = crowd.start(at(0));
    call.handle(at(1_500), head(500), &mut crowd.shared);
    let Action::Wait(wait) = call.handle(at(1_501), said("it failed"), &mut crowd.shared) else { panic!() };
    for _ in 0..5 {
        let (mut other, _) = crowd.start(at(1_502));
        other.handle(at(1_503), head(500), &mut crowd.shared);
        other.handle(at(1_504), said("it failed"), &mut crowd.shared);
    }
    let end = call.handle(wait.until, Input::Woke, &mut crowd.shared);
    let Action::Fail(failure) = end else { panic!("{end:?}") };
    assert_eq!((failure.code, failure.status), (Code::EngineFailure, Some(500)));
    assert!(failure.retry_after.is_some_and(|left| left > Duration::from_secs(1)), "{failure:?}");
}

#[test]
fn a_last_probe_without_time_to_be_answered_ends_the_wait_for_the_model() {
    let given = Given { total: Some(Duration::from_secs(10)), ..Given::default() };
    for (took, code) in [(499, Code::ModelLoading), (500, Code::Timeout)] {
        let mut call = call(given, &[OPENAI]);
        call.handle(at(1000), Input::Start);
        call.handle(at(1010), head(503));
        let Action::Wait(wait) = call.handle(at(1011), said("model x is currently loading")) else {
            panic!()
        };
        assert!(matches!(call.handle(wait.until, Input::Woke), Action::Send(_)));
        let end = call.handle(wait.until + Duration::from_ms(took), Input::TimedOut(Phase::Total));
        assert!(matches!(end, Action::Fail(failure) if failure.code == code), "{end:?}");
    }
    // Another clock than that of the call, or a call that never heard that the model is loading.
    let mut never = call(given, &[OPENAI]);
    never.handle(at(1000), Input::Start);
    let end = never.handle(at(1_400), Input::TimedOut(Phase::Total));
    assert!(matches!(end, Action::Fail(Failure { code: Code::Timeout, .. })), "{end:?}");
}

#[test]
fn a_call_at_a_closed_port_whose_patience_is_over_waits_for_a_probe_that_is_under_way_and_no_longer() {
    for is_probing in [true, false] {
        let mut pair = Pair::closed(Given::default());
        let given = Given { refused: Some(Duration::from_secs(1)), ..Given::default() };
        let mut hasty = Call::new(Policy::new(given).unwrap(), vec![OPENAI], 3, at(20), 3);
        let parked = hasty.handle(at(20), Input::Start, &mut pair.shared);
        assert!(matches!(parked, Action::Park(wait) if wait.until == at(2_000)), "{parked:?}");
        assert!((1_000..2_000).contains(&pair.probe.since(at(0)).as_ms()), "{:?}", pair.probe);
        if is_probing {
            pair.probes();
        }
        match hasty.handle(pair.probe, Input::Woke, &mut pair.shared) {
            Action::Park(_) => assert!(is_probing),
            Action::Fail(failure) => assert!(!is_probing && failure.code == Code::Network, "{failure:?}"),
            action => panic!("{action:?}"),
        }
    }
}

#[test]
fn a_port_that_closes_again_after_others_were_answered_is_a_failure_of_this_call() {
    for is_answered in [true, false] {
        let mut crowd = Crowd::new(Rules::default(), limiter::Rule::default(), Given::default());
        let (mut call, _) = crowd.start(at(0));
        let (mut other, _) = crowd.start(at(5));
        let refused = Input::NetworkError(Lost::Refused);
        let Action::Wait(wait) = call.handle(at(10), refused.clone(), &mut crowd.shared) else { panic!() };
        if is_answered {
            other.handle(at(20), head(200), &mut crowd.shared);
            other.handle(at(20), Input::Body(Body::default()), &mut crowd.shared);
        }
        assert!(matches!(call.handle(wait.until, Input::Woke, &mut crowd.shared), Action::Send(_)));
        let again = call.handle(wait.until, refused, &mut crowd.shared);
        let reason = if is_answered { WaitReason::Backoff } else { WaitReason::Loading };
        assert_eq!(waits_for(again), Some(reason));
    }
}

#[test]
fn a_call_that_hears_of_loading_after_another_one_follows_it_if_it_is_patient() {
    for (max_wait, follows) in [(60, true), (0, false)] {
        let mut crowd = Crowd::new(Rules::default(), limiter::Rule::default(), patient(max_wait));
        let (mut first, _) = crowd.start(at(0));
        let (mut second, _) = crowd.start(at(0));
        let actions = [&mut first, &mut second].map(|call| {
            call.handle(at(10), head(503), &mut crowd.shared);
            call.handle(at(11), said("model x is currently loading"), &mut crowd.shared)
        });
        match actions[1] {
            Action::Park(wait) => assert!(follows && wait.reason == WaitReason::Loading, "{wait:?}"),
            Action::Fail(failure) => {
                assert!(!follows);
                assert_eq!((failure.code, failure.phase), (Code::ModelLoading, Some(Phase::Wait)));
            }
            action => panic!("{action:?}"),
        }
    }
}
