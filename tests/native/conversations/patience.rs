//! How a cold start that does not end is given up.

use super::{asking, cold_for, loading, ok};
use crate::virtual_clock::{Conversation, ms, policy, secs};
use query_with_retry::core::admission::probing::SHORTEST_SLEEP;
use query_with_retry::core::call::{Head, Target};
use query_with_retry::core::failure::{Code, Phase};
use query_with_retry::core::policy::Given;
use query_with_retry::core::target::Profile;
use serde_json::json;

const SEEDS: u64 = 200;

fn up_to(max_wait: u64, total: u64) -> Conversation {
    let given = Given { max_wait: Some(secs(max_wait)), total: Some(secs(total)), ..Given::default() };
    Conversation::with(policy(given))
}

#[test]
fn patience_that_ends_is_model_loading_in_phase_wait_with_a_last_probe_at_its_end() {
    for seed in 0..SEEDS {
        for max_wait in [5, 20, 100] {
            let call = up_to(max_wait, 300).seeded(seed).against(|_| loading(Some(json!(20))));
            assert!(call.ends_with(Code::ModelLoading, Some(Phase::Wait)), "{:?}", call.end);
            // What is left after the last answer is less than the shortest sleep.
            assert!(call.took <= secs(max_wait) + ms(20), "{:?} of {max_wait} s", call.took);
            assert!(call.took + SHORTEST_SLEEP > secs(max_wait), "{:?} of {max_wait} s", call.took);
            assert_eq!(call.failure().status, Some(503));
        }
    }
}

#[test]
fn a_model_that_is_up_just_before_the_last_probe_is_still_found() {
    for seed in 0..SEEDS {
        assert!(
            up_to(20, 300).seeded(seed).against(cold_for(ms(18_900), None)).is_delivered(),
            "seed {seed}"
        );
    }
}

#[test]
fn a_call_that_ends_before_the_patience_names_the_total() {
    for seed in 0..SEEDS {
        let call = up_to(300, 30).seeded(seed).against(|_| loading(None));
        assert!(call.ends_with(Code::ModelLoading, Some(Phase::Total)), "{:?}", call.end);
        assert!(call.took <= secs(30), "{:?}", call.took);
    }
}

#[test]
fn the_last_probe_leaves_time_for_its_answer() {
    for seed in 0..SEEDS {
        let call = up_to(300, 30).seeded(seed).against(|_| loading(None));
        for wait in &call.waits {
            let room = secs(30) - wait.at;
            let left = room - wait.action.span;
            assert!(left >= room.scaled(1, 10) && left >= ms(500), "{wait:?}");
        }
    }
}

#[test]
fn no_patience_at_all_asks_once() {
    for answer in [loading(Some(json!(1))), loading(None), asking(503, secs(0))] {
        let call = up_to(0, 300).at(Profile::Endpoint).script(&[answer, ok()]);
        assert!(call.ends_with(Code::ModelLoading, Some(Phase::Wait)), "{:?}", call.end);
        assert_eq!(call.sent.len(), 1);
    }
}

#[test]
fn a_floor_of_the_server_that_outlasts_the_patience_ends_it_at_once_and_is_reported() {
    let call = up_to(20, 300).at(Profile::Endpoint).script(&[asking(503, secs(60)), ok()]);
    assert!(call.ends_with(Code::ModelLoading, Some(Phase::Wait)));
    assert_eq!((call.sent.len(), call.failure().retry_after), (1, Some(secs(60))));
    let call = up_to(300, 30).at(Profile::Endpoint).script(&[asking(503, secs(60)), ok()]);
    assert!(call.ends_with(Code::ModelLoading, Some(Phase::Total)));
    assert_eq!((call.sent.len(), call.failure().retry_after), (1, Some(secs(60))));
}

#[test]
fn a_floor_of_the_server_holds_while_it_loads() {
    let head = Head { status: 503, floor: Some(secs(7)), ..Head::default() };
    let reply = crate::virtual_clock::Reply::after(secs(0), head, super::nothing());
    for seed in 0..SEEDS {
        let call =
            up_to(300, 300).at(Profile::Endpoint).seeded(seed).script(&[reply.clone(), reply.clone(), ok()]);
        assert!(call.is_delivered());
        assert!(call.waits.iter().all(|wait| wait.action.span > secs(7)), "{:?}", call.waits);
    }
}

#[test]
fn each_target_has_its_own_patience() {
    let mut call = up_to(20, 300);
    call.targets = vec![Target { shared: 0, profile: Profile::OpenAi, shares_credentials: true }; 3];
    let call = call.against(|_| loading(None));
    assert!(call.ends_with(Code::ModelLoading, Some(Phase::Wait)));
    assert_eq!(call.failure().status, Some(503));
    assert!(call.took > secs(57) && call.took <= secs(60) + ms(60), "{:?}", call.took);
    assert_eq!(call.route().last(), Some(&2));
}
