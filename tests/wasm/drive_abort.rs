//! A caller who wants no answer any more, in each phase of a call; and calls that never start.

use super::caller::{Caller, Kept};
use super::network::{Ending, Network, aborted, body, response};
use super::timing::{Unhandled, assert_took, sleep};
use crate::core::time::Instant;
use crate::web::clock::now;
use js_sys::Error;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

/// Aborts 40 ms after the start; the call must end at once, with a report of what was under way.
async fn abort_midway(caller: &Caller, in_flight: &[&str]) {
    let unhandled = Unhandled::new();
    let start: Instant = now();
    caller.starts();
    sleep(40).await;
    caller.aborts();
    let end = caller.ends().await;
    assert_eq!(end.how(), "aborted");
    assert_took(start, 39);
    assert_eq!(end.report().texts(), in_flight);
    assert_eq!(unhandled.counted().await, 0.0);
}

#[wasm_bindgen_test]
async fn before_the_start_nothing_is_sent() {
    let network = Network::new();
    let caller = Caller::new("{}");
    caller.aborts();
    let end = caller.runs().await;
    assert_eq!(end.how(), "aborted");
    assert_eq!(end.report().texts(), ["aborted", ""]);
    assert!(network.asked().is_empty());
}

#[wasm_bindgen_test]
async fn while_the_token_is_awaited_nothing_is_sent() {
    let network = Network::new();
    let caller = Caller::new("{}");
    caller.set_token(&"stalls".into());
    abort_midway(&caller, &["aborted", ""]).await;
    assert!(network.asked().is_empty());
}

#[wasm_bindgen_test]
async fn before_the_head_the_request_is_aborted() {
    let network = Network::new();
    network.stalls();
    let caller = Caller::new("{}");
    abort_midway(&caller, &["aborted", ""]).await;
    assert!(aborted(&network.asked()[0].signal()));
    assert_eq!(caller.kept(Kept::Told), ["attempt 1 at 0"]);
}

#[wasm_bindgen_test]
async fn within_the_body_the_rest_is_cancelled() {
    let network = Network::new();
    for status in [200, 500] {
        let body = body(&[b"so far"], Ending::Stalls);
        network.answers(&response(status, &[], &body.stream()));
        let caller = Caller::new("{}");
        abort_midway(&caller, &["aborted", ""]).await;
        assert!(body.cancelled());
        let told = format!("response 1: {status} aborted");
        assert_eq!(caller.kept(Kept::Told), ["attempt 1 at 0", &told]);
        assert!(caller.kept(Kept::Bodies).is_empty());
    }
    assert!(network.asked().iter().all(|asked| aborted(&asked.signal())));
}

#[wasm_bindgen_test]
async fn in_a_wait_no_further_request_is_sent() {
    let network = Network::new();
    network.answers_with(503, &[("retry-after", "30")], "busy");
    let caller = Caller::new("{}");
    abort_midway(&caller, &["unavailable", "gateway"]).await;
    assert_eq!(network.asked().len(), 1);
    assert!(caller.kept(Kept::Told)[2].starts_with("wait backoff 3"), "{:?}", caller.kept(Kept::Told));
}

#[wasm_bindgen_test]
async fn the_throw_of_a_token_function_is_thrown_on_as_it_is() {
    let network = Network::new();
    let caller = Caller::new("{}");
    let thrown = JsValue::from(Error::new("no token today"));
    caller.set_token(&thrown);
    let end = caller.runs().await;
    assert_eq!(end.how(), "threw");
    assert_eq!(end.part(1), thrown);
    assert!(network.asked().is_empty());
}

#[wasm_bindgen_test]
async fn a_token_that_does_not_come_ends_by_the_attempt_clock() {
    let network = Network::new();
    let (caller, start) = (Caller::new(r#"{"maxRetries": 0, "attemptMs": 60}"#), now());
    caller.set_token(&"stalls".into());
    assert_eq!(caller.runs().await.failure().texts(), ["timeout", "client", "attempt"]);
    assert_took(start, 60);
    assert!(network.asked().is_empty());
}

#[wasm_bindgen_test]
async fn a_target_that_cannot_be_called_is_refused_by_its_index() {
    let network = Network::new();
    let caller = Caller::new(
        r#"{"targets": [
            {"origin": "http://one.test", "path": "/", "model": "", "profile": ""},
            {"origin": "", "path": "", "model": "no model id", "profile": ""}
        ]}"#,
    );
    let end = caller.runs().await;
    assert_eq!(end.how(), "refused");
    assert_eq!(end.part(1), 1);
    let why = end.part(2).as_string().unwrap();
    assert!(why.starts_with("is neither an absolute http(s) URL nor a model id"), "{why}");
    assert!(network.asked().is_empty() && caller.kept(Kept::Told).is_empty());
}

#[wasm_bindgen_test]
async fn what_is_sent_decides_whether_a_target_can_be_called() {
    let target = r#"{"origin": "http://one.test", "path": "/", "model": "m", "profile": ""}"#;
    let end = Caller::new(&format!(r#"{{"kind": "opaque", "targets": [{target}]}}"#)).runs().await;
    assert_eq!(end.how(), "refused");
    let network = Network::new();
    network.answers_with(200, &[], "");
    let caller = Caller::new(
        r#"{"kind": "chat", "targets": [{"origin": "", "path": "", "model": "a/b", "profile": ""}]}"#,
    );
    assert_eq!(caller.runs().await.how(), "ok");
    assert_eq!(
        caller.kept(Kept::Located),
        ["0 https://router.huggingface.co/v1/chat/completions a/b shares"]
    );
}

#[wasm_bindgen_test]
async fn times_that_contradict_each_other_are_named_with_both_values() {
    let network = Network::new();
    let end = Caller::new(r#"{"attemptMs": 9000, "totalMs": 5000}"#).runs().await;
    assert_eq!(end.how(), "inverted");
    let parts: Vec<JsValue> = (1..=5).map(|index| end.part(index)).collect();
    let expected: [JsValue; 5] =
        ["timeouts.attemptMs".into(), 9000.into(), "timeouts.totalMs".into(), 5000.into(), false.into()];
    assert_eq!(parts, expected);
    let end = Caller::new(r#"{"attemptMs": 400000}"#).runs().await;
    assert_eq!((end.part(4), end.part(5)), (300_000.into(), true.into()));
    assert!(network.asked().is_empty());
}
