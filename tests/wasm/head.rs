//! What the bindings read from the head of an answer: the wait that the server asks for.

use super::caller::Caller;
use super::network::Network;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

/// The "retry after" of a call that gives up at once.
async fn retry_after(headers: &[(&str, &str)]) -> f64 {
    let network = Network::new();
    network.answers_with(429, headers, "slow down");
    let failure = Caller::new(r#"{"maxRetries": 0}"#).runs().await.failure();
    assert_eq!(failure.texts(), ["rate_limited", "account", ""]);
    failure.numbers[2]
}

fn http_date(unix_ms: f64) -> String {
    let date = js_sys::Date::new(&JsValue::from(unix_ms));
    date.to_utc_string().into()
}

#[wasm_bindgen_test]
async fn retry_after_is_read_in_seconds() {
    assert_eq!(retry_after(&[("Retry-After", "7")]).await, 7000.0);
}

#[wasm_bindgen_test]
async fn retry_after_ms_is_read_and_is_the_finer_one() {
    assert_eq!(retry_after(&[("Retry-After", "7"), ("Retry-After-Ms", "6800")]).await, 6800.0);
}

#[wasm_bindgen_test]
async fn the_rate_limit_of_the_hub_is_read() {
    assert_eq!(retry_after(&[("RateLimit", "\"api\";r=0;t=55")]).await, 56_000.0);
}

#[wasm_bindgen_test]
async fn a_date_is_measured_against_the_servers_own() {
    let headers =
        [("Retry-After", "Fri, 20 Nov 2026 10:00:30 GMT"), ("Date", "Fri, 20 Nov 2026 10:00:00 GMT")];
    assert_eq!(retry_after(&headers).await, 30_000.0);
}

#[wasm_bindgen_test]
async fn a_date_without_the_servers_own_is_measured_against_this_clock() {
    let in_a_minute = http_date(js_sys::Date::now() + 60_000.0);
    let wait = retry_after(&[("Retry-After", &in_a_minute)]).await;
    assert!((58_000.0..=60_000.0).contains(&wait), "{wait}");
}

#[wasm_bindgen_test]
async fn a_head_that_asks_for_nothing_gives_none() {
    assert!(retry_after(&[]).await.is_nan());
}
