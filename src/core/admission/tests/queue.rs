//! Permits, and whose turn it is.

use super::*;

#[test]
fn calls_go_while_there_are_permits_and_the_others_are_queued() {
    let mut bench = Bench::new();
    (0..4).for_each(|who| bench.goes(START, who));
    (4..100).for_each(|who| bench.lines_up(START, who, WaitReason::Queue));
    assert_eq!((bench.in_flight(START), bench.queued(START)), (4, 96));
    assert_eq!(bench.woken(), [0_u32; 0]);
}

#[test]
fn a_released_permit_goes_to_the_next_call_and_a_success_adds_another() {
    let mut bench = Bench::new();
    bench.come(START, 0..10);
    bench.ends(START + 1000, 0, Outcome::Ok);
    assert_eq!(bench.all_come(START + 1000), [4, 5]);
    bench.is_aborted(START + 1001, 1);
    assert_eq!(bench.all_come(START + 1001), [6]);
}

#[test]
fn a_queued_call_is_not_overtaken_by_a_later_one() {
    let mut bench = Bench::new();
    bench.come(START, 0..5);
    bench.is_aborted(START + 1, 0);
    // The permit belongs to the call that was woken, though it has not claimed it yet.
    bench.lines_up(START + 1, 99, WaitReason::Queue);
    assert_eq!(bench.all_come(START + 2), [4]);
}

#[test]
fn a_call_that_asks_before_its_turn_keeps_its_position_in_the_queue() {
    let mut bench = Bench::new();
    bench.come(START, 0..7);
    (0..100).for_each(|_| assert_eq!(bench.claims(START + 1, 4), Admission::Queued(WaitReason::Queue)));
    bench.is_aborted(START + 2, 0);
    assert_eq!(bench.all_come(START + 2), [4]);
    assert_eq!(bench.queued(START + 2), 2);
}

#[test]
fn the_tiers_take_turns_and_none_of_them_starves() {
    let mut bench = Bench::new();
    (0..4).for_each(|who| bench.goes(START, who));
    for (first, priority) in
        [(3000, Priority::Batch), (2000, Priority::Default), (1000, Priority::Interactive)]
    {
        bench.priority = priority;
        (0..100).for_each(|nth| bench.lines_up(START, first + nth, WaitReason::Queue));
    }
    let mut served = Vec::new();
    let mut in_flight: Vec<CallId> = (0..4).collect();
    while served.len() < 120 {
        // One call leaves, one comes: the limit stays.
        bench.is_aborted(START + 1, in_flight.remove(0));
        let come = bench.all_come(START + 1);
        assert_eq!(come.len(), 1);
        in_flight.extend(&come);
        served.extend(come);
    }
    let of = |tier| served.iter().filter(|who| **who / 1000 == tier).count();
    assert_eq!([of(1), of(2), of(3)], [80, 30, 10]);
    let mut in_order = served.clone();
    in_order.sort_by_key(|who| who / 1000);
    assert!(in_order.is_sorted(), "in each tier the first to come is the first to go");
}

#[test]
fn a_call_that_does_not_claim_its_permit_loses_it_after_a_while() {
    let mut bench = Bench::of(Rules::default(), FOUR);
    bench.come(START, 0..6);
    bench.is_aborted(START + 1, 0);
    assert_eq!(bench.woken(), [4]);
    assert_eq!(bench.due(), Some(START + 5_001));
    bench.shared.wake(at(START + 5_000));
    assert_eq!(bench.woken(), [0_u32; 0]);
    bench.shared.wake(at(START + 5_001));
    assert_eq!(bench.all_come(START + 5_001), [5]);
    // When it comes at last, it is queued again.
    assert_eq!(bench.claims(START + 6_000, 4), Admission::Queued(WaitReason::Queue));
    bench.is_aborted(START + 6_001, 1);
    assert_eq!(bench.all_come(START + 6_001), [4]);
}

#[test]
fn a_call_that_claims_late_gets_its_permit_if_no_other_call_wanted_it() {
    let mut bench = Bench::new();
    bench.come(START, 0..5);
    bench.is_aborted(START + 1, 0);
    assert_eq!(bench.woken(), [4]);
    assert!(matches!(bench.claims(START + 60_000, 4), Admission::Admitted { .. }));
    assert_eq!(bench.in_flight(START + 60_000), 4);
}

