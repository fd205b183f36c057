//! Whole calls: what is asked, told and answered, in order.

use super::caller::{Caller, Kept};
use super::network::{Asked, Ending, Network, aborted, body, response};
use super::timing::{assert_took, sleep};
use crate::web::clock::now;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
async fn an_answer_is_handed_over_with_its_report() {
    let network = Network::new();
    network.answers_with(200, &[], "hello");
    let caller = Caller::new("{}");
    let end = caller.runs().await;
    assert_eq!(end.how(), "ok");
    let report = end.report();
    assert_eq!(report.numbers.len(), 8 + 4);
    assert_eq!(report.numbers[11], 200.0);
    assert_eq!(report.texts(), ["ok", ""]);
    assert_eq!(caller.kept(Kept::Told), ["attempt 1 at 0", "response 1: 200 ok"]);
    assert_eq!(caller.kept(Kept::Located), ["0 http://one.test/ - shares"]);
    assert_eq!(caller.kept(Kept::Landings), ["1 200"]);
    assert_eq!(caller.kept(Kept::Bodies), ["200 whole 5: hello"]);
    assert_eq!(caller.kept(Kept::Holds), ["- NaN"]);
    assert_eq!(network.urls(), ["http://one.test/"]);
}

#[wasm_bindgen_test]
async fn an_error_that_is_final_fails_at_once_and_says_why() {
    let network = Network::new();
    network.answers_with(404, &[], "no such model");
    let caller = Caller::new("{}");
    let end = caller.runs().await;
    let failure = end.failure();
    assert_eq!(failure.numbers[..2], [0.0, 404.0]);
    assert_eq!(failure.texts(), ["not_found", "client", ""]);
    assert_eq!(end.report().texts(), ["not_found", "client"]);
    assert_eq!(caller.kept(Kept::Bodies), ["404 error 13: no such model"]);
}

#[wasm_bindgen_test]
async fn an_error_that_may_pass_is_tried_again_with_a_fresh_signal() {
    let network = Network::new();
    network.answers_with(500, &[("retry-after-ms", "40")], "oops");
    network.answers_with(200, &[], "hello");
    let (caller, start) = (Caller::new("{}"), now());
    let end = caller.runs().await;
    assert_eq!(end.how(), "ok");
    let told = caller.kept(Kept::Told);
    let wait = told[2].strip_prefix("wait backoff ").unwrap();
    let (ms, rest) = wait.split_once(' ').unwrap();
    // The longer of what the server asks for and of its own back-off.
    assert!((41..=250).contains(&ms.parse::<u64>().unwrap()), "{ms}");
    assert_eq!(rest, "after 1 at 0, estimate NaN");
    assert_eq!(told[..2], ["attempt 1 at 0", "response 1: 500 engine_failure"]);
    assert_eq!(told[3..], ["attempt 2 at 0", "response 2: 200 ok"]);
    assert_eq!(end.report().texts(), ["engine_failure", "compute", "ok", ""]);
    assert!(end.report().numbers[4] >= 41.0, "waited in backoff");
    assert!(now().since(start).as_ms() >= 41);
    let signals: Vec<_> = network.asked().iter().map(Asked::signal).collect();
    assert_ne!(signals[0], signals[1]);
}

#[wasm_bindgen_test]
async fn a_model_that_loads_is_waited_for_and_then_answers() {
    let network = Network::new();
    let loading = r#"{"error": "Model x is currently loading", "estimated_time": 2}"#;
    network.answers_with(503, &[], loading);
    network.answers_with(200, &[], "hello");
    // Waiting for a cold model spends no retry.
    let (caller, start) = (Caller::new(r#"{"maxRetries": 0}"#), now());
    let end = caller.runs().await;
    assert_eq!(end.how(), "ok");
    assert_took(start, 1000);
    assert_eq!(
        caller.kept(Kept::Told),
        [
            "attempt 1 at 0",
            "response 1: 503 model_loading",
            "wait loading 1000 after 1 at 0, estimate 2000",
            "attempt 2 at 0",
            "response 2: 200 ok",
        ]
    );
    let report = end.report();
    assert_eq!(report.texts(), ["model_loading", "compute", "ok", ""]);
    assert!((1000.0..=1100.0).contains(&report.numbers[2]), "waited for loading");
    assert_eq!(report.numbers[3..5], [0.0, 0.0]);
}

#[wasm_bindgen_test]
async fn the_next_target_is_asked_where_the_first_has_nothing() {
    let network = Network::new();
    network.answers_with(404, &[], "not here");
    network.answers_with(200, &[], "hello");
    let caller = Caller::new(
        r#"{"targets": [
            {"origin": "http://one.test", "path": "/a", "model": "", "profile": ""},
            {"origin": "http://two.test", "path": "/b", "model": "m", "profile": ""}
        ]}"#,
    );
    let end = caller.runs().await;
    assert_eq!(end.how(), "ok");
    assert_eq!(
        caller.kept(Kept::Told),
        [
            "attempt 1 at 0",
            "response 1: 404 not_found",
            "fallback to 1: not_found",
            "attempt 2 at 1",
            "response 2: 200 ok",
        ]
    );
    assert_eq!(network.urls(), ["http://one.test/a", "http://two.test/b"]);
    assert_eq!(caller.kept(Kept::Located), ["0 http://one.test/a - shares", "1 http://two.test/b m apart"]);
    assert_eq!(end.report().numbers[1], 1.0);
}

