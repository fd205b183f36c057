//! How a stream ends: whole, cut, or stopped; and what happens to its connection.

use super::caller::{Caller, Kept};
use super::network::{Body, Ending, Network, aborted, body, response, slow_body};
use super::stream::{COMMENT, DONE, FINISH, ROLE, TEXT, streamed, streams};
use super::timing::{Unhandled, assert_took, sleep};
use crate::web::clock::now;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

/// How a call over one stream ends.
async fn how(body: &Body) -> Vec<String> {
    let network = Network::new();
    streams(&network, body);
    let end = streamed("").runs().await;
    if end.how() == "ok" { vec!["ok".into()] } else { end.failure().texts }
}

#[wasm_bindgen_test]
async fn a_close_without_a_word_that_it_is_complete_is_a_cut() {
    for pieces in [&[][..], &[COMMENT], &[ROLE], &[ROLE, TEXT], &[TEXT, b"data: {\"stop\":tru"]] {
        for ending in [Ending::Closes, Ending::Breaks] {
            assert_eq!(how(&body(pieces, ending)).await, ["stream_truncated", "network", ""], "{pieces:?}");
        }
    }
}

#[wasm_bindgen_test]
async fn a_body_that_is_null_is_a_cut() {
    let network = Network::new();
    network.answers(&response(200, &[], &JsValue::NULL));
    assert_eq!(streamed("").runs().await.failure().texts(), ["stream_truncated", "network", ""]);
}

#[wasm_bindgen_test]
async fn what_is_lost_after_the_finish_is_no_loss() {
    for ending in [Ending::Closes, Ending::Breaks] {
        assert_eq!(how(&body(&[TEXT, FINISH], ending)).await, ["ok"]);
        assert_eq!(how(&body(&[FINISH], ending)).await, ["ok"]);
    }
}

#[wasm_bindgen_test]
async fn done_with_nothing_before_it_is_no_answer() {
    for pieces in [&[DONE][..], &[ROLE, DONE]] {
        assert_eq!(how(&body(pieces, Ending::Closes)).await, ["bad_response", "compute", ""]);
    }
    assert_eq!(how(&body(&[TEXT, DONE], Ending::Closes)).await, ["ok"]);
}

