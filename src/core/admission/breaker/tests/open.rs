//! What an open circuit does, and for how long it stays open.

use super::*;

#[test]
fn an_open_circuit_refuses_every_call_and_says_for_how_long() {
    let (mut bench, until) = Bench::open_at(START);
    for now in [START, START + 1, until - 1] {
        for who in 0..100 {
            let left = Duration::from_ms(until - now);
            assert_eq!(bench.breaker.admit(at(now), who, ATTEMPT), Permission::Denied(left));
        }
    }
    assert_eq!(bench.breaker.open_for(at(until)), None);
    assert_eq!(bench.state(until - 1), State::Open);
    assert_eq!(bench.state(until), State::HalfOpen);
}

#[test]
fn a_result_from_before_the_circuit_opened_changes_nothing() {
    let mut bench = Bench::new();
    let closed = bench.breaker.generation();
    bench.fails_at([START; 5]);
    let until = bench.until(START);
    let late = |bench: &mut Bench, now| {
        for verdict in [Verdict::Success, FAILS, LATE, Verdict::Ignored] {
            (0..20).for_each(|_| assert!(!bench.of_generation(now, ME, closed, verdict)));
        }
    };
    late(&mut bench, START + 1);
    assert_eq!(bench.until(START + 1), until);
    assert!(bench.admits(until, ME));
    late(&mut bench, until + 1);
    assert!(!bench.admits(until + 1, OTHER), "the probe is still out");
    assert!(bench.ends(until + 2, Verdict::Success));
    late(&mut bench, until + 3);
    assert_eq!(bench.state(until + 3), State::HalfOpen);
    (0..15).for_each(|_| assert!(!bench.ends(until + 4, Verdict::Success)));
    late(&mut bench, until + 5);
    assert_eq!(bench.state(until + 5), State::Closed);
}

#[test]
fn a_success_while_the_circuit_is_open_changes_nothing() {
    let (mut bench, until) = Bench::open_at(START);
    for nth in 0..100 {
        assert!(!bench.ends(START + nth, Verdict::Success));
    }
    assert_eq!((bench.state(START + 100), bench.until(START + 100)), (State::Open, until));
    assert!(!bench.admits(until - 1, OTHER));
}

#[test]
fn a_failure_while_the_circuit_is_open_does_not_prolong_it() {
    let (mut bench, until) = Bench::open_at(START);
    (0..100).for_each(|nth| assert!(!bench.ends(START + nth, LATE)));
    assert_eq!(bench.until(START + 100), until);
}

#[test]
fn a_page_that_may_have_lost_its_network_probes_after_seconds_at_first() {
    const LOST: Verdict = Verdict::Failure(Layer::Network);
    let rule = Rule { of_network: Some(Duration::from_secs(1)), ..Rule::default() };
    for (first, least) in [(LOST, 1_000), (FAILS, 15_000)] {
        let mut bench = Bench::of(rule, 1);
        assert!(!bench.ends(START, first));
        (0..4).for_each(|_| assert!(!bench.ends(START, LOST)));
        let mut now = START;
        for times in [1, 2, 4] {
            let until = bench.until(now);
            assert!(
                (least * times..=least * times * 5 / 4).contains(&(until - now)),
                "{first:?} {}",
                until - now
            );
            assert!(bench.admits(until, ME) && !bench.ends(until, LOST));
            now = until;
        }
    }
}

#[test]
fn each_time_is_twice_the_one_before_up_to_the_cap_and_jitter_only_adds() {
    for seed in 0..500 {
        let mut bench = Bench::of(Rule::default(), seed);
        bench.fails_at([START; 5]);
        let mut now = START;
        for span in [15_000, 30_000, 60_000, 120_000, 240_000, 240_000, 240_000] {
            let open = bench.until(now) - now;
            assert!((span..=span * 5 / 4).contains(&open), "seed {seed}: {open} of {span}");
            now += open;
            assert!(bench.admits(now, ME));
            bench.fails_at([now]);
        }
    }
}

#[test]
fn a_broken_target_is_probed_once_in_each_period_however_long_it_is_broken() {
    let (mut bench, mut now) = Bench::open_at(START);
    for _ in 0..10_000 {
        assert_eq!((0..5).filter(|who| bench.admits(now, *who)).count(), 1);
        let generation = bench.breaker.generation();
        bench.of_generation(now, 0, generation, FAILS);
        assert!(bench.until(now) - now <= 300_000);
        now = bench.until(now);
    }
}

#[test]
fn a_circuit_that_has_closed_opens_for_the_short_time_again() {
    let (mut bench, mut now) = Bench::open_at(START);
    for _ in 0..5 {
        assert!(bench.admits(now, ME));
        bench.fails_at([now]);
        now = bench.until(now);
    }
    assert!(bench.admits(now, ME));
    bench.works_at([now; 16]);
    assert_eq!(bench.state(now), State::Closed);
    bench.fails_at([now; 5]);
    assert!((15_000..=18_750).contains(&(bench.until(now) - now)));
}

#[test]
fn breakers_that_opened_together_do_not_probe_together() {
    let until = |seed| {
        let mut bench = Bench::of(Rule::default(), seed);
        bench.fails_at([START; 5]);
        bench.until(START)
    };
    let times: std::collections::HashSet<u64> = (0..1000).map(until).collect();
    assert!(times.len() > 700, "{}", times.len());
    assert!(times.iter().all(|until| (15_000..=18_750).contains(&(until - START))));
}

#[test]
fn the_cap_holds_even_where_it_leaves_no_room_for_jitter() {
    let cap = Duration::from_secs(15);
    for open in [10, 15] {
        let rule = Rule { open: Duration::from_secs(open), max_open: cap, ..Rule::default() };
        for seed in 0..100 {
            let mut bench = Bench::of(rule, seed);
            bench.fails_at([START; 5]);
            let mut now = START;
            for _ in 0..4 {
                let span = bench.until(now) - now;
                assert!((open * 1000..=cap.as_ms()).contains(&span), "{open} s, seed {seed}: {span}");
                now += span;
                assert!(bench.admits(now, ME));
                bench.fails_at([now]);
            }
        }
    }
}

#[test]
fn the_first_time_is_never_shorter_than_was_asked_for_even_above_the_cap() {
    let rule = Rule { open: Duration::from_secs(60), max_open: Duration::from_secs(10), ..Rule::default() };
    for seed in 0..100 {
        let mut bench = Bench::of(rule, seed);
        bench.fails_at([START; 5]);
        assert!(bench.until(START) - START >= 60_000);
    }
}