#[test]
fn the_permits_of_lost_calls_run_out_at_their_deadlines() {
    let mut bench = Bench::of(Rules::default(), FOUR);
    (0..4).for_each(|who| bench.goes(START, who));
    bench.total = 900_000;
    (4..10).for_each(|who| bench.lines_up(START, who, WaitReason::Queue));
    assert_eq!(bench.due(), Some(START + 300_000));
    bench.shared.wake(at(START + 299_999));
    assert_eq!(bench.woken(), [0_u32; 0]);
    bench.shared.wake(at(START + 300_000));
    assert_eq!(bench.all_come(START + 300_000), [4, 5, 6, 7]);
}

#[test]
fn while_long_answers_hold_all_permits_one_more_call_goes_every_two_seconds() {
    let mut bench = Bench::new();
    bench.come(START, 0..8);
    for (nth, who) in (1..).zip(4..7) {
        assert_eq!(bench.due(), Some(START + nth * 2_000));
        bench.shared.wake(at(START + nth * 2_000));
        assert_eq!(bench.all_come(START + nth * 2_000), [who]);
    }
}

#[test]
fn while_nobody_waits_nothing_is_due() {
    let mut bench = Bench::new();
    assert_eq!(bench.due(), None);
    (0..4).for_each(|who| bench.goes(START, who));
    assert_eq!(bench.due(), None);
    let (mut cold, _) = Bench::cold(0);
    assert_eq!(cold.due(), None);
    let (mut open, _) = Bench::open();
    assert_eq!(open.due(), None);
}

#[test]
fn a_full_queue_takes_no_more_calls() {
    let mut bench = Bench::of(Rules::default(), limiter::Rule { queue: 10, ..BOTTOMLESS });
    (0..4).for_each(|who| bench.goes(START, who));
    (4..14).for_each(|who| bench.lines_up(START, who, WaitReason::Queue));
    let Admission::Rejected(failure) = bench.enters(START, 14) else { panic!("it is in line") };
    assert_eq!((failure.code, failure.layer, failure.phase), (Code::QueueFull, Layer::Compute, None));
    assert!(failure.retryable());
    assert_eq!(bench.queued(START), 10);
    // A call leaves the queue, and there is room again.
    bench.is_aborted(START + 1, 7);
    bench.lines_up(START + 1, 15, WaitReason::Queue);
}

/// Four permits, each held for two seconds, and no slow start any more.
fn steady() -> Bench {
    let mut bench = Bench::of(Rules::default(), limiter::Rule { min: 4, max: 4, queue: 1000 });
    (0..4).for_each(|who| bench.goes(START - 2000, who));
    (0..3).for_each(|who| bench.ends(START, who, Outcome::Ok));
    bench.ends(START, 3, RATE_LIMITED);
    (0..4).for_each(|who| bench.goes(START, who));
    bench
}

#[test]
fn a_call_that_cannot_get_a_permit_before_its_deadline_is_rejected_when_it_comes() {
    let mut bench = steady();
    bench.total = 10_000;
    // The nineteenth call waits 19 × 2 s / 4 = 9.5 s; the twentieth would wait ten.
    (100..119).for_each(|who| bench.lines_up(START, who, WaitReason::Queue));
    let Admission::Rejected(failure) = bench.enters(START, 119) else { panic!("it is in line") };
    assert_eq!(failure.code, Code::QueueFull);
    assert_eq!(failure.retry_after, Some(Duration::from_ms(10_000)));
    bench.total = 10_001;
    bench.lines_up(START, 120, WaitReason::Queue);
}

#[test]
fn no_call_is_rejected_while_the_average_latency_is_unknown() {
    let mut bench = Bench::new();
    (0..4).for_each(|who| bench.goes(START, who));
    bench.total = 1;
    (4..1000).for_each(|who| bench.lines_up(START, who, WaitReason::Queue));
}

