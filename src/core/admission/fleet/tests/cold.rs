//! One cold start for all.

use super::*;

/// Client 0 has found the model cold and leads; the others know it, and each has a waiting call.
fn cold(clients: u64) -> Fleet {
    let mut fleet = Fleet::of(clients);
    assert!(matches!(fleet.hears_loading(0, 0), Role::Lead(_)));
    fleet.exchanges(0);
    for who in 1..clients as usize {
        // The first call of a client waits for nobody.
        fleet.hears_loading(who, 0);
        fleet.exchanges(who);
        fleet.waits(who, 1);
    }
    fleet
}

#[test]
fn a_client_that_asks_holds_its_calls_while_another_leads() {
    let mut fleet = cold(3);
    assert_eq!(fleet.view().leader, 1);
    fleet.passes(60_000);
    assert_eq!((fleet.goes_on(1), fleet.goes_on(2)), (0, 0));
    assert_eq!(fleet.view().leader, 1, "it renews its lead");
}

#[test]
fn the_only_call_of_a_client_that_slept_until_its_own_probe_sends_none_while_another_leads() {
    let mut fleet = Fleet::of(2);
    for who in [0, 1] {
        assert!(matches!(fleet.hears_loading(who, 0), Role::Lead(_)));
    }
    fleet.all_exchange();
    fleet.passes(8_000);
    assert_eq!(fleet.view().leader, 1);
    fleet.waits(1, 0);
}

#[test]
fn the_answer_to_the_leader_lets_the_calls_of_all_clients_go_within_a_second() {
    let mut fleet = cold(3);
    fleet.passes(10_000);
    fleet.ends(0, 0, Outcome::Ok);
    fleet.passes(1_000);
    assert_eq!((fleet.goes_on(1), fleet.goes_on(2)), (1, 1));
    assert_eq!(fleet.view().cold, 0);
    assert_eq!(fleet.temperature(1), Temperature::Warm);
}

#[test]
fn a_leader_that_is_gone_is_followed_by_one_client() {
    let mut fleet = cold(4);
    fleet.clients.remove(0);
    let mut went = Vec::new();
    let gone = fleet.at();
    let mut until = fleet.at() + Duration::from_secs(60);
    while fleet.at() < until {
        fleet.passes(100);
        went.extend((0..3).filter(|who| fleet.goes_on(*who) > 0));
        if went.len() == 1 {
            until = until.min(fleet.at() + Duration::from_secs(2)); // then the probe would be taken for an answer
        }
    }
    assert!(fleet.at().since(gone) < Duration::from_secs(10));
    assert_eq!(went.len(), 1, "{went:?} of {:?}", fleet.view());
    assert_eq!(fleet.view().leader, went[0] as u64 + 2);
}

#[test]
fn a_client_that_loses_the_engine_probes_by_itself_after_three_seconds() {
    let mut fleet = cold(2);
    fleet.passes(30_000);
    let lost = fleet.at();
    while fleet.goes_on(1) == 0 {
        fleet.later(100);
        let now = fleet.at();
        fleet.clients[1].exchange(now); // and there is no reply
        fleet.exchanges(0);
    }
    let alone = fleet.at().since(lost).as_ms();
    assert!((2_000..=3_100).contains(&alone), "{alone}");
}

#[test]
fn a_client_that_was_answered_after_the_target_was_found_cold_says_so() {
    let mut fleet = Fleet::of(2);
    fleet.hears_loading(0, 0);
    fleet.exchanges(0);
    let gate = fleet.view().gate;
    fleet.ends(1, 0, Outcome::Ok);
    fleet.exchanges(1);
    assert_eq!((fleet.view().cold, fleet.view().gate), (0, gate + 1));
    fleet.passes(1_000);
    assert_ne!(fleet.temperature(0), Temperature::Cold);
}

#[test]
fn a_state_that_the_engine_has_lost_is_told_again_and_ends_no_cold_start() {
    let mut fleet = cold(2);
    fleet.passes(2_000);
    fleet.text.clear();
    fleet.passes(2_000);
    assert_eq!((fleet.temperature(0), fleet.temperature(1)), (Temperature::Cold, Temperature::Cold));
    assert!(fleet.view().cold > 0 && fleet.view().leader > 0, "{:?}", fleet.view());
}
