//! A stream is tried again until something of it was handed over, and never after.

use super::caller::{Caller, Kept};
use super::network::{Asked, Ending, Network, aborted, body, slow_body};
use super::stream::{COMMENT, DONE, FINISH, ROLE, TEXT, streamed, streams};
use super::timing::sleep;
use crate::web::clock::now;
use wasm_bindgen_test::wasm_bindgen_test;

const OVERLOADED: &[u8] = b"data: {\"error\":\"Model is overloaded\"}\n\n";

fn patient() -> Caller {
    Caller::new(r#"{"streamed": true}"#)
}

#[wasm_bindgen_test]
async fn an_error_that_comes_first_is_tried_again() {
    let network = Network::new();
    let overloaded = body(&[COMMENT, ROLE, OVERLOADED], Ending::Stalls);
    streams(&network, &overloaded);
    streams(&network, &body(&[ROLE, TEXT, FINISH], Ending::Closes));
    let caller = patient();
    let end = caller.runs().await;
    assert_eq!(end.how(), "ok");
    assert_eq!(end.report().texts(), ["overloaded", "compute", "ok", ""]);
    assert!(caller.kept(Kept::Told)[2].starts_with("wait backoff "));
    assert_eq!(
        caller.kept(Kept::Streams),
        [
            r#"events {"choices":[]}"#,
            "stop",
            r#"events {"choices":[]}"#,
            r#"events {"content":"a"}"#,
            "begin",
            r#"events {"stop":true}"#,
        ]
    );
    assert!(overloaded.cancelled(), "the connection was not left open");
    let signals: Vec<_> = network.asked().iter().map(Asked::signal).collect();
    assert!(aborted(&signals[0]) && !aborted(&signals[1]));
}

#[wasm_bindgen_test]
async fn a_cut_and_nothing_are_tried_again() {
    let network = Network::new();
    streams(&network, &body(&[ROLE], Ending::Closes));
    streams(&network, &body(&[ROLE], Ending::Breaks));
    streams(&network, &body(&[DONE], Ending::Closes));
    streams(&network, &body(&[TEXT, DONE], Ending::Closes));
    let caller = patient();
    let end = caller.runs().await;
    assert_eq!(end.how(), "ok");
    assert_eq!(
        end.report().texts(),
        ["stream_truncated", "network", "stream_truncated", "network", "bad_response", "compute", "ok", ""]
    );
    assert_eq!(caller.began().len(), 1);
}

#[wasm_bindgen_test]
async fn a_model_that_says_in_its_stream_that_it_loads_is_waited_for() {
    let network = Network::new();
    streams(&network, &body(&[b"data: {\"error\":\"Model x is currently loading\"}\n\n"], Ending::Closes));
    streams(&network, &body(&[TEXT, DONE], Ending::Closes));
    // It spends no retry.
    let caller = streamed(r#""defaultWaitMs": 0"#);
    assert_eq!(caller.runs().await.how(), "ok");
    assert_eq!(caller.kept(Kept::Told)[2], "wait loading 1000 after 1 at 0, estimate 0");
}

#[wasm_bindgen_test]
async fn after_the_first_text_an_error_ends_the_call() {
    for (first, last, texts) in [
        (TEXT, OVERLOADED, ["stream_error", "compute", ""]),
        (FINISH, OVERLOADED, ["stream_error", "compute", ""]),
        (TEXT, b"data: {\"error\":\"Input validation error\"}\n\n", ["stream_error", "client", ""]),
        (TEXT, b"", ["stream_truncated", "network", ""]),
    ] {
        let network = Network::new();
        streams(&network, &body(&[ROLE, first, last], Ending::Closes));
        let caller = patient();
        assert_eq!(caller.runs().await.failure().texts(), texts);
        assert_eq!(network.asked().len(), 1);
        assert_eq!(caller.began().len(), 1);
    }
}

#[wasm_bindgen_test]
async fn a_text_and_an_error_in_one_piece_are_a_beginning_and_an_end() {
    let network = Network::new();
    streams(&network, &body(&[&[TEXT, OVERLOADED].concat()], Ending::Stalls));
    let caller = patient();
    assert_eq!(caller.runs().await.failure().texts(), ["stream_error", "compute", ""]);
    assert_eq!(caller.kept(Kept::Streams)[1..], ["begin", "stop"]);
}

#[wasm_bindgen_test]
async fn an_error_and_a_text_in_one_piece_are_an_error() {
    let network = Network::new();
    streams(&network, &body(&[&[OVERLOADED, TEXT].concat()], Ending::Stalls));
    assert_eq!(streamed("").runs().await.failure().texts(), ["overloaded", "compute", ""]);
}

#[wasm_bindgen_test]
async fn the_next_target_is_asked_before_the_first_text_and_not_after() {
    let two = r#""targets": [
        {"origin": "http://one.test", "path": "/", "model": "", "profile": ""},
        {"origin": "http://two.test", "path": "/", "model": "", "profile": ""}
    ]"#;
    for (pieces, urls) in [
        (&[ROLE, OVERLOADED][..], &["http://one.test/", "http://two.test/"][..]),
        (&[TEXT, OVERLOADED], &["http://one.test/"]),
    ] {
        let network = Network::new();
        streams(&network, &body(pieces, Ending::Closes));
        streams(&network, &body(&[TEXT, FINISH], Ending::Closes));
        let end = streamed(two).runs().await;
        assert_eq!(end.how(), if urls.len() == 2 { "ok" } else { "failed" });
        assert_eq!(network.urls(), urls);
    }
}

#[wasm_bindgen_test]
async fn the_beginning_is_told_once_with_the_time_since_the_call_began() {
    let network = Network::new();
    streams(&network, &slow_body(&[ROLE, OVERLOADED], Ending::Closes, 30));
    streams(&network, &slow_body(&[COMMENT, ROLE, TEXT, TEXT, FINISH], Ending::Closes, 30));
    let (caller, start) = (patient(), now());
    caller.starts();
    while caller.began().is_empty() {
        sleep(1).await;
    }
    let took = now().since(start).as_ms() as f64;
    assert_eq!(caller.ends().await.how(), "ok");
    let began = caller.began();
    assert!(matches!(began[..], [ms] if (took - 50.0..=took).contains(&ms)), "{began:?}, not {took}");
    assert!(began[0] >= 150.0, "the first attempt counts: {began:?}");
}
