//! Clocks that stand still, jump or go backwards.

use super::*;

#[test]
fn on_a_clock_that_stands_still_only_the_leader_may_probe() {
    let (mut bench, _) = Bench::cold();
    for _ in 0..1000 {
        assert!(!bench.admits(HEARD, B));
        bench.leads(HEARD, A, HEARD);
        assert!(bench.admits(HEARD, A));
    }
    assert!(bench.answered(HEARD, HEARD));
}

#[test]
fn a_clock_that_jumps_an_hour_ahead_lets_one_call_probe() {
    let (mut bench, next) = Bench::cold();
    let admitted = (0..100).filter(|who| bench.admits(next + HOUR, *who)).count();
    assert_eq!(admitted, 1);
}

#[test]
fn a_clock_that_goes_backwards_leaves_one_leader_and_the_way_out() {
    let (mut bench, next) = Bench::cold();
    for now in [next - HOUR.min(next), 0] {
        assert!((B..100).all(|who| !bench.admits(now, who)));
        assert!(bench.admits(now, A));
    }
    bench.leads(0, A, 0);
    assert!(bench.admits(0, A));
    assert!(bench.answered(HEARD, SENT));
}

#[test]
fn an_hour_without_a_probe_is_no_part_of_a_cold_start() {
    // Every waiting call has left, and no call came for an hour.
    let (mut bench, next) = Bench::cold();
    bench.gate.resign(A);
    let later = next + HOUR;
    let mut found_up = bench.clone();
    assert!(found_up.admits(later, B) && found_up.answered(later + 300, later));
    assert!(found_up.gate.last() < Duration::from_secs(60), "took {:?}", found_up.gate.last());
    assert!(!found_up.gate.is_fresh(at(later + 120_000)));

    assert!(bench.admits(later, B));
    let sleep = bench.leads(later + 20, B, later);
    assert!(sleep <= 10_000, "the first look at what may be a new cold start: {sleep}");
}

#[test]
fn a_call_that_hears_loading_long_after_all_have_left_leads_a_cold_start_of_its_own() {
    let (mut bench, next) = Bench::cold();
    bench.gate.resign(A);
    let sleep = bench.leads(next + HOUR, B, next + HOUR - 60_000);
    assert!((4_500..=5_000).contains(&sleep), "{sleep}");
    let up = next + HOUR + sleep;
    assert!(bench.admits(up, B) && bench.answered(up + 20, up));
    assert!((60_000..70_000).contains(&bench.gate.last().as_ms()), "{:?}", bench.gate.last());
}
