//! What an opening circuit does to the calls of its target, and how they come back.

use super::*;

#[test]
fn when_the_circuit_opens_every_queued_call_is_rejected() {
    let mut bench = Bench::new();
    bench.come(START, 0..50);
    let mut sent_away = Vec::new();
    for _ in 0..5 {
        let who = *bench.sent.keys().min().expect("somebody is under way");
        bench.ends(START + 100, who, GATEWAY_DOWN);
        assert!(sent_away.is_empty(), "not before the fifth failure");
        for who in bench.woken() {
            match bench.claims(START + 100, who) {
                Admission::Admitted { .. } => {}
                Admission::Queued(why) => panic!("{who} waits: {why:?}"),
                Admission::Rejected(failure) => sent_away.push((who, failure)),
            }
        }
    }
    assert_eq!((sent_away.len(), bench.queued(START + 100)), (50 - 4 - 4, 0));
    for (who, failure) in sent_away {
        assert_eq!((failure.code, failure.layer), (Code::CircuitOpen, Layer::Gateway), "{who}");
        let after = failure.retry_after.expect("a time").as_ms();
        assert!((15_000..=18_750).contains(&after), "{after}");
        assert!(failure.retryable());
    }
}

#[test]
fn while_the_circuit_is_open_no_call_is_sent_and_then_one_at_a_time() {
    let (mut bench, until) = Bench::open();
    for now in [START + 1, until - 1] {
        for who in 10..50 {
            let admission = bench.enters(now, who);
            let left = Some(Duration::from_ms(until - now));
            assert!(
                matches!(admission, Admission::Rejected(failure) if failure.retry_after == left),
                "{admission:?}"
            );
        }
    }
    bench.goes(until, 50);
    for who in 51..100 {
        assert!(matches!(bench.enters(until + 1, who), Admission::Rejected(_)));
    }
    bench.ends(until + 2000, 50, GATEWAY_DOWN);
    let Admission::Rejected(again) = bench.enters(until + 2000, 100) else { panic!("it is not open") };
    assert!((30_000..=37_500).contains(&again.retry_after.expect("a time").as_ms()));
}

#[test]
fn answers_that_come_after_the_circuit_opened_change_nothing() {
    let mut bench = Bench::new();
    (0..4).for_each(|who| bench.goes(START, who));
    let from_before = bench.sent.clone();
    let (mut bench, until) = Bench::open();
    bench.sent = from_before;
    bench.ends(START + 1, 0, Outcome::Ok);
    bench.ends(START + 1, 1, GATEWAY_DOWN);
    assert!(matches!(bench.enters(until - 1, 10), Admission::Rejected(_)));
    bench.goes(until, 10);
    bench.ends(until + 1, 2, GATEWAY_DOWN);
    assert!(matches!(bench.enters(until + 1, 11), Admission::Rejected(_)), "the probe is still out");
    bench.ends(until + 2, 10, Outcome::Ok);
    bench.ends(until + 3, 3, GATEWAY_DOWN);
    bench.goes(until + 4, 12);
}

#[test]
fn a_lost_probe_keeps_others_away_for_half_a_minute_at_most() {
    let (mut bench, until) = Bench::open();
    bench.goes(until, 10);
    assert!(matches!(bench.enters(until + 29_999, 11), Admission::Rejected(_)));
    bench.goes(until + 30_000, 12);
}

#[test]
fn a_probe_that_was_aborted_makes_way_for_the_next() {
    let (mut bench, until) = Bench::open();
    for who in 10..30 {
        bench.goes(until, who);
        bench.is_aborted(until, who);
    }
    bench.goes(until, 30);
    assert!(matches!(bench.enters(until, 31), Admission::Rejected(_)));
}

/// How many calls are in flight at once after a successful probe, round after round.
fn ramp(concurrency: limiter::Rule) -> Vec<usize> {
    let (mut bench, mut now) = Bench::open_with(concurrency);
    bench.goes(now, 10);
    bench.ends(now, 10, Outcome::Ok);
    bench.goes(now, 100);
    (101..150).for_each(|who| bench.lines_up(now, who, WaitReason::Breaker));
    let mut rounds = Vec::new();
    let mut round = vec![100];
    while !round.is_empty() && rounds.len() < 5 {
        now += 2000;
        rounds.push(round.len());
        for who in std::mem::take(&mut round) {
            bench.ends(now, who, Outcome::Ok);
            round.extend(bench.all_come(now));
        }
    }
    assert_eq!(bench.shared.snapshot(at(now), TARGET).expect("a target").breaker, breaker::State::Closed);
    rounds
}

