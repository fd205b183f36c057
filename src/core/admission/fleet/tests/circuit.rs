//! One circuit for all.

use super::*;

/// The circuit of client 0 is open, and all know it.
fn open(clients: u64) -> Fleet {
    let mut fleet = Fleet::of(clients);
    for who in 1..clients as usize {
        fleet.ends(who, 0, Outcome::Ok);
        fleet.exchanges(who);
    }
    fleet.later(2_000);
    (0..5).for_each(|call| fleet.ends(0, call, DOWN));
    fleet.exchanges(0);
    for who in 1..clients as usize {
        fleet.goes(who, 9);
        fleet.exchanges(who);
        let now = fleet.at();
        fleet.clients[who].detach(now, TARGET, 9, false);
    }
    fleet
}

fn left(fleet: &mut Fleet, who: usize) -> Option<u64> {
    match fleet.asks(who, 100) {
        Admission::Rejected(failure) if failure.code == Code::CircuitOpen => {
            Some(failure.retry_after.expect("a time").as_ms())
        }
        _ => None,
    }
}

#[test]
fn a_circuit_that_one_client_opens_is_open_for_another_with_its_next_exchange() {
    let mut fleet = open(2);
    let (first, other) = (left(&mut fleet, 0), left(&mut fleet, 1));
    assert!(first.is_some_and(|left| left > 14_000), "{first:?}");
    assert_eq!(first, other);
}

#[test]
fn one_probe_of_the_whole_fleet_is_sent_in_each_half_open_period() {
    let mut fleet = open(20);
    let mut probes = Vec::new();
    for step in 0..1_200_u32 {
        fleet.later(50);
        for who in 0..20 {
            if let Admission::Admitted { generation } = fleet.asks(who, 100 + step) {
                probes.push((fleet.at(), who, generation, 100 + step));
            }
            fleet.exchanges(who);
        }
    }
    // Open for 15 s to 19 s, and a probe that is lost is followed by another after 30 s.
    let times: Vec<u64> = probes.iter().map(|probe| probe.0.since(Instant::from_ms(START)).as_ms()).collect();
    assert_eq!(probes.len(), 2, "{times:?}");
}

#[test]
fn a_probe_that_fails_opens_the_circuit_of_all_again_for_twice_as_long() {
    let mut fleet = open(2);
    let generation = fleet.view().circuit;
    let open = left(&mut fleet, 0).expect("open");
    fleet.later(open - 500);
    left(&mut fleet, 0);
    fleet.exchanges(0);
    fleet.later(600);
    fleet.ends(0, 7, DOWN);
    left(&mut fleet, 0);
    fleet.later(1_000);
    left(&mut fleet, 0);
    left(&mut fleet, 1);
    fleet.all_exchange();
    assert_eq!(fleet.view().circuit, generation + 1);
    let other = left(&mut fleet, 1);
    assert!(other.is_some_and(|left| left > 28_000), "{other:?}");
}

#[test]
fn a_probe_that_succeeds_closes_the_circuit_of_all() {
    let mut fleet = open(2);
    let open = left(&mut fleet, 0).expect("open");
    fleet.later(open - 500);
    left(&mut fleet, 0);
    fleet.exchanges(0);
    fleet.later(600);
    fleet.ends(0, 7, Outcome::Ok);
    fleet.exchanges(0);
    left(&mut fleet, 1);
    fleet.later(1_000);
    left(&mut fleet, 1);
    fleet.exchanges(1);
    assert_eq!((fleet.view().open_until, left(&mut fleet, 1)), (0, None));
}

#[test]
fn a_client_whose_own_network_fails_does_not_shut_out_the_others_that_are_answered() {
    let mut fleet = Fleet::of(2);
    (0..5).for_each(|call| fleet.ends(0, call, DOWN));
    fleet.exchanges(0);
    assert!(fleet.view().open_until > 0);
    fleet.ends(1, 0, Outcome::Ok);
    fleet.exchanges(1);
    assert_eq!((fleet.view().open_until, left(&mut fleet, 1)), (0, None));
    left(&mut fleet, 0);
    fleet.later(1_000);
    left(&mut fleet, 0);
    fleet.exchanges(0);
    assert!(left(&mut fleet, 0).is_some(), "its own circuit stays open");
    fleet.passes(5_000);
    assert_eq!(fleet.view().open_until, 0, "and it does not tell so again and again");
}

#[test]
fn a_client_without_a_breaker_neither_opens_nor_closes_the_circuit_of_the_others() {
    let mut fleet = open(2);
    let rules = Rules { breaker: None, ..Rules::default() };
    let mut without = Shared::new(rules, limiter::Rule::default(), AlertRule::default(), 9);
    without.join(9);
    without.grow(TARGET);
    fleet.clients.push(without);
    fleet.ends(2, 0, DOWN);
    fleet.exchanges(2);
    fleet.ends(2, 1, DOWN);
    fleet.passes(3_000);
    assert!(fleet.view().open_until > 0);
}
