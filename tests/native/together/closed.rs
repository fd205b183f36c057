//! A port that is closed, or that of the engine behind a gateway: for a while that is an engine which is still starting.

use super::ok;
use super::world::{Caller, Crowd, Meeting, target};
use crate::read;
use crate::virtual_clock::{Reply, ms, policy, secs, status};
use query_with_retry::core::failure::Code;
use query_with_retry::core::policy::Given;
use query_with_retry::core::time::Duration;

const SEEDS: u64 = 100;

fn refused() -> Reply {
    Reply::Refuses { after: ms(2) }
}

fn bad_gateway() -> Reply {
    let page = "<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>";
    Reply::after(ms(2), status(502), read::of_error(page))
}

/// Requests before it was up.
fn in_vain(meeting: &Meeting, up: Duration) -> usize {
    meeting.sent.iter().filter(|sent| sent.at < up).count()
}

#[test]
fn an_engine_is_answered_within_a_second_and_a_quarter_of_the_time_that_its_port_was_closed() {
    for closed in [refused, bad_gateway] {
        for (seconds, count) in [(1, 1), (3, 1), (8, 1), (14, 1), (3, 20), (8, 20), (14, 20)] {
            for seed in 0..SEEDS {
                let up = secs(seconds);
                let crowd = Crowd::at_once(count).seeded(seed);
                let mut meeting = crowd.against(|asked| if asked.at < up { closed() } else { ok() });
                assert_eq!(meeting.delivered(), count, "{seconds} s, {count} calls, seed {seed}");
                let first = meeting.calls.iter().map(|call| call.took).min().unwrap();
                assert!(first <= up + secs(1) + up.scaled(28, 100) + ms(400), "{seconds} s: {first:?}");
                let most = if count == 1 { 9 } else { 13 };
                assert!(in_vain(&meeting, up) <= most, "{seconds} s: {}", in_vain(&meeting, up));
                assert_eq!(meeting.left_over(0), (0, 0));
            }
        }
    }
}

#[test]
fn a_port_that_never_opens_is_given_up_after_fifteen_seconds_by_everybody() {
    for count in [1, 20] {
        for seed in 0..SEEDS {
            let mut meeting = Crowd::at_once(count).seeded(seed).against(|_| refused());
            for call in &meeting.calls {
                assert!(call.failed_by(Code::Network, None), "{:?}", call.end);
                assert!((secs(15)..=secs(16)).contains(&call.took), "{:?}", call.took);
            }
            assert!(meeting.sent.len() <= 16, "{count} calls: {}", meeting.sent.len());
            assert_eq!(meeting.left_over(0), (0, 0));
        }
    }
}

#[test]
fn an_engine_that_has_answered_before_is_waited_for_as_long_as_a_cold_model() {
    let later = Caller::with(policy(Given::default())).coming(secs(1));
    let crowd = Crowd::of([Caller::with(policy(Given::default())), later]);
    let meeting =
        crowd.against(|asked| if asked.at < secs(1) || asked.at > secs(61) { ok() } else { refused() });
    assert_eq!(meeting.delivered(), 2);
    assert!(meeting.calls[1].took <= secs(78), "{:?}", meeting.calls[1].took);
    assert!(meeting.sent.len() <= 16, "{}", meeting.sent.len());
}

#[test]
fn how_long_is_the_callers_to_say_and_nothing_is_not_at_all() {
    let impatient = |refused| policy(Given { refused: Some(refused), ..Given::default() });
    let meeting = Crowd::of([Caller::with(impatient(secs(4)))]).against(|_| refused());
    assert!((secs(4)..secs(5)).contains(&meeting.calls[0].took), "{:?}", meeting.calls[0].took);
    let meeting = Crowd::of([Caller::with(impatient(ms(0)))]).against(|_| refused());
    assert_eq!(meeting.sent.len(), 4);
    assert!(meeting.calls[0].took < secs(2), "{:?}", meeting.calls[0].took);
}

#[test]
fn the_time_is_the_targets_so_that_a_dead_server_costs_nobody_its_own_fifteen_seconds() {
    let callers = (0..40).map(|nth| Caller::with(policy(Given::default())).coming(secs(nth)));
    let meeting = Crowd::of(callers).against(|_| refused());
    for call in &meeting.calls {
        let over = call.came + call.took;
        assert!(over <= secs(16) || call.took <= secs(2), "came {:?}, took {:?}", call.came, call.took);
    }
    let last = meeting.calls.last().unwrap();
    assert!(last.failed_by(Code::CircuitOpen, None) && last.took == ms(0), "{:?}", last.end);
}

#[test]
fn with_a_fallback_left_calls_wait_five_seconds_and_one_of_them_goes_on_probing() {
    let mut crowd = Crowd::at_once(10);
    for caller in &mut crowd.callers {
        caller.targets = vec![target(0), target(1)];
    }
    let meeting = crowd.against(|asked| if asked.target == 0 { refused() } else { ok() });
    assert_eq!(meeting.delivered(), 10);
    for call in &meeting.calls {
        assert!((secs(5)..=secs(7)).contains(&call.took), "{:?}", call.took);
    }
}

#[test]
fn a_connection_that_breaks_after_seconds_without_a_word_is_asked_for_once_more_and_at_once_as_usual() {
    for (after, attempts) in [(ms(5), 4), (secs(3), 2)] {
        let meeting = Crowd::at_once(1).against(|_| Reply::Resets { after });
        assert_eq!(meeting.sent.len(), attempts, "{after:?}");
    }
}

