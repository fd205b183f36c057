//! Which outcomes open the circuit, and how many of them.

use super::*;

#[test]
fn five_failures_within_thirty_seconds_open_the_circuit_and_four_do_not() {
    let mut bench = Bench::new();
    for nth in 0..5 {
        assert_eq!(bench.state(START + nth), State::Closed);
        bench.fails_at([START + nth]);
    }
    assert_eq!(bench.state(START + 4), State::Open);
}

#[test]
fn the_fifth_failure_opens_the_circuit_thirty_seconds_after_the_first_but_not_a_millisecond_later() {
    for start in [0, 1, 2_999, 3_000, START, START + 1_501] {
        let four = [0, 1, 15_000, 29_999].map(|after| start + after);
        assert!(is_open_after(four.into_iter().chain([start + 30_000])), "{start}");
        assert!(!is_open_after(four.into_iter().chain([start + 30_001])), "{start}");
    }
}

#[test]
fn five_failures_that_never_fit_into_thirty_seconds_never_open_the_circuit() {
    for apart in [7_501, 8_000, 30_000, 30_001, 61_000, HOUR] {
        assert!(!is_open_after((0..10_000).map(|nth| START + nth * apart)), "{apart}");
    }
    // Four at once, again and again.
    assert!(!is_open_after((0..10_000).map(|nth| START + nth / 4 * 30_001)));
    assert!(is_open_after((0..5).map(|nth| START + nth * 7_500)));
}

#[test]
fn old_failures_are_forgotten_even_if_the_breaker_was_not_asked_in_between() {
    for idle in [30_001, 60_000, HOUR, 1000 * HOUR] {
        let before = (0..4).map(|nth| START + nth);
        let after = (0..4).map(|nth| START + 4 + idle + nth);
        assert!(!is_open_after(before.chain(after)), "{idle}");
    }
}

#[test]
fn five_consecutive_timeouts_open_the_circuit_at_any_distance() {
    for apart in [0, 1, 30_001, 60_000, 300_000, HOUR, 24 * HOUR] {
        let mut bench = Bench::new();
        for nth in 0..5 {
            let now = START + nth * apart;
            assert_eq!(bench.state(now), State::Closed, "{apart}");
            bench.ends(now, LATE);
        }
        assert_eq!(bench.state(START + 4 * apart), State::Open, "{apart}");
    }
}

#[test]
fn five_consecutive_timeouts_open_the_circuit_though_a_thousand_calls_were_answered_just_before() {
    let mut bench = Bench::new();
    (0..1000).for_each(|nth| assert!(!bench.ends(START + nth, Verdict::Success)));
    (0..5).for_each(|nth| assert!(!bench.ends(START + 2000 + nth, LATE)));
    assert_eq!(bench.state(START + 3000), State::Open);
}

#[test]
fn any_answer_ends_the_row_of_timeouts() {
    for between in [Verdict::Success, FAILS] {
        let mut bench = Bench::new();
        for nth in 0..1000 {
            let verdict = if nth % 5 == 4 { between } else { LATE };
            bench.ends(START + nth * 61_000, verdict);
            assert_eq!(bench.state(START + nth * 61_000), State::Closed, "{between:?} {nth}");
        }
    }
}

#[test]
fn an_abort_between_timeouts_leaves_the_row_as_it_is() {
    let mut bench = Bench::new();
    for nth in 0..5 {
        bench.ends(START + nth * 61_000, LATE);
        bench.ends(START + nth * 61_000, Verdict::Ignored);
    }
    assert_eq!(bench.state(START + 5 * 61_000 - 61_000), State::Open);
}

#[test]
fn timeouts_and_failures_are_counted_together_within_the_window() {
    let mut bench = Bench::new();
    for (now, verdict) in [(0, FAILS), (5_000, LATE), (9_000, FAILS), (20_000, LATE), (30_000, FAILS)] {
        assert_eq!(bench.state(START + now), State::Closed);
        bench.ends(START + now, verdict);
    }
    assert_eq!(bench.state(START + 30_000), State::Open);
}

#[test]
fn three_of_four_calls_must_fail() {
    for (works, fails, opens) in [
        (0, 5, true),
        (1, 5, true),
        (2, 5, false),
        (2, 6, true),
        (4, 11, false),
        (4, 12, true),
        (100, 299, false),
        (100, 300, true),
    ] {
        let mut bench = Bench::new();
        (0..works).for_each(|_| assert!(!bench.ends(START, Verdict::Success)));
        bench.fails_at((0..fails).map(|_| START + 1));
        assert_eq!(bench.state(START + 1) == State::Open, opens, "{fails} of {}", works + fails);
    }
}