#[test]
fn the_length_of_the_queue_for_a_cold_model_rejects_no_call() {
    let mut bench = steady();
    for who in 0..3 {
        assert_eq!(bench.hears_loading(START + 20, who), Role::Follow, "others were answered just now");
    }
    assert_eq!(bench.hears_loading(START + 20, 3), Role::Apart, "and another one probes soon");
    bench.total = 20_000;
    (100..1000).for_each(|who| bench.lines_up(START + 20, who, WaitReason::Loading));
}

#[test]
fn a_long_queue_of_batch_work_does_not_reject_an_interactive_call() {
    let mut bench = steady();
    bench.priority = Priority::Batch;
    (100..400).for_each(|who| bench.lines_up(START, who, WaitReason::Queue));
    // The interactive call goes before eight of nine of them.
    bench.priority = Priority::Interactive;
    bench.total = 30_000;
    bench.lines_up(START, 7, WaitReason::Queue);
}

#[test]
fn a_call_that_leaves_the_queue_is_never_woken() {
    let mut bench = Bench::new();
    bench.come(START, 0..10);
    (4..9).for_each(|who| bench.is_aborted(START + 1, who));
    assert_eq!(bench.queued(START + 1), 1);
    bench.ends(START + 2, 0, Outcome::Ok);
    assert_eq!(bench.all_come(START + 2), [9]);
}

#[test]
fn a_call_that_leaves_between_its_turn_and_its_claim_passes_the_permit_on() {
    let mut bench = Bench::new();
    bench.come(START, 0..6);
    bench.is_aborted(START + 1, 0);
    assert_eq!(bench.woken(), [4]);
    bench.is_aborted(START + 2, 4);
    assert_eq!(bench.all_come(START + 2), [5]);
    assert_eq!(bench.in_flight(START + 2), 4);
}

#[test]
fn leaving_twice_or_without_ever_having_come_gives_nothing_back() {
    let mut bench = Bench::new();
    bench.come(START, 0..5);
    for who in [4, 4, 77] {
        bench.is_aborted(START + 1, who);
    }
    assert_eq!((bench.in_flight(START + 1), bench.queued(START + 1)), (4, 0));
    bench.lines_up(START + 1, 5, WaitReason::Queue);
}

#[test]
fn every_permit_comes_back_in_whatever_order_calls_come_and_leave() {
    for seed in 0..300 {
        let mut rng = Rng::new(seed);
        let mut any = |most: u64| rng.up_to(Duration::from_ms(most - 1)).as_ms();
        let mut bench = Bench::of(Rules { breaker: None, ..Rules::default() }, BOTTOMLESS);
        bench.total = 10_000_000;
        let mut now = START;
        let (mut next, mut lives) = (0, Vec::<CallId>::new());
        for _ in 0..200 {
            now += any(3000);
            let one = any(lives.len().max(1) as u64) as usize;
            match (any(10), lives.get(one).copied()) {
                (0..4, _) | (_, None) => {
                    bench.enters(now, next);
                    lives.push(next);
                    next += 1;
                }
                (4..6, Some(who)) => {
                    lives.swap_remove(one);
                    bench.is_aborted(now, who);
                }
                (6..9, Some(who)) if bench.sent.contains_key(&who) => {
                    lives.swap_remove(one);
                    let outcomes = [Outcome::Ok, TIMEOUT, RATE_LIMITED, GATEWAY_DOWN];
                    bench.ends(now, who, outcomes[any(4) as usize]);
                    bench.shared.detach(at(now), TARGET, who, false);
                }
                _ => {}
            }
            // Some of the woken calls come in time, some are late, some never come.
            for who in bench.woken() {
                if lives.contains(&who) && any(4) > 0 {
                    let admission = bench.claims(now, who);
                    assert!(!matches!(admission, Admission::Rejected(_)), "seed {seed}: {admission:?}");
                }
            }
            bench.shared.wake(at(now));
            assert!(bench.due().is_none_or(|due| due > now), "seed {seed}: it would be woken for ever");
        }
        lives.iter().for_each(|who| bench.is_aborted(now, *who));
        assert_eq!((bench.in_flight(now), bench.queued(now)), (0, 0), "seed {seed}");
    }
}
