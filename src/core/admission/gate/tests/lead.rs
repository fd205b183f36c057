//! Which call leads, and when another takes over.

use super::*;

#[test]
fn every_call_is_sent_to_an_unknown_model() {
    let mut bench = Bench::new();
    assert!((0..1000).all(|who| bench.admits(SENT, who)));
    assert!(!bench.gate.is_cold() && !bench.gate.was_warm());
    assert_eq!(bench.vacant_at(), None);
}

#[test]
fn the_first_loading_answer_elects_the_leader_and_whoever_hears_the_same_follows() {
    let (mut bench, _) = Bench::cold();
    assert!(bench.gate.is_cold());
    assert!((B..1000).all(|who| bench.follows(HEARD + 1, who, SENT + 1)));
}

#[test]
fn while_the_model_is_cold_only_the_leader_is_sent() {
    let (mut bench, next) = Bench::cold();
    for now in [HEARD, next - 1, next, next + 119_999] {
        assert!((B..1000).all(|who| !bench.admits(now, who)), "{now}");
    }
    assert!(bench.admits(next, A));
    assert!((B..1000).all(|who| !bench.admits(next, who)));
}

#[test]
fn the_leader_probes_after_a_quarter_of_the_estimate_and_then_at_growing_intervals() {
    for seed in 0..200 {
        let mut bench = Bench::seeded(seed);
        let mut sent = SENT;
        let mut now = HEARD;
        for nth in 0..20 {
            let sleep = bench.leads(now, A, sent);
            let waited = now - SENT;
            let (low, high) = if nth == 0 { (4_500, 5_000) } else { (waited * 25 / 100, waited * 28 / 100) };
            let span = low.clamp(1_000, 60_000)..=high.clamp(1_000, 60_000);
            assert!(span.contains(&sleep), "seed {seed}, look {nth}: {sleep} of {span:?}");
            sent = now + sleep;
            assert!(bench.admits(sent, A));
            now = sent + 20;
        }
    }
}

#[test]
fn a_probe_that_ran_into_its_clock_keeps_the_lead() {
    let (mut bench, next) = Bench::cold();
    assert!(bench.admits(next, A));
    let late = next + 60_000;
    assert!(!bench.admits(late, B));
    assert!(bench.admits(late, A), "again, and for as long as a try takes");
    assert_eq!(bench.vacant_at(), Some(late + 120_000));
    assert!(!bench.admits(late + 119_999, B));
}

#[test]
fn when_the_leader_leaves_the_next_call_probes_at_the_set_time_and_not_before() {
    let (mut bench, next) = Bench::cold();
    bench.gate.resign(A);
    assert_eq!(bench.vacant_at(), Some(next));
    for now in [HEARD, next - 1] {
        assert!((B..100).all(|who| !bench.admits(now, who)));
    }
    assert!(bench.admits(next, C));
    assert!(!bench.admits(next, B) && !bench.admits(next, A));
}

#[test]
fn a_call_that_was_told_to_stay_away_may_come_back_sooner_but_not_the_next_call_with_its_number() {
    let mut bench = Bench::new();
    let hour = LoadingAnswer { floor: Some(Duration::from_secs(3_600)), ..SAYS_20_S };
    assert!(matches!(bench.hears(HEARD, A, SENT, hour), Role::Lead(_)));
    assert!(bench.clone().admits(HEARD + 1_000, A) && !bench.clone().admits(HEARD + 1_000, B));
    bench.gate.resign(A);
    assert!(!bench.admits(HEARD + 1_000, A));
}

#[test]
fn a_call_that_does_not_lead_may_leave_without_a_trace() {
    let (mut bench, next) = Bench::cold();
    (B..100).for_each(|who| bench.gate.resign(who));
    assert!(!bench.admits(next, B) && bench.admits(next, A));
    let mut nothing = Bench::new();
    nothing.gate.resign(A);
    assert!(!nothing.gate.is_cold());
}

#[test]
fn the_lease_of_a_leader_that_never_comes_back_runs_out_after_its_sleep_and_an_attempt() {
    let (mut bench, next) = Bench::cold();
    let ends = next + 120_000;
    assert_eq!(bench.vacant_at(), Some(ends));
    assert!(!bench.admits(ends - 1, B));
    assert!(bench.admits(ends, B));
    assert!(!bench.admits(ends, C));
}

#[test]
fn the_lease_of_a_leader_that_is_lost_while_it_probes_runs_out_after_an_attempt() {
    let (mut bench, next) = Bench::cold();
    assert!(bench.admits(next + 5, A));
    assert_eq!(bench.vacant_at(), Some(next + 120_005));
    assert!(!bench.admits(next + 120_004, B));
    assert!(bench.admits(next + 120_005, B));
}

#[test]
fn a_leader_that_comes_back_too_late_follows() {
    let (mut bench, next) = Bench::cold();
    let ends = next + 120_000;
    assert!(bench.admits(ends, B));
    assert!(!bench.admits(ends + 1, A));
    assert!(bench.follows(ends + 1, A, next));
    assert!(bench.admits(ends + 2, B));
}

#[test]
fn a_leader_that_comes_back_late_leads_on_if_nobody_has_taken_over() {
    let (mut bench, next) = Bench::cold();
    assert!(bench.admits(next + 500_000, A));
    assert!(!bench.admits(next + 500_000, B));
}

#[test]
fn a_late_answer_to_a_leader_that_was_replaced_ends_the_cold_start_too() {
    let (mut bench, next) = Bench::cold();
    assert!(bench.admits(next, A));
    assert!(bench.admits(next + 120_000, B));
    assert!(bench.answered(next + 120_500, next));
    assert!(bench.admits(next + 120_500, C));
}

#[test]
fn a_call_that_hears_loading_while_there_is_no_leader_takes_the_lead() {
    let (mut bench, _) = Bench::cold();
    bench.gate.resign(A);
    bench.leads(HEARD + 50, B, SENT + 10);
    assert!(bench.follows(HEARD + 60, C, SENT + 20));
}

#[test]
fn when_every_call_has_left_the_next_call_leads_once_a_probe_is_due() {
    let (mut bench, next) = Bench::cold();
    assert!((B..100).all(|who| bench.follows(HEARD, who, SENT)));
    (A..100).for_each(|who| bench.gate.resign(who));
    assert_eq!(bench.vacant_at(), Some(next));
    assert!(bench.admits(next + 7, 777));
    assert!(bench.answered(next + 9, next + 7));
}

#[test]
fn there_is_never_more_than_one_leader_whichever_calls_come_and_go() {
    let mut bench = Bench::new();
    let mut now = SENT;
    let (mut leads, mut until) = (None, now);
    for nth in 0..20_000_u64 {
        now += bench.rng.up_to(Duration::from_secs(20)).as_ms();
        let who = (nth * 7 % 13) as CallId;
        let admitted = match nth % 3 {
            0 => matches!(bench.hears(now, who, now, SAYS_20_S), Role::Lead(_)),
            1 => bench.admits(now, who),
            _ => {
                bench.gate.resign(who);
                leads = leads.filter(|leader| *leader != who);
                false
            }
        };
        if admitted {
            assert!(leads.is_none_or(|leader| leader == who || now >= until), "{nth}");
            leads = Some(who);
            until = bench.vacant_at().expect("it is cold");
        }
    }
}
