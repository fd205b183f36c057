//! A model that comes up is found soon, by few requests, whatever the server says.

use super::{cold_for, error, loading, ok, saying};
use crate::virtual_clock::{Conversation, Reply, policy, secs};
use query_with_retry::core::failure::Code;
use query_with_retry::core::policy::{Given, Policy};
use query_with_retry::core::record::WaitReason;
use query_with_retry::core::target::Profile;
use query_with_retry::core::time::Duration;
use serde_json::{Value, json};

const SEEDS: u64 = 200;

/// Real length, what is said, most requests, latest hit as a multiple of the length in percent.
fn is_found(real: Duration, says: Option<Value>, most_requests: usize, within_percent: u64) {
    let patient = policy(Given { max_wait: Some(secs(900)), total: Some(secs(900)), ..Given::default() });
    for seed in 0..SEEDS {
        let call = Conversation::with(patient).seeded(seed).against(cold_for(real, says.clone()));
        let hit = call.sent.last().map(|sent| sent.at).unwrap_or_default();
        let told = format!("{real:?} says {says:?}, seed {seed}: {} requests, {hit:?}", call.sent.len());
        assert!(call.is_delivered(), "{told}: {:?}", call.end);
        assert!(call.sent.len() <= most_requests && hit <= real.scaled(within_percent, 100), "{told}");
    }
}

#[test]
fn a_start_of_8_s_that_says_20_s_takes_5_requests_and_1_3_times_its_length_at_most() {
    is_found(secs(8), Some(json!(20.0)), 5, 130);
}

#[test]
fn a_start_of_8_s_that_says_nothing_takes_6_requests_at_most() {
    is_found(secs(8), None, 6, 130);
}

#[test]
fn a_long_start_costs_a_few_requests_more_and_is_found_as_soon() {
    for (seconds, most_requests) in [(60, 15), (300, 22), (600, 28)] {
        is_found(secs(seconds), Some(json!(20.0)), most_requests, 130);
        is_found(secs(seconds), None, most_requests, 130);
    }
}

#[test]
fn an_estimate_that_is_right_is_not_slept_through() {
    is_found(secs(118), Some(json!(118.03)), 9, 130);
}

#[test]
fn nonsense_for_an_estimate_is_as_if_nothing_was_said() {
    for nonsense in [json!(-1), json!("soon"), json!(null), json!(1e12), json!({"s": 20})] {
        for seed in 0..SEEDS {
            let told = Conversation::with(Policy::default()).seeded(seed);
            let [a, b] = [Some(nonsense.clone()), None].map(|says| told.against(cold_for(secs(8), says)));
            let times = |call: &crate::virtual_clock::Transcript| -> Vec<_> {
                call.sent.iter().map(|sent| sent.at).collect()
            };
            assert_eq!(times(&a), times(&b), "{nonsense}, seed {seed}");
        }
    }
}

#[test]
fn an_estimate_of_nothing_or_of_a_day_neither_hurries_nor_puts_to_sleep() {
    is_found(secs(8), Some(json!(0)), 14, 130);
    for seed in 0..SEEDS {
        let call = Conversation::with(Policy::default())
            .seeded(seed)
            .against(cold_for(secs(70), Some(json!(86_400))));
        assert!(call.is_delivered());
        assert_eq!(call.sent[1].at.as_secs(), 60, "the first look is after the longest sleep");
    }
}

#[test]
fn the_estimate_of_the_server_reaches_the_wait_event() {
    let call = Conversation::with(Policy::default()).script(&[loading(Some(json!(30))), loading(None), ok()]);
    let said: Vec<_> = call.waits.iter().map(|wait| wait.action.estimate).collect();
    assert_eq!(said, [Some(secs(30)), Some(secs(20))], "twenty seconds are what most say");
    assert!(call.waits.iter().all(|wait| wait.action.reason == WaitReason::Loading));
}

#[test]
fn each_way_of_saying_so_is_a_cold_start() {
    for (profile, answer) in [
        (Profile::Legacy, loading(Some(json!(20)))),
        (Profile::OpenAi, saying(503, &json!({"error": {"message": "Loading model"}}))),
        (Profile::OpenAi, saying(503, &json!({"error": "The model is currently scaling."}))),
        (Profile::Endpoint, error(503)),
        (Profile::Endpoint, error(502)),
        (Profile::OpenAi, saying(200, &json!({"error": "x is currently loading"}))),
    ] {
        let call = Conversation::with(Policy::default()).at(profile).script(&[answer, ok()]);
        assert!(call.is_delivered());
        assert_eq!(call.waits[0].action.reason, WaitReason::Loading, "{profile:?}");
    }
}

#[test]
fn loading_spends_no_retry() {
    let mut script = vec![loading(Some(json!(20))); 8];
    script.extend([error(500), error(500), error(500), ok()]);
    let call = Conversation::with(Policy::default()).script(&script);
    assert!(call.is_delivered(), "{:?}", call.end);
    let none = Conversation::with(policy(Given { max_retries: Some(0), ..Given::default() }));
    assert!(none.script(&[loading(None), loading(None), ok()]).is_delivered());
}

#[test]
fn an_error_in_the_midst_of_a_cold_start_does_not_start_it_anew() {
    let five = policy(Given { max_wait: Some(secs(30)), ..Given::default() });
    let mut turn = 0;
    let call = Conversation::with(five).against(|_| {
        turn += 1;
        if turn % 3 == 0 { error(500) } else { loading(None) }
    });
    assert!(call.took <= secs(45), "the patience of 30 s was counted once: {:?}", call.took);
    assert!(matches!(call.failure().code, Code::ModelLoading | Code::EngineFailure));
}

#[test]
fn a_cold_start_that_ends_in_a_429_keeps_to_its_floor_and_succeeds() {
    for seed in 0..SEEDS {
        let script = [loading(Some(json!(20))), loading(None), super::asking(429, secs(30)), ok()];
        let call = Conversation::with(Policy::default()).seeded(seed).script(&script);
        let reasons: Vec<_> = call.waits.iter().map(|wait| wait.action.reason).collect();
        assert!(call.is_delivered());
        assert_eq!(reasons, [WaitReason::Loading, WaitReason::Loading, WaitReason::RateLimit]);
        assert!(call.waits[2].action.span > secs(30), "{:?}", call.waits[2]);
    }
}

#[test]
fn a_loading_answer_is_slow_to_come_without_harm() {
    let slow =
        Reply::after(secs(20), crate::virtual_clock::status(503), crate::read::of_error("loading model"));
    let call = Conversation::with(Policy::default()).script(&[slow.clone(), slow, ok()]);
    assert!(call.is_delivered());
}
