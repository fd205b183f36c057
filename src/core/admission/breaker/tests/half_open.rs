//! The probe, and the ramp after it.

use super::*;

#[test]
fn a_half_open_circuit_admits_one_probe_of_a_thousand_calls() {
    let (mut bench, until) = Bench::open_at(START);
    let probes = (0..1000).filter(|who| bench.admits(until, *who)).count();
    assert_eq!(probes, 1);
    assert!(!bench.admits(until + 29_999, OTHER));
    assert!(bench.admits(until + 29_999, 0), "the probe itself may ask again");
}

#[test]
fn the_lease_of_a_lost_probe_runs_out_when_its_attempt_would_or_after_half_a_minute() {
    for (attempt, lease) in [(1, 1), (7_000, 7_000), (30_000, 30_000), (120_000, 30_000)] {
        let (mut bench, until) = Bench::open_at(START);
        assert_eq!(bench.breaker.admit(at(until), ME, Duration::from_ms(attempt)), Permission::Granted);
        let left = Duration::from_ms(1);
        assert_eq!(bench.breaker.admit(at(until + lease - 1), OTHER, ATTEMPT), Permission::Denied(left));
        assert!(bench.admits(until + lease, OTHER));
        assert!(!bench.admits(until + lease, 3), "one probe again");
    }
}

#[test]
fn a_lost_probe_that_comes_back_counts_though_another_has_replaced_it() {
    let (mut bench, until) = Bench::open_at(START);
    assert!(bench.admits(until, ME));
    let first = bench.breaker.generation();
    let mut taken_over = bench.breaker.clone();
    assert!(bench.of_generation(until + 90_000, ME, first, Verdict::Success));

    assert_eq!(taken_over.admit(at(until + 30_000), OTHER, ATTEMPT), Permission::Granted);
    // A call that leaves does not free the lease of another.
    assert!(!taken_over.observe(at(until + 31_000), report(ME, first, Verdict::Ignored), &mut Rng::new(1)));
    assert_eq!(
        taken_over.admit(at(until + 31_000), 3, ATTEMPT),
        Permission::Denied(Duration::from_ms(29_000))
    );
    // A probe that timed out says that the target still fails.
    assert!(!taken_over.observe(at(until + 31_000), report(ME, first, LATE), &mut Rng::new(1)));
    assert_eq!(taken_over.state(at(until + 31_000)), State::Open);
}

#[test]
fn a_probe_that_was_aborted_is_as_if_it_had_never_been() {
    let (mut bench, until) = Bench::open_at(START);
    for who in 0..100 {
        assert!(bench.admits(until, who));
        let generation = bench.breaker.generation();
        assert!(!bench.of_generation(until, who, generation, Verdict::Ignored));
        assert_eq!((bench.state(until), bench.breaker.open_for(at(until))), (State::HalfOpen, None));
    }
    // The next time open is the second one, not the hundredth.
    assert!(bench.admits(until, ME));
    bench.fails_at([until]);
    assert!((30_000..=37_500).contains(&(bench.until(until) - until)));
}

#[test]
fn a_call_that_is_not_the_probe_says_nothing_about_it_when_it_leaves() {
    let (mut bench, until) = Bench::open_at(START);
    assert!(bench.admits(until, ME));
    let generation = bench.breaker.generation();
    assert!(!bench.of_generation(until, OTHER, generation, Verdict::Ignored));
    assert!(!bench.admits(until, OTHER));
}

#[test]
fn a_probe_that_meets_a_rate_limit_a_refusal_or_a_loading_model_has_shown_that_it_works() {
    for code in
        [Code::RateLimited, Code::Overloaded, Code::BadRequest, Code::Unauthorized, Code::ModelLoading]
    {
        let (mut bench, until) = Bench::open_at(START);
        assert!(bench.admits(until, ME));
        assert!(bench.ends(until, Verdict::of(code, Layer::Compute, None)), "{code:?}");
        assert!(bench.admits(until, OTHER), "others may follow");
    }
}

#[test]
fn one_success_of_the_probe_starts_the_target_slowly_once() {
    let (mut bench, until) = Bench::open_at(START);
    assert!(bench.admits(until, ME));
    assert!(bench.ends(until, Verdict::Success));
    (0..14).for_each(|_| {
        assert!(!bench.ends(until, Verdict::Success));
        assert_eq!(bench.state(until), State::HalfOpen);
    });
    assert!(!bench.ends(until, Verdict::Success));
    assert_eq!(bench.state(until), State::Closed);
}

#[test]
fn aborts_move_the_ramp_neither_forward_nor_back() {
    let (mut bench, now) = Bench::ramp_at(START);
    (0..100).for_each(|_| assert!(!bench.ends(now, Verdict::Ignored)));
    assert_eq!(bench.state(now), State::HalfOpen);
    (0..15).for_each(|_| assert!(!bench.ends(now, Verdict::Success)));
    assert_eq!(bench.state(now), State::Closed);
}

#[test]
fn three_failures_for_each_success_or_nine_in_the_ramp_open_the_circuit_again_for_twice_as_long() {
    for (successes, failures) in [(0, 3), (1, 6), (2, 9), (3, 9), (4, 9), (7, 9), (14, 9)] {
        for verdict in [FAILS, LATE] {
            let (mut bench, now) = Bench::ramp_at(START);
            (0..successes).for_each(|_| assert!(!bench.ends(now, Verdict::Success)));
            for _ in 0..failures {
                assert_eq!(bench.state(now), State::HalfOpen);
                assert!(!bench.ends(now, verdict));
            }
            assert_eq!(bench.state(now), State::Open);
            assert!((30_000..=37_500).contains(&(bench.until(now) - now)), "{successes}");
        }
    }
}

#[test]
fn single_failures_among_successes_in_the_ramp_are_of_their_own_payloads() {
    let (mut bench, now) = Bench::ramp_at(START);
    for _ in 0..15 {
        assert!(!bench.ends(now, FAILS));
        assert_eq!(bench.state(now), State::HalfOpen);
        assert!(!bench.ends(now, Verdict::Success));
    }
    assert_eq!(bench.state(now), State::Closed);
}

#[test]
fn among_the_calls_of_the_ramp_only_the_failures_that_open_the_circuit_count() {
    let (mut bench, now) = Bench::ramp_at(START);
    let of_the_ramp = bench.breaker.generation();
    bench.fails_at([now; 3]);
    let until = bench.until(now);
    (0..8).for_each(|who| assert!(!bench.of_generation(now, who, of_the_ramp, FAILS)));
    assert_eq!(bench.until(now), until);
}