#[test]
fn a_payload_that_brings_down_the_engine_behind_its_gateway_harms_nobody_else_and_is_not_sent_for_ever() {
    for seed in 0..20 {
        let callers = (0..60).map(|nth| Caller::with(policy(Given::default())).coming(ms(nth * 1500)));
        let meeting = Crowd::of(callers)
            .seeded(seed)
            .against(|asked| if asked.who == 7 { bad_gateway() } else { ok() });
        for (nth, call) in meeting.calls.iter().enumerate().filter(|(nth, _)| *nth != 7) {
            assert!(call.is_delivered() && call.took < secs(6), "seed {seed}, {nth}: {:?}", call.took);
        }
        let sent = meeting.sent.iter().filter(|sent| sent.who == 7).count();
        assert!(sent <= 7, "seed {seed}: {sent}");
    }
}

#[test]
fn a_call_that_waits_for_the_probe_of_another_waits_for_its_answer_however_long_that_takes() {
    for seed in 0..SEEDS {
        let crowd = Crowd::at_once(20).seeded(seed);
        let meeting =
            crowd.against(|asked| if asked.at < secs(11) { refused() } else { Reply::ok(secs(40)) });
        assert_eq!(meeting.delivered(), 20, "seed {seed}");
    }
}

#[test]
fn one_payload_whose_connection_is_refused_harms_no_other_call() {
    for seed in 0..20 {
        let callers = (0..60).map(|nth| Caller::with(policy(Given::default())).coming(ms(nth * 700)));
        let crowd = Crowd::of(callers).seeded(seed);
        let meeting = crowd.against(|asked| if asked.who % 10 == 7 { refused() } else { ok() });
        for (nth, call) in meeting.calls.iter().enumerate().filter(|(nth, _)| nth % 10 != 7) {
            assert!(call.is_delivered() && call.took < secs(6), "seed {seed}, {nth}: {:?}", call.took);
        }
    }
}

#[test]
fn one_replica_of_several_that_refuses_costs_retries_and_not_the_target() {
    for (share, most) in [(20, ms(1500)), (4, ms(5000))] {
        for seed in 0..10 {
            let mut nth: u64 = seed;
            let callers = (0..400).map(|nth| Caller::with(policy(Given::default())).coming(ms(nth * 50)));
            let mut crowd = Crowd::of(callers).seeded(seed);
            crowd.rules.budget = None; // a quarter of failures is more than the budget pays for
            let meeting = crowd.against(|_| {
                nth = nth.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                if (nth >> 33).is_multiple_of(share) { refused() } else { Reply::ok(ms(200)) }
            });
            let failed = meeting.calls.iter().filter(|call| !call.is_delivered()).count();
            assert!(failed <= 8, "one of {share}, seed {seed}: {failed} of 400 fail");
            let mut took: Vec<_> = meeting.calls.iter().map(|call| call.took).collect();
            took.sort();
            assert!(took[380] <= most, "one of {share}, seed {seed}: {:?}", took[380]);
        }
    }
}

#[test]
fn an_impatient_leader_speaks_for_nobody_else() {
    let given = |refused, max_wait| policy(Given { refused, max_wait: Some(max_wait), ..Given::default() });
    let leader = Caller::with(given(None, secs(2)));
    let others = (0..5).map(|_| Caller::with(policy(Given::default())).coming(ms(100)));
    let crowd = Crowd::of([leader].into_iter().chain(others));
    let meeting = crowd.against(|asked| if asked.at < secs(8) { refused() } else { ok() });
    assert_eq!(meeting.delivered(), 5);
    // The call with more patience goes on probing alone.
    let patient = Caller::with(given(Some(secs(25)), secs(60))).coming(ms(100));
    let crowd = Crowd::of([Caller::with(policy(Given::default())), patient]);
    let meeting = crowd.against(|asked| if asked.at < secs(20) { refused() } else { ok() });
    assert!(!meeting.calls[0].is_delivered() && meeting.calls[1].is_delivered());
}

#[test]
fn a_gap_of_three_seconds_in_the_middle_of_traffic_loses_no_call_whatever_the_gateway_says() {
    let page = |code: u16, words: &str| Reply::after(ms(2), status(code), read::of_error(words));
    let says = [
        (503, "<html><title>503 Service Temporarily Unavailable</title><center>nginx</center></html>"),
        (503, "failure to get a peer from the ring-balancer"),
        (502, "<html><title>502 Bad Gateway</title></html>"),
        (530, "error code: 1033"),
        (503, r#"{"error":"No available workers"}"#),
        (521, "Web server is down"),
        (500, r#"{"error":{"message":"litellm.InternalServerError: OpenAIException - Connection error."}}"#),
    ];
    for (code, words) in says {
        for seed in 0..10 {
            let callers = (0..80).map(|nth| Caller::with(policy(Given::default())).coming(ms(nth * 250)));
            let meeting = Crowd::of(callers).seeded(seed).against(|asked| {
                if asked.at > secs(6) && asked.at < secs(9) { page(code, words) } else { Reply::ok(ms(200)) }
            });
            assert_eq!(meeting.delivered(), 80, "{code} {words}, seed {seed}");
            let slowest = meeting.calls.iter().map(|call| call.took).max();
            assert!(slowest <= Some(secs(8)), "{code} {words}, seed {seed}: {slowest:?}");
        }
    }
}
