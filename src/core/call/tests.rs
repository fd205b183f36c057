//! The transitions one by one; whole conversations are in `tests/native`.

mod cold;
mod refusals;

use super::*;
use crate::core::admission::connections::{Known, Origin};
use crate::core::admission::coordinator::Rules;
use crate::core::admission::limiter;
use crate::core::policy::{Given, Hold};
use crate::core::stats::alert::AlertRule;
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

/// What a call answers whose request was lost at once, this long after the start.
fn lost(call: &mut Lone, lost: Lost, ms: u64) -> Action {
    call.handle(at(1000), Input::Start);
    call.handle(at(1000 + ms), Input::NetworkError(lost))
}

fn waits_for(action: Action) -> Option<WaitReason> {
    if let Action::Wait(wait) = action { Some(wait.reason) } else { None }
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

#[test]
fn a_server_that_says_to_retry_is_believed_where_the_answer_alone_would_end_the_call() {
    for (says, status, is_retried) in
        [(Some(true), 400, true), (None, 400, false), (Some(false), 503, false), (None, 503, true)]
    {
        let mut call = call(Given::default(), &[OPENAI]);
        call.handle(at(1000), Input::Start);
        call.handle(at(2100), Input::Head(Head { status, should_retry: says, ..Head::default() }));
        let action = call.handle(at(2101), said("no"));
        assert_eq!(matches!(action, Action::Wait(_)), is_retried, "{says:?} {status}");
    }
}

#[test]
fn a_server_that_says_to_retry_changes_nothing_about_how_often() {
    // Out of memory: once more at most.
    let mut call = call(Given::default(), &[OPENAI]);
    let (mut now, mut sent) = (at(1000), 0);
    let mut action = call.handle(now, Input::Start);
    while !matches!(action, Action::Fail(_)) {
        action = match action {
            Action::Send(_) => {
                sent += 1;
                now = now + Duration::from_secs(2);
                let head = Head { status: 500, should_retry: Some(true), ..Head::default() };
                call.handle(now, Input::Head(head));
                call.handle(now, said("cuda out of memory"))
            }
            Action::Wait(wait) => {
                now = wait.until;
                call.handle(now, Input::Woke)
            }
            other => panic!("{other:?}"),
        };
    }
    assert_eq!(sent, 2);
}

/// Calls that share a target, each made and started when it is asked for.
struct Crowd {
    shared: Shared,
    policy: Policy,
    calls: u32,
}

impl Crowd {
    fn new(rules: Rules, concurrency: limiter::Rule, given: Given) -> Self {
        let mut shared = Shared::new(rules, concurrency, AlertRule::default(), 1);
        shared.grow(0);
        Self { shared, policy: Policy::new(given).unwrap(), calls: 0 }
    }

    fn start(&mut self, now: Instant) -> (Call, Action) {
        self.calls += 1;
        let mut call = Call::new(self.policy, vec![OPENAI_ALONE], self.calls.into(), now, self.calls);
        let action = call.handle(now, Input::Start, &mut self.shared);
        (call, action)
    }

    /// A call that is sent, answered with 200, and done.
    fn answer(&mut self, now: Instant) {
        let (mut call, action) = self.start(now);
        assert!(matches!(action, Action::Send(_)), "{action:?}");
        call.handle(now, head(200), &mut self.shared);
        assert_eq!(call.handle(now, Input::Body(Body::default()), &mut self.shared), Action::Deliver);
    }

    fn is_open(&mut self, now: Instant) -> bool {
        let (mut call, action) = self.start(now);
        call.handle(now, Input::Aborted, &mut self.shared);
        matches!(action, Action::Fail(Failure { code: Code::CircuitOpen, .. }))
    }
}

const OPENAI_ALONE: Target = Target { shared: 0, profile: Profile::OpenAi, shares_credentials: true };

const ONE_AT_ONCE: limiter::Rule = limiter::Rule { min: 1, max: 1, queue: 10 };

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
