//! The clocks of a streamed call, and which of them its comments, its events and its text stop.

use super::caller::{Caller, End};
use super::network::{Body, Ending, Network, aborted, body, slow_body};
use super::stream::{COMMENT, FINISH, ROLE, TEXT, streamed, streams};
use super::timing::{assert_took, sleep};
use crate::web::clock::now;
use wasm_bindgen_test::wasm_bindgen_test;

/// Every so many ms, as often as asked.
const EVERY: u32 = 30;

/// A stream of these pieces, each after a pause.
fn dripping(pieces: &[&[u8]], ending: Ending) -> Body {
    slow_body(pieces, ending, EVERY)
}

async fn over(body: &Body, given: &str) -> (Caller, End) {
    let network = Network::new();
    streams(&network, body);
    let caller = streamed(given);
    let end = caller.runs().await;
    if end.how() != "ok" {
        sleep(5).await;
        assert!(body.cancelled() && aborted(&network.asked()[0].signal()));
    }
    (caller, end)
}

/// The clock that ends it.
async fn ends_by(body: &Body, given: &str, clock: &str, layer: &str, after: u64) {
    let start = now();
    let (_, end) = over(body, given).await;
    assert_took(start, after);
    assert_eq!(end.failure().texts(), ["timeout", layer, clock]);
}

#[wasm_bindgen_test]
async fn headers_have_twice_as_long_as_connecting_may_take() {
    for (streamed, texts) in
        [(true, ["timeout", "network", "connect"]), (false, ["timeout", "compute", "attempt"])]
    {
        let network = Network::new();
        network.stalls();
        let start = now();
        let attempt = if streamed { 1000 } else { 160 };
        let given = format!(
            r#"{{"streamed": {streamed}, "maxRetries": 0, "connectMs": 80, "attemptMs": {attempt}}}"#
        );
        assert_eq!(Caller::new(&given).runs().await.failure().texts(), texts);
        assert_took(start, 160);
    }
}

#[wasm_bindgen_test]
async fn the_connect_clock_ends_with_the_headers() {
    let body = dripping(&[COMMENT, COMMENT, COMMENT, COMMENT, FINISH], Ending::Closes);
    assert_eq!(over(&body, r#""connectMs": 60"#).await.1.how(), "ok");
}

#[wasm_bindgen_test]
async fn silence_after_a_comment_meets_the_idle_clock() {
    ends_by(&body(&[COMMENT], Ending::Stalls), r#""idleMs": 80"#, "idle", "compute", 80).await;
}

#[wasm_bindgen_test]
async fn silence_after_the_text_meets_the_idle_clock() {
    ends_by(&body(&[TEXT], Ending::Stalls), r#""idleMs": 80"#, "idle", "compute", 80).await;
}

#[wasm_bindgen_test]
async fn comments_wind_the_idle_clock_again() {
    let body = dripping(&[&[COMMENT; 10][..], &[FINISH]].concat(), Ending::Closes);
    assert_eq!(over(&body, r#""idleMs": 150"#).await.1.how(), "ok");
}

#[wasm_bindgen_test]
async fn comments_alone_meet_the_first_byte_clock() {
    ends_by(&dripping(&[COMMENT], Ending::Endless), r#""firstByteMs": 150"#, "first_byte", "compute", 150)
        .await;
}

#[wasm_bindgen_test]
async fn comments_alone_meet_the_attempt_clock() {
    ends_by(&dripping(&[COMMENT], Ending::Endless), r#""attemptMs": 150"#, "attempt", "compute", 150).await;
}

#[wasm_bindgen_test]
async fn the_first_event_stops_the_first_byte_clock_and_not_the_attempts() {
    let body = dripping(&[ROLE], Ending::Endless);
    ends_by(&body, r#""firstByteMs": 100, "attemptMs": 200"#, "attempt", "compute", 200).await;
}

#[wasm_bindgen_test]
async fn the_first_text_stops_the_attempt_clock() {
    let body = dripping(&[&[TEXT; 8][..], &[FINISH]].concat(), Ending::Closes);
    assert_eq!(over(&body, r#""firstByteMs": 100, "attemptMs": 150"#).await.1.how(), "ok");
}

#[wasm_bindgen_test]
async fn a_stream_without_end_meets_the_total_clock() {
    let body = dripping(&[TEXT], Ending::Endless);
    ends_by(&body, r#""attemptMs": 100, "totalMs": 250"#, "total", "compute", 250).await;
}
