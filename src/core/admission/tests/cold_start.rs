//! The calls that wait for a cold model.

use super::*;

#[test]
fn the_first_to_hear_that_the_model_loads_leads_and_all_others_wait() {
    let mut bench = Bench::new();
    (0..4).for_each(|who| bench.goes(START, who));
    assert!(matches!(bench.hears_loading(START + 20, 0), Role::Lead(_)));
    for who in 1..4 {
        assert_eq!(bench.hears_loading(START + 20, who), Role::Follow);
        assert_eq!(bench.retries(START + 20, who), Admission::Queued(WaitReason::Loading));
    }
    (4..1000).for_each(|who| bench.lines_up(START + 21, who, WaitReason::Loading));
    assert_eq!(bench.woken(), [0_u32; 0]);
    assert_eq!((bench.in_flight(START + 21), bench.queued(START + 21)), (0, 999));
    assert_eq!(bench.temperature(START + 21), Temperature::Cold);
}

#[test]
fn when_the_leader_gets_through_four_calls_go_and_then_one_more_with_each_success() {
    let (mut bench, next) = Bench::cold(200);
    bench.probes(next);
    bench.ends(next + 2000, 0, Outcome::Ok);
    let mut in_flight = bench.all_come(next + 2000);
    assert_eq!(in_flight, [1, 2, 3, 4]);
    assert_eq!(bench.temperature(next + 2000), Temperature::Warming);
    for limit in 5..=60 {
        bench.ends(next + 3000, in_flight.remove(0), Outcome::Ok);
        in_flight.extend(bench.all_come(next + 3000));
        assert_eq!(in_flight.len(), limit);
    }
}

#[test]
fn the_second_429_of_those_that_follow_many_answers_ends_the_fast_growth() {
    let (mut bench, next) = Bench::cold(400);
    bench.probes(next);
    bench.ends(next + 2000, 0, Outcome::Ok);
    let mut in_flight = bench.all_come(next + 2000);
    while in_flight.len() < 20 {
        bench.ends(next + 3000, in_flight.remove(0), Outcome::Ok);
        in_flight.extend(bench.all_come(next + 3000));
    }
    bench.ends(next + 4000, in_flight.remove(0), RATE_LIMITED);
    let others = bench.all_come(next + 4000);
    assert_eq!(others.len(), 1, "it may be its own");
    in_flight.extend(others);
    bench.ends(next + 4000, in_flight.remove(0), RATE_LIMITED);
    assert_eq!(bench.all_come(next + 4000), [0_u32; 0], "14 from now on");
    for _ in 0..5 {
        bench.ends(next + 4000, in_flight.remove(0), Outcome::Ok);
        assert_eq!(bench.all_come(next + 4000), [0_u32; 0]);
    }
    for _ in 0..10 {
        bench.ends(next + 4000, in_flight.remove(0), Outcome::Ok);
        in_flight.extend(bench.all_come(next + 4000));
        assert!((14..=15).contains(&in_flight.len()), "{}", in_flight.len());
    }
}

#[test]
fn a_leader_that_meets_a_full_or_a_broken_server_at_wake_up_leaves_nobody_behind() {
    for outcome in [RATE_LIMITED, GATEWAY_DOWN, Outcome::Failed(Code::EngineFailure, Layer::Compute)] {
        let (mut bench, next) = Bench::cold(20);
        bench.probes(next);
        bench.ends(next + 20, 0, outcome);
        assert!(!bench.shared.is_cold(TARGET));
        assert_eq!(bench.all_come(next + 20), [1, 2, 3, 4], "{outcome:?}");
    }
}

#[test]
fn a_leader_that_ran_into_its_clock_or_got_no_connection_ends_nothing_and_keeps_the_lead() {
    for outcome in [TIMEOUT, Outcome::Failed(Code::Network, Layer::Network)] {
        let (mut bench, next) = Bench::cold(20);
        bench.probes(next);
        bench.ends(next + 2_000, 0, outcome);
        assert_eq!(bench.woken(), [0_u32; 0], "{outcome:?}");
        assert!(bench.shared.is_cold(TARGET));
        bench.probes(next + 21_000);
        bench.lines_up(next + 21_000, 21, WaitReason::Loading);
        assert_eq!(bench.due(), Some(next + 24_000), "then it is being worked on");
    }
}