#[wasm_bindgen_test]
async fn only_hosts_that_can_hold_are_asked_to_in_seconds_or_in_a_word() {
    for (profile, held) in
        [("endpoint", "x-scale-up-timeout 5"), ("legacy", "x-wait-for-model NaN"), ("openai", "- NaN")]
    {
        let network = Network::new();
        network.answers_with(200, &[], "hello");
        let target =
            format!(r#"{{"origin": "http://one.test", "path": "/", "model": "", "profile": "{profile}"}}"#);
        let caller = Caller::new(&format!(r#"{{"holdMs": 5000, "targets": [{target}]}}"#));
        assert_eq!(caller.runs().await.how(), "ok");
        assert_eq!(caller.kept(Kept::Holds), [held]);
    }
}

#[wasm_bindgen_test]
async fn a_lost_connection_fails_without_a_status_or_a_response() {
    let network = Network::new();
    network.rejects();
    let caller = Caller::new(r#"{"maxRetries": 0}"#);
    let end = caller.runs().await;
    let failure = end.failure();
    assert_eq!(failure.numbers[..2], [1.0, 0.0]);
    assert_eq!(failure.texts(), ["network", "network", ""]);
    assert_eq!(caller.kept(Kept::Told), ["attempt 1 at 0"]);
    assert_eq!(end.report().numbers[11], 0.0);
}

#[wasm_bindgen_test]
async fn a_clock_that_runs_out_is_named() {
    let network = Network::new();
    network.stalls();
    let (caller, start) = (Caller::new(r#"{"maxRetries": 0, "firstByteMs": 60}"#), now());
    let end = caller.runs().await;
    assert_eq!(end.failure().texts(), ["timeout", "compute", "first_byte"]);
    assert_took(start, 60);
    assert!(aborted(&network.asked()[0].signal()));
}

#[wasm_bindgen_test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let network = Network::new();
    let body = body(&[b"{\"half\":"], Ending::Breaks);
    network.answers(&response(200, &[], &body.stream()));
    let caller = Caller::new(r#"{"maxRetries": 0}"#);
    let end = caller.runs().await;
    assert_eq!(end.failure().texts(), ["network", "network", ""]);
    assert_eq!(end.failure().numbers[1], 200.0);
    assert_eq!(caller.kept(Kept::Told), ["attempt 1 at 0", "response 1: 200 network"]);
    assert!(caller.kept(Kept::Bodies).is_empty());
}

#[wasm_bindgen_test]
async fn an_error_that_breaks_off_has_still_said_something() {
    let network = Network::new();
    let body = body(&[b"Server is overloa", b"ded, "], Ending::Breaks);
    network.answers(&response(503, &[], &body.stream()));
    let caller = Caller::new(r#"{"maxRetries": 0}"#);
    assert_eq!(caller.runs().await.failure().texts(), ["overloaded", "compute", ""]);
    assert_eq!(caller.kept(Kept::Said), ["Server is overloaded,"]);
}

#[wasm_bindgen_test]
async fn an_error_that_never_ends_is_read_to_its_limit_and_cancelled() {
    let network = Network::new();
    let piece = [b'x'; 10_000];
    let body = body(&[piece.as_slice()], Ending::Endless);
    network.answers(&response(503, &[], &body.stream()));
    let caller = Caller::new(r#"{"maxRetries": 0}"#);
    assert_eq!(caller.runs().await.failure().texts()[0], "unavailable");
    let bodies = caller.kept(Kept::Bodies);
    assert!(bodies[0].starts_with("503 error 65536: xxx"), "{bodies:?}");
    sleep(5).await;
    assert!(body.cancelled());
    assert_eq!(body.pulls(), 7);
}

#[wasm_bindgen_test]
async fn an_answer_with_a_null_body_is_empty_and_whole() {
    let network = Network::new();
    network.answers(&response(204, &[], &JsValue::NULL));
    let caller = Caller::new(r#"{"wanted": 2}"#);
    assert_eq!(caller.runs().await.how(), "ok");
    assert_eq!(caller.kept(Kept::Bodies), ["204 whole 0: "]);
}

#[wasm_bindgen_test]
async fn two_calls_at_once_do_not_disturb_each_other() {
    let network = Network::new();
    network.stalls();
    network.answers_with(200, &[], "second");
    let (first, second) = (Caller::new(r#"{"maxRetries": 0, "attemptMs": 80}"#), Caller::new("{}"));
    first.starts();
    second.starts();
    assert_eq!(second.ends().await.how(), "ok");
    assert_eq!(first.ends().await.failure().texts(), ["timeout", "compute", "attempt"]);
    assert_eq!(second.kept(Kept::Bodies), ["200 whole 6: second"]);
}
