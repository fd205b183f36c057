//! A streamed call: how its events cross to the TypeScript side.

use super::caller::{Caller, Kept};
use super::network::{Body, Ending, Network, body, response};
use super::timing::sleep;
use wasm_bindgen_test::wasm_bindgen_test;

pub(super) const TEXT: &[u8] = b"data: {\"content\":\"a\"}\n\n";
pub(super) const ROLE: &[u8] = b"data: {\"choices\":[]}\n\n";
pub(super) const FINISH: &[u8] = b"data: {\"stop\":true}\n\n";
pub(super) const DONE: &[u8] = b"data: [DONE]\n\n";
pub(super) const COMMENT: &[u8] = b": still here\n\n";

/// The next answer is this stream.
pub(super) fn streams(network: &Network, body: &Body) {
    network.answers(&response(200, &[("content-type", "text/event-stream")], &body.stream()));
}

/// A streamed call that is not tried again, with these options in JSON.
pub(super) fn streamed(given: &str) -> Caller {
    let comma = if given.is_empty() { "" } else { ", " };
    Caller::new(&format!(r#"{{"streamed": true, "maxRetries": 0{comma}{given}}}"#))
}

/// What the TypeScript side is told while these pieces come, one a read; the stream ends well.
async fn told(pieces: &[&[u8]]) -> Vec<String> {
    let network = Network::new();
    streams(&network, &body(pieces, Ending::Closes));
    let caller = streamed("");
    assert_eq!(caller.runs().await.how(), "ok", "{:?}", caller.kept(Kept::Streams));
    caller.kept(Kept::Streams)
}

#[wasm_bindgen_test]
async fn a_stream_that_says_it_is_finished_is_an_answer_with_its_report() {
    let network = Network::new();
    streams(&network, &body(&[ROLE, TEXT, FINISH, DONE], Ending::Closes));
    let caller = streamed("");
    let end = caller.runs().await;
    assert_eq!(end.how(), "ok");
    assert_eq!(end.report().texts(), ["ok", ""]);
    assert_eq!(caller.kept(Kept::Told), ["attempt 1 at 0", "response 1: 200 ok"]);
    assert!(caller.kept(Kept::Bodies).is_empty(), "it was not read as a whole");
    assert_eq!(
        caller.kept(Kept::Streams),
        [r#"events {"choices":[]}"#, r#"events {"content":"a"}"#, "begin", r#"events {"stop":true}"#, "rest",]
    );
}

#[wasm_bindgen_test]
async fn events_cross_once_a_piece_however_many_they_are() {
    let all = [TEXT.repeat(3), FINISH.to_vec(), DONE.to_vec()].concat();
    assert_eq!(
        told(&[&all]).await[0],
        r#"events {"content":"a"},{"content":"a"},{"content":"a"},{"stop":true}"#
    );
    let many = [TEXT.repeat(1000), FINISH.to_vec()].concat();
    let told = told(&[&many]).await;
    assert_eq!(told[0].matches("content").count(), 1000);
    assert_eq!(told[1..], ["begin"]);
}

#[wasm_bindgen_test]
async fn a_piece_without_an_event_does_not_cross() {
    let heartbeat: &[u8] = b"data:\n\nevent: ping\n\n";
    assert_eq!(
        told(&[COMMENT, heartbeat, b"data: {\"st", b"op\":true}\n", b"\n"]).await,
        [r#"events {"stop":true}"#, "begin"]
    );
}

#[wasm_bindgen_test]
async fn a_stream_may_be_cut_anywhere() {
    let stream = "\u{feff}data: {\"content\":\"ü€😀\"}\r\n\r\ndata: {\"stop\":true}\r\n\r\n".as_bytes();
    let expected = [r#"events {"content":"ü€😀"}"#, "begin", r#"events {"stop":true}"#];
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(told(&bytes).await, expected);
    for at in [1, 2, 10, 20, 21, 24, 25, 28, 29, 30, 31, 32, 35] {
        let (left, right) = stream.split_at(at);
        let together = told(&[left, right]).await;
        let texts: String = together.iter().filter(|line| line.starts_with("events")).cloned().collect();
        assert!(texts.contains("ü€😀") && texts.contains("stop"), "cut at {at}: {together:?}");
    }
}

#[wasm_bindgen_test]
async fn the_lines_of_one_event_are_joined_and_the_space_around_its_data_is_none_of_it() {
    assert_eq!(told(&[b"data:  {\"stop\":\ndata: true} \n\n"]).await, ["events {\"stop\":\ntrue}", "begin"]);
}

#[wasm_bindgen_test]
async fn what_follows_done_is_not_an_event() {
    let all = [TEXT, DONE, TEXT].concat();
    assert_eq!(told(&[&all]).await, [r#"events {"content":"a"}"#, "begin", "rest"]);
}

#[wasm_bindgen_test]
async fn an_error_by_its_field_or_by_its_name_arrives_as_an_error() {
    for sent in [
        r#"error: {"message":"no"}"#,
        "event: error\ndata: {\"message\":\"no\"}\n\n",
        "event: error\ndata: \"no\"\n\n",
        "event: error\ndata: no\n\n",
        "{\"error\":\"no\"}\n",
        // The last line needs no end.
        r#"{"error":"no"}"#,
    ] {
        let network = Network::new();
        streams(&network, &body(&[sent.as_bytes()], Ending::Closes));
        let caller = streamed("");
        assert_eq!(caller.runs().await.failure().texts(), ["engine_failure", "compute", ""], "{sent}");
        assert_eq!(caller.kept(Kept::Said), ["no"], "{sent}");
    }
}

#[wasm_bindgen_test]
async fn the_text_that_came_before_a_failure_is_told_with_it() {
    let network = Network::new();
    streams(&network, &body(&[TEXT, TEXT, b"data: {\"error\":\"no\"}\n\n"], Ending::Closes));
    let caller = streamed("");
    assert_eq!(caller.runs().await.failure().texts(), ["stream_error", "compute", ""]);
    assert_eq!(caller.kept(Kept::Texts), ["aa"]);
}

#[wasm_bindgen_test]
async fn an_event_that_is_too_long_is_told_as_such_and_no_more_is_read() {
    let network = Network::new();
    let piece = vec![b'x'; 1 << 20];
    let body = body(&[piece.as_slice()], Ending::Endless);
    streams(&network, &body);
    let caller = streamed("");
    assert_eq!(caller.runs().await.failure().texts(), ["bad_response", "gateway", ""]);
    assert_eq!(caller.kept(Kept::Streams), ["stop"]);
    assert!(caller.kept(Kept::Said)[0].starts_with("an event of more than 16 MiB"));
    sleep(5).await;
    assert!(body.cancelled());
    assert_eq!(body.pulls(), 17);
}

#[wasm_bindgen_test]
async fn events_before_one_that_is_too_long_still_arrive() {
    let network = Network::new();
    let long = [TEXT.to_vec(), b"data: ".to_vec(), vec![b'x'; 16 << 20], b"\n\n".to_vec()].concat();
    streams(&network, &body(&[&long], Ending::Stalls));
    let caller = streamed("");
    assert_eq!(caller.runs().await.failure().texts(), ["bad_response", "gateway", ""]);
    assert_eq!(caller.kept(Kept::Streams), [r#"events {"content":"a"}"#, "begin", "stop"]);
}

#[wasm_bindgen_test]
async fn an_answer_in_one_piece_is_one_event() {
    let network = Network::new();
    network.answers_with(200, &[("content-type", "application/json")], "{\n}");
    let caller = streamed("");
    assert_eq!(caller.runs().await.how(), "ok");
    assert_eq!(caller.kept(Kept::Streams), ["events {\n}", "begin"]);
}