#[test]
fn a_leader_whose_whole_attempt_is_over_makes_way_for_the_next() {
    let (mut bench, next) = Bench::cold(20);
    bench.probes(next);
    bench.ends(next + 120_000, 0, TIMEOUT);
    assert_eq!(bench.all_come(next + 120_000), [1]);
    assert_eq!(bench.retries(next + 120_100, 0), Admission::Queued(WaitReason::Loading));
}

#[test]
fn when_the_leader_is_aborted_the_next_call_probes_at_the_set_time_and_not_before() {
    let (mut bench, next) = Bench::cold(20);
    bench.shared.detach(at(START + 30), TARGET, 0, false);
    assert_eq!((bench.woken(), bench.due()), (vec![], Some(next)));
    bench.shared.wake(at(next - 1));
    assert_eq!(bench.woken(), [0_u32; 0]);
    bench.shared.wake(at(next));
    assert_eq!(bench.all_come(next), [1]);
    bench.shared.wake(at(next));
    assert_eq!(bench.woken(), [0_u32; 0], "one is enough");
}

#[test]
fn when_the_leader_is_aborted_during_its_probe_the_next_call_probes_at_once() {
    let (mut bench, next) = Bench::cold(20);
    bench.probes(next);
    bench.is_aborted(next + 300, 0);
    assert_eq!(bench.all_come(next + 300), [1]);
}

#[test]
fn when_the_leader_is_lost_the_next_call_probes_after_its_lease() {
    let (mut bench, next) = Bench::cold(20);
    assert_eq!(bench.due(), Some(next + 120_000));
    bench.shared.wake(at(next + 119_999));
    assert_eq!(bench.woken(), [0_u32; 0]);
    bench.shared.wake(at(next + 120_000));
    assert_eq!(bench.all_come(next + 120_000), [1]);
}

#[test]
fn a_probe_in_flight_for_three_seconds_is_being_worked_on_and_the_others_start_slowly() {
    let (mut bench, next) = Bench::cold(20);
    bench.probes(next);
    assert_eq!(bench.due(), Some(next + 3_000));
    bench.shared.wake(at(next + 2_999));
    assert_eq!(bench.woken(), [0_u32; 0]);
    bench.shared.wake(at(next + 3_000));
    assert_eq!(bench.all_come(next + 3_000), [1, 2, 3]);
    assert!(!bench.shared.is_cold(TARGET));
}

#[test]
fn a_follower_that_does_not_come_to_lead_is_passed_over() {
    let (mut bench, next) = Bench::cold(20);
    bench.shared.detach(at(START + 30), TARGET, 0, false);
    let mut now = next;
    for who in 1..10 {
        bench.shared.wake(at(now));
        assert_eq!(bench.woken(), [who]);
        assert_eq!(bench.due(), Some(now + 5_000));
        now += 5_000;
    }
}

#[test]
fn a_follower_that_comes_too_late_to_lead_is_queued_again() {
    let (mut bench, next) = Bench::cold(2);
    bench.shared.detach(at(START + 30), TARGET, 0, false);
    bench.shared.wake(at(next));
    assert_eq!(bench.woken(), [1]);
    bench.shared.wake(at(next + 5_000));
    assert_eq!(bench.all_come(next + 5_000), [2]);
    assert_eq!(bench.claims(next + 5_001, 1), Admission::Queued(WaitReason::Loading));
    bench.ends(next + 6_000, 2, Outcome::Ok);
    assert_eq!(bench.all_come(next + 6_000), [1]);
}

#[test]
fn a_follower_that_comes_while_the_model_loads_still_waits() {
    let (mut bench, next) = Bench::cold(3);
    for who in 1..=3 {
        assert_eq!(bench.claims(next, who), Admission::Queued(WaitReason::Loading));
    }
    bench.probes(next);
    bench.ends(next + 20, 0, Outcome::Ok);
    assert_eq!(bench.all_come(next + 20), [1, 2, 3]);
}