#[wasm_bindgen_test]
async fn a_stream_that_is_finished_and_not_closed_ends_by_the_idle_clock_and_is_whole() {
    let network = Network::new();
    streams(&network, &body(&[TEXT, FINISH], Ending::Stalls));
    let (caller, start) = (streamed(r#""idleMs": 80, "attemptMs": 80"#), now());
    assert_eq!(caller.runs().await.how(), "ok");
    assert_took(start, 80);
}

#[wasm_bindgen_test]
async fn done_ends_it_at_once_and_what_follows_is_waited_for_half_a_second() {
    let network = Network::new();
    let body = body(&[TEXT, DONE], Ending::Stalls);
    streams(&network, &body);
    let (caller, start) = (streamed(""), now());
    assert_eq!(caller.runs().await.how(), "ok");
    assert_took(start, 0);
    sleep(350).await;
    assert!(!body.cancelled() && !aborted(&network.asked()[0].signal()));
    sleep(300).await;
    assert!(body.cancelled() && aborted(&network.asked()[0].signal()));
    assert_eq!(caller.kept(Kept::Streams)[2..], ["rest", "stop"]);
}

#[wasm_bindgen_test]
async fn a_server_that_closes_after_done_is_not_stopped() {
    let network = Network::new();
    // The close comes 60 ms after the last piece.
    let body = slow_body(&[TEXT, DONE, b"\n", COMMENT], Ending::Closes, 60);
    streams(&network, &body);
    let caller = streamed("");
    assert_eq!(caller.runs().await.how(), "ok");
    sleep(600).await;
    assert!(!body.cancelled() && !aborted(&network.asked()[0].signal()));
    assert_eq!(body.pulls(), 5, "what follows was read");
    assert_eq!(caller.kept(Kept::Streams)[2..], ["rest"], "and thrown away");
}

#[wasm_bindgen_test]
async fn a_connection_that_breaks_after_done_is_nobodys_surprise() {
    let unhandled = Unhandled::new();
    let network = Network::new();
    streams(&network, &slow_body(&[TEXT, DONE], Ending::Breaks, 20));
    assert_eq!(streamed("").runs().await.how(), "ok");
    sleep(100).await;
    assert_eq!(unhandled.counted().await, 0.0);
}

#[wasm_bindgen_test]
async fn a_stream_that_was_closed_is_not_waited_for() {
    let network = Network::new();
    let body = body(&[TEXT, FINISH], Ending::Closes);
    streams(&network, &body);
    let caller = streamed("");
    assert_eq!(caller.runs().await.how(), "ok");
    sleep(5).await;
    assert!(!body.cancelled() && !aborted(&network.asked()[0].signal()));
    assert_eq!(caller.kept(Kept::Streams)[2..], [r#"events {"stop":true}"#]);
}

/// A call whose stream has come to a stop after its text.
async fn in_flight(network: &Network, body: &Body) -> Caller {
    streams(network, body);
    let caller = streamed("");
    caller.starts();
    sleep(40).await;
    assert!(caller.feeds(), "it is under way");
    caller
}

#[wasm_bindgen_test]
async fn an_abort_stops_it_at_once_and_frees_its_decoder() {
    let unhandled = Unhandled::new();
    let network = Network::new();
    let body = body(&[TEXT], Ending::Stalls);
    let caller = in_flight(&network, &body).await;
    caller.aborts();
    let end = caller.ends().await;
    assert_eq!(end.how(), "aborted");
    assert_eq!(end.report().texts(), ["aborted", ""]);
    assert_eq!(caller.kept(Kept::Told), ["attempt 1 at 0", "response 1: 200 aborted"]);
    assert_eq!(caller.kept(Kept::Streams)[2..], ["stop"]);
    assert!(aborted(&network.asked()[0].signal()));
    assert!(!caller.feeds());
    sleep(5).await;
    assert!(body.cancelled());
    assert_eq!(unhandled.counted().await, 0.0);
}

#[wasm_bindgen_test]
async fn a_piece_that_comes_after_the_end_is_not_decoded() {
    let network = Network::new();
    let body = slow_body(&[TEXT, TEXT, TEXT, TEXT], Ending::Closes, 40);
    streams(&network, &body);
    let caller = streamed("");
    caller.aborts_after(60);
    assert_eq!(caller.runs().await.how(), "aborted");
    sleep(150).await;
    let told = caller.kept(Kept::Streams);
    assert_eq!(told, [r#"events {"content":"a"}"#, "begin", "stop"]);
}

#[wasm_bindgen_test]
async fn every_end_frees_the_decoder() {
    for (pieces, ending, how) in [
        (&[TEXT, FINISH][..], Ending::Closes, "ok"),
        (&[TEXT, DONE], Ending::Closes, "ok"),
        (&[TEXT], Ending::Closes, "failed"),
        (&[TEXT], Ending::Breaks, "failed"),
        (&[TEXT, b"error: {\"no\":1}\n"], Ending::Stalls, "failed"),
    ] {
        let network = Network::new();
        streams(&network, &body(pieces, ending));
        let caller = streamed("");
        assert_eq!(caller.runs().await.how(), how);
        sleep(20).await;
        assert!(!caller.feeds(), "{how}");
    }
}

#[wasm_bindgen_test]
async fn an_abort_after_the_end_stops_what_is_left_of_it_and_changes_nothing() {
    let network = Network::new();
    let body = body(&[TEXT, DONE], Ending::Stalls);
    streams(&network, &body);
    let caller = streamed("");
    assert_eq!(caller.runs().await.how(), "ok");
    caller.aborts();
    sleep(600).await;
    assert!(body.cancelled() && aborted(&network.asked()[0].signal()));
    assert_eq!(caller.kept(Kept::Told), ["attempt 1 at 0", "response 1: 200 ok"]);
}
