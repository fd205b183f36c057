//! The first text of a stream, readers that go away, and leases that their holders renew.

use super::*;

const LEASE: u64 = 5_000;

impl Bench {
    /// A client whose calls may end unseen, as in a Worker.
    fn leased() -> Self {
        Self::leased_of(BOTTOMLESS)
    }

    fn leased_of(concurrency: limiter::Rule) -> Self {
        Self::of(Rules { lease: Some(Duration::from_ms(LEASE)), ..Rules::default() }, concurrency)
    }

    /// The first text of this call's stream has come.
    fn begins(&mut self, now: u64, who: CallId) {
        let (started, generation) = self.sent[&who];
        self.shared.begun(at(now), TARGET, Begun { call: who, generation, started: at(started) });
    }

    fn renews(&mut self, now: u64, who: CallId, in_flight: bool) {
        let deadline = self.caller(who).deadline;
        self.shared.renew(at(now), TARGET, SignOfLife { call: who, deadline, in_flight });
    }
}

#[test]
fn the_first_text_of_the_leaders_stream_ends_the_cold_start_for_waiting_calls() {
    let (mut bench, next) = Bench::cold(20);
    bench.probes(next);
    bench.begins(next + 100, 0);
    assert!(!bench.shared.is_cold(TARGET));
    // Four at once, one of which is the leader's stream.
    assert_eq!(bench.all_come(next + 100).len(), 3);
}

#[test]
fn the_first_text_of_a_probes_stream_lets_others_in_and_its_end_counts_for_nothing_more() {
    let (mut bench, until) = Bench::open();
    bench.goes(until, 5);
    assert!(matches!(bench.enters(until, 6), Admission::Rejected(_)));
    bench.begins(until + 100, 5);
    bench.goes(until + 100, 7);
    bench.ends(until + 200, 5, GATEWAY_DOWN);
    assert_eq!(
        bench.shared.snapshot(at(until + 200), TARGET).expect("a target").breaker,
        breaker::State::HalfOpen
    );
}

#[test]
fn a_reader_that_is_away_lends_its_permit_and_has_one_again_when_it_is_back() {
    let mut bench = Bench::new();
    bench.come(START, 0..5);
    bench.shared.lend(at(START + 3000), TARGET, 0);
    assert_eq!(bench.all_come(START + 3000), [4]);
    bench.shared.reclaim(at(START + 4000), TARGET, 0, at(START + 300_000));
    assert_eq!(bench.in_flight(START + 4000), 5);
}

#[test]
fn a_permit_whose_holder_says_nothing_is_the_next_ones_after_five_seconds() {
    let mut bench = Bench::leased_of(FOUR);
    bench.come(START, 0..5);
    for now in [START + 2000, START + 4000] {
        (1..4).for_each(|who| bench.renews(now, who, true));
        bench.renews(now, 4, false);
    }
    assert_eq!(bench.due(), Some(START + LEASE));
    bench.shared.wake(at(START + LEASE));
    assert_eq!(bench.all_come(START + LEASE), [4]);
    // A call that still answers then releases a permit that it no longer has.
    bench.ends(START + LEASE + 1, 0, Outcome::Ok);
    assert_eq!(bench.in_flight(START + LEASE + 1), 4);
}

#[test]
fn a_leader_without_a_sign_of_life_is_replaced_by_a_call_that_gives_one() {
    let mut bench = Bench::leased();
    bench.goes(START, 0);
    bench.hears_loading(START, 0);
    bench.lines_up(START, 1, WaitReason::Loading);
    bench.lines_up(START, 2, WaitReason::Loading);
    (1..=5).for_each(|second| bench.renews(START + second * 1000, 2, false));
    bench.shared.wake(at(START + LEASE));
    assert_eq!(
        (bench.woken(), bench.shared.leader(TARGET)),
        (vec![2], Some(2)),
        "the first in line is gone too"
    );
}

#[test]
fn a_leader_that_renews_its_lease_leads_as_long_as_it_sleeps_and_probes() {
    let mut bench = Bench::leased();
    bench.goes(START, 0);
    bench.hears_loading(START, 0);
    bench.lines_up(START, 1, WaitReason::Loading);
    for second in 1..60 {
        (0..2).for_each(|who| bench.renews(START + second * 1000, who, false));
        bench.shared.wake(at(START + second * 1000));
    }
    assert_eq!((bench.woken(), bench.shared.leader(TARGET)), (vec![], Some(0)));
}

#[test]
fn a_probe_that_says_nothing_is_followed_by_the_next_call_after_five_seconds() {
    let mut bench = Bench::leased();
    for who in 0..5 {
        bench.goes(START, who);
        bench.ends(START, who, GATEWAY_DOWN);
    }
    let probed = START + 20_000;
    bench.goes(probed, 5);
    bench.renews(probed + 1000, 5, true);
    assert!(matches!(bench.enters(probed + 5999, 6), Admission::Rejected(_)));
    bench.goes(probed + 6000, 7);
}

#[test]
fn a_reader_that_goes_away_during_the_probe_of_a_circuit_leaves_the_probe_to_the_next_call() {
    let (mut bench, until) = Bench::open();
    bench.goes(until, 5);
    assert!(matches!(bench.enters(until + 1, 6), Admission::Rejected(_)));
    bench.shared.lend(at(until + 2), TARGET, 5);
    bench.goes(until + 2, 7);
}