#[test]
fn when_all_waiting_calls_are_gone_nothing_is_left_and_the_next_call_probes() {
    let (mut bench, next) = Bench::cold(100);
    (0..=100).for_each(|who| bench.shared.detach(at(START + 30), TARGET, who, true));
    assert_eq!((bench.queued(START + 30), bench.in_flight(START + 30), bench.due()), (0, 0, None));
    bench.lines_up(START + 40, 200, WaitReason::Loading);
    assert_eq!(bench.due(), Some(next));
    bench.is_aborted(START + 50, 200);
    bench.goes(next, 201);
    bench.ends(next + 20, 201, Outcome::Ok);
    assert_eq!(bench.temperature(next + 20), Temperature::Warm);
}

#[test]
fn an_answer_from_before_the_cold_start_ends_nothing() {
    let mut bench = Bench::new();
    bench.goes(START - 5000, 1);
    bench.goes(START, 0);
    assert!(matches!(bench.hears_loading(START + 20, 0), Role::Lead(_)));
    bench.lines_up(START + 30, 2, WaitReason::Loading);
    bench.ends(START + 40, 1, Outcome::Ok);
    assert_eq!(bench.woken(), [0_u32; 0]);
    assert!(bench.shared.is_cold(TARGET));
}

#[test]
fn a_loading_answer_from_before_the_model_came_up_sends_its_call_again_at_once() {
    let mut bench = Bench::new();
    bench.goes(START, 0);
    bench.goes(START, 1);
    assert!(matches!(bench.hears_loading(START + 20, 0), Role::Lead(_)));
    bench.probes(START + 5_000);
    bench.ends(START + 6_000, 0, Outcome::Ok);
    assert_eq!(bench.hears_loading(START + 7_000, 1), Role::Follow);
    assert!(matches!(bench.retries(START + 7_000, 1), Admission::Admitted { .. }));
}

#[test]
fn the_last_cold_start_moves_the_first_probe() {
    let (mut bench, _) = Bench::cold(0);
    bench.probes(START + 40_000);
    bench.ends(START + 40_000, 0, Outcome::Ok);
    bench.total = 7_200_000;
    bench.goes(START + 3_600_000, 1);
    let Role::Lead(sleep) = bench.hears_loading(START + 3_600_000, 1) else { panic!("nobody leads") };
    assert!((9_000..=10_000).contains(&sleep.as_ms()), "{sleep:?}");
}

#[test]
fn short_lived_isolates_admit_their_queues_one_by_one_and_not_all_at_the_same_time() {
    let mut firsts = std::collections::HashSet::new();
    for seed in 0..50 {
        let rules = Rules { initial_tokens: InitialTokens::AtMostOne { one: false }, ..Rules::default() };
        let (mut bench, _) = Bench::cold(0);
        bench.shared = Shared::new(rules, BOTTOMLESS, AlertRule::default(), seed);
        bench.shared.grow(TARGET);
        bench.goes(START, 0);
        assert!(matches!(bench.hears_loading(START, 0), Role::Lead(_)));
        (1..9).for_each(|who| bench.lines_up(START, who, WaitReason::Loading));
        let up = START + 100_000;
        bench.probes(up);
        bench.ends(up, 0, Outcome::Ok);
        let mut woken = bench.woken();
        let first = bench.due().filter(|_| woken.is_empty()).unwrap_or(up);
        if woken.is_empty() {
            bench.lines_up(first - 1, 9, WaitReason::Queue);
            bench.shared.wake(at(first - 1));
            assert_eq!(bench.woken(), [0_u32; 0]);
            bench.shared.wake(at(first));
            woken = bench.woken();
        }
        assert_eq!(woken, [1], "one, not four");
        assert!((up..=up + 50_000).contains(&first), "within half of the time that it took: {first}");
        firsts.insert(first);
    }
    assert!(firsts.len() > 40);
}