#[test]
fn five_failures_in_a_thousand_calls_do_not_open_the_circuit_wherever_they_are() {
    for first in [0, 1, 500, 994, 995] {
        let mut bench = Bench::new();
        // Five failures are three of four of the calls so far.
        let fails = |nth| nth >= first && nth < first + 5;
        (0..1000).for_each(|nth| {
            bench.ends(START + nth * 29, if fails(nth) { FAILS } else { Verdict::Success });
        });
        assert_eq!(bench.state(START + 29_000) == State::Closed, first > 5, "{first}");
    }
    let mut spread = Bench::new();
    for nth in 0..1000 {
        spread.ends(START + nth * 29, if nth % 200 == 100 { FAILS } else { Verdict::Success });
    }
    assert_eq!(spread.state(START + 29_000), State::Closed);
}

#[test]
fn answers_from_before_the_window_do_not_water_down_the_failures_in_it() {
    let mut bench = Bench::new();
    (0..1000).for_each(|nth| assert!(!bench.ends(START + nth, Verdict::Success)));
    bench.fails_at([START + 32_000; 5]);
    assert_eq!(bench.state(START + 32_000), State::Open);
}

#[test]
fn a_loading_model_a_rate_limit_and_the_callers_own_mistakes_never_open_it() {
    for code in [
        Code::ModelLoading,
        Code::RateLimited,
        Code::Overloaded,
        Code::BadRequest,
        Code::TooLarge,
        Code::Unauthorized,
        Code::Forbidden,
        Code::CreditsExhausted,
        Code::NotFound,
        Code::Gone,
        Code::Paused,
        Code::CircuitOpen,
        Code::QueueFull,
    ] {
        let mut bench = Bench::new();
        for nth in 0..1000 {
            assert!(!bench.ends(START + nth, Verdict::of(code, Layer::Compute, None)));
        }
        assert_eq!(bench.state(START + 1000), State::Closed, "{code:?}");
    }
}

#[test]
fn aborts_never_open_the_circuit_and_do_not_count_as_answers() {
    let mut bench = Bench::new();
    (0..1000).for_each(|nth| assert!(!bench.ends(START + nth, Verdict::Ignored)));
    assert_eq!(bench.state(START + 1000), State::Closed);
    bench.fails_at([START + 1000; 5]);
    assert_eq!(bench.state(START + 1000), State::Open);
}

#[test]
fn every_failure_of_the_target_or_the_network_opens_the_circuit_and_its_layer_is_reported() {
    for code in [
        Code::Unavailable,
        Code::GatewayTimeout,
        Code::Timeout,
        Code::Network,
        Code::EngineFailure,
        Code::StreamTruncated,
        Code::StreamError,
        Code::BadResponse,
    ] {
        for layer in [Layer::Network, Layer::Gateway, Layer::Compute] {
            let mut bench = Bench::new();
            (0..5).for_each(|_| assert!(!bench.ends(START, Verdict::of(code, layer, None))));
            assert_eq!((bench.state(START), bench.breaker.layer()), (State::Open, layer), "{code:?}");
        }
    }
}

#[test]
fn counts_from_before_the_circuit_opened_are_forgotten_when_it_closes() {
    for verdict in [FAILS, LATE] {
        let mut bench = Bench::new();
        (0..5).for_each(|_| assert!(!bench.ends(START, verdict)));
        let now = bench.until(START);
        assert!(bench.admits(now, ME));
        bench.works_at([now; 16]);
        (0..4).for_each(|_| assert!(!bench.ends(now, verdict)));
        assert_eq!(bench.state(now), State::Closed, "{verdict:?}");
        bench.ends(now, verdict);
        assert_eq!(bench.state(now), State::Open, "{verdict:?}");
    }
}

#[test]
fn an_answer_counts_in_the_share_for_nine_tenths_of_the_window_at_least_and_never_for_longer_than_it() {
    for start in [START, START + 1, START + 1_499, START + 2_999] {
        for (after, counts) in [(27_000, true), (30_000, false)] {
            let mut bench = Bench::new();
            bench.works_at([start; 100]);
            bench.fails_at([start + after; 5]);
            assert_eq!(bench.state(start + after) == State::Closed, counts, "{start} {after}");
        }
    }
}
