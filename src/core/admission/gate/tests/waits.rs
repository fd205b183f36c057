//! When the next probe comes.

use super::*;

#[test]
fn the_length_of_the_last_cold_start_moves_the_first_probe_of_the_next() {
    for seed in 0..100 {
        let mut bench = Bench::seeded(seed);
        bench.leads(HEARD, A, SENT);
        let up = SENT + 40_000;
        assert!(bench.admits(up, A) && bench.answered(up, up));
        assert_eq!(bench.gate.last().as_ms(), 40_000);
        let again = up + HOUR;
        let sleep = bench.leads(again, B, again);
        assert!((9_000..=10_000).contains(&sleep), "seed {seed}: {sleep}");
        // Only the first interval is moved: the later ones depend on the time waited.
        assert!(bench.admits(again + sleep, B));
        let later = bench.leads(again + sleep, B, again + sleep);
        assert!(later <= sleep * 28 / 100, "{later}");
    }
}

#[test]
fn a_last_cold_start_that_was_short_does_not_hurry_the_next() {
    let (mut bench, _) = Bench::cold();
    assert!(bench.answered(HEARD + 1_000, SENT));
    let again = HEARD + HOUR;
    assert!((4_500..=5_000).contains(&bench.leads(again, B, again)));
}

#[test]
fn the_first_probe_comes_within_a_minute_however_long_the_last_cold_start_took() {
    let (mut bench, _) = Bench::cold();
    let up = SENT + 270_000;
    assert!(bench.admits(up, A) && bench.answered(up, up));
    let again = up + 3 * HOUR;
    assert!((54_000..=60_000).contains(&bench.leads(again, B, again)));
}

#[test]
fn a_floor_of_the_server_is_kept_by_whoever_takes_over() {
    let mut bench = Bench::new();
    let floor = LoadingAnswer { floor: Some(Duration::from_secs(90)), ..SAYS_20_S };
    let Role::Lead(sleep) = bench.hears(HEARD, A, SENT, floor) else { panic!("nobody leads") };
    assert!((90_001..=95_001).contains(&sleep.as_ms()), "{sleep:?}");
    bench.gate.resign(A);
    assert!(!bench.admits(HEARD + 59_999, B));
}

#[test]
fn an_hour_that_the_server_named_to_one_call_binds_no_other_for_more_than_a_minute() {
    let mut bench = Bench::new();
    let hour = LoadingAnswer { floor: Some(Duration::from_secs(3600)), ..SAYS_20_S };
    let Role::Lead(sleep) = bench.hears(HEARD, A, SENT, hour) else { panic!("nobody leads") };
    assert!(sleep >= Duration::from_secs(3600));
    assert_eq!((bench.gate.leader(), bench.gate.explicit_until()), (None, Some(at(HEARD + 60_000))));
    assert!(bench.admits(HEARD + 60_000, B));
    assert!(!bench.admits(HEARD + 60_000, A));
}

#[test]
fn a_guess_is_no_word_of_the_server() {
    let (bench, _) = Bench::cold();
    assert_eq!((bench.gate.leader(), bench.gate.explicit_until()), (Some(A), None));
}

#[test]
fn a_target_that_answered_a_while_ago_is_probed_after_a_quarter_of_that_while() {
    for (ago, sleep) in [(2_000, 1_000..=1_000), (8_000, 2_000..=2_000), (HOUR, 4_500..=5_000)] {
        let mut bench = Bench::seeded(1);
        assert!(bench.admits(HEARD, A));
        bench.answered(HEARD, HEARD);
        let slept = bench.leads(HEARD + ago, B, HEARD + ago);
        assert!(sleep.contains(&slept), "{ago} ms ago: {slept}");
    }
}
