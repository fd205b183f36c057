//! Rules and clocks at their extremes.

use super::*;

#[test]
fn extreme_rules_neither_overflow_nor_keep_the_circuit_open_for_good() {
    let of = |ms| Duration::from_ms(ms);
    for (failures, window, open, max_open) in [
        (0, 0, 0, 0),
        (1, 0, 0, 0),
        (0, u64::MAX, 1, 1),
        (1, u64::MAX, u64::MAX, u64::MAX),
        (3, 9, 0, u64::MAX),
    ] {
        let rule =
            Rule { failures, window: of(window), open: of(open), max_open: of(max_open), of_network: None };
        let mut bench = Bench::of(rule, 1);
        for nth in 0..200 {
            let now = START + nth * 7;
            bench.admits(now, ME);
            bench.ends(now, if nth % 3 == 0 { Verdict::Success } else { FAILS });
            bench.ends(now, LATE);
        }
        let end = at(u64::MAX);
        assert!(bench.breaker.open_for(end).is_none() || rule.open > of(0), "{rule:?}");
        assert_eq!(bench.breaker.admit(end, OTHER, ATTEMPT), Permission::Granted);
    }
}

#[test]
fn on_a_clock_that_stands_still_the_circuit_opens_by_number_and_does_not_close_by_itself() {
    let (mut bench, until) = Bench::open_at(START);
    for who in 0..1000 {
        assert!(!bench.admits(START, who));
    }
    assert!(bench.admits(until, ME));
    bench.works_at([until; 16]);
    assert_eq!(bench.state(until), State::Closed, "the ramp needs answers, not time");
}

#[test]
fn a_clock_that_jumps_an_hour_ahead_forgets_failures_and_lets_one_probe_through() {
    let mut bench = Bench::new();
    bench.fails_at([START; 4]);
    bench.fails_at([START + HOUR; 4]);
    assert_eq!(bench.state(START + HOUR), State::Closed);
    bench.fails_at([START + HOUR]);
    assert_eq!(bench.state(START + HOUR), State::Open);
    let probes = (0..100).filter(|who| bench.admits(START + 2 * HOUR, *who)).count();
    assert_eq!(probes, 1);
    let probes = (0..100).filter(|who| bench.admits(START + 3 * HOUR, *who)).count();
    assert_eq!(probes, 1, "the first one was lost in the jump");
}

#[test]
fn a_clock_that_goes_backwards_neither_panics_nor_lets_more_than_one_probe_through() {
    let (mut bench, until) = Bench::open_at(START);
    assert!(bench.admits(until, ME));
    for now in [until - HOUR, 0, until - 1] {
        assert!((10..100).all(|who| !bench.admits(now, who)));
    }
    bench.fails_at([0]);
    assert!(bench.until(0) <= 37_500, "by the clock that there is now");
    bench.ends(0, Verdict::Success);
    assert_eq!(bench.state(0), State::Open);
}

#[test]
fn after_a_clock_went_backwards_failures_are_counted_on_the_new_one() {
    let mut bench = Bench::new();
    bench.works_at([START; 20]);
    bench.fails_at([START; 4]);
    // The distance between the old failures and these is unknown, so both count; but from here on the old ones are
    // gone.
    bench.fails_at([START - HOUR; 5]);
    assert_eq!(bench.state(START - HOUR), State::Open);
}