#[test]
fn after_the_probe_there_are_one_two_four_and_eight_at_once() {
    assert_eq!(ramp(BOTTOMLESS), [1, 2, 4, 8, 16]);
}

#[test]
fn a_minimum_of_thirty_two_holds_from_the_beginning() {
    let mut bench = Bench::of(Rules::default(), AT_LEAST_32);
    (0..32).for_each(|who| bench.goes(START, who));
    bench.lines_up(START, 32, WaitReason::Queue);
}

#[test]
fn a_minimum_of_thirty_two_holds_when_a_cold_model_has_come_up() {
    let (mut bench, next) = Bench::cold_with(AT_LEAST_32, 200);
    bench.probes(next);
    bench.ends(next + 2000, 0, Outcome::Ok);
    assert_eq!(bench.all_come(next + 2000).len(), 32);
}

#[test]
fn a_minimum_of_thirty_two_waits_until_the_breaker_is_closed() {
    assert_eq!(ramp(AT_LEAST_32), [1, 2, 4, 8, 32]);
}

#[test]
fn a_minimum_of_thirty_two_waits_for_the_breaker_also_where_the_probe_finds_the_model_cold() {
    let (mut bench, until) = Bench::open_with(AT_LEAST_32);
    bench.goes(until, 0);
    let Role::Lead(sleep) = bench.hears_loading(until + 20, 0) else { panic!("nobody leads") };
    (1..200).for_each(|who| bench.lines_up(until + 20, who, WaitReason::Loading));
    let up = until + 20 + sleep.as_ms();
    bench.probes(up);
    bench.ends(up + 20, 0, Outcome::Ok);
    assert_eq!(bench.all_come(up + 20), [1, 2, 3, 4]);
}

#[test]
fn three_failures_in_a_row_in_the_ramp_send_everybody_away_for_twice_as_long() {
    let (mut bench, now) = Bench::open();
    bench.goes(now, 10);
    bench.ends(now, 10, Outcome::Ok);
    bench.goes(now, 11);
    (12..20).for_each(|who| bench.lines_up(now, who, WaitReason::Breaker));
    bench.ends(now, 11, GATEWAY_DOWN);
    assert_eq!(bench.all_come(now), [12]);
    bench.ends(now, 12, GATEWAY_DOWN);
    assert_eq!(bench.all_come(now), [13]);
    bench.ends(now, 13, GATEWAY_DOWN);
    let woken = bench.woken();
    assert_eq!(woken.len(), 6);
    for who in woken {
        let Admission::Rejected(failure) = bench.claims(now, who) else { panic!("{who} is not refused") };
        assert!((30_000..=37_500).contains(&failure.retry_after.expect("a time").as_ms()));
    }
}

#[test]
fn a_probe_that_finds_the_model_loading_leads_its_cold_start() {
    let (mut bench, until) = Bench::open();
    bench.goes(until, 10);
    let Role::Lead(_) = bench.hears_loading(until + 20, 10) else { panic!("nobody leads") };
    bench.lines_up(until + 20, 11, WaitReason::Loading);
}

#[test]
fn each_change_of_the_breaker_is_reported_once() {
    let (mut bench, until) = Bench::open();
    let mut told = Vec::new();
    let mut poll = |bench: &mut Bench| {
        while let Some(event) = bench.shared.next_event() {
            told.push(event);
        }
    };
    poll(&mut bench);
    bench.come(START + 1, 100..120);
    poll(&mut bench);
    bench.goes(until, 10);
    poll(&mut bench);
    bench.ends(until, 10, Outcome::Ok);
    for who in 11..26 {
        bench.goes(until, who);
        bench.ends(until, who, Outcome::Ok);
    }
    poll(&mut bench);
    let states = [breaker::State::Open, breaker::State::HalfOpen, breaker::State::Closed];
    assert_eq!(told, states.map(|state| Event::Breaker { target: TARGET, state }));
}

#[test]
fn rate_limits_loading_answers_and_aborts_open_no_circuit() {
    for outcome in [RATE_LIMITED, LOADING, Outcome::Aborted, Outcome::Failed(Code::BadRequest, Layer::Client)]
    {
        let mut bench = Bench::new();
        for who in 0..100 {
            bench.goes(START + u64::from(who), who);
            bench.ends(START + u64::from(who), who, outcome);
        }
        bench.goes(START + 100, 100);
    }
}
