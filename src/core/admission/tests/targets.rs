//! Targets beside each other, and clocks that do not run.

use super::*;

#[test]
fn targets_share_nothing_with_each_other() {
    let (mut bench, _) = Bench::open();
    bench.shared.grow(3);
    let admission = bench.shared.request(at(START), 3, bench.caller(900));
    assert!(matches!(admission, Admission::Admitted { .. }), "{admission:?}");
    assert_eq!(bench.in_flight(START), 0);
}

#[test]
fn a_target_is_not_replaced_while_a_call_may_still_come_to_it() {
    let (mut bench, next) = Bench::cold(20);
    bench.shared.retain(TARGET);
    bench.shared.retain(TARGET);
    for _ in 0..2 {
        assert!(!bench.shared.replace(TARGET));
        assert_eq!((bench.queued(next), bench.shared.is_cold(TARGET)), (20, true));
        bench.shared.release(TARGET);
    }
    assert!(bench.shared.replace(TARGET));
    assert_eq!((bench.queued(next), bench.shared.is_cold(TARGET)), (0, false));
}

#[test]
fn a_target_that_does_not_exist_keeps_nobody_from_anything() {
    let mut shared = Shared::without_limits(1);
    let caller = Bench::new().caller(1);
    assert_eq!(shared.request(at(START), 9, caller), Admission::Admitted { generation: 0 });
    assert_eq!(shared.claim(at(START), 9, caller), Admission::Admitted { generation: 0 });
    assert!(shared.may_retry(at(START), 9, Duration::ZERO));
    shared.detach(at(START), 9, 1, true);
    shared.release(9);
    assert!(!shared.replace(9));
    assert!(shared.snapshot(at(START), 9).is_none() && !shared.is_cold(9));
}

#[test]
fn without_limits_nobody_waits_and_nobody_is_refused() {
    let (mut bench, _) = Bench::cold(0);
    bench.shared = Shared::without_limits(1);
    (0..4).for_each(|who| bench.goes(START, who));
    for _ in 0..1000 {
        assert!(bench.shared.may_retry(at(START), TARGET, Duration::ZERO));
    }
    for who in 0..4 {
        bench.ends(START, who, GATEWAY_DOWN);
        bench.goes(START, who);
        bench.ends(START, who, GATEWAY_DOWN);
        bench.goes(START, who);
    }
}

#[test]
fn clocks_that_stand_still_jump_or_go_backwards_leak_no_permit() {
    for times in [[START; 4], [START, START + 3_600_000, START, START + 7_200_000], [START, 0, START, 1]] {
        let mut bench = Bench::new();
        let mut turn = times.into_iter().cycle();
        let mut now = || turn.next().unwrap_or(START);
        for who in 0..100 {
            bench.enters(now(), who);
        }
        for _ in 0..1000 {
            let Some(who) = bench.sent.keys().min().copied() else {
                break;
            };
            bench.ends(now(), who, if who % 3 == 0 { Outcome::Ok } else { RATE_LIMITED });
            for who in bench.woken() {
                bench.claims(now(), who);
            }
        }
        for who in 0..100 {
            bench.is_aborted(now(), who);
        }
        assert_eq!((bench.in_flight(START), bench.queued(START)), (0, 0), "{times:?}");
    }
}
